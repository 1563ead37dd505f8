//! One finding: its ladder, whom it concerns, and the answer.

use super::{ROOM, Screen, answer, clients};
use crate::model::{Evidence, Finding, Source};
use crate::report::ladder::{self, LadderStyle};
use crate::report::story::Story;
use crate::report::text::{clip, counted, sentence};

/// Lines of the explanation, at most.
const REASONS: usize = 3;
/// Lines of a ladder that are worth more than sentences.
const LADDER: usize = 9;
/// Blank lines between the parts of the screen.
const BLANKS: usize = 3;

/// The screen. The answer is whole in any case; the ladder gives way to it, and sentences to the ladder.
pub(super) fn lines(screen: Screen<'_>, finding: &Finding) -> Vec<String> {
    let mut screenful = screen.read();
    let answer = answer::lines(screen, &answer::text(screen), &answer::to_do(screen));
    let (mut notes, more) = (who(screen, finding), more(screen, finding));
    let left =
        |notes: &Vec<String>| ROOM.saturating_sub(screenful.len() + answer.len() + notes.len() + more.len() + BLANKS);
    let wanted = picture(screen, finding, usize::MAX).len().min(LADDER);
    for block in [screen.not_seen(), why(screen, finding, left(&notes).saturating_sub(wanted))] {
        if block.len() + wanted <= left(&notes) {
            notes.extend(block);
        }
    }
    let picture = picture(screen, finding, left(&notes));
    notes.extend(more);
    for block in [picture, notes, answer] {
        if !block.is_empty() {
            screenful.push(String::new());
            screenful.extend(block);
        }
    }
    screenful
}

/// The ladder, with what DNS said above it; or lines of logs where no packet shows anything.
fn picture(screen: Screen<'_>, finding: &Finding, room: usize) -> Vec<String> {
    let report = screen.report;
    let story = Story::of_finding(report, finding);
    // What DNS said stands above the ladder, unless the ladder is about it.
    let is_drawn = |frame| story.steps.iter().any(|step| Some(step.at.frame) == frame);
    let of_dns = |fact: &&Evidence| fact.source == Source::Dns && !is_drawn(fact.frame);
    let names: Vec<_> = finding.evidence.iter().filter(of_dns).take(1).collect();
    let several_inputs = report.analysis.inputs.len() > 1;
    let is_shown = |number: usize| number.saturating_add(6) <= room;
    let names: Vec<String> = names
        .iter()
        .filter(|_| is_shown(1))
        .map(|fact| screen.paint.dim(&clip(&format!("        {}", fact.text), screen.sentences())))
        .collect();
    let style = LadderStyle {
        paint: screen.paint,
        width: screen.width,
        room: room.saturating_sub(names.len()),
        several_inputs,
    };
    let mut lines = ladder::lines(&story, style);
    if lines.is_empty() {
        return of_evidence(screen, finding, room);
    }
    let last = lines.len();
    lines.splice(2.min(last)..2.min(last), names);
    lines
}

/// Evidence line by line.
fn of_evidence(screen: Screen<'_>, finding: &Finding, room: usize) -> Vec<String> {
    let logs = &screen.report.analysis.logs;
    let place = |fact: &Evidence| match (fact.line, fact.frame) {
        (Some(line), _) => {
            let log = logs.get(line.log as usize);
            let at = log.and_then(|log| log.fact(line.line)).and_then(|fact| fact.at.as_ref());
            let at = at.map_or("", |at| at.text.as_str());
            // Most lines begin with their time.
            let time = if fact.text.starts_with(at) { String::new() } else { format!("  {at}") };
            format!("{:>8}{time}", line.line)
        }
        (None, Some(frame)) => format!("{:>8}", frame.number),
        (None, None) => format!("{:>8}", "absent"),
    };
    let all = finding.evidence.len();
    let shown = if all + 1 > room { room.saturating_sub(2) } else { all };
    if shown == 0 {
        return Vec::new();
    }
    let of_logs = finding.evidence.iter().any(|fact| fact.line.is_some());
    let heading = if of_logs { "    line  time in log, and what it says" } else { "  packet  what it shows" };
    let mut lines = vec![screen.paint.dim(heading)];
    let facts = finding.evidence.iter().take(shown);
    lines.extend(
        facts.map(|fact| clip(&format!("{}  {}", place(fact), screen.zone.told_in(&fact.text)), screen.width - 1)),
    );
    if all > shown {
        lines.push(screen.paint.dim(&format!("          … {} more", all - shown)));
    }
    lines
}

/// Whom it concerns, how often, and what came of what was tried.
fn who(screen: Screen<'_>, finding: &Finding) -> Vec<String> {
    let group = finding.group;
    let mut text = if group.clients > 0 { clients(screen.report, finding) } else { String::new() };
    if group.count > 1 {
        let times = if group.count == 2 { "twice".to_owned() } else { counted(group.count, "time") };
        let last = group.last.filter(|last| Some(*last) != group.first);
        let last = last.map_or_else(String::new, |at| format!(", the last at {}", screen.clock(at)));
        let gap = if text.is_empty() { "" } else { ", " };
        text = format!("{text}{gap}{times}{last}");
    }
    let tried = &screen.conclusion.verdict.tried;
    if !text.is_empty() && !tried.is_empty() {
        text = format!("{text}. {tried}");
    } else {
        text.push_str(tried);
    }
    if text.is_empty() { Vec::new() } else { screen.labelled("Who", &text) }
}

/// The explanation, as many whole sentences as have room.
fn why(screen: Screen<'_>, finding: &Finding, room: usize) -> Vec<String> {
    let mut kept = Vec::new();
    let mut text = String::new();
    for part in sentences(&finding.explanation) {
        text = if text.is_empty() { part.to_owned() } else { format!("{text} {part}") };
        let lines = screen.labelled("Why", &sentence(&text));
        if lines.len() > REASONS.min(room) {
            break;
        }
        kept = lines;
    }
    kept
}

/// The sentences of a paragraph: a stop with a blank behind it ends one, if what follows begins like one.
fn sentences(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, _) in text.match_indices(". ") {
        let next = text.get(at + 2..).and_then(|rest| rest.chars().next());
        if next.is_some_and(char::is_uppercase) {
            parts.extend(text.get(begin..=at));
            begin = at + 2;
        }
    }
    parts.extend(text.get(begin..).filter(|rest| !rest.is_empty()));
    parts
}

/// Where the rest is.
fn more(screen: Screen<'_>, finding: &Finding) -> Vec<String> {
    let others = finding.remedy.len().saturating_sub(1) as u64;
    let ways = if others == 0 { String::new() } else { format!(", {}", counted(others, "other way")) };
    screen.labelled("More", &format!("-v: evidence{ways} · nrpcsniff rules {}", finding.rule))
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn sentences_end_at_stops() {
        let text = "It asked 10.1.0.9. The answer (4.2 ms) came. notes.ini. Then not";
        assert_eq!(sentences(text), ["It asked 10.1.0.9.", "The answer (4.2 ms) came. notes.ini.", "Then not"]);
        assert!(sentences("").is_empty());
    }
}
