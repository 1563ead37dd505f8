//! A call is answered, and its sound does not get through.

use super::super::attempts::rejection;
use super::super::network::group_by;
use super::super::sip::{enough_repeats, named, subject};
use super::super::telephony::{Call, Exchange, Media, MediaIndex};
use super::super::words::span;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Endpoint, IcmpError, PerSide, Severity, Side, Timestamp, Transport};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub struct MediaBlocked;

static ABOUT: About = About {
    id: "sip-media-blocked",
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
        let mut calls = case.telephony().calls().peekable();
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
    fn error(&self, media: &Media<'_>, from: Timestamp, until: Timestamp) -> Option<(&'a IcmpError, Side)> {
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
    media: Media<'a>,
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
    let long = until.seconds_since(from) >= case.settings.thresholds.media_call;
    if !long || call.was_changed() {
        return None;
    }
    call.media().into_iter().flatten().find_map(|media| missing(case, index, media, from, until))
}

fn missing<'a>(
    case: &Case<'a>,
    index: &Index<'a>,
    media: Media<'a>,
    from: Timestamp,
    until: Timestamp,
) -> Option<Stream<'a>> {
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
    call.bye().map_or(case.end(), Exchange::began)
}

fn judge_group(case: &Case<'_>, group: &[(Call<'_, '_>, Stream<'_>)]) -> Option<Draft> {
    let (call, stream) = group.first()?;
    let lasted = end_of(case, call).seconds_since(call.answered());
    let short = call.bye().is_some() && lasted <= case.settings.thresholds.short_call;
    let mut draft =
        Draft::new(&ABOUT, 60).points(if short { 15 } else { 0 }).retry(stream.error.is_some()).seen_in(group.len());
    for (call, stream) in group {
        draft = show(case, draft, call, stream);
    }
    let heard = match stream.error {
        Some(error) => format!("an ICMP error from {} says that they do not arrive", error.from),
        None => format!("{} went the other way", stream.seen[stream.missing.peer()]),
    };
    Some(
        draft
            .title(format!("No media from {} reaches {}", stream.sender().ip, stream.receiver()))
            .explain(format!(
                "The call to {} was answered and lasted {}. {} should have got media from {} at {}, but no such datagrams \
                 were seen, while {heard}.",
                subject(call.invite),
                span(lasted),
                stream.receiver().ip,
                stream.sender(),
                stream.receiver(),
            ))
            .remedy_first(format!("Let UDP from {} to {} through.", stream.sender().ip, stream.receiver())),
    )
}

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
            draft.packet(error.at, format!("ICMP error from {} about a datagram to {}", error.from, stream.receiver()))
        }
        (None, Some(bye)) => draft.packet(bye.first.begun.at(), "BYE"),
        (None, None) => draft,
    };
    let seen = stream.seen;
    draft.absence(format!("no media from {} to {}", stream.sender(), stream.receiver())).note(format!(
        "datagrams of media until {}: {} from the caller, {} from the called side",
        super::super::words::clock(end_of(case, call)),
        seen.client,
        seen.server
    ))
}
