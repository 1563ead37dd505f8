//! The token is for https only, and the next request goes over http.

use super::super::signon::{Lost, by_hosts, draft, locked_out, tokens_held, who};
use super::super::web::{Exchange, Fit, Kept, tokens_sent};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct SecureOnHttp;

static ABOUT: About = About {
    id: "ltpa-secure-on-http",
    title: "The sign-on token is for https only, but http is used",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "An LTPA token is set with the attribute Secure. The same browser then asks a host that the token's domain covers \
           over plain http, without the token, and is sent to log in.",
    matters: "Browsers never send such a cookie over http (and do not even keep it if it came over http): the user is asked \
              to log in again and again.",
    guards: &[
        "TLS ends at a proxy, so that this leg is http and the browser's is https (X-Forwarded-Proto or -For, an https \
         Origin or Referer, a client that is itself a proxy, any Secure token that does come over this http): silent.",
        "The answer leads to https: the browser goes on there, where the token is sent: silent.",
        "The request carries another token, or the page is served soon after: silent.",
        "Domain or path do not cover the request, or the token has ended: silent.",
        "Several people behind one address, or a client that keeps no cookies: lower confidence.",
    ],
    remedy: &[
        "Use https for all servers of the sign-on, and redirect http to https.",
        "If it has to be http. Domino: Web SSO Configuration document > Restrict use of the SSO token to HTTP/HTTPS or \
         \"Require SSL protected communication\": off. WebSphere: Global security > Web and SIP security > Single sign-on > \
         Requires SSL: off.",
        "If a proxy ends TLS: let it redirect http to https, and hand on the scheme in X-Forwarded-Proto.",
    ],
    references: &[
        "RFC 6265 section 5.4 (Secure); draft-ietf-httpbis-rfc6265bis section 5.7",
        "notes.ini HTTP_SESSION_COOKIES_SECURE, WebSSO_Force_HTTPS",
    ],
    explains: &["http-login-loop"],
};

impl Rule for SecureOnHttp {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let denied = locked_out(case).filter(|denied| is_plain(case, denied));
        let lost = denied.filter_map(|denied| Some(Lost { kept: held_back(case, denied)?, denied }));
        by_hosts(case.web(), lost).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The browser itself spoke http, as far as can be told.
fn is_plain(case: &Case<'_>, denied: &Exchange<'_>) -> bool {
    let to_https = denied.redirect().is_some_and(|url| url.scheme.eq_ignore_ascii_case("https"));
    let hosts = &case.analysis.facts.hosts;
    let from_proxy = hosts.get(&denied.client()).is_some_and(|host| host.accepted.iter().any(|(port, _)| is_web(*port)));
    denied.scheme() == "http" && !denied.is_forwarded() && !to_https && !from_proxy && !is_offloaded(case, denied)
}

fn is_web(port: u16) -> bool {
    matches!(port, 80 | 443 | 8080 | 8443 | 9080 | 9443)
}

/// Secure tokens do arrive at this server over what looks like http: something before it ends TLS.
fn is_offloaded(case: &Case<'_>, denied: &Exchange<'_>) -> bool {
    let web = case.web();
    let secure = |exchange: &Exchange<'_>| {
        let Some(request) = exchange.request else { return false };
        let mut sent = tokens_sent(request.http).take(4);
        exchange.scheme() == "http"
            && sent.any(|c| web.source(exchange, &c.name, c.value.expose()).is_some_and(|kept| kept.cookie.secure))
    };
    web.of_host(&denied.host).any(secure)
}

/// A token that only its Secure keeps from being sent; none belongs to the request as it is.
fn held_back<'w, 'a>(case: &'w Case<'a>, denied: &'w Exchange<'a>) -> Option<&'w Kept<'a>> {
    let held = tokens_held(case.web(), denied);
    let none_fits = held.iter().all(|(_, fit)| *fit != Fit::Sent);
    held.iter().rfind(|(_, fit)| *fit == Fit::NeedsHttps).map(|(kept, _)| *kept).filter(|_| none_fits)
}

fn finding(case: &Case<'_>, group: &[Lost<'_, '_>]) -> Option<Draft> {
    let web = case.web();
    let first = group.first()?;
    let (kept, denied, setter) = (first.kept, first.denied, web.setter(first.kept));
    let how = if setter.scheme() == "http" { "itself over http, " } else { "" };
    let draft = draft(case, &ABOUT, 45, group)
        .names_read()
        .title(format!("{} asked over http, but its {} is for https only", denied.host, kept.cookie.name))
        .explain(format!(
            "{} set {} with the attribute Secure ({how}{}). {} then asked {} over plain http: browsers do not send such a cookie \
             there, so that the user was turned away. The first request that should have carried it is {}.",
            setter.host,
            kept.cookie.name,
            kept.reach(),
            who(web, group),
            denied.host,
            denied.line(),
        ));
    Some(draft.remedy_first(format!("Let users open https://{}{} instead of http.", denied.host, denied.path())))
}
