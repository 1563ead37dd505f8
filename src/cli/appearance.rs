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
    } && (!terminal || is_obeyed());
    (color, if to_file { None } else { terminal_width() }.or_else(columns).unwrap_or(WIDTH))
}

/// The terminal obeys escape sequences; a console of Windows does once it is told to.
#[cfg(windows)]
fn is_obeyed() -> bool {
    anstyle_query::windows::enable_ansi_colors() == Some(true)
}

/// The terminal obeys escape sequences.
#[cfg(not(windows))]
const fn is_obeyed() -> bool {
    true
}

/// Columns of the terminal that stdout is, or that stderr is where stdout is a pipe to a pager; none where the environment says how many.
fn terminal_width() -> Option<usize> {
    let of = |size: Option<(terminal_size::Width, terminal_size::Height)>| size.map(|(width, _)| usize::from(width.0));
    let stdout = of(terminal_size::terminal_size_of(io::stdout()));
    stdout.or_else(|| if columns().is_none() { of(terminal_size::terminal_size_of(io::stderr())) } else { None })
}

/// The terminal's locale is none of UTF-8, as POSIX finds it: `LC_ALL`, `LC_CTYPE`, `LANG`. A file is UTF-8 in any case.
pub(super) fn is_ascii(to_file: bool) -> bool {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    !to_file && is_ascii_locale(locale.as_deref())
}

/// Where no locale is set there is no saying: most terminals know UTF-8, and programs started by others have none.
fn is_ascii_locale(locale: Option<&str>) -> bool {
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
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
    fn a_locale_that_is_not_utf8_is_taken_for_ascii() {
        for locale in ["C", "POSIX", "de_DE.ISO-8859-1", "de_DE"] {
            assert!(is_ascii_locale(Some(locale)), "{locale}");
        }
        assert!(!["C.UTF-8", "de_DE.utf8"].into_iter().any(|locale| is_ascii_locale(Some(locale))));
        assert!(!is_ascii_locale(None));
    }

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
