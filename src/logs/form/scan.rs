//! Reading a text from its beginning: numbers and what stands between them.

/// A text that is read from its beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'t>(pub &'t str);

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits<'t>(pub &'t str);

impl<'t> Scan<'t> {
    /// The next number of one to `most` digits; nothing is read if there is none, or a longer one.
    pub(super) fn number(&mut self, most: usize) -> Option<Digits<'t>> {
        let length = self.0.bytes().take(most.saturating_add(1)).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(length).filter(|_| (1..=most).contains(&length))?;
        self.0 = rest;
        Some(Digits(digits))
    }

    /// Passes over that text, in any case of letters; false if it does not stand here.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let found = self.0.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.0 = self.0.get(word.len()..).unwrap_or_default();
        }
        found
    }

    /// Passes over the first of these characters, if one of them stands here.
    pub(super) fn any(&mut self, of: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| of.contains(c))?;
        self.0 = self.0.get(first.len_utf8()..).unwrap_or_default();
        Some(first)
    }

    /// Passes over blanks; how many there were.
    pub(super) fn blanks(&mut self) -> usize {
        let rest = self.0.trim_start_matches(' ');
        let count = self.0.len().saturating_sub(rest.len());
        self.0 = rest;
        count
    }

    /// Passes over the letters that stand here, and gives them.
    pub(super) fn letters(&mut self) -> &'t str {
        let end = self.0.find(|c: char| !c.is_alphabetic()).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        word
    }
}

impl Digits<'_> {
    /// Its value; numbers here have at most nine digits.
    pub(super) fn value(self) -> i32 {
        self.0.parse().unwrap_or(i32::MAX)
    }

    /// How many digits there are.
    pub(super) const fn len(self) -> usize {
        self.0.len()
    }
}
