//! Rights of a live capture, as the kernel tells them: none are left once packets are parsed, and who has none to begin
//! with is told how to get them.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use support::network::{Namespace, possible};
use support::watch::{Running, live};

const NRPCSNIFF: &str = env!("CARGO_BIN_EXE_nrpcsniff");
/// CAP_NET_RAW alone.
const NET_RAW: &str = "0000000000002000";
/// No capability.
const NONE: &str = "0000000000000000";

/// Fields of `/proc/PID/task/*/status` of every thread, which must be the same in all; the one that reads packets is soon
/// among them.
fn status(process: &Running) -> BTreeMap<String, String> {
    let threads = || fs::read_dir(format!("/proc/{}/task", process.id())).unwrap().map(|thread| thread.unwrap().path());
    assert!(
        (0..500).any(|_| threads().count() > 1 || {
            sleep(Duration::from_millis(10));
            false
        }),
        "no thread reads"
    );
    let of = |path: PathBuf| -> BTreeMap<String, String> {
        let text = fs::read_to_string(path.join("status")).unwrap();
        let wanted =
            |name: &str| ["Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp"].contains(&name) || name.starts_with("Cap");
        let fields = text.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| wanted(name));
        fields.map(|(name, value)| (name.to_owned(), value.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
    };
    let all: Vec<_> = threads().map(of).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:#?}");
    all[0].clone()
}

/// Every capability of the process is as in `kept`, nothing can come back, and system calls are filtered.
fn assert_given_up(status: &BTreeMap<String, String>, kept: &str) {
    for (set, mask) in [("CapEff", kept), ("CapPrm", kept), ("CapInh", NONE), ("CapBnd", NONE), ("CapAmb", NONE)] {
        assert_eq!(status[set], mask, "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    // Every kernel that tests run on has it: 2 is a filter.
    assert_eq!(status["Seccomp"], "2");
}

fn stop(process: Running) -> Vec<String> {
    process.signal(Signal::SIGINT);
    let (status, _, said) = process.end();
    assert!(status.success(), "{status}: {said:#?}");
    said
}

#[test]
fn root_becomes_nobody() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let process = live(&network, &["-i", "lo", "-v"]);
    let status = status(&process);
    assert_given_up(&status, NONE);
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    assert_eq!(status["Uid"], format!("{0} {0} {0} {0}", nobody.uid));
    assert_eq!(status["Gid"], format!("{0} {0} {0} {0}", nobody.gid));
    assert_eq!(status["Groups"], "");
    let said = stop(process).join("\n");
    for part in ["user nobody", "no capability", "Landlock is in force", "seccomp is in force"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn root_becomes_whom_it_is_told_or_who_called_sudo() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let process = live(&network, &["-i", "lo", "--user", "4711"]);
    let seen = status(&process);
    assert_given_up(&seen, NONE);
    assert_eq!(seen["Uid"], "4711 4711 4711 4711");
    stop(process);

    let mut command = network.command(NRPCSNIFF);
    command.env("SUDO_UID", "4712").env("SUDO_GID", "4713").args(["--no-config", "-i", "lo"]);
    let mut process = Running::start(&mut command);
    process.hear("running as user 4712 (uid 4712, gid 4713)");
    let seen = status(&process);
    assert_given_up(&seen, NONE);
    assert_eq!((&*seen["Uid"], &*seen["Gid"]), ("4712 4712 4712 4712", "4713 4713 4713 4713"));
    stop(process);

    let process = live(&network, &["-i", "lo", "--user", "root"]);
    let seen = status(&process);
    assert_given_up(&seen, NONE);
    assert_eq!(seen["Uid"], "0 0 0 0");
    stop(process);
}

#[test]
fn what_opens_the_interface_again_stays_and_is_told() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let mut command = network.command(NRPCSNIFF);
    let mut process = Running::start(command.args(["--no-config", "-i", "lo", "--retry"]));
    process.hear("no capability but CAP_NET_RAW, with which --retry");
    assert_given_up(&status(&process), NET_RAW);
    stop(process);
}

#[test]
fn outputs_belong_to_the_user_and_can_be_written() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(4711), None).unwrap();
    let report = folder.path().join("report.json");
    stop(live(&network, &["-i", "lo", "--user", "4711", "--format", "json", "-o", report.to_str().unwrap()]));
    assert_eq!(fs::metadata(&report).unwrap().uid(), 4711);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["inputs"][0]["path"], "lo");
}

#[test]
fn a_wrong_wish_is_refused_before_anything_is_opened() {
    if !possible(&[]) {
        return;
    }
    let output = Command::new(NRPCSNIFF).args(["--no-config", "-i", "lo", "--user", "no-such-user"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("no such user") && said.lines().count() == 1, "{said}");
}

/// A copy of the program that everybody may run, where rights of files count.
fn copy(folder: &Path) -> String {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("nrpcsniff");
    fs::copy(NRPCSNIFF, &program).unwrap();
    program.to_str().unwrap().to_owned()
}

/// The copy, run by an ordinary user.
fn as_user(network: &Namespace, program: &str, arguments: &[&str]) -> Command {
    let mut command = network.command("setpriv");
    command.args(["--reuid", "4711", "--regid", "4711", "--clear-groups", program, "--no-config"]).args(arguments);
    command
}

#[test]
fn an_ordinary_user_is_told_the_very_lines_and_they_help() {
    if !possible(&["setpriv", "setcap"]) {
        return;
    }
    let network = Namespace::new();
    let folder = tempfile::tempdir().unwrap();
    let program = copy(folder.path());
    let output = as_user(&network, &program, &["-i", "lo"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("sudo {program} -i lo")) && said.lines().count() == 1, "{said}");
    let setcap = format!("setcap cap_net_raw+ep {program}");
    assert!(said.contains(&format!("sudo {setcap} ")), "{said}");

    let given = Command::new("sh").args(["-c", &setcap]).status().unwrap();
    if !given.success() {
        support::shout("SKIPPED: this file system keeps no rights of files");
        return;
    }
    let mut process = Running::start(&mut as_user(&network, &program, &["-i", "lo", "-v"]));
    process.hear("capabilities kept: none");
    process.hear("seccomp is in force");
    let status = status(&process);
    assert_eq!((&*status["Uid"], &*status["NoNewPrivs"], &*status["Seccomp"]), ("4711 4711 4711 4711", "1", "2"));
    for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        assert_eq!(status[set], NONE, "{set}");
    }
    stop(process);
}

#[test]
fn figures_can_be_asked_for_while_it_runs() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    let process = live(&network, &["-i", "lo", "--metrics", "9352"]);
    let ask = || {
        let mut peer = TcpStream::connect("127.0.0.1:9352").unwrap();
        peer.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        answer
    };
    // Asking is traffic on this interface: sooner or later it shows.
    let show = |answer: &String| {
        answer.contains("nrpcsniff_conversations_total{transport=\"tcp\"}")
            && !answer.contains("nrpcsniff_frames_total 0\n")
    };
    let asked = network.inside(move || {
        (0..50)
            .map(|_| {
                sleep(Duration::from_millis(100));
                ask()
            })
            .find(show)
    });
    let answer = asked.join().unwrap().expect("the figures never moved");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let dropped = "nrpcsniff_drops_total{by=\"kernel\"} 0\n";
    assert!(answer.contains(dropped) && answer.contains("process_resident_memory_bytes "), "{answer}");
    stop(process);
}
