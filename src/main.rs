//! The `nrpcsniff` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    nrpcsniff::command()
}
