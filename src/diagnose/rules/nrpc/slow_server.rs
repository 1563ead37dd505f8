//! The server takes long to answer, and the network has no part in it.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::slow_server as words;
use crate::diagnose::words::{clients, clock, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::statistics::seconds;
use crate::model::{Confidence, RuleId, Severity, Turn};

/// See [`ABOUT`].
pub(crate) struct SlowServer;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-slow-server");

static ABOUT: About = About {
    id: ID,
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
    turn.length() > thresholds.slow_reply && thinking >= thresholds.dominant_share * waited && !repeated && !closed
}

/// A few slow replies are medium at most, as one large view takes its time; losses count against it, because a lost
/// segment waits like a slow server.
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
        .says(&words::Slow {
            server,
            clients: clients(&talks),
            count: group.len(),
            limit_s: case.settings.thresholds.slow_reply.as_secs_f64(),
            longest_s: seconds(slowest.length()),
            longest_at: slowest.request.time,
        })
        .remedy_first(format!("Find out what {} was busy with at {}.", server.ip, clock(slowest.request.time)))
        .note(format!("{} of waiting in all", span(total)));
    Some(each(draft, group, "slow replies", |draft, (talk, turn)| {
        draft
            .packet(turn.request, format!("{} has asked", talk.conversation.client))
            .packet(turn.reply, format!("first byte of the reply, {} later", span(seconds(turn.length()))))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{conversations, frames, none, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp, nrpc};

    const RULE: &str = "nrpc-slow-server";

    fn session(net: &Network, distance: u64) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9").distance_ms(distance), 1352);
        tcp.works("CN=Mail01/O=Acme", 2);
        tcp
    }

    fn slow(tcp: &Tcp, ms: u64) {
        tcp.ask(nrpc::FUNCTION_WORK, 64).wait(ms).answer(nrpc::FUNCTION_WORK, 0, 300).wait(100);
    }

    #[test]
    fn the_server_thinks() {
        let net = Network::new();
        let tcp = session(&net, 1);
        tcp.wait(100);
        let begin = net.frame_count() as u64;
        for ms in [3000, 12_000, 1500] {
            slow(&tcp, ms);
        }
        tcp.client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding).len()), (vec![0], 6));
        assert_eq!(frames(&finding).first(), Some(&(begin + 1)));
        says(&finding, &["10.2.0.9:1352 took up to 12.0 s", "3 requests of 10.1.0.50", "16.5 s of waiting"]);
    }

    #[test]
    fn one_slow_reply_is_a_bad_moment() {
        let net = Network::new();
        let tcp = session(&net, 1);
        slow(&tcp, 3000);
        tcp.client_fin();
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_request_that_had_to_be_repeated_kept_nobody_waiting() {
        let net = Network::new();
        let tcp = session(&net, 1);
        tcp.lost(Side::Client, tcp.next_request(nrpc::FUNCTION_WORK, 64), &[1100, 1100]);
        tcp.answer(nrpc::FUNCTION_WORK, 0, 300).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn a_round_trip_is_not_the_server_s() {
        let net = Network::new();
        let tcp = session(&net, 400);
        slow(&tcp, 1300);
        tcp.client_fin();
        none(&net, RULE);
    }

    #[test]
    fn quick_replies_say_nothing() {
        let net = Network::new();
        let tcp = session(&net, 1);
        slow(&tcp, 900);
        tcp.wait_secs(60).transactions(3).client_fin();
        none(&net, RULE);
    }
}
