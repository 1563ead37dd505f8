//! What an application noted in a cookie before it sent the browser to its identity provider does not come back.

use crate::diagnose::evidence::provider::{draft, login};
use crate::diagnose::words::idp::cookie_lost as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::{HttpExchange, ProviderRound, origin};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::cookie::SetCookie;

/// See [`ABOUT`].
pub(crate) struct CookieLost;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("idp-cookie-lost");

static ABOUT: About = About {
    id: ID,
    title: "A cookie that was set on the way to the identity provider does not come back with its word",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "An application sets a cookie when it sends the browser to the identity provider: the page that was wanted, or the state of the \
           login. The provider's word comes without it, and the browser is led to another page, or the login is refused.",
    matters: "The user is signed in and lands on the start page instead of where he wanted to go; or the application no longer knows \
              the login that it began, and refuses it.",
    guards: &[
        "The user gets to the page that he wanted: silent.",
        "The cookie is for another path, or for https only and the word comes by http: silent (see ltpa-secure-on-http).",
        "The cookie's name and value do not tell that it is about the login: medium confidence at most.",
        "What browsers do with SameSite is inferred from their rules, unless a later request shows that the cookie was there.",
    ],
    remedy: &[
        "A form that another site posts carries only cookies with SameSite=None and Secure: let the application set the cookie so, and \
         use https. Domino 12 and later: SameSite in the Web Site, Server or Web SSO Configuration document, or notes.ini \
         DOMINO_SAMESITE_SINGLESERVER=3 and DOMINO_SAMESITE_MULTISERVERSSO=3.",
        "It ended before the user was done at the provider: let it live longer (Domino: OIDC_LOGIN_COOKIE_DURATION_SEC, 120 s if not set).",
        "The word comes to another host name than that which set the cookie: use one name in both.",
    ],
    references: &[
        "draft-ietf-httpbis-rfc6265bis section 5.6.7 (SameSite)",
        "HCL Domino: configuring the SameSite cookie attribute",
    ],
    explains: &[super::circle::ID, crate::diagnose::rules::ltpa::samesite::ID],
};

/// Names of cookies in which applications note a login, by how they begin.
const NOTES: [&str; 7] =
    ["samlredirecturl", "wasrequrl", "wasoidc", "mod_auth_openidc_state", "mellonreq", "_shibstate", "_opensaml_req"];

impl Rule for CookieLost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.http().provider_rounds().iter().filter_map(|round| finding(case, round)).collect()
    }
}

/// 20 points for a browser that has the cookie later, or must hold it back by its SameSite: else it may have been deleted. 20 for a
/// cookie that is about the login by its name or content: else the application may not have missed it.
fn finding(case: &Case<'_>, round: &ProviderRound) -> Option<Draft> {
    let http = case.http();
    let lost = round.lost_cookie(http)?;
    let (first, brought) = (http.exchange(round.first)?, http.exchange(round.brought?)?);
    let page = round.page.and_then(|id| http.exchange(id));
    let fate = match page {
        Some(page) if page.path() != first.path() => words::Fate::Elsewhere { landed_on: page.url() },
        None if brought.status() >= 400 => words::Fate::Refused { status: brought.status() },
        _ => return None,
    };
    let tells = is_note(lost, first.path());
    let later = http.after(brought).find(|next| next.host == brought.host && carries(next, lost));
    let because = because(lost, first, brought);
    let draft = draft(case, &ABOUT, 45, &round.exchanges);
    let draft = if later.is_some() || because == words::LostBecause::SameSite { draft.points(20) } else { draft };
    let draft = if tells { draft.points(20) } else { draft.at_most(Confidence::Medium) };
    let draft = match later {
        Some(next) => draft.packet(next.at(), format!("{} carries {} again", next.line(), lost.name)),
        None => draft,
    };
    Some(draft.says(&words::Lost {
        login: login(case, round)?,
        cookie: lost.name.clone(),
        same_site: lost.same_site.clone(),
        because,
        fate,
    }))
}

/// The cookie tells that it is about the login: by its name, or because it holds the page that was wanted.
fn is_note(cookie: &SetCookie, wanted: &str) -> bool {
    let name = cookie.name.to_ascii_lowercase();
    let holds_page = wanted.len() > 1 && cookie.value.expose().replace("%2F", "/").replace("%2f", "/").contains(wanted);
    holds_page || name.contains("state") || NOTES.iter().any(|known| name.starts_with(known))
}

fn carries(exchange: &HttpExchange<'_>, cookie: &SetCookie) -> bool {
    let cookies = exchange.request.into_iter().flat_map(|request| &request.content.cookies);
    cookies.into_iter().any(|sent| sent.name == cookie.name && sent.value == cookie.value)
}

/// A form that another site posts, and a cookie that browsers keep back from such.
fn because(cookie: &SetCookie, first: &HttpExchange<'_>, brought: &HttpExchange<'_>) -> words::LostBecause {
    let provider = first.target().map(|(host, _)| host).unwrap_or_default();
    let sites = origin::site(&provider).zip(origin::site(&brought.host));
    let is_other_site = sites.is_some_and(|(a, b)| a != b);
    let crosses =
        cookie.secure && cookie.same_site.as_deref().is_some_and(|policy| policy.eq_ignore_ascii_case("None"));
    let ended = cookie
        .max_age
        .is_some_and(|age| first.at().time.whole_seconds().saturating_add(age) <= brought.at().time.whole_seconds());
    match () {
        () if ended => words::LostBecause::Ended,
        () if brought.method() == "POST" && is_other_site && !crosses => words::LostBecause::SameSite,
        () => words::LostBecause::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::provider::{Posted, posts_back};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "idp-cookie-lost";

    #[test]
    fn the_start_page_in_place_of_the_wanted_one() {
        let found = told(RULE, |net| posts_back(net, Posted { landed: "/home.nsf", ..Posted::LOST }));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(
            finding,
            &["SAMLRedirectURL", "SameSite=Lax", "lands on http://app.example.com/home.nsf", "idp.example.org"],
        );
    }

    #[test]
    fn refused_for_want_of_its_state() {
        let found = told(RULE, |net| posts_back(net, Posted { status: 400, ..Posted::LOST }));
        says(the_one(&found), &["400"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 2] = [
            ("the cookie comes back", |net| {
                posts_back(net, Posted { comes_back: true, landed: "/home.nsf", ..Posted::LOST });
            }),
            ("the wanted page comes all the same", |net| posts_back(net, Posted::LOST)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
