//! The community server cannot ask its directory.

use super::super::chat::{Login, Outcome};
use super::super::network::group_by;
use super::super::opening::watched_until;
use super::super::vp::{READ, Reasons, aftermath, draft_of_server, show_all, talk, turned_away, who};
use super::super::words::span;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct DirectoryDown;

static ABOUT: About = About {
    id: "st-directory-down",
    title: "The Sametime server cannot ask its directory",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server ends sessions with reason 0x80000214 (verification down); or it answers the handshake at once, but a \
           login late or not at all.",
    matters: "No user's name, password or token can be verified: nobody can log in.",
    guards: &[
        "The reason was read: high confidence. A late or missing answer alone: medium at most, and major at most.",
        "The answer may have come after the end of the capture, or its bytes may be missing: silent.",
        "All who were turned away get in later: minor.",
    ],
    remedy: &[
        "From the Sametime server, try the directory: ldapsearch to the host and port in stconfig.nsf > LDAPServer (389, or \
         636 with TLS), with the bind name and password that stand there.",
        "Bind account: not locked, password not expired. TLS: the directory's certificate (issuer) in the server's key \
         store. Firewall: 389/636 open from the Sametime server.",
        "Domino directory: the server task answers on the Sametime server, names.nsf is not damaged.",
        "Then restart the community server, and look for \"StUsers\" and \"LDAP\" in its trace (VP_LDAP_TRACE=1 in \
         sametime.ini).",
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
        let slow = case.chat().logins().filter(|login| waited(case, login).is_some());
        let slow = group_by(slow, |login| login.server());
        let down = down.iter().filter_map(|group| told(case, group));
        down.chain(slow.iter().filter_map(|group| late(case, group))).collect()
    }
}

/// The server said so.
fn told(case: &Case<'_>, group: &[&Login<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let draft = draft_of_server(case, &ABOUT, group)
        .title(format!("Sametime server {} cannot verify users: its directory is away", first.server()));
    let (turned_away, aftermath) = (turned_away(group), aftermath(case, group));
    Some(draft.explain(format!("{turned_away} Names and passwords were not judged.{aftermath}")))
}

/// The server took the handshake, and let the login wait.
fn late(case: &Case<'_>, group: &[&Login<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let wait = waited(case, first)?;
    let draft = Draft::new(&ABOUT, READ)
        .at_most(Confidence::Medium)
        .seen_in(group.len())
        .severity(if first.accepted.is_some() { Severity::Minor } else { Severity::Major })
        .title(format!("Sametime server {} lets logins wait", first.server()))
        .explain(format!(
            "{} answered the handshake of {} at once, but the login {}{}. Most often the server waits for its directory; \
             the connection to it is not in this finding's evidence.",
            first.server(),
            who(first),
            if first.accepted.is_some() || first.reason().is_some() { "only after " } else { "not within " },
            span(wait),
        ));
    Some(show_all(draft, group))
}

/// How long a login waited for an answer, if it was too long.
fn waited(case: &Case<'_>, login: &Login<'_>) -> Option<f64> {
    let sent = login.attempt().filter(|_| login.answer.is_some() && login.well_captured())?.at().time;
    let answered = [login.accepted, login.redirected, login.end].into_iter().flatten();
    let answer = answered.map(|said| said.at().time).filter(|&time| time >= sent).min();
    let until = match (answer, login.outcome()) {
        (Some(answer), _) => answer,
        (None, Outcome::Silent | Outcome::Closed) => watched_until(case, &talk(login)),
        (None, _) => return None,
    };
    let wait = until.seconds_since(sent);
    (wait >= case.settings.thresholds.reply_timeout).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::super::super::vp::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, reason};

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
}
