//! What is said of a Sametime port that does not let clients in.

use crate::diagnose::words::{Occurrences, RefusedBecause, Words, clock, count};
use crate::model::Timestamp;
use serde::Serialize;

/// Connections were refused, or nobody answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Blocked {
    /// The attempts: whose, at which server, how many, and when the first one was made.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// It was answered by RST; else by nobody.
    pub was_reset: bool,
    /// The reason, as far as the rest of the capture tells.
    #[serde(flatten)]
    pub why: Option<RefusedBecause>,
    /// The way by which a client got in after all.
    #[serde(flatten)]
    pub way: Option<WayIn>,
}

/// The way by which a client got in after all.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum WayIn {
    /// By the same port, later.
    Direct {
        /// Time at which it got in.
        reached: Timestamp,
    },
    /// By another port.
    Tunnel {
        /// The other port.
        reached_port: u16,
    },
}

impl Words for Blocked {
    fn title(&self) -> String {
        match &self.why {
            Some(RefusedBecause::NothingListens) => format!("{} refuses Sametime connections", self.seen.server),
            Some(why) => why.title(self.seen.server, &self.seen.clients),
            None => format!("No answer from the Sametime port {}", self.seen.server),
        }
    }

    fn explanation(&self) -> String {
        let how = match &self.why {
            Some(RefusedBecause::NothingListens) => {
                "was refused by RST: nothing listens there, or a filter rejects it".to_owned()
            }
            Some(why) => format!("was refused: {} answered with RST", why.who()),
            None => "got no answer: a filter on the way, or the host is down".to_owned(),
        };
        let why = self.why.as_ref().map_or_else(String::new, RefusedBecause::sentence);
        let way = self.way.map_or_else(String::new, |way| match way {
            WayIn::Direct { reached } => format!(" A later attempt got through ({}).", clock(reached)),
            WayIn::Tunnel { reached_port } => {
                format!(" The client then reached the server through port {reached_port}.")
            }
        });
        let (attempts, first) = (count(self.seen.count, "attempt"), clock(self.seen.first));
        format!("{} called {} ({attempts}, first at {first}) and {how}.{why}{way}", self.seen.clients, self.seen.server)
    }
}
