//! Names of sign-on servers that are looked up.

use super::{begun, frames};
use crate::facts::Case;
use crate::facts::dns::search::{Search, searches};
use crate::model::{Attempt, AttemptKind, ConversationId};

/// Every search for the address of a sign-on server.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    searches(case).iter().filter_map(attempt).collect()
}

fn attempt(search: &Search<'_>) -> Option<Attempt> {
    let first = search.lookups.first()?;
    let mut conversations: Vec<ConversationId> = search.lookups.iter().map(|lookup| lookup.conversation.id).collect();
    conversations.dedup();
    Some(Attempt {
        asked: Some(search.name.to_owned()),
        answered: search.answered,
        conversations,
        frames: frames(search.messages(), []),
        outcome: search.outcome.clone(),
        ..begun(AttemptKind::Dns, first.conversation, search.asked)
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::attempts::tests::{Told, attempts};
    use crate::model::AttemptKind;
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, Rcode, Record};

    const MAIL: &str = "CN=Mail01/O=Example";

    /// What is asked for, with a session with that server a while later, which says that it is one.
    fn told(story: impl Fn(&Network)) -> Vec<Told> {
        attempts(AttemptKind::Dns, |net| {
            story(net);
            net.at(90_000);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).works(MAIL, 1);
        })
    }

    fn asks(net: &Network, name: &str, rcode: Rcode) {
        net.resolve_fails(&net.host("10.1.0.51"), &net.host("10.1.0.2"), name, A, rcode);
    }

    #[test]
    fn what_becomes_of_a_search() {
        let refused = told(|net| asks(net, "mail01.example.net", Rcode::NxDomain));
        assert_eq!(refused[0].outcome, "refused (NXDOMAIN)");
        let silent = told(|net| {
            let (client, resolver) = (net.host("10.1.0.51"), net.host("10.1.0.2"));
            net.resolve_unanswered(&client, &resolver, "mail01.example.net", A, &[1]);
        });
        assert_eq!(silent.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), ["unanswered"]);
        let found = told(|net| {
            asks(net, "mail01.branch.example.net", Rcode::NxDomain);
            let records = [Record::address("mail01.example.net", "10.1.0.9")];
            net.resolve(&net.host("10.1.0.51"), &net.host("10.1.0.2"), "mail01.example.net", A, &records);
        });
        assert_eq!(found.iter().map(|told| told.outcome.as_str()).collect::<Vec<_>>(), ["granted"], "one search");
        let called = told(|net| {
            asks(net, "mail01.example.net", Rcode::NxDomain);
            net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.9"), 1352).works(MAIL, 1);
        });
        assert_eq!(called[0].outcome, "granted");
    }

    #[test]
    fn names_of_others_are_nobodys_sign_on() {
        assert_eq!(told(|net| asks(net, "www.example.com", Rcode::NxDomain)), []);
    }
}
