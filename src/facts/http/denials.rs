//! Requests that were turned away because they carried no token, and the token that the browser had all the same.

use super::{CookieMatch, HttpExchange, HttpIndex, JarCookie, origin, tokens_sent};
use crate::facts::Case;
use crate::facts::grouping::group_by;
use nrpcsniff_dissectors::http;

/// A later request decides whether an earlier denial mattered; so many are looked at.
const LOOK_AHEAD: usize = 256;

/// A request that was turned away, and a token that its browser had by then but did not send.
#[derive(Clone, Copy)]
pub(crate) struct UnsentToken<'w, 'a> {
    /// The token as it was set.
    pub stored: &'w JarCookie<'a>,
    /// The request that was turned away.
    pub denied: &'w HttpExchange<'a>,
}

/// Requests without any token that were turned away, to machines other than this one, and that did not get through
/// by themselves soon after.
pub(crate) fn locked_out<'w, 'a>(case: &'w Case<'a>) -> impl Iterator<Item = &'w HttpExchange<'a>> {
    case.http().exchanges().iter().filter(move |exchange| {
        exchange.is_denied()
            && lacks_token(exchange)
            && !origin::is_local(&exchange.host)
            && !gets_through(case, exchange)
    })
}

/// It carries no token.
pub(crate) fn lacks_token(exchange: &HttpExchange<'_>) -> bool {
    exchange.request.is_some_and(|request| tokens_sent(request.content).next().is_none())
}

/// The same page is served to the same browser soon after without a login in between: it was logged in on the way (by
/// Kerberos, by an identity provider), or may come in anonymously.
fn gets_through(case: &Case<'_>, denied: &HttpExchange<'_>) -> bool {
    let within = case.settings.thresholds.login_round;
    let soon = |next: &&HttpExchange<'_>| next.at().time.since(denied.at().time) <= within && !next.is_login();
    let next = case.http().after(denied).take(LOOK_AHEAD).take_while(soon);
    next.into_iter().any(|next| next.host == denied.host && next.path() == denied.path() && next.is_granted())
}

/// The LTPA tokens that the browser had when it asked, and whether each belongs to the request.
pub(crate) fn tokens_in_jar<'w, 'a>(
    http: &'w HttpIndex<'a>,
    exchange: &'w HttpExchange<'a>,
) -> Vec<(&'w JarCookie<'a>, CookieMatch)> {
    http.jar_at(exchange).filter(|(stored, _)| stored.is_token()).collect()
}

/// A link or a redirect leads from one host to the request: the user means both to be one.
pub(crate) fn is_led_from(http: &HttpIndex<'_>, exchange: &HttpExchange<'_>, host: &str) -> bool {
    let Some(request) = exchange.request else { return false };
    let by_referer = request.referer.as_ref().is_some_and(|url| http::host_of(&url.host) == host);
    let by_origin = request.origin.as_deref().and_then(origin::origin_of).is_some_and(|(_, from)| from == host);
    let leads =
        |before: &HttpExchange<'_>| before.target().is_some_and(|(to, _)| before.host == host && to == exchange.host);
    by_referer || by_origin || http.before(exchange).take(8).any(leads)
}

/// Losses of one kind by host that set the token and host that missed it.
pub(crate) fn by_hosts<'w, 'a>(
    http: &HttpIndex<'a>,
    unsent: impl IntoIterator<Item = UnsentToken<'w, 'a>>,
) -> Vec<Vec<UnsentToken<'w, 'a>>> {
    group_by(unsent, |unsent| (http.setter(unsent.stored).host.clone(), unsent.denied.host.clone()))
}
