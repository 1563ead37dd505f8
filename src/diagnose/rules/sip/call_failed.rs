//! A call that was refused for a reason that no other rule knows.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::sip::call_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{Attempt, AttemptKind, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct CallFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-call-failed");

static ABOUT: About = About {
    id: ID,
    title: "The call failed",
    severity: Severity::Major,
    layer: Layer::Fallback,
    sees: "An INVITE outside of a dialog was refused with a status that no other rule knows, its challenge was \
           not answered, or its connection was closed instead of an answer.",
    matters: "The caller hears that the call cannot be made.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "What people do is no failure: busy (486, 600), declined (603), cancelled (487), nobody picks up (480 \
         after ringing); silent.",
        "The registration of the user who is called was lost: see sip-lapsed, which counts the call.",
        "Sources that guess names: silent.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "488 and 606: the two sides have no common codec or transport for media (SRTP against RTP, no common \
         address family): compare their SDP.",
        "480 without ringing, 410: the user called is not registered at present; look at that client's \
         registrations.",
        "SystemOut.log of the SIP Proxy and Registrar and of the conference manager at that time.",
    ],
    references: &["RFC 3261 section 21 (status codes)"],
    explains: &[],
};

impl Rule for CallFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let lapsed = lost.of(AttemptKind::SipRegister).filter(|attempt| lost.has_lapsed(attempt));
        let gone: HashSet<&str> = lapsed.filter_map(|attempt| attempt.asked.as_deref()).collect();
        let is_gone = |call: &&Attempt| call.asked.as_deref().is_some_and(|user| gone.contains(user));
        told(case, &ABOUT, lost, lost.of(AttemptKind::SipCall).filter(|call| !is_gone(call)), |failure, _| {
            words::NotPutThrough { failure }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, call_ends, says, the_one, told};

    const RULE: &str = "sip-call-failed";

    #[test]
    fn nothing_in_common() {
        let found = told(RULE, |net| call_ends(net, &[100], 488));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(finding, &["ann@example.com", "bob@example.com", "refused (488"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("busy", |net| call_ends(net, &[180], 486)),
            ("nobody picks up", |net| call_ends(net, &[180], 480)),
            ("declined", |net| call_ends(net, &[180], 603)),
            ("cancelled", |net| call_ends(net, &[180], 487)),
            ("another rule knows it", |net| call_ends(net, &[100], 404)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
