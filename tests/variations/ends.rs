//! Who ended a session: a host, or a device on the path in its name, by FIN and by RST.

use super::Row;
use nrpcsniff_samples::{Network, Segment, Side, Tcp, flags};

const NAME: &str = "CN=Mail01/O=Acme";
const TOGETHER: Option<&str> = Some("tcp-reset-together");
const CLOSED: Option<&str> = Some("nrpc-accept-then-close");

pub(crate) const ROWS: &[Row] = &[
    ("the server ends it at the request", |net| at_the_request(net, 1352, None, flags::FIN), CLOSED),
    ("a device ends it at the request", |net| at_the_request(net, 1352, Some(201), flags::FIN), CLOSED),
    ("a device ends it at the request, another port", |net| at_the_request(net, 13_520, Some(201), flags::FIN), CLOSED),
    ("a device resets it at the request", |net| at_the_request(net, 1352, Some(201), flags::RST), CLOSED),
    ("a device ends a session that has done its work", worked, None),
    ("a reset of a device that nobody takes", not_taken, None),
    ("a device resets all sessions", |net| together(net, 5, Some(201), false), TOGETHER),
    ("a device resets all sessions, and they come back", |net| together(net, 5, Some(201), true), TOGETHER),
    ("the server resets all sessions", |net| together(net, 3, None, false), TOGETHER),
    ("two sessions are reset", |net| together(net, 2, Some(201), true), None),
];

fn dial(net: &Network, client: u8, port: u16) -> Tcp {
    net.connect(&net.host(&format!("10.1.0.{client}")), &net.host("10.1.0.9").linux(), port)
}

/// In the server's name, with so many hops left.
fn ends(tcp: &Tcp, ttl: Option<u8>, flag: u8) {
    tcp.segment(Side::Server, Segment { ttl, ..Segment::new(flag | flags::ACK) });
}

fn at_the_request(net: &Network, port: u16, ttl: Option<u8>, flag: u8) {
    for client in [50, 51] {
        let tcp = dial(net, client, port);
        tcp.request(NAME).ack(Side::Server).wait(1);
        ends(&tcp, ttl, flag);
        if flag == flags::FIN {
            tcp.wait(1).segment(Side::Client, Segment { acknowledgment: 1, ..Segment::new(flags::FIN | flags::ACK) });
        }
        net.wait_secs(3);
    }
}

fn worked(net: &Network) {
    let tcp = dial(net, 50, 1352);
    tcp.works(NAME, 4).wait_secs(2);
    ends(&tcp, Some(201), flags::FIN);
    tcp.client_fin();
}

fn together(net: &Network, sessions: u8, ttl: Option<u8>, come_back: bool) {
    let open: Vec<Tcp> = (50..50 + sessions).map(|client| dial(net, client, 1352)).collect();
    for tcp in &open {
        tcp.works(NAME, 3).wait(20);
    }
    net.at(20_000);
    for tcp in &open {
        ends(tcp, ttl, flags::RST);
    }
    net.at(30_000);
    if come_back {
        for client in 50..50 + sessions {
            dial(net, client, 1352).works(NAME, 3).wait_secs(1).client_fin();
        }
    }
}

fn not_taken(net: &Network) {
    let tcp = dial(net, 50, 1352);
    tcp.works(NAME, 2).wait(20);
    tcp.segment(Side::Server, Segment { sequence: 700, ttl: Some(201), ..Segment::new(flags::RST) }).ack(Side::Client);
    tcp.transactions(2).wait_secs(1).client_fin();
}
