//! Keys that open tokens, from the files that the user named.

use super::args::KeyFiles;
use crate::report::escape;
use anyhow::{Context, Result, anyhow, ensure};
use nrpcsniff_dissectors::ltpa::Keyring;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Largest file that is read, in bytes; a key file has less than 2 KiB.
const LIMIT: u64 = 1 << 20;

/// All keys of these files. Errors name the file and what to do.
pub fn load(files: &KeyFiles) -> Result<Keyring> {
    let mut keys = Keyring::new();
    ensure!(
        files.ltpa_keys.is_empty() || !files.ltpa_password_file.is_empty(),
        "--ltpa-keys needs --ltpa-password-file FILE with the password of the keys (Liberty's default is WebAS)"
    );
    ensure!(
        !files.ltpa_keys.is_empty() || files.ltpa_password_file.is_empty(),
        "--ltpa-password-file needs --ltpa-keys FILE: the key file that the password opens"
    );
    let passwords = files.ltpa_password_file.iter().map(|path| password(path)).collect::<Result<Vec<_>>>()?;
    let passwords: Vec<&[u8]> = passwords.iter().map(Vec::as_slice).collect();
    for path in &files.ltpa_keys {
        keys.add_key_file(&read(path)?, &passwords).with_context(|| escape::path(path))?;
    }
    for path in &files.domino_secret_file {
        secrets(path, &mut keys)?;
    }
    Ok(keys)
}

/// The first line, without its end.
fn password(path: &Path) -> Result<Vec<u8>> {
    let mut password = read(path)?;
    let end = password.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(password.len());
    password.truncate(end);
    ensure!(
        !password.is_empty(),
        "{}: the first line should be the password of the LTPA keys, and is empty",
        escape::path(path)
    );
    Ok(password)
}

/// One secret a line; lines that begin with `#` are comments.
fn secrets(path: &Path, keys: &mut Keyring) -> Result<()> {
    let text = String::from_utf8(read(path)?).map_err(|_| anyhow!("{}: this is no text file", escape::path(path)))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for (line, number) in lines {
        keys.add_domino_secret(line).with_context(|| format!("{}: line {number}", escape::path(path)))?;
        count += 1;
    }
    ensure!(
        count > 0,
        "{}: there is no secret in it (LTPA_DominoSecret of the Web SSO Configuration document)",
        escape::path(path)
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    let read = read.with_context(|| format!("{}: cannot be read", escape::path(path)))?;
    ensure!(u64::try_from(read)? <= LIMIT, "{}: too large for a file of keys", escape::path(path));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// Public constants of other projects' unit tests (spring-security-ltpa2-core, markusberg/ltpa).
    const KEYS: &str = "com.ibm.websphere.ltpa.3DESKey=JvywHhxC+EhtUdeusbo31E5IUOEPmbMxMnKTTOB39fo\\=\n";
    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhM=";

    fn folder() -> (TempDir, impl Fn(&str, &str) -> PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().to_owned();
        let write = move |name: &str, text: &str| {
            fs::write(base.join(name), text).unwrap();
            base.join(name)
        };
        (folder, write)
    }

    fn error(ltpa_keys: &[&PathBuf], ltpa_password_file: &[&PathBuf], domino_secret_file: &[&PathBuf]) -> String {
        let owned = |paths: &[&PathBuf]| paths.iter().map(|&path| path.clone()).collect();
        let files = KeyFiles {
            ltpa_keys: owned(ltpa_keys),
            ltpa_password_file: owned(ltpa_password_file),
            domino_secret_file: owned(domino_secret_file),
        };
        format!("{:#}", load(&files).unwrap_err())
    }

    #[test]
    fn keys_passwords_and_secrets_are_read() {
        let (_folder, write) = folder();
        let files = KeyFiles {
            ltpa_keys: vec![write("a.keys", KEYS), write("b.keys", KEYS)],
            ltpa_password_file: vec![write("one", "other\n"), write("two", "test123\r\nsecond line\n")],
            domino_secret_file: vec![write("secret", &format!("# Acme\n\n{SECRET}\n{SECRET}\n"))],
        };
        assert_eq!(format!("{:?}", load(&files).unwrap()), "Keyring(2 key files, 2 Domino secrets)");
        assert!(load(&KeyFiles::default()).unwrap().is_empty());
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let (folder, write) = folder();
        let (keys, word) = (write("ltpa.keys", KEYS), write("word", "wrong\n"));
        let wrong = error(&[&keys], &[&word], &[]);
        assert!(wrong.contains("ltpa.keys: line 1: the password does not open"), "{wrong}");
        assert!(error(&[&keys], &[], &[]).contains("--ltpa-password-file"));
        assert!(error(&[], &[&word], &[]).contains("needs --ltpa-keys"));
        assert!(error(&[&keys], &[&write("empty", "\nx")], &[]).contains("empty: the first line"));
        assert!(error(&[&word], &[&word], &[]).contains("word: this is no LTPA key file"));
        assert!(error(&[&folder.path().join("none")], &[&word], &[]).contains("none: cannot be read"));
        assert!(error(&[], &[], &[&write("bad", "#\nAAEC\n")]).contains("bad: line 2: this is no Domino secret"));
        assert!(error(&[], &[], &[&write("void", "#\n")]).contains("void: there is no secret"));
        let large = write("large", &"x".repeat(2 << 20));
        assert!(error(&[], &[], &[&large]).contains("too large"));
    }
}
