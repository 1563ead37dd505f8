//! A client outside calls the server's inside address.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::private_address as words;
use crate::diagnose::words::{Occurrences, dns_path};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, got_through, silent, worst_aftermath};
use crate::model::{Confidence, ConversationId, RuleId, Severity};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct PrivateAddress;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-private-address");

static ABOUT: About = About {
    id: ID,
    title: "A client outside calls the server's inside address",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "A client that reached a Domino server by a public address then calls a private one (RFC 1918, RFC 4193) of \
           another network, and nothing answers.",
    matters: "The first contact works, and the next fails: the server told the client its inside address (Net Address \
              of the Server document), which leads nowhere from outside.",
    guards: &[
        "The client's own address is of the same private network: it is inside.",
        "A host of that private network answered in the capture: a VPN leads there.",
        "The client reached no server by a public address before.",
        "An ICMP error explains it.",
    ],
    remedy: &[
        "Server document > Ports > Notes Network Ports: put the fully qualified host name into Net Address instead of \
         the IP address.",
        "Resolve that name to the public address outside and to the private one inside (split DNS).",
        "Outside users: a Connection document with the public name as destination address.",
    ],
    references: &["RFC 1918, RFC 4193", "HCL Domino: Ensuring DNS resolves in NRPC (NAT)"],
    explains: &[super::syn_silent::ID],
};

/// A silent attempt and the contact that worked before it.
struct Outside<'c, 'a> {
    talk: &'c Talk<'a>,
    before: &'c Talk<'a>,
}

impl Rule for PrivateAddress {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(outside(case), |o| o.talk.conversation.server);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Silent attempts that this rule explains.
pub(super) fn claimed(case: &Case<'_>) -> HashSet<ConversationId> {
    outside(case).iter().map(|outside| outside.talk.conversation.id).collect()
}

fn outside<'c, 'a>(case: &'c Case<'a>) -> Vec<Outside<'c, 'a>> {
    let candidates: Vec<_> = silent(case).filter(|talk| is_private(talk.conversation.server.ip)).collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    let reachable: HashSet<Vec<u8>> = case.analysis.facts.hosts.keys().copied().map(network).collect();
    let mut public: HashMap<IpAddr, Vec<&Talk<'a>>> = HashMap::new();
    for talk in case.talks().filter(|talk| got_through(talk) && !is_private(talk.conversation.server.ip)) {
        public.entry(talk.conversation.client.ip).or_default().push(talk);
    }
    let foreign = |talk: &Talk<'_>| {
        let server = network(talk.conversation.server.ip);
        server != network(talk.conversation.client.ip) && !reachable.contains(&server)
    };
    candidates
        .into_iter()
        .filter(|talk| foreign(talk))
        .filter_map(|talk| Some(Outside { talk, before: first_contact(case, &public, talk)? }))
        .collect()
}

/// The last session with a public address before the attempt, not too long ago.
fn first_contact<'c, 'a>(
    case: &Case<'a>,
    public: &HashMap<IpAddr, Vec<&'c Talk<'a>>>,
    talk: &Talk<'a>,
) -> Option<&'c Talk<'a>> {
    let all = public.get(&talk.conversation.client.ip)?;
    let before = all.partition_point(|p| p.conversation.first.time < talk.conversation.first.time);
    let last = *all.get(before.checked_sub(1)?)?;
    let age = talk.conversation.first.time.since(last.conversation.last.time);
    (age <= case.settings.thresholds.first_contact).then_some(last)
}

/// Private to an organisation: RFC 1918, or unique local (RFC 4193).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// The site that an address belongs to, roughly: its /16, or /48 in IPv6.
fn network(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().into_iter().take(2).collect(),
        IpAddr::V6(v6) => v6.octets().into_iter().take(6).collect(),
    }
}

/// Medium at most, because an address of a private network may be silent for a reason of its own, too.
fn finding(case: &Case<'_>, group: &[Outside<'_, '_>]) -> Option<Draft> {
    let Outside { talk, before } = group.first()?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|outside| outside.talk).collect();
    let (server, public) = (talk.conversation.server, before.conversation.server);
    let aftermath = worst_aftermath(case, &talks);
    let lookup = case.lookup_of(server.ip, talk.conversation.first.time).and_then(|lookup| lookup.response);
    let mut draft = Draft::new(&ABOUT, 45)
        .points(if is_private(talk.conversation.client.ip) { 0 } else { 10 })
        .retry(group.len() > 1 || !matches!(aftermath, Aftermath::Nothing))
        .seen_in(group.len())
        .severity(aftermath.severity())
        .at_most(Confidence::Medium)
        .conversations_of(talks.iter().copied())
        .says(&words::Inside {
            seen: Occurrences::of(server, &talks, talk.conversation.first.time),
            other_server: public,
            other_first: before.conversation.first.time,
            dns_name: lookup.map(|(_, answer)| answer.name.clone()),
        })
        .remedy_first(format!("Replace {} by a host name that leads to {} from outside.", server.ip, public.ip))
        .packet(before.conversation.first, format!("first contact with {public}, which works"));
    if let Some((message, answer)) = lookup {
        draft = draft.dns(message.at, format!("DNS: {} leads to {} ({})", answer.name, server.ip, dns_path(answer)));
    }
    draft = each(draft, group, "attempts", |draft, outside| {
        let c = outside.talk.conversation;
        draft.packet(c.first, format!("SYN from {} to {}", c.client, c.server))
    });
    Some(draft.absence(format!("no answer from {server}")))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::Network;

    const RULE: &str = "nrpc-private-address";
    const NAME: &str = "CN=Mail01/O=Acme";

    /// A session with `first`, then SYNs to `then` that nobody answers.
    fn calls(client: &str, first: Option<&str>, then: &str) -> Network {
        let net = Network::new();
        let client = net.host(client);
        if let Some(first) = first {
            net.connect(&client, &net.host(first), 1352).works(NAME, 2).client_fin();
        }
        net.wait_secs(60);
        net.dial(&client, &net.host(then), 1352).silent(&[1, 3]);
        idle(&net, 10);
        net
    }

    #[test]
    fn an_inside_address_called_from_outside() {
        let net = calls("192.168.178.20", Some("203.0.113.9"), "10.2.0.9");
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [1]);
        says(&finding, &["192.168.178.20 outside", "10.2.0.9:1352", "203.0.113.9:1352", "from the Server document"]);
        none(&net, "nrpc-syn-silent");
    }

    #[test]
    fn other_causes_are_left_to_the_other_rule() {
        for (client, first, then) in [
            ("192.168.178.20", None, "10.2.0.9"),
            ("192.168.178.20", Some("192.168.178.9"), "10.2.0.9"),
            ("192.168.178.20", Some("203.0.113.9"), "192.168.178.9"),
            ("192.168.178.20", Some("203.0.113.9"), "203.0.113.10"),
        ] {
            let net = calls(client, first, then);
            none(&net, RULE);
            one(&net, "nrpc-syn-silent");
        }
    }

    #[test]
    fn a_vpn_leads_inside() {
        let net = calls("192.168.178.20", Some("203.0.113.9"), "10.2.0.9");
        net.connect(&net.host("192.168.178.20"), &net.host("10.2.7.7"), 443).client_fin();
        none(&net, RULE);
    }
}
