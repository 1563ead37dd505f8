//! Sign-on at web servers: tokens and their keys.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Cookie, Visit, cookie};
use nrpcsniff_samples::{Network, ltpa};

const KEYS: Option<&str> = Some("ltpa-key-mismatch");
const OVERWRITTEN: Option<&str> = Some("ltpa-overwritten");
const UNDEFINED: Option<&str> = Some("ltpa-undefined-http");
const SINGLE: Option<&str> = Some("sso-not-loaded");
const ANN: &str = "CN=Ann Smith,O=ACME";

pub(crate) const ROWS: &[Row] = &[
    ("new keys of the issuer, 401", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], unauthorized), KEYS),
    ("new keys of the issuer, other port", |net| keys(net, 8080, [ltpa::DEMO, ltpa::OTHER], unauthorized), KEYS),
    ("new keys of the issuer, a login form", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], login_form), KEYS),
    ("new keys of the issuer, sent to log in", |net| keys(net, 80, [ltpa::OTHER, ltpa::DEMO], to_login), KEYS),
    ("new keys that the other server knows", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], page), None),
    ("a neighbour's token over one's own", |net| neighbour(net, 80, shared, unauthorized), OVERWRITTEN),
    ("a neighbour's token, other port", |net| neighbour(net, 9080, shared, to_login), OVERWRITTEN),
    ("a neighbour's token, a login form", |net| neighbour(net, 80, shared, login_form), OVERWRITTEN),
    ("a neighbour's token that is taken", |net| neighbour(net, 80, shared, page), None),
    (
        "a neighbour's token of another path",
        |net| neighbour(net, 80, |name, value| shared(name, value).path("/x"), page),
        None,
    ),
    ("the word undefined", |net| word(net, 80, "undefined", unauthorized), UNDEFINED),
    ("the word undefined in quotes", |net| word(net, 9080, "\"undefined\"", to_login), UNDEFINED),
    ("the word null", |net| word(net, 80, "null", login_form), UNDEFINED),
    ("the word undefined, served", |net| word(net, 80, "undefined", page), None),
    ("a session of one server, though a token is shown", |net| single(net, 80, true), SINGLE),
    ("a session of one server, other port", |net| single(net, 8080, true), SINGLE),
    ("a session of one server that nobody shows a token", |net| single(net, 80, false), None),
    ("the same keys", |net| keys(net, 80, [ltpa::DEMO, ltpa::DEMO], page), None),
];

fn shared(name: &str, value: &str) -> Cookie {
    cookie(name, value).domain(".example.com").path("/")
}

/// Both tokens of a login with these keys.
fn both(net: &Network, keys: &ltpa::Keys) -> Vec<Cookie> {
    let end = net.now() + 120 * ltpa::MINUTE;
    vec![shared("LtpaToken2", &keys.v2(ANN, end)), shared("LtpaToken", &keys.v1(ANN, end))]
}

fn logs_in(visit: &Visit, cookies: Vec<Cookie>) {
    let form = http::post("/j_security_check").form(&[("j_username", "asmith"), ("j_password", "not a real one")]);
    visit.ask(form).reply(cookies.into_iter().fold(http::response(302).location("/home"), http::Message::set_cookie));
    visit.wait(300);
}

/// Two logins at the portal, by these keys; the mail server takes the token of the first and answers `last` to the second.
fn keys(net: &Network, port: u16, keys: [ltpa::Keys; 2], last: fn() -> http::Message) {
    for (keys, answer) in keys.iter().zip([page as fn() -> http::Message, last]) {
        let browser = Browser::new(&net.host("10.1.0.50"));
        logs_in(&browser.open(&net.host("10.1.0.21").linux(), port, "portal.example.com"), both(net, keys));
        let mail = browser.open(&net.host("10.1.0.20").linux(), port, "mail.example.com");
        mail.ask(http::get("/mail/asmith.nsf")).reply(answer());
        mail.wait(300).tcp().client_fin();
        net.wait_secs(600);
    }
}

/// The portal sets its token and takes it; a neighbour sets one of its own; the portal answers that.
fn neighbour(net: &Network, port: u16, sets: fn(&str, &str) -> Cookie, last: fn() -> http::Message) {
    let browser = Browser::new(&net.host("10.1.0.50"));
    let token = |keys: ltpa::Keys| keys.v2(ANN, net.now() + 120 * ltpa::MINUTE);
    let portal = browser.open(&net.host("10.1.0.21").linux(), port, "portal.example.com");
    logs_in(&portal, vec![shared("LtpaToken2", &token(ltpa::DEMO))]);
    portal.ask(http::get("/wps/myportal")).reply(page());
    let other = browser.open(&net.host("10.1.0.22").linux(), port, "reports.example.com");
    logs_in(&other, vec![sets("LtpaToken2", &token(ltpa::OTHER))]);
    portal.wait(900).ask(http::get("/wps/myportal")).reply(last());
}

/// A browser shows a word where a token belongs.
fn word(net: &Network, port: u16, word: &str, answer: fn() -> http::Message) {
    let browser = Browser::new(&net.host("10.1.0.50")).has("example.com", "LtpaToken", word);
    let chat = browser.open(&net.host("10.1.0.23").linux(), port, "chat.example.com");
    for _ in 0..2 {
        chat.wait(500).ask(http::get("/stwebapi/user")).reply(answer());
    }
}

/// The portal sets a token for the domain, if it does; the mail server shows its form all the same, and opens a session of its own.
fn single(net: &Network, port: u16, is_shared: bool) {
    let browser = Browser::new(&net.host("10.1.0.50"));
    if is_shared {
        let portal = browser.open(&net.host("10.1.0.21").linux(), port, "portal.example.com");
        logs_in(&portal, both(net, &ltpa::DEMO));
        portal.ask(http::get("/wps/myportal")).reply(page());
    }
    let mail = browser.open(&net.host("10.1.0.20").linux(), port, "mail.example.com");
    mail.ask(http::get("/mail.nsf")).reply(login_form());
    let form = http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")]);
    let session = cookie("DomAuthSessId", "9F2C1A7E55D04B6688E1A3C0D94E7B21").path("/");
    mail.wait(4_000).ask(form).reply(http::response(302).location("/mail.nsf").set_cookie(session));
    mail.ask(http::get("/mail.nsf")).reply(page());
}

fn page() -> http::Message {
    http::response(200).html("<p>the inbox</p>")
}

fn unauthorized() -> http::Message {
    http::response(401).challenge("/mail")
}

fn to_login() -> http::Message {
    http::response(302).location("/names.nsf?Login")
}

fn login_form() -> http::Message {
    http::response(200)
        .html("<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>")
}
