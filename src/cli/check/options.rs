//! What an expectation says that its run needs: each option becomes the option of the command line that it stands for.
//!
//! So an option means here what it means there, by the same code, and a new one is a line in each of the two tables.

use super::shape::Shape;
use crate::cli::args::Args;
use crate::cli::plan::Plan;
use crate::report::talk::Verbosity;
use anyhow::{Context, Result, anyhow};
use clap::Parser;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Keys that may stand under `options`.
pub(super) const SHAPE: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("logs", Shape::List(&Shape::Text)),
        ("log_offsets", Shape::Map(&Shape::Number)),
        ("ltpa_keys", Shape::List(&Shape::Text)),
        ("ltpa_password_file", Shape::List(&Shape::Text)),
        ("domino_secret_file", Shape::List(&Shape::Text)),
        ("keylog", Shape::List(&Shape::Text)),
        ("tls_key", Shape::List(&Shape::Text)),
        ("now", Shape::Text),
        ("expect_server", Shape::List(&Shape::Text)),
        ("decode_as", Shape::List(&Shape::Text)),
        ("filter", Shape::Text),
    ],
};

/// How a value is written on the command line.
#[derive(Clone, Copy, PartialEq)]
enum ArgumentKind {
    /// The value as it stands.
    Text,
    /// A path that counts from the folder of the expectation.
    Path,
    /// `PATH=±SECONDS` for each entry of an object.
    Offset,
}

const FLAGS: [(&str, &str, ArgumentKind); 11] = [
    ("logs", "--log", ArgumentKind::Path),
    ("log_offsets", "--log-offset", ArgumentKind::Offset),
    ("ltpa_keys", "--ltpa-keys", ArgumentKind::Path),
    ("ltpa_password_file", "--ltpa-password-file", ArgumentKind::Path),
    ("domino_secret_file", "--domino-secret-file", ArgumentKind::Path),
    ("keylog", "--keylog", ArgumentKind::Path),
    ("tls_key", "--tls-key", ArgumentKind::Path),
    ("now", "--now", ArgumentKind::Text),
    ("expect_server", "--expect-server", ArgumentKind::Text),
    ("decode_as", "--decode-as", ArgumentKind::Text),
    ("filter", "--filter", ArgumentKind::Text),
];

/// Options that are the same for all cases of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct CaseOptions<'a> {
    /// `--config`. The usual file is not read: it would make the result depend on who checks.
    pub(super) config: Option<&'a Path>,
    /// May a run draw a progress bar?
    pub(super) progress: bool,
}

/// The plan of a run over `captures` with the `options` of an expectation in `folder`.
pub(super) fn plan(options: &Value, folder: &Path, captures: &[PathBuf], common: CaseOptions<'_>) -> Result<Plan> {
    let args = parsed(arguments(options, folder, captures, common.config));
    let mut plan = args.and_then(|args| Plan::new(&args)).context("options")?;
    plan.verbosity = Verbosity { quiet: true, verbose: false, progress: common.progress, mute: true };
    Ok(plan)
}

/// The arguments of a command line, or its error in one line.
pub(super) fn parsed(arguments: Vec<OsString>) -> Result<Args> {
    Args::try_parse_from(arguments).map_err(|error| {
        let text = error.to_string();
        anyhow!("{}", text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
    })
}

/// The command line that reports the same as JSON.
fn arguments(options: &Value, folder: &Path, captures: &[PathBuf], config: Option<&Path>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["nrpcsniff".into(), "--format=json".into()];
    arguments.extend(flags(options, folder, config));
    arguments.extend(captures.iter().map(|path| flag("--read", path.as_os_str())));
    arguments
}

/// What configuration and options come to on any command line that reads captures.
pub(super) fn flags(options: &Value, folder: &Path, config: Option<&Path>) -> Vec<OsString> {
    let mut arguments = vec![match config {
        Some(path) => flag("--config", path.as_os_str()),
        None => "--no-config".into(),
    }];
    for (key, name, takes) in FLAGS {
        match options.get(key) {
            Some(Value::Array(values)) => arguments.extend(values.iter().map(|value| one(name, value, takes, folder))),
            Some(Value::Object(offsets)) => {
                arguments.extend(offsets.iter().map(|(path, seconds)| offset(name, &folder.join(path), seconds)));
            }
            Some(value) => arguments.push(one(name, value, takes, folder)),
            None => {}
        }
    }
    arguments
}

fn one(name: &str, value: &Value, takes: ArgumentKind, folder: &Path) -> OsString {
    let text = value.as_str().unwrap_or_default();
    if takes == ArgumentKind::Path { flag(name, folder.join(text).as_os_str()) } else { flag(name, text.as_ref()) }
}

fn offset(name: &str, path: &Path, seconds: &Value) -> OsString {
    let mut argument = flag(name, path.as_os_str());
    argument.push(format!("={:+}", seconds.as_f64().unwrap_or_default()));
    argument
}

/// `NAME=VALUE`: a value that begins with a dash stays a value.
pub(super) fn flag(name: &str, value: &std::ffi::OsStr) -> OsString {
    let mut argument = OsString::from(name);
    argument.push("=");
    argument.push(value);
    argument
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COMMON: CaseOptions<'_> = CaseOptions { config: None, progress: false };

    #[test]
    fn both_tables_have_the_same_options() {
        let Shape::Object { keys, .. } = SHAPE else { panic!() };
        let named: Vec<_> = keys.iter().map(|(key, _)| *key).collect();
        assert_eq!(named, FLAGS.map(|(key, ..)| key));
    }

    #[test]
    fn options_become_those_of_the_command_line() {
        let options = json!({
            "logs": ["a.log", "/var/b.log"], "log_offsets": {"a.log": 3600, "/var/b.log": -1.5}, "ltpa_keys": ["k"],
            "now": "-x", "expect_server": ["A/B=c"], "filter": "tcp"
        });
        let all = arguments(&options, Path::new("in"), &["in/-a.pcap".into()], Some(Path::new("c.toml")));
        let all: Vec<_> = all.iter().map(|argument| argument.to_str().unwrap()).collect();
        assert_eq!(
            all,
            [
                "nrpcsniff",
                "--format=json",
                "--config=c.toml",
                "--log=in/a.log",
                "--log=/var/b.log",
                "--log-offset=in/a.log=+3600",
                "--log-offset=/var/b.log=-1.5",
                "--ltpa-keys=in/k",
                "--now=-x",
                "--expect-server=A/B=c",
                "--filter=tcp",
                "--read=in/-a.pcap"
            ]
        );
    }

    #[test]
    fn a_plan_reads_these_captures_and_says_nothing() {
        let options = json!({"expect_server": ["Mail01/Acme=mail"], "decode_as": ["tcp.port==7,nrpc"]});
        let plan = plan(&options, Path::new(""), &["rules".into(), "b.pcap".into()], COMMON).unwrap();
        assert_eq!(plan.captures, [PathBuf::from("rules"), "b.pcap".into()]);
        assert_eq!((plan.diagnoser.settings.expected.len(), plan.diagnoser.engine.decode_as.len()), (1, 1));
        assert!(
            plan.verbosity.mute && plan.verbosity.quiet && !plan.verbosity.progress && !plan.diagnoser.show_secrets
        );
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (options, part) in [
            (json!({"now": "yesterday"}), "options: --now 'yesterday'"),
            (json!({"decode_as": ["x"]}), "options: -d 'x'"),
            (json!({"ltpa_keys": ["none"]}), "options: --ltpa-keys needs"),
            (json!({"domino_secret_file": ["none"]}), "options: in/none: cannot be read"),
        ] {
            let error = format!("{:#}", plan(&options, Path::new("in"), &["a".into()], COMMON).unwrap_err());
            assert!(error.starts_with(part) && !error.contains('\n'), "{error}");
        }
    }
}
