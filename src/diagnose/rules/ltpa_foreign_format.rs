//! A token in a cookie of the other version's name.

use super::super::identity::{Held, Showing};
use super::super::showings::{answers, by_consumer, clients, name, name_all, show_all, unexplained};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;
use nrpcsniff_dissectors::ltpa::{Class, Flag};

/// See [`ABOUT`].
pub struct ForeignFormat;

static ABOUT: About = About {
    id: "ltpa-foreign-format",
    title: "A sign-on token stands in a cookie of another version",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A cookie LtpaToken holds a token of version 2 (it opens as one, or the same token was set as LtpaToken2); or a cookie \
           LtpaToken2 holds what can only be version 1 (its length) or Domino's own. A server refuses it.",
    matters: "The server opens the token by the rules of the version that the name promises, and reads noise.",
    guards: &[
        "The server accepts it all the same: silent.",
        "By length alone a version 2 token cannot be told in a cookie LtpaToken: silent without keys, unless it was seen under the \
         other name.",
        "What can be read says that the token has ended: silent.",
    ],
    remedy: &[
        "Look at who writes the cookie: a script, a proxy or an application that copies LtpaToken2 into LtpaToken must hand on both \
         under their own names.",
        "WebSphere: bring server and Domino to a level that writes the version the name promises (APAR LO80030 describes a token \
         that begins with expire: in LtpaToken), or switch \"Interoperability mode\" on.",
        "Domino: Web SSO Configuration document > Token Format must fit the cookies that WebSphere sets.",
    ],
    references: &[
        "IBM APAR LO80030: Domino cannot read an LtpaToken that begins with expire:",
        "IBM: WebSphere Application Server, single sign-on settings (interoperability mode)",
    ],
    explains: &["ltpa-version-mismatch", "st-token-refused", "sip-401-loop", "sip-403", "sip-5xx", "http-login-loop"],
};

impl Rule for ForeignFormat {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let foreign = unexplained(case).filter(|showing| foreign(case, showing).is_some());
        by_consumer(foreign).iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// The token that is not what its cookie's name says, and what it is.
fn foreign<'s, 'a>(case: &Case<'a>, showing: &'s Showing<'a>) -> Option<(&'s Held<'a>, &'static str)> {
    showing.genuine().find_map(|held| Some((held, what(case, held)?)))
}

fn what(case: &Case<'_>, held: &Held<'_>) -> Option<&'static str> {
    let second = held.cookie.map(is_second)?;
    match held.class {
        Class::Domino if second => Some("a token of Domino's own kind"),
        Class::WebsphereV1 if second && (held.token.has(Flag::Misnamed) || held.opened.is_some()) => {
            Some("a token of version 1")
        }
        _ if second => None,
        Class::WebsphereV2 if held.opened.is_some() => Some("a token of version 2"),
        _ if held.is_websphere() && held.opened.is_none() && was_second(case, held) => Some("a token of version 2"),
        _ => None,
    }
}

fn is_second(name: &str) -> bool {
    name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("LtpaToken2"))
}

/// The same token was set as LtpaToken2, and not as LtpaToken.
fn was_second(case: &Case<'_>, held: &Held<'_>) -> bool {
    let mut issues = case.identity().issues_of(held.token.fingerprint).peekable();
    issues.peek().is_some() && issues.all(|issue| is_second(&issue.cookie.name))
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (held, what) = foreign(case, first)?;
    let cookie = held.cookie.unwrap_or("LtpaToken");
    let opened = match (held.opened.is_some(), case.identity().issue_of(held.token)) {
        (true, _) => "It opens so with the keys given.".to_owned(),
        (false, Some(issue)) => format!("{} had set it as {}.", issue.host, issue.cookie.name),
        (false, None) => "Its form says so.".to_owned(),
    };
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(group.len() > 1)
        .title(format!("The cookie {cookie} that {} refuses holds {what}", first.consumer()))
        .explain(format!(
            "{} showed a cookie {cookie} that holds {what}. {opened} {} refused it ({}).",
            clients(group),
            first.consumer(),
            answers(group),
        ));
    let issue = case.identity().issue_of(held.token);
    let draft = issue.into_iter().fold(draft, |draft, issue| {
        name(draft, [issue.conversation]).packet(issue.at, format!("{} set {}", issue.host, issue.held.label()))
    });
    Some(show_all(name_all(case, draft, group), group))
}
