//! Several Domino partitions share an address, and the one on the Notes port does not lead to the wanted one.

use crate::diagnose::evidence::nrpc::{and_more, show};
use crate::diagnose::words::nrpc::port_map::{NobodyThere, NotSentOn};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::names::{NameLikeness, abbreviated, looks_like_host};
use crate::facts::network::refusals::foreign_reset;
use crate::facts::nrpc::opening::{AnsweredNames, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{Confidence, Endpoint, RuleId, Setup, Severity};
use hashbrown::HashMap;
use nrpcsniff_dissectors::nrpc;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct PortMap;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-port-map");

static ABOUT: About = About {
    id: ID,
    title: "Port-mapping partition missing or wrong",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A client asks port 1352 for a server, another one answers and the session ends, and the capture shows the \
           wanted server on another port of the same address. Or: port 1352 refuses, while Domino servers answer on \
           other ports of that address.",
    matters: "Partitions that share one address are reached through the partition that listens on 1352 and sends \
              clients on. If it is down or not told of the others, they seem to be down too.",
    guards: &[
        "The client goes on to the other port by itself: the port mapper works; silent.",
        "No partition on another port was seen in the capture: silent, see nrpc-name-mismatch-other-server.",
        "The client asked for a host name: see nrpc-name-mismatch-alias.",
        "Port 1352 accepts at another time in the capture: a restart rather than a missing mapper; silent.",
        "The RST came from something on the path: silent.",
        "How a redirect looks on the wire is not known: medium confidence at most.",
    ],
    remedy: &[
        "Start the partition that listens on port 1352 of this address.",
        "In its notes.ini, one line a partition: TCPIP_PortMappingNN=CN=Server/O=Org,IPaddress:port; restart it.",
        "Open the partitions' own ports in the firewall: after the redirect the client connects to them directly.",
    ],
    references: &["HCL Domino 11: configuring a partitioned server for one IP address and port mapping"],
    explains: &[
        super::name_mismatch_other_server::ID,
        super::server_renamed::ID,
        super::syn_refused::ID,
        super::early_close::ID,
    ],
};

impl Rule for PortMap {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let answers = AnsweredNames::new(case);
        let partitions = Partitions::new(&answers);
        let wrong = group_by(case.nrpc().filter(|talk| misled(case, &partitions, talk).is_some()), attempt);
        let refused = group_by(case.talks().filter(|talk| turned_away(case, &answers, &partitions, talk)), attempt);
        let wrong = wrong.iter().filter_map(|group| not_sent_on(case, &partitions, group));
        wrong.chain(refused.iter().filter_map(|group| nobody_there(&partitions, group))).collect()
    }
}

/// Domino servers on ports other than the usual one, by address: port and name.
struct Partitions<'a> {
    by_address: HashMap<IpAddr, Vec<(Endpoint, &'a str)>>,
}

impl<'a> Partitions<'a> {
    fn new(answers: &AnsweredNames<'a>) -> Self {
        let mut by_address: HashMap<_, Vec<_>> = HashMap::new();
        for (server, names) in answers.iter().filter(|(server, _)| !usual(*server)) {
            let known = by_address.entry(server.ip).or_default();
            known.extend(names.iter().map(|&name| (server, name)));
        }
        for known in by_address.values_mut() {
            known.sort_unstable();
        }
        Self { by_address }
    }

    fn at(&self, address: IpAddr) -> &[(Endpoint, &'a str)] {
        self.by_address.get(&address).map_or(&[], Vec::as_slice)
    }
}

fn usual(server: Endpoint) -> bool {
    nrpc::PROTOCOL.tcp_ports.contains(&server.port)
}

/// The wanted server lives on another port of the address, and the client was not led there.
fn misled<'a>(case: &Case<'a>, partitions: &Partitions<'a>, talk: &Talk<'a>) -> Option<(Endpoint, &'a str)> {
    let server = talk.conversation.server;
    let names = refused(case, talk).filter(|m| usual(server) && !looks_like_host(m.wanted))?;
    let home = |&&(_, name): &&(Endpoint, &str)| case.likeness(names.wanted, name) == NameLikeness::Same;
    partitions.at(server.ip).iter().find(home).copied()
}

/// The usual port refused for good, and partitions live on others.
fn turned_away(case: &Case<'_>, answers: &AnsweredNames<'_>, partitions: &Partitions<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let accepts = case
        .analysis
        .facts
        .hosts
        .get(&c.server.ip)
        .is_some_and(|host| host.accepted.iter().any(|(port, _)| *port == c.server.port));
    c.setup == Setup::Refused
        && foreign_reset(case, c).is_none()
        && usual(c.server)
        && !accepts
        && answers.of(c.server).is_empty()
        && !partitions.at(c.server.ip).is_empty()
}

fn not_sent_on(case: &Case<'_>, partitions: &Partitions<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (home, name) = misled(case, partitions, first)?;
    let met = abbreviated(first.answered()?);
    let draft = Draft::new(&ABOUT, 55)
        .at_most(Confidence::Medium)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&NotSentOn {
            server: first.conversation.server,
            server_name: met.clone(),
            client: first.conversation.client.ip,
            count: group.len(),
            asked: abbreviated(name),
            other_server: home,
        })
        .remedy_first(format!(
            "In the notes.ini of {met}: TCPIP_PortMappingNN={name},{home} (NN = the next free number from 00), then \
             restart it."
        ));
    Some(partition_seen(case, show(draft, group), home))
}

fn nobody_there(partitions: &Partitions<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let server = first.conversation.server;
    let known = partitions.at(server.ip).iter().take(8);
    let mut draft =
        Draft::new(&ABOUT, 50).at_most(Confidence::Medium).retry(group.len() > 1).seen_in(group.len()).says(
            &NobodyThere {
                server,
                client: first.conversation.client.ip,
                count: group.len(),
                server_names: known.clone().map(|(_, name)| abbreviated(name)).collect(),
                ports: known.map(|(at, _)| at.port).collect(),
            },
        );
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    for talk in group.iter().take(4) {
        let at = talk.conversation.teardown.at.unwrap_or(talk.conversation.last);
        draft = draft.packet(at, format!("{server} refuses the connection"));
    }
    Some(and_more(draft, group))
}

/// A session that shows the wanted partition alive.
fn partition_seen(case: &Case<'_>, draft: Draft, home: Endpoint) -> Draft {
    match case.of_server(home).find_map(|talk| Some((talk.response?, talk.answered()?))) {
        Some((response, name)) => draft.packet(response.at(), format!("\"{name}\" answers at {home}")),
        None => draft,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, conversations, text, the_one, told};
    use nrpcsniff_samples::Network;

    const RULE: &str = "nrpc-port-map";
    const A: &str = "CN=PartA/O=Example";
    const B: &str = "CN=PartB/O=Example";
    const C: &str = "CN=PartC/O=Example";

    /// Somebody reaches a partition on a port of its own.
    fn partition(net: &Network, name: &str, port: u16) {
        net.connect(&net.host("10.1.0.60"), &net.host("10.1.0.9"), port).works(name, 3).client_fin();
    }

    fn misled(net: &Network, wanted: &str) {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).session(wanted, B).wait(3).client_fin();
    }

    fn refused(net: &Network) {
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).refused(3);
    }

    #[test]
    fn the_partition_on_the_notes_port_does_not_send_clients_on() {
        let found = told(RULE, |net| {
            partition(net, A, 13_521);
            misled(net, A);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [1]);
        assert!(finding.also.iter().any(|also| *also == "nrpc-name-mismatch-other-server"));
        assert!(finding.title.contains("PartB/Example on 10.1.0.9:1352") && finding.title.contains("13521"));
        assert!(finding.remedy[0].contains("CN=PartA/O=Example,10.1.0.9:13521"));
        assert!(text(finding).contains("\"CN=PartA/O=Example\" answers at 10.1.0.9:13521"));
        assert!(finding.frames.iter().any(|frame| frame.number == 5));
    }

    #[test]
    fn nobody_listens_on_the_notes_port_of_a_machine_with_partitions() {
        let found = told(RULE, |net| {
            partition(net, A, 13_521);
            partition(net, C, 13_522);
            refused(net);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert!(finding.explanation.contains("PartA/Example on port 13521, PartC/Example on port 13522"));
        assert!(conversations(finding).contains(&2));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("the mapper sends the client on", |net| {
                misled(net, A);
                net.wait(20);
                net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 13_521).works(A, 3).client_fin();
            }),
            ("no partition was seen", |net| misled(net, A)),
            ("another partition was seen", |net| {
                partition(net, C, 13_522);
                misled(net, A);
            }),
            ("the partition lives on another machine", |net| {
                net.connect(&net.host("10.1.0.60"), &net.host("10.1.0.10"), 13_521).works(A, 3).client_fin();
                misled(net, A);
            }),
            ("the notes port refuses during a restart only", |net| {
                partition(net, A, 13_521);
                refused(net);
                net.wait_secs(20);
                partition(net, B, 1352);
            }),
            ("nothing but a refusal", refused),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
