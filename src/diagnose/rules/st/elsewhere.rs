//! The user is logged in by another client.

use crate::diagnose::evidence::sametime::Reasons;
use crate::diagnose::words::st::elsewhere as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sametime::SametimeLogin;
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Elsewhere;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-elsewhere");

static ABOUT: About = About {
    id: ID,
    title: "A second client or another user name ends a Sametime session",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "The server ends a session with reason 0x80000229, 0x8000022A or 0x80000219: the user is logged in by another \
           client; or with 0x80002002: somebody is logged in there already under another user name.",
    matters: "The user is thrown out on one device whenever the other logs in; two clients that both log in again throw \
              each other out for ever.",
    guards: &[
        "The reason was read; several clients of one user without it are allowed and not told.",
        "0x80002002 is about another user name, of Java clients only: told in words of its own, and as major.",
    ],
    remedy: &[
        "Close the other client (a second PC, a web client, a mobile client), or switch off its automatic login.",
        "To allow several at a time: sametime.ini [Config] VP_ONLY_SINGLE_LOGIN_ALLOWED=0, then restart the server (Sametime \
         12: STI__Config__VP_ONLY_SINGLE_LOGIN_ALLOWED=0 in custom.env or a ConfigMap, of which sametime.ini is made).",
    ],
    references: &[
        "draft-houri-sametime-community-client-00, section 3.2 (reason codes)",
        "HCL Sametime 11.6: Configuring the single login type",
    ],
    explains: &[],
};

const REASONS: Reasons =
    Reasons { about: &ABOUT, codes: &[0x8000_0229, 0x8000_022A, 0x8000_0219, OTHER_NAME], after_login: true };

/// Somebody is logged in at that client already, under another user name.
const OTHER_NAME: u32 = 0x8000_2002;

impl Rule for Elsewhere {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        REASONS.drafts(case, |draft, session, first| {
            if first.reason().is_some_and(|(code, _)| code == OTHER_NAME) {
                return draft.says(&words::AnotherName { session }).remedies([LOG_OUT]);
            }
            let mut others = first.user().into_iter().flat_map(|user| case.sametime().of_user(user));
            let other = others.find(|l| l.client() != first.client() && l.accepted.is_some());
            let said = words::AnotherClient { session, other_client: other.map(SametimeLogin::client) };
            draft.severity(Severity::Minor).says(&said)
        })
    }
}

/// What helps where another user name is in the way.
const LOG_OUT: &str =
    "Log the other user name out at that client (applets of one browser share it), then log in again.";

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, PORT, reason};

    const RULE: &str = "st-elsewhere";

    #[test]
    fn a_second_client() {
        let net = Network::new();
        let first = dial(&net);
        first.vp_works(&Login::rc2_128(USER)).wait_secs(5);
        net.connect(&net.host("10.1.0.77"), &net.host("10.1.0.9"), PORT).vp_works(&Login::rc2_128(USER));
        first.vp_refuse(reason::MULTI_LOGIN);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
        says(&finding, &[USER, "The other client is 10.1.0.77"]);
    }

    #[test]
    fn another_user_name_is_no_second_client() {
        let net = Network::new();
        let first = dial(&net);
        first.vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::CLIENT_USER_ELSEWHERE);
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Major);
        says(&finding, &["cannot log in", "under another user name"]);
        assert!(!finding.title.contains("client"), "{}", finding.title);
    }

    #[test]
    fn several_clients_are_allowed() {
        let net = Network::new();
        for client in ["10.1.0.50", "10.1.0.77"] {
            net.connect(&net.host(client), &net.host("10.1.0.9"), PORT).vp_works(&Login::rc2_128(USER)).vp_logout();
        }
        none(&net, RULE);
    }
}
