//! A JSON web token is shown after its end.

use crate::diagnose::evidence::jwt::{RefusedJwt, draft, refused, tokens};
use crate::diagnose::words::jwt::expired as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::model::{RuleId, Severity, Timestamp};

/// See [`ABOUT`].
pub(crate) struct Expired;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("jwt-expired");

static ABOUT: About = About {
    id: ID,
    title: "A JSON web token is used after its end",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request carries a JSON web token (sametimeJwt of Sametime 12, or Authorization: Bearer) whose own end (exp) has passed by \
           the clock of the server that refuses it (401, a login page). Its renewal, if one is tried, is refused as well.",
    matters: "The client goes on with a token that no server takes any more: every call fails until the user logs in again.",
    guards: &[
        "Judged by the Date of the server's answer, else by packet time, or by the time given with --now.",
        "The token is renewed and the client gets in within half a minute: that is how tokens are renewed; silent.",
        "The server takes the same token at another time: silent.",
        "The user logs in again later: minor.",
        "An LTPA token stands beside it and may be what was refused: medium confidence at most.",
        "Whether the signature holds is not judged.",
    ],
    remedy: &[
        "Log in again. If it happens in the middle of work, the client did not renew its token in time, or its renewal was refused: look \
         at the answers to /refresh and at the log of the server that issues the tokens.",
        "Sametime 12: JWT_ACCESS_DURATION_MINUTES is the life of sametimeJwt, JWT_REFRESH_DURATION_DAYS that of sametimeRefresh; \
         after the second the user has to sign in anew.",
        "An identity provider: the life of access tokens and of the session by which they are renewed (Keycloak: Access Token Lifespan \
         and SSO Session Idle; AD FS: TokenLifetime).",
        "It ended soon after its issue: compare the clocks of issuer and server.",
    ],
    references: &[
        "RFC 7519 section 4.1.4 (exp)",
        "RFC 6750 section 3.1 (invalid_token)",
        "HCL Sametime 12: token settings",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Expired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = refused(case, |shown| shown.jwt.expires.is_some_and(|end| end <= shown.judged_at(case.settings)));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn finding(case: &Case<'_>, group: &[RefusedJwt<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let end = first.shown.jwt.expires?;
    #[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
    let left = end.saturating_sub(first.shown.judged_at(case.settings)) as f64;
    Some(draft(case, &ABOUT, group).says(&words::PastItsEnd {
        tokens: tokens(case, group)?,
        token_expires: Timestamp::from_secs(end),
        token_left_s: left,
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::jwt::{api, at_chat, bearer, checked, claims, renewed, spent};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::http;

    const RULE: &str = "jwt-expired";

    #[test]
    fn a_token_that_ended_and_a_renewal_that_is_refused() {
        let found = told(RULE, |net| {
            let chat = at_chat(net, &spent(net));
            for _ in 0..3 {
                checked(&chat, 401);
                renewed(&chat, 401);
                net.wait_secs(5);
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(finding, &["uid=ann,o=example", "chat.example.com", "ended", "its renewal was refused 3 times"]);
    }

    #[test]
    fn in_the_header() {
        let found = told(RULE, |net| {
            let refusal = http::response(401).set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            api(net).ask(bearer("/api/v1/lists", &claims(net, "api", -600, -60))).reply(refusal);
        });
        says(the_one(&found), &["401 Unauthorized (invalid_token)"]);
    }

    #[test]
    fn who_logs_in_again_minds_little() {
        let found = told(RULE, |net| {
            checked(&at_chat(net, &spent(net)), 401);
            net.wait_secs(90);
            checked(&at_chat(net, &claims(net, "sametime", 0, 7200)), 200);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("renewed at once", |net| {
                let chat = at_chat(net, &spent(net));
                checked(&chat, 401);
                renewed(&chat, 200);
                checked(&at_chat(net, &claims(net, "sametime", 0, 7200)), 200);
            }),
            ("a living token", |net| checked(&at_chat(net, &claims(net, "sametime", -60, 7200)), 401)),
            ("taken all the same", |net| checked(&at_chat(net, &spent(net)), 200)),
            ("taken before and after", |net| {
                let token = spent(net);
                for status in [200, 401, 200] {
                    checked(&at_chat(net, &token), status);
                    net.wait_secs(60);
                }
            }),
            ("the server's clock is behind", |net| {
                let token = claims(net, "sametime", -600, -60);
                let chat = at_chat(net, &token);
                let old = http::response(401).date(net.now() - 120 * 1_000_000_000);
                chat.tcp().client(
                    http::get("/sametime-auth/api/v1/check").host("chat.example.com").cookie("sametimeJwt", &token),
                );
                chat.tcp().server(old);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
