//! Captures of others in which nothing is known to be wrong: no blocker and no major finding that is not really there. What
//! is found all the same stands in [`RIGHT`], with the reason why it is right.

mod support;

use std::collections::BTreeSet;
use support::{corpus, files_under, nrpcsniff, text, two_at_a_time};

/// File, rule, and why the finding is right.
const RIGHT: [(&str, &str, &str); 3] = [
    (WEBEX, "sip-408", "two REGISTERs, repeated ten times each as Timer E says, and 172.16.1.75 never says a word"),
    (ZEEK, "sip-403", "a REGISTER and two calls with credentials are answered with \"403 Wrong password\""),
    (ZEEK, "sip-408", "a proxy that had said 100 answers an INVITE with 408 after 36 seconds, without any ringing"),
];

const WEBEX: &str = "sip/nDPI__pcap_webex.pcap";
const ZEEK: &str = "sip/zeek__sip_wireshark.pcap";

#[test]
fn healthy_captures_stay_silent() {
    let Some(folder) = corpus() else { return };
    let files: Vec<_> =
        ["sip", "http", "tcp", "format"].iter().flat_map(|part| files_under(&folder.join(part))).collect();
    assert!(files.len() > 100, "only {} captures", files.len());
    let said = two_at_a_time(&files, |path| {
        let output = nrpcsniff().args(["--format", "json", "--detail", "findings"]).arg(path).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let severe = |f: &&serde_json::Value| f["severity"] == "blocker" || f["severity"] == "major";
        findings.iter().filter(severe).map(|f| (name.clone(), text(f, "rule").to_owned())).collect::<Vec<_>>()
    });
    let said: BTreeSet<(String, String)> = said.into_iter().flatten().collect();
    let right: BTreeSet<_> = RIGHT.iter().map(|(file, rule, _)| ((*file).to_owned(), (*rule).to_owned())).collect();
    let wrong: Vec<_> = said.difference(&right).collect();
    let gone: Vec<_> = right.difference(&said).collect();
    assert!(
        wrong.is_empty() && gone.is_empty(),
        "said and not known to be right: {wrong:#?}\nno longer said: {gone:#?}"
    );
}
