//! The checked plan: everything that can be wrong with the arguments is found here, before anything is read.

use super::appearance::{appearance, is_ascii, is_dumb};
use super::args::{self, Args, ReadingArgs, VerbosityArgs};
use super::config::{self, Config};
use super::extract::Extract;
use super::tls_keys::{self, TlsSecrets};
use super::{logs, patterns};
use crate::api::{Diagnoser, Names};
use crate::diagnose::{ExpectedServer, Settings};
use crate::engine;
use crate::model::{Severity, Timestamp};
use crate::report::talk::Verbosity;
use crate::report::{Detail, Format, LadderOf, ReportOptions, Zone, escape};
use anyhow::{Context, Result, anyhow, bail, ensure};
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Inputs, settings and output of a run.
#[derive(Debug)]
pub(super) struct Plan {
    /// Captures in the order given: positional ones first.
    pub captures: Vec<PathBuf>,
    /// Reads and judges them.
    pub diagnoser: Diagnoser,
    /// Shape of the report.
    pub report: ReportOptions,
    /// File it goes to; stdout if there is none.
    pub output: Option<PathBuf>,
    /// Exit with 1 from this severity on.
    pub fail_on: Option<Severity>,
    /// The finding that is shown alone, by its number in the list.
    pub finding: Option<usize>,
    /// Packets that are written beside the report.
    pub extract: Option<Extract>,
    /// A long report on a terminal goes through a pager.
    pub pager: bool,
    /// How much is printed on stderr.
    pub verbosity: Verbosity,
}

impl Plan {
    /// Checks the arguments. Each error is one sentence that says what is wrong and what would be right.
    pub(super) fn new(args: &Args) -> Result<Self> {
        let captures = patterns::expanded(args.captures.iter().chain(&args.read).cloned());
        ensure!(
            !captures.is_empty() || !args.reading.log.is_empty(),
            "give a capture file or a folder, or - for stdin, or a log with --log (nrpcsniff --help has examples)"
        );
        let mut plan = Self::common(captures, args)?;
        plan.extract = Extract::of(&args.live.write, plan.output.as_deref())?;
        if plan.extract.is_some() {
            ensure!(!plan.captures.is_empty(), "-w: there are no packets to write; give a capture, or -i IFACE");
            // Which conversations are written is known at the end.
            plan.diagnoser.engine.hold = None;
        }
        Ok(plan)
    }

    /// What is common to captures and live capture: the latter has none.
    pub(super) fn common(captures: Vec<PathBuf>, args: &Args) -> Result<Self> {
        let config = config::load(args.config.as_deref(), args.no_config)?;
        let mut plan = Self::for_reading(captures, &args.reading, args.talk.verbosity(), config)?;
        plan.output = file(args.output.as_deref());
        plan.report = report(args, plan.output.is_some())?;
        plan.diagnoser = plan.diagnoser.kept_for(&plan.report);
        if let Some(memory) = args.memory {
            plan.diagnoser.engine.hold =
                plan.diagnoser.engine.hold.map(|_| usize::try_from(memory).unwrap_or(usize::MAX));
        }
        plan.diagnoser.threads = args.threads.and_then(|threads| NonZeroUsize::new(usize::from(threads)));
        let drawn = args.ladder.as_deref().map(ladder).transpose()?.and_then(|(_, number)| number);
        plan.finding = args.finding.map(|number| number as usize).or(drawn);
        plan.pager = !args.looks.no_pager;
        plan.fail_on = args.fail_on.map(severity);
        Ok(plan)
    }

    /// How these captures are to be read and judged, with every message kept; a table on stdout. Keys are opened here,
    /// so that a wrong password is told before a large capture is read.
    pub(crate) fn for_reading(
        captures: Vec<PathBuf>,
        args: &ReadingArgs,
        verbosity: Verbosity,
        config: Config,
    ) -> Result<Self> {
        let stdin = captures.iter().chain(&args.log).filter(|path| path.as_os_str() == "-").count();
        ensure!(stdin <= 1, "stdin (-) can be read only once");
        if stdin > 0 && io::stdin().is_terminal() {
            let program = if cfg!(windows) { "dumpcap" } else { "tcpdump" };
            bail!("stdin is a terminal: pipe a capture into it, as in '{program} -w - | nrpcsniff -'");
        }
        let Config { thresholds, mut servers, keys } = config;
        for text in &args.expect_server {
            servers.push(expected_server(text)?);
        }
        let now = args.now.as_deref().map(time).transpose()?;
        let keys = Arc::new(super::keys::load(&keys.and(&args.keys))?);
        let logs = logs::plan(&args.log, &args.log_offset)?;
        let report = ReportOptions { detail: Detail::Messages, ..ReportOptions::new(Format::Table) };
        let TlsSecrets { keys: tls, logs: key_logs } = tls_keys::load(&args.tls, verbosity.quiet)?;
        let decode_as = args.decode_as.iter().map(|text| decode_as(text)).collect::<Result<_>>()?;
        let diagnoser = Diagnoser {
            engine: engine::Options { decode_as, keys: tls, ..engine::Options::default() },
            settings: Settings { thresholds, expected: servers, now, keys, others: args.others },
            logs,
            key_logs,
            filter: args.filter.clone(),
            show_secrets: args.show_secrets,
            names: Names::default(),
            other_files: 0,
            threads: None,
        };
        let (output, fail_on, finding, extract, pager) = (None, None, None, None, false);
        Ok(Self { captures, diagnoser, report, output, fail_on, finding, extract, pager, verbosity })
    }
}

impl VerbosityArgs {
    /// The verbosity that the flags ask for.
    pub(crate) fn verbosity(&self) -> Verbosity {
        Verbosity {
            quiet: self.quiet,
            verbose: self.verbose,
            progress: !self.quiet && !self.no_progress && io::stderr().is_terminal() && !is_dumb(),
            mute: false,
        }
    }
}

/// The file that a report goes to; `None` for stdout.
pub(super) fn file(output: Option<&Path>) -> Option<PathBuf> {
    output.filter(|path| path.as_os_str() != "-").map(Path::to_path_buf)
}

fn report(args: &Args, to_file: bool) -> Result<ReportOptions> {
    let format = match args.format {
        args::ReportFormat::Table => Format::Table,
        args::ReportFormat::Html => Format::Html,
        args::ReportFormat::Markdown => Format::Markdown,
        args::ReportFormat::Csv => Format::Csv,
        args::ReportFormat::Concise => Format::Concise,
        args::ReportFormat::Json => Format::Json,
        args::ReportFormat::Ndjson => Format::Ndjson,
    };
    let detail = match args.detail {
        None => format.default_detail(),
        Some(args::Detail::Findings) => Detail::Findings,
        Some(args::Detail::Conversations) => Detail::Conversations,
        Some(args::Detail::Messages) => Detail::Messages,
    };
    let (color, width) = appearance(args.color, to_file);
    let brief = !(args.talk.verbose || args.all || args.detail.is_some());
    let (ascii, zone) = (args.looks.ascii || is_ascii(to_file), zone(&args.looks)?);
    let mut report =
        ReportOptions { detail, all: args.all, color, width, brief, ascii, zone, ..ReportOptions::new(format) };
    if let Some(text) = &args.ladder {
        let (ladder, _) = ladder(text)?;
        // A ladder has every message, of whatever protocol.
        (report.detail, report.all) = (Detail::Messages, true);
        report.ladder = Some(ladder);
    }
    Ok(report)
}

/// `2`: of the second finding; `c17,c18`: of these conversations. The number of a finding stands beside.
fn ladder(text: &str) -> Result<(LadderOf, Option<usize>)> {
    let wrong =
        || anyhow!("--ladder '{}': the number of a finding, or conversations as c17,c18", escape::terminal(text));
    if let Ok(number) = text.parse() {
        ensure!(number > 0, wrong());
        return Ok((LadderOf::Finding, Some(number)));
    }
    let id = |part: &str| part.trim().strip_prefix('c').and_then(|id| id.parse().ok());
    let ids: Option<Vec<u32>> = text.split(',').map(id).collect();
    Ok((LadderOf::Conversations(ids.ok_or_else(wrong)?), None))
}

/// The zone in which times are shown.
fn zone(looks: &args::LooksArgs) -> Result<Zone> {
    match looks.tz.as_deref() {
        _ if looks.utc => Ok(Zone::UTC),
        None | Some("local") => Ok(Zone::local()),
        Some("utc" | "UTC") => Ok(Zone::UTC),
        Some(name) => Zone::named(name).with_context(|| {
            format!("--tz {}: no such zone; local, utc, or a name such as Europe/Berlin", escape::terminal(name))
        }),
    }
}

const fn severity(severity: args::Severity) -> Severity {
    match severity {
        args::Severity::Blocker => Severity::Blocker,
        args::Severity::Major => Severity::Major,
        args::Severity::Minor => Severity::Minor,
        args::Severity::Info => Severity::Info,
    }
}

/// `tcp.port==13520,nrpc`, as tshark writes it; `none` leaves a port alone.
fn decode_as(text: &str) -> Result<(u16, Option<&'static Protocol>)> {
    let wrong = || {
        let streams = PROTOCOLS.iter().filter(|protocol| !protocol.tcp_ports.is_empty());
        let names: Vec<_> = streams.map(|protocol| protocol.name).collect();
        let (text, names) = (escape::terminal(text), names.join(", "));
        anyhow!("-d '{text}': write it as 'tcp.port==PORT,PROTO' with one of {names}, none")
    };
    let (port, protocol) = text.split_once(',').ok_or_else(wrong)?;
    let (field, number) = port.split_once("==").ok_or_else(wrong)?;
    let port = number.trim().parse().ok().filter(|&port: &u16| port > 0 && field.trim() == "tcp.port");
    let protocol = match protocol.trim() {
        "none" => None,
        name => Some(nrpcsniff_dissectors::protocol(name).ok_or_else(wrong)?),
    };
    Ok((port.ok_or_else(wrong)?, protocol))
}

/// `NAME=ALIAS[,ALIAS]`, where names may be canonical: the first `=` that is not part of a label ends the name.
fn expected_server(text: &str) -> Result<ExpectedServer> {
    let wrong = || {
        anyhow!(
            "--expect-server '{}': write it as NAME=ALIAS[,ALIAS], as in 'Mail01/Acme=mail.acme.example'",
            escape::terminal(text)
        )
    };
    let split = text.match_indices('=').map(|(at, _)| at).find(|&at| !is_label(&text[..at])).ok_or_else(wrong)?;
    let (name, aliases) = (text[..split].trim(), &text[split + 1..]);
    let aliases: Vec<_> = aliases.split(',').map(|alias| alias.trim().to_owned()).collect();
    if name.is_empty() || aliases.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok(ExpectedServer { name: name.to_owned(), aliases })
}

/// Does this text end in the label of a name component, as `CN` at its start or `/O` do?
fn is_label(before: &str) -> bool {
    let label = before.rsplit('/').next().unwrap_or(before).trim();
    ["CN", "OU", "O", "C"].iter().any(|known| known.eq_ignore_ascii_case(label))
}

/// A time with its zone, as `--now` takes it.
pub(super) fn time(text: &str) -> Result<Timestamp> {
    let parsed: Option<jiff::Timestamp> = text.trim().parse().ok();
    let nanos = parsed.and_then(|time| i64::try_from(time.as_nanosecond()).ok());
    let nanos = nanos.with_context(|| {
        format!("--now '{}': write it as date, time and zone, as in 2025-04-22T17:48:19Z", escape::terminal(text))
    })?;
    Ok(Timestamp::new(nanos, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use nrpcsniff_dissectors::nrpc;

    fn plan(args: &[&str]) -> Result<Plan> {
        let fixed = ["nrpcsniff", "--no-config"];
        Plan::new(&Args::parse_from(fixed.iter().chain(args)))
    }

    #[test]
    fn defaults_depend_on_the_format() {
        assert_eq!(plan(&["a.pcap"]).unwrap().report.detail, Detail::Findings);
        assert_eq!(plan(&["a.pcap", "--format", "json"]).unwrap().report.detail, Detail::Messages);
        let told = plan(&["a.pcap", "--format", "ndjson", "--detail", "conversations"]).unwrap();
        assert_eq!(told.report.detail, Detail::Conversations);
        assert!(plan(&[]).is_err() && plan(&["-", "-r", "-"]).is_err());
    }

    #[test]
    fn a_name_is_parted_from_its_aliases_where_no_label_ends() {
        for (text, name, aliases) in [
            ("Mail01/Acme=mail.acme.example", "Mail01/Acme", vec!["mail.acme.example"]),
            ("CN=Mail01/O=Acme=mail, 10.0.0.9", "CN=Mail01/O=Acme", vec!["mail", "10.0.0.9"]),
            ("cn=Mail01/ou=A/o=B/c=US=CN=Old/O=Acme,x", "cn=Mail01/ou=A/o=B/c=US", vec!["CN=Old/O=Acme", "x"]),
            ("Mail01=CN=Old/O=Acme", "Mail01", vec!["CN=Old/O=Acme"]),
        ] {
            let server = expected_server(text).unwrap();
            assert_eq!((server.name.as_str(), server.aliases), (name, aliases.iter().map(|&a| a.to_owned()).collect()));
        }
        for text in ["Mail01", "CN=Mail01/O=Acme", "=alias", "Mail01=", "Mail01=a,,b", ""] {
            assert!(expected_server(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_decoded_as_told() {
        assert_eq!(decode_as("tcp.port==13520,nrpc").unwrap(), (13520, Some(&nrpc::PROTOCOL)));
        assert_eq!(decode_as(" tcp.port == 13520 , nrpc ").unwrap(), (13520, Some(&nrpc::PROTOCOL)));
        assert_eq!(decode_as("tcp.port==1352,none").unwrap(), (1352, None));
        for text in ["", "13520", "tcp.port==0,nrpc", "tcp.port==70000,nrpc", "tcp.port==1,gopher", "udp.port==53,dns"]
        {
            assert!(decode_as(text).unwrap_err().to_string().contains("tcp.port==PORT"), "{text}");
        }
    }

    #[test]
    fn a_ladder_is_of_a_finding_or_of_conversations() {
        assert_eq!(ladder("2").unwrap(), (LadderOf::Finding, Some(2)));
        assert_eq!(ladder("c17, c3").unwrap(), (LadderOf::Conversations(vec![17, 3]), None));
        for text in ["", "0", "c", "17,18", "cx", "c1,"] {
            assert!(ladder(text).unwrap_err().to_string().contains("c17,c18"), "{text}");
        }
    }

    #[test]
    fn times_need_a_zone() {
        assert_eq!(time("2025-04-22T19:48:19+02:00").unwrap(), time("2025-04-22T17:48:19Z").unwrap());
        for text in ["yesterday", "2025-04-22", "2025-04-22T17:48:19", "9999-01-01T00:00:00Z"] {
            assert!(time(text).unwrap_err().to_string().contains("2025-04-22T17:48:19Z"), "{text}");
        }
    }
}
