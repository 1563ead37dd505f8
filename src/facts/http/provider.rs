//! Logins by an identity provider: a host sends the browser there (SAML, OpenID Connect), the browser comes back with its word, and is
//! shown a page, or is sent there again.

use super::pages::PageAnswer;
use super::{ExchangeId, HttpExchange, HttpIndex};
use crate::facts::Case;
use crate::model::Timestamp;
use hashbrown::HashMap;
use nrpcsniff_dissectors::cookie::{SetCookie, is_blank};
use nrpcsniff_dissectors::http::Parameter;
use nrpcsniff_dissectors::saml::Saml;

/// A browser that is sent away this often without a page in between goes round in a circle.
const CIRCLE: usize = 3;
/// Within this time of the last step (seconds): what begins later is another login.
const ROUND: f64 = 60.0;
/// Requests of the same browser before its answer among which the request to the provider is looked for.
const LOOK_BACK: usize = 64;

/// One login at one host, with all that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ProviderRound {
    /// The request by which the browser was sent away first.
    pub first: ExchangeId,
    /// All of them, in order of time.
    pub exchanges: Vec<ExchangeId>,
    /// How often the host sent the browser away.
    pub away: usize,
    /// The last answer of the provider that the browser brought.
    pub brought: Option<ExchangeId>,
    /// The page that came in the end.
    pub page: Option<ExchangeId>,
}

/// An answer of SAML that a browser brought to an application.
#[derive(Debug, Clone)]
pub(crate) struct SamlAnswer {
    /// The request that brought it: its place in [`HttpIndex::exchanges`].
    pub exchange: ExchangeId,
    /// What it says.
    pub saml: Saml,
    /// The request of the application that it answers, if that was captured.
    pub asked: Option<Saml>,
}

/// Every login by an identity provider, in order of its first request.
pub(super) fn rounds(http: &HttpIndex<'_>) -> Vec<ProviderRound> {
    let mut found: Vec<_> = http.browsers().iter().flat_map(|browser| of_browser(http.asked_by(browser))).collect();
    found.sort_by_key(|round| round.first);
    found
}

fn of_browser<'w, 'a: 'w>(mine: impl Iterator<Item = &'w HttpExchange<'a>>) -> Vec<ProviderRound> {
    let mut found = Vec::new();
    let mut open: HashMap<&str, Open<'w, 'a>> = HashMap::new();
    for exchange in mine {
        let host = exchange.host.as_str();
        if let Some(mut old) = open.remove(host) {
            if old.goes_on(exchange) {
                open.insert(host, old);
            } else {
                found.push(old.round);
            }
        }
        if !open.contains_key(host) && sends_away(exchange) && exchange.is_visit() {
            open.insert(host, Open::begin(exchange));
        }
    }
    found.extend(open.into_values().map(|open| open.round));
    found
}

/// A login on its way.
struct Open<'w, 'a> {
    round: ProviderRound,
    last: &'w HttpExchange<'a>,
}

impl<'w, 'a> Open<'w, 'a> {
    fn begin(first: &'w HttpExchange<'a>) -> Self {
        let round = ProviderRound { first: first.id, exchanges: vec![first.id], away: 1, brought: None, page: None };
        Self { round, last: first }
    }

    /// Takes in what the browser does next; false if the login is over.
    fn goes_on(&mut self, exchange: &'w HttpExchange<'a>) -> bool {
        let (since, brings) = (exchange.at().time.seconds_since(self.last.at().time), brings_answer(exchange));
        if since > ROUND {
            return false;
        }
        let round = &mut self.round;
        if brings {
            round.brought = Some(exchange.id);
        }
        if sends_away(exchange) {
            round.away = round.away.saturating_add(1);
        }
        let is_page = round.brought.is_some() && !brings && exchange.page_answer() == PageAnswer::Granted;
        if is_page || brings || sends_away(exchange) {
            round.exchanges.push(exchange.id);
            self.last = exchange;
        }
        if is_page {
            round.page = Some(exchange.id);
        }
        !is_page
    }
}

impl ProviderRound {
    /// The browser was sent away again and again, and no page came.
    pub(crate) const fn is_circle(&self) -> bool {
        self.page.is_none() && self.away >= CIRCLE
    }

    /// The identity provider that the browser was sent to first.
    pub(crate) fn provider(&self, http: &HttpIndex<'_>) -> Option<String> {
        http.exchange(self.first)?.target().map(|(host, _)| host)
    }

    /// The first cookie that was set when the browser was sent away, and that does not come with the provider's word though it is for
    /// that place.
    pub(crate) fn lost_cookie<'a>(&self, http: &HttpIndex<'a>) -> Option<&'a SetCookie> {
        let (first, brought) = (http.exchange(self.first)?, http.exchange(self.brought?)?);
        let (response, request) = (first.response?, brought.request?);
        let now = response.at().time.whole_seconds();
        let set = response.content.set_cookies.iter().filter(|cookie| !cookie.is_gone(now));
        let is_for = |path: Option<&str>| path.is_none_or(|path| path == "/" || brought.path().starts_with(path));
        let mut set =
            set.filter(|cookie| is_for(cookie.path.as_deref()) && (!cookie.secure || brought.scheme() == "https"));
        let comes = |name: &str| request.cookies.iter().any(|c| c.name == name && !is_blank(c.value.expose()));
        set.find(|cookie| !comes(&cookie.name))
    }
}

impl SamlAnswer {
    /// The time by which it was judged, in seconds since 1970-01-01 UTC: of the Date of the answer, else of the packet.
    pub(crate) fn judged_at(&self, case: &Case<'_>) -> Option<i64> {
        let exchange = case.http().exchange(self.exchange)?;
        let date = exchange.response.and_then(|response| response.content.date);
        let of_server = date.unwrap_or_else(|| exchange.at().time.whole_seconds());
        Some(case.settings.now.map_or(of_server, Timestamp::whole_seconds))
    }

    /// The application does not take it: an error, a login form or page, or back to the provider.
    pub(super) fn is_refused(&self, http: &HttpIndex<'_>) -> bool {
        let Some(exchange) = http.exchange(self.exchange) else { return false };
        let shows_form = exchange.response.is_some_and(|response| response.login_form.is_form());
        exchange.status() >= 400 || shows_form || exchange.leads_to_login() || sends_away(exchange)
    }
}

/// Every answer of SAML that can be read, in order of time.
pub(super) fn saml_answers(http: &HttpIndex<'_>) -> Vec<SamlAnswer> {
    let brought = http.exchanges().iter().filter(|exchange| !http.hops().is_inner(exchange.id));
    let told = brought.filter_map(|exchange| {
        let request = exchange.request?.content;
        let by_form = request.form.iter().find(|parameter| is(parameter, "SAMLResponse"));
        let by_query = || request.query.iter().find(|parameter| is(parameter, "SAMLResponse"));
        let saml = match by_form {
            Some(field) => Saml::of_form(field.value.expose()),
            None => Saml::of_query(by_query()?.value.expose()),
        }?;
        Some(SamlAnswer { exchange: exchange.id, asked: asked(http, exchange, &saml), saml })
    });
    told.filter(|answer| answer.saml.kind == "Response").collect()
}

/// The last request to a provider that its host sent the browser away with, and that bears the ID which the answer names.
fn asked(http: &HttpIndex<'_>, brought: &HttpExchange<'_>, answer: &Saml) -> Option<Saml> {
    let wanted = answer.in_response_to.as_ref()?;
    let mut before = http.before(brought).take(LOOK_BACK).filter(|exchange| exchange.host == brought.host);
    before.find_map(|exchange| {
        let url = exchange.redirect()?;
        let request = url.query.iter().find(|parameter| is(parameter, "SAMLRequest"))?;
        Saml::of_query(request.value.expose()).filter(|asked| asked.id.as_ref() == Some(wanted))
    })
}

/// The answer sends the browser to an identity provider: with a request of SAML, or of OpenID Connect (RFC 6749 section 4.1.1).
pub(crate) fn sends_away(exchange: &HttpExchange<'_>) -> bool {
    let Some(url) = exchange.redirect() else { return false };
    let elsewhere = exchange.target().is_some_and(|(host, _)| host != exchange.host);
    let has = |name: &str| names(&url.query, name);
    elsewhere
        && (has("SAMLRequest") || (has("client_id") && (has("redirect_uri") || has("state") || has("response_type"))))
}

/// The browser brings the provider's word: an assertion of SAML, or a code or an error of OpenID Connect (RFC 6749 section 4.1.2).
pub(crate) fn brings_answer(exchange: &HttpExchange<'_>) -> bool {
    let Some(request) = exchange.request else { return false };
    let has = |name: &str| names(&request.query, name) || names(&request.form, name);
    has("SAMLResponse") || has("SAMLart") || (has("state") && (has("code") || has("error")))
}

fn names(parameters: &[Parameter], wanted: &str) -> bool {
    parameters.iter().any(|parameter| is(parameter, wanted))
}

fn is(parameter: &Parameter, wanted: &str) -> bool {
    parameter.name.eq_ignore_ascii_case(wanted)
}
