//! Sign-on by others: JSON web tokens, identity providers, tickets of Windows.

use super::{Sample, browser};
use crate::file::Format;
use crate::http::{self, Browser, Visit};
use crate::jwt;
use crate::link::Link;
use crate::ltpa::MINUTE;
use crate::net::Network;
use crate::time::SECOND;

pub(super) const WORKING: &[Sample] = &[Sample {
    name: "jwt-working",
    story: "Sametime 12 checks the token of its user; it ends, the client asks for another and goes on with that.",
    see: "Nothing to report: 401 to a token that has ended, 200 to its renewal, 200 to the new one.",
    rules: &[],
    format: || Format::pcapng().interface("eth0"),
    tell: renewed,
}];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "jwt-expired",
        story: "Sametime 12 gave its user a token for an hour; it ended five minutes ago. The client checks it every few seconds and asks \
                for another: 401 to both, since the session behind it has ended as well.",
        see: "exp in the cookie sametimeJwt lies before the packet; /refresh is refused.",
        rules: &["jwt-expired"],
        format: || Format::pcapng().interface("eth0"),
        tell: expired,
    },
    Sample {
        name: "jwt-not-yet",
        story: "The clock of the identity provider is forty seconds ahead: Domino refuses the token that it has just issued, twice.",
        see: "nbf and iat of the bearer token lie behind the Date of the answer.",
        rules: &["jwt-not-yet"],
        format: || Format::pcap().nanoseconds(),
        tell: not_yet,
    },
    Sample {
        name: "jwt-audience",
        story: "A script calls the mail server's web interface with a token that the identity provider has issued for another host.",
        see: "aud names https://lists.example.com, the request goes to mail.example.com.",
        rules: &["jwt-audience"],
        format: || Format::pcap().link(Link::Vlan(4)),
        tell: audience,
    },
];

const PROVIDER: &str = "https://idp.example.org/realms/example";
const REFUSED: &str = "Bearer realm=\"mail\", error=\"invalid_token\"";

fn expired(net: &Network) {
    let token = jwt::of_user(
        "uid=ann,o=example",
        "sametime",
        "sametimeMeetings",
        net.now() - 65 * MINUTE,
        net.now() - 5 * MINUTE,
    );
    let chat = browser(net).has("example.com", "sametimeJwt", &format!("\"{token}\""));
    let chat = chat.open(&super::chat(net), 80, "chat.example.com");
    for _ in 0..3 {
        chat.ask(http::get("/sametime-auth/api/v1/check")).reply(http::response(401).json("{\"error\":\"expired\"}"));
        chat.ask(http::post("/sametime-auth/api/v1/refresh")).reply(http::response(401).json("{}")).wait(5_000);
    }
    chat.tcp().client_fin();
}

fn renewed(net: &Network) {
    let until = net.now() + MINUTE;
    let token = |from: u64, until: u64| jwt::of_user("uid=ann,o=example", "sametime", "sametimeMeetings", from, until);
    let set = |token: &str| http::cookie("sametimeJwt", &format!("\"{token}\"")).path("/").http_only();
    let browser = browser(net).has("example.com", "sametimeRefresh", "constructed");
    let chat = browser.open(&super::chat(net), 80, "chat.example.com");
    chat.ask(http::post("/sametime-auth/api/v1/login"))
        .reply(http::response(200).json("{}").set_cookie(set(&token(until - 60 * MINUTE, until))));
    let check = || http::get("/sametime-auth/api/v1/check");
    chat.wait(5_000).ask(check()).reply(http::response(200).json("{}"));
    chat.wait(70_000).ask(check()).reply(http::response(401).json("{\"error\":\"expired\"}"));
    let renewed = http::response(200).json("{}").set_cookie(set(&token(net.now(), net.now() + 60 * MINUTE)));
    chat.wait(10).ask(http::post("/sametime-auth/api/v1/refresh")).reply(renewed);
    chat.wait(10).ask(check()).reply(http::response(200).json("{}"));
    chat.wait(5_000).tcp().client_fin();
}

/// A script at the mail server's web interface.
fn script(net: &Network) -> Visit {
    Browser::new(&net.host("10.1.0.60").linux()).agent("python-requests/2.31").open(
        &super::mail(net),
        80,
        "mail.example.com",
    )
}

fn calls(visit: &Visit, token: &str, answer: http::Message) {
    visit
        .ask(http::get("/mail/asmith.nsf/api/data/documents").header("Authorization", &format!("Bearer {token}")))
        .reply(answer);
}

fn refused() -> http::Message {
    http::response(401).set("WWW-Authenticate", REFUSED).header("Server", "Lotus-Domino")
}

fn not_yet(net: &Network) {
    let ahead = net.now() + 40 * SECOND;
    let token = jwt::of_user("ann@example.com", PROVIDER, "https://mail.example.com", ahead, ahead + 60 * MINUTE);
    let script = script(net);
    for _ in 0..2 {
        calls(&script, &token, refused());
        script.wait(5_000);
    }
    script.tcp().client_fin();
}

fn audience(net: &Network) {
    let from = net.now() - SECOND;
    let token = jwt::of_user("ann@example.com", PROVIDER, "https://lists.example.com", from, from + 60 * MINUTE);
    let script = script(net);
    for _ in 0..2 {
        calls(&script, &token, refused());
        script.wait(5_000);
    }
    script.tcp().client_fin();
}
