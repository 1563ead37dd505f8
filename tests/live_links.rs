//! Interfaces that go down, vanish and come back while they are captured.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use serde_json::Value;
use std::net::UdpSocket;
use std::thread::sleep;
use std::time::Duration;
use support::network::{Cable, Namespace, possible};
use support::number;
use support::watch::{Running, live};

/// A cable in one network, both ends up: `a0` and `b0`.
fn plug_in(network: &Namespace) {
    network.ip("link add a0 type veth peer name b0");
    for end in ["a0", "b0"] {
        network.run("sysctl", &format!("-q -w net.ipv6.conf.{end}.disable_ipv6=1"));
        network.ip(&format!("link set {end} up"));
    }
    network.ip("address add 10.9.2.1/24 dev a0");
}

/// Sends five datagrams out of `a0`, to nobody.
fn send(network: &Namespace) {
    network.run("ip", "neighbour replace 10.9.2.2 lladdr 02:00:00:00:00:02 dev a0");
    let send = || {
        let socket = UdpSocket::bind("10.9.2.1:0").unwrap();
        (0..5).for_each(|_| assert_eq!(socket.send_to(b"x", "10.9.2.2:9").unwrap(), 1));
    };
    network.inside(send).join().unwrap();
    sleep(Duration::from_millis(300));
}

/// Ends the capture, which must have gone well; gives the number of packets in its report.
fn packets(process: Running) -> u64 {
    process.signal(Signal::SIGINT);
    let (status, printed, said) = process.end();
    assert!(status.success(), "{status}: {said:#?}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    number(&report["totals"], "packets")
}

const OPTIONS: [&str; 6] = ["-i", "a0", "-f", "udp", "--format", "json"];

#[test]
fn an_interface_that_vanishes_ends_the_capture() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    plug_in(&network);
    let mut process = live(&network, &OPTIONS);
    send(&network);
    network.ip("link delete a0");
    process.hear("a0: ");
    let (status, printed, said) = process.end();
    assert_eq!(status.code(), Some(2), "{said:#?}");
    // What was captured before is reported.
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(number(&report["totals"], "packets"), 5);
    assert!(report["inputs"][0]["complete"] == false && report["inputs"][0]["problem"].is_string(), "{report:#}");
}

#[test]
fn with_retry_a_new_interface_of_that_name_is_taken() {
    if !possible(&[]) {
        return;
    }
    let network = Namespace::new();
    plug_in(&network);
    let mut process = live(&network, &[&OPTIONS[..], &["--retry"]].concat());
    send(&network);
    network.ip("link delete a0");
    process.hear("tried again");
    plug_in(&network);
    process.hear("a0: the interface is back");
    send(&network);
    assert_eq!(packets(process), 10);
}

#[test]
fn an_interface_that_goes_down_is_captured_on_when_it_comes_back() {
    if !possible(&[]) {
        return;
    }
    for (options, down) in [(&[][..], 10), (&["--retry"], 10), (&[], 1500)] {
        let network = Namespace::new();
        plug_in(&network);
        let process = live(&network, &[&OPTIONS[..], options].concat());
        send(&network);
        network.ip("link set a0 down");
        sleep(Duration::from_millis(down));
        network.ip("link set a0 up");
        sleep(Duration::from_millis(200));
        send(&network);
        assert_eq!(packets(process), 10, "{options:?} {down}");
    }
}

#[test]
fn an_unplugged_cable_is_no_reason_to_end() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let process = live(&cable.server, &["-i", "s0", "--format", "json"]);
    cable.client.ip("link set c0 down");
    sleep(Duration::from_millis(500));
    cable.client.ip("link set c0 up");
    sleep(Duration::from_millis(500));
    packets(process);
}
