//! Compares nrpcsniff with `grep -cF` and twenty patterns over large logs, of which a line in some thousands tells anything.
//!
//! `cargo bench --bench logs -- [SIZE_IN_MB [ROUNDS]]`; `README.md` in this folder says how to read what it prints. With
//! `write FOLDER [SIZE_IN_MB]` it only writes the logs.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nrpcsniff");
/// What somebody would look for by hand.
const PATTERNS: [&str; 20] = [
    "SECJ0371W",
    "SECJ0369E",
    "CWWKS4001I",
    "CWWKS4106E",
    "CWSCT0340E",
    "CWSCT0359I",
    "CWPKI0022E",
    "error code 49",
    "token verification failed",
    "bad login",
    "wrong server",
    "Unable to connect",
    "no longer responding",
    "Single Sign-On token",
    "authentication failure",
    "not authorized",
    "ATTEMPT TO ACCESS",
    "validating user",
    "was not found",
    "certificate",
];
/// Of so many lines one tells something.
const TELLING: u64 = 2_000;

/// A kind of log: its name, an ordinary line, one that tells something.
type Kind = (&'static str, fn(&mut String, u64), fn(&mut String, u64));
const KINDS: [Kind; 4] = [
    ("systemout", systemout, |line, n| {
        framed(line, n);
        line.push_str("LTPAServerObj W   SECJ0371W: Validation of the LTPA token failed because the token expired.");
    }),
    ("stusers", stusers, |line, n| {
        traced(line, n);
        line.push_str("LDAP Aut,token verification failed. [4098]");
    }),
    ("console", console, |line, n| {
        dated(line, n);
        let _ = write!(line, "http: Ann Smith [10.1.0.{}] authentication failure using internet password", n % 200);
    }),
    ("liberty", liberty, |line, n| {
        bracketed(line, n);
        line.push_str("com.ibm.ws.security.token.internal.TokenManagerImpl          I CWWKS4001I: The security token cannot be validated.");
    }),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let bytes = numbers.next().unwrap_or(100) * 1_000_000;
    if let [mode, folder, ..] = &arguments[..]
        && mode == "write"
    {
        fs::create_dir_all(folder)?;
        for kind in &KINDS {
            println!("{}", log(Path::new(folder), kind, bytes)?.display());
        }
        return Ok(());
    }
    let rounds = numbers.next().unwrap_or(7).max(1);
    let folder = tempfile::tempdir()?;
    let patterns = folder.path().join("patterns");
    fs::write(&patterns, PATTERNS.join("\n"))?;
    println!(
        "{} MB each, {rounds} rounds; user time of nrpcsniff / of grep -cF with twenty patterns",
        bytes / 1_000_000
    );
    for kind in &KINDS {
        let path = log(folder.path(), kind, bytes)?;
        io::copy(&mut File::open(&path)?, &mut io::sink())?;
        let mut ratios = Vec::new();
        for _ in 0..rounds {
            let ours = user_time(&[
                PROGRAM,
                "--no-config",
                "--no-progress",
                "--detail",
                "findings",
                "--format",
                "json",
                "-o",
                "/dev/null",
                "--log",
                &path.to_string_lossy(),
            ])?;
            let theirs = user_time(&["grep", "-cF", "-f", &patterns.to_string_lossy(), &path.to_string_lossy()])?;
            ratios.push(ours / theirs);
        }
        println!("  {:10} {}", kind.0, spread(&mut ratios));
        fs::remove_file(path)?;
    }
    Ok(())
}

/// A log of that kind and size, the same every time.
fn log(folder: &Path, (name, ordinary, telling): &Kind, bytes: u64) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.log"));
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path)?);
    let (mut written, mut number, mut line) = (0, 0, String::new());
    while written < bytes {
        line.clear();
        if number % TELLING == TELLING / 2 {
            telling(&mut line, number);
        } else {
            ordinary(&mut line, number);
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        number += 1;
    }
    out.flush()?;
    Ok(path)
}

/// Numbers that look like those of a busy server, the same for the same line.
const fn some(n: u64, salt: u64, below: u64) -> u64 {
    let mixed = (n ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 33) % below
}

/// Day, hour, minute, second and millisecond of that line: five lines a second.
const fn time(n: u64) -> [u64; 5] {
    let seconds = n / 5;
    [1 + seconds / 86_400 % 27, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, some(n, 1, 1000)]
}

fn framed(line: &mut String, n: u64) {
    let [day, hour, minute, second, milli] = time(n);
    let _ = write!(line, "[2/{day}/14 {hour}:{minute:02}:{second:02}:{milli:03} GMT] {:08x} ", 0xa0 + some(n, 2, 40));
}

fn systemout(line: &mut String, n: u64) {
    if n % 40 >= 32 {
        let _ = write!(
            line,
            "\tat com.ibm.ws.webcontainer.servlet.ServletWrapper.handleRequest(ServletWrapper.java:{})",
            some(n, 3, 2000)
        );
        return;
    }
    framed(line, n);
    let (room, milli) = (some(n, 4, 9999), some(n, 5, 400));
    let _ = match n % 4 {
        0 => write!(
            line,
            "ServletWrappe I   SRVE0242I: [stmeetings] [/stmeetings] [JspServlet]: Initialization successful."
        ),
        1 => write!(
            line,
            "WebContainer  O   request /stmeetings/rooms/{room} done in {milli} ms for 10.1.5.{}",
            some(n, 6, 250)
        ),
        2 => write!(
            line,
            "ThreadMonitor W   WSVR0605W: Thread \"WebContainer : {}\" has been active for {room} milliseconds.",
            n % 20
        ),
        _ => write!(
            line,
            "SystemOut     O   Room service: joined room {room}, {} participants, audio bridge idle",
            n % 40
        ),
    };
}

fn traced(line: &mut String, n: u64) {
    let [day, hour, minute, second, milli] = time(n);
    let _ = write!(line, "1402{day:02}_{hour:02}{minute:02}{second:02}.{milli:03},INF,");
}

fn stusers(line: &mut String, n: u64) {
    traced(line, n);
    let _ = match n % 3 {
        0 => write!(
            line,
            "Presence,VpPresence::update: entity {} status 32, watchers {}",
            some(n, 3, 99_999),
            some(n, 4, 300)
        ),
        1 => write!(
            line,
            "Channels,VpChannel::send: channel {:08x} message {} bytes, queue {}",
            some(n, 5, 1 << 30),
            some(n, 6, 9000),
            n % 7
        ),
        _ => write!(
            line,
            "Services,VpService::ping: service 0x{:04x} load {} of 100",
            some(n, 7, 0xffff),
            some(n, 8, 100)
        ),
    };
}

fn dated(line: &mut String, n: u64) {
    let [day, hour, minute, second, _] = time(n);
    let half = if hour < 12 { "AM" } else { "PM" };
    let _ = write!(
        line,
        "[0A3C:{:04X}-0B10] 02/{day:02}/2014 {:02}:{minute:02}:{second:02} {half}  ",
        n % 90,
        (hour + 11) % 12 + 1
    );
}

fn console(line: &mut String, n: u64) {
    dated(line, n);
    let _ = match n % 3 {
        0 => write!(line, "Index update process: updating mail\\user{}.nsf view {}", some(n, 3, 999), n % 30),
        1 => write!(
            line,
            "Transferred message {:08X} for {} recipients, {} bytes",
            some(n, 4, 1 << 31),
            n % 9,
            some(n, 5, 90_000)
        ),
        _ => write!(
            line,
            "Agent Manager: Agent 'Refresh {}' of apps\\plan{}.nsf ran {} ms",
            n % 50,
            n % 12,
            some(n, 6, 5000)
        ),
    };
}

fn bracketed(line: &mut String, n: u64) {
    let [day, hour, minute, second, milli] = time(n);
    let _ = write!(line, "[2/{day}/24, {hour}:{minute:02}:{second:02}:{milli:03} GMT] {:08x} ", 0xb0 + some(n, 2, 40));
}

fn liberty(line: &mut String, n: u64) {
    bracketed(line, n);
    let _ = match n % 2 {
        0 => write!(
            line,
            "com.ibm.ws.webcontainer.osgi.mbeans.PluginGenerator             I SRVE9103I: {} routes written",
            some(n, 3, 99)
        ),
        _ => write!(
            line,
            "com.example.rooms.RoomService                                   I room {} has {} participants",
            some(n, 4, 9999),
            n % 40
        ),
    };
}

/// Seconds that a command computes, by the shell: to the millisecond. Its output goes to another program, because grep that writes to
/// /dev/null is content with the first line.
fn user_time(command: &[&str]) -> Result<f64> {
    let script = "TIMEFORMAT=%3U; time \"$@\" 2>/dev/null | cat >/dev/null";
    let output = Command::new("bash").args(["-c", script, "bash"]).args(command).env("LC_ALL", "C").output()?;
    Ok(String::from_utf8_lossy(&output.stderr).trim().parse::<f64>()?.max(0.001))
}

fn spread(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    match (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
        (Some(low), Some(median), Some(high)) => format!("{median:.2} ({low:.2} to {high:.2})"),
        _ => String::new(),
    }
}
