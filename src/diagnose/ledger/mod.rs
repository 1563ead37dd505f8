//! The book of a capture that is judged while it is read, so that memory does not grow with it.
//!
//! Rules judge what is known at a time. What they find then, and what can change no more because its time is over, is counted by
//! cause, and only examples of it stay: the first eight, the last, and the one that speaks. Of what went well stays what rules may ask
//! for later: whoever signed on lately, the tokens that were given, and of all that went alike the first few and the last few. At the
//! end the rules judge what stayed, and what was counted is added. A cause whose examples are refuted by then is told no more.

mod kept;

use self::kept::{FindingState, Kept, fates, horizon};
use super::cause::{Cause, cause};
use super::counted::{CLIENTS, CountedCauses, conversations};
use super::rules::cap;
use super::verdict::Wishes;
use super::{Settings, findings};
use crate::facts::Case;
use crate::facts::attempts::AttemptCounter;
use crate::facts::dns::search::{Found, Search, names_of_others, searches_for_anybody};
use crate::model::{
    Analysis, Attempt, AttemptCounts, Conversation, ConversationId, Finding, FrameRef, LetGo, Message, Property,
    RuleId, Span, Stay, Sum, Unresolved,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::dns;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What a client does next within this time may change what is said of it: as long as TCP tries a connection, and longer than
/// anybody waits to try again.
pub(crate) const WINDOW: Span = Span::from_secs(130);
/// This part of the room may be taken by what happened lately, and as much by tokens that were given. What stays is judged again the
/// next time: of a room that is half full afterwards everything would be judged twice.
const SHARE: usize = 8;
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
    /// Questions for names that brought no address: 16,384 names at most.
    unresolved: BTreeMap<String, Unresolved>,
    /// Questions that brought no address unless one of some who asked nothing so far is the same machine: 16,384 at most.
    undecided: Vec<Question>,
    /// Who asked DNS for anything: 16,384 at most.
    askers: BTreeSet<IpAddr>,
    wishes: Wishes,
    attempts: AttemptCounter,
    /// There is too little room for all that happened within the window.
    is_short: bool,
    /// Conversations that went before the window behind them was over.
    early: u64,
}

/// A question for a name that brought no address, of what went.
#[derive(Debug)]
struct Question {
    /// The name, without the suffixes that are tried.
    label: String,
    client: IpAddr,
    came_to: String,
    is_recovered: bool,
    /// Those who called the server all the same and asked DNS for nothing so far.
    unless: BTreeSet<IpAddr>,
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
        kept.carriers();
        kept.stories();
        kept.some_of_all_that_is_alike();
        kept.signed_on(room / SHARE);
        let left_out = kept.registered(room / SHARE);
        self.early = self.early.saturating_add(left_out);
        let searches = searches_for_anybody(&case);
        kept.unresolved(&searches, room / SHARE);
        kept.resolved();
        kept.around_refusals();
        let stay = kept.into_stay();
        for finding in told {
            self.count_further(finding, analysis, &stay);
        }
        let going = Going::new(analysis, &stay);
        self.count_wishes(&case, &found, &going);
        self.count_unresolved(&searches, &going);
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

    /// A name counts once, however often it is asked for, and so does who asks.
    fn note_names(&mut self, case: &Case<'_>) {
        self.note_askers(case.analysis);
        for (name, is_found) in names_of_others(case) {
            if self.names.len() < NAMES || self.names.contains_key(&name) {
                *self.names.entry(name).or_default() |= is_found;
            }
        }
    }

    /// Counts what was wanted in what does not stay.
    fn count_wishes(&mut self, case: &Case<'_>, found: &[Finding], going: &Going<'_>) {
        let has = |attempt: &Attempt| {
            attempt.conversations.first().is_some_and(|&id| going.has(id)) || going.messages.contains(&attempt.at.frame)
        };
        self.attempts.add_all(case.attempts().iter().filter(|attempt| has(attempt)));
        self.wishes.add(Wishes::of_part(case, found, has, |c| going.has(c.id)));
    }

    /// A name may turn out to be a sign-on server's when the questions for it have gone.
    fn count_unresolved(&mut self, searches: &[Search<'_>], going: &Going<'_>) {
        let found = Found::new(searches);
        for search in searches.iter().filter(|search| search.outcome.is_failure() || !search.unless.is_empty()) {
            let (label, is_recovered) = (search.label(), found.later(search));
            let asked = search.lookups.iter().filter_map(|lookup| Some((lookup, lookup.asked()?.0)));
            for (lookup, _) in asked.filter(|(lookup, message)| going.has_message(lookup.conversation.id, message)) {
                let came_to = lookup.failure().unwrap_or_else(|| Unresolved::NO_ANSWER.to_owned());
                let unless = search.unless.clone();
                let question = Question { label: label.clone(), client: search.client, came_to, is_recovered, unless };
                if question.unless.is_empty() {
                    count_question(&mut self.unresolved, &question);
                } else if self.undecided.len() < NAMES {
                    self.undecided.push(question);
                }
            }
        }
    }

    /// Who asks DNS for anything is known from now on.
    pub(crate) fn note_askers(&mut self, analysis: &Analysis) {
        let clients = analysis.conversations.iter().filter(|c| c.is(&dns::PROTOCOL)).map(|c| c.client.ip);
        for client in clients {
            if self.askers.len() < NAMES {
                self.askers.insert(client);
            }
        }
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

    /// What rules are told of what went.
    pub(crate) fn summed(&self) -> LetGo {
        let Self { sums, early, unresolved, undecided, askers, .. } = self;
        let mut unresolved = unresolved.clone();
        for question in undecided.iter().filter(|question| question.unless.is_subset(askers)) {
            count_question(&mut unresolved, question);
        }
        LetGo { conversations: 0, early: *early, sums: sums.clone(), unresolved, askers: askers.clone() }
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

fn count_question(unresolved: &mut BTreeMap<String, Unresolved>, question: &Question) {
    let Question { label, client, came_to, is_recovered, .. } = question;
    if unresolved.len() < NAMES || unresolved.contains_key(label) {
        unresolved.entry(label.clone()).or_default().add(*client, came_to, *is_recovered);
    }
}

fn identity(finding: &Finding, analysis: &Analysis) -> Identity {
    Identity {
        rule: finding.rule,
        conversation: conversations(finding, analysis).next().map(|c| c.first.frame),
        frame: finding.frames.first().copied(),
    }
}

/// What does not stay.
struct Going<'s> {
    stay: &'s Stay,
    /// First frames of messages that go out of conversations that stay.
    messages: HashSet<FrameRef>,
}

impl<'s> Going<'s> {
    fn new(analysis: &Analysis, stay: &'s Stay) -> Self {
        let messages = analysis.conversations.iter().flat_map(|c| stay.leaving(c)).map(|message| message.at.frame);
        Self { stay, messages: messages.collect() }
    }

    fn has(&self, id: ConversationId) -> bool {
        self.stay.conversations.get(id.index()) == Some(&false)
    }

    fn has_message(&self, id: ConversationId, message: &Message) -> bool {
        self.has(id) || self.messages.contains(&message.at.frame)
    }
}
