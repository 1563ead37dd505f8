//! Messages of SIP and HTTP that stand in logs as text, judged as those of a capture: by rules whose proof stands in a message or
//! in its answer. Their findings are told by the lines of the log.

use super::rules::{BY_DATE, BY_MESSAGE, RULES, rule};
use super::{Case, Draft, Testimony, last_resort, precedence};
use crate::diagnose::evidence::logs::named_by;
use crate::facts::logs::{LogEntry, LoggedRequest, UNKNOWN, captured};
use crate::facts::sip::SipExchange;
use crate::model::{Analysis, ConversationId, Finding, LogLine, RuleId};

/// What such rules say of the messages of each log.
pub(super) fn testimonies(case: &Case<'_>) -> Vec<Testimony> {
    let mut logs: Vec<u32> = case.logs().requests().iter().map(|request| request.entry.log).collect();
    logs.dedup();
    logs.into_iter().flat_map(|log| of_log(case, log)).collect()
}

fn of_log(case: &Case<'_>, log: u32) -> Vec<Testimony> {
    let requests: Vec<&LoggedRequest<'_>> =
        case.logs().requests().iter().filter(|request| request.entry.log == log && !shows_word(request)).collect();
    let Some(analysis) = captured(&requests) else { return Vec::new() };
    // Without the zone of the log nobody knows what time it was by the clock of a token.
    let is_dated = case.logs().log(log).is_some_and(|log| {
        let knows = |request: &&LoggedRequest<'_>| {
            request.entry.fact.at.as_ref().is_some_and(|at| at.zoned || log.clock.place(at).is_some())
        };
        requests.iter().all(knows)
    });
    let findings = findings(case, &analysis, is_dated);
    findings.iter().filter_map(|finding| testimony(case, log, finding)).collect()
}

/// A word where a token should be is told by rules of its own, whatever the answer.
fn shows_word(request: &LoggedRequest<'_>) -> bool {
    request.tokens().any(|cookie| cookie.token.as_ref().is_some_and(|token| token.class.is_word()))
}

fn findings(case: &Case<'_>, analysis: &Analysis, is_dated: bool) -> Vec<Finding> {
    let messages = Case::new(analysis, case.settings);
    let may_judge = |id: RuleId| BY_MESSAGE.contains(&id) && (is_dated || !BY_DATE.contains(&id));
    let rules = RULES.iter().filter(|rule| may_judge(rule.about().id));
    let drafts: Vec<Draft> = rules.flat_map(|rule| rule.judge(&messages)).collect();
    let mut findings = precedence::settle(&drafts);
    let lost = last_resort::tell(&messages, &findings);
    findings.extend(lost.into_iter().filter(|finding| may_judge(finding.rule)));
    findings
}

fn testimony(case: &Case<'_>, log: u32, finding: &Finding) -> Option<Testimony> {
    let about = rule(&finding.rule)?.about();
    let shown = finding
        .evidence
        .iter()
        .filter_map(|fact| Some((LogLine { log, line: fact.frame?.number }, written(&fact.text))));
    let lines: Vec<(LogLine, String)> = shown.collect();
    let entries: Vec<LogEntry<'_>> =
        case.logs().entries().filter(|entry| lines.iter().any(|(line, _)| *line == entry.line())).collect();
    let draft = Draft::of_log(about, finding, written, is_unknown);
    let conversations: Vec<ConversationId> = entries.iter().flat_map(|entry| carried(case, entry)).collect();
    let whom = finding.title.clone();
    (!lines.is_empty())
        .then(|| Testimony::new(about, &entries).words(lines).whom(whom).links(conversations).alone(draft))
}

/// Conversations of the capture that carried the message of that line.
fn carried(case: &Case<'_>, entry: &LogEntry<'_>) -> Vec<ConversationId> {
    let line = entry.line();
    let request = case.logs().requests().iter().find(|request| request.has(line));
    let call = request.and_then(LoggedRequest::call_id).into_iter().flat_map(|id| case.sip().of_call(id));
    let of_call = call.flat_map(SipExchange::conversations).map(|conversation| conversation.id);
    of_call.chain(named_by(case, entry)).collect()
}

/// A place that is not in the log.
fn is_unknown(text: &str) -> bool {
    text == UNKNOWN.to_string() || text == UNKNOWN.ip.to_string()
}

/// As it is said of a log: what is not in it, and machines whose addresses it does not have.
fn written(text: &str) -> String {
    let unknown = UNKNOWN.to_string();
    let text = text.replace("the capture", "the log").replace(&unknown, "the server");
    text.replace(&UNKNOWN.ip.to_string(), "the client")
}
