//! The rule catalogue: one rule, one file, in the folder of its family. A new rule is a file there and a line in [`RULES`].

pub(super) mod cap;
mod http;
mod idp;
mod jwt;
mod ldap;
mod log;
mod ltpa;
mod media;
mod net;
pub(super) mod nrpc;
mod saml;
mod sip;
mod spnego;
mod sso;
mod st;
mod tcp;
mod tls;

use super::Rule;
use crate::model::RuleId;

/// Every rule, in the order in which `nrpcsniff rules` lists them.
pub(crate) static RULES: &[&dyn Rule] = &[
    // The capture itself.
    &cap::midstream::Midstream,
    &cap::oneway::OneWay,
    &cap::truncated::Truncated,
    &cap::drops::Drops,
    &cap::clock_back::ClockBack,
    &cap::duplicates::Duplicates,
    &cap::ambiguous::Ambiguous,
    &cap::offload::Offload,
    &cap::wrong_place::WrongPlace,
    &cap::encrypted::Encrypted,
    &cap::others::Others,
    // Network and TCP.
    &nrpc::dns_failure::DnsFailure,
    &nrpc::syn_silent::SynSilent,
    &nrpc::syn_refused::SynRefused,
    &nrpc::icmp_reject::IcmpReject,
    &nrpc::ipv6_first::Ipv6First,
    &nrpc::private_address::PrivateAddress,
    &net::name_not_found::NameNotFound,
    &net::connect_failed::ConnectFailed,
    &nrpc::asymmetric::Asymmetric,
    &nrpc::server_restart::ServerRestart,
    &nrpc::idle_rst::IdleRst,
    &nrpc::idle_silent::IdleSilent,
    &tcp::mtu_blackhole::MtuBlackhole,
    &tcp::never_acknowledged::NeverAcknowledged,
    &tcp::reset_together::ResetTogether,
    &tcp::loss::Loss,
    // TLS.
    &tls::hello_blackhole::HelloBlackhole,
    &tls::version::Version,
    &tls::cipher::Cipher,
    &tls::sni_missing::SniMissing,
    &tls::unknown_ca::UnknownCa,
    &tls::cert_expired::CertExpired,
    &tls::name_mismatch::NameMismatch,
    &tls::client_cert::ClientCert,
    &tls::silent_close::SilentClose,
    &tls::handshake_failed::HandshakeFailed,
    // NRPC.
    &nrpc::name_mismatch_alias::NameMismatchAlias,
    &nrpc::name_mismatch_other_server::NameMismatchOtherServer,
    &nrpc::server_renamed::ServerRenamed,
    &nrpc::sprayer_inconsistent::SprayerInconsistent,
    &nrpc::port_map::PortMap,
    &nrpc::hello_unanswered::HelloUnanswered,
    &nrpc::accept_then_close::AcceptThenClose,
    &nrpc::refused_status::RefusedStatus,
    &nrpc::auth_rejected::AuthRejected,
    &nrpc::id_expired::IdExpired,
    &nrpc::clock_skew::ClockSkew,
    &nrpc::port_encryption_mandate::PortEncryptionMandate,
    &nrpc::cluster_failover::ClusterFailover,
    &nrpc::not_nrpc::NotNrpc,
    &nrpc::early_close::EarlyClose,
    &nrpc::open_failed::OpenFailed,
    &nrpc::auth_failed::AuthFailed,
    // Sametime.
    &st::token_refused::TokenRefused,
    &st::token_expired::TokenExpired,
    &st::token_ip::TokenIp,
    &st::bad_password::BadPassword,
    &st::directory_down::DirectoryDown,
    &st::redirect_fail::RedirectFail,
    &st::two_servers::TwoServers,
    &st::elsewhere::Elsewhere,
    &st::version_or_encryption::VersionOrEncryption,
    &st::server_full::ServerFull,
    &st::user_restricted::UserRestricted,
    &st::untrusted_peer::UntrustedPeer,
    &st::plain_vs_tls::PlainVsTls,
    &st::missing_token_relogin::MissingTokenRelogin,
    &st::auth_server_nrpc::AuthServerNrpc,
    &st::idle_drop::IdleDrop,
    &st::port_blocked::PortBlocked,
    &st::early_close::EarlyClose,
    &st::login_failed::LoginFailed,
    // Directories.
    &ldap::login_bind_refused::LoginBindRefused,
    &ldap::nobody_found::NobodyFound,
    &ldap::search_refused::SearchRefused,
    &ldap::starttls_refused::StarttlsRefused,
    &ldap::bind_refused::BindRefused,
    // Lines of logs that name a fault by themselves.
    &log::account_refused::RULE,
    &log::access_denied::RULE,
    &log::not_reached::RULE,
    &log::tls_refused::RULE,
    &log::sign_on_refused::RULE,
    // SIP.
    &sip::transport_mismatch::TransportMismatch,
    &sip::status_401_loop::Loop,
    &sip::wrong_realm::WrongRealm,
    &sip::stale_nonce::StaleNonce,
    &sip::nonce_refused::NonceRefused,
    &sip::credentials_malformed::CredentialsMalformed,
    &sip::answer_lost::AnswerLost,
    &sip::status_407::ProxyWantsCredentials,
    &sip::status_403::Forbidden,
    &sip::status_404::NotFound,
    &sip::status_408::Timeout,
    &sip::status_423::TooBrief,
    &sip::status_482::LoopDetected,
    &sip::status_483::TooManyHops,
    &sip::status_5xx::ServerError,
    &sip::nat_contact::NatContact,
    &sip::contact_tls::ContactTls,
    &sip::contact_unreachable::ContactUnreachable,
    &sip::flow_lost::FlowLost,
    &sip::media_blocked::MediaBlocked,
    &sip::ack_lost::AckLost,
    &sip::register_failed::RegisterFailed,
    &sip::lapsed::Lapsed,
    &sip::call_failed::CallFailed,
    // The sound of meetings.
    &media::unanswered::Unanswered,
    &media::relay_refused::RelayRefused,
    &media::dtls_unfinished::DtlsUnfinished,
    // Single sign-on.
    &ltpa::undefined_sip::UndefinedSip,
    &ltpa::undefined_http::UndefinedHttp,
    &ltpa::httponly_script::HttpOnlyScript,
    &ltpa::clock_skew::ClockSkew,
    &ltpa::expired::Expired,
    &ltpa::key_mismatch::KeyMismatch,
    &ltpa::realm::Realm,
    &ltpa::foreign_format::ForeignFormat,
    &ltpa::version_mismatch::VersionMismatch,
    &ltpa::name_not_expected::NameNotExpected,
    &ltpa::dn_mismatch::DnMismatch,
    &ltpa::wrong_identity::WrongIdentity,
    &sso::name_unmapped::NameUnmapped,
    &sso::cookie_stripped::CookieStripped,
    &sso::not_loaded::NotLoaded,
    &ltpa::not_returned::NotReturned,
    &ltpa::domain_narrow::DomainNarrow,
    &ltpa::domain_wide::DomainWide,
    &ltpa::shortname_url::ShortnameUrl,
    &ltpa::secure_on_http::SecureOnHttp,
    &ltpa::samesite::SameSite,
    &ltpa::duplicate::Duplicate,
    &ltpa::overwritten::Overwritten,
    &spnego::ntlm::Ntlm,
    &spnego::ticket_refused::TicketRefused,
    &idp::circle::Circle,
    &idp::cookie_lost::CookieLost,
    &idp::refused::RefusedByProvider,
    &saml::time::Time,
    &saml::audience::Audience,
    &jwt::expired::Expired,
    &jwt::not_yet::NotYet,
    &jwt::audience::Audience,
    &http::header_too_large::HeaderTooLarge,
    &http::login_loop::LoginLoop,
    &http::cors_refused::CorsRefused,
    &http::websocket_refused::WebSocketRefused,
    &http::wrong_password::WrongPassword,
    &http::login_refused::LoginRefused,
    &http::token_refused::TokenRefused,
    // Performance.
    &tcp::zero_window::ZeroWindows,
    &nrpc::chatty_rtt::ChattyRtt,
    &nrpc::slow_server::SlowServer,
    // For information.
    &nrpc::idle_close::IdleClose,
    &nrpc::probe_noise::ProbeNoise,
    &st::lb_probe::LbProbe,
];

/// How near a rule's family is to signing on with Notes, Sametime or a token; 0 is nearest.
pub(crate) fn nearness(rule: RuleId) -> u8 {
    match rule.as_str().split('-').next() {
        Some("nrpc" | "st" | "ltpa" | "sso" | "ldap" | "net") => 0,
        Some("sip" | "http" | "jwt" | "idp" | "saml" | "spnego") => 1,
        _ => 2,
    }
}

/// The rule of that id.
pub(crate) fn rule(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.about().id == id)
}

/// Rules whose proof is a length of time.
pub(super) static BY_LENGTH: &[RuleId] = &[
    nrpc::chatty_rtt::ID,
    nrpc::slow_server::ID,
    nrpc::idle_close::ID,
    nrpc::idle_rst::ID,
    nrpc::idle_silent::ID,
    nrpc::syn_silent::ID,
    nrpc::hello_unanswered::ID,
    nrpc::probe_noise::ID,
    nrpc::clock_skew::ID,
    st::idle_drop::ID,
    st::lb_probe::ID,
    tcp::loss::ID,
    tcp::zero_window::ID,
    tls::hello_blackhole::ID,
    media::unanswered::ID,
    media::dtls_unfinished::ID,
    sip::flow_lost::ID,
    sip::lapsed::ID,
    sip::status_407::ID,
    sip::status_408::ID,
    cap::duplicates::ID,
];

/// Rules whose proof is that something is not in the capture.
pub(super) static BY_ABSENCE: &[RuleId] = &[
    nrpc::dns_failure::ID,
    nrpc::syn_silent::ID,
    nrpc::asymmetric::ID,
    nrpc::hello_unanswered::ID,
    nrpc::idle_silent::ID,
    st::directory_down::ID,
    st::port_blocked::ID,
    tls::hello_blackhole::ID,
    sip::status_407::ID,
    sip::status_408::ID,
    sip::ack_lost::ID,
    sip::lapsed::ID,
    sip::media_blocked::ID,
    ltpa::not_returned::ID,
];

/// Rules whose proof is a message, or a request and its answer: they judge those of logs, too.
pub(super) static BY_MESSAGE: &[RuleId] = &[
    http::header_too_large::ID,
    http::token_refused::ID,
    jwt::audience::ID,
    jwt::expired::ID,
    jwt::not_yet::ID,
    ltpa::clock_skew::ID,
    ltpa::duplicate::ID,
    ltpa::expired::ID,
    ltpa::foreign_format::ID,
    ltpa::key_mismatch::ID,
    ltpa::realm::ID,
    ltpa::version_mismatch::ID,
    sip::contact_unreachable::ID,
    sip::credentials_malformed::ID,
    sip::nonce_refused::ID,
    sip::stale_nonce::ID,
    sip::status_401_loop::ID,
    sip::status_403::ID,
    sip::status_404::ID,
    sip::status_407::ID,
    sip::status_423::ID,
    sip::status_482::ID,
    sip::status_483::ID,
    sip::status_5xx::ID,
    sip::wrong_realm::ID,
];

/// Rules that hold a time of the capture against the time of somebody else.
pub(super) static BY_DATE: &[RuleId] = &[
    nrpc::clock_skew::ID,
    ltpa::clock_skew::ID,
    ltpa::expired::ID,
    jwt::expired::ID,
    jwt::not_yet::ID,
    saml::time::ID,
    tls::cert_expired::ID,
];

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
            assert_eq!(rule(&id).map(|rule| rule.about().id), Some(id));
        }
    }

    /// An id tells where its rule stands: the folder of its family, and the file in it.
    #[test]
    fn an_id_is_that_of_its_file() {
        let table = include_str!("mod.rs").lines().filter_map(|line| line.trim().strip_prefix('&')?.strip_suffix(','));
        let places: Vec<_> = table.filter(|place| place.matches("::").count() == 2).collect();
        assert_eq!(places.len(), RULES.len());
        for (place, rule) in places.iter().zip(RULES) {
            let mut parts = place.split("::");
            let (family, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let id = format!("{family}-{}", file.trim_start_matches("status_").replace('_', "-"));
            assert_eq!(rule.about().id, id.as_str(), "{place}");
        }
    }

    /// Words of a text that look like ids: those that begin with the name of a family.
    fn ids_in(text: &str) -> impl Iterator<Item = &str> {
        let families: BTreeSet<_> = RULES
            .iter()
            .filter_map(|rule| rule.about().id.as_str().split_once('-'))
            .map(|(family, _)| family)
            .collect();
        let words = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-./_:".contains(c)));
        words.map(|word| word.trim_matches(['.', ':'])).filter(move |word| {
            let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            plain && word.split_once('-').is_some_and(|(family, rest)| families.contains(family) && !rest.is_empty())
        })
    }

    #[test]
    fn ids_in_the_catalogue_the_samples_and_the_papers_exist() {
        let samples: BTreeSet<_> = nrpcsniff_samples::stories::all().map(|sample| sample.name).collect();
        let hold = |place: &str, text: &str| {
            for id in ids_in(text) {
                assert!(rule(id).is_some() || samples.contains(id), "{place}: no rule is called {id}");
            }
        };
        for about in RULES.iter().map(|rule| rule.about()) {
            let lists = [about.guards, about.remedy, about.references].concat();
            [about.sees, about.matters].into_iter().chain(lists).for_each(|text| hold(&about.id, text));
        }
        for sample in nrpcsniff_samples::stories::all() {
            sample.rules.iter().for_each(|id| assert!(rule(id).is_some(), "{}: {id}", sample.name));
        }
        hold("README", include_str!("../../../README.md"));
        hold("CONTRIBUTING", include_str!("../../../.github/CONTRIBUTING.md"));
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
            let mut open = about.explains.to_vec();
            let mut seen = BTreeSet::new();
            while let Some(id) = open.pop() {
                assert_ne!(id, about.id, "{} explains itself by way of others", about.id);
                if seen.insert(id) {
                    open.extend(rule(&id).into_iter().flat_map(|rule| rule.about().explains));
                }
            }
        }
    }
}
