//! A story as lines for a terminal: a column for each host, an arrow for each step, with its packet and its time.

use super::story::{StepKind, Story, StoryStep, folded};
use super::text::{Paint, clip, count, frame, lapse};
use crate::model::{Severity, Stamp};
use tabled::grid::util::string::get_string_width;

/// Columns of a ladder of two hosts, and of more, however wide the terminal.
const WIDEST: [usize; 2] = [100, 160];
/// Columns between two hosts, at least.
const NARROWEST: usize = 15;

/// How a ladder is drawn.
#[derive(Clone, Copy)]
pub(crate) struct LadderStyle {
    pub paint: Paint,
    /// Columns of the terminal.
    pub width: usize,
    /// Lines that it may take, its two lines of headings among them.
    pub room: usize,
    /// Frames are named with their capture.
    pub several_inputs: bool,
}

/// Where things stand.
struct Lanes {
    /// Columns of packet and time.
    packet: usize,
    after: usize,
    /// Column of each host that is drawn, and which it is.
    at: Vec<(usize, usize)>,
    width: usize,
}

/// The lines; none where there is no room for a step.
pub(crate) fn lines(story: &Story, style: LadderStyle) -> Vec<String> {
    let Some(first) = story.first().filter(|_| style.room > 3) else { return Vec::new() };
    let lanes = Lanes::of(story, style);
    let mut drawn = heading(story, &lanes, style.paint);
    let mut expected = 0;
    let left_out = |number: usize, skipped: u32| {
        let more = number + skipped as usize;
        let pad = " ".repeat(lanes.packet + lanes.after + 3);
        style.paint.dim(&format!("{pad}… {} more", count(more as u64)))
    };
    for place in folded(&story.steps, style.room - 2) {
        let Some(step) = story.steps.get(place) else { continue };
        if place > expected || step.skipped > 0 {
            drawn.push(left_out(place - expected, step.skipped));
        }
        expected = place + 1;
        let number = frame(step.at.frame, style.several_inputs);
        let after =
            step.at.lasted_since(first).map_or_else(|| "clock back".to_owned(), |span| lapse(span.as_secs_f64()));
        let mark = if step.marked { "*" } else { " " };
        let place = format!("{mark}{number:>packet$}{after:>wide$}", packet = lanes.packet - 1, wide = lanes.after);
        let gap = " ".repeat(if lanes.at.len() > 2 { 2 } else { 3 });
        drawn.push(format!("{}{gap}{}", style.paint.dim(&place), lanes.arrow(story, step, style.paint)));
    }
    if expected < story.steps.len() {
        drawn.push(left_out(story.steps.len() - expected, 0));
    }
    drawn
}

/// How long after the first step.
fn since(step: &StoryStep, first: Stamp) -> String {
    step.at.lasted_since(first).map_or_else(|| "clock back".to_owned(), |span| lapse(span.as_secs_f64()))
}

impl Lanes {
    fn of(story: &Story, style: LadderStyle) -> Self {
        let several = story.hosts.len() > 2;
        let longest = story.steps.iter().map(|step| frame(step.at.frame, style.several_inputs).len()).max();
        let (packet, after, gap) = if several { (6, 8, 2) } else { (7, 9, 3) };
        let packet = packet.max(longest.unwrap_or_default() + 1);
        let slowest = story.first().and_then(|first| story.steps.iter().map(|step| since(step, first).len()).max());
        let after = after.max(slowest.unwrap_or_default() + 2);
        let begin = packet + after + gap;
        let width = style.width.saturating_sub(1).min(WIDEST[usize::from(several)]);
        let room = width.saturating_sub(begin + 1);
        let most = (room / NARROWEST + 1).max(2);
        let drawn = drawn(story, most);
        let parts = drawn.len().saturating_sub(1).max(1);
        let at = drawn.iter().enumerate().map(|(place, &host)| (begin + room * place / parts, host)).collect();
        Self { packet, after, at, width }
    }

    /// A step as an arrow between its hosts; as a line of text where one of them is not drawn, or nobody says it.
    fn arrow(&self, story: &Story, step: &StoryStep, paint: Paint) -> String {
        let begin = self.at.first().map_or(0, |(column, _)| *column);
        let column = |host: usize| self.at.iter().find(|(_, drawn)| *drawn == host).map(|(column, _)| *column - begin);
        let room = self.width.saturating_sub(begin);
        let (Some(from), Some(to)) = (column(step.from), column(step.to)) else {
            let name = |host: usize| story.hosts.get(host).map_or("?", |host| host.address.as_str());
            return clip(&format!("{} → {}: {}", name(step.from), name(step.to), step.text), room);
        };
        if step.kind == StepKind::Note || from == to {
            return clip(&step.text, room);
        }
        let (low, high) = (from.min(to), from.max(to));
        let shaft = shaft(step, high - low - 1, to > from);
        let shaft = if step.kind == StepKind::End { paint.like(Severity::Blocker, &shaft) } else { shaft };
        let mut line = String::new();
        let mut drawn = 0;
        for (column, _) in self.at.iter().map(|(column, host)| (column - begin, host)) {
            if column > low && column <= high {
                if column == high {
                    line.push_str(&shaft);
                    line.push('│');
                    drawn = column + 1;
                }
                continue;
            }
            line.push_str(&" ".repeat(column - drawn));
            line.push('│');
            drawn = column + 1;
        }
        line
    }
}

/// What stands between two hosts: a line with its text in it, double where it ends the conversation; what did not arrive has no tip.
fn shaft(step: &StoryStep, length: usize, to_the_right: bool) -> String {
    let line = if step.kind == StepKind::End { "═" } else { "─" };
    let lead = if length > 40 { 3 } else { 1 };
    let text = clip(&step.text, length.saturating_sub(lead + 4));
    let used = get_string_width(&text) + lead + 2;
    let rest = length.saturating_sub(used + 1);
    let (lead, tail) = (line.repeat(lead), line.repeat(rest));
    match (step.kind == StepKind::Lost, to_the_right) {
        (true, true) => format!("{lead} {text} ✗{}", " ".repeat(rest)),
        (true, false) => format!("{}✗ {text} {lead}", " ".repeat(rest)),
        (false, true) => format!("{lead} {text} {tail}▶"),
        (false, false) => format!("◀{lead} {text} {tail}"),
    }
}

/// Hosts that are drawn where there is room for so many: all, or those between which something is evidence first.
fn drawn(story: &Story, most: usize) -> Vec<usize> {
    let mut hosts: Vec<usize> = (0..story.hosts.len()).collect();
    if hosts.len() > most {
        let weight = |host: usize| {
            let of_it = |step: &&StoryStep| step.from == host || step.to == host;
            story.steps.iter().filter(of_it).map(|step| if step.marked { 100 } else { 1 }).sum::<usize>()
        };
        hosts.sort_by_key(|&host| std::cmp::Reverse(weight(host)));
        hosts.truncate(most);
        hosts.sort_unstable();
    }
    hosts
}

/// What each host is, and its address.
fn heading(story: &Story, lanes: &Lanes, paint: Paint) -> Vec<String> {
    let labels: [&dyn Fn(usize) -> String; 2] =
        [&|host| story.hosts.get(host).map_or_else(String::new, |host| host.role.to_owned()), &|host| {
            story.hosts.get(host).map_or_else(String::new, |host| host.address.clone())
        }];
    let first = format!("{:>packet$}{:>after$}", "packet", "after", packet = lanes.packet, after = lanes.after);
    let begins = [first, String::new()];
    let headings = labels.iter().zip(begins).map(|(label, mut line)| {
        for (place, (column, host)) in lanes.at.iter().enumerate() {
            let text = label(*host);
            let wide = get_string_width(&text);
            let at = match place {
                0 => *column,
                _ if place + 1 == lanes.at.len() => (column + 1).saturating_sub(wide),
                _ => column.saturating_sub(wide / 2),
            };
            let used = get_string_width(&line);
            let gap = at.saturating_sub(used).max(usize::from(used > 0));
            line.push_str(&" ".repeat(gap));
            line.push_str(&text);
        }
        paint.dim(&line)
    });
    headings.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Report, sample};
    use super::*;
    use nrpcsniff_dissectors::Reader;

    fn drawn(width: usize, room: usize) -> String {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let alias = findings.iter().find(|finding| !finding.conversations.is_empty()).unwrap();
        let story = Story::of_finding(report, alias);
        let style = LadderStyle { paint: Paint(false), width, room, several_inputs: false };
        lines(&story, style).join("\n")
    }

    #[test]
    fn a_ladder_of_two_hosts() {
        insta::assert_snapshot!(drawn(80, 20));
    }

    #[test]
    fn it_keeps_to_its_room_and_its_width() {
        for (width, room) in [(60, 4), (60, 5), (80, 6), (100, 7), (200, 20)] {
            let text = drawn(width, room);
            assert!(text.lines().count() <= room, "{text}");
            assert!(text.lines().all(|line| get_string_width(line) < width.min(101)), "{text}");
            assert!(text.contains("hangs up (FIN)"), "{text}");
        }
        assert_eq!(drawn(80, 3), "");
    }
}
