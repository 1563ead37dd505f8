//! What failed, and no rule says why: it is told all the same, with what would tell the cause.
//!
//! Rules of last resort are asked when all others have spoken and it is settled what explains what. They get the attempts that
//! came to nothing, that somebody minds, and that no finding explains.

use super::{Draft, rules};
use crate::facts::Case;
use crate::facts::attempts::NOT_RENEWED;
use crate::model::{Attempt, AttemptKind, ConversationId, Endpoint, Finding, FrameRef, Layer, Outcome};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// What rules of last resort say beside those findings.
pub(super) fn tell(case: &Case<'_>, findings: &[Finding]) -> Vec<Finding> {
    let attempts = unexplained(case, findings);
    if attempts.is_empty() {
        return Vec::new();
    }
    let lost = Lost::new(case, attempts);
    rules::RULES.iter().flat_map(|rule| rule.last_resort(case, &lost)).map(Draft::finish).collect()
}

/// Attempts that came to nothing and that nothing explains, and what became of their clients.
#[derive(Debug)]
pub(crate) struct Lost<'c> {
    /// In order of their frames; never none.
    pub attempts: Vec<&'c Attempt>,
    /// When each client was granted something of each kind last.
    granted: HashMap<(AttemptKind, IpAddr), FrameRef>,
    /// When each user was registered first at each client.
    registered: HashMap<(IpAddr, &'c str), FrameRef>,
}

impl<'c> Lost<'c> {
    fn new(case: &'c Case<'_>, attempts: Vec<&'c Attempt>) -> Self {
        let (mut granted, mut registered) = (HashMap::new(), HashMap::new());
        for attempt in case.attempts().iter().filter(|attempt| attempt.outcome.is_granted()) {
            granted.insert((attempt.kind, attempt.client), attempt.at.frame);
            if let Some(user) = attempt.asked.as_deref().filter(|_| attempt.kind == AttemptKind::SipRegister) {
                registered.entry((attempt.client, user)).or_insert(attempt.at.frame);
            }
        }
        Self { attempts, granted, registered }
    }

    /// Those of one kind, in order.
    pub(crate) fn of(&self, kind: AttemptKind) -> impl Iterator<Item = &'c Attempt> {
        self.attempts.iter().copied().filter(move |attempt| attempt.kind == kind)
    }

    /// The same client got something of the kind later, wherever and as whomever.
    pub(crate) fn got_in_later(&self, attempt: &Attempt) -> bool {
        self.granted.get(&(attempt.kind, attempt.client)).is_some_and(|last| *last > attempt.at.frame)
    }

    /// A registration was there before and was lost: its renewal failed or never came, and the client did not get in again.
    pub(crate) fn has_lapsed(&self, attempt: &Attempt) -> bool {
        let ran_out = || attempt.outcome == Outcome::Refused(NOT_RENEWED.to_owned());
        let user = attempt.asked.as_deref().unwrap_or_default();
        let registered = || self.registered.get(&(attempt.client, user)).is_some_and(|first| *first < attempt.at.frame);
        attempt.kind == AttemptKind::SipRegister && attempt.mended.is_none() && (ran_out() || registered())
    }
}

/// Attempts that came to nothing and that no finding explains, in order.
fn unexplained<'c>(case: &'c Case<'_>, findings: &[Finding]) -> Vec<&'c Attempt> {
    let told = |attempt: &&Attempt| attempt.is_lost() && matters(case, attempt);
    let lost: Vec<&Attempt> = case.attempts().iter().filter(told).collect();
    let explained = Explained::by(&lost, findings);
    lost.into_iter().filter(|attempt| !explained.has(attempt)).collect()
}

/// A connection matters where it leads to a sign-on. What is told of TLS with others is set aside later, as one line.
fn matters(case: &Case<'_>, attempt: &Attempt) -> bool {
    match attempt.kind {
        AttemptKind::Connect => case.peers().has(attempt.server, attempt.asked.as_deref()),
        _ => true,
    }
}

/// What failed in the same way at the same server has the same cause.
type Failing = (AttemptKind, Endpoint, String);

fn failing(attempt: &Attempt) -> Failing {
    (attempt.kind, attempt.server, attempt.outcome.words())
}

/// What findings name that say why something failed.
pub(super) struct Explained {
    frames: HashSet<FrameRef>,
    conversations: HashSet<ConversationId>,
    /// How many attempts of each kind came to nothing in each conversation.
    lost: HashMap<(AttemptKind, ConversationId), usize>,
    alike: HashSet<Failing>,
}

impl Explained {
    /// Takes note of what these findings name; `lost` are all attempts that came to nothing.
    pub(super) fn by<'f>(lost: &[&Attempt], findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut explained =
            Self { frames: HashSet::new(), conversations: HashSet::new(), lost: HashMap::new(), alike: HashSet::new() };
        for attempt in lost {
            for &conversation in &attempt.conversations {
                *explained.lost.entry((attempt.kind, conversation)).or_default() += 1;
            }
        }
        let explains =
            |finding: &&Finding| !matches!(finding.layer, Layer::Capture | Layer::Information | Layer::Performance);
        for finding in findings.into_iter().filter(explains) {
            explained.frames.extend(finding.frames.iter().copied());
            explained.conversations.extend(finding.conversations.iter().copied());
        }
        explained.alike =
            lost.iter().filter(|attempt| explained.shows(attempt)).map(|attempt| failing(attempt)).collect();
        explained
    }

    /// A finding tells of it, or of another one that failed in the same way at the same server.
    pub(super) fn has(&self, attempt: &Attempt) -> bool {
        self.shows(attempt) || self.alike.contains(&failing(attempt))
    }

    /// A finding shows a frame of it, or is about its conversation, where nothing else of its kind failed.
    fn shows(&self, attempt: &Attempt) -> bool {
        let only_one = |conversation| self.lost.get(&(attempt.kind, conversation)).is_none_or(|&count| count == 1);
        let about =
            |&conversation: &ConversationId| self.conversations.contains(&conversation) && only_one(conversation);
        attempt.frames.iter().any(|frame| self.frames.contains(frame)) || attempt.conversations.iter().any(about)
    }
}
