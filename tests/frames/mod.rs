//! Frames built by hand: one for each link type, tag, label and tunnel. Shared by the unit tests of the decoder, by
//! its comparison with tshark and by its benchmark.
#![allow(dead_code, clippy::cast_possible_truncation, reason = "each user takes a part; lengths are small")]

/// What is in the innermost segment and datagram.
pub(crate) const PAYLOAD: &[u8] = b"hello, domino";
/// Ports of the innermost segment and datagram.
pub(crate) const PORTS: (u16, u16) = (40_000, 1352);
/// Sequence number of the innermost segment.
pub(crate) const SEQUENCE: u32 = 0x0102_0304;

/// What a frame should be decoded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A segment with [`PORTS`], [`SEQUENCE`] and [`PAYLOAD`].
    Tcp,
    /// A datagram with [`PORTS`] and [`PAYLOAD`].
    Udp,
    /// An ICMP error that quotes [`PORTS`].
    Icmp,
    /// Nothing, for this reason.
    Other(&'static str),
}

/// A frame and what it should be decoded to.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What is special.
    pub name: &'static str,
    /// Link type.
    pub link_type: u16,
    /// The frame.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub expect: Expect,
}

/// Joins parts.
pub(crate) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn be16(value: usize) -> [u8; 2] {
    (value as u16).to_be_bytes()
}

/// A TCP segment with options.
pub(crate) fn tcp_with(options: &[u8], payload: &[u8]) -> Vec<u8> {
    assert_eq!(options.len() % 4, 0);
    let offset = ((20 + options.len()) / 4) << 4;
    join(&[
        &PORTS.0.to_be_bytes(),
        &PORTS.1.to_be_bytes(),
        &SEQUENCE.to_be_bytes(),
        &[0, 0, 0, 9],
        &[offset as u8, 0x18, 0x20, 0x00, 0, 0, 0, 0],
        options,
        payload,
    ])
}

/// The usual TCP segment.
pub(crate) fn tcp() -> Vec<u8> {
    tcp_with(&[], PAYLOAD)
}

/// A UDP datagram.
pub(crate) fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&source.to_be_bytes(), &destination.to_be_bytes(), &be16(8 + payload.len()), &[0, 0], payload])
}

/// The usual UDP datagram.
pub(crate) fn datagram() -> Vec<u8> {
    udp(PORTS.0, PORTS.1, PAYLOAD)
}

/// IPv4 with options and the two bytes of flags and fragment offset.
pub(crate) fn ipv4_with(options: &[u8], fragment: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    assert_eq!(options.len() % 4, 0);
    let header = 20 + options.len();
    let mut bytes = join(&[
        &[0x40 | (header / 4) as u8, 0],
        &be16(header + payload.len()),
        &[0x12, 0x34],
        &fragment.to_be_bytes(),
        &[64, protocol, 0, 0],
        &[10, 0, 0, 1, 10, 0, 0, 2],
        options,
        payload,
    ]);
    let sum: u32 = bytes[..header].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    bytes[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    bytes
}

/// IPv4 without options, Don't Fragment set.
pub(crate) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with(&[], 0x4000, protocol, payload)
}

/// IPv6.
pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let address = |last| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    join(&[&[0x60, 0, 0, 0], &be16(payload.len()), &[next, 63], &address(1), &address(2), payload])
}

/// An extension header of IPv6 with `length` bytes of padding options in it.
pub(crate) fn extension(next: u8, length: usize, payload: &[u8]) -> Vec<u8> {
    let padding = length - 4;
    join(&[&[next, (length / 8 - 1) as u8, 1, padding as u8], &vec![0; padding], payload])
}

/// Ethernet II.
pub(crate) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &ether_type.to_be_bytes(), payload])
}

/// SNAP with an Ethernet type.
pub(crate) fn snap(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &ether_type.to_be_bytes(), payload])
}

/// The usual IPv4 packet with TCP.
pub(crate) fn packet() -> Vec<u8> {
    ipv4(6, &tcp())
}

/// The usual IPv6 packet with TCP.
pub(crate) fn packet6() -> Vec<u8> {
    ipv6(6, &tcp())
}

/// A data frame of IEEE 802.11 behind its frame control.
pub(crate) fn wlan(control: [u8; 2], rest_of_header: usize, body: &[u8]) -> Vec<u8> {
    join(&[&control, &[0; 2], &[2, 0, 0, 0, 0, 9].repeat(3), &[0, 0], &vec![0; rest_of_header], body])
}

/// An ICMP error that quotes a packet.
pub(crate) fn icmp(kind: u8, code: u8, rest: [u8; 4], quoted: &[u8]) -> Vec<u8> {
    join(&[&[kind, code, 0, 0], &rest, quoted])
}

/// Every encapsulation that the decoder follows, and some that it does not.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = link_cases();
    cases.extend(wlan_cases());
    cases.extend(tag_cases());
    cases.extend(ip_cases());
    cases.extend(gre_cases());
    cases.extend(udp_tunnel_cases());
    cases.extend(icmp_cases());
    cases.extend(other_cases());
    cases
}

/// Fragments in an order: packets in order, in reverse, repeated, mixed with another, overlapping, of IPv6, in two
/// VLANs, and one that never ends.
pub(crate) fn fragments() -> Vec<Vec<u8>> {
    let whole = tcp_with(&[], &[7; 108]);
    let part = |id: u8, from: usize, to: usize| {
        let field = if to < whole.len() { 0x2000 } else { 0 } | (from / 8) as u16;
        let mut bytes = ethernet(0x0800, &ipv4_with(&[], field, 6, &whole[from..to]));
        bytes[19] = id;
        bytes
    };
    let part6 = |id: u8, from: usize, to: usize| {
        let field = (from as u16 | u16::from(to < whole.len())).to_be_bytes();
        ethernet(0x86dd, &ipv6(44, &join(&[&[6, 0], &field, &[0, 0, 0, id], &whole[from..to]])))
    };
    let tagged = |vlan: u8, bytes: &[u8]| join(&[&bytes[..12], &[0x81, 0, 0, vlan], &bytes[12..]]);
    vec![
        part(1, 0, 64),
        part(1, 64, 128),
        part(2, 64, 128),
        part(2, 0, 64),
        part(3, 0, 32),
        part(4, 0, 64),
        part(3, 0, 32),
        part(3, 64, 128),
        part(4, 64, 128),
        part(3, 32, 64),
        part(5, 0, 80),
        part(5, 40, 96),
        part(5, 88, 128),
        part6(1, 64, 128),
        part6(2, 0, 64),
        part6(1, 0, 64),
        part6(2, 64, 128),
        tagged(8, &part(6, 0, 64)),
        tagged(9, &part(6, 0, 64)),
        tagged(8, &part(6, 64, 128)),
        tagged(9, &part(6, 64, 128)),
        part(1, 0, 64),
        part(1, 64, 128),
        part(7, 0, 64),
    ]
}

/// The case of that name.
pub(crate) fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).expect("a case of that name")
}

fn on(link_type: u16, name: &'static str, bytes: Vec<u8>) -> Case {
    Case { name, link_type, bytes, expect: Expect::Tcp }
}

fn ether(name: &'static str, ether_type: u16, payload: &[u8], expect: Expect) -> Case {
    Case { name, link_type: 1, bytes: ethernet(ether_type, payload), expect }
}

fn over_ip(name: &'static str, protocol: u8, payload: &[u8]) -> Case {
    ether(name, 0x0800, &ipv4(protocol, payload), Expect::Tcp)
}

fn over_udp(name: &'static str, port: u16, payload: &[u8]) -> Case {
    over_ip(name, 17, &udp(55_000, port, payload))
}

fn link_cases() -> Vec<Case> {
    let cooked = |protocol: [u8; 2]| join(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &protocol]);
    let cooked2 = |protocol: [u8; 2]| join(&[&protocol, &[0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]]);
    let attributes = [8, 0, 1, 0, 8, 0, 0, 0, 5, 0, 10, 0, 0x41, 0, 0, 0];
    let logged = packet().len() + 4;
    vec![
        on(1, "Ethernet", ethernet(0x0800, &packet())),
        on(1, "Ethernet with padding", ethernet(0x0800, &join(&[&packet(), &[0; 9]]))),
        on(1, "Ethernet, IPv6", ethernet(0x86dd, &packet6())),
        on(1, "IEEE 802.3 with SNAP", ethernet(8 + packet().len() as u16, &snap(0x0800, &packet()))),
        on(0, "NULL, little-endian", join(&[&[2, 0, 0, 0], &packet()])),
        on(0, "NULL, big-endian", join(&[&[0, 0, 0, 2], &packet()])),
        on(0, "NULL, IPv6 of Darwin", join(&[&[30, 0, 0, 0], &packet6()])),
        on(108, "LOOP", join(&[&[0, 0, 0, 2], &packet()])),
        on(108, "LOOP, IPv6 of OpenBSD", join(&[&[0, 0, 0, 24], &packet6()])),
        on(101, "raw IPv4", packet()),
        on(101, "raw IPv6", packet6()),
        on(12, "raw of BSD", packet()),
        on(14, "raw of OpenBSD", packet()),
        on(228, "IPv4 link type", packet()),
        on(229, "IPv6 link type", packet6()),
        on(113, "Linux cooked", join(&[&cooked([8, 0]), &packet()])),
        on(113, "Linux cooked, VLAN", join(&[&cooked([0x81, 0]), &[0, 7, 0x86, 0xdd], &packet6()])),
        on(276, "Linux cooked 2", join(&[&cooked2([8, 0]), &packet()])),
        on(276, "Linux cooked 2, IPv6", join(&[&cooked2([0x86, 0xdd]), &packet6()])),
        on(9, "PPP", join(&[&[0xff, 3, 0, 0x21], &packet()])),
        on(9, "PPP, IPv6", join(&[&[0xff, 3, 0, 0x57], &packet6()])),
        on(9, "PPP, short", join(&[&[0x21], &packet()])),
        on(50, "PPP in HDLC", join(&[&[0xff, 3, 0, 0x21], &packet()])),
        on(50, "Cisco HDLC on a PPP link", join(&[&[0x0f, 0, 8, 0], &packet()])),
        on(204, "PPP with direction", join(&[&[1, 0xff, 3, 0, 0x21], &packet()])),
        on(51, "PPPoE", join(&[&[0x11, 0, 0, 9], &be16(2 + packet().len()), &[0, 0x21], &packet()])),
        on(104, "Cisco HDLC", join(&[&[0x0f, 0, 8, 0], &packet()])),
        on(107, "frame relay", join(&[&[0x18, 0x41, 3, 0xcc], &packet()])),
        on(107, "frame relay with SNAP", join(&[&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0], &packet()])),
        on(239, "NFLOG", join(&[&[2, 0, 0, 1], &attributes, &(logged as u16).to_le_bytes(), &[9, 0], &packet()])),
        on(239, "NFLOG, big-endian", join(&[&[2, 0, 0, 1], &be16(logged), &[0, 9], &packet()])),
        on(258, "PKTAP", join(&[&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], &[0; 96], &ethernet(0x0800, &packet())])),
    ]
}

fn wlan_cases() -> Vec<Case> {
    let ip = snap(0x0800, &packet());
    let data = wlan([0x08, 0x01], 0, &ip);
    let aggregate = join(&[&[2; 12], &be16(ip.len()), &ip]);
    let radiotap = [0, 0, 8, 0, 0, 0, 0, 0];
    vec![
        on(105, "802.11", data.clone()),
        on(105, "802.11, QoS", wlan([0x88, 0x02], 2, &ip)),
        on(105, "802.11, four addresses, QoS, HT control", wlan([0x88, 0x83], 12, &ip)),
        on(105, "802.11, aggregate", join(&[&wlan([0x88, 0x01], 0, &[0x80, 0]), &aggregate])),
        on(127, "radiotap", join(&[&radiotap, &data])),
        on(127, "radiotap with padding", join(&[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20], &wlan([0x88, 0x01], 4, &ip)])),
        on(192, "PPI", join(&[&[0, 0, 8, 0, 105, 0, 0, 0], &data])),
        on(163, "AVS", join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &data])),
        on(119, "Prism", join(&[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136], &data])),
        Case { expect: Expect::Other("802.11 encrypted"), ..on(105, "802.11, protected", wlan([0x08, 0x41], 0, &ip)) },
        Case { expect: Expect::Other("802.11 without data"), ..on(105, "802.11 beacon", wlan([0x80, 0], 0, &[0; 40])) },
    ]
}

fn tag_cases() -> Vec<Case> {
    let tag = |next: u16| join(&[&[0, 7], &next.to_be_bytes()]);
    let label = |bottom: u8| [0, 1, 0x60 | bottom, 64];
    let inner = ethernet(0x0800, &packet());
    let tcp = Expect::Tcp;
    vec![
        ether("VLAN", 0x8100, &join(&[&tag(0x0800), &packet()]), tcp),
        ether("VLAN, IPv6", 0x8100, &join(&[&tag(0x86dd), &packet6()]), tcp),
        ether("VLAN, SNAP", 0x8100, &join(&[&tag(8 + packet().len() as u16), &snap(0x0800, &packet())]), tcp),
        ether("QinQ", 0x88a8, &join(&[&tag(0x8100), &tag(0x0800), &packet()]), tcp),
        ether("five tags", 0x8100, &join(&[&tag(0x8100).repeat(4), &tag(0x0800), &packet()]), tcp),
        ether("MPLS", 0x8847, &join(&[&label(0).repeat(3), &label(1), &packet()]), tcp),
        ether("MPLS, IPv6", 0x8847, &join(&[&label(1), &packet6()]), tcp),
        ether("MPLS, Ethernet with control word", 0x8847, &join(&[&label(1), &[0; 4], &inner]), tcp),
        ether("PPPoE in VLAN", 0x8100, &join(&[&tag(0x8864), &case_bytes_pppoe()]), tcp),
        ether("MACsec in clear", 0x88e5, &join(&[&[0, 0, 0, 0, 0, 1, 8, 0], &packet(), &[0; 16]]), tcp),
        ether("Cisco metadata", 0x8909, &join(&[&[1, 1, 0, 1, 0, 9, 8, 0], &packet()]), tcp),
        ether("VN-Tag", 0x8926, &join(&[&[0x80, 7, 0, 1, 8, 0], &packet()]), tcp),
        ether("service header", 0x894f, &join(&[&[0, 6, 1, 1], &[0; 20], &packet()]), tcp),
    ]
}

fn case_bytes_pppoe() -> Vec<u8> {
    join(&[&[0x11, 0, 0, 9], &be16(2 + packet().len()), &[0, 0x21], &packet()])
}

fn ip_cases() -> Vec<Case> {
    let tcp = Expect::Tcp;
    let options = [2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 0, 0];
    let authentication = join(&[&[6, 4, 0, 0], &[0; 20], &self::tcp()]);
    let length = |bytes: Vec<u8>, length: [u8; 2]| join(&[&bytes[..2], &length, &bytes[4..]]);
    vec![
        ether("UDP", 0x0800, &ipv4(17, &datagram()), Expect::Udp),
        ether("UDP, IPv6", 0x86dd, &ipv6(17, &datagram()), Expect::Udp),
        ether("TCP options", 0x0800, &ipv4(6, &tcp_with(&options, PAYLOAD)), tcp),
        ether("IPv4 options", 0x0800, &ipv4_with(&[1, 1, 1, 0], 0x4000, 6, &self::tcp()), tcp),
        ether("total length 0", 0x0800, &length(packet(), [0, 0]), tcp),
        ether("IPv6 payload length 0", 0x86dd, &join(&[&packet6()[..4], &[0, 0], &packet6()[6..]]), tcp),
        over_ip("IP in IP", 4, &packet()),
        over_ip("6in4", 41, &packet6()),
        ether("4in6", 0x86dd, &ipv6(4, &packet()), tcp),
        over_ip("authentication header", 51, &authentication),
        ether("authentication header, IPv6", 0x86dd, &ipv6(51, &authentication), tcp),
        over_ip("EtherIP", 97, &join(&[&[0x30, 0], &ethernet(0x0800, &packet())])),
        over_ip("MPLS in IP", 137, &join(&[&[0, 1, 1, 64], &packet()])),
        ether("Ethernet in IPv6", 0x86dd, &ipv6(143, &ethernet(0x0800, &packet())), tcp),
        ether("hop-by-hop", 0x86dd, &ipv6(0, &extension(6, 8, &self::tcp())), tcp),
        ether(
            "four extension headers",
            0x86dd,
            &ipv6(0, &extension(60, 8, &extension(43, 24, &extension(60, 16, &extension(6, 8, &self::tcp()))))),
            tcp,
        ),
        ether("atomic fragment", 0x86dd, &ipv6(44, &join(&[&[6, 0, 0, 0, 0, 0, 0, 9], &self::tcp()])), tcp),
    ]
}

fn gre_cases() -> Vec<Case> {
    let inner = ethernet(0x0800, &packet());
    let ppp = join(&[&[0xff, 3, 0, 0x21], &packet()]);
    let key = join(&[&be16(ppp.len()), &[0, 1]]);
    vec![
        over_ip("GRE", 47, &join(&[&[0, 0, 8, 0], &packet()])),
        over_ip("GRE, IPv6", 47, &join(&[&[0, 0, 0x86, 0xdd], &packet6()])),
        over_ip("GRE, checksum, key, sequence", 47, &join(&[&[0xb0, 0, 8, 0], &[0; 12], &packet()])),
        over_ip("GRE, Ethernet", 47, &join(&[&[0, 0, 0x65, 0x58], &inner])),
        over_ip("NVGRE", 47, &join(&[&[0x20, 0, 0x65, 0x58, 0, 0, 9, 1], &inner])),
        over_ip("GRE, MPLS", 47, &join(&[&[0, 0, 0x88, 0x47, 0, 1, 1, 64], &packet()])),
        over_ip("PPTP", 47, &join(&[&[0x30, 1, 0x88, 0x0b], &key, &[0, 0, 0, 1], &ppp])),
        over_ip("PPTP, acknowledgement", 47, &join(&[&[0x30, 0x81, 0x88, 0x0b], &key, &[0; 8], &ppp])),
        over_ip("ERSPAN I", 47, &join(&[&[0, 0, 0x88, 0xbe], &inner])),
        over_ip("ERSPAN II", 47, &join(&[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 7, 0, 1, 0, 0, 0, 0], &inner])),
        over_ip("ERSPAN III", 47, &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 7, 0, 1], &[0; 8], &inner])),
        over_ip(
            "ERSPAN III with platform header",
            47,
            &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 7, 0, 1], &[0; 7], &[1], &[0; 8], &inner]),
        ),
    ]
}

fn udp_tunnel_cases() -> Vec<Case> {
    let inner = ethernet(0x0800, &packet());
    let gtp = |flags: u8, extra: &[u8]| {
        let length = be16(extra.len() + packet().len());
        join(&[&[flags, 0xff], &length, &[0, 0, 0, 1], extra, &packet()])
    };
    let identity = [0; 16];
    vec![
        over_udp("VXLAN", 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &inner])),
        over_udp("VXLAN of Linux", 8472, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &inner])),
        over_udp("VXLAN-GPE", 4790, &join(&[&[0x0c, 0, 0, 1, 0, 0, 1, 0], &packet()])),
        over_udp("Geneve", 6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &inner])),
        over_udp(
            "Geneve with options",
            6081,
            &join(&[&[2, 0, 8, 0, 0, 0, 1, 0], &[0, 0, 0, 1, 0, 0, 0, 0], &packet()]),
        ),
        over_udp("GTP", 2152, &gtp(0x30, &[])),
        over_udp("GTP with sequence", 2152, &gtp(0x32, &[0, 1, 0, 0])),
        over_udp("GTP with extension", 2152, &gtp(0x34, &[0, 0, 0, 0x85, 1, 0, 9, 0])),
        over_udp("Teredo", 3544, &packet6()),
        over_udp("Teredo with origin", 3544, &join(&[&[0, 0, 1, 2, 3, 4, 5, 6], &packet6()])),
        over_udp("AYIYA", 5072, &join(&[&[0x41, 0x52, 0x11, 41, 0, 0, 0, 0], &identity, &[0; 20], &packet6()])),
        over_udp("MPLS in UDP", 6635, &join(&[&[0, 1, 1, 64], &packet()])),
    ]
}

fn icmp_cases() -> Vec<Case> {
    let quoted = packet()[..28].to_vec();
    let error = Expect::Icmp;
    vec![
        ether("ICMP, fragmentation needed", 0x0800, &ipv4(1, &icmp(3, 4, [0, 0, 5, 0], &quoted)), error),
        ether("ICMP, time exceeded", 0x0800, &ipv4(1, &icmp(11, 0, [0; 4], &packet())), error),
        ether("ICMPv6, too big", 0x86dd, &ipv6(58, &icmp(2, 0, [0, 0, 5, 0], &packet6())), error),
        ether("ICMPv6, unreachable", 0x86dd, &ipv6(58, &icmp(1, 4, [0; 4], &packet6()[..48])), error),
    ]
}

fn other_cases() -> Vec<Case> {
    let mut header = tcp();
    header[12] = 0x40;
    let short = header.clone();
    header[12] = 0xf0;
    let other = Expect::Other;
    vec![
        ether("ARP", 0x0806, &[0; 28], other("ARP")),
        ether("LLDP", 0x88cc, &[0; 28], other("not IP")),
        ether("spanning tree", 38, &[0x42; 38], other("LLC")),
        ether("PPPoE discovery", 0x8863, &[0x11, 9, 0, 0, 0, 0], other("PPP control")),
        ether("MACsec", 0x88e5, &[0x0c, 0, 0, 0, 0, 1, 8, 0, 9, 9, 9, 9], other("MACsec")),
        ether("echo", 0x0800, &ipv4(1, &icmp(8, 0, [0; 4], PAYLOAD)), other("ICMP")),
        ether("neighbour solicitation", 0x86dd, &ipv6(58, &icmp(135, 0, [0; 4], &[0; 16])), other("ICMPv6")),
        ether("IGMP", 0x0800, &ipv4(2, &[0x16, 0, 0, 0, 224, 0, 0, 9]), other("IGMP")),
        ether("SCTP", 0x0800, &ipv4(132, &[0; 12]), other("SCTP")),
        ether("ESP", 0x0800, &ipv4(50, &[0; 40]), other("ESP")),
        ether("OSPF", 0x0800, &ipv4(89, &[0; 40]), other("other IP protocol")),
        ether("TCP header too short", 0x0800, &ipv4(6, &short), other("TCP header damaged")),
        ether("TCP header too long", 0x0800, &ipv4(6, &header), other("TCP header damaged")),
        ether("later fragment", 0x0800, &ipv4_with(&[], 3, 6, &tcp()), other("IP fragment")),
        Case { expect: other("unsupported link type"), ..on(147, "user link type", packet()) },
    ]
}
