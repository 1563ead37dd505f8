//! A router or host says by ICMP that the connection attempt cannot be delivered.

use crate::diagnose::evidence::{each, icmp};
use crate::diagnose::words::Occurrences;
use crate::diagnose::words::nrpc::icmp_reject as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, IcmpRejections, rejection, worst_aftermath};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{IcmpError, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct IcmpReject;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-icmp-reject");

static ABOUT: About = About {
    id: ID,
    title: "ICMP rejects the connection to the NRPC port",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "An ICMP error (unreachable, administratively prohibited, time exceeded) quotes the client's SYN to the \
           NRPC port, and the connection does not come about.",
    matters: "A device on the path says in so many words that it will not or cannot forward. The user reads \"unable \
              to find path to server\" or \"the server is not responding\".",
    guards: &[
        "The connection came about nevertheless: such an error is only a hint (RFC 1122 4.2.3.9).",
        "\"Fragmentation needed\" rejects a size, not a connection: see tcp-mtu-blackhole.",
        "A scanner, or a server that was restarting.",
        "The client got through soon after: severity is lowered.",
    ],
    remedy: &[
        "Administratively prohibited: change the access list of the device that is named.",
        "Network or host unreachable: routing, or the host is down or gone (the last router found nobody).",
        "Port unreachable: the host's own packet filter rejects.",
    ],
    references: &["RFC 792", "RFC 1812 5.2.7", "RFC 4443 3.1", "RFC 1122 4.2.3.9"],
    explains: &[super::syn_silent::ID, super::syn_refused::ID, super::early_close::ID, super::private_address::ID],
};

impl Rule for IcmpReject {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let (restarted, rejections) = (restarted(case), IcmpRejections::new(case));
        let mine = case.talks().filter_map(|talk| {
            let c = talk.conversation;
            let skip = restarted.contains(&c.id) || case.scans().has(c.client.ip);
            if skip { None } else { Some((talk, rejections.of(case, talk)?)) }
        });
        let groups = group_by(mine, |(talk, error)| (talk.conversation.server, error.from, error.kind, error.code));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// 80 points: the error quotes the very SYN, and says itself why it was rejected.
fn finding(case: &Case<'_>, group: &[(&Talk<'_>, &IcmpError)]) -> Option<Draft> {
    let &(first, error) = group.first()?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|(talk, _)| *talk).collect();
    let server = first.conversation.server;
    let reason = rejection(error)?;
    let aftermath = worst_aftermath(case, &talks);
    let said = words::Rejected {
        seen: Occurrences::of(server, &talks, first.conversation.first.time),
        rejected_by: error.from,
        meaning: reason,
    };
    let draft = Draft::new(&ABOUT, 80)
        .retry(group.len() > 1 || !matches!(aftermath, Aftermath::Nothing))
        .seen_in(group.len())
        .severity(aftermath.severity())
        .conversations_of(talks.iter().copied())
        .says(&said)
        .remedy_first(format!("On {}: find what makes it answer \"{reason}\" for TCP to {server}.", said.rejecter()));
    Some(each(draft, group, "attempts", |draft, (talk, error)| {
        let syn = format!("SYN from {}", talk.conversation.client);
        draft.packet(talk.conversation.first, syn).packet(error.at, format!("{}, quotes it", icmp(error)))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, idle, none, one, says};
    use nrpcsniff_samples::Network;

    const RULE: &str = "nrpc-icmp-reject";

    #[test]
    fn a_router_rejects_the_syn() {
        let net = Network::new();
        let (client, server, router) = (net.host("10.1.0.50"), net.host("10.2.0.9"), net.host("10.1.0.1"));
        net.dial(&client, &server, 1352).rejected(&router, 13);
        idle(&net, 10);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding)), (vec![0], vec![1, 2]));
        says(&finding, &["10.1.0.1 rejects", "10.2.0.9:1352", "administratively prohibited", "type 3 code 13"]);
        none(&net, "nrpc-syn-silent");
    }

    #[test]
    fn icmpv6_is_understood() {
        let net = Network::new();
        let (client, server) = (net.host("2001:db8::50"), net.host("2001:db8:2::9"));
        net.dial(&client, &server, 1352).rejected(&net.host("2001:db8::1"), 0);
        says(&one(&net, RULE), &["2001:db8::1 rejects", "no route to destination", "ICMPv6 type 1 code 0"]);
    }

    #[test]
    fn a_connection_that_came_about_was_not_rejected() {
        let net = Network::new();
        let (client, server, router) = (net.host("10.1.0.50"), net.host("10.2.0.9"), net.host("10.1.0.1"));
        let tcp = net.connect(&client, &server, 1352);
        net.icmp(&router, &client, 3, 1, [0; 4]);
        tcp.works("CN=Mail01/O=Acme", 2).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn a_packet_too_big_is_no_rejection() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).rejected(&net.host("10.1.0.1"), 4);
        idle(&net, 10);
        none(&net, RULE);
    }

    #[test]
    fn success_soon_after_lowers_the_severity() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).rejected(&net.host("10.1.0.1"), 1);
        net.wait_secs(5);
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }
}
