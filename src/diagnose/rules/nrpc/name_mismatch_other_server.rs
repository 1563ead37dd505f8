//! The client asked for one Domino server and reached another one.

use crate::diagnose::evidence::logs::wrong_server;
use crate::diagnose::evidence::nrpc::{show, show_names};
use crate::diagnose::words::dns_path;
use crate::diagnose::words::nrpc::{NameRefused, NameTraced, name_mismatch_other_server as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::logs::ClientTrace;
use crate::facts::names::{NameLikeness, abbreviated, looks_like_host};
use crate::facts::nrpc::opening::{NameMismatch, accepted, recovered, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{CloseBy, Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct NameMismatchOtherServer;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-name-mismatch-other-server");

static ABOUT: About = About {
    id: ID,
    title: "Reached a different Domino server than the one asked for",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "TCP connects; the session request asks for a Notes server name; the session response carries the name of \
           another server, with another common name; the client sends nothing more; either side closes within seconds. \
           Logs: \"Connected to the wrong server\" in a Notes client's port trace.",
    matters: "The address that the client holds for the server belongs to another one: a remembered address, a \
              Connection or Server document, or DNS is out of date. The user reads \"the server is not responding\".",
    guards: &[
        "A second client message after the response: the mismatch was accepted; told as information, not as a fault.",
        "Cluster failover opens the mate by the mate's own name: the names agree, silent.",
        "The next session goes to another port of the same machine and works: a port mapper sent it on; silent.",
        "The request names no server (Notes R5, probes), or the name was given with --expect-server: silent.",
        "A wanted name without hierarchy may be a short host alias: medium confidence at most.",
        "The same name works within the retry time: major instead of blocker.",
        "Capture incomplete: confidence is lowered. Closing RST from the path: medium confidence at most.",
    ],
    remedy: &[
        "Correct what leads to the address: the Connection document, the Net Address in the Server document's Ports \
         tab, DNS or the hosts file. Prefer a fully qualified host name to an IP address.",
        "The Notes client remembers addresses ($SavedServers, $SavedAddresses in the Location document): open the \
         server once by its fully qualified host name, or set DONT_USE_REMEMBERED_ADDRESSES=1 in the client's \
         notes.ini and restart it.",
        "When servers swap addresses, do it after hours, so that clients do not meet the wrong one.",
    ],
    references: &[
        "HCL Domino 12: considerations before changing a server's IP address",
        "notes.ini DONT_USE_REMEMBERED_ADDRESSES",
        "HCL: Network_Sprayer_Address (dominowiki): the session ends if the names do not match",
        "Notes status 0x0804, 0x0820, 0x0AE3",
    ],
    explains: &[super::early_close::ID, super::refused_status::ID],
};

impl Rule for NameMismatchOtherServer {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let failed = group_by(case.nrpc().filter(|talk| other_server(refused(case, talk)).is_some()), attempt);
        let worked = group_by(case.nrpc().filter(|talk| other_server(accepted(case, talk)).is_some()), |talk| {
            (talk.conversation.server, talk.wanted(), talk.answered())
        });
        let failed = failed.iter().filter_map(|group| failure(case, group));
        failed.chain(worked.iter().filter_map(|group| tolerated(group))).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let mine = |pair: Option<(&str, NameLikeness)>| match pair {
            Some((wanted, likeness)) => !looks_like_host(wanted) && likeness == NameLikeness::Different,
            None => true,
        };
        wrong_server(case, &ABOUT, mine, told_by_client)
    }
}

/// A Notes name was asked for, and the common names differ.
fn other_server(mismatch: Option<NameMismatch<'_>>) -> Option<NameMismatch<'_>> {
    mismatch.filter(|m| m.likeness == NameLikeness::Different && !looks_like_host(m.wanted))
}

/// A bare name may be an alias of the server that answered, so that it is medium at most; the same client at the right
/// server afterwards makes it major instead of a blocker.
fn failure(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let (wanted, answered) = (first.wanted()?, first.answered()?);
    let server = first.conversation.server;
    let (asked, met) = (abbreviated(wanted), abbreviated(answered));
    let mut draft = Draft::new(&ABOUT, 35)
        .names_read()
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&words::OtherServerRefused(NameRefused::of(first, (wanted, answered), asked.clone(), group.len())));
    if !wanted.contains('/') {
        draft = draft.at_most(Confidence::Medium).remedy_first(format!(
            "If \"{asked}\" is a short host alias of {met}: make it known to that server (notes.ini \
             NETWORK_SPRAYER_ADDRESS={asked}, or Server document > Basics > Fully qualified Internet host name, which \
             replaces the host name there) and restart the server."
        ));
    }
    if first.conversation.teardown.by == CloseBy::Middlebox {
        draft = draft.at_most(Confidence::Medium);
    }
    draft = source_of_address(show(draft, group), case, first);
    Some(match (recovered(case, last), home_of(case, last, wanted)) {
        (Some(next), _) => found_elsewhere(draft.severity(Severity::Major), next, &asked),
        (None, Some(next)) => found_elsewhere(draft, next, &asked),
        (None, None) => draft.remedy_first(format!(
            "Find out which address {asked} has now, and replace {} by it wherever the client takes it from: the \
             Connection document, the Server document's Net Address, DNS.",
            server.ip
        )),
    })
}

/// Where the client has the address from: DNS, as far as the capture shows.
fn source_of_address(draft: Draft, case: &Case<'_>, talk: &Talk<'_>) -> Draft {
    let ip = talk.conversation.server.ip;
    match case.lookup_of(ip, talk.conversation.first.time).and_then(|lookup| lookup.response) {
        Some((message, answer)) => draft
            .dns(message.at, format!("DNS: {} leads to {ip} ({})", answer.name, dns_path(answer)))
            .remedy_first(format!("DNS gives {ip} for {}: correct that record if it is out of date.", answer.name)),
        None => draft.absence(format!(
            "no DNS answer with {ip} before the connection: the address was probably remembered or configured"
        )),
    }
}

/// A later session of any kind in which the same client reached the wanted server at another address.
fn home_of<'c, 'a>(case: &'c Case<'a>, talk: &Talk<'a>, wanted: &str) -> Option<&'c Talk<'a>> {
    case.after(talk).take(256).find(|next| {
        next.conversation.server != talk.conversation.server
            && next.answered().is_some_and(|name| case.likeness(wanted, name) == NameLikeness::Same)
    })
}

fn found_elsewhere(draft: Draft, next: &Talk<'_>, asked: &str) -> Draft {
    let server = next.conversation.server;
    show_names(draft, next).remedy_first(format!(
        "{asked} answers at {server}: enter that address (or its host name) in the Connection document, the Server \
         document's Net Address or DNS."
    ))
}

fn tolerated(group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let (wanted, answered) = (first.wanted()?, first.answered()?);
    let mut draft = Draft::new(&ABOUT, 35)
        .names_read()
        .guard(!first.well_captured())
        .severity(Severity::Info)
        .says(&words::OtherServerAccepted {
            server: first.conversation.server,
            server_name: abbreviated(answered),
            asked: abbreviated(wanted),
            asked_in_full: wanted.to_owned(),
            answered: answered.to_owned(),
            count: group.len(),
        })
        .remedies([
            "Nothing to mend if this server is meant to answer for the other one. If not, the address that leads here \
             is out of date, and users work on another server than they believe.",
        ]);
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    Some(show_names(draft, first))
}

/// The port trace of a client tells who answered, and beside it whom the client wanted.
fn told_by_client(draft: Draft, trace: &ClientTrace<'_>) -> Draft {
    let severity = if trace.recovered.is_some() { Severity::Major } else { Severity::Blocker };
    let Some(asked) = trace.wanted.map(abbreviated) else {
        let said = words::TracedInPart { server_name: abbreviated(trace.answered), address: trace.address.to_owned() };
        // Which of the two it is cannot be told without the name that was asked for.
        return draft.severity(severity).at_most(Confidence::Medium).points(15).says(&said).remedies([
            format!(
                "If the name that was asked for is an alias of {}: set NETWORK_SPRAYER_ADDRESS in its notes.ini to that alias and \
                 restart it, or use the server's full host name in the client.",
                said.server_name
            ),
        ]);
    };
    draft.severity(severity).names_read().says(&words::OtherServerTraced(NameTraced::of(trace, asked)))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity, Source};
    use crate::testing::{Story, text, the_one, told};
    use nrpcsniff_samples::dns::{A, Record};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-name-mismatch-other-server";
    const MAIL: &str = "CN=Mail01/OU=Servers/O=Example";
    const APPS: &str = "CN=Apps02/OU=Servers/O=Example";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    fn refused(net: &Network) {
        connect(net).session(MAIL, APPS).wait(3).client_fin();
    }

    #[test]
    fn names_both_servers_and_the_remembered_address() {
        let found = told(RULE, |net| {
            refused(net);
            net.at(6000);
            refused(net);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        assert_eq!(finding.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 5, 6, 13, 14, 15]);
        assert!(finding.title.contains("Mail01/Servers/Example") && finding.title.contains("Apps02/Servers/Example"));
        assert!(finding.evidence.iter().any(|e| e.source == Source::Absence && e.text.contains("remembered")));
        assert!(finding.remedy[0].contains("10.1.0.9"));
    }

    #[test]
    fn the_dns_record_that_led_there_comes_first_in_the_remedy_unless_the_right_address_is_known() {
        let dns = told(RULE, |net| {
            let records = [Record::address("mail01.example.net", "10.1.0.9")];
            net.resolve(&net.host("10.1.0.50"), &net.host("10.1.0.2"), "mail01.example.net", A, &records);
            refused(net);
        });
        assert!(text(the_one(&dns)).contains("DNS: mail01.example.net leads to 10.1.0.9"));
        let moved = told(RULE, |net| {
            refused(net);
            net.at(60_000);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.19"), 1352).works(MAIL, 3).client_fin();
        });
        assert!(the_one(&moved).remedy[0].contains("Mail01/Servers/Example answers at 10.1.0.19:1352"));
        assert_eq!(the_one(&moved).severity, Severity::Blocker);
    }

    #[test]
    fn success_within_the_retry_time_makes_it_major() {
        let found = told(RULE, |net| {
            refused(net);
            net.at(5000);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.19"), 1352).works(MAIL, 3).client_fin();
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn a_name_without_hierarchy_may_be_a_short_alias() {
        let found = told(RULE, |net| {
            connect(net).session("sametime", APPS).wait(3).client_fin();
        });
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        assert!(text(the_one(&found)).contains("NETWORK_SPRAYER_ADDRESS=sametime"));
    }

    #[test]
    fn an_accepted_mismatch_is_information() {
        let found = told(RULE, |net| {
            connect(net).session(MAIL, APPS).auth().transactions(2).client_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Info, Confidence::High));
    }

    #[test]
    fn healthy_look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("the mate is opened by its own name", |net| {
                connect(net).works(APPS, 2).client_fin();
            }),
            ("common name only, other case", |net| {
                connect(net).session("apps02", APPS).wait(3).client_fin();
            }),
            ("a port mapper sends the client on", |net| {
                refused(net);
                net.wait(50);
                let part = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 13_520);
                part.works(MAIL, 3).client_fin();
            }),
            ("renamed, not another server", |net| {
                connect(net).session(MAIL, "CN=Mail01/O=Other").wait(3).client_fin();
            }),
            ("still open at the end of the capture", |net| {
                connect(net).session(MAIL, APPS);
            }),
            ("the caller's own name stands in the request", |net| {
                let tcp = connect(net);
                let mut request = tcp.request_for("");
                request.wanted = None;
                let mut message = request.message();
                message.own_name = MAIL.as_bytes().to_vec();
                tcp.client(message.encode()).response(APPS).wait(3).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
