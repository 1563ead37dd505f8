//! What is told of a capture that is let go while it is read is what is told of one that is kept, whatever happens in it.
//!
//! The bytes say what happens on a small network (`nrpcsniff_samples::mixture`): captures of noise would be judged as nothing, twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nrpcsniff::{Diagnoser, Finding};
use std::io::Cursor;

/// Bytes that may be held: less than most captures have, and more than their clients do within the time in which it counts.
const HELD: usize = 1 << 16;

fuzz_target!(|things: &[u8]| {
    let capture = nrpcsniff_samples::mixture(things).to_pcapng();
    let told = |diagnoser: Diagnoser| {
        let diagnosis = diagnoser.diagnose_stream("mixture", Cursor::new(capture.clone())).expect("a capture");
        let verdict = diagnosis.verdict();
        let findings: Vec<String> = diagnosis.findings().iter().map(told).collect();
        (format!("{:?} {} {}", verdict.kind, verdict.text, verdict.tried), findings)
    };
    assert_eq!(told(Diagnoser::default().held(HELD)), told(Diagnoser::default()));
});

/// All that a reader is told, but for which conversations are kept beside the examples.
fn told(finding: &Finding) -> String {
    let Finding { rule, severity, score, title, explanation, remedy, evidence, group, .. } = finding;
    let group = (group.count, group.clients, group.first, group.last);
    let examples = finding.examples();
    format!("{rule} {severity:?} {score} {title}\n{explanation}\n{remedy:?}\n{examples:?} {group:?}\n{evidence:?}")
}
