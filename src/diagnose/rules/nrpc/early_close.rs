//! The session ended right after its opening, and nothing that was read says why.

use crate::diagnose::evidence::nrpc::show;
use crate::diagnose::words::nrpc::Ending;
use crate::diagnose::words::nrpc::early_close::Ended;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::nrpc::opening::{closed_after_opening, last_refusal, mismatch, recovered, was_content};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{CloseBy, Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct EarlyClose;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-early-close");

static ABOUT: About = About {
    id: ID,
    title: "Closed right after the opening, reason not readable",
    severity: Severity::Major,
    layer: Layer::Fallback,
    sees: "One client message, at most one server message, then FIN or RST within seconds; no name, status or date that \
           was read explains it.",
    matters: "The user reads \"the server is not responding\". Most often the server's name was not the one asked for, \
              or the server refused the session.",
    guards: &[
        "Any other finding on the conversation explains it: not told by itself.",
        "A status that ends the session is left to nrpc-refused-status and nrpc-open-failed.",
        "Names that differ are left to the rules on names; a close by the server without any answer to \
         nrpc-accept-then-close.",
        "A request that names no server, or the right one, and a client that closes and does not try again: a probe or a \
         monitor, which wanted nothing more; silent.",
        "The session was already going on when the capture began: silent.",
        "The capture ends before the session does: silent.",
    ],
    remedy: &[
        "Trace the connection on the client: File > Preferences > Notes Ports > Trace. It names the server that \
         answered and the reason.",
        "Look into the Domino server's console or log.nsf at that time.",
        "Capture again with full packet length, from before the attempt until after the error message.",
    ],
    references: &["collaborationben.com, 2016-10-04: Sametime and NETWORK_SPRAYER_ADDRESS (the same pattern)"],
    explains: &[],
};

impl Rule for EarlyClose {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| ended_early(case, talk)), attempt);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn ended_early(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let progress = talk.progress();
    talk.conversation.tcp.handshake.syn_ack.is_some()
        && progress.client == 1
        && progress.server <= 1
        && (progress.server == 1 || talk.conversation.teardown.by == CloseBy::Client)
        && mismatch(case, talk).is_none()
        && closed_after_opening(case, talk)
        && last_refusal(case, talk, |_| true).is_none()
        && !was_content(case, talk)
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let draft = Draft::new(&ABOUT, 30)
        .at_most(Confidence::Low)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&Ended {
            server: first.conversation.server,
            client: first.conversation.client.ip,
            count: group.len(),
            was_answered: first.progress().server > 0,
            asked_in_full: first.wanted().map(str::to_owned),
            answered: first.answered().map(str::to_owned),
            names_no_server: first.names_no_server(),
            ending: Ending::of(first),
        });
    let draft = show(draft, group);
    Some(if recovered(case, last).is_some() { draft.severity(Severity::Minor) } else { draft })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::{Format, Network, Tcp};

    const RULE: &str = "nrpc-early-close";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn nameless(net: &Network) {
        let tcp = connect(net);
        let mut request = tcp.request_for("");
        request.wanted = None;
        tcp.client(request.encode()).response(MAIL).wait(4).client_fin();
    }

    #[test]
    fn a_client_that_comes_back_was_not_content() {
        let found = told(RULE, |net| {
            nameless(net);
            net.at(6000);
            nameless(net);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Low));
        assert_eq!(finding.conversations, [0, 1]);
        assert_eq!(finding.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 5, 6, 13, 14, 15]);
        assert!(
            finding.explanation.contains("10.1.0.9:1352") && !finding.explanation.contains("not the one asked for")
        );
    }

    #[test]
    fn a_server_that_hangs_up_under_the_right_name() {
        let found = told(RULE, |net| {
            connect(net).session(MAIL, MAIL).wait(3).server_fin();
        });
        assert!(the_one(&found).explanation.contains("The name is right"));
    }

    #[test]
    fn names_that_were_cut_off_leave_the_cause_open() {
        let net = Network::new();
        for second in [0, 6] {
            net.at(second * 1000);
            connect(&net).session("chat.example.net", MAIL).wait(3).client_fin();
        }
        let found = crate::testing::findings(&net.write(&Format::pcap().snaplen(100)));
        assert!(found.iter().all(|finding| finding.rule != "nrpc-name-mismatch-alias"), "{found:#?}");
        let finding = found.iter().find(|finding| finding.rule == RULE).expect("the fallback");
        assert_eq!(finding.confidence, Confidence::Low);
        assert!(finding.explanation.contains("The names were not read"), "{}", finding.explanation);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("a probe that names no server", nameless),
            ("a monitor that names the right one", |net| {
                connect(net).session(MAIL, MAIL).wait(3).client_fin();
            }),
            ("explained by the names", |net| {
                connect(net).session("chat.example.net", MAIL).wait(3).client_fin();
            }),
            ("closed without an answer: another rule's", |net| {
                connect(net).request(MAIL).wait(3).server_fin();
            }),
            ("the capture ends", |net| {
                connect(net).session(MAIL, MAIL);
            }),
            ("it rested first", |net| {
                connect(net).session(MAIL, MAIL).wait_secs(20).server_rst();
            }),
            ("already going on", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).midstream();
                tcp.transactions(1).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
