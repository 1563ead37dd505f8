//! The same story captured elsewhere gives the same findings: other addresses, ports, days, IP versions, formats, segments, a
//! little loss, and strangers on the network change nothing.
//!
//! `stories::Sample::touchy` names the variations that would change a story, and why; they are left out here.

use nrpcsniff::capture::Reader;
use nrpcsniff::diagnose::{Settings, diagnose};
use nrpcsniff::engine::{Options, Pipeline};
use nrpcsniff_samples::Variation;
use nrpcsniff_samples::stories::{self, Sample};
use std::io::Cursor;

/// Seeds of the variations that every sample goes through.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

/// Rule and severity of each finding, in an order of their own.
fn findings(capture: Vec<u8>) -> Vec<String> {
    let mut reader = Reader::from_reader("varied", Cursor::new(capture)).unwrap();
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    let analysis = pipeline.finish(vec![reader.into_input()]);
    let mut said: Vec<String> = diagnose(&analysis, &Settings::default())
        .iter()
        .map(|finding| format!("{} {:?}", finding.rule, finding.severity))
        .collect();
    said.sort_unstable();
    said
}

/// What differs, if anything, when these variations are made of each sample.
fn differences(variations: impl Fn(&Sample) -> Vec<(String, Variation)> + Sync) -> Vec<String> {
    let samples: Vec<&Sample> = stories::all().collect();
    let part = |samples: &[&Sample]| {
        let mut wrong = Vec::new();
        for sample in samples {
            let wanted = findings(sample.bytes());
            for (what, variation) in variations(sample) {
                let said = findings(sample.varied(&variation));
                if said != wanted {
                    wrong.push(format!("{} {what}: {wanted:?} became {said:?}", sample.name));
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
    let seeds = std::env::var("NRPCSNIFF_SEEDS").map_or(SEEDS, |last| 1..=last.parse().unwrap());
    let wrong =
        differences(|sample| seeds.clone().map(|seed| (format!("seed {seed}"), sample.variation(seed))).collect());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ten times the loss, as far as a share of loss is not a finding of its own.
#[test]
fn a_rough_path_gives_the_same_findings() {
    let rough = |sample: &Sample, seed| {
        let usual = sample.variation(seed);
        let times = |percent: u8| percent * 10;
        Variation {
            loss: times(usual.loss),
            duplicates: times(usual.duplicates),
            reordering: times(usual.reordering),
            ..Variation { seed, segments: usual.segments, ..Variation::none() }
        }
    };
    let wrong = differences(|sample| (1..=40).map(|seed| (format!("seed {seed}"), rough(sample, seed))).collect());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
