//! What people wanted, and what came of it: attempts put together to wishes, and counted.
//!
//! Names, connections and channels are steps on the way to something: where one of them fails, what it was for came to nothing,
//! and where it is granted it counts as nothing yet. A Notes session is one wish, with its opening and its authentication.

use crate::diagnose::last_resort::Explained;
use crate::facts::Case;
use crate::model::{
    Attempt, AttemptKind, Conversation, ConversationId, Finding, FrameRef, Outcome, Setup, Severity, Side, Transport,
    Unjudged, Weight,
};
use hashbrown::HashMap;
use nrpcsniff_dissectors::{Message as Body, PROTOCOLS, Protocol, http, ldap, nrpc, sametime, sip};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Messages of a Notes session in which names, keys and the identity are told: request, response, and the two that follow.
const OPENING: usize = 4;

/// Counts of wishes, by what was wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// What was seen to be wanted.
    pub(super) of: BTreeMap<AttemptKind, WishCount>,
    /// Conversations of which bytes are missing, and in what is left nobody wants anything: what they may have been for.
    pub(super) unseen: BTreeMap<AttemptKind, u64>,
    /// How many of what was tried are told by logs, and no capture shows them.
    pub(super) logged: u64,
}

/// What came of all wishes of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WishCount {
    /// Seen to be granted.
    pub granted: u64,
    /// Refused for good, as far as the capture shows.
    pub refused: u64,
    /// Not answered in time.
    pub unanswered: u64,
    /// Ended before an answer.
    pub cut_off: u64,
    /// Those of these three that no finding names.
    pub untold: u64,
    /// How the first of the untold ended, in words.
    pub how: Option<String>,
    /// Came to nothing, and the same client was granted it after all. They are not among the lost ones.
    pub mended: u64,
    /// Came to nothing, and nobody minds: not among the lost ones either.
    pub unminded: u64,
    /// What the capture does not tell, by the reason.
    pub unknown: BTreeMap<Unjudged, u64>,
}

impl WishCount {
    /// Came to nothing, and stayed so.
    pub(super) const fn lost(&self) -> u64 {
        self.refused.saturating_add(self.unanswered).saturating_add(self.cut_off)
    }

    /// Tried within the capture, and not to be told.
    pub(super) fn unjudged(&self) -> u64 {
        let within = self.unknown.iter().filter(|(why, _)| **why != Unjudged::BegunBefore);
        within.map(|(_, number)| *number).fold(0, u64::saturating_add)
    }

    /// Tried within the capture.
    pub(super) fn tried(&self) -> u64 {
        self.granted.saturating_add(self.lost()).saturating_add(self.unjudged())
    }

    fn add(&mut self, other: Self) {
        let sums = [
            (&mut self.granted, other.granted),
            (&mut self.refused, other.refused),
            (&mut self.unanswered, other.unanswered),
            (&mut self.cut_off, other.cut_off),
            (&mut self.untold, other.untold),
            (&mut self.mended, other.mended),
            (&mut self.unminded, other.unminded),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
        self.how = self.how.take().or(other.how);
        for (why, number) in other.unknown {
            one_more(self.unknown.entry(why).or_default(), number);
        }
    }
}

const fn one_more(counter: &mut u64, number: u64) {
    *counter = counter.saturating_add(number);
}

impl Wishes {
    /// Adds those of another capture.
    pub(crate) fn add(&mut self, other: Self) {
        for (kind, count) in other.of {
            self.of.entry(kind).or_default().add(count);
        }
        for (kind, number) in other.unseen {
            one_more(self.unseen.entry(kind).or_default(), number);
        }
        one_more(&mut self.logged, other.logged);
    }

    /// Counts what was wanted in a case; findings say what of the failures is explained.
    pub(crate) fn of(case: &Case<'_>, findings: &[Finding]) -> Self {
        Self::of_part(case, findings, |_| true, |_| true)
    }

    /// Of attempts and conversations that belong to a part of the case.
    pub(crate) fn of_part(
        case: &Case<'_>,
        findings: &[Finding],
        has: impl Fn(&Attempt) -> bool,
        holds: impl Fn(&Conversation) -> bool,
    ) -> Self {
        let counter = WishCounter::new(case, findings);
        let mut wishes = Self::default();
        for attempt in case.attempts().iter().filter(|attempt| has(attempt)) {
            if let Some((kind, outcome)) = counter.wish(attempt) {
                counter.count(wishes.of.entry(kind).or_default(), attempt, kind, &outcome);
            }
        }
        for c in case.analysis.conversations.iter().filter(|c| holds(c)) {
            if let Some((kind, why)) = counter.untried(c) {
                one_more(wishes.of.entry(kind).or_default().unknown.entry(why).or_default(), 1);
            } else if let Some(kind) = counter.unseen(c) {
                one_more(wishes.unseen.entry(kind).or_default(), 1);
            }
        }
        wishes
    }

    /// These wishes, with what cannot be seen in the place of nothing: where nobody was seen to want anything, somebody may have.
    pub(super) fn with_unseen(&self) -> Self {
        let missing = |(&kind, &number): (&AttemptKind, &u64)| {
            (kind, WishCount { unknown: [(Unjudged::Missing, number)].into(), ..WishCount::default() })
        };
        let mut wishes = self.clone();
        wishes.add(Self { of: self.unseen.iter().map(missing).collect(), unseen: BTreeMap::new(), logged: 0 });
        wishes
    }
}

/// What wishes of a case are counted with.
struct WishCounter<'c, 'a> {
    case: &'c Case<'a>,
    /// Failures that some finding names.
    told: Explained,
    /// Failures that a finding names as a fault, and those that a grave one does.
    faults: Explained,
    grave: Explained,
    /// When each client was granted something of each kind last.
    granted: HashMap<(AttemptKind, IpAddr), FrameRef>,
    /// When each client was granted anything by each address last.
    served: HashMap<(IpAddr, IpAddr), FrameRef>,
    /// Authentications by conversation.
    authentications: HashMap<ConversationId, &'c Attempt>,
    /// Conversations in which more was tried than to connect, or to open a channel of TLS; and where that failed.
    judged: Vec<bool>,
}

impl<'c, 'a> WishCounter<'c, 'a> {
    fn new(case: &'c Case<'a>, findings: &[Finding]) -> Self {
        let attempts = case.attempts();
        let lost: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.is_lost()).collect();
        let is_step = |attempt: &Attempt| matches!(attempt.kind, AttemptKind::Connect | AttemptKind::Tls);
        let (mut granted, mut served, mut authentications) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut judged = vec![false; case.analysis.conversations.len()];
        for attempt in attempts {
            // A connection that opened says nothing yet of what goes on in it; one that did not has said all.
            if !is_step(attempt) || attempt.outcome.is_failure() {
                for id in &attempt.conversations {
                    if let Some(judged) = judged.get_mut(id.index()) {
                        *judged = true;
                    }
                }
            }
            if attempt.outcome.is_granted() && !is_step(attempt) {
                granted.insert((attempt.kind, attempt.client), attempt.at.frame);
                served.insert((attempt.client, attempt.server.ip), attempt.at.frame);
            }
            if let (AttemptKind::NrpcAuth, Some(&id)) = (attempt.kind, attempt.conversations.first()) {
                authentications.insert(id, attempt);
            }
        }
        let from = |limit| findings.iter().filter(move |finding| finding.severity >= limit);
        Self {
            case,
            told: Explained::by(&lost, findings),
            faults: Explained::by(&lost, from(Severity::Minor)),
            grave: Explained::by(&lost, from(Severity::Major)),
            granted,
            served,
            authentications,
            judged,
        }
    }

    /// What an attempt was for, with its end; `None` if it is a step that says nothing by itself.
    fn wish(&self, attempt: &Attempt) -> Option<(AttemptKind, Outcome)> {
        let own = || attempt.outcome.clone();
        match attempt.kind {
            AttemptKind::NrpcOpen => Some((AttemptKind::NrpcOpen, self.session(attempt))),
            // It belongs to the opening of its session.
            AttemptKind::NrpcAuth => None,
            _ if attempt.outcome.is_granted() && attempt.kind.is_step() => None,
            AttemptKind::Connect => {
                let protocol = sign_on_by_port(attempt.server.port);
                let kind = protocol.map_or(AttemptKind::Connect, aim);
                let matters = kind != AttemptKind::Connect || self.is_of_a_peer(attempt);
                matters.then(|| (kind, own()))
            }
            // Where nobody else signs on, the sign-on may be what is sealed.
            AttemptKind::Tls => {
                (self.case.peers().is_empty() || self.is_of_a_peer(attempt)).then(|| (AttemptKind::Tls, own()))
            }
            kind => Some((kind, own())),
        }
    }

    fn is_of_a_peer(&self, attempt: &Attempt) -> bool {
        self.case.peers().has(attempt.server, attempt.asked.as_deref())
    }

    /// What came of a Notes session: granted only if its authentication was not seen to fail, and if what follows can be read.
    fn session(&self, opening: &Attempt) -> Outcome {
        if !opening.outcome.is_granted() {
            return opening.outcome.clone();
        }
        let Some(&id) = opening.conversations.first() else { return opening.outcome.clone() };
        let authentication = self.authentications.get(&id).map(|attempt| &attempt.outcome);
        if let Some(outcome) = authentication.filter(|outcome| !outcome.is_granted()) {
            return outcome.clone();
        }
        let conversation = self.case.analysis.conversations.get(id.index());
        conversation.and_then(unreadable).map_or(Outcome::Granted, Outcome::Unknown)
    }

    fn count(&self, count: &mut WishCount, attempt: &Attempt, kind: AttemptKind, outcome: &Outcome) {
        match outcome {
            Outcome::Granted => one_more(&mut count.granted, 1),
            Outcome::Unknown(why) => one_more(count.unknown.entry(*why).or_default(), 1),
            _ if attempt.weight == Weight::NobodyMinds => one_more(&mut count.unminded, 1),
            _ if self.is_mended(attempt, kind) => one_more(&mut count.mended, 1),
            // Whoever explains it says that there is nothing to mend.
            _ if self.is_in(&self.told, attempt) && !self.is_in(&self.faults, attempt) => {
                one_more(&mut count.unminded, 1);
            }
            lost => {
                let counter = match lost {
                    Outcome::Unanswered => &mut count.unanswered,
                    Outcome::CutOff(_) => &mut count.cut_off,
                    _ => &mut count.refused,
                };
                one_more(counter, 1);
                if !self.is_in(&self.told, attempt) {
                    one_more(&mut count.untold, 1);
                    count.how.get_or_insert_with(|| lost.words());
                }
            }
        }
    }

    fn authentication_of(&self, attempt: &Attempt) -> Option<&'c Attempt> {
        let id = attempt.conversations.first().filter(|_| attempt.kind == AttemptKind::NrpcOpen)?;
        self.authentications.get(id).copied()
    }

    /// A finding names it, or its authentication.
    fn is_in(&self, explained: &Explained, attempt: &Attempt) -> bool {
        explained.has(attempt) || self.authentication_of(attempt).is_some_and(|second| explained.has(second))
    }

    /// The client got it soon after; or it got it later, and the only findings that speak of the failure say that it does no
    /// harm; or a step failed on the way to a server that served the same client later.
    fn is_mended(&self, attempt: &Attempt, kind: AttemptKind) -> bool {
        let second = self.authentication_of(attempt);
        let soon = attempt.mended.is_some() || second.is_some_and(|second| second.mended.is_some());
        let is_grave = self.is_in(&self.grave, attempt);
        let later = |granted: Option<&FrameRef>| granted.is_some_and(|last| *last > attempt.at.frame);
        let got_in = later(self.granted.get(&(kind, attempt.client)));
        let was_served = attempt.kind.is_step() && later(self.served.get(&(attempt.client, attempt.server.ip)));
        soon || (!is_grave && ((got_in && self.is_in(&self.told, attempt)) || was_served))
    }

    fn is_judged(&self, c: &Conversation) -> bool {
        self.judged.get(c.id.index()).is_some_and(|judged| *judged)
    }

    /// A conversation that shows no attempt and yet may hold one: sealed in TLS, or begun before the capture.
    fn untried(&self, c: &Conversation) -> Option<(AttemptKind, Unjudged)> {
        if self.is_judged(c) {
            return None;
        }
        if c.tls.is_some_and(|tls| tls.why_opaque.is_some()) {
            let why = if c.tcp.cut_frames > 0 { Unjudged::Missing } else { Unjudged::Encrypted };
            return Some((AttemptKind::Tls, why));
        }
        let begun_before = [&sametime::PROTOCOL, &ldap::PROTOCOL].into_iter().find(|protocol| c.is(protocol));
        let protocol = begun_before.filter(|_| c.setup == Setup::Midstream)?;
        Some((aim(protocol), Unjudged::BegunBefore))
    }

    /// A conversation in a protocol of signing on that shows no attempt, and of which a part is missing: cut frames, holes, the other
    /// direction. Of datagrams it is not known which were cut.
    fn unseen(&self, c: &Conversation) -> Option<AttemptKind> {
        let protocol = c.spoken().filter(|protocol| protocol.sign_on.is_some() && !self.is_judged(c))?;
        let is_cut = match c.transport {
            Transport::Tcp => c.tcp.cut_frames > 0 || c.quality.gaps > 0 || c.given_up.is_some(),
            Transport::Udp => self.case.analysis.facts.cut_frames > 0,
        };
        let is_half = c.packets.client == 0 || c.packets.server == 0;
        (is_cut || is_half).then(|| if protocol == &http::PROTOCOL { AttemptKind::HttpLogin } else { aim(protocol) })
    }
}

/// The protocol for nothing but signing on that is usual on that port.
fn sign_on_by_port(port: u16) -> Option<&'static Protocol> {
    let dedicated = |protocol: &Protocol| protocol.sign_on.is_some_and(|sign_on| sign_on.dedicated);
    let usual = |protocol: &Protocol| protocol.tcp_ports.contains(&port) || protocol.tls_ports.contains(&port);
    PROTOCOLS.iter().copied().find(|protocol| dedicated(protocol) && usual(protocol))
}

/// What a conversation in that protocol is for.
fn aim(protocol: &Protocol) -> AttemptKind {
    let aims = [
        (&nrpc::PROTOCOL, AttemptKind::NrpcOpen),
        (&sametime::PROTOCOL, AttemptKind::SametimeLogin),
        (&sip::PROTOCOL, AttemptKind::SipRegister),
        (&ldap::PROTOCOL, AttemptKind::LdapBind),
    ];
    aims.into_iter().find(|(own, _)| *own == protocol).map_or(AttemptKind::Connect, |(_, aim)| aim)
}

/// Why it cannot be told what was said in a Notes session that opened and went on: its opening is cut, its last request has no
/// answer where bytes are missing that nobody acknowledged, or most of what follows the opening is sealed.
fn unreadable(c: &Conversation) -> Option<Unjudged> {
    let is_cut = |body: &Body| matches!(body, Body::Nrpc(message) if message.incomplete);
    let is_sealed = |body: &Body| matches!(body, Body::Nrpc(nrpc::Message { body: nrpc::Body::Opaque(opaque), .. }) if !opaque.framed);
    let waits = c.messages.last().is_some_and(|message| message.from == Side::Client);
    let acknowledged = c.tcp.acked_unseen.client.saturating_add(c.tcp.acked_unseen.server);
    let unheard = waits && c.quality.missing_bytes > acknowledged;
    if unheard || c.messages.iter().take(OPENING).any(|message| is_cut(&message.body)) {
        return Some(Unjudged::Missing);
    }
    let sealed = c.messages.iter().filter(|message| is_sealed(&message.body)).count();
    (sealed * 2 >= c.messages.len() && sealed > 0).then_some(Unjudged::Encrypted)
}
