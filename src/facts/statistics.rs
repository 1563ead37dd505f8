//! Numbers about many values: shares, medians, what is equal within a spread.

use crate::model::Span;

/// `part` of `whole`, between 0 and 1; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share of counted segments, far below 2^52")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A span in seconds, to reckon with shares and to be shown.
pub(crate) fn seconds(span: Span) -> f64 {
    span.as_secs_f64()
}

/// The middle one of some values; 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Are these values equal within this share of their median?
pub(crate) fn equal_within(values: &[f64], spread: f64) -> bool {
    let middle = median(values);
    values.iter().all(|value| (value - middle).abs() <= spread * middle)
}

#[cfg(test)]
mod tests {
    use super::{equal_within, median};

    #[test]
    fn equal_is_told_from_spread() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(equal_within(&[1800.0, 1801.0, 1799.0], 0.05) && !equal_within(&[1800.0, 600.0, 1799.0], 0.05));
    }
}
