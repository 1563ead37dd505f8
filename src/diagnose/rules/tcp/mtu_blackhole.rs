//! Small segments pass, full-size ones never do: the path takes less than the ends believe, and nobody tells.

use crate::diagnose::evidence::each;
use crate::diagnose::words::tcp::mtu_blackhole as words;
use crate::diagnose::words::{Occurrences, OneSide};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::model::{Confidence, Endpoint, IcmpError, RuleId, Severity, Side, Span, StuckSegment, Timestamp, Transport};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub(crate) struct MtuBlackhole;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-mtu-blackhole");

static ABOUT: About = About {
    id: ID,
    title: "Large packets do not get through",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "A full-size segment (as large as the MSS, or 1400 bytes and more) is sent again and again and never \
           acknowledged, while smaller segments of the same side are.",
    matters: "The opening works, for its messages are small; the first large reply, mail or attachment hangs. Some part \
              of the path (VPN, tunnel, PPPoE) takes smaller packets only, and the ICMP message that should say so is \
              filtered.",
    guards: &[
        "No smaller segment got through: the path is down, not narrow.",
        "Small segments were lost as well: loss, not size; confidence is lowered.",
        "Too few repetitions, or all within a moment.",
        "The conversation went on later: severity and confidence are lowered.",
        "Don't Fragment is not set: routers could fragment; confidence is lowered.",
    ],
    remedy: &[
        "Clamp the MSS on the VPN or tunnel device to what really passes (`ip tcp adjust-mss`, `--clamp-mss-to-pmtu`).",
        "Let ICMP \"fragmentation needed\" (type 3 code 4) and ICMPv6 \"packet too big\" (type 2) through every filter.",
        "Or lower the MTU of the sender's interface.",
    ],
    references: &["RFC 1191, RFC 8201 (path MTU discovery)", "RFC 2923 2.1 (black holes)", "RFC 4821"],
    explains: &[
        super::loss::ID,
        crate::diagnose::rules::nrpc::hello_unanswered::ID,
        crate::diagnose::rules::nrpc::idle_silent::ID,
        crate::diagnose::rules::nrpc::early_close::ID,
        crate::diagnose::rules::nrpc::slow_server::ID,
    ],
};

impl Rule for MtuBlackhole {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let stuck = case.talks().filter_map(|talk| Some((talk, stuck(case, talk)?)));
        let groups = group_by(stuck, |(talk, stuck)| (talk.conversation.server, stuck.from));
        if groups.is_empty() {
            return Vec::new();
        }
        let too_big = TooBig::new(case);
        groups.iter().filter_map(|group| finding(case, &too_big, group)).collect()
    }
}

/// The full-size segment of a conversation that never gets through.
pub(super) fn stuck<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<&'a StuckSegment> {
    let thresholds = &case.settings.thresholds;
    let stuck = talk.conversation.tcp.stuck.as_ref()?;
    let (first, last) = (stuck.sent.first()?, stuck.sent.last()?);
    let full = stuck.length >= thresholds.full_segment || fills_mss(talk, stuck);
    let lasting = last.time.seconds_since(first.time) >= thresholds.stuck_time;
    (full && lasting && repetitions(stuck) >= thresholds.stuck_tries && stuck.smaller_got_through).then_some(stuck)
}

/// Repetitions without copies of a mirror port, which come sooner than any sender repeats itself.
fn repetitions(stuck: &StuckSegment) -> u32 {
    const COPY: Span = Span::from_millis(10);
    let kept = stuck.sent.windows(2).filter(|pair| pair[1].since(pair[0]) > COPY).count();
    u32::try_from(kept).unwrap_or(u32::MAX)
}

/// As large as the receiver's MSS allows, TCP options taken off.
fn fills_mss(talk: &Talk<'_>, stuck: &StuckSegment) -> bool {
    const OPTIONS: u32 = 40;
    let limit = talk.conversation.tcp.mss[stuck.from.peer()].map(u32::from);
    limit.is_some_and(|mss| mss >= 512 && stuck.length + OPTIONS >= mss)
}

/// "Fragmentation needed" and "packet too big" of the capture, by the conversation they quote.
struct TooBig<'a> {
    by_path: HashMap<(Endpoint, Endpoint), &'a IcmpError>,
}

impl<'a> TooBig<'a> {
    fn new(case: &Case<'a>) -> Self {
        let mut by_path = HashMap::new();
        let too_big = |e: &&IcmpError| if e.v6 { e.kind == 2 } else { (e.kind, e.code) == (3, 4) };
        for error in case.analysis.facts.icmp_errors.iter().filter(too_big) {
            if let Some(quoted) = error.quoted.filter(|quoted| quoted.transport == Transport::Tcp) {
                by_path.entry((quoted.source, quoted.destination)).or_insert(error);
            }
        }
        Self { by_path }
    }

    fn of(&self, talk: &Talk<'_>, from: Side) -> Option<&'a IcmpError> {
        let path = (talk.conversation.endpoint(from), talk.conversation.endpoint(from.peer()));
        self.by_path.get(&path).copied()
    }
}

/// Data went on after the last repetition.
fn recovered(talk: &Talk<'_>, last: Timestamp) -> bool {
    talk.conversation.messages.last().is_some_and(|m| m.at.time > last)
}

/// The ICMP message that names the size gives 20 points, since it is the router's own word. Other repetitions beside
/// those of the stuck segment count against it, as a lossy line repeats segments of any size.
fn finding(case: &Case<'_>, too_big: &TooBig<'_>, group: &[(&Talk<'_>, &StuckSegment)]) -> Option<Draft> {
    let &(talk, stuck) = group.first()?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|(talk, _)| *talk).collect();
    let (first, last) = (stuck.sent.first()?, stuck.sent.last()?);
    let c = talk.conversation;
    let sender = c.endpoint(stuck.from);
    let got_on = group.iter().all(|(talk, stuck)| stuck.sent.last().is_some_and(|at| recovered(talk, at.time)));
    let others = c.tcp.retransmitted[stuck.from].saturating_sub(u64::from(stuck.tries));
    let icmp = group.iter().find_map(|(talk, stuck)| too_big.of(talk, stuck.from));
    let mut draft = Draft::new(&ABOUT, 75)
        .seen_in(group.len())
        .points(if icmp.is_some() { 20 } else { 0 })
        .guard(others > u64::from(stuck.tries))
        .guard(!stuck.dont_fragment)
        .severity(if got_on { Severity::Major } else { Severity::Blocker })
        .at_most(if got_on { Confidence::Medium } else { Confidence::High })
        .conversations_of(talks.iter().copied())
        .says(&words::TooLarge {
            seen: Occurrences::of(c.server, &talks, first.time),
            sender: OneSide::of(c, stuck.from),
            segment_bytes: stuck.length,
            repetitions: stuck.tries,
            repeated_for_s: last.time.seconds_since(first.time),
        })
        .remedy_first(match icmp.and_then(|icmp| Some((icmp.from, icmp.mtu?))) {
            Some((router, mtu)) => format!(
                "{router} says that it takes {mtu} bytes: let that ICMP message reach {}, or clamp the MSS to {} there.",
                sender.ip,
                mtu.saturating_sub(40),
            ),
            None => format!("Clamp the MSS on the devices between {} and {}.", c.server.ip, c.client.ip),
        });
    draft = each(draft, group, "stuck segments", |draft, (talk, stuck)| evidence(draft, talk, stuck));
    Some(match icmp {
        Some(icmp) => draft.packet(icmp.at, too_big_text(icmp)),
        None if case.analysis.facts.icmp_errors.is_empty() => {
            draft.absence("no ICMP \"fragmentation needed\" or \"packet too big\"")
        }
        None => draft.absence(format!("no ICMP message about the size of packets from {}", sender.ip)),
    })
}

fn too_big_text(icmp: &IcmpError) -> String {
    let mtu =
        icmp.mtu.map_or_else(|| "without saying how much it takes".to_owned(), |mtu| format!("it takes {mtu} bytes"));
    format!("{} says by ICMP that the packet is too big; {mtu}", icmp.from)
}

fn evidence(draft: Draft, talk: &Talk<'_>, stuck: &StuckSegment) -> Draft {
    let Some(first) = stuck.sent.first() else { return draft };
    let fragment = if stuck.dont_fragment { "Don't Fragment set" } else { "Don't Fragment not set" };
    let mss = talk.conversation.tcp.mss[stuck.from.peer()];
    let mss = mss.map_or_else(String::new, |mss| format!(", MSS {mss}"));
    let (from, to) = (talk.conversation.endpoint(stuck.from), talk.conversation.endpoint(stuck.from.peer()));
    draft
        .packet(
            *first,
            format!("{from} to {to}: {} bytes ({fragment}{mss}), repeated {} times", stuck.length, stuck.tries),
        )
        .frames(stuck.sent.iter().map(|at| at.frame))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{frames, idle, none, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp, nrpc};

    const RULE: &str = "tcp-mtu-blackhole";
    const RETRIES: [u64; 4] = [300, 600, 1200, 2400];

    /// A session up to the request for something large.
    fn session(net: &Network) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth().ask(nrpc::FUNCTION_WORK, 64);
        tcp
    }

    #[test]
    fn only_small_segments_arrive() {
        let net = Network::new();
        let tcp = session(&net);
        tcp.wait(100);
        let begin = net.frame_count() as u64;
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 3000);
        tcp.blackhole(Side::Server, reply, &RETRIES);
        idle(&net, 10);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        assert_eq!((frames(&finding).len(), frames(&finding).first().copied()), (5, Some(begin + 1)));
        says(&finding, &["Large packets from 10.2.0.9", "1460 bytes", "repeated it 4 times", "Don't Fragment set"]);
        none(&net, "tcp-loss");
    }

    #[test]
    fn the_router_that_says_so_is_named() {
        let net = Network::new();
        let tcp = session(&net);
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 1448);
        tcp.blackhole(Side::Server, &reply[..1460], &RETRIES);
        net.icmp(&net.host("10.1.0.1"), &net.host("10.2.0.9"), 3, 4, [0, 0, 5, 0x78]);
        says(&one(&net, RULE), &["10.1.0.1 says", "it takes 1400 bytes", "clamp the MSS to 1360"]);
    }

    #[test]
    fn a_large_segment_that_arrives_at_last_was_only_lost() {
        let net = Network::new();
        let tcp = session(&net);
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 1400);
        tcp.lost(Side::Server, &reply, &[300]);
        tcp.transactions(5).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn copies_of_a_mirror_port_are_not_repetitions() {
        let net = Network::new();
        let tcp = session(&net);
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 1430);
        tcp.lost(Side::Server, &reply, &[500, 1000]);
        tcp.client_fin();
        net.span_duplicates(1500);
        none(&net, RULE);
    }

    #[test]
    fn a_path_that_is_down_is_not_narrow() {
        let net = Network::new();
        let tcp = session(&net);
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 200);
        tcp.unanswered(Side::Server, &reply, &RETRIES);
        none(&net, RULE);
    }

    #[test]
    fn a_few_repetitions_within_a_moment_prove_nothing() {
        let net = Network::new();
        let tcp = session(&net);
        let reply = tcp.next_reply(nrpc::FUNCTION_WORK, 0, 3000);
        tcp.blackhole(Side::Server, reply, &[20, 20, 20]);
        none(&net, RULE);
    }
}
