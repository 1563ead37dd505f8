//! The bytes of TCP streams, as this tool puts them together and as tshark's "follow stream" does.

mod support;

use nrpcsniff::capture::Reader;
use nrpcsniff::decode::{Decoder, Packet, Segment, flags};
use nrpcsniff::model::{Endpoint, PerSide, Side, Stamp};
use nrpcsniff::stream::{Connection, FlowKey, FlowTable, Limits, Sink};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{all_samples, corpus, has, shout, tshark, two_at_a_time};

/// The bytes of each side; a hole is the text that tshark puts in its place.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Said(PerSide<Vec<u8>>);

impl Sink for Said {
    fn bytes(&mut self, from: Side, _: u64, bytes: &[u8], _: Stamp) {
        self.0[from].extend_from_slice(bytes);
    }

    fn gap(&mut self, from: Side, _: u64, length: u64, _: Stamp) {
        self.0[from].extend_from_slice(format!("[{length} bytes missing in capture file]\0").as_bytes());
    }
}

/// A stream by its client, and what was said in it.
type Stream = (Endpoint, Said);

/// What becomes of a flow in the table: its number, and the connection while it is not over.
struct Flow {
    stream: usize,
    connection: Option<Connection>,
}

/// The streams of a capture, in the order of their first segments.
fn ours(capture: &Path) -> Vec<Stream> {
    let mut streams = Vec::new();
    let mut table = FlowTable::new(100_000);
    let (mut decoder, mut last) = (Decoder::new(), Stamp::default());
    let mut reader = Reader::open(capture).unwrap();
    while let Some(frame) = reader.next(0) {
        last = frame.at;
        if let Packet::Tcp(segment) = decoder.decode(&frame) {
            take(&mut table, &mut streams, &segment, frame.at);
        }
    }
    for flow in table.into_values() {
        end(flow, &mut streams, last);
    }
    streams
}

fn take(table: &mut FlowTable<Flow>, streams: &mut Vec<Stream>, segment: &Segment<'_>, at: Stamp) {
    let source = Endpoint { ip: segment.ip.source, port: segment.source_port };
    let destination = Endpoint { ip: segment.ip.destination, port: segment.destination_port };
    let key = FlowKey::new(source, destination);
    let opens = segment.flags & (flags::SYN | flags::ACK) == flags::SYN;
    let known = table.get(key).is_some_and(|flow| match &flow.connection {
        Some(connection) => !connection.is_reopened_by(segment),
        None => !opens,
    });
    if !known {
        let stream = streams.len();
        let mut connection = Connection::new(u32::try_from(stream).unwrap(), segment, at, |port| port < 10_000);
        connection.watch();
        streams.push((connection.client(), Said::default()));
        if let Some(flow) = table.get(key) {
            end(std::mem::replace(flow, Flow { stream, connection: Some(connection) }), streams, at);
        } else {
            assert!(table.insert(key, Flow { stream, connection: Some(connection) }).is_empty());
        }
    }
    let flow = table.get(key).unwrap();
    if let Some(connection) = &mut flow.connection {
        let (_, said) = &mut streams[flow.stream];
        connection.segment(segment, at, None, None, &Limits::default(), said);
        if connection.is_over() {
            let over = Flow { stream: flow.stream, connection: flow.connection.take() };
            end(over, streams, at);
        }
    }
}

fn end(flow: Flow, streams: &mut [Stream], at: Stamp) {
    if let Some(mut connection) = flow.connection {
        connection.flush(at, &mut streams[flow.stream].1);
    }
}

/// What tshark says of the same streams, their clients known.
fn theirs(capture: &Path, clients: &[Endpoint]) -> Vec<Said> {
    let follow = |n: usize| ["-z".to_owned(), format!("follow,tcp,raw,{n}")];
    let mut arguments = vec!["-o".to_owned(), "tcp.reassemble_out_of_order:TRUE".to_owned()];
    arguments.extend(["-r".to_owned(), capture.to_str().unwrap().to_owned()]);
    arguments.extend((0..clients.len()).flat_map(follow));
    let printed = tshark(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut all, mut current, mut client_is_first) = (BTreeMap::new(), None, true);
    for line in printed.lines() {
        if let Some(number) = line.strip_prefix("Filter: tcp.stream eq ") {
            current = number.parse::<usize>().ok();
            all.insert(current.unwrap(), Said::default());
        } else if let Some(node) = line.strip_prefix("Node 0: ") {
            client_is_first = clients[current.unwrap()].to_string() == node;
        } else if !line.is_empty() && !line.starts_with(['=', 'F', 'N']) {
            let (indented, digits) = line.strip_prefix('\t').map_or((false, line), |digits| (true, digits));
            let side = if indented == client_is_first { Side::Server } else { Side::Client };
            all.get_mut(&current.unwrap()).unwrap().0[side].extend(hex(digits));
        }
    }
    (0..clients.len()).map(|n| all.remove(&n).unwrap_or_default()).collect()
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn explore() {
    let mut files = all_samples();
    files.extend(support::files_under(&corpus().unwrap()).into_iter().filter(|p| Reader::open(p).is_ok()));
    two_at_a_time(&files, |file| {
        let ours = ours(file);
        let clients: Vec<_> = ours.iter().map(|(client, _)| *client).collect();
        let theirs = theirs(file, &clients);
        for (n, ((client, a), b)) in ours.iter().zip(&theirs).enumerate() {
            for side in [Side::Client, Side::Server] {
                let (a, b) = (&a.0[side], &b.0[side]);
                if a != b {
                    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                    shout(&format!(
                        "DIFF {} stream {n} {client} {side:?}: ours {} theirs {} same {same}: {:?} / {:?}",
                        file.display(),
                        a.len(),
                        b.len(),
                        String::from_utf8_lossy(&a[same..(same + 60).min(a.len())]),
                        String::from_utf8_lossy(&b[same..(same + 60).min(b.len())]),
                    ));
                }
            }
        }
        shout(&format!("{} {}", file.display(), ours.len()));
    });
}
