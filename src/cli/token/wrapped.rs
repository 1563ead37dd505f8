//! Lines that a terminal, a mail or a form wrapped, put together again.

use super::line::is_cookie;
use super::scan;
use nrpcsniff_dissectors::jwt::Jwt;
use nrpcsniff_dissectors::ltpa::Token;

/// Characters of the shortest value that was wrapped and has no name.
const NARROW: usize = 40;
/// Lines of which a value may be put together: 16 KiB in lines of 64 characters.
const MOST: usize = 256;

/// The lines of a text, without the marks of quoted mail and of `curl -v`, values that were wrapped in one piece.
pub(super) fn joined(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(bare).collect();
    let mut all: Vec<String> = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((&line, behind)) = rest.split_first() {
        rest = behind;
        if let Some(header) = all.last_mut().filter(|header| is_folded(line) && is_cookie(header)) {
            unfold(header, line.trim());
            continue;
        }
        let run = run(line, behind);
        rest = rest.get(run.len()..).unwrap_or_default();
        match whole(line, run) {
            Some(whole) => all.push(whole),
            // Nor is any shorter run of these lines tried: that would take the square of the time.
            None => all.extend(std::iter::once(&line).chain(run).map(|line| line.trim_end().to_owned())),
        }
    }
    all
}

/// Without marks in front.
fn bare(line: &str) -> &str {
    let mut line = line;
    while let Some(rest) = ["> ", "< ", "| "].iter().find_map(|mark| line.strip_prefix(mark)) {
        line = rest;
    }
    line
}

/// A line that goes on with a header (RFC 9112 section 5.2).
fn is_folded(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

/// Between pairs a blank; inside of a value nothing, since there it was folded by what knows no values.
fn unfold(header: &mut String, line: &str) {
    if header.trim_end().ends_with(';') {
        header.push(' ');
    }
    header.push_str(line);
}

/// The line with those behind it, if together they are a token.
fn whole(line: &str, run: &[&str]) -> Option<String> {
    let (line, run) = (line.trim_end(), run.iter().map(|line| line.trim()));
    // Behind the value further pairs may stand.
    let value = run.clone().map(|line| line.split(';').next().unwrap_or_default());
    let value: String = std::iter::once(last_value(line)).chain(value).collect();
    (run.len() > 0 && is_token(&value)).then(|| std::iter::once(line).chain(run).collect())
}

/// Lines behind `line` that may go on with its value: as wide as each other but for the last.
fn run<'l, 'a>(line: &str, behind: &'l [&'a str]) -> &'l [&'a str] {
    let line = line.trim_end();
    let value = last_value(line);
    // The last character of a value may stand alone, too.
    let is_end = |at: usize| behind.get(at).is_some_and(|line| line.trim() == "=");
    if value.ends_with('=') && is_end(0) {
        return behind.get(..1).unwrap_or_default();
    }
    let is_name_alone = value.is_empty() && line.ends_with('=');
    let is_named =
        || line.strip_suffix(value).is_some_and(|name| name.ends_with('=') && scan::is_known(last_word(name)));
    let is_open = value.len() >= NARROW || is_name_alone || is_named();
    if !is_open || is_whole_jwt(value) || value.ends_with('=') || !value.bytes().all(is_base64) {
        return &[];
    }
    let mut count = 0_usize;
    let width = behind.first().map_or(0, |line| line.trim().len());
    for line in behind.iter().take(MOST).map(|line| line.trim()) {
        let value = line.split(';').next().unwrap_or_default();
        // Behind a name that stands alone the value begins.
        let begins = count == 0 && is_name_alone && value.trim_end_matches('=').bytes().all(is_base64);
        if !begins && !is_rest(value) || line.len() > width {
            break;
        }
        count = count.saturating_add(1);
        if value.ends_with('=') && is_end(count) {
            count = count.saturating_add(1);
        }
        if line.len() < width || value.len() < line.len() || value.ends_with('=') {
            break;
        }
    }
    behind.get(..count).unwrap_or_default()
}

/// What may be the rest of a value: base64 that does not begin or make a token of its own.
fn is_rest(text: &str) -> bool {
    let text = text.trim();
    let is_base64 = !text.is_empty() && text.trim_end_matches('=').bytes().all(is_base64);
    let token = || Token::read(None, text);
    let begins = ["AAECA", "eyJhbGci"].iter().any(|start| text.starts_with(start));
    is_base64 && !begins && !scan::is_known(text) && !token().class.is_genuine() && !token().class.is_word()
}

/// The name in front of an equals sign.
fn last_word(name: &str) -> &str {
    name.trim_end_matches('=').rsplit([';', ' ', ':']).next().unwrap_or_default()
}

/// The value at the end of a line of headers, pairs or values.
fn last_value(line: &str) -> &str {
    let part = line.rsplit([';', ' ', ':']).next().unwrap_or_default();
    match part.split_once('=') {
        // Base64 ends in `=`, too.
        Some((name, value)) if scan::is_known(name) || name.len() < NARROW && !value.bytes().all(|b| b == b'=') => {
            value
        }
        _ => part,
    }
}

fn is_token(value: &str) -> bool {
    Jwt::read(value).is_some() || Token::read(None, value).class.is_genuine()
}

/// Its signature is as long as those of an algorithm are: with SHA-2 and a shared key, of elliptic curves, and of RSA (RFC 7518
/// section 3), in characters.
fn is_whole_jwt(value: &str) -> bool {
    let signature = value.rsplit('.').next().unwrap_or_default().len();
    [43, 64, 86, 128, 176, 342, 512, 683].contains(&signature) && Jwt::read(value).is_some()
}

/// Of base64 in both alphabets, and the dots of a JWT.
const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'.' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made of a public constant of another project's unit tests (github.com/markusberg/ltpa): a longer name.
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZDTj1NeSBWZXJ5IExvbmcgVGVzdCBVc2VyL09VPVNhbGVzL09VPUV1cm9wZS9PPUFjbWVjcHMKyXIrtD4SZcV7DKWd67EFng==";
    const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1aWQ9YW5uYSxvPWV4YW1wbGUiLCJpc3MiOiJzYW1ldGltZSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwfQ.LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE";

    /// Wrapped at that width.
    fn wrap(text: &str, width: usize) -> String {
        let chars: Vec<char> = text.chars().collect();
        chars.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_are_one_piece_again_at_any_width() {
        for token in [DOMINO, JWT] {
            // From the width of PEM on.
            for text in [token.to_owned(), format!("LtpaToken={token}"), format!("Cookie: a=b; LtpaToken={token}")] {
                for width in 64..text.len() {
                    assert_eq!(joined(&wrap(&text, width)), [text.as_str()], "{width}");
                }
            }
            // Narrower where a name says what it is; pairs behind the value may stay apart.
            for text in [format!("LtpaToken={token}"), format!("Cookie: a=b; LtpaToken={token}; c=d")] {
                for width in 24..64 {
                    let lines = wrap(&text, width);
                    assert!(joined(&lines.replace('\n', "\n> "))[0].contains(token), "{width}");
                    let indented: Vec<String> = lines.lines().map(|line| format!("   {line}")).collect();
                    assert!(joined(&indented.join("\n"))[0].contains(token), "{width}");
                }
            }
            let after_name = format!("LtpaToken=\n{}\nAccept: */*", wrap(token, 64));
            assert_eq!(joined(&after_name), [format!("LtpaToken={token}"), "Accept: */*".to_owned()]);
        }
    }

    #[test]
    fn folded_headers() {
        let folded = format!("Cookie: a=b;\n c=d; LtpaToken={}\n\t{}; e=f\nHost: x", &DOMINO[..70], &DOMINO[70..]);
        assert_eq!(joined(&folded), [format!("Cookie: a=b; c=d; LtpaToken={DOMINO}; e=f"), "Host: x".to_owned()]);
    }

    #[test]
    fn what_belongs_apart_stays_apart() {
        for text in [
            format!("{DOMINO}\n{DOMINO}\nundefined\nQUJDREVGR0g="),
            format!("{JWT}\n{JWT}\nabc"),
            "one\ntwo\nthree".to_owned(),
            format!("{}\n\n{}", &DOMINO[..64], &DOMINO[64..]),
        ] {
            assert_eq!(joined(&text), text.lines().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn marks_of_mail_and_of_curl() {
        assert_eq!(joined("> > Cookie: a=b\n< Set-Cookie: c=d"), ["Cookie: a=b", "Set-Cookie: c=d"]);
    }
}
