//! The token stays behind because the request comes from another site.

use crate::diagnose::evidence::http::{draft, unsent};
use crate::diagnose::words::ltpa::samesite as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::denials::{UnsentToken, by_hosts, locked_out};
use crate::facts::http::{HttpExchange, HttpIndex, JarCookie, origin};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::http;

/// See [`ABOUT`].
pub(crate) struct SameSite;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-samesite");

static ABOUT: About = About {
    id: ID,
    title: "The sign-on token is not sent from another site's page",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request that comes from a page of another site (Sec-Fetch-Site, Origin or Referer) lacks the token that the \
           browser has for this host, and is sent to log in; from pages of its own site the browser sends it. The token was \
           not set with SameSite=None and Secure.",
    matters: "Browsers keep cookies back from frames and forms of other sites unless the cookie says otherwise: embedded chat, \
              meetings or a SAML answer arrive without the session.",
    guards: &[
        "Without a request of the same browser that does carry the token, all that is known is that it is missing: silent.",
        "Preflights (OPTIONS) never carry cookies: silent.",
        "A call of a script may leave cookies out on purpose (Origin with GET): low confidence.",
        "SameSite=None; Secure is there: another cause (blocked third-party cookies), silent.",
        "The request is only of another host of the same site: silent.",
        "The browser's own rules for cookies are inferred: medium confidence at most.",
    ],
    remedy: &[
        "Domino 12 and later: Web SSO Configuration document > Basics > Token Configuration > SameSite cookie attribute: None (or \
         notes.ini DOMINO_SAMESITE_MULTISERVERSSO=3 with the field left at its default), and use https.",
        "WebSphere: Security > Global security > Custom properties: com.ibm.websphere.security.addSameSiteAttributeToCookie=None, \
         with Single sign-on > Requires SSL; or, with APAR PH22157, the HTTP channel's custom property \
         sameSiteNone=LtpaToken,LtpaToken2. Restart the server.",
        "Or put both applications under one domain, so that they are one site.",
    ],
    references: &[
        "draft-ietf-httpbis-rfc6265bis section 5.6.7 (SameSite)",
        "HCL Domino 12: configuring the SameSite cookie attribute",
        "IBM Business Automation Workflow: custom property addSameSiteAttributeToCookie; IBM APAR PH22157 (sameSiteNone)",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for SameSite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let denied = locked_out(case).filter(|denied| foreign_page(denied).is_some());
        let unsent = denied.filter_map(|denied| Some(UnsentToken { stored: withheld(case.http(), denied)?, denied }));
        by_hosts(case.http(), unsent).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The other site whose page the request comes from. Its name may be unknown (empty) where the browser only says that it is
/// another one.
fn foreign_page(exchange: &HttpExchange<'_>) -> Option<String> {
    let request = exchange.request?;
    let by_origin = request.origin.as_deref().and_then(origin::origin_of).map(|(_, host)| host);
    let by_referer = request.referer.as_ref().map(|url| http::host_of(&url.host)).filter(|host| !host.is_empty());
    let from = by_origin.or(by_referer);
    match request.fetch_site.as_deref() {
        Some("cross-site") => Some(from.unwrap_or_default()),
        Some(_) => None,
        None => from.filter(|from| is_other_site(from, &exchange.host)),
    }
}

fn is_other_site(a: &str, b: &str) -> bool {
    matches!((origin::site(a), origin::site(b)), (Some(a), Some(b)) if a != b)
}

/// A token that belongs to the request and is sent from pages of its own site, by this browser.
fn withheld<'w, 'a>(http: &'w HttpIndex<'a>, denied: &'w HttpExchange<'a>) -> Option<&'w JarCookie<'a>> {
    let mut expected = http.expected(denied).filter(|stored| stored.is_token());
    let stored = expected.find(|stored| !stored.crosses_sites())?;
    let sends = |other: &&HttpExchange<'a>| {
        let cookies = other.request.into_iter().flat_map(|request| &request.content.cookies);
        foreign_page(other).is_none()
            && cookies.into_iter().any(|c| c.name == stored.cookie.name && c.value == stored.cookie.value)
    };
    http.of(http.browser(denied)).any(|other| sends(&other)).then_some(stored)
}

/// A script's call may leave cookies out by its author's choice.
fn may_be_by_choice(exchange: &HttpExchange<'_>) -> bool {
    exchange.method() == "GET" && exchange.request.is_some_and(|request| request.origin.is_some())
}

fn finding(case: &Case<'_>, group: &[UnsentToken<'_, '_>]) -> Option<Draft> {
    let UnsentToken { stored, denied } = group.first()?;
    let draft = draft(case, &ABOUT, 55, group)
        .at_most(Confidence::Medium)
        .guard(group.iter().all(|unsent| may_be_by_choice(unsent.denied)))
        .says(&words::FromOtherSite {
            unsent: unsent(case.http(), group)?,
            page_host: foreign_page(denied).filter(|from| !from.is_empty()),
            same_site: stored.cookie.same_site.clone(),
        });
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, Stage, is_denied, is_served, logs_in, sample, to_login, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Browser, Cookie, Message};

    const RULE: &str = "ltpa-samesite";

    #[test]
    fn a_frame_on_another_site_s_page() {
        let finding = one(&sample("http-same-site"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(&finding, &["from pages of portal.example.org", "SameSite=Lax"]);
        assert_eq!(finding.conversations.len(), 2);
    }

    /// Logged in and served at the chat; then a request comes without the token from somewhere.
    fn story(set: impl Fn(&Stage) -> Cookie, request: Message, used: bool) -> Network {
        told(|s| {
            let chat = s.open("chat.example.com");
            logs_in(&chat, [set(s)]);
            if used {
                is_served(&chat, CHAT);
            }
            let bare = Browser::new(&s.net.host("10.1.0.50"));
            bare.over(chat.tcp().clone(), false, "chat.example.com").ask(request).reply(to_login());
        })
    }

    fn framed() -> Message {
        http::get(CHAT).header("Sec-Fetch-Site", "cross-site")
    }

    #[test]
    fn referer_and_origin_tell_it_too() {
        for request in [
            http::get(CHAT).header("Referer", "http://portal.example.org/"),
            http::post(CHAT).header("Origin", "http://portal.example.org"),
        ] {
            let finding = one(&story(Stage::wide, request, true), RULE);
            says(&finding, &["portal.example.org", "no SameSite, which browsers take for Lax"]);
            assert_eq!(finding.confidence, Confidence::Medium);
        }
    }

    #[test]
    fn without_a_request_that_carries_it_nothing_is_known() {
        one(&story(Stage::wide, framed(), true), RULE);
        none(&story(Stage::wide, framed(), false), RULE);
    }

    #[test]
    fn a_cookie_that_may_cross_sites_stays_behind_for_another_reason() {
        // Over what counts as https, so that Secure does not keep it back.
        let request = || framed().header("X-Forwarded-Proto", "https");
        one(&story(Stage::wide, request(), true), RULE);
        let net = told(|s| {
            let chat = s.browser.open(&s.net.host("10.2.0.8"), 443, "chat.example.com");
            logs_in(&chat, [s.wide().secure().same_site("None")]);
            is_served(&chat, CHAT);
            let bare = Browser::new(&s.net.host("10.1.0.50"));
            bare.over(chat.tcp().clone(), true, "chat.example.com").ask(framed()).reply(to_login());
        });
        none(&net, RULE);
    }

    #[test]
    fn preflights_and_neighbours_are_no_other_site() {
        let preflight = http::request("OPTIONS", CHAT).header("Origin", "http://portal.example.org");
        none(&story(Stage::wide, preflight, true), RULE);
        none(&story(Stage::wide, http::get(CHAT).header("Referer", "http://portal.example.com/"), true), RULE);
        none(&story(Stage::wide, http::get(CHAT).header("Sec-Fetch-Site", "same-site"), true), RULE);
        none(&story(Stage::wide, http::get(CHAT), true), RULE);
    }

    /// Scripts may ask without cookies by their author's choice.
    #[test]
    fn a_script_s_call_is_told_quietly() {
        let call = http::get(CHAT).header("Origin", "http://portal.example.org");
        assert_eq!(one(&story(Stage::wide, call, true), RULE).confidence, Confidence::Low);
    }

    #[test]
    fn who_is_served_was_not_kept_out() {
        let net = told(|s| {
            let chat = s.open("chat.example.com");
            logs_in(&chat, [s.wide()]);
            is_served(&chat, CHAT);
            is_denied(&s.open("other.example.org"), "/x");
        });
        none(&net, RULE);
    }
}
