//! What messages say, as types.

use crate::Problem;
use crate::ltpa::Token;
use std::net::Ipv4Addr;

/// One message, or a keep-alive byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Channel; 0 is the master channel.
    pub channel: u32,
    /// Options word (0x8000: attributes in front of the body, 0x4000: encrypted).
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
        /// What the client takes for its address; 0.0.0.0 if it does not say.
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
        /// Name of the user.
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
    /// A channel is opened.
    ChannelCreate(Box<ChannelCreate>),
    /// A channel is accepted.
    ChannelAccept(Service),
    /// Data on a channel.
    ChannelSend {
        /// Kind of data, which the service defines.
        kind: u16,
        /// Its length in bytes.
        length: usize,
    },
    /// A channel is closed; channel 0: the session.
    ChannelDestroy {
        /// Reason code.
        reason: u32,
    },
    /// The user's status changes.
    SetUserStatus {
        /// Status.
        status: u16,
        /// Text that others read.
        text: String,
    },
    /// Who may see the user.
    SetPrivacyList {
        /// Those on the list are shut out (else: only they are let in).
        deny: bool,
        /// Users on it, as the message says.
        count: u32,
    },
    /// The client asks whether the server offers a service.
    SenseService {
        /// Service.
        service: u32,
    },
    /// A word of the administrator to a user.
    Admin {
        /// The word.
        text: String,
    },
    /// A word to many users.
    Announce {
        /// Who says it, if told.
        sender: Option<String>,
        /// The word.
        text: String,
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

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Service.
    pub service: u32,
    /// Its protocol.
    pub protocol: u32,
    /// Version of the protocol.
    pub version: u32,
}

/// A channel to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCreate {
    /// Number of the new channel.
    pub channel: u32,
    /// Whom it leads to; empty for the server itself.
    pub user: String,
    /// Community of that user.
    pub community: String,
    /// What it is for.
    pub service: Service,
    /// Length of what the service is told in bytes.
    pub data_length: usize,
    /// Encryption that is offered (0: none), where the message goes so far.
    pub encryption: Option<u16>,
}
