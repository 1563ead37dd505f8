//! TCP connections: the server accepts, and the client takes note of it.

use super::{begun, stamped};
use crate::facts::network::attempts::{IcmpRejections, half_seen, is_silent, rejection};
use crate::facts::network::refusals::foreign_reset;
use crate::facts::{Case, Talk};
use crate::model::{Attempt, AttemptKind, Conversation, Outcome, Setup, Stamp, Transport, Unjudged};
use hashbrown::HashSet;
use std::net::IpAddr;

/// Every TCP connection whose beginning was seen.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    let (blind, rejections) = (half_seen(case), IcmpRejections::new(case));
    let tcp = case.analysis.conversations.iter().filter(|c| c.transport == Transport::Tcp);
    tcp.filter_map(|c| connection(case, &blind, &rejections, c)).collect()
}

fn connection(
    case: &Case<'_>,
    blind: &HashSet<IpAddr>,
    rejections: &IcmpRejections<'_>,
    c: &Conversation,
) -> Option<Attempt> {
    let syn = *c.tcp.handshake.syns.first()?;
    let (outcome, answered) = outcome(case, blind, rejections, c)?;
    // Most connections come about, and nobody asks what they were called.
    let name = if outcome.is_failure() { called(case, c, syn) } else { None };
    let syns = if outcome.is_failure() { c.tcp.handshake.syns.as_slice() } else { &[syn] };
    Some(Attempt {
        server_name: name.clone(),
        asked: name,
        answered,
        frames: stamped(syns.iter().copied().chain(answered)),
        outcome,
        ..begun(AttemptKind::Connect, c, syn)
    })
}

fn outcome(
    case: &Case<'_>,
    blind: &HashSet<IpAddr>,
    rejections: &IcmpRejections<'_>,
    c: &Conversation,
) -> Option<(Outcome, Option<Stamp>)> {
    let talk = Talk { conversation: c, request: None, response: None };
    if let Some(error) = rejections.of(case, &talk) {
        let why = rejection(error).unwrap_or("unreachable");
        return Some((Outcome::Refused(format!("ICMP: {why}")), Some(error.at)));
    }
    let handshake = &c.tcp.handshake;
    Some(match c.setup {
        Setup::Handshake if handshake.ack.is_some() || c.bytes.client > 0 => (Outcome::Granted, handshake.syn_ack),
        // A client that repeats its SYN did not hear the answer: for it there is no connection.
        Setup::Handshake if handshake.syns.len() > 1 => (Outcome::Unanswered, None),
        Setup::Handshake => (Outcome::Unknown(Unjudged::UnknownForm), handshake.syn_ack),
        Setup::Refused if foreign_reset(case, c).is_some() => {
            (Outcome::Refused("RST of something on the path".to_owned()), c.teardown.at)
        }
        Setup::Refused => (Outcome::Refused("RST".to_owned()), c.teardown.at),
        Setup::NoAnswer if is_silent(case, blind, &talk) => (Outcome::Unanswered, None),
        Setup::NoAnswer if blind.contains(&c.server.ip) => (Outcome::Unknown(Unjudged::Missing), None),
        Setup::NoAnswer => (Outcome::Unknown(Unjudged::CaptureEnds), None),
        Setup::Midstream | Setup::None => return None,
    })
}

/// The name that DNS led to that address by.
fn called(case: &Case<'_>, c: &Conversation, syn: Stamp) -> Option<String> {
    let (_, answer) = case.lookup_of(c.server.ip, syn.time)?.response?;
    Some(answer.name.clone()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::{Story, idle};
    use nrpcsniff_samples::{Dial, Network};

    fn dial(net: &Network) -> Dial {
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::Connect, story)
    }

    #[test]
    fn what_becomes_of_a_connection() {
        let stories: [Story; 6] = [
            ("granted", |net| {
                dial(net).open().client_fin();
            }),
            ("refused (RST)", |net| dial(net).refused(1)),
            ("unanswered", |net| {
                dial(net).silent(&[1, 3]);
                idle(net, 10);
            }),
            ("unknown: the capture ends before an answer was due", |net| dial(net).silent(&[])),
            ("granted", |net| dial(net).half_open()),
            ("unanswered", |net| dial(net).unheard(&[1, 3])),
        ];
        for (expected, story) in stories {
            let outcomes: Vec<_> = told(story).into_iter().map(|told| told.outcome).collect();
            assert_eq!(outcomes, [expected]);
        }
    }

    #[test]
    fn a_router_refuses_too() {
        let found = told(|net| dial(net).rejected(&net.host("10.1.0.1"), 13));
        assert_eq!(found[0].outcome, "refused (ICMP: administratively prohibited)");
    }
}
