//! Conversations whose content cannot be read.

use super::super::network::{count, each, path};
use super::super::words::clock;
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Message, Setup, Severity};
use nrpcsniff_dissectors::{Message as Body, nrpc};

/// See [`ABOUT`].
pub struct Encrypted;

static ABOUT: About = About {
    id: "cap-encrypted",
    title: "Content that cannot be read",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "NRPC messages behind the opening whose layout is not known: port encryption, compression, or a release that \
           nobody has described.",
    matters: "Users, databases and statuses behind the opening cannot be judged in these conversations; opening, timing \
              and teardown are. A refusal that was sent encrypted shows only as a close.",
    guards: &[
        "Headers are readable: the sealed payload of the authentication is in every session.",
        "The beginning or bytes on the way are missing from the capture: then that is why, and another finding says so.",
    ],
    remedy: &[
        "Look at the server's log and the client's trace (File > Preferences > Notes Ports > Trace) at the same time.",
        "In a test: switch \"Encrypt network data\" off on the port of client and server, and capture again.",
    ],
    references: &["HCL Domino: Encrypting NRPC communication on a server port"],
    explains: &[],
};

impl Rule for Encrypted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let opaque = case.nrpc().filter_map(|talk| Some((talk, first_opaque(talk)?)));
        finding(case.nrpc().count(), &opaque.collect::<Vec<_>>()).into_iter().collect()
    }
}

/// The first message without a readable header, where nothing in the capture is to blame for it.
fn first_opaque<'a>(talk: &Talk<'a>) -> Option<(&'a Message, &'a nrpc::Opaque)> {
    // A whole frame of the session layer is authentication in a form that is not published: every session has it.
    let c = talk.conversation;
    let whole = c.setup == Setup::Handshake && c.tcp.cut_frames == 0 && c.quality.gaps == 0 && c.given_up.is_none();
    c.messages.iter().filter(|_| whole).find_map(|message| match &message.body {
        Body::Nrpc(nrpc::Message { body: nrpc::Body::Opaque(opaque), incomplete: false, .. }) if !opaque.framed => {
            Some((message, opaque))
        }
        _ => None,
    })
}

fn finding(all: usize, opaque: &[(&Talk<'_>, (&Message, &nrpc::Opaque))]) -> Option<Draft> {
    let (first, (message, _)) = opaque.first()?;
    let draft = Draft::new(&ABOUT, 80)
        .conversations_of(opaque.iter().map(|(talk, _)| *talk))
        .title(format!("{} of {} cannot be read to the end", opaque.len(), count(all, "NRPC conversation")))
        .explain(format!(
            "In {} of {} there are messages that cannot be read (first {}, at {}): users, databases and statuses behind the \
             opening are not judged there; names, timing and teardown are.",
            opaque.len(),
            count(all, "NRPC conversation"),
            path(first.conversation),
            clock(message.at.time),
        ));
    Some(each(draft, opaque, "conversations", |draft, (talk, (message, opaque))| {
        let why = if opaque.why.is_empty() { "unknown layout" } else { opaque.why };
        draft.packet(message.at, format!("{}: from message {} on ({why})", path(talk.conversation), message.n))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::{Network, nrpc};

    const RULE: &str = "cap-encrypted";
    const NAME: &str = "CN=Mail01/O=Acme";

    #[test]
    fn messages_behind_the_opening_that_cannot_be_read() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.session(NAME, NAME);
        for _ in 0..4 {
            tcp.wait(20).client(nrpc::sealed(&net.random(150))).server(nrpc::sealed(&net.random(300)));
        }
        tcp.client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.conversations.as_slice()), (Severity::Info, &[0][..]));
        says(&finding, &["1 of 1 NRPC conversation", "from message 3 on", "10.2.0.9:1352"]);
    }

    #[test]
    fn what_can_be_read_is_not_mentioned() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works(NAME, 5).client_fin();
        none(&net, RULE);
    }
}
