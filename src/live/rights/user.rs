//! Whom root becomes: `--user`, else the caller of sudo, else nobody.

use crate::report::escape;
use anyhow::{Context, Result, anyhow};
use nix::unistd;

/// The number that nobody has where the system does not say.
const NOBODY: u32 = 65_534;

/// A user to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    /// Name, or the number where there is no name.
    pub name: String,
    pub uid: u32,
    /// The primary group. No other group is kept: those of an administrator are often as good as root.
    pub gid: u32,
}

/// The user of that name or number, as the system knows it.
pub(super) fn named(text: &str) -> Result<User> {
    find(text, &lookup)
}

/// The caller of sudo, if there is one who is not root, else nobody.
pub(super) fn usual(environment: impl Fn(&str) -> Option<String>) -> User {
    caller(&environment, &lookup).or_else(|| find("nobody", &lookup).ok()).unwrap_or_else(|| User {
        name: "nobody".to_owned(),
        uid: NOBODY,
        gid: NOBODY,
    })
}

/// Whom sudo was called by: `SUDO_UID` and `SUDO_GID`, as sudo(8) sets them.
fn caller(environment: &impl Fn(&str) -> Option<String>, lookup: &impl Fn(&str) -> Option<User>) -> Option<User> {
    let number = |name: &str| environment(name)?.parse::<u32>().ok();
    let (uid, gid) = (number("SUDO_UID").filter(|&uid| uid != 0)?, number("SUDO_GID").filter(|&gid| gid != 0));
    let known = lookup(&uid.to_string());
    let gid = gid.or_else(|| known.as_ref().map(|user| user.gid)).unwrap_or(NOBODY);
    Some(User { name: known.map_or_else(|| uid.to_string(), |user| user.name), uid, gid })
}

fn find(text: &str, lookup: &impl Fn(&str) -> Option<User>) -> Result<User> {
    let number: Option<u32> = text.parse().ok().filter(|&uid| uid != u32::MAX);
    let without_name = || number.map(|uid| User { name: uid.to_string(), uid, gid: NOBODY });
    lookup(text).or_else(without_name).with_context(|| {
        format!(
            "--user '{}': this system has no such user; name one of 'getent passwd', or give a number",
            escape::terminal(text)
        )
    })
}

/// Asks the system, by number if it is one.
fn lookup(text: &str) -> Option<User> {
    let found = match text.parse() {
        Ok(uid) => unistd::User::from_uid(unistd::Uid::from_raw(uid)),
        Err(_) => unistd::User::from_name(text),
    };
    let user = found.ok().flatten()?;
    Some(User { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
}

/// Refuses `--user` to those who cannot become anybody.
pub(super) fn only_root() -> anyhow::Error {
    anyhow!("--user: only root can become another user; leave it out, or start with sudo")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(text: &str) -> Option<User> {
        let known = [("ann", 1000, 100), ("nobody", 99, 98), ("root", 0, 0)];
        let (name, uid, gid) = *known.iter().find(|(name, uid, _)| *name == text || uid.to_string() == text)?;
        Some(User { name: name.to_owned(), uid, gid })
    }

    fn caller_of(set: &[(&str, &str)]) -> Option<(String, u32, u32)> {
        let get = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        caller(&get, &system).map(|user| (user.name, user.uid, user.gid))
    }

    #[test]
    fn the_caller_of_sudo_is_taken_unless_it_is_root() {
        assert_eq!(caller_of(&[("SUDO_UID", "1000"), ("SUDO_GID", "200")]), Some(("ann".to_owned(), 1000, 200)));
        assert_eq!(caller_of(&[("SUDO_UID", "1000")]), Some(("ann".to_owned(), 1000, 100)));
        assert_eq!(caller_of(&[("SUDO_UID", "1000"), ("SUDO_GID", "0")]), Some(("ann".to_owned(), 1000, 100)));
        assert_eq!(caller_of(&[("SUDO_UID", "5000")]), Some(("5000".to_owned(), 5000, NOBODY)));
        for none in [&[("SUDO_UID", "0"), ("SUDO_GID", "0")][..], &[("SUDO_UID", "-1")], &[("SUDO_UID", "x")], &[]] {
            assert_eq!(caller_of(none), None, "{none:?}");
        }
    }

    #[test]
    fn users_are_named_or_numbered() {
        assert_eq!(find("ann", &system).unwrap().uid, 1000);
        assert_eq!(find("1000", &system).unwrap().name, "ann");
        assert_eq!(find("4711", &system).unwrap(), User { name: "4711".to_owned(), uid: 4711, gid: NOBODY });
        // -1 means "leave as it is" to setresuid(2).
        for wrong in ["bob", "-1", "4294967295", "", "ann\u{1b}[2J"] {
            let said = find(wrong, &system).unwrap_err().to_string();
            assert!(said.contains("getent passwd") && !said.contains('\u{1b}'), "{said}");
        }
    }

    #[test]
    fn this_system_knows_its_root_and_somebody_for_nobody() {
        assert_eq!(named("root").unwrap().uid, 0);
        assert_eq!(named("0").unwrap().name, "root");
        assert_ne!(usual(|_| None).uid, 0);
    }
}
