//! HTTP conversations: messages, bodies, limits, gaps, WebSocket, and how they hold against another reader.

mod bodies;
mod chunking;
mod gaps;
mod limits;
mod messages;
mod oracle;
#[path = "../support/said.rs"]
mod said;
mod websocket;

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::http::{self, Body, Request, Response};
use nrpcsniff_dissectors::{Message, Reading, Side};

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
