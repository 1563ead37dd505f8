//! Client and server have no cipher suite in common.

use super::sni_missing::lacks_name;
use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::{CipherSuites, cipher as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, agreed, by_site, refusal_of_hello};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::tls::alert::{HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY};
use nrpcsniff_dissectors::tls::{TLS12, suite_shown};

/// See [`ABOUT`].
pub(crate) struct Cipher;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-cipher");

static ABOUT: About = About {
    id: ID,
    title: "Client and server have no cipher suite in common",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server answers a ClientHello that offers TLS 1.2 or later with handshake_failure (40) or insufficient_security (71), \
           before it chose anything.",
    matters: "Nothing that the client can is good enough for the server: cipher suites, curves or signature algorithms. It is \
              what remains after one side was hardened, or its key was changed from RSA to ECDSA.",
    guards: &[
        "The same client gets through to the same host soon after: it tries one offer after the other; silent.",
        "With others the server agreed on a suite that this client offers too: less sure, it may be another reason (a name or \
         certificate that the server lacks).",
        "A ClientHello of TLS 1.1 at most: the version is to blame, another finding says so.",
        "The ClientHello names no host, and offers what servers take today: another finding says so.",
        "The ClientHello is cut: what it offers is not known; silent.",
        "A client that tries out what the server can (a scanner): silent.",
    ],
    remedy: &[
        "Allow suites with ECDHE and AES-GCM on both sides: Domino: Server document or Internet Site > Security > SSL ciphers \
         (notes.ini SSLCipherSpec overrides them); WebSphere: SSL configuration > Quality of protection > Cipher suite \
         settings; Java: jdk.tls.disabledAlgorithms in java.security.",
        "See that the server has a certificate for this name at all, and whether its key (RSA or ECDSA) fits what the client can.",
    ],
    references: &["RFC 8446 section 6.2 and 9.1", "RFC 5246 section 7.2.2", "RFC 9325 (recommended suites)"],
    explains: &[],
};

impl Rule for Cipher {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let goes_on = |one: &TlsHandshake<'_>| case.tls().worked_after(case, one).is_some();
        let failed = case.tls().all().filter(|one| is_refused(one) && !lacks_name(case, one) && !goes_on(one));
        by_site(failed).filter_map(|group| finding(case, &group)).collect()
    }
}

fn is_refused(handshake: &TlsHandshake<'_>) -> bool {
    let of_suites = |code| matches!(code, HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY);
    let current = handshake.has_whole_hello() && handshake.hello.content.highest() >= TLS12;
    current && refusal_of_hello(handshake).is_some_and(|(_, alert)| of_suites(alert.code))
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (_, alert) = refusal_of_hello(first)?;
    let offers = || first.hello.content.real_suites();
    let chosen: Vec<u16> = agreed(case, first.server()).iter().map(|hello| hello.suite).collect();
    let common = chosen.iter().copied().find(|&suite| offers().any(|offer| offer == suite));
    let said = words::NoneTaken {
        handshakes: handshakes(group)?,
        offered: CipherSuites::of(offers()),
        alert: alert.into(),
        common_cipher_suite: common.map(suite_shown),
    };
    let cure = format!(
        "Compare the suites of {} and {}, and allow one that both can.",
        said.handshakes.clients,
        said.handshakes.site()
    );
    let draft = failed(case, &ABOUT, 80, group).guard(common.is_some()).says(&said).remedy_first(cure);
    Some(if chosen.is_empty() || common.is_some() {
        draft
    } else {
        draft.note(format!("with others the server agreed on {}", CipherSuites::of(chosen)))
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get, get_from, old_hello};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, one, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::Tls;

    const RULE: &str = "tls-cipher";

    #[test]
    fn suites_that_have_nothing_in_common() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).without_common_suite(), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["handshake_failure (40)", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
    }

    #[test]
    fn a_suite_that_the_server_takes_from_others() {
        let found = told(RULE, |net| {
            get_from(net, "10.1.0.51", &Tls::v12(MEET));
            let tcp = call(net);
            tcp.client(tcp.tls_hello(&Tls::v12(MEET))).server([21, 3, 3, 0, 2, 2, 40]).server_fin();
        });
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["which this client offers too"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("another offer works", |net| {
                fails(net, &Tls::v12(MEET).without_common_suite(), 1);
                get(net, &Tls::v12(MEET));
            }),
            ("the version", |net| fails(net, &Tls::v12(MEET).without_common_version(), 2)),
            ("an old client", |net| {
                call(net).tls_refuses(old_hello(), &Tls::v12(MEET));
            }),
            ("a scanner", |net| {
                for number in 0..20 {
                    let tcp = call(net);
                    let mut hello = tcp.tls_hello(&Tls::v12(MEET));
                    let suites = hello.windows(4).position(|w| w == [0x13, 1, 0xc0, 0x2f]).expect("suites");
                    hello[suites + 1] = number;
                    tcp.client(hello).server([21, 3, 3, 0, 2, 2, 40]).server_fin();
                    net.wait(100);
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
