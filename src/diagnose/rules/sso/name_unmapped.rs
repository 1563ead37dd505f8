//! A good token names its user as another directory does, and the server does not know that name.

use crate::diagnose::evidence::logs::{log_of_login, refused_logins};
use crate::diagnose::evidence::tokens::{answers, name, name_all, show_all, verifier};
use crate::diagnose::words::Users;
use crate::diagnose::words::sso::name_unmapped as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::http::pages::Product;
use crate::facts::logs::TracedLogin;
use crate::facts::tokens::consumers::{by_consumer, is_timely};
use crate::facts::tokens::person::{is_administrator, is_of_ldap};
use crate::facts::tokens::{Channel, INCORRECT_LOGIN, KnownToken, Showing, ShowingOutcome, ShowingRefusal};
use crate::model::{Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct NameUnmapped;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sso-name-unmapped");

static ABOUT: About = About {
    id: ID,
    title: "A server does not know the user by the name in the sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token in its time names its user as an LDAP directory does (uid=…, dc=…); Domino or the Sametime server answers that \
           this user is not authorised, or not known. \
           Logs: a Sametime trace in which the token verifies and no search finds its user.",
    matters: "The token is good, and the user is nobody: pages ask for a login or say \"not authorized\", chat logins fail.",
    guards: &[
        "The server let in a user with such a name: names are mapped; silent.",
        "The server is neither Domino nor a Sametime Community server, as far as can be told: silent.",
        "A name as Notes writes it: silent (see ltpa-dn-mismatch).",
        "The token has ended, comes from the future, or its signature does not hold: silent.",
        "That the name is the reason is inferred: medium confidence at most.",
    ],
    remedy: &[
        "Domino: Web SSO Configuration document > \"Map names in LTPA tokens\" = Enabled, and the LDAP name as \"LTPA user name\" in \
         the Person document (or mapped by $DN in Directory Assistance). Restart the HTTP and Sametime tasks.",
        "Or add the LDAP name to the User name field of the Person document, in slashes (uid=…/ou=…/dc=…).",
        "Check that Directory Assistance of the server names the LDAP directory as trusted for authentication.",
    ],
    references: &[
        "HCL Domino help: configuring user name mapping in the SSO LTPA token",
        "IBM: guide to single sign-on of Portal, Domino and Sametime (swg21158269)",
    ],
    explains: &[
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

/// Sametime: the user is not known.
const NO_USER: u32 = 0x8000_0006;

impl Rule for NameUnmapped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let tokens = case.tokens();
        let unknown = tokens.showings().iter().filter(|showing| {
            says_unknown(showing)
                && is_of_notes(case, showing)
                && !showing.is_ambiguous()
                && foreign_name(showing).is_some()
                && showing.genuine().all(|known| is_timely(case, showing, known))
                && !tokens.was_accepted_elsewhen(showing)
        });
        by_consumer(unknown).iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let unknown = case.logs().logins().iter().filter(|login| login.not_found.is_some() && login.verified.is_some());
        unknown.filter(|login| login.accepted.is_none()).filter_map(|login| not_found(case, login)).collect()
    }
}

/// An answer that a server gives to a user it does not know, or who may not.
const fn says_unknown(showing: &Showing<'_>) -> bool {
    match showing.outcome {
        ShowingOutcome::Refused(ShowingRefusal::Reason(reason)) => matches!(reason, INCORRECT_LOGIN | NO_USER),
        ShowingOutcome::Refused(_) => true,
        _ => false,
    }
}

/// Domino or Sametime: their directory is that of Notes.
fn is_of_notes(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    match showing.channel {
        Channel::Sametime => true,
        Channel::Sip => false,
        Channel::Http { exchange, .. } => {
            case.http().exchange(exchange).is_some_and(|exchange| exchange.product() == Some(Product::Domino))
        }
    }
}

/// The LDAP name in a token that is good as far as can be told.
fn foreign_name<'s>(showing: &'s Showing<'_>) -> Option<&'s str> {
    let names = showing.genuine().filter(|known| !known.is_forged()).filter_map(KnownToken::user);
    names.into_iter().find(|user| is_of_ldap(user) && !is_administrator(user))
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let user = foreign_name(first)?;
    let mut accepted = case.tokens().accepted_at(first);
    if accepted.any(|s| foreign_name(s).is_some()) {
        return None;
    }
    let users = group.iter().filter_map(|showing| foreign_name(showing));
    let draft = Draft::new(&ABOUT, 50).retry(group.len() > 1).seen_in(group.len()).at_most(Confidence::Medium).says(
        &words::NotKnown {
            verifier: verifier(first),
            users: Users::of(users.map(|user| Some(user.to_owned()))),
            token_user: user.to_owned(),
            answers: answers(group),
        },
    );
    let issue = first.genuine().find_map(|known| case.tokens().issue_of(known.token));
    let draft = issue.into_iter().fold(draft, |draft, issue| {
        name(draft, [issue.conversation]).packet(issue.at, format!("{} set {}", issue.host, issue.known.label()))
    });
    Some(show_all(name_all(case, draft, group), group))
}

/// The token is good, and no search found its user.
fn not_found(case: &Case<'_>, login: &TracedLogin<'_>) -> Option<Testimony> {
    let (_, user) = login.not_found?;
    if case.logs().got_in_later(login) || case.logs().knows(login.first()?.log, user) {
        return None;
    }
    let draft = Draft::new(&ABOUT, if is_of_ldap(user) { 55 } else { 40 })
        .at_most(Confidence::Medium)
        .guard(login.mixed)
        .says(&words::NotFound { log: log_of_login(case, login).to_owned(), token_user: user.to_owned() });
    let testimony = Testimony::new(&ABOUT, &login.telling()).whom(user).login(login);
    Some(testimony.links(refused_logins(case, login)).alone(draft))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, let_in, not_found};
    use crate::testing::tokens::{
        ANN, PC, browser, chat, chat_refused, domino, end, keys, login, mail, portal, served, shared, unauthorized,
        visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http::Browser;
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "sso-name-unmapped";
    const UID: &str = "uid=asmith,ou=people,dc=example,dc=com";

    /// A browser with such a token asks the mail server.
    fn asks(net: &Network, user: &str, path: &str) {
        let browser = browser(net);
        login(&visit(&browser, &portal(net)), "asmith", vec![shared("LtpaToken", &domino(net, user))]);
        unauthorized(&visit(&browser, &mail(net)), path);
    }

    #[test]
    fn domino_does_not_know_an_ldap_name() {
        let found = told(RULE, |net| asks(net, UID, "/mail/asmith.nsf"));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(
            the_one(&found),
            &["mail.example.com does not know uid=asmith", "401", "Map names in LTPA tokens", "inferred"],
        );
    }

    #[test]
    fn nor_does_the_chat_server() {
        let found = told(RULE, |net| chat_refused(net, PC, "asmith", &[&domino(net, UID)], 0x8000_0211));
        says(the_one(&found), &["Sametime server 10.1.0.9:1533 does not know uid=asmith"]);
    }

    #[test]
    fn a_key_reads_the_name() {
        let story = |net: &Network| {
            let v2 = ltpa::DEMO.v2(UID, end(net));
            unauthorized(&visit(&browser(net).has("example.com", "LtpaToken2", &v2), &mail(net)), "/mail/asmith.nsf");
        };
        assert_eq!(told(RULE, story), []);
        assert_eq!(told_with(&keys(), RULE, story).len(), 1);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("a Notes name", |net| asks(net, ANN, "/mail/asmith.nsf")),
            ("no Domino server", |net| asks(net, UID, "/wps/myportal")),
            ("an administrator: another trouble", |net| {
                asks(net, "uid=wasadmin,o=defaultWIMFileBasedRealm", "/mail/x.nsf");
            }),
            ("mapped: others with such names get in", |net| {
                let other = Browser::new(&net.host("10.1.0.77"));
                let other = other.has("example.com", "LtpaToken", &domino(net, "uid=bray,ou=people,dc=example,dc=com"));
                served(&visit(&other, &mail(net)), "/mail/bray.nsf");
                asks(net, UID, "/mail/asmith.nsf");
            }),
            ("accepted under the mapped name", |net| {
                chat(net, PC, "asmith", &[&domino(net, UID)]).vp_accept(ANN, ANN);
            }),
            ("the token is invalid, not its name", |net| {
                chat_refused(net, PC, "asmith", &[&domino(net, UID)], 0x8000_0015);
            }),
            ("ended", |net| {
                let old = ltpa::domino(UID, net.now() - 90 * ltpa::MINUTE, net.now() - 60 * ltpa::MINUTE);
                chat_refused(net, PC, "asmith", &[&old], 0x8000_0211);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn a_trace_in_which_no_search_finds_the_user() {
        for (user, confidence) in
            [("uid=asmith/ou=people/dc=example", Confidence::Medium), ("CN=Ann Smith/O=ACME", Confidence::Low)]
        {
            let found = alone(&[&not_found(SOME_TIME, user)]);
            assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, confidence), "{user}");
        }
        let later =
            not_found(SOME_TIME, "CN=Ann Smith/O=ACME") + &let_in(SOME_TIME + 1_000_000_000, "CN=Ann Smith/O=ACME");
        assert_eq!(alone(&[&later]), []);
    }
}
