//! Results as JUnit XML, which GitLab, Jenkins, GitHub and others show.
//!
//! There is no standard; what is written here is what all of them read (and what the schema of Jenkins' xUnit plugin,
//! `junit-10.xsd`, allows): a suite for each folder, a case for each capture, `failure` for what differs, `error` for
//! what could not be checked.

use super::checked::{CaseResult, CheckedCase};
use super::show;
use crate::report::escape;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the results. Cases of one folder stand together, in the order of their first.
pub(super) fn write(results: &[CheckedCase], out: &mut dyn Write) -> io::Result<()> {
    let mut folders: Vec<&str> = Vec::new();
    for result in results {
        if !folders.contains(&result.folder.as_str()) {
            folders.push(&result.folder);
        }
    }
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="nrpcsniff check"{}>"#, counts(results.iter()))?;
    for folder in folders {
        let inside = || results.iter().filter(|result| result.folder == folder);
        writeln!(out, r#"  <testsuite name="{}"{}>"#, quoted(folder), counts(inside()))?;
        for result in inside() {
            out.write_all(case(result).as_bytes())?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn counts<'a>(results: impl Iterator<Item = &'a CheckedCase>) -> String {
    let (mut tests, mut failures, mut errors, mut seconds) = (0, 0, 0, 0.0);
    for result in results {
        tests += 1;
        failures += usize::from(matches!(result.result, CaseResult::Differs(_)));
        errors += usize::from(matches!(result.result, CaseResult::Trouble(_)));
        seconds += result.seconds;
    }
    format!(r#" tests="{tests}" failures="{failures}" errors="{errors}" time="{seconds:.3}""#)
}

fn case(result: &CheckedCase) -> String {
    let (name, folder) = (quoted(&result.file), quoted(&result.folder));
    let mut text = format!(r#"    <testcase name="{name}" classname="{folder}" time="{:.3}""#, result.seconds);
    // Writing to a string cannot fail.
    let _ = match &result.result {
        CaseResult::AsExpected | CaseResult::Written { .. } => writeln!(text, "/>"),
        CaseResult::Differs(deviations) => {
            let lines: Vec<_> = deviations.iter().map(show::line).collect();
            writeln!(text, ">\n{}    </testcase>", outcome("failure", "deviation", &lines))
        }
        CaseResult::Trouble(problem) => {
            writeln!(text, ">\n{}    </testcase>", outcome("error", "trouble", std::slice::from_ref(problem)))
        }
    };
    text
}

/// The first line as message, all of them as text.
fn outcome(element: &str, kind: &str, lines: &[String]) -> String {
    let more = lines.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let message = format!("{}{more}", lines.first().map_or("", String::as_str));
    let text: Vec<_> = lines.iter().map(|line| quoted(line)).collect();
    format!("      <{element} message=\"{}\" type=\"{kind}\">{}</{element}>\n", quoted(&message), text.join("\n"))
}

/// Text for an attribute or an element: what XML 1.0 does not allow, and what is invisible, is written out.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in escape::terminal(text).chars() {
        match c {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '"' => quoted.push_str("&quot;"),
            '\'' => quoted.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => quoted.push_str(&c.escape_unicode().to_string()),
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::diff::{Deviation, DeviationKind};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// An element of a document: name, attributes, children, text.
    #[derive(Debug, Default)]
    struct Element {
        name: String,
        attributes: BTreeMap<String, String>,
        children: Vec<Element>,
        text: String,
    }

    /// Reads XML as strictly as a parser does (XML 1.0: names, quotes, references, nesting, characters), but only what
    /// is needed here: no comments, CDATA or DTD.
    struct Parser<'a>(&'a str);

    impl Parser<'_> {
        fn document(text: &str) -> Element {
            let allowed =
                |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            assert!(text.chars().all(allowed), "XML 1.0, production 2: {text:?}");
            let mut parser = Parser(text);
            parser.take(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
            parser.space();
            let root = parser.element();
            parser.space();
            assert_eq!(parser.0, "", "one root");
            root
        }

        fn take(&mut self, token: &str) {
            self.0 = self.0.strip_prefix(token).unwrap_or_else(|| panic!("{token} expected: {}", self.0));
        }

        fn space(&mut self) {
            self.0 = self.0.trim_start_matches([' ', '\n', '\t', '\r']);
        }

        fn until(&mut self, ends: &[char]) -> String {
            let end = self.0.find(ends).expect("an end");
            let (taken, rest) = self.0.split_at(end);
            self.0 = rest;
            assert!(!taken.contains('<'), "{taken}");
            let mut text = String::new();
            let mut parts = taken.split('&');
            text.push_str(parts.next().unwrap());
            for part in parts {
                let (reference, rest) = part.split_once(';').expect("a whole reference");
                let known = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
                text.push_str(known.iter().find(|(name, _)| *name == reference).expect("a known reference").1);
                text.push_str(rest);
            }
            text
        }

        fn name(&mut self) -> String {
            let end = self.0.find(|c: char| !c.is_ascii_alphabetic()).unwrap();
            assert!(end > 0, "a name: {}", self.0);
            let (name, rest) = self.0.split_at(end);
            self.0 = rest;
            name.to_owned()
        }

        fn element(&mut self) -> Element {
            self.take("<");
            let mut element = Element { name: self.name(), ..Element::default() };
            while self.0.starts_with(' ') {
                self.take(" ");
                let name = self.name();
                self.take("=\"");
                let value = self.until(&['"']);
                self.take("\"");
                assert!(element.attributes.insert(name, value).is_none(), "an attribute stands once");
            }
            if self.0.starts_with("/>") {
                self.take("/>");
                return element;
            }
            self.take(">");
            loop {
                element.text += &self.until(&['<']);
                if self.0.starts_with("</") {
                    self.take(&format!("</{}>", element.name));
                    return element;
                }
                element.children.push(self.element());
            }
        }
    }

    impl Element {
        fn number(&self, attribute: &str) -> f64 {
            self.attributes[attribute].parse().unwrap()
        }

        /// Has exactly these attributes.
        fn has(&self, name: &str, attributes: &[&str]) {
            assert_eq!(self.name, name);
            let found: Vec<_> = self.attributes.keys().map(String::as_str).collect();
            assert_eq!(found, attributes, "{name}");
        }
    }

    /// Holds the document against the schema: which elements and attributes stand where, and whether counts add up.
    fn checked(results: &[CheckedCase]) -> Element {
        let mut text = Vec::new();
        write(results, &mut text).unwrap();
        let root = Parser::document(&String::from_utf8(text).unwrap());
        root.has("testsuites", &["errors", "failures", "name", "tests", "time"]);
        let count = |cases: &[Element], name: &str| {
            cases.iter().filter(|case| case.children.iter().any(|child| child.name == name)).count()
        };
        let mut sums = [0.0; 3];
        for suite in &root.children {
            suite.has("testsuite", &["errors", "failures", "name", "tests", "time"]);
            let cases = &suite.children;
            let counted = [cases.len(), count(cases, "failure"), count(cases, "error")];
            for (index, attribute) in ["tests", "failures", "errors"].into_iter().enumerate() {
                assert!((suite.number(attribute) - f64::from(u32::try_from(counted[index]).unwrap())).abs() < 0.1);
                sums[index] += suite.number(attribute);
            }
            assert!(cases.iter().map(|case| case.number("time")).sum::<f64>() <= suite.number("time") + 0.01);
            for case in cases {
                case.has("testcase", &["classname", "name", "time"]);
                assert!(case.children.len() <= 1 && case.text.trim().is_empty());
                for child in &case.children {
                    assert!(["failure", "error"].contains(&child.name.as_str()));
                    child.has(&child.name, &["message", "type"]);
                }
            }
        }
        for (sum, attribute) in sums.iter().zip(["tests", "failures", "errors"]) {
            assert!((root.number(attribute) - sum).abs() < 0.1, "{attribute}");
        }
        root
    }

    fn result(folder: &str, file: &str, result: CaseResult) -> CheckedCase {
        CheckedCase { folder: folder.to_owned(), file: file.to_owned(), more: 0, result, seconds: 0.25 }
    }

    fn deviation(text: &str) -> Deviation {
        Deviation { kind: DeviationKind::Changed, text: text.to_owned() }
    }

    #[test]
    fn suites_are_folders_and_cases_captures() {
        let root = checked(&[
            result("a", "1.pcap", CaseResult::AsExpected),
            result("b", "2.pcap", CaseResult::Differs(vec![deviation("one"), deviation("two")])),
            result("a", "3.pcap", CaseResult::Trouble("no expectation".to_owned())),
        ]);
        let names: Vec<_> = root.children.iter().map(|suite| suite.attributes["name"].as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let cases: Vec<_> = root.children[0].children.iter().map(|case| case.attributes["name"].as_str()).collect();
        assert_eq!(cases, ["1.pcap", "3.pcap"]);
        assert!(root.children[0].children[0].children.is_empty());
        let failure = &root.children[1].children[0].children[0];
        assert_eq!(failure.attributes["message"], "~ one (and 1 more)");
        assert_eq!(failure.text, "~ one\n~ two");
        assert_eq!(root.children[0].children[1].children[0].name, "error");
    }

    #[test]
    fn no_case_is_a_document_too() {
        assert!(checked(&[]).children.is_empty());
    }

    #[test]
    fn control_characters_are_written_out() {
        let text = "<a b=\"c\"> & 'd' \u{0}\u{1b}[2J\n\u{fffe}\u{ffff}\u{202e}]]>";
        let root = checked(&[result(text, text, CaseResult::Differs(vec![deviation(text)]))]);
        let shown = r#"<a b="c"> & 'd' \x00\x1b[2J\n\u{fffe}\u{ffff}\u{202e}]]>"#;
        assert_eq!(root.children[0].attributes["name"], shown);
        assert_eq!(root.children[0].children[0].children[0].text, format!("~ {shown}"));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_document(text in any::<String>()) {
            checked(&[
                result(&text, &text, CaseResult::Differs(vec![deviation(&text)])),
                result(&text, &text, CaseResult::Trouble(text.clone())),
            ]);
        }
    }
}
