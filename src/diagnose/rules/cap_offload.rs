//! The capture was taken on a host whose network card does part of TCP's work.

use super::super::network::{count, each, group_by};
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Severity, Side};
use std::net::IpAddr;

/// See [`ABOUT`].
pub struct Offload;

static ABOUT: About = About {
    id: "cap-offload",
    title: "Taken on a host with offloading",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "Segments larger than any wire carries, or wrong TCP checksums in one direction only.",
    matters: "The network card cuts segments and fills in checksums after the capture point (or puts segments together \
              before it): sizes and checksums are not those of the wire, so that neither is judged.",
    guards: &["Wrong checksums in both directions: not offloading."],
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
        finding(&hosts.collect::<Vec<_>>()).into_iter().collect()
    }
}

/// The side on whose machine the capture seems to have been taken.
fn offloading(talk: &Talk<'_>) -> Option<Side> {
    let tcp = &talk.conversation.tcp;
    let only = |side: Side| tcp.bad_checksums[side] > 0 && tcp.bad_checksums[side.peer()] == 0;
    let sides = [Side::Client, Side::Server];
    sides.into_iter().find(|&side| only(side)).or_else(|| sides.into_iter().find(|&side| tcp.oversized[side] > 0))
}

fn finding(found: &[(&Talk<'_>, Side)]) -> Option<Draft> {
    let &(first, side) = found.first()?;
    let host = first.conversation.endpoint(side).ip;
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
        .title(format!("Offloading at {host}: sizes and checksums are not the wire's"))
        .explain(format!(
            "{} show segments as {host} hands them to its network card, not as they travelled (first at {}). Packet sizes \
             and checksums are not judged there.",
            count(found.len(), "NRPC conversation"),
            first.conversation.first.time,
        ));
    Some(each(draft, &hosts, "hosts", |draft, host| match host.first() {
        Some((ip, ..)) => draft.note(format!(
            "{ip}: {} wrong checksums, {} oversized segments",
            host.iter().fold(0_u64, |sum, (_, bad, _)| sum.saturating_add(*bad)),
            host.iter().fold(0_u64, |sum, (_, _, large)| sum.saturating_add(*large)),
        )),
        None => draft,
    }))
}
