//! Writes the captures that speed and memory are measured on into a folder, for `measure.sh` and for looking at them.
//!
//! `cargo bench --bench captures -- FOLDER [KIND ...] [SIZE ...]`; `README.md` in this folder says what they hold.

mod support;

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use support::Traffic;
use support::scaled::Kind;

/// Sizes that are written if none is named.
const SIZES: [&str; 3] = ["1", "3", "10"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, rest @ ..] = &arguments[..] else {
        return Err("name a folder: cargo bench --bench captures -- FOLDER [KIND ...] [SIZE ...]".into());
    };
    let (sizes, names): (Vec<&str>, Vec<&str>) =
        rest.iter().map(String::as_str).partition(|word| tenths(word).is_some());
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    if let Some(unknown) = names.iter().find(|name| !Kind::ALL.iter().any(|(_, known)| known == *name)) {
        return Err(format!("no kind {unknown}").into());
    }
    fs::create_dir_all(folder)?;
    for (kind, name) in Kind::ALL.iter().filter(|(_, name)| names.is_empty() || names.contains(name)) {
        for size in &sizes {
            let path = Path::new(folder).join(format!("{name}-{size}x.pcap"));
            let mut traffic = Traffic::new(BufWriter::with_capacity(1 << 20, File::create(&path)?))?;
            let conversations = kind.conversations() * tenths(size).unwrap_or_default() / 10;
            kind.write(&mut traffic, conversations)?;
            let (frames, bytes) = (traffic.frames, traffic.bytes);
            traffic.finish()?;
            println!("{}: {conversations} conversations, {frames} packets, {bytes} bytes", path.display());
        }
    }
    Ok(())
}

/// Tenths of the size that is written so: `3`, `0.1`.
fn tenths(size: &str) -> Option<u64> {
    let (whole, part) = size.split_once('.').unwrap_or((size, "0"));
    let part = part.parse::<u64>().ok().filter(|part| *part < 10)?;
    Some(whole.parse::<u64>().ok()? * 10 + part)
}
