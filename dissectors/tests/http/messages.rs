//! What a request and a response say, what is shown of them, and what is no HTTP at all.

use super::{GET, OK, client, lines, problems, render, request, response, server};
use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::http;
use nrpcsniff_dissectors::{Reading, Side};

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
