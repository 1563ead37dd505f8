//! The connection opens, the session does not.

use super::{MAIL, MATE, Sample, client, server};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::nrpc::{self, FUNCTION_START};
use crate::other;
use crate::time::utc;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-hello-unanswered",
        story: "The server's TCP acknowledges the session request, its Domino never answers; after 20 s the client resets.",
        see: "A request, a lone acknowledgment, silence; twice.",
        rules: &["nrpc-hello-unanswered"],
        format: || Format::pcap().nanoseconds(),
        tell: hello_unanswered,
    },
    Sample {
        name: "nrpc-accept-then-close",
        story: "The connection is accepted and closed again: twice right at the request, once before it.",
        see: "A FIN from the server's side and no answer at all.",
        rules: &["nrpc-accept-then-close"],
        format: Format::pcap,
        tell: accept_then_close,
    },
    Sample {
        name: "nrpc-refused-status",
        story: "Mail01 opens the session but answers the first request with status 0x09DE: restricted due to excessive load. The \
                client turns to the cluster mate Mail02 and works there.",
        see: "The status in the reply of conversation 1, the full session in conversation 2.",
        rules: &["nrpc-refused-status", "nrpc-cluster-failover"],
        format: || Format::pcapng().interface("eth0"),
        tell: refused_status,
    },
    Sample {
        name: "nrpc-auth-rejected",
        story: "The names agree and both sides authenticate; then the server closes, 180 ms later. The user's name is in clear.",
        see: "Two messages each way, the server's FIN; twice.",
        rules: &["nrpc-auth-rejected"],
        format: || Format::pcapng().link(Link::Vlan(12)).interface("trunk0"),
        tell: auth_rejected,
    },
    Sample {
        name: "nrpc-auth-failed",
        story: "The names agree and both sides authenticate; the server thinks for four seconds and closes. The client tries once more.",
        see: "Two messages each way, four seconds, the server's FIN; twice.",
        rules: &["nrpc-auth-failed"],
        format: || Format::pcap().link(Link::RawIp),
        tell: auth_failed,
    },
    Sample {
        name: "nrpc-open-failed",
        story: "The server answers the session request with a status that is in no list that is public, and the client leaves after a \
                while.",
        see: "A reply to the session request that is no session response, with status 0x0123.",
        rules: &["nrpc-open-failed"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: open_failed,
    },
    Sample {
        name: "nrpc-id-expired",
        story: "The certificate in the session request ended on 2025-02-20, 18 days before; the server closes after \
                authentication.",
        see: "TLV 0x02 and 0x03 earlier than the server's clock.",
        rules: &["nrpc-id-expired", "nrpc-auth-rejected"],
        format: || Format::pcapng().big_endian().microseconds().interface("eth0"),
        tell: id_expired,
    },
    Sample {
        name: "nrpc-encryption-mandate",
        story: "A server that insists on port encryption: session and authentication succeed, and it closes at the first request in \
                clear. What this looks like on the wire is not published; the form here follows the documentation's words.",
        see: "Three client messages, two of the server, the server's FIN right after the third.",
        rules: &["nrpc-port-encryption-mandate"],
        format: || Format::pcapng().link(Link::Sll2).interface("any"),
        tell: encryption_mandate,
    },
    Sample {
        name: "nrpc-tls-on-1352",
        story: "A scanner offers TLS on port 1352; the server closes without a word.",
        see: "The first bytes are a ClientHello, not NRPC.",
        rules: &["nrpc-not-nrpc"],
        format: || Format::pcap().link(Link::RawIp),
        tell: tls,
    },
    Sample {
        name: "nrpc-http-on-1352",
        story: "A monitoring system asks port 1352 for a web page; the server resets.",
        see: "The first bytes are an HTTP request, not NRPC.",
        rules: &["nrpc-not-nrpc"],
        format: Format::pcap,
        tell: http,
    },
];

fn hello_unanswered(net: &Network) {
    for second in [0, 25] {
        net.at(second * 1000);
        net.connect(&client(net), &server(net), 1352).wait(1).request(MAIL).wait_secs(20).client_rst();
    }
}

fn accept_then_close(net: &Network) {
    let (client, server) = (client(net), server(net));
    net.connect(&client, &server, 1352).wait(1).request(MAIL).wait(1).server_fin();
    net.at(6_000);
    net.connect(&client, &server, 1352).wait_us(300).server_fin();
    net.at(12_000);
    net.connect(&client, &server, 1352).wait(1).request(MAIL).wait(1).server_fin();
}

fn refused_status(net: &Network) {
    const SERVER_BUSY: u16 = 0x09de;
    let client = client(net);
    let busy = net.connect(&client, &server(net), 1352);
    busy.wait(1).session(MAIL, MAIL).wait(10).client(nrpc::start_service(0));
    busy.answer(FUNCTION_START, SERVER_BUSY, 0).wait(3).client_fin();
    net.wait(150);
    let mate = net.host("10.1.0.19").linux().ttl(63);
    net.connect(&client, &mate, 1352).wait(1).works(MATE, 6).wait_secs(2).client_fin();
}

fn auth_rejected(net: &Network) {
    for second in [0, 9] {
        net.at(second * 1000);
        let tcp = net.connect(&client(net), &server(net), 1352);
        tcp.wait(1).session(MAIL, MAIL).auth_as("CN=Ada Reed/OU=Sales/O=Example").auth_reply().wait(180).server_fin();
    }
}

fn auth_failed(net: &Network) {
    for _ in 0..2 {
        let tcp = net.connect(&client(net), &server(net), 1352);
        tcp.session(MAIL, MAIL).auth().wait_secs(4).server_fin();
        net.wait_secs(9);
    }
}

fn open_failed(net: &Network) {
    /// It stands in no public list.
    const STATUS: u16 = 0x0123;
    let tcp = net.connect(&client(net), &server(net), 1352);
    tcp.request(MAIL).answer(nrpc::FUNCTION_WORK, STATUS, 0).wait_secs(5).client_fin();
}

fn id_expired(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::9").linux().ttl(63));
    for second in [0, 9] {
        net.at(second * 1000);
        let tcp = net.connect(&client, &server, 1352);
        tcp.wait(1);
        let mut request = tcp.request_for(MAIL);
        (request.created, request.expires) = (utc(2023, 2, 20), utc(2025, 2, 20));
        tcp.client(request.encode()).response(MAIL).auth().wait(60).server_fin();
    }
}

fn encryption_mandate(net: &Network) {
    for second in [0, 9] {
        net.at(second * 1000);
        let tcp = net.connect(&client(net).captures_here(), &server(net), 1352);
        tcp.wait(1).session(MAIL, MAIL).auth().wait(5).client(nrpc::start_service(0)).wait(1).server_fin();
    }
}

fn tls(net: &Network) {
    let hello = other::client_hello("mail01.example.net", &mut net.generator(7));
    let scanner = net.host("192.0.2.77").linux().ttl(47).distance_ms(12);
    net.connect(&scanner, &server(net), 1352).client(hello).wait(1).server_fin();
}

fn http(net: &Network) {
    let monitor = net.host("10.1.0.4").linux();
    for second in [0, 30, 60] {
        net.at(second * 1000);
        let page = other::http_get("mail01.example.net", "/status");
        net.connect(&monitor, &server(net), 1352).client(page).wait(1).server_rst();
    }
}
