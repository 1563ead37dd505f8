//! What dissecting NRPC costs: whole conversations, fed as they come in segments.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nrpcsniff_dissectors::{Probe, Side, Verdict, nrpc};
use nrpcsniff_samples::SplitMix64;
use std::hint::black_box;
use support::{From, nrpc_messages};

fn dissect(criterion: &mut Criterion) {
    let mut rng = SplitMix64::new(1352);
    let messages: Vec<(Side, Vec<u8>)> = nrpc_messages(&mut rng, 50)
        .into_iter()
        .map(|(from, bytes)| (if from == From::Client { Side::Client } else { Side::Server }, bytes))
        .collect();
    let bytes: usize = messages.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut group = criterion.benchmark_group("nrpc");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("conversation of 104 messages", |bencher| {
        bencher.iter(|| {
            let mut dissector = (nrpc::PROTOCOL.stream)();
            let whole = |(side, bytes): &(Side, Vec<u8>)| {
                matches!(dissector.next(*side, black_box(bytes)), Verdict::Message { .. })
            };
            assert_eq!(messages.iter().map(whole).filter(|&whole| whole).count(), messages.len());
        });
    });
    group.throughput(Throughput::Elements(1));
    for (name, input) in [("probe, NRPC", messages[0].1.as_slice()), ("probe, HTTP", b"GET / HTTP/1.1\r\n\r\n")] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| (nrpc::PROTOCOL.probe)(Side::Client, black_box(input), false) == Probe::Yes);
        });
    }
    group.finish();
}

criterion_group!(benches, dissect);
criterion_main!(benches);
