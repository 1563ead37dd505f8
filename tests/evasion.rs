//! Bytes in dispute: the classes of Ptacek and Newsham, "Insertion, Evasion, and Denial of Service: Eluding Network Intrusion
//! Detection" (1998), and their healthy twins.
//!
//! Every case is a Notes session that works. One side says its name, and something else puts another one beside it: before it or
//! behind it, in a segment or fragment that the other side takes, may take, or drops. Told of either side, over IPv4 and IPv6. The
//! table says for each case what tshark follows, and what is right: what the host took, or, where nobody but the host can know, that
//! the capture holds both.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "lengths are small")]

use nrpcsniff::{Confidence, Diagnoser, Severity};
use nrpcsniff_samples::flags::{ACK, FIN, PSH, RST, SYN};
use nrpcsniff_samples::{Format, Network, Segment, Side, Tcp, Variation};
use std::io::Cursor;
use std::process::Command;

/// The name that is said, and the one beside it.
const NAME: &str = "CN=Mail01/O=Acme";
const TRUTH: &[u8] = b"Mail01";
const DECOY: &[u8] = b"Mail07";

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// What the host took, and nothing is wrong.
    Truth,
    /// What stands beside it.
    Decoy,
    /// Both: ours that it is disputed, tshark's that it shows the bytes of both.
    Both,
    /// Neither of them whole.
    Nothing,
}
use Reads::{Both, Decoy, Nothing, Truth};

/// A case, its story, what tshark follows of it, and what is right.
type Case = (&'static str, fn(&Talk) -> &Talk, Reads, Reads);

const CASES: &[Case] = &[
    // Overlaps of segments.
    ("decoy first, whole", |t| t.decoys().truth(), Decoy, Both),
    ("decoy second, whole", |t| t.truth_with(|t| t.decoys()), Truth, Both),
    (
        "decoy over the end of what came",
        |t| t.part(false, 0..t.name().end).part_then(true, t.name().start..t.len()),
        Truth,
        Both,
    ),
    (
        "decoy over the beginning of what waits",
        |t| t.part(false, t.name().start..t.len()).part_then(true, 0..t.name().end),
        Decoy,
        Both,
    ),
    ("the same bytes twice", |t| t.part(false, 0..t.len()).truth(), Truth, Truth),
    (
        "the same bytes twice, cut elsewhere",
        |t| t.part(false, 0..t.name().end).part_then(false, 8..t.len()),
        Truth,
        Truth,
    ),
    ("decoy second, when the first was acknowledged", |t| t.truth_with(|t| t.acknowledges().decoys()), Truth, Truth),
    // Order.
    ("halves in the wrong order", |t| t.part(false, 40..t.len()).part_then(false, 0..40), Truth, Truth),
    (
        "decoy behind a hole, before the hole is filled",
        |t| t.part(true, 40..t.len()).part(false, 40..t.len()).part_then(false, 0..40),
        Decoy,
        Both,
    ),
    (
        "decoy behind a hole, second",
        |t| t.part(false, 40..t.len()).part(true, 40..t.len()).part_then(false, 0..40),
        Truth,
        Both,
    ),
    ("eight bytes each, backwards", |t| t.backwards(), Truth, Truth),
    // Window.
    ("decoy beyond the window", |t| t.decoy_at(400_000_000).truth(), Truth, Truth),
    ("decoy far from all that was sent", |t| t.decoy_at(100_000).truth(), Truth, Truth),
    ("old bytes, long acknowledged", |t| t.truth_with(|t| t.acknowledges()).decoy_at(-(t.len() as i32)), Truth, Truth),
    ("keep-alive with a byte of nonsense", |t| t.truth_with(|t| t.acknowledges()).keeps_alive(), Truth, Truth),
    ("window probes", |t| t.probes_a_closed_window().truth(), Truth, Truth),
    // Checksum.
    ("decoy with a wrong checksum first", |t| t.damaged_decoy().truth(), Decoy, Truth),
    ("decoy with a wrong checksum second", |t| t.truth_with(|t| t.damaged_decoy()), Truth, Truth),
    ("reset with a wrong checksum", |t| t.truth_with(|t| t.acknowledges()).damaged(RST | ACK), Truth, Truth),
    ("end with a wrong checksum", |t| t.truth_with(|t| t.acknowledges()).damaged(FIN | ACK), Truth, Truth),
    // TTL.
    ("decoy of a few hops first", |t| t.short_lived_decoy().truth(), Decoy, Both),
    ("decoy of a few hops second", |t| t.truth_with(|t| t.short_lived_decoy()), Truth, Both),
    (
        "reset of a few hops",
        |t| t.truth_with(|t| t.acknowledges()).odd(Segment { ttl: Some(2), ..Segment::new(RST | ACK) }),
        Truth,
        Truth,
    ),
    // PAWS.
    ("decoy with an old timestamp first", |t| t.stamped(&[(1000, false), (10, true), (1001, false)]), Decoy, Truth),
    ("decoy with an old timestamp second", |t| t.stamped(&[(1000, false), (1001, false), (10, true)]), Truth, Truth),
    ("timestamps that go on", |t| t.stamped(&[(1000, false), (1001, false)]), Truth, Truth),
    // No ACK.
    ("decoy without ACK first", |t| t.odd(Segment { flags: PSH, ..t.segment(true) }).truth(), Decoy, Truth),
    ("decoy without ACK second", |t| t.truth_with(|t| t.odd(Segment { flags: PSH, ..t.segment(true) })), Truth, Truth),
    // Fragments.
    ("fragments", |t| t.fragments(&[(0, 48, false), (48, 96, false), (96, 9999, false)]), Truth, Truth),
    (
        "fragments in the wrong order",
        |t| t.fragments(&[(96, 9999, false), (48, 96, false), (0, 48, false)]),
        Truth,
        Truth,
    ),
    (
        "fragments twice",
        |t| t.fragments(&[(0, 96, false), (0, 48, false), (48, 96, false), (96, 9999, false)]),
        Truth,
        Truth,
    ),
    (
        "decoy fragment that completes the packet, the true one too late",
        |t| t.fragments(&[(0, 48, false), (48, 9999, true), (48, 9999, false)]),
        Decoy,
        Decoy,
    ),
    (
        "decoy fragment under way first",
        |t| t.fragments(&[(48, 9999, true), (48, 9999, false), (0, 48, false)]),
        Decoy,
        Both,
    ),
    (
        "decoy fragment under way second",
        |t| t.fragments(&[(48, 9999, false), (48, 9999, true), (0, 48, false)]),
        Truth,
        Both,
    ),
    // Resets, ends and beginnings that are not due.
    (
        "reset within the window",
        |t| t.truth_with(|t| t.acknowledges()).odd(Segment { sequence: 1000, ..Segment::new(RST) }),
        Truth,
        Truth,
    ),
    (
        "end far beyond the window",
        |t| t.truth_with(|t| t.acknowledges()).odd(Segment { sequence: 400_000_000, ..Segment::new(FIN | ACK) }),
        Truth,
        Truth,
    ),
    (
        "end within the window",
        |t| t.truth_with(|t| t.acknowledges()).odd(Segment { sequence: 1000, ..Segment::new(FIN | ACK) }),
        Truth,
        Truth,
    ),
    ("beginning with another number", |t| t.truth_with(|t| t.acknowledges()).begins_anew(), Truth, Truth),
    // Urgent bytes.
    (
        "an urgent byte in the name",
        |t| t.odd(Segment { urgent: Some(t.name().end as u16), ..t.segment(false) }).arrived(),
        Truth,
        Both,
    ),
];

/// One side of a session that says a name.
struct Talk {
    tcp: Tcp,
    side: Side,
    /// What it says, and the same with the other name.
    said: [Vec<u8>; 2],
}

impl Talk {
    fn begin(tcp: Tcp, side: Side) -> Self {
        let said = match side {
            Side::Client => tcp.request_for(NAME).encode(),
            Side::Server => tcp.request(NAME).wait(1).response_as(NAME).encode(),
        };
        let place = said.windows(TRUTH.len()).position(|bytes| bytes == TRUTH).unwrap();
        let decoy = [&said[..place], DECOY, &said[place + DECOY.len()..]].concat();
        Self { tcp, side, said: [said, decoy] }
    }

    /// The session works.
    fn goes_on(&self) {
        if self.side == Side::Client {
            self.tcp.wait(1).response(NAME);
        }
        self.tcp.auth().transactions(3).wait_secs(2).client_fin();
    }

    fn len(&self) -> usize {
        self.said[0].len()
    }

    /// Where the name stands.
    fn name(&self) -> std::ops::Range<usize> {
        let place = self.said[0].windows(TRUTH.len()).position(|bytes| bytes == TRUTH).unwrap();
        place..place + TRUTH.len()
    }

    fn segment(&self, decoy: bool) -> Segment {
        Segment::data(0, self.said[usize::from(decoy)].clone())
    }

    fn odd(&self, segment: Segment) -> &Self {
        self.tcp.segment(self.side, segment);
        self
    }

    fn truth(&self) -> &Self {
        self.tcp.send_split(self.side, &self.said[0], &[9999]);
        self
    }

    fn decoys(&self) -> &Self {
        self.odd(self.segment(true))
    }

    /// The truth, and behind it what is told at the numbers that it had.
    fn truth_with(&self, then: impl Fn(&Self) -> &Self) -> &Self {
        self.odd(self.segment(false));
        then(self);
        self.arrived()
    }

    fn arrived(&self) -> &Self {
        self.tcp.arrived(self.side, self.len());
        self
    }

    /// The other side acknowledges the whole of it.
    fn acknowledges(&self) -> &Self {
        let acknowledgment = self.len() as i32;
        self.tcp.segment(self.side.peer(), Segment { acknowledgment, ..Segment::new(ACK) });
        self
    }

    fn part(&self, decoy: bool, bytes: std::ops::Range<usize>) -> &Self {
        let start = bytes.start as i32;
        self.odd(Segment::data(start, self.said[usize::from(decoy)][bytes].to_vec()))
    }

    fn part_then(&self, decoy: bool, bytes: std::ops::Range<usize>) -> &Self {
        self.part(decoy, bytes).arrived()
    }

    fn backwards(&self) -> &Self {
        for place in (0..self.len()).step_by(8).collect::<Vec<_>>().into_iter().rev() {
            self.part(false, place..self.len().min(place + 8));
        }
        self.arrived()
    }

    fn decoy_at(&self, sequence: i32) -> &Self {
        self.odd(Segment { sequence, ..self.segment(true) })
    }

    fn damaged_decoy(&self) -> &Self {
        self.odd(Segment { damaged: true, ..self.segment(true) })
    }

    fn short_lived_decoy(&self) -> &Self {
        self.odd(Segment { ttl: Some(2), ..self.segment(true) })
    }

    fn damaged(&self, flags: u8) -> &Self {
        self.odd(Segment { damaged: true, ..Segment::new(flags) })
    }

    fn keeps_alive(&self) -> &Self {
        for _ in 0..3 {
            self.tcp.wait(200);
            self.odd(Segment { flags: ACK, ..Segment::data(-1, [0x55]) });
            self.tcp.ack(self.side.peer());
        }
        self
    }

    fn probes_a_closed_window(&self) -> &Self {
        let closed = || Segment { window: Some(0), ..Segment::new(ACK) };
        self.tcp.segment(self.side.peer(), closed());
        for _ in 0..3 {
            self.tcp.wait(100);
            self.part(false, 0..1);
            self.tcp.segment(self.side.peer(), closed());
        }
        self.tcp.wait(100).ack(self.side.peer());
        self
    }

    /// The first 40 bytes with the first timestamp, and what is behind them with the others, true or not.
    fn stamped(&self, sent: &[(u32, bool)]) -> &Self {
        let options = |stamp: u32| [[1, 1, 8, 10], stamp.to_be_bytes(), [0, 0, 0, 1]].concat();
        for (number, &(stamp, decoy)) in sent.iter().enumerate() {
            let bytes = if number == 0 { 0..40 } else { 40..self.len() };
            let start = bytes.start as i32;
            let data = Segment::data(start, self.said[usize::from(decoy)][bytes].to_vec());
            self.odd(Segment { options: options(stamp), ..data });
            if number == 0 {
                self.tcp.segment(self.side.peer(), Segment { acknowledgment: 40, ..Segment::new(ACK) });
            }
        }
        self.arrived()
    }

    /// Fragments of one packet, true or not: bytes of TCP header and payload.
    fn fragments(&self, parts: &[(usize, usize, bool)]) -> &Self {
        for &(from, to, decoy) in parts {
            self.odd(Segment { part: Some(from..to), ip_id: Some(0x4d), ..self.segment(decoy) });
        }
        self.arrived()
    }

    fn begins_anew(&self) -> &Self {
        self.odd(Segment { sequence: 77_777, ..Segment::new(if self.side == Side::Client { SYN } else { SYN | ACK }) });
        self.tcp.ack(self.side.peer());
        self
    }
}

/// The capture of a case. It is told at once that `side` says it.
fn capture(story: fn(&Talk) -> &Talk, side: Side, ipv6: bool) -> Vec<u8> {
    let net = Network::varied(3, &Variation { seed: 9, ipv6, ..Variation::none() });
    let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    let talk = Talk::begin(net.connect(&client, &server, 1352), side);
    story(&talk);
    talk.goes_on();
    net.write(&Format::pcap())
}

/// What is said of a capture.
fn read(capture: &[u8]) -> (Reads, Vec<String>) {
    let diagnosis = Diagnoser::default().diagnose_stream("evasion", Cursor::new(capture.to_vec())).unwrap();
    // What is only good to know of a capture accuses nobody.
    let counts = |f: &&nrpcsniff::Finding| !(f.severity == Severity::Info && f.rule.as_str().starts_with("cap-"));
    let findings: Vec<_> = diagnosis.findings().iter().filter(counts).collect();
    let told =
        findings.iter().map(|f| format!("{} {:?} {:?}: {}", f.rule, f.severity, f.confidence, f.title)).collect();
    let disputed = findings.iter().any(|f| f.rule.as_str() == "cap-ambiguous");
    let mut others = findings.iter().filter(|f| f.rule.as_str() != "cap-ambiguous");
    let reads = match disputed {
        true if others.all(|f| f.confidence == Confidence::Low || f.severity == Severity::Info) => Both,
        true => Nothing,
        false if findings.is_empty() => Truth,
        false => Decoy,
    };
    (reads, told)
}

#[test]
fn what_the_host_took_is_what_was_said() {
    let mut wrong = Vec::new();
    for (name, story, _, right) in CASES {
        for (side, ipv6) in [Side::Client, Side::Server].into_iter().flat_map(|side| [(side, false), (side, true)]) {
            let (reads, told) = read(&capture(*story, side, ipv6));
            if reads != *right {
                wrong.push(format!(
                    "{name}, by the {side:?}, IPv6 {ipv6}: {right:?} is right, read {reads:?}, {told:#?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where the network card fills in the checksums behind the capture, a wrong one tells nothing.
#[test]
fn wrong_checksums_of_a_host_that_leaves_them_to_its_card_mean_nothing() {
    let told = |story: fn(&Talk) -> &Talk| {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50").captures_here().offloads_checksums(), net.host("10.1.0.9"));
        let talk = Talk::begin(net.connect(&client, &server, 1352), Side::Client);
        story(&talk).goes_on();
        read(&net.write(&Format::pcapng())).0
    };
    assert_eq!(told(Talk::truth), Truth);
    assert_eq!(told(|t| t.part(false, 0..t.len()).truth()), Truth);
    assert_eq!(told(|t| t.damaged_decoy().truth()), Both);
}

/// Which of the names tshark follows in what the client says.
fn tshark(capture: &[u8]) -> Option<Reads> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.pcap");
    std::fs::write(&file, capture).unwrap();
    let output =
        Command::new("tshark").arg("-n").arg("-r").arg(&file).args(["-q", "-z", "follow,tcp,raw,0"]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // What the server says is indented.
    let hex: String = text.lines().filter(|line| line.bytes().all(|b| b.is_ascii_hexdigit())).collect();
    let bytes: Vec<u8> = hex
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let has = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    Some(match (has(TRUTH), has(DECOY)) {
        (true, true) => Both,
        (true, false) => Truth,
        (false, true) => Decoy,
        (false, false) => Nothing,
    })
}

/// What the table says of tshark is so: Wireshark's users see the decoy where it says so.
#[test]
fn the_table_has_what_tshark_follows() {
    let mut wrong = Vec::new();
    for (name, story, expected, _) in CASES {
        match tshark(&capture(*story, Side::Client, false)) {
            Some(reads) if reads != *expected => wrong.push(format!("{name}: {reads:?}, not {expected:?}")),
            Some(_) => {}
            None => return eprintln!("SKIPPED: tshark is not installed, so nobody else looked at these captures"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
