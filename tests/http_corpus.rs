//! HTTP in captures that others made: as many messages and cookies as tshark counts, and each message as it was recorded.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::{corpus, has, list, number, report, shout, text, two_at_a_time};

/// Requests, responses, requests with cookies, and Set-Cookie fields.
type Counts = [u64; 4];

/// Captures of which the table tells other counts than ours, and why. Where tshark waits for the rest of a body that the
/// capture does not hold, it shows the message all the same once it is told not to wait.
const OTHERWISE: [(&str, Counts, &str); 10] = [
    ("zeek__http_zero-length-bodies-with-drops.pcap", [7, 8, 7, 22], WAITS),
    ("zeek__spicy_gap-recovery.pcap", [10, 10, 10, 0], WAITS),
    (
        "suricata-verify__tcp-rst-unacked-stream-09_TLPW1-tcp-110.37.219.134-10.12.14.101-tcp-990-49230.pcap",
        [1, 1, 1, 0],
        WAITS,
    ),
    (
        "suricata-verify__tcp-rst-unacked-stream-10_TLPW1-tcp-174.56.47.59-10.3.11.101-tcp-80-49309.pcap",
        [1, 1, 1, 0],
        WAITS,
    ),
    ("nDPI__pcap_emotet.pcap", [3, 3, 0, 3], WAITS),
    ("PcapPlusPlus__PcapExamples_650HttpResponses.pcap", [0, 677, 0, 65], WAITS),
    (
        "suricata-verify__base64-decode-5885_input.pcap",
        [4, 4, 3, 1],
        "tshark counts ten M-SEARCH of SSDP, which are UDP",
    ),
    (
        "suricata-verify__detect-uricontent-02_input.pcap",
        [2, 0, 2, 0],
        "tshark leaves out a request whose header is cut",
    ),
    ("nDPI__pcap_weibo.pcap", [16, 14, 0, 3], WAITS),
    ("arkime__pcap_socks5-reverse.pcap", [0, 0, 0, 0], "HTTP inside SOCKS, which is not read"),
];
/// Of these, the ones that it counts otherwise even then.
const NEVER_ALIKE: [&str; 2] = ["arkime__pcap_socks5-reverse.pcap", "suricata-verify__detect-uricontent-02_input.pcap"];
const WAITS: &str = "tshark waits for bodies";

fn columns(row: &BTreeMap<String, String>) -> Option<Counts> {
    let names = ["http_requests", "http_responses", "http_cookie_hdrs", "http_set_cookie_hdrs"];
    let mut counts = [0; 4];
    for (count, name) in counts.iter_mut().zip(names) {
        *count = row.get(name)?.parse().ok()?;
    }
    Some(counts)
}

/// The table of the captures of one folder: counts by name.
fn truth(corpus: &Path) -> BTreeMap<String, Counts> {
    let all = fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let mut lines = all.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let headings = lines.next().unwrap();
    let row = |cells: Vec<String>| headings.iter().cloned().zip(cells).collect::<BTreeMap<_, _>>();
    let rows = lines.map(row);
    rows.filter_map(|row| Some((row["file"].strip_prefix("http/")?.to_owned(), columns(&row)?))).collect()
}

fn ours(path: &Path) -> Counts {
    let report = report(&["--detail", "messages", path.to_str().unwrap()]);
    let mut counts = [0; 4];
    for message in list(&report, "conversations").iter().flat_map(|one| list(one, "messages")) {
        let fields = &message["fields"];
        match text(message, "type") {
            "http.request" => {
                counts[0] += 1;
                counts[2] += u64::from(!list(fields, "cookies").is_empty());
            }
            "http.response" => {
                counts[1] += 1;
                counts[3] += list(fields, "set_cookies").len() as u64;
            }
            "http.malformed" => panic!("{}: {message}", path.display()),
            _ => {}
        }
    }
    assert_eq!(number(&report["totals"], "http_messages"), counts[0] + counts[1]);
    counts
}

/// What tshark counts over TCP if it is told not to wait for bodies.
fn without_waiting(path: &str) -> Counts {
    // Several values in one frame come with this between them.
    const BETWEEN: char = '\u{1}';
    let aggregator = format!("aggregator={BETWEEN}");
    let mut arguments =
        vec!["-o", "http.desegment_body:FALSE", "-r", path, "-Y", "http && tcp", "-T", "fields", "-E", &aggregator];
    for field in ["http.request", "http.response", "http.cookie", "http.set_cookie"] {
        arguments.extend(["-e", field]);
    }
    let mut counts = [0; 4];
    for line in support::tshark(&arguments).lines() {
        for (count, values) in counts.iter_mut().zip(line.split('\t')) {
            *count += values.split(BETWEEN).filter(|value| !value.is_empty()).count() as u64;
        }
    }
    counts
}

#[test]
fn as_many_as_tshark_counts() {
    let Some(corpus) = corpus() else { return };
    let truth: Vec<_> = truth(&corpus).into_iter().collect();
    assert!(truth.len() >= 49, "only {} captures", truth.len());
    let found = two_at_a_time(&truth, |(name, counts)| (name.clone(), *counts, ours(&corpus.join("http").join(name))));
    let otherwise = |name: &str| OTHERWISE.iter().find(|(known, ..)| *known == name);
    for (name, theirs, ours) in &found {
        match otherwise(name) {
            None => assert_eq!(ours, theirs, "{name}"),
            Some((_, expected, why)) => {
                assert_eq!(ours, expected, "{name}: {why}");
                assert_ne!(ours, theirs, "{name} is no exception any more");
            }
        }
    }
    shout(&format!("{} captures as tshark counts them, {} otherwise", found.len() - OTHERWISE.len(), OTHERWISE.len()));
}

#[test]
fn as_many_as_tshark_counts_if_it_does_not_wait_for_bodies() {
    let Some(corpus) = corpus() else { return };
    if !has("tshark") {
        return;
    }
    let truth = truth(&corpus);
    for (name, ours, _) in &OTHERWISE {
        let theirs = without_waiting(corpus.join("http").join(name).to_str().unwrap());
        assert_eq!(*ours == theirs, !NEVER_ALIKE.contains(name), "{name}: {theirs:?}");
    }
    assert!(NEVER_ALIKE.len() * 100 <= 5 * truth.len());
}

/// One message as its recorder wrote it down, or as the report tells it.
#[derive(Debug, PartialEq)]
struct Line {
    method: String,
    target: String,
    status: String,
    cookies: String,
    set_cookies: Vec<String>,
}

fn recorded(message: &Value) -> Line {
    let set = text(message, "set_cookie").split('~').filter(|one| !one.is_empty());
    Line {
        method: text(message, "method").to_owned(),
        target: text(message, "uri").to_owned(),
        status: text(message, "status").to_owned(),
        cookies: text(message, "cookie").to_owned(),
        set_cookies: set.map(normal).collect(),
    }
}

/// Attributes in lower case and in our order.
fn normal(cookie: &str) -> String {
    let mut parts = cookie.split("; ");
    let pair = parts.next().unwrap().to_owned();
    let attributes: BTreeMap<String, String> = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_lowercase(), date(value).to_owned()))
        .collect();
    format!("{pair} {attributes:?}")
}

/// The dates in the capture, as a report writes them.
fn date(value: &str) -> &str {
    match value {
        "Thu, 01 Jan 1970 00:00:00 GMT" => "1970-01-01T00:00:00Z",
        "Thu, 01 Dec 1994 16:00:00 GMT" => "1994-12-01T16:00:00Z",
        other => other,
    }
}

fn told(message: &Value) -> Line {
    let fields = &message["fields"];
    let pair = |cookie: &Value| format!("{}={}", text(cookie, "name"), text(cookie, "value"));
    let cookies = fields["cookies"].as_array().into_iter().flatten().map(pair).collect::<Vec<_>>();
    let set_cookies = fields["set_cookies"].as_array().into_iter().flatten();
    let attributes = |cookie: &Value| {
        let texts = [("domain", "domain"), ("path", "path"), ("samesite", "same_site")];
        let mut all: BTreeMap<String, String> = texts
            .into_iter()
            .filter_map(|(name, key)| Some((name.to_owned(), cookie[key].as_str()?.to_owned())))
            .collect();
        all.extend(cookie["max_age"].as_i64().map(|age| ("max-age".to_owned(), age.to_string())));
        all.extend(cookie["expires"].as_str().map(|time| ("expires".to_owned(), time.to_owned())));
        for (name, key) in [("secure", "secure"), ("httponly", "http_only")] {
            all.extend((cookie[key] == true).then(|| (name.to_owned(), String::new())));
        }
        all
    };
    Line {
        method: fields["method"].as_str().unwrap_or_default().to_owned(),
        target: fields["path"].as_str().unwrap_or_default().to_owned(),
        status: fields["status"].as_u64().map(|status| status.to_string()).unwrap_or_default(),
        cookies: cookies.join("; "),
        set_cookies: set_cookies.map(|cookie| format!("{} {:?}", pair(cookie), attributes(cookie))).collect(),
    }
}

/// The recorder names the frame in which a message's body ends; ours are those of its head, and of a form.
#[test]
fn each_message_is_as_its_recorder_wrote_it_down() {
    let Some(corpus) = corpus() else { return };
    let capture = corpus.join("real/http_plain.pcap");
    let record: Value =
        serde_json::from_slice(&fs::read(format!("{}.truth.json", capture.display())).unwrap()).unwrap();
    let report = report(&["--show-secrets", "--detail", "messages", capture.to_str().unwrap()]);
    let mut compared = 0;
    for conversation in list(&report, "conversations") {
        let stream = number(conversation, "stream").to_string();
        let theirs: Vec<_> =
            list(&record, "http_messages").iter().filter(|one| text(one, "stream") == stream).collect();
        let ours = list(conversation, "messages");
        assert_eq!(ours.len(), theirs.len(), "stream {stream}");
        let mut before = 0;
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(told(ours), recorded(theirs), "stream {stream}");
            let (last, end) =
                (list(ours, "packets").iter().filter_map(Value::as_u64).max(), text(theirs, "frame").parse().ok());
            assert!(Some(before) < last && last <= end, "stream {stream}: {last:?}, {end:?}");
            before = end.unwrap();
            compared += 1;
        }
    }
    assert_eq!(compared, 69);
}
