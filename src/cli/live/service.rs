//! What turns a capture into a service: whose rights it runs with, and who may ask how it is doing.

use super::metrics::{self, Board, Metrics};
use super::rights::{Dropped, Needs, Rights};
use crate::report::talk::Verbosity;
use crate::report::talk::say;
use anyhow::Result;
use clap::Args;
use std::net::SocketAddr;

/// Running for long.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Live capture")]
pub struct ServiceArgs {
    /// Whom root becomes once interfaces are open, and who owns what is written: name or number [default: the caller of sudo, else nobody]
    #[arg(long, value_name = "USER", requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub user: Option<String>,

    /// Serve figures for Prometheus at http://ADDR/metrics: PORT (on 127.0.0.1) or ADDRESS:PORT
    #[arg(long, value_name = "ADDR", requires = "interfaces", conflicts_with_all = ["captures", "read"], value_parser = metrics::address)]
    pub metrics: Option<SocketAddr>,
}

/// A service that is to begin.
#[derive(Debug)]
pub(super) struct Service {
    rights: Rights,
    metrics: Option<Metrics>,
}

/// A service that runs as the user already, and opens its outputs.
#[derive(Debug)]
pub(super) struct Begun {
    rights: Dropped,
    metrics: Option<Metrics>,
}

impl Service {
    /// Finds out whom to become, and listens for those who will ask.
    pub fn new(args: &ServiceArgs) -> Result<Self> {
        let rights = Rights::new(args.user.as_deref())?;
        Ok(Self { rights, metrics: args.metrics.map(Metrics::listen).transpose()? })
    }

    /// Becomes the user, without capabilities but what `reopens` interfaces, once all of them are open.
    pub fn become_user(self, reopens: bool) -> Result<Begun> {
        Ok(Begun { rights: self.rights.give_up(reopens)?, metrics: self.metrics })
    }
}

impl Begun {
    /// Closes the system but for what is needed, before the first thread starts, and begins to answer.
    pub fn close(self, mut needs: Needs, verbosity: Verbosity) -> Result<Option<Board>> {
        needs.serves = self.metrics.is_some();
        let standing = self.rights.close(&needs)?;
        let details = standing.details.iter().filter(|_| verbosity.verbose);
        for sentence in standing.said.iter().filter(|_| !verbosity.quiet).chain(details) {
            say(sentence);
        }
        Ok(self.metrics.map(Metrics::serve))
    }
}
