//! The server that issues a token and the one that checks it do not agree on what time it is.

use crate::diagnose::evidence::logs::{token_status, verified_well};
use crate::diagnose::evidence::tokens::{answers, name, name_all, show_all, verifier};
use crate::diagnose::words::ltpa::clock_skew as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::statistics::seconds;
use crate::facts::tokens::consumers::consumer;
use crate::facts::tokens::{Issue, KnownToken, ServerClock, Showing};
use crate::model::{Confidence, RuleId, Severity, Timestamp, TokenStatusText};

/// See [`ABOUT`].
pub(crate) struct ClockSkew;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-clock-skew");

static ABOUT: About = About {
    id: ID,
    title: "Clocks of servers that share sign-on tokens differ",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token was created after the time that the server shows which is to take it (Date header of HTTP), and is refused. Or \
           that server's clock is beyond the token's end while the issuer's is not. Or the Date headers of both differ by more \
           than the threshold. \
           Logs: \"creation time in the future\".",
    matters: "A token from the future is refused at once and works some seconds or minutes later; one that seems older than it is \
              ends early. To the user, single sign-on fails now and then.",
    guards: &[
        "Domino may date a token back by some minutes: a creation in the past is normal.",
        "Both servers agree and only the capture's clock differs: silent.",
        "Only one clock can be read: judged against the capture's, and only if another server agrees with that.",
        "A Date header that came through a proxy (Via) is not looked at, nor that of a cached page: the middle one counts.",
        "The clocks differ and nothing was refused: minor. Something was refused, and the clocks do not explain it: silent.",
    ],
    remedy: &[
        "Synchronise all servers of the single sign-on by NTP with one source (on Windows: w32tm /query /status; on Linux: \
         chronyc tracking).",
        "Whole hours of difference are a wrong time zone or daylight saving setting of the machine, not of its clock: the times \
         compared here are UTC.",
    ],
    references: &[
        "Notes status ERR_LTPA_TOKEN_FUTURE_TIME: creation time in the future, servers may need to have clocks synchronized",
        "RFC 9110 section 6.6.1 (Date)",
        "HCL Domino C API guide: Single Sign-On with Domino and WebSphere (creation and expiry in the token)",
    ],
    explains: &[
        super::expired::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::st::token_expired::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

impl Rule for ClockSkew {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let showings = case.tokens().showings().iter();
        let skewed = showings.flat_map(|showing| showing.genuine().filter_map(|known| Skew::of(case, showing, known)));
        let groups = group_by(skewed, |skew| (skew.issuer_key(), consumer(skew.showing)));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = token_status(case, &ABOUT, TokenStatusText::Future, |draft, logged| {
            draft.says(&words::FromTheFuture { logged })
        });
        said.into_iter().chain(verified_well(case, &ABOUT)).collect()
    }
}

/// One showing of a token whose issuer and consumer disagree on the time.
struct Skew<'s, 'a> {
    showing: &'s Showing<'a>,
    known: &'s KnownToken<'a>,
    issue: Option<&'s Issue<'a>>,
    /// Seconds by which the issuer is ahead of the consumer.
    ahead: f64,
    /// The consumer's clock, if it told the time; else the capture's was taken.
    clock: Option<&'s ServerClock>,
    /// The difference explains a refusal, and how.
    explains: Option<words::Effect>,
}

impl<'s, 'a> Skew<'s, 'a> {
    fn of(case: &'s Case<'a>, showing: &'s Showing<'a>, known: &'s KnownToken<'a>) -> Option<Self> {
        let (clocks, limit) = (case.tokens().clocks(), case.settings.thresholds.token_skew.as_secs_f64());
        let issue = case.tokens().issue_of(known.token);
        let clock = clocks.of(showing.server.ip);
        if clock.is_none() && !clocks.capture_is_right(limit) {
            return None;
        }
        let here = clock.map_or(0.0, |clock| clock.ahead);
        let now = seconds(showing.at.time.since_1970()) + here;
        let future = known.token.created.map(|created| float(created) - now).filter(|lead| *lead > limit);
        let by_issue = issue.and_then(|issue| ahead_at_issue(case, issue)).map(|there| there - here);
        let ahead = future.or(by_issue).filter(|ahead| ahead.abs() > limit)?;
        let issuer_now = now + ahead;
        let over = known.expires().is_some_and(|end| float(end) < now && float(end) >= issuer_now);
        let later = ahead > 0.0 && case.tokens().was_accepted_elsewhen(showing);
        let explains = match () {
            () if !showing.is_doubted() => None,
            () if future.is_some() => Some(words::Effect::CreatedLater),
            () if over => Some(words::Effect::EndedEarlier),
            () if later => Some(words::Effect::AcceptedElsewhen),
            () => None,
        };
        Some(Self { showing, known, issue, ahead, clock, explains })
    }

    fn issuer_key(&self) -> Option<&'s str> {
        self.issue.map(|issue| issue.host.as_str())
    }

    fn words(&self, showings: &[&Showing<'_>]) -> words::Differ {
        words::Differ {
            verifier: verifier(self.showing),
            token_issuer: self.issue.map(|issue| issue.host.clone()),
            token_issuer_ahead_s: self.ahead,
            tells_time: self.clock.is_some(),
            clock_effect: self.explains,
            answers: answers(showings),
        }
    }
}

/// Seconds by which the issuer's clock is ahead of the capture's: by its Date headers, else by the creation time of the token,
/// which may lie some minutes back.
fn ahead_at_issue(case: &Case<'_>, issue: &Issue<'_>) -> Option<f64> {
    if let Some(clock) = case.tokens().clocks().of(issue.conversation.server.ip) {
        return Some(clock.ahead);
    }
    let ahead = float(issue.known.token.created?) - seconds(issue.at.time.since_1970());
    let lead = case.settings.thresholds.token_lead.as_secs_f64();
    if ahead > 0.0 { Some(ahead) } else { (ahead < -lead).then_some(ahead + lead) }
}

fn judge_group(case: &Case<'_>, group: &[Skew<'_, '_>]) -> Option<Draft> {
    let explained: Vec<&Skew<'_, '_>> = group.iter().filter(|skew| skew.explains.is_some()).collect();
    let refused = group.iter().any(|skew| skew.showing.is_refused());
    let skew = *explained.first().or(group.first().as_ref())?;
    if explained.is_empty() && refused {
        return None;
    }
    let showings: Vec<&Showing<'_>> =
        group.iter().filter(|skew| skew.explains.is_some() || explained.is_empty()).map(|skew| skew.showing).collect();
    let draft = Draft::new(&ABOUT, 45).names_read().retry(explained.len() > 1).says(&skew.words(&showings));
    let draft = if explained.is_empty() { draft.severity(Severity::Minor) } else { draft };
    let draft = if skew.clock.is_none() { draft.at_most(Confidence::Medium) } else { draft };
    Some(show_all(name_all(case, show_clocks(case, draft, skew), &showings), &showings))
}

fn show_clocks(case: &Case<'_>, draft: Draft, skew: &Skew<'_, '_>) -> Draft {
    let issuer = skew
        .issue
        .and_then(|issue| Some((issue.host.clone(), case.tokens().clocks().of(issue.conversation.server.ip)?)));
    let consumer = skew.clock.map(|clock| (skew.showing.consumer(), clock));
    let draft = [issuer, consumer].into_iter().flatten().fold(draft, |draft, (host, clock)| {
        let date = Timestamp::from_secs(clock.date);
        draft.packet(clock.at, format!("Date of {host}: {date}; the capture's clock: {}", clock.at.time))
    });
    let Some(issue) = skew.issue else { return draft };
    let draft = name(draft, [issue.conversation]);
    match skew.known.token.created {
        Some(created) => {
            let created = Timestamp::from_secs(created);
            draft.packet(
                issue.at,
                format!("{} set {}, created {created} by its own word", issue.host, issue.known.label()),
            )
        }
        None => draft,
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970, far below 2^52")]
fn float(seconds: i64) -> f64 {
    seconds as f64
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, RuleId, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::tokens::{
        ANN, PC, browser, chat_refused, denied, domino, end, login, mail, meet, portal, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::ltpa::{self, MINUTE};
    use nrpcsniff_samples::{Host, Network, http};

    const RULE: &str = "ltpa-clock-skew";

    /// A login at the mail server, by whose clock the token is made, `back` seconds before its now.
    fn issued(net: &Network, issuer: &Host, back: u64) -> (http::Browser, String) {
        let browser = browser(net);
        let created = issuer.clock() - back * 1_000_000_000;
        let token = ltpa::domino(ANN, created, created + 30 * MINUTE);
        login(&visit(&browser, issuer), "asmith", vec![shared("LtpaToken", &token)]);
        (browser, token)
    }

    #[test]
    fn a_token_from_the_future() {
        let found = told(RULE, |net| {
            let (browser, _) = issued(net, &mail(net).clock_ahead(150), 0);
            let visit = visit(&browser, &portal(net));
            denied(&visit, "/wps/myportal");
            net.wait_secs(180);
            served(&visit, "/wps/myportal");
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(
            the_one(&found),
            &["Clock of mail.example.com is 2.5 min ahead of that of portal.example.com", "was refused"],
        );
    }

    #[test]
    fn a_chat_server_is_judged_by_the_capture_s_clock_if_that_can_be_trusted() {
        let story = |net: &Network, trusted: bool| {
            let (browser, token) = issued(net, &mail(net).clock_ahead(600), 0);
            if trusted {
                served(&visit(&browser, &portal(net)), "/wps/myportal");
            }
            chat_refused(net, PC, ANN, &[&token], 0x8000_0015);
        };
        let found = told(RULE, |net| story(net, true));
        let refused = found.iter().find(|finding| finding.severity == Severity::Major).expect("the chat login");
        assert_eq!(refused.confidence, Confidence::Medium);
        says(refused, &["does not tell its time"]);
        assert!(told(RULE, |net| story(net, false)).is_empty(), "nobody agrees with the capture");
    }

    #[test]
    fn over_by_one_clock_alone_explains_an_expiry() {
        let found = told(RULE, |net| {
            let (browser, _) = issued(net, &mail(net), 0);
            denied(&visit(&browser, &portal(net).clock_ahead(3600)), "/wps/myportal");
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
        says(the_one(&found), &["60.0 min behind", "has ended by the clock of portal.example.com"]);
    }

    #[test]
    fn it_explains_what_looks_expired() {
        let net = Network::new();
        let (browser, _) = issued(&net, &mail(&net).clock_ahead(-7200), 0);
        denied(&visit(&browser, &portal(&net)), "/wps/myportal");
        let all = crate::testing::all(&net);
        assert_eq!(
            (the_one(&all).rule.as_str(), the_one(&all).also.as_slice()),
            (RULE, &[RuleId::new("ltpa-expired")][..])
        );
    }

    #[test]
    fn clocks_that_differ_without_harm_are_minor() {
        let found = told(RULE, |net| {
            let (browser, _) = issued(net, &mail(net).clock_ahead(120), 0);
            served(&visit(&browser, &portal(net).clock_ahead(60)), "/wps/myportal");
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("dated back by five minutes", |net| {
                let (browser, _) = issued(net, &mail(net), 300);
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
            }),
            ("only the capture's clock is wrong", |net| {
                let (browser, _) = issued(net, &mail(net).clock_ahead(5000), 0);
                denied(&visit(&browser, &portal(net).clock_ahead(5000)), "/wps/myportal");
            }),
            ("twenty seconds", |net| {
                let (browser, _) = issued(net, &mail(net).clock_ahead(20), 0);
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
            }),
            ("a proxy writes the Date", |net| {
                let (browser, _) = issued(net, &mail(net), 0);
                let far = visit(&browser, &portal(net).clock_ahead(900));
                let page = |status| http::response(status).header("Via", "1.1 proxy");
                far.ask(http::get("/wps/myportal")).reply(page(302).location("/login.jsp"));
            }),
            ("refused for another reason", |net| {
                let browser = browser(net);
                let both = vec![shared("LtpaToken2", &ltpa::DEMO.v2("CN=Ann,O=ACME", end(net)))];
                login(&visit(&browser, &mail(net).clock_ahead(120)), "asmith", both);
                denied(&visit(&browser, &meet(net)), "/stmeetings/");
            }),
            ("one server alone", |net| {
                let token = domino(net, ANN);
                let ahead = mail(net).clock_ahead(900);
                served(&visit(&browser(net).has("example.com", "LtpaToken", &token), &ahead), "/mail/asmith.nsf");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn domino_s_console_is_enough() {
        let found = alone(&[&console(
            SOME_TIME,
            &[
                "HTTP Server: Started",
                "Single Sign-On token has a creation time in the future. Single Sign-On servers may need to have clocks synchronized.",
            ],
        )]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.severity), (RULE, Severity::Major));
        assert_eq!(crate::testing::logs::lines(finding), [2]);
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP Server: Started"])]), []);
    }
}
