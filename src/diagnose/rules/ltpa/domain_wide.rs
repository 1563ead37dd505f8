//! The token's domain is one that browsers refuse.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{browsers, name_loops, show_denied, show_set};
use crate::diagnose::words::ltpa::domain_wide as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::denials::lacks_token;
use crate::facts::http::{CookieRefusal, HttpExchange, HttpIndex, JarCookie, origin};
use crate::model::{RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct DomainWide;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-domain-wide");

static ABOUT: About = About {
    id: ID,
    title: "Browsers refuse the domain of the sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "An LTPA token is set for a public suffix (com.br, co.uk: anybody can register a name below it), or for a domain that \
           the answering host does not lie in; nobody ever sends it back.",
    matters: "Browsers drop such a cookie without a word: the login succeeds, and nobody is logged in.",
    guards: &[
        "The same token comes back in a request, or is set for a better domain elsewhere: silent.",
        "A proxy asked, by another name than the browser's: only public suffixes are judged.",
        "A cookie that is deleted: logouts try several domains, silent.",
        "Hosts called by a short name or an address: see ltpa-shortname-url. This machine itself: silent.",
        "No later request to that site without a token is in the capture: minor.",
        "The response was not read whole: silent.",
    ],
    remedy: &[
        "Sametime Proxy: <tokenDomain> with the whole domain and a leading dot (.example.com.br) in stproxyconfig.xml; \
         without it the domain may be cut to its last two words.",
        "Domino: Web SSO Configuration document > DNS Domain. WebSphere: Global security > Web and SIP security > Single sign-on > \
         Domain name. Both: the same whole domain in which all servers lie.",
    ],
    references: &[
        "RFC 6265 section 5.3 steps 5 and 6",
        "publicsuffix.org",
        "HCL Sametime: setting a token domain for the Sametime Proxy Server",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for DomainWide {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let suspects = || http.jar_cookies().iter().filter(|stored| is_refused(http, stored));
        if suspects().next().is_none() {
            return Vec::new();
        }
        let used = values_in_use(http);
        let refused = suspects().filter(|stored| !used.contains(stored.cookie.value.expose()));
        let groups = group_by(refused, |stored| (http.setter(stored).host.clone(), stored.domain.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn is_refused(http: &HttpIndex<'_>, stored: &JarCookie<'_>) -> bool {
    let setter = http.setter(stored);
    let judged = match stored.refused {
        Some(CookieRefusal::PublicSuffix) => true,
        Some(CookieRefusal::ForeignDomain) => !setter.is_forwarded(),
        None => false,
    };
    judged
        && stored.is_token()
        && setter.response.is_some_and(|response| response.is_whole())
        && origin::site(&setter.host).is_some()
        && !origin::is_local(&setter.host)
}

/// Values of tokens that a request carries, or that are set for a domain which browsers take.
fn values_in_use<'a>(http: &HttpIndex<'a>) -> HashSet<&'a str> {
    let requests = http.exchanges().iter().filter_map(|exchange| exchange.request);
    let sent = requests.flat_map(|request| &request.content.cookies).map(|cookie| cookie.value.expose());
    let taken =
        http.jar_cookies().iter().filter(|stored| stored.refused.is_none()).map(|stored| stored.cookie.value.expose());
    sent.chain(taken).collect()
}

/// So many of a browser's next requests are looked at.
const LOOK_AHEAD: usize = 64;

/// What the same browser asks of the same site afterwards, without any token.
fn without_token<'w, 'a>(http: &'w HttpIndex<'a>, stored: &JarCookie<'a>) -> Vec<&'w HttpExchange<'a>> {
    let setter = http.setter(stored);
    let site = origin::site(&setter.host);
    let next = http.after(setter).take(LOOK_AHEAD);
    let next =
        next.filter(|next| next.is_visit() && origin::is_in_site(&next.host, site) && next.at().time > stored.at.time);
    next.filter(|next| lacks_token(next)).collect()
}

/// 45 points, as browsers refuse such a domain by rule; a guard without a later request, because then nobody is known
/// to have missed the token.
fn finding(case: &Case<'_>, group: &[&JarCookie<'_>]) -> Option<Draft> {
    let http = case.http();
    let stored = *group.first()?;
    let setter = http.setter(stored);
    let later: Vec<_> = group.iter().flat_map(|stored| without_token(http, stored)).collect();
    let mut denied: Vec<_> = later.iter().copied().filter(|exchange| exchange.is_denied()).collect();
    denied.sort_by_key(|exchange| exchange.id);
    denied.dedup_by_key(|exchange| exchange.id);
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(!denied.is_empty())
        .guard(later.is_empty())
        .severity(if later.is_empty() { Severity::Minor } else { Severity::Major })
        .says(&words::Refused {
            token_issuer: setter.host.clone(),
            cookie: stored.cookie.name.clone(),
            cookie_domain: stored.domain.clone(),
            is_public_suffix: stored.refused == Some(CookieRefusal::PublicSuffix),
            browsers: browsers(http, group.iter().map(|stored| stored.browser)),
            request: denied.first().map(|denied| denied.line()),
        });
    let draft = group.iter().fold(draft, |draft, stored| draft.conversation(http.setter(stored).conversation));
    let draft = denied.iter().fold(draft, |draft, denied| draft.conversation(denied.conversation));
    let draft = each(draft, group, "tokens", |draft, stored| show_set(http, draft, stored));
    let draft = each(draft, &denied, "requests", |draft, denied| show_denied(draft, denied));
    let draft = match (denied.first(), later.first()) {
        (None, Some(next)) => draft.packet(next.at(), format!("{} carries no LTPA token", next.line())),
        _ => draft,
    };
    let site = origin::site(&setter.host).unwrap_or_default();
    let draft =
        draft.remedy_first(format!("Let {} set its token for .{site} instead of {}.", setter.host, stored.domain));
    Some(name_loops(http, draft, &case.settings.thresholds, &denied))
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{CHAT, MEET, answers_in_part, is_denied, is_served, logs_in, sample, told};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::http::{self, cookie};

    const RULE: &str = "ltpa-domain-wide";

    #[test]
    fn a_domain_cut_down_to_a_public_suffix() {
        let finding = one(&sample("http-domain-wide"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            &finding,
            &[
                "com.br is a public suffix",
                "GET http://meet.example.com.br/stmeetings/, was turned away",
                "set its token for .example.com.br instead of com.br",
            ],
        );
    }

    #[test]
    fn a_domain_of_somebody_else() {
        let net = told(|s| {
            logs_in(&s.open("chat.example.com"), [s.narrow().domain("example.org")]);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        says(&one(&net, RULE), &["chat.example.com does not lie in example.org", "was turned away"]);
    }

    #[test]
    fn explains_a_login_loop() {
        let net = told(|s| {
            let meet = s.open("meet.example.co.uk");
            for _ in 0..3 {
                is_denied(&meet, MEET);
                logs_in(&meet, [s.narrow().domain("co.uk")]);
            }
            is_denied(&meet, MEET);
        });
        assert_eq!(one(&net, RULE).also, ["http-login-loop"]);
    }

    #[test]
    fn a_token_in_use_is_not_refused() {
        let sent = told(|s| {
            let (chat, token) = (s.open("chat.example.com"), s.token());
            logs_in(&chat, [cookie("LtpaToken2", &token).domain("example.org")]);
            chat.ask(http::get(CHAT).cookie("LtpaToken2", &token)).reply(http::response(200));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&sent, RULE);
        let both = told(|s| {
            let token = s.token();
            let to = |domain: &str| cookie("LtpaToken2", &token).path("/").domain(domain);
            logs_in(&s.open("chat.example.com"), [to(".com"), to(".example.com")]);
            is_served(&s.open("meet.example.com"), MEET);
        });
        none(&both, RULE);
    }

    #[test]
    fn behind_a_proxy_only_public_suffixes_are_judged() {
        let by = |domain: &'static str| {
            told(move |s| {
                let request = http::post("/j_security_check").header("X-Forwarded-For", "10.9.9.9");
                let answer = http::response(302).location("/").set_cookie(s.narrow().domain(domain));
                s.open("chat.internal.example.com").ask(request).reply(answer);
            })
        };
        none(&by("example.org"), RULE);
        one(&by("co.uk"), RULE);
    }

    #[test]
    fn deletions_try_many_domains() {
        let net = told(|s| {
            let gone = |domain: &str| cookie("LtpaToken2", "").path("/").domain(domain).max_age(0);
            let answer = http::response(302).location("/").set_cookie(gone(".com")).set_cookie(gone("example.org"));
            s.open("chat.example.com").ask(http::get("/ibm_security_logout")).reply(answer);
        });
        none(&net, RULE);
    }

    #[test]
    fn bare_names_and_this_machine_are_not_judged() {
        for name in ["chat", "10.2.3.4", "localhost"] {
            let net = told(|s| {
                let chat = s.open_as("chat", name);
                logs_in(&chat, [s.narrow().domain("com.br")]);
                is_denied(&chat, CHAT);
            });
            none(&net, RULE);
        }
    }

    #[test]
    fn without_a_later_request_it_is_minor() {
        let net = told(|s| logs_in(&s.open("chat.example.com"), [s.narrow().domain("com")]));
        assert_eq!((one(&net, RULE).severity, one(&net, RULE).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_response_that_was_not_read_whole() {
        let net = told(|s| {
            let chat = s.open("chat.example.com");
            chat.ask(http::post("/j_security_check"));
            answers_in_part(&chat, http::response(302).location("/").set_cookie(s.narrow().domain("com")));
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&net, RULE);
    }

    /// A session cookie is nobody's sign-on.
    #[test]
    fn other_cookies_are_passed_over() {
        let net = told(|s| {
            logs_in(&s.open("chat.example.com"), [cookie("JSESSIONID", "1").domain("com")]);
            is_denied(&s.open("meet.example.com"), MEET);
        });
        none(&net, RULE);
    }
}
