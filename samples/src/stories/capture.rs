//! Something is wrong with the capture, not with the session.

use super::{MAIL, Sample, client, server};
use crate::file::Format;
use crate::link::Link;
use crate::net::Network;
use crate::nrpc::FUNCTION_WORK;
use crate::tcp::{Segment, Side};
use crate::wire::flags;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-midstream",
        story: "The capture starts in the middle of a working session.",
        see: "No handshake, no session request: who is client and who is server can only be guessed.",
        rules: &["cap-midstream"],
        format: || Format::pcap().link(Link::Sll2),
        tell: midstream,
    },
    Sample {
        name: "nrpc-oneway",
        story: "Only what the client sends was captured; the session works, as its acknowledgments show.",
        see: "One direction is missing: no verdict about the server's answers.",
        rules: &["cap-oneway"],
        format: Format::pcap,
        tell: oneway,
    },
    Sample {
        name: "nrpc-cut",
        story: "Captured with a snap length of 96 bytes: the names are cut off.",
        see: "Frames longer than what was kept of them.",
        rules: &["cap-truncated"],
        format: || Format::pcap().snaplen(96),
        tell: cut,
    },
    Sample {
        name: "nrpc-span-duplicates",
        story: "A mirror port copies every frame twice, 180 µs apart.",
        see: "The same IP identification and sequence number twice: no retransmissions.",
        rules: &["cap-duplicates"],
        format: Format::pcap,
        tell: span_duplicates,
    },
    Sample {
        name: "nrpc-drops",
        story: "The capturing machine lost frames: replies are acknowledged that were never seen.",
        see: "Acknowledged unseen segments; the interface statistics admit six dropped packets.",
        rules: &["cap-drops"],
        format: || Format::pcapng().interface("eth0").dropped(6),
        tell: drops,
    },
    Sample {
        name: "nrpc-clock-back",
        story: "The clock of the capturing machine is set back by an hour between the session request and its answer. The clocks of \
                client and server are right, and the session works.",
        see: "Times that run backwards within a conversation: no skew and no delay can be told over them.",
        rules: &["cap-clock-back"],
        format: || Format::pcap().set_back(6, 3_600),
        tell: |net| {
            net.connect(&client(net), &server(net), 1352).works(MAIL, 3).client_fin();
        },
    },
    Sample {
        name: "nrpc-two-versions",
        story: "Something on the path sends the session request once more before it arrives, with another name in it.",
        see: "Two segments with the same sequence number and different bytes: which one the server took, the capture does not show.",
        rules: &["cap-ambiguous", "nrpc-name-mismatch-other-server"],
        format: Format::pcapng,
        tell: two_versions,
    },
    Sample {
        name: "nrpc-decoys",
        story: "A working session, and beside it segments that only a listener takes: wrong checksums, no ACK, a number far \
                from all that was sent, a reset that is not due. Both hosts go on.",
        see: "Nothing of these is said, and nothing is wrong.",
        rules: &[],
        format: Format::pcapng,
        tell: decoys,
    },
    Sample {
        name: "nrpc-offload",
        story: "Captured on the client, whose network card fills in the checksums: those of its own frames are wrong, and some of its \
                frames are longer than any cable carries.",
        see: "Wrong checksums in one direction only, which must not stop the analysis.",
        rules: &["cap-offload"],
        format: || Format::pcapng().interface("Ethernet 2"),
        tell: offload,
    },
    Sample {
        name: "nrpc-wrong-place",
        story: "Captured beside Mail01, while the users who complain work with Mail03: its traffic does not pass here.",
        see: "Nothing by itself; told of Mail03 (`--expect-server`), that it is not in the capture.",
        rules: &[],
        format: || Format::pcapng().interface("span0"),
        tell: wrong_place,
    },
];

fn wrong_place(net: &Network) {
    net.connect(&client(net), &server(net), 1352).wait(1).works(MAIL, 4).wait_secs(1).client_fin();
}

fn midstream(net: &Network) {
    let tcp = net.dial(&client(net), &server(net), 1352).midstream();
    tcp.transactions(5).wait_secs(1).client_fin();
}

fn oneway(net: &Network) {
    let tcp = net.dial(&client(net), &server(net), 1352).only(Side::Client).open();
    tcp.wait(1).works(MAIL, 4).wait_secs(1).client_fin();
}

fn cut(net: &Network) {
    net.connect(&client(net), &server(net), 1352).wait(1).works(MAIL, 4).wait_secs(1).client_fin();
}

fn two_versions(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    let request = tcp.request_for(MAIL).encode();
    tcp.wait(1).segment(Side::Client, Segment::data(0, replaced(&request, b"Mail01", b"Mail07")));
    tcp.client(request).wait(1).response(MAIL).wait(3).client_fin();
}

fn decoys(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    let request = tcp.request_for(MAIL).encode();
    let decoy = Segment::data(0, replaced(&request, b"Mail01", b"Mail07"));
    tcp.wait(1).segment(Side::Client, Segment { damaged: true, ..decoy.clone() });
    tcp.segment(Side::Client, Segment { flags: flags::PSH, ..decoy });
    tcp.segment(Side::Client, Segment::data(5_000_000, *b"beyond the window"));
    tcp.client(request).response(MAIL).auth().transactions(1).wait(20);
    tcp.segment(Side::Server, Segment { sequence: 1000, ttl: Some(50), ..Segment::new(flags::RST) }).ack(Side::Client);
    tcp.transactions(4).wait_secs(1).client_fin();
}

/// The same bytes, with other ones in place of some of them.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let place = bytes.windows(old.len()).position(|part| part == old).expect("it is in there");
    [&bytes[..place], new, &bytes[place + old.len()..]].concat()
}

fn span_duplicates(net: &Network) {
    net.span_duplicates(180);
    net.connect(&client(net), &server(net), 1352).wait(1).works(MAIL, 4).wait_secs(1).client_fin();
}

fn drops(net: &Network) {
    let tcp = net.connect(&client(net), &server(net), 1352);
    tcp.wait(1).works(MAIL, 2);
    for _ in 0..3 {
        tcp.wait(20).ask(FUNCTION_WORK, 40).skip(Side::Server, 2 * 1460);
        tcp.wait(1).ack(Side::Client).server(net.random(300));
    }
    tcp.wait_secs(1).client_fin();
}

fn offload(net: &Network) {
    let client = client(net).captures_here().offloads_checksums();
    let tcp = net.connect(&client, &server(net), 1352);
    tcp.wait(1).works(MAIL, 2).wait(20);
    tcp.send_split(Side::Client, tcp.next_request(FUNCTION_WORK, 6_000), &[8_000]).answer(FUNCTION_WORK, 0, 60);
    tcp.transactions(2).wait_secs(1).client_fin();
}
