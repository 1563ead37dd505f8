//! Calls: those that are made, and those that do not come about or that nobody hears.

use super::{ADDRESS, bob_at, desk_phone, granted, nonce, softphone};
use crate::net::{Host, Network};
use crate::sip::{Call, Phone};
use crate::stories::{client, registrar};
use crate::tls::{Presents, Tls};

pub(super) fn call(net: &Network) {
    let (phone, bob) = (desk_phone(net), net.host("10.1.0.51"));
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let ok = invite.response(200).contact(&bob_at(net, "10.1.0.51")).sdp(&net.address("10.1.0.51"), 30_000);
    phone.sends(&invite).hears(invite.response(100)).wait(80).hears(invite.response(180));
    phone.wait(2_500).hears(&ok).sends(call.ack(&ok));
    net.talk((&client(net), 20_000), (&bob, 30_000), 60);
    phone.wait(40);
    let bye = call.bye(&ok);
    phone.sends(&bye).hears(bye.response(200));
}

pub(super) fn refused_407(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..2 {
        let call = phone.call("+15550100@example.com");
        let invite = call.invite(20_000);
        let refusal = invite.response(407).challenge("example.com", &nonce(net));
        phone.sends(&invite).hears(invite.response(100)).hears(&refusal).sends(call.ack(&refusal)).wait(75_000);
    }
}

pub(super) fn nothing_in_common(net: &Network) {
    let phone = desk_phone(net);
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let refusal = invite.response(488);
    phone.sends(&invite).hears(invite.response(100)).wait(60).hears(&refusal).sends(call.ack(&refusal));
}

pub(super) fn nat_contact(net: &Network) {
    const PUBLIC: &str = "203.0.113.9";
    let (outside, server) = (net.host(PUBLIC).ttl(118).distance_ms(9), registrar(net).captures_here());
    let (seen, inside) = (net.address(PUBLIC), net.place("192.168.1.20", 5060));
    let phone = Phone::new(&outside, 31_544, &server, 5060, ADDRESS).agent("Example Phone/4.2").shown_as(&inside);
    let register = phone.register();
    phone.sends(&register).hears(granted(&register).seen_from(&seen, 31_544));
    let gateway = Phone::new(&server, 5060, &net.host("192.168.1.20"), 5060, "bob@example.com").agent("Example Proxy");
    net.wait(30_000);
    let invite = gateway.call(ADDRESS).invite(30_000).target(&format!("sip:ann@{inside}"));
    gateway.sends(&invite);
    for ms in [500, 1_000, 2_000, 4_000, 8_000, 16_000] {
        gateway.wait(ms).sends(&invite);
    }
    net.wait(20_000);
    let again = phone.register();
    phone.sends(&again).hears(granted(&again).seen_from(&seen, 31_544));
}

/// A call from elsewhere, as the registrar sees it come in.
pub(super) fn contact_tls(net: &Network) {
    const PORT: u16 = 5071;
    let (host, server) = (client(net), registrar(net));
    let phone =
        Phone::new(&host, 5060, &server, 5060, ADDRESS).transport("TLS").shown_as(&net.place("10.1.0.50", PORT));
    let register = phone.register();
    phone.sends(&register).hears(granted(&register));
    for _ in 0..2 {
        net.wait(20_000);
        net.connect(&server, &host, PORT).tls_fails(&Tls::v12("sip.example.com").presents(Presents::Expired));
    }
}

fn incoming(net: &Network, gateway: &Host) -> (Phone, Call) {
    let caller = Phone::new(gateway, 5060, &registrar(net), 5060, "bob@example.com").agent("Example Gateway");
    let call = caller.call(ADDRESS);
    (caller, call)
}

pub(super) fn flow_lost(net: &Network) {
    const BALANCER_TTL: u8 = 254;
    let (tcp, phone) = softphone(net);
    let register = phone.register();
    tcp.client(&register).wait(3).server(granted(&register)).wait_secs(300);
    tcp.middlebox_rst(crate::tcp::Side::Server, BALANCER_TTL).wait_us(80);
    tcp.middlebox_rst(crate::tcp::Side::Client, BALANCER_TTL);
    let gateway = net.host("10.1.0.26").linux();
    for _ in 0..2 {
        net.wait(60_000);
        let (caller, call) = incoming(net, &gateway);
        let invite = call.invite(40_000);
        let refusal = invite.response(480);
        caller.sends(&invite).hears(invite.response(100)).wait(5).hears(&refusal).sends(call.ack(&refusal));
    }
    net.wait(40_000);
    let (tcp, phone) = softphone(net);
    let register = phone.register();
    tcp.client(&register).wait(3).server(granted(&register));
}

pub(super) fn media_blocked(net: &Network) {
    let (phone, bob) = (desk_phone(net), net.host("10.2.0.51").ttl(125));
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let ok = invite.response(200).contact(&bob_at(net, "10.2.0.51")).sdp(&net.address("10.2.0.51"), 30_000);
    phone.sends(&invite).hears(invite.response(100)).wait(80).hears(invite.response(180));
    phone.wait(2_500).hears(&ok).sends(call.ack(&ok));
    net.audio(&client(net), 20_000, &bob, 30_000, 120);
    phone.wait(400);
    let bye = call.bye(&ok);
    phone.sends(&bye).hears(bye.response(200));
}

pub(super) fn ack_lost(net: &Network) {
    let phone = desk_phone(net);
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let ok = invite
        .response(200)
        .header("Record-Route", "<sip:sip01.internal.example;lr>")
        .contact(&bob_at(net, "10.1.0.51"))
        .sdp(&net.address("10.1.0.51"), 30_000);
    phone.sends(&invite).hears(invite.response(100)).wait(1_500).hears(&ok);
    for ms in [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000] {
        phone.wait(ms).hears(&ok);
    }
    phone.wait(500).hears(call.bye_by_callee(&ok));
}
