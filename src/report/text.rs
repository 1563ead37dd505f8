//! Text for a terminal: wrapped to its width, with colours if it has them.

use super::escape;
use crate::model::{FrameRef, Severity, Timestamp};
use tabled::grid::util::string::{get_char_width, get_string_width};

/// The longest name there is, in columns: that of a host (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 255;

/// Colours, or their absence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.sgr("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.sgr("2", text)
    }

    /// The severity in capitals, coloured by how bad it is.
    pub(super) fn badge(self, severity: Severity) -> String {
        self.like(severity, &severity.name().to_uppercase())
    }

    /// Text in the colour of a severity.
    pub(crate) fn like(self, severity: Severity, text: &str) -> String {
        let style = match severity {
            Severity::Blocker => "1;31",
            Severity::Major => "1;33",
            Severity::Minor => "1;36",
            Severity::Info => "1;32",
        };
        self.sgr(style, text)
    }

    /// Select Graphic Rendition (ECMA-48 8.3.117), and back to normal.
    fn sgr(self, style: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Wraps `text` (escaped first) to `width` columns: `first` stands before the first line, and as many spaces before
/// the others. A word longer than a line is cut into lines. No line break at the end.
pub(super) fn wrap(text: &str, first: &str, width: usize) -> String {
    let indent = get_string_width(first);
    let room = width.saturating_sub(indent).max(16);
    let mut wrapped = first.to_owned();
    let mut used = 0;
    for word in escape::terminal(text).split_whitespace() {
        let length = get_string_width(word);
        if used > 0 && used + 1 + length > room {
            new_line(&mut wrapped, indent);
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        used = push_cut(&mut wrapped, word, used, room, indent);
    }
    wrapped
}

/// As [`wrap`], but no word is ever cut: one that is longer than a line (an address, a path, a setting) sticks out, so that it can be
/// copied. Only what is longer than any name may be is cut all the same.
pub(super) fn flow(text: &str, first: &str, width: usize) -> String {
    let indent = get_string_width(first);
    let room = width.saturating_sub(indent).max(16);
    let mut lines = first.to_owned();
    let mut used = 0;
    for word in escape::terminal(text).split_whitespace() {
        let length = get_string_width(word);
        if used > 0 && used + 1 + length > room {
            new_line(&mut lines, indent);
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        if length > LONGEST_NAME {
            used = push_cut(&mut lines, word, used, room, indent);
        } else {
            lines.push_str(word);
            used += length;
        }
    }
    lines
}

/// A length of time in two or three figures: `0 ms`, `230 ms`, `6.0 s`, `2 min 04 s`, `3 h 10 min`.
pub(crate) fn lapse(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length of time, rounded")]
    let whole = seconds.max(0.0).round() as u64;
    match seconds {
        s if s < 0.999_5 => format!("{:.0} ms", s.max(0.0) * 1e3),
        s if s < 59.95 => format!("{s:.1} s"),
        s if s < 3599.5 => format!("{} min {:02} s", whole / 60, whole % 60),
        s if s < 172_800.0 => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} days {} h", whole / 86400, whole % 86400 / 3600),
    }
}

/// The text cut to `width` columns, with `…` where something was left out. Escaped first.
pub(crate) fn clip(text: &str, width: usize) -> String {
    let text = escape::terminal(text);
    if get_string_width(&text) <= width {
        return text.into_owned();
    }
    let mut clipped = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += get_char_width(c);
        if used > width {
            break;
        }
        clipped.push(c);
    }
    clipped.push('…');
    clipped
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 packet`, `2 packets`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A frame as the table writes it: its number, and the number of the input before it if there are several.
pub(super) fn frame(frame: FrameRef, several_inputs: bool) -> String {
    if several_inputs { format!("{}:{}", frame.input + 1, frame.number) } else { frame.number.to_string() }
}

/// Time of day in UTC, without the date, to the microsecond at most.
pub(super) fn time_of_day(time: Timestamp) -> String {
    let full = Timestamp::new(time.nanos(), time.digits().min(6)).to_string();
    full.split_once('T').map_or(full.clone(), |(_, rest)| rest.trim_end_matches('Z').to_owned())
}

/// Seconds for people, as sentences have them; in columns tenths of milliseconds matter, and nothing is nothing.
pub(super) fn span(seconds: f64) -> String {
    match seconds.abs() {
        s if s < 0.000_000_5 => "0 s".to_owned(),
        s if (0.001..1.0).contains(&s) => format!("{:.1} ms", seconds * 1e3),
        _ => crate::model::span(seconds),
    }
}

/// The text with a full stop at its end, unless it ends a sentence already.
pub(super) fn sentence(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) { text.to_owned() } else { format!("{text}.") }
}

/// The text with a capital letter at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn new_line(text: &mut String, indent: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
}

/// Adds a word, cut wherever it fills a line; returns the columns used on its last line.
fn push_cut(text: &mut String, word: &str, mut used: usize, room: usize, indent: usize) -> usize {
    for c in word.chars() {
        let width = get_char_width(c);
        if used + width > room {
            new_line(text, indent);
            used = 0;
        }
        text.push(c);
        used += width;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_words_and_cuts_what_is_too_long() {
        assert_eq!(wrap("one two three four five six", " 1. ", 20), " 1. one two three\n    four five six");
        assert_eq!(wrap(&"x".repeat(40), "", 20), format!("{}\n{}", "x".repeat(20), "x".repeat(20)));
        assert_eq!(wrap("", "  ", 80), "  ");
        assert_eq!(wrap("a\u{1b}[2Jb", "", 80), r"a\x1b[2Jb");
    }

    #[test]
    fn what_can_be_copied_is_never_cut() {
        let address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:1352";
        assert_eq!(flow(&format!("to {address} it goes"), "  ", 30), format!("  to\n  {address}\n  it goes"));
        assert!(flow(&"x".repeat(300), "", 60).lines().all(|line| line.len() == 60));
    }

    #[test]
    fn lengths_of_time_have_two_or_three_figures() {
        for (seconds, text) in [
            (0.0, "0 ms"),
            (0.23, "230 ms"),
            (6.0, "6.0 s"),
            (59.96, "1 min 00 s"),
            (124.0, "2 min 04 s"),
            (11_400.0, "3 h 10 min"),
            (180_000.0, "2 days 2 h"),
        ] {
            assert_eq!(lapse(seconds), text);
        }
    }

    #[test]
    fn wide_characters_count_twice() {
        let wrapped = wrap(&"日本 ".repeat(10), "", 20);
        assert!(wrapped.lines().all(|line| get_string_width(line) <= 20), "{wrapped}");
        assert_eq!(clip("日本語の名前", 5), "日本…");
    }

    #[test]
    fn numbers_and_spans_read_well() {
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!(counted(1, "packet"), "1 packet");
        for (seconds, text) in
            [(0.0, "0 s"), (0.000_25, "250 µs"), (0.0134, "13.4 ms"), (61.0, "61.0 s"), (-3600.0, "-60.0 min")]
        {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn no_colour_means_no_control_bytes() {
        assert_eq!(Paint(false).badge(Severity::Blocker), "BLOCKER");
        assert_eq!(Paint(true).badge(Severity::Info), "\x1b[1;32mINFO\x1b[0m");
    }
}
