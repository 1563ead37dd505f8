//! The community server does not take the sign-on token.

use super::super::chat::Login;
use super::super::vp::{afterwards, by_user, draft, how_often, proof, who, why};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct TokenRefused;

const TOKEN_INVALID: u32 = 0x8000_0015;
const INCORRECT_LOGIN: u32 = 0x8000_0211;

static ABOUT: About = About {
    id: "st-token-refused",
    title: "The Sametime server refuses the sign-on token",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A login with a token is answered by the end of the session (DESTROY of channel 0) with reason 0x80000015 \
           (token invalid), or with 0x80000211 (incorrect login) although no password was sent.",
    matters: "Single sign-on fails: the user is asked for a password, or stays offline.",
    guards: &[
        "The fact is certain, the cause is not in the reason: keys, token version, name and clock are judged by rules of \
         their own, under which this one then stands.",
        "The same user gets in later with a token: minor. With a password: single sign-on is lost all the same.",
        "The reason 0x80000211 after a password is a wrong password, not this.",
        "A DESTROY that the client sends, or sends after the close, is an echo and no refusal.",
    ],
    remedy: &[
        "Same token format everywhere: Domino Directory > Web SSO Configuration document > Token Format = \"LtpaToken and \
         LtpaToken2\" where WebSphere keys are imported; WebSphere console > Global security > Single sign-on > \
         Interoperability mode to match.",
        "Same keys: export the LTPA keys in WebSphere, import them in the Web SSO Configuration document (Keys > Import \
         WebSphere LTPA Keys), restart Domino and Sametime.",
        "Same name: ST_TOKEN_TYPE in [AuthToken] of sametime.ini = the Configuration Name of the Web SSO document.",
        "Then read the STUsers trace of the server (VP_TRACE_ALL=1 in [Debug-StUsers] of sametime.ini): \"token verification \
         failed\" tells which step.",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)",
        "HCL Sametime: Configuring LTPA; Authentication by tokens using LTPA and Sametime tokens",
        "IBM: Creating a Web SSO configuration document in the Domino Directory (ST_TOKEN_TYPE)",
    ],
    explains: &[],
};

impl Rule for TokenRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = by_user(case.chat().logins().filter(|login| is_refused(login)));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn is_refused(login: &Login<'_>) -> bool {
    match login.refusal() {
        Some(TOKEN_INVALID) => true,
        Some(INCORRECT_LOGIN) => login.by_token(),
        _ => false,
    }
}

fn finding(case: &Case<'_>, group: &[&Login<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let later = group.last().and_then(|last| case.chat().accepted_after(last));
    let draft = draft(case, &ABOUT, group)
        .title(if first.by_token() {
            format!("Sametime server {} refused the sign-on token of {}", first.server(), who(first))
        } else {
            format!("Sametime server {} refused the login of {} as an invalid token", first.server(), who(first))
        })
        .explain(format!(
            "{} logged in at {} with {}, and the server ended the session{}. Reason: {}.{}",
            who(first),
            first.server(),
            proof(first),
            how_often(group),
            why(first),
            afterwards(case, group),
        ));
    let draft = if first.by_token() { draft } else { draft.at_most(Confidence::Medium) };
    Some(if later.is_some_and(Login::by_password) { draft.severity(Severity::Major) } else { draft })
}

#[cfg(test)]
mod tests {
    use super::super::super::vp::tests::{USER, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, destroy, reason};

    const RULE: &str = "st-token-refused";

    #[test]
    fn a_token_that_is_invalid() {
        for code in [reason::TOKEN_INVALID, reason::INCORRECT_LOGIN] {
            let net = Network::new();
            dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(code);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
            says(&finding, &[USER, "10.1.0.9:1533", "10.1.0.50", "Token Format"]);
            assert!(!crate::testing::text(&finding).contains(&token(&net)[..40]));
        }
    }

    #[test]
    fn how_it_went_on_decides_how_bad_it_is() {
        for (again, severity) in
            [(Login::tokens(USER, &["x"]), Severity::Minor), (Login::rc2_128(USER), Severity::Major)]
        {
            let net = Network::new();
            dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::TOKEN_INVALID);
            dial(&net).vp_works(&again);
            assert_eq!(one(&net, RULE).severity, severity);
        }
    }

    #[test]
    fn a_wrong_password_is_no_token() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::INCORRECT_LOGIN);
        none(&net, RULE);
    }

    #[test]
    fn what_the_client_says_is_no_refusal() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_open().vp_login(&Login::tokens(USER, &[&token(&net)]));
        tcp.client(destroy(0, reason::TOKEN_INVALID)).client_fin();
        let tcp = dial(&net);
        tcp.vp_works(&Login::tokens(USER, &[&token(&net)])).vp_logout();
        none(&net, RULE);
    }
}
