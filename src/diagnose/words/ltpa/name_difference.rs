//! How two names of one user differ.

use crate::facts::tokens::person::{PersonLikeness, compare};
use serde::Serialize;
use std::fmt;

/// The difference that makes two names of one user two persons to a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "name_difference", rename_all = "snake_case")]
pub(crate) enum NameDifference {
    /// The number of blanks.
    Blanks,
    /// The first one has components that the second lacks.
    FirstLonger {
        /// Those, as written there.
        more_components: String,
    },
    /// The second one has components that the first lacks.
    SecondLonger {
        /// Those, as written there.
        more_components: String,
    },
    /// Components after the common name.
    Organisation,
}

impl NameDifference {
    /// Between two names of one user; nothing if they are the same, or of two persons, or cannot be compared.
    pub(crate) fn of(first: &str, second: &str) -> Option<Self> {
        match compare(first, second) {
            PersonLikeness::Blanks => Some(Self::Blanks),
            PersonLikeness::Longer { extra, second: false } => Some(Self::FirstLonger { more_components: extra }),
            PersonLikeness::Longer { extra, second: true } => Some(Self::SecondLonger { more_components: extra }),
            PersonLikeness::SameCommonName => Some(Self::Organisation),
            PersonLikeness::Same | PersonLikeness::Different | PersonLikeness::Unknown => None,
        }
    }
}

/// "the second has C=US more".
impl fmt::Display for NameDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blanks => f.write_str("they differ in the number of blanks"),
            Self::FirstLonger { more_components } => write!(f, "the first has {more_components} more"),
            Self::SecondLonger { more_components } => write!(f, "the second has {more_components} more"),
            Self::Organisation => f.write_str("the common name is the same, what follows is not"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NameDifference;

    const ANN: &str = "CN=Ann Smith/O=ACME";

    #[test]
    fn only_names_of_one_user_differ() {
        let said = |other| NameDifference::of(ANN, other).map(|difference| difference.to_string());
        assert_eq!(said("CN=Ann Smith/O=ACME/C=US").as_deref(), Some("the second has C=US more"));
        assert_eq!(said("CN=Ann  Smith/O=ACME").as_deref(), Some("they differ in the number of blanks"));
        assert_eq!(said("CN=Ann Smith/O=Other").as_deref(), Some("the common name is the same, what follows is not"));
        assert_eq!((said("cn=ann smith,o=acme"), said("CN=Bob Ray/O=ACME"), said("asmith")), (None, None, None));
    }
}
