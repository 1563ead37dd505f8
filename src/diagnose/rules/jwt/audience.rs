//! A JSON web token is for another server, or of an issuer that the server does not take.

use crate::diagnose::evidence::jwt::{RefusedJwt, draft, refused, tokens};
use crate::diagnose::words::jwt::audience as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::http::{HttpExchange, JwtShowing, origin};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::jwt::Jwt;

/// See [`ABOUT`].
pub(crate) struct Audience;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("jwt-audience");

static ABOUT: About = About {
    id: ID,
    title: "A JSON web token is for another server, or of another issuer than the server takes",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A server refuses a JSON web token whose audience (aud) or issuer (iss) differs from those of the tokens that it took; or the \
           token names another host as the only one that it is for.",
    matters: "Every call with such a token fails, however often the user logs in: the identity provider issues it for somebody else.",
    guards: &[
        "The token has ended, or has not begun: that explains it; silent.",
        "The server takes the same token at another time, or tokens of the same issuer for the same audience: silent.",
        "The audience is no address, or a list that names the host: silent where nothing can be compared.",
        "A server may take several issuers, so that a difference proves nothing by itself: medium confidence at most.",
    ],
    remedy: &[
        "Let the identity provider issue the token for this server: the audience is compared letter by letter. Domino: https:// and the \
         host name of the site (14: or one of the Alternate audiences); Domino REST API: Domino.",
        "Compare the issuer with what the server has on record, scheme, realm, version and final slash included (Microsoft Entra: \
         https://login.microsoftonline.com/…/v2.0 and https://sts.windows.net/…/ are two issuers).",
        "An ID token in place of an access token names the client as its audience: let the application send the access token.",
    ],
    references: &[
        "RFC 7519 sections 4.1.1 and 4.1.3 (iss, aud)",
        "HCL Domino: HTTP bearer authentication using OIDC; HCL Domino REST API: JWT troubleshooting",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Audience {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = refused(case, |shown| is_timely(case, shown) && !shown.jwt.is_encrypted);
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Nothing speaks against its time.
fn is_timely(case: &Case<'_>, shown: &JwtShowing) -> bool {
    let now = shown.judged_at(case.settings);
    shown.jwt.expires.is_none_or(|end| end > now) && shown.jwt.begins().is_none_or(|begin| begin <= now)
}

/// A token that the host took, the last one.
fn taken<'c>(case: &'c Case<'_>, host: &str) -> Option<&'c Jwt> {
    let http = case.http();
    let taken = http.jwts_of(host).filter(|shown| http.exchange(shown.exchange).is_some_and(HttpExchange::is_granted));
    taken.last().map(|shown| &shown.jwt)
}

/// Any token that the host took is of the same issuer, for the same audience.
fn is_like_one_taken(case: &Case<'_>, host: &str, jwt: &Jwt) -> bool {
    let http = case.http();
    let alike = |shown: &JwtShowing| shown.jwt.issuer == jwt.issuer && shown.jwt.audience == jwt.audience;
    http.jwts_of(host).any(|shown| alike(shown) && http.exchange(shown.exchange).is_some_and(HttpExchange::is_granted))
}

/// The hosts that it is for, if it names nothing else; none of them is this one.
fn is_for_others(jwt: &Jwt, host: &str) -> bool {
    let mut all = jwt.audience.iter().map(|audience| origin::origin_of(audience).map(|(_, host)| host)).peekable();
    all.peek().is_some() && all.all(|named| named.is_some_and(|named| !named.is_empty() && named != host))
}

fn finding(case: &Case<'_>, group: &[RefusedJwt<'_, '_>]) -> Option<Draft> {
    let first = group.first()?;
    let (host, jwt) = (first.exchange.host.as_str(), &first.shown.jwt);
    if is_like_one_taken(case, host, jwt) {
        return None;
    }
    let taken = taken(case, host);
    if taken.is_none() && !is_for_others(jwt, host) {
        return None;
    }
    Some(draft(case, &ABOUT, group).at_most(Confidence::Medium).says(&words::ForSomebodyElse {
        tokens: tokens(case, group)?,
        jwt_issuer: jwt.issuer.clone(),
        jwt_audience: jwt.audience.clone(),
        taken_issuer: taken.and_then(|taken| taken.issuer.clone()),
        taken_audience: taken.map(|taken| taken.audience.clone()).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::jwt::{api, bearer, claims, claims_for};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::{Network, http};

    const RULE: &str = "jwt-audience";
    const IDP: &str = "https://idp.example.org/realms/a";
    const HERE: &str = "https://api.example.com";

    fn called(net: &Network, token: &str, status: u16) {
        let answer = if status == 200 { http::response(200).json("{}") } else { http::response(status) };
        api(net).ask(bearer("/api/v1/lists", token)).reply(answer);
        net.wait_secs(60);
    }

    #[test]
    fn an_audience_that_is_another_host() {
        let found = told(RULE, |net| called(net, &claims_for(net, IDP, "https://other.example.com"), 401));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(the_one(&found), &["api.example.com", "https://other.example.com"]);
    }

    #[test]
    fn an_issuer_that_differs_by_a_slash() {
        let found = told(RULE, |net| {
            called(net, &claims_for(net, IDP, HERE), 200);
            called(net, &claims_for(net, &format!("{IDP}/"), HERE), 401);
        });
        says(the_one(&found), &["of https://idp.example.org/realms/a/", "of https://idp.example.org/realms/a for"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it is for this host", |net| called(net, &claims_for(net, IDP, HERE), 401)),
            ("for a name that is no address", |net| called(net, &claims_for(net, IDP, "Domino"), 401)),
            ("like one that was taken", |net| {
                called(net, &claims_for(net, IDP, "https://other.example.com"), 200);
                called(net, &claims_for(net, IDP, "https://other.example.com"), 401);
            }),
            ("it has ended", |net| called(net, &claims(net, IDP, -600, -60), 401)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
