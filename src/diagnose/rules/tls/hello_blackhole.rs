//! A ClientHello that fills more than one segment is never answered.

use crate::diagnose::evidence::tls::{failed, handshakes};
use crate::diagnose::words::tls::hello_blackhole as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::statistics::seconds;
use crate::facts::tls::{TlsHandshake, by_site};
use crate::model::{Confidence, RuleId, Severity, Side, Unanswered};

/// See [`ABOUT`].
pub(crate) struct HelloBlackhole;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tls-hello-blackhole");

static ABOUT: About = About {
    id: ID,
    title: "A large ClientHello is never answered",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "A ClientHello that fills more than one segment, is sent again and again, and is never answered; or is acknowledged and not \
           answered for 5 seconds.",
    matters: "Browsers and libraries of today send a ClientHello of more than 1400 bytes (key shares for post-quantum key exchange, \
              ECH). Paths that drop large packets and devices that expect it in one segment swallow it: the page hangs, while older \
              clients work.",
    guards: &[
        "A ClientHello that fits one segment: then it is not its size; silent.",
        "Small ones to the same server are not answered either: the server or the path is down; silent.",
        "The server said anything at all, or the capture ends before an answer was due: silent.",
        "Acknowledged, but not answered: the server may hang; medium confidence at most.",
    ],
    remedy: &[
        "Clamp the MSS on the VPN or tunnel, and let ICMP \"fragmentation needed\" (type 3 code 4) and \"packet too big\" (ICMPv6 \
         type 2) through.",
        "Bring firewall, load balancer and TLS inspection to a release that takes a ClientHello in several segments.",
        "As a test: switch the large key share off (Chrome and Edge: policy PostQuantumKeyAgreementEnabled; Java, OpenSSL: groups \
         without X25519MLKEM768). If it works then, it is the size.",
    ],
    references: &[
        "RFC 8446 section 4.1.2",
        "draft-ietf-tls-ecdhe-mlkem (X25519MLKEM768)",
        "RFC 2923 2.1 (black holes)",
    ],
    explains: &[crate::diagnose::rules::tcp::mtu_blackhole::ID, crate::diagnose::rules::tcp::loss::ID],
};

impl Rule for HelloBlackhole {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let swallowed = case.tls().all().filter(|one| one.is_large() && swallowed(case, one).is_some());
        by_site(swallowed).filter_map(|group| finding(case, &group)).collect()
    }
}

/// What became of a ClientHello without an answer.
enum LostHello<'a> {
    /// It was repeated and never acknowledged.
    Repeated(&'a Unanswered),
    /// It was acknowledged, and nothing followed for so many seconds.
    Acknowledged(f64),
}

fn swallowed<'a>(case: &Case<'a>, handshake: &TlsHandshake<'a>) -> Option<LostHello<'a>> {
    let c = handshake.conversation;
    if !handshake.is_unanswered() || !handshake.is_whole() {
        return None;
    }
    let repeated = c.tcp.unanswered.as_ref().filter(|u| u.from == Side::Client);
    if let Some(repeated) = repeated {
        return (repeated.tries >= case.settings.thresholds.stuck_tries).then_some(LostHello::Repeated(repeated));
    }
    let waited = case.watched_until(c).since(handshake.hello.at().time);
    (waited >= case.settings.thresholds.reply_timeout).then_some(LostHello::Acknowledged(waited.as_secs_f64()))
}

/// A smaller ClientHello that was answered proves that the size matters; where small ones are not answered either, it
/// is silent.
fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let served = case.tls().served(first.server())?;
    if served.small.is_none() && served.small_unanswered {
        return None;
    }
    let small = served.small;
    let (points, at_most, fate) = match swallowed(case, first)? {
        LostHello::Repeated(u) => {
            let repeated_for_s = seconds(u.last.since(u.first));
            (20, Confidence::High, words::HelloFate::Repeated { repetitions: u.tries, repeated_for_s })
        }
        LostHello::Acknowledged(waited_s) => (0, Confidence::Medium, words::HelloFate::Acknowledged { waited_s }),
    };
    let said = words::Swallowed { handshakes: handshakes(group)?, hello_bytes: first.hello.message.length, fate };
    let draft = failed(case, &ABOUT, 45, group)
        .points(points)
        .points(if small.is_some() { 20 } else { 0 })
        .at_most(if small.is_some() { at_most } else { Confidence::Medium })
        .says(&said);
    Some(match small {
        Some(small) => draft.packet(
            small.hello.at(),
            format!("{} got an answer to a ClientHello of {} bytes", small.client(), small.hello.message.length),
        ),
        None => draft.absence("no smaller ClientHello to the same server to compare with"),
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, get, get_from};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, one, says, told};
    use nrpcsniff_samples::tls::Tls;
    use nrpcsniff_samples::{Network, Side, Tcp};

    const RULE: &str = "tls-hello-blackhole";

    fn large(net: &Network) -> (Tcp, Vec<u8>) {
        let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443).mss(1_360).open();
        let hello = tcp.tls_hello(&Tls::v13(MEET).large_hello());
        assert!(hello.len() > 1_360);
        (tcp, hello)
    }

    fn swallowed(net: &Network) {
        let (tcp, hello) = large(net);
        tcp.swallowed(Side::Client, hello, &[300, 600, 1_200, 2_400]).wait(5_000).client_rst();
    }

    #[test]
    fn a_large_hello_that_is_never_acknowledged() {
        let net = Network::new();
        swallowed(&net);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
        get_from(&net, "10.1.0.51", &Tls::v13(MEET));
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["more than one segment", "repeated 4 times", "10.1.0.51 got an answer"]);
    }

    #[test]
    fn only_its_end_gets_through() {
        let net = Network::new();
        let (tcp, hello) = large(&net);
        tcp.blackhole(Side::Client, hello, &[300, 600, 1_200, 2_400]).wait(5_000).client_rst();
        assert_eq!(one(&net, RULE).severity, Severity::Blocker);
    }

    #[test]
    fn acknowledged_and_not_answered() {
        let net = Network::new();
        let (tcp, hello) = large(&net);
        tcp.client(hello).ack(Side::Server);
        idle(&net, 3);
        assert!(told_of(&net).is_empty());
        idle(&net, 10);
        get_from(&net, "10.1.0.51", &Tls::v13(MEET));
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    fn told_of(net: &Network) -> Vec<crate::model::Finding> {
        crate::testing::of(net, RULE)
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it is answered", |net| get(net, &Tls::v13(MEET).large_hello())),
            ("it fits one segment", |net| {
                let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443);
                let hello = tcp.tls_hello(&Tls::v13(MEET));
                tcp.swallowed(Side::Client, hello, &[300, 600, 1_200, 2_400]).wait(5_000).client_rst();
            }),
            ("small ones are not answered either", |net| {
                swallowed(net);
                let tcp = net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.22"), 443);
                let hello = tcp.tls_hello(&Tls::v13(MEET));
                tcp.swallowed(Side::Client, hello, &[300, 600, 1_200, 2_400]).wait(5_000).client_rst();
            }),
            ("it is answered when it comes again", |net| {
                let (tcp, hello) = large(net);
                tcp.swallowed(Side::Client, hello, &[300, 600]);
                tcp.wait(20).server(tcp.tls_flight(&Tls::v13(MEET))).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
