//! Questions for names, with their answers.

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

impl Lookup<'_> {
    /// Addresses that the answer gave.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.response.into_iter().flat_map(|(_, answer)| &answer.answers).filter_map(|a| match a.data {
            dns::Data::Address(address) => Some(address),
            _ => None,
        })
    }
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
