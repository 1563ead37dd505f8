//! A token in a cookie of the other version's name.

use crate::diagnose::evidence::logs::{MOST, READ, log_of, refused_near, verified_well};
use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all, verifier};
use crate::diagnose::words::ltpa::{TokenKind, foreign_format as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::tokens::consumers::{by_consumer, unexplained};
use crate::facts::tokens::{KnownToken, Showing};
use crate::model::{LogEvent, RuleId, Severity};
use nrpcsniff_dissectors::ltpa::{Class, Flag};

/// See [`ABOUT`].
pub(crate) struct ForeignFormat;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-foreign-format");

static ABOUT: About = About {
    id: ID,
    title: "A sign-on token stands in a cookie of another version",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A cookie LtpaToken holds a token of version 2 (it opens as one, or the same token was set as LtpaToken2); or a cookie \
           LtpaToken2 holds what can only be version 1 (its length) or Domino's own. A server refuses it. \
           Logs: \"[0] != u\" in Domino's trace of single sign-on.",
    matters: "The server opens the token by the rules of the version that the name promises, and reads noise.",
    guards: &[
        "The server accepts it all the same: silent.",
        "By length alone a version 2 token cannot be told in a cookie LtpaToken: silent without keys, unless it was seen under the \
         other name.",
        "What can be read says that the token has ended: silent.",
    ],
    remedy: &[
        "Look at who writes the cookie: a script, a proxy or an application that copies LtpaToken2 into LtpaToken must hand on both \
         under their own names.",
        "WebSphere: bring server and Domino to a level that writes the version the name promises (APAR LO80030 describes a token \
         that begins with expire: in LtpaToken), or switch \"Interoperability mode\" on.",
        "Domino: Web SSO Configuration document > Token Format must fit the cookies that WebSphere sets.",
    ],
    references: &[
        "IBM APAR LO80030: Domino cannot read an LtpaToken that begins with expire:",
        "IBM: WebSphere Application Server, single sign-on settings (interoperability mode)",
    ],
    explains: &[
        super::version_mismatch::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

impl Rule for ForeignFormat {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let foreign = unexplained(case).filter(|showing| foreign(case, showing).is_some());
        by_consumer(foreign).iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let foreign = case.logs().saying(|event| *event == LogEvent::ForeignFormat).take(MOST);
        let testimonies = foreign.map(|entry| {
            let log = log_of(case, &entry).to_owned();
            let draft = Draft::new(&ABOUT, READ).names_read().says(&words::FormatTraced { log });
            Testimony::new(&ABOUT, &[entry]).links(refused_near(case, &entry)).alone(draft)
        });
        testimonies.chain(verified_well(case, &ABOUT)).collect()
    }
}

/// The token that is not what its cookie's name says, and what it is.
fn foreign<'s, 'a>(case: &Case<'a>, showing: &'s Showing<'a>) -> Option<(&'s KnownToken<'a>, TokenKind)> {
    showing.genuine().find_map(|known| Some((known, kind(case, known)?)))
}

fn kind(case: &Case<'_>, known: &KnownToken<'_>) -> Option<TokenKind> {
    let second = known.cookie.map(is_second)?;
    match known.class {
        Class::Domino if second => Some(TokenKind::Domino),
        Class::WebsphereV1 if second && (known.token.has(Flag::Misnamed) || known.opened.is_some()) => {
            Some(TokenKind::WebsphereV1)
        }
        _ if second => None,
        Class::WebsphereV2 if known.opened.is_some() => Some(TokenKind::WebsphereV2),
        _ if known.is_websphere() && known.opened.is_none() && was_second(case, known) => Some(TokenKind::WebsphereV2),
        _ => None,
    }
}

fn is_second(name: &str) -> bool {
    name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("LtpaToken2"))
}

/// The same token was set as LtpaToken2, and not as LtpaToken.
fn was_second(case: &Case<'_>, known: &KnownToken<'_>) -> bool {
    let mut issues = case.tokens().issues_of(known.token.fingerprint).peekable();
    issues.peek().is_some() && issues.all(|issue| is_second(&issue.cookie.name))
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (known, token_kind) = foreign(case, first)?;
    let issue = case.tokens().issue_of(known.token);
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::Misnamed {
        verifier: verifier(first),
        clients: clients(group),
        cookie: known.cookie.unwrap_or("LtpaToken").to_owned(),
        token_kind,
        is_opened: known.opened.is_some(),
        token_issuer: issue.map(|issue| issue.host.clone()),
        issued_as: issue.map(|issue| issue.cookie.name.clone()),
        answers: answers(group),
    });
    let draft = issue.into_iter().fold(draft, |draft, issue| {
        name(draft, [issue.conversation]).packet(issue.at, format!("{} set {}", issue.host, issue.known.label()))
    });
    Some(show_all(name_all(case, draft, group), group))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::tokens::{
        ANN, PC, browser, denied, domino, end, keys, login, meet, portal, register, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http;
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-foreign-format";

    /// A version 1 token whose length only version 1 can have.
    fn odd_v1(net: &Network) -> String {
        let users = ["CN=Ann,O=ACME", "CN=Anna-Maria,O=ACME", "CN=Annabella-Maria,O=ACME"];
        let odd = |token: &String| (token.trim_end_matches('=').len() * 3 / 4) % 16 == 8;
        users.iter().map(|user| ltpa::DEMO.v1(user, end(net))).find(odd).expect("one of them")
    }

    fn shows(net: &Network, name: &str, token: &str, how: fn(&http::Visit, &str)) {
        how(&visit(&browser(net).has("example.com", name, token), &meet(net)), "/stmeetings/");
    }

    #[test]
    fn version_1_or_domino_in_the_second_cookie() {
        let found = told(RULE, |net| shows(net, "LtpaToken2", &odd_v1(net), denied));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["LtpaToken2", "holds a token of version 1", "Its form says so"]);
        let found = told(RULE, |net| shows(net, "LtpaToken2", &domino(net, ANN), denied));
        says(the_one(&found), &["a token of Domino's own kind"]);
    }

    #[test]
    fn a_softphone_that_copies_one_cookie_into_the_other() {
        let found = told(RULE, |net| {
            let v2 = ltpa::DEMO.v2("CN=Ann,O=ACME", end(net));
            login(&visit(&browser(net), &portal(net)), "asmith", vec![shared("LtpaToken2", &v2)]);
            register(net, PC, ("LtpaToken", &v2), Some(401));
        });
        says(the_one(&found), &["portal.example.com had set it as LtpaToken2"]);
    }

    #[test]
    fn a_key_tells_what_a_cookie_holds() {
        let story = |net: &Network| shows(net, "LtpaToken", &ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)), denied);
        assert_eq!(told(RULE, story), []);
        says(
            the_one(&told_with(&keys(), RULE, story)),
            &["LtpaToken that", "a token of version 2", "with the keys given"],
        );
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("accepted all the same", |net| shows(net, "LtpaToken2", &domino(net, ANN), served)),
            ("version 1 under its own name", |net| shows(net, "LtpaToken", &odd_v1(net), denied)),
            ("version 2 under its own name", |net| {
                shows(net, "LtpaToken2", &ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)), denied);
            }),
            ("refused once, accepted later", |net| {
                let token = odd_v1(net);
                shows(net, "LtpaToken2", &token, denied);
                shows(net, "LtpaToken2", &token, served);
            }),
            ("ended", |net| {
                let old = ltpa::domino(ANN, net.now() - 90 * ltpa::MINUTE, net.now() - 60 * ltpa::MINUTE);
                shows(net, "LtpaToken2", &old, denied);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn domino_s_console_is_enough() {
        let found = alone(&[&console(SOME_TIME, &["HTTP Server: Started", "SSO API> *** decoding failed: [0] != u"])]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.severity), (RULE, Severity::Major));
        assert_eq!(crate::testing::logs::lines(finding), [2]);
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP Server: Started"])]), []);
    }
}
