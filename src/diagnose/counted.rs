//! Findings of one cause that are no examples: how many they were, whom they hit and when.

use super::cause::Cause;
use crate::model::{Analysis, Conversation, Finding, Severity, Timestamp};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Distinct clients that are counted of one cause.
pub(super) const CLIENTS: usize = 4096;

/// What was counted of each cause.
pub(crate) type CountedCauses = HashMap<Cause, Counted>;

/// Findings of one cause that are no examples.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// How often it was seen, as [`crate::model::Group::count`].
    pub count: u64,
    /// Conversations.
    pub conversations: u64,
    /// Clients, 4,096 at most.
    pub clients: HashSet<IpAddr>,
    /// Begin of the first conversation.
    pub first: Option<Timestamp>,
    /// Begin of the last one.
    pub last: Option<Timestamp>,
    /// Findings by severity.
    pub severities: BTreeMap<Severity, usize>,
}

/// Adds what was counted in another capture.
pub(crate) fn merge_counted(all: &mut CountedCauses, more: &CountedCauses) {
    for (cause, counted) in more {
        all.entry(cause.clone()).or_default().merge(counted);
    }
}

impl Counted {
    fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.conversations = self.conversations.saturating_add(other.conversations);
        self.clients.extend(other.clients.iter().take(CLIENTS.saturating_sub(self.clients.len())));
        self.first = self.first.min(other.first).or(self.first).or(other.first);
        self.last = self.last.max(other.last);
        for (severity, number) in &other.severities {
            let all = self.severities.entry(*severity).or_default();
            *all = all.saturating_add(*number);
        }
    }

    pub(super) fn add(&mut self, finding: &Finding, analysis: &Analysis) {
        self.count = self.count.saturating_add(times_seen(finding));
        let severity = self.severities.entry(finding.severity).or_default();
        *severity = severity.saturating_add(1);
        for conversation in conversations(finding, analysis) {
            self.conversations = self.conversations.saturating_add(1);
            if self.clients.len() < CLIENTS {
                self.clients.insert(conversation.client.ip);
            }
            let begun = Some(conversation.first.time);
            self.first = self.first.min(begun).or(begun);
            self.last = self.last.max(begun);
        }
    }
}

/// How often a finding was seen, as its rule counts it.
pub(super) fn times_seen(finding: &Finding) -> u64 {
    finding.facts.get("count").and_then(serde_json::Value::as_u64).unwrap_or(1).max(1)
}

/// Conversations that a finding names.
pub(super) fn conversations<'a>(finding: &Finding, analysis: &'a Analysis) -> impl Iterator<Item = &'a Conversation> {
    finding.conversations.iter().filter_map(|id| analysis.conversations.get(id.index()))
}
