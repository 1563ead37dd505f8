//! Notes sessions: the server that was asked for answers, and the client goes on.

use super::{begun, disputed_before, frames, unanswered, unjudged};
use crate::facts::nrpc::opening::{closed_at_once, last_refusal, mismatch, redirected, was_content};
use crate::facts::{Case, Talk};
use crate::model::{Attempt, AttemptKind, Close, CloseBy, Outcome, PerSide, Setup, Side, Stamp, Unjudged, Weight};

/// Every opening of a session, and every connection that the server's side ended before one.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    case.nrpc().filter_map(|talk| opening(case, talk)).collect()
}

fn opening(case: &Case<'_>, talk: &Talk<'_>) -> Option<Attempt> {
    let c = talk.conversation;
    let (at, outcome) = match talk.request {
        Some(request) => (request.at(), outcome(case, talk, request.at())),
        None if c.setup == Setup::Midstream => (c.first, Outcome::Unknown(Unjudged::BegunBefore)),
        None => (c.tcp.handshake.syn_ack?, turned_away(case, talk)?),
    };
    let ended = c.teardown.at.filter(|_| outcome.is_failure());
    let response = talk.response.map(|response| response.at());
    let messages = talk.request.iter().chain(&talk.response).map(|opening| opening.message);
    Some(Attempt {
        server_name: talk.answered().map(str::to_owned),
        asked: talk.wanted().map(str::to_owned),
        answered: if outcome.is_granted() { response } else { ended.or(response) },
        frames: frames(messages, ended.into_iter().chain(talk.request.is_none().then_some(at))),
        weight: weight(case, talk, &outcome),
        outcome,
        ..begun(AttemptKind::NrpcOpen, c, at)
    })
}

/// What came of a session request. A session that went on is granted even where frames are missing, because what was
/// seen is not made undone by what was not.
fn outcome(case: &Case<'_>, talk: &Talk<'_>, asked: Stamp) -> Outcome {
    let c = talk.conversation;
    let whole = unjudged(c);
    if talk.response.is_some() && talk.went_on() {
        let short = talk.progress().client <= u64::from(case.settings.thresholds.opening_messages);
        // The message by which the client goes on shows that it took the answer; if none could be read, the conversation's end.
        let next = c.messages.iter().filter(|message| message.from == Side::Client).nth(1);
        let disputed = short && disputed_before(c, next.map_or(c.last, |next| next.at));
        return if disputed { Outcome::Unknown(Unjudged::Disputed) } else { Outcome::Granted };
    }
    let refusal = last_refusal(case, talk, |_| true);
    let decided = || refusal.as_ref().is_some_and(|refusal| !disputed_before(c, refusal.at));
    if let Some(why) = whole.filter(|why| *why != Unjudged::Disputed || !decided()) {
        return Outcome::Unknown(why);
    }
    if let Some(refusal) = refusal {
        return Outcome::Refused(format!("status {}", refusal.shown()));
    }
    let closed = matches!(c.teardown.how, Close::Fin | Close::Rst);
    match talk.response {
        Some(_) if closed && mismatch(case, talk).is_some() => match redirected(case, talk) {
            Some(_) => Outcome::Granted,
            None => Outcome::Refused("another name answered".to_owned()),
        },
        // It stood open for a while, and nobody said why it ended.
        Some(_) if closed && !closed_at_once(case, talk) => Outcome::Unknown(Unjudged::UnknownForm),
        Some(_) => unanswered(case, c, asked, false),
        None if c.bytes.server > 0 && !closed => Outcome::Unknown(Unjudged::UnknownForm),
        None => unanswered(case, c, asked, c.bytes.server == 0),
    }
}

/// What came of a connection without a session request, if the server's side ended it at once. A client that leaves without a
/// word wanted nothing.
fn turned_away(case: &Case<'_>, talk: &Talk<'_>) -> Option<Outcome> {
    let c = talk.conversation;
    let by_server = matches!(c.teardown.by, CloseBy::Server | CloseBy::Middlebox);
    let closed = matches!(c.teardown.how, Close::Fin | Close::Rst) && by_server;
    let accepted = c.tcp.handshake.ack.or(c.tcp.handshake.syn_ack)?;
    let at_once = c.teardown.at?.since(accepted) <= case.settings.thresholds.close_after_reply;
    let silent = c.bytes == PerSide::default();
    (closed && at_once && silent).then(|| unjudged(c).map_or(Outcome::CutOff(c.teardown.by), Outcome::Unknown))
}

/// Clients that wanted no more than the answer: they closed when they had it, and did not come back.
fn weight(case: &Case<'_>, talk: &Talk<'_>, outcome: &Outcome) -> Weight {
    let content = *outcome == Outcome::CutOff(CloseBy::Client) && was_content(case, talk) && closed_at_once(case, talk);
    if content { Weight::NobodyMinds } else { Weight::Wanted }
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::Story;
    use nrpcsniff_samples::{Network, Tcp};

    const MAIL: &str = "CN=Mail01/O=Example";
    const OTHER: &str = "CN=Mail02/O=Example";

    fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::NrpcOpen, story)
    }

    #[test]
    fn what_becomes_of_an_opening() {
        let stories: [Story; 9] = [
            ("granted", |net| {
                dial(net).session(MAIL, MAIL).auth();
            }),
            ("refused (another name answered)", |net| {
                dial(net).session(OTHER, MAIL).wait(3).client_fin();
            }),
            ("cut off by the server", |net| {
                dial(net).request(MAIL).wait(3).server_fin();
            }),
            ("cut off by the server", |net| {
                dial(net).wait(3).server_fin();
            }),
            ("unanswered", |net| {
                dial(net).request(MAIL).wait_secs(20).client_rst();
            }),
            ("cut off by the client, nobody minds", |net| {
                dial(net).session(MAIL, MAIL).wait(3).client_fin();
            }),
            ("unknown: the capture ends before an answer was due", |net| {
                dial(net).request(MAIL);
            }),
            ("unknown: the capture ends before an answer was due", |net| {
                dial(net).session(MAIL, MAIL);
            }),
            ("unknown: it had begun before the capture", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).midstream();
                tcp.transactions(1).server_fin();
            }),
        ];
        for (expected, story) in stories {
            let found = told(story);
            assert_eq!(found.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), [expected]);
        }
        assert_eq!(
            told(|net| {
                dial(net).wait(3).client_fin();
            }),
            [],
            "a probe wants no session"
        );
    }

    #[test]
    fn what_is_said_after_the_close_of_the_server_is_no_going_on() {
        let found = told(|net| {
            dial(net).session(MAIL, MAIL).server_fin().auth_request();
        });
        assert_eq!(found[0].outcome, "cut off by the server");
    }

    #[test]
    fn the_next_session_mends_it() {
        let found = told(|net| {
            dial(net).request(MAIL).wait(3).server_fin();
            net.at(9000);
            dial(net).session(MAIL, MAIL).auth();
        });
        let outcomes: Vec<_> = found.iter().map(|told| (told.outcome.as_str(), told.mended)).collect();
        assert_eq!(outcomes, [("cut off by the server", true), ("granted", false)]);
        assert_eq!((found[1].asked.as_deref(), found[1].server_name.as_deref()), (Some(MAIL), Some(MAIL)));
    }
}
