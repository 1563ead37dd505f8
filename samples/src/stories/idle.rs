//! Sessions that die, or end, while nobody uses them; and connections that never carry anything.

use super::{MAIL, Sample, client, server};
use crate::file::Format;
use crate::link::Link;
use crate::net::{Host, Network};
use crate::nrpc::FUNCTION_WORK;
use crate::tcp::{Side, Tcp};

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-idle-reset",
        story: "Three sessions rest for half an hour. The first request after the pause is answered by a reset that a firewall sent in the \
                server's name: another TTL, the IP identification copied from the request. Each client reconnects and works.",
        see: "Three gaps of 30 minutes, resets with TTL 252 where the server has 63.",
        rules: &["nrpc-idle-rst"],
        format: || Format::pcapng().interface("eth0"),
        tell: idle_reset,
    },
    Sample {
        name: "nrpc-idle-silent",
        story: "Three sessions rest for an hour. The requests after the pause are retransmitted and never answered; after 19 s each \
                client reconnects and works at once.",
        see: "Retransmission to exhaustion after a pause of 60 minutes.",
        rules: &["nrpc-idle-silent"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: idle_silent,
    },
    Sample {
        name: "nrpc-idle-close",
        story: "A session rests for four hours, then the server closes it properly; the client reconnects when it needs the server \
                again.",
        see: "A FIN by the server after 240 minutes: its session timeout, as configured by default.",
        rules: &["nrpc-idle-close"],
        format: Format::pcap,
        tell: idle_close,
    },
    Sample {
        name: "nrpc-lb-probes",
        story: "A load balancer opens and closes a connection every 5 s, twenty times, without sending anything. A user's session \
                works all the while.",
        see: "One finding for the source and its period, none for the user.",
        rules: &["nrpc-probe-noise"],
        format: || Format::pcap().link(Link::Sll),
        tell: lb_probes,
    },
];

const MINUTE: u64 = 60;
const CLIENTS: [&str; 3] = ["10.1.0.50", "10.1.0.51", "10.1.0.52"];

/// A session of each client, 20 s apart, that rests for so many minutes; then `end` happens to it and the client reconnects.
fn three_rest(net: &Network, minutes: u64, end: impl Fn(&Tcp)) {
    for (number, client) in net.any_order(CLIENTS).into_iter().enumerate() {
        let client = net.host(client);
        net.at(number as u64 * 20_000);
        let tcp = net.connect(&client, &server(net), 1352);
        tcp.wait(1).works(MAIL, 3).wait_secs(minutes * MINUTE + number as u64);
        end(&tcp);
        net.wait(90);
        reconnect(net, &client);
    }
}

fn reconnect(net: &Network, client: &Host) {
    net.connect(client, &server(net), 1352).wait(1).works(MAIL, 2).wait_secs(3).client_fin();
}

fn idle_reset(net: &Network) {
    const FIREWALL_TTL: u8 = 252;
    three_rest(net, 30, |tcp| {
        let request = tcp.next_request(FUNCTION_WORK, 40);
        tcp.unanswered(Side::Client, request, &[]).middlebox_rst(Side::Client, FIREWALL_TTL);
    });
}

fn idle_silent(net: &Network) {
    three_rest(net, 60, |tcp| {
        let request = tcp.next_request(FUNCTION_WORK, 40);
        tcp.unanswered(Side::Client, request, &[300, 600, 1_200, 2_400, 4_800]).wait(9_600).client_rst();
    });
}

fn idle_close(net: &Network) {
    let client = client(net);
    let tcp = net.connect(&client, &server(net), 1352);
    tcp.wait(1).works(MAIL, 3).wait_secs(240 * MINUTE).server_fin();
    net.wait_secs(10 * MINUTE);
    reconnect(net, &client);
}

fn lb_probes(net: &Network) {
    let (balancer, server) = (net.host("10.1.0.4").linux(), server(net).captures_here());
    for probe in 0..20 {
        net.at(probe * 5_000);
        net.connect(&balancer, &server, 1352).wait_us(200).client_fin();
    }
    net.at(12_400);
    net.connect(&client(net), &server, 1352)
        .wait(1)
        .works(MAIL, 8)
        .wait_secs(40)
        .transactions(2)
        .wait_secs(2)
        .client_fin();
}
