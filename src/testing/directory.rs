//! Stories of servers that ask a directory while somebody signs on.

use nrpcsniff_samples::http::{self, Browser, cookie};
use nrpcsniff_samples::ldap::{self, Scope, search};
use nrpcsniff_samples::{Network, Tcp, sametime};

/// A server asks its directory.
pub(crate) fn dial(net: &Network) -> Tcp {
    net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), ldap::PORT)
}

/// For somebody by that attribute; the answer is that.
pub(crate) fn asks(net: &Network, attribute: &str, name: &str, answer: Vec<u8>) {
    let question = search(1, "o=Example", Scope::Subtree, [attribute, name]);
    dial(net).client(question).wait(2).server(answer).wait(2).client_fin();
}

/// Somebody fills in Domino's form; Domino asks its directory, and then takes the login or shows the form again.
pub(crate) fn domino_login(net: &Network, is_taken: bool, asks: impl Fn(&Network)) {
    const FORM: &str =
        "<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>";
    let web = Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.9"), 80, "mail.example.com");
    web.ask(http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")]));
    asks(net);
    let answer = if is_taken {
        http::response(302).location("/mail.nsf").set_cookie(cookie("DomAuthSessId", "AB12").path("/"))
    } else {
        http::response(200).html(FORM)
    };
    web.reply(answer);
}

/// Somebody logs in to chat; the community server asks its directory, and then refuses.
pub(crate) fn sametime_login(net: &Network, asks: impl Fn(&Network)) {
    const BAD_LOGIN: u32 = 0x8000_0211;
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1533);
    tcp.vp_open().vp_login(&sametime::Login::plain("asmith", "not a real one")).wait(5);
    asks(net);
    tcp.vp_refuse(BAD_LOGIN);
}
