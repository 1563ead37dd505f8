//! The wrong name answers.

use super::{APPS, MAIL, MATE, STCOMM, Sample, client, resolver, server};
use crate::dns::{A, Record};
use crate::file::Format;
use crate::link::Link;
use crate::net::{Host, Network};
use crate::tcp::Tcp;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-alias",
        story: "A user opens `chat.example.net`, a DNS alias of stcomm7.example.net. The machine that answers calls itself \
                `CN=STCOMM7/OU=Servers/O=Example`; the client hangs up 3 ms later, tries again after 6 s and ends the same way.",
        see: "Two conversations of two messages each; the client's FIN after message 2.",
        rules: &["nrpc-name-mismatch-alias"],
        format: || Format::pcapng().interface("eth0").comment("constructed: alias answered by another Domino name"),
        tell: alias,
    },
    Sample {
        name: "nrpc-alias-server-closes",
        story: "The same over IPv6 and without the DNS lookup; here the server sends the FIN.",
        see: "The finding names the server as the one who closed.",
        rules: &["nrpc-name-mismatch-alias"],
        format: Format::pcap,
        tell: alias_server_closes,
    },
    Sample {
        name: "nrpc-alias-server-rst",
        story: "The same once more; the server resets the connection instead of closing it.",
        see: "A reset by the server itself: its TTL and IP identification continue.",
        rules: &["nrpc-name-mismatch-alias"],
        format: || Format::pcapng().microseconds().link(Link::Sll).interface("any"),
        tell: alias_server_rst,
    },
    Sample {
        name: "nrpc-wrong-server",
        story: "The client asks the address it remembers for Mail01 and reaches Apps02, twice. No name was resolved before. Half a \
                minute later it reaches Mail01 at another address.",
        see: "A full Notes name was asked for, another server answered; the right one lives at 10.1.0.19.",
        rules: &["nrpc-name-mismatch-other-server"],
        format: || Format::pcap().nanoseconds(),
        tell: wrong_server,
    },
    Sample {
        name: "nrpc-renamed",
        story: "Mail01 was moved to another organisation: it answers with the same common name under OU=Hub, O=Example Group.",
        see: "Common names equal, the rest differs.",
        rules: &["nrpc-server-renamed"],
        format: || Format::pcap().big_endian(),
        tell: renamed,
    },
    Sample {
        name: "nrpc-sprayer-inconsistent",
        story: "One address, three servers in turn: clients ask for Mail01, Mail02 or Mail03 and get whichever is next. Some find \
                the name they wanted, the others are turned away.",
        see: "Three answering names from one address, interleaved in time; five of nine conversations fail.",
        rules: &["nrpc-sprayer-inconsistent"],
        format: || Format::pcapng().interface("span0"),
        tell: sprayer_inconsistent,
    },
    Sample {
        name: "nrpc-port-map",
        story: "Two partitions share an address: PartB listens on 1352, PartA on 13521. A client asks 1352 for PartA, PartB answers, \
                nothing redirects, and the client gives up. An administrator who connects to port 13521 reaches PartA.",
        see: "Wanted PartA, answered PartB, and PartA is there on another port.",
        rules: &["nrpc-port-map"],
        format: Format::pcap,
        tell: port_map,
    },
    Sample {
        name: "nrpc-early-close",
        story: "A client that names no server is answered and hangs up at once; two tries.",
        see: "One message each way, no names to compare: only the fallback rule can speak, with low confidence.",
        rules: &["nrpc-early-close"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: early_close,
    },
];

/// The client asks for one name, hears another, and hangs up after 3 ms.
fn turned_away(net: &Network, client: &Host, server: &Host, wanted: &str, answered: &str) -> Tcp {
    let tcp = net.connect(client, server, 1352);
    tcp.wait(1).session(wanted, answered).wait(3).client_fin();
    tcp
}

fn alias(net: &Network) {
    let client = client(net);
    let records =
        [Record::cname("chat.example.net", "stcomm7.example.net"), Record::address("stcomm7.example.net", "10.1.0.9")];
    net.resolve(&client, &resolver(net), "chat.example.net", A, &records);
    for second in [0, 6] {
        net.at(20 + second * 1000);
        turned_away(net, &client, &server(net), "chat.example.net", STCOMM);
    }
}

fn alias_server_closes(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::9").linux().ttl(63));
    for second in [0, 6] {
        net.at(second * 1000);
        net.connect(&client, &server, 1352).wait(1).session("chat.example.net", STCOMM).wait(2).server_fin();
    }
}

fn alias_server_rst(net: &Network) {
    for second in [0, 6] {
        net.at(second * 1000);
        let tcp = net.connect(&client(net).captures_here(), &server(net), 1352);
        tcp.wait(1).session("chat.example.net", STCOMM).wait(2).server_rst();
    }
}

fn wrong_server(net: &Network) {
    let client = client(net);
    for second in [0, 7] {
        net.at(second * 1000);
        turned_away(net, &client, &server(net), MAIL, APPS);
    }
    net.at(38_000);
    let moved = net.host("10.1.0.19").linux().ttl(63);
    net.connect(&client, &moved, 1352).wait(1).works(MAIL, 4).wait_secs(1).client_fin();
}

fn renamed(net: &Network) {
    for second in [0, 6] {
        net.at(second * 1000);
        turned_away(net, &client(net), &server(net), MAIL, "CN=Mail01/OU=Hub/O=Example Group");
    }
}

fn sprayer_inconsistent(net: &Network) {
    const THIRD: &str = "CN=Mail03/OU=Servers/O=Example";
    let vip = net.host("10.1.0.100").linux().ttl(254);
    let calls = [
        (0, "10.1.0.50", MAIL, MAIL),
        (300, "10.1.0.51", MAIL, MATE),
        (700, "10.1.0.52", MATE, THIRD),
        (1_200, "10.1.0.53", THIRD, MAIL),
        (6_300, "10.1.0.51", MAIL, THIRD),
        (6_700, "10.1.0.52", MATE, MATE),
        (7_200, "10.1.0.53", THIRD, THIRD),
        (12_300, "10.1.0.51", MAIL, MAIL),
        (14_000, "10.1.0.54", MATE, MAIL),
    ];
    for (start, client, wanted, answered) in calls {
        net.at(start);
        let client = net.host(client);
        if wanted == answered {
            net.connect(&client, &vip, 1352).wait(1).works(wanted, 4).wait_secs(20).client_fin();
        } else {
            turned_away(net, &client, &vip, wanted, answered);
        }
    }
}

fn port_map(net: &Network) {
    const PART_A: &str = "CN=PartA/OU=Servers/O=Example";
    const PART_B: &str = "CN=PartB/OU=Servers/O=Example";
    let (client, admin, host) = (client(net), net.host("10.1.0.60"), server(net));
    net.connect(&admin, &host, 13_521).wait(1).works(PART_A, 3).wait_secs(30).client_fin();
    for second in [4, 10] {
        net.at(second * 1000);
        turned_away(net, &client, &host, PART_A, PART_B);
    }
    net.at(16_000);
    net.connect(&net.host("10.1.0.51"), &host, 1352).wait(1).works(PART_B, 3).wait_secs(2).client_fin();
}

fn early_close(net: &Network) {
    for second in [0, 6] {
        net.at(second * 1000);
        let tcp = net.connect(&client(net), &server(net), 1352);
        let mut request = tcp.request_for("");
        request.wanted = None;
        tcp.wait(1).client(request.encode()).response(MAIL).wait(4).client_fin();
    }
}
