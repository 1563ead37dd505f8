//! HTTP/1.x (RFC 9112) and HTTP/2 (RFC 9113) with cookies, redirects and form logins, and the WebSocket that may follow.

mod body;
mod cors;
mod exchange;
mod fields;
mod form;
mod head;
mod http2;
mod line;
mod login;
mod login_form;
mod meaning;
mod message;
mod page;
mod request;
mod response;
mod stream;
mod url;
mod websocket;

pub use cors::{Cors, Objection, Preflight};
pub use login::{LoginAnswer, is_asset};
pub use login_form::LoginForm;
pub use message::{Body, Message, Request, Response};
pub use url::{Parameter, Url, host_of};

use crate::{Dialogues, Pick, Probe, Protocol, Side, SignOn, Success};
use line::Judgement;

/// The protocol's line in the table. Ports: HTTP, its usual alternatives and proxies, and those of the Sametime proxy, of
/// HTTP tunnelling and of WebSphere.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("browser", "web server"),
    tcp_ports: &[80, 3128, 8000, 8008, 8080, 8081, 8082, 8088, 8888, 9060, 9080, 9081, 9082],
    tls_ports: &[443, 8443, 9043, 9443],
    hands_on_by: Some("WebSocket"),
    cut_probe,
    has_bodies: true,
    listed: Pick::Last,
    sign_on: Some(SignOn { told_by: Success::Granted, dedicated: false }),
    dialogues: Dialogues::Host,
    roles: meaning::ROLES,
    ..Protocol::new("http", "HTTP", probe, stream::open)
};

/// A request whose version was cut off, by its method.
fn cut_probe(from: Side, input: &[u8]) -> bool {
    from == Side::Client && line::is_web(input)
}

/// On any port HTTP is known by the same: a request line with its version, or a status line; what HTTP/2 begins with.
fn probe(from: Side, input: &[u8], _: bool) -> Probe {
    let blank = input.iter().take(4).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let input = input.get(blank..).unwrap_or_default();
    match http2::begins(from, input) {
        Judgement::Yes => return Probe::Yes,
        Judgement::Need(total) if !input.is_empty() => return Probe::Need(total.saturating_add(blank)),
        Judgement::Need(_) | Judgement::No(_) => {}
    }
    let judgement = match from {
        Side::Client => line::probe_request(input),
        Side::Server => line::judge(from, input),
    };
    match judgement {
        Judgement::Yes => Probe::Yes,
        Judgement::No(_) => Probe::No,
        Judgement::Need(total) => Probe::Need(total.saturating_add(blank)),
    }
}
