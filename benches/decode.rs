//! What decoding a frame costs: the plain ones, and those that are peeled layer by layer.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nrpcsniff::Stamp;
use nrpcsniff::internals::{Decoder, Frame, Packet};
use std::hint::black_box;

#[path = "../tests/frames/mod.rs"]
mod frames;

const NAMES: [&str; 6] = ["Ethernet", "UDP", "TCP options", "VLAN, IPv6", "VXLAN", "ARP"];

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    for name in NAMES {
        let case = frames::case(name);
        let wire_length = u32::try_from(case.bytes.len()).expect("a small frame");
        let frame = Frame { at: Stamp::default(), link_type: case.link_type, data: &case.bytes, wire_length };
        let mut decoder = Decoder::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| match decoder.decode(black_box(&frame)) {
                Packet::Tcp(segment) => segment.payload.len(),
                Packet::Udp(datagram) => datagram.payload.len(),
                Packet::IcmpError(_) | Packet::Other(_) => 0,
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
