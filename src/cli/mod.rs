//! Command line: `args` as typed, `plan` checked, `run` does it; `exit` decides what the shell sees.
//!
//! Data goes to stdout, talk to stderr. An error is one sentence: where, what, and what to do.

mod appearance;
mod args;
mod catalogue;
mod check;
mod compare;
mod config;
mod exit;
mod interfaces;
mod keys;
mod live;
mod logs;
mod output;
mod plan;
mod progress;
mod read;
mod run;
mod suggestion;
mod tls_keys;
mod token;

use crate::report::talk::say;
use args::{Args, Command};
use clap::Parser;
use clap::error::ErrorKind;
use exit::ExitStatus;
use plan::Plan;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the command with the arguments of the process. SSLKEYLOGFILE is read here, so that no test of the plan depends
/// on it.
pub fn main() -> ExitCode {
    let mut args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let key_log = std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(Command::Compare(compare)) = &mut args.command {
        compare.reading.tls.usual.clone_from(&key_log);
    }
    args.reading.tls.usual = key_log;
    let done = match &args.command {
        Some(Command::Rules { id }) => catalogue::print(id.as_deref(), args.color),
        Some(Command::Compare(compare)) => config::load(args.config.as_deref(), args.no_config)
            .and_then(|config| compare::run(compare, config, args.color)),
        Some(Command::Token(token)) => token::print(token, (args.config.as_deref(), args.no_config), args.color),
        Some(Command::Check(check)) => check::run(check, args.config.as_deref(), args.color),
        None if args.live.list_interfaces => interfaces::list(args.color),
        None if args.live.is_asked_for() => live::run(&args),
        None => Plan::new(&args).and_then(|plan| run::run(&plan)),
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            say(&format!("{error:#}"));
            ExitStatus::Trouble.into()
        }
    }
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
