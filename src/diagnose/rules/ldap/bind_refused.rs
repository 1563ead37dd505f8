//! A directory does not take somebody for who he says he is.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::ldap::bind_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct BindRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ldap-bind-refused");

static ABOUT: About = About {
    id: ID,
    title: "The directory refuses a bind",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A bind with a name (or by SASL) is answered by a result code other than success, or not at all. Of \
           Active Directory the number behind \"data\" in the answer's text is read: it says why, where code 49 \
           does not.",
    matters: "Servers ask the directory with an account of their own, and check users' passwords by binding with \
           them. If the server's own bind is refused, nobody can log in; if a user's is, that user cannot.",
    guards: &[
        "A bind without a name or without a password proves nothing, and is not looked at.",
        "SASL that goes on, a referral: steps, silent.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "Code 49 says only that name and password do not fit together; with Active Directory read the number: \
         525 no such user, 52e wrong password, 530 and 531 not now or not from here, 532 password expired, 533 \
         account disabled, 701 account expired, 773 password must be changed, 775 account locked out.",
        "If it is the server's own account: set name and password anew where they are configured (Directory \
         Assistance document, Sametime System Console, WebSphere federated repositories) and restart what \
         holds them.",
        "Code 8 or 13: the directory wants TLS (ldaps, port 636, or StartTLS). Code 53: the directory refuses \
         by its own rules, and its log says which.",
        "The log of the directory at that time tells what it did not like.",
    ],
    references: &[
        "RFC 4511 section 4.2 and appendix A (bind, result codes)",
        "MS-ERREF section 2.2 (codes behind \"data\")",
    ],
    explains: &[],
};

impl Rule for BindRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        told(case, &ABOUT, lost, lost.of(AttemptKind::LdapBind), |failure, _| words::Refused { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::ldap::{LOCKED, PORT, bind, bind_result};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "ldap-bind-refused";
    const APP: &str = "cn=sametime,ou=apps,dc=example,dc=net";

    fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), PORT)
    }

    #[test]
    fn the_account_of_a_server_is_locked() {
        let found = told(RULE, |net| {
            for second in [0, 60] {
                net.at(second * 1000);
                dial(net).client(bind(1, APP, "secret")).server(bind_result(1, 49, LOCKED)).client_fin();
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations.len(), 2);
        says(finding, &[APP, "10.1.0.30:389", "data 775: the account is locked out", "2 attempts from 10.1.0.9"]);
    }

    #[test]
    fn what_worked_later_is_told_as_such() {
        let found = told(RULE, |net| {
            let tcp = dial(net);
            tcp.client(bind(1, APP, "wrong")).server(bind_result(1, 49, "")).wait(4000);
            tcp.client(bind(2, APP, "secret")).server(bind_result(2, 0, ""));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["It worked later"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("accepted", |net| {
                dial(net).client(bind(1, APP, "secret")).server(bind_result(1, 0, ""));
            }),
            ("nobody in particular", |net| {
                dial(net).client(bind(1, "", "")).server(bind_result(1, 49, ""));
            }),
            ("SASL goes on", |net| {
                dial(net).client(bind(1, APP, "secret")).server(bind_result(1, 14, ""));
                idle(net, 30);
            }),
            ("the capture ends", |net| {
                dial(net).client(bind(1, APP, "secret"));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
