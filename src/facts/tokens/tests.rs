use crate::facts::tokens::{Channel, ShowingOutcome, ShowingRefusal};
use crate::facts::{Case, Settings};
use crate::testing::analysis;
use crate::testing::tokens::{
    ANN, PC, both, browser, chat, domino, keys, login, mail, portal, register, served, shared, visit,
};
use nrpcsniff_dissectors::ltpa::Class;
use nrpcsniff_samples::{Network, http, ltpa};

#[test]
fn one_token_is_followed_over_all_protocols() {
    let net = Network::new();
    let token = domino(&net, ANN);
    let visit = visit(&browser(&net), &mail(&net));
    login(&visit, "asmith", vec![shared("LtpaToken", &token)]);
    served(&visit, "/mail/asmith.nsf");
    register(&net, PC, ("LtpaToken", &token), Some(401));
    chat(&net, PC, ANN, &[&token]).vp_accept("uid", ANN);
    chat(&net, PC, ANN, &[&token]).vp_refuse(0x8000_0015);
    let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
    let case = Case::new(&analysis, &settings);
    let issues: Vec<_> = case.tokens().issues().collect();
    assert_eq!(issues.len(), 1);
    assert_eq!((issues[0].host.as_str(), issues[0].login), ("mail.example.com", Some("asmith")));
    let print = issues[0].known.token.fingerprint;
    let shown: Vec<_> = case.tokens().showings_of(print).collect();
    let outcomes: Vec<_> = shown.iter().map(|showing| showing.outcome).collect();
    assert_eq!(
        outcomes,
        [
            ShowingOutcome::Accepted,
            ShowingOutcome::Refused(ShowingRefusal::Status(401)),
            ShowingOutcome::Accepted,
            ShowingOutcome::Refused(ShowingRefusal::Reason(0x8000_0015))
        ]
    );
    assert!(matches!(shown[0].channel, Channel::Http { .. }) && shown[1].channel == Channel::Sip);
    assert_eq!(shown[1].claim.as_deref(), Some("ann@example.com"));
    assert_eq!(shown[2].accepted_as, ["uid", ANN]);
    assert!(case.tokens().was_accepted_elsewhen(shown[3]), "the same server took it before");
    assert!(!case.tokens().was_accepted_elsewhen(shown[1]), "another server did");
}

#[test]
fn a_chat_token_has_the_version_of_its_cookie() {
    let net = Network::new();
    let v2 = ltpa::DEMO.v2("CN=Ann,O=ACME", net.now() + ltpa::MINUTE);
    login(&visit(&browser(&net), &portal(&net)), "asmith", vec![shared("LtpaToken2", &v2)]);
    chat(&net, PC, ANN, &[&v2]);
    let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
    let case = Case::new(&analysis, &settings);
    let last = case.tokens().showings().last().expect("a login");
    assert_eq!((last.tokens[0].class, last.outcome), (Class::WebsphereV2, ShowingOutcome::Unknown));
    assert_eq!(last.tokens[0].user(), None);
}

#[test]
fn keys_open_what_they_fit() {
    let net = Network::new();
    let web = visit(&browser(&net), &portal(&net));
    login(&web, "asmith", both(&net, &ltpa::DEMO));
    login(&web, "asmith", both(&net, &ltpa::OTHER));
    let (analysis, settings) = (analysis(&net.to_pcapng()), keys());
    let case = Case::new(&analysis, &settings);
    let users: Vec<_> = case.tokens().issues().map(|issue| issue.known.user()).collect();
    assert_eq!(users, [Some("CN=Ann Smith,O=ACME"), Some("CN=Ann Smith,O=ACME"), None, None]);
}

#[test]
fn what_says_nothing_of_a_token_is_unknown() {
    let net = Network::new();
    let web = visit(&browser(&net).has("example.com", "LtpaToken", &domino(&net, ANN)), &mail(&net));
    web.ask(http::get("/login.jsp")).reply(http::response(200).html("form"));
    web.ask(http::get("/style.css")).reply(http::response(200).html("style"));
    web.ask(http::get("/gone")).reply(http::response(404));
    web.ask(http::get("/broken")).reply(http::response(500));
    web.ask(http::get("/logout")).reply(http::response(302).location("/login.jsp"));
    web.ask(http::get("/app")).reply(http::response(302).location("https://idp.example.org/auth?client_id=app"));
    web.ask(http::get("/cut"));
    let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
    let case = Case::new(&analysis, &settings);
    let outcomes: Vec<_> = case.tokens().showings().iter().map(|showing| showing.outcome).collect();
    assert_eq!(outcomes, [ShowingOutcome::Unknown; 7]);
}

#[test]
fn a_deletion_is_no_issue() {
    let net = Network::new();
    let web = visit(&browser(&net), &mail(&net));
    for gone in [shared("LtpaToken", ""), shared("LtpaToken", "x").max_age(0), shared("LtpaToken", "undefined")] {
        web.ask(http::get("/")).reply(http::response(200).set_cookie(gone));
    }
    let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
    let case = Case::new(&analysis, &settings);
    assert_eq!(case.tokens().issues().count(), 0);
}

#[test]
fn clocks_are_read_from_date_headers() {
    let net = Network::new();
    let web = visit(&browser(&net), &mail(&net).clock_ahead(300));
    for _ in 0..3 {
        served(&web, "/");
    }
    web.ask(http::get("/old")).reply(http::response(200));
    let by_proxy = visit(&browser(&net), &portal(&net).clock_ahead(900));
    by_proxy.ask(http::get("/")).reply(http::response(200).header("Via", "1.1 proxy"));
    let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
    let case = Case::new(&analysis, &settings);
    let ahead = case.tokens().clocks().of(mail(&net).ip()).expect("a clock").ahead;
    assert!((ahead - 300.0).abs() < 1.0, "{ahead}");
    assert_eq!(case.tokens().clocks().of(portal(&net).ip()), None);
}
