//! What the rules of HTTP sign-on share: requests that were turned away because they carried no token, the token that the
//! browser had all the same, and the words for both.

use super::each;
use crate::diagnose::words::listed;
use crate::diagnose::{About, Draft};
use crate::facts::http::denials::Lost;
use crate::facts::http::{Exchange, HttpIndex, Kept};
use crate::facts::{Case, Thresholds};

/// Begins a finding on such a group: conversations, frames, guards and the first request that should have carried the token.
pub fn draft(case: &Case<'_>, about: &'static About, base: i32, group: &[Lost<'_, '_>]) -> Draft {
    let http = case.http();
    let denied: Vec<_> = group.iter().map(|lost| lost.denied).collect();
    let draft = Draft::new(about, base).retry(denied.len() > 1).seen_in(denied.len());
    let draft = group.iter().fold(draft, |draft, lost| {
        draft.conversation(lost.denied.conversation).conversation(http.setter(lost.kept).conversation)
    });
    let mut set: Vec<&Kept<'_>> = group.iter().map(|lost| lost.kept).collect();
    set.dedup_by_key(|kept| kept.by);
    let draft = each(draft, &set, "tokens", |draft, kept| show_set(http, draft, kept));
    let draft = each(draft, &denied, "requests", |draft, denied| show_denied(draft, denied));
    let shared = denied.iter().all(|denied| http.browser(denied).is_shared);
    let keeps_none = denied.iter().all(|denied| !http.browser(denied).returns_cookies);
    name_loops(http, draft.guard(shared).guard(keeps_none), &case.settings.thresholds, &denied)
}

/// Evidence of a Set-Cookie: name, what it is, where it may go; never its value.
pub fn show_set(http: &HttpIndex<'_>, draft: Draft, kept: &Kept<'_>) -> Draft {
    draft.packet(kept.at, format!("{} sets {} ({})", http.setter(kept).host, describe(kept), kept.attributes()))
}

/// Evidence of a request that was turned away.
pub fn show_denied(draft: Draft, denied: &Exchange<'_>) -> Draft {
    let draft = draft.packet(denied.at(), format!("{} carries no LTPA token", denied.line()));
    match denied.response {
        Some(response) => draft.packet(response.at(), format!("answer: {}", answer(denied))),
        None => draft,
    }
}

/// "401", "302 to the login page /login.jsp".
pub fn answer(exchange: &Exchange<'_>) -> String {
    match exchange.target() {
        Some((host, path)) if exchange.leads_to_login() => {
            let host = if host == exchange.host { String::new() } else { format!(" of {host}") };
            format!("{} to the login page {path}{host}", exchange.status())
        }
        Some((_, path)) => format!("{} to {path}", exchange.status()),
        None => exchange.status().to_string(),
    }
}

/// "LtpaToken2 (websphere-v2 token, fingerprint …)".
pub fn describe(kept: &Kept<'_>) -> String {
    match &kept.cookie.token {
        Some(token) => format!("{}, a {}", kept.cookie.name, token.label()),
        None => kept.cookie.name.clone(),
    }
}

/// The browsers of a group by address.
pub fn browsers(http: &HttpIndex<'_>, exchanges: impl IntoIterator<Item = usize>) -> String {
    listed(exchanges.into_iter().filter_map(|index| Some(http.browsers().get(index)?.label())), "clients")
}

/// The browsers whose requests were turned away.
pub fn who(http: &HttpIndex<'_>, group: &[Lost<'_, '_>]) -> String {
    browsers(http, group.iter().map(|lost| lost.denied.browser))
}

/// Names the conversations of every login loop in which one of these requests was turned away: what explains the request
/// explains the loop.
#[must_use]
pub fn name_loops<'a>(http: &HttpIndex<'a>, draft: Draft, thresholds: &Thresholds, denied: &[&Exchange<'a>]) -> Draft {
    http.loops_of(thresholds, denied).into_iter().fold(draft, Draft::conversation)
}
