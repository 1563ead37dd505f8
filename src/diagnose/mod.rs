//! From facts to findings: rules, guards, scores and precedence. Sees the model only, never packets.
//!
//! [`diagnose`] builds a [`Case`] (the analysis with the indices that rules need), asks every rule in
//! [`rules::RULES`], and settles what they say: a finding that another one explains is named under its `also` and
//! does not stand by itself. A new rule is one file in `rules/` and one line in its table.

mod attempts;
mod case;
pub mod chat;
mod draft;
pub mod identity;
mod idle;
pub mod names;
pub mod network;
mod opening;
mod precedence;
mod restarts;
pub mod rules;
mod settings;
mod showings;
mod signon;
mod sip;
pub mod telephony;
#[cfg(test)]
mod tests;
mod vp;
pub mod web;
pub mod words;

pub use case::{Case, Lookup, Talk};
pub use draft::Draft;
pub use settings::{ExpectedServer, Settings, Thresholds};

use crate::model::{Analysis, Finding, Severity};

/// Judges an analysis. The same analysis and settings give the same findings in the same order.
pub fn diagnose(analysis: &Analysis, settings: &Settings) -> Vec<Finding> {
    let case = Case::new(analysis, settings);
    let drafts: Vec<Draft> = rules::RULES.iter().flat_map(|rule| rule.judge(&case)).collect();
    precedence::settle(&drafts)
}

/// One rule of the catalogue.
pub trait Rule: Sync {
    /// What the catalogue says of it.
    fn about(&self) -> &'static About;

    /// Looks at the case and says what it found; nothing if all is well or cannot be told.
    fn judge(&self, case: &Case<'_>) -> Vec<Draft>;
}

/// A rule's entry in the catalogue. `nrpcsniff rules` prints it and findings are built from it.
#[derive(Debug)]
pub struct About {
    /// Id, as in reports: lower case, words joined by `-`.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// The worst severity that it gives.
    pub severity: Severity,
    /// Where in the order of causes it stands.
    pub layer: Layer,
    /// What it sees: the pattern in the capture.
    pub sees: &'static str,
    /// Why it matters: what the user experiences.
    pub matters: &'static str,
    /// What keeps it silent, or lowers its confidence: look-alikes that are healthy.
    pub guards: &'static [&'static str],
    /// What to change and where, most likely first.
    pub remedy: &'static [&'static str],
    /// Public sources.
    pub references: &'static [&'static str],
    /// Rules whose findings on the same conversations follow from this one.
    pub explains: &'static [&'static str],
}

/// The order of causes, lowest first: what stands lower explains what stands higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The capture itself: what cannot be judged from it.
    Capture,
    /// Names, routes, ports, segments.
    Network,
    /// The protocol refused.
    Protocol,
    /// Names, cookies and tokens of single sign-on.
    SignOn,
    /// It works, but slowly.
    Performance,
    /// Nothing to mend.
    Information,
    /// Only if no other rule has anything to say of the conversation.
    Fallback,
}
