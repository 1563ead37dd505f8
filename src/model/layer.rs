//! Where in the order of causes a rule stands.

use serde::Serialize;

/// The order of causes, lowest first: what stands lower explains what stands higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
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
