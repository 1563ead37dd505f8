//! From facts to findings: rules, guards, scores and precedence. Sees facts and the model, never packets.
//!
//! [`diagnose`] builds a [`Case`] (the facts of the analysis, with the indices that rules need), asks every rule in
//! [`rules::RULES`], and settles what they say: a finding that another one explains is named under its `also` and
//! does not stand by itself. A new rule is one file in `rules/` and one line in its table.

mod capture_faults;
mod cause;
mod counted;
mod draft;
pub(crate) mod evidence;
mod groups;
mod last_resort;
mod ledger;
mod logged;
#[cfg(test)]
mod message_tests;
mod messages;
mod precedence;
pub(crate) mod rules;
mod testimony;
#[cfg(test)]
mod tests;
pub(crate) mod thresholds;
mod verdict;
pub(crate) mod words;

pub(crate) use crate::facts::{Case, Lookup, Talk};
pub use crate::facts::{ExpectedServer, Settings, Thresholds};
pub(crate) use cause::{Cause, lasting_cause};
pub(crate) use counted::{CountedCauses, merge_counted};
pub(crate) use draft::Draft;
pub(crate) use groups::gather;
pub(crate) use last_resort::Lost;
pub(crate) use ledger::{Ledger, WINDOW};
pub(crate) use logged::{LoggedBeside, judge_logs};
pub(crate) use precedence::sort;
pub(crate) use testimony::{Testimony, TestimonyId};
pub(crate) use verdict::{Wishes, verdict};

pub(crate) use crate::model::Layer;
use crate::model::{Analysis, AttemptCounts, Conclusion, Finding, LogClock, RuleId, Severity};
use hashbrown::HashSet;
use std::collections::BTreeMap;

/// Judges an analysis with its logs. The same analysis and settings give the same findings in the same order.
pub fn diagnose(analysis: &Analysis, settings: &Settings) -> Vec<Finding> {
    conclude(analysis, settings).0
}

/// Judges an analysis with its logs, and says what it comes to.
pub(crate) fn conclude(analysis: &Analysis, settings: &Settings) -> (Vec<Finding>, Conclusion) {
    let Judgement { findings, mut attempts, mut wishes, joined, beside, .. } = judge(analysis, settings);
    let mut findings = gather(findings, analysis, &[], &CountedCauses::default());
    if !analysis.logs.is_empty() {
        let is_captured = !analysis.inputs.is_empty() || !analysis.conversations.is_empty();
        let heard = judge_logs(analysis, settings, &joined, is_captured.then_some(&beside), &findings);
        findings.extend(heard.findings);
        wishes.add(heard.wishes);
        attempts.extend(heard.attempts);
        sort(&mut findings);
    }
    let verdict = verdict(analysis, &findings, &wishes);
    (findings, Conclusion { verdict, attempts, captures: Vec::new() })
}

/// What is said of one of several captures that the same logs stand beside.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// What packets show, with what logs say of it. Those of one cause are still several: [`gather`] joins them.
    pub findings: Vec<Finding>,
    /// Who tried what and what came of it, counted.
    pub attempts: Vec<AttemptCounts>,
    /// What was wanted, and what came of it.
    pub wishes: Wishes,
    /// Testimonies of logs that went into findings about packets.
    pub joined: HashSet<TestimonyId>,
    /// What of the attempts in logs it shows, too, and what falls into its time.
    pub beside: LoggedBeside,
    /// The clock of each log.
    pub clocks: Vec<LogClock>,
    /// What failed and is no fault of anybody's sign-on, counted.
    pub set_aside: BTreeMap<&'static str, u64>,
}

/// Judges the packets of an analysis; its logs join what it finds, and do not speak for themselves.
pub(crate) fn judge(analysis: &Analysis, settings: &Settings) -> Judgement {
    judge_with(analysis, settings, &Ledger::default())
}

/// Judges the packets of an analysis of which a part was judged before and let go.
pub(crate) fn judge_with(analysis: &Analysis, settings: &Settings, ledger: &Ledger) -> Judgement {
    judge_case(&Case::new(analysis, settings), ledger)
}

/// Judges a case, for those who look at it further.
pub(crate) fn judge_case(case: &Case<'_>, ledger: &Ledger) -> Judgement {
    let analysis = case.analysis;
    let mut drafts = drafts(case);
    let joined =
        if analysis.logs.is_empty() { HashSet::new() } else { testimony::join(&mut drafts, testimonies(case)) };
    let mut findings = settled(case, &drafts);
    let mut wishes = Wishes::of(case, &findings);
    wishes.add(ledger.wishes().clone());
    findings.retain(|finding| !ledger.has_counted(finding, analysis));
    ledger.complete(&mut findings, analysis);
    let gathered = |aside| gather(aside, analysis, &[], ledger.counted());
    let mut findings = rules::cap::others::set_aside(case, findings, gathered);
    sort(&mut findings);
    let attempts = ledger.attempts_with(case);
    let (clocks, beside) = (case.logs().clocks().to_vec(), LoggedBeside::of(case));
    Judgement { findings, attempts, wishes, joined, beside, clocks, set_aside: set_aside(case, ledger) }
}

/// What a scanner meets is nobody's fault. That it was there is worth a word all the same.
fn concerns_scanners_only(case: &Case<'_>, draft: &Draft) -> bool {
    let scans = case.scans();
    if scans.is_empty() || matches!(draft.layer(), Layer::Capture | Layer::Information) {
        return false;
    }
    let all = &case.analysis.conversations;
    let clients = draft.conversations().iter().map(|&id| all.by_id(id).map(|c| c.client.ip));
    let mut clients = clients.peekable();
    clients.peek().is_some() && clients.all(|client| client.is_some_and(|client| scans.has(client)))
}

/// What failed, or looks as if it had, and that no user minds: how many there are of each kind.
fn set_aside(case: &Case<'_>, ledger: &Ledger) -> BTreeMap<&'static str, u64> {
    let counts = [("unresolved names", ledger.unresolved_names(case))];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What packets show, each finding for itself: the worst first.
fn findings(case: &Case<'_>) -> Vec<Finding> {
    settled(case, &drafts(case))
}

fn drafts(case: &Case<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = rules::RULES.iter().flat_map(|rule| rule.judge(case)).collect();
    drafts.retain(|draft| !concerns_scanners_only(case, draft));
    capture_faults::keep_what_holds(case, &mut drafts);
    drafts
}

/// It is settled what explains what, and what nothing explains is told by the rules of last resort.
fn settled(case: &Case<'_>, drafts: &[Draft]) -> Vec<Finding> {
    let mut findings = precedence::settle(drafts);
    findings.extend(last_resort::tell(case, &findings));
    sort(&mut findings);
    findings
}

fn testimonies(case: &Case<'_>) -> Vec<Testimony> {
    let of_lines = rules::RULES.iter().flat_map(|rule| rule.testimonies(case));
    testimony::without_yielding(of_lines.chain(messages::testimonies(case)).collect())
}

/// One rule of the catalogue.
pub(crate) trait Rule: Sync {
    /// Page of the rule in the catalogue.
    fn about(&self) -> &'static About;

    /// Looks at the case and says what it found; nothing if all is well or cannot be told. Rules about logs alone and rules of last
    /// resort have nothing to say then.
    fn judge(&self, _case: &Case<'_>) -> Vec<Draft> {
        Vec::new()
    }

    /// What it says of attempts that failed and that no finding explains, in order: a rule of last resort, which is asked when all
    /// others have spoken.
    fn last_resort(&self, _case: &Case<'_>, _lost: &Lost<'_>) -> Vec<Draft> {
        Vec::new()
    }

    /// What the logs beside the case say for this rule. What it says must not depend on the
    /// packets, but for the conversations that it links to.
    fn testimonies(&self, _case: &Case<'_>) -> Vec<Testimony> {
        Vec::new()
    }
}

/// A rule's entry in the catalogue. `nrpcsniff rules` prints it and findings are built from it.
#[derive(Debug)]
pub(crate) struct About {
    /// Id, as in reports: lower case, words joined by `-`.
    pub id: RuleId,
    /// One line.
    pub title: &'static str,
    /// The worst severity that it gives.
    pub severity: Severity,
    /// Place of the rule in the order of causes.
    pub layer: Layer,
    /// Pattern in the capture that the rule sees.
    pub sees: &'static str,
    /// Why it matters: what the user experiences.
    pub matters: &'static str,
    /// What keeps it silent, or lowers its confidence: look-alikes that are healthy.
    pub guards: &'static [&'static str],
    /// Changes that mend it, most likely first.
    pub remedy: &'static [&'static str],
    /// Public sources.
    pub references: &'static [&'static str],
    /// Rules whose findings on the same conversations follow from this one.
    pub explains: &'static [RuleId],
}
