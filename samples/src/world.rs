//! What a network remembers: hosts, connections, the events so far; and how events become frames.

use std::net::IpAddr;
use std::ops::Range;

use crate::file::Frame;
use crate::link::{Link, LinkFields};
use crate::net::IpId;
use crate::rng::SplitMix64;
use crate::time::{MILLISECOND, START};
use crate::vary::{Variation, Varying};
use crate::wire::{self, Checksums, IpFields, TcpFields};

pub(crate) type HostIndex = usize;
pub(crate) type EventIndex = usize;

/// How long a receiver waits for something to send before it acknowledges alone.
pub(crate) const DELAYED_ACK: u64 = 40 * MILLISECOND;

#[derive(Debug, Clone)]
pub(crate) struct HostState {
    pub ip: IpAddr,
    pub mac: [u8; 6],
    /// Destination address of frames towards it, if not its own.
    pub answered_via: Option<[u8; 6]>,
    pub ttl: u8,
    pub ip_id: IpId,
    pub next_ip_id: u16,
    /// One-way time between this host and the capture point, in ns.
    pub distance: u64,
    /// How far this host's clock is ahead of the capture's, in ns.
    pub clock_ahead: i64,
    pub license: [u8; 5],
    /// Creation and end of its user's certificate, in ns since 1970.
    pub certificate: (u64, u64),
    /// Routers between it and the capture point beyond those its TTL tells of.
    pub hops: u8,
    pub offload: bool,
    pub captures_here: bool,
    pub next_port: u16,
    /// Receive window in bytes as offered in the SYN.
    pub syn_window: u16,
    /// Receive window afterwards, before scaling.
    pub window: u16,
    pub window_scale: u8,
}

impl HostState {
    /// A packet that arrives here is answered this much later, as seen from the capture point.
    pub(crate) fn turnaround(&self) -> u64 {
        2 * self.distance + 40_000
    }
}

/// Where the IPv4 identification of a packet comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IdRule {
    Own,
    Fixed(u16),
    SameAs(EventIndex),
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Tcp(TcpFields, Vec<u8>),
    Udp { source_port: u16, destination_port: u16, payload: Vec<u8> },
    Icmp { kind: u8, code: u8, rest: [u8; 4], about: EventIndex },
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub at: u64,
    pub from: HostIndex,
    pub to: HostIndex,
    pub body: Body,
    pub ttl: Option<u8>,
    pub id: IdRule,
    /// Only these bytes of what IP carries, as a fragment.
    pub part: Option<Range<usize>>,
    pub note: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub now: u64,
    /// When the story begins.
    pub start: u64,
    /// The next packet goes out at `now`, not a turnaround later.
    pub exact: bool,
    pub hosts: Vec<HostState>,
    pub conns: Vec<crate::tcp::Conn>,
    pub events: Vec<Event>,
    pub rng: SplitMix64,
    pub span_delay: Option<u64>,
    pub vary: Option<Varying>,
    /// Lines of a key log: the secrets of TLS connections.
    pub secrets: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: START,
            start: START,
            exact: true,
            hosts: Vec::new(),
            conns: Vec::new(),
            events: Vec::new(),
            rng: SplitMix64::new(seed),
            span_delay: None,
            vary: None,
            secrets: Vec::new(),
        }
    }

    /// One in which this differs from the story as it is told.
    pub(crate) fn varied(seed: u64, variation: &Variation) -> Self {
        let vary = Varying::new(variation, seed);
        let start = vary.start();
        let world = Self::new(seed ^ variation.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { now: start, start, vary: Some(vary), ..world }
    }

    pub(crate) fn push(&mut self, event: Event) -> EventIndex {
        self.events.push(event);
        self.events.len() - 1
    }

    /// All frames in order of time.
    pub(crate) fn frames(mut self, link: Link) -> Vec<Frame> {
        for conn in 0..self.conns.len() {
            self.flush_acks(conn, u64::MAX);
        }
        self.jitter();
        self.mirror_twice();
        let order = self.order();
        let mut packets: Vec<(u16, Vec<u8>)> = vec![(0, Vec::new()); self.events.len()];
        for &index in &order {
            packets[index] = self.packet(index, &packets);
        }
        order.iter().map(|&index| self.frame(index, link, &packets[index].1)).collect()
    }

    fn order(&self) -> Vec<EventIndex> {
        let mut order: Vec<EventIndex> = (0..self.events.len()).collect();
        order.sort_by_key(|&index| self.events[index].at);
        order
    }

    fn jitter(&mut self) {
        let order = self.order();
        let Some(vary) = &mut self.vary else { return };
        let mut times: Vec<u64> = order.iter().map(|&index| self.events[index].at).collect();
        vary.jitter(&mut times);
        for (index, at) in order.into_iter().zip(times) {
            self.events[index].at = at;
        }
    }

    fn mirror_twice(&mut self) {
        let Some(delay) = self.span_delay else { return };
        for index in 0..self.events.len() {
            let original = &self.events[index];
            let copy = Event { at: original.at + delay, id: IdRule::SameAs(index), ..original.clone() };
            self.events.push(copy);
        }
    }

    /// The identification and the bytes of one IP packet; `done` holds the packets before it.
    fn packet(&mut self, index: EventIndex, done: &[(u16, Vec<u8>)]) -> (u16, Vec<u8>) {
        let event = self.events[index].clone();
        let id = match event.id {
            IdRule::Own => self.own_ip_id(event.from),
            IdRule::Fixed(id) => id,
            IdRule::SameAs(other) => done[other].0,
        };
        let (from, to) = (&self.hosts[event.from], &self.hosts[event.to]);
        let ip = IpFields {
            source: from.ip,
            destination: to.ip,
            protocol: protocol(&event.body, from.ip),
            ttl: event.ttl.unwrap_or(from.ttl - from.hops),
            id,
            checksums: if from.offload { Checksums::Offloaded } else { Checksums::Right },
        };
        let body = match &event.body {
            Body::Tcp(tcp, payload) => wire::tcp_segment(&ip, tcp, payload),
            Body::Udp { source_port, destination_port, payload } => {
                wire::udp_datagram(&ip, *source_port, *destination_port, payload)
            }
            Body::Icmp { kind, code, rest, about } => {
                wire::icmp_error(&ip, *kind, *code, *rest, quote(&done[*about].1, from.ip))
            }
        };
        match event.part {
            Some(part) => (id, wire::ip_fragment(&ip, &body, part.start..part.end.min(body.len()))),
            None => (id, wire::ip_packet(&ip, &body)),
        }
    }

    fn own_ip_id(&mut self, host: HostIndex) -> u16 {
        let drawn = self.rng.word16();
        let host = &mut self.hosts[host];
        match host.ip_id {
            IpId::Zero => 0,
            IpId::Random => drawn,
            IpId::Counter => {
                host.next_ip_id = host.next_ip_id.wrapping_add(1);
                host.next_ip_id
            }
        }
    }

    fn frame(&self, index: EventIndex, link: Link, packet: &[u8]) -> Frame {
        let event = &self.events[index];
        let (from, to) = (&self.hosts[event.from], &self.hosts[event.to]);
        let mac = |mac| self.vary.as_ref().map_or(mac, |vary| vary.mac(mac));
        let fields = LinkFields {
            source: mac(from.mac),
            destination: mac(to.answered_via.unwrap_or(to.mac)),
            ipv6: from.ip.is_ipv6(),
            outgoing: from.captures_here,
        };
        Frame { at: event.at, bytes: link.frame(&fields, packet), note: event.note.clone() }
    }
}

fn protocol(body: &Body, source: IpAddr) -> u8 {
    match body {
        Body::Tcp(..) => wire::TCP,
        Body::Udp { .. } => wire::UDP,
        Body::Icmp { .. } if source.is_ipv4() => wire::ICMP,
        Body::Icmp { .. } => wire::ICMPV6,
    }
}

/// What an ICMP error repeats of a packet: the header and 8 bytes (RFC 792), or as much as fits 1280 (RFC 4443 section 3.1).
fn quote(packet: &[u8], source: IpAddr) -> &[u8] {
    let most = if source.is_ipv4() { 28 } else { 1280 - 48 };
    &packet[..packet.len().min(most)]
}
