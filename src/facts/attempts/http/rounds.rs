//! Logins by an identity provider: the browser is sent there (SAML, OpenID Connect), comes back with its word, and is shown the page.

use super::{Judge, Wish, page, status_line};
use crate::facts::http::{HttpExchange, ProviderRound};
use crate::model::{AttemptKind, Outcome, Unjudged};

/// Every login by an identity provider.
pub(super) fn all<'w, 'a>(judge: &Judge<'w, 'a>) -> Vec<Wish<'w, 'a>> {
    judge.http.provider_rounds().iter().filter_map(|round| wish(judge, round)).collect()
}

fn wish<'w, 'a>(judge: &Judge<'w, 'a>, round: &ProviderRound) -> Option<Wish<'w, 'a>> {
    let first = judge.http.exchange(round.first)?;
    let mut wish = Wish::new(AttemptKind::HttpLogin, first, outcome(judge, first, round));
    wish.asked = Some(page(first));
    // The last ones tell the end: they are kept whatever came between.
    let kept = round.exchanges.len().saturating_sub(super::MOST).max(1);
    let rest = round.exchanges.get(kept..)?.iter().filter_map(|&id| judge.http.exchange(id));
    rest.for_each(|exchange| wish.add(exchange));
    Some(wish)
}

fn outcome(judge: &Judge<'_, '_>, first: &HttpExchange<'_>, round: &ProviderRound) -> Outcome {
    let http = judge.http;
    let lost = round.lost_cookie(http).map(|lost| lost.name.as_str());
    let [brought, page] = [round.brought, round.page].map(|id| id.and_then(|id| http.exchange(id)));
    match (brought, page) {
        // Signed in, but not where the user wanted to go: the server had noted that in the cookie.
        (Some(_), Some(page)) if page.path() != first.path() && lost.is_some() => {
            Outcome::Refused(format!("led to another page: {}", of_cookie(lost)))
        }
        (Some(_), Some(_)) => Outcome::Granted,
        _ if round.is_circle() => {
            Outcome::Refused("sent to the identity provider again and again, without a page in between".to_owned())
        }
        (Some(brought), None) if brought.status() >= 400 => {
            let why = lost.map_or_else(String::new, |_| format!(": {}", of_cookie(lost)));
            Outcome::Refused(format!("{} to the word of the identity provider{why}", status_line(brought)))
        }
        (Some(brought), None) if brought.response.is_none() => judge.unanswered(brought),
        _ => Outcome::Unknown(Unjudged::UnknownForm),
    }
}

fn of_cookie(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    format!("the cookie {name}, set on the way to the identity provider, does not come back with its word")
}
