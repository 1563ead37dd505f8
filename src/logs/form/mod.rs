//! Forms apart from kinds: what stands around a line of a log, and how dates are written.
//!
//! Logs come out of containers, through grep, quoted in mails and wrapped by web pages. All of that is taken off before
//! anybody asks who wrote the line ([`super::kind`]); the number of a line is always that in the file. A form is taken
//! off by what it looks like, not by the kind of the log in it, so that every form works with every kind.

mod clock;
mod date;
mod letters;
mod lines;
mod moment;
mod records;
mod scan;
mod wrapped;
mod wrappers;
mod zone;

pub(super) use date::DateOrder;
pub(super) use letters::{is_plain, typewriter};
pub(super) use lines::{Line, Lines};
pub(super) use moment::{Moment, bracketed, english, leading, of_day, packed, since_1970, without_year};
pub(super) use wrapped::{Fold, Wrapping};

use crate::model::{LogKind, WrittenTime};
use std::borrow::Cow;

/// More layers than this are not taken off.
const LAYERS: usize = 6;

/// A line without what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peeled<'l> {
    /// The line as the server wrote it, or as near to it as can be told.
    pub text: Cow<'l, str>,
    /// When a tool on the way got the line; the innermost such time.
    pub at: Option<WrittenTime>,
    /// Who writes such records, if the line stood in one.
    pub kind: Option<LogKind>,
    /// Another file begins here: what stood before says nothing of what follows.
    pub parts: bool,
}

/// Takes off what stands around a line.
pub(super) fn peel(line: &str) -> Peeled<'_> {
    match letters::plain(line) {
        Cow::Borrowed(plain) => layers(plain),
        Cow::Owned(plain) => {
            let peeled = layers(&plain);
            Peeled { text: Cow::Owned(peeled.text.into_owned()), ..peeled }
        }
    }
}

fn layers(line: &str) -> Peeled<'_> {
    let mut text = line;
    let mut at = None;
    for _ in 0..LAYERS {
        text = text.trim_start();
        let record = match text.bytes().next() {
            Some(b'{') => records::json(text),
            Some(b'<') => records::client_event(text).or_else(|| records::windows_event(text)),
            _ => None,
        };
        if let Some(record) = record {
            let inner = layers_of(&record.text);
            return Peeled { text: Cow::Owned(inner), at: record.at.or(at), kind: record.kind, parts: false };
        }
        let Some(layer) = wrappers::layer(text) else { break };
        at = layer.at.or(at);
        text = layer.rest;
    }
    let parts = (text.starts_with("==> ") && text.ends_with(" <==")) || text.starts_with("```");
    Peeled { text: Cow::Borrowed(if parts { "" } else { text }), at, kind: None, parts }
}

/// A line of a record, which may have layers of its own.
fn layers_of(text: &str) -> String {
    let mut text = text;
    for _ in 0..LAYERS {
        text = text.trim_start();
        let Some(layer) = wrappers::layer(text) else { break };
        text = layer.rest;
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::peel;
    use proptest::prelude::*;

    #[test]
    fn several_layers() {
        let line = "[2/11/14 18:08:43:660 GMT] 000000a7 X E y";
        for whole in [
            format!("> /logs/docker.log:community-1  | {line}"),
            format!("    {line}  "),
            format!("\t> 2024-01-25T06:27:34.650123456Z {line}"),
            format!("\u{1b}[36mcommunity-1  | \u{1b}[0m{line}"),
        ] {
            assert_eq!(peel(&whole).text.trim_end(), line, "{whole}");
        }
        let docker = format!("compose-1 | {{\"log\":\"{line}\\n\",\"time\":\"2016-06-07T21:01:00.502562079Z\"}}");
        assert_eq!((peel(&docker).text.as_ref(), peel(&docker).at.is_some()), (line, true));
        assert!(peel("==> /opt/logs/messages.log <==").parts);
        assert_eq!(peel("```text").text, "");
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>()) {
            let _ = peel(&text);
        }
    }
}
