//! Streams of units that begin with their length: the state machine that their protocols have in common.
//!
//! A direction is in step while each unit begins where the one before ended. A gap that swallows no unread length leaves it in
//! step. Any other gap puts it out of step, and so does a header that cannot be true: then the bytes are searched for a header
//! that can, each of them once and at most as far as a unit can reach, and two such headers in a row put it back.
//!
//! What a header looks like and what a unit says is the protocol's affair: its [`Framing`].

use crate::{Dissector, Message, Probe, Protocol, Side, Verdict};

/// What is particular to a protocol: what its units look like and what they say, in one direction.
///
/// Each answer rests on the first bytes alone: it must not change when more of them are there.
pub(crate) trait Framing {
    /// Bytes that are searched for a header: the longest unit and a header more; 0 if nothing tells a header from other bytes.
    const SEARCH: usize;

    /// Judges what stands where a unit should begin. `input` is never empty.
    fn judge(&mut self, input: &[u8], standing: Standing) -> Begins;

    /// Could this be a header, in the middle of a stream? Where it says `Yes`, [`Framing::judge`] finds a unit.
    fn header(&self, input: &[u8]) -> Probe;

    /// Bytes of the unit that begins so; `None` if they do not tell, or cannot be true.
    fn size(&self, input: &[u8]) -> Option<usize>;

    /// Reads a unit, or what is there of it. `None` if there is nothing to say of it; of the client's first unit that means
    /// that it is of another protocol.
    fn read(&mut self, unit: &[u8], is_cut: bool) -> Option<Message>;

    /// A header was found behind bytes that were passed over: units in front of it may be missing.
    fn found(&mut self) {}

    /// Bytes are missing here: between these units, or all that came before the capture.
    fn lost(&mut self) {}
}

/// How sure it is that a unit begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// This direction has been read or has lost bytes before: these are not its first.
    pub begun: bool,
    /// The unit before ended here; else its own header was only found by its look.
    pub in_step: bool,
}

/// What stands where a unit should begin.
pub(crate) enum Begins {
    /// That needs so many bytes to be told, more than there are.
    Need(usize),
    /// A unit.
    Unit {
        /// Its bytes.
        size: usize,
        /// How many of them say all that is read; the others are passed over.
        read: usize,
        /// It is of a kind that exists. If not, the next header has to confirm that it was a unit.
        is_known: bool,
    },
    /// So many bytes that may stand between units, and what they say, if anything.
    Between(usize, Option<Message>),
    /// No unit.
    Nothing {
        /// Bytes that the message accounts for.
        used: usize,
        /// What is wrong with them.
        message: Message,
        /// A header may be found behind them.
        search: bool,
    },
    /// What carries the conversation from here on.
    Becomes(&'static Protocol),
    /// Another protocol.
    NotMine,
}

/// A dissector of units that are framed so; `framing` makes what is particular to a side.
pub(crate) fn open<F: Framing + Send + 'static>(framing: fn(Side) -> F) -> Box<dyn Dissector> {
    let direction = |side| Direction { side, framing: framing(side), phase: Phase::default(), begun: false };
    Box::new(Stream { client: direction(Side::Client), server: direction(Side::Server) })
}

struct Stream<F> {
    client: Direction<F>,
    server: Direction<F>,
}

struct Direction<F> {
    side: Side,
    framing: F,
    phase: Phase,
    /// A unit was read, or bytes were lost.
    begun: bool,
}

/// Where a direction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The next byte begins a unit.
    #[default]
    InStep,
    /// The next byte seems to begin a unit: this many were read since a header was found by its look.
    Unconfirmed(u8),
    /// The next byte is the first that was seen: a unit may begin there, or go on.
    Midstream,
    /// This many bytes belong to a unit that was reported already.
    Remainder(u64),
    /// Looking for a header; this many bytes were looked at.
    Lost(usize),
    /// Nothing that follows can be read.
    Done,
}

impl<F: Framing + Send> Dissector for Stream<F> {
    fn midstream(&mut self) {
        self.client.midstream();
        self.server.midstream();
    }

    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        self.direction(from).next(input)
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<Message> {
        let direction = self.direction(from);
        let message = direction.partial(pending);
        direction.lose(pending, missing);
        message
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<Message> {
        self.direction(from).partial(pending)
    }
}

impl<F> Stream<F> {
    const fn direction(&mut self, from: Side) -> &mut Direction<F> {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl<F: Framing> Direction<F> {
    /// The first bytes may be the rest of a unit: that they are no header is no fault, and a header is sought behind them.
    fn midstream(&mut self) {
        self.framing.lost();
        self.begun = true;
        self.phase = Phase::Midstream;
    }

    /// Where a unit should begin, one may: what is there is of one, as far as it can be told.
    fn may_be_unit(&self, pending: &[u8]) -> bool {
        match self.phase {
            Phase::InStep | Phase::Unconfirmed(_) => true,
            Phase::Midstream => self.framing.header(pending) == Probe::Yes,
            Phase::Remainder(_) | Phase::Lost(_) | Phase::Done => false,
        }
    }

    fn next(&mut self, input: &[u8]) -> Verdict {
        match self.phase {
            Phase::Done => Verdict::Skip { bytes: u64::MAX },
            Phase::Remainder(bytes) => {
                self.phase = Phase::InStep;
                Verdict::Skip { bytes }
            }
            Phase::Lost(looked) => self.search(input, looked),
            Phase::InStep | Phase::Unconfirmed(_) | Phase::Midstream => self.unit(input),
        }
    }

    /// Where a unit should begin.
    fn unit(&mut self, input: &[u8]) -> Verdict {
        let in_step = self.phase == Phase::InStep;
        match self.framing.judge(input, Standing { begun: self.begun, in_step }) {
            Begins::Need(total) => Verdict::Need { total },
            Begins::Unit { size, read, is_known } => self.whole(input, size, read, is_known),
            Begins::Between(used, Some(message)) => Verdict::Message { used, message },
            Begins::Between(used, None) => skip(used),
            // What looks like a header here is none: it is passed over, or the search would find it again for ever.
            Begins::Nothing { .. } if !in_step => {
                self.phase = Phase::Lost(1);
                skip(1)
            }
            Begins::Nothing { used, message, search } => {
                self.phase = if search { Phase::Lost(0) } else { Phase::Done };
                self.begun = true;
                Verdict::Message { used, message }
            }
            Begins::Becomes(protocol) => Verdict::Becomes(protocol),
            Begins::NotMine => Verdict::NotMine,
        }
    }

    fn whole(&mut self, input: &[u8], size: usize, read: usize, is_known: bool) -> Verdict {
        let Some(unit) = input.get(..read) else { return Verdict::Need { total: read } };
        let message = self.framing.read(unit, false);
        let is_first = !std::mem::replace(&mut self.begun, true);
        if message.is_none() && is_first && self.side == Side::Client {
            return Verdict::NotMine;
        }
        self.phase = match self.phase {
            _ if !is_known => Phase::Unconfirmed(0),
            Phase::Unconfirmed(0) => Phase::Unconfirmed(1),
            _ => Phase::InStep,
        };
        match message {
            None => skip(size),
            Some(message) => {
                if size > read {
                    self.phase = Phase::Remainder(bytes(size.saturating_sub(read)));
                }
                Verdict::Message { used: read, message }
            }
        }
    }

    /// Looks for a header: each offset is judged once, by as many bytes as that takes.
    fn search(&mut self, input: &[u8], looked: usize) -> Verdict {
        let budget = F::SEARCH.saturating_sub(looked);
        for offset in 0..input.len().min(budget) {
            match self.framing.header(input.get(offset..).unwrap_or_default()) {
                Probe::No => {}
                Probe::Yes => {
                    self.phase = Phase::Unconfirmed(0);
                    self.framing.found();
                    return if offset == 0 { self.unit(input) } else { skip(offset) };
                }
                Probe::Need(total) => {
                    self.phase = Phase::Lost(looked.saturating_add(offset));
                    return if offset == 0 { Verdict::Need { total } } else { skip(offset) };
                }
            }
        }
        if input.len() >= budget {
            self.phase = Phase::Done;
            return Verdict::Skip { bytes: u64::MAX };
        }
        self.phase = Phase::Lost(looked.saturating_add(input.len()));
        skip(input.len())
    }

    /// What can be told from the beginning of a unit.
    fn partial(&mut self, pending: &[u8]) -> Option<Message> {
        if self.may_be_unit(pending) && !pending.is_empty() { self.framing.read(pending, true) } else { None }
    }

    /// `missing` bytes behind `pending` are gone.
    fn lose(&mut self, pending: &[u8], missing: u64) {
        let unread = match self.phase {
            Phase::Done => return,
            Phase::Remainder(bytes) => Some(bytes),
            Phase::Lost(_) => None,
            Phase::InStep | Phase::Unconfirmed(_) if pending.is_empty() => Some(0),
            Phase::Midstream if !self.may_be_unit(pending) => None,
            Phase::InStep | Phase::Unconfirmed(_) | Phase::Midstream => {
                self.framing.size(pending).map(|size| bytes(size.saturating_sub(pending.len())))
            }
        };
        self.framing.lost();
        self.begun = true;
        self.phase = match unread.and_then(|unread| unread.checked_sub(missing)) {
            Some(0) => Phase::InStep,
            Some(bytes) => Phase::Remainder(bytes),
            None => Phase::Lost(0),
        };
    }
}

fn skip(count: usize) -> Verdict {
    Verdict::Skip { bytes: bytes(count) }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns;
    use crate::drive::Driver;

    /// Units of a mark, a length and text, of which three bytes are read; lower-case marks are of unknown kinds.
    struct Toy;

    impl Framing for Toy {
        const SEARCH: usize = 32;

        fn judge(&mut self, input: &[u8], standing: Standing) -> Begins {
            match (self.header(input), self.size(input)) {
                _ if input.first() == Some(&b' ') => Begins::Between(1, None),
                (Probe::Need(total), _) => Begins::Need(total),
                (Probe::Yes, Some(size)) => {
                    let is_known = input.first().is_some_and(u8::is_ascii_uppercase);
                    Begins::Unit { size, read: size.min(5), is_known }
                }
                _ if !standing.begun => Begins::NotMine,
                _ => Begins::Nothing { used: 1, message: said("?"), search: true },
            }
        }

        fn header(&self, input: &[u8]) -> Probe {
            match input {
                [mark, ..] if !mark.is_ascii_alphabetic() => Probe::No,
                [_, length, ..] if *length < 10 => Probe::Yes,
                [_, _, ..] => Probe::No,
                _ => Probe::Need(2),
            }
        }

        fn size(&self, input: &[u8]) -> Option<usize> {
            input.get(1).map(|&length| usize::from(length) + 2)
        }

        fn read(&mut self, unit: &[u8], is_cut: bool) -> Option<Message> {
            let text = String::from_utf8_lossy(unit.get(2..).unwrap_or_default());
            (!text.is_empty()).then(|| said(&if is_cut { format!("{text}...") } else { text.into_owned() }))
        }
    }

    /// A message that carries that text.
    fn said(text: &str) -> Message {
        Message::Dns(dns::Message {
            response: false,
            id: 0,
            name: text.to_owned(),
            qtype: 0,
            rcode: None,
            answers: Vec::new(),
            truncated: false,
            answer_count: 0,
            incomplete: false,
            tcp: false,
        })
    }

    /// What is said of these pieces; a number stands for a gap of so many bytes.
    fn read(pieces: &[Result<&[u8], u64>]) -> Vec<String> {
        let mut driver = Driver::new(open(|_| Toy));
        for piece in pieces {
            match piece {
                Ok(bytes) => driver.data(Side::Server, bytes),
                Err(missing) => driver.gap(Side::Server, *missing),
            }
        }
        driver.end(Side::Server);
        let text = |message| if let Message::Dns(dns) = message { dns.name } else { String::new() };
        driver.messages.into_iter().map(|(_, message)| text(message)).collect()
    }

    #[test]
    fn units_and_what_stands_between_them() {
        assert_eq!(read(&[Ok(b"A\x01a  B\x02bb C\0D\x01d")]), ["a", "bb", "d"]);
        assert_eq!(read(&[Ok(b"A\x03a")]), ["a..."]);
    }

    #[test]
    fn what_is_not_read_of_a_unit_is_passed_over() {
        for cut in 0..11 {
            let bytes = b"A\x09123456789B\x01b";
            let found = read(&[Ok(&bytes[..cut]), Ok(&bytes[cut..])]);
            assert_eq!(found, ["123", "b"], "{cut}");
        }
    }

    #[test]
    fn a_gap_inside_a_unit_loses_nothing_behind_it() {
        let bytes = b"A\x09123456789B\x01bC\x01c";
        for cut in 2..11 {
            for missing in 1..=11 - cut {
                let gap = u64::try_from(missing).unwrap();
                let found = read(&[Ok(&bytes[..cut]), Err(gap), Ok(&bytes[cut + missing..])]);
                assert_eq!(found[found.len() - 2..], ["b", "c"], "{cut} {missing}");
            }
        }
    }

    #[test]
    fn behind_nonsense_two_headers_put_it_back() {
        assert_eq!(read(&[Ok(b"A\x01a~~~~B\x01bC\x01c~D\x01d")]), ["a", "?", "b", "c", "?", "d"]);
        // The one that was found by its look is not followed by another: it is no reason to tell what is wrong.
        assert_eq!(read(&[Ok(b"A\x01a~~B\x01b~~~C\x01c")]), ["a", "?", "b", "c"]);
        // Behind a unit of an unknown kind the next one is found as well.
        assert_eq!(read(&[Ok(b"A\x01ab\x01b~~~C\x01c")]), ["a", "b", "c"]);
    }

    #[test]
    fn the_search_ends() {
        let junk = [b"A\x01a".as_slice(), &[b'~'; 40], b"B\x01b"].concat();
        assert_eq!(read(&[Ok(&junk)]), ["a", "?"]);
    }

    #[test]
    fn what_the_client_says_first_may_be_of_another_protocol() {
        for first in [b"~~".as_slice(), b"A\0"] {
            let mut driver = Driver::new(open(|_| Toy));
            driver.data(Side::Client, first);
            assert!(driver.not_mine(), "{first:?}");
        }
        assert!(read(&[Ok(b"A\0")]).is_empty());
    }
}
