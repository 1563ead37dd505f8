//! Patterns of the catalogue: message ids, or words with holes between them.

/// A pattern, read.
#[derive(Debug)]
pub(super) enum Pattern {
    /// `SECJ0371W`: the prefix, the number (`#` for any digit) and the letter.
    Id {
        /// Prefix and number, in lower case; without the number if that is any.
        start: String,
        /// Digits that follow, of any value.
        any: usize,
        /// The last letter, in lower case; none: the id ends with its number.
        letter: Option<char>,
    },
    /// Words with holes.
    Words {
        /// In lower case, with the name of the hole behind each.
        parts: Vec<(String, &'static str)>,
        /// Name of the hole in front of the first words.
        first: &'static str,
        /// It stands at the beginning of the message.
        anchored: bool,
        /// The message ends with it.
        ends: bool,
        /// How telling it is.
        rank: u32,
        /// Place of the longest words.
        key: usize,
    },
}

/// Where a pattern was found.
#[derive(Debug)]
pub(super) struct Match<'t> {
    /// How telling it is.
    pub rank: u32,
    /// What stands in the holes.
    pub named: Vec<(&'static str, &'t str)>,
}

/// Ids outrank words that stand in the same line.
const ID: u32 = 40;
/// Words at the beginning are those of the line itself, and not of a text in it.
const ANCHORED: u32 = 100;
/// A row that is meant to stand above others.
const ABOVE: u32 = 1_000;
/// Longer texts in holes are cut, in bytes.
const LONGEST: usize = 256;

impl Pattern {
    pub(super) fn read(text: &'static str) -> Self {
        if let Some(id) = Self::id(text) {
            return id;
        }
        let (text, above) = text.strip_prefix('!').map_or((text, 0), |text| (text, ABOVE));
        let (text, anchored) = text.strip_prefix('^').map_or((text, false), |text| (text, true));
        let (text, ends) = text.strip_suffix('$').map_or((text, false), |text| (text, true));
        let mut pieces = text.split('<');
        let mut parts = vec![(pieces.next().unwrap_or_default().to_ascii_lowercase(), "")];
        for piece in pieces {
            match piece.split_once('>').filter(|(name, _)| is_hole(name)) {
                Some((name, words)) => {
                    if let Some((_, hole)) = parts.last_mut() {
                        *hole = name;
                    }
                    parts.push((words.to_ascii_lowercase(), ""));
                }
                // A bracket that is part of the words.
                None => {
                    if let Some((words, _)) = parts.last_mut() {
                        words.push('<');
                        words.push_str(&piece.to_ascii_lowercase());
                    }
                }
            }
        }
        let first = if parts.first().is_some_and(|(words, _)| words.is_empty()) { parts.remove(0).1 } else { "" };
        let length = parts.iter().map(|(words, _)| words.len()).fold(0, usize::saturating_add);
        let key =
            (0..parts.len()).max_by_key(|&place| parts.get(place).map_or(0, |(words, _)| words.len())).unwrap_or(0);
        let rank = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(above);
        let rank = rank.saturating_add(if anchored { ANCHORED } else { 0 });
        Self::Words { parts, first, anchored, ends, rank, key }
    }

    /// Upper-case letters, digits and a letter.
    fn id(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_uppercase() && c != '-')?;
        let (prefix, rest) = text.split_at_checked(end).filter(|(prefix, _)| prefix.len() >= 2)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '#').unwrap_or(rest.len());
        let (number, letter) = rest.split_at_checked(end).filter(|(number, _)| number.len() >= 4)?;
        let mut letters = letter.chars();
        let letter = letters.next();
        if letters.next().is_some() || letter.is_some_and(|letter| !letter.is_ascii_uppercase()) {
            return None;
        }
        let known = number.trim_end_matches('#');
        let any = number.len().saturating_sub(known.len());
        let start = format!("{prefix}{known}").to_ascii_lowercase();
        Some(Self::Id { start, any, letter: letter.map(|letter| letter.to_ascii_lowercase()) })
    }

    /// Words that stand in every line of the pattern.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Id { start, .. } => start,
            Self::Words { parts, key, .. } => parts.get(*key).map_or("", |(words, _)| words),
        }
    }

    /// Looks for the pattern in a text, given also in lower case.
    pub(super) fn find<'t>(&self, text: &'t str, lower: &str) -> Option<Match<'t>> {
        match self {
            Self::Id { start, any, letter } => {
                let rank = ids(lower, start, *any).filter_map(|found| rank_of(found, *any, *letter)).max()?;
                Some(Match { rank, named: Vec::new() })
            }
            Self::Words { parts, first, anchored, ends, rank, .. } => {
                let named = holes(text, lower, parts, first, *anchored, *ends)?;
                Some(Match { rank: *rank, named })
            }
        }
    }

    /// A pattern that is held to the beginning may apply to a message that begins so.
    pub(super) fn begins(&self, message: &str) -> bool {
        let Self::Words { parts, first: "", anchored: true, .. } = self else { return false };
        let Some((words, _)) = parts.first().filter(|(words, _)| words.len() >= 6) else { return false };
        let begins = message.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words));
        // One short word proves little: the rest has to follow.
        begins && (words.len() >= 12 || self.find(message, &message.to_ascii_lowercase()).is_some())
    }
}

fn is_hole(name: &str) -> bool {
    name == "*" || (!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// What follows each place at which that id may stand: nothing that would make it part of a longer word stands before
/// it, but for a level that a paste glued to it (`ICWWKS4001I`).
fn ids<'t>(lower: &'t str, start: &'t str, any: usize) -> impl Iterator<Item = Option<char>> + use<'t> {
    lower.match_indices(start).filter_map(move |(at, _)| {
        let mut before = lower.get(..at)?.chars().rev();
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        let glued = |c: Option<char>| c.is_some_and(|c| matches!(c, 'i' | 'w' | 'e' | 'a' | 'o' | 'r' | 'f' | 'd'));
        let (last, other) = (before.next(), before.next());
        if !(apart(last) || glued(last) && apart(other)) {
            return None;
        }
        let rest = lower.get(at.saturating_add(start.len())..)?;
        let digits = rest.get(..any)?;
        let mut behind = rest.get(any..)?.chars();
        let letter = behind.next();
        let ended = letter.is_none_or(|c| !c.is_ascii_alphanumeric());
        let whole = digits.bytes().all(|b| b.is_ascii_digit()) && (ended || apart(behind.next()));
        whole.then_some(letter.filter(|_| !ended))
    })
}

/// How telling an id is: one whose letter differs is the same message at another level, unless a row has that letter.
fn rank_of(found: Option<char>, any: usize, wanted: Option<char>) -> Option<u32> {
    match (found, wanted) {
        (found, wanted) if found == wanted => Some(if any > 0 { 1 } else { ID }),
        (Some(letter), Some(_)) if any == 0 && letter.is_ascii_alphabetic() => Some(ID.saturating_sub(1)),
        _ => None,
    }
}

/// What stands in the holes, if all words stand in their order. Where the pattern ends with the line its last words are sought from
/// the end, since a hole may hold the same words.
fn holes<'t>(
    text: &'t str,
    lower: &str,
    parts: &[(String, &'static str)],
    first: &'static str,
    anchored: bool,
    ends: bool,
) -> Option<Vec<(&'static str, &'t str)>> {
    let mut named = Vec::new();
    let mut hole = first;
    let mut from = 0_usize;
    for (place, (words, next)) in parts.iter().enumerate() {
        let rest = lower.get(from..)?;
        let last = ends && place.saturating_add(1) == parts.len();
        let at = if words.is_empty() {
            rest.len()
        } else if last {
            rest.trim_end().len().checked_sub(words.len()).filter(|_| rest.trim_end().ends_with(words.as_str()))?
        } else {
            rest.find(words.as_str())?
        };
        if anchored && place == 0 && first.is_empty() && at > 0 {
            return None;
        }
        if !hole.is_empty() && hole != "*" {
            named.push((hole, value(text.get(from..from.saturating_add(at))?, place == 0)));
        }
        hole = next;
        from = from.saturating_add(at).saturating_add(words.len());
    }
    Some(named)
}

/// A value without what stands around it. In front of the first words stands the rest of the line, of which the last word is
/// meant.
fn value(text: &str, first: bool) -> &str {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    let text = text.trim_matches(around);
    let text = if first { text.rsplit("  ").next().unwrap_or(text) } else { text };
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;

    fn found(pattern: &'static str, text: &str) -> Option<Vec<(&'static str, String)>> {
        let found = Pattern::read(pattern).find(text, &text.to_ascii_lowercase())?;
        Some(found.named.into_iter().map(|(name, text)| (name, text.to_owned())).collect())
    }

    #[test]
    fn ids_are_words() {
        for text in ["x SECJ0371W: y", "SECJ0371W", "WSECJ0371W: y", "[ERROR   ] SECJ0371I: y", "(SECJ0371E)"] {
            assert!(found("SECJ0371W", text).is_some(), "{text}");
        }
        for text in [
            "SECJ03711W",
            "XYSECJ0371W",
            "SECJ0371WX",
            "SECJ037",
            "SECJ0371.log9X".trim_end_matches("9X").trim_end_matches(".log").trim_end_matches('1'),
        ] {
            assert!(found("SECJ0371W", text).is_none(), "{text}");
        }
        assert!(found("SECJ####E", "SECJ9999E: x").is_some() && found("SECJ####E", "SECJ9999I: x").is_none());
        assert!(found("IHS00019", "IHS00019: x").is_some());
    }

    #[test]
    fn words_with_holes() {
        let text = "Unable to connect to MAIL01/Acme on TCPIP (no answer)";
        let named = found("^Unable to connect to <server> on <port> (<reason>)", text).unwrap();
        assert_eq!(
            named,
            [("server", "MAIL01/Acme".to_owned()), ("port", "TCPIP".to_owned()), ("reason", "no answer".to_owned())]
        );
        assert!(found("^connect to <server>", text).is_none() && found("<server> on TCPIP$", text).is_none());
        let named =
            found("Original login name - <<name>>, extracted", "Original login name - <Ann>, extracted").unwrap();
        assert_eq!(named, [("name", "Ann".to_owned())]);
        assert_eq!(found("<user> looked up$", "User Ann looked up").unwrap(), [("user", "User Ann".to_owned())]);
        assert_eq!(found("a<*>b", "A to B").unwrap(), []);
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>()) {
            for pattern in ["SECJ0371W", "SECJ####E", "^a<x>b$", "<y>: <z>", "!q<*>"] {
                let _ = found(pattern, &text);
                let _ = Pattern::read(pattern).begins(&text);
            }
        }
    }
}
