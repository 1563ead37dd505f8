//! The first login had its token; after the connection was lost, the client has none.

use crate::diagnose::evidence::logs::{FEW, READ, log_of};
use crate::diagnose::evidence::sametime::{show, show_all, who};
use crate::diagnose::words::Closed;
use crate::diagnose::words::st::missing_token_relogin as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::LogEntry;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Close, CloseBy, Confidence, LogEvent, RuleId, Severity, Side, Span};

/// See [`ABOUT`].
pub(crate) struct MissingTokenRelogin;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-missing-token-relogin");

static ABOUT: About = About {
    id: ID,
    title: "After a lost connection the Sametime client has no token to log in again",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login with a token is accepted; the session is lost (RST, timeout, closed by the server); the same client \
           connects again and logs in with an empty or senseless token, or shakes hands and leaves without a login. \
           Logs: CWPST0306W, or \"LoginException: Server Unavailable\", in the client's log.",
    matters: "The user goes offline after every network change and reads \"Missing single sign on token\".",
    guards: &[
        "The client logs in again with a token or a password and is accepted: silent.",
        "The first session was ended by a logout of the user (DESTROY with reason 0 of the client): silent.",
        "The first login carried no token: silent.",
        "An authentication server that cannot be reached over NRPC is the better explanation: see st-auth-server-nrpc.",
        "That the token is missing because it could not be fetched is inferred: medium confidence at most.",
    ],
    remedy: &[
        "One DNS domain for all: Web SSO Configuration document > DNS Domain, Server document > Fully qualified Internet host \
         name and Internet Protocols > HTTP > Host name, and the host name of the Sametime community in the client.",
        "Authentication server of the client (File > Preferences > Sametime > Server Communities > Log In): the hierarchical \
         name, Mail01/Servers/Acme, not a host name, for authentication by Domino; a URL for authentication by web.",
        "Then look at the client's log for CWPST0306W and LoginException: Server Unavailable.",
    ],
    references: &[
        "blog.thomashampel.com: Sametime: Missing Single Sign On token (both articles)",
        "HCL Notes: Logging in to Sametime with single sign-on",
    ],
    explains: &[super::token_refused::ID],
};

impl Rule for MissingTokenRelogin {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let again = case.sametime().logins().filter(|login| has_no_token(login));
        let pairs = again.filter_map(|login| Some((lost_before(case, login)?, login)));
        let groups = group_by(pairs, |(_, login)| (login.client(), login.server().ip));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let mut last: Option<LogEntry<'_>> = None;
        let missing = case.logs().saying(|event| *event == LogEvent::TokenMissing);
        let apart = missing.filter(|entry| {
            // A message and its exception are one event.
            let again = last.is_some_and(|last| last.log == entry.log && entry.since(&last).abs() <= TOGETHER);
            last = Some(*entry);
            !again
        });
        apart.take(FEW).map(|entry| told_by_client(case, entry)).collect()
    }
}

/// It should have logged in with a token, and had none.
fn has_no_token(login: &SametimeLogin<'_>) -> bool {
    let genuine = login.tokens().any(|(_, token)| token.class.is_genuine());
    let opaque = login.auth().is_some_and(|auth| auth.tokens.is_empty() && auth.length > 0);
    let empty_handed = login.by_token() && !genuine && !opaque;
    let left = login.answer.is_some() && login.attempts.is_empty() && login.conversation.teardown.by == CloseBy::Client;
    let failed = !matches!(
        login.outcome(),
        SametimeLoginOutcome::Accepted | SametimeLoginOutcome::Unknown | SametimeLoginOutcome::Redirected(_)
    );
    failed && (empty_handed || left)
}

/// The session before: accepted with a token, and lost.
fn lost_before<'c, 'a>(case: &'c Case<'a>, login: &SametimeLogin<'a>) -> Option<&'c SametimeLogin<'a>> {
    let before = case.sametime().before(login).find(|before| before.accepted.is_some())?;
    (before.by_token() && is_lost(before)).then_some(before)
}

/// It ended, and not by the user's wish.
fn is_lost(login: &SametimeLogin<'_>) -> bool {
    let c = login.conversation;
    let logged_out = login.reason().is_some_and(|(code, said)| code == 0 && said.message.from == Side::Client);
    let broken = matches!(c.teardown.how, Close::Rst | Close::Timeout) || c.tcp.unanswered.is_some();
    let by_others = matches!(c.teardown.by, CloseBy::Server | CloseBy::Middlebox);
    !logged_out && (broken || by_others)
}

fn finding(case: &Case<'_>, group: &[(&SametimeLogin<'_>, &SametimeLogin<'_>)]) -> Option<Draft> {
    let (before, first) = *group.first()?;
    let last = group.last()?.1;
    if case.sametime().accepted_after(last).is_some() || first.began().time < before.ended() {
        return None;
    }
    let logins: Vec<&SametimeLogin<'_>> = group.iter().map(|(_, login)| *login).collect();
    let said = words::NoToken {
        server: first.server(),
        who: who(before),
        lost_at: before.server(),
        closed: Closed::of(&before.conversation.teardown),
        delay_s: first.began().time.seconds_since(before.ended()),
        sent_login: first.by_token(),
        count: group.len(),
    };
    let draft = Draft::new(&ABOUT, 50)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .guard(!first.well_captured())
        .at_most(Confidence::Medium)
        .says(&said);
    Some(show_all(show(draft.conversation(before.conversation), before), &logins))
}

/// Lines of one event stand no further apart.
const TOGETHER: Span = Span::from_secs(2);

/// The client's own log says that it has no token.
fn told_by_client(case: &Case<'_>, entry: LogEntry<'_>) -> Testimony {
    let said = words::Logged { log: log_of(case, &entry).to_owned() };
    let draft = Draft::new(&ABOUT, READ).points(10).at_most(Confidence::Medium).says(&said);
    let within = case.settings.thresholds.log_within;
    let near = case
        .sametime()
        .logins()
        .filter(|login| entry.time.is_some_and(|time| login.began().time.since(time).abs() <= within));
    Testimony::new(&ABOUT, &[entry]).links(near.map(|login| login.conversation.id)).proves().alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, lines, systemout};
    use crate::testing::{none, one, says, the_one};
    use nrpcsniff_samples::sametime::{Login, reason};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "st-missing-token-relogin";

    /// A login with a token that was accepted, some minutes old.
    fn session(net: &Network) -> Tcp {
        let tcp = dial(net);
        tcp.vp_works(&Login::tokens(USER, &[&token(net)])).wait_secs(120);
        tcp
    }

    #[test]
    fn empty_handed_after_a_reset() {
        let net = Network::new();
        session(&net).server_rst();
        net.wait_secs(5);
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[])).vp_refuse(reason::TOKEN_INVALID);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(crate::testing::of(&net, "st-token-refused").iter().all(|f| f.conversations != [1]));
        says(&finding, &[USER, "empty token", "the server closed with RST", "hierarchical"]);
    }

    #[test]
    fn no_login_at_all() {
        let net = Network::new();
        session(&net).server_rst();
        net.wait_secs(5);
        dial(&net).vp_open().wait_secs(1).client_fin();
        says(&one(&net, RULE), &["left without a login"]);
    }

    #[test]
    fn a_client_that_gets_in_again() {
        for login in [Login::tokens(USER, &[&token(&Network::new())]), Login::rc2_128(USER)] {
            let net = Network::new();
            session(&net).server_rst();
            dial(&net).vp_open().wait_secs(1).client_fin();
            dial(&net).vp_works(&login);
            none(&net, RULE);
        }
    }

    #[test]
    fn a_logout_or_a_login_by_password_before() {
        let net = Network::new();
        session(&net).vp_logout();
        dial(&net).vp_open().wait_secs(1).client_fin();
        none(&net, RULE);
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).wait_secs(60).server_rst();
        dial(&net).vp_open().wait_secs(1).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn the_client_s_log_says_so() {
        let said = ["CWPST0306W: x", "javax.security.auth.login.LoginException: Server Unavailable"];
        let found = alone(&[&systemout(SOME_TIME, &said)]);
        assert_eq!(lines(the_one(&found)), [1]);
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        assert_eq!(alone(&[&systemout(SOME_TIME, &["LoginException: wrong password"])]), []);
    }
}
