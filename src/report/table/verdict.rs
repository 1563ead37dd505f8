//! The first thing to read: what is wrong, or how far "nothing found" can be trusted.

use super::super::text::{clip, count, counted, wrap};
use super::{Sheet, is_about_the_capture};
use crate::model::{Close, Conversation, Finding, PerSide, Setup, Severity};
use std::io::{self, Write};

const NOT_SEEN: &str = "No NRPC was seen: no conversation with Notes or Domino content, and none on TCP port 1352.";
const NO_PACKETS: &str = "Nothing can be said: there are no packets in the capture.";
const NONE_MATCHED: &str = "Nothing can be said: no packet matched the filter.";
const WHERE_TO_LOOK: &[&str] = &[
    "Was the capture taken where these packets pass (interface, mirror port, the client itself)?",
    "Did the failed attempt fall into the time of the capture?",
    "Does the server listen on another port? Then: --decode-as 'tcp.port==PORT,nrpc'.",
    "What was seen instead: --detail conversations --all.",
];
const NOT_PROVED: &str = "Not found does not mean not there: only what the capture holds and the rules know was judged \
                          (nrpcsniff rules lists them).";

/// Writes the verdict.
pub(super) fn write(sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let judged: Vec<_> = sheet.report.findings.iter().filter(|f| !is_about_the_capture(f.rule)).collect();
    let label = sheet.paint.bold("VERDICT");
    // Findings come in order: the most severe first, and of those the cause that lies deepest.
    let worst = judged.first();
    if let Some(worst) = worst.filter(|f| f.severity >= Severity::Major) {
        let title = wrap(&worst.title, &" ".repeat(9), sheet.width);
        writeln!(out, "{label}  {}\n", title.trim_start())?;
        return writeln!(out, "{}\n", wrap(&tally(&judged), &" ".repeat(9), sheet.width));
    }
    let survey = Survey::of(sheet);
    let analysis = sheet.report.analysis;
    let text = match (survey.nrpc, judged.len() as u64) {
        (0, 0) if analysis.inputs.iter().all(|input| input.packets == 0) => NO_PACKETS.to_owned(),
        (0, 0) if analysis.totals.packets == 0 => NONE_MATCHED.to_owned(),
        (0, 0) => NOT_SEEN.to_owned(),
        (nrpc, 0) => format!("No fault found in {}. {}", counted(nrpc, "NRPC conversation"), survey.success()),
        (_, _) => format!("Nothing that stops a session was found. {}", tally(&judged)),
    };
    writeln!(out, "{label}  {}\n", wrap(&text, &" ".repeat(9), sheet.width).trim_start())?;
    let lines = if survey.nrpc == 0 && judged.is_empty() {
        WHERE_TO_LOOK.iter().map(|&line| line.to_owned()).collect()
    } else {
        survey.caveats()
    };
    lines.iter().try_for_each(|line| writeln!(out, "{}", wrap(line, "  - ", sheet.width)))?;
    writeln!(out)
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

/// How much of the NRPC in the capture could be judged at all.
#[derive(Default)]
struct Survey {
    nrpc: u64,
    went_on: u64,
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

impl Survey {
    fn of(sheet: Sheet<'_>) -> Self {
        let mut survey = Self::default();
        for c in &sheet.report.analysis.conversations {
            if c.protocol == "nrpc" {
                survey.add(c);
            }
        }
        survey.unknown = sheet.report.analysis.totals.passed_over.values().sum();
        survey
    }

    fn add(&mut self, c: &Conversation) {
        let connected = !matches!(c.setup, Setup::NoAnswer | Setup::Refused);
        let silent = connected && c.bytes == PerSide::default();
        self.nrpc += 1;
        self.went_on += u64::from(c.messages_seen.client >= 2 && c.messages_seen.server >= 1);
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

    /// What speaks for it: the client accepted the server's answer and went on.
    fn success(&self) -> String {
        match self.went_on {
            0 if self.nrpc == 1 => "But the client was not seen to go on after the server's first answer.".to_owned(),
            0 => "But in none of them was the client seen to go on after the server's first answer.".to_owned(),
            all if all == self.nrpc => "The client went on after the server's first answer.".to_owned(),
            some => format!("In {} of them the client went on after the server's first answer.", count(some)),
        }
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
            .map(|(number, text)| format!("{} of {}: {text}.", count(number), count(self.nrpc)))
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
    let undissected = c.undissected.client.saturating_add(c.undissected.server);
    opaque * 2 >= c.messages.len() || undissected.saturating_mul(2) >= c.bytes.client.saturating_add(c.bytes.server)
}

fn has_holes(c: &Conversation) -> bool {
    c.quality.gaps > 0 || c.tcp.cut_frames > 0 || c.tcp.acked_unseen != PerSide::default()
}
