//! Any mixture of small things that happen, as bytes say: for tests that hold two ways of judging a capture against each other.

use crate::dns::{self, Rcode, Record};
use crate::http::{self, Browser, cookie};
use crate::ldap;
use crate::ltpa;
use crate::net::{Host, Network};
use crate::nrpc;
use crate::sametime::{self, Login};
use crate::sip::Phone;
use crate::tls::{Presents, Tls};

/// Seconds until the next thing happens: at once, while clients still try, after they have given up, after the longest window.
const PAUSES: [u64; 8] = [0, 1, 4, 15, 61, 131, 420, 3_700];
/// Clients and servers: few, so that what happens to one has to do with what happened before.
const CLIENTS: u8 = 16;
const SERVERS: u8 = 3;
/// A name that nobody is called by, and the one that answers.
const ALIAS: &str = "chat.acme.example";
const SERVER: &str = "CN=Chat/O=Acme";

/// DNS gave an address of the server before anything else happened. Then happens for each three bytes, which say what, to whom, and how long it is until then.
pub fn mixture(bytes: &[u8]) -> Network {
    let net = Network::new();
    net.resolve(&net.host("10.2.0.1"), &net.host("10.1.0.53"), ALIAS, dns::A, &[Record::address(ALIAS, "10.1.0.1")]);
    for (thing, number) in bytes.chunks_exact(3).zip(0..) {
        net.wait_secs(PAUSES[usize::from(thing[2]) % PAUSES.len()]);
        let client = net.host(&format!("10.2.0.{}", 1 + thing[1] % CLIENTS));
        let server = net.host(&format!("10.1.0.{}", 1 + thing[1] / CLIENTS % SERVERS));
        match thing[0] % 20 {
            0..4 => notes(&net, &client, &server, thing[0] % 20),
            what @ 4..8 => connection(&net, &client, &server, what),
            what @ 8..12 => telephone(&client, &server, 10_000 + number, what),
            what @ 12..16 => web(&net, &client, &server, what),
            what => others(&net, &client, &server, what),
        }
    }
    net
}

/// A Notes session works, is asked for by an alias, is refused by a status, or ends at authentication.
fn notes(net: &Network, client: &Host, server: &Host, what: u8) {
    const START: u16 = 1;
    let tcp = net.connect(client, server, 1352);
    match what {
        0 => tcp.works(SERVER, 3).client_fin(),
        1 => tcp.session(ALIAS, SERVER).wait(3).client_fin(),
        2 => {
            tcp.session(SERVER, SERVER).auth().client(nrpc::start_service(0));
            tcp.answer(START, 0x09FC, 0).wait(3).client_fin()
        }
        _ => tcp.session(SERVER, SERVER).auth().wait(180).server_fin(),
    };
}

/// A connection is refused, or not answered; a name is not found; a session is reset.
fn connection(net: &Network, client: &Host, server: &Host, what: u8) {
    match what {
        // Nothing ever listens there: of a port that served before and after, it may be let go when (README).
        4 => net.dial(client, &net.host("10.1.0.99"), 1352).refused(2),
        5 => net.dial(client, server, 1533).silent(&[1, 3]),
        6 => {
            net.resolve_fails(client, &net.host("10.1.0.53"), ALIAS, dns::A, Rcode::NxDomain);
        }
        _ => {
            net.resolve(client, &net.host("10.1.0.53"), ALIAS, dns::A, &[Record::address(ALIAS, "10.1.0.1")]);
            net.connect(client, server, 1352).works(SERVER, 2).server_rst();
        }
    }
}

/// A registration is granted, refused or not answered; a call is refused. The phone was started anew: what two ports say that were let
/// go is a conversation anew, and has a number of its own.
fn telephone(client: &Host, server: &Host, port: u16, what: u8) {
    let phone = Phone::new(client, port, server, 5060, "ann@example.com");
    let request = phone.register().expires(600);
    match what {
        8 => phone.sends(&request).hears(request.response(200).contact_of(&request).expires(600)),
        9 => phone.sends(&request).hears(request.response(403)),
        10 => phone.sends(&request).wait(500).sends(&request).wait(1_000).sends(&request),
        _ => {
            let call = phone.call("bob@example.com");
            let (invite, refusal) = (call.invite(20_000), call.invite(20_000).response(488));
            phone.sends(&invite).hears(&refusal).sends(call.ack(&refusal))
        }
    };
}

/// A page is asked for: with a token that is taken or refused, with a wrong password, or to be logged in.
fn web(net: &Network, client: &Host, server: &Host, what: u8) {
    let token = ltpa::domino("CN=Ann Smith/O=Acme", net.now(), net.now() + 60 * ltpa::MINUTE);
    let browser = Browser::new(client);
    let shows = browser.clone().has("example.com", "LtpaToken", &token);
    let to_login = || http::response(302).location("/names.nsf?Login");
    let visit = if what < 14 { &shows } else { &browser }.open(server, 80, "mail.example.com");
    match what {
        12 => visit.ask(http::get("/mail.nsf")).reply(http::response(200).html("mail")),
        13 => visit.ask(http::get("/mail.nsf")).reply(to_login()),
        14 => visit.ask(http::get("/mail.nsf").basic_auth("ann", "wrong")).reply(http::response(401).challenge("Acme")),
        _ => visit
            .ask(http::post("/names.nsf?Login").form(&[("username", "ann"), ("password", "right")]))
            .reply(http::response(302).location("/mail.nsf").set_cookie(cookie("LtpaToken", &token).path("/"))),
    };
}

/// A Sametime login is granted or refused; a bind at a directory is refused; a certificate has ended.
fn others(net: &Network, client: &Host, server: &Host, what: u8) {
    match what {
        16 => {
            net.connect(client, server, 1533).vp_works(&Login::plain("ann", "right")).vp_logout();
        }
        17 => {
            let tcp = net.connect(client, server, 1533);
            tcp.vp_open().vp_login(&Login::plain("ann", "wrong")).vp_refuse(sametime::reason::INCORRECT_LOGIN);
        }
        18 => {
            let tcp = net.connect(client, server, 389);
            tcp.client(ldap::bind(1, "cn=ann,o=acme", "wrong")).server(ldap::bind_result(1, 49, "")).client_fin();
        }
        _ => {
            let tls = Tls::v12("mail.example.com").presents(Presents::Expired);
            net.connect(client, server, 443).tls_fails(&tls);
        }
    }
}
