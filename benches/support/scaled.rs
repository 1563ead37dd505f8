//! Captures whose size is a number: the same kind of traffic once, three and ten times as long, to see what grows with it.

use super::{From, MSS, NRPC, Script, Traffic, record, say_roughly, udp};
use nrpcsniff_samples::nrpc::{self, SessionRequest, SessionResponse};
use nrpcsniff_samples::{Host, Network, dns, http, other, sip};
use std::io::{self, Write};

/// Addresses of clients that come back, as in an office.
const CLIENTS: usize = 200;
/// Servers of each protocol.
const SERVERS: u64 = 40;
/// Bytes in a full TLS record.
const RECORD: usize = 1 << 14;

/// What a capture is full of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Downloads inside TLS 1.3 that nobody has keys for, name lookups between them, and one NRPC session in 100.
    Tls,
    /// Healthy sessions of small messages, half NRPC, half SIP over TCP: 10 % of the messages are split, 2 % sent again, 3 % out
    /// of order.
    Dense,
    /// Conversations of six packets, 50,000 open at a time: one message of NRPC, SIP, HTTP or TLS, never answered.
    Flows,
    /// SYNs to the ports of NRPC and HTTPS from ever new clients.
    SynFlood,
    /// Questions for ever new names from ever new clients, never answered.
    DnsFlood,
}

impl Kind {
    /// All of them, with the names of their files.
    pub(crate) const ALL: [(Self, &str); 5] = [
        (Self::Tls, "tls"),
        (Self::Dense, "dense"),
        (Self::Flows, "flows"),
        (Self::SynFlood, "synflood"),
        (Self::DnsFlood, "dnsflood"),
    ];

    /// Conversations in a capture of size 1.
    pub(crate) const fn conversations(self) -> u64 {
        match self {
            Self::Tls => 800,
            Self::Dense => 20_000,
            Self::Flows => 200_000,
            Self::SynFlood | Self::DnsFlood => 500_000,
        }
    }

    /// Conversations that are open at a time, if there are so many. The same at every size: what they cost does not grow.
    const fn open(self) -> u64 {
        match self {
            Self::Tls => 64,
            Self::Dense => 500,
            Self::Flows => 50_000,
            Self::SynFlood | Self::DnsFlood => 1,
        }
    }

    /// Writes that many conversations, each to its end.
    pub(crate) fn write<W: Write>(self, traffic: &mut Traffic<W>, conversations: u64) -> io::Result<()> {
        let office = Office::new();
        let open = self.open().min((conversations / 4).max(1));
        traffic.mix_all(open, conversations, |traffic, number| match self {
            Self::Tls => office.download(traffic, number),
            Self::Dense => office.session(traffic, number),
            Self::Flows => office.unanswered(traffic, number),
            Self::SynFlood => syn(traffic, number),
            Self::DnsFlood => question(traffic, number),
        })
    }
}

/// Clients and servers that take part.
struct Office {
    net: Network,
    clients: Vec<Host>,
    registrar: Host,
}

impl Office {
    fn new() -> Self {
        let net = Network::new();
        let client = |number| net.host(&format!("10.1.0.{}", 1 + number));
        Self { clients: (0..CLIENTS).map(client).collect(), registrar: net.host("192.0.2.200"), net }
    }

    /// A conversation of a client that comes back, from a port of its own.
    fn dial<W: Write>(&self, traffic: &mut Traffic<W>, number: u64, server: ([u8; 4], u16)) -> (Script, &Host) {
        let index = number as usize % CLIENTS;
        let port = 1024 + (number as usize / CLIENTS % 64_000) as u16;
        let address = [10, 1, 0, 1 + index as u8];
        (traffic.between((address, port), server), &self.clients[index])
    }

    fn download<W: Write>(&self, traffic: &mut Traffic<W>, number: u64) -> Script {
        let server = server(number);
        match number % 100 {
            0 => {
                let (mut script, _) = self.dial(traffic, number, (server, NRPC));
                script.open();
                script.say(&notes(traffic, number));
                script.close();
                script
            }
            odd if odd % 2 == 1 => self.lookup(traffic, number),
            _ => {
                let (mut script, _) = self.dial(traffic, number, (server, 443));
                sealed(traffic, &mut script);
                script
            }
        }
    }

    fn lookup<W: Write>(&self, traffic: &mut Traffic<W>, number: u64) -> Script {
        let (mut script, _) = self.dial(traffic, number, ([192, 0, 2, 53], 53));
        let (id, name) = (traffic.rng.word16(), format!("www{}.example.net", server(number)[3]));
        let address = [dns::Record::address(&name, "192.0.2.80")];
        udp(&mut script, From::Client, &dns::query(id, &name, dns::A));
        udp(&mut script, From::Server, &dns::answer(id, &name, dns::A, dns::Rcode::NoError, &address));
        script
    }

    fn session<W: Write>(&self, traffic: &mut Traffic<W>, number: u64) -> Script {
        let (mut script, messages) = if number.is_multiple_of(2) {
            let (script, _) = self.dial(traffic, number, (server(number), NRPC));
            (script, notes(traffic, number))
        } else {
            let (script, client) = self.dial(traffic, number, ([192, 0, 2, 200], 5060));
            let port = script.ends[0].1;
            (script, self.registration(client, port, number))
        };
        script.open();
        say_roughly(traffic, &mut script, &messages);
        script.close();
        script
    }

    /// A telephone that registers, challenged once.
    fn registration(&self, client: &Host, port: u16, number: u64) -> Vec<(From, Vec<u8>)> {
        let user = format!("user{}", number as usize % CLIENTS);
        let phone = sip::Phone::new(client, port, &self.registrar, 5060, &format!("{user}@example.com"));
        let phone = phone.transport("TCP");
        let first = phone.register();
        let refusal = first.response(401).challenge("example.com", &format!("{number:016x}"));
        let second = phone.register().credentials(&refusal, &user, "a password");
        let accepted = second.response(200).contact_of(&second).expires(1800);
        vec![
            (From::Client, first.into()),
            (From::Server, refusal.into()),
            (From::Client, second.into()),
            (From::Server, accepted.into()),
        ]
    }

    /// Handshake, one message, and both ends close.
    fn unanswered<W: Write>(&self, traffic: &mut Traffic<W>, number: u64) -> Script {
        let port = [NRPC, 5060, 80, 443][number as usize % 4];
        let mut script = traffic.stranger((server(number), port));
        let message = match port {
            NRPC => SessionRequest::new(&name(number), traffic.micros * 1000).encode(),
            5060 => {
                let phone =
                    sip::Phone::new(&self.clients[0], script.ends[0].1, &self.registrar, 5060, "ann@example.com");
                phone.transport("TCP").options("sip:example.com").into()
            }
            80 => http::get("/names.nsf").host("www.example.net").into(),
            _ => other::client_hello("www.example.net", &mut traffic.rng),
        };
        script.syn().answer_syn().data(From::Client, &message).end(From::Client).end(From::Server).ack(From::Client);
        script
    }
}

fn syn<W: Write>(traffic: &mut Traffic<W>, number: u64) -> Script {
    let mut script = traffic.stranger((server(number), [NRPC, 443][number as usize % 2]));
    script.syn();
    script
}

fn question<W: Write>(traffic: &mut Traffic<W>, number: u64) -> Script {
    let mut script = traffic.stranger(([192, 0, 2, 53], 53));
    udp(&mut script, From::Client, &dns::query(traffic.rng.word16(), &format!("h{number}.example.net"), dns::A));
    script
}

/// The server of a conversation.
const fn server(number: u64) -> [u8; 4] {
    [192, 0, 2, 1 + (number % SERVERS) as u8]
}

/// Its Notes name.
fn name(number: u64) -> String {
    format!("CN=MAIL{:02}/OU=Servers/O=Acme", 1 + number % SERVERS)
}

/// An NRPC session that opens and authenticates.
fn notes<W: Write>(traffic: &mut Traffic<W>, number: u64) -> Vec<(From, Vec<u8>)> {
    let (name, clock) = (name(number), traffic.micros * 1000);
    vec![
        (From::Client, SessionRequest::new(&name, clock).encode()),
        (From::Server, SessionResponse::new(&name, clock).encode()),
        (From::Client, nrpc::modern_auth(nrpc::TYPE_AUTH, &traffic.rng.bytes(374))),
        (From::Server, nrpc::modern_auth(nrpc::TYPE_AUTH_REPLY, &traffic.rng.bytes(384))),
    ]
}

/// TLS 1.3 in full records, 2 to 32 of them, that are cut into segments.
fn sealed<W: Write>(traffic: &mut Traffic<W>, script: &mut Script) {
    let hello = other::client_hello("www.example.net", &mut traffic.rng);
    script.open().data(From::Client, &hello).data(From::Server, &answer_hello(traffic, &hello));
    let finished = [record(20, &[1]), record(23, &traffic.noise(53))].concat();
    script.data(From::Client, &finished).data(From::Client, &record(23, &traffic.noise(300)));
    for _ in 0..2 + traffic.below(31) {
        let bytes = record(23, &traffic.noise(RECORD));
        for pair in bytes.chunks(2 * MSS) {
            pair.chunks(MSS).for_each(|segment| {
                script.data(From::Server, segment);
            });
            script.ack(From::Client);
        }
    }
    script.close();
}

/// `ServerHello` of TLS 1.3 (RFC 8446 section 4.1.3) with the session id of the `ClientHello`, and the first sealed record.
fn answer_hello<W: Write>(traffic: &mut Traffic<W>, client_hello: &[u8]) -> Vec<u8> {
    const SESSION_ID: std::ops::Range<usize> = 44..76;
    let mut hello = vec![2, 0, 0, 118, 3, 3];
    hello.extend(traffic.rng.bytes(32));
    hello.push(32);
    hello.extend(&client_hello[SESSION_ID]);
    hello.extend([0x13, 1, 0, 0, 46, 0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 29, 0, 32]);
    hello.extend(traffic.rng.bytes(32));
    let mut flight = record(22, &hello);
    flight.extend(record(20, &[1]));
    flight.extend(record(23, &traffic.noise(1100)));
    flight
}
