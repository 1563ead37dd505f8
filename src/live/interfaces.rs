//! Interfaces and pipes that are captured on: how they are opened, and what is said of them.

use super::pipe::Pipe;
use super::plan::Plan;
use super::rights::denied;
use crate::capture::live::{LiveError, OpenInterface};
use crate::model::{Input, InputFormat};
use crate::report::talk::say;
use anyhow::{Result, anyhow};
use std::fs;
use std::path::Path;

/// Speed of a link (Mb/s) from which on a filter may be needed.
const FAST: u32 = 10_000;

/// What frames come from.
pub(super) enum Source {
    /// An interface.
    Open(OpenInterface),
    /// An interface of that name, which is not there yet.
    Awaited(String),
    /// A pipe, through which a capture comes.
    Pipe(Pipe),
}

impl Source {
    /// The interface, if it is one that is open.
    pub(super) fn interface(&self) -> Option<&OpenInterface> {
        match self {
            Self::Open(open) => Some(open),
            Self::Awaited(_) | Self::Pipe(_) => None,
        }
    }
}

/// Opens every interface and pipe; an interface that may come back later is waited for if the user wants that.
pub(super) fn open(plan: &Plan) -> Result<Vec<Source>> {
    let mut opened = Vec::new();
    for name in &plan.interfaces {
        if Pipe::is_meant(name) {
            opened.push(Source::Pipe(Pipe::open(name).map_err(explain)?));
            continue;
        }
        match OpenInterface::new(name, &plan.setup) {
            Ok(open) => opened.push(Source::Open(open)),
            Err(error) if plan.retry && error.may_pass() => {
                say(&format!("{error}; it is waited for"));
                opened.push(Source::Awaited(name.clone()));
            }
            Err(error) => return Err(explain(error)),
        }
    }
    if plan.setup.filter.is_none() && !plan.verbosity.quiet {
        plan.interfaces.iter().filter_map(|name| fast(name)).for_each(|hint| say(&hint));
    }
    Ok(opened)
}

/// An error with what to do: the lines that give the right to capture name this very program.
pub(crate) fn explain(error: LiveError) -> anyhow::Error {
    match error {
        LiveError::Permission { interface, .. } => anyhow!(denied(&interface)),
        other => anyhow!(other),
    }
}

/// A hint for a link that may bring more than can be looked at (`/sys/class/net`; Linux).
fn fast(interface: &str) -> Option<String> {
    let speed = fs::read_to_string(Path::new("/sys/class/net").join(interface).join("speed")).ok()?;
    let speed: u32 = speed.trim().parse().ok()?;
    (speed >= FAST).then(|| {
        format!(
            "{interface}: a link of {} Gb/s; if packets are dropped, let the kernel leave out what is not sign-on: \
             -f 'port 1352 or port 1533 or port 5060 or port 80 or port 53'",
            speed / 1000
        )
    })
}

/// What the report says of the interfaces: one input, as a capture file of them would be.
pub(super) fn input(plan: &Plan, sources: &[Source]) -> Input {
    let mut link_types = Vec::new();
    for open in sources.iter().filter_map(Source::interface) {
        if !link_types.contains(&open.link_type()) {
            link_types.push(open.link_type());
        }
    }
    Input {
        format: Some(InputFormat::Live),
        link_types,
        snap_length: Some(plan.setup.snap_length),
        ..Input::named(plan.interfaces.join(", "))
    }
}
