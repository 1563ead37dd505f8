//! A capture whose clock runs backwards: it is said, no rule speaks of a length of time over it that others do not know, and no
//! negative length stands anywhere in any output.

use nrpcsniff::{Detail, Diagnoser, Diagnosis, Format, ReportOptions};
use nrpcsniff_samples::stories::{self, Sample};
use serde_json::Value;
use std::io::Cursor;

/// Lengths that may be negative: how far one clock is from another, or how long ago something ended.
const SIGNED: [&str; 5] = ["clock_skew_s", "days_left", "offset_s", "token_issuer_ahead_s", "token_left_s"];

fn diagnosis(capture: Vec<u8>) -> Diagnosis {
    Diagnoser::default().diagnose_stream("disturbed", Cursor::new(capture)).unwrap()
}

fn written(diagnosis: &Diagnosis, format: Format) -> String {
    let options = ReportOptions { detail: Detail::Messages, ..ReportOptions::new(format) };
    let mut out = Vec::new();
    diagnosis.write(&options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The same frames as a capture gives them whose clock is set back in the middle.
fn set_back(sample: &Sample, seconds: u64) -> Vec<u8> {
    let net = sample.network();
    net.write(&(sample.format)().set_back(net.frame_count() / 2, seconds))
}

/// Names of numbers below zero that are lengths of time.
fn negative(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_length = name.ends_with("_s") || name.ends_with("_ms") || name == "since_start";
                if is_length && !SIGNED.contains(&name.as_str()) && value.as_f64().is_some_and(|number| number < 0.0) {
                    found.push(format!("{name}: {value}"));
                }
                negative(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| negative(item, found)),
        _ => {}
    }
}

/// Places of a text where a negative length of time stands: `-60.0 min`, `-3599.99 s`.
fn negative_words(text: &str) -> Vec<String> {
    const UNITS: [&str; 7] = ["µs", "ms", "s", "min", "h", "d", "days"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_negative = |word: &str| word.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok());
    let is_unit = |word: &str| UNITS.contains(&word.trim_end_matches([',', '.', ')', ';', ':']));
    words.windows(2).filter(|two| is_negative(two[0]) && is_unit(two[1])).map(|two| two.join(" ")).collect()
}

#[test]
fn no_length_of_time_is_negative_in_any_output() {
    let mut wrong = Vec::new();
    for sample in stories::all() {
        for seconds in [7, 3_600] {
            let diagnosis = diagnosis(set_back(sample, seconds));
            let mut found = Vec::new();
            negative(&serde_json::from_str(&written(&diagnosis, Format::Json)).unwrap(), &mut found);
            found.extend(negative_words(&written(&diagnosis, Format::Table)));
            wrong.extend(found.into_iter().map(|what| format!("{} by {seconds} s: {what}", sample.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is found over a clock that was set back is found without that, too, but for what depends on an end that came or did not.
#[test]
fn a_clock_that_was_set_back_is_told_and_accuses_nobody() {
    let mut wrong = Vec::new();
    for sample in stories::all().filter(|sample| sample.rules.is_empty()) {
        let diagnosis = diagnosis(set_back(sample, 3_600));
        let said: Vec<_> = diagnosis.findings().iter().filter(|f| f.severity != nrpcsniff::Severity::Info).collect();
        let rules: Vec<&str> = said.iter().map(|finding| finding.rule.as_str()).collect();
        if rules != ["cap-clock-back"] {
            wrong.push(format!("{}: {rules:?}", sample.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn negative_lengths_are_found_where_they_stand() {
    assert_eq!(negative_words("in -60.0 min, or -3599.9 s, not -5 of 7 or 2-3 s"), ["-60.0 min,", "-3599.9 s,"]);
    let mut found = Vec::new();
    negative(&serde_json::json!([{"delay_s": -0.5, "clock_skew_s": -1.0, "count": -2}]), &mut found);
    assert_eq!(found, ["delay_s: -0.5"]);
}
