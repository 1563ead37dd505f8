//! The torture messages of RFC 4475: the valid ones say what the RFC says of them, the invalid ones become an event that
//! names what is wrong. They stay where they are: the folder is that of `NRPCSNIFF_CORPUS`, else `../shared/corpus` beside
//! the repository; without it these tests say so and pass.
//!
//! The list that lies beside the messages was written from memory. Against the RFC: every section number and class is
//! right, but
//! - quotbal (3.1.2.6), regbadct (3.1.2.13): not only 400, an element may also infer the missing quote or brackets;
//! - scalar02 (3.1.2.4): 400 is for CSeq alone, the other two values may be taken as absent;
//! - novelsc (3.3.3): 416, but 404 of an element that knows the scheme;
//! - unksm2 (3.3.4): its schemes are registered ones, though none that a registrar takes.
//!
//! The copy of baddn lacks the empty line behind its headers, which the RFC has.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::sip::{Address, Media, Message, PROTOCOL, Start, Uri};
use nrpcsniff_dissectors::{Message as Any, Side};
use std::path::{Path, PathBuf};

/// The folder of the messages.
fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let path = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from).join("rfc4475");
    let found = path.is_dir();
    if !found {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
    }
    found.then_some(path)
}

/// What a datagram says.
fn datagram(bytes: &[u8]) -> Message {
    match (PROTOCOL.datagram)(bytes) {
        Some(Any::Sip(message)) => *message,
        other => panic!("{other:?}"),
    }
}

/// Reads messages of the folder.
struct Torture(PathBuf);

impl Torture {
    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(format!("{name}.dat"))).unwrap()
    }

    /// A message with nothing wrong.
    fn valid(&self, name: &str) -> Message {
        let message = datagram(&self.bytes(name));
        assert!(message.problems.is_empty(), "{name}: {:?}", message.problems);
        message
    }

    /// A message with exactly these flaws.
    fn flawed(&self, name: &str, flaws: &[&str]) -> Message {
        let message = datagram(&self.bytes(name));
        let found: Vec<_> = message.problems.iter().map(|problem| problem.what.as_ref()).collect();
        assert_eq!(found, flaws, "{name}");
        message
    }
}

fn request(message: &Message) -> (&str, &Uri) {
    match &message.start {
        Start::Request { method, uri } => (method, uri),
        other => panic!("{other:?}"),
    }
}

fn from(message: &Message) -> &Address {
    message.from.as_ref().unwrap()
}

fn to(message: &Message) -> &Address {
    message.to.as_ref().unwrap()
}

fn cseq(message: &Message) -> (u32, &str) {
    let cseq = message.cseq.as_ref().unwrap();
    (cseq.number, &cseq.method)
}

fn params(list: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    list.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect()
}

/// Transport, host, port and branch of each Via.
fn vias(message: &Message) -> Vec<(&str, &str, Option<u16>, Option<&str>)> {
    message
        .vias
        .iter()
        .map(|via| (via.transport.as_str(), via.host.as_str(), via.port, via.branch.as_deref()))
        .collect()
}

/// The two media lines that most of the messages carry.
fn usual_media(address: &str) -> Vec<Media> {
    let media = |kind: &str, port| Media {
        kind: kind.to_owned(),
        address: Some(address.parse().unwrap()),
        port,
        protocol: "RTP/AVP".to_owned(),
        direction: "sendrecv".to_owned(),
    };
    vec![media("audio", 49217), media("video", 3227)]
}

#[test]
fn every_message_is_told_on_its_own_and_on_a_stream() {
    let Some(torture) = folder().map(Torture) else { return };
    let list = std::fs::read_to_string(torture.0.join("EXPECT.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = list.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 49);
    let sentinel = b"OPTIONS sip:last.example SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK9\r\nTo: sip:l@x\r\n\
                     From: sip:l@x;tag=1\r\nCall-ID: last\r\nCSeq: 9 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    for row in rows {
        let name = row[0].strip_suffix(".dat").unwrap();
        let bytes = torture.bytes(name);
        let message = datagram(&bytes);
        let sound = matches!(row[2], "valid" | "compat") || row[3].starts_with("parse-ok");
        // What the RFC leaves to the transaction layer is worth a word all the same.
        let is_flawed = !message.problems.is_empty();
        assert_eq!(is_flawed, !sound || name == "badbranch", "{name}: {:?}", message.problems);

        let mut driver = Driver::new((PROTOCOL.stream)());
        for chunk in [&bytes[..], b"\r\n", sentinel].concat().chunks(100) {
            driver.data(Side::Client, chunk);
        }
        driver.end(Side::Client);
        let on_stream: Vec<&Message> = driver
            .messages
            .iter()
            .map(|(_, message)| match message {
                Any::Sip(message) => &**message,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(on_stream[0].start, message.start, "{name}");
        // One of them claims what follows by its length.
        let sentinel_told = on_stream.last().unwrap().call_id.as_deref() == Some("last");
        assert_eq!(sentinel_told, name != "clerr", "{name}: {on_stream:?}");
    }
}

#[test]
fn a_short_tortuous_invite() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("wsinv");
    let (method, uri) = request(&message);
    assert_eq!((method, uri.to_string().as_str()), ("INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam"));
    assert_eq!(to(&message).param("tag"), Some("1918181833n"));
    let from = from(&message);
    assert_eq!(from.display.as_deref(), Some(r#"J Rosenberg \""#));
    assert_eq!((from.of_record().as_str(), from.param("tag")), ("jdrosen@example.com", Some("98asjd8")));
    assert_eq!(message.max_forwards, Some(68));
    assert_eq!(message.call_id.as_deref(), Some("wsinv.ndaksdj@192.0.2.1"));
    assert_eq!((message.content_length, cseq(&message)), (Some(150), (9, "INVITE")));
    let expected = [
        ("UDP", "192.0.2.2", None, Some("390skdjuw")),
        ("TCP", "spindle.example.com", None, Some("z9hG4bK9ikj8")),
        ("UDP", "192.168.255.111", None, Some("z9hG4bK30239")),
    ];
    assert_eq!(vias(&message), expected);
    let route = &message.routes[0].uri;
    assert_eq!(route.host, "services.example.com");
    let expected = [("lr", None), ("unknownwith", Some("value")), ("unknown-no-value", None)];
    assert_eq!(params(&route.params), expected);
    let contact = &message.contacts[0];
    assert_eq!(contact.display.as_deref(), Some(r#"Quoted string """#));
    let expected = [("newparam", Some("newvalue")), ("secondparam", None), ("q", Some("0.33"))];
    assert_eq!(params(&contact.params), expected);
    assert_eq!(message.media, usual_media("192.0.2.4"));
}

#[test]
fn a_wide_range_of_characters() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("intmeth");
    let (method, uri) = request(&message);
    assert_eq!(method, "!interesting-Method0123456789_*+`.%indeed'~");
    let user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
    assert_eq!((uri.user.as_deref(), uri.host.as_str()), (Some(user), "example.com"));
    let to = to(&message);
    assert_eq!(to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(to.uri.user.as_deref(), Some(user));
    let from = from(&message);
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    let expected = [("fromparam''~+*_!.-%", Some("работающий")), ("tag", Some("_token~1'+`*%!-."))];
    assert_eq!(params(&from.params), expected);
    assert_eq!(message.call_id.as_deref(), Some(r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#));
    assert_eq!(cseq(&message), (139_122_385, method));
    assert_eq!(vias(&message)[0].3, Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(message.max_forwards, Some(255));
}

#[test]
fn escapes_that_are_and_that_are_none() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("esc01");
    let uri = request(&message).1;
    assert_eq!((uri.user.as_deref(), uri.host.as_str()), (Some("sips:user@example.com"), "example.net"));
    assert_eq!(to(&message).of_record(), "user@example.com");
    assert_eq!(from(&message).uri.user.as_deref(), Some("I have spaces"));
    let contact = &message.contacts[0].uri;
    assert_eq!(contact.user.as_deref(), Some("caller"));
    assert_eq!(params(&contact.params), [("lr", None), ("name", Some("value%41"))]);

    let message = torture.valid("escnull");
    let user = |address: &Address| address.uri.user.clone().unwrap();
    assert_eq!([user(to(&message)), user(from(&message))], ["null-\0-null", "null-\0-null"]);
    assert_eq!(message.contacts.iter().map(user).collect::<Vec<_>>(), ["\0", "\0\0"]);

    let message = torture.valid("esc02");
    assert_eq!((request(&message).0, cseq(&message).1), ("RE%47IST%45R", "RE%47IST%45R"));
    assert_eq!([to(&message), from(&message)].map(|one| one.display.as_deref()), [Some("%Z%45"); 2]);
    let hosts: Vec<_> = message.contacts.iter().map(Address::of_record).collect();
    assert_eq!(hosts, ["alias1@host1.example.com", "alias3@host3.example.com"]);
}

#[test]
fn names_lengths_and_transports() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("lwsdisp");
    assert_eq!(from(&message).to_string(), "\"caller\" <sip:caller@example.com>;tag=323");

    let message = torture.valid("longreq");
    assert_eq!(message.vias.len(), 34);
    let last = &message.vias[33];
    assert_eq!((last.host.as_str(), last.received.as_deref()), ("host.example.com", Some("192.0.2.5")));
    assert!(last.branch.as_deref().unwrap().ends_with("longbranchvalue"));
    assert!(to(&message).display.as_deref().unwrap().starts_with("I have a user name of extremeextreme"));
    assert_eq!(to(&message).uri.port, Some(6000));
    assert_eq!(from(&message).uri.user.as_deref(), Some("amazinglylongcallername".repeat(5).as_str()));

    let message = torture.valid("dblreq");
    assert_eq!((request(&message).0, cseq(&message), &message.media), ("REGISTER", (8, "REGISTER"), &vec![]));

    let message = torture.valid("semiuri");
    let uri = request(&message).1;
    assert_eq!((uri.user.as_deref(), uri.host.as_str()), (Some("user;par=u@example.net"), "example.com"));

    let message = torture.valid("transports");
    let transports: Vec<_> = vias(&message).into_iter().map(|via| (via.0, via.1)).collect();
    let expected = ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"].into_iter().zip(1..);
    let expected: Vec<_> = expected.map(|(name, n)| (name, format!("t{n}.example.com"))).collect();
    assert!(transports.iter().map(|&(name, host)| (name, host.to_owned())).eq(expected));
}

#[test]
fn bodies_and_reasons() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("mpart01");
    assert_eq!(request(&message).0, "MESSAGE");
    assert_eq!(message.content_type.as_deref(), Some("multipart/mixed;boundary=7a9cbec02ceef655"));
    assert_eq!((message.content_length, message.media.len()), (Some(553), 0));
    assert_eq!((message.vias[0].port, message.vias[0].rport), (Some(5070), Some(None)));
    assert_eq!(message.user_agent.as_deref(), Some("SIPimp.org/0.2.5 (curses)"));

    let message = torture.valid("unreason");
    let reason = "= 2**3 * 5**2 но сто девяносто девять - простое";
    assert_eq!(message.start, Start::Response { status: 200, reason: reason.to_owned() });
    assert_eq!((message.method(), &message.media), (Some("INVITE"), &usual_media("192.0.2.198")));

    let message = torture.valid("noreason");
    assert_eq!(message.start, Start::Response { status: 100, reason: String::new() });
}

/// Section 3.3 and 3.4: nothing is wrong with these as far as a parser is concerned.
#[test]
fn what_only_applications_refuse() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.valid("unkscm");
    let uri = request(&message).1;
    assert_eq!((uri.scheme.as_str(), uri.host.as_str()), ("nobodyknowsthisscheme", "totallyopaquecontent"));
    let message = torture.valid("novelsc");
    assert_eq!(request(&message).1.to_string(), "soap.beep://192.0.2.103:3002");
    let message = torture.valid("unksm2");
    assert_eq!(to(&message).to_string(), "<isbn:2983792873>");
    assert_eq!(from(&message).to_string(), "<http://www.example.com>;tag=3234233");
    assert_eq!(message.contacts[0].to_string(), "<name:John_Smith>");
    let message = torture.valid("bext01");
    assert_eq!((message.call_id.as_deref(), message.max_forwards), (Some("bext01.0ha0isndaksdj"), Some(6)));
    let message = torture.valid("invut");
    assert_eq!(message.content_type.as_deref(), Some("application/unknownformat"));
    let message = torture.valid("regaut01");
    assert_eq!((message.credentials.len(), message.credentials[0].scheme.as_str()), (1, "NoOneKnowsThisScheme"));
    let message = torture.valid("bcast");
    assert_eq!((message.status(), message.vias[1].host.as_str()), (Some(200), "255.255.255.255"));
    assert_eq!(torture.valid("zeromf").max_forwards, Some(0));
    let message = torture.valid("cparam01");
    assert_eq!((message.contacts[0].params.len(), message.contacts[0].uri.params.len()), (1, 0));
    let message = torture.valid("cparam02");
    assert_eq!((message.contacts[0].params.len(), message.contacts[0].uri.params.len()), (0, 1));
    let message = torture.valid("regescrt");
    assert_eq!(message.contacts[0].of_record(), "user@example.com");
    assert_eq!(torture.valid("sdp01").media, usual_media("192.0.2.5"));
    let message = torture.valid("inv2543");
    assert_eq!((from(&message).param("tag"), vias(&message)), (None, vec![("UDP", "iftgw.example.com", None, None)]));
    assert_eq!(params(&to(&message).params), [("user", Some("phone"))]);
    let route = &message.record_routes[0].uri;
    assert_eq!(params(&route.params), [("maddr", Some("ss1.example.com"))]);
    assert_eq!((message.media[0].port, message.content_length), (49217, None));
}

#[test]
fn first_lines_that_are_wrong() {
    let Some(torture) = folder().map(Torture) else { return };
    let message = torture.flawed("ltgtruri", &["angle brackets round the Request-URI"]);
    assert_eq!(request(&message).1.to_string(), "sip:user@example.com");
    let message = torture.flawed("lwsruri", &["a URI with blanks, quotes or brackets in it"]);
    assert_eq!(request(&message).1.to_string(), "sip:user@example.com;lr");
    let message = torture.flawed("lwsstart", &["more than one blank between its parts"]);
    assert_eq!(request(&message).1.to_string(), "sip:user@example.com");
    let message = torture.flawed("trws", &["blanks behind the version"]);
    assert_eq!(request(&message).1.to_string(), "sip:remote-target@example.com");
    let message = torture.flawed("escruri", &["headers in the Request-URI"]);
    assert_eq!(request(&message).1.to_string(), "sip:user@example.com");
    let message = torture.flawed("badvers", &["SIP/7.0 where SIP/2.0 should stand", "Via: SIP version 7.0"]);
    assert!(matches!(&message.start, Start::Malformed { line } if line.ends_with("SIP/7.0")));
    assert_eq!(message.call_id.as_deref(), Some("badvers.31417@c.example.com"));
    let message = torture.flawed("bigcode", &["4294967301 is no status"]);
    assert!(matches!(&message.start, Start::Malformed { line } if line.ends_with("better not break the receiver")));
    assert_eq!(cseq(&message), (353_494, "INVITE"));
    torture.flawed("mismatch01", &["the method is OPTIONS, that of CSeq INVITE"]);
    torture.flawed("mismatch02", &["the method is NEWMETHOD, that of CSeq INVITE"]);
}

#[test]
fn headers_that_are_wrong() {
    let Some(torture) = folder().map(Torture) else { return };
    let separators = [
        "Via: an empty parameter",
        "Via: ; is no Via",
        "Via: an empty element of a list",
        "Contact: an empty parameter",
    ];
    let message = torture.flawed("badinv01", &separators);
    assert_eq!((vias(&message)[0].1, message.contacts[0].of_record().as_str()), ("192.0.2.15", "joe@example.org"));
    let message = torture.flawed("quotbal", &["To: a quote is not closed"]);
    assert_eq!(to(&message).of_record(), "j.user@example.com");
    torture.flawed("baddate", &["Date: not in GMT"]);
    let flaw = "Contact: a URI with a comma or a question mark needs angle brackets";
    assert_eq!(torture.flawed("regbadct", &[flaw]).contacts[0].of_record(), "user@example.com");
    let message = torture.flawed("badaspec", &["To: blanks between the angle brackets and the URI"]);
    assert_eq!(to(&message).of_record(), "t.watson@example.org");
    let flaws = [
        "From: a display name with marks that need quotes",
        "To: a display name with marks that need quotes",
        "no empty line behind its headers",
    ];
    let found = datagram(&torture.bytes("baddn"));
    let found: Vec<_> = found.problems.iter().map(|problem| problem.what.as_ref()).collect();
    assert!(flaws.iter().all(|flaw| found.contains(flaw)), "{found:?}");
    torture.flawed("badbranch", &["Via: the branch is z9hG4bK and nothing behind it"]);
    let missing = ["From", "To", "Call-ID"].map(|name| format!("no {name} that can be read"));
    torture.flawed("insuf", &missing.each_ref().map(String::as_str));
    let twice = ["CSeq", "Call-ID", "To", "From", "Max-Forwards"]
        .map(|name| format!("{name}: it stands more than once: the first counts"));
    let message = torture.flawed("multi01", &twice.each_ref().map(String::as_str));
    assert_eq!((cseq(&message), message.contacts.len()), ((5, "INVITE"), 2));
}

#[test]
fn numbers_that_are_wrong() {
    let Some(torture) = folder().map(Torture) else { return };
    let seconds = "Expires: 1000000000000000000000000000000000000000 is larger than 4294967295";
    let flaws = [
        "CSeq: 36893488147419103232 is larger than 4294967295",
        "Max-Forwards: 300 is larger than 255",
        seconds,
        "no CSeq that can be read",
        "Contact: its expires is no number of seconds up to 4294967295",
    ];
    let message = torture.flawed("scalar02", &flaws);
    assert_eq!((message.cseq, message.max_forwards, message.expires), (None, None, None));
    let flaws = [
        "CSeq: 9292394834772304023312 is larger than 4294967295",
        "Retry-After: 949302838503028349304023988 is larger than 4294967295",
        "Warning: 1812 is no code of three digits",
        "no CSeq that can be read",
    ];
    assert_eq!(torture.flawed("scalarlg", &flaws).status(), Some(503));
    let message = torture.flawed("clerr", &["Content-Length: 9999 bytes, of which 154 are there"]);
    assert_eq!(message.media, usual_media("192.0.2.155"));
    assert_eq!(torture.flawed("ncl", &["Content-Length: -999 is no number"]).content_length, None);
    torture.flawed("mcl01", &["Content-Length: 5 here and 13 before"]);
}
