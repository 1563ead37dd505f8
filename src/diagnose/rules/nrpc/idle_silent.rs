//! After a long silence data is repeated to exhaustion: something on the path drops the session without a word.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::idle_silent as words;
use crate::diagnose::words::{Occurrences, clients, side, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, aftermath_since};
use crate::facts::nrpc::idle::{IdleEnd, IdleTimer, last_long_gap};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{Confidence, RuleId, Severity, Span};

/// See [`ABOUT`].
pub(crate) struct IdleSilent;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-idle-silent");

static ABOUT: About = About {
    id: ID,
    title: "Sessions are dead after a silence",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A session is silent for five minutes or more; the first data after that is repeated again and again and \
           never acknowledged. A new connection to the same server works at once.",
    matters: "A firewall, NAT or load balancer has dropped the session from its table and discards what belongs to it. \
              The user waits 20 to 60 seconds before Notes gives up and connects again.",
    guards: &[
        "The silence was shorter, or the data after it was acknowledged.",
        "The next connection to the same server fails as well: server or path are down, and that is the finding.",
        "No new connection was seen: low confidence.",
        "A longer silence was survived by another session with that server: confidence is lowered.",
    ],
    remedy: &[
        "Raise the idle timeout for TCP 1352 on the firewall, NAT or load balancer above Server_Session_Timeout (4 \
         hours by default), and let it send a RST when it drops a session.",
        "Or end silent sessions earlier than it does: notes.ini Server_Session_Timeout on the server (30 to 45 \
         minutes, not below).",
        "Or let the operating system send TCP keep-alives more often than the device forgets.",
    ],
    references: &[
        "RFC 5382 (REQ-5: NAT keeps established sessions for 2 hours and 4 minutes at least)",
        "RFC 1122 4.2.3.6 (keep-alives)",
        "Notes status 0x0A02, 0x0A07",
    ],
    explains: &[crate::diagnose::rules::tcp::loss::ID, super::hello_unanswered::ID],
};

impl Rule for IdleSilent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let died = case.talks().filter(|talk| !restarted.contains(&talk.conversation.id));
        let died = died.filter_map(|talk| Some(IdleEnd { talk, gap: deadly_gap(case, talk)? }));
        group_by(died, |d| d.talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The long silence after which data was never acknowledged.
fn deadly_gap(case: &Case<'_>, talk: &Talk<'_>) -> Option<crate::model::IdleGap> {
    let unanswered = talk.conversation.tcp.unanswered.as_ref()?;
    let gap = last_long_gap(case, talk)?;
    let delay = unanswered.first.since(gap.after);
    let prompt = (Span::ZERO..=case.settings.thresholds.reset_within).contains(&delay);
    let after = aftermath_since(case, talk, gap.after.time);
    let alive = matches!(after, Aftermath::SameAddress(_) | Aftermath::OtherAddress(_) | Aftermath::Nothing);
    (unanswered.tries >= case.settings.thresholds.stuck_tries && prompt && alive).then_some(gap)
}

/// A new connection that works shows that only the old one was forgotten; without it, it is low at most, as the host
/// may be down.
fn finding(case: &Case<'_>, group: &[IdleEnd<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|died| died.talk).collect();
    let server = first.talk.conversation.server;
    let timer = IdleTimer::of(case, group)?;
    let again = group.iter().find_map(|died| match aftermath_since(case, died.talk, died.gap.after.time) {
        Aftermath::SameAddress(next) => Some(next),
        _ => None,
    });
    let mut draft = Draft::new(&ABOUT, 50)
        .points(if again.is_some() { 20 } else { 0 })
        .points(if timer.equal { 20 } else { 0 })
        .seen_in(group.len())
        .guard(timer.contradicted(case))
        .conversations_of(talks.iter().copied())
        .says(&words::Dead {
            seen: Occurrences::of(server, &talks, first.gap.after.time),
            idle_min_s: timer.shortest,
            recovered: again.is_some(),
        })
        .remedy_first(format!(
            "Raise the idle timeout for TCP to {server} on the devices between it and {} above {}.",
            clients(&talks),
            span(timer.longest),
        ));
    if let Some(next) = again {
        draft = draft
            .packet(next.conversation.first, format!("{} connects again, and that works", next.conversation.client));
    } else {
        draft = draft.at_most(Confidence::Low);
    }
    Some(each(draft, group, "sessions", evidence))
}

fn evidence(draft: Draft, died: &IdleEnd<'_, '_>) -> Draft {
    let Some(unanswered) = &died.talk.conversation.tcp.unanswered else { return draft };
    let client = died.talk.conversation.client;
    draft
        .packet(died.gap.before, format!("{client}: last frame before a silence of {}", span(died.length())))
        .packet(unanswered.first, format!("{} sends {} bytes", side(unanswered.from), unanswered.length))
        .packet(
            unanswered.last,
            format!(
                "repeated {} times within {}, never acknowledged",
                unanswered.tries,
                span(unanswered.last.time.seconds_since(unanswered.first.time)),
            ),
        )
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{frames, idle, none, one, says};
    use nrpcsniff_samples::{Network, Side, nrpc};

    const RULE: &str = "nrpc-idle-silent";
    const NAME: &str = "CN=Mail01/O=Acme";
    const RETRIES: [u64; 5] = [300, 600, 1200, 2400, 4800];

    /// A session at work, silent for so many seconds, and then data that is never acknowledged.
    fn dies(net: &Network, client: &str, seconds: u64) {
        net.at(0);
        let tcp = net.connect(&net.host(client), &net.host("10.2.0.9"), 1352);
        tcp.works(NAME, 2).wait_secs(seconds);
        let request = tcp.next_request(nrpc::FUNCTION_WORK, 64);
        tcp.unanswered(Side::Client, request, &RETRIES);
    }

    fn connects_again(net: &Network) {
        net.wait_secs(5);
        net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).works(NAME, 2).client_fin();
    }

    #[test]
    fn data_after_a_silence_is_dropped() {
        let net = Network::new();
        dies(&net, "10.1.0.50", 3600);
        let last = net.frame_count() as u64;
        connects_again(&net);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        assert_eq!(finding.conversations, [0]);
        assert_eq!(frames(&finding), [last - 6, last - 5, last, last + 1]);
        says(&finding, &["10.2.0.9:1352", "60.0 min", "repeated 5 times", "connects again, and that works"]);
    }

    #[test]
    fn equal_silences_make_it_sure() {
        let net = Network::new();
        for client in ["10.1.0.50", "10.1.0.51", "10.1.0.52"] {
            dies(&net, client, 3600);
        }
        connects_again(&net);
        assert_eq!(one(&net, RULE).confidence, Confidence::High);
    }

    #[test]
    fn without_a_new_connection_it_may_be_the_server() {
        let net = Network::new();
        dies(&net, "10.1.0.50", 3600);
        idle(&net, 10);
        assert_eq!(one(&net, RULE).confidence, Confidence::Low);
    }

    #[test]
    fn a_server_that_is_down_is_another_matter() {
        let net = Network::new();
        dies(&net, "10.1.0.50", 3600);
        net.wait_secs(5);
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).silent(&[1, 3]);
        idle(&net, 10);
        none(&net, RULE);
    }

    #[test]
    fn a_short_silence_forgets_nothing() {
        let net = Network::new();
        dies(&net, "10.1.0.50", 60);
        connects_again(&net);
        none(&net, RULE);
    }
}
