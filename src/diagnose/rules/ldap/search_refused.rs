//! The directory refuses a search while a sign-on waits for it.

use crate::diagnose::evidence::directory::{draft, sign_on};
use crate::diagnose::words::ldap::search_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::ldap::{DirectoryAnswer, answers, waiting};
use crate::model::{Attempt, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct SearchRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ldap-search-refused");

static ABOUT: About = About {
    id: ID,
    title: "The directory refuses the search of a sign-on",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "While a login or a token waits at a server, that server's search in its directory is answered by an error, a referral to another \
           directory, or a limit (size, time, administrator); and the sign-on is refused.",
    matters: "The server cannot find out who the user is: name and password may be right, and the sign-on fails all the same.",
    guards: &[
        "No sign-on waits for the answer, or it succeeds: silent.",
        "A size limit of one or two entries that the client itself asked for: it only wants to know whether there is one; silent.",
        "References to further directories beside entries (Active Directory sends them for its DNS zones): silent.",
        "No such object (32): see ldap-nobody-found.",
    ],
    remedy: &[
        "1 (operations error, Active Directory: a successful bind must be completed): the server searches without having bound: give it an \
         account (Directory Assistance: Optional Authentication Credential).",
        "10 (referral): the base lies in another domain or directory: set the base to what this one holds, or ask the Global Catalog (3268).",
        "3, 4, 11 (limits): narrow base and filter, index the attributes, raise the directory's limits, or let the client page.",
        "50 (insufficient access rights): the server's account may not search there. 51, 52: the directory is busy or down.",
    ],
    references: &["RFC 4511 appendix A (result codes)", "Microsoft: 000004DC, 0000202B (Active Directory)"],
    explains: &[
        crate::diagnose::rules::st::bad_password::ID,
        crate::diagnose::rules::st::token_refused::ID,
        crate::diagnose::rules::st::directory_down::ID,
    ],
};

impl Rule for SearchRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = answers(case);
        let told = all.iter().filter(|answer| is_refused(answer)).filter_map(|answer| {
            let attempt = waiting(case, answer.conversation.client.ip, answer.asked)?;
            Some((answer, attempt))
        });
        let groups =
            group_by(told, |(answer, attempt)| (answer.conversation.server, attempt.server, answer.outcome.code));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn is_refused(answer: &DirectoryAnswer<'_>) -> bool {
    let wanted_few = matches!(answer.wanted_entries(), Some(1 | 2));
    match answer.outcome.code {
        None | Some(0 | 32) => false,
        Some(4) => !wanted_few && answer.search().is_some(),
        Some(_) => answer.search().is_some(),
    }
}

fn finding(case: &Case<'_>, group: &[(&DirectoryAnswer<'_>, &Attempt)]) -> Option<Draft> {
    let (answer, attempt) = group.first()?;
    let (base, _, filter) = answer.search()?;
    let pairs: Vec<_> = group.iter().map(|(answer, attempt)| (*answer, Some(*attempt))).collect();
    let draft = draft(case, &ABOUT, 45, &pairs, |answer| match answer.search() {
        Some((base, _, filter)) => format!("search below {base} for {filter}"),
        None => String::new(),
    });
    Some(draft.names_read().says(&words::RefusedSearch {
        directory: answer.conversation.server,
        sign_on: sign_on(attempt, group.iter().map(|(_, attempt)| *attempt)),
        search_base: base.clone(),
        search_filter: filter.clone(),
        result_code: answer.outcome.code?,
        outcome: answer.outcome.words(),
        referral: answer.outcome.referral.first().cloned(),
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::directory::{asks, domino_login};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::ldap::{entry, search_done};

    const RULE: &str = "ldap-search-refused";

    #[test]
    fn a_search_without_a_bind() {
        const FIRST: &str = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed";
        let found =
            told(RULE, |net| domino_login(net, false, |net| asks(net, "cn", "asmith", search_done(1, 1, FIRST))));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["1 operationsError", "mail.example.com", "asmith"]);
    }

    #[test]
    fn limits_and_referrals() {
        for (code, words) in [(4, "4 sizeLimitExceeded"), (10, "10 referral"), (50, "50 insufficientAccessRights")] {
            let net = nrpcsniff_samples::Network::new();
            domino_login(&net, false, |net| asks(net, "cn", "asmith", search_done(1, code, "")));
            let found: Vec<_> = crate::testing::all(&net).into_iter().filter(|finding| finding.rule == RULE).collect();
            says(the_one(&found), &[words]);
        }
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("an entry", |net| {
                domino_login(net, false, |net| {
                    asks(net, "cn", "asmith", [entry(1, "cn=a", &[]), search_done(1, 0, "")].concat());
                });
            }),
            ("the login succeeds", |net| {
                domino_login(net, true, |net| asks(net, "cn", "asmith", search_done(1, 10, "")));
            }),
            ("nobody waits", |net| asks(net, "cn", "asmith", search_done(1, 50, ""))),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
