//! Logins at Sametime community servers, and handshakes that did not get so far.

use super::{begun, disputed_before, frames, unanswered, unjudged};
use crate::facts::Case;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Attempt, AttemptKind, CloseBy, Outcome, Side, Span, Stamp, Unjudged, Weight};
use nrpcsniff_dissectors::sametime::reason;

/// Every conversation in which a client spoke to a community server. A redirect is a step: the login at the server that it leads
/// to counts.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    case.sametime().logins().filter(|login| login.spoke()).filter_map(|login| attempt(case, login)).collect()
}

fn attempt(case: &Case<'_>, login: &SametimeLogin<'_>) -> Option<Attempt> {
    let c = login.conversation;
    let asked = login.attempt().or(login.handshake);
    let at = asked.map_or(c.first, |said| said.at());
    let outcome = outcome(case, login, at)?;
    let told = login.accepted.or(login.end);
    let ended = c.teardown.at.filter(|_| told.is_none() && outcome.is_failure());
    Some(Attempt {
        user: login.user().map(str::to_owned),
        answered: told.map(|told| told.at()).or(ended),
        frames: frames(asked.iter().chain(&told).map(|said| said.message), ended.into_iter().chain([at])),
        weight: weight(login, &outcome),
        outcome,
        ..begun(AttemptKind::SametimeLogin, c, at)
    })
}

fn outcome(case: &Case<'_>, login: &SametimeLogin<'_>, asked: Stamp) -> Option<Outcome> {
    let c = login.conversation;
    let whole = unjudged(c);
    let told = login.accepted.or(login.end).map(|told| told.at());
    Some(match login.outcome() {
        SametimeLoginOutcome::Accepted | SametimeLoginOutcome::Destroyed { by: Side::Server, .. }
            if disputed_before(c, told.unwrap_or(c.last)) =>
        {
            Outcome::Unknown(Unjudged::Disputed)
        }
        SametimeLoginOutcome::Accepted => Outcome::Granted,
        SametimeLoginOutcome::Redirected(_) | SametimeLoginOutcome::NotConnected => return None,
        SametimeLoginOutcome::Unknown => Outcome::Unknown(whole.unwrap_or(Unjudged::Missing)),
        SametimeLoginOutcome::Destroyed { reason, by: Side::Server } => Outcome::Refused(refusal(reason)),
        _ if whole.is_some() => Outcome::Unknown(whole.unwrap_or(Unjudged::Missing)),
        // The client said farewell first: who closes then does not matter.
        SametimeLoginOutcome::Destroyed { by: Side::Client, .. } if !overdue(case, login, asked) => {
            Outcome::CutOff(CloseBy::Client)
        }
        SametimeLoginOutcome::Destroyed { by: Side::Client, .. } => Outcome::Unanswered,
        SametimeLoginOutcome::Closed | SametimeLoginOutcome::Silent => unanswered(case, c, asked, waits(login)),
    })
}

/// The server left the client waiting until it said farewell.
fn overdue(case: &Case<'_>, login: &SametimeLogin<'_>, asked: Stamp) -> bool {
    let waited = login.end.map_or(Span::ZERO, |end| end.at().since(asked));
    waits(login) && waited >= case.settings.thresholds.reply_timeout
}

/// The server owes an answer: to the login, or to the handshake if the client got no further.
fn waits(login: &SametimeLogin<'_>) -> bool {
    !login.attempts.is_empty() || (login.handshake.is_some() && login.answer.is_none())
}

/// The reason that the server gave, or that it gave none.
fn refusal(code: u32) -> String {
    match code {
        0 => "the server ended the session before it accepted the login, and gave no reason".to_owned(),
        _ => reason::label(code),
    }
}

/// A client that leaves before it was owed anything has changed its mind.
fn weight(login: &SametimeLogin<'_>, outcome: &Outcome) -> Weight {
    let left = *outcome == Outcome::CutOff(CloseBy::Client);
    if left && (login.attempts.is_empty() || login.accepted.is_some()) { Weight::NobodyMinds } else { Weight::Wanted }
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::{Story, idle};
    use nrpcsniff_samples::sametime::{self, Login, reason};
    use nrpcsniff_samples::{Network, Tcp};

    const USER: &str = "CN=Ann/O=Acme";

    fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), sametime::PORT)
    }

    fn logs_in(net: &Network) -> Tcp {
        let tcp = dial(net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER));
        tcp
    }

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::SametimeLogin, story)
    }

    #[test]
    fn what_becomes_of_a_login() {
        let stories: [Story; 7] = [
            ("granted", |net| {
                dial(net).vp_works(&Login::rc2_128(USER));
            }),
            ("refused (TOKEN_INVALID (0x80000015))", |net| {
                logs_in(net).vp_refuse(reason::TOKEN_INVALID);
            }),
            ("refused (the server ended the session before it accepted the login, and gave no reason)", |net| {
                logs_in(net).vp_refuse(0);
            }),
            ("cut off by the server", |net| {
                logs_in(net).server_fin();
            }),
            ("unanswered", |net| {
                logs_in(net);
                idle(net, 20);
            }),
            ("unknown: the capture ends before an answer was due", |net| drop(logs_in(net))),
            ("cut off by the client, nobody minds", |net| {
                dial(net).vp_open().client_fin();
            }),
        ];
        for (expected, story) in stories {
            let outcomes: Vec<_> = told(story).into_iter().map(|told| told.outcome).collect();
            assert_eq!(outcomes, [expected]);
        }
        let redirected: fn(&Network) = |net| {
            let tcp = logs_in(net);
            tcp.server(sametime::redirect("st2")).client(sametime::destroy(0, 0)).client_fin();
        };
        assert_eq!(told(redirected), [], "a step");
        let probes: fn(&Network) = |net| {
            dial(net).client_fin();
        };
        assert_eq!(told(probes), []);
    }

    #[test]
    fn who_gets_in_later_has_it_mended() {
        let found = told(|net| {
            logs_in(net).vp_refuse(reason::TOKEN_INVALID);
            net.wait_secs(240);
            dial(net).vp_works(&Login::rc2_128(USER));
        });
        assert_eq!(found.iter().map(|told| told.mended).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found[0].user.as_deref(), Some(USER));
    }
}
