//! What came of a conversation: what was tried in it, looked up by conversation.

use crate::facts::Case;
use crate::model::{Attempt, Conversation, ConversationId};
use hashbrown::HashMap;
use nrpcsniff_dissectors::Decision;

/// Attempts of a capture, by the conversations that carried them.
pub(crate) struct Outcomes<'c>(HashMap<ConversationId, Vec<&'c Attempt>>);

impl<'c> Outcomes<'c> {
    /// Those of a capture.
    pub(crate) fn of(case: &'c Case<'_>) -> Self {
        let mut attempts: HashMap<_, Vec<_>> = HashMap::new();
        for attempt in case.attempts() {
            for &conversation in &attempt.conversations {
                attempts.entry(conversation).or_default().push(attempt);
            }
        }
        Self(attempts)
    }

    fn in_conversation(&self, c: &Conversation) -> &[&'c Attempt] {
        self.0.get(&c.id).map_or(&[], Vec::as_slice)
    }

    /// Something came to nothing in it that somebody minds.
    pub(crate) fn is_lost(&self, c: &Conversation) -> bool {
        self.in_conversation(c).iter().any(|attempt| attempt.is_lost())
    }

    /// Something came to nothing in it, whether anybody minds or not.
    pub(crate) fn has_failed(&self, c: &Conversation) -> bool {
        self.in_conversation(c).iter().any(|attempt| attempt.outcome.is_failure())
    }

    /// Something that was wanted in it was granted. Where nothing in it is an attempt (a search without a login), an answer that
    /// grants is as much.
    pub(crate) fn has_granted(&self, c: &Conversation) -> bool {
        let mut aims = self.aims(c).peekable();
        if aims.peek().is_some() {
            return aims.any(|attempt| attempt.outcome.is_granted());
        }
        let is_dedicated = c.spoken().and_then(|protocol| protocol.sign_on).is_none_or(|sign_on| sign_on.dedicated);
        !is_dedicated && c.messages.iter().any(|message| message.body.decision(None) == Decision::Granted)
    }

    /// All that was wanted in it was granted.
    pub(crate) fn is_granted(&self, c: &Conversation) -> bool {
        self.has_granted(c) && self.aims(c).all(|attempt| attempt.outcome.is_granted())
    }

    /// What somebody wanted for its own sake: no connection, no channel.
    fn aims<'s>(&'s self, c: &Conversation) -> impl Iterator<Item = &'s Attempt> + use<'s, 'c> {
        self.in_conversation(c).iter().copied().filter(|attempt| !attempt.kind.is_step())
    }
}
