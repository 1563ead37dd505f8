//! Every form in which a log may be sent says the same: each is put around each sample log, and the findings and the
//! numbers of their lines stay what they were.

use nrpcsniff::Diagnoser;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What a form does to the lines of a log; some make several lines of one.
type Form = (&'static str, fn(&[&str]) -> Vec<Vec<String>>);

/// The same text in front of every line.
macro_rules! before {
    ($($name:literal: $text:literal,)*) => {
        [$(($name, (|lines: &[&str]| each(lines, |line| format!("{}{line}", $text))) as fn(&[&str]) -> Vec<Vec<String>>),)*]
    };
}

fn each(lines: &[&str], form: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    lines.iter().map(|line| vec![form(line)]).collect()
}

/// What tools put in front of a line.
const PREFIXES: [Form; 16] = before! {
    "docker compose": "community-1  | ",
    "docker compose, another name": "sametime-mux-12 | ",
    "kubectl": "[pod/chat-0/proxy] ",
    "grep -H": "/logs/STMS_SystemOut.log:",
    "grep -Hn": "SystemOut.log:4711:",
    "findstr": "D:\\IBM\\logs\\SystemOut.log:",
    "quoted": "> ",
    "quoted twice": ">> ",
    "quoted with tab": ">\t",
    "indented": "    ",
    "tab": "\t",
    "syslog": "Jan 25 07:27:34 chat1 java[77]: ",
    "syslog with number": "<131>Jan 25 07:27:34 chat1 java[77]: ",
    "colours": "\u{1b}[36m",
    "quoted grep of compose": "> docker.log:community-1  | ",
    "cloud": "2016-11-03T12:32:44.83-0200 [App/0]      ERR ",
};

/// Forms that change more than the beginning of a line.
const OTHERS: [Form; 6] = [
    ("docker json-file", |lines| {
        each(lines, |line| {
            let text = serde_json::to_string(&format!("{line}\n")).unwrap();
            format!("{{\"log\":{text},\"stream\":\"stdout\",\"time\":\"2016-06-07T21:01:00.502562079Z\"}}")
        })
    }),
    ("journal", |lines| {
        each(lines, |line| {
            format!("{{\"MESSAGE\":{},\"SYSLOG_IDENTIFIER\":\"x\"}}", serde_json::to_string(line).unwrap())
        })
    }),
    ("blanks at the end", |lines| each(lines, |line| format!("{line}   "))),
    ("no-break blanks", |lines| each(lines, |line| line.replace(' ', "\u{a0}"))),
    ("entities", |lines| each(lines, |line| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))),
    ("typographic", |lines| each(lines, |line| line.replace(" - ", " – ").replace("...", "…").replace('\'', "’"))),
];

/// A line at a width: parted at the last blank that goes in, else cut.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.chars().collect();
    let mut parts = Vec::new();
    while rest.len() > width {
        let blank = rest[..=width].iter().rposition(|c| *c == ' ').filter(|at| *at > 0);
        let (end, from) = blank.map_or((width, width), |at| (at, at + 1));
        parts.push(rest[..end].iter().collect());
        rest.drain(..from);
    }
    parts.push(rest.into_iter().collect());
    parts
}

/// Rule, severity, confidence and the lines that show it, of every finding.
fn findings(folder: &Path, bytes: &[u8], lines: &dyn Fn(u64) -> u64) -> Vec<String> {
    let path = folder.join("a.log");
    fs::write(&path, bytes).unwrap();
    let diagnosis = Diagnoser::default().log(path.to_str().unwrap(), None).diagnose::<&str>(&[]).unwrap();
    let shown = diagnosis.findings().iter().map(|finding| {
        let mut shown = format!("{} {:?} {:?}", finding.rule, finding.severity, finding.confidence);
        for fact in &finding.evidence {
            if let Some(line) = fact.line {
                write!(shown, " {}", lines(line.line)).unwrap();
            }
        }
        shown
    });
    shown.collect()
}

/// Sample logs of this repository, and real ones where they are at hand.
fn logs() -> Vec<(String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root.join("samples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    let real = [
        "reference/stusers-sample.txt",
        "reference/systemout-sample.txt",
        "field/24-domino-access-denied.log",
        "field/10-domino-tls-and-passwords.log",
        "field/04-secj0369e-ldap49-775.log",
    ];
    for name in real {
        let path = root.join("../shared").join(name);
        if path.exists() { paths.push(path) } else { eprintln!("SKIPPED: {} is not there", path.display()) }
    }
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_form_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, text) in logs() {
        let plain: Vec<&str> = text.lines().collect();
        let expected = findings(folder.path(), text.as_bytes(), &|line| line);
        for (form, apply) in PREFIXES.iter().chain(&OTHERS) {
            let whole = apply(&plain).concat().join("\n") + "\n";
            let found = findings(folder.path(), whole.as_bytes(), &|line| line);
            if found != expected {
                wrong.push(format!("{name}, {form}:\n  {found:?}\n  {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_encoding_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in logs() {
        let expected = findings(folder.path(), text.as_bytes(), &|line| line);
        let wide =
            |unit: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for bytes in [
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
            format!("\u{feff}{text}").into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
            text.trim_end().to_owned().into_bytes(),
        ] {
            assert_eq!(findings(folder.path(), &bytes, &|line| line), expected, "{name}");
        }
    }
}

/// Wrapped lines have the number of their first line.
#[test]
fn every_width_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, text) in logs() {
        let plain: Vec<&str> = text.lines().collect();
        let expected = findings(folder.path(), text.as_bytes(), &|line| line);
        for width in [64, 72, 76, 80, 100, 120, 132] {
            for cut in [false, true] {
                let parts = |line: &&str| if cut { hard(line, width) } else { wrapped(line, width) };
                let parted: Vec<Vec<String>> = plain.iter().map(parts).collect();
                let number = |physical: u64| {
                    let mut first = 1;
                    let of = parted.iter().position(|parts| {
                        let begins = first;
                        first += parts.len() as u64;
                        physical >= begins && physical < first
                    });
                    of.map_or(0, |place| place as u64 + 1)
                };
                let found = findings(folder.path(), (parted.concat().join("\n") + "\n").as_bytes(), &number);
                if found != expected {
                    wrong.push(format!(
                        "{name}, {width}{}:\n  {found:?}\n  {expected:?}",
                        if cut { ", cut" } else { "" }
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A line cut at a width, as terminals do.
fn hard(line: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    characters.chunks(width).map(|part| part.iter().collect()).collect()
}

/// Several files in one paste: each is read for itself, and none lends its time to the next.
#[test]
fn several_files_in_one_paste() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs();
    let [stusers, systemout] = ["st-log-4098.stusers.log", "sip-undefined.systemout.log"]
        .map(|name| logs.iter().find(|(path, _)| path.ends_with(name)).unwrap().1.clone());
    let one = findings(folder.path(), stusers.as_bytes(), &|line| line);
    let before = stusers.lines().count() as u64 + 2;
    let other = findings(folder.path(), systemout.as_bytes(), &|line| line + before);
    let whole = format!("==> trace.txt <==\n{stusers}==> SystemOut.log <==\n{systemout}");
    let mut found = findings(folder.path(), whole.as_bytes(), &|line| line);
    let mut expected: Vec<String> = findings(folder.path(), stusers.as_bytes(), &|line| line + 1);
    assert_eq!(expected.len(), one.len());
    expected.extend(other);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
