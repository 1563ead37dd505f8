//! DTLS on the port of STUN: which step of the handshake a datagram brings (RFC 6347 section 4).

use crate::tls::Alert;

/// Header of a record: type, version, epoch, number, length.
const HEADER: usize = 13;
/// Records of one datagram that are looked at: a flight has five.
const RECORDS: usize = 16;

/// The records of a datagram: what the first of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dtls {
    /// What kind of record it is: 22 is the handshake, 21 an alert.
    pub content: u8,
    /// The highest of all records of the datagram: 0 until keys are in use.
    pub epoch: u16,
    /// Kind of the message of the handshake, where it is in clear.
    pub handshake: Option<u8>,
    /// An alert in clear.
    pub alert: Option<Alert>,
}

impl Dtls {
    /// A client begins.
    pub const CLIENT_HELLO: u8 = 1;
    /// The server agrees.
    pub const SERVER_HELLO: u8 = 2;
    /// The server wants to know that the client is where it says.
    pub const HELLO_VERIFY: u8 = 3;

    /// Reads the record that a datagram begins with, and how far those behind it come; `None` if it begins with none.
    pub(super) fn read(datagram: &[u8]) -> Option<Self> {
        let (content, epoch, length) = header(datagram)?;
        let body = datagram.get(HEADER..)?;
        let is_clear = epoch == 0;
        let mut rest = body.get(length..).unwrap_or_default();
        let mut reached = epoch;
        for _ in 0..RECORDS {
            let Some((_, epoch, length)) = header(rest) else { break };
            reached = reached.max(epoch);
            rest = rest.get(HEADER.saturating_add(length)..).unwrap_or_default();
        }
        Some(Self {
            content,
            epoch: reached,
            handshake: body.first().copied().filter(|_| is_clear && content == 22),
            alert: body.get(..2).filter(|_| is_clear && content == 21).and_then(Alert::parse),
        })
    }

    /// What it brings, in words.
    pub fn words(self) -> String {
        let step = match (self.content, self.handshake) {
            (20, _) => "change cipher spec",
            (22, Some(Self::CLIENT_HELLO)) => "client hello",
            (22, Some(Self::SERVER_HELLO)) => "server hello",
            (22, Some(Self::HELLO_VERIFY)) => "hello verify request",
            (22, Some(11)) => "certificate",
            (22, Some(12)) => "server key exchange",
            (22, Some(13)) => "certificate request",
            (22, Some(14)) => "server hello done",
            (22, Some(15)) => "certificate verify",
            (22, Some(16)) => "client key exchange",
            (22, _) => "handshake",
            (21, _) => {
                return self.alert.map_or_else(|| "alert".to_owned(), |alert| format!("alert {}", alert.shown()));
            }
            _ => "data",
        };
        step.to_owned()
    }
}

/// Content type, epoch and length of the record that begins here.
fn header(bytes: &[u8]) -> Option<(u8, u16, usize)> {
    let &[content @ 20..=25, 0xFE, 0xFD | 0xFF, high, low, _, _, _, _, _, _, long, short, ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([long, short]));
    Some((content, u16::from_be_bytes([high, low]), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap();
        [&[content, 0xFE, 0xFF, 0, epoch, 0, 0, 0, 0, 0, 1, 0, length], body].concat()
    }

    #[test]
    fn steps_of_a_handshake() {
        let words = |content, epoch, body: &[u8]| Dtls::read(&record(content, epoch, body)).map(Dtls::words);
        assert_eq!(words(22, 0, &[1, 0, 0, 9]).as_deref(), Some("client hello"));
        assert_eq!(words(22, 0, &[2, 0, 0, 9]).as_deref(), Some("server hello"));
        assert_eq!(words(22, 1, &[1, 0, 0, 9]).as_deref(), Some("handshake"), "it is sealed");
        assert_eq!(words(21, 0, &[2, 40]).as_deref(), Some("alert handshake_failure (40)"));
        assert_eq!(words(23, 1, &[7; 20]).as_deref(), Some("data"));
    }

    #[test]
    fn what_stands_behind_the_first_record() {
        let flight = [record(22, 0, &[16, 0, 0, 1]), record(20, 0, &[1]), record(22, 1, &[9; 40])].concat();
        let read = Dtls::read(&flight).unwrap();
        assert_eq!((read.handshake, read.epoch), (Some(16), 1));
        assert_eq!(Dtls::read(&flight[..20]).map(|read| read.epoch), Some(0));
    }

    #[test]
    fn what_is_none() {
        let whole = record(22, 0, &[1, 0, 0, 9]);
        assert!((0..HEADER).all(|length| Dtls::read(&whole[..length]).is_none()));
        assert_eq!(Dtls::read(&[0x80; 40]), None);
        assert_eq!(Dtls::read(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 3, 0, 0, 0, 0]), None, "TLS");
    }
}
