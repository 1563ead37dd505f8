//! One name for one thing: no type name stands for two things in one room. What belongs to a protocol, or to the family of rules
//! of that name, is told apart by it: `nrpc::Message` and `sip::Message` are two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders and files that tell names apart: protocols, what is carried in them, and families of rules.
const QUALIFIERS: [&str; 21] = [
    "cap",
    "dns",
    "http",
    "http2",
    "idp",
    "jwt",
    "ldap",
    "logs",
    "ltpa",
    "media",
    "net",
    "nrpc",
    "sametime",
    "sip",
    "socks",
    "sso",
    "st",
    "stun",
    "tcp",
    "tls",
    "websocket",
];

/// One system or another: only one of them is built.
const ALTERNATIVES: [&str; 4] =
    ["live/rights/elsewhere.rs", "live/rights/linux.rs", "capture/live/missing.rs", "capture/live/pcap.rs"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file below a folder, tests apart.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    let is_test = |path: &Path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
    found.filter(|path| path.extension().is_some_and(|end| end == "rs") && !is_test(path)).collect()
}

/// Names of types that a file declares by itself, outside of its tests.
fn types(source: &str) -> BTreeSet<&str> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let declared = source.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| {
        let words = line.split([' ', '<', '(', ')', '{', ';', ':']).filter(|word| !word.is_empty());
        let mut words = words.skip_while(|word| matches!(*word, "pub" | "crate" | "super"));
        matches!(words.next()?, "struct" | "enum" | "trait" | "type" | "union").then(|| words.next()).flatten()
    });
    declared.collect()
}

/// What tells the names in that file apart, if something does: the innermost of its folders and its own name.
fn qualifier(path: &Path) -> Option<String> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let folders = path.ancestors().skip(1).filter_map(|folder| folder.file_name());
    let names = stem.into_iter().chain(folders.map(|folder| folder.to_string_lossy().into_owned()));
    names.into_iter().find(|name| QUALIFIERS.contains(&name.as_str()))
}

/// Names that stand in several files of a room, with the files, unless each but one has a qualifier of its own.
fn doubles(folder: &Path) -> Vec<String> {
    let mut known: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in sources(folder).into_iter().filter(|path| !ALTERNATIVES.iter().any(|one| path.ends_with(one))) {
        for name in types(&fs::read_to_string(&path).unwrap()) {
            known.entry(name.to_owned()).or_default().push(path.clone());
        }
    }
    let is_double = |files: &Vec<PathBuf>| {
        let told: BTreeSet<_> = files.iter().map(|path| qualifier(path.strip_prefix(folder).unwrap())).collect();
        told.len() < files.len()
    };
    known.into_iter().filter(|(_, files)| is_double(files)).map(|(name, files)| format!("{name}: {files:?}")).collect()
}

#[test]
fn no_type_name_stands_for_two_things_in_one_room() {
    let src = repository().join("src");
    let rooms = fs::read_dir(&src).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let crates = ["dissectors/src", "samples/src"].map(|path| repository().join(path));
    let found: Vec<_> = rooms.chain(crates).flat_map(|room| doubles(&room)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn types_are_found_however_they_are_declared() {
    let source = "pub struct One<'a> {\npub(crate) enum Two {\ntype Three = u8;\npub(crate) trait Four: Sized {\n    struct No;\n\
                  struct Five(u8);\nfn struct_of() {}\n#[cfg(test)]\nmod tests {\nstruct Six;\n}\n";
    assert_eq!(types(source), BTreeSet::from(["Five", "Four", "One", "Three", "Two"]));
    assert_eq!(qualifier(Path::new("rules/ltpa/expired.rs")).as_deref(), Some("ltpa"));
    assert_eq!(qualifier(Path::new("http/websocket.rs")).as_deref(), Some("websocket"));
    assert_eq!(qualifier(Path::new("groups.rs")), None);
}
