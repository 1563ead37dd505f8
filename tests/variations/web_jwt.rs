//! JSON web tokens: ended, not begun, for somebody else; in a cookie and in the header.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Message};
use nrpcsniff_samples::{Network, jwt};

const EXPIRED: Option<&str> = Some("jwt-expired");
const NOT_YET: Option<&str> = Some("jwt-not-yet");
const AUDIENCE: Option<&str> = Some("jwt-audience");
const HERE: &str = "https://chat.example.com";
const HOUR: i64 = 3600;

pub(crate) const ROWS: &[Row] = &[
    ("an ended token in a cookie", |net| shown(net, 80, COOKIE, &claims(net, [-2 * HOUR, -60], HERE), 401), EXPIRED),
    ("an ended token in quotes", |net| shown(net, 80, QUOTED, &claims(net, [-2 * HOUR, -60], HERE), 401), EXPIRED),
    (
        "an ended token in the header",
        |net| shown(net, 8880, HEADER, &claims(net, [-2 * HOUR, -60], HERE), 401),
        EXPIRED,
    ),
    ("an ended token with its end in milliseconds", |net| shown(net, 80, HEADER, &in_milliseconds(net), 401), EXPIRED),
    ("a token of the future in a cookie", |net| shown(net, 80, COOKIE, &claims(net, [90, HOUR], HERE), 401), NOT_YET),
    (
        "a token of the future in the header",
        |net| shown(net, 8880, HEADER, &claims(net, [90, HOUR], HERE), 401),
        NOT_YET,
    ),
    (
        "a token of a far future in quotes",
        |net| shown(net, 80, QUOTED, &claims(net, [HOUR, 2 * HOUR], HERE), 401),
        NOT_YET,
    ),
    (
        "a token for another host",
        |net| shown(net, 80, HEADER, &claims(net, [-9, HOUR], "https://mail.example.com"), 401),
        AUDIENCE,
    ),
    (
        "a token for another host by its address",
        |net| shown(net, 80, HEADER, &claims(net, [-9, HOUR], "http://[2001:db8::7]"), 401),
        AUDIENCE,
    ),
    ("a token of another issuer than those taken", |net| issuers(net, 401), AUDIENCE),
    ("a token of another issuer that is taken, too", |net| issuers(net, 200), None),
    ("a living token", |net| shown(net, 80, COOKIE, &claims(net, [-9, HOUR], HERE), 200), None),
    ("an ended token that is taken", |net| shown(net, 80, COOKIE, &claims(net, [-2 * HOUR, -60], HERE), 200), None),
    ("an ended token that is renewed", renewed, None),
];

/// Puts a token into a request.
type Carrier = fn(&str) -> Message;
const PATH: &str = "/sametime-auth/api/v1/check";
const COOKIE: Carrier = |token| http::get(PATH).cookie("sametimeJwt", token);
const QUOTED: Carrier = |token| http::get(PATH).cookie("sametimeJwt", &format!("\"{token}\""));
const HEADER: Carrier = |token| http::get(PATH).header("Authorization", &format!("Bearer {token}"));

fn at(net: &Network, seconds: i64) -> u64 {
    net.now().saturating_add_signed(seconds * 1_000_000_000)
}

fn claims(net: &Network, [from, until]: [i64; 2], audience: &str) -> String {
    jwt::of_user("uid=ann,o=example", "https://idp.example.org", audience, at(net, from), at(net, until))
}

fn in_milliseconds(net: &Network) -> String {
    jwt::token(&[("sub", "\"ann\""), ("exp", &(at(net, -60) / 1_000_000).to_string())])
}

fn shown(net: &Network, port: u16, carrier: Carrier, token: &str, status: u16) {
    let browser = Browser::new(&net.host("10.1.0.50"));
    let chat = browser.open(&net.host("10.1.0.30").linux(), port, "chat.example.com");
    for _ in 0..2 {
        chat.ask(carrier(token)).reply(http::response(status).json("{}")).wait(4_000);
    }
    chat.tcp().client_fin();
}

fn issuers(net: &Network, last: u16) {
    let of = |issuer: &str| jwt::of_user("ann", issuer, "Domino", at(net, -9), at(net, HOUR));
    shown(net, 80, HEADER, &of("https://idp.example.org/realms/a"), 200);
    net.wait_secs(60);
    shown(net, 80, HEADER, &of("https://idp.example.org/realms/a/"), last);
}

fn renewed(net: &Network) {
    let browser = Browser::new(&net.host("10.1.0.50"));
    let chat = browser.open(&net.host("10.1.0.30").linux(), 80, "chat.example.com");
    chat.ask(COOKIE(&claims(net, [-2 * HOUR, -60], HERE))).reply(http::response(401).json("{}"));
    chat.ask(http::post("/sametime-auth/api/v1/refresh")).reply(http::response(200).json("{}"));
    chat.ask(COOKIE(&claims(net, [0, HOUR], HERE))).reply(http::response(200).json("{}"));
    chat.tcp().client_fin();
}
