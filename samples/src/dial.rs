//! Opening a TCP connection, or failing to.

use crate::net::{Host, Network};
use crate::tcp::{Conn, End, Segment, Side, Tcp};
use crate::time::{MICROSECOND, SECOND};
use crate::wire::flags;
use crate::world::{HostIndex, World};

/// A connection attempt: settings first, then one of the outcomes [`open`](Dial::open), [`silent`](Dial::silent),
/// [`refused`](Dial::refused), [`rejected`](Dial::rejected), [`half_open`](Dial::half_open) or [`midstream`](Dial::midstream).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before an outcome is named"]
pub struct Dial {
    net: Network,
    client: HostIndex,
    server: HostIndex,
    port: u16,
    client_port: Option<u16>,
    isn: [Option<u32>; 2],
    mss: Option<u16>,
    only: Option<Side>,
    syn_data: Vec<u8>,
}

impl Dial {
    pub(crate) const fn new(net: Network, client: HostIndex, server: HostIndex, port: u16) -> Self {
        Self {
            net,
            client,
            server,
            port,
            client_port: None,
            isn: [None; 2],
            mss: None,
            only: None,
            syn_data: Vec::new(),
        }
    }

    /// The client's port, instead of its next ephemeral one.
    pub const fn client_port(mut self, port: u16) -> Self {
        self.client_port = Some(port);
        self
    }

    /// Initial sequence numbers of client and server.
    pub const fn isn(mut self, client: u32, server: u32) -> Self {
        self.isn = [Some(client), Some(server)];
        self
    }

    /// Sequence numbers that pass 2^32 after about 100 bytes in each direction.
    pub const fn near_wrap(self) -> Self {
        self.isn(u32::MAX - 100, u32::MAX - 90)
    }

    /// The maximum segment size both ends announce (1460 for IPv4, 1440 for IPv6 unless told).
    pub const fn mss(mut self, bytes: u16) -> Self {
        self.mss = Some(bytes);
        self
    }

    /// The capture sees only what this side sends.
    pub const fn only(mut self, side: Side) -> Self {
        self.only = Some(side);
        self
    }

    /// Data in the SYN; the server acknowledges it with its SYN.
    pub fn syn_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.syn_data = bytes.into();
        self
    }

    /// The handshake succeeds: SYN, SYN-ACK, ACK.
    pub fn open(self) -> Tcp {
        let tcp = self.answered();
        tcp.ack(Side::Client);
        tcp
    }

    /// SYN and SYN-ACK.
    fn answered(&self) -> Tcp {
        let tcp = self.start();
        let mut world = tcp.net.world();
        syn(&mut world, tcp.conn, &self.syn_data);
        established(&mut world, tcp.conn, Side::Client);
        established(&mut world, tcp.conn, Side::Server);
        syn_ack(&mut world, tcp.conn);
        drop(world);
        tcp
    }

    /// The connection was open before the capture began.
    pub fn midstream(self) -> Tcp {
        let tcp = self.start();
        let mut world = tcp.net.world();
        established(&mut world, tcp.conn, Side::Client);
        established(&mut world, tcp.conn, Side::Server);
        drop(world);
        tcp
    }

    /// Nothing answers: a SYN now and one after each of these many seconds from now (`&[1, 3, 7]`).
    pub fn silent(self, retries: &[u64]) {
        let tcp = self.start();
        let mut world = tcp.net.world();
        syn(&mut world, tcp.conn, &self.syn_data);
        let first = world.now;
        for seconds in retries {
            world.now = first + seconds * SECOND;
            world.exact = true;
            syn_again(&mut world, tcp.conn, &self.syn_data);
        }
    }

    /// The server answers and the client never hears it: SYN and SYN-ACK now and after each of these many seconds from now.
    pub fn unheard(self, retries: &[u64]) {
        let first = self.net.now();
        let tcp = self.answered();
        let mut world = tcp.net.world();
        for seconds in retries {
            world.now = first + seconds * SECOND;
            world.exact = true;
            let retry = syn_segment(&world, tcp.conn, -1 - self.syn_data.len() as i32, &self.syn_data);
            world.emit(tcp.conn, Side::Client, retry);
            syn_ack(&mut world, tcp.conn);
        }
    }

    /// Nothing listens: each SYN is answered by RST, `tries` times half a second apart, as Windows tries.
    pub fn refused(self, tries: usize) {
        let tcp = self.start();
        for attempt in 0..tries {
            let mut world = tcp.net.world();
            if attempt == 0 {
                syn(&mut world, tcp.conn, &self.syn_data);
                established(&mut world, tcp.conn, Side::Client);
            } else {
                world.now += SECOND / 2;
                world.exact = true;
                let retry = syn_segment(&world, tcp.conn, -1 - self.syn_data.len() as i32, &self.syn_data);
                world.emit(tcp.conn, Side::Client, retry);
            }
            let server = world.conns[tcp.conn].end(Side::Server);
            server.next = 0;
            world.emit(tcp.conn, Side::Server, Segment { window: Some(0), ..Segment::new(flags::RST | flags::ACK) });
        }
    }

    /// A router answers the SYN with ICMP destination unreachable of this code (ICMPv6: RFC 4443 section 3.1).
    pub fn rejected(self, router: &Host, code: u8) {
        let tcp = self.start();
        let mut world = tcp.net.world();
        syn(&mut world, tcp.conn, &self.syn_data);
        let kind = if world.hosts[self.client].ip.is_ipv6() { 1 } else { 3 };
        drop(world);
        tcp.net.icmp_about_last(router.index, self.client, kind, code, [0; 4]);
    }

    /// SYN, SYN-ACK, then RST by the client: the probe of a load balancer that spares the server an open connection.
    pub fn half_open(self) {
        self.answered().segment(Side::Client, Segment { window: Some(0), ..Segment::new(flags::RST) });
    }

    fn start(&self) -> Tcp {
        let mut world = self.net.world();
        let port = self.client_port.unwrap_or_else(|| next_port(&mut world, self.client));
        let ports = [port, self.port];
        let mss = self.mss.unwrap_or(if world.hosts[self.client].ip.is_ipv4() { 1460 } else { 1440 });
        let ends = [Side::Client, Side::Server].map(|side| {
            let host = [self.client, self.server][side as usize];
            let isn = self.isn[side as usize].unwrap_or_else(|| world.rng.word32());
            let visible = self.only.is_none_or(|only| only == side);
            End::new(host, ports[side as usize], isn, world.hosts[host].window, mss, visible)
        });
        let [client, server] = ends;
        world.conns.push(Conn::new(client, server));
        let conn = world.conns.len() - 1;
        if !world.exact {
            world.now += 50 * MICROSECOND;
            world.exact = true;
        }
        drop(world);
        Tcp { net: self.net.clone(), conn, tls: None }
    }
}

/// The host's next ephemeral port.
pub(crate) fn next_port(world: &mut World, host: HostIndex) -> u16 {
    let host = &mut world.hosts[host];
    let port = host.next_port;
    host.next_port = if port == u16::MAX { 49_152 } else { port + 1 };
    port
}

/// The SYN of `side` has used its sequence number and reached the peer.
fn established(world: &mut World, conn: usize, side: Side) {
    let conn = &mut world.conns[conn];
    let end = conn.end(side);
    end.next = end.next.wrapping_add(1);
    let next = end.next;
    conn.end(side.peer()).seen = next;
}

fn syn(world: &mut World, conn: usize, data: &[u8]) {
    syn_again(world, conn, data);
    let client = world.conns[conn].end(Side::Client);
    client.next = client.next.wrapping_add(data.len() as u32);
}

fn syn_again(world: &mut World, conn: usize, data: &[u8]) {
    let segment = syn_segment(world, conn, 0, data);
    world.emit(conn, Side::Client, segment);
}

/// The server's SYN-ACK, after both SYNs have been counted.
fn syn_ack(world: &mut World, conn: usize) {
    let host = world.conns[conn].ends[Side::Server as usize].host;
    let answer = Segment {
        sequence: -1,
        window: Some(world.hosts[host].syn_window),
        options: syn_options(world, conn, Side::Server),
        ..Segment::new(flags::SYN | flags::ACK)
    };
    world.emit(conn, Side::Server, answer);
}

fn syn_segment(world: &World, conn: usize, sequence: i32, data: &[u8]) -> Segment {
    let host = world.conns[conn].ends[Side::Client as usize].host;
    Segment {
        sequence,
        payload: data.to_vec(),
        window: Some(world.hosts[host].syn_window),
        options: syn_options(world, conn, Side::Client),
        ..Segment::new(flags::SYN)
    }
}

/// MSS, NOP, window scale, NOP, NOP, SACK permitted: the order Windows sends.
fn syn_options(world: &World, conn: usize, side: Side) -> Vec<u8> {
    let end = &world.conns[conn].ends[side as usize];
    let [high, low] = end.mss.to_be_bytes();
    vec![2, 4, high, low, 1, 3, 3, world.hosts[end.host].window_scale, 1, 1, 4, 2]
}
