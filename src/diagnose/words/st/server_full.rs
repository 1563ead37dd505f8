//! What is said of a community server that takes no more users.

use super::TurnedAway;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server turned users away because it has too many.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Full {
    /// The clients that were turned away.
    #[serde(flatten)]
    pub turned_away: TurnedAway,
}

impl Words for Full {
    fn title(&self) -> String {
        format!("Sametime server {} takes no more users", self.turned_away.server)
    }

    fn explanation(&self) -> String {
        format!("{}{}", self.turned_away, self.turned_away.aftermath())
    }
}
