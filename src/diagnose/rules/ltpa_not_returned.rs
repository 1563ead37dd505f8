//! The login succeeded, and the browser was given no token.

use super::super::network::{each, group_by};
use super::super::signon::{browsers, lacks_token, locked_out, show_denied};
use super::super::web::pages::Product;
use super::super::web::{Exchange, Web, is_access_manager, is_single_server, is_web_token, origin};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct NotReturned;

static ABOUT: About = About {
    id: "ltpa-not-returned",
    title: "The login succeeded, but the browser was given no sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A login at the Sametime Proxy (or at Domino or WebSphere) is accepted, and neither its answer nor a later one sets an \
           LTPA token. The next server of the same DNS domain gets none and sends the browser to log in.",
    matters: "The chat works, but the meeting or mail server does not know the user, who has to log in again.",
    guards: &[
        "The browser had a token already (a request carries one): silent.",
        "The token was set, but the browser refused it or keeps it for another host: see ltpa-domain-wide and \
         ltpa-domain-narrow.",
        "The server uses a session of its own instead (DomAuthSessId: see sso-not-loaded), a JSON web token (Sametime 12), or an \
         access manager stands before it and keeps the tokens: silent.",
        "A part of the login or of what followed was not captured, or goes over TLS that cannot be read: silent.",
        "The user logged out in between, the login was refused, or the page is served soon after: silent.",
        "The server that asks for a login is of another DNS domain, or is not seen to take part in LTPA sign-on: silent.",
        "Several people behind one address, or a client that keeps no cookies: lower confidence.",
    ],
    remedy: &[
        "Sametime Proxy: in stproxyconfig.xml (on the deployment manager, in the STProxyServer folder) add \
         <tokenDomain>.example.com</tokenDomain> with your domain and a leading dot; synchronize the nodes fully, restart the proxy.",
        "Sametime Community server: make sure that it issues tokens (Web SSO Configuration document, ST_TOKEN_TYPE in sametime.ini); \
         its STUsers log says whether a token was generated.",
        "WebSphere: Global security > Web and SIP security > Single sign-on: enabled, Domain name set.",
    ],
    references: &[
        "HCL Sametime: setting a token domain for the Sametime Proxy Server",
        "collaborationben.com: Sametime and single sign-on (APAR LO83144, as reported there)",
    ],
    explains: &["http-login-loop"],
};

impl Rule for NotReturned {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let found = locked_out(case).filter_map(|denied| Some((login_without_token(case, denied)?, denied)));
        let groups = group_by(found, |(login, denied)| (login.host.clone(), denied.host.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The accepted login before the denial after which the browser should have had a token, and was given none.
fn login_without_token<'w, 'a>(case: &'w Case<'a>, denied: &'w Exchange<'a>) -> Option<&'w Exchange<'a>> {
    let web = case.web();
    let takes_part = |exchange: &Exchange<'_>| exchange.product().is_some() || web.takes_tokens(&exchange.host);
    if !takes_part(denied) || denied.is_forwarded() {
        return None;
    }
    let browser = web.browser(denied);
    if web.of(browser).any(has_other_session) {
        return None;
    }
    let login = web.before(denied).take_while(|before| !before.is_logout()).find(|before| before.is_accepted_login())?;
    let answered = login.response.is_some_and(|response| response.at().time <= denied.at().time);
    let same_site = login.host == denied.host || origin::site(&login.host).is_some_and(|s| Some(s) == origin::site(&denied.host));
    let seen = web.before(denied).take_while(|before| before.index >= login.index).all(Exchange::is_well_captured);
    (answered && same_site && seen && takes_part(login) && issues_tokens(login) && lacks_token(login)).then_some(login)
}

/// A token goes either way, or something that stands in its place: then it is another story.
fn has_other_session(exchange: &Exchange<'_>) -> bool {
    let sent = exchange.request.into_iter().flat_map(|request| &request.http.cookies).map(|c| c.name.as_str());
    let set = exchange.response.into_iter().flat_map(|response| &response.http.set_cookies).map(|c| c.name.as_str());
    let instead = |name: &str| is_single_server(name) || is_web_token(name) || is_access_manager(name);
    exchange.shows_token() || sent.chain(set).any(instead)
}

/// The answer to the login leaves no room for a session of its own kind: it is a known product's.
fn issues_tokens(login: &Exchange<'_>) -> bool {
    login.product().is_some() && !login.is_forwarded()
}

fn finding(case: &Case<'_>, group: &[(&Exchange<'_>, &Exchange<'_>)]) -> Option<Draft> {
    let web = case.web();
    let &(login, denied) = group.first()?;
    let all: Vec<_> = group.iter().map(|(_, denied)| *denied).collect();
    let shared = all.iter().all(|denied| web.browser(denied).is_shared);
    let keeps_none = all.iter().all(|denied| !web.browser(denied).returns_cookies);
    let proxy = login.product() == Some(Product::SametimeProxy);
    let who = login.product().map_or("server", Product::name);
    let draft = Draft::new(&ABOUT, if proxy { 45 } else { 25 })
        .names_read()
        .retry(all.len() > 1)
        .seen_in(all.len())
        .guard(shared)
        .guard(keeps_none)
        .at_most(if proxy { Confidence::High } else { Confidence::Medium })
        .title(format!("{} logged the user in but set no LTPA token; {} asks for a login", login.host, denied.host))
        .explain(format!(
            "The {who} {} took the login of {} (answer {}), but set no LTPA token then or later. {} therefore got none and asked \
             for a login. The first request that should have carried a token is {}.",
            login.host,
            browsers(web, group.iter().map(|(_, denied)| denied.browser)),
            login.status(),
            denied.host,
            denied.line(),
        ));
    let draft = group.iter().fold(draft, |draft, (login, denied)| between(web, draft, login, denied));
    let draft = each(draft, group, "logins", |draft, (login, _)| show_login(draft, login));
    let draft = each(draft, &all, "requests", |draft, denied| show_denied(draft, denied));
    Some(web.name_loops(draft, &case.settings.thresholds, &all))
}

/// Names the conversations from the login to the denial.
fn between(web: &Web<'_>, draft: Draft, login: &Exchange<'_>, denied: &Exchange<'_>) -> Draft {
    let same_host = web.before(denied).take_while(|before| before.index > login.index).filter(|e| e.host == login.host);
    let draft = same_host.take(64).fold(draft, |draft, exchange| draft.conversation(exchange.conversation));
    draft.conversation(login.conversation).conversation(denied.conversation)
}

fn show_login(draft: Draft, login: &Exchange<'_>) -> Draft {
    let draft = draft.packet(login.at(), format!("login: {}", login.line()));
    let Some(response) = login.response else { return draft };
    let names: Vec<_> = response.http.set_cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    let set = if names.is_empty() { "no cookie".to_owned() } else { names.join(", ") };
    draft
        .packet(response.at(), format!("answer: {}, sets {set}", login.status()))
        .absence(format!("no Set-Cookie of an LTPA token by {} after the login", login.host))
}
