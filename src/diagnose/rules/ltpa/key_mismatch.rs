//! Two servers do not share the keys of their sign-on tokens.

use crate::diagnose::evidence::logs::{MOST, READ, log_of, noise, refused_near, token_status, verified_well};
use crate::diagnose::evidence::tokens::{answers, clients, name_all, show, show_all, verifier};
use crate::diagnose::words::Refusers;
use crate::diagnose::words::ltpa::key_mismatch as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::tokens::consumers::{by_consumer, unexplained};
use crate::facts::tokens::{Channel, Issue, KnownToken, Showing};
use crate::model::{Confidence, ConversationId, LogEvent, RuleId, Severity, TokenStatusText};
use hashbrown::HashSet;
use nrpcsniff_dissectors::ltpa::{Class, Fingerprint};

/// See [`ABOUT`].
pub(crate) struct KeyMismatch;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-key-mismatch");

static ABOUT: About = About {
    id: ID,
    title: "Servers do not share the keys of their sign-on tokens",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A token is refused by a server whose own tokens are made with other keys, or that took tokens of other keys before: the \
           first cipher block of a version 1 token depends on the key alone. With keys given: the token of one opens and that of the other does not, or a signature does \
           not hold. Or several tokens of one issuer, of all versions, are refused by one server and none is accepted. \
           Logs: \"Single Sign-On token is invalid\"; CWWKS4102E, CWWKS4106E; CWWKS4001I and SECJ0369E beside a refusal.",
    matters: "Each server takes the other's tokens for forged: users log in anew at every change between them.",
    guards: &[
        "The server accepted the same token, or another made with that key: silent.",
        "What can be read says that the token has ended, or comes from the future: silent.",
        "Two cookies of one name in a request: which was looked at cannot be told; silent.",
        "One token refused and no key known: too little; silent. Several: inferred, medium confidence at most.",
        "Servers with different keys that never see each other's tokens: silent.",
        "Tokens of other keys were taken before, and it is not known that one server issued both: medium confidence at most.",
        "A line of Liberty about a token that cannot be validated counts beside the refusal of a token that had just been issued.",
        "Two issuers behind one address are told apart by host name.",
    ],
    remedy: &[
        "Export the LTPA keys of one cell (WebSphere Integrated Solutions Console > Security > Global security > LTPA > Export \
         keys) and import them into all others, and into Domino: Web SSO Configuration document > Keys > Import WebSphere LTPA \
         Keys. Restart the servers and their HTTP tasks.",
        "If it began on one day: WebSphere generated new keys by itself. Switch automatic key generation off for the key set \
         group (SSL certificate and key management > Key set groups > NodeLTPAKeySetGroup, CellLTPAKeySetGroup).",
        "Domino's own keys (\"Create Domino SSO Key\") fit no WebSphere server: import WebSphere's instead.",
    ],
    references: &[
        "IBM: WebSphere Application Server, managing LTPA keys from multiple cells; automatic generation of LTPA keys",
        "HCL Domino help: creating a Web SSO configuration document (importing WebSphere LTPA keys)",
        "Eclipse Amlen, ltpautils.c: version 1 is 3DES in ECB mode over a text that begins with u:user\\:",
    ],
    explains: &[
        super::version_mismatch::ID,
        super::overwritten::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::sip::status_401_loop::ID,
        crate::diagnose::rules::sip::status_403::ID,
        crate::diagnose::rules::sip::status_5xx::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

/// This many tokens of one issuer, all refused, are more than one user's bad luck.
const TOKENS: usize = 2;

impl Rule for KeyMismatch {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused: Vec<&Showing<'_>> = unexplained(case).collect();
        let proofs = refused.iter().filter_map(|showing| Some((*showing, proof(case, showing)?)));
        let groups = group_by(proofs, |(_, proof)| proof.key());
        let mut found: Vec<Draft> = groups.iter().filter_map(|group| proven(case, group)).collect();
        let open: Vec<_> = refused.into_iter().filter(|showing| proof(case, showing).is_none()).collect();
        let (logged, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|showing| is_logged(case, showing));
        found.extend(by_consumer(logged).iter().flat_map(|group| by_log(case, group)));
        found.extend(by_consumer(open).iter().flat_map(|group| inferred(case, group)));
        found
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = token_status(case, &ABOUT, TokenStatusText::Invalid, |draft, logged| {
            draft.at_most(Confidence::Medium).says(&words::Invalid { logged })
        });
        let unusable =
            case.logs().saying(|event| matches!(event, LogEvent::KeysUnusable { .. })).take(MOST).map(|entry| {
                let log = log_of(case, &entry).to_owned();
                let draft = Draft::new(&ABOUT, READ).points(10).at_most(Confidence::Medium);
                let draft = draft.says(&words::KeysUnusable { log });
                Testimony::new(&ABOUT, &[entry]).links(refused_near(case, &entry)).alone(draft)
            });
        let refused = case.logs().saying(|event| *event == LogEvent::TokenNotValidated).take(MOST).map(|entry| {
            let said = words::Unopened { log: log_of(case, &entry).to_owned() };
            let draft = Draft::new(&ABOUT, READ).severity(Severity::Minor).at_most(Confidence::Medium).says(&said);
            let links = refused_near(case, &entry);
            let testimony = Testimony::new(&ABOUT, &[entry]).links(links.iter().copied());
            if links.iter().any(|id| may_have_ended(case, *id)) { testimony } else { testimony.alone(draft) }
        });
        let denied = |event: &LogEvent| *event == LogEvent::AuthenticationFailed;
        let noise = noise(case, &ABOUT, denied, |draft, log| {
            draft.severity(Severity::Info).at_most(Confidence::Low).says(&words::NotValidated { log })
        });
        said.into_iter().chain(unusable).chain(refused).chain(noise).chain(verified_well(case, &ABOUT)).collect()
    }
}

/// What proves that a token's key is none of the consumer's.
pub(super) enum Proof<'s, 'a> {
    /// First cipher blocks of both.
    Blocks { own: &'s Issue<'a>, token: Fingerprint, other: Fingerprint },
    /// The consumer took a token of another key before.
    Changed { taken: &'s Showing<'a>, token: Fingerprint, other: Fingerprint },
    /// The user's keys open the token and not the consumer's own, or the other way round.
    Opened { own: &'s Issue<'a>, opens: bool },
    /// The user's keys open the token, and its signature does not hold.
    Signature(Fingerprint),
}

impl Proof<'_, '_> {
    /// The same pair of keys is the same cause, whichever way the token went.
    fn key(&self) -> (Fingerprint, Fingerprint) {
        match self {
            Self::Blocks { token, other, .. } | Self::Changed { token, other, .. } => {
                (*token.min(other), *token.max(other))
            }
            Self::Opened { own, .. } => (own.known.token.fingerprint, own.known.token.fingerprint),
            Self::Signature(print) => (*print, *print),
        }
    }

    const fn words(&self) -> words::KeyProof {
        match *self {
            Self::Blocks { token: key_fingerprint, other: own_key_fingerprint, .. } => {
                words::KeyProof::CipherBlocks { key_fingerprint, own_key_fingerprint }
            }
            Self::Changed { taken, token: key_fingerprint, other: taken_key_fingerprint } => {
                words::KeyProof::TookOthers { key_fingerprint, taken_key_fingerprint, taken_at: taken.at.time }
            }
            Self::Opened { opens: true, .. } => words::KeyProof::OpensShown,
            Self::Opened { opens: false, .. } => words::KeyProof::OpensOwn,
            Self::Signature(_) => words::KeyProof::Signature,
        }
    }
}

/// Proof that a refused token was made with other keys than the consumer's, if there is one.
pub(super) fn proof<'s, 'a>(case: &'s Case<'a>, showing: &'s Showing<'a>) -> Option<Proof<'s, 'a>> {
    showing.genuine().find_map(|known| of_token(case, showing, known))
}

fn of_token<'s, 'a>(case: &'s Case<'a>, showing: &Showing<'a>, known: &KnownToken<'a>) -> Option<Proof<'s, 'a>> {
    if known.is_forged() {
        return Some(Proof::Signature(known.token.fingerprint));
    }
    let tokens = case.tokens();
    if let Some(token) = known.token.key_fingerprint {
        if tokens.accepted_tokens(showing).is_some_and(|taken| taken.keys.contains(&token)) {
            return None;
        }
        let Some(known) = tokens.own_keyed(showing) else { return taken_before(case, showing, token) };
        let other = known.known.token.key_fingerprint?;
        return (token != other).then_some(Proof::Blocks { own: known, token, other });
    }
    if case.settings.keys.is_empty() {
        return None;
    }
    // Of the same kind: a Domino secret says nothing of WebSphere's tokens.
    let (kind, opens) = (known.is_websphere(), known.fits_a_key());
    let known = tokens.own_fitting(showing, kind, !opens)?;
    tokens.own_fitting(showing, kind, opens).is_none().then_some(Proof::Opened { own: known, opens })
}

/// The last token of another key that the consumer took before this.
fn taken_before<'s, 'a>(case: &'s Case<'a>, showing: &Showing<'a>, key: Fingerprint) -> Option<Proof<'s, 'a>> {
    let before = case.tokens().accepted_at(showing).take_while(|taken| taken.at.time < showing.at.time);
    let (taken, other) = before.filter_map(|taken| Some((taken, key_of(taken)?))).last()?;
    Some(Proof::Changed { taken, token: key, other })
}

/// The key of a version 1 token that was shown.
fn key_of(showing: &Showing<'_>) -> Option<Fingerprint> {
    showing.genuine().find_map(|known| known.token.key_fingerprint)
}

/// Who issued the token that tells the key.
fn keyed_issuer<'c>(case: &'c Case<'_>, showing: &Showing<'_>) -> Option<&'c str> {
    let telling = showing.genuine().find(|known| known.token.key_fingerprint.is_some())?;
    case.tokens().issue_of(telling.token).map(|issue| issue.host.as_str())
}

/// Set by the server that the token was shown to: the same name in HTTP, the same address elsewhere.
fn issues_for(issue: &Issue<'_>, showing: &Showing<'_>) -> bool {
    match showing.channel {
        Channel::Http { .. } => issue.host == showing.host,
        _ => issue.conversation.server.ip == showing.server.ip,
    }
}

/// Medium at most where the token of other keys that was taken before is not known to come from the same issuer, because only an
/// issuer that had both proves that its keys were changed.
fn proven(case: &Case<'_>, group: &[(&Showing<'_>, Proof<'_, '_>)]) -> Option<Draft> {
    let (first, proof) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let telling = first.genuine().filter(|known| known.token.key_fingerprint.is_some()).chain(first.genuine());
    let issuer = telling.into_iter().find_map(|known| case.tokens().issue_of(known.token));
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::Proven {
        verifier: verifier(first),
        refusers: Refusers::of(showings.iter().map(|showing| showing.consumer())),
        clients: clients(&showings),
        token_issuer: issuer.map(|issue| issue.host.clone()),
        is_own_token: issuer.is_some_and(|issue| issues_for(issue, first)),
        proof: proof.words(),
        answers: answers(&showings),
    });
    let draft = show_all(name_all(case, draft, &showings), &showings);
    let own = match proof {
        Proof::Blocks { own, .. } | Proof::Opened { own, .. } => {
            draft.packet(own.at, format!("{} itself set {}{}", own.host, own.known.label(), key(&own.known)))
        }
        Proof::Changed { taken, .. } => {
            let of_one = keyed_issuer(case, taken).zip(keyed_issuer(case, first)).is_some_and(|(a, b)| a == b);
            let draft = if of_one { draft } else { draft.at_most(Confidence::Medium) };
            show(draft.conversation(taken.conversation), taken)
        }
        Proof::Signature(_) => draft,
    };
    Some(issuer.into_iter().fold(own, |draft, issue| {
        draft.packet(issue.at, format!("{} set {}{}", issue.host, issue.known.label(), key(&issue.known)))
    }))
}

/// A token that was issued so little before (seconds) has not ended.
const NEW: f64 = 600.0;

/// A server just issued the token, another refuses it, and a log of Liberty says at that moment that a token cannot be validated.
fn is_logged(case: &Case<'_>, showing: &Showing<'_>) -> bool {
    let issue = showing.genuine().find_map(|known| case.tokens().issue_of(known.token));
    let is_new = |issue: &Issue<'_>| showing.at.time.seconds_since(issue.at.time) <= NEW && !issues_for(issue, showing);
    let said = || case.logs().saying(|event| matches!(event, LogEvent::TokenNotValidated)).take(MOST);
    issue.is_some_and(is_new) && said().any(|entry| refused_near(case, &entry).contains(&showing.conversation.id))
}

/// The capture shows that the token had been issued long before: its time may have been over.
fn may_have_ended(case: &Case<'_>, conversation: ConversationId) -> bool {
    let shown = case.tokens().showings().iter().filter(|showing| showing.conversation.id == conversation);
    shown.flat_map(|showing| showing.genuine().map(move |known| (showing, known))).any(|(showing, known)| {
        let issue = case.tokens().issue_of(known.token);
        issue.is_some_and(|issue| showing.at.time.seconds_since(issue.at.time) > NEW)
    })
}

/// What such a log says of the tokens of each issuer. Its lines join it, and raise its score.
fn by_log(case: &Case<'_>, group: &[&Showing<'_>]) -> Vec<Draft> {
    let issued = group.iter().filter_map(|showing| {
        Some((*showing, showing.genuine().find_map(|known| case.tokens().issue_of(known.token))?))
    });
    let groups = group_by(issued, |(_, issue)| issue.host.as_str());
    let told = groups.iter().filter_map(|group| {
        let (first, issue) = group.first()?;
        let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
        let draft = Draft::new(&ABOUT, 45).at_most(Confidence::Medium).says(&words::Logged {
            verifier: verifier(first),
            token_issuer: issue.host.clone(),
            token_age_s: first.at.time.seconds_since(issue.at.time),
            clients: clients(&showings),
            answers: answers(&showings),
        });
        let draft = draft.packet(issue.at, format!("{} set {}", issue.host, issue.known.label()));
        Some(show_all(name_all(case, draft, &showings), &showings))
    });
    told.collect()
}

fn key(known: &KnownToken<'_>) -> String {
    known.token.key_fingerprint.map_or_else(String::new, |print| format!(", key fingerprint {print}"))
}

/// All tokens of an issuer refused by one consumer, and no key known.
fn inferred(case: &Case<'_>, group: &[&Showing<'_>]) -> Vec<Draft> {
    let issued = group.iter().filter_map(|showing| {
        let issue = showing.genuine().find_map(|known| case.tokens().issue_of(known.token))?;
        (all_versions(showing) && !issues_for(issue, showing)).then_some((*showing, issue))
    });
    let groups = group_by(issued, |(_, issue)| issue.host.as_str());
    groups.iter().filter_map(|group| pattern(case, group)).collect()
}

/// Both versions of WebSphere, or Domino's only one: then the version is not at fault.
fn all_versions(showing: &Showing<'_>) -> bool {
    showing.has(Class::Domino) || (showing.has(Class::WebsphereV1) && showing.has(Class::WebsphereV2))
}

fn pattern(case: &Case<'_>, group: &[(&Showing<'_>, &Issue<'_>)]) -> Option<Draft> {
    let (first, issue) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let issues: HashSet<_> = group.iter().map(|(_, issue)| issue.exchange).collect();
    let accepted = case.tokens().accepted_tokens(first).is_some_and(|taken| taken.issuers.contains(&issue.host));
    if issues.len() < TOKENS || accepted {
        return None;
    }
    let draft = Draft::new(&ABOUT, 50).seen_in(group.len()).at_most(Confidence::Medium).says(&words::Inferred {
        verifier: verifier(first),
        token_issuer: issue.host.clone(),
        login_count: issues.len(),
        clients: clients(&showings),
        answers: answers(&showings),
    });
    let draft = draft.packet(issue.at, format!("{} set {}", issue.host, issue.known.label()));
    Some(show_all(name_all(case, draft, &showings), &showings))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, RuleId, Severity};
    use crate::testing::logs::{SOME_TIME, alone, beside, console, is_of_both, log, systemout};
    use crate::testing::tokens::{
        ANN, BOB, PC, both, browser, chat_refused, denied, domino, end, keys, login, mail, meet, portal, served,
        shared, unauthorized, visit,
    };
    use crate::testing::{Story, says, the_one, told, told_with};
    use nrpcsniff_samples::http::{self, Browser, cookie};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-key-mismatch";

    /// The portal's tokens are refused by the meeting server, which then issues its own with these keys.
    fn two_cells(net: &Network, theirs: &ltpa::Keys) {
        let browser = browser(net);
        login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
        let meet = visit(&browser, &meet(net));
        denied(&meet, "/stmeetings/");
        login(&meet, "asmith", both(net, theirs));
        served(&meet, "/stmeetings/");
    }

    #[test]
    fn first_blocks_prove_different_keys() {
        let found = told(RULE, |net| two_cells(net, &ltpa::OTHER));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(
            the_one(&found),
            &[
                "meet.example.com and portal.example.com do not share the keys",
                "meet.example.com itself set LtpaToken",
                "key fingerprint",
                "Import WebSphere LTPA Keys",
                "NodeLTPAKeySetGroup",
            ],
        );
    }

    #[test]
    fn both_ways_are_one_finding() {
        let found = told(RULE, |net| {
            two_cells(net, &ltpa::OTHER);
            let browser = browser(net);
            login(&visit(&browser, &meet(net)), "asmith", both(net, &ltpa::OTHER));
            denied(&visit(&browser, &portal(net)), "/wps/myportal");
        });
        assert_eq!(the_one(&found).conversations.len(), 2);
    }

    #[test]
    fn it_explains_a_login_loop() {
        let net = Network::new();
        let other = Browser::new(&net.host("10.1.0.77"));
        login(&visit(&other, &meet(&net)), "bray", both(&net, &ltpa::OTHER));
        let browser = browser(&net);
        let (meet, portal) = (visit(&browser, &meet(&net)), visit(&browser, &portal(&net)));
        for _ in 0..4 {
            denied(&meet, "/stmeetings/");
            login(&portal, "asmith", both(&net, &ltpa::DEMO));
        }
        denied(&meet, "/stmeetings/");
        let all = crate::testing::all(&net);
        assert_eq!(
            (the_one(&all).rule.as_str(), the_one(&all).also.as_slice()),
            (RULE, &[RuleId::new("http-login-loop")][..])
        );
    }

    #[test]
    fn keys_that_were_changed() {
        let found = told(RULE, |net| {
            let browser = browser(net);
            let portal = visit(&browser, &portal(net));
            login(&portal, "asmith", both(net, &ltpa::DEMO));
            net.wait_secs(60);
            denied(&portal, "/wps/myportal");
            login(&portal, "asmith", both(net, &ltpa::OTHER));
        });
        says(the_one(&found), &["portal.example.com has changed the keys"]);
    }

    /// The mail server is shown a token of the portal, and takes it or not.
    fn at_mail(net: &Network, keys: &ltpa::Keys, is_taken: bool) {
        let browser = browser(net);
        login(&visit(&browser, &portal(net)), "asmith", both(net, keys));
        let mail = visit(&browser, &mail(net));
        if is_taken {
            served(&mail, "/mail/asmith.nsf");
        } else {
            unauthorized(&mail, "/mail/asmith.nsf");
        }
        net.wait_secs(600);
    }

    #[test]
    fn keys_that_the_issuer_has_changed() {
        let found = told(RULE, |net| {
            at_mail(net, &ltpa::DEMO, true);
            at_mail(net, &ltpa::OTHER, false);
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Major, Confidence::High));
        says(the_one(&found), &["portal.example.com", "mail.example.com does not know the new keys", "it took until"]);
        let stories: [Story; 3] = [
            ("both keys are taken", |net| {
                at_mail(net, &ltpa::DEMO, true);
                at_mail(net, &ltpa::OTHER, true);
            }),
            ("the same key, refused once", |net| {
                at_mail(net, &ltpa::DEMO, true);
                at_mail(net, &ltpa::DEMO, false);
            }),
            ("an old token is refused, the new one is taken", |net| {
                at_mail(net, &ltpa::OTHER, false);
                at_mail(net, &ltpa::DEMO, true);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn keys_given_prove_it_without_version_1() {
        let story = |net: &Network| {
            let browser = browser(net);
            let second = |keys: &ltpa::Keys| vec![shared("LtpaToken2", &keys.v2("CN=Ann,O=ACME", end(net)))];
            login(&visit(&browser, &portal(net)), "asmith", second(&ltpa::DEMO));
            let meet = visit(&browser, &meet(net));
            denied(&meet, "/stmeetings/");
            login(&meet, "asmith", second(&ltpa::OTHER));
        };
        assert_eq!(told(RULE, story), []);
        says(the_one(&told_with(&keys(), RULE, story)), &["The keys given open the tokens of portal.example.com"]);
    }

    #[test]
    fn a_domino_secret_proves_it_for_domino() {
        let story = |net: &Network| {
            let browser = browser(net);
            let other = ltpa::domino_with(b"another secret of 20", ANN, net.now(), end(net));
            login(&visit(&browser, &portal(net)), "asmith", vec![shared("LtpaToken", &other)]);
            let mail = visit(&browser, &mail(net));
            denied(&mail, "/mail/asmith.nsf");
            login(&mail, "asmith", vec![shared("LtpaToken", &domino(net, ANN))]);
        };
        assert_eq!(told(RULE, story), []);
        says(the_one(&told_with(&keys(), RULE, story)), &["and none of those of portal.example.com"]);
    }

    #[test]
    fn every_token_of_several_logins_refused() {
        let story = |net: &Network, users: &[(&str, &str)]| {
            for (ip, user) in users {
                let browser = Browser::new(&net.host(ip));
                login(&visit(&browser, &mail(net)), user, vec![shared("LtpaToken", &domino(net, user))]);
                denied(&visit(&browser, &portal(net)), "/wps/myportal");
            }
        };
        let found = told(RULE, |net| story(net, &[(PC, ANN), ("10.1.0.51", BOB)]));
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["refuses every sign-on token of mail.example.com", "inferred"]);
        assert_eq!(told(RULE, |net| story(net, &[(PC, ANN)])), [], "one is too little");
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("shared keys, refused once", |net| two_cells(net, &ltpa::DEMO)),
            ("both accepted", |net| {
                let browser = browser(net);
                login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
                served(&visit(&browser, &meet(net)), "/stmeetings/");
            }),
            ("never shown to each other", |net| {
                for (host, keys) in [(portal(net), ltpa::DEMO), (meet(net), ltpa::OTHER)] {
                    let visit = visit(&browser(net), &host);
                    login(&visit, "asmith", both(net, &keys));
                    served(&visit, "/home");
                }
            }),
            ("the key was accepted from another user", |net| {
                let other = Browser::new(&net.host("10.1.0.77")).has(
                    "example.com",
                    "LtpaToken",
                    &ltpa::DEMO.v1("CN=Bob,O=ACME", end(net)),
                );
                served(&visit(&other, &meet(net)), "/stmeetings/");
                two_cells(net, &ltpa::OTHER);
            }),
            ("two cookies of one name", |net| {
                let browser = browser(net);
                login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
                let meet = visit(&browser, &meet(net));
                login(&meet, "asmith", vec![cookie("LtpaToken", &ltpa::OTHER.v1("CN=Ann,O=ACME", end(net))).path("/")]);
                denied(&meet, "/stmeetings/");
            }),
            ("the capture ends before the answer", |net| {
                let browser = browser(net);
                login(&visit(&browser, &meet(net)), "asmith", both(net, &ltpa::OTHER));
                login(&visit(&browser, &portal(net)), "asmith", both(net, &ltpa::DEMO));
                visit(&browser, &meet(net)).ask(http::get("/stmeetings/"));
            }),
            ("expired", |net| {
                let old = ltpa::domino(ANN, net.now() - 90 * ltpa::MINUTE, net.now() - 60 * ltpa::MINUTE);
                for client in ["10.1.0.50", "10.1.0.51", "10.1.0.52"] {
                    chat_refused(net, client, ANN, &[&old], 0x8000_0015);
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    /// A line of Liberty beside the refusal of a token that had just been issued.
    #[test]
    fn a_log_names_the_cause_of_a_refusal() {
        let line = "CWWKS4001I: The security token cannot be validated.";
        let told = |age: u64| {
            let net = Network::new();
            let user = browser(&net);
            let token = shared("LtpaToken2", &ltpa::DEMO.v2(ANN, end(&net)));
            login(&visit(&user, &portal(&net)), "asmith", vec![token]);
            net.wait_secs(age);
            let at = net.now();
            unauthorized(&visit(&user, &meet(&net)), "/homepage/");
            let found = beside(&net, vec![log("messages.log", &systemout(at, &[line]))]);
            found.into_iter().filter(|finding| finding.rule == RULE).collect::<Vec<_>>()
        };
        let found = told(5);
        assert!(is_of_both(the_one(&found)) && the_one(&found).confidence == Confidence::Medium);
        says(the_one(&found), &["meet.example.com cannot validate the sign-on token of portal.example.com"]);
        assert_eq!(told(7_000), [], "it may have ended");
    }

    #[test]
    fn logs_say_less_than_packets() {
        let found = alone(&[&console(SOME_TIME, &["HTTP: Single Sign-On token is invalid"])]);
        assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, Confidence::Medium));
        let line = "CWWKS4001I: The security token cannot be validated.";
        let found = alone(&[&systemout(SOME_TIME, &[line])]);
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::Medium));
        let failed = "SECJ0369E: Authentication failed when using LTPA.";
        assert_eq!(alone(&[&systemout(SOME_TIME, &[failed, failed])]), []);
        let found = alone(&[&systemout(SOME_TIME, &[failed; 3])]);
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Info, Confidence::Low));
        let found = alone(&[&systemout(SOME_TIME, &["CWWKS4106E: LTPA configuration error."])]);
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
    }
}
