//! Interfaces: their description and statistics.

use crate::capture::clock::Clock;
use crate::capture::fields::{u16_at, u32_at, u64_at};
use pcap_file::Endianness;

/// if_tsresol (4.2).
const IF_TSRESOL: u16 = 9;
/// if_tsoffset (4.2).
const IF_TSOFFSET: u16 = 14;
/// isb_ifdrop (4.6).
const ISB_IFDROP: u16 = 5;
/// All bits set stand for a counter that was not kept: no machine drops so many frames.
const UNKNOWN: u64 = u64::MAX;
/// isb_osdrop (4.6): those that the system dropped, on top of those that the interface did.
const ISB_OSDROP: u16 = 7;

/// What an interface description block (4.2) says.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionInterface {
    pub(super) link_type: u16,
    /// 0 is no limit.
    pub(super) snap_length: u32,
    pub(super) clock: Clock,
    /// Frames dropped, as its last statistics block tells.
    dropped: Option<u64>,
}

impl SectionInterface {
    /// Stands for an interface that no block describes. No link layer has its link type.
    pub(super) const UNKNOWN: Self =
        Self { link_type: u16::MAX, snap_length: 0, clock: Clock::MICROSECONDS, dropped: None };

    /// From the body of the block; `None` if it is too short.
    pub(super) fn new(order: Endianness, body: &[u8]) -> Option<Self> {
        let mut interface = Self {
            link_type: u16_at(order, body, 0)?,
            snap_length: u32_at(order, body, 4)?,
            clock: Clock::MICROSECONDS,
            dropped: None,
        };
        for (code, value) in options(order, body.get(8..)?) {
            match (code, value) {
                (IF_TSRESOL, &[resolution, ..]) => interface.clock.set_resolution(resolution),
                (IF_TSOFFSET, value) => {
                    let seconds = u64_at(order, value, 0).unwrap_or_default();
                    interface.clock.set_offset(seconds.cast_signed());
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// Takes the body of a statistics block (4.6) of this interface. Its count replaces that of the block before it
    /// in the `total` of all interfaces.
    pub(super) fn count_drops(&mut self, order: Endianness, body: &[u8], total: &mut Option<u64>) {
        let options = options(order, body.get(12..).unwrap_or_default());
        let drops = options.filter(|(code, _)| matches!(*code, ISB_IFDROP | ISB_OSDROP));
        let counted = drops.filter_map(|(_, value)| u64_at(order, value, 0)).filter(|&count| count != UNKNOWN);
        let drops = counted.reduce(u64::saturating_add);
        if let Some(drops) = drops {
            let others = total.unwrap_or_default().saturating_sub(self.dropped.unwrap_or_default());
            *total = Some(others.saturating_add(drops));
            self.dropped = Some(drops);
        }
    }
}

/// Codes and values of options (3.5). Ends at the end mark or at the first option that does not fit.
fn options(order: Endianness, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, length) = (u16_at(order, bytes, 0)?, usize::from(u16_at(order, bytes, 2)?));
        if code == 0 {
            return None;
        }
        let value = bytes.get(4..)?.get(..length)?;
        bytes = bytes.get(length.next_multiple_of(4).saturating_add(4)..).unwrap_or_default();
        Some((code, value))
    })
}
