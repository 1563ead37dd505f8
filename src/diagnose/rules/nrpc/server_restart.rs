//! The server went down and came back (or did not): one finding instead of many.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::server_restart as words;
use crate::diagnose::words::{Occurrences, closer};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::nrpc::restarts::{Restart, restarts};
use crate::model::{RuleId, Setup, Severity};

/// See [`ABOUT`].
pub(crate) struct ServerRestart;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-server-restart");

static ABOUT: About = About {
    id: ID,
    title: "The server went down",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "The server closes several sessions within a few seconds; the next attempts are refused or not answered; \
           later ones succeed again (or none does).",
    matters: "Users were cut off while it was down. Single failures of that time have no cause of their own.",
    guards: &[
        "Nothing was refused or left unanswered afterwards: sessions that end together are no restart.",
        "Probes without data do not count as sessions.",
        "It came back within the capture: info, otherwise major.",
    ],
    remedy: &[
        "Planned? Then nothing. Otherwise look into the console log and nsd of that time.",
        "Cluster mates take over users of a server that is down; see that they can reach them.",
    ],
    references: &["Notes status 0x0AC5 (program shutdown in progress)"],
    explains: &[
        super::syn_refused::ID,
        super::syn_silent::ID,
        super::icmp_reject::ID,
        super::accept_then_close::ID,
        super::early_close::ID,
        super::hello_unanswered::ID,
        super::auth_rejected::ID,
        super::refused_status::ID,
        super::idle_rst::ID,
        super::idle_silent::ID,
        super::idle_close::ID,
        super::port_map::ID,
    ],
};

impl Rule for ServerRestart {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        restarts(case).iter().filter_map(|restart| finding(restart)).collect()
    }
}

/// 65 points for sessions closed together, 10 more each for refused attempts and for the return, because an
/// administrator may also drop all users at once.
fn finding(restart: &Restart<'_, '_>) -> Option<Draft> {
    let began = restart.began()?;
    let server = restart.server;
    let outage = restart.back.map(|back| back.conversation.first.time.seconds_since(began.time));
    let refused = restart.failed.iter().filter(|talk| talk.conversation.setup == Setup::Refused).count();
    let mut draft = Draft::new(&ABOUT, 65)
        .points(if refused > 0 { 10 } else { 0 })
        .points(if restart.back.is_some() { 10 } else { 0 })
        .severity(if outage.is_some() { Severity::Info } else { Severity::Major })
        .conversations_of(restart.closed.iter().chain(&restart.failed).copied())
        .says(&words::Down {
            seen: Occurrences::of(server, &restart.closed, began.time),
            retries: restart.failed.len(),
            outage_s: outage,
        });
    draft = each(draft, &restart.closed, "closed sessions", |draft, talk| match talk.conversation.teardown.at {
        Some(at) => draft.packet(at, format!("{} (session of {})", closer(talk), talk.conversation.client)),
        None => draft,
    });
    draft = each(draft, &restart.failed, "failed attempts", |draft, talk| {
        let how = match talk.conversation.setup {
            Setup::Refused => "refused",
            Setup::NoAnswer => "not answered",
            _ => "closed without a word",
        };
        draft.packet(talk.conversation.first, format!("attempt of {}: {how}", talk.conversation.client))
    });
    Some(match restart.back {
        Some(back) => draft.packet(back.conversation.first, format!("{} is accepted again", back.conversation.client)),
        None => draft.absence(format!("no session with {server} afterwards")),
    })
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{none, of, one, says};
    use nrpcsniff_samples::{Network, Side, Tcp};

    const RULE: &str = "nrpc-server-restart";
    const NAME: &str = "CN=Mail01/O=Acme";

    fn connect(net: &Network, client: u8) -> Tcp {
        net.connect(&net.host(&format!("10.1.0.{client}")), &net.host("10.2.0.9"), 1352)
    }

    /// `sessions` at work for a minute, then closed by the server within a second.
    fn goes_down(sessions: u8, by: Side) -> Network {
        let net = Network::new();
        let open: Vec<Tcp> = (50..50 + sessions).map(|client| connect(&net, client)).collect();
        for tcp in &open {
            tcp.works(NAME, 3);
        }
        net.at(60_000);
        for tcp in &open {
            tcp.wait(200).fin(by);
        }
        net
    }

    fn refused(net: &Network, at: u64) {
        net.at(at);
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).refused(2);
        net.dial(&net.host("10.1.0.51"), &net.host("10.2.0.9"), 1352).refused(1);
    }

    #[test]
    fn one_finding_instead_of_many() {
        let net = goes_down(4, Side::Server);
        refused(&net, 65_000);
        net.at(120_000);
        connect(&net, 50).works(NAME, 2).client_fin();
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Info);
        assert_eq!(finding.conversations, [0, 1, 2, 3, 4, 5]);
        says(&finding, &["10.2.0.9:1352 restarted at", "4 sessions", "2 attempts", "59.8 s later", "10.1.0.50:"]);
        assert!(of(&net, "nrpc-syn-refused").is_empty());
    }

    #[test]
    fn a_server_that_stays_down_is_worse() {
        let net = goes_down(4, Side::Server);
        refused(&net, 65_000);
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Major);
        says(&finding, &["10.2.0.9:1352 went down at", "did not come back"]);
    }

    #[test]
    fn sessions_that_end_together_are_no_restart() {
        let net = goes_down(4, Side::Server);
        net.at(120_000);
        connect(&net, 50).works(NAME, 2).client_fin();
        refused(&net, 200_000);
        none(&net, RULE);
    }

    #[test]
    fn two_sessions_or_clients_that_quit_are_no_restart() {
        for (sessions, by) in [(2, Side::Server), (4, Side::Client)] {
            let net = goes_down(sessions, by);
            refused(&net, 65_000);
            none(&net, RULE);
            one(&net, "nrpc-syn-refused");
        }
    }
}
