//! Domino opens a session of one server where single sign-on was meant.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{browsers, name_loops, show_denied};
use crate::diagnose::evidence::logs::{FEW, READ, log_of};
use crate::diagnose::words::sso::not_loaded as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::http::denials::tokens_in_jar;
use crate::facts::http::{CookieMatch, HttpExchange, HttpIndex, origin, tokens_sent, tokens_set};
use crate::facts::logs::LogEntry;
use crate::model::{Confidence, ConversationId, LogEvent, RuleId, Severity};
use hashbrown::HashSet;
use nrpcsniff_dissectors::cookie::{SetCookie, is_single_server};

/// See [`ABOUT`].
pub(crate) struct NotLoaded;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sso-not-loaded");

static ABOUT: About = About {
    id: ID,
    title: "Domino opens a session of one server instead of single sign-on",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A Domino server sets DomAuthSessId, its session cookie for one server, and no LtpaToken; yet single sign-on is in use: \
           the browser shows it an LTPA token, other answers of this server set one, or the next server of the same domain \
           turns the browser away. \
           Logs: \"Error loading Web SSO configuration\" on Domino's console.",
    matters: "The user is logged in at that server alone. Domino falls back to this if it cannot load its Web SSO configuration.",
    guards: &[
        "The server sets a token as well, or the browser has one for the next server: silent.",
        "Nothing in the capture shows that single sign-on is meant: information only; a single server is a valid set-up.",
        "A DomAuthSessId that is deleted (logout): silent.",
        "Only other hosts of the domain use tokens: medium confidence.",
        "The response was not read whole: silent.",
        "The console line alone, unless it says that Domino goes back to sessions of one server, can appear while users sign on as \
         they should (IBM 21106654): medium confidence at most.",
    ],
    remedy: &[
        "Look for \"Error loading Web SSO configuration\" on the Domino console; it says which document was tried.",
        "Web SSO Configuration document: the server must be listed in Domino Server Names; recreate or re-save it so that it is \
         encrypted for this server's ID, restart the HTTP task.",
        "Internet Site documents in use: the Organization of the Web SSO Configuration and of the Web Site must be the same, and Session \
         authentication set to Multiple Servers (SSO) with that configuration's name.",
        "Internet Sites on, and users sign on as they should: a hidden field Session Authentication of the Server document still \
         asks for the configuration. Turn Internet Sites off, set Session authentication to Disabled, save, and turn them on again.",
        "No Internet Sites: the Web SSO Configuration's Organization must be empty, and the Server document say Multiple Servers (SSO).",
    ],
    references: &[
        "HCL Domino: multi-server session-based authentication (single sign-on)",
        "IBM technote 21106654 (error loading Web SSO configuration)",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID, crate::diagnose::rules::ltpa::not_returned::ID],
};

impl Rule for NotLoaded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let found = http.exchanges().iter().filter(|exchange| opens_single_session(exchange));
        group_by(found, |exchange| exchange.host.clone()).iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let failed = case.logs().saying(|event| matches!(event, LogEvent::SsoNotLoaded { .. }));
        let alone: Vec<_> = case.http().exchanges().iter().filter(|exchange| opens_single_session(exchange)).collect();
        let hosts: HashSet<&str> = alone.iter().map(|exchange| exchange.host.as_str()).collect();
        // Which server a console belongs to is not in it: it is that of the capture where there is only one.
        let links: Vec<ConversationId> =
            if hosts.len() == 1 { alone.iter().map(|e| e.conversation.id).collect() } else { Vec::new() };
        failed.take(FEW).map(|entry| told_by_console(case, entry).links(links.iter().copied())).collect()
    }
}

/// The answer sets DomAuthSessId and no token.
fn opens_single_session(exchange: &HttpExchange<'_>) -> bool {
    let Some(response) = exchange.response else { return false };
    let now = response.at().time.whole_seconds();
    let opens = |c: &SetCookie| is_single_server(&c.name) && !c.value.is_empty() && !c.is_deletion(now);
    let opens = response.set_cookies.iter().any(opens);
    opens && response.is_whole() && tokens_set(&response).next().is_none() && !origin::is_local(&exchange.host)
}

/// What shows that single sign-on is meant, the strongest first.
enum Sign<'w, 'a> {
    /// The browser showed this server a token, and was given a single session all the same.
    Shown(&'w HttpExchange<'a>),
    /// The same server set a token at another time.
    SetOnce(&'w HttpExchange<'a>),
    /// The next server turned the browser away.
    Denied(&'w HttpExchange<'a>),
    /// Another host of the domain uses tokens.
    Elsewhere(&'w HttpExchange<'a>),
}

impl Sign<'_, '_> {
    fn words(&self) -> words::SignShown {
        match self {
            Self::Shown(_) => words::SignShown::TokenShown,
            Self::SetOnce(_) => words::SignShown::TokenSet,
            Self::Denied(denied) => {
                words::SignShown::TurnedAway { other_host: denied.host.clone(), request: denied.line() }
            }
            Self::Elsewhere(other) => words::SignShown::OtherHost { other_host: other.host.clone() },
        }
    }
}

/// The session cookie of a single server is no fault where single sign-on is not wanted: without a sign that it is, it
/// is info.
fn finding(case: &Case<'_>, group: &[&HttpExchange<'_>]) -> Option<Draft> {
    let http = case.http();
    let first = *group.first()?;
    let mut denied: Vec<_> = group.iter().flat_map(|opened| turned_away(http, opened)).collect();
    denied.sort_by_key(|exchange| exchange.id);
    denied.dedup_by_key(|exchange| exchange.id);
    let sign = sign(http, group, &denied);
    let draft = Draft::new(&ABOUT, 45).says(&words::OneServer {
        host: first.host.clone(),
        browsers: browsers(http, group.iter().map(|exchange| exchange.browser)),
        sign: sign.as_ref().map(Sign::words),
    });
    let draft = match sign {
        None => return Some(show(draft.severity(Severity::Info), group)),
        Some(Sign::Shown(_) | Sign::SetOnce(_)) => draft.names_read(),
        Some(Sign::Denied(_)) => draft.points(30),
        Some(Sign::Elsewhere(_)) => draft.severity(Severity::Minor).at_most(Confidence::Medium),
    };
    let draft = show(draft, group);
    let draft = denied.iter().fold(draft, |draft, denied| draft.conversation(denied.conversation));
    let draft = each(draft, &denied, "requests", |draft, denied| show_denied(draft, denied));
    let draft = match sign {
        Some(Sign::Shown(e)) => draft.packet(e.at(), format!("{} carries an LTPA token", e.line())),
        Some(Sign::SetOnce(e) | Sign::Elsewhere(e)) => {
            draft.packet(e.at(), format!("{}: an LTPA token goes to or from {}", e.line(), e.host))
        }
        Some(Sign::Denied(_)) | None => draft,
    };
    Some(name_loops(http, draft, &case.settings.thresholds, &denied))
}

fn show(draft: Draft, group: &[&HttpExchange<'_>]) -> Draft {
    let draft = group.iter().fold(draft, |draft, exchange| draft.conversation(exchange.conversation));
    each(draft, group, "answers", |draft, exchange| {
        let at = exchange.response.map_or(exchange.at(), |response| response.at());
        draft.packet(at, format!("{} answers {} with DomAuthSessId and no LTPA token", exchange.host, exchange.line()))
    })
}

/// Later requests of that browser to other hosts of the same site, or to this one, which lack a token and are turned away.
fn turned_away<'w, 'a>(http: &'w HttpIndex<'a>, opened: &'w HttpExchange<'a>) -> Vec<&'w HttpExchange<'a>> {
    let site = origin::site(&opened.host);
    let next = http.after(opened).take(256).take_while(|next| !next.is_logout());
    let next = next.filter(|next| next.host != opened.host && origin::is_in_site(&next.host, site) && next.is_denied());
    let bare =
        |next: &HttpExchange<'_>| next.request.is_some_and(|request| tokens_sent(request.content).next().is_none());
    next.filter(|next| http.takes_part(&next.host) && bare(next) && !fits_a_token(http, next)).collect()
}

fn fits_a_token(http: &HttpIndex<'_>, exchange: &HttpExchange<'_>) -> bool {
    tokens_in_jar(http, exchange).iter().any(|(_, matching)| *matching == CookieMatch::Sent)
}

fn sign<'w, 'a>(
    http: &'w HttpIndex<'a>,
    group: &[&'w HttpExchange<'a>],
    denied: &[&'w HttpExchange<'a>],
) -> Option<Sign<'w, 'a>> {
    let carries = |e: &HttpExchange<'_>| e.request.is_some_and(|request| tokens_sent(request.content).next().is_some());
    let sets = |e: &HttpExchange<'_>| e.response.is_some_and(|response| tokens_set(&response).next().is_some());
    let first = *group.first()?;
    let site = origin::site(&first.host);
    let elsewhere = |e: &&HttpExchange<'_>| origin::is_in_site(&e.host, site) && sets(e);
    let shown = group.iter().copied().find(|opened| carries(opened)).map(Sign::Shown);
    shown
        .or_else(|| http.of_host(&first.host).find(|e| sets(e)).map(Sign::SetOnce))
        .or_else(|| denied.first().copied().map(Sign::Denied))
        .or_else(|| http.exchanges().iter().find(elsewhere).map(Sign::Elsewhere))
}

/// The console says that the configuration was not loaded.
fn told_by_console(case: &Case<'_>, entry: LogEntry<'_>) -> Testimony {
    let LogEvent::SsoNotLoaded { configuration, reverts } = &entry.fact.event else {
        return Testimony::new(&ABOUT, &[entry]);
    };
    let mut later = case.logs().saying(|event| *event == LogEvent::SsoLoaded);
    let loaded = later.find(|other| other.log == entry.log && other.line() > entry.line());
    let draft = Draft::new(&ABOUT, READ).names_read().says(&words::ByConsole {
        log: log_of(case, &entry).to_owned(),
        configuration: Some(configuration.clone()).filter(|name| !name.is_empty()),
        falls_back: *reverts,
        was_loaded_later: loaded.is_some(),
    });
    let draft = if loaded.is_some() { draft.severity(Severity::Info) } else { draft };
    // With Internet Site documents the message is known to appear although all is well.
    let draft = if *reverts { draft } else { draft.at_most(Confidence::Medium) };
    let lines: Vec<LogEntry<'_>> = [entry].into_iter().chain(loaded).collect();
    Testimony::new(&ABOUT, &lines).whom(configuration.clone()).alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, answers_in_part, is_denied, logs_in, page, sample, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, beside, console, is_of_both, log};
    use crate::testing::{none, one, says, the_one};
    use nrpcsniff_samples::http::{self, Browser, Cookie, Message, Visit, cookie};

    const RULE: &str = "sso-not-loaded";

    fn single() -> Cookie {
        cookie("DomAuthSessId", "9F2C1A7E55D04B6688E1A3C0D94E7B21").path("/")
    }

    fn login(mail: &Visit, cookies: impl IntoIterator<Item = Cookie>) {
        let form = http::post("/names.nsf?Login").form(&[("Username", "Ann Smith"), ("Password", "not a real one")]);
        let answer = http::response(302).location("/mail/asmith.nsf");
        mail.wait(3_000).ask(form).reply(cookies.into_iter().fold(answer, Message::set_cookie));
    }

    #[test]
    fn the_next_server_turns_the_browser_away() {
        let finding = one(&sample("http-single-server"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            &finding,
            &["chat.example.com then got no token and asked for a login", "Error loading Web SSO configuration"],
        );
    }

    #[test]
    fn a_token_was_shown_or_set_at_another_time() {
        let shown = told(|s| {
            let mail = s.open("mail.example.com");
            let _ = s.browser.clone().has("example.com", "LtpaToken", &s.domino("CN=Ann/O=ACME"));
            login(&mail, [single()]);
        });
        says(&one(&shown, RULE), &["had shown it an LTPA token"]);
        assert_eq!(one(&shown, RULE).confidence, Confidence::High);
        let now_and_then = told(|s| {
            let mail = s.open("mail.example.com");
            login(&mail, [cookie("LtpaToken", &s.domino("CN=Ann/O=ACME")).path("/")]);
            s.net.wait_secs(3_600);
            let other = Browser::new(&s.net.host("10.1.0.51"));
            login(&other.open(&s.net.host("10.2.0.8"), 80, "mail.example.com"), [single()]);
        });
        says(&one(&now_and_then, RULE), &["configuration comes and goes"]);
    }

    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let (chat, mail) = (s.open("chat.example.com"), s.open("mail.example.com"));
            for _ in 0..3 {
                is_denied(&chat, CHAT);
                login(&mail, [single()]);
            }
            is_denied(&chat, CHAT);
        });
        assert_eq!(one(&net, RULE).also, ["http-login-loop"]);
    }

    /// A single server is a valid set-up.
    #[test]
    fn nothing_that_means_single_sign_on_is_information() {
        let alone = told(|s| login(&s.open("mail.example.com"), [single()]));
        assert_eq!(one(&alone, RULE).severity, Severity::Info);
        let other_site = told(|s| {
            login(&s.open("mail.example.com"), [single()]);
            logs_in(&s.open("portal.example.org"), [cookie("LtpaToken2", &s.token()).path("/")]);
            is_denied(&s.open("tickets.example.com"), "/dashboard");
        });
        assert_eq!(one(&other_site, RULE).severity, Severity::Info);
    }

    #[test]
    fn tokens_of_other_hosts_alone_are_told_quietly() {
        let net = told(|s| {
            login(&s.open("mail.example.com"), [single()]);
            logs_in(&s.open("portal.example.com"), [s.narrow()]);
        });
        assert_eq!((one(&net, RULE).severity, one(&net, RULE).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_token_beside_it_or_a_deletion() {
        let beside = told(|s| login(&s.open("mail.example.com"), [single(), s.wide()]));
        none(&beside, RULE);
        let gone = told(|s| {
            let mail = s.open("mail.example.com");
            let answer = page().set_cookie(cookie("DomAuthSessId", "0").path("/").max_age(0));
            mail.ask(http::get("/names.nsf?Logout")).reply(answer.set_cookie(cookie("DomAuthSessId", "").path("/")));
        });
        none(&gone, RULE);
    }

    /// It has its token by another way: nobody is turned away for want of one.
    #[test]
    fn the_next_server_s_own_token_refutes_it() {
        let story = |domain: Option<&'static str>| {
            told(move |s| {
                let token = cookie("LtpaToken2", &s.token()).path("/stwebclient");
                let token = domain.into_iter().fold(token, Cookie::domain);
                logs_in(&s.open("portal.example.com"), [token]);
                login(&s.open("mail.example.com"), [single()]);
                let bare = Browser::new(&s.net.host("10.1.0.50"));
                is_denied(&bare.open(&s.net.host("10.2.0.8"), 80, "chat.example.com"), CHAT);
            })
        };
        assert_eq!(one(&story(None), RULE).severity, Severity::Major);
        assert_eq!(one(&story(Some("example.com")), RULE).severity, Severity::Minor);
    }

    #[test]
    fn a_response_that_was_not_read_whole() {
        let net = told(|s| {
            let mail = s.open("mail.example.com");
            mail.ask(http::post("/names.nsf?Login").form(&[("Username", "Ann"), ("Password", "x")]));
            answers_in_part(&mail, page().set_cookie(single()));
            is_denied(&s.open("chat.example.com"), CHAT);
        });
        none(&net, RULE);
    }

    const SAID: &str =
        "HTTP Server: Error loading Web SSO configuration 'LtpaToken' (Single Sign-On configuration is invalid)";

    #[test]
    fn domino_s_console_says_so() {
        for (said, severity, confidence) in [
            (vec![SAID], Severity::Major, Confidence::Medium),
            (
                vec!["HTTP: Error Loading Web SSO configuration. Reverting to single-server session authentication."],
                Severity::Major,
                Confidence::Medium,
            ),
            (vec![SAID, "HTTP: Successfully loaded Web SSO Configuration."], Severity::Info, Confidence::Medium),
        ] {
            let found = alone(&[&console(SOME_TIME, &said)]);
            let finding = the_one(&found);
            assert_eq!(
                (finding.rule.as_str(), finding.severity, finding.confidence),
                (RULE, severity, confidence),
                "{said:?}"
            );
        }
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP: Successfully loaded Web SSO Configuration."])]), []);
    }

    #[test]
    fn domino_s_console_joins_the_only_server_that_does_so() {
        let net = sample("http-single-server");
        let found = beside(&net, vec![log("console.log", &console(SOME_TIME, &[SAID]))]);
        let of_rule: Vec<_> = found.iter().filter(|finding| finding.rule == RULE).collect();
        assert!(of_rule.len() == 1 && is_of_both(of_rule[0]), "{of_rule:#?}");
    }
}
