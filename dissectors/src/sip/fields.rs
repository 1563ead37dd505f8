//! Messages for people and for reports: type, summary and fields.

use super::message::{Address, CSeq, Media, Message, Start, Transport};
use crate::auth::{Challenge, Credentials};
use crate::cookie::Cookie;
use crate::{Fields, Presentation, Protocol, Reading, Value, problem};
use std::fmt::Write;

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self.start {
            Start::Request { .. } => "sip.request",
            Start::Response { .. } => "sip.response",
            Start::Malformed { .. } => "sip.malformed",
        }
    }

    fn summary(&self) -> String {
        match &self.start {
            Start::Request { method, uri } => self.request(method, &uri.to_string()),
            Start::Response { status, reason } => self.response(*status, reason),
            Start::Malformed { .. } => {
                let problem = self.problems.first().map_or("not readable", |problem| problem.what.as_ref());
                format!("malformed: {problem}")
            }
        }
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let (method, uri, status, reason) = match &self.start {
            Start::Request { method, uri } => (Some(method.as_str()), Some(uri.to_string()), None, None),
            Start::Response { status, reason } => (self.method(), None, Some(*status), Some(reason.as_str())),
            Start::Malformed { .. } => (self.method(), None, None, None),
        };
        // JSON has its keys in this order, which stays as it is: what is added comes last.
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
}

impl Message {
    /// Whom it is about comes first, then what it shows for it: a line may be cut off at its end. What a REGISTER
    /// names is the address in To; its URI is only the domain.
    fn request(&self, method: &str, uri: &str) -> String {
        let mut line = match (&self.to, &self.from) {
            (Some(to), _) if method == "REGISTER" => format!("{method} {}", to.of_record()),
            (_, Some(from)) => format!("{method} {uri} from {}", from.of_record()),
            _ => format!("{method} {uri}"),
        };
        for cookie in &self.cookies {
            let _ = match &cookie.token {
                Some(token) => write!(line, ", {} {}", cookie.name, token.class.name()),
                None => write!(line, ", cookie {}", cookie.name),
            };
        }
        for credentials in &self.credentials {
            let user = credentials.user.as_deref().map_or(String::new(), |user| format!(" of {user}"));
            let _ = write!(line, ", {} credentials{user}", credentials.scheme);
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

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::Semantics;
    use crate::ltpa::Keyring;

    fn message(head: &str) -> Message {
        let head = head.replace('\n', "\r\n");
        parse(format!("{head}\r\nl: 0\r\n\r\n").as_bytes(), Transport::Udp).unwrap()
    }

    const COMMON: &str = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: \"Ann\" <sip:ann@acme.example>;tag=1\nTo: <sip:ann@acme.example>\nCall-ID: c1";

    fn register(more: &str) -> Message {
        message(&format!("REGISTER sip:acme.example SIP/2.0\n{COMMON}\nCSeq: 7 REGISTER{more}"))
    }

    fn response(line: &str, more: &str) -> Message {
        message(&format!("SIP/2.0 {line}\n{COMMON}\nCSeq: 7 REGISTER{more}"))
    }

    #[test]
    fn summaries_of_requests() {
        assert_eq!(register("").summary(), "REGISTER ann@acme.example");
        let more = "\nCookie: LtpaToken=x; lang=en\nAuthorization: Digest username=\"al\"\nAuthorization: Bearer abc";
        let summary = register(more).summary();
        let line = "REGISTER ann@acme.example, LtpaToken not-base64, cookie lang, Digest credentials of al, Bearer credentials";
        assert_eq!(summary, line);
        let undefined = register("\nCookie: LtpaToken=undefined").summary();
        assert_eq!(undefined, "REGISTER ann@acme.example, LtpaToken undefined");
        let invite = message(&format!("INVITE tel:+1 SIP/2.0\n{COMMON}\nCSeq: 7 INVITE"));
        assert_eq!(invite.summary(), "INVITE tel:+1 from ann@acme.example");
    }

    #[test]
    fn summaries_of_responses() {
        assert_eq!(response("200 OK", "").summary(), "200 OK to REGISTER");
        assert_eq!(response("100 ", "").summary(), "100 to REGISTER");
        let more = "\nWWW-Authenticate: Digest realm=\"acme\", nonce=\"n\", stale=TRUE";
        let line = "401 Unauthorized to REGISTER, wants Digest credentials for acme, nonce too old";
        assert_eq!(response("401 Unauthorized", more).summary(), line);
        assert_eq!(message(&format!("SIP/2.0 999 x\n{COMMON}")).summary(), "malformed: 999 is no status");
    }

    #[test]
    fn what_is_kept_however_long_a_conversation_is() {
        let stale = "\nWWW-Authenticate: Digest realm=\"acme\", nonce=\"n\", stale=true";
        for (message, notable) in [
            (register(""), false),
            (register("\nCookie: a=b"), true),
            (response("200 OK", ""), false),
            (response("401 Unauthorized", ""), false),
            (response("401 Unauthorized", stale), true),
            (response("407 Proxy", ""), false),
            (response("403 Forbidden", ""), true),
            (response("503 Service Unavailable", ""), true),
            (message(&format!("SIP/2.0 999 x\n{COMMON}")), true),
        ] {
            assert_eq!(message.is_notable(), notable, "{}", message.summary());
        }
    }

    const NAMES: [&str; 15] = [
        "method",
        "uri",
        "status",
        "reason",
        "call_id",
        "cseq",
        "from",
        "to",
        "contact",
        "via",
        "user_agent",
        "expires",
        "cookies",
        "auth",
        "transport",
    ];

    fn value(fields: &Fields, name: &str) -> Value {
        fields.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()).unwrap()
    }

    #[test]
    fn fields_of_a_request() {
        let fields =
            register("\nContact: <sip:ann@192.0.2.7:5062>;expires=60\nMax-Forwards: 70").fields(&Reading::masked(0));
        let names: Vec<_> = fields.iter().map(|&(name, _)| name).collect();
        assert_eq!(names, [&NAMES[..], &["max_forwards"]].concat());
        assert_eq!(value(&fields, "uri"), "sip:acme.example".into());
        assert_eq!([value(&fields, "status"), value(&fields, "reason")], [Value::Null, Value::Null]);
        assert_eq!(value(&fields, "cseq"), "7 REGISTER".into());
        assert_eq!(value(&fields, "from"), "\"Ann\" <sip:ann@acme.example>;tag=1".into());
        assert_eq!(value(&fields, "contact"), vec!["<sip:ann@192.0.2.7:5062>;expires=60".into()].into());
        assert_eq!(value(&fields, "via"), vec!["SIP/2.0/UDP h;branch=z9hG4bK1".into()].into());
        assert_eq!(value(&fields, "transport"), "udp".into());
    }

    #[test]
    fn fields_of_a_response_and_of_what_is_none() {
        let more = "\nWWW-Authenticate: Digest realm=\"acme\", nonce=\"n\"\nServer: PR\nRetry-After: 5\nMin-Expires: 9\nk: path";
        let fields = response("423 Interval Too Brief", more).fields(&Reading::masked(0));
        let names: Vec<_> = fields.iter().map(|&(name, _)| name).collect();
        assert_eq!(names, [&NAMES[..], &["server", "challenge", "supported", "min_expires", "retry_after"]].concat());
        assert_eq!([value(&fields, "method"), value(&fields, "status")], ["REGISTER".into(), Value::Int(423)]);
        let Value::List(challenges) = value(&fields, "challenge") else { panic!() };
        let Value::Map(challenge) = &challenges[0] else { panic!() };
        assert_eq!([value(challenge, "realm"), value(challenge, "stale")], ["acme".into(), false.into()]);
        let fields = message(&format!("SIP/2.0 999 x\n{COMMON}\nCSeq: 1 BYE")).fields(&Reading::masked(0));
        assert_eq!([value(&fields, "line"), value(&fields, "method")], ["SIP/2.0 999 x".into(), "BYE".into()]);
        let Value::List(problems) = value(&fields, "problems") else { panic!() };
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn secrets_are_shown_on_demand_only() {
        let message = register(
            "\nCookie: SID=hunter2\nAuthorization: Digest username=\"ann\", nonce=\"n\", response=\"5ca1ab1e\"",
        );
        let keys = Keyring::new();
        let mut reading = Reading { seen: 0, now: 0, keys: &keys, show_secrets: false };
        let masked = format!("{:?} {} {message:?}", message.fields(&reading), message.summary());
        assert!(!masked.contains("hunter2") && masked.contains("ann"), "{masked}");
        reading.show_secrets = true;
        let shown = format!("{:?}", message.fields(&reading));
        assert!(shown.contains("hunter2") && !shown.contains("5ca1ab1e"), "{shown}");
    }
}
