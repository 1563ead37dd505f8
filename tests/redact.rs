//! `redact`: what comes out says the same of sign-on and holds nothing of what had to go. Over every sample, and over other people's
//! captures where they are at hand.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use support::{all_samples, corpus, files_under, has, list, nrpcsniff, sample, samples, shout, tshark, two_at_a_time};

const ALL: [&str; 2] = ["--names", "--addresses"];
/// Shorter values stand in captures for other reasons.
const SHORTEST: usize = 12;
/// Characters of a secret that are looked for.
const LOOKED_FOR: usize = 16;

/// A folder of its own, and a key.
struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "a key that this test knows").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Redacts a file, and gives the path of the copy.
    fn redact(&self, path: &Path, options: &[&str], name: &str) -> PathBuf {
        let copy = self.path(name);
        let done = nrpcsniff()
            .args(["redact", "--force", "--key"])
            .arg(self.path("key"))
            .args(options)
            .arg(path)
            .arg(&copy)
            .output();
        let done = done.unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        // Some captures of others are damaged: their copies are, too.
        let is_damaged = done.status.code() == Some(2) && said.contains("the copy ends there, too");
        assert!(done.status.success() || is_damaged, "{}: {said}", path.display());
        copy
    }
}

fn report(path: &Path, options: &[&str]) -> Value {
    let output = nrpcsniff().args(["--all", "--format", "json"]).args(options).arg(path).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What findings say without naming anybody.
fn findings(report: &Value) -> Vec<String> {
    let told = |finding: &Value| {
        let [rule, severity, confidence, conversations] =
            ["rule", "severity", "confidence", "conversations"].map(|key| finding[key].to_string());
        format!("{rule} {severity} {confidence} {} {conversations}", finding["group"]["count"])
    };
    let mut findings: Vec<_> = list(report, "findings").iter().map(told).collect();
    findings.sort();
    findings.push(report["verdict"]["kind"].to_string());
    findings
}

/// Texts of a report that `is_wanted` takes by their name.
fn texts(value: &Value, name: &str, is_wanted: &dyn Fn(&str, &Value) -> bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get("value").filter(|_| is_wanted("value", value)) {
                found.insert(text.trim_matches('"').to_owned());
            }
            fields.iter().for_each(|(name, value)| texts(value, name, is_wanted, found));
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, name, is_wanted, found)),
        Value::String(text) if is_wanted(name, value) => {
            found.insert(text.clone());
        }
        _ => {}
    }
}

/// Values of tokens, cookies and passwords: the part of each that no stand-in keeps.
fn secrets(report: &Value) -> BTreeSet<String> {
    let is_secret = |name: &str, value: &Value| {
        let about = value["name"].as_str().unwrap_or_default().to_lowercase();
        name == "value"
            && value.is_object()
            && (about.contains("passw") || value["token"].is_object() || value["class"].is_string())
    };
    let mut found = BTreeSet::new();
    texts(report, "", &is_secret, &mut found);
    let is_address = |text: &str| text.starts_with('/') || text.starts_with("http");
    let long = found.into_iter().filter(|text| text.len() >= SHORTEST && text.is_ascii() && !is_address(text));
    let core = |text: String| {
        let text = text.trim_end_matches('=');
        let end = text.len() - 2;
        text[end.saturating_sub(LOOKED_FOR)..end].to_owned()
    };
    long.map(core).filter(|core| core.bytes().any(|byte| byte.is_ascii_alphanumeric())).collect()
}

/// Names of people, hosts and servers that are more than a word.
fn names(report: &Value) -> BTreeSet<String> {
    let keys = ["user", "wanted_server", "own_name", "server_name", "host", "sni", "user_name", "user_id", "community"];
    let is_name = |name: &str, value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        keys.contains(&name) && text.len() > 5 && text.contains(['.', '/', '=']) && host.parse::<IpAddr>().is_err()
    };
    let mut found = BTreeSet::new();
    texts(report, "", &is_name, &mut found);
    // WebSphere's own user and realm, wherever it is installed.
    found.into_iter().filter(|name| !name.contains("defaultWIMFileBasedRealm")).collect()
}

fn addresses(report: &Value) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::new();
    texts(report, "", &|_, value| value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok()), &mut found);
    let stays = |address: &IpAddr| address.is_loopback() || address.is_multicast() || address.is_unspecified();
    found.into_iter().filter_map(|text| text.parse().ok()).filter(|address| !stays(address)).collect()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}

/// The forms in which a text may stand among bytes.
fn forms(text: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let hex = text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let percent: String = text
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    // Base64 of what stands at any of three places: the characters that its neighbours do not reach.
    let base64 = (0..3).map(|skip| {
        let padded = [&vec![b' '; skip][..], text.as_bytes()].concat();
        let whole = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        whole.as_bytes()[skip + 1..whole.len() - 2].to_vec()
    });
    let wide = |turn: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(turn).collect::<Vec<u8>>();
    let mut forms =
        vec![text.into(), hex.into_bytes(), percent.into_bytes(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)];
    forms.extend(base64);
    forms
}

/// The address stands there, as text or as bytes in either order.
fn holds_address(bytes: &[u8], address: IpAddr) -> bool {
    let text = address.to_string();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b'.');
    let as_text = memchr::memmem::find_iter(bytes, &text)
        .any(|at| !part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !part(bytes.get(at + text.len())));
    let raw = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let turned: Vec<u8> = raw.iter().rev().copied().collect();
    as_text || holds(bytes, &raw) || holds(bytes, &turned)
}

fn captures() -> Vec<PathBuf> {
    let is_capture =
        |path: &PathBuf| [".pcap", ".pcapng", ".gz"].iter().any(|end| path.to_string_lossy().ends_with(end));
    let mut captures = all_samples();
    if let Some(corpus) = corpus() {
        captures.extend(files_under(&corpus.join("real")).into_iter().filter(is_capture));
        let field = corpus.with_file_name("field");
        if field.is_dir() {
            captures.extend(files_under(&field).into_iter().filter(is_capture));
        } else {
            shout("there is no folder ../shared/field: captures from the field are not redacted");
        }
    }
    captures
}

/// Nothing of the original is in the copy; gives how many secrets, names and addresses were looked for.
fn nothing_is_left(path: &Path, copy: &Path, options: &[&str]) -> [usize; 3] {
    let (old, new) = (report(path, &["--show-secrets"]), report(copy, &["--show-secrets"]));
    let bytes = fs::read(copy).unwrap();
    let secrets = secrets(&old);
    for secret in &secrets {
        for form in forms(secret) {
            assert!(!holds(&bytes, &form), "{}: a secret is left: {:?}…", copy.display(), &secret[..4]);
        }
    }
    if options.is_empty() {
        return [secrets.len(), 0, 0];
    }
    let (lower, names) = (bytes.to_ascii_lowercase(), names(&old));
    for name in &names {
        for form in forms(name) {
            assert!(
                !holds(&bytes, &form) && !holds(&lower, &form.to_ascii_lowercase()),
                "{}: {name} is left",
                copy.display()
            );
        }
    }
    let (before, after) = (addresses(&old), addresses(&new));
    for address in before.difference(&after) {
        assert!(!holds_address(&bytes, *address), "{}: {address} is left", copy.display());
    }
    [secrets.len(), names.len(), before.len()]
}

#[test]
fn the_copy_says_the_same_and_holds_nothing_that_had_to_go() {
    let workshop = Workshop::new();
    let captures = captures();
    let numbered: Vec<_> = captures.iter().enumerate().collect();
    let seen = two_at_a_time(&numbered, |(number, path)| {
        let has_keys =
            holds(&fs::read(path).unwrap(), b"CLIENT_RANDOM") || holds(&fs::read(path).unwrap(), b"_TRAFFIC_SECRET_");
        let old = report(path, &[]);
        let mut seen = [0; 3];
        for options in [&[][..], &ALL[..]] {
            let copy = workshop.redact(path, options, &format!("{number}-{}.pcapng", options.len()));
            let new = report(&copy, &[]);
            if !has_keys {
                assert_eq!(findings(&new), findings(&old), "{} {options:?}", path.display());
            }
            assert_eq!(new["inputs"][0]["packets"], old["inputs"][0]["packets"], "{}", path.display());
            seen = nothing_is_left(path, &copy, options);
        }
        seen
    });
    let sum = |at: usize| seen.iter().map(|seen| seen[at]).sum::<usize>();
    assert!(sum(0) > 50 && sum(1) > 100 && sum(2) > 300, "too little was looked for: {} {} {}", sum(0), sum(1), sum(2));
}

#[test]
fn tshark_reads_a_copy_with_the_same_checksums_as_before() {
    if !has("tshark") {
        return;
    }
    let workshop = Workshop::new();
    let samples = [
        "nrpc-offload.pcapng",
        "nrpc-rough-path.pcapng",
        "nrpc-loss.pcapng",
        "ldap-working.pcap",
        "st-working.pcapng",
        "sip-media-blocked.pcapng",
        "nrpc-icmp-reject.pcap",
        "nrpc-working-ipv6-vlan.pcapng",
        "media-working.pcapng",
        "nrpc-cut.pcap",
    ];
    two_at_a_time(&samples, |name| {
        let old = PathBuf::from(sample(name));
        let new = workshop.redact(&old, &ALL, &format!("t-{name}.pcapng"));
        let told = |path: &Path| {
            let checks = ["tcp.check_checksum:TRUE", "udp.check_checksum:TRUE", "ip.check_checksum:TRUE"];
            let fields = [
                "frame.number",
                "frame.time_epoch",
                "frame.len",
                "ip.checksum.status",
                "tcp.checksum.status",
                "udp.checksum.status",
                "icmp.checksum.status",
                "icmpv6.checksum.status",
                "tcp.seq",
                "tcp.len",
                "_ws.malformed",
            ];
            let mut arguments = vec!["-r", path.to_str().unwrap(), "-T", "fields"];
            arguments.extend(checks.into_iter().flat_map(|check| ["-o", check]));
            arguments.extend(fields.into_iter().flat_map(|field| ["-e", field]));
            tshark(&arguments)
        };
        let (before, after) = (told(&old), told(&new));
        assert!(!before.is_empty());
        assert_eq!(before, after, "{name}");
    });
}

#[test]
fn a_secret_is_the_same_everywhere_and_other_with_another_key() {
    let workshop = Workshop::new();
    let path = PathBuf::from(sample("http-token-expired.pcapng"));
    let one = fs::read(workshop.redact(&path, &[], "one.pcapng")).unwrap();
    assert_eq!(one, fs::read(workshop.redact(&path, &[], "same.pcapng")).unwrap());
    fs::write(workshop.path("key"), "another key that this test knows").unwrap();
    assert_ne!(one, fs::read(workshop.redact(&path, &[], "other.pcapng")).unwrap());
}

/// A capture and its log are redacted one by one, and still tell of the same.
#[test]
fn a_capture_and_its_log_still_join() {
    let workshop = Workshop::new();
    for (capture, log) in [
        ("nrpc-alias.pcapng", "nrpc-alias.notes-trace.log"),
        ("sip-undefined.pcapng", "sip-undefined.systemout.log"),
        ("st-token-version.pcapng", "st-token-version.stusers.log"),
        ("st-two-names.pcapng", "st-two-names.stusers.log"),
    ] {
        let (capture, log) = (PathBuf::from(sample(capture)), PathBuf::from(sample(log)));
        let with = |capture: &Path, log: &Path| findings(&report(capture, &["--log", log.to_str().unwrap()]));
        let expected = with(&capture, &log);
        for options in [&[][..], &ALL[..]] {
            let learn = |path: &Path| -> Vec<String> { vec!["--learn".to_owned(), path.to_str().unwrap().to_owned()] };
            let told = |other: &Path| -> Vec<String> {
                options.iter().map(|&option| option.to_owned()).chain(learn(other)).collect()
            };
            let (for_capture, for_log) = (told(&log), told(&capture));
            let borrowed = |told: &[String]| -> Vec<String> { told.to_vec() };
            let new_capture = workshop.redact(
                &capture,
                &borrowed(&for_capture).iter().map(String::as_str).collect::<Vec<_>>(),
                "c.pcapng",
            );
            let new_log =
                workshop.redact(&log, &borrowed(&for_log).iter().map(String::as_str).collect::<Vec<_>>(), "l.log");
            assert_eq!(with(&new_capture, &new_log), expected, "{} {options:?}", log.display());
        }
    }
}

#[test]
fn nothing_is_overwritten_without_being_asked() {
    let workshop = Workshop::new();
    let capture = workshop.path("a.pcap");
    fs::copy(sample("nrpc-alias-good.pcap"), &capture).unwrap();
    let refused = |arguments: &[&Path], part: &str| {
        let output = nrpcsniff().arg("redact").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(part)), (Some(2), true), "{said}");
    };
    let other = workshop.path("b.pcapng");
    fs::write(&other, "mine").unwrap();
    refused(&[&capture, &other], "--force");
    refused(&[Path::new("--force"), &capture, &capture], "not overwritten");
    refused(&[&workshop.path("none.pcap"), &workshop.path("c.pcapng")], "none.pcap");
    fs::write(workshop.path("short"), "short").unwrap();
    refused(&[Path::new("--key"), &workshop.path("short"), &capture, &workshop.path("c.pcapng")], "guessed");
    assert_eq!(fs::read(&other).unwrap(), b"mine");
    assert_eq!(fs::read(&capture).unwrap(), fs::read(sample("nrpc-alias-good.pcap")).unwrap());
    let left: Vec<_> = fs::read_dir(workshop.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn it_says_what_it_did() {
    let workshop = Workshop::new();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
        .arg("--no-config")
        .arg("redact")
        .arg(sample("sip-undefined-tls13.pcapng"))
        .arg(workshop.path("a.pcapng"))
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("Decryption Secrets Block, left out"), "{out}");
    assert!(error.contains("through the keys") && error.contains("--names"), "{error}");
}

/// What could be read is written, and nobody takes it for the whole.
#[test]
fn a_capture_that_is_cut_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(samples().join("sip-undefined.pcapng")).unwrap();
    let (cut, copy) = (folder.path().join("cut.pcapng"), folder.path().join("copy.pcapng"));
    fs::write(&cut, &whole[..3000]).unwrap();
    let done = nrpcsniff().arg("redact").args([&cut, &copy]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("cut at byte 3000") && copy.is_file(), "{said}");
}
