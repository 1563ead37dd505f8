//! Names and connections: dual stack, tunnels and forwarders, scanners and probes, filters and queues.

use super::Row;
use nrpcsniff_samples::dns::{A, AAAA, Rcode, Record};
use nrpcsniff_samples::sip::Phone;
use nrpcsniff_samples::{Network, Segment, Side, flags};

const MAIL: &str = "CN=Mail01/OU=Servers/O=Acme";
const NAME: &str = "mail01.branch.acme.example";
const FAULT: Option<&str> = Some("nrpc-dns-failure");

/// DNS has no address for a name.
pub(crate) const NAMES: &[Row] = &[
    (
        "asked over IPv6, called over IPv4",
        |net| asked_and_called(net, "2001:db8::20", "10.1.0.20", "10.2.0.9", 1352),
        None,
    ),
    (
        "asked over IPv4, called over IPv6",
        |net| asked_and_called(net, "10.1.0.20", "2001:db8::20", "2001:db8::9", 1352),
        None,
    ),
    (
        "asked and called, another port",
        |net| asked_and_called(net, "2001:db8::20", "10.1.0.20", "10.2.0.9", 13_520),
        None,
    ),
    ("asked while the session goes on", asked_later, None),
    ("nobody calls", |net| nobody_calls(net, "10.1.0.20", "10.2.0.9", 1352), FAULT),
    ("nobody calls, another port", |net| nobody_calls(net, "10.1.0.20", "10.2.0.9", 13_520), FAULT),
    ("nobody calls, no answer to any question", unanswered, FAULT),
    ("a tunnel knows nothing, the other way does", tunnel, None),
    ("a forwarder asks a second server", forwarder, None),
    ("names that nobody signs on at", strangers, None),
    ("no sign-on at all", |net| asks(net, "10.1.0.20", "hub7.acme.example"), None),
];

/// Whoever only looks for open ports, floods, or checks health.
pub(crate) const NOISE: &[Row] = &[
    ("a scan of few ports", |net| scan(net, &[8080, 443, 80, 22, 5060, 1533, 1352], &["10.2.0.20", "10.2.0.21"]), None),
    ("a scan of one host", |net| scan(net, &[389, 1352, 1516, 1533, 5061, 8443], &["10.2.0.9"]), None),
    ("a scan for one port, from one port", |net| scan(net, &[1352], &["10.2.0.9", "10.2.0.10", "10.2.0.11"]), None),
    ("two ports that a user needs are closed", |net| closed(net, &[1352, 1533]), Some("nrpc-syn-refused")),
    (
        "a scanner beside a user",
        |net| {
            scan(net, &[8080, 443, 80, 22, 5060, 1533], &["10.2.0.9"]);
            closed(net, &[1352]);
        },
        Some("nrpc-syn-refused"),
    ),
    ("a flood", |net| flood(net, &[]), None),
    ("a server that is down", |net| flood(net, &[1, 3]), Some("nrpc-syn-silent")),
    ("a health check of which the capture lacks a frame", |net| checks(net, 1352), None),
    ("the same on the port of Sametime", |net| checks(net, 1533), None),
    ("a telephone scanner", |net| telephone(net, "friendly-scanner"), None),
    ("a scanner of another name", |net| telephone(net, "sipvicious"), None),
    ("a telephone that is forbidden", |net| telephone(net, "Yealink SIP-T46S"), Some("sip-403")),
];

/// Why a port refuses.
pub(crate) const REFUSED: &[Row] = &[
    ("a filter one hop in front", |net| filter(net, 63, 64), Some("nrpc-syn-refused")),
    ("a filter far away", |net| filter(net, 64, 250), Some("nrpc-syn-refused")),
    ("every second attempt", every_second, Some("nrpc-syn-refused")),
    ("nothing listens", |net| closed(net, &[1352]), Some("nrpc-syn-refused")),
    ("nothing listens on the port of Sametime", |net| closed(net, &[1533]), Some("st-port-blocked")),
    ("nobody is refused", |net| works(net, "10.1.0.20", "10.2.0.9", 1352), None),
];

/// Every suffix and family is refused.
fn asks(net: &Network, client: &str, name: &str) {
    let resolver = if client.contains(':') { "2001:db8::2" } else { "10.1.0.2" };
    let label = name.split('.').next().unwrap_or(name);
    for (name, kind) in [(name, AAAA), (label, AAAA), (name, A), (label, A)] {
        net.resolve_fails(&net.host(client), &net.host(resolver), name, kind, Rcode::Refused).wait(2);
    }
}

fn works(net: &Network, client: &str, server: &str, port: u16) {
    net.connect(&net.host(client), &net.host(server), port).works(MAIL, 4).wait_secs(1).client_fin();
}

fn asked_and_called(net: &Network, asker: &str, client: &str, server: &str, port: u16) {
    asks(net, asker, NAME);
    net.wait(200);
    works(net, client, server, port);
}

fn asked_later(net: &Network) {
    let tcp = net.connect(&net.host("10.1.0.20"), &net.host("10.2.0.9"), 1352);
    tcp.works(MAIL, 4);
    asks(net, "10.1.0.20", NAME);
    tcp.transactions(2).client_fin();
}

/// Somebody else's session says that the name is a server's.
fn nobody_calls(net: &Network, client: &str, server: &str, port: u16) {
    let other = if server.contains(':') { "2001:db8::77" } else { "10.1.0.77" };
    works(net, other, server, port);
    net.wait_secs(60);
    asks(net, client, NAME);
}

/// The capture goes on.
fn goes_on(net: &Network) {
    net.wait_secs(15);
    net.udp(&net.host("10.99.0.1"), 9999, &net.host("10.99.0.2"), 9999, [0; 4]);
}

fn unanswered(net: &Network) {
    works(net, "10.1.0.77", "10.2.0.9", 1352);
    net.wait_secs(60);
    net.resolve_unanswered(&net.host("10.1.0.20"), &net.host("10.1.0.2"), NAME, A, &[1, 3]);
    goes_on(net);
}

/// Both ways are asked at once; the one that knows is used.
fn tunnel(net: &Network) {
    let (inside, outside) = (net.host("10.8.0.23"), net.host("192.168.1.23"));
    net.resolve_fails(&outside, &net.host("192.168.1.1"), NAME, A, Rcode::NxDomain).wait(3);
    net.resolve(&inside, &net.host("10.1.0.2"), NAME, A, &[Record::address(NAME, "10.2.0.9")]).wait(3);
    works(net, "10.8.0.23", "10.2.0.9", 1352);
}

fn forwarder(net: &Network) {
    let (client, forwarder) = (net.host("10.1.0.20"), net.host("10.1.0.2"));
    net.resolve_fails(&forwarder, &net.host("192.0.2.53"), NAME, A, Rcode::ServFail).wait(3);
    net.resolve(&client, &forwarder, NAME, A, &[Record::address(NAME, "10.2.0.9")]).wait(3);
    works(net, "10.1.0.20", "10.2.0.9", 1352);
}

fn strangers(net: &Network) {
    works(net, "10.1.0.20", "10.2.0.9", 1352);
    for name in ["telemetry.vendor.test", "update.vendor.test", "mail01.vendor.test"] {
        asks(net, "10.1.0.60", name);
    }
    net.resolve(&net.host("10.1.0.77"), &net.host("10.1.0.2"), NAME, A, &[Record::address(NAME, "10.2.0.9")]);
}

/// From one port of its own, as programs do that make their packets themselves.
fn scan(net: &Network, ports: &[u16], servers: &[&str]) {
    let scanner = net.host("10.1.0.5");
    for &port in ports {
        for server in servers {
            let dial = net.dial(&scanner, &net.host(server), port).client_port(33_527);
            if port == 8080 { dial.half_open() } else { dial.refused(1) }
        }
    }
}

fn closed(net: &Network, ports: &[u16]) {
    for &port in ports {
        net.dial(&net.host("10.1.0.20"), &net.host("10.2.0.9"), port).refused(3);
    }
}

fn flood(net: &Network, retries: &[u64]) {
    for n in 1..=80 {
        net.at(n * 10);
        net.dial(&net.host(&format!("10.9.0.{n}")), &net.host("10.2.0.9"), 1352).silent(retries);
    }
    goes_on(net);
}

/// One of the monitor's FINs was not captured.
fn checks(net: &Network, port: u16) {
    for n in 0..8 {
        net.at(n * 5000);
        let probe = net.connect(&net.host("10.1.0.4"), &net.host("10.2.0.9"), port);
        if n == 5 {
            probe.skip(Side::Client, 1).ack(Side::Server).wait_us(200).server_fin();
        } else {
            probe.wait_us(200).client_fin();
        }
    }
}

fn telephone(net: &Network, program: &str) {
    for user in ["100", "101", "102"] {
        let (client, server) = (net.host("10.1.0.66"), net.host("10.1.0.9"));
        let phone = Phone::new(&client, 5060, &server, 5060, &format!("{user}@example.com")).agent(program);
        let request = phone.register();
        phone.sends(&request).hears(request.response(403));
        net.wait_secs(1);
    }
}

/// The server is so far away, the filter so near.
fn filter(net: &Network, server: u8, filter: u8) {
    let host = net.host("10.2.0.9").linux().ttl(server);
    net.connect(&net.host("10.1.0.21"), &host, 1352).works(MAIL, 2).client_fin();
    let tcp = net.dial(&net.host("10.1.0.20"), &host, 1352).midstream();
    tcp.segment(Side::Client, Segment { sequence: -1, ..Segment::new(flags::SYN) });
    tcp.segment(Side::Server, Segment { ttl: Some(filter), ..Segment::new(flags::RST | flags::ACK) });
}

fn every_second(net: &Network) {
    for n in 20..26 {
        works(net, &format!("10.1.0.{n}"), "10.2.0.9", 1352);
        net.dial(&net.host(&format!("10.1.0.{}", n + 1)), &net.host("10.2.0.9"), 1352).refused(1);
    }
}
