//! Exchanges and browsers by number, each of its own type: one in the place of the other does not compile.

/// A request with its response, by its place in [`super::HttpIndex::exchanges`], which is in order of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ExchangeId(usize);

/// A browser, by its place in [`super::HttpIndex::browsers`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BrowserId(usize);

impl ExchangeId {
    /// The exchange in that place.
    pub(super) const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its place.
    pub(super) const fn index(self) -> usize {
        self.0
    }
}

impl BrowserId {
    /// The browser in that place.
    pub(super) const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its place.
    pub(super) const fn index(self) -> usize {
        self.0
    }
}
