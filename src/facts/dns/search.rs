//! Searches for the address of a sign-on server: some suffix, some family of addresses leads to it.

use super::calls::{Calls, Followed};
use super::{AAAA, Lookup, label};
use crate::facts::Case;
use crate::model::{Message, Outcome, Span, Stamp, Timestamp, Unjudged};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The questions of one client for one name, with all suffixes and families, one soon after the other.
#[derive(Debug)]
pub(crate) struct Search<'c> {
    /// Who asked.
    pub client: IpAddr,
    /// The name that was asked for first.
    pub name: &'c str,
    /// The first question.
    pub asked: Stamp,
    /// The last question.
    pub last: Stamp,
    /// The questions, in order of time; never none.
    pub lookups: Vec<&'c Lookup<'c>>,
    /// What came of it: granted if an address was found, or if the server was called all the same.
    pub outcome: Outcome,
    /// The answer that settled it.
    pub answered: Option<Stamp>,
    /// It failed unless one of these, who called the server all the same and asked DNS for nothing so far, is the same machine.
    pub unless: BTreeSet<IpAddr>,
}

impl Search<'_> {
    /// The name without the suffixes that are tried.
    pub(crate) fn label(&self) -> String {
        label(self.name)
    }

    /// When it was asked.
    pub(crate) fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.lookups.iter().filter_map(|lookup| lookup.asked()).map(|(message, _)| message.at.time)
    }

    /// Every message of it.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.lookups
            .iter()
            .flat_map(|lookup| lookup.query.into_iter().chain(lookup.response))
            .map(|(message, _)| message)
    }
}

/// Every search for a sign-on server, in order of the first question of each. What a resolver asks in the name of its clients is
/// judged where they ask.
pub(crate) fn searches<'c>(case: &'c Case<'_>) -> Vec<Search<'c>> {
    judged(case, questions(case, |lookup, name| is_of_sign_on(case, lookup.client, name)))
}

/// Every search for an address that a person may have caused, whoever is looked for.
pub(crate) fn searches_for_anybody<'c>(case: &'c Case<'_>) -> Vec<Search<'c>> {
    judged(case, questions(case, |_, name| !is_background(name)))
}

fn judged<'c>(case: &'c Case<'_>, mut searches: Vec<Search<'c>>) -> Vec<Search<'c>> {
    if searches.is_empty() {
        return searches;
    }
    let calls = Calls::new(case);
    for search in &mut searches {
        settle(case, &calls, search);
    }
    searches
}

/// Who found a name in the end.
pub(crate) struct Found(HashMap<(IpAddr, String), Timestamp>);

impl Found {
    /// Out of all searches.
    pub(crate) fn new(searches: &[Search<'_>]) -> Self {
        let mut last: HashMap<(IpAddr, String), Timestamp> = HashMap::new();
        for search in searches.iter().filter(|search| search.outcome.is_granted()) {
            let asked = last.entry((search.client, search.label())).or_default();
            *asked = search.asked.time.max(*asked);
        }
        Self(last)
    }

    /// The client of a search that failed found the name in one that began later.
    pub(crate) fn later(&self, failed: &Search<'_>) -> bool {
        self.0.get(&(failed.client, failed.label())).is_some_and(|asked| *asked > failed.last.time)
    }
}

/// Names of hosts that lead to no sign-on, each once, whoever asks, with whether anybody who asked found it, or it cannot be told.
pub(crate) fn names_of_others(case: &Case<'_>) -> HashMap<String, bool> {
    let mut found: HashMap<String, bool> = HashMap::new();
    for lookup in case.lookups().filter(|lookup| lookup.is_for_address()) {
        let Some((_, body)) = lookup.asked() else { continue };
        if !is_background(&body.name) && !is_of_sign_on(case, lookup.client, &body.name) {
            let unknown = lookup.response.is_none() || lookup.is_cut();
            *found.entry(label(&body.name)).or_default() |= unknown || lookup.addresses().next().is_some();
        }
    }
    found
}

/// Machines ask for such names by themselves.
fn is_background(name: &str) -> bool {
    let is_any =
        |part: Option<&str>, of: &[&str]| part.is_some_and(|part| of.iter().any(|one| one.eq_ignore_ascii_case(part)));
    name.starts_with('_')
        || is_any(name.rsplit('.').next(), &["arpa", "local"])
        || is_any(name.split('.').next(), &["wpad", "isatap", "localhost"])
}

/// The questions that belong together, of those that are wanted. What came of them is not known yet.
fn questions<'c>(case: &'c Case<'_>, is_wanted: impl Fn(&Lookup<'_>, &str) -> bool) -> Vec<Search<'c>> {
    let mut lookups: Vec<(Stamp, &str, &Lookup<'_>)> = case
        .lookups()
        .filter(|lookup| lookup.is_for_address())
        .filter_map(|lookup| lookup.asked().map(|(message, body)| (message.at, body.name.as_str(), lookup)))
        .filter(|(_, name, lookup)| is_wanted(lookup, name))
        .collect();
    lookups.sort_by_key(|(at, ..)| (at.time, at.frame));
    let askers: HashSet<IpAddr> = lookups.iter().map(|(.., lookup)| lookup.client).collect();
    let of_askers = lookups.iter().filter(|(.., lookup)| askers.contains(&lookup.conversation.server.ip));
    let resolvers: HashSet<(IpAddr, String)> =
        of_askers.map(|(_, name, lookup)| (lookup.conversation.server.ip, label(name))).collect();
    let mut open: HashMap<(IpAddr, String), usize> = HashMap::new();
    let mut searches: Vec<Search<'c>> = Vec::new();
    for (at, name, lookup) in lookups {
        let key = (lookup.client, label(name));
        // A resolver asks the next one what it was asked itself: the question is told once, as its client asked it.
        if resolvers.contains(&key) {
            continue;
        }
        let known = open.get(&key).and_then(|&index| searches.get_mut(index));
        let within = case.settings.thresholds.retry_within;
        if let Some(search) = known.filter(|search| at.since(search.last) <= within) {
            search.lookups.push(lookup);
            search.last = at;
            continue;
        }
        open.insert(key, searches.len());
        let (outcome, answered) = (Outcome::Unknown(Unjudged::CaptureEnds), None);
        let (client, lookups) = (lookup.client, vec![lookup]);
        let unless = BTreeSet::new();
        searches.push(Search { client, name, asked: at, last: at, lookups, outcome, answered, unless });
    }
    searches
}

/// The name leads to a sign-on. A Notes client asks for a server's common name with its own suffixes, whatever they are; of
/// anybody else a name in a foreign domain need not mean that server.
fn is_of_sign_on(case: &Case<'_>, client: IpAddr, name: &str) -> bool {
    let is_notes_client = || case.of_client(client).next().is_some();
    case.peers().has_name(name) || (case.peers().notes_server(name).is_some() && is_notes_client())
}

/// Says what came of a search.
fn settle(case: &Case<'_>, calls: &Calls, search: &mut Search<'_>) {
    let found = search.lookups.iter().find(|lookup| lookup.addresses().next().is_some());
    if let Some((message, _)) = found.and_then(|lookup| lookup.response) {
        (search.outcome, search.answered) = (Outcome::Granted, Some(message.at));
        return;
    }
    let answers = outcome_of_answers(case, search);
    (search.outcome, search.answered) = match calls.followed(search, case.settings.thresholds.retry_within) {
        Followed::No => answers,
        Followed::Yes => (Outcome::Granted, None),
        Followed::ByWhoAsksNothing(callers) => {
            if answers.0.is_failure() {
                search.unless = callers;
            }
            (Outcome::Granted, None)
        }
    };
}

/// What came of a search that brought no address and that nobody's call followed.
fn outcome_of_answers(case: &Case<'_>, search: &Search<'_>) -> (Outcome, Option<Stamp>) {
    if search.lookups.iter().any(|lookup| lookup.is_cut()) || has_no_ipv6_only(search) {
        return (Outcome::Unknown(Unjudged::Missing), None);
    }
    let answers = search.lookups.iter().filter_map(|lookup| Some((lookup.response?.0.at, lookup.failure()?)));
    match answers.max_by_key(|(at, _)| at.frame) {
        Some((at, failure)) => (Outcome::Refused(failure), Some(at)),
        None if watched(case, search) >= case.settings.thresholds.reply_timeout => (Outcome::Unanswered, None),
        None => (Outcome::Unknown(Unjudged::CaptureEnds), None),
    }
}

/// The name exists and has no address of IPv6; for IPv4 nobody asked here.
fn has_no_ipv6_only(search: &Search<'_>) -> bool {
    let is_for_ipv6 = |lookup: &Lookup<'_>| lookup.asked().is_some_and(|(_, body)| body.qtype == AAAA);
    let exists = |lookup: &Lookup<'_>| lookup.response.is_some_and(|(_, answer)| answer.rcode == Some(0));
    search.lookups.iter().all(|lookup| is_for_ipv6(lookup) && exists(lookup))
}

/// How long the input of a search goes on after its first question, in seconds; what another input holds may be of another day.
fn watched(case: &Case<'_>, search: &Search<'_>) -> Span {
    let asked = search.asked;
    let input = usize::try_from(asked.frame.input).ok().and_then(|index| case.analysis.inputs.get(index));
    input.and_then(|input| input.last).unwrap_or(asked.time).since(asked.time)
}
