//! Conversations that were going on when the capture began.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Concerned, Example, midstream as words};
use crate::diagnose::words::path;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Property, RuleId, Setup, Severity};

/// See [`ABOUT`].
pub(crate) struct Midstream;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-midstream");

static ABOUT: About = About {
    id: ID,
    title: "The capture began in the middle of conversations",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "NRPC conversations without SYN and without session request.",
    matters: "Names, clocks and certificates stand in the opening: of these conversations they cannot be judged, and \
              who called whom is a guess by port. A session that was refused before the capture began is not in it.",
    guards: &[
        "The session request is there although the SYN is not: its content is judged as usual.",
        "Frames that are not in the order of their times: the SYN may stand behind them; silent.",
    ],
    remedy: &["Start the capture before Notes (or restart Notes while capturing), then let the user try again."],
    references: &[],
    explains: &[],
};

impl Rule for Midstream {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        if case.is_out_of_order() {
            return Vec::new();
        }
        let begun: Vec<&Talk<'_>> = case.nrpc().filter(|talk| is_begun(talk)).collect();
        let all = case.nrpc().count() + case.let_go(Property::Nrpc).conversations;
        finding(all, case.let_go(Property::Begun).conversations, &begun).into_iter().collect()
    }
}

pub(super) fn is_begun(talk: &Talk<'_>) -> bool {
    talk.conversation.setup == Setup::Midstream && talk.request.is_none()
}

fn finding(all: usize, gone: usize, begun: &[&Talk<'_>]) -> Option<Draft> {
    let first = begun.first()?.conversation;
    let draft = Draft::new(&ABOUT, 90)
        .severity(if begun.len() + gone == all { Severity::Minor } else { Severity::Info })
        .conversations_of(begun.iter().copied())
        .says(&words::Begun {
            concerned: Concerned { count: begun.len() + gone, conversation_count: all },
            example: Example::of(first, first.first.time),
        });
    Some(each_of(draft, begun, gone, "conversations", |draft, talk| {
        draft.packet(talk.conversation.first, format!("{}: no SYN before this", path(talk.conversation)))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;

    const RULE: &str = "cap-midstream";
    const NAME: &str = "CN=Mail01/O=Acme";

    #[test]
    fn conversations_without_a_beginning_are_one_finding() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        for _ in 0..20 {
            net.dial(&client, &server, 1352).midstream().transactions(3).client_fin();
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.conversations.len(), finding.frames.len()), (Severity::Minor, 20, 12));
        says(&finding, &["20 of 20", "10.1.0.50:", "10.2.0.9:1352", "and 8 more conversations"]);
        net.connect(&client, &server, 1352).works(NAME, 3).client_fin();
        assert_eq!(one(&net, RULE).severity, Severity::Info);
    }

    #[test]
    fn an_opening_that_is_there_can_be_judged() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).midstream().works(NAME, 3).client_fin();
        net.connect(&client, &server, 1352).works(NAME, 3).client_fin();
        none(&net, RULE);
    }
}
