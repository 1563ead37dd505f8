//! Names of time zones, as Java writes them into logs.

/// The meaning of the name of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Known(i32),
    /// The name means several zones.
    Ambiguous,
    /// No zone of that name is known here.
    Unknown,
}

const HOUR: i32 = 3600;

/// Abbreviations and the zone that Java means by them, in quarters of an hour east of UTC. Where two parts of the world
/// share one, and both write logs, it stands in [`AMBIGUOUS`].
const NAMES: [(&str, i32); 46] = [
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 4),
    ("CET", 4),
    ("CEST", 8),
    ("MEZ", 4),
    ("MESZ", 8),
    ("SEČ", 4),
    ("SELČ", 8),
    ("OEZ", 8),
    ("OESZ", 12),
    ("EET", 8),
    ("EEST", 12),
    ("MSK", 12),
    ("SAST", 8),
    ("TRT", 12),
    ("GST", 16),
    ("PKT", 20),
    ("ICT", 28),
    ("WIB", 28),
    ("HKT", 32),
    ("SGT", 32),
    ("PHT", 32),
    ("AWST", 32),
    ("JST", 36),
    ("KST", 36),
    ("ACST", 38),
    ("ACDT", 42),
    ("AEST", 40),
    ("AEDT", 44),
    ("NZST", 48),
    ("NZDT", 52),
    ("EST", -20),
    ("EDT", -16),
    ("CDT", -20),
    ("MST", -28),
    ("MDT", -24),
    ("PST", -32),
    ("PDT", -28),
    ("AKST", -36),
    ("AKDT", -32),
    ("HST", -40),
    ("BRT", -12),
    ("NST", -14),
];

/// Central and China, India and Israel and Ireland, Britain and Bangladesh, Atlantic and Arabia, Amazon and Armenia.
const AMBIGUOUS: [&str; 6] = ["CST", "IST", "BST", "AST", "ADT", "AMT"];

/// Reads a zone: an abbreviation, or an offset such as `+0100`, `-05:30`, `GMT+1`, `UTC-05:00`.
pub(super) fn zone(text: &str) -> Zone {
    let text = text.trim();
    if AMBIGUOUS.iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return Zone::Ambiguous;
    }
    if let Some((_, quarters)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Zone::Known(quarters.saturating_mul(HOUR / 4));
    }
    let offset = text.strip_prefix("GMT").or_else(|| text.strip_prefix("UTC")).unwrap_or(text);
    numeric(offset).map_or(Zone::Unknown, Zone::Known)
}

/// `+1`, `+01`, `+0100`, `+01:00`.
fn numeric(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-" | "\u{2212}", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number =
        |text: &str| text.parse::<i32>().ok().filter(|_| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = hours.saturating_mul(HOUR).saturating_add(minutes.saturating_mul(60));
    (hours <= 14 && minutes < 60).then(|| seconds.saturating_mul(sign))
}

#[cfg(test)]
mod tests {
    use super::{AMBIGUOUS, NAMES, Zone, zone};

    #[test]
    fn names_and_offsets() {
        for (text, hours) in [
            ("GMT", 0.0),
            ("cest", 2.0),
            ("EST", -5.0),
            ("EDT", -4.0),
            ("ACST", 9.5),
            ("+0100", 1.0),
            ("-05:30", -5.5),
            ("GMT+1", 1.0),
            ("GMT+01:00", 1.0),
            ("UTC-3", -3.0),
            ("Z", 0.0),
        ] {
            assert_eq!(zone(text), Zone::Known((hours * 3600.0) as i32), "{text}");
        }
        for text in ["", "XYZ", "+", "+15", "+1:99", "12", "+a", "+-1", "GMT+", "–1"] {
            assert_eq!(zone(text), Zone::Unknown, "{text}");
        }
        assert_eq!(zone("IST"), Zone::Ambiguous);
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = NAMES.iter().map(|(name, _)| *name).chain(AMBIGUOUS).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
