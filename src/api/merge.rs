//! Several captures, one report.
//!
//! Each capture is analysed and judged by itself: what one of them shows says nothing of the time at which another
//! ends. Only then are they put together; frames already name their input, so only ids change.
//!
//! Logs stand beside every capture. What one of them says of no capture is said once, at the end.

use crate::diagnose::{
    CountedCauses, Judgement, Ledger, LoggedBeside, Settings, TestimonyId, Wishes, gather, judge_logs, judge_with,
    merge_counted, sort, verdict,
};
use crate::model::{
    Analysis, AttemptCounts, AttemptKind, CaptureFacts, CaptureOutcome, ClockPlacement, ConversationId, Endpoint,
    Finding, Log, LogClock, Totals,
};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// Captures and findings so far, as one report has them.
#[derive(Default)]
pub(super) struct MergedCaptures {
    pub(super) analysis: Analysis,
    pub(super) findings: Vec<Finding>,
    /// What was wanted in any of them.
    pub(super) wishes: Wishes,
    /// What each of them comes to by itself.
    pub(super) outcomes: Vec<CaptureOutcome>,
    /// What came of attempts, counted.
    pub(super) attempts: AttemptTotals,
    /// Findings that were counted and let go.
    counted: CountedCauses,
    /// The first conversation of each capture but the first.
    later: Vec<ConversationId>,
    logs: Vec<Log>,
    /// Testimonies of logs that went into findings about packets.
    joined: HashSet<TestimonyId>,
    /// What of the attempts in logs captures show, too, and what falls into their time.
    beside: LoggedBeside,
    /// How the times of each log were placed, by the first capture that could tell.
    clocks: Vec<LogClock>,
    /// Conversations that have a number, kept or let go.
    numbered: u32,
}

/// A capture that was read, and what is said of it if it was judged.
pub(super) struct JudgedCapture {
    analysis: Analysis,
    /// What was judged of it before and let go.
    ledger: Ledger,
    judgement: Option<Judgement>,
}

impl JudgedCapture {
    /// It was read: it is judged when it is put together with others, beside the logs.
    pub(super) const fn read(analysis: Analysis, ledger: Ledger) -> Self {
        Self { analysis, ledger, judgement: None }
    }

    /// Judges it where no logs stand beside it.
    pub(super) fn judged(mut self, settings: &Settings) -> Self {
        self.judgement = Some(judge_with(&self.analysis, settings, &self.ledger));
        self
    }
}

impl MergedCaptures {
    /// Nothing yet; these logs stand beside every capture that comes.
    pub(super) fn with_logs(logs: Vec<Log>) -> Self {
        Self { logs, ..Self::default() }
    }

    /// Judges a capture beside the logs, unless that was done where there are none, and adds it.
    pub(super) fn take(&mut self, capture: JudgedCapture, settings: &Settings) {
        let JudgedCapture { analysis: mut next, ledger, judgement } = capture;
        let judgement = judgement.unwrap_or_else(|| {
            next.logs = std::mem::take(&mut self.logs);
            let judgement = judge_with(&next, settings, &ledger);
            self.logs = std::mem::take(&mut next.logs);
            judgement
        });
        self.joined.extend(judgement.joined);
        self.beside.add(judgement.beside);
        self.compare_clocks(judgement.clocks);
        self.outcomes.push(self.outcome(&next, &judgement.findings, &judgement.wishes));
        self.wishes.add(judgement.wishes);
        next.totals.set_aside = judgement.set_aside;
        self.attempts.add(judgement.attempts);
        merge_counted(&mut self.counted, ledger.counted());
        self.add(next, judgement.findings);
    }

    /// What a capture comes to whose files come after those that are here.
    fn outcome(&self, next: &Analysis, findings: &[Finding], wishes: &Wishes) -> CaptureOutcome {
        let alone = verdict(next, findings, wishes);
        let finding = alone.finding.and_then(|place| findings.get(place));
        let before = self.analysis.inputs.len();
        CaptureOutcome {
            inputs: before..before + next.inputs.len(),
            kind: alone.kind,
            tried: wishes.tried(),
            failed: wishes.lost(),
            finding: finding.map(|finding| (finding.rule, finding.title.clone())),
        }
    }

    /// Joins findings of one cause, whichever capture shows it, and adds what the logs say for themselves, and the logs.
    pub(super) fn settle(&mut self, settings: &Settings) {
        sort(&mut self.findings);
        self.findings = gather(std::mem::take(&mut self.findings), &self.analysis, &self.later, &self.counted);
        let alone = Analysis { logs: std::mem::take(&mut self.logs), ..Analysis::default() };
        if !alone.logs.is_empty() {
            let beside = (!self.analysis.inputs.is_empty()).then_some(&self.beside);
            let mut heard = judge_logs(&alone, settings, &self.joined, beside, &self.findings);
            self.findings.append(&mut heard.findings);
            self.wishes.add(heard.wishes);
            self.attempts.add(heard.attempts);
            sort(&mut self.findings);
        }
        self.analysis.logs = alone.logs;
        for (log, clock) in self.analysis.logs.iter_mut().zip(self.clocks.drain(..)) {
            log.clock = clock;
        }
    }

    fn compare_clocks(&mut self, clocks: Vec<LogClock>) {
        let open = |clock: &LogClock| clock.placed == ClockPlacement::No || clock.order_guessed;
        self.clocks.resize(clocks.len(), LogClock { order_guessed: true, ..LogClock::default() });
        for (known, clock) in self.clocks.iter_mut().zip(clocks) {
            if open(known) && (!open(&clock) || known.why.is_empty()) {
                *known = clock;
            }
        }
    }

    /// Adds a capture whose frames come after those of the captures before it.
    pub(super) fn add(&mut self, mut next: Analysis, mut findings: Vec<Finding>) {
        let before = self.numbered;
        next.number_among_all(&mut findings, before);
        let kept = u32::try_from(next.conversations.len()).unwrap_or(u32::MAX);
        self.numbered = before.saturating_add(kept).saturating_add(next.facts.let_go.conversations);
        if !self.analysis.inputs.is_empty() {
            self.later.push(ConversationId::new(before));
        }
        self.findings.append(&mut findings);
        let all = &mut self.analysis;
        all.inputs.append(&mut next.inputs);
        if all.conversations.is_empty() {
            all.conversations = next.conversations;
        } else {
            all.conversations.append(&mut next.conversations);
        }
        all.end = all.end.max(next.end);
        add_totals(&mut all.totals, next.totals);
        add_facts(&mut all.facts, next.facts);
    }
}

/// Kind, server, log, and name that was asked for.
type AttemptRow = (AttemptKind, Option<Endpoint>, Option<String>, Option<String>);

/// One row for each kind, server and name, whichever capture shows it, in the order of the first of each.
#[derive(Default)]
pub(super) struct AttemptTotals {
    pub(super) rows: Vec<AttemptCounts>,
    places: HashMap<AttemptRow, usize>,
}

impl AttemptTotals {
    fn add(&mut self, next: Vec<AttemptCounts>) {
        for counts in next {
            let key = (counts.kind, counts.server, counts.log.clone(), counts.asked.clone());
            let place = *self.places.entry(key).or_insert(self.rows.len());
            match self.rows.get_mut(place) {
                Some(row) => row.add(&counts),
                None => self.rows.push(counts),
            }
        }
    }
}

fn add_totals(all: &mut Totals, next: Totals) {
    all.packets = all.packets.saturating_add(next.packets);
    all.bytes = all.bytes.saturating_add(next.bytes);
    all.tcp_conversations = all.tcp_conversations.saturating_add(next.tcp_conversations);
    all.udp_conversations = all.udp_conversations.saturating_add(next.udp_conversations);
    add_counts(&mut all.undecoded, next.undecoded);
    add_counts(&mut all.messages, next.messages);
    add_counts(&mut all.passed_over, next.passed_over);
    add_counts(&mut all.set_aside, next.set_aside);
    all.other_files = all.other_files.saturating_add(next.other_files);
}

fn add_counts(all: &mut BTreeMap<&'static str, u64>, next: BTreeMap<&'static str, u64>) {
    for (reason, number) in next {
        let count = all.entry(reason).or_default();
        *count = count.saturating_add(number);
    }
}

fn add_facts(all: &mut CaptureFacts, next: CaptureFacts) {
    all.icmp_errors.extend(next.icmp_errors);
    for (address, host) in next.hosts {
        all.hosts.entry(address).or_insert(host);
    }
    all.cut_frames = all.cut_frames.saturating_add(next.cut_frames);
    all.first_cut = all.first_cut.or(next.first_cut);
    all.fragments_lost = all.fragments_lost.saturating_add(next.fragments_lost);
    all.evicted = all.evicted.saturating_add(next.evicted);
    all.clock.older_frames = all.clock.older_frames.saturating_add(next.clock.older_frames);
    all.clock.first = all.clock.first.or(next.clock.first);
    all.clock.steps.extend(next.clock.steps);
    all.datagrams.extend(next.datagrams);
    all.datagrams_left_out = all.datagrams_left_out.saturating_add(next.datagrams_left_out);
    all.datagram_ports_cut.extend(next.datagram_ports_cut);
    all.failed.extend(next.failed);
    all.failed_left_out = all.failed_left_out.saturating_add(next.failed_left_out);
    all.let_go.add(next.let_go);
}

#[cfg(test)]
mod tests {
    use super::{JudgedCapture, MergedCaptures};
    use crate::diagnose::{Ledger, Settings, diagnose};
    use crate::engine::{Options, Pipeline};
    use crate::model::{
        Analysis, AttemptKind, Endpoint, FailedConnection, FailedConnections, Finding, FrameRef, Setup, Severity, Stamp,
    };
    use nrpcsniff_samples::stories;

    /// A refused alias, as input `index`.
    fn analysed(index: u32) -> (Analysis, Vec<Finding>) {
        let sample = stories::all().find(|sample| sample.file_name().starts_with("nrpc-alias.")).unwrap();
        let stream = std::io::Cursor::new(sample.bytes());
        let mut reader = crate::capture::Reader::from_reader("sample", stream).unwrap();
        let mut pipeline = Pipeline::new(Options::default());
        while let Some(frame) = reader.next(index) {
            pipeline.frame(&frame);
        }
        let analysis = pipeline.finish(vec![reader.into_input()]);
        let findings = diagnose(&analysis, &Settings::default());
        (analysis, findings)
    }

    #[test]
    fn ids_go_on_and_totals_add_up() {
        let (one, findings) = analysed(0);
        let mut merged = MergedCaptures::default();
        merged.add(one.clone(), findings.clone());
        let (two, more) = analysed(1);
        merged.add(two, more);
        assert_eq!(merged.findings.len(), findings.len() * 2);
        let all = &merged.analysis;
        assert_eq!(all.inputs.len(), 2);
        assert_eq!(all.totals.packets, one.totals.packets * 2);
        assert_eq!(all.totals.messages["nrpc"], one.totals.messages["nrpc"] * 2);
        assert!(all.conversations.iter().zip(0..).all(|(c, number)| c.id == number));
        for finding in &merged.findings {
            let inputs: Vec<_> = finding.frames.iter().map(|frame| frame.input).collect();
            let named = &all.conversations[finding.conversations[0].index()];
            assert!(inputs.iter().all(|&input| input == named.first.frame.input), "{finding:?}");
        }
    }

    /// One alias, two captures of the same client: one finding, and nobody is counted twice as a client.
    #[test]
    fn one_cause_in_two_captures_is_one_finding() {
        let mut merged = MergedCaptures::default();
        let (one, _) = analysed(0);
        merged.take(JudgedCapture::read(one, Ledger::default()), &Settings::default());
        let (two, _) = analysed(1);
        merged.take(JudgedCapture::read(two, Ledger::default()), &Settings::default());
        merged.settle(&Settings::default());
        let [finding] = merged.findings.as_slice() else { panic!("{:#?}", merged.findings) };
        let group = finding.group;
        assert_eq!((group.count, group.clients, group.captures), (4, 1, 2));
        assert!(finding.title.ends_with("(4 times in 2 captures)"), "{}", finding.title);
        assert!(finding.explanation.contains("It is in 2 captures"), "{}", finding.explanation);
        assert!(finding.frames.iter().any(|frame| frame.input == 0) && finding.frames.iter().any(|f| f.input == 1));
        let opened = merged.attempts.rows.iter().find(|row| row.kind == AttemptKind::NrpcOpen).unwrap();
        assert_eq!((opened.refused, opened.clients), (4, 1));
    }

    #[test]
    fn failed_connections_of_all_captures_are_kept() {
        let (mut one, _) = analysed(0);
        let at = |number| Stamp { frame: FrameRef { input: 0, number }, ..Stamp::default() };
        let end = Endpoint { ip: [10, 1, 0, 9].into(), port: 9 };
        let attempt = FailedConnection { syn: at(1), reset: Some(at(2)) };
        let (setup, client) = (Setup::Refused, end.ip);
        one.facts.failed =
            vec![FailedConnections { client, server: end, setup, first: attempt, last: attempt, count: 3 }];
        one.facts.failed_left_out = 2;
        let mut merged = MergedCaptures::default();
        merged.add(one.clone(), Vec::new());
        merged.add(one, Vec::new());
        let facts = &merged.analysis.facts;
        assert_eq!((facts.failed.len(), facts.failed_left_out), (2, 4));
    }

    #[test]
    fn the_worst_comes_first() {
        let (one, findings) = analysed(0);
        let mut mild = findings.clone();
        mild[0].severity = Severity::Info;
        let mut merged = MergedCaptures::default();
        merged.add(one.clone(), mild);
        merged.add(one, findings);
        merged.settle(&Settings::default());
        assert!(merged.findings.is_sorted_by(|a, b| a.severity >= b.severity));
        assert_eq!(merged.findings[0].severity, Severity::Blocker);
    }

    /// The same login refused, and a trace of the server in which it stands together with another one.
    #[test]
    fn what_a_log_says_is_said_once() {
        use crate::testing::logs::{SOME_TIME, is_of_both, lines, log_with_offset, not_verified};
        use crate::testing::tokens::{ANN, BOB, PC, chat_refused};
        let capture = |user| {
            let net = nrpcsniff_samples::Network::new();
            chat_refused(&net, PC, user, &["opaque"], 0x8000_0015);
            (crate::testing::analysis(&net.to_pcapng()), net.now())
        };
        let (one, at) = capture(ANN);
        let text = not_verified(at, ANN) + &not_verified(SOME_TIME, "CN=Eve/O=ACME");
        let mut merged = MergedCaptures::with_logs(vec![log_with_offset("st.txt", &text, 0)]);
        merged.take(JudgedCapture::read(one, Ledger::default()), &Settings::default());
        merged.take(JudgedCapture::read(capture(BOB).0, Ledger::default()), &Settings::default());
        merged.take(JudgedCapture::read(capture(BOB).0, Ledger::default()), &Settings::default());
        merged.settle(&Settings::default());
        assert_eq!(merged.findings.len(), 2, "{:#?}", merged.findings);
        assert_eq!(merged.findings[0].group.captures, 3);
        let lines_of_both: Vec<_> = merged.findings.iter().filter(|finding| is_of_both(finding)).map(lines).collect();
        assert_eq!(lines_of_both, [[1, 4, 6]], "the capture of the same login alone");
        let alone: Vec<_> = merged.findings.iter().filter(|finding| finding.frames.is_empty()).map(lines).collect();
        assert_eq!(alone, [[7, 10, 12]], "the other login, once for all captures");
        assert_eq!(merged.analysis.logs.len(), 1);
    }

    #[test]
    fn the_clock_is_that_of_the_capture_that_tells() {
        use crate::model::ClockPlacement;
        use crate::testing::logs::{log, not_verified};
        use crate::testing::tokens::{ANN, BOB, PC, chat_refused};
        let mut merged = MergedCaptures::default();
        for user in [BOB, ANN, BOB] {
            let net = nrpcsniff_samples::Network::new();
            chat_refused(&net, PC, user, &["opaque"], 0x8000_0015);
            if merged.logs.is_empty() {
                merged =
                    MergedCaptures::with_logs(vec![log("st.txt", &not_verified(net.now() + 3_600_000_000_000, ANN))]);
            }
            merged.take(
                JudgedCapture::read(crate::testing::analysis(&net.to_pcapng()), Ledger::default()),
                &Settings::default(),
            );
        }
        merged.settle(&Settings::default());
        let clock = &merged.analysis.logs[0].clock;
        assert_eq!(clock.placed, ClockPlacement::Anchor);
        assert!(clock.why.contains("the user whose login is refused in line 6"), "{}", clock.why);
    }
}
