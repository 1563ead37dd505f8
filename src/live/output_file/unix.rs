//! Opening outputs on Unix: links, owners, further names, pipes without a reader, descriptors.

use super::Content;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use thiserror::Error;

/// Why a file is left alone.
#[derive(Debug, Error)]
enum Refusal {
    #[error(
        "a symbolic link has this name, and links are not followed to files. Name the file itself, or remove the link"
    )]
    Linked,
    #[error(
        "the file has {0} names (hard links), and would be emptied under all of them. Name another one, or remove it"
    )]
    SeveralNames(u64),
    #[error(
        "the file belongs to another user (uid {owner}), and nrpcsniff writes as uid {writer} (root becomes another user: \
         --user). Name another file, or remove this one"
    )]
    Foreign { owner: u32, writer: u32 },
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}

/// Opens or makes (mode 0600) an output, without following a link to a file, and without waiting for anybody.
///
/// What this call makes is not judged: there are file systems on which it seems to belong to somebody else.
pub(super) fn open(path: &Path, content: Content) -> io::Result<File> {
    match options(content, OFlags::empty()).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => existing(path, content),
        made => made,
    }
}

/// Opens what is there, and empties it once it is known to be the writer's own.
fn existing(path: &Path, content: Content) -> io::Result<File> {
    let file = match options(content, OFlags::NOFOLLOW).open(path) {
        Ok(file) => checked(file)?,
        Err(error) if is(&error, Errno::LOOP) => device(path, content)?,
        Err(error) if is(&error, Errno::ACCESS) => return Err(foreign(path).map_or(error, Into::into)),
        Err(error) => return Err(error),
    };
    wait_for_reader(&file)?;
    if content == Content::Cut && file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// For writing, without waiting: a pipe that nobody reads gives ENXIO (fifo(7)). Nothing is cut off yet.
fn options(content: Content, flags: OFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(content == Content::Retention).write(true).mode(0o600);
    options.custom_flags((flags | OFlags::NONBLOCK).bits().cast_signed());
    options
}

/// Once it is open, a reader who is slow is waited for.
fn wait_for_reader(file: &File) -> io::Result<()> {
    Ok(fcntl_setfl(file, fcntl_getfl(file)? - OFlags::NONBLOCK)?)
}

/// Gives back what is no ordinary file, or one of the writer's own that has no other name.
fn checked(file: File) -> io::Result<File> {
    let (about, writer) = (file.metadata()?, geteuid().as_raw());
    match (about.uid(), about.nlink()) {
        _ if !about.is_file() => Ok(file),
        (owner, _) if owner != writer => Err(Refusal::Foreign { owner, writer }.into()),
        (_, names) if names > 1 => Err(Refusal::SeveralNames(names).into()),
        _ => Ok(file),
    }
}

/// What a symbolic link leads to, unless that is an ordinary file: `/dev` has such links.
fn device(path: &Path, content: Content) -> io::Result<File> {
    match options(content, OFlags::empty()).open(path) {
        Ok(file) if !file.metadata()?.is_file() => Ok(file),
        Err(error) if is_unread(path, &error) => Err(error),
        Ok(_) | Err(_) => Err(Refusal::Linked.into()),
    }
}

/// More than "permission denied", if the file is there and belongs to somebody else.
fn foreign(path: &Path) -> Option<Refusal> {
    let (about, writer) = (path.symlink_metadata().ok()?, geteuid().as_raw());
    (about.is_file() && about.uid() != writer).then_some(Refusal::Foreign { owner: about.uid(), writer })
}

/// It is a pipe, and nobody has opened it to read.
pub(super) fn is_unread(path: &Path, error: &io::Error) -> bool {
    is(error, Errno::NXIO) && is_pipe(path)
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.file_type().is_fifo())
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// The descriptor of this process that the path names.
pub(super) fn descriptor(path: &Path) -> Option<u32> {
    match path.to_str()? {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        other => other.strip_prefix("/dev/fd/").or_else(|| other.strip_prefix("/proc/self/fd/"))?.parse().ok(),
    }
}

/// The output that was handed over as this descriptor. Beyond stdout and stderr only a pipe is taken over: it has to be
/// opened by its path, and root's rights would open for writing a file that was handed over for reading.
pub(super) fn inherited(path: &Path) -> Option<File> {
    let descriptor = match descriptor(path)? {
        1 => io::stdout().as_fd().try_clone_to_owned(),
        2 => io::stderr().as_fd().try_clone_to_owned(),
        _ if is_pipe(path) => {
            let pipe = options(Content::Retention, OFlags::empty()).open(path);
            return pipe.and_then(|pipe| wait_for_reader(&pipe).map(|()| pipe)).ok();
        }
        _ => return None,
    };
    descriptor.ok().map(File::from)
}

#[cfg(test)]
mod tests {
    use super::super::{Inherited, is_descriptor, open as open_waiting, reopen_emptied, reopen_to_append};
    use super::*;
    use crate::live::signals::Signals;
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;
    use std::thread;
    use std::time::Duration;
    use tempfile::TempDir;

    fn folder() -> (TempDir, impl Fn(&str) -> PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().to_owned();
        (folder, move |name: &str| base.join(name))
    }

    fn refused(path: &Path) -> String {
        reopen_emptied(path).unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_an_old_one_is_emptied_and_keeps_its_mode() {
        let (_folder, path) = folder();
        reopen_emptied(&path("new")).unwrap().write_all(b"one").unwrap();
        let mode = |name: &str| path(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("new"), 0o600);
        reopen_to_append(&path("new")).unwrap().write_all(b"two").unwrap();
        assert_eq!(fs::read(path("new")).unwrap(), b"onetwo");
        fs::set_permissions(path("new"), fs::Permissions::from_mode(0o644)).unwrap();
        reopen_emptied(&path("new")).unwrap().write_all(b"3").unwrap();
        assert_eq!((fs::read(path("new")).unwrap(), mode("new")), (b"3".to_vec(), 0o644));
    }

    #[test]
    fn links_to_files_are_refused_and_nothing_changes() {
        let (_folder, path) = folder();
        fs::write(path("file"), "x").unwrap();
        symlink(path("file"), path("link")).unwrap();
        symlink(path("none"), path("dangling")).unwrap();
        symlink(path("link"), path("chain")).unwrap();
        for name in ["link", "dangling", "chain"] {
            assert!(refused(&path(name)).contains("a symbolic link has this name"), "{name}");
        }
        assert!(reopen_to_append(&path("link")).is_err());
        fs::hard_link(path("file"), path("second")).unwrap();
        for name in ["file", "second"] {
            assert!(refused(&path(name)).contains("2 names"), "{name}");
        }
        assert_eq!(fs::read(path("file")).unwrap(), b"x");
        assert!(!path("none").exists());
        fs::remove_file(path("second")).unwrap();
        reopen_emptied(&path("file")).unwrap();
        assert!(fs::read(path("file")).unwrap().is_empty());
    }

    #[test]
    fn a_file_of_another_user_is_refused_even_if_it_may_be_written() {
        let (_folder, path) = folder();
        fs::write(path("file"), "x").unwrap();
        if std::os::unix::fs::chown(path("file"), Some(4711), None).is_err() {
            eprintln!("SKIPPED: only root can give a file away");
            return;
        }
        let said = refused(&path("file"));
        assert!(said.contains("uid 4711") && said.contains("--user"), "{said}");
        assert_eq!(fs::read(path("file")).unwrap(), b"x");
    }

    #[test]
    fn folders_on_the_way_may_be_links() {
        let (_folder, path) = folder();
        fs::create_dir(path("real")).unwrap();
        symlink(path("real"), path("link")).unwrap();
        reopen_emptied(&path("link").join("file")).unwrap();
        assert!(path("real").join("file").exists());
    }

    #[test]
    fn devices_are_taken_also_behind_links() {
        let (_folder, path) = folder();
        symlink("/dev/null", path("link")).unwrap();
        for path in [Path::new("/dev/null"), &path("link")] {
            reopen_emptied(path).unwrap().write_all(b"x").unwrap();
        }
        assert!(reopen_emptied(&path("no").join("file")).is_err_and(|error| error.kind() == ErrorKind::NotFound));
        assert!(reopen_emptied(&path("")).is_err_and(|error| error.kind() == ErrorKind::IsADirectory));
    }

    #[test]
    fn a_pipe_waits_for_its_reader_until_the_user_has_enough() {
        let (_folder, path) = folder();
        if !std::process::Command::new("mkfifo").arg(path("pipe")).status().is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: no mkfifo");
            return;
        }
        assert!(reopen_emptied(&path("pipe")).is_err());
        let (signals, mut waited) = (Signals::silent(), 0);
        let reader = thread::spawn({
            let pipe = path("pipe");
            move || {
                thread::sleep(Duration::from_millis(200));
                let mut text = String::new();
                File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        let mut pipe = open_waiting(&path("pipe"), &signals, || waited += 1).unwrap().unwrap();
        pipe.write_all(b"packets").unwrap();
        drop(pipe);
        assert_eq!((&*reader.join().unwrap(), waited), ("packets", 1));
        signals.ask_to_stop();
        assert!(open_waiting(&path("pipe"), &signals, || {}).unwrap().is_none());
    }

    #[test]
    fn descriptors_are_known_and_files_among_them_are_not_opened_by_path() {
        let numbers =
            ["/dev/stdout", "/dev/stderr", "/dev/fd/63", "/proc/self/fd/7"].map(|path| descriptor(path.as_ref()));
        assert_eq!(numbers, [Some(1), Some(2), Some(63), Some(7)]);
        for other in ["/dev/null", "/dev/fd/", "/dev/fd/x", "stdout", "/proc/1/fd/1"] {
            assert!(!is_descriptor(Path::new(other)), "{other}");
        }
        let file = tempfile::tempfile().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let name = |number: i32| PathBuf::from(format!("/dev/fd/{number}"));
        let paths = [
            "/dev/stderr".into(),
            name(std::os::fd::AsRawFd::as_raw_fd(&file)),
            name(std::os::fd::AsRawFd::as_raw_fd(&writer)),
        ];
        let mut inherited = Inherited::of(paths.iter().map(PathBuf::as_path));
        let taken = paths.each_ref().map(|path| inherited.take(path));
        assert_eq!(taken.each_ref().map(Option::is_some), [true, false, true]);
        let [.., mut pipe] = taken;
        pipe.as_mut().unwrap().write_all(b"x").unwrap();
        drop((pipe, writer));
        assert_eq!(io::read_to_string(reader).unwrap(), "x");
    }
}
