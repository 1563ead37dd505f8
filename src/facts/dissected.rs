//! A message of a conversation together with what its dissector read in it.

use crate::model::{Message, Stamp};
use std::ops::Deref;

/// A message whose kind is known. Dereferences to what it says.
///
/// [`Message::body`] may be of any protocol; facts look into it once and keep the part that they found, so that nothing behind
/// them has to match on it again.
#[derive(Debug)]
pub(crate) struct Dissected<'a, T> {
    /// The message: whose it is, where it stands, which frames brought it.
    pub message: &'a Message,
    /// Content of the message.
    pub content: &'a T,
}

impl<'a, T> Dissected<'a, T> {
    /// Puts a message and the part of its body together.
    pub(crate) const fn new(message: &'a Message, content: &'a T) -> Self {
        Self { message, content }
    }

    /// The frame that completed the message, and its time.
    pub(crate) const fn at(&self) -> Stamp {
        self.message.at
    }
}

// By hand: to derive them would ask the same of the content, which is only borrowed.
impl<T> Clone for Dissected<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Dissected<'_, T> {}

impl<T> Deref for Dissected<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.content
    }
}
