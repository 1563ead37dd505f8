//! Hostile messages of HTTP, SIP and Sametime: each becomes an event that says what is wrong, within bounded memory, and
//! the rest of the conversation and of the capture is read all the same.

mod support;

use nrpcsniff_samples::{Network, Tcp, http, sametime};
use serde_json::Value;
use std::process::{Command, Stdio};
use support::{bad_end, list};

/// Address space of the child in kilobytes: a length field that is believed would ask for more.
const MEMORY: u32 = 2_000_000;

/// What is wrong with the messages of one conversation, and the report it stands in.
struct Seen {
    problems: Vec<String>,
    summaries: Vec<String>,
    conversation: Value,
}

/// Reads one conversation to that port, and a healthy one after it.
fn seen(port: u16, story: impl FnOnce(&Tcp)) -> Seen {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    story(&net.connect(&client, &server, port));
    let after = net.connect(&client, &net.host("10.1.0.10"), 1352);
    after.works("CN=Mail01/O=Example", 2);
    let report = report(&net);
    let conversations = list(&report, "conversations");
    let messages = |c: &Value| list(c, "messages").to_vec();
    let last = conversations.last().unwrap();
    assert!(last["protocol"] == "nrpc" && messages(last).len() >= 4, "the rest of the capture is read: {last:#}");
    let conversation = conversations[0].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |m: &Value| m["fields"]["problems"].as_array().cloned().unwrap_or_default();
    let problems = messages(&conversation).iter().flat_map(of).map(|p| text(&p["what"])).collect();
    let summaries = messages(&conversation).iter().map(|m| text(&m["summary"])).collect();
    Seen { problems, summaries, conversation }
}

fn report(net: &Network) -> Value {
    let file = tempfile::Builder::new().suffix(".pcapng").tempfile().unwrap();
    std::fs::write(file.path(), net.to_pcapng()).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" --no-config --format json \"$1\"")])
        .arg(assert_cmd::cargo::cargo_bin("nrpcsniff"))
        .arg(file.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(bad_end(&output), None);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

impl Seen {
    /// A problem says so.
    fn says(&self, words: &str) {
        let found = self.problems.iter().any(|what| what.contains(words));
        assert!(found, "{words:?} is not in {:?} of {:#}", self.problems, self.conversation);
    }

    /// A message's summary holds this.
    fn reads(&self, words: &str) {
        let found = self.summaries.iter().any(|summary| summary.contains(words));
        assert!(found, "{words:?} is not in {:?}", self.summaries);
    }
}

fn get(path: &str) -> http::Message {
    http::get(path).host("web.example.net")
}

#[test]
fn an_over_long_header() {
    let seen = seen(80, |tcp| {
        let long = "x".repeat(3 << 20);
        tcp.client(get("/long").header("X-Long", &long)).server(http::response(431));
        tcp.client(get("/after")).server(http::response(200));
    });
    assert!(!seen.problems.is_empty(), "{:#}", seen.conversation);
    seen.reads("/after");
}

#[test]
fn a_cookie_of_a_megabyte() {
    let seen = seen(80, |tcp| {
        let huge = "A".repeat(1 << 20);
        tcp.client(get("/huge").cookie("LtpaToken", &huge)).server(http::response(400));
        tcp.client(get("/after")).server(http::response(200));
    });
    assert!(!seen.problems.is_empty(), "{:#}", seen.conversation);
    seen.reads("/after");
}

#[test]
fn a_content_length_beyond_all_numbers() {
    for length in ["99999999999999999999", "-1", "18446744073709551615", "0x10", "12, 13"] {
        let seen = seen(80, |tcp| {
            tcp.client(get("/")).server(http::response(200).set("Content-Length", length).header("X-After", "1"));
            tcp.client(get("/after")).server(http::response(200));
        });
        if length != "18446744073709551615" {
            seen.says("Content-Length");
        }
        seen.reads("/after");
    }
}

#[test]
fn a_chunk_beyond_all_numbers() {
    for size in ["ffffffffffffffff", "fffffffffffffffff", "-5", "zz"] {
        let seen = seen(80, |tcp| {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            tcp.client(get("/")).server(format!("{head}{size}\r\nabc\r\n0\r\n\r\n"));
            tcp.client(get("/after")).server(http::response(200));
        });
        seen.reads("/after");
    }
}

#[test]
fn sip_lengths_beyond_all_numbers() {
    for length in ["99999999999999999999", "-1", "4294967296"] {
        let seen = seen(5060, |tcp| {
            let lines = |method: &str| {
                format!(
                    "{method} sip:acme.example SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.0.50;branch=z9hG4bK1\r\nCall-ID: a@b\r\n\
                     From: <sip:ann@acme.example>;tag=1\r\nTo: <sip:ann@acme.example>\r\nCSeq: 1 {method}\r\n\
                     Max-Forwards: 70\r\n"
                )
            };
            tcp.client(format!("{}Content-Length: {length}\r\n\r\n", lines("REGISTER")));
            tcp.client(format!("{}Content-Length: 0\r\n\r\n", lines("OPTIONS")));
        });
        seen.says("Content-Length");
        seen.reads("OPTIONS");
    }
}

#[test]
fn a_sip_header_that_never_ends() {
    let seen = seen(5060, |tcp| {
        tcp.client(format!("REGISTER sip:acme.example SIP/2.0\r\nSubject: {}", "x".repeat(2 << 20)));
    });
    assert!(!seen.problems.is_empty(), "{:#}", seen.conversation);
}

#[test]
fn a_sametime_length_of_four_gigabytes() {
    let seen = seen(1533, |tcp| {
        tcp.client(sametime::Handshake::new([10, 1, 0, 50].into(), "pc").encode());
        tcp.server([0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    });
    assert_eq!(seen.conversation["protocol"], "sametime", "{:#}", seen.conversation);
    assert!(!seen.problems.is_empty(), "{:#}", seen.conversation);
}

#[test]
fn a_token_of_bad_base64() {
    let seen = seen(80, |tcp| {
        tcp.client(get("/").cookie("LtpaToken", "not!base64*at all")).server(http::response(302).location("/login"));
    });
    let messages = list(&seen.conversation, "messages");
    assert_eq!(messages[0]["fields"]["cookies"][0]["token"]["class"], "not-base64", "{:#}", messages[0]);
}
