//! For tests of rules: what one rule says of a constructed network.

use super::{Settings, diagnose};
use crate::model::Finding;
use crate::testing::analysis;
use nrpcsniff_samples::Network;

/// The capture goes on for so many seconds without anything that matters.
pub fn idle(net: &Network, seconds: u64) {
    net.wait_secs(seconds);
    net.udp(&net.host("10.99.0.1"), 9999, &net.host("10.99.0.2"), 9999, [0; 4]);
}

/// Everything that all rules say of it.
pub fn all(net: &Network) -> Vec<Finding> {
    diagnose(&analysis(&net.to_pcapng()), &Settings::default())
}

/// What one rule says of it.
pub fn of(net: &Network, rule: &str) -> Vec<Finding> {
    all(net).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The one finding of that rule.
pub fn one(net: &Network, rule: &str) -> Finding {
    let everything = all(net);
    let mut found: Vec<_> = everything.iter().filter(|finding| finding.rule == rule).cloned().collect();
    assert_eq!(found.len(), 1, "one {rule} among {everything:#?}");
    found.remove(0)
}

/// The rule has nothing to say, nor does it stand under another finding.
pub fn none(net: &Network, rule: &str) {
    let found: Vec<_> = all(net).into_iter().filter(|f| f.rule == rule || f.also.contains(&rule)).collect();
    assert!(found.is_empty(), "{rule} should be silent: {found:#?}");
}

/// The finding's words hold all of these.
pub fn says(finding: &Finding, words: &[&str]) {
    let evidence = finding.evidence.iter().map(|e| e.text.as_str());
    let remedy = finding.remedy.iter().map(String::as_str);
    let text: Vec<&str> =
        [finding.title.as_str(), finding.explanation.as_str()].into_iter().chain(evidence).chain(remedy).collect();
    let text = text.join("\n");
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in:\n{text}");
    }
}

/// Numbers of the frames that show it.
pub fn frames(finding: &Finding) -> Vec<u64> {
    finding.frames.iter().map(|frame| frame.number).collect()
}

/// Real captures that are not part of this repository, in `NRPCSNIFF_CORPUS`, else in `../shared/corpus`.
mod tests {
    use crate::diagnose::{Settings, diagnose};
    use crate::model::{Finding, Severity};
    use crate::testing::analysis;
    use std::path::PathBuf;

    /// What is said of a capture of the corpus; nothing where there is no corpus.
    fn findings(file: &str) -> Option<Vec<Finding>> {
        let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus"));
        let path = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from).join(file);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
            return None;
        }
        Some(diagnose(&analysis(&std::fs::read(path).unwrap()), &Settings::default()))
    }

    fn lines(findings: &[Finding]) -> Vec<(&str, Severity, &[u32])> {
        let told = findings.iter().filter(|finding| finding.rule != "cap-offload");
        told.map(|finding| (finding.rule, finding.severity, finding.conversations.as_slice())).collect()
    }

    #[test]
    fn a_syn_that_a_firewall_drops() {
        let Some(found) = findings("real/nrpc_drop_idle.pcap") else { return };
        assert_eq!(lines(&found), [("nrpc-syn-silent", Severity::Blocker, &[0][..])]);
    }

    #[test]
    fn sessions_that_had_begun_before() {
        let Some(found) = findings("real/nrpc_midstream.pcap") else { return };
        assert_eq!(lines(&found), [("cap-midstream", Severity::Info, &[0, 1][..])]);
    }

    /// The bridge doubled some frames. tshark 4.0 calls 103 of 1054 data segments (8 of them copies) retransmissions
    /// and 23 out of order.
    #[test]
    fn a_path_that_loses_segments() {
        let Some(found) = findings("real/tcp_lossy_client.pcap") else { return };
        let all = &[0, 1, 2, 3, 4, 5][..];
        assert_eq!(lines(&found), [("cap-duplicates", Severity::Info, all), ("tcp-loss", Severity::Major, all)]);
        super::says(&found[1], &["104 of 1046 data segments"]);
    }

    #[test]
    fn a_working_session_is_not_accused() {
        let Some(found) = findings("nrpc/hcl_notes_first5.pcap") else { return };
        assert_eq!(lines(&found), []);
    }
}
