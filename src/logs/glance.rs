//! Lines that tell nothing, known at a glance: most of a log is of them.
//!
//! A line of the same hour as the one before, in which no word of the catalogue stands, nothing that packets share and no beginning
//! of a message, need not be taken apart: its time is read when somebody asks for it ([`Dated`]).

use super::anchor::may_have_endpoint;
use super::form::{is_plain, typewriter};
use super::table;
use std::borrow::Cow;

/// Where the time stands in the lines of a log, and its day and hour: lines that have the same there are of the same hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dated {
    first: u8,
    at: usize,
    hour: String,
}

impl Dated {
    /// Of a line, with its time as written in it. Nothing of forms in which the hour is not behind the day.
    pub(super) fn of(line: &str, written: &str) -> Option<Self> {
        let at = line.find(written)?;
        let packed = written.as_bytes().get(6) == Some(&b'_');
        let end = if packed { 9 } else { written.find(':')? };
        let hour = written.get(..end).filter(|hour| hour.len() > SHORTEST)?;
        Some(Self { first: *line.as_bytes().first()?, at, hour: hour.to_owned() })
    }

    /// That line is of the same hour.
    pub(super) fn has(&self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let behind = bytes.get(self.at..).unwrap_or_default();
        bytes.first() == Some(&self.first)
            && behind.starts_with(self.hour.as_bytes())
            && behind.get(self.hour.len()).is_some_and(|byte| matches!(byte, b':' | b'0'..=b'9'))
    }
}

/// A day and an hour have more characters than this.
const SHORTEST: usize = 5;

/// The line goes on with the trace of an exception: there is no time in it, and nobody who writes it.
pub(super) fn is_of_stack(line: &str) -> bool {
    let text = line.trim_start_matches(['\t', ' ']);
    text.len() < line.len() && (text.starts_with("at ") || text.starts_with("... "))
}

/// The line may tell something, or be other than it looks: characters that stand for others, records that hold another line.
pub(super) fn may_tell(line: &str) -> bool {
    let bytes = line.as_bytes();
    let is_written_otherwise = !is_plain(line)
        || memchr::memchr2(0x1b, b'&', bytes).is_some()
        || (memchr::memchr(b'{', bytes).is_some() && memchr::memchr(b'\\', bytes).is_some())
        || matches!(typewriter(line), Cow::Owned(_));
    is_written_otherwise || table::may_tell(line) || may_have_endpoint(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_hour() {
        for (line, written, same, other) in [
            (
                "[2/11/14 18:08:43:660 GMT] 000000a7 X I y",
                "2/11/14 18:08:43:660 GMT",
                "[2/11/14 18:59:00:001 GMT] 000000b2 Z I other",
                "[2/11/14 19:08:43:660 GMT] 000000a7 X I y",
            ),
            (
                "140201_070000.474,INF,Presence,x",
                "140201_070000.474",
                "140201_075959.000,INF,Users   ,y",
                "140202_070000.474,INF,Presence,x",
            ),
            (
                "[0A3C:0002-0B10] 02/01/2014 12:00:00 AM  x",
                "02/01/2014 12:00:00 AM",
                "[0A3C:00F2-0B10] 02/01/2014 12:30:00 AM  y",
                "[0A3C:0002-0B10] 02/01/2014 01:00:00 AM  x",
            ),
        ] {
            let dated = Dated::of(line, written).unwrap();
            assert!(dated.has(line) && dated.has(same) && !dated.has(other), "{line}");
            for end in 0..line.len() {
                let _ = dated.has(&line[..end]);
            }
        }
        assert_eq!(Dated::of("10:53:39,938 WARN x", "10:53:39,938"), None);
    }

    #[test]
    fn what_may_tell() {
        for line in [
            "[2/11/14 18:08:43:660 GMT] 000000a7 X W   SECJ0371W: x",
            "x secj0371w",
            "from /10.1.0.50:54303",
            "Call-ID: abc123@10.1.0.50",
            "trace: REGISTER sip:x SIP/2.0",
            "sent: HTTP/1.1 401 Unauthorized",
            "{\"message\":\"a\\u0020b\"}",
            "a &lt;b&gt;",
            "\u{1b}[36mx",
            "a\u{a0}b",
            "the “server”",
            "==> messages.log <==",
        ] {
            assert!(may_tell(line), "{line}");
        }
        for line in [
            "[2/11/14 18:08:43:660 GMT] 000000a7 X I   nothing here",
            "Gr\u{fc}\u{df}e aus M\u{fc}nchen",
            "[0A3C:0002-0B10] 02/01/2014 12:00:00 AM  nothing here",
            "x failed at a.b.C.d(Servlet.java:1025)",
            "10.1.5.5 - - [25/Jan/2024:07:27:34 +0100] \"GET /x HTTP/1.1\" 200 381",
        ] {
            assert!(!may_tell(line), "{line}");
        }
        assert!(is_of_stack("\tat a.b.C(D.java:1)") && is_of_stack("    ... 12 more") && !is_of_stack("at home"));
    }
}
