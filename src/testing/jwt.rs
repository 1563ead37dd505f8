//! Stories of JSON web tokens: a chat server that checks them, an interface that is called with them.

use nrpcsniff_samples::http::{self, Browser, Message, Visit};
use nrpcsniff_samples::{Network, jwt};

const ANN: &str = "uid=ann,o=example";
const SECOND: i64 = 1_000_000_000;

/// A token by that issuer that begins and ends so many seconds from now.
pub(crate) fn claims(net: &Network, issuer: &str, from: i64, until: i64) -> String {
    let at = |seconds: i64| net.now().saturating_add_signed(seconds * SECOND);
    jwt::of_user(ANN, issuer, "sametimeMeetings", at(from), at(until))
}

/// A living token by that issuer for that audience.
pub(crate) fn claims_for(net: &Network, issuer: &str, audience: &str) -> String {
    jwt::of_user(
        ANN,
        issuer,
        audience,
        net.now() - 60 * SECOND.unsigned_abs(),
        net.now() + 3600 * SECOND.unsigned_abs(),
    )
}

/// A token of Sametime that ended an hour ago.
pub(crate) fn spent(net: &Network) -> String {
    claims(net, "sametime", -10_800, -3_600)
}

/// A browser with that token at the chat server.
pub(crate) fn at_chat(net: &Network, token: &str) -> Visit {
    let browser = Browser::new(&net.host("10.1.0.50")).has("example.com", "sametimeJwt", &format!("\"{token}\""));
    browser.open(&net.host("10.1.0.30").linux(), 80, "chat.example.com")
}

/// The token is checked.
pub(crate) fn checked(chat: &Visit, status: u16) {
    chat.wait(20).ask(http::get("/sametime-auth/api/v1/check")).reply(http::response(status).json("{}"));
}

/// Another token is asked for.
pub(crate) fn renewed(chat: &Visit, status: u16) {
    chat.wait(20).ask(http::post("/sametime-auth/api/v1/refresh")).reply(http::response(status).json("{}"));
}

/// A program at an interface.
pub(crate) fn api(net: &Network) -> Visit {
    let program = Browser::new(&net.host("10.1.0.51")).agent("lists/1.0");
    program.open(&net.host("10.1.0.31").linux(), 8880, "api.example.com")
}

/// A call with a token in its header.
pub(crate) fn bearer(path: &str, token: &str) -> Message {
    http::get(path).header("Authorization", &format!("Bearer {token}"))
}
