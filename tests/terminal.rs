//! What people see at a terminal: the short answer on the first screen of 80 by 24, at any width, in any zone, in ASCII, and long
//! reports through a pager. The terminal is a pseudo-terminal; what a pipe gets has the same words.

#![cfg(target_os = "linux")]

use nix::pty::{Winsize, openpty};
use nrpcsniff::{Diagnoser, VerdictKind};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HEIGHT: u16 = 24;

fn samples() -> Vec<PathBuf> {
    let mut captures: Vec<_> = fs::read_dir("samples")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng"))
        .collect();
    captures.sort();
    captures
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"));
    command.args(["--no-config"]).args(arguments).env_clear();
    command.envs([("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("TERM", "xterm"), ("PATH", "/usr/bin:/bin")]);
    command
}

/// What a terminal of that size shows of the command.
fn at_terminal(columns: u16, mut command: Command) -> String {
    let size = Winsize { ws_row: HEIGHT, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).unwrap();
    let screen = File::from(pair.slave);
    let (out, err) = (screen.try_clone().unwrap(), screen.try_clone().unwrap());
    let mut child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
    // The terminal ends for who reads it when nobody has it open any more.
    drop((command, screen));
    let mut shown = Vec::new();
    let mut master = File::from(pair.master);
    let mut piece = [0; 4096];
    while let Ok(length) = master.read(&mut piece) {
        if length == 0 {
            break;
        }
        shown.extend_from_slice(&piece[..length]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// Without colours and bars.
fn plain(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &part[end + 1..]);
        plain.push_str(rest);
    }
    plain.rsplit('\r').next().unwrap_or_default().to_owned()
}

/// What a pipe gets where the environment says how wide it is.
fn piped(columns: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = command(arguments);
    let output = command.env("COLUMNS", columns).envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command, the whole of its answer and the next prompt stand on one screen, and the answer is the last of it.
#[test]
fn the_first_screen_of_every_sample_holds_verdict_and_first_advice() {
    for capture in samples() {
        let diagnosis = Diagnoser::default().diagnose(&[&capture]).unwrap();
        let shown = plain(&at_terminal(80, command(&["--no-progress", capture.to_str().unwrap()])));
        let screen: Vec<_> = shown.lines().collect();
        assert!(screen.len() + 2 <= usize::from(HEIGHT), "{}: {} lines\n{shown}", capture.display(), screen.len());
        let verdict = diagnosis.verdict();
        let word = match verdict.kind {
            VerdictKind::Fault => "\nFAULT ",
            VerdictKind::Failed => "\nFAILED ",
            VerdictKind::Works => "\nWORKS ",
            VerdictKind::Undecided => "\nUNKNOWN ",
            VerdictKind::Nothing => "\nNOTHING ",
        };
        let (_, answer) = shown.rsplit_once(word).unwrap_or_else(|| panic!("{}: {shown}", capture.display()));
        let answer = words(answer);
        if let Some(finding) = verdict.finding.and_then(|place| diagnosis.findings().get(place)) {
            assert!(answer.contains(&words(&verdict.text)), "{}: {shown}", capture.display());
            let advice = finding.remedy.first().unwrap();
            assert!(answer.ends_with(&words(advice)), "{}: {advice}\n{shown}", capture.display());
        }
    }
}

/// What is longer than a line sticks out alone; every word of a narrow screen is one of the widest.
#[test]
fn no_word_is_broken_at_any_width() {
    let whole = |text: &str| -> BTreeSet<String> {
        text.split_whitespace().filter(|word| !word.contains(['…', '─', '═'])).map(str::to_owned).collect()
    };
    for name in
        ["nrpc-alias", "st-directory-down", "sip-503", "http-key-mismatch", "nrpc-refused-status", "st-two-names"]
    {
        let capture = samples().into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == name)).unwrap();
        let capture = capture.to_str().unwrap();
        let json = piped("100", &["--format", "json", capture], &[]);
        let widest = piped("200", &["-v", capture], &[]);
        for columns in [60, 61, 72, 80, 99, 132, 160, 200] {
            let shown = piped(&columns.to_string(), &[capture], &[]);
            for line in shown.lines() {
                let wide = line.chars().count();
                assert!(wide <= columns || line.split_whitespace().count() <= 2, "{name} {columns}: {line}");
            }
            let known: BTreeSet<_> = whole(&shown).into_iter().filter(|word| word.contains(['.', ':'])).collect();
            for word in known {
                let bare = word.trim_matches(|c: char| ".,:;()\"*".contains(c));
                let is_known =
                    json.contains(bare) || widest.contains(bare) || bare.starts_with("09:") || bare.starts_with("08:");
                assert!(is_known || !bare.contains("example"), "{name} at {columns}: {word}\n{shown}");
            }
        }
    }
}

#[test]
fn ascii_keeps_lines_and_columns() {
    for capture in samples().iter().take(40) {
        let capture = capture.to_str().unwrap();
        let utf8 = piped("80", &[capture], &[]);
        for ascii in [piped("80", &["--ascii", capture], &[]), piped("80", &[capture], &[("LC_ALL", "C")])] {
            assert!(ascii.is_ascii(), "{ascii}");
            let widths = |text: &str| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
            assert_eq!(widths(&ascii), widths(&utf8), "{ascii}{utf8}");
        }
    }
}

#[test]
fn times_are_those_of_the_zone_and_json_is_utc() {
    let capture = "samples/nrpc-alias.pcapng";
    assert!(piped("80", &[capture], &[]).contains("2025-03-10 08:30:00 UTC"));
    for (arguments, environment) in [(&["--tz", "Europe/Berlin"][..], &[][..]), (&[], &[("TZ", "Europe/Berlin")])] {
        let shown = piped("80", &[arguments, &[capture]].concat(), environment);
        assert!(shown.contains("2025-03-10 09:30:00 CET") && shown.contains("the last at 09:30:06"), "{shown}");
        let all = piped("80", &[arguments, &["-v", capture]].concat(), environment);
        assert!(all.contains("time (CET)") && all.contains("09:30:00.021480") && !all.contains("UTC"), "{all}");
    }
    assert!(piped("80", &["--utc", capture], &[("TZ", "Europe/Berlin")]).contains("08:30:00 UTC"));
    let json = piped("80", &["--format", "json", capture], &[("TZ", "Europe/Berlin")]);
    assert!(json.contains("2025-03-10T08:30:00") && !json.contains("CET"));
    let wrong = command(&["--tz", "Nowhere", capture]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("Europe/Berlin"));
}

/// A long report goes through the pager, a short one and a pipe do not.
#[test]
fn a_pager_is_used_where_a_report_is_longer_than_the_terminal() {
    let capture = "samples/nrpc-alias.pcapng";
    let paged = |arguments: &[&str]| {
        let mut command = command(&[&["--no-progress", "--color", "never"], arguments, &[capture]].concat());
        command.env("PAGER", "sed 's/^/paged /'");
        plain(&at_terminal(80, command))
    };
    let all = paged(&["-v"]);
    let report: Vec<_> = all.lines().filter(|line| line.starts_with("paged")).collect();
    assert!(report.len() > 40 && report.last().unwrap().contains("the alias."), "{all}");
    assert!(!paged(&[]).contains("paged") && !paged(&["-v", "--no-pager"]).contains("paged"));
}

/// Everything, and still the answer last.
#[test]
fn the_whole_report_ends_with_the_answer() {
    let all = piped("80", &["-v", "samples/nrpc-alias.pcapng"], &[]);
    for part in ["VERDICT  ", "What to do", "What was read", "Wireshark  "] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let end = all.rsplit_once("\nFAULT    ").unwrap().1;
    assert!(end.contains("TO DO    On STCOMM7/Servers/Example: notes.ini") && end.lines().count() < 8, "{end}");
}

#[test]
fn one_finding_of_several_is_shown_alone() {
    let capture = "samples/nrpc-refused-status.pcapng";
    let list = piped("80", &[capture], &[]);
    assert!(list.contains("\n 2 ") && list.contains("2 causes"), "{list}");
    let second = piped("80", &["--finding", "2", capture], &[]);
    assert!(second.contains("10.1.0.50 did not get a session") && !second.contains("causes"), "{second}");
    assert_eq!(command(&["--finding", "9", capture]).output().unwrap().status.code(), Some(2));
}

/// A folder: a line for each capture, the causes over all, and one answer.
#[test]
fn a_folder_is_a_line_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["nrpc-alias.pcapng", "nrpc-alias-good.pcap", "http-anonymous.pcap", "nrpc-oneway.pcap"] {
        fs::copy(Path::new("samples").join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let shown = piped("100", &[path], &[]);
    assert!(shown.lines().count() < 24, "{shown}");
    for part in ["✗ ", "✓ ", "? ", "– ", "4 captures: 1 failed, 1 work, 1 cannot be told, 1 without sign-on"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let concise = piped("100", &["--format", "concise", path], &[]).replace(path, "F");
    assert_eq!(
        concise.lines().collect::<Vec<_>>(),
        [
            "F/http-anonymous.pcap: nothing",
            "F/nrpc-alias-good.pcap: works: 1 of 1",
            "F/nrpc-alias.pcapng: failed: 2 of 2: nrpc-name-mismatch-alias",
            "F/nrpc-oneway.pcap: undecided: 1",
        ]
    );
}

/// Every step of a finding, and its answer; or of conversations, side by side.
#[test]
fn a_ladder_is_drawn_where_it_is_asked_for() {
    let capture = "samples/st-directory-down.pcapng";
    let shown = piped("100", &["--ladder", "1", capture], &[]);
    for part in ["Sametime client", "directory", "◀═", "refuses (RST)", "ends it: ", "hangs up (FIN)", "\nFAULT    "]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains(" more\n"), "{shown}");
    let two = piped("100", &["--ladder", "c0,c1", capture], &[]);
    assert!(two.contains("10.1.0.30:389") && two.contains("connects") && !two.contains("FAULT"), "{two}");
    insta::assert_snapshot!("ladder-of-a-finding", shown);
    for wrong in ["c99", "9", "x"] {
        let output = command(&["--ladder", wrong, capture]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

/// First screens, to be looked at.
#[test]
fn first_screens_read_as_their_snapshots() {
    let names = [
        "http-cookie-stripped.pcapng",
        "http-undefined.pcap",
        "nrpc-alias.pcapng",
        "nrpc-cut.pcap",
        "nrpc-refused-status.pcapng",
        "nrpc-silent.pcap",
        "sip-undefined.pcapng",
        "st-directory-down.pcapng",
        "st-working.pcapng",
        "tls-cert-expired.pcapng",
    ];
    for name in names {
        let shown = piped("80", &[&format!("samples/{name}")], &[]);
        insta::assert_snapshot!(name.split('.').next().unwrap(), shown);
    }
}
