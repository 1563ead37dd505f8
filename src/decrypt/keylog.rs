//! Key logs (NSS format, <https://www.ietf.org/archive/id/draft-ietf-tls-keylogfile-05.html>): one secret a line, as browsers, curl,
//! OpenSSL, Java agents and pcapng decryption secrets blocks hold them.

use std::io::{self, BufRead, Read};

/// Numbers of broken lines that are told.
pub(crate) const MOST_LINES_NAMED: usize = 5;
/// The longest line that is read.
const LONGEST: u64 = 4096;

/// What a key log held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogReport {
    /// Secrets that were taken.
    pub secrets: u64,
    /// Lines that could not be read.
    pub broken: u64,
    /// Numbers of the first of them.
    pub broken_lines: Vec<u64>,
    /// Secrets that were not taken because there is no room.
    pub left_out: u64,
    /// Bytes up to the end of the last whole line.
    pub bytes: u64,
}

/// The secrets of TLS 1.3 that matter here (RFC 8446 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// `CLIENT_RANDOM`: the master secret of a connection by its client random.
    Master([u8; 32], Vec<u8>),
    /// `PMS_CLIENT_RANDOM`: the premaster secret, the same way.
    Premaster([u8; 32], Vec<u8>),
    /// `RSA`: the premaster secret by the first bytes of what it was encrypted to.
    Rsa([u8; 8], Vec<u8>),
    /// `RSA Session-ID:… Master-Key:…`: the master secret of a session.
    Session(Vec<u8>, Vec<u8>),
    /// A secret of TLS 1.3.
    Traffic(Label, [u8; 32], Vec<u8>),
    /// A secret that opens no record (exporters, ECH), or a label that nobody knows yet.
    Other,
    /// An empty line or a comment.
    Nothing,
}

/// Reads all lines and hands on what they say; `take` answers whether there was room for it. A broken line is counted and passed
/// over, because the file may be written while it is read.
pub(super) fn read(mut input: impl BufRead, mut take: impl FnMut(Entry) -> bool) -> io::Result<LogReport> {
    let mut report = LogReport::default();
    let (mut number, mut line, mut bytes) = (0_u64, Vec::new(), 0_u64);
    loop {
        line.clear();
        let length = Read::take(&mut input, LONGEST).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(report);
        }
        bytes = bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        number = number.saturating_add(1);
        let whole = line.ends_with(b"\n") || u64::try_from(line.len()).is_ok_and(|length| length < LONGEST);
        let mut ended = line.ends_with(b"\n");
        if !whole {
            let (skipped, end) = skip_line(&mut input)?;
            (bytes, ended) = (bytes.saturating_add(skipped), end);
        }
        if ended {
            report.bytes = bytes;
        }
        match parse(&line).filter(|_| whole) {
            Some(Entry::Other | Entry::Nothing) => {}
            Some(entry) => {
                let count = if take(entry) { &mut report.secrets } else { &mut report.left_out };
                *count = count.saturating_add(1);
            }
            None => {
                report.broken = report.broken.saturating_add(1);
                if report.broken_lines.len() < MOST_LINES_NAMED {
                    report.broken_lines.push(number);
                }
            }
        }
    }
}

/// The lines of a key log that hold a secret. What is written into a capture is this and nothing else: the file that somebody
/// named as a key log may be any file that only root can read.
pub(crate) fn secrets_of_log(log: &[u8]) -> Vec<u8> {
    let holds_secret = |line: &&[u8]| parse(line).is_some_and(|entry| entry != Entry::Nothing);
    log.split_inclusive(|&byte| byte == b'\n').filter(holds_secret).flatten().copied().collect()
}

/// Passes over the rest of a line, however long: how many bytes, and whether it ends.
fn skip_line(input: &mut impl BufRead) -> io::Result<(u64, bool)> {
    let mut skipped = 0_u64;
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at.saturating_add(1));
        if buffer.is_empty() {
            return Ok((skipped, false));
        }
        input.consume(used);
        skipped = skipped.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        if end.is_some() {
            return Ok((skipped, true));
        }
    }
}

/// What a line says; `None` if it is broken.
fn parse(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line).ok()?.trim();
    if line.is_empty() || line.starts_with('#') {
        return Some(Entry::Nothing);
    }
    let mut words = line.split_ascii_whitespace();
    let (label, name, secret) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    if let (Some(id), Some(master)) = (name.strip_prefix("Session-ID:"), secret.strip_prefix("Master-Key:")) {
        let (id, master) = (hex(id)?, sized(hex(master)?, 48..=48)?);
        return (label == "RSA" && !id.is_empty()).then_some(Entry::Session(id, master));
    }
    let traffic = |label| Some(Entry::Traffic(label, array(name)?, sized(hex(secret)?, 32..=64)?));
    match label {
        "CLIENT_RANDOM" => Some(Entry::Master(array(name)?, sized(hex(secret)?, 48..=48)?)),
        "PMS_CLIENT_RANDOM" => Some(Entry::Premaster(array(name)?, sized(hex(secret)?, 1..=1024)?)),
        "RSA" => Some(Entry::Rsa(array(name)?, sized(hex(secret)?, 48..=48)?)),
        "CLIENT_EARLY_TRAFFIC_SECRET" => traffic(Label::ClientEarly),
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => traffic(Label::ClientHandshake),
        "SERVER_HANDSHAKE_TRAFFIC_SECRET" => traffic(Label::ServerHandshake),
        "CLIENT_TRAFFIC_SECRET_0" => traffic(Label::ClientTraffic),
        "SERVER_TRAFFIC_SECRET_0" => traffic(Label::ServerTraffic),
        // Newer programs write labels that are not known here: only a line that has not even their form is broken.
        _ => {
            let is_label = label.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            (is_label && hex(name).is_some() && hex(secret).is_some()).then_some(Entry::Other)
        }
    }
}

fn sized(bytes: Vec<u8>, lengths: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    lengths.contains(&bytes.len()).then_some(bytes)
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex(text)?.try_into().ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks();
    let pair = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    rest.is_empty().then(|| pairs.iter().map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::super::Keys;
    use super::*;

    const RANDOM: &str = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff";

    fn report(text: &[u8]) -> LogReport {
        Keys::default().add_log(text).unwrap()
    }

    #[test]
    fn every_label_is_read() {
        let (m, s) = ("ab".repeat(48), "cd".repeat(32));
        for (line, taken) in [
            (format!("CLIENT_RANDOM {RANDOM} {m}"), 1),
            (format!("  CLIENT_RANDOM {RANDOM} {m}  \r"), 1),
            (format!("PMS_CLIENT_RANDOM {RANDOM} {s}"), 1),
            (format!("RSA 0011223344556677 {m}"), 1),
            (format!("RSA Session-ID:aabb Master-Key:{m}"), 1),
            (format!("CLIENT_HANDSHAKE_TRAFFIC_SECRET {RANDOM} {s}"), 1),
            (format!("SERVER_HANDSHAKE_TRAFFIC_SECRET {RANDOM} {s}"), 1),
            (format!("CLIENT_EARLY_TRAFFIC_SECRET {RANDOM} {s}"), 1),
            (format!("CLIENT_TRAFFIC_SECRET_0 {RANDOM} {s}"), 1),
            (format!("SERVER_TRAFFIC_SECRET_0 {RANDOM} {s}"), 1),
            (format!("EXPORTER_SECRET {RANDOM} {s}"), 0),
            (format!("ECH_CONFIG {RANDOM} {s}"), 0),
            ("# comment".to_owned(), 0),
            (String::new(), 0),
        ] {
            let report = report(line.as_bytes());
            assert_eq!((report.secrets, report.broken), (taken, 0), "{line}");
        }
    }

    #[test]
    fn of_a_log_only_secrets_are_written_on() {
        let (random, secret) = ("01".repeat(32), "ab".repeat(48));
        let lines = [format!("CLIENT_RANDOM {random} {secret}\n"), format!("EXPORTER_SECRET {random} {secret}\n")];
        let log = format!("# made by ann\n{}\nroot:$y$j9T$secret:20000:0:\nA B C\n{}", lines[0], lines[1]);
        assert_eq!(secrets_of_log(log.as_bytes()), lines.concat().as_bytes());
        assert!(secrets_of_log(b"").is_empty());
    }

    #[test]
    fn broken_lines_are_counted_and_named() {
        let m = "ab".repeat(48);
        let text = format!(
            "CLIENT_RANDOM {RANDOM} {m}\nCLIENT_RANDOM {RANDOM} {}\nCLIENT_RANDOM {} {m}\n\u{FEFF}x\nCLIENT_RANDOM {RANDOM}\n\
             CLIENT_RANDOM {RANDOM} {m} x\n{}\nlabel 00 00\nCLIENT_RANDOM {RANDOM} {m}",
            &m[1..],
            &RANDOM[2..],
            "A".repeat(10_000),
        );
        let report = report(text.as_bytes());
        assert_eq!((report.secrets, report.broken, report.broken_lines), (2, 7, vec![2, 3, 4, 5, 6]));
        assert_eq!(self::report(&[0xFF, 0xFE, 0, 10]).broken, 1);
        // The last line has no end.
        assert_eq!(report.bytes, text.rfind('\n').unwrap() as u64 + 1);
    }

    #[test]
    fn every_truncation_is_a_secret_or_broken() {
        let line = format!("CLIENT_RANDOM {RANDOM} {}", "ab".repeat(48));
        for length in 0..line.len() {
            let report = report(&line.as_bytes()[..length]);
            assert_eq!((report.secrets, report.broken), (0, u64::from(length > 0)), "{length}");
        }
    }
}
