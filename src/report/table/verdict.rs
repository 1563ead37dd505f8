//! The first thing to read: what is wrong, or how far "nothing found" can be trusted.

use super::super::text::{capitalised, clip, count, counted, wrap};
use super::{TableContext, is_about_the_capture};
use crate::model::{Close, Conversation, Finding, PerSide, Setup, Severity};
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};
use std::io::{self, Write};

const NO_PACKETS: &str = "Nothing can be said: there are no packets in the capture.";
const NOTHING_LOGGED: &str = "No fault is told by the log.";
const NONE_MATCHED: &str = "Nothing can be said: no packet matched the filter.";
const WHERE_TO_LOOK: &[&str] = &[
    "Was the capture taken where these packets pass (interface, mirror port, the client itself)?",
    "Did the failed attempt fall into the time of the capture?",
    "Does the server listen on another port, and the capture begin late? Then: --decode-as 'tcp.port==PORT,nrpc'.",
    "Is it inside TLS (HTTPS, SIP over TLS)? Then give a key log or a key (cap-encrypted says which helps), or capture where it is in \
     clear, behind the proxy or on the server.",
    "What was seen instead: --detail conversations --all.",
];
const NOT_PROVED: &str = "Not found does not mean not there: only what the capture holds and the rules know was judged \
                          (nrpcsniff rules lists them).";

/// Writes the verdict. Notes about the capture are no verdict, because a session may work all the same.
pub(super) fn write(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let judged: Vec<_> = context.report.findings.iter().filter(|f| !is_about_the_capture(f)).collect();
    let label = context.paint.bold("VERDICT");
    // Findings come in order: the most severe first, and of those the cause that lies deepest.
    let worst = judged.first();
    if let Some(worst) = worst.filter(|f| f.severity >= Severity::Major) {
        let title = wrap(&worst.title, &" ".repeat(9), context.width);
        writeln!(out, "{label}  {}\n", title.trim_start())?;
        return writeln!(out, "{}\n", wrap(&tally(&judged), &" ".repeat(9), context.width));
    }
    let survey = SignOnSurvey::of(context);
    let analysis = context.report.analysis;
    let text = match (survey.all, judged.len() as u64) {
        (0, 0) if analysis.inputs.is_empty() => format!("{NOTHING_LOGGED} {}", logs(context)),
        (0, 0) if analysis.inputs.iter().all(|input| input.packets == 0) => NO_PACKETS.to_owned(),
        (0, 0) if analysis.totals.packets == 0 => NONE_MATCHED.to_owned(),
        (0, 0) => not_seen(),
        (_, 0) => format!("No fault found in {}. {}", survey.conversations(), survey.success()),
        (_, _) => format!("Nothing that stops a session was found. {}", tally(&judged)),
    };
    writeln!(out, "{label}  {}\n", wrap(&text, &" ".repeat(9), context.width).trim_start())?;
    let lines = if analysis.inputs.is_empty() {
        log_caveats(context)
    } else if survey.all == 0 && judged.is_empty() {
        WHERE_TO_LOOK.iter().map(|&line| line.to_owned()).collect()
    } else {
        survey.caveats()
    };
    lines.iter().try_for_each(|line| writeln!(out, "{}", wrap(line, "  - ", context.width)))?;
    writeln!(out)
}

/// "12 of 340 lines are about sign-on."
fn logs(context: TableContext<'_>) -> String {
    let logs = &context.report.analysis.logs;
    let facts: u64 = logs.iter().map(|log| (log.facts.len() as u64).saturating_add(log.facts_left_out)).sum();
    let lines: u64 = logs.iter().map(|log| log.lines).sum();
    format!(
        "{} of {} about sign-on.",
        count(facts),
        if lines == 1 { "1 line is".to_owned() } else { format!("{} lines are", count(lines)) }
    )
}

/// Limits of a verdict on logs alone.
fn log_caveats(context: TableContext<'_>) -> Vec<String> {
    let logs = &context.report.analysis.logs;
    let unknown: u64 = logs.iter().map(|log| log.not_understood).sum();
    let mut caveats =
        vec!["Logs alone: without a capture of the same time, what was said on the wire is not known.".to_owned()];
    if unknown > 0 {
        caveats.push(format!("{} of no known form: not looked at.", counted(unknown, "line")));
    }
    caveats.push(NOT_PROVED.to_owned());
    caveats
}

/// `2 findings: 1 blocker, 1 info.`
fn tally(findings: &[&Finding]) -> String {
    let severities = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Info];
    let parts: Vec<_> = severities
        .into_iter()
        .map(|severity| (findings.iter().filter(|f| f.severity == severity).count(), severity.name()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    format!("{}: {}.", counted(findings.len() as u64, "finding"), parts.join(", "))
}

/// "No sign-on was seen: no conversation with NRPC, SIP, HTTP or Sametime content that can be read."
fn not_seen() -> String {
    let labels: Vec<_> = PROTOCOLS.iter().filter(|p| p.sign_on.is_some()).map(|p| p.label).collect();
    let (last, others) = labels.split_last().unwrap_or((&"", &[]));
    format!("No sign-on was seen: no conversation with {} or {last} content that can be read.", others.join(", "))
}

/// How much of the sign-on in the capture could be judged at all.
#[derive(Default)]
struct SignOnSurvey {
    all: u64,
    /// By protocol, in the order of [`PROTOCOLS`].
    of: Vec<ProtocolCount>,
    no_answer: u64,
    refused: u64,
    silent: u64,
    midstream: u64,
    open: u64,
    opaque: u64,
    holes: u64,
    given_up: u64,
    unknown: u64,
    example: Option<String>,
}

/// One protocol's share of it.
struct ProtocolCount {
    protocol: &'static Protocol,
    /// The success of that protocol, in words.
    success: &'static str,
    /// Conversations of that protocol.
    all: u64,
    /// Conversations that went well.
    well: u64,
}

impl SignOnSurvey {
    fn of(context: TableContext<'_>) -> Self {
        let share = |protocol: &&'static Protocol| {
            protocol.sign_on.map(|sign_on| ProtocolCount { protocol, success: sign_on.success, all: 0, well: 0 })
        };
        let mut survey = Self { of: PROTOCOLS.iter().filter_map(share).collect(), ..Self::default() };
        for c in &context.report.analysis.conversations {
            survey.add(c);
        }
        survey.unknown = context.report.analysis.totals.passed_over.values().sum();
        survey
    }

    fn add(&mut self, c: &Conversation) {
        let spoken = c.spoken();
        let Some(share) = self.of.iter_mut().find(|share| spoken == Some(share.protocol)) else { return };
        share.all += 1;
        share.well += u64::from(c.went_well());
        let connected = !matches!(c.setup, Setup::NoAnswer | Setup::Refused);
        let silent = connected && c.bytes == PerSide::default();
        self.all += 1;
        self.no_answer += u64::from(c.setup == Setup::NoAnswer);
        self.refused += u64::from(c.setup == Setup::Refused);
        self.silent += u64::from(silent);
        self.midstream += u64::from(c.setup == Setup::Midstream);
        self.open += u64::from(connected && c.teardown.how == Close::Open);
        self.opaque += u64::from(connected && !silent && is_opaque(c));
        self.holes += u64::from(has_holes(c));
        self.given_up += u64::from(c.given_up.is_some());
        if self.example.is_none() {
            self.example = c.given_up.map(|reason| clip(reason, 60));
        }
    }

    /// "2 NRPC conversations", "1 NRPC and 3 SIP conversations".
    fn conversations(&self) -> String {
        let seen: Vec<_> = self.seen().map(|share| (share.protocol.label, share.all)).collect();
        match seen.as_slice() {
            [(name, all)] => counted(*all, &format!("{name} conversation")),
            [first @ .., (name, all)] => {
                let first: Vec<_> = first.iter().map(|(name, all)| format!("{} {name}", count(*all))).collect();
                format!("{} and {}", first.join(", "), counted(*all, &format!("{name} conversation")))
            }
            [] => String::new(),
        }
    }

    /// Successes by protocol, in words.
    fn success(&self) -> String {
        let alone = self.seen().count() == 1;
        let sentence = |&ProtocolCount { protocol, success, all, well }: &ProtocolCount| {
            let of = if alone { String::new() } else { format!("{}: ", protocol.label) };
            let text = match well {
                0 if all == 1 => format!("it was not seen that {success}."),
                0 => format!("in none of them was it seen that {success}."),
                well if well == all => format!("{success}."),
                well => format!("in {} of {} {success}.", count(well), count(all)),
            };
            if alone { capitalised(&text) } else { format!("{of}{text}") }
        };
        self.seen().map(sentence).collect::<Vec<_>>().join(" ")
    }

    /// Protocols of which there are conversations.
    fn seen(&self) -> impl Iterator<Item = &ProtocolCount> {
        self.of.iter().filter(|share| share.all > 0)
    }

    /// One line for everything that limits the verdict.
    fn caveats(&self) -> Vec<String> {
        let why = self.example.as_deref().unwrap_or_default();
        let lines = [
            (self.no_answer, "never connected: nothing answered the SYN".to_owned()),
            (self.refused, "never connected: the SYN was answered by RST".to_owned()),
            (self.midstream, "already under way when the capture began: how it opened was not seen".to_owned()),
            (self.open, "still open when the capture ends: the capture ends before the session does".to_owned()),
            (
                self.opaque,
                "encrypted, compressed or unknown for the most part: what was said there was not judged".to_owned(),
            ),
            (self.silent, "without any data: somebody connected and said nothing that was captured".to_owned()),
            (self.holes, "with bytes missing from the capture or cut off by its snap length".to_owned()),
            (self.given_up, format!("not followed to the end because a limit was reached ({why})")),
        ];
        let mut caveats: Vec<_> = lines
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, text)| format!("{} of {}: {text}.", count(number), count(self.all)))
            .collect();
        if self.unknown > 0 {
            caveats.push(format!(
                "{} of other or unknown protocols: not looked at.",
                counted(self.unknown, "conversation")
            ));
        }
        caveats.push(NOT_PROVED.to_owned());
        caveats
    }
}

/// Half of the messages, or of the bytes, and more cannot be read.
fn is_opaque(c: &Conversation) -> bool {
    let opaque = c.messages.iter().filter(|m| m.body.kind().ends_with(".opaque")).count();
    if c.protocol.is_some_and(|protocol| protocol.has_bodies) {
        return false;
    }
    let undissected = c.undissected.client.saturating_add(c.undissected.server);
    opaque * 2 >= c.messages.len() || undissected.saturating_mul(2) >= c.bytes.client.saturating_add(c.bytes.server)
}

fn has_holes(c: &Conversation) -> bool {
    c.quality.gaps > 0 || c.tcp.cut_frames > 0 || c.tcp.acked_unseen != PerSide::default()
}
