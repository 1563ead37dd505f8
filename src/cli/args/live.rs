//! Arguments of live capture as typed.

use super::address::address;
use super::units::{kernel_buffer, size, time};
use super::write::WriteArgs;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;

/// Live capture.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Live capture")]
pub(crate) struct LiveArgs {
    /// Capture on this interface until ^C, --count or --duration; any for all; repeatable
    ///
    /// A name or a number of -D. - is a capture that another program makes, live through a pipe, and so is the path of a named pipe:
    /// dumpcap -w - | nrpcsniff -i -; ssh HOST tcpdump -U -s0 -w - port 1352 | nrpcsniff -i -
    #[arg(short = 'i', long = "interface", value_name = "IFACE", conflicts_with_all = ["captures", "read"])]
    pub interfaces: Vec<String>,

    /// List the interfaces with their addresses and state
    #[arg(short = 'D', long, conflicts_with_all = ["captures", "read", "interfaces"])]
    pub list_interfaces: bool,

    /// Stop after so many packets
    #[arg(short, long, value_name = "PACKETS", requires = "interfaces", conflicts_with_all = ["captures", "read"], value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,

    /// Stop after this time: 90s, 15m, 2h, 1d
    #[arg(long, value_name = "TIME", requires = "interfaces", conflicts_with_all = ["captures", "read"], value_parser = time)]
    pub duration: Option<Duration>,

    /// Bytes taken of each packet
    #[arg(short, long, value_name = "BYTES", requires = "interfaces", conflicts_with_all = ["captures", "read"], default_value_t = 262_144,
          value_parser = clap::value_parser!(u32).range(1..=262_144))]
    pub snapshot_length: u32,

    /// Do not put the interface into promiscuous mode
    #[arg(short = 'p', long, requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub no_promiscuous_mode: bool,

    /// The kernel's buffer for each interface: 64M, 1G; a number alone counts KiB, as with tcpdump
    #[arg(short = 'B', long, value_name = "SIZE", requires = "interfaces", conflicts_with_all = ["captures", "read"], default_value = "64M", value_parser = kernel_buffer)]
    pub buffer_size: u32,

    /// Let the kernel hand over each packet at once; otherwise it waits up to 10 ms, and the buffer holds far more
    #[arg(long, requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub immediate_mode: bool,

    /// Wait for an interface that is down or gone, instead of ending
    #[arg(long, requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub retry: bool,

    /// Flows remembered at most, in each half of the table and of each family of addresses; the oldest make room
    #[arg(long, value_name = "FLOWS", requires = "interfaces", conflicts_with_all = ["captures", "read"], default_value_t = 65_536,
          value_parser = clap::value_parser!(u32).range(16..=16_777_216))]
    pub max_flows: u32,

    /// Bytes held at most of what waits for earlier segments or for the rest of a message: 64M, 1G
    #[arg(long, value_name = "SIZE", requires = "interfaces", conflicts_with_all = ["captures", "read"], default_value = "64M", value_parser = size)]
    pub max_buffer: u64,

    /// Tell how it is going every so often: 10s, 5m, 1h (SIGUSR1 asks at any time)
    #[arg(long, value_name = "TIME", requires = "interfaces", conflicts_with_all = ["captures", "read"], value_parser = time)]
    pub stats_interval: Option<Duration>,

    /// What is written.
    #[command(flatten)]
    pub write: WriteArgs,

    /// Running for long.
    #[command(flatten)]
    pub service: ServiceArgs,
}

impl LiveArgs {
    /// Capture live.
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.interfaces.is_empty()
    }
}

/// Running for long.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Live capture")]
pub(crate) struct ServiceArgs {
    /// Whom root becomes once interfaces are open, and who owns what is written: name or number [default: the caller of sudo, else nobody]
    #[arg(long, value_name = "USER", requires = "interfaces", conflicts_with_all = ["captures", "read"])]
    pub user: Option<String>,

    /// Serve figures for Prometheus at http://ADDR/metrics: PORT (on 127.0.0.1) or ADDRESS:PORT
    #[arg(long, value_name = "ADDR", requires = "interfaces", conflicts_with_all = ["captures", "read"], value_parser = address)]
    pub metrics: Option<SocketAddr>,
}
