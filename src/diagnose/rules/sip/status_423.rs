//! The registration asks for less time than the server grants, and the client does not learn.

use crate::diagnose::evidence::sip::{severity, show_all, subject};
use crate::diagnose::words::sip::status_423 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::{Series, SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct TooBrief;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-423");

static ABOUT: About = About {
    id: ID,
    title: "The registration asks for less time than the server grants",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, SUBSCRIBE or PUBLISH is answered with 423, with a Min-Expires above the time asked for, and the \
           client asks for the same time again.",
    matters: "A client that does not take over Min-Expires never registers; one that does needs a further request each \
              time.",
    guards: &[
        "The client asks for at least Min-Expires and is accepted: minor, it costs one round trip.",
        "The capture ends after the first 423: unknown, silent.",
        "A Min-Expires that is not above the time asked for is not the client's fault: silent.",
    ],
    remedy: &[
        "Set the registration time of the client to the server's least value or more (Expires in its SIP settings).",
        "Or lower the least registration time of the SIP Proxy and Registrar.",
    ],
    references: &["RFC 3261 section 10.2.8 (423 Interval Too Brief)", "RFC 3261 section 20.23 (Min-Expires)"],
    explains: &[],
};

impl Rule for TooBrief {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.sip().series().filter_map(|series| judge_series(case, &series)).collect()
    }
}

/// A client that asked twice for the same time has not read Min-Expires; one that learned is minor, because the
/// registration stands.
fn judge_series(case: &Case<'_>, series: &Series<'_, '_>) -> Option<Draft> {
    let refused: Vec<&SipExchange<'_>> = series.exchanges.iter().filter(|exchange| is_brief(exchange)).collect();
    let first = *refused.first()?;
    let asked = first.expires()?;
    let least = first.answer().and_then(|answer| answer.sip.min_expires);
    let after = series.exchanges.iter().skip_while(|e| e.number != first.number).skip(1);
    let learned = after.clone().any(|e| e.outcome() == TransactionOutcome::Accepted && e.expires() > Some(asked));
    let again = refused.iter().filter(|e| e.expires() == Some(asked)).count();
    if !learned && again < 2 {
        return None;
    }
    let said = words::TimeTooShort {
        server: first.server(),
        user: first.target(),
        client: first.client().ip,
        count: again,
        requested_s: asked,
        least_s: least,
        recovered: learned,
    };
    let draft = show_all(Draft::new(&ABOUT, 45).names_read(), &refused).says(&said);
    if learned {
        return Some(draft.severity(Severity::Minor));
    }
    let draft = draft.severity(severity(case, &refused)).retry(true);
    Some(match least {
        Some(least) => draft.remedy_first(format!(
            "Let the client of {} register for {least} seconds or more, or let {} grant {asked} seconds.",
            subject(first),
            first.server(),
        )),
        None => draft,
    })
}

/// Refused because the time is too short, and it is.
fn is_brief(exchange: &SipExchange<'_>) -> bool {
    let least = exchange.answer().and_then(|answer| answer.sip.min_expires);
    exchange.status() == Some(423) && least.is_none_or(|least| exchange.expires().is_some_and(|asked| asked < least))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, register, says, the_one, told};
    use nrpcsniff_samples::sip;

    const RULE: &str = "sip-423";

    fn too_brief(phone: &sip::Phone, asked: u32, least: &str) {
        let request = phone.register().expires(asked);
        phone.sends(&request).hears(request.response(423).header("Min-Expires", least));
    }

    #[test]
    fn a_client_that_does_not_learn() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            too_brief(&phone, 60, "3600");
            too_brief(&phone, 60, "3600");
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["60 seconds", "Min-Expires 3600", "register for 3600 seconds or more"]);
    }

    #[test]
    fn a_client_that_learns_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            too_brief(&phone, 60, "3600");
            let request = phone.register().expires(3600);
            phone.sends(&request).hears(request.response(200).contact_of(&request).expires(3600));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("accepted", |net| register(&phone(net))),
            ("the capture ends", |net| too_brief(&phone(net), 60, "3600")),
            ("the least time is not above what was asked", |net| {
                let phone = phone(net);
                too_brief(&phone, 3600, "60");
                too_brief(&phone, 3600, "60");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
