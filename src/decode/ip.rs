//! IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200). Checksums are not looked at: offload leaves them
//! wrong in captures taken on the host itself.

use super::captured::Captured;
use super::fragments::Fragment;
use super::network::Network;
use super::reason;
use super::step::{HeaderKind, Step, stop};
use crate::model::IpInfo;
use etherparse::err::{ipv4, ipv6};
use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
};
use std::net::IpAddr;

/// Routing header of IPv6.
const ROUTING: u8 = 43;
/// Fragment header of IPv6.
const FRAGMENT: u8 = 44;

/// IPv4 or IPv6, by the version.
pub(super) fn step(captured: Captured<'_>) -> Step<'_> {
    match captured.data.first().map(|first| first >> 4) {
        Some(4) => v4(captured),
        Some(6) => v6(captured),
        Some(_) => stop(reason::NOT_IP),
        None => stop(reason::LINK_CUT),
    }
}

fn v4(captured: Captured<'_>) -> Step<'_> {
    let header = match Ipv4HeaderSlice::from_slice(captured.data) {
        Ok(header) => header,
        Err(ipv4::HeaderSliceError::Len(_)) => return stop(reason::IPV4_CUT),
        Err(ipv4::HeaderSliceError::Content(_)) => return stop(reason::IPV4_DAMAGED),
    };
    let length = header.slice().len();
    let packet = match usize::from(header.total_len()) {
        0 => captured, // filled in later by the network card (segmentation offload)
        total if total < length => return stop(reason::IPV4_DAMAGED),
        total => captured.with_length(total),
    };
    let payload = packet.after(length);
    let network = v4_network(&header);
    if header.is_fragmenting_payload() {
        let offset = usize::from(header.fragments_offset().value()).saturating_mul(8);
        let id = u32::from(header.identification());
        return Step::Fragment(Fragment { network, id, offset, more: header.more_fragments(), payload });
    }
    Step::To(HeaderKind::IpPayload(network), payload)
}

fn v4_network(header: &Ipv4HeaderSlice<'_>) -> Network {
    let info = IpInfo {
        source: header.source().into(),
        destination: header.destination().into(),
        ttl: header.ttl(),
        id: Some(header.identification()),
        dont_fragment: header.dont_fragment(),
    };
    Network { info, protocol: header.protocol().0, checksum_known: header.total_len() != 0 }
}

fn v6(captured: Captured<'_>) -> Step<'_> {
    let header = match Ipv6HeaderSlice::from_slice(captured.data) {
        Ok(header) => header,
        Err(ipv6::HeaderSliceError::Len(_)) => return stop(reason::IPV6_CUT),
        Err(ipv6::HeaderSliceError::Content(_)) => return stop(reason::NOT_IP),
    };
    let after = captured.after(header.slice().len());
    let payload = match usize::from(header.payload_length()) {
        0 => after, // a jumbogram (RFC 2675), or segmentation offload
        length => after.with_length(length),
    };
    let info = IpInfo {
        source: IpAddr::V6(header.source_addr()),
        destination: IpAddr::V6(header.destination_addr()),
        ttl: header.hop_limit(),
        id: None,
        dont_fragment: true,
    };
    let network = Network { info, protocol: header.next_header().0, checksum_known: header.payload_length() != 0 };
    Step::To(HeaderKind::IpPayload(network), payload)
}

/// An extension header of IPv6 (RFC 8200 4, RFC 6275 6.1, RFC 7401 5.1, RFC 5533 5.1).
pub(super) fn extension(network: Network, captured: Captured<'_>) -> Step<'_> {
    if network.protocol == FRAGMENT {
        return fragment(network, captured);
    }
    let Ok(header) = Ipv6RawExtHeaderSlice::from_slice(captured.data) else {
        let units = captured.data.get(1).copied().map_or(1, |units| usize::from(units).saturating_add(1));
        return short(captured, units.saturating_mul(8));
    };
    let segments_left = header.payload().get(1).is_some_and(|&left| left > 0);
    let rerouted = network.protocol == ROUTING && segments_left;
    next(network, header.next_header(), network.checksum_known && !rerouted, captured.after(header.slice().len()))
}

/// The authentication header of IPsec (RFC 4302): what follows it is in clear.
pub(super) fn authentication(network: Network, captured: Captured<'_>) -> Step<'_> {
    match IpAuthHeaderSlice::from_slice(captured.data) {
        Ok(header) => next(network, header.next_header(), network.checksum_known, captured.after(header.slice().len())),
        Err(_) => stop(reason::TUNNEL_CUT),
    }
}

fn fragment(network: Network, captured: Captured<'_>) -> Step<'_> {
    let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(captured.data) else {
        return short(captured, 8);
    };
    let payload = captured.after(header.slice().len());
    let [_, _, high, low] = header.identification().to_be_bytes();
    let info = IpInfo { id: Some(u16::from_be_bytes([high, low])), ..network.info };
    let network = Network { info, protocol: header.next_header().0, ..network };
    if !header.is_fragmenting_payload() {
        return Step::To(HeaderKind::IpPayload(network), payload);
    }
    let offset = usize::from(header.fragment_offset().value()).saturating_mul(8);
    Step::Fragment(Fragment { network, id: header.identification(), offset, more: header.more_fragments(), payload })
}

/// A header of `length` bytes is not all there: is it the capture or the packet?
fn short(captured: Captured<'_>, length: usize) -> Step<'_> {
    stop(if captured.wire < length { reason::IPV6_DAMAGED } else { reason::IPV6_CUT })
}

fn next(network: Network, protocol: IpNumber, checksum_known: bool, captured: Captured<'_>) -> Step<'_> {
    Step::To(HeaderKind::IpPayload(Network { protocol: protocol.0, checksum_known, ..network }), captured)
}
