//! The community server sends the client to its home server, and the client does not get there.

use crate::diagnose::evidence::sametime::{READ, draft, ended_session, show, show_all, who};
use crate::diagnose::words::st::redirect_fail as words;
use crate::diagnose::{About, Case, Draft, Layer, Lookup, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Confidence, RuleId, Severity, Span, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::dns;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct RedirectFail;

const HOME_SERVER: [u32; 2] = [0x8000_022B, 0x8000_022C];

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-redirect-fail");

static ABOUT: About = About {
    id: ID,
    title: "The client does not reach its home Sametime server",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The server redirects the login to a host, and the client cannot resolve its name, cannot connect to it, is sent \
           round in a circle, or does not try at all; or the server ends the session with reason 0x8000022B or 0x8000022C \
           (home server unreachable or too old).",
    matters: "The user cannot log in although the first server works.",
    guards: &[
        "The client connects to another server, or stays where it is (LOGIN_CONTINUE): silent.",
        "DESTROY with reason 0 after the redirect is how clients leave the first server: no failure.",
        "The capture ends too soon after the redirect: silent. Nothing at all seen of a further attempt: medium \
         confidence at most, the way there may not pass the place of the capture.",
    ],
    remedy: &[
        "Home Sametime server in the Person document (or the LDAP attribute): the name of the server or cluster as the \
         community knows it (up to Sametime 11 shown in the Sametime System Console); the same for all users of a cluster.",
        "Let every client resolve and reach the host name that servers redirect to: a fully qualified name in DNS, TCP \
         1533 open. Server document > Ports > Net Address, and the cluster's host name.",
        "Behind an alias or load balancer: the cluster's host name (up to Sametime 11 in the Sametime System Console) = the alias \
         that clients resolve, or addresses of all nodes that clients can reach.",
    ],
    references: &["HCL Sametime: Assigning users to a home Sametime server", "Meanwhile, mw_error.h (reason codes)"],
    explains: &[super::port_blocked::ID],
};

/// Why a redirect led nowhere.
enum Fault<'c, 'a> {
    NotResolved(&'c Lookup<'a>),
    NotConnected(&'c SametimeLogin<'a>),
    Circle(&'c SametimeLogin<'a>),
    NotTried,
}

impl Rule for RedirectFail {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let lookups = lookups(case);
        let failed = case.sametime().logins().filter_map(|login| Some((login, fault(case, &lookups, login)?)));
        let groups = group_by(failed, |(login, _)| (login.client(), login.server(), login.redirect_host()));
        let redirects = groups.iter().filter_map(|group| redirect(case, group));
        let broken = case.sametime().logins().filter(|l| l.refusal().is_some_and(|code| HOME_SERVER.contains(&code)));
        let broken = crate::facts::sametime::ends::by_user(broken);
        redirects.chain(broken.iter().filter_map(|group| home_server(case, group))).collect()
    }
}

/// DNS questions of the clients that were redirected, by client.
type Lookups<'c, 'a> = HashMap<IpAddr, Vec<&'c Lookup<'a>>>;

fn lookups<'c, 'a>(case: &'c Case<'a>) -> Lookups<'c, 'a> {
    let redirected = case.sametime().logins().filter(|login| login.redirected.is_some());
    let mut lookups: Lookups<'c, 'a> = redirected.map(|login| (login.client(), Vec::new())).collect();
    for lookup in case.lookups().take(if lookups.is_empty() { 0 } else { usize::MAX }) {
        if let Some(own) = lookups.get_mut(&lookup.client) {
            own.push(lookup);
        }
    }
    for own in lookups.values_mut() {
        own.sort_by_key(|lookup| asked(lookup).map(|(time, _)| time));
    }
    lookups
}

/// When something was asked (or else answered), and what it was.
fn asked<'a>(lookup: &Lookup<'a>) -> Option<(Timestamp, &'a dns::Message)> {
    lookup.query.or(lookup.response).map(|(message, dns)| (message.at.time, dns))
}

fn fault<'c, 'a>(case: &'c Case<'a>, lookups: &Lookups<'c, 'a>, login: &SametimeLogin<'a>) -> Option<Fault<'c, 'a>> {
    let SametimeLoginOutcome::Redirected(host) = login.outcome() else { return None };
    let redirected = login.redirected?.at().time;
    let limits = &case.settings.thresholds;
    let mut next = case
        .sametime()
        .after(login)
        .filter(|next| (Span::ZERO..=limits.retry_within).contains(&next.began().time.since(redirected)));
    match next.next() {
        Some(next) if next.outcome() == SametimeLoginOutcome::NotConnected => return Some(Fault::NotConnected(next)),
        Some(next) if next.server() != login.server() => return None,
        Some(next) => {
            let again = next.redirect_host().is_some_and(|other| other.eq_ignore_ascii_case(host));
            return unresolved(case, lookups, login, host).or_else(|| again.then_some(Fault::Circle(next)));
        }
        None => {}
    }
    let ended = login.ended().max(redirected);
    unresolved(case, lookups, login, host)
        .or_else(|| (case.end().since(ended) >= limits.retry_within).then_some(Fault::NotTried))
}

/// The client asked DNS for the host after the redirect, and every answer was in vain.
fn unresolved<'c, 'a>(
    case: &Case<'a>,
    lookups: &Lookups<'c, 'a>,
    login: &SametimeLogin<'a>,
    host: &str,
) -> Option<Fault<'c, 'a>> {
    let since = login.redirected?.at().time;
    let own = lookups.get(&login.client())?;
    let from = own.partition_point(|lookup| asked(lookup).is_none_or(|(time, _)| time < since));
    let soon = own.get(from..)?.iter().copied().take_while(|lookup| {
        asked(lookup).is_some_and(|(time, _)| time.since(since) <= case.settings.thresholds.retry_within)
    });
    let of_host = soon.filter(|lookup| asked(lookup).is_some_and(|(_, dns)| is_name(&dns.name, host)));
    let found: Vec<_> = of_host.collect();
    let in_vain = |lookup: &&Lookup<'a>| lookup.response.is_some_and(|(_, dns)| dns.answers.is_empty());
    let all = found.iter().all(in_vain);
    found.into_iter().find(in_vain).filter(|_| all).map(Fault::NotResolved)
}

/// The name, or with a domain of the client's behind it.
fn is_name(asked: &str, host: &str) -> bool {
    let (asked, host) = (asked.to_ascii_lowercase(), host.trim_end_matches('.').to_ascii_lowercase());
    asked.strip_prefix(host.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn redirect(case: &Case<'_>, group: &[(&SametimeLogin<'_>, Fault<'_, '_>)]) -> Option<Draft> {
    let (first, fault) = group.first()?;
    let host = first.redirect_host()?;
    let logins: Vec<&SametimeLogin<'_>> = group.iter().map(|(login, _)| *login).collect();
    let said = words::InVain {
        server: first.server(),
        who: who(first),
        host: host.to_owned(),
        count: group.len(),
        fault: what(case, first, fault),
    };
    let draft = Draft::new(&ABOUT, READ).retry(group.len() > 1).seen_in(group.len()).says(&said);
    let draft = if matches!(fault, Fault::NotTried) { draft.at_most(Confidence::Medium) } else { draft.names_read() };
    let draft = show_all(draft, &logins);
    Some(group.iter().fold(draft, |draft, (_, fault)| evidence(draft, fault)))
}

fn what(case: &Case<'_>, login: &SametimeLogin<'_>, fault: &Fault<'_, '_>) -> words::RedirectFault {
    match fault {
        Fault::NotResolved(lookup) => {
            let (dns_name, dns_rcode) =
                lookup.response.map_or((String::new(), None), |(_, dns)| (dns.name.clone(), dns.rcode));
            words::RedirectFault::NotResolved { dns_name, dns_rcode }
        }
        Fault::NotConnected(next) => words::RedirectFault::NotConnected { redirected_to: next.server() },
        Fault::Circle(next) => words::RedirectFault::Circle { redirected_to: next.server() },
        Fault::NotTried => words::RedirectFault::NotTried { waited_s: case.end().seconds_since(login.ended()) },
    }
}

fn evidence(draft: Draft, fault: &Fault<'_, '_>) -> Draft {
    match fault {
        Fault::NotResolved(lookup) => match lookup.response {
            Some((message, dns)) => draft.dns(message.at, format!("DNS: no address for {}", dns.name)),
            None => draft,
        },
        Fault::NotConnected(next) => draft
            .conversation(next.conversation)
            .packet(next.began(), format!("{} calls {}: no connection", next.client(), next.server())),
        Fault::Circle(next) => show(draft.conversation(next.conversation), next),
        Fault::NotTried => draft.absence("no connection of the client to another Sametime server"),
    }
}

/// The server says that the home server is away or too old.
fn home_server(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    Some(draft(case, &ABOUT, group).says(&words::NoHomeServer { session: ended_session(case, group)? }))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::dns::{A, Rcode, Record};
    use nrpcsniff_samples::sametime::{Login, PORT, destroy, login_continue, reason, redirect};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "st-redirect-fail";

    fn redirected(net: &Network) -> Tcp {
        let tcp = dial(net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER)).server(redirect("st2.acme.example"));
        tcp
    }

    fn leaves(net: &Network) {
        redirected(net).client(destroy(0, 0)).client_fin();
    }

    #[test]
    fn a_host_that_dns_does_not_know() {
        let net = Network::new();
        leaves(&net);
        let resolver = net.host("10.1.0.2");
        net.resolve_fails(&net.host("10.1.0.50"), &resolver, "st2.acme.example", A, Rcode::NxDomain);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &[USER, "st2.acme.example", "it does not exist", "Home Sametime server"]);
    }

    #[test]
    fn a_host_that_cannot_be_reached() {
        let net = Network::new();
        leaves(&net);
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.10"), PORT).refused(2);
        let finding = one(&net, RULE);
        assert!(finding.also.iter().any(|also| *also == "st-port-blocked"));
        says(&finding, &["10.1.0.10:1533", "no connection came about"]);
    }

    #[test]
    fn a_circle() {
        let net = Network::new();
        leaves(&net);
        leaves(&net);
        says(&one(&net, RULE), &["once more"]);
    }

    #[test]
    fn nothing_more_is_seen() {
        let net = Network::new();
        leaves(&net);
        none(&net, RULE);
        idle(&net, 60);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn a_redirect_that_is_followed_or_declined() {
        let net = Network::new();
        leaves(&net);
        let (client, resolver) = (net.host("10.1.0.50"), net.host("10.1.0.2"));
        net.resolve(&client, &resolver, "st2.acme.example", A, &[Record::address("st2.acme.example", "10.1.0.10")]);
        net.connect(&client, &net.host("10.1.0.10"), PORT).vp_works(&Login::rc2_128(USER));
        idle(&net, 60);
        none(&net, RULE);
        let net = Network::new();
        redirected(&net).client(login_continue()).vp_accept(USER, "Ann");
        idle(&net, 60);
        none(&net, RULE);
    }

    #[test]
    fn the_home_server_is_away() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::SERVER_BROKEN);
        says(&one(&net, RULE), &["SERVER_BROKEN", USER]);
    }
}
