//! A session dies over data that is sent again and again and never acknowledged.

use super::mtu_blackhole;
use crate::diagnose::evidence::each;
use crate::diagnose::words::tcp::{Repetition, never_acknowledged as words};
use crate::diagnose::words::{Occurrences, OneSide, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::attempts::Outcomes;
use crate::facts::grouping::group_by;
use crate::facts::statistics::seconds;
use crate::model::{
    Confidence, Conversation, ConversationId, RuleId, Severity, Side, Span, Stamp, Transport, Unanswered,
};
use hashbrown::HashSet;
use nrpcsniff_dissectors::{nrpc, sametime};

/// See [`ABOUT`].
pub(crate) struct NeverAcknowledged;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-never-acknowledged");

static ABOUT: About = About {
    id: ID,
    title: "Sessions die over data that is never acknowledged",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "The last data of a conversation that has a part in signing on is sent again and again (three times and more) and never \
           acknowledged, though the other side acknowledged before; nobody closed before that.",
    matters: "What was sent last never came, or its acknowledgement did not come back: a device on the path has dropped the session, \
              a route has changed, or the host is gone. A sign-on that dies so shows the user nothing but a long wait.",
    guards: &[
        "Large segments alone do not get through (tcp-mtu-blackhole, tls-hello-blackhole); a Notes or Sametime session that was \
         idle before (nrpc-idle-silent, st-idle-drop): those say why, silent.",
        "The receiver had closed its window, had closed the connection before, or answers by RST: silent.",
        "The other side was never heard, or only opened the connection from elsewhere (one-way capture): silent.",
        "Copies of a mirror port are no repetitions; so are keep-alives.",
        "The same client got on with that server within half a minute: major. One conversation alone: medium confidence.",
    ],
    remedy: &[
        "Capture at the other end at the same time: if the data comes there, the way back is broken; if not, the way there.",
        "Look at the firewall or NAT between both for a session that it dropped in the middle (state table full, policy reload, \
         fail-over to a device without the state), and at routes that differ in both directions.",
        "Look whether the host was up at that time.",
    ],
    references: &["RFC 9293 section 3.8.3 (connection failures)", "RFC 6298 (repetitions and their waits)"],
    explains: &[super::loss::ID],
};

impl Rule for NeverAcknowledged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let large: HashSet<ConversationId> =
            case.tls().all().filter(|one| one.is_large()).map(|one| one.conversation.id).collect();
        let all = case.analysis.conversations.iter();
        let died = all.filter(|c| !large.contains(&c.id)).filter_map(|c| Some((c, died(case, c)?)));
        group_by(died, |(c, data)| (c.server, data.from)).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The data over which a conversation died, where no other rule knows why.
fn died<'a>(case: &Case<'_>, c: &'a Conversation) -> Option<&'a Unanswered> {
    let data = c.tcp.unanswered.as_ref().filter(|_| c.transport == Transport::Tcp)?;
    let signs_on = c.spoken().is_some_and(|protocol| protocol.sign_on.is_some() || protocol.is_carrier());
    let repeated = data.tries >= case.settings.thresholds.stuck_tries
        && data.last.since(data.first) >= case.settings.thresholds.stuck_time;
    let heard = c.tcp.handshake.syn_ack.is_some() || c.bytes[data.from.peer()] > 0;
    let known =
        mtu_blackhole::stuck(case, c).is_some() || was_idle(case, c, data) || is_shut(c, data) || is_closed(c, data);
    (signs_on && repeated && heard && was_acknowledged(c, data) && !known).then_some(data)
}

/// The peer acknowledged something of that side before: its acknowledgements are in the capture.
fn was_acknowledged(c: &Conversation, data: &Unanswered) -> bool {
    c.packets[data.from.peer()] > 1 || c.tcp.handshake.syn_ack.is_some() && data.from == Side::Client
}

/// It broke a silence for which sessions of its protocol are dropped.
fn was_idle(case: &Case<'_>, c: &Conversation, data: &Unanswered) -> bool {
    const PROMPT: Span = Span::from_secs(1);
    let long = c.tcp.idle.iter().filter(|gap| gap.length() >= case.settings.thresholds.idle);
    let broken = |at: Stamp| data.first.since(at) <= PROMPT;
    (c.is(&nrpc::PROTOCOL) || c.is(&sametime::PROTOCOL)) && long.map(|gap| gap.after).any(broken)
}

/// The receiver took no more.
fn is_shut(c: &Conversation, data: &Unanswered) -> bool {
    c.tcp.zero_windows.iter().any(|zero| zero.from == data.from.peer() && !zero.reopened)
}

/// The receiver closed before it, or refuses it.
fn is_closed(c: &Conversation, data: &Unanswered) -> bool {
    let (peer, ends) = (data.from.peer(), &c.teardown);
    ends.fin[peer].is_some_and(|fin| fin.frame < data.last.frame) || ends.rst[peer].is_some()
}

/// What dies is a sign-on, if nothing was granted in the conversation. Whether path or host failed is not to be seen from here:
/// two sessions make it more than chance.
fn finding(case: &Case<'_>, group: &[(&Conversation, &Unanswered)]) -> Option<Draft> {
    let &(c, data) = group.first()?;
    let outcomes = Outcomes::of(case);
    let again = group.iter().all(|(c, data)| got_on(case, &outcomes, c, data));
    let draft = group.iter().fold(Draft::new(&ABOUT, 55), |draft, (c, _)| draft.conversation(c));
    let draft = draft
        .points(if group.len() > 1 { 10 } else { 0 })
        .seen_in(group.len())
        .at_most(if group.len() > 1 { Confidence::High } else { Confidence::Medium })
        .severity(if again { Severity::Major } else { Severity::Blocker })
        .says(&words::Died {
            seen: Occurrences::in_conversations(c.server, group.iter().map(|(c, _)| *c), data.first.time),
            sender: OneSide::of(c, data.from),
            protocol: c.spoken()?.label,
            is_sign_on: !group.iter().any(|(c, _)| outcomes.has_granted(c)),
            data: Repetition {
                segment_bytes: data.length,
                repetitions: data.tries,
                repeated_for_s: seconds(data.last.since(data.first)),
            },
        });
    Some(each(draft, group, "sessions", |draft, (c, data)| evidence(draft, c, data)))
}

/// The same client was served by that server soon after.
fn got_on(case: &Case<'_>, outcomes: &Outcomes<'_>, c: &Conversation, data: &Unanswered) -> bool {
    const SOON: Span = Span::from_secs(30);
    case.analysis.conversations.iter().any(|other| {
        let waited = other.first.since(data.last);
        other.client.ip == c.client.ip
            && other.server == c.server
            && (Span::ZERO..SOON).contains(&waited)
            && outcomes.has_granted(other)
    })
}

fn evidence(draft: Draft, c: &Conversation, data: &Unanswered) -> Draft {
    let (from, to) = (c.endpoint(data.from), c.endpoint(data.from.peer()));
    let lasted = span(seconds(data.last.since(data.first)));
    draft
        .packet(data.first, format!("{from} to {to}: {} bytes", data.length))
        .packet(data.last, format!("repeated {} times within {lasted}, never acknowledged", data.tries))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp, http, ldap};

    const RULE: &str = "tcp-never-acknowledged";
    const RETRIES: [u64; 4] = [300, 600, 1200, 2400];

    fn dial(net: &Network, port: u16) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), port)
    }

    fn login() -> http::Message {
        http::post("/names.nsf?Login").host("mail.example.com").form(&[("Username", "Ann"), ("Password", "x")])
    }

    #[test]
    fn a_login_that_nobody_acknowledges() {
        let net = Network::new();
        dial(&net, 80).unanswered(Side::Client, login(), &RETRIES);
        idle(&net, 5);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(&finding, &["HTTP", "sign-on", "10.1.0.22:80", "repeated 4 times", "never acknowledged"]);
    }

    #[test]
    fn work_that_dies_in_the_middle_and_goes_on_in_another_session() {
        let net = Network::new();
        let tcp = dial(&net, 389);
        tcp.client(ldap::bind(1, "cn=st", "x")).server(ldap::bind_result(1, 0, ""));
        let search = ldap::search(2, "o=acme", ldap::Scope::Subtree, ["uid", "ann"]);
        tcp.unanswered(Side::Client, search, &RETRIES);
        net.wait_secs(3);
        let tcp = dial(&net, 389);
        tcp.client(ldap::bind(1, "cn=st", "x")).server(ldap::bind_result(1, 0, "")).client_fin();
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Major);
        says(&finding, &["LDAP", "Sessions"]);
    }

    #[test]
    fn look_alikes() {
        // The capture ends before it is repeated often enough.
        let net = Network::new();
        dial(&net, 80).unanswered(Side::Client, login(), &[300, 600]);
        none(&net, RULE);
        // It came at last.
        let net = Network::new();
        dial(&net, 80).lost(Side::Client, login(), &RETRIES).server(http::response(302).location("/")).client_fin();
        none(&net, RULE);
        // The server had closed before.
        let net = Network::new();
        let tcp = dial(&net, 80);
        tcp.client(http::get("/").host("a.example")).server(http::response(200).html("a")).half_close(Side::Server);
        tcp.unanswered(Side::Client, login(), &RETRIES);
        none(&net, RULE);
        // A slow receiver: its window is shut.
        let net = Network::new();
        let tcp = dial(&net, 80);
        tcp.client(http::get("/").host("a.example"))
            .server([b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'x'; 2000]].concat());
        tcp.zero_window(Side::Client, &[300, 600, 1_200, 2_400], 60_000);
        none(&net, RULE);
        // Nobody's protocol.
        let net = Network::new();
        dial(&net, 9999).client("hello").server("hello").unanswered(Side::Client, "more", &RETRIES);
        none(&net, RULE);
        // Only one direction is in the capture.
        let net = Network::new();
        let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 80).only(Side::Client).open();
        tcp.unanswered(Side::Client, login(), &RETRIES);
        none(&net, RULE);
    }
}
