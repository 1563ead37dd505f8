//! Tokens that scripts may not read, from a host whose pages need a script to read them.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::tokens::name;
use crate::diagnose::words::Cookies;
use crate::diagnose::words::ltpa::httponly_script as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::pages::Product;
use crate::facts::tokens::Issue;
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct HttpOnlyScript;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-httponly-script");

static ABOUT: About = About {
    id: ID,
    title: "Sign-on tokens are HttpOnly where a softphone's script may need them",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "Set-Cookie of LtpaToken or LtpaToken2 with HttpOnly from a host that serves Sametime's meeting or audio and video \
           pages as well.",
    matters: "Sametime 8.5 and 9 hand the token to the softphone by a script of the page, which HttpOnly forbids: audio and video \
              then fail with LtpaToken=\"undefined\". Current products need no script access, and HttpOnly is right for them.",
    guards: &[
        "The host shows itself as Sametime 11 or 12 (sametimeJwt, /sametime-auth): silent.",
        "The host serves no meeting or audio and video page in the capture: silent.",
        "Deletions of cookies are no tokens: silent.",
    ],
    remedy: &["Nothing, as long as audio and video work in the browser. If they do not, see ltpa-undefined-sip."],
    references: &[
        "IBM: WebSphere Application Server, single sign-on settings (Set security cookies to HTTPOnly)",
        "RFC 6265 section 5.2.6 (HttpOnly)",
    ],
    explains: &[],
};

impl Rule for HttpOnlyScript {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let hidden = case.tokens().issues().filter(|issue| issue.cookie.http_only && issue.known.is_genuine());
        let groups = group_by(hidden, |issue| issue.host.as_str());
        groups.iter().filter_map(|group| judge_host(case, group)).collect()
    }
}

fn judge_host(case: &Case<'_>, group: &[&Issue<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let served = || case.http().of_host(&first.host);
    let page = served().find(|exchange| needs_script(exchange))?;
    if served().any(is_current) {
        return None;
    }
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .says(&words::Hidden {
            token_issuer: first.host.clone(),
            cookies: Cookies::of(group.iter().map(|issue| issue.cookie.name.as_str())),
            path: page.path().to_owned(),
        })
        .packet(page.at(), format!("{} of {}", page.line(), page.client()));
    let draft = name(draft, group.iter().map(|issue| issue.conversation));
    Some(each(draft, group, "tokens", |draft, issue| {
        draft.packet(issue.at, format!("Set-Cookie {} with HttpOnly", issue.known.label()))
    }))
}

/// A page of meetings, or of audio and video.
fn needs_script(exchange: &crate::facts::http::HttpExchange<'_>) -> bool {
    exchange.product() == Some(Product::Meeting) || exchange.path().to_ascii_lowercase().starts_with("/stwebav")
}

/// Sametime 11 and 12 sign on with web tokens of their own.
fn is_current(exchange: &crate::facts::http::HttpExchange<'_>) -> bool {
    let web_token =
        |name: &str| name.eq_ignore_ascii_case("sametimeJwt") || name.eq_ignore_ascii_case("sametimeRefresh");
    let sent = exchange.request.is_some_and(|r| r.content.cookies.iter().any(|cookie| web_token(&cookie.name)));
    let granted = exchange.response.is_some_and(|r| r.content.set_cookies.iter().any(|cookie| web_token(&cookie.name)));
    sent || granted || exchange.path().starts_with("/sametime-auth")
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::tokens::{browser, domino, login, meet, portal, served, shared, visit};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Cookie};

    const RULE: &str = "ltpa-httponly-script";

    fn hidden(net: &Network) -> Cookie {
        shared("LtpaToken", &domino(net, "CN=Ann Smith/O=ACME")).http_only()
    }

    fn meeting(net: &Network, cookie: Cookie) {
        let visit = visit(&browser(net), &meet(net));
        login(&visit, "asmith", vec![cookie]);
        served(&visit, "/stmeetings/room");
    }

    #[test]
    fn a_hidden_token_beside_a_meeting_page_is_information() {
        let found = told(RULE, |net| meeting(net, hidden(net)));
        assert_eq!(the_one(&found).severity, Severity::Info);
        assert!(the_one(&found).title.contains("meet.example.com sets LtpaToken with HttpOnly"));
        let av = told(RULE, |net| {
            let visit = visit(&browser(net), &portal(net));
            login(&visit, "asmith", vec![hidden(net)]);
            served(&visit, "/stwebav/WebAVServlet");
        });
        assert_eq!(av.len(), 1);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("scripts may read it", |net| meeting(net, shared("LtpaToken", &domino(net, "CN=Ann Smith/O=ACME")))),
            ("no page that needs a script", |net| {
                let visit = visit(&browser(net), &portal(net));
                login(&visit, "asmith", vec![hidden(net)]);
                served(&visit, "/wps/myportal");
            }),
            ("Sametime 12", |net| {
                let visit = visit(&browser(net), &meet(net));
                login(&visit, "asmith", vec![hidden(net), shared("sametimeJwt", "eyJhbGciOiJub25lIn0.e30.x")]);
                served(&visit, "/stmeetings/room");
            }),
            ("a deletion", |net| {
                let visit = visit(&browser(net), &meet(net));
                let gone = shared("LtpaToken", "").http_only().max_age(0);
                visit.ask(http::get("/stmeetings/logout")).reply(http::response(200).set_cookie(gone));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
