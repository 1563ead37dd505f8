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
    let log = logs::read("", head, &Options::default());
    match log.kind {
        // Any text may hold a line that some log has, too: a table, a manual, a source.
        Some(LogKind::Text) if log.not_understood.saturating_mul(2) > log.lines => What::Other,
        Some(_) => What::Log,
        None => What::Other,
    }
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
