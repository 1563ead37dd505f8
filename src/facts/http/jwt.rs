//! JSON web tokens that requests carry, and what came of them.

use super::{ExchangeId, HttpExchange, HttpIndex};
use crate::facts::Settings;
use crate::model::Span;
use nrpcsniff_dissectors::cookie::is_web_token;
use nrpcsniff_dissectors::jwt::Jwt;

/// A request that carries a JSON web token by which its user is to be known.
#[derive(Debug, Clone)]
pub(crate) struct JwtShowing {
    /// The request: its place in [`HttpIndex::exchanges`].
    pub exchange: ExchangeId,
    /// Cookie that held it; `None` in the Authorization header.
    pub cookie: Option<String>,
    /// What it claims.
    pub jwt: Jwt,
    /// The time of the server, in seconds since 1970-01-01 UTC: of its Date header, else of the packet.
    server_time: i64,
}

/// A later request decides whether a refusal mattered; so many are looked at.
const LOOK_AHEAD: usize = 256;

/// What became of a browser whose token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwtRenewal {
    /// It got in at once, by another token or by another way: that is how tokens are renewed.
    AtOnce,
    /// It got in later, with another token: the user logged in again.
    Later,
    /// It did not get in again.
    Never,
}

/// Every token that was shown, in order of time.
pub(super) fn all(exchanges: &[HttpExchange<'_>]) -> Vec<JwtShowing> {
    exchanges.iter().filter(|exchange| exchange.wants_page()).filter_map(shown).collect()
}

/// In the header (RFC 6750), else in a cookie that is known to sign on. What else holds such a token may be anything.
fn shown(exchange: &HttpExchange<'_>) -> Option<JwtShowing> {
    let request = exchange.request?.content;
    let bearer = request.credentials.iter().filter(|c| !c.proxy).find_map(|c| Some((None, c.jwt.as_deref()?.clone())));
    let in_cookie = || {
        let mut named = request.cookies.iter().filter(|cookie| is_web_token(&cookie.name));
        named.find_map(|cookie| Some((Some(cookie.name.clone()), Jwt::read(cookie.value.expose())?)))
    };
    let (cookie, jwt) = bearer.or_else(in_cookie)?;
    let date = exchange.response.and_then(|response| response.content.date);
    let server_time = date.unwrap_or_else(|| exchange.at().time.whole_seconds());
    Some(JwtShowing { exchange: exchange.id, cookie, jwt, server_time })
}

impl JwtShowing {
    /// The time by which it is judged, in seconds since 1970-01-01 UTC: as the user wishes, else the server's.
    pub(crate) fn judged_at(&self, settings: &Settings) -> i64 {
        settings.now.map_or(self.server_time, crate::model::Timestamp::whole_seconds)
    }

    /// The same token was taken by the same host, before or after.
    pub(crate) fn was_taken(&self, http: &HttpIndex<'_>) -> bool {
        let Some(mine) = http.exchange(self.exchange) else { return false };
        let taken = |other: &&JwtShowing| {
            let exchange = http.exchange(other.exchange);
            other.jwt == self.jwt && exchange.is_some_and(|e| e.host == mine.host && e.is_granted())
        };
        http.jwts_of(&mine.host).any(|other| taken(&other))
    }

    /// What became of its browser within that time (seconds) after the refusal, and later.
    pub(crate) fn renewal(&self, http: &HttpIndex<'_>, soon: Span) -> JwtRenewal {
        let Some(mine) = http.exchange(self.exchange) else { return JwtRenewal::Never };
        let gets_in = |next: &&HttpExchange<'_>| next.host == mine.host && next.is_granted() && next.is_visit();
        let other = |next: &HttpExchange<'_>| http.jwt_of(next.id).is_some_and(|shown| shown.jwt != self.jwt);
        let mut later = http.after(mine).take(LOOK_AHEAD).filter(gets_in);
        let is_renewed = |next: &HttpExchange<'_>| {
            let at_once = next.at().since(mine.at()) <= soon;
            (at_once && (next.path() == mine.path() || other(next))).then_some(JwtRenewal::AtOnce)
        };
        later
            .find_map(|next| is_renewed(next).or_else(|| other(next).then_some(JwtRenewal::Later)))
            .unwrap_or(JwtRenewal::Never)
    }
}
