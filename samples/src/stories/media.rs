//! The sound of meetings: ways to the video bridge, relays, and DTLS.

use super::Sample;
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::stun::{Call, Dtls};

pub(super) const WORKING: &[Sample] = &[Sample {
    name: "media-working",
    story: "A user of a Sametime meeting tries two ways: the one to the bridge's address inside of its container is dead, the other works, and \
            DTLS comes to its end there. A relay is asked for, too, and granted.",
    see: "Nothing to report: one way is enough; the first 401 of a relay is its demand for a name.",
    rules: &[],
    format: || Format::pcapng().interface("eth0"),
    tell: working,
}];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "media-unanswered",
        story: "A user joins a Sametime meeting. UDP 10000 to the video bridge is closed in the firewall: her browser asks for ten seconds \
                whether the way works, and nobody answers.",
        see: "Binding requests with ever new ids, and no datagram from the bridge.",
        rules: &["media-unanswered"],
        format: || Format::pcapng().interface("eth0"),
        tell: unanswered,
    },
    Sample {
        name: "media-relay-refused",
        story: "The secret of the TURN server was changed, and Sametime still has the old one: the relay refuses the name that Sametime made, \
                and the user has no other way.",
        see: "401 without a name is the demand for one; 401 with a name and its proof is the refusal.",
        rules: &["media-relay-refused"],
        format: || Format::pcap().nanoseconds(),
        tell: relay_refused,
    },
    Sample {
        name: "media-dtls-unfinished",
        story: "A firewall lets STUN through to the video bridge and nothing else: the way works, and the client hello of DTLS is not answered.",
        see: "Checks that are answered; the same hello four times, one, two and four seconds apart.",
        rules: &["media-dtls-unfinished"],
        format: || Format::pcap().link(Link::Sll),
        tell: dtls_unfinished,
    },
];

/// The way from the user's browser to that address and port.
fn way(net: &Network, port: u16, server: &str, server_port: u16) -> Call {
    Call::new(net, "10.1.0.50", port, server, server_port)
}

fn working(net: &Network) {
    let (dead, bridge) = (way(net, 50_100, "172.17.0.4", 10_000), way(net, 50_100, "10.1.0.31", 10_000));
    bridge.meeting();
    for _ in 0..6 {
        dead.check(false);
        net.wait(20);
        bridge.check(true);
        net.wait(1_000);
    }
    bridge.handshake();
    let relay = way(net, 50_101, "10.1.0.30", 3478);
    relay.allocate(None, Some(401));
    relay.allocate(Some("1803000000:asmith"), None);
    net.wait(3_000);
    bridge.meeting();
}

fn unanswered(net: &Network) {
    let bridge = way(net, 50_100, "10.1.0.31", 10_000);
    bridge.meeting();
    for _ in 0..10 {
        bridge.check(false);
        net.wait(1_000);
    }
    net.wait(2_000);
    bridge.meeting();
}

fn relay_refused(net: &Network) {
    let relay = way(net, 50_100, "10.1.0.30", 3478);
    relay.meeting();
    for _ in 0..2 {
        relay.allocate(None, Some(401));
        relay.allocate(Some("1803000000:asmith"), Some(401));
        net.wait(5_000);
    }
    relay.meeting();
}

fn dtls_unfinished(net: &Network) {
    let bridge = way(net, 50_100, "10.1.0.31", 10_000);
    bridge.meeting();
    bridge.check(true);
    for wait in [1_000, 2_000, 4_000, 500] {
        bridge.client_says(Dtls::ClientHello);
        bridge.check(true);
        net.wait(wait);
    }
    bridge.meeting();
}
