//! The SYN is answered by RST: nothing listens, or a filter rejects.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::logs::not_responding;
use crate::diagnose::words::nrpc::{Afterwards, syn_refused as words};
use crate::diagnose::words::{Occurrences, clients, clock, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, IcmpRejections, scanners, worst_aftermath};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{CloseBy, RuleId, Setup, Severity, Stamp};

/// See [`ABOUT`].
pub(crate) struct SynRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-syn-refused");

static ABOUT: About = About {
    id: ID,
    title: "The NRPC port refuses connections",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "The client's SYN is answered by a RST within about a round trip. \
           Logs: \"Unable to connect\" in a Notes client's port trace, for the same address.",
    matters: "The machine is reachable, but no Domino server listens there: it is stopped, starting, bound to another \
              address or port, or a packet filter rejects. The user reads \"the server is not responding\".",
    guards: &[
        "SYN, SYN-ACK, RST from the client: a half-open probe, not a refusal.",
        "The server was restarting: that is one finding of its own.",
        "The client sweeps over many hosts: a scanner.",
        "The client got through soon after: severity is lowered.",
        "TTL, IP ID or window of the RST are not the server's: a packet filter is named, not the server.",
    ],
    remedy: &[
        "Is the server running? On its console `show server`, `show port TCPIP`.",
        "Is it bound to this address? notes.ini: Ports=, TCPIP_TCPIPAddress=; partitioned servers need one each.",
        "Is this the right machine? Compare DNS, Connection document and Server document with the address.",
    ],
    references: &["RFC 9293 3.5.2 (reset generation)", "Notes status 0x0807"],
    explains: &[super::early_close::ID, super::accept_then_close::ID, super::hello_unanswered::ID],
};

impl Rule for SynRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let (restarted, scanners, rejections) = (restarted(case), scanners(case), IcmpRejections::new(case));
        let mine = case.talks().filter(|talk| {
            let c = talk.conversation;
            refusal(talk).is_some()
                && !restarted.contains(&c.id)
                && !scanners.contains(&c.client.ip)
                && rejections.of(case, talk).is_none()
        });
        group_by(mine, |talk| talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        not_responding(case, &ABOUT)
    }
}

/// SYN and RST of a refused attempt.
fn refusal(talk: &Talk<'_>) -> Option<(Stamp, Stamp)> {
    let c = talk.conversation;
    let syn = *c.tcp.handshake.syns.first()?;
    let rst = c.teardown.rst.server?;
    (c.setup == Setup::Refused && c.tcp.handshake.syn_ack.is_none()).then_some((syn, rst))
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (server, (syn, rst)) = (first.conversation.server, refusal(first)?);
    let aftermath = worst_aftermath(case, group);
    let forged = group.iter().any(|talk| talk.conversation.teardown.by == CloseBy::Middlebox);
    let draft = Draft::new(&ABOUT, 75)
        .retry(group.len() > 1 || !matches!(aftermath, Aftermath::Nothing))
        .seen_in(group.len())
        .severity(aftermath.severity())
        .conversations_of(group.iter().copied())
        .says(&words::AnsweredByReset {
            seen: Occurrences::of(server, group, syn.time),
            delay_s: rst.time.seconds_since(syn.time),
            forged,
            afterwards: Afterwards::of(aftermath),
        })
        .remedy_first(if forged {
            format!("Allow TCP from {} to {server} in the packet filter that rejects it.", clients(group))
        } else {
            format!("On {}: start Domino, or find out why it does not listen on port {}.", server.ip, server.port)
        });
    Some(each(draft, group, "attempts", |draft, talk| evidence(draft, talk)))
}

fn evidence(draft: Draft, talk: &Talk<'_>) -> Draft {
    let Some((syn, rst)) = refusal(talk) else { return draft };
    let c = talk.conversation;
    let delay = span(rst.time.seconds_since(syn.time));
    let again = if c.packets.client > 1 { format!(", {} SYNs in all", c.packets.client) } else { String::new() };
    let draft = draft
        .packet(syn, format!("SYN from {} at {}{again}", c.client, clock(syn.time)))
        .packet(rst, format!("answered by RST after {delay}"));
    match &c.teardown.reset_origin {
        Some(origin) if origin.middlebox => {
            draft.note(format!("the RST is not the server's: {}", origin.reasons.join("; ")))
        }
        _ => draft,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, none, of, one, says};
    use nrpcsniff_samples::{Network, Segment, Side, flags};

    const RULE: &str = "nrpc-syn-refused";

    #[test]
    fn every_syn_is_reset() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).refused(3);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding)), (vec![0], vec![1, 2]));
        says(&finding, &["10.2.0.9:1352 refuses", "10.1.0.50", "1 attempt", "3 SYNs in all", "answered by RST after"]);
    }

    #[test]
    fn a_filter_gives_itself_away() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.connect(&client, &server, 443).client_fin();
        let tcp = net.dial(&client, &server, 1352).midstream();
        tcp.segment(Side::Client, Segment { sequence: -1, ..Segment::new(flags::SYN) });
        tcp.segment(Side::Server, Segment { ttl: Some(60), ..Segment::new(flags::RST | flags::ACK) });
        says(&one(&net, RULE), &["A packet filter refuses connections to 10.2.0.9:1352", "TTL 60 differs"]);
    }

    #[test]
    fn success_soon_after_lowers_the_severity() {
        for (second, severity) in [("10.2.0.9", Severity::Minor), ("10.2.0.10", Severity::Major)] {
            let net = Network::new();
            let client = net.host("10.1.0.50");
            net.dial(&client, &net.host("10.2.0.9"), 1352).refused(1);
            net.wait_secs(5);
            net.connect(&client, &net.host(second), 1352).works("CN=Mail01/O=Acme", 2).client_fin();
            assert_eq!(one(&net, RULE).severity, severity, "{second}");
        }
    }

    #[test]
    fn a_half_open_probe_is_no_refusal() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).half_open();
        none(&net, RULE);
    }

    #[test]
    fn a_scanner_is_not_refused() {
        let net = Network::new();
        let client = net.host("10.1.0.50");
        for n in 1..=20 {
            net.dial(&client, &net.host(&format!("10.2.0.{n}")), 1352).refused(1);
        }
        assert!(of(&net, RULE).is_empty());
        says(&one(&net, "nrpc-probe-noise"), &["10.1.0.50 scans", "20 ports"]);
    }
}
