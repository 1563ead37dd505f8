//! The community server does not take the sign-on token.

use crate::diagnose::evidence::logs::{READ, log_of_login, refused_logins};
use crate::diagnose::evidence::sametime::{draft, ended_session, proof};
use crate::diagnose::words::Users;
use crate::diagnose::words::st::token_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::TracedLogin;
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::by_user;
use crate::model::{Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct TokenRefused;

const TOKEN_INVALID: u32 = 0x8000_0015;
const INCORRECT_LOGIN: u32 = 0x8000_0211;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-token-refused");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server refuses the sign-on token",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A login with a token is answered by the end of the session (DESTROY of channel 0) with reason 0x80000015 \
           (token invalid), or with 0x80000211 (incorrect login) although no password was sent. \
           Logs: \"token verification failed\" in the trace of a Sametime server, with its code.",
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
        "Sametime 12 and later: in custom.env or the ConfigMap ENABLE_LTPA=true, LTPA_KEYS (the keys that the issuer has), LTPA_REALM \
         (its realm) and STI__ST_BB_NAMES__ST_AUTH_TOKEN=Fork:Jwt,Ltpa; sametime.ini is made of them and not edited.",
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
        let groups = by_user(case.sametime().logins().filter(|login| is_refused(login)));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let failed = case.logs().logins().iter().filter(|login| login.not_verified.is_some());
        let failed: Vec<_> = failed.filter(|login| login.accepted.is_none()).collect();
        let users = group_by(failed.iter().filter_map(|login| login.user()), |user| *user).len();
        let all = Users::of(failed.iter().map(|login| login.user().map(str::to_owned)));
        // Where so many are refused, the user is not the point.
        let whom = (users > MANY).then_some(&all);
        failed.into_iter().map(|login| not_verified(case, login, whom)).collect()
    }
}

fn is_refused(login: &SametimeLogin<'_>) -> bool {
    match login.refusal() {
        Some(TOKEN_INVALID) => true,
        Some(INCORRECT_LOGIN) => login.by_token(),
        _ => false,
    }
}

fn finding(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let later = group.last().and_then(|last| case.sametime().accepted_after(last));
    let said = words::Refused { session: ended_session(case, group)?, proof: proof(first) };
    let draft = draft(case, &ABOUT, group).says(&said);
    let draft = if said.proof.is_token() { draft } else { draft.at_most(Confidence::Medium) };
    Some(if later.is_some_and(SametimeLogin::by_password) { draft.severity(Severity::Major) } else { draft })
}

/// More users than this are put together.
const MANY: usize = 8;

/// The server's trace says that the token did not verify; `all` are its users, where they are one finding.
fn not_verified(case: &Case<'_>, login: &TracedLogin<'_>, all: Option<&Users>) -> Testimony {
    let said = words::NotVerified {
        log: log_of_login(case, login).to_owned(),
        user: login.user().map(str::to_owned),
        users: all.cloned(),
        check_code: login.not_verified.and_then(|(_, code)| code),
        was_turned_away: login.turned_away.is_some(),
    };
    let whom = all.map_or_else(|| login.user().unwrap_or_default().to_owned(), |all| all.or(words::NAMELESS));
    let draft = Draft::new(&ABOUT, READ).guard(login.mixed).says(&said);
    let draft = if login.user().is_some() { draft.names_read() } else { draft.points(10) };
    let later = case.logs().got_in_later(login);
    let draft = if later { draft.severity(Severity::Minor) } else { draft };
    Testimony::new(&ABOUT, &login.telling()).whom(whom).login(login).links(refused_logins(case, login)).alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{
        SOME_TIME, alone, beside, is_of_both, let_in, lines, log, log_with_offset, not_verified, stusers,
    };
    use crate::testing::{none, one, says, the_one};
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

    const HOUR: u64 = 3_600_000_000_000;

    /// A refused login in the capture, and the time of it.
    fn refused(net: &Network) -> u64 {
        dial(net).vp_open().vp_login(&Login::tokens(USER, &["opaque"])).vp_refuse(reason::TOKEN_INVALID);
        net.now()
    }

    #[test]
    fn a_trace_alone_tells_the_fact_and_no_cause() {
        let found = alone(&[&not_verified(SOME_TIME, USER)]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Major, Confidence::High)
        );
        assert_eq!(lines(finding), [1, 4, 6]);
        says(finding, &[USER, "4098", "no status of Domino", "does not say why", "format of the token first"]);
        assert!(finding.frames.is_empty() && finding.conversations.is_empty());
    }

    #[test]
    fn many_users_are_one_finding() {
        let text: Vec<_> = (0..20).map(|n| not_verified(SOME_TIME, &format!("CN=User {n}/O=Acme"))).collect();
        let found = alone(&[&text.concat()]);
        says(the_one(&found), &["CN=User 0/O=Acme and 19 other users", "20 times in this log"]);
        let three = alone(&[&text[..3].concat()]);
        let finding = the_one(&three);
        says(
            finding,
            &["CN=User 0/O=Acme", "The same happened to CN=User 1/O=Acme and CN=User 2/O=Acme: 3 times in all"],
        );
        assert_eq!(lines(finding).len(), 9, "each of them keeps its lines");
    }

    #[test]
    fn a_user_who_gets_in_later_has_a_minor_fault() {
        let text = not_verified(SOME_TIME, USER) + &let_in(SOME_TIME + HOUR / 60, USER);
        assert_eq!(the_one(&alone(&[&text])).severity, Severity::Minor);
        let again = text.clone() + &not_verified(SOME_TIME + HOUR, USER);
        assert_eq!(the_one(&alone(&[&again])).severity, Severity::Major, "and fails again after that");
        let before = let_in(SOME_TIME - HOUR, USER) + &not_verified(SOME_TIME, USER);
        assert_eq!(the_one(&alone(&[&before])).severity, Severity::Major);
    }

    #[test]
    fn the_same_login_in_both_is_one_finding() {
        let net = Network::new();
        let at = refused(&net);
        let score = |found: &[crate::model::Finding]| found.iter().find(|f| f.rule == RULE).map_or(0, |f| f.score);
        let without = score(&beside(&net, Vec::new()));
        for (text, offset) in [
            (not_verified(at, USER), Some(0)),
            (not_verified(at + HOUR, USER), Some(-3600)),
            (not_verified(at - 2 * HOUR, USER), None),
        ] {
            let log = offset.map_or_else(|| log("st.txt", &text), |seconds| log_with_offset("st.txt", &text, seconds));
            let found = beside(&net, vec![log]);
            let finding = the_one(&found);
            assert!(is_of_both(finding), "{finding:#?}");
            assert_eq!((finding.rule.as_str(), lines(finding)), (RULE, vec![1, 4, 6]));
            assert_eq!(finding.score, (without + 25).min(100));
        }
    }

    #[test]
    fn another_moment_or_another_user_is_another_finding() {
        let net = Network::new();
        let at = refused(&net);
        for (text, seconds) in [(not_verified(at, USER), 60), (not_verified(at, "CN=Bob/O=Acme"), 0)] {
            let found = beside(&net, vec![log_with_offset("st.txt", &text, seconds)]);
            assert_eq!(found.len(), 2, "{found:#?}");
            assert!(found.iter().all(|finding| !is_of_both(finding)));
        }
    }

    #[test]
    fn healthy_traces_are_passed_over() {
        let twice = let_in(SOME_TIME, USER) + &let_in(SOME_TIME + HOUR, "CN=Bob/O=Acme");
        let levels = twice.replace(",INF,", ",FTL,");
        let password = stusers(SOME_TIME, &["VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login"]);
        for text in [&twice, &levels, &password] {
            assert_eq!(alone(&[text]), [], "{text}");
        }
    }
}
