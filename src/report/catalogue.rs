//! The rule catalogue: rules in a table, one of them explained, or everything as JSON.

use super::text::{Paint, wrap};
use crate::model::{RuleId, Severity};
use serde::Serialize;
use std::io::{self, Write};
use tabled::builder::Builder;
use tabled::settings::{Style, Width, peaker::PriorityMax};

/// A rule as the catalogue shows it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct CatalogueEntry<'a> {
    /// Id of the rule.
    pub id: &'a str,
    /// Title of the rule, one line.
    pub title: &'a str,
    /// The worst severity that it gives.
    pub severity: Severity,
    /// Patterns that the rule sees.
    pub sees: &'a str,
    /// Why users should care.
    pub matters: &'a str,
    /// Guards that keep the rule silent.
    pub guards: &'a [&'a str],
    /// Remedies, most likely first.
    pub remedy: &'a [&'a str],
    /// Public sources.
    pub references: &'a [&'a str],
    /// Rules whose findings follow from this one.
    pub explains: &'a [RuleId],
}

/// Version of the catalogue's JSON: raised when a name changes its meaning.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Catalogue<'a> {
    schema_version: u32,
    rules: &'a [CatalogueEntry<'a>],
}

/// Writes rules in full, as one document.
pub(crate) fn json(entries: &[CatalogueEntry<'_>], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Catalogue { schema_version: SCHEMA_VERSION, rules: entries })?;
    writeln!(out)
}

/// Writes every rule as a line of a table.
pub(crate) fn list(entries: &[CatalogueEntry<'_>], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = Builder::default();
    builder.push_record(["rule", "severity", "what it finds"]);
    for entry in entries {
        builder.push_record([entry.id, entry.severity.name(), entry.title]);
    }
    let mut table = builder.build();
    table.with(Style::rounded());
    table.with(Width::wrap(width.max(40)).keep_words(true).priority(PriorityMax::right()));
    writeln!(out, "{table}")?;
    writeln!(out, "\nnrpcsniff rules ID explains one of them.")
}

/// Writes everything that is known of one rule.
pub(crate) fn explain(entry: &CatalogueEntry<'_>, color: bool, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint(color);
    let width = width.clamp(40, 100);
    writeln!(out, "{}  {}", paint.bold(entry.id), paint.badge(entry.severity))?;
    writeln!(out, "{}", wrap(entry.title, "", width))?;
    let mut section = |heading: &str, lines: &[&str], bullets: ListStyle| -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", paint.bold(heading))?;
        for (index, line) in lines.iter().enumerate() {
            writeln!(out, "{}", wrap(line, &bullets.of(index), width))?;
        }
        Ok(())
    };
    section("What it sees", &[entry.sees], ListStyle::None)?;
    section("Why it matters", &[entry.matters], ListStyle::None)?;
    section("What keeps it silent", entry.guards, ListStyle::Dash)?;
    section("What to do", entry.remedy, ListStyle::Number)?;
    section("What follows from it", &names(entry.explains), ListStyle::Dash)?;
    section("Sources", entry.references, ListStyle::Dash)
}

#[derive(Clone, Copy)]
enum ListStyle {
    None,
    Dash,
    Number,
}

impl ListStyle {
    fn of(self, index: usize) -> String {
        match self {
            Self::None => "  ".to_owned(),
            Self::Dash => "  - ".to_owned(),
            Self::Number => format!("  {}. ", index + 1),
        }
    }
}

fn names<'a>(rules: &[RuleId]) -> Vec<&'a str> {
    rules.iter().map(|rule| rule.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: CatalogueEntry<'_> = CatalogueEntry {
        id: "nrpc-example",
        title: "An example of a rule",
        severity: Severity::Major,
        sees: "A pattern that is long enough to be wrapped at the width of a narrow terminal, which is what is tried.",
        matters: "Users cannot work.",
        guards: &["A healthy look-alike."],
        remedy: &["First this.", "Then that."],
        references: &["A public source"],
        explains: &[],
    };

    #[test]
    fn a_rule_is_explained() {
        let mut out = Vec::new();
        explain(&ENTRY, false, 60, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn rules_are_listed() {
        let mut out = Vec::new();
        list(
            &[ENTRY, CatalogueEntry { id: "nrpc-other", explains: &[RuleId::new("nrpc-example")], ..ENTRY }],
            60,
            &mut out,
        )
        .unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
