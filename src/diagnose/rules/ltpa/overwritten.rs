//! Another server's token takes the place of a server's own, under the same name and for the same domain.

use crate::diagnose::evidence::http::show_set;
use crate::diagnose::evidence::tokens::{answers, clients, name_all, show_all, verifier};
use crate::diagnose::words::ltpa::overwritten as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::JarCookie;
use crate::facts::tokens::consumers::{consumer, unexplained};
use crate::facts::tokens::{Channel, Showing};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Overwritten;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("ltpa-overwritten");

static ABOUT: About = About {
    id: ID,
    title: "A neighbour's sign-on token takes the place of a server's own",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A server set a token for a domain and took it back from the browser; then another server of that domain set a cookie of the same \
           name, domain and path, which browsers keep in its place; and the first server refuses that.",
    matters: "Two groups of servers that know nothing of each other share a domain: whoever visits one is logged out of the other.",
    guards: &[
        "The first server had not taken its own token before: silent.",
        "It takes the neighbour's token, too: that is single sign-on; silent.",
        "Both cookies stand in the request side by side: see ltpa-duplicate.",
        "The neighbour's token has ended, or is of the future: silent.",
    ],
    remedy: &[
        "If both shall be one sign-on: let them share their LTPA keys (export from one WebSphere cell, import into the other and into Domino's \
         Web SSO Configuration document), and the realm.",
        "If not: give one another cookie name (WebSphere: Security > Global security > Web and SIP security > Single sign-on > LTPA V2 \
         cookie name, from 8.0 on; Domino: name of the Web SSO Configuration document), or a narrower domain.",
    ],
    references: &["RFC 6265 section 5.3 (a cookie of the same name, domain and path replaces the older)"],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Overwritten {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let replaced = unexplained(case).filter_map(|showing| Some((showing, replaced(case, showing)?)));
        let groups = group_by(replaced, |(showing, (_, by))| (consumer(showing), by.host.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The token of its own that the refused one replaced, and who set that.
type ReplacedToken<'c, 'a> = (&'c JarCookie<'a>, &'c crate::facts::tokens::Issue<'a>);

fn replaced<'c, 'a>(case: &'c Case<'a>, showing: &Showing<'a>) -> Option<ReplacedToken<'c, 'a>> {
    let Channel::Http { browser, .. } = showing.channel else { return None };
    let (http, tokens) = (case.http(), case.tokens());
    let taken = tokens.accepted_tokens(showing)?;
    showing.genuine().find_map(|known| {
        let issue = tokens.issue_of(known.token).filter(|issue| issue.host != showing.host)?;
        let own = http
            .jar_cookies()
            .iter()
            .filter(|stored| stored.browser == browser && stored.ended_by == Some(issue.exchange));
        let mut own = own.filter(|stored| {
            Some(stored.cookie.name.as_str()) == known.cookie && http.setter(stored).host == showing.host
        });
        let was_taken = |stored: &&JarCookie<'a>| {
            stored.cookie.token.as_ref().is_some_and(|token| taken.times_of(token.fingerprint).is_some())
        };
        Some((own.find(was_taken)?, issue))
    })
}

/// 85 points: both tokens, their names and what became of them were read.
fn finding(case: &Case<'_>, group: &[(&Showing<'_>, ReplacedToken<'_, '_>)]) -> Option<Draft> {
    let (first, (own, by)) = group.first()?;
    let showings: Vec<&Showing<'_>> = group.iter().map(|(showing, _)| *showing).collect();
    let draft =
        Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).seen_in(group.len()).says(&words::Replaced {
            verifier: verifier(first),
            token_issuer: by.host.clone(),
            cookie: own.cookie.name.clone(),
            cookie_domain: own.domain.clone(),
            clients: clients(&showings),
            answers: answers(&showings),
        });
    let draft = show_set(case.http(), draft, own);
    let draft = draft.packet(by.at, format!("{} sets {} for the same domain and path", by.host, by.known.label()));
    Some(show_all(name_all(case, draft, &showings), &showings))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{
        ANN_LDAP, browser, denied, end, login, meet, portal, served, shared, unauthorized, visit,
    };
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::http::{Visit, cookie};
    use nrpcsniff_samples::{Network, ltpa};

    const RULE: &str = "ltpa-overwritten";

    fn v2(net: &Network, keys: &ltpa::Keys) -> String {
        net.wait_secs(1);
        keys.v2(ANN_LDAP, end(net))
    }

    /// The portal gives its own token and takes it; then the meeting server sets that cookie.
    fn both_visited(net: &Network, theirs: nrpcsniff_samples::http::Cookie) -> Visit {
        let user = browser(net);
        let portal = visit(&user, &portal(net));
        login(&portal, "asmith", vec![shared("LtpaToken2", &v2(net, &ltpa::DEMO))]);
        served(&portal, "/wps/myportal");
        login(&visit(&user, &meet(net)), "asmith", vec![theirs]);
        portal
    }

    #[test]
    fn a_neighbour_sets_the_same_cookie() {
        let found = told(RULE, |net| {
            let theirs = shared("LtpaToken2", &v2(net, &ltpa::OTHER));
            unauthorized(&both_visited(net, theirs), "/wps/myportal");
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(finding, &["portal.example.com", "meet.example.com", "LtpaToken2", "example.com"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("the neighbour's token is taken", |net| {
                let theirs = shared("LtpaToken2", &v2(net, &ltpa::DEMO));
                served(&both_visited(net, theirs), "/wps/myportal");
            }),
            ("for another path", |net| {
                let theirs = cookie("LtpaToken2", &v2(net, &ltpa::OTHER)).domain(".example.com").path("/stmeetings");
                denied(&both_visited(net, theirs), "/wps/myportal");
            }),
            ("another name", |net| {
                let theirs = shared("LtpaTokenMeet", &v2(net, &ltpa::OTHER));
                denied(&both_visited(net, theirs), "/wps/myportal");
            }),
            ("the portal had set none", |net| {
                let user = browser(net);
                login(&visit(&user, &meet(net)), "asmith", vec![shared("LtpaToken2", &v2(net, &ltpa::OTHER))]);
                denied(&visit(&user, &portal(net)), "/wps/myportal");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
