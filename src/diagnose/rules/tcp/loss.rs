//! Segments get lost on the way and are sent again.

use super::mtu_blackhole;
use crate::diagnose::evidence::each;
use crate::diagnose::words::tcp::loss as words;
use crate::diagnose::words::{clients, path, side, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::statistics::share;
use crate::model::{Endpoint, RuleId, Severity, Stall};

/// See [`ABOUT`].
pub(crate) struct Loss;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-loss");

static ABOUT: About = About {
    id: ID,
    title: "Segments are lost on the way",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "More than 1 % of the data segments between a client and a server were sent again (3 % and more: users feel \
           it). Waits of a second and more before a repetition are listed.",
    matters: "Every loss costs at least a round trip, and a timeout a second or more: Notes seems to hang for a moment, \
              again and again.",
    guards: &[
        "Few segments: no share is computed.",
        "The mirror port delivers frames twice: copies are not repetitions.",
        "Repetitions of one segment that never gets through, or after a session was forgotten, are another finding.",
        "The capture missed segments: confidence is lowered.",
    ],
    remedy: &[
        "Look for errors and drops on the ports along the path: duplex mismatch, bad cable or optics, Wi-Fi, overloaded \
         WAN link or policer.",
        "Capture on both ends and compare: where the segment is missing, the loss lies before that point.",
    ],
    references: &["RFC 6298 (retransmission timer)", "RFC 5681 (loss recovery)"],
    explains: &[crate::diagnose::rules::nrpc::slow_server::ID, crate::diagnose::rules::nrpc::chatty_rtt::ID],
};

impl Rule for Loss {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let talks = case.talks().filter(|talk| SegmentCount::of(case, talk).segments > 0);
        let lines = group_by(talks, |talk| (talk.conversation.client.ip, talk.conversation.server));
        let lossy: Vec<Line<'_, '_>> = lines.into_iter().filter_map(|talks| Line::new(case, talks)).collect();
        group_by(lossy, |line| line.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Data segments of a conversation, and how many of them were sent again for no reason of their own.
#[derive(Debug, Clone, Copy, Default)]
struct SegmentCount {
    segments: u64,
    repeated: u64,
}

impl SegmentCount {
    fn of(case: &Case<'_>, talk: &Talk<'_>) -> Self {
        let tcp = &talk.conversation.tcp;
        let segments = tcp.data_segments.client.saturating_add(tcp.data_segments.server);
        let repeated = tcp.retransmitted.client.saturating_add(tcp.retransmitted.server);
        let stuck = mtu_blackhole::stuck(case, talk.conversation).map_or(0, |stuck| u64::from(stuck.tries));
        let alone = tcp.unanswered.as_ref().map_or(0, |unanswered| u64::from(unanswered.tries));
        let others = repeated.saturating_sub(stuck.max(alone));
        Self { segments, repeated: others }
    }
}

/// The line between one client and one server.
struct Line<'c, 'a> {
    server: Endpoint,
    talks: Vec<&'c Talk<'a>>,
    sum: SegmentCount,
}

impl<'c, 'a> Line<'c, 'a> {
    /// The line, if enough was sent over it and enough of that again.
    fn new(case: &Case<'a>, talks: Vec<&'c Talk<'a>>) -> Option<Self> {
        let sum = talks.iter().map(|talk| SegmentCount::of(case, talk)).fold(SegmentCount::default(), |sum, one| {
            SegmentCount {
                segments: sum.segments.saturating_add(one.segments),
                repeated: sum.repeated.saturating_add(one.repeated),
            }
        });
        let server = talks.first()?.conversation.server;
        let line = Self { server, talks, sum };
        let thresholds = &case.settings.thresholds;
        let enough = sum.segments >= u64::from(thresholds.loss_segments);
        (enough && line.rate() > thresholds.loss_minor).then_some(line)
    }

    fn rate(&self) -> f64 {
        share(self.sum.repeated, self.sum.segments)
    }
}

/// 80 points without a retry: counted repetitions prove the loss, and only holes of the capture itself could feign it.
fn finding(case: &Case<'_>, group: &[Line<'_, '_>]) -> Option<Draft> {
    let worst = group.iter().max_by(|a, b| a.rate().total_cmp(&b.rate()))?;
    let talks: Vec<&Talk<'_>> = group.iter().flat_map(|line| line.talks.iter().copied()).collect();
    let felt = worst.rate() > case.settings.thresholds.loss_major;
    let missed = talks.iter().any(|talk| talk.conversation.quality.gaps > 0);
    let stalls = stalls(&talks);
    let draft = Draft::new(&ABOUT, 80)
        .seen_in(talks.len())
        .guard(missed)
        .severity(if felt { Severity::Major } else { Severity::Minor })
        .conversations_of(talks.iter().copied())
        .says(&words::Lossy {
            server: worst.server,
            clients: clients(&worst.talks),
            first: worst.talks.first()?.conversation.first.time,
            segments: worst.sum.segments,
            repeated_segments: worst.sum.repeated,
            wait_count: stalls.len(),
        })
        .remedy_first(format!(
            "Find where the path between {} and {} drops packets.",
            clients(&worst.talks),
            worst.server.ip
        ));
    let draft = each(draft, group, "lines", |draft, line| {
        draft.note(format!(
            "{} to {}: {} of {} data segments sent again ({:.1} %)",
            clients(&line.talks),
            line.server,
            line.sum.repeated,
            line.sum.segments,
            line.rate() * 100.0,
        ))
    });
    Some(each(draft, &stalls, "waits", |draft, (talk, stall)| {
        draft.packet(
            stall.repeated,
            format!(
                "{} of {} waited {} and sent frame {} again",
                side(stall.from),
                path(talk.conversation),
                span(stall.repeated.time.seconds_since(stall.first.time)),
                stall.first.frame.number,
            ),
        )
    }))
}

/// Waits before a repetition, the longest first.
fn stalls<'c, 'a>(talks: &[&'c Talk<'a>]) -> Vec<(&'c Talk<'a>, &'a Stall)> {
    let all = talks.iter().flat_map(|talk| talk.conversation.tcp.stalls.iter().map(move |stall| (*talk, stall)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, stall)| std::cmp::Reverse(stall.repeated.since(stall.first)));
    all
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp, nrpc};

    const RULE: &str = "tcp-loss";

    /// `count` questions and answers, of which every `every`th answer is lost once and sent again after `after`.
    fn talks(net: &Network, count: usize, every: usize, after: u64) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth();
        for n in 1..=count {
            tcp.wait(20).ask(nrpc::FUNCTION_WORK, 64);
            let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 200);
            if n % every == 0 {
                tcp.lost(Side::Server, reply, &[after]);
            } else {
                tcp.server(reply);
            }
        }
        tcp.client_fin();
        tcp
    }

    #[test]
    fn what_users_feel_is_major() {
        let net = Network::new();
        talks(&net, 100, 10, 1100);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!((conversations(&finding), finding.frames.len()), (vec![0], 10));
        says(&finding, &["10.1.0.50", "10.2.0.9:1352", "10 of 214 data segments", "4.7 %", "10 waits", "waited 1.1 s"]);
    }

    #[test]
    fn less_is_minor_and_little_is_nothing() {
        let net = Network::new();
        talks(&net, 200, 40, 300);
        none(&net, "nrpc-slow-server");
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
        let net = Network::new();
        talks(&net, 200, 100, 300);
        none(&net, RULE);
    }

    #[test]
    fn no_share_of_a_few_segments() {
        let net = Network::new();
        talks(&net, 20, 5, 300);
        none(&net, RULE);
    }

    #[test]
    fn copies_of_a_mirror_port_are_not_repetitions() {
        for delay in [5, 200, 3000, 20_000] {
            let net = Network::new();
            talks(&net, 100, 1000, 300);
            net.span_duplicates(delay);
            none(&net, RULE);
        }
    }

    #[test]
    fn keep_alives_are_not_repetitions() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 60);
        for _ in 0..60 {
            tcp.wait_secs(30).keepalive(Side::Server);
        }
        none(&net, RULE);
    }
}
