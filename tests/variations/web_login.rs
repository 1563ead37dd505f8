//! Names and passwords that a web server does not take: by a form, in the header; and what only looks like it.

use super::Row;
use nrpcsniff_samples::Network;
use nrpcsniff_samples::http::{self, Browser, Message, Visit, cookie};

const WRONG: Option<&str> = Some("http-wrong-password");
const LOST: Option<&str> = Some("http-login-refused");
const CHALLENGE: &str = r#"Digest realm="/", nonce="7f3a", qop="auth", algorithm=SHA-256"#;
const DIGEST: &str = r#"Digest username="asmith", realm="/", nonce="7f3a", uri="/mail.nsf", qop=auth, nc=00000001, cnonce="c", response="0a1b""#;

pub(crate) const ROWS: &[Row] = &[
    ("the form again", |net| again(net, 80, &domino(), &form_page()), WRONG),
    ("the form again, once", |net| sends(&visit(net, 8080), domino(), form_page()), WRONG),
    ("the form again, with 401", |net| again(net, 80, &domino(), &form_page_with(401)), WRONG),
    ("sent back to the login", |net| again(net, 9080, &websphere(), &to("/login.jsp")), WRONG),
    ("sent to a page of errors", |net| again(net, 80, &websphere(), &to("/loginerror.jsp")), WRONG),
    ("Basic that is not taken", |net| header(net, 80, &basic(), refused("Basic realm=\"/\"")), WRONG),
    ("Digest that is not taken", |net| header(net, 8080, DIGEST, refused(CHALLENGE)), WRONG),
    ("a login that is forbidden", |net| again(net, 80, &domino(), &http::response(403)), LOST),
    ("a login that is taken", |net| sends(&visit(net, 80), domino(), taken()), None),
    ("Basic that is taken", |net| header(net, 80, &basic(), page()), None),
    ("a nonce of Digest that has grown old", stale, None),
    (
        "a form that is displayed",
        |net| {
            visit(net, 80).ask(http::get("/mail.nsf")).reply(form_page());
        },
        None,
    ),
    (
        "a first 401",
        |net| {
            visit(net, 80).ask(http::get("/mail.nsf")).reply(refused("Basic realm=\"/\""));
        },
        None,
    ),
    ("a session that has ended", ended, None),
];

fn visit(net: &Network, port: u16) -> Visit {
    Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.20").linux(), port, "mail.example.com")
}

fn domino() -> Message {
    http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")])
}

fn websphere() -> Message {
    http::post("/wps/j_security_check").form(&[("j_username", "asmith"), ("j_password", "not a real one")])
}

fn basic() -> String {
    "Basic YXNtaXRoOm5vdCBhIHJlYWwgb25l".to_owned()
}

fn page() -> Message {
    http::response(200).header("Server", "Lotus-Domino").html("the inbox")
}

fn taken() -> Message {
    to("/mail.nsf").set_cookie(cookie("DomAuthSessId", "9F2C1A7E55D04B6688E1A3C0D94E7B21").path("/"))
}

fn to(path: &str) -> Message {
    http::response(302)
        .header("Server", "IBM_HTTP_Server")
        .set_cookie(cookie("WASReqURL", "/wps").path("/"))
        .location(path)
}

fn refused(challenge: &str) -> Message {
    http::response(401).header("Server", "Lotus-Domino").set("WWW-Authenticate", challenge)
}

fn form_page() -> Message {
    form_page_with(200)
}

fn form_page_with(status: u16) -> Message {
    http::response(status)
        .html("<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>")
}

fn sends(web: &Visit, request: Message, answer: Message) {
    web.wait(9_000).ask(request).reply(answer);
    web.wait(500);
}

/// Four times the same, as a user types it.
fn again(net: &Network, port: u16, request: &Message, answer: &Message) {
    let web = visit(net, port);
    for _ in 0..4 {
        sends(&web, request.clone(), answer.clone());
    }
}

/// Without credentials first, then with them.
fn header(net: &Network, port: u16, value: &str, answer: Message) {
    let web = visit(net, port);
    let challenge = if value.starts_with("Basic") { "Basic realm=\"/\"" } else { CHALLENGE };
    web.ask(http::get("/mail.nsf")).reply(refused(challenge));
    web.wait(6_000).ask(http::get("/mail.nsf").header("Authorization", value)).reply(answer);
    web.wait(90_000);
}

fn stale(net: &Network) {
    let web = visit(net, 80);
    let ask = || http::get("/mail.nsf").header("Authorization", DIGEST);
    web.ask(ask()).reply(page());
    web.wait(400_000).ask(ask()).reply(refused(&format!("{CHALLENGE}, stale=true")));
    web.wait(40).ask(ask()).reply(page());
}

/// Half an hour later the form comes in place of the page, and the user signs on again.
fn ended(net: &Network) {
    let web = visit(net, 80);
    sends(&web, domino(), taken());
    web.ask(http::get("/mail.nsf")).reply(page());
    web.wait(1_900_000).ask(http::get("/mail.nsf")).reply(form_page());
    sends(&web, domino(), taken());
    web.ask(http::get("/mail.nsf")).reply(page());
}
