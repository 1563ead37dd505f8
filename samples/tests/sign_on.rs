//! HTTP, SIP, WebSocket and RTP as tshark reads what the encoders write.
//!
//! Without tshark the tests say so loudly and prove nothing.

use std::process::Command;

use nrpcsniff_samples::{Format, Network, http, ltpa, sip, websocket};

/// Fields of the frames that pass a display filter, joined by blanks; `None` without tshark.
fn tshark(name: &str, net: &Network, filter: &str, fields: &[&str]) -> Option<Vec<String>> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, net.write(&Format::pcapng())).expect("a writable folder for tests");
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-Y", filter, "-r"]).arg(path);
    for field in fields {
        command.args(["-e", field]);
    }
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: tshark is not installed, so nobody else reads what the encoders write");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(|line| line.replace('\t', " ").trim_end().to_owned()).collect())
}

#[test]
fn http_is_read_as_meant() {
    let net = Network::new();
    let browser = http::Browser::new(&net.host("10.1.0.50"));
    let portal = browser.open(&net.host("10.1.0.9"), 80, "portal.example.com");
    let token = ltpa::DEMO.v2("CN=Ann Smith,O=ACME", net.now() + 120 * ltpa::MINUTE);
    portal.ask(http::post("/j_security_check").form(&[("j_username", "asmith"), ("j_password", "x")]));
    portal.reply(http::response(302).location("/home").set_cookie(http::cookie("LtpaToken2", &token).path("/")));
    portal.ask(http::get("/home")).reply(http::response(200).html(&"home ".repeat(400)).chunked(700));
    let fields =
        ["http.request.method", "http.host", "http.cookie", "http.response.code", "http.date", "http.set_cookie"];
    let Some(rows) = tshark("http.pcapng", &net, "http", &fields) else { return };
    let date = "Mon, 10 Mar 2025 08:30:00 GMT";
    let wanted = [
        "POST portal.example.com".to_owned(),
        format!("   302 {date} LtpaToken2={token}; Path=/"),
        format!("GET portal.example.com LtpaToken2={token}"),
        format!("   200 {date}"),
    ];
    assert_eq!(rows, wanted);
    assert_eq!(tshark("http-bad.pcapng", &net, "_ws.malformed", &["frame.number"]), Some(Vec::new()));
}

#[test]
fn sip_and_its_media_are_read_as_meant() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    let phone = sip::Phone::new(&client, 5060, &server, 5060, "ann@example.com");
    let first = phone.register();
    let refusal = first.response(401).challenge("example.com", "8f3c");
    let second = phone.register().credentials(&refusal, "ann", "a password");
    phone.sends(&first).hears(&refusal).sends(&second).hears(second.response(200).contact_of(&second));
    let call = phone.call("bob@example.com");
    let invite = call.invite(20_000);
    let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
    phone.sends(&invite).hears(&ok).sends(call.ack(&ok));
    net.talk((&client, 20_000), (&net.host("10.1.0.51"), 30_000), 3);
    phone.sends(call.bye(&ok));
    let fields = ["sip.Method", "sip.Status-Code", "sip.CSeq.seq", "sip.auth.username", "sdp.media.port"];
    let Some(rows) = tshark("sip.pcapng", &net, "sip", &fields) else { return };
    let wanted = [
        "REGISTER  1",
        " 401 1",
        "REGISTER  2 \"ann\"",
        " 200 2",
        "INVITE  1  20000",
        " 200 1  30000",
        "ACK  1",
        "BYE  2",
    ];
    assert_eq!(rows, wanted);
    let rtp = tshark("rtp.pcapng", &net, "rtp", &["rtp.p_type", "rtp.seq"]);
    assert_eq!(rtp.map(|rows| rows.len()), Some(6));
    let odd = tshark("sip-bad.pcapng", &net, "_ws.malformed", &["frame.number"]);
    assert_eq!(odd, Some(Vec::new()));
}

#[test]
fn sip_over_websocket_is_read_as_meant() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 80);
    let key = net.nonce();
    tcp.client(websocket::upgrade("sip.example.com", "/ws", key)).server(websocket::accept(key));
    let phone = sip::Phone::over(&tcp, "ann@example.com").transport("WS").shown_as("df7jal23ls0d.invalid");
    let register = phone.register();
    tcp.client(websocket::masked(&register, net.nonce())).server(websocket::text(register.response(200)));
    let Some(rows) = tshark("ws.pcapng", &net, "sip", &["websocket.opcode", "sip.Method", "sip.Via"]) else { return };
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("1 REGISTER SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK"), "{rows:?}");
}
