//! Results as people read them: a block for each case that is not as expected, and a line that sums up.

use super::diff::{Deviation, Kind};
use super::{Checked, Verdict};
use crate::model::Severity;
use crate::report::escape;
use crate::report::text::{Paint, count, counted};

/// One difference in a line: `-` expected and not found, `+` found and not expected, `~` found otherwise.
pub(super) fn line(deviation: &Deviation) -> String {
    format!("{} {}", sign(deviation.kind).0, deviation.text)
}

/// What became of a case; nothing for one that is as expected, unless all are wanted.
pub(super) fn result(result: &Checked, all: bool, paint: Paint) -> String {
    let name = escape::terminal(&result.name()).into_owned();
    match &result.verdict {
        Verdict::AsExpected if all => format!("{}     {name}\n", paint.like(Severity::Info, "ok")),
        Verdict::AsExpected => String::new(),
        Verdict::Differs(deviations) => {
            format!("{}   {name}\n{}", paint.like(Severity::Blocker, "FAIL"), lines(deviations, paint))
        }
        Verdict::Trouble(problem) => {
            format!("{}  {name}\n  {}\n", paint.like(Severity::Major, "ERROR"), escape::terminal(problem))
        }
        Verdict::Written { changes, file, new } => {
            let done = if *new { "new" } else { "rewritten" };
            let file = escape::terminal(file);
            format!("{}  {name}\n{}  {done}: {file}\n", paint.like(Severity::Minor, "BLESS"), lines(changes, paint))
        }
    }
}

/// The line at the end.
pub(super) fn summary(results: &[Checked], bless: bool, paint: Paint) -> String {
    let number = |is: fn(&Verdict) -> bool| results.iter().filter(|result| is(&result.verdict)).count() as u64;
    let said = |number: u64, words: &str| (number > 0).then(|| format!("{} {words}", count(number)));
    let parts = [
        Some(format!("{} as expected", count(number(|verdict| matches!(verdict, Verdict::AsExpected))))),
        bless.then(|| format!("{} written", count(number(|verdict| matches!(verdict, Verdict::Written { .. }))))),
        said(number(|verdict| matches!(verdict, Verdict::Differs(_))), "not as expected"),
        said(number(|verdict| matches!(verdict, Verdict::Trouble(_))), "could not be checked"),
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

const fn sign(kind: Kind) -> (&'static str, Severity) {
    match kind {
        Kind::Missing => ("-", Severity::Blocker),
        Kind::Surplus => ("+", Severity::Info),
        Kind::Changed => ("~", Severity::Major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(verdict: Verdict) -> Checked {
        Checked { folder: "in".to_owned(), file: "a\x1b.pcap".to_owned(), more: 0, verdict, seconds: 0.0 }
    }

    fn deviations() -> Vec<Deviation> {
        [(Kind::Missing, "one"), (Kind::Surplus, "two\x1b"), (Kind::Changed, "three")]
            .map(|(kind, text)| Deviation { kind, text: text.to_owned() })
            .into()
    }

    #[test]
    fn each_verdict_is_a_block() {
        let shown = |verdict: Verdict| result(&checked(verdict), false, Paint(false));
        assert_eq!(shown(Verdict::AsExpected), "");
        assert_eq!(result(&checked(Verdict::AsExpected), true, Paint(false)), "ok     in/a\\x1b.pcap\n");
        assert_eq!(shown(Verdict::Differs(deviations())), "FAIL   in/a\\x1b.pcap\n  - one\n  + two\\x1b\n  ~ three\n");
        assert_eq!(shown(Verdict::Trouble("no\n".to_owned())), "ERROR  in/a\\x1b.pcap\n  no\\n\n");
        let written = Verdict::Written { changes: vec![], file: "in/a.expected.json".to_owned(), new: true };
        assert_eq!(shown(written), "BLESS  in/a\\x1b.pcap\n  new: in/a.expected.json\n");
    }

    #[test]
    fn colours_are_only_there_if_wanted() {
        let painted = result(&checked(Verdict::Differs(deviations())), false, Paint(true));
        assert!(painted.starts_with("\x1b[1;31mFAIL\x1b[0m   in/a\\x1b.pcap\n  \x1b[1;31m-\x1b[0m one\n"), "{painted}");
    }

    #[test]
    fn the_sum_says_what_there_was() {
        let results = [
            checked(Verdict::AsExpected),
            checked(Verdict::Differs(deviations())),
            checked(Verdict::Trouble("no".to_owned())),
        ];
        let sum = |results: &[Checked], bless| summary(results, bless, Paint(false));
        assert_eq!(sum(&results, false), "3 cases: 1 as expected, 1 not as expected, 1 could not be checked.\n");
        assert_eq!(sum(&results[..1], false), "1 case: 1 as expected.\n");
        assert_eq!(sum(&results[..1], true), "1 case: 1 as expected, 0 written.\n");
    }
}
