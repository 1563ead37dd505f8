//! The server that the user named is not in the capture.

use crate::diagnose::evidence::each;
use crate::diagnose::words::cap::wrong_place as words;
use crate::diagnose::{About, Case, Draft, ExpectedServer, Layer, Rule, Talk};
use crate::facts::names::{NameLikeness, abbreviated, compare};
use crate::model::{Confidence, Property, RuleId, Setup, Severity};

/// See [`ABOUT`].
pub(crate) struct WrongPlace;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-wrong-place");

static ABOUT: About = About {
    id: ID,
    title: "The named server is not in the capture",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "A server that was named with --expect-server is neither asked for nor answers in any conversation.",
    matters: "The capture was taken where its traffic does not pass, or at another time: nothing can be said of it.",
    guards: &[
        "No server was named: nothing is missing.",
        "Conversations without readable names may be with it: low confidence.",
    ],
    remedy: &[
        "Capture on the client or the server itself, or on a port that all of their traffic passes.",
        "Check the capture filter, the interface and the time.",
    ],
    references: &[],
    explains: &[],
};

impl Rule for WrongPlace {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let missing: Vec<_> = case.settings.expected.iter().filter(|server| !is_seen(case, server)).collect();
        finding(case, &missing).into_iter().collect()
    }
}

fn is_seen(case: &Case<'_>, server: &ExpectedServer) -> bool {
    let same = |a: &str, b: &str| compare(a, b) == NameLikeness::Same || compare(b, a) == NameLikeness::Same;
    let known = |name: &str| std::iter::once(&server.name).chain(&server.aliases).any(|n| same(name, n));
    case.nrpc().flat_map(|talk| [talk.wanted(), talk.answered()]).flatten().any(known)
}

/// A conversation that may be with anybody: no name of it is in the capture.
pub(super) fn is_nameless(talk: &Talk<'_>) -> bool {
    talk.wanted().is_none() && talk.answered().is_none() && talk.conversation.setup != Setup::Refused
}

fn finding(case: &Case<'_>, missing: &[&ExpectedServer]) -> Option<Draft> {
    let first = missing.first()?;
    let nameless =
        case.let_go(Property::Nameless).conversations + case.talks().filter(|talk| is_nameless(talk)).count();
    let said = words::Missing {
        server_name: abbreviated(&first.name),
        conversation_count: case.talks().count() + case.let_go(Property::Talk).conversations,
        nameless_count: nameless,
        capture_end: case.end(),
    };
    let at_most = if nameless == 0 { Confidence::High } else { Confidence::Low };
    let draft = Draft::new(&ABOUT, 75).at_most(at_most).says(&said);
    Some(each(draft, missing, "servers", |draft, server| {
        draft.absence(format!("no conversation that names {}", abbreviated(&server.name)))
    }))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::{ExpectedServer, Settings, diagnose};
    use crate::model::{Confidence, Finding};
    use crate::testing::analysis;
    use crate::testing::says;
    use nrpcsniff_samples::Network;

    fn found(net: &Network, expected: &[(&str, &[&str])]) -> Vec<Finding> {
        let server = |&(name, aliases): &(&str, &[&str])| ExpectedServer {
            name: name.to_owned(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        };
        let settings = Settings { expected: expected.iter().map(server).collect(), ..Settings::default() };
        let all = diagnose(&analysis(&net.to_pcapng()), &settings);
        all.into_iter().filter(|finding| finding.rule == "cap-wrong-place").collect()
    }

    fn network() -> Network {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.connect(&client, &server, 1352).works("CN=Mail01/OU=Srv/O=Acme", 2).client_fin();
        net
    }

    #[test]
    fn the_named_server_is_missing() {
        let found = found(&network(), &[("CN=Hub/O=Acme", &["hub.acme.example"])]);
        assert_eq!((found.len(), found[0].confidence), (1, Confidence::High));
        says(&found[0], &["Hub/Acme is not in the capture", "1 NRPC conversation"]);
    }

    #[test]
    fn nameless_conversations_may_be_with_it() {
        let net = network();
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.10"), 1352).midstream().transactions(3);
        assert_eq!(found(&net, &[("Hub/Acme", &[])])[0].confidence, Confidence::Low);
    }

    #[test]
    fn nothing_is_missing_that_is_there_or_was_not_named() {
        assert_eq!(found(&network(), &[]), []);
        assert_eq!(found(&network(), &[("Mail01/Srv/Acme", &[])]), []);
        assert_eq!(found(&network(), &[("Mail/Acme", &["mail01"])]), []);
    }
}
