//! Traffic for measurements: the same frames every time, written as they are made, so that size costs no memory.
//!
//! Four mixes stand for what the analyser meets in practice ([`bulk`], [`notes`], [`churn`], [`signon`]), and four attacks
//! each have a benign twin of the same number of packets ([`Attack`]). What is to be measured at several sizes is [`scaled`].
#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(clippy::cast_possible_truncation, reason = "frames are short, and times wrap in 2106")]

pub(crate) mod scaled;

use etherparse::PacketBuilder;
use nrpcsniff_samples::nrpc::{self, SessionRequest, SessionResponse};
use nrpcsniff_samples::{Network, SplitMix64, dns, http, ltpa, other, sip};
use std::collections::VecDeque;
use std::io::{self, Write};

/// Bytes that payloads are cut from.
const NOISE: usize = 64 << 10;
/// Largest payload of a segment.
const MSS: usize = 1448;
/// NRPC.
pub(crate) const NRPC: u16 = 1352;

/// Frames on their way into a classic pcap.
pub(crate) struct Traffic<W> {
    out: W,
    rng: SplitMix64,
    noise: Vec<u8>,
    micros: u64,
    /// Frames written.
    pub frames: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// The side that sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// A conversation whose frames are made in advance, so that many can be mixed.
#[derive(Default)]
pub(crate) struct Script {
    ends: [([u8; 4], u16); 2],
    next: [u32; 2],
    id: u16,
    pub frames: VecDeque<Vec<u8>>,
}

impl<W: Write> Traffic<W> {
    /// Begins a capture.
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
        let mut rng = SplitMix64::new(1352);
        let noise = rng.bytes(NOISE);
        Ok(Self { out, rng, noise, micros: 1_750_000_000_000_000, frames: 0, bytes: 24 })
    }

    /// Writes a frame, 5 microseconds after the one before.
    pub(crate) fn frame(&mut self, frame: &[u8]) -> io::Result<()> {
        self.micros += 5;
        let length = frame.len() as u32;
        let (seconds, rest) = ((self.micros / 1_000_000) as u32, (self.micros % 1_000_000) as u32);
        for field in [seconds, rest, length, length] {
            self.out.write_all(&field.to_le_bytes())?;
        }
        self.frames += 1;
        self.bytes += u64::from(length) + 16;
        self.out.write_all(frame)
    }

    /// Writes all frames of a script.
    pub(crate) fn script(&mut self, script: &Script) -> io::Result<()> {
        script.frames.iter().try_for_each(|frame| self.frame(frame))
    }

    /// Mixes scripts made by `make`, `open` of them at a time, until `enough` bytes are written.
    pub(crate) fn mix(
        &mut self,
        open: usize,
        enough: u64,
        mut make: impl FnMut(&mut Self) -> Script,
    ) -> io::Result<()> {
        let mut scripts: Vec<Script> = (0..open).map(|_| make(self)).collect();
        while self.bytes < enough {
            let index = self.below(open);
            match scripts[index].frames.pop_front() {
                Some(frame) => self.frame(&frame)?,
                None => scripts[index] = make(self),
            }
        }
        Ok(())
    }

    /// Mixes `count` scripts made by `make`, which is told their number, `open` of them at a time, each to its end.
    pub(crate) fn mix_all(
        &mut self,
        open: u64,
        count: u64,
        mut make: impl FnMut(&mut Self, u64) -> Script,
    ) -> io::Result<()> {
        let first = open.min(count);
        let mut scripts: Vec<Script> = (0..first).map(|number| make(self, number)).collect();
        let mut numbers = first..count;
        while !scripts.is_empty() {
            let index = self.below(scripts.len());
            if let Some(frame) = scripts[index].frames.pop_front() {
                self.frame(&frame)?;
            }
            if scripts[index].frames.is_empty() {
                match numbers.next() {
                    Some(number) => scripts[index] = make(self, number),
                    None => drop(scripts.swap_remove(index)),
                }
            }
        }
        Ok(())
    }

    /// Ends the capture and gives its destination back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.rng.word32() as usize % limit
    }

    fn noise(&mut self, length: usize) -> Vec<u8> {
        let at = self.below(NOISE - length);
        self.noise[at..at + length].to_vec()
    }

    /// A fresh client that talks to one of 40 servers on `port`.
    fn dial(&mut self, port: u16) -> Script {
        let client = self.fresh();
        let server = ([192, 0, 2, 1 + (self.below(40) as u8)], port);
        self.between(client, server)
    }

    /// A fresh client that talks to that server.
    fn stranger(&mut self, server: ([u8; 4], u16)) -> Script {
        let client = self.fresh();
        self.between(client, server)
    }

    fn fresh(&mut self) -> ([u8; 4], u16) {
        let [a, b, c, low, high] = self.rng.array();
        ([10, a, b, c], u16::from_le_bytes([low, high]) | 0x8000)
    }

    /// A conversation between client and server.
    fn between(&mut self, client: ([u8; 4], u16), server: ([u8; 4], u16)) -> Script {
        let next = [self.rng.word32(), self.rng.word32()];
        Script { ends: [client, server], next, id: self.rng.word16() | 1, frames: VecDeque::new() }
    }
}

impl Script {
    fn push(&mut self, from: From, flags: u8, back: u32, payload: &[u8]) {
        let (us, peer) = if from == From::Client { (0, 1) } else { (1, 0) };
        let ((source, source_port), (destination, destination_port)) = (self.ends[us], self.ends[peer]);
        self.id = self.id.wrapping_add(2);
        let (sequence, acknowledged) = (self.next[us].wrapping_sub(back), self.next[peer]);
        let ttl = if from == From::Client { 127 } else { 63 };
        let mut ip = etherparse::Ipv4Header::new(0, ttl, etherparse::IpNumber::TCP, source, destination)
            .expect("no payload is not too long");
        ip.identification = self.id;
        ip.dont_fragment = true;
        let tcp = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ip(etherparse::IpHeaders::Ipv4(ip, etherparse::Ipv4Extensions::default()))
            .tcp(source_port, destination_port, sequence, 8192);
        let flagged = |bit| flags & bit != 0;
        let tcp = if flagged(1) { tcp.fin() } else { tcp };
        let tcp = if flagged(2) { tcp.syn() } else { tcp };
        let tcp = if flagged(8) { tcp.psh() } else { tcp };
        let tcp = if flagged(16) { tcp.ack(acknowledged) } else { tcp };
        let mut frame = Vec::with_capacity(54 + payload.len());
        tcp.write(&mut frame, payload).expect("writing to memory");
        self.frames.push_back(frame);
        let taken = payload.len() as u32 + u32::from(flags & 3 != 0);
        self.next[us] = sequence.wrapping_add(taken);
    }

    /// SYN.
    pub(crate) fn syn(&mut self) -> &mut Self {
        self.push(From::Client, 2, 0, b"");
        self
    }

    /// SYN-ACK.
    fn answer_syn(&mut self) -> &mut Self {
        self.push(From::Server, 18, 0, b"");
        self
    }

    /// SYN, SYN-ACK, ACK.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.syn().answer_syn().ack(From::Client)
    }

    /// Data in one segment.
    pub(crate) fn data(&mut self, from: From, payload: &[u8]) -> &mut Self {
        self.push(from, 24, 0, payload);
        self
    }

    /// Messages, each in a segment.
    pub(crate) fn say(&mut self, messages: &[(From, Vec<u8>)]) {
        for (from, message) in messages {
            self.data(*from, message);
        }
    }

    /// An acknowledgement.
    pub(crate) fn ack(&mut self, from: From) -> &mut Self {
        self.push(from, 16, 0, b"");
        self
    }

    /// A FIN.
    fn end(&mut self, from: From) -> &mut Self {
        self.push(from, 17, 0, b"");
        self
    }

    /// FIN, FIN, ACK.
    pub(crate) fn close(&mut self) -> &mut Self {
        self.end(From::Client).end(From::Server).ack(From::Client)
    }

    /// The last two segments change places.
    fn swap_last(&mut self) {
        let last = self.frames.len() - 1;
        self.frames.swap(last - 1, last);
    }

    /// The last segment once more.
    fn again(&mut self, from: From, payload: &[u8]) {
        self.push(from, 24, payload.len() as u32, payload);
    }
}

/// One NRPC conversation of about `transactions` small transactions: who speaks, and what.
pub(crate) fn nrpc_messages(rng: &mut SplitMix64, transactions: u16) -> Vec<(From, Vec<u8>)> {
    const NAME: &str = "CN=MAIL01/OU=Servers/O=Acme";
    let clock = 1_750_000_000_000_000_000;
    let mut messages = vec![
        (From::Client, SessionRequest::new(NAME, clock).encode()),
        (From::Server, SessionResponse::new(NAME, clock).encode()),
        (From::Client, nrpc::modern_auth(nrpc::TYPE_AUTH, &rng.bytes(374))),
        (From::Server, nrpc::modern_auth(nrpc::TYPE_AUTH_REPLY, &rng.bytes(384))),
    ];
    for sequence in 1..=transactions {
        let (ask, reply) = (usize::from(rng.word16() % 90), usize::from(rng.word16() % 300));
        messages.push((From::Client, nrpc::transaction(nrpc::FUNCTION_WORK, sequence, &rng.bytes(16 + ask))));
        messages.push((From::Server, nrpc::reply(nrpc::FUNCTION_WORK, sequence, 0, &rng.bytes(reply))));
    }
    messages
}

/// Healthy NRPC conversations of about 20 packets on a path that is not quite smooth.
pub(crate) fn notes<W: Write>(traffic: &mut Traffic<W>, bytes: u64) -> io::Result<()> {
    traffic.mix(64, bytes, |traffic| {
        let count = 2 + traffic.rng.word16() % 8;
        let messages = nrpc_messages(&mut traffic.rng, count);
        let mut script = traffic.dial(NRPC);
        script.open();
        say_roughly(traffic, &mut script, &messages);
        script.close();
        script
    })
}

/// Messages of which 10 % are split, 3 % so that the second part comes first, and 2 % are sent again.
fn say_roughly<W: Write>(traffic: &mut Traffic<W>, script: &mut Script, messages: &[(From, Vec<u8>)]) {
    for (from, message) in messages {
        let fate = traffic.below(100);
        let (one, two) = message.split_at(if fate < 10 { message.len() / 2 } else { 0 });
        if !one.is_empty() {
            script.data(*from, one);
        }
        script.data(*from, two);
        match fate {
            0..3 => script.swap_last(),
            10..12 => script.again(*from, two),
            _ => {}
        }
    }
}

/// What fills the link of an office: TLS downloads, QUIC, DNS, and NRPC in one conversation of 50.
pub(crate) fn bulk<W: Write>(traffic: &mut Traffic<W>, bytes: u64) -> io::Result<()> {
    traffic.mix(64, bytes, office)
}

/// [`bulk`] with telephones that register, half of them over TCP: about one registration (three requests) in 400 packets.
pub(crate) fn busy<W: Write>(traffic: &mut Traffic<W>, bytes: u64) -> io::Result<()> {
    let net = Network::new();
    traffic.mix(256, bytes, |traffic| match traffic.below(100) {
        0..18 => udp_phone(traffic, &net),
        18..35 => tcp_phone(traffic, &net),
        _ => office(traffic),
    })
}

fn office<W: Write>(traffic: &mut Traffic<W>) -> Script {
    match traffic.below(50) {
        0 => {
            let messages = nrpc_messages(&mut traffic.rng, 20);
            let mut script = traffic.dial(NRPC);
            script.open();
            script.say(&messages);
            script.close();
            script
        }
        1..25 => download(traffic),
        25..35 => quic(traffic),
        _ => lookup(traffic),
    }
}

fn udp_phone<W: Write>(traffic: &mut Traffic<W>, net: &Network) -> Script {
    let mut script = traffic.dial(5060);
    for (from, message) in registration(net, "UDP") {
        udp(&mut script, from, &message);
    }
    script
}

fn tcp_phone<W: Write>(traffic: &mut Traffic<W>, net: &Network) -> Script {
    let mut script = traffic.dial(5060);
    script.open();
    script.say(&registration(net, "TCP"));
    script.close();
    script
}

/// Conversations of six packets and a protocol that nobody wants, 2000 open at a time.
pub(crate) fn churn<W: Write>(traffic: &mut Traffic<W>, bytes: u64) -> io::Result<()> {
    traffic.mix(2000, bytes, |traffic| {
        let mut script = traffic.dial(8080);
        let (ask, reply) = (traffic.noise(40), traffic.noise(80));
        script.open();
        // The handshake's ACK rides on the request, the FIN of the server on its reply.
        script.frames.pop_back();
        script.data(From::Client, &ask).push(From::Server, 25, 0, &reply);
        script.end(From::Client).ack(From::Server);
        script
    })
}

fn download<W: Write>(traffic: &mut Traffic<W>) -> Script {
    let hello = other::client_hello("www.example.net", &mut traffic.rng);
    let mut script = traffic.dial(443);
    script.open().data(From::Client, &hello).data(From::Server, &server_hello(&traffic.noise(32)));
    for _ in 0..20 + traffic.below(200) {
        let segment = record(23, &traffic.noise(MSS - 5));
        script.data(From::Server, &segment).data(From::Server, &segment).ack(From::Client);
    }
    script.close();
    script
}

/// ServerHello of TLS 1.2 (RFC 5246 section 7.4.1.3) without extensions, and `ChangeCipherSpec`.
fn server_hello(random: &[u8]) -> Vec<u8> {
    let mut hello = vec![2, 0, 0, 38, 3, 3];
    hello.extend_from_slice(random);
    hello.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
    let mut flight = record(22, &hello);
    flight.extend(record(20, &[1]));
    flight
}

/// A TLS record of that type.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    let mut record = vec![kind, 3, 3, high, low];
    record.extend_from_slice(content);
    record
}

fn quic<W: Write>(traffic: &mut Traffic<W>) -> Script {
    let mut script = traffic.dial(443);
    for _ in 0..40 + traffic.below(200) {
        let payload = traffic.noise(1250);
        udp(&mut script, From::Server, &payload);
        if traffic.below(4) == 0 {
            udp(&mut script, From::Client, &payload[..35]);
        }
    }
    script
}

fn lookup<W: Write>(traffic: &mut Traffic<W>) -> Script {
    let mut script = traffic.dial(53);
    let id = traffic.rng.word16();
    let address = [dns::Record::address("www.example.net", "192.0.2.80")];
    udp(&mut script, From::Client, &dns::query(id, "www.example.net", 1));
    udp(&mut script, From::Server, &dns::answer(id, "www.example.net", 1, dns::Rcode::NoError, &address));
    script
}

/// Sign-ons to chat: registrations over UDP and TCP, each refused once with a challenge, and pages asked for with cookies,
/// a login among them.
pub(crate) fn signon<W: Write>(traffic: &mut Traffic<W>, bytes: u64) -> io::Result<()> {
    let net = Network::new();
    traffic.mix(64, bytes, |traffic| match traffic.below(4) {
        0 => udp_phone(traffic, &net),
        1 => tcp_phone(traffic, &net),
        _ => {
            let mut script = traffic.dial(80);
            script.open();
            script.say(&pages(&net));
            script.close();
            script
        }
    })
}

/// A telephone that registers and once renews its registration.
fn registration(net: &Network, transport: &str) -> Vec<(From, Vec<u8>)> {
    let (phone, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    let phone = sip::Phone::new(&phone, 5060, &server, 5060, "ann@example.com").transport(transport);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", "8f3c1d7b5a9e");
    let [second, third] = [(); 2].map(|()| phone.register().credentials(&refusal, "ann", "a password"));
    let [accepted, renewed] = [&second, &third].map(|asked| asked.response(200).contact_of(asked).expires(1800));
    let from_client = [first, second, third].map(|message| (From::Client, message.into()));
    let from_server = [refusal, accepted, renewed].map(|message| (From::Server, message.into()));
    let ([first, second, third], [refusal, accepted, renewed]) = (from_client, from_server);
    vec![first, refusal, second, accepted, third, renewed]
}

/// A login at a form and nine pages behind it.
fn pages(net: &Network) -> Vec<(From, Vec<u8>)> {
    const HOST: &str = "chat.example.com";
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 120 * ltpa::MINUTE);
    let session = format!("{:032x}", u128::from_be_bytes(net.nonce()));
    let browser = |message: http::Message| message.host(HOST).agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64)");
    let login = browser(http::post("/names.nsf?Login").form(&[("Username", "Ann Smith"), ("Password", "a password")]));
    let set = http::cookie("LtpaToken", &token).domain(".example.com").path("/");
    let welcome = http::response(302).date(net.now()).location("/stwebclient/index.jsp").set_cookie(set);
    let mut messages = vec![(From::Client, login.into()), (From::Server, welcome.into())];
    for page in 1..=9 {
        let ask = browser(http::get(&format!("/stwebapi/chat?page={page}")));
        let ask = ask.cookie("LtpaToken", &token).cookie("JSESSIONID", &session).cookie("lang", "en");
        let reply = http::response(200).date(net.now()).json("{\"status\":1,\"message\":\"I am available\"}");
        messages.push((From::Client, ask.into()));
        messages.push((From::Server, reply.into()));
    }
    messages
}

fn udp(script: &mut Script, from: From, payload: &[u8]) {
    let [client, server] = script.ends;
    let (source, destination) = if from == From::Client { (client, server) } else { (server, client) };
    let mut frame = Vec::with_capacity(42 + payload.len());
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4(source.0, destination.0, 64)
        .udp(source.1, destination.1)
        .write(&mut frame, payload)
        .expect("writing to memory");
    script.frames.push_back(frame);
}

/// Captures made to hurt, and what each is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Attack {
    /// SYNs to the NRPC port from ever new clients; the twin: conversations of six packets on that port.
    SynFlood,
    /// NRPC frames of 60 KB in segments of one byte; the twin: each segment is a message.
    OneByte,
    /// Runs of 1000 messages, the last segment first; the twin: in order.
    Reversed,
    /// Conversations that are never closed; the twin: closed ones.
    Endless,
}

impl Attack {
    /// All of them.
    pub(crate) const ALL: [(Self, &str); 4] = [
        (Self::SynFlood, "SYN flood"),
        (Self::OneByte, "one-byte segments"),
        (Self::Reversed, "reversed order"),
        (Self::Endless, "never closed"),
    ];

    /// Writes at least that many packets, of the attack or of its benign twin.
    pub(crate) fn write<W: Write>(self, traffic: &mut Traffic<W>, benign: bool, packets: u64) -> io::Result<()> {
        while traffic.frames < packets {
            let script = match self {
                Self::SynFlood => syns(traffic, benign),
                Self::OneByte => pieces(traffic, benign),
                Self::Reversed => reversed(traffic, benign),
                Self::Endless => unclosed(traffic, benign),
            };
            traffic.script(&script)?;
        }
        Ok(())
    }
}

fn syns<W: Write>(traffic: &mut Traffic<W>, benign: bool) -> Script {
    let mut script = traffic.dial(NRPC);
    if benign {
        script.open().close();
    } else {
        script.syn();
    }
    script
}

fn pieces<W: Write>(traffic: &mut Traffic<W>, benign: bool) -> Script {
    let mut script = traffic.dial(NRPC);
    script.open();
    let (hello, message) = if benign {
        (nrpc::transaction(nrpc::FUNCTION_WORK, 1, &[7; 16]), Vec::new())
    } else {
        (Vec::new(), nrpc::transaction(nrpc::FUNCTION_WORK, 1, &traffic.noise(60_000)))
    };
    for index in 0..60_000 {
        script.data(From::Client, if benign { &hello } else { &message[index..=index] });
    }
    script.close();
    script
}

fn reversed<W: Write>(traffic: &mut Traffic<W>, benign: bool) -> Script {
    let mut script = traffic.dial(NRPC);
    script.open();
    for _ in 0..60 {
        let first = script.frames.len();
        for sequence in 0..1000 {
            script.data(From::Client, &nrpc::transaction(nrpc::FUNCTION_WORK, sequence, &[7; 16]));
        }
        if !benign {
            script.frames.make_contiguous()[first..].reverse();
        }
    }
    script.close();
    script
}

fn unclosed<W: Write>(traffic: &mut Traffic<W>, benign: bool) -> Script {
    let messages = nrpc_messages(&mut traffic.rng, 2);
    let mut script = traffic.dial(NRPC);
    script.open();
    script.say(&messages);
    if benign {
        script.close();
    }
    script
}
