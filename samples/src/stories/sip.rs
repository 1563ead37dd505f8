//! Softphones: registrations and calls.

use std::net::SocketAddr;

use super::http::{logs_in, shared};
use super::{ANN, Sample, browser, client, expected_end, meet, registrar};
use crate::file::Format;
use crate::http::{Visit, cookie};
use crate::link::Link;
use crate::ltpa;
use crate::net::{Host, Network};
use crate::sip::{Call, Message, Phone};
use crate::tcp::Tcp;
use crate::tls::{Presents, Tls};
use crate::websocket;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "sip-digest",
        story: "A telephone registers by password: one 401 with a challenge, then 200; it keeps its connection alive, refreshes the \
                registration and at last takes it back.",
        see: "Nothing to report: a single 401 is how digest authentication begins.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: digest,
    },
    Sample {
        name: "sip-token",
        story: "A user logs in at the meeting server, and the softphone in her browser registers over WebSocket with the token that was \
                set there.",
        see: "Nothing to report: the same token in Set-Cookie, in Cookie and in the REGISTER.",
        rules: &[],
        format: || Format::pcap().nanoseconds().link(Link::Vlan(40)),
        tell: token,
    },
    Sample {
        name: "sip-call",
        story: "A call over UDP: ringing, answered, voice both ways, hung up.",
        see: "Nothing to report: INVITE, 100, 180, 200, ACK, RTP, BYE.",
        rules: &[],
        format: || Format::pcap().link(Link::Sll),
        tell: call,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "sip-undefined",
        story: "A user logs in at the meeting server, which marks its tokens HttpOnly. The script of the page cannot read them, so the \
                softphone registers with `LtpaToken=\"undefined\"`; the registrar falls back to a digest challenge that nothing \
                answers. It tries again and ends the same way.",
        see: "Set-Cookie with HttpOnly, then a REGISTER whose token is the word undefined, then 401.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcapng().interface("eth0").comment("constructed: a script that may not read the token"),
        tell: undefined,
    },
    Sample {
        name: "sip-null-websocket",
        story: "A softphone in a browser that never logged in registers over WebSocket with the token `null` and is refused with 403.",
        see: "The junk literal null inside a masked frame; no login before it.",
        rules: &["ltpa-undefined-sip"],
        format: || Format::pcap(),
        tell: null_websocket,
    },
    Sample {
        name: "sip-token-copied",
        story: "A user logs in at the meeting server, which sets an LtpaToken2 alone. A plug-in of the softphone copies it into a cookie \
                LtpaToken, which the registrar opens as a token of version 1; it asks for a password instead, twice.",
        see: "The same value in Set-Cookie as LtpaToken2 and in the REGISTER as LtpaToken, then 401.",
        rules: &["ltpa-foreign-format"],
        format: || Format::pcapng().interface("eth0"),
        tell: copied,
    },
    Sample {
        name: "sip-401-loop",
        story: "A telephone answers five challenges with a wrong password; every nonce is new, none of them stale.",
        see: "Five pairs of REGISTER and 401 under one Call-ID, no 200.",
        rules: &["sip-401-loop"],
        format: || Format::pcap().big_endian(),
        tell: loop_401,
    },
    Sample {
        name: "sip-stale-nonce",
        story: "Two registrars behind one address do not share their nonces: each challenge is answered with a fresh nonce of the one \
                and checked by the other, which calls it stale.",
        see: "stale=true again and again.",
        rules: &["sip-stale-nonce"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: stale_nonce,
    },
    Sample {
        name: "sip-wrong-realm",
        story: "The registrar challenges in the realm example.com, the telephone answers for sip.example.org.",
        see: "Two realms.",
        rules: &["sip-wrong-realm"],
        format: Format::pcap,
        tell: wrong_realm,
    },
    Sample {
        name: "sip-407",
        story: "A proxy asks for credentials before it passes on a call; the telephone has none and gives up, twice.",
        see: "INVITE, 407, ACK, and no INVITE with credentials.",
        rules: &["sip-407"],
        format: Format::pcap,
        tell: refused_407,
    },
    Sample {
        name: "sip-403",
        story: "The token is good, the address in From is not the user's: 403.",
        see: "A REGISTER with a token, answered by 403.",
        rules: &["sip-403"],
        format: || Format::pcapng().link(Link::Sll2).interface("any"),
        tell: refused_403,
    },
    Sample {
        name: "sip-register-failed",
        story: "A registrar answers a telephone's credentials with 400, twice, and does not say what it could not read.",
        see: "A REGISTER without a flaw that a capture could show, answered by 400.",
        rules: &["sip-register-failed"],
        format: || Format::pcap().microseconds(),
        tell: |net| unreadable(net, false),
    },
    Sample {
        name: "sip-credentials-malformed",
        story: "A telephone puts two sets of credentials into one Authorization header, which the registrar cannot read: 400, twice.",
        see: "An Authorization header with two times Digest, answered by 400.",
        rules: &["sip-credentials-malformed"],
        format: || Format::pcap().microseconds(),
        tell: |net| unreadable(net, true),
    },
    Sample {
        name: "sip-answer-lost",
        story: "A telephone behind a NAT sends from another port than it writes into its Via, and asks for no rport: the registrar answers \
                to the port in the Via, where the NAT lets nothing through. The telephone repeats its REGISTER.",
        see: "The same REGISTER with the same branch seven times, each answered by 401 to another port.",
        rules: &["sip-answer-lost"],
        format: || Format::pcapng().interface("eth0"),
        tell: unheard,
    },
    Sample {
        name: "sip-contact-loopback",
        story: "A telephone takes 127.0.0.1 for its own address, as its hosts file says, and registers that. It is accepted; a call to its \
                user will be sent nowhere.",
        see: "A Contact with 127.0.0.1 in a REGISTER that comes from elsewhere, accepted.",
        rules: &["sip-contact-unreachable"],
        format: || Format::pcapng().interface("eth0"),
        tell: loopback,
    },
    Sample {
        name: "sip-nonce-refused",
        story: "A telephone registers for half an hour and renews with the nonce of the beginning, which the registrar made too long ago. It \
                answers 401 with a new one, and does not call the old one stale; the telephone gives up. A call to its user fails later.",
        see: "A REGISTER with an old nonce, 401 without stale=true, nothing more; an INVITE of somebody else, answered by 480.",
        rules: &["sip-nonce-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| lapsed(net, true),
    },
    Sample {
        name: "sip-lapsed",
        story: "A telephone registers for half an hour; its renewal is answered by 400, and it gives up. A call to its user fails later.",
        see: "A REGISTER that renews, 400, nothing more; an INVITE of somebody else, answered by 480.",
        rules: &["sip-lapsed"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| lapsed(net, false),
    },
    Sample {
        name: "sip-call-failed",
        story: "The telephone that is called has no codec in common with the caller: 488.",
        see: "INVITE, 100, 488, ACK.",
        rules: &["sip-call-failed"],
        format: Format::pcapng,
        tell: nothing_in_common,
    },
    Sample {
        name: "sip-404",
        story: "The telephone registers in a domain the registrar does not serve.",
        see: "404, twice.",
        rules: &["sip-404"],
        format: || Format::pcap().link(Link::RawIp),
        tell: refused_404,
    },
    Sample {
        name: "sip-unanswered",
        story: "The registrar does not answer: the telephone repeats its REGISTER for 32 s over UDP, and begins anew after half a \
                minute.",
        see: "Eleven copies of one request at growing distance (timer E), no response.",
        rules: &["sip-408"],
        format: Format::pcap,
        tell: unanswered,
    },
    Sample {
        name: "sip-408",
        story: "A proxy takes the REGISTER over TCP and answers 408 after 32 s: the registrar behind it is down.",
        see: "100, and half a minute later 408.",
        rules: &["sip-408"],
        format: || Format::pcapng().big_endian().interface("eth0"),
        tell: refused_408,
    },
    Sample {
        name: "sip-423",
        story: "The registrar wants registrations of an hour at least; the telephone asks for half an hour again and again.",
        see: "423 with Min-Expires: 3600, and the same Expires: 1800 after it.",
        rules: &["sip-423"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: refused_423,
    },
    Sample {
        name: "sip-482",
        story: "A proxy sends the request to its own alias and finds itself in the Via.",
        see: "The same host twice in Via; 482.",
        rules: &["sip-482"],
        format: || Format::pcap().link(Link::Vlan(12)),
        tell: refused_482,
    },
    Sample {
        name: "sip-483",
        story: "Captured at the telephone: its request with 70 hops to go comes back with 483, three times.",
        see: "Max-Forwards: 70 and 483 without a way to see the circle.",
        rules: &["sip-483"],
        format: Format::pcap,
        tell: refused_483,
    },
    Sample {
        name: "sip-circle",
        story: "Captured at two proxies which send a request to each other until its ten hops are used up.",
        see: "The same two hosts again and again in Via; Max-Forwards falls to 0; 483.",
        rules: &["sip-482", "sip-483"],
        format: || Format::pcapng().interface("span0"),
        tell: circle,
    },
    Sample {
        name: "sip-503",
        story: "The registrar's container has not started its security: 503 with Retry-After, three times, over IPv6.",
        see: "503 to every REGISTER.",
        rules: &["sip-5xx"],
        format: || Format::pcapng().interface("eth0"),
        tell: refused_503,
    },
    Sample {
        name: "sip-nat-contact",
        story: "Captured at the registrar, beyond a NAT: the telephone registers 192.168.1.20, its packets come from 203.0.113.9. It \
                gets 200; a call to it half a minute later is answered by nobody.",
        see: "A private Contact from a public address, and an INVITE to it without an answer.",
        rules: &["sip-nat-contact"],
        format: || Format::pcap().link(Link::Sll),
        tell: nat_contact,
    },
    Sample {
        name: "sip-contact-tls",
        story: "A softphone registers with a Contact that is to be called over TLS. The registrar opens TLS to it, twice; the softphone \
                shows a certificate of its own making, which ended long ago, and the registrar refuses.",
        see: "A Contact with transport=tls, then connections of the registrar to it that end with certificate_expired.",
        rules: &["sip-contact-tls"],
        format: || Format::pcapng().interface("eth0"),
        tell: contact_tls,
    },
    Sample {
        name: "sip-flow-lost",
        story: "A load balancer resets a registered connection after five idle minutes, long before the registration ends; calls to the \
                user fail until the telephone registers again.",
        see: "200 with Expires 1800, a reset after 300 s, INVITE answered by 480, then a new REGISTER.",
        rules: &["sip-flow-lost"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: flow_lost,
    },
    Sample {
        name: "sip-transport-mismatch",
        story: "A telephone that is told transport=tls speaks plain SIP to the port of TLS; the registrar closes.",
        see: "REGISTER in clear on 5061 with SIP/2.0/TLS in its Via.",
        rules: &["sip-transport-mismatch"],
        format: Format::pcap,
        tell: transport_mismatch,
    },
    Sample {
        name: "sip-media-blocked",
        story: "A call is answered and nothing is heard: the voice of the caller arrives, that of the callee is filtered. After 7 s the \
                caller hangs up.",
        see: "RTP in one direction only.",
        rules: &["sip-media-blocked"],
        format: || Format::pcapng().interface("eth0"),
        tell: media_blocked,
    },
    Sample {
        name: "sip-ack-lost",
        story: "The 200 to an INVITE names a Record-Route that the caller cannot resolve: its ACK never arrives, the 200 is repeated for \
                32 s, then the callee hangs up.",
        see: "The same 200 eleven times, no ACK, BYE by the callee.",
        rules: &["sip-ack-lost"],
        format: || Format::pcap().nanoseconds(),
        tell: ack_lost,
    },
];

/// Ann's address of record.
pub(super) const ADDRESS: &str = "ann@example.com";

fn nonce(net: &Network) -> String {
    crate::text::hex(&net.nonce::<8>())
}

/// The softphone's connection to the registrar, and its telephone.
fn softphone(net: &Network) -> (Tcp, Phone) {
    let tcp = net.connect(&client(net), &registrar(net), 5060);
    let phone = Phone::over(&tcp, ADDRESS).outbound();
    (tcp, phone)
}

/// A desk telephone of the same user, over UDP.
fn desk_phone(net: &Network) -> Phone {
    Phone::new(&client(net), 5060, &registrar(net), 5060, ADDRESS).agent("Example Phone/4.2")
}

/// The telephone of somebody else, as a Contact names it.
fn bob_at(net: &Network, ip: &str) -> String {
    format!("sip:bob@{}", net.place(ip, 5060))
}

/// The answer that grants a registration.
fn granted(request: &Message) -> Message {
    request.response(200).contact_of(request).expires(1800)
}

fn digest(net: &Network) {
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

fn token(net: &Network) {
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

fn call(net: &Network) {
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

fn undefined(net: &Network) {
    let web = browser(net).open(&meet(net), 80, "meet.example.com");
    undefined_in(net, &web, || {
        let (tcp, phone) = softphone(net);
        (tcp, phone.transport("TCP"))
    });
}

/// The story of sip-undefined, in these connections to the meeting server and to the registrar.
pub(super) fn undefined_in(net: &Network, web: &Visit, softphone: impl Fn() -> (Tcp, Phone)) {
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

fn copied(net: &Network) {
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

fn null_websocket(net: &Network) {
    let tcp = net.connect(&client(net), &registrar(net), 5080);
    let key = net.nonce();
    tcp.client(websocket::upgrade("sip.example.com:5080", "/ws", key)).wait(2).server(websocket::accept(key));
    let phone = Phone::over(&tcp, ADDRESS).transport("WS").shown_as(&net.made_up("8fq2v1.invalid")).outbound();
    let register = phone.register().cookie("LtpaToken", "null");
    tcp.wait(5).client(websocket::masked(&register, net.nonce()));
    tcp.wait(6).server(websocket::text(register.response(403)));
    tcp.wait(300).client_fin();
}

fn loop_401(net: &Network) {
    let (tcp, phone) = softphone(net);
    let mut request = phone.register();
    for _ in 0..6 {
        let refusal = request.response(401).challenge("example.com", &nonce(net));
        tcp.client(&request).wait(6).server(&refusal).wait(900);
        request = phone.register().credentials(&refusal, "ann", "an old password");
    }
    tcp.client_fin();
}

fn stale_nonce(net: &Network) {
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

fn wrong_realm(net: &Network) {
    let phone = desk_phone(net);
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    let second = phone.register().credentials_in("sip.example.org", &refusal, "ann", "her password");
    phone.sends(&first).hears(&refusal).wait(20).sends(&second).hears(second.response(403));
}

fn refused_407(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..2 {
        let call = phone.call("+15550100@example.com");
        let invite = call.invite(20_000);
        let refusal = invite.response(407).challenge("example.com", &nonce(net));
        phone.sends(&invite).hears(invite.response(100)).hears(&refusal).sends(call.ack(&refusal)).wait(75_000);
    }
}

fn refused_403(net: &Network) {
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
fn unreadable(net: &Network, two: bool) {
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
fn unheard(net: &Network) {
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

fn loopback(net: &Network) {
    let phone = Phone::new(&client(net), 5060, &registrar(net), 5060, ADDRESS).shown_as("127.0.0.1:5060");
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", &nonce(net));
    phone.sends(&first).hears(&refusal).wait(4);
    let second = phone.register().credentials(&refusal, "ann", "her password");
    phone.sends(&second).hears(granted(&second));
}

/// The renewal is refused for its old nonce, or for a reason that nobody tells.
fn lapsed(net: &Network, old_nonce: bool) {
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

fn nothing_in_common(net: &Network) {
    let phone = desk_phone(net);
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let refusal = invite.response(488);
    phone.sends(&invite).hears(invite.response(100)).wait(60).hears(&refusal).sends(call.ack(&refusal));
}

fn refused_404(net: &Network) {
    let phone =
        Phone::new(&client(net), 5060, &registrar(net), 5060, "ann@voice.example.org").agent("Example Phone/4.2");
    for _ in 0..2 {
        let register = phone.register();
        phone.sends(&register).hears(register.response(404)).wait(60_000);
    }
}

fn unanswered(net: &Network) {
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

fn refused_408(net: &Network) {
    let (tcp, phone) = softphone(net);
    let register = phone.register();
    tcp.client(&register).wait(2).server(register.response(100)).wait_secs(32).server(register.response(408));
    tcp.wait_secs(1).client_fin();
}

fn refused_423(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..3 {
        let register = phone.register();
        phone.sends(&register).hears(register.response(423).header("Min-Expires", "3600")).wait(10_000);
    }
}

fn refused_482(net: &Network) {
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

fn refused_483(net: &Network) {
    let phone = desk_phone(net);
    for _ in 0..3 {
        let register = phone.register();
        phone.sends(&register).wait(45).hears(register.response(483)).wait(30_000);
    }
}

fn circle(net: &Network) {
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

fn refused_503(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::23").linux().ttl(63));
    let tcp = net.connect(&client, &server, 5060);
    let phone = Phone::over(&tcp, ADDRESS).outbound();
    for _ in 0..3 {
        let register = phone.register();
        tcp.client(&register).wait(2).server(register.response(503).header("Retry-After", "30")).wait_secs(30);
    }
    tcp.client_fin();
}

fn nat_contact(net: &Network) {
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
fn contact_tls(net: &Network) {
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

fn flow_lost(net: &Network) {
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

fn transport_mismatch(net: &Network) {
    for _ in 0..2 {
        let tcp = net.connect(&client(net), &registrar(net), 5061);
        let phone = Phone::over(&tcp, ADDRESS).transport("TLS").outbound();
        tcp.client(phone.register()).wait(1).server_fin();
        net.wait(20_000);
    }
}

fn media_blocked(net: &Network) {
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

fn ack_lost(net: &Network) {
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
