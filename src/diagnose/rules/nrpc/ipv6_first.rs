//! IPv6 is tried first, in vain, and IPv4 works: the same delay at every connection.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::ipv6_first as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{got_through, silent};
use crate::facts::statistics::median;
use crate::model::{Confidence, ConversationId, Endpoint, RuleId, Severity, Span};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::dns;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct Ipv6First;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-ipv6-first");

static ABOUT: About = About {
    id: ID,
    title: "IPv6 is tried first, in vain",
    severity: Severity::Minor,
    layer: Layer::Network,
    sees: "SYNs to a server's IPv6 address are never answered; seconds later the client connects to an IPv4 address \
           of the same name, and that works.",
    matters: "Every new connection begins with the same pause (5 seconds by Notes' own timer), though nothing is \
              broken on IPv4.",
    guards: &[
        "The delay is short: the client races both families, as it should (RFC 8305).",
        "No DNS name in common: only if there is one client of each family in the capture, and at low confidence.",
        "IPv4 does not work either: then the server or the path is the matter.",
    ],
    remedy: &[
        "Either let TCP over IPv6 through to the server, or take the AAAA record out of DNS.",
        "Or switch IPv6 off in Notes or Domino, as it is by default (HCL Domino 12.0.2): somebody set notes.ini TCP_EnableIPV6=1; \
         take it out or set 0.",
        "Addresses that the client remembered: notes.ini DONT_USE_REMEMBERED_ADDRESSES=1, read at start.",
    ],
    references: &["RFC 6724 (address selection)", "RFC 8305 (happy eyeballs)"],
    explains: &[super::syn_silent::ID],
};

/// An attempt over IPv6 and the one over IPv4 that followed.
struct Pair<'c, 'a> {
    v6: &'c Talk<'a>,
    v4: &'c Talk<'a>,
    name: Option<String>,
}

impl Pair<'_, '_> {
    fn delay(&self) -> Span {
        self.v4.conversation.first.since(self.v6.conversation.first)
    }
}

impl Rule for Ipv6First {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let slow = pairs(case).into_iter().filter(|pair| pair.delay() >= case.settings.thresholds.ipv6_delay);
        let groups = group_by(slow, |pair| (pair.v6.conversation.server, pair.v4.conversation.server));
        groups.iter().filter_map(|group| finding(group)).collect()
    }
}

/// Silent attempts that cost the client no more than a delay, be it long or short.
pub(super) fn claimed(case: &Case<'_>) -> HashSet<ConversationId> {
    pairs(case).iter().map(|pair| pair.v6.conversation.id).collect()
}

fn pairs<'c, 'a>(case: &'c Case<'a>) -> Vec<Pair<'c, 'a>> {
    let in_vain: Vec<_> = silent(case).filter(|talk| talk.conversation.server.ip.is_ipv6()).collect();
    if in_vain.is_empty() {
        return Vec::new();
    }
    let names = Names::new(case);
    let worked: Vec<&Talk<'a>> =
        case.talks().filter(|t| t.conversation.server.ip.is_ipv4() && got_through(t)).collect();
    let mut by_server: HashMap<Endpoint, Vec<&Talk<'a>>> = HashMap::new();
    for &talk in &worked {
        by_server.entry(talk.conversation.server).or_default().push(talk);
    }
    let lone = alone(&in_vain) && alone(&worked);
    in_vain
        .into_iter()
        .filter_map(|v6| names.pair(case, &by_server, v6).or_else(|| lone_pair(case, &worked, v6, lone)))
        .collect()
}

/// All of them are of one client.
fn alone(talks: &[&Talk<'_>]) -> bool {
    talks.windows(2).all(|w| w[0].conversation.client.ip == w[1].conversation.client.ip)
}

fn lone_pair<'c, 'a>(case: &Case<'a>, worked: &[&'c Talk<'a>], v6: &'c Talk<'a>, lone: bool) -> Option<Pair<'c, 'a>> {
    if lone { follower(case, worked, v6).map(|v4| Pair { v6, v4, name: None }) } else { None }
}

/// The first of `worked` that began after `v6`, early enough to be its consequence.
fn follower<'c, 'a>(case: &Case<'a>, worked: &[&'c Talk<'a>], v6: &Talk<'a>) -> Option<&'c Talk<'a>> {
    let began = v6.conversation.first.time;
    let from = worked.partition_point(|t| t.conversation.first.time.seconds_since(began) < 0.0);
    let next = *worked.get(from)?;
    let delay = next.conversation.first.time.since(began);
    (delay <= case.settings.thresholds.retry_within).then_some(next)
}

/// Names and addresses as DNS answers of the capture give them.
struct Names {
    names_of: HashMap<IpAddr, Vec<String>>,
    addresses_of: HashMap<String, Vec<IpAddr>>,
}

impl Names {
    fn new(case: &Case<'_>) -> Self {
        let mut names = Self { names_of: HashMap::new(), addresses_of: HashMap::new() };
        for (_, answer) in case.lookups().filter_map(|lookup| lookup.response) {
            let name = answer.name.to_lowercase();
            for record in &answer.answers {
                let dns::Data::Address(address) = record.data else { continue };
                let known = names.addresses_of.entry(name.clone()).or_default();
                if !known.contains(&address) && known.len() < 64 {
                    known.push(address);
                    names.names_of.entry(address).or_default().push(name.clone());
                }
            }
        }
        names
    }

    fn pair<'c, 'a>(
        &self,
        case: &Case<'a>,
        worked: &HashMap<Endpoint, Vec<&'c Talk<'a>>>,
        v6: &'c Talk<'a>,
    ) -> Option<Pair<'c, 'a>> {
        let server = v6.conversation.server;
        let names = self.names_of.get(&server.ip)?.iter().take(16);
        let mut found = names.flat_map(|name| {
            let addresses = self.addresses_of.get(name).into_iter().flatten().filter(|ip| ip.is_ipv4());
            addresses.filter_map(move |&ip| {
                let talks = worked.get(&Endpoint { ip, port: server.port })?;
                follower(case, talks, v6).map(|v4| Pair { v6, v4, name: Some(name.clone()) })
            })
        });
        found.next()
    }
}

/// Low at most without the name that leads to both addresses, because two addresses alone may be two servers.
fn finding(group: &[Pair<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let (v6, v4) = (first.v6.conversation, first.v4.conversation);
    let mut draft = Draft::new(&ABOUT, 45)
        .seen_in(group.len())
        .conversations_of(group.iter().map(|pair| pair.v6))
        .says(&words::InVain {
            server: v6.server,
            client: v6.client.ip,
            other_server: v4.server,
            other_client: v4.client.ip,
            dns_name: first.name.clone(),
            count: group.len(),
            first: v6.first.time,
            delay_s: first.delay().as_secs_f64(),
            delay_median_s: median(&group.iter().map(|pair| pair.delay().as_secs_f64()).collect::<Vec<_>>()),
        })
        .remedy_first(match &first.name {
            Some(name) => {
                format!("Remove the AAAA record {} of {name}, or let TCP to {} through.", v6.server.ip, v6.server)
            }
            None => format!("Let TCP to {} through, or stop publishing that address.", v6.server),
        });
    draft = match &first.name {
        Some(name) => {
            draft.names_read().note(format!("DNS: {name} leads to both {} and {}", v6.server.ip, v4.server.ip))
        }
        None => draft.at_most(Confidence::Low),
    };
    Some(each(draft, group, "delayed connections", |draft, pair| {
        let (v6, v4) = (pair.v6.conversation, pair.v4.conversation);
        draft
            .packet(v6.first, format!("SYN from {} to {}, never answered", v6.client, v6.server))
            .packet(v4.first, format!("SYN from {} to {} {} later, answered", v4.client, v4.server, pair.delay()))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, idle, none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, AAAA, Record};

    const RULE: &str = "nrpc-ipv6-first";
    const NAME: &str = "CN=Mail01/O=Acme";

    fn names(net: &Network) {
        let (client, resolver) = (net.host("10.1.0.50"), net.host("10.1.0.2"));
        let host = "mail01.acme.example";
        net.resolve(&client, &resolver, host, AAAA, &[Record::address(host, "2001:db8:2::9")]);
        net.resolve(&client, &resolver, host, A, &[Record::address(host, "10.2.0.9")]);
    }

    /// SYNs over IPv6, then a session over IPv4 `pause` milliseconds after the first of them.
    fn attempt(net: &Network, client: u8, pause: u64) {
        let begin = net.wait(100).elapsed();
        let v6 = [net.host(&format!("2001:db8::{client}")), net.host("2001:db8:2::9")];
        let v4 = [net.host(&format!("10.1.0.{client}")), net.host("10.2.0.9")];
        net.dial(&v6[0], &v6[1], 1352).silent(if pause > 1000 { &[1, 3] } else { &[] });
        net.at(begin + pause);
        net.connect(&v4[0], &v4[1], 1352).works(NAME, 2).client_fin();
    }

    #[test]
    fn ipv6_in_vain_then_ipv4() {
        let net = Network::new();
        names(&net);
        attempt(&net, 50, 5000);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding)), (vec![2], vec![5, 8]));
        says(&finding, &["[2001:db8:2::9]:1352", "10.2.0.9:1352", "5.0 s", "mail01.acme.example"]);
        none(&net, "nrpc-syn-silent");
    }

    #[test]
    fn happy_eyeballs_cost_nothing() {
        let net = Network::new();
        names(&net);
        attempt(&net, 50, 250);
        idle(&net, 10);
        none(&net, RULE);
        none(&net, "nrpc-syn-silent");
    }

    #[test]
    fn ipv4_that_does_not_work_either_is_another_matter() {
        let net = Network::new();
        names(&net);
        net.dial(&net.host("2001:db8::50"), &net.host("2001:db8:2::9"), 1352).silent(&[1, 3]);
        net.wait_secs(2);
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).silent(&[1, 3]);
        idle(&net, 10);
        none(&net, RULE);
    }

    #[test]
    fn without_names_one_client_is_a_guess_and_two_are_none() {
        let net = Network::new();
        attempt(&net, 50, 5000);
        assert_eq!(one(&net, RULE).confidence, Confidence::Low);
        attempt(&net, 51, 5000);
        none(&net, RULE);
        assert_eq!(one(&net, "nrpc-syn-silent").severity, Severity::Major);
    }
}
