//! What is shown of TLS handshakes that came to nothing.

use crate::diagnose::words::tls::Handshakes;
use crate::diagnose::words::{Clients, closer, path, side};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::tls::TlsHandshake;
use crate::model::{Message, Severity};

/// Conversations of one finding whose frames are shown; the rest is counted.
const SHOWN: usize = 4;

/// A finding about failed handshakes with one host: begun, with its conversations and frames. It is less severe if the same
/// clients got through soon after.
pub(crate) fn failed(case: &Case<'_>, about: &'static About, base: i32, group: &[&TlsHandshake<'_>]) -> Draft {
    let recovered = |one: &&TlsHandshake<'_>| case.tls().worked_after(case, one).is_some();
    let all_recovered = group.iter().all(recovered);
    let draft = Draft::new(about, base)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .guard(all_recovered)
        .severity(if all_recovered { Severity::Minor } else { about.severity });
    let draft = group.iter().fold(draft, |draft, one| draft.conversation(one.conversation));
    let draft = group.iter().take(SHOWN).fold(draft, |draft, one| show(draft, one));
    let Some((more, last)) = group.get(SHOWN..).and_then(|rest| Some((rest.len(), rest.last()?))) else {
        return draft;
    };
    draft.packet(last.hello.at(), format!("and {more} more like these, the last one beginning here"))
}

/// The frames of one handshake, in order.
fn show(draft: Draft, handshake: &TlsHandshake<'_>) -> Draft {
    let said = |message: &Message| message.body.summary();
    let draft = draft.packet(handshake.hello.at(), said(handshake.hello.message));
    let answers = [handshake.answer.map(|said| said.message), handshake.chain.map(|said| said.message)];
    let rest = [handshake.request, handshake.client_chain.map(|said| said.message)];
    let draft = answers.into_iter().chain(rest).flatten().fold(draft, |d, message| d.packet(message.at, said(message)));
    let draft = match handshake.conversation.teardown.at {
        Some(at) if handshake.refused_unseen() => {
            draft.packet(at, "before this the client sent too little for a Finished: probably an alert, encrypted")
        }
        _ => draft,
    };
    let draft = if handshake.left_before_a_word() {
        draft.note(format!("{}: the handshake is complete, and nothing was said inside", path(handshake.conversation)))
    } else {
        draft
    };
    match (handshake.alert.map(|(message, _)| message), handshake.conversation.teardown.at) {
        (Some(alert), _) => draft.packet(alert.at, format!("{}: {}", side(alert.from), said(alert))),
        (None, Some(at)) => draft.packet(at, closer(&handshake.talk())),
        (None, None) => draft.absence("no answer"),
    }
}

/// Who called whom, and how often.
pub(crate) fn handshakes(group: &[&TlsHandshake<'_>]) -> Option<Handshakes> {
    let first = group.first()?;
    Some(Handshakes {
        server: first.server(),
        host: first.host().map(str::to_owned),
        clients: Clients::of(group.iter().map(|one| one.client())),
        count: group.len(),
    })
}
