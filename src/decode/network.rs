//! What the network layer says of its payload.

use crate::model::IpInfo;

/// A payload of IP: where it comes from and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    pub info: IpInfo,
    pub protocol: u8,
    /// Length and addresses are those that the transport checksum was made with.
    pub checksum_known: bool,
}
