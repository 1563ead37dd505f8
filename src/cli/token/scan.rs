//! Tokens in the middle of any text: behind a name that is known, or by a beginning that nothing else has.

use super::pasted::{Finder, held};
use crate::report::token::Held;
use nrpcsniff_dissectors::ltpa::{Flag, Token};

/// Names of cookies that sign on, in lower case; more may follow (`LtpaToken2`, a mark of the server).
const NAMES: [&str; 4] = ["ltpatoken", "sametimetoken", "sametimejwt", "domauthsessid"];
/// How tokens begin that are known by it: Domino's header, and a JSON object.
const BEGINNINGS: [&str; 2] = ["AAECA", "eyJ"];

/// The name of a cookie that signs on.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.iter().any(|known| name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)))
}

/// A cookie that signs on is named in it.
pub(super) fn names_one(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    NAMES.iter().any(|name| lower.contains(name))
}

/// Adds what stands in a text.
pub(super) fn text(text: &str, found: &mut Finder) {
    let lower = text.to_ascii_lowercase();
    let mut done = 0_usize;
    for at in places(&lower, text) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if at < done || before.is_some_and(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        done = named(text, at, found).or_else(|| bare(text, at, found)).unwrap_or(done);
    }
}

/// Where a token or the name of one may begin, in order.
fn places(lower: &str, text: &str) -> Vec<usize> {
    let names = NAMES.iter().flat_map(|name| lower.match_indices(name));
    let values = BEGINNINGS.iter().flat_map(|beginning| text.match_indices(beginning));
    let mut all: Vec<usize> = names.chain(values).map(|(at, _)| at).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A pair that begins there; where it ends.
fn named(text: &str, at: usize, found: &mut Finder) -> Option<usize> {
    let rest = text.get(at..)?;
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.')).next()?;
    if !is_known(name) {
        return None;
    }
    let behind = rest.get(name.len()..)?;
    // `LtpaToken=x`, `"LtpaToken": "x"`, and the columns of a table.
    let quoted = behind.trim_start_matches(['"', '\'']);
    let spaced = quoted.trim_start_matches(' ');
    let sign = spaced.chars().next().filter(|sign| matches!(sign, '=' | ':' | '\t'))?;
    let open = spaced.get(1..)?.trim_start_matches(' ');
    let value = value(open);
    let held = held(Some(name), value)?;
    let says = |token: &Token| token.class.is_genuine() || token.class.is_word() && !value.is_empty();
    // Behind a colon may stand any sentence.
    let is_meant = sign == '=' || matches!(&held, Held::Jwt { .. }) || says(held.token());
    if is_meant {
        found.pair(name, value);
    }
    is_meant.then(|| text.len().saturating_sub(open.len()).saturating_add(value.len()))
}

/// A value that begins there and may be known by its beginning; where it ends, whatever it is, since in it none begins.
fn bare(text: &str, at: usize, found: &mut Finder) -> Option<usize> {
    let value = value(text.get(at..)?);
    let token = Token::read(None, value);
    if token.has(Flag::Jwt) || token.class.is_genuine() {
        found.alone(None, value);
    }
    Some(at.saturating_add(value.len()))
}

/// The value at the beginning of a text: what a token is written with, marks around it included.
fn value(text: &str) -> &str {
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.' | '%' | '!' | '*');
    let is_mark = |c: char| matches!(c, '"' | '\'' | '\u{201c}' | '\u{201d}' | '\u{201e}');
    let inside = text.strip_prefix(is_mark).unwrap_or(text);
    let opened = text.len().saturating_sub(inside.len());
    let end = inside.find(|c| !is_part(c)).unwrap_or(inside.len());
    let closes = inside.get(end..).and_then(|rest| rest.chars().next()).filter(|&c| opened > 0 && is_mark(c));
    let end = opened.saturating_add(end).saturating_add(closes.map_or(0, char::len_utf8));
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_it_must() {
        for (text, expected) in [
            ("abc; d", "abc"),
            ("\"abc\"; d", "\"abc\""),
            ("\u{201d}undefined\u{201d} x", "\u{201d}undefined\u{201d}"),
            ("abc' -H", "abc"),
            ("abc", "abc"),
            ("", ""),
            ("\"", "\""),
            ("\"abc", "\"abc"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_known_by_their_beginning() {
        assert!(is_known("LtpaToken2") && is_known("DOMAUTHSESSID_x") && !is_known("Ltpa") && !is_known("ltpatöken"));
    }
}
