//! The samples: each a capture, the story it tells, and the rules that should speak about it.

mod capture;
mod directory;
mod http;
mod idle;
mod logs;
mod media;
mod naming;
mod network;
mod pairs;
mod path;
mod provider;
mod readme;
mod refusal;
mod sametime;
mod script;
mod server;
mod setup;
mod sip;
mod tls;
mod tokens;
mod variations;
mod working;

use crate::file::Format;
use crate::http::Browser;
use crate::ltpa;
use crate::net::{Host, Network};

use crate::vary::Variation;

pub use logs::Log;
pub use variations::Part;

/// A constructed capture and what it is for.
#[derive(Debug)]
pub struct Sample {
    /// File name without ending.
    pub name: &'static str,
    /// What happens, in a sentence or two.
    pub story: &'static str,
    /// What a reader or a tool should notice.
    pub see: &'static str,
    /// Identifiers of the rules that should report it; the first is the one the story is about. Empty: nothing is wrong.
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
        let net = Network::seeded(self.seed());
        (self.tell)(&net);
        net
    }

    fn seed(&self) -> u64 {
        self.name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
    }

    /// The network after the same story, but for what the variation changes.
    pub fn varied_network(&self, variation: &Variation) -> Network {
        let net = Network::varied(self.seed(), variation);
        (self.tell)(&net);
        if variation.background {
            net.background();
        }
        net
    }

    /// The bytes of another capture of the same story. Snap length and statistics stay, whatever the format.
    pub fn varied(&self, variation: &Variation) -> Vec<u8> {
        let format = (self.format)();
        let format = variation.format.as_ref().map_or(format.clone(), |other| format.like(other));
        self.varied_network(variation).write(&format)
    }

    /// The bytes of the capture file.
    pub fn bytes(&self) -> Vec<u8> {
        self.network().write(&(self.format)())
    }
}

/// All samples in the order of the README.
pub fn all() -> impl Iterator<Item = &'static Sample> {
    GROUPS.iter().flat_map(|(_, samples)| samples.iter())
}

/// The sample of this name.
pub fn find(name: &str) -> Option<&'static Sample> {
    all().find(|sample| sample.name == name)
}

/// All logs in the order of the README.
pub fn logs() -> impl Iterator<Item = &'static Log> {
    logs::LOGS.iter()
}

/// Everything the generator writes: name and contents of each capture, of each log, of the demo keys and of the README.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let texts = [
        ("demo.ltpa.keys", ltpa::DEMO.file(ltpa::PASSWORD)),
        ("demo.domino.secret", ltpa::domino_secret_file()),
        ("README.md", readme::text()),
    ];
    let texts = texts.into_iter().chain(logs().map(|log| (log.name, log.text())));
    let texts = texts.map(|(name, text)| (name.to_owned(), text.into_bytes()));
    all().map(|sample| (sample.file_name(), sample.bytes())).chain(texts).collect()
}

const GROUPS: &[(&str, &[Sample])] = &[
    ("Sessions that work", working::SAMPLES),
    ("The wrong name answers", naming::SAMPLES),
    ("The connection cannot be opened", setup::SAMPLES),
    ("Looks like a fault and is none", network::WORKING),
    ("Names and connections", network::SAMPLES),
    ("The session is refused", refusal::SAMPLES),
    ("Idle sessions", idle::SAMPLES),
    ("The path", path::SAMPLES),
    ("The server", server::SAMPLES),
    ("The capture itself", capture::SAMPLES),
    ("Sign-on that works", http::WORKING),
    ("The token does not arrive", http::SAMPLES),
    ("The token is not accepted", tokens::SAMPLES),
    ("Identity providers and their tokens that work", provider::WORKING),
    ("Identity providers and their tokens", provider::SAMPLES),
    ("Scripts of web pages that get through", script::WORKING),
    ("Scripts of web pages", script::SAMPLES),
    ("Softphones that work", sip::WORKING),
    ("Softphones", sip::SAMPLES),
    ("The sound of meetings that comes about", media::WORKING),
    ("The sound of meetings", media::SAMPLES),
    ("Chat that works", sametime::WORKING),
    ("Chat logins", sametime::SAMPLES),
    ("Directories that work", directory::WORKING),
    ("Directories", directory::SAMPLES),
    ("Inside TLS", tls::INSIDE),
    ("TLS that fails", tls::SAMPLES),
    ("Pairs: a working twin for `compare`", pairs::SAMPLES),
];

/// The server most stories are about.
const MAIL: &str = "CN=Mail01/OU=Servers/O=Example";
/// Its cluster mate.
const MATE: &str = "CN=Mail02/OU=Servers/O=Example";
/// A server nobody asks for.
const APPS: &str = "CN=Apps02/OU=Servers/O=Example";
/// The machine behind the alias `chat.example.net`.
const STCOMM: &str = "CN=STCOMM7/OU=Servers/O=Example";

/// The client of most stories.
fn client(net: &Network) -> Host {
    net.host("10.1.0.50")
}

/// The server of most stories: a Linux machine one router away.
fn server(net: &Network) -> Host {
    net.host("10.1.0.9").linux().ttl(63)
}

/// The resolver of most stories.
fn resolver(net: &Network) -> Host {
    net.host("10.1.0.2").linux().distance_us(150)
}

/// The user of the stories of single sign-on, as WebSphere writes her name.
const ANN: &str = "CN=Ann Smith,O=ACME";

/// Her browser.
fn browser(net: &Network) -> Browser {
    Browser::new(&client(net))
}

/// The portal: WebSphere.
fn portal(net: &Network) -> Host {
    net.host("10.1.0.20").linux().ttl(63)
}

/// The chat proxy: WebSphere.
fn chat(net: &Network) -> Host {
    net.host("10.1.0.21").linux().ttl(63)
}

/// The meeting server: WebSphere.
fn meet(net: &Network) -> Host {
    net.host("10.1.0.22").linux().ttl(63)
}

/// The Sametime community server: the machine of [`STCOMM`].
fn community(net: &Network) -> Host {
    server(net)
}

/// The SIP registrar and proxy: WebSphere.
fn registrar(net: &Network) -> Host {
    net.host("10.1.0.23").linux().ttl(63)
}

/// The mail server: Domino with its web server.
fn mail(net: &Network) -> Host {
    net.host("10.1.0.19").linux().ttl(63)
}

/// When a token that is issued now ends: two hours later, as WebSphere is configured by default.
fn expected_end(net: &Network) -> u64 {
    net.now() + 120 * ltpa::MINUTE
}
