//! What a conversation came to, in a few words for a column: whom or what the client asked for, and what it was told.

use crate::model::{Conversation, Message};
use nrpcsniff_dissectors::Pick;

/// Asked for and answered; empty where neither was read.
pub(super) fn asked_and_answered(c: &Conversation) -> String {
    let Some(protocol) = c.protocol else { return String::new() };
    let said = |answers: bool| {
        let of_it = move |m: &&Message| m.body.protocol() == protocol && m.body.answers(m.from) == answers;
        c.messages.iter().filter(of_it)
    };
    let mut requests = said(false).filter_map(|m| m.body.asked());
    let asked = match protocol.listed {
        Pick::First => requests.next(),
        Pick::Last => requests.next_back(),
    };
    match (asked, said(true).rev().find_map(|m| m.body.answered())) {
        (None, None) => String::new(),
        (asked, answered) => format!("{} → {}", asked.as_deref().unwrap_or("?"), answered.as_deref().unwrap_or("?")),
    }
}
