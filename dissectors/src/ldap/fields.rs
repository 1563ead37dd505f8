//! Messages for reports: kind, one line, fields.

use super::message::{Auth, Body, Message, NtlmStep, START_TLS};
use super::result::{Outcome, name_of};
use crate::{Fields, Presentation, Protocol, Reading, Value, problem};

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self.body {
            Body::BindRequest { .. } => "ldap.bind_request",
            Body::BindResponse(_) => "ldap.bind_response",
            Body::SearchRequest { .. } => "ldap.search_request",
            Body::SearchDone { .. } => "ldap.search_done",
            Body::SearchReference { .. } => "ldap.search_reference",
            Body::Unbind => "ldap.unbind",
            Body::Abandon { .. } => "ldap.abandon",
            Body::Extended { .. } => "ldap.extended",
            Body::ExtendedResponse { .. } => "ldap.extended_response",
            Body::Request { .. } => "ldap.request",
            Body::Response { .. } => "ldap.response",
            Body::Intermediate { .. } => "ldap.intermediate",
            Body::Sealed { .. } => "ldap.sealed",
            Body::Malformed => "ldap.malformed",
        }
    }

    fn summary(&self) -> String {
        match &self.body {
            Body::BindRequest { name, auth, .. } => format!("bind as {} {}", named(name), auth.words()),
            Body::BindResponse(outcome) => format!("bind: {}", outcome.words()),
            Body::SearchRequest { base, scope, filter, .. } => {
                format!("search {filter} in {} ({})", named(base), scope.name())
            }
            // Where the capture lacks some of the entries no number is said: it would be too low.
            Body::SearchDone { outcome, entries } => {
                let entries = match entries {
                    Some(1) => ", 1 entry".to_owned(),
                    Some(count) => format!(", {count} entries"),
                    None => String::new(),
                };
                format!("search: {}{entries}", outcome.words())
            }
            Body::SearchReference { urls } => format!("more at {}", urls.join(", ")),
            Body::Unbind => "unbind".to_owned(),
            Body::Abandon { id: Some(id) } => format!("abandons request {id}"),
            Body::Abandon { id: None } => "abandons a request".to_owned(),
            Body::Extended { oid } => format!("extended request {}", operation(oid)),
            Body::ExtendedResponse { outcome, oid } => {
                let oid = oid.as_deref().map_or_else(String::new, |oid| format!(" {}", operation(oid)));
                format!("extended response{oid}: {}", outcome.words())
            }
            Body::Request { operation, name } => format!("{operation} {}", named(name)),
            Body::Response { operation, outcome } => format!("{operation}: {}", outcome.words()),
            Body::Intermediate { .. } => "more is to come".to_owned(),
            Body::Sealed { length } => format!("{length} bytes under a security layer of SASL"),
            Body::Malformed => {
                self.problems.first().map_or_else(|| "no message".to_owned(), |problem| problem.what.to_string())
            }
        }
    }

    fn fields(&self, _: &Reading<'_>) -> Fields {
        let mut fields: Fields = vec![("message_id", self.id.into())];
        fields.extend(self.body_fields());
        if let Some(outcome) = self.outcome() {
            fields.extend(result(outcome));
        }
        if self.incomplete {
            fields.push(("incomplete", true.into()));
        }
        fields.push(("problems", problem::values(&self.problems)));
        fields
    }
}

impl Message {
    fn body_fields(&self) -> Fields {
        match &self.body {
            Body::BindRequest { version, name, auth } => {
                let mut fields: Fields = vec![
                    ("version", version.map(|version| version.to_string()).into()),
                    ("name", name.as_str().into()),
                ];
                fields.extend(auth.fields());
                fields
            }
            Body::SearchRequest { base, scope, size_limit, filter } => vec![
                ("name", base.as_str().into()),
                ("scope", scope.name().into()),
                ("size_limit", (*size_limit).into()),
                ("filter", filter.as_str().into()),
            ],
            Body::SearchDone { entries, .. } => vec![("entries", entries.map(count).into())],
            Body::SearchReference { urls } => vec![("referral", texts(urls))],
            Body::Abandon { id } => vec![("abandoned", (*id).into())],
            Body::Extended { oid } => vec![("oid", oid.as_str().into()), ("operation", known(oid).into())],
            Body::ExtendedResponse { oid, .. } | Body::Intermediate { oid } => vec![("oid", oid.as_deref().into())],
            Body::Request { operation, name } => {
                vec![("operation", (*operation).into()), ("name", name.as_str().into())]
            }
            Body::Response { operation, .. } => vec![("operation", (*operation).into())],
            // The length is all that can be compared of what SASL protects.
            Body::Sealed { length } => vec![("length", count(*length))],
            Body::BindResponse(_) | Body::Unbind | Body::Malformed => Vec::new(),
        }
    }
}

impl Auth {
    fn words(&self) -> String {
        match self {
            Self::Simple { length: 0 } => "without a password".to_owned(),
            Self::Simple { .. } => "with a password".to_owned(),
            Self::Sasl { mechanism, .. } => format!("by {mechanism}"),
            Self::Ntlm { step, .. } => format!("by NTLM ({})", step.words()),
            Self::Unknown => "in a way that was not read".to_owned(),
        }
    }

    fn fields(&self) -> Fields {
        match self {
            Self::Simple { length } => vec![("method", "simple".into()), ("password_length", count(*length))],
            Self::Sasl { mechanism, length } => vec![
                ("method", "sasl".into()),
                ("mechanism", mechanism.as_str().into()),
                ("credentials_length", count(*length)),
            ],
            Self::Ntlm { step, length } => {
                vec![("method", "ntlm".into()), ("step", step.words().into()), ("credentials_length", count(*length))]
            }
            Self::Unknown => vec![("method", Value::Null)],
        }
    }
}

impl NtlmStep {
    const fn words(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Negotiate => "negotiate",
            Self::Respond => "respond",
        }
    }
}

/// The result, under the names of the report.
fn result(outcome: &Outcome) -> Fields {
    let mut fields: Fields = vec![
        ("result_code", outcome.code.into()),
        ("result_name", outcome.code.and_then(name_of).into()),
        ("diagnostic", outcome.diagnostic.as_str().into()),
        ("data", outcome.data().into()),
    ];
    if !outcome.matched.is_empty() {
        fields.push(("matched", outcome.matched.as_str().into()));
    }
    if !outcome.referral.is_empty() {
        fields.push(("referral", texts(&outcome.referral)));
    }
    fields
}

fn named(name: &str) -> &str {
    if name.is_empty() { "nobody" } else { name }
}

fn texts(texts: &[String]) -> Value {
    texts.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>().into()
}

fn count(length: u64) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

/// An extended operation by its name, or by its number.
fn operation(oid: &str) -> &str {
    known(oid).unwrap_or(oid)
}

/// Names of extended operations (RFC 4511, RFC 3062, RFC 4532, RFC 3909).
fn known(oid: &str) -> Option<&'static str> {
    Some(match oid {
        START_TLS => "StartTLS",
        "1.3.6.1.4.1.4203.1.11.1" => "password modify",
        "1.3.6.1.4.1.4203.1.11.3" => "who am I",
        "1.3.6.1.1.8" => "cancel",
        "1.3.6.1.4.1.1466.20036" => "notice of disconnection",
        _ => return None,
    })
}
