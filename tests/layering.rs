//! Holds the directions of the house: what each room may import, that the lower rooms name no protocol, and that
//! nothing but the rooms at both ends reads a clock, a file or a socket. Tests may look anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a room may import; `dissectors` is the crate of that name.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("model", &["dissectors"]),
    ("capture", &["model"]),
    ("decode", &["model"]),
    ("stream", &["model"]),
    ("decrypt", &["model", "dissectors"]),
    ("engine", &["model", "capture", "decode", "stream", "decrypt", "dissectors"]),
    ("logs", &["model", "dissectors"]),
    ("facts", &["model", "dissectors"]),
    ("diagnose", &["model", "facts", "dissectors"]),
    ("compare", &["model", "facts", "diagnose", "dissectors"]),
    ("report", &["model", "dissectors"]),
    ("live", &UP_TO_REPORT),
    ("api", &EVERYTHING_BUT_CLI),
    ("redact", &BELOW_REDACT),
    ("cli", &EVERYTHING),
];

const UP_TO_REPORT: [&str; 12] = [
    "model",
    "capture",
    "decode",
    "stream",
    "decrypt",
    "engine",
    "logs",
    "facts",
    "diagnose",
    "compare",
    "report",
    "dissectors",
];
const EVERYTHING_BUT_CLI: [&str; 13] = [
    "model",
    "capture",
    "decode",
    "stream",
    "decrypt",
    "engine",
    "logs",
    "facts",
    "diagnose",
    "compare",
    "report",
    "live",
    "dissectors",
];
/// `api` among them: what is redacted is diagnosed first.
const BELOW_REDACT: [&str; 10] =
    ["model", "capture", "decode", "stream", "logs", "facts", "diagnose", "report", "api", "dissectors"];
const EVERYTHING: [&str; 15] = [
    "model",
    "capture",
    "decode",
    "stream",
    "decrypt",
    "engine",
    "logs",
    "facts",
    "diagnose",
    "compare",
    "report",
    "live",
    "api",
    "redact",
    "dissectors",
];

/// Rooms that know bytes, frames and segments, and none of the protocols.
const WITHOUT_PROTOCOLS: [&str; 3] = ["capture", "decode", "stream"];

/// Rooms whose only time is that of packets, and whose only input is what they are given.
const PURE: [&str; 10] =
    ["dissectors", "model", "decode", "stream", "decrypt", "engine", "logs", "facts", "diagnose", "compare"];
const IMPURE: [&str; 8] =
    ["SystemTime", "Instant", "std::fs", "std::env", "std::process", "std::thread", "TcpStream", "UdpSocket"];

/// A source text without its comments and tests; what was taken out is blank, so that places stay.
struct Code {
    /// With what stands in string literals.
    whole: String,
    /// Without.
    bare: String,
}

impl Code {
    fn of(source: &str) -> Self {
        let (mut whole, mut bare) = blank(source);
        while let Some((start, end)) = test_item(&bare) {
            for text in [&mut whole, &mut bare] {
                text.replace_range(start..end, &" ".repeat(end - start));
            }
        }
        Self { whole, bare }
    }
}

/// The source without comments, and without comments and literals. What is not ASCII is blank in either.
fn blank(source: &str) -> (String, String) {
    let source = &source.replace(|c: char| !c.is_ascii(), " ");
    let bytes = source.as_bytes();
    let (mut whole, mut bare) = (vec![b' '; bytes.len()], vec![b' '; bytes.len()]);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let (length, is_comment) = match rest {
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), true),
            _ if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), true),
            _ => (literal(rest), false),
        };
        let taken = at..at + length.max(1);
        if length == 0 {
            bare[at] = bytes[at];
        }
        if !is_comment {
            whole[taken.clone()].copy_from_slice(&bytes[taken.clone()]);
        }
        at = taken.end;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(whole), text(bare))
}

/// Length of the string or character literal that begins here; 0 if none does.
fn literal(rest: &str) -> usize {
    let hashes = rest.strip_prefix('r').map_or("", |raw| &raw[..raw.len() - raw.trim_start_matches('#').len()]);
    if let Some(raw) = rest.strip_prefix(&format!("r{hashes}\"")) {
        let end = format!("\"{hashes}");
        return 2 + hashes.len() + raw.find(&end).map_or(raw.len(), |at| at + end.len());
    }
    let bytes = rest.as_bytes();
    let is_character = bytes[0] == b'\'' && (bytes.get(1) == Some(&b'\\') || bytes.get(2) == Some(&b'\''));
    if bytes[0] != b'"' && !is_character {
        return 0;
    }
    let mut at = 1;
    while at < bytes.len() && bytes[at] != bytes[0] {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// Where the next item that is built for tests only begins and ends.
fn test_item(bare: &str) -> Option<(usize, usize)> {
    let start = bare.find("#[cfg(test)]")?;
    let body = start + bare[start..].find(['{', ';']).unwrap_or(bare.len() - start - 1);
    let mut depth = 0;
    for (at, byte) in bare.bytes().enumerate().skip(body) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((start, at + 1));
        }
    }
    Some((start, bare.len()))
}

/// Names of the modules that a file has for tests only.
fn test_modules(source: &str) -> BTreeSet<String> {
    let (_, bare) = blank(source);
    let after = bare.split("#[cfg(test)]").skip(1);
    let name = |text: &str| Some(text.trim_start().strip_prefix("mod ")?.split_once(';')?.0.to_owned());
    after.filter_map(name).filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_')).collect()
}

/// The rooms that this code reaches, by `crate::`, by `super::` out of its own room, or as the crate of dissectors.
/// `depth` is the number of modules between the file and the root of the crate.
fn imports(bare: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in bare.match_indices("crate::") {
        found.extend(first_names(&bare[at + "crate::".len()..]));
    }
    let out = "super::".repeat(depth);
    for (at, _) in bare.match_indices(&out) {
        found.extend(first_names(&bare[at + out.len()..]));
    }
    if bare.contains("nrpcsniff_dissectors") {
        found.insert("dissectors".to_owned());
    }
    found
}

/// The first name of a path, or of each path in `{..}`.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect::<String>();
    let Some(list) = rest.trim_start().strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&list[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// Protocols named in code: `dns` is one in `dns_names`, `Dns` and "DNS", not in `nrpcsniff`.
fn protocols_named(whole: &str) -> BTreeSet<&'static str> {
    let lower = whole.to_lowercase();
    let words: BTreeSet<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    // LTPA is no protocol, but travels in three of them.
    let names = nrpcsniff_dissectors::PROTOCOLS.iter().map(|protocol| protocol.name).chain(["ltpa"]);
    names.filter(|protocol| words.contains(protocol)).collect()
}

/// What a file of a room does that it may not.
fn offences(room: &str, depth: usize, source: &str) -> Vec<String> {
    let code = Code::of(source);
    let mut offences = Vec::new();
    let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
    let is_room = |name: &String| name == "dissectors" || MAY_IMPORT.iter().any(|(room, _)| room == name);
    for import in imports(&code.bare, depth).into_iter().filter(is_room) {
        if import != room && allowed.is_some_and(|allowed| !allowed.contains(&import.as_str())) {
            offences.push(format!("{room} imports {import}"));
        }
    }
    if WITHOUT_PROTOCOLS.contains(&room) {
        offences.extend(protocols_named(&code.whole).iter().map(|protocol| format!("{room} names {protocol}")));
    }
    if PURE.contains(&room) {
        let used = IMPURE.into_iter().filter(|word| code.bare.contains(word));
        offences.extend(used.map(|word| format!("{room} uses {word}")));
    }
    offences
}

/// Every source file of a folder that is not for tests only.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let (mut sources, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        let parent = ["mod.rs", "lib.rs"].iter().find_map(|name| fs::read_to_string(folder.join(name)).ok());
        let for_tests = test_modules(&parent.unwrap_or_default());
        for path in entries {
            if for_tests.contains(path.file_stem().unwrap().to_str().unwrap()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    sources
}

#[test]
fn rooms_import_what_they_may() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut wrong, mut rooms) = (Vec::new(), BTreeSet::new());
    for (path, text) in sources(&repository.join("src")) {
        let inside = path.strip_prefix(repository.join("src")).unwrap();
        let parts: Vec<_> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let [room, .., file] = parts[..] else { continue };
        let depth = parts.len() - usize::from(file == "mod.rs");
        rooms.insert(room.to_owned());
        wrong.extend(offences(room, depth, &text).into_iter().map(|what| format!("{}: {what}", inside.display())));
    }
    for (path, text) in sources(&repository.join("dissectors/src")) {
        wrong.extend(offences("dissectors", 1, &text).into_iter().map(|what| format!("{}: {what}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<_> = MAY_IMPORT.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, known, "every room has its line in the table of this test");
}

#[test]
fn a_wrong_import_is_found_however_it_is_written() {
    for (room, depth, source, offence) in [
        ("decode", 2, "use crate::stream::Sink;", "decode imports stream"),
        ("stream", 2, "use crate::{\n    model::{Side, Stamp},\n    engine,\n};", "stream imports engine"),
        ("capture", 2, "fn f(x: crate::report::Format) {}", "capture imports report"),
        ("diagnose", 3, "use super::super::super::decode::flags;", "diagnose imports decode"),
        ("report", 2, "use super::super::engine::Pipeline;", "report imports engine"),
        ("live", 2, "use crate::cli::plan::Plan;", "live imports cli"),
        ("api", 2, "use crate::cli::plan::Plan;", "api imports cli"),
        ("engine", 2, "use crate::live::KeyLogTail;", "engine imports live"),
        ("stream", 2, "use nrpcsniff_dissectors::Message;", "stream imports dissectors"),
        ("engine", 2, "use crate::diagnose::{diagnose, Settings};", "engine imports diagnose"),
        ("facts", 3, "use crate::diagnose::Draft;", "facts imports diagnose"),
        ("decode", 2, "const PORT_OF_NRPC: u16 = 1352;", "decode names nrpc"),
        ("capture", 2, "const WHAT: &str = \"a DNS name\";", "capture names dns"),
        ("stream", 2, "use std::time::Instant;", "stream uses Instant"),
        ("dissectors", 1, "let now = std::time::SystemTime::now();", "dissectors uses SystemTime"),
        ("decode", 2, "#[cfg(test)]\nmod tests { fn a() { \"}\"; } }\nuse crate::cli;", "decode imports cli"),
    ] {
        assert_eq!(offences(room, depth, source), [offence], "{source}");
    }
}

#[test]
fn what_is_right_is_left_alone() {
    for (room, depth, source) in [
        ("decode", 2, "use crate::model::Frame;\nuse super::span::Span;"),
        ("stream", 2, "use crate::{model::{Segment, flags}, model::Side};"),
        ("diagnose", 3, "use super::super::names::compare;"),
        ("capture", 2, "// NRPC and DNS, crate::engine\nconst TOOL: &str = \"nrpcsniff\"; /* crate::cli */"),
        ("capture", 2, "let text = r#\"use crate::engine \" quoted\"#; let quote = '\"'; // crate::cli \""),
        ("stream", 2, "#[cfg(test)]\nmod tests {\n    use crate::engine::Pipeline;\n    fn nrpc() { if x { } }\n}"),
        ("cli", 2, "use crate::{capture, engine, report};"),
    ] {
        assert_eq!(offences(room, depth, source), Vec::<String>::new(), "{source}");
    }
    assert_eq!(test_modules("mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod c { }"), ["b".to_owned()].into());
}
