//! Domino: console, console.log, texts of log.nsf; and the Notes client that writes in the same form.

use super::Frame;
use crate::logs::form::{Moment, leading};
use crate::model::LogKind;

/// Words of a Domino server's console: a date in front is not enough.
const WORDS: [&str; 34] = [
    "Domino",
    "HTTP ",
    "HTTP:",
    "http:",
    "smtp:",
    "ldap:",
    "imap:",
    "pop3:",
    "LDAP ",
    "SMTP ",
    "IMAP ",
    "POP3 ",
    "SSO API",
    "Single Sign-On",
    "Router:",
    "Admin",
    "Replicat",
    "replicat",
    "session for",
    "ATTEMPT TO ACCESS",
    "Database",
    "Server",
    "server",
    "SAML",
    "SSL",
    "TLS",
    "ID Vault",
    "in vault",
    "Agent Manager",
    "Certificate",
    "certificate",
    "Authenticate",
    "SECCheck",
    ".nsf",
];

/// `[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  text`, or without a date as when a server starts; no zone.
pub(super) fn prefixed(line: &str) -> Option<Frame<'_>> {
    let rest = behind_thread(line)?;
    match leading(rest) {
        Some((at, message)) => Some(Frame::timed(LogKind::DominoConsole, at, message.trim_start())),
        None => Some(Frame::untimed(LogKind::DominoConsole, rest)),
    }
}

/// `02/11/2014 06:08:43 PM  text`, of a server that does not write its threads; they may stand behind the date.
pub(super) fn dated<'l>(at: &Moment<'l>, rest: &'l str) -> Option<Frame<'l>> {
    let message = rest.trim_start();
    if let Some(text) = behind_thread(message) {
        return Some(Frame::at(LogKind::DominoConsole, at, text));
    }
    // Functions of a debug log end in `>`.
    let function = message.split(' ').next().is_some_and(|word| word.ends_with('>') && word.len() > 3);
    let known = function || WORDS.iter().any(|word| message.contains(word));
    (known && !message.starts_with('[')).then(|| Frame::at(LogKind::DominoConsole, at, message))
}

/// The text behind process, virtual and native thread: `[0A3C:0002-0B10]`, `[007577:000017-00007F621246D700]`.
fn behind_thread(line: &str) -> Option<&str> {
    let (inside, rest) =
        line.strip_prefix('[')?.split_once(']').filter(|(inside, _)| (8..=40).contains(&inside.len()))?;
    let (process, threads) = inside.split_once(':')?;
    let (virtual_thread, native) = threads.split_once('-')?;
    let is_hex = |part: &str| (4..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    [process, virtual_thread, native].into_iter().all(is_hex).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::model::LogKind;

    #[test]
    fn every_form() {
        for (line, utc, message) in [
            ("[0A3C:0002-0B10] 02/22/2014 06:08:43 PM  HTTP: x", Some("2014-02-22T18:08:43.000Z"), "HTTP: x"),
            (
                "[007577:000017-00007F621246D700] 28.05.2022 07:36:42   http: x",
                Some("2022-05-28T07:36:42.000Z"),
                "http: x",
            ),
            (
                "[16D4:0011-0960] 04/20/2014 09:10:50.09 AM SSLCheckCertChain> x",
                Some("2014-04-20T09:10:50.090Z"),
                "SSLCheckCertChain> x",
            ),
            (
                "03/21/2024 02:21:11 PM  [24EC:001D-177C] SMTPClient: x",
                Some("2024-03-21T14:21:11.000Z"),
                "SMTPClient: x",
            ),
            (
                "25.02.2015 18:57:18,07 SSLProcessProtocolMessage> x",
                Some("2015-02-25T18:57:18.070Z"),
                "SSLProcessProtocolMessage> x",
            ),
            ("22.02.2014 18:08:43   HTTP: x", Some("2014-02-22T18:08:43.000Z"), "HTTP: x"),
            ("[0B40:000A-09DC] Checking keyfile certificates:", None, "Checking keyfile certificates:"),
        ] {
            let found = Frame::of(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.kind, found.message), (LogKind::DominoConsole, message), "{line}");
            assert_eq!(found.at.map(|at| at.time.to_string()).as_deref(), utc, "{line}");
        }
        for line in ["22.02.2014 18:08:43 hello", "[nonsense-x:y] x", "[0A3C:0002] x"] {
            assert_eq!(Frame::of(line), None, "{line}");
        }
    }
}
