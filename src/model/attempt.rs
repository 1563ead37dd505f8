//! Somebody wanted something of somebody, and what came of it.
//!
//! An attempt is the smallest thing that can fail: a name that is looked up, a connection, a channel of TLS, a session, a
//! login, a registration. Each has exactly one [`Outcome`], and [`Outcome::Unknown`] is never taken for
//! [`Outcome::Granted`]: what the capture does not show was not judged.

use super::{CloseBy, ConversationId, Endpoint, FrameRef, Stamp};
use serde::Serialize;
use std::net::IpAddr;

/// What was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AttemptKind {
    /// To know the address of a server.
    Dns,
    /// A TCP connection.
    Connect,
    /// A channel of TLS.
    Tls,
    /// A Notes session: the server that was asked for answers, and the client goes on.
    NrpcOpen,
    /// To be known to a Domino server as the owner of an ID.
    NrpcAuth,
    /// A login at a web server: form, Basic, Negotiate, or an identity provider.
    HttpLogin,
    /// To be let in by a token that another login gave.
    HttpToken,
    /// A registration at a SIP registrar, or its renewal.
    SipRegister,
    /// A call.
    SipCall,
    /// A login at a Sametime community server.
    SametimeLogin,
    /// A bind at a directory.
    LdapBind,
    /// A search for a user in a directory. Of these last kinds only logs tell.
    LdapSearch,
    /// A sign-on in a Windows domain, as its controllers write it.
    AdLogon,
    /// A login of a mail client.
    SmtpLogin,
    /// An ID file from the ID vault, or put into it.
    IdVault,
    /// A connection of one Sametime server with another.
    Peer,
    /// A request that a proxy hands on to the server behind it.
    Backend,
}

impl AttemptKind {
    /// As reports write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::NrpcOpen => "nrpc.open",
            Self::NrpcAuth => "nrpc.auth",
            Self::HttpLogin => "http.login",
            Self::HttpToken => "http.token",
            Self::SipRegister => "sip.register",
            Self::SipCall => "sip.call",
            Self::SametimeLogin => "sametime.login",
            Self::LdapBind => "ldap.bind",
            Self::LdapSearch => "ldap.search",
            Self::AdLogon => "ad.logon",
            Self::SmtpLogin => "smtp.login",
            Self::IdVault => "idvault",
            Self::Peer => "peer",
            Self::Backend => "backend",
        }
    }

    /// A name, a connection, a channel, a search, a way on: nobody wants it for its own sake.
    pub(crate) const fn is_step(self) -> bool {
        matches!(self, Self::Dns | Self::Connect | Self::Tls | Self::LdapSearch | Self::Backend)
    }
}

impl Serialize for AttemptKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why it cannot be told what came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unjudged {
    /// What would tell is encrypted, and no key fits.
    Encrypted,
    /// The capture lacks bytes that would tell: lost, cut by the snap length, or of one direction only.
    Missing,
    /// It had begun before the capture.
    BegunBefore,
    /// The capture ends before an answer was due.
    CaptureEnds,
    /// The bytes that would tell were seen in two versions.
    Disputed,
    /// Frames are not in the order of their times: who began, who answered and who ended it cannot be told.
    OutOfOrder,
    /// The answer is of no form that is known to grant or to refuse.
    UnknownForm,
}

impl Unjudged {
    /// In words that go on from "cannot be told: ".
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Encrypted => "what would tell is encrypted, and no key fits",
            Self::Missing => "the capture lacks bytes that would tell",
            Self::BegunBefore => "it had begun before the capture",
            Self::CaptureEnds => "the capture ends before an answer was due",
            Self::Disputed => "the bytes that would tell are in the capture in two versions",
            Self::OutOfOrder => "the frames of the capture are not in the order of their times",
            Self::UnknownForm => "the answer is of no form that is known to grant or to refuse",
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What was wanted was given, and seen to be given.
    Granted,
    /// It was refused, by an answer: a status, a code, an alert, a RST, a login page. In words, without names of persons:
    /// attempts that were refused in the same words were refused in the same way.
    Refused(String),
    /// No answer came within the time for one.
    Unanswered,
    /// The connection ended before an answer, by whom.
    CutOff(CloseBy),
    /// The capture does not tell.
    Unknown(Unjudged),
}

impl Outcome {
    /// True if it came to nothing, as far as the capture shows. What is unknown did not fail.
    pub(crate) const fn is_failure(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unanswered | Self::CutOff(_))
    }

    /// True if it was seen to be granted.
    pub(crate) const fn is_granted(&self) -> bool {
        matches!(self, Self::Granted)
    }

    /// In words: `refused (401 Unauthorized)`, `unanswered`, `cut off by the server`.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Granted => "granted".to_owned(),
            Self::Refused(how) => format!("refused ({how})"),
            Self::Unanswered => "unanswered".to_owned(),
            Self::CutOff(by) => match by {
                CloseBy::Client => "cut off by the client".to_owned(),
                CloseBy::Server => "cut off by the server".to_owned(),
                CloseBy::Middlebox => "cut off by something on the path".to_owned(),
                CloseBy::None => "cut off".to_owned(),
            },
            Self::Unknown(why) => format!("unknown: {}", why.words()),
        }
    }
}

/// How much an attempt matters that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Weight {
    /// Somebody wanted it, and did not get it.
    #[default]
    Wanted,
    /// Nobody minds: a health check, a scanner, an ordinary step on the way, a person who does not pick up. Counted, not told.
    NobodyMinds,
}

/// Somebody wanted something of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// What was wanted.
    pub kind: AttemptKind,
    /// Who wanted it.
    pub client: IpAddr,
    /// The user, where one is named. Comes from the wire.
    pub user: Option<String>,
    /// Of whom.
    pub server: Endpoint,
    /// What the server is called: host, Notes name, registrar. Comes from the wire.
    pub server_name: Option<String>,
    /// The name that was asked for, where a name is asked for: Notes server, host, address of record. Comes from the wire.
    pub asked: Option<String>,
    /// When it began: its request.
    pub at: Stamp,
    /// When its outcome showed, if a frame shows it.
    pub answered: Option<Stamp>,
    /// Conversations that carried it, by [`super::Conversation::id`]; the first is that next to the client.
    pub conversations: Vec<ConversationId>,
    /// Frames of its request and of what tells its outcome, in ascending order.
    pub frames: Vec<FrameRef>,
    /// What came of it.
    pub outcome: Outcome,
    /// Where the same client got it after all, if it did soon after.
    pub mended: Option<Stamp>,
    /// Whether anybody minds.
    pub weight: Weight,
}

impl Attempt {
    /// True if it came to nothing and somebody minds.
    pub(crate) fn is_lost(&self) -> bool {
        self.outcome.is_failure() && self.weight == Weight::Wanted
    }
}

/// What came of all attempts of one kind at one server for one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AttemptCounts {
    /// What was wanted.
    pub kind: AttemptKind,
    /// Of whom, as `10.1.0.9:1352`. Nothing of what a log alone tells.
    #[serde(serialize_with = "shown")]
    pub server: Option<Endpoint>,
    /// The server or host that was asked for, where one is. Comes from the wire.
    pub asked: Option<String>,
    /// Seen to be granted.
    pub granted: u64,
    /// Refused by an answer, those that nobody minds among them.
    pub refused: u64,
    /// Not answered in time.
    pub unanswered: u64,
    /// Ended before an answer.
    pub cut_off: u64,
    /// What the capture does not tell.
    pub unknown: u64,
    /// Distinct clients, by address; of a log distinct users or addresses that it names. Of several captures the most that one of
    /// them shows: the same people may be in each.
    pub clients: u64,
    /// The log that tells of it where no capture shows it, by its path.
    pub log: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn shown<S: serde::Serializer>(server: &Option<Endpoint>, serializer: S) -> Result<S::Ok, S::Error> {
    server.as_ref().map(Endpoint::to_string).serialize(serializer)
}

impl AttemptCounts {
    /// None yet.
    pub(crate) fn new(kind: AttemptKind, server: Endpoint, asked: Option<String>) -> Self {
        let none = Self::logged(kind, None, asked);
        Self { server: Some(server), ..none }
    }

    /// None yet of those that a log tells of.
    pub(crate) const fn logged(kind: AttemptKind, log: Option<String>, asked: Option<String>) -> Self {
        Self {
            kind,
            server: None,
            log,
            asked,
            granted: 0,
            refused: 0,
            unanswered: 0,
            cut_off: 0,
            unknown: 0,
            clients: 0,
        }
    }

    /// One more, of which this came. Who tried is counted elsewhere.
    pub(crate) const fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Granted => &mut self.granted,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::Unanswered => &mut self.unanswered,
            Outcome::CutOff(_) => &mut self.cut_off,
            Outcome::Unknown(_) => &mut self.unknown,
        };
        *counter = counter.saturating_add(1);
    }

    /// Those of another capture of the same kind, server and name.
    pub(crate) fn add(&mut self, other: &Self) {
        self.granted = self.granted.saturating_add(other.granted);
        self.refused = self.refused.saturating_add(other.refused);
        self.unanswered = self.unanswered.saturating_add(other.unanswered);
        self.cut_off = self.cut_off.saturating_add(other.cut_off);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.clients = self.clients.max(other.clients);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let server = Endpoint { ip: [10, 1, 0, 9].into(), port: 1352 };
        let mut one = AttemptCounts::new(AttemptKind::NrpcOpen, server, None);
        for outcome in [Outcome::Granted, Outcome::Unanswered, Outcome::CutOff(CloseBy::Server)] {
            one.count(&outcome);
        }
        one.clients = 2;
        let mut two = AttemptCounts { clients: 1, ..one.clone() };
        two.count(&Outcome::Refused("x".to_owned()));
        one.add(&two);
        let counts = (one.granted, one.refused, one.unanswered, one.cut_off, one.unknown, one.clients);
        assert_eq!(counts, (2, 1, 2, 2, 0, 2));
        let written = serde_json::to_value(&one).unwrap();
        assert_eq!((&written["kind"], &written["server"]), (&"nrpc.open".into(), &"10.1.0.9:1352".into()));
    }

    #[test]
    fn what_is_unknown_is_neither_granted_nor_failed() {
        for why in [Unjudged::Encrypted, Unjudged::CaptureEnds, Unjudged::Disputed] {
            let outcome = Outcome::Unknown(why);
            assert!(!outcome.is_granted() && !outcome.is_failure());
            assert!(outcome.words().starts_with("unknown: "));
        }
    }

    /// Every kind.
    const ALL: [AttemptKind; 17] = [
        AttemptKind::Dns,
        AttemptKind::Connect,
        AttemptKind::Tls,
        AttemptKind::NrpcOpen,
        AttemptKind::NrpcAuth,
        AttemptKind::HttpLogin,
        AttemptKind::HttpToken,
        AttemptKind::SipRegister,
        AttemptKind::SipCall,
        AttemptKind::SametimeLogin,
        AttemptKind::LdapBind,
        AttemptKind::LdapSearch,
        AttemptKind::AdLogon,
        AttemptKind::SmtpLogin,
        AttemptKind::IdVault,
        AttemptKind::Peer,
        AttemptKind::Backend,
    ];

    #[test]
    fn names_are_those_of_the_report_and_differ() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(serde_json::to_string(&AttemptKind::NrpcOpen).unwrap(), "\"nrpc.open\"");
    }
}
