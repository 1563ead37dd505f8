//! A finding of a capture that goes on, as a line for people and as an object for programs: that it is there, and what becomes of it.

use super::id;
use crate::model::{Finding, RuleId, Severity, Timestamp};
use crate::report::ndjson::object;
use crate::report::text::{Paint, flow, sentence, time_of_day};
use crate::report::{Report, escape, filter, view};
use serde::Serialize;
use std::io::{self, Write};
use std::net::IpAddr;

/// Clients that a line names.
const CLIENTS: usize = 3;

/// What is to be told of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FindingUpdate {
    /// The finding, as it is now; as it was told last if it is taken back.
    pub finding: Finding,
    /// The number that it keeps.
    pub number: u64,
    /// Change that makes it worth a line.
    pub change: FindingChange,
    /// What comes yet may change it.
    pub open: bool,
}

/// Change of a finding that makes it worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FindingChange {
    /// The finding is new.
    New,
    /// The finding was told before, and now holds for these clients too.
    Spread(Vec<IpAddr>),
    /// The finding was told before, and is worse now.
    Worse,
    /// It had stopped, or was quiet for long, and came again.
    Again {
        /// How often it came so far.
        times: u64,
        /// When it came first.
        since: Timestamp,
        /// Whom it hit now.
        clients: Vec<IpAddr>,
    },
    /// What failed is granted again.
    Works {
        /// Since when.
        since: Timestamp,
        /// To whom.
        client: IpAddr,
    },
    /// It can change no more by what the clients do next, and stands.
    Confirmed,
    /// It does not stand by itself any longer: a finding of this rule tells of it.
    Explained(RuleId),
    /// The finding was told, and what came since does not bear it out.
    Withdrawn {
        /// What had failed was granted to one of its clients at that time.
        granted: Option<(IpAddr, Timestamp)>,
    },
}

impl FindingChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Spread(_) => "spread",
            Self::Worse => "worse",
            Self::Again { .. } => "again",
            Self::Works { .. } => "works",
            Self::Confirmed => "confirmed",
            Self::Explained(_) => "explained",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// It tells of conversations that were not told of before.
    pub(crate) const fn is_news(&self) -> bool {
        matches!(self, Self::New | Self::Spread(_) | Self::Worse | Self::Again { .. })
    }

    /// Those of the finding's clients that it is about; none: all of them.
    pub(crate) fn clients(&self) -> &[IpAddr] {
        match self {
            Self::Spread(clients) | Self::Again { clients, .. } => clients,
            Self::Works { client, .. } => std::slice::from_ref(client),
            _ => &[],
        }
    }
}

/// A finding in one line: when, how bad, who, what, and what to do first. For a terminal of so many columns it is broken at words, and
/// what to do stands in a line of its own.
pub(crate) fn line(report: Report<'_>, update: &FindingUpdate, paint: Paint, columns: Option<usize>) -> String {
    let FindingUpdate { finding, change, .. } = update;
    let time = when(time_of(report, update));
    let badge = match change {
        FindingChange::Works { .. } => paint.like(Severity::Info, "WORKS"),
        _ => paint.badge(finding.severity),
    };
    let (who, words, to_do) = (who(report, finding, change), words(report, finding, change), to_do(finding, change));
    let head = format!("{} {badge} {}", paint.dim(&time), paint.bold(&finding.rule));
    let Some(columns) = columns else {
        return format!("{head} {} {}", escape::terminal(&who), escape::terminal(&[words, to_do].concat()));
    };
    let indent = " ".repeat(time.len() + 1);
    let texts = [format!("{who} {words}"), to_do];
    let blocks = texts.iter().filter(|text| !text.is_empty()).map(|text| flow(text, &indent, columns));
    std::iter::once(head).chain(blocks).collect::<Vec<_>>().join("\n")
}

/// What to do first, where it is news.
fn to_do(finding: &Finding, change: &FindingChange) -> String {
    let is_news = matches!(change, FindingChange::New | FindingChange::Worse | FindingChange::Again { .. });
    let first = finding.remedy.first().filter(|_| is_news);
    first.map(|remedy| format!(" To do: {}", sentence(remedy))).unwrap_or_default()
}

fn words(report: Report<'_>, finding: &Finding, change: &FindingChange) -> String {
    let title = sentence(&finding.title);
    let now = report.analysis.end.unwrap_or_default();
    match change {
        FindingChange::New => format!("{title}{}", explains(finding)),
        FindingChange::Worse => format!("Worse now: {title}{}", explains(finding)),
        FindingChange::Again { times, since, .. } => {
            let title = title.trim_end_matches('.');
            format!("Again: {title}, {} time since {}.", ordinal(*times), clock(*since, now))
        }
        FindingChange::Spread(_) => format!("As before: {title}"),
        FindingChange::Works { since, .. } => format!("Works again since {}. It was: {title}", clock(*since, now)),
        FindingChange::Confirmed => format!("Confirmed by what came since: {title}"),
        FindingChange::Explained(rule) => format!("Told by {rule} from now on: {title}"),
        FindingChange::Withdrawn { granted: Some((client, at)) } => {
            format!("Taken back, {client} got it at {}: {title}", clock(*at, now))
        }
        FindingChange::Withdrawn { granted: None } => {
            format!("Taken back, what came since does not bear it out: {title}")
        }
    }
}

fn explains(finding: &Finding) -> String {
    if finding.also.is_empty() {
        return String::new();
    }
    format!(" Explains {}.", list(&finding.also.iter().map(|rule| rule.as_str()).collect::<Vec<_>>()))
}

/// A time of this day to the second, of another day with its date.
fn clock(time: Timestamp, now: Timestamp) -> String {
    let text = |time: Timestamp| Timestamp::new(time.nanos(), 0).to_string();
    let (time, now) = (text(time), text(now));
    match (time.split_once('T'), now.split_once('T')) {
        (Some((day, clock)), Some((today, _))) if day == today => clock.trim_end_matches('Z').to_owned(),
        (Some((day, clock)), _) => format!("{day} {}", clock.trim_end_matches('Z')),
        _ => time,
    }
}

/// "2nd", "11th", "23rd".
fn ordinal(number: u64) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

#[derive(Serialize)]
struct FindingLine<'a> {
    kind: &'static str,
    /// Counts findings; one that is spoken of again has the number that it had.
    n: u64,
    why: &'static str,
    time: Timestamp,
    clients: Vec<IpAddr>,
    /// How often it came so far, where it came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// Since when it came so often, or since when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// The rule whose finding tells of it from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<RuleId>,
    #[serde(flatten)]
    finding: view::FindingView<'a>,
}

/// A finding, what changed of it, and the number that it keeps.
pub(crate) fn write_finding(report: Report<'_>, update: &FindingUpdate, out: &mut dyn Write) -> io::Result<()> {
    let FindingUpdate { finding, number, change, open } = update;
    let mut view = view::finding(report, finding);
    // Examples only: the finding of a long capture has any number of conversations, most of them let go.
    view.conversations = report.examples_of(finding).map(id).collect();
    view.wireshark_filter = filter::talks(report, finding);
    view.open = *open;
    let (times, since) = match change {
        FindingChange::Again { times, since, .. } => (Some(*times), Some(*since)),
        FindingChange::Works { since, .. } => (None, Some(*since)),
        _ => (None, None),
    };
    let by = if let FindingChange::Explained(rule) = change { Some(*rule) } else { None };
    let clients = clients(report, finding, change);
    let time = time_of(report, update);
    object(
        out,
        &FindingLine {
            kind: "findings",
            n: *number,
            why: change.name(),
            time,
            clients,
            times,
            since,
            by,
            finding: view,
        },
    )
}

/// The time of the last packet of the conversations that a finding is about, or of the capture. What is told of it later is of now.
fn time_of(report: Report<'_>, update: &FindingUpdate) -> Timestamp {
    let is_of_now = matches!(
        update.change,
        FindingChange::Confirmed | FindingChange::Explained(_) | FindingChange::Withdrawn { .. }
    );
    let last = report.conversations_of(&update.finding).map(|c| c.last.time).max();
    let since = if let FindingChange::Works { since, .. } = update.change { Some(since) } else { None };
    since.or(last.filter(|_| !is_of_now)).or(report.analysis.end).unwrap_or_default()
}

/// Clients that the change is about.
fn clients(report: Report<'_>, finding: &Finding, change: &FindingChange) -> Vec<IpAddr> {
    if !change.clients().is_empty() {
        return change.clients().to_vec();
    }
    let mut clients: Vec<_> = report.conversations_of(finding).map(|c| c.client.ip).collect();
    clients.sort_unstable();
    clients.dedup();
    clients
}

/// `10.1.0.5 → 10.1.0.9:1352`, or how many of them.
fn who(report: Report<'_>, finding: &Finding, change: &FindingChange) -> String {
    let clients = clients(report, finding, change);
    let mut servers: Vec<_> = report.conversations_of(finding).map(|c| c.server).collect();
    servers.sort_unstable();
    servers.dedup();
    match (some(&clients), some(&servers)) {
        (Some(clients), Some(servers)) => format!("{clients} → {servers}:"),
        _ => String::new(),
    }
}

/// The first of several, and how many more there are.
fn some<T: ToString>(all: &[T]) -> Option<String> {
    let named: Vec<_> = all.iter().take(CLIENTS).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(named.len());
    match (named.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(named.join(", ")),
        _ => Some(format!("{} and {more} more", named.join(", "))),
    }
}

fn list(rules: &[&str]) -> String {
    rules.join(", ")
}

fn when(time: Timestamp) -> String {
    let time = Timestamp::new(time.nanos(), 3);
    let date = time.to_string();
    format!("{} {}", date.split_once('T').map_or("", |(date, _)| date), time_of_day(time))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use nrpcsniff_dissectors::Reader;

    #[test]
    fn ordinals_are_as_people_say_them() {
        let said = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal);
        assert_eq!(said, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]);
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let noon = Timestamp::from_secs(1_795_780_800);
        assert_eq!(clock(noon.plus(crate::model::Span::from_millis(1500)), noon), "12:00:01");
        assert_eq!(clock(noon, noon.plus(crate::model::Span::from_secs(86_400))), "2026-11-27 12:00:00");
    }

    /// A journal has one line; at a terminal words stay whole, and what to do begins a line.
    #[test]
    fn a_terminal_gets_lines_that_fit() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let finding = findings.iter().find(|finding| !finding.remedy.is_empty()).unwrap().clone();
        let update = FindingUpdate { finding, number: 1, change: FindingChange::New, open: true };
        let one = line(report, &update, Paint(false), None);
        assert!(!one.contains('\n') && one.contains(" To do: "), "{one}");
        let several = line(report, &update, Paint(false), Some(80));
        assert!(several.lines().all(|line| line.chars().count() <= 80), "{several}");
        assert!(several.lines().any(|line| line.trim_start().starts_with("To do: ")), "{several}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&one), words(&several));
    }
}
