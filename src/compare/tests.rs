//! Comparisons of constructed captures: what is told, and what is not.

use super::{Capture, compare};
use crate::diagnose::{Case, Settings, conclude};
use crate::model::{
    Analysis, Both, Class, Comparison, ComparisonResult, ConversationId, Finding, RuleId, Verdict, VerdictKind,
};
use nrpcsniff_dissectors::Value;
use nrpcsniff_samples::dns::{A, Record};
use nrpcsniff_samples::{Network, Side, Tcp, sip};

pub(super) const REAL: &str = "CN=Sametime004/OU=Servers/O=ACME";
pub(super) const ALIAS: &str = "sametime.acme.example";

/// A capture that was read and judged.
pub(super) struct Judged {
    analysis: Analysis,
    findings: Vec<Finding>,
    pub(super) verdict: Verdict,
}

impl Judged {
    pub(super) fn new(capture: &[u8]) -> Self {
        let analysis = crate::testing::analysis(capture);
        let (findings, conclusion) = conclude(&analysis, &Settings::default());
        Self { analysis, findings, verdict: conclusion.verdict }
    }

    fn side<'c, 'a>(&'c self, case: &'c Case<'a>) -> Capture<'c, 'a> {
        Capture { case, findings: &self.findings, verdict: &self.verdict }
    }
}

fn of_captures(goods: &[Vec<u8>], bad: &[u8], by_hand: &[Both<ConversationId>]) -> Comparison {
    let goods: Vec<_> = goods.iter().map(|good| Judged::new(good)).collect();
    of_judged(&goods.iter().collect::<Vec<_>>(), &Judged::new(bad), by_hand)
}

pub(super) fn of_judged(goods: &[&Judged], bad: &Judged, by_hand: &[Both<ConversationId>]) -> Comparison {
    let settings = Settings::default();
    let cases: Vec<_> = goods.iter().map(|good| Case::new(&good.analysis, &settings)).collect();
    let captures: Vec<_> = cases.iter().zip(goods).map(|(case, good)| good.side(case)).collect();
    let case = Case::new(&bad.analysis, &settings);
    compare(&captures, bad.side(&case), by_hand)
}

pub(super) fn capture(story: impl FnOnce(&Network)) -> Vec<u8> {
    let net = Network::new();
    story(&net);
    net.to_pcapng()
}

pub(super) fn compared(good: impl FnOnce(&Network), bad: impl FnOnce(&Network)) -> Comparison {
    of_captures(&[capture(good)], &capture(bad), &[])
}

pub(super) fn connect(net: &Network) -> Tcp {
    net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux(), 1352)
}

pub(super) fn works_for(net: &Network, server: &str, transactions: usize) {
    connect(net).works(server, transactions).wait_secs(1).client_fin();
}

pub(super) fn works(net: &Network) {
    works_for(net, REAL, 4);
}

pub(super) fn refused(net: &Network) {
    connect(net).session(ALIAS, REAL).wait(3).client_fin();
}

fn explains(comparison: &Comparison) -> Vec<(&str, Option<Value>, Option<Value>)> {
    let all = comparison.differences.iter().filter(|d| d.class == Class::Explains);
    all.map(|d| (d.field.as_str(), d.values.good.clone(), d.values.bad.clone())).collect()
}

#[test]
fn an_alias_parts_at_the_third_message_and_the_name_explains_it() {
    let found = compared(works, refused);
    assert_eq!(found.result, ComparisonResult::Diverges);
    assert_eq!(found.cause.map(RuleId::as_str), Some("nrpc-name-mismatch-alias"));
    assert_eq!(explains(&found), [("wanted_server", Some(REAL.into()), Some(ALIAS.into()))]);
    let fork = found.fork.as_ref().unwrap();
    assert_eq!(fork.message, 3);
    assert!(!fork.steps.good.as_ref().unwrap().is_end && fork.steps.bad.as_ref().unwrap().is_end);
    assert_eq!(fork.steps.bad.as_ref().unwrap().from, Some(nrpcsniff_dissectors::Side::Client));
    for words in ["the client closes with FIN 3.0 ms after message 2", "turn of the client", ALIAS, "Cause (high"] {
        assert!(found.explanation.contains(words), "{words}: {}", found.explanation);
    }
    assert!(found.differences.iter().any(|d| d.class == Class::Noise && d.field.starts_with("packets")));
    assert!(found.network.unwrap().contains("ruled out"));
}

#[test]
fn a_capture_against_itself_does_not_part() {
    for sample in nrpcsniff_samples::stories::all() {
        let judged = Judged::new(&sample.bytes());
        let found = of_judged(&[&judged], &judged, &[]);
        let kind = judged.verdict.kind;
        let is_healthy = matches!(kind, VerdictKind::Works | VerdictKind::Nothing) && !found.pairs.is_empty();
        let expected = if is_healthy { ComparisonResult::Same } else { ComparisonResult::Inconclusive };
        assert_eq!(found.result, expected, "{}: {}", sample.name, found.explanation);
        assert_eq!(found.differences, [], "{}", sample.name);
        let is_both = matches!(kind, VerdictKind::Fault | VerdictKind::Failed);
        assert_eq!(found.headline.starts_with("Both fail"), is_both, "{}: {}", sample.name, found.headline);
    }
}

#[test]
fn what_is_cut_before_the_fork_is_inconclusive() {
    for bad in [
        |net: &Network| {
            connect(net).session(ALIAS, REAL);
        },
        |net: &Network| {
            let tcp = connect(net);
            tcp.client(tcp.request_for(ALIAS).encode());
        },
        |net: &Network| {
            connect(net);
        },
    ] {
        let found = compared(works, bad);
        assert_eq!(found.result, ComparisonResult::Inconclusive, "{}", found.explanation);
        assert!(found.explanation.contains("ends before"), "{}", found.explanation);
        assert_eq!((found.fork.as_ref(), found.cause), (None, None));
    }
}

#[test]
fn who_closed_and_how_is_told() {
    type End = fn(&Tcp) -> &Tcp;
    let ends: [(End, &str); 3] = [
        (Tcp::server_fin, "the server closes with FIN"),
        (Tcp::client_rst, "the client closes with RST"),
        (Tcp::server_rst, "the server closes with RST"),
    ];
    for (end, words) in ends {
        let found = compared(works, |net| {
            end(connect(net).session(ALIAS, REAL).wait(3));
        });
        assert!(found.explanation.contains(words), "{words}: {}", found.explanation);
    }
}

#[test]
fn lengths_of_sessions_that_went_well_do_not_matter() {
    let longer = |net: &Network| works_for(net, REAL, 9);
    let shorter = |net: &Network| works_for(net, REAL, 3);
    assert_eq!(compared(longer, shorter).result, ComparisonResult::Same);
    assert_eq!(compared(shorter, longer).result, ComparisonResult::Same);
}

#[test]
fn a_server_that_falls_silent_or_is_not_there() {
    let silent = compared(works, |net| {
        let tcp = connect(net);
        tcp.client(tcp.request_for(REAL).encode());
        crate::testing::idle(net, 30);
    });
    assert_eq!((silent.result, silent.fork.as_ref().unwrap().message), (ComparisonResult::Diverges, 2));
    assert!(silent.explanation.contains("no answer comes within"), "{}", silent.explanation);
    let closed = compared(works, |net| {
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux(), 1352).refused(2);
    });
    assert_eq!((closed.result, closed.fork.as_ref().unwrap().message), (ComparisonResult::Diverges, 1));
    assert_eq!(closed.cause.map(RuleId::as_str), Some("nrpc-syn-refused"));
}

#[test]
fn an_error_in_both_is_not_the_difference() {
    let found = compared(refused, refused);
    assert_eq!((found.result, found.cause), (ComparisonResult::Inconclusive, None));
    assert!(found.headline.contains("Both fail") && found.explanation.contains(ALIAS), "{}", found.explanation);
}

#[test]
fn nothing_to_pair() {
    let found = compared(works, |net| {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 9);
    });
    assert_eq!(found.result, ComparisonResult::Inconclusive);
    assert!(found.explanation.contains("nothing to pair"), "{}", found.explanation);
}

/// Two working captures differ in the very field: it cannot be the cause.
#[test]
fn noise_is_learned() {
    let other = "CN=Sametime005/OU=Servers/O=ACME";
    let goods = [capture(works), capture(|net| works_for(net, other, 4))];
    let found = of_captures(&goods, &capture(refused), &[]);
    assert_eq!(found.result, ComparisonResult::Diverges);
    assert_eq!(explains(&found), []);
    let wanted = found.differences.iter().find(|d| d.field == "wanted_server").unwrap();
    assert!(wanted.learned && wanted.class == Class::Noise);
}

/// What another working capture does too is no fork.
#[test]
fn another_working_capture_forgives() {
    let stops = |net: &Network| {
        connect(net).session(REAL, REAL).auth().wait(3).server_fin();
    };
    assert_eq!(compared(works, stops).result, ComparisonResult::Diverges);
    let found = of_captures(&[capture(works), capture(stops)], &capture(stops), &[]);
    assert_eq!((found.result, found.fork), (ComparisonResult::Inconclusive, None), "{}", found.explanation);
    assert!(found.headline.contains("Both fail"), "{}", found.headline);
}

#[test]
fn pairs_are_found_by_purpose_whatever_the_order() {
    let other = "CN=Mail01/OU=Servers/O=ACME";
    let good = |net: &Network| {
        works_for(net, REAL, 4);
        works_for(net, other, 4);
    };
    let bad = |net: &Network| {
        works_for(net, other, 4);
        connect(net).session(REAL, other).wait(3).client_fin();
    };
    let found = compared(good, bad);
    let ids: Vec<_> =
        found.pairs.iter().map(|p| (p.conversations.good[0].number(), p.conversations.bad[0].number())).collect();
    assert_eq!(ids, [(1, 0), (0, 1)]);
    assert_eq!(found.pair, Some(1));
    assert_eq!(explains(&found)[0].0, "server_name");
}

#[test]
fn a_pair_by_hand_and_two_conversations_of_one_capture() {
    let both = capture(|net| {
        works(net);
        net.wait_secs(60);
        refused(net);
    });
    let found = of_captures(
        std::slice::from_ref(&both),
        &both,
        &[Both { good: ConversationId::new(0), bad: ConversationId::new(1) }],
    );
    assert_eq!((found.result, found.fork.as_ref().unwrap().message), (ComparisonResult::Diverges, 3));
    assert_eq!(found.cause.map(RuleId::as_str), Some("nrpc-name-mismatch-alias"));
    assert_eq!((found.pairs.len(), found.pairs[0].score), (1, 100));
}

#[test]
fn retries_are_gaps_that_close_again() {
    let phone = |net: &Network| crate::testing::phone(net);
    let good = |net: &Network| crate::testing::register(&phone(net));
    let bad = |net: &Network| {
        let phone = phone(net);
        let first = phone.register();
        phone.sends(&first).sends(&first);
        let challenge = first.response(401).challenge("example.com", "8f3c");
        let second = phone.register().credentials(&challenge, "ann", "secret");
        phone.hears(&challenge).sends(&second).sends(&second);
        phone.hears(second.response(200).contact_of(&second).expires(1800));
    };
    assert_eq!(compared(good, bad).result, ComparisonResult::Same);
}

#[test]
fn another_answer_is_where_they_part() {
    let good = |net: &Network| crate::testing::register(&crate::testing::phone(net));
    let bad = |net: &Network| {
        let phone: sip::Phone = crate::testing::phone(net);
        let first = phone.register();
        let challenge = first.response(401).challenge("example.com", "8f3c");
        let second = phone.register().credentials(&challenge, "ann", "secret");
        phone.sends(&first).hears(&challenge).sends(&second).hears(second.response(403));
    };
    let found = compared(good, bad);
    assert_eq!((found.result, found.fork.as_ref().unwrap().message), (ComparisonResult::Diverges, 4));
    assert!(explains(&found).iter().any(|(field, ..)| *field == "status"), "{:?}", explains(&found));
}

#[test]
fn a_name_that_does_not_resolve() {
    let ask = |net: &Network, answers: &[Record]| {
        net.resolve(&net.host("10.1.0.50"), &net.host("10.1.0.2"), "sametime004.acme.example", A, answers);
    };
    let found = compared(
        |net| {
            ask(net, &[Record::address("sametime004.acme.example", "10.1.0.9")]);
            works(net);
        },
        |net| ask(net, &[]),
    );
    assert_eq!(found.result, ComparisonResult::Diverges);
    assert!(found.headline.contains("query for sametime004.acme.example"), "{}", found.headline);
}

/// The working client goes on to Sametime, the failing one never does.
#[test]
fn a_conversation_that_never_comes() {
    let chat = |net: &Network| {
        works(net);
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1533);
        tcp.vp_works(&nrpcsniff_samples::sametime::Login::rc2_128("CN=Ann Smith/O=ACME")).vp_logout();
    };
    let found = compared(chat, |net| {
        works(net);
        crate::testing::idle(net, 60);
    });
    assert_eq!(found.result, ComparisonResult::Diverges);
    assert!(found.explanation.contains("then speaks Sametime"), "{}", found.explanation);
    let cut = compared(chat, |net| {
        connect(net).works(REAL, 4);
    });
    assert_eq!(cut.result, ComparisonResult::Inconclusive, "{}", cut.explanation);
}

/// What strangers do in a capture is no part of the story.
#[test]
fn what_a_stranger_says_in_the_working_capture_is_not_missed() {
    let found = compared(
        |net| {
            works(net);
            let tcp = net.connect(&net.host("10.1.0.77"), &net.host("10.1.0.9"), 1533);
            tcp.vp_works(&nrpcsniff_samples::sametime::Login::rc2_128("CN=Bob Ray/O=ACME")).vp_logout();
        },
        |net| {
            works(net);
            crate::testing::idle(net, 60);
        },
    );
    assert_eq!(found.result, ComparisonResult::Same, "{}", found.explanation);
}

#[test]
fn a_reset_on_the_path_after_everything_went_alike() {
    let found = compared(works, |net| {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux().ttl(60), 1352);
        tcp.works(REAL, 4).wait_secs(1).middlebox_rst(Side::Client, 250);
    });
    assert_eq!(found.result, ComparisonResult::Diverges);
    assert!(found.explanation.contains("something on the path"), "{}", found.explanation);
}
