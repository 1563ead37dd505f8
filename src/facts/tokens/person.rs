//! Names of people, as directories, tokens and logins write them: which differences are only notation, and which make two
//! persons out of one.
//!
//! LDAP writes `cn=Ann Smith,o=ACME`, Notes `CN=Ann Smith/O=ACME`, people `Ann Smith/ACME`: one name. Domino and WebSphere
//! compare names by their text, so that one more component (`/C=US`) or one more blank is another person to them.

use std::borrow::Cow;

/// Likeness of two names of persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PersonLikeness {
    /// The same name; notation, case and order of the components may differ.
    Same,
    /// They differ in the number of blanks alone.
    Blanks,
    /// One has components that the other lacks, such as `C=US`, and is the same besides.
    Longer {
        /// The component that it has more, as written there.
        extra: String,
        /// It is the second of the two.
        second: bool,
    },
    /// The same person's name under another organisation, or in another directory.
    SameCommonName,
    /// Other persons, as far as names tell.
    Different,
    /// One of them is a short name, a mail address or empty, and says nothing about the other.
    Unknown,
}

/// Compares two names of people.
pub(crate) fn compare(first: &str, second: &str) -> PersonLikeness {
    let (a, b) = (PersonName::read(first), PersonName::read(second));
    match (a.parts.as_slice(), b.parts.as_slice()) {
        ([], _) | (_, []) => PersonLikeness::Unknown,
        ([x], [y]) if a.is_mail() == b.is_mail() => {
            if x.value == y.value {
                PersonLikeness::Same
            } else {
                PersonLikeness::Unknown
            }
        }
        ([short], [long, ..]) | ([long, ..], [short]) => {
            if short.is_like(long) {
                PersonLikeness::Same
            } else {
                PersonLikeness::Unknown
            }
        }
        _ => hierarchical(&a, &b),
    }
}

/// A name of WebSphere's own administrators: of the file registry, or one of the usual accounts.
pub(crate) fn is_administrator(name: &str) -> bool {
    // Every one of those names has one of these words in it; asked of every token, so most are not taken apart.
    let has = |word: &str| name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    if !name.contains('\\') && !has("admin") && !has("wim") {
        return false;
    }
    let name = PersonName::read(name);
    let in_file_registry = name.parts.iter().any(|part| part.value == "defaultwimfilebasedrealm");
    let usual = ["wasadmin", "wpsadmin", "wsadmin", "administrator"];
    in_file_registry || name.parts.first().is_some_and(|first| usual.contains(&&*first.value))
}

/// A name as LDAP directories write it and Notes does not: with `uid=` or `dc=`.
pub(crate) fn is_of_ldap(name: &str) -> bool {
    PersonName::read(name).parts.iter().any(|part| matches!(&*part.label, "uid" | "dc"))
}

/// Components a name may have; what goes beyond says nothing more.
const LIMIT: usize = 32;

#[derive(Debug, PartialEq, Eq)]
struct PersonName<'n> {
    parts: Vec<NameComponent<'n>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NameComponent<'n> {
    /// Lower case; empty if there is none.
    label: Cow<'n, str>,
    /// Lower case, without blanks at its ends.
    value: Cow<'n, str>,
    /// As written.
    text: Cow<'n, str>,
}

impl<'n> PersonName<'n> {
    fn read(name: &'n str) -> Self {
        let name = name.trim();
        let by_comma = split(name, ',');
        let labelled = |text: &Cow<'_, str>| label(text).is_some_and(|label| !label.contains('/'));
        let pieces = if by_comma.len() > 1 && by_comma.iter().all(labelled) { by_comma } else { split(name, '/') };
        let parts = pieces.into_iter().map(NameComponent::read).filter(|part| !part.value.is_empty());
        Self { parts: parts.take(LIMIT).collect() }
    }

    fn is_mail(&self) -> bool {
        self.parts.first().is_some_and(|part| part.value.contains('@'))
    }

    /// Values in order; labels count only where both names have them.
    fn keys(&self, labels: bool) -> Vec<(&str, &str)> {
        self.parts.iter().map(|part| (if labels { &*part.label } else { "" }, &*part.value)).collect()
    }

    fn is_labelled(&self) -> bool {
        self.parts.iter().all(|part| !part.label.is_empty())
    }
}

impl<'n> NameComponent<'n> {
    fn read(text: Cow<'n, str>) -> Self {
        match text {
            Cow::Borrowed(text) => {
                let (label, value) = parted(text);
                Self { label: lower(label), value: lower(value), text: text.trim().into() }
            }
            Cow::Owned(text) => {
                let (label, value) = parted(&text);
                let (label, value) = (label.to_lowercase(), value.to_lowercase());
                Self { label: label.into(), value: value.into(), text: text.trim().to_owned().into() }
            }
        }
    }

    /// The same value, and no label speaks against it.
    fn is_like(&self, other: &Self) -> bool {
        self.value == other.value && (self.label.is_empty() || other.label.is_empty() || self.label == other.label)
    }
}

/// Label, empty if there is none, and value, without blanks at their ends.
fn parted(text: &str) -> (&str, &str) {
    match label(text) {
        Some(label) => (label.trim(), text.get(label.len().saturating_add(1)..).unwrap_or_default().trim()),
        None => ("", text.trim()),
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { text.into() } else { text.to_lowercase().into() }
}

/// The label before the first `=`, if it looks like one.
fn label(text: &str) -> Option<&str> {
    let (label, _) = text.split_once('=')?;
    let trimmed = label.trim();
    let sane = !trimmed.is_empty() && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    sane.then_some(label)
}

/// Splits at a separator that no backslash protects (RFC 4514 section 2.4), and takes the backslashes off.
fn split(name: &str, separator: char) -> Vec<Cow<'_, str>> {
    if !name.contains('\\') {
        return name.split(separator).map(Cow::Borrowed).collect();
    }
    let mut pieces = vec![String::new()];
    let mut protected = false;
    for c in name.chars() {
        match c {
            '\\' if !protected => protected = true,
            c if c == separator && !protected => pieces.push(String::new()),
            c => {
                protected = false;
                if let Some(piece) = pieces.last_mut() {
                    piece.push(c);
                }
            }
        }
    }
    pieces.into_iter().map(Cow::Owned).collect()
}

fn hierarchical(a: &PersonName<'_>, b: &PersonName<'_>) -> PersonLikeness {
    let labels = a.is_labelled() && b.is_labelled();
    let (x, y) = (a.keys(labels), b.keys(labels));
    if sorted(&x) == sorted(&y) {
        return PersonLikeness::Same;
    }
    if squeezed(&x) == squeezed(&y) {
        return PersonLikeness::Blanks;
    }
    if let Some(extra) = extra(&x, &y, b) {
        return PersonLikeness::Longer { extra, second: true };
    }
    if let Some(extra) = extra(&y, &x, a) {
        return PersonLikeness::Longer { extra, second: false };
    }
    let (first, second) = (a.parts.first(), b.parts.first());
    let alike = first.zip(second).is_some_and(|(first, second)| first.is_like(second));
    if alike { PersonLikeness::SameCommonName } else { PersonLikeness::Different }
}

fn sorted<'n>(keys: &[(&'n str, &'n str)]) -> Vec<(&'n str, &'n str)> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

/// Every run of blanks made one.
fn squeezed(keys: &[(&str, &str)]) -> Vec<(String, String)> {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut keys: Vec<_> = keys.iter().map(|(label, value)| ((*label).to_owned(), squeeze(value))).collect();
    keys.sort_unstable();
    keys
}

/// What `long` has more than `short`, if it has all of `short` in the same order and begins alike.
fn extra(short: &[(&str, &str)], long: &[(&str, &str)], written: &PersonName<'_>) -> Option<String> {
    if short.len() >= long.len() || short.first() != long.first() {
        return None;
    }
    let mut rest = short.iter().peekable();
    let mut more = Vec::new();
    for (key, part) in long.iter().zip(&written.parts) {
        if rest.next_if(|next| *next == key).is_none() {
            more.push(&*part.text);
        }
    }
    rest.peek().is_none().then(|| more.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{PersonLikeness, compare, is_administrator, is_of_ldap};

    const ANN: &str = "CN=Ann Smith/O=ACME";

    #[test]
    fn notation_case_and_order_do_not_count() {
        for name in [
            "cn=Ann Smith,o=ACME",
            "CN=ann smith, O=acme",
            "Ann Smith/ACME",
            "O=ACME/CN=Ann Smith",
            " CN=Ann Smith / O=ACME ",
            "Ann Smith",
            "CN=Ann Smith",
        ] {
            assert_eq!(compare(ANN, name), PersonLikeness::Same, "{name}");
        }
    }

    #[test]
    fn says_what_one_has_more() {
        let longer = |extra: &str, second| PersonLikeness::Longer { extra: extra.to_owned(), second };
        assert_eq!(compare(ANN, "CN=Ann Smith/O=ACME/C=US"), longer("C=US", true));
        assert_eq!(compare("cn=Ann Smith,o=ACME,c=US", ANN), longer("c=US", false));
        assert_eq!(compare(ANN, "CN=Ann Smith/OU=Sales/O=ACME"), longer("OU=Sales", true));
        assert_eq!(compare("Ann Smith/ACME", "cn=Ann Smith,o=ACME,dc=example"), longer("dc=example", true));
        assert_eq!(compare("CN=Ann Smith/OU=Sales", "CN=Ann Smith/OU=Sales/O=ACME"), longer("O=ACME", true));
    }

    #[test]
    fn blanks_organisations_and_persons_are_told_apart() {
        assert_eq!(compare(ANN, "CN=Ann  Smith/O=ACME"), PersonLikeness::Blanks);
        assert_eq!(compare(ANN, "CN=Ann Smith/O=Other"), PersonLikeness::SameCommonName);
        assert_eq!(compare(ANN, "uid=asmith,ou=people,dc=example,dc=com"), PersonLikeness::Different);
        assert_eq!(compare(ANN, "CN=Bob Ray/O=ACME"), PersonLikeness::Different);
        assert_eq!(compare("uid=ann,o=ACME", "cn=ann,o=ACME"), PersonLikeness::Different);
    }

    #[test]
    fn short_names_and_addresses_prove_nothing() {
        for name in ["asmith", "ann.smith@example.com", "", "  ", "/"] {
            assert_eq!(compare(ANN, name), PersonLikeness::Unknown, "{name}");
        }
        assert_eq!(compare("asmith", "uid=asmith,ou=people,dc=example,dc=com"), PersonLikeness::Same);
        assert_eq!(compare("asmith", "bray"), PersonLikeness::Unknown);
    }

    #[test]
    fn protected_separators_belong_to_the_name() {
        assert_eq!(compare(r"cn=Smith\, Ann,o=ACME", "CN=Smith, Ann/O=ACME"), PersonLikeness::Same);
        assert_eq!(compare("CN=Smith, Ann/O=ACME", "CN=Smith, Bob/O=ACME"), PersonLikeness::Different);
        let many = "a=b/".repeat(100_000);
        assert_eq!(compare(&many, &many), PersonLikeness::Same);
    }

    #[test]
    fn knows_administrators_and_ldap_names() {
        assert!(is_administrator("uid=wasadmin,o=defaultWIMFileBasedRealm") && is_administrator("wpsadmin"));
        assert!(!is_administrator(ANN) && !is_administrator("uid=asmith,o=ACME"));
        assert!(is_of_ldap("uid=asmith,ou=people,dc=example,dc=com"));
        assert!(!is_of_ldap(ANN) && !is_of_ldap("cn=Ann Smith,o=ACME") && !is_of_ldap("asmith"));
    }
}
