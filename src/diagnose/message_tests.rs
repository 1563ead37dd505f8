//! What is said of messages that stand in logs as text: as of a capture that holds them.

use crate::model::{Finding, Severity};
use crate::testing::logs::{SOME_TIME, alone, beside, is_of_both, lines, log, systemout};
use crate::testing::tokens::domino;
use crate::testing::{phone, refused, says, the_one};
use nrpcsniff_samples::Network;

/// A REGISTER with these headers, in a trace, and its answer.
fn registered(headers: &str, answer: &str) -> String {
    let head = |first: &str, more: &str| {
        format!(
            "{first}\nVia: SIP/2.0/TLS 10.1.0.50:54303;branch=z9hG4bK1\nFrom: <sip:ann@example.com>;tag=1\n\
             To: <sip:ann@example.com>\nCall-ID: 4711abcdef@10.1.0.50\nCSeq: 1 REGISTER\n{more}\n"
        )
    };
    let framed = systemout(SOME_TIME, &["SIP message"]);
    let request = head("REGISTER sip:example.com;transport=tls SIP/2.0", headers);
    format!("{framed}{request}\n{framed}{}\n", head(&format!("SIP/2.0 {answer}"), ""))
}

/// A page asked for with these headers, and its answer.
fn asked(headers: &str, answer: &str) -> String {
    let framed = systemout(SOME_TIME, &["HTTP message"]);
    format!(
        "{framed}GET /stmeetings/ HTTP/1.1\nHost: meet.example.com\n{headers}\n\n{framed}HTTP/1.1 {answer}\n\
         Content-Type: text/html\nDate: x\n\n"
    )
}

fn rules(found: &[Finding]) -> Vec<&str> {
    let faults = found.iter().filter(|finding| finding.severity > Severity::Info);
    faults.map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn a_registration_is_judged_as_in_a_capture() {
    const DIGEST: &str = "Authorization: Digest username=\"ann\", realm=\"example.com\", uri=\"sip:example.com\", \
                          response=\"0123456789abcdef0123456789abcdef\"";
    for (headers, answer, rule) in [
        ("Contact: <sip:ann@10.1.0.50>", "403 Forbidden", "sip-403"),
        ("Contact: <sip:ann@10.1.0.50>", "404 Not Found", "sip-404"),
        ("Contact: <sip:ann@10.1.0.50>", "503 Service Unavailable", "sip-5xx"),
        (DIGEST, "400 Bad Request", "sip-credentials-malformed"),
        (
            &format!("{DIGEST}, nonce=\"a\", Digest username=\"ann\", realm=\"b\", nonce=\"c\""),
            "400 Bad Request",
            "sip-credentials-malformed",
        ),
    ] {
        let found = alone(&[&registered(headers, answer)]);
        assert_eq!(rules(&found), [rule], "{headers} {answer}: {found:#?}");
        let finding = the_one(&found);
        says(finding, &["ann@example.com"]);
        assert!(!format!("{finding:?}").contains("0.0.0.0"), "{finding:#?}");
        assert_eq!(lines(finding)[0], 2, "{finding:#?}");
        assert!(finding.frames.is_empty() && finding.conversations.is_empty(), "{finding:#?}");
    }
}

/// The healthy twins: what is granted, and what only asks for credentials.
#[test]
fn a_registration_that_goes_through_is_silent() {
    for answer in ["200 OK", "401 Unauthorized"] {
        assert_eq!(rules(&alone(&[&registered("Contact: <sip:ann@10.1.0.50>", answer)])), [""; 0], "{answer}");
    }
}

#[test]
fn a_token_is_judged_by_what_stands_in_it() {
    let net = Network::new();
    let token = domino(&net, "CN=Ann/O=ACME");
    let cookie = format!("Cookie: LtpaToken={token}");
    let refused = alone(&[&asked(&cookie, "401 Unauthorized")]);
    assert_eq!(rules(&refused), ["http-token-refused"], "{refused:#?}");
    says(the_one(&refused), &["meet.example.com", "401 Unauthorized"]);
    assert_eq!(rules(&alone(&[&asked(&cookie, "200 OK")])), [""; 0]);
    let old = SOME_TIME + 40 * 86_400_000_000_000;
    let late = asked(&cookie, "401 Unauthorized")
        .replace(&systemout(SOME_TIME, &["HTTP message"]), &systemout(old, &["HTTP message"]));
    let ended = alone(&[&late]);
    assert_eq!(rules(&ended), ["ltpa-expired"], "{ended:#?}");
    // Without a zone nobody knows how late it was.
    let open = alone(&[&late.replace(" UTC]", "]")]);
    assert_eq!(rules(&open), ["http-token-refused"], "{open:#?}");
}

#[test]
fn what_a_capture_shows_too_is_one_finding() {
    let net = Network::new();
    let phone = phone(&net);
    refused(&phone, 403);
    let captured = beside(&net, Vec::new());
    let call = phone.register();
    let call = String::from_utf8(call.as_ref().to_vec()).unwrap();
    let id = call.lines().find_map(|line| line.strip_prefix("Call-ID: ")).unwrap();
    let text = registered("Contact: <sip:ann@10.1.0.50>", "403 Forbidden").replace("4711abcdef@10.1.0.50", id);
    let both = beside(&net, vec![log("trace.log", &text)]);
    assert_eq!(both.len(), captured.len(), "{both:#?}");
    assert!(both.iter().any(is_of_both), "{both:#?}");
}
