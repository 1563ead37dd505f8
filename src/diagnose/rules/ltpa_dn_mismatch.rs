//! One user, two names: the servers write the same person differently.

use super::super::identity::person::{Likeness, compare, difference};
use super::super::identity::{Channel, Held, Issue, Outcome, Refusal, Showing};
use super::super::network::{group_by, listed};
use super::super::showings::{answers, is_timely, name, name_all, show_all};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Severity, Stamp};

/// See [`ABOUT`].
pub struct DnMismatch;

static ABOUT: About = About {
    id: "ltpa-dn-mismatch",
    title: "Two servers know the same user by two names",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "Two names of one user: in two tokens of one browser, in a token and the login that carries it, in two tokens of one \
           request. One has a component more (C=US, O=…) or a blank more than the other. A login with such a token is refused.",
    matters: "Directories compare names by their text: the user of one server is unknown to the other, and single sign-on works one \
              way only.",
    guards: &[
        "Comma and slash notation, case and order of the components are only notation: silent.",
        "The login is accepted: the names are mapped; silent.",
        "Short names and mail addresses say nothing about a full name: silent.",
        "Nothing is refused: silent.",
        "Another user's token from the same address (behind a NAT): names must begin alike; silent.",
    ],
    remedy: &[
        "WebSphere: Integrated Solutions Console > Security > Global security > Federated repositories > the Domino repository: base \
         entry in the realm = the Domino organisation (o=ACME), base entry in the repository = empty. Save, synchronise, restart \
         the deployment manager and the nodes.",
        "In wimconfig.xml of the deployment manager, let the unique user id be the external name: uniqueUserIdMapping with \
         propertyForInput=\"externalName\" and propertyForOutput=\"externalName\". Look again after every change in the console, \
         which may overwrite it.",
        "Else map the names: Web SSO Configuration document > \"Map names in LTPA tokens\" = Enabled, with the LTPA user name in each \
         Person document, or $DN in Directory Assistance.",
        "A blank too many: correct the name in the Person document or in the LDAP directory.",
    ],
    references: &[
        "C. Benner, collaborationben.com: Sametime single sign-on and /C=US in names (federated repositories)",
        "HCL Domino help: configuring user name mapping in the SSO LTPA token",
        "RFC 4514 (string representation of distinguished names)",
    ],
    explains: &["sso-name-unmapped", "st-token-refused", "sip-401-loop", "sip-403", "sip-5xx", "http-login-loop"],
};

impl Rule for DnMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = case.identity().showings().iter().filter(|showing| concerns_names(case, showing));
        let pairs = refused.filter_map(|showing| Some((showing, pair_of(case, showing)?)));
        let groups = group_by(pairs, |(_, pair)| pair.difference.clone());
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Refused, by a server that may not know the user by that name.
fn concerns_names(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let forbidden = showing.outcome == Outcome::Refused(Refusal::Status(403)) && showing.channel == Channel::Sip;
    (showing.is_doubted() || forbidden)
        && !showing.is_ambiguous()
        && showing.genuine().all(|held| is_timely(case, showing, held))
        && !case.identity().was_accepted_elsewhen(showing)
}

/// Two names of one user, and where they stand.
struct Pair {
    first: (Stamp, String, String),
    second: (Stamp, String, String),
    difference: String,
}

/// The name in a refused token, against the others that its user has there: in the request, or in a token that the same
/// browser got elsewhere.
fn pair_of(case: &Case<'_>, showing: &Showing<'_>) -> Option<Pair> {
    let (held, user) = showing.genuine().find_map(|held| Some((held, held.user()?)))?;
    let here = (showing.at, format!("token in the {}", showing.what()), user.to_owned());
    let beside = showing.genuine().filter(|other| other.token.fingerprint != held.token.fingerprint);
    let beside =
        beside.filter_map(Held::user).map(|user| (showing.at, "other token there".to_owned(), user.to_owned()));
    let claim =
        showing.claim.iter().map(|claim| (showing.at, format!("name in the {}", showing.what()), claim.clone()));
    let elsewhere = issues_beside(case, showing, held)
        .filter_map(|issue| Some((issue.at, format!("token that {} set", issue.host), issue.held.user()?.to_owned())));
    beside.chain(claim).chain(elsewhere).find_map(|other| {
        let (first, second) = (&other.2, &here.2);
        let alike =
            matches!(compare(first, second), Likeness::Longer { .. } | Likeness::Blanks | Likeness::SameCommonName);
        let difference = difference(first, second).filter(|_| alike)?;
        Some(Pair { first: other, second: here.clone(), difference })
    })
}

/// Tokens that the browser of this one was given as well; where the browser is not known, what its address was given.
fn issues_beside<'s, 'a>(
    case: &'s Case<'a>,
    showing: &'s Showing<'a>,
    held: &Held<'a>,
) -> impl Iterator<Item = &'s Issue<'a>> {
    let print = held.token.fingerprint;
    let browser = match (case.identity().issue_of(held.token), showing.channel) {
        (Some(own), _) => Some(own.browser),
        (None, Channel::Web { browser, .. }) => Some(browser),
        (None, _) => None,
    };
    let theirs = browser.map(|browser| case.identity().issues_for(browser));
    let at_address = browser.is_none().then(|| case.identity().issues_to(showing.client));
    let all = theirs.into_iter().flatten().chain(at_address.into_iter().flatten());
    all.filter(move |issue| issue.held.token.fingerprint != print)
}

fn judge_group(case: &Case<'_>, group: &[(&Showing<'_>, Pair)]) -> Option<Draft> {
    let (_, pair) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let (one, other) = (&pair.first.2, &pair.second.2);
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(group.len() > 1)
        .seen_in(group.len())
        .title(format!("One user, two names: {one} and {other}"))
        .explain(format!(
            "The {} names the user {one}, the {} names {other}: {}. To a directory these are two persons. {} refused the token.",
            pair.first.1,
            pair.second.1,
            pair.difference,
            refusers(&showings),
        ));
    let draft = [&pair.first, &pair.second]
        .into_iter()
        .fold(draft, |draft, (at, place, user)| draft.packet(*at, format!("{place}: {user}")));
    let issues = showings.iter().flat_map(|showing| showing.genuine());
    let issues = issues.filter_map(|held| case.identity().issue_of(held.token));
    let draft = name(draft, issues.map(|issue| issue.conversation));
    Some(show_all(name_all(case, draft, &showings), &showings))
}

/// "Sametime server 10.1.0.9:1533 (session closed with reason 0x80000211) and mail.example.com (401 Unauthorized)".
fn refusers(showings: &[&Showing<'_>]) -> String {
    let groups = group_by(showings.iter().copied(), |showing| showing.consumer());
    let refuser = |group: &Vec<&Showing<'_>>| {
        let server = group.first().map(|showing| showing.consumer()).unwrap_or_default();
        format!("{server} ({})", answers(group))
    };
    listed(groups.iter().map(refuser), "servers")
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{
        ANN, ANN_LDAP, BOB, PC, browser, chat, chat_refused, denied, domino, end, keys, login, mail, portal, served,
        shared, unauthorized, visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http::{Browser, cookie};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-dn-mismatch";
    const ABROAD: &str = "CN=Ann Smith/O=ACME/C=US";

    /// The mail server names her so, the portal otherwise; the portal's token.
    fn two_issuers(net: &Network, one: &str, other: &str) -> String {
        let browser = browser(net);
        login(&visit(&browser, &mail(net)), "asmith", vec![cookie("LtpaToken", &domino(net, one)).path("/")]);
        let token = domino(net, other);
        login(&visit(&browser, &portal(net)), "asmith", vec![shared("LtpaToken", &token)]);
        token
    }

    fn chat_fails(net: &Network, one: &str, other: &str) {
        let token = two_issuers(net, one, other);
        chat_refused(net, PC, other, &[&token], 0x8000_0211);
    }

    #[test]
    fn one_server_adds_the_country() {
        let found = told(RULE, |net| chat_fails(net, ANN, ABROAD));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(
            the_one(&found),
            &[
                "CN=Ann Smith/O=ACME and CN=Ann Smith/O=ACME/C=US",
                "C=US more",
                "Federated repositories",
                "uniqueUserIdMapping",
                "Map names in LTPA tokens",
            ],
        );
    }

    #[test]
    fn each_server_with_its_own_answer() {
        let refused =
            "Sametime server 10.1.0.9:1533 (session closed with reason 0x80000211) and mail.example.com (302 Found";
        let finding = crate::testing::one(&crate::diagnose::web::story::sample("st-two-names"), RULE);
        says(&finding, &[refused]);
    }

    #[test]
    fn a_blank_or_another_organisation_too() {
        says(the_one(&told(RULE, |net| chat_fails(net, ANN, "CN=Ann  Smith/O=ACME"))), &["number of blanks"]);
        says(the_one(&told(RULE, |net| chat_fails(net, ANN, "CN=Ann Smith/O=Other"))), &["common name is the same"]);
    }

    #[test]
    fn a_login_under_another_name_than_the_token_s() {
        let found = told(RULE, |net| chat_refused(net, PC, ANN, &[&domino(net, ABROAD)], 0x8000_0015));
        says(the_one(&found), &["name in the chat login"]);
    }

    #[test]
    fn keys_make_the_other_token_readable() {
        let story = |net: &Network| {
            let browser = browser(net);
            let v2 = ltpa::DEMO.v2("CN=Ann Smith,O=ACME,C=US", end(net));
            let set = vec![shared("LtpaToken", &domino(net, ANN)), shared("LtpaToken2", &v2)];
            login(&visit(&browser, &portal(net)), "asmith", set);
            denied(&visit(&browser, &mail(net)), "/mail/asmith.nsf");
        };
        assert_eq!(told(RULE, story), []);
        assert_eq!(told_with(&keys(), RULE, story).len(), 1);
    }

    #[test]
    fn it_explains_what_follows() {
        let all = {
            let net = Network::new();
            let token = two_issuers(&net, "uid=ann,dc=example,dc=com", "uid=ann,ou=people,dc=example,dc=com");
            let mail = visit(&browser(&net).has("example.com", "LtpaToken", &token), &mail(&net));
            unauthorized(&mail, "/mail/ann.nsf");
            crate::testing::findings(&net.to_pcapng())
        };
        let finding = all.iter().find(|finding| finding.rule == RULE).expect("two names");
        assert!(finding.also.contains(&"sso-name-unmapped"), "{all:#?}");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("only another notation", |net| chat_fails(net, ANN, ANN_LDAP)),
            ("abbreviated", |net| chat_refused(net, PC, "Ann Smith/ACME", &[&domino(net, ANN)], 0x8000_0015)),
            ("a short name", |net| chat_refused(net, PC, "asmith", &[&domino(net, ANN)], 0x8000_0015)),
            ("mapped: the login is accepted", |net| {
                let token = two_issuers(net, ANN, ABROAD);
                chat(net, PC, ABROAD, &[&token]).vp_accept(ANN, ANN);
            }),
            ("nothing was refused", |net| {
                let browser = browser(net);
                login(&visit(&browser, &mail(net)), "asmith", vec![cookie("LtpaToken", &domino(net, ANN)).path("/")]);
                let portal = visit(&browser, &portal(net));
                login(&portal, "asmith", vec![shared("LtpaToken", &domino(net, ABROAD))]);
                served(&portal, "/wps/myportal");
            }),
            ("another user behind the same NAT", |net| {
                let other = Browser::new(&net.host(PC)).agent("Other/1.0");
                login(&visit(&other, &mail(net)), "bray", vec![shared("LtpaToken", &domino(net, BOB))]);
                chat_refused(net, PC, ANN, &[&domino(net, ANN)], 0x8000_0211);
            }),
            ("the capture ends before the answer", |net| {
                let token = two_issuers(net, ANN, ABROAD);
                chat(net, PC, ABROAD, &[&token]);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
