//! Several findings in one capture: a numbered list of one line each, what works, and the answer for the first.

use super::{Screen, answer, wanted};
use crate::model::Finding;
use crate::report::text::{clip, count};

/// Rows of a list.
const ROWS: usize = 8;

/// The screen.
pub(super) fn lines(screen: Screen<'_>, findings: &[&Finding]) -> Vec<String> {
    let mut lines = screen.read();
    lines.push(String::new());
    lines.extend(list(screen, findings));
    let works = wanted::granted(screen, 3);
    if !works.is_empty() {
        lines.push(String::new());
        lines.extend(works);
    }
    lines.push(String::new());
    lines.extend(screen.not_seen());
    lines.extend(screen.labelled("More", "--finding 2: number 2 · -v: all of them with evidence"));
    lines.push(String::new());
    let number = findings.len();
    let text = format!("{number} causes. First: {}", answer::text(screen));
    lines.extend(answer::lines(screen, &text, &answer::to_do(screen)));
    lines
}

/// A line a cause: what, how often, how many clients, when last.
pub(super) fn list(screen: Screen<'_>, findings: &[&Finding]) -> Vec<String> {
    let rows = if screen.all { findings.len() } else { ROWS };
    let room = screen.width.saturating_sub(1).min(160) - 4 - COUNTS;
    let mut lines =
        vec![screen.paint.dim(&format!("   {:<room$} {:>7} {:>8} {:>9}", "What fails", "times", "clients", "last"))];
    for (place, finding) in findings.iter().enumerate().take(rows) {
        let last = finding.group.last.map_or_else(|| "-".to_owned(), |at| screen.zone.clock(at));
        let clients = if finding.group.clients == 0 { "-".to_owned() } else { count(finding.group.clients) };
        let title = padded(&screen.zone.told_in(&finding.title), room);
        lines.push(format!("{:>2} {title} {:>7} {clients:>8} {last:>9}", place + 1, count(finding.group.count.max(1))));
    }
    if findings.len() > rows {
        lines.push(screen.paint.dim(&format!("   {} more (--all)", count((findings.len() - rows) as u64))));
    }
    lines
}

/// Columns of the counts behind a title.
const COUNTS: usize = 26;

/// The text in so many columns: cut if it is longer.
pub(super) fn padded(text: &str, room: usize) -> String {
    let text = clip(text, room);
    let used = tabled::grid::util::string::get_string_width(&text);
    format!("{text}{}", " ".repeat(room.saturating_sub(used)))
}
