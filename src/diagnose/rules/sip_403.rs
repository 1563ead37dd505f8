//! The server knows who asks, and forbids it.

use super::super::sip::{aftermath, by_user, draft, how_often, refused, who};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct Forbidden;

static ABOUT: About = About {
    id: "sip-403",
    title: "The SIP server forbids what the user asks for",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, INVITE, MESSAGE, SUBSCRIBE or PUBLISH is answered with 403: who asks is known, but may not do it.",
    matters: "Without a registration no call reaches the user; without the right to call, calls end at once.",
    guards: &[
        "Scanners that guess names and passwords are refused rightly: silent.",
        "The same client gets through later: minor.",
        "A refused call, message or subscription is less than a refused registration.",
        "Requests within a dialog and pings (OPTIONS) do not count.",
    ],
    remedy: &[
        "Compare the address in To and From with the user's own: the domain must be the server's, and the user the one \
         that signed on (the name in the sign-on token, or in the credentials).",
        "Some servers answer 403 to a wrong password: enter it anew.",
        "Look for a policy or a blocked address on the server: Sametime SIP Proxy and Registrar, allowed users and \
         trusted hosts.",
    ],
    references: &[
        "RFC 3261 section 21.4.4 (403 Forbidden)",
        "RFC 3261 section 10.3, step 4 (who may change an address)",
    ],
    explains: &[],
};

impl Rule for Forbidden {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = by_user(refused(case, true, |status| status == 403));
        groups.iter().filter_map(|group| Some((group, group.first()?))).map(|(group, first)| {
            let token = token_user(first).map_or_else(String::new, |user| {
                format!(" The sign-on token in the request names {user}: that must be the owner of the address.")
            });
            draft(case, &ABOUT, group).title(format!("{} is forbidden by {}", who(group), first.server())).explain(format!(
                "{} answered {} {}. It knows who asks, and does not allow it: asking again will not help (RFC 3261).{token}{}",
                first.server(),
                who(group),
                how_often(group),
                aftermath(case, group),
            ))
        }).collect()
    }
}

/// The user that a sign-on token in clear names.
fn token_user<'a>(exchange: &super::super::telephony::Exchange<'a>) -> Option<&'a str> {
    exchange.cookies().iter().find_map(|cookie| cookie.token.as_ref()?.user.as_deref())
}
