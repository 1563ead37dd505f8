//! What was told already: a finding is told once, again if it got worse, if it holds for further clients or if it comes back, and
//! taken back if what came since does not bear it out.
//!
//! Rules judge everything that is held each time, so the same fact is found again and again. Two findings are the same if they have
//! the same cause; where they name none, if they are of the same rule and share a conversation or, where they name no conversation
//! either, a frame; those that name nothing are about the capture, and there is one for each rule. A finding is told as soon as its
//! evidence is a moment old ([`SETTLES`]): packets that arrive together, or in the wrong order, do not make it come and go. Until
//! the time is over in which what its clients do next may change it ([`WINDOW`]) it is open; then it is confirmed.

mod recurrence;
mod wanted;

use crate::diagnose::{Case, Cause, WINDOW, lasting_cause};
use crate::model::{
    Analysis, Conversation, ConversationId, Finding, FrameRef, Layer, Severity, Span, Stamp, Timestamp, Transport,
};
use crate::report::stream::{FindingChange, FindingUpdate};
use hashbrown::{HashMap, HashSet};
use recurrence::{News, Pace, Recurrence};
use std::net::IpAddr;
use wanted::{Failures, Wanted};

/// How old the evidence of a finding must be before it is told, in packet time: longer than packets overtake each other, and too
/// short for anybody who watches to wait.
const SETTLES: Span = Span::from_millis(300);
/// Findings that are remembered, so that memory is bounded. The oldest make room, and would be told anew.
const REMEMBERED: usize = 4096;
/// Frames of a finding that are remembered to know it again where it names no conversation; bounds memory.
const FRAMES: usize = 1024;
/// Clients of a finding that are told apart; bounds memory.
const CLIENTS: usize = 4096;

/// A conversation, by what does not change while others come and go (its id in a snapshot does).
pub(super) type ConversationKey = (Transport, u32);

/// The key of a conversation.
pub(super) fn conversation_key(conversation: &Conversation) -> ConversationKey {
    (conversation.transport, conversation.stream)
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
    cause: Option<Cause>,
    finding: Finding,
    /// Conversations that it names at present.
    conversations: HashSet<ConversationKey>,
    /// Those of them that it rests on: its examples.
    examples: Vec<ConversationKey>,
    frames: HashSet<FrameRef>,
    /// Clients, and whether it was told that it holds for them.
    clients: HashMap<IpAddr, bool>,
    /// When it was found first, and how old its evidence was then.
    since: Timestamp,
    evidence: Option<Timestamp>,
    /// When it was told as new, or as come again: until [`WINDOW`] after that it is open. None once it is confirmed.
    opened: Option<Timestamp>,
    /// The severity that was told.
    severity: Severity,
    /// It is among the findings of this look.
    stands: bool,
    /// Something that it may rest on was forgotten: that it does not stand any longer means nothing.
    lost_evidence: bool,
    /// Who failed because of it.
    failures: Failures,
    /// How often it came, once it is told; none of what is no failure.
    recurrence: Option<Recurrence>,
    /// When the next line about it may be told.
    pace: Pace,
}

impl FindingTracker {
    /// Takes the findings of a look at the case, and gives what is to be told; `at_once` if no other look follows.
    pub(super) fn update(&mut self, case: &Case<'_>, findings: &[Finding], at_once: bool) -> Vec<FindingUpdate> {
        let analysis = case.analysis;
        let now = analysis.end.unwrap_or_default();
        let wanted = Wanted::of(case.attempts());
        self.tracked.iter_mut().for_each(|entry| entry.stands = false);
        let places = self.places_of(analysis, findings, now);
        for (finding, place) in findings.iter().zip(places) {
            let Some(entry) = self.tracked.get_mut(place) else { continue };
            entry.take(analysis, finding, &wanted);
        }
        let mut updates = Vec::new();
        for entry in self.tracked.iter_mut().filter(|entry| entry.stands) {
            updates.extend(entry.announce(now, at_once, &mut self.last_number));
        }
        updates.extend(self.withdraw(analysis, &wanted));
        self.make_room();
        updates
    }

    /// A finding stands that was not told yet: a look is due when it has [settled](SETTLES).
    pub(super) fn is_waiting(&self) -> bool {
        self.tracked.iter().any(|entry| entry.number == 0)
    }

    /// Facts from before that time were forgotten.
    pub(super) fn forget(&mut self, before: Timestamp) {
        for entry in &mut self.tracked {
            entry.lost_evidence |= entry.since < before;
        }
    }

    /// Finds for each finding the tracked one that it is, or begins to track it. Each tracked finding is taken once a look, for two
    /// findings of one rule that share a conversation are two; those of the same cause are sought first.
    fn places_of(&mut self, analysis: &Analysis, findings: &[Finding], now: Timestamp) -> Vec<usize> {
        let known = self.places_by_cause(findings);
        for &place in known.iter().flatten() {
            if let Some(entry) = self.tracked.get_mut(place) {
                entry.stands = true;
            }
        }
        let mut place_of = |finding| self.place_of(analysis, finding, now);
        findings.iter().zip(known).map(|(finding, known)| known.unwrap_or_else(|| place_of(finding))).collect()
    }

    /// The place of the tracked finding that has the same cause as each of these, if there is one.
    fn places_by_cause(&self, findings: &[Finding]) -> Vec<Option<usize>> {
        let with_cause = |(entry, place): (&'_ TrackedFinding, usize)| Some((entry.cause.clone()?, place));
        let places: HashMap<Cause, usize> = self.tracked.iter().zip(0..).filter_map(with_cause).collect();
        let place = |finding: &Finding| lasting_cause(finding).and_then(|cause| places.get(&cause).copied());
        findings.iter().map(place).collect()
    }

    /// The place of a finding whose cause is not known.
    fn place_of(&mut self, analysis: &Analysis, finding: &Finding, now: Timestamp) -> usize {
        let conversations: HashSet<ConversationKey> = keys(analysis, &finding.conversations).collect();
        let is_it = |entry: &TrackedFinding| !entry.stands && entry.is_same(finding, &conversations);
        let place = self.tracked.iter().position(is_it).unwrap_or_else(|| {
            self.tracked.push(TrackedFinding::new(analysis, finding, now));
            self.tracked.len().saturating_sub(1)
        });
        if let Some(entry) = self.tracked.get_mut(place) {
            entry.stands = true;
        }
        place
    }

    /// Takes back findings that do not stand any longer, though nothing that they rest on was let go. Of those that another one
    /// explains or took in by now the fact is still told.
    fn withdraw(&mut self, analysis: &Analysis, wanted: &Wanted<'_>) -> Vec<FindingUpdate> {
        let (standing, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.tracked).into_iter().partition(|entry| entry.stands);
        let here: HashSet<ConversationKey> = analysis.conversations.iter().map(conversation_key).collect();
        let mut updates = Vec::new();
        for mut entry in gone {
            let is_whole = !entry.lost_evidence && entry.examples.iter().all(|key| here.contains(key));
            if entry.number == 0 || !is_whole {
                continue;
            }
            let rule = entry.finding.rule;
            let tells = |other: &&TrackedFinding| {
                (other.finding.rule == rule || other.finding.also.contains(&rule)) && other.meets(&entry.conversations)
            };
            let change = match standing.iter().find(tells) {
                Some(other) => FindingChange::Explained(other.finding.rule),
                None => FindingChange::Withdrawn { granted: entry.failures.granted(wanted) },
            };
            let of_it = analysis.conversations.iter().filter(|c| entry.conversations.contains(&conversation_key(c)));
            entry.finding.conversations = of_it.map(|c| c.id).collect();
            updates.push(FindingUpdate { finding: entry.finding, number: entry.number, change, open: false });
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
    fn new(analysis: &Analysis, finding: &Finding, now: Timestamp) -> Self {
        Self {
            number: 0,
            cause: None,
            finding: finding.clone(),
            conversations: HashSet::new(),
            examples: Vec::new(),
            frames: HashSet::new(),
            clients: HashMap::new(),
            since: now,
            evidence: shown_at(analysis, finding),
            opened: None,
            severity: finding.severity,
            stands: true,
            lost_evidence: false,
            failures: Failures::default(),
            recurrence: None,
            pace: Pace::new(now),
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

    /// This is how it is found now.
    fn take(&mut self, analysis: &Analysis, finding: &Finding, wanted: &Wanted<'_>) {
        self.finding = finding.clone();
        self.cause = lasting_cause(finding);
        self.conversations = keys(analysis, &finding.conversations).collect();
        self.examples = keys(analysis, &finding.examples()).collect();
        if self.frames.len() < FRAMES {
            self.frames.extend(finding.frames.iter().copied());
        }
        for conversation in finding.conversations.iter().filter_map(|id| analysis.conversations.get(id.index())) {
            if self.clients.len() < CLIENTS {
                self.clients.entry(conversation.client.ip).or_insert(false);
            }
        }
        self.failures.take(finding, wanted);
        if let Some(recurrence) = &mut self.recurrence {
            let seen = shown_at(analysis, finding).max(finding.group.last);
            recurrence.failed(self.failures.last().or(seen).unwrap_or_default());
            if let Some((_, at)) = self.failures.mended() {
                recurrence.granted(at);
            }
        }
    }

    /// What is to be told of it, as it stands now. Once told, it is told again only for what adds to it, so that whoever reads
    /// on the screen sees each fact once: that it is worse, that it came again or works again, for whom else it holds, and that
    /// it is confirmed.
    fn announce(&mut self, now: Timestamp, at_once: bool, last_number: &mut u64) -> Option<FindingUpdate> {
        let change = if self.number == 0 {
            if !at_once && now.since(self.evidence.unwrap_or(self.since)) < SETTLES && now.since(self.since) < SETTLES {
                return None;
            }
            *last_number = last_number.saturating_add(1);
            self.number = *last_number;
            self.clients.values_mut().for_each(|told| *told = true);
            self.opened = Some(now);
            self.recurrence = self.is_failure().then(|| self.begun());
            self.pace = Pace::new(now);
            FindingChange::New
        } else {
            self.change(now, at_once)?
        };
        self.severity = self.severity.max(self.finding.severity);
        let open = self.opened.is_some() && !at_once;
        Some(FindingUpdate { finding: self.finding.clone(), number: self.number, change, open })
    }

    /// What adds to what was told.
    fn change(&mut self, now: Timestamp, at_once: bool) -> Option<FindingChange> {
        if self.finding.severity > self.severity {
            return Some(FindingChange::Worse);
        }
        if at_once || self.pace.may_speak(now) {
            let change = self
                .turn(now)
                .or_else(|| Some(self.news_of_clients()).filter(|c| !c.is_empty()).map(FindingChange::Spread));
            if change.is_some() {
                self.pace.spoke(now);
                return change;
            }
        }
        self.opened.take_if(|opened| at_once || now.since(*opened) >= WINDOW).map(|_| FindingChange::Confirmed)
    }

    /// That it came again, or works again.
    fn turn(&mut self, now: Timestamp) -> Option<FindingChange> {
        match self.recurrence.as_mut()?.news()? {
            News::Again(times, since) => {
                self.opened = Some(now);
                let mut clients = self.news_of_clients();
                if clients.is_empty() {
                    clients.extend(self.failures.last_client());
                }
                Some(FindingChange::Again { times, since, clients })
            }
            News::Works(since) => {
                let (client, _) = self.failures.mended()?;
                // What its clients did next is known: it was a fault, and it is over.
                self.opened = None;
                Some(FindingChange::Works { since, client })
            }
        }
    }

    /// Clients that it was not told of, which it is now.
    fn news_of_clients(&mut self) -> Vec<IpAddr> {
        let mut clients: Vec<_> = self.clients.iter().filter(|(_, told)| !**told).map(|(ip, _)| *ip).collect();
        clients.sort_unstable();
        for client in &clients {
            self.clients.insert(*client, true);
        }
        clients
    }

    /// Somebody fails by it: it can end and come again.
    fn is_failure(&self) -> bool {
        let is_state = matches!(self.finding.layer, Layer::Capture | Layer::Information | Layer::Performance);
        !is_state && self.finding.severity > Severity::Info
    }

    fn begun(&self) -> Recurrence {
        let failed = self.failures.last().or(self.evidence).unwrap_or(self.since);
        Recurrence::new(failed, self.failures.mended().map(|(_, at)| at))
    }
}

fn keys(analysis: &Analysis, ids: &[ConversationId]) -> impl Iterator<Item = ConversationKey> {
    ids.iter().filter_map(|id| analysis.conversations.get(id.index())).map(conversation_key)
}

/// When the last of its frames came, as far as its examples tell.
fn shown_at(analysis: &Analysis, finding: &Finding) -> Option<Timestamp> {
    let of = |id: ConversationId| analysis.conversations.get(id.index());
    let stamps = |c: &Conversation| -> Vec<Stamp> {
        let messages = c.messages.iter().flat_map(|m| m.frames.iter().map(|&frame| Stamp { time: m.at.time, frame }));
        messages.chain([c.first, c.last]).collect()
    };
    let shows = |at: &Stamp| finding.frames.binary_search(&at.frame).is_ok();
    finding.examples().into_iter().filter_map(of).flat_map(stamps).filter(shows).map(|at| at.time).max()
}
