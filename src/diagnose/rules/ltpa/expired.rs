//! A token is shown after its end.

use crate::diagnose::evidence::logs::{noise, token_status, verified_well};
use crate::diagnose::evidence::tokens::{answers, clients, name, name_all, show_all, verifier};
use crate::diagnose::words::Users;
use crate::diagnose::words::ltpa::expired as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::tokens::consumers::{consumer, is_timely, judged_at};
use crate::facts::tokens::{KnownToken, Showing};
use crate::model::{Confidence, LogEvent, RuleId, Severity, Timestamp, TokenStatusText};

/// See [`ABOUT`].
pub(crate) struct Expired;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-expired");

static ABOUT: About = About {
    id: ID,
    title: "A sign-on token is used after its end",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token whose end can be read (Domino's own, or opened with keys) is shown after that end and refused. Or a token of \
           unknown end that had worked is refused half an hour and more after it was issued. \
           Logs: \"Single Sign-On token is expired\", and SECJ0371W beside a refusal (alone it is mostly harmless: silent below three).",
    matters: "Tokens last for a fixed time from their issue, however busy their user is: in the middle of work everything asks \
              for a login at once.",
    guards: &[
        "Judged by packet time, or by the time given with --now.",
        "The server accepts it all the same, then or later: silent.",
        "Not in the capture what became of it: information only.",
        "Where only the moment speaks for it (unknown end), it is inferred: medium confidence at most.",
        "A logout ends a token too: silent.",
    ],
    remedy: &[
        "Log in again. If it happens in the middle of work: raise the expiry on all issuers, and to the same value. Domino: \
         Configuration > Web > Web Server Configurations > Web SSO Configuration > Expiration (minutes).",
        "WebSphere: Integrated Solutions Console > Security > Global security > LTPA > LTPA timeout for forwarded credentials \
         between servers.",
        "Sametime 12: LTPA_DURATION_MINUTES must be the same as Domino's expiration.",
        "If tokens end soon after their issue: compare the clocks of the servers.",
    ],
    references: &[
        "HCL Domino C API guide: Single Sign-On with Domino and WebSphere (layout of the token)",
        "HCL Domino help: creating a Web SSO configuration document",
        "IBM: WebSphere message SECJ0371W; Notes status 0x04BD (ERR_LTPA_TOKEN_EXPIRED)",
    ],
    explains: &super::EFFECTS,
};

impl Rule for Expired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let showings = case.tokens().showings().iter();
        let ended = showings.filter_map(|showing| Some((showing, ended(case, showing)?)));
        let groups = group_by(ended, |(showing, ended)| (consumer(showing), ended.at.is_some(), ended.how(showing)));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = token_status(case, &ABOUT, TokenStatusText::Expired, |draft, logged| {
            draft.severity(Severity::Minor).says(&words::ExpiryLogged { logged })
        });
        // A year of 1970 is a fault of WebSphere's own (PH40544), not the token's.
        let over = |event: &LogEvent| matches!(event, LogEvent::TokenExpired { ended } if !ended.contains("1970"));
        let noise = noise(case, &ABOUT, over, |draft, log| {
            draft.severity(Severity::Info).at_most(Confidence::Low).says(&words::LoggedOften { log })
        });
        said.into_iter().chain(noise).chain(verified_well(case, &ABOUT)).collect()
    }
}

/// A token that has ended.
struct Ended<'s, 'a> {
    known: &'s KnownToken<'a>,
    /// When, in seconds since 1970, if it can be read.
    at: Option<i64>,
    /// It had been accepted before.
    mid_work: bool,
}

impl Ended<'_, '_> {
    /// Findings are made for each way it went.
    fn how(&self, showing: &Showing<'_>) -> Severity {
        match showing.is_refused() {
            // A browser asks its user to log in again; a chat client or a softphone just fails.
            true if self.mid_work || showing.exchange().is_none() => Severity::Major,
            true => Severity::Minor,
            false => Severity::Info,
        }
    }
}

fn ended<'s, 'a>(case: &Case<'a>, showing: &'s Showing<'a>) -> Option<Ended<'s, 'a>> {
    let others_work = showing.genuine().filter(|known| is_timely(case, showing, known)).count();
    let answered_otherwise = !showing.is_refused() && showing.answer.is_some();
    if answered_otherwise || accepted_later(case, showing) {
        return None;
    }
    let now = judged_at(case, showing);
    let readable = showing.genuine().find_map(|known| Some((known, known.expires().filter(|end| *end < now)?)));
    if let Some((known, end)) = readable {
        let mid_work = worked_before(case, showing, known);
        // A second, living token beside it: what was refused is not for this reason.
        let lives = showing.genuine().any(|other| other.expires().is_some_and(|end| end >= now));
        return (!lives || !showing.is_refused()).then_some(Ended { known, at: Some(end), mid_work });
    }
    let known = showing.genuine().find(|known| lived_long(case, showing, known))?;
    (showing.is_doubted() && others_work > 0).then_some(Ended { known, at: None, mid_work: true })
}

/// The same consumer accepted the same token after this.
fn accepted_later(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let Some(taken) = case.tokens().accepted_tokens(showing) else { return false };
    let last = |known: &KnownToken<'_>| taken.times_of(known.token.fingerprint).map(|(_, last)| last);
    showing.genuine().filter_map(last).any(|last| last > showing.at.time)
}

fn worked_before(case: &Case<'_>, showing: &Showing<'_>, known: &KnownToken<'_>) -> bool {
    let times = case.tokens().accepted_tokens(showing).and_then(|taken| taken.times_of(known.token.fingerprint));
    times.is_some_and(|(first, _)| first < showing.at.time)
}

/// A token of unknown end: issued long ago in this capture, accepted by the same consumer since, and not taken back.
fn lived_long(case: &Case<'_>, showing: &Showing<'_>, known: &KnownToken<'_>) -> bool {
    let tokens = case.tokens();
    let Some(issue) = tokens.issue_of(known.token).filter(|_| known.expires().is_none()) else { return false };
    let taken_back = tokens.was_taken_back(issue.browser, issue.at.time, showing.at.time);
    let age = showing.at.time.since(issue.at.time);
    age >= case.settings.thresholds.token_life && worked_before(case, showing, known) && !taken_back
}

fn judge_group(case: &Case<'_>, group: &[(&Showing<'_>, Ended<'_, '_>)]) -> Option<Draft> {
    let (first, ended) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let users = group.iter().filter_map(|(_, ended)| ended.known.user());
    let bearers =
        words::Bearers { users: Users::of(users.map(|user| Some(user.to_owned()))), clients: clients(&showings) };
    let fate = words::Fate {
        was_refused: first.is_refused(),
        was_accepted_before: ended.mid_work,
        answers: answers(&showings),
    };
    let draft = Draft::new(&ABOUT, 45).severity(ended.how(first)).seen_in(group.len()).retry(group.len() > 1);
    let draft = match ended.at {
        Some(end) => draft.names_read().says(&past_its_end(case, first, end, bearers, fate)),
        None => by_its_age(case, draft, first, ended, bearers, fate)?,
    };
    Some(show_all(name_all(case, draft, &showings), &showings))
}

fn past_its_end(
    case: &Case<'_>,
    first: &Showing<'_>,
    end: i64,
    bearers: words::Bearers,
    fate: words::Fate,
) -> words::PastItsEnd {
    #[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
    let left = end.saturating_sub(judged_at(case, first)) as f64;
    words::PastItsEnd {
        bearers,
        verifier: verifier(first),
        token_expires: Timestamp::from_secs(end),
        token_left_s: left,
        as_of: case.settings.now.unwrap_or(first.at.time),
        as_of_given: case.settings.now.is_some(),
        fate,
    }
}

/// Says when the token was issued; nothing if that was not captured.
fn by_its_age(
    case: &Case<'_>,
    draft: Draft,
    first: &Showing<'_>,
    ended: &Ended<'_, '_>,
    bearers: words::Bearers,
    fate: words::Fate,
) -> Option<Draft> {
    let issue = case.tokens().issue_of(ended.known.token)?;
    let draft = draft.at_most(Confidence::Medium).says(&words::WorkedBefore {
        bearers,
        verifier: verifier(first),
        token_issuer: issue.host.clone(),
        token_age_s: first.at.lasted_since(issue.at)?.as_secs_f64(),
        fate,
    });
    Some(name(draft, [issue.conversation]).packet(issue.at, format!("{} set {}", issue.host, issue.known.label())))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Settings;
    use crate::model::{Confidence, Finding, RuleId, Severity, Timestamp};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::logs::{beside, is_of_both, log, not_verified, stusers, systemout};
    use crate::testing::tokens::{
        ANN, PC, both, browser, chat, chat_refused, denied, keys, login, mail, portal, register, served, shared, visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::ltpa::{self, MINUTE};
    use nrpcsniff_samples::time::DAY;

    const RULE: &str = "ltpa-expired";

    fn old(net: &Network) -> String {
        ltpa::domino(ANN, net.now() - 90 * MINUTE, net.now() - 60 * MINUTE)
    }

    /// A browser with a token that ends in a minute asks for two pages, two minutes apart.
    fn mid_work(net: &Network, last: fn(&nrpcsniff_samples::http::Visit, &str)) {
        let token = ltpa::domino(ANN, net.now() - 29 * MINUTE, net.now() + MINUTE);
        let visit = visit(&browser(net).has("example.com", "LtpaToken", &token), &mail(net));
        served(&visit, "/mail/asmith.nsf");
        net.wait_secs(120);
        last(&visit, "/mail/asmith.nsf/Inbox");
    }

    /// A token of WebSphere that worked, is refused so many minutes after its issue.
    fn opaque(net: &Network, minutes: u64) {
        let visit = visit(&browser(net), &portal(net));
        login(&visit, "asmith", both(net, &ltpa::DEMO));
        served(&visit, "/wps/myportal");
        net.wait_secs(minutes * 60);
        denied(&visit, "/wps/myportal");
    }

    #[test]
    fn in_the_middle_of_work() {
        let found = told(RULE, |net| mid_work(net, denied));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &[ANN, "ended at 2025-03-10T08:31:00Z", "accepted there before", "302 Found"]);
    }

    #[test]
    fn an_old_token_at_the_start_is_minor_in_a_browser_only() {
        let browser = told(RULE, |net| {
            denied(&visit(&browser(net).has("example.com", "LtpaToken", &old(net)), &mail(net)), "/mail/asmith.nsf");
        });
        assert_eq!(the_one(&browser).severity, Severity::Minor);
        let chat = told(RULE, |net| chat_refused(net, PC, ANN, &[&old(net)], 0x8000_0016));
        assert_eq!(
            (the_one(&chat).severity, the_one(&chat).also.as_slice()),
            (Severity::Major, &[RuleId::new("st-token-expired")][..])
        );
        let phone = told(RULE, |net| drop(register(net, PC, ("LtpaToken", &old(net)), Some(401))));
        assert_eq!(the_one(&phone).severity, Severity::Major);
    }

    #[test]
    fn judged_as_of_the_time_given() {
        let refused = |net: &Network| {
            let token = ltpa::domino(ANN, net.now(), net.now() + 30 * MINUTE);
            denied(&visit(&browser(net).has("example.com", "LtpaToken", &token), &mail(net)), "/mail/asmith.nsf");
        };
        let at = |days: u64| -> Vec<Finding> {
            let now = (nrpcsniff_samples::time::START + days * DAY).cast_signed();
            told_with(&Settings { now: Some(Timestamp::new(now, 0)), ..Settings::default() }, RULE, refused)
        };
        assert_eq!(told(RULE, refused), []);
        assert_eq!(at(0), []);
        says(the_one(&at(2)), &["before the time given"]);
    }

    #[test]
    fn without_an_answer_it_is_information() {
        let found = told(RULE, |net| drop(chat(net, PC, ANN, &[&old(net)])));
        assert_eq!(the_one(&found).severity, Severity::Info);
    }

    #[test]
    fn a_key_reads_the_end() {
        let story = |net: &Network| {
            let token = ltpa::DEMO.v2("CN=Ann Smith,O=ACME", net.now() - MINUTE);
            denied(&visit(&browser(net).has("example.com", "LtpaToken2", &token), &portal(net)), "/wps/myportal");
        };
        assert_eq!(told(RULE, story), []);
        says(the_one(&told_with(&keys(), RULE, story)), &["CN=Ann Smith,O=ACME", "08:29:00Z"]);
    }

    #[test]
    fn a_token_of_unknown_end_that_worked_for_long() {
        let found = told(RULE, |net| opaque(net, 121));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::Medium));
        says(the_one(&found), &["probably ended", "inferred"]);
        assert_eq!(told(RULE, |net| opaque(net, 10)), [], "too young");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("accepted all the same", |net| mid_work(net, served)),
            ("refused once, accepted later", |net| {
                let visit = visit(&browser(net).has("example.com", "LtpaToken", &old(net)), &mail(net));
                denied(&visit, "/mail/asmith.nsf");
                served(&visit, "/mail/asmith.nsf");
            }),
            ("time left", |net| {
                let token = ltpa::domino(ANN, net.now(), net.now() + 30 * MINUTE);
                chat_refused(net, PC, ANN, &[&token], 0x8000_0015);
            }),
            ("a logout in between", |net| {
                let visit = visit(&browser(net), &portal(net));
                login(&visit, "asmith", both(net, &ltpa::DEMO));
                served(&visit, "/wps/myportal");
                net.wait_secs(3600);
                let gone = |name| shared(name, "").max_age(0);
                let bye = nrpcsniff_samples::http::response(302).location("/").set_cookie(gone("LtpaToken"));
                visit.ask(nrpcsniff_samples::http::get("/wps/logout")).reply(bye.set_cookie(gone("LtpaToken2")));
                denied(&visit, "/wps/myportal");
            }),
            ("no token at all", |net| denied(&visit(&browser(net), &mail(net)), "/mail/asmith.nsf")),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn domino_s_console_is_enough() {
        let found = alone(&[&console(SOME_TIME, &["HTTP Server: Started", "Single Sign-On token is expired"])]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.severity), (RULE, Severity::Minor));
        assert_eq!(crate::testing::logs::lines(finding), [2]);
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP Server: Started"])]), []);
    }

    #[test]
    fn what_domino_says_in_a_trace_explains_the_refusal() {
        let text = not_verified(SOME_TIME, "CN=Ann/O=Acme");
        let said = stusers(SOME_TIME, &["SECTokenListValidate returned with status (1213)"]);
        let (before, after) = text.split_at(text.match_indices('\n').nth(2).unwrap().0 + 1);
        let found = alone(&[&format!("{before}{said}{after}")]);
        assert_eq!(the_one(&found).rule, RULE);
        assert_eq!(the_one(&found).also, ["st-token-refused"]);
    }

    #[test]
    fn websphere_s_warning_alone_is_mostly_harmless() {
        let line = "SECJ0371W: Validation of the LTPA token failed because the token expired with the following info: Token expiration \
                    Date: Tue Apr 21 13:59:12 UTC 2009, current Date: Tue Apr 21 15:53:09 UTC 2009.";
        assert_eq!(alone(&[&systemout(SOME_TIME, &[line, line])]), []);
        let found = alone(&[&systemout(SOME_TIME, &[line, line, line])]);
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Info, Confidence::Low));
        let fault_of_websphere = line.replace("2009, current", "1970, current");
        assert_eq!(alone(&[&systemout(SOME_TIME, &[fault_of_websphere.as_str(); 5])]), []);
    }

    #[test]
    fn websphere_s_warning_at_the_time_of_a_refusal_joins_it() {
        let net = Network::new();
        denied(&visit(&browser(&net).has("example.com", "LtpaToken", &old(&net)), &mail(&net)), "/mail/asmith.nsf");
        let line = "SECJ0371W: Validation of the LTPA token failed because the token expired";
        let found = beside(&net, vec![log("SystemOut.log", &systemout(net.now(), &[line]))]);
        let finding = the_one(&found);
        assert!(finding.rule == RULE && is_of_both(finding), "{found:#?}");
    }
}
