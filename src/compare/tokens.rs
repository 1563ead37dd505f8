//! What kind of token a message shows, where only the rest of its capture tells: the two versions of WebSphere's token look alike,
//! and the name of the cookie that held one elsewhere says which it is.

use crate::diagnose::Case;
use crate::model::{FrameRef, Stamp};
use hashbrown::HashMap;

/// Kinds of tokens by the frame that showed them.
#[derive(Debug, Default)]
pub(crate) struct TokenKinds(HashMap<FrameRef, String>);

impl TokenKinds {
    /// Kinds of the tokens in every request and login of a capture.
    pub(crate) fn of(case: &Case<'_>) -> Self {
        let showings = case.tokens().showings().iter();
        let kinds = showings.map(|showing| {
            let mut names: Vec<_> = showing.tokens.iter().map(|known| known.class.name()).collect();
            names.sort_unstable();
            (showing.at.frame, names.join(", "))
        });
        Self(kinds.collect())
    }

    /// The kind of token that the message in that frame shows.
    pub(crate) fn at(&self, stamp: Stamp) -> Option<&str> {
        self.0.get(&stamp.frame).map(String::as_str)
    }
}
