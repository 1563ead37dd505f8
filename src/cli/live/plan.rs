//! The checked plan of a live capture.

use super::LiveArgs;
use super::rights::denied;
use super::service::ServiceArgs;
use super::write_args::Target;
use crate::capture::live::{LiveError, Setup};
use crate::cli::args::Args;
use crate::cli::plan;
use crate::stream::Limits;
use anyhow::{Result, anyhow, ensure};
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
    /// Limits of what is held for conversations.
    pub(super) limits: Limits,
    /// Packets that are to be written.
    pub(super) target: Option<Target>,
    /// Written files carry what key logs say.
    pub(super) keep_keys: bool,
    /// Time between two statistics.
    pub(super) stats_interval: Option<Duration>,
    /// Rights and metrics.
    pub(super) service: ServiceArgs,
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
        ensure!(args.reading.log.is_empty(), "--log: logs are read beside captures; capture with -w, then read both");
        let setup = Setup {
            snap_length: live.snapshot_length,
            promiscuous: !live.no_promiscuous_mode,
            buffer: live.buffer_size,
            immediate: live.immediate_mode,
            filter: args.reading.filter.clone(),
        };
        let common = plan::Plan::of(Vec::new(), args)?;
        let target = live.write.target(common.output.as_deref())?;
        let flows = usize::try_from(live.max_flows).unwrap_or(usize::MAX);
        let total_bytes = usize::try_from(live.max_buffer).unwrap_or(usize::MAX);
        let limits = Limits { total_bytes, flows, ..Limits::default() };
        let LiveArgs { retry, count, duration, stats_interval, service, .. } = live.clone();
        Ok(Self {
            common,
            interfaces,
            setup,
            retry,
            count,
            duration,
            limits,
            target,
            keep_keys: live.write.keep_keys,
            stats_interval,
            service,
        })
    }
}

/// An error with what to do: the lines that give the right to capture name this very program.
pub(super) fn explain(error: LiveError) -> anyhow::Error {
    match error {
        LiveError::Permission { interface, .. } => anyhow!(denied(&interface)),
        other => anyhow!(other),
    }
}
