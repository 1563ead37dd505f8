//! What was judged and let go, as far as it is summed.

use nrpcsniff_dissectors::tls::Why;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Conversations that were judged and let go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LetGo {
    /// All of them.
    pub conversations: u32,
    /// Those that were judged before it could be seen what their clients did next, because too little could be held.
    pub early: u64,
    /// Those of each property that rules about the capture as a whole count.
    pub sums: BTreeMap<Property, Sum>,
    /// Questions of DNS that brought no address, by the first label of the name: what is said later may tell that it is a sign-on
    /// server's.
    pub unresolved: BTreeMap<String, Unresolved>,
    /// Who asked DNS for anything.
    pub askers: BTreeSet<IpAddr>,
}

/// Questions for one name that brought no address, whatever suffix it was tried with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// How many they are.
    pub questions: usize,
    /// Those whose client found the name later.
    pub recovered: usize,
    /// Who asked: [`Unresolved::CLIENTS`] at most.
    pub clients: BTreeSet<IpAddr>,
    /// What was answered, in words; where nobody did, that.
    pub came_to: BTreeSet<String>,
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

impl Unresolved {
    /// Clients of one name that are told apart.
    pub(crate) const CLIENTS: usize = 64;
    /// What a question came to that nobody answered.
    pub(crate) const NO_ANSWER: &str = "no answer";

    /// One question more.
    pub(crate) fn add(&mut self, client: IpAddr, came_to: &str, is_recovered: bool) {
        self.questions = self.questions.saturating_add(1);
        self.recovered = self.recovered.saturating_add(usize::from(is_recovered));
        if self.clients.len() < Self::CLIENTS {
            self.clients.insert(client);
        }
        if !self.came_to.contains(came_to) {
            self.came_to.insert(came_to.to_owned());
        }
    }

    fn merge(&mut self, other: Self) {
        self.questions = self.questions.saturating_add(other.questions);
        self.recovered = self.recovered.saturating_add(other.recovered);
        self.clients.extend(other.clients.into_iter().take(Self::CLIENTS.saturating_sub(self.clients.len())));
        self.came_to.extend(other.came_to);
    }
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
        self.askers.extend(other.askers);
        for (name, more) in other.unresolved {
            self.unresolved.entry(name).or_default().merge(more);
        }
    }

    /// What is known of those with that property.
    pub(crate) fn of(&self, property: Property) -> Sum {
        self.sums.get(&property).copied().unwrap_or_default()
    }
}
