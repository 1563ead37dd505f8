//! TLS in captures that others made: with the same keys tshark sees the same messages inside, in the same frames; handshakes
//! read as tls-parser reads them; and lost segments cost the messages that they carried.

mod support;

use nrpcsniff::internals::{Decoder, Frame, Keys, Options, Packet, Pipeline, Reader, diagnose};
use nrpcsniff::{Analysis, Message, Settings, Side};
use nrpcsniff_dissectors::tls::{self, Body as Tls};
use nrpcsniff_dissectors::{Message as Body, http};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{corpus, has, shout, tshark, two_at_a_time};

/// Captures, their keys (a key log, a private key, or in the capture itself), and ports of SIP over TLS that tshark does not know.
const CAPTURES: [(&str, Option<&str>, &[u16]); 13] = [
    ("tls/illustrated_tls12.pcap", Some("tls/illustrated_tls12.keylog"), &[]),
    ("tls/sip_tls12.pcap", Some("tls/sip_tls12.keylog"), &[]),
    ("tls/sip_tls13_split.pcap", Some("tls/sip_tls13_split.keylog"), &[]),
    ("tls/tls12-dsb.pcapng", None, &[]),
    ("real/https_resumed_tls1_2.pcap", Some("real/https_resumed_tls1_2.keys"), &[]),
    ("real/https_tls13.pcap", Some("real/https_tls13.keys"), &[]),
    ("real/sip_baresip.pcap", Some("real/sip_baresip.keys"), &[5063, 5065]),
    ("real/sip_sipsak.pcapng", Some("real/sip_sipsak.keys"), &[5065]),
    ("real/sip_tls12_ecdhe.pcap", Some("real/sip_tls12_ecdhe.keys"), &[]),
    ("real/sip_tls12_rsa_cbc.pcap", Some("real/server-rsa.key"), &[5063]),
    ("real/sip_tls13_dsb.pcapng", None, &[5065]),
    ("real/tls_lossy_client.pcap", Some("real/tls_lossy_client.keys"), &[5063, 5065]),
    ("tls/sip_tcp_split97.pcap", None, &[]),
];

fn keys(path: Option<PathBuf>) -> Keys {
    let mut keys = Keys::default();
    let Some(path) = path else { return keys };
    if path.extension().is_some_and(|end| end == "key" || end == "pem") {
        keys.add_pem(&fs::read_to_string(path).unwrap()).unwrap();
    } else {
        keys.add_log(BufReader::new(fs::File::open(path).unwrap())).unwrap();
    }
    keys
}

/// Reads a capture without the frames that `drops` names.
fn analyse(capture: &Path, keys: Keys, drops: &BTreeSet<u64>) -> Analysis {
    let mut pipeline = Pipeline::new(Options { keys: Arc::new(keys), ..Options::default() });
    let mut reader = Reader::open(capture).unwrap();
    let mut known = 0;
    while let Some((frame, secrets)) = reader.next_with_secrets(0) {
        for secret in &secrets[known..] {
            pipeline.tls_secrets(&secret.data);
        }
        known = secrets.len();
        if !drops.contains(&frame.at.frame.number) {
            pipeline.frame(&frame);
        }
    }
    pipeline.finish(vec![reader.into_input()])
}

/// The start line of a SIP or HTTP message.
fn start_line(message: &Message) -> Option<String> {
    match &message.body {
        Body::Sip(_) | Body::Http(_) => {}
        _ => return None,
    }
    match &message.body {
        Body::Http(http) => match &http.body {
            http::Body::Request(request) => Some(format!("{} {}", request.method, request.target.expose())),
            http::Body::Response(response) => Some(response.status.to_string()),
            http::Body::Malformed { .. } => None,
        },
        Body::Sip(sip) => Some(match sip.status() {
            Some(status) => status.to_string(),
            None => sip.method().unwrap_or_default().to_owned(),
        }),
        _ => None,
    }
}

/// Frame that completed it, and start line, of every message inside TLS. Of a response of HTTP tshark names the end of the body:
/// it counts without its frame.
fn ours(analysis: &Analysis) -> Vec<(u64, String)> {
    let inside = analysis.conversations.iter().filter(|c| c.over_tls).flat_map(|c| &c.messages);
    let mut found: Vec<_> = inside
        .filter_map(|m| {
            let is_response = matches!(&m.body, Body::Http(http) if matches!(http.body, http::Body::Response(_)));
            Some((if is_response { 0 } else { m.at.frame.number }, start_line(m)?))
        })
        .collect();
    found.sort();
    found
}

/// Those messages as tshark sees them.
fn theirs(capture: &Path, keys: Option<&Path>, sip_ports: &[u16]) -> Vec<(u64, String)> {
    let mut arguments: Vec<String> =
        ["-r", capture.to_str().unwrap(), "-o", "tcp.reassemble_out_of_order:TRUE"].map(Into::into).to_vec();
    if let Some(keys) = keys {
        let is_private = keys.extension().is_some_and(|end| end == "key");
        let keys = keys.display();
        let preference =
            if is_private { format!("uat:rsa_keys:\"{keys}\",\"\"") } else { format!("tls.keylog_file:{keys}") };
        arguments.extend(["-o".to_owned(), preference]);
    }
    for port in sip_ports {
        arguments.extend(["-d".to_owned(), format!("tls.port=={port},sip")]);
    }
    let fields = [
        "frame.number",
        "sip.Method",
        "sip.Status-Code",
        "http.request.method",
        "http.request.uri",
        "http.response.code",
    ];
    arguments.extend(["-Y", "tls && (sip || http)", "-T", "fields", "-E", "aggregator=|"].map(Into::into));
    arguments.extend(fields.iter().flat_map(|field| ["-e".to_owned(), (*field).to_owned()]));
    let printed = tshark(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut found = Vec::new();
    for line in printed.lines() {
        let cells: Vec<Vec<&str>> =
            line.split('\t').map(|cell| cell.split('|').filter(|v| !v.is_empty()).collect()).collect();
        let [frame, methods, statuses, http_methods, uris, codes] = &cells[..] else { panic!("{line}") };
        let number = frame[0].parse().unwrap();
        found.extend(methods.iter().chain(statuses).map(|what| (number, (*what).to_owned())));
        found.extend(codes.iter().map(|code| (0, (*code).to_owned())));
        found.extend(http_methods.iter().zip(uris).map(|(method, uri)| (number, format!("{method} {uri}"))));
    }
    found.sort();
    found
}

#[test]
fn tshark_sees_the_same_messages_in_the_same_frames() {
    let Some(corpus) = corpus() else { return };
    if !has("tshark") {
        return;
    }
    let outcomes = two_at_a_time(&CAPTURES, |&(name, secrets, ports)| {
        let (capture, secrets) = (corpus.join(name), secrets.map(|secrets| corpus.join(secrets)));
        let analysis = analyse(&capture, keys(secrets.clone()), &BTreeSet::new());
        let sealed: u64 = analysis.conversations.iter().filter_map(|c| c.tls).map(|layer| layer.sealed).sum();
        (name, sealed, ours(&analysis), theirs(&capture, secrets.as_deref(), ports))
    });
    let mut total = 0;
    for (name, sealed, ours, theirs) in outcomes {
        assert_eq!(sealed, 0, "{name}: records stay closed");
        if name.contains("lossy") {
            // tshark shows a message once all that comes before it is there, too.
            let lines = |list: &[(u64, String)]| list.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
            let (mut one, mut other) = (lines(&ours), lines(&theirs));
            one.sort();
            other.sort();
            assert_eq!(one, other, "{name}");
            let later = ours.iter().zip(&theirs).filter(|(one, other)| one.0 != other.0).count();
            assert!(later * 50 <= ours.len(), "{name}: {later} in other frames");
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
        total += ours.len();
    }
    assert!(total > 300, "only {total} messages");
    shout(&format!("{total} messages inside TLS are those that tshark sees, in the same frames"));
}

#[test]
fn without_keys_every_capture_says_why() {
    let Some(corpus) = corpus() else { return };
    for (name, secrets, _) in CAPTURES.iter().filter(|(_, secrets, _)| secrets.is_some()) {
        let analysis = analyse(&corpus.join(name), Keys::default(), &BTreeSet::new());
        let tls: Vec<_> = analysis.conversations.iter().filter(|c| c.tls.is_some()).collect();
        assert!(!tls.is_empty(), "{name}");
        for c in tls {
            assert_eq!((c.protocol, c.over_tls), (Some(&tls::PROTOCOL), false), "{name}");
            let why = c.tls.and_then(|layer| layer.why_opaque);
            let expected = (c.tls.unwrap().sealed > 0).then_some(tls::Why::NoKeysGiven);
            assert_eq!(why, expected, "{name} {secrets:?}");
        }
    }
}

#[test]
fn a_key_that_does_not_fit_opens_nothing() {
    let Some(corpus) = corpus() else { return };
    let why = |name: &str, keys: Keys| {
        let analysis = analyse(&corpus.join(name), keys, &BTreeSet::new());
        assert!(analysis.conversations.iter().all(|c| !c.over_tls), "{name}");
        let whys = analysis.conversations.iter().filter_map(|c| c.tls?.why_opaque);
        whys.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let of = |name: &str| keys(Some(corpus.join(name)));
    assert_eq!(why("tls/sip_tls12.pcap", of("real/server-rsa.key")), [tls::Why::ForwardSecrecyWithRsaKey]);
    assert_eq!(why("tls/sip_tls12.pcap", of("real/https_tls13.keys")), [tls::Why::NotInKeyLog]);
    assert_eq!(why("real/sip_tls12_rsa_cbc.pcap", of("tls/sip_tls.key.pem")), [tls::Why::WrongKey]);
    for name in ["tls/sip_tls12", "tls/sip_tls13_split"] {
        // The right lines with other secrets.
        let log = fs::read_to_string(corpus.join(format!("{name}.keylog"))).unwrap();
        let wrong: Vec<String> = log
            .lines()
            .map(|line| match line.rsplit_once(' ').filter(|_| !line.starts_with('#')) {
                Some((front, secret)) => format!("{front} {}", secret.chars().rev().collect::<String>()),
                None => line.to_owned(),
            })
            .collect();
        let mut keys = Keys::default();
        keys.add_log(wrong.join("\n").as_bytes()).unwrap();
        assert_eq!(why(&format!("{name}.pcap"), keys), [tls::Why::WrongKey], "{name}");
    }
}

#[test]
fn each_reason_is_told_with_the_way_to_a_key() {
    let Some(corpus) = corpus() else { return };
    let of = |name: &str| keys(Some(corpus.join(name)));
    let no_hellos: BTreeSet<u64> = (1..=8).collect();
    for (name, keys, drops, words) in [
        ("real/sip_tls12_ecdhe.pcap", Keys::default(), BTreeSet::new(), ["no-keys-given", "SSLKEYLOGFILE"]),
        ("tls/sip_tls12.pcap", of("real/https_tls13.keys"), BTreeSet::new(), ["not-in-keylog", "written while"]),
        (
            "tls/sip_tls12.pcap",
            of("real/server-rsa.key"),
            BTreeSet::new(),
            ["forward-secrecy-with-rsa-key", "TLS_RSA_WITH"],
        ),
        ("real/sip_tls12_rsa_cbc.pcap", of("tls/sip_tls.key.pem"), BTreeSet::new(), ["wrong-key", "-noout -modulus"]),
        (
            "tls/sip_tls12.pcap",
            of("tls/sip_tls12.keylog"),
            no_hellos,
            ["handshake-not-captured", "Start the capture first"],
        ),
    ] {
        let findings = diagnose(&analyse(&corpus.join(name), keys, &drops), &Settings::default());
        let told: Vec<_> = findings.iter().filter(|finding| finding.rule == "cap-encrypted").collect();
        assert_eq!(told.len(), 1, "{name}: {findings:#?}");
        let text = format!("{} {}", told[0].explanation, told[0].remedy.join(" "));
        assert!(words.iter().all(|word| text.contains(word)), "{name}: {text}");
        assert!(findings.iter().all(|finding| finding.rule.starts_with("cap-")), "{name}: {findings:#?}");
    }
}

#[test]
fn what_is_opened_is_judged_as_if_the_wire_were_clear() {
    let Some(corpus) = corpus() else { return };
    let of = |name: &str, secrets: Option<&str>| {
        let analysis = analyse(&corpus.join(name), keys(secrets.map(|name| corpus.join(name))), &BTreeSet::new());
        let found = diagnose(&analysis, &Settings::default());
        found.iter().map(|finding| (finding.rule, finding.score, finding.conversations.clone())).collect::<Vec<_>>()
    };
    let clear = of("real/sip_sipp_tcp.pcap", None);
    assert_eq!(clear.len(), 2);
    for (name, secrets) in [
        ("real/sip_tls12_ecdhe.pcap", Some("real/sip_tls12_ecdhe.keys")),
        ("real/sip_tls12_rsa_cbc.pcap", Some("real/server-rsa.key")),
        ("real/sip_tls13_dsb.pcapng", None),
    ] {
        assert_eq!(of(name, secrets), clear, "{name}");
    }
}

/// Tags are checked: a damaged record is lost, and nothing is read that was not said.
#[test]
fn damage_never_becomes_a_message() {
    let Some(corpus) = corpus() else { return };
    let (mut state, mut kept, mut lost) = (1_u64, 0, 0);
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for (name, secrets) in [
        ("tls/sip_tls12.pcap", "tls/sip_tls12.keylog"),
        ("tls/sip_tls13_split.pcap", "tls/sip_tls13_split.keylog"),
        ("real/https_resumed_tls1_2.pcap", "real/https_resumed_tls1_2.keys"),
        ("real/sip_tls12_rsa_cbc.pcap", "real/server-rsa.key"),
    ] {
        let (capture, keys) = (corpus.join(name), || keys(Some(corpus.join(secrets))));
        let said: BTreeSet<String> =
            ours(&analyse(&capture, keys(), &BTreeSet::new())).into_iter().map(|m| m.1).collect();
        for _ in 0..25 {
            let mut pipeline = Pipeline::new(Options { keys: Arc::new(keys()), ..Options::default() });
            let mut reader = Reader::open(&capture).unwrap();
            while let Some(frame) = reader.next(0) {
                let mut data = frame.data.to_vec();
                // Behind the headers of most frames, in one of eight of them.
                if data.len() > 80 && random(8) == 0 {
                    let at = 66 + random(data.len() - 66);
                    data[at] ^= 1 << random(8);
                }
                pipeline.frame(&Frame { data: &data, ..frame });
            }
            let told = ours(&pipeline.finish(vec![reader.into_input()]));
            for (_, line) in &told {
                // Of SIP it is told where a part is missing.
                assert!(line.is_empty() || said.contains(line), "{name}: nobody said {line}");
            }
            kept += told.len();
            lost += usize::from(told.len() < said.len());
        }
    }
    assert!(kept > 100 && lost > 0, "{kept} {lost}");
}

/// The secrets of TLS 1.3 do not depend on the ServerHello: without it only the cipher is to be found.
#[test]
fn a_lost_server_hello_of_tls_13_costs_itself() {
    let Some(corpus) = corpus() else { return };
    let mut seen = 0;
    for (name, secrets) in [
        ("tls/sip_tls13_split.pcap", Some("tls/sip_tls13_split.keylog")),
        ("real/https_tls13.pcap", Some("real/https_tls13.keys")),
        ("real/sip_tls13_dsb.pcapng", None),
    ] {
        let capture = corpus.join(name);
        let keys = || keys(secrets.map(|secrets| corpus.join(secrets)));
        let whole = analyse(&capture, keys(), &BTreeSet::new());
        let hellos =
            whole.conversations.iter().flat_map(|c| &c.messages).filter(|m| m.body.kind() == "tls.server_hello");
        let drops: BTreeSet<u64> = hellos.flat_map(|m| m.frames.iter().map(|frame| frame.number)).collect();
        let rest = analyse(&capture, keys(), &drops);
        assert!(rest.conversations.iter().flat_map(|c| &c.messages).all(|m| m.body.kind() != "tls.server_hello"));
        assert_eq!(ours(&rest), ours(&whole), "{name}");
        seen += ours(&rest).len();
    }
    assert!(seen > 60, "{seen}");
}

/// A program writes its key log while it runs, and a capture may hold its secrets behind the records.
#[test]
fn secrets_that_come_late_open_what_follows() {
    let Some(corpus) = corpus() else { return };
    for (name, log) in [
        ("tls/sip_tls12.pcap", "tls/sip_tls12.keylog"),
        ("tls/sip_tls13_split.pcap", "tls/sip_tls13_split.keylog"),
        ("real/sip_tls12_ecdhe.pcap", "real/sip_tls12_ecdhe.keys"),
        ("real/https_tls13.pcap", "real/https_tls13.keys"),
    ] {
        let log = fs::read(corpus.join(log)).unwrap();
        let late = |from: u64| {
            let mut pipeline = Pipeline::new(Options::default());
            let mut reader = Reader::open(&corpus.join(name)).unwrap();
            let mut told = false;
            while let Some(frame) = reader.next(0) {
                if frame.at.frame.number >= from && !std::mem::replace(&mut told, true) {
                    pipeline.tls_secrets(&log);
                }
                pipeline.frame(&frame);
            }
            pipeline.finish(vec![reader.into_input()])
        };
        let inside = |analysis: &Analysis| {
            let messages = analysis.conversations.iter().flat_map(|c| &c.messages);
            let told = messages.filter_map(|m| Some((m.frames[0].number, m.at.frame.number, start_line(m)?)));
            told.collect::<Vec<_>>()
        };
        let all = inside(&late(0));
        assert!(all.len() >= 2, "{name}");
        for &(from, ..) in &all {
            let found = inside(&late(from));
            let missing: Vec<_> =
                all.iter().filter(|(first, ..)| *first >= from).filter(|message| !found.contains(message)).collect();
            assert!(missing.is_empty(), "{name} from frame {from}: {missing:?}");
        }
    }
}

/// A message that was whole before, by what does not change when another is missing.
fn identity(message: &Message) -> (u64, Side, String) {
    (message.at.frame.number, message.from, message.body.summary())
}

#[test]
fn lost_segments_cost_the_messages_that_they_carried() {
    let Some(corpus) = corpus() else { return };
    let (mut dropped, mut lost, mut kept) = (0, 0, 0);
    for (name, secrets, _) in CAPTURES.iter().filter(|(name, ..)| !name.contains("lossy")) {
        let capture = corpus.join(name);
        let by_key = secrets.is_some_and(|name| Path::new(name).extension().is_some_and(|end| end == "key"));
        let secrets = || keys(secrets.map(|secrets| corpus.join(secrets)));
        let whole = analyse(&capture, secrets(), &BTreeSet::new());
        // The hellos are needed by all that follows; with a private key also the key exchange.
        let is_hello = |body: &Tls| matches!(body, Tls::ClientHello(_) | Tls::ServerHello(_));
        let clear: BTreeSet<u64> = whole
            .conversations
            .iter()
            .flat_map(|c| &c.messages)
            .filter(|m| matches!(&m.body, Body::Tls(tls) if !tls.opened && (by_key || is_hello(&tls.body))))
            .flat_map(|m| m.frames.iter().map(|frame| frame.number))
            .collect();
        let data: Vec<u64> = data_frames(&capture).into_iter().filter(|number| !clear.contains(number)).collect();
        for round in 0..8 {
            let drops: BTreeSet<u64> = data
                .iter()
                .copied()
                .filter(|n| n.wrapping_mul(2_654_435_761) / 7 % 8 == round)
                .take(1 + data.len() / 100)
                .collect();
            let rest = analyse(&capture, secrets(), &drops);
            dropped += drops.len();
            for (before, after) in whole
                .conversations
                .iter()
                .filter(|c| c.over_tls)
                .zip(rest.conversations.iter().filter(|c| c.tls.is_some()))
            {
                let there: BTreeSet<_> = after.messages.iter().map(identity).collect();
                for message in before.messages.iter().filter(|m| start_line(m).is_some()) {
                    let hit = message.frames.iter().any(|frame| drops.contains(&frame.number));
                    lost += usize::from(hit);
                    kept += usize::from(!hit);
                    assert!(
                        hit || there.contains(&identity(message)),
                        "{name} without {drops:?}: {} of {:?} is lost",
                        message.body.summary(),
                        message.frames
                    );
                }
            }
        }
    }
    shout(&format!("{dropped} frames dropped: {lost} messages were in them, {kept} others are all there"));
    assert!(lost > 20 && kept > 500);
}

/// Frames with TCP data.
fn data_frames(capture: &Path) -> Vec<u64> {
    let (mut decoder, mut reader) = (Decoder::new(), Reader::open(capture).unwrap());
    let mut numbers = Vec::new();
    while let Some(frame) = reader.next(0) {
        if let Packet::Tcp(segment) = decoder.decode(&frame)
            && !segment.payload.is_empty()
        {
            numbers.push(frame.at.frame.number);
        }
    }
    numbers
}

/// What tls-parser says of each handshake message and alert in clear of one record, in the words of [`said`].
fn parsed(record: &[u8]) -> Vec<String> {
    use tls_parser::{TlsMessage, TlsMessageHandshake as Handshake, parse_tls_plaintext};
    let Ok((_, plain)) = parse_tls_plaintext(record) else { return vec!["not parsed".to_owned()] };
    let one = |message: &TlsMessage<'_>| match message {
        TlsMessage::Handshake(Handshake::ClientHello(hello)) => {
            let suites: Vec<u16> = hello.ciphers.iter().map(|suite| suite.0).collect();
            Some(format!(
                "client {:04x} {:02x?} {:02x?} {suites:04x?} {}",
                hello.version.0,
                hello.random,
                hello.session_id.unwrap_or_default(),
                names(hello.ext)
            ))
        }
        TlsMessage::Handshake(Handshake::ServerHello(hello)) => Some(format!(
            "server {:02x?} {:02x?} {:04x}",
            hello.random,
            hello.session_id.unwrap_or_default(),
            hello.cipher.0
        )),
        TlsMessage::Handshake(Handshake::Certificate(certificate)) => Some(format!(
            "certificate {:?}",
            certificate.cert_chain.iter().map(|one| one.data.len()).collect::<Vec<_>>()
        )),
        TlsMessage::Handshake(Handshake::CertificateRequest(_)) => Some("request".to_owned()),
        TlsMessage::Handshake(Handshake::NewSessionTicket(ticket)) => {
            Some(format!("ticket {}", ticket.ticket_lifetime_hint))
        }
        TlsMessage::Handshake(_) => Some("handshake".to_owned()),
        TlsMessage::Alert(alert) => Some(format!("alert {} {}", alert.severity.0, alert.code.0)),
        _ => None,
    };
    plain.msg.iter().filter_map(one).collect()
}

/// Host and protocols of the extensions.
fn names(extensions: Option<&[u8]>) -> String {
    use tls_parser::{TlsExtension, parse_tls_client_hello_extensions};
    let Ok((_, list)) = parse_tls_client_hello_extensions(extensions.unwrap_or_default()) else {
        return "?".to_owned();
    };
    let (mut sni, mut alpn, mut versions) = (None, Vec::new(), Vec::new());
    for extension in &list {
        match extension {
            TlsExtension::SNI(names) => sni = names.first().map(|(_, name)| String::from_utf8_lossy(name).into_owned()),
            TlsExtension::ALPN(names) => {
                alpn = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            }
            TlsExtension::SupportedVersions(list) => {
                versions = list.iter().map(|version| version.0).filter(|version| version & 0x0F0F != 0x0A0A).collect();
            }
            _ => {}
        }
    }
    format!("{sni:?} {alpn:?} {versions:04x?}")
}

/// What a hello offers, as this tool reads it.
fn said(message: &tls::Message) -> String {
    match &message.body {
        Tls::ClientHello(hello) => format!(
            "client {:04x} {:02x?} {:02x?} {:04x?} {:?} {:?} {:04x?}",
            hello.version, hello.random, hello.session_id, hello.suites, hello.sni, hello.alpn, hello.versions
        ),
        Tls::ServerHello(hello) => {
            format!("server {:02x?} {:02x?} {:04x}", hello.random, hello.session_id, hello.suite)
        }
        Tls::Certificate(chain) => {
            format!("certificate {:?}", chain.certificates.iter().map(|one| one.length).collect::<Vec<_>>())
        }
        Tls::CertificateRequest { .. } => "request".to_owned(),
        Tls::Ticket { lifetime } => format!("ticket {lifetime}"),
        Tls::Alert(alert) => format!("alert {} {}", alert.level, alert.code),
        _ => "handshake".to_owned(),
    }
}

#[test]
fn tls_parser_reads_the_same_handshakes() {
    let Some(corpus) = corpus() else { return };
    let files = support::files_under(&corpus);
    let mut compared = BTreeMap::new();
    for capture in files {
        let Ok(mut reader) = Reader::open(&capture) else { continue };
        let (mut decoder, mut rests) = (Decoder::new(), BTreeMap::<_, Vec<u8>>::new());
        while let Some(frame) = reader.next(0) {
            let Packet::Tcp(segment) = decoder.decode(&frame) else { continue };
            // Records that lie whole in segments that follow each other are enough here.
            let key = (segment.ip.source, segment.source_port, segment.ip.destination, segment.destination_port);
            let rest = rests.entry(key).or_default();
            rest.extend_from_slice(segment.payload);
            loop {
                let Some(header) = tls::Header::parse(rest) else {
                    rest.clear();
                    break;
                };
                if rest.len() < header.total() {
                    break;
                }
                let record: Vec<u8> = rest.drain(..header.total()).collect();
                let ours = read(&record);
                let theirs = parsed(&record);
                let clear = matches!(header.kind, tls::ContentType::Handshake | tls::ContentType::Alert)
                    && ours.iter().all(|(whole, _)| *whole);
                if !clear || ours.is_empty() || theirs == ["not parsed"] {
                    continue;
                }
                let ours: Vec<_> = ours.into_iter().map(|(_, text)| text).collect();
                assert_eq!(ours, theirs, "{}", capture.display());
                for text in ours {
                    *compared.entry(text.split(' ').next().unwrap().to_owned()).or_insert(0) += 1;
                }
            }
        }
    }
    shout(&format!("handshake messages that tls-parser reads alike: {compared:?}"));
    assert!(compared["client"] > 80 && compared["server"] > 60 && compared["certificate"] > 30);
}

/// The messages of one record, and whether each is sound.
fn read(record: &[u8]) -> Vec<(bool, String)> {
    let mut driver = nrpcsniff_dissectors::drive::Driver::new((tls::PROTOCOL.stream)());
    // A ServerHello of TLS 1.2 first would change nothing: all that is in clear reads alike.
    driver.data(Side::Server, record);
    let message = |message: &Body| match message {
        Body::Tls(tls) => {
            let sound = !tls.incomplete && tls.problems.is_empty() && !matches!(tls.body, Tls::SealedAlert { .. });
            (sound, said(tls))
        }
        _ => unreachable!(),
    };
    driver.messages.iter().map(|(_, body)| message(body)).collect()
}
