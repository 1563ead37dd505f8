//! What has no end, or is too much, costs bounded memory and linear time.

use super::{GET, client, lines, open, problems, request, response, server};
use nrpcsniff_dissectors::Side;

#[test]
fn a_cookie_of_a_megabyte_is_an_event_and_the_rest_goes_on() {
    let text =
        format!("GET /big?password=s3cret HTTP/1.1\r\nCookie: a={}\r\nHost: x\r\n\r\n{GET}", "x".repeat(1 << 20));
    for size in [1000, 1460, text.len()] {
        let mut driver = open();
        text.as_bytes().chunks(size).for_each(|chunk| driver.data(Side::Client, chunk));
        assert_eq!(lines(&driver), ["1 ?", "2 /next"]);
        assert_eq!(problems(&driver), ["a header of more than 256 KiB: it is not read"]);
        assert_eq!(
            driver.messages[0].1.summary(),
            "a header of more than 256 KiB: it is not read: GET /big?*** HTTP/1.1"
        );
        assert!(driver.messages[0].1.is_notable());
    }
    let header = |bytes: usize| client(format!("GET / HTTP/1.1\r\nCookie: a={}\r\n\r\n", "x".repeat(bytes - 30)));
    assert!(problems(&header(256 << 10)).is_empty());
    assert_eq!(problems(&header((256 << 10) + 1)).len(), 1);
}

#[test]
fn a_header_that_never_ends_costs_linear_time() {
    let text = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(400_000));
    let started = std::time::Instant::now();
    let mut driver = open();
    text.as_bytes().chunks(10).for_each(|chunk| driver.data(Side::Client, chunk));
    assert_eq!(problems(&driver), ["a header of more than 256 KiB: it is not read"]);
    assert!(driver.calls <= 2 * text.len() / 10 + 8);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn a_start_line_has_a_bound() {
    let line = |bytes: usize| format!("GET /{} HTTP/1.1\n", "a".repeat(bytes - 15));
    let fits = client(format!("{}\r\n{GET}", line(64 << 10)));
    assert_eq!((lines(&fits).len(), problems(&fits).len()), (2, 0));
    for size in [1460, 1 << 20] {
        let mut driver = client(GET);
        let text = format!("{}\r\n{GET}", line((64 << 10) + 1));
        text.as_bytes().chunks(size).for_each(|chunk| driver.data(Side::Client, chunk));
        assert_eq!(
            (lines(&driver), problems(&driver)),
            (vec!["1 /next".into(), "- ?".into(), "2 /next".into()], vec!["not a message of HTTP/1"])
        );
    }
}

#[test]
fn lists_have_a_bound() {
    let many = |line: &str, count: usize| client(format!("GET / HTTP/1.1\r\n{}\r\n", line.repeat(count)));
    let fields = many("A: b\r\n", 600);
    assert_eq!(problems(&fields), ["more than 512 header fields: the rest is not read"]);
    let cookies = many(&format!("Cookie: {}\r\n", "a=b; ".repeat(100)), 3);
    assert_eq!(
        (request(&cookies).cookies.len(), problems(&cookies)),
        (256, vec!["more than 256 cookies: the rest is not read"])
    );
    let query = client(format!("GET /?{} HTTP/1.1\r\n\r\n", "a=b&".repeat(300)));
    assert_eq!(
        (request(&query).query.len(), problems(&query)),
        (256, vec!["more than 256 parameters: the rest is not read"])
    );
    let set = server(format!("HTTP/1.1 204 x\r\n{}\r\n", "Set-Cookie: a=b\r\n".repeat(300)));
    assert_eq!(
        (response(&set).set_cookies.len(), problems(&set)),
        (256, vec!["more than 256 Set-Cookie fields: the rest is not read"])
    );
}

#[test]
fn the_search_for_a_message_is_linear() {
    let traps = [
        "GET /",
        "GET GET GET /a",
        "POST /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "HTTP/1.1 20",
        "G",
        "GET /x HTTP/1",
    ];
    for trap in traps {
        let junk = trap.repeat((1 << 18) / trap.len());
        for size in [13, 1460, junk.len()] {
            let mut driver = open();
            for side in [Side::Client, Side::Server] {
                driver.gap(side, 1);
                junk.as_bytes().chunks(size).for_each(|chunk| driver.data(side, chunk));
            }
            assert!(driver.messages.is_empty(), "{trap}");
            assert!(
                driver.calls <= 6 * junk.len() / size + 100
                    && driver.offered <= 2 * (junk.len() + 20_000 * (junk.len() / size).min(20_000)),
                "{trap} {size}"
            );
        }
    }
}
