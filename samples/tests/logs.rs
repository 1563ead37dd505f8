//! The logs belong to their captures: their events are as many, in local time an hour ahead, right after the packets.

use nrpcsniff_samples::stories::{self, Log};
use nrpcsniff_samples::time::{MILLISECOND, SECOND, utc};

fn log(name: &str) -> &'static Log {
    stories::logs().find(|log| log.name == name).expect("a log of this name")
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// Nanoseconds of a clock time, `hour:minute:second:millisecond` in these pieces, on the day of the captures; an hour is taken off.
fn clock(pieces: [&str; 4]) -> u64 {
    let [hour, minute, second, millisecond] = pieces.map(number);
    utc(2025, 3, 10) + ((hour - 1) * 3600 + minute * 60 + second) * SECOND + millisecond * MILLISECOND
}

/// The times of lines that hold this text.
fn stusers_times(text: &str, wanted: &str) -> Vec<u64> {
    let lines = text.lines().filter(|line| line.contains(wanted));
    lines.map(|line| clock([&line[7..9], &line[9..11], &line[11..13], &line[14..17]])).collect()
}

fn system_out_times(text: &str, wanted: &str) -> Vec<u64> {
    let time = |line: &str| {
        let pieces: Vec<&str> = line.split([' ', ':', ']']).skip(1).take(4).collect();
        clock(pieces.try_into().expect("four pieces"))
    };
    text.lines().filter(|line| line.contains(wanted)).map(time).collect()
}

/// Each event is logged within 10 ms after its packet.
fn assert_follow(events: &[u64], packets: &[u64]) {
    assert!(!events.is_empty() && events.len() == packets.len(), "{events:?} {packets:?}");
    for (event, packet) in events.iter().zip(packets) {
        let late = event / MILLISECOND - packet / MILLISECOND;
        assert!(late <= 10, "{late} ms");
    }
}

/// When logins of Sametime were sent: message type 1 behind the length.
fn logins(sample: &str) -> Vec<u64> {
    let net = stories::find(sample).expect("a sample").network();
    net.sent(|payload| payload.len() > 8 && payload[..2] == [0, 0] && payload[4..6] == [0, 1])
}

#[test]
fn the_4098_trace_follows_the_logins() {
    let text = log("st-token-version.stusers.log").text();
    assert_follow(&stusers_times(&text, "token verification failed. [4098]"), &logins("st-token-version"));
}

#[test]
fn the_trace_of_two_names_follows_the_logins() {
    let text = log("st-two-names.stusers.log").text();
    assert_follow(&stusers_times(&text, "handleCheckUser"), &logins("st-two-names"));
    assert_eq!(stusers_times(&text, "Failed looking up [CN=Ann Smith,O=ACME,C=US]").len(), 2);
    assert_eq!(stusers_times(&text, "user [CN=Ann Smith/O=ACME] successfully authenticated by token").len(), 1);
}

#[test]
fn system_out_follows_the_registrations() {
    let net = stories::find("sip-undefined").expect("a sample").network();
    let registrations = net.sent(|payload| payload.starts_with(b"REGISTER "));
    let text = log("sip-undefined.systemout.log").text();
    for wanted in ["CWSCT0359I", "CWSCT0340E"] {
        assert_follow(&system_out_times(&text, wanted), &registrations);
    }
}

#[test]
fn the_client_trace_has_a_line_for_each_try() {
    let text = log("nrpc-alias.notes-trace.log").text();
    let wrong = "Connected to the wrong server STCOMM7/Servers/Example using address 10.1.0.9";
    assert_eq!(text.lines().filter(|line| *line == wrong).count(), 2);
}

#[test]
fn logs_that_stand_alone_tell_their_stories() {
    let text = log("st-log-4098.stusers.log").text();
    assert_eq!(text.matches("token verification failed. [4098]").count(), 3);
    let text = log("st-log-country.stusers.log").text();
    assert_eq!(text.matches("User ID extracted from the token is – CN=Bob Ray/O=ACME/C=US").count(), 2);
    assert_eq!(text.matches("Failed looking up [CN=Bob Ray,O=ACME,C=US]").count(), 2);
}
