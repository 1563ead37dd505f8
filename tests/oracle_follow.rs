//! The bytes of TCP streams, as this tool puts them together and as tshark's "follow stream" does.
//!
//! `cargo test --test oracle_follow -- --ignored` compares every capture at hand.

mod support;

use nrpcsniff::internals::{Connection, Decoder, Limits, Packet, Reader, Segment, Sink};
use nrpcsniff::{Endpoint, PerSide, Side, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use support::{all_samples, corpus, has, shout, tshark, two_at_a_time};

/// Captures of others that are compared: loss, reordering, repetitions, holes, reused ports, forged segments.
const CHOSEN: [&str; 26] = [
    "http/nDPI__pcap_weibo.pcap",
    "http/suricata-verify__base64-decode-5885_input.pcap",
    "http/suricata-verify__tcp-rst-unacked-stream-09_TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230.pcap",
    "http/suricata-verify__tcp-rst-unacked-stream-10_TLPW1-tcp-174.56.47.59-10.3.11.101-tcp-80-49309.pcap",
    "http/suricata-verify__tcp-rst-unacked-stream-12_TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49254.pcap",
    "http/zeek__http_cooper-grill-dvwa.pcapng",
    "http/zeek__http_zero-length-bodies-with-drops.pcap",
    "http/zeek__spicy_gap-recovery.pcap",
    "http/zeek__tcp_miss_end_data.pcap",
    "real/http_plain.pcap",
    "real/nrpc_any_sll2.pcap",
    "real/nrpc_drop_idle.pcap",
    "real/nrpc_midstream.pcap",
    "real/nrpc_veth.pcapng",
    "real/tcp_lossy_client.pcap",
    "real/tls_lossy_client.pcap",
    "sip/nDPI__pcap_fuzz-2006-06-26-2594.pcap",
    "tcp/PcapPlusPlus__PacketExamples_Ftp.pcap",
    "tcp/PcapPlusPlus__PcapExamples_one_tcp_stream_max_seq.pcap",
    "tcp/nfstream__pcaps_zoom.pcap",
    "tcp/suricata-verify__bug-3286-03-windows-evasion_with_evasion_windows.pcap",
    "tcp/suricata-verify__bug-5392_TPWhite-carved-out-7787-s1.pcap",
    "tcp/suricata-verify__http-gap-simple_input.pcap",
    "tcp/suricata-verify__tcp-fastopen-10-syn-data-ignore_input.pcap",
    "tcp/suricata-verify__tcp-protodetect-bailout_input.pcap",
    "tcp/zeek__tcp_retransmit-fast009.pcap",
];

/// Streams of which tshark shows other bytes, and why ours are right: capture, stream, side.
const OTHER_BYTES: [(&str, usize, Side, &str); 14] = [
    (
        "http/suricata-verify__tcp-rst-unacked-stream-12_TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49254.pcap",
        0,
        Side::Server,
        "segments that the capture holds only as needless repetitions: tshark gives up a hole as soon as it is acknowledged",
    ),
    (
        "sip/nDPI__pcap_fuzz-2006-06-26-2594.pcap",
        3,
        Side::Client,
        "frames 48 and 88 contradict each other: the first copy counts, tshark takes the one that is in order",
    ),
    (
        "tcp/PcapPlusPlus__PacketExamples_Ftp.pcap",
        1,
        Side::Client,
        "frames 7 and 8 claim bytes, 15 years later, that frames 4 and 5 have acknowledged: they were given up long ago",
    ),
    ("tcp/nfstream__pcaps_zoom.pcap", 9, Side::Server, AFTER_RESET),
    ("tcp/nfstream__pcaps_zoom.pcap", 10, Side::Server, AFTER_RESET),
    ("tcp/nfstream__pcaps_zoom.pcap", 12, Side::Server, AFTER_RESET),
    ("tcp/suricata-verify__util-action-04_input.pcap", 0, Side::Client, SYN_DATA),
    ("tcp/suricata-verify__util-action-04_input.pcap", 0, Side::Server, SYN_DATA),
    ("tcp/suricata-verify__util-action-05_input.pcap", 0, Side::Client, SYN_DATA),
    ("tcp/suricata-verify__util-action-05_input.pcap", 0, Side::Server, SYN_DATA),
    ("tcp/suricata-verify__util-action-08_input.pcap", 0, Side::Client, SYN_DATA),
    ("tcp/suricata-verify__util-action-08_input.pcap", 0, Side::Server, SYN_DATA),
    ("tcp/suricata-verify__util-action-12_input.pcap", 0, Side::Client, SYN_DATA),
    ("tcp/suricata-verify__util-action-12_input.pcap", 0, Side::Server, SYN_DATA),
];

const AFTER_RESET: &str = "a TLS alert that came after the client's reset: nobody has read it";

const SYN_DATA: &str =
    "data in the SYN of either side, which the other side's next packet does not acknowledge: tshark shows them";

/// What one side said.
#[derive(Debug, Default, Clone)]
struct Said {
    bytes: Vec<u8>,
    /// How many bytes are missing, and before which of `bytes`.
    holes: BTreeMap<usize, u64>,
}

/// What both sides said.
#[derive(Debug, Default, Clone)]
struct Talk(PerSide<Said>);

impl Sink for Talk {
    fn bytes(&mut self, from: Side, _: u64, bytes: &[u8], _: Stamp) {
        self.0[from].bytes.extend_from_slice(bytes);
    }

    fn gap(&mut self, from: Side, _: u64, length: u64, _: Stamp) {
        let said = &mut self.0[from];
        *said.holes.entry(said.bytes.len()).or_default() += length;
    }
}

/// The streams of a capture.
#[derive(Default)]
struct Streams {
    /// Client and what was said, in the order of their first segments.
    talks: Vec<(Endpoint, Talk)>,
    /// By both ends, the lower first: the latest stream between them.
    flows: HashMap<[Endpoint; 2], Flow>,
    /// A snap length cut frames.
    cut: bool,
}

struct Flow {
    stream: usize,
    connection: Connection,
    over: bool,
}

impl Streams {
    fn of(capture: &Path) -> Self {
        let mut streams = Self::default();
        let (mut decoder, mut last) = (Decoder::new(), Stamp::default());
        let mut reader = Reader::open(capture).unwrap();
        while let Some(frame) = reader.next(0) {
            last = frame.at;
            streams.cut |= usize::try_from(frame.wire_length).unwrap() > frame.data.len();
            if let Packet::Tcp(segment) = decoder.decode(&frame) {
                streams.take(&segment, frame.at);
            }
        }
        for flow in std::mem::take(&mut streams.flows).into_values() {
            streams.end(flow, last);
        }
        streams
    }

    fn take(&mut self, segment: &Segment<'_>, at: Stamp) {
        let source = Endpoint { ip: segment.ip.source, port: segment.source_port };
        let destination = Endpoint { ip: segment.ip.destination, port: segment.destination_port };
        let ends = [source.min(destination), source.max(destination)];
        let mut flow = match self.flows.remove(&ends) {
            Some(flow) if !flow.connection.is_reopened_by(segment) => flow,
            earlier => {
                if let Some(flow) = earlier {
                    self.end(flow, at);
                }
                self.begin(segment, at)
            }
        };
        if !flow.over {
            let talk = &mut self.talks[flow.stream].1;
            flow.connection.segment(segment, at, None, None, &Limits::default(), talk);
            flow.over = flow.connection.is_over();
        }
        self.flows.insert(ends, flow);
    }

    fn begin(&mut self, segment: &Segment<'_>, at: Stamp) -> Flow {
        let stream = self.talks.len();
        let mut connection = Connection::new(u32::try_from(stream).unwrap(), segment, at, |port| port < 10_000);
        connection.watch();
        self.talks.push((connection.client(), Talk::default()));
        Flow { stream, connection, over: false }
    }

    fn end(&mut self, mut flow: Flow, at: Stamp) {
        flow.connection.flush(at, &Limits::default(), &mut self.talks[flow.stream].1);
    }
}

/// What tshark says of the same streams, their clients known.
fn theirs(capture: &Path, clients: &[Endpoint]) -> Vec<Talk> {
    let follow = |n: usize| ["-z".to_owned(), format!("follow,tcp,raw,{n}")];
    let mut arguments = vec!["-o".to_owned(), "tcp.reassemble_out_of_order:TRUE".to_owned()];
    arguments.extend(["-r".to_owned(), capture.to_str().unwrap().to_owned()]);
    arguments.extend((0..clients.len()).flat_map(follow));
    let printed = tshark(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut all = vec![Talk::default(); clients.len()];
    let (mut current, mut first, mut client_is_first) = (0, "", true);
    for line in printed.lines() {
        if let Some(number) = line.strip_prefix("Filter: tcp.stream eq ") {
            current = number.parse().unwrap();
        } else if let Some(node) = line.strip_prefix("Node 0: ") {
            client_is_first = clients[current].to_string() == node;
            first = node;
        } else if let Some(node) = line.strip_prefix("Node 1: ") {
            let said_nothing = (first, node) == (":0", ":0");
            let ours = clients[current].to_string();
            assert!(said_nothing || [first, node].contains(&ours.as_str()), "{current} is {first}, {node}, not {ours}");
        } else if !line.is_empty() && !line.starts_with(['=', 'F', 'N']) {
            let (indented, digits) = line.strip_prefix('\t').map_or((false, line), |digits| (true, digits));
            let side = if indented == client_is_first { Side::Server } else { Side::Client };
            let bytes = hex(digits);
            match missing(&bytes) {
                Some(length) => all[current].gap(side, 0, length, Stamp::default()),
                None => all[current].bytes(side, 0, &bytes, Stamp::default()),
            }
        }
    }
    all
}

fn hex(digits: &str) -> Vec<u8> {
    let value = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    digits.as_bytes().chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

/// The length of a hole, if that is what these bytes tell in words.
fn missing(bytes: &[u8]) -> Option<u64> {
    let words = std::str::from_utf8(bytes).ok()?.strip_prefix('[')?;
    words.strip_suffix(" bytes missing in capture file]\0")?.parse().ok()
}

/// How what one side said differs from what tshark has of it. Three differences are tshark's way of showing it:
/// it begins where it first sees the side, without a word on what was missing before; it shows what lies behind a hole
/// only if the other side acknowledged it later; and it joins what a snap length cut apart (`cut`).
fn difference(ours: &Said, theirs: &Said, cut: bool) -> Option<String> {
    if !ours.bytes.starts_with(&theirs.bytes) {
        let same = ours.bytes.iter().zip(&theirs.bytes).take_while(|(a, b)| a == b).count();
        return Some(format!("{} bytes, tshark has {}, {same} are the same", ours.bytes.len(), theirs.bytes.len()));
    }
    let end = theirs.bytes.len();
    if end < ours.bytes.len() && !ours.holes.contains_key(&end) {
        return Some(format!("{} bytes more than tshark, behind no hole", ours.bytes.len() - end));
    }
    let inside = |holes: &BTreeMap<usize, u64>| holes.range(1..end.max(1)).map(|(&at, &n)| (at, n)).collect();
    let (seen, told): (BTreeMap<_, _>, BTreeMap<_, _>) = (inside(&ours.holes), inside(&theirs.holes));
    let known = told.iter().all(|(at, &told)| seen.get(at).is_some_and(|&seen| seen == told || cut && seen > told));
    (!known || !cut && seen != told).then(|| format!("holes {seen:?}, tshark has {told:?}"))
}

/// Every difference in these captures, and the number of streams compared.
fn compare(captures: &[PathBuf]) -> (Vec<(PathBuf, usize, Side, String)>, usize) {
    let compared = two_at_a_time(captures, |capture| {
        let Streams { talks, cut, .. } = Streams::of(capture);
        let clients: Vec<_> = talks.iter().map(|(client, _)| *client).collect();
        let theirs = theirs(capture, &clients);
        let mut differences = Vec::new();
        for (stream, ((_, ours), theirs)) in talks.iter().zip(&theirs).enumerate() {
            for side in [Side::Client, Side::Server] {
                let found = difference(&ours.0[side], &theirs.0[side], cut);
                differences.extend(found.map(|what| (capture.clone(), stream, side, what)));
            }
        }
        (differences, talks.len())
    });
    let streams = compared.iter().map(|(_, streams)| streams).sum();
    (compared.into_iter().flat_map(|(differences, _)| differences).collect(), streams)
}

fn all_explained(captures: &[PathBuf], at_least: usize) {
    let (differences, streams) = compare(captures);
    let is_known = |(capture, stream, side, _): &(PathBuf, usize, Side, String)| {
        OTHER_BYTES.iter().any(|(name, n, s, _)| capture.ends_with(name) && (n, s) == (stream, side))
    };
    let (known, unexplained): (Vec<_>, Vec<_>) = differences.into_iter().partition(is_known);
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let expected = OTHER_BYTES.iter().filter(|(name, ..)| captures.iter().any(|c| c.ends_with(name))).count();
    assert_eq!(known.len(), expected, "a known difference is gone; left are {known:#?}");
    assert!(streams > at_least, "only {streams} streams");
    shout(&format!("{streams} streams of {} captures say what tshark says, {expected} explained", captures.len()));
}

#[test]
fn samples_say_what_tshark_says() {
    if has("tshark") {
        all_explained(&all_samples(), 100);
    }
}

#[test]
fn captures_of_others_say_what_tshark_says() {
    let Some(corpus) = corpus().filter(|_| has("tshark")) else { return };
    all_explained(&CHOSEN.map(|name| corpus.join(name)), 150);
}

/// All but captures of hundreds of streams, over which tshark takes minutes.
#[test]
#[ignore = "takes a minute"]
fn every_capture_says_what_tshark_says() {
    let Some(corpus) = corpus().filter(|_| has("tshark")) else { return };
    let mut files = support::files_under(&corpus);
    files.retain(|file| Reader::open(file).is_ok() && Streams::of(file).talks.len() < 100);
    all_explained(&files, 700);
}
