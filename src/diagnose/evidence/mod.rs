//! What of the facts is shown in a finding: the frames that prove it, each with a line that says what it shows.
//!
//! One file a subject; rules of one family show the same things in the same way.

pub(crate) mod attempts;
pub(crate) mod directory;
pub(crate) mod http;
pub(crate) mod jwt;
pub(crate) mod logs;
pub(crate) mod nrpc;
pub(crate) mod provider;
pub(crate) mod refusal;
pub(crate) mod sametime;
pub(crate) mod sip;
pub(crate) mod tls;
pub(crate) mod tokens;
pub(crate) mod told;

use super::Draft;
use crate::facts::network::attempts::rejection;
use crate::model::IcmpError;

/// Lines of evidence of one kind in one finding; further ones are counted.
pub(crate) const EVIDENCE: usize = 12;

/// "ICMP type 3 code 13 (administratively prohibited) from 10.1.0.1".
pub(crate) fn icmp(error: &IcmpError) -> String {
    let IcmpError { kind, code, from, v6, .. } = error;
    let icmp = if *v6 { "ICMPv6" } else { "ICMP" };
    let meaning = rejection(error).map_or_else(String::new, |meaning| format!(" ({meaning})"));
    format!("{icmp} type {kind} code {code}{meaning} from {from}")
}

/// Adds evidence for each of `items`, [`EVIDENCE`] of them at most, then how many more there are.
pub(crate) fn each<T>(draft: Draft, items: &[T], what: &str, add: impl Fn(Draft, &T) -> Draft) -> Draft {
    each_of(draft, items, 0, what, add)
}

/// Adds evidence as [`each`] does, where there were `gone` more items that are kept no longer.
pub(crate) fn each_of<T>(
    draft: Draft,
    items: &[T],
    gone: usize,
    what: &str,
    add: impl Fn(Draft, &T) -> Draft,
) -> Draft {
    let draft = items.iter().take(EVIDENCE).fold(draft, add);
    match items.len().saturating_add(gone).saturating_sub(EVIDENCE) {
        0 => draft,
        more => draft.note(format!("and {more} more {what}")),
    }
}
