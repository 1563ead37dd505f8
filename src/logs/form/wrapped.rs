//! Lines that a page or a mail wrapped at some width: told from those that go on by themselves (stack traces, lists).
//!
//! Nothing marks such a line. But whoever wraps puts as much into a line as goes in: the first word of the next line
//! would not have fitted. If that is so of nearly every line that goes on, somebody wrapped them.

/// Widths at which nothing is wrapped.
const NARROWEST: usize = 24;
const WIDEST: usize = 320;
/// One line is wrapped into no more than this, in bytes.
const LONGEST: usize = 8 * 1024;
/// And into no more parts.
const PARTS: usize = 64;
/// Of the lines that go on, so many in a hundred must be full.
const ENOUGH: usize = 60;

/// How lines of a log go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::logs) enum Wrapping {
    /// So many characters go into a line.
    Width {
        /// Characters.
        width: usize,
        /// More than one line shows it.
        sure: bool,
        /// Lines were cut wherever the width ended, not between words.
        cut: bool,
    },
    /// A text in round brackets goes on until they are closed: a page wrapped it, and names were taken out afterwards.
    Brackets,
}

/// A line that may go on in the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::logs) struct Fold {
    /// What stands in each physical line, in order.
    pub parts: Vec<String>,
    /// Joined where words were parted: a blank in place of each break.
    pub words: String,
    /// Joined where a line was cut at its width: nothing in place of a break.
    pub cut: String,
    /// Characters of the last line.
    last: usize,
}

impl Wrapping {
    /// Reads it off the first lines: each with whether it may be the rest of the one before.
    pub(in crate::logs) fn of<'l>(lines: impl Iterator<Item = (&'l str, bool)>) -> Option<Self> {
        let lines: Vec<(&str, usize, bool)> = lines.map(|(line, rest)| (line, length(line), rest)).collect();
        let width = lines.iter().map(|(_, length, _)| *length).max()?;
        let pairs = lines.windows(2).filter_map(|pair| match pair {
            [(_, before, _), (line, _, true)] if *before > 0 && !line.trim().is_empty() => Some((*before, *line)),
            _ => None,
        });
        let (mut all, mut full) = (0_usize, 0_usize);
        let mut at_width = 0_usize;
        for (before, line) in pairs {
            all = all.saturating_add(1);
            full = full.saturating_add(usize::from(is_full(before, line, width)));
            at_width = at_width.saturating_add(usize::from(before == width));
        }
        let sane = (NARROWEST..=WIDEST).contains(&width);
        let wrapped = all > 0 && full.saturating_mul(100) >= all.saturating_mul(ENOUGH);
        (sane && wrapped).then_some(Self::Width { width, sure: full > 1, cut: at_width > 1 && at_width == full })
    }

    /// The line may be the rest of that one.
    pub(in crate::logs) fn goes_on(self, fold: &Fold, line: &str) -> bool {
        let room = fold.words.len() < LONGEST && fold.parts.len() < PARTS;
        room && match self {
            Self::Width { width, .. } => is_full(fold.last, line, width),
            Self::Brackets => {
                let (open, closed) = (fold.words.matches('(').count(), fold.words.matches(')').count());
                open > closed
            }
        }
    }

    /// Nothing stands in place of a break.
    pub(in crate::logs) const fn is_cut(self) -> bool {
        matches!(self, Self::Width { cut: true, .. })
    }

    /// It is certain enough to join lines that say something alone.
    pub(in crate::logs) const fn is_sure(self) -> bool {
        !matches!(self, Self::Width { sure: false, .. })
    }
}

impl Fold {
    /// A line (`text`: what is left of it without its form).
    pub(in crate::logs) fn new(line: &str, text: &str) -> Self {
        Self { parts: vec![text.to_owned()], words: text.to_owned(), cut: text.to_owned(), last: length(line) }
    }

    /// Its next part.
    pub(in crate::logs) fn add(&mut self, line: &str, text: &str) {
        if !self.words.ends_with(' ') {
            self.words.push(' ');
        }
        self.words.push_str(text.trim_start());
        // A cut may fall on a blank, which is part of the line.
        self.cut.push_str(if line.trim() == text.trim() { line } else { text });
        self.parts.push(text.to_owned());
        self.last = length(line);
    }
}

fn length(line: &str) -> usize {
    if line.is_ascii() { line.len() } else { line.chars().count() }
}

/// The first word of the next line would not have gone into a line of that length.
fn is_full(before: usize, next: &str, width: usize) -> bool {
    let goes_on_by_itself =
        next.starts_with('\t') || ["at ", "Caused by", "... "].iter().any(|word| next.trim_start().starts_with(word));
    let word = next.trim_start().split(' ').next().map_or(0, length);
    !goes_on_by_itself && before.saturating_add(1).saturating_add(word) > width
}

#[cfg(test)]
mod tests {
    use super::{Fold, Wrapping};

    const TEXT: &str = "Unable to connect to on TCPIP (The server is not \n\
                        responding. The server may be down or you may be experiencing network \n\
                        problems. Contact your system administrator if this problem persists.)";

    #[test]
    fn wrapped_lines_are_told_from_those_that_go_on() {
        let of = |text: &str| Wrapping::of(text.lines().enumerate().map(|(n, line)| (line, n > 0)));
        assert!(of(&TEXT.replace("to on TCPIP", "to mail01.example.com on TCPIP")).is_some());
        assert_eq!(of("one line that is long enough to count\nshort\nanother\nand so on"), None);
        assert_eq!(of("[2/11/14 18:08:43:660 GMT] 000000a7 X E boom\n\tat a.b.C.d(E.java:1)\n\tat a.b.C"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn parts_are_joined() {
        let mut lines = TEXT.lines();
        let first = lines.next().unwrap();
        let mut fold = Fold::new(first, first);
        lines.for_each(|line| fold.add(line, line));
        assert!(fold.words.contains("not responding. The") && fold.words.ends_with("persists.)"));
        let open = Fold::new(first, first);
        assert!(Wrapping::Brackets.goes_on(&open, "x") && !Wrapping::Brackets.goes_on(&fold, "x"));
    }
}
