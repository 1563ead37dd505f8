//! The token's domain does not reach the next server of single sign-on.

use crate::diagnose::evidence::http::{draft, unsent};
use crate::diagnose::words::ltpa::domain_narrow as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::denials::{UnsentToken, by_hosts, is_led_from, locked_out, tokens_in_jar};
use crate::facts::http::pages::Product;
use crate::facts::http::{CookieMatch, HttpExchange, JarCookie, origin};
use crate::model::{Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct DomainNarrow;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-domain-narrow");

static ABOUT: About = About {
    id: ID,
    title: "The sign-on token is not for the server that needs it",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A server sets an LTPA token for itself or for a subdomain (no Domain attribute, or one that is too long). The same \
           browser then asks another server of the same DNS domain, without a token, and is sent to log in.",
    matters: "Browsers send a cookie only to hosts that its domain covers. The user has to log in at each server.",
    guards: &[
        "The other server is not seen to take part in LTPA sign-on (no token to or from it, no product of HCL or IBM by path \
         or Server header): silent.",
        "Nothing leads from the one server to the other (no link, no redirect, no Sametime, the same token is not used there \
         by others): minor, medium confidence.",
        "The browser holds a token that belongs to the request, or sends one: silent.",
        "A token whose Path does not cover the request is no matter of its domain: silent.",
        "The page is served soon after without a login (Kerberos, identity provider, anonymous access): silent.",
        "Several people behind one address, or a client that keeps no cookies at all: lower confidence.",
        "Hosts called by a short name or an address: see ltpa-shortname-url.",
        "The server of the token stands behind a proxy, whose name the browser sees instead: silent.",
    ],
    remedy: &[
        "Domino: Web SSO Configuration document > DNS Domain: the common domain of all servers with a leading dot (.example.com).",
        "WebSphere: Security > Global security > Web and SIP security > Single sign-on > Domain name: the same value, in the same \
         case.",
        "Sametime Proxy: <tokenDomain> with a leading dot in stproxyconfig.xml.",
        "Then restart the servers and log out everywhere: old cookies live on until the browser is closed.",
    ],
    references: &[
        "RFC 6265 section 5.1.3 (domain matching)",
        "HCL Domino: creating a Web SSO configuration document (DNS Domain)",
        "HCL Sametime: setting a token domain for the Sametime Proxy Server",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for DomainNarrow {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let unsent =
            locked_out(case).filter_map(|denied| Some(UnsentToken { stored: out_of_reach(case, denied)?, denied }));
        by_hosts(case.http(), unsent).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The token of another host of the same site, if all that the browser has are of that kind.
fn out_of_reach<'w, 'a>(case: &'w Case<'a>, denied: &'w HttpExchange<'a>) -> Option<&'w JarCookie<'a>> {
    let http = case.http();
    let takes_part = http.takes_part(&denied.host);
    let site = origin::site(&denied.host).filter(|_| takes_part && !denied.is_forwarded())?;
    let in_jar = tokens_in_jar(http, denied);
    let elsewhere =
        in_jar.iter().all(|(_, matching)| matches!(matching, CookieMatch::OtherHost | CookieMatch::Expired));
    let of_site =
        |stored: &&JarCookie<'_>| origin::site(&stored.domain) == Some(site) && !http.setter(stored).is_forwarded();
    let mut outside =
        in_jar.iter().filter(|(_, matching)| *matching == CookieMatch::OtherHost).map(|(stored, _)| *stored);
    outside.rfind(of_site).filter(|_| elsewhere)
}

/// Something says that both servers are meant to be one sign-on.
fn belong_together(case: &Case<'_>, unsent: &UnsentToken<'_, '_>) -> bool {
    let http = case.http();
    let setter = http.setter(unsent.stored);
    let sametime =
        |exchange: &HttpExchange<'_>| matches!(exchange.product(), Some(Product::SametimeProxy | Product::Meeting));
    let value = unsent.stored.cookie.value.expose();
    let shown = |e: &HttpExchange<'_>| e.request.is_some_and(|r| r.cookies.iter().any(|c| c.value.expose() == value));
    sametime(setter)
        || sametime(unsent.denied)
        || is_led_from(http, unsent.denied, &setter.host)
        || http.of_host(&unsent.denied.host).any(shown)
}

fn finding(case: &Case<'_>, group: &[UnsentToken<'_, '_>]) -> Option<Draft> {
    let http = case.http();
    let first = group.first()?;
    let (denied, setter) = (first.denied, http.setter(first.stored));
    let together = group.iter().take(8).any(|unsent| belong_together(case, unsent));
    let common = origin::site(&denied.host).unwrap_or_default();
    let draft = draft(case, &ABOUT, 45, group).says(&words::OutOfReach { unsent: unsent(http, group)? }).remedy_first(
        format!("Let {} set its token for .{common}, so that it covers {} as well.", setter.host, denied.host),
    );
    Some(if together {
        draft.names_read()
    } else {
        draft.severity(Severity::Minor).points(20).at_most(Confidence::Medium)
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, MEET, is_denied, is_served, logs_in, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::http::{self, Browser, cookie};

    const RULE: &str = "ltpa-domain-narrow";

    #[test]
    fn a_token_for_its_own_host_alone() {
        let finding = one(&sample("http-domain-narrow"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            &finding,
            &[
                "The LtpaToken2 of portal.example.com does not reach chat.example.com",
                "for the host portal.example.com alone",
                "first request that should have carried it is GET http://chat.example.com/stwebclient/popup.jsp",
                "set its token for .example.com",
            ],
        );
    }

    #[test]
    fn a_token_for_a_subdomain() {
        let net = told(|s| {
            logs_in(&s.open("portal.eu.example.com"), [s.narrow().domain("eu.example.com")]);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        says(&one(&net, RULE), &["for eu.example.com and the names below it", "Domain=eu.example.com"]);
    }

    /// The login loop that follows is no finding of its own.
    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let (chat, portal) = (s.open("chat.example.com"), s.open("portal.example.com"));
            for _ in 0..3 {
                is_denied(&chat, CHAT);
                logs_in(&portal, [s.narrow()]);
            }
            is_denied(&chat, CHAT);
        });
        let finding = one(&net, RULE);
        assert_eq!(finding.also, ["http-login-loop"]);
        assert_eq!(finding.conversations, [0, 1]);
        none(&sample("http-domain-narrow"), "http-login-loop");
    }

    #[test]
    fn servers_that_nothing_joins_are_told_quietly() {
        let net = told(|s| {
            let mail = s.open("mail.example.com");
            logs_in(&mail, [s.narrow()]);
            is_served(&mail, "/start");
            is_denied(&s.open("crm.example.com"), "/crm.nsf/start");
        });
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_link_joins_servers() {
        let net = told(|s| {
            logs_in(&s.open("mail.example.com"), [s.narrow()]);
            let crm = s.open("crm.example.com");
            crm.ask(http::get("/crm.nsf/start").header("Referer", "http://mail.example.com/start")).reply(to_login());
        });
        assert_eq!(one(&net, RULE).severity, Severity::Major);
    }

    /// No sign-on by token there, as far as anybody can see.
    #[test]
    fn another_product_s_login_is_its_own() {
        let net = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
            is_denied(&s.open("tickets.example.com"), "/dashboard");
        });
        none(&net, RULE);
    }

    #[test]
    fn a_token_that_belongs_there_refutes_it() {
        let both = told(|s| {
            logs_in(
                &s.open("portal.example.com"),
                [s.narrow(), cookie("LtpaToken", &s.token()).domain("example.com").path("/")],
            );
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&both, RULE);
        let earlier = told(|s| {
            let _ = s.browser.clone().has("example.com", "LtpaToken", &s.token());
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&earlier, RULE);
    }

    #[test]
    fn path_end_and_logout_are_other_reasons() {
        let path = told(|s| {
            logs_in(
                &s.open("portal.example.com"),
                [cookie("LtpaToken2", &s.token()).domain("example.com").path("/wps")],
            );
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&path, RULE);
        let over = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow().max_age(60)]);
            s.net.wait_secs(90);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&over, RULE);
        let out = told(|s| {
            let portal = s.open("portal.example.com");
            logs_in(&portal, [s.narrow()]);
            let gone = cookie("LtpaToken2", "").path("/").max_age(0);
            portal.ask(http::get("/ibm_security_logout")).reply(http::response(302).location("/").set_cookie(gone));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&out, RULE);
    }

    /// Kerberos, an identity provider, or anonymous access: the page is served without a login.
    #[test]
    fn who_gets_in_without_a_login_was_not_locked_out() {
        let net = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
            let meet = s.open("meet.example.com");
            is_denied(&meet, MEET);
            is_served(&meet, MEET);
        });
        none(&net, RULE);
    }

    #[test]
    fn what_a_proxy_asks_is_not_the_browser_s_name() {
        let net = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
            let meet = s.open("meet.example.com");
            meet.ask(http::get(MEET).header("X-Forwarded-For", "10.9.9.9")).reply(to_login());
        });
        none(&net, RULE);
    }

    #[test]
    fn a_token_set_behind_a_proxy_may_reach_further() {
        let net = told(|s| {
            let form = http::post("/j_security_check").form(&[("j_username", "asmith"), ("j_password", "x")]);
            let answer = http::response(302).location("/").set_cookie(s.narrow());
            s.open("portal.example.com").ask(form.header("X-Forwarded-For", "10.9.9.9")).reply(answer);
            let meet = s.open("meet.example.com");
            meet.wait(500).ask(http::get(MEET).header("X-Forwarded-For", "10.9.9.9")).reply(to_login());
        });
        none(&net, RULE);
    }

    #[test]
    fn preflights_files_and_short_names_are_passed_over() {
        let net = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
            let meet = s.open("meet.example.com");
            meet.ask(http::request("OPTIONS", MEET)).reply(http::response(401).challenge("x"));
            meet.wait(10).ask(http::get("/favicon.ico")).reply(to_login());
            meet.wait(10).ask(http::get("/stmeetings/style.css")).reply(to_login());
            is_denied(&s.open("meet"), MEET);
        });
        none(&net, RULE);
    }

    #[test]
    fn two_people_behind_one_address_and_clients_without_cookies_lower_it() {
        let shared = told(|s| {
            let portal = s.open("portal.example.com");
            logs_in(&portal, [s.narrow()]);
            is_served(&portal, "/wps/myportal");
            let other =
                Browser::new(&s.net.host("10.1.0.50")).has("example.org", "LtpaToken", &s.domino("CN=Bob/O=ACME"));
            is_served(&other.open(&s.net.host("10.2.0.5"), 80, "a.example.org"), "/a");
            let other =
                Browser::new(&s.net.host("10.1.0.50")).has("example.org", "LtpaToken", &s.domino("CN=Eve/O=ACME"));
            is_served(&other.open(&s.net.host("10.2.0.5"), 80, "a.example.org"), "/a");
            is_denied(&s.open("meet.example.com"), MEET);
        });
        assert_eq!(one(&shared, RULE).confidence, Confidence::Medium);
        let script = told(|s| {
            let portal = s.open("portal.example.com");
            let without = Browser::new(&s.net.host("10.1.0.50"));
            logs_in(&portal, [s.narrow()]);
            is_denied(&without.open(&s.net.host("10.2.0.7"), 80, "meet.example.com"), MEET);
        });
        assert_eq!(one(&script, RULE).confidence, Confidence::Medium);
    }
}
