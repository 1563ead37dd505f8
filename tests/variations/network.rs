//! Names and connections: dual stack, tunnels and forwarders, scanners and probes, filters and queues.

use super::Row;
use nrpcsniff_samples::Network;
use nrpcsniff_samples::dns::{A, AAAA, Rcode, Record};

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
