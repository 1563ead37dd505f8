//! Captures made of bytes, in every variant.

use pcap_file::Endianness;

/// A packet to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Nanoseconds since 1970.
    pub(crate) nanos: u64,
    pub(crate) data: Vec<u8>,
    pub(crate) wire_length: u32,
}

impl Packet {
    pub(crate) fn at(seconds: u64, data: &[u8]) -> Self {
        Self { nanos: seconds * 1_000_000_000, data: data.to_vec(), wire_length: data.len() as u32 }
    }
}

pub(crate) fn u16s(order: Endianness, values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| if order.is_little() { v.to_le_bytes() } else { v.to_be_bytes() }).collect()
}

pub(crate) fn u32s(order: Endianness, values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| if order.is_little() { v.to_le_bytes() } else { v.to_be_bytes() }).collect()
}

/// Classic pcap variants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) order: Endianness,
    pub(crate) magic: u32,
    pub(crate) snap_length: u32,
    pub(crate) link_type: u32,
}

pub(crate) const MICROS: u32 = 0xa1b2_c3d4;
pub(crate) const NANOS: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

impl Variant {
    pub(crate) const PLAIN: Self =
        Self { order: Endianness::Little, magic: MICROS, snap_length: 262_144, link_type: 1 };

    pub(crate) fn header(self) -> Vec<u8> {
        let mut bytes = u32s(self.order, &[self.magic]);
        bytes.extend(u16s(self.order, &[2, 4]));
        bytes.extend(u32s(self.order, &[0, 0, self.snap_length, self.link_type]));
        bytes
    }

    pub(crate) fn record(self, packet: &Packet) -> Vec<u8> {
        let (seconds, nanos) = ((packet.nanos / 1_000_000_000) as u32, (packet.nanos % 1_000_000_000) as u32);
        let fraction = if self.magic == NANOS { nanos } else { nanos / 1000 };
        let mut bytes = u32s(self.order, &[seconds, fraction, packet.data.len() as u32, packet.wire_length]);
        if self.magic == MODIFIED {
            bytes.extend([0, 0, 0, 2, 8, 0, 4, 0]);
        }
        bytes.extend(&packet.data);
        bytes
    }

    pub(crate) fn file(self, packets: &[Packet]) -> Vec<u8> {
        let mut file = self.header();
        for packet in packets {
            file.extend(self.record(packet));
        }
        file
    }
}

/// Classic pcap, little endian, microseconds.
pub(crate) fn pcap(packets: &[Packet]) -> Vec<u8> {
    Variant::PLAIN.file(packets)
}

/// A pcapng block with padding.
pub(crate) fn block(order: Endianness, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = padded as u32 + 12;
    let mut bytes = u32s(order, &[kind, length]);
    bytes.extend(body);
    bytes.resize(padded + 8, 0);
    bytes.extend(u32s(order, &[length]));
    bytes
}

/// An option with padding.
pub(crate) fn option(order: Endianness, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = u16s(order, &[code, value.len() as u16]);
    bytes.extend(value);
    bytes.resize(value.len().next_multiple_of(4) + 4, 0);
    bytes
}

/// A section header of unknown length.
pub(crate) fn section(order: Endianness, options: &[u8]) -> Vec<u8> {
    let mut body = u32s(order, &[0x1a2b_3c4d]);
    body.extend(u16s(order, &[1, 0]));
    body.extend([0xff; 8]);
    body.extend(options);
    block(order, 0x0a0d_0d0a, &body)
}

/// An interface description.
pub(crate) fn interface(order: Endianness, link_type: u16, snap_length: u32, options: &[u8]) -> Vec<u8> {
    let mut body = u16s(order, &[link_type, 0]);
    body.extend(u32s(order, &[snap_length]));
    body.extend(options);
    block(order, 1, &body)
}

/// An enhanced packet block.
pub(crate) fn enhanced(order: Endianness, interface: u32, units: u64, data: &[u8], wire_length: u32) -> Vec<u8> {
    let mut body = u32s(order, &[interface, (units >> 32) as u32, units as u32, data.len() as u32, wire_length]);
    body.extend(data);
    block(order, 6, &body)
}

/// pcapng, little endian, microseconds, one Ethernet interface.
pub(crate) fn pcapng(packets: &[Packet]) -> Vec<u8> {
    let order = Endianness::Little;
    let mut file = [section(order, &[]), interface(order, 1, 262_144, &[])].concat();
    for packet in packets {
        file.extend(enhanced(order, 0, packet.nanos / 1000, &packet.data, packet.wire_length));
    }
    file
}
