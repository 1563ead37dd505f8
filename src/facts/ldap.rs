//! What is asked of directories besides binds, and the sign-on that waits for the answer.

use super::{Case, Dissected};
use crate::model::{Attempt, AttemptKind, Conversation, Side, Stamp};
use nrpcsniff_dissectors::Message as Any;
use nrpcsniff_dissectors::ldap::{self, Body, Outcome, START_TLS, Scope};
use std::net::IpAddr;

/// Something that was asked of a directory, and its answer.
pub(crate) struct DirectoryAnswer<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// The question.
    pub asked: Stamp,
    /// The answer.
    pub answered: Stamp,
    /// Both, as they were read.
    pub question: &'a Body,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// Entries that came; `None` if that is not known, or not asked for.
    pub entries: Option<u64>,
}

type Said<'a> = Dissected<'a, ldap::Message>;

/// Every search and every StartTLS that was answered, in order of conversations.
pub(crate) fn answers<'a>(case: &Case<'a>) -> Vec<DirectoryAnswer<'a>> {
    let directories = case.analysis.conversations.iter().filter(|c| c.is(&ldap::PROTOCOL));
    directories.flat_map(of_conversation).collect()
}

fn of_conversation(conversation: &Conversation) -> Vec<DirectoryAnswer<'_>> {
    let said = conversation.messages.iter().filter_map(|message| match &message.body {
        Any::Ldap(ldap) => Some(Dissected::new(message, ldap.as_ref())),
        _ => None,
    });
    let said: Vec<Said<'_>> = said.filter(|said| !said.content.incomplete).collect();
    let mut found = Vec::new();
    for (index, question) in said.iter().enumerate().filter(|(_, said)| said.message.from == Side::Client) {
        let later = said.get(index..).unwrap_or_default().iter().take(LOOK_AHEAD);
        let mut later =
            later.filter(|answer| answer.message.from == Side::Server && answer.content.id == question.content.id);
        let told = later.find_map(|answer| Some((answer, answer_to(&question.content.body, &answer.content.body)?)));
        found.extend(told.map(|(answer, (outcome, entries))| DirectoryAnswer {
            conversation,
            asked: question.at(),
            answered: answer.at(),
            question: &question.content.body,
            outcome,
            entries,
        }));
    }
    found
}

/// An answer stands among so many of the next messages, or is not looked for.
const LOOK_AHEAD: usize = 512;

fn answer_to<'a>(question: &Body, answer: &'a Body) -> Option<(&'a Outcome, Option<u64>)> {
    match (question, answer) {
        (Body::SearchRequest { .. }, Body::SearchDone { outcome, entries }) => Some((outcome, *entries)),
        (Body::Extended { oid }, Body::ExtendedResponse { outcome, .. }) if oid == START_TLS => Some((outcome, None)),
        _ => None,
    }
}

impl DirectoryAnswer<'_> {
    /// A search below an entry for somebody or something: its base and its filter.
    pub(crate) const fn search(&self) -> Option<(&String, Scope, &String)> {
        match self.question {
            Body::SearchRequest { base, scope, filter, .. } => Some((base, *scope, filter)),
            _ => None,
        }
    }

    /// The most entries that the client wanted; 0 for all.
    pub(crate) const fn wanted_entries(&self) -> Option<u32> {
        match self.question {
            Body::SearchRequest { size_limit, .. } => *size_limit,
            _ => None,
        }
    }

    /// It asks for TLS.
    pub(crate) const fn is_start_tls(&self) -> bool {
        matches!(self.question, Body::Extended { .. })
    }
}

/// Seconds after which a directory that is asked has nothing to do with a sign-on that still waits.
const PATIENCE: f64 = 30.0;

/// The sign-on at that machine which waited while it asked its directory, and which came to nothing; the last that began before.
pub(crate) fn waiting<'c>(case: &'c Case<'_>, machine: IpAddr, asked: Stamp) -> Option<&'c Attempt> {
    let is_sign_on =
        |kind| matches!(kind, AttemptKind::SametimeLogin | AttemptKind::HttpLogin | AttemptKind::HttpToken);
    let waits = |attempt: &&Attempt| {
        let since = asked.time.seconds_since(attempt.at.time);
        let was_open = attempt.answered.is_none_or(|answered| answered.time >= asked.time);
        is_sign_on(attempt.kind) && attempt.server.ip == machine && (0.0..=PATIENCE).contains(&since) && was_open
    };
    case.attempts().iter().rev().find(waits).filter(|attempt| attempt.outcome.is_failure())
}

/// Names by which the user of a sign-on may be looked for: as he gave it, and the parts of a name of several.
pub(crate) fn names_of(attempt: &Attempt) -> Vec<String> {
    let given = attempt.user.iter();
    let mut names: Vec<String> = Vec::new();
    for name in given {
        names.push(name.clone());
        let first = name.split(['/', ',']).next().unwrap_or_default();
        names.extend(first.split_once('=').map(|(_, value)| value.to_owned()));
        names.extend(name.split_once('@').map(|(user, _)| user.to_owned()));
        names.extend(name.rsplit_once('\\').map(|(_, user)| user.to_owned()));
    }
    names
}

/// A filter looks for one of these names: a value in it is that name, whatever its case.
pub(crate) fn looks_for<'n>(filter: &str, names: &'n [String]) -> Option<&'n String> {
    let values = || filter.split('=').skip(1).filter_map(|part| part.split(')').next());
    names
        .iter()
        .find(|name| !name.is_empty() && values().any(|value| value.trim_end_matches('*').eq_ignore_ascii_case(name)))
}
