//! The token is somebody else's: of an administrator, or of whom the browser belonged to before.

use crate::diagnose::evidence::tokens::{name, name_all};
use crate::diagnose::words::ltpa::wrong_identity as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::tokens::person::{PersonLikeness, compare, is_administrator, is_of_ldap};
use crate::facts::tokens::{Issue, KnownToken, Showing, ShowingOutcome};
use crate::model::{Confidence, Conversation, RuleId, Severity, Stamp};

/// See [`ABOUT`].
pub(crate) struct WrongIdentity;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-wrong-identity");

static ABOUT: About = About {
    id: ID,
    title: "A sign-on token names another person than the one who logs in",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login as one user is answered with a token of another; or a chat login or SIP request of one user carries the token of \
           another: an administrator of WebSphere's file registry (wasadmin, o=defaultWIMFileBasedRealm), or some other person. Or \
           two tokens in one request name two persons.",
    matters: "The user acts under another's name and rights, or is refused because the two do not fit.",
    guards: &[
        "Only what stands in one request, or in a login and its answer, is compared: another user's token from the same address \
         (behind a NAT, on a shared machine) is nobody's fault; silent.",
        "Short names, mail addresses and LDAP names that may be mapped say nothing against a Notes name: silent.",
        "The administrator logs in himself: silent.",
        "The server accepted the login under the name that was given: silent.",
    ],
    remedy: &[
        "Log out at all servers, close every window of the browser, and log in again: the token may be left from another user.",
        "WebSphere: the same short name must not be in two repositories. Integrated Solutions Console > Security > Global security > \
         Federated repositories: remove the user from the file registry (defaultWIMFileBasedRealm), or give the administrator a \
         name that no user has.",
    ],
    references: &[
        "C. Benner, collaborationben.com: a trace that shows the file system administrator instead of the user (2014)",
        "IBM: WebSphere Application Server, federated repositories (unique user names across repositories)",
    ],
    explains: &[
        crate::diagnose::rules::sso::name_unmapped::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

impl Rule for WrongIdentity {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let tokens = case.tokens();
        let shown = tokens.showings().iter().filter_map(Clash::shown);
        let mut found: Vec<Clash<'_, '_>> = tokens.issues().filter_map(Clash::issued).chain(shown).collect();
        found.sort_by_key(|clash| (clash.at.time, clash.at.frame));
        let groups = group_by(found, |clash| (clash.expected.to_lowercase(), clash.token_user.to_lowercase()));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// A user, and the name in the token.
struct Clash<'s, 'a> {
    at: Stamp,
    conversation: &'a Conversation,
    /// Where both stand.
    place: String,
    expected: &'s str,
    token_user: &'s str,
    showing: Option<&'s Showing<'a>>,
}

impl<'s, 'a> Clash<'s, 'a> {
    fn issued(issue: &'s Issue<'a>) -> Option<Self> {
        let (expected, token_user) = (issue.login?, issue.known.user()?);
        clashes(expected, token_user).then(|| Self {
            at: issue.at,
            conversation: issue.conversation,
            place: format!("{} set {} in answer to the login of {expected}", issue.host, issue.known.label()),
            expected,
            token_user,
            showing: None,
        })
    }

    fn shown(showing: &'s Showing<'a>) -> Option<Self> {
        if showing.is_ambiguous() {
            return None;
        }
        let users: Vec<&str> = showing.genuine().filter_map(KnownToken::user).collect();
        let claim = showing.claim.as_deref().filter(|claim| !is_known_as(showing, claim));
        let by_claim = claim.and_then(|claim| Some((claim, *users.iter().find(|user| clashes(claim, user))?)));
        let two = users.first().and_then(|one| Some((*one, *users.iter().find(|other| clashes(one, other))?)));
        let (expected, token_user) = by_claim.or(two)?;
        Some(Self {
            at: showing.at,
            conversation: showing.conversation,
            place: format!("{} of {expected} carries a token of {token_user}", showing.what()),
            expected,
            token_user,
            showing: Some(showing),
        })
    }
}

/// The server accepted the login under that name: it knows what belongs together.
fn is_known_as(showing: &Showing<'_>, claim: &str) -> bool {
    showing.outcome == ShowingOutcome::Accepted
        && showing.accepted_as.iter().any(|name| compare(claim, name) == PersonLikeness::Same)
}

/// Are these two persons, beyond what notation and mapping can explain?
fn clashes(expected: &str, token_user: &str) -> bool {
    if expected == token_user {
        return false;
    }
    let likeness = compare(expected, token_user);
    let of_admin = is_administrator(token_user) && !is_administrator(expected);
    match likeness {
        PersonLikeness::Unknown => of_admin,
        PersonLikeness::Different => of_admin || is_of_ldap(expected) == is_of_ldap(token_user),
        _ => false,
    }
}

fn judge_group(case: &Case<'_>, group: &[Clash<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let admin = is_administrator(first.token_user);
    let was_refused = group.iter().any(|clash| clash.showing.is_some_and(Showing::is_refused));
    let draft = Draft::new(&ABOUT, 50)
        .points(if admin { 10 } else { 0 })
        .retry(group.len() > 1)
        .at_most(Confidence::Medium)
        .says(&words::OtherPerson {
            user: first.expected.to_owned(),
            token_user: first.token_user.to_owned(),
            names_administrator: admin,
            was_refused,
        });
    let showings: Vec<&Showing<'_>> = group.iter().filter_map(|clash| clash.showing).collect();
    let draft = name(draft, group.iter().map(|clash| clash.conversation));
    let draft = group.iter().take(4).fold(draft, |draft, clash| draft.packet(clash.at, clash.place.clone()));
    Some(name_all(case, draft, &showings))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{
        ANN, BOB, PC, browser, chat, chat_refused, domino, login, meet, register, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::Browser;

    const RULE: &str = "ltpa-wrong-identity";
    const ADMIN: &str = "uid=wasadmin,o=defaultWIMFileBasedRealm";

    fn logs_in(net: &Network, browser: &Browser, user: &str, token_user: &str) {
        let visit = visit(browser, &meet(net));
        login(&visit, user, vec![shared("LtpaToken", &domino(net, token_user))]);
        served(&visit, "/stmeetings/");
    }

    #[test]
    fn a_user_logs_in_and_becomes_the_administrator() {
        let found = told(RULE, |net| logs_in(net, &browser(net), "asmith", ADMIN));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(the_one(&found), &["asmith has the sign-on token of uid=wasadmin", "an administrator of WebSphere"]);
    }

    #[test]
    fn a_softphone_or_chat_client_with_the_administrator_s_token() {
        let phone = told(RULE, |net| drop(register(net, PC, ("LtpaToken", &domino(net, ADMIN)), Some(403))));
        says(the_one(&phone), &["ann@example.com", "The server refused it"]);
        assert_eq!(the_one(&phone).also, ["sip-403"]);
        let chat = told(RULE, |net| chat_refused(net, PC, ANN, &[&domino(net, ADMIN)], 0x8000_0211));
        assert_eq!(chat.len(), 1);
    }

    #[test]
    fn two_persons_in_one_login() {
        let found = told(RULE, |net| chat_refused(net, PC, ANN, &[&domino(net, BOB)], 0x8000_0015));
        says(the_one(&found), &["CN=Ann Smith/O=ACME has the sign-on token of CN=Bob Ray/O=ACME"]);
        let found = told(RULE, |net| {
            let other = domino(net, BOB);
            let browser = browser(net).has("example.com", "LtpaToken", &domino(net, ANN));
            served(&visit(&browser.has("example.com", "LtpaTokenTest", &other), &meet(net)), "/stmeetings/");
        });
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("the user herself", |net| logs_in(net, &browser(net), ANN, "cn=Ann Smith,o=ACME")),
            ("a short name", |net| logs_in(net, &browser(net), "asmith", ANN)),
            ("the administrator himself", |net| logs_in(net, &browser(net), "wasadmin", ADMIN)),
            ("a mapped name", |net| logs_in(net, &browser(net), ANN, "uid=asmith,ou=people,dc=example,dc=com")),
            ("an address of record", |net| drop(register(net, PC, ("LtpaToken", &domino(net, ANN)), Some(200)))),
            ("accepted under the name that was given", |net| {
                chat(net, PC, ANN, &[&domino(net, BOB)]).vp_accept(ANN, ANN);
            }),
            ("another user behind the same NAT", |net| {
                logs_in(net, &browser(net), ANN, ANN);
                logs_in(net, &Browser::new(&net.host(PC)).agent("Other/1.0"), "Bob Ray", BOB);
                chat(net, PC, ANN, &[&domino(net, ANN)]).vp_accept(ANN, ANN);
            }),
            ("another user of a shared machine", |net| {
                let browser = browser(net);
                logs_in(net, &browser, "Bob Ray", BOB);
                logs_in(net, &browser, "Ann Smith", ANN);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
