//! The client asked for a host name, and a Domino server with another name answered.

use crate::diagnose::evidence::logs::wrong_server;
use crate::diagnose::evidence::nrpc::{show, show_names};
use crate::diagnose::words::dns_path;
use crate::diagnose::words::nrpc::{NameRefused, NameTraced, name_mismatch_alias as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::logs::ClientTrace;
use crate::facts::names::{NameLikeness, abbreviated, looks_like_host};
use crate::facts::nrpc::opening::{AnsweredNames, NameMismatch, accepted, recovered, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{CloseBy, Confidence, RuleId, Severity, Side};

/// See [`ABOUT`].
pub(crate) struct NameMismatchAlias;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-name-mismatch-alias");

static ABOUT: About = About {
    id: ID,
    title: "Client asked for a host alias, another Domino name answered",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "TCP connects; the session request asks for a host name (a dot, no hierarchy); the session response carries \
           a server name that is not it; the client sends nothing more; either side closes within seconds. \
           Logs: \"Connected to the wrong server\" in a Notes client's port trace.",
    matters: "The Notes client tells the server which server it wants. When the names differ, one of the two ends the \
              session, and the user reads \"the server is not responding\" although network and server are fine.",
    guards: &[
        "A second client message after the response: the mismatch was accepted (NETWORK_SPRAYER_ADDRESS is set); told \
         as information, not as a fault.",
        "The request names no server (Notes R5, probes): silent.",
        "The next session goes to another port of the same machine and works: a port mapper sent it on; silent.",
        "The name was given with --expect-server: silent.",
        "The same name works within the retry time: major instead of blocker.",
        "Capture incomplete (handshake, direction or bytes missing): confidence is lowered.",
        "The host's first label is the server's common name: medium confidence, unless the client tried again.",
        "The closing RST came from something on the path: medium confidence at most.",
    ],
    remedy: &[
        "notes.ini NETWORK_SPRAYER_ADDRESS = the alias (several separated by commas, or * for any) on every server behind \
         it, then restart. Where several are behind it (sprayer, load balancer, cluster): only if all of them hold replicas \
         of what is opened.",
        "Or, where one server is behind the alias: Server document > Basics > Fully qualified Internet host name = the \
         alias, then restart. The host name that stands there now is then refused in its turn (inferred from a report, \
         2016), and HTTP, SMTP and Sametime use the field too.",
        "Or ask for the real name: a Connection document on the client with the server's Notes name and the alias as \
         destination address.",
        "For Sametime single sign-on: enter the hierarchical server name as authentication server.",
    ],
    references: &[
        "HCL: Network_Sprayer_Address (dominowiki), SPR PMIA6A9MMW",
        "collaborationben.com, 2016-10-04: Sametime and NETWORK_SPRAYER_ADDRESS",
        "Notes status 0x0804, 0x0820, 0x0AE3",
    ],
    explains: &[super::early_close::ID, super::port_map::ID, super::refused_status::ID],
};

/// How many of the catalogue's remedies, from the first on, are told with names instead.
const SETTINGS: usize = 2;

impl Rule for NameMismatchAlias {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let answers = AnsweredNames::new(case);
        let failed = group_by(case.nrpc().filter(|talk| refused_alias(case, talk).is_some()), attempt);
        let worked = group_by(case.nrpc().filter(|talk| accepted_alias(case, talk).is_some()), |talk| {
            (talk.conversation.server, talk.wanted())
        });
        let failed = failed.iter().filter_map(|group| failure(case, &answers, group));
        failed.chain(worked.iter().filter_map(|group| in_force(case, &answers, group))).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let mine = |pair: Option<(&str, NameLikeness)>| {
            let alike = |likeness| matches!(likeness, NameLikeness::Different | NameLikeness::HostLabel);
            pair.is_some_and(|(wanted, likeness)| looks_like_host(wanted) && alike(likeness))
        };
        wrong_server(case, &ABOUT, mine, told_by_client)
    }
}

/// The pattern, in one conversation.
fn refused_alias<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    refused(case, talk).filter(|m| {
        looks_like_host(m.wanted) && matches!(m.likeness, NameLikeness::Different | NameLikeness::HostLabel)
    })
}

/// The harmless look-alike: another name answered, and the session went on. A host name whose first label is the
/// server's common name is not worth a word then.
fn accepted_alias<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    accepted(case, talk).filter(|m| looks_like_host(m.wanted) && m.likeness == NameLikeness::Different)
}

/// Medium at most where only the host label is alike and nobody tried again: two domains may each have a host of that
/// name.
fn failure(case: &Case<'_>, answers: &AnsweredNames<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let names = refused_alias(case, first)?;
    let server = first.conversation.server;
    let (host, name) = (host(names.wanted), abbreviated(names.answered));
    let again = group.len() > 1 || case.retry_of(first).is_some();
    let said = NameRefused::of(first, (names.wanted, names.answered), host.clone(), group.len());
    let mut draft = Draft::new(&ABOUT, 35)
        .names_read()
        .retry(again)
        .seen_in(group.len())
        .guard(!first.well_captured())
        .says(&words::AliasRefused(said))
        .remedies(remedies(&host, &name, answers.of(server)));
    if (names.likeness == NameLikeness::HostLabel && !again) || first.conversation.teardown.by == CloseBy::Middlebox {
        draft = draft.at_most(Confidence::Medium);
    }
    draft = show(draft, group);
    if let Some((message, answer)) = case.lookup_of(server.ip, first.conversation.first.time).and_then(|l| l.response) {
        draft = draft.dns(message.at, format!("DNS: {} leads to {} ({})", answer.name, server.ip, dns_path(answer)));
    }
    Some(match group.last().and_then(|last| recovered(case, last)) {
        Some(next) => show_names(draft.severity(Severity::Major), next),
        None => draft,
    })
}

/// The catalogue's remedies, those that name the setting with the alias and the server in it.
fn remedies(host: &str, name: &str, answering: &[&str]) -> Vec<String> {
    let set = match answering {
        [_, _, ..] => {
            let all = answering.iter().map(|name| abbreviated(name)).collect::<Vec<_>>().join(", ");
            vec![format!(
                "Several servers answer at this address ({all}): set NETWORK_SPRAYER_ADDRESS={host} in the notes.ini of \
                 every one of them and restart them. Only if all of them hold replicas of what is opened."
            )]
        }
        _ => vec![
            format!(
                "On {name}: notes.ini NETWORK_SPRAYER_ADDRESS={host} (further aliases after a comma), then restart the \
                 server; the same on every other server behind the alias."
            ),
            format!(
                "Or, if {name} alone is behind the alias: Server document > Basics > Fully qualified Internet host name = \
                 {host}, then restart it. The host name that stands there now is then refused in its turn (inferred from a \
                 report, 2016), and HTTP, SMTP and Sametime use the field too."
            ),
        ],
    };
    set.into_iter().chain(ABOUT.remedy.iter().skip(SETTINGS).map(|&text| text.to_owned())).collect()
}

/// Info, because it works; it is told so that nobody takes the setting off again.
fn in_force(case: &Case<'_>, answers: &AnsweredNames<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let names = accepted_alias(case, first)?;
    let server = first.conversation.server;
    let host = host(names.wanted);
    let server_names = answers
        .of(server)
        .iter()
        .filter(|name| group.iter().any(|talk| talk.answered() == Some(name)))
        .map(|name| abbreviated(name))
        .collect();
    let draft = Draft::new(&ABOUT, 35)
        .names_read()
        .guard(!first.well_captured())
        .severity(Severity::Info)
        .says(&words::AliasAccepted {
            server,
            server_names,
            asked: host,
            asked_in_full: names.wanted.to_owned(),
            count: group.len(),
        })
        .remedies(["Nothing to mend. Keep the setting on every server behind the alias."]);
    let draft = group.iter().fold(draft, |draft, talk| draft.conversation(talk.conversation));
    Some(group.iter().take(3).fold(draft, |draft, talk| show_going_on(draft, talk)))
}

/// Both names, and the message by which the client accepts the answer.
fn show_going_on(draft: Draft, talk: &Talk<'_>) -> Draft {
    let next = talk.conversation.messages.iter().filter(|m| m.from == Side::Client).nth(1);
    let draft = show_names(draft, talk);
    match next {
        Some(message) => draft.packet(message.at, "the client goes on with its next message"),
        None => draft,
    }
}

/// The alias as one types it: without label and trailing dot.
fn host(wanted: &str) -> String {
    abbreviated(wanted).trim().trim_end_matches('.').to_owned()
}

/// The port trace of a client tells both names.
fn told_by_client(draft: Draft, trace: &ClientTrace<'_>) -> Draft {
    let (host, name) = (host(trace.wanted.unwrap_or_default()), abbreviated(trace.answered));
    draft
        .names_read()
        .severity(if trace.recovered.is_some() { Severity::Major } else { Severity::Blocker })
        .says(&words::AliasTraced(NameTraced::of(trace, host.clone())))
        .remedies(remedies(&host, &name, &[]))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{ExpectedServer, Settings};
    use crate::model::{Confidence, Severity, Source};
    use crate::testing::logs::{alone, beside, is_of_both, lines, log};
    use crate::testing::{Story, findings, text, the_one, told, told_with};
    use nrpcsniff_samples::dns::{A, Record};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-name-mismatch-alias";
    const ALIAS: &str = "sametime.acme.example";
    const REAL: &str = "CN=Sametime004/OU=Servers/O=ACME";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux(), 1352)
    }

    fn refused(net: &Network, second: u64) {
        net.at(second * 1000);
        connect(net).session(ALIAS, REAL).wait(3).client_fin();
    }

    #[test]
    fn names_alias_server_closer_and_frames() {
        let net = Network::new();
        let records =
            [Record::cname(ALIAS, "sametime004.acme.example"), Record::address("sametime004.acme.example", "10.1.0.9")];
        net.resolve(&net.host("10.1.0.50"), &net.host("10.1.0.2"), ALIAS, A, &records);
        refused(&net, 1);
        refused(&net, 7);
        let found = findings(&net.to_pcapng());
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Blocker, Confidence::High)
        );
        assert_eq!(finding.conversations, [1, 2]);
        let frames: Vec<_> = finding.frames.iter().map(|frame| frame.number).collect();
        assert_eq!(frames, [2, 6, 7, 8, 15, 16, 17]);
        assert!(finding.title.contains(ALIAS) && finding.title.contains("Sametime004/Servers/ACME"));
        assert!(
            finding.explanation.contains("10.1.0.9:1352") && finding.explanation.contains("closed with FIN 3.0 ms")
        );
        assert!(finding.remedy[0].contains("NETWORK_SPRAYER_ADDRESS=sametime.acme.example"));
        let dns = finding.evidence.iter().find(|e| e.source == Source::Dns).expect("the answer that led there");
        assert!(dns.text.contains("CNAME sametime004.acme.example"));
    }

    #[test]
    fn whoever_closes_is_reported() {
        type End = fn(&Tcp) -> &Tcp;
        let ends: [(End, &str); 4] = [
            (Tcp::client_fin, "the client closed with FIN"),
            (Tcp::server_fin, "the server closed with FIN"),
            (Tcp::client_rst, "the client closed with RST"),
            (Tcp::server_rst, "the server closed with RST"),
        ];
        for (end, words) in ends {
            let found = told(RULE, |net| {
                end(connect(net).session(ALIAS, REAL).wait(3));
            });
            assert!(the_one(&found).explanation.contains(words), "{words}");
        }
    }

    #[test]
    fn an_accepted_alias_is_information() {
        let found = told(RULE, |net| {
            let tcp = connect(net);
            tcp.session(ALIAS, REAL).auth().transactions(2).client_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Info, Confidence::High));
        assert!(finding.title.contains("no fault") && finding.remedy.len() == 1);
    }

    #[test]
    fn healthy_look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("names agree", |net| {
                connect(net).session(REAL, REAL).wait(3).client_fin();
            }),
            ("no name was asked for", |net| {
                let tcp = connect(net);
                let mut request = tcp.request_for("");
                request.wanted = None;
                tcp.client(request.encode()).response(REAL).wait(3).client_fin();
            }),
            ("the capture ends first", |net| {
                connect(net).session(ALIAS, REAL);
            }),
            ("it rested before it was closed", |net| {
                connect(net).session(ALIAS, REAL).wait_secs(20).server_rst();
            }),
            ("a Notes name was asked for", |net| {
                connect(net).session("CN=Mail01/O=ACME", REAL).wait(3).client_fin();
            }),
            ("the host label is the server, and it works", |net| {
                connect(net).session("sametime004.acme.example", REAL).auth().transactions(2).client_fin();
            }),
            ("a port mapper sends it on", |net| {
                connect(net).session(ALIAS, "CN=Mapper/O=ACME").wait(3).client_fin();
                let part = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 13_520);
                part.session(ALIAS, "CN=Sametime/O=ACME").auth().transactions(3).client_fin();
            }),
            ("the client's next message is not in the capture", |net| {
                let tcp = connect(net);
                tcp.session(ALIAS, REAL).skip(nrpcsniff_samples::Side::Client, 386);
                tcp.ack(nrpcsniff_samples::Side::Server).wait(3).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn a_name_that_the_user_expects_is_passed_over() {
        let expected = vec![ExpectedServer { name: "Sametime004/Servers/ACME".into(), aliases: vec![ALIAS.into()] }];
        let settings = Settings { expected, ..Settings::default() };
        assert_eq!(told_with(&settings, RULE, |net| refused(net, 0)), []);
    }

    #[test]
    fn what_speaks_against_it_lowers_it() {
        let label = told(RULE, |net| {
            connect(net).session("sametime004.acme.example", REAL).wait(3).client_fin();
        });
        assert_eq!(the_one(&label).confidence, Confidence::Medium);
        let midstream = told(RULE, |net| {
            let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).midstream();
            tcp.session(ALIAS, REAL).wait(3).client_fin();
        });
        assert_eq!(the_one(&midstream).confidence, Confidence::Medium);
        let firewall = told(RULE, |net| {
            let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux().ttl(60), 1352);
            tcp.session(ALIAS, REAL).wait(3).middlebox_rst(nrpcsniff_samples::Side::Client, 250);
        });
        assert_eq!(the_one(&firewall).confidence, Confidence::Medium);
        assert!(text(the_one(&firewall)).contains("something on the path"));
        let later = told(RULE, |net| {
            refused(net, 0);
            net.at(5000);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.10"), 1352).works(ALIAS, 3).client_fin();
        });
        assert_eq!(the_one(&later).severity, Severity::Major);
    }

    #[test]
    fn many_attempts_are_one_finding_of_bounded_size() {
        let found = told(RULE, |net| (0..40).for_each(|attempt| refused(net, attempt * 5)));
        let finding = the_one(&found);
        assert_eq!(finding.conversations.len(), 40);
        assert!(finding.evidence.len() <= 14, "{}", finding.evidence.len());
        assert!(text(finding).contains("and 36 more like these") && finding.explanation.contains("40 times"));
    }

    #[test]
    fn several_servers_behind_an_alias_are_all_named() {
        let found = told(RULE, |net| {
            refused(net, 0);
            net.at(6000);
            connect(net).session(ALIAS, "CN=Sametime005/OU=Servers/O=ACME").wait(3).client_fin();
        });
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|f| f.remedy[0].contains("Sametime004/Servers/ACME, Sametime005/Servers/ACME")));
    }

    fn trace(wanted: &str, answered: &str, address: &str) -> String {
        format!(
            "Using address '{address}' for {wanted} on TCPIP\nConnected to the wrong server {answered} using address {address}\n\
             Unable to connect to {wanted} on TCPIP (The server is not responding. The server may be down.)\n"
        )
    }

    #[test]
    fn the_client_s_trace_alone_tells_both_names() {
        let found = alone(&[&trace(ALIAS, "Sametime004/Servers/ACME", "x.x.x.x")]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            (RULE, Severity::Blocker, Confidence::High)
        );
        assert_eq!(lines(finding), [1, 2, 3]);
        assert!(finding.remedy[0].contains("NETWORK_SPRAYER_ADDRESS=sametime.acme.example"));
        let text = trace(ALIAS, "Sametime004/Servers/ACME", "x.x.x.x") + &format!("Connected to server {ALIAS}\n");
        assert_eq!(the_one(&alone(&[&text])).severity, Severity::Major);
    }

    #[test]
    fn the_client_s_trace_joins_the_capture_by_names_and_address() {
        let net = Network::new();
        refused(&net, 1);
        for (address, together) in [("10.1.0.9", true), ("x.x.x.x", true), ("10.1.0.77", false)] {
            let found = beside(&net, vec![log("trace.txt", &trace(ALIAS, "Sametime004/Servers/ACME", address))]);
            assert_eq!(found.len() == 1 && is_of_both(&found[0]), together, "{address}: {found:#?}");
        }
    }

    #[test]
    fn other_traces_are_of_other_rules() {
        let rules = |text: &str| alone(&[text]).iter().map(|finding| finding.rule).collect::<Vec<_>>();
        let real = "Sametime004/Servers/ACME";
        assert_eq!(rules(&trace("Mail01/Servers/ACME", real, "10.1.0.9")), ["nrpc-name-mismatch-other-server"]);
        assert_eq!(rules(&trace("Sametime004/ACME", real, "10.1.0.9")), ["nrpc-server-renamed"]);
        assert_eq!(
            rules(&format!("Connected to the wrong server {real} using address 10.1.0.9")),
            ["nrpc-name-mismatch-other-server"]
        );
        let healthy = format!("Using address '10.1.0.9' for {ALIAS} on TCPIP\nConnected to server {real}\n");
        assert_eq!(rules(&healthy), [""; 0]);
        let dead = format!(
            "Using address '10.1.0.9' for {ALIAS} on TCPIP\nUnable to connect to {ALIAS} on TCPIP (The server is not responding.)\n"
        );
        assert_eq!(rules(&dead), ["log-not-reached"], "that alone is told of dead servers too");
    }
}
