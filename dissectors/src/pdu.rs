//! What the messages (PDUs, protocol data units) of all protocols have in common: how they read in reports, and what they
//! come to for somebody who knows nothing else of their protocol.
//!
//! A protocol implements both traits for its message; what it does not say has a default that claims nothing. Rooms that
//! report, compare and judge ask these and never which protocol it is.

use crate::{Fields, Message, Protocol, Reading};

/// A message of a protocol.
pub trait Pdu: Presentation + Semantics {}

impl<T: Presentation + Semantics> Pdu for T {}

/// How a message reads in a report.
pub trait Presentation {
    /// The protocol that it is of.
    fn protocol(&self) -> &'static Protocol;

    /// Type of the message as the report names it, such as `nrpc.session_request`.
    fn kind(&self) -> &'static str;

    /// One line for people. May hold text from the wire: escape it where it is printed.
    fn summary(&self) -> String;

    /// The same for somebody who runs servers and knows no protocol: who asks for what, and what is answered, without numbers
    /// of functions. Nothing of a message that is a mere step of the machinery. It stands behind an arrow that shows who says it.
    fn plainly(&self) -> Option<String> {
        Some(self.summary())
    }

    /// Fields in the order of the report. Clock differences are measured against `reading.seen`; credentials are masked
    /// unless it allows them.
    fn fields(&self, reading: &Reading<'_>) -> Fields;
}

/// What a message comes to.
pub trait Semantics {
    /// In a few words that are the same in two sessions which go alike. `request` is what it answers, where that is known:
    /// the same status may mean one thing to a login and another to a page.
    fn meaning(&self, request: Option<&Message>) -> String;

    /// What it decides of what was asked by `request`, where that is known. An answer alone tells less: a status that is a
    /// step on the way for who has shown no credentials is a refusal for who has.
    fn decision(&self, _request: Option<&Message>) -> Decision {
        Decision::Open
    }

    /// Whether it asks or answers.
    fn class(&self) -> Class {
        Class::Unstated
    }

    /// What a request and the answers to it have in common and no other of their conversation has: a transaction id, the
    /// number of an exchange. Without it answers come in the order of the requests.
    fn transaction(&self) -> Option<String> {
        None
    }

    /// What was asked, in the words of [`Semantics::meaning`], where an answer repeats it.
    fn question(&self) -> Option<String> {
        None
    }

    /// Whom or what it asks for, in a word for the column of a list.
    fn asked(&self) -> Option<String> {
        None
    }

    /// What it answers, in a word for the column of a list. Not of an answer that decides nothing yet.
    fn answered(&self) -> Option<String> {
        None
    }

    /// What its conversation is for, as far as this message says.
    fn purpose(&self) -> Purpose {
        Purpose::default()
    }

    /// It is to be kept however long the conversation is: a refusal, or something that cannot be read.
    fn is_notable(&self) -> bool {
        false
    }

    /// No message, but bytes that should be one: shown, for the other side may have given up over them, and not counted.
    fn is_nonsense(&self) -> bool {
        false
    }

    /// Rules look at every message of its kind, in conversations that may be long: kept as long as there is room.
    fn is_essential(&self) -> bool {
        false
    }

    /// It can be seen that something is said, but not what: encrypted, or of an unknown form.
    fn is_opaque(&self) -> bool {
        false
    }

    /// False for a step that two sessions which go alike need not have in common: of a handshake all but what is asked for
    /// and what is chosen. Asked of protocols that carry another.
    fn is_comparable(&self) -> bool {
        true
    }
}

/// What an answer decides of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Decision {
    /// It is granted.
    Granted,
    /// It is refused: a status or a reason that ends what was asked for.
    Refused,
    /// Neither: a step on the way, such as a demand for credentials; or no answer at all.
    #[default]
    Open,
}

/// Whether a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Class {
    /// It asks.
    Request,
    /// It answers, and another answer to the same request is to come (1xx of SIP and HTTP).
    Interim,
    /// It answers.
    Response,
    /// The message alone does not say: who was called answers.
    #[default]
    Unstated,
}

impl Class {
    /// It answers, whoever sends it.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Interim | Self::Response)
    }
}

/// Whom or what a conversation is for, as far as it was read: by this the conversations of two captures are paired.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purpose {
    /// Whom it is for: the server that was asked for, who registers, who logs in.
    pub wanted: Option<String>,
    /// Who answered, by the name that it gave.
    pub answered: Option<String>,
    /// Further words that both conversations must have in common.
    pub manner: Option<&'static str>,
}

impl Purpose {
    /// It is for that, and nothing else is known.
    pub fn wanting(wanted: impl Into<String>) -> Self {
        Self { wanted: Some(wanted.into()), ..Self::default() }
    }

    /// With what `other` knows beyond it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            wanted: self.wanted.or(other.wanted),
            answered: self.answered.or(other.answered),
            manner: self.manner.or(other.manner),
        }
    }
}
