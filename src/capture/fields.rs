//! Numbers out of bytes in a byte order that is known only at run time.

use pcap_file::Endianness;

/// The two bytes at `at`; `None` if there are fewer.
pub(super) fn u16_at(order: Endianness, bytes: &[u8], at: usize) -> Option<u16> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_little() { u16::from_le_bytes(raw) } else { u16::from_be_bytes(raw) })
}

/// The four bytes at `at`; `None` if there are fewer.
pub(super) fn u32_at(order: Endianness, bytes: &[u8], at: usize) -> Option<u32> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_little() { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
}

/// The eight bytes at `at`; `None` if there are fewer.
pub(super) fn u64_at(order: Endianness, bytes: &[u8], at: usize) -> Option<u64> {
    let raw = *bytes.get(at..)?.first_chunk()?;
    Some(if order.is_little() { u64::from_le_bytes(raw) } else { u64::from_be_bytes(raw) })
}

/// The first N numbers of four bytes; `None` if there are fewer.
#[inline]
pub(super) fn words<const N: usize>(order: Endianness, bytes: &[u8]) -> Option<[u32; N]> {
    let (words, _) = bytes.as_chunks();
    let words = words.first_chunk::<N>()?.map(u32::from_le_bytes);
    Some(if order.is_little() { words } else { words.map(u32::swap_bytes) })
}

/// A length from the file as an index.
pub(super) fn index(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
