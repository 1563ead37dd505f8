//! From the paths of a command line to the captures to read.

use super::error::CaptureError;
use super::reader::Reader;
use super::rotation::{Candidate, CaptureSet, group};
use std::collections::HashSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Finds the captures that `paths` name: files, folders, `-` for the standard input.
///
/// A folder stands for every capture in it and below it, told by content, in order of names; hidden files and folders
/// and links to folders are passed over. A file that cannot be opened is kept, so that opening it says why; in a
/// folder that holds only for files whose names end like those of captures. What is named twice is read once. Files
/// of a rotated capture become one set; the sets stand in the order of `paths`.
///
/// # Errors
/// A folder that cannot be read, or that holds no capture.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Vec<CaptureSet>, CaptureError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(search(path)?);
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for path in found {
        let identity = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let is_file = path.is_file() && path.as_os_str() != "-";
        if seen.insert(identity.clone()) {
            candidates.push(Candidate { path, real: is_file.then_some(identity) });
        }
    }
    Ok(group(&candidates))
}

/// Captures in a folder and below it.
fn search(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let captures = files_below(folder)?;
    let is_one = |path: &PathBuf| is_capture(path) || is_broken_capture(path);
    let captures: Vec<_> = captures.into_iter().filter(is_one).collect();
    if captures.is_empty() {
        return Err(CaptureError::NoCapture { path: folder.to_string_lossy().into_owned() });
    }
    Ok(captures)
}

/// Files in a folder and below it, in order of names; what is hidden and links to folders are passed over.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let mut files = Vec::new();
    let mut waiting = entries(folder)?;
    while let Some(path) = waiting.pop() {
        let Ok(kind) = fs::symlink_metadata(&path) else { continue };
        if kind.is_dir() {
            waiting.extend(entries(&path)?);
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// What is in a folder and not hidden, the last name first.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let failed = |error| CaptureError::io(&folder.to_string_lossy(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().rev().map(|name| folder.join(name)).collect())
}

/// A file that begins like a capture; one that cannot be opened if its name ends like that of one.
pub(crate) fn is_capture(path: &Path) -> bool {
    match Reader::open(path) {
        Ok(_) => true,
        Err(CaptureError::PermissionDenied { .. } | CaptureError::Io { .. }) => is_named_like_capture(path),
        Err(_) => false,
    }
}

/// A file that is not read as a capture though it is one: of a known foreign format, or damaged in its first bytes. What is only
/// named like one counts, too, for its name says what it was meant to be. Where records alone tell a format, the name decides.
pub(crate) fn is_broken_capture(path: &Path) -> bool {
    Reader::open(path).is_err_and(|error| is_of_capture(path, &error))
}

/// The same of a file that is not on disk: its name, and its first bytes.
pub(crate) fn begins_broken_capture(name: &str, start: &[u8]) -> bool {
    let reader = Reader::from_reader(name, Cursor::new(start.to_vec()));
    reader.is_err_and(|error| is_of_capture(Path::new(name), &error))
}

fn is_of_capture(path: &Path, error: &CaptureError) -> bool {
    match error {
        CaptureError::Foreign { is_certain: true, .. } => true,
        CaptureError::HeaderCut { bytes, .. } if *bytes >= 4 => true,
        CaptureError::NotFound { .. } | CaptureError::Folder { .. } | CaptureError::NoCapture { .. } => false,
        _ => is_named_like_capture(path),
    }
}

/// `x.pcap`, `x.pcapng3`, `x.cap.gz`, ...
fn is_named_like_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    [".pcap", ".pcapng", ".cap", ".snoop", ".erf", ".etl", ".ntar"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::super::tests::build::{Packet, pcap, pcapng};
    use super::*;
    use std::io::Write;

    /// A folder of captures: each with packets at these seconds.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(captures: &[(&str, &[u64])]) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            for (name, seconds) in captures {
                let packets: Vec<_> = seconds.iter().map(|second| Packet::at(*second, &[0; 60])).collect();
                let bytes = if name.contains(".pcapng") { pcapng(&packets) } else { pcap(&packets) };
                if Path::new(name).extension().is_some_and(|end| end == "gz") {
                    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    encoder.write_all(&bytes).unwrap();
                    folder.write(name, &encoder.finish().unwrap());
                } else {
                    folder.write(name, &bytes);
                }
            }
            folder
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// The sets that these names make, by names.
        fn sets(&self, names: &[&str]) -> Vec<Vec<String>> {
            let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
            let name = |path: &Path| path.strip_prefix(self.0.path()).unwrap().to_str().unwrap().to_owned();
            discover(&paths).unwrap().iter().map(|set| set.paths.iter().map(|path| name(path)).collect()).collect()
        }
    }

    #[test]
    fn folders_are_searched_by_content() {
        let folder =
            Folder::new(&[("b/two.bin", &[1]), ("a.dat", &[1]), ("b/.hidden.pcap", &[1]), (".h/x.pcap", &[1])]);
        folder.write("notes.txt", b"this is text");
        folder.write("empty", b"");
        fs::create_dir(folder.path("c")).unwrap();
        assert_eq!(folder.sets(&[""]), [["a.dat"], ["b/two.bin"]]);
        let error = discover(&[folder.path("a.dat"), folder.path("c")]).unwrap_err();
        assert!(matches!(error, CaptureError::NoCapture { .. }), "{error}");
        assert!(error.to_string().contains("there is no capture in this folder"));
    }

    #[test]
    fn what_is_a_capture_and_cannot_be_read_stays() {
        let folder = Folder::new(&[("a.dat", &[1])]);
        folder.write("empty.pcap", b"");
        folder.write("cut", &pcap(&[])[..20]);
        folder.write("sniffer", b"XCP\0 and more");
        folder.write("trace.etl", &[0; 64]);
        folder.write("picture", b"\x89PNG\r\n\x1a\n");
        folder.write("newline", b"\n");
        assert_eq!(folder.sets(&[""]), [["a.dat"], ["cut"], ["empty.pcap"], ["sniffer"], ["trace.etl"]]);
        assert!(begins_broken_capture("x", b"XCP\0 and more") && !begins_broken_capture("x", b"hello"));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_not_followed_and_links_to_files_are() {
        let folder = Folder::new(&[("in/a.pcap", &[1])]);
        std::os::unix::fs::symlink(folder.path("in"), folder.path("in/again")).unwrap();
        std::os::unix::fs::symlink(folder.path("in/a.pcap"), folder.path("z.pcap")).unwrap();
        assert_eq!(folder.sets(&[""]), [["in/a.pcap"]]);
        fs::create_dir(folder.path("out")).unwrap();
        std::os::unix::fs::symlink(folder.path("in/a.pcap"), folder.path("out/z.pcap")).unwrap();
        assert_eq!(folder.sets(&["out"]), [["out/z.pcap"]]);
    }

    #[test]
    fn what_is_named_twice_is_read_once() {
        let folder = Folder::new(&[("a.pcap", &[1]), ("sub/b.pcap", &[1])]);
        assert_eq!(folder.sets(&["a.pcap", "sub/../a.pcap", "sub", "a.pcap"]), [["a.pcap"], ["sub/b.pcap"]]);
    }

    #[test]
    fn what_cannot_be_opened_stays_and_stdin_stands_alone() {
        let paths = ["-", "/no/such.pcap", "-"].map(PathBuf::from);
        let sets: Vec<_> = discover(&paths).unwrap().into_iter().map(|set| set.paths).collect();
        assert_eq!(sets, [[PathBuf::from("-")], [PathBuf::from("/no/such.pcap")]]);
    }

    #[test]
    fn rotated_captures_are_one_in_order_of_time() {
        let folder = Folder::new(&[
            ("d_00001_20250422174819.pcapng", &[10, 20]),
            ("d_00002_20250422175019.pcapng", &[20, 30]),
            ("d_00003_20250422175219.pcapng.gz", &[31, 40]),
            ("t.pcap", &[5, 6]),
            ("t.pcap2", &[9, 10]),
            ("t.pcap10", &[11, 12]),
            ("t.pcap1", &[7, 8]),
            ("other.pcap", &[41]),
        ]);
        let dumpcap =
            ["d_00001_20250422174819.pcapng", "d_00002_20250422175019.pcapng", "d_00003_20250422175219.pcapng.gz"];
        let tcpdump = ["t.pcap", "t.pcap1", "t.pcap2", "t.pcap10"];
        assert_eq!(folder.sets(&[""]), [&dumpcap[..], &["other.pcap"], &tcpdump]);
        let given = ["t.pcap10", "other.pcap", dumpcap[2], "t.pcap", dumpcap[0], dumpcap[1], "t.pcap1", "t.pcap2"];
        assert_eq!(folder.sets(&given), [&tcpdump[..], &["other.pcap"], &dumpcap]);
    }

    #[test]
    fn captures_of_the_same_moment_stay_apart() {
        let folder = Folder::new(&[("server1.pcap", &[10, 20, 30]), ("server2.pcap", &[11, 21, 31])]);
        assert_eq!(folder.sets(&[""]), [["server1.pcap"], ["server2.pcap"]]);
        assert_eq!(folder.sets(&["server2.pcap", "server1.pcap"]), [["server2.pcap"], ["server1.pcap"]]);
    }

    #[test]
    fn one_second_of_overlap_is_tolerated() {
        let folder = Folder::new(&[
            ("a1.pcap", &[10, 20]),
            ("a2.pcap", &[19, 30]),
            ("b1.pcap", &[10, 20]),
            ("b2.pcap", &[18, 30]),
        ]);
        assert_eq!(folder.sets(&[""]), [&["a1.pcap", "a2.pcap"][..], &["b1.pcap"], &["b2.pcap"]]);
    }

    #[test]
    fn two_rotated_captures_of_the_same_time_stay_apart() {
        let folder = Folder::new(&[
            ("host1_0001.pcap", &[10, 20]),
            ("host1_0002.pcap", &[21, 30]),
            ("host1_0003.pcap", &[31, 40]),
            ("host2_0001.pcap", &[10, 18]),
            ("host2_0002.pcap", &[19, 31]),
            ("host2_0003.pcap", &[32, 40]),
        ]);
        let set = |host: u8| [1, 2, 3].map(|number| format!("host{host}_000{number}.pcap"));
        assert_eq!(folder.sets(&[""]), [set(1), set(2)]);
    }

    #[test]
    fn captures_without_packets_and_folders_stay_apart() {
        let folder = Folder::new(&[("a1.pcap", &[]), ("a2.pcap", &[1]), ("a3.pcap", &[2]), ("x/a4.pcap", &[3])]);
        assert_eq!(folder.sets(&[""]), [&["a1.pcap"][..], &["a2.pcap", "a3.pcap"], &["x/a4.pcap"]]);
    }

    #[test]
    fn names_of_captures() {
        for name in ["a.pcap", "a.PCAPNG", "a.pcap12", "a.cap.gz", "a.pcap3.zst"] {
            assert!(is_named_like_capture(Path::new(name)), "{name}");
        }
        for name in ["a.log", "pcap", "a.pcap.txt", "a.gz"] {
            assert!(!is_named_like_capture(Path::new(name)), "{name}");
        }
    }
}
