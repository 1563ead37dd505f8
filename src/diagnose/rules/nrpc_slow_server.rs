//! The server takes long to answer, and the network has no part in it.

use super::super::network::{clients, count, each, group_by, seconds};
use super::super::words::span;
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Confidence, Severity, Turn};

/// See [`ABOUT`].
pub struct SlowServer;

static ABOUT: About = About {
    id: "nrpc-slow-server",
    title: "The server takes long to answer",
    severity: Severity::Major,
    layer: Layer::Performance,
    sees: "From the end of a request to the first byte of its reply more than a second passes, of which the round trip \
           is a small part; nothing was repeated meanwhile and no window was closed.",
    matters: "The network delivers, the server thinks: view indexing, a full-text search, an agent, a slow disk, too few \
              threads. Users see the lightning bolt.",
    guards: &[
        "A segment was repeated, or a window was closed, in that time: the wait is not the server's.",
        "The round trip makes up more than a fifth of the wait.",
        "One or two slow replies: minor, and medium confidence at most (a lost packet that the capture could not see may \
         be the cause).",
        "The capture misses segments of the conversation.",
    ],
    remedy: &[
        "Server: semaphore timeouts and long-held locks in the console log, `show stat Platform`, `show tasks`.",
        "Which database? Notes client clock (notes.ini Client_Clock=1, Debug_Outfile) names the slow calls.",
    ],
    references: &["Domino server statistics Server.Trans, Sem.Timeouts"],
    explains: &[],
};

impl Rule for SlowServer {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let sound = case.nrpc().filter(|talk| talk.conversation.quality.gaps == 0);
        let slow = sound.flat_map(|talk| {
            let turns = talk.conversation.turns.slowest.iter();
            turns.filter(move |turn| is_slow(case, talk, turn)).map(move |turn| (talk, turn))
        });
        group_by(slow, |(talk, _)| talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Did the server alone make the client wait?
fn is_slow(case: &Case<'_>, talk: &Talk<'_>, turn: &Turn) -> bool {
    let (c, thresholds) = (talk.conversation, &case.settings.thresholds);
    let waited = seconds(turn.length());
    let thinking = waited - c.quality.rtt.map_or(0.0, seconds);
    let during = |from: crate::model::Stamp, to: crate::model::Stamp| {
        from.time <= turn.reply.time && to.time >= turn.request.time
    };
    let repeated = c.tcp.stalls.iter().any(|stall| during(stall.first, stall.repeated));
    let closed = c.tcp.zero_windows.iter().any(|zero| during(zero.start, zero.end));
    waited > thresholds.slow_reply && thinking >= thresholds.dominant_share * waited && !repeated && !closed
}

fn finding(case: &Case<'_>, group: &[(&Talk<'_>, &Turn)]) -> Option<Draft> {
    let &(talk, _) = group.first()?;
    let (_, slowest) = *group.iter().max_by_key(|(_, turn)| turn.length())?;
    let talks: Vec<&Talk<'_>> = group.iter().map(|(talk, _)| *talk).collect();
    let server = talk.conversation.server;
    let many = group.len() >= usize::try_from(case.settings.thresholds.slow_replies).unwrap_or(usize::MAX);
    let total: f64 = group.iter().map(|(_, turn)| seconds(turn.length())).sum();
    let lossy = talks.iter().any(|talk| talk.conversation.quality.retransmissions > 0);
    let draft = Draft::new(&ABOUT, 75)
        .severity(if many { Severity::Major } else { Severity::Minor })
        .at_most(if many { Confidence::High } else { Confidence::Medium })
        .guard(lossy)
        .conversations_of(talks.iter().copied())
        .title(format!("{server} took up to {} to answer", span(seconds(slowest.length()))))
        .explain(format!(
            "{server} took more than {} to answer {} of {}, the slowest {} ({}). Nothing was repeated meanwhile: the \
             server was at work, or waiting for something else than the network.",
            span(case.settings.thresholds.slow_reply),
            count(group.len(), "request"),
            clients(&talks),
            span(seconds(slowest.length())),
            slowest.request.time,
        ))
        .remedy_first(format!("Find out what {} was busy with at {}.", server.ip, slowest.request.time))
        .note(format!("{} of waiting in all", span(total)));
    Some(each(draft, group, "slow replies", |draft, (talk, turn)| {
        draft
            .packet(turn.request, format!("{} has asked", talk.conversation.client))
            .packet(turn.reply, format!("first byte of the reply, {} later", span(seconds(turn.length()))))
    }))
}
