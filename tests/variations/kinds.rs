//! Kinds of faults, each in several encodings, and the healthy twins beside them: one table a subject, one row a story.
//!
//! Every row is told four times: as it stands, over IPv6, in another network on another day, and on a VLAN with the actors in
//! another order; what browsers do also inside TLS whose keys are in the capture. A rule that knows a fault by the looks of one
//! capture fails here.

#[path = "begun.rs"]
mod begun;
#[path = "ends.rs"]
mod ends;
#[path = "lost.rs"]
mod lost;
#[path = "media.rs"]
mod media;
#[path = "network.rs"]
mod network;
#[path = "sip.rs"]
mod sip;
#[path = "sip_register.rs"]
mod sip_register;
#[path = "tls.rs"]
mod tls;
#[path = "web.rs"]
mod web;
#[path = "web_directory.rs"]
mod web_directory;
#[path = "web_jwt.rs"]
mod web_jwt;
#[path = "web_login.rs"]
mod web_login;
#[path = "web_provider.rs"]
mod web_provider;
#[path = "web_script.rs"]
mod web_script;
#[path = "web_spnego.rs"]
mod web_spnego;

use nrpcsniff::{Diagnoser, Finding, Severity};
use nrpcsniff_samples::{Format, Link, Network, Variation};
use std::io::Cursor;

/// A name, a story, and the rule that must speak, once. None: nothing is wrong, and nothing is said but information.
pub(crate) type Row = (&'static str, fn(&Network), Option<&'static str>);

/// All tables.
const TABLES: &[&[Row]] = &[
    begun::ROWS,
    ends::ROWS,
    lost::ROWS,
    media::ROWS,
    network::NAMES,
    network::NOISE,
    network::REFUSED,
    sip::ROWS,
    sip_register::ROWS,
    tls::ROWS,
];

/// Tables of what browsers do.
const WEB: &[&[Row]] = &[
    web::ROWS,
    web_directory::ROWS,
    web_jwt::ROWS,
    web_login::ROWS,
    web_provider::ROWS,
    web_script::ROWS,
    web_spnego::ROWS,
];

/// The ways in which each row is told.
fn variations() -> [(&'static str, Variation); 4] {
    let link = |link| Some(Format::pcap().link(link));
    let elsewhere = Variation {
        seed: 11,
        addresses: true,
        macs: true,
        hops: 6,
        later: 86_400 * 40,
        rtt: 300,
        segments: true,
        ..Variation::none()
    };
    [
        ("as it stands", Variation::none()),
        ("over IPv6", Variation { seed: 5, ipv6: true, ..Variation::none() }),
        ("elsewhere", elsewhere),
        ("on a VLAN", Variation { seed: 23, order: true, format: link(Link::Vlan(30)), ..Variation::none() }),
    ]
}

/// The same story with browsers that speak TLS, and the keys beside it.
fn inside_tls() -> (&'static str, Variation) {
    let format = Some(Format::pcapng().keys().interface("eth0"));
    ("inside TLS", Variation { seed: 31, inside_tls: true, format, ..Variation::none() })
}

fn findings(story: fn(&Network), variation: &Variation) -> Vec<Finding> {
    let net = Network::varied(1, variation);
    story(&net);
    let format = variation.format.clone().unwrap_or_else(Format::pcapng);
    let capture = net.write(&format);
    let diagnosis = Diagnoser::default().diagnose_stream("varied", Cursor::new(capture)).unwrap();
    diagnosis.findings().to_vec()
}

/// What is wrong with what was said, if anything is.
fn deviation(said: &[Finding], expected: Option<&str>) -> Option<String> {
    let told: Vec<_> = said.iter().map(|finding| (finding.rule.as_str(), finding.severity)).collect();
    // What is said of the capture accuses nobody.
    let of_others = |finding: &&Finding| !finding.rule.as_str().starts_with("cap-");
    let accuses = || said.iter().filter(of_others).any(|finding| finding.severity != Severity::Info);
    let is_right = match expected {
        Some(rule) => said.iter().filter(|finding| finding.rule.as_str() == rule).count() == 1,
        None => !accuses(),
    };
    (!is_right).then(|| format!("{expected:?} expected, said {told:?}"))
}

#[test]
fn every_kind_is_told_and_its_healthy_twins_are_not() {
    let rows = |tables: &'static [&'static [Row]]| tables.iter().copied().flatten();
    let ways = || variations().into_iter();
    let everything = rows(TABLES).chain(rows(WEB)).flat_map(|row| ways().map(move |way| (row, way)));
    let encrypted = rows(WEB).map(|row| (row, inside_tls()));
    let wrong: Vec<String> = everything
        .chain(encrypted)
        .filter_map(|((name, story, expected), (how, variation))| {
            let deviation = deviation(&findings(*story, &variation), *expected)?;
            Some(format!("{name}, {how}: {deviation}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
