//! The client answers for another realm than the server asked for.

use super::super::network::group_by;
use super::super::sip::{aftermath, draft, scanners, subject};
use super::super::telephony::{Exchange, Series};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;
use nrpcsniff_dissectors::auth::Credentials;

/// See [`ABOUT`].
pub struct WrongRealm;

static ABOUT: About = About {
    id: "sip-wrong-realm",
    title: "The client's credentials are for another realm",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "After a challenge (401, 407) for one realm, the client sends credentials for another one and is refused.",
    matters: "A password counts for one realm: however right it is, the server cannot accept it for another.",
    guards: &[
        "Several challenges (of a proxy and a server, of branches): an answer to any of them counts.",
        "Credentials sent before any challenge was seen, by what the client remembers: silent.",
        "The client answers the right realm next and is accepted: silent.",
        "Credentials of another realm beside the right ones: silent.",
    ],
    remedy: &[
        "Correct the realm or domain in the client's SIP account, or leave it empty so that the client takes the server's.",
        "If the server's realm has changed: let the users enter their password anew; stored digests are of the old realm.",
        "All nodes of a cluster must ask for the same realm (it is case sensitive).",
    ],
    references: &["RFC 3261 section 22.1 (realm, protection space)", "RFC 7616 section 3.3 (realm)"],
    explains: &["sip-401-loop", "sip-407", "sip-403"],
};

impl Rule for WrongRealm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let series = case.telephony().series().filter(|series| !scanners.contains(&series.client().ip));
        let failed = series.flat_map(|series| runs_with_wrong_realm(&series));
        let groups = group_by(failed, |(exchange, ..)| (exchange.client().ip, exchange.method, exchange.target()));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// A request, the realm it answers for, and the realms it was asked for.
type Wrong<'t, 'a> = (&'t Exchange<'a>, &'a str, Vec<&'a str>, &'t [Exchange<'a>]);

/// In runs that no success ends.
fn runs_with_wrong_realm<'t, 'a>(series: &Series<'t, 'a>) -> Vec<Wrong<'t, 'a>> {
    let failed = series.runs().filter(|run| run.last().is_some_and(|last| last.status().is_some_and(|s| s >= 300)));
    failed
        .flat_map(|run| {
            run.windows(2).filter_map(move |pair| match pair {
                [asked, answered] => wrong(asked, answered).map(|(sent, wanted)| (answered, sent, wanted, run)),
                _ => None,
            })
        })
        .collect()
}

/// The realm sent and the realms wanted, if they have nothing in common.
fn wrong<'a>(asked: &Exchange<'a>, answered: &Exchange<'a>) -> Option<(&'a str, Vec<&'a str>)> {
    let refused = matches!(answered.status(), Some(401 | 403 | 407));
    let wanted: Vec<&str> = asked.challenges().iter().filter_map(|challenge| challenge.realm.as_deref()).collect();
    let sent: Vec<&str> = answered.credentials().iter().filter_map(|c: &Credentials| c.realm.as_deref()).collect();
    let apart = refused && !wanted.is_empty() && !sent.iter().any(|realm| wanted.contains(realm));
    sent.first().copied().filter(|_| apart).map(|sent| (sent, wanted))
}

fn judge_group(case: &Case<'_>, group: &[Wrong<'_, '_>]) -> Option<Draft> {
    let (first, sent, wanted, _) = group.first()?;
    let wanted = wanted.first()?;
    let all: Vec<&Exchange<'_>> = group.iter().map(|(exchange, ..)| *exchange).collect();
    let of_runs = group.iter().flat_map(|(.., run)| run.iter());
    let case_only = if sent.eq_ignore_ascii_case(wanted) {
        " They differ in upper and lower case only, and that counts."
    } else {
        ""
    };
    let draft = draft(case, &ABOUT, &all)
        .title(format!("{} answers for realm \"{sent}\" instead of \"{wanted}\"", subject(first)));
    let draft = of_runs.fold(draft, |draft, exchange| super::super::sip::named(draft, exchange));
    Some(
        draft
            .explain(format!(
                "{} asked {} for credentials of realm \"{wanted}\"; the client at {} sent some for realm \"{sent}\" and was \
                 refused.{case_only}{}",
                first.server(),
                subject(first),
                first.client().ip,
                aftermath(case, &all),
            ))
            .remedy_first(format!("Set the realm of {} in the client to \"{wanted}\", or leave it empty.", subject(first))),
    )
}
