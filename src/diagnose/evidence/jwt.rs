//! What the rules about JSON web tokens share: which refusals count, and how they are shown.

use super::each;
use crate::diagnose::words::jwt::{Tokens, at};
use crate::diagnose::words::{Answers, Clients, Users};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::grouping::group_by;
use crate::facts::http::{HttpExchange, JwtRenewal, JwtShowing, origin, tokens_sent};
use crate::model::{Confidence, Severity};
use nrpcsniff_dissectors::jwt::Jwt;

/// A token that was refused, and what became of its browser.
pub(crate) struct RefusedJwt<'c, 'a> {
    /// The request.
    pub exchange: &'c HttpExchange<'a>,
    /// The token.
    pub shown: &'c JwtShowing,
    /// Whether the browser got in again.
    pub renewal: JwtRenewal,
}

/// Tokens that were refused, that the host never took, and that were not renewed at once; those of one host and one issuer
/// together.
pub(crate) fn refused<'c, 'a>(case: &'c Case<'a>, is: impl Fn(&JwtShowing) -> bool) -> Vec<Vec<RefusedJwt<'c, 'a>>> {
    let http = case.http();
    let soon = case.settings.thresholds.login_round;
    let refused = http.jwts().iter().filter(|shown| is(shown)).filter_map(|shown| {
        let exchange = http.exchange(shown.exchange)?;
        let counts = exchange.is_denied()
            && !is_renewal(exchange)
            && !origin::is_local(&exchange.host)
            && !shown.was_taken(http);
        let renewal = counts.then(|| shown.renewal(http, soon))?;
        (renewal != JwtRenewal::AtOnce).then_some(RefusedJwt { exchange, shown, renewal })
    });
    group_by(refused, |one| (one.exchange.host.clone(), one.shown.jwt.issuer.clone(), one.renewal == JwtRenewal::Never))
}

/// Begins a finding on such a group: conversations, frames, guards. Nobody minds much if the user logged in again.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, group: &[RefusedJwt<'_, '_>]) -> Draft {
    let first = group.first();
    let again = first.is_some_and(|one| one.renewal == JwtRenewal::Later);
    let ltpa = |one: &RefusedJwt<'_, '_>| one.exchange.request.is_some_and(|r| tokens_sent(r.content).next().is_some());
    let draft = Draft::new(about, 45)
        .names_read()
        .retry(group.len() > 1)
        .seen_in(group.len())
        // An LTPA token beside it may be what was refused.
        .guard(group.iter().all(ltpa))
        .at_most(if group.iter().all(ltpa) { Confidence::Medium } else { Confidence::High });
    let draft = if again { draft.severity(Severity::Minor) } else { draft };
    let draft = group.iter().fold(draft, |draft, one| draft.conversation(one.exchange.conversation));
    let draft = each(draft, group, "requests", |draft, one| show(draft, one));
    renewals(case, group).into_iter().take(super::EVIDENCE).fold(draft, |draft, renewal| {
        let status =
            renewal.response.map_or_else(String::new, |r| format!(": {} {}", r.content.status, r.content.reason));
        draft.conversation(renewal.conversation).packet(renewal.at(), format!("{}{status}", renewal.line()))
    })
}

fn show(draft: Draft, one: &RefusedJwt<'_, '_>) -> Draft {
    let draft = draft.packet(one.exchange.at(), format!("{} with {}", one.exchange.line(), label(&one.shown.jwt)));
    match one.exchange.response {
        Some(response) => draft.packet(response.at(), format!("answer: {}", answer(one.exchange))),
        None => draft,
    }
}

/// "a JSON web token of uid=ann, issued by sametime, from … until …".
fn label(jwt: &Jwt) -> String {
    let part = |what: &str, value: Option<String>| value.map_or_else(String::new, |value| format!("{what}{value}"));
    let whose = part(" of ", jwt.whose().map(str::to_owned));
    let issuer = part(", issued by ", jwt.issuer.clone());
    let audience = part(" for ", jwt.audience.first().cloned());
    format!(
        "a JSON web token{whose}{issuer}{audience}{}{}",
        part(", from ", jwt.begins().map(at)),
        part(" until ", jwt.expires.map(at))
    )
}

/// "401 Unauthorized (invalid_token)".
fn answer(exchange: &HttpExchange<'_>) -> String {
    let Some(response) = exchange.response else { return String::new() };
    let error = response.content.challenges.iter().find_map(|challenge| challenge.error.as_deref());
    let line = format!("{} {}", response.content.status, response.content.reason);
    format!("{}{}", line.trim_end(), error.map_or_else(String::new, |error| format!(" ({error})")))
}

/// Requests of the same browsers that ask the same host for a new token, and are refused.
pub(crate) fn renewals<'c, 'a>(case: &'c Case<'a>, group: &[RefusedJwt<'c, 'a>]) -> Vec<&'c HttpExchange<'a>> {
    let Some(first) = group.first() else { return Vec::new() };
    let browsers: Vec<_> = group.iter().map(|one| one.exchange.browser).collect();
    let asks = |exchange: &&HttpExchange<'a>| {
        is_renewal(exchange) && exchange.status() >= 400 && browsers.contains(&exchange.browser)
    };
    case.http().of_host(&first.exchange.host).filter(asks).collect()
}

/// It asks for a new token: by Sametime 12's call, or by that of RFC 6749 section 6.
fn is_renewal(exchange: &HttpExchange<'_>) -> bool {
    let grant = exchange.request.and_then(|request| request.content.parameter("grant_type"));
    let by_call = exchange.path().rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("refresh"));
    by_call || grant.is_some_and(|grant| grant.expose() == "refresh_token")
}

/// What such a group has in common, in words; `None` of an empty one.
pub(crate) fn tokens(case: &Case<'_>, group: &[RefusedJwt<'_, '_>]) -> Option<Tokens> {
    let first = group.first()?;
    Some(Tokens {
        server: first.exchange.conversation.server,
        host: first.exchange.host.clone(),
        cookie: first.shown.cookie.clone(),
        users: Users::of(group.iter().map(|one| one.shown.jwt.whose().map(str::to_owned))),
        clients: Clients::of(group.iter().map(|one| one.exchange.client())),
        count: group.len(),
        answers: Answers::of(group.iter().map(|one| answer(one.exchange))),
        renewal_refused_count: renewals(case, group).len(),
        recovered: first.renewal == JwtRenewal::Later,
    })
}
