//! All rules over real captures that are not part of this repository, in `NRPCSNIFF_CORPUS`, else in `../shared/corpus`.

use crate::diagnose::{Settings, diagnose};
use crate::model::{Finding, Severity};
use crate::testing::{analysis, says};
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
    let all = &[5, 11, 16, 23, 29, 35][..]; // those of Notes among those of SIP
    assert_eq!(lines(&found), [("cap-duplicates", Severity::Info, all), ("tcp-loss", Severity::Major, all)]);
    says(&found[1], &["104 of 1046 data segments"]);
}

#[test]
fn a_working_session_is_not_accused() {
    let Some(found) = findings("nrpc/hcl_notes_first5.pcap") else { return };
    assert_eq!(lines(&found), []);
}
