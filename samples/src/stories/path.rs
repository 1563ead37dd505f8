//! The path between the two: loss, packet size, windows, distance.

use super::{MAIL, Sample, client, mail, server};
use crate::file::Format;
use crate::http;
use crate::net::Network;
use crate::nrpc::FUNCTION_WORK;
use crate::tcp::{Segment, Side, Tcp};
use crate::wire::flags;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-mtu-blackhole",
        story: "Captured at the server. Small messages pass; the first large reply goes out in full segments, none of which is ever \
                acknowledged, while the short last one is (selectively). After 30 s the client gives up.",
        see: "The same 1460-byte segment six times, never acknowledged; no ICMP.",
        rules: &["tcp-mtu-blackhole"],
        format: || Format::pcapng().interface("ens192"),
        tell: mtu_blackhole,
    },
    Sample {
        name: "nrpc-mtu-at-client",
        story: "Captured at two clients. Small messages pass; the first large reply of the server never comes but for its short last \
                segment, which the clients acknowledge selectively. After 15 s they give up.",
        see: "5792 bytes that never come, while what follows them does; each client asks for them to the end.",
        rules: &["tcp-mtu-blackhole"],
        format: || Format::pcapng().interface("Ethernet"),
        tell: mtu_at_client,
    },
    Sample {
        name: "http-never-acknowledged",
        story: "A browser logs in at Domino's web server. The page comes; the form with name and password is sent six times and never \
                acknowledged: a firewall has dropped the connection meanwhile.",
        see: "The same POST six times, and not a word from the server.",
        rules: &["tcp-never-acknowledged"],
        format: || Format::pcapng().interface("Ethernet"),
        tell: never_acknowledged,
    },
    Sample {
        name: "nrpc-reset-together",
        story: "Five users work on Mail01. At one moment the firewall, which has just failed over, resets all of their sessions in the \
                server's name.",
        see: "Five resets within milliseconds, whose TTL is not the server's.",
        rules: &["tcp-reset-together"],
        format: || Format::pcapng().interface("span0"),
        tell: reset_together,
    },
    Sample {
        name: "nrpc-loss",
        story: "A session over a bad line: some segments get lost before the capture point, some behind it, and two waits for a \
                retransmission last longer than a second.",
        see: "More than 3 % of the data segments are sent again.",
        rules: &["tcp-loss"],
        format: || Format::pcapng().interface("ppp0"),
        tell: loss,
    },
    Sample {
        name: "nrpc-zero-window",
        story: "In the middle of a large reply the client stops reading: its window stays shut for 4.5 s.",
        see: "Zero windows from the client, probed by the server.",
        rules: &["tcp-zero-window"],
        format: Format::pcap,
        tell: zero_window,
    },
    Sample {
        name: "nrpc-chatty",
        story: "Sixty small transactions over a line of 160 ms: the work takes ten seconds although nothing is lost and the server \
                answers at once.",
        see: "Messages times round-trip time explain the whole wait.",
        rules: &["nrpc-chatty-rtt"],
        format: Format::pcap,
        tell: chatty,
    },
];

fn mtu_blackhole(net: &Network) {
    let (client, server) = (client(net).distance_ms(14).ttl(121), server(net).captures_here().ttl(64));
    let tcp = net.connect(&client, &server, 1352);
    tcp.wait(1).works(MAIL, 3).wait(20).ask(FUNCTION_WORK, 40);
    let reply = tcp.next_reply(FUNCTION_WORK, 0, 4_700);
    tcp.blackhole(Side::Server, reply, &[300, 600, 1_200, 2_400, 4_800]).wait_secs(20).client_rst();
}

fn mtu_at_client(net: &Network) {
    for address in ["10.1.0.50", "10.1.0.51"] {
        let (client, server) = (net.host(address).captures_here(), server(net).distance_ms(14));
        let tcp = net.connect(&client, &server, 1352);
        tcp.wait(1).works(MAIL, 3).wait(20).ask(FUNCTION_WORK, 40);
        tcp.never_arrives(Side::Server, 4 * 1_448, [0x5A; 220]).wait_secs(15).half_close(Side::Client);
        net.wait(300);
    }
}

fn never_acknowledged(net: &Network) {
    let tcp = net.connect(&client(net).captures_here(), &mail(net).distance_ms(9), 80);
    tcp.client(http::get("/mail/ann.nsf").host("mail.example.com"));
    let page =
        "<form action=\"/names.nsf?Login\"><input name=\"Username\"><input type=\"password\" name=\"Password\"></form>";
    tcp.wait(12).server(http::response(200).html(page)).wait_secs(40);
    let login = http::post("/names.nsf?Login").host("mail.example.com");
    let login = login.form(&[("Username", "Ann Smith"), ("Password", "secret"), ("RedirectTo", "/mail/ann.nsf")]);
    tcp.unanswered(Side::Client, login, &[300, 600, 1_200, 2_400, 4_800]).wait_secs(10).client_rst();
}

fn reset_together(net: &Network) {
    let server = server(net).linux();
    let dial = |client: u8| net.connect(&net.host(&format!("10.1.0.{client}")), &server, 1352);
    let sessions: Vec<Tcp> = (50..55).map(dial).collect();
    for tcp in &sessions {
        tcp.works(MAIL, 3).wait(20);
    }
    net.at(20_000);
    for tcp in &sessions {
        tcp.segment(Side::Server, Segment { ttl: Some(250), ..Segment::new(flags::RST | flags::ACK) });
    }
    net.wait_secs(40);
    net.udp(&net.host("10.1.0.2"), 123, &net.host("10.1.0.9"), 123, [0x1b; 48]);
}

fn loss(net: &Network) {
    let tcp = net.connect(&client(net), &server(net).distance_ms(15), 1352);
    tcp.wait(1).works(MAIL, 6);
    for round in 0..4 {
        let request = tcp.next_request(FUNCTION_WORK, 60);
        tcp.wait(20).lost(Side::Client, request, [&[300][..], &[300, 1_200]][round % 2]).answer(FUNCTION_WORK, 0, 200);
        tcp.transactions(3).wait(20).ask(FUNCTION_WORK, 60);
        let reply = tcp.next_reply(FUNCTION_WORK, 0, 7_800);
        tcp.gap(Side::Server, reply, 1, 33).transactions(3);
    }
    tcp.wait_secs(1).client_fin();
}

fn zero_window(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    tcp.wait(1).works(MAIL, 2).wait(20).ask(FUNCTION_WORK, 40);
    let reply = tcp.next_reply(FUNCTION_WORK, 0, 20_000);
    let (first, second) = reply.split_at(1_460 * 6);
    tcp.server(first).wait(1).zero_window(Side::Client, &[300, 600, 1_200], 2_400);
    tcp.server(second).transactions(2).wait_secs(1).client_fin();
}

fn chatty(net: &Network) {
    let tcp = net.connect(&client(net), &server(net).distance_ms(80).ttl(49), 1352);
    tcp.wait(1).session(MAIL, MAIL).auth();
    for _ in 0..60 {
        tcp.wait(1).ask(FUNCTION_WORK, 24).answer(FUNCTION_WORK, 0, 64);
    }
    tcp.wait(200).client_fin();
}
