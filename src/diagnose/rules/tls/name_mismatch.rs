//! The server's certificate is for another host than the one that the client wants.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::{CertificateNames, name_mismatch as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::statistics::equal_within;
use crate::facts::tls::{Blame, TlsHandshake, by_site, refusal_of_hello};
use crate::model::{RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::alert::UNRECOGNIZED_NAME;

/// See [`ABOUT`].
pub(crate) struct NameMismatch;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-name-mismatch");

static ABOUT: About = About {
    id: ID,
    title: "The server's certificate is for another host",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The ClientHello asks for a host (SNI) that is not among the names of the server's certificate, and the client ends the \
           handshake: with an alert (bad_certificate, certificate_unknown), or with a close before a word was said inside. Or the server \
           refuses the name itself (unrecognized_name, 112).",
    matters: "The client does not believe that it talks to the server it wants: an alias without a certificate, a wrong address in \
              DNS, or a load balancer that leads somewhere else.",
    guards: &[
        "The client goes on all the same: it knows the certificate, or does not look; silent.",
        "The common name counts where the certificate has no other names, as old clients do it.",
        "The alert speaks of issuer or dates: another finding says so.",
        "The client closes without an alert: medium confidence; if the handshake was complete: low.",
        "Complete handshakes without a word at a steady period: a health check; silent.",
        "The ClientHello names no host, or the true one is encrypted: silent.",
        "No name of the certificate could be read, or not every one: silent.",
    ],
    remedy: &[
        "Order a certificate whose subject alternative names hold every name by which clients call the server, aliases and load \
         balancer among them.",
        "Or let clients use a name that is in the certificate (server community, meeting server and proxy addresses in their \
         settings, DNS).",
        "Where several sites share an address: give each its certificate by SNI (Domino 12 and later: TLS credentials of \
         certstore.nsf; load balancer: profile by server name).",
    ],
    references: &[
        "RFC 9525 (names in certificates)",
        "RFC 6066 section 3 (server_name)",
        "RFC 8446 section 6.2 (alerts)",
    ],
    explains: &[],
};

impl Rule for NameMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = || case.tls().all();
        let of_client = by_site(all().filter(|one| one.blame() == Some(Blame::Name)));
        let unknown = |one: &&TlsHandshake<'_>| refusal_of_hello(one).is_some_and(|(_, a)| a.code == UNRECOGNIZED_NAME);
        let of_server = by_site(all().filter(unknown)).filter_map(|group| refused_by_server(case, &group));
        of_client.filter_map(|group| refused_by_client(case, &group)).chain(of_server).collect()
    }
}

fn refused_by_client(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (host, own) = (first.misses_name()?, first.certificate()?);
    let silent = group.iter().all(|one| one.left_before_a_word());
    if silent && is_probed(case, group) {
        return None;
    }
    let alert = group.iter().find_map(|one| one.refused_by(Side::Client)).map(|(_, alert)| alert);
    let said = words::OtherHost {
        handshakes: handshakes(group)?,
        alert: alert.map(Into::into),
        names: CertificateNames::of(own),
    };
    let cure = format!(
        "Put {host} among the names of the certificate at {}, or let {} call the server by one that is there.",
        said.handshakes.server, said.handshakes.clients
    );
    Some(
        failed(case, &ABOUT, if silent { 30 } else { 55 }, group)
            .points(if alert.is_some() { 25 } else { 0 })
            .says(&said)
            .remedy_first(cure),
    )
}

/// Handshakes without a word inside at a steady period: a health check, which looks at no name.
fn is_probed(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> bool {
    let thresholds = &case.settings.thresholds;
    let times: Vec<_> = group.iter().map(|one| one.conversation.first.time).collect();
    let periods: Vec<f64> = times.windows(2).map(|two| two[1].seconds_since(two[0])).collect();
    let enough = usize::try_from(thresholds.probe_count).is_ok_and(|count| group.len() >= count);
    enough && equal_within(&periods, thresholds.probe_spread)
}

fn refused_by_server(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let host = first.host()?;
    let (_, alert) = refusal_of_hello(first)?;
    let said = words::NotServed { handshakes: handshakes(group)?, alert: alert.into() };
    let cure = format!(
        "Set up {host} at {} (site, profile, certificate), or correct the address of {host} in DNS.",
        first.server()
    );
    Some(failed(case, &ABOUT, 85, group).says(&said).remedy_first(cure))
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, one, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::{Presents, Tls};

    const RULE: &str = "tls-name-mismatch";

    #[test]
    fn a_certificate_of_another_host() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).presents(Presents::OtherName), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["stcomm7.example.net", "not for meet.example.com", "bad_certificate (42)"]);
    }

    #[test]
    fn a_client_that_closes_without_a_word() {
        let found = told(RULE, |net| {
            let (tcp, tls) = (call(net), Tls::v12(MEET).presents(Presents::OtherName));
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
    }

    /// As curl and Apache HttpClient do it: the name is compared once the handshake is complete.
    #[test]
    fn a_client_that_looks_at_the_name_afterwards() {
        let net = Network::new();
        for _ in 0..2 {
            let tls = Tls::v12(MEET).presents(Presents::OtherName).trusts_any_name();
            call(&net).tls(&tls).client_fin();
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Low));
    }

    #[test]
    fn a_server_that_does_not_know_the_name() {
        let found = told(RULE, |net| {
            let tcp = call(net);
            tcp.client(tcp.tls_hello(&Tls::v12(MEET))).server([21, 3, 3, 0, 2, 2, 112]).server_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::High));
        says(the_one(&found), &["10.1.0.22:443 does not know the host meet.example.com"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("a health check", |net| {
                for second in [0, 10, 20, 30] {
                    net.at(second * 1_000);
                    call(net).tls(&Tls::v12(MEET).presents(Presents::OtherName).trusts_any_name()).client_fin();
                }
            }),
            ("in order", |net| get(net, &Tls::v12(MEET))),
            ("a client that does not mind", |net| {
                get(net, &Tls::v12(MEET).presents(Presents::OtherName).trusts_any_name());
            }),
            ("a client that opens a connection and does not need it", |net| {
                call(net).tls(&Tls::v12(MEET)).client_fin();
            }),
            ("the client closes at a certificate that is in order", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET));
                tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client_fin();
            }),
            ("the server closes", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET).presents(Presents::OtherName));
                tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).server_fin();
            }),
            ("another reason", |net| fails(net, &Tls::v12(MEET).presents(Presents::ChainCut), 2)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
