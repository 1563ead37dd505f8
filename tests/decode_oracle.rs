//! The decoder against tshark, frame by frame: the captures of the corpus, and the frames built by hand.
//!
//! For each frame tshark names its layers and gives ports, sequence number and length of every TCP and UDP header.
//! The innermost one must be what the decoder returns; headers that ICMP quotes, or that sFlow samples, are none.

mod frames;

use nrpcsniff::Stamp;
use nrpcsniff::internals::{Decoder, Frame, Packet};
use pcap_parser::{Block, PcapBlockOwned, create_reader};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A frame of a capture file.
struct Captured {
    link_type: u16,
    data: Vec<u8>,
    wire_length: u32,
}

/// What there is in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Tcp { ports: [u16; 2], sequence: u32, length: u32 },
    Udp { ports: [u16; 2] },
    Icmp { error: bool },
    Nothing,
}

/// tshark's account of a frame.
struct Told {
    seen: Seen,
    protocols: String,
}

#[test]
fn agrees_on_the_corpus() {
    let corpus = std::env::var("NRPCSNIFF_CORPUS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus").into());
    let mut files = vec![];
    collect(Path::new(&corpus), &mut files);
    if files.is_empty() {
        shout(&format!("NOT CHECKED: no corpus in {corpus}; set NRPCSNIFF_CORPUS"));
        return;
    }
    if !has_tshark() {
        return;
    }
    files.sort();
    let (mut captured, mut names) = (vec![], vec![]);
    for file in &files {
        let frames = read(file);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        names.extend((1..=frames.len()).map(|number| format!("{name} {number}")));
        captured.extend(frames);
    }
    let told = ask_tshark(&captured);
    assert_eq!(told.len(), captured.len(), "tshark stopped early");
    let (mut explained, mut wrong) = (vec![], String::new());
    for difference in compare(&captured, &told) {
        match difference.explanation() {
            Some(why) => explained.push(why),
            None => writeln!(wrong, "{} {difference:?}", names[difference.at]).unwrap(),
        }
    }
    let total = captured.len();
    println!("{total} frames of {} captures, {} explained differences", files.len(), explained.len());
    explained.sort_unstable();
    for group in explained.chunk_by(|a, b| a == b) {
        println!("{:5}  {}", group.len(), group[0]);
    }
    assert!(total > 10_000, "only {total} frames compared");
    assert!(explained.len() * 50 < total, "more than 2 % need an explanation");
    assert!(wrong.is_empty(), "unexplained:\n{wrong}");
}

/// tshark too finds in each frame built by hand what the decoder is expected to find.
#[test]
fn agrees_on_frames_built_by_hand() {
    if !has_tshark() {
        return;
    }
    let cases = frames::cases();
    let captured: Vec<_> = cases.iter().map(|case| whole(case.link_type, &case.bytes)).collect();
    let told = ask_tshark(&captured);
    assert_eq!(told.len(), cases.len());
    let (known, unexplained): (Vec<_>, Vec<_>) = compare(&captured, &told)
        .into_iter()
        .map(|difference| (cases[difference.at].name, difference))
        .partition(|(name, _)| NOT_IN_TSHARK.iter().any(|(known, _)| known == name));
    assert_eq!(known.len(), NOT_IN_TSHARK.len(), "a known difference is gone");
    let unexplained: Vec<_> = unexplained.iter().map(|difference| format!("{difference:?}")).collect();
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

/// Fragments are completed by the same frames.
#[test]
fn agrees_on_fragments() {
    if !has_tshark() {
        return;
    }
    let captured: Vec<_> = frames::fragments().iter().map(|bytes| whole(1, bytes)).collect();
    let told = ask_tshark(&captured);
    let segments = told.iter().filter(|told| matches!(told.seen, Seen::Tcp { length: 108, .. })).count();
    assert_eq!((told.len(), segments), (captured.len(), 10));
    let differences = compare(&captured, &told);
    assert!(differences.is_empty(), "{differences:#?}");
}

fn whole(link_type: u16, bytes: &[u8]) -> Captured {
    Captured { link_type, data: bytes.to_vec(), wire_length: u32::try_from(bytes.len()).unwrap() }
}

/// Frames that tshark 4.0 does not follow with its default settings, and why they are right nevertheless.
const NOT_IN_TSHARK: [(&str, &str); 4] = [
    ("NFLOG, big-endian", "written on a big-endian host; tshark wants to be told the byte order"),
    ("MPLS, Ethernet with control word", "not marked in the frame; tshark's guess needs registered MAC addresses"),
    ("IPv6 payload length 0", "segmentation offload, which tshark knows for IPv4 only"),
    ("VXLAN of Linux", "port 8472 is Linux's former default, and not in tshark's table"),
];

#[derive(Debug)]
#[expect(dead_code, reason = "fields are shown through Debug")]
struct Difference {
    at: usize,
    ours: Seen,
    reason: Option<&'static str>,
    told: Seen,
    protocols: String,
    cut: bool,
}

impl Difference {
    /// Why the difference is right.
    fn explanation(&self) -> Option<&'static str> {
        match (&self.ours, &self.told) {
            (Seen::Udp { .. }, Seen::Icmp { error: false }) if self.protocols.contains(":udp:") => {
                Some("ICMP in a UDP tunnel that is no error: the datagram is the answer")
            }
            (Seen::Tcp { ports, sequence, length }, Seen::Tcp { ports: p, sequence: s, length: shorter })
                if (ports, sequence) == (p, s) && length > shorter =>
            {
                Some("IP total length beyond the frame: tshark cuts the segment to what was on the wire")
            }
            _ => None,
        }
    }
}

fn compare(captured: &[Captured], told: &[Told]) -> Vec<Difference> {
    let mut decoder = Decoder::new();
    let mut differences = vec![];
    for (at, (captured, told)) in captured.iter().zip(told).enumerate() {
        let Captured { link_type, data, wire_length } = captured;
        let frame = Frame { at: Stamp::default(), link_type: *link_type, data, wire_length: *wire_length };
        let (ours, reason) = seen(&decoder.decode(&frame));
        if ours != told.seen {
            let cut = data.len() < *wire_length as usize;
            let (told, protocols) = (told.seen.clone(), told.protocols.clone());
            differences.push(Difference { at, ours, reason, told, protocols, cut });
        }
    }
    differences
}

fn seen(packet: &Packet<'_>) -> (Seen, Option<&'static str>) {
    let seen = match packet {
        Packet::Tcp(segment) => Seen::Tcp {
            ports: [segment.source_port, segment.destination_port],
            sequence: segment.sequence,
            length: segment.payload_length,
        },
        Packet::Udp(datagram) => Seen::Udp { ports: [datagram.source_port, datagram.destination_port] },
        Packet::IcmpError(_) => Seen::Icmp { error: true },
        Packet::Other("ICMP" | "ICMPv6") => Seen::Icmp { error: false },
        Packet::Other(reason) => return (Seen::Nothing, Some(reason)),
    };
    (seen, None)
}

/// Past the test harness, which keeps what is printed to itself.
#[expect(clippy::explicit_write, reason = "eprintln is caught by the harness")]
fn shout(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap();
}

fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        shout("NOT CHECKED: tshark is not installed");
    }
    found
}

const FIELDS: [&str; 10] = [
    "frame.protocols",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.len",
    "tcp.hdr_len",
    "udp.srcport",
    "udp.dstport",
    "icmp.type",
    "icmpv6.type",
];

/// One run for all frames: starting tshark takes longer than the frames.
fn ask_tshark(captured: &[Captured]) -> Vec<Told> {
    let file = tempfile::NamedTempFile::with_suffix(".pcapng").unwrap();
    std::fs::write(file.path(), pcapng(captured)).unwrap();
    let fields = FIELDS.iter().flat_map(|field| ["-e", field]);
    let output =
        Command::new("tshark").arg("-n").arg("-r").arg(file.path()).args(["-T", "fields"]).args(fields).output();
    String::from_utf8_lossy(&output.unwrap().stdout).lines().map(told).collect()
}

/// One line of tshark: fields parted by tabs, several values of one by commas.
fn told(line: &str) -> Told {
    let fields: Vec<Vec<&str>> =
        line.split('\t').map(|field| field.split(',').filter(|value| !value.is_empty()).collect()).collect();
    let protocols = fields[0].first().copied().unwrap_or_default();
    let value = |field: usize, at: usize| fields.get(field).and_then(|values| values.get(at)?.parse::<u32>().ok());
    let ports = |field: usize, at: usize| {
        let port = |field| value(field, at).and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
        [port(field), port(field + 1)]
    };
    let (mut tcp, mut udp, mut seen) = (0, 0, Seen::Nothing);
    for protocol in protocols.split(':') {
        match protocol {
            "tcp" => {
                // A header length below 20 is shown, and goes nowhere.
                seen = match (value(3, tcp), value(4, tcp), value(5, tcp)) {
                    (Some(sequence), Some(length), Some(20..)) => Seen::Tcp { ports: ports(1, tcp), sequence, length },
                    _ => Seen::Nothing,
                };
                tcp += 1;
            }
            "udp" => {
                seen = Seen::Udp { ports: ports(6, udp) };
                udp += 1;
            }
            "icmp" => {
                seen = Seen::Icmp { error: matches!(value(8, 0), Some(3 | 4 | 5 | 11 | 12)) };
                break;
            }
            "icmpv6" => {
                seen = Seen::Icmp { error: matches!(value(9, 0), Some(1..=4)) };
                break;
            }
            "sflow" => break,
            _ => {}
        }
    }
    Told { seen, protocols: protocols.to_owned() }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, files);
        } else if [".pcap", ".pcapng", ".pcap.gz", ".pcapng.gz"].iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
}

/// The frames of a capture file, up to the first damage.
fn read(file: &Path) -> Vec<Captured> {
    let mut bytes = std::fs::read(file).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = vec![];
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
        bytes = plain;
    }
    let mut frames = vec![];
    let mut links = vec![];
    let Ok(mut reader) = create_reader(bytes.len().max(1 << 16), bytes.as_slice()) else { return frames };
    while let Ok((length, block)) = reader.next() {
        frames.extend(captured(&block, &mut links));
        reader.consume(length);
    }
    frames
}

fn captured(block: &PcapBlockOwned<'_>, links: &mut Vec<u16>) -> Option<Captured> {
    let link = |link_type: i32| u16::try_from(link_type & 0xffff).unwrap();
    match block {
        PcapBlockOwned::LegacyHeader(header) => links.push(link(header.network.0)),
        PcapBlockOwned::NG(Block::SectionHeader(_)) => links.clear(),
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => links.push(link(interface.linktype.0)),
        PcapBlockOwned::Legacy(packet) => {
            let data = packet.data.to_vec();
            return Some(Captured { link_type: links[0], data, wire_length: packet.origlen });
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let data = packet.data[..packet.caplen as usize].to_vec();
            let link_type = *links.get(packet.if_id as usize)?;
            return Some(Captured { link_type, data, wire_length: packet.origlen });
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            let data = packet.data[..packet.data.len().min(packet.origlen as usize)].to_vec();
            return Some(Captured { link_type: links[0], data, wire_length: packet.origlen });
        }
        PcapBlockOwned::NG(_) => {}
    }
    None
}

/// A pcapng file with one interface for each link type.
fn pcapng(captured: &[Captured]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let length = u32::try_from(padded + 12).unwrap().to_le_bytes();
        frames::join(&[&kind.to_le_bytes(), &length, body, &vec![0; padded - body.len()], &length])
    };
    let mut links: Vec<u16> = captured.iter().map(|frame| frame.link_type).collect();
    links.sort_unstable();
    links.dedup();
    let mut file = block(0x0a0d_0d0a, &frames::join(&[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0], &[0xff; 8]]));
    for link in &links {
        file.extend(block(1, &frames::join(&[&link.to_le_bytes(), &[0; 6]])));
    }
    for Captured { link_type, data, wire_length } in captured {
        let interface = u32::try_from(links.binary_search(link_type).unwrap()).unwrap().to_le_bytes();
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        file.extend(block(6, &frames::join(&[&interface, &[0; 8], &length, &wire_length.to_le_bytes(), data])));
    }
    file
}
