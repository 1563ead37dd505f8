//! The SYN is answered by RST: nothing listens, or a filter rejects.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::logs::not_responding;
use crate::diagnose::evidence::refusal::not_simply_down;
use crate::diagnose::words::nrpc::{Afterwards, syn_refused as words};
use crate::diagnose::words::{Clients, Occurrences, RefusedBecause, clock};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, IcmpRejections, worst_aftermath};
use crate::facts::network::refusals::{Refusal, Refusals, foreign_reset};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{Confidence, Conversation, RuleId, Setup, Severity, Span, Stamp};

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
              address or port; or somebody refuses in its place: a packet filter, a full queue, a load balancer with a dead \
              machine behind it. The user reads \"the server is not responding\".",
    guards: &[
        "SYN, SYN-ACK, RST from the client: a half-open probe, not a refusal.",
        "The server was restarting: that is one finding of its own.",
        "The client sweeps over many hosts or ports: a scanner.",
        "The client got through soon after: severity is lowered.",
        "TTL, IP ID or window of the RST are not the server's (one hop nearer is enough): a packet filter is named, not the server.",
        "The port serves others meanwhile: a filter by address if these clients are never let in, else a full queue or one dead \
         machine of several; medium confidence at most.",
        "It served before or afterwards: said so.",
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
        let (restarted, rejections) = (restarted(case), IcmpRejections::new(case));
        let mine = case.talks().filter(|talk| {
            let c = talk.conversation;
            refusal(talk).is_some()
                && !restarted.contains(&c.id)
                && !case.scans().has(c.client.ip)
                && rejections.of(case, talk).is_none()
        });
        let key = |talk: &&Talk<'_>| (talk.conversation.server, foreign_reset(case, talk.conversation).is_some());
        let groups = group_by(mine, key);
        if groups.is_empty() {
            return Vec::new();
        }
        let refusals = Refusals::new(case);
        groups.iter().filter_map(|group| finding(case, &refusals, group)).collect()
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

/// 75 points without a word that was read: a RST in answer to a SYN is the refusal itself. How sure it is who sent it, and with that
/// how much is lost, is for [`limits`] to say.
fn finding<'a>(case: &Case<'a>, refusals: &Refusals<'a>, group: &[&Talk<'a>]) -> Option<Draft> {
    let first = *group.first()?;
    let (server, (syn, rst)) = (first.conversation.server, refusal(first)?);
    let conversations: Vec<&Conversation> = group.iter().map(|talk| talk.conversation).collect();
    let refusal = refusals.why(case, server, &conversations);
    let aftermath = worst_aftermath(case, group);
    let (severity, most) = limits(&refusal, aftermath.severity());
    let why = RefusedBecause::of(&refusal);
    let clients = Clients::of(conversations.iter().map(|c| c.client.ip));
    let start = format!("On {}: start Domino, or find out why it does not listen on port {}.", server.ip, server.port);
    let draft = Draft::new(&ABOUT, 75)
        .at_most(most)
        .retry(group.len() > 1 || !matches!(aftermath, Aftermath::Nothing))
        .seen_in(group.len())
        .severity(severity)
        .conversations_of(group.iter().copied());
    let draft = match why.remedies(server, &clients) {
        Some(remedies) => draft.remedies(remedies),
        None => draft.remedy_first(start),
    };
    let draft = draft.says(&words::AnsweredByReset {
        seen: Occurrences::of(server, group, syn.time),
        delay_s: rst.lasted_since(syn).map(Span::as_secs_f64),
        why,
        afterwards: Afterwards::of(aftermath),
    });
    let draft = each(draft, group, "attempts", |draft, talk| evidence(draft, talk));
    Some(not_simply_down(draft, &refusal))
}

/// Where others are served, some can work; and which of two causes it is, the packets do not say.
fn limits(refusal: &Refusal, severity: Severity) -> (Severity, Confidence) {
    match refusal {
        Refusal::Intermittent(_) => (severity.min(Severity::Major), Confidence::Medium),
        Refusal::Selective(_) => (severity, Confidence::Medium),
        Refusal::NothingListens | Refusal::Filter(_) | Refusal::Away { .. } => (severity, Confidence::High),
    }
}

fn evidence(draft: Draft, talk: &Talk<'_>) -> Draft {
    let Some((syn, rst)) = refusal(talk) else { return draft };
    let c = talk.conversation;
    let delay = rst.lasted_since(syn).map_or_else(String::new, |delay| format!(" after {delay}"));
    let again = if c.packets.client > 1 { format!(", {} SYNs in all", c.packets.client) } else { String::new() };
    draft
        .packet(syn, format!("SYN from {} at {}{again}", c.client, clock(syn.time)))
        .packet(rst, format!("answered by RST{delay}"))
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

    fn served(net: &Network, client: &str) {
        net.connect(&net.host(client), &net.host("10.2.0.9"), 1352).works("CN=Mail01/O=Acme", 1).client_fin();
    }

    fn refused(net: &Network, client: &str) {
        net.dial(&net.host(client), &net.host("10.2.0.9"), 1352).refused(1);
    }

    /// One hop nearer is enough.
    #[test]
    fn a_filter_in_front_of_the_server() {
        let net = Network::new();
        let server = net.host("10.2.0.9").linux().ttl(63);
        net.connect(&net.host("10.1.0.51"), &server, 1352).works("CN=Mail01/O=Acme", 1).client_fin();
        let tcp = net.dial(&net.host("10.1.0.50"), &server, 1352).midstream();
        tcp.segment(Side::Client, Segment { sequence: -1, ..Segment::new(flags::SYN) });
        tcp.segment(Side::Server, Segment { ttl: Some(64), ..Segment::new(flags::RST | flags::ACK) });
        says(
            &one(&net, RULE),
            &["A packet filter refuses connections to 10.2.0.9:1352", "TTL 64", "sent one hop nearer"],
        );
    }

    #[test]
    fn who_is_refused_while_others_are_served() {
        let net = Network::new();
        for other in ["10.1.0.51", "10.1.0.52"] {
            served(&net, other);
            refused(&net, "10.1.0.50");
        }
        served(&net, "10.1.0.53");
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(
            &finding,
            &["10.2.0.9:1352 refuses 10.1.0.50 and serves others", "10.1.0.51 is let in", "filter by address"],
        );
    }

    #[test]
    fn every_second_attempt_is_refused() {
        let net = Network::new();
        for n in 50..56 {
            served(&net, &format!("10.1.0.{n}"));
            refused(&net, &format!("10.1.0.{}", n + 1));
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(&finding, &["refuses some connections and accepts others", "load balancer", "queue"]);
    }

    #[test]
    fn a_server_that_comes_up_or_goes_down() {
        for (before, after, words) in [
            (true, true, "did not listen for a while"),
            (false, true, "did not listen yet"),
            (true, false, "listens no more"),
        ] {
            let net = Network::new();
            if before {
                served(&net, "10.1.0.51");
            }
            net.wait_secs(60);
            refused(&net, "10.1.0.50");
            net.wait_secs(60);
            if after {
                served(&net, "10.1.0.51");
            }
            says(
                &one(&net, RULE),
                &[words, "served"].map(|word| if word == "served" && !after { "seen to serve" } else { word }),
            );
        }
    }

    /// What happens an hour later does not happen at the same time.
    #[test]
    fn two_outages_with_service_between_them() {
        for (later, words) in [(true, "did not listen for a while"), (false, "listens no more")] {
            let net = Network::new();
            refused(&net, "10.1.0.50");
            net.wait_secs(5);
            served(&net, "10.1.0.50");
            net.wait_secs(3600);
            refused(&net, "10.1.0.50");
            net.wait_secs(60);
            if later {
                served(&net, "10.1.0.50");
            }
            says(&one(&net, RULE), &[words, "seen to serve until", "2 attempts"]);
        }
    }

    #[test]
    fn a_long_outage_between_two_that_are_served() {
        let net = Network::new();
        served(&net, "10.1.0.50");
        for _ in 0..20 {
            net.wait_secs(6);
            refused(&net, "10.1.0.50");
        }
        net.wait_secs(6);
        served(&net, "10.1.0.50");
        says(&one(&net, RULE), &["did not listen for a while"]);
    }
}
