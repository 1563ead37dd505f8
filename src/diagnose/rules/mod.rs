//! The rule catalogue: one rule, one file. A new rule is a file here and a line in [`RULES`].

mod cap_drops;
mod cap_duplicates;
mod cap_encrypted;
mod cap_midstream;
mod cap_offload;
mod cap_oneway;
mod cap_truncated;
mod cap_wrong_place;
mod http_login_loop;
mod ltpa_clock_skew;
mod ltpa_dn_mismatch;
mod ltpa_domain_narrow;
mod ltpa_domain_wide;
mod ltpa_duplicate;
mod ltpa_expired;
mod ltpa_foreign_format;
mod ltpa_httponly_script;
mod ltpa_key_mismatch;
mod ltpa_name_not_expected;
mod ltpa_not_returned;
mod ltpa_realm;
mod ltpa_samesite;
mod ltpa_secure_on_http;
mod ltpa_shortname_url;
mod ltpa_undefined_sip;
mod ltpa_version_mismatch;
mod ltpa_wrong_identity;
mod nrpc_accept_then_close;
mod nrpc_asymmetric;
mod nrpc_auth_rejected;
mod nrpc_chatty_rtt;
mod nrpc_clock_skew;
mod nrpc_cluster_failover;
mod nrpc_dns_failure;
mod nrpc_early_close;
mod nrpc_hello_unanswered;
mod nrpc_icmp_reject;
mod nrpc_id_expired;
mod nrpc_idle_close;
mod nrpc_idle_rst;
mod nrpc_idle_silent;
mod nrpc_ipv6_first;
mod nrpc_name_mismatch_alias;
mod nrpc_name_mismatch_other_server;
mod nrpc_not_nrpc;
mod nrpc_port_encryption_mandate;
mod nrpc_port_map;
mod nrpc_private_address;
mod nrpc_probe_noise;
mod nrpc_refused_status;
mod nrpc_server_renamed;
mod nrpc_server_restart;
mod nrpc_slow_server;
mod nrpc_sprayer_inconsistent;
mod nrpc_syn_refused;
mod nrpc_syn_silent;
mod sip_401_loop;
mod sip_403;
mod sip_404;
mod sip_407;
mod sip_408;
mod sip_423;
mod sip_482;
mod sip_483;
mod sip_5xx;
mod sip_ack_lost;
mod sip_flow_lost;
mod sip_media_blocked;
mod sip_nat_contact;
mod sip_stale_nonce;
mod sip_transport_mismatch;
mod sip_wrong_realm;
mod sso_cookie_stripped;
mod sso_name_unmapped;
mod sso_not_loaded;
mod st_auth_server_nrpc;
mod st_bad_password;
mod st_directory_down;
mod st_early_close;
mod st_elsewhere;
mod st_idle_drop;
mod st_lb_probe;
mod st_missing_token_relogin;
mod st_plain_vs_tls;
mod st_port_blocked;
mod st_redirect_fail;
mod st_server_full;
mod st_token_expired;
mod st_token_ip;
mod st_token_refused;
mod st_two_servers;
mod st_untrusted_peer;
mod st_user_restricted;
mod st_version_or_encryption;
mod tcp_loss;
mod tcp_mtu_blackhole;
mod tcp_zero_window;
mod tls_cert_expired;
mod tls_cipher;
mod tls_client_cert;
mod tls_hello_blackhole;
mod tls_name_mismatch;
mod tls_silent_close;
mod tls_unknown_ca;
mod tls_version;

use super::Rule;

/// Every rule, in the order in which `nrpcsniff rules` lists them.
pub static RULES: &[&dyn Rule] = &[
    // The capture itself.
    &cap_midstream::Midstream,
    &cap_oneway::OneWay,
    &cap_truncated::Truncated,
    &cap_drops::Drops,
    &cap_duplicates::Duplicates,
    &cap_offload::Offload,
    &cap_wrong_place::WrongPlace,
    &cap_encrypted::Encrypted,
    // Network and TCP.
    &nrpc_dns_failure::DnsFailure,
    &nrpc_syn_silent::SynSilent,
    &nrpc_syn_refused::SynRefused,
    &nrpc_icmp_reject::IcmpReject,
    &nrpc_ipv6_first::Ipv6First,
    &nrpc_private_address::PrivateAddress,
    &nrpc_asymmetric::Asymmetric,
    &nrpc_server_restart::ServerRestart,
    &nrpc_idle_rst::IdleRst,
    &nrpc_idle_silent::IdleSilent,
    &tcp_mtu_blackhole::MtuBlackhole,
    &tcp_loss::Loss,
    // TLS.
    &tls_hello_blackhole::HelloBlackhole,
    &tls_version::Version,
    &tls_cipher::Cipher,
    &tls_unknown_ca::UnknownCa,
    &tls_cert_expired::CertExpired,
    &tls_name_mismatch::NameMismatch,
    &tls_client_cert::ClientCert,
    &tls_silent_close::SilentClose,
    // NRPC.
    &nrpc_name_mismatch_alias::NameMismatchAlias,
    &nrpc_name_mismatch_other_server::NameMismatchOtherServer,
    &nrpc_server_renamed::ServerRenamed,
    &nrpc_sprayer_inconsistent::SprayerInconsistent,
    &nrpc_port_map::PortMap,
    &nrpc_hello_unanswered::HelloUnanswered,
    &nrpc_accept_then_close::AcceptThenClose,
    &nrpc_refused_status::RefusedStatus,
    &nrpc_auth_rejected::AuthRejected,
    &nrpc_id_expired::IdExpired,
    &nrpc_clock_skew::ClockSkew,
    &nrpc_port_encryption_mandate::PortEncryptionMandate,
    &nrpc_cluster_failover::ClusterFailover,
    &nrpc_not_nrpc::NotNrpc,
    &nrpc_early_close::EarlyClose,
    // Sametime.
    &st_token_refused::TokenRefused,
    &st_token_expired::TokenExpired,
    &st_token_ip::TokenIp,
    &st_bad_password::BadPassword,
    &st_directory_down::DirectoryDown,
    &st_redirect_fail::RedirectFail,
    &st_two_servers::TwoServers,
    &st_elsewhere::Elsewhere,
    &st_version_or_encryption::VersionOrEncryption,
    &st_server_full::ServerFull,
    &st_user_restricted::UserRestricted,
    &st_untrusted_peer::UntrustedPeer,
    &st_plain_vs_tls::PlainVsTls,
    &st_missing_token_relogin::MissingTokenRelogin,
    &st_auth_server_nrpc::AuthServerNrpc,
    &st_idle_drop::IdleDrop,
    &st_port_blocked::PortBlocked,
    &st_early_close::EarlyClose,
    // SIP.
    &sip_transport_mismatch::TransportMismatch,
    &sip_401_loop::Loop,
    &sip_wrong_realm::WrongRealm,
    &sip_stale_nonce::StaleNonce,
    &sip_407::ProxyWantsCredentials,
    &sip_403::Forbidden,
    &sip_404::NotFound,
    &sip_408::Timeout,
    &sip_423::TooBrief,
    &sip_482::LoopDetected,
    &sip_483::TooManyHops,
    &sip_5xx::ServerError,
    &sip_nat_contact::NatContact,
    &sip_flow_lost::FlowLost,
    &sip_media_blocked::MediaBlocked,
    &sip_ack_lost::AckLost,
    // Single sign-on.
    &ltpa_undefined_sip::UndefinedSip,
    &ltpa_httponly_script::HttpOnlyScript,
    &ltpa_clock_skew::ClockSkew,
    &ltpa_expired::Expired,
    &ltpa_key_mismatch::KeyMismatch,
    &ltpa_realm::Realm,
    &ltpa_foreign_format::ForeignFormat,
    &ltpa_version_mismatch::VersionMismatch,
    &ltpa_name_not_expected::NameNotExpected,
    &ltpa_dn_mismatch::DnMismatch,
    &ltpa_wrong_identity::WrongIdentity,
    &sso_name_unmapped::NameUnmapped,
    &sso_cookie_stripped::CookieStripped,
    &sso_not_loaded::NotLoaded,
    &ltpa_not_returned::NotReturned,
    &ltpa_domain_narrow::DomainNarrow,
    &ltpa_domain_wide::DomainWide,
    &ltpa_shortname_url::ShortnameUrl,
    &ltpa_secure_on_http::SecureOnHttp,
    &ltpa_samesite::SameSite,
    &ltpa_duplicate::Duplicate,
    &http_login_loop::LoginLoop,
    // Performance.
    &tcp_zero_window::ZeroWindows,
    &nrpc_chatty_rtt::ChattyRtt,
    &nrpc_slow_server::SlowServer,
    // For information.
    &nrpc_idle_close::IdleClose,
    &nrpc_probe_noise::ProbeNoise,
    &st_lb_probe::LbProbe,
];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.about().id == id)
}

#[cfg(test)]
mod tests {
    use super::{RULES, rule};
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_in_the_form_that_reports_use() {
        let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.about().id).collect();
        assert_eq!(ids.len(), RULES.len());
        for id in ids {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
            assert_eq!(rule(id).map(|rule| rule.about().id), Some(id));
        }
    }

    #[test]
    fn every_rule_says_what_it_sees_why_and_what_to_do() {
        for about in RULES.iter().map(|rule| rule.about()) {
            for text in [about.title, about.sees, about.matters] {
                assert!(!text.trim().is_empty(), "{}", about.id);
            }
            let lists = [about.guards, about.remedy];
            assert!(lists.iter().all(|list| !list.is_empty()), "{}", about.id);
        }
    }

    /// Two findings that explain each other would both go under the other, and neither be told.
    #[test]
    fn explanations_do_not_go_round() {
        for about in RULES.iter().map(|rule| rule.about()) {
            let mut open: Vec<&str> = about.explains.to_vec();
            let mut seen = BTreeSet::new();
            while let Some(id) = open.pop() {
                assert_ne!(id, about.id, "{} explains itself by way of others", about.id);
                if seen.insert(id) {
                    open.extend(rule(id).into_iter().flat_map(|rule| rule.about().explains));
                }
            }
        }
    }
}
