//! What becomes of every row of the catalogue of lines where it stands alone in a log.

use crate::diagnose::{Settings, conclude};
use crate::logs::catalogue_lines;
use crate::model::{Analysis, Conclusion, Confidence, Finding, LogMeaning, LogWeight, Severity, VerdictKind, Witness};
use crate::testing::logs::log;

/// Each row, with what is said of its line: file and pattern, meaning, findings, conclusion.
fn judged() -> Vec<(String, &'static LogMeaning, Vec<Finding>, Conclusion)> {
    let judge = |(file, pattern, line): (&str, &str, String)| {
        let analysis = Analysis { logs: vec![log("a.log", &format!("{line}\n"))], ..Analysis::default() };
        let meaning = analysis.logs[0].facts.first().and_then(|fact| fact.meaning);
        let name = format!("{file}: {pattern}");
        let meaning = meaning.unwrap_or_else(|| panic!("{name}: not shown: {line}"));
        let (findings, conclusion) = conclude(&analysis, &Settings::default());
        (name, meaning, findings, conclusion)
    };
    catalogue_lines().into_iter().map(judge).collect()
}

/// That something failed is all that these say: alone they are no finding, and the verdict says that it failed.
const SAY_NO_MORE: [&str; 7] = [
    "websphere: SECJ0369E",
    "websphere: CWSCT0359I",
    "stusers: authenticateBeforeDirSearch failed with reason <code>",
    "stusers: VpUsrAuthenticate: bad login",
    "stusers: Search of [<user>] failed because the user was not found",
    "stusers: all the attempts to search for a LDAP record of [<user>] has been finished",
    "stusers: Async auth failed. [req <n>]",
];

#[test]
fn a_line_that_tells_a_failure_is_a_finding() {
    let passed_over = judged().into_iter().filter_map(|(name, meaning, findings, conclusion)| {
        let is_lost =
            meaning.proves.is_some_and(|(_, outcome)| outcome.is_lost()) && meaning.weight >= LogWeight::Medium;
        let is_said = findings.iter().any(|finding| finding.severity > Severity::Info);
        let is_left = SAY_NO_MORE.contains(&name.as_str()) && conclusion.verdict.kind == VerdictKind::Failed;
        (is_lost && !is_said && !is_left).then(|| format!("{name}: {}", conclusion.verdict.text))
    });
    let passed_over: Vec<_> = passed_over.collect();
    assert!(passed_over.is_empty(), "{}", passed_over.join("\n"));
}

#[test]
fn what_is_inferred_is_never_certain_alone() {
    let sure = judged().into_iter().filter(|(_, meaning, ..)| meaning.witness == Witness::Inferred);
    let sure = sure.filter(|(_, _, findings, _)| findings.iter().any(|f| f.confidence == Confidence::High));
    let sure: Vec<_> = sure.map(|(name, ..)| name).collect();
    assert!(sure.is_empty(), "{}", sure.join("\n"));
}

/// A line of something that goes well accuses nobody.
#[test]
fn a_line_that_tells_of_success_is_no_fault() {
    let accused = judged().into_iter().filter(|(_, meaning, findings, _)| {
        let is_well = meaning.proves.is_none_or(|(_, outcome)| !outcome.is_lost()) && meaning.weight <= LogWeight::Low;
        is_well && findings.iter().any(|finding| finding.severity > Severity::Info)
    });
    let accused: Vec<_> = accused.map(|(name, ..)| name).collect();
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}
