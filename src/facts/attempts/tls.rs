//! Channels of TLS: both sides go on inside.

use super::{begun, disputed_before, frames, unanswered, unjudged};
use crate::facts::Case;
use crate::facts::tls::TlsHandshake;
use crate::model::{Attempt, AttemptKind, CloseBy, Outcome, Side, Stamp, Unjudged, Weight};

/// Every handshake whose ClientHello was seen, but for those of somebody who tries out what a server can.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    case.tls().all().map(|handshake| channel(case, handshake)).collect()
}

fn channel(case: &Case<'_>, handshake: &TlsHandshake<'_>) -> Attempt {
    let c = handshake.conversation;
    let outcome = outcome(case, handshake);
    let alert = handshake.alert.map(|(message, _)| message.at);
    let answer = handshake.answer.map(|answer| answer.at());
    let ended = c.teardown.at.filter(|_| outcome.is_failure());
    let host = handshake.host().map(str::to_owned);
    let shown: Vec<Stamp> = alert.or(ended).into_iter().chain(answer.filter(|_| outcome.is_failure())).collect();
    Attempt {
        server_name: host.clone(),
        asked: host,
        answered: alert.filter(|_| outcome.is_failure()).or(ended).or(answer),
        frames: frames([handshake.hello.message], shown),
        weight: if is_given_up(case, handshake, &outcome) { Weight::NobodyMinds } else { Weight::Wanted },
        outcome,
        ..begun(AttemptKind::Tls, c, handshake.hello.at())
    }
}

/// A client that leaves in the middle and blames nobody has changed its mind. One that falls silent when it has seen the server's
/// part has, too, and the server that hangs up on it later only tidies up.
fn is_given_up(case: &Case<'_>, handshake: &TlsHandshake<'_>, outcome: &Outcome) -> bool {
    let fell_silent = || {
        let waited = handshake.answer.map(|answer| handshake.ended().since(answer.at().time));
        waited.is_some_and(|waited| waited >= case.settings.thresholds.reply_timeout) && !handshake.has_gone_on()
    };
    match outcome {
        Outcome::CutOff(CloseBy::Client) => true,
        Outcome::CutOff(_) => fell_silent(),
        _ => false,
    }
}

fn outcome(case: &Case<'_>, handshake: &TlsHandshake<'_>) -> Outcome {
    let c = handshake.conversation;
    for side in [Side::Client, Side::Server] {
        if let Some((_, alert)) = handshake.refused_by(side) {
            return Outcome::Refused(format!("{} of the {}", alert.shown(), side.name()));
        }
    }
    if handshake.refused_unseen() {
        return Outcome::Refused("sealed alert of the client".to_owned());
    }
    let left = handshake.left_at_certificate() || handshake.left_before_a_word();
    if left && handshake.blame().is_some() {
        return Outcome::Refused("the client left when it had seen the certificate".to_owned());
    }
    let whole = unjudged(c);
    match (handshake.got_through(), whole) {
        (true, _) if disputed_before(c, handshake.got_through_by()) => return Outcome::Unknown(Unjudged::Disputed),
        (true, _) if handshake.may_be_refused_inside() => return Outcome::Unknown(Unjudged::Encrypted),
        (true, _) => return Outcome::Granted,
        (false, Some(why)) => return Outcome::Unknown(why),
        (false, None) if !handshake.is_whole() => return Outcome::Unknown(Unjudged::Missing),
        (false, None) => {}
    }
    unanswered(case, c, handshake.hello.at(), handshake.is_unanswered())
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::AttemptKind;
    use crate::testing::{Story, idle};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::tls::{Presents, Tls};

    fn told(story: fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::Tls, story)
    }

    #[test]
    fn what_becomes_of_a_handshake() {
        let stories: [Story; 6] = [
            ("granted", |net| get(net, &Tls::v12(MEET))),
            ("refused (unknown_ca (48) of the client)", |net| {
                fails(net, &Tls::v12(MEET).presents(Presents::ChainCut), 1);
            }),
            ("refused (sealed alert of the client)", |net| fails(net, &Tls::v13(MEET).presents(Presents::ChainCut), 1)),
            ("refused (protocol_version (70) of the server)", |net| {
                fails(net, &Tls::v12(MEET).without_common_version(), 1);
            }),
            ("unanswered", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v13(MEET)));
                idle(net, 10);
            }),
            ("cut off by the client, nobody minds", |net| {
                let tcp = call(net);
                tcp.client(tcp.tls_hello(&Tls::v13(MEET))).client_fin();
            }),
        ];
        for (expected, story) in stories {
            let found = told(story);
            assert_eq!(found.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), [expected]);
            assert_eq!(found[0].asked.as_deref(), Some(MEET));
        }
    }

    /// In TLS 1.3 the client's part is over before the server looks at its certificate.
    #[test]
    fn a_client_certificate_that_is_refused_is_not_granted() {
        let found = told(|net| fails(net, &Tls::v13(MEET).wants_certificate(), 1));
        let outcomes: Vec<_> = found.iter().map(|told| told.outcome.as_str()).collect();
        assert_eq!(outcomes, ["unknown: what would tell is encrypted, and no key fits"]);
    }
}
