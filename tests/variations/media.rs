//! The sound of meetings: ways that nobody answers, relays that refuse, DTLS that does not end, and how it should be.

use super::Row;
use nrpcsniff_samples::Network;
use nrpcsniff_samples::stun::{Call, Dtls};

const SILENT: Option<&str> = Some("media-unanswered");
const RELAY: Option<&str> = Some("media-relay-refused");
const DTLS: Option<&str> = Some("media-dtls-unfinished");
const TURN: u16 = 3478;

pub(crate) const ROWS: &[Row] = &[
    ("a bridge in Docker that nobody reaches", |net| in_vain(net, 10_000), SILENT),
    ("a bridge in Kubernetes that nobody reaches", |net| in_vain(net, 30_000), SILENT),
    ("a bridge whose port is closed", closed, SILENT),
    ("a relay that nobody reaches", no_relay, SILENT),
    ("a relay and a wrong secret", |net| refused(net, TURN, "ann", 401), RELAY),
    ("a relay and a name whose time is over", |net| refused(net, TURN, "1600000000:ann", 401), RELAY),
    ("a relay and its quota", |net| refused(net, 3479, "ann", 486), RELAY),
    ("a hello of DTLS that is not answered", |net| stuck(net, true), DTLS),
    ("an answer of DTLS that does not arrive", |net| stuck(net, false), DTLS),
    ("a relay that is granted", granted, None),
    ("a relay of others that nobody reaches", of_others_unanswered, None),
    ("a relay of others that refuses", of_others_refused, None),
    ("a bridge of others on the usual port", of_others_bridge, None),
    ("a dead way beside one that works", beside, None),
    ("a way that works with DTLS", works, None),
    ("a nonce of a relay that has grown old", stale, None),
];

/// Out in the world, and nothing says that it belongs to Sametime.
fn of_others(net: &Network, port: u16) -> Call {
    Call::new(net, "10.1.0.50", 50_102, "198.51.100.30", port)
}

fn of_others_unanswered(net: &Network) {
    let call = of_others(net, TURN);
    call.meeting();
    call.asks_for_relay_in_vain(&[500, 1_000, 2_000, 4_000]);
    call.meeting();
}

fn of_others_refused(net: &Network) {
    let call = of_others(net, TURN);
    call.meeting();
    call.allocate(None, Some(401));
    call.allocate(Some("ann"), Some(401));
    net.wait(3_000);
}

fn of_others_bridge(net: &Network) {
    let call = of_others(net, 10_000);
    call.meeting();
    for _ in 0..8 {
        call.check(false);
        net.wait(1_000);
    }
    call.meeting();
}

fn to_bridge(net: &Network, port: u16) -> Call {
    Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", port)
}

fn to_relay(net: &Network, port: u16) -> Call {
    Call::new(net, "10.1.0.50", 50_101, "10.1.0.30", port)
}

fn in_vain(net: &Network, port: u16) {
    let call = to_bridge(net, port);
    call.meeting();
    for _ in 0..8 {
        call.check(false);
        net.wait(1_000);
    }
    net.wait(2_000);
    call.meeting();
}

fn closed(net: &Network) {
    let call = to_bridge(net, 10_000);
    call.meeting();
    for _ in 0..4 {
        call.check(false);
        call.is_unreachable();
        net.wait(300);
    }
    net.wait(3_000);
    call.meeting();
}

fn no_relay(net: &Network) {
    let call = to_relay(net, TURN);
    call.meeting();
    call.asks_for_relay_in_vain(&[500, 1_000, 2_000, 4_000]);
    call.meeting();
}

fn refused(net: &Network, port: u16, user: &str, code: u16) {
    let call = to_relay(net, port);
    call.meeting();
    call.allocate(None, Some(401));
    call.allocate(Some(user), Some(code));
    net.wait(3_000);
}

fn granted(net: &Network) {
    let call = to_relay(net, TURN);
    call.meeting();
    call.allocate(None, Some(401));
    call.allocate(Some("ann"), None);
    net.wait(3_000);
}

fn stale(net: &Network) {
    let call = to_relay(net, TURN);
    call.meeting();
    call.allocate(Some("ann"), Some(438));
    call.allocate(Some("ann"), None);
    net.wait(3_000);
}

/// The hello is not answered, or the answer does not come through.
fn stuck(net: &Network, is_silent: bool) {
    let call = to_bridge(net, 10_000);
    call.check(true);
    for wait in [1_000, 2_000, 4_000, 500] {
        if is_silent {
            call.client_says(Dtls::ClientHello);
        } else {
            call.client_says(Dtls::ClientHello);
            call.server_says(Dtls::ServerHello);
        }
        net.wait(wait);
    }
}

fn beside(net: &Network) {
    let call = to_bridge(net, 10_000);
    call.check(true);
    in_vain(net, 30_000);
    call.check(true);
}

fn works(net: &Network) {
    let call = to_bridge(net, 30_000);
    call.meeting();
    call.check(true);
    call.handshake();
    net.wait(3_000);
    call.check(true);
}
