//! SIP in captures that others made: as many requests of each method and responses of each status as the list of the
//! captures and tshark say, and message for message what the makers of the captures wrote down.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use support::{corpus, files_under, has, list, nrpcsniff, number, report, shout, text, tshark, two_at_a_time};

/// How many, by method or status.
type Counts = BTreeMap<String, u64>;

/// Requests by method and responses by status, where they were not decrypted.
fn counts(report: &Value) -> [Counts; 2] {
    let mut counts = [Counts::new(), Counts::new()];
    let clear = list(report, "conversations").iter().filter(|conversation| conversation["over_tls"] == false);
    for message in clear.flat_map(|conversation| list(conversation, "messages")) {
        let fields = &message["fields"];
        let (which, name) = match text(message, "type") {
            "sip.request" => (0, text(fields, "method").to_owned()),
            "sip.response" => (1, number(fields, "status").to_string()),
            _ => continue,
        };
        *counts[which].entry(name).or_default() += 1;
    }
    counts
}

/// `ACK:7 CANCEL:11`, as the list of the captures has it.
fn written(counts: &Counts) -> String {
    counts.iter().map(|(name, count)| format!("{name}:{count}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_list_of_the_captures_says_the_same() {
    let Some(corpus) = corpus() else { return };
    let list = std::fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let mut rows = list.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let headings = rows.next().unwrap();
    let column = |name: &str| headings.iter().position(|heading| *heading == name).unwrap();
    let columns = ["file", "sip_msgs", "sip_requests", "sip_responses"].map(column);
    let mut compared = 0;
    for row in rows.filter(|row| row[0].starts_with("sip/")) {
        let [file, total, requests, responses] = columns.map(|at| row[at]);
        let report = report(&["--detail", "messages", corpus.join(file).to_str().unwrap()]);
        let counts = counts(&report);
        assert_eq!([written(&counts[0]), written(&counts[1])], [requests, responses], "{file}");
        assert_eq!(number(&report["totals"], "sip_messages"), total.parse::<u64>().unwrap(), "{file}");
        compared += 1;
    }
    assert_eq!(compared, 15);
}

/// Messages quoted in ICMP errors were not sent there, and what only keys open is another test's.
const ASKED: &str = "sip && !icmp && !icmpv6 && !tls";

/// Requests by method and responses by status as tshark counts them.
fn tshark_counts(path: &str) -> [Counts; 2] {
    let fields = ["-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code"];
    let order = ["-o", "tcp.reassemble_out_of_order:TRUE"];
    let printed = tshark(&[&["-r", path, "-Y", ASKED][..], &order, &fields].concat());
    let mut counts = [Counts::new(), Counts::new()];
    for line in printed.lines() {
        for (names, counts) in line.split('\t').zip(&mut counts) {
            for name in names.split(',').filter(|name| !name.is_empty()) {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

#[test]
fn tshark_counts_the_same_in_every_capture() {
    let Some(corpus) = corpus() else { return };
    if !has("tshark") {
        return;
    }
    let files = files_under(&corpus);
    let outcomes = two_at_a_time(&files, |path| {
        let path = path.to_str().unwrap();
        let output = nrpcsniff().args(["--format", "json", "--detail", "messages", path]).output().unwrap();
        let ours = counts(&serde_json::from_slice::<Value>(&output.stdout).ok()?);
        Some((path.to_owned(), ours, tshark_counts(path)))
    });
    let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    let differ: Vec<_> = outcomes.iter().filter(|(_, ours, theirs)| ours != theirs).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    let with_sip = outcomes.iter().filter(|(_, ours, _)| ours.iter().any(|counts| !counts.is_empty())).count();
    assert!(with_sip >= 18, "only {with_sip} captures with SIP");
    shout(&format!(
        "{with_sip} captures with SIP and {} without counted as tshark counts them",
        outcomes.len() - with_sip
    ));
}

/// Ports on which the servers of these captures speak TLS.
const TLS_PORTS: [u64; 3] = [5061, 5063, 5065];

/// Call-ID, frame, method or status, and number of CSeq of each message.
type Told = Vec<(String, u64, String, String)>;

/// What the maker of a capture wrote down of SIP in clear.
fn told_by_its_maker(capture: &Path) -> Told {
    let record: Value =
        serde_json::from_slice(&std::fs::read(format!("{}.truth.json", capture.display())).unwrap()).unwrap();
    let is_clear = |call: &&Value| {
        let ports: Vec<u64> = list(call, "messages").iter().map(|message| number(message, "sport")).collect();
        !ports.iter().any(|port| TLS_PORTS.contains(port))
    };
    let calls = list(&record, "sip_by_call_id").iter().filter(is_clear);
    let mut told: Told = calls
        .flat_map(|call| list(call, "messages").iter().map(|message| (text(call, "call_id"), message)))
        .map(|(call, message)| {
            let what = message["method"].as_str().or(message["status"].as_str()).unwrap();
            (call.to_owned(), number(message, "frame"), what.to_owned(), text(message, "cseq").to_owned())
        })
        .collect();
    told.sort();
    told
}

/// What the report says.
fn told_by_us(capture: &Path) -> Told {
    let report = report(&["--detail", "messages", capture.to_str().unwrap()]);
    let clear = list(&report, "conversations").iter().filter(|conversation| conversation["over_tls"] == false);
    let messages = clear.flat_map(|conversation| list(conversation, "messages"));
    let mut told: Told = messages
        .filter(|message| text(message, "type").starts_with("sip."))
        .map(|message| {
            let fields = &message["fields"];
            assert!(fields.get("problems").is_none(), "{message}");
            let what = fields["status"].as_u64().map_or_else(|| text(fields, "method").to_owned(), |s| s.to_string());
            let number = text(fields, "cseq").split(' ').next().unwrap().to_owned();
            let last = list(message, "packets").iter().filter_map(Value::as_u64).max().unwrap();
            (text(fields, "call_id").to_owned(), last, what, number)
        })
        .collect();
    told.sort();
    told
}

#[test]
fn the_makers_of_the_captures_wrote_the_same() {
    let Some(corpus) = corpus() else { return };
    for (name, messages) in [("sip_baresip.pcap", 18), ("sip_sipp_tcp.pcap", 20), ("sip_sipsak.pcapng", 20)] {
        let capture = corpus.join("real").join(name);
        let (ours, theirs) = (told_by_us(&capture), told_by_its_maker(&capture));
        assert_eq!(ours, theirs, "{name}");
        assert_eq!(ours.len(), messages, "{name}");
    }
}

/// Segments that were lost, doubled and overtaken come together again: every message is whole.
#[test]
fn a_lossy_path_damages_no_message() {
    let Some(corpus) = corpus() else { return };
    let told = told_by_us(&corpus.join("real/tcp_lossy_client.pcap"));
    let count = |what: &str| told.iter().filter(|(_, _, method_or_status, _)| method_or_status == what).count();
    // The maker ran 30 sessions over TCP, and 12 registrations over UDP whose requests and responses were repeated.
    assert_eq!((count("REGISTER"), count("401"), count("200")), (82, 42, 37));
}

/// What a script made of a cookie that it may not read, beside tokens that are some.
#[test]
fn tokens_that_are_none_are_told_in_the_summary() {
    let Some(corpus) = corpus() else { return };
    let report = report(&["--detail", "messages", corpus.join("real/sip_sipp_tcp.pcap").to_str().unwrap()]);
    let summaries: Vec<&str> = list(&report, "conversations")
        .iter()
        .flat_map(|conversation| list(conversation, "messages"))
        .map(|message| text(message, "summary"))
        .collect();
    let with = |what: &str| summaries.iter().filter(|line| line.contains(what)).count();
    // One session answers its challenge, one of four requests never gets through.
    assert_eq!((with("LtpaToken undefined"), with("LtpaToken domino")), (6, 2), "{summaries:#?}");
    assert!(summaries.iter().all(|line| !line.contains("AAECA")), "{summaries:#?}");
}
