//! What the kernel says of this process (`/proc/self/task/*/status`, proc(5)): the proof that rights are gone.

use super::user::User;
use anyhow::{Context, Result, ensure};
use std::fs::{self, DirEntry};
use std::io;

/// Rights of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// Real, effective, saved and file-system user id.
    uids: Vec<u32>,
    /// Real, effective, saved and file-system group id.
    gids: Vec<u32>,
    /// Supplementary groups.
    groups: Vec<u32>,
    /// Inheritable, permitted, effective and ambient capabilities, all in one mask.
    pub held: u64,
    /// The capabilities that could come back by executing a file.
    pub bounding: u64,
    no_new_privileges: bool,
}

impl Status {
    /// Reads the rights of every thread of this process: the kernel keeps them for each.
    pub(super) fn of_threads() -> Result<Vec<Self>> {
        let failed = "/proc/self/task: it tells which rights this process has and cannot be read; mount /proc";
        let threads = fs::read_dir("/proc/self/task").context(failed)?;
        let of_thread = |thread: io::Result<DirEntry>| -> Result<Option<Self>> {
            match fs::read_to_string(thread.context(failed)?.path().join("status")) {
                Ok(text) => Self::parse(&text).context("/proc/self/task: a field of the status is missing").map(Some),
                // It has come to an end since it was listed, and its rights with it.
                Err(error) if has_ended(&error) => Ok(None),
                Err(error) => Err(error).context(failed),
            }
        };
        let all: Vec<Self> = threads.filter_map(|thread| of_thread(thread).transpose()).collect::<Result<_>>()?;
        // This thread is one of them: none would prove nothing.
        ensure!(!all.is_empty(), failed);
        Ok(all)
    }

    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let numbers = |name: &str| -> Option<Vec<u32>> {
            field(name)?.split_whitespace().map(|number| number.parse().ok()).collect()
        };
        let mask = |name: &str| u64::from_str_radix(field(name)?.trim(), 16).ok();
        Some(Self {
            uids: numbers("Uid")?,
            gids: numbers("Gid")?,
            groups: numbers("Groups")?,
            held: mask("CapInh")? | mask("CapPrm")? | mask("CapEff")? | mask("CapAmb")?,
            bounding: mask("CapBnd")?,
            no_new_privileges: field("NoNewPrivs")?.trim() == "1",
        })
    }

    /// Refuses to go on if anything is left but the capabilities in `kept`; `user` is whom root became.
    pub(super) fn check(&self, user: Option<&User>, kept: u64) -> Result<()> {
        if let Some(User { uid, gid, .. }) = user {
            let all = |ids: &[u32], id: u32| ids.len() == 4 && ids.iter().all(|&other| other == id);
            ensure!(all(&self.uids, *uid), "the user is still {:?} and not {uid}", self.uids);
            ensure!(all(&self.gids, *gid), "the group is still {:?} and not {gid}", self.gids);
            ensure!(self.groups.is_empty(), "groups are left: {:?}", self.groups);
        }
        ensure!(self.held & !kept == 0, "capabilities are left: {:x}", self.held);
        ensure!(self.no_new_privileges, "no_new_privs is not set");
        Ok(())
    }
}

fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: &str = "Name:\tnrpcsniff\nUid:\t99\t99\t99\t99\nGid:\t98\t98\t98\t98\nGroups:\t \n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n\
        CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t0\n";

    fn check(text: &str, kept: u64) -> Result<()> {
        let user = User { name: "nobody".to_owned(), uid: 99, gid: 98 };
        Status::parse(text).unwrap().check(Some(&user), kept)
    }

    #[test]
    fn everything_gone_is_accepted() {
        check(NOBODY, 0).unwrap();
    }

    #[test]
    fn every_single_right_that_is_left_is_found() {
        for (from, to, part) in [
            ("Uid:\t99\t99\t99\t99", "Uid:\t99\t99\t0\t99", "user"),
            ("Uid:\t99\t99\t99\t99", "Uid:\t0\t99\t99\t99", "user"),
            ("Uid:\t99\t99\t99\t99", "Uid:\t99\t99\t99\t0", "user"),
            ("Gid:\t98\t98\t98\t98", "Gid:\t98\t0\t98\t98", "group"),
            ("Groups:\t ", "Groups:\t4 27 ", "groups"),
            ("CapInh:\t0000000000000000", "CapInh:\t0000000000002000", "capabilities"),
            ("CapPrm:\t0000000000000000", "CapPrm:\t0000010000000000", "capabilities"),
            ("CapEff:\t0000000000000000", "CapEff:\t0000000000000001", "capabilities"),
            ("CapAmb:\t0000000000000000", "CapAmb:\t0000000000002000", "capabilities"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0", "no_new_privs"),
        ] {
            assert!(NOBODY.contains(from));
            let said = check(&NOBODY.replace(from, to), 0).unwrap_err().to_string();
            assert!(said.contains(part), "{to}: {said}");
        }
    }

    #[test]
    fn what_must_stay_may_stay_and_nothing_else() {
        let raw = NOBODY.replace("CapEff:\t0000000000000000", "CapEff:\t0000000000002000");
        check(&raw, 1 << 13).unwrap();
        assert!(check(&raw.replace("2000\nCapBnd", "3000\nCapBnd"), 1 << 13).is_err());
    }

    #[test]
    fn a_status_that_lacks_a_field_proves_nothing() {
        for line in NOBODY.lines().filter(|line| !line.starts_with("Name") && !line.starts_with("Seccomp")) {
            assert_eq!(Status::parse(&NOBODY.replace(line, "")), None, "{line}");
        }
        assert_eq!(Status::parse(""), None);
    }

    #[test]
    fn this_process_has_a_status_for_each_thread() {
        assert!(!Status::of_threads().unwrap().is_empty());
    }
}
