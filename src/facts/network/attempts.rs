//! Attempts to connect: which were never answered, what came after a failed one.

use crate::facts::{Case, Talk};
use crate::model::{Endpoint, FrameRef, IcmpError, Setup, Severity, Side, Span, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// What a client did after a failed attempt, within the retry time.
#[derive(Clone, Copy)]
pub(crate) enum Aftermath<'c, 'a> {
    /// It got through to the same address and port.
    SameAddress(&'c Talk<'a>),
    /// It got through to another address.
    OtherAddress(&'c Talk<'a>),
    /// It tried again in vain.
    Retried,
    /// Nothing was seen of it.
    Nothing,
}

impl Aftermath<'_, '_> {
    /// Guard G7: how bad a failed attempt was, seen from what came after it.
    pub(crate) const fn severity(&self) -> Severity {
        match self {
            Self::SameAddress(_) => Severity::Minor,
            Self::OtherAddress(_) => Severity::Major,
            Self::Retried | Self::Nothing => Severity::Blocker,
        }
    }
}

/// Did both sides say something?
pub(crate) fn got_through(talk: &Talk<'_>) -> bool {
    talk.conversation.bytes.client > 0 && talk.conversation.bytes.server > 0
}

/// A client's later conversations that are looked at; who makes more of them within the retry time is no user.
const LOOK_AHEAD: usize = 256;

/// What the client of a failed attempt did next.
pub(crate) fn aftermath<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>) -> Aftermath<'c, 'a> {
    aftermath_since(case, talk, talk.conversation.first.time)
}

/// What the client did after `talk` had failed at `since`; the attempt itself may have gone on for a while. Another
/// address counts only if it was called when the attempt was over: before, it was none of its consequences.
pub(crate) fn aftermath_since<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>, since: Timestamp) -> Aftermath<'c, 'a> {
    let mut result = Aftermath::Nothing;
    let (ended, thresholds) = (talk.ended(), &case.settings.thresholds);
    for next in case.after(talk).take(LOOK_AHEAD) {
        let began = next.conversation.first.time;
        let delay = began.since(ended);
        let same = next.conversation.server == talk.conversation.server;
        if began < since || delay > thresholds.retry_within {
            continue;
        }
        match (same, got_through(next)) {
            (true, true) => return Aftermath::SameAddress(next),
            (false, true)
                if (Span::ZERO..=thresholds.failover_within).contains(&delay)
                    && !matches!(result, Aftermath::OtherAddress(_)) =>
            {
                result = Aftermath::OtherAddress(next);
            }
            (true, false) if matches!(result, Aftermath::Nothing) => result = Aftermath::Retried,
            _ => {}
        }
    }
    result
}

/// The aftermath of several failed attempts: the worst of them.
pub(crate) fn worst_aftermath<'c, 'a>(case: &'c Case<'a>, group: &[&Talk<'a>]) -> Aftermath<'c, 'a> {
    let all = group.iter().map(|talk| aftermath(case, talk));
    all.max_by_key(Aftermath::severity).unwrap_or(Aftermath::Nothing)
}

/// A SYN that was never answered although there was time for an answer, in a capture that would have shown it.
pub(crate) fn is_silent(case: &Case<'_>, blind: &HashSet<IpAddr>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let thresholds = &case.settings.thresholds;
    let syns = &c.tcp.handshake.syns;
    let enough = if syns.len() > 1 { thresholds.syn_timeout } else { thresholds.reply_timeout };
    c.setup == Setup::NoAnswer
        && c.packets.server == 0
        && c.bytes.client <= u64::from(c.tcp.handshake.syn_data)
        && !blind.contains(&c.server.ip)
        && syns.first().is_some_and(|first| case.watched_until(talk.conversation).since(first.time) >= enough)
}

/// Every silent attempt, apart from those that an ICMP error explains.
pub(crate) fn silent<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = &'c Talk<'a>> {
    let places = case.silent.get_or_init(|| {
        let (blind, rejections) = (half_seen(case), IcmpRejections::new(case));
        let is_silent = |talk: &Talk<'a>| is_silent(case, &blind, talk) && rejections.of(case, talk).is_none();
        case.talks().enumerate().filter(|(_, talk)| is_silent(talk)).map(|(place, _)| place).collect()
    });
    places.iter().filter_map(|&place| case.talk(place))
}

/// Only one direction of a live conversation was captured: one side speaks on although nothing is seen of the other.
/// Gives the side that was seen.
pub(crate) fn one_way(talk: &Talk<'_>) -> Option<Side> {
    let c = talk.conversation;
    let retries = c.tcp.unanswered.as_ref().map_or(0, |u| u.tries);
    let alone = |side: Side| c.packets[side.peer()] == 0 && c.packets[side] > 0;
    let live = |side: Side| {
        let more = c.bytes[side] > u64::from(c.tcp.handshake.syn_data) && retries == 0;
        more || c.tcp.acked_unseen[side.peer()] > 0 || c.setup == Setup::Handshake
    };
    [Side::Client, Side::Server].into_iter().find(|&side| alone(side) && live(side))
}

/// Addresses of servers whose answers the capture does not show although they answer.
pub(crate) fn half_seen(case: &Case<'_>) -> HashSet<IpAddr> {
    let seen = case.talks().filter(|talk| one_way(talk) == Some(Side::Client));
    seen.map(|talk| talk.conversation.server.ip).collect()
}

/// ICMP errors that say a connection attempt cannot be delivered, by what they quote.
pub(crate) struct IcmpRejections<'a> {
    by_path: HashMap<(Endpoint, Endpoint), Vec<&'a IcmpError>>,
}

impl<'a> IcmpRejections<'a> {
    /// Builds the index.
    pub(crate) fn new(case: &Case<'a>) -> Self {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for error in case.analysis.facts.icmp_errors.iter().filter(|error| rejection(error).is_some()) {
            if let Some(quoted) = error.quoted.filter(|quoted| quoted.transport == Transport::Tcp) {
                by_path.entry((quoted.source, quoted.destination)).or_default().push(error);
            }
        }
        for errors in by_path.values_mut() {
            errors.sort_by_key(|error| error.at.time);
        }
        Self { by_path }
    }

    /// The first error about an attempt that did not get through.
    pub(crate) fn of(&self, case: &Case<'a>, talk: &Talk<'a>) -> Option<&'a IcmpError> {
        let c = talk.conversation;
        if !matches!(c.setup, Setup::NoAnswer | Setup::Refused) || c.packets.server > 0 && c.setup == Setup::NoAnswer {
            return None;
        }
        let errors = self.by_path.get(&(c.client, c.server))?;
        let from = errors.partition_point(|error| error.at.time < c.first.time);
        let within = case.settings.thresholds.icmp_within;
        errors.get(from).copied().filter(|error| error.at.time.since(c.last.time) <= within)
    }
}

/// What an ICMP error says of a connection attempt, if it is a refusal (RFC 792, RFC 1122 3.2.2.1, RFC 4443 3.1).
pub(crate) fn rejection(error: &IcmpError) -> Option<&'static str> {
    match (error.v6, error.kind, error.code) {
        (false, 3, 0 | 6) => Some("no route to the network"),
        (false, 3, 1 | 7) => Some("host unreachable"),
        (false, 3, 2) => Some("protocol unreachable"),
        (false, 3, 3) | (true, 1, 4) => Some("port unreachable"),
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => Some("administratively prohibited"),
        (true, 1, 0) => Some("no route to destination"),
        (true, 1, 2) => Some("beyond the scope of the source address"),
        (true, 1, 3) => Some("address unreachable"),
        (true, 1, 5) => Some("source address failed ingress or egress policy"),
        (true, 1, 6) => Some("reject route to destination"),
        (false, 11, 0) | (true, 3, 0) => Some("time to live exceeded on the way (routing loop)"),
        _ => None,
    }
}

/// First connection on another port that the address accepted in this capture, and on this port.
pub(crate) fn accepted_ports(case: &Case<'_>, server: Endpoint) -> (Option<(u16, FrameRef)>, bool) {
    let accepted = case.analysis.facts.hosts.get(&server.ip).map_or(&[][..], |host| host.accepted.as_slice());
    let other = accepted.iter().find(|(port, _)| *port != server.port).map(|&(port, at)| (port, at.frame));
    (other, accepted.iter().any(|(port, _)| *port == server.port))
}
