//! What fails at machines that have no part in a sign-on.
//!
//! A network is full of certificates that ended and names that nobody registered. Where a capture shows a sign-on, they are not
//! what the user asks about, and one of them above the fault that he does ask about sends him the wrong way.

use crate::diagnose::words::cap::others as words;
use crate::diagnose::words::few;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::SignOnPeers;
use crate::model::{Conversation, Finding, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Others;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-others");

static ABOUT: About = About {
    id: ID,
    title: "Something fails at machines that have no part in a sign-on",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "Findings about TLS or TCP of machines that neither spoke NRPC or Sametime, nor registered SIP users, nor gave or \
           took a sign-on token, nor answered for a directory, in a capture in which others did.",
    matters: "Somebody else's fault above the one that is looked for sends people the wrong way. Here they are counted; --others \
              tells each.",
    guards: &[
        "A name by which such a machine is called, or for which DNS gave its address: told as a fault of the sign-on.",
        "A server that is named with --expect-server: likewise.",
        "No sign-on in the capture: every fault is told, for the sign-on may be what is sealed.",
    ],
    remedy: &["If one of these machines has to do with the sign-on: --others tells what fails there and what to do."],
    references: &[],
    explains: &[],
};

/// Families of rules that speak of any machine, whatever it is for.
const ANYBODY: [&str; 2] = ["tls-", "tcp-"];

impl Rule for Others {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// It speaks of what other rules found: see [`set_aside`].
    fn judge(&self, _case: &Case<'_>) -> Vec<Draft> {
        Vec::new()
    }
}

/// Takes findings about machines without a part in the sign-on together into one; `gather` joins those of one cause before they
/// are counted. What it tells stands last.
pub(crate) fn set_aside(
    case: &Case<'_>,
    findings: Vec<Finding>,
    gather: impl FnOnce(Vec<Finding>) -> Vec<Finding>,
) -> Vec<Finding> {
    let peers = case.peers();
    if case.settings.others || peers.is_empty() {
        return findings;
    }
    let (aside, mut findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| is_of_others(case, peers, f));
    let aside = gather(aside);
    if let Some(first) = aside.first() {
        findings.push(counted(case, first, &aside));
    }
    findings
}

fn is_of_others(case: &Case<'_>, peers: &SignOnPeers, finding: &Finding) -> bool {
    let is_a_peer = |c: &Conversation| peers.has(c.server, None) || peers.has(c.client, None);
    let named = || names(finding).any(|name| peers.has_name(name));
    ANYBODY.iter().any(|family| finding.rule.as_str().starts_with(family))
        && !finding.conversations.is_empty()
        && !conversations(case, finding).any(is_a_peer)
        && !named()
}

/// Names that it gives to whom it is about.
fn names(finding: &Finding) -> impl Iterator<Item = &str> {
    ["host", "server_name", "asked"].into_iter().filter_map(|name| finding.facts.text(name))
}

fn conversations<'a>(case: &Case<'a>, finding: &Finding) -> impl Iterator<Item = &'a Conversation> {
    let all = &case.analysis.conversations;
    finding.conversations.iter().filter_map(|id| all.get(id.index()))
}

fn counted(case: &Case<'_>, first: &Finding, aside: &[Finding]) -> Finding {
    let whom = |finding: &Finding| {
        let named = names(finding).next().map(str::to_owned);
        named.or_else(|| conversations(case, finding).next().map(|c| c.server.to_string()))
    };
    let (hosts, host_count) = few(aside.iter().filter_map(whom));
    let (rules, _) = few(aside.iter().map(|finding| finding.rule));
    let mut draft =
        Draft::new(&ABOUT, 75).says(&words::FaultsOfOthers { count: aside.len(), hosts, host_count, rules });
    for finding in aside {
        let (severity, title) = (finding.severity.name(), &finding.title);
        draft = draft.note(format!("{}, {severity} for those whom it hits: {title}", finding.rule));
    }
    let mut told = draft.finish();
    told.conversations = aside.iter().flat_map(|finding| finding.conversations.iter().copied()).collect();
    told.conversations.sort_unstable();
    told.conversations.dedup();
    told.frames.clone_from(&first.frames);
    told.group.count = aside.len() as u64;
    told
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{ExpectedServer, Settings};
    use crate::model::{Finding, Severity};
    use crate::testing::{all, analysis, judged, none, of, says, the_one};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::{Presents, Tls};

    const RULE: &str = "cap-others";
    const HOST: &str = "meet.example.com";

    /// Somebody's certificate has ended.
    fn expired(net: &Network, address: &str) {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host(address), 443);
        tcp.tls_fails(&Tls::v12(HOST).presents(Presents::Expired));
    }

    fn mail(net: &Network) {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.19"), 1352).works("CN=Mail01/O=Acme", 3);
    }

    fn severities(found: &[Finding]) -> Vec<(&str, Severity)> {
        found.iter().map(|finding| (finding.rule.as_str(), finding.severity)).collect()
    }

    #[test]
    fn faults_of_strangers_are_counted() {
        let net = Network::new();
        expired(&net, "192.0.2.1");
        expired(&net, "192.0.2.2");
        mail(&net);
        assert_eq!(severities(&all(&net)), [(RULE, Severity::Info)]);
        let found = of(&net, RULE);
        says(the_one(&found), &["2 findings", HOST, "192.0.2.2:443", "tls-cert-expired", "--others"]);
    }

    #[test]
    fn each_is_told_if_the_user_asks_for_it() {
        let net = Network::new();
        expired(&net, "192.0.2.1");
        mail(&net);
        let found = judged(&analysis(&net.to_pcapng()), &Settings { others: true, ..Settings::default() });
        assert_eq!(severities(&found), [("tls-cert-expired", Severity::Blocker)]);
    }

    #[test]
    fn silent_about_servers_of_the_sign_on() {
        let net = Network::new();
        expired(&net, "10.1.0.19");
        mail(&net);
        none(&net, RULE);
        let net = Network::new();
        expired(&net, "10.1.0.78");
        mail(&net);
        let expected = ExpectedServer { name: "Chat/Acme".to_owned(), aliases: vec![HOST.to_owned()] };
        let settings = Settings { expected: vec![expected], ..Settings::default() };
        let found = judged(&analysis(&net.to_pcapng()), &settings);
        assert!(found.iter().all(|finding| finding.rule.as_str() != RULE), "{found:?}");
    }

    #[test]
    fn silent_where_no_sign_on_is_seen() {
        let net = Network::new();
        expired(&net, "192.0.2.1");
        none(&net, RULE);
    }
}
