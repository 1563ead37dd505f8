//! The server wants a certificate of its client, and does not get a good one.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::client_cert as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, by_site};
use crate::model::{CloseBy, Confidence, Message, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::alert::{
    BAD_CERTIFICATE, CERTIFICATE_EXPIRED, CERTIFICATE_REQUIRED, CERTIFICATE_UNKNOWN, HANDSHAKE_FAILURE, UNKNOWN_CA,
};

/// See [`ABOUT`].
pub(crate) struct ClientCert;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-client-cert");

static ABOUT: About = About {
    id: ID,
    title: "The server wants a certificate of the client",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server asks for a certificate (CertificateRequest), the client sends none, or one that the server does not take; and the \
           server ends the handshake: with certificate_required (116), handshake_failure (40), bad_certificate (42) or another \
           alert, or with a close.",
    matters: "The server is set to let in only clients with a certificate (mutual TLS), and this client has none, or another one.",
    guards: &[
        "The server goes on with an empty certificate: it only asked; silent.",
        "The alert is the client's, or the server's before it asked, or not about certificates: another reason; silent.",
        "The server closes without an alert: medium confidence.",
        "In TLS 1.3 all of this is encrypted: silent without keys.",
    ],
    remedy: &[
        "Where users have no certificates: do not require them. Domino: Server document > Ports > Internet Ports > Client \
         certificate: No; WebSphere: SSL configuration > Quality of protection > Client authentication: None or Supported; load \
         balancer: client authentication of the site.",
        "Where they should have them: install certificate and key in the client, issued by one of the authorities that the server \
         names in its request.",
        "Between servers (SIP proxy, community server, WebSphere): exchange the signer certificates of both trust stores.",
    ],
    references: &["RFC 8446 section 4.3.2, 4.4.2, 6.2", "RFC 5246 section 7.4.4, 7.4.6"],
    explains: &[],
};

impl Rule for ClientCert {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let failed = case.tls().all().filter(|one| is_refused(one));
        by_site(failed).filter_map(|group| finding(case, &group)).collect()
    }
}

fn is_refused(handshake: &TlsHandshake<'_>) -> bool {
    let Some((_, sent)) = handshake.request.zip(handshake.client_chain) else { return false };
    match handshake.refused_by(Side::Server) {
        Some((message, alert)) => message.n > sent.message.n && is_about_certificates(alert.code),
        None => closed_at_certificate(handshake, sent.message),
    }
}

/// Alerts that servers send about a client's certificate, or its absence. 49 is access_denied; 43 and 44: of another kind, revoked.
const fn is_about_certificates(code: u8) -> bool {
    matches!(
        code,
        HANDSHAKE_FAILURE
            | BAD_CERTIFICATE
            | 43
            | 44
            | CERTIFICATE_EXPIRED
            | CERTIFICATE_UNKNOWN
            | UNKNOWN_CA
            | 49
            | CERTIFICATE_REQUIRED
    )
}

/// The server closes when it has the client's certificate, and says nothing more.
fn closed_at_certificate(handshake: &TlsHandshake<'_>, certificate: &Message) -> bool {
    let by_server = handshake.conversation.teardown.by == CloseBy::Server;
    by_server && handshake.is_whole() && handshake.server_said_no_more(certificate)
}

/// The alert certificate_required (RFC 8446 section 6.2) says it itself and gives 40 points; anything else 20, as a
/// close may have other reasons.
fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let alert = group.iter().find_map(|one| one.refused_by(Side::Server)).map(|(_, alert)| alert);
    let certificate = first.client_chain?.content.own();
    let said = words::Wanted {
        handshakes: handshakes(group)?,
        sent_certificate: certificate.is_some(),
        certificate: certificate.filter(|own| own.readable).map(|own| words::Sent {
            certificate_subject: own.subject.clone(),
            certificate_issuer: own.issuer.clone(),
        }),
        alert: alert.map(Into::into),
    };
    let plain = alert.is_some_and(|alert| alert.code == CERTIFICATE_REQUIRED);
    let cure = format!(
        "Decide whether clients of {} need a certificate: if not, switch it off there; if so, give {} one.",
        said.handshakes.site(),
        said.handshakes.clients
    );
    Some(
        failed(case, &ABOUT, 55, group)
            .points(if plain { 40 } else { 20 })
            .at_most(if alert.is_some() { Confidence::High } else { Confidence::Medium })
            .says(&said)
            .remedy_first(cure),
    )
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, findings, none, one, says, the_one, told};
    use nrpcsniff_samples::tls::Tls;
    use nrpcsniff_samples::{Format, Network};

    const RULE: &str = "tls-client-cert";

    #[test]
    fn a_client_without_a_certificate() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).wants_certificate(), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["it sent none", "certificate_required (116)", "10.1.0.50 has none"]);
    }

    #[test]
    fn a_server_that_closes_without_a_word() {
        let found = told(RULE, |net| {
            let (tcp, tls) = (call(net), Tls::v12(MEET).wants_certificate());
            let none = [22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0];
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client(none).server_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
    }

    #[test]
    fn in_tls_1_3_it_is_seen_with_keys_only() {
        let net = Network::new();
        fails(&net, &Tls::v13(MEET).wants_certificate(), 2);
        none(&net, RULE);
        let found = findings(&net.write(&Format::pcapng().keys()));
        let finding = found.iter().find(|finding| finding.rule == RULE).expect("read with the keys");
        assert_eq!(finding.confidence, Confidence::High);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("the server minds something else", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET).wants_certificate());
                let none = [22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0];
                let bad_record_mac = [21, 3, 3, 0, 2, 2, 20];
                tcp.client(tcp.tls_hello(&tls))
                    .server(tcp.tls_flight(&tls))
                    .client(none)
                    .server(bad_record_mac)
                    .server_fin();
            }),
            ("it is asked for, and nobody minds that there is none; the server closes at the end", |net| {
                let tcp = call(net).tls(&Tls::v12(MEET).asks_certificate());
                tcp.client("GET / HTTP/1.1\r\nHost: meet.example.com\r\n\r\n")
                    .server("HTTP/1.1 204 No Content\r\n\r\n")
                    .server_fin();
            }),
            ("it is asked for and given", |net| get(net, &Tls::v12(MEET).wants_certificate().has_certificate())),
            ("it is not asked for", |net| get(net, &Tls::v12(MEET))),
            ("the client leaves when it is asked", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET).wants_certificate());
                tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client_fin();
            }),
            ("another reason", |net| fails(net, &Tls::v12(MEET).without_common_suite(), 2)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
