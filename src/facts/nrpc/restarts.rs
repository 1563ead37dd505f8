//! Guard G8: a server that went down, refused for a while and came back. What happened to single conversations
//! meanwhile is no finding of its own.

use crate::facts::grouping::group_by;
use crate::facts::network::attempts::got_through;
use crate::facts::network::refusals::foreign_reset;
use crate::facts::{Case, Talk};
use crate::model::{Close, CloseBy, ConversationId, Endpoint, Setup, Stamp, Timestamp};
use hashbrown::HashSet;

/// One restart as the capture shows it.
pub(crate) struct Restart<'c, 'a> {
    /// The server.
    pub server: Endpoint,
    /// Sessions that it closed, in order of the close.
    pub closed: Vec<&'c Talk<'a>>,
    /// Attempts that it refused or did not answer before it came back.
    pub failed: Vec<&'c Talk<'a>>,
    /// The first session that it accepted again.
    pub back: Option<&'c Talk<'a>>,
}

impl Restart<'_, '_> {
    /// The first close.
    pub(crate) fn began(&self) -> Option<Stamp> {
        self.closed.first()?.conversation.teardown.at
    }
}

/// Every restart of the capture: several sessions closed by the server within a few seconds, then at least one attempt
/// that failed.
pub(crate) fn restarts<'c, 'a>(case: &'c Case<'a>) -> Vec<Restart<'c, 'a>> {
    let closed = group_by(case.talks().filter(|talk| closed_by_server(case, talk)), |talk| talk.conversation.server);
    closed.into_iter().flat_map(|closed| of_server(case, closed)).collect()
}

/// Conversations that a restart explains.
pub(crate) fn restarted<'c>(case: &'c Case<'_>) -> &'c HashSet<ConversationId> {
    case.restarted.get_or_init(|| {
        let all = restarts(case).into_iter().flat_map(|restart| restart.closed.into_iter().chain(restart.failed));
        all.map(|talk| talk.conversation.id).collect()
    })
}

/// Restarts of one server; `closed` is every session that it closed.
fn of_server<'c, 'a>(case: &'c Case<'a>, closed: Vec<&'c Talk<'a>>) -> Vec<Restart<'c, 'a>> {
    let Some(server) = closed.first().map(|talk| talk.conversation.server) else { return Vec::new() };
    let bursts = bursts(case, closed);
    if bursts.is_empty() {
        return Vec::new();
    }
    let talks: Vec<&Talk<'_>> = case.of_server(server).collect();
    let starts: Vec<Timestamp> = bursts.iter().filter_map(|burst| burst.first()).map(|talk| talk.ended()).collect();
    let mut found = Vec::new();
    for (n, closed) in bursts.into_iter().enumerate() {
        let (Some(first), until) = (closed.first(), starts.get(n + 1).copied()) else { continue };
        let (failed, back) = attempts_after(&talks, first.ended(), until);
        if !failed.is_empty() {
            found.push(Restart { server, closed, failed, back });
        }
    }
    found
}

/// Sessions that the server closed, put together where they ended within the restart window.
fn bursts<'c, 'a>(case: &Case<'a>, mut closed: Vec<&'c Talk<'a>>) -> Vec<Vec<&'c Talk<'a>>> {
    let thresholds = &case.settings.thresholds;
    let fewest = usize::try_from(thresholds.restart_streams).unwrap_or(usize::MAX);
    closed.sort_by_key(|talk| talk.ended());
    let mut bursts: Vec<Vec<&Talk<'_>>> = Vec::new();
    for talk in closed {
        match bursts.last_mut() {
            Some(burst)
                if burst
                    .first()
                    .is_some_and(|first| talk.ended().since(first.ended()) <= thresholds.restart_window) =>
            {
                burst.push(talk);
            }
            _ => bursts.push(vec![talk]),
        }
    }
    bursts.retain(|burst| burst.len() >= fewest);
    bursts
}

/// Not by something on the path, in its name.
fn closed_by_server(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let closed = c.teardown.by == CloseBy::Server && matches!(c.teardown.how, Close::Fin | Close::Rst);
    got_through(talk) && closed && foreign_reset(case, c).is_none()
}

/// The attempts after `start` (and before `until`) up to the first that got through.
fn attempts_after<'c, 'a>(
    talks: &[&'c Talk<'a>],
    start: Timestamp,
    until: Option<Timestamp>,
) -> (Vec<&'c Talk<'a>>, Option<&'c Talk<'a>>) {
    let from = talks.partition_point(|talk| talk.conversation.first.time < start);
    let mut failed = Vec::new();
    for &talk in talks.get(from..).unwrap_or_default() {
        if until.is_some_and(|until| talk.conversation.first.time >= until) {
            break;
        }
        if got_through(talk) {
            return (failed, Some(talk));
        }
        if matches!(talk.conversation.setup, Setup::Refused | Setup::NoAnswer) || turned_away(talk) {
            failed.push(talk);
        }
    }
    (failed, None)
}

/// Accepted and closed by the server without a word.
fn turned_away(talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    c.bytes.server == 0 && c.setup == Setup::Handshake && c.teardown.by == CloseBy::Server
}
