//! A call is answered, and its sound does not get through.

use crate::diagnose::evidence::icmp;
use crate::diagnose::evidence::sip::named;
use crate::diagnose::words::clock;
use crate::diagnose::words::sip::media_blocked as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::rejection;
use crate::facts::sip::deadlines::enough_repeats;
use crate::facts::sip::{Call, MediaIndex, MediaStream, SipExchange};
use crate::model::{Endpoint, IcmpError, PerSide, RuleId, Severity, Side, Timestamp, Transport};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub(crate) struct MediaBlocked;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-media-blocked");

static ABOUT: About = About {
    id: ID,
    title: "A call was answered, but sound flows in one direction only",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "An INVITE was answered with 200, both sides named an address and port for their media, and while the call lasted \
           datagrams of media went in one direction only; or ICMP errors say that they do not arrive.",
    matters: "One side hears nothing. People hang up within half a minute.",
    guards: &[
        "No media in either direction says nothing: it takes another way, or the capture was made without it.",
        "On hold, muted by agreement (sendonly, recvonly, inactive), refused (port 0): silent.",
        "The media was changed later by a re-INVITE or UPDATE: silent.",
        "Media that comes from or goes to another port than agreed on one side (NAT) counts by the other side's.",
        "Calls of a few seconds, a capture that does not go on, or limits reached: silent.",
    ],
    remedy: &[
        "Open the media ports for UDP in both directions: on firewalls between the clients, and between clients and media \
         server (Sametime uses ranges of UDP ports that the administrator sets).",
        "Behind NAT the address in the SDP must be one that the other side can reach: use a media relay (TURN) or the SIP \
         server's media proxy.",
        "Look for a firewall with SIP inspection (ALG) that writes wrong addresses into the SDP.",
    ],
    references: &["RFC 3264 (offer and answer)", "RFC 8866 section 5.14 (media lines)", "RFC 3550 (RTP)"],
    explains: &[],
};

impl Rule for MediaBlocked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let mut calls = case.sip().calls().peekable();
        if calls.peek().is_none() || case.analysis.facts.datagrams_left_out > 0 {
            return Vec::new();
        }
        let index = Index::new(case);
        let blocked = calls.filter_map(|call| blocked(case, &index, &call).map(|stream| (call, stream)));
        let groups = group_by(blocked, |(_, stream)| (stream.receiver().ip, stream.sender().ip));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Datagrams by their ends, and the ICMP errors about them by where they should have gone.
struct Index<'a> {
    media: MediaIndex<'a>,
    errors: HashMap<Endpoint, Vec<&'a IcmpError>>,
    /// Fewer errors are those of a telephone that opens its port a moment late.
    enough: usize,
}

impl<'a> Index<'a> {
    fn new(case: &Case<'a>) -> Self {
        let mut errors: HashMap<Endpoint, Vec<&'a IcmpError>> = HashMap::new();
        for error in case.analysis.facts.icmp_errors.iter().filter(|error| rejection(error).is_some()) {
            if let Some(quoted) = error.quoted.filter(|quoted| quoted.transport == Transport::Udp) {
                errors.entry(quoted.destination).or_default().push(error);
            }
        }
        Self { media: MediaIndex::new(&case.analysis.facts), errors, enough: enough_repeats(case) }
    }

    /// An ICMP error about a datagram to one of the two places, and whose place that is.
    fn error(&self, media: &MediaStream<'_>, from: Timestamp, until: Timestamp) -> Option<(&'a IcmpError, Side)> {
        let during = |error: &&'a IcmpError| (from..=until).contains(&error.at.time);
        [Side::Client, Side::Server].into_iter().find_map(|side| {
            let errors = self.errors.get(&media.ends[side])?;
            let found: Vec<_> = errors.iter().copied().filter(during).take(self.enough).collect();
            found.first().copied().filter(|_| found.len() >= self.enough).map(|error| (error, side))
        })
    }
}

/// A stream of which one direction is missing.
struct Stream<'a> {
    media: MediaStream<'a>,
    seen: PerSide<u64>,
    /// The side whose datagrams are missing.
    missing: Side,
    error: Option<&'a IcmpError>,
}

impl Stream<'_> {
    fn receiver(&self) -> Endpoint {
        self.media.ends[self.missing.peer()]
    }

    fn sender(&self) -> Endpoint {
        self.media.ends[self.missing]
    }
}

/// The first stream that is missing in one direction, at a hop where all else is as it should be.
fn blocked<'a>(case: &Case<'a>, index: &Index<'a>, call: &Call<'_, 'a>) -> Option<Stream<'a>> {
    let (from, until) = (call.answered(), end_of(case, call));
    let long = until.since(from) >= case.settings.thresholds.media_call;
    if !long || call.was_changed() {
        return None;
    }
    call.media().into_iter().flatten().find_map(|media| missing(case, index, media, from, until))
}

fn missing<'a>(
    case: &Case<'a>,
    index: &Index<'a>,
    media: MediaStream<'a>,
    from: Timestamp,
    until: Timestamp,
) -> Option<Stream<'a>> {
    if !index.media.is_complete_for(&media) {
        return None;
    }
    let seen = index.media.seen(&media, from, until);
    let enough = u64::from(case.settings.thresholds.media_packets);
    let dead = |side: Side| media.is_due(side) && seen[side] == 0;
    let error = index.error(&media, from, until).filter(|(_, receiver)| media.is_due(receiver.peer()));
    let missing = [Side::Client, Side::Server].into_iter().find(|&side| match error {
        // What that side sends is refused on its way to the other one.
        Some((_, receiver)) => receiver == side.peer(),
        None => dead(side) && media.is_due(side.peer()) && seen[side.peer()] >= enough,
    })?;
    Some(Stream { media, seen, missing, error: error.map(|(error, _)| error) })
}

/// The BYE, else the end of the capture.
fn end_of(case: &Case<'_>, call: &Call<'_, '_>) -> Timestamp {
    call.bye().map_or(case.end(), SipExchange::began)
}

fn judge_group(case: &Case<'_>, group: &[(Call<'_, '_>, Stream<'_>)]) -> Option<Draft> {
    let (call, stream) = group.first()?;
    let lasted = end_of(case, call).since(call.answered());
    let short = call.bye().is_some() && lasted <= case.settings.thresholds.short_call;
    let mut draft =
        Draft::new(&ABOUT, 60).points(if short { 15 } else { 0 }).retry(stream.error.is_some()).seen_in(group.len());
    for (call, stream) in group {
        draft = show(case, draft, call, stream);
    }
    let said = words::OneWay {
        called: call.invite.target(),
        lasted_s: lasted.as_secs_f64(),
        count: group.len(),
        media_from: stream.sender(),
        media_to: stream.receiver(),
        known_by: match stream.error {
            Some(error) => words::KnownBy::IcmpError { rejected_by: error.from, meaning: rejection(error) },
            None => words::KnownBy::OtherWay { datagrams_back: stream.seen[stream.missing.peer()] },
        },
    };
    let cure = format!("Let UDP from {} to {} through.", stream.sender().ip, stream.receiver());
    Some(draft.says(&said).remedy_first(cure))
}

/// The note counts datagrams of both directions, since one that flows shows that the capture stands where media pass.
fn show(case: &Case<'_>, draft: Draft, call: &Call<'_, '_>, stream: &Stream<'_>) -> Draft {
    let draft = named(draft, call.invite);
    let draft = call.bye().map_or(draft.clone(), |bye| named(draft, bye));
    let draft = match call.invite.answer() {
        Some(answer) => draft.packet(
            answer.at(),
            format!(
                "call answered: {} media between {} (caller) and {} (called)",
                stream.media.lines.client.kind, stream.media.ends.client, stream.media.ends.server
            ),
        ),
        None => draft,
    };
    let draft = match (stream.error, call.bye()) {
        (Some(error), _) => {
            draft.packet(error.at, format!("{}, about a datagram to {}", icmp(error), stream.receiver()))
        }
        (None, Some(bye)) => draft.packet(bye.first.begun.at(), "BYE"),
        (None, None) => draft,
    };
    let seen = stream.seen;
    draft.absence(format!("no media from {} to {}", stream.sender(), stream.receiver())).note(format!(
        "datagrams of media until {}: {} from the caller, {} from the called side",
        clock(end_of(case, call)),
        seen.client,
        seen.server
    ))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{Settings, diagnose};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, analysis, phone, says, the_one, told};
    use nrpcsniff_samples::{Host, Network};

    const RULE: &str = "sip-media-blocked";

    fn ends(net: &Network) -> (Host, Host) {
        (net.host("10.1.0.50"), net.host("10.1.0.51"))
    }

    /// A call of Ann (port 20000) to Bob (this port) up to the ACK, with this direction of media in the answer.
    fn call_with(net: &Network, port: u16, direction: &str) -> impl FnOnce() {
        let phone = phone(net);
        let call = phone.call("bob@example.com");
        let invite = call.invite(20_000);
        let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", port);
        let answer = String::from_utf8_lossy(ok.as_ref()).replace("a=sendrecv", direction);
        phone.sends(&invite).hears(answer).sends(call.ack(&ok));
        move || {
            let bye = call.bye(&ok);
            phone.sends(&bye).hears(bye.response(200));
        }
    }

    fn call(net: &Network) -> impl FnOnce() {
        call_with(net, 30_000, "a=sendrecv")
    }

    #[test]
    fn one_direction_is_missing() {
        let found = told(RULE, |net| {
            let (ann, bob) = ends(net);
            let hang_up = call(net);
            net.audio(&ann, 20_000, &bob, 30_000, 150);
            hang_up();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(
            finding,
            &["No media from 10.1.0.51 reaches 10.1.0.50:20000", "150 went the other way", "bob@example.com"],
        );
    }

    /// Datagrams that were not found count as missing only where all of them were counted.
    #[test]
    fn silent_where_pairs_of_its_ports_were_left_out() {
        let net = Network::new();
        let (ann, bob) = ends(&net);
        let hang_up = call(&net);
        net.audio(&ann, 20_000, &bob, 30_000, 150);
        hang_up();
        let mut analysis = analysis(&net.to_pcapng());
        for (port, speaks) in [(53, true), (20_000, false), (30_000, false)] {
            analysis.facts.datagram_ports_cut = [port].into();
            let found = diagnose(&analysis, &Settings::default());
            assert_eq!(found.iter().any(|finding| finding.rule == RULE), speaks, "{port}");
        }
        analysis.facts.datagram_ports_cut.clear();
        analysis.facts.datagrams_left_out = 1;
        assert!(diagnose(&analysis, &Settings::default()).iter().all(|finding| finding.rule != RULE));
    }

    /// The stream comes from another port than the SDP says, as behind NAT: that the other side sends nothing back counts.
    #[test]
    fn the_way_back_to_a_mapped_port_is_missing() {
        let found = told(RULE, |net| {
            let (_, bob) = ends(net);
            let hang_up = call(net);
            net.audio(&net.host("203.0.113.7"), 61_000, &bob, 30_000, 150);
            hang_up();
        });
        says(the_one(&found), &["No media from 10.1.0.51 reaches 10.1.0.50:20000"]);
    }

    #[test]
    fn icmp_errors_say_it() {
        let found = told(RULE, |net| {
            let (ann, bob) = ends(net);
            let hang_up = call(net);
            for _ in 0..100 {
                net.audio(&ann, 20_000, &bob, 30_000, 1);
                net.icmp(&net.host("10.1.0.1"), &ann, 3, 13, [0; 4]);
            }
            hang_up();
        });
        says(
            the_one(&found),
            &[
                "No media from 10.1.0.50 reaches 10.1.0.51:30000",
                "ICMP type 3 code 13 (administratively prohibited) from 10.1.0.1",
            ],
        );
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 10] = [
            ("both talk", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call(net);
                net.talk((&ann, 20_000), (&bob, 30_000), 150);
                hang_up();
            }),
            ("no media in the capture at all", |net| {
                let hang_up = call(net);
                net.wait_secs(60);
                hang_up();
            }),
            ("on hold", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call_with(net, 30_000, "a=recvonly");
                net.audio(&ann, 20_000, &bob, 30_000, 150);
                hang_up();
            }),
            ("refused", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call_with(net, 0, "a=sendrecv");
                net.audio(&ann, 20_000, &bob, 30_000, 150);
                hang_up();
            }),
            ("a short call", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call(net);
                net.audio(&ann, 20_000, &bob, 30_000, 60);
                hang_up();
            }),
            ("the capture ends", |net| {
                let (ann, bob) = ends(net);
                drop(call(net));
                net.audio(&ann, 20_000, &bob, 30_000, 60);
            }),
            ("changed later", |net| {
                let (ann, bob) = ends(net);
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let invite = call.invite(20_000);
                let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
                phone.sends(&invite).hears(&ok).sends(call.ack(&ok));
                let again = call.invite(20_002).set("To", ok.value("To"));
                phone.sends(&again).hears(again.response(200).sdp("10.1.0.51", 30_002));
                net.audio(&ann, 20_000, &bob, 30_000, 150);
                phone.sends(call.bye(&ok));
            }),
            ("from another port on one side", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call(net);
                net.talk((&ann, 44_444), (&bob, 30_000), 150);
                hang_up();
            }),
            ("a port that opens a moment late", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call(net);
                net.audio(&ann, 20_000, &bob, 30_000, 1);
                net.icmp(&bob, &ann, 3, 3, [0; 4]);
                net.talk((&ann, 20_000), (&bob, 30_000), 150);
                hang_up();
            }),
            ("keep-alives are no media", |net| {
                let (ann, bob) = ends(net);
                let hang_up = call(net);
                for _ in 0..100 {
                    net.udp(&ann, 20_000, &bob, 30_000, [0; 20]);
                    net.wait(100);
                }
                hang_up();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
