//! What was told already: a finding is told once, again only for clients that it did not hold for, or if it got worse,
//! and taken back if what came since does not bear it out.
//!
//! Rules judge everything in view each time, so the same fact is found again and again. Two findings are the same if they
//! are of the same rule and share a conversation, or, where they name none, a frame; those that name neither are about
//! the capture, and there is one for each rule. A finding is told once it has stood for a moment ([`SETTLES`]): packets that
//! arrive together, or in the wrong order, do not make it come and go.

use crate::model::{Analysis, Conversation, ConversationId, Finding, FrameRef, Severity, Span, Timestamp, Transport};
use crate::report::stream::FindingChange;
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// How long a finding must have stood before it is told, in nanoseconds of packet time: longer than packets overtake each
/// other, and too short for anybody who watches to wait.
const SETTLES: Span = Span::from_millis(300);
/// Findings that are remembered, so that memory is bounded. The oldest make room, and would be told anew.
const REMEMBERED: usize = 4096;
/// Frames of a finding that are remembered to know it again where it names no conversation; bounds memory.
const FRAMES: usize = 1024;

/// A conversation, by what does not change while others come and go (its id in a snapshot does).
pub(super) type ConversationKey = (Transport, u32);

/// The key of a conversation.
pub(super) fn conversation_key(conversation: &Conversation) -> ConversationKey {
    (conversation.transport, conversation.stream)
}

/// Update of a finding that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FindingUpdate {
    /// The finding, as it is now; as it was told last if it is taken back.
    pub finding: Finding,
    /// The number that it keeps.
    pub number: u64,
    /// Change that makes it worth a line.
    pub change: FindingChange,
}

/// Findings that stand or stood.
#[derive(Debug, Default)]
pub(super) struct FindingTracker {
    tracked: Vec<TrackedFinding>,
    /// The number of the finding that was told last; they count from 1.
    last_number: u64,
}

/// A finding that stands or stood.
#[derive(Debug)]
struct TrackedFinding {
    /// 0 until it is told.
    number: u64,
    finding: Finding,
    conversations: HashSet<ConversationKey>,
    frames: HashSet<FrameRef>,
    /// Clients, with the time since which it holds for them; none for those that were told.
    clients: HashMap<IpAddr, Option<Timestamp>>,
    /// Since when it stands.
    since: Timestamp,
    /// The severity that was told.
    severity: Severity,
    /// It is among the findings of this look.
    stands: bool,
    /// A conversation that it rests on was let go: that it does not stand any longer means nothing.
    lost_evidence: bool,
}

impl FindingTracker {
    /// Takes the findings of a look at the analysis, and gives what is to be told; `at_once` if no other look follows.
    pub(super) fn update(&mut self, analysis: &Analysis, findings: &[Finding], at_once: bool) -> Vec<FindingUpdate> {
        let now = analysis.end.unwrap_or_default();
        self.tracked.iter_mut().for_each(|entry| entry.stands = false);
        for finding in findings {
            self.note(analysis, finding, now);
        }
        let mut updates = Vec::new();
        for entry in self.tracked.iter_mut().filter(|entry| entry.stands) {
            updates.extend(entry.announce(now, at_once, &mut self.last_number));
        }
        updates.extend(self.withdraw(analysis));
        self.make_room();
        updates
    }

    /// A finding stands that was not told yet, or not for all its clients: a look is due when it has [settled](SETTLES).
    pub(super) fn is_waiting(&self) -> bool {
        self.tracked.iter().any(TrackedFinding::is_waiting)
    }

    /// These conversations, and everything that happened before that time, were let go.
    pub(super) fn forget(&mut self, conversations: &HashSet<ConversationKey>, before: Timestamp) {
        for entry in &mut self.tracked {
            let count = entry.conversations.len();
            entry.conversations.retain(|key| !conversations.contains(key));
            let of_old = entry.conversations.is_empty() && entry.since < before;
            entry.lost_evidence |= entry.conversations.len() < count || of_old;
        }
        self.tracked.retain(|entry| entry.stands || !entry.lost_evidence);
    }

    /// Takes a finding for one that is tracked, or begins to track it. Each tracked finding is taken once a look, for two
    /// findings of one rule that share a conversation are two.
    fn note(&mut self, analysis: &Analysis, finding: &Finding, now: Timestamp) {
        let of = |id: &ConversationId| analysis.conversations.get(id.index());
        let conversations: HashSet<ConversationKey> =
            finding.conversations.iter().filter_map(of).map(conversation_key).collect();
        let same = |entry: &&mut TrackedFinding| !entry.stands && entry.is_same(finding, &conversations);
        let entry = if let Some(entry) = self.tracked.iter_mut().find(same) {
            entry
        } else {
            self.tracked.push(TrackedFinding::new(finding, now));
            let Some(entry) = self.tracked.last_mut() else { return };
            entry
        };
        entry.stands = true;
        entry.finding = finding.clone();
        entry.conversations.extend(conversations);
        if entry.frames.len() < FRAMES {
            entry.frames.extend(finding.frames.iter().copied());
        }
        for conversation in finding.conversations.iter().filter_map(of) {
            entry.clients.entry(conversation.client.ip).or_insert(Some(now));
        }
    }

    /// Takes back findings that do not stand any longer, though nothing that they rest on was let go. Not those that another
    /// one explains or took in by now: their fact is still told.
    fn withdraw(&mut self, analysis: &Analysis) -> Vec<FindingUpdate> {
        let (standing, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.tracked).into_iter().partition(|entry| entry.stands);
        let is_explained = |gone: &TrackedFinding| {
            let (rule, conversations) = (gone.finding.rule, &gone.conversations);
            let explains = |entry: &TrackedFinding| entry.finding.rule == rule || entry.finding.also.contains(&rule);
            standing.iter().any(|entry| explains(entry) && entry.meets(conversations))
        };
        let mut updates = Vec::new();
        for entry in gone {
            if entry.number > 0 && !entry.lost_evidence && !is_explained(&entry) {
                let of_it =
                    analysis.conversations.iter().filter(|c| entry.conversations.contains(&conversation_key(c)));
                let conversations = of_it.map(|c| c.id).collect();
                let finding = Finding { conversations, ..entry.finding };
                updates.push(FindingUpdate { finding, number: entry.number, change: FindingChange::Withdrawn });
            }
        }
        self.tracked = standing;
        updates
    }

    /// Forgets the oldest beyond [`REMEMBERED`].
    fn make_room(&mut self) {
        let surplus = self.tracked.len().saturating_sub(REMEMBERED);
        self.tracked.drain(..surplus);
    }
}

impl TrackedFinding {
    fn new(finding: &Finding, now: Timestamp) -> Self {
        Self {
            number: 0,
            finding: finding.clone(),
            conversations: HashSet::new(),
            frames: HashSet::new(),
            clients: HashMap::new(),
            since: now,
            severity: finding.severity,
            stands: true,
            lost_evidence: false,
        }
    }

    /// It is this finding, as it was told before: ids and frames of a finding change with every look.
    fn is_same(&self, finding: &Finding, conversations: &HashSet<ConversationKey>) -> bool {
        self.finding.rule == finding.rule
            && match (conversations.is_empty(), finding.frames.is_empty()) {
                (false, _) => self.meets(conversations),
                (true, false) => finding.frames.iter().any(|frame| self.frames.contains(frame)),
                (true, true) => self.conversations.is_empty() && self.frames.is_empty(),
            }
    }

    /// They share a conversation.
    fn meets(&self, conversations: &HashSet<ConversationKey>) -> bool {
        conversations.iter().any(|key| self.conversations.contains(key))
    }

    /// Something of it is not told yet.
    fn is_waiting(&self) -> bool {
        self.number == 0 || self.clients.values().any(Option::is_some)
    }

    /// What is to be told of it, as it stands now. Once told, it is told again only for what adds to it, so that whoever reads
    /// on the screen sees each fact once: first that it is worse, then for whom else it holds.
    fn announce(&mut self, now: Timestamp, at_once: bool, last_number: &mut u64) -> Option<FindingUpdate> {
        let settled = |since: Timestamp| at_once || now.since(since) >= SETTLES;
        let change = if self.number == 0 {
            if !settled(self.since) {
                return None;
            }
            *last_number = last_number.saturating_add(1);
            self.number = *last_number;
            self.clients.values_mut().for_each(|since| *since = None);
            FindingChange::New
        } else if self.finding.severity > self.severity {
            FindingChange::Worse
        } else {
            let settled = |since: &Option<Timestamp>| since.is_some_and(settled);
            let mut clients: Vec<_> =
                self.clients.iter().filter(|(_, since)| settled(since)).map(|(ip, _)| *ip).collect();
            clients.sort_unstable();
            for client in &clients {
                self.clients.insert(*client, None);
            }
            if clients.is_empty() {
                return None;
            }
            FindingChange::Spread(clients)
        };
        self.severity = self.severity.max(self.finding.severity);
        Some(FindingUpdate { finding: self.finding.clone(), number: self.number, change })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Reader;
    use crate::diagnose::{Settings, diagnose};
    use crate::engine::{Options, Pipeline};
    use crate::model::Layer;
    use nrpcsniff_samples::{Network, stories};
    use std::io::Cursor;

    /// What is told of a capture whose packets come one after the other, with looks between them as time goes by.
    fn live(capture: &[u8], after: i64) -> (Vec<FindingUpdate>, Vec<Finding>) {
        let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
        let (mut pipeline, mut told) = (Pipeline::new(Options::default()), FindingTracker::default());
        let (settings, mut updates, mut now) = (Settings::default(), Vec::new(), 0);
        let mut look = |pipeline: &mut Pipeline, nanos: i64, last: bool| {
            let said = pipeline.snapshot(Vec::new(), Timestamp::new(nanos, 9), |analysis| {
                told.update(analysis, &diagnose(analysis, &settings), last)
            });
            updates.extend(said);
        };
        while let Some(frame) = reader.next(0) {
            let time = frame.at.time.nanos();
            let step = 250_000_000;
            if now == 0 {
                now = time;
            }
            let mut steps = 0;
            while now + step <= time {
                // Of a long silence its first half minute will do, and then one look a minute.
                now = (now + if steps < 120 { step } else { 60_000_000_000 }).min(time);
                steps += 1;
                look(&mut pipeline, now, false);
            }
            pipeline.frame(&frame);
        }
        let end = pipeline.now().unwrap_or_default().nanos();
        for tick in 1..=(after * 4) {
            look(&mut pipeline, end + tick * 250_000_000, false);
        }
        look(&mut pipeline, end + after * 1_000_000_000, true);
        (updates, diagnose(&pipeline.finish(Vec::new()), &settings))
    }

    /// A server of which an address is silent: that the client gets through by another one shows only later.
    const REVISED: &[(&str, &str)] = &[("nrpc-ipv6-first", "nrpc-syn-silent")];

    #[test]
    fn what_the_file_mode_finds_is_told_and_hardly_anything_else() {
        for sample in stories::all() {
            let (updates, findings) = live(&sample.bytes(), 0);
            for finding in &findings {
                let told =
                    updates.iter().any(|said| said.finding.rule == finding.rule && said.change == FindingChange::New);
                assert!(told, "{}: {} is not told", sample.name, finding.rule);
            }
            let stands = |rule| findings.iter().any(|finding| finding.rule == rule || finding.also.contains(&rule));
            // That something was refused is told at once; the rule that knows why may need to see it refused again.
            let has_its_cause =
                |said: &&FindingUpdate| said.finding.layer != Layer::Fallback || stands(said.finding.rule);
            for said in updates.iter().filter(has_its_cause) {
                let rule = said.finding.rule;
                let is_revised = REVISED.contains(&(sample.name, rule.as_str()));
                assert_eq!(
                    said.change == FindingChange::Withdrawn || !stands(rule),
                    is_revised,
                    "{}: {said:?}",
                    sample.name
                );
            }
        }
    }

    fn network(work: impl FnOnce(&Network)) -> Vec<u8> {
        let net = Network::new();
        work(&net);
        net.to_pcap()
    }

    const WANTED: &str = "CN=Mail01/O=Acme";
    const ANOTHER: &str = "CN=Mail02/O=Acme";

    fn turned_away(net: &Network, client: &str) {
        let (client, server) = (net.host(client), net.host("10.1.0.9"));
        net.connect(&client, &server, 1352).session(WANTED, ANOTHER).client_fin();
    }

    fn told(updates: &[FindingUpdate], rule: &str) -> Vec<(u64, FindingChange)> {
        updates.iter().filter(|said| said.finding.rule == rule).map(|said| (said.number, said.change.clone())).collect()
    }

    #[test]
    fn a_finding_is_told_once_and_again_for_clients_that_it_did_not_hold_for() {
        let capture = network(|net| {
            for client in ["10.1.0.5", "10.1.0.5", "10.1.0.6"] {
                turned_away(net, client);
                net.wait_secs(5);
            }
        });
        let (updates, findings) = live(&capture, 3);
        let said = told(&updates, &findings[0].rule);
        assert_eq!(said.first().map(|(number, change)| (*number, change.clone())), Some((1, FindingChange::New)));
        let news = said.iter().filter(|(_, change)| *change == FindingChange::New).count();
        let spread = said.iter().filter(|(_, change)| matches!(change, FindingChange::Spread(_))).count();
        assert_eq!(news + spread, 2, "once for each client: {said:?}");
    }

    #[test]
    fn what_was_let_go_is_not_taken_back_and_is_told_anew() {
        let capture = network(|net| turned_away(net, "10.1.0.5"));
        let analysis = {
            let mut reader = Reader::from_reader("test", Cursor::new(capture)).unwrap();
            let mut pipeline = Pipeline::new(Options::default());
            while let Some(frame) = reader.next(0) {
                pipeline.frame(&frame);
            }
            pipeline.finish(Vec::new())
        };
        let findings = diagnose(&analysis, &Settings::default());
        let empty = Analysis { end: analysis.end, ..Analysis::default() };
        let gone: HashSet<ConversationKey> = analysis.conversations.iter().map(conversation_key).collect();
        let mut told = FindingTracker::default();
        assert_eq!(told.update(&analysis, &findings, true).len(), findings.len());
        told.forget(&gone, Timestamp::default());
        assert_eq!(told.update(&empty, &[], true), []);
        assert_eq!(told.update(&analysis, &findings, true).len(), findings.len());
        // Nothing was let go: now it counts that it is gone.
        let taken_back = told.update(&empty, &[], true);
        assert!(
            taken_back.iter().all(|said| said.change == FindingChange::Withdrawn) && taken_back.len() == findings.len()
        );
    }

    #[test]
    fn a_finding_that_does_not_last_is_never_told() {
        let capture = network(|net| turned_away(net, "10.1.0.5"));
        let (updates, _) = live(&capture, 0);
        assert!(!updates.is_empty());
        let mut told = FindingTracker::default();
        let mut finding = updates[0].finding.clone();
        finding.conversations.clear();
        finding.severity = Severity::Minor;
        let at = |nanos| Analysis { end: Some(Timestamp::new(nanos, 9)), ..Analysis::default() };
        let settles = SETTLES.as_nanos();
        assert_eq!(told.update(&at(0), &[finding.clone()], false), []);
        assert!(told.is_waiting());
        assert_eq!(told.update(&at(settles - 1), &[], false), []);
        assert!(!told.is_waiting());
        assert_eq!(told.update(&at(settles), &[finding.clone()], false), []);
        assert_eq!(told.update(&at(2 * settles), &[finding.clone()], false).len(), 1);
        // Worse than before is told, as bad as before is not.
        finding.severity = Severity::Info;
        assert_eq!(told.update(&at(3 * settles), &[finding.clone()], false), []);
        finding.severity = Severity::Blocker;
        let said = told.update(&at(4 * settles), &[finding], false);
        assert_eq!(said.iter().map(|said| &said.change).collect::<Vec<_>>(), [&FindingChange::Worse]);
    }
}
