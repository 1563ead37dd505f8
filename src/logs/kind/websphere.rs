//! WebSphere Application Server and Liberty: SystemOut.log, trace.log, messages.log, the console, FFDC.

use super::Frame;
use crate::logs::form::bracketed;
use crate::model::LogKind;

/// Levels as Liberty writes them on a console, padded to eight columns.
const LEVELS: usize = 8;
/// Words and single blanks between the thread and the level: a component is padded to as much as sixty columns.
const WORDS: usize = 72;

/// `[2/11/14 18:08:43:660 GMT] 000000a7 LdapPasswordS I   text`: traditional; with the whole name of a class: Liberty.
pub(super) fn timed(line: &str) -> Option<Frame<'_>> {
    let (inside, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    let is_hex = |word: &str| (4..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut words = rest.split_whitespace().peekable();
    let thread = words.next().unwrap_or_default();
    let is_thread = is_hex(thread);
    // trace.log of Liberty, and pastes of messages.log.
    let numbered = words.next_if(|word| word.starts_with("id=")).is_some();
    let logger = words.next().unwrap_or_default();
    let is_class = logger.contains('.') && logger.len() > 13;
    let kind = if is_thread && (numbered || is_class) { LogKind::Liberty } else { LogKind::Systemout };
    Some(Frame::timed(kind, bracketed(inside)?, if is_thread { behind_level(rest) } else { rest }))
}

/// The text behind thread, component and level; behind the thread where a paste glued the level to the text.
fn behind_level(rest: &str) -> &str {
    let is_level = |word: &str| {
        word.len() == 1 && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<' || b == b'>')
    };
    let (mut from, mut before) = (0_usize, 0_usize);
    for word in rest.split_inclusive(' ').take(WORDS) {
        from = from.saturating_add(word.len());
        // A thread and a component stand in front of the level, whatever they are called.
        if before >= 2 && is_level(word.trim_end()) {
            return rest.get(from..).unwrap_or_default().trim_start();
        }
        before = before.saturating_add(usize::from(word != " "));
    }
    rest.split_once(' ').map_or(rest, |(_, text)| text.trim_start())
}

/// `[ERROR   ] CWWKS4106E: text`: the console of Liberty. The word is that of the server's language.
pub(super) fn console(line: &str) -> Option<Frame<'_>> {
    let (level, message) = line.strip_prefix('[')?.split_once("] ")?;
    let padded = level.chars().count() == LEVELS && level.trim_end().chars().all(char::is_alphabetic);
    (padded && !level.trim().is_empty() || level == "err").then(|| Frame::untimed(LogKind::Liberty, message))
}

/// `------Start of DE processing------ = [12/2/19, 13:26:06:453 UTC]`: FFDC.
pub(super) fn incident(line: &str) -> Option<Frame<'_>> {
    let rest = line.strip_prefix("------Start of DE processing------")?;
    let (_, inside) = rest.split_once('[')?;
    Some(Frame::timed(LogKind::Ffdc, bracketed(inside.split(']').next()?)?, line))
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::model::LogKind;

    #[test]
    fn every_form() {
        for (line, kind, utc, zoned, message) in [
            (
                "[2/22/14 18:08:43:660 GMT] 000000a7 SIPDigestServ E   x",
                LogKind::Systemout,
                "2014-02-22T18:08:43.660Z",
                true,
                "x",
            ),
            ("[22.02.14 18:08:43:660 MEZ] 000000a7 X W y", LogKind::Systemout, "2014-02-22T17:08:43.660Z", true, "y"),
            ("[2/22/14 6:08:43:660 PM EST] 000000a7 X W y", LogKind::Systemout, "2014-02-22T23:08:43.660Z", true, "y"),
            (
                "[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.a.Bcd I CWWKS4001I: z",
                LogKind::Liberty,
                "2019-01-22T08:48:18.272Z",
                true,
                "CWWKS4001I: z",
            ),
            (
                "[25.01.24, 07:27:34:650 MEZ] 000000cb id=00000000 SystemOut   O x",
                LogKind::Liberty,
                "2024-01-25T06:27:34.650Z",
                true,
                "x",
            ),
            (
                "[2019-01-22T08:48:18.272+0100] 000000ba com.ibm.ws.a.B I z",
                LogKind::Liberty,
                "2019-01-22T07:48:18.272Z",
                true,
                "z",
            ),
            ("[2/22/14 18:08:43:660 XYZ] 000000a7 X W y", LogKind::Systemout, "2014-02-22T18:08:43.660Z", false, "y"),
            (
                "[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.a.Bcd ICWWKS4001I: z",
                LogKind::Liberty,
                "2019-01-22T08:48:18.272Z",
                true,
                "com.ibm.ws.a.Bcd ICWWKS4001I: z",
            ),
            ("[2/22/14 18:08:43:660] x", LogKind::Systemout, "2014-02-22T18:08:43.660Z", false, "x"),
        ] {
            let found = Frame::of(line).unwrap_or_else(|| panic!("{line}"));
            let at = found.at.unwrap();
            assert_eq!((found.kind, at.zoned, found.message), (kind, zoned, message), "{line}");
            assert_eq!(at.time.to_string(), utc, "{line}");
        }
        let found = Frame::of("[ERROR   ] CWWKS4106E: x").unwrap();
        assert_eq!((found.kind, found.at, found.message), (LogKind::Liberty, None, "CWWKS4106E: x"));
        let found = Frame::of("------Start of DE processing------ = [12/2/19, 13:26:06:453 UTC] , key = x").unwrap();
        assert_eq!(
            (found.kind, found.at.unwrap().time.to_string().as_str()),
            (LogKind::Ffdc, "2019-12-02T13:26:06.453Z")
        );
        for line in ["[", "[]", "[x] y", "[2/30/14 18:08:43:660 GMT] x", "[error] x"] {
            assert_eq!(Frame::of(line), None, "{line}");
        }
    }
}
