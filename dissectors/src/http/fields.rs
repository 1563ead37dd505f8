//! Messages for people and for reports: type, summary and fields.

use super::message::{Body, Message, Request, Response};
use super::url::{self, Parameter};
use crate::auth::{Challenge, Credentials, Ticket};
use crate::cookie::{Cookie, SetCookie};
use crate::{Fields, Presentation, Protocol, Reading, Value, ltpa, problem};
use std::fmt::Write as _;

/// Names of cookies that a summary tells.
const NAMES: usize = 4;

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self.body {
            Body::Request(_) => "http.request",
            Body::Response(_) => "http.response",
            Body::Malformed { .. } => "http.malformed",
        }
    }

    fn summary(&self) -> String {
        match &self.body {
            Body::Request(request) => request.summary(),
            Body::Response(response) => response.summary(),
            Body::Malformed { line } => {
                let what = self.problems.first().map_or("not a message", |problem| problem.what.as_ref());
                if line.is_empty() { what.to_owned() } else { format!("{what}: {line}") }
            }
        }
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let mut fields = match &self.body {
            Body::Request(request) => request.fields(reading),
            Body::Response(response) => response.fields(reading),
            Body::Malformed { line } => vec![("line", line.as_str().into())],
        };
        fields.push(("exchange", self.exchange.into()));
        fields.push(("problems", problem::values(&self.problems)));
        fields
    }
}

impl Request {
    fn summary(&self) -> String {
        let mut line = format!("{} {}", self.method, self.shown_target());
        if let Some(user) = self.user() {
            let _ = write!(line, " ({user})");
        }
        let tokens = self.cookies.iter().filter(|cookie| cookie.token.is_some());
        line + &names(", with ", tokens.map(|cookie| cookie.name.as_str()))
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let path = if reading.show_secrets { self.target.expose().to_owned() } else { self.shown_target() };
        // Names that other programs look for stand there even without a value; those of few requests only with one.
        let mut fields = vec![
            ("method", self.method.as_str().into()),
            ("host", self.host.clone().into()),
            ("path", path.into()),
            ("status", Value::Null),
            ("location", Value::Null),
            ("cookies", list(&self.cookies, |cookie: &Cookie| cookie.fields(reading))),
            ("set_cookies", Value::Null),
            ("user", self.user().into()),
            ("version", version(self.version)),
            ("credentials", list(&self.credentials, credentials_fields)),
            ("form", list(&self.form, |parameter: &Parameter| parameter_fields(parameter, reading))),
            ("user_agent", self.user_agent.clone().into()),
            ("referer", self.referer.as_ref().map(ToString::to_string).into()),
            ("origin", self.origin.clone().into()),
            ("fetch_site", self.fetch_site.clone().into()),
            ("forwarded_proto", self.forwarded_proto.clone().into()),
            ("forwarded_for", self.forwarded_for.clone().into()),
            ("content_type", self.content_type.clone().into()),
            ("content_length", count(self.content_length)),
            ("upgrade", self.upgrade.clone().into()),
        ];
        fields.extend(self.websocket_key.iter().map(|key| ("websocket_key", key.as_str().into())));
        fields.extend(self.preflight.iter().map(|preflight| ("preflight", Value::Map(preflight.fields()))));
        fields
    }
}

impl Response {
    fn summary(&self) -> String {
        let mut line = format!("{} {}", self.status, self.reason);
        line.truncate(line.trim_end().len());
        if let Some(location) = &self.location {
            let _ = write!(line, " → {location}");
        }
        if self.login_form.is_form() {
            line.push_str(", a login form");
        }
        let schemes = self.challenges.iter().map(|challenge| challenge.scheme.as_str());
        line += &names(", asks for ", schemes);
        // Without a time of its own a response that sets an end in 1970 deletes.
        let now = self.date.unwrap_or(0);
        let name = |cookie: &&SetCookie| cookie.is_deletion(now);
        let (deleted, set): (Vec<_>, Vec<_>) = self.set_cookies.iter().partition(name);
        line += &names(", sets ", set.into_iter().map(|cookie| cookie.name.as_str()));
        line + &names(", deletes ", deleted.into_iter().map(|cookie| cookie.name.as_str()))
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let mut fields = vec![
            ("method", Value::Null),
            ("host", Value::Null),
            ("path", Value::Null),
            ("status", self.status.into()),
            ("location", self.location.as_ref().map(ToString::to_string).into()),
            ("cookies", Value::Null),
            ("set_cookies", list(&self.set_cookies, |cookie: &SetCookie| cookie.fields(reading))),
            ("reason", self.reason.as_str().into()),
            ("version", version(self.version)),
            ("challenges", list(&self.challenges, challenge_fields)),
            ("date", self.date.map(ltpa::utc).into()),
            ("server", self.server.clone().into()),
            ("via", self.via.clone().into()),
            ("content_type", self.content_type.clone().into()),
            ("content_length", count(self.content_length)),
            ("upgrade", self.upgrade.clone().into()),
            ("login_form", self.login_form.into()),
        ];
        fields.extend(self.cors.iter().map(|cors| ("cors", Value::Map(cors.fields()))));
        fields
    }
}

fn parameter_fields(parameter: &Parameter, reading: &Reading<'_>) -> Fields {
    let mut fields = vec![("name", parameter.name.as_str().into()), ("length", parameter.value.len().into())];
    if reading.show_secrets {
        fields.push(("value", reading.reveal(&parameter.value)));
    }
    fields
}

fn credentials_fields(credentials: &Credentials) -> Fields {
    vec![
        ("scheme", credentials.scheme.as_str().into()),
        ("user", credentials.user.clone().into()),
        ("realm", credentials.realm.clone().into()),
        ("proxy", credentials.proxy.into()),
        ("length", credentials.length.into()),
        ("ticket", credentials.ticket.map(Ticket::name).into()),
    ]
}

fn challenge_fields(challenge: &Challenge) -> Fields {
    vec![
        ("scheme", challenge.scheme.as_str().into()),
        ("realm", challenge.realm.clone().into()),
        ("stale", challenge.stale.into()),
        ("proxy", challenge.proxy.into()),
        ("ticket", challenge.ticket.map(Ticket::name).into()),
    ]
}

fn version((major, minor): (u8, u8)) -> Value {
    if major == 0 { Value::Null } else { format!("{major}.{minor}").into() }
}

fn count(number: Option<u64>) -> Value {
    number.map_or(Value::Null, |number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn list<T>(items: &[T], fields: impl Fn(&T) -> Fields) -> Value {
    items.iter().map(|item| Value::Map(fields(item))).collect::<Vec<_>>().into()
}

/// Some names behind a word; nothing if there are none.
fn names<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut unique: Vec<&str> = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    let Some(shown) = unique.get(..unique.len().min(NAMES)).filter(|shown| !shown.is_empty()) else {
        return String::new();
    };
    let more = if unique.len() > NAMES { ", …" } else { "" };
    format!("{word}{}{more}", shown.join(", "))
}

impl Request {
    /// Path and query for people: values are masked.
    pub fn shown_target(&self) -> String {
        let mut text = self.path.clone();
        let _ = url::write_query(&mut text, &self.query);
        text
    }
}
