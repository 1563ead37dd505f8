//! Giving up rights on Linux: first who the process is, then what it may do, then what it may ask the kernel for.

use super::status::Status;
use super::user::{self, User};
use super::{Needs, RightsReport, landlock, seccomp};
use anyhow::{Context, Result, anyhow, bail, ensure};
use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;
use nix::unistd::{AccessFlags, Gid, Uid, access, geteuid, setgroups, setresgid, setresuid, setuid};
use std::env;
use std::path::Path;

/// Whom to become once interfaces are open.
#[derive(Debug)]
pub(in super::super) struct Rights {
    /// Whom root becomes; `None` if this is not root and stays who it is.
    user: Option<User>,
}

impl Rights {
    /// Finds out whom to become: `--user`, which only root can ask for.
    pub(crate) fn new(wish: Option<&str>) -> Result<Self> {
        if !geteuid().is_root() {
            return if wish.is_some() { Err(user::only_root()) } else { Ok(Self { user: None }) };
        }
        let user = wish.map_or_else(|| Ok(user::usual(|name| env::var(name).ok())), user::named)?;
        Ok(Self { user: Some(user) })
    }

    /// Becomes the user and gives up capabilities, once interfaces are open and before the first thread starts, and proves
    /// it. What `reopens` interfaces stays.
    ///
    /// # Errors
    /// Something could not be given up: then nothing must be parsed.
    pub(crate) fn give_up(self, reopens: bool) -> Result<DroppedRights> {
        let threads = Status::of_threads()?.len();
        ensure!(threads == 1, "rights cannot be given up: {threads} threads run already, and each has its own");
        let failed = "rights cannot be given up, so nothing is parsed";
        let kept = if reopens { CapsHashSet::from([Capability::CAP_NET_RAW]) } else { CapsHashSet::new() };
        self.drop(&kept).context(failed)?;
        let left = self.verify(&kept).context(failed)?;
        Ok(DroppedRights { user: self.user, kept, left })
    }

    fn drop(&self, kept: &CapsHashSet) -> Result<()> {
        if let Some(user) = &self.user {
            become_user(user, !kept.is_empty())?;
        } else {
            forget_bounding()?;
        }
        let mine = caps::read(None, CapSet::Permitted)?;
        let kept = &mine & kept;
        // An old kernel has no ambient capabilities, and so none to clear.
        let _ = caps::clear(None, CapSet::Ambient);
        caps::set(None, CapSet::Effective, &kept)?;
        caps::set(None, CapSet::Permitted, &kept)?;
        caps::clear(None, CapSet::Inheritable)?;
        caps::securebits::set_keepcaps(false)?;
        Ok(prctl::set_no_new_privs()?)
    }

    /// Reads from /proc which rights are left, and tries to become root again: a right that stays although every call to give
    /// it up succeeded would be worse than one that nobody tried to give up. Gives what could not be given up and does no harm.
    fn verify(&self, kept: &CapsHashSet) -> Result<Option<String>> {
        let mask = |set: &CapsHashSet| set.iter().fold(0, |mask, capability| mask | capability.bitmask());
        let threads = Status::of_threads()?;
        for thread in &threads {
            thread.check(self.user.as_ref(), mask(kept))?;
        }
        let bounding = threads.iter().fold(0, |mask, thread| mask | thread.bounding) & mask(&caps::all());
        match &self.user {
            Some(User { uid: 0, .. }) | None => {}
            Some(_) if setuid(Uid::from_raw(0)).is_ok() => bail!("root could be had back"),
            Some(_) => {}
        }
        ensure!(self.user.is_none() || bounding == 0, "capabilities are left in the bounding set: {bounding:x}");
        Ok((bounding != 0).then(|| {
            "the bounding set of capabilities is as it was: only CAP_SETPCAP could clear it, and no_new_privs makes it void"
                .to_owned()
        }))
    }
}

/// Rights that are given up; files and system calls are still open.
#[derive(Debug)]
pub(in super::super) struct DroppedRights {
    /// Whom root became.
    user: Option<User>,
    /// Capabilities that were not given up.
    kept: CapsHashSet,
    /// What could not be given up and does no harm.
    left: Option<String>,
}

impl DroppedRights {
    /// Closes files and system calls, once the outputs are open and before the first thread starts.
    ///
    /// # Errors
    /// An output folder is closed to the user.
    pub(crate) fn close(self, needs: &Needs) -> Result<RightsReport> {
        for folder in &needs.folders {
            self.can_write(folder)?;
        }
        let mut details = Vec::from_iter(self.left);
        if self.user.is_none() {
            details.push(format!("user unchanged, capabilities kept: {}", names(&self.kept)));
        }
        let (Ok(files) | Err(files)) = landlock::close(needs);
        let (Ok(calls) | Err(calls)) = seccomp::close(needs);
        details.extend([files, calls]);
        Ok(RightsReport { said: self.user.map(|user| said(&user, &self.kept)), details })
    }

    fn can_write(&self, folder: &Path) -> Result<()> {
        let Err(error) = access(folder, AccessFlags::W_OK | AccessFlags::X_OK) else { return Ok(()) };
        let folder = folder.display();
        match &self.user {
            Some(User { name, .. }) => bail!(
                "{folder}: the user {name}, whom root becomes, cannot write here ({}); make it the owner with 'chown {name} \
                 {folder}', or choose another one with --user",
                error.desc()
            ),
            None => bail!("{folder}: this user cannot write here ({}); choose another folder", error.desc()),
        }
    }
}

fn become_user(user: &User, keep: bool) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let cannot = |what: &str, needed: &str| {
        format!(
            "{what}: this root lacks {needed}, as in a container; add it, or stay root without capabilities with --user root"
        )
    };
    forget_bounding()?;
    setgroups(&[]).with_context(|| cannot("groups", "CAP_SETGID"))?;
    caps::securebits::set_keepcaps(keep)?;
    setresgid(gid, gid, gid).with_context(|| cannot("group", "CAP_SETGID"))?;
    setresuid(uid, uid, uid).with_context(|| cannot("user", "CAP_SETUID"))?;
    Ok(())
}

/// Empties the bounding set, if this process may. It must, before the user changes.
fn forget_bounding() -> Result<()> {
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        caps::clear(None, CapSet::Bounding).map_err(|error| anyhow!("bounding set of capabilities: {error}"))?;
    }
    Ok(())
}

fn names(kept: &CapsHashSet) -> String {
    let names: Vec<_> = kept.iter().map(ToString::to_string).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn said(user: &User, kept: &CapsHashSet) -> String {
    let User { name, uid, gid } = user;
    let kept = if kept.is_empty() {
        "no capability".to_owned()
    } else {
        format!("no capability but {}, with which --retry opens the interface again", names(kept))
    };
    format!("root was given up: running as user {name} (uid {uid}, gid {gid}), no other group, {kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_user_cannot_wish_and_a_wrong_name_is_told() {
        let wish = Rights::new(Some("no-such-user"));
        let said = wish.unwrap_err().to_string();
        assert!(said.contains(if geteuid().is_root() { "no such user" } else { "only root" }), "{said}");
        assert_eq!(Rights::new(None).unwrap().user.is_some(), geteuid().is_root());
    }

    #[test]
    fn with_threads_nothing_is_given_up() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || wait.recv());
        let said = Rights { user: None }.give_up(false).unwrap_err().to_string();
        assert!(said.contains("threads"), "{said}");
        stop.send(()).unwrap();
        thread.join().unwrap().unwrap();
    }

    #[test]
    fn what_is_said_names_user_and_exceptions() {
        let user = User { name: "nobody".to_owned(), uid: 99, gid: 98 };
        assert!(said(&user, &CapsHashSet::new()).ends_with("(uid 99, gid 98), no other group, no capability"));
        let kept = CapsHashSet::from([Capability::CAP_NET_RAW]);
        assert!(said(&user, &kept).contains("no capability but CAP_NET_RAW, with which --retry"));
    }
}
