//! Bodies: how long they are, forms and pages that are read, chunks.

use super::{GET, OK, all, client, lines, problems, request, response, server};
use nrpcsniff_dissectors::Side;
use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::http::LoginForm;

#[test]
fn forms_are_waited_for() {
    let post = |media: &str, framing: &str, body: &str| {
        client(format!("POST /login HTTP/1.1\r\nContent-Type: {media}\r\n{framing}\r\n\r\n{body}{GET}"))
    };
    let fields = |driver: &Driver| {
        let fields = request(driver).form.iter();
        fields.map(|field| format!("{}={}", field.name, field.value.expose())).collect::<Vec<_>>()
    };
    for (media, framing, body, expected) in [
        ("application/x-www-form-urlencoded", "Content-Length: 13", "user=a+b&x=%3", &["user=a b", "x=%3"][..]),
        ("Application/X-WWW-Form-URLencoded; charset=UTF-8", "Content-Length: 6", "user=a", &["user=a"]),
        (
            "application/json",
            "Content-Length: 29",
            "{\"user\":\"a\",\"n\":1,\"l\":[\"x\"]} ",
            &["user=a", "n=1", "l=[\"x\"]"],
        ),
        ("application/vnd.acme+json", "Content-Length: 10", "{\"a\":null}", &["a="]),
        ("application/json", "Content-Length: 4", "[1] ", &[]),
        ("text/plain", "Content-Length: 12", "user=a\r\nb=c\n", &["user=a", "b=c"]),
        ("text/plain", "Transfer-Encoding: chunked", "4\r\nuser\r\n2;x\r\n=a\r\n0\r\nT: 1\r\n\r\n", &["user=a"]),
        ("text/html", "Content-Length: 6", "user=a", &[]),
        ("application/json", "Content-Encoding: gzip\r\nContent-Length: 6", "user=a", &[]),
        ("multipart/form-data; boundary=x", "Content-Length: 6", "user=a", &[]),
    ] {
        let driver = post(media, framing, body);
        assert_eq!(fields(&driver), expected, "{media} {framing}");
        assert_eq!(lines(&driver), ["1 /login", "2 /next"], "{media} {framing}");
        assert!(problems(&driver).is_empty());
    }
}

#[test]
fn what_is_too_much_for_a_form_is_passed_over() {
    let big = "a".repeat(70_000);
    let head = "POST /b HTTP/1.1\r\nContent-Type: text/plain\r\n";
    let chunks = "1\r\na\r\n".repeat(100);
    for body in [
        format!("Content-Length: 70000\r\n\r\n{big}"),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n", big.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
        format!("Transfer-Encoding: chunked\r\n\r\n1;{}\r\na\r\n0\r\n\r\n", "x".repeat(200)),
    ] {
        let driver = client(format!("{head}{body}{GET}"));
        assert_eq!(lines(&driver), ["1 /b", "2 /next"]);
        assert!(request(&driver).form.is_empty() && problems(&driver).is_empty());
    }
    let many = "a=1&".repeat(300);
    let driver = client(format!(
        "POST /b HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{many}",
        many.len()
    ));
    assert_eq!(
        (request(&driver).form.len(), problems(&driver)),
        (256, vec!["more than 256 form fields: the rest is not read"])
    );
}

#[test]
fn a_form_that_never_comes_whole_does_not_hide_the_request() {
    let text = "POST /names.nsf?Login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\nUsername=ann&Pass";
    let cut = ["the body is cut: form fields may be missing"];
    let mut ended = client(text);
    assert!(ended.messages.is_empty());
    ended.end(Side::Client);
    let mut gapped = client(text);
    gapped.gap(Side::Client, 10);
    gapped.data(Side::Client, format!("end{GET}").as_bytes());
    for (driver, expected) in [(ended, &["1 /names.nsf?Login"][..]), (gapped, &["1 /names.nsf?Login", "2 /next"])] {
        assert_eq!(lines(&driver), expected);
        assert_eq!((request(&driver).user(), problems(&driver)), (Some("ann"), cut.to_vec()));
    }
    let mut chunked =
        client("POST /x HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nuid=an");
    chunked.gap(Side::Client, 4);
    chunked.data(Side::Client, format!("0\r\n\r\n{GET}").as_bytes());
    assert_eq!((lines(&chunked), request(&chunked).user()), (vec!["1 /x".to_owned(), "2 /next".into()], Some("an")));
}

#[test]
fn bodies_of_every_kind_are_passed_over() {
    for (text, count) in [
        (format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHTTP/{OK}"), 2),
        (
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\nA\n0123456789\n0\r\nX: y\r\n\r\n{OK}"
            ),
            2,
        ),
        (format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{OK}{OK}"), 3),
        (format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n{OK}"), 2),
        (format!("HTTP/1.1 204 No Content\r\n\r\n{OK}"), 2),
        (format!("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n{OK}"), 2),
        (format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{OK}"), 2),
        (format!("HTTP/1.1 200 OK\r\n\r\n{OK}"), 2),
        (format!("HTTP/1.1 200 OK\r\n\r\nuntil the end {OK}"), 1),
        (format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nuntil the end {OK}"), 1),
        (format!("HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: {}\r\n\r\n{OK}{OK}", OK.len()), 2),
        (format!("\r\n\n{OK}\r\n{OK}"), 2),
        ("HTTP/1.0 200\n\nx".to_owned(), 1),
    ] {
        let driver = server(&text);
        assert_eq!(all(&driver).count(), count, "{text}");
        assert!(problems(&driver).is_empty(), "{text}: {:?}", problems(&driver));
    }
}

const LOGIN: &str = "<html><form method=post action=/names.nsf?Login><input type=password name=Password></form></html>";

/// A page of that form that is answered, with these fields.
fn login_page(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_login_form_is_told_whatever_the_framing() {
    let length = format!("Content-Length: {}\r\n", LOGIN.len());
    let chunked = format!("10\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &LOGIN[..16], LOGIN.len() - 16, &LOGIN[16..]);
    for (page, next) in [
        (login_page(&length, LOGIN.as_bytes()), true),
        (login_page("Transfer-Encoding: chunked\r\n", chunked.as_bytes()), true),
        (login_page("", LOGIN.as_bytes()), false),
    ] {
        let mut driver = server([page, OK.as_bytes().to_vec()].concat());
        driver.end(Side::Server);
        assert_eq!(response(&driver).login_form, LoginForm::Domino);
        assert_eq!(lines(&driver).len(), if next { 2 } else { 1 });
        assert_eq!(driver.messages[0].1.summary(), "200 OK, a login form");
        assert!(problems(&driver).is_empty());
    }
}

#[test]
fn a_page_that_is_cut_is_not_read_and_the_next_response_is_not_lost() {
    let page = login_page("Content-Length: 9000\r\n", b"<html><head>");
    let mut gapped = server(&page);
    assert!(gapped.messages.is_empty(), "its body is waited for");
    gapped.gap(Side::Server, 8988);
    gapped.data(Side::Server, OK.as_bytes());
    gapped.end(Side::Server);
    assert_eq!(
        (response(&gapped).login_form, lines(&gapped)),
        (LoginForm::NotRead, vec!["1 200".into(), "2 200".into()])
    );
    let mut chunked = server(login_page("Transfer-Encoding: chunked\r\n", b"99\r\n<html>"));
    chunked.gap(Side::Server, 300);
    chunked.data(Side::Server, format!("x\r\n0\r\n\r\n{OK}").as_bytes());
    chunked.end(Side::Server);
    assert_eq!((response(&chunked).login_form, lines(&chunked).len()), (LoginForm::NotRead, 2));
    let mut until_the_end = server(login_page("", b"<html>"));
    until_the_end.gap(Side::Server, 300);
    until_the_end.data(Side::Server, OK.as_bytes());
    until_the_end.end(Side::Server);
    assert_eq!((response(&until_the_end).login_form, lines(&until_the_end).len()), (LoginForm::NotRead, 1));
}

#[test]
fn a_response_to_head_has_no_page_whatever_it_says() {
    let head = login_page("Content-Length: 9000\r\n", b"");
    let driver = server([&head, OK.as_bytes()].concat());
    assert_eq!((response(&driver).login_form, lines(&driver).len()), (LoginForm::NotRead, 2));
    let mut ended = server(&head);
    ended.end(Side::Server);
    assert_eq!(response(&ended).login_form, LoginForm::NotRead);
}

#[test]
fn framing_that_contradicts_itself_is_told_and_survived() {
    let length = "Content-Length is not one number that a body can have: where the body ends is not known";
    for (fields, problem) in [
        ("Content-Length: 99999999999999999999", length),
        ("Content-Length: -5", length),
        ("Content-Length: 5\r\nContent-Length: 6", length),
        ("Transfer-Encoding: chunked, gzip", "a request body whose last transfer coding is not chunked has no end"),
    ] {
        let driver = client(format!("POST /a HTTP/1.1\r\n{fields}\r\n\r\nhello{GET}{GET}"));
        assert_eq!(
            (lines(&driver), problems(&driver)),
            (vec!["1 /a".into(), "2 /next".into(), "3 /next".into()], vec![problem])
        );
    }
    let driver = client(format!(
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n{GET}"
    ));
    assert_eq!(problems(&driver), ["both Transfer-Encoding and Content-Length: the latter does not count"]);
    assert_eq!(lines(&driver), ["1 /a", "2 /next"]);
}

#[test]
fn chunks_that_are_none_are_told_and_survived() {
    for (chunk, problem) in [
        ("ffffffffffffffff\r\nabc", "not the size of a chunk"),
        ("-1\r\nabc", "not the size of a chunk"),
        ("\r\nabc", "not the size of a chunk"),
        ("5\r\nabcdefgh", "a chunk does not end where its size says"),
    ] {
        let driver = server(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{OK}"));
        assert_eq!(
            (lines(&driver), problems(&driver)),
            (vec!["1 200".into(), "- ?".into(), "- 200".into()], vec![problem])
        );
    }
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;{}", "x".repeat(10_000));
    assert_eq!(problems(&server(endless)), ["the size of a chunk has no end"]);
    let huge = server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc");
    assert!(problems(&huge).is_empty() && lines(&huge).len() == 1);
}

/// Legacy servers count characters where Content-Length wants bytes.
#[test]
fn a_body_longer_than_its_length_costs_its_own_response_only() {
    let mut driver = client(GET);
    driver.data(Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nM\xC3\xBCller</html>");
    driver.data(Side::Client, GET.as_bytes());
    driver.data(Side::Server, OK.as_bytes());
    driver.data(Side::Server, OK.as_bytes());
    driver.data(Side::Client, GET.as_bytes());
    assert_eq!(lines(&driver), ["1 /next", "1 200", "2 /next", "- ?", "2 200", "3 200", "3 /next"]);
}
