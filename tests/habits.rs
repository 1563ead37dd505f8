//! Command lines as people type them who know tcpdump, tshark, dumpcap or git: each does what was meant, or says in one line what to
//! type instead. The table is a snapshot: status, and the first line of stderr, or of stdout where nothing was said.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

/// What is typed, in a folder with `notes.pcapng`, `other.pcapng` and a folder `case` with a copy of the first.
const LINES: &[&str] = &[
    // tcpdump
    "-r notes.pcapng port 1352",
    "-r notes.pcapng 'tcp port 1352'",
    "-r notes.pcapng tcp port 1352 and host 10.1.0.9",
    "-r notes.pcapng port 9999",
    "-nn -r notes.pcapng",
    "-nnr notes.pcapng",
    "-n -e -l -U -r notes.pcapng",
    "-s0 -nr notes.pcapng",
    "-s 0 -vvv -r notes.pcapng",
    "-tttt -r notes.pcapng",
    "-q -r notes.pcapng not port 22",
    "notes.pcapng port 1352",
    "notes.pcapng tcp",
    "notes.pcapng port port",
    "notes.pcapng -f 'port 1352' port 88",
    "-r notes.pcapng -A",
    "-r notes.pcapng -x",
    "-nnX -r notes.pcapng",
    "-i no-such-interface port 1352",
    "-ni no-such-interface -s 0 tcp port 1352 or port 88",
    "-i 9999",
    "-i no-such-interface -w out.pcap -C 50",
    "-i no-such-interface -w out.pcap -W 5",
    "-i no-such-interface -G 60 -w out.pcap",
    "-i no-such-interface -Z nobody",
    "-F filter.txt -r notes.pcapng",
    "-i no-such-interface notes.pcapng",
    "-Q in -i no-such-interface",
    "-I -i wlan0",
    "-y EN10MB -i no-such-interface",
    // tshark and dumpcap
    "-2 -r notes.pcapng",
    "-r notes.pcapng -Y nrpc",
    "-r notes.pcapng -2 -R 'tcp.port==1352'",
    "-r notes.pcapng -T json",
    "-r notes.pcapng -T ek",
    "-r notes.pcapng -T fields -e ip.src",
    "-r notes.pcapng -E separator=,",
    "-r notes.pcapng -z conv,tcp",
    "-r notes.pcapng -V",
    "-r notes.pcapng -t ad",
    "-r notes.pcapng -o tls.keylog_file:k.txt",
    "-r notes.pcapng -otls.keys_list:10.0.0.1,443,http,a.pem",
    "-r notes.pcapng -o tcp.desegment_tcp_streams:TRUE",
    "-r notes.pcapng -d tcp.port==13520,nrpc",
    "-i no-such-interface -a duration:60",
    "-i no-such-interface -b filesize:10240 -b files:5 -w out.pcap",
    "-F pcap -r notes.pcapng",
    // git, kubectl and others
    "help",
    "help rules",
    "version",
    "-V",
    "--json --detail findings notes.pcapng",
    "rules early",
    "rules nrpc-early-close",
    "rules nrpc-erly-close",
    "rules early --format json",
    "rules --json sprayer",
    "rule",
    "compar notes.pcapng other.pcapng",
    "chek case",
    "frobnicate notes.pcapng",
    "case",
    "note.pcapng",
    "notes.pcap",
    "-r othr.pcapng",
    "https://files.example/notes.pcapng",
    "-r s3://bucket/notes.pcapng",
    "--frobnicate notes.pcapng",
    "-j notes.pcapng",
    "",
];

#[test]
fn lines_of_habit_do_what_was_meant_or_say_what_to_type() {
    if !cfg!(have_libpcap) {
        eprintln!("SKIPPED: built without libpcap, so that no filter can be tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("case")).unwrap();
    for (sample, name) in [
        ("nrpc-alias.pcapng", "notes.pcapng"),
        ("nrpc-alias-good2.pcapng", "other.pcapng"),
        ("nrpc-alias.pcapng", "case/a.pcapng"),
    ] {
        fs::copy(support::sample(sample), folder.path().join(name)).unwrap();
    }
    let mut table = String::new();
    for line in LINES {
        // The shell parts the words, as it does for whoever types them.
        let shell = format!("exec \"$0\" {line}");
        let output = Command::new("sh")
            .args(["-c", &shell, env!("CARGO_BIN_EXE_nrpcsniff")])
            .current_dir(folder.path())
            .env_clear()
            .env("COLUMNS", "160")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let first = said.lines().next().unwrap_or_default();
        writeln!(table, "$ nrpcsniff {line}\n{} {first}", output.status.code().unwrap_or(-1)).unwrap();
    }
    let written: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(written.len(), 3, "nothing is written by mistake: {written:?}");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(table) });
}
