//! A registration that was not renewed.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::sip::lapsed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{Attempt, AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Lapsed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-lapsed");

static ABOUT: About = About {
    id: ID,
    title: "A registration was lost: its renewal failed or never came",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A client was registered; its next REGISTER was refused or not answered, and no later one was \
           accepted. Or no REGISTER came within the time that was granted, and the client went on as if it \
           were registered.",
    matters: "The softphone shows its user online, and calls to him fail (480 or 404) from then on.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "The client registers again in time, or takes the registration back: silent.",
        "It falls silent altogether: the machine was switched off; silent.",
        "Sources that guess names: silent.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "401 to credentials with an old nonce: servers should say stale=true, and clients should try once more \
         with the new nonce either way; raise the lifetime of nonces above the time of registration.",
        "Compare the time that the registrar grants (Expires) with how often the client renews.",
        "Restart the client: it registers anew.",
    ],
    references: &["RFC 3261 section 10.2.4 (renewing a registration)", "RFC 7616 section 3.5 (stale)"],
    explains: &[],
};

impl Rule for Lapsed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let lapsed = lost.of(AttemptKind::SipRegister).filter(|attempt| lost.has_lapsed(attempt));
        told(case, &ABOUT, lost, lapsed, |failure, group| words::NotRenewed {
            failure,
            missed_count: missed(case, group),
        })
    }
}

/// Calls to those users that failed from then on.
fn missed(case: &Case<'_>, group: &[&Attempt]) -> usize {
    let to_them = |call: &&Attempt| {
        let since = group.iter().find(|lost| lost.asked.is_some() && lost.asked == call.asked);
        since.is_some_and(|lost| call.at.time > lost.answered.unwrap_or(lost.at).time)
    };
    let calls = case.attempts().iter().filter(|attempt| attempt.kind == AttemptKind::SipCall);
    calls.filter(|call| call.outcome.is_failure()).filter(to_them).count()
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, phone_of, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-lapsed";

    /// The renewal is answered by 400.
    fn renews_in_vain(net: &Network, phone: &sip::Phone) {
        register(phone);
        net.wait_secs(900);
        let again = phone.register();
        phone.sends(&again).hears(again.response(400));
    }

    #[test]
    fn the_renewal_is_refused() {
        let found = told(RULE, |net| {
            renews_in_vain(net, &phone(net));
            net.wait_secs(1000);
            let bob = phone_of(net, "10.1.0.51", "bob@example.com");
            let invite = bob.call("ann@example.com").invite(20_000);
            bob.sends(&invite).hears(invite.response(480));
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["ann@example.com", "refused (400 Bad Request)", "1 call"]);
    }

    #[test]
    fn the_renewal_never_comes() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            register(&phone);
            net.wait_secs(1900);
            phone.sends(phone.options("bob@example.com"));
        });
        says(the_one(&found), &["not renewed in time"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("renewed", |net| {
                let phone = phone(net);
                register(&phone);
                net.wait_secs(900);
                register(&phone);
                idle(net, 900);
            }),
            ("refused, and accepted at once after that", |net| {
                renews_in_vain(net, &phone(net));
                net.wait_secs(2);
                register(&phone(net));
                idle(net, 90);
            }),
            ("switched off", |net| {
                register(&phone(net));
                idle(net, 4000);
            }),
            ("taken back", |net| {
                let phone = phone(net);
                register(&phone);
                let request = phone.register().expires(0);
                phone.sends(&request).hears(request.response(200));
                idle(net, 4000);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
