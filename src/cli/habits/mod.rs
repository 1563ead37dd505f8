//! Command lines as users of tcpdump and tshark type them, turned into ours before clap reads them.
//!
//! Whoever captures packets has typed `-nn -s 0 -r f port 1352` for years. What of it means nothing here is left out; what has
//! another name here is answered with that name, in one line; what would be mistaken for something else (a preference of
//! Wireshark's given to `-o` would become a file of that name) is refused before anything is read or written.

mod letters;
mod preferences;
mod words;

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, Command};
use letters::Letter;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::slice::Iter;
use words::Words;

/// A command line in the program's own words. The first of `typed` is the name of the program.
///
/// # Errors
/// What other programs call so and this one does not, with what to type instead.
pub(super) fn ours(typed: &[OsString], command: &Command) -> Result<Vec<OsString>> {
    let Some((program, typed)) = typed.split_first() else { return Ok(Vec::new()) };
    let mut walk = Walk { command, options: Vec::new(), words: Words::default(), flags: HashSet::new() };
    walk.all(typed)?;
    let is_command = walk.words.begin_with_command(command);
    let (options, words) = (walk.options, walk.words.ours(command)?);
    // clap knows a command in first place only.
    let (first, then) = if is_command { (words, options) } else { (options, words) };
    Ok([program.clone()].into_iter().chain(first).chain(then).collect())
}

/// The walk over a command line: options with their values on one side, words on the other.
struct Walk<'a> {
    command: &'a Command,
    options: Vec<OsString>,
    words: Words,
    /// Letters of flags that came already: twice says no more than once (`-vv`).
    flags: HashSet<char>,
}

impl Walk<'_> {
    fn all(&mut self, typed: &[OsString]) -> Result<()> {
        let mut rest = typed.iter();
        while let Some(word) = rest.next() {
            let text = word.to_str().unwrap_or_default();
            if self.words.begin_with_command(self.command) {
                self.words.all.push(if text == "--json" { "--format=json".into() } else { word.clone() });
            } else if text == "--" {
                self.words.are_quoted = true;
                self.words.all.extend(rest.by_ref().cloned());
            } else if let Some(name) = text.strip_prefix("--") {
                self.long(name, word, &mut rest);
            } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                self.cluster(letters, typed.len() == 1, &mut rest)?;
            } else {
                self.words.all.push(word.clone());
            }
        }
        Ok(())
    }

    /// `--name`, `--name=value`, `--name value`.
    fn long(&mut self, name: &str, word: &OsStr, rest: &mut Iter<'_, OsString>) {
        if name == "json" {
            return self.options.push("--format=json".into());
        }
        self.options.push(word.to_owned());
        let (name, behind) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        let known = self.command.get_arguments().find(|arg| arg.get_long() == Some(name));
        if known.is_some_and(takes_value) {
            match behind {
                Some(value) => self.note(name, OsStr::new(value)),
                None => self.next_value(name, rest),
            }
        }
    }

    /// Letters behind one dash, as `nnr`: flags, and at the end perhaps one that takes a value.
    fn cluster(&mut self, letters: &str, is_alone: bool, rest: &mut Iter<'_, OsString>) -> Result<()> {
        for (at, letter) in letters.char_indices() {
            let behind = letters.get(at.saturating_add(letter.len_utf8())..).unwrap_or_default();
            match letters::of(letter, is_alone) {
                Letter::NoEffect => {}
                Letter::NoEffectWith(values) => {
                    if behind.is_empty() && next_is_one_of(values, rest) {
                        rest.next();
                    }
                }
                Letter::Ours if self.takes_value(letter) => return self.valued(letter, behind, rest),
                Letter::Ours => {
                    if self.flags.insert(letter) {
                        self.options.push(format!("-{letter}").into());
                    }
                }
                Letter::Other(answer) => {
                    let next = || rest.as_slice().first().and_then(|word| word.to_str()).unwrap_or_default();
                    bail!("-{letter}: {}", answer(if behind.is_empty() { next() } else { behind }));
                }
            }
        }
        Ok(())
    }

    fn takes_value(&self, letter: char) -> bool {
        self.command.get_arguments().find(|arg| arg.get_short() == Some(letter)).is_some_and(takes_value)
    }

    /// An option of ours with its value, which stands behind its letter or is the next word.
    fn valued(&mut self, letter: char, behind: &str, rest: &mut Iter<'_, OsString>) -> Result<()> {
        let next = rest.as_slice().first().and_then(|word| word.to_str()).unwrap_or_default();
        let value = if behind.is_empty() { next } else { behind.strip_prefix('=').unwrap_or(behind) };
        if letter == 'o' {
            preferences::refuse(value)?;
        }
        if letter == 's' && value == "0" {
            // All of each packet, which is what is taken anyway.
            if behind.is_empty() {
                rest.next();
            }
            return Ok(());
        }
        self.options.push(format!("-{letter}{behind}").into());
        if behind.is_empty() {
            self.next_value(&letter.to_string(), rest);
        } else {
            self.note(&letter.to_string(), OsStr::new(value));
        }
        Ok(())
    }

    fn next_value(&mut self, name: &str, rest: &mut Iter<'_, OsString>) {
        if let Some(value) = rest.next() {
            self.options.push(value.clone());
            self.note(name, value);
        }
    }

    /// Remembers what words mean beside this option.
    fn note(&mut self, name: &str, value: &OsStr) {
        match name {
            "r" | "read" => self.words.read.push(value.to_owned()),
            "i" | "interface" => self.words.are_live = true,
            "f" | "filter" => self.words.have_filter = true,
            _ => {}
        }
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn next_is_one_of(values: &[&str], rest: &Iter<'_, OsString>) -> bool {
    rest.as_slice().first().is_some_and(|word| values.iter().any(|value| word == value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Args;
    use clap::CommandFactory;

    fn line(typed: &str) -> Result<String> {
        let typed: Vec<OsString> = ["nrpcsniff"].into_iter().chain(typed.split(' ')).map(OsString::from).collect();
        let ours: Vec<_> =
            ours(&typed, &Args::command())?.into_iter().map(|word| word.into_string().unwrap()).collect();
        Ok(ours[1..].join(" "))
    }

    #[test]
    fn what_means_nothing_here_is_left_out() {
        for (typed, expected) in [
            ("-nn -l -U -2 -e -i eth0", "-i eth0"),
            ("-nnvvXYZ", ""),
            ("-nni eth0 -s 0", "-i eth0"),
            ("-lnr f -s0", "-r f"),
            ("-vv -q -v -r f", "-v -q -r f"),
            ("-tttt -r f", "-r f"),
            ("-t ad -r f", "-r f"),
            ("-s 96 -i eth0", "-s 96 -i eth0"),
            ("-s=64 -c=1", "-s=64 -c=1"),
            ("--json -r f", "--format=json -r f"),
            ("rules --json", "rules --format=json"),
            ("-V", "-V"),
            ("- -q", "-q -"),
            ("-- -n", "-- -n"),
        ] {
            let got = line(typed);
            if expected.is_empty() {
                assert!(got.is_err(), "{typed}: {got:?}");
            } else {
                assert_eq!(got.unwrap(), expected, "{typed}");
            }
        }
    }

    #[test]
    fn what_belongs_to_a_command_is_its_own() {
        assert_eq!(line("compare -n a b").unwrap(), "compare -n a b");
        assert_eq!(line("--no-config token -").unwrap(), "token - --no-config");
    }

    #[test]
    fn values_are_no_options() {
        assert_eq!(line("-f -n").unwrap(), "-f -n");
        assert_eq!(line("--output --json").unwrap(), "--output --json");
    }
}
