//! Host names as cookies see them: which domain covers which host, and which domains nobody may set a cookie for.

use nrpcsniff_dissectors::http::host_of;
use std::net::IpAddr;

/// Scheme and host of an Origin header: `https://chat.example.com:8443` is `("https", "chat.example.com")`.
pub(crate) fn origin_of(origin: &str) -> Option<(&str, String)> {
    let (scheme, rest) = origin.split_once("://")?;
    Some((scheme, host_of(rest.split('/').next().unwrap_or_default())))
}

/// It is an IP address.
pub(crate) fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// A name of one word: no domain that a cookie could be set for covers it.
pub(crate) fn is_short(host: &str) -> bool {
    !host.is_empty() && !host.contains('.') && !is_address(host)
}

/// This machine: what is said there is no sign-on between hosts.
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Domain attribute as browsers read it: without the leading dot, lower case.
pub(crate) fn domain(attribute: &str) -> String {
    attribute.strip_prefix('.').unwrap_or(attribute).to_ascii_lowercase()
}

/// Domain-match (RFC 6265 section 5.1.3): `host` is `domain`, or a name below it.
pub(crate) fn domain_match(host: &str, domain: &str) -> bool {
    host == domain || (host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && !is_address(host))
}

/// Path-match (RFC 6265 section 5.1.4).
pub(crate) fn path_match(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// Default path of a cookie (RFC 6265 section 5.1.4): the folder of the request's path.
pub(crate) fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => path.get(..end).unwrap_or("/"),
        _ => "/",
    }
}

/// Anybody can register a name below it (publicsuffix.org), or it is a whole top-level domain: browsers keep no cookie for
/// it.
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == domain.as_bytes())
}

/// The widest domain that a host may set cookies for: `acme.co.uk` of `chat.eu.acme.co.uk`. `None` of addresses, names of
/// one word and public suffixes.
pub(crate) fn site(host: &str) -> Option<&str> {
    if is_address(host) {
        return None;
    }
    psl::domain_str(host)
}

/// Does the host lie in that site? Cheaper than to compare sites.
pub(crate) fn is_in_site(host: &str, site: Option<&str>) -> bool {
    site.is_some_and(|site| domain_match(host, site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(origin_of("https://Chat.example.com:1/"), Some(("https", "chat.example.com".to_owned())));
        assert_eq!(origin_of("null"), None);
    }

    /// RFC 6265 section 5.1.3.
    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        assert!(domain_match("example.com", "example.com") && domain_match("a.b.example.com", "example.com"));
        assert!(!domain_match("badexample.com", "example.com") && !domain_match("example.com", "a.example.com"));
        assert!(domain_match("10.0.0.1", "10.0.0.1") && !domain_match("10.0.0.1", "0.0.1"));
    }

    /// RFC 6265 section 5.1.4.
    #[test]
    fn a_path_covers_itself_and_what_is_below() {
        assert!(
            path_match("/a", "/a") && path_match("/a/b", "/a") && path_match("/a/b", "/a/") && path_match("/x", "/")
        );
        assert!(!path_match("/ab", "/a") && !path_match("/", "/a"));
        assert_eq!(
            [default_path("/a/b"), default_path("/a"), default_path(""), default_path("x/y")],
            ["/a", "/", "/", "/"]
        );
    }

    #[test]
    fn public_suffixes_are_nobody_s() {
        assert!(["com", "com.br", "co.uk", "local"].into_iter().all(is_public_suffix));
        assert!(!["acme.com", "acme.com.br", "chat.acme.local", "acme.local"].into_iter().any(is_public_suffix));
        assert_eq!(site("chat.eu.acme.co.uk"), Some("acme.co.uk"));
        assert_eq!(site("chat.acme.local"), Some("acme.local"));
        assert!(is_in_site("chat.eu.acme.co.uk", Some("acme.co.uk")) && !is_in_site("acme.com", Some("acme.co.uk")));
        assert!(!is_in_site("chat", None));
        assert_eq!([site("com.br"), site("chat"), site("10.0.0.1"), site("")], [None; 4]);
    }

    /// Hosts come from the wire.
    #[test]
    fn hosts_that_are_none() {
        let long = "a.".repeat(10_000);
        for host in ["", ".", "..", "a..com", ".com", "com.", "é.com", "*.uk", "\0", "a b.com", "-", &long] {
            let read = host_of(host);
            let (_, _) = (is_public_suffix(&domain(host)), is_short(&read));
            assert!(site(&read).is_none_or(|site| domain_match(&read, site)), "{host}");
        }
    }

    #[test]
    fn short_names_are_told_from_addresses() {
        assert!(is_short("chat") && !is_short("chat.acme.com") && !is_short("10.0.0.1") && !is_short("2001:db8::1"));
        assert!(is_local("localhost") && is_local("127.0.0.1") && is_local("::1") && !is_local("chat"));
    }
}
