//! The conversations of a capture, in the order of their first frames.

use super::{Conversation, ConversationId};
use std::ops::{Index, IndexMut};
use std::slice::SliceIndex;

/// Conversations by their numbers. They are large, and many are moved and sorted: each stands in a place of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversations(
    #[expect(clippy::vec_box, reason = "a conversation is large, and the list grows and is sorted")]
    Vec<Box<Conversation>>,
);

/// Conversations, one after the other.
pub(crate) type Iter<'a> =
    std::iter::Map<std::slice::Iter<'a, Box<Conversation>>, fn(&Box<Conversation>) -> &Conversation>;

/// Conversations to be changed, one after the other.
pub(crate) type IterMut<'a> =
    std::iter::Map<std::slice::IterMut<'a, Box<Conversation>>, fn(&mut Box<Conversation>) -> &mut Conversation>;

impl Conversations {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|conversation| conversation)
    }

    /// All of them in order, to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        self.0.iter_mut().map(|conversation| conversation)
    }

    /// The one in that place, from 0.
    pub fn get(&self, place: usize) -> Option<&Conversation> {
        self.0.get(place).map(|conversation| &**conversation)
    }

    /// The one of that number, if it was kept. Where nothing was let go the number is the place.
    pub fn by_id(&self, id: ConversationId) -> Option<&Conversation> {
        self.get(id.index()).filter(|c| c.id == id).or_else(|| {
            let place = self.0.binary_search_by_key(&id, |c| c.id).ok()?;
            self.get(place)
        })
    }

    /// The one in that place, from 0, to be changed.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Conversation> {
        self.0.get_mut(place).map(|conversation| &mut **conversation)
    }

    /// The first.
    pub fn first(&self) -> Option<&Conversation> {
        self.get(0)
    }

    /// Adds one behind the others.
    pub fn push(&mut self, conversation: Box<Conversation>) {
        self.0.push(conversation);
    }

    /// Puts another one in that place.
    pub(crate) fn put(&mut self, place: ConversationId, conversation: Box<Conversation>) {
        if let Some(there) = self.0.get_mut(place.index()) {
            *there = conversation;
        }
    }

    /// Takes over those of another capture, behind its own.
    pub(crate) fn append(&mut self, others: &mut Self) {
        self.0.append(&mut others.0);
    }

    /// Leaves those that stay.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&Conversation) -> bool) {
        self.0.retain(|conversation| stays(conversation));
    }

    /// Sorts by a key; what has the same keeps its order.
    pub(crate) fn sort_by_cached_key<K: Ord>(&mut self, key: impl Fn(&Conversation) -> K) {
        self.0.sort_by_cached_key(|conversation| key(conversation));
    }
}

impl<'a> IntoIterator for &'a Conversations {
    type Item = &'a Conversation;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Conversations {
    type Item = &'a mut Conversation;
    type IntoIter = IterMut<'a>;
    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}

impl FromIterator<Conversation> for Conversations {
    fn from_iter<I: IntoIterator<Item = Conversation>>(conversations: I) -> Self {
        Self(conversations.into_iter().map(Box::new).collect())
    }
}

impl From<Vec<Conversation>> for Conversations {
    fn from(conversations: Vec<Conversation>) -> Self {
        conversations.into_iter().collect()
    }
}

impl<I: SliceIndex<[Box<Conversation>]>> Index<I> for Conversations {
    type Output = I::Output;
    /// Panics where there is none, as that of a slice does.
    #[expect(clippy::indexing_slicing, reason = "who indexes asks for it; rooms do not")]
    fn index(&self, place: I) -> &I::Output {
        &self.0[place]
    }
}

impl<I: SliceIndex<[Box<Conversation>]>> IndexMut<I> for Conversations {
    #[expect(clippy::indexing_slicing, reason = "who indexes asks for it; rooms do not")]
    fn index_mut(&mut self, place: I) -> &mut I::Output {
        &mut self.0[place]
    }
}
