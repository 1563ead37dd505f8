//! A way to the video bridge works, and DTLS on it does not come to an end.

use crate::diagnose::evidence::each;
use crate::diagnose::words::Clients;
use crate::diagnose::words::media::dtls_unfinished as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::media::{MediaWay, MediaWays};
use crate::model::{Confidence, RuleId, Severity, Side, Span, Stamp};
use nrpcsniff_dissectors::stun::Dtls;
use words::DtlsFault;

/// See [`ABOUT`].
pub(crate) struct DtlsUnfinished;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("media-dtls-unfinished");

static ABOUT: About = About {
    id: ID,
    title: "DTLS of a meeting does not come to an end",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "On the way to the video bridge a client hello of DTLS is sent three times and more over three seconds, and the other side does not \
           answer it; or the server's answer is repeated, and the client does not go on; or one side refuses by a fatal alert.",
    matters: "Without the keys that DTLS agrees on there is neither sound nor picture, although the way works.",
    guards: &[
        "Both sides come to protected records: silent.",
        "Another way of the same client comes so far in the same minute: silent.",
        "The capture ends before, or parts of the way were left out: silent. Without an alert: medium confidence at most.",
        "Neither a port of Sametime's video bridge nor a sign-on to Sametime in the capture; or somebody signs on to Sametime, and the server \
         has a name of another site, or a public address that has no part in a sign-on (relays of other products): silent.",
        "Only address or port speak for Sametime (no part in a sign-on, no name of its site): medium confidence at most.",
    ],
    remedy: &[
        "Unanswered, though STUN is answered: a filter on the way lets STUN through and nothing else; open the port for all of UDP.",
        "Repeated by the server: its certificate comes in datagrams that are too large for the way, or in fragments that a filter drops; look \
         at the MTU of tunnels.",
        "An alert: the fingerprint in the signalling is not that of the certificate (a proxy that rewrites SDP), or versions and cipher suites \
         have nothing in common.",
    ],
    references: &["RFC 6347 section 4.2.4 (timers of DTLS)", "RFC 5764 (DTLS-SRTP)", "RFC 8842 (DTLS and SDP)"],
    explains: &[],
};

/// A hello, or an answer, is sent so often where all is not well.
const OFTEN: usize = 3;
/// From the first to the last of them: repeated after one second and two.
const PATIENCE: Span = Span::from_secs(3);
/// Ways within this time belong to one call.
const ONE_CALL: Span = Span::from_secs(60);

impl Rule for DtlsUnfinished {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        if case.analysis.facts.datagrams_left_out > 0 {
            return Vec::new();
        }
        let ways = MediaWays::new(case);
        let failed = ways.concern_sametime().filter_map(|way| Failed::of(&ways, way));
        let groups = group_by(failed, |failed| (failed.way.conversation.server, failed.fault.clone()));
        groups.iter().filter_map(|group| finding(&ways, group)).collect()
    }
}

/// A handshake that did not come to an end.
struct Failed<'c, 'a> {
    way: &'c MediaWay<'a>,
    fault: DtlsFault,
    /// The records that show it.
    shown: Vec<(Side, Stamp, Dtls)>,
}

impl<'c, 'a> Failed<'c, 'a> {
    fn of(ways: &MediaWays<'a>, way: &'c MediaWay<'a>) -> Option<Self> {
        let (side, begun, _) =
            *way.records.iter().find(|(_, _, record)| record.handshake == Some(Dtls::CLIENT_HELLO))?;
        let works = |other: &MediaWay<'_>| {
            is_finished(other) && other.conversation.first.time.since(begun.time).abs() <= ONE_CALL
        };
        if !way.is_whole() || is_finished(way) || ways.of(way.conversation.client.ip).any(works) {
            return None;
        }
        let (fault, shown) = alert(way).or_else(|| repeated(way, side))?;
        Some(Self { way, fault, shown })
    }
}

/// Both sides have changed to keys.
fn is_finished(way: &MediaWay<'_>) -> bool {
    let sealed = |side| way.records.iter().any(|(from, _, record)| *from == side && record.epoch > 0);
    sealed(Side::Client) && sealed(Side::Server)
}

type Shown = (DtlsFault, Vec<(Side, Stamp, Dtls)>);

fn alert(way: &MediaWay<'_>) -> Option<Shown> {
    let fatal = |(_, _, record): &&(Side, Stamp, Dtls)| record.alert.is_some_and(|alert| alert.level == 2);
    let found = *way.records.iter().find(fatal)?;
    let alert = found.2.alert?;
    Some((DtlsFault::Refused { alert_code: alert.code, alert_name: alert.name() }, vec![found]))
}

/// The client's hello, or the server's, again and again.
fn repeated(way: &MediaWay<'_>, client: Side) -> Option<Shown> {
    let of = |side, step| -> Vec<(Side, Stamp, Dtls)> {
        let records = way.records.iter().filter(|(from, _, record)| *from == side && record.handshake == Some(step));
        records.copied().collect()
    };
    let long = |records: &[(Side, Stamp, Dtls)]| {
        let ends = records.first().zip(records.last());
        records.len() >= OFTEN && ends.is_some_and(|(first, last)| last.1.time.since(first.1.time) >= PATIENCE)
    };
    let answers = way.records.iter().any(|(from, ..)| *from != client);
    let (hellos, replies) = (of(client, Dtls::CLIENT_HELLO), of(client.peer(), Dtls::SERVER_HELLO));
    match () {
        () if !answers && long(&hellos) => Some((DtlsFault::Unanswered, hellos)),
        () if long(&replies) => Some((DtlsFault::Stuck, replies)),
        () => None,
    }
}

fn finding(ways: &MediaWays<'_>, group: &[Failed<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let works = first.way.requests.iter().any(|request| request.answer.is_some());
    let is_said = matches!(first.fault, DtlsFault::Refused { .. });
    let draft =
        Draft::new(&ABOUT, 45).points(if is_said { 40 } else { 10 }).seen_in(group.len()).says(&words::NoKeys {
            server: first.way.conversation.server,
            clients: Clients::of(group.iter().map(|failed| failed.way.conversation.client.ip)),
            count: group.len(),
            fault: first.fault.clone(),
            stun_works: works,
        });
    let server = first.way.conversation.server;
    let draft = draft.at_most(if is_said { ways.at_most(server) } else { Confidence::Medium });
    let draft = group.iter().fold(draft, |draft, failed| draft.conversation(failed.way.conversation));
    Some(group.iter().take(4).fold(draft, |draft, failed| {
        each(draft, &failed.shown, "records", |draft, (from, at, record)| {
            let c = failed.way.conversation;
            let (from, to) = if *from == Side::Client { (c.client, c.server) } else { (c.server, c.client) };
            draft.packet(*at, format!("{from} → {to}: DTLS {}", record.words()))
        })
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::stun::{Call, Dtls};

    const RULE: &str = "media-dtls-unfinished";

    fn at_bridge(net: &Network) -> Call {
        let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
        call.check(true);
        call
    }

    fn repeats(net: &Network, call: &Call, step: impl Fn(&Call)) {
        for wait in [1_000, 2_000, 4_000, 100] {
            step(call);
            net.wait(wait);
        }
    }

    #[test]
    fn a_hello_that_nobody_answers() {
        let found = told(RULE, |net| repeats(net, &at_bridge(net), |call| call.client_says(Dtls::ClientHello)));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(finding, &["10.1.0.31:10000", "client hello", "STUN"]);
    }

    #[test]
    fn an_answer_that_does_not_arrive() {
        let found = told(RULE, |net| {
            let call = at_bridge(net);
            call.client_says(Dtls::ClientHello);
            repeats(net, &call, |call| call.server_says(Dtls::ServerHello));
        });
        says(the_one(&found), &["again and again"]);
    }

    #[test]
    fn an_alert() {
        let found = told(RULE, |net| {
            let call = at_bridge(net);
            call.client_says(Dtls::ClientHello);
            call.server_says(Dtls::Alert(40));
        });
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["handshake_failure"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it ends well", |net| {
                at_bridge(net).handshake();
            }),
            ("a hello that is repeated and answered", |net| {
                let call = at_bridge(net);
                repeats(net, &call, |call| call.client_says(Dtls::ClientHello));
                call.handshake();
            }),
            ("another way", |net| {
                repeats(net, &at_bridge(net), |call| call.client_says(Dtls::ClientHello));
                let other = Call::new(net, "10.1.0.50", 50_101, "10.1.0.32", 10_000);
                other.check(true);
                other.handshake();
            }),
            ("somebody else's", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 4_500);
                repeats(net, &call, |call| call.client_says(Dtls::ClientHello));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
