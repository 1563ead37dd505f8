//! One side speaks TLS and the other does not.

use crate::diagnose::evidence::sip::{answers, named, severity, show};
use crate::diagnose::words::path;
use crate::diagnose::words::sip::transport_mismatch::{self as words, Mismatch};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::SipExchange;
use crate::facts::sip::deadlines::{Deadlines, UnansweredRequest};
use crate::model::{CloseBy, Conversation, RuleId, Severity, Side, Transport};
use nrpcsniff_dissectors::{Message as Body, sip};

/// See [`ABOUT`].
pub(crate) struct TransportMismatch;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-transport-mismatch");

static ABOUT: About = About {
    id: ID,
    title: "One side speaks TLS on a SIP port and the other does not",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "SIP in clear on a TLS port (5061, 5081), or a TLS ClientHello on a port for clear SIP (5060, 5080), and no sensible \
           answer. Or a REGISTER that says TLS in its Via or Contact, comes in clear, and is not answered or called bad.",
    matters: "The two sides do not understand each other: no registration and no call.",
    guards: &[
        "The server answers in the same way as the client speaks: the port is only unusual, silent.",
        "TLS ends before this point (a load balancer) and the server answers: silent, also if it refuses for another reason.",
        "The capture ends before an answer was due: silent.",
    ],
    remedy: &[
        "Use the port that belongs to the transport: 5060 for UDP and TCP, 5061 for TLS (SIP Proxy and Registrar of Sametime: \
         5080 and 5081), the same in the client's settings and in DNS (SRV records _sip._tcp and _sips._tcp).",
        "Let the SIP channel of that port use TLS (WebSphere: SIP_PROXYREG_SECUREHOST and its transport chain), or not.",
        "A load balancer that ends TLS must speak to the server on its clear port, and the other way round.",
    ],
    references: &[
        "RFC 3261 section 18 (transport), 26.2 (TLS, SIPS)",
        "IANA: sip 5060, sips 5061",
        "RFC 8446 section 4.1.2 (ClientHello)",
    ],
    explains: &[
        super::status_408::ID,
        crate::diagnose::rules::nrpc::not_nrpc::ID,
        crate::diagnose::rules::tls::silent_close::ID,
        crate::diagnose::rules::tls::version::ID,
    ],
};

/// Ports on which SIP is expected inside TLS.
const TLS_PORTS: [u16; 2] = [5061, 5081];
/// A TLS handshake record begins like this (RFC 8446 section 5.1).
const HANDSHAKE: [u8; 2] = [0x16, 0x03];

impl Rule for TransportMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let on_ports = case.analysis.conversations.iter().filter_map(|c| Some((c, mismatch(case, c)?)));
        let groups = group_by(on_ports, |(c, kind)| (c.client.ip, c.server, *kind));
        let ports = groups.iter().filter_map(|group| on_port(group));
        ports.chain(claims(case)).collect()
    }
}

fn mismatch(case: &Case<'_>, c: &Conversation) -> Option<Mismatch> {
    let first = |side: Side| c.first_bytes[side].as_ref().map(|first| first.bytes.as_slice());
    let is_sip = |side: Side| c.messages.iter().any(|m| m.from == side && matches!(m.body, Body::Sip(_)));
    let client = first(Side::Client).filter(|_| c.transport == Transport::Tcp)?;
    let server = first(Side::Server).unwrap_or_default();
    let clear_ports = sip::PROTOCOL.tcp_ports;
    let failed = is_over(case, c);
    if TLS_PORTS.contains(&c.server.port) && is_sip(Side::Client) && !client.starts_with(&HANDSHAKE) {
        return (!is_sip(Side::Server) && failed).then_some(Mismatch::PlainToTls);
    }
    let tls = client.starts_with(&HANDSHAKE) && clear_ports.contains(&c.server.port);
    let answers_tls = matches!(server, [0x14..=0x17, 0x03, ..]);
    (tls && !answers_tls && failed).then_some(Mismatch::TlsToPlain)
}

/// The server said something else, hung up, or let the time for an answer pass.
fn is_over(case: &Case<'_>, c: &Conversation) -> bool {
    let waited = case.end().since(c.first.time) >= case.settings.thresholds.reply_timeout;
    c.bytes.server > 0 || c.teardown.by == CloseBy::Server || (waited && c.packets.server > 0)
}

fn on_port(group: &[(&Conversation, Mismatch)]) -> Option<Draft> {
    let (c, kind) = group.first()?;
    let said = words::NotAlike { server: c.server, client: c.client.ip, count: group.len(), mismatch: *kind };
    let mut draft = Draft::new(&ABOUT, READ_BYTES).retry(group.len() > 1).seen_in(group.len());
    for (c, _) in group {
        draft = draft.conversation(c);
        if let Some(first) = &c.first_bytes.client {
            draft = draft.packet(first.at, format!("{}: the client {}", path(c), kind.speaks()));
        }
        draft = match (&c.first_bytes.server, c.teardown.at) {
            (Some(first), _) => draft.packet(first.at, "the server answers something else"),
            (None, Some(at)) => draft.packet(at, "closed without an answer"),
            (None, None) => draft.absence("no answer"),
        };
    }
    Some(draft.says(&said))
}

/// Score of a finding that rests on the first bytes of a connection.
const READ_BYTES: i32 = 80;

/// Requests that say TLS and come in clear, and fail because of it.
fn claims(case: &Case<'_>) -> Vec<Draft> {
    let deadlines = Deadlines::new(case);
    let registers = case.sip().registrations().flat_map(|series| series.exchanges);
    let claims = registers.filter_map(|exchange| Some((exchange, claim(exchange)?)));
    let failed = claims.filter_map(|(exchange, says)| {
        let missed = deadlines.missed(exchange);
        let bad = matches!(exchange.status(), Some(400 | 416));
        (bad || missed.is_some()).then_some((exchange, says, missed))
    });
    let groups = group_by(failed, |(exchange, says, _)| (exchange.client().ip, exchange.server(), *says));
    groups.iter().filter_map(|group| claimed(case, group)).collect()
}

/// Where a request in clear says TLS, if it does.
fn claim(exchange: &SipExchange<'_>) -> Option<&'static str> {
    let request = exchange
        .request()
        .filter(|request| request.conversation.is(&sip::PROTOCOL) && is_clear(request.conversation))?
        .sip;
    let tls = |uri: &sip::Uri| {
        uri.scheme == "sips" || uri.params.iter().any(|(n, v)| n == "transport" && v.as_deref() == Some("tls"))
    };
    let via = request.vias.len() == 1 && request.vias.iter().any(|via| via.transport.eq_ignore_ascii_case("TLS"));
    let contact = request.contacts.iter().any(|contact| tls(&contact.uri));
    match (via, contact) {
        (true, _) => Some("Via"),
        (false, true) => Some("Contact"),
        (false, false) => None,
    }
}

/// The bytes on the wire were SIP themselves, not something decrypted.
fn is_clear(c: &Conversation) -> bool {
    let handshake = |side: Side| c.first_bytes[side].as_ref().is_some_and(|first| first.bytes.starts_with(&HANDSHAKE));
    !handshake(Side::Client) && !handshake(Side::Server)
}

fn claimed(
    case: &Case<'_>,
    group: &[(&SipExchange<'_>, &'static str, Option<UnansweredRequest<'_>>)],
) -> Option<Draft> {
    let (first, header, _) = group.first()?;
    let all: Vec<&SipExchange<'_>> = group.iter().map(|(exchange, ..)| *exchange).collect();
    let mut draft = Draft::new(&ABOUT, 60).retry(all.len() > 1).severity(severity(case, &all));
    for exchange in &all {
        draft = named(draft, exchange);
    }
    draft = show(draft, first);
    let said = words::ClaimsTls {
        server: first.server(),
        user: first.target(),
        client: first.client().ip,
        count: all.len(),
        transport: first.request()?.conversation.transport,
        header,
        answers: answers(&[first]),
    };
    Some(draft.says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, RuleId, Severity};
    use crate::testing::{Story, findings, idle, phone, register, says, the_one, told};
    use nrpcsniff_samples::{Network, Tcp, other, sip};

    const RULE: &str = "sip-transport-mismatch";

    fn connect(net: &Network, port: u16) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), port)
    }

    fn hello(tcp: &Tcp) {
        tcp.client(other::client_hello("sip.example.com", &mut nrpcsniff_samples::SplitMix64::new(7)));
    }

    #[test]
    fn clear_text_on_the_port_for_tls() {
        let found = told(RULE, |net| {
            let tcp = connect(net, 5061);
            tcp.client(sip::Phone::over(&tcp, "ann@example.com").register()).server_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(finding, &["SIP in clear", "port 5061 of 10.1.0.9"]);
    }

    #[test]
    fn tls_on_the_port_for_clear_text() {
        for answer in [&b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], b""] {
            let found = told(RULE, |net| {
                let tcp = connect(net, 5060);
                hello(&tcp);
                tcp.server(answer).server_fin();
            });
            assert_eq!(the_one(&found).severity, Severity::Blocker);
            says(the_one(&found), &["TLS ClientHello", "port 5060 of 10.1.0.9"]);
        }
    }

    #[test]
    fn a_register_that_says_tls_in_clear_and_is_called_bad() {
        let found = told(RULE, |net| {
            let tcp = connect(net, 5060);
            let request = sip::Phone::over(&tcp, "ann@example.com").transport("TLS").register();
            tcp.client(&request).server(request.response(400));
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
        says(the_one(&found), &["says TLS in its Via", "400 Bad Request"]);
    }

    #[test]
    fn it_explains_that_nothing_is_answered() {
        let net = Network::new();
        let tcp = connect(&net, 5060);
        tcp.client(sip::Phone::over(&tcp, "ann@example.com").transport("TLS").register());
        idle(&net, 60);
        let sip: Vec<_> = findings(&net.to_pcapng()).into_iter().filter(|f| f.rule.starts_with("sip-")).collect();
        assert_eq!((the_one(&sip).rule.as_str(), the_one(&sip).also.as_slice()), (RULE, &[RuleId::new("sip-408")][..]));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("accepted", |net| register(&phone(net))),
            ("5061 in clear, and the server is content", |net| {
                let tcp = connect(net, 5061);
                let request = sip::Phone::over(&tcp, "ann@example.com").register();
                tcp.client(&request).server(request.response(200).contact_of(&request));
            }),
            ("TLS on 5060, and the server answers it", |net| {
                let tcp = connect(net, 5060);
                hello(&tcp);
                tcp.server([0x16, 3, 3, 0, 4, 2, 0, 0, 0]).server_fin();
            }),
            ("TLS ends before this point", |net| {
                let tcp = connect(net, 5060);
                let request = sip::Phone::over(&tcp, "ann@example.com").transport("TLS").register();
                tcp.client(&request).server(request.response(200).contact_of(&request));
            }),
            ("TLS ends before this point, and the user is forbidden", |net| {
                let tcp = connect(net, 5060);
                let request = sip::Phone::over(&tcp, "ann@example.com").transport("TLS").register();
                tcp.client(&request).server(request.response(403));
            }),
            ("the capture ends at once", |net| {
                hello(&connect(net, 5060));
            }),
            ("the capture ends at once on 5061", |net| {
                let tcp = connect(net, 5061);
                tcp.client(sip::Phone::over(&tcp, "ann@example.com").register());
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
