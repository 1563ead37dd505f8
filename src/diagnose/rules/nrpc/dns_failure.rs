//! The server's name could not be resolved, and no connection followed.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::Clients;
use crate::diagnose::words::nrpc::dns_failure as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::dns::search::{Found, Search, searches};
use crate::facts::grouping::group_by;
use crate::facts::peers::notes_label;
use crate::model::{AttemptKind, RuleId, Severity, Stamp, Unresolved, Weight};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct DnsFailure;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-dns-failure");

static ABOUT: About = About {
    id: ID,
    title: "The server's name could not be resolved",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "DNS answers NXDOMAIN, SERVFAIL, REFUSED or no address for the name of a Notes server (or nothing at all), under every \
           suffix that was tried, and nobody who may be that client calls the server afterwards. A Notes server is who is asked \
           for or answers in a session of the capture, is named with --expect-server, or has an address that a session went to.",
    matters: "Notes asks DNS for the server's common name. Without an address there is no connection; the user reads \
              \"unable to find path to server\" (0x0803) or \"unknown host\" (0x0FF4).",
    guards: &[
        "Another suffix or the other address family gave an address: the search ended well.",
        "The client called the server all the same: a hosts file, a cache or NetBIOS knew the address.",
        "Another address called it that may be the same machine: of the other family, one that asks DNS for nothing itself (behind \
         a forwarder or a tunnel), or one that asked for the name at the same moment.",
        "A resolver that asks for others: judged where they ask.",
        "Nobody says that the name is a Notes server's, or it is that of a host in another domain: counted, not told.",
        "The client found it later in the capture: major. A session is refused by that very name: not above that refusal.",
    ],
    remedy: &[
        "Add an address record (or a CNAME) for the server's common name in the domain that clients search.",
        "Or put the fully qualified host name into Net Address of the Server document: a client knows it only after it has reached \
         its home server once.",
        "Or a Connection document on the client with the host name or address as destination.",
    ],
    references: &[
        "RFC 1035 4.1.1 (response codes), RFC 2308 (no data)",
        "HCL Domino: Ensuring DNS resolves in NRPC, best and alternative practices",
        "Notes status 0x0803, 0x0FF4, 0x0FF7",
    ],
    explains: &[],
};

impl Rule for DnsFailure {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = searches(case);
        let of_notes = |search: &&Search<'_>| case.peers().notes_server(search.name).is_some();
        let failed = all.iter().filter(|search| search.outcome.is_failure()).filter(of_notes);
        let groups = group_by(failed, |search| search.label());
        let found = Found::new(&all);
        groups.iter().filter_map(|group| finding(case, &found, group)).collect()
    }
}

/// Questions that were judged before and let go are counted, and not shown.
fn finding(case: &Case<'_>, found: &Found, group: &[&Search<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let label = first.label();
    let none = Unresolved::default();
    let gone = case.analysis.facts.let_go.unresolved.get(&label).unwrap_or(&none);
    let questions: Vec<Question<'_>> = group.iter().flat_map(|search| questions(search)).collect();
    let here: usize = group.iter().filter(|search| found.later(search)).map(|search| search.lookups.len()).sum();
    let recovered = here.saturating_add(gone.recovered);
    let count = questions.len().saturating_add(gone.questions);
    let worst = if recovered == count { Severity::Major } else { Severity::Blocker };
    let said = words::NoAddress {
        server_name: case.peers().notes_server(first.name)?.to_owned(),
        dns_name: first.name.to_owned(),
        clients: Clients::of(group.iter().map(|search| search.client).chain(gone.clients.iter().copied())),
        count,
        first: first.asked.time,
        outcomes: words::Outcomes::of(
            questions.iter().map(Question::came_to).chain(gone.came_to.iter().map(String::as_str)),
        ),
        recovered_count: recovered,
    };
    let draft = Draft::new(&ABOUT, 50)
        .names_read()
        .retry(count > 1)
        .severity(refused_by_name(case, &label).map_or(worst, |refusal| worst.min(refusal)))
        .says(&said)
        .remedy_first(format!("Make {} resolve for this client, or correct the name it asks for.", first.name));
    Some(each_of(draft, &questions, gone.questions, "questions", |draft, question| question.show(draft)))
}

/// A session was asked for by that name and did not come about: the worst that a finding about the name may be, so that it does not
/// stand above the one about the session.
fn refused_by_name(case: &Case<'_>, label: &str) -> Option<Severity> {
    let opens = case.attempts().iter().filter(|attempt| attempt.kind == AttemptKind::NrpcOpen);
    let failed = opens.filter(|attempt| attempt.outcome.is_failure() && attempt.weight == Weight::Wanted);
    let named = failed.filter(|attempt| attempt.asked.as_deref().is_some_and(|asked| notes_label(asked) == label));
    named.map(|attempt| if attempt.mended.is_some() { Severity::Minor } else { Severity::Major }).max()
}

/// One question of a search that failed.
struct Question<'c> {
    client: IpAddr,
    name: &'c str,
    at: Stamp,
    /// What came of it; nothing if nobody answered.
    failure: Option<String>,
}

impl Question<'_> {
    fn came_to(&self) -> &str {
        self.failure.as_deref().unwrap_or(Unresolved::NO_ANSWER)
    }

    fn show(&self, draft: Draft) -> Draft {
        let asks = format!("{} asks for {}", self.client, self.name);
        match &self.failure {
            Some(failure) => draft.dns(self.at, format!("{asks}: {failure}")),
            None => draft.dns(self.at, asks).absence(format!("no answer to the question for {}", self.name)),
        }
    }
}

fn questions<'c>(search: &Search<'c>) -> impl Iterator<Item = Question<'c>> {
    let client = search.client;
    search.lookups.iter().filter_map(move |lookup| {
        let (message, body) = lookup.asked()?;
        Some(Question { client, name: &body.name, at: message.at, failure: lookup.failure() })
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{ExpectedServer, Settings, judge};
    use crate::model::{Confidence, Severity};
    use crate::testing::{all, analysis, findings_with, frames, idle, none, of, one, says};
    use nrpcsniff_samples::dns::{A, AAAA, Rcode, Record};
    use nrpcsniff_samples::{Host, Network};

    const RULE: &str = "nrpc-dns-failure";

    /// A session of somebody else shows that Mail01 is a Notes server; a minute later the client looks for it.
    fn network() -> (Network, Host, Host, Host) {
        let net = Network::new();
        let (other, server) = (net.host("10.1.0.77"), net.host("10.2.0.9"));
        net.connect(&other, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        net.wait_secs(60);
        let (client, resolver) = (net.host("10.1.0.50"), net.host("10.1.0.2"));
        (net, client, resolver, server)
    }

    #[test]
    fn a_server_whose_name_does_not_resolve() {
        let (net, client, resolver, _) = network();
        let begin = net.frame_count() as u64;
        net.resolve_fails(&client, &resolver, "mail01.acme.example", A, Rcode::NxDomain);
        net.resolve_fails(&client, &resolver, "mail01.example", A, Rcode::NxDomain);
        idle(&net, 10);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(frames(&finding), [begin + 1, begin + 3]);
        says(&finding, &["mail01.acme.example", "NXDOMAIN", "10.1.0.50", "Mail01/Acme", "2 questions"]);
    }

    #[test]
    fn a_resolver_that_does_not_answer() {
        let (net, client, resolver, _) = network();
        net.resolve_unanswered(&client, &resolver, "mail01", A, &[1, 3]);
        none(&net, RULE);
        idle(&net, 10);
        says(&one(&net, RULE), &["no answer", "3 questions"]);
    }

    #[test]
    fn a_search_that_ends_well_is_no_failure() {
        let (net, client, resolver, _) = network();
        net.resolve_fails(&client, &resolver, "mail01.sub.acme.example", A, Rcode::NxDomain);
        let address = Record::address("mail01.acme.example", "10.2.0.9");
        net.resolve(&client, &resolver, "mail01.acme.example", A, &[address]);
        net.resolve(&client, &resolver, "mail01.acme.example", AAAA, &[]);
        idle(&net, 10);
        none(&net, RULE);
    }

    #[test]
    fn a_client_that_connects_knew_the_address() {
        let (net, client, resolver, server) = network();
        net.resolve_fails(&client, &resolver, "mail01.acme.example", A, Rcode::NxDomain);
        net.wait_secs(2);
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        none(&net, RULE);
    }

    /// It asks by IPv6, whose resolver refuses, and calls by IPv4.
    #[test]
    fn a_machine_with_two_address_families_knew_the_address() {
        let (net, client, _, server) = network();
        let (asker, resolver) = (net.host("2001:db8::50"), net.host("2001:db8::2"));
        net.resolve_fails(&asker, &resolver, "mail01.acme.example", A, Rcode::Refused);
        net.wait_secs(2);
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        none(&net, RULE);
    }

    /// Whoever asks for himself, and found it, is somebody else, if he did not ask at the same moment.
    #[test]
    fn somebody_else_who_found_it_is_no_proof() {
        for (seconds, told) in [(5, true), (0, false)] {
            let (net, client, resolver, server) = network();
            let other = net.host("10.1.0.51");
            let records = [Record::address("mail01.acme.example", "10.2.0.9")];
            net.resolve(&other, &resolver, "mail01.acme.example", A, &records).wait_secs(seconds);
            net.resolve_fails(&client, &net.host("10.1.0.3"), "mail01.acme.example", A, Rcode::NxDomain).wait_secs(2);
            net.connect(&other, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
            idle(&net, 10);
            assert_eq!(!of(&net, RULE).is_empty(), told, "{seconds}");
        }
    }

    #[test]
    fn what_a_resolver_asks_for_others_is_judged_where_they_ask() {
        let (net, client, forwarder, server) = network();
        let name = "mail01.acme.example";
        net.resolve_fails(&forwarder, &net.host("192.0.2.53"), name, A, Rcode::ServFail);
        net.resolve(&client, &forwarder, name, A, &[Record::address(name, "10.2.0.9")]);
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn a_host_of_that_name_in_another_domain_is_somebody_elses() {
        let (net, _, resolver, _) = network();
        let (other, name) = (net.host("10.1.0.77"), "mail01.acme.example");
        net.resolve(&other, &resolver, name, A, &[Record::address(name, "10.2.0.9")]);
        let stranger = net.host("10.1.0.60");
        for (name, told) in [("mail01.vendor.test", false), ("mail01.branch.acme.example", true)] {
            net.resolve_fails(&stranger, &resolver, name, A, Rcode::NxDomain);
            idle(&net, 60);
            assert_eq!(!of(&net, RULE).is_empty(), told, "{name}");
        }
    }

    #[test]
    fn found_later_is_a_lesser_loss() {
        let (net, client, resolver, server) = network();
        let name = "mail01.acme.example";
        net.resolve_fails(&client, &resolver, name, A, Rcode::ServFail).wait_secs(60);
        net.resolve(&client, &resolver, name, A, &[Record::address(name, "10.2.0.9")]);
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Major);
        says(&finding, &["Later it was found"]);
    }

    /// The name is refused by the server: whoever mends that needs to read it first.
    #[test]
    fn not_above_the_refusal_of_that_very_name() {
        let (net, client, resolver, server) = network();
        net.resolve_fails(&net.host("10.1.0.60"), &resolver, "chat.acme.example", A, Rcode::NxDomain);
        net.wait_secs(60);
        net.connect(&client, &server, 1352).session("chat.acme.example", "CN=Mail01/O=Acme").wait(3).client_fin();
        let found = all(&net);
        let rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["nrpc-name-mismatch-alias", RULE]);
    }

    #[test]
    fn names_that_no_sign_on_asks_for_are_counted() {
        let (net, client, resolver, _) = network();
        let count = |net: &Network| {
            judge(&analysis(&net.to_pcapng()), &Settings::default()).set_aside.into_values().sum::<u64>()
        };
        net.resolve_fails(&client, &resolver, "wpad.acme.example", A, Rcode::NxDomain);
        assert_eq!(count(&net), 0);
        net.resolve_fails(&client, &resolver, "hub7.acme.example", A, Rcode::ServFail);
        idle(&net, 10);
        none(&net, RULE);
        assert_eq!(count(&net), 1);
        let hub = ExpectedServer { name: "Hub7/Acme".to_owned(), aliases: Vec::new() };
        let settings = Settings { expected: vec![hub], ..Settings::default() };
        let told = findings_with(&net.to_pcapng(), &settings);
        assert!(told.iter().any(|finding| finding.rule == RULE), "{told:?}");
    }
}
