//! A login at a web server that is refused, for a reason that no other rule knows.

use super::wrong_password;
use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::http::login_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{Attempt, AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct LoginRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-login-refused");

static ABOUT: About = About {
    id: ID,
    title: "A web server refuses a login",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A login form is taken, and the next page is the login page again; or it is answered by 4xx other than 401. A Kerberos ticket in \
           the header is answered by 401; an identity provider sends the browser round in a circle, or its word is not taken; or no \
           answer comes at all.",
    matters: "The user does not get in. Browsers show the login form once more, often without saying why.",
    guards: &[
        "A first 401, a first visit that leads to a login page, rounds of Kerberos and NTLM: steps, silent.",
        "A redirect after the login tells nothing by itself: the next page that the host answers does.",
        "Any other finding about the attempt explains it: not told by itself. Name and password that are not taken: http-wrong-password.",
        "The same user got in at that host within half a minute: minor. The same client got in elsewhere later: major.",
        "A page that cannot be read, and what the capture lacks, is not known to have failed: silent.",
        "A host where neither tokens nor products of HCL or IBM are seen: silent.",
    ],
    remedy: &[
        "A login page after a login that was taken: the session is not kept; compare domain, path and Secure of its cookie with \
         the address that is called.",
        "NTLM in place of Kerberos: the client found no service principal name HTTP/host for the name in the address, or has two, \
         or does not trust the site: setspn -Q HTTP/host, klist, and the browser's list of intranet sites.",
        "A circle with an identity provider: the application does not keep or take its own session; compare its cookies, its clock \
         and its address with what the provider has on record.",
    ],
    references: &[
        "RFC 9110 section 15.5.2 (401), RFC 4559 (Negotiate), RFC 6749 section 4.1 (authorization code)",
        "HCL Domino: Internet lockout, customizing the HTML login form",
    ],
    explains: &[],
};

impl Rule for LoginRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let takes_part = |host: &String| case.http().takes_part(host);
        let of_password = |lost: &&Attempt| wrong_password::method(case, lost).is_some();
        let here = lost.of(AttemptKind::HttpLogin).filter(|lost| lost.server_name.as_ref().is_some_and(takes_part));
        let here = here.filter(|lost| !of_password(lost));
        told(case, &ABOUT, lost, here, |failure, _| words::RefusedLogins { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{ANN, LOGIN_FORM, at_mail, domino, password_typed, served, shared, unauthorized};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http;

    const RULE: &str = "http-login-refused";

    /// The server does not say whether name and password were right.
    fn forbidden(net: &Network, times: usize) {
        let web = at_mail(net);
        for _ in 0..times {
            web.wait(9000).ask(password_typed()).reply(http::response(403));
        }
    }

    #[test]
    fn a_login_that_is_forbidden() {
        let found = told(RULE, |net| forbidden(net, 2));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["mail.example.com", "asmith", "403 Forbidden", "2 attempts"]);
    }

    #[test]
    fn who_gets_in_after_all() {
        let found = told(RULE, |net| {
            forbidden(net, 1);
            let web = at_mail(net);
            let taken = http::response(302).location("/mail.nsf").set_cookie(shared("LtpaToken", &domino(net, ANN)));
            web.wait(9000).ask(password_typed()).reply(taken);
            served(&web, "/mail.nsf");
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["It worked later"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("somebody else's site", |net| {
                let form = http::post("/post.php").form(&[("user", "ann"), ("password", "x")]);
                at_mail(net).ask(form).reply(http::response(401));
            }),
            ("taken", |net| {
                at_mail(net)
                    .ask(password_typed())
                    .reply(http::response(200).set_cookie(shared("DomAuthSessId", "AB12")));
            }),
            ("a wrong password", |net| {
                at_mail(net).ask(password_typed()).reply(http::response(200).html(LOGIN_FORM));
            }),
            ("a first visit", |net| {
                at_mail(net).ask(http::get("/mail.nsf")).reply(http::response(200).html(LOGIN_FORM));
            }),
            ("a first 401", |net| unauthorized(&at_mail(net), "/mail.nsf")),
            ("sent on, and the capture ends", |net| {
                at_mail(net).ask(password_typed()).reply(http::response(302).location("/mail.nsf"));
            }),
            ("an answer that cannot be read", |net| {
                at_mail(net)
                    .ask(password_typed())
                    .reply(http::response(200).html(LOGIN_FORM).header("Content-Encoding", "br"));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
