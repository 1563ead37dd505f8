//! Transactions, and the message that opens a service. Two requests are public, both from nmap's `nrpc.lua`: the opening
//! of a service and the lookup of an ID file in the directory. Of replies it is known that a STATUS stands first.

use super::frame::{Header, Place, class};
use super::{Status, lmbcs};
use crate::Side;
use nom::bytes::complete::take;
use nom::number::complete::le_u16;
use nom::{IResult, Parser};

/// Function that looks up an ID file ([`class::TRANSACTION`]).
pub(super) const ID_FILE_LOOKUP: u16 = 0x4F;
/// Function that opens a service ([`class::SERVICE`]).
pub(super) const SERVICE_START: u16 = 0x01;
/// Size of the fixed part of the request that opens a service, as it says itself.
const SERVICE_FIXED_SIZE: u16 = 30;

/// Transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transaction {
    /// Status of a reply, as sent; see [`Status`]. Only of the first frame of a reply, in a known class, with lengths that
    /// agree: elsewhere the first two bytes may be anything.
    pub status: Option<u16>,
    /// The server sent it.
    pub reply: bool,
    /// It goes on with the reply that began in the frame before.
    pub continuation: bool,
    /// Name of the function, where public.
    pub name: Option<&'static str>,
    /// View that is looked into.
    pub view: Option<String>,
    /// User who is looked up.
    pub user: Option<String>,
    /// Largest message the sender takes, in bytes (inferred).
    pub buffer_size: Option<u16>,
    /// Bytes of data a reply to a lookup brings.
    pub data_length: Option<u16>,
}

impl Transaction {
    /// Reads what is public. `behind` is all that follows the header in this frame: the payload may be longer than it says.
    pub(super) fn parse(from: Side, header: &Header, behind: &[u8], place: Place) -> Self {
        let mut transaction =
            Self { reply: from == Side::Server, name: name(header.class, header.function), ..Self::default() };
        if transaction.reply {
            transaction.read_reply(header, behind, place);
            return transaction;
        }
        let function = (header.class, header.function);
        if function == (class::SERVICE, SERVICE_START) {
            transaction.buffer_size = service_buffer(behind).ok().and_then(|(_, size)| size);
        } else if function == (class::TRANSACTION, ID_FILE_LOOKUP)
            && let Ok((_, (view, user))) = lookup(behind)
        {
            transaction.view = Some(lmbcs::decode(view));
            transaction.user = Some(lmbcs::decode(user)).filter(|user| !user.is_empty());
        }
        transaction
    }

    /// The status as a type of its own.
    pub fn status(&self) -> Option<Status> {
        self.status.map(Status)
    }

    fn read_reply(&mut self, header: &Header, behind: &[u8], place: Place) {
        self.continuation = place == Place::Continuation;
        let known = matches!(header.class, class::TRANSACTION | class::SERVICE);
        if place != Place::First || !known || !header.lengths_agree() || header.payload_length < 2 {
            return;
        }
        let words: IResult<&[u8], (u16, Option<u16>)> = (le_u16, nom::combinator::opt(le_u16)).parse(behind);
        if let Ok((_, (status, length))) = words {
            self.status = Some(status);
            let lookup = (header.class, header.function) == (class::TRANSACTION, ID_FILE_LOOKUP);
            self.data_length = length.filter(|_| lookup && header.payload_length >= 4);
        }
    }
}

/// Name of a function, where public.
fn name(class: u16, function: u16) -> Option<&'static str> {
    match (class, function) {
        (class::SERVICE, SERVICE_START) => Some("service start"),
        (class::TRANSACTION, ID_FILE_LOOKUP) => Some("ID file lookup"),
        _ => None,
    }
}

/// View and user of a lookup: lengths at p+4 and p+6, both with the final NUL, strings from p+24, the first padded to even.
fn lookup(input: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let (input, _) = take(4usize).parse(input)?;
    let (input, (view, user)) = (le_u16, le_u16).parse(input)?;
    let (input, _) = take(16usize).parse(input)?;
    let (input, text) = take(view).parse(input)?;
    let (input, _) = take(view & 1).parse(input)?;
    let user = input.get(..usize::from(user)).unwrap_or(input);
    Ok((input, (until_nul(text), until_nul(user))))
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Buffer size at p+16, believed if the size of the fixed part stands behind it.
fn service_buffer(input: &[u8]) -> IResult<&[u8], Option<u16>> {
    let (input, _) = take(16usize).parse(input)?;
    let (input, (buffer, fixed)) = (le_u16, le_u16).parse(input)?;
    Ok((input, (fixed == SERVICE_FIXED_SIZE).then_some(buffer)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::frame::tests::frame;
    use super::super::frame::{Body, decode};
    use super::*;

    /// A lookup as the published script lays it out, with the P that it always sends.
    pub(crate) fn lookup_request(user: &str) -> Vec<u8> {
        let mut payload = vec![0, 5, 0, 0, 9, 0, u8::try_from(user.len() + 1).unwrap(), 0];
        payload.extend([0; 16]);
        payload.extend(b"($Users)\0\0");
        payload.extend(user.as_bytes());
        payload.push(0);
        let mut bytes = frame(1, ID_FILE_LOOKUP, class::TRANSACTION, &payload);
        bytes.truncate(12 + payload.len());
        let length = u16::try_from(bytes.len() - 2).unwrap();
        bytes[..2].copy_from_slice(&length.to_le_bytes());
        bytes[4] = 50;
        bytes
    }

    fn transaction(from: Side, bytes: &[u8], place: Place) -> Transaction {
        match decode(from, bytes, place).body {
            Body::Transaction(transaction) => transaction,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lookup_names_view_and_user_whatever_p_says() {
        for (user, agrees) in [("fifteen letters", true), ("al", false), ("a name of more letters than that", false)] {
            let bytes = lookup_request(user);
            let message = decode(Side::Client, &bytes, Place::First);
            assert_eq!((message.length_mismatch, message.incomplete), (!agrees, false), "{user}");
            let transaction = transaction(Side::Client, &bytes, Place::First);
            assert_eq!(transaction.name, Some("ID file lookup"));
            assert_eq!(transaction.view.as_deref(), Some("($Users)"));
            assert_eq!(transaction.user.as_deref(), Some(user));
        }
    }

    #[test]
    fn a_service_start() {
        let mut payload = [0u8; 30];
        payload[16..20].copy_from_slice(&[0x28, 0x1F, 30, 0]);
        let read = transaction(Side::Client, &frame(0, 1, class::SERVICE, &payload), Place::First);
        assert_eq!((read.name, read.buffer_size), (Some("service start"), Some(7976)));
        payload[18] = 31;
        assert_eq!(transaction(Side::Client, &frame(0, 1, class::SERVICE, &payload), Place::First).buffer_size, None);
    }

    #[test]
    fn a_reply_begins_with_a_status() {
        let mut payload = [0u8; 22];
        payload[..4].copy_from_slice(&[0x19, 0x43, 5, 0]);
        let bytes = frame(1, ID_FILE_LOOKUP, class::TRANSACTION, &payload);
        let read = transaction(Side::Server, &bytes, Place::First);
        assert_eq!(read.status().unwrap().name(), Some("ERR_IDFILE_NOT_FOUND"));
        assert_eq!((read.data_length, read.reply), (Some(5), true));
        assert_eq!(transaction(Side::Server, &bytes, Place::Unsure).status, None);
        let next = transaction(Side::Server, &bytes, Place::Continuation);
        assert_eq!((next.status, next.continuation), (None, true));
        assert_eq!(transaction(Side::Client, &bytes, Place::First).status, None);
    }

    #[test]
    fn a_status_is_not_believed_elsewhere() {
        let mut bytes = frame(1, 0x21, class::TRANSACTION, &[4, 8, 0, 0]);
        assert_eq!(transaction(Side::Server, &bytes, Place::First).status, Some(0x0804));
        bytes[4] = 50;
        assert_eq!(transaction(Side::Server, &bytes, Place::First).status, None);
        assert_eq!(transaction(Side::Server, &frame(1, 0x21, 9, &[4, 8]), Place::First).status, None);
        assert_eq!(transaction(Side::Server, &frame(1, 0x21, class::TRANSACTION, &[4]), Place::First).status, None);
    }

    #[test]
    fn every_cut() {
        let bytes = lookup_request("fifteen letters");
        for length in 12..bytes.len() {
            let read = transaction(Side::Client, &bytes[..length], Place::First);
            assert_eq!(read.view.is_some(), length >= 12 + 34, "{length}");
            assert_eq!(read.user.is_some(), length > 12 + 34, "{length}");
        }
    }
}
