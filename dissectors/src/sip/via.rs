//! Via (RFC 3261 section 20.42; rport: RFC 3581).

use super::message::Via;
use super::syntax::{Notes, blanks, mark, params, short, split, token, trim, version};
use super::uri::{host_port, place};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};
use std::fmt;

/// What a branch of RFC 3261 begins with.
const COOKIE: &str = "z9hG4bK";

impl Via {
    /// Reads one Via; `None` and a note if it cannot be told who sent it.
    pub(super) fn read(text: &str, notes: &mut Notes) -> Option<Self> {
        let Ok((rest, (version, transport))) = protocol(text) else {
            notes.note(format!("{} is no Via", short(text)));
            return None;
        };
        if version != "2.0" {
            notes.note(format!("SIP version {}", short(version)));
        }
        let sender = split(rest, ';').next().unwrap_or_default();
        let (host, port) = host_port(sender, notes);
        let mut via = Self { transport: transport.to_owned(), host, port, ..Self::default() };
        for (name, value) in params(rest.find(';').and_then(|at| rest.get(at..)).unwrap_or_default(), notes) {
            match name.as_str() {
                "branch" => via.branch = value,
                "received" => via.received = value.map(|text| text.trim_matches(['[', ']']).to_owned()),
                "rport" => via.rport = Some(value.as_deref().and_then(|text| trim(text).parse().ok())),
                _ => {}
            }
        }
        if via.branch.as_deref() == Some(COOKIE) {
            notes.note(format!("the branch is {COOKIE} and nothing behind it"));
        }
        Some(via)
    }
}

/// `SIP/2.0/UDP` with any blanks in it and behind it.
fn protocol(input: &str) -> IResult<&str, (&str, &str)> {
    terminated((version, preceded(mark('/'), token)), blanks).parse(input)
}

/// `SIP/2.0/TCP host:port;branch=z9hG4bK1;received=192.0.2.7;rport=5061`.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, place(&self.host, self.port))?;
        if let Some(branch) = &self.branch {
            write!(f, ";branch={branch}")?;
        }
        if let Some(received) = &self.received {
            write!(f, ";received={received}")?;
        }
        match self.rport {
            Some(Some(port)) => write!(f, ";rport={port}"),
            Some(None) => f.write_str(";rport"),
            None => Ok(()),
        }
    }
}
