//! Values that many findings about TLS have: handshakes that came to nothing, the alert that ended them, what a certificate is for.

use crate::diagnose::words::{Clients, shown, times};
use crate::model::Endpoint;
use nrpcsniff_dissectors::tls::{Alert, Certificate, suite_shown};
use serde::Serialize;
use std::fmt;

/// Items of a list that facts hold; the rest is counted.
const FEW: usize = 8;

/// Handshakes for one host at one server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Handshakes {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The host that the clients want, if they say so.
    pub host: Option<String>,
    /// The clients that called.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of handshakes.
    pub count: usize,
}

impl Handshakes {
    /// `meet.example.com (10.1.0.22:443)`, or the address alone.
    pub(crate) fn site(&self) -> String {
        let Self { server, host, .. } = self;
        host.as_ref().map_or_else(|| server.to_string(), |host| format!("{host} ({server})"))
    }

    /// The host, else the address.
    pub(crate) fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.server.to_string())
    }

    /// "10.1.0.50 tried twice".
    pub(crate) fn tried(&self) -> String {
        format!("{} tried {}", self.clients, times(self.count))
    }
}

/// An alert that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct SentAlert {
    #[serde(rename = "alert_code")]
    code: u8,
    #[serde(rename = "alert_name")]
    name: Option<&'static str>,
}

impl SentAlert {
    /// Number of the alert in the RFC.
    pub(crate) const fn code(self) -> u8 {
        self.code
    }
}

impl From<Alert> for SentAlert {
    fn from(alert: Alert) -> Self {
        Self { code: alert.code, name: alert.name() }
    }
}

/// "`unknown_ca` (48)", "alert 200".
impl fmt::Display for SentAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "{name} ({})", self.code),
            None => write!(f, "alert {}", self.code),
        }
    }
}

/// "ended the handshake with the alert …"; `silently` says how it ended without one.
pub(crate) fn given_up(alert: Option<SentAlert>, silently: &str) -> String {
    alert.map_or_else(|| silently.to_owned(), |alert| format!("ended the handshake with the alert {alert}"))
}

/// Names of cipher suites in their order: the first eight, and how many they are.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CipherSuites {
    cipher_suites: Vec<String>,
    cipher_suite_count: usize,
}

impl CipherSuites {
    /// The names of suites that have these numbers.
    pub(crate) fn of(suites: impl IntoIterator<Item = u16>) -> Self {
        let all: Vec<u16> = suites.into_iter().collect();
        Self { cipher_suites: all.iter().take(FEW).copied().map(suite_shown).collect(), cipher_suite_count: all.len() }
    }
}

/// "`TLS_AES_128_GCM_SHA256`, … and 9 more".
impl fmt::Display for CipherSuites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cipher_suites.join(", "))?;
        match self.cipher_suite_count.saturating_sub(self.cipher_suites.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Names that a certificate is good for, in their order; else its common name, else its subject. The first eight, and how many they
/// are.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CertificateNames {
    certificate_names: Vec<String>,
    certificate_name_count: usize,
}

/// Names that a sentence shows.
const SHOWN: usize = 6;

impl CertificateNames {
    /// The names in a certificate.
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let Certificate { names, common_name, subject, .. } = certificate;
        if names.is_empty() {
            let name = common_name.as_ref().unwrap_or(subject).clone();
            return Self { certificate_names: vec![name], certificate_name_count: 1 };
        }
        Self { certificate_names: names.iter().take(FEW).cloned().collect(), certificate_name_count: names.len() }
    }
}

/// "mail.example.com, *.example.net", "… and 9 more names".
impl fmt::Display for CertificateNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<&str> = self.certificate_names.iter().take(SHOWN).map(String::as_str).collect();
        f.write_str(&shown.join(", "))?;
        match self.certificate_name_count.saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more names"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::net::IpAddr;

    #[test]
    fn handshakes_are_said_and_written() {
        let ip = |n| IpAddr::from([10, 1, 0, n]);
        let server = Endpoint { ip: ip(22), port: 443 };
        let named = Handshakes { server, host: Some("meet".to_owned()), clients: Clients::of([ip(50)]), count: 2 };
        assert_eq!((named.site().as_str(), named.tried().as_str()), ("meet (10.1.0.22:443)", "10.1.0.50 tried twice"));
        assert_eq!(Handshakes { host: None, ..named.clone() }.site(), "10.1.0.22:443");
        assert_eq!(
            serde_json::to_value(&named).unwrap(),
            json!({"server": "10.1.0.22:443", "host": "meet", "clients": ["10.1.0.50"], "client_count": 1, "count": 2})
        );
    }

    #[test]
    fn alerts_are_said_and_written() {
        let sent = |code| SentAlert::from(Alert { level: 2, code });
        assert_eq!(
            (sent(48).to_string(), sent(200).to_string()),
            ("unknown_ca (48)".to_owned(), "alert 200".to_owned())
        );
        assert_eq!(serde_json::to_value(sent(48)).unwrap(), json!({"alert_code": 48, "alert_name": "unknown_ca"}));
        assert_eq!(given_up(None, "closed"), "closed");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let suites = CipherSuites::of(vec![0x1301; 11]);
        assert!(suites.to_string().ends_with("TLS_AES_128_GCM_SHA256 and 3 more"), "{suites}");
        let of = |names: &[&str]| Certificate {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            subject: "CN=a".to_owned(),
            ..Certificate::default()
        };
        assert_eq!(CertificateNames::of(&of(&[])).to_string(), "CN=a");
        assert_eq!(CertificateNames::of(&of(&["a", "b"])).to_string(), "a, b");
        let many = CertificateNames::of(&of(&["a"; 9]));
        assert_eq!(many.to_string(), "a, a, a, a, a, a and 3 more names");
        assert_eq!(serde_json::to_value(&many).unwrap()["certificate_names"].as_array().map(Vec::len), Some(8));
    }
}
