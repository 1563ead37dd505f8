//! The client does not say which host it wants, at a server that serves by name only.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::sni_missing as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{TlsHandshake, agreed, by_site, refusal_of_hello};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::tls::alert::{HANDSHAKE_FAILURE, UNRECOGNIZED_NAME};
use nrpcsniff_dissectors::tls::{TLS12, suite_name};

/// See [`ABOUT`].
pub(crate) struct SniMissing;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-sni-missing");

static ABOUT: About = About {
    id: ID,
    title: "The client does not name the host, and the server serves by name only",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A ClientHello without a server name (SNI) that is answered with unrecognized_name (112); or with handshake_failure (40) \
           although it offers cipher suites that servers of today take; or with access_denied (49) or internal_error (80) where the \
           same server serves others that name a host.",
    matters: "Load balancers, proxies and servers with several sites choose certificate and site by the name. Who calls by address, \
              or with a library of long ago, names none and is turned away, while browsers get in.",
    guards: &[
        "The ClientHello is cut, or the true name is encrypted: whether a name is in it is not known; silent.",
        "With others the server agreed on suites only that this client does not offer: another finding says so.",
        "The same client gets through without a name soon after: silent.",
        "handshake_failure, and nobody else is seen to get through with a name: medium confidence.",
        "A client that tries out what the server can (a scanner): silent.",
    ],
    remedy: &[
        "Let the client call the server by its host name: an address is never sent as a server name (settings of the client, of \
         the plug-in, of the health monitor).",
        "A proxy in front: nginx: proxy_ssl_server_name on and proxy_ssl_name HOST; HAProxy: sni on the server line; a health monitor \
         of a load balancer: server name in its TLS profile. Java: take jsse.enableSNIExtension=false out again.",
        "Or give the server a site and certificate for whoever names none: nginx: a default_server without ssl_reject_handshake; \
         HAProxy: no strict-sni; Domino 12 and later: TLS credentials for the host name of the server itself.",
    ],
    references: &[
        "RFC 6066 section 3 (server_name, unrecognized_name)",
        "RFC 9325 section 3.7 (SNI)",
        "nginx: ngx_http_ssl_module (ssl_reject_handshake)",
    ],
    explains: &[],
};

impl Rule for SniMissing {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let goes_on = |one: &TlsHandshake<'_>| case.tls().worked_after(case, one).is_some();
        let failed = case.tls().all().filter(|one| lacks_name(case, one) && !goes_on(one));
        by_site(failed).filter_map(|group| finding(case, &group)).collect()
    }
}

/// The server turned the client away, and what it lacks is a name.
pub(super) fn lacks_name(case: &Case<'_>, handshake: &TlsHandshake<'_>) -> bool {
    const ACCESS_DENIED: u8 = 49;
    const INTERNAL_ERROR: u8 = 80;
    if !handshake.names_nobody() || has_no_suite(case, handshake) {
        return false;
    }
    match refusal_of_hello(handshake).map(|(_, alert)| alert.code) {
        Some(UNRECOGNIZED_NAME) => true,
        Some(HANDSHAKE_FAILURE) => is_current(handshake),
        Some(ACCESS_DENIED | INTERNAL_ERROR) => served_host(case, handshake).is_some(),
        _ => false,
    }
}

/// With others the server agreed on suites, and on none that this client offers.
fn has_no_suite(case: &Case<'_>, handshake: &TlsHandshake<'_>) -> bool {
    let chosen = agreed(case, handshake.server());
    let offers = |suite| handshake.hello.content.real_suites().any(|offer| offer == suite);
    !chosen.is_empty() && !chosen.iter().any(|hello| offers(hello.suite))
}

/// It offers what servers of today take: TLS 1.2 or later, with a suite that is not on any list of weak ones.
fn is_current(handshake: &TlsHandshake<'_>) -> bool {
    let strong = |name: &str| name.contains("_GCM_") || name.contains("CHACHA20");
    let hello = handshake.hello.content;
    hello.highest() >= TLS12 && hello.real_suites().filter_map(suite_name).any(strong)
}

/// A host with which somebody got through at the same server.
fn served_host<'a>(case: &Case<'a>, handshake: &TlsHandshake<'a>) -> Option<&'a str> {
    case.tls().served(handshake.server())?.through.iter().find_map(TlsHandshake::host)
}

/// The alert `unrecognized_name` says it itself, and that others get through by name is the proof for any other alert.
fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (_, alert) = refusal_of_hello(first)?;
    let served = served_host(case, first);
    let (points, at_most) = match (alert.code, served) {
        (UNRECOGNIZED_NAME, _) => (35, Confidence::High),
        (_, Some(_)) => (30, Confidence::High),
        (_, None) => (0, Confidence::Medium),
    };
    let said =
        words::NoName { handshakes: handshakes(group)?, alert: alert.into(), served_host: served.map(str::to_owned) };
    let called = served.unwrap_or("its host name");
    let cure = format!(
        "Let {} call {} as {called}, and see that the name stands in its ClientHello.",
        said.handshakes.clients, said.handshakes.server
    );
    Some(failed(case, &ABOUT, 50, group).points(points).at_most(at_most).says(&said).remedy_first(cure))
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, call, get, get_from};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, none, one, says, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::Tls;

    const RULE: &str = "tls-sni-missing";

    /// A ClientHello that is set up so, and the alert that answers it.
    fn refused(net: &Network, tls: &Tls, alert: u8) {
        let tcp = call(net);
        tcp.client(tcp.tls_hello(tls)).server([21, 3, 3, 0, 2, 2, alert]).server_fin();
        net.wait(2_000);
    }

    fn nameless() -> Tls {
        Tls::v13(MEET).names_nobody()
    }

    #[test]
    fn the_server_misses_the_name() {
        let net = Network::new();
        refused(&net, &nameless(), 112);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["unrecognized_name (112)", "10.1.0.50", "10.1.0.22:443", "its host name"]);
    }

    #[test]
    fn an_alert_that_does_not_say_why_is_explained_by_others() {
        for alert in [40, 49, 80] {
            let net = Network::new();
            refused(&net, &nameless(), alert);
            get_from(&net, "10.1.0.51", &Tls::v13(MEET));
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High), "{alert}");
            says(&finding, &["With meet.example.com others get through", "as meet.example.com"]);
            none(&net, "tls-cipher");
        }
    }

    #[test]
    fn alone_it_is_less_sure() {
        let net = Network::new();
        refused(&net, &nameless(), 40);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
        none(&net, "tls-cipher");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("it names a host", |net| refused(net, &Tls::v13(MEET), 40)),
            ("the name is not served", |net| refused(net, &Tls::v13(MEET), 112)),
            ("it works without a name", |net| {
                refused(net, &nameless(), 40);
                get(net, &nameless());
            }),
            ("others agreed on another suite", |net| {
                refused(net, &Tls::v12(MEET).without_common_suite().names_nobody(), 40);
                let tcp = net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.22"), 443);
                let inside = tcp.tls(&Tls::v13(MEET));
                inside.client("GET / HTTP/1.1\r\nHost: meet.example.com\r\n\r\n").client_fin();
            }),
            ("an error of the server", |net| refused(net, &nameless(), 80)),
            ("the hello is cut", |net| {
                let tcp = call(net);
                let hello = tcp.tls_hello(&Tls::v13(MEET));
                let half = u32::try_from(hello.len() - 60).expect("a short hello");
                tcp.client(&hello[..60]).skip(nrpcsniff_samples::Side::Client, half);
                tcp.server([21, 3, 3, 0, 2, 2, 40]).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
