//! What the index makes of messages: hops, repetitions, series, calls.

use super::{SipIndex, TransactionOutcome};
use crate::model::Analysis;
use crate::testing::{analysis, phone, register};
use nrpcsniff_samples::{Network, sip, websocket};

fn of(story: impl FnOnce(&Network)) -> Analysis {
    let net = Network::new();
    story(&net);
    analysis(&net.to_pcapng())
}

#[test]
fn a_registration_with_its_challenge_is_one_series_of_two_exchanges() {
    let analysis = of(|net| register(&phone(net)));
    let telephony = SipIndex::new(&analysis);
    let series: Vec<_> = telephony.registrations().collect();
    let [series] = series.as_slice() else { panic!("{} series", series.len()) };
    let outcomes: Vec<_> = series.exchanges.iter().map(super::SipExchange::outcome).collect();
    assert_eq!(outcomes, [TransactionOutcome::Challenged, TransactionOutcome::Accepted]);
    assert_eq!(series.target().as_deref(), Some("ann@example.com"));
    let [first, .., last] = series.exchanges else { panic!("two requests at least") };
    assert_eq!(first.challenges()[0].realm.as_deref(), Some("example.com"));
    assert_eq!((last.credentials()[0].user.as_deref(), last.granted()), (Some("ann"), Some(1800)));
    assert_eq!(
        (last.client().to_string(), last.server().to_string()),
        ("10.1.0.50:5060".into(), "10.1.0.9:5060".into())
    );
    assert!(telephony.ever_accepted(first) && telephony.accepted_after(first, first.began()));
    assert!(!telephony.accepted_after(first, last.began()));
}

#[test]
fn repetitions_are_told_from_copies() {
    let analysis = of(|net| {
        let phone = phone(net);
        let request = phone.register();
        phone.sends(&request);
        net.wait(1);
        phone.sends(&request);
        net.wait(500);
        phone.sends(&request).hears(request.response(200)).hears(request.response(200));
    });
    let telephony = SipIndex::new(&analysis);
    let exchange = telephony.exchanges().next().unwrap();
    assert_eq!((exchange.first.repeats.len(), exchange.first.finals.len()), (1, 1));
}

#[test]
fn both_sides_of_a_proxy_are_hops_of_one_exchange() {
    let analysis = of(|net| {
        let (phone, proxy, registrar) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
        let request = phone.register();
        let onward = request.clone().via("UDP", "10.1.0.9:5060", "p1");
        net.udp(&proxy, 5060, &registrar, 5060, onward.as_ref());
        net.udp(&registrar, 5060, &proxy, 5060, onward.response(401).as_ref());
        phone.sends(&request).hears(request.response(407));
    });
    let telephony = SipIndex::new(&analysis);
    let all: Vec<_> = telephony.exchanges().collect();
    let [exchange] = all.as_slice() else { panic!("{} exchanges", all.len()) };
    assert_eq!((exchange.status(), exchange.onward.len()), (Some(407), 1), "the hop with the fewest Vias comes first");
    assert_eq!(exchange.conversations().iter().map(|c| c.id).collect::<Vec<_>>(), [0, 1]);
}

/// A balancer that hands a request on as it is adds no Via.
#[test]
fn a_hop_without_a_via_of_its_own_is_no_repetition() {
    let analysis = of(|net| {
        let (phone, balancer, server) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
        let request = phone.register();
        phone.sends(&request);
        net.wait(600);
        net.udp(&balancer, 5060, &server, 5060, request.as_ref());
        net.udp(&server, 5060, &balancer, 5060, request.response(200).as_ref());
        phone.hears(request.response(200));
    });
    let telephony = SipIndex::new(&analysis);
    let exchange = telephony.exchanges().next().unwrap();
    assert_eq!((exchange.first.repeats.len(), exchange.onward.len(), exchange.status()), (0, 1, Some(200)));
    assert_eq!(exchange.onward[0].finals.len(), 1);
}

#[test]
fn a_response_may_come_in_another_conversation() {
    let analysis = of(|net| {
        let phone = phone(net);
        let request = phone.register();
        phone.sends(&request);
        net.udp(&net.host("10.1.0.99"), 5070, &net.host("10.1.0.50"), 5060, request.response(200).as_ref());
    });
    let telephony = SipIndex::new(&analysis);
    assert_eq!(telephony.exchanges().next().map(|e| (e.status(), e.conversations().len())), Some((Some(200), 2)));
}

#[test]
fn an_ack_belongs_to_the_invite_that_it_ends() {
    let analysis = of(|net| {
        let phone = phone(net);
        let busy = phone.call("bob@example.com");
        let invite = busy.invite(20_000);
        let refusal = invite.response(486);
        phone.sends(&invite).hears(&refusal).sends(busy.ack(&refusal));
        let call = phone.call("bob@example.com");
        let invite = call.invite(20_000);
        let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
        phone.sends(&invite).hears(invite.response(180)).hears(&ok).sends(call.ack(&ok)).sends(call.bye(&ok));
    });
    let telephony = SipIndex::new(&analysis);
    let acks: Vec<_> = telephony.exchanges().map(|e| (e.method, e.first.acks.len(), e.acks.len())).collect();
    assert_eq!(acks, [("INVITE", 1, 0), ("INVITE", 0, 1), ("BYE", 0, 0)]);
    let calls: Vec<_> = telephony.calls().collect();
    let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert!(call.bye().is_some() && !call.was_changed());
    let media = call.media();
    assert_eq!(media[0][0].ends.client.to_string(), "10.1.0.50:20000");
    assert_eq!(media[0][0].ends.server.to_string(), "10.1.0.51:30000");
}

#[test]
fn users_and_success_part_what_one_call_id_holds() {
    let analysis = of(|net| {
        let phone = phone(net);
        register(&phone);
        register(&phone);
        let other = phone.register().set("To", "<sip:bob@example.com>");
        phone.sends(&other).hears(other.response(200));
    });
    let telephony = SipIndex::new(&analysis);
    let runs: Vec<Vec<usize>> = telephony.registrations().map(|s| s.runs().map(<[_]>::len).collect()).collect();
    assert_eq!(runs, [vec![2, 2], vec![1]]);
}

#[test]
fn removing_a_registration_is_known() {
    let analysis = of(|net| {
        let phone = phone(net);
        phone.sends(phone.register().expires(0));
        phone.sends(phone.register().set("Contact", "*").expires(0));
        phone.sends(phone.register());
    });
    let telephony = SipIndex::new(&analysis);
    assert_eq!(telephony.exchanges().map(super::SipExchange::is_unregister).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn sip_in_a_websocket_counts() {
    let analysis = of(|net| {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 80);
        let key = net.nonce();
        tcp.client(websocket::upgrade("sip.example.com", "/ws", key)).server(websocket::accept(key));
        let phone = sip::Phone::over(&tcp, "ann@example.com").transport("WS");
        let request = phone.register();
        tcp.client(websocket::masked(&request, net.nonce())).server(websocket::text(request.response(200)));
    });
    let telephony = SipIndex::new(&analysis);
    assert_eq!(telephony.exchanges().map(super::SipExchange::status).collect::<Vec<_>>(), [Some(200)]);
}

#[test]
fn what_cannot_be_read_is_known_to_be_missing() {
    let analysis = of(|net| {
        let phone = phone(net);
        let request = phone.register();
        phone.sends(&request).hears(request.response(200).without("Call-ID"));
    });
    let telephony = SipIndex::new(&analysis);
    assert!(telephony.exchanges().all(|exchange| telephony.is_torn(exchange)));
}
