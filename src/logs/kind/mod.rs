//! Who writes a log: told by the frame of its lines, that is what stands before the message.
//!
//! A line without a frame goes on from the line before, or belongs to a form that has none (the port trace of a Notes
//! client, a status in a mail). [`Frame::of`] is asked once the form is off (see [`super::form`]).

mod domino;
mod others;
mod sametime;
mod web;
mod websphere;

use super::form::{Moment, leading, of_day};
use crate::model::LogKind;

/// Lines by which the kind of a whole log is told.
pub(super) const HEAD: usize = 256;

/// What every kind's lines look like, for an error.
pub(crate) const KNOWN: &str = "Sametime STUsers (101117_095933.869,INF,Users   ,...) and sametime.log, WebSphere SystemOut.log and \
                         trace.log ([2/11/14 18:08:43:660 GMT] 000000a7 ...), Liberty (text or JSON), IBM HTTP Server, Apache and nginx \
                         error and access logs, a Notes client's port trace (Using address '...' for ... on TCPIP), its error-log-0.xml \
                         and CLIENT_CLOCK, Domino console.log ([0A3C:0002-0B10] 02/11/2014 06:08:43 PM ...), OpenLDAP, Keycloak, Tomcat, \
                         Windows events as text or XML, SIP and HTTP messages as text; each also behind the prefix of a container, grep, \
                         syslog or a quoted mail";

/// A line, parted into what stands before the message and the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame<'l> {
    /// Who writes such lines.
    pub kind: LogKind,
    /// When it was written; some kinds have no times.
    pub at: Option<Moment<'l>>,
    /// The rest.
    pub message: &'l str,
}

impl<'l> Frame<'l> {
    /// The frame of a line, if it has one that is known.
    pub(super) fn of(line: &'l str) -> Option<Self> {
        match line.bytes().next()? {
            b'[' => websphere::timed(line)
                .or_else(|| web::apache(line))
                .or_else(|| domino::prefixed(line))
                .or_else(|| websphere::console(line)),
            b'(' => others::client_clock(line),
            b'-' => websphere::incident(line),
            byte if byte.is_ascii_digit() => sametime::trace(line)
                .or_else(|| web::access(line))
                .or_else(|| others::slapd(line))
                .or_else(|| Self::dated(line)),
            b'E' | b'I' | b'W' | b'D' | b'F' => {
                sametime::log(line).or_else(|| others::windows(line)).or_else(|| others::message(line))
            }
            b'a'..=b'f' => others::slapd(line).or_else(|| others::slapd_bare(line)),
            b'L' => others::windows(line),
            b'A'..=b'Z' => others::message(line),
            _ => None,
        }
    }

    /// A frame stands at the beginning of that text, or a part of one that was cut there.
    pub(super) fn begins(line: &str) -> bool {
        Frame::of(line).is_some() || sametime::begins(line)
    }

    /// A line that begins with a date.
    fn dated(line: &'l str) -> Option<Self> {
        let Some((at, rest)) = leading(line) else {
            let (at, rest) = of_day(line)?;
            return others::keycloak(&at, rest);
        };
        web::nginx(&at, rest)
            .or_else(|| others::keycloak(&at, rest))
            .or_else(|| others::tomcat(&at, rest))
            .or_else(|| others::stamped(&at, rest))
            .or_else(|| domino::dated(&at, rest))
    }

    const fn untimed(kind: LogKind, message: &'l str) -> Self {
        Self { kind, at: None, message }
    }

    const fn timed(kind: LogKind, at: Moment<'l>, message: &'l str) -> Self {
        Self { kind, at: Some(at), message }
    }

    fn at(kind: LogKind, at: &Moment<'l>, message: &'l str) -> Self {
        Self { kind, at: Some(at.clone()), message }
    }
}

/// The kind that most of the lines have; of equals the one that was first.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<(LogKind, u32)>);

impl Kinds {
    /// Counts a line.
    pub(super) fn add(&mut self, kind: LogKind) {
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((kind, 1)),
        }
    }

    /// The kind of the log; lines without a frame count only where there are no others.
    pub(super) fn most(&self) -> Option<LogKind> {
        let framed = |kind: LogKind| kind != LogKind::Text && kind != LogKind::NotesTrace;
        let best = |all: &dyn Fn(LogKind) -> bool| {
            let mine = self.0.iter().rev().filter(|(kind, _)| all(*kind));
            mine.max_by_key(|(_, count)| *count).map(|(kind, _)| *kind)
        };
        best(&framed).or_else(|| best(&|_| true))
    }
}
