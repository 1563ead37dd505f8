//! An assertion is not valid yet, or no longer, when it is shown.

use crate::diagnose::evidence::provider::{draft, login, round_of};
use crate::diagnose::words::saml::time as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::SamlAnswer;
use crate::model::{RuleId, Severity, Timestamp};

/// See [`ABOUT`].
pub(crate) struct Time;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("saml-time");

static ABOUT: About = About {
    id: ID,
    title: "A SAML assertion is not valid yet, or no longer: clocks of identity provider and application differ",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "The browser brings an assertion whose NotBefore lies behind the clock of the application that refuses it, or whose NotOnOrAfter \
           has passed. Logs: Domino's console says \"Single Sign-On token has a creation time in the future\" of the assertion, too.",
    matters: "The provider has let the user in, and the application refuses him; some seconds later the same login may work.",
    guards: &[
        "Judged by the Date of the application's answer, else by packet time, or by the time given with --now.",
        "The application takes it: silent; applications allow for some minutes.",
        "NotBefore less than two seconds ahead: silent.",
        "The assertion is encrypted: its times cannot be read; silent.",
    ],
    remedy: &[
        "Set the clocks of the identity provider and of the application's server by NTP from one source. The clocks to compare are these \
         two, not those of servers that share LTPA tokens.",
        "AD FS: Set-ADFSRelyingPartyTrust -NotBeforeSkew lets assertions begin some minutes earlier.",
        "It had ended: the user stayed too long at the provider, or the form was sent again (back button): begin anew.",
    ],
    references: &[
        "OASIS saml-core-2.0 section 2.5.1 (NotBefore, NotOnOrAfter)",
        "xpagedeveloper.com: Domino, SAML and the clock of the server",
    ],
    explains: &[crate::diagnose::rules::idp::circle::ID, crate::diagnose::rules::http::login_loop::ID],
};

/// Seconds ahead that any reader allows for.
const ALLOWED: i64 = 1;

impl Rule for Time {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.http().refused_saml_answers().filter_map(|answer| finding(case, answer)).collect()
    }
}

fn finding(case: &Case<'_>, answer: &SamlAnswer) -> Option<Draft> {
    let http = case.http();
    let (exchange, now) = (http.exchange(answer.exchange)?, answer.judged_at(case)?);
    let is_early = answer.saml.not_before.filter(|&begin| begin > now.saturating_add(ALLOWED));
    let is_late = answer.saml.not_on_or_after.filter(|&end| end <= now);
    let (bound, off) = is_early
        .map(|begin| (begin, begin.saturating_sub(now)))
        .or(is_late.map(|end| (end, now.saturating_sub(end))))?;
    let round = round_of(http, answer.exchange)?;
    #[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
    let off_s = off as f64;
    let draft = draft(case, &ABOUT, 45, &round.exchanges).names_read();
    let draft = if round.page.is_some() { draft.severity(Severity::Minor) } else { draft };
    Some(draft.says(&words::OutOfTime {
        login: login(case, round)?,
        saml_issuer: answer.saml.issuer.clone(),
        user: answer.saml.name.clone(),
        assertion_bound: Timestamp::from_secs(bound),
        is_too_early: is_early.is_some(),
        off_s,
        status: exchange.status(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::provider::{Posted, posts_back};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "saml-time";

    #[test]
    fn not_yet_and_no_longer() {
        let early = told(RULE, |net| posts_back(net, Posted { begins: 90, status: 500, ..Posted::KEPT }));
        assert_eq!((the_one(&early).severity, the_one(&early).confidence), (Severity::Major, Confidence::High));
        says(the_one(&early), &["not valid yet", "http://idp.example.org/trust", "NotBefore"]);
        let late = told(RULE, |net| posts_back(net, Posted { begins: -900, ends: -60, status: 500, ..Posted::KEPT }));
        says(the_one(&late), &["no longer valid", "NotOnOrAfter"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("taken all the same", |net| posts_back(net, Posted { begins: 90, ..Posted::KEPT })),
            ("within its time", |net| posts_back(net, Posted { status: 500, ..Posted::KEPT })),
            ("a second ahead", |net| posts_back(net, Posted { begins: 4, status: 500, ..Posted::KEPT })),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
