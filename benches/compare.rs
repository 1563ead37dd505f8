//! Compares nrpcsniff with `cat`, tcpdump and tshark over four large captures, and attacks with their benign twins.
//!
//! `cargo bench --bench compare -- [SIZE_IN_MB [ROUNDS]]`; `README.md` in this folder says how to read what it prints.
#![allow(clippy::cast_precision_loss, reason = "packets are counted in millions, far below 2^52")]

mod support;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use support::{Attack, Traffic, bulk, churn, notes, signon};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nrpcsniff");
/// Packets in a capture that is read under callgrind.
const CUT: u64 = 100_000;
/// Packets of an attack.
const ATTACK: u64 = 2_000_000;

/// A capture on the disk.
struct Capture {
    path: PathBuf,
    packets: u64,
}

/// What is measured against nrpcsniff: a name, the command, and whether it reads the tenth only.
struct Rival {
    name: &'static str,
    tenth: bool,
    command: fn(&Path) -> Command,
}

const RIVALS: [Rival; 3] = [
    Rival { name: "cat", tenth: false, command: |path| command("cat", &["", ""], path) },
    Rival {
        name: "tcpdump -w /dev/null",
        tenth: false,
        command: |path| command("tcpdump", &["-r", "-w/dev/null"], path),
    },
    Rival { name: "tshark -z conv,tcp", tenth: true, command: |path| command("tshark", &["-r", "-qzconv,tcp"], path) },
];

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let megabytes = numbers.next().unwrap_or(200);
    let rounds = numbers.next().unwrap_or(7).max(1);
    let folder = tempfile::tempdir()?;
    println!(
        "{megabytes} MB each, {rounds} rounds; time of nrpcsniff / time of the other: median (lowest to highest)\n"
    );
    for (name, make) in MIXES {
        let whole = write(folder.path(), name, |traffic| make(traffic, megabytes * 1_000_000))?;
        let tenth = write(folder.path(), "tenth", |traffic| make(traffic, megabytes * 100_000))?;
        println!("{name}: {} packets", whole.packets);
        compare(&whole, &tenth, rounds)?;
        report_memory(&whole);
        fs::remove_file(whole.path)?;
        let cut = write(folder.path(), "cut", |traffic| make(traffic, CUT * u64::min(1_000, bytes_per_packet(name))))?;
        report_instructions(&cut);
        println!();
    }
    attacks(folder.path(), rounds)
}

type Make = fn(&mut Traffic<BufWriter<File>>, u64) -> std::io::Result<()>;
const MIXES: [(&str, Make); 4] = [("bulk", bulk), ("notes", notes), ("churn", churn), ("signon", signon)];

/// Roughly, to cut captures of about as many packets.
fn bytes_per_packet(name: &str) -> u64 {
    match name {
        "bulk" => 1000,
        "signon" => 400,
        _ => 200,
    }
}

fn write(
    folder: &Path,
    name: &str,
    make: impl FnOnce(&mut Traffic<BufWriter<File>>) -> std::io::Result<()>,
) -> Result<Capture> {
    let path = folder.join(format!("{name}.pcap"));
    let mut traffic = Traffic::new(BufWriter::new(File::create(&path)?))?;
    make(&mut traffic)?;
    let packets = traffic.frames;
    traffic.finish()?.flush()?;
    Ok(Capture { path, packets })
}

/// Runs all in turn, round after round, so that a busy machine is unfair to each alike.
fn compare(whole: &Capture, tenth: &Capture, rounds: u64) -> Result<()> {
    let rivals: Vec<_> = RIVALS.iter().filter(|rival| seconds((rival.command)(&tenth.path)).is_some()).collect();
    let mut ratios = vec![Vec::new(); rivals.len()];
    std::io::copy(&mut File::open(&whole.path)?, &mut std::io::sink())?;
    for _ in 0..rounds {
        let ours = [whole, tenth].map(|capture| seconds(nrpcsniff(&capture.path)));
        for (rival, ratios) in rivals.iter().zip(&mut ratios) {
            let (ours, capture) = if rival.tenth { (ours[1], tenth) } else { (ours[0], whole) };
            ratios.extend(ours.zip(seconds((rival.command)(&capture.path))).map(|(ours, theirs)| ours / theirs));
        }
    }
    for (rival, ratios) in rivals.iter().zip(&mut ratios) {
        println!("  / {:24} {}", rival.name, spread(ratios));
    }
    Ok(())
}

/// Seconds per packet of each attack, over those of its twin.
fn attacks(folder: &Path, rounds: u64) -> Result<()> {
    println!("attacks: time per packet / time per packet of the benign twin");
    for (attack, name) in Attack::ALL {
        let [hostile, benign] = [("attack", false), ("twin", true)]
            .map(|(file, benign)| write(folder, file, |traffic| attack.write(traffic, benign, ATTACK)));
        let (hostile, benign) = (hostile?, benign?);
        let mut ratios = Vec::new();
        for _ in 0..rounds {
            let per_packet = |capture: &Capture| seconds(nrpcsniff(&capture.path)).map(|s| s / capture.packets as f64);
            ratios.extend(per_packet(&hostile).zip(per_packet(&benign)).map(|(ours, theirs)| ours / theirs));
        }
        println!("  {name:26} {}", spread(&mut ratios));
        report_memory(&hostile);
    }
    Ok(())
}

fn nrpcsniff(path: &Path) -> Command {
    command(PROGRAM, &["", ""], path)
}

/// `program first path second`, without what is empty.
fn command(program: &str, [first, second]: &[&str; 2], path: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(Some(first).filter(|first| !first.is_empty())).arg(path);
    command.args(Some(second).filter(|second| !second.is_empty()));
    command
}

/// How long a command runs; nothing if it is not installed.
fn seconds(mut command: Command) -> Option<f64> {
    let begun = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    Some(begun.elapsed().as_secs_f64())
}

fn spread(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    match (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
        (Some(low), Some(median), Some(high)) => format!("{median:.3} ({low:.3} to {high:.3})"),
        _ => "not installed".to_owned(),
    }
}

/// Peak memory, if GNU time is there.
fn report_memory(capture: &Capture) {
    let path = capture.path.to_string_lossy();
    if let Some(text) = stderr("/usr/bin/time", &["-f", "%M", PROGRAM, &path])
        && let Some(kilobytes) = text.lines().last().and_then(|line| line.trim().parse::<f64>().ok())
    {
        println!("  peak memory                {:.1} MB", kilobytes / 1024.0);
    }
}

/// Instructions per packet, if valgrind is there. What the program does beside reading is counted in.
fn report_instructions(capture: &Capture) {
    let path = capture.path.to_string_lossy();
    let text = stderr("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM, &path]);
    let instructions = text.and_then(|text| {
        let line = text.lines().find(|line| line.contains("Collected"))?.to_owned();
        line.rsplit(' ').next()?.parse::<f64>().ok()
    });
    if let Some(instructions) = instructions {
        let packets = capture.packets;
        println!("  instructions per packet    {:.0} ({packets} packets)", instructions / packets as f64);
    }
}

fn stderr(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdout(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}
