//! Letters that other programs have as options.

/// What a letter behind a dash comes to.
pub(super) enum Letter {
    /// One of ours, or of nobody: clap knows.
    Ours,
    /// Changes nothing here: names are never looked up, packets are taken at once, everything is looked at.
    NoEffect,
    /// The same, with one of these words behind it.
    NoEffectWith(&'static [&'static str]),
    /// Has another name here. The sentence is made of the value that was given.
    Other(fn(&str) -> String),
}

/// How tshark shows times (`-t`); tcpdump repeats the letter instead.
const TIMES: &[&str] = &["a", "ad", "adoy", "d", "dd", "e", "r", "u", "ud", "udoy"];

/// What that letter comes to. `is_alone` if nothing else was typed.
pub(super) fn of(letter: char, is_alone: bool) -> Letter {
    match letter {
        'n' | 'l' | 'U' | '2' | 'e' | 'N' | 'S' | 'k' | 'P' | '#' => Letter::NoEffect,
        't' => Letter::NoEffectWith(TIMES),
        'Y' | 'R' => Letter::Other(display_filter),
        'T' => Letter::Other(shape),
        'z' => Letter::Other(|_| {
            "statistics are part of the report: --detail conversations lists who spoke with whom, --format json has every number"
                .to_owned()
        }),
        'F' => Letter::Other(|_| {
            "packets are written as pcapng (-w FILE); editcap -F makes other formats of it. A filter is given in words: \
             -f 'port 1352'"
                .to_owned()
        }),
        'C' => Letter::Other(|size| format!("the size of a file is --rotate-size {}M, beside -w", number(size, "100"))),
        'W' => Letter::Other(|files| format!("how many files stay is --keep {}, beside -w", number(files, "10"))),
        'G' => {
            Letter::Other(|time| format!("the next file begins with --rotate-time {}s, beside -w", number(time, "900")))
        }
        'Z' => Letter::Other(|user| {
            format!(
                "whom root becomes once interfaces are open is --user {}",
                if user.is_empty() { "NAME" } else { user }
            )
        }),
        'a' => Letter::Other(|condition| when(condition, "--duration", "it stops")),
        'b' => Letter::Other(|condition| when(condition, "--rotate-time", "the next file begins")),
        'A' | 'x' | 'X' | 'O' => Letter::Other(contents),
        'V' if !is_alone => Letter::Other(contents),
        'E' => Letter::Other(|_| "fields are taken out of JSON: --format json | jq".to_owned()),
        'I' => {
            Letter::Other(|_| "monitor mode is set before (iw dev wlan0 set type monitor), then -i wlan0".to_owned())
        }
        'L' | 'y' => Letter::Other(|_| "the link type is the interface's own, and every usual one is read".to_owned()),
        'Q' => Letter::Other(|_| {
            "both directions are needed to tell who hung up; -f 'host 10.1.2.3' narrows to one machine".to_owned()
        }),
        _ => Letter::Ours,
    }
}

fn display_filter(_: &str) -> String {
    "this takes capture filters, not Wireshark's display filters: -f 'tcp port 1352 and host 10.1.2.3', or jq over --format json"
        .to_owned()
}

fn shape(value: &str) -> String {
    let ours = match value {
        "json" | "jsonraw" | "pdml" | "psml" => "--format json",
        "ek" => "--format ndjson",
        "fields" => "--format json, and jq takes the fields",
        _ => "--format table, json or ndjson",
    };
    format!("the shape of the report is {ours}")
}

fn contents(_: &str) -> String {
    "bytes of packets are not printed, messages are: --detail messages (tshark -x -r FILE prints bytes)".to_owned()
}

/// `duration:60`, `filesize:1000` (in kB), `files:5`, `packets:100`, as dumpcap and tshark have them.
fn when(condition: &str, of_time: &str, what: &str) -> String {
    let (kind, value) = condition.split_once(':').unwrap_or((condition, ""));
    let ours = match kind {
        "duration" => format!("{of_time} {}s", number(value, "60")),
        "filesize" => format!("--rotate-size {}K", number(value, "102400")),
        "files" => format!("--keep {}", number(value, "10")),
        "packets" => format!("-c {}", number(value, "1000")),
        _ => format!("{of_time} 60s, --rotate-size 100M or --keep 10"),
    };
    format!("{what} with {ours}")
}

/// The number that was given, else an example.
fn number<'a>(value: &'a str, example: &'a str) -> &'a str {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) { value } else { example }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(letter: char, value: &str) -> String {
        let Letter::Other(answer) = of(letter, false) else { panic!("{letter} has no answer") };
        answer(value)
    }

    #[test]
    fn answers_hold_what_was_given() {
        for (letter, value, part) in [
            ('a', "duration:90", "--duration 90s"),
            ('a', "filesize:1000", "--rotate-size 1000K"),
            ('b', "duration:3600", "--rotate-time 3600s"),
            ('b', "files:5", "--keep 5"),
            ('b', "", "--rotate-time 60s"),
            ('C', "50", "--rotate-size 50M"),
            ('W', "eth0", "--keep 10"),
            ('G', "60", "--rotate-time 60s"),
            ('Z', "", "--user NAME"),
            ('T', "ek", "ndjson"),
            ('V', "", "--detail messages"),
        ] {
            assert!(answer(letter, value).contains(part), "{letter} {value}: {}", answer(letter, value));
        }
    }

    #[test]
    fn the_version_is_asked_for_by_its_letter_alone() {
        assert!(matches!(of('V', true), Letter::Ours));
    }
}
