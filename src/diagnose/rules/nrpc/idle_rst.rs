//! After a long silence the first word is answered by RST: something on the path has forgotten the session.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::idle_rst as words;
use crate::diagnose::words::{Occurrences, Silence, clients, side, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, aftermath_since};
use crate::facts::nrpc::idle::{IdleEnd, IdleTimer, last_long_gap, reset_after};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{CloseBy, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct IdleRst;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-idle-rst");

static ABOUT: About = About {
    id: ID,
    title: "Sessions are reset after a silence",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A session is silent for five minutes or more; the first data (or keep-alive) after that is answered by a \
           RST within a round trip.",
    matters: "A firewall, NAT or load balancer has dropped the session from its table and resets what it no longer \
              knows. The user reads \"remote system no longer responding\" (0x0A02) when going on after a pause.",
    guards: &[
        "The other side spoke after the silence, or the RST came later: not a consequence of the silence.",
        "The silence was ended by FIN: the server's own session timeout, or a normal end.",
        "The server was restarting: that is one finding of its own.",
        "A longer silence was survived by another session with that server: confidence is lowered.",
        "One session only, and nothing but the silence points to a device on the path: medium confidence at most.",
    ],
    remedy: &[
        "Raise the idle timeout for TCP 1352 on the firewall, NAT or load balancer above Server_Session_Timeout (4 \
         hours by default).",
        "Or end silent sessions earlier than it does: notes.ini Server_Session_Timeout on the server (30 to 45 \
         minutes, not below).",
        "Or let the operating system send TCP keep-alives more often than the device forgets.",
    ],
    references: &[
        "RFC 5382 (REQ-5: NAT keeps established sessions for 2 hours and 4 minutes at least)",
        "RFC 1122 4.2.3.6 (keep-alives)",
        "Notes status 0x0A02",
    ],
    explains: &[super::idle_silent::ID, super::auth_rejected::ID],
};

impl Rule for IdleRst {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let died = case.talks().filter(|talk| !restarted.contains(&talk.conversation.id)).filter_map(|talk| {
            let gap = last_long_gap(case, talk)?;
            reset_after(case, talk, gap).then_some(IdleEnd { talk, gap })
        });
        group_by(died, |d| d.talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Equal silences and a reset that its TTL gives away count 20 points each, because a device on the path has one timer
/// for all; a silence of that length survived elsewhere counts against it.
fn finding(case: &Case<'_>, group: &[IdleEnd<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|died| died.talk).collect();
    let server = first.talk.conversation.server;
    let timer = IdleTimer::of(case, group)?;
    let forged = talks.iter().any(|talk| talk.conversation.teardown.by == CloseBy::Middlebox);
    let retried = group.iter().any(|died| {
        let next = aftermath_since(case, died.talk, died.gap.after.time);
        !matches!(next, Aftermath::Nothing)
    });
    let mut draft = Draft::new(&ABOUT, 45)
        .points(if forged { 20 } else { 0 })
        .points(if timer.equal { 20 } else { 0 })
        .seen_in(group.len())
        .retry(retried)
        .guard(timer.contradicted(case))
        .conversations_of(talks.iter().copied())
        .says(&words::Reset {
            seen: Occurrences::of(server, &talks, first.gap.after.time),
            silence: Silence { idle_min_s: timer.shortest, idle_max_s: timer.longest },
            forged,
        })
        .remedy_first(format!(
            "Raise the idle timeout for TCP to {server} on the devices between it and {} above {}.",
            clients(&talks),
            span(timer.longest),
        ));
    if let Some(survived) = timer.survived {
        draft = draft.note(format!("other sessions with {server} lived through {} of silence", span(survived)));
    }
    Some(each(draft, group, "sessions", evidence))
}

fn evidence(draft: Draft, died: &IdleEnd<'_, '_>) -> Draft {
    let (c, gap) = (died.talk.conversation, died.gap);
    let mut draft = draft
        .packet(gap.before, format!("{}: last frame before the silence", c.client))
        .packet(gap.after, format!("{} breaks the silence after {}", side(gap.by), span(died.length())));
    if let Some(rst) = c.teardown.rst[gap.by.peer()] {
        let delay = span(rst.time.seconds_since(gap.after.time));
        draft = draft.packet(rst, format!("RST with the address of {} {delay} later", side(gap.by.peer())));
    }
    match &c.teardown.reset_origin {
        Some(origin) if origin.middlebox => draft.note(format!("sent by a device: {}", origin.reasons.join("; "))),
        _ => draft,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp, nrpc};

    const RULE: &str = "nrpc-idle-rst";
    const NAME: &str = "CN=Mail01/O=Acme";

    /// A session at work, begun `at` seconds after the start and then silent for so many seconds.
    fn silent(net: &Network, client: u8, at: u64, seconds: u64) -> Tcp {
        net.at(at * 1000);
        let tcp = net.connect(&net.host(&format!("10.1.0.{client}")), &net.host("10.2.0.9"), 1352);
        tcp.works(NAME, 2);
        tcp.wait_secs(seconds);
        tcp
    }

    fn ask(tcp: &Tcp) -> &Tcp {
        tcp.ask(nrpc::FUNCTION_WORK, 64)
    }

    #[test]
    fn equal_silences_and_a_device_that_resets() {
        let net = Network::new();
        for client in 50..53 {
            ask(&silent(&net, client, u64::from(client) * 10, 1800)).middlebox_rst(Side::Client, 255);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!((conversations(&finding), finding.frames.len()), (vec![0, 1, 2], 9));
        says(&finding, &["3 sessions with 10.2.0.9:1352", "30.0 min", "10.1.0.50", "sent by a device: TTL 255"]);
    }

    #[test]
    fn one_session_alone_is_medium() {
        let net = Network::new();
        ask(&silent(&net, 50, 0, 1800)).server_rst();
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn a_keep_alive_may_be_what_is_answered() {
        let net = Network::new();
        silent(&net, 50, 0, 1800).keepalive_unanswered(Side::Server).client_rst();
        says(&one(&net, RULE), &["the server breaks the silence", "RST with the address of the client"]);
    }

    #[test]
    fn a_longer_silence_that_was_survived_speaks_against_it() {
        let net = Network::new();
        ask(&silent(&net, 50, 0, 1800)).server_rst();
        ask(&silent(&net, 51, 0, 3000)).answer(nrpc::FUNCTION_WORK, 0, 64).wait_secs(2).client_fin();
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::Low);
        says(&finding, &["lived through 50.0 min of silence"]);
    }

    #[test]
    fn other_ends_are_not_blamed_on_the_silence() {
        let net = Network::new();
        ask(&silent(&net, 50, 0, 120)).server_rst();
        ask(&silent(&net, 51, 0, 1800)).answer(nrpc::FUNCTION_WORK, 0, 64).server_rst();
        ask(&silent(&net, 52, 0, 1800)).wait_secs(4).server_rst();
        ask(&silent(&net, 53, 0, 1800)).client_rst();
        silent(&net, 54, 0, 1800).server_fin();
        silent(&net, 55, 0, 1800).client_rst();
        none(&net, RULE);
    }
}
