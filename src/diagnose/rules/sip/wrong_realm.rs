//! The client answers for another realm than the server asked for.

use crate::diagnose::evidence::sip::{all_recovered, draft, named, requests, subject};
use crate::diagnose::words::sip::wrong_realm as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::scanners;
use crate::facts::sip::{Series, SipExchange};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct WrongRealm;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-wrong-realm");

static ABOUT: About = About {
    id: ID,
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
    explains: &[super::status_401_loop::ID, super::status_407::ID, super::status_403::ID],
};

impl Rule for WrongRealm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let series = case.sip().series().filter(|series| !scanners.contains(&series.client().ip));
        let runs = series.flat_map(|series| runs(&series));
        let groups = group_by(runs, |run| run.wrong.first().map(|e| (e.client().ip, e.method, e.target())));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Requests that answer for another realm than they were asked for, in a run that no success ends.
struct RealmRun<'t, 'a> {
    wrong: Vec<&'t SipExchange<'a>>,
    /// Of the first of them.
    sent: &'a str,
    wanted: &'a str,
    all: &'t [SipExchange<'a>],
}

fn runs<'t, 'a>(series: &Series<'t, 'a>) -> Vec<RealmRun<'t, 'a>> {
    let failed = |run: &&[SipExchange<'a>]| run.last().is_some_and(|last| last.status().is_some_and(|s| s >= 300));
    series.runs().filter(failed).filter_map(run).collect()
}

fn run<'t, 'a>(all: &'t [SipExchange<'a>]) -> Option<RealmRun<'t, 'a>> {
    let pairs = all.windows(2).filter_map(|pair| match pair {
        [asked, answered] => wrong(asked, answered).map(|realms| (answered, realms)),
        _ => None,
    });
    let pairs: Vec<_> = pairs.collect();
    let &(_, (sent, wanted)) = pairs.first()?;
    Some(RealmRun { wrong: pairs.into_iter().map(|(answered, _)| answered).collect(), sent, wanted, all })
}

/// The realm sent and the first one wanted, if they have nothing in common and the request was refused.
fn wrong<'a>(asked: &SipExchange<'a>, answered: &SipExchange<'a>) -> Option<(&'a str, &'a str)> {
    let refused = matches!(answered.status(), Some(401 | 403 | 407));
    let wanted: Vec<&str> = asked.challenges().iter().filter_map(|challenge| challenge.realm.as_deref()).collect();
    let sent: Vec<&str> = answered.credentials().iter().filter_map(|c| c.realm.as_deref()).collect();
    let apart = refused && !sent.iter().any(|realm| wanted.contains(realm));
    sent.first().copied().zip(wanted.first().copied()).filter(|_| apart)
}

fn judge_group(case: &Case<'_>, group: &[RealmRun<'_, '_>]) -> Option<Draft> {
    let RealmRun { sent, wanted, .. } = group.first()?;
    let wrong: Vec<&SipExchange<'_>> = group.iter().flat_map(|run| run.wrong.iter().copied()).collect();
    let first = *wrong.first()?;
    let said = words::OtherRealm {
        server: first.server(),
        requests: requests(&wrong)?,
        count: wrong.len(),
        realm: (*wanted).to_owned(),
        realm_sent: (*sent).to_owned(),
        recovered: all_recovered(case, &wrong),
    };
    let draft = draft(case, &ABOUT, &wrong).says(&said);
    let cure = format!("Set the realm of {} in the client to \"{wanted}\", or leave it empty.", subject(first));
    Some(group.iter().flat_map(|run| run.all).fold(draft, named).remedy_first(cure))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, findings, phone, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-wrong-realm";

    fn challenge(phone: &sip::Phone, request: &sip::Message, realm: &str) -> sip::Message {
        let challenge = request.response(401).challenge(realm, "8f3c");
        phone.sends(request).hears(&challenge);
        challenge
    }

    /// `attempts` answers in that realm, each refused.
    fn answers_in(phone: &sip::Phone, realm: &str, attempts: usize) {
        let mut asked = challenge(phone, &phone.register(), "sip.example.com");
        for _ in 0..attempts {
            let request = phone.register().credentials_in(realm, &asked, "ann", "secret");
            asked = challenge(phone, &request, "sip.example.com");
        }
    }

    #[test]
    fn an_answer_for_another_realm_explains_the_loop() {
        let net = Network::new();
        answers_in(&phone(&net), "example.com", 3);
        let sip: Vec<_> = findings(&net.to_pcapng()).into_iter().filter(|f| f.rule.starts_with("sip-")).collect();
        let finding = the_one(&sip);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Blocker, Confidence::High)
        );
        assert_eq!(finding.also, ["sip-401-loop"]);
        says(finding, &["realm \"example.com\" instead of \"sip.example.com\"", "ann@example.com"]);
    }

    #[test]
    fn letters_count() {
        let found = told(RULE, |net| answers_in(&phone(net), "SIP.example.com", 1));
        says(the_one(&found), &["upper and lower case only"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("accepted", |net| register(&phone(net))),
            ("the right realm, refused", |net| answers_in(&phone(net), "sip.example.com", 3)),
            ("what the client remembers, then the right realm", |net| {
                let phone = phone(net);
                let old = phone.register().response(401).challenge("example.com", "old");
                let first = phone.register().credentials(&old, "ann", "secret");
                let asked = challenge(&phone, &first, "sip.example.com");
                let second = phone.register().credentials(&asked, "ann", "secret");
                phone.sends(&second).hears(second.response(200).contact_of(&second));
            }),
            ("the wrong one beside the right one", |net| {
                let phone = phone(net);
                let asked = challenge(&phone, &phone.register(), "sip.example.com");
                let both = phone.register().credentials(&asked, "ann", "secret");
                let right = both.value("Authorization").to_owned();
                let both = both.credentials_in("example.com", &asked, "ann", "secret").header("Authorization", &right);
                let _ = challenge(&phone, &both, "sip.example.com");
            }),
            ("corrected and accepted in the end", |net| {
                let phone = phone(net);
                answers_in(&phone, "example.com", 1);
                register(&phone);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
