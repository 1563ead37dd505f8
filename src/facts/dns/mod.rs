//! Questions for names, with their answers, and what became of whoever asked.

mod calls;
pub(crate) mod search;

use crate::model::{Conversation, Message};
use nrpcsniff_dissectors::{Message as Body, dns};
use std::net::IpAddr;

/// A DNS question with its answer, if one came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    /// Conversation that carried it.
    pub conversation: &'a Conversation,
    /// The client that asked.
    pub client: IpAddr,
    /// The question, where it was seen.
    pub query: Option<(&'a Message, &'a dns::Message)>,
    /// The answer, where it was seen.
    pub response: Option<(&'a Message, &'a dns::Message)>,
}

/// Types of questions for addresses (RFC 1035 3.2.2, RFC 3596 2.1).
const A: u16 = 1;
const AAAA: u16 = 28;

impl<'a> Lookup<'a> {
    /// The question, or the answer that repeats it where the question was not seen.
    pub(crate) fn asked(&self) -> Option<(&'a Message, &'a dns::Message)> {
        self.query.or(self.response)
    }

    /// It asks for an address, of somebody who owes an answer: of a whole network (RFC 4795, RFC 6762) only whoever has the name
    /// answers.
    pub(crate) fn is_for_address(&self) -> bool {
        let owed = !self.conversation.server.ip.is_multicast() || self.response.is_some();
        owed && self.asked().is_some_and(|(_, body)| [A, AAAA].contains(&body.qtype))
    }

    /// What came of it, where the answer has no address: in words, or `None` if nobody answered.
    pub(crate) fn failure(&self) -> Option<String> {
        let (_, answer) = self.response?;
        Some(match answer.rcode {
            Some(0) => "no address record".to_owned(),
            Some(2) => "SERVFAIL".to_owned(),
            Some(3) => "NXDOMAIN".to_owned(),
            Some(5) => "REFUSED".to_owned(),
            Some(code) => format!("response code {code}"),
            None => "an answer without response code".to_owned(),
        })
    }

    /// The answer may hold an address that is not seen here.
    pub(crate) fn is_cut(&self) -> bool {
        self.response.is_some_and(|(_, answer)| answer.truncated || answer.incomplete)
    }
    /// Addresses that the answer gave.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.response.into_iter().flat_map(|(_, answer)| &answer.answers).filter_map(|a| match a.data {
            dns::Data::Address(address) => Some(address),
            _ => None,
        })
    }
}

/// First label of a host name, in lower case: what all suffixes of a search have in common.
pub(crate) fn label(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_lowercase()
}

/// Pairs questions and answers of one conversation by transaction id and name.
pub(crate) fn lookups(conversation: &Conversation) -> Vec<Lookup<'_>> {
    let client = conversation.client.ip;
    let mut found: Vec<Lookup<'_>> = Vec::new();
    for message in &conversation.messages {
        let Body::Dns(body) = &message.body else { continue };
        if !body.response {
            found.push(Lookup { conversation, client, query: Some((message, body)), response: None });
        } else if let Some(open) = found.iter_mut().rev().take(64).find(|lookup| {
            lookup.response.is_none() && lookup.query.is_some_and(|(_, q)| q.id == body.id && q.name == body.name)
        }) {
            open.response = Some((message, body));
        } else {
            found.push(Lookup { conversation, client, query: None, response: Some((message, body)) });
        }
    }
    found
}
