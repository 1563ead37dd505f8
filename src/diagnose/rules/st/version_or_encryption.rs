//! Client and community server do not agree on the version of the protocol, or on encryption.

use crate::diagnose::evidence::sametime::Reasons;
use crate::diagnose::words::st::version_or_encryption as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sametime::ends::version;
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct VersionOrEncryption;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-version-or-encryption");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server does not take the client's version or encryption",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server ends the session (DESTROY of channel 0) with reason 0x80000010 or 0x80000200 (version), 0x80000212, \
           or 0x8000001D to 0x80000021 (encryption).",
    matters: "No user of this client can log in.",
    guards: &[
        "The reason was read; versions that differ without it are normal and not told.",
        "The user gets in later: minor.",
    ],
    remedy: &[
        "Version: update the client, or allow its type and level in the [Config] section of sametime.ini on every community \
         server: VPS_ALLOWED_LOGIN_TYPES (hexadecimal client types), ST_MINIMAL_CLIENT_VERSION and VP_SECURITY_LEVEL (the \
         oldest client), ST_FORCE_LOGOUT_OLD_CLIENT_VERSION=0 (older ones may stay). Restart the server. Sametime 12: as \
         STI__Config__KEY in custom.env or a ConfigMap, of which sametime.ini is made.",
        "Encryption: update the side that knows only the older way (RC2/40), or relax the other one; a client toolkit of \
         the same release as the server knows all its ways.",
    ],
    references: &[
        "Meanwhile, mw_error.h (reason codes) and cipher.c (RC2/40, RC2/128)",
        "HCL Sametime 9.0.1: Specifying the minimum allowed client version; HCL Sametime 11.6: Configuring the single login \
         type (VP_SECURITY_LEVEL)",
    ],
    explains: &[],
};

const REASONS: Reasons = Reasons {
    about: &ABOUT,
    codes: &[0x8000_0010, 0x8000_0200, 0x8000_0212, 0x8000_001D, 0x8000_001E, 0x8000_001F, 0x8000_0020, 0x8000_0021],
    after_login: false,
};

impl Rule for VersionOrEncryption {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        REASONS.drafts(case, |draft, session, first| {
            draft.says(&words::NotTaken {
                session,
                client_type: first.login_type(),
                client_version: version(first.handshake),
                server_version: version(first.answer),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, reason};

    const RULE: &str = "st-version-or-encryption";

    #[test]
    fn refused_at_the_handshake_or_at_the_login() {
        for code in [reason::VERSION_MISMATCH, reason::VERSION_NO_SUPPORT, reason::ENCRYPT_MISMATCH] {
            for login in [false, true] {
                let net = Network::new();
                let tcp = dial(&net);
                tcp.vp_handshake();
                if login {
                    tcp.server(nrpcsniff_samples::sametime::handshake_ack([10, 1, 0, 50].into()));
                    tcp.vp_login(&Login::rc2_40(USER));
                }
                tcp.vp_refuse(code);
                let finding = one(&net, RULE);
                assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
                says(&finding, &["10.1.0.50", "version 30.29", "Notes 7.0"]);
            }
        }
    }

    #[test]
    fn getting_in_later_makes_it_minor_and_other_ends_are_silent() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_40(USER)).vp_refuse(reason::ENCRYPT_MISMATCH);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        none(&net, RULE);
    }
}
