//! The `nrpcsniff` command.

use mimalloc::MiMalloc;
use std::process::ExitCode;

// Whatever is read becomes many small pieces of memory: each message has its names, values and frames, and they live as long as their
// conversation. glibc's allocator took a fifth of all instructions for that. The library leaves the choice to the program that it
// is used in.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    nrpcsniff::command()
}
