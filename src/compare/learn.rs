//! Noise that is learned: a field in which two working captures differ can never be the cause.

use super::align::align;
use super::capture::Capture;
use super::dialogue::{self, Dialogue};
use super::fields::differences;
use super::pairing;
use hashbrown::HashSet;

/// Fields in which working captures differ.
#[derive(Debug, Default)]
pub(crate) struct KnownNoise(HashSet<(&'static str, String)>);

impl KnownNoise {
    /// Lays every further working capture beside the first.
    pub(super) fn from<'a>(first: &[Dialogue<'a>], further: &[Capture<'_, 'a>]) -> Self {
        let mut learned = Self::default();
        for capture in further {
            let others = dialogue::all(capture.case);
            let (matches, _) = pairing::pair(first, &others);
            for m in matches.iter().filter(|m| !m.is_further) {
                learned.differing(m.good, m.bad);
            }
        }
        learned
    }

    /// Messages of that kind differ in that field among working captures.
    pub(crate) fn contains(&self, kind: &'static str, field: &str) -> bool {
        self.0.contains(&(kind, field.to_owned()))
    }

    fn differing(&mut self, one: &Dialogue<'_>, other: &Dialogue<'_>) {
        for row in align(one, other) {
            let (Some(one), Some(other)) = (row.messages.good, row.messages.bad) else { continue };
            let kind = one.message.body.kind();
            if kind == other.message.body.kind() {
                self.0.extend(differences(one.message, other.message).into_iter().map(|d| (kind, d.field)));
            }
        }
    }
}
