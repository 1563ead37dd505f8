//! Who failed because of a finding, and whether they got since then what they had wanted.

use crate::facts::attempts::is_same_wish;
use crate::model::{Attempt, AttemptKind, ConversationId, Finding, FrameRef, Timestamp};
use hashbrown::HashMap;
use std::net::IpAddr;

/// Clients of whom the last failure is remembered; bounds memory.
const CLIENTS: usize = 64;

/// Attempts of one look, by what findings name of those that came to nothing, and by who got something.
pub(super) struct Wanted<'c> {
    by_frame: HashMap<FrameRef, Vec<&'c Attempt>>,
    /// Those of which there is one only in its conversation.
    by_conversation: HashMap<ConversationId, Vec<&'c Attempt>>,
    granted: HashMap<(AttemptKind, IpAddr), Vec<&'c Attempt>>,
}

/// Who failed last, the latest failure of each.
#[derive(Debug, Default)]
pub(super) struct Failures {
    last_of: HashMap<(IpAddr, AttemptKind), Attempt>,
    /// Who got what had failed, and when, if that was after all failures.
    mended: Option<(IpAddr, Timestamp)>,
}

impl<'c> Wanted<'c> {
    /// Indexes attempts, which stand in the order of their frames.
    pub(super) fn of(attempts: &'c [Attempt]) -> Self {
        let mut of = Self { by_frame: HashMap::new(), by_conversation: HashMap::new(), granted: HashMap::new() };
        let mut in_conversation: HashMap<(AttemptKind, ConversationId), Vec<&Attempt>> = HashMap::new();
        for attempt in attempts {
            if attempt.outcome.is_granted() {
                of.granted.entry((attempt.kind, attempt.client)).or_default().push(attempt);
            } else if attempt.is_lost() {
                for &frame in &attempt.frames {
                    of.by_frame.entry(frame).or_default().push(attempt);
                }
                for &id in &attempt.conversations {
                    in_conversation.entry((attempt.kind, id)).or_default().push(attempt);
                }
            }
        }
        for ((_, id), attempts) in in_conversation {
            if let [attempt] = attempts.as_slice() {
                of.by_conversation.entry(id).or_default().push(attempt);
            }
        }
        of
    }

    /// What came to nothing and is told by that finding.
    fn told_by(&self, finding: &Finding) -> impl Iterator<Item = &'c Attempt> {
        let by_frame = finding.frames.iter().filter_map(|frame| self.by_frame.get(frame));
        let by_conversation = finding.conversations.iter().filter_map(|id| self.by_conversation.get(id));
        by_frame.chain(by_conversation).flatten().copied()
    }

    /// What the client of a failure was granted later of what it had wanted, first.
    fn granted_after(&self, failed: &Attempt, after: Timestamp) -> Option<&'c Attempt> {
        let granted = self.granted.get(&(failed.kind, failed.client))?;
        granted.iter().copied().find(|next| got_at(next) > after && is_same_wish(failed, next))
    }
}

impl Failures {
    /// Takes note of what the finding tells now. What is let go stays noted.
    pub(super) fn take(&mut self, finding: &Finding, wanted: &Wanted<'_>) {
        for attempt in wanted.told_by(finding) {
            let whose = (attempt.client, attempt.kind);
            if self.last_of.get(&whose).is_some_and(|known| known.at.time >= attempt.at.time) {
                continue;
            }
            self.last_of.insert(whose, without_frames(attempt));
            if self.last_of.len() > CLIENTS {
                let oldest = self.last_of.iter().min_by_key(|(_, failed)| failed.at.time).map(|(whose, _)| *whose);
                oldest.map(|whose| self.last_of.remove(&whose));
            }
        }
        let last = self.last();
        self.mended =
            self.mended.filter(|(_, at)| last.is_some_and(|last| *at > last)).or_else(|| self.granted(wanted));
    }

    /// When the last of them failed.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last_of.values().map(|failed| failed.at.time).max()
    }

    /// Who failed last.
    pub(super) fn last_client(&self) -> Option<IpAddr> {
        self.last_of.values().max_by_key(|failed| failed.at.time).map(|failed| failed.client)
    }

    /// Who got what had failed, and since when, if nobody failed since.
    pub(super) const fn mended(&self) -> Option<(IpAddr, Timestamp)> {
        self.mended
    }

    /// Who got what had failed and since when, as far as this look shows, for what is not told any longer.
    pub(super) fn granted(&self, wanted: &Wanted<'_>) -> Option<(IpAddr, Timestamp)> {
        let last = self.last()?;
        let granted = self.last_of.values().filter_map(|failed| wanted.granted_after(failed, last));
        granted.map(|next| (next.client, got_at(next))).min_by_key(|(_, at)| *at)
    }
}

/// When an attempt was granted.
fn got_at(granted: &Attempt) -> Timestamp {
    granted.answered.unwrap_or(granted.at).time
}

/// Frames would only take memory.
fn without_frames(attempt: &Attempt) -> Attempt {
    Attempt { frames: Vec::new(), conversations: Vec::new(), ..attempt.clone() }
}
