//! The samples: each a capture, the story it tells, and the rules that should speak about it.

mod naming;
mod working;

use crate::file::Format;
use crate::net::{Host, Network};

/// A constructed capture and what it is for.
pub struct Sample {
    /// File name without ending.
    pub name: &'static str,
    /// What happens, in a sentence or two.
    pub story: &'static str,
    /// Identifiers of the rules that should report it; the first is the one the story is about.
    pub rules: &'static [&'static str],
    /// How it is written.
    pub format: fn() -> Format,
    /// Makes it happen.
    pub tell: fn(&Network),
}

impl Sample {
    /// File name with ending.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.name, (self.format)().extension())
    }

    /// The network after the story.
    pub fn network(&self) -> Network {
        let seed = self.name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let net = Network::seeded(seed);
        (self.tell)(&net);
        net
    }

    /// The bytes of the capture file.
    pub fn bytes(&self) -> Vec<u8> {
        self.network().write(&(self.format)())
    }
}

/// All samples in the order of the README.
pub fn all() -> impl Iterator<Item = &'static Sample> {
    [naming::SAMPLES, working::SAMPLES].into_iter().flatten()
}

/// The sample of this name.
pub fn find(name: &str) -> Option<&'static Sample> {
    all().find(|sample| sample.name == name)
}

/// The server most stories are about.
const MAIL: &str = "CN=Mail01/OU=Servers/O=Example";
/// The machine behind the alias.
const STCOMM: &str = "CN=STCOMM7/OU=Servers/O=Example";

/// The client of most stories.
fn client(net: &Network) -> Host {
    net.host("10.1.0.50")
}

/// The resolver of most stories.
fn resolver(net: &Network) -> Host {
    net.host("10.1.0.2").linux().distance_us(150)
}
