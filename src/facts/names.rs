//! Comparing the name a client asked for with the name a server answered with.

/// Likeness of two names of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameLikeness {
    /// The same server name.
    Same,
    /// The wanted name is a host name (or bare common name with a domain) whose first label is the common name of
    /// the other: Notes may or may not take it for the same, depending on the server's configuration.
    HostLabel,
    /// Same common name, but another organisation or organisational unit.
    SameCommonName,
    /// Nothing in common.
    Different,
}

/// Compares the wanted name with the one that answered: case does not count, `CN=A/O=B` and `A/B` are the same
/// notation, and a name without hierarchy is compared with the common name only.
pub(crate) fn compare(wanted: &str, answered: &str) -> NameLikeness {
    if wanted == answered && components(wanted).next().is_some() {
        return NameLikeness::Same;
    }
    let (wanted, answered) = (parts(wanted), parts(answered));
    let (Some(wanted_cn), Some(answered_cn)) = (wanted.first(), answered.first()) else {
        return NameLikeness::Different;
    };
    if wanted == answered || (wanted_cn == answered_cn && wanted.len() == 1) {
        NameLikeness::Same
    } else if wanted.len() == 1 && host_label(wanted_cn).is_some_and(|label| label == answered_cn) {
        NameLikeness::HostLabel
    } else if wanted_cn == answered_cn {
        NameLikeness::SameCommonName
    } else {
        NameLikeness::Different
    }
}

/// True for a name that only DNS can have given: no hierarchy, and a dot or colon in it (host name or address).
pub(crate) fn looks_like_host(name: &str) -> bool {
    let parts = parts(name);
    parts.len() == 1 && parts.iter().all(|part| part.contains(['.', ':']) && !part.contains(' '))
}

/// The abbreviated form: `CN=Mail01/OU=Servers/O=Acme` becomes `Mail01/Servers/Acme`.
pub(crate) fn abbreviated(name: &str) -> String {
    name.split('/').map(strip_label).collect::<Vec<_>>().join("/")
}

/// Lower-case components without their labels; a trailing dot of a host name is dropped.
fn parts(name: &str) -> Vec<String> {
    components(name).map(str::to_lowercase).collect()
}

fn components(name: &str) -> impl Iterator<Item = &str> {
    let name = name.trim().trim_end_matches('.');
    name.split('/').map(|part| strip_label(part).trim()).filter(|part| !part.is_empty())
}

fn strip_label(part: &str) -> &str {
    match part.split_once('=') {
        Some((label, rest)) if ["CN", "OU", "O", "C"].iter().any(|l| label.trim().eq_ignore_ascii_case(l)) => rest,
        _ => part,
    }
}

fn host_label(host: &str) -> Option<&str> {
    host.split_once('.').map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::{NameLikeness, abbreviated, compare, looks_like_host};

    #[test]
    fn notation_and_case_do_not_count() {
        for wanted in ["CN=Mail01/OU=Srv/O=Acme", "cn=mail01/ou=srv/o=ACME", "Mail01/Srv/Acme", "Mail01", "CN=mail01"] {
            assert_eq!(compare(wanted, "CN=Mail01/OU=Srv/O=Acme"), NameLikeness::Same, "{wanted}");
        }
    }

    #[test]
    fn a_host_name_is_told_from_a_notes_name() {
        assert_eq!(compare("mail01.acme.example", "CN=Mail01/O=Acme"), NameLikeness::HostLabel);
        assert_eq!(compare("chat.example.net.", "CN=STCOMM7/OU=Servers/O=Example"), NameLikeness::Different);
        assert!(looks_like_host("chat.example.net") && looks_like_host("10.1.0.9") && looks_like_host("2001:db8::9"));
        assert!(looks_like_host("CN=chat.example.net"));
        assert!(!looks_like_host("Mail01") && !looks_like_host("CN=a.b/O=Acme") && !looks_like_host(""));
    }

    #[test]
    fn a_renamed_server_keeps_its_common_name() {
        assert_eq!(compare("CN=Mail01/O=Old", "CN=Mail01/OU=Srv/O=New"), NameLikeness::SameCommonName);
        assert_eq!(compare("CN=Mail02/O=Old", "CN=Mail01/O=Old"), NameLikeness::Different);
        assert_eq!(compare("", "CN=Mail01/O=Old"), NameLikeness::Different);
    }

    #[test]
    fn abbreviates() {
        assert_eq!(abbreviated("CN=Mail01/OU=Servers/O=Acme/C=US"), "Mail01/Servers/Acme/US");
        assert_eq!(abbreviated("chat.example.net"), "chat.example.net");
    }
}
