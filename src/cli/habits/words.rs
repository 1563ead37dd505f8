//! Words of a command line that are no options: commands, captures, and a filter at the end.

use crate::capture::FilterSet;
use crate::cli::suggestion::nearest;
use crate::report::escape;
use anyhow::{Result, bail, ensure};
use clap::Command;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Words with which a capture filter can begin (pcap-filter(7)).
const FILTERS: &[&str] = &[
    "host",
    "net",
    "port",
    "portrange",
    "src",
    "dst",
    "gateway",
    "broadcast",
    "multicast",
    "less",
    "greater",
    "len",
    "proto",
    "protochain",
    "inbound",
    "outbound",
    "not",
    "ether",
    "wlan",
    "ip",
    "ip6",
    "arp",
    "rarp",
    "tcp",
    "udp",
    "sctp",
    "icmp",
    "icmp6",
    "igmp",
    "vlan",
    "mpls",
    "pppoes",
    "geneve",
];

/// Words, and what stands beside them.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// In the order in which they were typed; behind a command, its options too.
    pub(super) all: Vec<OsString>,
    /// They stand behind `--`.
    pub(super) are_quoted: bool,
    /// Values of `-r`.
    pub(super) read: Vec<OsString>,
    /// Beside `-i`.
    pub(super) are_live: bool,
    /// Beside `-f`.
    pub(super) have_filter: bool,
}

impl Words {
    /// The first of them is a command.
    pub(super) fn begin_with_command(&self, command: &Command) -> bool {
        self.all
            .first()
            .is_some_and(|word| command.get_subcommands().any(|known| word == known.get_name()) || is_own(word))
    }

    /// What clap is to read.
    pub(super) fn ours(mut self, command: &Command) -> Result<Vec<OsString>> {
        if self.are_quoted {
            self.all.insert(0, "--".into());
            return Ok(self.all);
        }
        if self.begin_with_command(command) {
            return Ok(self.command(command));
        }
        self.read.iter().chain(&self.all).try_for_each(|word| refuse_address(word))?;
        let filter = if self.are_live { self.all_as_filter() } else { self.end_as_filter() };
        if let Some(filter) = filter {
            ensure!(!self.have_filter, "the filter is given twice: with -f, and as '{}'", escape::terminal(&filter));
            self.all.push(format!("--filter={filter}").into());
        } else if self.read.is_empty() {
            self.refuse_unknown_command(command)?;
        }
        Ok(self.all)
    }

    /// `help` and `version` in the words of options.
    fn command(self, command: &Command) -> Vec<OsString> {
        let second = self.all.get(1).filter(|word| command.get_subcommands().any(|known| *word == known.get_name()));
        match (self.all.first().and_then(|word| word.to_str()), second) {
            (Some("help"), Some(second)) => vec![second.clone(), "--help".into()],
            (Some("help"), None) => vec!["--help".into()],
            (Some("version"), _) => vec!["--version".into()],
            _ => self.all,
        }
    }

    /// Live, words are always a filter, as with tcpdump; a file among them is a mistake of another kind.
    fn all_as_filter(&mut self) -> Option<String> {
        if self.all.is_empty() || self.all.iter().any(|word| is_input(word)) {
            return None;
        }
        filter(&std::mem::take(&mut self.all))
    }

    /// Behind captures, the words that are no files are a filter if they begin like one, and if libpcap takes what is only one
    /// word. More words that it does not take are a mistake in a filter, and not so many captures.
    fn end_as_filter(&mut self) -> Option<String> {
        let behind = self.all.iter().rposition(|word| is_input(word)).map_or(0, |last| last.saturating_add(1));
        if behind == 0 && self.read.is_empty() {
            return None;
        }
        let text = self.all.get(behind..).and_then(filter).filter(|text| begins_like_filter(text))?;
        if !text.contains(' ') && FilterSet::new(&text).is_err() {
            return None;
        }
        self.all.truncate(behind);
        Some(text)
    }

    /// A first word that is neither a file nor a command, and looks like a command.
    fn refuse_unknown_command(&self, command: &Command) -> Result<()> {
        let Some(word) = self.all.first().and_then(|word| word.to_str()) else { return Ok(()) };
        let looks = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
        if !looks || word.starts_with('-') || is_input(OsStr::new(word)) {
            return Ok(());
        }
        let names: Vec<_> = command.get_subcommands().map(Command::get_name).chain(["help", "version"]).collect();
        match nearest(word, names.iter().copied()).first() {
            Some(near) => bail!("'{word}': no such command, and no such file; did you mean '{near}'?"),
            None => bail!(
                "'{word}': no such command, and no such file. Commands are {}; anything else is a capture or a folder",
                names.join(", ")
            ),
        }
    }
}

/// Commands that are options in truth.
fn is_own(word: &OsStr) -> bool {
    word == "help" || word == "version"
}

/// Something to read: a file, a folder, standard input, or a pattern of names.
fn is_input(word: &OsStr) -> bool {
    word == "-" || Path::new(word).exists()
}

/// The words of a filter in one; `None` if they are no text.
fn filter(words: &[OsString]) -> Option<String> {
    let words: Option<Vec<_>> = words.iter().map(|word| word.to_str()).collect();
    words.map(|words| words.join(" ")).filter(|text| !text.is_empty())
}

fn begins_like_filter(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '!', ' ']);
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.get(..end).is_some_and(|first| FILTERS.contains(&first))
}

/// Nothing is fetched: a capture is read where it lies. The programs that fetch one can pipe it.
fn refuse_address(word: &OsStr) -> Result<()> {
    let Some((scheme, rest)) = word.to_str().and_then(|text| text.split_once("://")) else { return Ok(()) };
    let shown = escape::terminal(word.to_str().unwrap_or_default()).into_owned();
    let way = match scheme {
        "http" | "https" | "ftp" => format!("curl -fsS '{shown}' | nrpcsniff -"),
        "s3" => format!("aws s3 cp '{shown}' - | nrpcsniff -"),
        "gs" => format!("gcloud storage cat '{shown}' | nrpcsniff -"),
        "ssh" | "scp" | "sftp" => "ssh HOST cat FILE | nrpcsniff -".to_owned(),
        "file" => format!("nrpcsniff '{}'", escape::terminal(rest)),
        _ => return Ok(()),
    };
    bail!("{shown}: addresses are not fetched; type `{way}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Args;
    use clap::CommandFactory;

    fn ours(words: &[&str], read: bool, are_live: bool) -> Result<Vec<String>> {
        let words = Words {
            all: words.iter().map(OsString::from).collect(),
            read: if read { vec!["f".into()] } else { Vec::new() },
            are_live,
            ..Words::default()
        };
        let ours = words.ours(&Args::command())?;
        Ok(ours.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn words_at_the_end_are_the_filter() {
        assert_eq!(ours(&["port", "1352"], true, false).unwrap(), ["--filter=port 1352"]);
        assert_eq!(ours(&["tcp port 1352 or port 88"], true, false).unwrap(), ["--filter=tcp port 1352 or port 88"]);
        assert_eq!(ours(&["src", "Cargo.toml", "host", "::1"], false, false).unwrap().len(), 3);
        assert_eq!(ours(&["-", "not", "port", "22"], false, false).unwrap(), ["-", "--filter=not port 22"]);
        assert_eq!(ours(&["anything", "at", "all"], false, true).unwrap(), ["--filter=anything at all"]);
        assert_eq!(ours(&["Cargo.toml"], false, true).unwrap(), ["Cargo.toml"]);
        assert_eq!(ours(&["b.pcap", "c.pcap"], true, false).unwrap(), ["b.pcap", "c.pcap"]);
        let twice =
            Words { all: vec!["port".into(), "1".into()], have_filter: true, are_live: true, ..Words::default() };
        assert!(twice.ours(&Args::command()).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn commands_are_near() {
        for (word, near) in [("rule", "rules"), ("compar", "compare"), ("chek", "check"), ("verson", "version")] {
            let error = ours(&[word, "a"], false, false).unwrap_err().to_string();
            assert!(error.contains("no such command") && error.contains(&format!("'{near}'")), "{word}: {error}");
        }
        let error = ours(&["frobnicate"], false, false).unwrap_err().to_string();
        assert!(error.contains("Commands are rules"), "{error}");
        for word in ["a.pcap", "./rule", "capture1", "folder/x", "*.pcap"] {
            assert_eq!(ours(&[word], false, false).unwrap(), [word]);
        }
    }

    #[test]
    fn help_is_for_a_command_too() {
        assert_eq!(ours(&["help"], false, false).unwrap(), ["--help"]);
        assert_eq!(ours(&["help", "rules"], false, false).unwrap(), ["rules", "--help"]);
        assert_eq!(ours(&["version"], false, false).unwrap(), ["--version"]);
    }

    #[test]
    fn addresses_are_answered_with_what_fetches_them() {
        for (word, part) in
            [("https://x.example/a.pcap", "curl"), ("s3://b/a.pcap", "aws s3 cp"), ("file:///a", "'/a'")]
        {
            let error = ours(&[word], false, false).unwrap_err().to_string();
            assert!(error.contains(part), "{word}: {error}");
        }
    }
}
