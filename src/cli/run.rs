//! Does what the plan says: captures and logs in, one report out.

use super::exit::Outcome;
use super::logs;
use super::merge::Merged;
use super::output;
use super::plan::Plan;
use super::read::{Session, find};
use crate::capture::FilterSet;
use crate::model::Timestamp;
use crate::report::{self, Format, Report};
use anyhow::Result;
use nrpcsniff_dissectors::Reader;
use std::path::PathBuf;

/// Reads every capture, judges it and writes one report of all.
///
/// Where nothing could be opened there is no report, and where not one packet could be read no table: what is wrong has
/// been said on stderr.
pub(super) fn run(plan: &Plan) -> Result<Outcome> {
    let filter = plan.filter.as_deref().map(FilterSet::new).transpose()?;
    let (sets, lost) = find(plan);
    if let Some(path) = &plan.output {
        let logs = plan.logs.iter().map(|log| &log.path);
        output::check(path, sets.iter().flat_map(|set| &set.paths).chain(logs).map(PathBuf::as_path))?;
    }
    let (logs, unheard) = logs::read_all(plan);
    let opened = logs.iter().any(|log| log.kind.is_some());
    let mut session = Session::new(plan, filter);
    let mut merged = Merged::beside(logs);
    for set in &sets {
        merged.judge(session.read(set), &plan.settings);
    }
    merged.judge_logs(&plan.settings);
    let unreadable = (session.trouble || unheard) && merged.analysis.totals.packets == 0 && !opened;
    if (session.opened || opened) && !(unreadable && plan.report.format == Format::Table) {
        let report = Report { analysis: &merged.analysis, findings: &merged.findings, reader: reader(plan) };
        output::write(plan.output.as_deref(), |out| report::write(report, &plan.report, out))?;
    }
    let outcome = Outcome::of(session.trouble || lost || unheard, &merged.findings, plan.fail_on);
    // The process ends now: taking a large report apart piece by piece would only cost time.
    std::mem::forget(merged);
    Ok(outcome)
}

/// How messages are read out.
fn reader(plan: &Plan) -> Reader<'_> {
    let now = plan.settings.now.map(Timestamp::nanos);
    Reader { now, keys: &plan.settings.keys, show_secrets: plan.show_secrets }
}
