//! Sign-on at web servers: tokens and their keys.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Cookie, Visit, cookie};
use nrpcsniff_samples::{Network, ltpa};

const KEYS: Option<&str> = Some("ltpa-key-mismatch");
const ANN: &str = "CN=Ann Smith,O=ACME";

pub(crate) const ROWS: &[Row] = &[
    ("new keys of the issuer, 401", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], unauthorized), KEYS),
    ("new keys of the issuer, other port", |net| keys(net, 8080, [ltpa::DEMO, ltpa::OTHER], unauthorized), KEYS),
    ("new keys of the issuer, a login form", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], login_form), KEYS),
    ("new keys of the issuer, sent to log in", |net| keys(net, 80, [ltpa::OTHER, ltpa::DEMO], to_login), KEYS),
    ("new keys that the other server knows", |net| keys(net, 80, [ltpa::DEMO, ltpa::OTHER], page), None),
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
