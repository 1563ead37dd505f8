//! Sign-ons in conversations that were open before the capture, behind keep-alives, in cut frames, or through a proxy.

use super::Row;
use nrpcsniff_samples::sametime::{self, Login, reason};
use nrpcsniff_samples::{Network, Tcp, http, ltpa, sip};

const UNDEFINED: Option<&str> = Some("ltpa-undefined-sip");
const EXPIRED: Option<&str> = Some("ltpa-expired");

pub(crate) const ROWS: &[Row] = &[
    ("HTTP begun in a page, port 80", |net| page(net, 80, "10.1.0.50", "10.1.0.22", -1), EXPIRED),
    ("HTTP begun in a page, IPv6", |net| page(net, 9081, "2001:db8::5", "2001:db8::9", -1), EXPIRED),
    ("HTTP begun in a page, any port", |net| page(net, 17_080, "10.1.0.50", "10.1.0.22", -1), EXPIRED),
    ("HTTP begun in a page, healthy", |net| page(net, 80, "10.1.0.50", "10.1.0.22", 60), None),
    ("HTTP begun in an upload", upload, EXPIRED),
    ("HTTP through SOCKS 5", |net| socks(net, -1), EXPIRED),
    ("HTTP through SOCKS 5, healthy", |net| socks(net, 60), None),
    ("HTTP in clear through CONNECT", |net| connect(net, -1), EXPIRED),
    ("HTTP in clear through CONNECT, healthy", |net| connect(net, 60), None),
    ("SIP over UDP behind CRLF, other port", |net| pinged(net, "10.1.0.9", b"\r\n\r\n", "undefined"), UNDEFINED),
    ("SIP over UDP behind CRLF, IPv6", |net| pinged(net, "2001:db8::9", b"\r\n", "undefined"), UNDEFINED),
    ("SIP over UDP behind zeros", |net| pinged(net, "10.1.0.9", &[0; 4], "undefined"), UNDEFINED),
    ("SIP over TCP begun in a body", begun_sip, UNDEFINED),
    ("Sametime begun in a message", |net| chat(net, 1533, &[0x55; 70], -1), EXPIRED),
    ("Sametime begun with a keep-alive, port 1516", |net| chat(net, 1516, &[0x80], -1), EXPIRED),
    ("Sametime begun at the login, any port", |net| chat(net, 8082, &[], -1), EXPIRED),
    ("Sametime begun with a keep-alive, healthy", |net| chat(net, 1533, &[0x80], 60), None),
];

/// A token of Ann's that ends so many minutes from now.
fn token(net: &Network, minutes: i64) -> String {
    let now = net.now();
    let end = now.saturating_add_signed(minutes * i64::try_from(ltpa::MINUTE).unwrap());
    ltpa::domino("CN=Ann Smith/O=Acme", now - 60 * ltpa::MINUTE, end)
}

/// A page is asked for with that token, which is refused if it has ended.
fn asks(net: &Network, tcp: &Tcp, minutes: i64) {
    let answer = if minutes < 0 { http::response(401) } else { http::response(200).html("<p>hello</p>") };
    let request = http::get("/mail/ann.nsf").host("mail.example.com").cookie("LtpaToken", &token(net, minutes));
    tcp.wait(200).client(request).server(answer).client_fin();
}

fn page(net: &Network, port: u16, client: &str, server: &str, minutes: i64) {
    let tcp = net.dial(&net.host(client), &net.host(server), port).midstream();
    tcp.server(b"the rest of a long page ".repeat(9000));
    asks(net, &tcp, minutes);
}

fn upload(net: &Network) {
    let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 8080).midstream();
    tcp.client(vec![b'='; 150_000]).server(http::response(201));
    asks(net, &tcp, -1);
}

fn socks(net: &Network, minutes: i64) {
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.8"), 1080);
    tcp.client([5, 1, 0]).server([5, 0]).client(b"\x05\x01\x00\x03\x10mail.example.com\x00\x50");
    tcp.server([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    asks(net, &tcp, minutes);
}

fn connect(net: &Network, minutes: i64) {
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.8"), 3128);
    tcp.client(http::request("CONNECT", "mail.example.com:80").host("mail.example.com:80"));
    tcp.server("HTTP/1.1 200 Connection established\r\n\r\n");
    asks(net, &tcp, minutes);
}

/// A softphone that keeps its way through a NAT open registers with that in place of a token.
fn pinged(net: &Network, server: &str, ping: &[u8], token: &str) {
    let v6 = server.contains(':');
    let (client, server) = (net.host(if v6 { "2001:db8::5" } else { "10.1.0.50" }), net.host(server));
    for _ in 0..12 {
        net.wait(20_000).udp(&client, 40_001, &server, 5070, ping);
    }
    let phone = sip::Phone::new(&client, 40_001, &server, 5070, "ann@example.com");
    let register = phone.register().cookie("LtpaToken", token);
    phone.sends(&register).hears(register.response(401).challenge("example.com", "7f"));
}

fn begun_sip(net: &Network) {
    let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5070).midstream();
    tcp.client("o=- 1 1 IN IP4 10.1.0.50\r\ns=-\r\n").wait(3000).client("\r\n\r\n").server("\r\n").wait(3000);
    let register = sip::Phone::over(&tcp, "ann@example.com").register().cookie("LtpaToken", "undefined");
    tcp.client(&register).server(register.response(401).challenge("example.com", "7f"));
}

fn chat(net: &Network, port: u16, before: &[u8], minutes: i64) {
    let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.31"), port).midstream();
    tcp.client(before).wait(50);
    let login = Login::tokens("CN=Ann Smith/O=Acme", &[&token(net, minutes)]);
    if minutes < 0 {
        tcp.vp_login(&login).server(sametime::destroy(0, reason::TOKEN_EXPIRED)).server_fin();
    } else {
        tcp.vp_login(&login).vp_accept("CN=Ann Smith/O=Acme", "Ann Smith");
    }
}
