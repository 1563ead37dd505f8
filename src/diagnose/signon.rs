//! What the rules of HTTP sign-on share: requests that were turned away because they carried no token, the token that the
//! browser had all the same, and the words for both.

use super::network::{each, group_by, listed};
use super::web::{Exchange, Fit, Kept, Web, origin, tokens_sent};
use super::{About, Case, Draft};

/// A later request decides whether an earlier denial mattered; so many are looked at.
const LOOK_AHEAD: usize = 256;

/// A request that was turned away, and a token that its browser had by then but did not send.
#[derive(Clone, Copy)]
pub struct Lost<'w, 'a> {
    /// The token as it was set.
    pub kept: &'w Kept<'a>,
    /// The request that was turned away.
    pub denied: &'w Exchange<'a>,
}

/// Requests without any token that were turned away, to machines other than this one, and that did not get through
/// by themselves soon after.
pub fn locked_out<'w, 'a>(case: &'w Case<'a>) -> impl Iterator<Item = &'w Exchange<'a>> {
    case.web().exchanges().iter().filter(move |exchange| {
        exchange.is_denied()
            && lacks_token(exchange)
            && !origin::is_local(&exchange.host)
            && !gets_through(case, exchange)
    })
}

/// It carries no token.
pub fn lacks_token(exchange: &Exchange<'_>) -> bool {
    exchange.request.is_some_and(|request| tokens_sent(request.http).next().is_none())
}

/// The same page is served to the same browser soon after without a login in between: it was logged in on the way (by
/// Kerberos, by an identity provider), or may come in anonymously.
fn gets_through(case: &Case<'_>, denied: &Exchange<'_>) -> bool {
    let within = case.settings.thresholds.login_round;
    let soon = |next: &&Exchange<'_>| next.at().time.seconds_since(denied.at().time) <= within && !next.is_login();
    let next = case.web().after(denied).take(LOOK_AHEAD).take_while(soon);
    next.into_iter().any(|next| next.host == denied.host && next.path() == denied.path() && next.is_granted())
}

/// The LTPA tokens that the browser had when it asked, and whether each belongs to the request.
pub fn tokens_held<'w, 'a>(web: &'w Web<'a>, exchange: &'w Exchange<'a>) -> Vec<(&'w Kept<'a>, Fit)> {
    web.held(exchange).filter(|(kept, _)| kept.is_token()).collect()
}

/// A link or a redirect leads from one host to the request: the user means both to be one.
pub fn is_led_from(web: &Web<'_>, exchange: &Exchange<'_>, host: &str) -> bool {
    let Some(request) = exchange.request else { return false };
    let by_referer = request.referer.as_ref().is_some_and(|url| origin::host_of(&url.host) == host);
    let by_origin = request.origin.as_deref().and_then(origin::origin_of).is_some_and(|(_, from)| from == host);
    let leads =
        |before: &Exchange<'_>| before.target().is_some_and(|(to, _)| before.host == host && to == exchange.host);
    by_referer || by_origin || web.before(exchange).take(8).any(leads)
}

/// Losses of one kind by host that set the token and host that missed it.
pub fn by_hosts<'w, 'a>(web: &Web<'a>, lost: impl IntoIterator<Item = Lost<'w, 'a>>) -> Vec<Vec<Lost<'w, 'a>>> {
    group_by(lost, |lost| (web.setter(lost.kept).host.clone(), lost.denied.host.clone()))
}

/// Begins a finding on such a group: conversations, frames, guards and the first request that should have carried the token.
pub fn draft(case: &Case<'_>, about: &'static About, base: i32, group: &[Lost<'_, '_>]) -> Draft {
    let web = case.web();
    let denied: Vec<_> = group.iter().map(|lost| lost.denied).collect();
    let draft = Draft::new(about, base).retry(denied.len() > 1).seen_in(denied.len());
    let draft = group.iter().fold(draft, |draft, lost| {
        draft.conversation(lost.denied.conversation).conversation(web.setter(lost.kept).conversation)
    });
    let mut set: Vec<&Kept<'_>> = group.iter().map(|lost| lost.kept).collect();
    set.dedup_by_key(|kept| kept.by);
    let draft = each(draft, &set, "tokens", |draft, kept| show_set(web, draft, kept));
    let draft = each(draft, &denied, "requests", |draft, denied| show_denied(draft, denied));
    let shared = denied.iter().all(|denied| web.browser(denied).is_shared);
    let keeps_none = denied.iter().all(|denied| !web.browser(denied).returns_cookies);
    web.name_loops(draft.guard(shared).guard(keeps_none), &case.settings.thresholds, &denied)
}

/// Evidence of a Set-Cookie: name, what it is, where it may go; never its value.
pub fn show_set(web: &Web<'_>, draft: Draft, kept: &Kept<'_>) -> Draft {
    draft.packet(kept.at, format!("{} sets {} ({})", web.setter(kept).host, describe(kept), kept.attributes()))
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
pub fn browsers(web: &Web<'_>, exchanges: impl IntoIterator<Item = usize>) -> String {
    listed(exchanges.into_iter().filter_map(|index| Some(web.browsers().get(index)?.label())), "clients")
}

/// The browsers whose requests were turned away.
pub fn who(web: &Web<'_>, group: &[Lost<'_, '_>]) -> String {
    browsers(web, group.iter().map(|lost| lost.denied.browser))
}
