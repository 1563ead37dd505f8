//! Requests and responses.

use crate::Problem;
use crate::auth::{Challenge, Credentials};
use crate::cookie::Cookie;
use std::net::IpAddr;

/// One SIP message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Start line.
    pub start: Start,
    /// What carried it.
    pub transport: Transport,
    /// Call-ID.
    pub call_id: Option<String>,
    /// CSeq.
    pub cseq: Option<CSeq>,
    /// From.
    pub from: Option<Address>,
    /// To.
    pub to: Option<Address>,
    /// Contacts, in order.
    pub contacts: Vec<Address>,
    /// Vias, topmost first.
    pub vias: Vec<Via>,
    /// Record-Route, topmost first.
    pub record_routes: Vec<Address>,
    /// Route, topmost first.
    pub routes: Vec<Address>,
    /// User-Agent.
    pub user_agent: Option<String>,
    /// Server.
    pub server: Option<String>,
    /// Expires header in seconds. A Contact may have its own, see [`Address::expires`].
    pub expires: Option<u32>,
    /// Min-Expires in seconds.
    pub min_expires: Option<u32>,
    /// Max-Forwards.
    pub max_forwards: Option<u32>,
    /// Retry-After in seconds.
    pub retry_after: Option<u32>,
    /// Cookies (not in RFC 3261: Sametime and WebSphere use the header as in HTTP).
    pub cookies: Vec<Cookie>,
    /// WWW-Authenticate and Proxy-Authenticate.
    pub challenges: Vec<Challenge>,
    /// Authorization and Proxy-Authorization.
    pub credentials: Vec<Credentials>,
    /// Option tags of Supported, lower case.
    pub supported: Vec<String>,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Length, if it is a number.
    pub content_length: Option<u64>,
    /// Media lines of an SDP body (RFC 8866 section 5.14).
    pub media: Vec<Media>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// First line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A request.
    Request {
        /// Method, as sent: case counts.
        method: String,
        /// Request-URI.
        uri: Uri,
    },
    /// A response.
    Response {
        /// Status code, 100 to 699.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// Bytes that should be a message and are none: see the problems.
    Malformed {
        /// The first line, as far as it is text.
        line: String,
    },
}

/// What carried a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// WebSocket.
    Ws,
}

/// CSeq.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Number.
    pub number: u32,
    /// Method.
    pub method: String,
}

/// A name-addr or addr-spec with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Display name, unquoted.
    pub display: Option<String>,
    /// URI; `*` in a Contact that removes all.
    pub uri: Uri,
    /// Header parameters, names in lower case, values unquoted.
    pub params: Vec<(String, Option<String>)>,
}

/// A SIP URI, or the text of another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uri {
    /// Scheme in lower case.
    pub scheme: String,
    /// User, percent-decoded, without a password.
    pub user: Option<String>,
    /// Host in lower case, an IPv6 address without brackets; for a scheme that is not SIP all behind the colon.
    pub host: String,
    /// Port.
    pub port: Option<u16>,
    /// URI parameters, names in lower case.
    pub params: Vec<(String, Option<String>)>,
}

/// One Via.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Via {
    /// Transport, as sent: `UDP`, `TLS`.
    pub transport: String,
    /// Host in lower case, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: Option<u16>,
    /// branch parameter.
    pub branch: Option<String>,
    /// received parameter.
    pub received: Option<String>,
    /// rport parameter: asked for (`Some(None)`), or filled in.
    pub rport: Option<Option<u16>>,
}

/// One media line of an SDP body, with the connection address that counts for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`.
    pub kind: String,
    /// Where the sender wants to receive it.
    pub address: Option<IpAddr>,
    /// Port; 0 means refused.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`.
    pub protocol: String,
    /// `sendrecv` unless said otherwise; `sendonly`, `recvonly`, `inactive`.
    pub direction: String,
}

impl Message {
    /// Method of the request, or of the one that a response answers.
    pub fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            _ => self.cseq.as_ref().map(|cseq| cseq.method.as_str()),
        }
    }

    /// Status of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            _ => None,
        }
    }

    /// It is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }
}

impl Address {
    /// A header parameter's value, if it was given one.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).and_then(|(_, value)| value.as_deref())
    }

    /// User and host, as an address of record (RFC 3261 section 6); another scheme's URI as it stands.
    pub fn of_record(&self) -> String {
        match &self.uri.user {
            Some(user) => format!("{user}@{}", self.uri.host),
            None if matches!(self.uri.scheme.as_str(), "" | "sip" | "sips") => self.uri.host.clone(),
            None => self.uri.to_string(),
        }
    }

    /// expires parameter of a Contact in seconds.
    pub fn expires(&self) -> Option<u32> {
        self.param("expires").and_then(|text| text.parse().ok())
    }
}
