//! Web servers: IBM HTTP Server, Apache and its WebSphere plug-in, nginx, access logs of all.

use super::Frame;
use crate::logs::form::{Moment, bracketed, english};
use crate::model::LogKind;

/// `[Wed Mar 29 14:30:41 2017] [warn] text` (IBM HTTP Server, Apache), `[ssl:error] [pid 1] text` (of a journal, which has
/// the time), `[Wed Dec 03 15:40:18 2014] 00000dbc 00000e78 - ERROR: text` (plug-in).
pub(super) fn apache(line: &str) -> Option<Frame<'_>> {
    let (inside, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    if is_level(inside) && rest.starts_with("[pid ") {
        return Some(Frame::untimed(LogKind::HttpServer, rest));
    }
    let at = english(inside)?;
    let plugin = rest.split_whitespace().take(2).all(|word| word.len() == 8 && u32::from_str_radix(word, 16).is_ok());
    let leveled = rest.strip_prefix('[').is_some_and(|level| level.contains(']'));
    (plugin || leveled).then(|| Frame::timed(LogKind::HttpServer, at, rest))
}

/// `ssl:error`
fn is_level(text: &str) -> bool {
    text.split_once(':').is_some_and(|(module, level)| {
        [module, level]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    })
}

/// `2026/07/05 10:13:09 [error] 7#7: *12 text`; local time of the container.
pub(super) fn nginx<'l>(at: &Moment<'l>, rest: &'l str) -> Option<Frame<'l>> {
    let rest = rest.strip_prefix(" [")?;
    let (level, message) = rest.split_once("] ")?;
    let numbered = message.split_once(": ").is_some_and(|(numbers, _)| numbers.contains('#') && numbers.len() < 24);
    (numbered && level.bytes().all(|b| b.is_ascii_lowercase())).then(|| Frame::at(LogKind::Nginx, at, message))
}

/// `10.1.5.5 - jdoe [25/Jan/2024:07:27:34 +0100] "GET / HTTP/1.1" 401 381`; Domino puts its host second.
pub(super) fn access(line: &str) -> Option<Frame<'_>> {
    let (before, rest) = line.split_once(" [")?;
    let (inside, message) = rest.split_once("] \"")?;
    let address = before.split(' ').next().is_some_and(|first| first.parse::<std::net::IpAddr>().is_ok());
    let message = line.get(line.len().saturating_sub(message.len()).saturating_sub(1)..)?;
    (address && before.len() < 320)
        .then(|| bracketed(inside).map(|at| Frame::timed(LogKind::AccessLog, at, message)))?
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::model::LogKind;

    #[test]
    fn every_form() {
        for (line, kind, utc, message) in [
            (
                "[Wed Mar 29 14:30:41 2017] [warn] [client 10.1.1.5] SSL0222W: x",
                LogKind::HttpServer,
                "2017-03-29T14:30:41.000Z",
                "[warn] [client 10.1.1.5] SSL0222W: x",
            ),
            (
                "[Wed Dec 03 15:40:18 2014] 00000dbc 00000e78 - ERROR: ws: x",
                LogKind::HttpServer,
                "2014-12-03T15:40:18.000Z",
                "00000dbc 00000e78 - ERROR: ws: x",
            ),
            (
                "2026/07/05 10:13:09 [error] 7#7: *12 No server found",
                LogKind::Nginx,
                "2026-07-05T10:13:09.000Z",
                "7#7: *12 No server found",
            ),
            (
                "10.1.5.5 - ann [25/Jan/2024:07:27:34 +0100] \"GET / HTTP/1.1\" 401 381",
                LogKind::AccessLog,
                "2024-01-25T06:27:34.000Z",
                "\"GET / HTTP/1.1\" 401 381",
            ),
            (
                "10.1.5.5 chat \"CN=Ann/O=ACME\" [25/Jan/2024:07:27:34 +0100] \"GET / HTTP/1.1\" 401 381",
                LogKind::AccessLog,
                "2024-01-25T06:27:34.000Z",
                "\"GET / HTTP/1.1\" 401 381",
            ),
        ] {
            let found = Frame::of(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.kind, found.message), (kind, message), "{line}");
            assert_eq!(found.at.unwrap().time.to_string(), utc, "{line}");
        }
        assert_eq!(Frame::of("[ssl:error] [pid 1:tid 2] AH02261: x").unwrap().message, "[pid 1:tid 2] AH02261: x");
        assert_eq!(Frame::of("[Tue Apr 22 18:08:43 2025] x"), None);
        assert_eq!(Frame::of("2014-02-11 18:08:43 [error] nginx"), None);
    }
}
