//! The client does not know who issued the server's certificate.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::unknown_ca as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{Blame, TlsHandshake, by_site};
use crate::model::{Confidence, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::alert::UNKNOWN_CA;

/// See [`ABOUT`].
pub(crate) struct UnknownCa;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-unknown-ca");

static ABOUT: About = About {
    id: ID,
    title: "The client does not trust the issuer of the server's certificate",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The client's alert unknown_ca (48) after the server's certificate; or certificate_unknown (46) or bad_certificate \
           (42) where neither the dates nor the name of the certificate explain it; or, in TLS 1.3, something unreadable in place \
           of the client's Finished that is too short for one: an alert.",
    matters: "The connection ends before anything is said inside: no login, no registration, no page. The user reads of a \
              connection error, or of nothing.",
    guards: &[
        "The certificate is over or for another host, and the alert does not speak of its issuer: another finding says so.",
        "The same client gets through to the same host soon after (a user who accepts the certificate): minor, less sure.",
        "Alerts 46 and 42 are used for other reasons too: medium confidence at most; low if the client names no host, so that the \
         name in the certificate cannot be compared.",
        "In TLS 1.3 without keys the alert cannot be read: silent unless it comes again, low confidence.",
        "A resumed session, in which no certificate is shown: silent.",
        "The client says farewell (close_notify, user_canceled), or tries out what the server can (a scanner): silent.",
    ],
    remedy: &[
        "Where the chain that the server sends is one certificate long, and a public or company CA with intermediates issued it: let \
         the server send the intermediates as well (Domino: certstore.nsf or the .kyr file; WebSphere: key store of the \
         node; load balancer: the chain file).",
        "Else give the client the root: Java and WebSphere: trust store (cacerts, NodeDefaultTrustStore); Notes: Internet \
         cross certificate or the trusted roots of the Domino directory; browsers and Sametime Connect: store of the operating \
         system.",
        "A device that inspects TLS on the way signs with a CA of its own: let clients trust it, or except this server.",
    ],
    references: &["RFC 8446 section 6.2 (alerts)", "RFC 5246 section 7.4.2 (the whole chain but the root is sent)"],
    explains: &[],
};

impl Rule for UnknownCa {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = case.tls().all().filter(|one| one.blame() == Some(Blame::Issuer));
        let (told, guessed): (Vec<_>, Vec<_>) = refused.partition(|one| !one.refused_unseen());
        let told = by_site(told.into_iter()).filter_map(|group| finding(case, &group));
        let guessed = by_site(guessed.into_iter()).filter_map(|group| guess(case, &group));
        told.chain(guessed).collect()
    }
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (_, alert) = first.refused_by(Side::Client)?;
    let plain = group.iter().any(|one| one.refused_by(Side::Client).is_some_and(|(_, a)| a.code == UNKNOWN_CA));
    let (points, at_most) = match (plain, first.host()) {
        (true, _) => (40, Confidence::High),
        (false, Some(_)) => (10, Confidence::Medium),
        (false, None) => (0, Confidence::Low),
    };
    let said = words::NotTrusted {
        handshakes: handshakes(group)?,
        alert: alert.into(),
        blames_issuer: plain,
        certificate: issued(first),
    };
    let draft = failed(case, &ABOUT, 45, group).points(points).at_most(at_most).says(&said);
    Some(draft.remedy_first(remedy(&said)))
}

/// Who issued what, and how much of it the server sends.
fn issued(handshake: &TlsHandshake<'_>) -> Option<words::Issued> {
    let (chain, own) = handshake.chain.zip(handshake.certificate())?;
    Some(words::Issued {
        certificate_subject: own.subject.clone(),
        certificate_issuer: own.issuer.clone(),
        is_self_issued: own.self_issued,
        chain_length: chain.content.count,
    })
}

fn remedy(said: &words::NotTrusted) -> String {
    let (site, server) = (said.handshakes.site(), said.handshakes.server);
    match &said.certificate {
        Some(own) if own.is_self_issued => {
            format!(
                "Replace the self-signed certificate of {site}, or import it where the client keeps what it trusts."
            )
        }
        Some(own) => format!(
            "Find \"{}\" in the chain that {site} sends and in what the client trusts (openssl s_client -connect {server} \
             -showcerts).",
            own.certificate_issuer,
        ),
        None => format!("Look at what {site} sends: openssl s_client -connect {server} -showcerts."),
    }
}

/// The client gave up more than once with something as short as an alert.
fn guess(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first().filter(|_| group.len() > 1)?;
    let said = words::Suspected { handshakes: handshakes(group)? };
    let cure = format!(
        "Look at the certificate: openssl s_client -connect {}{} -showcerts; with the key log of the client (--keylog) the \
         alert can be read.",
        first.server(),
        first.host().map(|host| format!(" -servername {host}")).unwrap_or_default(),
    );
    Some(failed(case, &ABOUT, 30, group).at_most(Confidence::Low).says(&said).remedy_first(cure))
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, none, one, says, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::{Presents, Tls};

    const RULE: &str = "tls-unknown-ca";

    #[test]
    fn an_issuer_whom_the_client_does_not_know() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).presents(Presents::ChainCut), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            &finding,
            &["Example Issuing CA 2", "unknown_ca (48)", "sends it alone", "meet.example.com (10.1.0.22:443)"],
        );
    }

    #[test]
    fn in_tls_1_3_it_is_a_guess_without_keys_and_read_with_them() {
        let net = Network::new();
        fails(&net, &Tls::v13(MEET).presents(Presents::ChainCut), 1);
        none(&net, RULE);
        fails(&net, &Tls::v13(MEET).presents(Presents::ChainCut), 1);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Low));
        says(&finding, &["probably refuses", "--keylog"]);
        let found = crate::testing::findings(&net.write(&nrpcsniff_samples::Format::pcapng().keys()));
        let finding = found.iter().find(|finding| finding.rule == RULE).expect("read with the keys");
        assert_eq!(finding.confidence, Confidence::High);
        says(finding, &["unknown_ca (48)", "Example Issuing CA 2"]);
    }

    /// Java pads its alert: 35 bytes in place of 19, still too short for a Finished.
    #[test]
    fn an_alert_that_is_padded() {
        let net = Network::new();
        let padded = [&[20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 35][..], &[0x5a; 35]].concat();
        for _ in 0..2 {
            let (tcp, tls) = (call(&net), Tls::v13(MEET));
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client(&padded).client_fin();
        }
        assert_eq!(one(&net, RULE).confidence, Confidence::Low);
    }

    /// Alert 42 and 46 with a certificate whose dates and name are in order.
    #[test]
    fn alerts_that_say_less() {
        for code in [42, 46] {
            let net = Network::new();
            let (tcp, tls) = (call(&net), Tls::v12(MEET));
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client([21, 3, 3, 0, 2, 2, code]).client_fin();
            assert_eq!(one(&net, RULE).confidence, Confidence::Medium, "{code}");
        }
    }

    #[test]
    fn a_user_who_accepts_the_certificate() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).presents(Presents::ChainCut), 1);
        get(&net, &Tls::v12(MEET));
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("a resumed session shows no certificate", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET));
                let flight = tcp.tls_flight(&tls);
                let hello = &flight[5..9 + usize::from(u16::from_be_bytes([flight[7], flight[8]]))];
                let length = u16::try_from(hello.len()).expect("a short hello").to_be_bytes();
                let answer = [&[22, 3, 3][..], &length, hello].concat();
                tcp.client(tcp.tls_hello(&tls)).server(answer).client([21, 3, 3, 0, 2, 2, 42]).client_fin();
            }),
            ("the chain is whole", |net| get(net, &Tls::v12(MEET).presents(Presents::Chain))),
            ("the certificate is over", |net| fails(net, &Tls::v12(MEET).presents(Presents::Expired), 2)),
            ("the certificate is for another host", |net| fails(net, &Tls::v12(MEET).presents(Presents::OtherName), 2)),
            ("the user leaves", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET));
                let leaves = [21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0];
                tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client(leaves).client_fin();
            }),
            ("the beginning is not in the capture", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443).midstream();
                tcp.server(tcp.tls_flight(&Tls::v12(MEET))).client([21, 3, 3, 0, 2, 2, 48]).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
