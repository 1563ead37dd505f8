//! The catalogue holds what it promises: every row is read, and its test line is known by that row and no other.

use super::{FILES, find, row};
use crate::logs::kind::Frame;
use crate::model::{LogWeight, Witness};
use std::collections::BTreeSet;

/// What stands in a hole where no test line is given.
fn sample(hole: &str) -> &'static str {
    match hole {
        "user" | "name" => "CN=Ann Smith/O=ACME",
        "server" | "other" | "asked" => "MAIL01/ACME",
        "address" | "host" => "mail01.example.com",
        "peer" => "10.1.0.50",
        "own" => "10.1.0.9(443)",
        "port" => "TCPIP",
        "reason" => "no words",
        "code" | "n" | "m" | "k" => "4",
        "request" => "FINDDESIGN_NOTES",
        "kind" => "Local network",
        "task" => "http",
        "m2" => "56",
        "*" => " x ",
        _ => "word",
    }
}

/// The line that a row stands for.
fn line_of(pattern: &str) -> String {
    let bare = pattern.trim_start_matches(['!', '^']).trim_end_matches('$');
    if bare.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'#')
        && bare.contains(|c: char| c.is_ascii_digit() || c == '#')
    {
        return format!("{}: words in any language", bare.replace('#', "9"));
    }
    let mut line = String::new();
    let mut rest = bare;
    while let Some((before, behind)) = rest.split_once('<') {
        line.push_str(before);
        let is_hole = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'*');
        if let Some((name, after)) = behind.split_once('>').filter(|(name, _)| is_hole(name)) {
            line.push_str(sample(name));
            rest = after;
        } else {
            line.push('<');
            rest = behind;
        }
    }
    line + rest
}

/// Rows of all files: file, frame, cells.
fn rows() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        let mut frame = "{}";
        for line in text.lines() {
            if let Some(given) = line.strip_prefix("#frame ") {
                frame = given;
            } else if !line.starts_with('#') && !line.is_empty() {
                all.push((file, frame, line.split(" | ").collect()));
            }
        }
    }
    all
}

/// A line for every row, in the frame of its kind, with the row's file and pattern.
pub(crate) fn lines() -> Vec<(&'static str, &'static str, String)> {
    let line = |(file, frame, cells): (&'static str, &'static str, Vec<&'static str>)| {
        let message = cells.get(7).map_or_else(|| line_of(cells[0]), |line| (*line).to_owned());
        (file, cells[0], frame.replace("{}", &message))
    };
    rows().into_iter().map(line).collect()
}

#[test]
fn every_row_is_read() {
    for (file, _, cells) in rows() {
        assert!((7..=8).contains(&cells.len()), "{file}: {cells:?}");
        let whole = cells.join(" | ");
        assert!(row(file, String::leak(whole), &[]).is_some(), "{file}: {cells:?}");
    }
}

#[test]
fn every_row_knows_its_test_line() {
    let mut wrong = Vec::new();
    for (file, pattern, line) in lines() {
        let framed = Frame::of(&line).map_or(line.as_str(), |frame| frame.message);
        match find(framed) {
            Some(found) if found.meaning.pattern == pattern && found.file == file => {}
            found => wrong.push(format!(
                "{file}: {pattern:?}\n  in {line:?}\n  found {:?}",
                found.map(|f| (f.file, f.meaning.pattern))
            )),
        }
    }
    assert!(wrong.is_empty(), "{} rows are not found by their test line:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_row_stands_twice() {
    let mut seen = BTreeSet::new();
    for (file, _, cells) in rows() {
        assert!(seen.insert((file, cells[0])), "{file}: {}", cells[0]);
    }
}

/// What nobody showed yet must not shout alone: rules cap it (see `log_told`), and info stays info.
#[test]
fn sources_are_named() {
    for (file, _, cells) in rows() {
        let read = row(file, String::leak(cells.join(" | ")), &[]).unwrap();
        assert!(!read.meaning.source.is_empty() && read.meaning.means.len() > 8, "{file}: {}", cells[0]);
        assert!(read.meaning.cause.is_none() || read.meaning.weight > LogWeight::Info, "{file}: {}", cells[0]);
        assert!(Witness::ALL.contains(&read.meaning.witness));
    }
}
