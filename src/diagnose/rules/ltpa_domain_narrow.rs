//! The token's domain does not reach the next server of single sign-on.

use super::super::signon::{Lost, by_hosts, draft, is_led_from, locked_out, tokens_held, who};
use super::super::web::pages::Product;
use super::super::web::{Exchange, Fit, Kept, origin};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Confidence, Severity};

/// See [`ABOUT`].
pub struct DomainNarrow;

static ABOUT: About = About {
    id: "ltpa-domain-narrow",
    title: "The sign-on token is not for the server that needs it",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A server sets an LTPA token for itself or for a subdomain (no Domain attribute, or one that is too long). The same \
           browser then asks another server of the same DNS domain, without a token, and is sent to log in.",
    matters: "Browsers send a cookie only to hosts that its domain covers. The user has to log in at each server.",
    guards: &[
        "The other server is not seen to take part in LTPA sign-on (no token to or from it, no product of HCL or IBM by path \
         or Server header): silent.",
        "Nothing leads from the one server to the other (no link, no redirect, no Sametime, the same token is not used there \
         by others): minor, medium confidence.",
        "The browser holds a token that belongs to the request, or sends one: silent.",
        "A token whose Path does not cover the request is no matter of its domain: silent.",
        "The page is served soon after without a login (Kerberos, identity provider, anonymous access): silent.",
        "Several people behind one address, or a client that keeps no cookies at all: lower confidence.",
        "Hosts called by a short name or an address: see ltpa-shortname-url.",
        "The server of the token stands behind a proxy, whose name the browser sees instead: silent.",
    ],
    remedy: &[
        "Domino: Web SSO Configuration document > DNS Domain: the common domain of all servers with a leading dot (.example.com).",
        "WebSphere: Security > Global security > Web and SIP security > Single sign-on > Domain name: the same value, in the same \
         case.",
        "Sametime Proxy: <tokenDomain> with a leading dot in stproxyconfig.xml.",
        "Then restart the servers and log out everywhere: old cookies live on until the browser is closed.",
    ],
    references: &[
        "RFC 6265 section 5.1.3 (domain matching)",
        "HCL Domino: creating a Web SSO configuration document (DNS Domain)",
        "HCL Sametime: setting a token domain for the Sametime Proxy Server",
    ],
    explains: &["http-login-loop"],
};

impl Rule for DomainNarrow {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let lost = locked_out(case).filter_map(|denied| Some(Lost { kept: out_of_reach(case, denied)?, denied }));
        by_hosts(case.web(), lost).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The token of another host of the same site, if all that the browser has are of that kind.
fn out_of_reach<'w, 'a>(case: &'w Case<'a>, denied: &'w Exchange<'a>) -> Option<&'w Kept<'a>> {
    let web = case.web();
    let takes_part = denied.product().is_some() || web.takes_tokens(&denied.host);
    let site = origin::site(&denied.host).filter(|_| takes_part && !denied.is_forwarded())?;
    let held = tokens_held(web, denied);
    let elsewhere = held.iter().all(|(_, fit)| matches!(fit, Fit::OtherHost | Fit::Over));
    let of_site = |kept: &&Kept<'_>| origin::site(&kept.domain) == Some(site) && !web.setter(kept).is_forwarded();
    let mut outside = held.iter().filter(|(_, fit)| *fit == Fit::OtherHost).map(|(kept, _)| *kept);
    outside.rfind(of_site).filter(|_| elsewhere)
}

/// Something says that both servers are meant to be one sign-on.
fn belong_together(case: &Case<'_>, lost: &Lost<'_, '_>) -> bool {
    let web = case.web();
    let setter = web.setter(lost.kept);
    let sametime = |exchange: &Exchange<'_>| {
        matches!(exchange.product(), Some(Product::SametimeProxy | Product::Meeting))
    };
    let value = lost.kept.cookie.value.expose();
    let shown = |e: &Exchange<'_>| e.request.is_some_and(|r| r.cookies.iter().any(|c| c.value.expose() == value));
    sametime(setter)
        || sametime(lost.denied)
        || is_led_from(web, lost.denied, &setter.host)
        || web.of_host(&lost.denied.host).any(shown)
}

fn finding(case: &Case<'_>, group: &[Lost<'_, '_>]) -> Option<Draft> {
    let web = case.web();
    let first = group.first()?;
    let (kept, denied, setter) = (first.kept, first.denied, web.setter(first.kept));
    let together = group.iter().any(|lost| belong_together(case, lost));
    let common = origin::site(&denied.host).unwrap_or_default();
    let draft = draft(case, &ABOUT, 45, group)
        .title(format!("The {} of {} does not reach {}", kept.cookie.name, setter.host, denied.host))
        .explain(format!(
            "{} set {} {}. {} later asked {}, which that does not cover: the browser sent no token and was turned away. The \
             first request that should have carried it is {}.",
            setter.host,
            kept.cookie.name,
            kept.reach(),
            who(web, group),
            denied.host,
            denied.line(),
        ))
        .remedy_first(format!("Let {} set its token for .{common}, so that it covers {} as well.", setter.host, denied.host));
    Some(if together { draft.names_read() } else { draft.severity(Severity::Minor).points(20).at_most(Confidence::Medium) })
}
