//! Logins by an identity provider: circles, cookies that stay away, assertions out of time or for somebody else.

use super::Row;
use nrpcsniff_samples::http::{self, Browser, Cookie, Message, Visit, cookie};
use nrpcsniff_samples::{Network, ltpa, saml};

const CIRCLE: Option<&str> = Some("idp-circle");
const LOST: Option<&str> = Some("idp-cookie-lost");
const REFUSED: Option<&str> = Some("idp-refused");
const TIME: Option<&str> = Some("saml-time");
const AUDIENCE: Option<&str> = Some("saml-audience");
const APP: &str = "app.example.com";
const IDP: &str = "idp.example.org";
const CONSUMER: &str = "http://app.example.com/names.nsf?SAMLLogin";

pub(crate) const ROWS: &[Row] = &[
    ("a circle by Keycloak", |net| rounds(net, 80, "/realms/a/protocol/openid-connect/auth", 4), CIRCLE),
    ("a circle by AD FS", |net| rounds(net, 80, "/adfs/oauth2/authorize", 3), CIRCLE),
    ("a circle by Entra, other port", |net| rounds(net, 8080, "/tenant/oauth2/v2.0/authorize", 5), CIRCLE),
    ("twice to the provider", |net| rounds(net, 80, "/authorize", 2), None),
    ("a login by a code", |net| logs_in(net, "code=c0&state=s0", 302), None),
    ("an error of the provider", |net| logs_in(net, "error=invalid_scope&state=s0", 403), REFUSED),
    (
        "another error of the provider",
        |net| logs_in(net, "state=s0&error=access_denied&error_description=no", 401),
        REFUSED,
    ),
    ("a silent check of the session", |net| logs_in(net, "error=login_required&state=s0", 200), None),
    ("a status of SAML", |net| posts(net, 80, &Post { said: "Requester", status: 403, ..GOOD }), REFUSED),
    (
        "a cookie with SameSite=Lax",
        |net| posts(net, 80, &Post { policy: "Lax", comes: false, landed: "/home.nsf", ..GOOD }),
        LOST,
    ),
    (
        "a cookie with SameSite=Strict",
        |net| posts(net, 8080, &Post { policy: "Strict", comes: false, landed: "/home.nsf", ..GOOD }),
        LOST,
    ),
    ("a cookie that is missed", |net| posts(net, 80, &Post { policy: "Lax", comes: false, status: 400, ..GOOD }), LOST),
    ("a cookie that comes back", |net| posts(net, 80, &Post { landed: "/home.nsf", ..GOOD }), None),
    ("a cookie that is not missed", |net| posts(net, 80, &Post { policy: "Lax", comes: false, ..GOOD }), None),
    ("an assertion of the future", |net| posts(net, 80, &Post { time: [90, 3600], status: 500, ..GOOD }), TIME),
    ("an assertion that has ended", |net| posts(net, 8080, &Post { time: [-3600, -9], status: 401, ..GOOD }), TIME),
    ("an assertion of the far future", |net| posts(net, 80, &Post { time: [7200, 9000], status: 403, ..GOOD }), TIME),
    ("an assertion of the future that is taken", |net| posts(net, 80, &Post { time: [90, 3600], ..GOOD }), None),
    (
        "an audience with a slash",
        |net| posts(net, 80, &Post { audience: "http://app.example.com/", status: 500, ..GOOD }),
        AUDIENCE,
    ),
    (
        "an audience with https",
        |net| posts(net, 8080, &Post { audience: "https://app.example.com", status: 403, ..GOOD }),
        AUDIENCE,
    ),
    (
        "another recipient",
        |net| posts(net, 80, &Post { recipient: "http://x.example.com/names.nsf?SAMLLogin", status: 500, ..GOOD }),
        AUDIENCE,
    ),
    ("another audience that is taken", |net| posts(net, 80, &Post { audience: "http://other", ..GOOD }), None),
    ("a login by an assertion", |net| posts(net, 80, &GOOD), None),
];

fn at_app(net: &Network, browser: &Browser, port: u16) -> Visit {
    browser.open(&net.host("10.1.0.80").linux(), port, APP)
}

fn at_provider(net: &Network) -> Visit {
    Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.90").linux(), 80, IDP)
}

/// The application of a browser that has an old token sends it to the provider, and it comes back with that query.
fn away(net: &Network, app: &Visit, path: &str, query: &str) {
    let there = format!("{path}?client_id=app&state=s");
    app.wait(200).ask(http::get("/homepage/")).reply(http::response(302).location(&format!("http://{IDP}{there}")));
    let back = http::response(302).location(&format!("http://{APP}/callback?{query}"));
    at_provider(net).ask(http::get(&there)).reply(back);
    app.wait(200).ask(http::get(&format!("/callback?{query}")));
}

fn with_old_token(net: &Network) -> Browser {
    let old = ltpa::DEMO.v2("CN=Ann Smith,O=ACME", net.now() + 120 * ltpa::MINUTE);
    Browser::new(&net.host("10.1.0.50")).has(APP, "LtpaToken2", &old)
}

fn rounds(net: &Network, port: u16, path: &str, count: usize) {
    let app = at_app(net, &with_old_token(net), port);
    for number in 0..count {
        away(net, &app, path, &format!("code=c{number}&state=s{number}"));
        app.reply(http::response(302).location("/homepage/"));
    }
}

fn logs_in(net: &Network, query: &str, status: u16) {
    let app = at_app(net, &with_old_token(net), 80);
    away(net, &app, "/authorize", query);
    if status == 302 {
        app.reply(http::response(302).location("/homepage/").set_cookie(cookie("JSESSIONID", "0000a:-1").path("/")));
        app.wait(50).ask(http::get("/homepage/")).reply(http::response(200).html("a page"));
    } else {
        app.reply(http::response(status));
    }
}

/// A login by SAML: what the application sets, what the provider posts, and what the application answers.
struct Post {
    policy: &'static str,
    comes: bool,
    said: &'static str,
    audience: &'static str,
    recipient: &'static str,
    time: [i64; 2],
    status: u16,
    landed: &'static str,
}

const WANTED: &str = "/crm.nsf/doc";
const GOOD: Post = Post {
    policy: "None",
    comes: true,
    said: "Success",
    audience: "http://app.example.com",
    recipient: CONSUMER,
    time: [-60, 3600],
    status: 302,
    landed: WANTED,
};

fn posts(net: &Network, port: u16, said: &Post) {
    let [from, until] = said.time.map(|seconds| net.now().saturating_add_signed(seconds * 1_000_000_000));
    let &Post { audience, recipient, said: status, .. } = said;
    let issuer = "http://idp.example.org/trust";
    let response =
        saml::Response { answers: "_q", issuer, audience, recipient, status, user: "ann@example.com", from, until };
    let browser = Browser::new(&net.host("10.1.0.50"));
    let app = at_app(net, &browser, port);
    let request = saml::request("_q", "http://app.example.com", CONSUMER);
    let away = http::response(302).location(&format!("http://{IDP}/saml2?SAMLRequest={request}"));
    app.ask(http::get(WANTED)).reply(away.set_cookie(noted(said.policy)).header("Server", "Lotus-Domino"));
    let bare = Browser::new(&net.host("10.1.0.50")).over(app.tcp().clone(), false, APP);
    let poster = if said.comes { &app } else { &bare };
    let form = http::post("/names.nsf?SAMLLogin")
        .header("Origin", "http://idp.example.org")
        .form(&[("SAMLResponse", &response.form())]);
    poster.wait(3_000).ask(form);
    app.reply(answer(net, said));
    if said.status == 302 {
        app.wait(50).ask(http::get(said.landed)).reply(http::response(200).html("a page"));
    }
}

fn noted(policy: &str) -> Cookie {
    cookie("SAMLRedirectURL", &format!("http://{APP}{WANTED}")).path("/").same_site(policy)
}

fn answer(net: &Network, post: &Post) -> Message {
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 120 * ltpa::MINUTE);
    match post.status {
        302 => http::response(302).location(post.landed).set_cookie(cookie("LtpaToken", &token).path("/")),
        status => http::response(status).header("Server", "Lotus-Domino"),
    }
}
