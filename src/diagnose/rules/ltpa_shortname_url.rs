//! The server is called by a short name or an address, which no token's domain covers.

use super::super::signon::{Lost, by_hosts, draft, locked_out, tokens_held, who};
use super::super::web::{Exchange, Fit, Kept, Refusal, Web, origin};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct ShortnameUrl;

static ABOUT: About = About {
    id: "ltpa-shortname-url",
    title: "A server of single sign-on is called by a short name or an address",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "The Host header is a name without a dot or an IP address. Either the server then sets an LTPA token for a DNS domain, \
           which does not cover that name, or the browser has a token for a domain, cannot send it there, and is sent to log \
           in.",
    matters: "A cookie for .example.com goes to chat.example.com, never to http://chat/ or http://10.1.2.3/: sign-on works for \
              those who type the long name only.",
    guards: &[
        "The server answers with a redirect to its full name: silent.",
        "A proxy asks, by a name of its own: silent.",
        "This machine itself (localhost, 127.0.0.1): silent.",
        "The token is used all the same (it comes back from that browser): silent.",
        "A server that is not seen to take part in LTPA sign-on: silent.",
        "The token was dropped, but nobody was turned away afterwards: minor.",
    ],
    remedy: &[
        "Let users, bookmarks, links and the clients' server fields name the fully qualified host name only.",
        "Redirect the short name to the full one (Domino: Web Site rule or substitution; IBM HTTP Server: Redirect).",
    ],
    references: &[
        "RFC 6265 section 5.1.3 (domain matching)",
        "HCL Sametime: single sign-on needs the fully qualified host name",
    ],
    explains: &["http-login-loop"],
};

impl Rule for ShortnameUrl {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let lost = locked_out(case).filter_map(|denied| Some(Lost { kept: for_other_name(case, denied)?, denied }));
        by_hosts(case.web(), lost).iter().filter_map(|group| finding(case, group)).chain(dropped(case)).collect()
    }
}

/// No domain covers it.
fn is_bare(host: &str) -> bool {
    (origin::is_short(host) || origin::is_address(host)) && !origin::is_local(host)
}

/// A token that the browser has for a domain (or for the short name) and cannot send here, because one of the two is bare.
fn for_other_name<'w, 'a>(case: &'w Case<'a>, denied: &'w Exchange<'a>) -> Option<&'w Kept<'a>> {
    let web = case.web();
    let moves_on = denied.target().is_some_and(|(host, _)| host != denied.host);
    let takes_part = denied.product().is_some() || web.takes_tokens(&denied.host);
    if moves_on || denied.is_forwarded() || !takes_part {
        return None;
    }
    let held = tokens_held(web, denied);
    let elsewhere = held.iter().all(|(_, fit)| matches!(fit, Fit::OtherHost | Fit::Over));
    let mut outside = held.iter().filter(|(_, fit)| *fit == Fit::OtherHost).map(|(kept, _)| *kept);
    outside.rfind(|kept| is_bare(&denied.host) != is_bare(&kept.domain) && related(web, kept, denied)).filter(|_| elsewhere)
}

/// It is the same machine, or its short name is the first word of the long one, or a name called by its full name by others:
/// one sign-on is meant.
fn related(web: &Web<'_>, kept: &Kept<'_>, denied: &Exchange<'_>) -> bool {
    let setter = web.setter(kept);
    let (short, long) =
        if is_bare(&denied.host) { (&denied.host, &setter.host) } else { (&setter.host, &denied.host) };
    let sametime = denied.path().starts_with("/st") || setter.path().starts_with("/st");
    setter.conversation.server.ip == denied.conversation.server.ip
        || long.split('.').next() == Some(short.as_str())
        || (sametime && (denied.product().is_some() || setter.product().is_some()))
}

fn finding(case: &Case<'_>, group: &[Lost<'_, '_>]) -> Option<Draft> {
    let web = case.web();
    let first = group.first()?;
    let (kept, denied, setter) = (first.kept, first.denied, web.setter(first.kept));
    let bare = if is_bare(&denied.host) { &denied.host } else { &setter.host };
    let draft = draft(case, &ABOUT, 45, group)
        .names_read()
        .title(format!("Called as {bare}: the sign-on token of {} does not fit {}", setter.host, denied.host))
        .explain(format!(
            "{} set {} {}. {} then asked http://{}{}: the two names have no domain in common, so the browser sent no token and \
             was turned away.",
            setter.host,
            kept.cookie.name,
            kept.reach(),
            who(web, group),
            denied.host,
            denied.path(),
        ));
    Some(draft.remedy_first(format!("Do not use {bare} in addresses: use the server's full name.")))
}

/// Tokens that browsers drop because the server was called by a bare name and sets them for its domain.
fn dropped(case: &Case<'_>) -> Vec<Draft> {
    let web = case.web();
    let mut hosts: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for kept in web.kept().iter().filter(|kept| is_dropped(web, kept)) {
        let host = web.setter(kept).host.as_str();
        if !hosts.contains(&host) && hosts.len() < 64 {
            hosts.push(host);
            found.extend(dropped_by(case, kept));
        }
    }
    found
}

fn is_dropped(web: &Web<'_>, kept: &Kept<'_>) -> bool {
    let setter = web.setter(kept);
    let came_back = web.after(setter).take(256).any(|next| {
        next.request.is_some_and(|request| request.cookies.iter().any(|cookie| cookie.value == kept.cookie.value))
    });
    kept.is_token()
        && kept.refused == Some(Refusal::ForeignDomain)
        && is_bare(&setter.host)
        && !setter.is_forwarded()
        && !setter.target().is_some_and(|(to, _)| to != setter.host)
        && !came_back
}

fn dropped_by(case: &Case<'_>, kept: &Kept<'_>) -> Option<Draft> {
    let web = case.web();
    let setter = web.setter(kept);
    let next: Vec<_> = web.after(setter).take(256).filter(|next| next.is_visit() && next.host == setter.host).collect();
    let denied: Vec<_> = next.iter().copied().filter(|next| next.is_denied()).collect();
    let group: Vec<_> = denied.iter().map(|&denied| Lost { kept, denied }).collect();
    let draft = if group.is_empty() {
        let draft = Draft::new(&ABOUT, 45).conversation(setter.conversation).severity(Severity::Minor);
        super::super::signon::show_set(web, draft.at_most(Confidence::Medium), kept)
    } else {
        draft(case, &ABOUT, 45, &group).names_read()
    };
    let draft = draft
        .points(20)
        .title(format!("Called as {}, but it sets its token for {}: browsers drop it", setter.host, kept.domain))
        .explain(format!(
            "{} called the server by the name {}. It set {} for {}, which does not cover that name: browsers do not keep such a \
             cookie.",
            web.browser(setter).label(),
            setter.host,
            kept.cookie.name,
            kept.domain,
        ));
    Some(draft.remedy_first(format!("Do not use {} in addresses: use the server's full name in {}.", setter.host, kept.domain)))
}
