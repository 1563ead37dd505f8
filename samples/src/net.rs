//! The network of a story: its clock, its hosts, and how it is written down.

use std::cell::{RefCell, RefMut};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::dial::Dial;
use crate::file::Format;
use crate::rng::SplitMix64;
use crate::tcp::Tcp;
use crate::time::{MICROSECOND, MILLISECOND, SECOND};
use crate::vary::{CERTIFICATE, Variation};
use crate::world::{Body, Event, HostIndex, HostState, IdRule, World};

/// How a host numbers its IPv4 packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpId {
    /// One more for each packet, as Windows does.
    Counter,
    /// Unpredictable.
    Random,
    /// Always zero.
    Zero,
}

/// A simulated network with one capture point and one clock.
///
/// Every call that sends something does so at the clock's present time and moves it on by a plausible amount; [`Network::wait`]
/// and [`Network::at`] set the time of the next packet exactly. Conversations are interleaved by interleaving the calls, or by going
/// back in time with [`Network::at`]: frames are sorted by time when the capture is written.
///
/// Handles are cheap to clone and share the network.
#[derive(Debug, Clone)]
pub struct Network(Rc<RefCell<World>>);

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Network {
    /// An empty network at [`START`](crate::time::START).
    pub fn new() -> Self {
        Self::seeded(0x1352)
    }

    /// An empty network whose nonces, sequence numbers and ports differ from those of another seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(World::new(seed))))
    }

    /// An empty network of this seed in which these things differ from the stories that are told in it.
    pub fn varied(seed: u64, variation: &Variation) -> Self {
        Self(Rc::new(RefCell::new(World::varied(seed, variation))))
    }

    /// The host with this IPv4 or IPv6 address; asked for twice, it is the same host. A varied network may give it another
    /// address: see [`Network::address`].
    ///
    /// It begins as a Windows machine 0.1 ms from the capture point: see [`Host`] for what can be changed.
    pub fn host(&self, ip: &str) -> Host {
        let ip = self.ip(ip);
        let mut world = self.world();
        let known = world.hosts.iter().position(|host| host.ip == ip);
        let index = known.unwrap_or_else(|| add_host(&mut world, ip));
        drop(world);
        Host::of(self, index)
    }

    /// Opens a TCP connection, from SYN to ACK.
    pub fn connect(&self, client: &Host, server: &Host, port: u16) -> Tcp {
        self.dial(client, server, port).open()
    }

    /// A TCP connection attempt with options or an outcome of its own.
    pub fn dial(&self, client: &Host, server: &Host, port: u16) -> Dial {
        Dial::new(self.clone(), client.index, server.index, port)
    }

    /// Sends one UDP datagram.
    pub fn udp(&self, from: &Host, source_port: u16, to: &Host, destination_port: u16, payload: impl Into<Vec<u8>>) {
        let body = Body::Udp { source_port, destination_port, payload: payload.into() };
        self.packet(from.index, to.index, body);
    }

    /// Sends an ICMP error (type and code of the router's IP version) about the packet sent last, with the four bytes that follow the checksum.
    pub fn icmp(&self, router: &Host, to: &Host, kind: u8, code: u8, rest: [u8; 4]) {
        self.icmp_about_last(router.index, to.index, kind, code, rest);
    }

    pub(crate) fn icmp_about_last(&self, router: HostIndex, to: HostIndex, kind: u8, code: u8, rest: [u8; 4]) {
        let about = self.world().events.len() - 1;
        self.packet(router, to, Body::Icmp { kind, code, rest, about });
    }

    fn packet(&self, from: HostIndex, to: HostIndex, body: Body) {
        let mut world = self.world();
        let pause = if world.exact { 0 } else { world.hosts[from].turnaround() };
        world.now += pause;
        world.exact = false;
        let at = world.now;
        world.push(Event { at, from, to, body, ttl: None, id: IdRule::Own, part: None, note: None });
    }

    /// The next packet goes out `ms` milliseconds after the last.
    pub fn wait(&self, ms: u64) -> &Self {
        self.wait_ns(ms * MILLISECOND)
    }

    /// The next packet goes out `us` microseconds after the last.
    pub fn wait_us(&self, us: u64) -> &Self {
        self.wait_ns(us * MICROSECOND)
    }

    /// The next packet goes out `seconds` after the last.
    pub fn wait_secs(&self, seconds: u64) -> &Self {
        self.wait_ns(seconds * SECOND)
    }

    fn wait_ns(&self, ns: u64) -> &Self {
        let mut world = self.world();
        world.now += ns;
        world.exact = true;
        drop(world);
        self
    }

    /// The next packet goes out `ms` milliseconds after the start of the story; this may be in the past.
    pub fn at(&self, ms: u64) -> &Self {
        let mut world = self.world();
        world.now = world.start + ms * MILLISECOND;
        world.exact = true;
        drop(world);
        self
    }

    /// The clock: nanoseconds since 1970-01-01T00:00:00Z.
    pub fn now(&self) -> u64 {
        self.world().now
    }

    /// Milliseconds since the start of the story, rounded down: the counterpart of [`Network::at`].
    pub fn elapsed(&self) -> u64 {
        (self.now() - self.world().start) / MILLISECOND
    }

    /// When the TCP segments and datagrams passed the capture point whose payload is such a one: nanoseconds since 1970, in order.
    pub fn sent(&self, such: impl Fn(&[u8]) -> bool) -> Vec<u64> {
        let world = self.world();
        let payloads = world.events.iter().filter_map(|event| match &event.body {
            Body::Tcp(_, payload) | Body::Udp { payload, .. } => Some((event.at, payload)),
            Body::Icmp { .. } => None,
        });
        let mut times: Vec<u64> = payloads.filter(|(_, payload)| such(payload)).map(|(at, _)| at).collect();
        times.sort_unstable();
        times
    }

    /// The address in this network of the host that a story calls `ip`, for texts that mention it.
    pub fn address(&self, ip: &str) -> String {
        self.ip(ip).to_string()
    }

    /// That address with a port, as URIs write it.
    pub fn place(&self, ip: &str, port: u16) -> String {
        SocketAddr::new(self.ip(ip), port).to_string()
    }

    fn ip(&self, ip: &str) -> IpAddr {
        let ip = ip.parse().unwrap_or_else(|_| panic!("not an IP address: {ip}"));
        self.moved(ip)
    }

    /// The address in this network of the host that a story gives this one.
    pub(crate) fn moved(&self, ip: IpAddr) -> IpAddr {
        self.world().vary.as_ref().map_or(ip, |vary| vary.address(ip))
    }

    /// True if this network has moved from IPv4 to IPv6.
    pub(crate) fn in_ipv6(&self) -> bool {
        self.world().vary.as_ref().is_some_and(|vary| vary.variation.ipv6)
    }

    /// True if browsers speak TLS to every server of this network.
    pub(crate) fn is_inside_tls(&self) -> bool {
        self.world().vary.as_ref().is_some_and(|vary| vary.variation.inside_tls)
    }

    /// An identifier that a story makes up; a varied network makes up another of the same shape.
    pub fn made_up(&self, text: &str) -> String {
        self.world().vary.as_mut().map_or_else(|| text.to_owned(), |vary| vary.made_up(text))
    }

    /// Those who act independently of each other, in the order of the story, or in another if the network is varied.
    pub fn any_order<T, const N: usize>(&self, mut actors: [T; N]) -> [T; N] {
        if let Some(vary) = self.world().vary.as_mut().filter(|vary| vary.variation.order) {
            (1..N).rev().for_each(|last| actors.swap(last, vary.rng.below(last as u64 + 1) as usize));
        }
        actors
    }

    /// The public key of a Sametime server.
    pub(crate) fn public_key(&self) -> [u8; 64] {
        let seed = self.variation_seed();
        if seed == 0 { [0x47; 64] } else { SplitMix64::new(seed).array() }
    }

    /// A generator for what a story draws by a seed of its own.
    pub fn generator(&self, seed: u64) -> SplitMix64 {
        SplitMix64::new(seed ^ self.variation_seed())
    }

    /// The seed of what is varied here; 0: nothing that is drawn by chance.
    fn variation_seed(&self) -> u64 {
        self.world().vary.as_ref().map_or(0, |vary| vary.variation.seed)
    }

    /// Bytes that look random and are the same every time.
    pub fn random(&self, len: usize) -> Vec<u8> {
        self.world().rng.bytes(len)
    }

    /// A random array, see [`Network::random`].
    pub fn nonce<const N: usize>(&self) -> [u8; N] {
        self.world().rng.array()
    }

    /// A comment on the packet sent last; only pcapng keeps it.
    pub fn note(&self, text: &str) -> &Self {
        if let Some(event) = self.world().events.last_mut() {
            event.note = Some(text.to_owned());
        }
        self
    }

    /// Every packet is captured twice, the second time `us` microseconds later, as a mirror port of both directions does.
    pub fn span_duplicates(&self, us: u64) -> &Self {
        self.world().span_delay = Some(us * MICROSECOND);
        self
    }

    /// How many frames a capture written now would hold.
    pub fn frame_count(&self) -> usize {
        self.world().clone().frames(crate::Link::RawIp).len()
    }

    /// The secrets of all TLS connections so far, as programs write them into the file that `SSLKEYLOGFILE` names.
    pub fn key_log(&self) -> String {
        self.world().secrets.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// The capture file. Writing does not change the network: more may follow, and writing twice gives the same bytes.
    pub fn write(&self, format: &Format) -> Vec<u8> {
        let world = self.world().clone();
        let secrets = world.secrets.clone();
        format.write(&world.frames(format.link_layer()), &secrets)
    }

    /// Classic pcap, microseconds, Ethernet.
    pub fn to_pcap(&self) -> Vec<u8> {
        self.write(&Format::pcap())
    }

    /// pcapng, nanoseconds, Ethernet.
    pub fn to_pcapng(&self) -> Vec<u8> {
        self.write(&Format::pcapng())
    }

    pub(crate) fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }
}

fn add_host(world: &mut World, ip: IpAddr) -> HostIndex {
    let index = world.hosts.len();
    let random = world.rng.word();
    let distance = round_trip(world, 100 * MICROSECOND);
    let (hops, certificate) = world.vary.as_mut().map_or((0, CERTIFICATE), |vary| (vary.hops(), vary.certificate()));
    world.hosts.push(HostState {
        ip,
        mac: [0x02, 0x00, 0x00, 0x00, 0x10, index as u8 + 1],
        answered_via: None,
        ttl: 128,
        ip_id: IpId::Counter,
        next_ip_id: random as u16,
        distance,
        clock_ahead: 0,
        license: world.rng.array(),
        certificate,
        hops,
        offload: false,
        captures_here: false,
        next_port: 49_152 + ((random >> 16) as u16 & 0x0fff),
        syn_window: 64_240,
        window: 1026,
        window_scale: 8,
    });
    index
}

/// What becomes of a time that packets need.
fn round_trip(world: &World, time: u64) -> u64 {
    world.vary.as_ref().map_or(time, |vary| time * vary.variation.rtt / 100)
}

/// A host of a [`Network`]. Each setting returns the host, so that settings chain after [`Network::host`].
#[derive(Debug, Clone)]
pub struct Host {
    net: Network,
    pub(crate) index: HostIndex,
}

impl Host {
    pub(crate) fn of(net: &Network, index: HostIndex) -> Self {
        Self { net: net.clone(), index }
    }

    fn set(self, change: impl FnOnce(&mut HostState)) -> Self {
        change(&mut self.net.world().hosts[self.index]);
        self
    }

    /// TTL or hop limit of its packets at the capture point (128 unless told).
    #[must_use]
    pub fn ttl(self, ttl: u8) -> Self {
        self.set(|host| host.ttl = ttl)
    }

    /// Its hardware address.
    #[must_use]
    pub fn mac(self, mac: [u8; 6]) -> Self {
        self.set(|host| host.mac = mac)
    }

    /// Frames towards it carry this hardware address instead of its own: they leave through another router.
    #[must_use]
    pub fn answered_via(self, mac: [u8; 6]) -> Self {
        self.set(|host| host.answered_via = Some(mac))
    }

    /// How it numbers its IPv4 packets.
    #[must_use]
    pub fn ip_id(self, style: IpId) -> Self {
        self.set(|host| host.ip_id = style)
    }

    /// A Linux machine: TTL 64, its window and scale.
    #[must_use]
    pub fn linux(self) -> Self {
        self.set(|host| {
            host.ttl = 64;
            host.window = 502;
            host.window_scale = 7;
        })
    }

    /// One-way time to the capture point in microseconds.
    #[must_use]
    pub fn distance_us(self, us: u64) -> Self {
        let distance = round_trip(&self.net.world(), us * MICROSECOND);
        self.set(|host| host.distance = distance)
    }

    /// One-way time to the capture point in milliseconds.
    #[must_use]
    pub fn distance_ms(self, ms: u64) -> Self {
        self.distance_us(ms * 1_000)
    }

    /// The capture is taken on this machine.
    #[must_use]
    pub fn captures_here(self) -> Self {
        self.set(|host| {
            host.captures_here = true;
            host.distance = 2 * MICROSECOND;
            host.hops = 0;
        })
    }

    /// Its checksums are left to the network card: wrong in a capture taken on this machine.
    #[must_use]
    pub fn offloads_checksums(self) -> Self {
        self.set(|host| host.offload = true)
    }

    /// Its clock is `seconds` ahead of the capture's (behind, if negative).
    #[must_use]
    pub fn clock_ahead(self, seconds: i64) -> Self {
        self.set(|host| host.clock_ahead = seconds * 1_000_000_000)
    }

    /// The next client port it uses; another one in a varied network.
    #[must_use]
    pub fn next_port(self, port: u16) -> Self {
        let shift = self.net.variation_seed() % 3_000;
        self.set(|host| host.next_port = port - shift as u16)
    }

    /// Creation and end of its user's certificate: nanoseconds since 1970.
    pub fn certificate(&self) -> (u64, u64) {
        self.net.world().hosts[self.index].certificate
    }

    /// Its own clock: nanoseconds since 1970.
    pub fn clock(&self) -> u64 {
        let world = self.net.world();
        world.now.saturating_add_signed(world.hosts[self.index].clock_ahead)
    }

    /// The five identifying bytes of its LICENSEID.
    pub fn license(&self) -> [u8; 5] {
        self.net.world().hosts[self.index].license
    }

    /// The network it belongs to.
    pub fn network(&self) -> Network {
        self.net.clone()
    }

    /// Its address.
    pub fn ip(&self) -> IpAddr {
        self.net.world().hosts[self.index].ip
    }
}
