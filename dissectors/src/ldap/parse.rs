//! One LDAP message out of its bytes, or out of what is there of them.

use super::ber::{self, Element, Elements};
use super::filter;
use super::message::{Auth, Body, Message, NtlmStep, Scope};
use super::result::Outcome;
use crate::Problem;

/// URLs of a reference that are kept.
const URLS: usize = 16;

/// An entry of a search is counted, not read.
pub(super) const SEARCH_ENTRY: u8 = 0x64;

/// Tags of all operations (RFC 4511 section 4.2 to 4.13).
pub(super) const fn is_operation(tag: u8) -> bool {
    matches!(tag, 0x60..=0x69 | 0x6B..=0x6F | 0x73 | 0x77..=0x79 | 0x42 | 0x4A | 0x50)
}

/// Id and operation of a message; `None` if its first bytes are no message's, or do not reach so far.
pub(super) fn operation(unit: &[u8]) -> Option<(u32, Element<'_>)> {
    let mut inner = Elements(Elements(unit).tagged(0x30)?.content);
    let id = inner.number(0x02)?;
    inner.next().filter(|operation| is_operation(operation.tag)).map(|operation| (id, operation))
}

/// Reads a message. `is_cut` says that bytes are missing at its end.
pub(super) fn message(unit: &[u8], is_cut: bool) -> Message {
    let Some((id, operation)) = operation(unit) else {
        let problems = vec![Problem::new("no LDAP message: envelope, id or operation cannot be read", 0)];
        return Message { id: None, body: Body::Malformed, incomplete: is_cut, problems };
    };
    let incomplete = is_cut || !operation.is_whole;
    Message { id: Some(id), body: body(operation), incomplete, problems: Vec::new() }
}

fn body(operation: Element<'_>) -> Body {
    let content = operation.content;
    let mut parts = Elements(content);
    match operation.tag {
        0x60 => bind(parts),
        0x61 => Body::BindResponse(Outcome::read(&mut parts)),
        0x42 => Body::Unbind,
        0x63 => search(parts),
        0x65 => Body::SearchDone { outcome: Outcome::read(&mut parts), entries: None },
        0x73 => Body::SearchReference { urls: parts.take(URLS).map(|url| ber::text(url.content)).collect() },
        0x50 => Body::Abandon { id: number(content) },
        0x77 => Body::Extended { oid: parts.text(0x80).unwrap_or_default() },
        0x78 => {
            let outcome = Outcome::read(&mut parts);
            Body::ExtendedResponse {
                outcome,
                oid: parts.find(|part| part.tag == 0x8A).map(|oid| ber::text(oid.content)),
            }
        }
        0x79 => Body::Intermediate { oid: parts.text(0x80) },
        // A delete request is a name and nothing else.
        0x4A => Body::Request { operation: "delete", name: ber::text(content) },
        tag => match named(tag) {
            Some((operation, true)) => Body::Request { operation, name: parts.text(0x04).unwrap_or_default() },
            Some((operation, false)) => Body::Response { operation, outcome: Outcome::read(&mut parts) },
            None => Body::Malformed,
        },
    }
}

/// The operation of that tag by name, and whether it is the request.
const fn named(tag: u8) -> Option<(&'static str, bool)> {
    Some(match tag {
        0x66 => ("modify", true),
        0x67 => ("modify", false),
        0x68 => ("add", true),
        0x69 => ("add", false),
        0x6B => ("delete", false),
        0x6C => ("rename", true),
        0x6D => ("rename", false),
        0x6E => ("compare", true),
        0x6F => ("compare", false),
        _ => return None,
    })
}

fn bind(mut parts: Elements<'_>) -> Body {
    let version = parts.number(0x02);
    let name = parts.text(0x04).unwrap_or_default();
    let auth = match parts.next() {
        Some(Element { tag: 0x80, content, is_whole: true }) => Auth::Simple { length: count(content) },
        Some(Element { tag: 0xA3, content, .. }) => {
            let mut sasl = Elements(content);
            let mechanism = sasl.text(0x04).unwrap_or_default();
            Auth::Sasl { mechanism, length: sasl.tagged(0x04).map_or(0, |credentials| count(credentials.content)) }
        }
        Some(Element { tag: 0x89, content, .. }) => ntlm(NtlmStep::Discover, content),
        Some(Element { tag: 0x8A, content, .. }) => ntlm(NtlmStep::Negotiate, content),
        Some(Element { tag: 0x8B, content, .. }) => ntlm(NtlmStep::Respond, content),
        _ => Auth::Unknown,
    };
    Body::BindRequest { version, name, auth }
}

fn ntlm(step: NtlmStep, content: &[u8]) -> Auth {
    Auth::Ntlm { step, length: count(content) }
}

fn search(mut parts: Elements<'_>) -> Body {
    let base = parts.text(0x04).unwrap_or_default();
    let scope = match parts.number(0x0A) {
        Some(0) => Scope::Base,
        Some(1) => Scope::One,
        Some(2) => Scope::Subtree,
        _ => Scope::Unknown,
    };
    // Aliases come before the limits, the time limit and whether values are wanted behind them.
    let _aliases = parts.tagged(0x0A);
    let size_limit = parts.number(0x02);
    let _time_limit = parts.tagged(0x02);
    let _types_only = parts.tagged(0x01);
    Body::SearchRequest { base, scope, size_limit, filter: parts.next().map(filter::write).unwrap_or_default() }
}

fn number(content: &[u8]) -> Option<u32> {
    let fits = (1..=4).contains(&content.len());
    fits.then(|| content.iter().fold(0, |number: u32, &byte| number.wrapping_shl(8) | u32::from(byte)))
}

fn count(content: &[u8]) -> u64 {
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Tag, length in the shortest form, content.
    pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        match u8::try_from(content.len()) {
            Ok(length) if length < 0x80 => bytes.push(length),
            _ => {
                bytes.push(0x84);
                bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    /// A message with that id.
    pub(crate) fn envelope(id: u8, operation: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(2, &[id]), operation.to_vec()].concat())
    }

    /// A bind by name and password.
    pub(crate) fn bind_request(id: u8, name: &str, password: &str) -> Vec<u8> {
        let parts = [tlv(2, &[3]), tlv(4, name.as_bytes()), tlv(0x80, password.as_bytes())].concat();
        envelope(id, &tlv(0x60, &parts))
    }

    /// A result, of the operation with that tag.
    pub(crate) fn result(id: u8, tag: u8, code: u8, diagnostic: &str) -> Vec<u8> {
        envelope(id, &tlv(tag, &[tlv(0x0A, &[code]), tlv(4, b""), tlv(4, diagnostic.as_bytes())].concat()))
    }

    /// A search of a subtree for a user.
    pub(crate) fn search_request(id: u8, base: &str, user: &str) -> Vec<u8> {
        let filter = tlv(0xA3, &[tlv(4, b"uid"), tlv(4, user.as_bytes())].concat());
        let limits = [tlv(0x0A, &[2]), tlv(0x0A, &[0]), tlv(2, &[0]), tlv(2, &[30]), tlv(1, &[0])].concat();
        let parts = [tlv(4, base.as_bytes()), limits, filter, tlv(0x30, &tlv(4, b"mail"))].concat();
        envelope(id, &tlv(0x63, &parts))
    }

    #[test]
    fn a_bind_tells_the_name_and_the_length_of_the_password() {
        let found = message(&bind_request(1, "cn=app,dc=example,dc=net", "secret"), false);
        let Body::BindRequest { version, name, auth } = found.body else { panic!("{found:?}") };
        assert_eq!((version, name.as_str(), auth), (Some(3), "cn=app,dc=example,dc=net", Auth::Simple { length: 6 }));
        assert!(!format!("{:?}", message(&bind_request(1, "cn=app", "secret"), false)).contains("secret"));
    }

    #[test]
    fn sasl_tells_its_mechanism() {
        let sasl = tlv(0xA3, &[tlv(4, b"GSS-SPNEGO"), tlv(4, &[1, 2, 3])].concat());
        let bind = envelope(1, &tlv(0x60, &[tlv(2, &[3]), tlv(4, b""), sasl].concat()));
        let Body::BindRequest { auth, .. } = message(&bind, false).body else { panic!() };
        assert_eq!(auth, Auth::Sasl { mechanism: "GSS-SPNEGO".to_owned(), length: 3 });
    }

    #[test]
    fn a_search_with_its_filter() {
        let Body::SearchRequest { base, scope, filter, .. } = message(&search_request(2, "dc=net", "ann"), false).body
        else {
            panic!()
        };
        assert_eq!((base.as_str(), scope, filter.as_str()), ("dc=net", Scope::Subtree, "(uid=ann)"));
    }

    #[test]
    fn referrals_and_extended_answers() {
        let urls = tlv(0xA3, &tlv(4, b"ldap://other.example/"));
        let referral = [tlv(0x0A, &[10]), tlv(4, b""), tlv(4, b""), urls].concat();
        let found = message(&envelope(1, &tlv(0x65, &referral)), false);
        assert_eq!(found.outcome().unwrap().referral, ["ldap://other.example/"]);
        let answer = [tlv(0x0A, &[0]), tlv(4, b""), tlv(4, b""), tlv(0x8A, b"1.2.3")].concat();
        let Body::ExtendedResponse { oid, .. } = message(&envelope(1, &tlv(0x78, &answer)), false).body else {
            panic!()
        };
        assert_eq!(oid.as_deref(), Some("1.2.3"));
    }

    #[test]
    fn whatever_is_there_is_read_at_every_truncation() {
        for whole in
            [bind_request(1, "cn=app", "secret"), search_request(2, "dc=net", "ann"), result(1, 0x61, 49, "no")]
        {
            for cut in 0..whole.len() {
                let found = message(&whole[..cut], true);
                assert!(found.incomplete, "{cut}");
            }
        }
    }
}
