//! A browser goes round between an application and its identity provider.

use crate::diagnose::evidence::provider::{draft, login};
use crate::diagnose::words::idp::circle as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::{HttpExchange, HttpIndex, ProviderRound, brings_answer, sends_away, tokens_sent};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::cookie::SetCookie;

/// See [`ABOUT`].
pub(crate) struct Circle;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("idp-circle");

static ABOUT: About = About {
    id: ID,
    title: "A browser goes round in a circle between an application and its identity provider",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "An application sends the browser to an identity provider (a redirect with SAMLRequest, or with client_id and state or \
           redirect_uri, whatever the path is called: Keycloak, AD FS, Microsoft Entra, Domino) three times and more within a minute, \
           without a page in between, though the provider sends it back each time.",
    matters: "The user sees the address bar flicker and no page, until the browser or the provider gives up (\"too many redirects\", \
              AD FS: MSIS7042). The password is right: the provider knows the user.",
    guards: &[
        "A page of the application comes in between: silent.",
        "Two rounds may be a form that was sent twice: silent below three.",
        "An application that neither takes tokens nor is a product of HCL or IBM: minor.",
    ],
    remedy: &[
        "No session cookie is set after the provider's word: the application does not take that word. Its log says why: clock, audience, \
         issuer, or a user that it does not find in its directory.",
        "A session cookie is set and does not come back: compare its Domain, Path, Secure and SameSite with the address that is called \
         (https at the browser and http behind a proxy: let the proxy say X-Forwarded-Proto).",
        "The cookie comes back and is not taken: several nodes without a shared session or without affinity of the load balancer; or an \
         old token (LtpaToken2) that is looked at before the new session: delete the browser's cookies once, and compare LTPA keys \
         and realm.",
    ],
    references: &[
        "RFC 6749 section 4.1 (authorization code); OASIS saml-profiles-2.0 section 4.1 (web browser SSO)",
        "Microsoft AD FS: loop detection, MSIS7042",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Circle {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.http().provider_rounds().iter().filter_map(|round| finding(case, round)).collect()
    }
}

fn finding(case: &Case<'_>, round: &ProviderRound) -> Option<Draft> {
    let http = case.http();
    if !round.is_circle() || round.brought.is_none() {
        return None;
    }
    let (first, last) = (http.exchange(round.first)?, http.exchange(*round.exchanges.last()?)?);
    Some(draft(case, &ABOUT, 45, &round.exchanges).names_read().says(&words::Round {
        login: login(case, round)?,
        count: round.away,
        lasted_s: last.at().time.seconds_since(first.at().time),
        cause: cause(http, round)?,
        token_kept: same_token(http, round),
    }))
}

/// What the cookies say of the cause.
fn cause(http: &HttpIndex<'_>, round: &ProviderRound) -> Option<words::CircleCause> {
    let (brought, next) = followed(http, round)?;
    if sends_away(brought) {
        let lost = round.lost_cookie(http).map(|cookie| cookie.name.clone());
        return Some(words::CircleCause::AskedAgain { cookie: lost });
    }
    let given: Vec<&SetCookie> = brought.response.map(|response| kept(response.content, brought)).unwrap_or_default();
    let Some(first) = given.first() else { return Some(words::CircleCause::NotSet) };
    let returned = |cookie: &&&SetCookie| carries(next, &cookie.name);
    Some(match given.iter().find(returned) {
        Some(cookie) => words::CircleCause::NotTaken { cookie: cookie.name.clone() },
        None => words::CircleCause::NotReturned {
            cookie: first.name.clone(),
            same_site: first.same_site.clone(),
            is_secure: first.secure,
        },
    })
}

/// The last answer of the provider that the browser brought and after which it asked the application for something else.
fn followed<'w, 'a>(
    http: &'w HttpIndex<'a>,
    round: &ProviderRound,
) -> Option<(&'w HttpExchange<'a>, &'w HttpExchange<'a>)> {
    let brought =
        round.exchanges.iter().rev().filter_map(|&id| http.exchange(id)).filter(|exchange| brings_answer(exchange));
    let next =
        |brought: &HttpExchange<'a>| http.after(brought).find(|next| next.host == brought.host && next.is_visit());
    brought.into_iter().find_map(|brought| Some((brought, next(brought)?)))
}

fn kept<'a>(response: &'a nrpcsniff_dissectors::http::Response, brought: &HttpExchange<'_>) -> Vec<&'a SetCookie> {
    let now = brought.at().time.whole_seconds();
    response.set_cookies.iter().filter(|cookie| !cookie.is_gone(now)).collect()
}

fn carries(exchange: &HttpExchange<'_>, name: &str) -> bool {
    exchange.request.is_some_and(|request| request.cookies.iter().any(|cookie| cookie.name == name))
}

/// The name of a token that the browser shows unchanged in every round.
fn same_token(http: &HttpIndex<'_>, round: &ProviderRound) -> Option<String> {
    let visits = || {
        let all = round.exchanges.iter().filter_map(|&id| http.exchange(id));
        all.filter(|exchange| !brings_answer(exchange)).filter_map(|exchange| exchange.request)
    };
    let token = tokens_sent(visits().next()?.content).next()?;
    let shows =
        |cookie: &nrpcsniff_dissectors::cookie::Cookie| cookie.name == token.name && cookie.value == token.value;
    (visits().count() > 1 && visits().all(|request| request.cookies.iter().any(shows))).then(|| token.name.clone())
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::provider::{brought, sent_away, visit_app};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Message, cookie};

    const RULE: &str = "idp-circle";

    fn rounds(net: &Network, count: usize, answer: fn() -> Message) {
        let app = visit_app(net, "LtpaToken2");
        for number in 0..count {
            sent_away(net, &app, number);
            brought(&app, number, answer());
        }
    }

    #[test]
    fn sent_there_again_and_again() {
        let found = told(RULE, |net| rounds(net, 4, || http::response(302).location("/app/")));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["app.example.com", "idp.example.org", "4 times", "sets no cookie", "LtpaToken2"]);
    }

    #[test]
    fn what_the_cookies_say() {
        let kept = told(RULE, |net| {
            rounds(net, 3, || http::response(302).location("/app/").set_cookie(cookie("JSESSIONID", "a").path("/")));
        });
        says(the_one(&kept), &["sends back JSESSIONID", "does not take it"]);
        let lost = told(RULE, |net| {
            rounds(net, 3, || {
                http::response(302).location("/app/").set_cookie(cookie("JSESSIONID", "a").path("/").secure())
            });
        });
        says(the_one(&lost), &["JSESSIONID does not come back", "Secure"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 2] = [
            ("twice", |net| rounds(net, 2, || http::response(302).location("/app/"))),
            ("a page in between", |net| {
                let app = visit_app(net, "LtpaToken2");
                for number in 0..4 {
                    sent_away(net, &app, number);
                    brought(&app, number, http::response(302).location("/app/"));
                    app.ask(http::get("/app/")).reply(http::response(200).html("a page"));
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
