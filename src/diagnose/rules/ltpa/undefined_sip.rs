//! A softphone registers with the word `undefined` where the token should be: a script could not read the cookie.

use crate::diagnose::evidence::logs::{LoggedWord, MOST, log_of, words_logged};
use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all};
use crate::diagnose::words::ltpa::undefined_sip as words;
use crate::diagnose::words::{Callers, Placeholders};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::logs::{LogEntry, LoggedRequest};
use crate::facts::sip::SipExchange;
use crate::facts::tokens::consumers::by_consumer;
use crate::facts::tokens::{Channel, Issue, KnownToken, Showing, ShowingOutcome};
use crate::model::{Confidence, LogEvent, RuleId, Severity, Span};
use hashbrown::HashSet;
use nrpcsniff_dissectors::ltpa::Class;
use nrpcsniff_dissectors::sip::{self, Address};

/// See [`ABOUT`].
pub(crate) struct UndefinedSip;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-undefined-sip");

static ABOUT: About = About {
    id: ID,
    title: "A softphone registers with a word instead of its sign-on token",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A SIP request carries a cookie LtpaToken whose value is undefined, null or nothing, and is refused (401, 403, 407, \
           5xx) or not answered. Beside it, the Set-Cookie of the token in HTTP, with HttpOnly or for LtpaToken2 alone. \
           Logs: CWSCT0359I and CWSCT0340E of the SIP registrar at that time; such a REGISTER in a trace, with its answer.",
    matters: "The script of the page could not read the token, so that the registrar knows nobody: audio and video do not work \
              in the browser, while the installed client, which keeps its own token, is well.",
    guards: &[
        "The same registration succeeds soon after (one 401, then 200): silent.",
        "The request carries a real token as well: silent.",
        "Whether the request was refused is not in the capture: information only.",
        "An empty value where no token was ever set: the user may not have logged in at all; lower confidence.",
    ],
    remedy: &[
        "WebSphere Integrated Solutions Console > Security > Global security > Web and SIP security > Single sign-on (SSO): \
         clear \"Set security cookies to HTTPOnly to help prevent cross-site scripting attacks\", save, synchronise the nodes \
         and restart the servers. Weigh it: a script injected into any page of the domain can then steal the token.",
        "Without that change: let users log in at the Community server (Sametime Proxy) first, whose LtpaToken scripts may \
         read, or use the installed client for audio and video.",
        "If only LtpaToken2 is set: on the same page, switch on \"Interoperability mode\", so that LtpaToken is issued too.",
    ],
    references: &[
        "C. Benner, collaborationben.com: LtpaToken \"undefined\" in SIP REGISTER of Sametime 9 softphones (2014)",
        "IBM: WebSphere Application Server, single sign-on settings (interoperability mode, HTTPOnly)",
        "RFC 6265 section 5.2.6 (HttpOnly)",
    ],
    explains: &[
        super::httponly_script::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_407::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::sip::status_408::ID,
    ],
};

impl Rule for UndefinedSip {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let showings = case.tokens().showings().iter();
        let junk = showings.filter(|s| is_junk(s) && !recovered(case, s));
        by_consumer(junk).iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let logs = case.logs();
        let fell_back = logs.saying(|event| *event == LogEvent::DigestWithoutPassword).take(MOST);
        let shown = words_logged(case, |request| request.sip().is_some());
        let shown =
            shown.filter(|request| !got_through(case, request)).filter_map(|request| word_logged(case, request));
        shown.chain(fell_back.map(|entry| without_password(case, entry))).collect()
    }
}

/// A SIP request with a word where its only token should be.
fn is_junk(showing: &Showing<'_>) -> bool {
    showing.channel == Channel::Sip
        && showing.tokens.iter().any(KnownToken::is_junk)
        && showing.genuine().next().is_none()
}

/// The same registration (or call) got through, then or soon after.
fn recovered(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let within = case.settings.thresholds.retry_within;
    let soon = |at: crate::model::Timestamp| (Span::ZERO..=within).contains(&at.since(showing.at.time));
    let same = showing.call_id.into_iter().flat_map(|call| case.sip().of_call(call));
    showing.outcome == ShowingOutcome::Accepted
        || same
            .filter(|exchange| exchange.method == showing.method && soon(exchange.began()))
            .any(|exchange| exchange.status().is_some_and(|status| status < 300))
}

fn outcome(case: &Case<'_>, showing: &Showing<'_>) -> words::Outcome {
    let silent = case.end().since(showing.at.time) > case.settings.thresholds.reply_timeout;
    match &showing.answer {
        _ if showing.is_refused() => words::Outcome::Refused,
        None if silent => words::Outcome::NoAnswer,
        _ => words::Outcome::Unknown,
    }
}

/// So many tokens set with HttpOnly are named: what goes beyond tells nothing new.
const ALIKE: usize = 4096;

/// Why the script could not read the token.
enum Why<'s, 'a> {
    /// The token was set with HttpOnly, and others by the same host.
    HttpOnly(&'s Issue<'a>, Vec<&'s Issue<'a>>),
    /// Another kind was set, but not the one that the script looks for.
    OtherVersion(&'s Issue<'a>),
    /// The token was set so that scripts may read it.
    Readable(&'s Issue<'a>),
    /// It was not seen being set.
    Unseen,
}

impl Why<'_, '_> {
    fn words(&self) -> words::SetAs {
        match self {
            Self::HttpOnly(issue, _) => words::SetAs::HttpOnly { token_issuer: issue.host.clone() },
            Self::OtherVersion(issue) => {
                words::SetAs::OtherName { token_issuer: issue.host.clone(), cookie: issue.cookie.name.clone() }
            }
            Self::Readable(issue) => {
                words::SetAs::Readable { token_issuer: issue.host.clone(), is_secure: issue.cookie.secure }
            }
            Self::Unseen => words::SetAs::NotSeen,
        }
    }
}

/// What was set for these clients before; what was set for others where nothing was: HttpOnly is a setting of the server.
fn why<'s, 'a>(case: &'s Case<'a>, group: &[&Showing<'a>]) -> Why<'s, 'a> {
    let Some(last) = group.iter().map(|showing| showing.at.time).max() else { return Why::Unseen };
    let wanted: HashSet<String> = group.iter().flat_map(|s| &s.tokens).filter_map(|known| cookie_name(known)).collect();
    let clients: HashSet<_> = group.iter().map(|showing| showing.client).collect();
    let named = |issue: &&Issue<'a>| wanted.contains(&issue.cookie.name.to_ascii_lowercase());
    let before = |issue: &&Issue<'a>| issue.at.time <= last;
    let theirs = || clients.iter().flat_map(|client| case.tokens().issues_to(*client)).filter(before);
    let latest = |issues: Vec<&'s Issue<'a>>| issues.into_iter().max_by_key(|issue| (issue.at.time, issue.at.frame));
    let own = latest(theirs().filter(named).collect());
    let anybody = || wanted.iter().filter_map(|name| case.tokens().hidden(name)).filter(before);
    let source = own.or_else(|| latest(anybody().collect()));
    match source {
        Some(issue) if issue.cookie.http_only => {
            let alike = case.tokens().issues_by(&issue.host).filter(|other| other.cookie.http_only);
            Why::HttpOnly(issue, alike.take(ALIKE).collect())
        }
        Some(issue) => Why::Readable(issue),
        None => match latest(theirs().filter(|issue| issue.known.is_genuine()).collect()) {
            Some(issue) => Why::OtherVersion(issue),
            None => Why::Unseen,
        },
    }
}

fn cookie_name(known: &KnownToken<'_>) -> Option<String> {
    known.cookie.filter(|_| known.is_junk()).map(str::to_ascii_lowercase)
}

fn judge_group(case: &Case<'_>, group: &[&Showing<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let worst = group.iter().map(|showing| outcome(case, showing)).max()?;
    let why = why(case, group);
    let empty = group.iter().all(|s| s.tokens.iter().all(|known| known.class == Class::Empty));
    let unseen = matches!(why, Why::Unseen);
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(group.len() > 1)
        .guard(empty && unseen)
        .says(&no_token(first, group, worst, &why));
    let draft = match worst {
        words::Outcome::Refused => draft,
        words::Outcome::NoAnswer => draft.at_most(Confidence::Medium),
        words::Outcome::Unknown => draft.severity(Severity::Info).at_most(Confidence::Medium),
    };
    let draft = show_all(name_all(case, draft, group), group);
    Some(show_contrast(case, show_why(draft, &why), first))
}

/// `LtpaToken="undefined"`. The word is no secret.
fn literal(showing: &Showing<'_>) -> String {
    let junk = showing.tokens.iter().find(|known| known.is_junk());
    junk.map_or_else(String::new, |known| {
        let word = if known.class == Class::Empty { "" } else { known.token.value.expose() };
        format!("{}=\"{word}\"", known.cookie.unwrap_or("LtpaToken"))
    })
}

fn no_token(
    first: &Showing<'_>,
    group: &[&Showing<'_>],
    outcome: words::Outcome,
    why: &Why<'_, '_>,
) -> words::WordForToken {
    let caller = |s: &&Showing<'_>| s.claim.clone().unwrap_or_else(|| s.client.to_string());
    words::WordForToken {
        server: first.server,
        callers: Callers::of(group.iter().map(caller)),
        clients: clients(group),
        placeholders: Placeholders::of(group.iter().map(|showing| literal(showing))),
        set_as: why.words(),
        outcome,
        answers: answers(group),
    }
}

fn show_why(draft: Draft, why: &Why<'_, '_>) -> Draft {
    match why {
        Why::HttpOnly(issue, alike) => {
            let all = std::iter::once(issue).chain(alike);
            name(draft, all.map(|issue| issue.conversation)).points(10).packet(issue.at, set(issue, "with HttpOnly"))
        }
        Why::OtherVersion(issue) => draft
            .packet(issue.at, set(issue, "and no token of the name that the softphone sends"))
            .remedy_first(format!(
                "WebSphere Integrated Solutions Console of {} > Security > Global security > Web and SIP security > Single \
                 sign-on (SSO): switch on \"Interoperability mode\", save, synchronise the nodes and restart the servers.",
                issue.host,
            )),
        Why::Readable(issue) => draft.packet(issue.at, set(issue, "without HttpOnly")).remedy_first(format!(
            "Compare host, domain and path of the page that runs the softphone with those of the cookie that {} sets.",
            issue.host,
        )),
        Why::Unseen => draft.absence("no Set-Cookie of the token in the capture"),
    }
}

fn set(issue: &Issue<'_>, how: &str) -> String {
    format!("{} set {} for {} {how}", issue.host, issue.cookie.name, issue.conversation.client.ip)
}

/// A real token at the same registrar, as the installed client sends it.
fn show_contrast(case: &Case<'_>, draft: Draft, first: &Showing<'_>) -> Draft {
    let mut others = case.tokens().showings().iter();
    let good = others.find(|other| other.is_at(first) && other.is_proof() && other.genuine().next().is_some());
    good.into_iter().fold(draft, |draft, good| {
        draft.packet(good.at, format!("the same server accepted a real token from {}", good.client))
    })
}

/// The same registration was granted later in the same log, or then.
fn got_through(case: &Case<'_>, request: &LoggedRequest<'_>) -> bool {
    let granted = |other: &LoggedRequest<'_>| other.status().is_some_and(|(status, _)| status < 300);
    let later = |other: &&LoggedRequest<'_>| other.entry.line() >= request.entry.line();
    let same = |other: &&LoggedRequest<'_>| {
        other.entry.log == request.entry.log && request.call_id().is_some_and(|id| other.call_id() == Some(id))
    };
    granted(request) || case.logs().requests().iter().filter(later).filter(same).any(granted)
}

/// A REGISTER in a trace that has a word where its only token should be.
fn word_logged(case: &Case<'_>, request: &LoggedRequest<'_>) -> Option<Testimony> {
    let word = LoggedWord::of(case, request);
    let caller = request.sip()?.from.as_ref().map(Address::of_record).filter(|name| !name.is_empty());
    let draft = Draft::new(&ABOUT, 45).names_read().says(&words::LoggedSipWord {
        log: word.log,
        user: caller.clone(),
        placeholders: word.placeholders,
        answers: word.answers,
    });
    let draft = if word.is_refused { draft } else { draft.at_most(Confidence::Medium) };
    let call = request.call_id().into_iter().flat_map(|id| case.sip().of_call(id));
    let carried = call.flat_map(SipExchange::conversations).map(|c| c.id).collect::<Vec<_>>();
    let testimony = Testimony::new(&ABOUT, &case.logs().lines_of(request)).whom(caller.unwrap_or_default());
    Some(testimony.links(carried).alone(draft))
}

/// Both messages of one request stand no further apart.
const TOGETHER: Span = Span::from_secs(2);

/// The registrar asked for a password that it cannot check. What the cookie held is not in such a log.
fn without_password(case: &Case<'_>, entry: LogEntry<'_>) -> Testimony {
    let before = case.logs().log(entry.log).and_then(|log| {
        let before = log.facts.iter().rev().skip_while(|fact| fact.line >= entry.fact.line).take(4);
        let mut before = before.map(|fact| LogEntry { fact, ..entry });
        before.find(|other| other.fact.event == LogEvent::DigestWithoutHash && entry.since(other) <= TOGETHER)
    });
    let both = before.is_some();
    let draft = Draft::new(&ABOUT, if both { 50 } else { 30 })
        .at_most(Confidence::Medium)
        .severity(if both { Severity::Major } else { Severity::Minor })
        .says(&words::FellBack { log: log_of(case, &entry).to_owned() })
        .remedy_first(
            "Capture the REGISTER where it is in clear, or trace the SIP registrar, and look at its Cookie: a word such as \
             undefined in place of the token confirms this, a real token or none at all speaks for another cause.",
        );
    let lines: Vec<LogEntry<'_>> = before.into_iter().chain([entry]).collect();
    Testimony::new(&ABOUT, &lines).links(case.logs().refused_at(&entry, &[&sip::PROTOCOL], &[])).alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, beside, is_of_both, lines, log, systemout};
    use crate::testing::tokens::{
        PC, browser, domino, end, login, meet, register, register_again, served, shared, visit,
    };
    use crate::testing::{Story, findings, idle, says, the_one, told};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-undefined-sip";
    const WORD: (&str, &str) = ("LtpaToken", "undefined");

    /// A login that sets both tokens, hidden from scripts or not.
    fn logged_in(net: &Network, hidden: bool) {
        let set = |name, token: &str| if hidden { shared(name, token).http_only() } else { shared(name, token) };
        let visit = visit(&browser(net), &meet(net));
        let (v1, v2) = (ltpa::DEMO.v1("CN=Ann,O=ACME", end(net)), ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)));
        login(&visit, "asmith", vec![set("LtpaToken2", &v2), set("LtpaToken", &v1)]);
        served(&visit, "/stmeetings/");
    }

    #[test]
    fn the_cookie_that_no_script_may_read() {
        let net = Network::new();
        logged_in(&net, true);
        let phone = register(&net, PC, WORD, Some(401));
        register_again(&phone, WORD, Some(401));
        register_again(&phone, WORD, Some(401));
        let all = findings(&net.to_pcapng());
        let finding = the_one(&all);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Major, Confidence::High)
        );
        assert_eq!(finding.also, ["sip-401-loop", "ltpa-httponly-script"]);
        says(
            finding,
            &[
                "LtpaToken=\"undefined\"",
                "ann@example.com",
                "meet.example.com set LtpaToken for 10.1.0.50 with HttpOnly",
                "401 Unauthorized",
                "Set security cookies to HTTPOnly",
                "synchronise the nodes",
                "log in at the Community server",
            ],
        );
        let set = finding.evidence.iter().find(|e| e.text.contains("HttpOnly")).and_then(|e| e.frame).map(|f| f.number);
        assert_eq!(set, Some(5), "the frame that sets the cookie");
    }

    #[test]
    fn only_the_second_version_was_set() {
        let found = told(RULE, |net| {
            let visit = visit(&browser(net), &meet(net));
            login(&visit, "asmith", vec![shared("LtpaToken2", &ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)))]);
            register(net, PC, WORD, Some(403));
        });
        assert!(the_one(&found).remedy[0].contains("Interoperability mode"), "{:?}", the_one(&found).remedy);
        says(the_one(&found), &["a token of that name was never set", "set LtpaToken2"]);
    }

    #[test]
    fn the_setting_shows_in_another_user_s_login() {
        let found = told(RULE, |net| {
            logged_in(net, true);
            register(net, "10.1.0.51", WORD, Some(401));
        });
        says(the_one(&found), &["for 10.1.0.50 with HttpOnly", "Here 10.1.0.51 sent"]);
    }

    #[test]
    fn causes_that_are_not_seen_are_not_made_up() {
        for (literal, status) in [("null", 500), ("NaN", 403), ("[object Object]", 401)] {
            let found = told(RULE, |net| drop(register(net, PC, ("LtpaToken", literal), Some(status))));
            says(
                the_one(&found),
                &[&format!("LtpaToken=\"{literal}\""), "not in the capture: HttpOnly is the usual reason"],
            );
            assert_eq!(the_one(&found).severity, Severity::Major);
        }
        let readable = told(RULE, |net| {
            logged_in(net, false);
            register(net, PC, WORD, Some(401));
        });
        says(the_one(&readable), &["without HttpOnly"]);
    }

    #[test]
    fn an_installed_client_beside_it_is_the_contrast() {
        let found = told(RULE, |net| {
            register(net, "10.1.0.77", ("LtpaToken", &domino(net, "CN=Bob/O=ACME")), Some(200));
            register(net, PC, WORD, Some(401));
        });
        says(the_one(&found), &["the same server accepted a real token from 10.1.0.77"]);
    }

    #[test]
    fn silence_is_told_from_a_capture_that_ends() {
        let silent = told(RULE, |net| {
            register(net, PC, WORD, None);
            idle(net, 40);
        });
        assert_eq!((the_one(&silent).severity, the_one(&silent).confidence), (Severity::Major, Confidence::Medium));
        let cut = told(RULE, |net| drop(register(net, PC, WORD, None)));
        assert_eq!(the_one(&cut).severity, Severity::Info);
    }

    #[test]
    fn an_empty_value_may_mean_that_nobody_logged_in() {
        let found = told(RULE, |net| drop(register(net, PC, ("LtpaToken", ""), Some(401))));
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("one 401, then 200", |net| {
                let phone = register(net, PC, WORD, Some(401));
                register_again(&phone, WORD, Some(200));
            }),
            ("accepted at once", |net| drop(register(net, PC, WORD, Some(200)))),
            ("a real token, refused", |net| {
                register(net, PC, ("LtpaToken", &domino(net, "CN=Ann Smith/O=ACME")), Some(401));
            }),
            ("a real token beside the word", |net| {
                let phone = register(net, PC, ("LtpaToken", &domino(net, "CN=Ann Smith/O=ACME")), Some(200));
                let token = domino(net, "CN=Ann Smith/O=ACME");
                let request = phone.register().cookie("LtpaToken2", "undefined").cookie("LtpaToken", &token);
                phone.sends(&request).hears(request.response(403));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    /// A REGISTER of a call in a trace, with its answer if it has one.
    fn traced(cookie: &str, cseq: u32, status: Option<&str>) -> String {
        let head = |first: &str| {
            format!(
                "{first}\nVia: SIP/2.0/TLS 10.1.0.50:54303;branch=z9hG4bK{cseq}\nFrom: <sip:ann@example.com>;tag=1\n\
                 Call-ID: 4711abcdef@10.1.0.50\nCSeq: {cseq} REGISTER\n"
            )
        };
        let framed = systemout(SOME_TIME, &["Inbound message"]);
        let request = head("REGISTER sip:example.com;transport=tls SIP/2.0");
        let answer =
            status.map_or_else(String::new, |status| format!("{framed}{}\n", head(&format!("SIP/2.0 {status}"))));
        format!("{framed}{request}Cookie: {cookie}\n\n{answer}")
    }

    #[test]
    fn a_request_in_a_trace_shows_the_word_itself() {
        for cookie in ["LtpaToken=\"undefined\"", "LtpaToken=undefined", "a=b; LtpaToken=\u{201d}undefined\u{201d}"] {
            let found = alone(&[&traced(cookie, 1, Some("401 Unauthorized"))]);
            let finding = the_one(&found);
            assert_eq!(
                (finding.rule.as_str(), finding.severity, finding.confidence),
                (RULE, Severity::Major, Confidence::High),
                "{cookie}"
            );
            says(finding, &["ann@example.com", "LtpaToken=\"undefined\"", "refused (401 Unauthorized)"]);
            assert_eq!(lines(finding)[..1], [2]);
        }
        let open = alone(&[&traced("LtpaToken=undefined", 1, None)]);
        assert_eq!(the_one(&open).confidence, Confidence::Medium);
    }

    /// The healthy twins: the registration goes through after all, and a real token.
    #[test]
    fn a_request_in_a_trace_that_gets_through_is_silent() {
        let word = "LtpaToken=undefined";
        let mended = traced(word, 1, Some("401 Unauthorized")) + &traced(word, 2, Some("200 OK"));
        assert_eq!(alone(&[&mended]), []);
        let token = domino(&Network::new(), "CN=Ann/O=ACME");
        assert_eq!(alone(&[&traced(&format!("LtpaToken={token}"), 1, Some("401 Unauthorized"))]), []);
    }

    const BOTH: [&str; 2] = [
        "CWSCT0359I: Hashed Credential attributes not found.",
        "CWSCT0340E: Error - cannot retrieve password attribute.",
    ];

    #[test]
    fn the_registrar_s_log_alone_infers_and_claims_no_cookie() {
        let found = alone(&[&systemout(SOME_TIME, &BOTH)]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Major, Confidence::Medium)
        );
        says(finding, &["inferred", "not in this log"]);
        assert!(!finding.title.contains("undefined") && !finding.explanation.contains("undefined"));
        let second = alone(&[&systemout(SOME_TIME, &BOTH[1..])]);
        assert_eq!((the_one(&second).severity, the_one(&second).confidence), (Severity::Minor, Confidence::Low));
        assert_eq!(alone(&[&systemout(SOME_TIME, &BOTH[..1])]), [], "that alone is no fault");
    }

    #[test]
    fn the_registrar_s_log_joins_the_capture() {
        let net = Network::new();
        register(&net, PC, ("LtpaToken", ""), Some(401));
        let found = beside(&net, vec![log("SystemOut.log", &systemout(net.now(), &BOTH))]);
        let finding = the_one(&found);
        assert!(is_of_both(finding), "{found:#?}");
        assert_eq!((finding.confidence, lines(finding)), (Confidence::High, vec![1, 2]));
        let later = beside(&net, vec![log("SystemOut.log", &systemout(net.now() + 60_000_000_000, &BOTH))]);
        assert_eq!(later.len(), 2, "{later:#?}");
    }
}
