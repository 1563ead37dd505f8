//! The community server cannot ask its directory.

use crate::diagnose::evidence::sametime::{READ, Reasons, draft_of_server, show_all, turned_away, who};
use crate::diagnose::words::st::directory_down as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Confidence, FailedConnection, FailedConnections, RuleId, Setup, Severity, Span, Timestamp};

/// Ports of LDAP: plain, TLS (IANA), and those of a global catalogue, plain and TLS.
const LDAP: [u16; 4] = [389, 636, 3268, 3269];
/// Directories shown in one finding.
const SHOWN: usize = 4;
/// Failures of one server that are looked at for one finding.
const LOOKED_AT: usize = 256;

/// See [`ABOUT`].
pub(crate) struct DirectoryDown;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-directory-down");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server cannot ask its directory",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server ends sessions with reason 0x80000214 (verification down); or it answers the handshake at once, but a \
           login late or not at all. The server's own connections to a directory (TCP 389, 636, 3268, 3269) are refused or \
           not answered, where the capture shows them.",
    matters: "No user's name, password or token can be verified: nobody can log in.",
    guards: &[
        "The reason was read: high confidence. A late or missing answer alone: medium at most, and major at most; with a \
         directory that failed shortly before or meanwhile: high.",
        "A directory that failed another machine, or long before, or before a login that worked: not counted.",
        "The answer may have come after the end of the capture, or its bytes may be missing: silent.",
        "All who were turned away get in later: minor.",
    ],
    remedy: &[
        "From the Sametime server, try the directory: ldapsearch to the host and port (389, or 636 with TLS) in stconfig.nsf > \
         LDAPServer (up to Sametime 11) or StCommunityConfig.xml (12), with the bind name and password that stand there.",
        "Bind account: not locked, password not expired. TLS: the directory's certificate (issuer) in the server's key \
         store. Firewall: 389/636 open from the Sametime server.",
        "Domino directory: the server task answers on the Sametime server, names.nsf is not damaged.",
        "Then restart the community server, and look for \"StUsers\" and \"LDAP\" in its trace (VP_LDAP_TRACE=1 in \
         sametime.ini; Sametime 12: by STI__Section__KEY in custom.env or a ConfigMap, of which sametime.ini is made).",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)",
        "HCL Sametime: Enabling community server debug (VP_LDAP_TRACE)",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons { about: &ABOUT, codes: &[0x8000_0214], after_login: false };

impl Rule for DirectoryDown {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let down = group_by(REASONS.groups(case).into_iter().flatten(), |login| login.server());
        let slow = case.sametime().logins().filter(|login| waited(case, login).is_some());
        let slow = group_by(slow, |login| login.server());
        let down = down.iter().filter_map(|group| told(case, group));
        down.chain(slow.iter().filter_map(|group| late(case, group))).collect()
    }
}

/// The server said so.
fn told(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    let away = failures(case, group);
    let said = words::CannotVerify { turned_away: turned_away(case, group)?, directories: directories(&away) };
    Some(show_failures(draft_of_server(case, &ABOUT, group).says(&said), &away))
}

/// The server took the handshake, and let the login wait.
fn late(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let wait = waited(case, first)?;
    let away = failures(case, group);
    let failed = if away.is_empty() { Severity::Major } else { Severity::Blocker };
    let said = words::LetsWait {
        server: first.server(),
        who: who(first),
        count: group.len(),
        waited_s: wait.as_secs_f64(),
        was_answered: first.accepted.is_some() || first.reason().is_some(),
        directories: directories(&away),
    };
    let draft = Draft::new(&ABOUT, READ)
        .at_most(if away.is_empty() { Confidence::Medium } else { Confidence::High })
        .seen_in(group.len())
        .severity(if first.accepted.is_some() { Severity::Minor } else { failed })
        .says(&said);
    Some(show_failures(show_all(draft, group), &away))
}

/// What the server could not reach shortly before or during one of these logins.
fn failures<'a>(case: &Case<'a>, group: &[&SametimeLogin<'_>]) -> Vec<&'a FailedConnections> {
    let Some(server) = group.first().map(|login| login.server()) else { return Vec::new() };
    let of_server = |failed: &&FailedConnections| failed.client == server.ip && LDAP.contains(&failed.server.port);
    let all = case.analysis.facts.failed.iter().filter(of_server).filter(|failed| is_proven(case, failed));
    let near = all.take(LOOKED_AT).filter(|failed| {
        let last = failed.last.syn.time;
        group.iter().any(|login| concerns(case, failed, login))
            && !case.sametime().of_server(server).any(|login| worked_between(login, last, group))
    });
    near.take(SHOWN).collect()
}

/// A SYN without an answer says something only if there was time for one.
fn is_proven(case: &Case<'_>, failed: &FailedConnections) -> bool {
    let syn = failed.first.syn;
    let input = usize::try_from(syn.frame.input).ok().and_then(|index| case.analysis.inputs.get(index));
    let end = input.and_then(|input| input.last).unwrap_or(syn.time);
    failed.setup == Setup::Refused || end.since(syn.time) >= case.settings.thresholds.syn_timeout
}

/// It failed not long before the login, or before the login was answered.
fn concerns(case: &Case<'_>, failed: &FailedConnections, login: &SametimeLogin<'_>) -> bool {
    let Some(sent) = login.attempt().map(|said| said.at().time) else { return false };
    let since = sent.since(failed.last.syn.time);
    let until = answered(login).unwrap_or_else(|| case.watched_until(login.conversation));
    since <= case.settings.thresholds.directory_within && failed.first.syn.time <= until
}

/// The server accepted a login that began after the last failure and before the last of the group: its directory was back.
fn worked_between(login: &SametimeLogin<'_>, failure: Timestamp, group: &[&SametimeLogin<'_>]) -> bool {
    let sent = |login: &SametimeLogin<'_>| login.attempt().map(|said| said.at().time);
    let Some(accepted) = login.accepted.and_then(|_| sent(login)) else { return false };
    let first = group.iter().filter_map(|login| sent(login)).min();
    accepted > failure && first.is_some_and(|first| accepted < first)
}

/// What the server could not reach, as values.
fn directories(away: &[&FailedConnections]) -> words::Directories {
    let value = |failed: &&FailedConnections| words::Directory {
        server: failed.server,
        refused: failed.setup == Setup::Refused,
        count: failed.count,
    };
    words::Directories(away.iter().map(value).collect())
}

/// Shows the first attempt and the last one, and says what to look at.
fn show_failures(draft: Draft, away: &[&FailedConnections]) -> Draft {
    let points = if away.is_empty() { 0 } else { 30 };
    let draft = away.iter().fold(draft.points(points), |draft, failed| {
        let draft = show_attempt(draft, failed, failed.first);
        if failed.count > 1 { show_attempt(draft, failed, failed.last) } else { draft }
    });
    away.iter().rev().fold(draft, |draft, failed| draft.remedy_first(advice(failed)))
}

/// The SYN, and the RST that answered it.
fn show_attempt(draft: Draft, failed: &FailedConnections, attempt: FailedConnection) -> Draft {
    let (client, server) = (failed.client, failed.server);
    match attempt.reset {
        Some(reset) => draft
            .packet(attempt.syn, format!("{client} calls the directory {server}"))
            .packet(reset, format!("{server} refuses the connection of {client} (RST)")),
        None => draft.packet(attempt.syn, format!("{client} calls the directory {server}, which never answers")),
    }
}

/// What to do about that directory.
fn advice(failed: &FailedConnections) -> String {
    let (client, server) = (failed.client, failed.server);
    if failed.setup == Setup::Refused {
        format!(
            "On {}: start the LDAP service (Domino: \"load ldap\"), and see that it listens on port {}. If the directory is \
             elsewhere, correct host and port in stconfig.nsf > LDAPServer.",
            server.ip, server.port
        )
    } else {
        format!(
            "From {client}, nothing comes back from {server}: is the directory's machine up, is its address still right, \
             and does every firewall between them let the connection through?"
        )
    }
}

/// How long a login waited for an answer, if it was too long.
fn waited(case: &Case<'_>, login: &SametimeLogin<'_>) -> Option<Span> {
    let sent = login.attempt().filter(|_| login.answer.is_some() && login.well_captured())?.at().time;
    let until = match (answered(login), login.outcome()) {
        (Some(answer), _) => answer,
        (None, SametimeLoginOutcome::Silent | SametimeLoginOutcome::Closed) => case.watched_until(login.conversation),
        (None, _) => return None,
    };
    let wait = until.since(sent);
    (wait >= case.settings.thresholds.reply_timeout).then_some(wait)
}

/// When the last login was answered, if it was.
fn answered(login: &SametimeLogin<'_>) -> Option<Timestamp> {
    let sent = login.attempt()?.at().time;
    let answers = [login.accepted, login.redirected, login.end].into_iter().flatten();
    answers.map(|said| said.at().time).filter(|&time| time >= sent).min()
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{frames, idle, none, one, says, text};
    use nrpcsniff_samples::sametime::{Login, reason};
    use nrpcsniff_samples::{Dial, Network};

    const RULE: &str = "st-directory-down";

    #[test]
    fn the_server_says_so() {
        let net = Network::new();
        for _ in 0..3 {
            dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::VERIFICATION_DOWN);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations.len(), 3);
        says(&finding, &["10.1.0.9:1533", "VERIFICATION_DOWN", "636"]);
    }

    #[test]
    fn a_login_without_an_answer() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).wait_secs(20).client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).wait_secs(20).vp_accept(USER, "Ann");
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER));
        idle(&net, 8);
        says(&one(&net, RULE), &["not within 8.0 s"]);
    }

    #[test]
    fn a_quick_answer_and_the_end_of_the_capture_are_silent() {
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).wait_secs(100).vp_logout();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER));
        none(&net, RULE);
    }

    #[test]
    fn getting_in_later_makes_it_minor() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::VERIFICATION_DOWN);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }

    /// A login that the server turns away because it cannot verify.
    fn turned_away(net: &Network) {
        dial(net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::VERIFICATION_DOWN);
    }

    /// A machine calls the directory.
    fn calls(net: &Network, client: &str, port: u16) -> Dial {
        net.dial(&net.host(client), &net.host("10.1.0.30"), port)
    }

    const SERVER: &str = "10.1.0.9";
    const DIRECTORY: &str = "10.1.0.30";

    #[test]
    fn a_directory_that_refuses_is_named() {
        for port in [389, 636, 3268, 3269] {
            let net = Network::new();
            calls(&net, SERVER, port).refused(1);
            turned_away(&net);
            let finding = one(&net, RULE);
            says(&finding, &[&format!("its directory 10.1.0.30:{port} refuses connections"), "On 10.1.0.30: start"]);
            assert!(frames(&finding).starts_with(&[1, 2]), "{finding:#?}");
            assert!(finding.remedy[0].contains(DIRECTORY));
            let without = Network::new();
            turned_away(&without);
            assert!(one(&without, RULE).score < finding.score);
        }
    }

    #[test]
    fn a_login_that_waits_for_a_silent_directory() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER));
        calls(&net, SERVER, 636).silent(&[3, 9]);
        tcp.wait_secs(20).client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["lets logins wait: its directory 10.1.0.30:636 does not answer", "never answers", "firewall"]);
    }

    #[test]
    fn a_slow_login_that_works_stays_minor() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER));
        calls(&net, SERVER, 389).silent(&[3]);
        tcp.wait_secs(20).vp_accept(USER, "Ann");
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }

    #[test]
    fn a_directory_that_refuses_while_logins_work_is_silent() {
        let net = Network::new();
        calls(&net, SERVER, 389).refused(3);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        calls(&net, SERVER, 389).refused(3);
        none(&net, RULE);
    }

    /// The finding does not speak of the directory's address.
    fn unnamed(net: &Network) {
        let finding = one(net, RULE);
        assert!(!text(&finding).contains(DIRECTORY), "{finding:#?}");
    }

    #[test]
    fn failures_of_others_and_on_other_ports_are_no_evidence() {
        let net = Network::new();
        calls(&net, "10.1.0.77", 389).refused(1);
        calls(&net, SERVER, 8080).refused(1);
        turned_away(&net);
        unnamed(&net);
    }

    #[test]
    fn failures_long_before_or_after_are_no_evidence() {
        let net = Network::new();
        calls(&net, SERVER, 389).refused(1);
        net.wait_secs(100);
        turned_away(&net);
        net.wait_secs(1);
        calls(&net, SERVER, 389).refused(1);
        unnamed(&net);
    }

    #[test]
    fn a_login_that_worked_since_shows_that_the_directory_was_back() {
        let net = Network::new();
        calls(&net, SERVER, 389).refused(1);
        net.wait_secs(1);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        turned_away(&net);
        unnamed(&net);
    }

    #[test]
    fn a_call_at_the_end_of_the_capture_may_yet_be_answered() {
        let net = Network::new();
        calls(&net, SERVER, 389).silent(&[]);
        turned_away(&net);
        unnamed(&net);
        idle(&net, 8);
        says(&one(&net, RULE), &["10.1.0.30:389 does not answer"]);
    }
}
