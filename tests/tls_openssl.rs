//! TLS as OpenSSL speaks it, and HTTP/2 as nghttp2 does: client and server talk through a relay that notes their bytes, and the tool opens what they said
//! with the key log of the client, or with the key of the server. Without OpenSSL these tests say so and pass.

mod support;

use nrpcsniff::{Analysis, Diagnoser, Diagnosis, Message};
use nrpcsniff_dissectors::Message as Body;
use nrpcsniff_dissectors::tls::Why;
use nrpcsniff_samples as samples;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{has, shout, tshark, two_at_a_time};

/// Bytes in the order in which the relay saw them.
type Talk = Vec<(samples::Side, Vec<u8>)>;

const REQUEST: &str = "GET /stmeetings/ HTTP/1.0\r\nHost: meet.acme.example\r\nCookie: LtpaToken=\"undefined\"\r\n\r\n";

/// True if there is an OpenSSL that knows key logs.
fn has_openssl() -> bool {
    let version = Command::new("openssl").arg("version").output().map(|output| output.stdout).unwrap_or_default();
    let found = String::from_utf8_lossy(&version).starts_with("OpenSSL 3");
    if !found {
        shout("SKIPPED: there is no OpenSSL 3, and nobody else is asked");
    }
    found
}

fn openssl(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::piped());
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A self-signed certificate, `NAME.crt` with `NAME.key`.
fn certificate(folder: &Path, name: &str, algorithm: &[&str]) {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    let subject = ["-subj", "/CN=meet.acme.example", "-days", "30", "-nodes", "-keyout", &key, "-out", &crt];
    let arguments = [&["req", "-x509", "-newkey"][..], algorithm, &subject].concat();
    assert!(openssl(folder, &arguments).status().unwrap().success());
}

/// Two programs and what they say to each other.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let port = free_port();
        let accept = port.to_string();
        Self::listening(openssl(folder, &[&["s_server", "-accept", &accept][..], arguments].concat()), port)
    }

    /// Waits until the program listens on that port.
    fn listening(mut program: Command, port: u16) -> Self {
        let child = program.spawn().unwrap();
        let began = Instant::now();
        let listens = || {
            fs::read_to_string("/proc/net/tcp").unwrap_or_default()
                + &fs::read_to_string("/proc/net/tcp6").unwrap_or_default()
        };
        while !listens().contains(&format!(":{port:04X} 0")) && began.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, port }
    }

    /// One connection of a client that sends `input`; ends when the server closes.
    fn talk(&self, folder: &Path, arguments: &[&str], input: &[&str]) -> Talk {
        let client = |connect: &str| {
            let all = ["s_client", "-connect", connect, "-servername", "meet.acme.example", "-ign_eof"];
            openssl(folder, &[&all[..], arguments].concat())
        };
        self.relayed(client, input)
    }

    /// One connection of any client, which is told where to connect to.
    fn relayed(&self, client: impl FnOnce(&str) -> Command, input: &[&str]) -> Talk {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = client(&listener.local_addr().unwrap().to_string()).spawn().unwrap();
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let talk = Arc::new(Mutex::new(Talk::new()));
        let threads =
            [(samples::Side::Client, &near, &far), (samples::Side::Server, &far, &near)].map(|(side, from, to)| {
                let (from, to, talk) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&talk));
                thread::spawn(move || relay(side, from, to, &talk))
            });
        let mut stdin = client.stdin.take().unwrap();
        for line in input {
            thread::sleep(Duration::from_millis(150));
            stdin.write_all(line.as_bytes()).unwrap();
            stdin.flush().unwrap();
        }
        // The handshake, and with it session tickets, comes to its end before the client goes.
        let began = Instant::now();
        while client.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = client.kill();
        client.wait().unwrap();
        drop(stdin);
        for thread in threads {
            thread.join().unwrap();
        }
        Arc::into_inner(talk).unwrap().into_inner().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn relay(side: samples::Side, mut from: TcpStream, mut to: TcpStream, talk: &Mutex<Talk>) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        // Noted before it is passed on: an answer cannot come before its question.
        talk.lock().unwrap().push((side, buffer[..length].to_vec()));
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Conversations as a capture.
fn capture(talks: &[Talk]) -> Vec<u8> {
    let net = samples::Network::new();
    for talk in talks {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443);
        for (side, bytes) in talk {
            tcp.send(*side, bytes);
        }
        tcp.client_fin();
    }
    net.to_pcapng()
}

/// Conversations as a capture, opened with these keys.
fn diagnose(talks: &[Talk], diagnoser: &Diagnoser) -> Diagnosis {
    diagnoser.diagnose_stream("test", Cursor::new(capture(talks))).unwrap()
}

fn analyse(talks: &[Talk], diagnoser: &Diagnoser) -> Analysis {
    diagnose(talks, diagnoser).analysis().clone()
}

fn log(folder: &Path, name: &str) -> Diagnoser {
    Diagnoser::default().key_log(folder.join(name)).unwrap()
}

fn private_key(folder: &Path, name: &str) -> Diagnoser {
    Diagnoser::default().tls_key(folder.join(name)).unwrap()
}

/// Types of the messages inside TLS.
fn inside(analysis: &Analysis) -> Vec<&'static str> {
    let messages = analysis.conversations.iter().flat_map(|c| &c.messages);
    messages.map(|message| message.body.kind()).filter(|kind| !kind.starts_with("tls.")).collect()
}

const WORKS: [&str; 2] = ["http.request", "http.response"];

/// Suites by OpenSSL's names, with the certificate and the versions for which they are tried.
const SUITES: [(&str, &str, &[&str]); 23] = [
    ("AES128-SHA", "rsa", &["-tls1", "-tls1_1", "-tls1_2"]),
    ("AES256-SHA", "rsa", &["-tls1", "-tls1_2"]),
    ("AES128-SHA256", "rsa", &["-tls1_2"]),
    ("AES256-SHA256", "rsa", &["-tls1_2"]),
    ("AES128-GCM-SHA256", "rsa", &["-tls1_2"]),
    ("AES256-GCM-SHA384", "rsa", &["-tls1_2"]),
    ("AES128-CCM", "rsa", &["-tls1_2"]),
    ("AES256-CCM8", "rsa", &["-tls1_2"]),
    ("NULL-SHA", "rsa", &["-tls1", "-tls1_2"]),
    ("NULL-MD5", "rsa", &["-tls1_2"]),
    ("NULL-SHA256", "rsa", &["-tls1_2"]),
    ("DHE-RSA-AES256-CCM", "rsa", &["-tls1_2"]),
    ("ECDHE-RSA-AES128-SHA", "rsa", &["-tls1", "-tls1_1"]),
    ("ECDHE-RSA-AES256-SHA384", "rsa", &["-tls1_2"]),
    ("ECDHE-RSA-CHACHA20-POLY1305", "rsa", &["-tls1_2"]),
    ("ECDHE-RSA-AES128-GCM-SHA256", "rsa", &["-tls1_2"]),
    ("ECDHE-ECDSA-AES128-CCM8", "ec", &["-tls1_2"]),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "ec", &["-tls1_2"]),
    ("TLS_AES_128_GCM_SHA256", "ec", &["-tls1_3"]),
    ("TLS_AES_256_GCM_SHA384", "rsa", &["-tls1_3"]),
    ("TLS_CHACHA20_POLY1305_SHA256", "rsa", &["-tls1_3"]),
    ("TLS_AES_128_CCM_SHA256", "rsa", &["-tls1_3"]),
    ("TLS_AES_128_CCM_8_SHA256", "rsa", &["-tls1_3"]),
];

#[test]
fn every_cipher_of_every_version_opens_with_a_key_log_and_rsa_with_the_private_key() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    certificate(folder, "ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let cases: Vec<_> =
        SUITES.iter().flat_map(|&(suite, key, versions)| versions.iter().map(move |&v| (suite, key, v))).collect();
    let problems = two_at_a_time(&cases, |&(suite, key, version)| {
        let name = format!("{suite} {version}");
        let (old, new) = (format!("{suite}:@SECLEVEL=0"), suite.to_owned());
        let ciphers = if version == "-tls1_3" { ["-ciphersuites", &new] } else { ["-cipher", &old] };
        let (crt, pem, keylog) = (format!("{key}.crt"), format!("{key}.key"), format!("{suite}{version}.log"));
        let server = Server::start(folder, &[&["-cert", &crt, "-key", &pem, "-www", version][..], &ciphers].concat());
        // Encrypt-then-MAC and the extended master secret, and without them.
        for more in [&[][..], &["-no_etm"]] {
            let _ = fs::remove_file(folder.join(&keylog));
            let talk =
                server.talk(folder, &[&[version, "-keylogfile", &keylog][..], &ciphers, more].concat(), &[REQUEST]);
            let analysis = analyse(std::slice::from_ref(&talk), &log(folder, &keylog));
            if inside(&analysis) != WORKS {
                return Some(format!("{name} {more:?}: {:?} {:?}", inside(&analysis), analysis.conversations[0].tls));
            }
            let by_key = analyse(&[talk], &private_key(folder, "rsa.key"));
            let rsa = suite.starts_with("AES") || suite.starts_with("NULL");
            let layer = by_key.conversations[0].tls.unwrap();
            let as_it_should =
                if rsa { inside(&by_key) == WORKS } else { layer.why_opaque == Some(Why::ForwardSecrecyWithRsaKey) };
            if !as_it_should {
                return Some(format!("{name} {more:?} by private key: {:?} {layer:?}", inside(&by_key)));
            }
        }
        None
    });
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    shout(&format!("{} suites and versions of OpenSSL opened, each twice", cases.len()));
}

#[test]
fn a_resumed_session_opens_where_the_capture_holds_its_beginning() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    for tickets in [&["-no_ticket"][..], &[]] {
        let server = Server::start(
            folder,
            &[&["-cert", "rsa.crt", "-key", "rsa.key", "-www", "-tls1_2", "-cipher", "AES128-SHA256"][..], tickets]
                .concat(),
        );
        let first = server.talk(folder, &["-tls1_2", "-sess_out", "session"], &[REQUEST]);
        let second = server.talk(folder, &["-tls1_2", "-sess_in", "session"], &[REQUEST]);
        let both = analyse(&[first, second.clone()], &private_key(folder, "rsa.key"));
        assert_eq!(inside(&both), [WORKS, WORKS].concat(), "{tickets:?}");
        let exchanges = both
            .conversations
            .iter()
            .map(|c| c.messages.iter().filter(|m| m.body.kind() == "tls.client_key_exchange").count());
        assert_eq!(exchanges.collect::<Vec<_>>(), [1, 0], "the second session is resumed");
        let alone = analyse(&[second], &private_key(folder, "rsa.key"));
        assert_eq!(alone.conversations[0].tls.unwrap().why_opaque, Some(Why::ResumedWithoutSecret));
    }
}

#[test]
fn keys_that_change_on_the_way() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    let more = ["-cert", "rsa.crt", "-key", "rsa.key", "-www"];
    // s_client takes a line with K for a key update that is to be answered, and R for another handshake.
    let talk_with = |version: &str, line: &str, name: &str, options: &[&str]| {
        let server = Server::start(folder, &[&more[..], &[version], options].concat());
        let arguments = [version, "-keylogfile", name, "-no_ign_eof"];
        server.talk(folder, &arguments, &[line, REQUEST])
    };
    let other_keys = talk_with("-tls1_3", "K\n", "changed.log", &[]);
    let analysis = analyse(&[other_keys], &log(folder, "changed.log"));
    let updates = analysis.conversations[0].messages.iter().filter(|m| m.body.kind() == "tls.key_update").count();
    assert!(updates >= 1, "no key update was seen");
    assert_eq!(inside(&analysis), WORKS);
    let again = talk_with("-tls1_2", "R\n", "again.log", &["-client_renegotiation"]);
    let analysis = analyse(&[again], &log(folder, "again.log"));
    let hellos = analysis.conversations[0].messages.iter().filter(|m| m.body.kind() == "tls.client_hello").count();
    assert_eq!((hellos, inside(&analysis)), (2, WORKS.to_vec()));
}

#[test]
fn early_data() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    fs::write(folder.join("early"), REQUEST).unwrap();
    for suite in ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"] {
        let server = Server::start(
            folder,
            &["-cert", "rsa.crt", "-key", "rsa.key", "-tls1_3", "-early_data", "-ciphersuites", suite],
        );
        server.talk(folder, &["-sess_out", "session", "-no_ign_eof"], &["Q\n"]);
        let _ = fs::remove_file(folder.join("early.log"));
        let arguments = ["-sess_in", "session", "-early_data", "early", "-keylogfile", "early.log", "-no_ign_eof"];
        let talk = server.talk(folder, &arguments, &[REQUEST, "Q\n"]);
        let analysis = analyse(&[talk], &log(folder, "early.log"));
        assert_eq!(inside(&analysis), ["http.request", "http.request"], "{suite}");
        assert_eq!(analysis.conversations[0].tls.unwrap().sealed, 0);
    }
}

/// Requests and responses with their header fields, as the two programs that see them tell them.
#[test]
fn http_2_as_curl_and_nghttp2_speak_it() {
    if !has_openssl() || !["nghttpd", "curl", "tshark"].into_iter().all(has) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    fs::create_dir(folder.join("www")).unwrap();
    fs::write(folder.join("www/big"), vec![7; 200_000]).unwrap();
    let port = free_port();
    let mut program = Command::new("nghttpd");
    program.current_dir(folder).args(["--htdocs=www", &port.to_string(), "rsa.key", "rsa.crt"]);
    let server = Server::listening(program, port);
    let client = |connect: &str| {
        let mut curl = Command::new("curl");
        let resolve = format!("meet.acme.example:{}:127.0.0.1", connect.rsplit(':').next().unwrap());
        let url = |path: &str| format!("https://meet.acme.example:{}{path}", connect.rsplit(':').next().unwrap());
        curl.current_dir(folder).env("SSLKEYLOGFILE", folder.join("curl.log"));
        curl.args(["-sk", "--http2", "--resolve", &resolve, "-b", "LtpaToken=undefined; a=b", "-H", "x-own: 1"]);
        curl.args(["-o", "1", &url("/big"), "-o", "2", &url("/none")]);
        curl.args(["--next", "-sk", "--http2", "--resolve", &resolve, "-d", "Username=ann&Password=secret", "-o", "3"]);
        curl.arg(url("/names.nsf?Login"));
        curl.stdin(Stdio::piped());
        curl
    };
    let talk = server.relayed(client, &[]);
    let analysis = analyse(std::slice::from_ref(&talk), &log(folder, "curl.log"));
    let messages = || analysis.conversations.iter().flat_map(|c| &c.messages);
    let http = |m: &Message| matches!(m.body, Body::Http(_));
    let ours: Vec<_> = messages().filter(|m| http(m)).map(|m| (m.at.frame.number, m.body.summary())).collect();
    let summaries: Vec<_> = ours.iter().map(|(_, summary)| summary.as_str()).collect();
    let expected =
        ["GET /big, with LtpaToken", "200", "GET /none, with LtpaToken", "404", "POST /names.nsf?Login (ann)", "404"];
    assert_eq!(summaries, expected);
    fs::write(folder.join("talk.pcapng"), capture(&[talk])).unwrap();
    let (path, keys) = (folder.join("talk.pcapng"), format!("tls.keylog_file:{}", folder.join("curl.log").display()));
    let fields = ["frame.number", "http2.headers.method", "http2.headers.path", "http2.headers.status"];
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-o", &keys, "-Y", "http2.type == 1", "-T", "fields"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    let theirs = tshark(&arguments);
    assert_eq!(theirs.lines().count(), ours.len(), "{theirs}");
    for (line, (frame, summary)) in theirs.lines().zip(&ours) {
        let cells: Vec<_> = line.split('\t').collect();
        assert_eq!(cells[0], frame.to_string());
        assert!(summary.starts_with(format!("{} {}{}", cells[1], cells[2], cells[3]).trim()), "{summary}: {line}");
    }
}

/// Handshakes that fail, with the rule that says why; and some that do not.
type Failure = (&'static str, &'static [&'static str], &'static [&'static str], Option<&'static str>);

const GOOD: &[&str] = &["-cert", "rsa.crt", "-key", "rsa.key"];
const TRUSTING: &[&str] = &["-verify_return_error", "-CAfile", "rsa.crt"];
const FAILURES: [Failure; 10] = [
    ("a self-signed certificate", GOOD, &["-tls1_2", "-verify_return_error"], Some("tls-unknown-ca")),
    ("the same in TLS 1.3", GOOD, &["-tls1_3", "-verify_return_error"], Some("tls-unknown-ca")),
    (
        "another name",
        &["-cert", "other.crt", "-key", "other.key"],
        &["-tls1_2", "-verify_return_error", "-CAfile", "other.crt", "-verify_hostname", "meet.acme.example"],
        Some("tls-name-mismatch"),
    ),
    ("no common version", &["-tls1_3"], &["-tls1_2"], Some("tls-version")),
    ("an old version", &["-tls1_2"], &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], Some("tls-version")),
    (
        "no common suite",
        &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
        Some("tls-cipher"),
    ),
    ("a client without a certificate", &["-tls1_2", "-Verify", "1"], &["-tls1_2"], Some("tls-client-cert")),
    ("one that needs none", &["-tls1_2", "-verify", "1"], &["-tls1_2"], None),
    ("all in order", GOOD, &["-tls1_2"], None),
    ("all in order in TLS 1.3", GOOD, &["-tls1_3"], None),
];

/// What OpenSSL minds, and says in its alerts, is what the rules find.
#[test]
fn handshakes_that_fail_are_explained_and_others_are_not() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "rsa", &["rsa:2048"]);
    let other = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "other.key", "-out", "other.crt"];
    let subject = ["-days", "30", "-subj", "/CN=other.acme.example"];
    assert!(openssl(folder, &[&other[..], &subject].concat()).status().unwrap().success());
    let problems = two_at_a_time(&FAILURES, |&(name, server, client, wanted)| {
        let certificate = if server.contains(&"-cert") { &[][..] } else { GOOD };
        let server = Server::start(folder, &[&["-www"][..], certificate, server].concat());
        let trusting = if client.contains(&"-verify_return_error") { &[][..] } else { TRUSTING };
        let client = [client, trusting].concat();
        let request: &[&str] = if wanted.is_none() { &[REQUEST] } else { &[] };
        let talks = [(); 2].map(|()| server.talk(folder, &client, request));
        let diagnosis = diagnose(&talks, &Diagnoser::default());
        let said: Vec<_> =
            diagnosis.findings().iter().map(|finding| finding.rule).filter(|rule| rule.starts_with("tls-")).collect();
        (said != Vec::from_iter(wanted)).then(|| format!("{name}: {said:?} instead of {wanted:?}"))
    });
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
