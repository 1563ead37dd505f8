//! One user on two servers at a time.

use crate::diagnose::evidence::sametime::Reasons;
use crate::diagnose::words::few;
use crate::diagnose::words::st::two_servers as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::model::{RuleId, Severity};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct TwoServers;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-two-servers");

static ABOUT: About = About {
    id: ID,
    title: "A Sametime user is logged in on two servers at a time",
    severity: Severity::Minor,
    layer: Layer::Protocol,
    sees: "The server ends a session with reason 0x80000227 or 0x80000228 (login to two different servers).",
    matters: "The user is thrown out of one of the two, and half of the people see the wrong status.",
    guards: &["The reason was read; two sessions of one user without it are allowed and not told."],
    remedy: &[
        "Give every user one home: the field Sametime server of the Person document (or the LDAP attribute that stands for \
         it) = the one cluster or server; the same value everywhere.",
        "One community only: the same servers in the communities of all clients (Notes: File > Preferences > Sametime > \
         Server Communities).",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)",
        "HCL Sametime: Assigning users to a home Sametime server",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons { about: &ABOUT, codes: &[0x8000_0227, 0x8000_0228], after_login: true };

impl Rule for TwoServers {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        REASONS.drafts(case, |draft, session, first| {
            let others = first.user().into_iter().flat_map(|user| case.sametime().of_user(user));
            let mut servers: Vec<IpAddr> = others.filter(|l| l.spoke()).map(|l| l.server().ip).collect();
            servers.sort_unstable();
            servers.dedup();
            let (servers, server_count) = few(servers);
            draft.severity(Severity::Minor).says(&words::EndedForAnother { session, servers, server_count })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, PORT, reason};

    const RULE: &str = "st-two-servers";

    #[test]
    fn before_and_after_the_login() {
        for accepted in [false, true] {
            let net = Network::new();
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.10"), PORT).vp_works(&Login::rc2_128(USER));
            let tcp = dial(&net);
            tcp.vp_open().vp_login(&Login::rc2_128(USER));
            if accepted {
                tcp.vp_accept(USER, "Ann").wait_secs(20);
            }
            tcp.vp_refuse(reason::MULTI_SERVER_LOGIN);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
            says(&finding, &[USER, "10.1.0.9", "10.1.0.10"]);
        }
    }

    #[test]
    fn two_sessions_alone_are_allowed() {
        let net = Network::new();
        for server in ["10.1.0.9", "10.1.0.10"] {
            net.connect(&net.host("10.1.0.50"), &net.host(server), PORT).vp_works(&Login::rc2_128(USER)).vp_logout();
        }
        none(&net, RULE);
    }
}
