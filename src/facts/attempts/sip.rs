//! Registrations at SIP registrars, with their renewals, and calls.
//!
//! All requests of one series up to a success are one attempt: a first challenge is a step on the way. What the hop next to the
//! sender shows is what the sender gets.

use super::{begun, frames, unjudged};
use crate::facts::Case;
use crate::facts::network::attempts::rejection;
use crate::facts::sip::deadlines::{Deadlines, UnansweredRequest};
use crate::facts::sip::wishes::{is_stale, scanners};
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{
    Attempt, AttemptKind, Close, CloseBy, Conversation, ConversationId, Endpoint, Outcome, Span, Timestamp, Transport,
    Unjudged, Weight,
};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Statuses that say what people did, not what failed: busy, cancelled, busy everywhere, declined (RFC 3261 section 21).
const PEOPLE: [u16; 4] = [486, 487, 600, 603];

/// The client is to ask for a longer time, and does so at once (RFC 3261 section 21.4.17).
const TOO_BRIEF: u16 = 423;

/// Nobody picks up, where it had rung before.
const UNAVAILABLE: u16 = 480;

/// How it is said that a registration ran out.
pub(crate) const NOT_RENEWED: &str = "not renewed in time";

/// Every registration and renewal, and every registration that ran out although its client was still there.
pub(super) fn registrations(case: &Case<'_>) -> Vec<Attempt> {
    let judge = SipJudge::new(case);
    let mut found = Vec::new();
    let mut of_users: HashMap<(IpAddr, Option<String>), Vec<&[SipExchange<'_>]>> = HashMap::new();
    for run in case.sip().registrations().flat_map(|series| series.runs().collect::<Vec<_>>()) {
        let adding: Vec<&SipExchange<'_>> = run.iter().filter(|exchange| adds(exchange)).collect();
        let Some(first) = run.first() else { continue };
        of_users.entry((first.client().ip, first.target())).or_default().push(run);
        if let Some(last) = adding.last() {
            found.push(judge.attempt(AttemptKind::SipRegister, &adding, last));
        }
    }
    let spoken = spoken(case);
    found.extend(of_users.values_mut().flat_map(|runs| lapses(case, &spoken, runs)));
    found
}

/// Every call outside of a dialog.
pub(super) fn calls(case: &Case<'_>) -> Vec<Attempt> {
    let judge = SipJudge::new(case);
    let calls = case.sip().series().filter(|series| series.method() == "INVITE" && !series.first().in_dialog());
    let runs = calls.flat_map(|series| series.runs().collect::<Vec<_>>()).filter_map(|run| {
        let run: Vec<&SipExchange<'_>> = run.iter().collect();
        let last = *run.last()?;
        Some(judge.attempt(AttemptKind::SipCall, &run, last))
    });
    runs.collect()
}

/// A REGISTER that names a contact to be reached at, as far as it was seen.
fn adds(exchange: &SipExchange<'_>) -> bool {
    !exchange.is_unregister() && exchange.request().is_none_or(|request| !request.sip.contacts.is_empty())
}

/// What all attempts of a capture are judged with.
struct SipJudge<'c, 'a> {
    case: &'c Case<'a>,
    deadlines: Deadlines<'c, 'a>,
    scanners: &'c HashSet<IpAddr>,
}

impl<'c, 'a> SipJudge<'c, 'a> {
    fn new(case: &'c Case<'a>) -> Self {
        Self { case, deadlines: Deadlines::new(case), scanners: scanners(case) }
    }

    fn attempt(&self, kind: AttemptKind, run: &[&SipExchange<'a>], last: &SipExchange<'a>) -> Attempt {
        let first = *run.first().unwrap_or(&last);
        let outcome = self.outcome(kind, last);
        let people = kind == AttemptKind::SipCall && last.status().is_some_and(|status| is_of_people(last, status));
        // One question that nobody answers is what monitors and the curious leave behind.
        let curious =
            run.len() == 1 && last.outcome() == TransactionOutcome::Challenged && last.credentials().is_empty();
        let nobody = people || curious || self.scanners.contains(&first.client().ip);
        let mut conversations: Vec<ConversationId> =
            run.iter().flat_map(|exchange| exchange.conversations()).map(|c| c.id).collect();
        conversations.sort_unstable();
        conversations.dedup();
        let next = first.first.begun.conversation.id;
        conversations.sort_by_key(|&id| (id != next, id));
        let shown = run.iter().flat_map(|exchange| exchange.request().into_iter().chain(exchange.answer()));
        Attempt {
            user: first.user(),
            client: first.client().ip,
            server: last.server(),
            asked: first.target(),
            answered: last.answer().map(|answer| answer.at()),
            conversations,
            frames: frames(shown.map(|said| said.message), [first.first.begun.at()]),
            outcome,
            weight: if nobody { Weight::NobodyMinds } else { Weight::Wanted },
            ..begun(kind, first.first.begun.conversation, first.first.begun.at())
        }
    }

    fn outcome(&self, kind: AttemptKind, last: &SipExchange<'a>) -> Outcome {
        let line = || last.answer().map_or_else(String::new, |answer| answer.status_line());
        match (last.outcome(), kind) {
            (TransactionOutcome::Accepted, AttemptKind::SipRegister) if last.granted() == Some(0) => {
                Outcome::Refused(format!("{}, for 0 s", line()))
            }
            (TransactionOutcome::Accepted, AttemptKind::SipCall) if last.acks.is_empty() => {
                Outcome::Unknown(Unjudged::CaptureEnds)
            }
            (TransactionOutcome::Accepted, _) => whole(last).map_or(Outcome::Granted, Outcome::Unknown),
            (TransactionOutcome::Refused, _) if last.status().is_some_and(|status| status < 400) => {
                Outcome::Unknown(Unjudged::UnknownForm)
            }
            // Whether it had rung may stand in what cannot be read.
            (TransactionOutcome::Refused, _) if last.status() == Some(UNAVAILABLE) && self.case.sip().is_torn(last) => {
                Outcome::Unknown(Unjudged::Missing)
            }
            (TransactionOutcome::Refused, _) if last.status() == Some(TOO_BRIEF) && !self.is_given_up(last) => {
                Outcome::Unknown(Unjudged::CaptureEnds)
            }
            (TransactionOutcome::Refused, _) => Outcome::Refused(line()),
            (TransactionOutcome::Challenged, _) => self.challenged(last, &line()),
            (TransactionOutcome::Silent | TransactionOutcome::Provisional, _) => self.unanswered(last),
        }
    }

    /// The last word was a challenge: refused, if nothing more came within the time that a user may take to type a password.
    fn challenged(&self, last: &SipExchange<'a>, line: &str) -> Outcome {
        if !self.is_given_up(last) || self.case.sip().is_torn(last) {
            return Outcome::Unknown(Unjudged::CaptureEnds);
        }
        let how = match (last.credentials().is_empty(), is_stale(last)) {
            (true, _) => ", which the client does not answer",
            (false, true) => " to credentials with an old nonce",
            (false, false) => " to credentials",
        };
        Outcome::Refused(format!("{line}{how}"))
    }

    /// Nothing more came although there was time to type a password.
    fn is_given_up(&self, last: &SipExchange<'a>) -> bool {
        let until = last.ended().plus(self.case.settings.thresholds.sip_auth_wait);
        input_end(self.case, last.first.begun.conversation) >= until
    }

    fn unanswered(&self, last: &SipExchange<'a>) -> Outcome {
        if let Some(why) = whole(last) {
            return Outcome::Unknown(why);
        }
        match self.deadlines.missed(last) {
            Some(UnansweredRequest::Rejected(error)) => {
                return Outcome::Refused(format!("ICMP: {}", rejection(error).unwrap_or("unreachable")));
            }
            Some(UnansweredRequest::Repeated(_) | UnansweredRequest::Delivered) => return Outcome::Unanswered,
            None => {}
        }
        let c = last.first.begun.conversation;
        let closed = matches!(c.teardown.how, Close::Fin | Close::Rst) && c.teardown.by != CloseBy::Client;
        let pending =
            last.outcome() == TransactionOutcome::Silent && c.teardown.at.is_some_and(|at| at.time >= last.began());
        match c.transport {
            Transport::Tcp if closed && pending && !self.case.sip().is_torn(last) => Outcome::CutOff(c.teardown.by),
            _ => Outcome::Unknown(Unjudged::CaptureEnds),
        }
    }
}

/// Why an exchange cannot be judged, if the capture of its conversation is at fault. One that had begun before is no worse: each
/// request stands by itself.
fn whole(exchange: &SipExchange<'_>) -> Option<Unjudged> {
    let c = exchange.first.begun.conversation;
    match unjudged(c)? {
        Unjudged::BegunBefore => None,
        why => Some(why),
    }
}

/// Somebody was busy, declined, hung up before anybody answered, or did not pick up.
fn is_of_people(call: &SipExchange<'_>, status: u16) -> bool {
    let rang =
        call.hops().any(|hop| hop.provisional.iter().any(|said| said.status().is_some_and(|status| status > 100)));
    PEOPLE.contains(&status) || (status == UNAVAILABLE && rang)
}

/// The end of the input that holds the last frame of a conversation: what another input holds may be of another day. While a
/// capture goes on, that is now.
fn input_end(case: &Case<'_>, c: &Conversation) -> Timestamp {
    let input = usize::try_from(c.last.frame.input).ok().and_then(|index| case.analysis.inputs.get(index));
    input.map_or(case.end(), |input| input.last.unwrap_or(c.last.time))
}

/// What each client asked for beside registering, in order of time.
fn spoken<'c, 'a>(case: &'c Case<'a>) -> HashMap<Endpoint, Vec<&'c SipExchange<'a>>> {
    let mut spoken: HashMap<Endpoint, Vec<&SipExchange<'_>>> = HashMap::new();
    for exchange in case.sip().exchanges().filter(|exchange| exchange.method != "REGISTER") {
        spoken.entry(exchange.client()).or_default().push(exchange);
    }
    spoken.values_mut().for_each(|exchanges| exchanges.sort_by_key(|exchange| exchange.began()));
    spoken
}

/// A registration that nobody renewed and that ran out, although its client was still there: it went on to speak SIP, and may have
/// taken itself for registered. `of_user`: every run of REGISTERs of one user at one client.
fn lapses<'a>(
    case: &Case<'a>,
    spoken: &HashMap<Endpoint, Vec<&SipExchange<'a>>>,
    of_user: &mut [&[SipExchange<'a>]],
) -> Vec<Attempt> {
    of_user.sort_by_key(|run| run.first().map(SipExchange::began));
    let judge = |(place, run): (usize, &&[SipExchange<'a>])| {
        let granted = run.last()?;
        let seconds = granted.granted().filter(|&seconds| seconds > 0 && !granted.is_unregister())?;
        let until = granted.ended().plus(Span::from_secs(seconds.into())).plus(case.settings.thresholds.sip_timeout);
        let next = of_user.get(place.saturating_add(1)).and_then(|run| run.first()).map(SipExchange::began);
        let client = granted.client();
        let later = spoken.get(&client)?;
        let alive = later.get(later.partition_point(|exchange| exchange.began() <= until))?;
        if next.is_some_and(|next| alive.began() >= next) {
            return None;
        }
        let sent = alive.first.begun;
        Some(Attempt {
            user: granted.user(),
            client: client.ip,
            server: granted.server(),
            asked: granted.target(),
            answered: Some(sent.at()),
            conversations: granted.conversations().iter().map(|c| c.id).collect(),
            frames: frames(granted.answer().map(|answer| answer.message), [granted.first.begun.at(), sent.at()]),
            outcome: Outcome::Refused(NOT_RENEWED.to_owned()),
            ..begun(AttemptKind::SipRegister, granted.first.begun.conversation, granted.first.begun.at())
        })
    };
    of_user.iter().enumerate().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::{Story, call_ends, idle, phone, refused, register};
    use nrpcsniff_samples::Network;

    fn told(kind: AttemptKind, story: fn(&Network)) -> Vec<Told> {
        attempts(kind, story)
    }

    fn outcomes(kind: AttemptKind, story: fn(&Network)) -> Vec<String> {
        told(kind, story).into_iter().map(|told| told.outcome).collect()
    }

    #[test]
    fn what_becomes_of_a_registration() {
        let stories: [Story; 6] = [
            ("granted", |net| register(&phone(net))),
            ("refused (403 Forbidden)", |net| refused(&phone(net), 403)),
            ("refused (401 Unauthorized, which the client does not answer), nobody minds", |net| {
                refused(&phone(net), 401);
                idle(net, 90);
            }),
            ("unknown: the capture ends before an answer was due, nobody minds", |net| refused(&phone(net), 401)),
            ("refused (401 Unauthorized to credentials)", |net| {
                let phone = phone(net);
                let first = phone.register();
                let challenge = first.response(401).challenge("example.com", "8f3c");
                let second = phone.register().credentials(&challenge, "ann", "wrong");
                phone.sends(&first).hears(&challenge).sends(&second);
                phone.hears(second.response(401).challenge("example.com", "8f3d"));
                idle(net, 90);
            }),
            ("unanswered", |net| {
                let phone = phone(net);
                let request = phone.register();
                for wait in [500, 1000, 2000, 4000, 0] {
                    phone.sends(&request);
                    net.wait(wait);
                }
                idle(net, 40);
            }),
        ];
        for (expected, story) in stories {
            assert_eq!(outcomes(AttemptKind::SipRegister, story), [expected]);
        }
        let leaves = |net: &Network| {
            let phone = phone(net);
            let request = phone.register().expires(0);
            phone.sends(&request).hears(request.response(200));
        };
        assert_eq!(told(AttemptKind::SipRegister, leaves), [], "who leaves wants nothing");
    }

    #[test]
    fn a_renewal_is_an_attempt_of_its_own() {
        let found = told(AttemptKind::SipRegister, |net| {
            register(&phone(net));
            net.wait_secs(900);
            refused(&phone(net), 403);
            net.wait_secs(5);
            register(&phone(net));
        });
        let found: Vec<_> = found.iter().map(|told| (told.outcome.as_str(), told.mended)).collect();
        assert_eq!(found, [("granted", false), ("refused (403 Forbidden)", true), ("granted", false)]);
    }

    #[test]
    fn a_registration_that_runs_out_is_lost() {
        let story: fn(&Network) = |net| {
            let phone = phone(net);
            register(&phone);
            net.wait_secs(1900);
            phone.sends(phone.options("sip:example.com"));
        };
        let found = outcomes(AttemptKind::SipRegister, story);
        assert_eq!(found, ["granted", "refused (not renewed in time)"]);
        let asleep: fn(&Network) = |net| {
            register(&phone(net));
            idle(net, 1900);
        };
        assert_eq!(outcomes(AttemptKind::SipRegister, asleep), ["granted"]);
    }

    #[test]
    fn what_becomes_of_a_call() {
        let stories: [Story; 4] = [
            ("granted", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let invite = call.invite(20_000);
                let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
                phone.sends(&invite).hears(invite.response(180)).hears(&ok).sends(call.ack(&ok));
            }),
            ("refused (486 Busy Here), nobody minds", |net| call_ends(net, &[], 486)),
            ("refused (480 Temporarily Unavailable), nobody minds", |net| call_ends(net, &[180], 480)),
            ("refused (480 Temporarily Unavailable)", |net| call_ends(net, &[100], 480)),
        ];
        for (expected, story) in stories {
            assert_eq!(outcomes(AttemptKind::SipCall, story), [expected]);
        }
    }
}
