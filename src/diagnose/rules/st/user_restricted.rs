//! The user is not allowed on the community server.

use crate::diagnose::evidence::sametime::{Reasons, draft, ended_session};
use crate::diagnose::words::st::user_restricted as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sametime::ends::only_handshake;
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct UserRestricted;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-user-restricted");

static ABOUT: About = About {
    id: ID,
    title: "The user is not allowed on the Sametime server",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A login is answered by the end of the session (DESTROY of channel 0) with reason 0x80000210 (user restricted), \
           0x80000003 (not authorized) or 0x80000213 (not registered).",
    matters: "The user cannot log in, whatever the password or token.",
    guards: &[
        "Nobody had logged in yet (a server at the handshake): see st-untrusted-peer.",
        "The same user gets in later: minor.",
    ],
    remedy: &[
        "Policies (up to Sametime 11: Sametime System Console > Manage Policies): the policy of this user must allow instant messages; a user without any \
         policy gets the default one.",
        "A guest (no user name): allow anonymous access (stconfig.nsf > CommunityConnectivity, in Sametime 12 StCommunityConfig.xml, or the \
         anonymous access policy), or log in with a name.",
        "Check that the user is in the directory and in the organisation that the server searches (LDAP base object).",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)",
        "HCL Sametime: Managing users with policies; Anonymous access",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons { about: &ABOUT, codes: &[0x8000_0210, 0x8000_0003, 0x8000_0213], after_login: false };

impl Rule for UserRestricted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = REASONS.groups(case);
        let logins = groups.iter().filter(|group| !group.iter().any(|login| only_handshake(login)));
        let told = logins.filter_map(|group| {
            Some(draft(case, &ABOUT, group).says(&words::NotAllowed { session: ended_session(case, group)? }))
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
    use nrpcsniff_samples::sametime::{Login, reason};

    const RULE: &str = "st-user-restricted";

    #[test]
    fn a_user_whom_a_policy_shuts_out() {
        for code in [reason::USER_RESTRICTED, reason::NOT_AUTHORIZED] {
            let net = Network::new();
            dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(code);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
            says(&finding, &[USER, "Manage Policies"]);
        }
    }

    #[test]
    fn a_server_at_the_handshake_is_no_user() {
        let net = Network::new();
        dial(&net).vp_open().vp_refuse(reason::NOT_AUTHORIZED);
        none(&net, RULE);
    }

    #[test]
    fn getting_in_later_makes_it_minor() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::USER_RESTRICTED);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }
}
