//! Tokens of shared keys that name another realm than the server's own.

use crate::diagnose::evidence::logs::{token_status, verified_well};
use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all, verifier};
use crate::diagnose::words::ltpa::realm as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::tokens::consumers::{consumer, unexplained};
use crate::facts::tokens::{Issue, KnownToken, Showing};
use crate::model::{RuleId, Severity, TokenStatusText};

/// See [`ABOUT`].
pub(crate) struct Realm;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-realm");

static ABOUT: About = About {
    id: ID,
    title: "Sign-on tokens name another realm than the server's own",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "With keys given: a token opens with them and is refused by a server whose own tokens open too, and name another realm. \
           Logs: \"token contains an unknown WebSphere LDAP realm\", for which no keys are needed.",
    matters: "The keys are shared, and single sign-on fails all the same: each server takes the other's users for strangers.",
    guards: &[
        "Without keys nothing of it can be seen: silent.",
        "The server accepted a token of that realm from anybody: silent (trusted realm).",
        "The token has ended or its signature does not hold: silent.",
    ],
    remedy: &[
        "Give all cells the same realm name, letter by letter (capitals count): WebSphere Integrated Solutions Console > Security > \
         Global security > Federated repositories > Realm name; usually host:port of the LDAP directory. Restart.",
        "Domino: the LDAP Realm in the Web SSO Configuration document must be the same text; import the keys again after changing it \
         in WebSphere.",
        "Or let WebSphere trust the other realm: Global security > Trusted authentication realms - inbound.",
    ],
    references: &[
        "IBM: WebSphere Application Server, single sign-on (realm names are case sensitive and must be the same)",
        "Notes status 0x04BE (ERR_LTPA_TOKEN_WSREALM_INVALID)",
        "HCL Domino help: creating a Web SSO configuration document (LDAP Realm)",
    ],
    explains: &[
        super::version_mismatch::ID,
        crate::diagnose::rules::sso::name_unmapped::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

impl Rule for Realm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let strange = unexplained(case).filter_map(|showing| Some((showing, stranger(case, showing)?)));
        let groups = group_by(strange, |(showing, found)| (consumer(showing), found.realm));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = token_status(case, &ABOUT, TokenStatusText::Realm, |draft, logged| {
            draft.says(&words::UnknownRealmLogged { logged })
        });
        said.into_iter().chain(verified_well(case, &ABOUT)).collect()
    }
}

/// A token of another realm.
struct Stranger<'s, 'a> {
    realm: &'s str,
    /// A token that the consumer issued.
    own: &'s Issue<'a>,
    /// Realm of that.
    own_realm: &'s str,
}

fn stranger<'s, 'a>(case: &'s Case<'a>, showing: &'s Showing<'a>) -> Option<Stranger<'s, 'a>> {
    let realm = showing.genuine().filter(|known| !known.is_forged()).find_map(KnownToken::realm)?;
    let own = case.tokens().own_realm(showing)?;
    let own_realm = own.known.realm()?;
    let trusted = case.tokens().accepted_tokens(showing).is_some_and(|taken| taken.realms.contains(realm));
    (realm != own_realm && !trusted).then_some(Stranger { realm, own, own_realm })
}

fn judge_group(case: &Case<'_>, group: &[(&Showing<'_>, Stranger<'_, '_>)]) -> Option<Draft> {
    let (first, found) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let (theirs, own) = (found.realm, found.own_realm);
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(group.len() > 1)
        .says(&words::OtherRealm {
            verifier: verifier(first),
            token_realm: theirs.to_owned(),
            own_realm: own.to_owned(),
            clients: clients(&showings),
            answers: answers(&showings),
        })
        .packet(found.own.at, format!("{} set {}: realm {own}", found.own.host, found.own.known.label()));
    let issues = first.genuine().find_map(|known| case.tokens().issue_of(known.token));
    let draft = issues.into_iter().fold(draft, |draft, issue| {
        name(draft, [issue.conversation])
            .packet(issue.at, format!("{} set {}: realm {theirs}", issue.host, issue.known.label()))
    });
    Some(show_all(name_all(case, draft, &showings), &showings))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Settings;
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::tokens::{both, browser, denied, keys, login, meet, portal, served, shared, visit};
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http::{self, Browser};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-realm";
    const CAPITALS: ltpa::Keys = ltpa::Keys { realm: "LDAP.example.net:389", ..ltpa::DEMO };
    const OTHER: ltpa::Keys = ltpa::Keys { realm: "directory.example.net:636", ..ltpa::DEMO };

    /// The portal's tokens are refused by the meeting server, which then issues its own.
    fn two_cells(net: &Network, theirs: &ltpa::Keys) {
        let browser = browser(net);
        login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
        let meet = visit(&browser, &meet(net));
        denied(&meet, "/stmeetings/");
        login(&meet, "asmith", both(net, theirs));
    }

    #[test]
    fn another_realm_or_only_other_capitals() {
        let found = told_with(&keys(), RULE, |net| two_cells(net, &OTHER));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(
            the_one(&found),
            &["of realm directory.example.net:636", "of realm ldap.example.net:389", "the keys are shared"],
        );
        let found = told_with(&keys(), RULE, |net| two_cells(net, &CAPITALS));
        says(the_one(&found), &["the same but for capitals"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [(Story, Settings); 6] = [
            (("without keys", |net| two_cells(net, &OTHER)), Settings::default()),
            (("the same realm", |net| two_cells(net, &ltpa::DEMO)), keys()),
            (("tokens of other keys do not open", |net| two_cells(net, &ltpa::OTHER)), keys()),
            (
                ("a realm that the server trusts", |net| {
                    let known = Browser::new(&net.host("10.1.0.77"));
                    let other = ltpa::DEMO.v2("CN=Bob,O=ACME", net.now() + ltpa::MINUTE);
                    served(&visit(&known.has("example.com", "LtpaToken2", &other), &meet(net)), "/stmeetings/");
                    two_cells(net, &OTHER);
                }),
                keys(),
            ),
            (
                ("ended", |net| {
                    let browser = browser(net);
                    let old = ltpa::DEMO.v2("CN=Ann,O=ACME", net.now() - ltpa::MINUTE);
                    login(&visit(&browser, &portal(net)), "asmith", vec![shared("LtpaToken2", &old)]);
                    let meet = visit(&browser, &meet(net));
                    denied(&meet, "/stmeetings/");
                    login(&meet, "asmith", both(net, &OTHER));
                }),
                keys(),
            ),
            (
                ("the capture ends before the answer", |net| {
                    let browser = browser(net);
                    login(&visit(&browser, &meet(net)), "asmith", both(net, &OTHER));
                    login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
                    visit(&browser, &meet(net)).ask(http::get("/stmeetings/"));
                }),
                keys(),
            ),
        ];
        for ((name, story), settings) in stories {
            assert_eq!(told_with(&settings, RULE, story), [], "{name}");
        }
        assert_eq!(told(RULE, |net| two_cells(net, &CAPITALS)), []);
    }

    #[test]
    fn domino_s_console_is_enough() {
        let found = alone(&[&console(
            SOME_TIME,
            &["HTTP Server: Started", "Single Sign-On token contains an unknown WebSphere LDAP realm"],
        )]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.severity), (RULE, Severity::Major));
        assert_eq!(crate::testing::logs::lines(finding), [2]);
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP Server: Started"])]), []);
    }
}
