//! Key logs that grow while packets come: programs write them as they connect.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two looks at key logs, which are asked for before every frame.
const PAUSE: Duration = Duration::from_millis(5);
/// Bytes of a key log that are read at a time: a log of years must not hold up frames.
const AT_A_TIME: u64 = 16 << 20;

/// A key log that was read, and may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyLog {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Bytes of it that were read, up to the end of a line.
    pub(crate) read: u64,
}

/// The tail of key logs: what is written to them from now on.
#[derive(Debug)]
pub(crate) struct KeyLogTail {
    logs: Vec<Open>,
    looked: Option<Instant>,
}

/// A key log that is kept open: the right to open it may be given up meanwhile.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    /// The open file; `None` while there is no file of that name.
    file: Option<File>,
    read: u64,
}

impl KeyLogTail {
    /// Goes on where these logs were read to.
    pub(crate) fn new(logs: &[KeyLog]) -> Self {
        let open = |log: &KeyLog| Open { path: log.path.clone(), file: File::open(&log.path).ok(), read: log.read };
        Self { logs: logs.iter().map(open).collect(), looked: None }
    }

    /// There is no key log.
    pub(crate) fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// Whole lines that were written since the last time, of each log. Cheap enough to be asked before every packet.
    pub(crate) fn news(&mut self) -> Vec<Vec<u8>> {
        if self.logs.is_empty() || self.looked.is_some_and(|at| at.elapsed() < PAUSE) {
            return Vec::new();
        }
        self.looked = Some(Instant::now());
        // What cannot be read now may be there later.
        self.logs.iter_mut().filter_map(|log| lines(log).ok()).filter(|lines| !lines.is_empty()).collect()
    }
}

/// What was added to a key log, up to the last end of a line: the rest of a line may still be written.
fn lines(log: &mut Open) -> io::Result<Vec<u8>> {
    let mut file = match &log.file {
        Some(file) => file,
        None => log.file.insert(File::open(&log.path)?),
    };
    let length = file.metadata()?.len();
    if length < log.read {
        // The log was begun anew.
        log.read = 0;
    }
    let mut lines = Vec::new();
    if length > log.read {
        file.seek(SeekFrom::Start(log.read))?;
        file.take(AT_A_TIME).read_to_end(&mut lines)?;
        let whole = lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        // A line that does not end is none.
        let whole = if lines.len() as u64 == AT_A_TIME && whole == 0 { lines.len() } else { whole };
        lines.truncate(whole);
        log.read += whole as u64;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[test]
    fn whole_lines_are_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.log");
        let mut tail = KeyLogTail::new(&[KeyLog { path: path.clone(), read: 4 }]);
        let mut news = || {
            tail.looked = None;
            tail.news().into_iter().map(|lines| String::from_utf8(lines).unwrap()).collect::<Vec<_>>()
        };
        assert!(news().is_empty(), "there is no such file yet");
        fs::write(&path, "old\none\ntw").unwrap();
        assert_eq!(news(), ["one\n"]);
        assert!(news().is_empty());
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"o\nthree\n").unwrap();
        assert_eq!(news(), ["two\nthree\n"]);
        fs::write(&path, "anew\n").unwrap();
        assert_eq!(news(), ["anew\n"]);
    }

    #[test]
    fn files_are_not_looked_at_before_every_packet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.log");
        fs::write(&path, "one\n").unwrap();
        let mut tail = KeyLogTail::new(&[KeyLog { path: path.clone(), read: 0 }]);
        tail.looked = Some(Instant::now() + Duration::from_secs(60));
        assert!(tail.news().is_empty());
        tail.looked = None;
        assert_eq!(tail.news(), [b"one\n".to_vec()]);
    }
}
