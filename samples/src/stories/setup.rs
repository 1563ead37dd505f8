//! The connection cannot be opened.

use super::{MAIL, Sample, client, resolver, server};
use crate::dns::{A, AAAA, Rcode, Record};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-refused",
        story: "Nothing listens on 1352: each SYN is answered with RST at once, in two attempts of three tries.",
        see: "RST within the round-trip time, with the server's own TTL.",
        rules: &["nrpc-syn-refused"],
        format: || Format::pcap().link(Link::RawIp),
        tell: refused,
    },
    Sample {
        name: "nrpc-silent",
        story: "Port 1352 is filtered: SYN at 0, 1 and 3 s and no answer; the user tries again after 20 s.",
        see: "Retransmitted SYNs, nothing else.",
        rules: &["nrpc-syn-silent"],
        format: || Format::pcap().link(Link::Sll),
        tell: silent,
    },
    Sample {
        name: "nrpc-icmp-reject",
        story: "A router forbids the connection: ICMP destination unreachable, administratively prohibited (code 13).",
        see: "The ICMP message comes from 10.1.0.1 and quotes the SYN.",
        rules: &["nrpc-icmp-reject"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: icmp_reject,
    },
    Sample {
        name: "nrpc-asymmetric",
        story: "Captured at the server. Each SYN is answered, but the answers leave through another router and never arrive: the client \
                repeats its SYN, the server its SYN-ACK.",
        see: "SYN and SYN-ACK again and again, never an ACK; the answers go to another hardware address than the SYNs came from.",
        rules: &["nrpc-asymmetric"],
        format: || Format::pcapng().interface("ens192"),
        tell: asymmetric,
    },
    Sample {
        name: "nrpc-dns-failure",
        story: "Mail01 could be reached a moment ago; now its name does not resolve, with either search suffix, and the third \
                resolver query fails altogether. No SYN follows.",
        see: "NXDOMAIN and SERVFAIL for the common name of a server known from the capture.",
        rules: &["nrpc-dns-failure"],
        format: Format::pcap,
        tell: dns_failure,
    },
    Sample {
        name: "nrpc-ipv6-first",
        story: "The name has an AAAA and an A record. The client tries IPv6 for 5 s in vain, then connects over IPv4; a minute \
                later the same again.",
        see: "A constant delay of 5 s before every session.",
        rules: &["nrpc-ipv6-first"],
        format: || Format::pcapng().interface("en0"),
        tell: ipv6_first,
    },
    Sample {
        name: "nrpc-private-address",
        story: "A client outside the company reaches Mail01 at its public address. Later it calls the server at 10.20.0.9, the \
                address in the Server document, which no packet from there can reach.",
        see: "SYNs from a public to a private address without an answer, after a session that worked.",
        rules: &["nrpc-private-address"],
        format: || Format::pcap().nanoseconds().link(Link::RawIp),
        tell: private_address,
    },
];

fn refused(net: &Network) {
    for second in [0, 12] {
        net.at(second * 1000);
        net.dial(&client(net), &server(net), 1352).refused(3);
    }
}

fn silent(net: &Network) {
    for second in [0, 20] {
        net.at(second * 1000);
        net.dial(&client(net).captures_here(), &server(net), 1352).silent(&[1, 3]);
    }
}

fn icmp_reject(net: &Network) {
    const ADMINISTRATIVELY_PROHIBITED: u8 = 13;
    let router = net.host("10.1.0.1").linux().ttl(255);
    for second in [0, 6] {
        net.at(second * 1000);
        net.dial(&client(net), &net.host("10.7.0.9"), 1352).rejected(&router, ADMINISTRATIVELY_PROHIBITED);
    }
}

fn asymmetric(net: &Network) {
    const OTHER_ROUTER: [u8; 6] = [0x02, 0, 0, 0, 0x20, 0x02];
    let (client, server) = (client(net).ttl(125).answered_via(OTHER_ROUTER), server(net).captures_here().ttl(64));
    for second in [0, 20] {
        net.at(second * 1000);
        net.dial(&client, &server, 1352).unheard(&[1, 3]);
    }
}

fn dns_failure(net: &Network) {
    let (client, resolver) = (client(net), resolver(net));
    let records = [Record::address("mail01.example.net", "10.1.0.9")];
    net.resolve(&client, &resolver, "mail01.example.net", A, &records).wait(2);
    net.connect(&client, &server(net), 1352).wait(1).works(MAIL, 2).wait_secs(1).client_fin();
    for second in [300, 315] {
        net.at(second * 1000);
        for name in ["mail01.example.net", "mail01.branch.example.net"] {
            net.resolve_fails(&client, &resolver, name, A, Rcode::NxDomain).wait(1);
        }
        net.resolve_fails(&client, &resolver, "mail01", A, Rcode::ServFail);
    }
}

fn ipv6_first(net: &Network) {
    let (client4, client6) = (client(net), net.host("2001:db8:1::50"));
    let (server4, server6) = (server(net), net.host("2001:db8:1::9"));
    for second in [0, 60] {
        net.at(second * 1000);
        let name = "mail01.example.net";
        net.resolve(&client4, &resolver(net), name, AAAA, &[Record::address(name, "2001:db8:1::9")]);
        net.resolve(&client4, &resolver(net), name, A, &[Record::address(name, "10.1.0.9")]);
        net.at(second * 1000 + 10);
        net.dial(&client6, &server6, 1352).silent(&[1, 3]);
        net.at(second * 1000 + 5_010);
        net.connect(&client4, &server4, 1352).wait(1).works(MAIL, 3).wait_secs(4).client_fin();
    }
}

fn private_address(net: &Network) {
    let client = net.host("198.51.100.23");
    let public = net.host("203.0.113.9").linux().ttl(52).distance_ms(9);
    net.connect(&client, &public, 1352).wait(1).works(MAIL, 4).wait_secs(2).client_fin();
    for second in [40, 55] {
        net.at(second * 1000);
        net.dial(&client, &net.host("10.20.0.9"), 1352).silent(&[1, 3]);
    }
}
