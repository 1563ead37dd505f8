//! The beginning of a line: when it was written, and whose form that is.

use super::date::{self, DateOrder};
use super::zone::{Zone, zone};
use crate::model::{LogKind, Span, WrittenTime};

/// A line that begins with a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StampedLine<'l> {
    /// The kind of log that writes times in this form.
    pub kind: LogKind,
    /// The time.
    pub at: WrittenTime,
    /// What its date says of the order of day and month.
    pub order: DateOrder,
    /// Name of a zone that may be one of several, or is not known.
    pub open_zone: Option<&'l str>,
    /// The text behind the time.
    pub message: &'l str,
}

/// A time in brackets is no longer than this.
const LONGEST: usize = 64;
/// Reads the beginning of a line; nothing if there is no time in a known form.
pub(super) fn stamped(line: &str) -> Option<StampedLine<'_>> {
    match line.bytes().next()? {
        b'[' => websphere(line).or_else(|| domino(line)),
        byte if byte.is_ascii_digit() => stusers(line).or_else(|| domino(line)),
        _ => None,
    }
}

/// `101117_095933.869,INF,Users   ,text`: year, month, day; hours, minutes, seconds, milliseconds; no zone.
fn stusers(line: &str) -> Option<StampedLine<'_>> {
    let mut parts = line.splitn(4, ',');
    let (time, level, module, message) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (day, of_day) = time.split_once('_').filter(|(day, _)| day.len() == 6)?;
    let pair = |text: &str, at: usize| text.get(at..at.saturating_add(2)).map(str::to_owned);
    let (clock, fraction) = of_day.split_once('.').filter(|(clock, _)| clock.len() == 6)?;
    let date = date::date(&format!("20{}-{}-{}", pair(day, 0)?, pair(day, 2)?, pair(day, 4)?))?;
    let time = date::time(&format!("{}:{}:{}.{fraction}", pair(clock, 0)?, pair(clock, 2)?, pair(clock, 4)?))?;
    let sane = (1..=8).contains(&level.trim().len()) && module.len() <= 32;
    let time = date::timestamp(date.date, time).filter(|_| sane)?;
    let at = WrittenTime { text: line.split(',').next()?.to_owned(), time, swapped: None, zoned: false };
    Some(StampedLine { kind: LogKind::Stusers, at, order: DateOrder::Plain, open_zone: None, message })
}

/// `[2/11/14 18:08:43:660 GMT] 000000a7 LdapPasswordS I   text`, or with an ISO 8601 time.
fn websphere(line: &str) -> Option<StampedLine<'_>> {
    let (inside, rest) = line.strip_prefix('[')?.split_once(']').filter(|(inside, _)| inside.len() <= LONGEST)?;
    let rest = rest.trim_start();
    let mut words = rest.split_whitespace();
    let thread = words.next().unwrap_or_default();
    let is_thread = (4..=16).contains(&thread.len()) && thread.bytes().all(|byte| byte.is_ascii_hexdigit());
    let logger = words.next().unwrap_or_default();
    let kind = if is_thread && logger.contains('.') { LogKind::Liberty } else { LogKind::Systemout };
    let moment = Moment::read(inside)?;
    moment.stamped(kind, inside, rest)
}

/// `[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  text`, or without process and thread; no zone.
fn domino(line: &str) -> Option<StampedLine<'_>> {
    let bare = thread_id(line).map_or(line, |id| line.get(id.len()..).unwrap_or_default().trim_start());
    let mut end = 0_usize;
    let mut words = bare.split_inclusive(char::is_whitespace);
    let mut next = |words: &mut dyn Iterator<Item = &str>| {
        let word = words.next()?;
        end = end.saturating_add(word.len());
        Some((word.trim_end().to_owned(), end))
    };
    let (day, _) = next(&mut words)?;
    let (clock, mut end) = next(&mut words)?;
    let mut written = format!("{day} {clock}");
    if let Some((word, after)) = next(&mut words).filter(|(word, _)| is_half(word)) {
        (written, end) = (format!("{written} {word}"), after);
    }
    let message = bare.get(end..).unwrap_or_default().trim_start();
    let moment = Moment::read(&written)?;
    let mut stamped = moment.stamped(LogKind::DominoConsole, "", message)?;
    stamped.at.text = written;
    Some(stamped)
}

/// Process, virtual and native thread in front of a Domino console line: `[0A3C:0002-0B10]`.
pub(super) fn thread_id(line: &str) -> Option<&str> {
    let end = line.find(']').filter(|end| (9..=40).contains(end))?;
    let inside = line.get(1..end).filter(|_| line.starts_with('['))?;
    let sane = inside.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-'));
    (sane && inside.contains(':') && inside.contains('-')).then(|| line.get(..=end)).flatten()
}

fn is_half(word: &str) -> bool {
    word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm")
}

/// Date, time of day and zone, read but not put together.
struct Moment {
    date: date::AmbiguousDate,
    time: jiff::civil::Time,
    zone: Option<String>,
}

impl Moment {
    /// `2/11/14 18:08:43:660 GMT`, `2019-01-22T08:48:18.272+0000`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let iso = text.as_bytes().get(10) == Some(&b'T') && text.is_char_boundary(10);
        let (day, rest) = if iso { (text.get(..10)?, text.get(11..)?) } else { text.split_once(' ')? };
        let rest = rest.trim();
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
        let (clock, rest) = rest.split_at_checked(end)?;
        let (mut time, mut zone) = (date::time(clock)?, rest.trim());
        if let Some(half) = zone.split_whitespace().next().filter(|word| is_half(word)) {
            time = date::twelve_hour(time, half.eq_ignore_ascii_case("pm"))?;
            zone = zone.get(half.len()..).unwrap_or_default().trim();
        }
        let zone = Some(zone).filter(|zone| !zone.is_empty()).map(str::to_owned);
        Some(Self { date: date::date(day)?, time, zone })
    }

    fn stamped<'l>(&self, kind: LogKind, written: &'l str, message: &'l str) -> Option<StampedLine<'l>> {
        let east = match self.zone.as_deref().map(zone) {
            Some(Zone::Known(seconds)) => Some(Span::from_secs(seconds.into())),
            _ => None,
        };
        let place = |date| Some(date::timestamp(date, self.time)?.minus(east.unwrap_or_default()));
        let at = WrittenTime {
            text: written.to_owned(),
            time: place(self.date.date)?,
            swapped: self.date.other.and_then(place),
            zoned: east.is_some(),
        };
        let open = self.zone.as_ref().filter(|_| east.is_none());
        let open_zone =
            open.and_then(|zone| written.rfind(zone.as_str()).and_then(|at| written.get(at..))).map(str::trim);
        Some(StampedLine { kind, at, order: self.date.order, open_zone, message })
    }
}

#[cfg(test)]
mod tests {
    use super::{stamped, thread_id};
    use crate::logs::date::DateOrder;
    use crate::model::LogKind;

    #[test]
    fn every_form_of_every_kind() {
        for (line, kind, utc, zoned, message) in [
            (
                "101117_095933.869,FTL,LDAP Aut,token, gone",
                LogKind::Stusers,
                "2010-11-17T09:59:33.869Z",
                false,
                "token, gone",
            ),
            (
                "[2/22/14 18:08:43:660 GMT] 000000a7 SIPDigestServ E   x",
                LogKind::Systemout,
                "2014-02-22T18:08:43.660Z",
                true,
                "000000a7 SIPDigestServ E   x",
            ),
            (
                "[22.02.14 18:08:43:660 MEZ] 000000a7 X W y",
                LogKind::Systemout,
                "2014-02-22T17:08:43.660Z",
                true,
                "000000a7 X W y",
            ),
            (
                "[2/22/14 6:08:43:660 PM EST] 000000a7 X W y",
                LogKind::Systemout,
                "2014-02-22T23:08:43.660Z",
                true,
                "000000a7 X W y",
            ),
            (
                "[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.a.B I CWWKS4001I: z",
                LogKind::Liberty,
                "2019-01-22T08:48:18.272Z",
                true,
                "000000ba com.ibm.ws.a.B I CWWKS4001I: z",
            ),
            (
                "[2019-01-22T08:48:18.272+0100] 000000ba com.a.B I z",
                LogKind::Liberty,
                "2019-01-22T07:48:18.272Z",
                true,
                "000000ba com.a.B I z",
            ),
            (
                "[0A3C:0002-0B10] 02/22/2014 06:08:43 PM  HTTP: x",
                LogKind::DominoConsole,
                "2014-02-22T18:08:43.000Z",
                false,
                "HTTP: x",
            ),
            ("22.02.2014 18:08:43   HTTP: x", LogKind::DominoConsole, "2014-02-22T18:08:43.000Z", false, "HTTP: x"),
            (
                "[2/22/14 18:08:43:660 XYZ] 000000a7 X W y",
                LogKind::Systemout,
                "2014-02-22T18:08:43.660Z",
                false,
                "000000a7 X W y",
            ),
            ("[2/22/14 18:08:43:660] x", LogKind::Systemout, "2014-02-22T18:08:43.660Z", false, "x"),
        ] {
            let found = stamped(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.kind, found.at.zoned, found.message), (kind, zoned, message), "{line}");
            assert_eq!(found.at.time.to_string(), utc, "{line}");
        }
    }

    #[test]
    fn open_questions_are_kept() {
        let found = stamped("[2/11/14 18:08:43:660 CST] 000000a7 X W y").unwrap();
        assert_eq!((found.order, found.open_zone), (DateOrder::Either, Some("CST")));
        assert_eq!(found.at.swapped.unwrap().to_string(), "2014-11-02T18:08:43.660Z");
    }

    #[test]
    fn other_lines_have_no_time() {
        for line in [
            "",
            "[",
            "[]",
            "[x] y",
            "101117_095933,INF,Users,x",
            "101317_095933.869,INF,Users,x",
            "101117_095933.869",
            "101117_095933.8é9,INF,Users,x",
            "1011é7_095933.869,INF,Users,x",
            "[2/30/14 18:08:43:660 GMT] x",
            "[Tue Apr 22 18:08:43 2025] [error] x",
            "Using address '10.1.0.9' for Mail01/Acme on TCPIP",
            "12 o'clock",
        ] {
            assert_eq!(stamped(line), None, "{line}");
        }
        assert_eq!(thread_id("[0A3C:0002-0B10] x"), Some("[0A3C:0002-0B10]"));
        assert_eq!(thread_id("[nonsense-x:y] x"), None);
    }
}
