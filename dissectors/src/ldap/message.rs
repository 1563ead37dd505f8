//! What an LDAP message says.

use super::result::Outcome;
use crate::Problem;

/// Object identifier of StartTLS (RFC 4511 section 4.14.1).
pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// An LDAP message (RFC 4511 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What joins a request and its answers; 0 for what the server says unasked. `None` where it was not read.
    pub id: Option<u32>,
    /// What it says.
    pub body: Body,
    /// Bytes are missing from the capture: fields may be cut or lacking.
    pub incomplete: bool,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// What a message says, by its operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Somebody says who he is.
    BindRequest {
        /// Version of the protocol.
        version: Option<u32>,
        /// Distinguished name (or what Active Directory takes for one); empty for nobody.
        name: String,
        /// How that is proved.
        auth: Auth,
    },
    /// What comes of it.
    BindResponse(Outcome),
    /// Entries are looked for.
    SearchRequest {
        /// Entry below which is searched.
        base: String,
        /// How far below it is searched.
        scope: Scope,
        /// Entries at most; 0 for no limit.
        size_limit: Option<u32>,
        /// Which, in the form of RFC 4515.
        filter: String,
    },
    /// The search is over.
    SearchDone {
        /// What comes of it.
        outcome: Outcome,
        /// Entries that were sent; `None` where the capture lacks some of what was sent.
        entries: Option<u64>,
    },
    /// Part of the answer is at another server.
    SearchReference {
        /// Directories to ask instead (at most 16 are kept).
        urls: Vec<String>,
    },
    /// The client leaves.
    Unbind,
    /// An operation is no longer wanted.
    Abandon {
        /// Its id.
        id: Option<u32>,
    },
    /// An operation that is known by its object identifier.
    Extended {
        /// Object identifier of the operation.
        oid: String,
    },
    /// What comes of one; also what a server says before it hangs up (notice of disconnection).
    ExtendedResponse {
        /// What comes of it.
        outcome: Outcome,
        /// Which, if the answer says so.
        oid: Option<String>,
    },
    /// Another request, by its name in RFC 4511.
    Request {
        /// `modify`, `add`, `delete`, `rename`, `compare`.
        operation: &'static str,
        /// The entry that it is about.
        name: String,
    },
    /// What comes of one.
    Response {
        /// As in [`Body::Request`].
        operation: &'static str,
        /// What comes of it.
        outcome: Outcome,
    },
    /// More is to come (RFC 4511 section 4.13).
    Intermediate {
        /// Of what kind.
        oid: Option<String>,
    },
    /// A unit of a security layer of SASL: not to be read.
    Sealed {
        /// Bytes in it.
        length: u64,
    },
    /// No message.
    Malformed,
}

/// How a bind is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By a password; none at all (length 0) is an anonymous bind, or one without proof.
    Simple {
        /// Bytes of the password.
        length: u64,
    },
    /// By SASL.
    Sasl {
        /// The mechanism: `GSS-SPNEGO`, `GSSAPI`, `DIGEST-MD5`, `EXTERNAL`, `PLAIN`.
        mechanism: String,
        /// Bytes of credentials.
        length: u64,
    },
    /// By NTLM without SASL, as Windows does it ("Sicily", MS-ADTS section 5.1.1.1.3).
    Ntlm {
        /// Where it stands.
        step: NtlmStep,
        /// Bytes of what was sent.
        length: u64,
    },
    /// In another way, or it was not read.
    Unknown,
}

/// Where a bind by NTLM stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NtlmStep {
    /// The client asks whether the server does it.
    Discover,
    /// It begins; a challenge comes back.
    Negotiate,
    /// It answers the challenge: what comes back decides.
    Respond,
}

/// How far below its base a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base,
    /// What stands directly below it.
    One,
    /// The base and all below it.
    Subtree,
    /// Not of RFC 4511, or not read.
    Unknown,
}

impl Scope {
    /// As RFC 4516 writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::One => "one",
            Self::Subtree => "sub",
            Self::Unknown => "unknown",
        }
    }
}

impl Auth {
    /// What comes back decides nothing, even if it is called success.
    pub const fn is_beginning(&self) -> bool {
        matches!(self, Self::Ntlm { step: NtlmStep::Discover | NtlmStep::Negotiate, .. })
    }
}

impl Message {
    /// What came of what was asked, if this says so.
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.body {
            Body::BindResponse(outcome)
            | Body::SearchDone { outcome, .. }
            | Body::ExtendedResponse { outcome, .. }
            | Body::Response { outcome, .. } => Some(outcome),
            _ => None,
        }
    }
}
