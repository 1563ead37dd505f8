//! Letters that a page, a terminal or a code page put in place of those that the server wrote.

use std::borrow::Cow;

/// What HTML and XML write for characters that mean something there.
const ENTITIES: [(&str, char); 14] = [
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&amp;", '&'),
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&nbsp;", ' '),
    ("&#xA;", ' '),
    ("&#xD;", ' '),
    ("&#x9;", ' '),
    ("&#10;", ' '),
    ("&#13;", ' '),
    ("&#9;", ' '),
    ("&#39;", '\''),
    ("&#34;", '"'),
];

/// The line with blanks that are blanks, and without colours, marks of direction, entities, and brackets of EBCDIC that
/// were read by another code page (`Ý1/25/24 ...¨`).
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let bytes = line.as_bytes();
    let mut text = Cow::Borrowed(line);
    if bytes.contains(&0x1b) {
        text = Cow::Owned(without_colors(&text));
    }
    if bytes.contains(&b'&') && ENTITIES.iter().any(|(entity, _)| line.contains(entity)) {
        text = Cow::Owned(without_entities(&text));
    }
    if !line.is_ascii() {
        if text.starts_with('Ý') {
            text = Cow::Owned(text.replace('Ý', "[").replace('¨', "]"));
        }
        if text.contains(is_odd) {
            text = Cow::Owned(text.chars().filter_map(usual).collect());
        }
    }
    text
}

/// The text with quotes, dashes and dots of a typewriter: pages make others of them. For comparing, not for showing.
pub(in crate::logs) fn typewriter(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(|c| !typed(c).is_empty()) {
        return Cow::Borrowed(text);
    }
    let mut typed_text = String::with_capacity(text.len());
    for c in text.chars() {
        match typed(c) {
            "" => typed_text.push(c),
            plain => typed_text.push_str(plain),
        }
    }
    Cow::Owned(typed_text)
}

const fn typed(c: char) -> &'static str {
    match c {
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '‚' | '´' => "'",
        '–' | '—' | '−' | '‐' | '‑' => "-",
        '…' => "...",
        _ => "",
    }
}

/// No character of the line stands for another, as far as no mark of a terminal or a page shows it.
pub(in crate::logs) fn is_plain(line: &str) -> bool {
    line.is_ascii() || !(line.starts_with('Ý') || line.contains(is_odd))
}

fn is_odd(c: char) -> bool {
    usual(c) != Some(c)
}

/// A blank for blanks of all kinds; nothing for what has no width.
const fn usual(c: char) -> Option<char> {
    match c {
        '\u{a0}' | '\u{202f}' | '\u{2007}' | '\u{2009}' | '\u{3000}' => Some(' '),
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        c => Some(c),
    }
}

/// Without sequences that begin with ESC and `[` and end with a letter (ECMA-48, 5.4).
fn without_colors(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = match part.strip_prefix('[') {
            Some(inside) => inside.trim_start_matches(|c: char| matches!(c, '0'..='?')).get(1..).unwrap_or_default(),
            None => part,
        };
        plain.push_str(rest);
    }
    plain
}

fn without_entities(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        plain.push_str(before);
        let entity = ENTITIES
            .iter()
            .find(|(entity, _)| from.get(..entity.len()).is_some_and(|start| start.eq_ignore_ascii_case(entity)));
        let (shown, length) = entity.map_or(('&', 1), |(entity, c)| (*c, entity.len()));
        plain.push(shown);
        rest = from.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{plain, typewriter};
    use proptest::prelude::*;

    #[test]
    fn what_others_put_in_is_taken_out() {
        for (line, shown) in [
            ("\u{1b}[1;31mERROR\u{1b}[0m x", "ERROR x"),
            ("\u{feff}[1/25/24\u{202f}7:27", "[1/25/24 7:27"),
            ("Ý1/25/24 7:27¨ role Ýx¨", "[1/25/24 7:27] role [x]"),
            ("&lt;a&gt;&#xA;&amp;&quot; &x; &", "<a> &\" &x; &"),
            ("plain – „text“", "plain – „text“"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(plain(line), shown, "{line:?}");
        }
        assert_eq!(typewriter("— ”undefined” ’x’ …."), "- \"undefined\" 'x' ....");
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>()) {
            let _ = plain(&text);
            let _ = plain(&format!("\u{1b}[{text}&{text}"));
            let _ = typewriter(&text);
        }
    }
}
