//! From the paths of the command line to the cases: captures and the expectations beside them.

use crate::api::Intake;
use crate::capture::{CaptureError, CaptureSet, discover};
use crate::report::talk::say;
use anyhow::{Result, ensure};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What is compared with what. A new kind is a variant here, a shape in [`super::expectation`], and an arm where
/// [`mod@super::verdict`] makes its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CaseKind {
    /// The report of one capture.
    Report,
    /// A comparison of captures that the file names.
    Comparison,
}

impl CaseKind {
    const ALL: [Self; 2] = [Self::Report, Self::Comparison];

    /// Ending of the names of expectations of this kind.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Report => ".expected.json",
            Self::Comparison => ".compare.json",
        }
    }

    /// The kind of a file by its name.
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.as_encoded_bytes();
        Self::ALL.into_iter().find(|kind| name.ends_with(kind.ending().as_bytes()))
    }
}

/// What is checked: captures and the expectation beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckCase {
    pub(super) kind: CaseKind,
    /// The captures to read, as one; none for a case by logs alone.
    pub(super) captures: Vec<PathBuf>,
    /// What must be found in them. The file may be missing.
    pub(super) expectation: PathBuf,
    /// A capture for which the same file would count.
    pub(super) rival: Option<PathBuf>,
}

impl CheckCase {
    /// What the case is called: its first capture, or the expectation.
    pub(super) fn name(&self) -> &Path {
        self.captures.first().unwrap_or(&self.expectation)
    }

    /// The folder from which the paths in the expectation count.
    pub(super) fn folder(&self) -> &Path {
        self.expectation.parent().unwrap_or(Path::new(""))
    }
}

/// The cases behind the paths, and whether any path was of no use. What is wrong with one path is said, and the others
/// are looked at. A folder without a capture is of use if an expectation lies in it, because a comparison may name
/// captures elsewhere.
pub(super) fn find(paths: &[PathBuf]) -> Result<(Vec<CheckCase>, bool)> {
    ensure!(
        paths.iter().all(|path| path.as_os_str() != "-"),
        "stdin (-) cannot be checked, as no expectation lies beside it: give capture files or folders"
    );
    let (files, others): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| CaseKind::of(path).is_some());
    let (archives, captures): (Vec<_>, Vec<_>) = others.into_iter().partition(|path| Intake::is_archive(path));
    let (mut expectations, mut useful, mut lost) = (files, Vec::new(), false);
    for path in captures {
        let inside = if path.is_dir() { search(&path) } else { Vec::new() };
        match discover(std::slice::from_ref(&path)) {
            Ok(_) => useful.push(path),
            Err(CaptureError::NoCapture { .. }) if !inside.is_empty() => {}
            Err(error) => {
                say(&error.to_string());
                lost = true;
            }
        }
        expectations.extend(inside);
    }
    let found = if useful.is_empty() && !archives.is_empty() { Vec::new() } else { discover(&useful)? };
    let mut cases = cases(found);
    cases.extend(archives.into_iter().map(case_of_archive));
    for expectation in expectations {
        if !cases.iter().any(|case| is_same(&case.expectation, &expectation)) {
            cases.push(case_of_expectation(expectation));
        }
    }
    find_rivals(&mut cases);
    Ok((cases, lost))
}

/// A case for each set of captures; a file of a set that has an expectation of its own begins another.
fn cases(sets: Vec<CaptureSet>) -> Vec<CheckCase> {
    let mut cases: Vec<CheckCase> = Vec::new();
    for set in sets {
        for (index, path) in set.paths.into_iter().enumerate() {
            let expectation = expectation_of(&path);
            match cases.last_mut().filter(|_| index > 0 && !expectation.exists()) {
                Some(case) => case.captures.push(path),
                None => {
                    cases.push(CheckCase { kind: CaseKind::Report, captures: vec![path], expectation, rival: None });
                }
            }
        }
    }
    cases
}

/// What is in an archive is checked as one.
fn case_of_archive(archive: PathBuf) -> CheckCase {
    let expectation = expectation_of(&archive);
    CheckCase { kind: CaseKind::Report, captures: vec![archive], expectation, rival: None }
}

/// The case of an expectation whose capture was not among the others: what lies beside it under its name, captures or
/// what should be some.
fn case_of_expectation(expectation: PathBuf) -> CheckCase {
    if CaseKind::of(&expectation) == Some(CaseKind::Comparison) {
        return CheckCase { kind: CaseKind::Comparison, captures: Vec::new(), expectation, rival: None };
    }
    let folder = expectation.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut beside: Vec<_> =
        inside.map(|name| expectation.with_file_name(name)).filter(|path| path.is_file()).collect();
    beside.retain(|path| CaseKind::of(path).is_none() && !is_hidden(path));
    beside.sort();
    let archives = beside.iter().filter(|path| expectation_of(path) == expectation && Intake::is_archive(path));
    let archives: Vec<CheckCase> = archives.cloned().map(case_of_archive).collect();
    let mut all = cases(discover(&beside).unwrap_or_default()).into_iter().chain(archives);
    let found = all.find(|case| case.expectation == expectation);
    found.unwrap_or(CheckCase { kind: CaseKind::Report, captures: Vec::new(), expectation, rival: None })
}

/// `a.pcap` and `a.pcapng` would share one file.
fn find_rivals(cases: &mut [CheckCase]) {
    for index in 0..cases.len() {
        let other =
            (0..cases.len()).find(|&other| other != index && cases[other].expectation == cases[index].expectation);
        cases[index].rival = other.and_then(|other| cases[other].captures.first().cloned());
    }
}

/// Expectations in a folder and below it, in order of names; what is hidden and links to folders are passed over.
fn search(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut paths: Vec<_> = entries.map(|name| folder.join(name)).filter(|path| !is_hidden(path)).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            found.extend(search(&path));
        } else if CaseKind::of(&path).is_some() && path.is_file() {
            found.push(path);
        }
    }
    found
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// `NAME.expected.json` beside a capture.
fn expectation_of(capture: &Path) -> PathBuf {
    let mut name = plain_name(capture);
    name.push(CaseKind::Report.ending());
    capture.with_file_name(name)
}

/// The name without `.pcap`, `.pcapng.gz` and the like. Any other name counts whole.
fn plain_name(capture: &Path) -> OsString {
    let ends = |path: &Path, endings: &[&str]| {
        path.extension().is_some_and(|end| endings.iter().any(|known| end.eq_ignore_ascii_case(known)))
    };
    let whole = Path::new(capture.file_name().unwrap_or_default());
    let plain = if ends(whole, &["gz", "zst"]) { Path::new(whole.file_stem().unwrap_or_default()) } else { whole };
    let name = if ends(plain, &["pcap", "pcapng", "cap", "dmp"]) { plain.file_stem() } else { Some(whole.as_os_str()) };
    name.unwrap_or_default().to_owned()
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A classic pcap with one packet at that second.
    fn pcap(second: u32) -> Vec<u8> {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        for field in [second, 0, 60, 60] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend([0xee; 60]);
        bytes
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        /// Expectations are empty; captures hold a packet, at the second that their digits say.
        fn new(names: &[&str]) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            for name in names {
                let path = folder.path(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let digits: String = name.chars().filter(char::is_ascii_digit).collect();
                let bytes =
                    if CaseKind::of(&path).is_some() { b"{}".to_vec() } else { pcap(10 * digits.parse().unwrap_or(1)) };
                fs::write(&path, bytes).unwrap();
            }
            folder
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Captures and expectation of each case, as names.
        fn cases(&self, names: &[&str]) -> Vec<(Vec<String>, String)> {
            let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
            let name = |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().to_str().unwrap().to_owned();
            let (cases, lost) = find(&paths).unwrap();
            assert!(!lost);
            cases.iter().map(|case| (case.captures.iter().map(name).collect(), name(&case.expectation))).collect()
        }
    }

    fn case(captures: &[&str], expectation: &str) -> (Vec<String>, String) {
        (captures.iter().map(|&name| name.to_owned()).collect(), expectation.to_owned())
    }

    #[test]
    fn an_expectation_has_the_name_of_its_capture() {
        for (capture, expectation) in [
            ("a.pcap", "a.expected.json"),
            ("x/a.b.pcapng", "x/a.b.expected.json"),
            ("a.pcapng.gz", "a.expected.json"),
            ("a.PCAP.zst", "a.expected.json"),
            ("a.cap", "a.expected.json"),
            ("a.pcap1", "a.pcap1.expected.json"),
            ("a.bin", "a.bin.expected.json"),
            ("a.gz", "a.gz.expected.json"),
            ("a", "a.expected.json"),
            (".pcap", ".pcap.expected.json"),
        ] {
            assert_eq!(expectation_of(Path::new(capture)), Path::new(expectation));
        }
    }

    #[test]
    fn a_folder_is_searched_for_captures_and_expectations() {
        let folder = Folder::new(&["a.pcap", "a.expected.json", "x/b.pcap", "x/c.expected.json", ".d.expected.json"]);
        fs::write(folder.path("e.txt"), "text").unwrap();
        assert_eq!(
            folder.cases(&[""]),
            [
                case(&["a.pcap"], "a.expected.json"),
                case(&["x/b.pcap"], "x/b.expected.json"),
                case(&[], "x/c.expected.json")
            ]
        );
        assert_eq!(folder.cases(&["x/c.expected.json"]), [case(&[], "x/c.expected.json")]);
        assert_eq!(folder.cases(&["a.expected.json", "a.pcap"]), [case(&["a.pcap"], "a.expected.json")]);
    }

    #[test]
    fn a_folder_of_expectations_alone_is_of_use() {
        let folder = Folder::new(&["a.expected.json"]);
        assert_eq!(folder.cases(&[""]), [case(&[], "a.expected.json")]);
        fs::create_dir(folder.path("empty")).unwrap();
        let (cases, lost) = find(&[folder.path("empty"), folder.path("a.expected.json")]).unwrap();
        assert!(lost && cases.len() == 1);
    }

    #[test]
    fn what_should_be_a_capture_is_not_overlooked() {
        let folder = Folder::new(&["a.expected.json", "b.pcap"]);
        fs::write(folder.path("a.pcap"), "text").unwrap();
        assert_eq!(folder.cases(&[""]), [case(&["a.pcap"], "a.expected.json"), case(&["b.pcap"], "b.expected.json")]);
    }

    #[test]
    fn files_of_a_rotated_capture_are_one_case_unless_they_have_their_own() {
        let folder = Folder::new(&["r1.pcap", "r2.pcap", "r3.pcap"]);
        assert_eq!(folder.cases(&[""]), [case(&["r1.pcap", "r2.pcap", "r3.pcap"], "r1.expected.json")]);
        fs::write(folder.path("r1.expected.json"), "{}").unwrap();
        let set = [case(&["r1.pcap", "r2.pcap", "r3.pcap"], "r1.expected.json")];
        assert_eq!(folder.cases(&["r1.expected.json"]), set);
        fs::write(folder.path("r3.expected.json"), "{}").unwrap();
        assert_eq!(
            folder.cases(&[""]),
            [case(&["r1.pcap", "r2.pcap"], "r1.expected.json"), case(&["r3.pcap"], "r3.expected.json")]
        );
    }

    #[test]
    fn two_captures_of_one_name_know_of_each_other() {
        let folder = Folder::new(&["a.pcap", "a.pcapng", "b.pcap"]);
        let (cases, _) = find(&[folder.path("")]).unwrap();
        let rivals: Vec<_> = cases.iter().map(|case| case.rival.clone()).collect();
        assert_eq!(rivals, [Some(folder.path("a.pcapng")), Some(folder.path("a.pcap")), None]);
    }

    #[test]
    fn comparisons_are_found_beside_captures() {
        let folder = Folder::new(&["a.pcap", "a.expected.json", "a.compare.json"]);
        let both = [case(&["a.pcap"], "a.expected.json"), case(&[], "a.compare.json")];
        assert_eq!(folder.cases(&[""]), both);
        assert_eq!(folder.cases(&["a.compare.json"]), both[1..]);
        let (cases, _) = find(&[folder.path("a.compare.json")]).unwrap();
        assert_eq!(cases[0].kind, CaseKind::Comparison);
    }

    #[test]
    fn stdin_is_refused() {
        assert!(find(&["-".into()]).unwrap_err().to_string().contains("stdin"));
    }
}
