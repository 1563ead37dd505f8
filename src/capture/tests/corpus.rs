//! Captures of other projects, read in place: what tshark counts and what pcap-parser sees is what is delivered.

use super::drain;
use super::oracle::{delivered, judged};
use crate::capture::{CaptureSet, Reader, discover};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder, or a loud complaint.
fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT TESTED: there is no corpus at {} (set NRPCSNIFF_CORPUS)", folder.display());
    None
}

fn plain_bytes(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut plain).unwrap();
        return plain;
    }
    bytes
}

#[test]
fn as_many_packets_as_tshark_counts() {
    let Some(corpus) = corpus() else { return };
    let truth = fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut counted = 0;
    for line in truth.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let (Some(name), Some(Ok(expected))) = (columns.first(), columns.get(6).map(|count| count.parse::<u64>()))
        else {
            continue;
        };
        counted += 1;
        let (_, input) = drain(&mut Reader::open(&corpus.join(name)).unwrap());
        if input.packets != expected {
            wrong.push(format!("{name}: {} not {expected} ({:?})", input.packets, input.problem));
        }
    }
    assert!(counted > 100, "{counted}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_same_frames_as_pcap_parser() {
    let Some(corpus) = corpus() else { return };
    let sets = discover(&[corpus]).unwrap();
    let files: Vec<_> = sets.into_iter().flat_map(|CaptureSet { paths }| paths).collect();
    assert!(files.len() > 150, "{}", files.len());
    for path in files {
        let (seen, input) = drain(&mut Reader::open(&path).unwrap());
        let (ours, theirs) = (delivered(&seen), judged(&plain_bytes(&path)));
        assert_eq!(ours.len(), theirs.len(), "{}: {:?}", path.display(), input.problem);
        for (number, (ours, theirs)) in (1..).zip(ours.iter().zip(&theirs)) {
            // pcap-parser leaves the padding on a simple packet block that was cut at the snap length.
            let padding = theirs.0.len() - ours.0.len();
            let same = theirs.0.starts_with(&ours.0) && (padding == 0 || padding < 4 && ours.0.len() < ours.1 as usize);
            // No frame is shorter on the wire than in the file.
            let wire_length = theirs.1.max(ours.0.len() as u32);
            assert!(same && ours.1 == wire_length, "{} frame {number}", path.display());
        }
    }
}
