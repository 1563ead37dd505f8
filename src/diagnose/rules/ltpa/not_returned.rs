//! The login succeeded, and the browser was given no token.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{browsers, name_loops, show_denied};
use crate::diagnose::words::ltpa::not_returned as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::denials::{lacks_token, locked_out};
use crate::facts::http::pages::Product;
use crate::facts::http::{BrowserId, HttpExchange, HttpIndex, origin};
use crate::model::{Confidence, RuleId, Severity};
use hashbrown::HashSet;
use nrpcsniff_dissectors::cookie::{is_access_manager, is_single_server, is_web_token};

/// See [`ABOUT`].
pub(crate) struct NotReturned;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-not-returned");

static ABOUT: About = About {
    id: ID,
    title: "The login succeeded, but the browser was given no sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login at the Sametime Proxy (or at Domino or WebSphere) is accepted, and neither its answer nor a later one sets an \
           LTPA token. The next server of the same DNS domain gets none and sends the browser to log in.",
    matters: "The chat works, but the meeting or mail server does not know the user, who has to log in again.",
    guards: &[
        "The browser had a token already (a request carries one): silent.",
        "The token was set, but the browser refused it or keeps it for another host: see ltpa-domain-wide and \
         ltpa-domain-narrow.",
        "The server uses a session of its own instead (DomAuthSessId: see sso-not-loaded), a JSON web token (Sametime 12), or an \
         access manager stands before it and keeps the tokens: silent.",
        "A part of the login or of what followed was not captured, or goes over TLS that cannot be read: silent.",
        "The user logged out in between, the login was refused, or the page is served soon after: silent.",
        "The server that asks for a login is of another DNS domain, or is not seen to take part in LTPA sign-on: silent.",
        "Several people behind one address, or a client that keeps no cookies: lower confidence.",
    ],
    remedy: &[
        "Sametime Proxy, up to 10: in stproxyconfig.xml (on the deployment manager, in the STProxyServer folder) add \
         <tokenDomain>.example.com</tokenDomain> with your domain and a leading dot; synchronize the nodes fully, restart the proxy. \
         Sametime 11: the file is sametimeproxy/conf/stproxyconfig.xml, and there is no deployment manager. Sametime 12: ENABLE_LTPA \
         and SAMETIME_EXTERNAL_WARINTEGRATION in custom.env or the ConfigMap.",
        "Sametime Community server: make sure that it issues tokens (Web SSO Configuration document, ST_TOKEN_TYPE in sametime.ini); \
         its STUsers log says whether a token was generated.",
        "WebSphere: Global security > Web and SIP security > Single sign-on: enabled, Domain name set.",
    ],
    references: &[
        "HCL Sametime: setting a token domain for the Sametime Proxy Server",
        "collaborationben.com: Sametime and single sign-on (APAR LO83144, as reported there)",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for NotReturned {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let others: HashSet<BrowserId> =
            http.exchanges().iter().filter(|e| has_other_session(e)).map(|e| e.browser).collect();
        let denied = locked_out(case).filter(|denied| !others.contains(&denied.browser));
        let found = denied.filter_map(|denied| Some((login_without_token(case, denied)?, denied)));
        let groups = group_by(found, |(login, denied)| (login.host.clone(), denied.host.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// A login is sought among so many requests before the denial.
const LOOK_BACK: usize = 1024;

/// The accepted login before the denial after which the browser should have had a token, and was given none.
fn login_without_token<'w, 'a>(case: &'w Case<'a>, denied: &'w HttpExchange<'a>) -> Option<&'w HttpExchange<'a>> {
    let http = case.http();
    if !http.takes_part(&denied.host) || denied.is_forwarded() {
        return None;
    }
    let mut before = http.before(denied).take(LOOK_BACK).take_while(|before| !before.is_logout());
    let login = before.find(|before| before.is_accepted_login())?;
    let answered = login.response.is_some_and(|response| response.at().time <= denied.at().time);
    let same_site =
        login.host == denied.host || origin::site(&login.host).is_some_and(|s| Some(s) == origin::site(&denied.host));
    let seen = http.before(denied).take_while(|before| before.id >= login.id).all(HttpExchange::is_well_captured);
    (answered && same_site && seen && http.takes_part(&login.host) && !login.is_forwarded() && lacks_token(login))
        .then_some(login)
}

/// A token goes either way, or something that stands in its place: then it is another story.
fn has_other_session(exchange: &HttpExchange<'_>) -> bool {
    let sent = exchange.request.into_iter().flat_map(|request| &request.content.cookies).map(|c| c.name.as_str());
    let given =
        exchange.response.into_iter().flat_map(|response| &response.content.set_cookies).map(|c| c.name.as_str());
    let instead = |name: &str| is_single_server(name) || is_web_token(name) || is_access_manager(name);
    exchange.shows_token() || sent.chain(given).any(instead)
}

/// Only the Sametime Proxy is bound to set a token after its login, so that it alone gets 45 points and may be high;
/// other products may work without one.
fn finding(case: &Case<'_>, group: &[(&HttpExchange<'_>, &HttpExchange<'_>)]) -> Option<Draft> {
    let http = case.http();
    let &(login, denied) = group.first()?;
    let all: Vec<_> = group.iter().map(|(_, denied)| *denied).collect();
    let shared = all.iter().all(|denied| http.browser(denied).is_shared);
    let keeps_none = all.iter().all(|denied| !http.browser(denied).returns_cookies);
    let proxy = login.product() == Some(Product::SametimeProxy);
    let draft = Draft::new(&ABOUT, if proxy { 45 } else { 25 })
        .names_read()
        .retry(all.len() > 1)
        .seen_in(all.len())
        .guard(shared)
        .guard(keeps_none)
        .at_most(if proxy { Confidence::High } else { Confidence::Medium })
        .says(&words::NoTokenSet {
            login_host: login.host.clone(),
            product: login.product().map(Product::name),
            status: login.status(),
            browsers: browsers(http, group.iter().map(|(_, denied)| denied.browser)),
            host: denied.host.clone(),
            request: denied.line(),
        });
    let draft = group.iter().fold(draft, |draft, (login, denied)| between(http, draft, login, denied));
    let draft = each(draft, group, "logins", |draft, (login, _)| show_login(draft, login));
    let draft = each(draft, &all, "requests", |draft, denied| show_denied(draft, denied));
    let draft = match origin::site(&login.host).filter(|_| proxy) {
        Some(site) => draft.remedy_first(format!(
            "{}: <tokenDomain>.{site}</tokenDomain> in stproxyconfig.xml, if it is not there already.",
            login.host
        )),
        None => draft,
    };
    Some(name_loops(http, draft, &case.settings.thresholds, &all))
}

/// Names the conversations from the login to the denial.
fn between(http: &HttpIndex<'_>, draft: Draft, login: &HttpExchange<'_>, denied: &HttpExchange<'_>) -> Draft {
    let same_host = http.before(denied).take_while(|before| before.id > login.id).filter(|e| e.host == login.host);
    let draft = same_host.take(64).fold(draft, |draft, exchange| draft.conversation(exchange.conversation));
    draft.conversation(login.conversation).conversation(denied.conversation)
}

fn show_login(draft: Draft, login: &HttpExchange<'_>) -> Draft {
    let draft = draft.packet(login.at(), format!("login: {}", login.line()));
    let Some(response) = login.response else { return draft };
    let names: Vec<_> = response.content.set_cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    let set = if names.is_empty() { "no cookie".to_owned() } else { names.join(", ") };
    draft
        .packet(response.at(), format!("answer: {}, sets {set}", login.status()))
        .absence(format!("no Set-Cookie of an LTPA token by {} after the login", login.host))
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{
        CONNECT, MEET, Stage, is_denied, is_served, logs_in, page, sample, to_login, told,
    };
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::http::{self, Cookie, Message, Visit, cookie};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "ltpa-not-returned";

    #[test]
    fn the_proxy_keeps_the_token_to_itself() {
        let finding = one(&sample("http-token-not-returned"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            &finding,
            &[
                "The Sametime Proxy chat.example.com took the login of 10.1.0.50 (answer 200)",
                "should have carried a token is GET http://meet.example.com/stmeetings/",
                "<tokenDomain>.example.com</tokenDomain>",
            ],
        );
        none(&sample("http-cookie-earlier"), RULE);
        none(&sample("http-anonymous"), RULE);
    }

    fn connects(chat: &Visit, answer: Message) {
        let form = [("username", "asmith"), ("password", "not a real one")];
        chat.ask(http::post(CONNECT).form(&form)).reply(answer);
    }

    fn answer(cookies: impl IntoIterator<Item = Cookie>) -> Message {
        cookies.into_iter().fold(http::response(200).json("{}"), Message::set_cookie)
    }

    /// Login at the proxy, presence, then the meeting server.
    fn story(before: impl Fn(&Stage, &Visit), after: impl Fn(&Stage, &Visit)) -> Network {
        told(|s| {
            let chat = s.open("chat.example.com");
            before(s, &chat);
            connects(&chat, answer([cookie("JSESSIONID", "0000abc:-1").path("/")]));
            is_served(&chat, "/stwebapi/presence");
            after(s, &chat);
            is_denied(&s.open("meet.example.com"), MEET);
        })
    }

    #[test]
    fn domino_and_websphere_too_with_less_confidence() {
        let net = told(|s| {
            let portal = s.open("portal.example.com");
            logs_in(&portal, [cookie("JSESSIONID", "0000abc:-1").path("/")]);
            is_served(&portal, "/wps/myportal");
            is_denied(&s.open("meet.example.com"), MEET);
        });
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let portal = s.open("portal.example.com");
            for _ in 0..3 {
                is_denied(&portal, "/wps/myportal");
                logs_in(&portal, [cookie("JSESSIONID", "0000abc:-1").path("/")]);
            }
            is_denied(&portal, "/wps/myportal");
        });
        let finding = one(&net, RULE);
        assert_eq!(finding.also, ["http-login-loop"]);
    }

    #[test]
    fn a_token_before_or_after_refutes_it() {
        one(&story(|_, _| {}, |_, _| {}), RULE);
        let earlier = |s: &Stage, _: &Visit| {
            let _ = s.browser.clone().has("chat.example.com", "LtpaToken", &s.token());
        };
        none(&story(earlier, |_, _| {}), RULE);
        let later = |s: &Stage, chat: &Visit| {
            chat.ask(http::get("/stwebapi/user")).reply(page().set_cookie(s.narrow()));
        };
        none(&story(|_, _| {}, later), RULE);
    }

    /// It was set; that the browser drops it, or keeps it for another host, is another story.
    #[test]
    fn tokens_of_the_wrong_domain_are_other_rules_matter() {
        for domain in ["com", "chat.example.com"] {
            let set = move |s: &Stage, chat: &Visit| {
                chat.ask(http::get("/stwebapi/user")).reply(page().set_cookie(s.narrow().domain(domain)));
            };
            none(&story(|_, _| {}, set), RULE);
        }
    }

    #[test]
    fn sessions_of_another_kind() {
        for name in ["DomAuthSessId", "DomAuthSessIdA1b2C3d4E5f", "sametimeJwt", "PD-S-SESSION-ID"] {
            let set = move |_: &Stage, chat: &Visit| {
                chat.ask(http::get("/stwebapi/user")).reply(page().set_cookie(cookie(name, "eyJhbGciOiJ9").path("/")));
            };
            none(&story(|_, _| {}, set), RULE);
        }
    }

    #[test]
    fn a_logout_ends_it() {
        let out = |_: &Stage, chat: &Visit| {
            chat.ask(http::request("DELETE", CONNECT)).reply(http::response(200));
        };
        none(&story(|_, _| {}, out), RULE);
    }

    #[test]
    fn a_login_that_fails_gives_no_token() {
        for status in [400, 401, 500, 503] {
            let net = told(|s| {
                connects(&s.open("chat.example.com"), http::response(status));
                is_denied(&s.open("meet.example.com"), MEET);
            });
            none(&net, RULE);
        }
        // A wrong password at Domino: 200, and the form again.
        let net = told(|s| {
            let form = http::post("/names.nsf?Login").form(&[("Username", "Ann"), ("Password", "x")]);
            s.open("mail.example.com").ask(form).reply(page());
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&net, RULE);
    }

    #[test]
    fn other_domains_and_other_products() {
        let elsewhere = told(|s| {
            connects(&s.open("chat.example.com"), answer([]));
            is_denied(&s.open("meet.example.org"), MEET);
        });
        none(&elsewhere, RULE);
        let other = told(|s| {
            connects(&s.open("chat.example.com"), answer([]));
            is_denied(&s.open("tickets.example.com"), "/dashboard");
        });
        none(&other, RULE);
        let unknown = told(|s| {
            let form = http::post("/session").form(&[("user", "ann"), ("password", "x")]);
            s.open("tickets.example.com").ask(form).reply(http::response(302).location("/"));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&unknown, RULE);
    }

    #[test]
    fn who_gets_in_soon_was_not_locked_out() {
        let net = told(|s| {
            connects(&s.open("chat.example.com"), answer([]));
            let meet = s.open("meet.example.com");
            is_denied(&meet, MEET);
            is_served(&meet, MEET);
        });
        none(&net, RULE);
    }

    /// What is missing in the capture may have held the token.
    #[test]
    fn missing_parts_prove_nothing() {
        let gap = |_: &Stage, chat: &Visit| {
            chat.ask(http::get("/stwebapi/user")).tcp().skip(Side::Server, 400);
            chat.reply(page());
        };
        none(&story(|_, _| {}, gap), RULE);
        let unanswered = told(|s| {
            s.open("chat.example.com").ask(http::post(CONNECT).form(&[("username", "a"), ("password", "b")]));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&unanswered, RULE);
    }

    #[test]
    fn proxies_between_and_clients_without_cookies() {
        let between = told(|s| {
            let chat = s.open("chat.example.com");
            let by = |request: Message| request.header("X-Forwarded-For", "10.9.9.9");
            let form = http::post(CONNECT).form(&[("username", "asmith"), ("password", "not a real one")]);
            chat.ask(by(form)).reply(answer([]));
            s.open("meet.example.com").ask(by(http::get(MEET))).reply(to_login());
        });
        none(&between, RULE);
        let without = told(|s| {
            connects(&s.open("chat.example.com"), answer([]));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        assert_eq!(one(&without, RULE).confidence, Confidence::Medium);
    }
}
