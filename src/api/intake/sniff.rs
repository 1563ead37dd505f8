//! What a file is, by its first bytes.

use crate::capture::{BEGINNINGS, decompressed};
use crate::logs::{self, Options};
use crate::model::LogKind;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// Bytes that are looked at, after decompression.
pub(super) const HEAD: u64 = 64 << 10;
/// Where a tar archive has its mark (POSIX.1, ustar).
const TAR_MARK: usize = 257;
/// Labels of key logs (NSS format), as TLS 1.2 and 1.3 have them.
const SECRETS: [&str; 3] = ["CLIENT_RANDOM ", "CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_TRAFFIC_SECRET_0 "];

/// The entry of the key in an export of LTPA keys (a file of Java's properties).
const LTPA_KEY: &str = "com.ibm.websphere.ltpa.3DESKey";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A capture.
    Capture,
    /// A log of a known kind.
    Log,
    /// A TLS key log.
    KeyLog,
    /// A private key (PEM).
    PrivateKey,
    /// LTPA keys as WebSphere exports them.
    LtpaKeys,
    /// A zip archive.
    Zip,
    /// A tar archive, perhaps compressed.
    Tar,
    /// Nothing that is known here.
    Other,
}

/// What that file is; what cannot be read is nothing known.
pub(super) fn file(path: &Path) -> What {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.map_or(What::Other, |_| bytes(&head))
}

/// What begins with these bytes.
pub(super) fn bytes(raw: &[u8]) -> What {
    if raw.starts_with(b"PK\x03\x04") || raw.starts_with(b"PK\x05\x06") {
        return What::Zip;
    }
    let mut head = Vec::new();
    if let Ok(plain) = decompressed(Cursor::new(raw.to_vec())) {
        // What is cut off ends in an error; what came before it tells enough.
        let _ = plain.take(HEAD).read_to_end(&mut head);
    }
    if head.first_chunk().is_some_and(|start: &[u8; 4]| BEGINNINGS.contains(start)) {
        return What::Capture;
    }
    if head.get(TAR_MARK..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return What::Tar;
    }
    text(&head)
}

fn text(head: &[u8]) -> What {
    let start = String::from_utf8_lossy(head);
    if start.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----")) {
        return What::PrivateKey;
    }
    if start.lines().any(|line| SECRETS.iter().any(|label| line.starts_with(label))) {
        return What::KeyLog;
    }
    // What only speaks of one, as a source or a manual does, has it further in.
    if start.lines().any(|line| line.starts_with(LTPA_KEY)) {
        return What::LtpaKeys;
    }
    let log = logs::read("", head, &Options::default());
    match log.kind {
        // Any text may hold a line that some log has, too: a table, a manual, a source.
        Some(LogKind::Text) if log.not_understood.saturating_mul(2) > log.lines => What::Other,
        // A mail with some lines of a log in it is read for these; a page about logs is not, whatever frames its examples have.
        Some(kind) if kind != LogKind::Message && is_page(&start) => What::Other,
        Some(_) => What::Log,
        None => What::Other,
    }
}

/// Lines of a page that show it to be one.
const MARKS: usize = 3;

/// A page about logs: headings, tables and paragraphs stand between its examples. Fences do not count: people put them around a
/// log that they paste.
fn is_page(text: &str) -> bool {
    let is_mark = |line: &str| {
        let line = line.trim();
        let heading = line.trim_start_matches('#');
        let is_heading =
            heading.len() < line.len() && heading.starts_with(' ') && heading.trim().starts_with(char::is_uppercase);
        let is_tag = ["<h1", "<h2", "<h3", "<p>", "<p ", "<!DOCTYPE", "<html"].iter().any(|tag| line.starts_with(tag));
        is_heading || is_tag || (line.len() > 2 && line.starts_with('|') && line.ends_with('|'))
    };
    text.lines().filter(|line| is_mark(line)).take(MARKS).count() == MARKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells() {
        let key = "CLIENT_RANDOM ".to_owned() + &"0".repeat(64) + " " + &"1".repeat(96);
        for (text, expected) in [
            ("101117_095933.869,INF,Users   ,x", What::Log),
            (key.as_str(), What::KeyLog),
            ("-----BEGIN RSA PRIVATE KEY-----\n", What::PrivateKey),
            ("-----BEGIN CERTIFICATE-----\n", What::Other),
            ("PK\u{3}\u{4}", What::Zip),
            ("hello", What::Other),
            ("ATTEMPT TO ACCESS SERVER by CN=Scan/O=ACME was denied", What::Log),
            (
                "case\tsays\n1\tATTEMPT TO ACCESS SERVER by CN=Scan/O=ACME was denied\n2\tall is well\n3\tall is well\n",
                What::Other,
            ),
            ("#Tue\ncom.ibm.websphere.ltpa.version=1.0\ncom.ibm.websphere.ltpa.3DESKey=Tm90IGEga2V5\n", What::LtpaKeys),
            ("let file = \"\\\n    com.ibm.websphere.ltpa.3DESKey={}\\n\";\n", What::Other),
            (
                "# Logs\n\n## How to read them\n\n```\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n```\n\n## What it means\n\nA token was over.\n",
                What::Other,
            ),
            (
                "| line | means |\n|---|---|\n| x | y |\n\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n",
                What::Other,
            ),
            (
                "<html>\n<h1>Logs</h1>\n<p>It says</p>\n<pre>\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n</pre>\n",
                What::Other,
            ),
            (
                "Dear all,\nit fails again. We see:\n```\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n```\nand\n```\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n```\nbest regards\nAnn\n",
                What::Log,
            ),
            (
                "# tail -1 SystemOut.log\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n# tail -1 SystemOut.log\n[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n# exit\n",
                What::Log,
            ),
            (
                "[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x\n\tat a.b.C.d(C.java:1)\n\tat a.b.C.e(C.java:2)\nCaused by: x\n",
                What::Log,
            ),
            ("", What::Other),
        ] {
            assert_eq!(bytes(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(bytes(&crate::testing::capture_file()), What::Capture);
    }

    #[test]
    fn any_start_of_anything_is_judged() {
        for file in
            [crate::testing::capture_file(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), vec![0x28, 0xb5, 0x2f, 0xfd, 4]]
        {
            for end in 0..=file.len() {
                let _ = bytes(&file[..end]);
            }
        }
    }
}
