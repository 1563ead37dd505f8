//! The directory finds nobody, or several, for the name of a sign-on.

use crate::diagnose::evidence::directory::{draft, sign_on};
use crate::diagnose::words::ldap::nobody_found as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::ldap::{DirectoryAnswer, answers, looks_for, names_of, waiting};
use crate::model::{Attempt, RuleId, Severity};
use nrpcsniff_dissectors::ldap::Scope;

/// See [`ABOUT`].
pub(crate) struct NobodyFound;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ldap-nobody-found");

static ABOUT: About = About {
    id: ID,
    title: "The directory finds nobody for the name of a sign-on",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "While a login or a token waits at a server, that server asks its directory for the user's name; the directory answers success \
           with no entry, or with several, or that there is no such object; and the sign-on is refused.",
    matters: "The user exists, and the server does not find him: the name in the form or in the token is not what the filter looks for, or \
              he stands elsewhere than below the base.",
    guards: &[
        "No sign-on waits for the answer, or it succeeds: searches that find nobody are ordinary; silent.",
        "Another search for the same name finds somebody before the sign-on is answered: silent.",
        "The filter names another than the user: silent.",
    ],
    remedy: &[
        "Compare base and filter with the user's entry: does an attribute of it hold the name as it was typed? Domino: Directory Assistance \
         document > LDAP > Base DN and search filter. Sametime: UserDnSearchFilter and PersonResolveBase (StCommunityConfig.xml; up to 11 \
         stconfig.nsf). WebSphere: login properties and base entries of the federated repository.",
        "The name comes out of a token: it is the name of another directory; map it there (see ltpa-dn-mismatch, sso-name-unmapped).",
        "Several entries: the name is not unique; narrow the base or the filter, or remove the double.",
    ],
    references: &[
        "RFC 4511 section 4.5 (search)",
        "HCL Domino: configuring search filters in a Directory Assistance document",
    ],
    explains: EFFECTS,
};

/// What a sign-on looks like whose user the directory does not find.
const EFFECTS: &[RuleId] = &[
    crate::diagnose::rules::st::bad_password::ID,
    crate::diagnose::rules::st::token_refused::ID,
    crate::diagnose::rules::st::directory_down::ID,
    crate::diagnose::rules::sso::name_unmapped::ID,
];

impl Rule for NobodyFound {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = answers(case);
        let told = all.iter().filter_map(|answer| Some((answer, missed(case, &all, answer)?)));
        let groups =
            group_by(told, |(answer, missed)| (answer.conversation.server, missed.attempt.server, missed.count.min(2)));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// A sign-on whose user was not found.
struct MissedLogin<'c> {
    attempt: &'c Attempt,
    /// As it was looked for.
    name: String,
    /// Entries that were found.
    count: u64,
}

fn missed<'c>(
    case: &'c Case<'_>,
    all: &[DirectoryAnswer<'_>],
    answer: &DirectoryAnswer<'_>,
) -> Option<MissedLogin<'c>> {
    let count = not_one(answer)?;
    let attempt = waiting(case, answer.conversation.client.ip, answer.asked)?;
    let names = names_of(attempt);
    let name = looked_for(answer, &names)?;
    let elsewhere = |other: &DirectoryAnswer<'_>| {
        let is_of_it =
            other.conversation.client.ip == answer.conversation.client.ip && other.asked.time >= attempt.at.time;
        let before = attempt.answered.is_none_or(|answered| other.answered.time <= answered.time);
        is_of_it && before && other.entries == Some(1) && looked_for(other, &names).is_some()
    };
    (!all.iter().any(elsewhere)).then_some(MissedLogin { attempt, name, count })
}

/// Entries that were found, where it is not exactly one.
fn not_one(answer: &DirectoryAnswer<'_>) -> Option<u64> {
    match (answer.outcome.code?, answer.entries) {
        (0, Some(1) | None) => None,
        (0, count) => count,
        (32, _) => Some(0),
        _ => None,
    }
}

/// The name of the sign-on that a search is for: in its filter, or as its base.
fn looked_for(answer: &DirectoryAnswer<'_>, names: &[String]) -> Option<String> {
    let (base, scope, filter) = answer.search()?;
    let by_base = || names.iter().find(|name| scope == Scope::Base && name.eq_ignore_ascii_case(base));
    looks_for(filter, names).or_else(by_base).cloned()
}

fn finding(case: &Case<'_>, group: &[(&DirectoryAnswer<'_>, MissedLogin<'_>)]) -> Option<Draft> {
    let (answer, missed) = group.first()?;
    let (base, _, filter) = answer.search()?;
    let pairs: Vec<_> = group.iter().map(|(answer, missed)| (*answer, Some(missed.attempt))).collect();
    let draft = draft(case, &ABOUT, 45, &pairs, |answer| match answer.search() {
        Some((base, _, filter)) => format!("search below {base} for {filter}"),
        None => String::new(),
    });
    Some(draft.names_read().says(&words::Missed {
        directory: answer.conversation.server,
        sign_on: sign_on(missed.attempt, group.iter().map(|(_, missed)| missed.attempt)),
        looked_for: missed.name.clone(),
        search_base: base.clone(),
        search_filter: filter.clone(),
        entry_count: missed.count,
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::directory::{asks, domino_login, sametime_login};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::ldap::{entry, search_done};

    const RULE: &str = "ldap-nobody-found";

    #[test]
    fn a_login_at_domino() {
        let found = told(RULE, |net| domino_login(net, false, |net| asks(net, "cn", "asmith", search_done(1, 0, ""))));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations.len(), 2);
        says(finding, &["10.1.0.30:389", "(cn=asmith)", "asmith", "finds nobody", "mail.example.com"]);
    }

    #[test]
    fn a_login_at_sametime_and_two_of_a_name() {
        let two = || [entry(1, "cn=a", &[]), entry(1, "cn=b", &[]), search_done(1, 0, "")].concat();
        let found = told(RULE, |net| sametime_login(net, |net| asks(net, "mail", "asmith", two())));
        says(the_one(&found), &["2 entries", "asmith"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("one entry", |net| {
                domino_login(net, false, |net| {
                    asks(net, "cn", "asmith", [entry(1, "cn=a", &[]), search_done(1, 0, "")].concat());
                });
            }),
            ("somebody else", |net| domino_login(net, false, |net| asks(net, "cn", "bray", search_done(1, 0, "")))),
            ("the login succeeds", |net| {
                domino_login(net, true, |net| asks(net, "cn", "asmith", search_done(1, 0, "")));
            }),
            ("nobody waits", |net| asks(net, "cn", "asmith", search_done(1, 0, ""))),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
