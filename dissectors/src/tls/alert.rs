//! Alerts (RFC 8446 section 6, RFC 5246 section 7.2).

/// An alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal; in TLS 1.3 it means nothing.
    pub level: u8,
    /// What it says.
    pub code: u8,
}

/// The sender closes; nothing is wrong.
pub const CLOSE_NOTIFY: u8 = 0;
/// No set of parameters is acceptable to both.
pub const HANDSHAKE_FAILURE: u8 = 40;
/// The certificate is bad: of all sorts, also "of another name".
pub const BAD_CERTIFICATE: u8 = 42;
/// It has expired, or is not valid yet.
pub const CERTIFICATE_EXPIRED: u8 = 45;
/// Something else about it.
pub const CERTIFICATE_UNKNOWN: u8 = 46;
/// The chain leads to nobody whom the sender trusts.
pub const UNKNOWN_CA: u8 = 48;
/// The protocol version is not supported.
pub const PROTOCOL_VERSION: u8 = 70;
/// No cipher that is strong enough for the sender.
pub const INSUFFICIENT_SECURITY: u8 = 71;
/// Nobody of that name is here.
pub const UNRECOGNIZED_NAME: u8 = 112;
/// The server wants a certificate of the client.
pub const CERTIFICATE_REQUIRED: u8 = 116;

impl Alert {
    /// The alert in a fragment, if one stands there.
    pub fn parse(fragment: &[u8]) -> Option<Self> {
        match *fragment {
            [level @ 1..=2, code] => Some(Self { level, code }),
            _ => None,
        }
    }

    /// The sender gives up because of it. Level and code do not always agree; in TLS 1.3 the code alone decides.
    pub const fn is_fatal(self) -> bool {
        self.level == 2 || !matches!(self.code, 0 | 90 | 100 | 112)
    }

    /// Its name in the RFC, also of those that only SSL 3.0 and TLS 1.0 knew, because old peers send them still.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.code {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => return None,
        })
    }

    /// `unknown_ca (48)`.
    pub fn shown(self) -> String {
        self.name().map_or_else(|| format!("alert {}", self.code), |name| format!("{name} ({})", self.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_read_and_named() {
        let alert = Alert::parse(&[2, 48]).unwrap();
        assert_eq!((alert.shown().as_str(), alert.is_fatal()), ("unknown_ca (48)", true));
        assert!(!Alert { level: 1, code: CLOSE_NOTIFY }.is_fatal() && Alert { level: 1, code: 42 }.is_fatal());
        assert_eq!(Alert { level: 2, code: 200 }.shown(), "alert 200");
        for bytes in [&[2][..], &[0, 40], &[3, 40], &[2, 40, 0]] {
            assert_eq!(Alert::parse(bytes), None);
        }
    }
}
