//! Binds at a directory: the directory takes somebody for who he says he is.

use super::{begun, frames, unanswered, unjudged};
use crate::facts::{Case, Dissected};
use crate::model::{Attempt, AttemptKind, Conversation, Outcome, Side, Unjudged};
use nrpcsniff_dissectors::ldap::{self, Auth, Body};
use nrpcsniff_dissectors::{Decision, Message as Any, Semantics};

/// Every bind by which somebody says who he is; SASL and NTLM with all their rounds are one.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    let directories = case.analysis.conversations.iter().filter(|c| c.is(&ldap::PROTOCOL));
    directories.flat_map(|c| binds(case, c)).collect()
}

type Said<'a> = Dissected<'a, ldap::Message>;

/// Attempts in one conversation. Rounds of a SASL bind are one attempt, since only the last answer tells what came of it.
fn binds(case: &Case<'_>, c: &Conversation) -> Vec<Attempt> {
    let said: Vec<Said<'_>> = c
        .messages
        .iter()
        .filter_map(|message| match &message.body {
            Any::Ldap(ldap) => Some(Dissected::new(message, ldap.as_ref())),
            _ => None,
        })
        .collect();
    let mut found: Vec<Attempt> = Vec::new();
    let mut goes_on = false;
    for (index, request) in said.iter().enumerate() {
        let Body::BindRequest { name, auth, .. } = &request.content.body else { continue };
        if proves_nothing(name, auth) {
            continue;
        }
        let answer = said.get(index..).unwrap_or_default().iter().find(|answer| answers(request, answer)).copied();
        let round = round(case, c, *request, answer, name);
        match found.last_mut().filter(|_| goes_on) {
            Some(begun) => goes_on_with(begun, round),
            None => found.push(round),
        }
        goes_on = answer.is_some_and(|answer| is_step(auth, &answer));
    }
    found
}

/// Nobody in particular, or nobody who proves it (RFC 4513 section 5.1).
fn proves_nothing(name: &str, auth: &Auth) -> bool {
    matches!(auth, Auth::Simple { length } if name.is_empty() || *length == 0)
}

fn answers(request: &Said<'_>, answer: &Said<'_>) -> bool {
    let of_server = answer.message.from == Side::Server && request.message.from == Side::Client;
    of_server && answer.content.id == request.content.id && matches!(answer.content.body, Body::BindResponse(_))
}

/// More rounds are to come: SASL in progress, or a challenge of NTLM.
fn is_step(auth: &Auth, answer: &Said<'_>) -> bool {
    let step = answer.content.outcome().is_some_and(|result| result.is_challenge || result.code == Some(14));
    step || (auth.is_beginning() && answer.content.outcome().is_some_and(|result| result.code == Some(0)))
}

fn round(case: &Case<'_>, c: &Conversation, request: Said<'_>, answer: Option<Said<'_>>, name: &str) -> Attempt {
    let outcome = match answer {
        Some(answer) => judged(request, answer),
        None => unjudged(c).map_or_else(|| unanswered(case, c, request.at(), true), Outcome::Unknown),
    };
    let ended = c.teardown.at.filter(|_| matches!(outcome, Outcome::CutOff(_)));
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Attempt {
        user: name.clone(),
        asked: name,
        answered: answer.map(|answer| answer.at()).or(ended),
        frames: frames(std::iter::once(request.message).chain(answer.map(|answer| answer.message)), ended),
        outcome,
        ..begun(AttemptKind::LdapBind, c, request.at())
    }
}

fn judged(request: Said<'_>, answer: Said<'_>) -> Outcome {
    if answer.content.incomplete || request.content.incomplete {
        return Outcome::Unknown(Unjudged::Missing);
    }
    match (answer.content.decision(Some(&request.message.body)), answer.content.outcome()) {
        (Decision::Granted, _) => Outcome::Granted,
        (Decision::Refused, Some(result)) => Outcome::Refused(result.words()),
        _ => Outcome::Unknown(Unjudged::UnknownForm),
    }
}

/// A further round decides; what the first one named stays.
fn goes_on_with(begun: &mut Attempt, round: Attempt) {
    begun.outcome = round.outcome;
    begun.answered = round.answered;
    begun.user = begun.user.take().or(round.user);
    begun.asked = begun.asked.take().or(round.asked);
    begun.frames.extend(round.frames);
    begun.frames.sort_unstable();
    begun.frames.dedup();
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use crate::testing::{Story, idle};
    use nrpcsniff_samples::ldap::{LOCKED, PORT, bind, bind_result};
    use nrpcsniff_samples::{Network, Tcp};

    const APP: &str = "cn=sametime,ou=apps,o=example";

    fn dial(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.9"), &net.host("10.1.0.30"), PORT)
    }

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::LdapBind, story)
    }

    #[test]
    fn what_becomes_of_a_bind() {
        let stories: [Story; 5] = [
            ("granted", |net| {
                dial(net).client(bind(1, APP, "secret")).server(bind_result(1, 0, ""));
            }),
            ("refused (49 invalidCredentials, data 775: the account is locked out)", |net| {
                dial(net).client(bind(1, APP, "secret")).server(bind_result(1, 49, LOCKED)).client_fin();
            }),
            ("cut off by the server", |net| {
                dial(net).client(bind(1, APP, "secret")).server_fin();
            }),
            ("unanswered", |net| {
                dial(net).client(bind(1, APP, "secret"));
                idle(net, 10);
            }),
            ("unknown: the capture ends before an answer was due", |net| {
                dial(net).client(bind(1, APP, "secret"));
            }),
        ];
        for (expected, story) in stories {
            let found = told(story);
            assert_eq!(found.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), [expected]);
            assert_eq!(found[0].user.as_deref(), Some(APP));
        }
    }

    #[test]
    fn nobody_in_particular_wants_nothing() {
        let anonymous = |net: &Network| {
            dial(net).client(bind(1, "", "")).server(bind_result(1, 0, ""));
        };
        assert_eq!(told(anonymous), []);
    }

    #[test]
    fn the_same_name_that_gets_in_soon_after_mends_it() {
        let found = told(|net| {
            let tcp = dial(net);
            tcp.client(bind(1, APP, "wrong")).server(bind_result(1, 49, "")).wait(4000);
            tcp.client(bind(2, APP, "secret")).server(bind_result(2, 0, ""));
        });
        assert_eq!(found.iter().map(|told| told.mended).collect::<Vec<_>>(), [true, false]);
    }
}
