//! Telephones that register, and registrars that refuse them or cannot be reached.

use super::{ADDRESS, desk_phone, granted, nonce, softphone};
use crate::http::{Visit, cookie};
use crate::ltpa;
use crate::net::Network;
use crate::sip::Phone;
use crate::stories::http::{logs_in, shared};
use crate::stories::{ANN, browser, client, expected_end, meet, registrar};
use crate::tcp::Tcp;
use crate::websocket;
use std::net::SocketAddr;

pub(super) fn digest(net: &Network) {
    let (tcp, phone) = softphone(net);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    tcp.client(&first).wait(3).server(&refusal);
    let sign_on = |expires| {
        let request = phone.register().expires(expires).credentials(&refusal, "ann", "her password");
        tcp.wait(5).client(&request).wait(4).server(granted(&request).expires(expires));
    };
    sign_on(1800);
    for _ in 0..2 {
        tcp.wait_secs(30).client(b"\r\n\r\n").server(b"\r\n");
    }
    tcp.wait_secs(900);
    sign_on(1800);
    tcp.wait_secs(60);
    sign_on(0);
    tcp.wait(200).client_fin();
}

pub(super) fn token(net: &Network) {
    let token = ltpa::DEMO.v1(ANN, expected_end(net));
    let web = browser(net).open(&meet(net), 80, "meet.example.com");
    logs_in(&web, "/stmeetings/", vec![shared("LtpaToken", &token)]);
    net.wait(800);
    let tcp = net.connect(&client(net), &registrar(net), 5080);
    let key = net.nonce();
    tcp.client(websocket::upgrade("sip.example.com:5080", "/ws", key).cookie("LtpaToken", &token));
    tcp.wait(2).server(websocket::accept(key));
    let phone = Phone::over(&tcp, ADDRESS).transport("WS").shown_as(&net.made_up("8fq2v1.invalid")).outbound();
    let register = phone.register().cookie("LtpaToken", &token);
    tcp.wait(5).client(websocket::masked(&register, net.nonce()));
    tcp.wait(6).server(websocket::text(granted(&register)));
    web.wait(400).tcp().client_fin();
}

pub(super) fn undefined(net: &Network) {
    let web = browser(net).open(&meet(net), 80, "meet.example.com");
    undefined_in(net, &web, || {
        let (tcp, phone) = softphone(net);
        (tcp, phone.transport("TCP"))
    });
}

/// The story of sip-undefined, in these connections to the meeting server and to the registrar.
pub(in crate::stories) fn undefined_in(net: &Network, web: &Visit, softphone: impl Fn() -> (Tcp, Phone)) {
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    let session = cookie("JSESSIONID", &net.made_up("0000kqzvbtwa:-1")).path("/").http_only();
    let hidden = |name, token: &str| shared(name, token).http_only();
    logs_in(web, "/stmeetings/", vec![hidden("LtpaToken2", &v2), hidden("LtpaToken", &v1), session]);
    for _ in 0..2 {
        net.wait(1_200);
        let (tcp, phone) = softphone();
        let register = phone.register().cookie("LtpaToken", "undefined");
        tcp.client(&register).wait(9).server(register.response(401).challenge("example.com", &nonce(net)));
        tcp.wait(500).client_fin();
        net.wait(15_000);
    }
    web.wait(400).tcp().client_fin();
}

pub(super) fn copied(net: &Network) {
    let token = ltpa::DEMO.v2(ANN, expected_end(net));
    let web = browser(net).open(&meet(net), 80, "meet.example.com");
    logs_in(&web, "/stmeetings/", vec![shared("LtpaToken2", &token)]);
    let (tcp, phone) = softphone(net);
    for wait in [900, 30_000] {
        let register = phone.register().cookie("LtpaToken", &token);
        let refusal = register.response(401).challenge("example.com", &nonce(net));
        tcp.wait(wait).client(&register).wait(7).server(refusal);
    }
    tcp.wait(400).client_fin();
    web.tcp().client_fin();
}

pub(super) fn null_websocket(net: &Network) {
    let tcp = net.connect(&client(net), &registrar(net), 5080);
    let key = net.nonce();
    tcp.client(websocket::upgrade("sip.example.com:5080", "/ws", key)).wait(2).server(websocket::accept(key));
    let phone = Phone::over(&tcp, ADDRESS).transport("WS").shown_as(&net.made_up("8fq2v1.invalid")).outbound();
    let register = phone.register().cookie("LtpaToken", "null");
    tcp.wait(5).client(websocket::masked(&register, net.nonce()));
    tcp.wait(6).server(websocket::text(register.response(403)));
    tcp.wait(300).client_fin();
}

pub(super) fn loop_401(net: &Network) {
    let (tcp, phone) = softphone(net);
    let mut request = phone.register();
    for _ in 0..6 {
        let refusal = request.response(401).challenge("example.com", &nonce(net));
        tcp.client(&request).wait(6).server(&refusal).wait(900);
        request = phone.register().credentials(&refusal, "ann", "an old password");
    }
    tcp.client_fin();
}

pub(super) fn stale_nonce(net: &Network) {
    let (tcp, phone) = softphone(net);
    let first = phone.register();
    let mut refusal = first.response(401).challenge("example.com", &nonce(net));
    tcp.client(&first).wait(3).server(&refusal);
    for _ in 0..4 {
        let request = phone.register().credentials(&refusal, "ann", "her password");
        refusal = request.response(401).challenge("example.com", &nonce(net)).stale();
        tcp.wait(5).client(&request).wait(4).server(&refusal);
    }
    tcp.wait_secs(2).client_fin();
}

pub(super) fn wrong_realm(net: &Network) {
    let phone = desk_phone(net);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    let second = phone.register().credentials_in("sip.example.org", &refusal, "ann", "her password");
    phone.sends(&first).hears(&refusal).wait(20).sends(&second).hears(second.response(403));
}

pub(super) fn refused_403(net: &Network) {
    let tcp = net.connect(&client(net).captures_here(), &registrar(net), 5060);
    let phone = Phone::over(&tcp, "asmith@chat.example.com").outbound();
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), expected_end(net));
    for _ in 0..2 {
        let register = phone.register().cookie("LtpaToken", &token);
        tcp.client(&register).wait(7).server(register.response(403)).wait_secs(30);
    }
    tcp.client_fin();
}

/// With two sets of credentials in one header, or with one.
pub(super) fn unreadable(net: &Network, two: bool) {
    let phone = desk_phone(net);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    phone.sends(&first).hears(&refusal).wait(4);
    for _ in 0..2 {
        let request = phone.register().credentials(&refusal, "ann", "her password");
        let twice = format!("{0}, {0}", request.value("Authorization"));
        let request = if two { request.set("Authorization", &twice) } else { request };
        phone.sends(&request).hears(request.response(400)).wait(8_000);
    }
}

/// The telephone sends from a port that its Via does not name.
pub(super) fn unheard(net: &Network) {
    let (client, server) = (client(net), registrar(net));
    let phone = Phone::new(&client, 40_001, &server, 5060, ADDRESS).shown_as(&net.place("10.1.0.50", 5060));
    let request = phone.register();
    let request = request.clone().set("Via", request.value("Via").trim_end_matches(";rport"));
    let answer = request.response(401).challenge("example.com", &nonce(net));
    for wait in [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000] {
        phone.sends(&request);
        net.udp(&server, 5060, &client, 5060, answer.as_ref());
        net.wait(wait);
    }
}

pub(super) fn loopback(net: &Network) {
    let phone = Phone::new(&client(net), 5060, &registrar(net), 5060, ADDRESS).shown_as("127.0.0.1:5060");
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    phone.sends(&first).hears(&refusal).wait(4);
    let second = phone.register().credentials(&refusal, "ann", "her password");
    phone.sends(&second).hears(granted(&second));
}

/// The renewal is refused for its old nonce, or for a reason that nobody tells.
pub(super) fn lapsed(net: &Network, old_nonce: bool) {
    let (tcp, phone) = softphone(net);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    tcp.client(&first).wait(3).server(&refusal);
    let request = phone.register().expires(1800).credentials(&refusal, "ann", "her password");
    tcp.wait(5).client(&request).wait(4).server(granted(&request)).wait_secs(1700);
    let again = phone.register().expires(1800).credentials(&refusal, "ann", "her password");
    let refused =
        if old_nonce { again.response(401).challenge("example.com", &nonce(net)) } else { again.response(400) };
    tcp.client(&again).wait(4).server(refused).wait_secs(300);
    let bob = Phone::new(&net.host("10.1.0.51"), 5060, &registrar(net), 5060, "bob@example.com");
    let call = bob.call(ADDRESS);
    let invite = call.invite(20_000);
    let gone = invite.response(480);
    bob.sends(&invite).hears(invite.response(100)).wait(12).hears(&gone).sends(call.ack(&gone));
    tcp.wait_secs(1).client_fin();
}

pub(super) fn refused_404(net: &Network) {
    let phone =
        Phone::new(&client(net), 5060, &registrar(net), 5060, "ann@voice.example.org").agent("Example Phone/4.2");
    for _ in 0..2 {
        let register = phone.register();
        phone.sends(&register).hears(register.response(404)).wait(60_000);
    }
}

pub(super) fn unanswered(net: &Network) {
    let phone = desk_phone(net);
    for repeats in [10, 3] {
        let register = phone.register();
        phone.sends(&register);
        for ms in [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000].into_iter().take(repeats) {
            phone.wait(ms).sends(&register);
        }
        phone.wait(30_000);
    }
}

pub(super) fn refused_408(net: &Network) {
    let (tcp, phone) = softphone(net);
    let register = phone.register();
    tcp.client(&register).wait(2).server(register.response(100)).wait_secs(32).server(register.response(408));
    tcp.wait_secs(1).client_fin();
}

pub(super) fn refused_423(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..3 {
        let register = phone.register();
        phone.sends(&register).hears(register.response(423).header("Min-Expires", "3600")).wait(10_000);
    }
}

pub(super) fn refused_482(net: &Network) {
    let phone = desk_phone(net);
    let (proxy, alias) = (registrar(net), net.host("10.1.0.27").linux());
    let register = phone.register();
    let branch = net.made_up("1d4f02");
    let once = register.clone().via("UDP", &net.place("10.1.0.23", 5060), &branch).set("Max-Forwards", "69");
    let refusal = once.response(482);
    phone.sends(&register);
    for [from, to] in [[&proxy, &alias], [&alias, &proxy]] {
        net.udp(from, 5060, to, 5060, once.as_ref());
    }
    for [from, to] in [[&proxy, &alias], [&alias, &proxy]] {
        net.udp(from, 5060, to, 5060, refusal.as_ref());
    }
    phone.hears(register.response(482));
}

pub(super) fn refused_483(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..3 {
        let register = phone.register();
        phone.sends(&register).wait(45).hears(register.response(483)).wait(30_000);
    }
}

pub(super) fn circle(net: &Network) {
    const HOPS: u32 = 10;
    let (proxy, other) = (registrar(net), net.host("10.1.0.24").linux().ttl(63));
    let phone = desk_phone(net);
    let register = phone.register().set("Max-Forwards", &HOPS.to_string());
    phone.sends(&register);
    let hops: Vec<_> = [[&proxy, &other], [&other, &proxy]].into_iter().cycle().zip((0..HOPS).rev()).collect();
    let mut forwarded = vec![register.clone()];
    for ([from, to], left) in &hops {
        let before = forwarded[forwarded.len() - 1].clone();
        let place = SocketAddr::new(from.ip(), 5060).to_string();
        let request = before.via("UDP", &place, &format!("a{left}7c")).set("Max-Forwards", &left.to_string());
        net.udp(from, 5060, to, 5060, request.as_ref());
        forwarded.push(request);
    }
    for (([from, to], _), request) in hops.iter().zip(&forwarded[1..]).rev() {
        net.udp(to, 5060, from, 5060, Vec::from(request.response(483)));
    }
    phone.hears(register.response(483));
}

pub(super) fn refused_503(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::23").linux().ttl(63));
    let tcp = net.connect(&client, &server, 5060);
    let phone = Phone::over(&tcp, ADDRESS).outbound();
    for _ in 0..3 {
        let register = phone.register();
        tcp.client(&register).wait(2).server(register.response(503).header("Retry-After", "30")).wait_secs(30);
    }
    tcp.client_fin();
}

pub(super) fn transport_mismatch(net: &Network) {
    for _ in 0..2 {
        let tcp = net.connect(&client(net), &registrar(net), 5061);
        let phone = Phone::over(&tcp, ADDRESS).transport("TLS").outbound();
        tcp.client(phone.register()).wait(1).server_fin();
        net.wait(20_000);
    }
}
