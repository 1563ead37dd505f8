//! Lines of logs that are known and that no finding shows.

use super::Report;
use crate::model::{LogFact, LogMeaning};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of one log that mean the same.
pub(super) struct Heard<'a> {
    /// Place of the log.
    pub log: usize,
    /// The first of them.
    pub first: &'a LogFact,
    pub meaning: &'static LogMeaning,
    pub count: u64,
}

/// Lines that no finding shows; those of one log that mean the same are one. Of more than so many those that matter most, and how many
/// there are besides.
pub(super) fn heard(report: Report<'_>, most: usize) -> (Vec<Heard<'_>>, usize) {
    let evidence = report.findings.iter().flat_map(|finding| &finding.evidence);
    let shown: BTreeSet<(usize, u64)> =
        evidence.filter_map(|fact| fact.line).map(|line| (line.log as usize, line.line)).collect();
    let mut places: BTreeMap<(usize, &'static str), usize> = BTreeMap::new();
    let mut heard: Vec<Heard<'_>> = Vec::new();
    for (index, log) in report.analysis.logs.iter().enumerate() {
        for fact in log.facts.iter().filter(|fact| !shown.contains(&(index, fact.line))) {
            let Some(meaning) = fact.meaning else { continue };
            let key = (index, meaning.pattern);
            if let Some(known) = places.get(&key).and_then(|&place| heard.get_mut(place)) {
                known.count += 1;
            } else {
                places.insert(key, heard.len());
                heard.push(Heard { log: index, first: fact, meaning, count: 1 });
            }
        }
    }
    let more = heard.len().saturating_sub(most);
    heard.sort_by_key(|line| (Reverse(line.meaning.weight), line.log, line.first.line));
    heard.truncate(most);
    heard.sort_by_key(|line| (line.log, line.first.line));
    (heard, more)
}
