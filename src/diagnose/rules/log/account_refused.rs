//! A log says that a name, a password or an account is refused.

use super::ByCause;
use crate::diagnose::{About, Layer};
use crate::model::{LoggedCause, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) static RULE: ByCause = ByCause {
    about: &ABOUT,
    causes: &[
        LoggedCause::Password,
        LoggedCause::Unknown,
        LoggedCause::Locked,
        LoggedCause::Expired,
        LoggedCause::Disabled,
        LoggedCause::Barred,
    ],
};

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("log-account-refused");

static ABOUT: About = About {
    id: ID,
    title: "A log says that a name, a password or an account is refused",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "Logs: a wrong name or password, a locked, disabled or expired account, as Domino, WebSphere, Liberty, Keycloak, Windows and directories write it; of Active Directory the number behind \"data\" says which.",
    matters: "The user knows only that the login failed; the line says whether it was the password, or the account.",
    guards: &[
        "The same log shows later that the same user got in, or the same server was reached: minor.",
        "Lines of one moment are one event, however many a server writes of it.",
        "A line that nobody has shown from a real log, or that stands in no log: medium confidence at most.",
        "A single wrong password is minor: everybody mistypes.",
    ],
    remedy: &[
        "Locked, disabled or expired: the administrator of the directory that refuses unlocks or extends the account; of a lock, look first for what goes on sending the old password (a telephone, a service, a saved login).",
        "Domino: locked-out internet passwords stand in inetlockout.nsf; delete the user's entry there.",
        "A wrong password of one user: let him type it at the server's own login page. Of everybody: the server asks another directory than it should, or its own account is refused.",
    ],
    references: &[
        "Microsoft: system error codes behind \"data\" in AcceptSecurityContext errors",
        "HCL Domino help: internet password lockout",
    ],
    explains: &[
        crate::diagnose::rules::http::login_refused::ID,
        crate::diagnose::rules::ldap::bind_refused::ID,
        crate::diagnose::rules::st::login_failed::ID,
    ],
};

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console, lines, systemout};
    use crate::testing::{says, the_one};

    const RULE: &str = "log-account-refused";
    const LOCKED: &str = "SECJ0369E: Authentication failed when using LTPA. The exception is [LDAP: error code 49 - 80090308: LdapErr: \
                          DSID-0C090334, comment: AcceptSecurityContext error, data 775, vece ].";

    #[test]
    fn an_account_that_is_locked_is_told_in_words_and_once() {
        let again = LOCKED.replace(
            "SECJ0369E: Authentication failed when using LTPA.",
            "SECJ0270E: Failed to get actual credentials.",
        );
        let found = alone(&[&systemout(SOME_TIME, &[LOCKED, &again])]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Major, Confidence::High)
        );
        assert_eq!(
            (lines(finding), finding.facts.text("means")),
            (vec![1, 2], Some("Active Directory: the account is locked"))
        );
        says(finding, &["The account is locked".to_lowercase().as_str(), "a.log says so"]);
    }

    #[test]
    fn a_wrong_password_is_minor_and_a_lock_is_not() {
        let wrong = "http: ann@example.com [10.1.0.50] authentication failure using internet password";
        let found = alone(&[&console(SOME_TIME, &[wrong])]);
        assert_eq!(
            (the_one(&found).severity, the_one(&found).facts.text("user")),
            (Severity::Minor, Some("ann@example.com"))
        );
        let locked = "http: IP Address [10.1.0.50] authentication failure using internet password: User is locked out";
        assert_eq!(the_one(&alone(&[&console(SOME_TIME, &[locked])])).severity, Severity::Major);
    }

    /// The healthy twin: the directory is connected, and a user signs on.
    #[test]
    fn a_log_of_sign_ons_that_work_is_silent() {
        let well = "SECJ0419I: The user registry is currently connected to the LDAP server ldap://ad1.example.com:389.";
        assert_eq!(alone(&[&systemout(SOME_TIME, &[well])]), []);
        assert_eq!(alone(&[&console(SOME_TIME, &["Opened session for Ann Smith/ACME (Release 12.0.2)"])]), []);
    }
}
