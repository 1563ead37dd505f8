//! Messages.

use crate::ltpa::Token;
use crate::{Fields, Problem, Reading, problem};
use std::net::Ipv4Addr;

/// One message, or a keep-alive byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Channel; 0 is the master channel.
    pub channel: u32,
    /// Options word (0x4000: encrypted).
    pub options: u16,
    /// What it says.
    pub body: Body,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The client opens.
    Handshake {
        /// Protocol version.
        version: (u16, u16),
        /// Client type.
        login_type: u16,
        /// What the client takes for its address.
        own_address: Ipv4Addr,
        /// Its host name.
        host: Option<String>,
    },
    /// The server answers.
    HandshakeAck {
        /// Protocol version.
        version: (u16, u16),
        /// The client's address as the server sees it.
        seen_address: Ipv4Addr,
    },
    /// The client logs in.
    Login {
        /// Client type.
        login_type: u16,
        /// User, as typed or as the client knows it.
        user: String,
        /// How it proves who it is.
        auth: Auth,
    },
    /// The server accepts.
    LoginAck {
        /// Client type.
        login_type: u16,
        /// Id of this login.
        login_id: String,
        /// Whom the server takes the user for: id.
        user_id: String,
        /// The same: name.
        user_name: String,
        /// Community.
        community: String,
        /// Server, if it says.
        server_id: Option<String>,
    },
    /// The client stays where it is.
    LoginContinue,
    /// The server sends the client elsewhere.
    LoginRedirect {
        /// Host to connect to.
        host: String,
        /// Server id.
        server_id: Option<String>,
    },
    /// A channel is closed; channel 0: the session.
    ChannelDestroy {
        /// Reason code.
        reason: u32,
    },
    /// One byte to keep the connection alive.
    KeepAlive,
    /// Another message, by its type, or one whose body is encrypted.
    Other {
        /// Message type.
        kind: u16,
    },
    /// Bytes that should be a message and are none: see the problems.
    Malformed,
}

/// How a login proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// 0 plain, 1 token, 2 RC2/40, 4 RC2/128.
    pub kind: u16,
    /// Length of the data in bytes.
    pub length: usize,
    /// Tokens found in it.
    pub tokens: Vec<Token>,
}

impl Message {
    pub(crate) fn kind(&self) -> &'static str {
        "sametime.other"
    }

    pub(crate) fn is_notable(&self) -> bool {
        false
    }

    pub(crate) fn summary(&self) -> String {
        String::new()
    }

    pub(crate) fn fields(&self, reading: &Reading<'_>) -> Fields {
        let _ = reading;
        vec![("problems", problem::values(&self.problems))]
    }
}
