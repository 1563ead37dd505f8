//! `nrpcsniff check`: holds captures against what is expected of them.
//!
//! ```text
//! paths ─► cases ─► expectation ─► options ─► document ─► diff ─► show, junit
//!                   what is listed  the plan   the report    └──► bless ─► atomic
//! ```
//!
//! [`cases`] finds captures and the expectations beside them, [`expectation`] reads one, [`options`] turns what it
//! needs into the plan of an ordinary run, whose JSON report is the [`document`] that [`diff`] compares. Only what is
//! listed is compared.

mod atomic;
mod bless;
mod cases;
mod diff;
mod document;
mod expectation;
mod junit;
mod matching;
mod options;
mod shape;
mod show;

use super::args::CheckArgs;
use super::exit::Outcome;
use super::output;
use super::plan::{Talk, appearance};
use super::progress::Steps;
use crate::capture::{CaptureSet, Reader};
use crate::report::escape::JsonFormatter;
use crate::report::text::Paint;
use anyhow::{Context, Result, bail};
use cases::{Case, Kind};
use clap::ColorChoice;
use diff::{Deviation, deviations};
use document::{document, text, unreadable};
use expectation::{Expectation, items};
use options::Common;
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A case whose files are larger than this shows its own progress, in bytes.
const LARGE: u64 = 32 << 20;

/// What became of a case.
struct Checked {
    folder: String,
    file: String,
    /// Further files of a rotated capture.
    more: usize,
    verdict: Verdict,
    /// How long it took.
    seconds: f64,
}

/// What is to be said of a case.
enum Verdict {
    AsExpected,
    Differs(Vec<Deviation>),
    /// It could not be checked: a sentence that says why and what to do.
    Trouble(String),
    /// Its expectation was written.
    Written {
        changes: Vec<Deviation>,
        file: String,
        new: bool,
    },
}

/// Checks every case behind the paths; `config` is the file that was named, if one was.
pub(super) fn run(args: &CheckArgs, config: Option<&Path>, color: ColorChoice) -> Result<Outcome> {
    let (cases, lost) = cases::find(&args.paths)?;
    let junit = args.junit.as_deref();
    let to_stdout = junit.is_some_and(|path| path.as_os_str() == "-");
    if let Some(path) = junit.filter(|_| !to_stdout) {
        let files = cases.iter().flat_map(|case| case.captures.iter().chain([&case.expectation]));
        output::check(path, "--junit", files.map(PathBuf::as_path))?;
    }
    let mut screen = Screen::new(to_stdout, color);
    let results = every(&cases, args, config, &mut screen)?;
    if !args.quiet {
        screen.show(&show::summary(&results, args.bless, screen.paint))?;
    }
    if let Some(path) = junit {
        output::write(Some(path).filter(|_| !to_stdout), |out| junit::write(&results, out))?;
    }
    Ok(outcome(lost, &results))
}

/// Trouble outranks a difference, as everywhere: what was not checked may be worse.
fn outcome(lost: bool, results: &[Checked]) -> Outcome {
    let any = |is: fn(&Verdict) -> bool| results.iter().any(|result| is(&result.verdict));
    if lost || any(|verdict| matches!(verdict, Verdict::Trouble(_))) {
        Outcome::Trouble
    } else if any(|verdict| matches!(verdict, Verdict::Differs(_))) {
        Outcome::Differs
    } else {
        Outcome::Done
    }
}

fn every(cases: &[Case], args: &CheckArgs, config: Option<&Path>, screen: &mut Screen) -> Result<Vec<Checked>> {
    let progress = !args.quiet && !args.no_progress && io::stderr().is_terminal();
    let mut steps = Steps::new(cases.len(), Talk { quiet: true, verbose: false, progress, mute: true });
    let mut results = Vec::with_capacity(cases.len());
    for case in cases {
        let large = size(case) > LARGE;
        if large {
            steps.hide();
        } else {
            steps.step(case.name());
        }
        let began = Instant::now();
        let checked = check(case, args.bless, Common { config, progress: progress && large });
        let verdict = checked.unwrap_or_else(|error| Verdict::Trouble(format!("{error:#}")));
        let result = Checked {
            folder: folder_name(case.folder()),
            file: named(case.name()),
            more: case.captures.len().saturating_sub(1),
            verdict,
            seconds: began.elapsed().as_secs_f64(),
        };
        let shown = show::result(&result, args.verbose, screen.paint);
        if !shown.is_empty() {
            steps.hide();
            screen.show(&shown)?;
        }
        results.push(result);
    }
    steps.hide();
    Ok(results)
}

fn size(case: &Case) -> u64 {
    case.captures.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
}

impl Checked {
    /// The path of the case.
    fn name(&self) -> String {
        let path =
            if self.folder == "." { Path::new(&self.file).into() } else { Path::new(&self.folder).join(&self.file) };
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        format!("{}{more}", path.display())
    }
}

/// A folder by its name; the one that everything counts from is `.`.
fn folder_name(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.to_string_lossy().into_owned() }
}

/// Checks one case. An error is what keeps it from being checked.
fn check(case: &Case, bless: bool, common: Common<'_>) -> Result<Verdict> {
    if let Some(rival) = &case.rival {
        let other = rival.file_name().unwrap_or_default().to_string_lossy();
        bail!("{other} beside it would share {}: rename one of the captures", named(&case.expectation));
    }
    let old = Expectation::load(&case.expectation)?;
    if old.is_none() && !bless {
        bail!(missing(case)?);
    }
    let found = found(case, old.as_ref(), common)?;
    let Some(old) = old else { return write(case, None, &found, diff::news(&found)) };
    let mut changes = deviations(&old, &found);
    match damage(&old, &found) {
        None if changes.is_empty() => Ok(Verdict::AsExpected),
        None if !bless => Ok(Verdict::Differs(changes)),
        Some((path, problem)) if !bless => bail!(
            "{path}: {problem}; if that is meant, list {{\"path\": \"{path}\", \"complete\": false}} under inputs"
        ),
        damage => {
            let text = damage.map(|(path, problem)| format!("input {path}: {problem}"));
            changes.extend(text.map(|text| Deviation { kind: diff::Kind::Surplus, text }));
            write(case, Some(&old), &found, changes)
        }
    }
}

/// What there is to compare with.
fn found(case: &Case, expectation: Option<&Expectation>, common: Common<'_>) -> Result<Value> {
    let options = expectation.and_then(|expectation| expectation.listed.get("options")).unwrap_or(&Value::Null);
    let Kind::Report = case.kind;
    if case.captures.is_empty() && items(options, "logs").is_empty() {
        bail!("there is no capture of this name beside it, and it names no logs: was the capture renamed or removed?");
    }
    let set = CaptureSet { paths: case.captures.clone() };
    let sets = if case.captures.is_empty() { &[][..] } else { std::slice::from_ref(&set) };
    let found = options::plan(options, case.folder(), &case.captures, common)
        .and_then(|plan| document(&plan, sets, case.folder()))
        .with_context(|| case.expectation.to_string_lossy().into_owned())?;
    if let Some((path, problem)) = unreadable(&found).next() {
        bail!("{path}: {problem}");
    }
    Ok(found)
}

/// That there is no expectation, and how to get one; but if there is no capture either, that.
fn missing(case: &Case) -> Result<String> {
    for path in &case.captures {
        Reader::open(path)?;
    }
    let paths: Vec<_> = case.captures.iter().map(|path| for_shell(path)).collect();
    let expectation = named(&case.expectation);
    Ok(format!("there is no {expectation} beside it: nrpcsniff check --bless {} writes it", paths.join(" ")))
}

/// An input that is damaged though the expectation does not list it so: the path, and what is wrong.
fn damage<'a>(expectation: &Expectation, found: &'a Value) -> Option<(&'a str, &'a str)> {
    let (listed, there) = (items(&expectation.listed, "inputs"), items(found, "inputs"));
    let meant = matching::elements("inputs", listed, there);
    let is_listed = |index| {
        let entry = meant.iter().position(|at| *at == Some(index)).map(|at| &listed[at]);
        entry.is_some_and(|entry| entry.get("complete").or_else(|| entry.get("problem")).is_some())
    };
    let mut damaged = there.iter().enumerate().filter(|(_, input)| input["complete"] == false);
    let (_, input) = damaged.find(|(index, _)| !is_listed(*index))?;
    Some((text(input, "path"), text(input, "problem")))
}

/// Writes the expectation that describes what was found, unless some of it must not be.
fn write(case: &Case, old: Option<&Expectation>, found: &Value, changes: Vec<Deviation>) -> Result<Verdict> {
    let new = bless::blessed(old, found);
    if old != Some(&new) {
        atomic::write(&case.expectation, &file(&new.listed)?)
            .with_context(|| format!("{}: cannot be written", named(&case.expectation)))?;
    }
    let left = deviations(&new, found);
    if left.is_empty() {
        let file = named(&case.expectation);
        Ok(Verdict::Written { changes, file, new: old.is_none() })
    } else {
        Ok(Verdict::Differs(left))
    }
}

/// The text of the file.
fn file(listed: &Value) -> Result<String> {
    let mut text = Vec::new();
    listed.serialize(&mut serde_json::Serializer::with_formatter(&mut text, JsonFormatter::pretty()))?;
    text.push(b'\n');
    Ok(String::from_utf8(text)?)
}

fn named(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as it can be pasted into a shell.
fn for_shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        text.into_owned()
    } else {
        let dashed = if text.starts_with('-') { "./" } else { "" };
        format!("'{dashed}{}'", text.replace('\'', r"'\''"))
    }
}

/// Where results are shown: stdout, or stderr if stdout is for XML. Once its reader has gone, nothing more is shown,
/// and the work goes on: the exit status still counts.
struct Screen {
    stderr: bool,
    closed: bool,
    paint: Paint,
}

impl Screen {
    fn new(stderr: bool, color: ColorChoice) -> Self {
        Self { stderr, closed: false, paint: Paint(appearance(color, stderr).0) }
    }

    fn show(&mut self, text: &str) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let write = |out: &mut dyn Write| out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let done = if self.stderr { write(&mut io::stderr().lock()) } else { write(&mut io::stdout().lock()) };
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed = true,
            done => done.context("the results cannot be written")?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_outranks_a_difference() {
        let results = |verdicts: Vec<Verdict>| -> Vec<Checked> {
            let checked =
                |verdict| Checked { folder: String::new(), file: String::new(), more: 0, verdict, seconds: 0.0 };
            verdicts.into_iter().map(checked).collect()
        };
        let differs = || Verdict::Differs(Vec::new());
        assert_eq!(outcome(false, &results(vec![Verdict::AsExpected])), Outcome::Done);
        assert_eq!(outcome(false, &results(vec![Verdict::AsExpected, differs()])), Outcome::Differs);
        assert_eq!(outcome(false, &results(vec![differs(), Verdict::Trouble(String::new())])), Outcome::Trouble);
        assert_eq!(outcome(true, &[]), Outcome::Trouble);
    }

    #[test]
    fn paths_can_be_pasted() {
        for (path, shown) in [
            ("a/b-1.pcap", "a/b-1.pcap"),
            ("my notes.pcap", "'my notes.pcap'"),
            ("it's", r"'it'\''s'"),
            ("-a", "'./-a'"),
        ] {
            assert_eq!(for_shell(Path::new(path)), shown);
        }
    }
}
