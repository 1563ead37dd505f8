//! Logs of servers and clients: what their lines say, beside the packets.

use super::{Span, Timestamp};
use nrpcsniff_dissectors::Message;
use nrpcsniff_dissectors::ltpa::Fingerprint;
use serde::Serialize;
use std::net::IpAddr;

/// Who writes such a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// Trace of a Sametime community server: `101117_095933.869,INF,Users   ,text`.
    Stusers,
    /// SystemOut.log or trace.log of WebSphere Application Server.
    Systemout,
    /// messages.log or trace.log of WebSphere Liberty.
    Liberty,
    /// Port trace of a Notes client.
    NotesTrace,
    /// Console of a Domino server.
    DominoConsole,
    /// sametime.log of a community server or multiplexer.
    SametimeLog,
    /// Programs of Sametime 12 in containers: Tomcat and its like.
    SametimeContainer,
    /// Incident of WebSphere's first failure data capture.
    Ffdc,
    /// Error log of Apache or IBM HTTP Server, and of its WebSphere plug-in.
    HttpServer,
    /// Error log of nginx.
    Nginx,
    /// Access log of any web server.
    AccessLog,
    /// CLIENT_CLOCK of a Notes client: its requests with their lengths.
    ClientClock,
    /// error-log-0.xml or trace-log-0.xml of a Notes client.
    ClientEvents,
    /// OpenLDAP's slapd.
    Openldap,
    /// Events of Windows, as text or XML.
    WindowsEvents,
    /// Keycloak.
    Keycloak,
    /// A SIP or HTTP message as text.
    Message,
    /// Known lines without anything around them.
    Text,
}

impl LogKind {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stusers => "stusers",
            Self::Systemout => "systemout",
            Self::Liberty => "liberty",
            Self::NotesTrace => "notes-trace",
            Self::DominoConsole => "domino-console",
            Self::SametimeLog => "sametime-log",
            Self::SametimeContainer => "sametime-container",
            Self::Ffdc => "ffdc",
            Self::HttpServer => "http-server",
            Self::Nginx => "nginx",
            Self::AccessLog => "access-log",
            Self::ClientClock => "client-clock",
            Self::ClientEvents => "client-events",
            Self::Openldap => "openldap",
            Self::WindowsEvents => "windows-events",
            Self::Keycloak => "keycloak",
            Self::Message => "message",
            Self::Text => "text",
        }
    }
}

/// One log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Path as given; `-` for stdin.
    pub path: String,
    /// Who writes such a log, once known.
    pub kind: Option<LogKind>,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines that have not the form of that kind and follow no line that has.
    pub not_understood: u64,
    /// Lines that were longer than is kept.
    pub cut: u64,
    /// What was found in it, in order of lines; of more than is kept the last.
    pub(crate) facts: Vec<LogFact>,
    /// Facts before those.
    pub(crate) facts_left_out: u64,
    /// What packets may know too, in order of lines; of more than is kept the last.
    pub(crate) anchors: Vec<LogAnchor>,
    /// Time of the first line that has one.
    pub(crate) first: Option<WrittenTime>,
    /// Time of the last line that has one.
    pub(crate) last: Option<WrittenTime>,
    /// How its times are placed on the clock of the packets.
    pub(crate) clock: LogClock,
    /// True if it was read to its end.
    pub complete: bool,
    /// What is wrong with it: one sentence.
    pub problem: Option<String>,
}

impl Log {
    /// The fact of that line, if one was kept.
    pub fn fact(&self, line: u64) -> Option<&LogFact> {
        self.facts.binary_search_by_key(&line, |fact| fact.line).ok().and_then(|index| self.facts.get(index))
    }

    /// Name of the file without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }
}

/// A line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogLine {
    /// Index of the log among the logs of the report.
    pub log: u32,
    /// Line number, from 1.
    pub line: u64,
}

/// What a known line of a log means, as the catalogue of lines has it.
#[derive(Debug, PartialEq, Eq)]
pub struct LogMeaning {
    /// Message id or words by which the line is known.
    pub pattern: &'static str,
    /// What was tried, and what came of it, if the line proves that.
    pub proves: Option<(&'static str, LogOutcome)>,
    /// How much it matters alone.
    pub weight: LogWeight,
    /// The kind of fault that it tells of by itself.
    pub cause: Option<LoggedCause>,
    /// How well the line is known.
    pub witness: Witness,
    /// Where it is published.
    pub source: &'static str,
    /// What it means, in words.
    pub means: &'static str,
}

/// Kinds that have a name in the catalogue of lines.
macro_rules! named {
    ($(#[$about:meta])* $type:ident { $($(#[$what:meta])* $case:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $type {
            $($(#[$what])* #[serde(rename = $name)] $case,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$case),*];

            /// As the catalogue and reports write it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$case => $name,)*
                }
            }
        }
    };
}

named! {
    /// What came of an attempt, by a line of a log.
    LogOutcome {
        /// It began.
        Begun = "begun",
        /// It was granted.
        Granted = "granted",
        /// It was refused.
        Refused = "refused",
        /// Nobody answered.
        Unanswered = "unanswered",
        /// It ended without an answer.
        CutOff = "cut",
        /// A step of it, which ends nothing.
        Step = "step",
    }
}

impl LogOutcome {
    /// What was tried was not got.
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Refused | Self::Unanswered | Self::CutOff)
    }
}

named! {
    /// How much a line matters that stands alone.
    LogWeight {
        /// It is said when all is well.
        Info = "info",
        /// Harmless in most cases.
        Low = "low",
        /// One user may be hit.
        Medium = "medium",
        /// A fault.
        High = "high",
        /// A fault that hits everybody.
        Blocker = "blocker",
    }
}

named! {
    /// The kind of fault that a line tells of by itself.
    LoggedCause {
        /// A wrong name or password.
        Password = "password",
        /// A user whom the directory does not know.
        Unknown = "unknown",
        /// An account that is locked after too many wrong passwords.
        Locked = "locked",
        /// A password or an account that is over.
        Expired = "expired",
        /// An account that was switched off.
        Disabled = "disabled",
        /// An account that may not be used here, or now.
        Barred = "barred",
        /// An access list or a role.
        Denied = "denied",
        /// ID files that have no certifier in common.
        Certifier = "certifier",
        /// No way to a server, or no answer of it.
        Path = "path",
        /// A host name that has no address.
        Host = "host",
        /// Another server than the one that was asked for.
        Other = "other",
        /// A server that has no room for more.
        Load = "load",
        /// A directory that is not reached, or refuses the server.
        Directory = "directory",
        /// A TLS handshake.
        Tls = "tls",
        /// A certificate that is over, missing, or of another name.
        Certificate = "certificate",
        /// A certificate whose signer is not trusted.
        Untrusted = "untrusted",
        /// A trust association.
        Trust = "trust",
        /// Keys of tokens.
        Keys = "keys",
        /// A token that is missing.
        Token = "token",
        /// Clocks that differ.
        Clock = "clock",
        /// A name that leads to nobody, or to several.
        Name = "name",
        /// OpenID Connect.
        Oidc = "oidc",
        /// An identity provider that is not reached.
        Provider = "provider",
        /// SAML.
        Saml = "saml",
        /// Kerberos and SPNEGO.
        Kerberos = "kerberos",
        /// Servers of one community.
        Peer = "peer",
        /// Settings of a server.
        Setup = "setup",
        /// Headers that are too long for a server.
        Size = "size",
        /// The server behind a proxy.
        Backend = "backend",
    }
}

named! {
    /// How well a line is known.
    Witness {
        /// From a real log, or the product's own source.
        Seen = "seen",
        /// Its text is published, its frame is that of its kind.
        Text = "text",
        /// Nobody showed one yet.
        Inferred = "inferred",
    }
}

/// A line that says something about sign-on.
#[derive(Debug, Clone, PartialEq)]
pub struct LogFact {
    /// Line number, from 1.
    pub line: u64,
    /// When it was written; of a line without a time that of the line it goes on from.
    pub at: Option<WrittenTime>,
    /// The line without what opens doors, cut to some hundred characters. Untrusted text.
    pub text: String,
    /// The event that the line tells of.
    pub event: LogEvent,
    /// What the catalogue of lines says of it.
    pub meaning: Option<&'static LogMeaning>,
    /// Names and values in it that the catalogue has a word for: `user`, `server`, `peer`, `reason` and their like.
    pub named: Vec<(&'static str, String)>,
}

impl LogFact {
    /// The value of that word of the catalogue, if the line has one.
    pub fn named(&self, word: &str) -> Option<&str> {
        let found = self.named.iter().find(|(name, text)| *name == word && !text.is_empty());
        found.map(|(_, text)| text.as_str())
    }
}

/// A time as a log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenTime {
    /// As written, with its zone.
    pub text: String,
    /// By UTC if `zoned`, else as if the log's own clock were UTC.
    pub time: Timestamp,
    /// That time if day and month stand the other way round, where that cannot be told from the line.
    pub swapped: Option<Timestamp>,
    /// The line names its zone, and there is only one of that name.
    pub zoned: bool,
}

/// How the times of a log were placed on the clock of the packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClockPlacement {
    /// By the zone that each line names.
    Zone,
    /// By the offset that the user gave.
    Offset,
    /// By something that log and packets both know.
    Anchor,
    /// Not: no fact of this log joins packets by its time.
    #[default]
    No,
}

/// From the times of a log to those of the packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogClock {
    /// By what the times were placed.
    pub placed: ClockPlacement,
    /// To be added to a time of the log.
    pub offset: Span,
    /// Day and month stand the other way round: [`WrittenTime::swapped`] counts.
    pub swapped: bool,
    /// Nothing told which of the two comes first.
    pub order_guessed: bool,
    /// In words: by what, and what is uncertain.
    pub why: String,
}

impl LogClock {
    /// When that was on the clock of the packets; nothing if it cannot be told.
    pub(crate) fn place(&self, at: &WrittenTime) -> Option<Timestamp> {
        let known = match self.placed {
            ClockPlacement::No => false,
            ClockPlacement::Zone => at.zoned,
            ClockPlacement::Offset | ClockPlacement::Anchor => true,
        };
        known.then(|| self.read(at).plus(self.offset))
    }

    /// The time as the log has it, with day and month in the order that was decided.
    pub(crate) fn read(&self, at: &WrittenTime) -> Timestamp {
        at.swapped.filter(|_| self.swapped).unwrap_or(at.time)
    }
}

/// Something that packets may know as well, by which the clocks can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogAnchor {
    /// Line number, from 1.
    pub line: u64,
    /// When it was written.
    pub at: WrittenTime,
    /// What both know.
    pub key: AnchorKey,
}

/// Something that stands in logs and in packets alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AnchorKey {
    /// Address and port of a client.
    Endpoint(IpAddr, u16),
    /// Call-ID of SIP.
    CallId(String),
    /// A sign-on token.
    Token(Fingerprint),
}

/// A message of SIP or HTTP that stands in a log as text.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedMessage {
    /// Its last line.
    pub last: u64,
    /// The message, as a dissector reads it.
    pub body: Message,
}

/// What a line says. Names are as written, and may be empty where the line has none.
#[derive(Debug, Clone, PartialEq)]
pub enum LogEvent {
    /// A message begins in this line.
    Message(Box<LoggedMessage>),
    /// Sametime begins to check a user who logs in with a token.
    LoginStarted {
        /// Login name.
        user: String,
    },
    /// Sametime begins to check the token.
    TokenCheckStarted {
        /// Login name.
        user: String,
    },
    /// Sametime asks Domino for a token of this user.
    TokenRequested {
        /// The user.
        user: String,
    },
    /// Domino made a token.
    TokenGenerated,
    /// The type of the token that came: 0 and 1 are seen.
    TokenType(u32),
    /// Status of Domino's check of a token.
    TokenStatus(u32),
    /// The name in the token.
    TokenUser {
        /// The name.
        user: String,
    },
    /// The token is good.
    TokenVerified {
        /// The user, where the line names one.
        user: String,
    },
    /// The token is not good.
    TokenNotVerified {
        /// Sametime's own code; 4098 proves no single cause.
        code: Option<u32>,
    },
    /// Sametime asks the directory for a name.
    LookupStarted {
        /// The name.
        user: String,
        /// Number of the request.
        request: Option<i64>,
    },
    /// The directory knows the name.
    LookedUp {
        /// The name.
        user: String,
    },
    /// The directory has no entry of that name; another search follows.
    LookupFailed {
        /// The name.
        user: String,
    },
    /// No search found the user.
    UserNotFound {
        /// The name.
        user: String,
    },
    /// The user was let in.
    UserAccepted {
        /// The name.
        user: String,
    },
    /// What the catalogue of lines says ([`LogFact::meaning`]), and nothing that needs a name of its own.
    Told,
    /// A request to authenticate came to its end.
    AuthEnded {
        /// Number of the request.
        request: Option<i64>,
        /// The user was let in.
        well: bool,
    },
    /// Sametime turned the login away.
    BadLogin,
    /// A Sametime server turned a peer away that is not on its list.
    PeerRejected {
        /// The peer, as written.
        address: String,
    },
    /// CWSCT0359I: the SIP container found no hashed password of the user.
    DigestWithoutHash,
    /// CWSCT0340E: the SIP container found no password of the user.
    DigestWithoutPassword,
    /// SECJ0371W: a token was over.
    TokenExpired {
        /// When it ended, as written.
        ended: String,
    },
    /// SECJ0369E: an authentication failed.
    AuthenticationFailed,
    /// CWWKS4001I: a token could not be validated.
    TokenNotValidated,
    /// CWWKS4102E, CWWKS4106E: the keys of tokens could not be read.
    KeysUnusable {
        /// Message id.
        id: &'static str,
    },
    /// CWPST0306W, or a LoginException that says "Server Unavailable": the client has no token.
    TokenMissing,
    /// A Notes client uses an address for a server.
    UsingAddress {
        /// The address, as written.
        address: String,
        /// The server that it wants.
        server: String,
    },
    /// A Notes client reached a server.
    Connected {
        /// The server.
        server: String,
    },
    /// A Notes client reached another server than the one it wants.
    WrongServer {
        /// Name of the server that answered.
        server: String,
        /// The address, as written.
        address: String,
    },
    /// A Notes client gave up.
    UnableToConnect {
        /// The server that it wants.
        server: String,
        /// The reason, as written.
        reason: String,
        /// Its status code, if it is a known one.
        status: Option<u16>,
    },
    /// Domino could not load its Web SSO configuration.
    SsoNotLoaded {
        /// Name of the configuration.
        configuration: String,
        /// It says that it goes on with sessions of one server.
        reverts: bool,
    },
    /// Domino loaded its Web SSO configuration.
    SsoLoaded,
    /// Domino opened a token by the rules of another version: its text does not begin as it should.
    ForeignFormat,
    /// Text of a status of the Notes C API.
    Status {
        /// Its code; 0 for one of [`TokenStatusText`], whose number is not public.
        code: u16,
        /// What it says of a token, if it is about one.
        token: Option<TokenStatusText>,
    },
}

/// What Domino says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenStatusText {
    /// 0x04BC: not valid.
    Invalid,
    /// 0x04BD: the token has ended.
    Expired,
    /// 0x04BE: of a realm that is not known.
    Realm,
    /// 0x04BF: single sign-on is not set up.
    Configuration,
    /// Created in the future.
    Future,
    /// Of another type than the configuration says.
    Type,
}
