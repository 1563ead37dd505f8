//! SIP: what a server says in its own words, what a client forgets, and who is counted once.

use super::Row;
use nrpcsniff_samples::Network;
use nrpcsniff_samples::sip::{Message, Phone};

/// Stories of SIP.
pub(crate) const ROWS: &[Row] = &[
    ("403 Wrong password", |net| refused(net, "Wrong password"), FORBIDDEN),
    ("four lines of one telephone, 403", |net| four_lines(net, 403), FORBIDDEN),
    ("four lines of one telephone, 404", |net| four_lines(net, 404), Some("sip-404")),
    ("four lines of one telephone, 503", |net| four_lines(net, 503), Some("sip-5xx")),
    ("an empty nonce", |net| challenged(net, Some("")), Some("sip-401-loop")),
    ("a wrong password", |net| challenged(net, None), Some("sip-401-loop")),
    ("a loopback address as Contact", |net| registered(net, "127.0.0.1:5060"), NOWHERE),
    ("localhost as Contact", |net| registered(net, "localhost:5060"), NOWHERE),
    ("the IPv6 loopback address as Contact", |net| registered(net, "[::1]:5060"), NOWHERE),
    ("its own address as Contact", |net| registered(net, &net.place("10.1.0.50", 5060)), None),
    ("a name as Contact", |net| registered(net, "pc.example.com:5060"), None),
    ("both copies of a mirror", |net| copies(net, 403), FORBIDDEN),
    ("both copies of a mirror, and it works", |net| copies(net, 200), None),
];

const FORBIDDEN: Option<&str> = Some("sip-403");
const NOWHERE: Option<&str> = Some("sip-contact-unreachable");

fn phone(net: &Network, user: &str) -> Phone {
    Phone::new(&net.host("10.1.0.50"), 5060, &net.host("10.1.0.9"), 5060, user)
}

/// The registration is refused with 403 in those words.
fn refused(net: &Network, words: &str) {
    let phone = phone(net, "ann@example.com");
    let request = phone.register();
    let refusal = String::from_utf8(request.response(403).as_ref().to_vec()).unwrap();
    phone.sends(&request).hears(refusal.replacen("Forbidden", words, 1));
}

/// A telephone registers four users, and the server refuses each.
fn four_lines(net: &Network, status: u16) {
    for user in ["ann@example.com", "bob@example.com", "eva@example.com", "tom@example.com"] {
        let phone = phone(net, user);
        let request = phone.register();
        phone.sends(&request).hears(request.response(status));
        net.wait(20);
    }
}

/// Credentials are refused, three times; they hold that nonce instead of the one that was asked for.
fn challenged(net: &Network, nonce: Option<&str>) {
    let phone = phone(net, "ann@example.com");
    for number in 0..3 {
        let (first, asked) = (phone.register(), format!("n{number}"));
        let challenge = first.response(401).challenge("example.com", &asked);
        phone.sends(&first).hears(&challenge);
        let second = phone.register().credentials(&challenge, "ann", "secret");
        let second = nonce.map_or(second.clone(), |nonce| with_nonce(&second, &asked, nonce));
        phone.sends(&second).hears(second.response(401).challenge("example.com", "other"));
        net.wait(3_000);
    }
}

fn with_nonce(request: &Message, asked: &str, nonce: &str) -> Message {
    let credentials = request.value("Authorization");
    let forged = credentials.replacen(&format!("nonce=\"{asked}\""), &format!("nonce=\"{nonce}\""), 1);
    request.clone().set("Authorization", &forged)
}

/// The registrar accepts that place as Contact.
fn registered(net: &Network, place: &str) {
    let phone = phone(net, "ann@example.com").shown_as(place);
    let request = phone.register();
    phone.sends(&request).hears(request.response(200).contact_of(&request).expires(1800));
}

/// A mirror port sees every datagram twice.
fn copies(net: &Network, status: u16) {
    net.span_duplicates(180);
    let phone = phone(net, "ann@example.com");
    let request = phone.register();
    phone.sends(&request).hears(request.response(status).contact_of(&request).expires(1800));
}
