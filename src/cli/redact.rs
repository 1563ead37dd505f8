//! `nrpcsniff redact IN OUT`.

use super::args::RedactArgs;
use super::exit::ExitStatus;
use super::output;
use super::scratch::remove_on_signals;
use crate::api::{Diagnoser, Intake, goes_if_stopped};
use crate::redact::{Counts, Key, Options, Redactor, redact_log};
use crate::report::talk::say;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of a key that is made for one run.
const KEY: usize = 32;
/// The shortest file that makes a key nobody can guess.
const LEAST: usize = 16;

/// Writes the copy, and says what was done.
pub(super) fn run(args: &RedactArgs) -> Result<ExitStatus> {
    check(args)?;
    let options = Options { names: args.names, addresses: args.addresses, unknown: args.unknown.into() };
    let mut redactor = Redactor::new(key(args.key.as_deref())?, options);
    for path in &args.learn {
        let logs = Intake::of(std::slice::from_ref(path)).logs;
        if logs.is_empty() {
            redactor.learn_from(&Diagnoser::default(), path)?;
        } else {
            redact_log(&mut redactor, File::open(path).with_context(|| shown(path))?, io::sink())?;
        }
    }
    redactor.forget_counts();
    let is_log = is_log(&args.input)?;
    let problem = atomically(&args.output, |out| {
        if is_log {
            let file = File::open(&args.input).with_context(|| shown(&args.input))?;
            redact_log(&mut redactor, file, out).with_context(|| shown(&args.input))?;
            return Ok(None);
        }
        redactor.capture(&args.input, out)
    })?;
    if let Some(problem) = &problem {
        say(&format!("{}: {problem}; the copy ends there, too", shown(&args.input)));
    }
    if !args.quiet {
        tell(args, redactor.counts(), is_log)?;
    }
    Ok(if problem.is_some() { ExitStatus::Trouble } else { ExitStatus::Done })
}

/// What can be told to be wrong before anything is read.
fn check(args: &RedactArgs) -> Result<()> {
    ensure!(args.input.as_os_str() != "-", "redact reads its input more than once: give it a file, not -");
    ensure!(args.output.as_os_str() != "-", "redact writes a file: give OUT a name");
    let inputs = [&args.input].into_iter().chain(&args.learn).chain(&args.key);
    output::check(&args.output, "OUT", inputs.map(PathBuf::as_path))?;
    let is_there = fs::symlink_metadata(&args.output).is_ok();
    ensure!(args.force || !is_there, "{}: it is there already; --force overwrites it", shown(&args.output));
    Ok(())
}

/// Of a file, or made of what the system gives by chance.
fn key(path: Option<&Path>) -> Result<Key> {
    if let Some(path) = path {
        let bytes = fs::read(path).with_context(|| shown(path))?;
        ensure!(bytes.len() >= LEAST, "{}: a key of less than {LEAST} bytes can be guessed", shown(path));
        return Ok(Key::of(&bytes));
    }
    let mut bytes = [0; KEY];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no key can be made: {error}"))?;
    Ok(Key::of(&bytes))
}

/// A log and no capture, by its content.
fn is_log(path: &Path) -> Result<bool> {
    ensure!(!path.is_dir(), "{}: redact takes one file, not a folder", shown(path));
    File::open(path).with_context(|| shown(path))?;
    let Intake { captures, logs, .. } = Intake::of(&[path.to_path_buf()]);
    match (captures.len(), logs.len()) {
        (_, 1) => Ok(true),
        (1, _) => Ok(false),
        _ => bail!("{}: neither a capture nor a log", shown(path)),
    }
}

/// Writes beside the file, and puts the new one in its place when it is whole. Only its owner can read it.
fn atomically<R>(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<R>) -> Result<R> {
    let failed = || format!("{}: the copy cannot be written", shown(path));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".redact").tempfile_in(folder).with_context(failed)?;
    remove_on_signals();
    goes_if_stopped(file.path());
    let mut out = BufWriter::new(&mut file);
    let done = write(&mut out)?;
    out.flush().with_context(failed)?;
    drop(out);
    file.persist(path).map_err(|error| error.error).with_context(failed)?;
    Ok(done)
}

/// What was done, by kind.
fn tell(args: &RedactArgs, counts: &Counts, is_log: bool) -> Result<()> {
    output::write(None, |out| {
        writeln!(out, "{} is written", shown(&args.output))?;
        for (kind, count) in counts {
            writeln!(out, "{count:>8}  {kind}")?;
        }
        if counts.is_empty() {
            writeln!(out, "          nothing had to go")?;
        }
        Ok(())
    })?;
    if !args.names || !args.addresses {
        let stays = match (args.names, args.addresses) {
            (false, false) => "names (--names) and addresses (--addresses)",
            (false, true) => "names (--names)",
            _ => "addresses (--addresses)",
        };
        say(&format!("{stays} stay as they were"));
    }
    if !is_log && counts.keys().any(|kind| kind.starts_with("Decryption Secrets")) {
        say("findings that were read through the keys in the capture are not in the copy");
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
