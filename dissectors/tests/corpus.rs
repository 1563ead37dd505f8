//! NRPC conversations captured by others, and DNS as tshark reads it. The captures stay where they are: the folder is that
//! of `NRPCSNIFF_CORPUS`, else `../shared/corpus` beside the repository; without it these tests say so and pass.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Probe, Reading, Side, dns, nrpc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn capture(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    let found = path.exists();
    if !found {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
    }
    found.then_some(path)
}

/// Nanoseconds since 1970 and bytes of each frame, and the link type. Little-endian pcap in microseconds, or pcapng.
fn frames(bytes: &[u8]) -> (u32, Vec<(i64, &[u8])>) {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let size = |at: usize| usize::try_from(word(at)).unwrap();
    let mut list = Vec::new();
    if word(0) == 0xA1B2_C3D4 {
        let mut at = 24;
        while at < bytes.len() {
            let time = i64::from(word(at)) * 1_000_000_000 + i64::from(word(at + 4)) * 1000;
            list.push((time, &bytes[at + 16..at + 16 + size(at + 8)]));
            at += 16 + size(at + 8);
        }
        return (word(20), list);
    }
    let (mut at, mut link) = (0, 0);
    while at < bytes.len() {
        match word(at) {
            1 => link = word(at + 8) & 0xFFFF,
            6 => list.push((0, &bytes[at + 28..at + 28 + size(at + 20)])),
            _ => {}
        }
        at += size(at + 4);
    }
    (link, list)
}

/// One TCP conversation over port 1352.
#[derive(Default)]
struct Flow {
    /// Bytes by sequence number, and when the last new ones came, by direction.
    segments: [BTreeMap<u32, Vec<u8>>; 2],
    seen: [i64; 2],
}

impl Flow {
    /// The bytes of a direction; what overlaps is left out.
    fn bytes(&self, lane: usize) -> Vec<u8> {
        let mut next = None;
        let mut bytes = Vec::new();
        for (&sequence, segment) in &self.segments[lane] {
            assert!(next.is_none_or(|next| next == sequence), "a gap in a capture that has none");
            bytes.extend(segment);
            next = Some(sequence.wrapping_add(u32::try_from(segment.len()).unwrap()));
        }
        bytes
    }
}

/// The conversations with NRPC's port, by the client's port.
fn flows(bytes: &[u8]) -> BTreeMap<u16, Flow> {
    let (link, frames) = frames(bytes);
    let header = match link {
        1 => 14,
        276 => 20,
        other => panic!("link type {other}"),
    };
    let mut flows: BTreeMap<u16, Flow> = BTreeMap::new();
    for (time, frame) in frames {
        let packet = &frame[header..];
        let half = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        if packet[0] >> 4 != 4 || packet[9] != 6 {
            continue;
        }
        let tcp = usize::from(packet[0] & 15) * 4;
        let data = tcp + usize::from(packet[tcp + 12] >> 4) * 4;
        let payload = &packet[data..usize::from(half(2)).max(data)];
        let (source, destination) = (half(tcp), half(tcp + 2));
        let (lane, port) = if destination == 1352 { (0, source) } else { (1, destination) };
        let flow = flows.entry(port).or_default();
        if !payload.is_empty() {
            let sequence = u32::from_be_bytes(packet[tcp + 4..tcp + 8].try_into().unwrap());
            flow.segments[lane].entry(sequence).or_insert_with(|| payload.to_vec());
            flow.seen[lane] = time;
        }
    }
    flows
}

/// All messages of a conversation, the client's first; each direction must be recognised and must leave no byte over.
fn messages(flow: &Flow) -> Vec<(Side, nrpc::Message)> {
    let mut driver = Driver::new((nrpc::PROTOCOL.stream)());
    for (lane, side) in [Side::Client, Side::Server].into_iter().enumerate() {
        let bytes = flow.bytes(lane);
        if !bytes.is_empty() {
            assert_eq!((nrpc::PROTOCOL.probe)(side, &bytes, true), Probe::Yes);
            driver.data(side, &bytes);
            driver.end(side);
        }
    }
    let nrpc = |message| match message {
        Message::Nrpc(message) => message,
        message => panic!("{message:?}"),
    };
    let list: Vec<_> = driver.messages.into_iter().map(|(side, message)| (side, nrpc(message))).collect();
    assert!(list.iter().all(|(_, message)| !message.incomplete && !message.length_mismatch));
    list
}

fn sessions(list: &[(Side, nrpc::Message)]) -> (Option<String>, Option<String>) {
    let mut names = (None, None);
    for (_, message) in list {
        match &message.body {
            nrpc::Body::SessionRequest(session) => names.0.clone_from(&session.wanted_server),
            nrpc::Body::SessionResponse(session) => names.1.clone_from(&session.own_name),
            _ => {}
        }
    }
    names
}

#[test]
fn a_current_client_and_server() {
    let Some(path) = capture("nrpc/hcl_notes_first5.pcap") else { return };
    let bytes = std::fs::read(path).unwrap();
    let flows = flows(&bytes);
    let flow = flows.values().next().unwrap();
    for (lane, side) in [Side::Client, Side::Server].into_iter().enumerate() {
        assert_eq!((nrpc::PROTOCOL.probe)(side, &flow.bytes(lane), false), Probe::Yes);
    }
    let list = messages(flow);
    let [(_, request), (_, response)] = list.as_slice() else { panic!("{list:?}") };
    let nrpc::Body::SessionRequest(asked) = &request.body else { panic!("{request:?}") };
    let nrpc::Body::SessionResponse(said) = &response.body else { panic!("{response:?}") };
    let server = Some("CN=TestServer/O=Test");
    assert_eq!((asked.wanted_server.as_deref(), asked.own_name.as_deref()), (server, None));
    assert_eq!((said.own_name.as_deref(), said.wanted_server.as_deref()), (server, None));
    assert_eq!((asked.tlvs.len(), said.tlvs.len()), (11, 4));
    assert_eq!((&asked.damage, &said.damage), (&None, &None));
    assert_eq!((asked.buffer_size(), said.buffer_size()), (Some(8100), Some(8096)));
    let text = |time: Option<nrpc::TimeDate>| time.and_then(nrpc::TimeDate::rfc3339).unwrap();
    assert_eq!(text(asked.clock), "2025-04-22T17:48:19.16Z");
    assert_eq!(text(said.clock), "2025-04-22T17:48:19.18Z");
    assert!(text(asked.certificate_created).starts_with("2025-04-21T16:49:45"));
    assert!(text(asked.certificate_expires).starts_with("2027-04-22T16:49:45"));
    assert_eq!(asked.validities()[0], asked.validities()[1]);
    let skew = |message: &nrpc::Message, seen| {
        let fields = Message::Nrpc(message.clone()).fields(&Reading::masked(seen));
        format!("{:?}", fields.iter().find(|(name, _)| *name == "clock_skew_s").unwrap().1)
    };
    assert_eq!(skew(request, flow.seen[0]), "Float(-0.018)");
    assert_eq!(skew(response, flow.seen[1]), "Float(0.002)");
}

#[test]
fn the_conversations_of_the_test_bed() {
    let alias = Some("sametime.acme.example");
    let sametime = Some("CN=Sametime/OU=Servers/O=ACME");
    let odd = Some("CN=Hub-Odd1/O=AcmeX");
    let mut expected = vec![
        (Some("CN=ALPHA/O=Acme"), Some("CN=ALPHA/O=Acme"), 16),
        (alias, sametime, 2),
        (alias, sametime, 2),
        (alias, sametime, 2),
        (alias, sametime, 2),
        (None, None, 0),
        (odd, odd, 16),
        (None, Some("CN=CBRNOTES01/OU=SERVERS/O=IPAustralia"), 16),
    ];
    expected.sort_unstable();
    for name in ["real/nrpc_veth.pcapng", "real/nrpc_any_sll2.pcap"] {
        let Some(path) = capture(name) else { continue };
        let bytes = std::fs::read(path).unwrap();
        let lists: Vec<_> = flows(&bytes).values().map(messages).collect();
        let names: Vec<_> = lists.iter().map(|list| (sessions(list), list.len())).collect();
        let mut found: Vec<_> =
            names.iter().map(|((wanted, own), n)| (wanted.as_deref(), own.as_deref(), *n)).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
        for (side, message) in lists.iter().flatten() {
            match &message.body {
                nrpc::Body::SessionRequest(session) | nrpc::Body::SessionResponse(session) => {
                    assert_eq!(session.damage, None);
                }
                nrpc::Body::Auth(auth) => assert!(!auth.r5 && auth.user.is_none()),
                nrpc::Body::Transaction(rpc) => assert_eq!(rpc.status, (*side == Side::Server).then_some(0)),
                nrpc::Body::Opaque(opaque) => panic!("{opaque:?}"),
            }
        }
    }
}

#[test]
fn conversations_that_began_before_the_capture() {
    let Some(path) = capture("real/nrpc_midstream.pcap") else { return };
    let bytes = std::fs::read(path).unwrap();
    let flows = flows(&bytes);
    let counts: Vec<_> = flows.iter().map(|(&port, flow)| (port, messages(flow).len())).collect();
    assert_eq!(counts, [(35_000, 10), (35_016, 10), (46_846, 6)]);
    assert_eq!(messages(&flows[&35_000])[9].1.sequence, 5);
}

#[test]
fn a_scanner_and_an_idle_conversation() {
    for (name, expected) in [
        (
            "real/nrpc_nmap_sV.pcap",
            vec![(None, Some("CN=ALPHA/O=Acme")), (None, Some("CN=CBRNOTES01/OU=SERVERS/O=IPAustralia"))],
        ),
        ("real/nrpc_drop_idle.pcap", vec![(Some("CN=Idle01/OU=Srv/O=Acme"), Some("CN=Idle01/OU=Srv/O=Acme"))]),
    ] {
        let Some(path) = capture(name) else { continue };
        let bytes = std::fs::read(path).unwrap();
        let names: Vec<_> = flows(&bytes)
            .values()
            .filter(|flow| !flow.bytes(0).is_empty())
            .map(|flow| sessions(&messages(flow)))
            .collect();
        let names: Vec<_> = names.iter().map(|(wanted, own)| (wanted.as_deref(), own.as_deref())).collect();
        assert_eq!(names, expected, "{name}");
    }
}

/// tshark's reading of each datagram on port 53: payload, name, type, response flag, response code, answers, addresses.
fn tshark(path: &Path) -> Option<String> {
    let mut command = Command::new("tshark");
    command.args(["-r"]).arg(path).args(["-Y", "dns && udp.port == 53 && !icmp", "-T", "fields", "-E", "separator=|"]);
    for field in [
        "udp.payload",
        "dns.qry.name",
        "dns.qry.type",
        "dns.flags.response",
        "dns.flags.rcode",
        "dns.count.answers",
        "dns.a",
    ] {
        command.args(["-e", field]);
    }
    match command.output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            eprintln!("SKIPPED: tshark: {error}");
            None
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn dns_as_tshark_reads_it() {
    for (name, least) in [
        ("tcp/nDPI__pcap_android.pcap", 40),
        ("http/nDPI__pcap_weibo.pcap", 20),
        ("sip/arkime__pcap_arkime_synthetic.pcap", 1),
    ] {
        let Some(path) = capture(name) else { continue };
        let Some(text) = tshark(&path) else { return };
        let mut compared = 0;
        // A comma: a datagram inside another one, which tshark lists as well.
        for line in text.lines().filter(|line| !line.split('|').next().unwrap_or_default().contains(',')) {
            let [payload, name, kind, response, rcode, answers, addresses] =
                line.split('|').collect::<Vec<_>>().try_into().unwrap();
            let Some(Message::Dns(message)) = (dns::PROTOCOL.datagram)(&unhex(payload)) else {
                panic!("not read: {line}")
            };
            let shown = if name == "<Root>" { "." } else { name };
            assert_eq!((message.name.as_str(), message.qtype.to_string().as_str()), (shown, kind), "{line}");
            assert_eq!(message.response, response == "1", "{line}");
            assert_eq!(message.rcode.map(|code| code.to_string()).unwrap_or_default(), rcode, "{line}");
            assert_eq!((message.answers.len().to_string().as_str(), message.incomplete), (answers, false), "{line}");
            for answer in &message.answers {
                if let dns::Data::Address(address @ std::net::IpAddr::V4(_)) = answer.data {
                    assert!(addresses.split(',').any(|listed| listed == address.to_string()), "{line}");
                }
            }
            compared += 1;
        }
        assert!(compared >= least, "{name}: {compared}");
    }
}
