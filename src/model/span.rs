//! Spans of time as people read them.

/// A time span for people: microseconds to hours, two or three digits that matter.
pub fn span(seconds: f64) -> String {
    let (sign, s) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    let text = match s {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    };
    format!("{sign}{text}")
}

/// The same from nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
pub fn span_ns(nanos: i64) -> String {
    span(nanos as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    #[test]
    fn spans_read_well() {
        for (seconds, text) in [
            (0.000_25, "250 µs"),
            (0.003, "3.0 ms"),
            (0.25, "250 ms"),
            (5.0, "5.0 s"),
            (1800.0, "30.0 min"),
            (-420.0, "-7.0 min"),
        ] {
            assert_eq!(super::span(seconds), text);
        }
    }
}
