//! A ClientHello is answered by a close, or by something that is no TLS.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::Closed;
use crate::diagnose::words::tls::silent_close as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, by_site};
use crate::model::{CloseBy, Confidence, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::TLS12;

/// See [`ABOUT`].
pub(crate) struct SilentClose;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-silent-close");

static ABOUT: About = About {
    id: ID,
    title: "A TLS connection is closed at the ClientHello",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A ClientHello, and then a FIN or RST of the server or of something on the path, without one byte of an answer; or an answer \
           that is no TLS.",
    matters: "Nobody at that port speaks TLS with this client: a service in clear stands behind it, a load balancer knows no site \
              of that name or has no server left, or a device on the path does not let the name through.",
    guards: &[
        "The client closes itself: silent.",
        "The same client gets through to the same host soon after: minor, less sure.",
        "The capture lacks bytes or the beginning: silent.",
        "A ClientHello of TLS 1.1 at most, the ports of Notes, Sametime and SIP: other findings say so.",
        "A close without a word does not say why: medium confidence.",
    ],
    remedy: &[
        "Ask on the server itself: openssl s_client -connect localhost:PORT -servername HOST. If that works, the path is to blame; if \
         not, the service.",
        "Load balancer: is there a site or profile for this server name, a server in its pool that is up, and TLS on both its sides \
         or on the right one?",
        "Is the port the one for TLS? (443 and 80, 5061 and 5060, 9443 and 9080.)",
        "Firewall or proxy that filters by name: look for the host in its log.",
    ],
    references: &["RFC 8446 section 4.1.2 (ClientHello)", "RFC 6066 section 3 (server_name)"],
    explains: &[],
};

impl Rule for SilentClose {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let (closed, other): (Vec<_>, Vec<_>) = case
            .tls()
            .all()
            .filter(|one| one.is_whole() && (is_closed(one) || answers_otherwise(one)))
            .partition(|one| is_closed(one));
        let closed = by_site(closed.into_iter()).filter_map(|group| finding(case, &group));
        let other = by_site(other.into_iter()).filter_map(|group| in_clear(case, &group));
        closed.chain(other).collect()
    }
}

fn is_closed(handshake: &TlsHandshake<'_>) -> bool {
    let by_other = matches!(handshake.closed_by(), Some(CloseBy::Server | CloseBy::Middlebox));
    handshake.is_unanswered() && by_other && handshake.hello.content.highest() >= TLS12
}

/// The server's first bytes are no TLS record.
fn answers_otherwise(handshake: &TlsHandshake<'_>) -> bool {
    let first = handshake.conversation.first_bytes.server.as_ref();
    let foreign = first.is_some_and(|first| !matches!(first.bytes.as_slice(), [0x14..=0x18] | [0x14..=0x18, 3, ..]));
    let first_said = handshake.hello.message.offset == 0;
    foreign && first_said && handshake.answer.is_none()
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let served = case.tls().served(first.server());
    let through = served.into_iter().flat_map(|served| &served.through);
    let other_host = through.filter(|one| one.host() != first.host()).find_map(TlsHandshake::host);
    let closed = Closed::of(&first.conversation.teardown);
    let said = words::ClosedAtHello { handshakes: handshakes(group)?, closed };
    let draft = failed(case, &ABOUT, 50, group)
        .points(if other_host.is_some() { 10 } else { 0 })
        .at_most(Confidence::Medium)
        .says(&said);
    Some(match other_host {
        Some(host) => draft.note(format!("with {host} the same address speaks TLS: the name seems to decide")),
        None => draft,
    })
}

fn in_clear(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let bytes = first.conversation.first_bytes[Side::Server].as_ref()?;
    let answered_with = match bytes.bytes.as_slice() {
        [b'H', b'T', b'T', b'P', ..] => words::InClear::Http,
        [b'S', b'I', b'P', b'/', ..] => words::InClear::Sip,
        _ => words::InClear::Other,
    };
    let said = words::AnsweredInClear { handshakes: handshakes(group)?, answered_with };
    Some(
        failed(case, &ABOUT, 75, group)
            .says(&said)
            .packet(bytes.at, format!("the server answers with {}", answered_with.name()))
            .remedy_first(format!("Use the port for TLS of {}, or set up TLS at this one.", first.server().ip)),
    )
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, get, get_from, old_hello};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, one, says, the_one, told};
    use nrpcsniff_samples::tls::Tls;
    use nrpcsniff_samples::{Network, Side, Tcp};

    const RULE: &str = "tls-silent-close";

    fn hello(net: &Network) -> Tcp {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(1);
        tcp
    }

    #[test]
    fn a_close_without_a_word() {
        for reset in [false, true] {
            let net = Network::new();
            for _ in 0..2 {
                let tcp = hello(&net);
                let _ = if reset { tcp.server_rst() } else { tcp.server_fin() };
            }
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
            says(&finding, &["meet.example.com (10.1.0.22:443)", if reset { "with RST" } else { "with FIN" }]);
        }
    }

    #[test]
    fn something_on_the_path_closes() {
        let found = told(RULE, |net| {
            hello(net).middlebox_rst(Side::Client, 61);
        });
        says(the_one(&found), &["something on the path"]);
    }

    #[test]
    fn another_name_that_works() {
        let found = told(RULE, |net| {
            hello(net).server_fin();
            get_from(net, "10.1.0.51", &Tls::v12("chat.example.com"));
        });
        says(the_one(&found), &["with chat.example.com the same address speaks TLS"]);
    }

    #[test]
    fn a_service_in_clear() {
        let found = told(RULE, |net| {
            hello(net).server("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").server_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::High));
        says(the_one(&found), &["an HTTP response in clear", "does not speak TLS"]);
    }

    #[test]
    fn it_works_at_the_next_try() {
        let found = told(RULE, |net| {
            hello(net).server_fin();
            get(net, &Tls::v12(MEET));
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::Low));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("it works", |net| get(net, &Tls::v12(MEET))),
            ("the client closes", |net| {
                hello(net).client_fin();
            }),
            ("the capture ends", |net| {
                hello(net);
                idle(net, 10);
            }),
            ("an alert", |net| {
                hello(net).server([21, 3, 3, 0, 2, 2, 40]).server_fin();
            }),
            ("an old client", |net| {
                call(net).client(old_hello()).wait(1).server_fin();
            }),
            ("the answer is not in the capture", |net| {
                let tcp = hello(net);
                tcp.skip(Side::Server, 1_200).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
