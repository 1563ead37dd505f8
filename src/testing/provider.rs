//! Stories of logins by an identity provider: an application of Domino, and a provider on another site.

use nrpcsniff_samples::http::{self, Browser, Message, Visit, cookie};
use nrpcsniff_samples::{Host, Network, ltpa, saml};

const APP: &str = "app.example.com";
const IDP: &str = "idp.example.org";
const CONSUMER: &str = "http://app.example.com/names.nsf?SAMLLogin";
const WANTED: &str = "/crm.nsf/doc/4711";
const SECOND: i64 = 1_000_000_000;

fn app(net: &Network) -> Host {
    net.host("10.1.0.80").linux()
}

fn provider(net: &Network) -> Host {
    net.host("10.1.0.90").linux()
}

/// A browser at the application; it has a token of that name already.
pub(crate) fn visit_app(net: &Network, token: &str) -> Visit {
    let value = ltpa::DEMO.v2("CN=Ann Smith,O=ACME", net.now() + 120 * ltpa::MINUTE);
    Browser::new(&net.host("10.1.0.50")).has(APP, token, &value).open(&app(net), 80, APP)
}

/// The application sends the browser to its provider, which sends it back.
pub(crate) fn sent_away(net: &Network, visit: &Visit, number: usize) {
    let to = format!("http://{IDP}/realms/a/protocol/openid-connect/auth?client_id=app&state=s{number}");
    visit.wait(200).ask(http::get("/app/")).reply(http::response(302).location(&to));
    let idp = Browser::new(&net.host("10.1.0.50")).open(&provider(net), 80, IDP);
    idp.ask(http::get(&format!("/realms/a/protocol/openid-connect/auth?client_id=app&state=s{number}")));
    idp.reply(http::response(302).location(&format!("http://{APP}/oidc/callback?code=c{number}&state=s{number}")));
}

/// The browser brings the provider's word.
pub(crate) fn brought(visit: &Visit, number: usize, answer: Message) {
    visit.wait(200).ask(http::get(&format!("/oidc/callback?code=c{number}&state=s{number}"))).reply(answer);
}

/// One login of OpenID Connect whose callback has that query; then nothing more.
pub(crate) fn comes_back_with(net: &Network, query: &str) {
    let app = visit_app(net, "LtpaToken2");
    sent_away(net, &app, 1);
    app.wait(200).ask(http::get(&format!("/oidc/callback?{query}"))).reply(http::response(403));
}

/// One login of SAML.
#[derive(Clone, Copy)]
pub(crate) struct Posted {
    /// Status of the answer to the assertion; 302 grants.
    pub status: u16,
    /// Page that comes then.
    pub landed: &'static str,
    /// The cookie that was set on the way comes with the assertion.
    pub comes_back: bool,
    /// Beginning and end in seconds from the beginning of the story.
    pub begins: i64,
    pub ends: i64,
    pub audience: &'static str,
    pub recipient: &'static str,
    /// Status that the provider says.
    pub said: &'static str,
}

impl Posted {
    /// All is well.
    pub(crate) const KEPT: Self = Self {
        status: 302,
        landed: WANTED,
        comes_back: true,
        begins: -60,
        ends: 3600,
        audience: "http://app.example.com",
        recipient: CONSUMER,
        said: "Success",
    };
    /// The cookie stays away.
    pub(crate) const LOST: Self = Self { comes_back: false, ..Self::KEPT };
}

/// The provider posts the assertion 5 s later.
pub(crate) fn posts_back(net: &Network, posted: Posted) {
    let at = |seconds: i64| net.now().saturating_add_signed(seconds * SECOND);
    let response = saml::Response {
        answers: "_q1",
        issuer: "http://idp.example.org/trust",
        audience: posted.audience,
        recipient: posted.recipient,
        status: posted.said,
        user: "ann@example.com",
        from: at(posted.begins),
        until: at(posted.ends),
    };
    let browser = Browser::new(&net.host("10.1.0.50"));
    let app_visit = browser.open(&app(net), 80, APP);
    let to = format!(
        "http://{IDP}/saml2?SAMLRequest={}&RelayState=x",
        saml::request("_q1", "http://app.example.com", CONSUMER)
    );
    let noted = cookie("SAMLRedirectURL", &format!("http://{APP}{WANTED}")).path("/").same_site("Lax");
    app_visit
        .ask(http::get(WANTED))
        .reply(http::response(302).location(&to).set_cookie(noted).header("Server", "Lotus-Domino"));
    app_visit.wait(5_000);
    let bare = Browser::new(&net.host("10.1.0.50")).over(app_visit.tcp().clone(), false, APP);
    let post = http::post("/names.nsf?SAMLLogin")
        .header("Referer", &format!("http://{IDP}/"))
        .form(&[("SAMLResponse", &response.form())]);
    let answer = http::response(posted.status).header("Server", "Lotus-Domino");
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 120 * ltpa::MINUTE);
    let answer = if posted.status == 302 {
        answer.location(posted.landed).set_cookie(cookie("LtpaToken", &token).path("/"))
    } else {
        answer
    };
    if posted.comes_back {
        app_visit.ask(post).reply(answer)
    } else {
        bare.ask(post).reply(answer)
    };
    if posted.status == 302 {
        app_visit.wait(50).ask(http::get(posted.landed)).reply(http::response(200).html("a page"));
    }
}
