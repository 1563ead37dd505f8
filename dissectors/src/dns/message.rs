//! One DNS message: header, the question, the answers (RFC 1035 4.1).

use super::name;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32};
use nom::{IResult, Parser};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of the header.
pub(super) const HEADER: usize = 12;
/// Records kept of the answer section.
const ANSWER_LIMIT: usize = 256;
/// Records that a plausible message announces in each section.
const COUNT_LIMIT: u16 = 4096;

const RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const TRUNCATED: u16 = 0x0200;
/// The one bit that must still be zero (RFC 6895 2).
const RESERVED: u16 = 0x0040;
const RCODE: u16 = 0x000F;

/// Record types that are told apart.
pub(super) mod rtype {
    pub(crate) const A: u16 = 1;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const AAAA: u16 = 28;
}

/// A query or a response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// True in a response (QR bit).
    pub response: bool,
    /// Transaction id.
    pub id: u16,
    /// Name asked for, without the trailing dot; in presentation form (RFC 1035 5.1), the root is `.`.
    pub name: String,
    /// Type asked for, such as 1 (A), 5 (CNAME) or 28 (AAAA).
    pub qtype: u16,
    /// Response code, the four bits of the header; `None` in a query.
    pub rcode: Option<u16>,
    /// Answers, in wire order; 256 at most.
    pub answers: Vec<Answer>,
    /// The server cut its response to fit (TC bit): the client asks again over TCP.
    pub truncated: bool,
    /// Answers announced by the header.
    pub answer_count: u16,
    /// Fewer answers could be read than were announced.
    pub incomplete: bool,
    /// Seen over TCP.
    pub tcp: bool,
}

/// One record of the answer section.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Owner name.
    pub name: String,
    /// Time to live in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// Record data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME.
    Alias(String),
    /// Any other type, with its number.
    Other(u16),
}

/// The header without its last two counts.
struct Header {
    id: u16,
    flags: u16,
    questions: u16,
    answers: u16,
    others: [u16; 2],
}

/// Is that the header of a standard query or of its response, with one question?
pub(super) fn plausible(bytes: &[u8]) -> bool {
    header(bytes).is_ok_and(|(_, header)| header.plausible())
}

/// Reads a message, which may be cut behind the question; `None` if it is not DNS.
pub(super) fn parse(bytes: &[u8], tcp: bool) -> Option<Message> {
    let (_, header) = header(bytes).ok()?;
    if !header.plausible() {
        return None;
    }
    let (name, end) = name::parse(bytes, HEADER)?;
    let (_, (qtype, _class)) = words(bytes.get(end..)?).ok()?;
    let response = header.flags & RESPONSE != 0;
    let answers = answers(bytes, end.checked_add(4)?, header.answers);
    Some(Message {
        response,
        id: header.id,
        name,
        qtype,
        rcode: response.then_some(header.flags & RCODE),
        incomplete: answers.len() < usize::from(header.answers),
        answers,
        truncated: header.flags & TRUNCATED != 0,
        answer_count: header.answers,
        tcp,
    })
}

impl Header {
    fn plausible(&self) -> bool {
        let [authority, additional] = self.others;
        let query = self.flags & RESPONSE == 0;
        self.flags & (OPCODE | RESERVED) == 0
            && self.questions == 1
            && !(query && (self.answers > 0 || self.flags & RCODE != 0))
            && [self.answers, authority, additional].iter().all(|&count| count <= COUNT_LIMIT)
    }
}

fn header(input: &[u8]) -> IResult<&[u8], Header> {
    let (input, (id, flags, questions)) = (be_u16, be_u16, be_u16).parse(input)?;
    let (input, (answers, authority, additional)) = (be_u16, be_u16, be_u16).parse(input)?;
    Ok((input, Header { id, flags, questions, answers, others: [authority, additional] }))
}

fn words(input: &[u8]) -> IResult<&[u8], (u16, u16)> {
    (be_u16, be_u16).parse(input)
}

/// The records that begin at `offset`, as many as can be read.
fn answers(message: &[u8], offset: usize, count: u16) -> Vec<Answer> {
    let mut list = Vec::new();
    let mut at = offset;
    while list.len() < usize::from(count).min(ANSWER_LIMIT)
        && let Some((answer, end)) = answer(message, at)
    {
        list.push(answer);
        at = end;
    }
    list
}

/// The record at `offset`, and the offset behind it.
fn answer(message: &[u8], offset: usize) -> Option<(Answer, usize)> {
    let (name, end) = name::parse(message, offset)?;
    let (_, (kind, ttl, data)) = record(message.get(end..)?).ok()?;
    let data_at = end.checked_add(10)?;
    let parsed = match (kind, data.len()) {
        (rtype::A, 4) => <[u8; 4]>::try_from(data).ok().map(|octets| Data::Address(Ipv4Addr::from(octets).into())),
        (rtype::AAAA, 16) => <[u8; 16]>::try_from(data).ok().map(|octets| Data::Address(Ipv6Addr::from(octets).into())),
        (rtype::CNAME, _) => name::parse(message, data_at).map(|(alias, _)| Data::Alias(alias)),
        _ => None,
    };
    let answer = Answer { name, ttl, data: parsed.unwrap_or(Data::Other(kind)) };
    Some((answer, data_at.checked_add(data.len())?))
}

/// Type, class, time to live and data of a record.
fn record(input: &[u8]) -> IResult<&[u8], (u16, u32, &[u8])> {
    let (input, (kind, _class, ttl, length)) = (be_u16, be_u16, be_u32, be_u16).parse(input)?;
    let (input, data) = take(length).parse(input)?;
    Ok((input, (kind, ttl, data)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A name on the wire.
    pub(crate) fn wire(name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes
    }

    pub(crate) fn query(name: &str, qtype: u16) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(wire(name));
        bytes.extend(qtype.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    fn record_of(kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xC0, 12];
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
        bytes
    }

    /// An alias, an address of each kind, and a text record.
    pub(crate) fn response() -> Vec<u8> {
        let mut bytes = query("mail.acme.example", 1);
        bytes[2..4].copy_from_slice(&[0x81, 0x80]);
        bytes[7] = 4;
        bytes.extend(record_of(5, b"\x03vip\xC0\x11"));
        bytes.extend(record_of(1, &[192, 0, 2, 7]));
        bytes.extend(record_of(28, &[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]));
        bytes.extend(record_of(16, b"\x02hi"));
        bytes
    }

    #[test]
    fn a_query() {
        let message = parse(&query("Mail01.acme.example", 28), false).unwrap();
        assert_eq!((message.response, message.id, message.qtype, message.rcode), (false, 0x1234, 28, None));
        assert_eq!(message.name, "Mail01.acme.example");
        assert!(message.answers.is_empty() && !message.incomplete && !message.truncated);
    }

    #[test]
    fn a_response() {
        let message = parse(&response(), true).unwrap();
        assert_eq!((message.response, message.rcode, message.tcp), (true, Some(0), true));
        let data: Vec<_> = message.answers.iter().map(|answer| answer.data.clone()).collect();
        assert_eq!(data[0], Data::Alias("vip.acme.example".into()));
        assert_eq!(data[1], Data::Address([192, 0, 2, 7].into()));
        assert_eq!(data[2], Data::Address("2001:db8::7".parse().unwrap()));
        assert_eq!(data[3], Data::Other(16));
        assert!(message.answers.iter().all(|answer| answer.ttl == 60 && answer.name == "mail.acme.example"));
    }

    #[test]
    fn codes_and_bits() {
        let mut bytes = query("nowhere.example", 1);
        bytes[2..4].copy_from_slice(&[0x83, 0x83]);
        let message = parse(&bytes, false).unwrap();
        assert_eq!((message.rcode, message.truncated), (Some(3), true));
    }

    #[test]
    fn what_is_not_plausible() {
        let good = query("a.example", 1);
        for (offset, value) in [(2, 0x28), (3, 0x40), (5, 0), (5, 2), (7, 1), (3, 3), (6, 0x20), (8, 0x20), (10, 0x20)]
        {
            let mut bad = good.clone();
            bad[offset] = value;
            assert_eq!(parse(&bad, false), None, "{offset} {value}");
        }
    }

    #[test]
    fn every_cut() {
        let bytes = response();
        let whole = parse(&bytes, false).unwrap();
        for length in 0..bytes.len() {
            match parse(&bytes[..length], false) {
                None => assert!(length < 35),
                Some(message) => {
                    assert!(message.incomplete && length >= 35, "{length}");
                    assert_eq!(message.answers, whole.answers[..message.answers.len()]);
                }
            }
        }
    }

    #[test]
    fn a_record_of_the_wrong_length_is_not_read_as_an_address() {
        let mut bytes = query("a.example", 1);
        bytes[2] = 0x81;
        bytes[7] = 2;
        bytes.extend(record_of(1, &[1, 2, 3]));
        bytes.extend(record_of(5, &[0xC0]));
        let message = parse(&bytes, false).unwrap();
        assert_eq!(message.answers[0].data, Data::Other(1));
        assert_eq!(message.answers[1].data, Data::Other(5));
    }

    #[test]
    fn the_number_of_answers_is_bounded() {
        let mut bytes = query("a.example", 1);
        bytes[2] = 0x81;
        bytes[6..8].copy_from_slice(&[0x10, 0]);
        for _ in 0..4096 {
            bytes.extend(record_of(1, &[1, 2, 3, 4]));
        }
        let message = parse(&bytes, true).unwrap();
        assert_eq!((message.answers.len(), message.answer_count, message.incomplete), (256, 4096, true));
    }
}
