//! A registration that failed, with an answer that no other rule knows, or without one.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::sip::register_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct RegisterFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-register-failed");

static ABOUT: About = About {
    id: ID,
    title: "The registration at the SIP server failed",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A REGISTER was refused with a status that no other rule knows; or credentials were refused, or a \
           challenge was not answered, and the client gave up; or the connection was closed instead of an \
           answer.",
    matters: "The softphone is not registered: it can neither call nor be called.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "A first 401 or 407 is how digest authentication begins; a user may take a minute to type a password: \
         silent until then.",
        "Sources that guess names: silent.",
        "A renewal: see sip-lapsed.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "400: the server could not read the request; compare it with RFC 3261 (one Authorization header for \
         each set of credentials, no characters that must be quoted).",
        "401 to credentials: enter user name and password anew; a nonce that the server made long ago must not \
         be used again unless it is asked for anew.",
        "SystemOut.log of the SIP Proxy and Registrar at that time says what it did not like (CWSCT and SECJ \
         messages; trace com.ibm.ws.sip.*=all).",
    ],
    references: &["RFC 3261 sections 10.2 and 21 (REGISTER, status codes)", "RFC 7616 section 3.5 (nonces and stale)"],
    explains: &[],
};

impl Rule for RegisterFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let first = lost.of(AttemptKind::SipRegister).filter(|attempt| !lost.has_lapsed(attempt));
        told(case, &ABOUT, lost, first, |failure, _| words::FailedRegistrations { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, phone_of, refused, register, says, the_one, told};

    const RULE: &str = "sip-register-failed";

    #[test]
    fn a_request_that_the_server_cannot_read() {
        let found = told(RULE, |net| {
            refused(&phone(net), 400);
            refused(&phone_of(net, "10.1.0.51", "bob@example.com"), 400);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["refused (400 Bad Request)", "10.1.0.9:5060", "ann@example.com and bob@example.com"]);
    }

    #[test]
    fn a_challenge_that_nobody_answers() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            refused(&phone, 401);
            net.wait_secs(5);
            refused(&phone, 401);
            idle(net, 90);
        });
        says(the_one(&found), &["which the client does not answer"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("it works", |net| register(&phone(net))),
            ("another rule knows it", |net| refused(&phone(net), 403)),
            ("the user may still type", |net| refused(&phone(net), 401)),
            ("a monitor asks once", |net| {
                refused(&phone(net), 401);
                idle(net, 90);
            }),
            ("who leaves", |net| {
                let phone = phone(net);
                let request = phone.register().expires(0);
                phone.sends(&request).hears(request.response(400));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
