//! The library gives what the command gives, byte for byte: over every sample, with the logs beside it, as JSON with every message
//! and as the table with its verdict.

mod support;

use nrpcsniff::{Diagnoser, Diagnosis, Format, ReportOptions};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use support::{all_samples, nrpcsniff, sample, samples, two_at_a_time};

const FORMATS: [(Format, &str); 2] = [(Format::Json, "json"), (Format::Table, "table")];

/// Logs whose names begin with that of the capture, in order.
fn logs_beside(capture: &Path) -> Vec<PathBuf> {
    let start = format!("{}.", capture.file_stem().unwrap().to_str().unwrap());
    let files = fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().path());
    let is_its_log = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(&start) && path.extension().is_some_and(|end| end == "log")
    };
    let mut logs: Vec<_> = files.filter(is_its_log).collect();
    logs.sort();
    logs
}

fn written(diagnosis: &Diagnosis, format: Format) -> String {
    let mut report = Vec::new();
    diagnosis.write(&ReportOptions::new(format), &mut report).unwrap();
    String::from_utf8(report).unwrap()
}

/// What is wrong, if anything, when the command and the library read these.
fn difference(captures: &[PathBuf], logs: &[PathBuf]) -> Option<String> {
    let diagnoser = logs.iter().fold(Diagnoser::default(), |diagnoser, log| diagnoser.log(log, None));
    let differs = |(format, name)| {
        let diagnoser = diagnoser.clone().kept_for(&ReportOptions::new(format));
        let diagnosis = diagnoser.diagnose(captures).unwrap();
        let mut command = nrpcsniff();
        command.args(["--format", name]).args(captures).args(logs.iter().flat_map(|log| [Path::new("--log"), log]));
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        (told != written(&diagnosis, format)).then(|| format!("{captures:?} {logs:?} as {name}"))
    };
    FORMATS.into_iter().find_map(differs)
}

#[test]
fn over_all_samples_it_gives_what_the_command_gives() {
    let captures = all_samples();
    let wrong = two_at_a_time(&captures, |capture| difference(std::slice::from_ref(capture), &logs_beside(capture)));
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(captures.iter().filter(|capture| !logs_beside(capture).is_empty()).count() >= 4, "logs join captures");
}

#[test]
fn several_captures_and_a_log_alone() {
    let of_two = ["st-working.pcapng", "nrpc-alias.pcapng"].map(|name| PathBuf::from(sample(name)));
    assert_eq!(difference(&of_two, &[]), None);
    assert_eq!(difference(&[], &[sample("st-log-4098.stusers.log").into()]), None);
}

/// What came of it is in the capture itself: nobody gave a key.
#[test]
fn secrets_within_the_capture_open_it_from_a_file_and_from_a_stream() {
    let path = sample("sip-undefined-tls13.pcapng");
    let of_file = Diagnoser::default().diagnose(&[&path]).unwrap();
    assert_eq!(of_file.findings()[0].rule, "ltpa-undefined-sip");
    assert!(of_file.analysis().conversations.iter().any(|conversation| conversation.over_tls));
    let of_stream = Diagnoser::default().diagnose_stream(&path, File::open(&path).unwrap()).unwrap();
    assert_eq!(written(&of_stream, Format::Json), written(&of_file, Format::Json));
}

#[test]
fn what_cannot_be_read_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let fails = |diagnosis: Result<Diagnosis, nrpcsniff::Error>| diagnosis.unwrap_err().to_string();
    let diagnoser = Diagnoser::default();
    assert!(fails(diagnoser.diagnose(&[folder.path()])).contains("no capture in this folder"));
    assert!(fails(diagnoser.diagnose(&[path("none.pcap")])).contains("none.pcap: "));
    assert!(fails(diagnoser.diagnose::<&Path>(&[])).contains("nothing to read"));
    assert!(fails(diagnoser.diagnose_stream("text", &b"no capture at all"[..])).starts_with("text: "));
    assert!(diagnoser.clone().key_log(path("none")).unwrap_err().to_string().contains("none: cannot be read"));
    assert!(diagnoser.clone().tls_key(sample("README.md")).unwrap_err().to_string().contains("this is no PEM file"));
    assert!(diagnoser.clone().ltpa_keys(path("none"), "WebAS").unwrap_err().to_string().contains("cannot be read"));

    // What was damaged is judged as far as it goes.
    let whole = fs::read(sample("nrpc-alias.pcapng")).unwrap();
    fs::write(path("cut.pcapng"), &whole[..whole.len() - 10]).unwrap();
    let cut = diagnoser.diagnose(&[path("cut.pcapng"), path("none.pcap")]).unwrap();
    assert!(!cut.is_complete() && cut.findings()[0].rule == "nrpc-name-mismatch-alias");
    let problems: Vec<_> = cut.analysis().inputs.iter().map(|input| input.problem.is_some()).collect();
    assert_eq!(problems, [true, true]);
}
