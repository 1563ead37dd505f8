//! A login fails because the directory refuses a bind that the server makes for it.

use crate::diagnose::evidence::directory::{show, sign_on};
use crate::diagnose::evidence::each;
use crate::diagnose::words::ldap::login_bind_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::ldap::{names_of, waiting};
use crate::model::{Attempt, AttemptKind, ConversationId, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct LoginBindRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ldap-login-bind-refused");

static ABOUT: About = About {
    id: ID,
    title: "A login fails because the directory refuses the bind that the server makes for it",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "While a login waits at a server (Sametime, Domino, WebSphere), that server binds at its directory: with its own account, or as the \
           user with the password that was typed; the directory refuses, and so does the server.",
    matters: "The directory's code tells what the server's answer does not: a wrong password, an account that is locked, disabled or expired, \
              or the server's own account, by which then nobody can log in.",
    guards: &[
        "The bind is granted soon after, or the login succeeds: silent.",
        "No login waits for it: see ldap-bind-refused.",
        "A login that began more than half a minute before, or was answered before the bind: does not wait for it.",
    ],
    remedy: &[
        "The name in the bind is the user's: with Active Directory read the number behind \"data\": 52e wrong password, 532 password expired, \
         533 disabled, 701 account expired, 773 password must be changed, 775 locked out.",
        "It is the server's own account: set its name and password anew (Directory Assistance document; Sametime: BindEntryDn and \
         BindEntryPassword; WebSphere: bind distinguished name of the repository), unlock it, and let its password never expire.",
        "49 without a number: name or password; OpenLDAP says the same of a locked account, a wrong password and an unknown name.",
    ],
    references: &[
        "RFC 4511 section 4.2 and appendix A (bind, result codes)",
        "MS-ERREF section 2.2 (codes behind \"data\")",
    ],
    explains: &[
        crate::diagnose::rules::st::bad_password::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::st::directory_down::ID,
    ],
};

impl Rule for LoginBindRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = case.attempts().iter();
        let refused = all.filter(|attempt| attempt.kind == AttemptKind::LdapBind && attempt.is_lost());
        let refused = refused.filter(|bind| bind.mended.is_none());
        let told = refused.filter_map(|bind| Some((bind, waiting(case, bind.client, bind.at)?)));
        let groups = group_by(told, |(bind, login)| (bind.server, bind.outcome.words(), login.server));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn finding(case: &Case<'_>, group: &[(&Attempt, &Attempt)]) -> Option<Draft> {
    let (bind, login) = group.first()?;
    let ids: HashSet<ConversationId> =
        group.iter().flat_map(|(bind, login)| bind.conversations.iter().chain(&login.conversations)).copied().collect();
    let named = case.analysis.conversations.iter().filter(|c| ids.contains(&c.id));
    let draft = named
        .fold(Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).seen_in(group.len()), Draft::conversation);
    let draft = each(draft, group, "logins", |draft, (bind, login)| {
        let of = bind.user.as_deref().unwrap_or("somebody by SASL");
        let draft = show(draft, login).packet(bind.at, format!("{} → {}: bind of {of}", bind.client, bind.server));
        match bind.answered {
            Some(at) => draft.packet(at, bind.outcome.words()),
            None => draft.absence(bind.outcome.words()),
        }
    });
    Some(draft.says(&words::RefusedLoginBind {
        directory: bind.server,
        sign_on: sign_on(login, group.iter().map(|(_, login)| *login)),
        bind_name: bind.user.clone(),
        is_of_user: is_of_user(bind, login),
        outcome: bind.outcome.words(),
    }))
}

/// The name of the bind is that of who logs in.
fn is_of_user(bind: &Attempt, login: &Attempt) -> bool {
    let names = names_of(login);
    names_of(bind).iter().any(|name| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::directory::{dial, domino_login, sametime_login};
    use crate::testing::{Story, all, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::ldap::{LOCKED, bind, bind_result};

    const RULE: &str = "ldap-login-bind-refused";
    const APP: &str = "cn=sametime,ou=services,o=Example";

    fn binds(net: &Network, name: &str, code: u8, text: &str) {
        dial(net).client(bind(1, name, "secret")).wait(2).server(bind_result(1, code, text)).client_fin();
    }

    #[test]
    fn a_login_at_sametime_that_waited_for_it() {
        let net = Network::new();
        sametime_login(&net, |net| binds(net, APP, 49, LOCKED));
        let found = all(&net);
        let finding = found.iter().find(|finding| finding.rule == RULE).unwrap();
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &[APP, "data 775: the account is locked out", "the Sametime server", "asmith"]);
        assert!(!found.iter().any(|other| other.rule == "ldap-bind-refused"), "told once");
    }

    #[test]
    fn the_user_s_own() {
        let found = told(RULE, |net| domino_login(net, false, |net| binds(net, "cn=asmith,o=Example", 49, "")));
        says(the_one(&found), &["mail.example.com", "with the password that was typed"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("granted", |net| domino_login(net, false, |net| binds(net, APP, 0, ""))),
            ("the login succeeds", |net| domino_login(net, true, |net| binds(net, APP, 49, ""))),
            ("nobody waits", |net| binds(net, APP, 49, "")),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
