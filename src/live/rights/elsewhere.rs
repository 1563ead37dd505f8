//! Other systems than Linux: nothing is given up, and that is said.

use super::{Needs, Standing};
use anyhow::{Result, bail};

/// What to become when everything is open: nothing else.
#[derive(Debug)]
pub(in super::super) struct Rights;

impl Rights {
    /// `--user` cannot be had here.
    pub fn new(wish: Option<&str>) -> Result<Self> {
        match wish {
            Some(_) => {
                bail!("--user: rights are given up on Linux only; leave it out, and start with no more than needed")
            }
            None => Ok(Self),
        }
    }

    /// Everything stays as it is.
    pub fn give_up(self, _: bool) -> Result<Dropped> {
        Ok(Dropped)
    }
}

/// What was given up: nothing.
#[derive(Debug)]
pub(in super::super) struct Dropped;

impl Dropped {
    /// Says so.
    pub fn close(self, _: &Needs) -> Result<Standing> {
        let details = vec!["rights are kept as they are: they are given up on Linux only".to_owned()];
        Ok(Standing { said: None, details })
    }
}
