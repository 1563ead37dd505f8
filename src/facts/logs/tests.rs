//! Sign-ons put together, clocks compared.

use crate::facts::{Case, Settings};
use crate::model::{Analysis, ClockPlacement, Log, LogClock};
use crate::testing::analysis;
use crate::testing::logs::{SOME_TIME, beside, first_lines, let_in, log, not_found, not_verified, stusers, systemout};
use crate::testing::tokens::{ANN, BOB, PC, chat_refused, domino, register};
use nrpcsniff_samples::Network;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;

/// What the sign-ons of a trace come to.
fn logins(text: &str) -> Vec<String> {
    let analysis = Analysis { logs: vec![log("st.txt", text)], ..Analysis::default() };
    let settings = Settings::default();
    let case = Case::new(&analysis, &settings);
    let told = case.logs().logins().iter().map(|login| {
        let outcome = match () {
            () if login.accepted.is_some() => "let in",
            () if login.not_found.is_some() => "not found",
            () if login.not_verified.is_some() => "not verified",
            () => "open",
        };
        format!("{} {outcome}{}", login.user().unwrap_or("?"), if login.mixed { ", mixed" } else { "" })
    });
    told.collect()
}

/// The lines of both, one by one in turn.
fn mixed(one: &str, other: &str) -> String {
    let mut lines = Vec::new();
    let (mut a, mut b) = (one.lines(), other.lines());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return lines.join("\n"),
            (first, second) => lines.extend(first.into_iter().chain(second)),
        }
    }
}

#[test]
fn sign_ons_are_told_apart() {
    let one_by_one =
        let_in(SOME_TIME, ANN) + &not_found(SOME_TIME, "CN=Ann Smith/O=ACME/C=US") + &not_verified(SOME_TIME, BOB);
    assert_eq!(
        logins(&one_by_one),
        ["CN=Ann Smith/O=ACME let in", "CN=Ann Smith/O=ACME/C=US not found", "CN=Bob Ray/O=ACME not verified"]
    );
    assert_eq!(logins(&not_verified(SOME_TIME, "")), ["? not verified"]);
    assert_eq!(
        logins(&stusers(SOME_TIME, &["Search of [CN=Eve/O=ACME] failed because the user was not found"])),
        [""; 0]
    );
}

#[test]
fn lines_that_name_a_user_go_to_that_user() {
    let both = logins(&mixed(&let_in(SOME_TIME, ANN), &let_in(SOME_TIME, BOB)));
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].starts_with(&format!("{ANN} let in")) && both[1].starts_with(&format!("{BOB} let in")), "{both:?}");
    let failed = logins(&mixed(&let_in(SOME_TIME, ANN), &not_verified(SOME_TIME, BOB)));
    assert!(failed[0].starts_with(&format!("{ANN} let in")), "{failed:?}");
    assert!(failed[1].ends_with("not verified, mixed"), "what cannot be told is marked: {failed:?}");
}

#[test]
fn what_ends_without_a_word_does_not_go_on_for_ever() {
    let begun = first_lines(&not_verified(SOME_TIME, ANN), 3);
    let later = logins(&(begun + &stusers(SOME_TIME + 120 * SECOND, &["token verification failed. [4098]"])));
    assert_eq!(later, ["CN=Ann Smith/O=ACME open", "? not verified"]);
}

#[test]
fn any_part_of_a_trace_can_be_read() {
    let text = let_in(SOME_TIME, ANN) + &not_found(SOME_TIME, BOB) + &not_verified(SOME_TIME, ANN);
    let lines: Vec<&str> = text.lines().collect();
    for begin in 0..lines.len() {
        for end in begin..lines.len() {
            let _ = logins(&lines[begin..end].join("\n"));
        }
    }
    let _ = logins(&lines.iter().rev().copied().collect::<Vec<_>>().join("\n"));
}

/// How the clock of a log is placed beside what happens on a network.
fn clock(net: &Network, log: Log) -> LogClock {
    let analysis = Analysis { logs: vec![log], ..analysis(&net.to_pcapng()) };
    let settings = Settings::default();
    Case::new(&analysis, &settings).logs().clocks()[0].clone()
}

/// Placed by something that both know, and the offset in seconds, rounded.
fn placed(net: &Network, text: &str) -> Option<i64> {
    let clock = clock(net, log("st.txt", text));
    (clock.placed == ClockPlacement::Anchor).then(|| (clock.offset.as_nanos() + 500_000_000).div_euclid(1_000_000_000))
}

fn refused(net: &Network, user: &str) -> u64 {
    chat_refused(net, PC, user, &["opaque"], 0x8000_0015);
    net.now()
}

#[test]
fn the_refusal_of_one_user_places_a_log_by_whole_zones() {
    let net = Network::new();
    let at = refused(&net, ANN);
    for (hours, offset) in [(0, 0), (1, -3600), (2, -7200), (9, -32_400)] {
        let found = placed(&net, &not_verified(at + hours * HOUR, ANN)).unwrap();
        assert!((found - offset).abs() <= 1, "{hours}: {found}");
    }
    for at in [at + 1000 * SECOND, at + 30 * HOUR, at - 400 * 24 * HOUR] {
        assert_eq!(placed(&net, &not_verified(at, ANN)), None, "one failure at another time proves nothing");
    }
    assert_eq!(placed(&net, &not_verified(at + HOUR, BOB)), None, "of somebody else");
}

#[test]
fn several_refusals_that_agree_place_a_log_by_any_offset() {
    let net = Network::new();
    let mut text = String::new();
    for user in [ANN, BOB] {
        let at = refused(&net, user);
        text += &not_verified(at + 1000 * SECOND, user);
        net.wait_secs(40);
    }
    let found = placed(&net, &text).unwrap();
    assert!((found + 1000).abs() <= 1, "{found}");
}

#[test]
fn where_two_offsets_fit_none_is_taken() {
    let net = Network::new();
    let at = refused(&net, ANN);
    let text = not_verified(at + HOUR, ANN) + &not_verified(at + 2 * HOUR, ANN);
    assert_eq!(placed(&net, &text), None);
}

#[test]
fn connections_calls_and_tokens_place_a_log() {
    let net = Network::new();
    let token = domino(&net, ANN);
    let phone = register(&net, PC, ("LtpaToken", &token), Some(401));
    drop(phone);
    let tcp = net.connect(&net.host("10.1.0.60"), &net.host("10.1.0.9"), 1533);
    let port = tcp.port(nrpcsniff_samples::Side::Client);
    let at = net.now() + 1234 * SECOND;
    for line in [format!("accepted 10.1.0.60:{port}"), format!("checking {token}")] {
        let found = placed(&net, &stusers(at, &[&line])).unwrap_or_else(|| panic!("{line}"));
        assert!((found + 1234).abs() <= 2, "{line}: {found}");
    }
    assert_eq!(placed(&net, &stusers(at, &["accepted 10.1.0.60:1025"])), None);
}

#[test]
fn a_zone_in_the_line_is_enough_and_the_capture_tells_day_from_month() {
    let net = Network::new();
    register(&net, PC, ("LtpaToken", "undefined"), Some(401));
    let right = systemout(net.now(), &["CWSCT0340E: x"]);
    assert!(right.starts_with("[3/10/25"));
    let clock_of = |text: &str| clock(&net, log("SystemOut.log", text));
    let found = clock_of(&right);
    assert_eq!((found.placed, found.swapped, found.order_guessed), (ClockPlacement::Zone, false, false));
    let found = clock_of(&right.replace("[3/10/25", "[10/3/25"));
    assert_eq!((found.placed, found.swapped, found.order_guessed), (ClockPlacement::Zone, true, false));
    assert!(found.why.contains("time of the capture"), "{}", found.why);
    let found = clock_of(&right.replace("[3/10/25", "[3/10/24"));
    assert!(found.order_guessed);
}

#[test]
fn a_log_of_another_day_changes_nothing() {
    let net = Network::new();
    refused(&net, ANN);
    let without = beside(&net, Vec::new());
    let text = not_verified(net.now() + 48 * HOUR, ANN);
    let with = beside(&net, vec![log("st.txt", &text)]);
    assert_eq!(with.len(), without.len() + 1);
    assert!(without.iter().all(|finding| with.contains(finding)));
}
