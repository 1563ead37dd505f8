//! TLS: what stands in a certificate, what a hello lacks, and how a handshake ends.

use super::Row;
use nrpcsniff_samples::tls::{StringType, Tls, flight_of};
use nrpcsniff_samples::{Network, Tcp};

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
    ("another host, in UTF-8", |net| shown(net, "other.example.net", StringType::Utf8), NAME),
];

const NAME: Option<&str> = Some("tls-name-mismatch");

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
