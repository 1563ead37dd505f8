//! Of the two versions of WebSphere's token, the one that was shown is not the one that is taken.

use super::super::identity::{Channel, INCORRECT_LOGIN, Outcome, Refusal, Showing, TOKEN_INVALID};
use super::super::network::listed;
use super::super::showings::{answers, by_consumer, clients, name, name_all, show_all, unexplained};
use super::super::{About, Case, Draft, Layer, Rule};
use super::ltpa_key_mismatch::proof;
use crate::model::Severity;
use nrpcsniff_dissectors::ltpa::Class;

/// See [`ABOUT`].
pub struct VersionMismatch;

static ABOUT: About = About {
    id: "ltpa-version-mismatch",
    title: "A server does not take this version of the sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login with one version of WebSphere's token alone (LtpaToken2, say) is refused as invalid, while the same server takes \
           the other version; or a Sametime server refuses a login with LtpaToken2 alone.",
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
    explains: &super::super::showings::EFFECTS,
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
}

/// The one version that it shows.
fn version(showing: &Showing<'_>) -> Option<Class> {
    let mut classes = showing.genuine().map(|held| held.class);
    let first = classes.next().filter(|class| matches!(class, Class::WebsphereV1 | Class::WebsphereV2))?;
    classes.all(|class| class == first).then_some(first)
}

/// Of Sametime's reasons, those that a wrong version gives.
fn is_about_the_token(showing: &Showing<'_>) -> bool {
    match showing.outcome {
        Outcome::Refused(Refusal::Reason(reason)) => matches!(reason, TOKEN_INVALID | INCORRECT_LOGIN),
        _ => true,
    }
}

const fn words(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::WebsphereV1 => ("LtpaToken (version 1)", "LtpaToken2 (version 2)"),
        _ => ("LtpaToken2 (version 2)", "LtpaToken (version 1)"),
    }
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let shown = version(first)?;
    let same: Vec<&Showing<'_>> = group.iter().copied().filter(|s| version(s) == Some(shown)).collect();
    let accepted = || case.identity().showings().iter().filter(|s| s.is_at(first) && s.is_proof());
    let other = if shown == Class::WebsphereV1 { Class::WebsphereV2 } else { Class::WebsphereV1 };
    let works = accepted().find(|s| s.has(other));
    let suspicious = first.channel == Channel::Chat && shown == Class::WebsphereV2;
    if accepted().any(|s| version(s) == Some(shown)) || (works.is_none() && !suspicious) {
        return None;
    }
    let (this, that) = words(shown);
    let draft = Draft::new(&ABOUT, 50)
        .retry(same.len() > 1)
        .title(format!("{} refuses {this} of {}", first.consumer(), clients(&same)))
        .explain(format!(
            "{} showed {this} alone, and {} refused it ({}). {}",
            clients(&same),
            first.consumer(),
            answers(&same),
            match works {
                Some(_) => format!("The same server accepts {that}."),
                None =>
                    format!("Nothing else speaks against the token: the server seems to take only {that} (inferred)."),
            },
        ));
    let draft = show_issues(case, show_all(name_all(case, draft, &same), &same), &same);
    Some(match works {
        Some(works) => {
            draft.names_read().packet(works.at, format!("accepted: {} with {}", works.what(), labels(works)))
        }
        None => draft,
    })
}

fn labels(showing: &Showing<'_>) -> String {
    listed(showing.tokens.iter().map(super::super::identity::Held::label), "tokens")
}

/// What the issuer had set for them: both versions, or only one.
fn show_issues(case: &Case<'_>, draft: Draft, group: &[&Showing<'_>]) -> Draft {
    let issue = group.iter().flat_map(|s| s.genuine()).find_map(|held| case.identity().issue_of(held.token));
    let Some(issue) = issue else { return draft };
    let together = case.identity().issues().filter(|other| other.exchange == issue.exchange);
    let names = listed(together.map(|other| other.cookie.name.as_str()), "cookies");
    name(draft, [issue.conversation]).packet(issue.at, format!("{} had set {names}", issue.host))
}
