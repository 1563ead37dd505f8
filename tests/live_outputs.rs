//! What root does with outputs that somebody prepared: nothing changes that is not the user's own, nothing is handed over,
//! and what cannot be written is told in one sentence before anything is captured.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::network::{Namespace, possible};
use support::watch::Running;

const NRPCSNIFF: &str = env!("CARGO_BIN_EXE_nrpcsniff");
/// Whom root becomes here: nobody that this system knows.
const USER: u32 = 4711;

/// A folder, and what root and others may do in it.
struct Folder(tempfile::TempDir);

impl Folder {
    /// Everybody may make files in it, as in /tmp.
    fn shared() -> Self {
        Self::of(0, 0o1777)
    }

    fn of(owner: u32, mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        chown(folder.path(), Some(owner), Some(owner)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, owner: u32, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, "precious").unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

/// A live capture by root on behalf of the user, which ends by itself.
fn capture(network: &Namespace, option: &str, output: &Path) -> Command {
    let mut command = network.command(NRPCSNIFF);
    command.env("SUDO_UID", USER.to_string()).env("SUDO_GID", USER.to_string());
    command.args(["--no-config", "-i", "lo", "--duration", "200ms", option]).arg(output);
    command
}

/// Status, and what it says on stderr.
fn result(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every option that names an output refuses it with one sentence that holds `part`, and `precious` stays as it is.
fn assert_refused(network: &Namespace, output: &Path, precious: &Path, part: &str) {
    let state = |path: &Path| {
        let about = path.metadata().unwrap();
        (
            about.uid(),
            about.gid(),
            about.mode(),
            about.ino(),
            about.ctime(),
            about.ctime_nsec(),
            fs::read(path).unwrap(),
        )
    };
    let before = state(precious);
    for option in ["-w", "-o"] {
        let (status, said) = result(&capture(network, option, output).output().unwrap());
        assert_eq!((status, said.lines().count()), (Some(2), 1), "{option}: {said}");
        assert_eq!(said.matches(part).count(), 1, "{option}: {said}");
        assert!(said.contains(output.to_str().unwrap()), "{option}: {said}");
        assert_eq!(state(precious), before, "{option}");
    }
}

#[test]
fn files_of_others_are_neither_emptied_nor_given_away() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let shared = Folder::shared();
    let hidden = shared.file("hidden", 0, 0o600);
    assert_refused(&network, &hidden, &hidden, "belongs to another user (uid 0)");
    // That it may be written does not make it the user's.
    let open = shared.file("open", 0, 0o666);
    assert_refused(&network, &open, &open, "belongs to another user (uid 0)");
    let third = shared.file("third", 4712, 0o666);
    assert_refused(&network, &third, &third, "belongs to another user (uid 4712)");
}

#[test]
fn links_lead_nowhere() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let (closed, shared) = (Folder::of(0, 0o755), Folder::shared());
    let roots = closed.file("roots", 0, 0o644);
    symlink(&roots, shared.path("symbolic")).unwrap();
    assert_refused(&network, &shared.path("symbolic"), &roots, "symbolic link");
    fs::hard_link(&roots, shared.path("hard")).unwrap();
    assert_refused(&network, &shared.path("hard"), &roots, "belongs to another user (uid 0)");
    // The user's own files are not to be had by links in a folder of everybody either.
    let own = shared.file("own", USER, 0o600);
    symlink(&own, shared.path("to-own")).unwrap();
    assert_refused(&network, &shared.path("to-own"), &own, "symbolic link");
    fs::hard_link(&own, shared.path("own-again")).unwrap();
    assert_refused(&network, &own, &own, "2 names");
    // A folder that is a link leads where the user may not write.
    symlink(closed.0.path(), shared.path("folder")).unwrap();
    assert_refused(&network, &shared.path("folder").join("new"), &roots, "Permission denied");
    assert!(!closed.path("new").exists());
    // What a dangling link names is not made.
    symlink(closed.path("made"), shared.path("dangling")).unwrap();
    assert_refused(&network, &shared.path("dangling"), &roots, "symbolic link");
    assert!(!closed.path("made").exists());
}

#[test]
fn root_makes_no_file_where_the_user_may_not() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let closed = Folder::of(0, 0o755);
    let roots = closed.file("roots", 0, 0o644);
    assert_refused(&network, &closed.path("new"), &roots, "--user");
    assert!(!closed.path("new").exists());
    // Whoever wants it so stays root, without capabilities.
    let done = capture(&network, "-w", &closed.path("new")).args(["--user", "root"]).output().unwrap();
    assert_eq!(result(&done).0, Some(0), "{}", result(&done).1);
    assert_eq!(closed.path("new").metadata().unwrap().uid(), 0);
}

#[test]
fn what_a_capture_makes_is_the_users_and_nobody_elses() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let own = Folder::of(USER, 0o755);
    for option in ["-w", "-o"] {
        let path = own.path(option);
        for earlier in [None, Some("an earlier report")] {
            if let Some(text) = earlier {
                fs::write(&path, text).unwrap();
            }
            let (status, said) = result(&capture(&network, option, &path).output().unwrap());
            assert_eq!(status, Some(0), "{said}");
            let about = path.metadata().unwrap();
            assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (USER, USER, 0o600), "{option}");
            assert!(about.len() > 0 && !fs::read(&path).unwrap().starts_with(b"an earlier"), "{option}");
        }
    }
}

#[test]
fn a_pipe_that_nobody_reads_does_not_hold_the_capture() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let own = Folder::of(USER, 0o755);
    let pipe = own.path("pipe");
    mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    chown(&pipe, Some(USER), Some(USER)).unwrap();
    for (option, signal) in [("-w", Signal::SIGTERM), ("-o", Signal::SIGINT)] {
        let mut waiting = Running::start(&mut capture(&network, option, &pipe));
        waiting.hear("nobody reads this pipe yet");
        waiting.signal(signal);
        let (status, _, said) = waiting.end();
        assert_eq!(status.code(), Some(130), "{said:#?}");
    }
    // One that is read later goes on from the beginning.
    let mut waiting = Running::start(&mut capture(&network, "-w", &pipe));
    waiting.hear("nobody reads this pipe yet");
    let read = fs::read(&pipe).unwrap();
    let (status, _, said) = waiting.end();
    assert!(status.success(), "{said:#?}");
    assert_eq!(read[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
}

#[test]
fn devices_and_what_was_handed_over_are_written() {
    if !possible(&["bash"]) {
        return;
    }
    let network = Namespace::new();
    for option in ["-w", "-o"] {
        let done = capture(&network, option, Path::new("/dev/null")).output().unwrap();
        assert_eq!(result(&done).0, Some(0), "{}", result(&done).1);
    }
    assert!(
        fs::metadata("/dev/null").unwrap().uid() == 0 && fs::metadata("/dev/null").unwrap().mode() & 0o777 == 0o666
    );
    let packets = |bytes: &[u8]| bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    // Through a pipe, and into a file of root's that the shell opened.
    let through = |to: Stdio| {
        let mut command = capture(&network, "-w", Path::new("/dev/stdout"));
        command
            .args(["-o", "/dev/stderr"])
            .stdout(to)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap()
    };
    let piped = through(Stdio::piped());
    assert!(piped.status.success() && packets(&piped.stdout), "{}", result(&piped).1);
    let closed = Folder::of(0, 0o700);
    let redirected = through(fs::File::create(closed.path("file")).unwrap().into());
    assert!(redirected.status.success() && packets(&fs::read(closed.path("file")).unwrap()));
    assert!(result(&redirected).1.contains("packets"), "the report: {}", result(&redirected).1);
    // What the shell substitutes for a process.
    let line = format!(
        "{NRPCSNIFF} --no-config -i lo --duration 200ms -w >(cat > {0}; touch {0}.done)",
        closed.path("sub").display()
    );
    let done = network.command("bash").args(["-c", &line]).output().unwrap();
    assert!(done.status.success(), "{}", result(&done).1);
    assert!((0..200).any(|_| {
        sleep(Duration::from_millis(10));
        closed.path("sub.done").exists()
    }));
    assert!(packets(&fs::read(closed.path("sub")).unwrap()));
}

#[test]
fn an_output_that_was_moved_away_is_not_replaced_by_a_link() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let shared = Folder::shared();
    let precious = shared.file("precious", USER, 0o600);
    let (report, packets) = (shared.path("report"), shared.path("packets"));
    let mut command = network.command(NRPCSNIFF);
    command.env("SUDO_UID", USER.to_string()).env("SUDO_GID", USER.to_string());
    command.args(["--no-config", "-i", "lo", "-o"]).arg(&report).arg("-w").arg(&packets);
    let mut live = Running::start(&mut command);
    live.hear("capturing on");
    for output in [&report, &packets] {
        fs::rename(output, output.with_extension("old")).unwrap();
        symlink(&precious, output).unwrap();
    }
    live.signal(Signal::SIGHUP);
    live.hear("symbolic link");
    live.hear("symbolic link");
    live.signal(Signal::SIGINT);
    let (status, _, said) = live.end();
    // What came from then on is in no file.
    assert_eq!(status.code(), Some(2), "{said:#?}");
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}
