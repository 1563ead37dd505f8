//! Many small questions over a long line: nothing is broken, it is far away.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::chatty_rtt as words;
use crate::diagnose::words::span;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::statistics::{seconds, share};
use crate::model::{Endpoint, RuleId, Severity};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct ChattyRtt;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-chatty-rtt");

static ABOUT: About = About {
    id: ID,
    title: "The line is long, not broken",
    severity: Severity::Minor,
    layer: Layer::Performance,
    sees: "Round trips of more than 80 ms; questions and answers times that round trip make up 80 % and more of the time \
           in which something was going on; next to nothing is lost.",
    matters: "Notes asks one small question after the other and waits for each answer. Opening a database takes dozens \
              of them: over a long line that is seconds, with every device in good order.",
    guards: &[
        "Segments were lost, or the receiver stopped reading: those are the cause.",
        "Few questions: no share is computed.",
        "The user's own pauses are not counted; the server's are.",
    ],
    remedy: &[
        "Local replicas (managed replicas for mail) instead of work on the server.",
        "Network compression on the Notes port of client and server.",
        "A server nearer to these users (cluster mate, replica).",
    ],
    references: &["RFC 9293 3.8.1 (round trips)"],
    explains: &[],
};

impl Rule for ChattyRtt {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let slow = case.nrpc().filter_map(|talk| Some((talk, Reckoning::of(case, talk)?)));
        let groups = group_by(slow, |(talk, _)| (talk.conversation.client.ip, talk.conversation.server));
        groups.iter().filter_map(|group| finding(group)).collect()
    }
}

/// What the length of the line costs a conversation, in seconds.
#[derive(Debug, Clone, Copy)]
struct Reckoning {
    turns: u64,
    round_trip: f64,
    active: f64,
}

impl Reckoning {
    /// The reckoning, if the line explains the time.
    fn of(case: &Case<'_>, talk: &Talk<'_>) -> Option<Self> {
        let (c, thresholds) = (talk.conversation, &case.settings.thresholds);
        let tcp = &c.tcp;
        let round_trip = seconds(c.quality.rtt?);
        let pauses = seconds(tcp.silent.client);
        let reckoning = Self { turns: c.turns.count, round_trip, active: (c.duration_s() - pauses).max(0.0) };
        let segments = tcp.data_segments.client.saturating_add(tcp.data_segments.server);
        let lossy = share(c.quality.retransmissions, segments) >= thresholds.loss_minor;
        let slow = reckoning.turns >= u64::from(thresholds.chatty_turns)
            && round_trip > thresholds.long_rtt.as_secs_f64()
            && reckoning.explained() >= thresholds.dominant_share * reckoning.active;
        (slow && !lossy && tcp.stalls.is_empty() && tcp.zero_windows.is_empty()).then_some(reckoning)
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of messages, far below 2^52")]
    fn explained(&self) -> f64 {
        self.turns as f64 * self.round_trip
    }
}

/// 80 points, since round trip times questions is measured. Travel is cut to the time that was spent, as the round trip
/// is measured once and may have been shorter later.
fn finding(group: &[(&Talk<'_>, Reckoning)]) -> Option<Draft> {
    let &(talk, first) = group.first()?;
    let (client, server): (IpAddr, Endpoint) = (talk.conversation.client.ip, talk.conversation.server);
    let turns: u64 = group.iter().map(|(_, reckoning)| reckoning.turns).sum();
    let explained: f64 = group.iter().map(|(_, reckoning)| reckoning.explained()).sum();
    let active: f64 = group.iter().map(|(_, reckoning)| reckoning.active).sum();
    let draft = Draft::new(&ABOUT, 80)
        .seen_in(group.len())
        .conversations_of(group.iter().map(|(talk, _)| *talk))
        .says(&words::LongLine {
            server,
            client,
            count: group.len(),
            first: talk.conversation.first.time,
            questions: turns,
            round_trip_s: first.round_trip,
            travel_s: explained.min(active),
            active_s: active,
        })
        .remedy_first(format!("Give the users behind {client} local replicas of what they open on {}.", server.ip));
    Some(each(draft, group, "conversations", |draft, (talk, reckoning)| {
        draft.packet(
            talk.conversation.first,
            format!(
                "{}: {} questions, {} a round trip, {} in all",
                talk.conversation.client,
                reckoning.turns,
                span(reckoning.round_trip),
                span(reckoning.active),
            ),
        )
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::{Network, Side, nrpc};

    const RULE: &str = "nrpc-chatty-rtt";

    /// `turns` questions over a line of that many milliseconds one way, each `pause` ms after the answer before.
    fn talks(one_way: u64, turns: usize, pause: u64, near_server: bool) -> Network {
        let net = Network::new();
        let (mut client, mut server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        if near_server {
            client = client.distance_ms(one_way);
        } else {
            server = server.distance_ms(one_way);
        }
        let tcp = net.connect(&client, &server, 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth();
        for _ in 0..turns {
            if pause > 0 {
                tcp.wait(pause);
            }
            tcp.ask(nrpc::FUNCTION_WORK, 64).answer(nrpc::FUNCTION_WORK, 0, 300);
        }
        tcp.client_fin();
        net
    }

    #[test]
    fn a_long_line_and_many_questions() {
        for near_server in [false, true] {
            let net = talks(75, 40, 0, near_server);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
            assert_eq!(finding.conversations, [0]);
            says(&finding, &["10.1.0.50", "10.2.0.9:1352", "150 ms", "42 questions", "Nothing was lost"]);
        }
    }

    #[test]
    fn a_short_line_few_questions_or_a_slow_client_are_other_matters() {
        none(&talks(20, 40, 0, false), RULE);
        none(&talks(75, 5, 0, false), RULE);
        none(&talks(75, 40, 500, false), RULE);
    }

    #[test]
    fn pauses_of_the_user_do_not_count() {
        one(&talks(120, 40, 5000, false), RULE);
    }

    #[test]
    fn waits_for_the_server_do() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9").distance_ms(75), 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth();
        for _ in 0..40 {
            tcp.ask(nrpc::FUNCTION_WORK, 64).wait(1500).answer(nrpc::FUNCTION_WORK, 0, 300);
        }
        none(&net, RULE);
        one(&net, "nrpc-slow-server");
    }

    #[test]
    fn a_line_that_loses_segments_is_not_only_long() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9").distance_ms(75), 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth();
        for _ in 0..40 {
            tcp.ask(nrpc::FUNCTION_WORK, 64);
            tcp.lost(Side::Server, tcp.next_reply(nrpc::FUNCTION_WORK, 0, 100), &[20]);
        }
        none(&net, RULE);
    }
}
