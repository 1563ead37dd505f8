//! Tokens of an earlier login that are shown to a host.

use super::{Judge, Runs, Wish, denied, page};
use crate::facts::http::pages::PageAnswer;
use crate::facts::http::{HttpExchange, JwtRenewal, tokens_sent};
use crate::model::{AttemptKind, Outcome};
use nrpcsniff_dissectors::cookie::{is_blank, is_web_token};

/// Every token that was shown to a host: what comes of it again and again in the same way is one attempt.
pub(super) fn all<'w, 'a>(judge: &Judge<'_, 'a>, mine: &[&'w HttpExchange<'a>]) -> Vec<Wish<'w, 'a>> {
    let mut runs = Runs::default();
    // At once means that nobody has done anything in between.
    let window = judge.case.settings.thresholds.login_round;
    for &exchange in mine {
        if let Some((token, outcome)) = shown(exchange).and_then(|token| Some((token, outcome(judge, exchange)?))) {
            let begin = |outcome| wish(judge, exchange, outcome);
            runs.add((exchange.host.as_str(), token), exchange, outcome, window, begin);
        }
    }
    runs.found
}

fn wish<'w, 'a>(judge: &Judge<'_, 'a>, exchange: &'w HttpExchange<'a>, outcome: Outcome) -> Wish<'w, 'a> {
    let user = exchange
        .request
        .and_then(|request| tokens_sent(request.content).find_map(|cookie| cookie.token.as_ref()?.user.clone()));
    let mended = if outcome.is_failure() { judge.served_later(exchange) } else { None };
    Wish { user, asked: Some(page(exchange)), mended, ..Wish::new(AttemptKind::HttpToken, exchange, outcome) }
}

/// The first token that a request carries: of LTPA, a web token of Sametime, or one in the header (RFC 6750). Never printed. What
/// carries a password or a ticket as well is a login.
fn shown<'w>(exchange: &'w HttpExchange<'_>) -> Option<&'w str> {
    let request = exchange.request?.content;
    let by_header =
        |scheme: &str| request.credentials.iter().any(|c| !c.proxy && c.scheme.eq_ignore_ascii_case(scheme));
    let ltpa = tokens_sent(request).find(|cookie| cookie.token.as_ref().is_none_or(|t| !t.class.is_word()));
    let web = || request.cookies.iter().find(|c| is_web_token(&c.name) && !is_blank(c.value.expose()));
    match ltpa.or_else(web) {
        Some(_) if request.credentials.iter().any(|c| !c.proxy && !c.scheme.eq_ignore_ascii_case("Bearer")) => None,
        Some(cookie) => Some(cookie.value.expose()),
        None => by_header("Bearer").then_some(""),
    }
}

/// Another token takes the place of this one at once: a step, as tokens that have ended are renewed.
fn is_renewed(judge: &Judge<'_, '_>, exchange: &HttpExchange<'_>) -> bool {
    let soon = judge.case.settings.thresholds.login_round;
    judge.http.jwt_of(exchange.id).is_some_and(|shown| shown.renewal(judge.http, soon) == JwtRenewal::AtOnce)
}

/// What came of it; `None` where the answer says nothing of the token: steps, redirects, errors, requests that want no page.
fn outcome(judge: &Judge<'_, '_>, exchange: &HttpExchange<'_>) -> Option<Outcome> {
    match exchange.page_answer() {
        PageAnswer::Granted => Some(Outcome::Granted),
        PageAnswer::Unread => Some(Judge::untold(exchange)),
        PageAnswer::Denied(_) if is_renewed(judge, exchange) => None,
        PageAnswer::Denied(denial) => Some(Outcome::Refused(denied(exchange, denial))),
        PageAnswer::Untold if exchange.wants_page() && exchange.response.is_none() => Some(judge.unanswered(exchange)),
        PageAnswer::Step | PageAnswer::Elsewhere | PageAnswer::Untold => None,
    }
}
