//! Whole logs: real lines where they are at hand, and everything that files do to them.

use super::{Options, read};
use crate::model::{ClockPlacement, Log, LogEvent, LogKind, Span};
use proptest::prelude::*;
use std::path::PathBuf;

const STUSERS: &str = "\
101021_134743.767,INF,Users   ,VpUsrAuthenticate::handleCheckUser: authenticating user with by a single token
101021_134743.767,INF,Token Au,User ID extracted from the token is – CN=Ann Smith/O=ACME/C=US
101021_134743.767,INF,LDAP Aut,AuthTokenContext::operationBeforeDirSearch has returned successfully.
Original login name – <>, extracted user id – <CN=Ann Smith/O=ACME/C=US>.
101021_134743.767,FTL,LDAP Aut,Failed looking up [CN=Ann Smith,O=ACME,C=US]. Trying directory-wide search
101021_134743.767,INF,LDAP Aut,Search of [CN=Ann Smith/O=ACME/C=US] failed because the user was not found
101021_134743.768,INF,LDAP Aut,Async auth failed. [req -2]
";

fn log(text: &[u8]) -> Log {
    read("a.log", text, &Options::default())
}

/// A real log that is not part of this repository; nothing where it is not there.
fn real(name: &str) -> Option<Log> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference")).join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    };
    Some(read(name, &bytes[..], &Options::default()))
}

fn lines(log: &Log) -> Vec<u64> {
    log.facts.iter().map(|fact| fact.line).collect()
}

#[test]
fn a_real_trace_of_sametime() {
    let Some(log) = real("stusers-sample.txt") else { return };
    assert_eq!((log.kind, log.complete, log.not_understood), (Some(LogKind::Stusers), true, 0));
    assert_eq!(log.clock.placed, ClockPlacement::No);
    let names: Vec<_> = log
        .facts
        .iter()
        .filter_map(|fact| match &fact.event {
            LogEvent::TokenUser { user } => Some(user.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["CN=Ben Williams/O=ACME", "CN=Ben Williams/O=ACME/C=US"]);
    let refused =
        log.facts.iter().find(|fact| matches!(fact.event, LogEvent::TokenNotVerified { code: Some(4098) })).unwrap();
    assert_eq!((refused.line, refused.at.as_ref().unwrap().text.as_str()), (5, "101117_095933.884"));
}

#[test]
fn a_real_log_of_websphere() {
    let Some(log) = real("systemout-sample.txt") else { return };
    assert_eq!(
        (log.kind, log.clock.placed, log.clock.order_guessed),
        (Some(LogKind::Systemout), ClockPlacement::Zone, true)
    );
    let events: Vec<_> = log.facts.iter().map(|fact| fact.event.clone()).collect();
    assert_eq!(events, [LogEvent::DigestWithoutHash, LogEvent::DigestWithoutPassword]);
}

#[test]
fn a_real_trace_of_a_notes_client() {
    let Some(log) = real("notes-trace-sample.txt") else { return };
    assert_eq!((log.kind, lines(&log)), (Some(LogKind::NotesTrace), vec![1, 2, 3, 4]));
}

/// Lines of many products, gathered from public sources, as a file that is not part of this repository has them.
#[test]
fn the_gathered_lines_are_known() {
    /// Rows that name a form or a page, not a line.
    const NO_LINE: [(&str, &str); 0] = [];
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference/log-lines.tsv"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED, AND NOTHING IS PROVED: {} is not there", path.display());
        return;
    };
    let (mut known, mut unknown) = (0, Vec::new());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let example = cells[2].replace("\\n", "\n");
        let found = log(example.as_bytes());
        if found.facts.iter().any(|fact| fact.meaning.is_some()) {
            known += 1;
        } else if !NO_LINE.iter().any(|(pattern, _)| *pattern == cells[1]) {
            unknown.push(format!("{} | {} | {}", cells[0], cells[1], cells[2]));
        }
    }
    eprintln!("{known} of {} gathered lines are known", known + unknown.len());
    assert!(unknown.is_empty(), "{} lines are not known:\n{}", unknown.len(), unknown.join("\n"));
}

#[test]
fn lines_without_a_time_go_on_from_the_last() {
    let found = log(STUSERS.as_bytes());
    assert_eq!((found.lines, lines(&found)), (7, vec![1, 2, 3, 4, 5, 6, 7]));
    let text = "[2/22/14 18:08:43:660 GMT] 000000a7 X E boom\n  at a.b.C\njavax.security.auth.login.LoginException: Server Unavailable\n";
    let found = log(text.as_bytes());
    assert_eq!((lines(&found), found.not_understood), (vec![3], 0));
    assert_eq!(found.facts[0].at.as_ref().unwrap().text, "2/22/14 18:08:43:660 GMT");
}

#[test]
fn every_encoding_says_the_same() {
    let plain = log(STUSERS.as_bytes());
    let wide = |unit: fn(u16) -> [u8; 2]| STUSERS.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let western: Vec<u8> = STUSERS.chars().map(|c| if c == '–' { 0x96 } else { c as u8 }).collect();
    for bytes in [
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        western,
        STUSERS.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{STUSERS}").into_bytes(),
        STUSERS.replace("INF", "I\0NF").into_bytes(),
    ] {
        assert_eq!(log(&bytes).facts, plain.facts);
    }
}

#[test]
fn a_log_that_ends_anywhere_says_what_stood_before() {
    let whole = log(STUSERS.as_bytes());
    for end in 0..STUSERS.len() {
        let part = log(&STUSERS.as_bytes()[..end]);
        let full = STUSERS.char_indices().filter(|&(at, c)| at < end && c == '\n').count() as u64;
        let before: Vec<_> = whole.facts.iter().filter(|fact| fact.line <= full).collect();
        let found: Vec<_> = part.facts.iter().filter(|fact| fact.line <= full).collect();
        assert_eq!(found, if part.kind.is_some() { before } else { Vec::new() }, "{end}");
    }
}

#[test]
fn other_files_are_none() {
    for bytes in [&b"hello\nworld\n"[..], &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0], b"\0\0\0\0\0\0\0\0\0\0"] {
        let found = log(bytes);
        assert!(!found.complete && found.kind.is_none());
        assert_eq!(found.problem.unwrap(), "is no log of a known kind");
    }
    assert_eq!(log(b"").problem.unwrap(), "is empty");
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let line = "101117_095933.884,FTL,LDAP Aut,token verification failed. [4098]\n";
    let found = log(line.repeat(60_000).as_bytes());
    assert_eq!((found.facts.len(), found.facts_left_out, found.lines), (50_000, 10_000, 60_000));
    assert_eq!(found.facts[0].line, 10_001);
    assert!(found.fact(10_001).is_some() && found.fact(10_000).is_none());
    let long =
        format!("{line}101117_095933.884,FTL,LDAP Aut,{}token verification failed. [1]\n{line}", "x".repeat(100_000));
    let found = log(long.as_bytes());
    assert_eq!((lines(&found), found.cut), (vec![1, 3], 1));
}

#[test]
fn the_order_of_day_and_month() {
    let of = |dates: &[&str]| {
        let line = |date: &&str| format!("[{date} 18:08:43:660 GMT] 000000a7 X W CWSCT0340E: y\n");
        let text: Vec<String> = dates.iter().map(line).collect();
        let clock = log(text.concat().as_bytes()).clock;
        (clock.swapped, clock.order_guessed)
    };
    assert_eq!(of(&["2/11/14"]), (false, true));
    assert_eq!(of(&["2/11/14", "13/11/14"]), (true, false));
    assert_eq!(of(&["2/11/14", "2/13/14"]), (false, false));
    assert_eq!(of(&["2/11/14", "3/11/14", "4/11/14"]), (true, false));
    assert_eq!(of(&["2/10/14", "2/11/14"]), (false, false));
    assert_eq!(of(&["2/2/14"]), (false, false));
}

#[test]
fn clocks() {
    let clock = |zone: &str, offset| {
        let text = format!("[2/22/14 18:08:43:660 {zone}] 000000a7 X W CWSCT0340E: y\n");
        let log = read("a", text.as_bytes(), &Options { offset, ..Options::default() });
        (log.clock.placed, log.facts[0].at.as_ref().and_then(|at| log.clock.place(at)).map(|time| time.to_string()))
    };
    assert_eq!(clock("CET", None), (ClockPlacement::Zone, Some("2014-02-22T17:08:43.660Z".to_owned())));
    assert_eq!(clock("CST", None), (ClockPlacement::No, None));
    assert_eq!(
        clock("CST", Some(Span::from_secs(-3600))),
        (ClockPlacement::Offset, Some("2014-02-22T17:08:43.660Z".to_owned()))
    );
    assert_eq!(
        clock("CET", Some(Span::from_secs(2))),
        (ClockPlacement::Offset, Some("2014-02-22T17:08:45.660Z".to_owned()))
    );
}

#[test]
fn secrets_are_shown_only_if_asked_for() {
    let line = "101117_095933.884,FTL,LDAP Aut,token verification failed. [4098] password=hunter2\n";
    assert!(log(line.as_bytes()).facts[0].text.ends_with("password=***"));
    let open = read("a", line.as_bytes(), &Options { show_secrets: true, ..Options::default() });
    assert!(open.facts[0].text.ends_with("password=hunter2"));
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0..400_usize) {
        let mut text = STUSERS.as_bytes().to_vec();
        text.splice(at..at, bytes.iter().copied());
        let found = log(&text);
        prop_assert_eq!(found.bytes, text.len() as u64);
        let _ = log(&bytes);
    }
}
