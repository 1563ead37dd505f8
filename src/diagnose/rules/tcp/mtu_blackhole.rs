//! Small segments pass, full-size ones never do: the path takes less than the ends believe, and nobody tells.

use crate::diagnose::evidence::each;
use crate::diagnose::words::tcp::{Repetition, mtu_blackhole as words};
use crate::diagnose::words::{Occurrences, OneSide};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::nrpc::concerns_nrpc;
use crate::model::{
    Confidence, Conversation, Endpoint, IcmpError, NeverArrived, RuleId, Severity, Side, Span, StuckSegment, Timestamp,
    Transport,
};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct MtuBlackhole;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-mtu-blackhole");

static ABOUT: About = About {
    id: ID,
    title: "Large packets do not get through",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "A full-size segment (as large as the MSS, or 1400 bytes and more, or 512 and more of which several are under way) is \
           sent again and again and never acknowledged, while smaller segments of the same side are. Seen at the receiver: bytes \
           of a full segment and more never come, what was sent behind them does, and the receiver asks for them in vain.",
    matters: "The opening works, for its messages are small; the first large reply, mail or attachment hangs. Some part \
              of the path (VPN, tunnel, PPPoE) takes smaller packets only, and the ICMP message that should say so is \
              filtered.",
    guards: &[
        "No smaller segment got through: the path is down, not narrow.",
        "Small segments were lost as well: loss, not size; confidence is lowered.",
        "Too few repetitions, or all within a moment.",
        "The conversation went on later: severity and confidence are lowered.",
        "Don't Fragment is not set: routers could fragment; confidence is lowered.",
        "At the receiver: a full segment of that host came through to it in any conversation, the receiver had closed its window, \
         it acknowledged what is missing (the capture lost it), or the capture ends within seconds: silent. One conversation \
         alone: medium confidence.",
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
        let stuck = read(case).filter_map(|c| Some((c, stuck(case, c)?)));
        let stuck = group_by(stuck, |(c, stuck)| (c.server, stuck.from));
        let lost = read(case).filter_map(|c| Some((c, never_arrived(case, c)?)));
        let lost = group_by(lost, |(c, lost)| (c.server, lost.from));
        if stuck.is_empty() && lost.is_empty() {
            return Vec::new();
        }
        let (too_big, passing) = (TooBig::new(case), Passing::new(case));
        let at_sender = stuck.iter().filter_map(|group| finding(case, &too_big, group));
        let at_receiver = lost.iter().filter_map(|group| lost_finding(case, &passing, group));
        at_sender.chain(at_receiver).collect()
    }
}

/// Conversations with NRPC servers, then those of other protocols that are read.
fn read<'c, 'a: 'c>(case: &'c Case<'a>) -> impl Iterator<Item = &'a Conversation> + 'c {
    let others =
        case.analysis.conversations.iter().filter(|c| {
            c.transport == Transport::Tcp && c.protocol.is_some() && !c.protocol_by_port && !concerns_nrpc(c)
        });
    case.talks().map(|talk| talk.conversation).chain(others)
}

/// The full-size segment of a conversation that never gets through.
pub(super) fn stuck<'a>(case: &Case<'_>, c: &'a Conversation) -> Option<&'a StuckSegment> {
    let thresholds = &case.settings.thresholds;
    let stuck = c.tcp.stuck.as_ref()?;
    let (first, last) = (stuck.sent.first()?, stuck.sent.last()?);
    // Who has more to send than fits sends segments of one length.
    let full = is_full(case, c, stuck.from, stuck.length) || stuck.length >= LARGE && stuck.alike > 1;
    let lasting = last.time.since(first.time) >= thresholds.stuck_time;
    (full && lasting && repetitions(stuck) >= thresholds.stuck_tries && stuck.smaller_got_through).then_some(stuck)
}

/// Bytes of a conversation that never came to the receiver, where they fill more than any segment that came, and nothing else
/// tells why: not the capture's loss, for the receiver says to the end that it lacks them.
fn never_arrived<'a>(case: &Case<'_>, c: &'a Conversation) -> Option<&'a NeverArrived> {
    let lost = c.tcp.never_arrived.as_ref()?;
    let largest = c.tcp.largest[lost.from];
    let waited = case.watched_until(c).since(lost.behind.time);
    let shut = c.tcp.zero_windows.iter().any(|zero| zero.from == lost.from.peer());
    let large = lost.length >= u64::from(LARGE.max(largest.saturating_add(1)));
    // Three of one length are what a sender makes who has more to send than fits.
    let full = is_full(case, c, lost.from, largest) || largest >= LARGE && c.tcp.largest_count[lost.from] > 2;
    (large && !full && !shut && waited >= case.settings.thresholds.reply_timeout).then_some(lost)
}

/// Payloads below this are never taken for full-size segments.
const LARGE: u32 = 512;

/// As large as the MSS of both allows, TCP options taken off, or as large as any path takes: who announces a small MSS sends no
/// larger segments himself.
fn is_full(case: &Case<'_>, c: &Conversation, from: Side, length: u32) -> bool {
    const OPTIONS: u32 = 40;
    let limit = [c.tcp.mss[from.peer()], c.tcp.mss[from]].into_iter().flatten().map(u32::from).min();
    let fills = limit.is_some_and(|mss| mss >= LARGE && length.saturating_add(OPTIONS) >= mss);
    fills || length >= case.settings.thresholds.full_segment
}

/// Hosts between which full segments came through, sender first.
struct Passing(HashSet<(IpAddr, IpAddr)>);

impl Passing {
    fn new(case: &Case<'_>) -> Self {
        let full = case.analysis.conversations.iter().flat_map(|c| {
            let sides = [Side::Client, Side::Server].into_iter();
            sides.filter(|&from| is_full(case, c, from, c.tcp.largest[from])).map(|from| ways(c, from))
        });
        Self(full.collect())
    }
}

/// Sender and receiver.
fn ways(c: &Conversation, from: Side) -> (IpAddr, IpAddr) {
    (c.endpoint(from).ip, c.endpoint(from.peer()).ip)
}

/// Repetitions without copies of a mirror port, which come sooner than any sender repeats itself.
fn repetitions(stuck: &StuckSegment) -> u32 {
    const COPY: Span = Span::from_millis(10);
    let kept = stuck.sent.windows(2).filter(|pair| pair[1].since(pair[0]) > COPY).count();
    u32::try_from(kept).unwrap_or(u32::MAX)
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

    fn of(&self, c: &Conversation, from: Side) -> Option<&'a IcmpError> {
        let path = (c.endpoint(from), c.endpoint(from.peer()));
        self.by_path.get(&path).copied()
    }
}

/// Data went on after the last repetition.
fn recovered(c: &Conversation, last: Timestamp) -> bool {
    c.messages.last().is_some_and(|m| m.at.time > last)
}

/// The ICMP message that names the size gives 20 points, since it is the router's own word. Other repetitions beside
/// those of the stuck segment count against it, as a lossy line repeats segments of any size.
fn finding(case: &Case<'_>, too_big: &TooBig<'_>, group: &[(&Conversation, &StuckSegment)]) -> Option<Draft> {
    let &(c, stuck) = group.first()?;
    let (first, last) = (stuck.sent.first()?, stuck.sent.last()?);
    let sender = c.endpoint(stuck.from);
    let got_on = group.iter().all(|(c, stuck)| stuck.sent.last().is_some_and(|at| recovered(c, at.time)));
    let others = c.tcp.retransmitted[stuck.from].saturating_sub(u64::from(stuck.tries));
    let icmp = group.iter().find_map(|(c, stuck)| too_big.of(c, stuck.from));
    let draft = group.iter().fold(Draft::new(&ABOUT, 75), |draft, (c, _)| draft.conversation(c));
    let mut draft = draft
        .seen_in(group.len())
        .points(if icmp.is_some() { 20 } else { 0 })
        .guard(others > u64::from(stuck.tries))
        .guard(!stuck.dont_fragment)
        .severity(if got_on { Severity::Major } else { Severity::Blocker })
        .at_most(if got_on { Confidence::Medium } else { Confidence::High })
        .says(&words::TooLarge {
            seen: Occurrences::in_conversations(c.server, group.iter().map(|(c, _)| *c), first.time),
            sender: OneSide::of(c, stuck.from),
            stuck: Repetition {
                segment_bytes: stuck.length,
                repetitions: stuck.tries,
                repeated_for_s: last.time.seconds_since(first.time),
            },
        })
        .remedy_first(match icmp.and_then(|icmp| Some((icmp.from, icmp.mtu?))) {
            Some((router, mtu)) => format!(
                "{router} says that it takes {mtu} bytes: let that ICMP message reach {}, or clamp the MSS to {} there.",
                sender.ip,
                mtu.saturating_sub(40),
            ),
            None => format!("Clamp the MSS on the devices between {} and {}.", c.server.ip, c.client.ip),
        });
    draft = each(draft, group, "stuck segments", |draft, (c, stuck)| evidence(draft, c, stuck));
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

/// What never came is told by two sessions better than by one, of which some segments may have been lost by chance.
fn lost_finding(case: &Case<'_>, passing: &Passing, group: &[(&Conversation, &NeverArrived)]) -> Option<Draft> {
    let &(c, lost) = group.iter().find(|(c, lost)| !passing.0.contains(&ways(c, lost.from)))?;
    let sender = c.endpoint(lost.from);
    let draft = group.iter().fold(Draft::new(&ABOUT, 60), |draft, (c, _)| draft.conversation(c));
    let draft = draft
        .points(if group.len() > 1 { 20 } else { 0 })
        .seen_in(group.len())
        .says(&words::NeverCame {
            seen: Occurrences::in_conversations(c.server, group.iter().map(|(c, _)| *c), lost.behind.time),
            sender: OneSide::of(c, lost.from),
            lacking_bytes: lost.length,
            largest_bytes: c.tcp.largest[lost.from],
            waited_s: case.watched_until(c).seconds_since(lost.behind.time),
        })
        .remedy_first(format!("Clamp the MSS on the devices between {} and {}.", c.server.ip, c.client.ip));
    let draft = each(draft, group, "sessions", |draft, (c, lost)| lost_evidence(draft, c, lost));
    Some(draft.absence(format!("no ICMP message about the size of packets to {}, which it would go to", sender.ip)))
}

fn lost_evidence(draft: Draft, c: &Conversation, lost: &NeverArrived) -> Draft {
    let (from, to) = (c.endpoint(lost.from), c.endpoint(lost.from.peer()));
    draft
        .packet(lost.behind, format!("{from} to {to}: {} bytes before this segment did not come", lost.length))
        .packet(lost.lacking, format!("{to} says that it still lacks them"))
}

fn evidence(draft: Draft, c: &Conversation, stuck: &StuckSegment) -> Draft {
    let Some(first) = stuck.sent.first() else { return draft };
    let fragment = if stuck.dont_fragment { "Don't Fragment set" } else { "Don't Fragment not set" };
    let mss = c.tcp.mss[stuck.from.peer()];
    let mss = mss.map_or_else(String::new, |mss| format!(", MSS {mss}"));
    let (from, to) = (c.endpoint(stuck.from), c.endpoint(stuck.from.peer()));
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

    /// Captured at the client: what the server sends in full segments never comes, and the short rest does.
    fn at_the_client(net: &Network, client: &str) -> Tcp {
        let tcp = net.connect(&net.host(client), &net.host("10.2.0.9"), 1352);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").auth().ask(nrpc::FUNCTION_WORK, 64);
        tcp.never_arrives(Side::Server, 4 * 1448, [7; 220]);
        tcp
    }

    #[test]
    fn full_segments_never_come_to_the_client() {
        let net = Network::new();
        for client in ["10.1.0.50", "10.1.0.51"] {
            at_the_client(&net, client).wait_secs(15).half_close(Side::Client);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["Large packets from 10.2.0.9", "5792 bytes", "still lacks them", "10.1.0.50 and 10.1.0.51"]);
    }

    #[test]
    fn one_session_alone_is_no_certainty() {
        let net = Network::new();
        at_the_client(&net, "10.1.0.50");
        idle(&net, 20);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn what_the_capture_lost_or_that_came_later_is_no_black_hole() {
        // The client acknowledges what the capture does not hold.
        let net = Network::new();
        let tcp = session(&net);
        tcp.skip(Side::Server, 5792).server([7; 220]).wait_secs(20).client_fin();
        none(&net, RULE);
        // The capture ends at once.
        let net = Network::new();
        at_the_client(&net, "10.1.0.50");
        none(&net, RULE);
        // Segments as large as that server makes them come through.
        let net = Network::new();
        let tcp = session(&net);
        tcp.send_split(Side::Server, [7; 3864], &[1288]).never_arrives(Side::Server, 3864, [7; 1288]);
        idle(&net, 20);
        none(&net, RULE);
        // Full segments of that server come through otherwise.
        let net = Network::new();
        at_the_client(&net, "10.1.0.50").wait_secs(15).half_close(Side::Client);
        let other = session(&net);
        other.answer(nrpc::FUNCTION_WORK, 0, 9000).client_fin();
        none(&net, RULE);
    }

    /// A sender behind a tunnel makes smaller segments than the receiver's MSS, and they are too large all the same.
    #[test]
    fn segments_of_any_size() {
        for mss in [1200, 900] {
            let net = Network::new();
            let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 443).mss(mss).open();
            let get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
            tcp.client(get).server("HTTP/1.1 204 No Content\r\n\r\n").client(get).wait(10);
            tcp.blackhole(Side::Server, [b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'x'; 5000]].concat(), &RETRIES);
            idle(&net, 10);
            says(&one(&net, RULE), &[&format!("{mss} bytes")]);
        }
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
