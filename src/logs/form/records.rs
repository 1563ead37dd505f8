//! Lines of a log that stand inside of records: JSON of container engines, journals and forwarders, XML of the Notes
//! client and of Windows.
//!
//! Values are looked up by the name of their key and a record need not be whole: long lines are cut, and a record that
//! ends too soon still says what stands in its first part.

use super::moment::{self, Moment};
use crate::model::{LogKind, WrittenTime};

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The line.
    pub text: String,
    /// When it was written, by the record.
    pub at: Option<WrittenTime>,
    /// Who writes such records, where these are a log of their own.
    pub kind: Option<LogKind>,
}

/// The line in a record of JSON: of Liberty, Docker, the journal, OpenTelemetry.
pub(super) fn json(line: &str) -> Option<Record> {
    let value = |key| string(line, key);
    if line.contains("\"liberty_") {
        return liberty(line);
    }
    if let Some(text) = value("log") {
        return Some(Record { text: one_line(&text), at: value("time").and_then(|time| at(&time)), kind: None });
    }
    if let Some(text) = value("MESSAGE") {
        let micros = value("_SOURCE_REALTIME_TIMESTAMP").or_else(|| value("__REALTIME_TIMESTAMP"));
        let at = micros.and_then(|text| Some((text.parse::<i64>().ok()?.checked_mul(1_000)?, text)));
        return Some(Record {
            text: one_line(&text),
            at: at.map(|(nanos, text)| moment::since_1970(&text, nanos).kept()),
            kind: None,
        });
    }
    let text = value("body").or_else(|| value("stringValue"))?;
    let nanos = value("time_unix_nano").or_else(|| value("timeUnixNano"));
    let at = nanos.and_then(|text| Some(moment::since_1970(&text, text.parse().ok()?).kept()));
    Some(Record { text: one_line(&text), at, kind: None })
}

/// A record of Liberty, as the line that its messages.log would have
/// (<https://openliberty.io/docs/latest/log-trace-configuration.html>).
fn liberty(line: &str) -> Option<Record> {
    let value = |key| string(line, key);
    let text = value("message")?;
    let id = value("ibm_messageId").filter(|id| !text.starts_with(id.as_str()));
    let id = id.map(|id| format!("{id}: ")).unwrap_or_default();
    let level = value("loglevel").and_then(|level| level.chars().next()).unwrap_or('I');
    let when = value("ibm_datetime").unwrap_or_default();
    let thread = value("ibm_threadId").unwrap_or_else(|| "00000000".to_owned());
    let module = value("module").unwrap_or_else(|| "com.ibm.ws".to_owned());
    let text = format!("[{when}] {thread} {module} {level} {id}{}", one_line(&text));
    Some(Record { text, at: at(&when), kind: Some(LogKind::Liberty) })
}

/// The message of an event in the error log of a Notes client.
pub(super) fn client_event(line: &str) -> Option<Record> {
    let start = line.get(line.find("<CommonBaseEvent ")?..)?;
    let text = attribute(start, "msg")?;
    let at = attribute(start, "creationTime").and_then(|time| at(&time));
    Some(Record { text: one_line(&super::letters::plain(&text)), at, kind: Some(LogKind::ClientEvents) })
}

/// An event of Windows: its number, and its named values as `name: value`.
pub(super) fn windows_event(line: &str) -> Option<Record> {
    let start = line.get(line.find("<EventID")?..)?;
    let id = start.split_once('>')?.1.split('<').next()?.trim();
    let mut text = format!("EventCode={id}");
    for part in line.split("<Data Name=").skip(1).take(40) {
        let Some((name, rest)) = part.split_once('>') else { continue };
        let value = rest.split('<').next().unwrap_or_default();
        text = format!("{text} {}: {}", name.trim_matches(['"', '\'', '/', ' ']), one_line(value));
    }
    let at = line.split_once("SystemTime=").and_then(|(_, rest)| at(rest.trim_matches(['"', '\'']).get(..24)?));
    Some(Record { text, at, kind: Some(LogKind::WindowsEvents) })
}

fn at(text: &str) -> Option<WrittenTime> {
    moment::leading(text).map(|(at, _): (Moment<'_>, _)| at.kept())
}

fn one_line(text: &str) -> String {
    text.trim_end().replace(['\n', '\r', '\t'], " ")
}

/// The value of that attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// The text, or the number, of that key; to the end of the line if that is cut.
fn string(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{key}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let Some(text) = rest.strip_prefix('"') else {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return Some(digits).filter(|digits| !digits.is_empty());
    };
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => value.extend(escaped(&mut characters)),
            c => value.push(c),
        }
    }
    Some(value)
}

/// The character that stands behind a backslash (RFC 8259, 7).
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
    match rest.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'b' | 'f' => Some(' '),
        'u' => {
            let code: String = rest.by_ref().take(4).collect();
            char::from_u32(u32::from_str_radix(&code, 16).ok()?)
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::{client_event, json, windows_event};
    use proptest::prelude::*;

    #[test]
    fn what_a_record_holds() {
        let docker =
            r#"{"log":"[ERROR   ] CWPKI0022E: a \"b\"\n","stream":"stdout","time":"2016-06-07T21:01:00.502562079Z"}"#;
        let found = json(docker).unwrap();
        assert_eq!(found.text, "[ERROR   ] CWPKI0022E: a \"b\"");
        assert_eq!(found.at.unwrap().time.to_string(), "2016-06-07T21:01:00.502Z");
        let journal = r#"{"MESSAGE":"AH02261: x","_SOURCE_REALTIME_TIMESTAMP":"1574208045238834"}"#;
        assert_eq!(json(journal).unwrap().at.unwrap().time.to_string(), "2019-11-20T00:00:45.238Z");
        let telemetry = r#"{"body":"HTTP Server: Started","time_unix_nano":1574208045238834000}"#;
        assert_eq!(json(telemetry).unwrap().text, "HTTP Server: Started");
        let liberty = r#"{"type":"liberty_message","ibm_datetime":"2024-01-25T07:27:34.650+0100","ibm_messageId":"CWWKS4001I","loglevel":"INFO","module":"com.ibm.A","message":"CWWKS4001I: x","ibm_threadId":"000000cb"}"#;
        assert_eq!(json(liberty).unwrap().text, "[2024-01-25T07:27:34.650+0100] 000000cb com.ibm.A I CWWKS4001I: x");
        assert_eq!(json(r#"{"other":1}"#), None);
        let cut = json(r#"{"log":"half a line \u00e4"#).unwrap();
        assert_eq!(cut.text, "half a line ä");
    }

    #[test]
    fn events_in_xml() {
        let line = r#"<CommonBaseEvent creationTime="2008-02-24T12:48:29.850-08:00" msg="CLFMW0029E: failed &quot;x&quot;" version="1.0.1">"#;
        let found = client_event(line).unwrap();
        assert_eq!(found.text, "CLFMW0029E: failed \"x\"");
        assert_eq!(found.at.unwrap().time.to_string(), "2008-02-24T20:48:29.850Z");
        let line = "<Event><System><EventID>4625</EventID><TimeCreated SystemTime='2024-01-25T06:27:34.650123400Z'/></System>\
                    <EventData><Data Name='TargetUserName'>ann</Data><Data Name='SubStatus'>0xc000006a</Data></EventData></Event>";
        let found = windows_event(line).unwrap();
        assert_eq!(found.text, "EventCode=4625 TargetUserName: ann SubStatus: 0xc000006a");
    }

    proptest! {
        #[test]
        fn any_text(text in any::<String>()) {
            for line in [format!("{{\"log\":\"{text}"), format!("<CommonBaseEvent msg=\"{text}"), format!("<EventID{text}")] {
                let _ = (json(&line), client_event(&line), windows_event(&line));
            }
        }
    }
}
