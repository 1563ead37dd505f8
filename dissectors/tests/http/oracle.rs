//! Heads are read as the crate httparse reads them.

use super::{client, server};
use nrpcsniff_dissectors::http::Body;
use nrpcsniff_dissectors::{Message, Side};
use proptest::prelude::*;

/// Values of that field, as httparse has them.
fn values<'a>(headers: &[httparse::Header<'a>], name: &str) -> Vec<std::borrow::Cow<'a, str>> {
    let wanted = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    wanted.map(|header| String::from_utf8_lossy(header.value)).collect()
}

/// False if httparse reads the head and we read it otherwise.
fn agrees_on_request(head: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut theirs = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(_)) = theirs.parse(head) else { return false };
    let mut driver = client(head);
    driver.end(Side::Client);
    let Some(Message::Http(message)) = driver.messages.first().map(|(_, message)| message) else { return false };
    let Body::Request(ours) = &message.body else { return false };
    let cookies: Vec<_> = values(theirs.headers, "cookie")
        .iter()
        .flat_map(|value| value.split(';').map(|pair| pair.trim().to_owned()).collect::<Vec<_>>())
        .collect();
    let cookies: Vec<_> = cookies
        .iter()
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split('=').next().unwrap().trim().to_owned())
        .collect();
    let first = |name: &str| values(theirs.headers, name).first().map(ToString::to_string);
    (Some(ours.method.as_str()), Some(ours.target.expose())) == (theirs.method, theirs.path)
        && Some(ours.version.1) == theirs.version
        && (theirs.path.is_some_and(|path| path.contains("://"))
            || ours.host == first("host").filter(|host| !host.is_empty()))
        && (&ours.user_agent, &ours.content_type) == (&first("user-agent"), &first("content-type"))
        && ours.cookies.iter().map(|cookie| cookie.name.as_str()).eq(cookies.iter().take(256).map(String::as_str))
}

fn agrees_on_response(head: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut theirs = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(_)) = theirs.parse(head) else { return false };
    let mut driver = server(head);
    driver.end(Side::Server);
    let Some(Message::Http(message)) = driver.messages.first().map(|(_, message)| message) else { return false };
    let Body::Response(ours) = &message.body else { return false };
    let first = |name: &str| values(theirs.headers, name).first().map(ToString::to_string);
    (Some(ours.status), Some(ours.version.1)) == (theirs.code, theirs.version)
        && theirs.reason.is_some_and(|reason| reason.trim() == ours.reason)
        && ours.set_cookies.len() == values(theirs.headers, "set-cookie").len()
        && ours.set_cookies.iter().zip(values(theirs.headers, "set-cookie")).all(|(ours, theirs)| {
            theirs.split(';').next().unwrap().trim() == format!("{}={}", ours.name, ours.value.expose())
        })
        && (&ours.server, &ours.content_type) == (&first("server"), &first("content-type"))
}

/// Heads that stand whole in one frame of a capture that others made, if httparse reads them.
#[test]
fn heads_in_captures_are_read_as_httparse_reads_them() {
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let folder = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, Into::into).join("http");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", folder.display());
        return;
    };
    let (mut requests, mut responses) = (0, 0);
    for file in files {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let rest = &bytes[at..];
            let is_response = rest.starts_with(b"HTTP/1.");
            if !is_response && !rest.starts_with(b"GET /") && !rest.starts_with(b"POST /") {
                continue;
            }
            let Some(end) = rest.windows(4).take(8000).position(|window| window == b"\r\n\r\n") else { continue };
            let head = &rest[..end + 4];
            let text = head.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t'));
            let mut headers = [httparse::EMPTY_HEADER; 128];
            if !text {
                continue;
            }
            if is_response && httparse::Response::new(&mut headers).parse(head).is_ok_and(|status| status.is_complete())
            {
                assert!(agrees_on_response(head), "{}: {}", path.display(), String::from_utf8_lossy(head));
                responses += 1;
            } else if !is_response
                && httparse::Request::new(&mut headers).parse(head).is_ok_and(|status| status.is_complete())
            {
                assert!(agrees_on_request(head), "{}: {}", path.display(), String::from_utf8_lossy(head));
                requests += 1;
            }
        }
    }
    assert!(requests > 200 && responses > 700, "{requests} requests, {responses} responses");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn heads_are_read_as_httparse_reads_them(
        method in "[A-Z]{1,8}",
        target in "/[!-~]{0,20}",
        minor in 0u8..2,
        fields in prop::collection::vec(("(Host|Cookie|User-Agent|Content-Type|X-[a-z]{1,5})", "[ \t]{0,2}([!-~]([ -~\t]{0,20}[!-~])?)?[ \t]{0,2}"), 0..12),
        end in prop::sample::select(vec!["\r\n", "\n"]),
    ) {
        let fields = fields.iter().map(|(name, value)| format!("{name}:{value}{end}")).collect::<Vec<_>>().concat();
        let head = format!("{method} {target} HTTP/1.{minor}{end}{fields}{end}");
        prop_assert!(agrees_on_request(head.as_bytes()), "{}", head);
    }

    #[test]
    fn status_lines_are_read_as_httparse_reads_them(minor in 0u8..2, status in 100u16..1000, reason in "([!-~][ -~]{0,20})?", cookie in "[!-:<-~]{0,30}") {
        let head = format!("HTTP/1.{minor} {status} {reason}\r\nSet-Cookie: a={cookie}; Path=/\r\nServer: x\r\n\r\n");
        prop_assert!(agrees_on_response(head.as_bytes()), "{}", head);
    }
}
