//! Where the text comes from: arguments, a file, stdin.

use super::super::args::TokenArgs;
use super::line::{is_header, is_scheme};
use crate::report::escape;
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::{self, IsTerminal, Read};

/// Largest input that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// Text that was pasted, piped or kept in a file.
pub(super) fn text(args: &TokenArgs) -> Result<String> {
    match (args.token.as_slice(), &args.file) {
        (_, Some(path)) if path.as_os_str() != "-" => {
            let name = escape::path(path);
            let file = File::open(path).with_context(|| format!("{name}: cannot be read"))?;
            read(file).context(name)
        }
        ([], None) if io::stdin().is_terminal() => {
            bail!("give a token, a file (--file FILE) or pipe one in: nrpcsniff token --help has examples")
        }
        ([], _) => read(io::stdin()).context("stdin"),
        ([only], _) if only == "-" => read(io::stdin()).context("stdin"),
        (several, _) => Ok(typed(several)),
    }
}

/// One a line; a header that was typed without quotes is one.
fn typed(words: &[String]) -> String {
    let is_one = words.first().is_some_and(|word| is_header(word) || is_scheme(word));
    words.join(if is_one { " " } else { "\n" })
}

fn read(from: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes).context("cannot be read")?;
    ensure!(u64::try_from(bytes.len())? <= LIMIT, "more than 16 MiB are no list of tokens");
    Ok(decoded(&bytes))
}

/// UTF-16 where a byte order mark says so, else UTF-8; without the mark.
fn decoded(bytes: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).skip(1).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_quotes_is_one_line() {
        let words = |words: &[&str]| typed(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["Cookie:", "LtpaToken=x"]), "Cookie: LtpaToken=x");
        assert_eq!(words(&["Bearer", "eyJ"]), "Bearer eyJ");
        assert_eq!(words(&["one", "two"]), "one\ntwo");
        assert_eq!(words(&[""]), "");
    }

    #[test]
    fn marks_of_the_encoding_are_no_text() {
        let text = "LtpaToken=\u{201d}undefined\u{201d}";
        let wide = |unit: fn(u16) -> [u8; 2]| {
            ['\u{feff}'].into_iter().chain(text.chars()).flat_map(|c| unit(c as u16)).collect::<Vec<_>>()
        };
        assert_eq!(decoded(format!("\u{feff}{text}").as_bytes()), text);
        assert_eq!(decoded(&wide(u16::to_le_bytes)), text);
        assert_eq!(decoded(&wide(u16::to_be_bytes)), text);
        for end in 0..6 {
            let _ = (decoded(&wide(u16::to_le_bytes)[..end]), decoded(&"\u{feff}x".as_bytes()[..end.min(4)]));
        }
    }
}
