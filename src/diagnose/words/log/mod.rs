//! What is said of lines that tell a fault by themselves.

use super::{Words, times};
use crate::model::{LogFact, LogMeaning, Witness};
use serde::Serialize;

/// Lines of one kind in one log, about one user, server or address.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Told {
    /// Name of the log.
    pub log: String,
    /// What the line means.
    pub means: &'static str,
    /// Message id or words by which it is known.
    pub known_by: &'static str,
    /// How well it is known.
    pub witness: &'static str,
    /// Where it is published.
    pub published: &'static str,
    /// The user that it names.
    pub user: Option<String>,
    /// The server that it names.
    pub server_name: Option<String>,
    /// The other end of the connection, as the log writes it.
    pub peer: Option<String>,
    /// The reason that it gives.
    pub log_reason: Option<String>,
    /// How often it happened.
    pub event_count: usize,
}

impl Told {
    /// Of that line, which stands for so many events.
    pub(crate) fn of(log: &str, fact: &LogFact, meaning: &'static LogMeaning, event_count: usize) -> Self {
        let named = |word| fact.named(word).map(str::to_owned);
        Self {
            log: log.to_owned(),
            means: meaning.means,
            known_by: meaning.pattern.trim_start_matches(['!', '^']).trim_end_matches('$'),
            witness: meaning.witness.name(),
            published: meaning.source,
            user: named("user"),
            server_name: named("server"),
            peer: named("peer"),
            log_reason: named("reason"),
            event_count,
        }
    }

    fn subject(&self) -> Option<&str> {
        self.server_name.as_deref().or(self.user.as_deref()).or(self.peer.as_deref())
    }
}

impl Words for Told {
    fn title(&self) -> String {
        if let Some(subject) = self.subject() {
            return format!("{subject}: {}", self.means);
        }
        let mut letters = self.means.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn explanation(&self) -> String {
        let Self { log, known_by, published, .. } = self;
        let often = if self.event_count > 1 { format!(" {}", times(self.event_count)) } else { String::new() };
        let reason = self.log_reason.as_ref().map(|reason| format!(" The reason that it gives: {reason}."));
        let witness = match Witness::ALL.into_iter().find(|witness| witness.name() == self.witness) {
            Some(Witness::Text) => " Its text is published, a real log with it was not at hand.",
            Some(Witness::Inferred) => " Nobody has shown such a line from a real log yet: what it means is inferred.",
            _ => "",
        };
        let reason = reason.unwrap_or_default();
        let known_by = known_by.replace("<*>", "...");
        format!("{log} says so{often}: a line with \"{known_by}\" ({published}).{reason}{witness}")
    }
}
