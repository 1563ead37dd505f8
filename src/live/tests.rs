//! What is told of a capture that goes on, in virtual time: frames come one after the other, and rules are asked in between.

use super::schedule::Schedule;
use crate::capture::Reader;
use crate::diagnose::{Judgement, Settings, diagnose, gather, judge_with};
use crate::engine::{Options, Pipeline};
use crate::model::{Analysis, Finding, Input, InputFormat, Layer, OutcomeCounts, Span, Timestamp};
use crate::report::Report;
use crate::report::stream::{FindingChange, FindingUpdate, line, write_finding};
use crate::report::text::Paint;
use crate::testing;
use nrpcsniff_dissectors::Reader as Masked;
use nrpcsniff_samples::{Network, stories};
use std::io::Cursor;

const WANTED: &str = "CN=Mail01/O=Acme";
const ANOTHER: &str = "CN=Mail02/O=Acme";
const ALIAS: &str = "chat.acme.example";

/// Something that was told: when, what, as a line for people and as an object.
struct Told {
    at: Timestamp,
    update: FindingUpdate,
    line: String,
    object: serde_json::Value,
}

/// A capture that goes on, and what was told of it so far.
struct Live<'a> {
    pipeline: Pipeline,
    schedule: Schedule<'a>,
    input: Input,
    told: Vec<Told>,
    /// The most that was held at a time.
    conversations: usize,
    /// Between two looks.
    step: Span,
}

impl<'a> Live<'a> {
    /// Begins; so many bytes may be held.
    fn new(settings: &'a Settings, hold: usize) -> Self {
        let input = Input {
            format: Some(InputFormat::Live),
            link_types: vec![1],
            complete: true,
            dropped: Some(0),
            ..Input::named("eth0")
        };
        let pipeline = Pipeline::new(Options { hold: Some(hold), ..Options::default() });
        let (schedule, step) = (Schedule::new(settings, hold), Span::from_millis(250));
        Self { pipeline, schedule, input, told: Vec::new(), conversations: 0, step }
    }

    /// Takes in a capture, with looks as time goes by, and goes on without packets for so many seconds.
    fn capture(&mut self, capture: &[u8], silence: i64) {
        let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
        let mut now: Option<Timestamp> = None;
        while let Some(frame) = reader.next(0) {
            let mut at = now.unwrap_or(frame.at.time);
            // Of a long silence its first three minutes will do, and then one look a minute.
            let mut looks = 0;
            while at.plus(self.step) <= frame.at.time {
                at = at.plus(if looks < 720 { self.step } else { Span::from_secs(60) }).min(frame.at.time);
                looks += 1;
                self.look(at, false);
            }
            now = Some(at);
            self.pipeline.frame(&frame);
            self.input.packets += 1;
            self.input.first.get_or_insert(frame.at.time);
            self.input.last = Some(frame.at.time);
        }
        let end = self.pipeline.now().unwrap_or_default();
        let mut at = now.unwrap_or(end);
        while at < end.plus(Span::from_secs(silence)) {
            at = at.plus(self.step);
            self.look(at, false);
        }
    }

    fn look(&mut self, now: Timestamp, is_last: bool) {
        let (told, input) = (&mut self.told, self.input.clone());
        self.schedule.evaluate(&mut self.pipeline, input.clone(), now, is_last, |evaluation| {
            let report =
                Report { analysis: evaluation.analysis, findings: evaluation.findings, reader: Masked::MASKED };
            for update in evaluation.updates {
                let mut object = Vec::new();
                write_finding(report, update, &mut object).unwrap();
                told.push(Told {
                    at: now,
                    update: update.clone(),
                    line: line(report, update, Paint(false), None),
                    object: serde_json::from_slice(&object).unwrap(),
                });
            }
        });
        self.conversations = self.conversations.max(self.pipeline.usage().conversations);
        self.schedule.let_go(&mut self.pipeline, input, now, |_| ());
    }

    /// It ends now: the findings of all of it.
    fn finish(mut self, settings: &Settings) -> (Vec<Told>, Vec<Finding>, Analysis) {
        let now = self.told.last().map(|told| told.at).max(self.pipeline.now()).unwrap_or_default();
        self.look(now, true);
        let analysis = Analysis { end: Some(now), ..self.pipeline.finish(vec![self.input]) };
        let Judgement { findings, .. } = judge_with(&analysis, settings, self.schedule.ledger());
        let findings = gather(findings, &analysis, &[], self.schedule.ledger().counted());
        (self.told, findings, analysis)
    }

    /// Lines about findings of a rule, without their time.
    fn lines(&self, rule: &str) -> Vec<&str> {
        let of_rule = self.told.iter().filter(|told| told.update.finding.rule == rule);
        of_rule.map(|told| told.line.split_once(rule).unwrap().1.trim()).collect()
    }

    fn changes(&self, rule: &str) -> Vec<&FindingChange> {
        self.told.iter().filter(|told| told.update.finding.rule == rule).map(|told| &told.update.change).collect()
    }
}

fn network(work: impl FnOnce(&Network)) -> Vec<u8> {
    let net = Network::new();
    work(&net);
    net.to_pcap()
}

/// The client asks for an alias, and hangs up when it sees who answers.
fn turned_away(net: &Network, client: &str) {
    let (client, server) = (net.host(client), net.host("10.1.0.9"));
    net.connect(&client, &server, 1352).session(ALIAS, ANOTHER).wait(3).client_fin();
}

/// Its port is closed.
fn refused(net: &Network, client: &str) {
    net.dial(&net.host(client), &net.host("10.1.0.9"), 1352).refused(1);
}

/// It gets a session.
fn served(net: &Network, client: &str) {
    let tcp = net.connect(&net.host(client), &net.host("10.1.0.9"), 1352);
    tcp.session(ANOTHER, ANOTHER).auth().transactions(2).client_fin();
}

const MISMATCH: &str = "nrpc-name-mismatch-alias";
const REFUSED: &str = "nrpc-syn-refused";
const ROOM: usize = 24 << 20;

#[test]
fn an_outage_that_is_mended_and_comes_again_is_told_each_time() {
    let settings = Settings::default();
    let mut live = Live::new(&settings, ROOM);
    let capture = network(|net| {
        for outage in 0..3 {
            for _ in 0..4 {
                refused(net, "10.1.0.5");
                net.wait_secs(5);
            }
            if outage < 2 {
                net.wait_secs(60);
                served(net, "10.1.0.5");
                net.wait_secs(120);
            }
        }
    });
    live.capture(&capture, 5);
    let lines = live.lines(REFUSED);
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[0].starts_with("10.1.0.5 → 10.1.0.9:1352: 10.1.0.9:1352 refuses connections"), "{lines:#?}");
    assert!(lines[1].starts_with("10.1.0.5 → 10.1.0.9:1352: Works again since 08:31:20. It was: 10.1.0.9:1352 "));
    assert!(lines[2].contains(": Again: ") && lines[2].contains(", 2nd time since 08:30:00. To do: "), "{lines:#?}");
    assert!(lines[3].contains(": Works again since 08:34:40."), "{lines:#?}");
    assert!(lines[4].contains(", 3rd time since 08:30:00."), "{lines:#?}");
    let told: Vec<_> =
        live.told.iter().map(|told| serde_json::json!([told.object["why"], told.object["times"]])).collect();
    let expected = serde_json::json!([["new", null], ["works", null], ["again", 2], ["works", null], ["again", 3]]);
    assert_eq!(serde_json::Value::from(told), expected);
    assert!(live.told.iter().all(|told| told.object["n"] == 1), "it keeps its number");
    assert_eq!(live.told[2].object["since"], live.told[0].object["group"]["first"]);
}

#[test]
fn what_comes_again_after_ten_quiet_minutes_is_told_again() {
    let settings = Settings::default();
    let mut live = Live::new(&settings, ROOM);
    let capture = network(|net| {
        for minutes in [0, 4, 9, 11] {
            net.wait_secs(minutes * 60);
            turned_away(net, "10.1.0.5");
        }
    });
    live.capture(&capture, 5);
    let again = |change: &&&FindingChange| matches!(change, FindingChange::Again { .. });
    let changes = live.changes(MISMATCH);
    assert_eq!(changes.iter().filter(again).count(), 1, "{changes:?}");
    let told = live.lines(MISMATCH).pop().unwrap();
    assert!(
        told.contains("Again: Client asked for the alias chat.acme.example")
            && told.contains(", 2nd time since 08:30:00."),
        "{told}"
    );
}

#[test]
fn what_shows_its_evidence_is_told_within_a_second_and_open_and_confirmed_when_nothing_can_change_it() {
    let settings = Settings::default();
    let mut live = Live::new(&settings, ROOM);
    let capture = network(|net| turned_away(net, "10.1.0.5"));
    live.capture(&capture, 140);
    let [new, confirmed] = live.told.as_slice() else { panic!("{:?}", live.changes(MISMATCH)) };
    let packet = live.pipeline.now().unwrap();
    assert!(new.at.since(packet) <= Span::from_secs(1), "{} {}", new.at, packet);
    assert_eq!((&new.object["why"], &new.object["open"]), (&"new".into(), &true.into()));
    assert_eq!((&confirmed.object["why"], confirmed.object.get("open")), (&"confirmed".into(), None));
    assert!(confirmed.at.since(new.at) >= crate::diagnose::WINDOW);
    assert!(confirmed.line.contains("Confirmed by what came since: Client asked for the alias"), "{}", confirmed.line);
}

#[test]
fn what_is_not_borne_out_is_taken_back_in_words() {
    let settings = Settings::default();
    let mut live = Live::new(&settings, ROOM);
    let capture = network(|net| {
        let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
        let tcp = net.connect(&client, &server, 1352);
        tcp.request(WANTED).wait_secs(9).response(WANTED).auth().transactions(2).wait_secs(9);
    });
    live.capture(&capture, 5);
    let [new, taken_back, ..] = live.told.as_slice() else { panic!("{}", live.told.len()) };
    assert_eq!((&new.object["rule"], &new.object["open"]), (&"nrpc-hello-unanswered".into(), &true.into()));
    assert_eq!((&taken_back.object["why"], &taken_back.object["n"]), (&"withdrawn".into(), &new.object["n"]));
    assert!(
        taken_back.line.contains("Taken back, 10.1.0.5 got it at 08:30:09: 10.1.0.9:1352 took the"),
        "{}",
        taken_back.line
    );
    assert!(taken_back.object.get("open").is_none());
}

#[test]
fn a_fault_of_many_is_told_by_cause_and_what_is_let_go_stays_counted() {
    const TIMES: u64 = 500;
    const CLIENTS: u64 = 100;
    let settings = Settings::default();
    let mut live = Live { step: Span::from_secs(5), ..Live::new(&settings, 512 << 10) };
    let capture = network(|net| {
        for time in 0..TIMES {
            net.wait_secs(7);
            turned_away(net, &format!("10.2.0.{}", time % CLIENTS + 1));
            served(net, &format!("10.3.0.{}", time % CLIENTS + 1));
        }
    });
    live.capture(&capture, 5);
    assert!(live.conversations < 400, "{}", live.conversations);
    assert!(live.schedule.conversations_gone() > 2 * TIMES - 400);
    assert!(live.told.len() < 40, "{}", live.told.len());
    let counts = live.schedule.attempts().by_kind()[&crate::model::AttemptKind::NrpcOpen];
    assert_eq!(counts, OutcomeCounts { granted: TIMES, refused: TIMES, ..OutcomeCounts::default() });
    let (told, findings, analysis) = live.finish(&settings);
    let not_taken_back = |told: &Told| !matches!(told.update.change, FindingChange::Withdrawn { .. });
    assert!(told.iter().all(not_taken_back));
    let finding = findings.iter().find(|finding| finding.rule == MISMATCH).unwrap();
    assert_eq!((finding.group.count, finding.group.clients), (TIMES, CLIENTS));
    assert!(analysis.conversations.len() < 400);
}

#[test]
fn one_finding_of_many_keeps_its_count_while_what_it_names_is_let_go() {
    const TIMES: u64 = 400;
    let settings = Settings::default();
    let mut live = Live { step: Span::from_secs(5), ..Live::new(&settings, 128 << 10) };
    let capture = network(|net| {
        for time in 0..TIMES {
            net.wait_secs(2);
            refused(net, &format!("10.2.0.{}", time % 100 + 1));
        }
    });
    live.capture(&capture, 20);
    assert!(live.schedule.conversations_gone() > TIMES / 2, "{}", live.schedule.conversations_gone());
    let (told, findings, _) = live.finish(&settings);
    let counts =
        told.iter().filter(|told| told.update.finding.rule == REFUSED).map(|told| told.update.finding.group.count);
    assert!(counts.clone().is_sorted(), "{:?}", counts.collect::<Vec<_>>());
    let finding = findings.iter().find(|finding| finding.rule == REFUSED).unwrap();
    assert_eq!((finding.group.count, finding.group.clients), (TIMES, 100));
}

/// A server of which an address is silent: that the client gets through by another one shows only later.
const REVISED: &[(&str, &str)] = &[("nrpc-ipv6-first", "nrpc-syn-silent")];

#[test]
fn what_the_file_mode_finds_is_told_and_hardly_anything_else() {
    let settings = Settings::default();
    for sample in stories::all() {
        let file = testing::analysis_without_secrets(&sample.bytes());
        let findings = diagnose(&file, &settings);
        let mut live = Live::new(&settings, ROOM);
        live.capture(&sample.bytes(), 0);
        let (told, at_the_end, _) = live.finish(&settings);
        let rules = |findings: &[Finding]| findings.iter().map(|finding| finding.rule).collect::<Vec<_>>();
        assert_eq!(rules(&at_the_end), rules(&findings), "{}", sample.name);
        for finding in &findings {
            let is_it =
                |told: &&Told| told.update.finding.rule == finding.rule && told.update.change == FindingChange::New;
            assert!(told.iter().any(|told| is_it(&told)), "{}: {} is not told", sample.name, finding.rule);
        }
        let stands = |rule| findings.iter().any(|finding| finding.rule == rule || finding.also.contains(&rule));
        for Told { update, .. } in &told {
            let rule = update.finding.rule;
            // That something was refused is told at once; the rule that knows why may need to see it refused again.
            if update.finding.layer == Layer::Fallback && !stands(rule) {
                continue;
            }
            let is_revised = REVISED.contains(&(sample.name, rule.as_str()));
            let is_withdrawn = matches!(update.change, FindingChange::Withdrawn { .. });
            assert_eq!(is_withdrawn || !stands(rule), is_revised, "{}: {update:?}", sample.name);
        }
    }
}

#[test]
fn a_finding_is_told_once_and_again_for_clients_that_it_did_not_hold_for() {
    let settings = Settings::default();
    let mut live = Live::new(&settings, ROOM);
    let capture = network(|net| {
        for client in ["10.1.0.5", "10.1.0.5", "10.1.0.6"] {
            turned_away(net, client);
            net.wait_secs(5);
        }
    });
    live.capture(&capture, 3);
    let [FindingChange::New, FindingChange::Spread(clients)] = live.changes(MISMATCH)[..] else {
        panic!("{:?}", live.changes(MISMATCH))
    };
    assert_eq!(clients.as_slice(), ["10.1.0.6".parse::<std::net::IpAddr>().unwrap()]);
}
