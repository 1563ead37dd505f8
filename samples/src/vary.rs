//! Harmless variations: the same story, captured on another day, in another network, over a path that loses a little.
//!
//! A [`Variation`] names what may differ between two captures in which the same thing happens. Whoever compares captures, or
//! judges one, must come to the same result. Each part can be set by hand; [`Variation::seeded`] varies all of them.
//!
//! ```
//! use nrpcsniff_samples::{Variation, stories};
//!
//! let sample = stories::find("nrpc-alias").unwrap();
//! let elsewhere = sample.varied(&sample.variation(7)); // all that leaves this story as it is
//! let lossy = sample.varied(&Variation { loss: 5, ..Variation::none() });
//! assert_eq!(sample.varied(&Variation::none()), sample.bytes());
//! # assert_ne!(elsewhere, lossy);
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::file::Format;
use crate::rng::SplitMix64;
use crate::time::{DAY, MICROSECOND, START, utc};

/// What differs from the story as it is told, and yet must not matter.
///
/// Probabilities are in percent and count data segments of ordinary messages: not those whose fate the story itself tells.
#[derive(Debug, Clone)]
pub struct Variation {
    /// All that is drawn by chance: nonces, Call-IDs, session and license ids, tokens, client ports, sequence numbers, IP
    /// identifications; and every choice that the other parts leave open. 0: as the story has it.
    pub seed: u64,
    /// Other addresses: of the same kind, and in one network if they were before.
    pub addresses: bool,
    /// IPv6 in place of IPv4.
    pub ipv6: bool,
    /// Other hardware addresses.
    pub macs: bool,
    /// Up to so many routers more between a host and the capture point.
    pub hops: u8,
    /// The story begins so many seconds later.
    pub later: u64,
    /// Round trips in percent of what they were.
    pub rtt: u64,
    /// Packets are late by up to so many microseconds, and in the same order.
    pub jitter: u64,
    /// Messages are cut into segments elsewhere.
    pub segments: bool,
    /// Segments that are lost, before the capture point or beyond it, and sent again.
    pub loss: u8,
    /// Segments that are sent again although they arrived. (What a mirror port copies is in the capture twice, and that is
    /// worth a word: see [`Network::span_duplicates`](crate::Network::span_duplicates).)
    pub duplicates: u8,
    /// Segments that pass the capture point after the one that followed them.
    pub reordering: u8,
    /// Who acts independently of others acts in another order.
    pub order: bool,
    /// Others use the network meanwhile: a name is resolved, a web server is asked for its health, a connection is idle.
    pub background: bool,
    /// Browsers speak TLS 1.3 to every server; the keys are in captures whose format holds them.
    pub inside_tls: bool,
    /// Another format of the capture.
    pub format: Option<Format>,
}

impl Variation {
    /// Nothing differs.
    pub const fn none() -> Self {
        Self {
            seed: 0,
            addresses: false,
            ipv6: false,
            macs: false,
            hops: 0,
            later: 0,
            rtt: 100,
            jitter: 0,
            segments: false,
            loss: 0,
            duplicates: 0,
            reordering: 0,
            order: false,
            background: false,
            inside_tls: false,
            format: None,
        }
    }

    /// Everything differs; how, comes from the seed (not 0). Every second one is over IPv6.
    pub fn seeded(seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed ^ 0x7661_7279);
        Self {
            seed,
            addresses: true,
            ipv6: rng.below(2) == 0,
            macs: true,
            hops: 4,
            later: rng.below(90 * DAY / crate::time::SECOND),
            rtt: 50 + rng.below(251),
            jitter: 20 + rng.below(280),
            segments: true,
            loss: 1,
            duplicates: 1,
            reordering: 1,
            order: true,
            background: true,
            inside_tls: false,
            format: Some(Format::pcapng().varied(&mut rng)),
        }
    }
}

/// A variation at work in one network.
#[derive(Debug, Clone)]
pub(crate) struct Varying {
    pub variation: Variation,
    /// Apart from the network's own, so that a part that is not varied stays as it is.
    pub rng: SplitMix64,
    octets: [Octet; 3],
    subnet6: u16,
    host6: u16,
    mac: [u8; 6],
}

/// What becomes of a data segment on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    /// The capture point sees it, the receiver does not: it comes a second time.
    LostBeyond,
    /// The capture point does not see it either before it is sent again.
    LostBefore,
    Twice,
    /// After the next one.
    Late,
}

impl Varying {
    pub(crate) fn new(variation: &Variation, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed ^ variation.seed ^ 0x6e65_7477);
        let octets = [Octet::drawn(&mut rng), Octet::drawn(&mut rng), Octet::drawn(&mut rng)];
        let mut mac: [u8; 6] = rng.array();
        mac[0] &= 0xfc; // the bits for groups and for local addresses stay
        let (subnet6, host6) = (rng.word16() | 0x8000, rng.word16() | 0x8000);
        Self { variation: variation.clone(), rng, octets, subnet6, host6, mac }
    }

    pub(crate) const fn start(&self) -> u64 {
        START + self.variation.later * crate::time::SECOND
    }

    /// The address of the host that the story gives this one.
    pub(crate) fn address(&self, ip: IpAddr) -> IpAddr {
        let ip = if self.variation.addresses { self.moved(ip) } else { ip };
        match ip {
            IpAddr::V4(ip) if self.variation.ipv6 => IpAddr::V6(in_ipv6(ip)),
            ip => ip,
        }
    }

    /// Each octet by a rule of its own: hosts of one network stay in one, and two addresses never become one.
    fn moved(&self, ip: IpAddr) -> IpAddr {
        let [second, third, last] = &self.octets;
        match ip {
            IpAddr::V4(ip) => match ip.octets() {
                [10, b, c, d] => Ipv4Addr::new(10, second.of(b), third.of(c), last.of(d)).into(),
                [192, 168, c, d] => Ipv4Addr::new(192, 168, third.of(c), last.of(d)).into(),
                [a, b, c, d] => Ipv4Addr::new(a, b, c, last.of(d)).into(),
            },
            IpAddr::V6(ip) => {
                let mut groups = ip.segments();
                groups[2] ^= self.subnet6;
                groups[7] ^= self.host6;
                Ipv6Addr::from(groups).into()
            }
        }
    }

    pub(crate) fn mac(&self, mac: [u8; 6]) -> [u8; 6] {
        if !self.variation.macs {
            return mac;
        }
        std::array::from_fn(|at| mac[at] ^ self.mac[at])
    }

    /// Routers more to a host that is not the capturing machine itself.
    pub(crate) fn hops(&mut self) -> u8 {
        if self.variation.hops == 0 { 0 } else { self.rng.below(u64::from(self.variation.hops) + 1) as u8 }
    }

    /// Creation and end of the certificate of a host's user: two years, from some day in the winter or spring of 2024 on.
    pub(crate) fn certificate(&mut self) -> (u64, u64) {
        if self.variation.seed == 0 {
            return CERTIFICATE;
        }
        let days = self.rng.below(200) * DAY;
        (utc(2024, 1, 8) + days, utc(2026, 1, 8) + days)
    }

    /// The same text with other letters and digits in place of its own.
    pub(crate) fn made_up(&mut self, text: &str) -> String {
        if self.variation.seed == 0 {
            return text.to_owned();
        }
        let hexadecimal = text.bytes().all(|byte| !byte.is_ascii_lowercase()) && text.len() > 16;
        let letters = if hexadecimal { 6 } else { 26 };
        let other = |byte: u8| match byte {
            b'0'..=b'9' => b'0' + self.rng.below(10) as u8,
            b'a'..=b'z' => b'a' + self.rng.below(letters) as u8,
            b'A'..=b'Z' => b'A' + self.rng.below(letters) as u8,
            other => other,
        };
        text.bytes().map(other).map(char::from).collect()
    }

    /// Sizes of the segments of a message, the last of which repeats.
    pub(crate) fn sizes(&mut self, len: usize, most: usize) -> Vec<usize> {
        if !self.variation.segments || self.rng.below(2) == 0 {
            return vec![most];
        }
        let cuts = 1 + self.rng.below(3);
        let mut sizes: Vec<usize> = (0..cuts).map(|_| 1 + self.rng.below(len.min(most) as u64) as usize).collect();
        sizes.push(most);
        sizes
    }

    pub(crate) fn fate(&mut self) -> Fate {
        let chance = self.rng.below(100) as u8;
        let Variation { loss, duplicates, reordering, .. } = self.variation;
        match chance {
            _ if chance < loss && self.rng.below(2) == 0 => Fate::LostBeyond,
            _ if chance < loss => Fate::LostBefore,
            _ if chance < loss + duplicates => Fate::Twice,
            _ if chance < loss + duplicates + reordering => Fate::Late,
            _ => Fate::Arrives,
        }
    }

    /// Makes packets late, each by less than half of the time to the next: their order stays.
    pub(crate) fn jitter(&mut self, times: &mut [u64]) {
        let most = self.variation.jitter * MICROSECOND;
        if most == 0 {
            return;
        }
        for at in 0..times.len() {
            let room = times.get(at + 1).map_or(most, |next| (next - times[at]) / 2);
            times[at] += self.rng.below(room.min(most) + 1);
        }
    }
}

/// Creation and end of the certificate that clients of the stories have.
pub(crate) const CERTIFICATE: (u64, u64) = (utc(2024, 5, 6), utc(2026, 5, 6));

/// One octet of an address for another: 1 to 254 among themselves, 0 and 255 as they were.
#[derive(Debug, Clone, Copy)]
struct Octet {
    factor: u16,
    shift: u16,
}

impl Octet {
    fn drawn(rng: &mut SplitMix64) -> Self {
        const FACTORS: [u16; 6] = [1, 3, 5, 11, 29, 101]; // without a divisor in common with 254
        Self { factor: FACTORS[rng.below(6) as usize], shift: 1 + rng.below(253) as u16 }
    }

    const fn of(self, octet: u8) -> u8 {
        match octet {
            0 | 255 => octet,
            _ => (((octet as u16 - 1) * self.factor + self.shift) % 254 + 1) as u8,
        }
    }
}

/// Where a host lives when a network has moved to IPv6.
fn in_ipv6(ip: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d] = ip.octets().map(u16::from);
    Ipv6Addr::new(0x2001, 0xdb8, a << 8 | b, c, 0, 0, 0, d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn addresses_stay_apart_and_in_their_networks() {
        for seed in 1..50 {
            let varying = Varying::new(&Variation { ipv6: false, ..Variation::seeded(seed) }, 0);
            let moved: BTreeSet<IpAddr> =
                (1..=254).map(|last| varying.address(Ipv4Addr::new(10, 1, 0, last).into())).collect();
            assert_eq!(moved.len(), 254);
            let networks: BTreeSet<_> = moved
                .iter()
                .map(|ip| match ip {
                    IpAddr::V4(ip) => ip.octets()[..3].to_vec(),
                    IpAddr::V6(_) => panic!("{ip}"),
                })
                .collect();
            assert_eq!(networks.len(), 1);
            assert!(moved.iter().all(|ip| matches!(ip, IpAddr::V4(ip) if ip.is_private())));
        }
    }

    #[test]
    fn networks_move_to_ipv6_as_a_whole() {
        let varying = Varying::new(&Variation { ipv6: true, ..Variation::none() }, 0);
        let [one, other] = ["10.1.0.50", "2001:db8:1::50"].map(|ip| ip.parse().expect("an address"));
        assert_eq!(varying.address(one).to_string(), "2001:db8:a01::32");
        assert_eq!(varying.address(other), other);
    }

    #[test]
    fn made_up_texts_keep_their_shape() {
        let mut varying = Varying::new(&Variation::seeded(3), 0);
        let other = varying.made_up("0000mwqazbht:-1");
        assert!(other.len() == 15 && other.ends_with(|c: char| c.is_ascii_digit()) && other.contains(":-"), "{other}");
        let other = varying.made_up("9F2C1A7E55D04B6688E1A3C0D94E7B21");
        assert!(other.bytes().all(|byte| byte.is_ascii_hexdigit()), "{other}");
    }

    #[test]
    fn jitter_keeps_the_order() {
        let mut varying = Varying::new(&Variation::seeded(4), 0);
        let mut times = [0, 10, 10, 5_000, 2_000_000, 2_000_001];
        varying.jitter(&mut times);
        assert!(times.is_sorted(), "{times:?}");
    }
}
