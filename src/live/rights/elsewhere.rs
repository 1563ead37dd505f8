//! Other systems than Linux: nothing is given up, and that is said.

use super::{Needs, RightsReport};
use anyhow::{Result, bail};

/// Whom to become once interfaces are open: nobody else.
#[derive(Debug)]
pub(in super::super) struct Rights;

impl Rights {
    /// `--user` cannot be had here.
    pub(crate) fn new(wish: Option<&str>) -> Result<Self> {
        match wish {
            Some(_) => {
                bail!("--user: rights are given up on Linux only; leave it out, and start with no more than needed")
            }
            None => Ok(Self),
        }
    }

    /// Everything stays as it is.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(crate) fn give_up(self, _: bool) -> Result<DroppedRights> {
        Ok(DroppedRights)
    }
}

/// What was given up: nothing.
#[derive(Debug)]
pub(in super::super) struct DroppedRights;

impl DroppedRights {
    /// Says so.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(crate) fn close(self, _: &Needs) -> Result<RightsReport> {
        let details = vec!["rights are kept as they are: they are given up on Linux only".to_owned()];
        Ok(RightsReport { said: None, details })
    }
}
