//! `nrpcsniff check`: holds captures against what is expected of them.
//!
//! ```text
//! paths ─► cases ─► expectation ─► options ─► document ─► diff ─► show, junit
//!                   what is listed  the plan   the report    └──► bless ─► atomic
//! ```
//!
//! [`cases`] finds captures and the expectations beside them, [`expectation`] reads one, [`options`] turns what it
//! needs into the plan of an ordinary run, whose JSON report is the [`document`] that [`diff`] compares; [`mod@verdict`] goes
//! through these steps for one case. [`comparison`] is the other kind of case: two captures and where they part. Only what is
//! listed is compared.

mod atomic;
mod bless;
mod cases;
mod checked;
mod comparison;
mod diff;
mod document;
mod expectation;
mod junit;
mod matching;
mod options;
mod screen;
mod shape;
mod show;
mod values;
mod verdict;

use super::args::CheckArgs;
use super::exit::ExitStatus;
use super::progress::CaseProgress;
use super::{output, patterns};
use crate::report::talk::Verbosity;
use anyhow::Result;
use cases::CheckCase;
use checked::{CaseResult, CheckedCase};
use clap::ColorChoice;
use options::CaseOptions;
use screen::Screen;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;
use verdict::{named, verdict};

/// A case whose files are larger than this shows its own progress, in bytes.
const LARGE: u64 = 32 << 20;

/// Checks every case behind the paths; `config` is the file that was named, if one was.
pub(super) fn run(args: &CheckArgs, config: Option<&Path>, color: ColorChoice) -> Result<ExitStatus> {
    let (cases, lost) = cases::find(&patterns::expanded(args.paths.iter().cloned()))?;
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
fn outcome(lost: bool, results: &[CheckedCase]) -> ExitStatus {
    let any = |is: fn(&CaseResult) -> bool| results.iter().any(|result| is(&result.result));
    if lost || any(|verdict| matches!(verdict, CaseResult::Trouble(_))) {
        ExitStatus::Trouble
    } else if any(|verdict| matches!(verdict, CaseResult::Differs(_))) {
        ExitStatus::Differs
    } else {
        ExitStatus::Done
    }
}

/// Checks the cases one after the other. A large capture has a progress bar of its own, as a bar that counts cases
/// would stand still.
fn every(
    cases: &[CheckCase],
    args: &CheckArgs,
    config: Option<&Path>,
    screen: &mut Screen,
) -> Result<Vec<CheckedCase>> {
    let progress = !args.quiet && !args.no_progress && io::stderr().is_terminal();
    let mut progress_bar =
        CaseProgress::new(cases.len(), Verbosity { quiet: true, verbose: false, progress, mute: true });
    let mut results = Vec::with_capacity(cases.len());
    for case in cases {
        let large = size(case) > LARGE;
        if large {
            progress_bar.hide();
        } else {
            progress_bar.step(case.name());
        }
        let began = Instant::now();
        let result = verdict(case, args.bless, CaseOptions { config, progress: progress && large });
        let checked = CheckedCase {
            folder: folder_name(case.folder()),
            file: named(case.name()),
            more: case.captures.len().saturating_sub(1),
            result,
            seconds: began.elapsed().as_secs_f64(),
        };
        let shown = show::result(&checked, args.verbose, screen.paint);
        if !shown.is_empty() {
            progress_bar.hide();
            screen.show(&shown)?;
        }
        results.push(checked);
    }
    progress_bar.hide();
    Ok(results)
}

fn size(case: &CheckCase) -> u64 {
    case.captures.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
}

/// A folder by its name; the one that everything counts from is `.`.
fn folder_name(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_outranks_a_difference() {
        let results = |verdicts: Vec<CaseResult>| -> Vec<CheckedCase> {
            let checked =
                |result| CheckedCase { folder: String::new(), file: String::new(), more: 0, result, seconds: 0.0 };
            verdicts.into_iter().map(checked).collect()
        };
        let differs = || CaseResult::Differs(Vec::new());
        assert_eq!(outcome(false, &results(vec![CaseResult::AsExpected])), ExitStatus::Done);
        assert_eq!(outcome(false, &results(vec![CaseResult::AsExpected, differs()])), ExitStatus::Differs);
        assert_eq!(outcome(false, &results(vec![differs(), CaseResult::Trouble(String::new())])), ExitStatus::Trouble);
        assert_eq!(outcome(true, &[]), ExitStatus::Trouble);
    }
}
