//! From the paths of a command line to what is behind them: captures, logs, secrets of TLS, and archives that hold any of
//! these. What a file is, its content tells; no name of it decides.
//!
//! What is in an archive is unpacked into a folder of this run, within limits, and goes with it. A name in an archive is only a
//! name: it is shown, and no path is made of it.

mod archive;
mod limits;
mod scratch;
mod sniff;

use self::scratch::Scratch;
use crate::capture::{files_below, is_broken_capture, is_capture};
pub(crate) use scratch::{goes_if_stopped, remove_all};

use archive::Unpacker;
use limits::Limits;
use sniff::What;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

/// What was found behind paths.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// Captures, and whatever was named and is none of the others: opening it says what is wrong.
    pub captures: Vec<PathBuf>,
    /// Logs of a known kind.
    pub logs: Vec<PathBuf>,
    /// TLS key logs.
    pub key_logs: Vec<PathBuf>,
    /// Private keys.
    pub private_keys: Vec<PathBuf>,
    /// LTPA keys as WebSphere exports them: they want a password.
    pub ltpa_keys: Vec<PathBuf>,
    /// Archives that were looked into.
    pub archives: Vec<PathBuf>,
    /// What went wrong, a sentence each.
    pub problems: Vec<String>,
    /// Files of folders and archives that are none of these, a sentence each.
    pub passed_over: Vec<String>,
    /// How files from archives are called.
    pub names: Names,
    unpacker: Option<Unpacker>,
    /// Where standard input is kept.
    spool: Option<Scratch>,
}

/// Names of files that lie where nobody put them: those from archives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(HashMap<PathBuf, String>);

impl Names {
    /// The name by which people know that file.
    pub(crate) fn of(&self, path: &Path) -> String {
        self.0.get(path).cloned().unwrap_or_else(|| path.to_string_lossy().into_owned())
    }
}

impl Intake {
    /// Looks behind each path. That nothing can be read is no error here: what is named stays, and opening it tells.
    pub(crate) fn of(paths: &[PathBuf]) -> Self {
        let mut intake = Self::default();
        for path in paths {
            if path.is_dir() {
                intake.folder(path);
            } else if path.as_os_str() == "-" {
                intake.stdin();
            } else {
                intake.named(path);
            }
        }
        intake
    }

    /// The path leads to an archive.
    pub(crate) fn is_archive(path: &Path) -> bool {
        path.is_file() && !is_capture(path) && matches!(sniff::file(path), What::Zip | What::Tar)
    }

    /// The logs in a folder and below it.
    pub(crate) fn logs_in(folder: &Path) -> Vec<PathBuf> {
        let files = files_below(folder).unwrap_or_default();
        files.into_iter().filter(|path| !is_capture(path) && sniff::file(path) == What::Log).collect()
    }

    /// A file that was named. What is no regular file can be read only once, so it is taken for a capture.
    fn named(&mut self, path: &Path) {
        let what = if !path.is_file() || is_capture(path) { What::Capture } else { sniff::file(path) };
        let before = self.count();
        if !self.take(path, what) {
            self.captures.push(path.to_owned());
        }
        self.came_to_something(before, path);
    }

    /// Files of use, and what went wrong.
    fn count(&self) -> usize {
        let found = [&self.captures, &self.logs, &self.key_logs, &self.private_keys, &self.ltpa_keys].map(Vec::len);
        found.iter().fold(self.problems.len(), |all, count| all.saturating_add(*count))
    }

    /// An archive that was named and of which nothing came is told.
    fn came_to_something(&mut self, before: usize, path: &Path) {
        if self.count() == before {
            self.problems.push(format!("{}: in this archive is neither capture nor log nor TLS key", path.display()));
        }
    }

    /// Everything in a folder that is of use. One that holds nothing stays, and reading it says so.
    fn folder(&mut self, folder: &Path) {
        let Ok(files) = files_below(folder) else { return self.captures.push(folder.to_owned()) };
        let mut is_of_use = false;
        for path in files {
            let what = if is_capture(&path) { What::Capture } else { in_folder(&path) };
            if !is_documentation(&path) && self.take(&path, what) {
                is_of_use = true;
            } else {
                self.passed_over.push(format!("{}: passed over, neither capture nor log nor key", path.display()));
            }
        }
        if !is_of_use {
            self.captures.push(folder.to_owned());
        }
    }

    /// The standard input, told by what has come of it so far, without taking it.
    fn stdin(&mut self) {
        let mut stdin = io::stdin().lock();
        let what = stdin.fill_buf().map_or(What::Other, sniff::bytes);
        drop(stdin);
        let path = PathBuf::from("-");
        match what {
            What::Log => self.logs.push(path),
            What::Zip | What::Tar => {
                let before = self.count();
                self.unpack(|unpacker| unpacker.stream(io::stdin(), "-"));
                self.came_to_something(before, &path);
            }
            _ => self.captures.push(path),
        }
    }

    /// Keeps what comes by standard input in a file, for who reads it twice. It is still called `-`.
    ///
    /// # Errors
    /// It cannot be read, or there is no room.
    pub(crate) fn spool(&mut self) -> io::Result<()> {
        let Some(place) = self.captures.iter_mut().find(|path| path.as_os_str() == "-") else { return Ok(()) };
        let scratch = Scratch::new()?;
        let path = scratch.path().join("stdin");
        io::copy(&mut io::stdin().lock(), &mut File::create(&path)?)?;
        self.names.0.insert(path.clone(), "-".to_owned());
        *place = path;
        self.spool = Some(scratch);
        Ok(())
    }

    /// Takes a file for what it is; false if it is nothing of use.
    fn take(&mut self, path: &Path, what: What) -> bool {
        let path = path.to_owned();
        match what {
            What::Capture => self.captures.push(path),
            What::Log => self.logs.push(path),
            What::KeyLog => self.key_logs.push(path),
            What::PrivateKey => self.private_keys.push(path),
            What::LtpaKeys => self.ltpa_keys.push(path),
            What::Zip | What::Tar => {
                let name = path.to_string_lossy().into_owned();
                match File::open(&path) {
                    Ok(file) => self.unpack(|unpacker| unpacker.file(file, what, &name)),
                    Err(error) => self.problems.push(format!("{name}: cannot be read: {error}")),
                }
                self.archives.push(path);
            }
            What::Other => return false,
        }
        true
    }

    fn unpack(&mut self, work: impl FnOnce(&mut Unpacker)) {
        let mut unpacker = match self.unpacker.take().map_or_else(|| Unpacker::new(Limits::default()), Ok) {
            Ok(unpacker) => unpacker,
            Err(error) => return self.problems.push(format!("no folder to unpack archives into: {error}")),
        };
        work(&mut unpacker);
        self.problems.append(&mut unpacker.problems);
        self.passed_over.append(&mut unpacker.passed_over);
        for (path, name, what) in unpacker.found.drain(..) {
            self.names.0.insert(path.clone(), name);
            self.take(&path, what);
        }
        self.unpacker = Some(unpacker);
    }
}

/// What a file of a folder is. One that is a capture of another form, or a damaged one, is an input with its problem: it may be the
/// one that matters.
fn in_folder(path: &Path) -> What {
    match sniff::file(path) {
        What::Other if is_broken_capture(path) => What::Capture,
        what => what,
    }
}

/// Texts that tell of logs and are none: pages, and what `check` compares with.
fn is_documentation(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    [".md", ".expected.json", ".compare.json"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const STUSERS: &str = "101117_095933.884,FTL,LDAP Aut,token verification failed. [4098]\n";

    fn secret() -> String {
        format!("CLIENT_RANDOM {} {}\n", "01".repeat(32), "ab".repeat(48))
    }

    #[test]
    fn a_folder_is_parted_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            path
        };
        let capture = write("a.bin", &crate::testing::capture_file());
        let log = write("sub/st.txt", STUSERS.as_bytes());
        let keys = write("keys", secret().as_bytes());
        let other = write("picture", b"\x89PNG\r\n");
        write("README.md", STUSERS.as_bytes());
        write(".hidden", STUSERS.as_bytes());
        let intake = Intake::of(&[folder.path().to_owned()]);
        assert_eq!((intake.captures, intake.logs), (vec![capture], vec![log.clone()]));
        assert_eq!((intake.key_logs, intake.problems), (vec![keys], Vec::<String>::new()));
        assert_eq!(intake.passed_over.len(), 2, "{:?}", intake.passed_over);
        assert_eq!(Intake::logs_in(folder.path()).len(), 2);
        let alone = Intake::of(&[log.clone(), other.clone()]);
        assert_eq!((alone.logs, alone.captures), (vec![log], vec![other]));
    }

    #[test]
    fn what_holds_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned(), PathBuf::from("/no/such")];
        assert_eq!(Intake::of(&paths).captures, paths);
    }
}
