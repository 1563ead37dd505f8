//! The catalogue of lines: what each known line of a log means, what it proves, and where it was seen.
//!
//! One file a kind of log (`*.rows`), one row a line: to teach a line is to add a row. A row is
//!
//! ```text
//! pattern | proves | weight | cause | seen | source | meaning [| test line]
//! ```
//!
//! - *pattern*: a message id (`SECJ0371W`: ids decide, texts are translated), or the words of the line with holes in
//!   pointed brackets (`<user>`; `<*>` for what is not wanted). `^` holds it to the beginning of the message, `$` to its end;
//!   `!` puts it above rows whose words stand in the same line.
//! - *proves*: attempt and outcome (`http.token refused`), or `-`.
//! - *cause*: which rule may make a finding of it alone, or `-`.
//! - *source*: one or several, in words or in short: `#source` lines say at the top of the file what that stands for.
//! - *seen*: `seen` in a real log, `text` of a message table or product page, `inferred`. What is inferred is never high alone.
//! - the *test line* is made of the pattern, in the frame of the file (`#frame`), where none is given.

mod pattern;
#[cfg(test)]
pub(crate) mod tests;

use super::form::typewriter;
use crate::model::{LogMeaning, LogOutcome, LogWeight, LoggedCause, Witness};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use pattern::{Match, Pattern};
use std::sync::LazyLock;

/// The rows of every kind.
const FILES: [(&str, &str); 12] = [
    ("notes_trace", include_str!("notes_trace.rows")),
    ("notes_status", include_str!("notes_status.rows")),
    ("stusers", include_str!("stusers.rows")),
    ("sametime", include_str!("sametime.rows")),
    ("domino", include_str!("domino.rows")),
    ("domino_tls", include_str!("domino_tls.rows")),
    ("websphere", include_str!("websphere.rows")),
    ("liberty", include_str!("liberty.rows")),
    ("directory", include_str!("directory.rows")),
    ("web_servers", include_str!("web_servers.rows")),
    ("accounts", include_str!("accounts.rows")),
    ("messages", include_str!("messages.rows")),
];

/// A row of the catalogue.
#[derive(Debug)]
struct Row {
    file: &'static str,
    meaning: LogMeaning,
    pattern: Pattern,
}

/// Every row, and one automaton that finds where any of them may apply.
struct Table {
    rows: Vec<Row>,
    keys: Option<AhoCorasick>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// What stands in lines that tell something and that no row of the catalogue has: a file that begins, a record that holds a line,
/// headers and tokens that packets share, the first line of a message.
const MARKS: [&str; 9] =
    ["==> ", "```", "\"liberty_", "<eventid", "<commonbaseevent", "call-id:", "aaeca", "oken", "sip/2.0"];
/// A request or an answer of HTTP; in quotes a line of an access log has it.
const WEB: &str = "http/1.";

/// What the catalogue says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saying {
    /// The file that has the row.
    pub file: &'static str,
    /// The row.
    pub meaning: &'static LogMeaning,
    /// What stands in the holes of its pattern that have a name.
    pub named: Vec<(&'static str, String)>,
}

/// What the catalogue says of a line, given its message without frame; of several rows the most telling one.
pub(super) fn find(message: &str) -> Option<Saying> {
    TABLE.find(message)
}

/// Some row may apply to the line, or something stands in it that is looked at besides.
pub(super) fn may_tell(line: &str) -> bool {
    TABLE.may_tell(line)
}

/// The message begins as a row does that is held to the beginning.
pub(super) fn begins(message: &str) -> bool {
    TABLE.rows.iter().any(|row| row.pattern.begins(message))
}

impl Table {
    fn read() -> Self {
        let of_file = |&(file, text): &(&'static str, &'static str)| {
            let sources: Vec<(&str, &str)> =
                text.lines().filter_map(|line| line.strip_prefix("#source ")?.split_once(" = ")).collect();
            text.lines().filter_map(move |line| row(file, line, &sources))
        };
        let rows: Vec<Row> = FILES.iter().flat_map(of_file).collect();
        let keys = rows.iter().map(|row| row.pattern.key()).chain(MARKS).chain([WEB]);
        // Three megabytes for one look at each byte: most lines of a log hold none of the keys.
        let keys = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(keys)
            .ok();
        Self { rows, keys }
    }

    fn may_tell(&self, line: &str) -> bool {
        let Some(keys) = &self.keys else { return true };
        let web = self.rows.len().saturating_add(MARKS.len());
        let Some(first) = keys.find(line) else { return false };
        if first.pattern().as_usize() != web {
            return true;
        }
        // What is quoted before it is the request in a line of an access log.
        keys.find_overlapping_iter(line).any(|found| {
            let is_quoted = || line.get(..found.start()).is_some_and(|before| before.contains('"'));
            found.pattern().as_usize() != web || !is_quoted()
        })
    }

    fn find(&'static self, message: &str) -> Option<Saying> {
        let text = typewriter(message);
        let mut best: Option<(&'static Row, Match<'_>)> = None;
        let lower = std::cell::OnceCell::new();
        for found in self.keys.as_ref()?.find_overlapping_iter(text.as_ref()) {
            let Some(row) = self.rows.get(found.pattern().as_usize()) else { continue };
            let lower = lower.get_or_init(|| text.to_ascii_lowercase());
            let Some(matched) = row.pattern.find(&text, lower) else { continue };
            if best.as_ref().is_none_or(|(_, known)| matched.rank > known.rank) {
                best = Some((row, matched));
            }
        }
        let (row, matched) = best?;
        let named = matched.named.into_iter().map(|(name, text)| (name, text.to_owned())).collect();
        Some(Saying { file: row.file, meaning: &row.meaning, named })
    }
}

/// The row of a line of a file; nothing for notes and what cannot be read, which a test looks for. `sources`: what stands for its source in short, and the source.
fn row(file: &'static str, line: &'static str, sources: &[(&'static str, &'static str)]) -> Option<Row> {
    let mut cells = line.split(" | ").map(str::trim);
    let mut next = || cells.next().filter(|_| !line.starts_with('#'));
    let (pattern, proves, weight, cause) = (next()?, next()?, next()?, next()?);
    let (witness, source, means) = (next()?, next()?, next()?);
    let meaning = LogMeaning {
        pattern,
        proves: if proves == "-" { None } else { Some(proven(proves)?) },
        weight: LogWeight::ALL.into_iter().find(|known| known.name() == weight)?,
        cause: if cause == "-" {
            None
        } else {
            Some(LoggedCause::ALL.into_iter().find(|known| known.name() == cause)?)
        },
        witness: Witness::ALL.into_iter().find(|known| known.name() == witness)?,
        source: whole_source(source, sources),
        means,
    };
    Some(Row { file, pattern: Pattern::read(pattern), meaning })
}

/// Sources as they are said to people. The catalogue stays as long as the program does.
fn whole_source(cell: &'static str, sources: &[(&'static str, &'static str)]) -> &'static str {
    let whole = |short| sources.iter().find(|(known, _)| *known == short).map_or(short, |(_, whole)| *whole);
    if cell.split("; ").all(|source| whole(source) == source) {
        return cell;
    }
    cell.split("; ").map(whole).collect::<Vec<_>>().join("; ").leak()
}

fn proven(text: &'static str) -> Option<(&'static str, LogOutcome)> {
    let (attempt, outcome) = text.split_once(' ')?;
    Some((attempt, LogOutcome::ALL.into_iter().find(|known| known.name() == outcome)?))
}
