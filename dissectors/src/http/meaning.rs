//! What HTTP messages come to.

use super::message::{Body, Message};
use crate::role::{Role, Roles};
use crate::{Class, Decision, Semantics};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("status", Role::Deciding),
    ("cookies", Role::Deciding),
    ("cookies.length", Role::Noise),
    ("set_cookies", Role::Deciding),
    ("set_cookies.length", Role::Noise),
    ("set_cookies.expires", Role::Noise),
    ("set_cookies.max_age", Role::Telling),
    ("credentials", Role::Deciding),
    ("credentials.user", Role::Telling),
    ("credentials.length", Role::Noise),
    ("challenges", Role::Deciding),
    ("form.length", Role::Noise),
    ("reason", Role::Noise),
    ("date", Role::Noise),
    ("content_length", Role::Noise),
    ("forwarded_for", Role::Noise),
];

impl Semantics for Message {
    /// Method and path of a request, without parameters of the path; the class of a response, but the number of an error.
    /// What has not changed since (304) was granted.
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match &self.body {
            Body::Request(request) => {
                let path = request.path.split(';').next().unwrap_or_default();
                format!("{} {path}", request.method)
            }
            Body::Response(response) => match response.status {
                200..=299 | 304 => "2xx".to_owned(),
                300..=399 => "3xx".to_owned(),
                status => status.to_string(),
            },
            Body::Malformed { .. } => "malformed".to_owned(),
        }
    }

    fn decision(&self, _: Option<&crate::Message>) -> Decision {
        match self.status() {
            Some(200..400) => Decision::Granted,
            Some(400..) => Decision::Refused,
            _ => Decision::Open,
        }
    }

    /// After 101 nothing follows but the other protocol: it is the answer.
    fn class(&self) -> Class {
        match &self.body {
            Body::Request(_) => Class::Request,
            Body::Response(response) if response.status < 200 && response.status != 101 => Class::Interim,
            Body::Response(_) => Class::Response,
            Body::Malformed { .. } => Class::Unstated,
        }
    }

    fn transaction(&self) -> Option<String> {
        self.exchange.map(|number| number.to_string())
    }

    /// The host.
    fn asked(&self) -> Option<String> {
        match &self.body {
            Body::Request(request) => request.host.clone(),
            _ => None,
        }
    }

    fn answered(&self) -> Option<String> {
        self.status().map(|status| status.to_string())
    }

    /// Sign-on, refusals and what cannot be read.
    fn is_notable(&self) -> bool {
        match &self.body {
            Body::Request(request) => request.is_login() || request.cookies.iter().any(|cookie| cookie.token.is_some()),
            Body::Response(response) => {
                let refuses = matches!(response.status, 401 | 403 | 407 | 500..=599);
                refuses || response.set_cookies.iter().any(|cookie| cookie.token.is_some())
            }
            Body::Malformed { .. } => true,
        }
    }

    fn is_essential(&self) -> bool {
        true
    }
}

impl Message {
    /// Status of a response.
    fn status(&self) -> Option<u16> {
        match &self.body {
            Body::Response(response) => Some(response.status),
            _ => None,
        }
    }
}
