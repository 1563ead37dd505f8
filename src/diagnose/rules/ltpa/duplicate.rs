//! One request carries two different tokens of one name.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{browsers, name_loops};
use crate::diagnose::words::ltpa::duplicate as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::{HttpExchange, HttpIndex};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::cookie::{Cookie, is_token};
use nrpcsniff_dissectors::ltpa::Token;

/// See [`ABOUT`].
pub(crate) struct Duplicate;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-duplicate");

static ABOUT: About = ENTRY;

/// Where nobody was turned away, nothing follows from it.
static HARMLESS: About = About { explains: &[], ..ENTRY };

const ENTRY: About = About {
    id: ID,
    title: "A request carries two different sign-on tokens of one name",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "One request has two cookies of the same name (LtpaToken or LtpaToken2) with different tokens in them: set for \
           different domains or paths, or by different issuers.",
    matters: "The server takes the first, which may be the old one or another server's: sign-on works or fails by the order in \
              which the browser sends them.",
    guards: &[
        "LtpaToken beside LtpaToken2 is normal: silent.",
        "The same token twice, or once with quotes: silent.",
        "An empty cookie, or a literal like `undefined`, beside a token: silent (see ltpa-undefined-sip).",
        "Nobody with two tokens is turned away: minor.",
    ],
    remedy: &[
        "Let one server issue the token for a DNS domain, and let all use the same domain and path.",
        "Two separate sign-on groups in one domain: give one another cookie name (Domino: name of the Web SSO \
         Configuration document; WebSphere: LTPA cookie names).",
        "Now: close all windows of the browser, or delete its cookies for the domain.",
    ],
    references: &["RFC 6265 section 5.4 (order of cookies of one name is not to be relied upon)"],
    explains: &[crate::diagnose::rules::http::login_loop::ID, super::domain_narrow::ID],
};

impl Rule for Duplicate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let found = http.exchanges().iter().filter_map(|exchange| Some((exchange, double(exchange)?)));
        let groups = group_by(found, |(exchange, (one, _))| (exchange.host.clone(), one.name.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

type TokenPair<'a> = (&'a Cookie, &'a Cookie);

/// The first two different tokens of one name.
fn double<'a>(exchange: &HttpExchange<'a>) -> Option<TokenPair<'a>> {
    let tokens: Vec<_> = exchange.request?.content.cookies.iter().filter(|cookie| is_real(cookie)).take(16).collect();
    let second = |at: usize, one: &Cookie| {
        tokens.iter().skip(at.saturating_add(1)).copied().find(|two| two.name == one.name && differ(one, two))
    };
    tokens.iter().enumerate().find_map(|(at, one)| Some((*one, second(at, one)?)))
}

/// A token by its contents, not only by its name.
fn is_real(cookie: &Cookie) -> bool {
    is_token(&cookie.name, cookie.token.as_ref()) && cookie.token.as_ref().is_some_and(|token| token.class.is_genuine())
}

fn differ(one: &Cookie, two: &Cookie) -> bool {
    match (&one.token, &two.token) {
        (Some(a), Some(b)) => a.fingerprint != b.fingerprint,
        _ => one.value != two.value,
    }
}

/// Without a denial it explains no other finding, since two tokens that were both taken do no harm.
fn finding(case: &Case<'_>, group: &[(&HttpExchange<'_>, TokenPair<'_>)]) -> Option<Draft> {
    let http = case.http();
    let &(first, pair) = group.first()?;
    let denied: Vec<_> = group.iter().map(|(exchange, _)| *exchange).filter(|exchange| exchange.is_denied()).collect();
    let (one, two) = pair;
    let draft = Draft::new(if denied.is_empty() { &HARMLESS } else { &ABOUT }, 45)
        .names_read()
        .retry(denied.len() > 1)
        .severity(if denied.is_empty() { Severity::Minor } else { Severity::Major })
        .says(&words::TwoTokens {
            host: first.host.clone(),
            cookie: one.name.clone(),
            tokens: [label(one), label(two)],
            browsers: browsers(http, group.iter().map(|(exchange, _)| exchange.browser)),
            count: group.len(),
            failed_count: denied.len(),
            request: denied.first().map(|denied| denied.line()),
        });
    let draft = group.iter().fold(draft, |draft, (exchange, _)| draft.conversation(exchange.conversation));
    let draft = each(draft, group, "requests", |draft, (exchange, (one, two))| {
        draft.packet(
            exchange.at(),
            format!("{} carries {} twice: first a {}, then a {}", exchange.line(), one.name, label(one), label(two)),
        )
    });
    let draft = [one, two].into_iter().fold(draft, |draft, cookie| show_source(http, draft, first, cookie));
    Some(name_loops(http, draft, &case.settings.thresholds, &denied))
}

fn label(cookie: &Cookie) -> String {
    cookie.token.as_ref().map_or_else(|| format!("value of {} bytes", cookie.value.len()), Token::label)
}

/// Who set it, if that is in the capture.
fn show_source(http: &HttpIndex<'_>, draft: Draft, exchange: &HttpExchange<'_>, cookie: &Cookie) -> Draft {
    match http.source(exchange, &cookie.name, cookie.value.expose()) {
        Some(stored) => crate::diagnose::evidence::http::show_set(
            http,
            draft.conversation(http.setter(stored).conversation),
            stored,
        ),
        None => draft.absence(format!("where {} (a {}) was set is not in the capture", cookie.name, label(cookie))),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, logs_in, page, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says, text};
    use nrpcsniff_samples::http::{self, cookie};

    const RULE: &str = "ltpa-duplicate";

    #[test]
    fn two_issuers_of_one_name() {
        let finding = one(&sample("http-duplicate-token"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(
            &finding,
            &[
                "two different LtpaToken",
                "CN=Ann Smith/O=ACME",
                "2 of these requests were turned away",
                "mail.example.com sets LtpaToken",
                "portal.example.com sets LtpaToken",
            ],
        );
    }

    #[test]
    fn the_login_at_the_second_issuer_is_no_finding_of_its_own() {
        let net = sample("http-duplicate-token");
        assert_eq!(one(&net, RULE).also, ["ltpa-domain-narrow"]);
    }

    #[test]
    fn nobody_turned_away_is_minor() {
        let net = told(|s| {
            let (one, two) = (s.domino("CN=Ann/O=ACME"), s.domino("CN=Ann Smith/O=ACME"));
            s.open("chat.example.com")
                .ask(http::get(CHAT).cookie("LtpaToken", &one).cookie("LtpaToken", &two))
                .reply(page());
        });
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Minor);
        says(&finding, &["None of these requests was turned away", "was set is not in the capture"]);
    }

    #[test]
    fn tokens_are_not_shown() {
        let mut value = String::new();
        let net = told(|s| {
            let (one, two) = (s.domino("CN=Ann/O=ACME"), s.token());
            value.clone_from(&one);
            s.open("chat.example.com")
                .ask(http::get(CHAT).cookie("LtpaToken", &one).cookie("LtpaToken", &two))
                .reply(page());
        });
        assert!(!text(&one(&net, RULE)).contains(&value[..24]));
    }

    #[test]
    fn pairs_that_are_normal() {
        let net = told(|s| {
            let chat = s.open("chat.example.com");
            let (v2, v1, again) = (s.token(), s.domino("CN=Ann/O=ACME"), s.token());
            let quoted = format!("\"{v2}\"");
            logs_in(&chat, [s.wide(), cookie("LtpaToken", &v1).path("/").domain("example.com")]);
            chat.ask(http::get(CHAT)).reply(page());
            let other = s.open_as("chat.example.com", "other.example.org");
            for (name, value) in
                [("LtpaToken2", v2.as_str()), ("LtpaToken2", &quoted), ("LtpaToken", "undefined"), ("LtpaToken", "")]
            {
                let request = http::get(CHAT).cookie(name, value);
                let request = if name == "LtpaToken" { request.cookie(name, &v1) } else { request.cookie(name, &v2) };
                other.wait(100).ask(request).reply(to_login());
            }
            other.ask(http::get(CHAT).cookie("Other", &v2).cookie("Other", &again).cookie("x", "1").cookie("x", "2"));
        });
        none(&net, RULE);
    }
}
