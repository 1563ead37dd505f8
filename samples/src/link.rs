//! Link layers: what stands in front of the IP packet.

/// A link layer and its number in capture files (tcpdump.org/linktypes.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Ethernet, LINKTYPE_ETHERNET 1.
    Ethernet,
    /// Ethernet with one 802.1Q tag of this VLAN.
    Vlan(u16),
    /// Linux cooked capture, LINKTYPE_LINUX_SLL 113.
    Sll,
    /// Linux cooked capture v2, LINKTYPE_LINUX_SLL2 276.
    Sll2,
    /// IP with nothing before it, LINKTYPE_RAW 101.
    RawIp,
}

/// What a link-layer header says about one packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkFields {
    pub source: [u8; 6],
    pub destination: [u8; 6],
    pub ipv6: bool,
    /// The capturing machine sent this packet itself.
    pub outgoing: bool,
}

const ARPHRD_ETHER: u16 = 1;
const PACKET_HOST: u16 = 0;
const PACKET_OUTGOING: u16 = 4;
const TAG_802_1Q: u16 = 0x8100;

impl Link {
    /// The number capture files use for it.
    pub const fn number(self) -> u16 {
        match self {
            Self::Ethernet | Self::Vlan(_) => 1,
            Self::Sll => 113,
            Self::Sll2 => 276,
            Self::RawIp => 101,
        }
    }

    /// As a table of samples names it.
    pub fn name(self) -> String {
        match self {
            Self::Ethernet => "Ethernet".to_owned(),
            Self::Vlan(id) => format!("Ethernet, VLAN {id}"),
            Self::Sll => "SLL".to_owned(),
            Self::Sll2 => "SLL2".to_owned(),
            Self::RawIp => "raw IP".to_owned(),
        }
    }

    pub(crate) fn frame(self, link: &LinkFields, packet: &[u8]) -> Vec<u8> {
        let mut out = self.header(link);
        out.extend(packet);
        out
    }

    fn header(self, link: &LinkFields) -> Vec<u8> {
        let ethertype: u16 = if link.ipv6 { 0x86dd } else { 0x0800 };
        let kind = if link.outgoing { PACKET_OUTGOING } else { PACKET_HOST };
        match self {
            Self::Ethernet => [&link.destination[..], &link.source, &ethertype.to_be_bytes()].concat(),
            Self::Vlan(id) => [
                &link.destination[..],
                &link.source,
                &TAG_802_1Q.to_be_bytes(),
                &id.to_be_bytes(),
                &ethertype.to_be_bytes(),
            ]
            .concat(),
            Self::Sll => [
                &kind.to_be_bytes()[..],
                &ARPHRD_ETHER.to_be_bytes(),
                &6u16.to_be_bytes(),
                &link.source,
                &[0, 0],
                &ethertype.to_be_bytes(),
            ]
            .concat(),
            Self::Sll2 => [
                &ethertype.to_be_bytes()[..],
                &[0, 0],
                &2u32.to_be_bytes(),
                &ARPHRD_ETHER.to_be_bytes(),
                &[kind as u8, 6],
                &link.source,
                &[0, 0],
            ]
            .concat(),
            Self::RawIp => Vec::new(),
        }
    }
}
