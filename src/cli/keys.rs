//! Keys that open tokens, from the files that the user named.

use super::args::KeyFiles;
use crate::api::{domino_secrets, key_file, small_file};
use crate::report::escape;
use anyhow::{Result, ensure};
use nrpcsniff_dissectors::ltpa::Keyring;
use std::path::Path;

/// All keys of these files. Errors name the file and what to do.
pub(super) fn load(files: &KeyFiles) -> Result<Keyring> {
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
        key_file(&mut keys, path, &passwords)?;
    }
    for path in &files.domino_secret_file {
        domino_secrets(&mut keys, path)?;
    }
    Ok(keys)
}

/// The first line, without its end.
fn password(path: &Path) -> Result<Vec<u8>> {
    let mut password = small_file(path, "a file of keys")?;
    let end = password.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(password.len());
    password.truncate(end);
    ensure!(
        !password.is_empty(),
        "{}: the first line should be the password of the LTPA keys, and is empty",
        escape::path(path)
    );
    Ok(password)
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
