//! Somebody speaks another protocol to the Notes port.

use crate::diagnose::words::closer;
use crate::diagnose::words::nrpc::not_nrpc::{self as words, Sent};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Conversation, Endpoint, FirstBytes, RuleId, Setup, Severity};
use nrpcsniff_dissectors::nrpc;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct NotNrpc;

/// Fewer bytes than this may be the start of anything.
const ENOUGH: usize = 14;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-not-nrpc");

static ABOUT: About = About {
    id: ID,
    title: "Another protocol was spoken to the Notes port",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The first bytes that a client sends to port 1352 are TLS, HTTP or something else, and the server does not \
           answer them.",
    matters: "Mostly a scanner or a health check with the wrong protocol: harmless. If a Notes workstation does it, \
              again and again, something on it or on the way wraps its traffic, and it cannot work.",
    guards: &[
        "The server answers in that protocol: then another service listens there; silent.",
        "The start of the conversation is not in the capture, or fewer than 14 bytes were seen: silent.",
        "Severity is information, unless the same client speaks NRPC elsewhere, names a server there, and tries at \
         least twice.",
    ],
    remedy: &[
        "Scanner or monitor: exclude the Notes port, or ignore it. A load balancer's health check for NRPC should only \
         open and close the port, or send a session request.",
        "Notes workstation: remove the proxy or TLS wrapper between client and server, and check the port of the \
         Connection document.",
    ],
    references: &["IANA: lotusnote 1352/tcp", "RFC 8446 section 5.1 (TLS record), RFC 9112 (HTTP/1.1)"],
    explains: &[crate::diagnose::rules::tls::silent_close::ID, crate::diagnose::rules::tls::version::ID],
};

impl Rule for NotNrpc {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let mut groups: BTreeMap<(IpAddr, Endpoint), Vec<ForeignSession<'_>>> = BTreeMap::new();
        for conversation in &case.analysis.conversations {
            if let Some(foreign) = ForeignSession::of(conversation) {
                groups.entry((conversation.client.ip, conversation.server)).or_default().push(foreign);
            }
        }
        groups.values().filter_map(|group| finding(case, group)).collect()
    }
}

/// A conversation with the Notes port in another protocol.
struct ForeignSession<'a> {
    conversation: &'a Conversation,
    first: &'a FirstBytes,
    sent: Sent,
}

impl<'a> ForeignSession<'a> {
    fn of(conversation: &'a Conversation) -> Option<Self> {
        let c = conversation;
        let first = c.first_bytes.client.as_ref()?;
        let here = nrpc::PROTOCOL.tcp_ports.contains(&c.server.port) && !c.is(&nrpc::PROTOCOL);
        let whole = c.setup == Setup::Handshake && !c.roles_guessed;
        let unanswered = c.bytes.server == 0 && c.tcp.acked_unseen.server == 0;
        let sent = sent(&first.bytes)?;
        (here && whole && unanswered).then_some(Self { conversation, first, sent })
    }
}

/// What the first bytes of a client are, if they are enough to tell that they are not NRPC.
fn sent(bytes: &[u8]) -> Option<Sent> {
    const METHODS: &[&[u8]] = &[b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"PUT ", b"PRI * HTTP"];
    if bytes.starts_with(&[0x16, 3]) && bytes.get(2).is_some_and(|&minor| minor <= 4) {
        Some(Sent::Tls)
    } else if METHODS.iter().any(|method| bytes.starts_with(method)) {
        Some(Sent::Http)
    } else if bytes.starts_with(b"SSH-") {
        Some(Sent::Ssh)
    } else {
        (bytes.len() >= ENOUGH).then_some(Sent::Other)
    }
}

/// A known protocol gives 40 points, bytes of no known form 15. A client that speaks Notes elsewhere makes it more than
/// a probe, because then something rewrites its traffic.
fn finding(case: &Case<'_>, group: &[ForeignSession<'_>]) -> Option<Draft> {
    let first = group.first()?;
    let (client, server) = (first.conversation.client.ip, first.conversation.server);
    let workstation = group.len() >= 2 && case.of_client(client).any(|talk| is_notes_client(talk, server));
    let sure = group.iter().any(|foreign| foreign.sent != Sent::Other);
    let mut draft = Draft::new(&ABOUT, 35)
        .points(if sure { 40 } else { 15 })
        .seen_in(group.len())
        .says(&words::Foreign { server, client, count: group.len(), sent: kinds(group), is_notes_client: workstation })
        .remedy_first(if workstation {
            format!("Find out on {client} which proxy, VPN or security program wraps traffic to {server}.")
        } else {
            format!("Find out what runs on {client}; if it is a monitor, give it the right protocol for {server}.")
        });
    if !workstation {
        draft = draft.severity(Severity::Info);
    }
    for foreign in group {
        draft = draft.conversation(foreign.conversation);
    }
    for foreign in group.iter().take(4) {
        draft = draft.packet(foreign.first.at, format!("the client begins with {}", foreign.sent.name()));
        if let Some(at) = foreign.conversation.teardown.at {
            draft = draft.packet(at, closer(&foreign.talk()));
        }
    }
    Some(draft)
}

impl<'a> ForeignSession<'a> {
    fn talk(&self) -> Talk<'a> {
        Talk { conversation: self.conversation, request: None, response: None }
    }
}

/// A session of a real Notes client: it names a server or gets past the opening. A scanner does neither.
fn is_notes_client(talk: &Talk<'_>, spared: Endpoint) -> bool {
    talk.conversation.server != spared && talk.request.is_some() && talk.wanted().is_some()
}

/// What the connections of a group began with, each once.
fn kinds(group: &[ForeignSession<'_>]) -> Vec<Sent> {
    let all = [Sent::Tls, Sent::Http, Sent::Ssh, Sent::Other];
    all.into_iter().filter(|kind| group.iter().any(|foreign| foreign.sent == *kind)).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_samples::{Network, SplitMix64, Tcp, other};

    const RULE: &str = "nrpc-not-nrpc";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn hello() -> Vec<u8> {
        other::client_hello("mail01.example.net", &mut SplitMix64::new(7))
    }

    #[test]
    fn says_what_was_spoken() {
        type Story = (Vec<u8>, &'static str, Confidence);
        let stories: [Story; 4] = [
            (hello(), "a TLS ClientHello", Confidence::High),
            (other::http_get("mail01", "/"), "an HTTP request", Confidence::High),
            (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "an SSH banner", Confidence::High),
            (vec![0x42; 40], "bytes that are not a Notes session request", Confidence::Medium),
        ];
        for (bytes, words, confidence) in stories {
            let found = told(RULE, |net| {
                connect(net).client(&bytes).wait(1).server_fin();
            });
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Info, confidence), "{words}");
            assert!(finding.title.contains(words) && finding.title.contains("10.1.0.9:1352"));
            assert_eq!(finding.frames.first().map(|frame| frame.number), Some(4));
            assert!(text(finding).contains("the server closed with FIN"));
        }
    }

    #[test]
    fn a_notes_workstation_that_cannot_work_is_a_blocker() {
        let found = told(RULE, |net| {
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.19"), 1352).works(MAIL, 2).client_fin();
            for second in [5, 10] {
                net.at(second * 1000);
                connect(net).client(hello()).wait(1).server_rst();
            }
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
        assert_eq!(the_one(&found).conversations, [1, 2]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("NRPC", |net| {
                connect(net).works(MAIL, 2).client_fin();
            }),
            ("another service listens there", |net| {
                connect(net).client(hello()).server([0x16, 3, 3, 0, 2, 2, 0]).client_fin();
            }),
            ("the start is not in the capture", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).midstream();
                tcp.client([0x42; 40]).client_fin();
            }),
            ("too little was said", |net| {
                connect(net).client([0xd8, 0, 0]).client_fin();
            }),
            ("another port", |net| {
                net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 443).client(hello()).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
