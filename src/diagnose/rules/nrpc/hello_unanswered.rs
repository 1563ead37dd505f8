//! The server's TCP took the session request, and Domino never answered it.

use crate::diagnose::evidence::logs::not_responding;
use crate::diagnose::evidence::nrpc::show;
use crate::diagnose::words::nrpc::hello_unanswered::Unanswered;
use crate::diagnose::words::span;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::nrpc::opening::worked_later;
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{Confidence, RuleId, Severity, Side, Span};

/// See [`ABOUT`].
pub(crate) struct HelloUnanswered;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-hello-unanswered");

static ABOUT: About = About {
    id: ID,
    title: "Session request acknowledged by TCP, never answered by Domino",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "TCP connects; the session request is sent and acknowledged; the server sends no byte of its own for several \
           seconds. \
           Logs: \"Unable to connect\" in a Notes client's port trace, for the same address.",
    matters: "The machine is up, the Domino server task behind it does not work: hung, out of threads, or a load \
              balancer accepted the connection for a server that is not there. The user waits, then reads \"the server \
              is not responding\".",
    guards: &[
        "The request was not acknowledged by TCP: that is loss, not silence of the server; silent.",
        "The client acknowledged bytes that the capture does not hold: there was an answer; silent.",
        "The capture or the session ends before the waiting time is over: silent.",
        "A load balancer may have accepted for a dead server: medium confidence at most.",
    ],
    remedy: &[
        "On the server: \"show tasks\", \"show stat server.*\" and semaphore timeouts on the console; take an NSD if it \
         hangs, then restart it.",
        "If a load balancer or sprayer stands in front: check the members of its pool and its health check (it should \
         speak NRPC, not only open the port).",
    ],
    references: &["Notes status 0x0A07 (ERR_TIMEOUT), 0x0A0A (ERR_NOT_RESPONDING)"],
    explains: &[super::early_close::ID],
};

impl Rule for HelloUnanswered {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| waited(case, talk).is_some()), attempt);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        not_responding(case, &ABOUT)
    }
}

/// How long the client's request stood without an answer, if that was too long.
fn waited(case: &Case<'_>, talk: &Talk<'_>) -> Option<Span> {
    let c = talk.conversation;
    let request = talk.request?;
    let waited = case.watched_until(talk.conversation).since(request.at().time);
    let acknowledged = c.packets.server >= 2 && c.tcp.unanswered.as_ref().is_none_or(|data| data.from != Side::Client);
    let silent = c.bytes.server == 0 && c.tcp.acked_unseen.server == 0 && c.given_up.is_none();
    let opened = c.tcp.handshake.syn_ack.is_some();
    (opened && acknowledged && silent && waited >= case.settings.thresholds.reply_timeout).then_some(waited)
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let (server, waited_s) = (first.conversation.server, waited(case, first)?.as_secs_f64());
    let draft = Draft::new(&ABOUT, 50)
        .at_most(Confidence::Medium)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&Unanswered {
            server,
            client: first.conversation.client.ip,
            count: group.len(),
            asked_in_full: first.wanted().map(str::to_owned),
            waited_s,
        })
        .remedy_first(format!("Check whether Domino is alive on {}: console, \"show tasks\", NSD.", server.ip));
    let draft = show(draft, group).absence(format!("no answer to the session request within {}", span(waited_s)));
    Some(if worked_later(case, last).is_some() { draft.severity(Severity::Major) } else { draft })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity, Source};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::{Network, Side, Tcp};

    const RULE: &str = "nrpc-hello-unanswered";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    #[test]
    fn a_dead_server_behind_a_living_address() {
        let found = told(RULE, |net| {
            connect(net).wait(1).request(MAIL).wait_secs(20).client_rst();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [0]);
        assert!(finding.title.contains("10.1.0.9:1352") && finding.title.contains("10.1.0.50"));
        assert!(finding.explanation.contains("20.0 s") && finding.explanation.contains(MAIL));
        assert!(finding.evidence.iter().any(|e| e.source == Source::Absence));
        assert_eq!(finding.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 6]);
    }

    #[test]
    fn a_request_that_still_waits_at_the_end_of_a_long_capture_counts() {
        let found = told(RULE, |net| {
            connect(net).wait(1).request(MAIL);
            net.at(30_000);
            net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.10"), 1352).works("CN=Mail02/O=Example", 2);
        });
        assert_eq!(the_one(&found).conversations, [0]);
    }

    #[test]
    fn a_later_success_makes_it_major() {
        let found = told(RULE, |net| {
            connect(net).wait(1).request(MAIL).wait_secs(6).client_fin();
            net.wait_secs(1);
            connect(net).works(MAIL, 3).client_fin();
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("answered late", |net| {
                connect(net).request(MAIL).wait_secs(8).response(MAIL).auth().transactions(1).client_fin();
            }),
            ("never acknowledged: loss", |net| {
                let tcp = connect(net);
                let request = tcp.request_for(MAIL).encode();
                tcp.unanswered(Side::Client, request, &[300, 600, 1_200, 2_400, 4_800]).wait(9_600).client_rst();
            }),
            ("given up too soon", |net| {
                connect(net).request(MAIL).wait_secs(3).client_fin();
            }),
            ("the capture ends", |net| {
                connect(net).request(MAIL);
            }),
            ("answered, but the capture lacks it", |net| {
                connect(net).request(MAIL).skip(Side::Server, 126).ack(Side::Client).wait_secs(9).client_fin();
            }),
            ("only one direction was captured", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).only(Side::Client).open();
                tcp.request(MAIL).wait_secs(9).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
