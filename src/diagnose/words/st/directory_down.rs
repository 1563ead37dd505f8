//! What is said of a community server that cannot ask its directory.

use super::{Person, TurnedAway};
use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The server said that it cannot verify anybody.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CannotVerify {
    /// The clients that were turned away.
    #[serde(flatten)]
    pub turned_away: TurnedAway,
    /// Directories that the server could not reach.
    #[serde(flatten)]
    pub directories: Directories,
}

impl Words for CannotVerify {
    fn title(&self) -> String {
        let how = self.directories.first().map_or_else(|| "its directory is away".to_owned(), Directory::state);
        format!("Sametime server {} cannot verify users: {how}", self.turned_away.server)
    }

    fn explanation(&self) -> String {
        let Self { turned_away, directories } = self;
        let (tried, aftermath) = (directories.tried_by(turned_away.server), turned_away.aftermath());
        format!("{turned_away} Names and passwords were not judged.{tried}{aftermath}")
    }
}

/// The server took the handshake, and let the login wait.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LetsWait {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that waited first.
    #[serde(flatten)]
    pub who: Person,
    /// Number of logins that waited.
    pub count: usize,
    /// Seconds that the first one waited.
    pub waited_s: f64,
    /// An answer came in the end.
    pub was_answered: bool,
    /// Directories that the server could not reach.
    #[serde(flatten)]
    pub directories: Directories,
}

impl Words for LetsWait {
    fn title(&self) -> String {
        let how = self.directories.first().map_or_else(String::new, |directory| format!(": {}", directory.state()));
        format!("Sametime server {} lets logins wait{how}", self.server)
    }

    fn explanation(&self) -> String {
        let because = if self.directories.first().is_none() {
            " Most often the server waits for its directory; the connection to it is not in this finding's evidence."
                .to_owned()
        } else {
            self.directories.tried_by(self.server)
        };
        format!(
            "{} answered the handshake of {} at once, but the login {}{}.{because}",
            self.server,
            self.who,
            if self.was_answered { "only after " } else { "not within " },
            span(self.waited_s),
        )
    }
}

/// Directories that a server could not reach. Facts have a list of each of their parts.
#[derive(Debug, Clone)]
pub(crate) struct Directories(pub Vec<Directory>);

/// A directory that a server could not reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory {
    /// The directory.
    pub server: Endpoint,
    /// It refused the connection; else it did not answer.
    pub refused: bool,
    /// Number of attempts.
    pub count: u64,
}

impl Directories {
    fn first(&self) -> Option<&Directory> {
        self.0.first()
    }

    /// The server's attempts, as sentences with a blank in front.
    fn tried_by(&self, server: Endpoint) -> String {
        let tell = |directory: &Directory| {
            let how = if directory.refused { "was refused" } else { "got no answer" };
            let often = if directory.count > 1 { format!(" ({} times)", directory.count) } else { String::new() };
            format!(" At that time {} tried to reach {} and {how}{often}.", server.ip, directory.server)
        };
        self.0.iter().map(tell).collect()
    }
}

impl Directory {
    /// "its directory 10.1.0.30:389 refuses connections".
    fn state(&self) -> String {
        let how = if self.refused { "refuses connections" } else { "does not answer" };
        format!("its directory {} {how}", self.server)
    }
}

impl Serialize for Directories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = if self.0.is_empty() { 0 } else { 3 };
        let mut lists = serializer.serialize_struct("Directories", parts)?;
        if parts > 0 {
            let outcome = |directory: &Directory| if directory.refused { "refused" } else { "no_answer" };
            let directories: Vec<String> = self.0.iter().map(|directory| directory.server.to_string()).collect();
            lists.serialize_field("directories", &directories)?;
            lists.serialize_field("directory_outcomes", &self.0.iter().map(outcome).collect::<Vec<_>>())?;
            lists.serialize_field("directory_attempts", &self.0.iter().map(|d| d.count).collect::<Vec<_>>())?;
        }
        lists.end()
    }
}
