//! The sign-on token was issued to another address than the one that shows it.

use crate::diagnose::evidence::sametime::Reasons;
use crate::diagnose::words::st::token_ip as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct TokenIp;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-token-ip");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server refuses a token that was issued to another address",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A login is answered by the end of the session (DESTROY of channel 0) with reason 0x80000017 (token IP \
           mismatch). The handshake tells which address the client takes for its own and which one the server sees.",
    matters: "Whoever comes through a NAT pool, a proxy or a VPN that changes addresses cannot sign on.",
    guards: &[
        "The reason was read, so the fact is certain; a difference of addresses alone (NAT) is no fault and is not told.",
        "The same user gets in later: minor.",
        "A client that says 0.0.0.0 for its own address is not compared.",
    ],
    remedy: &[
        "Let the client reach the server that issues the token and the Sametime server by the same way: the same NAT \
         address for both (no pool with changing addresses), the same proxy, the same VPN.",
        "Get a new token after the address changed (VPN opened or closed): log out of Sametime and log in again.",
        "Sametime server behind NAT or a reverse proxy: use a way in that keeps the client's address (no source NAT on the \
         load balancer).",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes) and mw_message.h (handshake, addresses)",
        "HCL Sametime: Authentication by tokens using LTPA and Sametime tokens",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons { about: &ABOUT, codes: &[0x8000_0017], after_login: false };

impl Rule for TokenIp {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        REASONS.drafts(case, |draft, session, first| {
            draft.says(&words::OtherAddress {
                session,
                own_address: first.own_address(),
                seen_address: first.seen_address(),
                is_translated: first.is_translated(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, reason};

    const RULE: &str = "st-token-ip";

    #[test]
    fn a_token_behind_nat() {
        let net = Network::new();
        let login = Login::tokens(USER, &[&token(&net)]);
        dial(&net).vp_open_seen_as([198, 51, 100, 7].into()).vp_login(&login).vp_refuse(reason::TOKEN_IP_MISMATCH);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(&finding, &["10.1.0.50", "198.51.100.7", "translates addresses"]);
    }

    #[test]
    fn without_nat_the_token_came_from_elsewhere() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::TOKEN_IP_MISMATCH);
        says(&one(&net, RULE), &["issued to another address"]);
    }

    #[test]
    fn nat_alone_is_no_fault() {
        let net = Network::new();
        let login = Login::tokens(USER, &[&token(&net)]);
        dial(&net).vp_open_seen_as([198, 51, 100, 7].into()).vp_login(&login).vp_accept(USER, "Ann").vp_logout();
        none(&net, RULE);
    }

    #[test]
    fn getting_in_later_makes_it_minor() {
        let net = Network::new();
        let login = Login::tokens(USER, &[&token(&net)]);
        dial(&net).vp_open().vp_login(&login).vp_refuse(reason::TOKEN_IP_MISMATCH);
        dial(&net).vp_works(&login);
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }
}
