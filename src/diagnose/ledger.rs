//! The book of a capture that is judged while it is read, so that memory does not grow with it.
//!
//! Rules judge what is known at a time. What they find then, and what can change no more because its time is over, is counted by
//! cause, and only examples of it stay: the first eight, the last, and the one that speaks. Of what went well stays what rules may ask
//! for later: whoever signed on lately, the tokens that were given, and of all that went alike the first few and the last few. At the
//! end the rules judge what stayed, and what was counted is added. A cause whose examples are refuted by then is told no more.

use super::cause::{Cause, cause};
use super::counted::{CLIENTS, CountedCauses, conversations};
use super::evidence::EVIDENCE;
use super::groups;
use super::rules::cap;
use super::verdict::Wishes;
use super::{Settings, findings};
use crate::facts::Case;
use crate::facts::attempts::AttemptCounter;
use crate::facts::dns::search::names_of_others;
use crate::model::{
    Analysis, Attempt, AttemptCounts, AttemptKind, Conversation, ConversationId, Finding, FrameRef, Layer, Property,
    RuleId, Span, Stay, Sum, Timestamp,
};
use hashbrown::{HashMap, HashSet};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a client does next within this time may change what is said of it: as long as TCP tries a connection, and longer than
/// anybody waits to try again.
pub(crate) const WINDOW: Span = Span::from_secs(130);
/// What a client does this long before and after an example belongs to its story.
const STORY: Span = Span::from_secs(60);
/// Conversations of such a story at most, before and after.
const CHAPTERS: usize = 16;
/// Of conversations that went alike so many of the first, and as many of the last, stay.
const ALIKE: usize = 2;
/// This part of the room may be taken by what happened lately, and as much by tokens that were given. What stays is judged again the
/// next time: of a room that is half full afterwards everything would be judged twice.
const SHARE: usize = 8;
/// So many of the latest registrations stay, however little room there is.
const REGISTRATIONS: usize = 64;
/// Users of whom the latest registration stays, where there is room.
const USERS: usize = 4096;
/// Names that are told apart of those that lead to no sign-on.
const NAMES: usize = 16_384;

/// What was counted and let go of one capture.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    counted: CountedCauses,
    /// Findings that were counted although what they are about is still kept: they are found again, and not counted again.
    known: HashSet<Identity>,
    /// Of findings about many conversations those that went.
    further: HashMap<Identity, Further>,
    /// Names that lead to no sign-on, with whether somebody had an address of them.
    names: HashMap<String, bool>,
    sums: BTreeMap<Property, Sum>,
    wishes: Wishes,
    attempts: AttemptCounter,
    /// There is too little room for all that happened within the window.
    is_short: bool,
    /// Conversations that went before the window behind them was over.
    early: u64,
}

/// Conversations of one finding that went, while its examples stay.
#[derive(Debug, Default)]
struct Further {
    conversations: u64,
    /// 4,096 at most.
    clients: HashSet<IpAddr>,
}

/// Tells a finding from every other, however often the capture is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    rule: RuleId,
    /// Begin of its first conversation.
    conversation: Option<FrameRef>,
    /// The first frame that shows it.
    frame: Option<FrameRef>,
}

impl Ledger {
    /// Judges what is known, counts what can change no more, and says what must stay. `is_open`: of each conversation whether it
    /// goes on. `room`: bytes that may be held.
    pub(crate) fn turn(&mut self, analysis: &Analysis, is_open: &[bool], settings: &Settings, room: usize) -> Stay {
        let case = Case::new(analysis, settings);
        let since = horizon(analysis, room);
        self.is_short = since.plus(WINDOW) > analysis.end.unwrap_or_default();
        let mut kept = Kept::new(&case, is_open, since);
        let found = findings(&case);
        let mut causes: HashMap<Cause, Vec<&Finding>> = HashMap::new();
        let mut again = HashSet::new();
        for finding in &found {
            // What an earlier turn counted is found once more as long as its conversations stay: it counts once.
            let identity = identity(finding, analysis);
            if self.known.contains(&identity) {
                again.insert(identity);
            } else {
                causes.entry(cause(finding)).or_default().push(finding);
            }
        }
        self.known = again;
        let mut told = Vec::new();
        for (cause, members) in causes {
            for (finding, fate) in fates(&members, &kept) {
                match fate {
                    FindingState::Example => kept.example(finding),
                    FindingState::Open => kept.whole(finding),
                    FindingState::Counted => {
                        self.known.insert(identity(finding, analysis));
                        self.counted.entry(cause.clone()).or_default().add(finding, analysis);
                        continue;
                    }
                }
                told.push(finding);
            }
        }
        kept.frames_alone();
        kept.stories();
        kept.some_of_all_that_is_alike();
        kept.signed_on(room / SHARE);
        let left_out = kept.registered(room / SHARE);
        self.early = self.early.saturating_add(left_out);
        let stay = kept.into_stay();
        for finding in told {
            self.count_further(finding, analysis, &stay);
        }
        self.count_wishes(&case, &found, &stay);
        self.note_names(&case);
        stay
    }

    /// Of a finding that stays, what it is about may be too much to stay.
    fn count_further(&mut self, finding: &Finding, analysis: &Analysis, stay: &Stay) {
        let goes = |c: &&Conversation| stay.conversations.get(c.id.index()) == Some(&false);
        for conversation in conversations(finding, analysis).filter(goes) {
            let further = self.further.entry(identity(finding, analysis)).or_default();
            further.conversations = further.conversations.saturating_add(1);
            if further.clients.len() < CLIENTS {
                further.clients.insert(conversation.client.ip);
            }
        }
    }

    /// A name counts once, however often it is asked for.
    fn note_names(&mut self, case: &Case<'_>) {
        for (name, is_found) in names_of_others(case) {
            if self.names.len() < NAMES || self.names.contains_key(&name) {
                *self.names.entry(name).or_default() |= is_found;
            }
        }
    }

    /// Counts what was wanted in what does not stay.
    fn count_wishes(&mut self, case: &Case<'_>, found: &[Finding], stay: &Stay) {
        let conversations = &case.analysis.conversations;
        let gone: HashSet<FrameRef> = conversations.iter().flat_map(|c| stay.leaving(c)).map(|m| m.at.frame).collect();
        let goes = |id: &ConversationId| stay.conversations.get(id.index()) == Some(&false);
        let has =
            |attempt: &Attempt| attempt.conversations.first().is_some_and(goes) || gone.contains(&attempt.at.frame);
        self.attempts.add_all(case.attempts().iter().filter(|attempt| has(attempt)));
        self.wishes.add(Wishes::of_part(case, found, has, |c| goes(&c.id)));
    }

    /// What was wanted in what went.
    pub(super) const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// A conversation goes: rules about the capture as a whole count it.
    pub(crate) fn sum(&mut self, conversation: &Conversation) {
        self.early = self.early.saturating_add(u64::from(self.is_short));
        for (property, amount) in cap::properties(conversation) {
            let sum = self.sums.entry(property).or_default();
            sum.conversations = sum.conversations.saturating_add(1);
            sum.amount = sum.amount.saturating_add(amount);
        }
    }

    /// Conversations that were judged before it could be seen what their clients did next: there was too little room.
    pub(crate) const fn early(&self) -> u64 {
        self.early
    }

    /// Sums over what went.
    pub(crate) const fn sums(&self) -> &BTreeMap<Property, Sum> {
        &self.sums
    }

    /// It was counted before.
    pub(super) fn has_counted(&self, finding: &Finding, analysis: &Analysis) -> bool {
        !self.known.is_empty() && self.known.contains(&identity(finding, analysis))
    }

    /// Says of findings how much of what they are about went.
    pub(super) fn complete(&self, findings: &mut [Finding], analysis: &Analysis) {
        for finding in findings {
            let Some(further) = self.further.get(&identity(finding, analysis)) else { continue };
            let here: HashSet<IpAddr> = conversations(finding, analysis).map(|c| c.client.ip).collect();
            finding.group.let_go = further.conversations;
            finding.group.clients = further.clients.difference(&here).count() as u64;
        }
    }

    /// How many names DNS has no address for that lead to no sign-on, those of what went among them.
    pub(super) fn unresolved_names(&self, case: &Case<'_>) -> u64 {
        let mut names = self.names.clone();
        for (name, is_found) in names_of_others(case) {
            *names.entry(name).or_default() |= is_found;
        }
        names.into_values().filter(|is_found| !is_found).count() as u64
    }

    /// What was counted of each cause.
    pub(crate) const fn counted(&self) -> &CountedCauses {
        &self.counted
    }

    /// Attempts of the case, with those of what went.
    pub(super) fn attempts_with(&self, case: &Case<'_>) -> Vec<AttemptCounts> {
        let mut counter = self.attempts.clone();
        counter.add_all(case.attempts());
        counter.into_rows()
    }
}

fn identity(finding: &Finding, analysis: &Analysis) -> Identity {
    Identity {
        rule: finding.rule,
        conversation: conversations(finding, analysis).next().map(|c| c.first.frame),
        frame: finding.frames.first().copied(),
    }
}

/// Since when everything stays: a window back from the last frame, or as far as its share of the room reaches.
fn horizon(analysis: &Analysis, room: usize) -> Timestamp {
    let mut since = analysis.end.unwrap_or_default().minus(WINDOW);
    let recent = analysis.conversations.iter().filter(|c| c.last.time >= since);
    let mut recent: Vec<(Timestamp, usize)> = recent.map(|c| (c.last.time, c.weight())).collect();
    recent.sort_unstable_by(|one, other| other.cmp(one));
    let mut left = room / SHARE;
    for (last, weight) in recent {
        let Some(rest) = left.checked_sub(weight) else {
            since = last;
            break;
        };
        left = rest;
    }
    since
}

/// What becomes of a finding when what is known was judged.
#[derive(Debug, Clone, Copy)]
enum FindingState {
    /// It is shown: its examples stay.
    Example,
    /// It may still change: all that it is about stays.
    Open,
    /// It can change no more, and others stand for it.
    Counted,
}

/// What becomes of the findings of one cause.
fn fates<'f>(members: &[&'f Finding], kept: &Kept<'_, '_>) -> Vec<(&'f Finding, FindingState)> {
    let mut in_order: Vec<&Finding> = members.to_vec();
    in_order.sort_by_key(|finding| (finding.frames.first().copied(), finding.conversations.first().copied()));
    let speaker = members.first().copied();
    let last = in_order.len().saturating_sub(1);
    let is_example = |place: usize, finding: &Finding| {
        finding.layer == Layer::Capture
            || place < groups::EXAMPLES
            || place == last
            || speaker.is_some_and(|speaker| std::ptr::eq(speaker, finding))
    };
    let fate = |(place, finding): (usize, &'f Finding)| match () {
        () if is_example(place, finding) => (finding, FindingState::Example),
        () if kept.is_sealed(finding) => (finding, FindingState::Counted),
        () => (finding, FindingState::Open),
    };
    in_order.into_iter().enumerate().map(fate).collect()
}

/// What must stay, while it is found out.
struct Kept<'c, 'a> {
    case: &'c Case<'a>,
    since: Timestamp,
    is_open: &'c [bool],
    /// The last frame from before the window, however much has room.
    sealed: Option<FrameRef>,
    /// Of each conversation, by its place.
    stays: Vec<bool>,
    /// Conversations of examples.
    examples: Vec<ConversationId>,
    frames: HashSet<FrameRef>,
    /// Frames of findings that name no conversation, as those about names that nobody could resolve.
    alone: HashSet<FrameRef>,
}

impl<'c, 'a> Kept<'c, 'a> {
    /// What goes on stays, and what was heard of since then.
    fn new(case: &'c Case<'a>, is_open: &'c [bool], since: Timestamp) -> Self {
        let all = &case.analysis.conversations;
        let stamps = all.iter().flat_map(|c| c.messages.iter().map(|message| message.at).chain([c.first, c.last]));
        let window = case.end().minus(WINDOW);
        let sealed = stamps.filter(|at| at.time < window).map(|at| at.frame).max();
        let goes_on = |place: usize| is_open.get(place).copied().unwrap_or_default();
        let stays = all.iter().enumerate().map(|(place, c)| c.last.time >= since || goes_on(place)).collect();
        Self {
            case,
            since,
            is_open,
            sealed,
            stays,
            examples: Vec::new(),
            frames: HashSet::new(),
            alone: HashSet::new(),
        }
    }

    /// It can change no more: its conversations are over and do not stay, or all that shows it is older than the window.
    fn is_sealed(&self, finding: &Finding) -> bool {
        let old = |frame: &FrameRef| self.sealed.is_some_and(|sealed| *frame <= sealed);
        let over = |c: &Conversation| c.last.time < self.since && self.is_open.get(c.id.index()) != Some(&true);
        let is_old = !finding.frames.is_empty() && finding.frames.iter().all(old);
        is_old || !finding.conversations.is_empty() && conversations(finding, self.case.analysis).all(over)
    }

    fn keep(&mut self, id: ConversationId) {
        if let Some(stays) = self.stays.get_mut(id.index()) {
            *stays = true;
        }
    }

    fn example(&mut self, finding: &Finding) {
        let shown = finding.conversations.iter().take(EVIDENCE).chain(finding.conversations.last());
        for &id in shown {
            self.keep(id);
            self.examples.push(id);
        }
        self.keep_frames(finding);
    }

    /// All that a finding is about.
    fn whole(&mut self, finding: &Finding) {
        for &id in &finding.conversations {
            self.keep(id);
        }
        self.keep_frames(finding);
    }

    fn keep_frames(&mut self, finding: &Finding) {
        let frames = finding.frames.iter().copied();
        self.frames.extend(frames.clone());
        if finding.conversations.is_empty() {
            self.alone.extend(frames);
        }
    }

    /// Whatever carried a frame that a finding without conversations names.
    fn frames_alone(&mut self) {
        if self.alone.is_empty() {
            return;
        }
        for (c, stays) in self.case.analysis.conversations.iter().zip(&mut self.stays) {
            let mut frames = c.messages.iter().flat_map(|message| &message.frames);
            *stays = *stays || frames.any(|frame| self.alone.contains(frame));
        }
    }

    /// What the client of an example did shortly before and after.
    fn stories(&mut self) {
        let all = &self.case.analysis.conversations;
        let mut of_client: HashMap<IpAddr, Vec<&Conversation>> = HashMap::new();
        let examples: Vec<&Conversation> = self.examples.iter().filter_map(|id| all.get(id.index())).collect();
        let clients: HashSet<IpAddr> = examples.iter().map(|c| c.client.ip).collect();
        for c in all.iter().filter(|c| clients.contains(&c.client.ip)) {
            of_client.entry(c.client.ip).or_default().push(c);
        }
        for example in examples {
            let Some(others) = of_client.get(&example.client.ip) else { continue };
            let at = others.partition_point(|other| other.id < example.id);
            let (from, until) = (example.first.time.minus(STORY), example.last.time.plus(STORY));
            let before = others.iter().take(at).rev().take_while(|c| c.first.time >= from).take(CHAPTERS);
            let after = others.iter().skip(at).take_while(|c| c.first.time <= until).take(CHAPTERS);
            let story: Vec<ConversationId> = before.chain(after).map(|c| c.id).collect();
            for id in story {
                self.keep(id);
            }
        }
    }

    /// Rules ask whether a server serves others, by what name, and how it ends: a few of each kind tell.
    fn some_of_all_that_is_alike(&mut self) {
        let mut outcomes: HashMap<ConversationId, BTreeSet<(AttemptKind, String)>> = HashMap::new();
        for attempt in self.case.attempts() {
            for &id in &attempt.conversations {
                outcomes.entry(id).or_default().insert((attempt.kind, attempt.outcome.words()));
            }
        }
        let mut alike: HashMap<_, Vec<ConversationId>> = HashMap::new();
        for c in &self.case.analysis.conversations {
            let came_of_it = outcomes.remove(&c.id).unwrap_or_default();
            let ends = (c.setup, c.teardown.how as u8, c.teardown.by as u8);
            let protocol = c.protocol.map(|protocol| protocol.name);
            alike.entry((protocol, c.server, c.over_tls, ends, came_of_it)).or_default().push(c.id);
        }
        for ids in alike.into_values() {
            let last = ids.len().saturating_sub(ALIKE);
            for (place, id) in ids.into_iter().enumerate() {
                if place < ALIKE || place >= last {
                    self.keep(id);
                }
            }
        }
    }

    /// Who was given a token, or showed one, is asked for as long as the token lives: the latest stay, as far as there is room.
    fn signed_on(&mut self, room: usize) {
        let tokens = self.case.tokens();
        let issued = tokens.issues().map(|issue| issue.conversation.id);
        let shown = tokens.showings().iter().map(|showing| showing.conversation.id);
        let mut ids: Vec<ConversationId> = issued.chain(shown).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut left = room;
        for id in ids.into_iter().rev() {
            let Some(conversation) = self.case.analysis.conversations.get(id.index()) else { continue };
            let Some(rest) = left.checked_sub(conversation.weight()) else { break };
            left = rest;
            self.keep(id);
        }
    }

    /// A registration that is not renewed is told when its time has passed, which may be an hour later: the latest that was granted to
    /// each user stays, as far as there is room. Returns how many of those do not stay.
    fn registered(&mut self, room: usize) -> u64 {
        let mut latest: HashMap<(IpAddr, Option<&str>), &Attempt> = HashMap::new();
        let granted = |attempt: &&Attempt| attempt.kind == AttemptKind::SipRegister && attempt.outcome.is_granted();
        for attempt in self.case.attempts().iter().filter(granted) {
            let key = (attempt.client, attempt.asked.as_deref());
            if latest.len() < USERS || latest.contains_key(&key) {
                latest.insert(key, attempt);
            }
        }
        let mut latest: Vec<&Attempt> = latest.into_values().collect();
        latest.sort_unstable_by_key(|attempt| Reverse(attempt.at.frame));
        let (mut left, mut left_out) = (room, 0_u64);
        for (place, attempt) in latest.into_iter().enumerate() {
            let further = attempt.conversations.iter().filter(|id| self.stays.get(id.index()) == Some(&false));
            let further = further.filter_map(|id| self.case.analysis.conversations.get(id.index()));
            let weight = further.map(Conversation::weight).fold(0, usize::saturating_add);
            if weight > left && place >= REGISTRATIONS {
                left_out = left_out.saturating_add(1);
                continue;
            }
            left = left.saturating_sub(weight);
            attempt.conversations.iter().for_each(|&id| self.keep(id));
            self.frames.extend(attempt.frames.iter().copied());
        }
        left_out
    }

    fn into_stay(self) -> Stay {
        Stay { conversations: self.stays, frames: self.frames, since: self.since }
    }
}
