//! The index over whole captures.

use super::story::{CHAT, CONNECT, MEET, Stage, is_denied, is_served, logs_in, page, to_login, told};
use super::{CookieMatch, CookieRefusal, ExchangeId, HttpExchange, HttpIndex, JarCookie, tokens_sent, tokens_set};
use crate::facts::Thresholds;
use crate::facts::http::pages::{Denial, PageAnswer, Product};
use crate::model::Analysis;
use crate::testing::analysis;
use nrpcsniff_dissectors::http::LoginAnswer;
use nrpcsniff_samples::http::{self, Browser, Cookie, Message, cookie};
use nrpcsniff_samples::{Network, Side, ltpa};

fn read(story: impl FnOnce(&Stage)) -> Analysis {
    analysis(&told(story).to_pcapng())
}

/// Path and status of everything, in order.
fn lines(web: &HttpIndex<'_>) -> Vec<(String, u16)> {
    web.exchanges().iter().map(|exchange| (exchange.path().to_owned(), exchange.status())).collect()
}

/// The request for that path.
fn at<'w, 'a>(web: &'w HttpIndex<'a>, path: &str) -> &'w HttpExchange<'a> {
    web.exchanges().iter().find(|exchange| exchange.path() == path).expect("a request for that path")
}

fn names<'w, 'a: 'w>(stored: impl Iterator<Item = &'w JarCookie<'a>>) -> Vec<&'w str> {
    stored.map(|stored| stored.cookie.name.as_str()).collect()
}

#[test]
fn no_http_no_index() {
    let analysis = Analysis::default();
    let web = HttpIndex::new(&analysis);
    assert!(web.exchanges().is_empty() && web.browsers().is_empty() && web.jar_cookies().is_empty());
    assert!(web.loops(&Thresholds::default()).is_empty() && !web.takes_part("chat"));
}

#[test]
fn requests_find_their_responses() {
    let read = read(|s| {
        let chat = s.open("Chat.Example.com:8080");
        chat.ask(http::get("/one")).ask(http::get("/two"));
        chat.reply(http::response(200)).reply(http::response(404));
        chat.ask(http::post("/three").header("Expect", "100-continue"));
        chat.tcp().server(http::response(100));
        chat.reply(http::response(302).location("/x"));
        chat.ask(http::get("/four"));
    });
    let web = HttpIndex::new(&read);
    let want = [("/one", 200), ("/two", 404), ("/three", 302), ("/four", 0)];
    assert_eq!(lines(&web), want.map(|(path, status)| (path.to_owned(), status)));
    let one = at(&web, "/one");
    assert_eq!((one.host.as_str(), one.url().as_str()), ("chat.example.com", "http://chat.example.com/one"));
    assert!(one.is_well_captured() && !at(&web, "/four").is_well_captured());
    assert_eq!(at(&web, "/three").target(), Some(("chat.example.com".to_owned(), "/x")));
    assert_eq!(web.of_host("chat.example.com").count(), 4);
}

#[test]
fn a_response_alone_is_kept() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
    let tcp = net.dial(&client, &server, 80).midstream();
    tcp.server(http::response(200)).client(http::get("/one").host("chat.example.com")).server(http::response(204));
    let read = analysis(&net.to_pcapng());
    let web = HttpIndex::new(&read);
    assert_eq!(lines(&web), [(String::new(), 200), ("/one".to_owned(), 204)]);
    assert_eq!(web.exchanges()[0].host, "10.2.0.9");
}

#[test]
fn what_a_proxy_and_a_page_say_of_the_scheme() {
    let read = read(|s| {
        let chat = s.open("chat.example.com");
        for (path, name, value) in [
            ("/proto", "X-Forwarded-Proto", "https"),
            ("/plain", "X-Forwarded-Proto", "http"),
            ("/origin", "Origin", "https://chat.example.com"),
            ("/referer", "Referer", "https://chat.example.com/a"),
            ("/foreign", "Referer", "https://other.example.com/a"),
        ] {
            chat.ask(http::get(path).header(name, value)).reply(page());
        }
    });
    let web = HttpIndex::new(&read);
    let schemes = ["/proto", "/plain", "/origin", "/referer", "/foreign"].map(|path| at(&web, path).scheme());
    assert_eq!(schemes, ["https", "http", "https", "https", "http"]);
    assert!(at(&web, "/proto").is_forwarded() && !at(&web, "/origin").is_forwarded());
}

#[test]
fn browsers_are_told_apart() {
    let read = read(|s| {
        is_served(&s.open("chat.example.com"), "/a");
        let softphone = s.browser.clone().agent("Sametime-ST9.0-Softphone");
        is_served(&softphone.open(&s.net.host("10.2.0.9"), 80, "chat.example.com"), "/b");
        let other = Browser::new(&s.net.host("10.1.0.51"));
        let chat = other.open(&s.net.host("10.2.0.9"), 80, "chat.example.com");
        chat.ask(http::get("/c").header("X-Forwarded-For", "10.9.0.1")).reply(page());
        chat.ask(http::get("/d").header("X-Forwarded-For", "10.9.0.2")).reply(page());
        is_served(&s.open("chat.example.com"), "/e");
    });
    let web = HttpIndex::new(&read);
    assert_eq!(web.browsers().len(), 4);
    assert_eq!(web.browsers().iter().filter(|browser| browser.label() == "10.1.0.50").count(), 2);
    let first = web.browser(at(&web, "/a"));
    let paths = |list: Vec<&HttpExchange<'_>>| list.iter().map(|e| e.path().to_owned()).collect::<Vec<_>>();
    assert_eq!(paths(web.of(first).collect()), ["/a", "/e"]);
    assert_eq!(paths(web.after(at(&web, "/a")).collect()), ["/e"]);
    assert_eq!(paths(web.before(at(&web, "/e")).collect()), ["/a"]);
    assert_eq!(web.browser(at(&web, "/c")).label(), "10.9.0.1 (by way of 10.1.0.51)");
}

#[test]
fn people_behind_one_address() {
    let shared = |cookies: [(&str, &str, &str); 3]| {
        let read = read(|s| {
            let chat = s.open("chat.example.com");
            for (path, name, value) in cookies {
                chat.ask(http::get(path).cookie(name, value)).reply(page());
            }
        });
        let web = HttpIndex::new(&read);
        assert!(web.browsers()[0].returns_cookies);
        web.browsers()[0].is_shared
    };
    let (ann, bob) = (ltpa::domino("CN=Ann/O=A", 0, 9), ltpa::domino("CN=Bob/O=A", 0, 9));
    assert!(shared([("/", "LtpaToken", &ann), ("/", "LtpaToken", &bob), ("/", "x", "")]));
    assert!(!shared([("/", "LtpaToken", &ann), ("/", "LtpaToken", &ltpa::domino("cn=ann/o=a", 1, 9)), ("/", "x", "")]));
    assert!(shared([("/a/1", "JSESSIONID", "1"), ("/a/2", "JSESSIONID", "2"), ("/a/3", "JSESSIONID", "1")]));
    assert!(!shared([("/a/1", "JSESSIONID", "1"), ("/b/2", "JSESSIONID", "2"), ("/a/3", "JSESSIONID", "1")]));
    assert!(!shared([("/a/1", "JSESSIONID", "1"), ("/a/2", "JSESSIONID", "2"), ("/a/3", "JSESSIONID", "3")]));
}

#[test]
fn logins_of_two_names_at_one_host() {
    let read = |host: &'static str| {
        read(move |s| {
            for (name, user) in [("mail.example.com", "ann"), (host, "bob")] {
                let form = http::post("/names.nsf?Login").form(&[("Username", user), ("Password", "x")]);
                s.open(name).ask(form).reply(http::response(302).location("/"));
            }
        })
    };
    assert!(HttpIndex::new(&read("mail.example.com")).browsers()[0].is_shared);
    assert!(!HttpIndex::new(&read("chat.example.com")).browsers()[0].is_shared);
}

/// What the jar makes of one cookie, for a later request to that host and path.
fn matching(set: impl Fn(&Stage) -> Cookie, host: &str, path: &str, seconds: u64) -> Option<CookieMatch> {
    let read = read(|s| {
        s.open("portal.example.com").ask(http::get("/wps/login")).reply(page().set_cookie(set(s)));
        s.net.wait_secs(seconds);
        s.open(host).ask(http::get(path)).reply(page());
    });
    let web = HttpIndex::new(&read);
    web.jar_at(web.exchanges().last().unwrap()).next().map(|(_, matching)| matching)
}

/// RFC 6265 sections 5.1 to 5.4.
#[test]
fn where_a_cookie_goes() {
    let bare = |s: &Stage| cookie("LtpaToken2", &s.token());
    let wide = |s: &Stage| s.wide();
    assert_eq!(matching(bare, "portal.example.com", "/wps/x", 1), Some(CookieMatch::Sent));
    assert_eq!(matching(bare, "portal.example.com", "/other", 1), Some(CookieMatch::OtherPath));
    assert_eq!(matching(bare, "a.portal.example.com", "/wps/x", 1), Some(CookieMatch::OtherHost));
    assert_eq!(matching(wide, "chat.example.com", "/x", 1), Some(CookieMatch::Sent));
    assert_eq!(matching(wide, "chat.example.org", "/x", 1), Some(CookieMatch::OtherHost));
    assert_eq!(matching(|s| s.wide().secure(), "chat.example.com", "/x", 1), Some(CookieMatch::NeedsHttps));
    assert_eq!(matching(|s| s.wide().max_age(60), "chat.example.com", "/x", 30), Some(CookieMatch::Sent));
    assert_eq!(matching(|s| s.wide().max_age(60), "chat.example.com", "/x", 90), Some(CookieMatch::Expired));
    let until = |s: &Stage| s.wide().expires(s.net.now() + 60 * nrpcsniff_samples::time::SECOND);
    assert_eq!(matching(until, "chat.example.com", "/x", 30), Some(CookieMatch::Sent));
    assert_eq!(matching(until, "chat.example.com", "/x", 90), Some(CookieMatch::Expired));
    assert_eq!(
        matching(|s| until(s).max_age(600), "chat.example.com", "/x", 90),
        Some(CookieMatch::Sent),
        "Max-Age counts more"
    );
    assert_eq!(matching(|s| s.wide().max_age(i64::MAX), "chat.example.com", "/x", 90), Some(CookieMatch::Sent));
    assert_eq!(matching(|s| s.narrow().domain("com"), "chat.example.com", "/x", 1), None);
    assert_eq!(matching(|s| s.narrow().domain("example.org"), "chat.example.com", "/x", 1), None);
    assert_eq!(matching(|_| cookie("theme", "dark"), "portal.example.com", "/wps/x", 1), None, "no cookie of sign-on");
}

#[test]
fn refused_cookies_are_told_with_the_reason() {
    let read = read(|s| {
        let set = |domain| page().set_cookie(s.narrow().domain(domain));
        let answers = [("/1", "co.uk"), ("/2", "example.org"), ("/3", "chat.example.com"), ("/4", ".EXAMPLE.com")];
        let chat = s.open("chat.example.com");
        for (path, domain) in answers {
            chat.ask(http::get(path)).reply(set(domain));
        }
        s.open("uk").ask(http::get("/5")).reply(set("uk"));
    });
    let web = HttpIndex::new(&read);
    let why: Vec<_> = web.jar_cookies().iter().map(|stored| stored.refused).collect();
    assert_eq!(why, [Some(CookieRefusal::PublicSuffix), Some(CookieRefusal::ForeignDomain), None, None, None]);
    assert!(web.jar_cookies()[4].host_only, "a host that is a public suffix itself gets its cookie back");
    let wide = &web.jar_cookies()[3];
    assert_eq!((wide.domain.as_str(), wide.host_only), ("example.com", false));
}

#[test]
fn cookies_are_replaced_and_deleted() {
    let left = |how: fn(Cookie) -> Cookie| {
        let read = read(|s| {
            let chat = s.open("chat.example.com");
            chat.ask(http::get("/1")).reply(page().set_cookie(s.wide()).set_cookie(s.narrow()));
            chat.wait(500).ask(http::get("/2")).reply(page().set_cookie(how(cookie("LtpaToken2", "").path("/"))));
            chat.wait(500).ask(http::get("/3")).reply(page());
        });
        let web = HttpIndex::new(&read);
        assert_eq!(web.jar_cookies().len(), 2);
        assert_eq!(web.setter(&web.jar_cookies()[0]).path(), "/1");
        names(web.expected(at(&web, "/3"))).len()
    };
    assert_eq!(left(|c| c.domain("example.com").max_age(0)), 1);
    assert_eq!(left(|c| c.domain("example.com").with("Expires=Thu, 01 Jan 1970 00:00:00 GMT")), 1);
    assert_eq!(left(|c| c.max_age(0)), 1);
    assert_eq!(left(|c| c.path("/other").max_age(0)), 2, "another path is another cookie");
    let read = read(|s| {
        let chat = s.open("chat.example.com");
        for path in ["/1", "/2", "/3"] {
            chat.wait(500).ask(http::get(path)).reply(page().set_cookie(s.wide()));
        }
    });
    let web = HttpIndex::new(&read);
    assert_eq!(names(web.expected(at(&web, "/3"))).len(), 1);
    let ended: Vec<_> = web.jar_cookies().iter().map(|stored| stored.ended_by).collect();
    assert_eq!(ended, [Some(ExchangeId::new(1)), Some(ExchangeId::new(2)), None]);
}

/// Another connection's request may have left before the cookie arrived.
#[test]
fn a_cookie_on_its_way_is_not_expected() {
    let in_jar = |ms| {
        let read = read(|s| {
            let server = s.net.host("10.2.0.9").linux().distance_ms(40);
            let [one, two] = [(), ()].map(|()| s.browser.open(&server, 80, "chat.example.com"));
            one.ask(http::get("/one")).reply(page().set_cookie(s.wide()));
            two.wait(ms).ask(http::get("/two")).reply(page());
        });
        let web = HttpIndex::new(&read);
        web.jar_at(at(&web, "/two")).count()
    };
    assert_eq!((in_jar(1), in_jar(300)), (0, 1));
}

#[test]
fn sources_of_cookies_that_are_sent() {
    let read = read(|s| {
        let _ = s.browser.clone().has("example.com", "LtpaToken", &s.domino("CN=Ann/O=ACME"));
        let chat = s.open("chat.example.com");
        logs_in(&chat, [s.wide()]);
        is_served(&chat, CHAT);
    });
    let web = HttpIndex::new(&read);
    let chat = at(&web, CHAT);
    let sent: Vec<_> = tokens_sent(chat.request.unwrap().content)
        .map(|c| (c.name.as_str(), web.source(chat, &c.name, c.value.expose()).is_some()))
        .collect();
    assert_eq!(sent, [("LtpaToken", false), ("LtpaToken2", true)]);
}

#[test]
fn tokens_by_name_and_by_value() {
    let token = ltpa::domino("CN=Ann/O=ACME", 0, 9);
    let read = read(|s| {
        let sets = [
            ("LtpaToken", token.as_str()),
            ("ltpatoken2_x", "abc"),
            ("Own", &token),
            ("LtpaToken", "undefined"),
            ("Lt", "1"),
        ];
        let answer =
            sets.into_iter().fold(page(), |answer, (name, value)| answer.set_cookie(cookie(name, value).path("/")));
        s.open("chat.example.com").ask(http::get("/")).reply(answer.set_cookie(cookie("LtpaToken", "\"\"")));
    });
    let web = HttpIndex::new(&read);
    let given: Vec<_> = tokens_set(&web.exchanges()[0].response.unwrap()).map(|c| c.name.clone()).collect();
    assert_eq!(given, ["LtpaToken", "ltpatoken2_x", "Own"]);
    assert!(web.takes_part("chat.example.com") && !web.takes_part("meet.example.com"));
}

/// What one request and its answer mean.
struct Meaning {
    login: Option<LoginAnswer>,
    denied: bool,
    page: PageAnswer,
    product: Option<Product>,
}

fn meaning(request: Message, answer: Message) -> Meaning {
    let read = read(|s| {
        s.open("chat.example.com").ask(request).reply(answer);
    });
    let web = HttpIndex::new(&read);
    let e = &web.exchanges()[0];
    Meaning {
        login: e.is_login().then(|| e.login_answer()),
        denied: e.is_denied(),
        page: e.page_answer(),
        product: e.product(),
    }
}

#[test]
fn logins_and_their_outcome() {
    let form = || [("Username", "ann"), ("Password", "x")];
    let redirect = |to: &str| http::response(302).location(to);
    let outcome = |request: Message, answer: Message| meaning(request, answer).login;
    let domino = || http::post("/names.nsf?Login").form(&form());
    assert_eq!(outcome(domino(), redirect("/mail")), Some(LoginAnswer::SentOn), "the next page tells");
    for session in ["DomAuthSessId", "sametimeJwt", "PD-S-SESSION-ID", "mod_auth_openidc_session"] {
        for answer in [page(), redirect("/mail")] {
            let answer = answer.set_cookie(cookie(session, "0123ABCD").path("/"));
            assert_eq!(outcome(domino(), answer), Some(LoginAnswer::Accepted), "{session}");
        }
    }
    assert_eq!(outcome(domino(), http::response(200).html(FORM)), Some(LoginAnswer::Refused), "the form again");
    assert_eq!(outcome(domino(), page()), Some(LoginAnswer::Untold));
    assert_eq!(outcome(domino(), redirect("/names.nsf?Login")), Some(LoginAnswer::Refused));
    let java = || http::post("/app/j_security_check").form(&[("j_username", "a"), ("j_password", "b")]);
    assert_eq!(outcome(java(), redirect("/app")), Some(LoginAnswer::SentOn));
    assert_eq!(outcome(java(), redirect("/app/login.jsp?error")), Some(LoginAnswer::Refused));
    assert_eq!(outcome(java(), http::response(401)), Some(LoginAnswer::Refused));
    let connect = || http::post(CONNECT).form(&form());
    assert_eq!(outcome(connect(), http::response(200).json("{}")), Some(LoginAnswer::Accepted));
    assert_eq!(outcome(connect(), http::response(503)), Some(LoginAnswer::Refused));
    assert_eq!(outcome(http::post("/enter").form(&form()), redirect("/")), Some(LoginAnswer::SentOn));
    assert_eq!(outcome(http::post("/search").form(&[("q", "x")]), redirect("/")), None);
    assert_eq!(outcome(http::get("/names.nsf?Login"), page()), None);
}

/// Domino's form.
const FORM: &str = "<form action='/names.nsf?Login'><input name=Username><input type=password name=Password></form>";

/// The first message of NTLM in base64, and the second.
const NTLM: [&str; 2] = ["TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA=", "TlRMTVNTUAACAAAAAAAAADgAAAAFgooC"];

#[test]
fn what_a_request_for_a_page_comes_to() {
    let came = |request: Message, answer: Message| meaning(request, answer).page;
    assert_eq!(came(http::get(MEET), page()), PageAnswer::Granted);
    assert_eq!(came(http::get(MEET), http::response(304)), PageAnswer::Granted);
    assert_eq!(came(http::get("/a.nsf"), http::response(200).html(FORM)), PageAnswer::Denied(Denial::LoginForm));
    assert_eq!(came(http::get("/login.jsp"), http::response(200).html(FORM)), PageAnswer::Untold);
    let coded = page().header("Content-Encoding", "br");
    assert_eq!(came(http::get(MEET), coded), PageAnswer::Unread);
    assert_eq!(came(http::get(MEET), http::response(403)), PageAnswer::Denied(Denial::Forbidden));
    let to_provider = http::response(302).location("https://idp.example.org/saml2?SAMLRequest=x");
    assert_eq!(came(http::get(MEET), to_provider), PageAnswer::Elsewhere);
    assert_eq!(came(http::get(MEET), http::response(500)), PageAnswer::Untold);
}

#[test]
fn rounds_of_a_ticket_and_its_refusal() {
    let asks = |value: &str| http::response(401).set("WWW-Authenticate", value);
    let shows = |value: &str| http::get(MEET).header("Authorization", value);
    let came = |request: Message, answer: Message| meaning(request, answer).page;
    let [first, second] = NTLM.map(|message| format!("Negotiate {message}"));
    assert_eq!(came(http::get(MEET), asks("Negotiate")), PageAnswer::Step);
    assert_eq!(came(shows(&first), asks(&second)), PageAnswer::Step);
    assert_eq!(came(shows(&first), asks("Negotiate")), PageAnswer::Denied(Denial::Unauthorized));
    assert_eq!(came(shows(&first), asks("Negotiate oQcwBaADCgEC")), PageAnswer::Denied(Denial::Unauthorized));
    assert_eq!(came(shows(&first), page()), PageAnswer::Granted);
}

#[test]
fn denials_and_what_only_looks_like_one() {
    let denied = |request: Message, answer: Message| meaning(request, answer).denied;
    assert!(denied(http::get(MEET), to_login()));
    assert!(denied(http::get(MEET), http::response(401).challenge("x")));
    assert!(denied(http::get("/a.nsf"), http::response(302).location("/names.nsf?Login&RedirectTo=/a.nsf")));
    for scheme in ["Negotiate", "NTLM"] {
        assert!(!denied(http::get(MEET), http::response(401).set("WWW-Authenticate", scheme)), "a step on the way");
    }
    assert!(!denied(http::get("/favicon.ico"), to_login()));
    assert!(!denied(http::request("OPTIONS", MEET), http::response(401).challenge("x")));
    assert!(!denied(http::get("/login.jsp"), http::response(302).location("/login.jsp?x=1")));
    assert!(!denied(http::get("/logout"), to_login()));
    assert!(!denied(http::get(MEET), http::response(302).location("/stmeetings/home")));
    assert!(!denied(http::get(MEET), http::response(302).location("/blog/in")));
    assert!(!denied(http::get(MEET), http::response(403)));
}

#[test]
fn products_by_path_header_and_cookie() {
    let product = |request: Message, answer: Message| meaning(request, answer).product;
    assert_eq!(product(http::get(CHAT), page()), Some(Product::SametimeProxy));
    assert_eq!(product(http::get("/stmeetings/about.jsp"), page()), Some(Product::Meeting));
    assert_eq!(product(http::get("/stmeetingsx"), page()), None);
    assert_eq!(product(http::get("/mail/a.nsf/Inbox"), page()), Some(Product::Domino));
    assert_eq!(product(http::get("/"), page().header("Server", "Lotus-Domino")), Some(Product::Domino));
    let session = |value: &str| page().set_cookie(cookie("JSESSIONID", value));
    assert_eq!(product(http::get("/"), session("0000abc:-1")), Some(Product::WebSphere));
    assert_eq!(product(http::post("/j_security_check"), session("ABC.node1")), None, "Tomcat has that form too");
}

#[test]
fn rounds_of_a_loop() {
    let read = read(|s| {
        let meet = s.open("meet.example.com");
        for _ in 0..3 {
            is_denied(&meet, MEET);
            meet.ask(http::get("/stmeetings/other")).reply(to_login());
            logs_in(&meet, [s.wide()]);
        }
        is_denied(&meet, MEET);
        is_served(&meet, MEET);
    });
    let web = HttpIndex::new(&read);
    let [found] = web.loops(&Thresholds::default()) else { panic!("one loop") };
    assert_eq!((found.host.as_str(), found.rounds.len()), ("meet.example.com", 3));
    let paths: Vec<_> = found.exchanges().map(|id| web.exchange(id).unwrap().path()).collect();
    assert_eq!(paths, [MEET, "/j_security_check", MEET, "/j_security_check", MEET, "/j_security_check", MEET]);
    assert_eq!(found.denials().count(), 4);
}

/// Gaps and what is missing show in the exchange.
#[test]
fn what_was_not_captured_whole() {
    let read = read(|s| {
        let chat = s.open("chat.example.com");
        chat.ask(http::get("/one")).reply(page());
        chat.ask(http::get("/two")).tcp().skip(Side::Server, 300);
        chat.reply(page());
    });
    let web = HttpIndex::new(&read);
    assert!(web.exchanges().iter().all(|exchange| !exchange.is_well_captured()));
}

/// One browser may be given any number of cookies; so many are kept, the newest.
#[test]
fn jars_are_bounded() {
    let read = read(|s| {
        let chat = s.open("chat.example.com");
        for number in 0..40 {
            let set = cookie(&format!("LtpaToken{number}"), "abc").path("/");
            chat.wait(10).ask(http::get("/set")).reply(http::response(200).set_cookie(set));
        }
        is_served(&chat, "/last");
    });
    let web = HttpIndex::new(&read);
    let in_jar = names(web.jar_at(at(&web, "/last")).map(|(stored, _)| stored));
    assert_eq!((in_jar.len(), in_jar.first(), in_jar.last()), (32, Some(&"LtpaToken8"), Some(&"LtpaToken39")));
    assert_eq!(web.jar_cookies().len(), 40);
}
