//! Scripts of other origins and WebSockets: what a server does not allow, what a proxy takes away, and how it should be.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Message, Visit};
use nrpcsniff_samples::{Network, websocket};

const CORS: Option<&str> = Some("http-cors-refused");
const SOCKET: Option<&str> = Some("http-websocket-refused");
const PAGE: &str = "https://verse.example.com";
const CALL: &str = "/stwebapi/user/presence";
const MEET: &str = "meet.example.com";

pub(crate) const ROWS: &[Row] = &[
    ("a question that is answered by 401", |net| asked(net, 80, http::response(401).challenge("x"), false), CORS),
    (
        "a question that is sent to the login",
        |net| asked(net, 8080, http::response(302).location("/login"), false),
        CORS,
    ),
    ("nobody is allowed", |net| asked(net, 80, http::response(200), false), CORS),
    ("http for https", |net| asked(net, 80, allows("http://verse.example.com", "PUT"), false), CORS),
    ("a method that is not allowed", |net| asked(net, 9080, allows(PAGE, "GET, DELETE"), false), CORS),
    ("allowed", |net| asked(net, 80, allows(PAGE, "PUT"), true), None),
    ("everybody is allowed", |net| asked(net, 8080, allows("*", "*"), true), None),
    ("404 to a WebSocket", |net| socket(net, 80, 404), SOCKET),
    ("502 to a WebSocket", |net| socket(net, 8080, 502), SOCKET),
    ("a page in place of a WebSocket", |net| socket(net, 80, 200), SOCKET),
    ("Upgrade that a proxy takes away", stripped, SOCKET),
    ("a WebSocket", |net| socket(net, 80, 101), None),
];

fn browser(net: &Network) -> Browser {
    Browser::new(&net.host("10.1.0.50"))
}

fn allows(origin: &str, methods: &str) -> Message {
    http::response(204)
        .header("Access-Control-Allow-Origin", origin)
        .header("Access-Control-Allow-Methods", methods)
        .header("Access-Control-Allow-Headers", "x-csrf-token")
}

fn asked(net: &Network, port: u16, answer: Message, goes_on: bool) {
    let chat: Visit = browser(net).open(&net.host("10.1.0.23").linux(), port, "chat.example.com");
    let question = http::request("OPTIONS", CALL)
        .header("Origin", PAGE)
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "x-csrf-token");
    chat.ask(question).reply(answer);
    if goes_on {
        let call = http::request("PUT", CALL).header("Origin", PAGE).header("X-Csrf-Token", "1");
        chat.ask(call).reply(http::response(200).header("Access-Control-Allow-Origin", PAGE).json("{}"));
    }
    chat.wait(4_000).tcp().client_fin();
}

fn socket(net: &Network, port: u16, status: u16) {
    let key = net.nonce();
    let answer = if status == 101 { websocket::accept(key) } else { http::response(status).html("a page") };
    let meet = browser(net).open(&net.host("10.1.0.22").linux(), port, MEET);
    meet.ask(websocket::upgrade(MEET, "/xmpp-websocket", key).without("Host")).reply(answer);
}

fn stripped(net: &Network) {
    let gate = net.host("10.1.0.30").linux();
    let front = browser(net).open(&gate, 80, MEET);
    let back = Browser::new(&gate).open(&net.host("10.1.0.22").linux(), 8080, MEET);
    let key = net.nonce();
    let upgrade = || websocket::upgrade(MEET, "/xmpp-websocket", key).without("Host");
    front.ask(upgrade());
    net.wait(1);
    back.ask(upgrade().without("Upgrade").without("Connection")).reply(http::response(400).html("Bad Request"));
    front.reply_after(1, http::response(400).html("Bad Request"));
}
