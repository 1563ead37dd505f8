//! What the tests of the whole tool share: the command, captures to read, and the programs that are asked for a second
//! opinion.
#![allow(dead_code, reason = "each test takes a part")]

#[cfg(all(target_os = "linux", have_libpcap))]
pub(crate) mod bridge;
#[cfg(target_os = "linux")]
pub(crate) mod network;
#[cfg(target_os = "linux")]
pub(crate) mod peers;
#[cfg(all(target_os = "linux", have_libpcap))]
pub(crate) mod watch;

use assert_cmd::Command;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::time::Duration;

/// No capture of these tests may take longer.
const LIMIT: Duration = Duration::from_secs(20);

/// The command, without anybody's configuration, stopped at the limit of time.
pub(crate) fn nrpcsniff() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"));
    command.env_clear().timeout(LIMIT).args(["--no-config", "--quiet"]);
    command
}

/// What is wrong with how a run ended, if anything: every capture gives status 0 or 2, and no panic.
pub(crate) fn bad_end(output: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let proper = matches!(output.status.code(), Some(0 | 2)) && !said.contains("panicked");
    (!proper).then(|| format!("{}: {said}", output.status))
}

/// The report of a run with `--format json` and these arguments, which must end well.
pub(crate) fn report(arguments: &[&str]) -> Value {
    let output = nrpcsniff().args(["--format", "json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Elements of an array in the report.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no array {key}"))
}

/// A text in the report.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key} in {value}"))
}

/// A number in the report.
pub(crate) fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no number {key} in {value}"))
}

/// `address:port`, as tshark and the records of the captures' makers write it.
pub(crate) fn endpoint(value: &Value) -> String {
    format!("{}:{}", text(value, "ip"), number(value, "port"))
}

/// A constructed capture of this repository.
pub(crate) fn sample(name: &str) -> String {
    samples().join(name).to_str().unwrap().to_owned()
}

/// The folder of the constructed captures.
pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Every capture of this repository.
pub(crate) fn all_samples() -> Vec<PathBuf> {
    let is_capture = |path: &PathBuf| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng");
    let files: Vec<_> = files_under(&samples()).into_iter().filter(is_capture).collect();
    assert!(files.len() > 30, "only {} samples", files.len());
    files
}

/// The folder of other people's captures, which is not part of this repository; without it a test has nothing to do.
pub(crate) fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        shout(&format!("SKIPPED: no captures in {}; set NRPCSNIFF_CORPUS", folder.display()));
        return None;
    }
    Some(folder)
}

/// Every file in a folder and the folders in it, sorted.
pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// True if a program of Wireshark is installed; says so if not.
pub(crate) fn has(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        shout(&format!("SKIPPED: {program} is not installed, and nobody else is asked"));
    }
    found
}

/// What tshark prints. Its complaints about a damaged capture do not matter: it prints what it could read.
pub(crate) fn tshark(arguments: &[&str]) -> String {
    let output = std::process::Command::new("tshark").args(["-n", "-q"]).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Says something that is seen in a passing test too.
pub(crate) fn shout(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Does this to every item, two at a time; the answers come in the order of the items.
pub(crate) fn two_at_a_time<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(items.iter().enumerate());
    let answers = Mutex::new(Vec::new());
    let take = || next.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((index, item)) = take() {
                    let answer = work(item);
                    answers.lock().unwrap().push((index, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap();
    answers.sort_by_key(|&(index, _)| index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
