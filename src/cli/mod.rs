//! Command line: `habits` of other programs in our words, `args` as typed, `plan` checked, `run` does it; `exit` decides what the shell sees.
//!
//! Data goes to stdout, talk to stderr. An error is one sentence: where, what, and what to do.

mod appearance;
mod args;
mod catalogue;
mod check;
mod compare;
mod config;
mod exit;
mod extract;
mod habits;
mod interfaces;
mod keys;
mod live;
mod logs;
mod manual;
mod output;
mod pager;
mod patterns;
mod plan;
mod progress;
mod read;
mod redact;
mod run;
mod scratch;
mod suggestion;
mod tls_keys;
mod token;
mod version;

use crate::report::talk::say;
use args::{Args, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use exit::ExitStatus;
use plan::Plan;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the command with the arguments of the process. SSLKEYLOGFILE is read here, so that no test of the plan depends
/// on it.
pub fn main() -> ExitCode {
    let mut command = Args::command();
    let typed: Vec<OsString> = std::env::args_os().collect();
    let ours = match habits::ours(&typed, &command) {
        Ok(ours) => ours,
        Err(error) => return trouble(&error),
    };
    let parsed = command.try_get_matches_from_mut(ours).and_then(|matches| Args::from_arg_matches(&matches));
    let mut args = match parsed {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let key_log = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(Command::Compare(compare)) = &mut args.command {
        compare.reading.tls.usual.clone_from(&key_log);
    }
    args.reading.tls.usual = key_log;
    let done = match &args.command {
        Some(Command::Rules(rules)) => catalogue::print(rules, args.color),
        Some(Command::Compare(compare)) => config::load(args.config.as_deref(), args.no_config)
            .and_then(|config| compare::run(compare, config, args.color)),
        Some(Command::Token(token)) => token::print(token, (args.config.as_deref(), args.no_config), args.color),
        Some(Command::Redact(redact)) => redact::run(redact),
        Some(Command::Check(check)) => check::run(check, args.config.as_deref(), args.color),
        Some(Command::Completions { shell }) => manual::completions(*shell),
        Some(Command::Man { command }) => manual::page(command.as_deref()),
        Some(Command::Schema) => manual::schema(),
        None if args.live.list_interfaces => interfaces::list(args.color),
        None if args.live.is_asked_for() => live::run(&args),
        None => Plan::new(&args).and_then(|plan| run::run(&plan)),
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => trouble(&error),
    }
}

/// What went wrong, in one sentence.
fn trouble(error: &anyhow::Error) -> ExitCode {
    say(&format!("{error:#}"));
    ExitStatus::Trouble.into()
}

/// Help and version go to stdout and are no error; anything else is wrong usage.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe is no error.
        let _ = error.print();
        return ExitStatus::Done.into();
    }
    let text = error.render().to_string();
    // Nothing is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "nrpcsniff: {}", text.strip_prefix("error: ").unwrap_or(&text).trim_end());
    ExitStatus::Trouble.into()
}
