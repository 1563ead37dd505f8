//! An assertion is for another application, or for another address of it.

use crate::diagnose::evidence::provider::{draft, login, round_of};
use crate::diagnose::words::saml::audience as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::{HttpExchange, SamlAnswer};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::http::{Url, host_of};

/// See [`ABOUT`].
pub(crate) struct Audience;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("saml-audience");

static ABOUT: About = About {
    id: ID,
    title: "A SAML assertion is for another application, or for another address",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "An application refuses an assertion whose audience is not the name by which the application calls itself in its own request, \
           letter by letter; or whose recipient or destination is not the address to which the browser brought it.",
    matters: "The provider lets every user in, and the application refuses them all.",
    guards: &[
        "The application takes it: silent.",
        "Its time explains it: see saml-time; silent.",
        "The application's own request was not captured: its name is not known, and only the addresses are compared.",
        "A proxy hands the request on, so that the browser's address may differ: medium confidence at most.",
        "The assertion is encrypted: silent.",
    ],
    remedy: &[
        "Identity provider: identifier of the relying party = Service provider ID in the IdP configuration document (idpcat.nsf), letter \
         by letter: http or https, capital letters, a slash at the end.",
        "Identity provider: endpoint (assertion consumer service) = the address that users call, host and path: Domino /names.nsf?SAMLLogin, \
         Sametime 12 /stwebapi/user/connect. Sametime 12: STSAML_TRUSTED_AUDIENCES.",
        "Export the application's metadata anew and import them at the provider.",
    ],
    references: &[
        "OASIS saml-core-2.0 section 2.5.1.4 (AudienceRestriction); saml-profiles-2.0 section 4.1.4.2 (Recipient)",
    ],
    explains: &[crate::diagnose::rules::idp::circle::ID, crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Audience {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.http().refused_saml_answers().filter_map(|answer| finding(case, answer)).collect()
    }
}

fn finding(case: &Case<'_>, answer: &SamlAnswer) -> Option<Draft> {
    let http = case.http();
    let exchange = http.exchange(answer.exchange)?;
    if !answer.saml.is_success() || answer.saml.is_encrypted || !is_timely(answer, answer.judged_at(case)?) {
        return None;
    }
    let mismatch = audience(answer).or_else(|| address(answer, exchange))?;
    let round = round_of(http, answer.exchange)?;
    let draft = draft(case, &ABOUT, 45, &round.exchanges).names_read();
    let draft = if exchange.is_forwarded() { draft.at_most(Confidence::Medium) } else { draft };
    let draft = if round.page.is_some() { draft.severity(Severity::Minor) } else { draft };
    Some(draft.says(&words::ForSomebodyElse {
        login: login(case, round)?,
        saml_issuer: answer.saml.issuer.clone(),
        mismatch,
        status: exchange.status(),
    }))
}

fn is_timely(answer: &SamlAnswer, now: i64) -> bool {
    answer.saml.not_before.is_none_or(|begin| begin <= now.saturating_add(1))
        && answer.saml.not_on_or_after.is_none_or(|end| end > now)
}

/// The application calls itself by a name that is none of the audiences.
fn audience(answer: &SamlAnswer) -> Option<words::SamlMismatch> {
    let own = answer.asked.as_ref()?.issuer.clone()?;
    let named = &answer.saml.audiences;
    let differs = !named.is_empty() && !named.contains(&own);
    differs.then(|| words::SamlMismatch::Audience { named: named.clone(), wanted: own })
}

/// The address to which the browser brought it is none of the recipients, or not the destination.
fn address(answer: &SamlAnswer, exchange: &HttpExchange<'_>) -> Option<words::SamlMismatch> {
    let saml = &answer.saml;
    let is_here = |named: &String| {
        let url = Url::parse(named);
        host_of(&url.host) == exchange.host && url.path == exchange.path()
    };
    let wanted = exchange.url();
    if !saml.recipients.is_empty() && !saml.recipients.iter().any(is_here) {
        return Some(words::SamlMismatch::Recipient { named: saml.recipients.clone(), wanted });
    }
    let elsewhere = saml.destination.as_ref().filter(|named| !is_here(named))?;
    Some(words::SamlMismatch::Destination { named: vec![elsewhere.clone()], wanted })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::provider::{Posted, posts_back};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "saml-audience";

    #[test]
    fn an_audience_that_differs_by_a_slash() {
        let found = told(RULE, |net| {
            posts_back(net, Posted { audience: "http://app.example.com/", status: 500, ..Posted::KEPT });
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["http://app.example.com/", "calls itself http://app.example.com"]);
    }

    #[test]
    fn a_recipient_that_is_another_host() {
        let recipient = "http://other.example.com/names.nsf?SAMLLogin";
        let found = told(RULE, |net| posts_back(net, Posted { recipient, status: 500, ..Posted::KEPT }));
        says(the_one(&found), &["http://other.example.com/names.nsf", "http://app.example.com/names.nsf"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("taken all the same", |net| posts_back(net, Posted { audience: "http://x", ..Posted::KEPT })),
            ("for this application", |net| posts_back(net, Posted { status: 500, ..Posted::KEPT })),
            ("it has ended", |net| {
                posts_back(net, Posted { audience: "http://x", begins: -900, ends: -60, status: 500, ..Posted::KEPT });
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
