//! Addresses of IP and Ethernet. What two addresses of IP begin with in common, part by part, they begin with in common afterwards; a
//! private, local or multicast address stays one; and each part keeps the number of its digits, so that it fits where it is written as text.

use super::key::Key;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Maps addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    key: Key,
    /// Orders of the parts behind one prefix.
    orders: HashMap<Vec<u8>, Vec<u8>>,
    /// Addresses that the capture shows in headers of packets or in messages.
    known: HashSet<IpAddr>,
}

impl Addresses {
    pub(super) fn new(key: Key) -> Self {
        Self { key, orders: HashMap::new(), known: HashSet::new() }
    }

    /// This address is one that is looked for among bytes, too.
    pub(super) fn learn(&mut self, address: IpAddr) {
        if !address.is_unspecified() && !address.is_loopback() {
            self.known.insert(address);
        }
    }

    /// The stand-in of an address.
    pub(super) fn v4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        let old = address.octets();
        let fixed = fixed_octets(old);
        let mut new = old;
        for at in fixed..4 {
            let (Some(prefix), Some(&octet)) = (old.get(..at), old.get(at)) else { continue };
            let is_end = at == 3 && matches!(octet, 0 | 255);
            if let Some(place) = new.get_mut(at).filter(|_| !is_end) {
                *place = self.octet(prefix, octet);
            }
        }
        new.into()
    }

    /// Another octet of as many digits, the same for all addresses that begin with these.
    fn octet(&mut self, prefix: &[u8], octet: u8) -> u8 {
        let key = &self.key;
        let order = self.orders.entry(prefix.to_vec()).or_insert_with(|| order(key, prefix));
        order.get(usize::from(octet)).copied().unwrap_or(octet)
    }

    pub(super) fn v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(inner) = address.to_ipv4_mapped() {
            return self.v4(inner).to_ipv6_mapped();
        }
        let old = address.segments();
        if address.is_loopback() || address.is_unspecified() || old[0] & 0xff00 == 0xff00 {
            return address;
        }
        // Global documentation, unique and link-local prefixes say what kind of address it is.
        let fixed = match old {
            [0x2001, 0x0db8, ..] | [0x0064, 0xff9b, ..] => 2,
            [0x2001 | 0x2002 | 0xfe80..=0xfebf | 0xfc00..=0xfdff, ..] => 1,
            _ => 0,
        };
        let mut new = old;
        for at in fixed..8 {
            let prefix: Vec<u8> =
                old.get(..at).unwrap_or_default().iter().flat_map(|group| group.to_be_bytes()).collect();
            if let (Some(&group), Some(place)) = (old.get(at), new.get_mut(at)) {
                *place = self.group(&prefix, at == 0, group);
            }
        }
        new.into()
    }

    /// Another group of as many digits; the first stays within what is global.
    fn group(&self, prefix: &[u8], is_first: bool, group: u16) -> u16 {
        let digits = (0..4_u32).rev().find(|digit| group >> digit.saturating_mul(4) != 0);
        let Some(top) = digits else { return group };
        let mut new = group;
        for digit in (0..=top).rev() {
            let shift = digit.saturating_mul(4);
            let old = new >> shift & 0xf;
            let rest = new & !(0xf << shift);
            let seed = [prefix, &[0xff, u8::try_from(digit).unwrap_or_default()], &rest.to_be_bytes()].concat();
            let number = u16::from(self.key.stream("group", &seed).next().unwrap_or_default());
            // A leading digit is never 0; that of a global address stays 2 or 3.
            let (base, count) = match (digit == top, is_first) {
                (true, true) => (old, 1),
                (true, false) => (1, 15),
                _ => (0, 16),
            };
            let place = old.saturating_sub(base).saturating_add(number).checked_rem(count).unwrap_or_default();
            new = rest | base.saturating_add(place) << shift;
        }
        new
    }

    /// An address of Ethernet: the maker stays, groups stay groups.
    pub(super) fn mac(&self, address: &mut [u8]) {
        let is_group = address.first().is_some_and(|first| first & 1 == 1);
        if is_group || address.iter().all(|byte| *byte == 0) {
            return;
        }
        let stream = self.key.stream("mac", address);
        for (byte, new) in address.iter_mut().zip(stream).skip(3) {
            *byte = new;
        }
    }

    /// Replaces addresses that are written as text. Gives how many there were.
    pub(super) fn replace_text(&mut self, bytes: &mut [u8]) -> u64 {
        let part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
        let mut count = 0_u64;
        let mut at = 0_usize;
        while let Some(start) = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|&byte| part(byte)))
            .map(|skip| at.saturating_add(skip))
        {
            let rest = bytes.get(start..).unwrap_or_default();
            let length = rest.iter().take_while(|&&byte| part(byte)).count();
            at = start.saturating_add(length);
            let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
            let escaped = start.checked_sub(3).and_then(|at| bytes.get(at)) == Some(&b'%');
            if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !escaped {
                // The tail of a word: its letters are no digits of an address, but what follows a sign may be one.
                let Some(sign) = rest.get(..length).and_then(|run| run.iter().position(|byte| matches!(byte, b':')))
                else {
                    continue;
                };
                at = start.saturating_add(sign).saturating_add(1);
                continue;
            }
            if let Some(run) = bytes.get_mut(start..at) {
                count = count.saturating_add(self.replace_run(run));
            }
        }
        count
    }

    /// An address at the front of a run of digits, points and colons, with a port or a point behind it.
    fn replace_run(&mut self, run: &mut [u8]) -> u64 {
        let Ok(text) = std::str::from_utf8(run) else { return 0 };
        let trimmed = text.trim_end_matches(['.', ':']);
        let host = trimmed.split(':').next().unwrap_or_default();
        let (old, new) = if let Ok(address) = trimmed.parse::<Ipv6Addr>() {
            let new = self.v6(address).to_string();
            (trimmed, if trimmed.chars().any(|c| c.is_ascii_uppercase()) { new.to_uppercase() } else { new })
        } else if let Ok(address) = host.parse::<Ipv4Addr>() {
            (host, self.v4(address).to_string())
        } else {
            // `:10.1.2.3` behind a name and its colon.
            let skipped = text.len().saturating_sub(text.trim_start_matches([':', '.']).len());
            return run.get_mut(skipped..).filter(|_| skipped > 0).map_or(0, |rest| self.replace_run(rest));
        };
        if new.len() != old.len() {
            return 0;
        }
        let length = new.len();
        if let Some(place) = run.get_mut(..length) {
            place.copy_from_slice(new.as_bytes());
        }
        1
    }

    /// Replaces known addresses among bytes, in either order of them. Gives how many there were.
    pub(super) fn replace_bytes(&mut self, bytes: &mut [u8]) -> u64 {
        let mut count = 0_u64;
        let mut at = 0_usize;
        while at < bytes.len() {
            let found = self.known_at(bytes.get(at..).unwrap_or_default());
            let Some(new) = found else {
                at = at.saturating_add(1);
                continue;
            };
            if let Some(place) = bytes.get_mut(at..at.saturating_add(new.len())) {
                place.copy_from_slice(&new);
            }
            at = at.saturating_add(new.len());
            count = count.saturating_add(1);
        }
        count
    }

    fn known_at(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if let Some(&sixteen) = bytes.first_chunk::<16>()
            && self.known.contains(&IpAddr::from(sixteen))
        {
            return Some(self.v6(sixteen.into()).octets().to_vec());
        }
        let &four = bytes.first_chunk::<4>()?;
        let [a, b, c, d] = four;
        if self.known.contains(&IpAddr::from(four)) {
            return Some(self.v4(four.into()).octets().to_vec());
        }
        let turned = [d, c, b, a];
        if self.known.contains(&IpAddr::from(turned)) {
            let [a, b, c, d] = self.v4(turned.into()).octets();
            return Some(vec![d, c, b, a]);
        }
        None
    }
}

/// Octets that say what kind of address it is, and stay.
const fn fixed_octets(octets: [u8; 4]) -> usize {
    match octets {
        [0 | 127 | 224..=255, ..] => 4,
        // Private addresses of 172.16/12, shared ones of 100.64/10, and their like: the second octet says so.
        [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => 2,
        [10 | 192 | 169 | 172 | 100, ..] => 1,
        _ => 0,
    }
}

/// For each octet the one that stands for it behind that prefix. Those that say what kind of address it is stand for themselves.
fn order(key: &Key, prefix: &[u8]) -> Vec<u8> {
    let special = |octet: u8| match prefix {
        [] => matches!(octet, 0 | 10 | 100 | 127 | 169 | 172 | 192 | 224..=255),
        [192] => octet == 168,
        [169] => octet == 254,
        [172] => matches!(octet, 16..=31),
        [100] => matches!(octet, 64..=127),
        [_, _, _] => matches!(octet, 0 | 255),
        _ => false,
    };
    let mut order: Vec<u8> = (0..=u8::MAX).collect();
    for class in [0..=9, 10..=99, 100..=255_u8] {
        let members: Vec<u8> = class.filter(|&octet| !special(octet)).collect();
        let mut shuffled: Vec<(u8, u8, u8)> = members
            .iter()
            .map(|&octet| {
                let mut stream = key.stream("octet", &[prefix, &[octet]].concat());
                (stream.next().unwrap_or_default(), stream.next().unwrap_or_default(), octet)
            })
            .collect();
        shuffled.sort_unstable();
        for (octet, (_, _, new)) in members.into_iter().zip(shuffled) {
            if let Some(place) = order.get_mut(usize::from(octet)) {
                *place = new;
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses() -> Addresses {
        Addresses::new(Key::of(b"k"))
    }

    #[test]
    fn kinds_of_addresses_stay() {
        let mut addresses = addresses();
        for text in ["10.1.2.3", "192.168.4.5", "172.20.1.1", "100.64.3.3", "127.0.0.1", "224.0.0.251", "169.254.7.7"] {
            let old: Ipv4Addr = text.parse().unwrap();
            let new = addresses.v4(old);
            assert_eq!(
                (old.is_private(), old.is_loopback(), old.is_multicast(), old.is_link_local()),
                (new.is_private(), new.is_loopback(), new.is_multicast(), new.is_link_local()),
                "{text}"
            );
            assert_eq!(old == new, old.is_loopback() || old.is_multicast(), "{text}");
        }
        for text in ["::1", "ff02::fb"] {
            assert_eq!(addresses.v6(text.parse().unwrap()).to_string(), text);
        }
        assert!(addresses.v6("fe80::1:2".parse().unwrap()).to_string().starts_with("fe80::"));
    }

    #[test]
    fn texts_and_bytes_in_either_order_get_the_same() {
        let mut addresses = addresses();
        let old = Ipv4Addr::new(10, 1, 0, 9);
        addresses.learn(old.into());
        let new = addresses.v4(old);
        let mut text = b"Via: SIP/2.0/TCP 10.1.0.9:5060;received=10.1.0.9, v10.1.0.9 x".to_vec();
        assert_eq!(addresses.replace_text(&mut text), 2);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, format!("Via: SIP/2.0/TCP {new}:5060;received={new}, v10.1.0.9 x"));
        let [a, b, c, d] = new.octets();
        let mut bytes = [1, 10, 1, 0, 9, 2, 9, 0, 1, 10];
        assert_eq!(addresses.replace_bytes(&mut bytes), 2);
        assert_eq!(bytes, [1, a, b, c, d, 2, d, c, b, a]);
    }

    proptest! {
        #[test]
        fn prefixes_lengths_and_differences_stay(a: [u8; 4], b: [u8; 4], c: [u16; 8], d: [u16; 8], from: usize) {
            let mut addresses = addresses();
            let (x, y) = (addresses.v4(a.into()), addresses.v4(b.into()));
            let common = |x: [u8; 4], y: [u8; 4]| x.iter().zip(y).take_while(|(x, y)| *x == y).count();
            prop_assert_eq!(common(a, b), common(x.octets(), y.octets()));
            prop_assert_eq!(x.to_string().len(), Ipv4Addr::from(a).to_string().len());
            let d: Vec<u16> = c.iter().take(from % 8).chain(d.iter().skip(from % 8)).copied().collect();
            let d: [u16; 8] = d.try_into().unwrap();
            let common = |x: [u16; 8], y: [u16; 8]| x.iter().zip(y).take_while(|(x, y)| *x == y).count();
            let (x, y) = (addresses.v6(c.into()), addresses.v6(d.into()));
            prop_assert_eq!(common(c, d), common(x.segments(), y.segments()));
            prop_assert_eq!(x.to_string().len(), Ipv6Addr::from(c).to_string().len());
        }
    }
}
