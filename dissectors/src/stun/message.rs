//! One message: header and attributes (RFC 8489 sections 5 and 14, RFC 8656 section 18, RFC 8445 section 16.1).

use super::dtls::Dtls;
use crate::text;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Header: type, length, magic cookie, transaction id.
pub(super) const HEADER: usize = 20;
/// What stands in every message since RFC 5389.
pub(super) const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Attributes that are read.
const ATTRIBUTES: usize = 64;
/// Longest text that is kept (RFC 8489: 763 bytes at most).
const TEXT: usize = 763;

/// What a datagram, or a unit of a stream, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A message of STUN or TURN.
    Stun(Box<Stun>),
    /// A record of DTLS on the same way.
    Dtls(Dtls),
}

/// A message of STUN or TURN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stun {
    /// Whether it asks or answers.
    pub kind: Kind,
    /// What for.
    pub method: Method,
    /// Transaction id.
    pub transaction: [u8; 12],
    /// Who asks: at a relay a user, between two parties of a call both their names for the session.
    pub username: Option<String>,
    /// Realm.
    pub realm: Option<String>,
    /// Nonce (public by design).
    pub nonce: Option<String>,
    /// Number and reason of an error.
    pub error: Option<(u16, String)>,
    /// The address from which the request came, as the server sees it.
    pub mapped: Option<SocketAddr>,
    /// The address of the relay that was granted.
    pub relayed: Option<SocketAddr>,
    /// For how long it is granted or wanted (seconds).
    pub lifetime: Option<u32>,
    /// What the server calls itself.
    pub software: Option<String>,
    /// Whether that way works is what is asked (ICE connectivity check).
    pub is_check: bool,
    /// Its end is not there.
    pub incomplete: bool,
}

/// Whether a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It asks.
    Request,
    /// It says something that needs no answer.
    Indication,
    /// It grants.
    Success,
    /// It refuses.
    Error,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// What is my address, or does this way work?
    Binding,
    /// A relay is wanted.
    Allocate,
    /// A relay is wanted for longer, or no more.
    Refresh,
    /// Data to a peer, by the relay.
    Send,
    /// Data from a peer.
    Data,
    /// A peer may send.
    CreatePermission,
    /// A peer gets a number.
    ChannelBind,
    /// Something else.
    Other(u16),
}

impl Method {
    const fn of(number: u16) -> Self {
        match number {
            1 => Self::Binding,
            3 => Self::Allocate,
            4 => Self::Refresh,
            6 => Self::Send,
            7 => Self::Data,
            8 => Self::CreatePermission,
            9 => Self::ChannelBind,
            other => Self::Other(other),
        }
    }

    /// In words, as the RFCs have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binding => "Binding",
            Self::Allocate => "Allocate",
            Self::Refresh => "Refresh",
            Self::Send => "Send",
            Self::Data => "Data",
            Self::CreatePermission => "CreatePermission",
            Self::ChannelBind => "ChannelBind",
            Self::Other(_) => "unknown method",
        }
    }

    /// A relay has it, and nobody else.
    pub const fn is_of_relay(self) -> bool {
        !matches!(self, Self::Binding | Self::Other(_))
    }
}

/// Reads a datagram; `None` if it is neither STUN nor DTLS.
pub(super) fn datagram(bytes: &[u8]) -> Option<crate::Message> {
    let message = match size(bytes) {
        Some(_) => Message::Stun(Box::new(read(bytes, false)?)),
        None => Message::Dtls(Dtls::read(bytes)?),
    };
    Some(crate::Message::Stun(message))
}

/// Of this protocol beyond doubt: on the usual ports every message of STUN; on others who asks for a relay, since SIP and media have
/// STUN's other messages on their own ways to keep them open.
pub(super) fn datagram_probe(bytes: &[u8], usual_port: bool) -> bool {
    let is_whole = size(bytes).is_some_and(|size| size >= bytes.len());
    let allocates = || kind(bytes).is_some_and(|(_, method)| method == Method::Allocate);
    is_whole && (usual_port || allocates())
}

/// Bytes of the message that begins so; `None` if none does.
pub(super) fn size(bytes: &[u8]) -> Option<usize> {
    let &[first, _, high, low, a, b, c, d, ..] = bytes else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    (first < 0x40 && length.is_multiple_of(4) && [a, b, c, d] == COOKIE).then(|| HEADER.saturating_add(length))
}

/// Class and method stand in one number (RFC 8489 section 5).
fn kind(bytes: &[u8]) -> Option<(Kind, Method)> {
    let number = u16::from_be_bytes(*bytes.first_chunk()?);
    let kind = match number & 0x0110 {
        0 => Kind::Request,
        0x0010 => Kind::Indication,
        0x0100 => Kind::Success,
        _ => Kind::Error,
    };
    let method = (number & 0x000F) | ((number & 0x00E0) >> 1) | ((number & 0x3E00) >> 2);
    Some((kind, Method::of(method)))
}

/// Reads a message, as far as it is there.
pub(super) fn read(bytes: &[u8], is_cut: bool) -> Option<Stun> {
    let (kind, method) = kind(bytes)?;
    let transaction = *bytes.get(8..HEADER)?.first_chunk()?;
    let size = size(bytes)?;
    let mut message = Stun {
        kind,
        method,
        transaction,
        username: None,
        realm: None,
        nonce: None,
        error: None,
        mapped: None,
        relayed: None,
        lifetime: None,
        software: None,
        is_check: false,
        incomplete: is_cut || size > bytes.len(),
    };
    let mut rest = bytes.get(HEADER..size.min(bytes.len())).unwrap_or_default();
    for _ in 0..ATTRIBUTES {
        let &[a, b, high, low, ref behind @ ..] = rest else { break };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(value) = behind.get(..length) else {
            message.incomplete = true;
            break;
        };
        message.take(u16::from_be_bytes([a, b]), value);
        rest = behind.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(message)
}

impl Stun {
    fn take(&mut self, attribute: u16, value: &[u8]) {
        let words = |value: &[u8]| Some(text::lenient(value.get(..value.len().min(TEXT)).unwrap_or_default()));
        match attribute {
            0x0006 => self.username = words(value),
            0x0009 => self.error = error(value),
            0x000D => self.lifetime = value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
            0x0014 => self.realm = words(value),
            0x0015 => self.nonce = words(value),
            0x0016 => self.relayed = address(value, &self.transaction),
            0x0020 => self.mapped = address(value, &self.transaction),
            0x0024 => self.is_check = true,
            0x8022 => self.software = words(value),
            _ => {}
        }
    }
}

/// Class (hundreds) and number of an error, and its reason.
fn error(value: &[u8]) -> Option<(u16, String)> {
    let &[_, _, class, number, ref reason @ ..] = value else { return None };
    let code = u16::from(class & 7).saturating_mul(100).saturating_add(u16::from(number));
    let reason = text::lenient(reason.get(..reason.len().min(TEXT)).unwrap_or_default());
    // Some servers end it by a zero.
    Some((code, reason.trim_matches(['\0', ' ']).to_owned()))
}

/// An address that is masked by cookie and transaction id, so that no router translates it on the way.
fn address(value: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let &[_, family, high, low, ref masked @ ..] = value else { return None };
    let [a, b, ..] = COOKIE;
    let port = u16::from_be_bytes([high ^ a, low ^ b]);
    let mask = COOKIE.iter().chain(transaction);
    let ip: IpAddr = match family {
        1 => {
            let mut bytes: [u8; 4] = *masked.first_chunk()?;
            bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
            Ipv4Addr::from(bytes).into()
        }
        2 => {
            let mut bytes: [u8; 16] = *masked.first_chunk()?;
            bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn message(number: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let length = u16::try_from(body.len()).unwrap();
        [&number.to_be_bytes()[..], &length.to_be_bytes(), &COOKIE, b"abcdefghijkl", &body].concat()
    }

    fn stun(bytes: &[u8]) -> Option<Stun> {
        match datagram(bytes)? {
            crate::Message::Stun(Message::Stun(stun)) => Some(*stun),
            _ => None,
        }
    }

    #[test]
    fn a_relay_that_is_wanted_and_refused() {
        let asked =
            stun(&message(3, &[(6, b"1770000000:ann"), (0x14, b"acme.example"), (0x19, &[17, 0, 0, 0])])).unwrap();
        assert_eq!((asked.kind, asked.method), (Kind::Request, Method::Allocate));
        assert_eq!((asked.username.as_deref(), asked.realm.as_deref()), (Some("1770000000:ann"), Some("acme.example")));
        let refused = stun(&message(0x0113, &[(9, &[0, 0, 4, 1, b'U', b'n'])])).unwrap();
        assert_eq!((refused.kind, refused.method), (Kind::Error, Method::Allocate));
        assert_eq!(refused.error, Some((401, "Un".to_owned())));
    }

    #[test]
    fn addresses_are_unmasked() {
        let mapped = [0, 1, 0x06, 0x02, 0x2B, 0x13, 0xA4, 0x4B];
        let granted = stun(&message(0x0101, &[(0x20, &mapped)])).unwrap();
        assert_eq!(granted.mapped, Some("10.1.0.9:10000".parse().unwrap()));
        let mut masked: Vec<u8> = "2001:db8::9".parse::<Ipv6Addr>().unwrap().octets().to_vec();
        let mask = COOKIE.iter().chain(b"abcdefghijkl");
        masked.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        let value = [&[0, 2, 0x06, 0x02][..], &masked].concat();
        let granted = stun(&message(0x0103, &[(0x16, &value)])).unwrap();
        assert_eq!(granted.relayed, Some("[2001:db8::9]:10000".parse().unwrap()));
    }

    #[test]
    fn what_is_there_of_a_message() {
        let whole = message(3, &[(6, b"ann"), (0x24, &[0; 4]), (0x8022, b"coturn")]);
        assert_eq!(stun(&whole).map(|stun| stun.incomplete), Some(false));
        for length in 0..whole.len() {
            let read = stun(&whole[..length]);
            assert_eq!(read.is_some(), length >= HEADER, "{length}");
            assert!(read.is_none_or(|stun| stun.incomplete));
        }
    }

    #[test]
    fn what_is_known_on_which_port() {
        let (check, wanted) = (message(1, &[(6, b"a:b"), (0x24, &[0; 4])]), message(3, &[]));
        assert!(datagram_probe(&check, true) && !datagram_probe(&check, false));
        assert!(datagram_probe(&wanted, true) && datagram_probe(&wanted, false));
        assert!(!datagram_probe(&[0x80; 40], true) && !datagram_probe(&[], true));
        let behind = [wanted.as_slice(), &[0; 4]].concat();
        assert!(!datagram_probe(&behind, true), "bytes behind it");
    }

    #[test]
    fn all_methods_and_classes() {
        for (number, kind, method) in [
            (0x0001, Kind::Request, Method::Binding),
            (0x0011, Kind::Indication, Method::Binding),
            (0x0104, Kind::Success, Method::Refresh),
            (0x0016, Kind::Indication, Method::Send),
            (0x0118, Kind::Error, Method::CreatePermission),
            (0x0009, Kind::Request, Method::ChannelBind),
            (0x3EEF, Kind::Request, Method::Other(0x0FFF)),
        ] {
            let read = stun(&message(number, &[])).unwrap();
            assert_eq!((read.kind, read.method), (kind, method), "{number:x}");
        }
    }
}
