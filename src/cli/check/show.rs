//! Results as people read them: a block for each case that is not as expected, and a line that sums up.

use super::checked::{CaseResult, CheckedCase};
use super::diff::{Deviation, DeviationKind};
use crate::model::Severity;
use crate::report::escape;
use crate::report::text::{Paint, count, counted};

/// One difference in a line: `-` expected and not found, `+` found and not expected, `~` found otherwise.
pub(super) fn line(deviation: &Deviation) -> String {
    format!("{} {}", sign(deviation.kind).0, deviation.text)
}

/// What became of a case; nothing for one that is as expected, unless all are wanted.
pub(super) fn result(result: &CheckedCase, all: bool, paint: Paint) -> String {
    let name = escape::terminal(&result.name()).into_owned();
    match &result.result {
        CaseResult::AsExpected if all => format!("{}     {name}\n", paint.like(Severity::Info, "ok")),
        CaseResult::AsExpected => String::new(),
        CaseResult::Differs(deviations) => {
            format!("{}   {name}\n{}", paint.like(Severity::Blocker, "FAIL"), lines(deviations, paint))
        }
        CaseResult::Trouble(problem) => {
            format!("{}  {name}\n  {}\n", paint.like(Severity::Major, "ERROR"), escape::terminal(problem))
        }
        CaseResult::Written { changes, file, new } => {
            let done = if *new { "new" } else { "rewritten" };
            let file = escape::terminal(file);
            format!("{}  {name}\n{}  {done}: {file}\n", paint.like(Severity::Minor, "BLESS"), lines(changes, paint))
        }
    }
}

/// The line at the end.
pub(super) fn summary(results: &[CheckedCase], bless: bool, paint: Paint) -> String {
    let number = |is: fn(&CaseResult) -> bool| results.iter().filter(|result| is(&result.result)).count() as u64;
    let said = |number: u64, words: &str| (number > 0).then(|| format!("{} {words}", count(number)));
    let parts = [
        Some(format!("{} as expected", count(number(|verdict| matches!(verdict, CaseResult::AsExpected))))),
        bless.then(|| format!("{} written", count(number(|verdict| matches!(verdict, CaseResult::Written { .. }))))),
        said(number(|verdict| matches!(verdict, CaseResult::Differs(_))), "not as expected"),
        said(number(|verdict| matches!(verdict, CaseResult::Trouble(_))), "could not be checked"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let cases = counted(results.len() as u64, "case");
    format!("{}: {}.\n", paint.bold(&cases), parts.join(", "))
}

fn lines(deviations: &[Deviation], paint: Paint) -> String {
    let line = |deviation: &Deviation| {
        let (sign, colour) = sign(deviation.kind);
        format!("  {} {}\n", paint.like(colour, sign), escape::terminal(&deviation.text))
    };
    deviations.iter().map(line).collect()
}

const fn sign(kind: DeviationKind) -> (&'static str, Severity) {
    match kind {
        DeviationKind::Missing => ("-", Severity::Blocker),
        DeviationKind::Surplus => ("+", Severity::Info),
        DeviationKind::Changed => ("~", Severity::Major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(result: CaseResult) -> CheckedCase {
        CheckedCase { folder: "in".to_owned(), file: "a\x1b.pcap".to_owned(), more: 0, result, seconds: 0.0 }
    }

    fn deviations() -> Vec<Deviation> {
        [(DeviationKind::Missing, "one"), (DeviationKind::Surplus, "two\x1b"), (DeviationKind::Changed, "three")]
            .map(|(kind, text)| Deviation { kind, text: text.to_owned() })
            .into()
    }

    #[test]
    fn each_verdict_is_a_block() {
        let shown = |verdict: CaseResult| result(&checked(verdict), false, Paint(false));
        assert_eq!(shown(CaseResult::AsExpected), "");
        assert_eq!(result(&checked(CaseResult::AsExpected), true, Paint(false)), "ok     in/a\\x1b.pcap\n");
        assert_eq!(
            shown(CaseResult::Differs(deviations())),
            "FAIL   in/a\\x1b.pcap\n  - one\n  + two\\x1b\n  ~ three\n"
        );
        assert_eq!(shown(CaseResult::Trouble("no\n".to_owned())), "ERROR  in/a\\x1b.pcap\n  no\\n\n");
        let written = CaseResult::Written { changes: vec![], file: "in/a.expected.json".to_owned(), new: true };
        assert_eq!(shown(written), "BLESS  in/a\\x1b.pcap\n  new: in/a.expected.json\n");
    }

    #[test]
    fn colours_are_only_there_if_wanted() {
        let painted = result(&checked(CaseResult::Differs(deviations())), false, Paint(true));
        assert!(painted.starts_with("\x1b[1;31mFAIL\x1b[0m   in/a\\x1b.pcap\n  \x1b[1;31m-\x1b[0m one\n"), "{painted}");
    }

    #[test]
    fn the_sum_says_what_there_was() {
        let results = [
            checked(CaseResult::AsExpected),
            checked(CaseResult::Differs(deviations())),
            checked(CaseResult::Trouble("no".to_owned())),
        ];
        let sum = |results: &[CheckedCase], bless| summary(results, bless, Paint(false));
        assert_eq!(sum(&results, false), "3 cases: 1 as expected, 1 not as expected, 1 could not be checked.\n");
        assert_eq!(sum(&results[..1], false), "1 case: 1 as expected.\n");
        assert_eq!(sum(&results[..1], true), "1 case: 1 as expected, 0 written.\n");
    }
}
