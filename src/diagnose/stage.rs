//! For tests of rules: what one rule says of a constructed network.

use super::Settings;
use crate::model::Finding;
use crate::testing::findings_with;
use nrpcsniff_samples::Network;

/// The capture goes on for so many seconds without anything that matters.
pub fn idle(net: &Network, seconds: u64) {
    net.wait_secs(seconds);
    net.udp(&net.host("10.99.0.1"), 9999, &net.host("10.99.0.2"), 9999, [0; 4]);
}

/// Everything that all rules say of it.
pub fn all(net: &Network) -> Vec<Finding> {
    findings_with(&net.to_pcapng(), &Settings::default())
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
