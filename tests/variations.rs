//! The same story captured elsewhere gives the same findings: other addresses, ports, days, IP versions, formats, segments, a
//! little loss, and strangers on the network change nothing.
//!
//! `stories::Sample::touchy` names the variations that would change a story, and why; they are left out here.
//!
//! Beside the samples, `kinds` holds tables of small stories: each kind of fault in several encodings, and its healthy twins; `logs` does
//! the same for lines of logs.

#[path = "variations/kinds.rs"]
mod kinds;
#[path = "variations/logs.rs"]
mod logs;

use nrpcsniff::Diagnoser;
use nrpcsniff_samples::Variation;
use nrpcsniff_samples::stories::{self, Part, Sample};
use std::io::Cursor;

/// Seeds of the variations that every sample goes through: up to 4, or up to `NRPCSNIFF_SEEDS`.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("NRPCSNIFF_SEEDS").map_or(4, |last| last.parse().unwrap())
}

/// Rule, severity, confidence of each finding and what it explains, in an order of their own.
fn findings(capture: Vec<u8>) -> Vec<String> {
    let diagnosis = Diagnoser::default().diagnose_stream("varied", Cursor::new(capture)).unwrap();
    let findings = diagnosis.findings().iter();
    let mut said: Vec<String> = findings
        .map(|finding| format!("{} {:?} {:?} {:?}", finding.rule, finding.severity, finding.confidence, finding.also))
        .collect();
    said.sort_unstable();
    said
}

/// The keys of a capture stay in it when the story is captured again, whatever the format.
#[test]
fn what_is_inside_tls_is_read_in_every_capture_of_a_story() {
    let inside =
        |sample: &&Sample| sample.rules.iter().any(|rule| rule.starts_with("ltpa-")) && sample.name.contains("-tls1");
    let samples: Vec<_> = stories::all().filter(inside).collect();
    assert_eq!(samples.len(), 4);
    for (sample, seed) in samples.iter().flat_map(|sample| seeds().map(move |seed| (sample, seed))) {
        let said = findings(sample.varied(&sample.variation(seed)));
        assert!(said.iter().any(|finding| finding.starts_with(sample.rules[0])), "{} {seed}: {said:?}", sample.name);
    }
}

/// What differs, if anything, when each sample is varied by each seed.
fn differences(vary: impl Fn(&Sample, u64) -> Variation + Sync) -> Vec<String> {
    let samples: Vec<&Sample> = stories::all().collect();
    let part = |samples: &[&Sample]| {
        let mut wrong = Vec::new();
        for sample in samples {
            let wanted = findings(sample.bytes());
            for seed in seeds() {
                let said = findings(sample.varied(&vary(sample, seed)));
                if said != wanted {
                    wrong.push(format!("{} seed {seed}: {wanted:?} became {said:?}", sample.name));
                }
            }
        }
        wrong
    };
    let (one, other) = samples.split_at(samples.len() / 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| part(one));
        let second = part(other);
        [first.join().unwrap(), second].concat()
    })
}

#[test]
fn another_capture_of_a_story_gives_the_same_findings() {
    let wrong = differences(Sample::variation);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ten times the usual accidents and nothing else, where they leave the story as it is.
#[test]
fn a_rough_path_gives_the_same_findings() {
    let wrong = differences(|sample, seed| {
        let Variation { loss, duplicates, reordering, segments, .. } = sample.variation(seed);
        let [loss, duplicates, reordering] = [loss, duplicates, reordering].map(|percent| percent * 10);
        Variation { seed, loss, duplicates, reordering, segments, ..Variation::none() }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is left out for a sample is left out for a reason: it changes the findings by some seed.
#[test]
fn what_is_left_out_would_change_the_story() {
    let alone = |part, seed| match part {
        Part::Ipv6 => Variation { seed, ipv6: true, ..Variation::none() },
        Part::Path => Variation { seed, loss: 2, ..Variation::none() },
    };
    let told = stories::all().filter(|sample| !sample.name.starts_with("st-")); // those cannot even be told over IPv6
    for (sample, part) in told.flat_map(|sample| sample.touchy().map(move |(part, _)| (sample, part))) {
        let wanted = findings(sample.bytes());
        let changed = (1..=8).any(|seed| findings(sample.varied(&alone(part, seed))) != wanted);
        assert!(changed, "{} {part:?}", sample.name);
    }
}

/// What a mirror port copies is in the capture twice, over UDP as over TCP: no fault comes of it and none is told twice.
#[test]
fn a_mirror_that_copies_every_packet_gives_the_same_findings() {
    let faults = |capture: Vec<u8>| -> Vec<String> {
        let told = findings(capture).into_iter().filter(|finding| !finding.starts_with("cap-"));
        told.map(|finding| finding.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let over_udp = |sample: &&Sample| sample.name.starts_with("sip-") || sample.name.starts_with("media-");
    for sample in stories::all().filter(over_udp) {
        let net = sample.network();
        net.span_duplicates(4);
        assert_eq!(faults(net.write(&(sample.format)())), faults(sample.bytes()), "{}", sample.name);
    }
}
