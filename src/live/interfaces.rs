//! Interfaces that are captured on: how they are opened, and what is said of them.

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

/// Opens every interface; one that may come back later is waited for if the user wants that.
pub(super) fn open(plan: &Plan) -> Result<Vec<Result<OpenInterface, String>>> {
    let mut opened = Vec::new();
    for name in &plan.interfaces {
        match OpenInterface::new(name, &plan.setup) {
            Ok(open) => opened.push(Ok(open)),
            Err(error) if plan.retry && error.may_pass() => {
                say(&format!("{error}; it is waited for"));
                opened.push(Err(name.clone()));
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
pub(super) fn input(plan: &Plan, interfaces: &[Result<OpenInterface, String>]) -> Input {
    let mut link_types = Vec::new();
    for open in interfaces.iter().flatten() {
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
