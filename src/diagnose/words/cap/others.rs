//! What is said of faults that have no part in a sign-on.

use crate::diagnose::words::{Words, count, few_of};
use crate::model::RuleId;
use serde::Serialize;

/// Faults of machines that have no part in a sign-on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FaultsOfOthers {
    /// Number of findings that are set aside.
    pub count: usize,
    /// Hosts that the faults are of, by name or address: the first eight.
    pub hosts: Vec<String>,
    /// Number of hosts with faults.
    pub host_count: usize,
    /// Rules that found them, the first eight.
    pub rules: Vec<RuleId>,
}

impl Words for FaultsOfOthers {
    fn title(&self) -> String {
        format!("{} about hosts that have no part in a sign-on", count(self.count, "finding"))
    }

    fn explanation(&self) -> String {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.as_str()).collect();
        format!(
            "Something fails at {} ({}). Nothing in this capture shows that they have to do with signing on.",
            few_of(&self.hosts, self.host_count, "hosts"),
            rules.join(", "),
        )
    }
}
