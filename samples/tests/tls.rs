//! TLS of the samples as tshark reads it: what is inside opens with the keys in the capture, alerts are those of the stories.
//!
//! Without tshark the tests say so loudly and prove nothing.

use std::process::Command;

use nrpcsniff_samples::tls::{Presents, Tls};
use nrpcsniff_samples::{Format, Network};

const MEET: &str = "meet.example.com";

/// One field of the frames that a filter lets through, as tshark reads them.
fn tshark(name: &str, bytes: &[u8], filter: &str, field: &str) -> Option<Vec<String>> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).expect("a writable folder for tests");
    let output = Command::new("tshark").arg("-nr").arg(path).args(["-Y", filter, "-T", "fields", "-e", field]).output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: tshark is not installed, so nobody else reads what rustls wrote");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// A page is asked for and answered inside TLS.
fn page(settings: &Tls) -> Network {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443).tls(settings);
    tcp.client("GET /page HTTP/1.1\r\nHost: meet.example.com\r\n\r\n");
    tcp.server("HTTP/1.1 204 No Content\r\n\r\n").client_fin();
    net
}

fn fails(settings: &Tls) -> Network {
    let net = Network::new();
    net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443).tls_fails(settings);
    net
}

#[test]
fn what_is_inside_opens_with_the_keys_in_the_capture() {
    let kinds = [
        Tls::v12(MEET),
        Tls::v13(MEET),
        Tls::v13(MEET).large_hello(),
        Tls::v12(MEET).wants_certificate().has_certificate(),
    ];
    for (number, settings) in kinds.iter().enumerate() {
        let net = page(settings);
        for format in [Format::pcapng(), Format::pcapng().big_endian().microseconds()] {
            let file = format!("inside-{number}.pcapng");
            let Some(paths) = tshark(&file, &net.write(&format.clone().keys()), "http.request", "http.request.uri")
            else {
                return;
            };
            assert_eq!(paths, ["/page"], "{settings:?}");
            assert_eq!(tshark(&file, &net.write(&format), "http", "frame.number"), Some(Vec::new()), "without keys");
        }
    }
}

#[test]
fn who_minds_says_why() {
    let wanted = [
        (Tls::v12(MEET).presents(Presents::ChainCut), "48"),
        (Tls::v12(MEET).presents(Presents::Expired), "45"),
        (Tls::v12(MEET).presents(Presents::OtherName), "42"),
        (Tls::v12(MEET).without_common_suite(), "40"),
        (Tls::v12(MEET).without_common_version(), "70"),
        (Tls::v12(MEET).wants_certificate(), "116"),
        (Tls::v13(MEET).presents(Presents::ChainCut), "48"),
        (Tls::v13(MEET).wants_certificate(), "116"),
    ];
    for (number, (settings, alert)) in wanted.iter().enumerate() {
        let capture = fails(settings).write(&Format::pcapng().keys());
        let filter = "tls.alert_message.level == 2";
        let Some(alerts) = tshark(&format!("minds-{number}.pcapng"), &capture, filter, "tls.alert_message.desc") else {
            return;
        };
        assert_eq!(alerts, [*alert], "{settings:?}");
    }
}

#[test]
fn another_network_draws_other_keys_and_the_same_network_the_same() {
    let write = |seed| {
        let net = Network::seeded(seed);
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443);
        tcp.tls(&Tls::v13(MEET)).client("hello").client_fin();
        net.write(&Format::pcapng().keys())
    };
    assert!(write(1) == write(1));
    assert!(write(1) != write(2));
}
