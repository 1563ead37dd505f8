//! Names of sign-on servers that are looked up: some suffix, some family of addresses leads to the server.

use super::{LOOK_AHEAD, begun, frames};
use crate::facts::nrpc::concerns_nrpc;
use crate::facts::peers::{label, notes_label};
use crate::facts::{Case, Lookup};
use crate::model::{
    Attempt, AttemptKind, Conversation, ConversationId, Outcome, Stamp, Timestamp, Transport, Unjudged,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::dns;
use std::net::IpAddr;

/// Types of questions for addresses: A and AAAA.
const ADDRESS_TYPES: [u16; 2] = [1, 28];

/// Every search for the address of a sign-on server: the questions of one client for one name, with all suffixes and families,
/// one soon after the other.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    let asks = |lookup: &&Lookup<'_>| {
        lookup
            .query
            .is_some_and(|(_, query)| ADDRESS_TYPES.contains(&query.qtype) && case.peers().has_name(&query.name))
    };
    let mut open: HashMap<(IpAddr, String), usize> = HashMap::new();
    let mut searches: Vec<Search<'_>> = Vec::new();
    let mut lookups: Vec<&Lookup<'_>> = case.lookups().filter(asks).collect();
    lookups.sort_by_key(|lookup| lookup.query.map(|(message, _)| (message.at.time, message.at.frame)));
    for lookup in lookups {
        let Some((message, query)) = lookup.query else { continue };
        let key = (lookup.client, label(&query.name));
        let known = open.get(&key).and_then(|&index| searches.get_mut(index));
        if let Some(search) = known.filter(|search| search.goes_on(case, message.at.time)) {
            search.lookups.push(lookup);
        } else {
            open.insert(key, searches.len());
            searches.push(Search { lookups: vec![lookup], asked: message.at, name: &query.name });
        }
    }
    if searches.is_empty() {
        return Vec::new();
    }
    let calls = Calls::new(case);
    searches.iter().filter_map(|search| search.attempt(case, &calls)).collect()
}

/// Questions that belong together.
struct Search<'a> {
    lookups: Vec<&'a Lookup<'a>>,
    asked: Stamp,
    name: &'a str,
}

impl Search<'_> {
    /// A question at that time is one more of it.
    fn goes_on(&self, case: &Case<'_>, at: Timestamp) -> bool {
        let last = self.lookups.last().and_then(|lookup| lookup.query).map_or(self.asked, |(message, _)| message.at);
        at.seconds_since(last.time) <= case.settings.thresholds.retry_within
    }

    fn attempt(&self, case: &Case<'_>, calls: &Calls) -> Option<Attempt> {
        let first = self.lookups.first()?;
        let (outcome, answered) = self.outcome(case, calls);
        let questions = self.lookups.iter().flat_map(|lookup| lookup.query.into_iter().chain(lookup.response));
        let said = questions.map(|(message, _)| message);
        let mut conversations: Vec<ConversationId> = self.lookups.iter().map(|lookup| lookup.conversation.id).collect();
        conversations.dedup();
        Some(Attempt {
            asked: Some(self.name.to_owned()),
            answered,
            conversations,
            frames: frames(said, []),
            outcome,
            ..begun(AttemptKind::Dns, first.conversation, self.asked)
        })
    }

    fn outcome(&self, case: &Case<'_>, calls: &Calls) -> (Outcome, Option<Stamp>) {
        let answers = || self.lookups.iter().filter_map(|lookup| lookup.response);
        let has_address =
            |answer: &dns::Message| answer.answers.iter().any(|a| matches!(a.data, dns::Data::Address(_)));
        if let Some((message, _)) = answers().find(|(_, answer)| has_address(answer)) {
            return (Outcome::Granted, Some(message.at));
        }
        let client = self.lookups.first().map(|lookup| lookup.client);
        if client.is_some_and(|client| calls.followed(case, client, self.name, self.asked.time)) {
            return (Outcome::Granted, None);
        }
        match answers().next_back() {
            _ if answers().any(|(_, answer)| answer.truncated || answer.incomplete) => {
                (Outcome::Unknown(Unjudged::Missing), None)
            }
            Some((message, answer)) => (Outcome::Refused(reason(answer)), Some(message.at)),
            None => (self.silence(case), None),
        }
    }

    fn silence(&self, case: &Case<'_>) -> Outcome {
        let waited = case.end().seconds_since(self.asked.time);
        if waited >= case.settings.thresholds.reply_timeout {
            Outcome::Unanswered
        } else {
            Outcome::Unknown(Unjudged::CaptureEnds)
        }
    }
}

/// Connections of each client to sign-on servers, and the addresses that DNS gave for each name.
struct Calls {
    by_client: HashMap<IpAddr, Vec<Call>>,
    addresses: HashMap<String, HashSet<IpAddr>>,
}

struct Call {
    began: Timestamp,
    server: IpAddr,
    /// What a Notes session asked for, in the form that DNS is asked for; nothing where that was not seen.
    wanted: Option<String>,
    is_notes: bool,
}

impl Calls {
    fn new(case: &Case<'_>) -> Self {
        let mut by_client: HashMap<IpAddr, Vec<Call>> = HashMap::new();
        let mut addresses: HashMap<String, HashSet<IpAddr>> = HashMap::new();
        for lookup in case.lookups() {
            if let Some((_, answer)) = lookup.response.filter(|(_, answer)| case.peers().has_name(&answer.name)) {
                addresses.entry(label(&answer.name)).or_default().extend(lookup.addresses());
            }
        }
        let tcp = |c: &&Conversation| c.transport == Transport::Tcp && case.peers().has(c.server, None);
        for c in case.analysis.conversations.iter().filter(tcp).filter(|c| !concerns_nrpc(c)) {
            let call = Call { began: c.first.time, server: c.server.ip, wanted: None, is_notes: false };
            by_client.entry(c.client.ip).or_default().push(call);
        }
        for talk in case.talks() {
            let c = talk.conversation;
            let wanted = talk.wanted().map(notes_label);
            let call = Call { began: c.first.time, server: c.server.ip, wanted, is_notes: true };
            by_client.entry(c.client.ip).or_default().push(call);
        }
        by_client.values_mut().for_each(|calls| calls.sort_by_key(|call| call.began));
        Self { by_client, addresses }
    }

    /// The client called the server all the same, soon after: it knew an address, or had another name for it.
    fn followed(&self, case: &Case<'_>, client: IpAddr, name: &str, asked: Timestamp) -> bool {
        let name = label(name);
        // A machine that asks over one family and calls over the other has two addresses here.
        let callers =
            self.by_client.iter().filter(|(other, _)| **other == client || other.is_ipv4() != client.is_ipv4());
        let known = |server| self.addresses.get(&name).is_some_and(|all| all.contains(&server));
        let within = case.settings.thresholds.retry_within;
        callers.flat_map(|(_, calls)| soon_after(calls, asked, within)).any(|call| {
            known(call.server) || (call.is_notes && call.wanted.as_ref().is_none_or(|wanted| *wanted == name))
        })
    }
}

/// The next calls of one client, in order, that began within so many seconds.
fn soon_after(calls: &[Call], asked: Timestamp, within: f64) -> impl Iterator<Item = &Call> {
    let from = calls.partition_point(|call| call.began < asked);
    let next = calls.get(from..).unwrap_or_default().iter().take(LOOK_AHEAD);
    next.take_while(move |call| call.began.seconds_since(asked) <= within)
}

/// What a negative answer says.
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

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, Rcode, Record};

    const MAIL: &str = "CN=Mail01/O=Example";

    /// What is asked for, with a session with that server a while later, which says that it is one.
    fn told(story: impl Fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::Dns, |net| {
            story(net);
            net.at(90_000);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).works(MAIL, 1);
        })
    }

    fn asks(net: &Network, name: &str, rcode: Rcode) {
        net.resolve_fails(&net.host("10.1.0.51"), &net.host("10.1.0.2"), name, A, rcode);
    }

    #[test]
    fn what_becomes_of_a_search() {
        let refused = told(|net| asks(net, "mail01.example.net", Rcode::NxDomain));
        assert_eq!(refused[0].outcome, "refused (NXDOMAIN)");
        let silent = told(|net| {
            let (client, resolver) = (net.host("10.1.0.51"), net.host("10.1.0.2"));
            net.resolve_unanswered(&client, &resolver, "mail01.example.net", A, &[1]);
        });
        assert_eq!(silent.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), ["unanswered"]);
        let found = told(|net| {
            asks(net, "mail01.branch.example.net", Rcode::NxDomain);
            let records = [Record::address("mail01.example.net", "10.1.0.9")];
            net.resolve(&net.host("10.1.0.51"), &net.host("10.1.0.2"), "mail01.example.net", A, &records);
        });
        assert_eq!(found.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), ["granted"], "one search");
        let called = told(|net| {
            asks(net, "mail01.example.net", Rcode::NxDomain);
            net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.9"), 1352).works(MAIL, 1);
        });
        assert_eq!(called[0].outcome, "granted");
    }

    #[test]
    fn names_of_others_are_nobodys_sign_on() {
        assert_eq!(told(|net| asks(net, "www.example.com", Rcode::NxDomain)), []);
    }
}
