//! The server answered with a status that refuses the session.

use crate::diagnose::evidence::logs::{FEW, log_of, nrpc_at};
use crate::diagnose::evidence::nrpc::{show_close, show_names};
use crate::diagnose::words::Status;
use crate::diagnose::words::nrpc::{NamedServer, refused_status as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::logs::{LogEntry, same_server};
use crate::facts::names;
use crate::facts::nrpc::group_by;
use crate::facts::nrpc::opening::{StatusRefusal, last_refusal, worked_later};
use crate::model::{Confidence, ConversationId, LogEvent, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct RefusedStatus;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-refused-status");

static ABOUT: About = About {
    id: ID,
    title: "The server refused the session with a status code",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A readable reply of the server carries a status that refuses a session (full, busy, restricted, not \
           authorised, wrong version, wrong name), and the session ends with it, within its first few messages. \
           Logs: the text of such a status in a client's trace or on a console.",
    matters: "The network works and the server answers; it does not want this session. Where a cluster mate exists, \
              the client goes there.",
    guards: &[
        "Only codes of this list count, only in the server's last message, and only where hardly anything was said \
         before: two bytes in the middle of a session are not read as a refusal.",
        "The same client gets a session within the failover time: major instead of blocker.",
        "A server that is being drained on purpose refuses in the same way: ask before lifting the restriction.",
    ],
    remedy: &[
        "Read what the server wrote at that time: console.log, or log.nsf > Miscellaneous Events.",
        "Too many users or too busy: SERVER_MAXUSERS, SERVER_AVAILABILITY_THRESHOLD; restricted: SERVER_RESTRICTED (0 opens it). \
         \"show config NAME\" on the console tells each.",
        "Access denied: Server document > Security > Access server, Not access server.",
    ],
    references: &[
        "HCL Domino help: Server_MaxUsers, Server_Availability_Threshold, Server_Restricted; when failover occurs",
        "Notes C API status codes as published in the domino-jna project (PKG_CLIENT, PKG_SERVER, PKG_NETWORK)",
    ],
    explains: &[super::early_close::ID, super::auth_rejected::ID, super::port_encryption_mandate::ID],
};

/// A status that refuses a session: code, what it means, what to do.
struct Code(u16, &'static str, &'static str);

const CODES: &[Code] = &[
    Code(0x00F0, "this client is too old for the server", "Update the Notes client."),
    Code(
        0x04D8,
        "the server has reached its greatest number of users",
        "Raise Server_MaxUsers in the server's notes.ini, or spread the users over more servers.",
    ),
    Code(
        0x04ED,
        "anonymous access is not allowed",
        "Server document > Security: allow anonymous Notes connections, or use an ID that the server knows.",
    ),
    Code(0x0802, "the server does not support this version of the protocol", "Update the older of the two."),
    Code(
        0x0804,
        "the server has another name than the one asked for",
        "Ask for the server by its own name, or set NETWORK_SPRAYER_ADDRESS on it.",
    ),
    Code(
        0x0820,
        "another server was reached than the one asked for",
        "Correct the address of the wanted server in Connection document, Server document or DNS.",
    ),
    Code(
        0x0903,
        "not authorised to use the server on this port",
        "Server document > Security and notes.ini Allow_Access_PORT, Deny_Access_PORT: let the user in.",
    ),
    Code(0x090C, "client and server run versions that do not fit", "Update the older of the two."),
    Code(
        0x0925,
        "client and server use the same ID",
        "Give the client an ID of its own: the server's ID file is used on it.",
    ),
    Code(0x0928, "the workstation's licence is not valid or not known", "Check the ID and its registration."),
    Code(0x0929, "the licence is in use by another user", "Check whether one ID is used twice."),
    Code(
        0x092E,
        "not authorised to use the server",
        "Server document > Security: Access server, Not access server; and the deny lists.",
    ),
    Code(0x0938, "the Domino Directory has no Server document for this server", "Create or replicate the document."),
    Code(0x09C4, "the server is not set up", "Finish the set-up of the server."),
    Code(
        0x09DE,
        "the server is too busy (availability threshold)",
        "Lower Server_Availability_Threshold on the server, or take load from it.",
    ),
    Code(
        0x09FC,
        "the administrator has restricted the server",
        "On the server's console: \"set config Server_Restricted=0\", if the restriction is not meant to be.",
    ),
    Code(
        0x0A12,
        "the server's table of network sessions is full",
        "Raise MAX_NETWORK_SESSIONS in the server's notes.ini, and look for clients that open too many.",
    ),
    Code(0x0AC5, "the server is shutting down", "Wait for the restart, or find out who stopped the server."),
    Code(
        0x0AE3,
        "the server that answered does not have the expected name",
        "Ask for the server by its own name, or set NETWORK_SPRAYER_ADDRESS on it.",
    ),
    Code(0x17AC, "this client's version is below the least that the server admits", "Update the Notes client."),
    Code(
        0x17AD,
        "this client's version is above the greatest that the server admits",
        "Raise the greatest version that the server admits.",
    ),
];

impl Rule for RefusedStatus {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = group_by(case.nrpc().filter(|talk| refusal(case, talk).is_some()), |talk| {
            (talk.conversation.client.ip, talk.conversation.server, refusal(case, talk).map(|r| r.code))
        });
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = |event: &LogEvent| refusal_in(event).is_some();
        case.logs().saying(said).take(FEW).filter_map(|entry| told_by_log(case, entry)).collect()
    }
}

fn refusal(case: &Case<'_>, talk: &Talk<'_>) -> Option<StatusRefusal> {
    last_refusal(case, talk, |code| code_of(code).is_some())
}

fn code_of(code: u16) -> Option<&'static Code> {
    CODES.iter().find(|known| known.0 == code)
}

/// 35 points and the names: the place of a status in a reply is inferred, so that a second attempt or a well captured
/// end has to bear it out.
fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let status = refusal(case, first)?;
    let Code(_, meaning, remedy) = code_of(status.code)?;
    let refused = words::SessionRefused {
        server: NamedServer::of(first),
        client: first.conversation.client.ip,
        count: group.len(),
        status: Status::of(status.code),
        meaning,
    };
    let mut draft = Draft::new(&ABOUT, 35)
        .names_read()
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&refused)
        .remedy_first(format!("{}: {remedy}", refused.server));
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    for talk in group.iter().take(3) {
        draft = show_names(draft, talk);
        if let Some(status) = refusal(case, talk) {
            draft = draft.packet(
                status.at,
                format!("message {} carries status {} (its place in a reply is inferred)", status.n, status.shown()),
            );
        }
        draft = show_close(draft, talk);
    }
    let instead = worked_later(case, last).or_else(|| mate(case, last));
    Some(match instead {
        Some(next) => show_names(draft.severity(Severity::Major), next),
        None => draft,
    })
}

/// The client's session with another server soon after: probably a cluster mate.
fn mate<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>) -> Option<&'c Talk<'a>> {
    case.soon_after(talk, case.settings.thresholds.failover_within)
        .find(|next| next.conversation.server != talk.conversation.server && next.went_on())
        .filter(|next| refusal(case, next).is_none())
}

/// The status in a line, and the server that it names, if it is one that refuses a session for reasons of its own: names
/// that differ are told by other rules, with both names.
fn refusal_in(event: &LogEvent) -> Option<(&'static Code, Option<&str>)> {
    let (status, server) = match event {
        LogEvent::Status { code, token: None } => (*code, None),
        LogEvent::UnableToConnect { status, server, .. } => ((*status)?, Some(server.as_str())),
        _ => return None,
    };
    let own = matches!(status, 0x04D8 | 0x09DE | 0x09FC);
    code_of(status).filter(|_| own).map(|code| (code, server))
}

fn told_by_log(case: &Case<'_>, entry: LogEntry<'_>) -> Option<Testimony> {
    let (Code(code, meaning, remedy), server) = refusal_in(&entry.fact.event)?;
    let logged = words::StatusLogged {
        log: log_of(case, &entry).to_owned(),
        server_name: server.map(names::abbreviated),
        status: Status::of(*code),
        meaning,
    };
    let draft = Draft::new(&ABOUT, 35).names_read().severity(Severity::Major).says(&logged).remedy_first(*remedy);
    let draft = if server.is_some() { draft } else { draft.at_most(Confidence::Medium) };
    let named = case.nrpc().filter(|talk| server.zip(talk.answered()).is_some_and(|(a, b)| same_server(a, b)));
    let links: Vec<ConversationId> = named.map(|talk| talk.conversation.id).chain(nrpc_at(case, &entry)).collect();
    Some(Testimony::new(&ABOUT, &[entry]).whom(format!("{} {code}", logged.server())).links(links).alone(draft))
}

#[cfg(test)]
mod tests {
    use super::CODES;
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_dissectors::nrpc::Status;
    use nrpcsniff_samples::{Network, Tcp, nrpc};

    const RULE: &str = "nrpc-refused-status";
    const MAIL: &str = "CN=Mail01/O=Example";
    const START: u16 = 0x01;

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn answered_with(net: &Network, status: u16) {
        let tcp = connect(net);
        tcp.session(MAIL, MAIL).auth().client(nrpc::start_service(0));
        tcp.answer(START, status, 0).wait(3).client_fin();
    }

    #[test]
    fn names_code_meaning_and_remedy() {
        let found = told(RULE, |net| answered_with(net, 0x09FC));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert!(finding.title.contains("Mail01/Example refused the session"));
        assert!(finding.explanation.contains("0x09FC (ERR_SERVER_RESTRICTED)"));
        assert!(finding.remedy[0].contains("Server_Restricted=0"));
        assert!(finding.frames.len() >= 4 && finding.conversations == [0]);
    }

    #[test]
    fn the_bit_of_the_remote_system_does_not_count() {
        assert!(text(the_one(&told(RULE, |net| answered_with(net, 0x4000 | 0x09DE)))).contains("ERR_SERVER_BUSY"));
    }

    #[test]
    fn a_session_with_the_mate_makes_it_major() {
        let found = told(RULE, |net| {
            answered_with(net, 0x09DE);
            net.wait(200);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.19"), 1352).works("CN=Mail02/O=Example", 3);
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("success", |net| answered_with(net, 0)),
            ("entry not found, as any day", |net| answered_with(net, 0x0404)),
            ("in the middle of a session", |net| {
                let tcp = connect(net);
                tcp.works(MAIL, 6);
                tcp.ask(0x21, 40).answer(0x21, 0x09DE, 0).wait(3).client_fin();
            }),
            ("the session goes on", |net| {
                let tcp = connect(net);
                tcp.session(MAIL, MAIL).client(nrpc::start_service(0)).answer(START, 0x09DE, 0);
                tcp.transactions(2).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn codes_are_official_and_in_order() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        for code in CODES {
            assert!(Status(code.0).name().is_some(), "0x{:04X}", code.0);
        }
    }

    #[test]
    fn a_text_in_a_log_says_so() {
        let text = "Unable to connect to Mail01/Acme on TCPIP (Access to this server has been restricted due to excessive load)\n";
        let found = alone(&[text]);
        assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, Confidence::High));
        assert!(the_one(&found).title.contains("Mail01/Acme"));
        let found = alone(&[&console(SOME_TIME, &["Access to this server has been restricted by the administrator"])]);
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        assert_eq!(alone(&[&console(SOME_TIME, &["HTTP Server: Started"])]), []);
    }
}
