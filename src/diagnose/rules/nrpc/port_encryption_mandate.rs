//! The server hangs up on the first request in clear after a good opening: it may insist on port encryption.

use crate::diagnose::evidence::nrpc::show;
use crate::diagnose::words::nrpc::port_encryption_mandate::ClearRequestRejected;
use crate::diagnose::words::nrpc::{Ending, NamedServer};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::nrpc::opening::{closed_at_once, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{CloseBy, Confidence, Message, RuleId, Severity, Side};
use nrpcsniff_dissectors::{Message as Body, nrpc};

/// See [`ABOUT`].
pub(crate) struct PortEncryptionMandate;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-port-encryption-mandate");

static ABOUT: About = About {
    id: ID,
    title: "Server hangs up on the first request in clear: perhaps port encryption is mandatory",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "Opening and authentication in both directions, then a request that is readable (not encrypted), which the \
           server does not answer but closes on at once.",
    matters: "Domino 14.5 can insist on encrypted Notes ports. A peer that cannot or may not encrypt is turned away \
              after it has authenticated.",
    guards: &[
        "How the refusal looks on the wire is not known: low confidence always.",
        "The server answered the request, or the request is encrypted: silent.",
        "The client closed, or something on the path did: silent.",
        "A server before 14.5 never insists; its version cannot be read from the capture. Encryption that either side \
         asks for is normally just switched on.",
    ],
    remedy: &[
        "On the client or peer: File > Preferences > Notes Ports > TCPIP > Encrypt network data; on a server: port \
         options in Domino Administrator, or the port's flags in notes.ini.",
        "On the server: the console command \"portenc show\" tells what is set, \"portenc refresh\" reads it again; \
         DEBUG_MANDATED_ENCRYPTION=1 (needs a restart) shows the reason; exclude peers that cannot encrypt by the group meant for \
         it; check PORT_ENC_ADV on both sides.",
        "Clients: DISABLE_MANDATED_ENCRYPTION=1 by a desktop policy, where they cannot encrypt yet.",
    ],
    references: &["HCL Domino 14.5: mandated port encryption", "HCL KB0127764 (the ? icon of a port)"],
    explains: &[super::early_close::ID],
};

impl Rule for PortEncryptionMandate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| clear_request(case, talk).is_some()), attempt);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The request in clear on which the server hung up.
fn clear_request<'a>(case: &Case<'_>, talk: &Talk<'a>) -> Option<&'a Message> {
    let progress = talk.progress();
    let opened = talk.request.is_some() && talk.response.is_some() && (progress.client, progress.server) == (3, 2);
    let last = talk.conversation.messages.last().filter(|m| m.from == Side::Client)?;
    let clear = matches!(&last.body, Body::Nrpc(nrpc::Message { body: nrpc::Body::Transaction(_), .. }));
    let hung_up = talk.conversation.teardown.by == CloseBy::Server && closed_at_once(case, talk);
    (opened && clear && hung_up && talk.well_captured() && refused(case, talk).is_none()).then_some(last)
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let request = clear_request(case, first)?;
    let client = first.conversation.client.ip;
    let hung_up =
        ClearRequestRejected { server: NamedServer::of(first), client, count: group.len(), ending: Ending::of(first) };
    let draft = Draft::new(&ABOUT, 25)
        .at_most(Confidence::Low)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .says(&hung_up)
        .remedy_first(format!(
            "Ask whether {} mandates port encryption; if so, switch it on for {client}.",
            hung_up.server
        ))
        .packet(request.at, "the first request after authentication is in clear");
    Some(show(draft, group))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::{Network, Tcp, nrpc};

    const RULE: &str = "nrpc-port-encryption-mandate";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn authenticated(net: &Network) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        tcp.session(MAIL, MAIL).auth();
        tcp
    }

    #[test]
    fn the_server_hangs_up_on_the_first_request_in_clear() {
        let found = told(RULE, |net| {
            for second in [0, 8] {
                net.at(second * 1000);
                authenticated(net).client(nrpc::start_service(0)).wait(1).server_fin();
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Low));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(finding.title.contains("Mail01/Example") && finding.title.contains("10.1.0.50"));
        assert!(finding.explanation.contains("does not prove it"));
        assert!(finding.frames.iter().any(|frame| frame.number == 8));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("answered", |net| {
                let tcp = authenticated(net);
                tcp.client(nrpc::start_service(0)).answer(1, 0, 20).wait(1).server_fin();
            }),
            ("the client closes", |net| {
                authenticated(net).client(nrpc::start_service(0)).wait(1).client_fin();
            }),
            ("encrypted", |net| {
                authenticated(net).client(nrpc::sealed(&[0x9c; 200])).wait(1).server_fin();
            }),
            ("the capture ends", |net| {
                authenticated(net).client(nrpc::start_service(0));
            }),
            ("it rested first", |net| {
                authenticated(net).client(nrpc::start_service(0)).wait_secs(30).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
