//! Sessions that work, some in spite of appearances.

use super::{MAIL, MATE, Sample, client, resolver, server};
use crate::dns::{A, AAAA, Record};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::nrpc::{self, FUNCTION_WORK, Generation};
use crate::tcp::{Side, Tcp};

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-working",
        story: "The name resolves, the names agree, both sides authenticate, eight transactions, the client closes.",
        see: "Nothing to report: the good half of every comparison.",
        rules: &[],
        format: || Format::pcapng().interface("eth0").comment("constructed: a session as it should be"),
        tell: working,
    },
    Sample {
        name: "nrpc-working-ipv6-vlan",
        story: "The same over IPv6 with an 802.1Q tag on every frame.",
        see: "Nothing to report; the same messages as in nrpc-working.",
        rules: &[],
        format: || Format::pcapng().link(Link::Vlan(100)).interface("trunk0"),
        tell: working_ipv6,
    },
    Sample {
        name: "nrpc-sprayer",
        story: "Clients ask for `mail.example.org`, a load balancer's address; Mail01 answers one, Mail02 the other, and both \
                sessions go on: the servers have NETWORK_SPRAYER_ADDRESS set.",
        see: "The names differ, yet a second client message follows: info at most, never a blocker.",
        rules: &["nrpc-name-mismatch-alias"],
        format: || Format::pcapng().big_endian().interface("eth1"),
        tell: sprayer,
    },
    Sample {
        name: "nrpc-r5-client",
        story: "A Notes R5 client, whose request names no server (no TLV 0x13), and an R5 server with a name of odd length. The user's \
                name stands in the authentication message in clear.",
        see: "Nothing to report: no wanted name means no name check.",
        rules: &[],
        format: Format::pcap,
        tell: r5_client,
    },
    Sample {
        name: "nrpc-opaque",
        story: "A session opens and authenticates; from then on every frame is encrypted. It is still open when the capture ends.",
        see: "Nothing to report: frames that cannot be read are not a fault.",
        rules: &[],
        format: || Format::pcapng().microseconds().link(Link::Sll2).interface("any"),
        tell: opaque,
    },
    Sample {
        name: "nrpc-rough-path",
        story: "A session that works over a path that splits, reorders, repeats and overlaps segments, with sequence numbers that \
                pass zero and keep-alives in the pauses.",
        see: "Nothing to report; the messages read as if the path had been smooth.",
        rules: &[],
        format: || Format::pcapng().interface("wlan0"),
        tell: rough_path,
    },
];

fn working(net: &Network) {
    let (client, server) = (client(net), server(net));
    let records = [Record::address("mail01.example.net", "10.1.0.9")];
    net.resolve(&client, &resolver(net), "mail01.example.net", A, &records).wait(2);
    net.connect(&client, &server, 1352).wait(1).works(MAIL, 8).wait_secs(2).client_fin();
}

fn working_ipv6(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::9").linux().ttl(63));
    let resolver = net.host("2001:db8:1::2").linux();
    let records = [Record::address("mail01.example.net", "2001:db8:1::9")];
    net.resolve(&client, &resolver, "mail01.example.net", AAAA, &records).wait(2);
    net.connect(&client, &server, 1352).wait(1).works(MAIL, 8).wait_secs(2).client_fin();
}

fn sprayer(net: &Network) {
    let vip = net.host("10.1.0.100").linux().ttl(254);
    let clients = [("10.1.0.50", MAIL), ("10.1.0.51", MATE)];
    for (number, (client, name)) in net.any_order(clients).into_iter().enumerate() {
        let client = net.host(client);
        net.at(number as u64 * 1500);
        let records = [Record::address("mail.example.org", "10.1.0.100")];
        net.resolve(&client, &resolver(net), "mail.example.org", A, &records).wait(2);
        let tcp = net.connect(&client, &vip, 1352);
        tcp.wait(1).session("mail.example.org", name).auth().transactions(4).wait_secs(1).client_fin();
    }
}

fn r5_client(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    let mut request = tcp.request_for("");
    request.wanted = None;
    request.generation = Generation::R5;
    let mut response = tcp.response_as("CN=Hub1/O=Example");
    response.generation = Generation::R5;
    tcp.wait(2).client(request.encode()).server(response.encode());
    tcp.auth_as("CN=Ada Reed/OU=Sales/O=Example").auth_reply().transactions(4).wait_secs(3).client_fin();
}

fn opaque(net: &Network) {
    let server = server(net).captures_here();
    let tcp = net.connect(&client(net), &server, 1352);
    tcp.wait(1).session(MAIL, MAIL).auth();
    for number in 0..8 {
        sealed(net, tcp.wait(15), Side::Client, 60 + 14 * number);
        sealed(net, &tcp, Side::Server, 200 + 150 * number);
    }
}

fn sealed(net: &Network, tcp: &Tcp, side: Side, len: usize) {
    tcp.send(side, nrpc::sealed(&net.random(len)));
}

fn rough_path(net: &Network) {
    let tcp = net.dial(&client(net).distance_ms(8), &server(net), 1352).near_wrap().open();
    tcp.wait(1).send_split(Side::Client, tcp.request_for(MAIL).encode(), &[1, 10, 37]);
    tcp.send_split(Side::Server, tcp.response_as(MAIL).encode(), &[60, 60]).auth();
    tcp.reordered(Side::Client, tcp.next_request(FUNCTION_WORK, 90)).answer(FUNCTION_WORK, 0, 300);
    tcp.wait(30).ask(FUNCTION_WORK, 40).wait(2).resend(Side::Client).answer(FUNCTION_WORK, 0, 120);
    let reply = tcp.next_reply(FUNCTION_WORK, 0, 80);
    tcp.wait(30).ask(FUNCTION_WORK, 40).send(Side::Server, &reply[..50]).overlap(Side::Server, 20, &reply[30..]);
    for _ in 0..2 {
        tcp.wait_secs(45).keepalive(Side::Server);
    }
    tcp.wait_secs(2).transactions(2).wait_secs(1).client_fin();
}
