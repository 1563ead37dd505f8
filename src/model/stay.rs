//! What must stay of a capture whose beginning was judged: see [`Stay`].

use super::{Conversation, FrameRef, Message, Timestamp};
use hashbrown::HashSet;

/// What is needed further on of a capture that is judged while it is read: the rest is let go.
#[derive(Debug, Default)]
pub(crate) struct Stay {
    /// Whether each conversation is needed, by its place.
    pub conversations: Vec<bool>,
    /// Frames of messages that are needed of long conversations.
    pub frames: HashSet<FrameRef>,
    /// Messages that came later than this stay, whatever they are.
    pub since: Timestamp,
}

/// Messages from which on a conversation is long: of such a one what was judged is let go message by message.
const LONG: usize = 256;
/// Of a long one so many stay from its beginning.
const HEAD: usize = 16;

impl Stay {
    /// Messages of a conversation that are let go although the conversation stays.
    pub(crate) fn leaving<'c>(&self, conversation: &'c Conversation) -> impl Iterator<Item = &'c Message> {
        let messages = &conversation.messages;
        let is_long = Self::is_long(messages.len());
        messages.iter().skip(HEAD).filter(move |message| is_long && !self.has(message))
    }

    /// So many messages of a conversation are too many to keep them all.
    pub(crate) const fn is_long(messages: usize) -> bool {
        messages > LONG
    }

    /// That message is needed, or too young to tell.
    pub(crate) fn has(&self, message: &Message) -> bool {
        message.at.time >= self.since || message.frames.iter().any(|frame| self.frames.contains(frame))
    }
}

impl Message {
    /// Bytes that it takes in memory, roughly: its own, those of its content, and what its fields hold of the wire.
    pub(crate) fn weight(&self) -> usize {
        // What rules look at one by one (SIP, HTTP, Sametime) has many fields.
        let content = if self.body.is_essential() { 1024 } else { 256 };
        let said = usize::try_from(self.length).unwrap_or(usize::MAX).min(1 << 16);
        let frames = self.frames.len().saturating_mul(size_of::<FrameRef>());
        size_of::<Self>().saturating_add(content).saturating_add(said).saturating_add(frames)
    }
}

impl Conversation {
    /// Bytes that it takes in memory with its messages, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.messages.iter().map(Message::weight).fold(size_of::<Self>(), usize::saturating_add)
    }
}
