//! The wrong name answers.

use super::{STCOMM, Sample, client, resolver};
use crate::dns::{A, Record};
use crate::file::Format;
use crate::net::Network;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-alias",
        story: "A user opens `chat.example.net`, a DNS alias of stcomm7.example.net. The machine that answers calls itself \
                `CN=STCOMM7/OU=Servers/O=Example`; the client hangs up 3 ms later, tries again after 6 s and ends the same way.",
        rules: &["nrpc-name-mismatch-alias"],
        format: || Format::pcapng().interface("eth0").comment("constructed: alias answered by another Domino name"),
        tell: alias,
    },
    Sample {
        name: "nrpc-alias-server-closes",
        story: "The same over IPv6, and here the server sends the FIN.",
        rules: &["nrpc-name-mismatch-alias"],
        format: Format::pcap,
        tell: alias_server_closes,
    },
];

fn alias(net: &Network) {
    let (client, server) = (client(net), net.host("10.1.0.9"));
    let records =
        [Record::cname("chat.example.net", "stcomm7.example.net"), Record::address("stcomm7.example.net", "10.1.0.9")];
    net.resolve(&client, &resolver(net), "chat.example.net", A, &records);
    for second in [0, 6] {
        net.at(20 + second * 1000);
        net.connect(&client, &server, 1352).wait(1).session("chat.example.net", STCOMM).wait(3).client_fin();
    }
}

fn alias_server_closes(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::9").linux().ttl(63));
    net.connect(&client, &server, 1352).wait(1).session("chat.example.net", STCOMM).wait(2).server_fin();
}
