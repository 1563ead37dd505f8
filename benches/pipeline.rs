//! What the whole pipeline costs a packet, from the bytes of a capture to its analysis: four mixes of traffic, and
//! attacks beside their benign twins. The captures lie in memory.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nrpcsniff::internals::{Options, Pipeline, Reader};
use std::io::{self, Cursor};
use support::{Attack, Traffic, bulk, churn, notes, signon};

type Memory = Traffic<Vec<u8>>;

/// Bytes of a mix.
const BYTES: u64 = 4_000_000;
/// Packets of an attack.
const PACKETS: u64 = 60_000;

fn capture(make: impl FnOnce(&mut Memory) -> io::Result<()>) -> io::Result<(Vec<u8>, u64)> {
    let mut traffic = Traffic::new(Vec::new())?;
    make(&mut traffic)?;
    let frames = traffic.frames;
    Ok((traffic.finish()?, frames))
}

/// Reads a capture to its end; gives the number of conversations kept.
fn analyse(bytes: Vec<u8>) -> usize {
    let mut reader = Reader::from_reader("memory", Cursor::new(bytes)).expect("a capture");
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    pipeline.finish(vec![reader.into_input()]).conversations.len()
}

fn measure(criterion: &mut Criterion, name: &str, make: impl FnOnce(&mut Memory) -> io::Result<()>) {
    let (bytes, frames) = capture(make).expect("writing to memory");
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(frames)).sample_size(20);
    group.bench_function(name, |bencher| {
        bencher.iter_batched(|| bytes.clone(), analyse, criterion::BatchSize::LargeInput);
    });
    group.finish();
}

fn pipeline(criterion: &mut Criterion) {
    measure(criterion, "bulk", |traffic| bulk(traffic, BYTES));
    measure(criterion, "notes", |traffic| notes(traffic, BYTES));
    measure(criterion, "churn", |traffic| churn(traffic, BYTES));
    measure(criterion, "signon", |traffic| signon(traffic, BYTES));
    for (attack, name) in Attack::ALL {
        measure(criterion, name, |traffic| attack.write(traffic, false, PACKETS));
        measure(criterion, &format!("{name}, benign twin"), |traffic| attack.write(traffic, true, PACKETS));
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
