//! Opening fine, identities exchanged, and then one side hung up.

use crate::diagnose::evidence::logs::{FEW, log_of, nrpc_at};
use crate::diagnose::evidence::nrpc::show;
use crate::diagnose::words::Status;
use crate::diagnose::words::nrpc::{Ending, NamedServer, auth_rejected as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::logs::LogEntry;
use crate::facts::nrpc::opening::{StatusRefusal, closed_at_once, last_refusal, mismatch, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{CloseBy, Confidence, LogEvent, RuleId, Severity, Side};
use nrpcsniff_dissectors::{Message as Body, nrpc};

/// See [`ABOUT`].
pub(crate) struct AuthRejected;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-auth-rejected");

static ABOUT: About = About {
    id: ID,
    title: "Authentication rejected: closed right after the identities were exchanged",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "Session request and response, then the authentication messages, then at once FIN or RST: by the server, or \
           by a client that tries again. Or a readable reply with a status of the security package. \
           Logs: the text of such a status at that time.",
    matters: "Server and client could not agree on who they are: an expired or unknown certificate, a missing cross \
              certificate, another public key than in the directory, or clocks far apart.",
    guards: &[
        "A wrong password is found out on the client and never reaches the wire.",
        "The client closes and does not come back: a test of the connection; silent.",
        "Any further message shows that the authentication was accepted; silent.",
        "The server's name was wrong: see the rules on names.",
        "The close was sent by something on the path, or the capture is incomplete: confidence is lowered.",
        "Without a readable status: medium confidence at most.",
    ],
    remedy: &[
        "Read the reason on the server's console or in log.nsf at that time (\"Authentication failure\"), or in the \
         client's status bar.",
        "Expired certificate: recertify the ID. No common certifier: create cross certificates on both sides. Public \
         key does not match: update the Person document from the ID.",
        "Compare the clocks of client and server.",
    ],
    references: &[
        "Notes status 0x191C, 0x1932, 0x1933, 0x1934, 0x1935 (PKG_SECURE)",
        "Rapid7 advisory R7-0010 and IBM redbook Lotus Security Handbook: challenges in both directions",
    ],
    explains: &[super::early_close::ID],
};

impl Rule for AuthRejected {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| rejected(case, talk)), |talk| {
            (attempt(talk), security_status(case, talk).map(|status| status.code))
        });
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = |event: &LogEvent| matches!(event, LogEvent::Status { code: 0x1932..=0x1935 | 0x080E, token: None });
        case.logs().saying(said).take(FEW).map(|entry| told_by_log(case, entry)).collect()
    }
}

fn rejected(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let progress = talk.progress();
    let exchanged = progress.client == 2 && (1..=2).contains(&progress.server) && identity_sent(talk);
    let unhappy = || match c.teardown.by {
        CloseBy::Server | CloseBy::Middlebox => true,
        CloseBy::Client => case.retry_of(talk).is_some(),
        CloseBy::None => false,
    };
    let hung_up = exchanged && closed_at_once(case, talk) && unhappy() && refused(case, talk).is_none();
    talk.response.is_some() && (hung_up || security_status(case, talk).is_some())
}

/// The client's second message is an authentication message, or unreadable as newer ones are: not a transaction.
fn identity_sent(talk: &Talk<'_>) -> bool {
    let second = talk.conversation.messages.iter().filter(|m| m.from == Side::Client).nth(1);
    talk.request.is_some()
        && second.is_some_and(|message| {
            matches!(&message.body, Body::Nrpc(nrpc::Message { body: nrpc::Body::Auth(_) | nrpc::Body::Opaque(_), .. }))
        })
}

/// A status of the security package that ends the session.
fn security_status(case: &Case<'_>, talk: &Talk<'_>) -> Option<StatusRefusal> {
    let secure = |code: u16| code & 0xFF00 == 0x1900 && code != ENCRYPTING;
    last_refusal(case, talk, secure)
}

/// "Network traffic is being encrypted at the server's request": not an error.
const ENCRYPTING: u16 = 0x1903;

/// The place of the status in a reply is inferred, so that a close of the server alone gives medium at most, and 40
/// points for the pattern.
fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (client, server, count) = (first.conversation.client.ip, NamedServer::of(first), group.len());
    let status = security_status(case, first);
    let by_server = first.conversation.teardown.by == CloseBy::Server;
    let mut draft = Draft::new(&ABOUT, 40)
        .points(if by_server { 10 } else { 0 })
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .guard(first.conversation.teardown.by == CloseBy::Middlebox)
        .guard(mismatch(case, first).is_some());
    draft = match status {
        Some(status) => draft
            .names_read()
            .says(&words::IdentitiesRefused {
                server: server.clone(),
                client,
                count,
                status: Status::of(status.code),
                message: status.n,
            })
            .packet(
                status.at,
                format!("message {} carries status {} (its place in a reply is inferred)", status.n, status.shown()),
            ),
        None => draft.at_most(Confidence::Medium).says(&words::Parted {
            server: server.clone(),
            client,
            count,
            ending: Ending::of(first),
        }),
    };
    draft = draft.remedy_first(format!("Look for \"Authentication failure\" with {client} in the log of {server}."));
    if let Some((user, at)) = first.user() {
        draft = draft.packet(at, format!("the client identifies itself as \"{user}\""));
    }
    Some(show(draft, group))
}

/// The text of a status of the security package.
fn told_by_log(case: &Case<'_>, entry: LogEntry<'_>) -> Testimony {
    let code = match &entry.fact.event {
        LogEvent::Status { code, .. } => *code,
        _ => 0,
    };
    let meaning = nrpc::Status(code).meaning().unwrap_or("the identities are not accepted");
    let draft = Draft::new(&ABOUT, 40)
        .points(20)
        .at_most(Confidence::Medium)
        .severity(Severity::Major)
        .says(&words::RejectionLogged { log: log_of(case, &entry).to_owned(), status: Status::of(code), meaning });
    Testimony::new(&ABOUT, &[entry]).whom(code.to_string()).links(nrpc_at(case, &entry)).proves().alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_samples::{Network, Side, Tcp, nrpc};

    const RULE: &str = "nrpc-auth-rejected";
    const MAIL: &str = "CN=Mail01/O=Example";
    const USER: &str = "CN=Ada Reed/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    #[test]
    fn names_server_client_and_user() {
        let found = told(RULE, |net| {
            for second in [0, 9] {
                net.at(second * 1000);
                connect(net).session(MAIL, MAIL).auth_as(USER).auth_reply().wait(180).server_fin();
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [0, 1]);
        assert!(finding.title.contains("Mail01/Example") && finding.title.contains("10.1.0.50"));
        assert!(finding.explanation.contains("the server closed with FIN 180 ms later"));
        assert!(text(finding).contains(USER) && finding.frames.iter().any(|frame| frame.number == 6));
    }

    #[test]
    fn a_status_of_the_security_package_proves_it() {
        let found = told(RULE, |net| {
            let tcp = connect(net);
            tcp.session(MAIL, MAIL).auth().client(nrpc::start_service(0));
            tcp.answer(1, 0x191C, 0).wait(3).client_fin();
        });
        assert_eq!(the_one(&found).confidence, Confidence::High);
        assert!(the_one(&found).title.contains("0x191C (ERR_SECURE_EXPIRED_CERT)"));
    }

    #[test]
    fn a_client_that_hangs_up_must_come_back() {
        let once = |net: &Network| {
            connect(net).session(MAIL, MAIL).auth().wait(20).client_fin();
        };
        assert_eq!(told(RULE, once), []);
        let twice = told(RULE, |net| {
            once(net);
            net.wait_secs(5);
            once(net);
        });
        assert_eq!(the_one(&twice).confidence, Confidence::Medium);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("a working session", |net| {
                connect(net).works(MAIL, 3).server_fin();
            }),
            ("the capture ends", |net| {
                connect(net).session(MAIL, MAIL).auth();
            }),
            ("it rested first", |net| {
                connect(net).session(MAIL, MAIL).auth().wait_secs(60).server_fin();
            }),
            ("the name was wrong", |net| {
                connect(net).session("chat.example.net", MAIL).wait(3).server_fin();
            }),
            ("a lookup without a session, as scanners do", |net| {
                let tcp = connect(net);
                tcp.client(nrpc::start_service(0)).answer(1, 0, 10);
                tcp.client(nrpc::id_lookup(1, "Ada Reed")).answer(0x4F, 0x0319, 20).wait(3).client_fin();
            }),
            ("traffic is encrypted on request: no error", |net| {
                let tcp = connect(net);
                tcp.session(MAIL, MAIL).auth().client(nrpc::start_service(0)).answer(1, 0x1903, 0);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn a_reset_from_the_path_lowers_it() {
        let found = told(RULE, |net| {
            let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").ttl(60), 1352);
            tcp.session(MAIL, MAIL).auth().wait(20).middlebox_rst(Side::Client, 250);
        });
        assert_eq!(the_one(&found).confidence, Confidence::Low);
    }

    #[test]
    fn a_text_in_a_log_says_so() {
        for (text, rule) in [
            ("Your public key does not match the one stored in the Address Book", RULE),
            ("Your certificate has expired", "nrpc-id-expired"),
        ] {
            let found = alone(&[&console(SOME_TIME, &[text])]);
            assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (rule, Confidence::Medium));
        }
    }
}
