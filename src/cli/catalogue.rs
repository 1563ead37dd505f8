//! `nrpcsniff rules [ID]`.

use super::appearance::appearance;
use super::exit::ExitStatus;
use super::output;
use super::suggestion::suggestion;
use crate::diagnose::About;
use crate::diagnose::rules::{RULES, rule};
use crate::report::catalogue::{CatalogueEntry, explain, list};
use anyhow::{Result, bail};
use clap::ColorChoice;

/// Prints the catalogue, or the rule of that id.
pub(super) fn print(id: Option<&str>, color: ColorChoice) -> Result<ExitStatus> {
    let (color, width) = appearance(color, false);
    let entries: Vec<_> = RULES.iter().map(|rule| entry(rule.about())).collect();
    output::write(None, |out| match id.map(rule) {
        None => list(&entries, width, out),
        Some(Some(rule)) => explain(&entry(rule.about()), color, width, out),
        Some(None) => Ok(()),
    })?;
    match id {
        Some(id) if rule(id).is_none() => bail!("there is no rule '{id}'{}", suggestion(id)),
        _ => Ok(ExitStatus::Done),
    }
}

fn entry(about: &'static About) -> CatalogueEntry<'static> {
    CatalogueEntry {
        id: about.id.as_str(),
        title: about.title,
        severity: about.severity,
        sees: about.sees,
        matters: about.matters,
        guards: about.guards,
        remedy: about.remedy,
        references: about.references,
        explains: about.explains,
    }
}
