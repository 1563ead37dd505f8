//! The SIP server opens TLS to a softphone, and the handshake comes to nothing.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::sip::contact_tls as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, by_site};
use crate::model::{RuleId, Severity, Side};

/// See [`ABOUT`].
pub(crate) struct ContactTls;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-contact-tls");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server calls a softphone over TLS, and TLS fails",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A softphone registers a Contact with transport=tls (or sips) and an address. Somebody opens a TLS connection to that \
           very address and port, and an alert or a close ends the handshake, or nobody answers.",
    matters: "The user is registered and can call, but calls to him do not arrive. A softphone has no certificate that anybody \
              could trust, so that a server which opens TLS to it fails, however often certificates are renewed.",
    guards: &[
        "The handshake succeeds, or the caller leaves in the middle: silent.",
        "Whoever has others register with it is a proxy and no softphone: the rules on TLS judge it.",
        "Bytes are missing from the capture, or it ends too soon: silent.",
    ],
    remedy: &[
        "Let the SIP server send requests over the connection that the softphone opened itself: outbound (RFC 5626) or connection \
         reuse (RFC 5923) on both sides; a load balancer or session border controller between them must keep to it, too.",
        "Or let softphones use TCP or UDP to be called at: the transport in their SIP settings.",
    ],
    references: &[
        "RFC 5626 (outbound: why a server cannot open TLS to a client)",
        "RFC 5923 (connection reuse)",
        "RFC 3261 section 26.3.2.1 (user agents have no certificates)",
    ],
    explains: &[super::status_408::ID],
};

impl Rule for ContactTls {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let lost = case.tls().with_contacts().filter(|one| comes_to_nothing(case, one));
        by_site(lost).filter_map(|group| finding(case, &group)).collect()
    }
}

fn comes_to_nothing(case: &Case<'_>, handshake: &TlsHandshake<'_>) -> bool {
    let c = handshake.conversation;
    let waited = || case.watched_until(c).since(handshake.hello.at().time);
    let unanswered =
        || handshake.is_unanswered() && handshake.is_whole() && waited() >= case.settings.thresholds.reply_timeout;
    handshake.alert.is_some() || handshake.blame().is_some() || handshake.refused_unseen() || unanswered()
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let refusal = [Side::Client, Side::Server].into_iter().find_map(|side| first.refused_by(side));
    let said = words::FailedContactTls {
        handshakes: handshakes(group)?,
        user: case.tls().user_of(first.server()).map(str::to_owned),
        refusal: refusal.map(|(message, alert)| words::EndingAlert { alert: alert.into(), alert_from: message.from }),
    };
    Some(failed(case, &ABOUT, 75, group).says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, findings, phone, register, says, the_one, told};
    use nrpcsniff_samples::tls::{Presents, Tls};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "sip-contact-tls";

    /// A telephone registers to be called over TLS at its own port 5071.
    fn registered(net: &Network) {
        register(&phone(net).shown_as("10.1.0.50:5071").transport("TLS"));
    }

    /// The registrar calls that port.
    fn called(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.50"), 5071)
    }

    #[test]
    fn the_certificate_of_a_softphone_is_nothing_to_renew() {
        let net = Network::new();
        registered(&net);
        for _ in 0..2 {
            called(&net).tls_fails(&Tls::v12("meet.example.com").presents(Presents::Expired));
        }
        let found = findings(&net.to_pcapng());
        assert_eq!(found.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), [RULE], "{found:#?}");
        assert_eq!((found[0].severity, found[0].confidence), (Severity::Major, Confidence::High));
        says(&found[0], &["ann@example.com", "10.1.0.50:5071", "certificate_expired (45)", "RFC 5626"]);
    }

    #[test]
    fn a_softphone_that_does_not_answer() {
        let found = told(RULE, |net| {
            registered(net);
            let tcp = called(net);
            tcp.client(tcp.tls_hello(&Tls::v12("meet.example.com")));
            crate::testing::idle(net, 20);
        });
        says(the_one(&found), &["no answer"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it works", |net| {
                registered(net);
                called(net).tls(&Tls::v12("meet.example.com")).client("OPTIONS").client_fin();
            }),
            ("the caller leaves", |net| {
                registered(net);
                let tcp = called(net);
                tcp.client(tcp.tls_hello(&Tls::v12("meet.example.com"))).client_fin();
            }),
            ("nobody registered it", |net| {
                called(net).tls_fails(&Tls::v12("meet.example.com").presents(Presents::Expired));
            }),
            ("another port of the same machine", |net| {
                registered(net);
                let tcp = net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.50"), 443);
                tcp.tls_fails(&Tls::v12("meet.example.com").presents(Presents::Expired));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
