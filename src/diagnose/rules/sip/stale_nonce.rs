//! The server calls its own nonce stale.

use crate::diagnose::evidence::sip::{all_recovered, requests, severity, show_all};
use crate::diagnose::words::Clients;
use crate::diagnose::words::sip::stale_nonce as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::is_stale;
use crate::facts::sip::{Series, SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct StaleNonce;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-stale-nonce");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server calls its own nonce stale",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "Credentials are answered with a challenge that says stale=true, and so is the next attempt, which answered the \
           new nonce. Once, and then accepted: minor.",
    matters: "The password is right; the server does not know the nonce that it gave out itself a moment ago. Users get in \
              by chance, or not at all.",
    guards: &[
        "One stale challenge and then a success is how nonces are renewed: minor.",
        "The client repeats the old nonce: its own fault, and said so.",
        "A plain challenge after a stale one is a wrong password: silent.",
        "The capture ends after the first stale challenge: unknown, silent.",
    ],
    remedy: &[
        "Behind a load balancer: keep a client at one node (affinity by Call-ID or source address), or let the nodes share \
         their nonces.",
        "Compare the clocks of the nodes: a nonce holds the time when it was made.",
        "Raise the life of a nonce if it is shorter than a round trip of the slowest client.",
    ],
    references: &["RFC 7616 section 3.3 (stale)", "RFC 3261 section 22.4 (Digest in SIP)"],
    explains: &[],
};

impl Rule for StaleNonce {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let stories = case.sip().series().flat_map(|series| stories(&series));
        let groups = group_by(stories, |story| (story.first.server().ip, story.again.is_some()));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// A stale challenge and what came next.
struct Story<'t, 'a> {
    first: &'t SipExchange<'a>,
    next: &'t SipExchange<'a>,
    /// It was stale again: did the client answer the new nonce?
    again: Option<bool>,
}

fn stories<'t, 'a>(series: &Series<'t, 'a>) -> Vec<Story<'t, 'a>> {
    let pairs = series.exchanges.windows(2).filter_map(|pair| match pair {
        [first, next] if is_stale(first) => Some((first, next)),
        _ => None,
    });
    let told = pairs.filter_map(|(first, next)| match next.outcome() {
        TransactionOutcome::Accepted => Some(Story { first, next, again: None }),
        TransactionOutcome::Challenged if is_stale(next) => {
            Some(Story { first, next, again: Some(answers(first, next)) })
        }
        _ => None,
    });
    told.collect()
}

/// The credentials answer the nonce of that challenge.
fn answers(challenged: &SipExchange<'_>, next: &SipExchange<'_>) -> bool {
    let nonces: Vec<_> = challenged.challenges().iter().filter_map(|c| c.nonce.as_deref()).collect();
    next.credentials().iter().filter_map(|c| c.nonce.as_deref()).any(|nonce| nonces.contains(&nonce))
}

/// One more round with a new nonce is how Digest works (RFC 7616 section 3.3), so that it is minor unless the new one
/// is called stale, too.
fn judge_group(case: &Case<'_>, group: &[Story<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let mut seen = HashSet::new();
    let both = group.iter().flat_map(|story| [story.first, story.next]);
    let exchanges: Vec<_> = both.filter(|e| seen.insert((e.call_id, e.method, e.number))).collect();
    let last: Vec<_> = group.iter().map(|story| story.next).collect();
    let server = first.first.server();
    let Some(answered_new_nonce) = first.again else {
        let clients = Clients::of(group.iter().map(|story| story.first.client().ip));
        let said = words::Renewed { server, clients, count: group.len() };
        let draft = Draft::new(&ABOUT, 45).names_read().severity(Severity::Minor);
        return Some(show_all(draft, &exchanges).says(&said));
    };
    let draft = Draft::new(&ABOUT, 45).names_read().retry(true).seen_in(group.len());
    let worst = severity(case, &last).min(Severity::Major);
    let calls: HashSet<_> = exchanges.iter().map(|e| (e.client(), e.call_id)).collect();
    let said = words::StaleAgain {
        server,
        requests: requests(&last)?,
        count: exchanges.len(),
        in_a_row: calls.len() == 1,
        answered_new_nonce,
        recovered: all_recovered(case, &last),
    };
    Some(show_all(draft, &exchanges).severity(worst).says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, register, says, the_one, told};
    use nrpcsniff_samples::sip;

    const RULE: &str = "sip-stale-nonce";

    fn challenged(phone: &sip::Phone, request: &sip::Message, nonce: &str) -> sip::Message {
        let challenge = request.response(401).challenge("example.com", nonce).stale();
        phone.sends(request).hears(&challenge);
        challenge
    }

    #[test]
    fn a_server_that_forgets_its_own_nonces() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let first = challenged(&phone, &phone.register(), "n1");
            let second = challenged(&phone, &phone.register().credentials(&first, "ann", "secret"), "n2");
            let _ = challenged(&phone, &phone.register().credentials(&second, "ann", "secret"), "n3");
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(finding, &["stale=true 3 times in a row", "the password is right"]);
    }

    #[test]
    fn a_client_that_repeats_the_old_nonce_is_told_so() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let old = challenged(&phone, &phone.register(), "n1");
            let _ = challenged(&phone, &phone.register().credentials(&old, "ann", "secret"), "n2");
            let _ = challenged(&phone, &phone.register().credentials(&old, "ann", "secret"), "n3");
        });
        let finding = found.iter().find(|f| f.severity == Severity::Major).unwrap();
        assert!(finding.explanation.contains("the password is right"), "the first answer was to the new nonce");
        let found = told(RULE, |net| {
            let phone = phone(net);
            let old = phone.register().response(401).challenge("example.com", "n0");
            let _ = challenged(&phone, &phone.register().credentials(&old, "ann", "secret"), "n1");
            let _ = challenged(&phone, &phone.register().credentials(&old, "ann", "secret"), "n2");
        });
        says(the_one(&found), &["stale=true twice in a row", "the client's own mistake"]);
    }

    #[test]
    fn a_nonce_that_is_renewed_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let stale = challenged(&phone, &phone.register(), "n1");
            let second = phone.register().credentials(&stale, "ann", "secret");
            phone.sends(&second).hears(second.response(200).contact_of(&second));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn a_nonce_that_is_renewed_is_no_example_of_one_that_is_forgotten() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let first = challenged(&phone, &phone.register(), "n1");
            let second = challenged(&phone, &phone.register().credentials(&first, "ann", "secret"), "n2");
            let third = phone.register().credentials(&second, "ann", "secret");
            phone.sends(&third).hears(third.response(200).contact_of(&third));
        });
        assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Minor; 2], "{found:#?}");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("accepted", |net| register(&phone(net))),
            ("a wrong password after a stale nonce", |net| {
                let phone = phone(net);
                let stale = challenged(&phone, &phone.register(), "n1");
                let second = phone.register().credentials(&stale, "ann", "wrong");
                phone.sends(&second).hears(second.response(401).challenge("example.com", "n2"));
            }),
            ("the capture ends", |net| {
                let phone = phone(net);
                let _ = challenged(&phone, &phone.register(), "n1");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
