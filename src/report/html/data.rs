//! What the page says, as the template takes it. Text is made harmless here ([`escape`]) and escaped for HTML there.

use super::super::brief;
use super::super::story::Story;
use super::super::text::{count, counted, lapse};
use super::super::{Report, ReportOptions, VERSION, Zone, escape, filter, order};
use super::outcome::{self, TalkOutcome};
use super::picture::{self, Picture};
use super::timeline::{self, Timeline};
use crate::model::{Conclusion, Conversation, Finding, Setup, Side, VerdictKind};
use serde::Serialize;

/// Rows of conversations in the page itself: those beyond become rows when they are asked for.
const ROWS: usize = 200;
/// Conversations that the page holds at all.
const MOST: usize = 20_000;
/// Messages of a conversation that can be unfolded.
const MESSAGES: usize = 12;
/// Findings that are shown in full, and lines of evidence of each.
const FINDINGS: usize = 50;
const FACTS: usize = 24;

/// The page.
#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    captures: String,
    when: String,
    version: &'static str,
    kind: &'static str,
    badge: String,
    lead: String,
    limits: Vec<String>,
    steps: Vec<PageStep>,
    to_do: Vec<String>,
    who: Vec<(String, String)>,
    picture: Option<Picture>,
    timeline: Option<Timeline>,
    findings: Vec<PageFinding>,
    more_findings: usize,
    rows: Vec<PageTalk>,
    total: String,
    zone: String,
    inputs: Vec<PageInput>,
    #[serde(skip)]
    pub(super) conversations: Vec<PageTalk>,
}

/// One of five steps of a sign-on.
#[derive(Serialize)]
struct PageStep {
    name: &'static str,
    state: &'static str,
    mark: &'static str,
    note: String,
}

#[derive(Serialize)]
struct PageFinding {
    rule: &'static str,
    severity: &'static str,
    title: String,
    explanation: String,
    sure: &'static str,
    extent: String,
    evidence: Vec<(String, String, String)>,
    remedy: Vec<String>,
    references: Vec<String>,
    filter: String,
}

/// A conversation as a row, and what can be unfolded of it.
#[derive(Serialize, Clone)]
pub(super) struct PageTalk {
    id: String,
    when: String,
    client: String,
    what: String,
    server: String,
    outcome: &'static str,
    words: &'static str,
    end: String,
    filter: String,
    said: Vec<String>,
}

#[derive(Serialize)]
struct PageInput {
    path: String,
    packets: String,
    from: String,
    duration: String,
    state: String,
}

/// Everything that the page says.
pub(super) fn page(report: Report<'_>, conclusion: &Conclusion, options: &ReportOptions) -> Page {
    let zone = &options.zone;
    let verdict = &conclusion.verdict;
    let finding = verdict.finding.and_then(|place| report.findings.get(place));
    let told = order(report.findings, verdict);
    let faulty = outcome::faulty(report);
    let known =
        report.analysis.conversations.iter().filter(|c| options.all || c.protocol.is_some() || faulty.contains(&c.id));
    let known: Vec<_> = known.map(|c| (c, outcome::of(c, &faulty))).collect();
    let times: Vec<_> = known.iter().map(|(c, outcome)| (c.start(), *outcome)).collect();
    let conversations: Vec<_> = known.iter().take(MOST).map(|(c, outcome)| talk(c, *outcome, zone)).collect();
    let story = finding.map(|finding| Story::of_finding(report, finding));
    let several_inputs = report.analysis.inputs.len() > 1;
    let (badge, lead, to_do) = brief::for_page(report, conclusion, zone);
    let first = report.analysis.inputs.iter().filter_map(|input| input.first).min();
    Page {
        title: shown(zone, &verdict.text),
        captures: captures(report),
        when: first.map(|first| zone.date_time(first)).unwrap_or_default(),
        version: VERSION,
        kind: kind(verdict.kind),
        badge,
        lead: shown(zone, &lead),
        limits: verdict.cautions.iter().map(|text| shown(zone, text)).collect(),
        steps: steps(report, conclusion, finding),
        to_do: to_do.iter().map(|text| shown(zone, text)).collect(),
        who: who(report, conclusion, finding, zone),
        picture: story.and_then(|story| picture::of(&story, several_inputs)),
        timeline: timeline::of(&times, zone),
        more_findings: told.len().saturating_sub(FINDINGS),
        findings: told
            .iter()
            .take(FINDINGS)
            .filter_map(|place| report.findings.get(*place))
            .map(|f| full(report, f, zone))
            .collect(),
        rows: conversations.iter().take(ROWS).cloned().collect(),
        total: count(known.len() as u64),
        zone: first.map(|first| zone.name(first)).unwrap_or_default(),
        inputs: inputs(report, zone),
        conversations,
    }
}

/// Without hidden characters, and with its times in the reader's zone.
fn shown(zone: &Zone, text: &str) -> String {
    escape::terminal(&zone.told_in(text)).into_owned()
}

const fn kind(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Fault | VerdictKind::Failed => "bad",
        VerdictKind::Works => "ok",
        VerdictKind::Undecided => "unsure",
        VerdictKind::Nothing => "dark",
    }
}

fn captures(report: Report<'_>) -> String {
    let analysis = report.analysis;
    match analysis.inputs.as_slice() {
        [one] => escape::terminal(&one.path).into_owned(),
        [] => counted(analysis.logs.len() as u64, "log"),
        several => counted(several.len() as u64, "capture"),
    }
}

/// How far the sign-on got, in the same five steps of every report.
fn steps(report: Report<'_>, conclusion: &Conclusion, finding: Option<&Finding>) -> Vec<PageStep> {
    let example = finding.and_then(|finding| report.conversations_of(finding).next());
    let works = conclusion.verdict.kind == VerdictKind::Works;
    let is_bad = kind(conclusion.verdict.kind) == "bad";
    let reached = works || example.is_some_and(|c| !matches!(c.setup, Setup::Refused | Setup::NoAnswer));
    let answered = works || example.is_some_and(|c| c.first_message(Side::Server).is_some());
    // Whoever connects has found an address.
    let found = works || example.is_some_and(|c| c.protocol.is_none_or(|protocol| protocol.name != "dns"));
    let passed = [found, reached, answered, works, works];
    let names = ["Name found", "Server reached", "Server answered", check(example), "Signed on"];
    let stopped = passed.iter().position(|passed| !passed).unwrap_or(names.len());
    let step = |(place, name): (usize, &'static str)| {
        let (state, mark) = match place {
            _ if place < stopped => ("good", "✓"),
            _ if place == stopped && is_bad => ("stop", "✗"),
            _ if is_bad => ("never", "–"),
            _ => ("never", "?"),
        };
        let note =
            if place == stopped && !works { if is_bad { "it stopped here" } else { "cannot be told" } } else { "" };
        PageStep { name, state, mark, note: note.to_owned() }
    };
    names.into_iter().enumerate().map(step).collect()
}

/// What is checked once a server has answered.
fn check(c: Option<&Conversation>) -> &'static str {
    match c.and_then(|c| c.protocol).map(|protocol| protocol.name) {
        Some("nrpc") => "Right server?",
        Some("tls") => "Certificate trusted?",
        Some("sametime" | "ldap") => "Name and password right?",
        _ => "Sign-on accepted?",
    }
}

fn who(report: Report<'_>, conclusion: &Conclusion, finding: Option<&Finding>, zone: &Zone) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Some(finding) = finding {
        let group = finding.group;
        if group.clients > 0 {
            rows.push(("Clients".to_owned(), count(group.clients)));
        }
        rows.push((
            "How often".to_owned(),
            if group.count == 1 { "once".to_owned() } else { counted(group.count, "time") },
        ));
        let times = [("First", group.first), ("Last", group.last.filter(|last| Some(*last) != group.first))];
        rows.extend(times.into_iter().filter_map(|(name, at)| at.map(|at| (name.to_owned(), zone.date_time(at)))));
        let users =
            ["user", "asked", "server_name", "server"].into_iter().zip(["User", "Asked for", "Answered", "Server"]);
        rows.extend(users.filter_map(|(fact, name)| {
            finding.facts.text(fact).map(|text| (name.to_owned(), escape::terminal(text).into_owned()))
        }));
        rows.push(("How sure".to_owned(), sure(finding).to_owned()));
    }
    let tried = &conclusion.verdict.tried;
    if !tried.is_empty() {
        rows.push(("Tried".to_owned(), shown(zone, tried)));
    }
    let unread: Vec<_> = report.analysis.inputs.iter().filter_map(|input| input.problem.as_deref()).take(3).collect();
    if !unread.is_empty() {
        rows.push(("Not read".to_owned(), shown(zone, &unread.join("; "))));
    }
    rows
}

const fn sure(finding: &Finding) -> &'static str {
    match finding.confidence {
        crate::model::Confidence::High => "proved by what was read",
        crate::model::Confidence::Medium => "likely: the pattern, and a fact beside it",
        crate::model::Confidence::Low => "possible: the pattern alone",
    }
}

fn full(report: Report<'_>, finding: &Finding, zone: &Zone) -> PageFinding {
    let place = |fact: &crate::model::Evidence| match (fact.line, fact.frame) {
        (Some(line), _) => {
            let log = report.analysis.logs.get(line.log as usize);
            (format!("{} line {}", log.map_or("", |log| log.name()), line.line), String::new())
        }
        (None, Some(frame)) => (
            frame.number.to_string(),
            if frame.input > 0 { format!("capture {}", frame.input + 1) } else { String::new() },
        ),
        (None, None) => ("not there".to_owned(), String::new()),
    };
    let evidence = finding.evidence.iter().take(FACTS).map(|fact| {
        let (at, input) = place(fact);
        (escape::terminal(&at).into_owned(), input, shown(zone, &fact.text))
    });
    PageFinding {
        rule: finding.rule.as_str(),
        severity: finding.severity.name(),
        title: shown(zone, &finding.title),
        explanation: shown(zone, &finding.explanation),
        sure: sure(finding),
        extent: finding.group.extent(),
        evidence: evidence.collect(),
        remedy: finding.remedy.iter().map(|text| shown(zone, text)).collect(),
        references: finding.references.iter().map(|text| shown(zone, text)).collect(),
        filter: escape::terminal(&filter::finding(report, finding)).into_owned(),
    }
}

fn talk(c: &Conversation, outcome: TalkOutcome, zone: &Zone) -> PageTalk {
    let said = c.messages.iter().filter_map(|message| {
        let from = if message.from == Side::Client { c.client.ip } else { c.server.ip };
        message.body.plainly().map(|text| escape::terminal(&format!("{from}: {text}")).into_owned())
    });
    let wanted = c.messages.iter().find_map(|message| message.body.asked());
    let what = c.protocol.map_or("unknown", |protocol| protocol.label);
    let what = if c.over_tls { format!("{what} over TLS") } else { what.to_owned() };
    PageTalk {
        id: c.id.to_string(),
        when: zone.precise(c.start()),
        client: c.client.ip.to_string(),
        what,
        server: escape::terminal(&wanted.map_or_else(|| c.server.to_string(), |name| format!("{name} ({})", c.server)))
            .into_owned(),
        outcome: outcome.key(),
        words: outcome.words(),
        end: super::super::table::ending(c),
        filter: filter::conversation(c),
        said: said.take(MESSAGES).collect(),
    }
}

fn inputs(report: Report<'_>, zone: &Zone) -> Vec<PageInput> {
    let row = |input: &crate::model::Input| PageInput {
        path: escape::terminal(&input.path).into_owned(),
        packets: count(input.packets),
        from: input.first.map(|at| zone.date_time(at)).unwrap_or_default(),
        duration: input
            .first
            .zip(input.last)
            .and_then(|(first, last)| last.lasted_since(first))
            .map(|span| lapse(span.as_secs_f64()))
            .unwrap_or_default(),
        state: match &input.problem {
            Some(problem) => escape::terminal(problem).into_owned(),
            None if input.complete => "✓ whole".to_owned(),
            None => "not read to its end".to_owned(),
        },
    };
    let logs = report.analysis.logs.iter().map(|log| PageInput {
        path: escape::terminal(&log.path).into_owned(),
        packets: counted(log.lines, "line"),
        from: String::new(),
        duration: String::new(),
        state: log.problem.as_deref().map_or_else(|| "✓ whole".to_owned(), |text| escape::terminal(text).into_owned()),
    });
    report.analysis.inputs.iter().take(ROWS).map(row).chain(logs.take(ROWS)).collect()
}
