//! A browser logs in again and again.

use super::super::network::count;
use super::super::signon::{answer, tokens_held};
use super::super::web::{Exchange, Fit, Loop, Web, origin, tokens_sent, tokens_set};
use super::super::words::span;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct LoginLoop;

static ABOUT: About = About {
    id: "http-login-loop",
    title: "A browser is sent to log in again and again",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "Three times and more the server takes a login, and within 30 seconds sends the same browser to the login page again, \
           without letting it in once.",
    matters: "The user sees the login form come back, or the browser gives up with \"too many redirects\".",
    guards: &[
        "One redirect to the login page, then success: silent; any page that is served ends the count.",
        "A wrong password (4xx, the form again) ends the count: that is no loop.",
        "Files of a page, icons, preflights (OPTIONS) and not-modified answers do not count.",
        "A client that keeps no cookies at all although it is given some (script, crawler, monitor): silent.",
        "Logins that go over TLS which cannot be read are not seen: silent.",
        "Neither tokens nor products of HCL or IBM are involved: minor.",
        "Several people behind one address, or parts missing in the capture: lower confidence.",
    ],
    remedy: &[
        "The token is sent and not taken: compare LTPA keys, realm, token format and clocks of issuer and server.",
        "The token is not sent: compare domain, Secure, SameSite and path of the cookie with the address that is called.",
        "No token is set: look at the single sign-on configuration of the server that takes the login.",
    ],
    references: &["HCL Domino: multi-server session-based authentication", "WebSphere: troubleshooting single sign-on"],
    explains: &[],
};

impl Rule for LoginLoop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let loops = case.web().loops(&case.settings.thresholds);
        loops.iter().filter_map(|found| finding(case, found)).collect()
    }
}

fn finding(case: &Case<'_>, found: &Loop) -> Option<Draft> {
    let web = case.web();
    let first = web.exchanges().get(found.rounds.first()?.denied)?;
    let login = web.exchanges().get(found.rounds.first()?.login)?;
    let missed = web.exchanges().get(found.denials().nth(1)?)?;
    let last = web.exchanges().get(found.last)?;
    if keeps_no_cookies(web, found) {
        return None;
    }
    let browser = web.browser(first);
    let all = || found.exchanges().filter_map(|index| web.exchanges().get(index));
    let ours = all().any(|exchange| exchange.shows_token() || exchange.product().is_some());
    let lasted = last.at().time.seconds_since(first.at().time);
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .guard(browser.is_shared)
        .guard(!all().all(Exchange::is_well_captured))
        .title(format!("{} is sent to log in at {} again and again", browser.label(), found.host))
        .explain(format!(
            "{} logged in {} within {} and was turned away by {} each time. {} The first request that should have been let in is \
             {}.",
            browser.label(),
            count(found.rounds.len(), "time"),
            span(lasted),
            found.host,
            cause(web, login, missed),
            missed.line(),
        ));
    let draft = if ours { draft } else { draft.severity(Severity::Minor).at_most(Confidence::Medium) };
    let draft = all().fold(draft, |draft, exchange| draft.conversation(exchange.conversation).frames(exchange.frames()));
    Some(found.rounds.iter().take(6).fold(show(draft, web, found.last), |draft, round| {
        show(show(draft, web, round.denied), web, round.login)
    }))
}

fn show(draft: Draft, web: &Web<'_>, index: usize) -> Draft {
    match web.exchanges().get(index) {
        Some(exchange) => {
            let what = if exchange.is_denied() { "turned away" } else { "login" };
            draft.packet(exchange.at(), format!("{what}: {}, answer {}{}", exchange.line(), answer(exchange), cookies(exchange)))
        }
        None => draft,
    }
}

/// Which tokens went either way, by name.
fn cookies(exchange: &Exchange<'_>) -> String {
    let sent: Vec<_> = exchange.request.iter().flat_map(|r| tokens_sent(r.http)).map(|c| c.name.as_str()).collect();
    let set: Vec<_> = exchange.response.iter().flat_map(tokens_set).map(|c| c.name.as_str()).collect();
    let part = |what: &str, names: &[&str]| {
        if names.is_empty() { String::new() } else { format!("; {what} {}", names.join(", ")) }
    };
    part("carries", &sent) + &part("sets", &set)
}

/// It was given cookies that every browser sends back to that host, and never sent any.
fn keeps_no_cookies(web: &Web<'_>, found: &Loop) -> bool {
    let all = || found.exchanges().filter_map(|index| web.exchanges().get(index));
    let plain = |exchange: &Exchange<'_>| {
        let cookies = exchange.response.into_iter().flat_map(|response| &response.http.set_cookies);
        cookies.into_iter().any(|c| {
            let domain = c.domain.as_deref().map(origin::domain);
            !c.secure && exchange.host == found.host && domain.is_none_or(|domain| origin::domain_match(&found.host, &domain) && !origin::is_public_suffix(&domain))
        })
    };
    let returns = all().next().is_some_and(|exchange| web.browser(exchange).returns_cookies);
    !returns && all().any(plain)
}

/// What the cookies say of the cause, as far as it can be told.
fn cause(web: &Web<'_>, login: &Exchange<'_>, missed: &Exchange<'_>) -> String {
    if let Some(sent) = missed.request.and_then(|request| tokens_sent(request.http).next()) {
        let what = sent.token.as_ref().map_or_else(String::new, |token| format!(" (a {})", token.label()));
        return format!("The browser does send {}{what}, and {} does not take it.", sent.name, missed.host);
    }
    let held = tokens_held(web, missed);
    let Some((kept, fit)) = held.iter().find(|(_, fit)| *fit == Fit::Sent).or_else(|| held.first()) else {
        return no_token(login);
    };
    let why = match fit {
        Fit::Sent => "although it belongs there: the browser keeps it back, or lost it".to_owned(),
        Fit::OtherHost => format!("because it is {}", kept.reach()),
        Fit::OtherPath => format!("because it is for the path {}", kept.path),
        Fit::NeedsHttps => "because it is for https only".to_owned(),
        Fit::Over => "because it had ended".to_owned(),
    };
    format!("The browser has {} of {} and does not send it, {why}.", kept.cookie.name, web.setter(kept).host)
}

fn no_token(login: &Exchange<'_>) -> String {
    match login.response.and_then(|response| tokens_set(&response).next()) {
        Some(cookie) => format!("The login set {}, which the browser does not send back.", cookie.name),
        None => "The login sets no LTPA token, and the browser sends none.".to_owned(),
    }
}
