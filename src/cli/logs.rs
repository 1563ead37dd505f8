//! `--log` and `--log-offset`: which logs are to be read, and what is said of them.

use super::patterns;
use crate::api::{Intake, LogFile};
use crate::logs::KNOWN;
use crate::model::{Log, Span};
use crate::report::escape;
use crate::report::talk::Verbosity;
use crate::report::talk::say;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::path::{Path, PathBuf};

/// Pairs each log with the offset that the user gave for it.
pub(super) fn plan(paths: &[PathBuf], offsets: &[String]) -> Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for path in paths {
        let new: Vec<_> =
            behind(path)?.into_iter().filter(|path| !files.iter().any(|f: &LogFile| f.path == *path)).collect();
        files.extend(new.into_iter().map(|path| LogFile { path, offset: None }));
    }
    for text in offsets {
        let (name, span) = offset(text)?;
        let of_name = |file: &LogFile| file.path == Path::new(name) || file.path.file_name() == Some(name.as_ref());
        let mut named = files.iter_mut().filter(|file| of_name(file));
        match (named.next(), named.next()) {
            (Some(file), None) => file.offset = Some(span),
            (None, _) => bail!("--log-offset '{}': there is no --log of that name", escape::terminal(text)),
            (Some(_), Some(_)) => {
                bail!("--log-offset '{}': several logs have that name; give the whole path", escape::terminal(text))
            }
        }
    }
    Ok(files)
}

/// The log itself, all logs in a folder, or what a pattern matches, for shells that leave patterns alone.
fn behind(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_dir() {
        let logs = Intake::logs_in(path);
        ensure!(
            !logs.is_empty(),
            "{}: there is no log of a known kind in this folder or below it; known are {KNOWN}",
            escape::path(path)
        );
        return Ok(logs);
    }
    let shown = escape::path(path);
    let matches = patterns::matches(path).map_err(|error| anyhow!("--log '{shown}': no pattern: {}", error.msg))?;
    let Some(matches) = matches else { return Ok(vec![path.to_owned()]) };
    let mut logs = Vec::new();
    for found in matches {
        logs.extend(if found.is_dir() { Intake::logs_in(&found) } else { vec![found] });
    }
    ensure!(!logs.is_empty(), "--log '{shown}': there is no such file, and as a pattern it matches none");
    Ok(logs)
}

/// `FILE=±SECONDS`: the name, and the seconds.
fn offset(text: &str) -> Result<(&str, Span)> {
    let wrong = || {
        let shown = escape::terminal(text);
        anyhow!(
            "--log-offset '{shown}': write it as FILE=SECONDS, the seconds to add to the log's time, as in 'stusers.txt=-3600'"
        )
    };
    let (name, seconds) = text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).with_context(wrong)?;
    let seconds: f64 = seconds.trim().parse().map_err(|_| wrong())?;
    // A hundred years: what goes beyond is a slip of the pen.
    if !seconds.is_finite() || seconds.abs() > 3.2e9 {
        return Err(wrong());
    }
    Ok((name, Span::from_secs_f64(seconds)))
}

/// Prints what is wrong with a log that was read, or what is good to know of it.
pub(super) fn report_log(log: &Log, verbosity: Verbosity) {
    match (&log.problem, log.kind) {
        (Some(problem), None) if log.bytes > 0 => say(&format!("{}: {problem}; known are {KNOWN}", log.path)),
        (Some(problem), _) => say(&format!("{}: {problem}", log.path)),
        (None, Some(kind)) if verbosity.verbose => {
            say(&format!(
                "{}: {} log, {} lines read, {} of them about sign-on",
                log.path,
                kind.name(),
                log.lines,
                log.facts.len()
            ));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::model::Span;
    use std::path::PathBuf;

    #[test]
    fn offsets_go_to_the_log_of_that_name() {
        let paths = [PathBuf::from("a/st=1.txt"), PathBuf::from("b/was.log")];
        let files = plan(&paths, &["was.log=-3600".to_owned(), "a/st=1.txt=+0.5".to_owned()]).unwrap();
        let offsets: Vec<_> = files.iter().map(|file| file.offset).collect();
        assert_eq!(offsets, [Some(Span::from_millis(500)), Some(Span::from_secs(-3600))]);
    }

    #[test]
    fn folders_and_patterns_are_logs() {
        const STUSERS: &str = "101117_095933.884,FTL,LDAP Aut,token verification failed. [4098]\n";
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.log", "b.log", "c.txt"] {
            std::fs::write(folder.path().join(name), STUSERS).unwrap();
        }
        std::fs::write(folder.path().join("d.log"), "hello\n").unwrap();
        let names = |path: PathBuf| {
            let files = plan(&[path], &[])?;
            let name = |file: &super::LogFile| file.path.file_name().unwrap().to_str().unwrap().to_owned();
            anyhow::Ok(files.iter().map(name).collect::<Vec<_>>())
        };
        assert_eq!(names(folder.path().to_owned()).unwrap(), ["a.log", "b.log", "c.txt"]);
        assert_eq!(names(folder.path().join("*.log")).unwrap(), ["a.log", "b.log", "d.log"]);
        assert_eq!(names(folder.path().join("c.txt")).unwrap(), ["c.txt"]);
        assert_eq!(names(folder.path().join("none.log")).unwrap(), ["none.log"]);
        for nothing in ["*.none", "[", "x***"] {
            assert!(names(folder.path().join(nothing)).is_err(), "{nothing}");
        }
    }

    #[test]
    fn wrong_offsets_say_what_would_be_right() {
        let paths = [PathBuf::from("a/x.log"), PathBuf::from("b/x.log")];
        for (text, part) in [
            ("x.log", "FILE=SECONDS"),
            ("a/x.log=soon", "FILE=SECONDS"),
            ("a/x.log=inf", "FILE=SECONDS"),
            ("a/x.log=1e300", "FILE=SECONDS"),
            ("=3", "FILE=SECONDS"),
            ("y.log=3", "no --log"),
            ("x.log=3", "several"),
        ] {
            let error = plan(&paths, &[text.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
