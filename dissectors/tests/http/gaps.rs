//! Bytes that are missing from the capture.

use super::{GET, OK, client, lines, problems, response, server};
use nrpcsniff_dissectors::Side;

#[test]
fn a_gap_in_a_body_loses_nothing() {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "b".repeat(100));
    let head = text.len() - 100;
    for cut in head..text.len() {
        for missing in 1..=text.len() - cut {
            let mut driver = client(GET.repeat(2));
            driver.data(Side::Server, &text.as_bytes()[..cut]);
            driver.gap(Side::Server, u64::try_from(missing).unwrap());
            driver.data(Side::Server, format!("{}{OK}", &text[cut + missing..]).as_bytes());
            assert_eq!(lines(&driver), ["1 /next", "2 /next", "1 200", "2 200"], "{cut} {missing}");
        }
    }
}

#[test]
fn a_gap_in_a_header_keeps_what_was_read_and_finds_the_next_message() {
    let text = "HTTP/1.1 302 Found\r\nSet-Cookie: LtpaToken=abc; Path=/\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    let cookie = text.find("Location").unwrap();
    for cut in 1..text.len() {
        let mut driver = client(GET);
        driver.data(Side::Server, &text.as_bytes()[..cut]);
        driver.gap(Side::Server, 50);
        driver.data(Side::Client, GET.as_bytes());
        driver.data(Side::Server, format!("of another</html>\r\n{OK}").as_bytes());
        let found = lines(&driver);
        assert_eq!(found.last().unwrap(), "2 200", "{cut}");
        let first = response(&driver);
        assert_eq!(first.status == 302, cut >= 12, "{cut}");
        assert_eq!(first.set_cookies.len() == 1, cut >= cookie, "half a cookie is none: {cut}");
        assert_eq!(problems(&driver).contains(&"the header is cut"), cut >= 12, "{cut}");
    }
}

#[test]
fn behind_a_gap_a_response_is_not_given_to_a_request_that_may_have_been_answered() {
    let mut driver = client(GET.repeat(2));
    driver.gap(Side::Server, 500);
    driver.data(Side::Server, format!("</html>{OK}").as_bytes());
    driver.data(Side::Client, GET.as_bytes());
    driver.data(Side::Server, OK.as_bytes());
    driver.data(Side::Server, OK.as_bytes());
    driver.data(Side::Client, GET.as_bytes());
    assert_eq!(lines(&driver), ["1 /next", "2 /next", "- 200", "3 /next", "3 200", "4 200", "4 /next"]);
}

#[test]
fn a_gap_in_chunks_ends_at_the_next_message() {
    let mut driver = server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    driver.gap(Side::Server, 3);
    driver.data(Side::Server, format!("HTTP/1.x GET / HTTP/1.1 20 HTTP/1.1 2OO\r\n0\r\n\r\n{OK}").as_bytes());
    assert_eq!(lines(&driver), ["1 200", "- 200"]);
    let mut driver = client("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    driver.gap(Side::Client, 300);
    driver.data(Side::Client, format!("GET of POST /x\r\nPOST HTTP/1.1 PUT /a b HTTP/1.1\r\n\r\n{GET}").as_bytes());
    assert_eq!(lines(&driver), ["1 /", "2 /next"]);
}
