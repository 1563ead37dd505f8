//! The tool over captures that others made: every file is read or refused properly, tshark counts the same
//! conversations, and what the makers of the captures wrote down about them is what the report says.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use support::{bad_end, corpus, endpoint, has, list, nrpcsniff, number, report, shout, text, two_at_a_time};

/// Captures in which tshark counts other TCP conversations: ours, tshark's, and why ours is right.
const COUNTED_OTHERWISE: [(&str, u64, u64, &str); 1] = [(
    "http/PcapPlusPlus__pcap_examples_tcp-reassembly.pcap",
    1,
    7,
    "the other six are headers of segments that an sFlow datagram samples: nobody sent them here",
)];

/// One file after it was read.
struct Outcome {
    name: String,
    problems: Vec<String>,
    /// Ours and tshark's.
    conversations: Option<(u64, u64)>,
}

#[test]
fn every_file_is_read_or_refused_and_counted_as_tshark_counts() {
    let Some(corpus) = corpus() else { return };
    let truth = table(&corpus.join("TRUTH.tsv"));
    let asking = has("tshark");
    let files = support::files_under(&corpus);
    let outcomes = two_at_a_time(&files, |file| {
        let name = file.strip_prefix(&corpus).unwrap().to_str().unwrap().to_owned();
        let known = truth.get(&name).cloned().unwrap_or_default();
        read(file, name, &known, asking)
    });
    let problems: Vec<_> =
        outcomes.iter().flat_map(|o| o.problems.iter().map(|p| format!("{}: {p}", o.name))).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    let counted: Vec<_> = outcomes.iter().filter_map(|o| Some((o.name.as_str(), o.conversations?))).collect();
    assert!(counted.len() > 70, "only {} captures were counted", counted.len());
    let otherwise: Vec<_> = counted.iter().filter(|(_, (ours, theirs))| ours != theirs).collect();
    let unexplained: Vec<_> = otherwise
        .iter()
        .filter(|(name, counts)| !COUNTED_OTHERWISE.iter().any(|&(n, o, t, _)| (n, (o, t)) == (*name, *counts)))
        .collect();
    assert!(unexplained.is_empty(), "ours and tshark's: {unexplained:?}");
    let expected = COUNTED_OTHERWISE.iter().filter(|(n, ..)| counted.iter().any(|(name, _)| n == name)).count();
    assert_eq!(otherwise.len(), expected, "a known difference is gone");
    assert!(otherwise.len() * 50 <= counted.len(), "more than 2 % are counted otherwise");
    shout(&format!("{} files, {} captures counted as tshark counts them", files.len(), counted.len() - expected));
}

/// Reads a file; `known` is what the table of the captures says of it.
fn read(file: &Path, name: String, known: &HashMap<String, String>, asking: bool) -> Outcome {
    let path = file.to_str().unwrap();
    let output = nrpcsniff().args(["--format", "json", "--detail", "findings", path]).output().unwrap();
    let mut problems: Vec<_> = bad_end(&output).into_iter().collect();
    let report = serde_json::from_slice::<Value>(&output.stdout).ok();
    // Messages of SIP as text are read as logs are.
    let is_log = |report: &Value| list(report, "inputs").iter().all(|input| !input["lines"].is_null());
    if report.as_ref().is_some_and(is_log) {
        return Outcome { name, problems, conversations: None };
    }
    let totals = report.map(|report| report["totals"].clone());
    let known = |column: &str| known.get(column).and_then(|value| value.parse::<u64>().ok());
    let is_capture = known("packets").is_some() || ["pcap", "pcapng", "gz"].iter().any(|end| path.ends_with(end));
    if is_capture != totals.is_some() {
        problems.push(format!("a capture: {is_capture}, yet the report is {totals:?}"));
    }
    let Some(totals) = totals else { return Outcome { name, problems, conversations: None } };
    if let Some(packets) = known("packets")
        && packets != number(&totals, "packets")
    {
        problems.push(format!("{packets} packets, {} in the report", totals["packets"]));
    }
    let theirs = known("tcp_streams").or_else(|| asking.then(|| tcp_streams(path)));
    let conversations = theirs.map(|theirs| (number(&totals, "tcp_conversations"), theirs));
    Outcome { name, problems, conversations }
}

/// How many TCP streams tshark finds. A frame of several tunnelled packets has several.
fn tcp_streams(path: &str) -> u64 {
    let printed = support::tshark(&["-r", path, "-Y", "tcp", "-T", "fields", "-e", "tcp.stream"]);
    let streams = printed.split([',', '\n']).filter(|number| !number.is_empty());
    streams.collect::<std::collections::HashSet<_>>().len() as u64
}

/// A table with tabs: rows by the first column, then by the heading.
fn table(path: &Path) -> HashMap<String, HashMap<String, String>> {
    let all = fs::read_to_string(path).unwrap();
    let mut lines = all.lines().map(|line| line.split('\t').map(str::to_owned));
    let headings: Vec<String> = lines.next().unwrap().collect();
    let row = |cells: Vec<String>| (cells[0].clone(), headings.iter().cloned().zip(cells).collect());
    lines.map(|cells| row(cells.collect())).collect()
}

/// What the maker of a capture wrote down about one conversation.
struct Truth(Value);

impl Truth {
    fn transport(&self) -> &Value {
        self.0.get("transport").unwrap_or(&self.0)
    }

    fn ends(&self) -> (String, String) {
        (text(self.transport(), "client").to_owned(), text(self.transport(), "server").to_owned())
    }

    /// Segments were repeated or overtook each other: then the maker's bytes count some twice.
    fn is_rough(&self) -> bool {
        number(self.transport(), "retrans") + number(self.transport(), "ooo") > 0
    }

    fn setup(&self) -> &'static str {
        let transport = self.transport();
        match (number(transport, "syn"), transport["synack"].as_bool(), transport["first_close"].as_str()) {
            (0, ..) => "midstream",
            (_, Some(true), _) => "handshake",
            (_, _, Some("server RST")) => "refused",
            _ => "no-answer",
        }
    }

    /// `how` and `by` of the teardown.
    fn close(&self) -> (&'static str, &'static str) {
        let said = self.0["closed_by"].as_str().or(self.transport()["first_close"].as_str());
        match said {
            Some("client FIN") => ("fin", "client"),
            Some("server FIN") => ("fin", "server"),
            Some("client RST") => ("rst", "client"),
            Some("server RST" | "server RST to SYN") => ("rst", "server"),
            Some("nobody: SYN unanswered") => ("timeout", "none"),
            None => ("open", "none"),
            Some(other) => panic!("what does {other} mean?"),
        }
    }
}

/// What the makers of a capture wrote down about its TCP conversations.
fn truths(capture: &Path) -> Vec<Truth> {
    let record = fs::read(format!("{}.truth.json", capture.display())).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    list(&record, "conversations").iter().cloned().map(Truth).collect()
}

/// The captures of that folder that have a record.
fn recorded(corpus: &Path) -> Vec<std::path::PathBuf> {
    let files = support::files_under(&corpus.join("real"));
    files.iter().filter_map(|path| Some(path.to_str()?.strip_suffix(".truth.json")?.into())).collect()
}

/// Every server's port is named as NRPC, so that the report holds conversations of any protocol.
fn everything(capture: &Path, truths: &[Truth]) -> Value {
    let mut arguments = vec![capture.to_str().unwrap().to_owned()];
    for truth in truths {
        let (_, server) = truth.ends();
        arguments.push("-d".to_owned());
        arguments.push(format!("tcp.port=={},nrpc", server.rsplit(':').next().unwrap()));
    }
    report(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The conversations of a report by client and server.
fn by_ends(report: &Value) -> BTreeMap<(String, String), &Value> {
    let conversations = list(report, "conversations").iter().filter(|c| c["transport"] == "tcp");
    conversations.map(|c| ((endpoint(&c["client"]), endpoint(&c["server"])), c)).collect()
}

#[test]
fn transport_is_as_the_makers_of_the_captures_wrote_it_down() {
    let Some(corpus) = corpus() else { return };
    let counts = two_at_a_time(&recorded(&corpus), |capture| {
        let truths = truths(capture);
        let report = everything(capture, &truths);
        let conversations = by_ends(&report);
        for truth in &truths {
            let ends = truth.ends();
            let found = conversations.get(&ends).unwrap_or_else(|| panic!("{}: no {ends:?}", capture.display()));
            same_transport(truth, found, &format!("{} {ends:?}", capture.display()));
        }
        truths.len()
    });
    let conversations: usize = counts.iter().sum();
    assert!(conversations > 150, "only {conversations}");
    shout(&format!("{conversations} conversations of {} real captures are as recorded", counts.len()));
}

fn same_transport(truth: &Truth, found: &Value, which: &str) {
    let wanted = truth.transport();
    assert_eq!(found["setup"], truth.setup(), "{which}");
    let teardown = &found["teardown"];
    assert_eq!((text(teardown, "how"), text(teardown, "by")), truth.close(), "{which}");
    assert_eq!(found["stream"], wanted["stream"], "{which}");
    assert_eq!(found["roles_guessed"], truth.setup() == "midstream", "{which}");
    let sum = number(found, "packets_client") + number(found, "packets_server");
    assert_eq!(sum, number(wanted, "packets"), "{which}");
    for (side, key) in [("client", "c_bytes"), ("server", "s_bytes")] {
        let (ours, all) = (number(found, &format!("bytes_{side}")), number(wanted, key));
        assert!(ours == all || truth.is_rough() && ours < all, "{which}: {ours} bytes of {all} by {side}");
    }
    let quality = &found["quality"];
    let repeated = number(quality, "retransmissions") + number(quality, "out_of_order");
    assert!(truth.is_rough() || repeated == 0, "{which}: {quality}");
    for holes in ["gaps", "missing_bytes", "conflicting_overlaps", "cut_frames"] {
        assert_eq!(number(quality, holes), 0, "{which}: {holes}");
    }
    assert!(truth.is_rough() || number(quality, "duplicate_frames") == 0, "{which}: {quality}");
}

/// One message, as `c 0x21 1` (sender, function, sequence) or `c session`.
fn message(found: &Value) -> String {
    let from = &text(found, "from")[..1];
    let fields = &found["fields"];
    match text(found, "type") {
        "nrpc.session_request" | "nrpc.session_response" => format!("{from} session"),
        "nrpc.auth" => format!("{from} auth {:#04x}", number(fields, "function")),
        "nrpc.transaction" => {
            format!("{from} {:#04x} {}", number(fields, "function"), number(fields, "sequence"))
        }
        other => other.to_owned(),
    }
}

/// Messages in that form, out of the words in which the maker of the capture put them.
fn messages_recorded(truth: &Value) -> Vec<String> {
    let lines = truth["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |line: &Value| match line.as_str().unwrap().split(' ').collect::<Vec<_>>()[..] {
        ["rpc", "fn", function, "seq", n, "both", "ways"] => {
            vec![format!("c {function} {n}"), format!("s {function} {n}")]
        }
        [from, "type2" | "type3", "session", _] => vec![format!("{from} session")],
        [from, "0x13", "auth"] => vec![format!("{from} auth 0x13")],
        _ => panic!("what does {line} mean?"),
    };
    lines.iter().flat_map(one).collect()
}

fn messages_found(conversation: &Value) -> Vec<String> {
    list(conversation, "messages").iter().map(message).collect()
}

/// Of a transaction each way, numbered from `first`, functions from `function`.
fn transactions(count: u64, function: u64) -> Vec<String> {
    let both = |n: u64| ["c", "s"].map(|from| format!("{from} {:#04x} {n}", function + n - 1));
    (1..=count).flat_map(both).collect()
}

fn opening() -> Vec<String> {
    ["c session", "s session", "c auth 0x13", "s auth 0x13"].map(str::to_owned).to_vec()
}

/// The names in the first two messages; `-` for none.
fn names(conversation: &Value) -> (&str, &str) {
    let messages = list(conversation, "messages");
    let name = |index: usize, key: &str| messages.get(index)?["fields"][key].as_str();
    (name(0, "wanted_server").unwrap_or("-"), name(1, "server_name").unwrap_or("-"))
}

#[test]
fn sessions_say_what_the_makers_of_the_captures_wrote_down() {
    let Some(corpus) = corpus() else { return };
    let mut sessions = 0;
    for name in ["nrpc_veth.pcapng", "nrpc_any_sll2.pcap", "nrpc_drop_idle.pcap"] {
        let capture = corpus.join("real").join(name);
        let report = report(&[capture.to_str().unwrap()]);
        let conversations = by_ends(&report);
        assert_eq!(number(&report["totals"], "tcp_conversations"), conversations.len() as u64);
        for truth in truths(&capture) {
            let which = format!("{name}, {}", text(&truth.0, "scenario"));
            let found = conversations[&truth.ends()];
            let wanted = messages_recorded(&truth.0);
            assert_eq!(messages_found(found), wanted, "{which}");
            assert_eq!(found["protocol"], "nrpc", "{which}");
            assert_eq!(number(&found["teardown"], "after_message"), wanted.len() as u64, "{which}");
            assert_eq!(found["undissected_bytes"], serde_json::json!({"client": 0, "server": 0}), "{which}");
            if !wanted.is_empty() {
                assert_eq!(names(found), (text(&truth.0, "wanted"), text(&truth.0, "actual")), "{which}");
                sessions += 1;
            }
        }
    }
    assert_eq!(sessions, 15);
}

#[test]
fn sessions_that_were_open_before_the_capture_are_read_from_their_middle() {
    let Some(corpus) = corpus() else { return };
    let report = report(&[corpus.join("real/nrpc_midstream.pcap").to_str().unwrap()]);
    let conversations = by_ends(&report);
    let of = |port: u16| conversations[&(format!("127.0.0.1:{port}"), "127.0.0.11:1352".to_owned())];
    for port in [35000, 35016] {
        assert_eq!(messages_found(of(port)), transactions(5, 0x21), "{port}");
    }
    let whole = [opening(), transactions(1, 0x30)].concat();
    assert_eq!(messages_found(of(46846)), whole);
    assert_eq!(names(of(46846)), ("CN=ALPHA/O=Acme", "CN=ALPHA/O=Acme"));
}

#[test]
fn a_scanner_is_read_as_well() {
    let Some(corpus) = corpus() else { return };
    let capture = corpus.join("real/nrpc_nmap_sV.pcap");
    let report = report(&[capture.to_str().unwrap()]);
    let conversations = by_ends(&report);
    for truth in truths(&capture) {
        let found = conversations[&truth.ends()];
        let actual = truth.0["actual"].as_str();
        assert_eq!(names(found), ("-", actual.unwrap_or("-")));
        assert_eq!(list(found, "messages").len(), if actual.is_some() { 2 } else { 0 });
    }
    let worst = list(&report, "findings").iter().filter(|f| f["severity"] != "info").collect::<Vec<_>>();
    assert!(worst.is_empty(), "a scan is no fault: {worst:#?}");
}

#[test]
fn a_path_that_loses_and_reorders_loses_no_message() {
    let Some(corpus) = corpus() else { return };
    let report = report(&[corpus.join("real/tcp_lossy_client.pcap").to_str().unwrap()]);
    let conversations = list(&report, "conversations");
    let sessions: Vec<_> = conversations.iter().filter(|c| c["protocol"] == "nrpc").collect();
    assert_eq!(sessions.len(), 6);
    let whole = [opening(), transactions(30, 0x21)].concat();
    assert_eq!(whole.len(), 64);
    for session in sessions {
        assert_eq!(messages_found(session), whole);
        assert_eq!(names(session), ("CN=TestServer/O=Test", "CN=TestServer/O=Test"));
        assert_eq!(number(&session["teardown"], "after_message"), 64);
        for side in ["client", "server"] {
            let of_side = list(session, "messages").iter().filter(|m| m["from"] == side);
            let bytes: u64 = of_side.map(|m| number(m, "length")).sum();
            assert_eq!(
                number(session, &format!("bytes_{side}")),
                bytes,
                "messages account for every byte of the {side}"
            );
            assert_eq!(number(&session["undissected_bytes"], side), 0);
        }
    }
}

/// The public capture of a HCL Notes client and server, of which five packets are at hand: the session has opened, and
/// the capture ends.
#[test]
fn the_first_packets_of_a_domino_session_show_no_fault() {
    let Some(corpus) = corpus() else { return };
    let capture = corpus.join("nrpc/hcl_notes_first5.pcap");
    let path = capture.to_str().unwrap();
    let report = report(&[path]);
    let [conversation] = list(&report, "conversations") else { panic!("one conversation: {report}") };
    assert_eq!(names(conversation), ("CN=TestServer/O=Test", "CN=TestServer/O=Test"));
    let [request, response] = list(conversation, "messages") else { panic!("two messages") };
    let (request, response) = (&request["fields"], &response["fields"]);
    assert_eq!(request["clock"], "2025-04-22T17:48:19.16Z");
    assert_eq!(response["clock"], "2025-04-22T17:48:19.18Z");
    assert!(text(request, "certificate_created").starts_with("2025-04-21T"));
    assert!(text(request, "certificate_expires").starts_with("2027-04-22T"));
    assert_eq!((&conversation["setup"], &conversation["teardown"]["how"]), (&"handshake".into(), &"open".into()));
    let faults: Vec<_> = list(&report, "findings").iter().filter(|f| f["severity"] != "info").collect();
    assert!(faults.is_empty(), "{faults:#?}");

    let output = nrpcsniff().arg(path).output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Cannot be told: 1 Notes session"), "{table}");
    assert!(words.contains("the capture ends before an answer was due"), "{table}");
}
