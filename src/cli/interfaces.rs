//! The interfaces of this machine (`-D`).

use super::appearance::appearance;
use super::exit::ExitStatus;
use super::output;
use crate::capture::live::{Interface, interfaces};
use crate::live::explain;
use crate::report::escape;
use anyhow::Result;
use clap::ColorChoice;
use std::io::{self, Write};
use tabled::builder::Builder;
use tabled::settings::{Style, Width, peaker::PriorityMax};

/// Lists them on stdout.
pub(super) fn list(color: ColorChoice) -> Result<ExitStatus> {
    let interfaces = interfaces().map_err(explain)?;
    let (_, width) = appearance(color, false);
    output::write(None, |out| write(&interfaces, width, out))?;
    Ok(ExitStatus::Done)
}

fn write(interfaces: &[Interface], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = Builder::default();
    builder.push_record(["", "interface", "state", "addresses", "description"]);
    for (number, interface) in (1..).zip(interfaces) {
        let addresses: Vec<_> = interface.addresses.iter().map(ToString::to_string).collect();
        let description = interface.description.as_deref().unwrap_or_default();
        let cells = [&i32::to_string(&number), &interface.name, state(interface), &addresses.join("\n"), description];
        builder.push_record(cells.map(|cell| cell.lines().map(escape::terminal).collect::<Vec<_>>().join("\n")));
    }
    let mut table = builder.build();
    table.with(Style::rounded()).with(Width::wrap(width).keep_words(true).priority(PriorityMax::right()));
    writeln!(out, "{table}")
}

const fn state(interface: &Interface) -> &'static str {
    match (interface.up, interface.running) {
        (true, true) => "up",
        (true, false) => "up, no carrier",
        (false, _) => "down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interface_has_its_state_and_addresses() {
        let one = Interface {
            name: "eth0".to_owned(),
            description: Some("a \u{1b}[31mcard".to_owned()),
            addresses: vec!["10.1.0.9".parse().unwrap(), "2001:db8::9".parse().unwrap()],
            up: true,
            running: false,
            loopback: false,
        };
        let mut out = Vec::new();
        write(&[one], 100, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in ["│ 1 │ eth0", "up, no carrier", "10.1.0.9", "2001:db8::9"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
