//! One server failed, and the client got a session with another one at once.

use crate::diagnose::evidence::nrpc::{show_close, show_names};
use crate::diagnose::words::nrpc::NamedServer;
use crate::diagnose::words::nrpc::cluster_failover::FailedOver;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::names::{NameLikeness, abbreviated};
use crate::facts::nrpc::group_by;
use crate::facts::nrpc::opening::{AnsweredNames, last_refusal, refused};
use crate::model::{Close, CloseBy, Confidence, Endpoint, PerSide, RuleId, Setup, Severity};

/// See [`ABOUT`].
pub(crate) struct ClusterFailover;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-cluster-failover");

static ABOUT: About = About {
    id: ID,
    title: "Worked by failover to another server",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "A session attempt that fails (no answer, refused, closed without an answer, refused by status), and within \
           seconds a session of the same client with another server, asked for by its own name.",
    matters: "The user can work, on another server. What is wrong with the first one is told by its own finding.",
    guards: &[
        "The second server is the same one at another address: not a failover; silent.",
        "IPv6 first, then IPv4: not a failover; silent.",
        "The first attempt failed because of the server's name: silent.",
        "The name of the first server is not known from the capture: silent if the client talks to further servers, else \
         low confidence.",
        "The client had a session with the second server already: less confidence, it may just use both.",
        "Cluster membership cannot be seen: medium confidence at most.",
    ],
    remedy: &[
        "Mend what keeps clients from the first server (see the finding on it). The failover itself did its duty.",
    ],
    references: &["HCL Domino 11: when failover occurs"],
    explains: &[],
};

impl Rule for ClusterFailover {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let answers = AnsweredNames::new(case);
        let failed = case.talks().filter(|talk| mate(case, &answers, talk).is_some());
        let groups = group_by(failed, |talk| {
            let mate = mate(case, &answers, talk).map(|mate| mate.conversation.server);
            (talk.conversation.client.ip, talk.conversation.server, mate)
        });
        groups.iter().filter_map(|group| finding(case, &answers, group)).collect()
    }
}

/// No session came of it, and the name was not the reason.
fn failed(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let unheard = c.bytes.server == 0
        && c.bytes.client > 0
        && !talk.went_on()
        && c.teardown.how != Close::Open
        && c.tcp.acked_unseen == PerSide::default();
    let hung_up = c.bytes == PerSide::default() && c.teardown.by == CloseBy::Server && c.teardown.how != Close::Open;
    matches!(c.setup, Setup::Refused | Setup::NoAnswer)
        || (c.setup == Setup::Handshake && (unheard || hung_up))
        || (last_refusal(case, talk, |_| true).is_some() && refused(case, talk).is_none())
}

/// The client talks to no more than these two addresses in the capture. One that talks to many servers may just have
/// gone on to its next one.
fn only_these(case: &Case<'_>, talk: &Talk<'_>, other: Endpoint) -> bool {
    let server = talk.conversation.server;
    let mut all = case.of_client(talk.conversation.client.ip).take(256).map(|talk| talk.conversation.server);
    all.all(|known| known == server || known == other)
}

/// The session with another server that came instead.
fn mate<'c, 'a>(case: &'c Case<'a>, answers: &AnsweredNames<'a>, talk: &Talk<'a>) -> Option<&'c Talk<'a>> {
    if !failed(case, talk) {
        return None;
    }
    let (server, name) = (talk.conversation.server, name_of(answers, talk));
    case.soon_after(talk, case.settings.thresholds.failover_within).find(|next| {
        let other = next.conversation.server;
        other.ip != server.ip
            && other.ip.is_ipv4() == server.ip.is_ipv4()
            && next.went_on()
            && next.progress().server >= 2
            && next.wanted().zip(next.answered()).is_some_and(|(wanted, answered)| {
                case.likeness(wanted, answered) == NameLikeness::Same
                    && name.map_or_else(
                        || only_these(case, talk, other),
                        |name| case.likeness(name, answered) != NameLikeness::Same,
                    )
            })
            && last_refusal(case, next, |_| true).is_none()
    })
}

/// Name of the server that failed: as the client asked for it, else as the address answered at another time.
fn name_of<'a>(answers: &AnsweredNames<'a>, talk: &Talk<'a>) -> Option<&'a str> {
    talk.wanted().or_else(|| answers.of(talk.conversation.server).first().copied())
}

/// Medium at most, because that two servers are mates is inferred from their names. A mate that the client had used
/// before counts against it, as the user may simply have gone on there.
fn finding(case: &Case<'_>, answers: &AnsweredNames<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let next = mate(case, answers, first)?;
    let server = first.conversation.server;
    let known = name_of(answers, first);
    let failed_over = FailedOver {
        server: NamedServer { server, server_name: known.map(abbreviated) },
        client: first.conversation.client.ip,
        count: group.len(),
        other_server: next.conversation.server,
        other_server_name: abbreviated(next.answered()?),
        delay_s: next.conversation.first.time.seconds_since(first.ended()),
    };
    let before =
        case.before(first).take(256).any(|talk| talk.conversation.server == next.conversation.server && talk.went_on());
    let mut draft = Draft::new(&ABOUT, if known.is_some() { 70 } else { 40 })
        .at_most(Confidence::Medium)
        .guard(before)
        .says(&failed_over)
        .remedy_first(format!("Find out why {} at {server} does not take sessions.", failed_over.server));
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    let at = first.conversation.first;
    draft = show_names(draft.packet(at, format!("attempt to reach {server} begins")), first);
    draft = show_close(draft, first);
    Some(show_names(draft.conversation(next.conversation), next))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::{Network, Tcp, nrpc};

    const RULE: &str = "nrpc-cluster-failover";
    const A: &str = "CN=Mail01/O=Example";
    const B: &str = "CN=Mail02/O=Example";

    fn connect(net: &Network, server: &str) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host(server), 1352)
    }

    fn busy(net: &Network) {
        let tcp = connect(net, "10.1.0.9");
        tcp.session(A, A).client(nrpc::start_service(0));
        tcp.answer(1, 0x09DE, 0).wait(3).client_fin();
        net.wait(150);
    }

    fn mate(net: &Network) {
        connect(net, "10.1.0.19").works(B, 3).client_fin();
    }

    #[test]
    fn a_busy_server_and_its_mate() {
        let found = told(RULE, |net| {
            busy(net);
            mate(net);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Info, Confidence::Medium));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(finding.title.contains("Mail01/Example") && finding.title.contains("Mail02/Example"));
        assert!(finding.explanation.contains("10.1.0.19:1352") && finding.explanation.contains("150 ms later"));
        assert!(finding.frames.len() >= 4);
    }

    #[test]
    fn a_server_that_does_not_listen() {
        let known = told(RULE, |net| {
            net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.9"), 1352).works(A, 2).client_fin();
            net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).refused(3);
            mate(net);
        });
        assert!(the_one(&known).title.contains("Mail01/Example"));
        let unknown = told(RULE, |net| {
            net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).refused(3);
            mate(net);
        });
        assert_eq!(the_one(&unknown).confidence, Confidence::Low);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("two servers that both work", |net| {
                connect(net, "10.1.0.9").works(A, 2).client_fin();
                mate(net);
            }),
            ("the same server at another address", |net| {
                let tcp = connect(net, "10.1.0.9");
                tcp.request(A).wait(1).server_fin();
                connect(net, "10.1.0.19").works(A, 3).client_fin();
            }),
            ("too late", |net| {
                busy(net);
                net.wait_secs(60);
                mate(net);
            }),
            ("IPv6 first", |net| {
                net.dial(&net.host("2001:db8::50"), &net.host("2001:db8::9"), 1352).silent(&[1, 3]);
                net.at(5000);
                mate(net);
            }),
            ("the name was wrong", |net| {
                connect(net, "10.1.0.9").session("mail.example.net", A).wait(3).client_fin();
                mate(net);
            }),
            ("the mate answers under another name", |net| {
                busy(net);
                connect(net, "10.1.0.19").session(A, B).auth().transactions(2).client_fin();
            }),
            ("an unknown server, and a client that talks to many", |net| {
                connect(net, "10.1.0.7").works("CN=Hub/O=Example", 2).client_fin();
                net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).refused(3);
                mate(net);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
