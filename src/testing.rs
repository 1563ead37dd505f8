//! For tests of rules: the whole pipeline over a capture in memory.

pub(crate) mod directory;
pub(crate) mod jwt;
pub(crate) mod logs;
pub(crate) mod provider;
pub(crate) mod tokens;

use crate::capture::Reader;
use crate::diagnose::{Settings, diagnose};
use crate::engine::{Options, Pipeline};
use crate::model::{Analysis, Finding};
use nrpcsniff_samples::{Network, sip};
use std::io::Cursor;

/// A story and its name.
pub(crate) type Story = (&'static str, fn(&Network));

/// A capture file without packets.
pub(crate) fn capture_file() -> Vec<u8> {
    [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Reads a capture, without the TLS secrets that it brings along.
pub(crate) fn analysis_without_secrets(capture: &[u8]) -> Analysis {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).expect("a capture");
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    pipeline.finish(vec![reader.into_input()])
}

/// Reads a capture.
pub(crate) fn analysis(capture: &[u8]) -> Analysis {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).expect("a capture");
    let mut pipeline = Pipeline::new(Options::default());
    let mut known = 0;
    while let Some((frame, secrets)) = reader.next_with_secrets(0) {
        for secret in &secrets[known..] {
            pipeline.tls_secrets(&secret.data);
        }
        known = secrets.len();
        pipeline.frame(&frame);
    }
    pipeline.finish(vec![reader.into_input()])
}

/// Everything that all rules have to say of a capture, by default settings.
pub(crate) fn findings(capture: &[u8]) -> Vec<Finding> {
    findings_with(capture, &Settings::default())
}

/// Everything that all rules have to say of a capture, by those settings.
pub(crate) fn findings_with(capture: &[u8], settings: &Settings) -> Vec<Finding> {
    judged(&analysis(capture), settings)
}

/// What all rules say of an analysis, with facts that are in their list.
pub(crate) fn judged(analysis: &Analysis, settings: &Settings) -> Vec<Finding> {
    let found = diagnose(analysis, settings);
    found.iter().for_each(crate::diagnose::words::tests::hold);
    found
}

/// What one rule says by itself of what happens on a network.
pub(crate) fn told(rule: &str, story: impl FnOnce(&Network)) -> Vec<Finding> {
    told_with(&Settings::default(), rule, story)
}

/// What one rule says by itself of what happens on a network, by those settings.
pub(crate) fn told_with(settings: &Settings, rule: &str, story: impl FnOnce(&Network)) -> Vec<Finding> {
    let net = Network::new();
    story(&net);
    findings_with(&net.to_pcapng(), settings).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The only finding of a rule.
///
/// # Panics
/// If there is none, or more than one.
pub(crate) fn the_one(found: &[Finding]) -> &Finding {
    match found {
        [finding] => finding,
        _ => panic!("one finding expected: {found:#?}"),
    }
}

/// Every text of a finding in one.
pub(crate) fn text(finding: &Finding) -> String {
    let evidence = finding.evidence.iter().map(|e| e.text.as_str());
    let all = [finding.title.as_str(), finding.explanation.as_str()].into_iter().chain(evidence);
    all.chain(finding.remedy.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

/// The capture goes on for so many seconds without anything that matters.
pub(crate) fn idle(net: &Network, seconds: u64) {
    net.wait_secs(seconds);
    net.udp(&net.host("10.99.0.1"), 9999, &net.host("10.99.0.2"), 9999, [0; 4]);
}

/// Everything that all rules say of it.
pub(crate) fn all(net: &Network) -> Vec<Finding> {
    findings(&net.to_pcapng())
}

/// What one rule says of it.
pub(crate) fn of(net: &Network, rule: &str) -> Vec<Finding> {
    all(net).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The one finding of that rule.
pub(crate) fn one(net: &Network, rule: &str) -> Finding {
    let everything = all(net);
    let mut found: Vec<_> = everything.iter().filter(|finding| finding.rule == rule).cloned().collect();
    assert_eq!(found.len(), 1, "one {rule} among {everything:#?}");
    found.remove(0)
}

/// The rule has nothing to say, nor does it stand under another finding.
pub(crate) fn none(net: &Network, rule: &str) {
    let found: Vec<_> =
        all(net).into_iter().filter(|f| f.rule == rule || f.also.iter().any(|also| *also == rule)).collect();
    assert!(found.is_empty(), "{rule} should be silent: {found:#?}");
}

/// The finding's words hold all of these.
pub(crate) fn says(finding: &Finding, words: &[&str]) {
    let text = text(finding);
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in:\n{text}");
    }
}

/// Numbers of the conversations that a finding names.
pub(crate) fn conversations(finding: &Finding) -> Vec<u32> {
    finding.conversations.iter().map(|id| id.number()).collect()
}

/// Numbers of the frames that show it.
pub(crate) fn frames(finding: &Finding) -> Vec<u64> {
    finding.frames.iter().map(|frame| frame.number).collect()
}

/// A telephone of ann@example.com at 10.1.0.50 that speaks UDP with the server at 10.1.0.9.
pub(crate) fn phone(net: &Network) -> sip::Phone {
    phone_of(net, "10.1.0.50", "ann@example.com")
}

/// The telephone of that user at that address.
pub(crate) fn phone_of(net: &Network, ip: &str, user: &str) -> sip::Phone {
    sip::Phone::new(&net.host(ip), 5060, &net.host("10.1.0.9"), 5060, user)
}

/// A registration as it should be: one challenge, then accepted.
pub(crate) fn register(phone: &sip::Phone) {
    let first = phone.register();
    let challenge = first.response(401).challenge("example.com", "8f3c");
    let second = phone.register().credentials(&challenge, "ann", "secret");
    phone.sends(&first).hears(&challenge).sends(&second);
    phone.hears(second.response(200).contact_of(&second).expires(1800));
}

/// A call that is answered with those provisional answers, then with that final one, which is acknowledged.
pub(crate) fn call_ends(net: &Network, provisional: &[u16], status: u16) {
    let phone = phone(net);
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    phone.sends(&invite);
    for &said in provisional {
        phone.hears(invite.response(said));
    }
    let refusal = invite.response(status);
    phone.hears(&refusal).sends(call.ack(&refusal));
}

/// A REGISTER that is answered with that status.
pub(crate) fn refused(phone: &sip::Phone, status: u16) {
    let request = phone.register();
    phone.sends(&request).hears(request.response(status));
}
