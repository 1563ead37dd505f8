//! What a variation promises: the same story, other addresses everywhere, whole streams, right checksums.
//!
//! Without tshark some of the tests say so loudly and prove nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::process::Command;

use nrpcsniff_samples::stories::{self, Sample};
use nrpcsniff_samples::{Format, Link, Variation};

/// Fields of each frame as tshark prints them; `None` without tshark.
fn tshark(name: &str, bytes: &[u8], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).expect("a writable folder for tests");
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-E", "aggregator=|", "-o", "tcp.reassemble_out_of_order:TRUE"]);
    for layer in ["ip", "tcp", "udp"] {
        command.args(["-o".to_owned(), format!("{layer}.check_checksum:TRUE")]);
    }
    command.arg("-r").arg(path);
    for field in fields {
        command.args(["-e", field]);
    }
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: tshark is not installed, so nobody else reads what is varied");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Both cores at work.
fn for_all(check: impl Fn(&Sample) + Sync) {
    let samples: Vec<&Sample> = stories::all().collect();
    std::thread::scope(|scope| {
        for half in samples.chunks(samples.len().div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(|sample| check(sample)));
        }
    });
}

#[test]
fn nothing_varied_is_the_sample_itself() {
    for_all(|sample| assert!(sample.varied(&Variation::none()) == sample.bytes(), "{}", sample.name));
}

#[test]
fn a_seed_gives_the_same_bytes_again_and_another_seed_others() {
    for_all(|sample| {
        let varied = |seed| sample.varied(&sample.variation(seed));
        assert!(varied(3) == varied(3), "{}", sample.name);
        assert!(varied(3) != varied(4), "{}", sample.name);
    });
}

#[test]
fn reasons_belong_to_samples() {
    let touchy: BTreeSet<&str> = stories::all().flat_map(Sample::touchy).map(|(_, why)| why).collect();
    assert!(touchy.len() >= 5, "{touchy:?}");
}

/// What tshark calls wrong.
const WRONG: [&str; 3] = ["Malformed Packet", "Bad checksum", "Illegal characters"];

fn wrong(sample: &Sample, bytes: &[u8]) -> Option<BTreeSet<&'static str>> {
    let rows = tshark(&format!("{}.varied", sample.name), bytes, &["_ws.expert.message"])?;
    let said = |wrong: &&&str| rows.iter().any(|row| row[0].split('|').any(|message| message.starts_with(**wrong)));
    Some(WRONG.iter().filter(said).copied().collect())
}

/// Nothing, that is, but what it finds in the sample itself. Its dissector of LDAP calls a message malformed that begins in a
/// segment of one to three bytes.
#[test]
fn tshark_finds_nothing_wrong_in_varied_captures() {
    for_all(|sample| {
        let seed = 1 + sample.name.len() as u64 % 4;
        let Some(varied) = wrong(sample, &sample.varied(&sample.variation(seed))) else { return };
        let is_torn = sample.name.starts_with("ldap-") && varied.iter().all(|wrong| *wrong == "Malformed Packet");
        let known = is_torn
            || varied.is_empty()
            || wrong(sample, &sample.bytes()).is_some_and(|plain| varied.is_subset(&plain));
        assert!(known, "{} seed {seed}: {varied:?}", sample.name);
    });
}

/// Addresses and ports of one direction of a connection.
type Flow = Vec<u8>;

/// The bytes of each direction of each TCP connection by their distance from its first one, as far as they were captured; a
/// byte that came twice with another value panics.
fn streams(sample: &Sample, variation: &Variation) -> BTreeMap<Flow, BTreeMap<u32, u8>> {
    const TCP: u8 = 6;
    let file = sample.varied_network(variation).write(&Format::pcap().link(Link::RawIp));
    // Their stories are about bytes that come in two versions: the first is compared.
    let is_disputed = matches!(sample.name, "nrpc-two-versions" | "nrpc-decoys");
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let mut streams: BTreeMap<Flow, (u32, BTreeMap<u32, u8>)> = BTreeMap::new();
    let mut rest = &file[24..];
    while let Some((record, after)) = rest.split_at_checked(16) {
        let (packet, after) = after.split_at(number(&record[8..12]) as usize);
        rest = after;
        let (ip, protocol, addresses) = match packet[0] >> 4 {
            4 => (20, packet[9], &packet[12..20]),
            _ => (40, packet[6], &packet[8..40]),
        };
        if protocol != TCP {
            continue;
        }
        let tcp = &packet[ip..];
        let payload = &tcp[usize::from(tcp[12] >> 4) * 4..];
        let sequence = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
        let (first, stream) =
            streams.entry([addresses, &tcp[..4]].concat()).or_insert_with(|| (sequence, BTreeMap::new()));
        for (place, byte) in (0_u32..).zip(payload) {
            let place = sequence.wrapping_add(place).wrapping_sub(*first).wrapping_add(HALF);
            let first = *stream.entry(place).or_insert(*byte);
            assert!(first == *byte || is_disputed, "{}: two values", sample.name);
        }
    }
    streams.into_iter().map(|(flow, (_, stream))| (flow, stream)).collect()
}

/// In the middle of sequence numbers, so that what comes before the first segment seen has a place too.
const HALF: u32 = 1 << 31;

/// How many bytes there are, and how often some are missing between two of them.
fn shape(stream: &BTreeMap<u32, u8>) -> (usize, usize) {
    let places: Vec<u32> = stream.keys().copied().collect();
    (places.len(), places.windows(2).filter(|pair| pair[1] != pair[0] + 1).count())
}

/// Eight times the usual accidents: every byte that the story shows is shown.
#[test]
fn streams_are_whole_in_spite_of_loss() {
    for_all(|sample| {
        for seed in 1..=3 {
            let calm = Variation { seed, ..Variation::none() };
            let rough = Variation { loss: 8, duplicates: 8, reordering: 8, segments: true, ..calm.clone() };
            let [calm, rough] = [calm, rough].map(|variation| streams(sample, &variation));
            assert!(calm.keys().eq(rough.keys()), "{} seed {seed}", sample.name);
            for (one, other) in calm.values().zip(rough.values()) {
                assert_eq!(shape(one), shape(other), "{} seed {seed}", sample.name);
            }
        }
    });
}

#[test]
fn loss_repeats_segments_and_fills_holes() {
    let sample = stories::find("nrpc-working").expect("a sample");
    let mut said = String::new();
    for seed in 1..=4 {
        let accidents = Variation { loss: 20, duplicates: 10, reordering: 20, segments: true, ..Variation::none() };
        let bytes = sample.varied(&Variation { seed, ..accidents });
        let Some(rows) = tshark("loss", &bytes, &["_ws.expert.message"]) else { return };
        said.extend(rows.into_iter().flatten());
    }
    for (wanted, least) in [
        ("(suspected) retransmission", 8),
        ("(suspected) out-of-order segment", 2),
        ("Duplicate ACK", 2),
        ("Previous segment(s) not captured", 4),
    ] {
        assert!(said.matches(wanted).count() >= least, "{wanted}: {said}");
    }
}

/// Addresses that stand in a story, found in what its hosts say.
fn mentions(sample: &Sample, variation: &Variation, addresses: &[String]) -> Vec<String> {
    let net = sample.varied_network(variation);
    let mentioned = |address: &&String| {
        let whole = |payload: &[u8], at: usize| {
            payload[at..].starts_with(address.as_bytes())
                && !payload.get(at + address.len()).is_some_and(u8::is_ascii_digit)
        };
        !net.sent(|payload| (0..payload.len()).any(|at| whole(payload, at))).is_empty()
    };
    addresses.iter().filter(mentioned).cloned().collect()
}

#[test]
fn texts_mention_no_address_of_the_story() {
    let old: Vec<String> =
        ["10.1.0.50", "10.1.0.51", "10.1.0.23", "10.2.0.51", "192.168.1.20", "203.0.113.9", "2001:db8:1::50"]
            .map(str::to_owned)
            .to_vec();
    let told: usize = stories::all().map(|sample| mentions(sample, &Variation::none(), &old).len()).sum();
    assert!(told > 20, "only {told} stories mention addresses");
    for_all(|sample| {
        for seed in [1, 2, 3] {
            let variation = sample.variation(seed);
            let left = mentions(sample, &variation, &old);
            assert!(left.is_empty(), "{} seed {seed}: {left:?}", sample.name);
        }
    });
}

/// Who speaks VP says its own address, and the server the one it sees.
#[test]
fn sametime_handshakes_carry_the_addresses_of_their_packets() {
    let sample = stories::find("st-working").expect("a sample");
    let bytes =
        sample.varied(&Variation { segments: false, loss: 0, duplicates: 0, reordering: 0, ..sample.variation(8) });
    let Some(rows) = tshark("vp", &bytes, &["ip.src", "ip.dst", "tcp.payload", "tcp.dstport"]) else { return };
    let octets = |text: &str| format!("{:08x}", text.parse::<Ipv4Addr>().map_or(0, u32::from));
    let handshakes: Vec<_> = rows.iter().filter(|row| row[2].contains("1214") && row[3] == "1533").collect();
    assert!(handshakes[0][2].contains(&octets(&handshakes[0][0])), "{handshakes:?}");
    let answer = rows.iter().find(|row| row[2].get(8..12) == Some("8000")).expect("an acknowledgment");
    assert!(answer[2].contains(&octets(&answer[1])), "{answer:?}");
}

#[test]
fn dns_tells_the_addresses_that_are_called() {
    for (seed, field, ip) in [(4, "dns.a", "ip.dst"), (0, "dns.aaaa", "ipv6.dst")] {
        let sample = stories::find("nrpc-working").expect("a sample");
        let variation = Variation { addresses: true, ipv6: seed == 0, seed: seed + 1, ..Variation::none() };
        let Some(rows) = tshark("dns", &sample.varied(&variation), &[field, ip, "tcp.dstport"]) else { return };
        let told = rows.iter().find(|row| !row[0].is_empty()).map(|row| row[0].clone());
        let called = rows.iter().find(|row| row[2] == "1352").map(|row| row[1].clone());
        assert!(told.is_some() && told == called, "{told:?} {called:?}");
    }
}

#[test]
fn a_format_keeps_what_the_story_is_about() {
    let cut = stories::find("nrpc-cut").expect("a sample");
    let bytes = cut.varied(&Variation { format: Some(Format::pcapng()), ..Variation::none() });
    let Some(rows) = tshark("cut", &bytes, &["frame.cap_len", "frame.len"]) else { return };
    assert!(rows.iter().any(|row| row[0] == "96" && row[1] != "96"), "{rows:?}");
}
