//! Messages for people and for reports: type, summary and fields.

use super::message::{Address, CSeq, Media, Message, Start, Transport};
use crate::auth::{Challenge, Credentials};
use crate::cookie::Cookie;
use crate::{Fields, Reading, Value, problem};
use std::fmt::Write;

impl Message {
    pub(crate) fn kind(&self) -> &'static str {
        match self.start {
            Start::Request { .. } => "sip.request",
            Start::Response { .. } => "sip.response",
            Start::Malformed { .. } => "sip.malformed",
        }
    }

    /// Refusals other than the usual demand for credentials, what carries a cookie, what cannot be read.
    pub(crate) fn is_notable(&self) -> bool {
        match self.start {
            Start::Request { .. } => !self.cookies.is_empty(),
            Start::Response { status, .. } => {
                let stale = self.challenges.iter().any(|challenge| challenge.stale);
                status >= 400 && (stale || !matches!(status, 401 | 407))
            }
            Start::Malformed { .. } => true,
        }
    }

    pub(crate) fn summary(&self) -> String {
        match &self.start {
            Start::Request { method, uri } => self.request(method, &uri.to_string()),
            Start::Response { status, reason } => self.response(*status, reason),
            Start::Malformed { .. } => {
                let problem = self.problems.first().map_or("not readable", |problem| problem.what.as_ref());
                format!("malformed: {problem}")
            }
        }
    }

    fn request(&self, method: &str, uri: &str) -> String {
        let mut line = format!("{method} {uri}");
        let registers = method == "REGISTER";
        let who = if registers { &self.to } else { &self.from };
        if let Some(who) = who.as_ref().map(Address::of_record) {
            let word = if registers { "as" } else { "from" };
            let _ = write!(line, " {word} {who}");
        }
        for credentials in &self.credentials {
            let user = credentials.user.as_deref().map_or(String::new(), |user| format!(" of {user}"));
            let _ = write!(line, ", {} credentials{user}", credentials.scheme);
        }
        for cookie in &self.cookies {
            let class = cookie.token.as_ref().map_or(String::new(), |token| format!(" ({})", token.class.name()));
            let _ = write!(line, ", cookie {}{class}", cookie.name);
        }
        line
    }

    fn response(&self, status: u16, reason: &str) -> String {
        let mut line = if reason.is_empty() { status.to_string() } else { format!("{status} {reason}") };
        if let Some(method) = self.method() {
            let _ = write!(line, " to {method}");
        }
        if let Some(challenge) = self.challenges.first() {
            let realm = challenge.realm.as_deref().map_or(String::new(), |realm| format!(" for {realm}"));
            let stale = if challenge.stale { ", nonce too old" } else { "" };
            let _ = write!(line, ", wants {} credentials{realm}{stale}", challenge.scheme);
        }
        line
    }

    pub(crate) fn fields(&self, reading: &Reading<'_>) -> Fields {
        let (method, uri, status, reason) = match &self.start {
            Start::Request { method, uri } => (Some(method.as_str()), Some(uri.to_string()), None, None),
            Start::Response { status, reason } => (self.method(), None, Some(*status), Some(reason.as_str())),
            Start::Malformed { .. } => (self.method(), None, None, None),
        };
        let mut fields = vec![
            ("method", method.into()),
            ("uri", uri.into()),
            ("status", status.into()),
            ("reason", reason.into()),
            ("call_id", self.call_id.as_deref().into()),
            ("cseq", self.cseq.as_ref().map(CSeq::to_string).into()),
            ("from", self.from.as_ref().map(Address::to_string).into()),
            ("to", self.to.as_ref().map(Address::to_string).into()),
            ("contact", texts(&self.contacts)),
            ("via", texts(&self.vias)),
            ("user_agent", self.user_agent.as_deref().into()),
            ("expires", self.expires.into()),
            ("cookies", maps(&self.cookies, |cookie: &Cookie| cookie.fields(reading))),
            ("auth", maps(&self.credentials, credentials)),
            ("transport", self.transport.name().into()),
        ];
        fields.extend(self.further());
        fields
    }

    /// What not every message has.
    fn further(&self) -> Fields {
        let line = match &self.start {
            Start::Malformed { line } => line.as_str().into(),
            _ => Value::Null,
        };
        let fields: Fields = vec![
            ("line", line),
            ("server", self.server.as_deref().into()),
            ("challenge", maps(&self.challenges, challenge)),
            ("route", texts(&self.routes)),
            ("record_route", texts(&self.record_routes)),
            ("supported", self.supported.iter().map(|tag| tag.as_str().into()).collect::<Vec<Value>>().into()),
            ("max_forwards", self.max_forwards.into()),
            ("min_expires", self.min_expires.into()),
            ("retry_after", self.retry_after.into()),
            ("content_type", self.content_type.as_deref().into()),
            ("media", maps(&self.media, media)),
            ("problems", problem::values(&self.problems)),
        ];
        let sent = |value: &Value| !matches!(value, Value::Null) && *value != Value::List(Vec::new());
        fields.into_iter().filter(|(_, value)| sent(value)).collect()
    }
}

impl Transport {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Ws => "ws",
        }
    }
}

impl std::fmt::Display for CSeq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

fn texts<T: ToString>(list: &[T]) -> Value {
    list.iter().map(|one| one.to_string().into()).collect::<Vec<Value>>().into()
}

fn maps<T>(list: &[T], fields: impl Fn(&T) -> Fields) -> Value {
    list.iter().map(|one| Value::Map(fields(one))).collect::<Vec<_>>().into()
}

fn challenge(challenge: &Challenge) -> Fields {
    vec![
        ("scheme", challenge.scheme.as_str().into()),
        ("realm", challenge.realm.as_deref().into()),
        ("nonce", challenge.nonce.as_deref().into()),
        ("stale", challenge.stale.into()),
        ("algorithm", challenge.algorithm.as_deref().into()),
        ("proxy", challenge.proxy.into()),
    ]
}

fn credentials(credentials: &Credentials) -> Fields {
    vec![
        ("scheme", credentials.scheme.as_str().into()),
        ("user", credentials.user.as_deref().into()),
        ("realm", credentials.realm.as_deref().into()),
        ("nonce", credentials.nonce.as_deref().into()),
        ("uri", credentials.uri.as_deref().into()),
        ("algorithm", credentials.algorithm.as_deref().into()),
        ("proxy", credentials.proxy.into()),
        ("length", credentials.length.into()),
    ]
}

fn media(media: &Media) -> Fields {
    vec![
        ("kind", media.kind.as_str().into()),
        ("address", media.address.map(|address| address.to_string()).into()),
        ("port", media.port.into()),
        ("protocol", media.protocol.as_str().into()),
        ("direction", media.direction.as_str().into()),
    ]
}
