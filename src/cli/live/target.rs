//! The target of a live capture, from its arguments.

use crate::cli::args::WriteArgs;
use crate::live::{RingLimits, Rotation, Target, Trigger};
use crate::model::Severity;
use anyhow::{Result, ensure};
use std::io::{self, IsTerminal};
use std::path::Path;

/// Memory of the minutes before, unless the user says how much: some 100,000 packets of ordinary size.
const RING: u64 = 64 << 20;

/// Checks the arguments; `report` is the file of `-o`, if there is one.
///
/// # Errors
/// What does not fit together, and what to do.
pub(super) fn target(args: &WriteArgs, report: Option<&Path>) -> Result<Option<Target>> {
    let Some(path) = &args.write else { return Ok(None) };
    let asks_for_folder = path.to_string_lossy().ends_with(['/', '\\']);
    if path.is_dir() {
        return in_folder(args, path).map(Some);
    }
    let shown = path.display();
    ensure!(!asks_for_folder, "-w {shown}: there is no such folder. Make it first (mkdir -m 700)");
    ensure!(
        args.ring.is_none() && args.trigger.is_none(),
        "-w {shown}: --ring and --trigger need a folder, in which each finding has a file. Make it first (mkdir -m 700)"
    );
    to_file(args, path, report).map(Some)
}

fn in_folder(args: &WriteArgs, folder: &Path) -> Result<Target> {
    ensure!(
        args.rotate_size.is_none() && args.rotate_time.is_none(),
        "-w {}: files in a folder do not rotate, each finding has one. Leave --rotate-size and --rotate-time out, or name \
         a file",
        folder.display()
    );
    let ordinary = || Trigger { level: Some(Severity::Major), rules: Vec::new() };
    Ok(Target::Folder {
        folder: folder.to_owned(),
        trigger: args.trigger.clone().unwrap_or_else(ordinary),
        ring: args.ring.unwrap_or(RingLimits { bytes: RING, time: None }),
        keep: keep(args),
    })
}

fn to_file(args: &WriteArgs, path: &Path, report: Option<&Path>) -> Result<Target> {
    let rotation = Rotation { size: args.rotate_size, time: args.rotate_time, keep: keep(args) };
    let rotates = rotation.is_on();
    ensure!(
        rotates || args.keep.is_none(),
        "--keep needs --rotate-size or --rotate-time, or a folder for -w: there is one file only"
    );
    ensure!(report != Some(path), "{}: -o and -w name the same file; give one of them another name", path.display());
    if path.as_os_str() == "-" {
        ensure!(!rotates, "-w -: stdout does not rotate; name a file");
        ensure!(report.is_some(), "-w -: the report goes to stdout already; send it to a file (-o FILE)");
        ensure!(
            !io::stdout().is_terminal(),
            "-w -: packets are no text for a terminal; pipe them (nrpcsniff -i eth0 -o report.txt -w - | wireshark -k -i -)"
        );
    }
    Ok(Target::File { path: path.to_owned(), rotation })
}

fn keep(args: &WriteArgs) -> Option<usize> {
    args.keep.map(|keep| usize::try_from(keep).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};
    use std::path::PathBuf;
    use std::time::Duration;

    #[derive(Debug, Parser)]
    struct Command {
        captures: Vec<PathBuf>,
        #[arg(short)]
        read: Vec<PathBuf>,
        #[arg(short = 'i')]
        interfaces: Vec<String>,
        #[command(flatten)]
        write: WriteArgs,
    }

    fn target(arguments: &[&str]) -> Result<Option<Target>> {
        target_with(arguments, None)
    }

    fn target_with(arguments: &[&str], report: Option<&str>) -> Result<Option<Target>> {
        let arguments = ["nrpcsniff", "-i", "eth0"].iter().chain(arguments);
        super::target(&Command::try_parse_from(arguments)?.write, report.map(Path::new))
    }

    fn error(arguments: &[&str]) -> String {
        target(arguments).unwrap_err().to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        Command::command().debug_assert();
    }

    #[test]
    fn nothing_is_written_unless_asked_for() {
        assert_eq!(target(&[]).unwrap(), None);
        assert!(Command::try_parse_from(["nrpcsniff", "-w", "a", "--keep=1"]).is_err(), "of a file one is written");
        for option in ["--keep=1", "--ring=1M", "--trigger=info", "--rotate-size=1M", "--rotate-time=1h"] {
            assert!(error(&[option]).contains("--write"), "{option}");
        }
    }

    #[test]
    fn a_folder_has_findings() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().to_str().unwrap();
        let Some(Target::Folder { trigger, ring, keep, .. }) = target(&["-w", name]).unwrap() else {
            panic!("no folder")
        };
        assert_eq!(
            (trigger.level, ring, keep),
            (Some(Severity::Major), RingLimits { bytes: 64 << 20, time: None }, None)
        );
        let arguments = ["-w", name, "--keep", "9", "--ring", "10m", "--trigger", "nrpc-name-mismatch-alias"];
        let Some(Target::Folder { trigger, ring, keep, .. }) = target(&arguments).unwrap() else { panic!("no folder") };
        assert_eq!((trigger.level, trigger.rules), (None, vec![crate::model::RuleId::new("nrpc-name-mismatch-alias")]));
        assert_eq!((ring.bytes, ring.time, keep), (256 << 20, Some(Duration::from_secs(600)), Some(9)));
        assert!(error(&["-w", name, "--rotate-size", "1M"]).contains("do not rotate"));
        let gone = format!("{name}/none/");
        assert!(error(&["-w", &gone]).contains("mkdir"));
    }

    #[test]
    fn a_file_has_everything() {
        let rotation = Rotation { size: Some(100 << 20), time: Some(Duration::from_secs(3600)), keep: Some(24) };
        let arguments = ["-w", "a.pcapng", "--rotate-size", "100M", "--rotate-time", "1h", "--keep", "24"];
        assert_eq!(target(&arguments).unwrap(), Some(Target::File { path: "a.pcapng".into(), rotation }));
        assert!(error(&["-w", "a.pcapng", "--keep", "2"]).contains("--rotate-size"));
        assert!(error(&["-w", "a.pcapng", "--trigger", "info"]).contains("need a folder"));
        assert!(error(&["-w", "a.pcapng", "--rotate-size", "1K"]).contains("64K"));
        assert!(error(&["-w", "a.pcapng", "--rotate-size", "1M", "--keep", "0"]).contains('0'));
        let same = target_with(&["-w", "a"], Some("a")).unwrap_err().to_string();
        assert!(same.contains("same file"), "{same}");
    }

    #[test]
    fn stdout_is_for_one_of_report_and_packets() {
        assert!(error(&["-w", "-"]).contains("-o FILE"));
        assert!(error(&["-w", "-", "--rotate-size", "1M"]).contains("does not rotate"));
    }
}
