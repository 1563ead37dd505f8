//! Kinds of few lines: OpenLDAP, Keycloak, Tomcat, Windows events, a Notes client's clock, messages pasted as text.

use super::Frame;
use crate::logs::form::{Moment, since_1970};
use crate::model::LogKind;

/// Levels behind a time, as Java's and Sametime's programs write them.
const LEVELS: [&str; 10] = ["SEVERE", "WARNING", "WARN", "INFO", "INFO:", "DEBUG", "ERROR", "FINE", "TRACE", "CONFIG"];

/// `2026-03-01 15:38:00,997 INFO  [org.keycloak.services] (main) text`, older without a date.
pub(super) fn keycloak<'l>(at: &Moment<'l>, rest: &'l str) -> Option<Frame<'l>> {
    let message = leveled(rest)?;
    message.starts_with("[org.keycloak").then(|| Frame::at(LogKind::Keycloak, at, message))
}

/// `25-Jan-2024 07:27:34.650 SEVERE [thread] class text`: Tomcat, and other programs of Sametime 12.
pub(super) fn tomcat<'l>(at: &Moment<'l>, rest: &'l str) -> Option<Frame<'l>> {
    let message = leveled(rest)?;
    message.starts_with('[').then(|| Frame::at(LogKind::SametimeContainer, at, message))
}

/// What stands behind the level.
fn leveled(rest: &str) -> Option<&str> {
    let (level, message) = rest.strip_prefix(' ')?.split_once(' ')?;
    LEVELS.contains(&level).then(|| message.trim_start())
}

/// `2025-07-04T08:00:05.332Z CWWKS4106E: text`, or a date before an event of Windows.
pub(super) fn stamped<'l>(at: &Moment<'l>, rest: &'l str) -> Option<Frame<'l>> {
    let message = rest.trim_start();
    if let Some(event) = windows(message) {
        return Some(Frame { at: Some(at.clone()), ..event });
    }
    let id = message.split(':').next()?;
    let is_id = (8..=12).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_id.then(|| Frame::at(LogKind::Liberty, at, message))
}

/// `59ceb6c3 conn=1004 op=1 text`, also with a fraction and a thread: seconds since 1970, in hexadecimal.
pub(super) fn slapd(line: &str) -> Option<Frame<'_>> {
    let (stamp, rest) = line.split_once(' ')?;
    let (seconds, fraction) = stamp.split_once('.').unwrap_or((stamp, "0"));
    let hex = |text: &str, length: usize| i64::from_str_radix(text, 16).ok().filter(|_| text.len() <= length);
    let seconds = hex(seconds, 8).filter(|_| seconds.len() == 8)?;
    let nanos = seconds.checked_mul(1_000_000_000)?.checked_add(hex(fraction, 8)?)?;
    let message = match rest.strip_prefix("0x") {
        Some(thread) => thread.split_once(' ')?.1,
        None => rest,
    };
    let known = ["conn=", "TLS", "daemon", "slapd", "connection_"].iter().any(|word| message.starts_with(word));
    known.then(|| Frame::timed(LogKind::Openldap, since_1970(stamp, nanos), message))
}

/// `conn=2 op=0 RESULT tag=97 err=49 text=`, whose time a syslog has.
pub(super) fn slapd_bare(line: &str) -> Option<Frame<'_>> {
    let (number, _) = line.strip_prefix("conn=")?.split_once(' ')?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| Frame::untimed(LogKind::Openldap, line))
}

/// `LogName=Security EventCode=4625 ...`, `Event ID 364 ...`, `EventID 2889: ...`
pub(super) fn windows(line: &str) -> Option<Frame<'_>> {
    let words = ["LogName=", "EventCode=", "Event ID ", "Event ID: ", "EventID ", "EventID: ", "EventID=", "Event-ID"];
    let event = words.iter().any(|word| line.starts_with(word));
    event.then(|| Frame::untimed(LogKind::WindowsEvents, line))
}

/// `(12-31 [14]) OPEN_DB(...): 78 ms. [118+286=404]`: a Notes client with CLIENT_CLOCK.
pub(super) fn client_clock(line: &str) -> Option<Frame<'_>> {
    let (numbers, message) = line.strip_prefix('(')?.split_once("]) ")?;
    let digits = numbers.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b' ' | b'['));
    (digits && message.contains(" ms")).then(|| Frame::untimed(LogKind::ClientClock, message))
}

/// The first line of a SIP or HTTP message.
pub(super) fn message(line: &str) -> Option<Frame<'_>> {
    let answers = ["SIP/2.0 ", "HTTP/1.1 ", "HTTP/1.0 "].iter().any(|version| line.starts_with(version));
    let method = line.split([' ', ';']).next()?;
    let asks = [" SIP/2.0", " HTTP/1.1", " HTTP/1.0"].iter().any(|version| line.trim_end().ends_with(version))
        && (3..=12).contains(&method.len())
        && method.bytes().all(|byte| byte.is_ascii_uppercase());
    (answers || asks).then(|| Frame::untimed(LogKind::Message, line))
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::model::LogKind;

    #[test]
    fn every_form() {
        for (line, kind, utc) in [
            (
                "10:53:39,938 WARN  [org.keycloak.events] (default task-1) type=LOGIN_ERROR",
                LogKind::Keycloak,
                Some("2000-01-01T10:53:39.938Z"),
            ),
            (
                "2026-03-01 15:38:00,997 INFO  [org.keycloak.services] (main) x",
                LogKind::Keycloak,
                Some("2026-03-01T15:38:00.997Z"),
            ),
            (
                "25-Jan-2024 07:27:34.650 SEVERE [http-nio] com.a.B failed",
                LogKind::SametimeContainer,
                Some("2024-01-25T07:27:34.650Z"),
            ),
            ("59ceb6c3 conn=1004 op=1 RESULT tag=97 err=49 text=", LogKind::Openldap, Some("2017-09-29T21:10:27.000Z")),
            ("65b2012e.26c8a5d1 0x7f12 conn=1004 op=1 RESULT", LogKind::Openldap, Some("2024-01-25T06:35:26.650Z")),
            ("conn=2 op=0 RESULT tag=97 err=49 text=", LogKind::Openldap, None),
            ("EventCode=4740 A user account was locked out.", LogKind::WindowsEvents, None),
            (
                "01/25/2024 07:27:34 AM LogName=Security EventCode=4625",
                LogKind::WindowsEvents,
                Some("2024-01-25T07:27:34.000Z"),
            ),
            ("2025-07-04T08:00:05.332Z CWWKS4106E: x", LogKind::Liberty, Some("2025-07-04T08:00:05.332Z")),
            ("(12-31 [14]) OPEN_DB(x): 78 ms. [118+286=404]", LogKind::ClientClock, None),
            ("REGISTER;transport=tls SIP/2.0", LogKind::Message, None),
            ("SIP/2.0 401 Unauthorized", LogKind::Message, None),
            ("GET /names.nsf HTTP/1.1", LogKind::Message, None),
            ("HTTP/1.1 401 Unauthorized", LogKind::Message, None),
        ] {
            let found = Frame::of(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(found.kind, kind, "{line}");
            assert_eq!(found.at.map(|at| at.time.to_string()).as_deref(), utc, "{line}");
        }
        for line in ["(see below) 12 ms", "conn=x y", "Event horizon", "Sincerely", "Servers speak HTTP/1.1"] {
            assert_eq!(Frame::of(line), None, "{line}");
        }
    }
}
