//! Sign-ons that wait for a directory, and what the directory says.

use super::Row;
use nrpcsniff_samples::Network;
use nrpcsniff_samples::http::{self, Browser, cookie};
use nrpcsniff_samples::ldap::{self, LOCKED, Scope};

const NOBODY: Option<&str> = Some("ldap-nobody-found");
const SEARCH: Option<&str> = Some("ldap-search-refused");
const TLS: Option<&str> = Some("ldap-starttls-refused");
const BIND: Option<&str> = Some("ldap-login-bind-refused");

pub(crate) const ROWS: &[Row] = &[
    ("nobody of that name", |net| login(net, false, |net| asks(net, 389, "cn", &done(0))), NOBODY),
    (
        "nobody of that name, by mail, other port",
        |net| login(net, false, |net| asks(net, 3268, "mail", &done(0))),
        NOBODY,
    ),
    ("two of that name", |net| login(net, false, |net| asks(net, 389, "uid", &found(2))), NOBODY),
    ("one of that name", |net| login(net, true, |net| asks(net, 389, "uid", &found(1))), None),
    ("nobody of that name, and let in", |net| login(net, true, |net| asks(net, 389, "cn", &done(0))), None),
    ("a search that needs a bind", |net| login(net, false, |net| asks(net, 389, "cn", &done(1))), SEARCH),
    ("a referral", |net| login(net, false, |net| asks(net, 3389, "cn", &done(10))), SEARCH),
    ("a limit of size", |net| login(net, false, |net| asks(net, 389, "cn", &done(4))), SEARCH),
    ("a referral, and let in", |net| login(net, true, |net| asks(net, 389, "cn", &done(10))), None),
    ("StartTLS without a certificate", |net| start_tls(net, 389, 52), TLS),
    ("StartTLS that is not set up", |net| start_tls(net, 3389, 2), TLS),
    ("StartTLS refused while a login waits", |net| login(net, false, |net| start_tls(net, 389, 52)), TLS),
    ("StartTLS granted", |net| start_tls(net, 389, 0), None),
    (
        "the server's account is locked",
        |net| login(net, false, |net| binds(net, 389, "cn=app,o=Example", LOCKED)),
        BIND,
    ),
    ("the user's password is wrong", |net| login(net, false, |net| binds(net, 3268, "cn=asmith,o=Example", "")), BIND),
    ("the user's bind is refused without a number", |net| login(net, false, |net| binds(net, 389, "asmith", "")), BIND),
];

fn done(code: u8) -> Vec<u8> {
    ldap::search_done(1, code, "")
}

fn found(count: usize) -> Vec<u8> {
    let entries = (0..count).flat_map(|number| ldap::entry(1, &format!("cn=a{number},o=Example"), &[]));
    entries.chain(done(0)).collect()
}

fn asks(net: &Network, port: u16, attribute: &str, answer: &[u8]) {
    let tcp = net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), port);
    tcp.client(ldap::search(1, "o=Example", Scope::Subtree, [attribute, "asmith"])).wait(2).server(answer).client_fin();
}

fn start_tls(net: &Network, port: u16, code: u8) {
    let tcp = net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), port);
    tcp.client(ldap::start_tls(1)).wait(2).server(ldap::start_tls_result(1, code, "")).client_fin();
}

fn binds(net: &Network, port: u16, name: &str, text: &str) {
    let tcp = net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), port);
    tcp.client(ldap::bind(1, name, "secret")).wait(2).server(ldap::bind_result(1, 49, text)).client_fin();
}

/// Somebody fills in Domino's form; Domino asks its directory, and then takes the login or shows the form again.
fn login(net: &Network, is_taken: bool, asks: fn(&Network)) {
    const FORM: &str =
        "<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>";
    let web = Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.9"), 80, "mail.example.com");
    web.ask(http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")]));
    asks(net);
    let taken = || http::response(302).location("/mail.nsf").set_cookie(cookie("DomAuthSessId", "AB12").path("/"));
    web.reply(if is_taken { taken() } else { http::response(200).html(FORM) });
}
