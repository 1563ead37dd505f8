//! A browser logs in again and again.

use crate::diagnose::evidence::http::{answer, reach};
use crate::diagnose::words::http::login_loop as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::denials::tokens_in_jar;
use crate::facts::http::{
    CookieMatch, ExchangeId, HttpExchange, HttpIndex, JarCookie, LoginRounds, origin, tokens_sent, tokens_set,
};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::cookie::SetCookie;
use nrpcsniff_dissectors::ltpa::Token;

/// See [`ABOUT`].
pub(crate) struct LoginLoop;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-login-loop");

static ABOUT: About = About {
    id: ID,
    title: "A browser is sent to log in again and again",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "Three times and more the server takes a login, and within 30 seconds sends the same browser to the login page again, \
           without letting it in once.",
    matters: "The user sees the login form come back, or the browser gives up with \"too many redirects\".",
    guards: &[
        "One redirect to the login page, then success: silent; any page that is served ends the count.",
        "A wrong password (4xx, the form again) ends the count: that is no loop.",
        "Files of a page, icons, preflights (OPTIONS) and not-modified answers do not count.",
        "A client that keeps no cookies at all although it is given some (script, crawler, monitor): silent.",
        "Logins that go over TLS which cannot be read are not seen: silent.",
        "Neither tokens nor products of HCL or IBM are involved: minor.",
        "Several people behind one address, or parts missing in the capture: lower confidence.",
    ],
    remedy: &[
        "The token is sent and not taken: compare LTPA keys, realm, token format and clocks of issuer and server.",
        "The token is not sent: compare domain, Secure, SameSite and path of the cookie with the address that is called.",
        "No token is set: look at the single sign-on configuration of the server that takes the login.",
    ],
    references: &["HCL Domino: multi-server session-based authentication", "WebSphere: troubleshooting single sign-on"],
    explains: &[],
};

impl Rule for LoginLoop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let loops = case.http().loops(&case.settings.thresholds);
        loops.iter().filter_map(|found| finding(case, found)).collect()
    }
}

/// 45 points for a pattern that no working login shows; minor and medium where neither a token nor a known product
/// takes part, as any application may ask for a login twice.
fn finding(case: &Case<'_>, found: &LoginRounds) -> Option<Draft> {
    let http = case.http();
    let first = http.exchange(found.rounds.first()?.denied)?;
    let login = http.exchange(found.rounds.first()?.login)?;
    let missed = http.exchange(found.denials().nth(1)?)?;
    let last = http.exchange(found.last)?;
    if keeps_no_cookies(http, found) {
        return None;
    }
    let browser = http.browser(first);
    let all = || found.exchanges().filter_map(|id| http.exchange(id));
    let ours = all().any(|exchange| exchange.shows_token() || exchange.product().is_some());
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .guard(browser.is_shared)
        .guard(!all().all(HttpExchange::is_well_captured))
        .says(&words::Rounds {
            browser: browser.label(),
            host: found.host.clone(),
            count: found.rounds.len(),
            lasted_s: last.at().time.seconds_since(first.at().time),
            cause: cause(http, login, missed),
            request: missed.line(),
        });
    let draft = if ours { draft } else { draft.severity(Severity::Minor).at_most(Confidence::Medium) };
    let draft =
        all().fold(draft, |draft, exchange| draft.conversation(exchange.conversation).frames(exchange.frames()));
    let rounds = found.rounds.iter().take(6);
    let draft = rounds.fold(draft, |draft, round| show(show(draft, http, round.denied), http, round.login));
    Some(show(draft, http, found.last))
}

fn show(draft: Draft, http: &HttpIndex<'_>, id: ExchangeId) -> Draft {
    match http.exchange(id) {
        Some(exchange) => {
            let what = if exchange.is_denied() { "turned away" } else { "login" };
            draft.packet(
                exchange.at(),
                format!("{what}: {}, answer {}{}", exchange.line(), answer(exchange), cookies(exchange)),
            )
        }
        None => draft,
    }
}

/// Which tokens went either way, by name.
fn cookies(exchange: &HttpExchange<'_>) -> String {
    let sent: Vec<_> = exchange.request.iter().flat_map(|r| tokens_sent(r.content)).map(|c| c.name.as_str()).collect();
    let given: Vec<_> = exchange.response.iter().flat_map(tokens_set).map(|c| c.name.as_str()).collect();
    let part = |what: &str, names: &[&str]| {
        if names.is_empty() { String::new() } else { format!("; {what} {}", names.join(", ")) }
    };
    part("carries", &sent) + &part("sets", &given)
}

/// It was given cookies that every browser sends back with the requests that were turned away, and never sent any.
fn keeps_no_cookies(http: &HttpIndex<'_>, found: &LoginRounds) -> bool {
    let all = || found.exchanges().filter_map(|id| http.exchange(id));
    let path = all().next().map_or("", HttpExchange::path);
    let returns = all().next().is_some_and(|exchange| http.browser(exchange).returns_cookies);
    let here = || all().filter(|exchange| exchange.host == found.host);
    let plain = |exchange: &HttpExchange<'_>| {
        let cookies = exchange.response.into_iter().flat_map(|response| &response.content.set_cookies);
        cookies.into_iter().any(|cookie| is_plain(cookie, &found.host, path, exchange.path()))
    };
    !returns && here().any(plain)
}

/// Every browser sends the cookie back to that host and path, whatever the scheme.
fn is_plain(cookie: &SetCookie, host: &str, path: &str, set_at: &str) -> bool {
    let covers = |domain: &str| origin::domain_match(host, domain) && !origin::is_public_suffix(domain);
    let of_host = cookie.domain.as_deref().map(origin::domain).is_none_or(|domain| covers(&domain));
    let of_path = cookie.path.as_deref().unwrap_or_else(|| origin::default_path(set_at));
    !cookie.secure && !cookie.value.is_empty() && of_host && origin::path_match(path, of_path)
}

/// What the cookies say of the cause, as far as it can be told.
fn cause(http: &HttpIndex<'_>, login: &HttpExchange<'_>, missed: &HttpExchange<'_>) -> words::LoopCause {
    if let Some(sent) = missed.request.and_then(|request| tokens_sent(request.content).next()) {
        let tokens = sent.token.iter().map(Token::label).collect();
        return words::LoopCause::NotTaken { cookie: sent.name.clone(), tokens };
    }
    let in_jar = tokens_in_jar(http, missed);
    let belongs = in_jar.iter().find(|(_, matching)| *matching == CookieMatch::Sent);
    match belongs.or_else(|| in_jar.first()) {
        Some((stored, matching)) => words::LoopCause::NotSent(not_sent(http, stored, *matching)),
        None => match login.response.and_then(|response| tokens_set(&response).next()) {
            Some(cookie) => words::LoopCause::NotSentBack { cookie: cookie.name.clone() },
            None => words::LoopCause::NotSet,
        },
    }
}

fn not_sent(http: &HttpIndex<'_>, stored: &JarCookie<'_>, matching: CookieMatch) -> words::NotSent {
    words::NotSent {
        token_issuer: http.setter(stored).host.clone(),
        cookie: stored.cookie.name.clone(),
        reach: reach(stored),
        cookie_path: stored.path.clone(),
        unsent_because: match matching {
            CookieMatch::Sent => words::UnsentReason::Unknown,
            CookieMatch::OtherHost => words::UnsentReason::OtherHost,
            CookieMatch::OtherPath => words::UnsentReason::OtherPath,
            CookieMatch::NeedsHttps => words::UnsentReason::NeedsHttps,
            CookieMatch::Expired => words::UnsentReason::Expired,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{Settings, Thresholds};
    use crate::facts::http::story::{CHAT, MEET, Stage, is_denied, is_served, logs_in, page, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, none, one, says, the_one, told_with};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Browser, Visit, cookie};

    const RULE: &str = "http-login-loop";

    /// So many rounds of page, login page, login; then the page once more. Each login sets what `set` says.
    fn rounds(stage: &Stage, visit: &Visit, path: &str, count: usize, set: impl Fn(&Stage) -> Vec<http::Cookie>) {
        for _ in 0..count {
            is_denied(visit, path);
            logs_in(visit, set(stage));
        }
        is_denied(visit, path);
    }

    fn wide(stage: &Stage) -> Vec<http::Cookie> {
        vec![stage.wide()]
    }

    #[test]
    fn a_token_that_is_sent_and_not_taken() {
        let finding = one(&sample("http-login-loop"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(
            &finding,
            &[
                "10.1.0.50 logged in 4 times",
                "The browser does send LtpaToken2",
                "meet.example.com does not take it",
                "first request that should have been let in is GET http://meet.example.com/stmeetings/",
            ],
        );
        assert_eq!(finding.evidence.first().map(|e| e.frame.map(|f| f.number)), Some(Some(4)));
    }

    #[test]
    fn three_rounds_make_a_loop() {
        let net = |count| told(move |s| rounds(s, &s.open("meet.example.com"), MEET, count, wide));
        one(&net(3), RULE);
        none(&net(2), RULE);
        let settings =
            Settings { thresholds: Thresholds { login_rounds: 2, ..Thresholds::default() }, ..Settings::default() };
        the_one(&told_with(&settings, RULE, |net| {
            let stage = Stage { browser: Browser::new(&net.host("10.1.0.50")), net: net.clone() };
            rounds(&stage, &stage.open("meet.example.com"), MEET, 2, wide);
        }));
    }

    /// Words about the cookie where no rule of its own explains the loop.
    #[test]
    fn what_the_cookies_say() {
        let path = told(|s| {
            rounds(s, &s.open("meet.example.com"), MEET, 3, |s| {
                vec![cookie("LtpaToken2", &s.token()).domain("example.com").path("/wps")]
            });
        });
        says(&one(&path, RULE), &["does not send it, because it is for the path /wps"]);
        let withheld = told(|s| {
            let meet = s.open("meet.example.com");
            is_served(&meet, "/stmeetings/about.jsp");
            let bare = Browser::new(&s.net.host("10.1.0.50")).has("meet.example.com", "other", "1");
            let bare = bare.over(meet.tcp().clone(), false, "meet.example.com");
            for _ in 0..4 {
                bare.wait(500).ask(http::get(MEET)).reply(to_login());
                logs_in(&meet, [s.wide()]);
            }
        });
        says(&one(&withheld, RULE), &["although it belongs there"]);
    }

    #[test]
    fn one_redirect_then_success_and_a_wrong_password() {
        let healthy = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..4 {
                is_denied(&meet, MEET);
                logs_in(&meet, [s.wide()]);
                is_served(&meet, MEET);
            }
        });
        none(&healthy, RULE);
        let wrong = told(|s| {
            let mail = s.open("mail.example.com");
            for _ in 0..5 {
                is_denied(&mail, "/mail/a.nsf");
                let form = http::post("/names.nsf?Login").form(&[("Username", "Ann"), ("Password", "x")]);
                mail.wait(2_000).ask(form).reply(page());
            }
        });
        none(&wrong, RULE);
        let error = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..5 {
                is_denied(&meet, MEET);
                let form = http::post("/j_security_check").form(&[("j_username", "a"), ("j_password", "b")]);
                meet.ask(form).reply(http::response(302).location("/loginerror.jsp"));
            }
        });
        none(&error, RULE);
    }

    /// Between the rounds the session runs out, as it should.
    #[test]
    fn logins_far_apart_are_no_loop() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..5 {
                is_denied(&meet, MEET);
                logs_in(&meet, [s.wide()]);
                s.net.wait_secs(1800);
            }
        });
        none(&net, RULE);
    }

    #[test]
    fn files_preflights_and_unchanged_pages() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..5 {
                meet.wait(200).ask(http::get("/favicon.ico")).reply(to_login());
                meet.wait(200).ask(http::request("OPTIONS", MEET)).reply(http::response(401).challenge("x"));
                logs_in(&meet, [s.wide()]);
            }
            for _ in 0..5 {
                is_denied(&meet, MEET);
                logs_in(&meet, [s.wide()]);
                meet.wait(200).ask(http::get(MEET)).reply(http::response(304));
            }
        });
        none(&net, RULE);
    }

    #[test]
    fn a_client_that_keeps_no_cookies() {
        let net = told(|s| {
            for _ in 0..5 {
                let script = Browser::new(&s.net.host("10.1.0.51")).agent("monitor/1.0");
                let meet = script.open(&s.net.host("10.2.0.8"), 80, "meet.example.com");
                is_denied(&meet, MEET);
                logs_in(&meet, [s.wide()]);
            }
        });
        none(&net, RULE);
    }

    #[test]
    fn other_products_are_told_quietly() {
        let net = told(|s| {
            let tickets = s.open("tickets.example.com");
            let form = || http::post("/session").form(&[("user", "ann"), ("password", "x")]);
            for _ in 0..4 {
                is_denied(&tickets, "/dashboard");
                tickets.ask(form()).reply(http::response(302).location("/dashboard"));
            }
            is_denied(&tickets, "/dashboard");
        });
        assert_eq!((one(&net, RULE).severity, one(&net, RULE).confidence), (Severity::Minor, Confidence::Medium));
    }

    /// What an identity provider or Kerberos does on its login page without a form counts as a login.
    #[test]
    fn a_login_without_a_form() {
        let net = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..4 {
                meet.ask(http::get(MEET)).reply(to_login());
                meet.wait(30).ask(http::get("/login.jsp"));
                meet.reply(http::response(302).location(MEET).set_cookie(s.wide()));
                meet.wait(30);
            }
            is_denied(&meet, MEET);
        });
        one(&net, RULE);
    }

    /// Logins that cannot be read are not counted.
    #[test]
    fn logins_over_tls_are_not_seen() {
        let net: Network = told(|s| {
            let meet = s.open("meet.example.com");
            for _ in 0..6 {
                let to = http::response(302).location("https://meet.example.com/login.jsp");
                meet.wait(5_000).ask(http::get(CHAT)).reply(to);
            }
        });
        none(&net, RULE);
    }

    #[test]
    fn missing_parts_lower_it() {
        let story: Story = ("gap", |net| {
            let stage = Stage { browser: Browser::new(&net.host("10.1.0.50")), net: net.clone() };
            let meet = stage.open("meet.example.com");
            rounds(&stage, &meet, MEET, 3, wide);
            meet.ask(http::get("/x.css")).tcp().skip(nrpcsniff_samples::Side::Server, 300);
            meet.reply(page());
        });
        let found = told_with(&Settings::default(), RULE, story.1);
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
    }
}
