//! A capture that is judged while it is read, and let go, gives the findings of one that is kept: each sample, as a needle in the
//! traffic of an office.

use super::diagnoser::Diagnoser;
use super::merge::{JudgedCapture, MergedCaptures};
use super::reading::Book;
use crate::capture::Reader;
use crate::diagnose::Settings;
use crate::model::{Finding, Frame, FrameRef, Group, Input, LetGo, Span, Stamp, Timestamp};
use crate::testing::tokens::{ANN_LDAP, browser, denied, login, mail, served, shared, visit};
use nrpcsniff_samples::dns::{self, Record};
use nrpcsniff_samples::sip::Phone;
use nrpcsniff_samples::stories::{self, Sample};
use nrpcsniff_samples::{Network, SplitMix64, mixture};
use std::io::Cursor;

/// The smaller office works for this long before the sample begins, and goes on behind it.
const BEFORE: Span = Span::from_secs(300);

/// Bytes that may be held of a mixture: less than it has, and more than its clients do within the window.
const MIXED: usize = 1 << 18;

/// Mixtures of which something else is told. 8: two sessions that an alias refused are told as such, and not as the reason why a Sametime
/// login did not come. 23: questions for a name go on for longer than the window until one is answered, and those before it count as failed.
const DIFFERENT: [u64; 2] = [8, 23];

/// A frame that stands for itself.
struct Owned {
    time: Timestamp,
    link_type: u16,
    data: Vec<u8>,
    wire_length: u32,
}

/// Frames of a capture, with secrets that it brings along, and its input.
fn frames(capture: Vec<u8>) -> (Vec<Owned>, Vec<Vec<u8>>, Input) {
    let mut reader = Reader::from_reader("needle", Cursor::new(capture)).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next(0) {
        let Frame { at, link_type, data, wire_length } = frame;
        frames.push(Owned { time: at.time, link_type, data: data.to_vec(), wire_length });
    }
    let secrets = reader.secrets().iter().map(|secret| secret.data.clone()).collect();
    (frames, secrets, reader.into_input())
}

/// So many sessions of an office in which nothing is wrong, one every seven seconds, with lookups and registrations between them.
fn office(sessions: usize) -> Vec<Owned> {
    let net = Network::new();
    let servers = [net.host("10.98.0.1"), net.host("10.98.0.2")];
    let clients: Vec<_> = (1..=40).map(|number| net.host(&format!("10.99.0.{number}"))).collect();
    for (turn, client) in clients.iter().cycle().take(sessions).enumerate() {
        net.at(turn as u64 * 7000);
        let server = &servers[turn % 2];
        let name = format!("CN=Office{}/O=Acme", turn % 2);
        net.connect(client, server, 1352).session(&name, &name).auth().transactions(6).client_fin();
        let host = format!("office{}.example.net", turn % 2);
        net.resolve(client, &net.host("10.98.0.53"), &host, dns::A, &[Record::address(&host, "10.98.0.1")]);
        let phone = Phone::new(client, 5060, &net.host("10.98.0.3"), 5060, "somebody@example.net");
        registers(&phone, 7200);
    }
    let mut frames = frames(net.to_pcapng()).0;
    frames.sort_by_key(|frame| frame.time);
    frames
}

/// What is told of the sample amid an office that begins that long before, where so many bytes may be held, and how many conversations
/// went.
fn found(sample: &[u8], office: &[Owned], before: Span, hold: Option<usize>) -> (Vec<String>, u32) {
    let (needle, secrets, input) = frames(sample.to_vec());
    let begin = needle.first().map_or(Timestamp::default(), |frame| frame.time);
    let shift = office.first().map_or(Span::ZERO, |frame| begin.minus(before).since(frame.time));
    let mut diagnoser = Diagnoser::new(Settings::default());
    diagnoser.engine.hold = hold;
    let mut book = Book::new(&diagnoser);
    for secret in secrets {
        book.pipeline.tls_secrets(&secret);
    }
    let mut office = office.iter().map(|frame| (frame.time.plus(shift), frame)).peekable();
    let mut number = 0;
    let mut input = Input { last: Some(begin), ..input };
    let mut take = |time: Timestamp, frame: &Owned| {
        number += 1;
        let at = Stamp { frame: FrameRef { input: 0, number }, time };
        let Owned { link_type, data, wire_length, .. } = frame;
        book.pipeline.frame(&Frame { at, link_type: *link_type, data, wire_length: *wire_length });
        input.last = input.last.max(Some(time));
        if book.pipeline.is_full() {
            book.turn(&input);
        }
    };
    for frame in &needle {
        while let Some((time, other)) = office.next_if(|(time, _)| *time <= frame.time) {
            take(time, other);
        }
        take(frame.time, frame);
    }
    office.for_each(|(time, frame)| take(time, frame));
    book.inputs.push(input);
    let (analysis, ledger) = book.close();
    let let_go = analysis.facts.let_go.conversations;
    let mut merged = MergedCaptures::default();
    merged.take(JudgedCapture::read(analysis, ledger), &diagnoser.settings);
    merged.settle(&diagnoser.settings);
    let wishes = format!("{:#?}", merged.wishes);
    (told(&merged.findings).into_iter().chain([wishes]).collect(), let_go)
}

/// What a reader is told: all but how the examples that go with it are numbered beyond the ninth.
fn told(findings: &[Finding]) -> Vec<String> {
    let told = |f: &Finding| {
        let group = (f.group.count, f.group.clients, f.group.first, f.group.last);
        let ids = f.examples();
        format!(
            "{} {:?} {} {}\n{}\n{}\n{ids:?} {group:?}\n{:#?}",
            f.rule,
            f.severity,
            f.score,
            f.title,
            f.explanation,
            f.remedy.join("\n"),
            f.evidence
        )
    };
    findings.iter().map(told).collect()
}

#[test]
fn every_sample_is_found_as_well_amid_traffic_that_is_let_go() {
    let samples: Vec<_> = stories::all().collect();
    assert_eq!(lost_by_any(&samples, &office(130), BEFORE), Vec::<String>::new());
}

/// In the middle of the office's time, or amid as many packets as `benches/needles.sh` asks for.
#[test]
fn samples_are_found_as_well_amid_twenty_thousand_packets() {
    let asked = |name| std::env::var(name).ok().map(|number| number.parse::<usize>().unwrap());
    let packets = asked("NRPCSNIFF_NEEDLE_PACKETS").unwrap_or(20_000);
    let office = office(packets / 22);
    assert!(office.len() > packets, "{}", office.len());
    let half = office[office.len() / 2].time.since(office[0].time);
    let samples: Vec<_> = stories::all().step_by(asked("NRPCSNIFF_NEEDLE_EVERY").unwrap_or(10)).collect();
    assert_eq!(lost_by_any(&samples, &office, half), Vec::<String>::new());
}

/// Samples of which something else is told where the office is let go: looked for by every processor.
fn lost_by_any(samples: &[&'static Sample], office: &[Owned], before: Span) -> Vec<String> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let share = samples.len().div_ceil(workers);
        let parts: Vec<_> = samples.chunks(share).map(|part| scope.spawn(|| lost(part, office, before))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Samples of which something else is told where the office is let go.
fn lost(samples: &[&'static Sample], office: &[Owned], before: Span) -> Vec<String> {
    let is_lost = |sample: &&&'static Sample| {
        let bytes = sample.bytes();
        let (all, none) = found(&bytes, office, before, None);
        let (lean, let_go) = found(&bytes, office, before, Some(1));
        assert!(none == 0 && let_go > 50, "{}: {none} {let_go}", sample.file_name());
        all != lean
    };
    samples.iter().filter(is_lost).map(|sample| sample.file_name()).collect()
}

/// A capture alone, as [`found`] reads it: what is told, how many went, and how many conversations are kept at the end.
fn alone(net: &Network, hold: Option<usize>) -> (Vec<Finding>, u32, usize) {
    let (findings, let_go, kept) = read(net, hold);
    (findings, let_go.conversations, kept)
}

/// As [`alone`], with all that is known of what went.
fn read(net: &Network, hold: Option<usize>) -> (Vec<Finding>, LetGo, usize) {
    let mut diagnoser = Diagnoser::new(Settings::default());
    diagnoser.engine.hold = hold;
    let mut book = Book::new(&diagnoser);
    let mut reader = Reader::from_reader("alone", Cursor::new(net.to_pcapng())).unwrap();
    while let Some(frame) = reader.next(0) {
        book.pipeline.frame(&frame);
        if book.pipeline.is_full() {
            book.turn(reader.input());
        }
    }
    book.inputs.push(reader.into_input());
    let (analysis, ledger) = book.close();
    let (let_go, kept) = (analysis.facts.let_go.clone(), analysis.conversations.len());
    let mut merged = MergedCaptures::default();
    merged.take(JudgedCapture::read(analysis, ledger), &diagnoser.settings);
    merged.settle(&diagnoser.settings);
    (merged.findings, let_go, kept)
}

/// So many clients ask for an alias, each once, one every two seconds.
fn turned_away(clients: u8) -> Network {
    let net = Network::new();
    for client in 1..=clients {
        net.at(u64::from(client) * 2000);
        let (client, server) = (net.host(&format!("10.2.0.{client}")), net.host("10.1.0.9"));
        net.connect(&client, &server, 1352).session("chat.acme.example", "CN=Chat/O=Acme").wait(3).client_fin();
    }
    net
}

#[test]
fn who_went_is_counted_and_examples_keep_their_numbers() {
    let net = turned_away(200);
    let (all, none, _) = alone(&net, None);
    let (lean, let_go, kept) = alone(&net, Some(1));
    assert!(none == 0 && let_go > 100 && kept < 100, "{let_go} went, {kept} stay");
    assert_eq!(told(&lean), told(&all));
    let finding = &lean[0];
    assert_eq!((finding.group.count, finding.group.clients), (200, 200));
    assert_eq!(finding.examples(), [0, 1, 2, 3, 4, 5, 6, 7, 199]);
    assert_eq!(finding.conversations.len() as u64 + finding.group.let_go, 200);
}

#[test]
fn what_is_kept_does_not_grow_with_the_capture() {
    let kept = |clients| alone(&turned_away(clients), Some(1)).2;
    let (small, large) = (kept(80), kept(250));
    assert!(large <= small + small / 2, "{small} of 80, {large} of 250");
}

#[test]
fn of_a_long_connection_what_was_judged_goes() {
    let net = Network::new();
    let tcp = visit(&browser(&net), &mail(&net));
    login(&tcp, ANN_LDAP, vec![shared("LtpaToken2", "aGVsbG8gd29ybGQgdGhpcyBpcyBubyB0b2tlbiBhdCBhbGw=")]);
    for page in 0..700 {
        served(&tcp, &format!("/{page}"));
    }
    denied(&tcp, "/last");
    let (all, _, _) = alone(&net, None);
    let (lean, _, _) = alone(&net, Some(1));
    assert_eq!(told(&lean), told(&all));
}

fn phone(net: &Network, address: &str, user: &str) -> Phone {
    Phone::new(&net.host(address), 5060, &net.host("10.1.0.9"), 5060, user)
}

fn registers(phone: &Phone, seconds: u32) {
    let request = phone.register().expires(seconds);
    phone.sends(&request).hears(request.response(200).contact_of(&request).expires(seconds));
}

/// The rules of both, for messages.
fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_str()).collect()
}

/// A proxy registers everybody by one pair of ports; one user is not renewed.
#[test]
fn a_registration_that_lapses_is_told_though_hundreds_of_messages_went_since() {
    let net = Network::new();
    for user in 0..430 {
        net.wait_secs(2);
        if user == 30 {
            registers(&phone(&net, "10.1.0.30", "ann@example.com"), 600);
        }
        registers(&phone(&net, "10.1.0.30", &format!("user{user}@example.com")), 7200);
    }
    let ann = phone(&net, "10.1.0.30", "ann@example.com");
    let asked = ann.options("bob@example.com");
    ann.sends(&asked).hears(asked.response(200));
    let (all, _, _) = alone(&net, None);
    let (lean, _, _) = alone(&net, Some(1));
    assert!(rules(&all).contains(&"sip-lapsed"), "{:?}", rules(&all));
    assert_eq!(told(&lean), told(&all));
}

/// Datagrams have no end that is seen: what failed is counted all the same.
#[test]
fn refusals_over_udp_are_counted_and_none_is_lost() {
    let net = Network::new();
    for client in 1..=120 {
        net.at(client * 3000);
        let phone = phone(&net, &format!("10.2.0.{client}"), "ann@example.com");
        let request = phone.register();
        phone.sends(&request).hears(request.response(403));
    }
    let (all, none, _) = alone(&net, None);
    let (lean, let_go, _) = alone(&net, Some(1));
    assert!(none == 0 && let_go > 50, "{let_go}");
    assert_eq!(told(&lean), told(&all));
    assert_eq!(lean[0].group.clients, 120, "{:?}", rules(&lean));
}

/// A finding about many conversations says how many they were.
#[test]
fn of_one_finding_about_many_conversations_all_are_counted() {
    let net = Network::new();
    for client in 1..=120 {
        net.at(client * 3000);
        let tcp = net.dial(&net.host(&format!("10.2.0.{client}")), &net.host("10.1.0.9"), 1352).midstream();
        tcp.auth().transactions(2).client_fin();
    }
    let (all, _, _) = alone(&net, None);
    let (lean, let_go, _) = alone(&net, Some(1));
    assert!(let_go > 50, "{let_go}");
    assert_eq!(told(&lean), told(&all));
    let number = |findings: &[Finding]| findings[0].conversations.len() as u64 + findings[0].group.let_go;
    assert_eq!((number(&lean), number(&all)), (120, 120));
}

/// What stands in a report for programs. Sentences may say of some that they were judged before, and are not in their numbers.
fn counted(findings: &[Finding]) -> Vec<String> {
    let counted = |f: &Finding| {
        let Group { count, clients, first, last, .. } = f.group;
        format!("{} {:?} {count} times, {clients} clients, from {first:?} to {last:?}", f.rule, f.severity)
    };
    findings.iter().map(counted).collect()
}

/// What is told otherwise of a mixture where no more than [`MIXED`] bytes may be held; nothing where too little time had room.
fn told_otherwise(seed: u64) -> Vec<String> {
    let things = SplitMix64::new(seed).bytes(900);
    let net = mixture(&things);
    let (all, _, _) = read(&net, None);
    let (lean, let_go, _) = read(&net, Some(MIXED));
    let (all, lean) = (counted(&all), counted(&lean));
    if let_go.early > 0 || all == lean {
        return Vec::new();
    }
    let only = |those: &[String], others: &[String], mark| {
        let those = those.iter().filter(|told| !others.contains(told));
        those.map(|told| format!("{seed}: {mark} {told}")).collect::<Vec<_>>()
    };
    [only(&all, &lean, "kept"), only(&lean, &all, "let go")].concat()
}

/// Where everything was judged in its time. `fuzz/fuzz_targets/letting_go.rs` goes on with it for as long as one likes.
#[test]
fn of_any_mixture_the_same_is_told() {
    let seeds: Vec<u64> = (0..24).filter(|seed| !DIFFERENT.contains(seed)).collect();
    let differs: Vec<String> = std::thread::scope(|scope| {
        let halves = seeds
            .chunks(12)
            .map(|half| scope.spawn(|| half.iter().flat_map(|&seed| told_otherwise(seed)).collect::<Vec<_>>()));
        let halves: Vec<_> = halves.collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(differs.is_empty(), "{differs:#?}");
}
