//! All rules over real captures that are not part of this repository, in `NRPCSNIFF_CORPUS`, else in `../shared/corpus`.

use crate::diagnose::{Settings, diagnose};
use crate::model::{Finding, Severity};
use crate::testing::{analysis, conversations, says};
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

fn lines(findings: &[Finding]) -> Vec<(&str, Severity, Vec<u32>)> {
    let told = findings.iter().filter(|finding| finding.rule != "cap-offload");
    told.map(|finding| (finding.rule.as_str(), finding.severity, conversations(finding))).collect()
}

#[test]
fn a_syn_that_a_firewall_drops() {
    let Some(found) = findings("real/nrpc_drop_idle.pcap") else { return };
    assert_eq!(lines(&found), [("nrpc-syn-silent", Severity::Blocker, vec![0])]);
}

#[test]
fn sessions_that_had_begun_before() {
    let Some(found) = findings("real/nrpc_midstream.pcap") else { return };
    assert_eq!(lines(&found), [("cap-midstream", Severity::Info, vec![0, 1])]);
}

/// The bridge doubled some frames. tshark 4.0 calls 103 of 1054 data segments (8 of them copies) retransmissions
/// and 23 out of order.
#[test]
fn a_path_that_loses_segments() {
    let Some(found) = findings("real/tcp_lossy_client.pcap") else { return };
    let notes = vec![5, 11, 16, 23, 29, 35];
    let loops = vec![4, 10, 17, 21, 27, 34]; // six sessions that their maker had refused three times
    let expected = [
        ("cap-duplicates", Severity::Info, notes.clone()),
        ("sip-401-loop", Severity::Blocker, loops),
        ("tcp-loss", Severity::Major, notes),
    ];
    assert_eq!(lines(&found), expected);
    says(&found[2], &["104 of 1046 data segments"]);
}

#[test]
fn a_working_session_is_not_accused() {
    let Some(found) = findings("nrpc/hcl_notes_first5.pcap") else { return };
    assert_eq!(lines(&found), []);
}

/// What is said of SIP: rule, severity, and whom the title names.
fn sip(findings: &[Finding]) -> Vec<(&str, Severity, &str)> {
    let told = findings.iter().filter(|finding| finding.rule.starts_with("sip-"));
    told.map(|finding| (finding.rule.as_str(), finding.severity, finding.title.as_str())).collect()
}

#[test]
fn registrations_of_real_clients() {
    let Some(found) = findings("real/sip_baresip.pcap") else { return };
    let denied = "REGISTER of denied@127.0.0.31 from 127.0.0.1 is forbidden by 127.0.0.31:5060";
    assert_eq!(sip(&found), [("sip-403", Severity::Blocker, denied)]);
    let Some(found) = findings("real/sip_sipsak.pcapng") else { return };
    assert_eq!(sip(&found), []);
}

/// A wrong password, said with 403, and a far server that does not answer its proxy. `401 nonce has changed` to credentials
/// that come 17 seconds late is no refusal: the other users get in with a later answer.
#[test]
fn a_telephone_of_which_most_goes_wrong() {
    let Some(found) = findings("sip/zeek__sip_wireshark.pcap") else { return };
    let rules: Vec<_> = sip(&found).into_iter().map(|(rule, severity, _)| (rule, severity)).collect();
    assert_eq!(rules, [("sip-403", Severity::Blocker), ("sip-403", Severity::Major), ("sip-408", Severity::Major)]);
}

#[test]
fn a_registrar_that_never_answers() {
    let Some(found) = findings("sip/nDPI__pcap_webex.pcap") else { return };
    let title = "172.16.1.75:5060 does not answer REGISTER of 45191@172.16.1.75 from 10.8.0.1";
    assert_eq!(sip(&found), [("sip-408", Severity::Blocker, title)]);
}

#[test]
fn healthy_and_damaged_sip_is_not_accused() {
    let files = [
        "ISA__MichalCab_ISA_sip.pcap.pcapng",
        "PcapPlusPlus__PacketExamples_sip_not_sdp.pcap",
        "arkime__pcap_arkime_synthetic.pcap",
        "arkime__pcap_gtp-iphone.pcap",
        "nDPI__pcap_fuzz-2006-06-26-2594.pcap",
        "nDPI__pcap_sip_hello.pcapng",
        "pl7m__pcaps_gre_v1.pcapng",
        "suricata-verify__sip-options-method_input.pcap",
        "suricata-verify__sip-pattern-matching_sip.pcap",
        "suricata-verify__sip-sdp_sdp.pcap",
        "suricata-verify__sip-tcp-pattern-matching_sip.pcap",
        "zeek__sip_sip-junk-before-request.pcap",
        "zeek__sip_sip-long-request-response-paths.pcap",
    ];
    for file in files {
        let Some(found) = findings(&format!("sip/{file}")) else { return };
        assert_eq!(sip(&found), [], "{file}");
    }
}
