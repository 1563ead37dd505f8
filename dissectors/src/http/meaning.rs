//! What HTTP messages come to.

use super::login::about;
use super::message::{Body, Message};
use super::url::host_of;
use crate::role::{Role, Roles};
use crate::{Class, Decision, Purpose, Semantics};

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
    // What it decides stands in the meaning; whether a page was read depends on the capture.
    ("login_form", Role::Noise),
    ("reason", Role::Noise),
    ("date", Role::Noise),
    ("content_length", Role::Noise),
    ("forwarded_for", Role::Noise),
    ("websocket_key", Role::Noise),
];

impl Semantics for Message {
    /// Method and path of a request, without parameters of the path; the class of a response, but the number of an error.
    /// What has not changed since (304) was granted. A response that is about being logged in says so: whether a page or a demand
    /// to log in comes is not told by the class of the status alone.
    fn meaning(&self, request: Option<&crate::Message>) -> String {
        match &self.body {
            Body::Request(request) => {
                let path = request.path.split(';').next().unwrap_or_default();
                format!("{} {path}", request.method)
            }
            Body::Response(response) => {
                let words = request.and_then(|request| about(request, response)).and_then(|about| about.words());
                words.map_or_else(|| class_of(response.status), str::to_owned)
            }
            Body::Malformed { .. } => "malformed".to_owned(),
        }
    }

    /// Below 400 is not granted: a login may be answered by the form again, and any request by a login page.
    fn decision(&self, request: Option<&crate::Message>) -> Decision {
        let Some(response) = self.response() else { return Decision::Open };
        match (request.and_then(|request| about(request, response)), response.status) {
            (Some(about), _) => about.decision(),
            (None, 200..400) if response.login_form.is_form() => Decision::Open,
            (None, 200..400) => Decision::Granted,
            (None, 400..) => Decision::Refused,
            (None, _) => Decision::Open,
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
        self.request().and_then(|request| request.host.clone())
    }

    fn answered(&self) -> Option<String> {
        self.response().map(|response| response.status.to_string())
    }

    /// The host by its name alone: a browser may name the port or not.
    fn purpose(&self) -> Purpose {
        let host = self.request().and_then(|request| request.host.as_deref()).map(host_of);
        Purpose { wanted: host.filter(|host| !host.is_empty()), ..Purpose::default() }
    }

    fn is_nonsense(&self) -> bool {
        matches!(self.body, Body::Malformed { .. })
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

fn class_of(status: u16) -> String {
    match status {
        200..=299 | 304 => "2xx".to_owned(),
        300..=399 => "3xx".to_owned(),
        status => status.to_string(),
    }
}
