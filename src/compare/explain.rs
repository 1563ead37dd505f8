//! What a comparison comes to, in words.

use super::decision::Decision;
use super::dialogue::Dialogue;
use super::fork::{DialogueEvent, ForkOutcome, is_open};
use super::steps::{closed_by, step};
use super::story::{Story, number};
use crate::diagnose::words;
use crate::model::{
    Both, Class, Close, CloseBy, Conversation, Difference, Finding, Likeness, Step, Timestamp, Verdict, VerdictKind,
};
use nrpcsniff_dissectors::{Protocol, Value};

/// Why nothing can be said at all.
pub(super) const NOTHING_TO_PAIR: &str = "There is nothing to pair.";

/// The result in one short sentence.
pub(super) fn headline(story: &Story<'_, '_, '_>, decision: Decision<'_, '_, '_>) -> String {
    let text = match decision {
        Decision::Fork(place) => return parting(story, place),
        Decision::Missing(_) => "They part: the failing capture lacks a conversation that the working one has.",
        Decision::Fault(_) => "The failing capture has a fault that the working one has not.",
        Decision::Fails => "The failing capture fails, and the working one does not.",
        Decision::Swapped(_) => "The wrong way round: the capture given as working has the fault.",
        Decision::BothFail(_) => "Both fail: a capture in which it works is needed.",
        Decision::Same => "No difference that matters.",
        Decision::EndsBefore(_) | Decision::Untold | Decision::Doubtful(_) | Decision::NothingToPair => {
            "It cannot be told where they part, or whether they do."
        }
    };
    text.to_owned()
}

fn parting(story: &Story<'_, '_, '_>, place: usize) -> String {
    let is_one = story.matches.get(place).is_some_and(|m| m.bad.is_one_connection());
    match question(story, place).filter(|_| !is_one) {
        Some(question) => format!("They part at the answer to {question}."),
        None => format!("They part at message {}.", story.line(place).map_or(1, number)),
    }
}

/// What is the same, where they part and how, and what explains it.
pub(super) fn words(
    story: &Story<'_, '_, '_>,
    decision: Decision<'_, '_, '_>,
    cause: Option<&Finding>,
    differences: &[Difference],
) -> String {
    let told = self::story(story, decision, differences);
    let rest = match decision {
        Decision::Fork(_) => [earlier_difference(story, differences, cause), because(cause)],
        Decision::Fault(_) => [because(cause), None],
        _ => [None, None],
    };
    [Some(told)].into_iter().chain(rest).flatten().collect::<Vec<_>>().join(" ")
}

/// What is the same, where they part and how; or why that cannot be told.
pub(super) fn story(story: &Story<'_, '_, '_>, decision: Decision<'_, '_, '_>, differences: &[Difference]) -> String {
    match decision {
        Decision::Fork(place) => fork(story, place).unwrap_or_default(),
        Decision::Missing(missing) => format!(
            "In the working capture the client then speaks {} ({}); in the failing one it never does, although that capture goes on \
             for long enough.",
            label(missing.protocol),
            opening(missing),
        ),
        Decision::EndsBefore(missing) => format!(
            "The failing capture ends before the client would come to speak {} ({}): capture until the failure has been seen.",
            label(missing.protocol),
            opening(missing),
        ),
        Decision::Fault(_) | Decision::Fails => format!("{} {}", laid(story), each(story, story.verdicts.good)),
        Decision::Swapped(_) => format!("{} Compare them the other way round.", each(story, story.verdicts.good)),
        Decision::BothFail(good) => format!("Nothing that was found tells the two apart. {}", each(story, good)),
        Decision::Untold => each(story, story.verdicts.good),
        Decision::Doubtful(place) => why_inconclusive(story, place, differences),
        Decision::NothingToPair => nothing_to_pair(story),
        Decision::Same => same(story, differences),
    }
}

/// What became of the comparison where that does not decide.
fn laid(story: &Story<'_, '_, '_>) -> &'static str {
    if story.matches.is_empty() {
        "Nothing of the two belongs together."
    } else {
        "In what can be laid side by side they do not part by that."
    }
}

/// What each of the two comes to by itself.
fn each(story: &Story<'_, '_, '_>, good: &Verdict) -> String {
    let of = |which: &str, verdict: &Verdict| {
        let is_told = verdict.tried.is_empty() || verdict.text.contains(&verdict.tried);
        let tried = if is_told { String::new() } else { format!(" {}", verdict.tried) };
        format!("The one given as {which}: {}.{tried}", verdict.text.trim_end_matches('.'))
    };
    format!("{} {}", of("working", good), of("failing", story.verdicts.bad))
}

/// "Same up to message 2. They part at message 3: ..."
fn fork(story: &Story<'_, '_, '_>, place: usize) -> Option<String> {
    let line = story.line(place)?;
    let m = story.matches.get(place)?;
    let at = number(line);
    let working = at_fork(line.events.good, m.good, None, story.good.case.end());
    let failing = at_fork(line.events.bad, m.bad, line.events.good, story.bad.case.end());
    let before = if is_alike_before(story, place) { "the same steps" } else { "no difference that matters" };
    let part = if m.bad.is_one_connection() {
        let up_to = match at {
            1 => String::new(),
            2 => format!("Up to message 1: {before}. "),
            _ => format!("Up to message {}: {before}. ", at - 1),
        };
        format!("{up_to}They part at message {at}")
    } else {
        format!("They part at the answer to {}", question(story, place).unwrap_or_else(|| format!("message {at}")))
    };
    let turn = whose_turn(line.events.good, line.events.bad).unwrap_or_default();
    Some(format!("{part}: in the working capture {working}, in the failing one {failing}.{turn}"))
}

/// No line before the fork differs in what it comes to, nor in a field that decides.
fn is_alike_before(story: &Story<'_, '_, '_>, place: usize) -> bool {
    let Some(side_by_side) = story.comparisons.get(place) else { return false };
    let before = side_by_side.lines.get(..story.fork_line(place).unwrap_or_default()).unwrap_or_default();
    before.iter().all(|line| line.likeness == Likeness::Same)
}

/// The request whose answer differs.
fn question(story: &Story<'_, '_, '_>, place: usize) -> Option<String> {
    let index = story.fork_line(place)?.checked_sub(1)?;
    let line = story.comparisons.get(place)?.lines.get(index)?;
    let host =
        story.matches.get(place)?.bad.purpose.wanted.clone().map_or_else(String::new, |host| format!(" of {host}"));
    let Some(DialogueEvent::Message(said)) = line.events.bad else { return None };
    (!said.is_answer).then(|| format!("{}{host}", said.meaning))
}

/// The event of one of the two at the fork, in words.
fn at_fork(
    cell: Option<DialogueEvent<'_, '_>>,
    dialogue: &Dialogue<'_>,
    other: Option<DialogueEvent<'_, '_>>,
    end: Timestamp,
) -> String {
    match cell {
        Some(DialogueEvent::Message(said)) => {
            let Step { what, after, .. } = step(DialogueEvent::Message(said));
            let later = after.map_or_else(String::new, |after| format!(", {after} later"));
            format!("{} says: {what} ({} bytes{later})", words::side(said.message.from), said.message.length)
        }
        Some(DialogueEvent::End(c)) => ending(c, end),
        Some(DialogueEvent::Answer(c)) if is_open(c) => "the connection is accepted".to_owned(),
        Some(DialogueEvent::Answer(c)) => format!("it is not: {}", step(DialogueEvent::Answer(c)).what),
        Some(DialogueEvent::Syn(_)) => "the client calls".to_owned(),
        // That nothing comes is a missing answer only where the other capture has an answer at this place.
        None => {
            let waited = dialogue.conversations.iter().find_map(|c| end.lasted_since(c.turns.unanswered?.time));
            let answer = matches!(other, Some(DialogueEvent::Message(said)) if said.is_answer);
            match waited {
                Some(waited) if answer => format!("no answer comes within {waited}"),
                _ if answer => "no answer comes".to_owned(),
                _ => "nothing of the kind is said".to_owned(),
            }
        }
    }
}

/// "the client closes with FIN 3.0 ms after message 2".
fn ending(c: &Conversation, end: Timestamp) -> String {
    let last = c.messages.iter().rev().find(|m| c.teardown.at.is_none_or(|at| m.at.time <= at.time));
    let after = c.teardown.at.zip(last).map(|(at, last)| {
        let lasted = at.lasted_since(last.at).map_or_else(String::new, |lasted| format!(" {lasted}"));
        format!("{lasted} after message {}", last.n)
    });
    let after = after.unwrap_or_default();
    let who = match c.teardown.by {
        CloseBy::Middlebox => "something on the path",
        CloseBy::Server => "the server",
        CloseBy::Client | CloseBy::None => "the client",
    };
    match c.teardown.how {
        Close::Fin => format!("{who} closes with FIN{after}"),
        Close::Rst => format!("{who} closes with RST{after}"),
        Close::Timeout => "one side repeats itself and nobody answers".to_owned(),
        Close::Open => match c.turns.unanswered.and_then(|asked| end.lasted_since(asked.time)) {
            Some(waited) => format!("no answer comes within {waited}"),
            None => "the capture ends with the conversation still open".to_owned(),
        },
    }
}

/// Who was expected to speak, where somebody closed instead.
fn whose_turn(good: Option<DialogueEvent<'_, '_>>, bad: Option<DialogueEvent<'_, '_>>) -> Option<String> {
    let (Some(DialogueEvent::Message(expected)), Some(DialogueEvent::End(c))) = (good, bad) else { return None };
    let last = c.messages.last()?;
    let turn = words::side(expected.message.from);
    let spoke = words::side(last.from);
    let closer = closed_by(c).filter(|&closer| closer != expected.message.from).map(words::side);
    Some(match closer {
        Some(closer) => format!(
            " The last word was that of {spoke}, and it was the turn of {turn}; {closer} did not wait for it any longer."
        ),
        None => format!(" The last word was that of {spoke}, and it was the turn of {turn}."),
    })
}

/// "Before that, wanted_server of message 1 differs: working ..., failing ...".
fn earlier_difference(
    story: &Story<'_, '_, '_>,
    differences: &[Difference],
    cause: Option<&Finding>,
) -> Option<String> {
    let explaining: Vec<_> = differences.iter().filter(|d| d.class == Class::Explains).collect();
    if explaining.is_empty() {
        return cause.is_none().then(|| {
            "Nothing that was read before differs in a way that would explain it; a log of that moment may say more (--log).".to_owned()
        });
    }
    let told: Vec<_> = explaining.iter().take(3).map(|d| difference(story, d)).collect();
    let more = explaining.len().saturating_sub(3);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(format!("What explains it: {}{more}.", told.join("; ")))
}

fn difference(story: &Story<'_, '_, '_>, d: &Difference) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "missing".to_owned(), shown);
    let protocol = story.matches.get(d.pair).map_or("", |m| label(m.bad.protocol));
    format!(
        "{} ({} message {}): {} in the working capture, {} in the failing one",
        d.field,
        protocol,
        d.message,
        value(&d.values.good),
        value(&d.values.bad),
    )
}

/// A value for people.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Null => "nothing".to_owned(),
        Value::List(_) | Value::Map(_) => "present".to_owned(),
    }
}

fn because(cause: Option<&Finding>) -> Option<String> {
    cause.map(|finding| {
        format!("Cause ({} confidence): {}.", finding.confidence.name(), finding.title.trim_end_matches('.'))
    })
}

/// Why it cannot be told where the two part, and what to capture instead, since no verdict would be of use without
/// that.
fn why_inconclusive(story: &Story<'_, '_, '_>, place: usize, differences: &[Difference]) -> String {
    let Some((side_by_side, m)) = story.comparisons.get(place).zip(story.matches.get(place)) else {
        return String::new();
    };
    match side_by_side.outcome {
        ForkOutcome::CaptureEndsAt(index) => {
            let next = side_by_side.lines.get(index).and_then(|line| line.events.good);
            let next = at_fork(next, m.good, None, story.good.case.end());
            let last = m.bad.opening().and_then(|c| c.messages.last()).map_or(0, |message| message.n);
            let up_to = differences.iter().find(|d| d.pair == place && d.is_deciding && !d.learned);
            let up_to =
                up_to.map(|d| format!(" What differs up to there, and may be the reason: {}.", difference(story, d)));
            format!(
                "The failing capture ends before the two part: after message {last} it holds nothing more of this {} \
                 conversation, while in the working one {next}.{} Capture until the user sees the failure, and compare again.",
                label(m.bad.protocol),
                up_to.unwrap_or_default()
            )
        }
        ForkOutcome::OpaqueFrom(index) => {
            let line = side_by_side.lines.get(index);
            let first = line.map_or(1, number).max(1);
            format!(
                "From message {first} on what is said in {} is encrypted, compressed or unknown, and differs in size: it cannot be \
                 compared. Up to there nothing differs in a way that matters. Keys, or a capture where it is in clear, would tell.",
                label(m.bad.protocol)
            )
        }
        ForkOutcome::LacksAt(index) => format!(
            "At message {} of this {} conversation it is not known what was said: one of the captures lacks bytes, or begins too \
             late. {}",
            side_by_side.lines.get(index).map_or(1, number).max(1),
            label(m.bad.protocol),
            story.verdicts.bad.cautions.first().map_or("Capture at the client or the server itself.", String::as_str)
        ),
        ForkOutcome::Alike | ForkOutcome::DivergesAt(_) | ForkOutcome::SlowerAt(_) => String::new(),
    }
}

fn nothing_to_pair(story: &Story<'_, '_, '_>) -> String {
    let holds = |dialogues: &[Dialogue<'_>]| {
        let mut names: Vec<_> = dialogues.iter().map(|dialogue| label(dialogue.protocol)).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { "nothing that can be read".to_owned() } else { names.join(", ") }
    };
    format!(
        "{NOTHING_TO_PAIR} The working capture holds {}, the failing one {}. Name two conversations with --pair if they belong \
         together all the same.",
        holds(&story.sides.good),
        holds(&story.sides.bad),
    )
}

fn same(story: &Story<'_, '_, '_>, differences: &[Difference]) -> String {
    let messages: usize = story
        .comparisons
        .iter()
        .flat_map(|side_by_side| &side_by_side.lines)
        .filter(|line| line.messages().is_some())
        .count();
    // "No difference that matters" is a judgement: what it passes over is counted, so that people can look for themselves.
    let look = differences.iter().filter(|d| d.class == Class::WorthALook).count();
    let look = match look {
        0 => String::new(),
        1 => " One field differs and is worth a look.".to_owned(),
        n => format!(" {n} fields differ and are worth a look."),
    };
    let Both { good, bad } = story.verdicts;
    let works = match bad.kind {
        VerdictKind::Works if good.tried == bad.tried => format!(" Both work: {}", bad.tried),
        VerdictKind::Works => format!(" Both work. Working: {} Failing: {}", good.tried, bad.tried),
        _ => " Nobody was seen to sign on in either.".to_owned(),
    };
    format!(
        "No difference that matters: {messages} messages of {} go alike, and {}.{look}{works}",
        match story.matches.len() {
            1 => "one dialogue".to_owned(),
            n => format!("{n} dialogues"),
        },
        if ends_alike(story) { "so do their ends" } else { "their ends differ without harm" }
    )
}

/// Connections that are compared by themselves end in the same way.
fn ends_alike(story: &Story<'_, '_, '_>) -> bool {
    let end = |dialogue: &Dialogue<'_>| {
        let c = dialogue.opening().filter(|_| dialogue.is_one_connection());
        c.map(|c| (c.teardown.how, c.teardown.by))
    };
    story.matches.iter().all(|m| end(m.good) == end(m.bad))
}

fn opening(dialogue: &Dialogue<'_>) -> String {
    let first = dialogue.turns.first().and_then(|turn| turn.first.as_ref());
    first.map_or_else(String::new, |said| step(DialogueEvent::Message(said)).what)
}

/// The protocol for people.
fn label(protocol: Option<&Protocol>) -> &'static str {
    protocol.map_or("unknown", |protocol| protocol.label)
}
