//! Figures in the text format that Prometheus collects, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

/// How a value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows; its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The text, family by family.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Begins a family: `name` in the characters that metric names have, `help` in one sentence.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false));
        Family { page: self, name }
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// A family of values that differ in their labels.
#[derive(Debug)]
pub struct Family<'a> {
    page: &'a mut Page,
    name: &'static str,
}

impl Family<'_> {
    /// One value without labels.
    pub fn value(&mut self, value: impl Into<Number>) -> &mut Self {
        self.labelled(&[], value)
    }

    /// One value with labels. Their values may come from anywhere.
    pub fn labelled(&mut self, labels: &[(&'static str, &str)], value: impl Into<Number>) -> &mut Self {
        let out = &mut self.page.0;
        out.push_str(self.name);
        for (place, (name, text)) in labels.iter().enumerate() {
            let open = if place == 0 { '{' } else { ',' };
            // Writing to a string cannot fail.
            let _ = write!(out, "{open}{name}=\"{}\"", escaped(text, true));
        }
        if !labels.is_empty() {
            out.push('}');
        }
        let _ = match value.into() {
            Number::Whole(value) => writeln!(out, " {value}"),
            Number::Real(value) if value.is_nan() => writeln!(out, " NaN"),
            Number::Real(value) if value.is_infinite() => writeln!(out, " {}Inf", if value > 0.0 { '+' } else { '-' }),
            Number::Real(value) => writeln!(out, " {value}"),
        };
        self
    }
}

/// A value.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A count.
    Whole(u64),
    /// Anything else.
    Real(f64),
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// Backslash and line feed are escaped, in a label the quote too. Other hidden characters are legal there, but people look
/// at this text: they become U+FFFD.
fn escaped(text: &str, is_label: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            '"' if is_label => out.push_str("\\\""),
            c if super::escape::is_hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_its_head_and_a_line_a_value() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "What a counts.").value(3_u64);
        let mut family = page.family("b_ratio", Kind::Gauge, "Share of b.");
        family.labelled(&[("one", "x")], 0.5).labelled(&[("one", "y"), ("two", "")], u64::MAX);
        assert_eq!(
            page.into_text(),
            "# HELP a_total What a counts.\n# TYPE a_total counter\na_total 3\n\
             # HELP b_ratio Share of b.\n# TYPE b_ratio gauge\nb_ratio{one=\"x\"} 0.5\n\
             b_ratio{one=\"y\",two=\"\"} 18446744073709551615\n"
        );
    }

    #[test]
    fn labels_cannot_break_out() {
        let mut page = Page::default();
        page.family("a", Kind::Gauge, "Back\\slash \"quoted\"\nfeed")
            .labelled(&[("l", "\"} 1\nb 2\\\r\u{1b}[2J")], 0_u64);
        assert_eq!(
            page.into_text(),
            "# HELP a Back\\\\slash \"quoted\"\\nfeed\n# TYPE a gauge\na{l=\"\\\"} 1\\nb 2\\\\\u{fffd}\u{fffd}[2J\"} 0\n"
        );
    }

    #[test]
    fn numbers_are_written_as_go_reads_them() {
        for (number, text) in [(0.25, "0.25"), (f64::NAN, "NaN"), (f64::INFINITY, "+Inf"), (f64::NEG_INFINITY, "-Inf")]
        {
            let mut page = Page::default();
            page.family("a", Kind::Gauge, "A.").value(number);
            assert!(page.into_text().ends_with(&format!("a {text}\n")));
        }
    }
}
