//! pcapng (draft-ietf-opsawg-pcapng): sections of blocks, each with its own byte order and interfaces.
//!
//! Blocks are taken apart with `pcap_file`'s `RawBlock`, what is in them by hand: that crate's typed blocks lose the
//! whole file to one option that is not UTF-8, ignore if_tsoffset, and do not know decryption secrets blocks.

mod interface;

use super::fields::{index, u16_at, u32_at, words};
use super::record::Record;
use super::stop::{CutWithin, Stop};
use super::window::{LARGEST_RECORD, Window};
use crate::model::Input;
use byteorder::{BigEndian, LittleEndian};
use interface::SectionInterface;
use pcap_file::pcapng::RawBlock;
use pcap_file::pcapng::blocks::{
    ENHANCED_PACKET_BLOCK, INTERFACE_DESCRIPTION_BLOCK, INTERFACE_STATISTIC_BLOCK, PACKET_BLOCK, SECTION_HEADER_BLOCK,
    SIMPLE_PACKET_BLOCK,
};
use pcap_file::{Endianness, PcapError};
use std::fmt;

/// Decryption secrets block (4.7), which `pcap_file` 2 does not know.
const SECRETS_BLOCK: u32 = 0x0a;
/// Magic number of a section header in the section's byte order.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Type, total length and the section's byte order magic: what must be there before a block can be judged.
const HEAD: u32 = 12;
/// Interfaces kept per section. No capture has so many: a file with more is hostile.
const INTERFACES_KEPT: usize = 1 << 16;
/// Link types kept.
const LINK_TYPES_KEPT: usize = 64;
/// Bytes of secrets that are kept. Larger blocks of them are passed over.
const METADATA_KEPT: usize = 16 << 20;

/// What a decryption secrets block holds (4.7).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Type, such as [`Secret::KEY_LOG`].
    pub kind: u32,
    /// The secrets as they stand in the file, unchecked.
    pub data: Vec<u8>,
}

impl Secret {
    /// Kind of a TLS key log.
    pub const KEY_LOG: u32 = 0x544c_534b;
}

/// Never shows the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {{ kind: {:#x}, {} bytes }}", self.kind, self.data.len())
    }
}

/// The state of reading: the present section, and what is kept of all of them.
pub(super) struct Sections {
    order: Endianness,
    interfaces: Vec<SectionInterface>,
    secrets: Vec<Secret>,
    secret_bytes: usize,
}

impl Default for Sections {
    fn default() -> Self {
        Self { order: Endianness::Little, interfaces: Vec::new(), secrets: Vec::new(), secret_bytes: 0 }
    }
}

/// Type and total length of a block.
#[derive(Debug, Clone, Copy)]
struct BlockHeader {
    kind: u32,
    length: u32,
}

/// Do these bytes begin a pcapng file?
pub(super) fn begins(bytes: &[u8]) -> bool {
    u32_at(Endianness::Big, bytes, 0) == Some(SECTION_HEADER_BLOCK) && section_order(bytes).is_some()
}

/// Byte order of a section by the magic number in its header block.
pub(super) fn section_order(block: &[u8]) -> Option<Endianness> {
    let is_it = |order: &Endianness| u32_at(*order, block, 8) == Some(BYTE_ORDER_MAGIC);
    [Endianness::Little, Endianness::Big].into_iter().find(is_it)
}

/// Link type, snap length and clock that the body of an interface description tells.
pub(super) fn described(order: Endianness, body: &[u8]) -> Option<(u16, u32, super::clock::Clock)> {
    SectionInterface::new(order, body).map(|interface| (interface.link_type, interface.snap_length, interface.clock))
}

impl Sections {
    /// Secrets read so far.
    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Byte order of the present section.
    pub(super) fn order(&self) -> Endianness {
        self.order
    }

    /// The next packet, if it is in an enhanced packet block that is waiting as a whole and has nothing wrong: the
    /// ordinary case, made fast. Everything else is for [`Sections::next`] to judge.
    #[inline]
    pub(super) fn waiting(&self, window: &mut Window) -> Option<Record> {
        let bytes = window.bytes();
        let [kind, length, interface, high, low, captured, wire] = words(self.order, bytes)?;
        let whole = index(length);
        let trailer = words(self.order, bytes.get(whole.checked_sub(4)?..)?)?;
        let data = 28..index(captured).saturating_add(28);
        let fits = data.end <= whole.saturating_sub(4);
        if kind != ENHANCED_PACKET_BLOCK || trailer != [length] || !length.is_multiple_of(4) || !fits {
            return None;
        }
        let interface = self.interfaces.get(index(interface))?;
        let mut record = Record {
            data,
            time: Some(interface.clock.time(u64::from(high) << 32 | u64::from(low))),
            link_type: interface.link_type,
            wire_length: wire.max(captured),
        };
        record.shift(window.consume(whole));
        Some(record)
    }

    /// The next packet; `None` at the proper end. What other blocks say goes to `input` on the way.
    pub(super) fn next(&mut self, window: &mut Window, input: &mut Input) -> Result<Option<Record>, Stop> {
        while let Some(head) = self.head(window)? {
            if !head.is_kept() {
                self.pass_over(head, window, input)?;
                continue;
            }
            if !window.fill(head.length)? {
                return Err(cut(Some(head.kind), window));
            }
            let record = self.block(head, window, input)?;
            let start = window.consume(index(head.length));
            if let Some(mut record) = record {
                record.shift(start);
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Type and length of the block that comes next, checked; `None` at the end.
    fn head(&mut self, window: &mut Window) -> Result<Option<BlockHeader>, Stop> {
        if !window.fill(HEAD)? {
            let kind = u32_at(self.order, window.bytes(), 0);
            return if window.bytes().is_empty() { Ok(None) } else { Err(cut(kind, window)) };
        }
        let bytes = window.bytes();
        let damaged = |reason| Stop::Damaged(window.position(), reason);
        let kind = u32_at(self.order, bytes, 0).unwrap_or_default();
        // The type of a section header is the same in both byte orders, and it begins a new order.
        if kind == SECTION_HEADER_BLOCK {
            let order = section_order(bytes);
            self.order = order.ok_or_else(|| damaged("a section header without byte order magic".to_owned()))?;
        }
        let length = u32_at(self.order, bytes, 4).unwrap_or_default();
        let head = BlockHeader { kind, length };
        if length < HEAD || !length.is_multiple_of(4) {
            return Err(damaged(format!("a block of type {kind:#x} claims a length of {length} bytes")));
        }
        if head.is_kept() && length > LARGEST_RECORD {
            return Err(damaged(format!("a block of type {kind:#x} claims {length} bytes, more than any packet has")));
        }
        Ok(Some(head))
    }

    /// Passes over a block of any size without holding more of it than its last four bytes.
    fn pass_over(&self, head: BlockHeader, window: &mut Window, input: &mut Input) -> Result<(), Stop> {
        if head.kind == SECRETS_BLOCK {
            remark(input, || {
                format!("a block of type {:#x} with {} bytes was not kept: too large", head.kind, head.length)
            });
        }
        let begin = window.position();
        let cut = Stop::Cut(CutWithin::Block(Some(head.kind), begin));
        if !window.skip(head.length.saturating_sub(4).into())? || !window.fill(4)? {
            return Err(cut);
        }
        if u32_at(self.order, window.bytes(), 0) != Some(head.length) {
            return Err(Stop::Damaged(begin, WRONG_TRAILER.to_owned()));
        }
        window.consume(4);
        Ok(())
    }

    /// Takes a block that is whole. Offsets in a record count from the start of the block.
    fn block(&mut self, head: BlockHeader, window: &Window, input: &mut Input) -> Result<Option<Record>, Stop> {
        let bytes = window.bytes().get(..index(head.length)).unwrap_or_default();
        let parsed = match self.order {
            Endianness::Little => RawBlock::from_slice::<LittleEndian>(bytes),
            Endianness::Big => RawBlock::from_slice::<BigEndian>(bytes),
        };
        let damaged = |reason: &str| Stop::Damaged(window.position(), reason.to_owned());
        let (_, block) = parsed.map_err(|error| damaged(reason(&error)))?;
        let body = &*block.body;
        let packet = match head.kind {
            ENHANCED_PACKET_BLOCK => self.enhanced(body, input),
            PACKET_BLOCK => self.obsolete(body, input),
            SIMPLE_PACKET_BLOCK => self.simple(body, input),
            _ => {
                self.learn(head.kind, body, input).map_err(damaged)?;
                return Ok(None);
            }
        };
        packet.map(Some).ok_or_else(|| damaged("a packet that is longer than its block"))
    }

    /// Takes what a block without packet says.
    fn learn(&mut self, kind: u32, body: &[u8], input: &mut Input) -> Result<(), &'static str> {
        match kind {
            SECTION_HEADER_BLOCK => self.interfaces.clear(),
            INTERFACE_DESCRIPTION_BLOCK => {
                let interface =
                    SectionInterface::new(self.order, body).ok_or("an interface description that is too short")?;
                if self.interfaces.len() >= INTERFACES_KEPT {
                    return Err("more than 65536 interfaces in one section");
                }
                announce(&interface, input);
                self.interfaces.push(interface);
            }
            INTERFACE_STATISTIC_BLOCK => {
                let id = u32_at(self.order, body, 0).map(index);
                if let Some(interface) = id.and_then(|id| self.interfaces.get_mut(id)) {
                    interface.count_drops(self.order, body, &mut input.dropped);
                }
            }
            _ => self.keep_secret(body, input),
        }
        Ok(())
    }

    fn keep_secret(&mut self, body: &[u8], input: &mut Input) {
        let (Some(kind), Some(length)) = (u32_at(self.order, body, 0), u32_at(self.order, body, 4)) else { return };
        let rest = body.get(8..).unwrap_or_default();
        let data = rest.get(..index(length)).unwrap_or(rest);
        // An entry costs something even if it is empty.
        let bytes = self.secret_bytes.saturating_add(data.len()).saturating_add(size_of::<Secret>());
        if bytes > METADATA_KEPT {
            return remark(input, || "more decryption secrets than are kept".to_owned());
        }
        self.secret_bytes = bytes;
        self.secrets.push(Secret { kind, data: data.to_vec() });
    }

    /// Enhanced packet block (4.3).
    fn enhanced(&self, body: &[u8], input: &mut Input) -> Option<Record> {
        let interface = u32_at(self.order, body, 0)?;
        self.packet(interface, body, input)
    }

    /// Packet block (appendix A), obsolete: the interface is a u16, and a drop count stands where its other half is.
    fn obsolete(&self, body: &[u8], input: &mut Input) -> Option<Record> {
        let interface = u16_at(self.order, body, 0)?;
        self.packet(interface.into(), body, input)
    }

    /// What the two have in common.
    fn packet(&self, id: u32, body: &[u8], input: &mut Input) -> Option<Record> {
        let field = |at| u32_at(self.order, body, at);
        let (units, captured, wire) = (u64::from(field(4)?) << 32 | u64::from(field(8)?), field(12)?, field(16)?);
        body.get(20..)?.get(..index(captured))?;
        let interface = self.interface(id, input);
        Some(Record {
            data: 28..index(captured).saturating_add(28),
            time: Some(interface.clock.time(units)),
            link_type: interface.link_type,
            wire_length: wire.max(captured),
        })
    }

    /// Simple packet block (4.4): of the first interface, without time, cut at its snap length.
    fn simple(&self, body: &[u8], input: &mut Input) -> Option<Record> {
        let wire = u32_at(self.order, body, 0)?;
        let interface = self.interface(0, input);
        let limit = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
        let captured = index(wire.min(limit)).min(body.len().saturating_sub(4));
        Some(Record {
            data: 12..captured.saturating_add(12),
            time: None,
            link_type: interface.link_type,
            wire_length: wire,
        })
    }

    /// The interface of that number, or what comes closest.
    fn interface(&self, id: u32, input: &mut Input) -> &SectionInterface {
        if let Some(interface) = self.interfaces.get(index(id)) {
            return interface;
        }
        let number = input.packets.saturating_add(1);
        remark(input, || {
            format!("packet {number} names interface {id}, which the file does not describe: read as if of the first")
        });
        self.interfaces.first().unwrap_or(&SectionInterface::UNKNOWN)
    }
}

const WRONG_TRAILER: &str = "a block whose lengths at its two ends differ";

/// What is wrong with a block that is whole and has a length of at least 12, divisible by 4.
fn reason(error: &PcapError) -> &'static str {
    match error {
        PcapError::InvalidField(_) => WRONG_TRAILER,
        _ => "a block that is no block",
    }
}

impl BlockHeader {
    /// Is the block held as a whole, or passed over?
    fn is_kept(self) -> bool {
        match self.kind {
            SECTION_HEADER_BLOCK | INTERFACE_DESCRIPTION_BLOCK | INTERFACE_STATISTIC_BLOCK => true,
            SECRETS_BLOCK => index(self.length) <= METADATA_KEPT,
            kind => is_packet(kind),
        }
    }
}

fn is_packet(kind: u32) -> bool {
    matches!(kind, ENHANCED_PACKET_BLOCK | PACKET_BLOCK | SIMPLE_PACKET_BLOCK)
}

/// The stream ends in the next block.
fn cut(kind: Option<u32>, window: &Window) -> Stop {
    Stop::Cut(if kind.is_some_and(is_packet) { CutWithin::Packet } else { CutWithin::Block(kind, window.position()) })
}

/// Tells the input of an interface.
fn announce(interface: &SectionInterface, input: &mut Input) {
    let known = &mut input.link_types;
    if known.len() < LINK_TYPES_KEPT && !known.contains(&interface.link_type) {
        known.push(interface.link_type);
    }
    if interface.snap_length > 0 {
        let smallest = input.snap_length.map_or(interface.snap_length, |known| known.min(interface.snap_length));
        input.snap_length = Some(smallest);
    }
}

/// Notes what is odd but costs nothing behind it. The first remark stands.
fn remark(input: &mut Input, text: impl FnOnce() -> String) {
    if input.problem.is_none() {
        input.problem = Some(text());
    }
}
