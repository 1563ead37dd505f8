//! The token is for https only, and the next request goes over http.

use crate::diagnose::evidence::http::{draft, unsent};
use crate::diagnose::words::ltpa::secure_on_http as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::denials::{UnsentToken, by_hosts, locked_out, tokens_in_jar};
use crate::facts::http::{CookieMatch, HttpExchange, HttpIndex, JarCookie, tokens_sent};
use crate::model::{RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct SecureOnHttp;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-secure-on-http");

static ABOUT: About = About {
    id: ID,
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
        "If it has to be http. Domino: notes.ini HTTP_SESSION_COOKIES_SECURE=0 and WebSSO_Force_HTTPS=0 (1 sets Secure, and is most \
         often what does), Web SSO Configuration document > \"Require SSL protected communication\": off. WebSphere: Global security > \
         Web and SIP security > Single sign-on > Requires SSL: off.",
        "If a proxy ends TLS: let it redirect http to https, and hand on the scheme in X-Forwarded-Proto.",
    ],
    references: &[
        "RFC 6265 section 5.4 (Secure); draft-ietf-httpbis-rfc6265bis section 5.7",
        "notes.ini HTTP_SESSION_COOKIES_SECURE, WebSSO_Force_HTTPS",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for SecureOnHttp {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let denied = locked_out(case).filter(|denied| is_plain(case, denied));
        let unsent = denied.filter_map(|denied| Some(UnsentToken { stored: withheld(case, denied)?, denied }));
        let groups = by_hosts(case.http(), unsent);
        if groups.is_empty() {
            return Vec::new();
        }
        let offloaded = offloaded(case.http());
        let plain =
            groups.iter().filter(|group| group.iter().all(|unsent| !offloaded.contains(unsent.denied.host.as_str())));
        plain.filter_map(|group| finding(case, group)).collect()
    }
}

/// The browser itself spoke http, as far as can be told.
fn is_plain(case: &Case<'_>, denied: &HttpExchange<'_>) -> bool {
    let to_https = denied.redirect().is_some_and(|url| url.scheme.eq_ignore_ascii_case("https"));
    let hosts = &case.analysis.facts.hosts;
    let from_proxy =
        hosts.get(&denied.client()).is_some_and(|host| host.accepted.iter().any(|(port, _)| is_web(*port)));
    denied.scheme() == "http" && !denied.is_forwarded() && !to_https && !from_proxy
}

fn is_web(port: u16) -> bool {
    matches!(port, 80 | 443 | 8080 | 8443 | 9080 | 9443)
}

/// Hosts at which Secure tokens do arrive over what looks like http: something before them ends TLS.
fn offloaded<'w>(http: &'w HttpIndex<'_>) -> HashSet<&'w str> {
    let secure = http.jar_cookies().iter().filter(|stored| stored.cookie.secure && stored.is_token());
    let secure: HashSet<&str> = secure.map(|stored| stored.cookie.value.expose()).collect();
    let open = http.jar_cookies().iter().filter(|stored| !stored.cookie.secure);
    let open: HashSet<&str> = open.map(|stored| stored.cookie.value.expose()).collect();
    let shows = |exchange: &&HttpExchange<'_>| {
        let sent = exchange.request.into_iter().flat_map(|request| tokens_sent(request.content));
        sent.map(|cookie| cookie.value.expose()).any(|value| secure.contains(value) && !open.contains(value))
    };
    http.exchanges()
        .iter()
        .filter(|exchange| exchange.scheme() == "http")
        .filter(shows)
        .map(|e| e.host.as_str())
        .collect()
}

/// A token that only its Secure keeps from being sent; none belongs to the request as it is.
fn withheld<'w, 'a>(case: &'w Case<'a>, denied: &'w HttpExchange<'a>) -> Option<&'w JarCookie<'a>> {
    let in_jar = tokens_in_jar(case.http(), denied);
    let none_fits = in_jar.iter().all(|(_, matching)| *matching != CookieMatch::Sent);
    in_jar
        .iter()
        .rfind(|(_, matching)| *matching == CookieMatch::NeedsHttps)
        .map(|(stored, _)| *stored)
        .filter(|_| none_fits)
}

fn finding(case: &Case<'_>, group: &[UnsentToken<'_, '_>]) -> Option<Draft> {
    let http = case.http();
    let first = group.first()?;
    let (denied, setter) = (first.denied, http.setter(first.stored));
    let draft = draft(case, &ABOUT, 45, group)
        .names_read()
        .says(&words::HttpsOnly { unsent: unsent(http, group)?, was_set_over_http: setter.scheme() == "http" });
    Some(draft.remedy_first(format!("Let users open https://{}{} instead of http.", denied.host, denied.path())))
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{MEET, is_denied, is_served, logs_in, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::http::{self, Browser, cookie};

    const RULE: &str = "ltpa-secure-on-http";

    #[test]
    fn a_secure_token_over_http() {
        let finding = one(&sample("http-secure-on-http"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(
            &finding,
            &["its LtpaToken2 is for https only", "itself over http", "open https://meet.example.com/stmeetings/"],
        );
    }

    #[test]
    fn a_token_set_over_https_and_http_elsewhere() {
        let net = told(|s| {
            let portal = s.browser.open(&s.net.host("10.2.0.8"), 443, "portal.example.com");
            logs_in(&portal, [s.wide().secure()]);
            is_served(&portal, "/wps/myportal");
            is_denied(&s.open("meet.example.com"), MEET);
        });
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::High);
        says(&finding, &["portal.example.com sets LtpaToken2", "Secure", "GET http://meet.example.com/stmeetings/"]);
    }

    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..3 {
                is_denied(&meet, MEET);
                logs_in(&meet, [s.wide().secure()]);
            }
            is_denied(&meet, MEET);
        });
        assert_eq!(one(&net, RULE).also, ["http-login-loop"]);
    }

    #[test]
    fn tls_that_ends_at_a_proxy_is_https() {
        for (name, value) in [
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-For", "10.9.9.9"),
            ("Origin", "https://meet.example.com"),
            ("Referer", "https://meet.example.com/start"),
        ] {
            let net = told(|s| {
                let meet = s.open("meet.example.com");
                logs_in(&meet, [s.wide().secure()]);
                meet.ask(http::get(MEET).header(name, value)).reply(to_login());
            });
            none(&net, RULE);
        }
        let proxy = told(|s| {
            s.net.connect(&s.net.host("10.9.9.9"), &s.net.host("10.1.0.50"), 443).client_fin();
            let meet = s.open("meet.example.com");
            logs_in(&meet, [s.wide().secure()]);
            is_denied(&meet, MEET);
        });
        none(&proxy, RULE);
    }

    /// Somebody's Secure token does arrive over this http: something before it ends TLS.
    #[test]
    fn secure_tokens_that_arrive_refute_it() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            let token = s.token();
            logs_in(&meet, [cookie("LtpaToken2", &token).domain("example.com").path("/").secure()]);
            meet.ask(http::get(MEET).cookie("LtpaToken2", &token)).reply(page_of());
            is_denied(&meet, "/stmeetings/other");
        });
        none(&net, RULE);
    }

    fn page_of() -> http::Message {
        http::response(200).html("<p>Welcome</p>")
    }

    #[test]
    fn a_redirect_to_https_mends_it() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            logs_in(&meet, [s.wide().secure()]);
            meet.ask(http::get(MEET)).reply(http::response(302).location("https://meet.example.com/login.jsp"));
        });
        none(&net, RULE);
    }

    #[test]
    fn other_tokens_paths_domains_and_ends() {
        let other = told(|s| {
            let meet = s.open("meet.example.com");
            logs_in(&meet, [s.wide().secure(), cookie("LtpaToken", &s.token()).path("/")]);
            is_denied(&meet, MEET);
        });
        none(&other, RULE);
        let path = told(|s| {
            let meet = s.open("meet.example.com");
            logs_in(&meet, [cookie("LtpaToken2", &s.token()).path("/wps").secure()]);
            is_denied(&meet, MEET);
        });
        none(&path, RULE);
        let domain = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow().secure()]);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&domain, RULE);
        let over = told(|s| {
            let meet = s.open("meet.example.com");
            logs_in(&meet, [s.wide().secure().max_age(30)]);
            s.net.wait_secs(60);
            is_denied(&meet, MEET);
        });
        none(&over, RULE);
        let soon = told(|s| {
            let meet = s.open("meet.example.com");
            logs_in(&meet, [s.wide().secure()]);
            is_denied(&meet, MEET);
            is_served(&meet, MEET);
        });
        none(&soon, RULE);
    }

    #[test]
    fn a_client_that_keeps_no_cookies_lowers_it() {
        let net = told(|s| {
            let silent = Browser::new(&s.net.host("10.1.0.51"));
            let meet = silent.open(&s.net.host("10.2.0.8"), 80, "meet.example.com");
            logs_in(&meet, [s.wide().secure()]);
            is_denied(&meet, MEET);
        });
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }
}
