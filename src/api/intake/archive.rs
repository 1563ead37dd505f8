//! Archives, unpacked as far as they hold what is of use, member by member as a stream.
//!
//! What limits bound: entries, bytes, how much larger than packed something is, archives within archives. Links, devices and
//! whatever is no plain file are passed over.

use super::limits::{Bounded, Limits};
use super::scratch::Scratch;
use super::sniff::{self, HEAD, What};
use crate::capture::{begins_broken_capture, decompressed};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use tar::EntryType;
use zip::ZipArchive;

/// Bytes of a name that tar keeps in an entry of its own.
const MAX_NAME: u64 = 64 << 10;
/// Characters of a file's name that are kept: file systems take 255 bytes.
const MAX_FILE_NAME: usize = 60;

/// Unpacks archives into a folder that goes with it.
#[derive(Debug)]
pub(super) struct Unpacker {
    folder: Scratch,
    limits: Limits,
    /// Folders that names in archives speak of, each by a number.
    folders: HashMap<String, usize>,
    /// Files, how people know them, and what they are.
    pub found: Vec<(PathBuf, String, What)>,
    /// What went wrong.
    pub problems: Vec<String>,
    /// What is of no use.
    pub passed_over: Vec<String>,
}

/// An archive that is being unpacked.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// How people know it.
    name: &'a str,
    /// How many archives it is in.
    depth: u32,
}

impl Unpacker {
    /// Nothing yet.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub(super) fn new(limits: Limits) -> io::Result<Self> {
        Ok(Self {
            folder: Scratch::new()?,
            limits,
            folders: HashMap::new(),
            found: Vec::new(),
            problems: Vec::new(),
            passed_over: Vec::new(),
        })
    }

    /// Unpacks an archive.
    pub(super) fn file(&mut self, file: File, what: What, name: &str) {
        self.archive(file, what, Place { name, depth: 1 });
    }

    /// Unpacks an archive that comes as a stream: the directory of a zip archive stands at its end.
    pub(super) fn stream(&mut self, stream: impl Read, name: &str) {
        let Some(path) = self.store("", "archive", stream, self.limits.bytes, name) else { return };
        self.nested(&path, Place { name, depth: 1 });
    }

    fn nested(&mut self, path: &Path, place: Place<'_>) {
        match File::open(path) {
            Ok(file) => self.archive(file, sniff::file(path), place),
            Err(error) => self.problem(place.name, &format!("cannot be read: {error}")),
        }
        // It is not needed any more; that it cannot be removed now is no harm, since its folder goes, too.
        let _ = fs::remove_file(path);
    }

    fn archive(&mut self, file: File, what: What, place: Place<'_>) {
        if place.depth > self.limits.depth {
            return self.problem(place.name, "an archive too deep inside of others was not unpacked");
        }
        let done = if what == What::Zip { self.zip(file, place) } else { self.tar(file, place) };
        if let Err(error) = done {
            self.problem(place.name, &format!("the archive is damaged, or was not unpacked to its end: {error}"));
        }
    }

    fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name}: {what}"));
    }

    fn zip(&mut self, file: File, place: Place<'_>) -> io::Result<()> {
        let mut archive = ZipArchive::new(BufReader::new(file))?;
        for index in 0..archive.len() {
            self.entry()?;
            match archive.by_index(index) {
                Ok(member) if member.is_file() => {
                    let name = String::from_utf8_lossy(member.name_raw()).into_owned();
                    let most = self.limits.allowed(member.compressed_size());
                    self.member(&name, member, most, place);
                }
                Ok(_) => {}
                Err(error) => {
                    self.problem(place.name, &format!("member {index} of the archive cannot be unpacked: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Entries are read as they stand, and names that are too long for a header are put together here, within bounds.
    fn tar(&mut self, file: File, place: Place<'_>) -> io::Result<()> {
        let most = self.limits.allowed(file.metadata()?.len());
        let mut archive = tar::Archive::new(Bounded::new(decompressed(file)?, most));
        let mut long_name = None;
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            self.entry()?;
            match entry.header().entry_type() {
                EntryType::GNULongName => {
                    let mut name = short(&mut entry)?;
                    name.retain(|&byte| byte != 0);
                    long_name = Some(name);
                }
                EntryType::XHeader => {
                    let content = short(&mut entry)?;
                    let pairs = tar::PaxExtensions::new(&content).flatten();
                    let path = pairs.filter(|pair| pair.key_bytes() == b"path").last();
                    long_name = path.map(|pair| pair.value_bytes().to_vec()).or(long_name);
                }
                EntryType::Regular | EntryType::Continuous => {
                    let name = long_name.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
                    self.member(&String::from_utf8_lossy(&name), entry, most, place);
                }
                _ => long_name = None,
            }
        }
        Ok(())
    }

    fn entry(&mut self) -> io::Result<()> {
        self.limits.entries = self.limits.entries.checked_sub(1).ok_or_else(|| io::Error::other("too many entries"))?;
        Ok(())
    }

    /// One file of an archive: kept if it is of use.
    fn member(&mut self, name: &str, mut stream: impl Read, most: u64, place: Place<'_>) {
        let shown = format!("{}/{name}", place.name);
        if name.split(['/', '\\']).any(|part| part.starts_with('.') && part.len() > 2 || part == "__MACOSX") {
            return;
        }
        let mut head = Vec::new();
        if let Err(error) = stream.by_ref().take(HEAD).read_to_end(&mut head) {
            return self.problem(&shown, &format!("cannot be unpacked: {error}"));
        }
        let what = match sniff::bytes(&head) {
            What::Other if begins_broken_capture(name, &head) => What::Capture,
            what => what,
        };
        if what == What::Other {
            return self.passed_over.push(format!("{shown}: passed over, neither capture nor log nor key"));
        }
        let (folder, file) = name.rsplit_once(['/', '\\']).unwrap_or(("", name));
        let folder = format!("{}/{folder}", place.name);
        let Some(path) = self.store(&folder, file, Cursor::new(head).chain(stream), most, &shown) else { return };
        if matches!(what, What::Zip | What::Tar) {
            self.nested(&path, Place { name: &shown, depth: place.depth.saturating_add(1) });
        } else {
            self.found.push((path, shown, what));
        }
    }

    /// Writes a stream into a file of the folder: files of one folder lie in one, so that a rotated capture is known as such.
    fn store(&mut self, folder: &str, file: &str, stream: impl Read, most: u64, shown: &str) -> Option<PathBuf> {
        let next = self.folders.len();
        let number = *self.folders.entry(folder.to_owned()).or_insert(next);
        let folder = self.folder.path().join(number.to_string());
        let mut path = folder.join(plain(file));
        let mut bounded = Bounded::new(stream, most.min(self.limits.bytes));
        let written = fs::create_dir_all(&folder).and_then(|()| {
            while path.exists() {
                path.as_mut_os_string().push("_");
            }
            io::copy(&mut bounded, &mut File::create_new(&path)?)
        });
        match written {
            Ok(bytes) => {
                self.limits.bytes = self.limits.bytes.saturating_sub(bytes);
                Some(path)
            }
            Err(error) => {
                self.problem(shown, &format!("cannot be unpacked: {error}"));
                // Half of it would be told as damaged, which it is not.
                let _ = fs::remove_file(&path);
                None
            }
        }
    }
}

/// A file name that is one, whatever the archive says: letters, digits and what is harmless, of bounded length. Its end is kept,
/// where digits of rotated captures stand.
fn plain(name: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let chars: Vec<char> = name.chars().map(|c| if is_harmless(c) { c } else { '_' }).collect();
    let kept: String = chars.iter().skip(chars.len().saturating_sub(MAX_FILE_NAME)).collect();
    format!("f{kept}")
}

/// The content of an entry that holds a name.
fn short(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    entry.take(MAX_NAME).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const LOG: &[u8] = b"101117_095933.884,FTL,LDAP Aut,token verification failed. [4098]\n";

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            // Names as a hostile archive has them: the builder would refuse some.
            let place = &mut header.as_gnu_mut().unwrap().name;
            let length = name.len().min(place.len());
            place[..length].copy_from_slice(&name.as_bytes()[..length]);
            header.set_entry_type(EntryType::Regular);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(archive: &[u8], limits: Limits) -> Unpacker {
        let mut unpacker = Unpacker::new(limits).unwrap();
        unpacker.stream(archive, "t");
        let root = fs::canonicalize(unpacker.folder.path()).unwrap();
        for (path, ..) in &unpacker.found {
            assert!(fs::canonicalize(path).unwrap().starts_with(&root), "{}", path.display());
        }
        unpacker
    }

    fn names(unpacker: &Unpacker) -> Vec<&str> {
        unpacker.found.iter().map(|(_, name, _)| name.as_str()).collect()
    }

    #[test]
    fn members_are_kept_for_what_they_are() {
        let capture = crate::testing::capture_file();
        let members: &[(&str, &[u8])] = &[
            ("logs/st.txt", LOG),
            ("a.pcap", &capture),
            ("b.pcap.gz", &gz(&capture)),
            ("x.png", b"\x89PNG"),
            (".git/log", LOG),
        ];
        for archive in [zip(members), tar(members), gz(&tar(members)), zip(&[("in.tar.gz", &gz(&tar(members)))])] {
            let unpacker = unpack(&archive, Limits::default());
            let found: Vec<_> = unpacker
                .found
                .iter()
                .map(|(path, name, what)| {
                    assert_eq!(sniff::file(path), *what);
                    (name.rsplit('/').next().unwrap(), *what)
                })
                .collect();
            assert_eq!(found, [("st.txt", What::Log), ("a.pcap", What::Capture), ("b.pcap.gz", What::Capture)]);
            assert!(unpacker.problems.is_empty() && unpacker.passed_over.len() == 1, "{:?}", unpacker.problems);
        }
    }

    #[test]
    fn names_are_only_names() {
        let long = "a".repeat(90);
        let hostile = ["../../../etc/x.log", "/etc/passwd", "a/../../b.log", "C:\\x\\y.log", "..", long.as_str()];
        let members: Vec<(&str, &[u8])> = hostile.iter().map(|&name| (name, LOG)).collect();
        for archive in [zip(&members), tar(&members)] {
            let unpacker = unpack(&archive, Limits::default());
            assert_eq!(names(&unpacker).len(), hostile.len(), "{:?}", unpacker.problems);
            assert_eq!(names(&unpacker)[0], "t/../../../etc/x.log");
        }
        let twice = unpack(&tar(&[("a.log", LOG), ("a.log", LOG)]), Limits::default());
        assert_eq!(twice.found.len(), 2);
    }

    #[test]
    fn long_names_of_tar() {
        let mut builder = tar::Builder::new(Vec::new());
        let name = format!("{}/st.txt", "folder".repeat(30));
        let mut header = tar::Header::new_gnu();
        header.set_size(LOG.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, &name, LOG).unwrap();
        let unpacker = unpack(&builder.into_inner().unwrap(), Limits::default());
        assert_eq!(names(&unpacker), [format!("t/{name}")]);
    }

    #[test]
    fn bombs_are_not_unpacked() {
        let zeros = [LOG, &vec![b'\n'; 4 << 20][..]].concat();
        let limits = Limits { free: 1 << 16, ratio: 10, ..Limits::default() };
        for archive in [zip(&[("bomb.log", &zeros)]), gz(&tar(&[("bomb.log", &zeros)]))] {
            let unpacker = unpack(&archive, limits);
            assert!(unpacker.found.is_empty() && !unpacker.problems.is_empty(), "{:?}", unpacker.found);
            assert_eq!(unpack(&archive, Limits::default()).found.len(), 1, "the twin");
        }
        let few =
            unpack(&zip(&[("a.log", LOG), ("b.log", LOG), ("c.log", LOG)]), Limits { entries: 2, ..Limits::default() });
        assert_eq!((few.found.len(), few.problems.len()), (2, 1));
        let small = unpack(&zip(&[("a.log", LOG), ("b.log", LOG)]), Limits { bytes: 400, ..Limits::default() });
        assert!(small.found.len() < 2 && !small.problems.is_empty());
    }

    #[test]
    fn archives_in_archives_end() {
        let mut archive = zip(&[("a.log", LOG)]);
        for _ in 0..2 {
            archive = zip(&[("in.zip", &archive)]);
        }
        assert_eq!(unpack(&archive, Limits::default()).found.len(), 1);
        let deeper = unpack(&zip(&[("in.zip", &archive)]), Limits::default());
        assert!(deeper.found.is_empty() && deeper.problems[0].contains("too deep"), "{:?}", deeper.problems);
    }

    #[test]
    fn every_cut_is_read_as_far_as_it_goes() {
        for archive in [zip(&[("a.log", LOG), ("b.log", LOG)]), tar(&[("a.log", LOG)]), gz(&tar(&[("a.log", LOG)]))] {
            for end in 0..archive.len() {
                let _ = unpack(&archive[..end], Limits::default());
            }
        }
        let whole = zip(&[("a.log", LOG)]);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            let _ = unpack(&damaged, Limits::default());
        }
    }

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(plain("a b\u{1b}[2J.pcap12"), "fa_b__2J.pcap12");
        assert!(plain(&"x".repeat(500)).len() < 64 && plain(&format!("{}9", "x".repeat(500))).ends_with('9'));
        assert_eq!((plain(""), plain("..")), ("f".to_owned(), "f..".to_owned()));
    }
}
