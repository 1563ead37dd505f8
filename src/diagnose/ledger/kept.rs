//! What must stay of a capture when what is known of it was judged.

use super::super::counted::conversations;
use super::super::evidence::EVIDENCE;
use super::super::groups;
use super::{SHARE, WINDOW};
use crate::facts::Case;
use crate::facts::dns::search::Search;
use crate::facts::dns::{Lookup, label};
use crate::facts::network::refusals::Refusals;
use crate::model::{
    Analysis, Attempt, AttemptKind, Conversation, ConversationId, Finding, FrameRef, Layer, Setup, Span, Stay,
    Timestamp,
};
use hashbrown::{HashMap, HashSet};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What a client does this long before and after an example belongs to its story.
const STORY: Span = Span::from_secs(60);
/// Conversations of such a story at most, before and after.
const CHAPTERS: usize = 16;
/// Of conversations that went alike so many of the first, and as many of the last, stay.
const ALIKE: usize = 2;
/// So many of the latest registrations stay, however little room there is.
const REGISTRATIONS: usize = 64;
/// Users of whom the latest registration stays, where there is room.
const USERS: usize = 4096;
/// Addresses of names that DNS gave for sign-on servers.
const ADDRESSES: usize = 256;

/// Since when everything stays: two windows back from the last frame, or as far as its share of the room reaches. What lies between
/// them can change no more, and is judged once more beside what happened in the window before it.
pub(super) fn horizon(analysis: &Analysis, room: usize) -> Timestamp {
    let mut since = analysis.end.unwrap_or_default().minus(WINDOW).minus(WINDOW);
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
pub(super) enum FindingState {
    /// It is shown: its examples stay.
    Example,
    /// It may still change: all that it is about stays.
    Open,
    /// It can change no more, and others stand for it.
    Counted,
}

/// What becomes of the findings of one cause.
pub(super) fn fates<'f>(members: &[&'f Finding], kept: &Kept<'_, '_>) -> Vec<(&'f Finding, FindingState)> {
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
pub(super) struct Kept<'c, 'a> {
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
    /// Frames that show a finding: they may be of other conversations than it names, as answers of DNS are.
    shown: HashSet<FrameRef>,
}

impl<'c, 'a> Kept<'c, 'a> {
    /// What goes on stays, and what was heard of since then.
    pub(super) fn new(case: &'c Case<'a>, is_open: &'c [bool], since: Timestamp) -> Self {
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
            shown: HashSet::new(),
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

    pub(super) fn example(&mut self, finding: &Finding) {
        let shown = finding.conversations.iter().take(EVIDENCE).chain(finding.conversations.last());
        for &id in shown {
            self.keep(id);
            self.examples.push(id);
        }
        self.keep_frames(finding);
    }

    /// All that a finding is about.
    pub(super) fn whole(&mut self, finding: &Finding) {
        for &id in &finding.conversations {
            self.keep(id);
        }
        self.keep_frames(finding);
    }

    fn keep_frames(&mut self, finding: &Finding) {
        self.frames.extend(finding.frames.iter().copied());
        self.shown.extend(finding.frames.iter().copied());
    }

    /// Whatever carried a frame that shows a finding, or began with it.
    pub(super) fn carriers(&mut self) {
        if self.shown.is_empty() {
            return;
        }
        for (c, stays) in self.case.analysis.conversations.iter().zip(&mut self.stays) {
            let mut frames = c.messages.iter().flat_map(|message| &message.frames).chain([&c.first.frame]);
            *stays = *stays || frames.any(|frame| self.shown.contains(frame));
        }
    }

    /// What the client of an example did shortly before and after.
    pub(super) fn stories(&mut self) {
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
    pub(super) fn some_of_all_that_is_alike(&mut self) {
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
    pub(super) fn signed_on(&mut self, room: usize) {
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
    pub(super) fn registered(&mut self, room: usize) -> u64 {
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

    /// The first questions for each name that nobody could resolve, because the name may turn out to be a sign-on server's later: as
    /// far as there is room, the latest names first.
    pub(super) fn unresolved(&mut self, searches: &[Search<'_>], room: usize) {
        let mut of_name: HashMap<String, Vec<&Lookup<'_>>> = HashMap::new();
        for search in searches.iter().filter(|search| search.outcome.is_failure()) {
            let shown = of_name.entry(search.label()).or_default();
            let more = EVIDENCE.saturating_sub(shown.len());
            shown.extend(search.lookups.iter().copied().take(more));
        }
        let mut names: Vec<Vec<&Lookup<'_>>> = of_name.into_values().collect();
        let begin = |lookups: &Vec<&Lookup<'_>>| {
            lookups.first().and_then(|lookup| lookup.asked()).map(|(asked, _)| asked.at.frame)
        };
        names.sort_unstable_by_key(|lookups| Reverse(begin(lookups)));
        let mut left = room;
        for lookups in names {
            for lookup in lookups {
                let Some(rest) = left.checked_sub(lookup.conversation.weight()) else { return };
                left = rest;
                self.keep(lookup.conversation.id);
                self.frames
                    .extend(lookup.query.into_iter().chain(lookup.response).map(|(message, _)| message.at.frame));
            }
        }
    }

    /// A call for a name is known by the address that DNS gave for it, however long before: the first answer with each address of a
    /// sign-on server stays.
    pub(super) fn resolved(&mut self) {
        let mut told: HashSet<(String, IpAddr)> = HashSet::new();
        let peers = self.case.peers();
        for lookup in self.case.lookups() {
            let Some((message, answer)) = lookup.response else { continue };
            let is_wanted = || peers.has_name(&answer.name) || peers.notes_server(&answer.name).is_some();
            if lookup.addresses().next().is_none() || told.len() >= ADDRESSES || !is_wanted() {
                continue;
            }
            let name = label(&answer.name);
            let fresh = lookup.addresses().filter(|&address| told.insert((name.clone(), address))).count();
            if fresh > 0 {
                self.keep(lookup.conversation.id);
                self.frames
                    .extend(lookup.asked().map(|(asked, _)| asked.at.frame).into_iter().chain([message.at.frame]));
            }
        }
    }

    /// Whether a port that refuses served before and afterwards tells why: who was let in next to each refusal that is shown stays.
    pub(super) fn around_refusals(&mut self) {
        let all = &self.case.analysis.conversations;
        let examples = self.examples.iter().filter_map(|id| all.get(id.index()));
        let refused: Vec<&Conversation> = examples.filter(|c| c.setup == Setup::Refused).collect();
        if refused.is_empty() {
            return;
        }
        let accepted = Refusals::new(self.case);
        let near: Vec<ConversationId> = refused.iter().flat_map(|c| accepted.around(c)).map(|c| c.id).collect();
        for id in near {
            self.keep(id);
        }
    }

    pub(super) fn into_stay(self) -> Stay {
        Stay { conversations: self.stays, frames: self.frames, since: self.since }
    }
}
