//! What the tickets of Windows sign-on say in clear: the user of NTLM (MS-NLMP), the service that a ticket of Kerberos is for, and why a
//! server refuses one (RFC 4120).

use crate::date::parse_basic;
use crate::ldap::ber::Elements;
use crate::text;

/// What begins every NTLM message (MS-NLMP section 2.2.1).
pub(crate) const NTLM: &[u8] = b"NTLMSSP\0";
/// Kerberos' name, and the one that Microsoft writes too (RFC 4121 section 1, MS-SPNG section 3.1.5.2).
pub(crate) const KERBEROS: [&[u8]; 2] =
    [b"\x2A\x86\x48\x86\xF7\x12\x01\x02\x02", b"\x2A\x86\x48\x82\xF7\x12\x01\x02\x02"];
/// The answer of the client: who it is stands in it.
const AUTHENTICATE: u8 = 3;
/// Bit of the flags: texts are UTF-16.
const UNICODE: u32 = 1;
/// Characters of a name that are kept.
const MAX_NAME: usize = 256;

/// Why a server refuses a ticket (RFC 4120 section 5.9.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KerberosError {
    /// Its number (RFC 4120 section 7.5.9).
    pub code: u32,
    /// Clock of the client, in seconds since 1970-01-01 UTC, where the server repeats it.
    pub client_time: Option<i64>,
    /// Clock of the server, in the same unit.
    pub server_time: Option<i64>,
    /// The service that the server takes itself for: `HTTP/mail.example.com`.
    pub service: Option<String>,
}

impl KerberosError {
    /// Reads it out of a server's answer.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let fields = inside(kerberos(bytes, 3)?, &[0x7E, 0x30])?;
        let code = Elements(inside(fields, &[0xA6])?).number(0x02)?;
        let time = |tag| parse_basic(&text::lenient(inside(fields, &[tag, 0x18])?));
        let service = inside(fields, &[0xAA, 0x30, 0xA1, 0x30]).and_then(principal);
        Some(Self { code, client_time: time(0xA2), server_time: time(0xA4), service })
    }

    /// Its name in RFC 4120, of those that a web server sends.
    pub const fn name(&self) -> Option<&'static str> {
        Some(match self.code {
            7 => "KDC_ERR_S_PRINCIPAL_UNKNOWN",
            31 => "KRB_AP_ERR_BAD_INTEGRITY",
            32 => "KRB_AP_ERR_TKT_EXPIRED",
            33 => "KRB_AP_ERR_TKT_NYV",
            34 => "KRB_AP_ERR_REPEAT",
            35 => "KRB_AP_ERR_NOT_US",
            36 => "KRB_AP_ERR_BADMATCH",
            37 => "KRB_AP_ERR_SKEW",
            41 => "KRB_AP_ERR_MODIFIED",
            44 => "KRB_AP_ERR_BADKEYVER",
            45 => "KRB_AP_ERR_NOKEY",
            60 => "KRB_ERR_GENERIC",
            _ => return None,
        })
    }
}

/// The service that a client's ticket is for.
pub(crate) fn service(bytes: &[u8]) -> Option<String> {
    principal(inside(kerberos(bytes, 1)?, &[0x6E, 0x30, 0xA3, 0x61, 0x30, 0xA2, 0x30, 0xA1, 0x30])?)
}

/// The user of NTLM's last message: `DOMAIN\user`, or the user alone.
pub(crate) fn ntlm_user(bytes: &[u8]) -> Option<String> {
    let message = bytes.get(find(bytes, NTLM)?..)?;
    if message.get(8) != Some(&AUTHENTICATE) {
        return None;
    }
    let is_wide = number(message, 60)? & UNICODE != 0;
    let text = |at: usize| {
        let length = usize::from(u16::from_le_bytes(message.get(at..at.saturating_add(2))?.try_into().ok()?));
        let from = usize::try_from(number(message, at.saturating_add(4))?).ok()?;
        let bytes = message.get(from..from.saturating_add(length))?;
        let wide = || bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
        let text = if is_wide { String::from_utf16_lossy(&wide().collect::<Vec<u16>>()) } else { text::lenient(bytes) };
        Some(text.chars().take(MAX_NAME).collect::<String>())
    };
    let (domain, user) = (text(28)?, text(36).filter(|user| !user.is_empty())?);
    Some(if domain.is_empty() { user } else { format!("{domain}\\{user}") })
}

fn number(message: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(message.get(at..at.saturating_add(4))?.try_into().ok()?))
}

/// Where something begins.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What stands behind Kerberos' name and that kind of message (RFC 4121 section 4.1). The name stands in the list of mechanisms, too.
fn kerberos(bytes: &[u8], kind: u8) -> Option<&[u8]> {
    KERBEROS.into_iter().find_map(|oid| {
        let wanted = [oid, &[kind, 0]].concat();
        bytes.get(find(bytes, &wanted)?.saturating_add(wanted.len())..)
    })
}

/// The content of the element that these tags lead to.
fn inside<'b>(bytes: &'b [u8], path: &[u8]) -> Option<&'b [u8]> {
    path.iter()
        .try_fold(bytes, |bytes, &tag| Elements(bytes).find(|element| element.tag == tag).map(|found| found.content))
}

/// The parts of a principal's name.
fn principal(parts: &[u8]) -> Option<String> {
    let parts: Vec<String> =
        Elements(parts).filter(|part| part.tag == 0x1B).take(4).map(|part| text::lenient(part.content)).collect();
    Some(parts.join("/").chars().take(MAX_NAME).collect::<String>()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    /// Of MIT Kerberos 1.20 and Apache's mod_auth_gssapi 1.6 in a test network, with a client whose clock was twenty minutes ahead.
    const SKEW: &str = "oXwweqADCgEConMEcWBvBgkqhkiG9xIBAgIDAH5gMF6gAwIBBaEDAgEepBEYDzIwMjYxMTMwMDMzOTE0WqUFAgMEMpimAwIBJakO\
                        GwxBQ01FLkVYQU1QTEWqIzAhoAMCAQGhGjAYGwRIVFRQGxB3d3cuYWNtZS5leGFtcGxl";
    /// Of curl 7.88 there.
    const OEM: &str = "TlRMTVNTUAADAAAAGAAYAEAAAABqAGoAWAAAAAQABADCAAAABAAEAMYAAAALAAsAygAAAAAAAAAAAAAABoKKAAVQ3yHuWwWi4WMnnrsk\
                       E+oigUseE8AFADxRQDEx2LDp3R88MDEv4GMBAQAAAAAAAABlM5N5gN0BIoFLHhPABQAAAAAAAQAEAFYATQACABYAVwBPAFIASwBTAFQAQQBUAEkATwBO\
                       AAMABAB2AG0ABwAIAHY6b5N5gN0BAAAAAAAAAABBQ01FYW5uYVdPUktTVEFUSU9O";

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_STANDARD.decode(text).unwrap()
    }

    #[test]
    fn why_a_server_refuses() {
        let error = KerberosError::read(&bytes(SKEW)).unwrap();
        assert_eq!((error.code, error.name()), (37, Some("KRB_AP_ERR_SKEW")));
        assert_eq!((error.server_time, error.client_time), (Some(1_796_009_954), None));
        assert_eq!(error.service.as_deref(), Some("HTTP/www.acme.example"));
        for length in 0..bytes(SKEW).len() {
            let _ = KerberosError::read(&bytes(SKEW)[..length]);
        }
    }

    #[test]
    fn who_ntlm_is() {
        assert_eq!(ntlm_user(&bytes(OEM)).as_deref(), Some("ACME\\anna"));
        for length in 0..bytes(OEM).len() {
            assert!(ntlm_user(&bytes(OEM)[..length]).is_none_or(|user| "ACME\\anna".starts_with(&user)), "{length}");
        }
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let user = wide("anna@acme.example");
        let buffer = |length: usize, at: u32| [&(length as u16).to_le_bytes()[..], &[0, 0], &at.to_le_bytes()].concat();
        let message =
            [NTLM, &[3, 0, 0, 0], &[0; 16], &buffer(0, 64), &buffer(user.len(), 64), &[0; 16], &[1, 0, 0, 0], &user]
                .concat();
        assert_eq!(ntlm_user(&message).as_deref(), Some("anna@acme.example"));
        assert_eq!(ntlm_user(&[NTLM, &[1, 0, 0, 0], &[0; 60]].concat()), None);
    }

    #[test]
    fn whom_a_ticket_is_for() {
        let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let names = [tlv(0x1B, b"HTTP"), tlv(0x1B, b"mail.example.com")].concat();
        let name = tlv(0xA2, &tlv(0x30, &[tlv(0xA0, &tlv(2, &[3])), tlv(0xA1, &tlv(0x30, &names))].concat()));
        let ticket = tlv(0xA3, &tlv(0x61, &tlv(0x30, &[tlv(0xA0, &tlv(2, &[5])), name].concat())));
        let request = tlv(0x6E, &tlv(0x30, &[tlv(0xA0, &tlv(2, &[5])), ticket].concat()));
        let whole = [&[0x60, 0x20, 0x06, 0x09], KERBEROS[0], &[1, 0], &request].concat();
        assert_eq!(service(&whole).as_deref(), Some("HTTP/mail.example.com"));
        assert_eq!(service(&whole[..40]), None);
    }
}
