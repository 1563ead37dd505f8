//! What HTTP messages come to, for a comparison of two sessions.

use super::message::{Body, Message};
use crate::role::{Role, Roles};

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

impl Message {
    /// Method and path of a request, without parameters of the path; the class of a response, but the number of an error.
    /// What has not changed since (304) was granted.
    pub(crate) fn meaning(&self) -> String {
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

    pub(crate) fn refuses(&self) -> bool {
        matches!(&self.body, Body::Response(response) if response.status >= 400)
    }
}
