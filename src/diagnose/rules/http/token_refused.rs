//! A token that a web server refuses, for a reason that no other rule knows.

use crate::diagnose::evidence::attempts::{alike, draft};
use crate::diagnose::words::Failure;
use crate::diagnose::words::http::token_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::facts::tokens::{KnownToken, Showing};
use crate::model::{Attempt, AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct TokenRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-token-refused");

static ABOUT: About = About {
    id: ID,
    title: "A web server refuses a sign-on token",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A request carries the token of an earlier login (an LTPA token, a web token of Sametime, a bearer token), and is \
           answered by 401, 403, a login page or a login form.",
    matters: "Single sign-on does not work at that server: the user has to log in again, or does not get in at all.",
    guards: &[
        "Keys, realm, version, name, time or domain of the token explain it: told by their own rules, not here.",
        "A redirect to an identity provider, an error of the server (5xx), a page that is not there: say nothing of the token.",
        "The same browser is shown that page later: minor. The client's tokens are taken elsewhere later: major.",
        "A page that cannot be read, and what the capture lacks, is not known to have failed: silent.",
    ],
    remedy: &[
        "Give the keys of the issuer with --ltpa-keys: they tell whether the token is genuine, when it ends, and which user and \
         realm it names.",
        "Read the log of the server that refused at that time: WebSphere and Liberty name the cause (CWWKS4001I, SECJ0369E), \
         Domino does with debug_sso_trace_level=2 in notes.ini.",
        "Compare what both servers have set up for single sign-on: keys, realm, token version, and the directory in which the \
         user is looked up.",
        "A web token: compare the end that stands in it (exp) with the clock, and whether its renewal is refused, too.",
    ],
    references: &[
        "HCL Domino: multi-server session-based authentication (single sign-on)",
        "WebSphere: troubleshooting single sign-on; Liberty: CWWKS messages",
    ],
    explains: &[],
};

impl Rule for TokenRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let told = alike(lost.of(AttemptKind::HttpToken)).into_iter().filter_map(|group| {
            let showing = group.iter().find_map(|attempt| showing(case, attempt));
            let issue = showing.and_then(|s| s.genuine().find_map(|known| case.tokens().issue_of(known.token)));
            let before = |at| issue.map(|issue| (issue.host.clone(), issue.at, at));
            let issued = showing.and_then(|showing| before(showing.at));
            let said = words::RefusedToken {
                failure: Failure::of(&group)?,
                tokens: showing.map(|s| s.tokens.iter().map(KnownToken::label).collect()).unwrap_or_default(),
                token_issuer: issued.as_ref().map(|(host, ..)| host.clone()),
                token_age_s: issued.and_then(|(_, set, shown)| Some(shown.lasted_since(set)?.as_secs_f64())),
            };
            let draft = draft(case, &ABOUT, lost, &group);
            Some(
                issue
                    .map_or(draft.clone(), |issue| {
                        draft.packet(issue.at, format!("{} sets {}", issue.host, issue.known.label()))
                    })
                    .says(&said),
            )
        });
        told.collect()
    }
}

/// The tokens of such an attempt.
fn showing<'c, 'a>(case: &'c Case<'a>, attempt: &Attempt) -> Option<&'c Showing<'a>> {
    let all = case.tokens().showings();
    let from = all.partition_point(|showing| showing.at.time < attempt.at.time);
    let at_once = all.get(from..)?.iter().take_while(|showing| showing.at.time == attempt.at.time);
    at_once.into_iter().find(|showing| showing.at.frame == attempt.at.frame)
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{
        ANN_LDAP, browser, denied, end, login, meet, portal, served, shared, unauthorized, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::http::{self, Browser, cookie};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "http-token-refused";

    /// A browser that the portal has given a token of version 2.
    fn signed_in(net: &Network) -> Browser {
        let user = browser(net);
        login(&visit(&user, &portal(net)), "asmith", vec![shared("LtpaToken2", &ltpa::DEMO.v2(ANN_LDAP, end(net)))]);
        user
    }

    #[test]
    fn one_token_of_one_issuer_that_nothing_explains() {
        let found = told(RULE, |net| {
            let user = signed_in(net);
            unauthorized(&visit(&user, &meet(net)), "/homepage/");
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["meet.example.com", "401 Unauthorized", "LtpaToken2", "portal.example.com", "--ltpa-keys"]);
    }

    #[test]
    fn a_web_token_of_sametime() {
        let found = told(RULE, |net| {
            let user =
                browser(net).has("example.com", "sametimeJwt", "\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln\"");
            let chat = visit(&user, &meet(net));
            for _ in 0..2 {
                chat.wait(5000).ask(http::get("/sametime-auth/api/v1/check")).reply(http::response(401).json("{}"));
            }
        });
        says(the_one(&found), &["meet.example.com", "401 Unauthorized"]);
    }

    #[test]
    fn the_user_logs_in_once_more() {
        let found = told(RULE, |net| {
            let meet = visit(&signed_in(net), &meet(net));
            denied(&meet, "/homepage/");
            net.wait_secs(100);
            login(&meet, "asmith", vec![cookie("JSESSIONID", "0000a:-1").path("/")]);
            served(&meet, "/homepage/");
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("taken", |net| served(&visit(&signed_in(net), &meet(net)), "/homepage/")),
            ("no token at all", |net| unauthorized(&visit(&browser(net), &meet(net)), "/homepage/")),
            ("sent to an identity provider", |net| {
                let away = http::response(302).location("https://idp.example.org/auth?client_id=a&state=b");
                visit(&signed_in(net), &meet(net)).ask(http::get("/homepage/")).reply(away);
            }),
            ("an error of the server", |net| {
                visit(&signed_in(net), &meet(net)).ask(http::get("/homepage/")).reply(http::response(500));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
