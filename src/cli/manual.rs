//! What tells people and programs of the program: `man` and `completions`, made from the arguments themselves so that they never
//! tell of others, and `schema`.

use super::args::Args;
use super::exit::ExitStatus;
use super::output;
use crate::capture::live::interfaces;
use crate::diagnose::rules::RULES;
use crate::report::{escape, schema::REPORT};
use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};

/// Writes the completions of a shell to stdout, with the rules, the protocols and the interfaces of this machine.
pub(super) fn completions(shell: Shell) -> Result<ExitStatus> {
    let mut text = Vec::new();
    generate(shell, &mut with_values(Args::command()), "nrpcsniff", &mut text);
    output::write(None, |out| out.write_all(&text))?;
    Ok(ExitStatus::Done)
}

/// Writes the manual page of the program or of one of its commands to stdout.
pub(super) fn page(of: Option<&str>) -> Result<ExitStatus> {
    let mut command = Args::command();
    command.build();
    let command = match of {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            // A page is called as `man` finds it: nrpcsniff-compare.
            Some(found) => found.clone().name(format!("nrpcsniff-{name}")).bin_name(format!("nrpcsniff {name}")),
            None => bail!("there is no command '{}': nrpcsniff --help lists them", escape::terminal(name)),
        },
    };
    let man = Man::new(command);
    output::write(None, |out| {
        let mut text = Vec::new();
        man.render(&mut text)?;
        out.write_all(&text)
    })?;
    Ok(ExitStatus::Done)
}

/// Writes the JSON Schema of the report to stdout.
pub(super) fn schema() -> Result<ExitStatus> {
    output::write(None, |out| out.write_all(REPORT.as_bytes()))?;
    Ok(ExitStatus::Done)
}

/// Values that the parser does not list, since others are right, too.
fn with_values(command: Command) -> Command {
    let rules = || RULES.iter().map(|rule| rule.about().id.as_str());
    let triggers: Vec<_> = ["blocker", "major", "minor", "info"].into_iter().chain(rules()).collect();
    let ports = || {
        let of = |protocol: &&Protocol| {
            let port = protocol.tcp_ports.first()?;
            Some(format!("tcp.port=={port},{}", protocol.name))
        };
        PossibleValuesParser::new(PROTOCOLS.iter().filter_map(of).collect::<Vec<_>>())
    };
    // A build without libpcap knows of none, and whoever may not list them types the name.
    let names = interfaces().unwrap_or_default().into_iter().map(|interface| interface.name);
    let sources: Vec<String> = names.chain(["-".to_owned()]).collect();
    command
        .mut_arg("interfaces", |arg| arg.value_parser(PossibleValuesParser::new(sources)))
        .mut_arg("decode_as", |arg| arg.value_parser(ports()))
        .mut_arg("trigger", |arg| arg.value_parser(PossibleValuesParser::new(triggers)))
        .mut_subcommand("compare", |compare| compare.mut_arg("decode_as", |arg| arg.value_parser(ports())))
        .mut_subcommand("rules", |rules_command| {
            rules_command.mut_arg("id", |arg| arg.value_parser(PossibleValuesParser::new(rules())))
        })
}
