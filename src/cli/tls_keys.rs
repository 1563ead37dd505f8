//! Secrets that open TLS, from the files that the user named.

use super::args::TlsFiles;
use crate::api::{key_log, private_key, read_secrets};
use crate::decrypt::{Keys, LogReport, MOST_LINES_NAMED};
use crate::live::KeyLog;
use crate::report::talk::say;
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;

/// Secrets, and where more may come from.
#[derive(Debug)]
pub(crate) struct TlsSecrets {
    /// Secrets that were read.
    pub keys: Arc<Keys>,
    /// Key logs: whoever writes them may go on.
    pub logs: Vec<KeyLog>,
}

/// All secrets of these files, and of the environment's key log if no other is named. Errors name the file and what to do; a
/// key log with broken lines is no error, nor is one that is still empty.
pub(crate) fn load(files: &TlsFiles, quiet: bool) -> Result<TlsSecrets> {
    let (mut keys, mut logs) = (Keys::default(), Vec::new());
    for path in &files.keylog {
        let report = key_log(&mut keys, path)?;
        if report.secrets == 0 && !quiet {
            say(&format!("{}: the key log is empty", path.display()));
        }
        report_key_log(path, &report, quiet);
        logs.push(KeyLog { path: path.clone(), read: report.bytes });
    }
    let usual = files.usual.as_deref().filter(|_| files.keylog.is_empty());
    if let Some(path) = usual {
        // Nobody asked for it: that it is not there, or not yet, is no error.
        let report = read_secrets(&mut keys, path).unwrap_or_default();
        report_key_log(path, &report, quiet);
        logs.push(KeyLog { path: path.to_owned(), read: report.bytes });
    }
    for path in &files.tls_key {
        private_key(&mut keys, path)?;
    }
    Ok(TlsSecrets { keys: Arc::new(keys), logs })
}

/// Prints how many lines of a key log could not be read.
pub(super) fn report_key_log(path: &Path, report: &LogReport, quiet: bool) {
    let LogReport { broken, broken_lines, left_out, .. } = report;
    if *broken > 0 && !quiet {
        let numbers: Vec<_> = broken_lines.iter().map(u64::to_string).collect();
        let more = if *broken > MOST_LINES_NAMED as u64 { " and more" } else { "" };
        let (lines, were) = if *broken == 1 { ("line", "is") } else { ("lines", "are") };
        say(&format!(
            "{}: {broken} {lines} of the key log {were} broken and passed over (line {}{more})",
            path.display(),
            numbers.join(", ")
        ));
    }
    if *left_out > 0 && !quiet {
        say(&format!("{}: {left_out} secrets of the key log were left out: there is no room for more", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn line(first: &str) -> String {
        format!("CLIENT_RANDOM {first}{} {}\n", "00".repeat(31), "ab".repeat(48))
    }

    fn error(files: &TlsFiles) -> String {
        format!("{:#}", load(files, true).unwrap_err())
    }

    #[test]
    fn the_environment_counts_only_where_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.log"), line("01")).unwrap();
        fs::write(path("b.log"), format!("{}{}broken\n", line("02"), line("03"))).unwrap();
        let count = |keylog: &[PathBuf], usual: &str| {
            let files = TlsFiles { keylog: keylog.to_vec(), tls_key: Vec::new(), usual: Some(path(usual)) };
            format!("{:?}", load(&files, true).unwrap().keys)
        };
        assert_eq!(count(&[], "b.log"), "Keys(2 secrets, 0 private keys)");
        assert_eq!(count(&[], "not-there"), "Keys(0 secrets, 0 private keys)");
        assert_eq!(count(&[path("a.log")], "b.log"), "Keys(1 secrets, 0 private keys)");
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| -> PathBuf {
            fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let keylog = |path: PathBuf| error(&TlsFiles { keylog: vec![path], ..TlsFiles::default() });
        let key = |path: PathBuf| error(&TlsFiles { tls_key: vec![path], ..TlsFiles::default() });
        assert!(keylog(folder.path().join("none")).contains("none: cannot be read"));
        assert!(keylog(write("comment", b"# nothing\n")).contains("comment: there is no secret in it"));
        let empty = TlsFiles { keylog: vec![write("empty", b"")], ..TlsFiles::default() };
        assert!(load(&empty, true).unwrap().keys.is_empty(), "it may grow");
        assert!(key(folder.path().join("none")).contains("none: cannot be read"));
        assert!(key(write("p12", &[0x30, 0x82, 0xFF])).contains("openssl pkcs12"));
        assert!(key(write("text", b"hello")).contains("text: this is no PEM file"));
        let certificate = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert!(key(write("crt", certificate)).contains("crt: this is a certificate; give the private key"));
    }
}
