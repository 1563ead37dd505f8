//! The capture was taken on a host whose network card does part of TCP's work.

use crate::diagnose::evidence::each;
use crate::diagnose::words::OneSide;
use crate::diagnose::words::cap::offload as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::model::{Property, RuleId, Severity, Side};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct Offload;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-offload");

static ABOUT: About = About {
    id: ID,
    title: "Taken on a host with offloading",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "Segments larger than any wire carries, or wrong TCP checksums in one direction only.",
    matters: "The network card cuts segments and fills in checksums after the capture point (or puts segments together \
              before it): sizes and checksums are not those of the wire, so that neither is judged.",
    guards: &["Wrong checksums in both directions, or a few among many right ones: not offloading."],
    remedy: &["None needed. For sizes as on the wire: capture on the path, or switch offloading off (ethtool -K)."],
    references: &["Wireshark User's Guide: checksum offloading"],
    explains: &[],
};

impl Rule for Offload {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let hosts = case.talks().filter_map(|talk| Some((talk, offloading(talk)?)));
        finding(&hosts.collect::<Vec<_>>(), case.let_go(Property::Offloaded).conversations).into_iter().collect()
    }
}

/// The side on whose machine the capture seems to have been taken.
pub(super) fn offloading(talk: &Talk<'_>) -> Option<Side> {
    let (tcp, packets) = (&talk.conversation.tcp, talk.conversation.packets);
    let only = |side: Side| {
        let most = tcp.bad_checksums[side] > packets[side] / 2;
        most && tcp.bad_checksums[side.peer()] == 0
    };
    let sides = [Side::Client, Side::Server];
    sides.into_iter().find(|&side| only(side)).or_else(|| sides.into_iter().find(|&side| tcp.oversized[side] > 0))
}

/// 80 points, since no wire carries such segments: where one host alone sends wrong checksums or too large segments,
/// the capture was taken on that host.
fn finding(found: &[(&Talk<'_>, Side)], gone: usize) -> Option<Draft> {
    let &(first, side) = found.first()?;
    let hosts: Vec<Vec<(IpAddr, u64, u64)>> = group_by(
        found.iter().map(|(talk, side)| {
            let tcp = &talk.conversation.tcp;
            (talk.conversation.endpoint(*side).ip, tcp.bad_checksums[*side], tcp.oversized[*side])
        }),
        |(ip, _, _)| *ip,
    );
    let draft = Draft::new(&ABOUT, 80)
        .conversations_of(found.iter().map(|(talk, _)| *talk))
        .frames([first.conversation.first.frame])
        .says(&words::Offloaded {
            host: OneSide::of(first.conversation, side),
            count: found.len() + gone,
            first: first.conversation.first.time,
        });
    Some(each(draft, &hosts, "hosts", |draft, host| match host.first() {
        Some((ip, ..)) => draft.note(format!(
            "{ip}: {} wrong checksums, {} oversized segments",
            host.iter().fold(0_u64, |sum, (_, bad, _)| sum.saturating_add(*bad)),
            host.iter().fold(0_u64, |sum, (_, _, large)| sum.saturating_add(*large)),
        )),
        None => draft,
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Host, Network, Side};

    const RULE: &str = "cap-offload";

    fn network(client: impl Fn(Host) -> Host, server: impl Fn(Host) -> Host, segment: usize) -> Network {
        let net = Network::new();
        let (client, server) = (client(net.host("10.1.0.50")), server(net.host("10.2.0.9")));
        let tcp = net.connect(&client, &server, 1352);
        tcp.works("CN=Mail01/O=Acme", 2).ask(0x20, 64);
        tcp.send_split(Side::Server, tcp.next_reply(0x20, 0, 4000), &[segment]).client_fin();
        net
    }

    #[test]
    fn wrong_checksums_of_one_side() {
        let net = network(Host::offloads_checksums, |server| server, 1460);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, conversations(&finding)), (Severity::Info, vec![0]));
        says(&finding, &["Offloading at 10.1.0.50", "0 oversized segments"]);
    }

    #[test]
    fn segments_that_no_wire_carries() {
        says(&one(&network(|c| c, |s| s, 4000), RULE), &["Offloading at 10.2.0.9", "1 oversized segments"]);
    }

    #[test]
    fn wrong_checksums_everywhere_are_not_offloading() {
        none(&network(Host::offloads_checksums, Host::offloads_checksums, 1460), RULE);
        none(&network(|c| c, |s| s, 1460), RULE);
    }
}
