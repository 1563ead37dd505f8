//! Writes the samples beside this crate's Cargo.toml, or with `--check` compares them with what is there.

use std::path::Path;
use std::process::ExitCode;

use nrpcsniff_samples::stories;

fn main() -> std::io::Result<ExitCode> {
    let check = std::env::args().skip(1).any(|arg| arg == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = 0;
    for (name, bytes) in stories::files() {
        let path = folder.join(&name);
        if check {
            if std::fs::read(&path).ok().as_ref() != Some(&bytes) {
                eprintln!("{name} is not what the generator writes");
                stale += 1;
            }
        } else {
            std::fs::write(&path, bytes)?;
        }
    }
    Ok(if stale == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
