//! The report as a page to hand on: one file that loads nothing and sends nothing, for somebody who knows no packets.
//!
//! Verdict and what to do come first, in the words of the short answer; then whom it concerns, the story as a picture, the whole
//! capture over time, findings with their evidence, every conversation, and what was read. The page says all of it without its
//! script; the script searches, sorts and pages through conversations. Its Content-Security-Policy (CSP) names style and script by
//! hash, so that nothing that came from the wire could run even if it were not text. All of it is: the template escapes.

mod data;
mod outcome;
mod picture;
mod timeline;

use super::{Report, ReportOptions};
use crate::model::Conclusion;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, HtmlEscape, Value, context};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the page.
pub(super) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (style, script) = (STYLE.trim(), SCRIPT.trim());
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    );
    let page = data::page(report, conclusion, options);
    let rest = json_for_html(&page.conversations)?;
    // The name ends in .html: what the template prints is escaped for it.
    let mut environment = Environment::new();
    environment.add_filter("soft", |text: &str| Value::from_safe_string(soft(text)));
    environment.add_template("page.html", PAGE).map_err(io::Error::other)?;
    let template = environment.get_template("page.html").map_err(io::Error::other)?;
    let values = context! { policy, style, script, page, conversations => rest };
    template.render_captured_to(values, out).map(|_| ()).map_err(io::Error::other)
}

/// The text, escaped, that may be broken behind the strokes of a long name.
fn soft(text: &str) -> String {
    HtmlEscape(text).to_string().replace("&#x2f;", "&#x2f;<wbr>")
}

/// A source expression of a policy (CSP Level 3, section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// JSON that can stand within an element of a page: no character of it begins a tag or ends a line of a script.
fn json_for_html(value: &impl serde::Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{:04x}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;
    use nrpcsniff_dissectors::Reader;

    fn page(findings: &[crate::model::Finding]) -> String {
        let analysis = sample::analysis();
        let report = Report { analysis: &analysis, findings, reader: Reader::MASKED };
        let mut out = Vec::new();
        write(report, &sample::conclusion(), &ReportOptions::new(Format::Html), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_from_the_wire_stays_text() {
        let mut findings = sample::findings();
        let hostile = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>";
        for finding in &mut findings {
            finding.title.push_str(hostile);
            finding.explanation.push_str(hostile);
            finding.remedy.push(hostile.to_owned());
            finding.evidence.iter_mut().for_each(|fact| fact.text.push_str(hostile));
        }
        let page = page(&findings);
        assert_eq!(page.matches("<script").count(), 2, "the data and the script");
        assert!(!page.contains("<img") && page.contains("&lt;img src=x onerror="), "{page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    }

    #[test]
    fn it_loads_nothing_and_allows_nothing_inline() {
        let page = page(&sample::findings());
        for part in
            [" onclick=", " onload=", " style=", " src=", "http-equiv=\"refresh\"", "<link", "<iframe", "@import"]
        {
            assert!(!page.contains(part), "{part}");
        }
        assert!(!page.contains("href=\"http"));
        let (_, policy) = page.split_once("Content-Security-Policy\" content=\"").unwrap();
        let policy = policy.split_once('"').unwrap().0.replace("&#x27;", "'").replace("&#x2f;", "/");
        for (open, close, name) in [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")] {
            let (_, rest) = page.split_once(open).unwrap();
            let (text, _) = rest.split_once(close).unwrap();
            assert!(policy.contains(&format!("{name} '{}'", hash(text))), "{name}");
        }
    }

    #[test]
    fn the_answer_comes_first() {
        let page = page(&sample::findings());
        let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part}: {page}"));
        let order =
            ["<h1", "What to do", "Who is concerned", "What happened", "Findings", "Conversations", "What was read"];
        assert!(order.iter().map(|part| place(part)).is_sorted(), "{page}");
    }

    #[test]
    fn long_names_break_at_their_strokes() {
        assert_eq!(soft("CN=A/O=<b>"), "CN=A&#x2f;<wbr>O=&lt;b&gt;");
    }

    #[test]
    fn json_within_a_page_ends_no_element() {
        let json = json_for_html(&["</script>&\u{2028}"]).unwrap();
        assert_eq!(json, r#"["\u003c/script\u003e\u0026\u2028"]"#);
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), ["</script>&\u{2028}"]);
    }
}
