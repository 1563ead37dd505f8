//! Authentication with a Domino server: the client says who it is, and the server lets it work.

use super::{begun, disputed_before, frames, unanswered, unjudged};
use crate::facts::nrpc::opening::last_refusal;
use crate::facts::{Case, Talk};
use crate::model::{Attempt, AttemptKind, CloseBy, Message, Outcome, Side, Stamp, Unjudged, Weight};

/// Every session in which the client went on after the server's answer.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    case.nrpc().filter_map(|talk| authentication(case, talk)).collect()
}

fn authentication(case: &Case<'_>, talk: &Talk<'_>) -> Option<Attempt> {
    let c = talk.conversation;
    talk.request.filter(|_| talk.response.is_some() && talk.progress().client >= 2)?;
    let mut said = c.messages.iter().filter(|message| message.from == Side::Client).skip(1);
    let (proof, next) = (said.next()?, said.next());
    let (outcome, answer) = outcome(case, talk, proof, next);
    let ended = c.teardown.at.filter(|_| outcome.is_failure());
    let shown = answer.into_iter().chain(ended);
    Some(Attempt {
        user: talk.user().map(|(user, _)| user.to_owned()),
        server_name: talk.answered().map(str::to_owned),
        asked: talk.wanted().map(str::to_owned),
        answered: answer.or(ended),
        frames: frames([proof], shown),
        weight: weight(case, talk, &outcome),
        outcome,
        ..begun(AttemptKind::NrpcAuth, c, proof.at)
    })
}

/// What came of it, and the answer that shows it. Granted is what the server answers after the client has gone on to something
/// else; it need not be readable.
fn outcome(case: &Case<'_>, talk: &Talk<'_>, proof: &Message, next: Option<&Message>) -> (Outcome, Option<Stamp>) {
    let c = talk.conversation;
    let whole = unjudged(c);
    if let Some(refusal) = last_refusal(case, talk, |_| true) {
        let refused = Outcome::Refused(format!("status {}", refusal.shown()));
        let disputed = disputed_before(c, refusal.at);
        return (if disputed { Outcome::Unknown(Unjudged::Disputed) } else { refused }, Some(refusal.at));
    }
    let close = c.teardown.at.filter(|_| c.teardown.by != CloseBy::Client);
    let in_time = |message: &Message| close.is_none_or(|close| message.at.frame <= close.frame);
    let went_on = next.filter(|next| in_time(next));
    let answer = went_on.and_then(|next| c.messages.iter().find(|m| m.from == Side::Server && m.n > next.n));
    if let Some(answer) = answer {
        let short = talk.progress().client <= u64::from(case.settings.thresholds.opening_messages);
        let disputed = short && disputed_before(c, answer.at);
        return (if disputed { Outcome::Unknown(Unjudged::Disputed) } else { Outcome::Granted }, Some(answer.at));
    }
    if let Some(why) = whole {
        return (Outcome::Unknown(why), None);
    }
    let last = went_on.unwrap_or(proof);
    let waits = !c.messages.iter().any(|m| m.from == Side::Server && m.n > last.n);
    (unanswered(case, c, last.at, waits), None)
}

/// A client that closes and does not come back has tested the connection.
fn weight(case: &Case<'_>, talk: &Talk<'_>, outcome: &Outcome) -> Weight {
    let tested = *outcome == Outcome::CutOff(CloseBy::Client) && case.retry_of(talk).is_none();
    if tested { Weight::NobodyMinds } else { Weight::Wanted }
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::{Story, idle};
    use nrpcsniff_samples::{Network, Tcp};

    const MAIL: &str = "CN=Mail01/O=Example";
    const USER: &str = "CN=Ada Reed/O=Example";

    fn dial(net: &Network) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        tcp.session(MAIL, MAIL);
        tcp
    }

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::NrpcAuth, story)
    }

    #[test]
    fn what_becomes_of_an_authentication() {
        let stories: [Story; 8] = [
            ("granted", |net| {
                dial(net).auth().transactions(1);
            }),
            ("cut off by the server", |net| {
                dial(net).auth().server_fin();
            }),
            ("cut off by the server", |net| {
                dial(net).auth_request().server_fin().wait(40).ask(0x21, 80);
            }),
            ("refused (status 0x1934 (ERR_SECURE_NO_SERVER_CROSS_CERT))", |net| {
                dial(net).auth().ask(0x21, 80).answer(0x21, 0x1934, 0).client_fin();
            }),
            ("unanswered", |net| {
                dial(net).auth_request();
                idle(net, 30);
            }),
            ("unknown: the capture ends before an answer was due", |net| {
                dial(net).auth_request();
            }),
            ("unknown: the capture ends before an answer was due", |net| {
                dial(net).auth();
                idle(net, 30);
            }),
            ("cut off by the client, nobody minds", |net| {
                dial(net).auth().client_fin();
            }),
        ];
        for (expected, story) in stories {
            let outcomes: Vec<_> = told(story).into_iter().map(|told| told.outcome).collect();
            assert_eq!(outcomes, [expected]);
        }
        let refused_before = |net: &Network| {
            dial(net).client_fin();
        };
        assert_eq!(told(refused_before), []);
    }

    #[test]
    fn the_user_is_named_where_he_is_in_clear() {
        let found = told(|net| {
            dial(net).auth_as(USER).auth_reply().transactions(1);
        });
        assert_eq!(found[0].user.as_deref(), Some(USER));
    }
}
