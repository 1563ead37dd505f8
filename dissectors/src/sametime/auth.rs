//! How a login proves who it is. The layout of a token's data is not public, so tokens are sought in it by their
//! alphabet; passwords are never looked at.

use super::message::Auth;
use super::names;
use crate::ltpa::{Class, Token};
use crate::{Fields, Reading, Value};

/// Password in clear.
const PLAIN: u16 = 0;
/// Sign-on token.
pub(super) const TOKEN: u16 = 1;
/// Password under a key of 40 bits that travels with it.
const RC2_40: u16 = 2;
/// Password under a key that both sides agree on.
const RC2_128: u16 = 4;

/// Tokens kept of one login.
const MAX_TOKENS: usize = 8;
/// The shortest run of characters that is looked at as a token: a Domino token has 56 and more.
const MIN_RUN: usize = 40;
/// The longest text that is looked at as a word in place of a token, such as `undefined`.
const MAX_WORD: usize = 32;

impl Auth {
    /// The kind, where it is not in the capture.
    pub const UNSEEN: u16 = u16::MAX;

    /// The login carries a sign-on token.
    pub const fn is_token(&self) -> bool {
        self.kind == TOKEN
    }

    /// The login carries a password, in whatever wrapping.
    pub const fn is_password(&self) -> bool {
        matches!(self.kind, PLAIN | RC2_40 | RC2_128)
    }

    /// Name of the kind; `None` for one that is not public.
    pub fn name(&self) -> Option<&'static str> {
        names::auth(self.kind)
    }

    /// Why whoever reads the network can read the password too.
    pub const fn weakness(&self) -> Option<&'static str> {
        match self.kind {
            PLAIN => Some("the password is sent in clear"),
            RC2_40 => Some("the key is sent along with the password: as good as in clear"),
            _ => None,
        }
    }

    /// For people.
    pub(super) fn label(&self) -> String {
        let kind = match self.kind {
            Self::UNSEEN => return "with what is not in the capture".to_owned(),
            kind => names::auth(kind).map_or_else(|| format!("authentication type {kind}"), str::to_owned),
        };
        match self.tokens.as_slice() {
            [] if self.is_token() => format!("with a token ({} bytes, of no known form)", self.length),
            [] => format!("with {kind} ({} bytes)", self.length),
            tokens => format!("with {}", tokens.iter().map(Token::label).collect::<Vec<_>>().join(" and ")),
        }
    }

    /// As reports show it.
    pub(super) fn fields(&self, reading: &Reading<'_>) -> Fields {
        let seen = self.kind != Self::UNSEEN;
        let kind =
            seen.then(|| Value::Map(vec![("number", self.kind.into()), ("name", names::auth(self.kind).into())]));
        let token = |token: &Token| Value::Map(token.fields(reading));
        vec![
            ("auth_type", kind.into()),
            ("auth_length", self.length.into()),
            ("weak", self.weakness().into()),
            ("token", self.tokens.first().map(token).into()),
            ("tokens", self.tokens.iter().map(token).collect::<Vec<_>>().into()),
        ]
    }
}

/// Reads the data of a login. Of a password only the length is told; of a kind that is not public, and of a password
/// that is none, what is a sign-on token beyond doubt.
pub(super) fn read(kind: u16, data: &[u8]) -> Auth {
    let mut tokens = match kind {
        RC2_40 | RC2_128 => Vec::new(),
        _ => runs(data).map(|(name, value)| Token::read(name, value)).take(MAX_TOKENS).collect(),
    };
    if kind != TOKEN {
        tokens.retain(|token: &Token| token.class.is_genuine());
    } else if tokens.is_empty() {
        tokens.extend(word(data));
    }
    Auth { kind, length: data.len(), tokens }
}

/// A word of a script in place of a token.
fn word(data: &[u8]) -> Option<Token> {
    let shortened = [data, data.get(2..).unwrap_or_default(), data.get(4..).unwrap_or_default()];
    let words = shortened.into_iter().filter(|bytes| (1..=MAX_WORD).contains(&bytes.len()));
    let texts = words.filter_map(|bytes| std::str::from_utf8(bytes).ok());
    texts.map(|text| Token::read(None, text)).find(|token| matches!(token.class, Class::Undefined | Class::JunkLiteral))
}

/// Every run of base64 that is long enough, with the name in front of it (`LtpaToken=…`).
fn runs(data: &[u8]) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut rest = data;
    std::iter::from_fn(move || {
        loop {
            let start = rest.iter().position(|&byte| is_base64(byte))?;
            let length = rest.get(start..)?.iter().take_while(|&&byte| is_base64(byte)).count();
            let (before, run) = rest.get(..start.saturating_add(length))?.split_at_checked(start)?;
            rest = rest.get(start.saturating_add(length)..)?;
            if length >= MIN_RUN {
                return Some((before, run));
            }
        }
    })
    .filter_map(|(before, run)| std::str::from_utf8(measured(before, run)).ok())
    .flat_map(named)
}

/// The part of a run that a length in front of it covers: two or four bytes, of which the last may look like a
/// character of the token. Without a length the whole run.
fn measured<'a>(before: &[u8], run: &'a [u8]) -> &'a [u8] {
    let length_at = |high: Option<&u8>, low: Option<&u8>, value: &'a [u8]| {
        let length = usize::from(u16::from_be_bytes([*high?, *low?]));
        value.get(..length).filter(|value| value.len() >= MIN_RUN)
    };
    let mut behind = before.iter().rev();
    let (last, before_last) = (behind.next(), behind.next());
    let own = length_at(before_last, last, run);
    let inside = || length_at(last, run.first(), run.get(1..).unwrap_or_default());
    own.or_else(inside).unwrap_or(run)
}

/// Values of a run in which names stand: `LtpaToken=AAEC…`. An `=` inside base64 is padding, and only another `=` may follow.
fn named(run: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut name = None;
    let mut rest = run;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let text = rest.find('=').unwrap_or(rest.len());
        let padding = rest.get(text..).map_or(0, |tail| tail.len().saturating_sub(tail.trim_start_matches('=').len()));
        let (value, behind) = rest.split_at_checked(text.saturating_add(padding))?;
        let found = (name, value);
        name = value.get(..text).filter(|_| padding == 1 && !behind.is_empty());
        rest = behind;
        Some(found)
    })
    .filter(|(_, value)| value.len() >= MIN_RUN)
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(data: &[u8]) -> Vec<(Option<String>, String)> {
        runs(data).map(|(name, value)| (name.map(str::to_owned), value.to_owned())).collect()
    }

    fn alone(value: &str) -> Vec<(Option<String>, String)> {
        vec![(None, value.to_owned())]
    }

    #[test]
    fn a_token_is_found_bare_behind_lengths_and_among_other_bytes() {
        let token = "AAECAz".to_owned() + &"Q".repeat(349) + "=";
        assert_eq!(token.len(), 356);
        let two = [&[1, 100][..], token.as_bytes()].concat(); // 100 is 'd'
        let four = [&[0, 0, 1, 100][..], token.as_bytes(), &[0, 0]].concat();
        let text = [b"\0\x09junk \xFF", token.as_bytes(), b"\0"].concat();
        for data in [token.as_bytes(), &two, &four, &text] {
            assert_eq!(values(data), alone(&token), "{data:?}");
        }
    }

    #[test]
    fn two_tokens_each_behind_its_length() {
        let (one, other) = ("A".repeat(48), "B".repeat(64));
        let data = [&[0, 48][..], one.as_bytes(), &[0, 64], other.as_bytes()].concat();
        assert_eq!(values(&data), [(None, one), (None, other)]);
    }

    #[test]
    fn names_in_front_of_tokens_are_told() {
        let (one, other) = ("A".repeat(46) + "==", "B".repeat(64));
        let data = format!("LtpaToken={one}; LtpaToken2={other}");
        let expected = [(Some("LtpaToken".to_owned()), one), (Some("LtpaToken2".to_owned()), other)];
        assert_eq!(values(data.as_bytes()), expected);
    }

    #[test]
    fn short_runs_are_no_tokens_and_there_is_an_end_to_them() {
        assert!(values(b"CN=Ann/O=Acme and more").is_empty());
        let many = ["A".repeat(40); 1].join("\0").into_bytes();
        let many: Vec<u8> = std::iter::repeat_n([many, vec![0]].concat(), 100).flatten().collect();
        assert_eq!(read(TOKEN, &many).tokens.len(), MAX_TOKENS);
    }

    #[test]
    fn of_a_password_only_the_length_is_told() {
        let password = "A".repeat(48);
        for kind in [PLAIN, RC2_40, RC2_128, 9] {
            let auth = read(kind, password.as_bytes());
            assert_eq!((auth.length, auth.tokens.len()), (48, 0));
            assert!(!format!("{auth:?} {:?}", auth.fields(&Reading::masked(0))).contains("AAAA"));
            assert_eq!(auth.weakness().is_some(), matches!(kind, PLAIN | RC2_40));
        }
    }
}
