//! A good token names its user as another directory does, and the server does not know that name.

use super::super::identity::person::{is_administrator, is_of_ldap};
use super::super::identity::{Channel, Held, INCORRECT_LOGIN, Outcome, Refusal, Showing};
use super::super::network::listed;
use super::super::showings::{answers, by_consumer, is_timely, name, name_all, show_all};
use super::super::web::pages::Product;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct NameUnmapped;

static ABOUT: About = About {
    id: "sso-name-unmapped",
    title: "A server does not know the user by the name in the sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token in its time names its user as an LDAP directory does (uid=…, dc=…); Domino or the Sametime server answers that \
           this user is not authorised, or not known.",
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
    explains: &["st-token-refused", "sip-401-loop", "sip-403", "http-login-loop"],
};

/// Sametime: the user is not known.
const NO_USER: u32 = 0x8000_0006;

impl Rule for NameUnmapped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let identity = case.identity();
        let unknown = identity.showings().iter().filter(|showing| {
            says_unknown(showing)
                && is_of_notes(case, showing)
                && !showing.is_ambiguous()
                && foreign_name(showing).is_some()
                && showing.genuine().all(|held| is_timely(case, showing, held))
                && !identity.was_accepted_elsewhen(showing)
        });
        by_consumer(unknown).iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// An answer that a server gives to a user it does not know, or who may not.
const fn says_unknown(showing: &Showing<'_>) -> bool {
    match showing.outcome {
        Outcome::Refused(Refusal::Reason(reason)) => matches!(reason, INCORRECT_LOGIN | NO_USER),
        Outcome::Refused(_) => true,
        _ => false,
    }
}

/// Domino or Sametime: their directory is that of Notes.
fn is_of_notes(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    match showing.channel {
        Channel::Chat => true,
        Channel::Sip => false,
        Channel::Web { exchange, .. } => {
            case.web().exchanges().get(exchange).is_some_and(|exchange| exchange.product() == Some(Product::Domino))
        }
    }
}

/// The LDAP name in a token that is good as far as can be told.
fn foreign_name<'s>(showing: &'s Showing<'_>) -> Option<&'s str> {
    let names = showing.genuine().filter(|held| !held.is_forged()).filter_map(Held::user);
    names.into_iter().find(|user| is_of_ldap(user) && !is_administrator(user))
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let user = foreign_name(first)?;
    let mut accepted = case.identity().showings().iter().filter(|s| s.is_at(first) && s.is_proof());
    if accepted.any(|s| foreign_name(s).is_some()) {
        return None;
    }
    let users = listed(group.iter().filter_map(|showing| foreign_name(showing)), "users");
    let draft = Draft::new(&ABOUT, 50)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .at_most(Confidence::Medium)
        .title(format!("{} does not know {users}", first.consumer()))
        .explain(format!(
            "The token names its user {user}, as an LDAP directory writes names. {} refused it ({}), and accepted no token with such a \
             name. Nothing that can be read speaks against the token, so that its user is not known there by that name (inferred).",
            first.consumer(),
            answers(group),
        ));
    let issue = first.genuine().find_map(|held| case.identity().issue_of(held.token));
    let draft = issue.into_iter().fold(draft, |draft, issue| {
        name(draft, [issue.conversation]).packet(issue.at, format!("{} set {}", issue.host, issue.held.label()))
    });
    Some(show_all(name_all(case, draft, group), group))
}
