//! TLS that is opened while it is captured: the key log grows as a real client (curl) speaks to a real server (OpenSSL).
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::network::{Cable, SERVER, possible};
use support::watch::{Running, live};
use support::{list, text};

fn certificate(folder: &Path) {
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
    let names = ["-subj", "/CN=meet.acme.example", "-keyout", "key.pem", "-out", "crt.pem"];
    let done = Command::new("openssl").current_dir(folder).args(arguments).args(names).output().unwrap();
    assert!(done.status.success());
}

/// A page that is asked for over TLS, by a client that writes its secrets to `keys.log`.
fn ask(cable: &Cable, folder: &Path, page: &str) {
    let mut curl = cable.client.command("curl");
    curl.env("SSLKEYLOGFILE", folder.join("keys.log")).args([
        "-sk",
        "--http1.1",
        "--retry-connrefused",
        "--retry",
        "20",
    ]);
    let output = curl.args(["--retry-delay", "1", &format!("https://{SERVER}:8443/{page}")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits for a request of HTTP that came out of TLS.
fn request(process: &mut Running, page: &str) {
    let message: Value = serde_json::from_str(&process.read(&format!("/{page}"))).unwrap();
    assert_eq!((text(&message, "kind"), text(&message, "protocol")), ("messages", "http"), "{message:#}");
}

#[test]
fn a_key_log_that_grows_opens_what_is_captured_and_files_carry_keys_only_if_told() {
    if !possible(&["curl", "openssl"]) {
        return;
    }
    let cable = Cable::new();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    certificate(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("keys.log"), "").unwrap();
    let mut server = cable.server.command("openssl");
    server
        .current_dir(folder.path())
        .args(["s_server", "-accept", "8443", "-www", "-key", "key.pem", "-cert", "crt.pem"]);
    let mut server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();

    for (file, keeps) in [("with.pcapng", true), ("without.pcapng", false)] {
        let mut arguments = vec!["-i", "s0", "-f", "tcp", "--format", "ndjson"];
        let (keys, file) = (path("keys.log"), path(file));
        arguments.extend(["--keylog", &keys, "-w", &file]);
        arguments.extend(keeps.then_some("--keep-keys"));
        let mut process = live(&cable.server, &arguments);
        for page in ["first", "second"] {
            ask(&cable, folder.path(), page);
            request(&mut process, page);
        }
        sleep(Duration::from_millis(300));
        process.signal(Signal::SIGINT);
        let (status, printed, said) = process.end();
        assert!(status.success(), "{said:#?}");
        let inside = printed.lines().filter(|line| line.contains("\"over_tls\":true")).count();
        assert!(inside >= 2, "{printed}");
        // The file alone, without any key log.
        let report = support::report(&[&file]);
        let opened = list(&report, "conversations").iter().filter(|c| c["over_tls"] == true).count();
        assert_eq!(opened > 0, keeps, "{report:#}");
    }
    let _ = server.kill();
    let _ = server.wait();
}
