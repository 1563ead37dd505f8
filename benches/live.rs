//! How much a live capture takes in before packets are dropped, and whether its memory stays flat.
//!
//! `cargo bench --bench live -- [PACKETS_A_SECOND [SECONDS [churn]]]`, as root: sends traffic over a virtual cable in a
//! network of its own while nrpcsniff captures at the other end, and prints what it says of itself. `churn` sends
//! conversations that come and go, with small tables. `README.md` in this folder says how to read it.

#[cfg(target_os = "linux")]
#[path = "../tests/support/network.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod network;
mod support;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("virtual cables are made on Linux only");
}

/// Says something (the networks of the tests do).
#[cfg(target_os = "linux")]
fn shout(text: &str) {
    eprintln!("{text}");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::network::{Namespace, possible};
    use super::support::{Traffic, busy, churn};
    use serde_json::Value;
    use std::error::Error;
    use std::io::{self, BufRead, BufReader, Write};
    use std::process::{Child, Command, Stdio};
    use std::thread::{self, sleep};
    use std::time::{Duration, Instant};

    type Done = Result<(), Box<dyn Error>>;

    const PROGRAM: &str = env!("CARGO_BIN_EXE_nrpcsniff");
    /// Packets between two looks at the clock.
    const TURN: u64 = 32;

    pub(super) fn main() -> Done {
        let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        let number = |place: usize, or: u64| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(or);
        let (rate, seconds) = (number(0, 200_000), number(1, 30));
        let churns = arguments.get(2).is_some_and(|text| text == "churn");
        if !possible(&[]) {
            return Ok(());
        }
        let network = Namespace::new();
        network.ip("link add v0 type veth peer name v1");
        for end in ["v0", "v1"] {
            network.run("sysctl", &format!("-q -w net.ipv6.conf.{end}.disable_ipv6=1"));
            network.ip(&format!("link set {end} up"));
        }
        let limits: &[&str] = if churns { &["--max-flows", "4096", "--max-buffer", "8M"] } else { &[] };
        let mut child = capture(&network, limits)?;
        let told = BufReader::new(child.stdout.take().ok_or("no output")?);
        let heard = thread::spawn(move || listen(told, churns));
        sleep(Duration::from_secs(1));
        let sent = network.inside(move || send(rate, Duration::from_secs(seconds), churns).map_err(|e| e.to_string()));
        let (sent, took) = sent.join().map_err(|_| "the sender failed")??;
        sleep(Duration::from_secs(3));
        Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        child.wait()?;
        let rate = u128::from(sent) * 1000 / took.as_millis().max(1);
        println!("sent           {sent} packets, {rate} a second");
        heard.join().map_err(|_| "the listener failed")?;
        Ok(())
    }

    fn capture(network: &Namespace, limits: &[&str]) -> io::Result<Child> {
        let fixed = ["-i", "v1", "--no-config", "--format", "ndjson", "--detail", "findings", "--stats-interval", "1s"];
        let mut command = network.command(PROGRAM);
        command.args(fixed).args(limits).stdout(Stdio::piped()).spawn()
    }

    /// Prints the worst of what it says of itself.
    fn listen(told: impl BufRead, churns: bool) {
        let (mut last, mut peak, mut slowest, mut minutes) = (Value::Null, 0, 0, Vec::new());
        let mut findings = std::collections::BTreeMap::<_, u64>::new();
        for (second, line) in (0_u64..).zip(told.lines().map_while(Result::ok)) {
            let object: Value = serde_json::from_str(&line).unwrap_or_default();
            if object["kind"] == "findings" {
                *findings.entry(format!("{} ({})", object["rule"], object["why"]).replace('"', "")).or_default() += 1;
            } else if object["kind"] == "stats" {
                let resident = object["resident_bytes"].as_u64().unwrap_or(0) >> 20;
                (peak, slowest) = (peak.max(resident), slowest.max(object["rules_ms"].as_u64().unwrap_or(0)));
                if churns && second % 60 == 30 {
                    minutes.push(resident);
                }
                last = object;
            }
        }
        println!("looked at      {} packets", last["packets"]);
        println!("dropped        {} by the kernel, {} by the interface", last["kernel_drops"], last["interface_drops"]);
        println!("queue full     {} times", last["queue_full"]);
        println!("messages       {}", last["messages"]);
        println!("view           {} conversations over {} s", last["conversations"], last["window_s"]);
        println!("rules          {slowest} ms at most");
        println!("told           {findings:?}");
        println!(
            "resident       {peak} MiB at most{}",
            if churns { format!(", by the minute {minutes:?}") } else { String::new() }
        );
    }

    /// Sends at that rate; gives the number of packets and the time that it took.
    fn send(rate: u64, time: Duration, churns: bool) -> Result<(u64, Duration), Box<dyn Error>> {
        let mut capture = pcap::Capture::from_device("v0")?.snaplen(64).open()?;
        capture.filter("less 1", true)?;
        let began = Instant::now();
        let wire = Wire { capture, rate, began, until: began + time, sent: 0, fields: 0 };
        let mut traffic = Traffic::new(wire)?;
        let made = if churns { churn(&mut traffic, u64::MAX) } else { busy(&mut traffic, u64::MAX) };
        match made {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok((traffic.frames, began.elapsed())),
            other => other.map(|()| (traffic.frames, began.elapsed())).map_err(Into::into),
        }
    }

    /// Sends the frames of a classic pcap that is written to it, at a rate, for a time.
    struct Wire {
        capture: pcap::Capture<pcap::Active>,
        rate: u64,
        began: Instant,
        until: Instant,
        sent: u64,
        /// Fields written: two of the file, then four of a frame and the frame.
        fields: u64,
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.fields += 1;
            if self.fields > 2 && (self.fields - 2).is_multiple_of(5) {
                self.frame(bytes)?;
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Wire {
        fn frame(&mut self, frame: &[u8]) -> io::Result<()> {
            self.capture.sendpacket(frame).map_err(io::Error::other)?;
            self.sent += 1;
            if self.sent.is_multiple_of(TURN) {
                let due = self.began + Duration::from_nanos(self.sent * 1_000_000_000 / self.rate);
                let now = Instant::now();
                if now > self.until {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                sleep(due.saturating_duration_since(now));
            }
            Ok(())
        }
    }
}
