//! Landlock (landlock(7)): which files this process may still open, and that it may call nobody.

use super::Needs;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    PathFdError, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::path::{Path, PathBuf};

/// The newest version of Landlock that is asked for; of an older kernel, what that one has is in force.
const VERSION: ABI = ABI::V6;

/// Where libpcap looks an interface up when it opens it once more.
const ABOUT_ALL: [&str; 3] = ["/sys/class/net", "/sys/devices", "/proc/net"];

/// Closes the file system but for what is needed, for this thread and those it starts. Says what is in force, or why not.
pub(super) fn close(needs: &Needs) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("Landlock is not in force: {error}");
    let rules = rules(needs).map_err(|error| failed(&error))?;
    let status = restrict(rules).map_err(|error| failed(&error))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(failed(&unavailable(status.landlock))),
        enforced => Ok(describe(&enforced, needs)),
    }
}

type PathRules = Vec<PathBeneath<PathFd>>;

fn rules(needs: &Needs) -> Result<PathRules, PathFdError> {
    let outputs = needs.places().iter().map(|folder| beneath(folder, writing())).collect::<Result<PathRules, _>>()?;
    let all = needs.reopens.then_some(ABOUT_ALL).into_iter().flatten().map(PathBuf::from);
    // A name is that of a folder there: libpcap has opened it.
    let each = needs.interfaces.iter().map(|name| Path::new("/sys/class/net").join(name));
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    // What is not there need not be readable: `any` is no device.
    let lookups = all.chain(each).filter_map(|path| beneath(&path, reading).ok());
    Ok(outputs.into_iter().chain(lookups).collect())
}

fn beneath(path: &Path, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, PathFdError> {
    Ok(PathBeneath::new(PathFd::new(path)?, access))
}

/// What outputs need in their folder: ordinary files, opened, rotated and removed.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::RemoveFile
}

fn restrict(rules: PathRules) -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(rules.into_iter().map(Ok::<_, RulesetError>))?
        .restrict_self()
}

fn unavailable(status: LandlockStatus) -> &'static str {
    match status {
        LandlockStatus::NotImplemented => "this kernel has none (Linux 5.13 and later can)",
        LandlockStatus::NotEnabled => "this kernel was started without it (lsm=landlock,...)",
        LandlockStatus::Available { .. } => "the kernel did not take it",
    }
}

fn describe(enforced: &RulesetStatus, needs: &Needs) -> String {
    let part = if *enforced == RulesetStatus::FullyEnforced { "" } else { " as far as this kernel knows it" };
    let folders: Vec<_> = needs.places().iter().map(|folder| folder.display().to_string()).collect();
    let written = if folders.is_empty() { "nothing".to_owned() } else { format!("nothing but {}", folders.join(", ")) };
    let read = if needs.reopens {
        "what the system says of all interfaces"
    } else {
        "what the system says of these interfaces"
    };
    format!("Landlock is in force{part}: {written} can be written, {read} read, and no TCP connection made")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    /// In a thread of its own, for there is no way back. `None` where the kernel has no Landlock.
    fn closed<T: Send + 'static>(needs: Needs, then: impl FnOnce(String) -> T + Send + 'static) -> Option<T> {
        let inside = move || close(&needs).map(then);
        match thread::spawn(inside).join().unwrap() {
            Ok(answer) => Some(answer),
            Err(why) => {
                eprintln!("SKIPPED: {why}");
                None
            }
        }
    }

    #[test]
    fn outputs_can_be_rotated_and_nothing_else_is_open() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (folder, other) = (inside.path().to_path_buf(), outside.path().join("secret"));
        fs::write(&other, "x").unwrap();
        let needs = Needs { folders: vec![folder.clone()], ..Needs::default() };
        closed(needs, move |said| {
            assert!(said.contains(folder.to_str().unwrap()), "{said}");
            fs::write(folder.join("a.pcapng"), "1").unwrap();
            fs::write(folder.join("a.pcapng"), "2").unwrap();
            fs::rename(folder.join("a.pcapng"), folder.join("b.pcapng")).unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
            fs::remove_file(folder.join("b.pcapng")).unwrap();
            assert!(fs::read(&other).is_err() && fs::write(&other, "y").is_err());
            assert!(fs::create_dir(folder.join("sub")).is_err());
            assert!(fs::read("/etc/passwd").is_err());
        });
    }

    #[test]
    fn without_outputs_there_is_no_file() {
        closed(Needs::default(), |said| {
            assert!(said.contains("nothing can be written"), "{said}");
            assert!(fs::read("/etc/passwd").is_err() && fs::write("/tmp/nrpcsniff-closed", "x").is_err());
        });
    }

    #[test]
    fn drops_and_state_of_an_interface_stay_readable() {
        let needs = Needs { interfaces: vec!["lo".to_owned(), "any".to_owned()], ..Needs::default() };
        closed(needs, |_| {
            assert!(fs::read("/sys/class/net/lo/statistics/rx_missed_errors").is_ok());
            assert!(fs::read("/sys/class/net/lo/operstate").is_ok());
            assert!(fs::read("/sys/kernel/uevent_seqnum").is_err() && fs::read("/proc/self/status").is_err());
        });
    }

    #[test]
    fn sockets_that_listen_go_on_and_nobody_is_called() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refused = closed(Needs { serves: true, ..Needs::default() }, move |_| TcpStream::connect(address).is_err());
        // Kernels before 6.7 do not know TCP.
        eprintln!("connecting refused: {refused:?}");
        let _caller = TcpStream::connect(address).unwrap();
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn a_folder_that_is_gone_is_told() {
        let needs = Needs { folders: vec!["/no/such/folder".into()], ..Needs::default() };
        let why = thread::spawn(move || close(&needs)).join().unwrap().unwrap_err();
        assert!(why.contains("not in force"), "{why}");
    }
}
