//! What tools put in front of a line: names of containers, files and hosts, times of their own, quotes, list marks.
//!
//! Each reader takes one layer off, from the outside in; a log may have been through several tools. A layer is only
//! taken for one by its whole shape, and never a text that may be the line itself.

use super::moment;
use crate::model::WrittenTime;

/// A line, one layer less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer<'l> {
    /// The rest.
    pub rest: &'l str,
    /// When the tool got the line.
    pub at: Option<WrittenTime>,
}

/// Names of services and containers are no longer.
const NAME: usize = 64;
/// Paths in front of a line are no longer.
const PATH: usize = 260;
/// Endings of the names of logs.
const LOGS: [&str; 7] = [".log", ".txt", ".out", ".err", ".trc", ".xml", ".nsf"];

/// The outermost layer of a line that does not begin with a blank.
pub(super) fn layer(line: &str) -> Option<Layer<'_>> {
    match line.bytes().next()? {
        b'>' => quote(line),
        b'[' => pod(line).or_else(|| build(line)),
        b'<' => syslog(line),
        b'*' | b'-' => mark(line),
        b'"' => cell(line),
        byte if byte.is_ascii_digit() => stamped(line).or_else(|| compose(line)).or_else(|| file(line)),
        _ => compose(line).or_else(|| syslog(line)).or_else(|| file(line)),
    }
}

fn rest(rest: &str) -> Layer<'_> {
    Layer { rest, at: None }
}

/// `> `, `>> `: a quoted mail, or the prompt of a console.
fn quote(line: &str) -> Option<Layer<'_>> {
    Some(rest(line.trim_start_matches(['>', ' '])).rest).filter(|rest| !rest.is_empty()).map(rest)
}

/// `community-1  | `, of docker compose.
fn compose(line: &str) -> Option<Layer<'_>> {
    let (name, behind) = line.get(..line.len().min(NAME)).unwrap_or(line).split_once('|')?;
    let bare = name.trim_end_matches(' ');
    let is_name = bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let apart = name.len() > bare.len() && (behind.is_empty() || behind.starts_with(' '));
    let behind = line.get(name.len().saturating_add(1)..)?;
    (!bare.is_empty() && is_name && apart).then(|| rest(behind.strip_prefix(' ').unwrap_or(behind)))
}

/// `[pod/chat-0/proxy] `, of kubectl.
fn pod(line: &str) -> Option<Layer<'_>> {
    line.strip_prefix("[pod/")?.split_once("] ").map(|(_, behind)| rest(behind))
}

/// `[INFO] ` in front of another bracket, of a build tool that shows a server's console.
fn build(line: &str) -> Option<Layer<'_>> {
    let words = ["[INFO] ", "[WARNING] ", "[ERROR] "];
    let behind = words.iter().find_map(|word| line.strip_prefix(word))?;
    behind.starts_with('[').then(|| rest(behind))
}

/// `2024-01-25T06:27:34.650123456Z `, also with `stdout F ` of a node's file or `[App/0] ERR ` of Cloud Foundry.
fn stamped(line: &str) -> Option<Layer<'_>> {
    if line.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (at, behind) = moment::leading(line).filter(|(at, _)| at.zoned)?;
    let behind = behind.strip_prefix(' ')?;
    let stream = |text: &'_ str| text.starts_with("stdout ") || text.starts_with("stderr ");
    let inner = if stream(behind) {
        let mark = behind.get(7..).unwrap_or_default();
        mark.strip_prefix("F ").or_else(|| mark.strip_prefix("P ")).unwrap_or(mark)
    } else if behind.starts_with("[App/") || behind.starts_with("[APP/") {
        let (_, stream) = behind.split_once(']')?;
        let stream = stream.trim_start();
        stream.strip_prefix("ERR ").or_else(|| stream.strip_prefix("OUT ")).unwrap_or(stream)
    } else {
        behind
    };
    Some(Layer { rest: inner, at: Some(at.kept()) })
}

/// `<131>Jan 25 07:27:34 chat1 java[77]: ` (RFC 3164) and `<131>1 2024-01-25T07:27:34.650+01:00 chat1 java 77 - - `
/// (RFC 5424); the number of the sender may be missing.
fn syslog(line: &str) -> Option<Layer<'_>> {
    let (sender, behind) = match line.strip_prefix('<') {
        Some(inside) => {
            inside.split_once('>').filter(|(n, _)| n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()))?
        }
        None => ("", line),
    };
    if let Some(text) = behind.strip_prefix("1 ").filter(|_| !sender.is_empty()) {
        let (at, text) = moment::leading(text)?;
        let (_, text) = text.split_once(" - - ").or_else(|| text.split_once("] "))?;
        return Some(Layer { rest: text, at: Some(at.kept()) });
    }
    let (month, day) = behind.get(..3).zip(behind.get(3..6))?;
    let clock = behind.get(7..15)?;
    let text = behind.get(15..)?.strip_prefix(' ')?;
    let at = moment::without_year(behind.get(..15)?, month, day.trim(), clock)?;
    let (_, text) = text.split_once(' ')?;
    // The program, with its number or without; some senders leave it out.
    let text = match text.split_once(": ") {
        Some((program, text)) if !program.contains(' ') => text,
        _ => text,
    };
    Some(Layer { rest: text, at: Some(at.kept()) })
}

/// `/logs/SystemOut.log:`, `SystemOut.log:4711:`, `SystemOut.log-`, `D:\logs\SystemOut.log:`, of grep and findstr.
fn file(line: &str) -> Option<Layer<'_>> {
    let start = line.get(..line.len().min(PATH)).unwrap_or(line);
    let drive = usize::from(start.as_bytes().get(1) == Some(&b':') && start.as_bytes().get(2) == Some(&b'\\'));
    let from = drive.saturating_mul(2);
    let end = start.get(from..)?.find([':', ',', '\'', '"', '[', '(', '='])?;
    let mut end = end.saturating_add(from);
    let mut name = start.get(..end)?;
    // A line of context has hyphens in place of colons.
    let behind_hyphen = LOGS.iter().filter_map(|ending| {
        let at = name.rfind(ending)?.saturating_add(ending.len());
        name.get(at..)?.starts_with('-').then_some(at)
    });
    if let Some(at) = behind_hyphen.max() {
        (name, end) = (name.get(..at)?, at);
    }
    let is_log = LOGS.iter().any(|ending| name.len() > ending.len() && name.to_ascii_lowercase().ends_with(ending));
    let is_path = is_log || (name.contains(['/', '\\']) && !name.contains(' '));
    let behind = line.get(end..)?.strip_prefix([':', '-']).filter(|_| is_path && !name.contains("://"))?;
    let numbered = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    // A number of a line, and not the hour of a time.
    let is_time = |text: &str| text.len() >= 5 && text.as_bytes().get(2) == Some(&b':');
    let behind = match numbered.strip_prefix([':', '-']) {
        Some(text) if numbered.len() < behind.len() && !is_time(text) => text,
        _ => behind,
    };
    (!behind.is_empty() && (is_log || !behind.starts_with(' '))).then(|| rest(behind))
}

/// `* `, `- ` in front of a line that a bracket or a digit begins.
fn mark(line: &str) -> Option<Layer<'_>> {
    let behind = line.strip_prefix("* ").or_else(|| line.strip_prefix("- "))?;
    behind.starts_with(|c: char| c == '[' || c.is_ascii_digit()).then(|| rest(behind))
}

/// A line in quotes, as a spreadsheet writes it.
fn cell(line: &str) -> Option<Layer<'_>> {
    let inside = line.strip_prefix('"')?.strip_suffix('"')?;
    inside.starts_with(|c: char| c == '[' || c.is_ascii_digit()).then(|| rest(inside))
}

#[cfg(test)]
mod tests {
    use super::layer;
    use proptest::prelude::*;

    #[test]
    fn one_layer_less() {
        let line = "[2/11/14 18:08:43:660 GMT] 000000a7 X E y";
        for before in [
            "community-1  | ",
            "sametime-mux-1 | ",
            "> ",
            ">> > ",
            "[pod/chat-0/proxy] ",
            "[INFO] ",
            "2024-01-25T06:27:34.650123456Z ",
            "2024-01-25T06:27:34.650123456Z stdout F ",
            "2016-11-03T12:32:44.83-0200 [App/0]      ERR ",
            "Jan 25 07:27:34 chat1 java[77]: ",
            "Jan  5 07:27:34 chat1 java: ",
            "<131>Jan 25 07:27:34 chat1 java[77]: ",
            "<131>1 2024-01-25T07:27:34.650+01:00 chat1 java 77 - - ",
            "/logs/STMS_SystemOut.log:",
            "SystemOut.log:4711:",
            "SystemOut.log-4711-",
            "SystemOut.log-",
            "SystemOut_24.01.25_07.27.34.log:",
            "D:\\IBM\\logs\\SystemOut.log:",
            "./trace.log:",
            "* ",
        ] {
            let whole = format!("{before}{line}");
            assert_eq!(layer(&whole).unwrap_or_else(|| panic!("{before}")).rest, line, "{before}");
        }
        assert_eq!(layer(&format!("\"{line}\"")).unwrap().rest, line);
    }

    #[test]
    fn what_may_be_the_line_itself_stays() {
        for line in [
            "[2/11/14 18:08:43:660 GMT] 000000a7 X E y",
            "101117_095933.869,INF,LDAP Aut,AuthTokenContext::authenticateBeforeDirSearch failed",
            "Using address 'x.x.x.x' for sametime.acme.com on TCPIP",
            "Unable to connect to MAIL01/Acme: Remote system no longer responding",
            "02/11/2014 06:08:43 PM  HTTP Server: Started",
            "http: IP Address [10.1.0.50] authentication failure",
            "I Server       13/May, 07:01:30 Logged in to server 10.1.0.8",
            "Host=10.1.0.9:443",
            "2014-02-11 18:08:43 x",
            "Caused by: javax.naming.AuthenticationException: x",
            "10.1.0.50 - - [25/Jan/2024:07:27:34 +0100] \"GET / HTTP/1.1\" 401 381",
        ] {
            assert_eq!(layer(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>(), before in "[<>\\[a-z0-9./|: -]{0,20}") {
            let _ = layer(&text);
            let _ = layer(&format!("{before}{text}"));
        }
    }
}
