//! Live capture where there is none.

use super::{CaptureSettings, Counts, Interface, LiveError, LiveFrame};
use std::convert::Infallible;
use std::time::Duration;

pub(super) fn interfaces() -> Result<Vec<Interface>, LiveError> {
    Err(LiveError::NoLibpcap)
}

/// There is none.
pub(super) struct Handle(Infallible);

impl Handle {
    pub(super) fn open(_: &str, _: &CaptureSettings) -> Result<Self, LiveError> {
        Err(LiveError::NoLibpcap)
    }

    pub(super) fn name(&self) -> &str {
        match self.0 {}
    }

    pub(super) fn link_type(&self) -> u16 {
        match self.0 {}
    }

    pub(super) fn digits(&self) -> u8 {
        match self.0 {}
    }

    pub(super) fn read(&mut self, _: usize, _: impl FnMut(LiveFrame<'_>)) -> Result<usize, LiveError> {
        match self.0 {}
    }

    pub(super) fn counts(&mut self) -> Counts {
        match self.0 {}
    }
}

pub(super) fn wait<'a>(_: impl Iterator<Item = &'a Handle>, _: Duration) {}
