//! LDAP (RFC 4511): what a client asks of a directory, and what the directory answers.
//!
//! Lengths are written in as few bytes as they need, as OpenLDAP does it.

/// The port in clear, and of StartTLS.
pub const PORT: u16 = 389;
/// The port inside TLS.
pub const TLS_PORT: u16 = 636;

/// What Active Directory writes beside code 49 where the account is locked out (MS-ERREF: ERROR_ACCOUNT_LOCKED_OUT is 0x775).
pub const LOCKED: &str = "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 775, v2580";

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0A;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// How far below its base a search goes (RFC 4511 section 4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base = 0,
    /// What stands directly below it.
    One = 1,
    /// The base and all below it.
    Subtree = 2,
}

/// A bind by name and password; both empty is an anonymous one.
pub fn bind(id: u8, name: &str, password: &str) -> Vec<u8> {
    let proof = element(0x80, password.as_bytes());
    message(id, 0x60, &[number(INTEGER, 3), text(name), proof])
}

/// What comes of a bind.
pub fn bind_result(id: u8, code: u8, diagnostic: &str) -> Vec<u8> {
    message(id, 0x61, &result(code, diagnostic))
}

/// A search for entries in which `attribute` is `value`; a value of `*` asks that it be there at all.
pub fn search(id: u8, base: &str, scope: Scope, [attribute, value]: [&str; 2]) -> Vec<u8> {
    let filter = match value {
        "*" => element(0x87, attribute.as_bytes()),
        _ => element(0xA3, &[text(attribute), text(value)].concat()),
    };
    // Aliases are never followed, entries without limit, 30 seconds at most, names and values.
    let limits = [number(ENUMERATED, 0), number(INTEGER, 0), number(INTEGER, 30), number(0x01, 0)].concat();
    let wanted = element(SEQUENCE, &[text("cn"), text("mail")].concat());
    message(id, 0x63, &[text(base), number(ENUMERATED, scope as u8), limits, filter, wanted])
}

/// An entry that was found.
pub fn entry(id: u8, name: &str, attributes: &[[&str; 2]]) -> Vec<u8> {
    let attribute = |[kind, value]: &[&str; 2]| element(SEQUENCE, &[text(kind), element(SET, &text(value))].concat());
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    message(id, 0x64, &[text(name), element(SEQUENCE, &attributes)])
}

/// The end of a search.
pub fn search_done(id: u8, code: u8, diagnostic: &str) -> Vec<u8> {
    message(id, 0x65, &result(code, diagnostic))
}

/// The client wants TLS (RFC 4511 section 4.14).
pub fn start_tls(id: u8) -> Vec<u8> {
    message(id, 0x77, &[element(0x80, b"1.3.6.1.4.1.1466.20037")])
}

/// What comes of it: 0 is yes.
pub fn start_tls_result(id: u8, code: u8, diagnostic: &str) -> Vec<u8> {
    message(id, 0x78, &result(code, diagnostic))
}

/// The client leaves.
pub fn unbind(id: u8) -> Vec<u8> {
    message(id, 0x42, &[])
}

fn message(id: u8, operation: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &[number(INTEGER, id), element(operation, &parts.concat())].concat())
}

/// Result code, no matched name, what is said to people (RFC 4511 section 4.1.9).
fn result(code: u8, diagnostic: &str) -> [Vec<u8>; 3] {
    [number(ENUMERATED, code), text(""), text(diagnostic)]
}

fn number(tag: u8, value: u8) -> Vec<u8> {
    element(tag, &[value])
}

fn text(text: &str) -> Vec<u8> {
    element(OCTETS, text.as_bytes())
}

/// Tag, length, content (X.690 section 8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|digit| **digit == 0).count().min(length.len() - 1)..];
    let mut bytes = vec![tag];
    if content.len() >= 0x80 {
        bytes.push(0x80 | digits.len() as u8);
    }
    bytes.extend(digits);
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex;

    /// RFC 4511 section 5.1 leaves definite lengths; X.690 section 8.1.3 gives their forms.
    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        for (length, head) in [(0, "0400"), (127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100")] {
            assert!(hex(&element(OCTETS, &vec![7; length])).starts_with(head), "{length}");
        }
    }

    /// What ldapsearch and slapd of OpenLDAP 2.5 send: an anonymous bind, its success, the first search for the root entry.
    #[test]
    fn messages_are_those_of_openldap() {
        assert_eq!(hex(&bind(1, "", "")), "300c020101600702010304008000");
        assert_eq!(hex(&bind_result(1, 0, "")), "300c02010161070a010004000400");
        assert_eq!(hex(&start_tls(1)), "301d02010177188016312e332e362e312e342e312e313436362e3230303337");
        assert_eq!(hex(&unbind(2)), "30050201024200");
    }
}
