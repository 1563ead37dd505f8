//! Via (RFC 3261 section 20.42; rport: RFC 3581).

use super::message::Via;
use super::syntax::{Notes, blanks, cut, each_param, is_blank, is_token, mark, short, split, token, trim, version};
use super::uri::{host_port, place};
use memchr::memchr;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};
use std::borrow::Cow;
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
        let sender = split(rest, b';').next().unwrap_or_default();
        let (host, port) = host_port(sender, notes);
        let mut via = Self { transport: transport.to_owned(), host, port, ..Self::default() };
        let behind = memchr(b';', rest.as_bytes()).and_then(|at| rest.get(at..)).unwrap_or_default();
        each_param(behind, notes, |name, value| match () {
            () if name.eq_ignore_ascii_case("branch") => via.branch = value.map(Cow::into_owned),
            () if name.eq_ignore_ascii_case("received") => {
                via.received = value.map(|text| text.trim_matches(['[', ']']).to_owned());
            }
            () if name.eq_ignore_ascii_case("rport") => {
                via.rport = Some(value.as_deref().and_then(|text| trim(text).parse().ok()));
            }
            () => {}
        });
        if via.branch.as_deref() == Some(COOKIE) {
            notes.note(format!("the branch is {COOKIE} and nothing behind it"));
        }
        Some(via)
    }
}

/// `SIP/2.0/UDP` with any blanks in it and behind it.
fn protocol(input: &str) -> IResult<&str, (&str, &str)> {
    if let Some(found) = usual_protocol(input) {
        return Ok(found);
    }
    terminated((version, preceded(mark('/'), token)), blanks).parse(input)
}

/// As nearly everybody writes it: one blank, behind the transport.
fn usual_protocol(input: &str) -> Option<(&str, (&str, &str))> {
    let rest = input.strip_prefix("SIP/2.0/")?;
    let (transport, behind) = cut(rest, b' ')?;
    is_token(transport).then(|| (behind.trim_start_matches(is_blank), ("2.0", transport)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> (Option<Via>, Vec<String>) {
        let mut notes = Notes::default();
        let via = Via::read(text, &mut notes);
        (via, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    #[test]
    fn shown_as_sent() {
        let same = [
            "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1",
            "SIP/2.0/TLS [2001:db8::9:1]:5061;branch=z9hG4bK1;received=2001:db8::9:255;rport=6000",
            "SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1;rport",
        ];
        for text in same {
            let (via, problems) = via(text);
            assert_eq!((via.unwrap().to_string().as_str(), problems.len()), (text, 0));
        }
    }

    #[test]
    fn blanks_anywhere() {
        let (via, problems) = via("SIP / 2.0 / TCP   Spindle.example : 5080  ; Branch = z9hG4bK1 ; rport = 7;ttl=1");
        let expected = Via {
            transport: "TCP".to_owned(),
            host: "spindle.example".to_owned(),
            port: Some(5080),
            branch: Some("z9hG4bK1".to_owned()),
            received: None,
            rport: Some(Some(7)),
        };
        assert_eq!((via, problems.len()), (Some(expected), 0));
    }

    /// RFC 5118 section 4.5: the brackets are against the grammar, but they come.
    #[test]
    fn received_in_brackets() {
        let (via, problems) = via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3");
        assert_eq!((via.unwrap().received.as_deref(), problems.len()), (Some("2001:db8::9:255"), 0));
    }

    #[test]
    fn vias_that_are_wrong() {
        for text in ["", "SIP/2.0", "HTTP/1.1/TCP x", "SIP/2.0/;x", "SIP/x/UDP h"] {
            let (via, problems) = via(text);
            assert_eq!((via, problems), (None, vec![format!("{text} is no Via")]), "{text}");
        }
        assert_eq!(via("SIP/2.0/UDP ;branch=1").1, [" is no host"]);
        assert_eq!(via("SIP/2.0/UDP h:x").1, [":x is no port"]);
        assert_eq!(
            via("SIP/3.0/UDP h;branch=z9hG4bK").1,
            ["SIP version 3.0", "the branch is z9hG4bK and nothing behind it"]
        );
    }
}
