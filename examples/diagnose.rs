//! What the command does, as a program of one's own: `cargo run --example diagnose -- [CAPTURE]...`.
//!
//! Without an argument it reads the sample of the README.

use nrpcsniff::{Diagnoser, Format, ReportOptions};
use std::env;
use std::error::Error;
use std::io::{self, BufWriter, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut captures: Vec<String> = env::args().skip(1).collect();
    if captures.is_empty() {
        captures.push(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/nrpc-alias.pcapng").to_owned());
    }
    let report = ReportOptions::new(Format::Table);
    let diagnosis = Diagnoser::default().kept_for(&report).diagnose(&captures)?;

    // Findings as values, for a program: which rule, how bad, about whom.
    for finding in diagnosis.findings() {
        let server = finding.facts.text("server").unwrap_or("several servers");
        eprintln!("{} ({}), {server}", finding.rule, finding.severity.name());
    }

    // And as a report, for people.
    let mut out = BufWriter::new(io::stdout().lock());
    diagnosis.write(&report, &mut out)?;
    out.flush()?;
    Ok(())
}
