//! The server does not know the user.

use super::super::sip::{aftermath, by_user, draft, how_often, refused, subject, who};
use super::super::telephony::Exchange;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct NotFound;

static ABOUT: About = About {
    id: "sip-404",
    title: "The SIP server does not know the user or the domain",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER is answered with 404: the address of record in To is unknown there. The same of an INVITE or \
           MESSAGE: whom it is for does not exist; minor, because a wrong number is a person's mistake.",
    matters: "A user whose address is unknown cannot register, and nobody can call him.",
    guards: &[
        "Pings (OPTIONS) answered with 404, 405 or 501 are how monitors see that a server lives: silent.",
        "Scanners that guess names are answered rightly: silent.",
        "A called number that does not exist is a mistake of the caller most often: minor.",
        "The same client gets through later: minor.",
    ],
    remedy: &[
        "Compare the address of record with the directory: user part and domain, letter by letter.",
        "Let the server serve that domain: Sametime SIP Proxy and Registrar, list of domains; and let the client use the \
         domain, not the host name or address of the server.",
    ],
    references: &["RFC 3261 section 21.4.5 (404 Not Found)", "RFC 3261 section 10.3, step 5 (address of record)"],
    explains: &[],
};

impl Rule for NotFound {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = by_user(refused(case, true, |status| status == 404));
        groups.iter().filter_map(|group| Some(one(case, group, group.first()?))).collect()
    }
}

fn one(case: &Case<'_>, group: &[&Exchange<'_>], first: &Exchange<'_>) -> Draft {
    let draft = draft(case, &ABOUT, group);
    let draft = if first.method == "REGISTER" { draft } else { draft.severity(Severity::Minor) };
    draft.title(format!("{} is unknown to {}", subject(first), first.server())).explain(format!(
        "{} answered {} {}: it has no such user, or does not serve that domain.{}",
        first.server(),
        who(group),
        how_often(group),
        aftermath(case, group),
    ))
}
