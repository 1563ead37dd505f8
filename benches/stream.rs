//! What putting a direction in order costs: in order, the other way round, and byte by byte.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nrpcsniff::Stamp;
use nrpcsniff::internals::{Assembler, Limits, OrderedSink};
use std::hint::black_box;

const BYTES: usize = 64 << 10;

#[derive(Default)]
struct Count(usize);

impl OrderedSink for Count {
    fn bytes(&mut self, _: u64, bytes: &[u8], _: Stamp) {
        self.0 += bytes.len();
    }
    fn gap(&mut self, _: u64, _: u64, _: Stamp) {
        unreachable!("no byte is missing");
    }
}

/// Offsets at which segments of `size` begin.
fn offsets(size: usize) -> Vec<usize> {
    (0..BYTES).step_by(size).collect()
}

fn assemble(criterion: &mut Criterion) {
    let data: Vec<u8> = (0..=250).cycle().take(BYTES).collect();
    let in_order = offsets(1024);
    let reversed: Vec<_> = in_order.iter().rev().copied().collect();
    let swapped: Vec<_> = in_order.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect();
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("assembler");
    for (name, size, order) in [
        ("in order", 1024, in_order),
        ("every two exchanged", 1024, swapped),
        ("reversed", 1024, reversed),
        ("one byte each", 1, offsets(1)),
    ] {
        group.throughput(Throughput::Elements(order.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (mut assembler, mut count) = (Assembler::default(), Count::default());
                for &at in &order {
                    let offset = i64::try_from(at).expect("a small offset");
                    let segment = black_box(&data[at..(at + size).min(BYTES)]);
                    let wire = segment.len() as u64;
                    assembler.accept(offset, segment, wire, Stamp::default(), &limits, &mut count);
                }
                assert_eq!(count.0, BYTES);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, assemble);
criterion_main!(benches);
