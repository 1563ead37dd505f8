//! Which variations would change which story, and why.

use super::Sample;
use crate::vary::Variation;

/// A part of a [`Variation`] that is not harmless for every story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// IPv6 in place of IPv4.
    Ipv6,
    /// Loss, duplicates, another order of segments.
    Path,
}

impl Part {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv6 => "the IP version",
            Self::Path => "loss and order of segments",
        }
    }
}

impl Sample {
    /// The parts of a variation that would change this story, and why.
    pub fn touchy(&self) -> impl Iterator<Item = (Part, &'static str)> {
        let tells_of = |name: &&str| *name == self.name || name.ends_with('-') && self.name.starts_with(*name);
        TOUCHY.iter().filter(move |(names, ..)| names.iter().any(tells_of)).map(|(_, part, why)| (*part, *why))
    }

    /// Everything that leaves this story as it is differs; how, comes from the seed.
    pub fn variation(&self, seed: u64) -> Variation {
        let mut variation = Variation::seeded(seed);
        for (part, _) in self.touchy() {
            match part {
                Part::Ipv6 => variation.ipv6 = false,
                Part::Path => (variation.loss, variation.duplicates, variation.reordering) = (0, 0, 0),
            }
        }
        variation
    }
}

/// Samples (a name that ends in `-` stands for all that begin so), the part that would change their story, and why.
pub(super) const TOUCHY: &[(&[&str], Part, &str)] = &[
    (&["st-"], Part::Ipv6, "the Sametime protocol carries IPv4 addresses only"),
    (&["nrpc-icmp-reject"], Part::Ipv6, "the code of the ICMP message is one of IPv4"),
    (&["nrpc-ipv6-first", "nrpc-dual-stack"], Part::Ipv6, "the story is about both"),
    (&["nrpc-private-address", "sip-nat-contact"], Part::Ipv6, "private addresses that NAT hides are those of IPv4"),
    (&["nrpc-chatty"], Part::Path, "so many segments that a loss of 1 % is a finding of its own"),
    (&["nrpc-slow-server"], Part::Path, "a repeated segment makes it less certain that the server is to blame"),
];
