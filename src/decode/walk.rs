//! The loop that goes from layer to layer.

use super::captured::Captured;
use super::fragments::{Fragments, Whole};
use super::headers::Headers;
use super::network::Network;
use super::packet::Packet;
use super::step::{HeaderKind, Step, stop};
use super::{ether, gre, icmp, ip, link, ppp, reason, tcp, udp, wlan};
use crate::model::{Datagram, Segment, Stamp};

/// Headers followed in one frame: tags, labels, tunnels, IP and its extension headers together.
const MAX_LAYERS: usize = 64;

/// Follows a frame to the innermost TCP segment, UDP datagram or ICMP error. `whole` takes the packets that are
/// completed on the way; a fragment inside a packet made of fragments needs a second one. `headers` takes the places of all
/// headers.
pub(super) fn walk<'a>(
    link_type: u16,
    mut captured: Captured<'a>,
    at: Stamp,
    fragments: &mut Fragments,
    mut whole: &'a mut [Whole],
    mut headers: Option<&mut Headers>,
) -> Packet<'a> {
    let mut layer = HeaderKind::Link(link_type);
    let mut vlan = 0;
    let mut outer = None;
    let mut other = None;
    for _ in 0..MAX_LAYERS {
        if let Some(headers) = &mut headers {
            headers.note(layer, captured);
        }
        (layer, captured) = match enter(layer, captured, at) {
            Step::To(layer, captured) => (layer, captured),
            Step::Tagged(tag, layer, captured) => {
                vlan = tag;
                (layer, captured)
            }
            Step::Into(datagram, layer, captured) => {
                outer = Some(datagram);
                (layer, captured)
            }
            // The frame was cut by the snap length: its whole will never be there, but the ports are.
            Step::Fragment(fragment) if fragment.is_cut_first() => {
                fragments.give_up_one();
                (HeaderKind::IpPayload(fragment.network), fragment.payload)
            }
            Step::Fragment(fragment) => {
                if let Some(headers) = &mut headers {
                    headers.note_fragment(&fragment);
                }
                match (fragments.add(&fragment, vlan, at), std::mem::take(&mut whole).split_first_mut()) {
                    (Some((network, packet)), Some((buffer, rest))) => {
                        *buffer = packet;
                        whole = rest;
                        let buffer: &'a Whole = buffer;
                        if let Some(headers) = &mut headers {
                            headers.note_whole(&buffer.bytes);
                        }
                        other = buffer.other.as_ref().or(other);
                        (HeaderKind::IpPayload(network), Captured::whole(&buffer.bytes))
                    }
                    _ => return or_outer(Packet::Other(reason::FRAGMENT), outer),
                }
            }
            Step::Done(Packet::Tcp(segment)) if other.is_some() => return Packet::Tcp(Segment { other, ..segment }),
            Step::Done(Packet::Udp(datagram)) if other.is_some() => return Packet::Udp(Datagram { other, ..datagram }),
            Step::Done(packet) => return or_outer(packet, outer),
        };
    }
    or_outer(Packet::Other(reason::TOO_DEEP), outer)
}

fn or_outer<'a>(packet: Packet<'a>, outer: Option<Datagram<'a>>) -> Packet<'a> {
    match (packet, outer) {
        (Packet::Other(_), Some(datagram)) => Packet::Udp(datagram),
        (packet, _) => packet,
    }
}

fn enter(layer: HeaderKind, captured: Captured<'_>, at: Stamp) -> Step<'_> {
    match layer {
        HeaderKind::Link(link_type) => link::step(link_type, captured),
        HeaderKind::Ethernet => ether::ethernet(captured),
        HeaderKind::EtherType(ether_type) => ether::ether_type(ether_type, captured),
        HeaderKind::Llc => ether::llc(captured),
        HeaderKind::Mpls => ether::mpls(captured),
        HeaderKind::Ppp => ppp::ppp(captured),
        HeaderKind::Wlan => wlan::wlan(captured),
        HeaderKind::Ip => ip::step(captured),
        HeaderKind::IpPayload(network) => ip_payload(network, captured, at),
    }
}

/// By the numbers of <https://www.iana.org/assignments/protocol-numbers>.
fn ip_payload(network: Network, captured: Captured<'_>, at: Stamp) -> Step<'_> {
    match network.protocol {
        6 => tcp::packet(network.info, captured, network.checksum_known).into(),
        17 => udp::step(network.info, captured),
        1 => icmp::v4(network.info, captured, at).into(),
        58 => icmp::v6(network.info, captured, at).into(),
        0 | 43 | 44 | 60 | 135 | 139 | 140 if network.info.source.is_ipv6() => ip::extension(network, captured),
        51 => ip::authentication(network, captured),
        4 | 41 | 94 => Step::To(HeaderKind::Ip, captured),
        47 => gre::gre(captured),
        97 => captured.skip(2).map_or(stop(reason::TUNNEL_CUT), |inside| Step::To(HeaderKind::Ethernet, inside)),
        137 => Step::To(HeaderKind::Mpls, captured),
        143 => Step::To(HeaderKind::Ethernet, captured),
        2 => stop(reason::IGMP),
        50 => stop(reason::ESP),
        132 => stop(reason::SCTP),
        _ => stop(reason::OTHER_PROTOCOL),
    }
}
