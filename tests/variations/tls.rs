//! TLS: what stands in a certificate, what a hello lacks, and how a handshake ends.

use super::Row;
use nrpcsniff_samples::sip::Phone;
use nrpcsniff_samples::tls::{Presents, StringType, Tls, flight_of};
use nrpcsniff_samples::{Network, Side, Tcp};

const MEET: &str = "meet.example.com";

/// Stories of TLS.
pub(crate) const ROWS: &[Row] = &[
    ("the name fits, in a TeletexString", |net| shown(net, MEET, StringType::Teletex), None),
    ("the name fits, in a BMPString", |net| shown(net, MEET, StringType::Bmp), None),
    ("the name fits, in a UniversalString", |net| shown(net, "*.example.com", StringType::Universal), None),
    ("the name fits, in a PrintableString", |net| shown(net, MEET, StringType::Printable), None),
    ("the name fits, in an IA5String", |net| shown(net, MEET, StringType::Ia5), None),
    ("the name is in no string", |net| shown(net, "other.example.net", StringType::OctetString), None),
    ("another name, in a TeletexString", |net| shown(net, "büro.example.net", StringType::Teletex), None),
    ("another host, in a TeletexString", |net| shown(net, "other.example.net", StringType::Teletex), NAME),
    ("another host, in a BMPString", |net| shown(net, "other.example.net", StringType::Bmp), NAME),
    ("no server name, unrecognized_name", |net| turned_away(net, &Tls::v12(MEET).names_nobody(), 112), NO_NAME),
    ("no server name, handshake_failure", |net| turned_away(net, &Tls::v13(MEET).names_nobody(), 40), NO_NAME),
    ("no server name, and others get in", |net| served_by_name(net, 80), NO_NAME),
    ("no server name, and none is missed", |net| goes_on(net, &Tls::v13(MEET).names_nobody()), None),
    ("a server name that is not served", |net| turned_away(net, &Tls::v12(MEET), 112), NAME),
    ("a server name, handshake_failure", |net| turned_away(net, &Tls::v12(MEET), 40), Some("tls-cipher")),
    ("internal_error of the client", |net| gives_up(net, 80), FAILED),
    ("decrypt_error of the client", |net| gives_up(net, 51), FAILED),
    ("illegal_parameter of the server", |net| turned_away(net, &Tls::v12(MEET), 47), FAILED),
    ("an alert without a name", |net| turned_away(net, &Tls::v13(MEET), 200), FAILED),
    ("a hello of SSL 2.0, closed", |net| old_form(net, 2, None), VERSION),
    ("a hello in the form of SSL 2.0, protocol_version", |net| old_form(net, 0x0301, Some(70)), VERSION),
    ("a hello in the form of SSL 2.0, handshake_failure", |net| old_form(net, 0x0300, Some(40)), VERSION),
    ("a farewell in the middle", |net| gives_up(net, 0), None),
    ("a user who changed his mind", |net| gives_up(net, 90), None),
    ("a hello that is cut, and then handshake_failure", half_a_hello, FAILED),
    ("a softphone's contact, expired", |net| softphone(net, "TLS", Presents::Expired), Some("sip-contact-tls")),
    ("a softphone's contact, unknown issuer", |net| softphone(net, "tls", Presents::ChainCut), Some("sip-contact-tls")),
    ("a softphone's contact, another name", |net| softphone(net, "TLS", Presents::OtherName), Some("sip-contact-tls")),
    (
        "a softphone that is to be called over TCP",
        |net| softphone(net, "TCP", Presents::Expired),
        Some("tls-cert-expired"),
    ),
    ("a softphone's contact, and TLS works", softphone_works, None),
    ("another host, in UTF-8", |net| shown(net, "other.example.net", StringType::Utf8), NAME),
];

const NAME: Option<&str> = Some("tls-name-mismatch");

const NO_NAME: Option<&str> = Some("tls-sni-missing");
const VERSION: Option<&str> = Some("tls-version");
const FAILED: Option<&str> = Some("tls-handshake-failed");

fn call(net: &Network) -> Tcp {
    net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443)
}

/// The client sees a certificate for that name and closes without a word, twice.
fn shown(net: &Network, name: &str, kind: StringType) {
    for _ in 0..2 {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(2).server(flight_of(name, kind)).wait(3).client_fin();
        net.wait(1_500);
    }
}

/// The server answers the ClientHello with that alert, twice.
fn turned_away(net: &Network, tls: &Tls, alert: u8) {
    for _ in 0..2 {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(tls)).wait(2).server([21, 3, 3, 0, 2, 2, alert]).server_fin();
        net.wait(1_500);
    }
}

/// A handshake that works, and a request inside.
fn goes_on(net: &Network, tls: &Tls) {
    let inside = net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.22"), 443).tls(tls);
    inside
        .client("GET / HTTP/1.1\r\nHost: meet.example.com\r\n\r\n")
        .server("HTTP/1.1 204 No Content\r\n\r\n")
        .client_fin();
    net.wait(1_000);
}

/// Who names a host gets in; who names none is answered with that alert.
fn served_by_name(net: &Network, alert: u8) {
    goes_on(net, &Tls::v13(MEET));
    turned_away(net, &Tls::v13(MEET).names_nobody(), alert);
}

/// The client gives up at the server's part with that alert, twice.
fn gives_up(net: &Network, alert: u8) {
    for _ in 0..2 {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(2).server(flight_of(MEET, StringType::Teletex)).wait(3);
        tcp.client([21, 3, 3, 0, 2, 2, alert]).client_fin();
        net.wait(1_500);
    }
}

/// A softphone registers to be called over that transport at a port of its own, and accepts connections there.
fn registered(net: &Network, transport: &str) -> Tcp {
    let (host, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    let phone = Phone::new(&host, 5060, &server, 5060, "ann@example.com");
    let phone = phone.transport(transport).shown_as(&net.place("10.1.0.50", 5071));
    let register = phone.register();
    phone.sends(&register).hears(register.response(200).contact_of(&register).expires(1800));
    net.wait(2_000);
    net.connect(&server, &host, 5071)
}

/// The registrar opens TLS to it and does not like what it sees.
fn softphone(net: &Network, transport: &str, shows: Presents) {
    registered(net, transport).tls_fails(&Tls::v12(MEET).presents(shows));
}

/// The registrar opens TLS to it, and a request goes through.
fn softphone_works(net: &Network) {
    let inside = registered(net, "TLS").tls(&Tls::v12(MEET));
    inside.client("OPTIONS sip:ann@example.com SIP/2.0\r\n\r\n").client_fin();
}

/// Only the beginning of the ClientHello was captured: what it offers is not known, and what it lacks neither.
fn half_a_hello(net: &Network) {
    for _ in 0..2 {
        let tcp = call(net);
        let hello = tcp.tls_hello(&Tls::v12(MEET));
        let rest = u32::try_from(hello.len() - 70).expect("a short hello");
        tcp.client(&hello[..70]).skip(Side::Client, rest).server([21, 3, 3, 0, 2, 2, 40]).server_fin();
        net.wait(1_500);
    }
}

/// Java 6 begins in the form of SSL 2.0; the server refuses it, or closes.
fn old_form(net: &Network, version: u16, alert: Option<u8>) {
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22").linux(), 443);
    let [high, low] = version.to_be_bytes();
    let fixed = [0x80, 31, 1, high, low, 0, 6, 0, 0, 0, 16];
    tcp.client([&fixed[..], &[0, 0, 0x2F, 0, 0, 0x05], &[7; 16]].concat()).wait(5);
    if let Some(code) = alert {
        tcp.server([21, 3, 1, 0, 2, 2, code]);
    }
    tcp.wait(1).server_fin();
    net.wait_secs(3);
}
