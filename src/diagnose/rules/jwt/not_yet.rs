//! A JSON web token is shown before its beginning.

use crate::diagnose::evidence::jwt::{RefusedJwt, draft, refused, tokens};
use crate::diagnose::words::jwt::not_yet as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::model::{RuleId, Severity, Timestamp};

/// See [`ABOUT`].
pub(crate) struct NotYet;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("jwt-not-yet");

static ABOUT: About = About {
    id: ID,
    title: "A JSON web token is not valid yet: clocks of its issuer and of the server differ",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request carries a JSON web token whose own beginning (nbf, or its issue, iat) lies in the future by the clock of the server \
           that refuses it.",
    matters: "A login that just succeeded is refused, and works some seconds or minutes later without anybody having mended anything.",
    guards: &[
        "Judged by the Date of the server's answer, else by packet time, or by the time given with --now.",
        "The server takes the same token later: its clock has come up to it; told all the same, as minor.",
        "Its end has passed as well: silent.",
        "The beginning lies less than a second ahead: silent.",
    ],
    remedy: &[
        "Set the clocks of the issuer (identity provider, Sametime) and of the server by NTP from one source.",
        "Domino: OIDC_LOGIN_CLOCK_SKEW_SEC in notes.ini allows for more than the 15 s that it allows for by itself.",
    ],
    references: &["RFC 7519 sections 4.1.5 and 4.1.6 (nbf, iat)", "HCL Domino: OIDC_LOGIN_CLOCK_SKEW_SEC"],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for NotYet {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = refused(case, |shown| {
            let now = shown.judged_at(case.settings);
            shown.jwt.begins().is_some_and(|begin| begin > now.saturating_add(1))
                && shown.jwt.expires.is_none_or(|end| end > now)
        });
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn finding(case: &Case<'_>, group: &[RefusedJwt<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let begins = first.shown.jwt.begins()?;
    #[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
    let ahead = begins.saturating_sub(first.shown.judged_at(case.settings)) as f64;
    Some(draft(case, &ABOUT, group).says(&words::BeforeItsBeginning {
        tokens: tokens(case, group)?,
        token_begins: Timestamp::from_secs(begins),
        jwt_issuer: first.shown.jwt.issuer.clone(),
        token_issuer_ahead_s: ahead,
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::jwt::{at_chat, checked, claims};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "jwt-not-yet";

    #[test]
    fn a_token_of_the_future() {
        let found = told(RULE, |net| checked(&at_chat(net, &claims(net, "https://idp.example.org", 150, 7200)), 401));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["https://idp.example.org", "2.5 min"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("it has begun", |net| checked(&at_chat(net, &claims(net, "sametime", -5, 7200)), 401)),
            ("taken all the same", |net| checked(&at_chat(net, &claims(net, "sametime", 150, 7200)), 200)),
            ("its end has passed, too", |net| checked(&at_chat(net, &claims(net, "sametime", 150, -10)), 401)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
