//! Stories of sign-on tokens: browsers that log in and show them, chat clients, softphones, keys.

use crate::diagnose::Settings;
use nrpcsniff_dissectors::ltpa::Keyring;
use nrpcsniff_samples::http::{self, Browser, Cookie, Visit, cookie};
use nrpcsniff_samples::ltpa::{self, MINUTE};
use nrpcsniff_samples::{Host, Network, Tcp, sametime, sip};
use std::sync::Arc;

/// The user, as Notes writes her name.
pub(crate) const ANN: &str = "CN=Ann Smith/O=ACME";
/// Her name as LDAP writes it.
pub(crate) const ANN_LDAP: &str = "CN=Ann Smith,O=ACME";
/// Another user.
pub(crate) const BOB: &str = "CN=Bob Ray/O=ACME";
/// Address of the user.
pub(crate) const PC: &str = "10.1.0.50";

/// When tokens issued now end.
pub(crate) fn end(net: &Network) -> u64 {
    net.now() + 120 * MINUTE
}

/// A Domino token of that user, issued now for two hours.
pub(crate) fn domino(net: &Network, user: &str) -> String {
    ltpa::domino(user, net.now(), end(net))
}

/// Both tokens of a WebSphere login with these keys.
pub(crate) fn both(net: &Network, keys: &ltpa::Keys) -> Vec<Cookie> {
    vec![shared("LtpaToken2", &keys.v2(ANN_LDAP, end(net))), shared("LtpaToken", &keys.v1(ANN_LDAP, end(net)))]
}

/// A cookie for all of example.com.
pub(crate) fn shared(name: &str, value: &str) -> Cookie {
    cookie(name, value).domain(".example.com").path("/")
}

/// A browser of the user.
pub(crate) fn browser(net: &Network) -> Browser {
    Browser::new(&net.host(PC))
}

/// Mail server (Domino).
pub(crate) fn mail(net: &Network) -> Host {
    net.host("10.1.0.20").linux()
}

/// Portal (WebSphere).
pub(crate) fn portal(net: &Network) -> Host {
    net.host("10.1.0.21").linux()
}

/// Meeting server (WebSphere).
pub(crate) fn meet(net: &Network) -> Host {
    net.host("10.1.0.22").linux()
}

/// The browser goes there.
pub(crate) fn visit(browser: &Browser, host: &Host) -> Visit {
    let name = match host.ip().to_string().as_str() {
        "10.1.0.20" => "mail.example.com",
        "10.1.0.21" => "portal.example.com",
        _ => "meet.example.com",
    };
    browser.open(host, 80, name)
}

/// A browser at the mail server.
pub(crate) fn at_mail(net: &Network) -> Visit {
    visit(&browser(net), &mail(net))
}

/// Domino's login form.
pub(crate) const LOGIN_FORM: &str =
    "<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>";

/// Somebody types a name and a password into it.
pub(crate) fn password_typed() -> http::Message {
    http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")])
}

/// A login that is answered with these cookies.
pub(crate) fn login(visit: &Visit, user: &str, cookies: Vec<Cookie>) {
    let form = http::post("/j_security_check").form(&[("j_username", user), ("j_password", "not a real one")]);
    let answer = cookies.into_iter().fold(http::response(302).location("/home"), http::Message::set_cookie);
    visit.wait(300).ask(form).reply(answer);
    visit.wait(300);
}

/// A page that is served.
pub(crate) fn served(visit: &Visit, path: &str) {
    visit.wait(300).ask(http::get(path)).reply(http::response(200).html("a page"));
}

/// A page that is not served: the browser is sent to the login form.
pub(crate) fn denied(visit: &Visit, path: &str) {
    visit.wait(300).ask(http::get(path)).reply(http::response(302).location("/login.jsp"));
}

/// A page that is not served: 401.
pub(crate) fn unauthorized(visit: &Visit, path: &str) {
    visit.wait(300).ask(http::get(path)).reply(http::response(401).challenge("/"));
}

/// A chat login with these tokens, not answered yet.
pub(crate) fn chat(net: &Network, client: &str, user: &str, tokens: &[&str]) -> Tcp {
    net.wait(500);
    let tcp = net.connect(&net.host(client), &net.host("10.1.0.9").linux(), 1533);
    tcp.vp_open().vp_login(&sametime::Login::tokens(user, tokens)).wait(5);
    tcp
}

/// A chat login that is refused for this reason.
pub(crate) fn chat_refused(net: &Network, client: &str, user: &str, tokens: &[&str], reason: u32) {
    chat(net, client, user, tokens).vp_refuse(reason);
}

/// A softphone of the user that registers with this cookie; the answer has that status, if any.
pub(crate) fn register(net: &Network, client: &str, cookie: (&str, &str), status: Option<u16>) -> sip::Phone {
    net.wait(500);
    let phone = sip::Phone::new(&net.host(client), 5060, &net.host("10.1.0.23").linux(), 5060, "ann@example.com");
    register_again(&phone, cookie, status);
    phone
}

/// The same softphone, the same registration.
pub(crate) fn register_again(phone: &sip::Phone, (name, value): (&str, &str), status: Option<u16>) {
    let request = phone.register().cookie(name, value);
    phone.sends(&request).wait(9);
    if let Some(status) = status {
        let answer = request.response(status);
        phone.hears(if status == 401 { answer.challenge("example.com", "8f3c") } else { answer });
    }
}

/// Settings with the keys of the samples.
///
/// # Panics
/// If they cannot be read.
pub(crate) fn keys() -> Settings {
    let mut ring = Keyring::new();
    let file = ltpa::DEMO.file(ltpa::PASSWORD);
    ring.add_key_file(file.as_bytes(), &[ltpa::PASSWORD.as_bytes()]).expect("the samples' keys");
    ring.add_domino_secret(&ltpa::domino_secret_file()).expect("the samples' secret");
    Settings { keys: Arc::new(ring), ..Settings::default() }
}
