//! A receiver that could take no more for a while.

use crate::diagnose::evidence::each;
use crate::diagnose::words::tcp::zero_window as words;
use crate::diagnose::words::{OneSide, clients, clock};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::model::{RuleId, Severity, Side, Span, ZeroWindow};

/// See [`ABOUT`].
pub(crate) struct ZeroWindows;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-zero-window");

static ABOUT: About = About {
    id: ID,
    title: "A receiver could take no more",
    severity: Severity::Minor,
    layer: Layer::Performance,
    sees: "Client or server announces a receive window of zero for a second and more.",
    matters: "The program on that side does not read what arrives: on a client because of virus scanner, disk or an open \
              dialog box; on a server because Domino is busy. The network is not the cause of the wait.",
    guards: &["A window closed for a moment only: ordinary flow control."],
    remedy: &[
        "Client: look at CPU, disk and virus scanner at that time; a modal dialog of Notes stops reading too.",
        "Server: look at the load of that time (`show stat Server`, semaphore timeouts).",
    ],
    references: &["RFC 9293 3.8.6.1 (zero-window probing)"],
    explains: &[],
};

impl Rule for ZeroWindows {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let closed =
            case.talks().flat_map(|talk| talk.conversation.tcp.zero_windows.iter().map(move |zero| (talk, zero)));
        let long = closed.filter(|(_, zero)| length(zero) >= case.settings.thresholds.zero_window);
        let receiver = |(talk, zero): &(&Talk<'_>, &ZeroWindow)| match zero.from {
            Side::Client => (Side::Client, talk.conversation.client.ip, talk.conversation.server),
            Side::Server => (Side::Server, talk.conversation.server.ip, talk.conversation.server),
        };
        group_by(long, |item| {
            let (side, ip, server) = receiver(item);
            (side == Side::Server, ip, server)
        })
        .iter()
        .filter_map(|group| finding(group))
        .collect()
    }
}

fn length(zero: &ZeroWindow) -> Span {
    zero.end.since(zero.start)
}

/// 80 points at once, because the window is the receiver's own word. The longest closure stands in the title, as many
/// short ones are felt less than one of its length.
fn finding(group: &[(&Talk<'_>, &ZeroWindow)]) -> Option<Draft> {
    let &(talk, _) = group.first()?;
    let (longest_talk, longest) = *group.iter().max_by_key(|(_, zero)| length(zero))?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|(talk, _)| *talk).collect();
    let total: f64 = group.iter().map(|(_, zero)| length(zero).as_secs_f64()).sum();
    let side = OneSide::of(talk.conversation, longest.from);
    let receiver = side.side_address;
    let draft = Draft::new(&ABOUT, 80)
        .conversations_of(talks.iter().copied())
        .says(&words::StoppedReading {
            server: talk.conversation.server,
            clients: clients(&talks),
            count: group.len(),
            receiver: side,
            longest_s: length(longest).as_secs_f64(),
            longest_at: longest.start.time,
            total_s: total,
        })
        .remedy_first(format!(
            "Find out what {receiver} was busy with at {} (port {}).",
            clock(longest.start.time),
            longest_talk.conversation.endpoint(longest.from).port,
        ));
    Some(each(draft, group, "closed windows", |draft, (_, zero)| {
        let end = if zero.reopened { "opened again" } else { "still closed" };
        draft
            .packet(zero.start, format!("{receiver} closes its window"))
            .packet(zero.end, format!("{end} after {}", length(zero)))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, none, one, says};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "tcp-zero-window";

    fn closes(side: Side, probes: &[u64], open: u64) -> Network {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 2);
        tcp.zero_window(side, probes, open).transactions(2).client_fin();
        net
    }

    #[test]
    fn a_receiver_that_does_not_read() {
        for (side, who) in [(Side::Client, "The client 10.1.0.50"), (Side::Server, "The server 10.2.0.9")] {
            let net = closes(side, &[500, 1000], 1500);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
            assert_eq!((conversations(&finding), frames(&finding).len()), (vec![0], 2));
            says(&finding, &[who, "could take no more for 3.0 s", "opened again after 3.0 s"]);
        }
    }

    #[test]
    fn a_moment_is_ordinary_flow_control() {
        none(&closes(Side::Client, &[200], 300), RULE);
    }
}
