//! Rights: which are needed to capture, and how they are given up once the interface is open.
//!
//! Whoever parses packets that strangers sent needs no rights but to read an open socket and to write its outputs. So root
//! becomes an ordinary user, capabilities go from every set, and the kernel is told which files may be opened (Landlock)
//! and which system calls may be made (seccomp) until the process ends. Linux only; elsewhere nothing is given up, and
//! that is said.
//!
//! The order is [`Rights::new`], which checks the wish before anything is opened; then metrics socket and interfaces are
//! opened; then [`Rights::give_up`]; then outputs, as the user who will own them; then `DroppedRights::close`. All of it comes
//! before the first thread starts, because the kernel keeps rights for each thread.

mod denied;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod status;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;
#[cfg(target_os = "linux")]
mod user;

pub(super) use denied::denied;
pub(super) use system::Rights;

use std::path::PathBuf;

/// What a capture still does once rights are given up.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "read where rights are given up"))]
pub(super) struct Needs {
    /// Interfaces that are open: libpcap reads their drops from files.
    pub interfaces: Vec<String>,
    /// Folders in which files are created, rotated and removed.
    pub folders: Vec<PathBuf>,
    /// Files that are opened now and may be opened again (SIGHUP).
    pub files: Vec<PathBuf>,
    /// An interface that vanishes is opened again (`--retry`): CAP_NET_RAW must stay.
    pub reopens: bool,
    /// Metrics are served over TCP, on a socket that listens already.
    pub serves: bool,
}

#[cfg(any(target_os = "linux", test))]
impl Needs {
    /// Where files are written: folders, and outputs that are no ordinary files, such as pipes.
    fn places(&self) -> Vec<PathBuf> {
        let folder = |file: &PathBuf| {
            let is_ordinary = file.metadata().map_or(true, |about| about.is_file());
            let parent = file.parent().filter(|_| is_ordinary).unwrap_or(file);
            if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_path_buf() }
        };
        let mut places: Vec<_> = self.folders.iter().cloned().chain(self.files.iter().map(folder)).collect();
        places.sort();
        places.dedup();
        places
    }
}

/// Which rights are left, for the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RightsReport {
    /// A sentence for everybody; none if nothing changed that one would have to know of.
    pub said: Option<String>,
    /// Sentences for `-v`: what is in force, and why something is not.
    pub details: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_for_their_folder_unless_they_are_pipes_or_devices() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        let needs = |files: &[PathBuf]| Needs { files: files.to_vec(), ..Needs::default() }.places();
        assert_eq!(needs(&[file.clone(), file.with_extension("txt")]), [folder.path()]);
        std::fs::write(&file, "x").unwrap();
        assert_eq!(needs(&[file, "report.json".into()]), [folder.path().to_path_buf(), PathBuf::from(".")]);
        assert_eq!(needs(&["/dev/null".into()]), [PathBuf::from("/dev/null")]);
    }
}
