//! The token stays behind because the request comes from another site.

use super::super::signon::{Lost, by_hosts, draft, locked_out, who};
use super::super::web::{Exchange, Kept, Web, origin};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct SameSite;

static ABOUT: About = About {
    id: "ltpa-samesite",
    title: "The sign-on token is not sent from another site's page",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request that comes from a page of another site (Sec-Fetch-Site, Origin or Referer) lacks the token that the \
           browser has for this host, and is sent to log in; from pages of its own site the browser sends it. The token was \
           not set with SameSite=None and Secure.",
    matters: "Browsers keep cookies back from frames and forms of other sites unless the cookie says otherwise: embedded chat, \
              meetings or a SAML answer arrive without the session.",
    guards: &[
        "Without a request of the same browser that does carry the token, all that is known is that it is missing: silent.",
        "Preflights (OPTIONS) never carry cookies: silent.",
        "A call of a script may leave cookies out on purpose (Origin with GET): low confidence.",
        "SameSite=None; Secure is there: another cause (blocked third-party cookies), silent.",
        "The request is only of another host of the same site: silent.",
        "The browser's own rules for cookies are inferred: medium confidence at most.",
    ],
    remedy: &[
        "Domino 12 and later: Web SSO Configuration document or Internet Site: SameSite cookie setting None, and use https; notes.ini \
         DOMINO_SAMESITE settings as the product's documentation names them.",
        "WebSphere: Single sign-on > custom property com.ibm.ws.security.addSameSiteAttributeToCookie=None (with Requires SSL).",
        "Or put both applications under one domain, so that they are one site.",
    ],
    references: &[
        "draft-ietf-httpbis-rfc6265bis section 5.6.7 (SameSite)",
        "HCL Domino: SameSite cookie support",
    ],
    explains: &["http-login-loop"],
};

impl Rule for SameSite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let denied = locked_out(case).filter(|denied| foreign_page(denied).is_some());
        let lost = denied.filter_map(|denied| Some(Lost { kept: kept_back(case.web(), denied)?, denied }));
        by_hosts(case.web(), lost).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The other site whose page the request comes from. Its name may be unknown (empty) where the browser only says that it is
/// another one.
fn foreign_page(exchange: &Exchange<'_>) -> Option<String> {
    let request = exchange.request?;
    let by_origin = request.origin.as_deref().and_then(origin::origin_of).map(|(_, host)| host);
    let by_referer = request.referer.as_ref().map(|url| origin::host_of(&url.host)).filter(|host| !host.is_empty());
    let from = by_origin.or(by_referer);
    match request.fetch_site.as_deref() {
        Some("cross-site") => Some(from.unwrap_or_default()),
        Some(_) => None,
        None => from.filter(|from| is_other_site(from, &exchange.host)),
    }
}

fn is_other_site(a: &str, b: &str) -> bool {
    matches!((origin::site(a), origin::site(b)), (Some(a), Some(b)) if a != b)
}

/// A token that belongs to the request and is sent from pages of its own site, by this browser.
fn kept_back<'w, 'a>(web: &'w Web<'a>, denied: &'w Exchange<'a>) -> Option<&'w Kept<'a>> {
    let mut expected = web.expected(denied).filter(|kept| kept.is_token());
    let kept = expected.find(|kept| !kept.crosses_sites())?;
    let sends = |other: &&Exchange<'a>| {
        let cookies = other.request.into_iter().flat_map(|request| &request.http.cookies);
        foreign_page(other).is_none()
            && cookies.into_iter().any(|c| c.name == kept.cookie.name && c.value == kept.cookie.value)
    };
    web.of(web.browser(denied)).any(|other| sends(&other)).then_some(kept)
}

/// A script's call may leave cookies out by its author's choice.
fn may_be_by_choice(exchange: &Exchange<'_>) -> bool {
    exchange.method() == "GET" && exchange.request.is_some_and(|request| request.origin.is_some())
}

fn finding(case: &Case<'_>, group: &[Lost<'_, '_>]) -> Option<Draft> {
    let web = case.web();
    let first = group.first()?;
    let (kept, denied) = (first.kept, first.denied);
    let from = foreign_page(denied).filter(|from| !from.is_empty()).unwrap_or_else(|| "another site".to_owned());
    let policy = match &kept.cookie.same_site {
        Some(policy) => format!("SameSite={policy}"),
        None => "no SameSite, which browsers take for Lax".to_owned(),
    };
    let draft = draft(case, &ABOUT, 55, group)
        .at_most(Confidence::Medium)
        .guard(group.iter().all(|lost| may_be_by_choice(lost.denied)))
        .title(format!("{} gets no {} from pages of {from}", denied.host, kept.cookie.name))
        .explain(format!(
            "{} has {} for {} and sends it from pages of that site. The request from a page of {from} came without it and was \
             turned away: the cookie was set with {policy}. The first request that should have carried it is {}.",
            who(web, group),
            kept.cookie.name,
            denied.host,
            denied.line(),
        ));
    Some(draft)
}
