//! Who writes a log: told by its first lines.

use super::event::is_client_trace;
use super::stamp::{stamped, thread_id};
use crate::model::LogKind;

/// Lines that are looked at.
pub(super) const HEAD: usize = 256;

/// What every kind's lines look like, for an error.
pub(crate) const KNOWN: &str = "Sametime STUsers (101117_095933.869,INF,Users   ,...), WebSphere SystemOut.log or trace.log ([2/11/14 \
                         18:08:43:660 GMT] 000000a7 ...), Liberty messages.log, a Notes client's port trace (Using address '...' \
                         for ... on TCPIP), Domino console.log ([0A3C:0002-0B10] 02/11/2014 06:08:43 PM ...)";

/// Words of a Domino server's console: a date in front is not enough.
const DOMINO: [&str; 12] = [
    "Domino",
    "HTTP Server",
    "HTTP:",
    "SSO API",
    "Single Sign-On",
    "Router:",
    "Admin Process",
    "Replicator",
    "Opened session for",
    "Closed session for",
    "ATTEMPT TO ACCESS",
    "Database Server",
];

/// The kind of which most of these lines are.
pub(super) fn kind<'l>(lines: impl Iterator<Item = &'l str>) -> Option<LogKind> {
    const KINDS: [LogKind; 5] =
        [LogKind::Stusers, LogKind::Systemout, LogKind::Liberty, LogKind::DominoConsole, LogKind::NotesTrace];
    let mut counts = [0_u32; KINDS.len()];
    let mut is_domino = false;
    for line in lines {
        let found = match stamped(line) {
            // Notes clients that write times do so in the form of the server.
            Some(found) if found.kind == LogKind::DominoConsole && is_client_trace(found.message) => {
                Some(LogKind::NotesTrace)
            }
            Some(found) => Some(found.kind),
            None => is_client_trace(line).then_some(LogKind::NotesTrace),
        };
        is_domino |= thread_id(line).is_some() || DOMINO.iter().any(|word| line.contains(word));
        for (count, kind) in counts.iter_mut().zip(KINDS) {
            *count = count.saturating_add(u32::from(found == Some(kind)));
        }
    }
    let plausible = |kind: LogKind| kind != LogKind::DominoConsole || is_domino;
    let seen = counts.into_iter().zip(KINDS).filter(|&(count, kind)| count > 0 && plausible(kind));
    // Of equals the first.
    seen.rev().max_by_key(|&(count, _)| count).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::kind;
    use crate::model::LogKind;

    fn of(text: &str) -> Option<LogKind> {
        kind(text.lines())
    }

    #[test]
    fn each_kind_is_known_by_its_lines() {
        for (text, expected) in [
            ("runs on\n101117_095933.869,INF,Users   ,x", LogKind::Stusers),
            ("************ Start Display\n[2/11/14 18:08:43:660 GMT] 000000a7 X I y", LogKind::Systemout),
            (
                "[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.A I y\n[1/22/19 8:48:18:272 GMT] 000000ba S y",
                LogKind::Systemout,
            ),
            ("[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.A I y", LogKind::Liberty),
            ("Connected to the wrong server A/B using address 10.1.0.9", LogKind::NotesTrace),
            ("02/11/2014 06:08:43 PM  Using address '10.1.0.9' for A/B on TCPIP", LogKind::NotesTrace),
            ("Determining path to server MAIL01\nAvailable Ports:  TCPIP", LogKind::NotesTrace),
            ("[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  started", LogKind::DominoConsole),
            ("02/11/2014 06:08:43 PM  HTTP Server: Started", LogKind::DominoConsole),
        ] {
            assert_eq!(of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_files_are_none() {
        for text in [
            "",
            "hello",
            "2014-02-11 18:08:43 [error] nginx",
            "{\"message\": 1}",
            "\u{d4}\u{c3}\u{b2}\u{a1}",
            "[Tue Apr 22] x",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
