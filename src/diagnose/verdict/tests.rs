//! Verdicts over whole captures: each kind, and what looks like it.

use super::wishes::WishCount;
use super::{Wishes, judge, verdict, words};
use crate::diagnose::{ExpectedServer, Settings, conclude};
use crate::facts::tls::tests::{MEET, get};
use crate::model::{Analysis, AttemptKind, Input, Severity, Unjudged, Verdict, VerdictKind};
use crate::testing::logs::log;
use crate::testing::tokens::{browser, mail, served, visit};
use crate::testing::{analysis, idle};
use nrpcsniff_samples::tls::Tls;
use nrpcsniff_samples::{Format, Network, Segment, Side, nrpc, stories};

const MAIL: &str = "CN=Mail01/O=Acme";

/// The verdict on a capture of the collection.
fn of_sample(name: &str) -> Verdict {
    let sample = stories::all().find(|sample| sample.file_name().starts_with(&format!("{name}."))).unwrap();
    conclude(&analysis(&sample.bytes()), &Settings::default()).1.verdict
}

/// The verdict on what happens on a network.
fn of(story: impl FnOnce(&Network)) -> Verdict {
    let net = Network::new();
    story(&net);
    conclude(&analysis(&net.to_pcapng()), &Settings::default()).1.verdict
}

/// Captures of the collection that come to that, with what the verdict says.
fn come_to(kind: VerdictKind, samples: &[(&str, &str)]) {
    for (name, part) in samples {
        let verdict = of_sample(name);
        assert_eq!(verdict.kind, kind, "{name}: {verdict:?}");
        assert!(verdict.text.contains(part), "{name}: {}", verdict.text);
    }
}

fn works(net: &Network, client: &str) {
    net.connect(&net.host(client), &net.host("10.1.0.9"), 1352).works(MAIL, 3);
}

/// Somebody asks for an alias and leaves; again.
fn refused(net: &Network, client: &str) {
    for _ in 0..2 {
        let tcp = net.connect(&net.host(client), &net.host("10.1.0.9"), 1352);
        tcp.session("mail.acme.example", MAIL).wait(3).client_fin();
    }
}

fn counts(kind: AttemptKind, count: WishCount) -> Wishes {
    Wishes { of: [(kind, count)].into(), ..Wishes::default() }
}

#[test]
fn a_fault_is_what_a_finding_gives_the_cause_of() {
    let found = of(|net| {
        refused(net, "10.1.0.50");
        works(net, "10.1.0.51");
    });
    assert_eq!((found.kind, found.finding), (VerdictKind::Fault, Some(0)));
    assert!(found.text.contains("mail.acme.example"), "{}", found.text);
    assert_eq!(found.tried, "1 of 3 Notes sessions opened; 2 refused.");
    assert!(found.cautions.is_empty());
    come_to(
        VerdictKind::Fault,
        &[
            ("nrpc-silent", "No answer"),
            ("st-server-full", "takes no more users"),
            ("sip-undefined-tls13", "undefined"),
            ("nrpc-loss", "were lost"),
        ],
    );
}

#[test]
fn a_small_fault_is_told_where_somebody_did_not_get_in() {
    let verdict = of_sample("st-two-servers");
    assert_eq!(
        (verdict.kind, verdict.tried.as_str()),
        (VerdictKind::Fault, "1 of 2 Sametime logins accepted; 1 refused.")
    );
}

#[test]
fn what_fails_without_a_cause_is_said_to_fail() {
    come_to(
        VerdictKind::Failed,
        &[
            ("http-wrong-password", "refused (the login form again)"),
            ("http-login-refused", "refused (403 Forbidden)"),
            ("ldap-bind-refused", "locked out"),
            ("sip-lapsed", "was lost"),
            ("nrpc-early-close", "ended right after its opening"),
        ],
    );
    // No rule has a word for it.
    let how = Some("refused (internal_error (80) of the client)".to_owned());
    let wishes =
        counts(AttemptKind::Tls, WishCount { granted: 1, refused: 15, untold: 15, how, ..WishCount::default() });
    let found = verdict(&Analysis::default(), &[], &wishes);
    assert_eq!((found.kind, found.finding), (VerdictKind::Failed, None));
    assert_eq!(
        found.text,
        "It fails, and the capture does not show why. 1 of 16 TLS connections opened; 15 refused. The first: refused \
         (internal_error (80) of the client)."
    );
}

#[test]
fn it_works_where_it_was_seen_to_be_granted() {
    let verdict = of(|net| {
        works(net, "10.1.0.50");
        works(net, "10.1.0.51");
    });
    assert_eq!((verdict.kind, verdict.finding), (VerdictKind::Works, None));
    assert_eq!(verdict.text, "Sign-on works, as far as the capture shows it: 2 of 2 Notes sessions opened.");
    come_to(
        VerdictKind::Works,
        &[
            ("http-both-tokens", "2 of 2 web logins accepted. 3 of 3 sign-on tokens accepted."),
            ("st-redirect", "1 of 1 Sametime login accepted."),
            ("sip-call", "1 of 1 call set up."),
            ("ldap-starttls", "4 of 4 directory binds accepted."),
            // Slow, and it works all the same.
            ("nrpc-chatty", "1 of 1 Notes session opened."),
            // What failed was granted to the same client soon after.
            ("nrpc-server-restart", "8 of 8 Notes sessions opened, after 8 attempts that failed."),
            ("st-bad-password", "1 of 1 Sametime login accepted, after 1 attempt that failed."),
            ("tls-others", "1 of 1 Notes session opened."),
            // Bytes are missing, and not where they would tell.
            ("nrpc-drops", "1 of 1 Notes session opened."),
        ],
    );
}

#[test]
fn what_was_not_judged_in_part_is_a_caution() {
    let half = |net: &Network| {
        works(net, "10.1.0.50");
        let tcp = net.connect(&net.host("10.1.0.51"), &net.host("10.1.0.9"), 1352);
        tcp.client(nrpc::SessionRequest::new(MAIL, net.now()).encode());
    };
    let verdict = of(half);
    assert_eq!(verdict.kind, VerdictKind::Works);
    assert!(verdict.text.ends_with("1 of 2 Notes sessions opened; 1 undecided."), "{}", verdict.text);
    assert!(verdict.cautions[0].starts_with("1 Notes session: the capture ends"), "{:?}", verdict.cautions);
}

#[test]
fn a_way_of_which_nothing_is_seen_to_be_granted_leaves_it_undecided() {
    let mut wishes = counts(AttemptKind::NrpcOpen, WishCount { granted: 3, ..WishCount::default() });
    let open = |why| WishCount { unknown: [(why, 2)].into(), ..WishCount::default() };
    wishes.add(counts(AttemptKind::SipRegister, open(Unjudged::CaptureEnds)));
    let kind = |wishes: &Wishes| judge(&Analysis::default(), &[], wishes).0;
    assert_eq!(kind(&wishes), VerdictKind::Undecided);
    let text = words::undecided(&wishes, &words::Survey::default());
    assert!(text.contains("3 of 3 Notes sessions opened.") && text.contains("2 SIP registrations: the capture ends"));
    // One of the two ways into the web is enough; what had begun before was not tried within the capture.
    let mut wishes = counts(AttemptKind::HttpToken, WishCount { granted: 1, ..WishCount::default() });
    wishes.add(counts(AttemptKind::HttpLogin, open(Unjudged::UnknownForm)));
    wishes.add(counts(AttemptKind::NrpcOpen, open(Unjudged::BegunBefore)));
    assert_eq!(kind(&wishes), VerdictKind::Works);
}

#[test]
fn what_cannot_be_told_says_why_and_how_to_get_it() {
    let samples = [
        ("nrpc-cut", "1 Notes session: frames were cut", "tcpdump -s 0"),
        ("nrpc-oneway", "1 Notes session: only one direction was captured", "Capture both directions"),
        ("nrpc-alias-cut", "1 Notes session: the capture ends before an answer was due", "Let the capture run"),
        ("nrpc-opaque", "1 Notes session: what would tell is encrypted", "log"),
        ("nrpc-midstream", "1 Notes session: it had begun before the capture", "Begin the capture first"),
        ("sip-undefined-tls13-no-key", "3 TLS connections: what would tell is encrypted", "--keylog"),
    ];
    for (name, text, way) in samples {
        let verdict = of_sample(name);
        assert_eq!(verdict.kind, VerdictKind::Undecided, "{name}: {verdict:?}");
        assert!(verdict.text.starts_with("It cannot be told whether sign-on works."), "{name}: {}", verdict.text);
        assert!(verdict.text.contains(text), "{name}: {}", verdict.text);
        assert!(verdict.cautions[0].contains(way), "{name}: {:?}", verdict.cautions);
    }
}

#[test]
fn the_server_that_was_asked_about_is_not_there() {
    let sample = stories::all().find(|sample| sample.file_name().starts_with("nrpc-wrong-place.")).unwrap();
    let expected = ExpectedServer { name: "Mail03/Servers/Example".to_owned(), aliases: Vec::new() };
    let settings = Settings { expected: vec![expected], ..Settings::default() };
    let (findings, conclusion) = conclude(&analysis(&sample.bytes()), &settings);
    let verdict = conclusion.verdict;
    assert_eq!(verdict.kind, VerdictKind::Undecided);
    assert_eq!(findings[verdict.finding.unwrap()].rule, "cap-wrong-place");
    assert!(verdict.text.contains("Mail03/Servers/Example is not in the capture"), "{}", verdict.text);
}

#[test]
fn nothing_was_tried() {
    let verdict = of(|net| {
        served(&visit(&browser(net), &mail(net)), "/index.html");
    });
    assert_eq!(verdict.kind, VerdictKind::Nothing);
    assert_eq!(verdict.text, "No sign-on was seen: 1 HTTP conversation, and nobody signed on there.");
    assert!(!verdict.cautions.is_empty());
    let verdict = of(|net| idle(net, 10));
    assert_eq!(verdict.kind, VerdictKind::Nothing);
    assert!(verdict.text.contains("content that can be read"), "{}", verdict.text);
    // What is only good to know is no fault, though the connection came to nothing.
    for name in ["nrpc-tls-on-1352", "st-lb-probes", "nrpc-http-on-1352", "http-anonymous"] {
        assert_eq!(of_sample(name).kind, VerdictKind::Nothing, "{name}");
    }
}

#[test]
fn tls_without_a_key_may_hold_anything() {
    let sealed = |net: &Network| get(net, &Tls::v13(MEET));
    let net = Network::new();
    sealed(&net);
    let verdict = conclude(&analysis(&net.to_pcap()), &Settings::default()).1.verdict;
    assert_eq!(verdict.kind, VerdictKind::Undecided, "{verdict:?}");
    // Where something else was granted it is only a limit.
    let net = Network::new();
    sealed(&net);
    works(&net, "10.1.0.50");
    let verdict = conclude(&analysis(&net.to_pcap()), &Settings::default()).1.verdict;
    assert_eq!(verdict.kind, VerdictKind::Works);
    assert!(verdict.cautions[0].starts_with("1 TLS connection: what would tell is encrypted"), "{verdict:?}");
}

/// Of a sign-on of which the frames were cut, or one side was captured, nothing need be left that looks like one.
#[test]
fn what_is_not_there_to_be_seen_is_not_nothing() {
    let wrong = |net: &Network| {
        let visit = visit(&browser(net), &mail(net));
        served(&visit, "/mail.nsf");
    };
    let net = Network::new();
    wrong(&net);
    assert_eq!(conclude(&analysis(&net.to_pcap()), &Settings::default()).1.verdict.kind, VerdictKind::Nothing);
    let cut = net.write(&Format::pcap().snaplen(100));
    let verdict = conclude(&analysis(&cut), &Settings::default()).1.verdict;
    assert_eq!(verdict.kind, VerdictKind::Undecided, "{verdict:?}");
    assert!(verdict.text.contains("1 web login: frames were cut"), "{}", verdict.text);
}

#[test]
fn no_packets_and_no_match_are_told_apart() {
    let input = analysis(&Network::new().to_pcap()).inputs.remove(0);
    let of = |packets| {
        let analysis = Analysis { inputs: vec![Input { packets, ..input.clone() }], ..Analysis::default() };
        verdict(&analysis, &[], &Wishes::default()).text
    };
    assert!(of(0).contains("no packets in the capture"));
    assert!(of(3).contains("no packet matched the filter"));
}

#[test]
fn a_log_that_tells_of_no_fault_is_no_proof() {
    let of = |text: &str| {
        let analysis = Analysis { logs: vec![log("console.log", text)], ..Analysis::default() };
        conclude(&analysis, &Settings::default()).1.verdict
    };
    let verdict = of("nothing of any kind\n");
    assert_eq!(verdict.kind, VerdictKind::Nothing);
    assert!(verdict.text.contains("Nothing of sign-on was understood in 1 line"), "{}", verdict.text);
    assert!(!verdict.text.contains("No fault"));
}

/// The worst of what is counted over several captures stands, and nothing is counted twice.
#[test]
fn wishes_of_several_captures_add_up() {
    let count = WishCount {
        granted: 2,
        refused: 1,
        mended: 1,
        unknown: [(Unjudged::Encrypted, 1)].into(),
        ..WishCount::default()
    };
    let mut wishes = counts(AttemptKind::NrpcOpen, count.clone());
    wishes.add(counts(AttemptKind::NrpcOpen, count));
    wishes.add(counts(AttemptKind::Dns, WishCount { unanswered: 1, ..WishCount::default() }));
    assert_eq!(
        words::tried(&wishes),
        "4 of 8 Notes sessions opened, after 2 attempts that failed; 2 refused; 2 undecided. 0 of 1 server name resolved; 1 \
         unanswered."
    );
}

/// A finding about the capture is never the verdict, and one of information is no fault.
#[test]
fn severities_below_a_fault_do_not_speak() {
    let sample = stories::all().find(|sample| sample.file_name().starts_with("nrpc-idle-close.")).unwrap();
    let (findings, conclusion) = conclude(&analysis(&sample.bytes()), &Settings::default());
    let verdict = conclusion.verdict;
    assert!(findings.iter().all(|finding| finding.severity == Severity::Info) && !findings.is_empty());
    assert_eq!((verdict.kind, verdict.finding), (VerdictKind::Works, None));
}

/// Bytes in two versions: what they alone show is told, and is not what the capture comes to.
#[test]
fn what_rests_on_disputed_bytes_is_no_verdict() {
    let found = of(|net| {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        let (first, second) = ("CN=Chat01/O=Acme", MAIL);
        let request = tcp.request_for(first).encode();
        let place = request.windows(first.len()).position(|bytes| bytes == first.as_bytes()).unwrap();
        let mut other = request.clone();
        other[place..place + second.len()].copy_from_slice(second.as_bytes());
        tcp.segment(Side::Client, Segment::data(0, request)).client(other);
        tcp.wait(1).response(MAIL).wait(3).client_fin();
    });
    assert_eq!((found.kind, found.finding), (VerdictKind::Undecided, None), "{}", found.text);
    assert!(found.text.contains("in two versions"), "{}", found.text);
}

/// A session that had opened before anybody disputed anything has opened.
#[test]
fn what_was_decided_before_the_dispute_stays_decided() {
    let found = of(|net| {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        tcp.works(MAIL, 2);
        tcp.segment(Side::Client, Segment::data(0, vec![7; 40])).client(vec![8; 40]).wait(200);
    });
    assert_eq!(found.kind, VerdictKind::Works, "{}", found.text);
}

/// Frames out of order: neither an end nor a beginning is where it seems to be.
#[test]
fn frames_out_of_order_say_so() {
    let net = Network::new();
    works(&net, "10.1.0.50");
    let found = conclude(&analysis(&net.write(&Format::pcap().reversed())), &Settings::default()).1.verdict;
    assert_eq!(found.kind, VerdictKind::Undecided);
    assert!(found.text.contains("not in the order of their times"), "{}", found.text);
    assert!(found.cautions.first().is_some_and(|caution| caution.contains("reordercap")), "{:?}", found.cautions);
}
