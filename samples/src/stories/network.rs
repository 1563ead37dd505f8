//! Names and connections: what looks like a fault of the sign-on and is none, and what is one.

use super::http::{both, logs_in};
use super::{MAIL, Sample, browser, client, portal, registrar, resolver, server};
use crate::dns::{A, AAAA, Rcode, Record};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::sip::Phone;
use crate::tcp::{Segment, Side};
use crate::wire::flags;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "nrpc-dual-stack",
        story: "A machine with IPv4 and IPv6 asks for Mail01 over IPv6, where the resolver refuses, knows the address all the same \
                and connects over IPv4. Other programs ask for names that nobody has.",
        see: "Nothing to report: the session works; the other names have nothing to do with it.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: dual_stack,
    },
    Sample {
        name: "nrpc-port-scan",
        story: "Somebody looks for open ports of two servers, seven of each, from one port of his own. Then a user signs on at Mail01.",
        see: "Refused connections to the ports of Notes and Sametime that no user made.",
        rules: &["nrpc-probe-noise"],
        format: || Format::pcap().link(Link::Vlan(40)),
        tell: port_scan,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "net-name-not-found",
        story: "The portal is found and used in the office. A client that works from home asks the resolver of its provider for it, \
                which does not know the company's inner names.",
        see: "NXDOMAIN for a host at which others sign on, and no connection of that client.",
        rules: &["net-name-not-found"],
        format: || Format::pcap().nanoseconds(),
        tell: name_not_found,
    },
    Sample {
        name: "net-connect-failed",
        story: "One telephone registers in clear by UDP. Another is set to TLS and calls port 5061 of the registrar, on which nothing \
                listens.",
        see: "SYN and RST on 5061 of a machine at which others register.",
        rules: &["net-connect-failed"],
        format: || Format::pcapng().big_endian().interface("eth0"),
        tell: connect_failed,
    },
    Sample {
        name: "nrpc-refused-filter",
        story: "Mail01 serves one client. Another is refused twice by a packet filter in front of the server; then the first is served \
                once more.",
        see: "The RSTs have TTL 64, the server's packets 63: they come from one hop nearer.",
        rules: &["nrpc-syn-refused"],
        format: || Format::pcap().nanoseconds(),
        tell: refused_by_filter,
    },
    Sample {
        name: "nrpc-refused-alternately",
        story: "Behind the address of Mail01 a load balancer shares connections out to two machines, on one of which nothing listens.",
        see: "Every second attempt is refused, whoever makes it.",
        rules: &["nrpc-syn-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: refused_alternately,
    },
];

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

fn port_scan(net: &Network) {
    let scanner = net.host("10.1.0.66").linux();
    for port in [8080, 443, 80, 22, 5060, 1533, 1352] {
        for server in ["10.1.0.9", "10.1.0.23"] {
            let dial = net.dial(&scanner, &net.host(server).linux().ttl(63), port).client_port(33_527);
            if port == 8080 { dial.half_open() } else { dial.refused(1) }
        }
    }
    net.wait_secs(60);
    net.connect(&client(net), &net.host("10.1.0.19").linux().ttl(63), 1352)
        .wait(1)
        .works(MAIL, 4)
        .wait_secs(1)
        .client_fin();
}

fn connect_failed(net: &Network) {
    let registrar = registrar(net);
    let works = Phone::new(&client(net), 5060, &registrar, 5060, "ann@example.com");
    let first = works.register();
    let challenge = first.response(401).challenge("example.com", "5f2d9a");
    let second = works.register().credentials(&challenge, "ann", "not a real one");
    works.sends(&first).hears(&challenge).sends(&second);
    works.hears(second.response(200).contact_of(&second).expires(1800));
    for second in [30, 35, 45] {
        net.at(second * 1000);
        net.dial(&net.host("10.1.0.60"), &registrar, 5061).refused(1);
    }
}

fn refused_by_filter(net: &Network) {
    let works = || {
        net.connect(&net.host("10.1.0.51"), &server(net), 1352).works(MAIL, 3).wait_secs(1).client_fin();
    };
    works();
    for second in [5, 7] {
        net.at(second * 1000);
        let tcp = net.dial(&client(net), &server(net), 1352).midstream();
        tcp.segment(Side::Client, Segment { sequence: -1, ..Segment::new(flags::SYN) });
        tcp.segment(Side::Server, Segment { ttl: Some(64), window: Some(0), ..Segment::new(flags::RST | flags::ACK) });
    }
    net.at(9000);
    works();
}

fn refused_alternately(net: &Network) {
    for n in 0..6_u64 {
        net.at(n * 1500);
        let (one, other) = (net.host(&format!("10.1.0.{}", 50 + n)), net.host(&format!("10.1.0.{}", 51 + n)));
        net.connect(&one, &server(net), 1352).works(MAIL, 2).wait(200).client_fin();
        net.dial(&other, &server(net), 1352).refused(1);
    }
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
