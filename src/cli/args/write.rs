//! Arguments of what live capture writes, as typed.

use super::units::{size, time};
use crate::cli::suggestion::suggestion;
use crate::diagnose::Rule;
use crate::diagnose::rules::rule;
use crate::live::{LEAST_BYTES, ORDINARY_BYTES, RingLimits, Trigger};
use crate::model::Severity;
use crate::report::escape;
use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// What live capture writes. Packets hold what was said in clear, so files are readable by their owner only (mode 0600).
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Live capture")]
pub(crate) struct WriteArgs {
    /// Write packets as pcapng, readable by their owner only. FILE: of every conversation that matters (- is stdout); DIR, live: a
    /// file of its own for each finding of --trigger, with its conversations from before (--ring) and after
    ///
    /// Beside captures the packets of conversations with findings are written, and what these rest on, with comments: what each
    /// packet shows, and in front what was found.
    #[arg(short, long, value_name = "FILE|DIR")]
    pub write: Option<PathBuf>,

    /// With -w beside captures: all packets that were read
    #[arg(long, requires = "write", conflicts_with_all = ["interfaces", "conversation"])]
    pub write_all: bool,

    /// With -w beside captures: the packets of this conversation, by its id; repeatable, or several: 3,17
    #[arg(long, value_name = "ID", requires = "write", conflicts_with = "interfaces", value_delimiter = ',')]
    pub conversation: Vec<String>,

    /// Begin the next file before one is larger: 100M; named FILE_00001_20261127081000.pcapng (UTC of its first packet)
    #[arg(long, value_name = "SIZE", requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"], value_parser = file_size)]
    pub rotate_size: Option<u64>,

    /// Begin the next file after this time: 15m, 1h
    #[arg(long, value_name = "TIME", requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"], value_parser = time)]
    pub rotate_time: Option<Duration>,

    /// Keep the newest N of the files that this run writes, and remove older ones
    #[arg(long, value_name = "N", requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"], value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub keep: Option<u64>,

    /// Put what --keylog says meanwhile into the written files: whoever has them can read what is inside TLS
    #[arg(long, requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"])]
    pub keep_keys: bool,

    /// Recent packets that are held in memory for -w DIR: 256M, 5m (at most 256M then), or both, 1G,10m [default: 64M]
    #[arg(long, value_name = "SIZE|TIME", requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"], value_parser = span)]
    pub ring: Option<RingLimits>,

    /// Findings whose packets -w DIR writes: a least severity (blocker, major, minor, info), rules, or both [default: major]
    #[arg(long, value_name = "LEVEL|RULE[,..]", requires_all = ["write", "interfaces"], conflicts_with_all = ["captures", "read"], value_parser = trigger)]
    pub trigger: Option<Trigger>,
}

/// The size of a file: with less than 64 KiB there would be more files than anybody wants.
fn file_size(text: &str) -> Result<u64> {
    let bytes = size(text)?;
    ensure!(bytes >= 64 << 10, "'{}' is too small for a file of packets: 64K is the least", escape::terminal(text));
    Ok(bytes)
}

/// A size, a time, or both.
fn span(text: &str) -> Result<RingLimits> {
    let (mut bytes, mut span) = (None, None);
    for part in text.split(',') {
        let known =
            if is_time(part)? { span.replace(time(part)?).is_some() } else { bytes.replace(size(part)?).is_some() };
        ensure!(!known, "'{}': name one size and one time at most", escape::terminal(text));
    }
    let bytes = bytes.unwrap_or(ORDINARY_BYTES);
    let most = u64::try_from(isize::MAX).unwrap_or(u64::MAX);
    ensure!((LEAST_BYTES..=most).contains(&bytes), "'{}': 1M is the least", escape::terminal(text));
    Ok(RingLimits { bytes, time: span })
}

/// It is a time, not a size: by its unit. `m` is minutes, `M` mebibytes.
fn is_time(part: &str) -> Result<bool> {
    let unit = part.trim().trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').trim();
    match unit {
        "ms" | "s" | "m" | "h" | "d" => Ok(true),
        "" => bail!("'{}': say of what, as in 64M (bytes) or 5m (minutes)", escape::terminal(part)),
        _ => Ok(false),
    }
}

/// Levels and rules; of several levels the least severe counts.
fn trigger(text: &str) -> Result<Trigger> {
    let mut trigger = Trigger::default();
    for part in text.split(',').map(str::trim) {
        if let Some(level) = level(part) {
            trigger.level = Some(trigger.level.map_or(level, |known| known.min(level)));
            continue;
        }
        let about = rule(part).map(Rule::about).ok_or_else(|| {
            let shown = escape::terminal(part);
            anyhow!("'{shown}' is neither a severity (blocker, major, minor, info) nor a rule{}", suggestion(part))
        })?;
        trigger.rules.push(about.id);
    }
    Ok(trigger)
}

fn level(text: &str) -> Option<Severity> {
    let levels = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Info];
    levels.into_iter().find(|level| level.name().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_sizes_and_times() {
        let of = |text| span(text).map(|span| (span.bytes, span.time.map(|time| time.as_secs())));
        for (text, bytes, seconds) in [
            ("64M", 64 << 20, None),
            ("64MB", 64 << 20, None),
            ("5m", 256 << 20, Some(300)),
            ("256MB,10m", 256 << 20, Some(600)),
            ("90s, 1 GiB", 1 << 30, Some(90)),
        ] {
            assert_eq!(of(text).unwrap(), (bytes, seconds), "{text}");
        }
        for (text, part) in [
            ("64", "minutes"),
            ("", "minutes"),
            ("1M,2M", "one size"),
            ("1m,2h", "one size"),
            ("100K", "1M"),
            ("5x", "no size"),
            ("0m", "no time"),
        ] {
            let error = span(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn triggers_are_severities_and_rules() {
        let both = trigger("Blocker, nrpc-early-close,minor").unwrap();
        assert_eq!(
            both,
            Trigger { level: Some(Severity::Minor), rules: vec![crate::model::RuleId::new("nrpc-early-close")] }
        );
        let error = trigger("nrpc-early-clos").unwrap_err().to_string();
        assert!(error.contains("did you mean 'nrpc-early-close'"), "{error}");
        assert!(trigger("").is_err() && trigger("major,").is_err());
    }
}
