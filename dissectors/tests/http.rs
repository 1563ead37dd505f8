//! HTTP conversations: framing, exchanges, limits, gaps, WebSocket, and what must not be shown.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::http::{self, Body, LoginForm, Request, Response};
use nrpcsniff_dissectors::{Message, Reading, Side, sip};
use proptest::prelude::*;

fn open() -> Driver {
    Driver::new((http::PROTOCOL.stream)())
}

fn client(text: impl AsRef<[u8]>) -> Driver {
    let mut driver = open();
    driver.data(Side::Client, text.as_ref());
    driver
}

fn server(text: impl AsRef<[u8]>) -> Driver {
    let mut driver = open();
    driver.data(Side::Server, text.as_ref());
    driver
}

fn all(driver: &Driver) -> impl Iterator<Item = &http::Message> {
    driver.messages.iter().filter_map(|(_, message)| match message {
        Message::Http(message) => Some(message.as_ref()),
        _ => None,
    })
}

/// Number of the exchange, and target, status or `?`, of each message.
fn lines(driver: &Driver) -> Vec<String> {
    let one = |message: &http::Message| {
        let what = match &message.body {
            Body::Request(request) => request.shown_target(),
            Body::Response(response) => response.status.to_string(),
            Body::Malformed { .. } => "?".to_owned(),
        };
        message.exchange.map_or(format!("- {what}"), |number| format!("{number} {what}"))
    };
    all(driver).map(one).collect()
}

fn problems(driver: &Driver) -> Vec<&str> {
    all(driver).flat_map(|message| &message.problems).map(|problem| problem.what.as_ref()).collect()
}

fn request(driver: &Driver) -> &Request {
    let found = all(driver).find_map(|message| match &message.body {
        Body::Request(request) => Some(request.as_ref()),
        _ => None,
    });
    found.expect("a request")
}

fn response(driver: &Driver) -> &Response {
    let found = all(driver).find_map(|message| match &message.body {
        Body::Response(response) => Some(response.as_ref()),
        _ => None,
    });
    found.expect("a response")
}

/// What a report without secrets holds.
fn render(message: &Message) -> String {
    format!("{} {} {:?}", message.kind(), message.summary(), message.fields(&Reading::masked(0)))
}

const GET: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn exchanges_have_the_same_number_whoever_is_read_first() {
    let asks =
        ["HEAD /a HTTP/1.1\r\n\r\n", "POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", GET]
            .concat();
    let answers = ["HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", OK, OK].concat();
    let mut one = client(&asks);
    one.data(Side::Server, answers.as_bytes());
    assert_eq!(lines(&one), ["1 /a", "2 /b", "3 /next", "1 200", "2 100", "2 200", "3 200"]);
    let mut other = server(&answers);
    other.data(Side::Client, asks.as_bytes());
    assert_eq!(lines(&other), ["1 200", "2 100", "2 200", "3 200", "1 /a", "2 /b", "3 /next"]);
}

#[test]
fn a_request_in_full() {
    let driver = client(
        "POST http://St.Acme.example:8080/stwebapi/user/connect;jsessionid=s3cret?username=Ann%20Smith&password=s3cret \
         HTTP/1.0\r\nHost: other\r\nCookie: a=1; LtpaToken=\"undefined\"\r\nCOOKIE:b=2\r\nUser-Agent: Mozilla/5.0\r\n\
         Referer: https://u:s3cret@portal/x?sid=s3cret\r\nOrigin: null\r\nSec-Fetch-Site: cross-site\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 0\r\nContent-Type: text/html\r\n\
         Proxy-Authorization: Basic QWRhOnMzY3JldA==\r\n\r\n",
    );
    let request = request(&driver);
    assert_eq!((request.method.as_str(), request.version), ("POST", (1, 0)));
    assert_eq!(
        (request.host.as_deref(), request.path.as_str()),
        (Some("St.Acme.example:8080"), "/stwebapi/user/connect;jsessionid=***")
    );
    assert_eq!(request.cookies.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>(), ["a", "LtpaToken", "b"]);
    assert_eq!(request.referer.as_ref().unwrap().to_string(), "https://portal/x?sid=***");
    assert_eq!((request.origin.as_deref(), request.fetch_site.as_deref()), (Some("null"), Some("cross-site")));
    assert_eq!(
        (request.forwarded_proto.as_deref(), request.forwarded_for.as_deref()),
        (Some("https"), Some("192.0.2.1"))
    );
    assert_eq!((request.user(), request.is_login()), (Some("Ann Smith"), true));
    assert_eq!(request.parameter("PASSWORD").unwrap().expose(), "s3cret");
    assert!(request.credentials[0].proxy && request.credentials[0].user.as_deref() == Some("Ada"));
    assert!(request.target.expose().ends_with("password=s3cret") && problems(&driver).is_empty());
    let summary = "POST /stwebapi/user/connect;jsessionid=***?username=***&password=*** (Ann Smith), with LtpaToken";
    assert_eq!(driver.messages[0].1.summary(), summary);
}

#[test]
fn a_response_in_full() {
    let driver = server(
        "HTTP/1.1 302 Found here\r\nLocation: https://portal/login?token=s3cret#x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Set-Cookie: LtpaToken=s3cret; Domain=.acme.example; HttpOnly\r\nSet-Cookie: LtpaToken=s3cret2\r\n\
         Set-Cookie: old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\nSet-Cookie: =none\r\nWWW-Authenticate: NTLM, Basic realm=x\r\n\
         Proxy-Authenticate: Negotiate\r\nServer: Lotus-Domino\r\nVia: 1.1 proxy\r\nContent-Length: 0\r\n\r\n",
    );
    let response = response(&driver);
    assert_eq!((response.version, response.status, response.reason.as_str()), ((1, 1), 302, "Found here"));
    assert_eq!(
        (response.date, response.server.as_deref(), response.via.as_deref()),
        (Some(784_111_777), Some("Lotus-Domino"), Some("1.1 proxy"))
    );
    assert_eq!(
        response.set_cookies.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>(),
        ["LtpaToken", "LtpaToken", "old"]
    );
    let schemes: Vec<_> =
        response.challenges.iter().map(|challenge| (challenge.scheme.as_str(), challenge.proxy)).collect();
    assert_eq!(schemes, [("NTLM", false), ("Basic", false), ("Negotiate", true)]);
    assert_eq!(problems(&driver), ["a Set-Cookie field without a name: browsers ignore it"]);
    let summary =
        "302 Found here → https://portal/login?token=***, asks for NTLM, Basic, Negotiate, sets LtpaToken, deletes old";
    assert_eq!(driver.messages[0].1.summary(), summary);
}

#[test]
fn nothing_secret_is_shown_unless_asked_for() {
    let form = "j_username=ann&j_password=s3cret&j=1";
    let texts = [
        format!(
            "POST /j_security_check;jsessionid=s3cret HTTP/1.1\r\nCookie: sid=s3cret; LtpaToken=s3cret\r\nReferer: /?a=s3cret\r\n\
                 Authorization: Basic YW5uOnMzY3JldA==\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
        "GET /x?a=s3cret&s3cret0123456789012345678901234567890123456789 HTTP/1.1\r\n\r\n".to_owned(),
        "GET /x?a=s3cret HTTP/9\r\n\r\n".to_owned(),
    ];
    let mut driver = client(texts.concat());
    let answers = [
        "HTTP/1.1 302 Found\r\nLocation: /x?a=s3cret\r\nSet-Cookie: a=s3cret\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate s3cret\r\nContent-Length: 0\r\n\r\n",
    ];
    driver.data(Side::Server, answers.concat().as_bytes());
    assert_eq!(driver.messages.len(), 5);
    for (_, message) in &driver.messages {
        let told = format!("{} {message:?}", render(message));
        assert!(!told.contains("s3cret") && !told.contains("YW5u"), "{told}");
    }
    let open = Reading { show_secrets: true, ..Reading::masked(0) };
    let shown =
        driver.messages.iter().filter(|(_, message)| format!("{:?}", message.fields(&open)).contains("s3cret")).count();
    assert_eq!(shown, 3, "cookies, forms and queries are shown on demand");
}

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
fn tunnels_and_refusals_of_them() {
    let connect = "CONNECT st.acme.example:1533 HTTP/1.1\r\nHost: st.acme.example:1533\r\n\r\n";
    let mut driver = client(format!("{connect}{connect}"));
    driver.data(Side::Server, b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nContent-Length: 4\r\n\r\nno!!");
    driver.data(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
    for side in [Side::Client, Side::Server] {
        driver.data(side, b"\x16\x03\x01\x00\x05hello GET / HTTP/1.1\r\n\r\n");
        driver.end(side);
    }
    assert_eq!(lines(&driver), ["1 ", "2 ", "1 407", "2 200"]);
    assert_eq!(request(&driver).host.as_deref(), Some("st.acme.example:1533"));
    let mut inside = client(format!("{connect}{GET}"));
    inside
        .data(Side::Server, format!("HTTP/1.1 200 Connection Established\r\nContent-Length: 0\r\n\r\n{OK}").as_bytes());
    assert_eq!(lines(&inside), ["1 ", "2 /next", "1 200", "2 200"]);
    let mut other = client(format!("{connect}EHLO x\r\n"));
    other.data(Side::Server, b"HTTP/1.1 200 Connection Established\r\nContent-Length: 0\r\n\r\n220 mail\r\n");
    assert_eq!(lines(&other), ["1 ", "1 200"]);
}

#[test]
fn upgrades_and_refusals_of_them() {
    let ask = "GET /x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    let refused = client(format!("{ask}{GET}"));
    assert_eq!(lines(&refused), ["1 /x", "2 /next"]);
    let mut taken = client(format!("{ask}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0"));
    taken.data(Side::Server, b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n\0\0\0\x04\x01\0\0\0\0");
    assert_eq!(lines(&taken), ["1 /x", "1 101"]);
    let direct = client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(direct.messages.is_empty() && !direct.not_mine());
}

/// A frame of a WebSocket (RFC 6455 section 5.2), masked if it has a mask.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let flag = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(flag | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            bytes.push(flag + 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(flag + 127);
            bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

const REGISTER: &str = "REGISTER sip:acme.example SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1\r\n\
    From: <sip:ann@acme.example>;tag=1\r\nTo: <sip:ann@acme.example>\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\
    Cookie: LtpaToken=\"undefined\"\r\nContent-Length: 0\r\n\r\n";
const ANSWER: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1\r\nFrom: <sip:ann@acme.example>;tag=1\r\n\
    To: <sip:ann@acme.example>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
const MASK: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

fn upgrade(protocol: &str) -> (String, String) {
    (
        format!(
            "GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        ),
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"),
    )
}

/// What both sides send behind an upgrade to that subprotocol.
fn websocket(protocol: &str, from_client: &[u8], from_server: &[u8], size: usize) -> Driver {
    let (ask, answer) = upgrade(protocol);
    let mut driver = open();
    for (side, text, frames) in [(Side::Client, ask, from_client), (Side::Server, answer, from_server)] {
        [text.as_bytes(), frames].concat().chunks(size).for_each(|chunk| driver.data(side, chunk));
        driver.end(side);
    }
    driver
}

fn sip_messages(driver: &Driver) -> Vec<(Side, &sip::Message)> {
    let all = driver.messages.iter();
    all.filter_map(|(side, message)| match message {
        Message::Sip(message) => Some((*side, message.as_ref())),
        _ => None,
    })
    .collect()
}

#[test]
fn sip_over_websocket() {
    let (begin, end) = REGISTER.split_at(100);
    let from_client = [
        frame(0x82, MASK, b"\r\n\r\n"),
        frame(0x81, MASK, REGISTER.as_bytes()),
        frame(0x01, MASK, begin.as_bytes()),
        frame(0x89, MASK, b"ping"),
        frame(0x80, MASK, end.as_bytes()),
        frame(0x88, MASK, b""),
    ]
    .concat();
    let from_server =
        [frame(0x81, None, b""), frame(0x8A, None, b"ping"), frame(0x82, None, ANSWER.as_bytes())].concat();
    for size in [1, 2, 7, 10_000] {
        let driver = websocket("sip", &from_client, &from_server, size);
        assert_eq!(lines(&driver), ["1 /ws", "1 101"]);
        let found = sip_messages(&driver);
        assert!(found.iter().all(|(_, message)| message.transport == sip::Transport::Ws));
        let methods: Vec<_> =
            found.iter().map(|(side, message)| (*side, message.status(), message.call_id.as_deref())).collect();
        assert_eq!(
            methods,
            [(Side::Client, None, Some("c1")), (Side::Client, None, Some("c1")), (Side::Server, Some(200), Some("c1"))]
        );
        assert_eq!(found[0].1.cookies[0].value.expose(), "\"undefined\"");
    }
}

#[test]
fn other_websockets_are_passed_over() {
    let frames = frame(0x81, MASK, REGISTER.as_bytes());
    for protocol in ["chat", "mqtt", "sips"] {
        let driver = websocket(protocol, &frames, &frame(0x81, None, ANSWER.as_bytes()), 9);
        assert_eq!((lines(&driver), sip_messages(&driver).len()), (vec!["1 /ws".into(), "1 101".into()], 0));
    }
}

#[test]
fn websocket_messages_that_are_not_read_are_told() {
    let compressed = [
        frame(0xC1, None, b"zzzz"),
        frame(0x41, None, b"zz"),
        frame(0x80, None, b"z"),
        frame(0x81, None, ANSWER.as_bytes()),
    ]
    .concat();
    let driver = websocket("sip", b"", &compressed, 5);
    assert_eq!(problems(&driver), ["WebSocket messages are compressed (permessage-deflate): they are not read"]);
    assert_eq!(sip_messages(&driver).len(), 1);
    let large = [
        frame(0x01, None, &vec![b'x'; 60_000]),
        frame(0x80, None, &vec![b'x'; 70_000]),
        frame(0x81, None, ANSWER.as_bytes()),
    ]
    .concat();
    let driver = websocket("sip", b"", &large, 1460);
    assert_eq!(problems(&driver), ["a WebSocket message too large for SIP: it is not read"]);
    assert_eq!(sip_messages(&driver).len(), 1);
    let endless = [&[0x82, 127][..], &[0xFF; 8], ANSWER.as_bytes()].concat();
    let driver = websocket("sip", b"", &endless, 3);
    assert_eq!(problems(&driver), ["a WebSocket frame of more bytes than there can be: the rest is not read"]);
}

#[test]
fn a_gap_inside_a_frame_keeps_a_websocket_in_step() {
    let frames = frame(0x81, None, ANSWER.as_bytes());
    let (_, answer) = upgrade("sip");
    for cut in 0..=frames.len() {
        for missing in [1, 10, frames.len()] {
            let mut driver = server(&answer);
            driver.data(Side::Server, &frames[..cut]);
            driver.gap(Side::Server, u64::try_from(missing).unwrap());
            let twice = [&frames[..], &frames].concat();
            driver.data(Side::Server, &twice[cut + missing..]);
            driver.data(Side::Server, &frames);
            driver.end(Side::Server);
            let header = 4;
            let inside = cut >= header && cut < frames.len() && cut + missing <= frames.len();
            let expected = if inside { 2 } else { usize::from(cut == frames.len()) };
            assert_eq!(sip_messages(&driver).len(), expected, "{cut} {missing}");
        }
    }
}

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

#[test]
fn a_conversation_whose_beginning_is_missing() {
    let mut dissector = (http::PROTOCOL.stream)();
    dissector.midstream();
    let mut driver = Driver::new(dissector);
    driver.data(Side::Server, format!("</html>\r\n{OK}").as_bytes());
    driver.data(Side::Client, format!("name=of+a+form{GET}").as_bytes());
    driver.data(Side::Server, OK.as_bytes());
    assert_eq!(lines(&driver), ["- 200", "1 /next", "1 200"]);
    assert!(problems(&driver).is_empty() && !driver.not_mine());
}

#[test]
fn what_is_not_http() {
    assert!(client("EHLO mail.acme.example\r\n").not_mine());
    assert!(client("GET /\r\n").not_mine());
    assert!(client(b"\x16\x03\x01").not_mine());
    let mut later = client(format!("{GET}nonsense\r\nand more\r\n{GET}"));
    later.end(Side::Client);
    assert_eq!(
        (lines(&later), problems(&later)),
        (vec!["1 /next".into(), "- ?".into(), "2 /next".into()], vec!["not a message of HTTP/1"])
    );
    let mail = server(format!("220 mail\r\n{OK}"));
    assert_eq!(lines(&mail), ["- ?", "- 200"]);
    let mut ssh = server("SSH-2.0-OpenSSH");
    assert!(ssh.messages.is_empty());
    ssh.end(Side::Server);
    assert_eq!(ssh.messages[0].1.summary(), "not a message of HTTP/1: SSH-2.0-OpenSSH");
    assert_eq!(lines(&server([0xFF; 64])), ["- ?"]);
}

#[test]
fn probes() {
    use nrpcsniff_dissectors::Probe::{self, Need, No, Yes};
    let probe = |side: Side, text: &str| -> Probe { (http::PROTOCOL.probe)(side, text.as_bytes(), false) };
    let long = format!("GET /{}", "a".repeat(600));
    let long_sip = format!("FOO {}", "a".repeat(600));
    for (text, expected) in [
        ("GET / HTTP/1.1\r\n", Yes),
        ("\r\nBREW pot-1 HTTP/1.0\r\n", Yes),
        ("CONNECT st:443 HTTP/1.1", Yes),
        (long.as_str(), Yes),
        (long_sip.as_str(), No),
        ("GET / HTTP/1.", Yes),
        ("GET / HTTP/1", Need(13)),
        ("GET / HTTP/2.0\r\n", No),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Yes),
        ("PRI * HTTP/2.0\r\n\r\n", Need(19)),
        ("REGISTER sip:acme.example SIP/2.0\r\n", No),
        ("OPTIONS rtsp://acme.example RTSP/1.0\r\n", No),
        ("OPTIONS * RTSP/1.0\r\n", No),
        ("GET /\r\n", No),
        ("EHLO acme.example\r\n", No),
        ("\x16\x03\x01", No),
        ("HTTP/1.1 200 OK\r\n", No),
        ("", Need(1)),
    ] {
        assert_eq!(probe(Side::Client, text), expected, "{text}");
    }
    for (text, expected) in [
        ("HTTP/1.1 200 OK\r\n", Yes),
        ("HTTP/1.0 404", Yes),
        ("HTTP/1.1 20", Need(12)),
        ("HTTP/2 200 OK\r\n", No),
        ("SIP/2.0 200 OK\r\n", No),
        ("RTSP/1.0 200 OK\r\n", No),
        ("GET / HTTP/1.1\r\n", No),
    ] {
        assert_eq!(probe(Side::Server, text), expected, "{text}");
    }
}

#[test]
fn who_signs_on_is_notable() {
    let notable = |driver: &Driver| driver.messages.iter().map(|(_, message)| message.is_notable()).collect::<Vec<_>>();
    let post = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let driver = client(
        [
            post("/names.nsf?Login", "Username=ann"),
            post("/j_security_check;jsessionid=1", "j_username=ann"),
            post("/stwebapi/user/connect", ""),
            post("/any", "uid=ann&pwd=x"),
            "GET / HTTP/1.1\r\nCookie: LtpaToken=x\r\n\r\n".to_owned(),
            post("/save", "user=ann&text=hello"),
            "GET /names.nsf?Login HTTP/1.1\r\nCookie: a=b\r\n\r\n".to_owned(),
        ]
        .concat(),
    );
    assert_eq!(notable(&driver), [true, true, true, true, true, false, false]);
    let answer = |status: u16, field: &str| format!("HTTP/1.1 {status} x\r\n{field}Content-Length: 0\r\n\r\n");
    let driver = server(
        [
            answer(401, ""),
            answer(403, ""),
            answer(407, ""),
            answer(503, ""),
            answer(200, "Set-Cookie: LtpaToken2=x\r\n"),
            answer(404, ""),
            answer(302, "Set-Cookie: a=b\r\n"),
        ]
        .concat(),
    );
    assert_eq!(notable(&driver), [true, true, true, true, true, false, false]);
}

/// A piece of a conversation: whole messages, parts of them, and what breaks them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let texts = [
        GET,
        OK,
        "HEAD /h HTTP/1.1\r\n\r\n",
        "POST /f HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nuser=ann&",
        "POST /c HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 No\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n",
        "GET /u HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
        "GET /bad HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "0\r\nX: y\r\n",
        "ffffffffffffffff\r\n",
        "HTTP/",
        "GET /",
        "\r\n",
        "\n",
        " HTTP/1.1\r\n",
        "Cookie: LtpaToken=x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
        "<form action=/names.nsf?Login>",
        "Content-Encoding: gzip\r\n",
    ];
    prop_oneof![
        12 => prop::sample::select(texts.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        2 => prop::sample::select(vec![frame(0x81, MASK, REGISTER.as_bytes()), frame(0x82, None, ANSWER.as_bytes()), frame(0xC1, None, b"z")]),
        2 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

/// Both directions in pieces of these sizes: an odd one is the server's.
fn interleaved(streams: [&[u8]; 2], sizes: &[usize]) -> Driver {
    let mut driver = open();
    let mut rest = streams;
    for &size in sizes.iter().cycle() {
        let lane = usize::from((size % 2 == 1 || rest[0].is_empty()) && !rest[1].is_empty());
        let (chunk, behind) = rest[lane].split_at(size.min(rest[lane].len()));
        driver.data([Side::Client, Side::Server][lane], chunk);
        rest[lane] = behind;
        if rest == [b""; 2] {
            break;
        }
    }
    driver.end(Side::Client);
    driver.end(Side::Server);
    driver
}

/// The messages of a side. Behind nonsense it counts in which order the directions came: then without their numbers.
fn of(driver: &Driver, side: Side) -> Vec<Message> {
    let strayed = driver.messages.iter().any(|(_, message)| message.kind() == "http.malformed");
    let plain = |message: &Message| match message {
        Message::Http(http) if strayed => {
            Message::Http(Box::new(http::Message { exchange: None, ..http.as_ref().clone() }))
        }
        other => other.clone(),
    };
    driver.messages.iter().filter(|(from, _)| *from == side).map(|(_, message)| plain(message)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_chunking_and_any_order_of_the_directions_give_the_same_messages(
        client in pieces(),
        server in pieces(),
        sizes in prop::collection::vec(1usize..40, 1..20),
    ) {
        let client = [GET.as_bytes(), &client].concat();
        let one = interleaved([&client, &server], &[1_000_000, 1_000_001]);
        let other = interleaved([&client, &server], &sizes);
        prop_assert!(!one.not_mine() && !other.not_mine());
        for side in [Side::Client, Side::Server] {
            prop_assert_eq!(of(&one, side), of(&other, side));
        }
        let bytes = client.len() + server.len();
        prop_assert!(other.calls <= 3 * bytes + 10, "{} calls for {} bytes", other.calls, bytes);
        prop_assert!(one.messages.iter().all(|(_, message)| !render(message).is_empty()));
    }

    #[test]
    fn any_gap_is_survived(before in pieces(), missing in 0u64..300, after in pieces(), side in prop::bool::ANY) {
        let side = if side { Side::Client } else { Side::Server };
        let mut driver = open();
        driver.data(side, &[if side == Side::Client { GET } else { OK }.as_bytes(), &before].concat());
        driver.gap(side, missing);
        driver.data(side, &after);
        driver.end(side);
        prop_assert!(driver.messages.iter().all(|(_, message)| !render(message).is_empty()));
    }

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

#[test]
fn a_websocket_at_every_truncation_and_with_every_byte_damaged() {
    let (ask, _) = upgrade("sip");
    let text = [
        ask.as_bytes(),
        &frame(0x01, MASK, b"REGISTER"),
        &frame(0x80, MASK, b" x"),
        &frame(0x81, MASK, REGISTER.as_bytes()),
    ]
    .concat();
    for length in 0..=text.len() {
        let mut driver = client(&text[..length]);
        driver.end(Side::Client);
        assert_eq!(
            sip_messages(&driver).iter().filter(|(_, message)| message.call_id.is_some()).count(),
            usize::from(length == text.len())
        );
    }
    for at in 0..text.len() {
        for value in [0, 0x7F, 0x80, 0xFE, 0xFF] {
            let mut damaged = text.clone();
            damaged[at] = value;
            let mut driver = client(&damaged);
            driver.end(Side::Client);
            assert!(driver.messages.iter().all(|(_, message)| !render(message).is_empty()));
        }
    }
}
