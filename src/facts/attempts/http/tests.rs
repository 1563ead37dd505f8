//! What comes of logins and of tokens, over whole captures.

use crate::facts::attempts::tests::{Told, attempts};
use crate::facts::http::story::{page, to_login};
use crate::model::AttemptKind;
use crate::testing::idle;
use crate::testing::tokens::{
    ANN, LOGIN_FORM, at_mail, browser, denied, domino, login, mail, password_typed, portal, served, shared,
    unauthorized, visit,
};
use nrpcsniff_samples::http::{self, Browser, Visit, cookie};
use nrpcsniff_samples::{Network, Side};

/// The first message of NTLM, and the second.
const NTLM: [&str; 2] = ["TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA=", "TlRMTVNTUAACAAAAAAAAADgAAAAFgooC"];

fn logins(story: impl FnOnce(&Network)) -> Vec<Told> {
    attempts(AttemptKind::HttpLogin, story)
}

fn tokens(story: impl FnOnce(&Network)) -> Vec<Told> {
    attempts(AttemptKind::HttpToken, story)
}

fn outcomes(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.outcome.as_str()).collect()
}

/// What comes of the attempts of each story.
fn come_to(told: fn(Tale) -> Vec<Told>, stories: &[(&[&str], Tale)]) {
    for (expected, story) in stories {
        assert_eq!(outcomes(&told(*story)), *expected);
    }
}

type Tale = fn(&Network);

/// A browser that has a token of Ann.
fn with_token(net: &Network) -> Browser {
    browser(net).has("example.com", "LtpaToken", &domino(net, ANN))
}

#[test]
fn what_becomes_of_a_form() {
    come_to(
        |story| logins(story),
        &[
            (&["granted"], |net| {
                let answer =
                    http::response(302).location("/mail").set_cookie(cookie("DomAuthSessId", "AB12").path("/"));
                at_mail(net).ask(password_typed()).reply(answer);
            }),
            (&["refused (the login form again)"], |net| {
                at_mail(net).ask(password_typed()).reply(http::response(200).html(LOGIN_FORM));
            }),
            (&["refused (sent to the login page again)"], |net| {
                at_mail(net).ask(password_typed()).reply(http::response(302).location("/names.nsf?Login"));
            }),
            (&["refused (401 Unauthorized)"], |net| {
                at_mail(net).ask(password_typed()).reply(http::response(401));
            }),
            (&["granted"], |net| {
                let web = at_mail(net);
                web.ask(password_typed()).reply(http::response(302).location("/mail.nsf"));
                served(&web, "/mail.nsf");
            }),
            (&["refused (after the login: sent to a login page)"], |net| {
                let web = at_mail(net);
                web.ask(password_typed()).reply(http::response(302).location("/mail.nsf"));
                denied(&web, "/mail.nsf");
            }),
            (&["unknown: the answer is of no form that is known to grant or to refuse"], |net| {
                at_mail(net).ask(password_typed()).reply(http::response(302).location("/mail.nsf"));
            }),
            (&["unanswered"], |net| {
                at_mail(net).ask(password_typed());
                idle(net, 60);
            }),
            (&["unknown: the capture ends before an answer was due"], |net| {
                at_mail(net).ask(password_typed());
            }),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let cut = logins(|net| {
        let web = at_mail(net);
        let page = http::response(200).html(&"<p>x</p>".repeat(40));
        let bytes: Vec<u8> = page.into();
        web.ask(password_typed()).tcp().server(&bytes[..bytes.len() - 200]).skip(Side::Server, 200);
        idle(net, 60);
    });
    assert_eq!(outcomes(&cut), ["unknown: the capture lacks bytes that would tell"]);
    let coded = tokens(|net| {
        visit(&with_token(net), &mail(net)).ask(http::get("/mail.nsf")).reply(page().header("Content-Encoding", "br"));
    });
    assert_eq!(outcomes(&coded), ["unknown: the answer is of no form that is known to grant or to refuse"]);
}

#[test]
fn names_passwords_and_tickets_in_the_header() {
    let asks = |value: &str| http::response(401).set("WWW-Authenticate", value);
    let shows = |value: &str| http::get("/mail.nsf").header("Authorization", value);
    let [first, second] = NTLM.map(|message| format!("Negotiate {message}"));
    let refused = logins(|net| {
        let web = at_mail(net);
        web.ask(http::get("/mail.nsf")).reply(asks("Negotiate"));
        for _ in 0..3 {
            web.ask(shows(&first)).reply(asks("Negotiate"));
        }
    });
    assert_eq!(outcomes(&refused), ["refused (401 Unauthorized to NTLM in place of a Kerberos ticket)"]);
    let granted = logins(|net| {
        let web = at_mail(net);
        web.ask(http::get("/mail.nsf")).reply(asks("Negotiate"));
        web.ask(shows(&first)).reply(asks(&second));
        web.ask(shows(&first)).reply(page());
    });
    assert_eq!(outcomes(&granted), ["granted"]);
    let basic = logins(|net| {
        let web = at_mail(net);
        unauthorized(&web, "/mail.nsf");
        web.ask(http::get("/mail.nsf").basic_auth("asmith", "wrong")).reply(http::response(401).challenge("/"));
        web.wait(9000).ask(http::get("/mail.nsf").basic_auth("asmith", "right")).reply(page());
    });
    assert_eq!(outcomes(&basic), ["refused (401 Unauthorized to name and password)", "granted"]);
    assert_eq!((basic[0].user.as_deref(), basic[0].mended), (Some("asmith"), true));
}

#[test]
fn steps_on_the_way_are_no_attempts() {
    for story in [
        (|net| unauthorized(&at_mail(net), "/mail.nsf")) as Tale,
        |net| denied(&at_mail(net), "/mail.nsf"),
        |net| {
            at_mail(net).ask(http::get("/names.nsf?Login")).reply(http::response(200).html(LOGIN_FORM));
        },
        |net| {
            at_mail(net).ask(http::get("/mail.nsf")).reply(http::response(401).set("WWW-Authenticate", "Negotiate"));
        },
        |net| {
            at_mail(net).ask(http::get("/favicon.ico")).reply(http::response(404));
        },
    ] {
        assert_eq!((logins(story), tokens(story)), (Vec::new(), Vec::new()));
    }
}

#[test]
fn what_becomes_of_a_token() {
    come_to(
        |story| tokens(story),
        &[
            (&["granted"], |net| {
                let upgrade = http::get("/nomad/ws").header("Connection", "Upgrade").header("Upgrade", "websocket");
                let taken = http::response(101).header("Connection", "Upgrade").header("Upgrade", "websocket");
                visit(&with_token(net), &mail(net)).ask(upgrade).reply(taken);
            }),
            (&["granted"], |net| {
                let web = visit(&with_token(net), &mail(net));
                served(&web, "/a.nsf");
                served(&web, "/b.nsf");
            }),
            (&["refused (401 Unauthorized)"], |net| {
                let web = visit(&with_token(net), &mail(net));
                unauthorized(&web, "/a.nsf");
                unauthorized(&web, "/b.nsf");
            }),
            (&["refused (a login form in place of the page)"], |net| {
                visit(&with_token(net), &mail(net))
                    .ask(http::get("/a.nsf"))
                    .reply(http::response(200).html(LOGIN_FORM));
            }),
            (&["refused (sent to a login page)"], |net| denied(&visit(&with_token(net), &mail(net)), "/a.nsf")),
            (&[], |net| {
                let to_provider = http::response(302).location("https://idp.example.org/auth?client_id=x&state=y");
                visit(&with_token(net), &mail(net)).ask(http::get("/a.nsf")).reply(to_provider);
            }),
        ],
    );
    let mended = tokens(|net| {
        let web = visit(&with_token(net), &mail(net));
        denied(&web, "/a.nsf");
        net.wait_secs(100);
        login(&web, "asmith", vec![shared("LtpaToken", &domino(net, ANN))]);
        served(&web, "/a.nsf");
    });
    assert_eq!(outcomes(&mended), ["refused (sent to a login page)", "granted"]);
    assert!(mended[0].mended && mended[0].user.as_deref() == Some(ANN));
}

#[test]
fn a_request_on_both_sides_of_a_proxy_is_one_attempt() {
    let found = tokens(|net| {
        let front = visit(&with_token(net), &mail(net));
        let token = domino(net, ANN);
        let back =
            Browser::new(&mail(net)).has("example.com", "LtpaToken", &token).open(&portal(net), 80, "mail.example.com");
        front.ask(http::get("/a.nsf"));
        back.ask(http::get("/a.nsf")).reply(to_login());
        front.reply(to_login());
    });
    assert_eq!(outcomes(&found), ["refused (sent to a login page)"]);
}

/// The host sends the browser to the provider, which sends it back; what comes then is up to the story.
fn round(net: &Network, web: &Visit, user: &Browser) {
    let away = "http://idp.example.org/auth?client_id=app&state=s&redirect_uri=x";
    web.wait(300).ask(http::get("/app")).reply(http::response(302).location(away));
    let back = http::response(302).location("http://mail.example.com/back?code=c&state=s");
    user.open(&net.host("10.1.0.30"), 80, "idp.example.org").ask(http::get("/auth?client_id=app&state=s")).reply(back);
}

#[test]
fn logins_by_an_identity_provider() {
    let granted = logins(|net| {
        let user = browser(net);
        let web = visit(&user, &mail(net));
        round(net, &web, &user);
        web.ask(http::get("/back?code=c&state=s")).reply(http::response(302).location("/app"));
        served(&web, "/app");
    });
    assert_eq!(outcomes(&granted), ["granted"]);
    let circle = logins(|net| {
        let user = browser(net);
        let web = visit(&user, &mail(net));
        for _ in 0..3 {
            round(net, &web, &user);
            web.ask(http::get("/back?code=c&state=s")).reply(http::response(302).location("/app"));
        }
    });
    let again = "refused (sent to the identity provider again and again, without a page in between)";
    assert_eq!(outcomes(&circle), [again]);
    let refused = logins(|net| {
        let user = browser(net);
        let web = visit(&user, &mail(net));
        round(net, &web, &user);
        web.ask(http::get("/back?error=access_denied&state=s")).reply(http::response(403));
    });
    assert_eq!(outcomes(&refused), ["refused (403 Forbidden to the word of the identity provider)"]);
    let never = logins(|net| {
        let user = browser(net);
        round(net, &visit(&user, &mail(net)), &user);
    });
    assert_eq!(outcomes(&never), ["unknown: the answer is of no form that is known to grant or to refuse"]);
}

#[test]
fn the_page_that_was_wanted_is_lost_with_a_cookie() {
    let saml = |net: &Network, comes: bool| {
        let web = at_mail(net);
        let note = cookie("SAMLRedirectURL", "/crm.nsf/doc").path("/").same_site("Lax");
        let away = http::response(302).location("http://idp.example.org/saml2?SAMLRequest=x");
        let away = away.set_cookie(note);
        web.ask(http::get("/crm.nsf/doc"));
        // What the jar does not hear of is not sent back.
        if comes {
            web.reply(away);
        } else {
            web.tcp().server(away);
        }
        let word = http::post("/names.nsf?SAMLLogin").form(&[("SAMLResponse", "PHNhbWxw"), ("RelayState", "x")]);
        web.wait(900)
            .ask(word)
            .reply(http::response(302).location("/home.nsf").set_cookie(shared("LtpaToken", "AAECAzQ4")));
        served(&web, "/home.nsf");
    };
    let lost = logins(|net| saml(net, false));
    assert_eq!(
        outcomes(&lost),
        [
            "refused (led to another page: the cookie SAMLRedirectURL, set on the way to the identity provider, does not come \
          back with its word)"
        ]
    );
    assert_eq!(outcomes(&logins(|net| saml(net, true))), ["granted"]);
}
