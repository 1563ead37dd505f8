//! Sessions that work.

use super::{MAIL, Sample, client};
use crate::file::Format;
use crate::net::Network;

pub(super) const SAMPLES: &[Sample] = &[Sample {
    name: "nrpc-working",
    story: "A session as it should be: the names agree, both sides authenticate, eight transactions, the client closes.",
    rules: &[],
    format: || Format::pcapng().interface("eth0"),
    tell: working,
}];

fn working(net: &Network) {
    let (client, server) = (client(net), net.host("10.1.0.9"));
    net.connect(&client, &server, 1352).wait(1).works(MAIL, 8).wait_secs(2).client_fin();
}
