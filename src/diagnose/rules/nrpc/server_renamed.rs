//! The right machine answered, under another name of the same stem: it was renamed, moved or recertified.

use crate::diagnose::evidence::logs::wrong_server;
use crate::diagnose::evidence::nrpc::{show, show_names};
use crate::diagnose::words::nrpc::{NameRefused, NameTraced, server_renamed as words};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::names::{NameLikeness, abbreviated};
use crate::facts::nrpc::opening::{AnsweredNames, NameMismatch, recovered, refused};
use crate::facts::nrpc::{attempt, group_by};
use crate::model::{Confidence, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ServerRenamed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-server-renamed");

static ABOUT: About = About {
    id: ID,
    title: "The server has the wanted common name, but another organisation",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The session request asks for a hierarchical name; the session response carries the same common name under \
           another organisational unit, organisation or country; the client sends nothing more; either side closes \
           within seconds. \
           Logs: \"Connected to the wrong server\" in a Notes client's port trace.",
    matters: "After a server was renamed or recertified, clients that still hold the old name are turned away, and the \
              user reads \"the server is not responding\".",
    guards: &[
        "Two organisations may each have a server of that common name: medium confidence at most, and less if the \
         address answers under several names.",
        "A second client message after the response: accepted, silent.",
        "The next session goes to another port of the same machine and works: a port mapper sent it on; silent.",
        "The name was given with --expect-server: silent.",
        "Capture incomplete: confidence is lowered.",
    ],
    remedy: &[
        "Give the clients the new name: bookmarks and workspace icons, home/mail server in the Location document, \
         Connection documents; replicate names.nsf.",
        "If the server should still have the old name: check ServerName and KeyFilename in its notes.ini (of each \
         partition), and the certifier of its server ID.",
    ],
    references: &[
        "HCL Domino help: \"Server not responding\" after a server was renamed or recertified",
        "Notes status 0x0804 (ERR_SERVER_NAME_CHANGED)",
    ],
    explains: &[super::early_close::ID, super::refused_status::ID],
};

impl Rule for ServerRenamed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let answers = AnsweredNames::new(case);
        let groups = group_by(case.nrpc().filter(|talk| renamed(case, talk).is_some()), attempt);
        groups.iter().filter_map(|group| finding(case, &answers, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let mine = |pair: Option<(&str, NameLikeness)>| {
            pair.is_some_and(|(_, likeness)| likeness == NameLikeness::SameCommonName)
        };
        wrong_server(case, &ABOUT, mine, |draft, trace| {
            draft
                .names_read()
                .at_most(Confidence::Medium)
                .severity(if trace.recovered.is_some() { Severity::Major } else { Severity::Blocker })
                .says(&words::OldNameTraced(NameTraced::of(trace, abbreviated(trace.wanted.unwrap_or_default()))))
        })
    }
}

fn renamed<'a>(case: &Case<'a>, talk: &Talk<'a>) -> Option<NameMismatch<'a>> {
    refused(case, talk).filter(|m| m.likeness == NameLikeness::SameCommonName)
}

fn finding(case: &Case<'_>, answers: &AnsweredNames<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let (first, last) = (*group.first()?, *group.last()?);
    let names = renamed(case, first)?;
    let (old, new) = (abbreviated(names.wanted), abbreviated(names.answered));
    let several = answers.of(first.conversation.server).len() > 1;
    let draft = Draft::new(&ABOUT, 35)
        .names_read()
        .at_most(Confidence::Medium)
        .retry(group.len() > 1 || case.retry_of(first).is_some())
        .seen_in(group.len())
        .guard(!first.well_captured())
        .guard(several)
        .says(&words::OldNameRefused(NameRefused::of(first, (names.wanted, names.answered), old.clone(), group.len())))
        .remedy_first(format!(
            "Replace {old} by {new} on client {} (Location and Connection documents, bookmarks).",
            first.conversation.client.ip
        ));
    let draft = show(draft, group);
    Some(match recovered(case, last) {
        Some(next) => show_names(draft.severity(Severity::Major), next),
        None => draft,
    })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, the_one, told};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-server-renamed";
    const OLD: &str = "CN=Mail01/OU=Servers/O=Example";
    const NEW: &str = "CN=Mail01/OU=Hub/O=Example Group";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    #[test]
    fn names_old_and_new() {
        let found = told(RULE, |net| {
            connect(net).session(OLD, NEW).wait(3).server_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(finding.conversations, [0]);
        assert_eq!(finding.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 5, 6]);
        assert!(finding.title.contains("Mail01/Servers/Example") && finding.title.contains("Mail01/Hub/Example Group"));
        assert!(finding.explanation.contains("The server closed with FIN 3.0 ms"));
        assert!(finding.remedy[0].contains("10.1.0.50"));
    }

    #[test]
    fn two_namesakes_behind_one_address_lower_it() {
        let found = told(RULE, |net| {
            connect(net).session(OLD, NEW).wait(3).client_fin();
            net.at(60_000);
            connect(net).session(OLD, OLD).wait(3).client_fin();
        });
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        assert!(the_one(&found).score < 60);
    }

    #[test]
    fn healthy_look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("accepted", |net| {
                connect(net).session(OLD, NEW).auth().transactions(2).client_fin();
            }),
            ("same name in another notation", |net| {
                connect(net).session("mail01/servers/example", OLD).wait(3).client_fin();
            }),
            ("the capture ends first", |net| {
                connect(net).session(OLD, NEW);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
