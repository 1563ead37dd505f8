//! A capture written anew, block by block: for who changes packets, or takes some of them, and leaves the rest as it is.
//!
//! What comes out is pcapng, whatever came in. Interfaces keep their numbers, clocks and descriptions, packets their times to the
//! last digit, in the byte order of their section: nothing is converted that need not be. An [`Editor`] says what becomes of
//! packets and of what stands beside them. A capture that is cut comes out cut: the last block is begun and not ended.

use super::classic::{self, Classic};
use super::clock::Clock;
use super::fields::{index, u16_at, u32_at};
use super::pcapng;
use super::source::Source;
use super::window::{LARGEST_RECORD, Window};
use crate::model::{Frame, FrameRef, Stamp, Timestamp};
use pcap_file::Endianness;
use pcap_file::pcapng::blocks::{
    ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK, INTERFACE_STATISTIC_BLOCK, NAME_RESOLUTION_BLOCK, PACKET_BLOCK,
    SECTION_HEADER_BLOCK, SIMPLE_PACKET_BLOCK,
};
use std::borrow::Cow;
use std::io::{self, Read, Write};

/// Decryption secrets block (4.7).
const SECRETS_BLOCK: u32 = 0x0a;
/// Options (3.5, 4.2, 4.3).
const COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_TSRESOL: u16 = 9;
/// Options of an interface that tell nothing of the machine: name, speed, resolution, frame check sequence, offset.
const PLAIN_OF_INTERFACE: [u16; 5] = [2, 8, IF_TSRESOL, 13, 14];
/// Options of a packet that tell nothing of what is in it: flags, drop count.
const PLAIN_OF_PACKET: [u16; 2] = [2, 4];
/// Options of statistics (4.6): all but a comment.
const PLAIN_OF_STATISTICS: [u16; 7] = [2, 3, 4, 5, 6, 7, 8];

/// A block that holds no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beside {
    /// Secrets that open what is encrypted.
    Secrets,
    /// Names of addresses.
    Names,
    /// Anything else that is no header, interface or statistics.
    Other,
}

/// What becomes of a packet.
#[derive(Debug, Default)]
pub(crate) struct Edited<'a> {
    /// Its bytes.
    pub(crate) data: Cow<'a, [u8]>,
    /// What a reader is told beside it.
    pub(crate) comment: Option<String>,
}

/// Says what becomes of a capture.
pub(crate) trait Editor {
    /// A packet; `None` leaves it out.
    fn packet<'a>(&mut self, frame: &Frame<'a>) -> Option<Edited<'a>>;

    /// A block beside the packets is written, too.
    fn keeps(&mut self, block: Beside) -> bool;

    /// Comments, and what else is said of the machine and of packets (options), stay.
    fn keeps_remarks(&self) -> bool;

    /// What stands in front of the capture.
    fn comment(&self) -> Option<String>;
}

/// Copies the first `packets` packets of a capture, and what stands between them. `input` is the index that frames get.
///
/// # Errors
/// Those of either stream, and a stream that is no capture. Damage is none: the copy ends there.
pub(crate) fn copy(
    source: impl Read + Send + 'static,
    out: impl Write,
    (input, packets): (u32, u64),
    editor: &mut impl Editor,
) -> io::Result<()> {
    let mut window = Window::new(Source::new(source)?.stream);
    window.fill(classic::HEADER)?;
    let mut copier =
        Copier { out, editor, order: Endianness::Little, clocks: Vec::new(), input, packets, done: 0, last: None };
    if pcapng::begins(window.bytes()) {
        return copier.sections(&mut window);
    }
    let header = window.bytes().first_chunk().and_then(Classic::new);
    let header = header.ok_or_else(|| io::Error::other("no capture any more"))?;
    window.consume(index(classic::HEADER));
    copier.records(&header, &mut window)
}

/// A copy while it is made.
struct Copier<'e, W, E> {
    out: W,
    editor: &'e mut E,
    order: Endianness,
    /// Link type, snap length and clock of each interface of the section.
    clocks: Vec<(u16, u32, Clock)>,
    input: u32,
    packets: u64,
    done: u64,
    /// Time of the last packet that had one.
    last: Option<Timestamp>,
}

impl<W: Write, E: Editor> Copier<'_, W, E> {
    fn sections(&mut self, window: &mut Window) -> io::Result<()> {
        while window.fill(12)? {
            let bytes = window.bytes();
            let kind = u32_at(self.order, bytes, 0).unwrap_or_default();
            if kind == SECTION_HEADER_BLOCK {
                let Some(order) = pcapng::section_order(bytes) else { break };
                self.order = order;
            }
            let length = u32_at(self.order, bytes, 4).unwrap_or_default();
            let is_block = length >= 12 && length.is_multiple_of(4) && length <= LARGEST_RECORD;
            let is_packet = matches!(kind, ENHANCED_PACKET_BLOCK | PACKET_BLOCK | SIMPLE_PACKET_BLOCK);
            if !is_block || (is_packet && self.done >= self.packets) {
                return self.cut(kind);
            }
            if !window.fill(length)? {
                return self.cut(kind);
            }
            let start = window.consume(index(length));
            let block = window.slice(start..start.saturating_add(index(length)));
            let body = block.get(8..block.len().saturating_sub(4)).unwrap_or_default();
            self.block(kind, block, body)?;
        }
        if window.bytes().is_empty() { Ok(()) } else { self.cut(ENHANCED_PACKET_BLOCK) }
    }

    /// What comes is cut or damaged: a block is begun, and not ended.
    fn cut(&mut self, kind: u32) -> io::Result<()> {
        let head = [self.u32(kind), self.u32(32), self.u32(0)].concat();
        self.out.write_all(&head)
    }

    fn block(&mut self, kind: u32, block: &[u8], body: &[u8]) -> io::Result<()> {
        match kind {
            SECTION_HEADER_BLOCK => {
                self.clocks.clear();
                self.section(body.get(16..).unwrap_or_default())
            }
            INTERFACE_DESCRIPTION_BLOCK => self.interface(body),
            INTERFACE_STATISTIC_BLOCK => self.rest(kind, body, 12, &PLAIN_OF_STATISTICS, None),
            ENHANCED_PACKET_BLOCK | PACKET_BLOCK => self.packet(kind, body),
            SIMPLE_PACKET_BLOCK => self.simple(body),
            _ => {
                let beside = match kind {
                    SECRETS_BLOCK => Beside::Secrets,
                    NAME_RESOLUTION_BLOCK => Beside::Names,
                    _ => Beside::Other,
                };
                if self.editor.keeps(beside) { self.out.write_all(block) } else { Ok(()) }
            }
        }
    }

    /// A section header with the remark of the editor, and with the options that were there, if they stay.
    fn section(&mut self, options: &[u8]) -> io::Result<()> {
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend([self.u16(1), self.u16(0)].concat());
        body.extend([0xff; 8]);
        if let Some(comment) = self.editor.comment() {
            self.text(&mut body, COMMENT, &comment);
        }
        if self.editor.keeps_remarks() {
            body.extend(self.kept(options, None));
        } else {
            self.text(&mut body, SHB_USERAPPL, concat!("nrpcsniff ", env!("CARGO_PKG_VERSION")));
        }
        body.extend([0; 4]);
        self.put(SECTION_HEADER_BLOCK, &body)
    }

    fn interface(&mut self, body: &[u8]) -> io::Result<()> {
        let described = pcapng::described(self.order, body);
        self.clocks.extend(described);
        self.rest(INTERFACE_DESCRIPTION_BLOCK, body, 8, &PLAIN_OF_INTERFACE, None)
    }

    /// A block whose fixed part has that length, and its options.
    fn rest(&mut self, kind: u32, body: &[u8], fixed: usize, plain: &[u16], comment: Option<&str>) -> io::Result<()> {
        let (head, options) = body.split_at_checked(fixed).unwrap_or((body, &[]));
        let plain = (!self.editor.keeps_remarks()).then_some(plain);
        let mut new = head.to_vec();
        if let Some(comment) = comment {
            self.text(&mut new, COMMENT, comment);
        }
        new.extend(self.kept(options, plain));
        if new.len() > fixed {
            new.extend([0; 4]);
        }
        self.put(kind, &new)
    }

    /// Options that stay: those of a list, or all.
    fn kept(&self, mut options: &[u8], plain: Option<&[u16]>) -> Vec<u8> {
        let mut kept = Vec::new();
        while let (Some(code), Some(length)) = (u16_at(self.order, options, 0), u16_at(self.order, options, 2)) {
            let whole = usize::from(length).next_multiple_of(4).saturating_add(4);
            let Some((option, behind)) = options.split_at_checked(whole) else { break };
            if code == 0 {
                break;
            }
            if plain.is_none_or(|plain| plain.contains(&code)) {
                kept.extend_from_slice(option);
            }
            options = behind;
        }
        kept
    }

    /// An enhanced packet block (4.3), or its older form (appendix A), which becomes one.
    fn packet(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let field = |at| u32_at(self.order, body, at).unwrap_or_default();
        let interface =
            if kind == PACKET_BLOCK { u32::from(u16_at(self.order, body, 0).unwrap_or_default()) } else { field(0) };
        let (high, low, captured, wire) = (field(4), field(8), index(field(12)), field(16));
        let Some((data, behind)) = body.get(20..).and_then(|rest| rest.split_at_checked(captured)) else {
            self.packets = self.done;
            return self.cut(kind);
        };
        let options = behind.get(captured.next_multiple_of(4).saturating_sub(captured)..).unwrap_or_default();
        let unknown = (u16::MAX, 0, Clock::MICROSECONDS);
        let known = self.clocks.get(index(interface)).or(self.clocks.first());
        let (link_type, _, clock) = known.copied().unwrap_or(unknown);
        let time = clock.time(u64::from(high) << 32 | u64::from(low));
        self.last = Some(time);
        let head = [self.u32(interface), self.u32(high), self.u32(low)].concat();
        self.edited(&head, (time, link_type, wire), data, options)
    }

    /// A simple packet block (4.4) has no time: it gets that of the packet before it.
    fn simple(&mut self, body: &[u8]) -> io::Result<()> {
        let wire = u32_at(self.order, body, 0).unwrap_or_default();
        let (link_type, snap_length, _) = self.clocks.first().copied().unwrap_or((u16::MAX, 0, Clock::MICROSECONDS));
        let limit = if snap_length == 0 { u32::MAX } else { snap_length };
        let captured = index(wire.min(limit)).min(body.len().saturating_sub(4));
        let data = body.get(4..captured.saturating_add(4)).unwrap_or_default();
        self.done = self.done.saturating_add(1);
        let frame = self.frame((self.last.unwrap_or_default(), link_type, wire), data);
        let Some(edited) = self.editor.packet(&frame) else { return Ok(()) };
        let mut new = self.u32(wire).to_vec();
        new.extend_from_slice(&edited.data);
        new.resize(new.len().next_multiple_of(4), 0);
        self.put(SIMPLE_PACKET_BLOCK, &new)
    }

    fn frame<'a>(&self, (time, link_type, wire): (Timestamp, u16, u32), data: &'a [u8]) -> Frame<'a> {
        let at = Stamp { frame: FrameRef { input: self.input, number: self.done }, time };
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Frame { at, link_type, data, wire_length: wire.max(captured) }
    }

    /// Asks the editor, and writes what it says. `head` is interface and time.
    fn edited(&mut self, head: &[u8], about: (Timestamp, u16, u32), data: &[u8], options: &[u8]) -> io::Result<()> {
        self.done = self.done.saturating_add(1);
        let frame = self.frame(about, data);
        let Some(edited) = self.editor.packet(&frame) else { return Ok(()) };
        let length = u32::try_from(edited.data.len()).unwrap_or(u32::MAX);
        let mut body = [head, &self.u32(length), &self.u32(about.2)].concat();
        body.extend_from_slice(&edited.data);
        body.resize(body.len().next_multiple_of(4), 0);
        let fixed = body.len();
        body.extend_from_slice(options);
        self.rest(ENHANCED_PACKET_BLOCK, &body, fixed, &PLAIN_OF_PACKET, edited.comment.as_deref())
    }

    /// A classic capture: one section with one interface.
    fn records(&mut self, header: &Classic, window: &mut Window) -> io::Result<()> {
        self.section(&[])?;
        let digits = header.digits();
        let mut body = [self.u16(header.link_type), self.u16(0)].concat();
        body.extend(self.u32(header.snap_length));
        body.extend([self.u16(IF_TSRESOL), self.u16(1)].concat());
        body.extend([digits, 0, 0, 0, 0, 0, 0, 0]);
        self.put(INTERFACE_DESCRIPTION_BLOCK, &body)?;
        let unit = 10_u64.saturating_pow(9_u32.saturating_sub(digits.into()));
        while self.done < self.packets {
            let record = match header.waiting(window) {
                Some(record) => record,
                None => match header.next(window) {
                    Ok(Some(record)) => record,
                    _ => break,
                },
            };
            let time = record.time.unwrap_or_default();
            let units = u64::try_from(time.nanos()).unwrap_or_default().checked_div(unit).unwrap_or_default();
            let [a, b, c, d, low @ ..] = units.to_be_bytes();
            let time_fields = [self.u32(u32::from_be_bytes([a, b, c, d])), self.u32(u32::from_be_bytes(low))].concat();
            let head = [&self.u32(0)[..], &time_fields].concat();
            let data = window.slice(record.data.clone());
            self.edited(&head, (time, record.link_type, record.wire_length), data, &[])?;
        }
        if window.fill(1)? { self.cut(ENHANCED_PACKET_BLOCK) } else { Ok(()) }
    }

    fn put(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len().saturating_add(12)).unwrap_or(u32::MAX);
        let (kind, length) = (self.u32(kind), self.u32(length));
        self.out.write_all(&[&kind, &length, body, &length].concat())
    }

    /// An option with a text, cut to what an option can hold.
    fn text(&self, body: &mut Vec<u8>, code: u16, text: &str) {
        let end = (0..=text.len().min(65_532)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        let text = text.get(..end).unwrap_or_default();
        body.extend(self.u16(code));
        body.extend(self.u16(u16::try_from(text.len()).unwrap_or(u16::MAX)));
        body.extend_from_slice(text.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0);
    }

    fn u16(&self, value: u16) -> [u8; 2] {
        if self.order.is_little() { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.order.is_little() { value.to_le_bytes() } else { value.to_be_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Reader;

    /// Leaves everything as it is, but for what it is told.
    struct Same {
        remarks: bool,
        only: Option<u64>,
    }

    impl Editor for Same {
        fn packet<'a>(&mut self, frame: &Frame<'a>) -> Option<Edited<'a>> {
            let wanted = self.only.is_none_or(|only| frame.at.frame.number == only);
            let comment = self.only.map(|_| "this one".to_owned());
            wanted.then_some(Edited { data: Cow::Borrowed(frame.data), comment })
        }

        fn keeps(&mut self, _: Beside) -> bool {
            self.remarks
        }

        fn keeps_remarks(&self) -> bool {
            self.remarks
        }

        fn comment(&self) -> Option<String> {
            Some("a copy".to_owned())
        }
    }

    type Seen = (Vec<(Timestamp, u16, Vec<u8>, u32)>, bool, Option<u64>, usize);

    fn read(bytes: Vec<u8>) -> Seen {
        let mut reader = Reader::from_reader("x", io::Cursor::new(bytes)).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = reader.next(0) {
            frames.push((frame.at.time, frame.link_type, frame.data.to_vec(), frame.wire_length));
        }
        (frames, reader.input().complete, reader.input().dropped, reader.secrets().len())
    }

    fn copied(bytes: &[u8], editor: &mut Same) -> Vec<u8> {
        let mut out = Vec::new();
        copy(io::Cursor::new(bytes.to_vec()), &mut out, (0, u64::MAX), editor).unwrap();
        out
    }

    fn samples() -> Vec<Vec<u8>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let names =
            ["nrpc-alias.pcapng", "nrpc-drops.pcapng", "nrpc-cut.pcap", "sip-undefined-tls13.pcapng", "sip-call.pcap"];
        names.iter().map(|name| std::fs::read(folder.join(name)).unwrap()).collect()
    }

    #[test]
    fn a_copy_reads_as_what_it_is_a_copy_of() {
        for bytes in samples() {
            let copy = copied(&bytes, &mut Same { remarks: true, only: None });
            assert_eq!(read(copy), read(bytes));
        }
    }

    #[test]
    fn what_is_cut_comes_out_cut() {
        for bytes in samples() {
            let cut = bytes[..bytes.len() - 7].to_vec();
            let (of_copy, of_cut) = (read(copied(&cut, &mut Same { remarks: true, only: None })), read(cut));
            assert_eq!((of_copy.0, of_copy.1), (of_cut.0, of_cut.1));
        }
    }

    #[test]
    fn secrets_and_remarks_go_and_one_packet_may_stay_with_a_comment() {
        for bytes in samples() {
            let whole = read(bytes.clone());
            let bare = read(copied(&bytes, &mut Same { remarks: false, only: None }));
            assert_eq!((&bare.0, bare.2, bare.3), (&whole.0, whole.2, 0));
            let one = copied(&bytes, &mut Same { remarks: true, only: Some(2) });
            assert!(one.windows(8).any(|bytes| bytes == b"this one"));
            assert_eq!(read(one).0, whole.0[1..2]);
        }
    }
}
