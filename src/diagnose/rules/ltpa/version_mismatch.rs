//! Of the two versions of WebSphere's token, the one that was shown is not the one that is taken.

use super::key_mismatch::proof;
use crate::diagnose::evidence::logs::{refused_logins, token_status, verified_well};
use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all, verifier};
use crate::diagnose::words::listed;
use crate::diagnose::words::ltpa::{TokenKind, version_mismatch as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::tokens::consumers::{by_consumer, unexplained};
use crate::facts::tokens::{Channel, INCORRECT_LOGIN, Showing, ShowingOutcome, ShowingRefusal, TOKEN_INVALID};
use crate::model::{RuleId, Severity, TokenStatusText};
use nrpcsniff_dissectors::ltpa::Class;

/// See [`ABOUT`].
pub(crate) struct VersionMismatch;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-version-mismatch");

static ABOUT: About = About {
    id: ID,
    title: "A server does not take this version of the sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login with one version of WebSphere's token alone (LtpaToken2, say) is refused as invalid, while the same server takes \
           the other version; or a Sametime server refuses a login with LtpaToken2 alone. \
           Logs: \"token verification failed\" of the same login; \"token type does not match the configuration\".",
    matters: "The servers issue and take different versions: web pages work, and chat or the softphone does not.",
    guards: &[
        "Both versions were shown together: silent (see ltpa-key-mismatch).",
        "The server took the same version before or later: silent.",
        "What can be read says that the token has ended, or the keys differ: silent.",
        "That the version is the reason is inferred, unless the other version was seen to work: medium confidence.",
    ],
    remedy: &[
        "Domino: Web SSO Configuration document > Token Format = \"LtpaToken and LtpaToken2 (all releases)\", save, restart the \
         Sametime and the HTTP task.",
        "WebSphere: Integrated Solutions Console > Security > Global security > Web and SIP security > Single sign-on (SSO): switch \
         on \"Interoperability mode\", so that both cookies are set; synchronise and restart.",
        "Import the LTPA keys again only if it still fails with both.",
    ],
    references: &[
        "HCL Sametime help: authentication by token, LtpaToken and LtpaToken2 in one login",
        "HCL Sametime 12 help: configuring LTPA with Domino (token format)",
        "IBM: WebSphere Application Server, single sign-on settings (interoperability mode)",
    ],
    explains: &super::EFFECTS,
};

impl Rule for VersionMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let alone = unexplained(case).filter(|showing| {
            version(showing).is_some() && is_about_the_token(showing) && proof(case, showing).is_none()
        });
        by_consumer(alone).iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let failed = case.logs().logins().iter().filter(|login| login.not_verified.is_some());
        let failed = failed.filter(|login| login.accepted.is_none() && !login.mixed);
        let refused = failed.map(|login| Testimony::new(&ABOUT, &login.telling()).links(refused_logins(case, login)));
        let said = token_status(case, &ABOUT, TokenStatusText::Type, |draft, logged| {
            draft.says(&words::TypeRefusalLogged { logged })
        });
        refused.chain(said).chain(verified_well(case, &ABOUT)).collect()
    }
}

/// The one version that it shows.
fn version(showing: &Showing<'_>) -> Option<Class> {
    let mut classes = showing.genuine().map(|known| known.class);
    let first = classes.next().filter(|class| matches!(class, Class::WebsphereV1 | Class::WebsphereV2))?;
    classes.all(|class| class == first).then_some(first)
}

/// It shows that version alone, or one that cannot be told.
fn may_be(showing: &Showing<'_>, class: Class) -> bool {
    let mut classes = showing.genuine().map(|known| known.class);
    classes.all(|shown| shown == class || shown == Class::Websphere) && showing.genuine().next().is_some()
}

/// Of Sametime's reasons, those that a wrong version gives.
fn is_about_the_token(showing: &Showing<'_>) -> bool {
    match showing.outcome {
        ShowingOutcome::Refused(ShowingRefusal::Reason(reason)) => matches!(reason, TOKEN_INVALID | INCORRECT_LOGIN),
        _ => true,
    }
}

/// The other version accepted at the same server is what proves it; without that only LtpaToken2 alone at Sametime is
/// told, where products are known to want the other one.
fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let shown = version(first)?;
    let same: Vec<&Showing<'_>> = group.iter().copied().filter(|s| version(s) == Some(shown)).collect();
    let accepted = || case.tokens().accepted_at(first);
    let other = if shown == Class::WebsphereV1 { Class::WebsphereV2 } else { Class::WebsphereV1 };
    let works = accepted().find(|s| s.has(other));
    let suspicious = first.channel == Channel::Sametime && shown == Class::WebsphereV2;
    if accepted().any(|s| may_be(s, shown)) || (works.is_none() && !suspicious) {
        return None;
    }
    let draft = Draft::new(&ABOUT, 50).retry(same.len() > 1).says(&words::OneVersion {
        verifier: verifier(first),
        clients: clients(&same),
        token_kind: if shown == Class::WebsphereV1 { TokenKind::WebsphereV1 } else { TokenKind::WebsphereV2 },
        accepts_other: works.is_some(),
        answers: answers(&same),
    });
    let draft = show_issues(case, show_all(name_all(case, draft, &same), &same), &same);
    Some(match works {
        Some(works) => {
            draft.names_read().packet(works.at, format!("accepted: {} with {}", works.what(), labels(works)))
        }
        None => draft,
    })
}

fn labels(showing: &Showing<'_>) -> String {
    listed(showing.tokens.iter().map(crate::facts::tokens::KnownToken::label), "tokens")
}

/// What the issuer had set for them: both versions, or only one.
fn show_issues(case: &Case<'_>, draft: Draft, group: &[&Showing<'_>]) -> Draft {
    let issue = group.iter().flat_map(|s| s.genuine()).find_map(|known| case.tokens().issue_of(known.token));
    let Some(issue) = issue else { return draft };
    let together = case.tokens().issues().filter(|other| other.exchange == issue.exchange);
    let names = listed(together.map(|other| other.cookie.name.as_str()), "cookies");
    name(draft, [issue.conversation]).packet(issue.at, format!("{} had set {names}", issue.host))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{
        SOME_TIME, alone, beside, is_of_both, let_in, lines, log_with_offset, not_verified, stusers,
    };
    use crate::testing::tokens::{
        ANN, PC, both, browser, chat, chat_refused, denied, end, login, meet, portal, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::{Network, http, ltpa};

    const RULE: &str = "ltpa-version-mismatch";

    /// A login at the portal that sets both; the two tokens.
    fn issued(net: &Network) -> (String, String) {
        let (v1, v2) = (ltpa::DEMO.v1("CN=Ann,O=ACME", end(net)), ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)));
        let set = vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1)];
        login(&visit(&browser(net), &portal(net)), "asmith", set);
        (v1, v2)
    }

    fn refused(net: &Network, tokens: &[&str]) {
        chat_refused(net, PC, ANN, tokens, 0x8000_0015);
        net.wait_secs(9);
    }

    #[test]
    fn a_chat_server_refuses_version_2_alone() {
        let found = told(RULE, |net| {
            let (_, v2) = issued(net);
            refused(net, &[&v2]);
            refused(net, &[&v2]);
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(
            the_one(&found),
            &["LtpaToken2 (version 2)", "inferred", "had set LtpaToken2 and LtpaToken", "Token Format"],
        );
    }

    #[test]
    fn the_other_version_works_there() {
        let found = told(RULE, |net| {
            let (v1, v2) = issued(net);
            chat(net, "10.1.0.51", ANN, &[&v1]).vp_accept("x", ANN);
            refused(net, &[&v2]);
        });
        assert_eq!(the_one(&found).confidence, Confidence::High);
        says(the_one(&found), &["The same server accepts LtpaToken (version 1)"]);
    }

    #[test]
    fn in_http_only_with_proof() {
        let story = |net: &Network, proof: bool| {
            let only = |name, token: &str| browser(net).has("example.com", name, token);
            let v1 = ltpa::DEMO.v1("CN=Ann,O=ACME", end(net));
            if proof {
                served(&visit(&only("LtpaToken", &v1), &meet(net)), "/stmeetings/");
            }
            let v2 = ltpa::DEMO.v2("CN=Ann,O=ACME", end(net));
            denied(&visit(&only("LtpaToken2", &v2), &meet(net)), "/stmeetings/");
        };
        assert_eq!(the_one(&told(RULE, |net| story(net, true))).confidence, Confidence::High);
        assert_eq!(told(RULE, |net| story(net, false)), []);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("both shown, accepted", |net| {
                let (v1, v2) = issued(net);
                chat(net, PC, ANN, &[&v1, &v2]).vp_accept("x", ANN);
            }),
            ("both shown, refused", |net| {
                let (v1, v2) = issued(net);
                refused(net, &[&v1, &v2]);
            }),
            ("refused once, accepted later", |net| {
                let (_, v2) = issued(net);
                refused(net, &[&v2]);
                chat(net, PC, ANN, &[&v2]).vp_accept("x", ANN);
            }),
            ("version 2 of another user is accepted", |net| {
                let (_, v2) = issued(net);
                chat(net, PC, "bob", &[&ltpa::DEMO.v2("CN=Bob,O=ACME", end(net))]).vp_accept("y", "bob");
                refused(net, &[&v2]);
            }),
            ("version 1 alone: more likely the keys", |net| {
                let (v1, _) = issued(net);
                refused(net, &[&v1]);
            }),
            ("another reason", |net| {
                let (_, v2) = issued(net);
                chat_refused(net, PC, ANN, &[&v2], 0x8000_0017);
                chat(net, PC, ANN, &[&v2]);
            }),
            ("the keys differ", |net| {
                let browser = browser(net);
                let meet = visit(&browser, &meet(net));
                login(&meet, "asmith", both(net, &ltpa::OTHER));
                served(&meet, "/stmeetings/");
                let first = ltpa::DEMO.v1("CN=Ann,O=ACME", end(net));
                let request = http::get("/stmeetings/").host("meet.example.com").cookie("LtpaToken", &first);
                let tcp = net.connect(&net.host("10.1.0.61"), &net.host("10.1.0.22"), 80);
                tcp.client(request).server(http::response(302).location("/login.jsp"));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn the_trace_of_the_server_makes_it_sure() {
        let net = Network::new();
        let (_, v2) = issued(&net);
        refused(&net, &[&v2]);
        let text = not_verified(net.now() - 9_000_000_000, ANN);
        let found = beside(&net, vec![log_with_offset("st.txt", &text, 0)]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.confidence), (RULE, Confidence::High), "{found:#?}");
        assert!(is_of_both(finding) && finding.also.iter().any(|also| *also == "st-token-refused"));
        assert_eq!(lines(finding), [1, 4, 6]);
    }

    #[test]
    fn a_token_that_the_server_verified_is_not_of_the_wrong_version() {
        let net = Network::new();
        let (_, v2) = issued(&net);
        refused(&net, &[&v2]);
        let good = "Verify LTPA/LTPA2 token succeeded";
        let begun =
            format!("VpUsrAuthenticate::handleCheckUser: authenticating user with loginName={ANN} by a single token");
        let text = stusers(net.now() - 9_000_000_000, &[&begun, good]);
        let found = beside(&net, vec![log_with_offset("st.txt", &text, 0)]);
        let finding = found.iter().find(|finding| finding.rule == RULE).unwrap();
        assert_eq!(finding.confidence, Confidence::Low);
        says(finding, &["speaks against it", good]);
    }

    #[test]
    fn domino_s_words_are_enough() {
        let text = stusers(SOME_TIME, &["SSO API> Single Sign-On token type does not match the configuration."]);
        let found = alone(&[&text]);
        assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, Confidence::High));
        assert_eq!(alone(&[&let_in(SOME_TIME, ANN)]), []);
    }
}
