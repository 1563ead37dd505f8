//! A connection to a machine at which people sign on did not come about, on a port that no other rule knows.

use crate::diagnose::evidence::attempts::{alike, draft};
use crate::diagnose::evidence::refusal::not_simply_down;
use crate::diagnose::words::net::connect_failed as words;
use crate::diagnose::words::{Failure, RefusedBecause};
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::facts::network::refusals::Refusals;
use crate::model::{
    Attempt, AttemptKind, Conversation, Endpoint, Outcome, PerSide, RuleId, Setup, Severity, Span, Transport,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct ConnectFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("net-connect-failed");

static ABOUT: About = About {
    id: ID,
    title: "A sign-on machine cannot be reached",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A SYN to a usual port of HTTP, SIP, LDAP or their TLS is refused, answered by an ICMP error or not at all, at a machine at \
           which others sign on by that protocol: it took or gave sign-on tokens, registered users, or answered for a directory.",
    matters: "The page, the telephone or the directory behind it is not there for whoever calls.",
    guards: &[
        "Ports of Notes and Sametime: see nrpc-syn-refused, nrpc-syn-silent, st-port-blocked. Any other finding explains it as well.",
        "Machines that have no part in a sign-on, and ports of what they do not serve: silent.",
        "Scanners and floods: silent.",
        "The same client got in at another port of the machine soon after (5061, then 5060): silent.",
        "It got through soon after at this port, or at this port of another machine: minor.",
        "The port serves others at the same time, before or after, or the RST is not the server's: said so.",
    ],
    remedy: &[
        "Does the service run, and listen on this address and port? On the server: netstat -an.",
        "Is the port open in every packet filter on the path? Try it from the client: nc -vz SERVER PORT.",
    ],
    references: &["RFC 9293 3.5.2 (reset generation), 3.8.1 (retransmission)"],
    explains: &[],
};

impl Rule for ConnectFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let known = |attempt: &&Attempt| is_of_sign_on(case, attempt.server);
        let failed: Vec<&Attempt> = lost.of(AttemptKind::Connect).filter(known).collect();
        if failed.is_empty() {
            return Vec::new();
        }
        let (ways, refusals) = (ways(case, &failed), Refusals::new(case));
        let groups = alike(failed.into_iter().filter(|attempt| !got_in_elsewhere(case, &ways, attempt)));
        groups.iter().filter_map(|group| finding(case, lost, &refusals, group)).collect()
    }
}

/// A usual port of a protocol by which people sign on at that machine, in clear or inside TLS.
fn is_of_sign_on(case: &Case<'_>, server: Endpoint) -> bool {
    let usual =
        |protocol: &&&Protocol| protocol.tcp_ports.contains(&server.port) || protocol.tls_ports.contains(&server.port);
    PROTOCOLS.iter().filter(usual).any(|protocol| case.peers().serves(server.ip, protocol))
}

/// Conversations of those clients with those machines in which both said something.
type Ways<'a> = HashMap<(IpAddr, IpAddr), Vec<&'a Conversation>>;

fn ways<'a>(case: &Case<'a>, failed: &[&Attempt]) -> Ways<'a> {
    let wanted: HashSet<(IpAddr, IpAddr)> = failed.iter().map(|attempt| (attempt.client, attempt.server.ip)).collect();
    let mut ways = Ways::new();
    let through = |c: &&Conversation| c.transport == Transport::Tcp && c.bytes.client > 0 && c.bytes.server > 0;
    for c in case.analysis.conversations.iter().filter(through) {
        if wanted.contains(&(c.client.ip, c.server.ip)) {
            ways.entry((c.client.ip, c.server.ip)).or_default().push(c);
        }
    }
    ways
}

/// It got what it wanted at another port of the machine soon after, as far as one can see.
fn got_in_elsewhere(case: &Case<'_>, ways: &Ways<'_>, attempt: &Attempt) -> bool {
    let within = Span::ZERO..=case.settings.thresholds.retry_within;
    let all = ways.get(&(attempt.client, attempt.server.ip)).into_iter().flatten();
    all.filter(|c| c.server.port != attempt.server.port).any(|c| within.contains(&c.first.since(attempt.at)))
}

fn finding<'a>(case: &Case<'a>, lost: &Lost<'_>, refusals: &Refusals<'a>, group: &[&Attempt]) -> Option<Draft> {
    let failure = Failure::of(group)?;
    let ids: HashSet<_> = group.iter().flat_map(|attempt| attempt.conversations.iter().copied()).collect();
    let conversations = case.analysis.conversations.iter().filter(|c| ids.contains(&c.id));
    let refused: Vec<&Conversation> = conversations.filter(|c| was_reset(c)).collect();
    let refusal = (!refused.is_empty()).then(|| refusals.why(case, failure.server, &refused));
    let why = refusal.as_ref().map(RefusedBecause::of);
    let remedies = why.as_ref().and_then(|why| why.remedies(failure.server, &failure.clients));
    let is_silent = group.iter().any(|attempt| attempt.outcome == Outcome::Unanswered);
    let draft = draft(case, &ABOUT, lost, group).says(&words::FailedConnections { failure, why, is_silent });
    let draft = match remedies {
        Some(remedies) => draft.remedies(remedies),
        None => draft,
    };
    Some(refusal.iter().fold(draft, not_simply_down))
}

fn was_reset(c: &Conversation) -> bool {
    c.setup == Setup::Refused && c.teardown.rst.server.is_some() && c.bytes == PerSide::default()
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, register, says, the_one, told};
    use nrpcsniff_samples::Network;

    const RULE: &str = "net-connect-failed";

    /// Somebody else registers at 10.1.0.9 by UDP.
    fn registrar(net: &Network) {
        register(&phone(net));
        net.wait_secs(60);
    }

    fn dials(net: &Network, server: &str, port: u16) {
        net.dial(&net.host("10.1.0.60"), &net.host(server), port).refused(1);
    }

    #[test]
    fn a_registrar_that_refuses_tls() {
        let found = told(RULE, |net| {
            registrar(net);
            dials(net, "10.1.0.9", 5061);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["10.1.0.9:5061 refuses connections: nothing listens there", "10.1.0.60", "nc -vz"]);
    }

    #[test]
    fn a_registrar_that_does_not_answer() {
        let found = told(RULE, |net| {
            registrar(net);
            net.dial(&net.host("10.1.0.60"), &net.host("10.1.0.9"), 5061).silent(&[1, 3, 7]);
            idle(net, 10);
        });
        says(the_one(&found), &["No answer from 10.1.0.9:5061"]);
    }

    #[test]
    fn one_that_serves_others_is_not_down() {
        let found = told(RULE, |net| {
            registrar(net);
            for client in ["10.1.0.61", "10.1.0.62"] {
                net.connect(&net.host(client), &net.host("10.1.0.9"), 5061).wait(100).client_fin();
                dials(net, "10.1.0.9", 5061);
            }
        });
        says(the_one(&found), &["10.1.0.9:5061 refuses 10.1.0.60 and serves others", "10.1.0.61 is let in"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("another machine", |net| dials(net, "10.1.0.10", 5061)),
            ("a port of something else", |net| dials(net, "10.1.0.9", 22)),
            ("a page at a machine where nobody signs on by HTTP", |net| dials(net, "10.1.0.9", 80)),
            ("a scanner", |net| {
                for port in [22, 80, 389, 443, 5060, 5061, 1533] {
                    dials(net, "10.1.0.9", port);
                }
            }),
            ("another port of the machine does", |net| {
                dials(net, "10.1.0.9", 5061);
                let tcp = net.connect(&net.host("10.1.0.60"), &net.host("10.1.0.9"), 5060);
                tcp.client(b"OPTIONS sip:a SIP/2.0\r\n\r\n").server(b"SIP/2.0 200 OK\r\n\r\n");
            }),
            ("it works", |net| {
                net.connect(&net.host("10.1.0.60"), &net.host("10.1.0.9"), 5061).wait(100).client_fin();
            }),
        ];
        for (name, story) in stories {
            let found = told(RULE, |net| {
                registrar(net);
                story(net);
            });
            assert_eq!(found, [], "{name}");
        }
    }
}
