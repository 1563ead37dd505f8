//! Every attempt that the capture shows, with what came of it: one file a kind.
//!
//! An attempt is granted only if it was seen to be granted. What the capture lacks, what is sealed, disputed or of no known form
//! is [`Outcome::Unknown`], and neither a success nor a failure.

mod connect;
mod counts;
mod dns;
mod http;
mod ldap_bind;
mod nrpc_auth;
mod nrpc_open;
mod outcomes;
mod sametime_login;
mod sip;
mod tls;

pub(crate) use counts::AttemptCounter;
pub(crate) use outcomes::Outcomes;
pub(crate) use sip::NOT_RENEWED;

use crate::facts::Case;
use crate::model::{
    Attempt, AttemptKind, Close, CloseBy, Conversation, ConversationId, Dispute, FrameRef, Message, Outcome, PerSide,
    Setup, Span, Stamp, Unjudged, Weight,
};
use hashbrown::HashMap;
use std::net::IpAddr;

/// What one client was granted later, as far as it is looked at for what mends a failure.
const LOOK_AHEAD: usize = 256;

/// Finds the attempts of one kind.
type Finder = fn(&Case<'_>) -> Vec<Attempt>;

/// One a kind.
const KINDS: [Finder; 10] = [
    dns::all,
    connect::all,
    tls::all,
    nrpc_open::all,
    nrpc_auth::all,
    http::all,
    sip::registrations,
    sip::calls,
    sametime_login::all,
    ldap_bind::all,
];

/// Every attempt, in the order of the frames in which they begin. [`Case::attempts`] keeps them.
pub(in crate::facts) fn attempts(case: &Case<'_>) -> Vec<Attempt> {
    let mut all = Vec::new();
    // An attempt is large, and a capture may hold one for each of its frames: none is moved more than is needed.
    for mut found in KINDS.map(|find| find(case)) {
        if all.is_empty() {
            all = found;
        } else {
            all.append(&mut found);
        }
    }
    let order = |attempt: &Attempt| (attempt.at.frame, attempt.kind);
    if !all.is_sorted_by_key(order) {
        all.sort_by_cached_key(order);
    }
    for attempt in &mut all {
        doubt(case, attempt);
    }
    mend(case, &mut all);
    let scans = case.scans();
    for attempt in all.iter_mut().filter(|attempt| !scans.is_empty() && attempt.outcome.is_failure()) {
        if scans.has(attempt.client) {
            attempt.weight = Weight::NobodyMinds;
        }
    }
    all
}

/// An attempt in that conversation: who, of whom, and when. The outcome stays unknown until somebody says it, and which frames
/// show it.
fn begun(kind: AttemptKind, c: &Conversation, at: Stamp) -> Attempt {
    Attempt {
        kind,
        client: c.client.ip,
        user: None,
        server: c.server,
        server_name: None,
        asked: None,
        at,
        answered: None,
        conversations: vec![c.id],
        frames: Vec::new(),
        outcome: Outcome::Unknown(Unjudged::UnknownForm),
        mended: None,
        weight: Weight::Wanted,
    }
}

/// Frames of those messages and of what else shows it, each once and in ascending order.
fn frames<'m>(
    messages: impl IntoIterator<Item = &'m Message>,
    others: impl IntoIterator<Item = Stamp>,
) -> Vec<FrameRef> {
    let said = messages.into_iter().flat_map(|message| message.frames.iter().copied());
    in_order(said.chain(others.into_iter().map(|at| at.frame)).collect())
}

/// Frames that show it, each once and in ascending order.
fn stamped(stamps: impl IntoIterator<Item = Stamp>) -> Vec<FrameRef> {
    in_order(stamps.into_iter().map(|at| at.frame).collect())
}

fn in_order(mut frames: Vec<FrameRef>) -> Vec<FrameRef> {
    if !frames.is_sorted_by(|a, b| a < b) {
        frames.sort_unstable();
        frames.dedup();
    }
    frames
}

/// Why it cannot be told what happened in a conversation, if the capture of it is at fault. What was seen all the same is not
/// made undone by that.
pub(crate) fn unjudged(c: &Conversation) -> Option<Unjudged> {
    let missing = c.quality.gaps > 0
        || c.tcp.cut_frames > 0
        || c.tcp.acked_unseen != PerSide::default()
        || c.given_up.is_some()
        || (c.setup == Setup::Handshake && (c.packets.client == 0 || c.packets.server == 0));
    match c.setup {
        Setup::Midstream => Some(Unjudged::BegunBefore),
        _ if missing => Some(Unjudged::Missing),
        _ if !c.disputes.is_empty() => Some(Unjudged::Disputed),
        _ => None,
    }
}

/// Something that was said before `until`, or at that moment, is in the capture in two versions. What had been decided before anybody
/// disputed it stays decided.
fn disputed_before(c: &Conversation, until: Stamp) -> bool {
    let since =
        |dispute: &Dispute| dispute.read_in.map_or(dispute.other_in.frame, |read| read.min(dispute.other_in.frame));
    c.disputes.iter().any(|dispute| since(dispute) <= until.frame)
}

/// What rests on messages of which there are two versions is not known, and in frames that are out of order nothing failed for sure:
/// what looks like silence or an end may have come before.
fn doubt(case: &Case<'_>, attempt: &mut Attempt) {
    let unsure = match &attempt.outcome {
        Outcome::Unknown(Unjudged::BegunBefore | Unjudged::CaptureEnds | Unjudged::UnknownForm)
        | Outcome::Unanswered
        | Outcome::CutOff(_)
            if case.is_out_of_order() =>
        {
            Some(Unjudged::OutOfOrder)
        }
        Outcome::Unknown(Unjudged::Encrypted | Unjudged::Missing | Unjudged::BegunBefore) => None,
        _ => rests_on_disputed(case, attempt).then_some(Unjudged::Disputed),
    };
    if let Some(why) = unsure {
        attempt.outcome = Outcome::Unknown(why);
    }
}

/// One of its messages holds bytes of which there are two versions.
fn rests_on_disputed(case: &Case<'_>, attempt: &Attempt) -> bool {
    let of = |id: &ConversationId| case.analysis.conversations.by_id(*id);
    attempt.conversations.iter().filter_map(of).filter(|c| !c.disputes.is_empty()).any(|c| {
        let shows = |message: &&Message| message.frames.iter().any(|frame| attempt.frames.contains(frame));
        let is_disputed = |message: &Message| c.disputes.iter().any(|d| d.concerns(message, c.tls.is_some()));
        c.messages.iter().filter(shows).any(is_disputed)
    })
}

/// What came of something that nobody answered in its conversation since then. `is_due`: the server owed an answer.
fn unanswered(case: &Case<'_>, c: &Conversation, since: Stamp, is_due: bool) -> Outcome {
    let waited = case.watched_until(c).since(since.time);
    let overdue = is_due && waited >= case.settings.thresholds.reply_timeout;
    let closed = matches!(c.teardown.how, Close::Fin | Close::Rst);
    match c.teardown.by {
        CloseBy::Server | CloseBy::Middlebox if closed => Outcome::CutOff(c.teardown.by),
        _ if overdue => Outcome::Unanswered,
        by if closed => Outcome::CutOff(by),
        _ => Outcome::Unknown(Unjudged::CaptureEnds),
    }
}

/// Notes of each failure where the same client got what it wanted after all.
fn mend(case: &Case<'_>, all: &mut [Attempt]) {
    if !all.iter().any(|attempt| attempt.outcome.is_failure()) {
        return;
    }
    let mut granted: HashMap<(AttemptKind, IpAddr), Vec<usize>> = HashMap::new();
    for (index, attempt) in all.iter().enumerate().filter(|(_, attempt)| attempt.outcome.is_granted()) {
        granted.entry((attempt.kind, attempt.client)).or_default().push(index);
    }
    let mending = |(index, failed): (usize, &Attempt)| {
        let granted = granted.get(&(failed.kind, failed.client)).filter(|_| failed.outcome.is_failure())?;
        let later = granted.get(granted.partition_point(|&other| other <= index)..)?;
        let mut later = later.iter().take(LOOK_AHEAD).filter_map(|&other| all.get(other));
        later.find(|next| mends(case, failed, next)).map(|next| (index, next.at))
    };
    let mended: Vec<(usize, Stamp)> = all.iter().enumerate().filter_map(mending).collect();
    for (index, at) in mended {
        if let Some(attempt) = all.get_mut(index) {
            attempt.mended.get_or_insert(at);
        }
    }
}

/// A later attempt of the same kind and client, which was granted, is what the failed one had wanted.
fn mends(case: &Case<'_>, failed: &Attempt, next: &Attempt) -> bool {
    let thresholds = &case.settings.thresholds;
    let delay = next.at.since(failed.answered.unwrap_or(failed.at));
    let within = |window: Span| (Span::ZERO..=window).contains(&delay);
    match failed.kind {
        // What is registered or logged in once is so for good: however late, the user has it.
        AttemptKind::SipRegister | AttemptKind::SipCall | AttemptKind::SametimeLogin => is_same_wish(failed, next),
        AttemptKind::HttpLogin | AttemptKind::HttpToken => is_same_wish(failed, next) && within(thresholds.login_round),
        _ if is_same_wish(failed, next) => within(thresholds.retry_within),
        _ => failed.server.port == next.server.port && within(thresholds.failover_within),
    }
}

/// Of two attempts of one kind and one client: they wanted the same, whenever they did. A user, where it goes by users; else the
/// server or what was asked for.
pub(crate) fn is_same_wish(one: &Attempt, other: &Attempt) -> bool {
    let alike = |a: Option<&String>, b: Option<&String>| a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let same_name = alike(one.asked.as_ref(), other.asked.as_ref());
    match one.kind {
        AttemptKind::SipRegister | AttemptKind::SipCall | AttemptKind::HttpLogin | AttemptKind::HttpToken => same_name,
        AttemptKind::SametimeLogin => one.user.is_none() || alike(one.user.as_ref(), other.user.as_ref()),
        _ => one.server == other.server || same_name,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::facts::{Case, Settings};
    use crate::model::{AttemptKind, Weight};
    use crate::testing::analysis;
    use nrpcsniff_samples::Network;

    /// An attempt, as tests look at it.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct Told {
        /// End of the attempt, in words.
        pub outcome: String,
        /// The user, where one is named.
        pub user: Option<String>,
        /// Name of the server.
        pub server_name: Option<String>,
        /// The name that was asked for.
        pub asked: Option<String>,
        /// The client got it after all.
        pub mended: bool,
    }

    /// The attempts of one kind in what happens on a network.
    pub(crate) fn attempts(kind: AttemptKind, story: impl FnOnce(&Network)) -> Vec<Told> {
        let net = Network::new();
        story(&net);
        let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
        let case = Case::new(&analysis, &settings);
        assert!(case.attempts().is_sorted_by_key(|attempt| attempt.at.frame));
        let of_kind = case.attempts().iter().filter(|attempt| attempt.kind == kind);
        let told = of_kind.map(|attempt| {
            assert!(attempt.frames.is_sorted() && attempt.frames.contains(&attempt.at.frame), "{attempt:?}");
            let minds = if attempt.weight == Weight::NobodyMinds { ", nobody minds" } else { "" };
            Told {
                outcome: attempt.outcome.words() + minds,
                user: attempt.user.clone(),
                server_name: attempt.server_name.clone(),
                asked: attempt.asked.clone(),
                mended: attempt.mended.is_some(),
            }
        });
        told.collect()
    }
}
