//! Files of findings, from frames and findings as live capture gives them.

use super::*;
use crate::capture::Reader;
use crate::capture::write::InterfaceDescription;
use crate::diagnose::{Settings, diagnose};
use crate::engine::{Options, Pipeline};
use crate::live::ring::{LEAST_BYTES, RingLimits};
use crate::model::{
    Analysis, Confidence, ConversationId, Conversations, Endpoint, Facts, FrameRef, Layer, RuleId, Severity, Stamp,
};
use crate::testing;
use nrpcsniff_samples::{Format, Network, Side};
use std::fs;
use std::io::Cursor;

/// 2026-11-27 08:10:00 UTC.
const SECOND: i64 = 1_000_000_000;
pub(super) const BEGIN: i64 = 1_795_767_000 * SECOND;

fn time(seconds: i64) -> Timestamp {
    Timestamp::new(BEGIN + seconds * SECOND, 9)
}

fn head() -> FilePreamble {
    let ethernet =
        InterfaceDescription { name: "eth0".into(), link_type: 1, snap_length: 65_535, digits: 9, filter: None };
    FilePreamble { interfaces: vec![ethernet], secrets: Vec::new() }
}

fn finding_files(folder: &Path, keep: Option<usize>) -> FindingFiles {
    FindingFiles::new(folder, Ring::new(RingLimits { bytes: LEAST_BYTES, time: None }), head(), keep)
}

fn end(host: u8, port: u16) -> Endpoint {
    Endpoint { ip: [10, 0, 0, host].into(), port }
}

/// A frame of the conversation on that port.
fn put(finding_files: &mut FindingFiles, port: u16, seconds: i64, size: usize) {
    let flow = Some(FlowKey::new(end(1, port), end(2, 1352)));
    let at = Stamp { time: time(seconds), frame: FrameRef { input: 0, number: 1 } };
    let data = vec![0; size];
    finding_files.frame(
        FrameRelevance { flow, is_wanted: true },
        0,
        &Frame { at, link_type: 1, data: &data, wire_length: 60 },
    );
}

pub(super) fn finding(id: &'static str, conversations: &[u32]) -> Finding {
    Finding {
        rule: RuleId::new(id),
        severity: Severity::Major,
        confidence: Confidence::High,
        score: 90,
        title: "It is \u{1b}[31mred".to_owned(),
        explanation: String::new(),
        conversations: conversations.iter().copied().map(ConversationId::new).collect(),
        frames: Vec::new(),
        evidence: Vec::new(),
        remedy: vec!["Mend it".to_owned()],
        references: Vec::new(),
        also: Vec::new(),
        layer: Layer::Protocol,
        facts: Facts::default(),
        group: crate::model::Group::default(),
    }
}

/// Conversations on these ports, the first one of number 0; with how they ended.
pub(super) fn conversations(ports: &[(u16, Close)]) -> Conversations {
    let net = Network::new();
    net.connect(&net.host("10.0.0.1"), &net.host("10.0.0.2"), 1352).session("a", "CN=a").fin(Side::Client);
    let analysis = testing::analysis(&net.write(&Format::pcapng()));
    let one = analysis.conversations.first().unwrap();
    let conversation = |(id, (port, how)): (ConversationId, &(u16, Close))| {
        let mut conversation = Conversation { id, client: end(1, *port), server: end(2, 1352), ..one.clone() };
        conversation.teardown.how = *how;
        conversation
    };
    (0..).map(ConversationId::new).zip(ports).map(conversation).collect()
}

/// Frames in a file that is whole.
fn frames(path: &Path) -> usize {
    let mut reader = Reader::open(path).unwrap();
    let mut count = 0;
    while reader.next(0).is_some() {
        count += 1;
    }
    let input = reader.input();
    assert!(input.complete && input.problem.is_none(), "{:?}", input.problem);
    count
}

#[test]
fn what_was_before_and_what_follows_is_written_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), None);
    let talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
    put(&mut finding_files, 1, 0, 60);
    put(&mut finding_files, 2, 0, 60);
    let path = finding_files.fire(&finding("some-rule", &[0]), &[], &talks, time(1)).unwrap();
    assert_eq!(path.file_name().unwrap(), "20261127T081001.000Z-some-rule-10.0.0.1.pcapng");
    assert_eq!(frames(&path), 1);
    put(&mut finding_files, 1, 2, 60);
    put(&mut finding_files, 2, 2, 60);
    finding_files.flush(time(2)).unwrap();
    assert_eq!((frames(&path), finding_files.open.len()), (2, 1));
    finding_files.finish().unwrap();
    assert_eq!(frames(&path), 2);
    let length = path.metadata().unwrap().len();
    assert_eq!(finding_files.written(), WriteTotals { files: 1, frames: 2, bytes: length, lost: 0 });
}

#[test]
fn files_end_when_their_conversations_are_over_or_quiet_or_at_limits() {
    let folder = tempfile::tempdir().unwrap();
    let after = |how, seconds: &[i64], size| {
        let mut finding_files = finding_files(folder.path(), None);
        finding_files.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Open)]), time(0)).unwrap();
        for second in seconds {
            put(&mut finding_files, 1, *second, size);
            finding_files.look(&[], &conversations(&[(1, how)]), time(*second));
            finding_files.flush(time(*second)).unwrap();
            if finding_files.open.is_empty() {
                return Some(*second);
            }
        }
        None
    };
    assert_eq!(after(Close::Fin, &[1, 10, 20, 30, 31, 32], 60), Some(31));
    assert_eq!(after(Close::Open, &[50, 100, 150, 200, 250, 299], 60), None);
    assert_eq!(after(Close::Open, &[50, 100, 150, 200, 250, 300], 60), Some(300));
    let busy: Vec<_> = (0..100).collect();
    assert_eq!(after(Close::Open, &busy, 1 << 20), Some(63));
    let mut quiet = finding_files(folder.path(), None);
    quiet.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Open)]), time(0)).unwrap();
    quiet.flush(time(59)).unwrap();
    assert_eq!(quiet.open.len(), 1);
    quiet.flush(time(60)).unwrap();
    assert!(quiet.open.is_empty());
    // It was over before the finding came about.
    let mut late = finding_files(folder.path(), None);
    late.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Rst)]), time(0)).unwrap();
    late.flush(time(29)).unwrap();
    assert_eq!(late.open.len(), 1);
    late.flush(time(30)).unwrap();
    assert!(late.open.is_empty());
}

#[test]
fn each_finding_has_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), None);
    let talks = conversations(&[(1, Close::Open)]);
    put(&mut finding_files, 1, 0, 60);
    let mut fire = |rule| finding_files.fire(&finding(rule, &[0]), &[], &talks, time(0)).unwrap();
    let paths = ["a", "b", "a"].map(&mut fire);
    assert!(paths[0] == paths[2], "it is being written already");
    put(&mut finding_files, 1, 1, 60);
    finding_files.finish().unwrap();
    assert_eq!(paths.each_ref().map(|path| frames(path)), [2, 2, 2]);
    let again = finding_files.fire(&finding("a", &[0]), &[], &talks, time(0)).unwrap();
    assert!(again.to_str().unwrap().ends_with("-a-10.0.0.1-2.pcapng"), "{again:?}");
}

#[test]
fn a_finding_that_spreads_has_a_file_for_the_clients_it_spread_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), None);
    let mut talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
    talks[1].client.ip = [10, 0, 0, 7].into();
    put(&mut finding_files, 1, 0, 60);
    let path = finding_files.fire(&finding("a", &[0, 1]), &[talks[1].client.ip], &talks, time(0)).unwrap();
    assert!(path.to_str().unwrap().ends_with("-a-10.0.0.7.pcapng"), "{path:?}");
    assert_eq!(frames(&path), 0);
}

#[test]
fn conversations_that_join_the_finding_join_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), None);
    let talks = conversations(&[(1, Close::Fin), (2, Close::Open), (3, Close::Open)]);
    for port in 1..=3 {
        put(&mut finding_files, port, 0, 60);
    }
    let path = finding_files.fire(&finding("a", &[0]), &[], &talks, time(0)).unwrap();
    finding_files.look(&[finding("b", &[0, 2]), finding("a", &[0, 1]), finding("a", &[2])], &talks, time(1));
    assert_eq!(frames(&path), 2);
    // The first one is over for long, the second goes on.
    for port in 1..=3 {
        put(&mut finding_files, port, 40, 60);
    }
    finding_files.flush(time(40)).unwrap();
    assert_eq!((frames(&path), finding_files.open.len()), (4, 1));
}

#[test]
fn there_are_never_too_many_files_open_and_the_newest_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), Some(40));
    let talks = conversations(&[(1, Close::Open)]);
    for number in 0..100 {
        let rule = if number % 2 == 0 { "a" } else { "b" };
        finding_files.open.iter_mut().for_each(|file| file.rule = RuleId::new(""));
        finding_files.fire(&finding(rule, &[0]), &[], &talks, time(number)).unwrap();
        assert!(finding_files.open.len() <= OPEN);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 40);
    assert_eq!(finding_files.written().files, 100);
}

#[test]
fn a_file_that_is_removed_for_newer_ones_is_written_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), Some(1));
    let talks = conversations(&[(1, Close::Open)]);
    for rule in ["a", "b"] {
        finding_files.fire(&finding(rule, &[0]), &[], &talks, time(1)).unwrap();
    }
    finding_files.flush(time(1)).unwrap();
    assert_eq!(finding_files.open.len(), 1);
    assert!(finding_files.open[0].capture.path().exists());
}

#[test]
fn a_folder_that_is_gone_is_told() {
    let mut finding_files = finding_files(Path::new("/no/such/folder"), None);
    let error =
        finding_files.fire(&finding("r", &[]), &[], &Conversations::default(), time(0)).unwrap_err().to_string();
    assert!(error.contains("/no/such/folder/2026") && error.contains("no such folder"), "{error}");
    assert_eq!(finding_files.written().files, 0);
}

#[test]
fn fragments_come_with_the_frame_that_completes_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut finding_files = finding_files(folder.path(), None);
    let talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
    let paths = [0, 1].map(|id| finding_files.fire(&finding("r", &[id]), &[], &talks, time(0)).unwrap());
    let fragment = |finding_files: &mut FindingFiles, seconds| {
        let at = Stamp { time: time(seconds), frame: FrameRef::default() };
        let seen = FrameRelevance { flow: None, is_wanted: true };
        finding_files.frame(seen, 0, &Frame { at, link_type: 1, data: b"part", wire_length: 60 });
    };
    fragment(&mut finding_files, 1);
    fragment(&mut finding_files, 9);
    fragment(&mut finding_files, 9);
    put(&mut finding_files, 2, 9, 60);
    put(&mut finding_files, 1, 9, 60);
    put(&mut finding_files, 1, 9, 60);
    finding_files.finish().unwrap();
    assert_eq!(paths.map(|path| frames(&path)), [4, 3]);
}

/// Takes in a capture as if it were live, and fires for every rule as soon as it speaks.
fn live(capture: &[u8], finding_files: &mut FindingFiles) -> Vec<(Finding, PathBuf)> {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
    let mut pipeline = Pipeline::new(Options::default());
    let mut caught: Vec<(Finding, PathBuf)> = Vec::new();
    let mut look = |pipeline: &mut Pipeline, finding_files: &mut FindingFiles, now: Timestamp| {
        pipeline.snapshot(Vec::new(), now, |analysis: &Analysis| {
            let findings = diagnose(analysis, &Settings::default());
            finding_files.look(&findings, &analysis.conversations, now);
            for finding in findings {
                if !caught.iter().any(|(known, _)| known.rule == finding.rule) {
                    let path = finding_files.fire(&finding, &[], &analysis.conversations, now).unwrap();
                    caught.push((finding, path));
                }
            }
        });
        finding_files.flush(now).unwrap();
    };
    let (mut now, mut events) = (Timestamp::default(), 0);
    while let Some(frame) = reader.next(0) {
        now = frame.at.time;
        finding_files.frame(pipeline.frame(&frame), 0, &frame);
        if events != pipeline.events() {
            events = pipeline.events();
            look(&mut pipeline, finding_files, now);
        }
    }
    look(&mut pipeline, finding_files, now);
    finding_files.finish().unwrap();
    caught
}

/// Rules that look at what they do not name: who else asks DNS, datagrams of media, the sign-on that others have no part in, who
/// registered a contact, what shows what a machine is for, or who signed on to Sametime before a meeting.
const LOOKS_AROUND: [&str; 8] = [
    "nrpc-dns-failure",
    "sip-media-blocked",
    "media-unanswered",
    "media-relay-refused",
    "cap-others",
    "sip-contact-tls",
    "net-name-not-found",
    "net-connect-failed",
];

#[test]
fn the_file_of_a_finding_gives_the_finding_again() {
    let mut samples: Vec<_> = fs::read_dir("samples").unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
    let mut count = 0;
    for sample in samples {
        let capture = fs::read(&sample).unwrap();
        let whole = testing::findings(&capture);
        let folder = tempfile::tempdir().unwrap();
        let mut caught = live(&capture, &mut finding_files(folder.path(), None));
        caught.retain(|(finding, _)| !LOOKS_AROUND.contains(&finding.rule.as_str()));
        for (Finding { rule, severity, .. }, path) in caught {
            // What a rule says before it has seen everything need not be its last word.
            let last = whole.iter().filter(|last| last.rule == rule).map(|last| last.severity.min(severity));
            let Some(severity) = last.min() else { continue };
            let again = testing::findings(&fs::read(path).unwrap());
            let is_it = |again: &Finding| again.rule == rule && again.severity >= severity;
            assert!(again.iter().any(is_it), "{}: {rule} is not in {again:?}", sample.display());
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}
