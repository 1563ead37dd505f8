//! Puts the files of a rotated capture together.
//!
//! Capture tools that change to a new file every so often tell the files apart by digits: `x_00001_20250422174819.pcapng`
//! (dumpcap), `x.pcap`, `x.pcap1`, `x.pcap2` (tcpdump -C), `x-2025-04-22_17.pcap` (tcpdump -G). Files belong together if
//! they lie in the same folder, their names are the same but for digits (and a `.gz` or `.zst` at the end), and each
//! begins no earlier than one second before the last packet of the one before it. The last condition keeps apart
//! what was captured at two places at the same time (`server1.pcap`, `server2.pcap`). If a file could follow several
//! others, it follows the one whose name differs from its own in the fewest numbers.

use super::span::{first_time, last_time};
use crate::model::{Span, Timestamp};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How much the files of a rotated capture may overlap: packets of several interfaces or processors
/// are not always written in order.
const OVERLAP: Span = Span::from_secs(1);

/// Capture files that are read as one, in order of time: a conversation may go on from one to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaptureSet {
    /// One file, or all files of a rotated capture.
    pub paths: Vec<PathBuf>,
}

/// A file that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Path as given or found.
    pub(super) path: PathBuf,
    /// The path without links and dots; `None` for what is no regular file and must not be opened twice.
    pub(super) real: Option<PathBuf>,
}

/// Sets of files, each in order of time; the sets in the order in which their first member was asked for.
pub(super) fn group(candidates: &[Candidate]) -> Vec<CaptureSet> {
    let mut families: HashMap<(PathBuf, String), Vec<usize>> = HashMap::new();
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        match candidate.real.as_deref().and_then(family) {
            Some(family) => families.entry(family).or_default().push(at),
            None => sets.push(vec![at]),
        }
    }
    sets.extend(families.into_values().flat_map(|members| split(candidates, members)));
    sets.sort_by_key(|members| members.iter().copied().min());
    let path = |at: usize| candidates.get(at).map(|candidate| candidate.path.clone());
    sets.into_iter().map(|members| CaptureSet { paths: members.into_iter().filter_map(path).collect() }).collect()
}

/// Folder and name without its digits.
fn family(real: &Path) -> Option<(PathBuf, String)> {
    let mut name = plain_name(real)?;
    name.retain(|letter| !letter.is_ascii_digit());
    Some((real.parent()?.to_owned(), name))
}

/// Name without the ending of a compressor.
fn plain_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    Some(plain.to_owned())
}

/// A set that is still growing.
struct OpenSet {
    members: Vec<usize>,
    /// Time of the last packet of the last member, once it was looked up.
    end: Option<Timestamp>,
}

/// Splits a family into sets whose files follow each other.
fn split(candidates: &[Candidate], members: Vec<usize>) -> Vec<Vec<usize>> {
    if members.len() < 2 {
        return vec![members];
    }
    let path = |at: usize| candidates.get(at).map_or(Path::new(""), |candidate| candidate.path.as_path());
    let mut timed: Vec<(Option<Timestamp>, usize)> = members.into_iter().map(|at| (first_time(path(at)), at)).collect();
    timed.sort_by_key(|(first, at)| (*first, path(*at)));
    let mut sets: Vec<OpenSet> = Vec::new();
    for (first, at) in timed {
        match first.and_then(|first| predecessor(&mut sets, first, path(at), path)) {
            Some(set) => *set = OpenSet { members: [std::mem::take(&mut set.members), vec![at]].concat(), end: None },
            None => sets.push(OpenSet { members: vec![at], end: None }),
        }
    }
    sets.into_iter().map(|set| set.members).collect()
}

/// The set that a file which begins at `first` continues.
fn predecessor<'a, 'p>(
    sets: &'a mut [OpenSet],
    first: Timestamp,
    name: &Path,
    path: impl Fn(usize) -> &'p Path,
) -> Option<&'a mut OpenSet> {
    for set in sets.iter_mut().filter(|set| set.end.is_none()) {
        set.end = set.members.last().and_then(|at| last_time(path(*at)));
    }
    let fits = |set: &&mut OpenSet| set.end.is_some_and(|end| end.since(first) <= OVERLAP);
    let distance = |set: &&mut OpenSet| {
        let last_member = set.members.last().map_or(Path::new(""), |at| path(*at));
        (differing_numbers(last_member, name), Reverse(set.end))
    };
    sets.iter_mut().filter(fits).min_by_key(distance)
}

/// In how many numbers do two names differ?
fn differing_numbers(a: &Path, b: &Path) -> usize {
    let numbers = |path: &Path| -> Vec<String> {
        let name = plain_name(path).unwrap_or_default();
        let runs = name.split(|letter: char| !letter.is_ascii_digit()).filter(|run| !run.is_empty());
        runs.map(str::to_owned).collect()
    };
    let (a, b) = (numbers(a), numbers(b));
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    a.len().max(b.len()).saturating_sub(same)
}
