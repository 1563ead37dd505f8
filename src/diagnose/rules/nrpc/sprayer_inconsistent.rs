//! One address, several servers behind it, and not all of them accept the name under which they are asked for.

use crate::diagnose::evidence::nrpc::{show_close, show_names};
use crate::diagnose::words::nrpc::sprayer_inconsistent::ByTurns;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::names::{abbreviated, looks_like_host};
use crate::facts::nrpc::opening::{AnsweredNames, refused};
use crate::model::{Endpoint, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct SprayerInconsistent;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-sprayer-inconsistent");

static ABOUT: About = About {
    id: ID,
    title: "One address, several server names: some sessions fail on the name",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "Session responses from one address and port carry different server names, by turns; some sessions are ended \
           because the name was not the wanted one, others go on.",
    matters: "It depends on chance which server behind the sprayer or load balancer a user meets: logging in works \
              sometimes.",
    guards: &[
        "The name changed once and stayed (an address moved in a failover, a restart under a new name): silent.",
        "All sessions work: silent. All sessions fail: the name mismatch itself is the finding.",
        "A port-mapping partition that sends the client on to another port: not counted as a failure.",
    ],
    remedy: &[
        "notes.ini NETWORK_SPRAYER_ADDRESS=* (or the list of alias names) on every server behind the address, then \
         restart them. Only where all of them hold replicas of what is opened.",
        "If the servers are not replicas of each other: give each its own address and name, and take them out of the \
         sprayer.",
    ],
    references: &["HCL: Network_Sprayer_Address (dominowiki), SPR PMIA6A9MMW"],
    explains: &[
        super::name_mismatch_alias::ID,
        super::name_mismatch_other_server::ID,
        super::server_renamed::ID,
        super::port_map::ID,
        super::early_close::ID,
        super::refused_status::ID,
    ],
};

impl Rule for SprayerInconsistent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let answers = AnsweredNames::new(case);
        let mut servers: Vec<_> = answers.iter().filter(|(_, names)| names.len() > 1).collect();
        servers.sort_unstable_by_key(|(server, _)| *server);
        servers.into_iter().filter_map(|(server, names)| finding(case, server, names)).collect()
    }
}

/// The names must alternate at least twice, since a server that was renamed changes its name once.
fn finding(case: &Case<'_>, server: Endpoint, names: &[&str]) -> Option<Draft> {
    let answered: Vec<&Talk<'_>> = case.of_server(server).filter(|talk| talk.answered().is_some()).collect();
    let failed: Vec<&Talk<'_>> = answered.iter().copied().filter(|talk| refused(case, talk).is_some()).collect();
    let worked: Vec<&Talk<'_>> = answered.iter().copied().filter(|talk| talk.went_on()).collect();
    let bad = *failed.first()?;
    if worked.is_empty() || switches(&answered) < 2 {
        return None;
    }
    let all = names.iter().map(|name| abbreviated(name)).collect::<Vec<_>>();
    let draft = Draft::new(&ABOUT, 35)
        .names_read()
        .seen_in(answered.len())
        .guard(!bad.well_captured())
        .says(&ByTurns {
            server,
            server_names: all.clone(),
            count: answered.len(),
            failed_count: failed.len(),
            worked_count: worked.len(),
            asked_in_full: bad.wanted()?.to_owned(),
            answered: bad.answered()?.to_owned(),
        })
        .remedy_first(remedy(bad, &all));
    let draft = failed.iter().chain(&worked).fold(draft, |draft, talk| draft.conversation(talk.conversation));
    let draft = failed.iter().take(2).fold(draft, |draft, talk| show_close(show_names(draft, talk), talk));
    Some(first_of_each_name(&worked).into_iter().take(3).fold(draft, |draft, talk| show_names(draft, talk)))
}

/// What to set on which servers. The setting takes host names, so for clients that ask for Notes names only `*` helps.
fn remedy(bad: &Talk<'_>, all: &[String]) -> String {
    let wanted = bad.wanted().unwrap_or_default();
    let servers = all.join(", ");
    if looks_like_host(wanted) {
        let host = abbreviated(wanted);
        format!("On each of {servers}: notes.ini NETWORK_SPRAYER_ADDRESS={host} (or *), then restart it.")
    } else {
        format!(
            "Clients ask for the servers by their own names ({}): give each of {servers} an address of its own; or set \
             NETWORK_SPRAYER_ADDRESS=* in the notes.ini of each, if they are replicas of one another.",
            abbreviated(wanted),
        )
    }
}

fn first_of_each_name<'c, 'a>(talks: &[&'c Talk<'a>]) -> Vec<&'c Talk<'a>> {
    let mut seen = HashSet::new();
    talks.iter().copied().filter(|talk| seen.insert(talk.answered())).collect()
}

/// How often the name changed from one session to the next, in order of time.
fn switches(answered: &[&Talk<'_>]) -> usize {
    answered.windows(2).filter(|pair| !same_name(pair)).count()
}

fn same_name(pair: &[&Talk<'_>]) -> bool {
    matches!(pair, [a, b] if a.answered().zip(b.answered()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{the_one, told};
    use nrpcsniff_samples::Network;

    const RULE: &str = "nrpc-sprayer-inconsistent";
    const VIP: &str = "mail.example.net";
    const A: &str = "CN=Mail01/O=Example";
    const B: &str = "CN=Mail02/O=Example";

    /// One session every second; `works` says whether the server accepts the name.
    fn sessions(net: &Network, wanted: &str, calls: &[(&str, bool)]) {
        for (second, (answered, works)) in calls.iter().enumerate() {
            net.at(second as u64 * 1000);
            let client = net.host(&format!("10.1.0.{}", 50 + second));
            let tcp = net.connect(&client, &net.host("10.1.0.100"), 1352);
            tcp.session(wanted, answered);
            if *works {
                tcp.auth().transactions(2);
            }
            tcp.wait(3).client_fin();
        }
    }

    #[test]
    fn one_of_two_servers_lacks_the_setting() {
        let found = told(RULE, |net| sessions(net, VIP, &[(A, true), (B, false), (A, true), (B, false)]));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1, 2, 3]);
        assert!(finding.also.iter().any(|also| *also == "nrpc-name-mismatch-alias"), "{:?}", finding.also);
        assert!(finding.title.contains("10.1.0.100:1352 answers under 2 names: Mail01/Example, Mail02/Example"));
        assert!(finding.explanation.contains("2 of 4 sessions"));
        assert!(finding.remedy[0].contains("NETWORK_SPRAYER_ADDRESS=mail.example.net"));
        assert!(finding.frames.len() >= 6);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [(&str, &[(&str, bool)]); 4] = [
            ("the address moved once", &[(A, true), (A, true), (B, false), (B, false)]),
            ("all work", &[(A, true), (B, true), (A, true)]),
            ("all fail: the alias is the finding", &[(A, false), (B, false), (A, false)]),
            ("one name", &[(A, true), (A, false), (A, true)]),
        ];
        for (name, calls) in stories {
            assert_eq!(told(RULE, |net| sessions(net, VIP, calls)), [], "{name}");
        }
    }

    #[test]
    fn clients_that_ask_for_notes_names_are_told_to_use_other_addresses() {
        let found = told(RULE, |net| sessions(net, A, &[(A, true), (B, false), (A, true)]));
        assert!(the_one(&found).remedy[0].contains("an address of its own"));
    }
}
