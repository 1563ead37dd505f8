//! Damaged captures: whatever is cut off or changed, the tool reports what it could read and says that it is not all.

mod support;

use nrpcsniff_samples::SplitMix64;
use serde_json::Value;
use std::fs;
use support::{bad_end, list, nrpcsniff, number, report, sample, two_at_a_time};

/// One of each format, with both byte orders, and between them every kind of NRPC message and DNS.
const VICTIMS: [&str; 3] = ["nrpc-alias.pcapng", "nrpc-id-expired.pcapng", "nrpc-r5-client.pcap"];
const CUTS: usize = 40;
const CHANGES: usize = 200;

/// Reads these bytes as a capture. Gives what is wrong with the run, or the report if there is one.
fn read(bytes: &[u8], format: &str) -> Result<Option<Value>, String> {
    let output = nrpcsniff().args(["--format", format, "-"]).write_stdin(bytes).output().unwrap();
    if let Some(what) = bad_end(&output) {
        return Err(what);
    }
    let complete = output.status.success();
    if output.stdout.is_empty() {
        return if complete { Err("status 0 without a report".to_owned()) } else { Ok(None) };
    }
    if format == "table" {
        return Ok(None);
    }
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let claimed = list(&report, "inputs").iter().all(|input| input["complete"] == true);
    if claimed != complete || complete && !output.stderr.is_empty() {
        return Err(format!("{}, and the report says complete: {claimed}", output.status));
    }
    Ok(Some(report))
}

#[test]
fn a_capture_that_was_cut_is_read_up_to_the_cut() {
    for name in VICTIMS {
        let whole = fs::read(sample(name)).unwrap();
        let packets = number(&report(&[&sample(name)])["totals"], "packets");
        let ends: Vec<_> = (0..CUTS).map(|n| whole.len() * n / CUTS).collect();
        let read = two_at_a_time(&ends, |&end| {
            let report = read(&whole[..end], "json").unwrap_or_else(|what| panic!("{name} cut at {end}: {what}"));
            report.map_or(0, |report| number(&report["totals"], "packets"))
        });
        assert!(read.is_sorted() && read[CUTS - 1] < packets && read[CUTS - 1] > packets / 2, "{name}: {read:?}");
    }
}

#[test]
fn a_changed_byte_is_survived() {
    for (seed, name) in VICTIMS.into_iter().enumerate() {
        let whole = fs::read(sample(name)).unwrap();
        let mut random = SplitMix64::new(seed as u64);
        let mut below = |limit: usize| usize::try_from(random.word() % limit as u64).unwrap();
        let changes: Vec<_> = (0..CHANGES).map(|_| (below(whole.len()), 1 + below(255))).collect();
        let reports = two_at_a_time(&changes, |&(at, by)| {
            let mut bytes = whole.clone();
            bytes[at] ^= u8::try_from(by).unwrap();
            let format = if at % 8 == 0 { "table" } else { "json" };
            read(&bytes, format).unwrap_or_else(|what| panic!("{name} with byte {at} changed by {by:#04x}: {what}"))
        });
        let read = reports.iter().flatten().count();
        assert!(read > CHANGES / 2, "{name}: only {read} of {CHANGES} gave a report");
    }
}

/// Lengths and counts at their extremes, wherever in the file two bytes may stand for one.
#[test]
fn extreme_lengths_are_survived() {
    for name in VICTIMS {
        let whole = fs::read(sample(name)).unwrap();
        let places: Vec<_> = (0..CHANGES).map(|n| (whole.len() - 4) * n / CHANGES).collect();
        two_at_a_time(&places, |&at| {
            for extreme in [[0; 4], [0xff; 4]] {
                let mut bytes = whole.clone();
                bytes[at..at + 4].copy_from_slice(&extreme);
                read(&bytes, "json").unwrap_or_else(|what| panic!("{name} with {extreme:x?} at {at}: {what}"));
            }
        });
    }
}
