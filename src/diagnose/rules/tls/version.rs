//! Client and server have no version of TLS in common.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::version as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, agreed, by_site, refusal_of_hello};
use crate::model::{CloseBy, Confidence, Message, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::alert::{HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY, PROTOCOL_VERSION};
use nrpcsniff_dissectors::tls::{Alert, TLS12, version_name};

/// See [`ABOUT`].
pub(crate) struct Version;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-version");

static ABOUT: About = About {
    id: ID,
    title: "Client and server have no TLS version in common",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The alert protocol_version (70) in answer to a hello; or a ClientHello that offers TLS 1.1 at most, or has the form of SSL 2.0, and is answered with \
           handshake_failure, or closed without a word.",
    matters: "Servers of today begin with TLS 1.2 (Domino 12 and later: TLS 1.0 is off); clients of long ago (Java 6 and 7, \
              Sametime 8.5, WebSphere 8.0 as installed) end with TLS 1.0.",
    guards: &[
        "The same client gets through to the same host soon after: it tries its versions one by one; silent.",
        "A client that tries out what the server can (a scanner): silent.",
        "A server that closes without a word may have another reason: medium confidence.",
        "Bytes are missing from the capture, or it ends too soon: silent.",
    ],
    remedy: &[
        "Let the older side use TLS 1.2: WebSphere: SSL configuration > Quality of protection > Protocol TLSv1.2; Java 7: \
         https.protocols and jdk.tls.client.protocols; Sametime clients: current release; Domino 9.0.1 FP4 and later.",
        "Only where the client cannot be changed, and for a time: allow the older version on the server. Domino 12 and \
         later: notes.ini SSL_ENABLE_TLS_10=1; Domino 9.0.1 FP3 to 11: take SSL_DISABLE_TLS_10=1 out again. Restart the server.",
    ],
    references: &[
        "RFC 8446 section 6.2, appendix D",
        "RFC 8996 (TLS 1.0 and 1.1 are deprecated)",
        "HCL KB0078972, as quoted at madicon.de, notes.ini parameters: SSL_DISABLE_TLS_10",
    ],
    explains: &[super::silent_close::ID],
};

impl Rule for Version {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let falls_back = |one: &TlsHandshake<'_>| case.tls().worked_after(case, one).is_some();
        let failed = case.tls().all().filter(|one| refused(one).is_some() && !falls_back(one));
        by_site(failed).filter_map(|group| finding(case, &group)).collect()
    }
}

/// How the other side refused the version.
struct VersionRefused {
    /// The alert; none if it closed at a hello of TLS 1.1 at most.
    alert: Option<words::Refusal>,
    /// What that is worth as a proof.
    points: i32,
    at_most: Confidence,
}

fn refused(handshake: &TlsHandshake<'_>) -> Option<VersionRefused> {
    let of_client = || handshake.refused_by(Side::Client);
    let told = |(message, alert): (&Message, Alert)| words::Refusal { alert: alert.into(), alert_from: message.from };
    let plain = refusal_of_hello(handshake).or_else(of_client).filter(|(_, alert)| alert.code == PROTOCOL_VERSION);
    if let Some(plain) = plain {
        return Some(VersionRefused { alert: Some(told(plain)), points: 40, at_most: Confidence::High });
    }
    if handshake.hello.content.highest() >= TLS12 || !handshake.is_whole() {
        return None;
    }
    match refusal_of_hello(handshake) {
        Some(other) => matches!(other.1.code, HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY).then(|| VersionRefused {
            alert: Some(told(other)),
            points: 20,
            at_most: Confidence::Medium,
        }),
        None if handshake.is_unanswered() && is_closed(handshake) => {
            Some(VersionRefused { alert: None, points: 0, at_most: Confidence::Medium })
        }
        None => None,
    }
}

fn is_closed(handshake: &TlsHandshake<'_>) -> bool {
    matches!(handshake.closed_by(), Some(CloseBy::Server | CloseBy::Middlebox))
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let VersionRefused { alert, points, at_most } = refused(first)?;
    let spoken = agreed(case, first.server()).iter().map(|hello| version_name(hello.version)).collect::<Vec<_>>();
    let said = words::NotTaken { handshakes: handshakes(group)?, offered: offered(first), refusal: alert };
    let (site, clients, offers) = (said.handshakes.site(), &said.handshakes.clients, said.offered.told());
    let cure = if first.has_whole_hello() && first.hello.content.highest() < TLS12 {
        format!("Bring {clients} to TLS 1.2 or later.")
    } else {
        format!("Let {site} speak {offers}, or {clients} what it speaks.")
    };
    let draft = failed(case, &ABOUT, 45, group).points(points).at_most(at_most).says(&said).remedy_first(cure);
    let draft = if group.iter().any(|one| one.hello.content.is_old_form) {
        draft.note("the hello has the form of SSL 2.0, which servers of today refuse whatever it offers (Java: take SSLv2Hello out)")
    } else {
        draft
    };
    Some(if spoken.is_empty() {
        draft
    } else {
        draft.note(format!("with others the server agreed on {}", spoken.join(" and ")))
    })
}

/// Of a hello that is cut nothing is known: the list of versions stands far behind.
fn offered(handshake: &TlsHandshake<'_>) -> words::Offered {
    let hello = handshake.hello.content;
    if !handshake.has_whole_hello() {
        return words::Offered { tls_versions: Vec::new(), is_upper_bound: false };
    }
    words::Offered {
        tls_versions: hello.offered().into_iter().map(version_name).collect(),
        is_upper_bound: hello.versions.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, fails, get, get_from, old_hello};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, one, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::Tls;

    const RULE: &str = "tls-version";

    #[test]
    fn the_server_says_so() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).without_common_version(), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["offers TLS 1.3", "protocol_version (70)"]);
    }

    #[test]
    fn an_old_client_that_is_refused_or_closed() {
        let net = Network::new();
        call(&net).tls_refuses(old_hello(), &Tls::v12(MEET));
        get_from(&net, "10.1.0.51", &Tls::v12(MEET));
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(&finding, &["TLS 1.0 at most", "handshake_failure (40)", "with others the server agreed on TLS 1.2"]);
        let found = told(RULE, |net| {
            call(net).client(old_hello()).wait(1).server_rst();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("it tries another version, which works", |net| {
                fails(net, &Tls::v12(MEET).without_common_version(), 1);
                get(net, &Tls::v12(MEET));
            }),
            ("another reason", |net| fails(net, &Tls::v12(MEET).without_common_suite(), 2)),
            ("a new client that is closed", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v12(MEET))).wait(1).server_fin();
            }),
            ("the client leaves", |net| {
                call(net).client(old_hello()).wait(1).client_fin();
            }),
            ("an old client that gets in", |net| {
                call(net).client(old_hello()).server([22, 3, 1, 0, 4, 14, 0, 0, 0]).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
