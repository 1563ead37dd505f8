//! Which of two captures has the fault is recognised, whichever way round they are given; and nothing that failed or could not be
//! judged is called no difference.

use super::tests::{ALIAS, Judged, REAL, capture, compared, connect, of_judged, refused, works, works_for};
use crate::model::{Comparison, ComparisonResult, RuleId, VerdictKind};
use crate::testing::idle;
use crate::testing::tokens::{browser, mail, visit};
use nrpcsniff_samples::{Network, Variation, http, stories};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What is expected of a sample, if it needs no options.
fn expectation(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(format!("{name}.expected.json"));
    let expected: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).unwrap();
    expected["options"].is_null().then_some(expected)
}

fn severities(expected: &Value) -> impl Iterator<Item = &str> {
    expected["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["severity"].as_str())
}

/// Each sample with a fault, its first rule, and the healthy samples that list this rule as absent. What only the capture
/// suffers from is no fault of a sign-on.
fn faults_and_twins() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let expected = stories::all().filter_map(|sample| Some((sample.name, expectation(sample.name)?)));
    let expected: BTreeMap<&str, Value> = expected.collect();
    let healthy: Vec<_> = expected.iter().filter(|(_, e)| severities(e).all(|severity| severity == "info")).collect();
    let twins = |rule: &str| {
        let lists = |e: &Value| e["absent"].as_array().is_some_and(|absent| absent.iter().any(|id| id == rule));
        healthy.iter().filter(|(_, e)| lists(e)).map(|(name, _)| **name).collect::<Vec<_>>()
    };
    let faulty = expected.iter().filter(|(_, e)| severities(e).any(|severity| severity != "info"));
    let rules = faulty.filter_map(|(name, e)| Some((*name, e["findings"][0]["rule"].as_str()?.to_owned())));
    let rules = rules.filter(|(_, rule)| !rule.starts_with("cap-"));
    rules.map(|(name, rule)| (name, rule.clone(), twins(&rule))).collect()
}

#[test]
fn every_fault_is_recognised_either_way_round() {
    let judged = |name: &str| Judged::new(&stories::find(name).unwrap().bytes());
    let mut known: BTreeMap<&str, Judged> = BTreeMap::new();
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for (fault, rule, twins) in faults_and_twins() {
        let bad = judged(fault);
        for twin in twins {
            let good = known.entry(twin).or_insert_with(|| judged(twin));
            let results = [of_judged(&[good], &bad, &[]), of_judged(&[&bad], good, &[])];
            if results.each_ref().map(|found| found.result) != [ComparisonResult::Diverges, ComparisonResult::Swapped] {
                wrong.push(format!("{twin}, {fault} ({rule}): {:#?}", results.map(|found| found.explanation)));
            }
            pairs += 1;
        }
    }
    assert!(wrong.is_empty() && pairs > 100, "{} of {pairs}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Both ways round: they part because of the alias, or were swapped.
fn both_ways(good: &dyn Fn(&Network), bad: &dyn Fn(&Network)) {
    let found = compared(good, bad);
    let alias = Some("nrpc-name-mismatch-alias");
    assert_eq!((found.result, found.cause.map(RuleId::as_str)), (ComparisonResult::Diverges, alias), "{found:#?}");
    let found = compared(bad, good);
    assert_eq!((found.result, found.cause.map(RuleId::as_str)), (ComparisonResult::Swapped, alias), "{found:#?}");
    assert_eq!((&found.fork, found.pair), (&None, None), "nothing is told of where they part");
    assert!(found.headline.contains("the capture given as working has the fault"), "{}", found.headline);
    assert!(found.story.contains(ALIAS) && found.story.contains("other way round"), "{}", found.story);
}

#[test]
fn whatever_else_differs() {
    both_ways(&works, &refused);
    let port = |net: &Network| net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9").linux(), 11_352);
    both_ways(
        &|net| {
            port(net).works(REAL, 4).client_fin();
        },
        &|net| {
            port(net).session(ALIAS, REAL).wait(3).client_fin();
        },
    );
    let others = |net: &Network| {
        for client in ["10.1.0.60", "10.1.0.61", "10.1.0.62"] {
            net.connect(&net.host(client), &net.host("10.1.0.9").linux(), 1352).works(REAL, 3).client_fin();
        }
    };
    both_ways(
        &|net| {
            others(net);
            works(net);
        },
        &|net| {
            refused(net);
            others(net);
        },
    );
    both_ways(
        &|net| {
            works(net);
            works_for(net, "CN=Mail01/OU=Servers/O=ACME", 4);
        },
        &|net| {
            works_for(net, "CN=Mail01/OU=Servers/O=ACME", 6);
            refused(net);
        },
    );
}

/// Over IPv6, and inside TLS whose keys the capture brings along.
#[test]
fn over_other_carriers() {
    let ipv6 = Variation { ipv6: true, ..Variation::none() };
    for (good, bad, rule) in [
        ("nrpc-alias-good", "nrpc-alias", "nrpc-name-mismatch-alias"),
        ("http-token-not-returned-good", "http-token-not-returned-tls13", "ltpa-not-returned"),
        ("sip-undefined-good", "sip-undefined-tls12", "ltpa-undefined-sip"),
        ("st-working", "st-login-failed", "st-login-failed"),
        ("ldap-working", "ldap-bind-refused", "ldap-bind-refused"),
    ] {
        let judged = |name: &str| Judged::new(&stories::find(name).unwrap().varied(&ipv6));
        let (good, bad) = (judged(good), judged(bad));
        let told = |found: Comparison| (found.result, found.cause.map(RuleId::as_str));
        assert_eq!(told(of_judged(&[&good], &bad, &[])), (ComparisonResult::Diverges, Some(rule)));
        assert_eq!(told(of_judged(&[&bad], &good, &[])), (ComparisonResult::Swapped, Some(rule)));
    }
}

/// What cannot be told of one capture cannot be compared with any.
#[test]
fn what_cannot_be_judged_is_never_the_same() {
    let good = Judged::new(&capture(works));
    for name in ["nrpc-cut", "nrpc-oneway", "nrpc-midstream", "nrpc-opaque", "sip-undefined-tls13-no-key"] {
        let bad = Judged::new(&stories::find(name).unwrap().bytes());
        assert_eq!(bad.verdict.kind, VerdictKind::Undecided, "{name}");
        for found in [of_judged(&[&good], &bad, &[]), of_judged(&[&bad], &good, &[]), of_judged(&[&bad], &bad, &[])] {
            assert_eq!(found.result, ComparisonResult::Inconclusive, "{name}: {}", found.explanation);
            assert!(!found.explanation.contains("No difference that matters"), "{name}: {}", found.explanation);
        }
    }
}

/// What the capture of the failing one lacks may have been said, and nobody minds what a scanner meets.
#[test]
fn what_was_not_seen_is_no_fork() {
    let good = Judged::new(&stories::find("nrpc-working").unwrap().bytes());
    for name in ["nrpc-drops", "nrpc-clock-back"] {
        let other = Judged::new(&stories::find(name).unwrap().bytes());
        assert_eq!(of_judged(&[&good], &other, &[]).result, ComparisonResult::Same, "{name}");
        assert_eq!(of_judged(&[&other], &good, &[]).result, ComparisonResult::Same, "{name}");
    }
}

/// The messages go alike, and one of the two is cut off at its end.
#[test]
fn ends_are_compared() {
    let opens = |net: &Network| {
        connect(net).session(REAL, REAL).auth().wait(3).client_fin();
    };
    let ends = |found: &Comparison| {
        let end = found.differences.iter().find(|d| d.field == "end").expect("the ends differ");
        [&end.values.good, &end.values.bad].map(|value| format!("{value:?}"))
    };
    let found = compared(opens, |net| {
        connect(net).session(REAL, REAL).auth().wait(3).server_rst();
    });
    assert_eq!(found.result, ComparisonResult::Diverges, "{}", found.explanation);
    let [good, bad] = ends(&found);
    assert!(good.contains("FIN of the client") && bad.contains("RST of the server"), "{good} {bad}");
    // A server that closes a session that was idle does no harm, and yet it is not called alike.
    let idles = |net: &Network| {
        let tcp = connect(net);
        tcp.works(REAL, 4);
        idle(net, 3600);
        tcp.server_fin();
    };
    let found = compared(works, idles);
    assert!(ends(&found)[1].contains("FIN of the server"), "{:?}", found.differences);
    let told = &found.explanation;
    assert!(!told.contains("so do their ends"), "{told}");
}

/// The status is the same, and a login form comes in place of the page.
#[test]
fn a_login_form_in_place_of_a_page_is_a_difference() {
    let page = |html: &'static str| {
        move |net: &Network| {
            let visit = visit(&browser(net), &mail(net));
            visit.ask(http::get("/mail/ann.nsf")).reply(http::response(200).html(html));
        }
    };
    let inbox = page("<html><title>Inbox</title>3 messages</html>");
    let form =
        page("<html><form method=post action='/names.nsf?Login'><input type=password name=Password></form></html>");
    let found = compared(inbox, form);
    assert_eq!(found.result, ComparisonResult::Diverges, "{}", found.explanation);
    assert!(found.headline.contains("the answer to GET /mail/ann.nsf"), "{}", found.headline);
    assert!(found.explanation.contains("a login form"), "{}", found.explanation);
}
