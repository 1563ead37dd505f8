//! Times of day, as servers of all countries write them.

use super::scan::Scan;
use jiff::civil::Time;

/// Words for the halves of the day, in lower case, and whether the second one is meant.
const HALVES: [(&str, bool); 10] = [
    ("am", false),
    ("pm", true),
    ("a.m.", false),
    ("p.m.", true),
    ("오전", false),
    ("오후", true),
    ("上午", false),
    ("下午", true),
    ("vorm.", false),
    ("nachm.", true),
];

/// A time of day as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenClock {
    /// On a clock of twenty-four hours.
    pub time: Time,
    /// Points stand between its parts.
    pub points: bool,
}

/// The time of day at which the text begins: `18:08:43:660`, `7.05.04:065`, `06:08:43.09 PM`, `07 H 05 min 04 s:065`.
/// The text is read up to behind it.
pub(super) fn written(scan: &mut Scan<'_>) -> Option<WrittenClock> {
    let mut here = *scan;
    let before = half(&mut here);
    let _ = here.blanks();
    let hour = here.number(2)?;
    let french = here.word(" h ");
    let sign = if french { ':' } else { here.any(&[':', '.'])? };
    let minute = here.number(2).filter(|part| part.len() == 2)?;
    let follows = if french { here.word(" min ") } else { here.any(&[sign]).is_some() };
    let second = here.number(2).filter(|part| follows && part.len() == 2)?;
    let _ = french && here.word(" s");
    let mut behind = here;
    let fraction = behind.any(&[':', '.', ',']).and_then(|_| behind.number(9));
    if fraction.is_some() {
        here = behind;
    }
    let nanos = fraction.map_or(Some(0), |digits| format!("{:0<9}", digits.0).parse::<i32>().ok())?;
    let mut afterwards = here;
    let _ = afterwards.blanks();
    let after = half(&mut afterwards);
    if after.is_some() {
        here = afterwards;
    }
    let small = |value: i32| i8::try_from(value).ok();
    let time = Time::new(small(hour.value())?, small(minute.value())?, small(second.value())?, nanos).ok()?;
    let time = before.or(after).map_or(Some(time), |afternoon| twelve_hour(time, afternoon))?;
    *scan = here;
    Some(WrittenClock { time, points: sign == '.' })
}

/// A word for a half of the day, that no letter follows.
fn half(scan: &mut Scan<'_>) -> Option<bool> {
    HALVES.iter().find_map(|(word, afternoon)| {
        let mut here = *scan;
        let found = here.word(word) && !here.0.starts_with(|c: char| c.is_alphanumeric());
        if found {
            *scan = here;
        }
        found.then_some(*afternoon)
    })
}

/// A time of a clock of twelve hours as one of twenty-four.
fn twelve_hour(time: Time, afternoon: bool) -> Option<Time> {
    let hour = match (time.hour(), afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (hour @ 1..=11, true) => hour.checked_add(12)?,
        (hour @ 1..=11, false) => hour,
        _ => return None,
    };
    Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Scan, written};

    #[test]
    fn times_of_day() {
        for (text, shown, rest) in [
            ("18:08:43:660 GMT", "18:08:43.66", " GMT"),
            ("8:48:18.272", "08:48:18.272", ""),
            ("06:08:43 PM  x", "18:08:43", "  x"),
            ("12:00:00 AM", "00:00:00", ""),
            ("12:00:00 pm", "12:00:00", ""),
            ("09:10:50.09 AM SSL", "09:10:50.09", " SSL"),
            ("18:57:18,07 SSL", "18:57:18.07", " SSL"),
            ("7.05.04:065 CET", "07:05:04.065", " CET"),
            ("07 H 05 min 04 s:065 CET", "07:05:04.065", " CET"),
            ("오후 3:26:11", "15:26:11", ""),
            ("06:08:43 pmx", "06:08:43", " pmx"),
            ("1:01:01:", "01:01:01", ":"),
        ] {
            let mut scan = Scan(text);
            assert_eq!(written(&mut scan).expect(text).time.to_string(), shown, "{text}");
            assert_eq!(scan.0, rest, "{text}");
        }
        for text in ["", "18", "18:08", "24:00:00", "1:60:00", "a:b:c", "99999:1:1", "13:00:00 PM", "1:1:1"] {
            assert_eq!(written(&mut Scan(text)), None, "{text}");
        }
    }
}
