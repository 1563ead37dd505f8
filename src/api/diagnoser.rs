//! How captures are read and judged.

use super::diagnosis::Diagnosis;
use super::error::Error;
use super::intake::{Intake, Names};
use super::keys;
use super::logs::{self, LogFile};
use super::merge::{JudgedCapture, MergedCaptures};
use super::reading::{Observer, Reading, Unobserved};
use super::side_by_side;
use crate::capture::{CaptureSet, FilterError, FilterSet, Reader, discover};
use crate::diagnose::Settings;
use crate::engine::{self, MessageRetention};
use crate::live::KeyLog;
use crate::model::{Analysis, Span};
use crate::report::{self, Detail};
use anyhow::anyhow;
use nrpcsniff_dissectors::Protocol;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// Bytes of a capture that are held before what was judged is let go, unless the user says otherwise.
pub(crate) const HELD: usize = 24 << 20;

/// How captures are read and judged: keys that open what is encrypted, logs beside them, a filter, and the settings of the rules.
/// One of them serves any number of captures.
///
/// What a pcapng capture brings along to open TLS (Decryption Secrets Blocks) needs no word here. Every message is kept, unless
/// [`Diagnoser::kept_for`] says that no report will show them.
#[derive(Debug, Clone, Default)]
pub struct Diagnoser {
    pub(crate) engine: engine::Options,
    pub(crate) settings: Settings,
    pub(crate) logs: Vec<LogFile>,
    /// Key logs that were read, and may grow while a capture comes through a pipe.
    pub(crate) key_logs: Vec<KeyLog>,
    pub(crate) filter: Option<String>,
    pub(crate) show_secrets: bool,
    /// How files from archives are called.
    pub(crate) names: Names,
    /// Threads that read and judge captures; as many as the machine has cores, unless told.
    pub(crate) threads: Option<NonZeroUsize>,
    /// Files of folders and archives beside the captures that are neither capture nor log nor key.
    pub(crate) other_files: u64,
}

impl Diagnoser {
    /// Begins with these settings of the rules.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Takes a TLS key log (NSS format), as browsers, curl and Java agents write it. It may be empty: a capture that comes through
    /// a pipe is opened by what is written meanwhile.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no secret.
    pub fn key_log(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let report = keys::key_log(Arc::make_mut(&mut self.engine.keys), path).map_err(Error::new)?;
        self.key_logs.push(KeyLog { path: path.to_owned(), read: report.bytes });
        Ok(self)
    }

    /// Takes a server's private RSA key (PEM): it opens TLS up to 1.2 where the key exchange is RSA.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no such key.
    pub fn tls_key(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        keys::private_key(Arc::make_mut(&mut self.engine.keys), path.as_ref()).map_err(Error::new)?;
        Ok(self)
    }

    /// Takes LTPA keys as WebSphere exports them, with their password: they open and verify its tokens.
    ///
    /// # Errors
    /// A file that cannot be read, is no key file, or is not opened by that password.
    pub fn ltpa_keys(mut self, path: impl AsRef<Path>, password: &str) -> Result<Self, Error> {
        let keyring = Arc::make_mut(&mut self.settings.keys);
        keys::key_file(keyring, path.as_ref(), &[password.as_bytes()]).map_err(Error::new)?;
        Ok(self)
    }

    /// Takes secrets (`LTPA_DominoSecret`) of Web SSO Configuration documents, one a line: they verify Domino's tokens.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no secret.
    pub fn domino_secrets(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        keys::domino_secrets(Arc::make_mut(&mut self.settings.keys), path.as_ref()).map_err(Error::new)?;
        Ok(self)
    }

    /// Reads a log beside the captures; `offset` is added to its times, if it is known. That it cannot be read is
    /// no error: it stands in the diagnosis.
    #[must_use]
    pub fn log(mut self, path: impl Into<PathBuf>, offset: Option<Span>) -> Self {
        self.logs.push(LogFile { path: path.into(), offset });
        self
    }

    /// Takes only frames that this expression of pcap-filter(7) lets pass.
    ///
    /// # Errors
    /// An expression that libpcap does not accept, or a build without libpcap.
    pub fn filter(mut self, expression: &str) -> Result<Self, Error> {
        FilterSet::new(expression).map_err(Error::new)?;
        self.filter = Some(expression.to_owned());
        Ok(self)
    }

    /// Takes what is said on that TCP port for that protocol, whatever the bytes say; with `None` for nothing at all.
    #[must_use]
    pub fn decode_as(mut self, port: u16, protocol: Option<&'static Protocol>) -> Self {
        self.engine.decode_as.push((port, protocol));
        self
    }

    /// Reads and judges several captures on so many threads; without a word, on as many as the machine has cores. What it comes to is
    /// the same for any number.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Shows values of tokens, cookies and passwords in reports, which mask them otherwise.
    #[must_use]
    pub fn show_secrets(mut self) -> Self {
        self.show_secrets = true;
        self
    }

    /// Keeps what a report of this shape shows, and no more: without messages memory does not grow with the capture. The findings
    /// are the same.
    #[must_use]
    pub fn kept_for(mut self, report: &report::ReportOptions) -> Self {
        self.engine.all = report.all;
        self.engine.retention = if report.detail == Detail::Messages {
            engine::Options::default().retention
        } else {
            MessageRetention::Essential
        };
        self.engine.hold = (report.detail == Detail::Findings && !report.all).then_some(HELD);
        self
    }

    /// Holds about so many bytes of a capture before what was judged is let go; without this word, and without
    /// [`Diagnoser::kept_for`], everything is kept. The findings are the same as long as there is room for what clients do next.
    #[must_use]
    pub fn held(mut self, bytes: usize) -> Self {
        self.engine.hold = Some(bytes);
        self
    }

    /// Takes what was found beside the captures: logs, secrets of TLS, names. What is wrong with a file is said of it.
    pub(crate) fn beside(mut self, intake: &Intake) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let is_known = |logs: &[LogFile], path: &Path| {
            let same = |log: &LogFile| log.path == path || log.path.canonicalize().ok() == path.canonicalize().ok();
            path.as_os_str() != "-" && logs.iter().any(same)
        };
        for path in &intake.logs {
            if !is_known(&self.logs, path) {
                self.logs.push(LogFile { path: path.clone(), offset: None });
            }
        }
        let keys = Arc::make_mut(&mut self.engine.keys);
        for path in &intake.key_logs {
            let read = keys::read_secrets(keys, path);
            wrong.extend(read.err().map(|error| format!("{}: cannot be read: {error}", intake.names.of(path))));
        }
        for path in &intake.private_keys {
            let read = keys::private_key(keys, path);
            wrong.extend(read.err().map(|_| format!("{}: no RSA key that opens TLS", intake.names.of(path))));
        }
        self.names = intake.names.clone();
        self.other_files = intake.passed_over.len() as u64;
        (self, wrong)
    }

    /// Reads captures: files, folders (every capture in them and below), `-` for the standard input. Files of a rotated capture
    /// are one; every other capture is judged by itself. No path is right where a log is given. Logs, TLS key logs and private
    /// keys among the paths or in the folders stand beside the captures, and archives (zip, tar) are looked into.
    ///
    /// A capture that is damaged is judged as far as it goes, and [`Diagnosis::is_complete`] says so.
    ///
    /// # Errors
    /// A folder without a capture, or nothing that could be opened.
    pub fn diagnose<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Diagnosis, Error> {
        let paths: Vec<_> = paths.iter().map(|path| path.as_ref().to_path_buf()).collect();
        let intake = Intake::of(&paths);
        let (diagnoser, _) = self.clone().beside(&intake);
        let sets = discover(&intake.captures).map_err(Error::new)?;
        let mut diagnosis = diagnoser.judge(&sets, &mut Unobserved).map_err(Error::new)?;
        diagnosis.trouble |= !intake.problems.is_empty();
        if diagnosis.opened || diagnosis.has_log() {
            return Ok(diagnosis);
        }
        let Analysis { inputs, logs, .. } = &diagnosis.analysis;
        let inputs = inputs.iter().map(|input| (&input.path, &input.problem));
        let first = inputs.chain(logs.iter().map(|log| (&log.path, &log.problem))).next();
        let sentence = first.map(|(path, problem)| format!("{path}: {}", problem.as_deref().unwrap_or_default()));
        let sentence = sentence.or_else(|| intake.problems.first().cloned());
        Err(Error::new(anyhow!(
            sentence.unwrap_or_else(|| "there is nothing to read: give a capture, or a log".to_owned())
        )))
    }

    /// Reads one capture from any stream; `name` stands for it in the report.
    ///
    /// # Errors
    /// A stream that does not begin like a capture, or cannot be read.
    pub fn diagnose_stream(&self, name: &str, stream: impl Read + Send + 'static) -> Result<Diagnosis, Error> {
        let reader = Reader::from_reader(name, stream).map_err(Error::new)?;
        let read = |observer: &mut Unobserved, merged: &mut MergedCaptures| {
            let mut reading = self.reading(observer)?;
            let (analysis, ledger) = reading.stream(Path::new(name), reader);
            merged.take(JudgedCapture::read(analysis, ledger), &self.settings);
            Ok(reading.opened)
        };
        self.judged(&mut Unobserved, read).map_err(Error::new)
    }

    /// Judges each capture by itself, beside all logs.
    pub(crate) fn judge(&self, sets: &[CaptureSet], observer: &mut impl Observer) -> Result<Diagnosis, FilterError> {
        let threads = self.threads.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
        self.judged(observer, |observer, merged| {
            if threads > 1 && sets.len() > 1 {
                return side_by_side::judge_all(self, sets, threads, observer, merged);
            }
            let mut reading = self.reading(observer)?;
            for set in sets {
                let (analysis, ledger) = reading.set(set);
                merged.take(JudgedCapture::read(analysis, ledger), &self.settings);
            }
            Ok(reading.opened)
        })
    }

    /// Judges what `read` adds, and then the logs. It says whether anything could be opened.
    fn judged<O: Observer>(
        &self,
        observer: &mut O,
        read: impl FnOnce(&mut O, &mut MergedCaptures) -> Result<bool, FilterError>,
    ) -> Result<Diagnosis, FilterError> {
        let mut merged =
            MergedCaptures::with_logs(logs::read_all(&self.logs, &self.names, self.show_secrets, observer));
        let opened = read(observer, &mut merged)?;
        merged.settle(&self.settings);
        merged.analysis.totals.other_files = self.other_files;
        Ok(Diagnosis::new(merged, opened, self.settings.clone(), self.show_secrets))
    }

    fn reading<'a, O: Observer>(&'a self, observer: &'a mut O) -> Result<Reading<'a, O>, FilterError> {
        let filter = self.filter.as_deref().map(FilterSet::new).transpose()?;
        Ok(Reading::new(self, filter, observer))
    }
}
