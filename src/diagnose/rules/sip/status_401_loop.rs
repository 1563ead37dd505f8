//! The server asks for credentials again and again and never accepts any.

use crate::diagnose::evidence::sip::{SHOWN, draft, named, requests, show};
use crate::diagnose::words::sip::status_401_loop as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::{carries_token, challenged, challenges, recovered, scanners};
use crate::facts::sip::{Series, SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::auth::Credentials;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct Loop;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-401-loop");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server never accepts the client's credentials",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "Requests of one registration (or of one call) are answered with 401 three times and more without a success \
           between them. Or attempt after attempt is given up with its credentials refused.",
    matters: "The user is not signed on: wrong password or user name, a sign-on token that the server does not accept, or \
              a server that cannot check passwords.",
    guards: &[
        "One 401 and then 200 is how Digest works: silent, however often it happens.",
        "Challenges that say stale=true do not count: see sip-stale-nonce.",
        "Several devices that register the same user are told apart by Call-ID.",
        "A request seen on both sides of a proxy counts once.",
        "A success in the end: minor.",
        "Scanners that guess passwords are refused rightly: silent.",
        "Messages that cannot be read stand between: the credentials may be in them; silent if none were seen, else of less \
         confidence.",
    ],
    remedy: &["Look into the log of the SIP server for the reason at that time."],
    references: &[
        "RFC 3261 sections 22.2 and 22.4 (authentication, Digest)",
        "HCL Sametime help: configuring client authentication for audio and video (SIPAuthenticationType in stavconfig.xml)",
    ],
    explains: &[],
};

impl Rule for Loop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let runs = case.sip().series().filter(|series| !scanners.contains(&series.client().ip)).flat_map(|s| runs(&s));
        let groups = group_by(runs, |run| run.of.clone());
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Challenges of one registration (or call) without a success between them.
struct ChallengeRun<'t, 'a> {
    /// Client, method, whom it is about.
    of: (IpAddr, &'a str, Option<String>),
    challenged: Vec<&'t SipExchange<'a>>,
    all: &'t [SipExchange<'a>],
    accepted: bool,
}

fn runs<'t, 'a>(series: &Series<'t, 'a>) -> Vec<ChallengeRun<'t, 'a>> {
    let of = (series.client().ip, series.method(), series.target());
    let run = |all: &'t [SipExchange<'a>]| {
        let challenged = challenged(all);
        let accepted = all.last().is_some_and(|last| last.outcome() == TransactionOutcome::Accepted);
        (!challenged.is_empty()).then(|| ChallengeRun { of: of.clone(), challenged, all, accepted })
    };
    series.runs().filter_map(run).collect()
}

/// Torn messages without credentials are left alone, because the credentials may have stood in the part that is
/// missing.
fn judge_group(case: &Case<'_>, group: &[ChallengeRun<'_, '_>]) -> Option<Draft> {
    let mut loops: Vec<&ChallengeRun<'_, '_>> =
        group.iter().filter(|run| !challenges(case, run.all).is_empty()).collect();
    if loops.is_empty() {
        loops = given_up(case, group)?;
    }
    let challenged: Vec<&SipExchange<'_>> = loops.iter().flat_map(|run| run.challenged.iter().copied()).collect();
    let (first, last) = (*challenged.first()?, *challenged.last()?);
    let torn = challenged.iter().any(|exchange| case.sip().is_torn(exchange));
    let sent_credentials = challenged.iter().any(|exchange| !exchange.credentials().is_empty());
    if torn && !sent_credentials {
        return None;
    }
    let draft = draft(case, &ABOUT, &challenged).points(10).guard(torn);
    let draft = loops.iter().flat_map(|run| run.all).fold(draft, named);
    let forbidden = loops.iter().flat_map(|run| run.all).filter(|exchange| exchange.status() == Some(403));
    let draft = forbidden.take(SHOWN).fold(draft, show);
    let said = words::AskedAgain {
        server: first.server(),
        requests: requests(&challenged)?,
        count: challenged.len(),
        sent_credentials,
        has_empty_nonce: has_empty_nonce(&challenged),
        carried: carried(&challenged),
        recovered: recovered(case, last),
    };
    Some(cure(draft, &challenged).says(&said))
}

/// Every Call-ID ended with credentials refused, and the user never got in.
fn given_up<'r, 't, 'a>(case: &Case<'a>, group: &'r [ChallengeRun<'t, 'a>]) -> Option<Vec<&'r ChallengeRun<'t, 'a>>> {
    let enough = usize::try_from(case.settings.thresholds.sip_challenges).unwrap_or(usize::MAX).max(2);
    let all: Vec<&&SipExchange<'a>> = group.iter().flat_map(|run| &run.challenged).collect();
    let refused = all.iter().filter(|exchange| !exchange.credentials().is_empty()).count();
    let never = group.iter().all(|run| !run.accepted) && all.iter().all(|e| !case.sip().ever_accepted(e));
    (never && refused >= 2 && all.len() >= enough).then(|| group.iter().collect())
}

/// The first cookie that holds a sign-on token, or should hold one.
fn carried(challenged: &[&SipExchange<'_>]) -> Option<words::CarriedToken> {
    let mut cookies = challenged.iter().flat_map(|exchange| exchange.cookies());
    cookies.find_map(|cookie| {
        let token = cookie.token.as_ref()?.label();
        Some(words::CarriedToken { cookie: cookie.name.clone(), token })
    })
}

/// Every Digest that was sent leaves the nonce empty, as a client does that forgets what it was asked.
fn has_empty_nonce(challenged: &[&SipExchange<'_>]) -> bool {
    let mut sent = challenged.iter().flat_map(|exchange| exchange.credentials()).peekable();
    let is_empty =
        |one: &Credentials| one.scheme.eq_ignore_ascii_case("digest") && one.nonce.as_deref().is_none_or(str::is_empty);
    sent.peek().is_some() && sent.all(is_empty)
}

fn cure(draft: Draft, challenged: &[&SipExchange<'_>]) -> Draft {
    let password = "Enter the user name and password of the SIP account anew; try the user name in the other form (short name, \
                    mail address, number).";
    let token = "Find out why the sign-on token is refused: is it expired, do the servers share their LTPA keys and realm, \
                 does the SIP Proxy and Registrar take part in single sign-on? Its SystemOut.log says so (CWSCT and SECJ \
                 messages).";
    let kind = "Compare SIPAuthenticationType in stavconfig.xml (Basic, LTPA or None) with what the client sends.";
    if has_empty_nonce(challenged) {
        let software = "Update the client, or try another one: it has to put the nonce of the challenge into its credentials (RFC \
                        7616 section 3.4). The password is not known to be wrong.";
        draft.remedy_first(software)
    } else if challenged.iter().any(|exchange| carries_token(exchange)) {
        draft.remedy_first(kind).remedy_first(token)
    } else {
        draft.remedy_first(kind).remedy_first(password)
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Draft, Loop, Rule};
    use crate::diagnose::Settings;
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, analysis, findings, phone, phone_of, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-401-loop";

    /// `attempts` requests that are challenged, with credentials from the second on.
    fn challenged(phone: &sip::Phone, attempts: usize) {
        let mut asked: Option<sip::Message> = None;
        for nonce in 0..attempts {
            let request = phone.register();
            let request = match &asked {
                Some(challenge) => request.credentials(challenge, "ann", "wrong"),
                None => request,
            };
            let challenge = request.response(401).challenge("example.com", &format!("n{nonce}"));
            phone.sends(&request).hears(&challenge);
            asked = Some(challenge);
        }
    }

    fn with_cookie(phone: &sip::Phone, attempts: usize) {
        for nonce in 0..attempts {
            let request = phone.register().cookie("LtpaToken", "undefined");
            phone.sends(&request).hears(request.response(401).challenge("example.com", &format!("n{nonce}")));
        }
    }

    #[test]
    fn credentials_that_are_never_accepted() {
        let found = told(RULE, |net| challenged(&phone(net), 4));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(finding, &["refuses the password or user name of ann@example.com", "4 requests", "10.1.0.50"]);
    }

    #[test]
    fn a_cookie_that_is_never_accepted_is_named_but_not_shown() {
        let net = Network::new();
        with_cookie(&phone(&net), 3);
        let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
        let alone: Vec<_> = Loop.judge(&Case::new(&analysis, &settings)).into_iter().map(Draft::finish).collect();
        says(the_one(&alone), &["does not accept the sign-on token of ann@example.com", "cookie LtpaToken"]);
        let all = findings(&net.to_pcapng());
        assert!(
            all.iter().any(|f| f.rule == "ltpa-undefined-sip" && f.also.iter().any(|also| *also == RULE)),
            "{all:#?}"
        );
    }

    #[test]
    fn an_empty_nonce_is_the_client_s_fault() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            for number in 0..3 {
                let (first, nonce) = (phone.register(), format!("n{number}"));
                let challenge = first.response(401).challenge("example.com", &nonce);
                phone.sends(&first).hears(&challenge);
                let second = phone.register().credentials(&challenge, "ann", "secret");
                let forgetful = second.value("Authorization").replacen(&format!("nonce=\"{nonce}\""), "nonce=\"\"", 1);
                let second = second.set("Authorization", &forgetful);
                phone.sends(&second).hears(second.response(401).challenge("example.com", "m"));
            }
        });
        says(the_one(&found), &["with an empty nonce", "never tried", "Update the client"]);
    }

    #[test]
    fn a_client_that_never_answers_the_challenge() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            for _ in 0..3 {
                let request = phone.register();
                phone.sends(&request).hears(request.response(401).challenge("example.com", "n"));
            }
        });
        says(the_one(&found), &["never answers the challenge"]);
    }

    #[test]
    fn a_wrong_password_and_an_ignored_challenge_are_two_causes() {
        let found = told(RULE, |net| {
            challenged(&phone(net), 4);
            let other = phone_of(net, "10.1.0.51", "bob@example.com");
            for _ in 0..3 {
                let request = other.register();
                other.sends(&request).hears(request.response(401).challenge("example.com", "n"));
            }
        });
        assert_eq!(found.len(), 2, "{found:#?}");
    }

    #[test]
    fn attempts_that_are_given_up_one_after_the_other() {
        let found = told(RULE, |net| {
            challenged(&phone(net), 2);
            challenged(&phone(net), 2);
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
        says(the_one(&found), &["4 requests"]);
    }

    #[test]
    fn a_success_in_the_end_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            challenged(&phone, 4);
            register(&phone);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["accepted in the end"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 10] = [
            ("one 401 and then 200", |net| register(&phone(net))),
            ("each refresh with its challenge", |net| {
                let phone = phone(net);
                for _ in 0..6 {
                    register(&phone);
                }
            }),
            ("two devices of one user at once", |net| {
                let phones = [phone(net), phone(net), phone(net)];
                let first: Vec<_> = phones.iter().map(sip::Phone::register).collect();
                for (phone, request) in phones.iter().zip(&first) {
                    phone.sends(request).hears(request.response(401).challenge("example.com", "n"));
                }
                phones.iter().for_each(register);
            }),
            ("on both sides of a proxy", |net| {
                let (phone, proxy, registrar) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
                for _ in 0..2 {
                    let request = phone.register();
                    let onward = request.clone().via("UDP", "10.1.0.9:5060", "p");
                    phone.sends(&request);
                    net.udp(&proxy, 5060, &registrar, 5060, onward.as_ref());
                    let refusal = onward.response(401).challenge("example.com", "n");
                    net.udp(&registrar, 5060, &proxy, 5060, refusal.as_ref());
                    phone.hears(request.response(401).challenge("example.com", "n"));
                }
            }),
            ("stale nonces", |net| {
                let phone = phone(net);
                for _ in 0..4 {
                    let request = phone.register();
                    phone.sends(&request).hears(request.response(401).challenge("example.com", "n").stale());
                }
            }),
            ("stale nonces by the reason phrase alone", |net| {
                let phone = phone(net);
                for _ in 0..2 {
                    let asked = phone.register();
                    let challenge = asked.response(401).challenge("example.com", "n");
                    phone.sends(&asked).hears(&challenge).wait(17_000);
                    let late = phone.register().credentials(&challenge, "ann", "right");
                    let refusal = String::from_utf8(late.response(401).challenge("example.com", "m").into()).unwrap();
                    phone.sends(&late).hears(refusal.replace("401 Unauthorized", "401 nonce has changed"));
                }
                register(&phone);
            }),
            ("one question in each of several calls, and nothing known of the answers", |net| {
                for _ in 0..3 {
                    challenged(&phone(net), 1);
                }
            }),
            ("a scanner by its name", |net| challenged(&phone(net).agent("friendly-scanner"), 5)),
            ("a scanner by what it does", |net| {
                for user in 100..110 {
                    challenged(&phone_of(net, "203.0.113.9", &format!("{user}@example.com")), 3);
                }
            }),
            ("its answers cannot be read", |net| {
                let phone = phone(net);
                for _ in 0..3 {
                    let request = phone.register();
                    phone.sends(&request).hears(request.response(401).challenge("example.com", "n"));
                    phone.sends(phone.register().without("Call-ID"));
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
