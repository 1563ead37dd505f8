//! The directory refuses StartTLS.

use crate::diagnose::evidence::directory::draft;
use crate::diagnose::words::ldap::starttls_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::ldap::{DirectoryAnswer, answers, waiting};
use crate::model::{Attempt, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct StarttlsRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ldap-starttls-refused");

static ABOUT: About = About {
    id: ID,
    title: "The directory refuses StartTLS",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A client asks for TLS on the port of LDAP (StartTLS), and the directory answers by another code than success: 2 (not set up), 52 \
           (Active Directory: Error initializing SSL/TLS), 1 or 53.",
    matters: "A server that is told to use TLS does not go on in clear: nobody can log in whom it looks up in that directory.",
    guards: &["The client goes on in clear on the same connection: minor.", "A login waits for it and fails: blocker."],
    remedy: &[
        "Give the directory a certificate: Active Directory wants one of its own name in the computer's personal store (52: Error \
         initializing SSL/TLS); OpenLDAP wants TLSCertificateFile (2: unsupported extended operation).",
        "Or let the client use ldaps on port 636, if the directory offers that.",
    ],
    references: &["RFC 4511 section 4.14 (StartTLS)"],
    explains: &[crate::diagnose::rules::st::directory_down::ID, crate::diagnose::rules::st::bad_password::ID],
};

impl Rule for StarttlsRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = answers(case);
        let refused =
            all.iter().filter(|answer| answer.is_start_tls() && answer.outcome.code.is_some_and(|code| code != 0));
        let told = refused.map(|answer| (answer, waiting(case, answer.conversation.client.ip, answer.asked)));
        let groups = group_by(told, |(answer, _)| (answer.conversation.server, answer.outcome.code));
        groups.iter().filter_map(|group| finding(case, &all, group)).collect()
    }
}

fn finding(
    case: &Case<'_>,
    all: &[DirectoryAnswer<'_>],
    group: &[(&DirectoryAnswer<'_>, Option<&Attempt>)],
) -> Option<Draft> {
    let (answer, _) = group.first()?;
    let waits = group.iter().find_map(|(_, attempt)| *attempt);
    let goes_on = |one: &DirectoryAnswer<'_>| {
        all.iter().any(|next| {
            next.conversation.id == one.conversation.id && !next.is_start_tls() && next.asked.time > one.answered.time
        })
    };
    let in_clear = group.iter().all(|(answer, _)| goes_on(answer));
    // A login that waits for the directory is lost; where it goes on in clear, only the protection is.
    let severity = match waits {
        Some(_) => Severity::Blocker,
        None if in_clear => Severity::Minor,
        None => Severity::Major,
    };
    let draft = draft(case, &ABOUT, 45, group, |_| "StartTLS".to_owned());
    Some(draft.names_read().severity(severity).says(&words::RefusedStartTls {
        directory: answer.conversation.server,
        clients: crate::diagnose::words::Clients::of(group.iter().map(|(answer, _)| answer.conversation.client.ip)),
        count: group.len(),
        result_code: answer.outcome.code?,
        outcome: answer.outcome.words(),
        diagnostic: Some(answer.outcome.diagnostic.clone()).filter(|text| !text.is_empty()),
        goes_on_in_clear: in_clear,
        user: waits.and_then(|attempt| attempt.user.clone()),
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::directory::{dial, domino_login};
    use crate::testing::{says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::ldap::{Scope, search, search_done, start_tls, start_tls_result};

    const RULE: &str = "ldap-starttls-refused";
    const NO_CERTIFICATE: &str = "00000000: LdapErr: DSID-0C090F78, comment: Error initializing SSL/TLS, data 0, v4563";

    fn refused(net: &Network) {
        dial(net).client(start_tls(1)).wait(2).server(start_tls_result(1, 52, NO_CERTIFICATE)).client_fin();
    }

    #[test]
    fn a_directory_without_a_certificate() {
        let found = told(RULE, refused);
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["10.1.0.30:389", "52 unavailable", "Error initializing SSL/TLS"]);
        let found = told(RULE, |net| domino_login(net, false, refused));
        assert_eq!(the_one(&found).severity, Severity::Blocker);
        says(the_one(&found), &["The login of asmith waited for it"]);
    }

    #[test]
    fn who_goes_on_in_clear() {
        let found = told(RULE, |net| {
            let tcp = dial(net);
            tcp.client(start_tls(1)).server(start_tls_result(1, 2, "unsupported extended operation"));
            tcp.wait(2).client(search(2, "o=Example", Scope::Base, ["cn", "x"])).server(search_done(2, 0, ""));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn what_is_granted_is_passed_over() {
        let granted = |net: &Network| {
            dial(net).client(start_tls(1)).server(start_tls_result(1, 0, "")).client_fin();
        };
        assert_eq!(told(RULE, granted), []);
    }
}
