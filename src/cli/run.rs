//! Does what the plan says: captures and logs in, one report out.

use super::exit::ExitStatus;
use super::output;
use super::plan::Plan;
use super::read::{ConsoleObserver, find, report_intake};
use super::scratch::remove_on_signals;
use crate::api::Intake;
use crate::model::ConversationId;
use crate::report::talk::Verbosity;
use crate::report::{Format, LadderOf};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// What is behind the paths. Where that is an archive, it goes even if the run is stopped.
pub(super) fn looked_behind(paths: &[PathBuf]) -> Intake {
    if paths.iter().any(|path| path.is_dir() || path.as_os_str() == "-" || Intake::is_archive(path)) {
        remove_on_signals();
    }
    Intake::of(paths)
}

/// Reads every capture, judges it and writes one report of all.
///
/// Where nothing could be opened there is no report, and where not one packet could be read no table: what is wrong has
/// been said on stderr.
pub(super) fn run(plan: &Plan) -> Result<ExitStatus> {
    let mut intake = looked_behind(&plan.captures);
    if plan.extract.is_some() {
        intake.spool().context("stdin: cannot be kept for a second reading")?;
    }
    let (diagnoser, wrong) = plan.diagnoser.clone().beside(&intake);
    report_intake(&intake, &wrong, plan.verbosity);
    let (sets, mut lost) = find(&intake.captures, Verbosity { verbose: false, ..plan.verbosity });
    lost |= !intake.problems.is_empty();
    if let Some(path) = &plan.output {
        let logs = diagnoser.logs.iter().map(|log| &log.path).chain(&intake.archives);
        output::check(path, "-o", sets.iter().flat_map(|set| &set.paths).chain(logs).map(PathBuf::as_path))?;
    }
    if let Some(extract) = &plan.extract {
        extract.check(sets.iter().flat_map(|set| &set.paths).map(PathBuf::as_path))?;
    }
    let mut diagnosis = diagnoser.judge(&sets, &mut ConsoleObserver::new(plan.verbosity))?;
    if let Some(number) = plan.finding {
        ensure!(diagnosis.only(number), "there is no finding {number}: the short answer numbers them");
    }
    if let Some(LadderOf::Conversations(ids)) = &plan.report.ladder {
        let unknown = ids.iter().find(|id| diagnosis.analysis.conversations.by_id(ConversationId::new(**id)).is_none());
        ensure!(
            unknown.is_none(),
            "--ladder c{}: there is no such conversation (--detail conversations --all lists them)",
            unknown.copied().unwrap_or_default()
        );
    }
    let unreadable = diagnosis.trouble && diagnosis.analysis.totals.packets == 0 && !diagnosis.has_log();
    if (diagnosis.opened || diagnosis.has_log()) && !(unreadable && plan.report.format == Format::Table) {
        let is_read = matches!(plan.report.format, Format::Table | Format::Concise);
        output::write_paged(plan.output.as_deref(), plan.pager && is_read, |out| diagnosis.write(&plan.report, out))?;
    }
    if let Some(extract) = &plan.extract {
        lost |= !extract.is_written(&sets, &diagnosis, plan.verbosity);
    }
    let outcome =
        ExitStatus::of(diagnosis.trouble || lost, &diagnosis.findings, diagnosis.conclusion.verdict.kind, plan.fail_on);
    // The process ends now: taking a large report apart piece by piece would only cost time.
    std::mem::forget(diagnosis);
    Ok(outcome)
}
