//! A client behind NAT registers an address that nobody outside can reach.

use crate::diagnose::evidence::sip::{self, SHOWN, named, show, subject};
use crate::diagnose::words::sip::nat_contact as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::deadlines::Deadlines;
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity};
use hashbrown::HashMap;
use nrpcsniff_dissectors::sip::Address;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct NatContact;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-nat-contact");

static ABOUT: About = ENTRY;

/// Without a failed call it explains none.
static ALONE: About = About { explains: &[], ..ENTRY };

const ENTRY: About = About {
    id: ID,
    title: "A client behind NAT registered its private address",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A REGISTER comes from a public address, its Contact is a private one, the registrar accepts it as it is, and a \
           later call to that user fails. Without such a call: minor, and only if the registrar does not honour received \
           and rport.",
    matters: "The user can call, but calls to him are sent to an address that does not exist outside of his network.",
    guards: &[
        "Outbound (reg-id, +sip.instance): calls use the client's own flow, a private Contact does no harm.",
        "Source and Contact are both private: no NAT between them that matters.",
        "The registrar notes the seen address (received in its Contact, or in the Via with rport): silent unless a call \
         fails.",
        "A Contact with a name instead of an address, or a WebSocket client (RFC 7118): unknown, silent.",
        "Removing a registration does not count.",
    ],
    remedy: &[
        "Let the client use outbound (RFC 5626), STUN or ICE, or its public address (\"NAT address\" in its SIP settings).",
        "Let the SIP server or session border controller rewrite the Contact of clients behind NAT, and keep the mapping open \
         with keep-alives.",
        "Connect clients from outside by way of a VPN or a SIP edge server.",
    ],
    references: &["RFC 5626 (outbound)", "RFC 3581 (rport)", "RFC 1918, RFC 6598, RFC 4193 (private addresses)"],
    explains: &[super::status_408::ID, super::status_404::ID],
};

impl Rule for NatContact {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let behind = case.sip().registrations().flat_map(|series| series.exchanges.iter().filter(|e| is_behind_nat(e)));
        let groups = group_by(behind, |exchange| (exchange.client().ip, exchange.target()));
        if groups.is_empty() {
            return Vec::new();
        }
        let failed = failed_calls(case);
        groups.iter().filter_map(|group| judge_group(group, &failed)).collect()
    }
}

/// Accepted from a public address with a private Contact, without outbound.
fn is_behind_nat(exchange: &SipExchange<'_>) -> bool {
    exchange.outcome() == TransactionOutcome::Accepted
        && !exchange.is_unregister()
        && is_public(exchange.client().ip)
        && private_contact(exchange).is_some()
        && !uses_outbound(exchange)
}

/// The private address that it registered.
fn private_contact<'a>(exchange: &SipExchange<'a>) -> Option<&'a Address> {
    // What leads nowhere at all is told by sip-contact-unreachable.
    let nowhere = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    let private = |ip: IpAddr| !is_public(ip) && !nowhere(ip);
    let is_private = |contact: &&Address| contact.uri.host.parse::<IpAddr>().is_ok_and(private);
    exchange.contacts().iter().find(is_private)
}

fn uses_outbound(exchange: &SipExchange<'_>) -> bool {
    let Some(request) = exchange.request() else { return false };
    let by_flow = |contact: &Address| {
        contact.params.iter().any(|(name, _)| name == "reg-id" || name == "+sip.instance" || name == "ob")
    };
    request.sip.supported.iter().any(|tag| tag == "outbound") || request.sip.contacts.iter().any(by_flow)
}

/// Neither private, shared, link-local nor loopback.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
    }
}

/// The registrar noted where the request came from.
fn was_noted(exchange: &SipExchange<'_>) -> bool {
    let Some(answer) = exchange.answer() else { return false };
    let source = exchange.client();
    let in_via = answer.via().is_some_and(|via| {
        via.received.as_deref().and_then(|text| text.parse().ok()) == Some(source.ip)
            && via.rport == Some(Some(source.port))
    });
    in_via || answer.sip.contacts.iter().any(|contact| contact.param("received").is_some())
}

/// INVITEs that did not reach whom they were for, by that user.
fn failed_calls<'c, 'a>(case: &'c Case<'a>) -> HashMap<String, Vec<&'c SipExchange<'a>>> {
    let deadlines = Deadlines::new(case);
    let mut failed: HashMap<String, Vec<&'c SipExchange<'a>>> = HashMap::new();
    let calls = case.sip().exchanges().filter(|e| e.method == "INVITE" && !e.in_dialog());
    for call in
        calls.filter(|e| matches!(e.status(), Some(404 | 408 | 410 | 430 | 480 | 504)) || deadlines.missed(e).is_some())
    {
        if let Some(target) = call.target() {
            failed.entry(target).or_default().push(call);
        }
    }
    failed
}

fn judge_group(group: &[&SipExchange<'_>], failed: &HashMap<String, Vec<&SipExchange<'_>>>) -> Option<Draft> {
    let first = *group.first()?;
    let contact = private_contact(first)?;
    let calls = failed.get(&subject(first)).map_or(&[][..], Vec::as_slice);
    let lost: Vec<_> = calls.iter().copied().filter(|call| call.began() > first.ended()).collect();
    if lost.is_empty() && group.iter().all(|exchange| was_noted(exchange)) {
        return None;
    }
    let draft = if lost.is_empty() {
        Draft::new(&ALONE, 50).severity(Severity::Minor)
    } else {
        Draft::new(&ABOUT, 45).names_read()
    };
    let draft = group.iter().chain(&lost).fold(draft, |draft, exchange| named(draft, exchange));
    let draft = lost.iter().take(SHOWN).fold(show(draft, first), |draft, call| show(draft, call));
    let said = words::PrivateContact {
        server: first.server(),
        user: first.target(),
        client: first.client().into(),
        own_address: contact.uri.host.clone(),
        calls: sip::failed_calls(&lost),
    };
    Some(draft.says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, findings, phone, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-nat-contact";

    /// Ann behind a NAT whose public address is 203.0.113.7.
    fn behind_nat(net: &Network) -> sip::Phone {
        let (nat, server) = (net.host("203.0.113.7"), net.host("198.51.100.9"));
        sip::Phone::new(&nat, 61_000, &server, 5060, "ann@example.com").shown_as("192.168.1.2:5060")
    }

    fn registered(phone: &sip::Phone) {
        let request = phone.register();
        phone.sends(&request).hears(request.response(200).contact_of(&request).expires(1800));
    }

    /// Bob calls Ann by the same server.
    fn call_to_ann(net: &Network, status: u16) {
        let bob = sip::Phone::new(&net.host("198.51.100.20"), 5060, &net.host("198.51.100.9"), 5060, "bob@example.com");
        let invite = bob.call("ann@example.com").invite(20_000);
        bob.sends(&invite).hears(invite.response(status));
    }

    #[test]
    fn calls_to_a_private_contact_fail() {
        let found = told(RULE, |net| {
            registered(&behind_nat(net));
            call_to_ann(net, 408);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(
            finding,
            &["ann@example.com registered the private address 192.168.1.2 from 203.0.113.7", "408 Request Timeout"],
        );
    }

    #[test]
    fn it_explains_the_calls_that_fail_and_no_others() {
        let net = Network::new();
        registered(&behind_nat(&net));
        call_to_ann(&net, 408);
        let sip: Vec<_> = findings(&net.to_pcapng()).into_iter().filter(|f| f.rule.starts_with("sip-")).collect();
        assert_eq!(the_one(&sip).also, ["sip-408"]);
        let net = Network::new();
        let phone = behind_nat(&net);
        registered(&phone);
        let invite = phone.call("bob@example.com").invite(20_000);
        phone.sends(&invite).hears(invite.response(408));
        let found = findings(&net.to_pcapng());
        assert!(found.iter().any(|f| f.rule == "sip-408") && found.iter().any(|f| f.rule == RULE && f.also.is_empty()));
    }

    #[test]
    fn without_a_call_it_is_minor() {
        let found = told(RULE, |net| registered(&behind_nat(net)));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn a_failed_call_counts_even_if_the_seen_address_was_noted() {
        let found = told(RULE, |net| {
            let phone = behind_nat(net);
            let request = phone.register();
            phone.sends(&request).hears(request.response(200).seen_from("203.0.113.7", 61_000).contact_of(&request));
            call_to_ann(net, 480);
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("both are private", |net| register(&phone(net))),
            ("outbound", |net| {
                registered(&behind_nat(net).outbound());
                call_to_ann(net, 480);
            }),
            ("the registrar honours received and rport", |net| {
                let phone = behind_nat(net);
                let request = phone.register();
                phone
                    .sends(&request)
                    .hears(request.response(200).seen_from("203.0.113.7", 61_000).contact_of(&request));
            }),
            ("the registrar notes the source in its Contact", |net| {
                let phone = behind_nat(net);
                let request = phone.register();
                let contact = format!("{};received=\"sip:203.0.113.7:61000\"", request.value("Contact"));
                phone.sends(&request).hears(request.response(200).set("Contact", &contact));
            }),
            ("the client knows its public address", |net| registered(&behind_nat(net).shown_as("203.0.113.7:61000"))),
            ("a name", |net| registered(&behind_nat(net).shown_as("df7jal23ls0d.invalid"))),
            ("refused", |net| {
                let phone = behind_nat(net);
                let request = phone.register();
                phone.sends(&request).hears(request.response(403));
            }),
            ("removed", |net| {
                let phone = behind_nat(net);
                let request = phone.register().expires(0);
                phone.sends(&request).hears(request.response(200));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
