//! The server's name could not be resolved, and no connection followed.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::dns_failure as words;
use crate::diagnose::words::{Clients, few};
use crate::diagnose::{About, Case, Draft, Layer, Lookup, Rule};
use crate::facts::grouping::group_by;
use crate::facts::names::{abbreviated, looks_like_host};
use crate::model::{Confidence, RuleId, Severity, Stamp, Timestamp};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::dns;
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
    sees: "DNS answers NXDOMAIN, SERVFAIL, REFUSED or no address for a server's name (or nothing at all), under every \
           suffix that was tried, and the client does not call that server afterwards.",
    matters: "Notes asks DNS for the server's common name. Without an address there is no connection; the user reads \
              \"unable to find path to server\" (0x0803) or \"unknown host\" (0x0FF4).",
    guards: &[
        "Another suffix or the other address family gave an address (before or after): the search ended well.",
        "The client called the server all the same: a hosts file, a cache or NetBIOS knew the address.",
        "Another address that asks for nothing itself called the server within the retry time: one machine with two address \
         families, or behind a forwarder or a tunnel.",
        "The name is not known as a Notes server's: only in a capture that holds nothing but DNS and NRPC, and at low \
         confidence.",
    ],
    remedy: &[
        "Add an address record (or a CNAME) for the server's common name in the domain that clients search.",
        "Or put the fully qualified host name into Net Address of the Server document.",
        "Or a Connection document on the client with the host name or address as destination.",
    ],
    references: &[
        "RFC 1035 4.1.1 (response codes), RFC 2308 (no data)",
        "HCL Domino: Ensuring DNS resolves in NRPC, best and alternative practices",
        "Notes status 0x0803, 0x0FF4, 0x0FF7",
    ],
    explains: &[],
};

/// DNS types of addresses: A and AAAA.
const ADDRESS_TYPES: [u16; 2] = [1, 28];

/// One question for an address that failed.
struct Failed<'a> {
    client: IpAddr,
    name: &'a str,
    at: Stamp,
    /// Response code in words, or `None` if no answer came.
    reason: Option<String>,
}

impl Rule for DnsFailure {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let failed = failures(case);
        if failed.is_empty() {
            return Vec::new();
        }
        let known = known_labels(case);
        let (servers, others): (Vec<_>, Vec<_>) = failed.into_iter().partition(|f| known.contains_key(&label(f.name)));
        let mut drafts: Vec<Draft> = group_by(servers, |f| label(f.name))
            .iter()
            .filter_map(|group| finding(known.get(&label(group.first()?.name))?, group))
            .collect();
        drafts.extend(if nothing_but_nrpc(case) { unknown(&others) } else { None });
        drafts
    }
}

/// Questions that failed, apart from those whose search ended well or whose client called the server all the same.
fn failures<'a>(case: &Case<'a>) -> Vec<Failed<'a>> {
    let mut found: HashMap<(IpAddr, String), Vec<Timestamp>> = HashMap::new();
    let mut failed = Vec::new();
    for lookup in case.lookups() {
        match outcome(case, lookup) {
            Some(Ok((name, at))) => found.entry((lookup.client, label(name))).or_default().push(at.time),
            Some(Err(failure)) => failed.push(failure),
            None => {}
        }
    }
    if failed.is_empty() {
        return failed;
    }
    for times in found.values_mut() {
        times.sort_unstable();
    }
    let calls = Calls::new(case);
    let near = case.settings.thresholds.retry_within;
    failed.retain(|f| {
        let times = found.get(&(f.client, label(f.name))).map_or(&[][..], Vec::as_slice);
        !any_within(times, f.at.time, near, near) && !calls.followed(case, f) && !calls.followed_by_another(case, f)
    });
    failed
}

/// The name and time of an answer with an address, or what went wrong.
fn outcome<'a>(case: &Case<'a>, lookup: &Lookup<'a>) -> Option<Result<(&'a str, Stamp), Failed<'a>>> {
    let (message, body) = lookup.query.or(lookup.response)?;
    if !ADDRESS_TYPES.contains(&body.qtype) {
        return None;
    }
    let failed = |reason| Some(Err(Failed { client: lookup.client, name: &body.name, at: message.at, reason }));
    match lookup.response {
        None => {
            let waited = watched(case, message.at).seconds_since(message.at.time);
            if waited >= case.settings.thresholds.reply_timeout { failed(None) } else { None }
        }
        Some((reply, answer)) if answer.answers.iter().any(|a| matches!(a.data, dns::Data::Address(_))) => {
            Some(Ok((&body.name, reply.at)))
        }
        Some((_, answer)) if answer.truncated || answer.incomplete => None,
        Some((_, answer)) => failed(Some(reason(answer))),
    }
}

/// The end of the input that holds that frame; what another input holds may be of another day.
fn watched(case: &Case<'_>, at: Stamp) -> Timestamp {
    let input = usize::try_from(at.frame.input).ok().and_then(|index| case.analysis.inputs.get(index));
    input.and_then(|input| input.last).unwrap_or(at.time)
}

fn reason(answer: &dns::Message) -> String {
    match answer.rcode {
        Some(0) => "no address record".to_owned(),
        Some(2) => "SERVFAIL".to_owned(),
        Some(3) => "NXDOMAIN".to_owned(),
        Some(5) => "REFUSED".to_owned(),
        Some(code) => format!("response code {code}"),
        None => "an answer without response code".to_owned(),
    }
}

/// First label of a host name, in lower case: what all suffixes of a search have in common.
fn label(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_lowercase()
}

/// Is one of the sorted times at most `before` seconds earlier than `at`, or `after` seconds later?
fn any_within(times: &[Timestamp], at: Timestamp, before: f64, after: f64) -> bool {
    let from = times.partition_point(|time| at.seconds_since(*time) > before);
    times.get(from).is_some_and(|time| time.seconds_since(at) <= after)
}

/// Calls of each client: when, and for which name.
struct Calls {
    by_client: HashMap<IpAddr, Vec<(Timestamp, Option<String>)>>,
    /// Calls for each name, by addresses that ask DNS for nothing in this capture.
    by_name: HashMap<String, Vec<Timestamp>>,
}

impl Calls {
    fn new(case: &Case<'_>) -> Self {
        let mut by_client: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let askers: HashSet<IpAddr> = case.lookups().map(|lookup| lookup.client).collect();
        for talk in case.talks() {
            let c = talk.conversation;
            let name = talk.wanted().map(notes_label);
            if let Some(name) = name.clone().filter(|_| !askers.contains(&c.client.ip)) {
                by_name.entry(name).or_default().push(c.first.time);
            }
            by_client.entry(c.client.ip).or_default().push((c.first.time, name));
        }
        by_name.values_mut().for_each(|times| times.sort_unstable());
        Self { by_client, by_name }
    }

    /// The client called somebody soon after, for this name or for one that was not seen.
    fn followed(&self, case: &Case<'_>, failed: &Failed<'_>) -> bool {
        let Some(calls) = self.by_client.get(&failed.client) else { return false };
        let from = calls.partition_point(|(time, _)| *time < failed.at.time);
        let within = case.settings.thresholds.retry_within;
        let soon = calls.get(from..).unwrap_or_default().iter().take(64);
        soon.take_while(|(time, _)| time.seconds_since(failed.at.time) <= within)
            .any(|(_, name)| name.as_ref().is_none_or(|name| *name == label(failed.name)))
    }

    /// Somebody called that server soon after who asked for nothing under the address that he called from: a machine with two
    /// address families asks by one and calls by the other, and behind a forwarder or a tunnel another address asks for it.
    fn followed_by_another(&self, case: &Case<'_>, failed: &Failed<'_>) -> bool {
        let times = self.by_name.get(&label(failed.name)).map_or(&[][..], Vec::as_slice);
        any_within(times, failed.at.time, 0.0, case.settings.thresholds.retry_within)
    }
}

/// What DNS is asked for to find that server: its common name, or the first label of a host name.
fn notes_label(name: &str) -> String {
    let short = abbreviated(name);
    let common = short.split('/').next().unwrap_or_default();
    if looks_like_host(name) { label(common) } else { common.trim().to_lowercase() }
}

/// Labels of Notes servers that the capture or the user names, and the name as it stands there.
fn known_labels(case: &Case<'_>) -> HashMap<String, String> {
    let seen = case.nrpc().flat_map(|talk| [talk.wanted(), talk.answered()]).flatten();
    let expected = case.settings.expected.iter();
    let told = expected.flat_map(|server| std::iter::once(&server.name).chain(&server.aliases)).map(String::as_str);
    let mut known: HashMap<String, String> = HashMap::new();
    for name in seen.chain(told) {
        known.entry(notes_label(name)).or_insert_with(|| abbreviated(name));
    }
    let servers: HashSet<IpAddr> = case.nrpc().map(|talk| talk.conversation.server.ip).collect();
    for (_, answer) in case.lookups().filter_map(|lookup| lookup.response) {
        let leads = |a: &dns::Answer| matches!(a.data, dns::Data::Address(ip) if servers.contains(&ip));
        if answer.answers.iter().any(leads) {
            known.entry(label(&answer.name)).or_insert_with(|| answer.name.clone());
        }
    }
    known.remove("");
    known
}

/// Somebody captured this on purpose: there is no other TCP in it than NRPC.
fn nothing_but_nrpc(case: &Case<'_>) -> bool {
    let talks = u64::try_from(case.talks().count()).unwrap_or(u64::MAX);
    case.analysis.totals.tcp_conversations <= talks
}

/// Names that machines ask for by themselves.
fn is_background(name: &str) -> bool {
    let (label, top) = (label(name), name.rsplit('.').next().unwrap_or_default().to_lowercase());
    name.starts_with('_')
        || matches!(top.as_str(), "arpa" | "local")
        || matches!(label.as_str(), "wpad" | "isatap" | "localhost")
}

fn finding(server: &str, group: &[Failed<'_>]) -> Option<Draft> {
    let first = group.first()?;
    let draft = Draft::new(&ABOUT, 50)
        .names_read()
        .retry(group.len() > 1)
        .says(&words::NoAddress {
            server_name: server.to_owned(),
            dns_name: first.name.to_owned(),
            clients: Clients::of(group.iter().map(|f| f.client)),
            count: group.len(),
            first: first.at.time,
            outcomes: outcomes(group),
        })
        .remedy_first(format!("Make {} resolve for this client, or correct the name it asks for.", first.name));
    Some(lines(draft, group))
}

/// One finding for all names of which it is not known that they are Notes servers'.
fn unknown(failed: &[Failed<'_>]) -> Option<Draft> {
    let mine: Vec<&Failed<'_>> = failed.iter().filter(|f| !is_background(f.name)).collect();
    let first = mine.first()?;
    let (dns_names, dns_name_count) = few(mine.iter().map(|f| f.name.to_owned()));
    let draft = Draft::new(&ABOUT, 30).at_most(Confidence::Low).severity(Severity::Major).says(&words::NoAddresses {
        dns_names,
        dns_name_count,
        clients: Clients::of(mine.iter().map(|f| f.client)),
        first: first.at.time,
        outcomes: outcomes(mine.iter().copied()),
    });
    Some(lines(draft, &mine))
}

fn outcomes<'f, 'a: 'f>(failed: impl IntoIterator<Item = &'f Failed<'a>>) -> words::Outcomes {
    words::Outcomes::of(failed.into_iter().map(|f| f.reason.as_deref().unwrap_or("no answer")))
}

fn lines<'a, F: std::borrow::Borrow<Failed<'a>>>(draft: Draft, group: &[F]) -> Draft {
    each(draft, group, "questions", |draft, failed| {
        let f = failed.borrow();
        match &f.reason {
            Some(reason) => draft.dns(f.at, format!("{} asks for {}: {reason}", f.client, f.name)),
            None => draft
                .dns(f.at, format!("{} asks for {}", f.client, f.name))
                .absence(format!("no answer to the question for {}", f.name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{frames, idle, none, one, says};
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

    /// Whoever asks for himself, and found it, is somebody else.
    #[test]
    fn somebody_else_who_found_it_is_no_proof() {
        let (net, client, resolver, server) = network();
        let other = net.host("10.1.0.51");
        net.resolve(&other, &resolver, "mail01.acme.example", A, &[Record::address("mail01.acme.example", "10.2.0.9")]);
        net.resolve_fails(&client, &net.host("10.1.0.3"), "mail01.acme.example", A, Rcode::NxDomain);
        net.wait_secs(2);
        net.connect(&other, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        idle(&net, 10);
        assert_eq!(one(&net, RULE).severity, Severity::Blocker);
    }

    #[test]
    fn an_unknown_name_counts_only_where_there_is_nothing_else() {
        let net = Network::new();
        let (client, resolver) = (net.host("10.1.0.50"), net.host("10.1.0.2"));
        net.resolve_fails(&client, &resolver, "wpad.acme.example", A, Rcode::NxDomain);
        none(&net, RULE);
        net.resolve_fails(&client, &resolver, "hub7.acme.example", A, Rcode::ServFail);
        idle(&net, 10);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Low));
        says(&finding, &["hub7.acme.example", "SERVFAIL", "If this is the name of a Domino server"]);
        net.connect(&client, &net.host("10.2.0.80"), 443).client_fin();
        none(&net, RULE);
    }
}
