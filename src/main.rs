//! The `nrpcsniff` command.
fn main() {}
