//! `NAME.compare.json`: which captures to compare, and what must come of it.
//!
//! `good` (one or several) and `bad` name the captures, or `good` alone and `stream` two conversations of it; paths count from the
//! folder of the file. The other keys are those of `comparison` in the JSON report of `nrpcsniff compare`, and its `pairs`.

use super::options::{self, CaseOptions, flag, flags, parsed};
use super::shape::Shape;
use super::values::{items, text};
use crate::cli::args::Command;
use crate::cli::compare::CompareRun;
use crate::cli::config;
use crate::report::compare::ComparisonOptions;
use crate::report::talk::Verbosity;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::path::Path;

/// Keys that say what is compared.
pub(super) const INPUTS: [&str; 4] = ["good", "bad", "stream", "pair"];

/// Keys that may stand in the file.
pub(super) static FILE: Shape = Shape::Object {
    required: &["good"],
    keys: &[
        ("good", Shape::List(&Shape::Text)),
        ("bad", Shape::Text),
        ("stream", Shape::Text),
        ("pair", Shape::List(&Shape::Text)),
        ("options", options::SHAPE),
        ("result", Shape::Word(&["diverges", "same", "inconclusive"])),
        ("cause", Shape::Any),
        ("pair_that_tells", Shape::Any),
        ("fork", Shape::Map(&Shape::Any)),
        ("differences", Shape::List(&DIFFERENCE)),
        ("explanation", Shape::Text),
        ("noise_count", Shape::Number),
        ("pairs", Shape::List(&PAIR)),
        ("notes", Shape::List(&Shape::Text)),
        ("timing", Shape::Any),
        ("unpaired", Shape::Map(&Shape::Any)),
        ("inputs", Shape::List(&Shape::Map(&Shape::Any))),
    ],
};

static DIFFERENCE: Shape = Shape::Object {
    required: &["field"],
    keys: &[
        ("message", Shape::Number),
        ("field", Shape::Text),
        ("good", Shape::Any),
        ("bad", Shape::Any),
        ("class", Shape::Word(&["explains", "worth-a-look", "noise"])),
        ("pair", Shape::Number),
        ("conversations", Shape::Any),
        ("packets", Shape::Any),
        ("learned", Shape::Any),
    ],
};

static PAIR: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("good", Shape::Any),
        ("bad", Shape::Any),
        ("score", Shape::Number),
        ("why_paired", Shape::Text),
        ("protocol", Shape::Text),
        ("good_conversations", Shape::List(&Shape::Number)),
        ("bad_conversations", Shape::List(&Shape::Number)),
        ("forks", Shape::Any),
    ],
};

/// Compares what the file names: the keys that it may list, and every file that was read.
pub(super) fn document(listed: &Value, folder: &Path, common: CaseOptions<'_>) -> Result<Value> {
    let args = parsed(arguments(listed, folder, common.config))?;
    let Some(Command::Compare(compare)) = &args.command else { bail!("good and bad name no captures to compare") };
    let config = config::load(args.config.as_deref(), args.no_config)?;
    let verbosity = Verbosity { quiet: true, verbose: false, progress: common.progress, mute: true };
    let compared = CompareRun::new(compare, config, verbosity).context("compare")?;
    let mut text = Vec::new();
    compared.write(&ComparisonOptions { json: true, all: false, color: false, width: 100 }, &mut text)?;
    let mut report: Value = serde_json::from_slice(&text)?;
    let mut document = report["comparison"].take();
    // In the file `pair` is what the option of that name takes.
    document["pair_that_tells"] = document["pair"].take();
    document["pairs"] = report["pairs"].take();
    let input = |input: &crate::model::Input| {
        let path = Path::new(&input.path);
        let path = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
        json!({"path": path, "complete": input.complete, "problem": input.problem})
    };
    document["inputs"] = compared.inputs().map(input).collect();
    Ok(document)
}

/// What a new file lists: the result, its cause, the fork, and what explains it.
pub(super) fn claims(document: &Value) -> Map<String, Value> {
    let explains = items(document, "differences").iter().filter(|d| text(d, "class") == "explains");
    let keys = ["message", "field", "good", "bad", "class"];
    let one = |d: &Value| keys.map(|key| (key.to_owned(), d[key].clone())).into_iter().collect::<Map<_, _>>();
    let mut claims = Map::new();
    claims.insert("result".to_owned(), document["result"].clone());
    claims.insert("cause".to_owned(), document["cause"].clone());
    if document["fork"].is_object() {
        claims.insert("fork".to_owned(), json!({"message": document["fork"]["message"]}));
    }
    claims.insert("differences".to_owned(), explains.map(one).map(Value::Object).collect());
    claims
}

/// The command line that compares the same.
fn arguments(listed: &Value, folder: &Path, config: Option<&Path>) -> Vec<OsString> {
    let options = listed.get("options").unwrap_or(&Value::Null);
    let mut arguments: Vec<OsString> = vec!["nrpcsniff".into(), "compare".into(), "--format=json".into()];
    arguments.extend(flags(options, folder, config));
    let path = |value: &Value| folder.join(value.as_str().unwrap_or_default());
    let goods = items(listed, "good");
    arguments.extend(goods.iter().skip(1).map(|good| flag("--good", path(good).as_os_str())));
    let pairs = items(listed, "pair").iter().map(|pair| ("--pair", pair));
    let named = pairs.chain(listed.get("stream").map(|stream| ("--stream", stream)));
    arguments.extend(named.map(|(name, value)| flag(name, value.as_str().unwrap_or_default().as_ref())));
    arguments.push("--".into());
    arguments.extend(goods.first().into_iter().chain(listed.get("bad")).map(|capture| path(capture).into_os_string()));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: CaseOptions<'_> = CaseOptions { config: None, progress: false };

    fn samples() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
    }

    #[test]
    fn a_file_becomes_a_command_line() {
        let listed = json!({"good": ["a.pcap", "b.pcap"], "bad": "c.pcap", "pair": ["1:2"], "options": {"now": "x"}});
        let all = arguments(&listed, Path::new("in"), None);
        let all: Vec<_> = all.iter().map(|argument| argument.to_str().unwrap()).collect();
        let wanted =
            "nrpcsniff compare --format=json --no-config --now=x --good=in/b.pcap --pair=1:2 -- in/a.pcap in/c.pcap";
        assert_eq!(all.join(" "), wanted);
    }

    #[test]
    fn what_may_be_listed_is_what_there_is() {
        let listed = json!({"good": ["nrpc-working.pcapng"], "bad": "nrpc-alias.pcapng"});
        let document = document(&listed, &samples(), COMMON).unwrap();
        let Shape::Object { keys, .. } = FILE else { panic!() };
        for key in document.as_object().unwrap().keys().filter(|key| *key != "pair") {
            assert!(keys.iter().any(|(known, _)| known == key), "{key}");
        }
        let claims = claims(&document);
        assert_eq!(claims["result"], "diverges");
        assert_eq!(claims["fork"]["message"], 3);
        assert_eq!(claims["differences"][0]["field"], "wanted_server");
        assert_eq!(document["inputs"][1]["path"], "nrpc-alias.pcapng");
    }

    #[test]
    fn wrong_captures_are_named() {
        let error = |listed: Value| format!("{:#}", document(&listed, &samples(), COMMON).unwrap_err());
        assert!(error(json!({"good": ["none.pcap"], "bad": "nrpc-alias.pcapng"})).contains("none.pcap"));
        assert!(error(json!({"good": ["nrpc-alias.pcapng"]})).contains("working and the failing"));
        assert!(error(json!({"good": ["nrpc-alias.pcapng"], "stream": "1,9"})).contains("no conversation '9'"));
    }
}
