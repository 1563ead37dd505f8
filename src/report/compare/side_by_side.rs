//! Two dialogues line by line: what was said, what differs, where they part.

use super::super::text::{Paint, clip, counted, span};
use crate::model::{Class, Difference, Likeness, Pair, Side, Step};
use std::io::{self, Write};
use tabled::grid::util::string::get_string_width;

/// Lines shown before and after the fork unless all are asked for.
const BEFORE: usize = 14;
const AFTER: usize = 3;
/// Columns before the working half, and between the halves.
const MARGIN: usize = 7;
const GAP: usize = 3;

/// Width, colours and differences for one pair.
#[derive(Clone, Copy)]
pub(super) struct PairLayout<'a> {
    pub(super) paint: Paint,
    pub(super) width: usize,
    pub(super) all: bool,
    /// Differences of the whole comparison.
    pub(super) differences: &'a [Difference],
}

/// Draws the pair in that place. Of a long one only the lines around the fork are shown, as those before it are alike.
pub(super) fn write(layout: PairLayout<'_>, place: usize, pair: &Pair, out: &mut dyn Write) -> io::Result<()> {
    let half = layout.width.saturating_sub(MARGIN + GAP) / 2;
    let title = format!("{:MARGIN$}{:half$}{:GAP$}failing", "   #", "working", "");
    writeln!(out, "{}", layout.paint.dim(&title))?;
    let fork = pair.fork.unwrap_or(pair.rows.len());
    let first = if layout.all { 0 } else { fork.min(pair.rows.len()).saturating_sub(BEFORE) };
    let last = if layout.all { pair.rows.len() } else { fork.saturating_add(AFTER + 1).min(pair.rows.len()) };
    if first > 0 {
        more(first, "earlier line", out)?;
    }
    for (index, row) in pair.rows.iter().enumerate().take(last).skip(first) {
        let (good, bad) = (row.steps.good.as_ref(), row.steps.bad.as_ref());
        let is_fork = pair.fork == Some(index);
        let mark = match (is_fork, worth(layout, place, bad.or(good)), row.likeness) {
            (true, ..) => "►",
            (false, Some(Class::Explains), _) => "!",
            (false, Some(_), _) | (false, None, Likeness::Changed) => "~",
            (false, None, Likeness::Alone) => "·",
            (false, None, Likeness::Same) => " ",
        };
        let number = bad.or(good).and_then(|step| step.message).or(good.and_then(|step| step.message));
        let number = number.map_or_else(|| "–".to_owned(), |number| number.to_string());
        let line = format!(" {mark}{number:>3}  {}{:GAP$}{}", cell(good, half), "", cell(bad, half));
        let line = line.trim_end();
        let line = if is_fork { layout.paint.bold(line) } else { line.to_owned() };
        writeln!(out, "{line}")?;
        if is_fork {
            writeln!(out, "{:MARGIN$}{}", "", layout.paint.bold("⇑ here they part"))?;
        }
    }
    let left = pair.rows.len() - last;
    if left > 0 {
        more(left, "later line", out)?;
    }
    Ok(())
}

fn more(lines: usize, what: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:MARGIN$}⋮ {} (--all shows them)", "", counted(lines as u64, what))
}

/// The gravest difference in the message of that step, noise apart.
fn worth(layout: PairLayout<'_>, place: usize, step: Option<&Step>) -> Option<Class> {
    let (conversation, message) = step.and_then(|step| Some((step.conversation, step.message?)))?;
    let here = |d: &&Difference| d.pair == place && d.message == message && d.conversations.bad == conversation;
    layout.differences.iter().filter(here).map(|d| d.class).min().filter(|class| *class < Class::Noise)
}

/// The step of one side, and how long after what was before; as wide as a half.
fn cell(step: Option<&Step>, width: usize) -> String {
    let Some(step) = step else { return " ".repeat(width) };
    let arrow = match step.from {
        Some(Side::Client) => "─▶ ",
        Some(Side::Server) => "◀─ ",
        None => "   ",
    };
    let after = step.after.map_or_else(String::new, |after| format!("+{}", span(after.as_secs_f64())));
    let room = width.saturating_sub(get_string_width(arrow) + get_string_width(&after) + 1);
    let what = clip(&step.what, room);
    let padding = room.saturating_sub(get_string_width(&what)) + 1;
    format!("{arrow}{what}{:padding$}{after}", "")
}
