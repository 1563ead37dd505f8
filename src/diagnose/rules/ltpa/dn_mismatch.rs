//! One user, two names: the servers write the same person differently.

use crate::diagnose::evidence::logs::{log_of_login, refused_logins};
use crate::diagnose::evidence::tokens::{answers, name, name_all, show_all, verifier};
use crate::diagnose::words::Refusals;
use crate::diagnose::words::ltpa::NameDifference;
use crate::diagnose::words::ltpa::dn_mismatch as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::{LogEntry, TracedLogin, common_name};
use crate::facts::tokens::consumers::is_timely;
use crate::facts::tokens::person::{PersonLikeness, compare};
use crate::facts::tokens::{Channel, Issue, KnownToken, Showing, ShowingOutcome, ShowingRefusal};
use crate::model::{LogEvent, RuleId, Severity, Span, Stamp};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub(crate) struct DnMismatch;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-dn-mismatch");

static ABOUT: About = About {
    id: ID,
    title: "Two servers know the same user by two names",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "Two names of one user: in two tokens of one browser, in a token and the login that carries it, in two tokens of one \
           request. One has a component more (C=US, O=…) or a blank more than the other. A login with such a token is refused. \
           Logs: a Sametime trace in which the name in a token is not found, and the same user has another name beside it.",
    matters: "Directories compare names by their text: the user of one server is unknown to the other, and single sign-on works one \
              way only.",
    guards: &[
        "Comma and slash notation, case and order of the components are only notation: silent.",
        "The login is accepted: the names are mapped; silent.",
        "Short names and mail addresses say nothing about a full name: silent.",
        "Nothing is refused: silent.",
        "Another user's token from the same address (behind a NAT): names must begin alike; silent.",
    ],
    remedy: &[
        "WebSphere: Integrated Solutions Console > Security > Global security > Federated repositories > the Domino repository: base \
         entry in the realm = the Domino organisation (o=ACME), base entry in the repository = empty. Save, synchronise, restart \
         the deployment manager and the nodes.",
        "In wimconfig.xml of the deployment manager, let the unique user id be the external name: uniqueUserIdMapping with \
         propertyForInput=\"externalName\" and propertyForOutput=\"externalName\". Look again after every change in the console, \
         which may overwrite it.",
        "Else map the names: Web SSO Configuration document > \"Map names in LTPA tokens\" = Enabled, with the LTPA user name in each \
         Person document, or $DN in Directory Assistance.",
        "A blank too many: correct the name in the Person document or in the LDAP directory.",
    ],
    references: &[
        "C. Benner, collaborationben.com: Sametime single sign-on and /C=US in names (federated repositories)",
        "HCL Domino help: configuring user name mapping in the SSO LTPA token",
        "RFC 4514 (string representation of distinguished names)",
    ],
    explains: &[
        crate::diagnose::rules::sso::name_unmapped::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

impl Rule for DnMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = case.tokens().showings().iter().filter(|showing| concerns_names(case, showing));
        let pairs = refused.filter_map(|showing| Some((showing, pair_of(case, showing)?)));
        let groups = group_by(pairs, |(_, pair)| pair.difference.clone());
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let mentions = Mentions::new(case);
        case.logs().logins().iter().filter_map(|login| two_names(case, &mentions, login)).collect()
    }
}

/// Refused, by a server that may not know the user by that name.
fn concerns_names(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let forbidden =
        showing.outcome == ShowingOutcome::Refused(ShowingRefusal::Status(403)) && showing.channel == Channel::Sip;
    (showing.is_doubted() || forbidden)
        && !showing.is_ambiguous()
        && showing.genuine().all(|known| is_timely(case, showing, known))
        && !case.tokens().was_accepted_elsewhen(showing)
}

/// Two names of one user, and where they stand.
struct NamePair<'s> {
    /// The name in the refused token.
    user: &'s str,
    other: OtherName<'s>,
    difference: NameDifference,
}

/// Another name of the user of a token.
struct OtherName<'s> {
    name: &'s str,
    place: words::OtherPlace,
    at: Stamp,
}

/// The name in a refused token, against the others that its user has there: in the request, or in a token that the same
/// browser got elsewhere.
fn pair_of<'s>(case: &'s Case<'_>, showing: &'s Showing<'_>) -> Option<NamePair<'s>> {
    let (known, user) = showing.genuine().find_map(|known| Some((known, known.user()?)))?;
    let here = |name, place| OtherName { name, place, at: showing.at };
    let beside = showing.genuine().filter(|other| other.token.fingerprint != known.token.fingerprint);
    let beside = beside.filter_map(KnownToken::user).map(|name| here(name, words::OtherPlace::TokenBeside));
    let claim = showing.claim.iter().map(|claim| here(claim, words::OtherPlace::Carrier));
    let elsewhere = issues_beside(case, showing, known).filter_map(|issue| {
        let place = words::OtherPlace::TokenIssued { token_issuer: issue.host.clone() };
        Some(OtherName { name: issue.known.user()?, place, at: issue.at })
    });
    beside.chain(claim).chain(elsewhere).find_map(|other| {
        let difference = NameDifference::of(other.name, user)?;
        Some(NamePair { user, other, difference })
    })
}

/// Tokens that the browser of this one was given as well; where the browser is not known, what its address was given.
fn issues_beside<'s, 'a>(
    case: &'s Case<'a>,
    showing: &'s Showing<'a>,
    known: &KnownToken<'a>,
) -> impl Iterator<Item = &'s Issue<'a>> {
    let print = known.token.fingerprint;
    let browser = match (case.tokens().issue_of(known.token), showing.channel) {
        (Some(own), _) => Some(own.browser),
        (None, Channel::Http { browser, .. }) => Some(browser),
        (None, _) => None,
    };
    let theirs = browser.map(|browser| case.tokens().issues_for(browser));
    let at_address = browser.is_none().then(|| case.tokens().issues_to(showing.client));
    let all = theirs.into_iter().flatten().chain(at_address.into_iter().flatten());
    all.filter(move |issue| issue.known.token.fingerprint != print)
}

fn judge_group(case: &Case<'_>, group: &[(&Showing<'_>, NamePair<'_>)]) -> Option<Draft> {
    let (first, NamePair { user, other, difference }) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let said = words::TwoNames {
        other_name: other.name.to_owned(),
        other_place: other.place.clone(),
        token_user: (*user).to_owned(),
        carrier: words::Carrier { method: first.method.to_owned(), verifier: verifier(first) },
        difference: difference.clone(),
        refusals: refusals(&showings),
    };
    let draft = Draft::new(&ABOUT, 45)
        .names_read()
        .retry(group.len() > 1)
        .seen_in(group.len())
        .says(&said)
        .packet(other.at, format!("{}: {}", said.other_place.place(&said.carrier), other.name))
        .packet(first.at, format!("{}: {user}", said.carrier.place()));
    let issues = showings.iter().flat_map(|showing| showing.genuine());
    let issues = issues.filter_map(|known| case.tokens().issue_of(known.token));
    let draft = name(draft, issues.map(|issue| issue.conversation));
    Some(show_all(name_all(case, draft, &showings), &showings))
}

/// "Sametime server 10.1.0.9:1533 (session closed with reason 0x80000211) and mail.example.com (401 Unauthorized)".
fn refusals(showings: &[&Showing<'_>]) -> Refusals {
    let groups = group_by(showings.iter().copied(), |showing| showing.consumer());
    let refuser = |group: &Vec<&Showing<'_>>| {
        let server = group.first().map(|showing| showing.consumer()).unwrap_or_default();
        format!("{server} ({})", answers(group))
    };
    Refusals::of(groups.iter().map(refuser))
}

/// Names of people in the logs, by log and common name.
struct Mentions<'a>(HashMap<(u32, String), Vec<(LogEntry<'a>, &'a str)>>);

/// Mentions kept of one common name.
const MENTIONS: usize = 64;
/// Further apart, two mentions may well be of two people of one name.
const APART: Span = Span::from_secs(60);

impl<'a> Mentions<'a> {
    fn new(case: &Case<'a>) -> Self {
        let mut mentions: HashMap<(u32, String), Vec<(LogEntry<'a>, &'a str)>> = HashMap::new();
        for entry in case.logs().entries() {
            let (LogEvent::LoginStarted { user }
            | LogEvent::TokenRequested { user }
            | LogEvent::TokenUser { user }
            | LogEvent::LookedUp { user }) = &entry.fact.event
            else {
                continue;
            };
            let list = mentions.entry((entry.log, common_name(user))).or_default();
            if list.len() >= MENTIONS {
                list.remove(0);
            }
            list.push((entry, user));
        }
        Self(mentions)
    }

    /// The mention nearest to the line in which the same person has a name a component or a blank shorter or longer.
    fn other_name(&self, at: &LogEntry<'_>, user: &str) -> Option<(LogEntry<'a>, &'a str)> {
        let alike =
            |other: &str| matches!(compare(other, user), PersonLikeness::Longer { .. } | PersonLikeness::Blanks);
        let list = self.0.get(&(at.log, common_name(user)))?;
        let others = list.iter().copied().filter(|(_, other)| alike(other));
        let from_token = |entry: &LogEntry<'_>| matches!(entry.fact.event, LogEvent::TokenUser { .. });
        others.min_by_key(|(entry, _)| (!from_token(entry), entry.fact.line.abs_diff(at.fact.line)))
    }
}

/// The token is good, its name is not found, and beside it the same user has another name.
fn two_names(case: &Case<'_>, mentions: &Mentions<'_>, login: &TracedLogin<'_>) -> Option<Testimony> {
    let (at, unknown) = login.not_found.filter(|_| login.accepted.is_none())?;
    let (other_at, other) = mentions.other_name(&at, unknown)?;
    if case.logs().knows(at.log, unknown) {
        return None;
    }
    let difference = NameDifference::of(other, unknown)?;
    let draft = Draft::new(&ABOUT, 45).names_read().guard(login.mixed).guard(at.since(&other_at).abs() > APART).says(
        &words::TwoNamesTraced {
            log: log_of_login(case, login).to_owned(),
            other_name: other.to_owned(),
            token_user: unknown.to_owned(),
            difference: difference.clone(),
            is_verified: login.verified.is_some(),
            knows_other_name: case.logs().knows(at.log, other),
        },
    );
    let lines: Vec<LogEntry<'_>> = [other_at].into_iter().chain(login.telling()).collect();
    // What differs is the same for everybody, and so is the cause.
    let testimony = Testimony::new(&ABOUT, &lines).whom(difference.to_string()).login(login);
    Some(testimony.links(refused_logins(case, login)).alone(draft))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{
        SOME_TIME, alone, beside, first_lines, is_of_both, let_in, lines, log, log_with_offset, not_found, stusers,
    };
    use crate::testing::tokens::{
        ANN, ANN_LDAP, BOB, PC, browser, chat, chat_refused, denied, domino, end, keys, login, mail, portal, served,
        shared, unauthorized, visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http::{Browser, cookie};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-dn-mismatch";
    const ABROAD: &str = "CN=Ann Smith/O=ACME/C=US";

    /// The mail server names her so, the portal otherwise; the portal's token.
    fn two_issuers(net: &Network, one: &str, other: &str) -> String {
        let browser = browser(net);
        login(&visit(&browser, &mail(net)), "asmith", vec![cookie("LtpaToken", &domino(net, one)).path("/")]);
        let token = domino(net, other);
        login(&visit(&browser, &portal(net)), "asmith", vec![shared("LtpaToken", &token)]);
        token
    }

    fn chat_fails(net: &Network, one: &str, other: &str) {
        let token = two_issuers(net, one, other);
        chat_refused(net, PC, other, &[&token], 0x8000_0211);
    }

    #[test]
    fn one_server_adds_the_country() {
        let found = told(RULE, |net| chat_fails(net, ANN, ABROAD));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(
            the_one(&found),
            &[
                "CN=Ann Smith/O=ACME and CN=Ann Smith/O=ACME/C=US",
                "C=US more",
                "Federated repositories",
                "uniqueUserIdMapping",
                "Map names in LTPA tokens",
            ],
        );
    }

    #[test]
    fn each_server_with_its_own_answer() {
        let refused =
            "Sametime server 10.1.0.9:1533 (session closed with reason 0x80000211) and mail.example.com (302 Found";
        let finding = crate::testing::one(&crate::facts::http::story::sample("st-two-names"), RULE);
        says(&finding, &[refused]);
    }

    #[test]
    fn a_blank_or_another_organisation_too() {
        says(the_one(&told(RULE, |net| chat_fails(net, ANN, "CN=Ann  Smith/O=ACME"))), &["number of blanks"]);
        says(the_one(&told(RULE, |net| chat_fails(net, ANN, "CN=Ann Smith/O=Other"))), &["common name is the same"]);
    }

    #[test]
    fn a_login_under_another_name_than_the_token_s() {
        let found = told(RULE, |net| chat_refused(net, PC, ANN, &[&domino(net, ABROAD)], 0x8000_0015));
        says(the_one(&found), &["name in the chat login"]);
    }

    #[test]
    fn keys_make_the_other_token_readable() {
        let story = |net: &Network| {
            let browser = browser(net);
            let v2 = ltpa::DEMO.v2("CN=Ann Smith,O=ACME,C=US", end(net));
            let set = vec![shared("LtpaToken", &domino(net, ANN)), shared("LtpaToken2", &v2)];
            login(&visit(&browser, &portal(net)), "asmith", set);
            denied(&visit(&browser, &mail(net)), "/mail/asmith.nsf");
        };
        assert_eq!(told(RULE, story), []);
        assert_eq!(told_with(&keys(), RULE, story).len(), 1);
    }

    #[test]
    fn it_explains_what_follows() {
        let all = {
            let net = Network::new();
            let token = two_issuers(&net, "uid=ann,dc=example,dc=com", "uid=ann,ou=people,dc=example,dc=com");
            let mail = visit(&browser(&net).has("example.com", "LtpaToken", &token), &mail(&net));
            unauthorized(&mail, "/mail/ann.nsf");
            crate::testing::findings(&net.to_pcapng())
        };
        let finding = all.iter().find(|finding| finding.rule == RULE).expect("two names");
        assert!(finding.also.iter().any(|also| *also == "sso-name-unmapped"), "{all:#?}");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("only another notation", |net| chat_fails(net, ANN, ANN_LDAP)),
            ("abbreviated", |net| chat_refused(net, PC, "Ann Smith/ACME", &[&domino(net, ANN)], 0x8000_0015)),
            ("a short name", |net| chat_refused(net, PC, "asmith", &[&domino(net, ANN)], 0x8000_0015)),
            ("mapped: the login is accepted", |net| {
                let token = two_issuers(net, ANN, ABROAD);
                chat(net, PC, ABROAD, &[&token]).vp_accept(ANN, ANN);
            }),
            ("nothing was refused", |net| {
                let browser = browser(net);
                login(&visit(&browser, &mail(net)), "asmith", vec![cookie("LtpaToken", &domino(net, ANN)).path("/")]);
                let portal = visit(&browser, &portal(net));
                login(&portal, "asmith", vec![shared("LtpaToken", &domino(net, ABROAD))]);
                served(&portal, "/wps/myportal");
            }),
            ("another user behind the same NAT", |net| {
                let other = Browser::new(&net.host(PC)).agent("Other/1.0");
                login(&visit(&other, &mail(net)), "bray", vec![shared("LtpaToken", &domino(net, BOB))]);
                chat_refused(net, PC, ANN, &[&domino(net, ANN)], 0x8000_0211);
            }),
            ("the capture ends before the answer", |net| {
                let token = two_issuers(net, ANN, ABROAD);
                chat(net, PC, ABROAD, &[&token]);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    const MINUTE: u64 = 60_000_000_000;

    #[test]
    fn a_trace_alone_tells_both_names() {
        let text = let_in(SOME_TIME, ANN) + &not_found(SOME_TIME + MINUTE / 60, ABROAD);
        let found = alone(&[&text]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Major, Confidence::High)
        );
        assert_eq!(lines(finding), [4, 10, 12, 13, 15, 16, 17]);
        says(finding, &["CN=Ann Smith/O=ACME and CN=Ann Smith/O=ACME/C=US", "C=US more", "uniqueUserIdMapping"]);
    }

    #[test]
    fn the_capture_of_the_same_login_joins_it() {
        let net = Network::new();
        chat_refused(&net, PC, ABROAD, &["opaque"], 0x8000_0211);
        let text = let_in(net.now() - MINUTE, ANN) + &not_found(net.now(), ABROAD);
        let found = beside(&net, vec![log_with_offset("st.txt", &text, 0)]);
        let finding = the_one(&found);
        assert_eq!((finding.rule.as_str(), finding.conversations.len()), (RULE, 1), "{found:#?}");
        assert!(is_of_both(finding) && finding.also.iter().any(|also| *also == "st-token-refused"), "{finding:#?}");
    }

    #[test]
    fn healthy_traces_are_passed_over() {
        let found_by_search = [
            "Failed looking up [CN=Ann Smith,O=ACME,C=US]. Trying directory-wide search",
            "User CN=Ann Smith,O=ACME,C=US looked up",
            "user [CN=Ann Smith/O=ACME/C=US] successfully authenticated by token",
            "Async auth done. [req -2]",
        ];
        let start = not_found(SOME_TIME + MINUTE, ABROAD);
        let start = first_lines(&start, 5);
        let contacts = "Search of [CN=Ann Smith/O=ACME/C=US] failed because the user was not found";
        let stories = [
            ("comma and slash", let_in(SOME_TIME, ANN) + &let_in(SOME_TIME + MINUTE, ANN_LDAP)),
            (
                "a later search finds the user",
                let_in(SOME_TIME, ANN) + &start + &stusers(SOME_TIME + MINUTE, &found_by_search),
            ),
            ("a contact that is not found", let_in(SOME_TIME, ANN) + &stusers(SOME_TIME, &[contacts])),
            ("the trace ends before the search does", let_in(SOME_TIME, ANN) + &start),
        ];
        for (name, text) in stories {
            assert_eq!(alone(&[&text]), [], "{name}");
        }
    }

    #[test]
    fn names_far_apart_may_be_of_two_people() {
        let text = let_in(SOME_TIME, ANN) + &not_found(SOME_TIME + 60 * MINUTE, ABROAD);
        assert_eq!(the_one(&alone(&[&text])).confidence, Confidence::Medium);
        let bob = let_in(SOME_TIME, BOB) + &not_found(SOME_TIME + MINUTE / 60, ABROAD);
        assert!(alone(&[&bob]).iter().all(|finding| finding.rule != RULE));
        let log = log("st.txt", &bob);
        assert_eq!(log.facts.len(), 17);
    }
}
