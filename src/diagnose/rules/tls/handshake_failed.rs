//! A TLS handshake that failed, with an alert that no other rule knows, or without one.

use crate::diagnose::evidence::attempts::{alike, draft};
use crate::diagnose::words::Failure;
use crate::diagnose::words::tls::handshake_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::facts::tls::TlsHandshake;
use crate::model::{Attempt, AttemptKind, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::{TLS12, suite_shown, version_name};

/// See [`ABOUT`].
pub(crate) struct HandshakeFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-handshake-failed");

static ABOUT: About = ENTRY;

/// At a server that has no part in a sign-on, as far as can be read.
static ELSEWHERE: About = About { severity: Severity::Major, ..ENTRY };

const ENTRY: About = About {
    id: ID,
    title: "A TLS handshake failed",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A fatal alert of either side that no other rule knows; or a ClientHello without an answer; or a close of the server \
           in the middle of the handshake.",
    matters: "Nothing is said inside: no login, no registration, no page.",
    guards: &[
        "Any other finding about the handshake explains it: not told by itself.",
        "A client that leaves in the middle without a word has changed its mind; a server that hangs up on a client which has \
         fallen silent only tidies up: silent.",
        "Farewells (close_notify, user_canceled) are no refusals.",
        "The same client gets through soon after: it tries one offer after the other; silent. It gets through later: major.",
        "A server without a part in the sign-on: major, and one line among others where a sign-on is seen.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "The log of the side that sent the alert says what it did not like: Java and WebSphere: javax.net.debug=ssl:handshake; \
         Domino: notes.ini DEBUG_SSL_HANDSHAKE=2; OpenSSL: s_client -connect SERVER -servername HOST -msg.",
        "Try what works elsewhere: another version, another group or signature (openssl s_client -tls1_2, -groups, -sigalgs).",
        "No answer at all: is the service behind the port up, and does something on the path inspect TLS?",
    ],
    references: &["RFC 8446 section 6.2 (alerts)", "RFC 5246 section 7.2.2"],
    explains: &[],
};

impl Rule for HandshakeFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let unmended = lost.of(AttemptKind::Tls).filter(|attempt| attempt.mended.is_none());
        alike(unmended).iter().filter_map(|group| finding(case, lost, group)).collect()
    }
}

fn finding(case: &Case<'_>, lost: &Lost<'_>, group: &[&Attempt]) -> Option<Draft> {
    let first = group.first()?;
    let of_sign_on = case.peers().has(first.server, first.asked.as_deref());
    let chosen = case.tls().all().find(|one| first.conversations.contains(&one.conversation.id)).and_then(chosen);
    let said = words::FailedHandshakes { failure: Failure::of(group)?, chosen };
    let draft = draft(case, if of_sign_on { &ABOUT } else { &ELSEWHERE }, lost, group).says(&said);
    Some(match said.cure() {
        Some(cure) => draft.remedy_first(cure),
        None => draft,
    })
}

/// What the server chose, and whether it is what a client of today refuses.
fn chosen(handshake: &TlsHandshake<'_>) -> Option<words::Chosen> {
    let answer = handshake.answer?.content;
    let refused_after = handshake.refused_by(Side::Client).is_some();
    Some(words::Chosen {
        tls_version: version_name(answer.version),
        cipher_suite: suite_shown(answer.suite),
        is_too_old: refused_after && answer.version < TLS12,
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::StringType::Utf8;
    use nrpcsniff_samples::tls::{Presents, Tls, flight_of};

    const RULE: &str = "tls-handshake-failed";

    /// A ClientHello, what the server answers, and the client's alert.
    fn refused(net: &Network, flight: &[u8], alert: u8) {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(&Tls::v12(MEET))).server(flight).client([21, 3, 3, 0, 2, 2, alert]).client_rst();
        net.wait(1_000);
    }

    /// What a server shows that chose TLS 1.0.
    fn old_flight() -> Vec<u8> {
        let mut flight = flight_of(MEET, Utf8);
        flight[10] = 1;
        flight
    }

    #[test]
    fn an_alert_that_nobody_else_knows_is_told_by_its_name() {
        let found = told(RULE, |net| {
            for _ in 0..3 {
                refused(net, &flight_of(MEET, Utf8), 80);
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(finding, &["refused (internal_error (80) of the client)", "3 attempts", "meet.example.com", "TLS 1.2"]);
    }

    #[test]
    fn a_version_of_long_ago_is_named_as_what_the_client_refuses() {
        let found = told(RULE, |net| refused(net, &old_flight(), 80));
        says(the_one(&found), &["TLS 1.0", "Let 10.1.0.22:443 speak TLS 1.2"]);
    }

    #[test]
    fn a_server_of_the_sign_on_is_worse() {
        let found = told(RULE, |net| {
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 1352).works("CN=Mail01/O=Acme", 3);
            refused(net, &flight_of(MEET, Utf8), 51);
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
        says(the_one(&found), &["decrypt_error (51)"]);
    }

    #[test]
    fn a_hello_that_nobody_answers() {
        let found = told(RULE, |net| {
            let tcp = call(net);
            tcp.client(tcp.tls_hello(&Tls::v12(MEET)));
            idle(net, 20);
        });
        says(the_one(&found), &["unanswered"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("it works", |net| get(net, &Tls::v12(MEET))),
            ("it works at the next try", |net| {
                refused(net, &flight_of(MEET, Utf8), 80);
                get(net, &Tls::v12(MEET));
            }),
            ("another rule knows it", |net| fails(net, &Tls::v12(MEET).presents(Presents::ChainCut), 2)),
            ("the server closes at the hello", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v12(MEET))).server_fin();
            }),
            ("a farewell", |net| refused(net, &flight_of(MEET, Utf8), 0)),
            ("the client leaves", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v13(MEET))).client_fin();
            }),
            ("the server tidies up after a client that is silent", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v12(MEET))).server(flight_of(MEET, Utf8)).wait(60_000).server_fin();
            }),
            ("bytes are missing", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v12(MEET))).skip(nrpcsniff_samples::Side::Server, 900);
                tcp.server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
