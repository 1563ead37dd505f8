//! `nrpcsniff rules [ID]`, `nrpcsniff rules --thresholds`.

use super::appearance::appearance;
use super::args::{CatalogueFormat, RulesArgs};
use super::exit::ExitStatus;
use super::output;
use super::suggestion::suggestion;
use crate::diagnose::About;
use crate::diagnose::rules::RULES;
use crate::diagnose::thresholds::{THRESHOLDS, Threshold};
use crate::report::catalogue::{CatalogueEntry, ThresholdEntry, explain, json, list, thresholds, thresholds_json};
use crate::report::escape;
use anyhow::{Result, ensure};
use clap::ColorChoice;

/// Prints the catalogue, or the rules of that id or with that part of an id.
pub(super) fn print(args: &RulesArgs, color: ColorChoice) -> Result<ExitStatus> {
    let (color, width) = appearance(color, false);
    if args.thresholds {
        let entries: Vec<_> = THRESHOLDS.iter().map(threshold).collect();
        output::write(None, |out| match args.format {
            CatalogueFormat::Json => thresholds_json(&entries, out),
            CatalogueFormat::Table => thresholds(&entries, width, out),
        })?;
        return Ok(ExitStatus::Done);
    }
    let entries = chosen(args.id.as_deref());
    if let Some(id) = args.id.as_deref() {
        ensure!(!entries.is_empty(), "there is no rule '{}'{}", escape::terminal(id), suggestion(id));
    }
    output::write(None, |out| match (args.format, args.id.is_some(), entries.as_slice()) {
        (CatalogueFormat::Json, ..) => json(&entries, out),
        (CatalogueFormat::Table, true, [one]) => explain(one, color, width, out),
        (CatalogueFormat::Table, ..) => list(&entries, width, out),
    })?;
    Ok(ExitStatus::Done)
}

/// The rule of exactly that id, else all whose ids hold it.
fn chosen(id: Option<&str>) -> Vec<CatalogueEntry<'static>> {
    let all = || RULES.iter().map(|rule| entry(rule.about()));
    let Some(id) = id.map(str::to_ascii_lowercase).filter(|id| !id.is_empty()) else { return all().collect() };
    match all().find(|entry| entry.id == id) {
        Some(one) => vec![one],
        None => all().filter(|entry| entry.id.contains(&id)).collect(),
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
        thresholds: THRESHOLDS.iter().filter(|one| one.rules.contains(&about.id.as_str())).map(threshold).collect(),
    }
}

fn threshold(about: &'static Threshold) -> ThresholdEntry<'static> {
    let Threshold { name, unit, means, rules, facts } = *about;
    ThresholdEntry { name, default: about.default(), unit, means, rules, facts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_by_a_part_of_its_id() {
        assert_eq!(chosen(None).len(), RULES.len());
        assert_eq!(chosen(Some("NRPC-EARLY-CLOSE")).len(), 1);
        let family = chosen(Some("ltpa"));
        assert!(family.len() > 5 && family.iter().all(|entry| entry.id.contains("ltpa")), "{}", family.len());
        assert!(chosen(Some("no-such-rule")).is_empty());
    }
}
