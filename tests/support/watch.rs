//! nrpcsniff and tcpdump side by side on one interface: what the first says live must be what it says of the other's file.

use super::network::Namespace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NRPCSNIFF: &str = env!("CARGO_BIN_EXE_nrpcsniff");

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that runs, and what it says meanwhile.
pub(crate) struct Running {
    child: Child,
    said: Receiver<String>,
    heard: Vec<String>,
    printed: Receiver<String>,
    read: Vec<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = lines(child.stderr.take().unwrap());
        let printed = lines(child.stdout.take().unwrap());
        Self { child, said, heard: Vec::new(), printed, read: Vec::new() }
    }

    /// Waits until it says that on stderr.
    pub(crate) fn hear(&mut self, part: &str) -> String {
        wait_for(part, &self.said, &mut self.heard)
    }

    /// Waits until it prints that on stdout.
    pub(crate) fn read(&mut self, part: &str) -> String {
        wait_for(part, &self.printed, &mut self.read)
    }

    /// Its stdout, for whoever wants to close it: nothing more is read.
    pub(crate) fn close_stdout(&mut self) {
        self.printed = channel().1;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().try_into().unwrap()), signal).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end: status, what it printed, what it said.
    pub(crate) fn end(mut self) -> (ExitStatus, String, Vec<String>) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => {
                    self.child.kill().unwrap();
                    panic!("it does not end, and said {:#?}", self.heard);
                }
                None => sleep(Duration::from_millis(10)),
            }
        };
        self.read.extend(self.printed.iter());
        self.heard.extend(self.said.iter());
        let printed = self.read.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        (status, printed, self.heard)
    }
}

/// Sends the lines of what a program says; once nobody takes them, the pipe is closed.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    let from = BufReader::new(from);
    thread::spawn(move || from.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    lines
}

fn wait_for(part: &str, lines: &Receiver<String>, heard: &mut Vec<String>) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            panic!("it never said {part:?}, but {heard:#?}");
        };
        heard.push(line.clone());
        if line.contains(part) {
            return line;
        }
    }
}

/// Live capture by root in that network, without anybody's configuration, once it is reading.
pub(crate) fn live(network: &Namespace, arguments: &[&str]) -> Running {
    reading(network.command(NRPCSNIFF).arg("--no-config").args(arguments))
}

/// Starts this live capture and waits until it is reading.
fn reading(command: &mut Command) -> Running {
    let mut running = Running::start(command);
    running.hear("running as user");
    running
}

/// Two witnesses of one interface.
pub(crate) struct Watch {
    live: Running,
    tcpdump: Running,
    folder: TempDir,
    options: Vec<String>,
}

impl Watch {
    /// Both look at the mirror of the interface, and at `filter` only, so that ARP and the like do not shift frame numbers; the configuration is that of
    /// either run of nrpcsniff.
    pub(crate) fn start(network: &Namespace, interface: &str, filter: &str, config: Option<&Path>) -> Self {
        let interface = network.mirror(interface);
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("beside.pcap");
        let mut command = network.command("tcpdump");
        command.args(["-i", interface, "-Z", "root", "--immediate-mode", "--time-stamp-precision=nano", "-U", "-w"]);
        let mut tcpdump = Running::start(command.arg(&capture).arg(filter));
        tcpdump.hear("listening on");
        let options = config.map_or_else(
            || vec!["--no-config".to_owned()],
            |path| vec!["--config".to_owned(), path.to_str().unwrap().to_owned()],
        );
        let mut command = network.command(NRPCSNIFF);
        command.args(["-i", interface, "-f", filter, "--format", "json"]).args(&options);
        Self { live: reading(&mut command), tcpdump, folder, options }
    }

    /// Ends both, a moment after the last packet, and gives the live report, which is that of the file.
    pub(crate) fn end(self) -> Value {
        sleep(Duration::from_millis(300));
        self.live.signal(Signal::SIGINT);
        self.tcpdump.signal(Signal::SIGINT);
        let (status, printed, said) = self.live.end();
        assert!(status.success(), "{status}: {said:#?}");
        let (status, _, dumped) = self.tcpdump.end();
        assert!(status.success() && dumped.iter().any(|line| line.starts_with("0 packets dropped")), "{dumped:#?}");
        let capture = self.folder.path().join("beside.pcap");
        let live: Value =
            serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}\n{said:#?}"));
        let file =
            Command::new(NRPCSNIFF).args(["--format", "json"]).args(&self.options).arg(&capture).output().unwrap();
        let file: Value = serde_json::from_slice(&file.stdout).unwrap();
        for part in ["totals", "conversations", "findings"] {
            if let Some(difference) = difference(part, &live[part], &file[part]) {
                panic!("live, and of the file: {difference}");
            }
        }
        live
    }
}

/// The first place at which two values differ, and what stands there.
fn difference(place: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            (0..).zip(x.iter().zip(y)).find_map(|(n, (x, y)): (usize, _)| difference(&format!("{place}[{n}]"), x, y))
        }
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            x.iter().find_map(|(key, x)| difference(&format!("{place}.{key}"), x, &y[key]))
        }
        _ => (a != b).then(|| format!("{place}: {a} and {b}")),
    }
}

/// Rules that speak in a report.
pub(crate) fn rules(report: &Value) -> Vec<&str> {
    super::list(report, "findings").iter().map(|finding| super::text(finding, "rule")).collect()
}
