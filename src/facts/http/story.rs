//! For tests: a browser and the servers that it calls.

use nrpcsniff_samples::http::{self, Browser, Cookie, Message, Visit, cookie};
use nrpcsniff_samples::{Network, Side, ltpa};

/// Page of the Sametime Proxy's web client.
pub(crate) const CHAT: &str = "/stwebclient/popup.jsp";
/// Page of the meeting server.
pub(crate) const MEET: &str = "/stmeetings/";
/// The Sametime Proxy's login call.
pub(crate) const CONNECT: &str = "/stwebapi/user/connect";

/// A network with one browser on it.
pub(crate) struct Stage {
    pub net: Network,
    pub browser: Browser,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let net = Network::new();
        let browser = Browser::new(&net.host("10.1.0.50"));
        Self { net, browser }
    }

    /// The browser calls a server by that name: the same name is always the same machine.
    pub(crate) fn open(&self, name: &str) -> Visit {
        self.open_as(name, name)
    }

    /// The same machine by another name.
    pub(crate) fn open_as(&self, machine: &str, name: &str) -> Visit {
        let number = machine.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(7).wrapping_add(byte));
        self.browser.open(&self.net.host(&format!("10.2.0.{}", number % 200 + 10)).linux(), 80, name)
    }

    /// A token of version 2 for the next two hours; another one each time.
    pub(crate) fn token(&self) -> String {
        self.net.wait_secs(1);
        ltpa::DEMO.v2("CN=Ann Smith,O=ACME", self.net.now() + 120 * ltpa::MINUTE)
    }

    /// A readable token of that user.
    pub(crate) fn domino(&self, user: &str) -> String {
        ltpa::domino(user, self.net.now(), self.net.now() + 120 * ltpa::MINUTE)
    }

    /// LtpaToken2 for the host alone.
    pub(crate) fn narrow(&self) -> Cookie {
        cookie("LtpaToken2", &self.token()).path("/")
    }

    /// LtpaToken2 for all of example.com.
    pub(crate) fn wide(&self) -> Cookie {
        self.narrow().domain(".example.com")
    }
}

/// The page that was asked for.
pub(crate) fn page() -> Message {
    http::response(200).html("<p>Welcome</p>")
}

/// The user is not known: to the login page.
pub(crate) fn to_login() -> Message {
    http::response(302).location("/login.jsp")
}

/// Logs in by the form of WebSphere; the answer sets these cookies and leads back.
pub(crate) fn logs_in(visit: &Visit, cookies: impl IntoIterator<Item = Cookie>) {
    let form = http::post("/j_security_check").form(&[("j_username", "asmith"), ("j_password", "not a real one")]);
    let answer = cookies.into_iter().fold(http::response(302).location("/"), Message::set_cookie);
    visit.wait(3_000).ask(form).reply(answer).wait(300);
}

/// Asks for a page and gets it.
pub(crate) fn is_served(visit: &Visit, path: &str) {
    visit.wait(500).ask(http::get(path)).reply(page());
}

/// Asks for a page and is sent to the login page, which is shown.
pub(crate) fn is_denied(visit: &Visit, path: &str) {
    visit.wait(500).ask(http::get(path)).reply(to_login());
    visit.wait(20).ask(http::get("/login.jsp")).reply(page());
}

/// The server answers, but the capture lacks eight bytes at the end of the headers.
pub(crate) fn answers_in_part(visit: &Visit, answer: Message) {
    let bytes: Vec<u8> = answer.into();
    let cut = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("headers") - 4;
    visit.wait(12).tcp().server(&bytes[..cut]).skip(Side::Server, 8).server(&bytes[cut + 8..]);
}

/// The capture goes on for a minute, without anything that matters.
pub(crate) fn ends(stage: &Stage) -> &Network {
    crate::testing::idle(&stage.net, 60);
    &stage.net
}

/// Tells a story on a fresh stage.
pub(crate) fn told(story: impl FnOnce(&Stage)) -> Network {
    let stage = Stage::new();
    story(&stage);
    ends(&stage).clone()
}

/// The sample of that name.
pub(crate) fn sample(name: &str) -> Network {
    nrpcsniff_samples::stories::find(name).expect("a sample").network()
}
