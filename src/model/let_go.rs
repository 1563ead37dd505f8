//! What was judged and let go, as far as it is summed.

use nrpcsniff_dissectors::tls::Why;
use std::collections::BTreeMap;

/// Conversations that were judged and let go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LetGo {
    /// All of them.
    pub conversations: u32,
    /// Those that were judged before it could be seen what their clients did next, because too little could be held.
    pub early: u64,
    /// Those of each property that rules about the capture as a whole count.
    pub sums: BTreeMap<Property, Sum>,
}

/// Of conversations that have a property.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// How many they are.
    pub conversations: usize,
    /// Sum of what the property measures: bytes or frames.
    pub amount: u64,
}

/// A property that rules about the capture as a whole count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    /// It concerns NRPC, by port or content.
    Talk,
    /// Its content is NRPC.
    Nrpc,
    /// It holds TLS records.
    Tls,
    /// Bytes were acknowledged that the capture does not hold: so many.
    Holed,
    /// Only one side is in the capture.
    OneWay,
    /// An NRPC session that had begun before the capture.
    Begun,
    /// Frames were cut: so many.
    Cut,
    /// Frames were cut, and a name is missing.
    CutNameless,
    /// Frames of TLS were cut: so many.
    CutTls,
    /// Frames of TLS were cut, and the hellos were not read.
    CutTlsUnread,
    /// No name was seen, and it was not refused.
    Nameless,
    /// Frames are in the capture twice: so many.
    Twice,
    /// Bytes are in the capture in two versions.
    Disputed,
    /// It shows that the capture was taken on one of the two machines.
    Offloaded,
    /// NRPC of which the header cannot be read.
    Opaque,
    /// TLS records stay closed.
    Sealed(Why),
    /// It is of the protocol of that name.
    Protocol(&'static str),
    /// It began with the protocol of the first name and went on with that of the second.
    HandedOn(&'static str, &'static str),
}

impl LetGo {
    /// Adds those of another capture.
    pub(crate) fn add(&mut self, other: Self) {
        self.conversations = self.conversations.saturating_add(other.conversations);
        self.early = self.early.saturating_add(other.early);
        for (property, more) in other.sums {
            let sum = self.sums.entry(property).or_default();
            sum.conversations = sum.conversations.saturating_add(more.conversations);
            sum.amount = sum.amount.saturating_add(more.amount);
        }
    }

    /// What is known of those with that property.
    pub(crate) fn of(&self, property: Property) -> Sum {
        self.sums.get(&property).copied().unwrap_or_default()
    }
}
