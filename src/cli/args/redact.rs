//! Arguments of `redact`, as typed.

use crate::redact;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What to redact, and how far.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// The capture (pcap, pcapng; also .gz and .zst) or the log
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Where the copy goes: pcapng for a capture; never over a file that is there, unless --force
    #[arg(value_name = "OUT")]
    pub output: PathBuf,

    /// Map names of users, hosts, servers and domains, too: word by word, the same everywhere
    ///
    /// Words of fewer than three letters and digits, and those that protocols are made of (mail, server, login), stay. Names in
    /// certificates and other encrypted or compressed parts are only mapped where they can be found.
    #[arg(long)]
    pub names: bool,

    /// Map addresses of IP and Ethernet, too: what has a common prefix keeps one, private addresses stay private
    #[arg(long)]
    pub addresses: bool,

    /// Key of the stand-ins, any file: the same key gives the same ones, so that a capture and its log still agree [default: one that nobody knows]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// A capture or log whose names and addresses are to be mapped here, too; repeatable
    #[arg(long, value_name = "FILE")]
    pub learn: Vec<PathBuf>,

    /// What becomes of data that nobody understands
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Unknown::Blank)]
    pub unknown: Unknown,

    /// Overwrite OUT if it is there
    #[arg(long)]
    pub force: bool,

    /// Say nothing but what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

/// What becomes of data that nobody understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unknown {
    /// Letters become x, digits 0, the rest zero
    Blank,
    /// The same, and packets of unknown protocols are left out
    Drop,
    /// It stays: whoever gets the copy can read it
    Keep,
}

impl From<Unknown> for redact::Unknown {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Blank => Self::Blank,
            Unknown::Drop => Self::Drop,
            Unknown::Keep => Self::Keep,
        }
    }
}
