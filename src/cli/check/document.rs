//! What is compared: the JSON report of one run, in which paths count from the folder of the expectation and
//! conversations have some short keys.
//!
//! | short key | stands for |
//! |---|---|
//! | `how`, `by`, `after_message` | the same keys of `teardown` |
//! | `wanted_server` | that of the first NRPC session request, or null |
//! | `server_name` | that of the first NRPC session response, or null |
//! | `packets` of a finding | frame numbers alone, where there is one capture |
//! | `statuses` | statuses of NRPC replies that are not 0, in hexadecimal |
//! | `answers` | statuses of SIP and HTTP responses; of Sametime `LOGIN_ACK` and the reasons for which channels ended |

use super::values::{items, text};
use crate::api::Intake;
use crate::capture::{CaptureSet, discover};
use crate::cli::plan::Plan;
use crate::cli::read::ConsoleObserver;
use crate::cli::run::looked_behind;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::path::Path;

/// Reads the captures as planned, and reports what is in them.
pub(super) fn document(plan: &Plan, captures: &[CaptureSet], folder: &Path) -> Result<Value> {
    let mut observer = ConsoleObserver::new(plan.verbosity);
    let archives: Vec<_> =
        captures.iter().flat_map(|set| &set.paths).filter(|path| Intake::is_archive(path)).cloned().collect();
    let intake = looked_behind(&archives);
    let (diagnoser, _) = plan.diagnoser.clone().beside(&intake);
    let unpacked = if archives.is_empty() { Vec::new() } else { discover(&intake.captures)? };
    let captures = if archives.is_empty() { captures } else { &unpacked };
    let diagnosis = diagnoser.judge(captures, &mut observer).context("options")?;
    let mut text = Vec::new();
    diagnosis.write(&plan.report, &mut text)?;
    Ok(prepared(serde_json::from_slice(&text)?, folder))
}

/// Inputs that could not be opened: the path, and why.
pub(super) fn unreadable(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let inputs = items(document, "inputs").iter().filter(|input| input["format"].is_null());
    inputs.map(|input| (text(input, "path"), text(input, "problem")))
}

fn prepared(mut document: Value, folder: &Path) -> Value {
    for input in document["inputs"].as_array_mut().into_iter().flatten() {
        let inside =
            Path::new(text(input, "path")).strip_prefix(folder).map(|path| path.to_string_lossy().into_owned());
        if let Ok(path) = inside {
            input["path"] = path.into();
        }
    }
    let several = items(&document, "inputs").iter().filter(|input| input["lines"].is_null()).count() > 1;
    for finding in document["findings"].as_array_mut().into_iter().flatten().filter(|_| !several) {
        finding["packets"] = items(finding, "packets").iter().map(|packet| packet["n"].clone()).collect();
    }
    for conversation in document["conversations"].as_array_mut().into_iter().flatten() {
        let short = short_keys(conversation);
        conversation.as_object_mut().into_iter().for_each(|all| all.extend(short.clone()));
    }
    document
}

fn short_keys(conversation: &Value) -> Map<String, Value> {
    let teardown = &conversation["teardown"];
    let messages = items(conversation, "messages");
    let first = |kind: &str, field: &str| {
        messages.iter().find(|message| message["type"] == kind).map_or(Value::Null, |m| m["fields"][field].clone())
    };
    let status = |message: &Value| message["fields"].get("status_hex").filter(|hex| *hex != "0x0000").cloned();
    let keys = [
        ("how", teardown["how"].clone()),
        ("by", teardown["by"].clone()),
        ("after_message", teardown["after_message"].clone()),
        ("wanted_server", first("nrpc.session_request", "wanted_server")),
        ("server_name", first("nrpc.session_response", "server_name")),
        ("statuses", messages.iter().filter_map(status).collect()),
        ("answers", messages.iter().filter_map(answer).collect()),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What was answered in SIP and HTTP, and why Sametime sessions ended.
fn answer(message: &Value) -> Option<Value> {
    match text(message, "type") {
        "sip.response" | "http.response" => Some(message["fields"]["status"].clone()),
        "sametime.login_ack" => Some("LOGIN_ACK".into()),
        "sametime.channel_destroy" => Some(message["fields"]["reason_name"].clone()),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::options::{CaseOptions, plan};
    use super::*;
    use std::fs;

    /// The document of a capture.
    pub(in crate::cli::check) fn report(capture: &[u8], name: &str) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, capture).unwrap();
        let set = CaptureSet { paths: vec![path] };
        let common = CaseOptions { config: None, progress: false };
        let plan = plan(&Value::Null, folder.path(), &set.paths, common).unwrap();
        document(&plan, &[set], folder.path()).unwrap()
    }

    fn sample(name: &str) -> Value {
        let sample = nrpcsniff_samples::stories::find(name).unwrap();
        report(&sample.bytes(), &sample.file_name())
    }

    #[test]
    fn conversations_have_short_keys() {
        let alias = &sample("nrpc-alias")["conversations"][1];
        assert_eq!((&alias["how"], &alias["by"]), (&"fin".into(), &"client".into()));
        assert_eq!(alias["after_message"], 2);
        assert_eq!(alias["wanted_server"], "chat.example.net");
        assert_eq!(alias["server_name"], "CN=STCOMM7/OU=Servers/O=Example");
        let refused = sample("nrpc-refused-status");
        let statuses = items(&refused, "conversations").iter().map(|c| &c["statuses"]);
        assert!(statuses.clone().any(|statuses| statuses[0] == "0x09de"), "{:?}", statuses.collect::<Vec<_>>());
        let web = &sample("sip-undefined")["conversations"][0];
        assert_eq!(web["answers"], serde_json::json!([302, 200, 302, 200]));
        assert_eq!(web["wanted_server"], Value::Null);
    }

    #[test]
    fn paths_count_from_the_folder() {
        assert_eq!(sample("nrpc-alias")["inputs"][0]["path"], "nrpc-alias.pcapng");
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        let document = report(b"this is a text, and no capture at all\n", "x.pcap");
        let (path, problem) = unreadable(&document).next().unwrap();
        assert!(path == "x.pcap" && problem.contains("text"), "{problem}");
        assert_eq!(unreadable(&sample("nrpc-alias")).count(), 0);
    }
}
