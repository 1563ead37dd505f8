//! A browser's script sends a word in place of its sign-on token.

use crate::diagnose::evidence::logs::{LoggedWord, words_logged};
use crate::diagnose::evidence::tokens::{answers, clients, name_all, show_all, verifier};
use crate::diagnose::words::Placeholders;
use crate::diagnose::words::ltpa::undefined_http as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::logs::LoggedRequest;
use crate::facts::tokens::consumers::by_consumer;
use crate::facts::tokens::{KnownToken, Showing};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::ltpa::Class;

/// See [`ABOUT`].
pub(crate) struct UndefinedHttp;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-undefined-http");

static ABOUT: About = About {
    id: ID,
    title: "A web client sends a word instead of its sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request has a cookie LtpaToken or LtpaToken2 whose value is `undefined`, `null` or another of a script's words for nothing, no \
           token beside it, and is turned away (401, a login page or form). Logs: such a request in a trace, with its answer.",
    matters: "A script read a cookie that it may not see or that is not there, and set the cookie anew with what it got: from then on every \
              server of the domain is shown that word.",
    guards: &[
        "An empty value is a logout: silent.",
        "A token stands beside it: silent (the server may take that).",
        "The request is served all the same: silent.",
        "Softphones: see ltpa-undefined-sip.",
    ],
    remedy: &[
        "Delete the browser's cookies of the domain once: the word stays until the browser is closed, or for good.",
        "WebSphere: Security > Global security > Web and SIP security > Single sign-on (SSO): clear \"Set security cookies to HTTPOnly\" if a \
         script of Sametime has to read the token; or let the script not need it (Sametime 12).",
        "The script looks for LtpaToken and the server sets LtpaToken2 only: turn on \"Interoperability mode\".",
    ],
    references: &["IBM: WebSphere Application Server, single sign-on settings (HTTPOnly, interoperability mode)"],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for UndefinedHttp {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let shown = case.tokens().showings().iter().filter(|showing| is_word(showing));
        by_consumer(shown).iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let shown = words_logged(case, |request| request.http().is_some());
        let shown = shown.filter(|request| request.status().is_none_or(|(status, _)| status >= 300));
        shown.filter_map(|request| word_logged(case, request)).collect()
    }
}

/// A request in a trace that has a word where its only token should be.
fn word_logged(case: &Case<'_>, request: &LoggedRequest<'_>) -> Option<Testimony> {
    let word = LoggedWord::of(case, request);
    let host = request.http()?.host.clone();
    let draft = Draft::new(&ABOUT, 45).names_read().says(&words::LoggedHttpWord {
        log: word.log,
        host: host.clone(),
        placeholders: word.placeholders,
        answers: word.answers,
    });
    let draft = if word.is_refused { draft } else { draft.at_most(Confidence::Medium) };
    Some(Testimony::new(&ABOUT, &case.logs().lines_of(request)).whom(host.unwrap_or_default()).alone(draft))
}

/// A browser shows a word and no token, and is turned away.
fn is_word(showing: &Showing<'_>) -> bool {
    let is_placeholder = |known: &KnownToken<'_>| matches!(known.class, Class::Undefined | Class::JunkLiteral);
    showing.exchange().is_some()
        && showing.is_doubted()
        && !showing.credentials
        && showing.tokens.iter().any(is_placeholder)
        && showing.genuine().next().is_none()
}

fn finding(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = group.first()?;
    let words_of = |showing: &&Showing<'_>| {
        let all = showing.tokens.iter().filter(|known| known.is_junk() && known.class != Class::Empty);
        all.map(|known| format!("{}={}", known.cookie.unwrap_or_default(), known.token.value.expose()))
            .collect::<Vec<_>>()
    };
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::WordShown {
        verifier: verifier(first),
        clients: clients(group),
        placeholders: Placeholders::of(group.iter().flat_map(words_of)),
        answers: answers(group),
    });
    Some(show_all(name_all(case, draft, group), group))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, systemout};
    use crate::testing::tokens::{ANN, browser, denied, domino, meet, served, unauthorized, visit};
    use crate::testing::{Story, says, the_one, told};

    const RULE: &str = "ltpa-undefined-http";

    #[test]
    fn a_word_that_is_turned_away() {
        for word in ["undefined", "\"undefined\"", "null"] {
            let found = told(RULE, |net| {
                let web = visit(&browser(net).has("example.com", "LtpaToken", word), &meet(net));
                unauthorized(&web, "/stwebapi/user/connect");
            });
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High), "{word}");
            says(finding, &["meet.example.com", word.trim_matches('"'), "401"]);
        }
    }

    #[test]
    fn a_request_in_a_trace() {
        let traced = |status: &str| {
            let framed = systemout(SOME_TIME, &["x"]);
            let request = "GET /stwebapi/user/connect HTTP/1.1\nHost: meet.example.com\nCookie: LtpaToken=undefined\n";
            format!("{framed}{request}\n{framed}HTTP/1.1 {status}\nContent-Type: text/html\n\n")
        };
        let found = alone(&[&traced("401 Unauthorized")]);
        assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, Confidence::High));
        says(the_one(&found), &["meet.example.com", "undefined", "401 Unauthorized"]);
        assert_eq!(alone(&[&traced("200 OK")]), [], "the healthy twin");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("served all the same", |net| {
                served(&visit(&browser(net).has("example.com", "LtpaToken", "undefined"), &meet(net)), "/x");
            }),
            ("an empty value", |net| {
                denied(&visit(&browser(net).has("example.com", "LtpaToken", "\"\""), &meet(net)), "/x");
            }),
            ("a token beside it", |net| {
                let user = browser(net).has("example.com", "LtpaToken", "undefined");
                denied(&visit(&user.has("example.com", "LtpaToken2", &domino(net, ANN)), &meet(net)), "/x");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
