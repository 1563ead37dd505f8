//! The sign-on tokens of a text, in whatever shape it was pasted: values, pairs, headers, whole messages, cookie jars, JSON,
//! and any of these inside of something else.

use super::{json, line, wrapped};
use crate::report::escape;
use crate::report::token::{Held, nothing};
use nrpcsniff_dissectors::cookie::{is_single_server, is_web_token};
use nrpcsniff_dissectors::jwt::Jwt;
use nrpcsniff_dissectors::ltpa::{Class, Flag, Token};
use nrpcsniff_dissectors::{Message, sip};
use std::collections::HashSet;

/// Names of other cookies that are listed.
const NAMES: usize = 10;
/// Bytes of the shortest value that may be what is left of a token.
const REMNANT: usize = 40;

/// What a text holds.
#[derive(Debug)]
pub(super) enum Pasted {
    /// Tokens, in order, each with the name of its cookie.
    Found(Vec<(Option<String>, Held)>),
    /// None, said in one sentence.
    Nothing(String),
}

impl Pasted {
    /// Finds what stands in it.
    pub(super) fn read(text: &str) -> Self {
        let mut found = Finder::default();
        match json::document(text) {
            Some(document) => json::walk(&document, &mut found),
            None => found.text(text),
        }
        found.finish(text)
    }
}

/// Collects what is found.
#[derive(Default)]
pub(super) struct Finder {
    found: Vec<(Option<String>, Held)>,
    /// Names and values that were found, by their fingerprints.
    seen: HashSet<(Option<String>, String)>,
    /// Names of cookies that sign nobody on.
    others: Vec<String>,
    /// A value that stood alone and is no token.
    alone: Option<(Option<String>, Token)>,
}

impl Finder {
    /// Whole messages first, then line by line.
    fn text(&mut self, text: &str) {
        let lines = wrapped::joined(text);
        let mut rest = lines.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            if is_sip(first) {
                let end = rest.iter().position(|line| line.trim().is_empty()).unwrap_or(rest.len());
                let (message, after) = rest.split_at(end);
                if self.sip(message) {
                    rest = after;
                    continue;
                }
            }
            line::read(first, self);
            rest = behind;
        }
    }

    /// A SIP message, read as if it had come as a datagram.
    fn sip(&mut self, lines: &[String]) -> bool {
        let Some(Message::Sip(message)) = (sip::PROTOCOL.datagram)(lines.join("\r\n").as_bytes()) else { return false };
        for cookie in &message.cookies {
            self.pair(&cookie.name, cookie.value.expose());
        }
        for line in lines.iter().filter(|line| !line::is_cookie(line)) {
            line::read(line, self);
        }
        true
    }

    /// A cookie.
    pub(super) fn pair(&mut self, name: &str, value: &str) {
        match held(Some(name), value) {
            Some(held) => self.add(Some(name), held),
            None if self.others.len() <= NAMES && !self.others.iter().any(|other| other == name) => {
                self.others.push(name.to_owned());
            }
            None => {}
        }
    }

    /// A value, with or without a name, that stands alone in its line: somebody takes it for a token.
    pub(super) fn alone(&mut self, name: Option<&str>, value: &str) {
        if let Some(held) = held(name, value) {
            return self.add(name, held);
        }
        let token = Token::read(name, value);
        let is_meant = token.class.is_word() || token.class.is_genuine() || token.has(Flag::Saml) || is_remnant(&token);
        if is_meant {
            self.add(name, Held::Ltpa(token));
        } else {
            self.alone.get_or_insert((name.map(str::to_owned), token));
        }
    }

    fn add(&mut self, name: Option<&str>, held: Held) {
        let name = name.map(str::to_owned);
        if self.seen.insert((name.clone(), held.token().fingerprint.to_string())) {
            self.found.push((name, held));
        }
    }

    fn finish(mut self, text: &str) -> Pasted {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
        match self.alone.take() {
            _ if !self.found.is_empty() => Pasted::Found(self.found),
            _ if lines == 0 => Pasted::Found(vec![(None, Held::Ltpa(Token::read(None, "")))]),
            Some((name, token)) if lines == 1 && self.others.is_empty() => {
                Pasted::Nothing(nothing(name.as_deref(), &token))
            }
            _ if !self.others.is_empty() => {
                let names: Vec<_> = self.others.iter().take(NAMES).map(String::as_str).collect();
                let more = if self.others.len() > NAMES { ", ..." } else { "" };
                let names = escape::terminal(&names.join(", ")).into_owned();
                Pasted::Nothing(format!("no token: none of these cookies is a sign-on token: {names}{more}"))
            }
            _ => Pasted::Nothing(format!(
                "no token: neither an LTPA token nor a JSON web token stands in {}",
                if lines == 1 { "this line".to_owned() } else { format!("these {lines} lines") }
            )),
        }
    }
}

/// What that is, if its name or its value says that it signs somebody on.
pub(super) fn held(name: Option<&str>, value: &str) -> Option<Held> {
    if let Some(jwt) = Jwt::read(value) {
        return Some(Held::Jwt { token: Token::read(name, value), jwt: Box::new(jwt) });
    }
    let name = name.unwrap_or_default();
    if is_single_server(name) {
        let token = Token::read(None, value);
        let is_word = token.class.is_word();
        return Some(if is_word { Held::Ltpa(token) } else { Held::DominoSession(token) });
    }
    let token = Token::in_cookie(name, value).or_else(|| is_web_token(name).then(|| Token::read(Some(name), value)));
    token.map(Held::Ltpa)
}

/// It may be what is left of a token: Domino's are known by their beginning, others by no more than their length.
fn is_remnant(token: &Token) -> bool {
    token.class == Class::Truncated
        && (token.has(Flag::DominoHeader) || token.raw().is_some_and(|raw| raw.len() >= REMNANT))
}

/// The first line of a SIP message, perhaps without what was anonymised.
fn is_sip(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_version = |word: Option<&str>| word.is_some_and(|word| word.eq_ignore_ascii_case("SIP/2.0"));
    is_version(words.next()) || is_version(words.next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A public constant of another project's unit tests (github.com/markusberg/ltpa).
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";
    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln";

    type Row = (Option<String>, Class);

    fn read(text: &str) -> Vec<Row> {
        match Pasted::read(text) {
            Pasted::Found(found) => found.into_iter().map(|(name, held)| (name, held.token().class)).collect(),
            Pasted::Nothing(_) => Vec::new(),
        }
    }

    fn nothing(text: &str) -> String {
        match Pasted::read(text) {
            Pasted::Nothing(sentence) => sentence,
            Pasted::Found(found) => panic!("{text}: {found:?}"),
        }
    }

    fn one(text: &str) -> Row {
        let mut list = read(text);
        assert_eq!(list.len(), 1, "{text}");
        list.remove(0)
    }

    fn named(name: &str, class: Class) -> Row {
        (Some(name.to_owned()), class)
    }

    #[test]
    fn values_are_read_however_they_were_pasted() {
        for text in [DOMINO.to_owned(), format!("\"{DOMINO}\""), format!("  {DOMINO}\r\n"), DOMINO.replace('=', "")] {
            assert_eq!(one(&text), (None, Class::Domino), "{text}");
        }
        for text in [
            format!("LtpaToken={DOMINO}"),
            format!("Cookie: LtpaToken=\"{DOMINO}\""),
            format!("cookie:a=b; LtpaToken={DOMINO}; c=d"),
            format!("Set-Cookie: LtpaToken={DOMINO}; Domain=.acme.example; Path=/; HttpOnly"),
            format!("LtpaToken={DOMINO}; Path=/"),
            format!("> Cookie: LtpaToken={DOMINO}"),
            format!(
                "curl 'https://mail.acme.example/' -H 'Accept: */*' -H 'Cookie: a=b; LtpaToken={DOMINO}' --compressed"
            ),
            format!("document.cookie = \"LtpaToken={DOMINO}; path=/\";"),
            format!("mail.acme.example\tFALSE\t/\tTRUE\t0\tLtpaToken\t{DOMINO}"),
            format!("#HttpOnly_.acme.example\tTRUE\t/\tFALSE\t1893456000\tLtpaToken\t{DOMINO}"),
            format!("LtpaToken\t{DOMINO}\t.acme.example\t/\tSession"),
            format!("{{\"cookies\":[{{\"domain\":\".acme.example\",\"name\":\"LtpaToken\",\"value\":\"{DOMINO}\"}}]}}"),
            format!("{{\"LtpaToken\": \"{DOMINO}\", \"other\": [1, null]}}"),
            format!("[{{\"name\": \"Cookie\", \"value\": \"a=b; LtpaToken={DOMINO}\"}}]"),
        ] {
            assert_eq!(one(&text), named("LtpaToken", Class::Domino), "{text}");
        }
        assert_eq!(one(&format!("Cookie: x=1; AcmeSSO={DOMINO}")), named("AcmeSSO", Class::Domino));
    }

    #[test]
    fn whole_blocks_of_headers() {
        let request = format!(
            "GET /names.nsf HTTP/1.1\r\nHost: mail.acme.example\r\nCookie: a=b; LtpaToken={DOMINO}\r\nAccept: */*\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: LtpaToken2=undefined\r\nSet-Cookie: LtpaToken={DOMINO}; Path=/\r\n\r\n<p>"
        );
        assert_eq!(read(&request), [named("LtpaToken", Class::Domino), named("LtpaToken2", Class::Undefined)]);
        let sip = "REGISTER;transport=tls SIP/2.0\nCookie: LtpaToken=\u{201d}undefined\u{201d}\nSupported: path, outbound\n\
                   Contact: <**********:54303>;methods=\u{201d}INVITE,ACK\u{201d};reg-id=1\nFrom: <>;tag=BCF17103-85B0EEA0\n";
        assert_eq!(one(sip), named("LtpaToken", Class::Undefined));
        for end in 0..=sip.len() {
            if let Some(cut) = sip.get(..end) {
                assert!(read(cut).len() <= 1, "{cut}");
            }
        }
    }

    #[test]
    fn words_and_nothing() {
        let token = |class| named("LtpaToken", class);
        assert_eq!(one("Cookie: LtpaToken=\"undefined\""), token(Class::Undefined));
        assert_eq!(one("LtpaToken="), token(Class::Empty));
        assert_eq!(one("Set-Cookie: LtpaToken=; Max-Age=0"), token(Class::Empty));
        assert_eq!(one(""), (None, Class::Empty));
        assert_eq!(one(" \n \n"), (None, Class::Empty));
        assert_eq!(one("undefined; Path=/"), (None, Class::Undefined));
    }

    #[test]
    fn one_line_one_token() {
        let list = read(&format!("{DOMINO}\n\nLtpaToken2=undefined\nCookie: a=b; c=d\n"));
        assert_eq!(list, [(None, Class::Domino), named("LtpaToken2", Class::Undefined)]);
        assert_eq!(read(&format!("Cookie: LtpaToken={DOMINO}; LtpaToken2=null")).len(), 2);
        assert_eq!(read(&format!("{DOMINO}\n{DOMINO}\n")).len(), 1, "the same one is told once");
    }

    #[test]
    fn tokens_of_other_kinds() {
        for text in
            [JWT.to_owned(), format!("Bearer {JWT}"), format!("Authorization: Bearer {JWT}"), format!("bearer {JWT}")]
        {
            assert_eq!(one(&text), (None, Class::Other), "{text}");
        }
        assert_eq!(one(&format!("Cookie: JSESSIONID=1; sametimeJwt={JWT}")), named("sametimeJwt", Class::Other));
        let Pasted::Found(found) = Pasted::read("DomAuthSessId=ABCDEF0123456789ABCDEF0123456789") else { panic!() };
        assert!(matches!(found.as_slice(), [(Some(_), Held::DominoSession(_))]), "{found:?}");
        assert_eq!(one("DomAuthSessId="), named("DomAuthSessId", Class::Empty));
    }

    #[test]
    fn anything_else_is_said_in_one_sentence_that_shows_no_values() {
        for (text, part) in [
            ("Cookie: JSESSIONID=secret; b=hidden", "none of these cookies is a sign-on token: JSESSIONID, b"),
            ("JSESSIONID=secret", "JSESSIONID"),
            ("hunter2-secret!", "no token"),
            ("c2VjcmV0", "no token"),
            ("Authorization: Basic c2VjcmV0OnNlY3JldA==", "no token"),
            ("Bearer secret", "no token"),
            ("Dear all,\nthe secret token is lost.\n", "these 2 lines"),
            ("{\"user\": \"secret\"}", "this line"),
            ("Cookie:", "no token"),
        ] {
            let sentence = nothing(text);
            assert!(sentence.starts_with("no token: ") && sentence.contains(part), "{text}: {sentence}");
            assert!(
                !sentence.contains('\n') && !sentence.contains("secret") && !sentence.contains("hidden"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn every_cut_of_every_shape_is_read() {
        let jar = format!("# Netscape HTTP Cookie File\n.acme.example\tTRUE\t/\tFALSE\t0\tLtpaToken\t{DOMINO}\n");
        let json = format!("[{{\"name\":\"LtpaToken\",\"value\":\"{DOMINO}\"}},{{\"a\":\"Bearer {JWT}\"}}]");
        let header = format!("GET / HTTP/1.1\nCookie: a=b; LtpaToken=\n {DOMINO}; c\nAuthorization: Bearer {JWT}\n");
        for text in [jar, json, header] {
            for end in 0..=text.len() {
                let _ = Pasted::read(&text[..end]);
            }
            assert!(!read(&text).is_empty(), "{text}");
        }
    }
}
