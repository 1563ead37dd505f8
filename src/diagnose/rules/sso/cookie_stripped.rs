//! Something between browser and server takes the token out of the message.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::{answer, name_loops};
use crate::diagnose::words::sso::cookie_stripped as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::denials::lacks_token;
use crate::facts::http::{ExchangeId, HttpExchange, HttpIndex, origin, tokens_sent, tokens_set};
use crate::model::{RuleId, Severity};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::cookie::is_token;
use nrpcsniff_dissectors::http::Request;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct CookieStripped;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sso-cookie-stripped");

static ABOUT: About = About {
    id: ID,
    title: "A proxy takes the sign-on token out",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "The capture shows both sides of a proxy. The server's answer sets an LTPA token that the proxy's answer to the browser \
           lacks, and the browser is turned away afterwards; or the browser's request carries a token that the proxy's request to \
           the server lacks, and the server turns it away.",
    matters: "Login and token are fine, but never meet: the user is asked to log in again.",
    guards: &[
        "Which request became which must be beyond doubt: same method, same path, one inside the other in time, and no other \
         request that fits; else silent.",
        "A proxy that keeps tokens and adds them to later requests itself (access manager): silent.",
        "The browser gets the token in another answer, or is not turned away: silent.",
        "Domain or Path rewritten by the proxy, so that browsers take the cookie: silent.",
        "Request or answer not read whole: silent.",
    ],
    remedy: &[
        "Proxy: let Set-Cookie and Cookie pass. Apache: ProxyPassReverseCookieDomain and ProxyPassReverseCookiePath, no Header unset \
         or RequestHeader unset for them; nginx: proxy_cookie_domain, no proxy_hide_header Set-Cookie.",
        "Raise the proxy's limit for header size: two LTPA tokens make a large header.",
        "Switch off caching of login answers: caches drop Set-Cookie.",
    ],
    references: &["RFC 9111 section 7.3 (caches and Set-Cookie)", "Apache mod_proxy: ProxyPassReverseCookieDomain"],
    explains: &[
        crate::diagnose::rules::ltpa::not_returned::ID,
        super::not_loaded::ID,
        crate::diagnose::rules::http::login_loop::ID,
    ],
};

/// Requests of a proxy's other side that are looked at for one request.
const CANDIDATES: usize = 64;

impl Rule for CookieStripped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let pairs = pairs(http);
        if pairs.is_empty() {
            return Vec::new();
        }
        let requests = http.exchanges().iter().filter_map(|exchange| exchange.request);
        let sent: HashSet<&str> = requests.flat_map(|r| &r.content.cookies).map(|c| c.value.expose()).collect();
        let found = pairs.into_iter().filter_map(|pair| Some((pair, loss(http, pair, &sent)?)));
        let groups = group_by(found, |(pair, loss)| (pair.front.conversation.server.ip, loss.is_answer()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// One request on both sides of a proxy.
#[derive(Clone, Copy)]
struct Pair<'w, 'a> {
    /// Between browser and proxy.
    front: &'w HttpExchange<'a>,
    /// Between proxy and server.
    back: &'w HttpExchange<'a>,
}

/// What was lost on the way.
enum Loss<'w, 'a> {
    /// Set-Cookie of that name; this request was turned away later.
    Answer(&'a str, &'w HttpExchange<'a>),
    /// Cookie of that name.
    Request(&'a str),
}

impl Loss<'_, '_> {
    fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(..))
    }
}

/// Every pair that is beyond doubt.
fn pairs<'w, 'a>(http: &'w HttpIndex<'a>) -> Vec<Pair<'w, 'a>> {
    let servers: HashSet<IpAddr> = http.exchanges().iter().map(|exchange| exchange.conversation.server.ip).collect();
    let mut by_page: HashMap<(&str, &str), Vec<&'w HttpExchange<'a>>> = HashMap::new();
    for exchange in http.exchanges() {
        by_page.entry((exchange.method(), last_part(exchange.path()))).or_default().push(exchange);
    }
    let mut found: Vec<Pair<'w, 'a>> = Vec::new();
    // Most browsers are no proxies: whoever is asked by nobody and names nobody is not looked at further.
    let is_of_proxy = |back: &&HttpExchange<'_>| servers.contains(&back.client()) || back.is_forwarded();
    for back in http.exchanges().iter().filter(is_of_proxy).filter(|back| is_complete(back)) {
        let Some(alike) = by_page.get(&(back.method(), last_part(back.path()))) else { continue };
        let until = alike.partition_point(|front| front.id < back.id);
        let near = alike[..until].iter().rev().take(CANDIDATES);
        let fronts: Vec<_> = near.copied().filter(|front| encloses(front, back)).take(2).collect();
        if let [front] = fronts.as_slice() {
            found.push(Pair { front, back });
        }
    }
    let mut uses: HashMap<ExchangeId, usize> = HashMap::new();
    for pair in &found {
        let n = uses.entry(pair.front.id).or_default();
        *n = n.saturating_add(1);
    }
    found.retain(|pair| uses.get(&pair.front.id) == Some(&1));
    found
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Request and answer are there and were read whole.
fn is_complete(exchange: &HttpExchange<'_>) -> bool {
    exchange.request.is_some_and(|part| part.is_whole()) && exchange.response.is_some_and(|part| part.is_whole())
}

/// `back` was asked and answered while `front` waited, by the machine that `front` asked or on behalf of its client.
fn encloses(front: &HttpExchange<'_>, back: &HttpExchange<'_>) -> bool {
    let (Some(asked), Some(answered)) = (front.request, front.response) else { return false };
    let (Some(asks), Some(gets)) = (back.request, back.response) else { return false };
    let inside = asked.at().time <= asks.at().time && gets.at().time <= answered.at().time;
    let through = || front.conversation.server.ip == back.client() || is_on_behalf(front, asks.content);
    let (long, short) = (front.path(), back.path());
    let same_path = long == short || long.ends_with(short) || short.ends_with(long);
    front.conversation.id != back.conversation.id && inside && same_path && through() && is_complete(front)
}

/// The request names the client of `front` as whom it was sent for.
fn is_on_behalf(front: &HttpExchange<'_>, request: &Request) -> bool {
    request.forwarded_for.as_deref().is_some_and(|list| {
        let client = front.client().to_string();
        list.split(',').any(|ip| ip.trim() == client)
    })
}

fn loss<'w, 'a>(http: &'w HttpIndex<'a>, pair: Pair<'w, 'a>, sent: &HashSet<&str>) -> Option<Loss<'w, 'a>> {
    lost_in_request(pair).or_else(|| lost_in_answer(http, pair, sent))
}

fn lost_in_request<'w, 'a>(pair: Pair<'w, 'a>) -> Option<Loss<'w, 'a>> {
    let sent = tokens_sent(pair.front.request?.content).next()?;
    (lacks_token(pair.back) && pair.back.is_denied()).then_some(Loss::Request(&sent.name))
}

fn lost_in_answer<'w, 'a>(http: &'w HttpIndex<'a>, pair: Pair<'w, 'a>, sent: &HashSet<&str>) -> Option<Loss<'w, 'a>> {
    let (front, back) = (pair.front.response?, pair.back.response?);
    let named = |name: &str| front.set_cookies.iter().any(|cookie| cookie.name == name);
    let lost = tokens_set(&back).find(|cookie| !named(&cookie.name))?;
    let front_has_one = front.content.set_cookies.iter().any(|cookie| is_token(&cookie.name, cookie.token.as_ref()));
    // Somebody has it all the same: the proxy adds it by itself, or the browser got it another way.
    let lives_on = sent.contains(lost.value.expose());
    let site = origin::site(&pair.front.host);
    let mut next = http.after(pair.front).take(256).filter(|next| lacks_token(next) && next.is_denied());
    let denied = next.find(|next| next.host == pair.front.host || origin::is_in_site(&next.host, site))?;
    (!front_has_one && !lives_on).then_some(Loss::Answer(&lost.name, denied))
}

fn finding(case: &Case<'_>, group: &[(Pair<'_, '_>, Loss<'_, '_>)]) -> Option<Draft> {
    let http = case.http();
    let (pair, loss) = group.first()?;
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).guard(http.browser(pair.front).is_shared);
    let draft = said(http, draft, *pair, loss);
    let draft = group.iter().fold(draft, |draft, (pair, loss)| {
        let draft = draft.conversation(pair.front.conversation).conversation(pair.back.conversation);
        if let Loss::Answer(_, denied) = loss { draft.conversation(denied.conversation) } else { draft }
    });
    let denied = group.iter().map(|(pair, loss)| match loss {
        Loss::Answer(_, denied) => *denied,
        Loss::Request(_) => pair.front,
    });
    let denied: Vec<_> = denied.collect();
    let draft = each(draft, group, "requests", |draft, (pair, loss)| show(draft, *pair, loss));
    Some(name_loops(http, draft, &case.settings.thresholds, &denied))
}

fn said(http: &HttpIndex<'_>, draft: Draft, pair: Pair<'_, '_>, loss: &Loss<'_, '_>) -> Draft {
    let (proxy, server) = (pair.front.conversation.server, pair.back.conversation.server);
    let browser = http.browser(pair.front).label();
    match loss {
        Loss::Answer(name, denied) => draft.says(&words::LostInAnswer {
            proxy,
            server,
            cookie: (*name).to_owned(),
            browser,
            answered_request: pair.back.line(),
            request: denied.line(),
        }),
        Loss::Request(name) => draft.says(&words::LostInRequest {
            proxy,
            server,
            cookie: (*name).to_owned(),
            browser,
            request: pair.front.line(),
            answer: answer(pair.back),
        }),
    }
}

fn show(draft: Draft, pair: Pair<'_, '_>, loss: &Loss<'_, '_>) -> Draft {
    let at = |exchange: &HttpExchange<'_>| exchange.response.map_or(exchange.at(), |response| response.at());
    match loss {
        Loss::Answer(name, denied) => draft
            .packet(
                at(pair.back),
                format!("{} answers {} and sets {name}", pair.back.conversation.server, pair.back.line()),
            )
            .packet(at(pair.front), format!("{} hands the answer on without {name}", pair.front.conversation.server))
            .packet(denied.at(), format!("{} carries no LTPA token; answer: {}", denied.line(), answer(denied))),
        Loss::Request(name) => draft
            .packet(pair.front.at(), format!("{} carries {name}", pair.front.line()))
            .packet(pair.back.at(), format!("{} hands it on without {name}", pair.front.conversation.server))
            .packet(at(pair.back), format!("answer: {}", answer(pair.back))),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::http::story::{
        CHAT, CONNECT, MEET, Stage, answers_in_part, is_denied, page, sample, to_login, told,
    };
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Browser, Cookie, Message, Visit, cookie};

    const RULE: &str = "sso-cookie-stripped";

    #[test]
    fn the_answer_loses_its_token() {
        let finding = one(&sample("http-cookie-stripped"), RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.also, ["ltpa-not-returned"]);
        says(
            &finding,
            &["The proxy 10.1.0.30:80 does not hand on LtpaToken to browsers", "hands the answer on without LtpaToken"],
        );
    }

    /// Both sides of a proxy.
    struct Sides {
        front: Visit,
        back: Visit,
    }

    impl Sides {
        fn new(stage: &Stage) -> Self {
            let gate = stage.net.host("10.1.0.30").linux();
            let front = stage.browser.open(&gate, 80, "chat.example.com");
            let chat = stage.net.host("10.1.0.21").linux();
            let back = Browser::new(&gate).agent("proxy").open(&chat, 9080, "chat.example.com");
            Self { front, back }
        }

        /// The browser asks, the proxy asks, the server answers, the proxy answers.
        fn pass(&self, front: Message, back: Message, answer: Message, handed_on: Message) {
            self.front.wait(500).ask(front);
            self.back.wait(1).ask(back).reply(answer);
            self.front.reply_after(1, handed_on);
        }
    }

    fn with(cookies: impl IntoIterator<Item = Cookie>) -> Message {
        cookies.into_iter().fold(http::response(200).json("{}"), Message::set_cookie)
    }

    fn login() -> Message {
        http::post(CONNECT).form(&[("username", "asmith"), ("password", "not a real one")])
    }

    /// A login whose answer the proxy changes; then the meeting server turns the browser away.
    fn story(change: impl Fn(&Stage, &Sides)) -> Network {
        told(|s| {
            change(s, &Sides::new(s));
            is_denied(&s.open("meet.example.com"), MEET);
        })
    }

    #[test]
    fn the_request_loses_its_token() {
        let net = told(|s| {
            let _ = s.browser.clone().has("example.com", "LtpaToken2", &s.token());
            Sides::new(s).pass(http::get(CHAT), http::get(CHAT), to_login(), to_login());
        });
        let finding = one(&net, RULE);
        assert_eq!(finding.conversations, [0, 1]);
        says(&finding, &["does not hand on LtpaToken2 to 10.1.0.21:9080", "answer: 302 to the login page"]);
    }

    #[test]
    fn what_is_handed_on_is_well() {
        none(
            &story(|s, sides| {
                let token = s.wide();
                sides.pass(login(), login(), with([token.clone()]), with([token]));
            }),
            RULE,
        );
        // Rewritten, so that browsers take it.
        none(
            &story(|s, sides| {
                let value = s.token();
                let inner = cookie("LtpaToken2", &value).domain("internal.example.com");
                sides.pass(
                    login(),
                    login(),
                    with([inner]),
                    with([cookie("LtpaToken2", &value).domain("chat.example.com")]),
                );
            }),
            RULE,
        );
    }

    /// An access manager keeps the tokens of its users and adds them by itself.
    #[test]
    fn a_proxy_that_keeps_tokens_itself() {
        let net = story(|s, sides| {
            let value = s.token();
            let token = cookie("LtpaToken2", &value).path("/");
            sides.pass(login(), login(), with([token]), with([]));
            sides.pass(http::get(CHAT), http::get(CHAT).set("Cookie", &format!("LtpaToken2={value}")), page(), page());
        });
        none(&net, RULE);
    }

    #[test]
    fn nobody_turned_away_is_no_harm() {
        let net = told(|s| Sides::new(s).pass(login(), login(), with([s.wide()]), with([])));
        none(&net, RULE);
    }

    /// Which request became which has to be beyond doubt.
    #[test]
    fn two_requests_that_fit() {
        one(&story(|s, sides| sides.pass(login(), login(), with([s.wide()]), with([]))), RULE);
        let net = story(|s, sides| {
            let other = Browser::new(&s.net.host("10.1.0.51")).open(&s.net.host("10.1.0.30"), 80, "chat.example.com");
            other.ask(login());
            sides.pass(login(), login(), with([s.wide()]), with([]));
            other.reply(with([]));
        });
        none(&net, RULE);
    }

    #[test]
    fn other_paths_and_other_machines_are_no_pair() {
        none(&story(|s, sides| sides.pass(login(), http::post("/other"), with([s.wide()]), with([]))), RULE);
        let net = story(|s, sides| {
            let third = Browser::new(&s.net.host("10.1.0.77")).open(&s.net.host("10.1.0.21"), 9080, "chat.example.com");
            sides.front.ask(login());
            third.ask(login()).reply(with([s.wide()]));
            sides.front.reply(with([]));
        });
        none(&net, RULE);
    }

    #[test]
    fn an_answer_that_was_not_read_whole() {
        let net = story(|s, sides| {
            sides.front.ask(login());
            sides.back.wait(1).ask(login()).reply(with([s.wide()]));
            answers_in_part(&sides.front, with([]));
        });
        none(&net, RULE);
    }

    /// A proxy with two addresses is known by X-Forwarded-For.
    #[test]
    fn a_proxy_with_two_addresses() {
        let net = story(|s, sides| {
            let inner = Browser::new(&s.net.host("10.1.0.77")).open(&s.net.host("10.1.0.21"), 9080, "chat.example.com");
            sides.front.ask(login());
            inner.ask(login().header("X-Forwarded-For", "10.1.0.50")).reply(with([s.wide()]));
            sides.front.reply(with([]));
        });
        one(&net, RULE);
    }
}
