//! The configuration file: thresholds of the rules, names that servers may be asked for, keys that open tokens.

use super::args::KeyFiles;
use crate::diagnose::{ExpectedServer, Thresholds};
use crate::report::escape;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Content of the configuration file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Config {
    /// Limits at which rules begin to speak.
    pub thresholds: Thresholds,
    /// Names that servers may be asked for.
    pub servers: Vec<ExpectedServer>,
    /// Files of keys that open tokens.
    pub keys: KeyFiles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default)]
    thresholds: Thresholds,
    #[serde(default)]
    server: Vec<ServerEntry>,
    #[serde(default)]
    keys: KeyFiles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerEntry {
    name: String,
    aliases: Vec<String>,
}

/// Reads the file that the user named, which must exist, or the usual one, which may be missing.
pub(super) fn load(named: Option<&Path>, none: bool) -> Result<Config> {
    if none {
        return Ok(Config::default());
    }
    let roaming = || env::var_os("APPDATA").filter(|_| cfg!(windows));
    let usual = || usual_path(env::var_os("XDG_CONFIG_HOME").or_else(roaming), env::var_os("HOME"));
    let Some(path) = named.map(Path::to_path_buf).or_else(usual) else { return Ok(Config::default()) };
    match fs::read_to_string(&path) {
        Ok(text) => {
            let config = parse(&text).with_context(|| escape::path(&path))?;
            let folder = path.parent().unwrap_or(Path::new(""));
            Ok(Config { keys: config.keys.inside(folder), ..config })
        }
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Config::default()),
        Err(error) => Err(error).with_context(|| format!("{}: cannot be read", escape::path(&path))),
    }
}

/// XDG Base Directory Specification: a relative `XDG_CONFIG_HOME` is ignored. On Windows `APPDATA` stands for it.
fn usual_path(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let base = xdg.map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| home.filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".config")))?;
    Some(base.join("nrpcsniff").join("config.toml"))
}

fn parse(text: &str) -> Result<Config> {
    let file: ConfigFile = toml::from_str(text).map_err(|error| anyhow::anyhow!(one_line(&error, text)))?;
    check(&file.thresholds)?;
    let servers = file.server.into_iter().map(expected).collect::<Result<_>>()?;
    Ok(Config { thresholds: file.thresholds, servers, keys: file.keys })
}

fn expected(server: ServerEntry) -> Result<ExpectedServer> {
    if server.name.trim().is_empty() || server.aliases.is_empty() {
        bail!("a [[server]] needs a name and at least one alias");
    }
    Ok(ExpectedServer { name: server.name, aliases: server.aliases })
}

/// Every threshold is a number of zero or more: NaN would silence a rule, and so would a negative time.
fn check(thresholds: &Thresholds) -> Result<()> {
    let table = toml::Table::try_from(thresholds)?;
    for (key, value) in &table {
        if value.as_float().is_some_and(|number| !number.is_finite() || number < 0.0) {
            bail!("{key} must be a number of zero or more, and is {value}");
        }
    }
    Ok(())
}

/// What the TOML parser says, as one sentence with the number and the text of the line.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().replace('\n', " ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    format!("line {} ({line}): {message}", number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_servers_are_read() {
        let text = "[thresholds]\nclose-after-reply = 5\nprobe-count = 7\n[[server]]\nname = 'Mail01/Acme'\n\
                    aliases = ['mail.acme.example']\n";
        let config = parse(text).unwrap();
        assert_eq!(config.thresholds.close_after_reply, crate::model::Span::from_secs(5));
        assert_eq!(config.thresholds.probe_count, 7);
        assert_eq!(config.thresholds.stuck_tries, Thresholds::default().stuck_tries);
        assert_eq!(config.servers[0].aliases, ["mail.acme.example"]);
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn errors_name_the_key_and_the_line() {
        for (text, parts) in [
            ("[thresholds]\nclose-after-replies = 5\n", ["line 2", "close-after-replies"]),
            ("\n[treshold]\n", ["line 2", "treshold"]),
            ("[thresholds]\nidle = 'long'\n", ["line 2 (idle =", "long"]),
            ("[thresholds]\nidle = -1.0\n", ["idle", "zero or more"]),
            ("[thresholds]\nidle = nan\n", ["idle", "zero or more"]),
            ("[[server]]\nname = 'Mail01'\n", ["line 1", "aliases"]),
            ("[[server]]\nname = ''\naliases = ['x']\n", ["[[server]]", "name"]),
            ("[keys]\nltpa-key = ['x']\n", ["line 2", "ltpa-key"]),
            ("not toml", ["line 1", "expected"]),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(parts.iter().all(|part| error.contains(part)) && !error.contains('\n'), "{text:?}: {error}");
        }
    }

    #[test]
    fn paths_of_keys_count_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[keys]\nltpa-keys = ['a.keys']\ndomino-secret-file = ['/etc/secret']\n").unwrap();
        let keys = load(Some(&path), false).unwrap().keys;
        assert_eq!(keys.ltpa_keys, [folder.path().join("a.keys")]);
        assert_eq!(keys.domino_secret_file, [PathBuf::from("/etc/secret")]);
        assert!(keys.ltpa_password_file.is_empty());
    }

    #[test]
    fn the_usual_place_follows_xdg() {
        let path = |xdg: Option<&str>, home: Option<&str>| usual_path(xdg.map(Into::into), home.map(Into::into));
        assert_eq!(path(Some("/x"), Some("/h")), Some("/x/nrpcsniff/config.toml".into()));
        assert_eq!(path(Some("relative"), Some("/h")), Some("/h/.config/nrpcsniff/config.toml".into()));
        assert_eq!(path(None, Some("/h")), Some("/h/.config/nrpcsniff/config.toml".into()));
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let error = load(Some(Path::new("/no/such.toml")), false).unwrap_err();
        assert!(format!("{error:#}").starts_with("/no/such.toml: cannot be read"));
        assert_eq!(load(Some(Path::new("/no/such.toml")), true).unwrap(), Config::default());
    }
}
