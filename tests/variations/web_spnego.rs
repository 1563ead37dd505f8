//! Windows sign-on: NTLM in place of Kerberos, tickets that are refused, and how it should be.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Visit};
use nrpcsniff_samples::{Network, kerberos};

const NTLM: Option<&str> = Some("spnego-ntlm");
const TICKET: Option<&str> = Some("spnego-ticket-refused");
const LARGE: Option<&str> = Some("http-header-too-large");
const HOST: &str = "mail.example.com";
/// NTLM's first message, bare and inside of SPNEGO; its challenge; the last message of ACME\anna.
const BARE: &str = "TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA=";
const INSIDE: &str =
    "YEgGBisGAQUFAqA+MDygDjAMBgorBgEEAYI3AgIKoioEKE5UTE1TU1AAAQAAAAeCCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const CHALLENGE: &str = "TlRMTVNTUAACAAAAAAAAADgAAAAFgooC";

pub(crate) const ROWS: &[Row] = &[
    ("NTLM to a server of Kerberos", |net| ntlm(net, 80, BARE, "Negotiate"), NTLM),
    ("NTLM inside of SPNEGO", |net| ntlm(net, 8080, INSIDE, "Negotiate"), NTLM),
    ("NTLM where Basic is offered, too", |net| ntlm(net, 80, BARE, "Negotiate, Basic realm=\"x\""), NTLM),
    ("NTLM that is challenged", |net| ntlm(net, 80, BARE, &format!("Negotiate {CHALLENGE}")), None),
    ("clocks too far apart", |net| shown(net, 80, HOST, &said(net, 37)), TICKET),
    ("a key that the server lacks", |net| shown(net, 8080, HOST, &said(net, 41)), TICKET),
    ("a ticket for somebody else's key", |net| shown(net, 80, HOST, &said(net, 35)), TICKET),
    ("a ticket for another name", |net| shown(net, 80, "old.example.com", "Negotiate"), TICKET),
    ("a ticket that is too large, 431", |net| large(net, 80, 9_000, 431), LARGE),
    ("a ticket that is too large, 400", |net| large(net, 8080, 12_000, 400), LARGE),
    ("a ticket that is too large, 413", |net| large(net, 80, 30_000, 413), LARGE),
    ("a large ticket that is taken", |net| large(net, 80, 9_000, 200), None),
    ("a small ticket and another error", |net| large(net, 80, 900, 400), None),
    ("a ticket that is taken", granted, None),
];

fn visit(net: &Network, port: u16) -> Visit {
    Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.20"), port, HOST)
}

fn said(net: &Network, code: u8) -> String {
    format!("Negotiate {}", kerberos::refusal(code, net.now(), HOST))
}

fn asked(web: &Visit) {
    web.ask(http::get("/mail.nsf")).reply(http::response(401).set("WWW-Authenticate", "Negotiate"));
}

fn ntlm(net: &Network, port: u16, token: &str, answer: &str) {
    let web = visit(net, port);
    asked(&web);
    let request = http::get("/mail.nsf").header("Authorization", &format!("Negotiate {token}"));
    web.ask(request).reply(http::response(401).set("WWW-Authenticate", answer));
}

fn shown(net: &Network, port: u16, host: &str, answer: &str) {
    let web = visit(net, port);
    asked(&web);
    let request = http::get("/mail.nsf").header("Authorization", &format!("Negotiate {}", kerberos::ticket(host)));
    web.ask(request).reply(http::response(401).set("WWW-Authenticate", answer));
}

fn large(net: &Network, port: u16, bytes: usize, status: u16) {
    let web = visit(net, port);
    asked(&web);
    let ticket = format!("Negotiate {}", kerberos::large_ticket(HOST, bytes));
    web.ask(http::get("/mail.nsf").header("Authorization", &ticket)).reply(http::response(status).html("a page"));
}

fn granted(net: &Network) {
    let web = visit(net, 80);
    asked(&web);
    let request = http::get("/mail.nsf").header("Authorization", &format!("Negotiate {}", kerberos::ticket(HOST)));
    web.ask(request).reply(http::response(200).html("the inbox"));
}
