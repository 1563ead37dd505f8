//! What scripts of web pages need: leave to call other origins, and WebSockets.

use super::{Sample, browser, chat, meet};
use crate::file::Format;
use crate::http::{self, Browser, Message, Visit};
use crate::link::Link;
use crate::net::Network;
use crate::websocket;

pub(super) const WORKING: &[Sample] = &[Sample {
    name: "http-scripts-working",
    story: "A page of Verse signs on to Sametime by a script: its browser asks whether it may, may, and does. A meeting opens its WebSocket.",
    see: "Nothing to report: OPTIONS with its answer, the call itself; 101 to a request with Upgrade.",
    rules: &[],
    format: || Format::pcapng().interface("eth0"),
    tell: working,
}];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "http-cors-refused",
        story: "A page of Verse wants to sign on to Sametime by a script. Its browser asks whether it may, and a proxy before Sametime wants a \
                login of everybody who asks: 401. The script's own request never leaves the browser.",
        see: "OPTIONS with Origin and Access-Control-Request-Method, 401, and no POST.",
        rules: &["http-cors-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: cors_refused,
    },
    Sample {
        name: "http-websocket-refused",
        story: "Captured on both sides of nginx: a meeting asks for its WebSocket, and nginx hands the request on without Upgrade, as it does \
                where it is not told otherwise. The server behind it wants Upgrade: 426.",
        see: "The same Sec-WebSocket-Key twice, once with Upgrade and once without.",
        rules: &["http-websocket-refused"],
        format: || Format::pcap().link(Link::Sll),
        tell: websocket_refused,
    },
];

const CHAT: &str = "chat.example.com";
const MEET: &str = "meet.example.com";
const PAGE: &str = "https://verse.example.com";
const CONNECT: &str = "/stwebapi/user/connect";

fn at_chat(net: &Network) -> Visit {
    browser(net).open(&chat(net), 80, CHAT)
}

/// May a script of Verse sign on?
fn question() -> Message {
    http::request("OPTIONS", CONNECT)
        .header("Origin", PAGE)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "rtc4web-nonce,x-csrf-token")
}

fn allowing(answer: Message) -> Message {
    answer
        .header("Access-Control-Allow-Origin", PAGE)
        .header("Access-Control-Allow-Credentials", "true")
        .header("Access-Control-Allow-Headers", "rtc4web-nonce, x-csrf-token")
}

fn working(net: &Network) {
    let web = at_chat(net);
    web.ask(question()).reply(allowing(http::response(204)));
    let form = http::post(CONNECT).form(&[("username", "asmith"), ("password", "not a real one")]);
    web.ask(form.header("Origin", PAGE)).reply(allowing(http::response(200).json("{\"reasonCode\":0}")));
    web.wait(3_000).tcp().client_fin();
    let (key, meeting) = (net.nonce(), browser(net).open(&meet(net), 80, MEET));
    let upgrade = websocket::upgrade(MEET, "/xmpp-websocket", key).without("Host");
    meeting.ask(upgrade).reply(websocket::accept(key));
    meeting.wait(3_000).tcp().client_fin();
}

fn cors_refused(net: &Network) {
    let web = at_chat(net);
    for _ in 0..2 {
        web.ask(question()).reply(http::response(401).challenge("Sametime"));
        web.wait(4_000);
    }
    web.tcp().client_fin();
}

fn websocket_refused(net: &Network) {
    let gate = net.host("10.1.0.30").linux();
    let front = browser(net).open(&gate, 80, MEET);
    let back = Browser::new(&gate).open(&meet(net), 8080, MEET);
    for _ in 0..2 {
        let key = net.nonce();
        let upgrade = || websocket::upgrade(MEET, "/xmpp-websocket", key).without("Host");
        front.ask(upgrade());
        net.wait(1);
        let handed_on = upgrade().without("Upgrade").without("Connection").header("Connection", "close");
        back.ask(handed_on).reply(http::response(426).html("Upgrade Required"));
        front.reply_after(1, http::response(426).html("Upgrade Required"));
        net.wait(5_000);
    }
    front.tcp().client_fin();
    back.wait(5).tcp().client_fin();
}
