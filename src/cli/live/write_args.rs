//! Arguments of what live capture writes, as typed and as they are meant.

use super::args::{size, time};
use super::catch::Trigger;
use super::ring::{LEAST, ORDINARY, Span};
use super::rotate::Rotation;
use crate::cli::suggestion::suggestion;
use crate::diagnose::Rule;
use crate::diagnose::rules::rule;
use crate::model::Severity;
use crate::report::escape;
use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory of the minutes before, unless the user says how much: some 100,000 packets of ordinary size.
const RING: u64 = 64 << 20;

/// What live capture writes. Packets hold what was said in clear, so files are readable by their owner only (mode 0600).
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Live capture")]
pub struct WriteArgs {
    /// Write packets as pcapng, readable by their owner only. FILE: of every conversation that matters (- is stdout); DIR: a
    /// file of its own for each finding of --trigger, with its conversations from before (--ring) and after
    #[arg(short, long, value_name = "FILE|DIR", requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub write: Option<PathBuf>,

    /// Begin the next file before one is larger: 100M; named FILE_00001_20261127081000.pcapng (UTC of its first packet)
    #[arg(long, value_name = "SIZE", requires = "write", conflicts_with_all = ["captures", "read"], value_parser = file_size)]
    pub rotate_size: Option<u64>,

    /// Begin the next file after this time: 15m, 1h
    #[arg(long, value_name = "TIME", requires = "write", conflicts_with_all = ["captures", "read"], value_parser = time)]
    pub rotate_time: Option<Duration>,

    /// Keep the newest N of the files that this run writes, and remove older ones
    #[arg(long, value_name = "N", requires = "write", conflicts_with_all = ["captures", "read"], value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub keep: Option<u64>,

    /// Put what --keylog says meanwhile into the written files: whoever has them can read what is inside TLS
    #[arg(long, requires = "write", conflicts_with_all = ["captures", "read"])]
    pub keep_keys: bool,

    /// Recent packets that are held in memory for -w DIR: 256M, 5m (at most 256M then), or both, 1G,10m [default: 64M]
    #[arg(long, value_name = "SIZE|TIME", requires = "write", conflicts_with_all = ["captures", "read"], value_parser = span)]
    pub ring: Option<Span>,

    /// Findings whose packets -w DIR writes: a least severity (blocker, major, minor, info), rules, or both [default: major]
    #[arg(long, value_name = "LEVEL|RULE[,..]", requires = "write", conflicts_with_all = ["captures", "read"], value_parser = trigger)]
    pub trigger: Option<Trigger>,
}

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// One file or several with everything that matters.
    File {
        /// The file; `-` is stdout.
        path: PathBuf,
        /// When the next one begins.
        rotation: Rotation,
    },
    /// A file for each finding.
    Folder {
        /// Where they go.
        folder: PathBuf,
        /// Which findings.
        trigger: Trigger,
        /// How much is held from before.
        span: Span,
        /// How many stay; `None`: all.
        keep: Option<usize>,
    },
}

impl Target {
    /// Folders in which files are made, for the rights that must stay.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        match self {
            Self::Folder { folder, .. } => vec![folder.clone()],
            Self::File { .. } => Vec::new(),
        }
    }

    /// Bytes that the ring may hold, if there is one.
    pub(super) fn ring(&self) -> Option<u64> {
        match self {
            Self::Folder { span, .. } => Some(span.bytes),
            Self::File { .. } => None,
        }
    }

    /// The one file that is written from the beginning, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, rotation } if path.as_os_str() != "-" && !rotation.is_on() => Some(path),
            Self::File { .. } | Self::Folder { .. } => None,
        }
    }

    /// Files that are made now and may be made again, or others beside them.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File { path, .. } if path.as_os_str() != "-" => vec![path.clone()],
            Self::File { .. } | Self::Folder { .. } => Vec::new(),
        }
    }
}

impl WriteArgs {
    /// Checks the arguments; `report` is the file of `-o`, if there is one.
    ///
    /// # Errors
    /// What does not fit together, and what to do.
    pub(super) fn target(&self, report: Option<&Path>) -> Result<Option<Target>> {
        let Some(path) = &self.write else { return Ok(None) };
        let asks_for_folder = path.to_string_lossy().ends_with(['/', '\\']);
        if path.is_dir() {
            return self.folder(path).map(Some);
        }
        let shown = path.display();
        ensure!(!asks_for_folder, "-w {shown}: there is no such folder. Make it first (mkdir -m 700)");
        ensure!(
            self.ring.is_none() && self.trigger.is_none(),
            "-w {shown}: --ring and --trigger need a folder, in which each finding has a file. Make it first (mkdir -m 700)"
        );
        self.file(path, report).map(Some)
    }

    fn folder(&self, folder: &Path) -> Result<Target> {
        ensure!(
            self.rotate_size.is_none() && self.rotate_time.is_none(),
            "-w {}: files in a folder do not rotate, each finding has one. Leave --rotate-size and --rotate-time out, or name \
             a file",
            folder.display()
        );
        let ordinary = || Trigger { level: Some(Severity::Major), rules: Vec::new() };
        Ok(Target::Folder {
            folder: folder.to_owned(),
            trigger: self.trigger.clone().unwrap_or_else(ordinary),
            span: self.ring.unwrap_or(Span { bytes: RING, time: None }),
            keep: self.keep(),
        })
    }

    fn file(&self, path: &Path, report: Option<&Path>) -> Result<Target> {
        let rotation = Rotation { size: self.rotate_size, time: self.rotate_time, keep: self.keep() };
        let rotates = rotation.is_on();
        ensure!(
            rotates || self.keep.is_none(),
            "--keep needs --rotate-size or --rotate-time, or a folder for -w: there is one file only"
        );
        ensure!(
            report != Some(path),
            "{}: -o and -w name the same file; give one of them another name",
            path.display()
        );
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

    fn keep(&self) -> Option<usize> {
        self.keep.map(|keep| usize::try_from(keep).unwrap_or(usize::MAX))
    }
}

/// The size of a file: with less than 64 KiB there would be more files than anybody wants.
fn file_size(text: &str) -> Result<u64> {
    let bytes = size(text)?;
    ensure!(bytes >= 64 << 10, "'{}' is too small for a file of packets: 64K is the least", escape::terminal(text));
    Ok(bytes)
}

/// A size, a time, or both.
fn span(text: &str) -> Result<Span> {
    let (mut bytes, mut span) = (None, None);
    for part in text.split(',') {
        let known =
            if is_time(part)? { span.replace(time(part)?).is_some() } else { bytes.replace(size(part)?).is_some() };
        ensure!(!known, "'{}': name one size and one time at most", escape::terminal(text));
    }
    let bytes = bytes.unwrap_or(ORDINARY);
    let most = u64::try_from(isize::MAX).unwrap_or(u64::MAX);
    ensure!((LEAST..=most).contains(&bytes), "'{}': 1M is the least", escape::terminal(text));
    Ok(Span { bytes, time: span })
}

/// It is a time, not a size: by its unit. `m` is minutes, `M` mebibytes.
fn is_time(part: &str) -> Result<bool> {
    let unit = part.trim().trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').trim();
    match unit {
        "ms" | "s" | "m" | "h" | "d" => Ok(true),
        "" => bail!("'{}': say of what, as in 64M (bytes) or 5m (minutes)", escape::terminal(part)),
        _ => Ok(false),
    }
}

/// Levels and rules; of several levels the least severe counts.
fn trigger(text: &str) -> Result<Trigger> {
    let mut trigger = Trigger::default();
    for part in text.split(',').map(str::trim) {
        if let Some(level) = level(part) {
            trigger.level = Some(trigger.level.map_or(level, |known| known.min(level)));
            continue;
        }
        let about = rule(part).map(Rule::about).ok_or_else(|| {
            let shown = escape::terminal(part);
            anyhow!("'{shown}' is neither a severity (blocker, major, minor, info) nor a rule{}", suggestion(part))
        })?;
        trigger.rules.push(about.id);
    }
    Ok(trigger)
}

fn level(text: &str) -> Option<Severity> {
    let levels = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Info];
    levels.into_iter().find(|level| level.name().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

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
        Command::try_parse_from(arguments)?.write.target(report.map(Path::new))
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
        assert!(Command::try_parse_from(["nrpcsniff", "-w", "a"]).is_err());
        for option in ["--keep=1", "--ring=1M", "--trigger=info", "--rotate-size=1M", "--rotate-time=1h"] {
            assert!(error(&[option]).contains("--write"), "{option}");
        }
    }

    #[test]
    fn a_folder_has_findings() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().to_str().unwrap();
        let Some(Target::Folder { trigger, span, keep, .. }) = target(&["-w", name]).unwrap() else {
            panic!("no folder")
        };
        assert_eq!((trigger.level, span, keep), (Some(Severity::Major), Span { bytes: 64 << 20, time: None }, None));
        let arguments = ["-w", name, "--keep", "9", "--ring", "10m", "--trigger", "nrpc-name-mismatch-alias"];
        let Some(Target::Folder { trigger, span, keep, .. }) = target(&arguments).unwrap() else { panic!("no folder") };
        assert_eq!((trigger.level, trigger.rules), (None, vec!["nrpc-name-mismatch-alias"]));
        assert_eq!((span.bytes, span.time, keep), (256 << 20, Some(Duration::from_secs(600)), Some(9)));
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

    #[test]
    fn rings_are_sizes_and_times() {
        let of = |text| span(text).map(|span| (span.bytes, span.time.map(|time| time.as_secs())));
        for (text, bytes, seconds) in [
            ("64M", 64 << 20, None),
            ("64MB", 64 << 20, None),
            ("5m", 256 << 20, Some(300)),
            ("256MB,10m", 256 << 20, Some(600)),
            ("90s, 1 GiB", 1 << 30, Some(90)),
        ] {
            assert_eq!(of(text).unwrap(), (bytes, seconds), "{text}");
        }
        for (text, part) in [
            ("64", "minutes"),
            ("", "minutes"),
            ("1M,2M", "one size"),
            ("1m,2h", "one size"),
            ("100K", "1M"),
            ("5x", "no size"),
            ("0m", "no time"),
        ] {
            let error = span(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn triggers_are_severities_and_rules() {
        let both = trigger("Blocker, nrpc-early-close,minor").unwrap();
        assert_eq!(both, Trigger { level: Some(Severity::Minor), rules: vec!["nrpc-early-close"] });
        let error = trigger("nrpc-early-clos").unwrap_err().to_string();
        assert!(error.contains("did you mean 'nrpc-early-close'"), "{error}");
        assert!(trigger("").is_err() && trigger("major,").is_err());
    }
}
