//! STUN, TURN and DTLS as coturn, aioice and OpenSSL speak them, against what tshark says of the same bytes. They stay where they are,
//! `reference/modern-vectors.json` beside the folder of `NRPCSNIFF_CORPUS`; without it this says so and passes.

use nrpcsniff_dissectors::{Message, stun};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn vectors(section: &str) -> Option<Vec<Value>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    let path = corpus.parent()?.join("reference/modern-vectors.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
        return None;
    };
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    Some(file["vectors"].as_array().unwrap().iter().filter(|one| one["section"] == section).cloned().collect())
}

/// Each frame of a section with what tshark says of it. Long ones are there in part.
fn frames(section: &str) -> Vec<(stun::Message, String)> {
    let mut found = Vec::new();
    for vector in vectors(section).into_iter().flatten() {
        for (frame, said) in vector["frames"].as_array().unwrap().iter().zip(vector["expected"].as_array().unwrap()) {
            let digits = frame["hex"].as_str().unwrap().trim_end_matches('.').as_bytes().chunks_exact(2);
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            let bytes: Vec<u8> = digits.map(byte).collect();
            let Some(Message::Stun(message)) = (stun::PROTOCOL.datagram)(&bytes) else { panic!("{vector}") };
            found.push((message, said.as_str().unwrap().to_owned()));
        }
    }
    found
}

/// In the words of tshark, as far as both say the same.
fn line(message: &stun::Stun) -> String {
    let method = message.method.name().replace("ChannelBind", "Channel-Bind");
    let kind = match message.kind {
        stun::Kind::Request => "Request",
        stun::Kind::Indication => "Indication",
        stun::Kind::Success => "Success Response",
        stun::Kind::Error => "Error Response",
    };
    let mut parts = vec![format!("{method} {kind}")];
    parts.extend(message.error.iter().map(|(code, _)| format!("error-code: {code}")));
    parts.extend(message.error.iter().map(|(_, reason)| reason.clone()));
    parts.extend(message.relayed.iter().map(|address| format!("XOR-RELAYED-ADDRESS: {address}")));
    parts.extend(message.mapped.iter().map(|address| format!("XOR-MAPPED-ADDRESS: {address}")));
    parts.extend(message.lifetime.iter().map(|seconds| format!("lifetime: {seconds}")));
    parts.extend(message.username.iter().map(|user| format!("user: {user}")));
    parts.extend(message.nonce.iter().map(|_| "with nonce".to_owned()));
    parts.extend(message.realm.iter().map(|realm| format!("realm: {realm}")));
    parts.join("|")
}

#[test]
fn stun_and_turn() {
    for (message, said) in frames("stun") {
        let stun::Message::Stun(message) = message else { panic!("{said}") };
        let line = line(&message);
        assert!(line.split('|').all(|part| said.contains(part)), "{line} is not {said}");
        let named = ["error-code: ", "XOR-RELAYED-ADDRESS: ", "lifetime: ", "user: ", "realm: "];
        for name in named {
            assert_eq!(line.contains(name), said.contains(name), "{name} in {said}");
        }
        assert!(!message.incomplete);
    }
}

#[test]
fn steps_of_dtls() {
    for (message, said) in frames("dtls") {
        let stun::Message::Dtls(record) = message else { panic!("{said}") };
        let first = said.split([',', '(']).next().unwrap_or_default().trim().to_lowercase();
        let words = record.words();
        let is_same = match first.as_str() {
            "encrypted alert" => words == "alert",
            "new session ticket" => words == "handshake",
            "alert" => words == "alert handshake_failure (40)",
            first => words == first,
        };
        assert!(is_same, "{words} is not {said}");
    }
}
