//! Attempts of a Notes client to reach a server, out of its port trace.

use super::{LogEntry, same_server};
use crate::model::LogEvent;
use std::net::IpAddr;

/// Lines between which the parts of one attempt stand.
const NEAR: usize = 8;

/// A client asked for one server and reached another.
#[derive(Debug, Clone)]
pub(crate) struct ClientTrace<'a> {
    /// Every line of it, in order.
    pub entries: Vec<LogEntry<'a>>,
    /// The server that the client wants, where a line beside it says so.
    pub wanted: Option<&'a str>,
    /// The server that answered.
    pub answered: &'a str,
    /// Its address, as written.
    pub address: &'a str,
    /// Afterwards the client reached the server that it wants.
    pub recovered: Option<LogEntry<'a>>,
}

impl ClientTrace<'_> {
    /// The address, if it is one (and was not made unreadable).
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.address.trim().parse().ok()
    }
}

/// Finds them among the facts of one log.
pub(super) fn traces<'a>(entries: &[LogEntry<'a>]) -> Vec<ClientTrace<'a>> {
    (0..entries.len()).filter_map(|place| trace(entries, place)).collect()
}

/// The lines around one that says another server answered. Only the nearest ones are looked at, because a client trace
/// holds many attempts, one after the other.
fn trace<'a>(entries: &[LogEntry<'a>], place: usize) -> Option<ClientTrace<'a>> {
    let wrong = entries.get(place)?;
    let LogEvent::WrongServer { server: answered, address } = &wrong.fact.event else { return None };
    let before = entries.get(place.saturating_sub(NEAR)..place).unwrap_or_default();
    let after = entries.get(place.saturating_add(1)..).unwrap_or_default();
    let is_wrong = |entry: &&LogEntry<'a>| matches!(entry.fact.event, LogEvent::WrongServer { .. });
    let near = after.iter().take(NEAR).take_while(|entry| !is_wrong(entry));
    let asked = before.iter().rev().take_while(|entry| !is_wrong(entry)).find_map(|entry| match &entry.fact.event {
        LogEvent::UsingAddress { address: used, server } if used.eq_ignore_ascii_case(address) => {
            Some((*entry, server))
        }
        _ => None,
    });
    let gave_up = near.clone().find_map(|entry| match &entry.fact.event {
        LogEvent::UnableToConnect { server, .. } => Some((*entry, server)),
        _ => None,
    });
    // Names are taken out of texts that are shown to others.
    let wanted = asked.or(gave_up).map(|(_, server)| server.as_str()).filter(|server| !server.is_empty());
    let recovered = after.iter().take(NEAR * NEAR).find(|entry| match &entry.fact.event {
        LogEvent::Connected { server } => wanted.is_some_and(|wanted| same_server(wanted, server)),
        _ => false,
    });
    let entries = asked.map(|(entry, _)| entry).into_iter().chain([*wrong]);
    let entries = entries
        .chain(gave_up.filter(|(_, server)| wanted.unwrap_or_default() == server.as_str()).map(|(entry, _)| entry));
    Some(ClientTrace { entries: entries.collect(), wanted, answered, address, recovered: recovered.copied() })
}
