//! A client registers its own loopback address, which means another machine to everybody else.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::sip::{named, show};
use crate::diagnose::words::sip::loopback_contact as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::sip::Address;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct LoopbackContact;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-loopback-contact");

static ABOUT: About = About {
    id: ID,
    title: "A client registers its loopback address",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A REGISTER that comes from another machine names 127.0.0.1, ::1, 0.0.0.0 or localhost as its Contact.",
    matters: "Calls to the user are sent to that address: the server calls itself. The client can call, but nobody can call it.",
    guards: &[
        "Client and server are the same machine: silent.",
        "Outbound (reg-id, +sip.instance), or WebSocket: calls use the client's own connection; silent.",
        "The registrar did not accept it: minor, since it is not what keeps the client out.",
        "Removing a registration does not count.",
    ],
    remedy: &[
        "Let the client find its own address: the network interface or \"local address\" in its SIP settings; a line such as \
         \"127.0.1.1 NAME\" in its hosts file makes it take the loopback address for its own.",
        "Or let the server call back where the registration came from (received and rport, outbound).",
    ],
    references: &[
        "RFC 3261 section 10.2.1 (Contact of a REGISTER)",
        "RFC 5626 (outbound)",
        "RFC 1122 section 3.2.1.3 (127/8)",
    ],
    explains: &[],
};

impl Rule for LoopbackContact {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let registers = case.sip().registrations().flat_map(|series| series.exchanges.iter());
        let mine = registers.filter(|exchange| !exchange.is_unregister() && loopback_contact(exchange).is_some());
        let groups = group_by(mine, |exchange| (exchange.client().ip, exchange.target()));
        groups.iter().filter_map(|group| finding(group)).collect()
    }
}

/// The Contact that nobody else can reach, of a client on another machine.
pub(super) fn loopback_contact<'a>(exchange: &SipExchange<'a>) -> Option<&'a Address> {
    let (client, server) = (exchange.client().ip, exchange.server().ip);
    let is_remote = !client.is_loopback() && client != server;
    let by_flow = |contact: &&Address| {
        contact.params.iter().any(|(name, _)| matches!(name.as_str(), "reg-id" | "+sip.instance" | "ob"))
            || contact.uri.params.iter().any(|(name, value)| {
                name == "ob"
                    || name == "transport" && value.as_deref().is_some_and(|t| t.to_lowercase().starts_with("ws"))
            })
    };
    let mut contacts = exchange.contacts().iter().filter(|_| is_remote);
    contacts.find(|contact| is_loopback(&contact.uri.host) && !by_flow(contact))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

fn finding(group: &[&SipExchange<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let uri = &loopback_contact(first)?.uri;
    let is_accepted = group.iter().any(|exchange| exchange.outcome() == TransactionOutcome::Accepted);
    let said = words::Loopback {
        server: first.server(),
        user: first.target(),
        client: first.client().into(),
        contact: uri.port.map_or_else(|| uri.host.clone(), |port| format!("{}:{port}", uri.host)),
        is_accepted,
    };
    let draft = Draft::new(&ABOUT, 75).severity(if is_accepted { Severity::Major } else { Severity::Minor });
    let draft = group.iter().fold(draft, |draft, exchange| named(draft, exchange));
    Some(each(draft, group, "requests", |draft, exchange| show(draft, exchange)).says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{Story, phone, refused, register, says, the_one, told};
    use nrpcsniff_samples::sip;

    const RULE: &str = "sip-loopback-contact";

    fn lost(net: &nrpcsniff_samples::Network) -> sip::Phone {
        phone(net).shown_as("127.0.0.1:5060")
    }

    #[test]
    fn a_client_that_takes_itself_for_everybody() {
        let found = told(RULE, |net| register(&lost(net)));
        assert_eq!(the_one(&found).severity, Severity::Major);
        says(the_one(&found), &["ann@example.com", "127.0.0.1:5060", "from 10.1.0.50", "calls itself"]);
    }

    #[test]
    fn it_is_not_what_keeps_a_client_out() {
        let found = told(RULE, |net| refused(&lost(net), 403));
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn names_and_the_address_of_nobody_are_the_same() {
        for contact in ["localhost:5060", "0.0.0.0:5060", "[::1]:5060"] {
            let found = told(RULE, |net| register(&phone(net).shown_as(contact)));
            assert_eq!(the_one(&found).severity, Severity::Major, "{contact}");
        }
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("its own address", |net| register(&phone(net))),
            ("outbound", |net| register(&lost(net).outbound())),
            ("a client on the server itself", |net| {
                let host = net.host("127.0.0.1");
                register(&sip::Phone::new(&host, 5062, &net.host("127.0.0.2"), 5060, "ann@example.com"));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
