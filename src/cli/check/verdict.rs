//! What is to be said of one case.

use super::cases::{CaseKind, CheckCase};
use super::checked::CaseResult;
use super::diff::{self, Deviation, damage, deviations};
use super::document::{document, unreadable};
use super::expectation::Expectation;
use super::options::{self, CaseOptions};
use super::values::items;
use super::{atomic, bless, comparison};
use crate::capture::{CaptureSet, Reader};
use crate::report::escape::JsonFormatter;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Checks one case, or writes its expectation.
pub(super) fn verdict(case: &CheckCase, bless: bool, common: CaseOptions<'_>) -> CaseResult {
    check(case, bless, common).unwrap_or_else(|error| CaseResult::Trouble(format!("{error:#}")))
}

/// Checks a case or blesses it; an error is what keeps the case from being checked. An expectation that lists nothing
/// is an error, since it would pass whatever came.
fn check(case: &CheckCase, bless: bool, common: CaseOptions<'_>) -> Result<CaseResult> {
    if let Some(rival) = &case.rival {
        let other = rival.file_name().unwrap_or_default().to_string_lossy();
        bail!("{other} beside it would share {}: rename one of the captures", named(&case.expectation));
    }
    let old = Expectation::load(&case.expectation, case.kind)?;
    if old.is_none() && !bless {
        bail!(missing(case)?);
    }
    let found = found(case, old.as_ref(), common)?;
    let Some(old) = old else { return write(case, None, &found, diff::new_deviations(&found)) };
    let mut changes = deviations(&old, &found);
    if old.claims_nothing() {
        if !bless {
            bail!(
                "it lists nothing that must come of it: nrpcsniff check --bless {} adds it",
                for_shell(&case.expectation)
            );
        }
        return write(case, Some(&old), &found, changes);
    }
    match damage(&old, &found) {
        None if changes.is_empty() => Ok(CaseResult::AsExpected),
        None if !bless => Ok(CaseResult::Differs(changes)),
        Some((path, problem)) if !bless => bail!(
            "{path}: {problem}; if that is meant, list {{\"path\": \"{path}\", \"complete\": false}} under inputs"
        ),
        damage => {
            let text = damage.map(|(path, problem)| format!("input {path}: {problem}"));
            changes.extend(text.map(|text| Deviation { kind: diff::DeviationKind::Surplus, text }));
            write(case, Some(&old), &found, changes)
        }
    }
}

/// The document of a run, to be compared with the expectation.
fn found(case: &CheckCase, expectation: Option<&Expectation>, common: CaseOptions<'_>) -> Result<Value> {
    let options = expectation.and_then(|expectation| expectation.listed.get("options")).unwrap_or(&Value::Null);
    if let (CaseKind::Comparison, Some(expectation)) = (case.kind, expectation) {
        return comparison::document(&expectation.listed, case.folder(), common)
            .with_context(|| case.expectation.to_string_lossy().into_owned());
    }
    if case.captures.is_empty() && items(options, "logs").is_empty() {
        bail!("there is no capture of this name beside it, and it names no logs: was the capture renamed or removed?");
    }
    let set = CaptureSet { paths: case.captures.clone() };
    let sets = if case.captures.is_empty() { &[][..] } else { std::slice::from_ref(&set) };
    let found = options::plan(options, case.folder(), &case.captures, common)
        .and_then(|plan| document(&plan, sets, case.folder()))
        .with_context(|| case.expectation.to_string_lossy().into_owned())?;
    if let Some((path, problem)) = unreadable(&found).next() {
        bail!("{path}: {problem}");
    }
    Ok(found)
}

/// That there is no expectation, and how to get one; but if there is no capture either, that.
fn missing(case: &CheckCase) -> Result<String> {
    for path in &case.captures {
        Reader::open(path)?;
    }
    let paths: Vec<_> = case.captures.iter().map(|path| for_shell(path)).collect();
    let expectation = named(&case.expectation);
    Ok(format!("there is no {expectation} beside it: nrpcsniff check --bless {} writes it", paths.join(" ")))
}

/// Writes the expectation that describes what was found; but nothing where some of that must not be.
fn write(case: &CheckCase, old: Option<&Expectation>, found: &Value, changes: Vec<Deviation>) -> Result<CaseResult> {
    let new = bless::blessed(old, found);
    if !deviations(&new, found).is_empty() {
        return Ok(CaseResult::Differs(changes));
    }
    atomic::write(&case.expectation, &file(&new.listed)?)
        .with_context(|| format!("{}: cannot be written", named(&case.expectation)))?;
    Ok(CaseResult::Written { changes, file: named(&case.expectation), new: old.is_none() })
}

/// The text of the file.
fn file(listed: &Value) -> Result<String> {
    let mut text = Vec::new();
    listed.serialize(&mut serde_json::Serializer::with_formatter(&mut text, JsonFormatter::pretty()))?;
    text.push(b'\n');
    Ok(String::from_utf8(text)?)
}

/// The name of a file.
pub(super) fn named(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as it can be pasted into a shell.
fn for_shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        text.into_owned()
    } else {
        let dashed = if text.starts_with('-') { "./" } else { "" };
        format!("'{dashed}{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_can_be_pasted() {
        for (path, shown) in [
            ("a/b-1.pcap", "a/b-1.pcap"),
            ("my notes.pcap", "'my notes.pcap'"),
            ("it's", r"'it'\''s'"),
            ("-a", "'./-a'"),
        ] {
            assert_eq!(for_shell(Path::new(path)), shown);
        }
    }
}
