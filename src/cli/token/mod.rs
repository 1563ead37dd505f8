//! `nrpcsniff token [TOKEN|-]`.

mod input;
mod json;
mod line;
mod pasted;
mod scan;
mod wrapped;

use super::appearance::appearance;
use super::args::{Format, TokenArgs};
use super::config::{self, Config};
use super::exit::ExitStatus;
use super::plan::time;
use super::{keys, output};
use crate::model::Timestamp;
use crate::report::token::{TokenSubject, explain, json, json_of_nothing};
use anyhow::{Context, Result};
use clap::ColorChoice;
use pasted::Pasted;
use std::path::Path;

/// Explains each token of the argument, of a file or of stdin. Without --now the clock of this machine judges, as a
/// pasted token has no packet time.
pub(super) fn print(args: &TokenArgs, config: (Option<&Path>, bool), color: ColorChoice) -> Result<ExitStatus> {
    let Config { keys: named, .. } = config::load(config.0, config.1)?;
    let keys = keys::load(&named.and(&args.keys))?;
    let given = args.now.as_deref().map(time).transpose()?;
    let now = match given {
        Some(now) => now,
        None => clock()?,
    };
    let pasted = Pasted::read(&input::text(args)?);
    let (color, width) = appearance(color, false);
    output::write(None, |out| {
        let found = match &pasted {
            Pasted::Found(found) => found,
            Pasted::Nothing(sentence) if args.format == Format::Table => return writeln!(out, "{sentence}"),
            Pasted::Nothing(sentence) => return json_of_nothing(sentence, out),
        };
        for (index, (name, held)) in found.iter().enumerate() {
            let (name, now_given) = (name.as_deref(), given.is_some());
            let subject = TokenSubject { name, held, now, now_given, keys: &keys, show_secrets: args.show_secrets };
            if args.format != Format::Table {
                json(&subject, out)?;
                continue;
            }
            if index > 0 {
                writeln!(out, "\n")?;
            }
            explain(&subject, color, width, out)?;
        }
        Ok(())
    })?;
    Ok(ExitStatus::Done)
}

fn clock() -> Result<Timestamp> {
    let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).context("the clock of this machine is wrong")?;
    Ok(Timestamp::new(now, 0))
}
