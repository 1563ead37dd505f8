//! One cause, one finding, however many it hits: findings of one rule about one server and one name asked for are told as one.
//!
//! Rules judge a client, a session or a token at a time, and so two hundred clients of one alias are two hundred findings of one
//! cause. Whoever is to mend it needs the cause once, how many it hits, since when, and a few of them to look at.

use super::cause::{Cause, cause};
use super::counted::{Counted, CountedCauses, times_seen};
use super::precedence::sort;
use crate::model::{Analysis, ConversationId, Evidence, Finding, Group, Layer, Severity, Source, Timestamp};
use hashbrown::HashMap;
use hashbrown::HashSet;
use std::fmt::Write;
use std::net::IpAddr;

/// Examples that a finding shows from the first on; the last stands beside them.
pub(super) const EXAMPLES: usize = 8;
/// Lines of logs that a finding takes over from those that it is told with.
const LINES: usize = 12;

/// Joins findings of one cause. The most severe of them speaks, of those the one that was read best (the order in which
/// findings stand); the others give their conversations, and the first seven and the last of them a line of evidence.
///
/// `later` has the first conversation of each capture after the first one, where several are told together. What was counted of each
/// cause before, and let go, is added.
pub(crate) fn gather(
    findings: Vec<Finding>,
    analysis: &Analysis,
    later: &[ConversationId],
    counted: &CountedCauses,
) -> Vec<Finding> {
    let mut causes: Vec<(Cause, Vec<Finding>)> = Vec::new();
    let mut places: HashMap<Cause, usize> = HashMap::new();
    for finding in findings {
        let cause = cause(&finding);
        let place = *places.entry(cause.clone()).or_insert(causes.len());
        match causes.get_mut(place) {
            Some((_, members)) => members.push(finding),
            None => causes.push((cause, vec![finding])),
        }
    }
    let none = Counted::default();
    let told = |(cause, members)| join(members, counted.get(&cause).unwrap_or(&none), analysis, later);
    let mut joined: Vec<Finding> = causes.into_iter().filter_map(told).collect();
    sort(&mut joined);
    joined
}

fn join(members: Vec<Finding>, counted: &Counted, analysis: &Analysis, later: &[ConversationId]) -> Option<Finding> {
    let group = group(&members, counted, analysis, later);
    let less = less_severe(&members, counted);
    let mut members = members.into_iter();
    let mut speaker = members.next()?;
    let mut others: Vec<Finding> = members.collect();
    others.sort_by_key(|other| (other.frames.first().copied(), other.conversations.first().copied()));
    if !others.is_empty() || counted.count > 0 {
        speaker.title = format!("{} ({})", speaker.title, group.extent());
        speaker.explanation =
            format!("{} {}", speaker.explanation, the_others(&group, &others, counted, &less, analysis));
    }
    let further = group.let_go.saturating_sub(counted.conversations);
    if further > 0 && speaker.layer != Layer::Capture {
        let _ = write!(
            speaker.explanation,
            " {further} further conversations showed the same; they were judged before and are not in the numbers of this sentence.",
        );
    }
    // The first show how it begins and the last that it goes on: all in between would say the same.
    let last = others.len().saturating_sub(1);
    for (place, other) in others.iter().enumerate() {
        add(&mut speaker, other, place + 1 < EXAMPLES || place == last, analysis);
    }
    speaker.conversations.sort_unstable();
    speaker.conversations.dedup();
    speaker.frames.sort_unstable();
    speaker.frames.dedup();
    speaker.group = group;
    Some(speaker)
}

/// How many, whom and when.
fn group(members: &[Finding], counted: &Counted, analysis: &Analysis, later: &[ConversationId]) -> Group {
    let mut ids: Vec<ConversationId> = members.iter().flat_map(|member| member.conversations.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let conversations = || ids.iter().filter_map(|&id| analysis.conversations.by_id(id));
    let mut clients: HashSet<IpAddr> = conversations().map(|c| c.client.ip).collect();
    clients.extend(&counted.clients);
    let times = || conversations().map(|c| c.first.time);
    let capture = |member: &Finding| {
        let first = member.conversations.first().copied().unwrap_or_default();
        later.partition_point(|&begin| begin <= first)
    };
    let captures: HashSet<usize> = members.iter().map(capture).collect();
    let sum = |own: u64, of: fn(&Group) -> u64| members.iter().map(|m| of(&m.group)).fold(own, u64::saturating_add);
    // What is said of the capture counts everything by itself.
    let gone = |member: &Finding| if member.layer == Layer::Capture { 0 } else { member.group.let_go };
    let seen = |member: &Finding| times_seen(member).saturating_add(gone(member));
    Group {
        // Of what a finding names, the ledger may have let some go: its rule sees those that are left.
        count: members.iter().map(seen).fold(counted.count, u64::saturating_add),
        clients: sum(clients.len() as u64, |group| group.clients),
        captures: captures.len() as u64,
        first: times().chain(counted.first).min(),
        last: times().chain(counted.last).max(),
        let_go: sum(counted.conversations, |group| group.let_go),
    }
}

/// Severities below that of the speaker, with how many there are of each.
fn less_severe(members: &[Finding], counted: &Counted) -> Vec<(Severity, usize)> {
    let worst = members.first().map(|member| member.severity);
    let kept = |severity: Severity| members.iter().filter(|member| member.severity == severity).count();
    let gone = |severity: Severity| counted.severities.get(&severity).copied().unwrap_or_default();
    let lower = [Severity::Major, Severity::Minor, Severity::Info].into_iter().filter(|&s| Some(s) < worst);
    lower.map(|severity| (severity, kept(severity) + gone(severity))).filter(|&(_, number)| number > 0).collect()
}

/// "The same happened to 10.2.0.2, 10.2.0.3, 10.2.0.4 and 196 others: 200 times in all, from … to …."
fn the_others(
    group: &Group,
    others: &[Finding],
    counted: &Counted,
    less: &[(Severity, usize)],
    analysis: &Analysis,
) -> String {
    let mut seen = HashSet::new();
    let mut named: Vec<String> = others.iter().filter_map(|other| who(other, analysis)).collect();
    named.retain(|name| seen.insert(name.clone()));
    let unnamed = counted.clients.iter().filter(|client| !seen.contains(&client.to_string())).count();
    // Four names can be read in a sentence; of more, three and a number.
    let to = match named.as_slice() {
        [one] if unnamed == 0 => format!(" to {one}"),
        [first @ .., last] if !first.is_empty() && named.len() <= 4 && unnamed == 0 => {
            format!(" to {} and {last}", first.join(", "))
        }
        [one, two, three, rest @ ..] if rest.len() + unnamed > 0 => {
            format!(" to {one}, {two}, {three} and {} others", rest.len() + unnamed)
        }
        _ => String::new(),
    };
    let when = match (group.first, group.last) {
        (Some(first), Some(last)) if first < last => format!(", from {} to {}", clock(first), clock(last)),
        _ => String::new(),
    };
    let mut mended = String::new();
    for (severity, number) in less {
        let _ = write!(mended, " For {number} of them it was {} only.", severity.name());
    }
    let twice = if group.captures > 1 {
        format!(" It is in {} captures: what both of two show may have happened once.", group.captures)
    } else {
        String::new()
    };
    format!("The same happened{to}: {} times in all{when}.{twice}{mended}", group.count)
}

/// A time for people, to the second.
fn clock(time: Timestamp) -> String {
    super::words::clock(Timestamp::new(time.nanos(), 0))
}

/// Whom it hit, for people: the client's address, or the user where a log alone tells it.
fn who(finding: &Finding, analysis: &Analysis) -> Option<String> {
    let user = || finding.facts.text("user").map(str::to_owned);
    client(finding, analysis).map(|ip| ip.to_string()).or_else(user)
}

/// The client of its first conversation.
fn client(finding: &Finding, analysis: &Analysis) -> Option<IpAddr> {
    analysis.conversations.by_id(*finding.conversations.first()?).map(|c| c.client.ip)
}

/// Takes over what another one of the same cause names; as an example with its frames and a line of evidence.
fn add(speaker: &mut Finding, other: &Finding, is_example: bool, analysis: &Analysis) {
    speaker.conversations.extend_from_slice(&other.conversations);
    for &rule in &other.also {
        if !speaker.also.contains(&rule) {
            speaker.also.push(rule);
        }
    }
    let lines = |finding: &Finding| finding.evidence.iter().filter(|e| e.source == Source::Log).count();
    let room = LINES.saturating_sub(lines(speaker));
    let known = |line: &Evidence| speaker.evidence.iter().any(|e| e.line == line.line);
    let logged: Vec<Evidence> =
        other.evidence.iter().filter(|e| e.source == Source::Log && !known(e)).take(room).cloned().collect();
    speaker.evidence.extend(logged);
    if is_example {
        speaker.frames.extend_from_slice(&other.frames);
        let first = other.evidence.iter().find(|e| e.source != Source::Log).cloned();
        speaker.evidence.extend(first.map(|line| match client(other, analysis) {
            Some(client) => Evidence { text: format!("{client}: {}", line.text), ..line },
            None => line,
        }));
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Finding, Severity};
    use crate::testing::{all, text, the_one};
    use nrpcsniff_samples::Network;

    const ALIAS: &str = "chat.acme.example";
    const REAL: &str = "CN=Chat/O=Acme";

    /// Clients 10.2.0.1 to 10.2.0.`clients`, a second apart, each turned away once when it asks for that name.
    fn turned_away(net: &Network, clients: u8, asked: &str) {
        for client in 1..=clients {
            net.at(net.elapsed() + 1000);
            let (client, server) = (net.host(&format!("10.2.0.{client}")), net.host("10.1.0.9"));
            net.connect(&client, &server, 1352).session(asked, REAL).wait(3).client_fin();
        }
    }

    fn of_alias(net: &Network) -> Vec<Finding> {
        all(net).into_iter().filter(|f| f.rule.as_str() == "nrpc-name-mismatch-alias").collect()
    }

    #[test]
    fn many_clients_of_one_alias_are_one_finding() {
        let net = Network::new();
        turned_away(&net, 40, ALIAS);
        let found = of_alias(&net);
        let finding = the_one(&found);
        assert_eq!((finding.group.count, finding.group.clients), (40, 40));
        assert!(finding.title.ends_with("(40 clients)"), "{}", finding.title);
        assert!(finding.explanation.contains("to 10.2.0.2, 10.2.0.3, 10.2.0.4 and 36 others: 40 times in all"));
        assert_eq!(finding.conversations.len(), 40);
        assert_eq!(finding.examples(), [0, 1, 2, 3, 4, 5, 6, 7, 39]);
        assert!(text(finding).contains("10.2.0.40: session request asks"), "{}", text(finding));
        assert!(!text(finding).contains("10.2.0.20: "));
        let span = finding.group.last.unwrap().since(finding.group.first.unwrap());
        assert_eq!(span.as_nanos() / 1_000_000_000, 39);
    }

    #[test]
    fn another_name_is_another_cause() {
        let net = Network::new();
        turned_away(&net, 3, ALIAS);
        turned_away(&net, 2, "mail.acme.example");
        let clients: Vec<u64> = of_alias(&net).iter().map(|finding| finding.group.clients).collect();
        assert_eq!(clients, [3, 2]);
    }

    #[test]
    fn the_worst_speaks_and_the_others_are_counted() {
        let net = Network::new();
        turned_away(&net, 3, ALIAS);
        let (client, server) = (net.host("10.2.0.9"), net.host("10.1.0.9"));
        net.connect(&client, &server, 1352).session(ALIAS, REAL).wait(3).client_fin();
        net.at(net.elapsed() + 3000);
        net.connect(&client, &server, 1352).session(ALIAS, REAL).auth().transactions(2);
        let found = of_alias(&net);
        let worst = found.iter().find(|f| f.severity == Severity::Blocker).unwrap();
        assert_eq!(worst.group.clients, 4);
        assert!(worst.explanation.contains("For 1 of them it was major only."), "{}", worst.explanation);
        // That it was accepted once is no example of the fault: it is told for itself.
        assert!(found.iter().all(|f| f.severity == Severity::Blocker || f.severity == Severity::Info));
    }

    #[test]
    fn one_client_is_told_as_ever() {
        let net = Network::new();
        turned_away(&net, 1, ALIAS);
        let found = of_alias(&net);
        let finding = the_one(&found);
        assert_eq!((finding.group.count, finding.group.clients), (1, 1));
        assert!(!finding.title.contains('(') && !finding.explanation.contains("The same happened"));
    }
}
