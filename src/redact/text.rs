//! Text: messages of HTTP and SIP, bodies, logs. Line by line, in place, and always as long as before.
//!
//! What opens doors is found as the logs' mask finds it ([`crate::logs::mask`]), so that what is hidden in reports is what is replaced
//! here. Headers are taken apart further: in a cookie the value goes and the attributes stay, in credentials the proof goes and the
//! user stays.

use super::Redactor;
use super::secrets;
use crate::logs::mask;
use base64::alphabet::STANDARD;
use memchr::memmem;
use nrpcsniff_dissectors::auth::is_ticket_scheme;
use nrpcsniff_dissectors::ltpa::Token;
use std::ops::Range;

/// Parts of Digest credentials that prove something (RFC 7616).
const PROOFS: [&str; 4] = ["response", "cnonce", "rspauth", "nextnonce"];
/// Attributes of Set-Cookie (RFC 6265 section 4.1).
const ATTRIBUTES: [&str; 8] = ["expires", "max-age", "domain", "path", "samesite", "secure", "httponly", "priority"];
/// Headers that ask for credentials.
const CHALLENGES: [&str; 2] = ["www-authenticate:", "proxy-authenticate:"];
/// The parameter in which an application asks a provider.
const SAML_REQUEST: &str = "SAMLRequest=";
/// What a login at a provider is carried on with, in a query or form: by name, `=`, and at least so many characters.
const CODES: [(&str, usize); 5] =
    [("code=", 12), ("samlart=", 12), ("code_verifier=", 12), ("device_code=", 8), ("inline:", 16)];

impl Redactor {
    /// Replaces what opens doors in a text.
    pub(super) fn text(&mut self, text: &mut [u8]) {
        for line in text.split_mut(|byte| *byte == b'\n') {
            self.line(line);
        }
    }

    fn line(&mut self, line: &mut [u8]) {
        if line.len() < 8 {
            return;
        }
        let text = readable(line);
        if let Some(at) = challenge(&text) {
            return self.challenges(line.get_mut(at..).unwrap_or_default());
        }
        let (before, value) = match mask::header_value(&text) {
            Some((name, at)) => (at.min(line.len()), Some(name)),
            None => (line.len(), None),
        };
        let (front, header) = line.split_at_mut(before);
        self.values(front, text.get(..before).unwrap_or_default());
        match value {
            Some("cookie") => self.cookies(header, false),
            Some("set-cookie") => self.cookies(header, true),
            Some(_) => self.credentials(header),
            None => {}
        }
    }

    /// Everything but headers.
    fn values(&mut self, line: &mut [u8], text: &str) {
        let mut done = vec![false; line.len()];
        let codes = CODES.into_iter().flat_map(|(name, least)| codes(text, name, least));
        let codes = codes.map(|at| mask::Place { at, named: true });
        for place in mask::places(text).into_iter().chain(codes) {
            let Some(value) = text.get(place.at.clone()) else { continue };
            if text.get(..place.at.start).is_some_and(|before| before.ends_with(SAML_REQUEST)) {
                self.saml_request(line.get_mut(place.at.clone()).unwrap_or_default());
                done.get_mut(place.at).unwrap_or_default().fill(true);
                continue;
            }
            for part in open_parts(&done, place.at.clone()) {
                let Some(bytes) = line.get_mut(part.clone()) else { continue };
                let whole = part == place.at;
                self.value(bytes, if whole { value } else { "" }, place.named);
            }
            done.get_mut(place.at).unwrap_or_default().fill(true);
        }
    }

    /// A value: a token, a web token, base64 of something, or a password.
    fn value(&mut self, bytes: &mut [u8], text: &str, named: bool) {
        let text = text.trim_matches(['"', '\'']);
        if text.starts_with("eyJ") && text.contains('.') {
            self.web_token(bytes);
        } else if Token::read(None, text).class.is_genuine() || (!named && !text.is_empty()) {
            self.base64(bytes);
        } else if !Token::read(None, text).class.is_word() || text.is_empty() {
            self.password(bytes);
        }
    }

    fn password(&mut self, bytes: &mut [u8]) {
        let old = bytes.to_vec();
        self.key.scramble(bytes, &unescaped(&old));
        self.count_changed("password or value of a secret name", &old, bytes);
    }

    fn web_token(&mut self, bytes: &mut [u8]) {
        let old = bytes.to_vec();
        let key = self.key.clone();
        secrets::web_token(&key, bytes, &mut |claims| self.names_in(claims));
        self.count_changed("JSON web token", &old, bytes);
    }

    /// Base64: of a text (SAML), whose own secrets go, or a token.
    fn base64(&mut self, bytes: &mut [u8]) {
        let old = bytes.to_vec();
        let mut is_document = false;
        let nested = secrets::of_text(bytes, &STANDARD, &mut |text| {
            is_document = matches!(text.first(), Some(b'<' | b'{'));
            if is_document {
                self.text(text);
                self.names_and_addresses_in_text(text);
            }
        });
        if nested && is_document {
            return;
        }
        let kind = secrets::token(&self.key, bytes);
        self.count_changed(kind, &old, bytes);
        self.names_in_token(bytes);
    }

    /// What an application asks of a provider opens nothing, but names hosts. It may be compressed (SAML bindings 3.4.4.1): what names
    /// then stand in it cannot be told, and it goes.
    fn saml_request(&mut self, bytes: &mut [u8]) {
        if self.names.is_none() && self.addresses.is_none() {
            return;
        }
        let old = bytes.to_vec();
        if !secrets::of_stored(bytes, &mut |text| self.names_and_addresses_in_text(text)) {
            secrets::token(&self.key, bytes);
            self.count_changed("compressed request of SAML", &old, bytes);
        }
    }

    /// WWW-Authenticate and Proxy-Authenticate: tickets. What else they say is for everybody.
    fn challenges(&mut self, header: &mut [u8]) {
        let text = readable(header);
        let start = text.len().saturating_sub(text.trim_start().len());
        let rest = text.get(start..).unwrap_or_default();
        let Some(space) = rest.find(' ').filter(|&end| is_ticket_scheme(rest.get(..end).unwrap_or_default())) else {
            return;
        };
        let from = start.saturating_add(space).saturating_add(1);
        let ticket = header.get_mut(from..).unwrap_or_default();
        let length = ticket.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b',').count();
        let ticket = ticket.get_mut(..length).unwrap_or_default();
        let old = ticket.to_vec();
        let key = self.key.clone();
        secrets::ticket(&key, ticket, &mut |inside| self.names_in(inside));
        self.count_changed("ticket of Windows sign-on", &old, ticket);
    }

    /// `a=1; b=2`: values go, attributes and words that scripts write for nothing stay.
    fn cookies(&mut self, header: &mut [u8], is_set: bool) {
        for (count, pair) in header.split_mut(|byte| *byte == b';').enumerate() {
            let Some(at) = memchr::memchr(b'=', pair) else { continue };
            let (name, value) = pair.split_at_mut(at.saturating_add(1));
            let name = readable(name).trim_matches([' ', '=']).to_ascii_lowercase();
            if is_set && count > 0 && ATTRIBUTES.contains(&name.as_str()) {
                continue;
            }
            let text = readable(value);
            let inner = text.trim();
            let from = text.find(inner).unwrap_or_default();
            let value = value.get_mut(from..from.saturating_add(inner.len())).unwrap_or_default();
            self.cookie(&name, value, inner);
        }
    }

    fn cookie(&mut self, name: &str, value: &mut [u8], text: &str) {
        let bare = text.trim_matches(['"', '\u{201c}', '\u{201d}']);
        let token = Token::read(Some(name), bare);
        if token.class.is_word() || bare.is_empty() {
            return;
        }
        let is_base64 =
            bare.len() >= 40 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=%-_".contains(&byte));
        if bare.starts_with("eyJ") && bare.contains('.') {
            let at = text.find("eyJ").unwrap_or_default();
            let end = at.saturating_add(bare.len());
            self.web_token(value.get_mut(at..end).unwrap_or_default());
        } else if is_base64 || secrets::is_domino(bare) {
            let at = text.find(bare).unwrap_or_default();
            self.base64(value.get_mut(at..at.saturating_add(bare.len())).unwrap_or_default());
        } else {
            let old = value.to_vec();
            self.key.scramble(value, &unescaped(bare.as_bytes()));
            self.count_changed("cookie", &old, value);
        }
    }

    /// Authorization and Proxy-Authorization: a scheme and what belongs to it.
    fn credentials(&mut self, header: &mut [u8]) {
        let text = readable(header);
        let start = text.len().saturating_sub(text.trim_start().len());
        let rest = text.get(start..).unwrap_or_default();
        let scheme_end = rest.find([' ', '\t']).unwrap_or(rest.len());
        let scheme = rest.get(..scheme_end).unwrap_or_default().to_ascii_lowercase();
        let from = start.saturating_add(scheme_end).saturating_add(1);
        let Some(value) = header.get_mut(from..) else { return };
        let shown = readable(value);
        let length = shown.find(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '\'')).unwrap_or(shown.len());
        let first = value.get_mut(..length).unwrap_or_default();
        let old = first.to_vec();
        let key = self.key.clone();
        match scheme.as_str() {
            "basic" if secrets::basic(&key, first, &mut |user| self.names_in(user)) => {
                self.count_changed("Basic credentials", &old, first);
            }
            "negotiate" | "ntlm" if secrets::ticket(&key, first, &mut |inside| self.names_in(inside)) => {
                self.count_changed("ticket of Windows sign-on", &old, first);
            }
            "bearer" => self.value(first, shown.get(..length).unwrap_or_default(), true),
            "digest" => self.proofs(value, &shown),
            _ => self.unknown_credentials(value, &shown),
        }
    }

    /// What proves something in Digest credentials.
    fn proofs(&mut self, value: &mut [u8], text: &str) {
        let lower = text.to_ascii_lowercase();
        for name in PROOFS {
            for (at, _) in lower.match_indices(name) {
                let after = at.saturating_add(name.len());
                let Some(sign) = lower.get(after..).and_then(|rest| rest.strip_prefix('=')) else { continue };
                let quote = usize::from(sign.starts_with('"'));
                let from = after.saturating_add(1).saturating_add(quote);
                let rest = text.get(from..).unwrap_or_default();
                let end = rest.find(['"', ',', ' ', '\r']).unwrap_or(rest.len());
                if let Some(proof) = value.get_mut(from..from.saturating_add(end)) {
                    let old = proof.to_vec();
                    self.key.scramble(proof, &old);
                    self.count_changed("proof of Digest credentials", &old, proof);
                }
            }
        }
        self.values(value, text);
    }

    /// Of a scheme that nobody knows all that looks like a value goes.
    fn unknown_credentials(&mut self, value: &mut [u8], text: &str) {
        let mut at = 0_usize;
        for part in text.split_inclusive([' ', ',', ';', '"', '=']) {
            let bare = part.trim_end_matches([' ', ',', ';', '"', '=', '\r']);
            let is_name = part.ends_with('=') && part.len() < 24;
            if bare.len() >= 6 && !is_name && !Token::read(None, bare).class.is_word() {
                let place = at..at.saturating_add(bare.len());
                if let Some(bytes) = value.get_mut(place) {
                    self.value(bytes, bare, bare.len() < 40);
                }
            }
            at = at.saturating_add(part.len());
        }
    }
}

/// Where the value of a challenge begins, if the line is a header with one.
fn challenge(line: &str) -> Option<usize> {
    CHALLENGES
        .iter()
        .find(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
        .map(|name| name.len())
}

/// Values behind a name and its sign that have at least that length.
fn codes<'t>(text: &'t str, name: &'static str, least: usize) -> impl Iterator<Item = Range<usize>> + use<'t> {
    memmem::find_iter(text.as_bytes(), name.as_bytes()).collect::<Vec<_>>().into_iter().filter_map(move |at| {
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at)).copied();
        let from = at.saturating_add(name.len());
        let rest = text.get(from..)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%+/=".contains(c))).unwrap_or(rest.len());
        let is_name = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        (is_name && end >= least).then(|| from..from.saturating_add(end))
    })
}

/// Parts of a place that are not done.
fn open_parts(done: &[bool], at: Range<usize>) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for place in at.filter(|&place| done.get(place) == Some(&false)) {
        match parts.last_mut() {
            Some(part) if part.end == place => part.end = place.saturating_add(1),
            _ => parts.push(place..place.saturating_add(1)),
        }
    }
    parts
}

/// The text of a line, byte for byte: what is no UTF-8 has a sign in place of each byte that is not ASCII.
pub(super) fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{7f}' }).collect(),
    }
}

/// Without percent signs: so that a value has one stand-in, however it is written.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        let hex = behind.get(..2).filter(|_| first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        plain.push(byte.unwrap_or(first));
        rest = if byte.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    plain
}
