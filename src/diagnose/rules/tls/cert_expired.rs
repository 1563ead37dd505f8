//! The server's certificate is over, or not valid yet.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::cert_expired as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{Blame, TlsHandshake, by_site};
use crate::model::{Confidence, RuleId, Severity, Side, Timestamp};
use nrpcsniff_dissectors::tls::Certificate;

/// See [`ABOUT`].
pub(crate) struct CertExpired;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-cert-expired");

static ABOUT: About = About {
    id: ID,
    title: "The server's certificate has expired",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The client's alert certificate_expired (45) after the server's certificate, or another refusal of a certificate that was \
           not valid at the time of the packet; or such a certificate that nobody minded.",
    matters: "Clients that check it end the connection before anything is said inside; others go on, and their users see a \
              warning or nothing.",
    guards: &[
        "The client goes on all the same: minor.",
        "The certificate is valid by the time of the capture although the alert says otherwise: the client's clock is suspected, \
         with medium confidence.",
        "A root in the chain that is over: clients look at their own copy; silent.",
        "A certificate that begins after the time of the packet, and no alert about dates: the capture's clock is wrong; silent.",
        "Judged by the time of the packet; with --now by that time, and then minor if the client had no objection.",
    ],
    remedy: &[
        "Renew the certificate and let the server use it: Domino: certstore.nsf (or the .kyr file), then restart the HTTP task; \
         WebSphere: key store of the node, SSL configuration of the port; load balancer: certificate of the site.",
        "Watch the dates: the issuing authority's certificate ends as well.",
    ],
    references: &["RFC 8446 section 6.2 (alerts)", "RFC 5280 section 4.1.2.5 (validity)"],
    explains: &[],
};

impl Rule for CertExpired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = || case.tls().all();
        let refused = by_site(all().filter(|one| one.blame() == Some(Blame::Dates)));
        let refused: Vec<_> = refused.filter_map(|group| finding(case, &group)).collect();
        let ignored = |one: &&TlsHandshake<'_>| {
            one.got_through() && one.blame().is_none() && one.ended_at(one.judged_at(case)).is_some()
        };
        let ignored = by_site(all().filter(ignored)).filter_map(|group| went_on(case, &group));
        refused.into_iter().chain(ignored).collect()
    }
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let alert = group.iter().find_map(|one| one.refused_by(Side::Client)).map(|(_, alert)| alert.into());
    let draft = failed(case, &ABOUT, 45, group).points(if alert.is_some() { 20 } else { 0 });
    let time = first.hello.at().time;
    let handshakes = handshakes(group)?;
    if let Some(bad) = first.ended_at(time).or_else(|| first.begins_after(time)) {
        let said = words::CertificateRefused { handshakes, alert, certificate: out_of_date(first, bad, time) };
        return Some(draft.points(20).says(&said).remedy_first(renew(bad)));
    }
    let validity = first.certificate().map(validity);
    let said = words::TakenForExpired { handshakes, alert, validity };
    Some(by_the_client_s_clock(draft.says(&said), &said))
}

fn out_of_date(handshake: &TlsHandshake<'_>, bad: &Certificate, as_of: Timestamp) -> words::OutOfDate {
    words::OutOfDate {
        certificate_subject: bad.subject.clone(),
        certificate_issuer: bad.issuer.clone(),
        is_own_certificate: handshake.certificate().is_some_and(|own| own == bad),
        validity: validity(bad),
        as_of,
    }
}

const fn validity(certificate: &Certificate) -> words::Validity {
    words::Validity { certificate_begins: certificate.not_before, certificate_expires: certificate.not_after }
}

fn renew(bad: &Certificate) -> String {
    format!("Renew the certificate of \"{}\", issued by \"{}\".", bad.subject, bad.issuer)
}

/// What to do if the alert speaks of dates, and the dates are in order, or cannot be seen.
fn by_the_client_s_clock(draft: Draft, said: &words::TakenForExpired) -> Draft {
    let draft = draft.at_most(Confidence::Medium).remedy_first(format!(
        "Compare the clock of {} with the true time; look at the roots and intermediates that it keeps itself.",
        said.handshakes.clients
    ));
    if said.validity.is_some() {
        return draft;
    }
    draft.remedy_first(format!(
        "Look at the dates: openssl s_client -connect {} -showcerts | openssl x509 -noout -dates.",
        said.handshakes.server
    ))
}

/// Nobody minded.
fn went_on(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let as_of = first.judged_at(case);
    let bad = first.ended_at(as_of)?;
    let said = words::WentOn {
        handshakes: handshakes(group)?,
        certificate: out_of_date(first, bad, as_of),
        as_of_given: case.settings.now.is_some(),
    };
    Some(failed(case, &ABOUT, 85, group).severity(Severity::Minor).says(&said).remedy_first(renew(bad)))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Settings;
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity, Timestamp};
    use crate::testing::{Story, one, says, the_one, told, told_with};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::time::utc;
    use nrpcsniff_samples::tls::{Presents, Tls};

    const RULE: &str = "tls-cert-expired";

    #[test]
    fn a_certificate_that_is_over() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).presents(Presents::Expired), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["certificate_expired (45)", "ended on 2025-02-01", "Example Root CA"]);
        assert!(finding.also.is_empty());
    }

    #[test]
    fn a_client_that_closes_without_a_word() {
        let found = told(RULE, |net| {
            let (tcp, tls) = (call(net), Tls::v12(MEET).presents(Presents::Expired));
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
    }

    #[test]
    fn a_client_whose_clock_is_wrong() {
        let found = told(RULE, |net| {
            let _client = net.host("10.1.0.50").clock_ahead(500 * 86_400);
            fails(net, &Tls::v12(MEET), 1);
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
        says(the_one(&found), &["takes the certificate of", "Compare the clock of 10.1.0.50"]);
    }

    #[test]
    fn a_client_that_does_not_mind() {
        let found = told(RULE, |net| {
            let _client = net.host("10.1.0.50").clock_ahead(-100 * 86_400);
            get(net, &Tls::v12(MEET).presents(Presents::Expired));
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::High));
        says(the_one(&found), &["went on all the same"]);
    }

    #[test]
    fn the_time_of_judgement_is_the_user_s_if_given() {
        let as_of = |time: u64| Settings { now: Some(Timestamp::new(time.cast_signed(), 0)), ..Settings::default() };
        let good: fn(&Network) = |net| get(net, &Tls::v12(MEET));
        assert_eq!(told_with(&as_of(utc(2026, 5, 1)), RULE, good), []);
        let found = told_with(&as_of(utc(2026, 6, 1)), RULE, good);
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["ended on 2026-05-06", "as of the time given"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("in order", |net| get(net, &Tls::v12(MEET))),
            ("inside TLS 1.3 the certificate is not to be seen", |net| get(net, &Tls::v13(MEET))),
            ("a capture whose clock is years behind", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET));
                let flight = tcp.tls_flight(&tls);
                let begins = flight.windows(12).position(|w| w == b"240506000000").expect("notBefore");
                let tomorrow = [&flight[..begins], b"25", &flight[begins + 2..]].concat();
                tcp.client(tcp.tls_hello(&tls)).server(tomorrow).client_fin();
            }),
            ("another reason", |net| fails(net, &Tls::v12(MEET).presents(Presents::ChainCut), 2)),
            ("another host", |net| fails(net, &Tls::v12(MEET).presents(Presents::OtherName), 2)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
