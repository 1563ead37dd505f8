//! LDAP as directories speak it. Whole conversations with OpenLDAP and answers of domain controllers stay where they are,
//! `reference/modern-vectors.json` beside the folder of `NRPCSNIFF_CORPUS`; without it that test says so and passes. What is told
//! by the texts of OpenLDAP's source, of Microsoft's documents and of public captures is built here.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Decision, Message, Side, ldap};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A message of the vectors: its name there, its kind here.
const OPERATIONS: [(&str, &str); 14] = [
    ("bindRequest", "ldap.bind_request"),
    ("bindResponse", "ldap.bind_response"),
    ("unbindRequest", "ldap.unbind"),
    ("searchRequest", "ldap.search_request"),
    ("searchResDone", "ldap.search_done"),
    ("searchResRef", "ldap.search_reference"),
    ("extendedReq", "ldap.extended"),
    ("extendedResp", "ldap.extended_response"),
    ("modifyRequest", "ldap.request"),
    ("modifyResponse", "ldap.response"),
    ("intermediateResponse", "ldap.intermediate"),
    ("abandonRequest", "ldap.abandon"),
    ("compareRequest", "ldap.request"),
    ("compareResponse", "ldap.response"),
];

/// Frames that hold no whole message, as they were sent: one in two pieces, and what is no LDAP.
const PIECES: [&str; 4] =
    ["long-form-lengths-accepted", "garbage-answered-by-close", "incomplete-ber-unanswered", "http-on-389-unanswered"];

fn vectors() -> Option<Vec<Value>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    let path = corpus.parent()?.join("reference/modern-vectors.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
        return None;
    };
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    Some(file["vectors"].as_array().unwrap().iter().filter(|one| one["section"] == "ldap").cloned().collect())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn side(frame: &Value) -> Side {
    if frame["dir"] == "c2s" { Side::Client } else { Side::Server }
}

fn bytes(frame: &Value) -> Vec<u8> {
    let digits = text(frame, "hex").as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// What a message is expected to say, and what it says, in the same words.
fn said(message: &Message) -> String {
    let Message::Ldap(message) = message else { panic!("{message:?}") };
    let kind = Message::Ldap(message.clone()).kind();
    let id = message.id.map_or(-1, i64::from);
    let body = match &message.body {
        ldap::Body::BindRequest { version, name, auth } => {
            let auth = match auth {
                ldap::Auth::Simple { .. } => "simple".to_owned(),
                ldap::Auth::Sasl { mechanism, .. } => format!("sasl {mechanism}"),
                other => format!("{other:?}"),
            };
            format!("{version:?} {name} {auth}")
        }
        ldap::Body::SearchRequest { base, scope, size_limit, filter } => {
            format!("{base} {} {size_limit:?} {filter}", scope.name())
        }
        ldap::Body::SearchReference { urls } => urls.join(" "),
        ldap::Body::Extended { oid } => oid.clone(),
        _ => String::new(),
    };
    let outcome = message.outcome().map_or_else(String::new, |outcome| {
        format!(" {:?} {} {} {}", outcome.code, outcome.matched, outcome.diagnostic, outcome.referral.join(" "))
    });
    format!("{kind} {id} {body}{outcome}")
}

fn expected(told: &Value) -> String {
    let number = |key: &str| told[key].as_u64();
    let words = |key: &str| {
        let list = told[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        list.collect::<Vec<_>>().join(" ")
    };
    let kind = OPERATIONS.iter().find(|(theirs, _)| *theirs == text(told, "op")).unwrap().1;
    let body = match kind {
        "ldap.bind_request" => {
            let auth = [text(told, "auth"), text(told, "mechanism")].join(" ");
            format!("{:?} {} {}", number("version"), text(told, "name"), auth.trim_end())
        }
        "ldap.search_request" => {
            let scope = ["base", "one", "sub"][usize::try_from(number("scope").unwrap()).unwrap()];
            format!("{} {scope} {:?} {}", text(told, "base"), number("size_limit"), text(told, "filter"))
        }
        "ldap.search_reference" => words("refs"),
        "ldap.extended" => text(told, "oid").to_owned(),
        _ => String::new(),
    };
    let outcome = number("result_code").map_or_else(String::new, |code| {
        let diagnostic = text(told, "diagnostic").trim_end_matches('\0');
        format!(" {:?} {} {diagnostic} {}", Some(code), text(told, "matched_dn"), words("referral"))
    });
    format!("{kind} {} {body}{outcome}", told["message_id"])
}

#[test]
fn every_message_of_the_vectors_is_read() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.len(), 57);
    let (mut compared, mut sealed, mut searches) = (0, 0, 0);
    for vector in vectors.iter().filter(|vector| !PIECES.contains(&text(vector, "id"))) {
        let id = text(vector, "id");
        let mut driver = Driver::new((ldap::PROTOCOL.stream)());
        let (mut wanted, mut entries, mut counts) = (Vec::new(), 0, Vec::new());
        let frames = vector["frames"].as_array().unwrap().iter().zip(vector["expected"].as_array().unwrap());
        for (frame, told) in frames {
            driver.data(side(frame), &bytes(frame));
            for message in told["messages"].as_array().unwrap() {
                match text(message, "op") {
                    "searchResEntry" => entries += 1,
                    "" => sealed += 1,
                    operation => {
                        if operation == "searchResDone" {
                            counts.push(std::mem::take(&mut entries));
                        }
                        wanted.push(expected(message));
                    }
                }
            }
        }
        let read = driver.messages.iter().map(|(_, message)| message).filter(|one| one.kind() != "ldap.sealed");
        assert_eq!(read.map(said).collect::<Vec<_>>(), wanted, "{id}");
        let ended = driver.messages.iter().filter_map(|(_, message)| match message {
            Message::Ldap(ldap) => match ldap.body {
                ldap::Body::SearchDone { entries, .. } => Some(entries),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(ended.collect::<Vec<_>>(), counts.iter().copied().map(Some).collect::<Vec<_>>(), "{id}");
        (compared, searches) = (compared + wanted.len(), searches + counts.len());
        // What is told of a request never holds what was sent as a password.
        let mut asked = driver.messages.iter().filter(|(from, _)| *from == Side::Client);
        assert!(asked.all(|(_, message)| !format!("{message:?}").contains("secret")), "{id}");
    }
    eprintln!("{compared} messages, {searches} searches counted, {sealed} units under a security layer");
    assert!(compared > 150 && searches > 15 && sealed == 2);
}

#[test]
fn what_is_no_message_is_not_taken_for_one() {
    let Some(vectors) = vectors() else { return };
    for vector in vectors.iter().filter(|vector| PIECES.contains(&text(vector, "id"))) {
        let mut driver = Driver::new((ldap::PROTOCOL.stream)());
        for frame in vector["frames"].as_array().unwrap() {
            driver.data(side(frame), &bytes(frame));
        }
        let kinds: Vec<_> = driver.messages.iter().map(|(_, message)| message.kind()).collect();
        match text(vector, "id") {
            // The first message comes in two pieces, and is one.
            "long-form-lengths-accepted" => assert_eq!(
                kinds,
                ["ldap.bind_request", "ldap.bind_response", "ldap.search_request", "ldap.search_done"]
            ),
            id => assert_eq!(kinds, [""; 0], "{id}"),
        }
    }
}

/// Tag, length in one byte (127 at most), content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    assert!(content.len() < 128, "a longer length has another form");
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A result, of the operation with that tag.
fn result(tag: u8, code: u8, diagnostic: &str) -> Vec<u8> {
    let result = [tlv(0x0A, &[code]), tlv(4, b""), tlv(4, diagnostic.as_bytes())].concat();
    tlv(0x30, &[tlv(2, &[1]), tlv(tag, &result)].concat())
}

/// One answer to what the client asked.
fn answered(asked: &[u8], answer: &[u8]) -> (Message, Message) {
    let mut driver = Driver::new((ldap::PROTOCOL.stream)());
    driver.data(Side::Client, asked);
    driver.data(Side::Server, answer);
    let [(_, asked), (_, answer)] = &driver.messages[..] else { panic!("{:?}", driver.messages) };
    (asked.clone(), answer.clone())
}

fn bind(name: &str, password: &str) -> Vec<u8> {
    let bind = [tlv(2, &[3]), tlv(4, name.as_bytes()), tlv(0x80, password.as_bytes())].concat();
    tlv(0x30, &[tlv(2, &[1]), tlv(0x60, &bind)].concat())
}

/// Codes and texts of OpenLDAP's server (servers/slapd: bind.c, extended.c, connection.c; overlays/ppolicy.c), and what they mean
/// for who binds. It answers a wrong password, an unknown user and a foreign suffix alike.
#[test]
fn binds_at_openldap() {
    for (name, password, code, diagnostic, decision) in [
        ("cn=ann,o=example", "right", 0, "", Decision::Granted),
        ("cn=ann,o=example", "wrong", 49, "", Decision::Refused),
        ("", "", 0, "", Decision::Open),
        ("cn=ann,o=example", "", 53, "unauthenticated bind (DN with no password) disallowed", Decision::Refused),
        ("ann smith", "x", 34, "invalid DN", Decision::Refused),
        ("cn=ann,o=example", "right", 13, "confidentiality required", Decision::Refused),
        ("", "", 48, "anonymous bind disallowed", Decision::Refused),
    ] {
        let (asked, answer) = answered(&bind(name, password), &result(0x61, code, diagnostic));
        assert_eq!(answer.decision(Some(&asked)), decision, "{name} {code}");
        assert_eq!(said(&answer), format!("ldap.bind_response 1  Some({code})  {diagnostic} "));
    }
}

/// What Active Directory says behind code 49 (MS-ERREF section 2.2 for the numbers). The text is that of a domain controller in
/// zeek's tests, testing/btest/Traces/ldap/ldap_invalid_credentials.pcap, with NUL at its end.
#[test]
fn binds_at_active_directory() {
    for (data, meaning) in [
        ("525", "there is no such user"),
        ("52e", "the name or the password is wrong"),
        ("530", "the user may not sign on at this time"),
        ("531", "the user may not sign on from this computer"),
        ("532", "the password has expired"),
        ("533", "the account is disabled"),
        ("568", "the user is in too many groups"),
        ("701", "the account has expired"),
        ("773", "the user must change the password first"),
        ("775", "the account is locked out"),
    ] {
        let told =
            format!("8009030C: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {data}, v4563\0");
        let (asked, answer) = answered(&bind("ann@example.net", "x"), &result(0x61, 49, &told));
        assert_eq!(answer.decision(Some(&asked)), Decision::Refused);
        assert_eq!(answer.summary(), format!("bind: 49 invalidCredentials, data {data}: {meaning}"));
    }
}

/// RFC 4511 section 4.4.1: what a server says unasked before it hangs up.
#[test]
fn a_notice_of_disconnection_belongs_to_no_request() {
    let notice = [tlv(0x0A, &[52]), tlv(4, b""), tlv(4, b""), tlv(0x8A, b"1.3.6.1.4.1.1466.20036")].concat();
    let notice = tlv(0x30, &[tlv(2, &[0]), tlv(0x78, &notice)].concat());
    let (_, answer) = answered(&bind("cn=ann,o=example", "x"), &notice);
    assert_eq!(answer.summary(), "extended response notice of disconnection: 52 unavailable");
}
