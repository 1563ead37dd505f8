//! The server's address accepts the connection and hangs up before it has said a word.

use crate::diagnose::evidence::nrpc::show;
use crate::diagnose::words::Closed;
use crate::diagnose::words::nrpc::accept_then_close::ClosedUnanswered;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::nrpc::group_by;
use crate::facts::nrpc::opening::worked_later;
use crate::model::{Close, CloseBy, Confidence, Conversation, RuleId, Severity, Side, Span, Stamp};

/// See [`ABOUT`].
pub(crate) struct AcceptThenClose;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-accept-then-close");

static ABOUT: About = About {
    id: ID,
    title: "Connection accepted, then closed by the server's side without an answer",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "SYN and SYN-ACK; then FIN or RST from the server's address before the session request or right after it, \
           without a byte of answer.",
    matters: "Something accepts connections in the server's name and does not serve them: a load balancer without \
              members, a list of allowed addresses, a full session table. The user reads \"the server is not \
              responding\".",
    guards: &[
        "The client closed first (a health check, a user who gave up): silent. So is a check of which the capture lacks a frame: \
         the server acknowledges what was not seen, or the client checks it at a steady period.",
        "The server closes a connection on which nobody spoke for longer than the close time: a timeout; silent.",
        "The client did not speak NRPC: see nrpc-not-nrpc.",
        "The client acknowledged bytes that the capture does not hold: there was an answer; silent.",
        "The RST came from something on the path: said so.",
        "A restart of the server: see nrpc-server-restart, which explains it.",
        "Seen once, without a retry: low confidence.",
    ],
    remedy: &[
        "Load balancer or sprayer in front: are there living members in its pool for port 1352?",
        "On the server: console and log.nsf at that time; notes.ini MAX_NETWORK_SESSIONS and Server_MaxSessions, and \
         whether the port is enabled.",
        "Firewall or proxy in front: is the client's address allowed?",
    ],
    references: &["Notes status 0x0A12 (ERR_SESSION_TABLE_FULL)"],
    explains: &[super::early_close::ID],
};

impl Rule for AcceptThenClose {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| hung_up(case, talk)), |talk| {
            let on_path = talk.conversation.teardown.by == CloseBy::Middlebox;
            (talk.conversation.client.ip, talk.conversation.server, on_path)
        });
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn hung_up(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let said_nothing = c.bytes.server == 0 && c.tcp.acked_unseen.server == 0 && talk.progress().server == 0;
    let delay = delay(c).is_some_and(|delay| delay <= case.settings.thresholds.close_after_reply);
    said_nothing && delay && !talk.went_on() && by_server(c) && !is_check(case, c)
}

/// A health check, or somebody else who may have closed first: what the client said, or its FIN, is missing in the capture.
fn is_check(case: &Case<'_>, c: &Conversation) -> bool {
    c.bytes.client == 0 && (c.tcp.acked_unseen.client > 0 || case.is_monitor(c.client.ip, c.server))
}

/// FIN or RST that carries the server's address, whoever sent it.
fn by_server(c: &Conversation) -> bool {
    matches!(c.teardown.how, Close::Fin | Close::Rst)
        && match c.teardown.by {
            CloseBy::Server => true,
            CloseBy::Middlebox => c.teardown.reset_origin.as_ref().is_some_and(|origin| origin.claimed == Side::Server),
            CloseBy::Client | CloseBy::None => false,
        }
}

/// Time from the last step of the opening to the close.
fn delay(c: &Conversation) -> Option<Span> {
    let accepted = c.tcp.handshake.syn_ack?;
    let close = c.teardown.at?;
    let spoke = c.first_bytes.client.as_ref().map(|first| first.at);
    let hello = c.first_message(Side::Client).map(|message| message.at);
    let steps = [Some(accepted), c.tcp.handshake.ack, spoke, hello];
    let last = steps.into_iter().flatten().filter(|at| at.time <= close.time).max_by_key(|at: &Stamp| at.time)?;
    Some(close.since(last))
}

/// Medium at most, because a server that hangs up without a word may mean load, a ban or a service that is not Domino:
/// nothing on the wire tells which.
fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let c = first.conversation;
    let (client, server) = (c.client.ip, c.server);
    let middlebox = c.teardown.by == CloseBy::Middlebox;
    let mut draft = Draft::new(&ABOUT, 40)
        .at_most(Confidence::Medium)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&ClosedUnanswered {
            server,
            client,
            count: group.len(),
            request_sent: c.bytes.client > 0,
            closed: Closed::of(&c.teardown),
            close_delay_s: delay(c)?.as_secs_f64(),
        });
    if let Some(at) = c.tcp.handshake.syn_ack {
        draft = draft.packet(at, format!("{server} accepts the connection"));
    }
    if middlebox {
        let reasons = c.teardown.reset_origin.as_ref().map(|origin| origin.reasons.join("; ")).unwrap_or_default();
        draft = draft.remedy_first(format!(
            "Look for the firewall, IPS or proxy between {client} and {server} that ends the connection ({reasons})."
        ));
    }
    draft = show(draft, group).absence("no answer of the server");
    Some(if worked_later(case, last).is_some() { draft.severity(Severity::Major) } else { draft })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_samples::{Network, Segment, Side, Tcp, flags};

    const RULE: &str = "nrpc-accept-then-close";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux(), 1352)
    }

    #[test]
    fn closed_before_and_at_the_request() {
        let found = told(RULE, |net| {
            connect(net).wait(1).request(MAIL).wait(1).server_fin();
            net.at(6000);
            connect(net).wait_us(300).server_rst();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(finding.title.contains("10.1.0.9:1352") && finding.title.contains("10.1.0.50"));
        assert!(text(finding).contains("the server closed with FIN, 1.0 ms after message 1"));
        assert!(text(finding).contains("the server closed with RST, before anything was said"));
        assert!(finding.frames.iter().any(|frame| frame.number == 2), "{:?}", finding.frames);
    }

    #[test]
    fn once_is_no_proof() {
        let found = told(RULE, |net| {
            connect(net).request(MAIL).wait(1).server_rst();
        });
        assert_eq!(the_one(&found).confidence, Confidence::Low);
    }

    #[test]
    fn a_device_on_the_path_is_named_as_such() {
        let found = told(RULE, |net| {
            net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.9").linux(), 1352).works(MAIL, 3).client_fin();
            connect(net).request(MAIL).ack(Side::Server).middlebox_rst(Side::Client, 250);
        });
        assert!(the_one(&found).explanation.contains("something on the path, in the server's name"));
        assert!(the_one(&found).remedy[0].contains("TTL 250"));
    }

    /// A load balancer that ends a session in its server's name has another way to the client.
    #[test]
    fn a_device_that_ends_it_with_fin_is_named_as_such() {
        let ends = |ttl| {
            told(RULE, move |net| {
                let tcp = connect(net);
                let fin = Segment { ttl, ..Segment::new(flags::FIN | flags::ACK) };
                tcp.request(MAIL).ack(Side::Server).wait(1).segment(Side::Server, fin).client_fin();
            })
        };
        assert!(the_one(&ends(Some(255))).explanation.contains("something on the path, in the server's name"));
        assert!(the_one(&ends(Some(255))).remedy[0].contains("TTL 255"));
        assert!(the_one(&ends(None)).explanation.contains("server"), "{:#?}", ends(None));
        assert!(!the_one(&ends(None)).explanation.contains("something on the path"));
    }

    #[test]
    fn a_later_success_makes_it_major() {
        let found = told(RULE, |net| {
            connect(net).request(MAIL).wait(1).server_fin();
            net.wait_secs(4);
            connect(net).works(MAIL, 3).client_fin();
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("a health check whose FIN is missing in the capture", |net| {
                connect(net).skip(Side::Client, 1).ack(Side::Server).wait_us(200).server_fin();
            }),
            ("one of many health checks", |net| {
                for n in 0..6 {
                    net.at(n * 5000);
                    let probe = connect(net);
                    if n == 4 {
                        probe.wait_us(200).server_fin()
                    } else {
                        probe.wait_us(200).client_fin()
                    };
                }
            }),
            ("a health check", |net| {
                connect(net).wait_us(200).client_fin();
            }),
            ("a half-open health check", |net| {
                net.dial(&net.host("10.1.0.4"), &net.host("10.1.0.9"), 1352).half_open();
            }),
            ("nobody spoke for a minute", |net| {
                connect(net).wait_secs(60).server_fin();
            }),
            ("answered", |net| {
                connect(net).session(MAIL, MAIL).wait(1).server_fin();
            }),
            ("answered, but the capture lacks it", |net| {
                connect(net).request(MAIL).skip(Side::Server, 126).ack(Side::Client).wait(1).server_fin();
            }),
            ("another protocol", |net| {
                connect(net).client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").wait(1).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
