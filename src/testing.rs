//! For tests of rules: the whole pipeline over a capture in memory.

use crate::capture::Reader;
use crate::diagnose::{Settings, diagnose};
use crate::engine::{Options, Pipeline};
use crate::model::{Analysis, Finding};
use nrpcsniff_samples::Network;
use std::io::Cursor;

/// A story and its name.
pub type Story = (&'static str, fn(&Network));

/// Reads a capture.
pub fn analysis(capture: &[u8]) -> Analysis {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).expect("a capture");
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    pipeline.finish(vec![reader.into_input()])
}

/// Everything that all rules have to say of a capture, by default settings.
pub fn findings(capture: &[u8]) -> Vec<Finding> {
    findings_with(capture, &Settings::default())
}

/// The same by other settings.
pub fn findings_with(capture: &[u8], settings: &Settings) -> Vec<Finding> {
    diagnose(&analysis(capture), settings)
}

/// What one rule says by itself of what happens on a network.
pub fn told(rule: &str, story: impl FnOnce(&Network)) -> Vec<Finding> {
    told_with(&Settings::default(), rule, story)
}

/// The same by other settings.
pub fn told_with(settings: &Settings, rule: &str, story: impl FnOnce(&Network)) -> Vec<Finding> {
    let net = Network::new();
    story(&net);
    findings_with(&net.to_pcapng(), settings).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The only finding of a rule.
///
/// # Panics
/// If there is none, or more than one.
pub fn the_one(found: &[Finding]) -> &Finding {
    match found {
        [finding] => finding,
        _ => panic!("one finding expected: {found:#?}"),
    }
}

/// Every text of a finding in one.
pub fn text(finding: &Finding) -> String {
    let evidence = finding.evidence.iter().map(|e| e.text.as_str());
    let all = [finding.title.as_str(), finding.explanation.as_str()].into_iter().chain(evidence);
    all.chain(finding.remedy.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}
