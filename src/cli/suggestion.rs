//! Suggestions for whoever named a rule or a file that does not exist.

use crate::diagnose::rules::RULES;
use crate::report::escape;
use std::fs;
use std::path::Path;

/// Words to be added to the sentence that there is no such rule.
pub(super) fn suggestion(id: &str) -> String {
    let near = nearest(id, RULES.iter().map(|rule| rule.about().id.as_str()));
    let near: Vec<_> = near.iter().map(|id| format!("'{id}'")).collect();
    if near.is_empty() {
        ": nrpcsniff rules lists them".to_owned()
    } else {
        format!(": did you mean {}? nrpcsniff rules lists them all", near.join(" or "))
    }
}

/// Words to be added to the sentence that there is no such file: files of its folder with names like it.
pub(super) fn files_near(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    let wanted = stem(&path.file_name().unwrap_or_default().to_string_lossy());
    let whole = path.file_name().unwrap_or_default().to_string_lossy();
    let of = |name: &String| (distance(&wanted, &stem(name)), distance(&whole, name));
    let mut near: Vec<_> = names.iter().map(|name| (of(name), name)).collect();
    near.retain(|((far, _), name)| *far <= stem(name).len() / 3 && !wanted.is_empty());
    near.sort_unstable();
    let shown = |name: &String| format!("'{}'", escape::path(&path.with_file_name(name)));
    let near: Vec<_> = near.into_iter().take(3).map(|(_, name)| shown(name)).collect();
    if near.is_empty() { String::new() } else { format!(". Did you mean {}?", near.join(" or ")) }
}

/// Up to three ids that hold `wanted` or are a few letters away from it, the nearest first.
pub(super) fn nearest<'a>(wanted: &str, ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut near: Vec<_> = ids
        .map(|id| (if !wanted.is_empty() && id.contains(&wanted) { 0 } else { distance(&wanted, id) }, id))
        .filter(|(distance, id)| *distance <= id.len() / 3)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

/// Edit distance (Levenshtein): letters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    // More than an id's length away is far enough.
    let a: Vec<char> = a.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, letter) in b.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &other) in a.iter().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_letters_that_differ() {
        for (a, b, far) in [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0)]
        {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
    }

    #[test]
    fn near_ids_are_offered() {
        let ids = ["nrpc-name-mismatch-alias", "nrpc-name-mismatch-real", "cap-midstream"];
        assert_eq!(nearest("nrpc-name-mismach-alias", ids.into_iter())[0], ids[0]);
        assert_eq!(nearest("MIDSTREAM", ids.into_iter()), ["cap-midstream"]);
        assert!(nearest("quite-something-else-altogether", ids.into_iter()).is_empty());
        assert!(nearest("", ids.into_iter()).is_empty());
    }
}
