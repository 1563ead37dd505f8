//! Logins at the Sametime community server.

use std::net::Ipv4Addr;

use super::http::{domino_login, logs_in, shared, to_domino_login};
use super::{ANN, STCOMM, Sample, browser, client, community, expected_end, mail, portal, resolver};
use crate::dns::{A, Rcode, Record};
use crate::file::Format;
use crate::http::{self, cookie};
use crate::link::Link;
use crate::ltpa::{self, MINUTE};
use crate::net::{Host, Network};
use crate::other;
use crate::sametime::{self, Handshake, KEEP_ALIVE, Login, PORT, SERVER_PORT, reason};
use crate::tcp::{Side, Tcp};
use crate::time::SECOND;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "st-working",
        story: "The mail server issues a token, the chat client logs in to the community server with it and stays for some minutes, \
                kept alive by single bytes.",
        see: "Nothing to report: handshake, login with a token, acknowledgment under the same name.",
        rules: &[],
        format: || Format::pcapng().interface("eth0"),
        tell: working,
    },
    Sample {
        name: "st-both-tokens",
        story: "The portal issues LtpaToken and LtpaToken2, the chat client presents both in one login, and the community server \
                accepts it.",
        see: "Nothing to report: two tokens in one login.",
        rules: &[],
        format: || Format::pcap().link(Link::Sll2),
        tell: both_tokens,
    },
    Sample {
        name: "st-redirect",
        story: "The community server sends the client to the user's home server; the client goes there and logs in.",
        see: "Nothing to report: a redirect that is followed.",
        rules: &[],
        format: || Format::pcap().nanoseconds(),
        tell: redirect,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "st-token-version",
        story: "The portal issues LtpaToken and LtpaToken2. The chat client logs in with the LtpaToken2, and the community server, which \
                takes only the first kind, refuses it as invalid; a second try ends the same way.",
        see: "Channel 0 destroyed with 0x80000015 after a login with a token of version 2.",
        rules: &["ltpa-version-mismatch", "st-token-refused"],
        format: || {
            Format::pcapng()
                .interface("eth0")
                .comment("constructed: a token of the version the chat server does not take")
        },
        tell: token_version,
    },
    Sample {
        name: "st-two-names",
        story: "The portal knows the user as `CN=Ann Smith/O=ACME/C=US`, the mail server as `CN=Ann Smith/O=ACME`. With the portal's \
                token neither the chat client nor the browser at the mail server is let in; with the mail server's both are.",
        see: "Two readable tokens of one browser with two names, one refused and one accepted.",
        rules: &["ltpa-dn-mismatch"],
        format: || Format::pcapng().big_endian().interface("eth0"),
        tell: two_names,
    },
    Sample {
        name: "st-alias-no-token",
        story: "A Notes client asks `chat.example.net`, an alias of the server where it would get its token, and is answered by \
                `CN=STCOMM7/OU=Servers/O=Example`. It hangs up, twice; the chat client opens its connection to the community server, has \
                no token to log in with, and closes.",
        see: "The failed Notes session and, after it, a handshake on 1533 without a login: one finding.",
        rules: &["st-auth-server-nrpc", "nrpc-name-mismatch-alias"],
        format: || Format::pcapng().interface("eth0"),
        tell: alias_no_token,
    },
    Sample {
        name: "st-token-expired",
        story: "A client comes back from standby and logs in with the token of the day before.",
        see: "0x80000016, and a token whose end has passed.",
        rules: &["ltpa-expired", "st-token-expired"],
        format: Format::pcap,
        tell: token_expired,
    },
    Sample {
        name: "st-token-address",
        story: "A token that is bound to another address of the client is refused: between it and the server stands a NAT.",
        see: "0x80000017; the address the server sees is not the client's own.",
        rules: &["st-token-ip"],
        format: || Format::pcap().link(Link::Vlan(15)),
        tell: token_address,
    },
    Sample {
        name: "st-bad-password",
        story: "A user mistypes the password, then types it right.",
        see: "0x80000211 after a login by password, and a login that succeeds.",
        rules: &["st-bad-password"],
        format: Format::pcap,
        tell: bad_password,
    },
    Sample {
        name: "st-directory-down",
        story: "The community server cannot ask its LDAP directory, which refuses connections: no login is checked.",
        see: "0x80000214 to every login, and refused connections to port 389.",
        rules: &["st-directory-down"],
        format: || Format::pcapng().microseconds().interface("span0"),
        tell: directory_down,
    },
    Sample {
        name: "st-redirect-fail",
        story: "The community server sends the client to its home server by a short name that the client cannot resolve.",
        see: "A redirect, a DNS query answered with NXDOMAIN, and no connection.",
        rules: &["st-redirect-fail"],
        format: || Format::pcapng().interface("eth0"),
        tell: redirect_fail,
    },
    Sample {
        name: "st-elsewhere",
        story: "A user who is logged in at her desk logs in on another machine; the server ends the first session.",
        see: "0x80000229 from the server in a session that worked.",
        rules: &["st-elsewhere"],
        format: || Format::pcap().big_endian(),
        tell: elsewhere,
    },
    Sample {
        name: "st-two-servers",
        story: "A user logs in at a second server of the community while the first still has her: refused.",
        see: "0x80000227.",
        rules: &["st-two-servers"],
        format: Format::pcap,
        tell: two_servers,
    },
    Sample {
        name: "st-version",
        story: "The server takes no clients as old as this one.",
        see: "0x80000200 in answer to the handshake.",
        rules: &["st-version-or-encryption"],
        format: || Format::pcap().link(Link::RawIp),
        tell: version,
    },
    Sample {
        name: "st-server-full",
        story: "The server has as many users as it takes.",
        see: "0x8000020B to three clients.",
        rules: &["st-server-full"],
        format: || Format::pcap().link(Link::Sll),
        tell: server_full,
    },
    Sample {
        name: "st-login-failed",
        story: "The community server ends two logins of one user before it has accepted them: first with the reason that says only that \
                it failed, then with none.",
        see: "Channel 0 destroyed with 0x80000000, then with 0, after a login and without an acknowledgment.",
        rules: &["st-login-failed"],
        format: || Format::pcapng().interface("eth0"),
        tell: login_failed,
    },
    Sample {
        name: "st-user-restricted",
        story: "A policy forbids this user to log in.",
        see: "0x80000210.",
        rules: &["st-user-restricted"],
        format: Format::pcap,
        tell: user_restricted,
    },
    Sample {
        name: "st-untrusted-peer",
        story: "A chat proxy connects to the community server's port for servers every 30 s; the server does not know its address and \
                closes after the handshake.",
        see: "Handshakes on port 1516, closed at once by the server.",
        rules: &["st-untrusted-peer"],
        format: || Format::pcap().nanoseconds().big_endian(),
        tell: untrusted_peer,
    },
    Sample {
        name: "st-tls-on-1533",
        story: "A client that is set to TLS reaches a plain port; the server resets.",
        see: "A ClientHello on 1533, then a reset.",
        rules: &["st-plain-vs-tls"],
        format: Format::pcap,
        tell: tls,
    },
    Sample {
        name: "st-relogin",
        story: "A client that logged in with a token loses its connection to a reset on the path. It comes back, shakes hands and leaves \
                without a login, again and again: it has no token any more.",
        see: "A login with a token, then handshakes without a login.",
        rules: &["st-missing-token-relogin"],
        format: || Format::pcap().link(Link::Vlan(15)),
        tell: relogin,
    },
    Sample {
        name: "st-idle-drop",
        story: "Three sessions are silent for ten minutes, longer than a firewall remembers; the next message of each meets a reset.",
        see: "Three pauses of ten minutes, resets with another TTL.",
        rules: &["st-idle-drop"],
        format: || Format::pcapng().interface("eth0"),
        tell: idle_drop,
    },
    Sample {
        name: "st-port-blocked",
        story: "Port 1533 does not answer; after half a minute the client reaches the server through its HTTP tunnel on port 8082.",
        see: "Silent SYNs to 1533, then a connection to the same server on another port.",
        rules: &["st-port-blocked"],
        format: || Format::pcap().link(Link::Sll2),
        tell: port_blocked,
    },
    Sample {
        name: "st-lb-probes",
        story: "A load balancer opens and closes a connection to 1533 every ten seconds.",
        see: "Connections without a handshake from one source, at a steady period.",
        rules: &["st-lb-probe"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: lb_probes,
    },
];

/// The user, as Domino writes her name.
const USER: &str = "CN=Ann Smith/O=ACME";

fn opens(net: &Network, client: &Host, server: &Host) -> Tcp {
    let tcp = net.connect(client, server, PORT);
    tcp.vp_open();
    tcp
}

/// A login with this token 20 ms later.
fn token_login(tcp: &Tcp, user: &str, tokens: &[&str]) {
    tcp.wait(20).vp_login(&Login::tokens(user, tokens));
}

/// A login with a password, which does not travel in clear.
fn password_login(tcp: &Tcp, user: &str) {
    tcp.wait(20).vp_login(&Login::rc2_128(user));
}

/// The server knows the user by this name.
fn accepted(tcp: &Tcp, name: &str) {
    tcp.wait(9).vp_accept(name, name);
}

/// The server ends the session with this reason; the client repeats it, too late, as libmeanwhile does.
fn refused(tcp: &Tcp, reason: u32) {
    tcp.wait(9).server(sametime::destroy(0, reason)).wait(1).half_close(Side::Server);
    tcp.client(sametime::destroy(0, reason)).server_rst();
}

/// The client goes to the host that the server names.
fn redirected(tcp: &Tcp, host: &str) {
    tcp.wait(9).server(sametime::redirect(host)).wait(2);
    tcp.client(sametime::destroy(0, reason::SUCCESS)).client_fin();
}

fn domino_token(net: &Network) -> String {
    ltpa::domino(USER, net.now(), net.now() + 30 * MINUTE)
}

fn working(net: &Network) {
    let mail = browser(net).open(&mail(net), 80, "mail.example.com");
    let token = domino_token(net);
    domino_login(&mail, "/mail/asmith.nsf", vec![shared("LtpaToken", &token)]);
    mail.wait(300).tcp().client_fin();
    net.wait(700);
    let tcp = opens(net, &client(net), &community(net));
    token_login(&tcp, USER, &[&token]);
    accepted(&tcp, USER);
    for _ in 0..4 {
        tcp.wait_secs(60).client(KEEP_ALIVE).wait(1).server(KEEP_ALIVE);
    }
    tcp.wait_secs(5).client_fin();
}

fn both_tokens(net: &Network) {
    let web = browser(net).open(&portal(net), 80, "portal.example.com");
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    logs_in(&web, "/wps/myportal", vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1)]);
    web.wait(500).tcp().client_fin();
    let tcp = opens(net, &client(net), &community(net));
    token_login(&tcp, USER, &[&v1, &v2]);
    accepted(&tcp, USER);
    tcp.wait_secs(20).client_fin();
}

fn redirect(net: &Network) {
    let (first, home) = (community(net), net.host("10.1.0.13").linux().ttl(63));
    let tcp = opens(net, &client(net), &first);
    let token = domino_token(net);
    token_login(&tcp, USER, &[&token]);
    redirected(&tcp, "home.example.com");
    net.resolve(
        &client(net),
        &resolver(net),
        "home.example.com",
        A,
        &[Record::address("home.example.com", "10.1.0.13")],
    );
    let tcp = opens(net, &client(net), &home);
    token_login(&tcp, USER, &[&token]);
    accepted(&tcp, USER);
    tcp.wait_secs(20).client_fin();
}

fn token_version(net: &Network) {
    let web = browser(net).open(&portal(net), 80, "portal.example.com");
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    let session = cookie("JSESSIONID", &net.made_up("0000mwqazbht:-1")).path("/").http_only();
    logs_in(&web, "/wps/myportal", vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1), session]);
    web.wait(500).tcp().client_fin();
    for _ in 0..2 {
        let tcp = opens(net, &client(net), &community(net));
        token_login(&tcp, USER, &[&v2]);
        refused(&tcp, reason::TOKEN_INVALID);
        net.wait(9_000);
    }
}

fn two_names(net: &Network) {
    const ABROAD: &str = "CN=Ann Smith/O=ACME/C=US";
    let (browser, client) = (browser(net), client(net));
    let web = browser.open(&portal(net), 80, "portal.example.com");
    let foreign = ltpa::domino(ABROAD, net.now() + 4 * SECOND, expected_end(net));
    logs_in(&web, "/wps/myportal", vec![shared("LtpaToken", &foreign)]);
    for _ in 0..2 {
        let tcp = opens(net, &client, &community(net));
        token_login(&tcp, ABROAD, &[&foreign]);
        refused(&tcp, reason::INCORRECT_LOGIN);
        net.wait(9_000);
    }
    let mail = browser.open(&mail(net), 80, "mail.example.com");
    mail.ask(http::get("/mail/asmith.nsf")).reply(to_domino_login("/mail/asmith.nsf"));
    net.wait(4_000);
    let own = domino_token(net);
    domino_login(&mail, "/mail/asmith.nsf", vec![shared("LtpaToken", &own)]);
    net.wait(2_000);
    let tcp = opens(net, &client, &community(net));
    token_login(&tcp, USER, &[&own]);
    accepted(&tcp, USER);
    for visit in net.any_order([&web, &mail]) {
        visit.wait(500).tcp().client_fin();
    }
    tcp.wait_secs(60).vp_logout();
}

fn alias_no_token(net: &Network) {
    let (client, server) = (client(net), community(net));
    for second in [0, 6] {
        net.at(second * 1000);
        net.connect(&client, &server, 1352).wait(1).session("chat.example.net", STCOMM).wait(3).client_fin();
    }
    net.at(7_500);
    opens(net, &client, &server).wait_secs(2).client_fin();
}

fn token_expired(net: &Network) {
    let (server, day) = (community(net), 24 * 60 * MINUTE);
    let old = ltpa::domino(USER, net.now() - day, net.now() - day + 30 * MINUTE);
    for _ in 0..2 {
        let tcp = opens(net, &client(net), &server);
        token_login(&tcp, USER, &[&old]);
        refused(&tcp, reason::TOKEN_EXPIRED);
        net.wait(12_000);
    }
}

/// An address for the fields of the protocol, which knows none but IPv4.
fn ipv4(net: &Network, ip: &str) -> Ipv4Addr {
    net.address(ip).parse().unwrap_or_else(|_| panic!("not an IPv4 address: {ip}"))
}

fn token_address(net: &Network) {
    let outside = net.host("198.51.100.7").ttl(115).distance_ms(8);
    for _ in 0..2 {
        let tcp = net.connect(&outside, &community(net), PORT);
        let [own, seen] = ["192.168.7.20", "198.51.100.7"].map(|ip| ipv4(net, ip));
        tcp.client(Handshake::new(own, "laptop").encode()).server(sametime::handshake_ack(seen));
        token_login(&tcp, USER, &[&domino_token(net)]);
        refused(&tcp, reason::TOKEN_IP_MISMATCH);
        net.wait(12_000);
    }
}

fn bad_password(net: &Network) {
    let tcp = opens(net, &client(net), &community(net));
    password_login(&tcp, USER);
    refused(&tcp, reason::INCORRECT_LOGIN);
    net.wait(14_000);
    let tcp = opens(net, &client(net), &community(net));
    password_login(&tcp, USER);
    accepted(&tcp, USER);
    tcp.wait_secs(20).client_fin();
}

fn directory_down(net: &Network) {
    let (server, directory) = (community(net), net.host("10.1.0.30").linux());
    let users = [("10.1.0.50", "ann@example.com"), ("10.1.0.51", "bob@example.com"), ("10.1.0.52", "eva@example.com")];
    for (number, (client, user)) in (0..).zip(net.any_order(users)) {
        net.at(number * 7_000);
        let tcp = opens(net, &net.host(client), &server);
        password_login(&tcp, user);
        net.dial(&server, &directory, 389).refused(1);
        net.wait(900);
        refused(&tcp, reason::VERIFICATION_DOWN);
    }
}

fn redirect_fail(net: &Network) {
    for _ in 0..2 {
        let tcp = opens(net, &client(net), &community(net));
        token_login(&tcp, USER, &[&domino_token(net)]);
        redirected(&tcp, "stcluster");
        net.wait(1);
        net.resolve_fails(&client(net), &resolver(net), "stcluster", A, Rcode::NxDomain);
        net.wait(15_000);
    }
}

fn elsewhere(net: &Network) {
    let server = community(net);
    let desk = opens(net, &client(net), &server);
    password_login(&desk, USER);
    accepted(&desk, USER);
    desk.wait_secs(30);
    let other = opens(net, &net.host("10.1.0.77"), &server);
    password_login(&other, USER);
    accepted(&other, USER);
    refused(&desk, reason::MULTI_LOGIN);
    other.wait_secs(20).client_fin();
}

fn two_servers(net: &Network) {
    let first = opens(net, &client(net), &community(net));
    password_login(&first, USER);
    accepted(&first, USER);
    first.wait_secs(10);
    let second = opens(net, &client(net), &net.host("10.1.0.13").linux().ttl(63));
    password_login(&second, USER);
    refused(&second, reason::MULTI_SERVER_LOGIN);
    first.wait_secs(20).client_fin();
}

fn version(net: &Network) {
    for _ in 0..2 {
        let tcp = net.connect(&client(net), &community(net), PORT);
        tcp.vp_handshake();
        refused(&tcp, reason::VERSION_MISMATCH);
        net.wait(9_000);
    }
}

fn server_full(net: &Network) {
    for last in net.any_order(["50", "51", "52"]) {
        let tcp = opens(net, &net.host(&format!("10.1.0.{last}")), &community(net));
        password_login(&tcp, &format!("user{last}@example.com"));
        refused(&tcp, reason::SERVER_FULL);
        net.wait(2_000);
    }
}

fn login_failed(net: &Network) {
    /// FAILURE: it failed, and the server does not say why.
    const FAILURE: u32 = 0x8000_0000;
    for code in [FAILURE, 0] {
        let tcp = opens(net, &client(net), &community(net));
        password_login(&tcp, USER);
        refused(&tcp, code);
        net.wait_secs(20);
    }
}

fn user_restricted(net: &Network) {
    let tcp = opens(net, &client(net), &community(net));
    token_login(&tcp, USER, &[&domino_token(net)]);
    refused(&tcp, reason::USER_RESTRICTED);
}

fn untrusted_peer(net: &Network) {
    let proxy = super::chat(net);
    for number in 0..4 {
        net.at(number * 30_000);
        let tcp = net.connect(&proxy, &community(net), SERVER_PORT);
        tcp.vp_handshake().wait(2).server_fin();
    }
}

fn tls(net: &Network) {
    for number in 0..2 {
        let hello = other::client_hello("chat.example.com", &mut net.generator(1533 + number));
        net.connect(&client(net), &community(net), PORT).client(hello).wait(1).server_rst();
        net.wait(8_000);
    }
}

fn relogin(net: &Network) {
    const ROUTER_TTL: u8 = 250;
    let tcp = opens(net, &client(net), &community(net));
    token_login(&tcp, USER, &[&domino_token(net)]);
    accepted(&tcp, USER);
    tcp.wait_secs(200).client(sametime::status(0x60, "Away")).wait(2).middlebox_rst(Side::Client, ROUTER_TTL);
    for _ in 0..3 {
        net.wait(15_000);
        opens(net, &client(net), &community(net)).wait(700).client_fin();
    }
    net.wait(60_000);
    opens(net, &client(net), &community(net)).wait(700).client_fin();
}

fn idle_drop(net: &Network) {
    const FIREWALL_TTL: u8 = 252;
    let users = [("10.1.0.50", USER), ("10.1.0.51", "CN=Bob Ray/O=ACME"), ("10.1.0.52", "CN=Eva Moor/O=ACME")];
    for (number, (client, user)) in (0..).zip(net.any_order(users)) {
        net.at(number * 20_000);
        let client = net.host(client);
        let login = || {
            let tcp = opens(net, &client, &community(net));
            password_login(&tcp, user);
            accepted(&tcp, user);
            tcp
        };
        let tcp = login();
        tcp.wait_secs(600 + number);
        tcp.unanswered(Side::Client, KEEP_ALIVE, &[]).middlebox_rst(Side::Client, FIREWALL_TTL);
        net.wait(900);
        login().wait_secs(5).client_fin();
    }
}

fn port_blocked(net: &Network) {
    let (client, server) = (client(net), community(net));
    net.dial(&client, &server, PORT).silent(&[1, 3, 7, 15]);
    net.wait(16_000);
    let tcp = net.connect(&client, &server, 8082);
    tcp.vp_open();
    token_login(&tcp, USER, &[&domino_token(net)]);
    accepted(&tcp, USER);
    tcp.wait_secs(20).client_fin();
}

fn lb_probes(net: &Network) {
    let (balancer, server) = (net.host("10.1.0.4").linux(), community(net));
    for probe in 0..12 {
        net.at(probe * 10_000);
        net.connect(&balancer, &server, PORT).wait_us(300).client_fin();
    }
}
