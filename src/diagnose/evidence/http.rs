//! What the rules of HTTP sign-on share: requests that were turned away because they carried no token, the token that the
//! browser had all the same.

use super::each;
use crate::diagnose::words::Browsers;
use crate::diagnose::words::http::{Answer, Reach, Unsent};
use crate::diagnose::{About, Draft};
use crate::facts::http::denials::UnsentToken;
use crate::facts::http::{BrowserId, HttpExchange, HttpIndex, JarCookie};
use crate::facts::{Case, Thresholds};

/// Begins a finding on such a group: conversations, frames, guards and the first request that should have carried the token.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, base: i32, group: &[UnsentToken<'_, '_>]) -> Draft {
    let http = case.http();
    let denied: Vec<_> = group.iter().map(|unsent| unsent.denied).collect();
    let draft = Draft::new(about, base).retry(denied.len() > 1).seen_in(denied.len());
    let draft = group.iter().fold(draft, |draft, unsent| {
        draft.conversation(unsent.denied.conversation).conversation(http.setter(unsent.stored).conversation)
    });
    let mut set: Vec<&JarCookie<'_>> = group.iter().map(|unsent| unsent.stored).collect();
    set.dedup_by_key(|stored| stored.by);
    let draft = each(draft, &set, "tokens", |draft, stored| show_set(http, draft, stored));
    let draft = each(draft, &denied, "requests", |draft, denied| show_denied(draft, denied));
    let shared = denied.iter().all(|denied| http.browser(denied).is_shared);
    let keeps_none = denied.iter().all(|denied| !http.browser(denied).returns_cookies);
    name_loops(http, draft.guard(shared).guard(keeps_none), &case.settings.thresholds, &denied)
}

/// Evidence of a Set-Cookie: name, what it is, where it may go; never its value.
pub(crate) fn show_set(http: &HttpIndex<'_>, draft: Draft, stored: &JarCookie<'_>) -> Draft {
    draft.packet(stored.at, format!("{} sets {} ({})", http.setter(stored).host, describe(stored), stored.attributes()))
}

/// Evidence of a request that was turned away.
pub(crate) fn show_denied(draft: Draft, denied: &HttpExchange<'_>) -> Draft {
    let draft = draft.packet(denied.at(), format!("{} carries no LTPA token", denied.line()));
    match denied.response {
        Some(response) => draft.packet(response.at(), format!("answer: {}", answer(denied))),
        None => draft,
    }
}

/// How it was answered, and where that leads.
pub(crate) fn answer(exchange: &HttpExchange<'_>) -> Answer {
    let target = exchange.target();
    Answer {
        status: exchange.status(),
        leads_to_path: target.as_ref().map(|(_, path)| (*path).to_owned()),
        leads_to_host: target.as_ref().filter(|(host, _)| *host != exchange.host).map(|(host, _)| host.clone()),
        leads_to_login: target.is_some() && exchange.leads_to_login(),
        shows_login_form: exchange.response.is_some_and(|response| response.login_form.is_form()),
    }
}

/// "LtpaToken2 (websphere-v2 token, fingerprint …)".
pub(crate) fn describe(stored: &JarCookie<'_>) -> String {
    match &stored.cookie.token {
        Some(token) => format!("{}, a {}", stored.cookie.name, token.label()),
        None => stored.cookie.name.clone(),
    }
}

/// The browsers of a group by address.
pub(crate) fn browsers(http: &HttpIndex<'_>, browsers: impl IntoIterator<Item = BrowserId>) -> Browsers {
    Browsers::of(browsers.into_iter().filter_map(|id| Some(http.browser_of(id)?.label())))
}

/// Which token was missed, and where; `None` of an empty group.
pub(crate) fn unsent(http: &HttpIndex<'_>, group: &[UnsentToken<'_, '_>]) -> Option<Unsent> {
    let UnsentToken { stored, denied } = group.first()?;
    Some(Unsent {
        token_issuer: http.setter(stored).host.clone(),
        cookie: stored.cookie.name.clone(),
        reach: reach(stored),
        browsers: browsers(http, group.iter().map(|unsent| unsent.denied.browser)),
        host: denied.host.clone(),
        request: denied.line(),
    })
}

/// Hosts that a cookie is for.
pub(crate) fn reach(stored: &JarCookie<'_>) -> Reach {
    Reach { cookie_domain: stored.domain.clone(), is_host_only: stored.host_only }
}

/// Names the conversations of every login loop in which one of these requests was turned away: what explains the request
/// explains the loop.
#[must_use]
pub(crate) fn name_loops<'a>(
    http: &HttpIndex<'a>,
    draft: Draft,
    thresholds: &Thresholds,
    denied: &[&HttpExchange<'a>],
) -> Draft {
    http.loops_of(thresholds, denied).into_iter().fold(draft, Draft::conversation)
}
