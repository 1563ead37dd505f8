//! A client registers an address at which nobody can reach it: its own loopback address, or none.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::sip::{named, requests, show};
use crate::diagnose::words::sip::contact_unreachable as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::scanners;
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::sip::Address;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct ContactUnreachable;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-contact-unreachable");

static ABOUT: About = About {
    id: ID,
    title: "A client registers an address at which nobody can reach it",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "The Contact of a REGISTER is a loopback address (127.0.0.1, ::1, localhost), 0.0.0.0 or a link-local address, while the request \
           comes from another one.",
    matters: "Calls to the user are sent to that address: the server calls itself, or nobody. The registration may be accepted all the \
              same.",
    guards: &[
        "Outbound (reg-id, ob), WebSocket: calls use the client's own flow; silent.",
        "The registrar notes the address that it sees (received, rport): calls go there; silent.",
        "Client and server are the same host: silent.",
        "The registration is not accepted: minor, something else is the reason for that.",
        "Scanners, and taking a registration back: silent.",
    ],
    remedy: &[
        "Let the client use the address of the interface that leads to the server: its SIP settings (local address, bind address, network \
         interface), or the entry of its own host name in the hosts file, which must not be 127.0.0.1.",
        "Let the SIP server use the address that the request came from (rport, or its setting for clients behind NAT).",
    ],
    references: &["RFC 3261 sections 8.1.1.8, 10.2.1 (Contact)", "RFC 3581 (rport)", "RFC 5626 (outbound)"],
    explains: &[],
};

impl Rule for ContactUnreachable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let series = case.sip().registrations().filter(|series| !scanners.contains(&series.client().ip));
        let told = series.flat_map(|series| series.exchanges.iter().filter(|e| is_unreachable(e)));
        let groups = group_by(told, |exchange| (exchange.client().ip, exchange.target()));
        groups.iter().filter_map(|group| finding(group)).collect()
    }
}

fn is_unreachable(exchange: &SipExchange<'_>) -> bool {
    let elsewhere = exchange.client().ip != exchange.server().ip;
    elsewhere
        && !exchange.is_unregister()
        && contact(exchange).is_some()
        && !goes_by_flow(exchange)
        && !was_noted(exchange)
}

/// The host that it names, if nobody can reach it there.
fn contact<'a>(exchange: &SipExchange<'a>) -> Option<&'a Address> {
    let source = exchange.client().ip;
    exchange.contacts().iter().find(|contact| is_nowhere(&contact.uri.host, source))
}

/// No other host can send anything there.
fn is_nowhere(host: &str, source: IpAddr) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.eq_ignore_ascii_case("localhost") {
        return !source.is_loopback();
    }
    match bare.parse::<IpAddr>() {
        Ok(ip) if ip == source => false,
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        Err(_) => false,
    }
}

/// Calls come over the connection that the client has opened.
fn goes_by_flow(exchange: &SipExchange<'_>) -> bool {
    let Some(request) = exchange.request() else { return true };
    let flow = |contact: &Address| contact.params.iter().any(|(name, _)| name == "reg-id" || name == "ob");
    let by_websocket = request.via().is_some_and(|via| via.transport.to_ascii_uppercase().starts_with("WS"));
    by_websocket || request.sip.contacts.iter().any(flow)
}

/// The registrar says that it saw where the request came from.
fn was_noted(exchange: &SipExchange<'_>) -> bool {
    let accepted = exchange.outcome() == TransactionOutcome::Accepted;
    let Some(answer) = exchange.answer().filter(|_| accepted) else { return false };
    let in_via = answer.via().is_some_and(|via| via.received.is_some() || via.rport.is_some_and(|port| port.is_some()));
    in_via || answer.sip.contacts.iter().any(|contact| contact.param("received").is_some())
}

fn finding(group: &[&SipExchange<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let accepted = group.iter().any(|exchange| exchange.outcome() == TransactionOutcome::Accepted);
    let draft = Draft::new(&ABOUT, 40)
        .names_read()
        .severity(if accepted { Severity::Major } else { Severity::Minor })
        .says(&words::Nowhere {
            server: first.server(),
            requests: requests(group)?,
            contact_host: contact(first)?.uri.host.clone(),
            accepted,
        });
    let draft = group.iter().fold(draft, |draft, exchange| named(draft, exchange));
    Some(each(draft, group, "requests", |draft, exchange| show(draft, exchange)))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{Story, phone, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-contact-unreachable";

    fn registers(net: &Network, place: &str) {
        register(&phone(net).shown_as(place));
    }

    #[test]
    fn loopback_and_nowhere() {
        for place in ["127.0.0.1:5060", "localhost:5060", "0.0.0.0:5060", "169.254.7.7:5060", "[::1]:5060"] {
            let found = told(RULE, |net| registers(net, place));
            let finding = the_one(&found);
            assert_eq!(finding.severity, Severity::Major, "{place}");
            says(
                finding,
                &["ann@example.com", "10.1.0.50", place.strip_suffix(":5060").unwrap().trim_matches(['[', ']'])],
            );
        }
    }

    #[test]
    fn not_accepted_it_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net).shown_as("127.0.0.1:5060");
            let request = phone.register();
            phone.sends(&request).hears(request.response(401).challenge("example.com", "n"));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("its own address", |net| register(&phone(net))),
            ("outbound", |net| register(&phone(net).shown_as("127.0.0.1:5060").outbound())),
            ("the registrar notes the address", |net| {
                let phone = phone(net).shown_as("127.0.0.1:5060");
                let request = phone.register();
                let answer: sip::Message = request.response(200).seen_from("10.1.0.50", 5060).contact_of(&request);
                phone.sends(&request).hears(answer);
            }),
            ("a private address", |net| registers(net, "192.168.1.5:5060")),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
