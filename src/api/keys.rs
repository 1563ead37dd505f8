//! Files of secrets: key logs and private keys open TLS, keys and secrets of LTPA open tokens. Errors name the file and what
//! to do.

use crate::decrypt::{Keys, LogReport};
use crate::report::escape;
use anyhow::{Context, Result, anyhow, ensure};
use nrpcsniff_dissectors::ltpa::Keyring;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Largest file that is read whole, in bytes: a private key or an LTPA key file has a few KiB.
const LIMIT: u64 = 1 << 20;

/// Takes a key log (NSS format). Broken lines are counted, and no error; nor is a log that is still empty.
pub(crate) fn key_log(keys: &mut Keys, path: &Path) -> Result<LogReport> {
    let report = read_secrets(keys, path).with_context(|| format!("{}: cannot be read", escape::path(path)))?;
    ensure!(
        report.secrets > 0 || report.broken == 0 && report.bytes == 0,
        "{}: there is no secret in it; a key log has lines such as CLIENT_RANDOM, a client random and a secret in \
         hexadecimal digits (set SSLKEYLOGFILE for the browser and sign on again)",
        escape::path(path)
    );
    Ok(report)
}

/// Takes a key log that may hold anything, or nothing.
pub(crate) fn read_secrets(keys: &mut Keys, path: &Path) -> std::io::Result<LogReport> {
    keys.add_log(BufReader::with_capacity(1 << 16, File::open(path)?))
}

/// Takes the private RSA keys of a PEM file.
pub(crate) fn private_key(keys: &mut Keys, path: &Path) -> Result<()> {
    let text = String::from_utf8(small_file(path, "a private key")?).map_err(|_| {
        anyhow!(
            "{}: this is no PEM file; make one of a PKCS#12 key store with: openssl pkcs12 -in FILE -nodes -nocerts -out key.pem",
            escape::path(path)
        )
    })?;
    keys.add_pem(&text).with_context(|| escape::path(path))?;
    Ok(())
}

/// Takes LTPA keys as WebSphere exports them, with the first password that opens them.
pub(crate) fn key_file(keys: &mut Keyring, path: &Path, passwords: &[&[u8]]) -> Result<()> {
    keys.add_key_file(&small_file(path, "a file of keys")?, passwords).with_context(|| escape::path(path))?;
    Ok(())
}

/// Takes secrets of Web SSO Configuration documents: one a line; lines that begin with `#` are comments.
pub(crate) fn domino_secrets(keys: &mut Keyring, path: &Path) -> Result<()> {
    let text = small_file(path, "a file of keys")?;
    let text = String::from_utf8(text).map_err(|_| anyhow!("{}: this is no text file", escape::path(path)))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let mut count = 0_u32;
    for (line, number) in lines {
        keys.add_domino_secret(line).with_context(|| format!("{}: line {number}", escape::path(path)))?;
        count = count.saturating_add(1);
    }
    ensure!(
        count > 0,
        "{}: there is no secret in it (LTPA_DominoSecret of the Web SSO Configuration document)",
        escape::path(path)
    );
    Ok(())
}

/// The bytes of a file that must be small, being `what`.
pub(crate) fn small_file(path: &Path, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT.saturating_add(1)).read_to_end(&mut bytes));
    let length = read.with_context(|| format!("{}: cannot be read", escape::path(path)))?;
    ensure!(u64::try_from(length)? <= LIMIT, "{}: too large for {what}", escape::path(path));
    Ok(bytes)
}
