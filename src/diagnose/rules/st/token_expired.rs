//! The community server says that the sign-on token is past its end.

use crate::diagnose::evidence::sametime::{Reasons, proof};
use crate::diagnose::words::st::token_expired as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sametime::SametimeLogin;
use crate::model::{Confidence, Message, RuleId, Severity, Timestamp};
use nrpcsniff_dissectors::ltpa::Token;

/// See [`ABOUT`].
pub(crate) struct TokenExpired;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-token-expired");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server says that the sign-on token has expired",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A login is answered by the end of the session (DESTROY of channel 0) with reason 0x80000016 (token expired).",
    matters: "Single sign-on fails until the client gets a fresh token; the user is asked for a password, or goes offline.",
    guards: &[
        "Where the token can be read, its end is compared with the time of the packet: if it is still valid, the clocks \
         of issuer and Sametime server differ.",
        "The same user gets in later: minor.",
        "Another reason, or a DESTROY of the client: silent.",
    ],
    remedy: &[
        "Longer life: Domino Directory > Web SSO Configuration document > Expiration (minutes), and the same value in \
         WebSphere (Global security > LTPA > LTPA timeout): a token is never renewed by use.",
        "Let the client fetch a new token in time: loginTokenRefreshInterval in the client's preferences (15 minutes by \
         default) below the token's life.",
        "Set the clocks of all servers by NTP.",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)",
        "HCL Sametime: Configuring client community preferences (loginTokenRefreshInterval)",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons { about: &ABOUT, codes: &[0x8000_0016], after_login: false };

impl Rule for TokenExpired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        REASONS.drafts(case, |draft, session, first| {
            let said = words::Expired { session, proof: proof(first), end: end(first) };
            draft.at_most(if said.proof.is_token() { Confidence::High } else { Confidence::Medium }).says(&said)
        })
    }
}

/// What the last token that has an end says of it, by the capture's clock.
fn end(login: &SametimeLogin<'_>) -> Option<words::TokenEnd> {
    let dated = |(message, token): (&Message, &Token)| Some((message.at.time, token.expires?));
    let (shown, expires) = login.tokens().filter_map(dated).last()?;
    let left = Timestamp::from_secs(expires).seconds_since(shown);
    Some(words::TokenEnd { token_expires: expires, token_left_s: left })
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, alone, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says, the_one};
    use nrpcsniff_samples::sametime::{Login, reason};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "st-token-expired";

    #[test]
    fn a_token_of_yesterday() {
        let net = Network::new();
        let old = ltpa::domino(USER, net.now() - 120 * ltpa::MINUTE, net.now() - 90 * ltpa::MINUTE);
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&old])).vp_refuse(reason::TOKEN_EXPIRED);
        let found = alone(&net, RULE);
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(finding, &[USER, "90.0 min before it was shown", "TOKEN_EXPIRED", "Expiration (minutes)"]);
    }

    #[test]
    fn a_token_that_is_still_valid_points_to_the_clocks() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::TOKEN_EXPIRED);
        says(&one(&net, RULE), &["seems to be ahead"]);
    }

    #[test]
    fn a_fresh_token_that_is_taken_makes_it_minor() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::TOKEN_EXPIRED);
        dial(&net).vp_works(&Login::tokens(USER, &[&token(&net)]));
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }

    #[test]
    fn other_ends_are_none() {
        let net = Network::new();
        dial(&net).vp_works(&Login::tokens(USER, &[&token(&net)])).vp_logout();
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::TOKEN_INVALID);
        none(&net, RULE);
    }
}
