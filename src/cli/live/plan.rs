//! The checked plan of a live capture.

use crate::capture::live::{LiveError, Setup};
use crate::cli::args::Args;
use crate::cli::plan;
use crate::report::escape;
use anyhow::{Result, anyhow, ensure};
use std::env;
use std::time::Duration;

/// What is to be done.
#[derive(Debug)]
pub(in crate::cli) struct Plan {
    /// What a capture file would need as well.
    pub(super) common: plan::Plan,
    /// Names of the interfaces, each once.
    pub(super) interfaces: Vec<String>,
    /// How they are opened.
    pub(super) setup: Setup,
    /// Wait for interfaces that are not there.
    pub(super) retry: bool,
    /// Packets after which it ends.
    pub(super) count: Option<u64>,
    /// Time after which it ends.
    pub(super) duration: Option<Duration>,
}

impl Plan {
    /// Checks the arguments.
    pub(in crate::cli) fn new(args: &Args) -> Result<Self> {
        let live = &args.live;
        let mut interfaces = live.interfaces.clone();
        for name in &interfaces {
            ensure!(!name.is_empty(), "-i: give the name of an interface; `nrpcsniff -D` lists them");
        }
        let mut known = Vec::new();
        interfaces.retain(|name| {
            !known.contains(name) && {
                known.push(name.clone());
                true
            }
        });
        let setup = Setup {
            snap_length: live.snapshot_length,
            promiscuous: !live.no_promiscuous_mode,
            buffer: live.buffer_size,
            immediate: live.immediate_mode,
            filter: args.reading.filter.clone(),
        };
        let common = plan::Plan::of(Vec::new(), args)?;
        Ok(Self { common, interfaces, setup, retry: live.retry, count: live.count, duration: live.duration })
    }
}

/// An error with what to do: the lines that give the right to capture name this very program.
pub(super) fn explain(error: LiveError) -> anyhow::Error {
    let LiveError::Permission { .. } = &error else { return anyhow!(error) };
    let program = env::current_exe().ok().map_or_else(|| "nrpcsniff".to_owned(), |path| path.display().to_string());
    let program = escape::terminal(&program);
    anyhow!(
        "{error}. Give this program the right, once: sudo setcap cap_net_raw+ep '{program}'; or run it as root, for once: \
         sudo '{program}' -i ..."
    )
}
