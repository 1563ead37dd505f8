//! The server is called by a short name or an address, which no token's domain covers.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{browsers, draft, show_set, unsent};
use crate::diagnose::words::ltpa::shortname_url as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::denials::{UnsentToken, by_hosts, lacks_token, locked_out, tokens_in_jar};
use crate::facts::http::{CookieMatch, CookieRefusal, HttpExchange, HttpIndex, JarCookie, origin};
use crate::model::{Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ShortnameUrl;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-shortname-url");

static ABOUT: About = About {
    id: ID,
    title: "A server of single sign-on is called by a short name or an address",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "The Host header is a name without a dot or an IP address. Either the server then sets an LTPA token for a DNS domain, \
           which does not cover that name, or the browser has a token for a domain, cannot send it there, and is sent to log \
           in.",
    matters: "A cookie for .example.com goes to chat.example.com, never to http://chat/ or http://10.1.2.3/: sign-on works for \
              those who type the long name only.",
    guards: &[
        "The server answers with a redirect to its full name: silent.",
        "A proxy asks, by a name of its own: silent.",
        "This machine itself (localhost, 127.0.0.1): silent.",
        "The token is used all the same (it comes back from that browser): silent.",
        "A server that is not seen to take part in LTPA sign-on: silent.",
        "The token was dropped, but nobody was turned away afterwards: minor.",
    ],
    remedy: &[
        "Let users, bookmarks, links and the clients' server fields name the fully qualified host name only.",
        "Redirect the short name to the full one (Domino: Web Site rule or substitution; IBM HTTP Server: Redirect).",
    ],
    references: &[
        "RFC 6265 section 5.1.3 (domain matching)",
        "HCL Sametime: single sign-on needs the fully qualified host name",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for ShortnameUrl {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let unsent =
            locked_out(case).filter_map(|denied| Some(UnsentToken { stored: for_other_name(case, denied)?, denied }));
        by_hosts(case.http(), unsent).iter().filter_map(|group| finding(case, group)).chain(dropped(case)).collect()
    }
}

/// No domain covers it.
fn is_bare(host: &str) -> bool {
    (origin::is_short(host) || origin::is_address(host)) && !origin::is_local(host)
}

/// A token that the browser has for a domain (or for the short name) and cannot send here, because one of the two is bare.
fn for_other_name<'w, 'a>(case: &'w Case<'a>, denied: &'w HttpExchange<'a>) -> Option<&'w JarCookie<'a>> {
    let http = case.http();
    let moves_on = denied.target().is_some_and(|(host, _)| host != denied.host);
    let takes_part = http.takes_part(&denied.host);
    if moves_on || denied.is_forwarded() || !takes_part {
        return None;
    }
    let in_jar = tokens_in_jar(http, denied);
    let elsewhere =
        in_jar.iter().all(|(_, matching)| matches!(matching, CookieMatch::OtherHost | CookieMatch::Expired));
    let mut outside =
        in_jar.iter().filter(|(_, matching)| *matching == CookieMatch::OtherHost).map(|(stored, _)| *stored);
    outside
        .rfind(|stored| is_bare(&denied.host) != is_bare(&stored.domain) && related(http, stored, denied))
        .filter(|_| elsewhere)
}

/// It is the same machine, or its short name is the first word of the long one, or a name called by its full name by others:
/// one sign-on is meant.
fn related(http: &HttpIndex<'_>, stored: &JarCookie<'_>, denied: &HttpExchange<'_>) -> bool {
    let setter = http.setter(stored);
    let (short, long) = if is_bare(&denied.host) { (&denied.host, &setter.host) } else { (&setter.host, &denied.host) };
    let sametime = denied.path().starts_with("/st") || setter.path().starts_with("/st");
    setter.conversation.server.ip == denied.conversation.server.ip
        || long.split('.').next() == Some(short.as_str())
        || (sametime && (denied.product().is_some() || setter.product().is_some()))
}

fn finding(case: &Case<'_>, group: &[UnsentToken<'_, '_>]) -> Option<Draft> {
    let http = case.http();
    let first = group.first()?;
    let (denied, setter) = (first.denied, http.setter(first.stored));
    let bare = if is_bare(&denied.host) { &denied.host } else { &setter.host };
    let draft = draft(case, &ABOUT, 45, group).names_read().says(&words::NoCommonDomain {
        unsent: unsent(http, group)?,
        bare_name: bare.clone(),
        path: denied.path().to_owned(),
    });
    Some(draft.remedy_first(format!("Do not use {bare} in addresses: use the server's full name.")))
}

/// Tokens that browsers drop because the server was called by a bare name and sets them for its domain.
fn dropped(case: &Case<'_>) -> Vec<Draft> {
    let http = case.http();
    let stored = http.jar_cookies().iter().filter(|stored| is_dropped(http, stored));
    let groups = group_by(stored, |stored| (http.setter(stored).host.clone(), stored.domain.clone()));
    groups.iter().filter_map(|group| dropped_by(case, group)).collect()
}

fn is_dropped(http: &HttpIndex<'_>, stored: &JarCookie<'_>) -> bool {
    let setter = http.setter(stored);
    let came_back = http.after(setter).take(256).any(|next| {
        next.request.is_some_and(|request| request.cookies.iter().any(|cookie| cookie.value == stored.cookie.value))
    });
    stored.is_token()
        && stored.refused == Some(CookieRefusal::ForeignDomain)
        && is_bare(&setter.host)
        && !setter.is_forwarded()
        && setter.target().is_none_or(|(to, _)| to == setter.host)
        && !came_back
}

/// Without a denial it is minor, because nobody is seen to miss the token that browsers drop.
fn dropped_by(case: &Case<'_>, group: &[&JarCookie<'_>]) -> Option<Draft> {
    let http = case.http();
    let stored = *group.first()?;
    let setter = http.setter(stored);
    let mut unsent: Vec<_> = group.iter().flat_map(|stored| denied_after(http, stored)).collect();
    unsent.sort_by_key(|unsent| unsent.denied.id);
    unsent.dedup_by_key(|unsent| unsent.denied.id);
    let draft = if unsent.is_empty() {
        let draft = group
            .iter()
            .fold(Draft::new(&ABOUT, 45), |draft, stored| draft.conversation(http.setter(stored).conversation));
        each(draft, group, "tokens", |draft, stored| show_set(http, draft, stored))
            .severity(Severity::Minor)
            .at_most(Confidence::Medium)
    } else {
        draft(case, &ABOUT, 45, &unsent).names_read()
    };
    let draft = draft.says(&words::Dropped {
        bare_name: setter.host.clone(),
        cookie: stored.cookie.name.clone(),
        cookie_domain: stored.domain.clone(),
        browsers: browsers(http, group.iter().map(|stored| stored.browser)),
    });
    Some(draft.remedy_first(format!(
        "Do not use {} in addresses: use the server's full name in {}.",
        setter.host, stored.domain
    )))
}

/// Requests of the same browser to that host which were turned away afterwards.
fn denied_after<'w, 'a>(
    http: &'w HttpIndex<'a>,
    stored: &'w JarCookie<'a>,
) -> impl Iterator<Item = UnsentToken<'w, 'a>> {
    let setter = http.setter(stored);
    let next =
        http.after(setter).take(256).filter(|next| next.host == setter.host && next.is_denied() && lacks_token(next));
    next.map(|denied| UnsentToken { stored, denied })
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, MEET, is_denied, is_served, logs_in, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::http::{self, cookie};

    const RULE: &str = "ltpa-shortname-url";

    #[test]
    fn a_short_name_that_no_domain_covers() {
        let finding = one(&sample("http-short-name"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(&finding, &["Called as chat, but it sets its token for example.com", "full name in example.com"]);
    }

    #[test]
    fn the_token_of_the_long_name_does_not_fit_the_short_one() {
        for bare in ["meet", "10.7.7.7"] {
            let net = told(|s| {
                let portal = s.open("portal.example.com");
                logs_in(&portal, [s.wide()]);
                is_served(&portal, "/wps/myportal");
                is_denied(&s.open_as("meet.example.com", bare), MEET);
            });
            let finding = one(&net, RULE);
            assert_eq!(finding.confidence, Confidence::High);
            says(&finding, &[&format!("Called as {bare}"), "portal.example.com set LtpaToken2", "no domain in common"]);
        }
    }

    #[test]
    fn the_short_name_s_own_token_does_not_fit_the_long_one() {
        let net = told(|s| {
            logs_in(&s.open("chat"), [s.narrow()]);
            is_denied(&s.open_as("chat", "chat.example.com"), CHAT);
        });
        says(&one(&net, RULE), &["for the host chat alone"]);
    }

    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let chat = s.open("chat");
            for _ in 0..3 {
                is_denied(&chat, CHAT);
                logs_in(&chat, [s.wide()]);
            }
            is_denied(&chat, CHAT);
        });
        assert_eq!(one(&net, RULE).also, ["http-login-loop"]);
    }

    #[test]
    fn a_token_that_was_dropped_without_harm_is_minor() {
        let net = told(|s| logs_in(&s.open("chat"), [s.wide()]));
        assert_eq!((one(&net, RULE).severity, one(&net, RULE).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_redirect_to_the_full_name_mends_it() {
        let denied = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.wide()]);
            let to = http::response(302).location("http://meet.example.com/login.jsp");
            s.open("meet").ask(http::get(MEET)).reply(to);
        });
        none(&denied, RULE);
        let set = told(|s| {
            let answer = http::response(302).location("http://chat.example.com/").set_cookie(s.wide());
            s.open("chat").ask(http::post("/j_security_check")).reply(answer);
        });
        none(&set, RULE);
    }

    #[test]
    fn proxies_and_this_machine_may_use_any_name() {
        let proxy = told(|s| {
            let forwarded = |request: http::Message| request.header("X-Forwarded-For", "10.9.9.9");
            let chat = s.open("chat");
            chat.ask(forwarded(http::post("/j_security_check")))
                .reply(http::response(302).location("/").set_cookie(s.wide()));
            chat.wait(500).ask(forwarded(http::get(CHAT))).reply(to_login());
        });
        none(&proxy, RULE);
        for local in ["localhost", "127.0.0.1"] {
            let net = told(|s| {
                let chat = s.open_as("chat", local);
                logs_in(&chat, [s.wide()]);
                is_denied(&chat, CHAT);
            });
            none(&net, RULE);
        }
    }

    #[test]
    fn a_token_that_comes_back_was_not_dropped() {
        let net = told(|s| {
            let (chat, token) = (s.open("chat"), s.token());
            logs_in(&chat, [cookie("LtpaToken2", &token).domain("example.com")]);
            chat.ask(http::get(CHAT).cookie("LtpaToken2", &token)).reply(to_login());
        });
        none(&net, RULE);
    }

    #[test]
    fn a_server_without_tokens_is_passed_over() {
        let net = told(|s| {
            logs_in(&s.open("portal.example.com"), [s.wide()]);
            is_denied(&s.open("tickets"), "/dashboard");
        });
        none(&net, RULE);
    }
}
