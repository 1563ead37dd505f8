//! Conversations whose content cannot be read.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Concerned, Example, encrypted as words};
use crate::diagnose::words::{path, sealed};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Conversation, Message, Property, RuleId, Setup, Severity};
use nrpcsniff_dissectors::tls::Why;
use nrpcsniff_dissectors::{Message as Body, nrpc};
use std::collections::BTreeMap;

/// See [`ABOUT`].
pub(crate) struct Encrypted;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-encrypted");

static ABOUT: About = About {
    id: ID,
    title: "Content that cannot be read",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "TLS records that no key opens, with the reason: no-keys-given, not-in-keylog, handshake-not-captured, \
           forward-secrecy-with-rsa-key, wrong-key, resumed-without-secret, unsupported-cipher or gap. And NRPC messages behind \
           the opening whose layout is not known: port encryption, compression, or a release that nobody has described.",
    matters: "Cookies, tokens, logins, redirects and statuses inside TLS cannot be judged, nor users, databases and statuses \
              behind the opening of NRPC; opening, timing and teardown are. A refusal that was sent encrypted shows only as a \
              close.",
    guards: &[
        "Headers are readable: the sealed payload of the authentication is in every NRPC session.",
        "The beginning of an NRPC session or bytes on the way are missing from the capture: then that is why, and another \
         finding says so.",
        "TLS that failed before anything was sent inside has nothing to hide: silent.",
        "The handshake, or a record before it, was cut by the snap length: see cap-truncated.",
    ],
    remedy: &[sealed::BROWSER, sealed::JAVA, sealed::WEBSPHERE, sealed::DOMINO, LOGS, IN_CLEAR],
    references: &[
        "HCL Domino: Encrypting NRPC communication on a server port",
        "draft-ietf-tls-keylogfile: The SSLKEYLOGFILE Format for TLS",
    ],
    explains: &[],
};

/// What to do where NRPC cannot be read.
const LOGS: &str = "NRPC: look at the server's log and the client's trace (File > Preferences > Notes Ports > Trace) at the same time.";
const IN_CLEAR: &str =
    "NRPC, in a test: switch \"Encrypt network data\" off on the port of client and server, and capture again.";

impl Rule for Encrypted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let opaque = case.nrpc().filter_map(|talk| Some((talk, first_opaque(talk)?)));
        let all_nrpc = case.nrpc().count() + case.let_go(Property::Nrpc).conversations;
        let nrpc = finding(all_nrpc, case.let_go(Property::Opaque).conversations, &opaque.collect::<Vec<_>>());
        let mut sealed: BTreeMap<Why, Vec<&Conversation>> = BTreeMap::new();
        let conversations = &case.analysis.conversations;
        for (c, why) in conversations.iter().filter_map(|c| Some((c, c.tls?.why_opaque?))).filter(|&of| !is_cut(of)) {
            sealed.entry(why).or_default().push(c);
        }
        let all = conversations.iter().filter(|c| c.tls.is_some()).count() + case.let_go(Property::Tls).conversations;
        nrpc.into_iter()
            .chain(
                sealed
                    .iter()
                    .map(|(why, of)| sealed_records(*why, of, all, case.let_go(Property::Sealed(*why)).conversations)),
            )
            .collect()
    }
}

/// The handshake is missing because frames were cut: another finding says so.
fn is_cut((c, why): (&Conversation, Why)) -> bool {
    c.tcp.cut_frames > 0 && matches!(why, Why::HandshakeNotCaptured | Why::Gap)
}

/// The finding on conversations whose TLS records stay closed for one reason.
fn sealed_records(why: Why, of: &[&Conversation], all: usize, gone: usize) -> Draft {
    let draft = of.iter().fold(Draft::new(&ABOUT, 90), |draft, c| draft.conversation(c));
    let draft = draft
        .says(&words::Sealed {
            concerned: Concerned { count: of.len() + gone, conversation_count: all },
            why_opaque: why,
            opened_in_part: of.iter().all(|c| c.over_tls),
        })
        .remedies(sealed::remedies(why).iter().copied());
    each_of(draft, of, gone, "conversations", |draft, c| {
        let (at, what) = sealed::shown(c);
        draft.packet(at, what)
    })
}

/// The first message without a readable header, where nothing in the capture is to blame for it.
pub(super) fn first_opaque<'a>(talk: &Talk<'a>) -> Option<(&'a Message, &'a nrpc::Opaque)> {
    // A whole frame of the session layer is authentication in a form that is not published: every session has it.
    let c = talk.conversation;
    let whole = c.setup == Setup::Handshake && c.tcp.cut_frames == 0 && c.quality.gaps == 0 && c.given_up.is_none();
    c.messages.iter().filter(|_| whole).find_map(|message| match &message.body {
        Body::Nrpc(nrpc::Message { body: nrpc::Body::Opaque(opaque), incomplete: false, .. }) if !opaque.framed => {
            Some((message, opaque))
        }
        _ => None,
    })
}

fn finding(all: usize, gone: usize, opaque: &[(&Talk<'_>, (&Message, &nrpc::Opaque))]) -> Option<Draft> {
    let (first, (message, _)) = opaque.first()?;
    let draft = Draft::new(&ABOUT, 80)
        .conversations_of(opaque.iter().map(|(talk, _)| *talk))
        .remedies([LOGS, IN_CLEAR])
        .says(&words::Opaque {
            concerned: Concerned { count: opaque.len() + gone, conversation_count: all },
            example: Example::of(first.conversation, message.at.time),
        });
    Some(each_of(draft, opaque, gone, "conversations", |draft, (talk, (message, opaque))| {
        let why = if opaque.why.is_empty() { "unknown layout" } else { opaque.why };
        draft.packet(message.at, format!("{}: from message {} on ({why})", path(talk.conversation), message.n))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Network, Tcp, nrpc, other};

    const RULE: &str = "cap-encrypted";
    const NAME: &str = "CN=Mail01/O=Acme";

    #[test]
    fn messages_behind_the_opening_that_cannot_be_read() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.session(NAME, NAME);
        for _ in 0..4 {
            tcp.wait(20).client(nrpc::sealed(&net.random(150))).server(nrpc::sealed(&net.random(300)));
        }
        tcp.client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, conversations(&finding)), (Severity::Info, vec![0]));
        says(&finding, &["1 of 1 NRPC conversation", "from message 3 on", "10.2.0.9:1352"]);
    }

    #[test]
    fn what_can_be_read_is_not_mentioned() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works(NAME, 5).client_fin();
        none(&net, RULE);
    }

    /// A TLS record of that type.
    fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3][..], &length, fragment].concat()
    }

    /// A ServerHello of TLS 1.2 that chose that suite.
    fn server_hello(suite: u16) -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0], &suite.to_be_bytes(), &[0]].concat();
        record(22, &[&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat())
    }

    fn tls(net: &Network, suite: u16) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.80"), 443);
        tcp.client(other::client_hello("meet.acme.example", &mut net.generator(7))).server(server_hello(suite));
        tcp
    }

    #[test]
    fn tls_without_a_key_says_how_to_get_one() {
        let net = Network::new();
        for _ in 0..2 {
            tls(&net, 0xC030).client(record(23, &[1; 60])).server(record(23, &[2; 600])).client_fin();
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, conversations(&finding)), (Severity::Info, vec![0, 1]));
        says(
            &finding,
            &[
                "2 of 2 TLS conversations cannot be read: no key was given",
                "(no-keys-given)",
                "for meet.acme.example, TLS 1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 2 records closed, client random",
                "SSLKEYLOGFILE",
                "-javaagent:",
                "openssl pkcs12 -in PROFILE",
                "kyrtool show keys",
            ],
        );
    }

    #[test]
    fn each_reason_is_a_finding_of_its_own() {
        let net = Network::new();
        tls(&net, 0x0041).client(record(23, &[1; 60])).client_fin();
        // The capture began late.
        let late = net.dial(&net.host("10.1.0.51"), &net.host("10.1.0.80"), 443).midstream();
        late.client(record(23, &[1; 60])).server(record(23, &[2; 600])).client_fin();
        let found = crate::testing::of(&net, RULE);
        assert_eq!(found.len(), 2);
        says(&found[1], &["(handshake-not-captured)", "Start the capture first"]);
        says(&found[0], &["(unsupported-cipher)", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "allow only AES-GCM"]);
    }

    #[test]
    fn tls_that_failed_before_anything_was_sealed_has_nothing_to_hide() {
        let net = Network::new();
        tls(&net, 0xC030).client(record(21, &[2, 48])).client_fin();
        none(&net, RULE);
    }
}
