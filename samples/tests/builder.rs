//! What the builder promises, feature by feature, as tshark reads it.
//!
//! Without tshark the tests say so loudly and prove nothing.

use std::process::Command;

use nrpcsniff_samples::dns::{A, AAAA, Rcode, Record};
use nrpcsniff_samples::{Format, Host, IpId, Link, Network, Segment, Side, SplitMix64, flags, other};

/// Fields of each frame as tshark prints them; `None` without tshark.
fn tshark(name: &str, bytes: &[u8], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).expect("a writable folder for tests");
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-T", "fields", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-r"])
        .arg(path);
    for field in fields {
        command.args(["-e", field]);
    }
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: tshark is not installed, so nobody else reads what the builder writes");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn hosts() -> (Network, Host, Host) {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9").linux());
    (net, client, server)
}

/// Frames of a capture must be these, fields joined by blanks.
fn assert_frames(name: &str, net: &Network, fields: &[&str], wanted: &[&str]) {
    if let Some(rows) = tshark(name, &net.to_pcapng(), fields) {
        let rows: Vec<String> = rows.iter().map(|row| row.join(" ").trim_end().to_owned()).collect();
        assert_eq!(rows, wanted);
    }
}

const NUMBERS: [&str; 4] = ["tcp.flags", "tcp.seq", "tcp.ack", "tcp.len"];

#[test]
fn data_is_cut_by_mss_and_acknowledged_every_second_segment() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).mss(1000).open().client([1; 2500]);
    let wanted = [
        "0x0002 0 0 0",
        "0x0012 0 1 0",
        "0x0010 1 1 0",
        "0x0010 1 1 1000",
        "0x0010 1001 1 1000",
        "0x0018 2001 1 500",
        "0x0010 1 2001 0",
        "0x0010 1 2501 0",
    ];
    assert_frames("mss.pcapng", &net, &NUMBERS, &wanted);
}

#[test]
fn sequence_numbers_pass_zero() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).near_wrap().open().client([1; 150]).server([2; 150]).client_fin();
    let Some(rows) = tshark("wrap.pcapng", &net.to_pcapng(), &["tcp.seq_raw", "tcp.seq", "_ws.expert.message"]) else {
        return;
    };
    let raw: Vec<u32> = rows.iter().map(|row| row[0].parse().expect("a number")).collect();
    assert!(raw[0] > u32::MAX - 200 && raw[5] < 200, "{raw:?}");
    assert!(rows.iter().all(|row| !row[2].contains("segment")), "{rows:?}");
}

#[test]
fn a_syn_carries_data() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).syn_data(*b"early").open().client(b"late").server(b"ok");
    let wanted = ["0x0002 0 0 5", "0x0012 0 6 0", "0x0010 6 1 0", "0x0018 6 1 4", "0x0018 1 10 2", "0x0010 10 3 0"];
    assert_frames("syn-data.pcapng", &net, &NUMBERS, &wanted);
}

#[test]
fn silent_attempts_are_told_apart_by_time() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).silent(&[1, 3, 7]);
    let wanted = ["0x0002 0.000000000", "0x0002 1.000000000", "0x0002 3.000000000", "0x0002 7.000000000"];
    assert_frames("silent.pcapng", &net, &["tcp.flags", "frame.time_relative"], &wanted);
}

#[test]
fn refusal_and_half_open_probe_end_with_rst() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).refused(1);
    net.dial(&client, &server, 1352).half_open();
    let wanted = ["0x0002 0 0 0", "0x0014 1 1 0", "0x0002 0 0 0", "0x0012 0 1 0", "0x0004 1 0 0"];
    assert_frames("refused.pcapng", &net, &NUMBERS, &wanted);
}

#[test]
fn a_client_that_hears_nothing_makes_both_sides_repeat() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).unheard(&[1]);
    let wanted = ["0x0002 0 0 0", "0x0012 0 1 0", "0x0002 0 0 0", "0x0012 0 1 0"];
    assert_frames("unheard.pcapng", &net, &NUMBERS, &wanted);
}

#[test]
fn icmp_quotes_the_syn_for_both_ip_versions() {
    let net = Network::new();
    for (client, server, router) in
        [("10.1.0.50", "10.7.0.9", "10.1.0.1"), ("2001:db8::50", "2001:db8:7::9", "2001:db8::1")]
    {
        let (client, server, router) = (net.host(client), net.host(server), net.host(router).ttl(255));
        net.dial(&client, &server, 1352).client_port(50_000).rejected(&router, 1);
    }
    let fields = ["icmp.type", "icmpv6.type", "icmp.code", "icmpv6.code", "tcp.dstport", "_ws.malformed"];
    let Some(rows) = tshark("icmp.pcapng", &net.to_pcapng(), &fields) else { return };
    assert_eq!(rows[1], ["3", "", "1", "", "1352", ""]);
    assert_eq!(rows[3], ["", "1", "", "1", "1352", ""]);
}

#[test]
fn middlebox_resets_copy_the_ip_identification() {
    let (net, client, server) = hosts();
    net.connect(&client, &server, 1352).client(b"x").middlebox_rst(Side::Client, 250);
    let Some(rows) = tshark("middlebox.pcapng", &net.to_pcapng(), &["ip.id", "ip.ttl", "ip.src", "tcp.flags"]) else {
        return;
    };
    assert_eq!(rows[4][0], rows[3][0]);
    assert_eq!(rows[4][1..], ["250", "10.1.0.9", "0x0014"]);
    assert_eq!(rows.len(), 5, "no acknowledgment after the reset");
}

#[test]
fn ip_identification_follows_its_style() {
    let net = Network::new();
    let hosts = [IpId::Counter, IpId::Zero, IpId::Random]
        .map(|style| net.host(["10.0.0.1", "10.0.0.2", "10.0.0.3"][style as usize]).ip_id(style));
    for host in &hosts {
        for _ in 0..3 {
            net.udp(host, 5000, &hosts[0], 5000, *b"x");
        }
    }
    let Some(rows) = tshark("ip-id.pcapng", &net.to_pcapng(), &["ip.id"]) else { return };
    let ids: Vec<i64> = rows.iter().map(|row| i64::from_str_radix(&row[0][2..], 16).expect("hex")).collect();
    assert_eq!([ids[1] - ids[0], ids[2] - ids[1]], [1, 1]);
    assert_eq!(ids[3..6], [0, 0, 0]);
    assert!((ids[7] - ids[6]).abs() > 1 && ids[7] != ids[8], "{ids:?}");
}

#[test]
fn checksums_are_wrong_only_where_they_are_offloaded() {
    let (net, client, server) = hosts();
    net.connect(&client.offloads_checksums(), &server, 1352).client(b"x").server(b"y");
    let Some(rows) = tshark("offload.pcapng", &net.to_pcapng(), &["ip.src", "tcp.checksum.status"]) else { return };
    for row in &rows {
        assert_eq!(row[1] == "0", row[0] == "10.1.0.50", "{rows:?}");
    }
}

#[test]
fn one_direction_and_midstream_leave_packets_out() {
    let (net, client, server) = hosts();
    net.dial(&client, &server, 1352).only(Side::Server).open().client(b"x").server(b"yz");
    net.dial(&client, &server, 1352).midstream().client(b"x");
    let fields = ["ip.src", "tcp.flags", "tcp.len"];
    let wanted = ["10.1.0.9 0x0012 0", "10.1.0.9 0x0018 2", "10.1.0.50 0x0018 1", "10.1.0.9 0x0010 0"];
    assert_frames("partial.pcapng", &net, &fields, &wanted);
}

#[test]
fn conversations_interleave_by_time() {
    let (net, client, server) = hosts();
    for start in [0, 1] {
        net.at(start);
        net.connect(&client, &server, 1352).wait(10).client(b"x").server(b"y");
    }
    let Some(rows) = tshark("interleaved.pcapng", &net.to_pcapng(), &["tcp.stream"]) else { return };
    let streams: String = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(streams, "000111001101");
}

#[test]
fn the_escape_hatch_writes_what_it_is_told() {
    let (net, client, server) = hosts();
    let tcp = net.connect(&client, &server, 1352);
    let odd = Segment {
        window: Some(77),
        ttl: Some(3),
        ip_id: Some(0xbeef),
        ..Segment { flags: flags::ACK | flags::FIN, ..Segment::data(1000, *b"odd") }
    };
    tcp.segment(Side::Client, odd);
    let Some(rows) =
        tshark("odd.pcapng", &net.to_pcapng(), &["tcp.seq", "tcp.flags", "tcp.window_size_value", "ip.ttl", "ip.id"])
    else {
        return;
    };
    assert_eq!(rows[3], ["1001", "0x0011", "77", "3", "0xbeef"]);
}

#[test]
fn every_container_and_link_layer_reads_the_same() {
    let (net, client, server) = hosts();
    net.connect(&client, &server, 1352).client(b"hello");
    net.wait(1).udp(&client, 40_000, &server, 40_001, *b"x");
    let formats = [
        Format::pcap().big_endian(),
        Format::pcap().nanoseconds().link(Link::Vlan(7)),
        Format::pcap().big_endian().nanoseconds().link(Link::Sll),
        Format::pcapng().big_endian().link(Link::Sll2),
        Format::pcapng().microseconds().link(Link::RawIp),
    ];
    for (number, format) in formats.into_iter().enumerate() {
        let fields = ["frame.time_epoch", "ip.src", "tcp.len", "udp.length", "_ws.malformed"];
        let Some(rows) = tshark(&format!("format{number}.cap"), &net.write(&format), &fields) else { return };
        let text: Vec<String> = rows.iter().map(|row| row[1..].join(" ").trim_end().to_owned()).collect();
        let wanted = ["10.1.0.50 0", "10.1.0.9 0", "10.1.0.50 0", "10.1.0.50 5", "10.1.0.50  9", "10.1.0.9 0"];
        assert_eq!(text, wanted, "{}", format.describe());
        assert_eq!(rows[1][0], "1741595400.000240000");
    }
}

#[test]
fn pcapng_keeps_names_and_comments_and_statistics() {
    let (net, client, server) = hosts();
    net.connect(&client, &server, 1352).note("the last of three");
    let bytes = net.write(&Format::pcapng().comment("all").interface("eth7").dropped(2));
    let Some(rows) = tshark("comments.pcapng", &bytes, &["frame.interface_name", "frame.comment"]) else { return };
    assert_eq!(rows[0], ["eth7", ""]);
    assert_eq!(rows[2], ["eth7", "the last of three"]);
}

#[test]
fn snaplen_cuts_frames_and_remembers_their_length() {
    let (net, client, server) = hosts();
    net.connect(&client, &server, 1352).client([0; 400]);
    for format in [Format::pcap(), Format::pcapng()] {
        let bytes = net.write(&format.snaplen(96));
        let Some(rows) = tshark("snaplen.cap", &bytes, &["frame.cap_len", "frame.len"]) else { return };
        assert_eq!(rows[3], ["96", "454"]);
    }
}

#[test]
fn names_resolve_or_do_not() {
    let (net, client, server) = hosts();
    let records =
        [Record::cname("chat.example.net", "real.example.net"), Record::address("real.example.net", "10.1.0.9")];
    net.resolve(&client, &server, "chat.example.net", A, &records);
    net.resolve(&client, &server, "six.example.net", AAAA, &[Record::address("six.example.net", "2001:db8::9")]);
    net.resolve_fails(&client, &server, "none.example.net", A, Rcode::NxDomain);
    net.resolve_unanswered(&client, &server, "lost.example.net", A, &[1, 3]);
    let fields = ["dns.qry.name", "dns.cname", "dns.a", "dns.aaaa", "dns.flags.rcode", "_ws.malformed"];
    let wanted = [
        "chat.example.net",
        "chat.example.net real.example.net 10.1.0.9  0",
        "six.example.net",
        "six.example.net   2001:db8::9 0",
        "none.example.net",
        "none.example.net    3",
        "lost.example.net",
        "lost.example.net",
        "lost.example.net",
    ];
    assert_frames("dns.pcapng", &net, &fields, &wanted);
}

#[test]
fn other_protocols_are_recognised() {
    let (net, client, server) = hosts();
    let hello = other::client_hello("mail01.example.net", &mut SplitMix64::new(1));
    net.connect(&client, &server, 443).client(hello);
    net.connect(&client, &server, 80).client(other::http_get("mail01.example.net", "/x"));
    let fields = ["tls.handshake.extensions_server_name", "http.host", "_ws.malformed"];
    let Some(rows) = tshark("other.pcapng", &net.to_pcapng(), &fields) else { return };
    let seen: Vec<&[String]> =
        rows.iter().map(Vec::as_slice).filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
    assert_eq!(seen, [["mail01.example.net", "", ""], ["", "mail01.example.net", ""]]);
}
