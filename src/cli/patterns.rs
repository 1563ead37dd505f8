//! Patterns of names (`*.pcapng`), for shells that leave them alone: those of Windows, and any where they are quoted.

use glob::{MatchOptions, PatternError, glob_with};
use std::path::{Path, PathBuf};

/// What a pattern matches, in the order of names; `None` if it is none, or the name of something that is there.
///
/// # Errors
/// It cannot be a pattern.
pub(super) fn matches(path: &Path) -> Result<Option<Vec<PathBuf>>, PatternError> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) || path.exists() {
        return Ok(None);
    }
    // As the system compares names.
    let options = MatchOptions { case_sensitive: !cfg!(windows), ..MatchOptions::default() };
    Ok(Some(glob_with(&text, options)?.flatten().collect()))
}

/// Patterns among these paths in place of which what they match is meant; one that matches nothing stays, and is missing then like any
/// file.
pub(super) fn expanded(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let behind = |path: PathBuf| match matches(&path) {
        Ok(Some(found)) if !found.is_empty() => found,
        _ => vec![path],
    };
    paths.into_iter().flat_map(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_pattern_is_what_it_matches_and_anything_else_itself() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.pcap", "a.pcap", "c.log", "odd[1].pcap"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let path = |name: &str| folder.path().join(name);
        let all = |name: &str| expanded([path(name)]);
        assert_eq!(all("?.pcap"), [path("a.pcap"), path("b.pcap")]);
        assert_eq!(all("[bc].*"), [path("b.pcap"), path("c.log")]);
        for itself in ["odd[1].pcap", "a.pcap", "missing.pcap", "*.zip", "[.pcap"] {
            assert_eq!(all(itself), [path(itself)], "{itself}");
        }
        assert!(matches(&path("[.pcap")).is_err() && matches(&path("*.zip")).unwrap().unwrap().is_empty());
        assert_eq!(expanded([PathBuf::from("-"), path("*.log")]), [PathBuf::from("-"), path("c.log")]);
    }
}
