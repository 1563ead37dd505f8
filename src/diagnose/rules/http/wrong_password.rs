//! A web server does not take name and password, for a reason that no other rule knows.

use crate::diagnose::evidence::attempts::{alike, draft};
use crate::diagnose::words::Failure;
use crate::diagnose::words::http::wrong_password as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::facts::http::HttpExchange;
use crate::model::{Attempt, AttemptKind, Outcome, RuleId, Severity, Stamp};
use nrpcsniff_dissectors::auth::Ticket;
use nrpcsniff_dissectors::http::LoginAnswer;
use words::LoginMethod;

/// See [`ABOUT`].
pub(crate) struct WrongPassword;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-wrong-password");

static ABOUT: About = About {
    id: ID,
    title: "A web server does not take name and password",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A login form is answered by the form again (status 200, and no cookie), by the login page, by a page that tells of an error or by \
           401; or name and password in the header (Basic, Digest) or NTLM's answer to a challenge are answered by 401.",
    matters: "The user does not get in. Browsers show the form once more, often without saying why.",
    guards: &[
        "A first 401, a first visit that leads to a login page, rounds of NTLM, a nonce that has grown old (stale=true): steps, silent.",
        "A session that has ended: its form is displayed and not sent; silent. A login that was taken, and whose session is not kept, is \
         another fault (http-login-refused).",
        "403, 5xx and other errors to a login say nothing of name and password: not told here.",
        "Any other finding about the attempt explains it (a directory that refuses, a connection that dies): not told by itself.",
        "The same user got in at that host within half a minute: minor. The same client got in elsewhere later: major.",
        "A host where neither tokens nor products of HCL or IBM are seen: silent.",
        "On the wire a wrong name, a wrong password and a locked account look alike: medium confidence at most.",
    ],
    remedy: &[
        "Try the same name and password in another browser; capitals, keyboard layout, and a password that the browser had stored.",
        "Domino: look into the Internet lockout database (inetlockout.nsf): a locked user gets the form again with the right password, too; \
         console and log.nsf name the user and the address. TOTP: the clock of the ID vault server against the telephone.",
        "WebSphere, Connections: SystemOut.log names the cause (SECJ0369E with the code of the directory; CWWIM4537E nobody of that name).",
        "Everybody is refused: look at the directory that the server asks, and at the server's account there.",
    ],
    references: &[
        "HCL Domino: Internet lockout, customizing the HTML login form",
        "RFC 9110 section 15.5.2 (401), RFC 7616 (Digest), RFC 7617 (Basic), MS-NLMP (NTLM)",
    ],
    explains: &[],
};

impl Rule for WrongPassword {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        let takes_part = |host: &String| case.http().takes_part(host);
        let here = lost.of(AttemptKind::HttpLogin).filter(|lost| lost.server_name.as_ref().is_some_and(takes_part));
        let told = alike(here.filter(|lost| method(case, lost).is_some())).into_iter().filter_map(|group| {
            let first = group.first()?;
            let taken = taken_before(case, first);
            let said = words::NotTaken {
                failure: Failure::of(&group)?,
                method: method(case, first)?,
                taken_before: taken.map(|at| at.time),
            };
            let draft = draft(case, &ABOUT, lost, &group);
            let draft = match taken {
                Some(at) => draft.packet(at, "the same user was let in before"),
                None => draft,
            };
            Some(draft.says(&said))
        });
        told.collect()
    }
}

/// How name and password were shown, where that was refused; `None` of what else fails.
pub(super) fn method(case: &Case<'_>, attempt: &Attempt) -> Option<LoginMethod> {
    if !matches!(attempt.outcome, Outcome::Refused(_)) {
        return None;
    }
    let exchange = exchange_of(case, attempt)?;
    if exchange.is_login() {
        // What comes after a login that was taken is about its session; other errors are about the request.
        let refused = exchange.login_answer() == LoginAnswer::Refused && matches!(exchange.status(), 0..=399 | 401);
        return refused.then_some(LoginMethod::Form);
    }
    let credentials = exchange.request?.content.credentials.iter().find(|credentials| !credentials.proxy)?;
    let is = |scheme: &str| credentials.scheme.eq_ignore_ascii_case(scheme);
    match credentials.ticket {
        Some(Ticket::Ntlm(3)) => Some(LoginMethod::Ntlm),
        None if is("Basic") => Some(LoginMethod::Basic),
        None if is("Digest") => Some(LoginMethod::Digest),
        Some(_) | None => None,
    }
}

/// The request in which an attempt begins.
fn exchange_of<'c, 'a>(case: &'c Case<'a>, attempt: &Attempt) -> Option<&'c HttpExchange<'a>> {
    let all = case.http().exchanges();
    let from = all.partition_point(|exchange| exchange.at().time < attempt.at.time);
    let mut at_once = all.get(from..)?.iter().take_while(|exchange| exchange.at().time == attempt.at.time);
    at_once.find(|exchange| exchange.at().frame == attempt.at.frame)
}

/// When the same user was let in at the same host before, the last time.
fn taken_before(case: &Case<'_>, first: &Attempt) -> Option<Stamp> {
    let user = first.user.as_ref()?;
    let alike = |other: &&Attempt| {
        other.kind == AttemptKind::HttpLogin
            && other.at.frame < first.at.frame
            && other.outcome.is_granted()
            && other.server_name == first.server_name
            && other.user.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(user))
    };
    case.attempts().iter().rev().find(alike).map(|other| other.at)
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{ANN, LOGIN_FORM, at_mail, domino, password_typed, served, shared, unauthorized};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Message, Visit};

    const RULE: &str = "http-wrong-password";

    fn shows_form(visit: &Visit, request: Message) {
        visit.wait(9000).ask(request).reply(http::response(200).html(LOGIN_FORM));
    }

    fn taken(net: &Network, web: &Visit) {
        let answer = http::response(302).location("/mail.nsf").set_cookie(shared("LtpaToken", &domino(net, ANN)));
        web.wait(9000).ask(password_typed()).reply(answer);
        served(web, "/mail.nsf");
    }

    #[test]
    fn the_form_again_and_again() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            for _ in 0..3 {
                shows_form(&web, password_typed());
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["mail.example.com", "asmith", "the login form again", "3 attempts", "inetlockout.nsf"]);
    }

    #[test]
    fn in_the_header() {
        for (header, method) in [
            ("Basic YXNtaXRoOndyb25n", "Basic"),
            (r#"Digest username="asmith", realm="x", nonce="n", uri="/mail.nsf", response="0123""#, "Digest"),
        ] {
            let found = told(RULE, |net| {
                let web = at_mail(net);
                let asks = http::get("/mail.nsf").header("Authorization", header);
                web.ask(asks).reply(http::response(401).header("Server", "Lotus-Domino").challenge("/mail"));
            });
            says(the_one(&found), &["asmith", method, "401 Unauthorized"]);
        }
    }

    #[test]
    fn who_was_let_in_before() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            taken(net, &web);
            net.wait_secs(120);
            shows_form(&web, password_typed());
        });
        says(the_one(&found), &["was let in before"]);
    }

    #[test]
    fn a_password_that_was_typed_again() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            shows_form(&web, password_typed());
            taken(net, &web);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["It worked later"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("somebody else's site", |net| {
                let form = http::post("/post.php").form(&[("user", "ann"), ("password", "x")]);
                at_mail(net).ask(form).reply(http::response(401));
            }),
            ("taken", |net| taken(net, &at_mail(net))),
            ("a first visit", |net| shows_form(&at_mail(net), http::get("/mail.nsf"))),
            ("a first 401", |net| unauthorized(&at_mail(net), "/mail.nsf")),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
