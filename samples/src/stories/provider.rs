//! Sign-on by others: JSON web tokens, identity providers, tickets of Windows.

use super::{Sample, browser};
use crate::file::Format;
use crate::http::{self, Browser, Message, Visit};
use crate::jwt;
use crate::kerberos;
use crate::link::Link;
use crate::ltpa::{self, MINUTE};
use crate::net::Network;
use crate::saml;
use crate::time::SECOND;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "jwt-working",
        story: "Sametime 12 checks the token of its user; it ends, the client asks for another and goes on with that.",
        see: "Nothing to report: 401 to a token that has ended, 200 to its renewal, 200 to the new one.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: renewed,
    },
    Sample {
        name: "idp-working",
        story: "Domino sends a browser to its identity provider, which posts a good assertion; the user gets the page that he wanted. Then \
                Connections does the same by OpenID Connect.",
        see: "Nothing to report: two logins by another site, each with its page in the end.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: logged_in,
    },
    Sample {
        name: "spnego-working",
        story: "Domino asks a browser for Negotiate, gets a Kerberos ticket for its own name, and shows the page.",
        see: "Nothing to report: a first 401 without credentials, 200 to the ticket.",
        rules: &[],
        format: || Format::pcap().nanoseconds(),
        tell: signed_on_with_windows,
    },
];

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
    Sample {
        name: "spnego-ntlm",
        story: "Domino asks for Negotiate. Windows finds no service principal name for mail.example.com and answers with NTLM, which Domino does \
                not know: it asks again, three times.",
        see: "Authorization: Negotiate TlRMTVNTUAAB..., 401 with a bare Negotiate.",
        rules: &["spnego-ntlm"],
        format: || Format::pcap().nanoseconds(),
        tell: ntlm,
    },
    Sample {
        name: "spnego-clock",
        story: "A browser shows Domino a Kerberos ticket; the server's clock is twenty minutes ahead, and it says so in its refusal.",
        see: "KRB-ERROR 37 inside of the answer, with the server's time.",
        rules: &["spnego-ticket-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: skewed,
    },
    Sample {
        name: "http-header-too-large",
        story: "A user who is in hundreds of groups opens her mail: her Kerberos ticket has 13 KB, and IBM HTTP Server takes 8190 bytes of one \
                line. A colleague gets in.",
        see: "400 to a request whose Authorization header is larger than any that was taken.",
        rules: &["http-header-too-large"],
        format: || Format::pcapng().interface("eth0"),
        tell: large_ticket,
    },
    Sample {
        name: "idp-circle",
        story: "Connections sends a browser to Keycloak, which knows the user and sends it back with a code; Connections looks at an old \
                LtpaToken2, does not take it, and sends the browser to Keycloak again, five times.",
        see: "The same two addresses in turn, a new code each time, the same token each time, and no page.",
        rules: &["idp-circle"],
        format: || Format::pcapng().interface("eth0"),
        tell: circle,
    },
    Sample {
        name: "idp-same-site",
        story: "Domino notes the page that a user wants in a cookie with SameSite=Lax and sends the browser to its identity provider. The \
                provider's page posts the assertion: browsers do not send such a cookie with that, and the user lands on the start page.",
        see: "SAMLRedirectURL is set, is not in the POST, and is there again with the next request.",
        rules: &["idp-cookie-lost"],
        format: || Format::pcap().nanoseconds(),
        tell: same_site,
    },
    Sample {
        name: "idp-refused",
        story: "The identity provider does not accept the user and says so: Responder, AuthnFailed. Domino answers 403.",
        see: "A SAMLResponse without an assertion.",
        rules: &["idp-refused"],
        format: || Format::pcap().link(Link::Sll),
        tell: |net| posted(net, Post { status: "Responder", ..Post::good(net) }, 403),
    },
    Sample {
        name: "saml-not-yet",
        story: "The clock of the identity provider is seven minutes ahead: Domino refuses an assertion that has not begun by its own clock.",
        see: "NotBefore of the assertion lies behind the Date of the answer.",
        rules: &["saml-time"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: |net| {
            posted(net, Post { from: net.now() + 7 * MINUTE, until: net.now() + 67 * MINUTE, ..Post::good(net) }, 500);
        },
    },
    Sample {
        name: "saml-audience",
        story: "At the identity provider the application is called http://mail.example.com/, with a slash that Domino's own name lacks.",
        see: "Audience of the assertion against Issuer of the request.",
        rules: &["saml-audience"],
        format: || Format::pcap().link(Link::Vlan(9)),
        tell: |net| posted(net, Post { audience: "http://mail.example.com/", ..Post::good(net) }, 500),
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

fn calls(visit: &Visit, token: &str, answer: Message) {
    visit
        .ask(http::get("/mail/asmith.nsf/api/data/documents").header("Authorization", &format!("Bearer {token}")))
        .reply(answer);
}

fn refused() -> Message {
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

const IDP: &str = "idp.example.org";
const CONSUMER: &str = "http://mail.example.com/names.nsf?SAMLLogin";
const WANTED: &str = "/crm.nsf/doc/4711?OpenDocument";

fn idp(net: &Network) -> Visit {
    browser(net).open(&net.host("203.0.113.90").linux().ttl(52), 80, IDP)
}

/// The provider's endpoint of OpenID Connect, as Keycloak calls it.
fn authorize(number: usize) -> String {
    format!("/realms/example/protocol/openid-connect/auth?client_id=connections&response_type=code&state=s{number}")
}

fn callback(number: usize) -> String {
    format!("/oidcclient/redirect/rp?code=c{number}&state=s{number}")
}

/// An application sends the browser to the provider, which sends it back with a code.
fn with_code(net: &Network, app: &Visit, name: &str, number: usize) {
    app.ask(http::get("/homepage/")).reply(http::response(302).location(&format!("http://{IDP}{}", authorize(number))));
    let provider = idp(net);
    provider
        .ask(http::get(&authorize(number)))
        .reply(http::response(302).location(&format!("http://{name}{}", callback(number))));
    provider.wait(100).tcp().client_fin();
    app.wait(100).ask(http::get(&callback(number)));
}

fn circle(net: &Network) {
    let old = ltpa::DEMO.v2(super::ANN, super::expected_end(net));
    let browser = browser(net).has("example.com", "LtpaToken2", &old);
    let app = browser.open(&net.host("10.1.0.24").linux().ttl(63), 80, "connections.example.com");
    for number in 0..5 {
        with_code(net, &app, "connections.example.com", number);
        app.reply(http::response(302).location("/homepage/")).wait(300);
    }
    app.wait(2_000).tcp().client_fin();
}

/// What the provider posts.
#[derive(Clone, Copy)]
struct Post {
    status: &'static str,
    audience: &'static str,
    from: u64,
    until: u64,
}

impl Post {
    fn good(net: &Network) -> Self {
        let (from, until) = (net.now() - MINUTE, net.now() + 59 * MINUTE);
        Self { status: "Success", audience: "http://mail.example.com", from, until }
    }

    fn form(self) -> Message {
        let response = saml::Response {
            answers: "_q4711",
            issuer: "http://idp.example.org/adfs/services/trust",
            audience: self.audience,
            recipient: CONSUMER,
            status: self.status,
            user: "ann@example.com",
            from: self.from,
            until: self.until,
        };
        let form = [("SAMLResponse", response.form().as_str()), ("RelayState", "x")]
            .map(|(name, value)| (name, value.to_owned()));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        http::post("/names.nsf?SAMLLogin").header("Origin", "http://idp.example.org").form(&form)
    }
}

/// Domino sends the browser to the provider, where the user signs in. The cookie that it sets has that SameSite.
fn to_provider(net: &Network, mail: &Visit, same_site: &str) {
    let request = saml::request("_q4711", "http://mail.example.com", CONSUMER);
    let noted =
        http::cookie("SAMLRedirectURL", &format!("http://mail.example.com{WANTED}")).path("/").same_site(same_site);
    let away = http::response(302).location(&format!("http://{IDP}/adfs/ls/?SAMLRequest={request}&RelayState=x"));
    mail.ask(http::get(WANTED)).reply(away.set_cookie(noted).header("Server", "Lotus-Domino"));
    let provider = idp(net);
    provider.ask(http::get(&format!("/adfs/ls/?SAMLRequest={request}&RelayState=x")));
    provider.reply(http::response(200).html("<p>a page that posts a form</p>"));
    provider.wait(100).tcp().client_fin();
}

/// The answer of Domino to an assertion that it takes.
fn taken(net: &Network, to: &str) -> Message {
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), super::expected_end(net));
    let token = http::cookie("LtpaToken", &token).domain(".example.com").path("/");
    http::response(302).location(to).set_cookie(token).header("Server", "Lotus-Domino")
}

fn posted(net: &Network, post: Post, status: u16) {
    let mail = browser(net).open(&super::mail(net), 80, "mail.example.com");
    to_provider(net, &mail, "None");
    mail.wait(3_000).ask(post.form());
    mail.reply(http::response(status).header("Server", "Lotus-Domino").html("<h1>Bad SAML Request</h1>"));
    mail.wait(2_000).tcp().client_fin();
}

fn same_site(net: &Network) {
    let with_cookie = browser(net);
    let mail = with_cookie.open(&super::mail(net), 80, "mail.example.com");
    to_provider(net, &mail, "Lax");
    mail.wait(5_000);
    let bare = browser(net).over(mail.tcp().clone(), false, "mail.example.com");
    bare.ask(Post::good(net).form());
    mail.reply(taken(net, "/homepage.nsf"));
    mail.wait(50).ask(http::get("/homepage.nsf")).reply(http::response(200).html("<p>the start page</p>"));
    mail.wait(2_000).tcp().client_fin();
}

fn logged_in(net: &Network) {
    let browser = browser(net);
    let mail = browser.open(&super::mail(net), 80, "mail.example.com");
    to_provider(net, &mail, "None");
    mail.wait(3_000).ask(Post::good(net).form()).reply(taken(net, WANTED));
    mail.wait(50).ask(http::get(WANTED)).reply(http::response(200).html("<p>a document</p>"));
    let app = browser.open(&net.host("10.1.0.24").linux().ttl(63), 80, "connections.example.com");
    with_code(net, &app, "connections.example.com", 1);
    let session = http::cookie("JSESSIONID", "0000constructed:-1").path("/").http_only();
    app.reply(http::response(302).location("/homepage/").set_cookie(session));
    app.wait(50).ask(http::get("/homepage/")).reply(http::response(200).html("<p>home</p>"));
    for visit in [&app, &mail] {
        visit.wait(900).tcp().client_fin();
    }
}

/// The mail server asks for Negotiate, and the browser shows this; the answer is that.
fn negotiates(visit: &Visit, token: &str, answer: &str) {
    let asks = |with: &str| http::response(401).header("Server", "Lotus-Domino").set("WWW-Authenticate", with);
    visit.wait(200).ask(http::get("/mail/asmith.nsf")).reply(asks("Negotiate"));
    let shows = http::get("/mail/asmith.nsf").header("Authorization", &format!("Negotiate {token}"));
    visit.ask(shows).reply(asks(answer));
}

fn ntlm(net: &Network) {
    let mail = browser(net).open(&super::mail(net), 80, "mail.example.com");
    for _ in 0..3 {
        negotiates(&mail, "TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==", "Negotiate");
    }
    mail.wait(2_000).tcp().client_fin();
}

fn large_ticket(net: &Network) {
    const HOST: &str = "mail.example.com";
    const SERVER: &str = "IBM_HTTP_Server";
    for (client, bytes) in [("10.1.0.51", 1_200), ("10.1.0.50", 9_600)] {
        let mail = Browser::new(&net.host(client)).open(&super::mail(net), 80, HOST);
        let first = http::response(401).set("WWW-Authenticate", "Negotiate").header("Server", SERVER);
        mail.ask(http::get("/mail.nsf")).reply(first);
        let ticket = format!("Negotiate {}", kerberos::large_ticket(HOST, bytes));
        let answer = if bytes < 8_190 {
            http::response(200).html("the inbox")
        } else {
            http::response(400).html("<p>Size of a request header field exceeds server limit.</p>")
        };
        mail.ask(http::get("/mail.nsf").header("Authorization", &ticket)).reply(answer.header("Server", SERVER));
        mail.wait(2_000).tcp().client_fin();
    }
}

fn signed_on_with_windows(net: &Network) {
    const HOST: &str = "mail.example.com";
    let mail = browser(net).open(&super::mail(net), 80, HOST);
    mail.ask(http::get("/mail.nsf")).reply(http::response(401).set("WWW-Authenticate", "Negotiate"));
    let shown = http::get("/mail.nsf").header("Authorization", &format!("Negotiate {}", kerberos::ticket(HOST)));
    mail.ask(shown).reply(http::response(200).html("the inbox"));
    mail.wait(2_000).tcp().client_fin();
}

fn skewed(net: &Network) {
    const HOST: &str = "mail.example.com";
    let mail = browser(net).open(&super::mail(net), 80, HOST);
    for _ in 0..2 {
        let error = kerberos::refusal(37, net.now() + 20 * MINUTE, HOST);
        negotiates(&mail, &kerberos::ticket(HOST), &format!("Negotiate {error}"));
    }
    mail.wait(2_000).tcp().client_fin();
}
