//! Frames, written anew: what was planned for their payload, addresses in their headers, and checksums that are as right, or as wrong,
//! as before. A checksum is not made again but moved on by what was changed (RFC 1624), so that none is right that was not, and one that
//! cannot be known, because the capture cut the frame, is right all the same.

use super::Redactor;
use super::key::blank;
use crate::decode::Headers;
use crate::model::Frame;
use std::ops::Range;

/// Numbers of protocols in IP.
const ICMP: u8 = 1;
const IGMP: u8 = 2;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ESP: u8 = 50;
const ICMPV6: u8 = 58;
/// Link types with an address in their header: where its length and the address stand.
const COOKED: [(u16, usize); 2] = [(113, 6), (276, 12)];
/// Bytes of an Ethernet header.
const ETHERNET: usize = 14;

impl Redactor {
    /// Changes headers, and what no stream and no datagram holds; then sets the checksums right. `moved` is what was changed in
    /// other fragments of the packet whose first one this is.
    pub(super) fn headers(&mut self, frame: &Frame<'_>, headers: &Headers, data: &mut [u8], moved: u32) {
        for &(protocol, at) in &headers.transport {
            self.control(protocol, at, data);
        }
        if headers.ip.is_empty() {
            self.without_ip(headers, data);
        }
        if self.addresses.is_some() {
            self.link_addresses(frame.link_type, headers, data);
            headers.ip.iter().for_each(|&at| self.ip_addresses(data, at));
        }
        checksums(frame.data, data, headers, moved);
    }

    /// Echoes, errors and whatever else is neither TCP nor UDP.
    fn control(&mut self, protocol: u8, at: usize, data: &mut [u8]) {
        let kind = data.get(at).copied().unwrap_or_default();
        let is_error =
            (protocol == ICMP && matches!(kind, 3 | 4 | 5 | 11 | 12)) || (protocol == ICMPV6 && matches!(kind, 1..=4));
        match protocol {
            ICMP | ICMPV6 if is_error => self.quoted(at.saturating_add(8), data),
            ICMPV6 if matches!(kind, 133..=137) => self.neighbours(at, data),
            ICMP | ICMPV6 => self.blank_rest(at.saturating_add(8), data),
            TCP | UDP | IGMP | ESP | 0 | 4 | 41 | 43 | 44 | 47 | 51 | 60 | 94 | 97 | 135 | 137 | 139 | 140 | 143 => {}
            _ => self.blank_rest(at, data),
        }
    }

    /// The packet that an error quotes: its addresses, and nothing behind its ports and numbers.
    fn quoted(&mut self, at: usize, data: &mut [u8]) {
        let first = data.get(at).copied().unwrap_or_default();
        let (length, protocol) = match first >> 4 {
            4 => (usize::from(first & 0xf).saturating_mul(4), data.get(at.saturating_add(9)).copied()),
            6 => (40, data.get(at.saturating_add(6)).copied()),
            _ => return self.blank_rest(at, data),
        };
        let old = data.to_vec();
        if self.addresses.is_some() {
            self.ip_addresses(data, at);
            ip_checksum(&old, data, at);
        }
        let transport = at.saturating_add(length);
        let header = if protocol == Some(TCP) { 20 } else { 8 };
        self.blank_rest(transport.saturating_add(header), data);
    }

    /// Neighbour discovery (RFC 4861): the target, and addresses of the link in options.
    fn neighbours(&mut self, at: usize, data: &mut [u8]) {
        let Some(addresses) = &mut self.addresses else { return };
        let kind = data.get(at).copied().unwrap_or_default();
        let options = match kind {
            133 => 8,
            134 => 16,
            137 => 40,
            _ => 24,
        };
        for from in [8_usize, 24].into_iter().filter(|from| from.saturating_add(16) <= options && kind > 134) {
            let from = at.saturating_add(from);
            if let Some(target) = data.get_mut(from..from.saturating_add(16)) {
                let old: [u8; 16] = target.try_into().unwrap_or_default();
                target.copy_from_slice(&addresses.v6(old.into()).octets());
            }
        }
        let mut option = at.saturating_add(options);
        while let Some(&[kind, units]) = data.get(option..).and_then(|rest| rest.first_chunk()) {
            let end = option.saturating_add(usize::from(units.max(1)).saturating_mul(8));
            match kind {
                1 | 2 => {
                    addresses.mac(data.get_mut(option.saturating_add(2)..option.saturating_add(8)).unwrap_or_default());
                }
                _ => data.get_mut(option.saturating_add(2)..end).into_iter().for_each(|rest| rest.fill(0)),
            }
            option = end;
        }
    }

    /// A frame without IP: nothing is known of what is in it, but for ARP.
    fn without_ip(&mut self, headers: &Headers, data: &mut [u8]) {
        let Some(&at) = headers.ethernet.first() else { return };
        let Some(arp) = arp(data, at) else { return self.blank_rest(at.saturating_add(ETHERNET), data) };
        let Some(addresses) = &mut self.addresses else { return };
        for (mac, ip) in [(8, 14), (18, 24)] {
            let (mac, ip) = (arp.saturating_add(mac), arp.saturating_add(ip));
            if let Some(place) = data.get_mut(mac..mac.saturating_add(6)) {
                addresses.mac(place);
            }
            if let Some(place) = data.get_mut(ip..ip.saturating_add(4)) {
                let old: [u8; 4] = (&*place).try_into().unwrap_or_default();
                place.copy_from_slice(&addresses.v4(old.into()).octets());
            }
        }
    }

    fn link_addresses(&mut self, link_type: u16, headers: &Headers, data: &mut [u8]) {
        let Some(addresses) = &self.addresses else { return };
        let cooked = COOKED.into_iter().find(|(known, _)| *known == link_type).map(|(_, at)| at);
        let ethernet = headers.ethernet.iter().flat_map(|&at| [at, at.saturating_add(6)]);
        for at in ethernet.chain(cooked) {
            if let Some(place) = data.get_mut(at..at.saturating_add(6)) {
                addresses.mac(place);
            }
        }
    }

    /// Source and destination of an IP header.
    fn ip_addresses(&mut self, data: &mut [u8], at: usize) {
        let Some(addresses) = &mut self.addresses else { return };
        for place in address_places(data, at) {
            let Some(place) = data.get_mut(place) else { continue };
            if let Ok(old) = <[u8; 4]>::try_from(&*place) {
                place.copy_from_slice(&addresses.v4(old.into()).octets());
            } else if let Ok(old) = <[u8; 16]>::try_from(&*place) {
                place.copy_from_slice(&addresses.v6(old.into()).octets());
            }
        }
    }

    fn blank_rest(&mut self, from: usize, data: &mut [u8]) {
        if self.blanks() {
            data.get_mut(from..).into_iter().for_each(blank);
        }
    }
}

/// Where the payload of ARP begins, behind VLAN tags; only that of Ethernet and IPv4 (RFC 826).
fn arp(data: &[u8], ethernet: usize) -> Option<usize> {
    let mut at = ethernet.saturating_add(12);
    while let Some([0x81, 0x00] | [0x88, 0xa8]) = data.get(at..at.saturating_add(2)) {
        at = at.saturating_add(4);
    }
    let head = data.get(at..at.saturating_add(8))?;
    matches!(head, [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4]).then(|| at.saturating_add(2))
}

/// Source and destination, by the version of the header.
fn address_places(data: &[u8], at: usize) -> [Range<usize>; 2] {
    let (first, length) = if data.get(at).is_some_and(|first| first >> 4 == 6) { (8_usize, 16_usize) } else { (12, 4) };
    let start = at.saturating_add(first);
    let middle = start.saturating_add(length);
    [start..middle, middle..middle.saturating_add(length)]
}

/// Moves every checksum on by what was changed below it, the innermost first.
fn checksums(old: &[u8], new: &mut [u8], headers: &Headers, moved: u32) {
    headers.ip.iter().for_each(|&at| ip_checksum(old, new, at));
    let first_fragment = headers.fragment.filter(|fragment| fragment.offset == 0);
    if let Some(fragment) = first_fragment {
        let delta = folded(pseudo(old, new, headers, fragment.at).wrapping_add(u64::from(moved)));
        shift(new, fragment.protocol, fragment.at, delta);
    }
    for &(protocol, at) in headers.transport.iter().rev() {
        let payload = delta(old.get(at..).unwrap_or_default(), new.get(at..).unwrap_or_default());
        let header = if protocol == ICMP { 0 } else { pseudo(old, new, headers, at) };
        shift(new, protocol, at, folded(u64::from(payload).wrapping_add(header)));
    }
}

/// Change of the addresses that count for the transport header there.
fn pseudo(old: &[u8], new: &[u8], headers: &Headers, transport: usize) -> u64 {
    let Some(&ip) = headers.ip.iter().rfind(|&&at| at < transport) else { return 0 };
    address_places(old, ip)
        .into_iter()
        .map(|place| u64::from(delta(old.get(place.clone()).unwrap_or_default(), new.get(place).unwrap_or_default())))
        .fold(0, u64::wrapping_add)
}

/// The header checksum of IPv4.
fn ip_checksum(old: &[u8], new: &mut [u8], at: usize) {
    if old.get(at).is_some_and(|first| first >> 4 == 4) {
        let header = at..at.saturating_add(20).min(old.len());
        let change = delta(old.get(header.clone()).unwrap_or_default(), new.get(header).unwrap_or_default());
        shift_at(new, at.saturating_add(10), change);
    }
}

/// Moves the checksum of a transport header.
fn shift(data: &mut [u8], protocol: u8, at: usize, delta: u32) {
    let field = match protocol {
        TCP => 16,
        UDP => 6,
        ICMP | ICMPV6 => 2,
        _ => return,
    };
    shift_at(data, at.saturating_add(field), delta);
}

/// A checksum of 0 was never made: it stays.
fn shift_at(data: &mut [u8], at: usize, delta: u32) {
    let Some(field) = data.get_mut(at..at.saturating_add(2)) else { return };
    let old = u16::from_be_bytes(field.try_into().unwrap_or_default());
    if old == 0 || delta == 0 {
        return;
    }
    let sum = folded(u64::from(!old).wrapping_add(u64::from(delta)));
    let new = !u16::try_from(sum).unwrap_or_default();
    field.copy_from_slice(&(if new == 0 { 0xffff } else { new }).to_be_bytes());
}

/// By how much the sum of these bytes grew, in one's complement.
pub(super) fn delta(old: &[u8], new: &[u8]) -> u32 {
    let (old, new) = (sum(old), sum(new));
    if old == new { 0 } else { folded(u64::from(new).wrapping_add(u64::from(!u16::try_from(old).unwrap_or_default()))) }
}

/// The same for bytes that begin in the middle of a word.
pub(super) fn delta_at(offset: usize, old: &[u8], new: &[u8]) -> u32 {
    let delta = delta(old, new);
    if offset.is_multiple_of(2) { delta } else { u32::from(u16::try_from(delta).unwrap_or_default().swap_bytes()) }
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [high] => u64::from(u16::from_be_bytes([high, 0])),
        _ => 0,
    });
    folded(words.fold(0, u64::wrapping_add))
}

fn folded(mut sum: u64) -> u32 {
    while sum > 0xffff {
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    u32::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Moved on, a checksum is what it would be if it were made again; a wrong one is as wrong as before.
        #[test]
        fn checksums_move(old: Vec<u8>, noise: Vec<u8>, at in 0..40_usize, wrong: u16) {
            let mut new = old.clone();
            for (byte, other) in new.iter_mut().skip(at).zip(noise) {
                *byte ^= other;
            }
            let made = |bytes: &[u8]| !u16::try_from(sum(bytes)).unwrap();
            let right = made(&old);
            for start in [right, right.wrapping_add(wrong)] {
                let mut field = start.to_be_bytes();
                shift_at(&mut field, 0, delta(&old, &new));
                let error = |sum: u16, made: u16| folded(u64::from(sum) + u64::from(!made)) % 0xffff;
                let moved = u16::from_be_bytes(field);
                prop_assert_eq!(moved == 0, start == 0);
                if start != 0 {
                    prop_assert_eq!(error(moved, made(&new)), error(start, right));
                }
            }
        }
    }

    #[test]
    fn an_odd_place_turns_the_words_round() {
        let (old, new) = (b"xabcdef", b"xaQcdZf");
        assert_eq!(delta_at(1, &old[1..], &new[1..]), delta(old, new));
    }
}
