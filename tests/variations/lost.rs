//! Sessions that die on the path: over packets that are too large, seen from either side, and over data that nobody acknowledges.

use super::Row;
use nrpcsniff_samples::sametime::Login;
use nrpcsniff_samples::{Network, Side, Tcp, http, ldap, nrpc};

const TOO_LARGE: Option<&str> = Some("tcp-mtu-blackhole");
const DIES: Option<&str> = Some("tcp-never-acknowledged");
const RETRIES: [u64; 5] = [300, 600, 1_200, 2_400, 4_800];
const NAME: &str = "CN=Mail01/O=Acme";

pub(crate) const ROWS: &[Row] = &[
    ("full segments never come to the client, NRPC", |net| at_client(net, 1352, 4 * 1448), TOO_LARGE),
    ("full segments never come to the client, one of them", |net| at_client(net, 13_520, 1448), TOO_LARGE),
    ("full segments never come to the client, HTTP", page_never_comes, TOO_LARGE),
    ("full segments never come to the server", upload_never_comes, TOO_LARGE),
    ("full segments of a small MSS are stuck at the sender", |net| stuck(net, 1_220), TOO_LARGE),
    ("segments below the MSS are stuck at the sender", |net| stuck(net, 700), TOO_LARGE),
    ("the capture lost what the client got", lost_by_the_capture, None),
    ("the capture ends behind the hole", |net| hole(net, 1352, 4 * 1448, 1), None),
    ("a login over HTTP is never acknowledged", |net| dies(net, 80), DIES),
    ("a login over HTTP on another port is never acknowledged", |net| dies(net, 8585), DIES),
    ("a bind is never acknowledged", bind_dies, DIES),
    ("a login at Sametime is never acknowledged", chat_dies, DIES),
    ("a Notes session dies at work", work_dies, DIES),
    ("a login comes at the third try", comes_at_last, None),
];

fn dial(net: &Network, port: u16) -> Tcp {
    net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), port)
}

/// Something else goes on for so long.
fn idle(net: &Network, seconds: u64) {
    net.wait_secs(seconds);
    net.udp(&net.host("10.1.0.70"), 9999, &net.host("10.1.0.71"), 9999, [0; 4]);
}

fn hole(net: &Network, port: u16, missing: u32, seconds: u64) {
    let tcp = dial(net, port);
    tcp.session(NAME, NAME).auth().wait(20).ask(nrpc::FUNCTION_WORK, 64);
    tcp.never_arrives(Side::Server, missing, [7; 220]);
    idle(net, seconds);
}

fn at_client(net: &Network, port: u16, missing: u32) {
    hole(net, port, missing, 20);
}

fn page_never_comes(net: &Network) {
    let tcp = dial(net, 80);
    tcp.client(http::get("/a").host("mail.example.com")).wait(10).server(http::response(200).html("short"));
    tcp.wait(100).client(http::get("/b").host("mail.example.com")).wait(10);
    tcp.never_arrives(Side::Server, 2 * 1448, [b'x'; 300]).wait_secs(20).half_close(Side::Client);
}

fn upload_never_comes(net: &Network) {
    let tcp = dial(net, 1352);
    tcp.session(NAME, NAME).auth().transactions(2).wait(50);
    tcp.never_arrives(Side::Client, 3 * 1448, [7; 99]);
    idle(net, 20);
}

fn stuck(net: &Network, size: usize) {
    let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 1352).mss(u16::try_from(size).unwrap()).open();
    tcp.session(NAME, NAME).auth().wait(20).ask(nrpc::FUNCTION_WORK, 64);
    tcp.blackhole(Side::Server, [7; 4000], &RETRIES);
    idle(net, 20);
}

fn lost_by_the_capture(net: &Network) {
    let tcp = dial(net, 1352);
    tcp.session(NAME, NAME).auth().wait(20).ask(nrpc::FUNCTION_WORK, 64).skip(Side::Server, 2896).wait(5);
    tcp.server([7; 220])
        .wait(40)
        .ask(nrpc::FUNCTION_WORK, 64)
        .answer(nrpc::FUNCTION_WORK, 0, 40)
        .wait_secs(20)
        .client_fin();
}

fn login() -> http::Message {
    http::post("/names.nsf?Login").host("mail.example.com").form(&[("Username", "Ann"), ("Password", "x")])
}

fn dies(net: &Network, port: u16) {
    dial(net, port).unanswered(Side::Client, login(), &RETRIES);
    idle(net, 20);
}

fn bind_dies(net: &Network) {
    dial(net, 389).unanswered(Side::Client, ldap::bind(1, "cn=sametime", "x"), &RETRIES);
    idle(net, 20);
}

fn chat_dies(net: &Network) {
    let tcp = dial(net, 1533);
    tcp.vp_open().wait(30).unanswered(Side::Client, Login::plain("ann", "x").encode(), &RETRIES);
    idle(net, 20);
}

fn work_dies(net: &Network) {
    let tcp = dial(net, 1352);
    tcp.works(NAME, 4).wait(500);
    let request = tcp.next_request(nrpc::FUNCTION_WORK, 64);
    tcp.unanswered(Side::Client, request, &RETRIES);
    idle(net, 20);
}

fn comes_at_last(net: &Network) {
    let tcp = dial(net, 80);
    tcp.lost(Side::Client, login(), &[300, 600, 1_200])
        .server(http::response(302).location("/mail/ann.nsf"))
        .client_fin();
}
