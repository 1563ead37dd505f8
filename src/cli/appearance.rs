//! How what is printed looks: in colour or not, and how wide.

use clap::ColorChoice;
use std::env;
use std::io::{self, IsTerminal};

/// Columns where there is no terminal to ask.
pub(super) const WIDTH: usize = 100;

/// Colours and width of stdout, for what is printed there.
pub(super) fn appearance(choice: ColorChoice, to_file: bool) -> (bool, usize) {
    let terminal = !to_file && io::stdout().is_terminal();
    let color = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => color_by_environment(|name| env::var(name).ok(), terminal),
    };
    let width = terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
    (color, width.or_else(columns).unwrap_or(WIDTH))
}

/// `NO_COLOR` (<https://no-color.org>) outranks `CLICOLOR_FORCE`, which outranks `TERM=dumb` and `CLICOLOR=0`.
fn color_by_environment(get: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let on = |name: &str| get(name).is_some_and(|value| !value.is_empty() && value != "0");
    if get("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return false;
    }
    let dumb = get("TERM").is_some_and(|term| term == "dumb") || get("CLICOLOR").is_some_and(|value| value == "0");
    on("CLICOLOR_FORCE") || (terminal && !dumb)
}

/// A terminal that shows lines one below the other, and nothing else.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn columns() -> Option<usize> {
    env::var("COLUMNS").ok()?.parse().ok().filter(|&columns| columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_environment() {
        let color = |set: &[(&str, &str)], terminal| {
            let find = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            color_by_environment(find, terminal)
        };
        assert!(color(&[], true) && !color(&[], false));
        assert!(!color(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(color(&[("NO_COLOR", "")], true));
        assert!(color(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], false));
        assert!(!color(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!color(&[("TERM", "dumb")], true) && !color(&[("CLICOLOR", "0")], true));
    }
}
