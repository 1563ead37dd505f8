//! How Sametime sessions ended: questions that several rules ask, with the same answer for all.

use super::{SametimeLogin, SametimeLoginOutcome, SametimeMessage};
use crate::facts::Talk;
use crate::facts::grouping::group_by;
use crate::model::{Close, CloseBy};
use nrpcsniff_dissectors::sametime::Body;

/// The server ended the session, before or after it accepted a login: why.
pub(crate) fn ended(login: &SametimeLogin<'_>) -> Option<u32> {
    login.reason().filter(|(_, said)| said.message.from == crate::model::Side::Server).map(|(code, _)| code)
}

/// Logins of one user at one client with one server belong together, in order of the first.
pub(crate) fn by_user<'c, 'a: 'c>(
    logins: impl Iterator<Item = &'c SametimeLogin<'a>>,
) -> Vec<Vec<&'c SametimeLogin<'a>>> {
    group_by(logins, |login| (login.client(), login.server(), login.user(), login.reason().map(|(code, _)| code)))
}

/// The conversation as rules of the network see it.
pub(crate) const fn talk<'a>(login: &SametimeLogin<'a>) -> Talk<'a> {
    Talk { conversation: login.conversation, request: None, response: None }
}

/// The server (or something in its name) closed the connection.
pub(crate) fn closed_by_server(login: &SametimeLogin<'_>) -> bool {
    let teardown = &login.conversation.teardown;
    matches!(teardown.how, Close::Fin | Close::Rst) && matches!(teardown.by, CloseBy::Server | CloseBy::Middlebox)
}

/// The handshake was answered, but no login followed.
pub(crate) fn only_handshake(login: &SametimeLogin<'_>) -> bool {
    login.handshake.is_some() && login.attempts.is_empty() && login.outcome() != SametimeLoginOutcome::Accepted
}

/// Version of the protocol that a side named in its first message.
pub(crate) fn version(said: Option<SametimeMessage<'_>>) -> Option<String> {
    match &said?.content.body {
        Body::Handshake { version: (major, minor), .. } | Body::HandshakeAck { version: (major, minor), .. } => {
            Some(format!("{major}.{minor}"))
        }
        _ => None,
    }
}
