//! Nothing failed that has a cause: what was wanted, what came of it, and what that means.

use super::causes::padded;
use super::{Screen, answer};
use crate::model::{AttemptCounts, AttemptKind, OutcomeCounts, VerdictKind};
use crate::report::escape;
use crate::report::heard::heard;
use crate::report::text::count;
use nrpcsniff_dissectors::nrpc;

/// Rows of a list.
const ROWS: usize = 8;

/// Lines of logs.
const LINES: usize = 4;

/// The screen.
pub(super) fn lines(screen: Screen<'_>) -> Vec<String> {
    let mut lines = screen.read();
    lines.push(String::new());
    let table = match screen.conclusion.verdict.kind {
        VerdictKind::Works => granted(screen, ROWS),
        _ => outcomes(screen, ROWS),
    };
    if !table.is_empty() {
        lines.extend(table);
        lines.push(String::new());
    }
    let told = screen.told();
    lines.extend(told.iter().take(3).flat_map(|finding| screen.labelled("Noted", &finding.title)));
    lines.extend(said_by_logs(screen));
    lines.extend(screen.not_seen());
    if screen.conclusion.verdict.kind == VerdictKind::Works {
        let limits =
            screen.conclusion.verdict.cautions.iter().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        lines.extend(limits.take(2).flat_map(|text| screen.labelled("Not seen", text)));
    }
    lines.extend(screen.labelled("More", more(screen)));
    lines.push(String::new());
    lines.extend(answer::lines(screen, &answer::text(screen), &answer::to_do(screen)));
    lines
}

/// The lines of logs that matter most of those that no finding shows.
fn said_by_logs(screen: Screen<'_>) -> Vec<String> {
    let (heard, _) = heard(screen.report, LINES);
    let said = heard.iter().map(|line| {
        let times = if line.count > 1 { format!(", {} times", count(line.count)) } else { String::new() };
        let log = screen.report.analysis.logs.get(line.log).map_or("", |log| log.name());
        format!("{} line {}{times}: {}", escape::terminal(log), line.first.line, line.meaning.means)
    });
    said.flat_map(|said| screen.labelled("Log", &said)).collect()
}

fn more(screen: Screen<'_>) -> &'static str {
    match screen.conclusion.verdict.kind {
        VerdictKind::Nothing => "--detail conversations --all lists what was seen",
        _ => "--detail conversations lists every one · -v: the whole report",
    }
}

/// What somebody wants for its own sake: steps on the way and the second half of a Notes session are counted with it.
fn is_wish(counts: &AttemptCounts) -> bool {
    !counts.kind.is_step() && counts.kind != AttemptKind::NrpcAuth
}

/// A line for each thing of which some was granted.
pub(super) fn granted(screen: Screen<'_>, rows: usize) -> Vec<String> {
    let all = screen.conclusion.attempts.iter().filter(|counts| is_wish(counts) && counts.granted > 0);
    let all: Vec<_> = all.collect();
    let room = screen.width.saturating_sub(1).min(100) - 26;
    let mut lines = Vec::new();
    if !all.is_empty() {
        lines.push(screen.paint.dim(&format!("   {:<room$} {:>12} {:>8}", "What works", "got in", "clients")));
    }
    let rows = if screen.all { all.len() } else { rows };
    for counts in all.iter().take(rows) {
        let parts = format!("{} of {}", count(counts.granted), count(total(counts)));
        lines.push(format!("   {} {parts:>12} {:>8}", padded(&what(counts), room), count(counts.clients)));
    }
    if all.len() > rows {
        lines.push(screen.paint.dim(&format!("   {} more (--all)", all.len() - rows)));
    }
    lines
}

/// A line for each thing that was wanted, with the outcomes that there were.
fn outcomes(screen: Screen<'_>, rows: usize) -> Vec<String> {
    // Beside its session an authentication says nothing; a log may have one without the other.
    let counts = |counts: &&AttemptCounts| counts.kind != AttemptKind::NrpcAuth || counts.log.is_some();
    let all: Vec<_> = screen.conclusion.attempts.iter().filter(counts).collect();
    let room = screen.width.saturating_sub(1).min(100) - 40;
    let mut lines = Vec::new();
    if !all.is_empty() {
        lines.push(screen.paint.dim(&format!("   {:<room$} {:>8}  {}", "Wanted", "attempts", "outcome")));
    }
    let rows = if screen.all { all.len() } else { rows };
    for counts in all.iter().take(rows) {
        let mut sum = OutcomeCounts::default();
        sum.add(counts);
        let parts = sum.named().into_iter().filter(|(_, number)| *number > 0).map(|(name, number)| {
            let name = match name {
                "granted" => "got in",
                "unknown" => "cannot be told",
                other => other,
            };
            if number == total(counts) { name.to_owned() } else { format!("{} {name}", count(number)) }
        });
        let outcome = parts.collect::<Vec<_>>().join(", ");
        lines.push(format!("   {} {:>8}  {outcome}", padded(&what(counts), room), count(total(counts))));
    }
    if all.len() > rows {
        lines.push(screen.paint.dim(&format!("   {} more (--all)", all.len() - rows)));
    }
    lines
}

fn total(counts: &AttemptCounts) -> u64 {
    let parts = [counts.granted, counts.refused, counts.unanswered, counts.cut_off, counts.unknown];
    parts.into_iter().fold(0, u64::saturating_add)
}

/// `Notes session at MAIL01/Servers/Example`.
fn what(counts: &AttemptCounts) -> String {
    let kind = match counts.kind {
        AttemptKind::Dns => "Name",
        AttemptKind::Connect => "Connection to",
        AttemptKind::Tls => "TLS with",
        AttemptKind::NrpcOpen | AttemptKind::NrpcAuth => "Notes session at",
        AttemptKind::HttpLogin => "Web login at",
        AttemptKind::HttpToken => "Sign-on token at",
        AttemptKind::SipRegister => "SIP registration at",
        AttemptKind::SipCall => "Call by",
        AttemptKind::SametimeLogin => "Sametime login at",
        AttemptKind::LdapBind => "Directory bind at",
        AttemptKind::LdapSearch => "Directory search at",
        AttemptKind::AdLogon => "Windows sign-on at",
        AttemptKind::SmtpLogin => "Mail login at",
        AttemptKind::IdVault => "ID of the vault at",
        AttemptKind::Peer => "Server connection with",
        AttemptKind::Backend => "Proxy request to",
    };
    let asked = counts.asked.as_deref().map(nrpc::name::abbreviate);
    if let Some(server) = asked.or_else(|| counts.server.map(|server| server.to_string())) {
        return format!("{kind} {server}");
    }
    // A log that names no server.
    let wish = kind.rsplit_once(' ').map_or(kind, |(wish, _)| wish);
    let log = counts.log.as_deref().unwrap_or("a log");
    format!("{wish}, by {}", log.rsplit(['/', '\\']).next().unwrap_or(log))
}
