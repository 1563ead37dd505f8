//! The rule catalogue: rules in a table, one of them explained, or everything as JSON.

use super::text::{Paint, wrap};
use crate::model::{RuleId, Severity};
use serde::Serialize;
use std::io::{self, Write};
use tabled::builder::Builder;
use tabled::settings::{Style, Width, peaker::PriorityMax};

/// A threshold as the catalogue shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ThresholdEntry<'a> {
    /// Name in the configuration file.
    pub name: &'a str,
    /// What holds unless the configuration file says otherwise.
    pub default: f64,
    /// What the number counts: `s` is seconds, `share` a part of one.
    pub unit: &'a str,
    /// What it means.
    pub means: &'a str,
    /// Rules that ask for it by themselves.
    pub rules: &'a [&'a str],
    /// Facts that it decides, for whatever rule asks for them.
    pub facts: &'a [&'a str],
}

/// A rule as the catalogue shows it.
#[derive(Debug, Clone, Serialize)]
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
    /// Thresholds that the rule asks for by itself.
    pub thresholds: Vec<ThresholdEntry<'a>>,
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

#[derive(Serialize)]
struct ThresholdList<'a> {
    schema_version: u32,
    thresholds: &'a [ThresholdEntry<'a>],
}

/// Writes thresholds as one document.
pub(crate) fn thresholds_json(entries: &[ThresholdEntry<'_>], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &ThresholdList { schema_version: SCHEMA_VERSION, thresholds: entries })?;
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

/// Writes the thresholds, each with what it decides.
pub(crate) fn thresholds(entries: &[ThresholdEntry<'_>], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let width = width.clamp(40, 100);
    for entry in entries {
        writeln!(out, "{} = {} ({})", entry.name, entry.default, entry.unit)?;
        writeln!(out, "{}", wrap(entry.means, "  ", width))?;
        let decides: Vec<_> = entry.rules.iter().chain(entry.facts).copied().collect();
        writeln!(out, "{}\n", wrap(&format!("Decides: {}", decides.join(", ")), "  ", width))?;
    }
    writeln!(out, "Set them in the configuration file under [thresholds]: nrpcsniff --help shows where it is.")
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
    let limits: Vec<_> =
        entry.thresholds.iter().map(|t| format!("{} = {} ({}): {}", t.name, t.default, t.unit, t.means)).collect();
    section("Its thresholds", &limits.iter().map(String::as_str).collect::<Vec<_>>(), ListStyle::Dash)?;
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
        thresholds: Vec::new(),
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
