//! Figures in the text format that Prometheus collects, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricKind {
    /// A value that only grows; its name ends in `_total`.
    Counter,
    /// A value that goes up and down.
    Gauge,
}

/// The text, family by family.
#[derive(Debug, Default)]
pub(crate) struct PrometheusText(String);

impl PrometheusText {
    /// Begins a family: `name` in the characters that metric names have, `help` in one sentence.
    pub(crate) fn family(&mut self, name: &'static str, kind: MetricKind, help: &'static str) -> MetricFamily<'_> {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false));
        MetricFamily { page: self, name }
    }

    /// The whole text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A family of values that differ in their labels.
#[derive(Debug)]
pub(crate) struct MetricFamily<'a> {
    page: &'a mut PrometheusText,
    name: &'static str,
}

impl MetricFamily<'_> {
    /// One value without labels.
    pub(crate) fn value(&mut self, value: impl Into<MetricValue>) -> &mut Self {
        self.labelled(&[], value)
    }

    /// One value with labels. Their values may come from anywhere.
    pub(crate) fn labelled(&mut self, labels: &[(&'static str, &str)], value: impl Into<MetricValue>) -> &mut Self {
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
            MetricValue::Whole(value) => writeln!(out, " {value}"),
            MetricValue::Real(value) if value.is_nan() => writeln!(out, " NaN"),
            MetricValue::Real(value) if value.is_infinite() => {
                writeln!(out, " {}Inf", if value > 0.0 { '+' } else { '-' })
            }
            MetricValue::Real(value) => writeln!(out, " {value}"),
        };
        self
    }
}

/// Value of a metric.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MetricValue {
    /// A count.
    Whole(u64),
    /// A real number.
    Real(f64),
}

impl From<u64> for MetricValue {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for MetricValue {
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
        let mut page = PrometheusText::default();
        page.family("a_total", MetricKind::Counter, "What a counts.").value(3_u64);
        let mut family = page.family("b_ratio", MetricKind::Gauge, "Share of b.");
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
        let mut page = PrometheusText::default();
        page.family("a", MetricKind::Gauge, "Back\\slash \"quoted\"\nfeed")
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
            let mut page = PrometheusText::default();
            page.family("a", MetricKind::Gauge, "A.").value(number);
            assert!(page.into_text().ends_with(&format!("a {text}\n")));
        }
    }
}
