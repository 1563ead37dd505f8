//! Client and server do not agree on what time it is.

use crate::diagnose::evidence::nrpc::and_more;
use crate::diagnose::words::nrpc::clock_skew::Apart;
use crate::diagnose::words::span;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::names::abbreviated;
use crate::facts::nrpc::group_by;
use crate::facts::statistics::seconds;
use crate::model::{RuleId, Severity, Side, Span, Timestamp};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct ClockSkew;

/// A clock that shows a time before 1990 was never set or is not a clock.
const EARLIEST: i64 = 631_152_000_000_000_000;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-clock-skew");

static ABOUT: About = About {
    id: ID,
    title: "Clocks of Notes client and Domino server differ",
    severity: Severity::Minor,
    // Not a cause of a refused session by itself: a fallback finding on the same conversation must stay.
    layer: Layer::Performance,
    sees: "Session request and response each carry the sender's clock; the two differ by more than the threshold after \
           the time between the two frames is taken off.",
    matters: "Single sign-on tokens look expired or not yet valid, replication and calendars go wrong, and the \
              password-change check of Notes can refuse a login.",
    guards: &[
        "Only one of the two clocks is readable: silent, since it cannot be told from a wrong clock of the capturing \
         machine.",
        "Both hosts agree and only the capture's clock differs: silent.",
        "A clock before 1990 is taken for not set: silent.",
    ],
    remedy: &[
        "Synchronise both machines by NTP with the same source.",
        "If the hour looks right but the difference is whole hours: check the time zone of the machine, not only its \
         clock. The times compared here are GMT.",
    ],
    references: &[
        "Observed: TLV 0x09 of session request and response is the sender's clock in GMT (nDPI sample capture \
         hcl_notes.pcapng)",
        "HCL C API reference: TIMEDATE",
    ],
    explains: &[],
};

impl Rule for ClockSkew {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let skewed = case.nrpc().filter(|talk| Skew::of(case, talk).is_some());
        let groups = group_by(skewed, |talk| Skew::of(case, talk).map(|skew| skew.culprit(talk)));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Clocks of one session against the capture's: positive if ahead.
#[derive(Debug, Clone, Copy)]
struct Skew {
    client: Span,
    server: Span,
    wrong: Option<Side>,
}

impl Skew {
    /// The skew, if it is worth a word.
    fn of(case: &Case<'_>, talk: &Talk<'_>) -> Option<Self> {
        let (request, response) = (talk.request?, talk.response?);
        let client = offset(request.content.clock?.unix_nanos()?, request.at().time)?;
        let server = offset(response.content.clock?.unix_nanos()?, response.at().time)?;
        let limit = case.settings.thresholds.clock_skew;
        let far = |off: Span| off.abs() > limit;
        let wrong = match (far(client), far(server)) {
            (true, false) => Some(Side::Client),
            (false, true) => Some(Side::Server),
            _ => None,
        };
        far(server.minus(client)).then_some(Self { client, server, wrong })
    }

    /// One finding for each wrong clock; where it cannot be told which one is wrong, for each pair.
    fn culprit(self, talk: &Talk<'_>) -> (Option<Side>, IpAddr, IpAddr) {
        let (client, server) = (talk.conversation.client.ip, talk.conversation.server.ip);
        match self.wrong {
            Some(Side::Client) => (self.wrong, client, client),
            Some(Side::Server) => (self.wrong, server, server),
            None => (None, client, server),
        }
    }
}

fn offset(clock: i64, seen: Timestamp) -> Option<Span> {
    (clock >= EARLIEST).then(|| Timestamp::new(clock, 2).since(seen))
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let skew = Skew::of(case, first)?;
    let client = first.conversation.client.ip;
    let apart = Apart {
        server: first.conversation.server,
        server_name: first.answered().map(abbreviated),
        client,
        count: group.len(),
        clock_skew_s: seconds(skew.client.minus(skew.server)),
        wrong_clock: skew.wrong,
    };
    let server = apart.server();
    let draft = Draft::new(&ABOUT, 35).names_read().seen_in(group.len()).says(&apart).remedy_first(match skew.wrong {
        Some(Side::Client) => format!("Set the clock of {client} right."),
        Some(Side::Server) => format!("Set the clock of {server} ({}) right.", first.conversation.server.ip),
        None => format!("Compare the clocks of {client} and {server} with a clock that is known to be right."),
    });
    let draft = group.iter().fold(draft, |draft, talk| draft.conversation(talk.conversation));
    let draft = group.iter().take(4).fold(draft, |draft, talk| show_clocks(draft, talk));
    Some(and_more(draft, group))
}

fn show_clocks(mut draft: Draft, talk: &Talk<'_>) -> Draft {
    for (side, opening) in [("client", talk.request), ("server", talk.response)] {
        let Some((opening, clock)) = opening.and_then(|o| Some((o, o.content.clock?.unix_nanos()?))) else { continue };
        let seen = opening.at().time;
        let clock = Timestamp::new(clock, 2);
        let off = clock.seconds_since(seen);
        let way = if off < 0.0 { "behind" } else { "ahead" };
        let text = format!("the {side}'s clock says {clock}, the capture's {seen} ({} {way})", span(off.abs()));
        draft = draft.packet(opening.at(), text);
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::nrpc::Generation;

    const RULE: &str = "nrpc-clock-skew";
    const MAIL: &str = "CN=Mail01/O=Example";

    /// A working session of machines whose clocks are this many seconds ahead of the capture's.
    fn session(net: &Network, client: i64, server: i64) {
        let (client, server) = (net.host("10.1.0.50").clock_ahead(client), net.host("10.1.0.9").clock_ahead(server));
        net.connect(&client, &server, 1352).works(MAIL, 2).client_fin();
    }

    #[test]
    fn says_whose_clock_is_wrong_and_by_how_much() {
        for (client, server, title, words) in [
            (420, 0, "10.1.0.50 is 7.0 min ahead of that of Mail01/Example", "that of 10.1.0.50 seems wrong"),
            (0, 10_800, "10.1.0.50 is 3.0 h behind that of Mail01/Example", "that of Mail01/Example seems wrong"),
            (-900, 900, "10.1.0.50 is 30.0 min behind", "agrees with neither"),
        ] {
            let found = told(RULE, |net| session(net, client, server));
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::High));
            assert!(finding.title.contains(title), "{}", finding.title);
            assert!(finding.explanation.contains(words), "{}", finding.explanation);
            assert_eq!(finding.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 5]);
        }
    }

    #[test]
    fn one_wrong_server_is_one_finding() {
        let found = told(RULE, |net| {
            for client in 50..60 {
                let (client, server) = (net.host(&format!("10.1.0.{client}")), net.host("10.1.0.9").clock_ahead(300));
                net.connect(&client, &server, 1352).works(MAIL, 1).client_fin();
            }
        });
        assert_eq!(the_one(&found).conversations.len(), 10);
        assert!(text(the_one(&found)).contains("and 6 more"));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("both agree, the capture's clock is wrong", |net| session(net, 5000, 5000)),
            ("half a minute", |net| session(net, 30, 0)),
            ("the client sends no clock", |net| {
                let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").clock_ahead(900), 1352);
                let mut request = tcp.request_for(MAIL);
                request.generation = Generation::R5;
                tcp.client(request.encode()).response(MAIL).auth().client_fin();
            }),
            ("a clock that was never set", |net| session(net, -40 * 365 * 86_400, 0)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
