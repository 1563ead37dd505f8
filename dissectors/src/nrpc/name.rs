//! Notes distinguished names: canonical (`CN=Mail01/OU=Servers/O=Acme`) and abbreviated (`Mail01/Servers/Acme`).
//!
//! Source: HCL C API user guide, "Domino canonical format". Names are compared without regard to case.

/// One part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component<'a> {
    /// Attribute as written, such as `CN`, `OU`, `O` or `C`; `None` in an abbreviated name.
    pub attribute: Option<&'a str>,
    /// Value, without blanks around it.
    pub value: &'a str,
}

/// A name as sent, with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a> {
    components: Vec<Component<'a>>,
}

impl<'a> Name<'a> {
    /// Takes a name apart. Any text is a name: one without `/` has one component. Empty parts are left out.
    pub fn parse(text: &'a str) -> Self {
        let components = text.split('/').map(component).filter(|part| !part.value.is_empty()).collect();
        Self { components }
    }

    /// The parts, common name first.
    pub fn components(&self) -> &[Component<'a>] {
        &self.components
    }

    /// Value of `CN=`, or of the first part if that has no attribute.
    pub fn common(&self) -> Option<&'a str> {
        let named = self.components.iter().find(|part| part.attribute.is_some_and(|a| a.eq_ignore_ascii_case("CN")));
        let first = self.components.first().filter(|part| part.attribute.is_none());
        named.or(first).map(|part| part.value)
    }

    /// True if some part carries its attribute, as in `CN=Mail01/O=Acme`.
    pub fn is_canonical(&self) -> bool {
        self.components.iter().any(|part| part.attribute.is_some())
    }

    /// True if the name has more than one part, so that it cannot be a host name.
    pub fn is_hierarchical(&self) -> bool {
        self.components.len() > 1
    }

    /// `Mail01/Servers/Acme`.
    pub fn abbreviated(&self) -> String {
        let values: Vec<_> = self.components.iter().map(|part| part.value).collect();
        values.join("/")
    }

    /// `CN=Mail01/OU=Servers/O=Acme`. Where attributes are missing the first part is taken as CN, the last as O and those
    /// between as OU; a name of one part stays as it is, for it may be a host name.
    pub fn canonical(&self) -> String {
        let last = self.components.len().saturating_sub(1);
        let parts = self.components.iter().enumerate().map(|(index, part)| match (part.attribute, index) {
            (Some(attribute), _) => format!("{}={}", attribute.to_ascii_uppercase(), part.value),
            (None, _) if last == 0 => part.value.to_owned(),
            (None, 0) => format!("CN={}", part.value),
            (None, index) if index == last => format!("O={}", part.value),
            (None, _) => format!("OU={}", part.value),
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Shorthand for [`Name::abbreviated`].
pub fn abbreviate(text: &str) -> String {
    Name::parse(text).abbreviated()
}

/// Attributes are one to three letters or a letter and a digit (`OU1`); an `=` elsewhere belongs to the value.
fn component(part: &str) -> Component<'_> {
    let attribute = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    match part.split_once('=') {
        Some((name, value)) if attribute(name.trim()) => {
            Component { attribute: Some(name.trim()), value: value.trim() }
        }
        _ => Component { attribute: None, value: part.trim() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_and_abbreviated() {
        let name = Name::parse("CN=Mail01/OU=Servers/O=Acme");
        assert_eq!(name.abbreviated(), "Mail01/Servers/Acme");
        assert_eq!(name.canonical(), "CN=Mail01/OU=Servers/O=Acme");
        assert_eq!(name.common(), Some("Mail01"));
        assert!(name.is_canonical() && name.is_hierarchical());
        assert_eq!(name.components()[1], Component { attribute: Some("OU"), value: "Servers" });
    }

    #[test]
    fn abbreviated_becomes_canonical() {
        assert_eq!(Name::parse("Mail01/East/Servers/Acme").canonical(), "CN=Mail01/OU=East/OU=Servers/O=Acme");
        assert_eq!(Name::parse("cn=mail01 / o=acme").canonical(), "CN=mail01/O=acme");
    }

    #[test]
    fn host_names_stay() {
        let name = Name::parse("sametime.acme.example");
        assert_eq!(name.canonical(), "sametime.acme.example");
        assert_eq!(name.common(), Some("sametime.acme.example"));
        assert!(!name.is_canonical() && !name.is_hierarchical());
    }

    #[test]
    fn odd_names() {
        assert_eq!(abbreviate("O=Acme"), "Acme");
        assert_eq!(Name::parse("O=Acme").common(), None);
        assert_eq!(abbreviate("CN=a=b/O=Acme"), "a=b/Acme");
        assert_eq!(abbreviate("formula=1/O=Acme"), "formula=1/Acme");
        assert_eq!(abbreviate("//"), "");
        assert_eq!(abbreviate(""), "");
        assert_eq!(Name::parse("CN=/O=Acme").components().len(), 1);
    }
}
