//! What became of a session's opening: questions that several rules about NRPC ask, with the same answer for all.

use crate::facts::names::NameLikeness;
use crate::facts::{Case, Talk};
use crate::model::{Close, CloseBy, Endpoint, Side, Stamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::{Message as Body, nrpc};

/// A client's earlier attempts that are looked at for a row of them.
const LOOK_BACK: usize = 64;

/// Different names kept for one address.
const NAMES: usize = 16;

/// Two names that should be one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameMismatch<'a> {
    /// Name that the client asked for.
    pub wanted: &'a str,
    /// Name that the server gave as its own.
    pub answered: &'a str,
    /// Likeness of the two names; never [`NameLikeness::Same`].
    pub likeness: NameLikeness,
}

/// The names, where both were read and they differ. A client that sends no wanted name (Notes R5, probes) has none; a
/// name in the sender's own place of the request may be the caller's, and is not compared.
pub(crate) fn mismatch<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    let (wanted, answered) = (talk.wanted()?, talk.answered()?);
    let inferred = talk.request.is_some_and(|request| request.content.wanted_server_inferred);
    let likeness = case.likeness(wanted, answered);
    let readable = !inferred && !wanted.trim().is_empty() && !answered.trim().is_empty();
    (readable && likeness != NameLikeness::Same).then_some(NameMismatch { wanted, answered, likeness })
}

/// The names differ and the session ended there: the client said nothing more, somebody closed at once, and nothing
/// shows that the client was only sent on to another port of the machine.
pub(crate) fn refused<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    // Names are compared last, because most sessions go on and taking two names apart is dear.
    let differ = if closed_after_opening(case, talk) { mismatch(case, talk) } else { None };
    differ.filter(|_| redirected(case, talk).is_none())
}

/// The names differ and the client went on all the same: nobody minds. Not so if the next thing was a close.
pub(crate) fn accepted<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    let progress = talk.progress();
    let cut_short = progress.server < 2 && closed_at_once(case, talk);
    if progress.client >= 2 && !cut_short { mismatch(case, talk) } else { None }
}

/// The opening ended at once: the client said nothing after its request, and somebody closed within the time that
/// the user allows.
pub(crate) fn closed_after_opening(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    !talk.went_on() && closed_at_once(case, talk)
}

/// Somebody closed soon after the last message.
pub(crate) fn closed_at_once(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    matches!(talk.conversation.teardown.how, Close::Fin | Close::Rst)
        && talk.close_delay().is_some_and(|delay| delay <= case.settings.thresholds.close_after_reply)
}

/// The client closed of its own accord, as far as one can see: it was answered, by no wrong name, and did not try again.
pub(crate) fn was_content(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let by_client = talk.conversation.teardown.by == CloseBy::Client;
    let answered = talk.request.is_some() && talk.answered().is_some() && mismatch(case, talk).is_none();
    let again = case.retry_of(talk).is_some_and(|next| next.request.is_some() && next.wanted() == talk.wanted());
    by_client && answered && !again && !last_of_several(case, talk)
}

/// The last of a row of attempts has no retry, and is no better for it.
fn last_of_several(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let began = talk.conversation.first.time;
    let window = case.settings.thresholds.retry_within;
    case.before(talk).take(LOOK_BACK).any(|earlier| {
        earlier.conversation.server == talk.conversation.server
            && earlier.request.is_some()
            && earlier.wanted() == talk.wanted()
            && closed_after_opening(case, earlier)
            && began.since(earlier.ended()) <= window
    })
}

/// The client's next session with the same machine on another port, where the right server answered: a port-mapping
/// partition sent it on, and nothing failed.
pub(crate) fn redirected<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>) -> Option<&'c Talk<'a>> {
    let server = talk.conversation.server;
    if !case.has_several_ports(server.ip) {
        return None;
    }
    case.soon_after(talk, case.settings.thresholds.retry_within).find(|next| {
        let other = next.conversation.server;
        other.ip == server.ip && other.port != server.port && serves(case, next, talk.wanted())
    })
}

/// Guard G7: the client's next session for the same name that worked, at whatever address.
pub(crate) fn recovered<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>) -> Option<&'c Talk<'a>> {
    talk.wanted()?;
    case.soon_after(talk, case.settings.thresholds.retry_within)
        .find(|next| next.went_on() && next.wanted().zip(talk.wanted()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)))
}

/// True if the session went on, and it was for that name or with a server of that name.
fn serves(case: &Case<'_>, talk: &Talk<'_>, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted.filter(|_| talk.went_on()) else { return false };
    talk.wanted().is_some_and(|again| again.eq_ignore_ascii_case(wanted))
        || talk.answered().is_some_and(|name| case.likeness(wanted, name) == NameLikeness::Same)
}

/// The client's next session with the same server, or for the same name, that worked.
pub(crate) fn worked_later<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>) -> Option<&'c Talk<'a>> {
    case.soon_after(talk, case.settings.thresholds.retry_within).find(|next| {
        next.went_on()
            && (next.conversation.server == talk.conversation.server
                || next.wanted().zip(talk.wanted()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)))
    })
}

/// The names under which each address answered.
#[derive(Debug, Default)]
pub(crate) struct AnsweredNames<'a> {
    by_server: HashMap<Endpoint, Vec<&'a str>>,
}

impl<'a> AnsweredNames<'a> {
    /// Reads them out of the case.
    pub(crate) fn new(case: &Case<'a>) -> Self {
        let mut by_server: HashMap<Endpoint, Vec<&'a str>> = HashMap::new();
        for talk in case.nrpc() {
            let Some(name) = talk.answered() else { continue };
            let names = by_server.entry(talk.conversation.server).or_default();
            if names.len() < NAMES && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        Self { by_server }
    }

    /// The names of that address, in order of appearance (at most 16).
    pub(crate) fn of(&self, server: Endpoint) -> &[&'a str] {
        self.by_server.get(&server).map_or(&[], Vec::as_slice)
    }

    /// Every address with its names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Endpoint, &[&'a str])> {
        self.by_server.iter().map(|(server, names)| (*server, names.as_slice()))
    }
}

/// A status other than success that a server message carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusRefusal {
    /// Number of the message in its conversation.
    pub n: u32,
    /// Its frame.
    pub at: Stamp,
    /// The code without the bits that say where the error was met.
    pub code: u16,
}

impl StatusRefusal {
    /// The code with its official name, where it has one: `0x09DE (ERR_SERVER_BUSY)`.
    pub(crate) fn shown(&self) -> String {
        shown(self.code)
    }
}

/// A status code with its official name, where it has one.
pub(crate) fn shown(code: u16) -> String {
    match nrpc::Status(code).name() {
        Some(name) => format!("0x{code:04X} ({name})"),
        None => format!("0x{code:04X}"),
    }
}

/// The last status that the server gave, if it is one of those that `wanted` accepts and the session came to its end
/// with it: hardly anything was said before, and at most a farewell after.
pub(crate) fn last_refusal(case: &Case<'_>, talk: &Talk<'_>, wanted: impl Fn(u16) -> bool) -> Option<StatusRefusal> {
    let progress = talk.progress();
    if progress.client.saturating_add(progress.server) > u64::from(case.settings.thresholds.opening_messages) {
        return None;
    }
    let messages = &talk.conversation.messages;
    let last = messages.iter().rfind(|m| m.from == Side::Server)?;
    let Body::Nrpc(message) = &last.body else { return None };
    let code = status(message).filter(|&code| code != 0 && wanted(code))?;
    let farewells = messages.iter().filter(|m| m.n > last.n).count();
    (farewells <= 1).then_some(StatusRefusal { n: last.n, at: last.at, code })
}

/// The status of a reply without its two top bits: "the remote system met it" and "was shown already".
fn status(message: &nrpc::Message) -> Option<u16> {
    match &message.body {
        nrpc::Body::Transaction(transaction) => transaction.status().map(nrpc::Status::code),
        _ => None,
    }
}
