//! Working twins of failing samples, for `compare`: the same story up to the cause, and then it works.
//!
//! A twin differs from the sample it belongs to in what must not matter as well: client, ports, IPv6 against IPv4, VLAN,
//! segment sizes, a retransmission, the order of parallel connections, the capture format. A second twin differs from the first
//! in fields that change from one working sign-on to the next: user, client version, user agent, sizes.

use super::http::{chat_login, fills_in_as, logs_in, page, sent_to_login, session, shared};
use super::{ANN, MAIL, STCOMM, Sample, client, community, expected_end, mail, meet, registrar, resolver};
use crate::dns::{A, AAAA, Record};
use crate::file::Format;
use crate::http::{self, Browser, Visit};
use crate::link::Link;
use crate::ltpa;
use crate::net::{Host, Network};
use crate::nrpc::{self, FUNCTION_WORK, SessionMessage};
use crate::sametime::{KEEP_ALIVE, Login, PORT};
use crate::sip::Phone;
use crate::tcp::{Side, Tcp};
use crate::time::{SECOND, utc};

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "nrpc-alias-good",
        story: "Twin of nrpc-alias: a colleague opens the same server by the name it goes by, `CN=STCOMM7/OU=Servers/O=Example`, over \
                IPv6; the client goes on where the other one hung up.",
        see: "The same two first messages but for the wanted name; then authentication and work. One request is sent twice.",
        rules: &[],
        format: || Format::pcap().link(Link::Vlan(21)),
        tell: alias_good,
    },
    Sample {
        name: "nrpc-alias-good2",
        story: "Second twin of nrpc-alias: another user with another client release, whose mail session with Mail01 is open before and \
                after.",
        see: "Another buffer size, feature word, certificate and size of the authentication; a second session to another server.",
        rules: &[],
        format: || Format::pcapng().microseconds().big_endian().link(Link::Sll2).interface("any"),
        tell: alias_good2,
    },
    Sample {
        name: "nrpc-alias-cut",
        story: "nrpc-alias once more, but the capture ends after the first session request: its answer was not captured.",
        see: "Nothing to report, and nothing to compare beyond message 1.",
        rules: &[],
        format: || Format::pcap().nanoseconds(),
        tell: alias_cut,
    },
    Sample {
        name: "http-token-not-returned-good",
        story: "Twin of http-token-not-returned: the chat proxy's answer sets LtpaToken for .example.com, and the meeting server lets \
                the browser in. Over IPv6; the browser opened its connection to the meeting server first.",
        see: "The token in Set-Cookie of the login and in Cookie at the next host. One request is sent twice.",
        rules: &[],
        format: || Format::pcap().nanoseconds().big_endian().link(Link::Vlan(30)),
        tell: token_returned,
    },
    Sample {
        name: "http-token-not-returned-good2",
        story: "Second twin of http-token-not-returned: another user in another browser, who reads two pages of the meeting server.",
        see: "Another user, another user agent, another token, another size of the pages.",
        rules: &[],
        format: || Format::pcapng().link(Link::Sll2).interface("any"),
        tell: token_returned2,
    },
    Sample {
        name: "sip-undefined-good",
        story: "Twin of sip-undefined: the meeting server does not mark its tokens HttpOnly, the softphone finds one and registers with \
                it, over IPv6.",
        see: "Set-Cookie without HttpOnly, a REGISTER with the same token, then 200. One segment is sent twice.",
        rules: &[],
        format: || Format::pcap().link(Link::Vlan(40)),
        tell: defined,
    },
    Sample {
        name: "sip-undefined-good2",
        story: "Second twin of sip-undefined: another user, another browser, another release of the softphone, which opens its \
                connection before the web login.",
        see: "Another address of record, other user agents, the SIP connection first.",
        rules: &[],
        format: || Format::pcapng().microseconds().link(Link::Sll).interface("any"),
        tell: defined2,
    },
    Sample {
        name: "st-token-version-good",
        story: "Twin of st-token-version: the chat client logs in with the LtpaToken of the two, and the community server accepts it.",
        see: "A login with a token of version 1 and its acknowledgment. One segment is sent twice.",
        rules: &[],
        format: || Format::pcap().nanoseconds().link(Link::Vlan(15)),
        tell: token_version_good,
    },
    Sample {
        name: "st-two-names-good",
        story: "Twin of st-two-names: the portal knows the user by the name that the mail server knows, `CN=Ann Smith/O=ACME`. Its \
                token is good at the community server and at the mail server.",
        see: "One token at three servers; no second login.",
        rules: &[],
        format: || Format::pcap().link(Link::Vlan(16)),
        tell: two_names_good,
    },
];

/// Another browser than that of the failing samples.
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
/// Another user, as WebSphere writes his name.
const BOB: &str = "CN=Bob Ray,O=ACME";

/// A machine of the network that the twins over IPv6 are in, by the end of its address.
fn v6(net: &Network, last: &str) -> Host {
    net.host(&format!("2001:db8:1::{last}"))
}

/// A server there, two routers away.
fn v6_server(net: &Network, last: &str) -> Host {
    v6(net, last).linux().ttl(62).distance_us(240)
}

/// Opens a connection whose segments are smaller than usual.
fn visit(browser: &Browser, client: &Host, server: &Host, mss: u16, name: &str) -> Visit {
    browser.over(client.network().dial(client, server, 80).mss(mss).open(), false, name)
}

fn alias_good(net: &Network) {
    let (client, server) = (v6(net, "77"), v6_server(net, "9"));
    let records = [Record::address("stcomm7.example.net", "2001:db8:1::9")];
    net.resolve(&client, &v6(net, "2").linux(), "stcomm7.example.net", AAAA, &records).wait(12);
    let tcp = net.dial(&client, &server, 1352).mss(1360).open();
    tcp.wait(2).send_split(Side::Client, tcp.request_for(STCOMM).encode(), &[100]);
    tcp.send_split(Side::Server, tcp.response_as(STCOMM).encode(), &[64]).auth().transactions(2);
    tcp.wait(25).lost(Side::Client, tcp.next_request(FUNCTION_WORK, 60), &[310]).answer(FUNCTION_WORK, 0, 200);
    tcp.transactions(3).wait_secs(4).client_fin();
}

fn alias_good2(net: &Network) {
    let client = net.host("10.1.0.61").next_port(61_044);
    let mail = net.connect(&client, &mail(net), 1352);
    mail.wait(1).works(MAIL, 2);
    let records = [Record::address("stcomm7.example.net", "10.1.0.9")];
    net.wait(400).resolve(&client, &resolver(net), "stcomm7.example.net", A, &records).wait(3);
    let tcp = net.connect(&client, &community(net), 1352);
    tcp.wait(1).client(newer_request(&tcp).encode()).response(STCOMM);
    let [asked, answered] = [402, 396].map(|len| net.random(len));
    tcp.wait(15).client(nrpc::modern_auth(nrpc::TYPE_AUTH, &asked));
    tcp.server(nrpc::modern_auth(nrpc::TYPE_AUTH_REPLY, &answered)).transactions(5);
    mail.wait(700).transactions(3);
    tcp.wait_secs(2).client_fin();
    mail.wait_secs(3).client_fin();
}

/// The session request of a client release that offers more, for a user with another certificate.
fn newer_request(tcp: &Tcp) -> SessionMessage {
    let mut request = tcp.request_for(STCOMM);
    (request.created, request.expires) = (utc(2024, 11, 18), utc(2026, 11, 18));
    SessionMessage { buffer: 8112, features: 0x253b, ..request.message() }
}

fn alias_cut(net: &Network) {
    let client = client(net);
    let records =
        [Record::cname("chat.example.net", "stcomm7.example.net"), Record::address("stcomm7.example.net", "10.1.0.9")];
    net.resolve(&client, &resolver(net), "chat.example.net", A, &records).wait(19);
    net.connect(&client, &community(net), 1352).wait(1).request("chat.example.net");
}

fn token_returned(net: &Network) {
    let client = v6(net, "77");
    let browser = Browser::new(&client);
    let meet = visit(&browser, &client, &v6_server(net, "22"), 1220, "meet.example.com");
    net.wait(35);
    let chat = visit(&browser, &client, &v6_server(net, "21"), 1220, "chat.example.com");
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now() + 5 * SECOND, expected_end(net));
    chat_login(&chat, "asmith", vec![shared("LtpaToken", &token), session(net)]);
    meet.wait(2_400).ask(http::get("/stmeetings/"));
    meet.tcp().lost_last(Side::Client, 310);
    meet.reply(page());
    chat.wait(5_000).tcp().client_fin();
    meet.wait(1_200).tcp().client_fin();
}

fn token_returned2(net: &Network) {
    let client = net.host("10.1.0.62").next_port(50_620);
    let browser = Browser::new(&client).agent(CHROME);
    let chat = browser.open(&super::chat(net), 80, "chat.example.com");
    let token = ltpa::domino("CN=Bob Ray/O=ACME", net.now() + 5 * SECOND, expected_end(net));
    chat_login(&chat, "bray", vec![shared("LtpaToken", &token), session(net)]);
    net.wait(1_700);
    let meet = visit(&browser, &client, &meet(net), 536, "meet.example.com");
    let rooms = page().html(&format!("<html><body>{}</body></html>", "<p>Meeting room</p>".repeat(60)));
    meet.ask(http::get("/stmeetings/")).reply(page());
    meet.wait(900).ask(http::get("/stmeetings/rooms")).reply(rooms);
    meet.wait(4_000).tcp().client_fin();
    chat.wait(200).tcp().client_fin();
}

fn defined(net: &Network) {
    let client = v6(net, "77");
    let web = visit(&Browser::new(&client), &client, &v6_server(net, "22"), 1220, "meet.example.com");
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    logs_in(&web, "/stmeetings/", vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1), session(net)]);
    web.wait(400).tcp().client_fin();
    net.wait(900);
    let tcp = net.dial(&client, &v6_server(net, "23"), 5060).mss(536).open();
    let register = Phone::over(&tcp, "ann@example.com").outbound().register().cookie("LtpaToken", &v1);
    tcp.client(&register);
    tcp.lost_last(Side::Client, 310);
    tcp.wait(9).server(register.response(200).contact_of(&register).expires(1800));
    tcp.wait_secs(15).client(b"\r\n\r\n").server(b"\r\n").wait_secs(20).client_fin();
}

fn defined2(net: &Network) {
    let client = net.host("10.1.0.62").next_port(50_620);
    let tcp = net.connect(&client, &registrar(net), 5060);
    let phone = Phone::over(&tcp, "bob@example.com").agent("Sametime-ST9.0.1-Softphone").outbound();
    net.wait(150);
    let web = Browser::new(&client).agent(CHROME).open(&meet(net), 80, "meet.example.com");
    let (v1, v2) = (ltpa::DEMO.v1(BOB, expected_end(net)), ltpa::DEMO.v2(BOB, expected_end(net)));
    sent_to_login(&web, "/stmeetings/");
    let cookies = vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1), session(net)];
    fills_in_as(&web, "bray", "/stmeetings/", cookies);
    web.wait(10).ask(http::get("/stmeetings/")).reply(page());
    let register = phone.register().cookie("LtpaToken", &v1);
    tcp.wait(1_400).client(&register).wait(7);
    tcp.server(register.response(200).contact_of(&register).expires(1800));
    web.wait(3_000).tcp().client_fin();
    tcp.wait_secs(25).client_fin();
}

/// The connection of a chat client to the community server, in segments smaller than usual, up to the handshake.
fn chat_client(net: &Network, client: &Host) -> Tcp {
    let tcp = net.dial(client, &community(net), PORT).mss(536).open();
    tcp.vp_open();
    tcp
}

fn token_version_good(net: &Network) {
    let client = net.host("10.1.0.77").next_port(61_200);
    let web = visit(&Browser::new(&client), &client, &super::portal(net), 1220, "portal.example.com");
    let (v1, v2) = (ltpa::DEMO.v1(ANN, expected_end(net)), ltpa::DEMO.v2(ANN, expected_end(net)));
    logs_in(&web, "/wps/myportal", vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1), session(net)]);
    net.wait(700);
    let tcp = chat_client(net, &client);
    tcp.wait(20).vp_login(&Login::tokens("CN=Ann Smith/O=ACME", &[&v1]));
    tcp.lost_last(Side::Client, 310);
    tcp.wait(9).vp_accept("CN=Ann Smith/O=ACME", "CN=Ann Smith/O=ACME");
    tcp.wait_secs(60).client(KEEP_ALIVE).wait(1).server(KEEP_ALIVE).wait_secs(5).client_fin();
    web.wait(500).tcp().client_fin();
}

fn two_names_good(net: &Network) {
    const USER: &str = "CN=Ann Smith/O=ACME";
    let client = net.host("10.1.0.77").next_port(61_200);
    let browser = Browser::new(&client);
    let mail = visit(&browser, &client, &mail(net), 1220, "mail.example.com");
    let web = visit(&browser, &client, &super::portal(net), 1220, "portal.example.com");
    let token = ltpa::domino(USER, net.now() + 4 * SECOND, expected_end(net));
    logs_in(&web, "/wps/myportal", vec![shared("LtpaToken", &token)]);
    let tcp = chat_client(net, &client);
    tcp.wait(20).vp_login(&Login::tokens(USER, &[&token])).wait(9).vp_accept(USER, USER);
    mail.wait(3_000).ask(http::get("/mail/asmith.nsf"));
    mail.tcp().lost_last(Side::Client, 310);
    mail.reply(page().header("Server", "Lotus-Domino"));
    for visit in net.any_order([&mail, &web]) {
        visit.wait(500).tcp().client_fin();
    }
    tcp.wait_secs(60).vp_logout();
}
