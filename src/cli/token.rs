//! `nrpcsniff token [TOKEN|-]`.

use super::appearance::appearance;
use super::args::{Format, TokenArgs};
use super::config::{self, Config};
use super::exit::ExitStatus;
use super::plan::time;
use super::{keys, output};
use crate::model::Timestamp;
use crate::report::escape;
use crate::report::talk::say;
use crate::report::token::{TokenSubject, explain, json};
use anyhow::{Context, Result, bail, ensure};
use clap::ColorChoice;
use nrpcsniff_dissectors::ltpa::Token;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// Largest input that is read, in bytes.
const LIMIT: u64 = 16 << 20;
/// Longest name of a cookie: a longer one may be a token, and names are shown.
const MAX_NAME: usize = 64;
/// Headers that people paste with their names.
const HEADERS: [&str; 4] = ["set-cookie:", "cookie:", "set-cookie2:", "cookie2:"];

/// Explains each token of the argument, of a file or of stdin. Without --now the clock of this machine judges, as a
/// pasted token has no packet time.
pub(super) fn print(args: &TokenArgs, config: (Option<&Path>, bool), color: ColorChoice) -> Result<ExitStatus> {
    let Config { keys: named, .. } = config::load(config.0, config.1)?;
    let keys = keys::load(&named.and(&args.keys))?;
    let given = args.now.as_deref().map(time).transpose()?;
    let now = match given {
        Some(now) => now,
        None => clock()?,
    };
    let text = input(args)?;
    let found = tokens(&text)?;
    let (color, width) = appearance(color, false);
    output::write(None, |out| {
        for (index, (name, token)) in found.iter().enumerate() {
            let (name, now_given) = (name.as_deref(), given.is_some());
            let subject = TokenSubject { name, token, now, now_given, keys: &keys, show_secrets: args.show_secrets };
            if args.format != Format::Table {
                json(&subject, out)?;
                continue;
            }
            if index > 0 {
                writeln!(out, "\n")?;
            }
            explain(&subject, color, width, out)?;
        }
        Ok(())
    })?;
    Ok(ExitStatus::Done)
}

fn clock() -> Result<Timestamp> {
    let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).context("the clock of this machine is wrong")?;
    Ok(Timestamp::new(now, 0))
}

/// Text that was pasted, piped or kept in a file.
fn input(args: &TokenArgs) -> Result<String> {
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
        (several, _) => Ok(pasted(several)),
    }
}

/// One a line; a header that was pasted without quotes is one.
fn pasted(words: &[String]) -> String {
    let is_header = words.first().is_some_and(|word| HEADERS.contains(&word.to_ascii_lowercase().as_str()));
    words.join(if is_header { " " } else { "\n" })
}

fn read(from: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes).context("cannot be read")?;
    ensure!(u64::try_from(bytes.len())? <= LIMIT, "more than 16 MiB are no list of tokens");
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The tokens of each line, with the names of their cookies.
fn tokens(text: &str) -> Result<Vec<(Option<String>, Token)>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    if lines.peek().is_none() {
        return Ok(vec![(None, Token::read(None, ""))]);
    }
    let (mut all, mut without) = (Vec::new(), Vec::new());
    for line in lines {
        match in_line(line) {
            Ok(found) => all.extend(found),
            Err(error) => without.push(error),
        }
    }
    match (all.is_empty(), without) {
        (true, without) => without.into_iter().next().map_or(Ok(all), Err),
        (false, without) => {
            for error in &without {
                say(&error.to_string());
            }
            Ok(all)
        }
    }
}

/// A bare value, `NAME=VALUE`, or the pairs of a Cookie or Set-Cookie header. A pair that stands alone is taken for a token
/// whatever its name is.
fn in_line(line: &str) -> Result<Vec<(Option<String>, Token)>> {
    let line = line.trim();
    let header =
        HEADERS.iter().find(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
    let content = header.and_then(|name| line.get(name.len()..)).unwrap_or(line).trim();
    let pairs: Vec<_> = content.split(';').map(str::trim).filter(|part| !part.is_empty()).map(pair).collect();
    let known: Vec<_> = pairs
        .iter()
        .filter_map(|&(name, value)| Some((Some(name?.to_owned()), Token::in_cookie(name?, value)?)))
        .collect();
    match pairs.first() {
        _ if !known.is_empty() => Ok(known),
        Some(&(name, value)) if pairs.len() == 1 || (header.is_none() && name.is_none()) => {
            Ok(vec![(name.map(str::to_owned), Token::read(name, value))])
        }
        None => Ok(vec![(None, Token::read(None, ""))]),
        Some(_) => {
            let names: Vec<_> = pairs.iter().take(10).filter_map(|(name, _)| *name).collect();
            bail!("none of these cookies is an LTPA token: {}", escape::terminal(&names.join(", ")))
        }
    }
}

/// Name and value, or a value alone: base64 may end in `=`, too.
fn pair(part: &str) -> (Option<&str>, &str) {
    let Some((name, value)) = part.split_once('=') else { return (None, part) };
    let name = name.trim();
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_token_byte);
    let only_padding = value.bytes().all(|byte| byte == b'=') && Token::in_cookie(name, "").is_none();
    if is_name && !only_padding { (Some(name), value.trim()) } else { (None, part) }
}

/// Bytes of a cookie's name (RFC 6265 section 4.1.1, RFC 7230 section 3.2.6).
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use nrpcsniff_dissectors::ltpa::Class;

    /// A public constant of another project's unit tests (github.com/markusberg/ltpa).
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";

    fn read(text: &str) -> Vec<(Option<String>, Class)> {
        tokens(text).unwrap().into_iter().map(|(name, token)| (name, token.class)).collect()
    }

    fn one(text: &str) -> (Option<String>, Class) {
        let mut list = read(text);
        assert_eq!(list.len(), 1, "{text}");
        list.remove(0)
    }

    #[test]
    fn values_are_read_however_they_were_pasted() {
        let named = |name: &str| (Some(name.to_owned()), Class::Domino);
        for text in [DOMINO.to_owned(), format!("\"{DOMINO}\""), format!("  {DOMINO}\r\n"), DOMINO.replace('=', "")] {
            assert_eq!(one(&text), (None, Class::Domino), "{text}");
        }
        for text in [
            format!("LtpaToken={DOMINO}"),
            format!("Cookie: LtpaToken=\"{DOMINO}\""),
            format!("cookie:a=b; LtpaToken={DOMINO}; c=d"),
            format!("Set-Cookie: LtpaToken={DOMINO}; Domain=.acme.example; Path=/; HttpOnly"),
            format!("LtpaToken={DOMINO}; Path=/"),
        ] {
            assert_eq!(one(&text), named("LtpaToken"), "{text}");
        }
        assert_eq!(one(&format!("Cookie: x=1; AcmeSSO={DOMINO}")), named("AcmeSSO"));
    }

    #[test]
    fn words_and_nothing() {
        let token = |class| (Some("LtpaToken".to_owned()), class);
        assert_eq!(one("Cookie: LtpaToken=\"undefined\""), token(Class::Undefined));
        assert_eq!(one("LtpaToken="), token(Class::Empty));
        assert_eq!(one("Set-Cookie: LtpaToken=; Max-Age=0"), token(Class::Empty));
        assert_eq!(one("Cookie:"), (None, Class::Empty));
        assert_eq!(one(""), (None, Class::Empty));
        assert_eq!(one(" \n \n"), (None, Class::Empty));
        assert_eq!(one("undefined; Path=/"), (None, Class::Undefined));
    }

    #[test]
    fn padding_is_no_pair() {
        assert_eq!(pair("QUJDRA=="), (None, "QUJDRA=="));
        assert_eq!(pair("QUJDREU="), (None, "QUJDREU="));
        assert_eq!(pair("LtpaToken2="), (Some("LtpaToken2"), ""));
        assert_eq!(pair("a = b=c"), (Some("a"), "b=c"));
        assert_eq!(pair("x/y=z"), (None, "x/y=z"));
        assert_eq!(pair("=z"), (None, "=z"));
        assert_eq!(pair(&format!("{}=z", "A".repeat(65))).0, None, "no name that may be a token is shown");
    }

    #[test]
    fn a_header_without_quotes_is_one_line() {
        let words = |words: &[&str]| pasted(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["Cookie:", "LtpaToken=x"]), "Cookie: LtpaToken=x");
        assert_eq!(words(&["one", "two"]), "one\ntwo");
        assert_eq!(words(&[""]), "");
    }

    #[test]
    fn one_line_one_token() {
        let list = read(&format!("{DOMINO}\n\nLtpaToken2=undefined\nCookie: a=b; c=d\n"));
        assert_eq!(list, [(None, Class::Domino), (Some("LtpaToken2".into()), Class::Undefined)]);
        assert_eq!(read(&format!("Cookie: LtpaToken={DOMINO}; LtpaToken2=null")).len(), 2);
    }

    #[test]
    fn other_cookies_alone_are_an_error_that_shows_no_values() {
        let error = tokens("Cookie: JSESSIONID=secret; b=hidden").unwrap_err().to_string();
        assert!(error.contains("JSESSIONID, b") && !error.contains("secret") && !error.contains("hidden"), "{error}");
        assert!(read("JSESSIONID=0000abc").len() == 1, "a pair alone is explained whatever its name");
    }
}
