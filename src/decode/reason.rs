//! Why a frame is followed no further. These phrases are shown to users and counted in reports: they do not change.

/// ARP or RARP.
pub(crate) const ARP: &str = "ARP";
/// ICMP that is no error: echo, router advertisement and the like.
pub(crate) const ICMP: &str = "ICMP";
/// ICMPv6 that is no error: neighbour discovery and the like.
pub(crate) const ICMPV6: &str = "ICMPv6";
/// IGMP.
pub(crate) const IGMP: &str = "IGMP";
/// SCTP.
pub(crate) const SCTP: &str = "SCTP";
/// IPsec ESP: what is in it is encrypted.
pub(crate) const ESP: &str = "ESP";
/// Any other protocol on IP.
pub(crate) const OTHER_PROTOCOL: &str = "other IP protocol";
/// A fragment of an IP packet that this frame does not complete.
pub(crate) const FRAGMENT: &str = "IP fragment";
/// An Ethernet type, PPP or link protocol that does not carry IP.
pub(crate) const NOT_IP: &str = "not IP";
/// IEEE 802.2 LLC without IP: spanning tree, CDP, NetBEUI and the like.
pub(crate) const LLC: &str = "LLC";
/// PPP or PPPoE negotiation.
pub(crate) const PPP_CONTROL: &str = "PPP control";
/// PPP whose payload is compressed, encrypted or spread over several links.
pub(crate) const PPP_OPAQUE: &str = "PPP compressed or encrypted";
/// MACsec (IEEE 802.1AE), encrypted.
pub(crate) const MACSEC: &str = "MACsec";
/// IEEE 802.11 management, control or data without payload.
pub(crate) const WLAN: &str = "802.11 without data";
/// IEEE 802.11 data that is encrypted in the capture.
pub(crate) const WLAN_ENCRYPTED: &str = "802.11 encrypted";
/// A later fragment of an IEEE 802.11 frame.
pub(crate) const WLAN_FRAGMENT: &str = "802.11 fragment";
/// GRE of a kind that is not followed.
pub(crate) const GRE: &str = "GRE";
/// MPLS that does not lead to IP or Ethernet.
pub(crate) const MPLS: &str = "MPLS";
/// The link type of the capture is not known here.
pub(crate) const LINK_TYPE: &str = "unsupported link type";
/// More layers than are followed.
pub(crate) const TOO_DEEP: &str = "nested too deep";
/// The capture ends inside the link header, a tag or a label.
pub(crate) const LINK_CUT: &str = "link header cut short";
/// A link header contradicts itself.
pub(crate) const LINK_DAMAGED: &str = "link header damaged";
/// The capture ends inside the header of a tunnel.
pub(crate) const TUNNEL_CUT: &str = "tunnel header cut short";
/// The capture ends inside the IPv4 header.
pub(crate) const IPV4_CUT: &str = "IPv4 header cut short";
/// The IPv4 header is longer than the packet, or shorter than 20 bytes.
pub(crate) const IPV4_DAMAGED: &str = "IPv4 header damaged";
/// The capture ends inside the IPv6 header or an extension header.
pub(crate) const IPV6_CUT: &str = "IPv6 header cut short";
/// IPv6 extension headers go beyond the packet.
pub(crate) const IPV6_DAMAGED: &str = "IPv6 header damaged";
/// The capture ends inside the first 20 bytes of the TCP header.
pub(crate) const TCP_CUT: &str = "TCP header cut short";
/// The TCP header length is below 20 or beyond the packet.
pub(crate) const TCP_DAMAGED: &str = "TCP header damaged";
/// The capture ends inside the UDP header.
pub(crate) const UDP_CUT: &str = "UDP header cut short";
/// The UDP length is below 8, or the packet is.
pub(crate) const UDP_DAMAGED: &str = "UDP header damaged";
/// The capture ends before the ICMP type and code.
pub(crate) const ICMP_CUT: &str = "ICMP header cut short";

/// Every reason there is.
#[cfg(test)]
pub(crate) const ALL: &[&str] = &[
    ARP,
    ICMP,
    ICMPV6,
    IGMP,
    SCTP,
    ESP,
    OTHER_PROTOCOL,
    FRAGMENT,
    NOT_IP,
    LLC,
    PPP_CONTROL,
    PPP_OPAQUE,
    MACSEC,
    WLAN,
    WLAN_ENCRYPTED,
    WLAN_FRAGMENT,
    GRE,
    MPLS,
    LINK_TYPE,
    TOO_DEEP,
    LINK_CUT,
    LINK_DAMAGED,
    TUNNEL_CUT,
    IPV4_CUT,
    IPV4_DAMAGED,
    IPV6_CUT,
    IPV6_DAMAGED,
    TCP_CUT,
    TCP_DAMAGED,
    UDP_CUT,
    UDP_DAMAGED,
    ICMP_CUT,
];
