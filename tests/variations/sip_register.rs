//! Registrations at a SIP registrar that fail, and how the next one succeeds.

use super::Row;
use nrpcsniff_samples::sip::{Message, Phone};
use nrpcsniff_samples::{Network, Tcp};

const NONCE: Option<&str> = Some("sip-nonce-refused");
const MALFORMED: Option<&str> = Some("sip-credentials-malformed");
const UNHEARD: Option<&str> = Some("sip-answer-lost");
const NOWHERE: Option<&str> = Some("sip-contact-unreachable");
const REALM: Option<&str> = Some("sip-wrong-realm");
const STALE: Option<&str> = Some("sip-stale-nonce");
const UNDEFINED: Option<&str> = Some("ltpa-undefined-sip");
const LOOP: Option<&str> = Some("sip-401-loop");
const ANN: &str = "ann@example.com";

pub(crate) const ROWS: &[Row] = &[
    ("a renewal is refused for its old nonce, UDP", |net| renews(net, &phone(net, 5060), 401), NONCE),
    ("a renewal is refused for its old nonce, other port", |net| renews(net, &phone(net, 5099), 401), NONCE),
    ("a renewal is forbidden for its old nonce", |net| renews(net, &phone(net, 5060), 403), NONCE),
    ("a renewal is refused for its old nonce, TCP", renews_over_tcp, NONCE),
    ("a renewal is accepted with the new nonce", renews_well, None),
    ("two sets of credentials in one header", |net| malformed(net, |one| format!("{one}, {one}")), MALFORMED),
    ("credentials without a nonce", |net| malformed(net, |one| one.replacen("nonce=", "once=", 1)), MALFORMED),
    ("credentials with typographic quotes", |net| malformed(net, |one| one.replace('"', "\u{201d}")), MALFORMED),
    ("answers that nobody hears", |net| unheard(net, 5060, 6), UNHEARD),
    ("answers to another port", |net| unheard(net, 6060, 6), UNHEARD),
    ("answers to another port, four times", |net| unheard(net, 6061, 4), UNHEARD),
    ("a repetition that crosses the answer", crossing, None),
    ("a loopback contact", |net| registers(net, &phone(net, 5060).shown_as("127.0.0.1:5060")), NOWHERE),
    ("a loopback contact of IPv6", |net| registers(net, &phone(net, 5060).shown_as("[::1]:5060")), NOWHERE),
    ("a contact by the name localhost", |net| registers(net, &phone(net, 5060).shown_as("localhost:5060")), NOWHERE),
    ("a contact of nobody", |net| registers(net, &phone(net, 5060).shown_as("0.0.0.0:5060")), NOWHERE),
    (
        "a loopback contact behind outbound",
        |net| registers(net, &phone(net, 5060).shown_as("127.0.0.1:5060").outbound()),
        None,
    ),
    ("credentials for another realm", |net| foreign_realm(net, "other.example"), REALM),
    ("credentials for the realm in other letters", |net| foreign_realm(net, "EXAMPLE.com"), REALM),
    ("stale again and again", |net| stale(net, 3), STALE),
    ("an undefined token without CSeq", |net| undefined(net, |request| request.without("CSeq")), UNDEFINED),
    ("an undefined token in typographic quotes", typographic, UNDEFINED),
    ("challenged without CSeq again and again", loops_without_cseq, LOOP),
    ("a registration as it should be", |net| registers(net, &phone(net, 5060)), None),
];

fn phone(net: &Network, port: u16) -> Phone {
    Phone::new(&net.host("10.1.0.50"), 5060, &net.host("10.1.0.9"), port, ANN)
}

/// Something else goes on for so long.
fn idle(net: &Network, seconds: u64) {
    net.wait_secs(seconds);
    net.udp(&net.host("10.1.0.70"), 9999, &net.host("10.1.0.71"), 9999, [0; 4]);
}

fn challenge(request: &Message, nonce: &str) -> Message {
    request.response(401).challenge("example.com", nonce)
}

fn granted(request: &Message) -> Message {
    request.response(200).contact_of(request).expires(1800)
}

/// One challenge, then accepted.
fn registers(_: &Network, phone: &Phone) {
    drop(accepted(phone));
}

/// One challenge, then accepted: gives that challenge.
fn accepted(phone: &Phone) -> Message {
    let first = phone.register();
    let asked = challenge(&first, "8f3c");
    let second = phone.register().credentials(&asked, "ann", "secret");
    phone.sends(&first).hears(&asked).sends(&second).hears(granted(&second));
    asked
}

fn renews(net: &Network, phone: &Phone, status: u16) {
    let asked = accepted(phone);
    net.wait_secs(900);
    let again = phone.register().credentials(&asked, "ann", "secret");
    let refused = if status == 401 { challenge(&again, "new") } else { again.response(status) };
    phone.sends(&again).hears(refused);
    idle(net, 120);
}

fn renews_over_tcp(net: &Network) {
    let tcp: Tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5070);
    let phone = Phone::over(&tcp, ANN);
    let first = phone.register();
    let asked = challenge(&first, "8f3c");
    let second = phone.register().credentials(&asked, "ann", "secret");
    tcp.client(&first).server(&asked).client(&second).server(granted(&second)).wait_secs(900);
    let again = phone.register().credentials(&asked, "ann", "secret");
    tcp.client(&again).server(challenge(&again, "new"));
    idle(net, 120);
}

fn renews_well(net: &Network) {
    let phone = phone(net, 5060);
    let asked = accepted(&phone);
    net.wait_secs(900);
    let again = phone.register().credentials(&asked, "ann", "secret");
    let anew = challenge(&again, "new");
    let last = phone.register().credentials(&anew, "ann", "secret");
    phone.sends(&again).hears(&anew).sends(&last).hears(granted(&last));
    idle(net, 120);
}

fn malformed(net: &Network, spoil: fn(&str) -> String) {
    let phone = phone(net, 5060);
    let first = phone.register();
    let asked = challenge(&first, "8f3c");
    phone.sends(&first).hears(&asked);
    let second = phone.register().credentials(&asked, "ann", "secret");
    let second = second.clone().set("Authorization", &spoil(second.value("Authorization")));
    phone.sends(&second).hears(second.response(400));
}

fn unheard(net: &Network, port: u16, times: usize) {
    let (phone, server, client) = (phone(net, 5060), net.host("10.1.0.9"), net.host("10.1.0.50"));
    let request = phone.register();
    for wait in [500, 1_000, 2_000, 4_000, 4_000, 4_000].iter().take(times) {
        phone.sends(&request);
        net.udp(&server, 5060, &client, port, challenge(&request, "8f3c").as_ref());
        net.wait(*wait);
    }
}

fn crossing(net: &Network) {
    let phone = phone(net, 5060);
    let first = phone.register();
    let asked = challenge(&first, "8f3c");
    phone.sends(&first).wait(500).sends(&first).hears(&asked).hears(&asked);
    let second = phone.register().credentials(&asked, "ann", "secret");
    phone.sends(&second).hears(granted(&second));
}

fn foreign_realm(net: &Network, realm: &str) {
    let phone = phone(net, 5060);
    for nonce in ["a", "b"] {
        let first = phone.register();
        let asked = challenge(&first, nonce);
        let second = phone.register().credentials_in(realm, &asked, "ann", "secret");
        phone.sends(&first).hears(&asked).sends(&second).hears(challenge(&second, nonce)).wait(4_000);
    }
}

fn stale(net: &Network, times: usize) {
    let phone = phone(net, 5060);
    let first = phone.register();
    let mut asked = challenge(&first, "n");
    phone.sends(&first).hears(&asked);
    for number in 0..times {
        let again = phone.register().credentials(&asked, "ann", "secret");
        asked = challenge(&again, &format!("n{number}")).stale();
        phone.sends(&again).hears(&asked);
    }
}

fn undefined(net: &Network, spoil: fn(Message) -> Message) {
    let phone = phone(net, 5060);
    let request = spoil(phone.register().cookie("LtpaToken", "undefined"));
    phone.sends(&request).hears(challenge(&request, "8f3c"));
}

fn typographic(net: &Network) {
    undefined(net, |request| request.set("Cookie", "LtpaToken=\u{201d}undefined\u{201d}"));
}

fn loops_without_cseq(net: &Network) {
    for _ in 0..4 {
        let phone = phone(net, 5060);
        let request = phone.register().without("CSeq");
        let asked = challenge(&request, "8f3c");
        let again = phone.register().credentials(&asked, "ann", "wrong").without("CSeq");
        phone.sends(&request).hears(&asked).wait(600).sends(&again).hears(challenge(&again, "8f3d")).wait(3_000);
    }
}
