//! The server itself: slow, restarted, or with another idea of the time.

use super::{MAIL, Sample, client, server};
use crate::file::Format;
use crate::net::{Host, Network};
use crate::nrpc::FUNCTION_WORK;
use crate::tcp::Tcp;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-slow-server",
        story: "Four requests wait three to six seconds each for their replies; TCP acknowledges every one within 40 ms.",
        see: "The server's thinking is nearly all of the waiting.",
        rules: &["nrpc-slow-server"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: slow_server,
    },
    Sample {
        name: "nrpc-server-restart",
        story: "The server closes four sessions within two seconds, refuses connections for half a minute, then accepts again; \
                every client comes back.",
        see: "One restart, not four broken sessions and some refusals.",
        rules: &["nrpc-server-restart"],
        format: || Format::pcapng().interface("span0"),
        tell: server_restart,
    },
    Sample {
        name: "nrpc-clock-skew",
        story: "The client's clock is seven minutes ahead; the session works.",
        see: "TLV 0x09 of request and response differ by 420 s; the server agrees with the capture.",
        rules: &["nrpc-clock-skew"],
        format: || Format::pcapng().interface("eth0"),
        tell: clock_skew,
    },
];

fn slow_server(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    tcp.wait(1).works(MAIL, 2);
    for seconds in [3, 5, 4, 6] {
        tcp.wait(20).ask(FUNCTION_WORK, 48).wait_secs(seconds).answer(FUNCTION_WORK, 0, 400);
    }
    tcp.wait(500).client_fin();
}

fn server_restart(net: &Network) {
    let clients = ["10.1.0.50", "10.1.0.51", "10.1.0.52", "10.1.0.53"];
    let (server, clients) = (server(net), net.any_order(clients).map(|ip| net.host(ip)));
    let work = |client: &Host| -> Tcp {
        let tcp = net.connect(client, &server, 1352);
        tcp.wait(1).works(MAIL, 3);
        tcp
    };
    for (number, client) in clients.iter().enumerate() {
        let number = number as u64;
        net.at(number * 3_000);
        let tcp = work(client);
        net.at(60_000 + number * 450);
        tcp.server_fin();
        for retry in [66_000, 80_000] {
            net.at(retry + number * 700);
            net.dial(client, &server, 1352).refused(2);
        }
        net.at(95_000 + number * 900);
        work(client).wait_secs(5).client_fin();
    }
}

fn clock_skew(net: &Network) {
    let client = client(net).clock_ahead(420);
    net.connect(&client, &server(net), 1352).wait(1).works(MAIL, 4).wait_secs(2).client_fin();
}
