//! An identity provider does not log the user in, and says so.

use crate::diagnose::evidence::provider::{draft, login, round_of};
use crate::diagnose::words::idp::refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::{ExchangeId, HttpExchange};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct RefusedByProvider;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("idp-refused");

static ABOUT: About = About {
    id: ID,
    title: "The identity provider refuses the login, and says why",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "The browser comes back from the identity provider with an error: a Response of SAML whose status is not Success, or a callback \
           of OpenID Connect with error=.",
    matters: "The application cannot let the user in: the cause is at the provider, or in what the application asked of it.",
    guards: &[
        "The application shows the page all the same: silent.",
        "A silent check of the session (NoPassive, login_required, interaction_required, consent_required): silent.",
        "An application that neither takes tokens nor is a product of HCL or IBM: minor.",
    ],
    remedy: &[
        "Requester, InvalidNameIDPolicy, invalid_request, invalid_scope, unauthorized_client: the application asks for what the provider \
         does not grant it; compare the entry of the application at the provider (identifier, redirect address, form of the name, scopes).",
        "Responder, AuthnFailed, access_denied: the provider did not accept the user, or the user may not use this application; the \
         provider's log says which (AD FS: its event log; it sends Responder for nearly everything).",
        "server_error, temporarily_unavailable: the provider itself has a fault.",
    ],
    references: &[
        "OASIS saml-core-2.0 section 3.2.2.2 (status codes)",
        "RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6 (errors)",
    ],
    explains: &[super::circle::ID],
};

/// What providers say to a browser that only asks whether its user is logged in already.
const SILENT: [&str; 5] =
    ["NoPassive", "login_required", "interaction_required", "consent_required", "account_selection_required"];
/// Longest error that is one: those of the standards are words.
const MAX_ERROR: usize = 64;

impl Rule for RefusedByProvider {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let saml = http.saml_answers().iter().filter(|answer| !answer.saml.is_success());
        let saml = saml.map(|answer| (answer.exchange, answer.saml.status.clone()));
        let oidc = http.provider_rounds().iter().flat_map(|round| round.exchanges.iter().copied());
        let oidc = oidc.filter_map(|id| Some((id, vec![error(http.exchange(id)?)?])));
        saml.chain(oidc).filter_map(|(id, said)| finding(case, id, said)).collect()
    }
}

/// The error of a callback, if it is a word.
fn error(exchange: &HttpExchange<'_>) -> Option<String> {
    let request = exchange.request?.content;
    request.parameter("state")?;
    let error = request.parameter("error")?.expose();
    let is_word =
        (1..=MAX_ERROR).contains(&error.len()) && error.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_word.then(|| error.to_owned())
}

fn finding(case: &Case<'_>, id: ExchangeId, said: Vec<String>) -> Option<Draft> {
    let http = case.http();
    let round = round_of(http, id)?;
    let is_silent = said.iter().any(|status| SILENT.contains(&status.as_str()));
    if said.is_empty() || is_silent || round.page.is_some() {
        return None;
    }
    Some(
        draft(case, &ABOUT, 45, &round.exchanges)
            .names_read()
            .says(&words::Said { login: login(case, round)?, provider_said: said }),
    )
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::provider::{Posted, comes_back_with, posts_back};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "idp-refused";

    #[test]
    fn a_status_of_saml() {
        let found = told(RULE, |net| posts_back(net, Posted { said: "Responder", status: 403, ..Posted::KEPT }));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["idp.example.org", "Responder, AuthnFailed"]);
    }

    #[test]
    fn an_error_of_openid_connect() {
        let found = told(RULE, |net| comes_back_with(net, "error=access_denied&state=s1"));
        says(the_one(&found), &["access_denied"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("a silent check", |net| comes_back_with(net, "error=login_required&state=s1")),
            ("a code", |net| comes_back_with(net, "code=abc&state=s1")),
            ("success", |net| posts_back(net, Posted::KEPT)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
