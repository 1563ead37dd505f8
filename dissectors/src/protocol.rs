//! What a protocol says of itself: everything that the rest of the program needs to know of it beside its messages.

use crate::tls::Opener;
use crate::{Dissector, Message, Roles, Side};
use std::fmt;
use std::hash::{Hash, Hasher};

/// One line of the table of protocols, see [`crate::PROTOCOLS`].
///
/// Begin with [`Protocol::new`] and state what differs:
///
/// ```
/// # use nrpcsniff_dissectors::{Dissector, Probe, Protocol, Side, dns};
/// # fn probe(_: Side, _: &[u8], _: bool) -> Probe { Probe::No }
/// # fn open() -> Box<dyn Dissector> { (dns::PROTOCOL.stream)() }
/// static PROTOCOL: Protocol =
///     Protocol { tcp_ports: &[7], udp_ports: &[7], ..Protocol::new("echo", "Echo", probe, open) };
/// assert!(PROTOCOL.sign_on.is_none() && !PROTOCOL.is_carrier());
/// ```
pub struct Protocol {
    /// Name in reports, filters, options and message types. No two protocols have the same.
    pub name: &'static str,
    /// Name for people: `NRPC`.
    pub label: &'static str,
    /// What somebody who runs servers calls those who speak it: who asks, and who is asked.
    pub ends: (&'static str, &'static str),
    /// What totals count of it: `messages` or `records`.
    pub counts: &'static str,
    /// Usual TCP ports. Content decides; a port only breaks ties and says what is worth keeping.
    pub tcp_ports: &'static [u16],
    /// Usual TCP ports on which TLS carries it.
    pub tls_ports: &'static [u16],
    /// Usual UDP ports.
    pub udp_ports: &'static [u16],
    /// Others are at home on its usual UDP ports, too: what goes there is of this protocol only if it looks so.
    pub udp_by_content: bool,
    /// A TCP conversation on a usual port belongs into the report even if it says something else: whoever called that port
    /// expected this protocol there.
    pub claims_ports: bool,
    /// Judges the first bytes that one side sent. `usual_port` is true if the server's port is the usual one or
    /// was named by the user; a probe may then accept weaker evidence (a conversation whose start is missing).
    pub probe: fn(from: Side, input: &[u8], usual_port: bool) -> Probe,
    /// Judges the beginning of a first message whose rest is not in the capture (a frame that was cut): true if nothing else
    /// begins so.
    pub cut_probe: fn(from: Side, input: &[u8]) -> bool,
    /// A fresh dissector for one TCP conversation.
    pub stream: fn() -> Box<dyn Dissector>,
    /// Parses one UDP datagram; `None` for a protocol that has none, or bytes that are not of this protocol.
    pub datagram: fn(&[u8]) -> Option<Message>,
    /// True if a datagram is of this protocol beyond doubt, on any port, or on a usual one where the second argument says so. Cheap: it
    /// is asked of every first datagram.
    pub datagram_probe: fn(&[u8], usual_port: bool) -> bool,
    /// It carries another protocol in units of its own: a dissector that has protected units opened.
    pub opened_by: Option<Opening>,
    /// By what it hands a conversation on to another protocol, if it does (HTTP: a WebSocket). The conversation is then for
    /// what the other one says in it.
    pub hands_on_by: Option<&'static str>,
    /// Most of its bytes are bodies, which are passed over on purpose: that they are not dissected says nothing.
    pub has_bodies: bool,
    /// Either side of a conversation may ask. Elsewhere the side that was called answers.
    pub both_sides_ask: bool,
    /// Of several requests in a conversation, the one that a list of conversations shows.
    pub listed: Pick,
    /// Its part in signing on; `None` if it has none.
    pub sign_on: Option<SignOn>,
    /// What belongs together where two captures are compared.
    pub dialogues: Dialogues,
    /// What a difference in a field is worth, where two sessions are compared.
    pub roles: Roles,
}

/// A fresh dissector of a protocol that carries another: what is protected is opened by that opener.
pub type Opening = fn(Box<dyn Opener>) -> Box<dyn Dissector>;

/// What the first bytes of one direction say about the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// These bytes are of this protocol.
    Yes,
    /// They are not.
    No,
    /// Too few bytes to tell: this many are needed.
    Need(usize),
}

impl Probe {
    /// Both must hold: one No decides, and the longer need counts.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Need(one), Self::Need(other)) => Self::Need(one.max(other)),
            (Self::Need(bytes), Self::Yes) | (Self::Yes, Self::Need(bytes)) => Self::Need(bytes),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// One is enough; while neither is sure, the shorter need counts.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Need(one), Self::Need(other)) => Self::Need(one.min(other)),
            (Self::Need(bytes), Self::No) | (Self::No, Self::Need(bytes)) => Self::Need(bytes),
            (Self::No, Self::No) => Self::No,
        }
    }
}

/// A protocol's part in signing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOn {
    /// How it is told that it works.
    pub told_by: Success,
    /// Nobody speaks it but to sign on, so that a client which never comes to it has stopped before. HTTP carries anything.
    pub dedicated: bool,
}

/// How it is told that a conversation got what it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// A message grants it: [`crate::Decision::Granted`].
    Granted,
    /// The client goes on after the server's first answer: no message says so in words.
    WentOn,
}

/// What belongs together where two captures are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialogues {
    /// What is said in one conversation; its opening and its end belong to it.
    Conversation,
    /// All that a client asks of one host, over as many conversations as it likes: requests with their answers.
    Host,
    /// All that a client asks: each question may have a conversation of its own. Requests with their answers. Nobody is
    /// served by the answers alone: they lead to other conversations.
    Client,
}

/// One of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The first: what the conversation was opened for.
    First,
    /// The last: what it came to.
    Last,
}

impl Protocol {
    /// A protocol over TCP without usual ports, of which nothing is claimed: its messages stand alone, it has no part in
    /// signing on, and a dialogue is one conversation. A protocol that is declared names only what is different of it, so that one
    /// more property here changes no other protocol.
    pub const fn new(
        name: &'static str,
        label: &'static str,
        probe: fn(Side, &[u8], bool) -> Probe,
        stream: fn() -> Box<dyn Dissector>,
    ) -> Self {
        Self {
            name,
            label,
            ends: ("client", "server"),
            counts: "messages",
            tcp_ports: &[],
            tls_ports: &[],
            udp_ports: &[],
            udp_by_content: false,
            claims_ports: false,
            probe,
            cut_probe: |_, _| false,
            stream,
            datagram: |_| None,
            datagram_probe: |_, _| false,
            opened_by: None,
            hands_on_by: None,
            has_bodies: false,
            both_sides_ask: false,
            listed: Pick::First,
            sign_on: None,
            dialogues: Dialogues::Conversation,
            roles: &[],
        }
    }

    /// It carries another protocol in units of its own (TLS).
    pub const fn is_carrier(&self) -> bool {
        self.opened_by.is_some()
    }
}

/// Two protocols are the same if they have the same name. Each name stands in one place, so that most comparisons end with lengths or
/// first bytes, and rules ask for every conversation.
impl PartialEq for Protocol {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (self.name.as_bytes(), other.name.as_bytes());
        std::ptr::eq(self, other) || (own.len() == others.len() && own.first() == others.first() && own == others)
    }
}

impl Eq for Protocol {}

impl Hash for Protocol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use crate::PROTOCOLS;
    use std::collections::HashSet;

    #[test]
    fn no_two_protocols_have_the_same_name() {
        let names: HashSet<_> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
        let labels: HashSet<_> = PROTOCOLS.iter().map(|protocol| protocol.label).collect();
        assert_eq!((names.len(), labels.len()), (PROTOCOLS.len(), PROTOCOLS.len()));
    }

    #[test]
    fn a_port_is_usual_for_one_protocol_only() {
        let ports: Vec<_> = PROTOCOLS.iter().flat_map(|protocol| protocol.tcp_ports).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
    }
}
