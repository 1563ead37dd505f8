//! The token stands in a cookie of a name that the other server does not look for.

use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all, verifier};
use crate::diagnose::words::Cookies;
use crate::diagnose::words::ltpa::name_not_expected as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tokens::consumers::{by_consumer, unexplained};
use crate::facts::tokens::{KnownToken, Showing, ShowingOutcome, ShowingRefusal, TOKEN_INVALID};
use crate::model::{Confidence, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct NameNotExpected;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-name-not-expected");

static ABOUT: About = About {
    id: ID,
    title: "A sign-on token has a name that the server does not look for",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token in a cookie called neither LtpaToken nor LtpaToken2 is shown to a server that treats the user as not logged in, \
           or a chat login with it is refused as invalid.",
    matters: "Servers look for the token by name: the user has one and is asked to log in all the same.",
    guards: &[
        "A token of the usual name stands beside it: silent.",
        "The server sets or accepts tokens of that name itself: silent.",
        "What can be read says that the token has ended, or comes from the future: silent.",
        "That the name is the reason is inferred: medium confidence at most.",
    ],
    remedy: &[
        "Domino: call the Web SSO Configuration document LtpaToken (Configuration Name is the name of the cookie), and restart the \
         HTTP task. The embedded chat client of Notes uses the default document.",
        "Or tell the others: Sametime Community server: sametime.ini, section [AuthToken], ST_TOKEN_TYPE= that name (and \
         ST_ORG_NAME=, if the document has an organisation); WebSphere Liberty: ssoCookieName of webAppSecurity; WebSphere: the name of the \
         cookie, and com.ibm.websphere.security.useOnlyCustomCookieName=true where the usual names are to be left out (PH30570).",
        "Sametime 12 and later: ENABLE_LTPA, LTPA_KEYS and LTPA_REALM in custom.env or the ConfigMap; sametime.ini is made of them.",
    ],
    references: &[
        "IBM Sametime 9 documentation: creating a Web SSO configuration document in the Domino Directory (ST_TOKEN_TYPE)",
        "HCL Domino help: creating a Web SSO configuration document",
    ],
    explains: &super::EFFECTS,
};

impl Rule for NameNotExpected {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let odd =
            unexplained(case).filter(|showing| is_about_the_token(showing) && !odd_names(case, showing).is_empty());
        by_consumer(odd).iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Of Sametime's reasons, the one that an unknown token gives.
fn is_about_the_token(showing: &Showing<'_>) -> bool {
    match showing.outcome {
        ShowingOutcome::Refused(ShowingRefusal::Reason(reason)) => reason == TOKEN_INVALID,
        _ => true,
    }
}

fn is_usual(name: &str) -> bool {
    ["LtpaToken", "LtpaToken2"].iter().any(|usual| name.eq_ignore_ascii_case(usual))
}

/// Names of the cookies that hold its tokens; of a chat login: under which the tokens were set. Nothing if one of them is
/// usual, or unknown.
fn odd_names(case: &Case<'_>, showing: &Showing<'_>) -> Vec<String> {
    let cookie_of = |known: &KnownToken<'_>| match known.cookie {
        Some(name) => Some(name.to_owned()),
        None => case.tokens().issue_of(known.token).map(|issue| issue.cookie.name.clone()),
    };
    let names: Option<Vec<String>> = showing.genuine().map(cookie_of).collect();
    // A junk or damaged token of the usual name beside it counts as well: then the name was known.
    let usual = showing.tokens.iter().any(|known| known.cookie.is_some_and(is_usual));
    names.filter(|names| !usual && !names.iter().any(|name| is_usual(name))).unwrap_or_default()
}

/// Medium at most: which names a server accepts is inferred from what it took of others, and never written in a packet.
fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let names: HashSet<String> = group.iter().flat_map(|showing| odd_names(case, showing)).collect();
    if knows(case, first, &names) {
        return None;
    }
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    let usual = uses_usual(case, first);
    let draft = Draft::new(&ABOUT, 50)
        .retry(group.len() > 1)
        .points(if usual { 10 } else { 0 })
        .at_most(Confidence::Medium)
        .says(&words::UnusualName {
            verifier: verifier(first),
            cookies: Cookies::of(names),
            clients: clients(group),
            uses_usual_name: usual,
            answers: answers(group),
        });
    let issues = group.iter().flat_map(|s| s.genuine()).filter_map(|known| case.tokens().issue_of(known.token));
    let draft = issues.take(1).fold(draft, |draft, issue| {
        name(draft, [issue.conversation])
            .packet(issue.at, format!("{} set {}", issue.host, issue.known.label()))
            .remedy_first(format!(
                "The name comes from {}: look at its Web SSO Configuration document first.",
                issue.host
            ))
    });
    Some(show_all(name_all(case, draft, group), group))
}

/// The server sets that name itself, or accepted it from anybody.
fn knows(case: &Case<'_>, showing: &Showing<'_>, names: &HashSet<String>) -> bool {
    let sets = case.tokens().own_at(showing.server.ip).is_some_and(|own| !own.names.is_disjoint(names));
    let takes = case.tokens().accepted_tokens(showing).is_some_and(|taken| !taken.names.is_disjoint(names));
    sets || takes
}

/// The server was seen to set or accept a token of the usual name.
fn uses_usual(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let sets = case.tokens().own_at(showing.server.ip).is_some_and(|own| own.names.iter().any(|name| is_usual(name)));
    let takes =
        case.tokens().accepted_tokens(showing).is_some_and(|taken| taken.names.iter().any(|name| is_usual(name)));
    sets || takes
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{
        ANN, PC, browser, chat, chat_refused, denied, domino, login, mail, meet, portal, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::ltpa::{self, MINUTE};
    use nrpcsniff_samples::{Network, http};

    const RULE: &str = "ltpa-name-not-expected";

    /// A login at the mail server that sets a token of this name.
    fn issued(net: &Network, name: &str) -> (http::Browser, String) {
        let (browser, token) = (browser(net), domino(net, ANN));
        login(&visit(&browser, &mail(net)), "asmith", vec![shared(name, &token)]);
        (browser, token)
    }

    #[test]
    fn a_page_that_looks_for_another_name() {
        let found = told(RULE, |net| {
            let (browser, _) = issued(net, "ExampleToken");
            denied(&visit(&browser, &portal(net)), "/wps/myportal");
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(
            the_one(&found),
            &[
                "portal.example.com seems not to look for a token called ExampleToken",
                "inferred",
                "The name comes from mail.example.com",
                "ST_TOKEN_TYPE",
            ],
        );
    }

    #[test]
    fn a_chat_login_with_a_token_of_that_cookie() {
        let found = told(RULE, |net| {
            let (_, token) = issued(net, "LtpaTokenTest");
            chat_refused(net, PC, ANN, &[&token], 0x8000_0015);
        });
        says(the_one(&found), &["called LtpaTokenTest"]);
    }

    #[test]
    fn the_name_that_the_server_uses_itself_is_told() {
        let found = told(RULE, |net| {
            let (browser, _) = issued(net, "ExampleToken");
            let visit = visit(&browser, &portal(net));
            denied(&visit, "/wps/myportal");
            login(&visit, "asmith", vec![shared("LtpaToken", &domino(net, ANN))]);
        });
        says(the_one(&found), &["this one was seen to use that name"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("the usual name", |net| {
                let (browser, token) = issued(net, "LtpaToken");
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
                chat_refused(net, PC, ANN, &[&token], 0x8000_0015);
            }),
            ("a token of the usual name beside it", |net| {
                let (browser, _) = issued(net, "ExampleToken");
                let browser = browser.has("example.com", "LtpaToken", &domino(net, ANN));
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
            }),
            ("the server sets that name itself", |net| {
                let (browser, _) = issued(net, "ExampleToken");
                let visit = visit(&browser, &portal(net));
                denied(&visit, "/wps/myportal");
                login(&visit, "asmith", vec![shared("ExampleToken", &domino(net, ANN))]);
            }),
            ("the server took it from another", |net| {
                let (browser, _) = issued(net, "ExampleToken");
                let other = http::Browser::new(&net.host("10.1.0.77"));
                let other = other.has("example.com", "ExampleToken", &domino(net, "CN=Bob/O=ACME"));
                served(&visit(&other, &meet(net)), "/stmeetings/");
                denied(&visit(&browser, &meet(net)), "/stmeetings/");
            }),
            ("expired", |net| {
                let old = ltpa::domino(ANN, net.now() - 90 * MINUTE, net.now() - 60 * MINUTE);
                let browser = browser(net).has("example.com", "ExampleToken", &old);
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
            }),
            ("refused for a wrong name or password", |net| {
                let (_, token) = issued(net, "ExampleToken");
                chat_refused(net, PC, ANN, &[&token], 0x8000_0211);
            }),
            ("the capture ends before the answer", |net| {
                let (_, token) = issued(net, "ExampleToken");
                chat(net, PC, ANN, &[&token]);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
