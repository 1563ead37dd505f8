//! Does what the plan says: captures and logs in, one report out.

use super::exit::Outcome;
use super::logs;
use super::merge::Merged;
use super::output;
use super::plan::Plan;
use super::read::{Session, find};
use crate::capture::{CaptureSet, FilterSet};
use crate::report::{self, Format, Report};
use anyhow::Result;
use std::path::PathBuf;

/// Reads every capture, judges it and writes one report of all.
///
/// Where nothing could be opened there is no report, and where not one packet could be read no table: what is wrong has
/// been said on stderr.
pub(super) fn run(plan: &Plan) -> Result<Outcome> {
    let filter = plan.filter.as_deref().map(FilterSet::new).transpose()?;
    let (sets, lost) = find(&plan.captures, plan.verbosity);
    if let Some(path) = &plan.output {
        let logs = plan.logs.iter().map(|log| &log.path);
        output::check(path, "-o", sets.iter().flat_map(|set| &set.paths).chain(logs).map(PathBuf::as_path))?;
    }
    let Judged { merged, opened, trouble } = judge(plan, filter, &sets);
    let heard = merged.analysis.logs.iter().any(|log| log.kind.is_some());
    let unreadable = trouble && merged.analysis.totals.packets == 0 && !heard;
    if opened && !(unreadable && plan.report.format == Format::Table) {
        let report = Report { analysis: &merged.analysis, findings: &merged.findings, reader: plan.reader() };
        output::write(plan.output.as_deref(), |out| report::write(report, &plan.report, out))?;
    }
    let outcome = Outcome::of(trouble || lost, &merged.findings, plan.fail_on);
    // The process ends now: taking a large report apart piece by piece would only cost time.
    std::mem::forget(merged);
    Ok(outcome)
}

/// What was read, and what the rules say of it.
pub(super) struct Judged {
    pub(super) merged: Merged,
    /// Something could be opened.
    pub(super) opened: bool,
    /// Something could not be read, or not to its end.
    pub(super) trouble: bool,
}

/// Reads logs and captures, and judges each capture by itself, beside all logs.
pub(super) fn judge(plan: &Plan, filter: Option<FilterSet>, sets: &[CaptureSet]) -> Judged {
    let (logs, unheard) = logs::read_all(&plan.logs, plan.show_secrets, plan.verbosity);
    let heard = logs.iter().any(|log| log.kind.is_some());
    let mut session = Session::new(plan, filter);
    let mut merged = Merged::beside(logs);
    for set in sets {
        merged.judge(session.read(set), &plan.settings);
    }
    merged.judge_logs(&plan.settings);
    Judged { merged, opened: session.opened || heard, trouble: session.trouble || unheard }
}
