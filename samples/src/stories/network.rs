//! Names and connections: what looks like a fault of the sign-on and is none, and what is one.

use super::http::{both, logs_in};
use super::{MAIL, Sample, browser, client, portal, resolver, server};
use crate::dns::{A, AAAA, Rcode, Record};
use crate::file::Format;
use crate::net::Network;

pub(super) const WORKING: &[Sample] = &[Sample {
    name: "nrpc-dual-stack",
    story: "A machine with IPv4 and IPv6 asks for Mail01 over IPv6, where the resolver refuses, knows the address all the same and \
            connects over IPv4. Other programs ask for names that nobody has.",
    see: "Nothing to report: the session works; the other names have nothing to do with it.",
    rules: &[],
    format: || Format::pcapng().interface("eth0"),
    tell: dual_stack,
}];

pub(super) const SAMPLES: &[Sample] = &[Sample {
    name: "net-name-not-found",
    story: "The portal is found and used in the office. A client that works from home asks the resolver of its provider for it, which \
            does not know the company's inner names.",
    see: "NXDOMAIN for a host at which others sign on, and no connection of that client.",
    rules: &["net-name-not-found"],
    format: || Format::pcap().nanoseconds(),
    tell: name_not_found,
}];

fn dual_stack(net: &Network) {
    let (asker, refuses) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::2"));
    for name in ["mail01.branch.example.net", "mail01"] {
        for kind in [AAAA, A] {
            net.resolve_fails(&asker, &refuses, name, kind, Rcode::Refused).wait(1);
        }
    }
    for name in ["telemetry.vendor.example", "updates.vendor.example"] {
        net.resolve_fails(&client(net), &resolver(net), name, A, Rcode::NxDomain).wait(40);
    }
    net.connect(&client(net), &server(net), 1352).wait(1).works(MAIL, 4).wait_secs(2).client_fin();
}

fn name_not_found(net: &Network) {
    let name = "portal.example.com";
    net.resolve(&client(net), &resolver(net), name, A, &[Record::address(name, "10.1.0.20")]).wait(2);
    let visit = browser(net).open(&portal(net), 80, name);
    logs_in(&visit, "/wps/myportal", both(net));
    visit.wait(300).tcp().client_fin();
    let (home, provider) = (net.host("10.8.0.23"), net.host("192.0.2.53").linux().ttl(57).distance_ms(8));
    for second in [120, 131] {
        net.at(second * 1000);
        for kind in [A, AAAA] {
            net.resolve_fails(&home, &provider, name, kind, Rcode::NxDomain).wait(1);
        }
    }
}
