//! Single sign-on by cookie: logins, and how a token that was issued does not arrive.

use super::{ANN, Sample, browser, chat, expected_end, mail, meet, portal};
use crate::file::Format;
use crate::http::{self, Browser, Cookie, Visit, cookie};
use crate::link::Link;
use crate::ltpa;
use crate::net::{Host, Network};

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "http-both-tokens",
        story: "A portal logs a user in and issues LtpaToken and LtpaToken2 for .example.com; the meeting server and the chat proxy \
                accept them without another login.",
        see: "Nothing to report: the same two tokens at three hosts.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: both_tokens,
    },
    Sample {
        name: "http-cookie-earlier",
        story: "The browser had its token before the capture began: the chat proxy signs it on by that token and has no reason to \
                set another.",
        see: "Nothing to report: a sign-on without Set-Cookie whose request carried the token.",
        rules: &[],
        format: || Format::pcap().link(Link::Vlan(30)),
        tell: cookie_earlier,
    },
    Sample {
        name: "http-logout",
        story: "A user logs out, which deletes the cookies; the next page asks for a login, and the user logs in again.",
        see: "Nothing to report: Set-Cookie with an end in the past is a deletion, not a token.",
        rules: &[],
        format: || Format::pcapng().big_endian().interface("eth0"),
        tell: logout,
    },
    Sample {
        name: "http-anonymous",
        story: "A browser reads public pages of the meeting server over IPv6; nobody logs in.",
        see: "Nothing to report: a session cookie and no token where none is needed.",
        rules: &[],
        format: || Format::pcap().nanoseconds(),
        tell: anonymous,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "http-token-not-returned",
        story: "The chat proxy logs a user in and works for her, but its answer sets no token; the meeting server of the same domain \
                sends the browser to a login page.",
        see: "A login answered with JSESSIONID and no LtpaToken; the next host's request carries none.",
        rules: &["ltpa-not-returned"],
        format: || Format::pcapng().interface("eth0"),
        tell: token_not_returned,
    },
    Sample {
        name: "http-domain-wide",
        story: "The chat proxy of chat.example.com.br sets its token for Domain=.com.br, which no browser accepts; it never comes back.",
        see: "A Domain that is a public suffix, and later requests without the cookie.",
        rules: &["ltpa-domain-wide"],
        format: || Format::pcapng().microseconds().link(Link::Sll2).interface("any"),
        tell: domain_wide,
    },
    Sample {
        name: "http-domain-narrow",
        story: "The portal sets its token without a Domain: the browser returns it to the portal alone, and the chat proxy asks for \
                another login.",
        see: "A host-only cookie that its own host gets back and the next host does not.",
        rules: &["ltpa-domain-narrow"],
        format: Format::pcap,
        tell: domain_narrow,
    },
    Sample {
        name: "http-short-name",
        story: "A user opens `http://chat/`: the token is set for .example.com, which the host `chat` does not belong to.",
        see: "A Host without a dot; the cookie is set and not returned.",
        rules: &["ltpa-shortname-url"],
        format: || Format::pcap().link(Link::RawIp),
        tell: short_name,
    },
    Sample {
        name: "http-secure-on-http",
        story: "The meeting server marks its tokens Secure and is used over plain http: the browser keeps them to itself.",
        see: "Set-Cookie with Secure on port 80, requests without the cookie, the login page again.",
        rules: &["ltpa-secure-on-http"],
        format: || Format::pcap().big_endian(),
        tell: secure_on_http,
    },
    Sample {
        name: "http-same-site",
        story: "A page of portal.example.org shows the chat in a frame. Opened by itself the chat gets its token, in the frame it does \
                not: the cookie is SameSite=Lax.",
        see: "A cross-site request without the cookie that other requests of the same browser carry.",
        rules: &["ltpa-samesite"],
        format: || Format::pcapng().interface("span0"),
        tell: same_site,
    },
    Sample {
        name: "http-single-server",
        story: "Domino logs a user in with DomAuthSessId instead of LtpaToken: its Web SSO configuration was not loaded. The chat proxy \
                knows nothing of her.",
        see: "A session cookie of one server only.",
        rules: &["sso-not-loaded"],
        format: Format::pcap,
        tell: single_server,
    },
    Sample {
        name: "http-cookie-stripped",
        story: "Captured on both sides of a reverse proxy: the chat proxy sets LtpaToken, the reverse proxy passes the answer on \
                without it.",
        see: "The same answer twice, once with and once without Set-Cookie.",
        rules: &["sso-cookie-stripped"],
        format: || Format::pcapng().interface("span0"),
        tell: cookie_stripped,
    },
    Sample {
        name: "http-login-loop",
        story: "A user logs in four times within half a minute; each login sets a token, each next request carries it, and each time \
                the meeting server sends the browser to its login page again.",
        see: "Four rounds of page, login, page; nothing in the cookies explains them.",
        rules: &["http-login-loop"],
        format: || Format::pcap().link(Link::Sll),
        tell: login_loop,
    },
    Sample {
        name: "http-login-refused",
        story: "Whenever a user sends Domino's form, the answer is 403: something before Domino does not let logins through from where she \
                is. She tries three times.",
        see: "Three logins that are answered by 403, which says nothing of name and password.",
        rules: &["http-login-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: login_refused,
    },
    Sample {
        name: "http-wrong-password",
        story: "A user types a wrong password into Domino's form three times, 20 seconds apart, and gives up. Each time the server answers \
                with status 200 and the form again.",
        see: "Three logins that are answered by the form; no cookie is set.",
        rules: &["http-wrong-password"],
        format: || Format::pcapng().interface("eth0"),
        tell: wrong_password,
    },
    Sample {
        name: "http-token-refused",
        story: "The portal logs a user in and gives her an LtpaToken2. Another server answers the first request with it by 401, and \
                nothing that was captured says why.",
        see: "The token is set, sent five seconds later, and refused.",
        rules: &["http-token-refused"],
        format: Format::pcap,
        tell: token_refused,
    },
];

/// The page of a login form.
const FORM: &str =
    "<html><body><form action=j_security_check method=post><input name=j_username><input name=j_password></form>";
const PAGE: &str = "<html><head><title>Example</title></head><body><p>Welcome</p></body></html>";

/// A token for all of .example.com.
pub(super) fn shared(name: &str, token: &str) -> Cookie {
    cookie(name, token).path("/").domain(".example.com")
}

/// A session of an application server, which is no token.
pub(super) fn session(net: &Network) -> Cookie {
    session_of(&net.random(8))
}

fn session_of(random: &[u8]) -> Cookie {
    let id = random.iter().map(|byte| char::from(b'a' + byte % 26)).collect::<String>();
    cookie("JSESSIONID", &format!("0000{id}:-1")).path("/").http_only()
}

/// The page that was asked for, as a logged-in user gets it.
pub(super) fn page() -> http::Message {
    http::response(200).html(PAGE)
}

/// The answer of WebSphere to somebody it does not know: its login page, and back to `path` afterwards.
pub(super) fn to_login(path: &str) -> http::Message {
    http::response(302).location("/login.jsp").set_cookie(cookie("WASReqURL", path).path("/"))
}

/// The answer of Domino to somebody it does not know.
pub(super) fn to_domino_login(path: &str) -> http::Message {
    http::response(302).location(&format!("/names.nsf?Login&RedirectTo={path}")).header("Server", "Lotus-Domino")
}

/// A browser asks for a page and is sent to the login form, which it reads.
pub(super) fn sent_to_login(visit: &Visit, path: &str) {
    visit.ask(http::get(path)).reply(to_login(path));
    visit.wait(8).ask(http::get("/login.jsp")).reply(http::response(200).html(FORM));
}

/// The user fills in the form of WebSphere, 4 s later; the answer sets these cookies and leads on to `path`.
pub(super) fn fills_in(visit: &Visit, path: &str, cookies: Vec<Cookie>) {
    fills_in_as(visit, "asmith", path, cookies);
}

/// This user fills in that form.
pub(super) fn fills_in_as(visit: &Visit, user: &str, path: &str, cookies: Vec<Cookie>) {
    let form = http::post("/j_security_check").form(&[("j_username", user), ("j_password", "not a real one")]);
    let answer = http::response(302).location(path);
    let answer = cookies.into_iter().fold(answer, http::Message::set_cookie);
    visit.wait(4_000).ask(form).reply(answer);
}

/// A whole login at a WebSphere server, up to the page.
pub(super) fn logs_in(visit: &Visit, path: &str, cookies: Vec<Cookie>) {
    sent_to_login(visit, path);
    fills_in(visit, path, cookies);
    visit.wait(10).ask(http::get(path)).reply(page());
}

/// The user fills in the form of Domino; the answer sets these cookies.
pub(super) fn domino_login(visit: &Visit, path: &str, cookies: Vec<Cookie>) {
    let form = [("Username", "Ann Smith"), ("Password", "not a real one"), ("RedirectTo", path)];
    let answer = http::response(302).location(path).header("Server", "Lotus-Domino");
    let answer = cookies.into_iter().fold(answer, http::Message::set_cookie);
    visit.ask(http::post("/names.nsf?Login").form(&form)).reply(answer);
    visit.wait(10).ask(http::get(path)).reply(page());
}

/// A sign-on of this user at the chat proxy by name and password; the answer sets these cookies. Presence follows.
pub(super) fn chat_login(visit: &Visit, user: &str, cookies: Vec<Cookie>) {
    visit.ask(http::get("/stwebclient/popup.jsp")).reply(page());
    let form = [("username", user), ("password", "not a real one")];
    let answer = http::response(200).json("{\"reasonCode\":0,\"sid\":\"1\"}");
    let answer = cookies.into_iter().fold(answer, http::Message::set_cookie);
    visit.wait(5_000).ask(http::post("/stwebapi/user/connect").form(&form)).reply(answer);
    presence(visit);
}

fn presence(visit: &Visit) {
    for _ in 0..2 {
        visit.wait(400).ask(http::get("/stwebapi/presence")).reply(http::response(200).json("{\"status\":1}"));
    }
}

/// Both tokens of a WebSphere login, for all of .example.com.
pub(super) fn both(net: &Network) -> Vec<Cookie> {
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1), session(net)]
}

fn both_tokens(net: &Network) {
    let browser = browser(net);
    let portal = browser.open(&portal(net), 80, "portal.example.com");
    logs_in(&portal, "/wps/myportal", both(net));
    net.wait(900);
    let meet = browser.open(&meet(net), 80, "meet.example.com");
    meet.ask(http::get("/stmeetings/")).reply(page().set_cookie(session(net)));
    net.wait(700);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    chat.ask(http::get("/stwebclient/popup.jsp")).reply(page());
    chat.ask(http::post("/stwebapi/user/connect").form(&[("loginType", "byToken")]));
    chat.reply(http::response(200).json("{\"reasonCode\":0,\"sid\":\"1\"}"));
    presence(&chat);
    for visit in net.any_order([&chat, &meet, &portal]) {
        visit.wait(300).tcp().client_fin();
    }
}

fn cookie_earlier(net: &Network) {
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now() - 20 * ltpa::MINUTE, expected_end(net));
    let browser = browser(net).has("example.com", "LtpaToken", &token);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    chat.ask(http::get("/stwebclient/popup.jsp")).reply(page().set_cookie(session(net)));
    chat.ask(http::post("/stwebapi/user/connect").form(&[("loginType", "byToken")]));
    chat.reply(http::response(200).json("{\"reasonCode\":0,\"sid\":\"1\"}"));
    presence(&chat);
    let meet = browser.open(&meet(net), 80, "meet.example.com");
    meet.ask(http::get("/stmeetings/")).reply(page());
    meet.wait(50).tcp().client_fin();
    chat.wait(50).tcp().client_fin();
}

fn logout(net: &Network) {
    let portal = browser(net).open(&portal(net), 80, "portal.example.com");
    logs_in(&portal, "/wps/myportal", both(net));
    let gone = |name| shared(name, "\"\"").with("Expires=Thu, 01 Dec 1994 16:00:00 GMT");
    portal.wait(9_000).ask(http::get("/ibm_security_logout")).reply(
        http::response(302).location("/wps/portal").set_cookie(gone("LtpaToken2")).set_cookie(gone("LtpaToken")),
    );
    portal.wait(10).ask(http::get("/wps/portal")).reply(page());
    portal.wait(20_000);
    logs_in(&portal, "/wps/myportal", both(net));
    portal.wait(100).tcp().client_fin();
}

fn anonymous(net: &Network) {
    let (client, server) = (net.host("2001:db8:1::50"), net.host("2001:db8:1::22").linux().ttl(63));
    let meet = Browser::new(&client).open(&server, 80, "meet.example.com");
    meet.ask(http::get("/stmeetings/about.jsp")).reply(page().set_cookie(session(net)));
    meet.wait(20).ask(http::get("/stmeetings/style.css")).reply(http::response(304));
    meet.wait(20).ask(http::get("/stmeetings/serverversion.properties"));
    meet.reply(http::response(200).body("text/plain", "version=9.0.1\n".repeat(20)).chunked(120));
    meet.wait(20).ask(http::get("/favicon.ico")).reply(http::response(404));
    meet.wait(2_000).tcp().client_fin();
}

fn token_not_returned(net: &Network) {
    let browser = browser(net);
    token_not_returned_in(net, |server, name| browser.open(server, 80, name));
}

/// The story of http-token-not-returned, in connections that `open` opens.
pub(super) fn token_not_returned_in(net: &Network, open: impl Fn(&Host, &'static str) -> Visit) {
    let chat = open(&chat(net), "chat.example.com");
    chat_login(&chat, "asmith", vec![session(net)]);
    net.wait(3_000);
    let meet = open(&meet(net), "meet.example.com");
    sent_to_login(&meet, "/stmeetings/");
    meet.wait(6_000).tcp().client_fin();
    chat.wait(200).tcp().client_fin();
}

fn domain_wide(net: &Network) {
    let browser = browser(net);
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now() + 5_000_000_000, expected_end(net));
    let chat = browser.open(&chat(net), 80, "chat.example.com.br");
    chat_login(&chat, "asmith", vec![cookie("LtpaToken", &token).path("/").domain(".com.br"), session(net)]);
    net.wait(3_000);
    let meet = browser.open(&meet(net), 80, "meet.example.com.br");
    sent_to_login(&meet, "/stmeetings/");
    meet.wait(6_000).tcp().client_fin();
    chat.wait(200).tcp().client_fin();
}

fn domain_narrow(net: &Network) {
    let browser = browser(net);
    let portal = browser.open(&portal(net), 80, "portal.example.com");
    let token = ltpa::DEMO.v2(ANN, expected_end(net));
    logs_in(&portal, "/wps/myportal", vec![cookie("LtpaToken2", &token).path("/"), session(net)]);
    net.wait(1_500);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    sent_to_login(&chat, "/stwebclient/popup.jsp");
    chat.wait(2_000).tcp().client_fin();
    portal.ask(http::get("/wps/myportal/news")).reply(page());
    portal.wait(100).tcp().client_fin();
}

fn short_name(net: &Network) {
    let browser = browser(net);
    let chat = browser.open(&chat(net), 80, "chat");
    let token = |net: &Network| ltpa::DEMO.v2(ANN, expected_end(net));
    for _ in 0..2 {
        sent_to_login(&chat, "/stwebclient/popup.jsp");
        fills_in(&chat, "/stwebclient/popup.jsp", vec![shared("LtpaToken2", &token(net))]);
        chat.wait(10);
    }
    sent_to_login(&chat, "/stwebclient/popup.jsp");
    chat.wait(3_000).tcp().client_fin();
}

fn secure_on_http(net: &Network) {
    let meet = browser(net).open(&meet(net), 80, "meet.example.com");
    for _ in 0..2 {
        sent_to_login(&meet, "/stmeetings/");
        let token = ltpa::DEMO.v2(ANN, expected_end(net));
        fills_in(&meet, "/stmeetings/", vec![shared("LtpaToken2", &token).secure(), session(net)]);
        meet.wait(10);
    }
    sent_to_login(&meet, "/stmeetings/");
    meet.wait(3_000).tcp().client_fin();
}

fn same_site(net: &Network) {
    let browser = browser(net);
    let chat_server = chat(net);
    let chat = browser.open(&chat_server, 80, "chat.example.com");
    let token = ltpa::DEMO.v2(ANN, expected_end(net));
    logs_in(&chat, "/stwebclient/popup.jsp", vec![shared("LtpaToken2", &token).same_site("Lax")]);
    chat.wait(5_000).tcp().client_fin();
    let page_around = browser.open(&portal(net), 80, "portal.example.org");
    page_around.ask(http::get("/start")).reply(page());
    let framed = |path| {
        http::get(path)
            .header("Referer", "http://portal.example.org/")
            .header("Sec-Fetch-Site", "cross-site")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Dest", "iframe")
    };
    let frame = Browser::new(&super::client(net)).open(&chat_server, 80, "chat.example.com");
    frame.ask(framed("/stwebclient/popup.jsp")).reply(to_login("/stwebclient/popup.jsp"));
    frame.wait(5).ask(framed("/login.jsp")).reply(http::response(200).html(FORM));
    frame.wait(2_000).tcp().client_fin();
    page_around.wait(20).tcp().client_fin();
}

fn single_server(net: &Network) {
    let browser = browser(net);
    let mail = browser.open(&mail(net), 80, "mail.example.com");
    domino_login(
        &mail,
        "/mail/asmith.nsf",
        vec![cookie("DomAuthSessId", &net.made_up("9F2C1A7E55D04B6688E1A3C0D94E7B21")).path("/")],
    );
    net.wait(2_000);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    sent_to_login(&chat, "/stwebclient/popup.jsp");
    chat.wait(2_000).tcp().client_fin();
    mail.wait(50).tcp().client_fin();
}

fn cookie_stripped(net: &Network) {
    const CONNECT: &str = "/stwebapi/user/connect";
    let (client, gate) = (browser(net), net.host("10.1.0.30").linux());
    let front = client.open(&gate, 80, "chat.example.com");
    let back = Browser::new(&gate).agent("reverse proxy").open(&chat(net), 9080, "chat.example.com");
    let form = || http::post(CONNECT).form(&[("username", "asmith"), ("password", "not a real one")]);
    let forwarded = &net.address("10.1.0.50");
    let answer = || {
        http::response(200).json("{\"reasonCode\":0,\"sid\":\"1\"}").set_cookie(session_of(&net.generator(7).bytes(8)))
    };
    front.ask(form());
    net.wait(1);
    back.ask(form().header("X-Forwarded-For", forwarded));
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), expected_end(net));
    back.reply(answer().set_cookie(shared("LtpaToken", &token)));
    front.reply_after(1, answer());
    net.wait(2_000);
    let meet = client.open(&meet(net), 80, "meet.example.com");
    sent_to_login(&meet, "/stmeetings/");
    for visit in net.any_order([&meet, &front, &back]) {
        visit.wait(500).tcp().client_fin();
    }
}

/// Domino's form.
const DOMINO_FORM: &str = "<html><body><form method=post action=\"/names.nsf?Login\"><input name=Username><input name=Password type=password></form>";

fn sends_form(web: &Visit, answer: http::Message) {
    let form = [("Username", "asmith"), ("Password", "not a real one")];
    web.wait(20_000).ask(http::post("/names.nsf?Login").form(&form)).reply(answer);
}

fn login_refused(net: &Network) {
    let web = browser(net).open(&net.host("10.1.0.20").linux(), 80, "mail.example.com");
    for _ in 0..3 {
        sends_form(&web, http::response(403).html("<h1>Forbidden</h1>"));
    }
    web.wait(3_000).tcp().client_fin();
}

fn wrong_password(net: &Network) {
    let web = browser(net).open(&net.host("10.1.0.20").linux(), 80, "mail.example.com");
    for _ in 0..3 {
        sends_form(&web, http::response(200).html(DOMINO_FORM));
    }
    web.wait(3_000).tcp().client_fin();
}

fn token_refused(net: &Network) {
    let user = browser(net);
    let portal = user.open(&portal(net), 80, "portal.example.com");
    fills_in(&portal, "/wps/myportal", vec![shared("LtpaToken2", &ltpa::DEMO.v2(ANN, expected_end(net)))]);
    portal.wait(3_000).tcp().client_fin();
    let other = user.open(&net.host("10.1.0.30").linux(), 80, "connections.example.com");
    other.wait(5_000).ask(http::get("/homepage/")).reply(http::response(401).challenge("Connections"));
    other.wait(3_000).tcp().client_fin();
}

fn login_loop(net: &Network) {
    let meet = browser(net).open(&meet(net), 80, "meet.example.com");
    for _ in 0..4 {
        sent_to_login(&meet, "/stmeetings/");
        let token = ltpa::DEMO.v2(ANN, expected_end(net));
        fills_in(&meet, "/stmeetings/", vec![shared("LtpaToken2", &token)]);
        meet.wait(10);
    }
    sent_to_login(&meet, "/stmeetings/");
    meet.wait(3_000).tcp().client_fin();
}
