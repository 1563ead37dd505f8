//! The community server takes no more users.

use crate::diagnose::evidence::sametime::{Reasons, draft_of_server, turned_away};
use crate::diagnose::words::st::server_full as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ServerFull;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-server-full");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server takes no more users",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server ends sessions with reason 0x8000020B (server full), 0x8000000A or 0x80000201 (out of resources) or \
           0x80000203 (no sockets) before it accepts the login.",
    matters: "Nobody else can log in until others leave.",
    guards: &["The reason was read.", "All of the turned away get in later: minor."],
    remedy: &[
        "Raise the limit: up to Sametime 11 Sametime System Console > community server > Maximum user and server connections to \
         the community server, and the operating system's limit of open sockets; in containers (Sametime 12) their limits, too.",
        "Add a community server to the cluster, or a multiplexer in front of it.",
        "Look for clients that log in again and again and leave their sessions behind.",
    ],
    references: &[
        "draft-houri-sametime-community-client-00, section 3.2 (reason codes)",
        "Meanwhile, mw_error.h (reason codes)",
    ],
    explains: &[],
};

const REASONS: Reasons =
    Reasons { about: &ABOUT, codes: &[0x8000_020B, 0x8000_000A, 0x8000_0201, 0x8000_0203], after_login: false };

impl Rule for ServerFull {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// One finding for a server, whoever was turned away.
    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = REASONS.groups(case).into_iter().flatten();
        let servers = group_by(refused, |login| login.server());
        let told = servers.iter().filter_map(|group| {
            let said = words::Full { turned_away: turned_away(case, group)? };
            Some(draft_of_server(case, &ABOUT, group).says(&said))
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, PORT, reason};

    const RULE: &str = "st-server-full";

    #[test]
    fn several_are_turned_away() {
        let net = Network::new();
        for client in ["10.1.0.50", "10.1.0.51", "10.1.0.52"] {
            let tcp = net.connect(&net.host(client), &net.host("10.1.0.9"), PORT);
            tcp.vp_open().vp_login(&Login::rc2_128(client)).vp_refuse(reason::SERVER_FULL);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations.len(), 3);
        says(&finding, &["10.1.0.9:1533", "10.1.0.50 and 2 other clients", "3 times"]);
    }

    #[test]
    fn resources_that_lack_are_told_as_such() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::INSUF_BUFFER);
        says(&one(&net, RULE), &["INSUF_BUFFER (0x80000201): the server lacks resources for the connection"]);
    }

    #[test]
    fn getting_in_later_makes_it_minor() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::SERVER_FULL);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }

    #[test]
    fn other_reasons_are_silent() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::USER_RESTRICTED);
        none(&net, RULE);
    }
}
