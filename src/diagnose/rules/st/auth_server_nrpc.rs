//! The Sametime login in Notes never came, because the server that should issue its token could not be reached over NRPC.

use crate::diagnose::evidence::sametime::show;
use crate::diagnose::rules::{nrpc, rule};
use crate::diagnose::words::Clients;
use crate::diagnose::words::st::auth_server_nrpc as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::pages::Product;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::facts::sip::SipExchange;
use crate::model::{Confidence, Conversation, ConversationId, Finding, RuleId, Severity, Source, Span, Timestamp};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::sip;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct AuthServerNrpc;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-auth-server-nrpc");

static ABOUT: About = About {
    id: ID,
    title: "No Sametime login, because the authentication server failed over NRPC",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "A client's session with a Domino server (1352) fails; within a minute the same client reaches the Sametime server, \
           shakes hands and leaves without a login, or no login of it comes although it talks to Sametime on that machine then.",
    matters: "The chat client in Notes gets its single sign-on token from a Domino server over NRPC. Without it there is \
              nothing to log in with: the user stays offline, though chat server and network are fine.",
    guards: &[
        "No trace of Sametime in the client's traffic (a conversation on 1533, SIP or HTTP of Sametime): plain Notes; silent.",
        "The client logs in to Sametime within a minute all the same, with whatever, or is logged in: silent.",
        "The client cannot connect to the Sametime server at all: that is another matter; silent.",
        "The Domino server works for that client soon after: silent.",
        "The capture ends right after the handshake: a login may have followed; silent.",
        "Only traffic with Sametime on the same machine, no handshake after the failure: medium confidence at most, and only \
         if the capture goes on for a minute.",
    ],
    remedy: &[
        "In the client: File > Preferences > Sametime > Server Communities > Log In > authentication server = the hierarchical \
         name of the Domino server (Mail01/Servers/Acme), not a host alias.",
    ],
    references: &[
        "collaborationben.com, 2016-10-04: Sametime and NETWORK_SPRAYER_ADDRESS",
        "blog.thomashampel.com: Sametime: Missing Single Sign On token",
    ],
    explains: FAILURES,
};

/// Rules that tell why an NRPC session failed.
const FAILURES: &[RuleId] = &[
    nrpc::name_mismatch_alias::ID,
    nrpc::name_mismatch_other_server::ID,
    nrpc::server_renamed::ID,
    nrpc::port_map::ID,
    nrpc::dns_failure::ID,
    nrpc::syn_silent::ID,
    nrpc::syn_refused::ID,
    nrpc::icmp_reject::ID,
    nrpc::private_address::ID,
    nrpc::hello_unanswered::ID,
    nrpc::accept_then_close::ID,
    nrpc::refused_status::ID,
    nrpc::auth_rejected::ID,
    nrpc::id_expired::ID,
    nrpc::early_close::ID,
];

/// A Sametime login that should have come.
enum Missing<'c, 'a> {
    /// The client shook hands and went no further.
    Handshake(&'c SametimeLogin<'a>),
    /// It talks to Sametime on the machine that failed, and no login came.
    Nothing(&'c Conversation),
}

impl Rule for AuthServerNrpc {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let traces = traces(case);
        if traces.is_empty() || case.talks().next().is_none() {
            return Vec::new();
        }
        let found = FAILURES.iter().filter_map(|id| rule(id)).flat_map(|rule| rule.judge(case)).map(Draft::finish);
        let mut told: HashSet<ConversationId> = HashSet::new();
        let mut drafts = Vec::new();
        for failure in found.filter(|failure| failure.severity == Severity::Blocker) {
            if failure.conversations.iter().all(|id| told.contains(id)) {
                continue; // an earlier rule told it better
            }
            if let Some(draft) = finding(case, &traces, &failure) {
                told.extend(&failure.conversations);
                drafts.push(draft);
            }
        }
        drafts
    }
}

/// Why NRPC failed, and what became of the Sametime logins of the clients. It is as sure as the finding about NRPC only where
/// Sametime was seen to wait, because a client without a login may have wanted none.
fn finding(case: &Case<'_>, traces: &Traces<'_>, failure: &Finding) -> Option<Draft> {
    let failed: Vec<&Conversation> =
        failure.conversations.iter().filter_map(|&id| case.analysis.conversations.by_id(id)).collect();
    let clients = group_by(failed.iter().copied(), |c| c.client.ip);
    let without: Vec<_> = clients.iter().filter_map(|group| Some((group, missing(case, traces, group)?))).collect();
    let first = without.first()?;
    let at_hand = without.iter().any(|(_, missing)| matches!(missing, Missing::Handshake(_)));
    let sure = if at_hand { failure.confidence } else { failure.confidence.min(Confidence::Medium) };
    let told = failure.remedy.iter().any(|text| text.contains("as authentication server"));
    let own = ABOUT.remedy.iter().filter(|_| !told).map(|&text| text.to_owned());
    let said = words::NoLogin {
        failure: failure.facts.clone(),
        cause: failure.rule,
        cause_title: failure.title.clone(),
        cause_explanation: failure.explanation.clone(),
        client: first.0.first()?.client.ip,
        clients: Clients::of(without.iter().filter_map(|(group, _)| group.first()).map(|c| c.client.ip)),
        missing: effect(case, first.0, &first.1),
    };
    let mut draft = Draft::new(&ABOUT, i32::from(failure.score))
        .at_most(sure)
        .says(&said)
        .remedies(failure.remedy.iter().cloned().chain(own));
    let mine = |c: &&&Conversation| without.iter().any(|(group, _)| group.iter().any(|failed| failed.id == c.id));
    for conversation in failed.iter().filter(mine) {
        draft = draft.conversation(conversation);
    }
    draft = evidence(draft, failure);
    Some(without.iter().fold(draft, |draft, (_, missing)| show_missing(draft, missing)))
}

/// What is missing after the failed sessions of one client; `None` if nothing is, or if it cannot be told.
fn missing<'c, 'a>(case: &'c Case<'a>, traces: &Traces<'a>, failed: &[&'a Conversation]) -> Option<Missing<'c, 'a>> {
    let client = failed.first()?.client.ip;
    let began = failed.iter().map(|c| c.first.time).min()?;
    let ended = failed.iter().map(|c| c.teardown.at.map_or(c.last.time, |at| at.time)).max()?;
    let within = case.settings.thresholds.sign_on_within;
    let in_time = |time: Timestamp| time >= began && time.since(ended) <= within;
    let mut after: Vec<&SametimeLogin<'a>> = Vec::new();
    for login in case.sametime().of_client(client) {
        let is_open = login.began().time < began && login.ended() >= ended;
        if is_open && login.outcome() == SametimeLoginOutcome::Accepted {
            return None;
        }
        if in_time(login.began().time) {
            after.push(login);
        }
    }
    let hindered = |login: &&SametimeLogin<'a>| {
        !login.attempts.is_empty()
            || matches!(login.outcome(), SametimeLoginOutcome::NotConnected | SametimeLoginOutcome::Unknown)
    };
    if after.iter().any(hindered) || works(case, client, ended, failed) {
        return None;
    }
    let over = |login: &&SametimeLogin<'a>| {
        let closed = login.conversation.teardown.at.is_some();
        closed || case.end().since(login.conversation.last.time) >= case.settings.thresholds.reply_timeout
    };
    if let Some(login) = after.into_iter().filter(|login| login.handshake.is_some()).find(over) {
        return Some(Missing::Handshake(login));
    }
    let near = |time: Timestamp| time.plus(within) >= began && time.since(ended) <= within;
    let talks = |trace: &&&Conversation| trace.messages.iter().any(|message| near(message.at.time));
    let traces = failed.iter().filter_map(|c| traces.get(&(client, c.server.ip)));
    let trace = traces.flatten().find(talks).copied()?;
    (case.end().since(ended) >= within).then_some(Missing::Nothing(trace))
}

/// The Domino server works for that client after the failure, or another one did under the same name.
fn works(case: &Case<'_>, client: IpAddr, ended: Timestamp, failed: &[&Conversation]) -> bool {
    let within = case.settings.thresholds.retry_within;
    case.of_client(client).any(|talk| {
        let delay = talk.conversation.first.time.since(ended);
        let same = failed.iter().any(|c| c.server == talk.conversation.server);
        same && talk.went_on() && (Span::ZERO..=within).contains(&delay)
    })
}

/// The first conversation of each client with each machine that shows Sametime.
type Traces<'a> = HashMap<(IpAddr, IpAddr), Vec<&'a Conversation>>;

/// Its own protocol, its softphone, its proxy or meeting server.
fn traces<'a>(case: &Case<'a>) -> Traces<'a> {
    let chat = case.sametime().logins().filter(|login| login.spoke()).map(|login| login.conversation);
    let agent = |sip: &sip::Message| {
        sip.user_agent.as_deref().is_some_and(|agent| agent.to_ascii_lowercase().starts_with("sametime"))
    };
    let sip = case.sip().exchanges().filter(|exchange| agent(exchange.first.begun.sip));
    let sip = sip.flat_map(SipExchange::conversations);
    let http = case
        .http()
        .exchanges()
        .iter()
        .filter(|exchange| matches!(exchange.product(), Some(Product::SametimeProxy | Product::Meeting)));
    let http = http.map(|exchange| exchange.conversation);
    let mut traces = Traces::new();
    for conversation in chat.chain(sip).chain(http) {
        traces.entry((conversation.client.ip, conversation.server.ip)).or_default().push(conversation);
    }
    traces
}

fn effect(case: &Case<'_>, failed: &[&Conversation], missing: &Missing<'_, '_>) -> words::SeenInstead {
    let ended = failed.iter().map(|c| c.teardown.at.map_or(c.last.time, |at| at.time)).max().unwrap_or_default();
    match missing {
        Missing::Handshake(login) => words::SeenInstead::Handshake {
            sametime_server: login.server(),
            delay_s: login.began().time.seconds_since(ended),
        },
        Missing::Nothing(trace) => words::SeenInstead::Nothing {
            sametime_server: trace.server,
            protocol: trace.protocol.map(|protocol| protocol.name),
            waited_s: case.settings.thresholds.sign_on_within.as_secs_f64(),
        },
    }
}

fn evidence(draft: Draft, failure: &Finding) -> Draft {
    let draft = draft.frames(failure.frames.iter().copied());
    let shown = failure.evidence.iter();
    shown.fold(draft, |draft, evidence| match evidence.source {
        Source::Absence => draft.absence(evidence.text.clone()),
        source => draft.fact(source, evidence.frame, evidence.text.clone()),
    })
}

fn show_missing(draft: Draft, missing: &Missing<'_, '_>) -> Draft {
    match missing {
        Missing::Handshake(login) => show(draft.conversation(login.conversation), login)
            .absence(format!("no login of {} in that conversation or after it", login.client())),
        Missing::Nothing(trace) => draft
            .packet(trace.first, format!("{} talks {} with {}", trace.client, spoken(trace), trace.server))
            .absence(format!("no Sametime login of {}", trace.client.ip)),
    }
}

/// The name of its protocol.
fn spoken(trace: &Conversation) -> &'static str {
    trace.protocol.map_or("something else", |protocol| protocol.name)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, of, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::Login;

    const RULE: &str = "st-auth-server-nrpc";
    const ALIAS: &str = "chat.example.net";
    const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";

    /// The Notes session that fails for its name.
    fn fails(net: &Network) {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).session(ALIAS, NAME).wait(3).client_fin();
    }

    #[test]
    fn a_handshake_without_a_login_after_the_name_was_wrong() {
        let net = Network::new();
        fails(&net);
        net.wait_secs(1);
        dial(&net).vp_open().wait_secs(2).client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(finding.also.iter().any(|also| *also == "nrpc-name-mismatch-alias"), "{finding:#?}");
        assert!(of(&net, "nrpc-name-mismatch-alias").is_empty());
        says(&finding, &[ALIAS, "STCOMM7", "10.1.0.9:1533", "never logged in", "Fully qualified Internet host name"]);
        assert!(finding.remedy[0].contains("NETWORK_SPRAYER_ADDRESS="));
    }

    #[test]
    fn a_server_that_does_not_answer_is_a_cause_too() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.8"), 1352).silent(&[1, 3]);
        net.wait_secs(2);
        dial(&net).vp_open().wait_secs(2).client_fin();
        let finding = one(&net, RULE);
        assert!(finding.also.iter().any(|also| *also == "nrpc-syn-silent"));
    }

    #[test]
    fn plain_notes_is_left_to_its_own_rules() {
        let net = Network::new();
        fails(&net);
        idle(&net, 120);
        none(&net, RULE);
        assert_eq!(of(&net, "nrpc-name-mismatch-alias").len(), 1);
        let other = net.connect(&net.host("10.1.0.77"), &net.host("10.1.0.9"), 1533);
        other.vp_open().wait_secs(1).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn a_login_that_comes_or_is_there_already() {
        let net = Network::new();
        fails(&net);
        dial(&net).vp_works(&Login::rc2_128(USER));
        none(&net, RULE);
        let net = Network::new();
        let open = dial(&net);
        open.vp_works(&Login::rc2_128(USER));
        fails(&net);
        open.wait_secs(100).client([0x80]);
        idle(&net, 100);
        none(&net, RULE);
    }

    #[test]
    fn a_sametime_port_that_is_closed_is_another_matter() {
        let net = Network::new();
        fails(&net);
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1533).refused(1);
        idle(&net, 100);
        none(&net, RULE);
    }

    #[test]
    fn a_capture_that_ends_right_after_the_handshake() {
        let net = Network::new();
        fails(&net);
        dial(&net).vp_open();
        none(&net, RULE);
        idle(&net, 10);
        one(&net, RULE);
    }

    #[test]
    fn a_session_that_works_soon_after() {
        let net = Network::new();
        fails(&net);
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).works(NAME, 2).client_fin();
        dial(&net).vp_open().wait_secs(2).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn sametime_on_the_same_machine_and_no_login_within_a_minute() {
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).wait_secs(10).server_rst();
        fails(&net);
        none(&net, RULE);
        idle(&net, 100);
        let finding = one(&net, RULE);
        assert_eq!(finding.confidence, Confidence::Medium);
        says(&finding, &["no Sametime login"]);
    }
}
