//! The captures as tshark and capinfos see them: an opinion of somebody else.
//!
//! Without these programs the tests say so loudly and prove nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use nrpcsniff_samples::stories::{self, Sample};

/// What tshark says about every connection, every HTTP message, and every cookie in SIP.
const ORDINARY: [&str; 11] = [
    "Connection establish request (SYN)",
    "Connection establish acknowledge (SYN+ACK)",
    "Connection finish (FIN)",
    "Connection reset (RST)",
    "This frame initiates the connection closing",
    "This frame undergoes the connection closing",
    "GET /",
    "POST /",
    "OPTIONS /",
    "HTTP/1.1 ",
    "Unrecognised SIP header (cookie)",
];

/// tshark 4.0 wants more in a Sametime handshake and in a status than clients of the documented version send.
const SAMETIME: &str = "Malformed Packet";

const RETRANSMISSION: &str = "This frame is a (suspected) retransmission";
const OUT_OF_ORDER: &str = "This frame is a (suspected) out-of-order segment";
const DUPLICATE_ACK: &str = "Duplicate ACK";
const HOLE: &str = "Previous segment(s) not captured";
const UNSEEN: &str = "ACKed segment that wasn't captured";
const KEEPALIVE: &str = "TCP keep-alive segment";
const KEEPALIVE_ACK: &str = "ACK to a TCP keep-alive segment";
const ZERO_WINDOW: &str = "TCP Zero Window segment";
const WINDOW_UPDATE: &str = "TCP window update";
const BAD_CHECKSUM: &str = "Bad checksum";
/// The certificate holds a name, and hardly anything else.
const SHORT_CERTIFICATE: &str = "BER Error";

/// What tshark must also say about a sample, because its story is about that.
fn intended(name: &str) -> &'static [&'static str] {
    match name {
        "nrpc-silent"
        | "nrpc-asymmetric"
        | "nrpc-refused"
        | "nrpc-ipv6-first"
        | "nrpc-private-address"
        | "nrpc-server-restart"
        | "nrpc-idle-silent"
        | "st-port-blocked"
        | "nrpc-alias-good"
        | "http-token-not-returned-good"
        | "sip-undefined-good"
        | "st-token-version-good"
        | "st-two-names-good"
        | "http-never-acknowledged"
        | "nrpc-two-versions"
        | "tls-hello-blackhole" => &[RETRANSMISSION],
        "nrpc-mtu-at-client" => &[HOLE, DUPLICATE_ACK],
        "tls-handshake-failed" => &[SHORT_CERTIFICATE],
        "nrpc-rough-path" => &[RETRANSMISSION, OUT_OF_ORDER, HOLE, UNSEEN, KEEPALIVE, KEEPALIVE_ACK],
        "nrpc-loss" => &[RETRANSMISSION, DUPLICATE_ACK, HOLE],
        "nrpc-mtu-blackhole" => &[RETRANSMISSION, DUPLICATE_ACK],
        "nrpc-zero-window" => &[ZERO_WINDOW, KEEPALIVE, WINDOW_UPDATE],
        "nrpc-span-duplicates" => &[RETRANSMISSION, DUPLICATE_ACK, KEEPALIVE],
        "nrpc-drops" => &[HOLE, UNSEEN],
        "nrpc-offload" => &[BAD_CHECKSUM],
        "nrpc-decoys" => &[BAD_CHECKSUM, RETRANSMISSION, OUT_OF_ORDER, HOLE, UNSEEN],
        _ => &[],
    }
}

fn path(sample: &Sample) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(sample.file_name())
}

/// Standard output of a program, or `None` with a complaint if it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        eprintln!("SKIPPED: {program} is not installed, so nothing outside this crate looked at its captures");
        return None;
    };
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn committed_files_are_what_the_generator_writes() {
    for (name, bytes) in stories::files() {
        let committed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name));
        assert!(committed.is_ok_and(|committed| committed == bytes), "{name}: cargo run -p nrpcsniff-samples");
        assert!(bytes.len() < 64 * 1024, "{name} is large");
    }
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    assert!(stories::files() == stories::files());
    for sample in stories::all() {
        let net = sample.network();
        let format = (sample.format)();
        assert!(net.write(&format) == net.write(&format), "{} changes when it is written", sample.name);
    }
}

#[test]
fn names_are_unique_and_found() {
    for sample in stories::all() {
        assert_eq!(stories::find(sample.name).map(|found| found.story), Some(sample.story));
    }
}

#[test]
fn capinfos_counts_the_frames_that_were_sent() {
    let samples: Vec<&Sample> = stories::all().collect();
    let paths: Vec<String> = samples.iter().map(|sample| path(sample).to_string_lossy().into_owned()).collect();
    let mut arguments = vec!["-T", "-r", "-c", "-N"];
    arguments.extend(paths.iter().map(String::as_str));
    let Some(table) = run("capinfos", &arguments) else { return };
    assert_eq!(table.lines().count(), samples.len());
    for (line, sample) in table.lines().zip(samples) {
        let counted: usize = line.split('\t').nth(1).and_then(|count| count.parse().ok()).expect("a count");
        assert_eq!(counted, sample.network().frame_count(), "{}", sample.name);
    }
}

#[test]
fn tshark_finds_what_the_stories_intend_and_nothing_else() {
    let samples: Vec<&Sample> = stories::all().collect();
    std::thread::scope(|scope| {
        for half in samples.chunks(samples.len().div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(|sample| check_with_tshark(sample)));
        }
    });
}

fn check_with_tshark(sample: &Sample) {
    let path = path(sample);
    let mut arguments = vec!["-n", "-r", path.to_str().expect("a path of text"), "-T", "fields"];
    for preference in ["tcp.check_checksum:TRUE", "ip.check_checksum:TRUE", "udp.check_checksum:TRUE"] {
        arguments.extend(["-o", preference]);
    }
    for field in ["frame.time_epoch", "_ws.expert.message"] {
        arguments.extend(["-e", field]);
    }
    arguments.extend(["-E", "aggregator=|"]);
    let Some(text) = run("tshark", &arguments) else { return };
    assert!(text.starts_with("1741595400.0"), "{}: first frame at {:.20}", sample.name, text);
    let messages: Vec<&str> = text
        .lines()
        .flat_map(|line| line.split_once('\t').map_or("", |(_, messages)| messages).split('|'))
        .filter(|message| !message.is_empty() && !ORDINARY.iter().any(|known| message.starts_with(known)))
        .collect();
    for message in &messages {
        let sametime = sample.name.starts_with("st-") && message.starts_with(SAMETIME);
        let wanted = sametime || intended(sample.name).iter().any(|wanted| message.starts_with(wanted));
        assert!(wanted, "{}: tshark says {message}", sample.name);
    }
    for wanted in intended(sample.name) {
        assert!(messages.iter().any(|message| message.starts_with(wanted)), "{}: no {wanted}", sample.name);
    }
}
