//! Tokens that arrive and are not accepted: expired, of other keys, of another clock, of another person, twice.

use super::http::{domino_login, fills_in, logs_in, page, sent_to_login, shared, to_domino_login};
use super::{ANN, Sample, browser, chat, expected_end, mail, meet, portal};
use crate::file::Format;
use crate::http::{self, cookie};
use crate::link::Link;
use crate::ltpa::{self, MINUTE};
use crate::net::Network;
use crate::time::SECOND;

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "http-token-expired",
        story: "A Domino token ends in the middle of a user's work: one page is still served, the next, a minute later, sends the \
                browser to the login.",
        see: "The end of the token, readable without keys, lies between two requests.",
        rules: &["ltpa-expired"],
        format: || Format::pcapng().interface("eth0"),
        tell: expired,
    },
    Sample {
        name: "http-clock-skew",
        story: "The mail server's clock is two and a half minutes ahead. Its token is from the chat proxy's future and refused at once; \
                three minutes later the same token is good.",
        see: "Two Date headers 150 s apart; a token created after the Date of who refused it.",
        rules: &["ltpa-clock-skew"],
        format: || Format::pcap().nanoseconds(),
        tell: clock_skew,
    },
    Sample {
        name: "http-key-mismatch",
        story: "Portal and meeting server do not share their LTPA keys: each refuses the other's token and issues its own, and the user \
                logs in at every change between them.",
        see: "Two LtpaTokens whose first cipher blocks differ.",
        rules: &["ltpa-key-mismatch"],
        format: || Format::pcapng().microseconds().interface("eth0"),
        tell: key_mismatch,
    },
    Sample {
        name: "http-keys-changed",
        story: "The mail server takes the portal's tokens. Then WebSphere makes new LTPA keys by itself; the tokens of the next login are \
                refused, for Domino still has the old keys.",
        see: "Two tokens of one issuer whose first cipher blocks differ; the older was taken, the newer is not.",
        rules: &["ltpa-key-mismatch"],
        format: || Format::pcapng().interface("eth0"),
        tell: keys_changed,
    },
    Sample {
        name: "http-duplicate-token",
        story: "The mail server has set an LtpaToken for its own host, the portal one for the whole domain: the browser sends both, and \
                the mail server reads the wrong one.",
        see: "Two cookies of one name with different values in one request.",
        rules: &["ltpa-duplicate", "ltpa-domain-narrow"],
        format: Format::pcap,
        tell: duplicate,
    },
    Sample {
        name: "http-token-overwritten",
        story: "The portal has given its user an LtpaToken2 for the whole domain. A reporting server of another WebSphere cell sets a cookie of \
                the same name for the same domain: the portal refuses that, and the user is logged out.",
        see: "Two Set-Cookie of one name, domain and path, by two hosts; the second is refused by the first.",
        rules: &["ltpa-overwritten"],
        format: || Format::pcapng().interface("eth0"),
        tell: overwritten,
    },
    Sample {
        name: "http-undefined",
        story: "A script of the chat page could not read the token and has set the cookie anew to what it got: undefined. The chat proxy asks \
                for a login.",
        see: "Cookie: LtpaToken=undefined, answered by 401.",
        rules: &["ltpa-undefined-http"],
        format: || Format::pcap().nanoseconds(),
        tell: undefined,
    },
    Sample {
        name: "http-token-name",
        story: "The mail server's Web SSO document is called ExampleToken, and so is its cookie; the chat proxy looks for LtpaToken and \
                finds nobody logged in.",
        see: "A token in a cookie of another name, sent and not accepted.",
        rules: &["ltpa-name-not-expected"],
        format: || Format::pcap().link(Link::Sll),
        tell: other_name,
    },
    Sample {
        name: "http-wrong-identity",
        story: "A user logs in as asmith; the token that comes back is that of the administrator of the file registry.",
        see: "The name in the form against the name in the token.",
        rules: &["ltpa-wrong-identity"],
        format: || Format::pcap().big_endian().nanoseconds(),
        tell: wrong_identity,
    },
    Sample {
        name: "http-name-unmapped",
        story: "The token names its user as the LDAP directory does; the mail server does not know her by that name and answers 401 to \
                every page of hers.",
        see: "A good token of uid=asmith,ou=people,dc=example,dc=com and 401.",
        rules: &["sso-name-unmapped"],
        format: || Format::pcap().link(Link::Vlan(12)),
        tell: name_unmapped,
    },
];

fn expired(net: &Network) {
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now() - 29 * MINUTE, net.now() + MINUTE);
    let mail = browser(net).has("example.com", "LtpaToken", &token).open(&mail(net), 80, "mail.example.com");
    for second in [0, 25] {
        net.at(second * 1000);
        mail.ask(http::get("/mail/asmith.nsf?OpenDatabase")).reply(page());
    }
    net.at(95_000);
    mail.ask(http::get("/mail/asmith.nsf/Inbox?OpenView")).reply(to_domino_login("/mail/asmith.nsf"));
    mail.wait(5).ask(http::get("/names.nsf?Login")).reply(page());
    mail.wait(3_000).tcp().client_fin();
}

fn clock_skew(net: &Network) {
    let browser = browser(net);
    let ahead = mail(net).clock_ahead(150);
    let token = ltpa::domino("CN=Ann Smith/O=ACME", ahead.clock(), ahead.clock() + 30 * MINUTE);
    let mail = browser.open(&ahead, 80, "mail.example.com");
    domino_login(&mail, "/mail/asmith.nsf", vec![shared("LtpaToken", &token)]);
    net.wait(2_000);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    sent_to_login(&chat, "/stwebclient/popup.jsp");
    net.wait(180_000);
    chat.ask(http::get("/stwebclient/popup.jsp")).reply(page());
    for visit in net.any_order([&chat, &mail]) {
        visit.wait(900).tcp().client_fin();
    }
}

fn key_mismatch(net: &Network) {
    let browser = browser(net);
    let (ours, theirs) = (ltpa::DEMO, ltpa::OTHER);
    let both = |keys: ltpa::Keys| {
        let (v1, v2) = (keys.v1(ANN, expected_end(net)), keys.v2(ANN, expected_end(net)));
        vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1)]
    };
    let portal = browser.open(&portal(net), 80, "portal.example.com");
    logs_in(&portal, "/wps/myportal", both(ours));
    net.wait(1_000);
    let meet = browser.open(&meet(net), 80, "meet.example.com");
    logs_in(&meet, "/stmeetings/", both(theirs));
    net.wait(3_000);
    logs_in(&portal, "/wps/myportal", both(ours));
    net.wait(2_000);
    sent_to_login(&meet, "/stmeetings/");
    for visit in net.any_order([&meet, &portal]) {
        visit.wait(900).tcp().client_fin();
    }
}

fn keys_changed(net: &Network) {
    let mail_server = mail(net);
    for (keys, is_taken) in [(ltpa::DEMO, true), (ltpa::OTHER, false)] {
        let browser = browser(net);
        let portal = browser.open(&portal(net), 80, "portal.example.com");
        let (v1, v2) = (keys.v1(ANN, expected_end(net)), keys.v2(ANN, expected_end(net)));
        logs_in(&portal, "/wps/myportal", vec![shared("LtpaToken2", &v2), shared("LtpaToken", &v1)]);
        portal.wait(2_000).tcp().client_fin();
        let mail = browser.open(&mail_server, 80, "mail.example.com");
        let answer = if is_taken { page() } else { http::response(401).challenge("/mail") };
        mail.ask(http::get("/mail/asmith.nsf")).reply(answer.header("Server", "Lotus-Domino"));
        mail.wait(2_000).tcp().client_fin();
        net.wait_secs(600);
    }
}

fn duplicate(net: &Network) {
    let browser = browser(net);
    let (mail_server, portal_server) = (mail(net), portal(net));
    let mail = browser.open(&mail_server, 80, "mail.example.com");
    let own = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 30 * MINUTE);
    domino_login(&mail, "/mail/asmith.nsf", vec![cookie("LtpaToken", &own).path("/")]);
    net.wait(4_000);
    let portal = browser.open(&portal_server, 80, "portal.example.com");
    let wide = ltpa::DEMO.v1(ANN, expected_end(net));
    logs_in(&portal, "/wps/myportal", vec![shared("LtpaToken", &wide)]);
    net.wait(2_000);
    for _ in 0..2 {
        mail.wait(600).ask(http::get("/mail/asmith.nsf/Inbox?OpenView")).reply(to_domino_login("/mail/asmith.nsf"));
    }
    for visit in net.any_order([&portal, &mail]) {
        visit.wait(900).tcp().client_fin();
    }
}

fn overwritten(net: &Network) {
    let browser = browser(net);
    let portal = browser.open(&portal(net), 80, "portal.example.com");
    let token = |keys: ltpa::Keys| shared("LtpaToken2", &keys.v2(ANN, expected_end(net)));
    logs_in(&portal, "/wps/myportal", vec![token(ltpa::DEMO)]);
    net.wait(3_000);
    let reports = browser.open(&net.host("10.1.0.25").linux().ttl(63), 80, "reports.example.com");
    fills_in(&reports, "/reports", vec![token(ltpa::OTHER)]);
    net.wait(3_000);
    portal.ask(http::get("/wps/myportal/news")).reply(http::response(401).challenge("portal"));
    for visit in net.any_order([&reports, &portal]) {
        visit.wait(900).tcp().client_fin();
    }
}

fn undefined(net: &Network) {
    let browser = browser(net).has("example.com", "LtpaToken", "undefined");
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    for _ in 0..2 {
        chat.wait(500).ask(http::get("/stwebapi/user")).reply(http::response(401).challenge("chat"));
    }
    chat.wait(900).tcp().client_fin();
}

fn other_name(net: &Network) {
    let browser = browser(net);
    let mail = browser.open(&mail(net), 80, "mail.example.com");
    let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 30 * MINUTE);
    domino_login(&mail, "/mail/asmith.nsf", vec![shared("ExampleToken", &token)]);
    net.wait(2_000);
    let chat = browser.open(&chat(net), 80, "chat.example.com");
    sent_to_login(&chat, "/stwebclient/popup.jsp");
    for visit in net.any_order([&chat, &mail]) {
        visit.wait(900).tcp().client_fin();
    }
}

fn wrong_identity(net: &Network) {
    let browser = browser(net);
    let meet = browser.open(&meet(net), 80, "meet.example.com");
    sent_to_login(&meet, "/stmeetings/");
    let admin = ltpa::domino("uid=wasadmin,o=defaultWIMFileBasedRealm", net.now() + 4 * SECOND, expected_end(net));
    fills_in(&meet, "/stmeetings/", vec![shared("LtpaToken", &admin)]);
    meet.wait(10).ask(http::get("/stmeetings/")).reply(page());
    meet.wait(900).tcp().client_fin();
}

fn name_unmapped(net: &Network) {
    let browser = browser(net);
    let portal = browser.open(&portal(net), 80, "portal.example.com");
    let token = ltpa::domino("uid=asmith,ou=people,dc=example,dc=com", net.now() + 4 * SECOND, expected_end(net));
    logs_in(&portal, "/wps/myportal", vec![shared("LtpaToken", &token)]);
    net.wait(1_500);
    let mail = browser.open(&mail(net), 80, "mail.example.com");
    for path in ["/mail/asmith.nsf", "/mail/asmith.nsf/Inbox?OpenView", "/mail/asmith.nsf"] {
        mail.wait(700).ask(http::get(path)).reply(http::response(401).challenge("/mail").html("not authorized"));
    }
    for visit in net.any_order([&mail, &portal]) {
        visit.wait(900).tcp().client_fin();
    }
}
