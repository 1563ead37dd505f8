//! A WebSocket is asked for, and something else than a WebSocket comes.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::browsers;
use crate::diagnose::words::http::websocket_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::{HttpExchange, origin};
use crate::model::{Confidence, RuleId, Severity};
use words::UpgradeFault;

/// See [`ABOUT`].
pub(crate) struct WebSocketRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-websocket-refused");

static ABOUT: About = About {
    id: ID,
    title: "A WebSocket does not come about",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A request for a WebSocket (Sec-WebSocket-Key) is answered by something else than 101: 200 with a page, 400, 403, 404, 426, 502 \
           and the like; or it arrives without its field Upgrade, which a proxy has taken away.",
    matters: "Nomad carries all of Notes in a WebSocket: without it nothing opens. Meetings of Sametime fall back to slower ways or stay \
              silent.",
    guards: &[
        "The same client gets a WebSocket at that host within half a minute: silent; later: minor.",
        "401, and a redirect or a form of a login: the user is not signed in; other rules tell that.",
        "A host where neither tokens nor products of HCL or IBM are seen, and a path that is none of theirs: silent.",
        "Upgrade is there where the request was captured: it may be lost behind that point; medium confidence at most.",
        "The fall-back of meetings (/http-bind) works at that host: minor.",
    ],
    remedy: &[
        "nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\". Apache, IBM HTTP \
         Server: mod_proxy_wstunnel, or upgrade=websocket in ProxyPass. Load balancers: the profile for WebSockets.",
        "200 or 404: the path goes to other pages than to the server of the WebSocket; compare the routes for /xmpp-websocket, /colibri-ws \
         and Nomad's.",
        "403: the origin of the page is not in the server's list. 400: version or subprotocol were lost on the way.",
        "502, 503, 504: the server behind the proxy does not run, or is called by another name.",
    ],
    references: &[
        "RFC 6455 section 4.2 (opening handshake), RFC 9110 section 7.8 (Upgrade)",
        "nginx: WebSocket proxying; Apache: mod_proxy_wstunnel",
        "HCL Nomad: system architecture",
    ],
    explains: &[],
};

/// Paths of Sametime's meetings (Jitsi).
const PATHS: [&str; 2] = ["/xmpp-websocket", "/colibri-ws"];
/// The way of meetings without a WebSocket.
const FALL_BACK: &str = "/http-bind";

impl Rule for WebSocketRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = case.http().exchanges().iter().filter_map(|exchange| DeniedUpgrade::of(case, exchange));
        let groups = group_by(refused, |refused| {
            (refused.exchange.host.clone(), root(refused.exchange.path()), refused.exchange.status())
        });
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// A request for a WebSocket that did not lead to one.
struct DeniedUpgrade<'c, 'a> {
    exchange: &'c HttpExchange<'a>,
    /// Upgrade is missing.
    is_stripped: bool,
    /// The client got one later.
    got_it: bool,
}

impl<'c, 'a> DeniedUpgrade<'c, 'a> {
    fn of(case: &Case<'a>, exchange: &'c HttpExchange<'a>) -> Option<Self> {
        let (request, response) = (exchange.request?.content, exchange.response?.content);
        request.websocket_key.as_ref()?;
        let http = case.http();
        let not_signed_in = response.status == 401 || exchange.leads_to_login() || response.login_form.is_form();
        let ours = http.takes_part(&exchange.host) || PATHS.contains(&root(exchange.path()));
        (response.status != 101 && !not_signed_in && ours && !origin::is_local(&exchange.host)).then_some(())?;
        let names_it =
            request.upgrade.as_ref().is_some_and(|upgrade| upgrade.to_ascii_lowercase().contains("websocket"));
        let got = |next: &&HttpExchange<'_>| next.status() == 101 && root(next.path()) == root(exchange.path());
        let mut of_host = http.of_host(&exchange.host).filter(|next| next.id > exchange.id && got(next));
        let later = of_host.find(|next| next.client() == exchange.client());
        let waited = later.map(|next| next.at().time.since(exchange.at().time));
        (waited.is_none_or(|waited| waited > case.settings.thresholds.login_round)).then_some(Self {
            exchange,
            is_stripped: !names_it,
            got_it: waited.is_some(),
        })
    }
}

/// The first part of a path, `/colibri-ws`: what follows names a meeting.
fn root(path: &str) -> &str {
    let end = path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |end| end + 1);
    path.get(..end).unwrap_or(path)
}

/// Medium at most unless the request behind a proxy shows that Upgrade was taken away there: else the server may have its reasons.
fn finding(case: &Case<'_>, group: &[DeniedUpgrade<'_, '_>]) -> Option<Draft> {
    let http = case.http();
    let stripped = group.iter().find(|refused| refused.is_stripped);
    let first = group.first()?;
    let exchange = first.exchange;
    let fault = match stripped {
        Some(inner) => UpgradeFault::Stripped { stripped_by: inner.exchange.client().to_string() },
        None => UpgradeFault::Refused,
    };
    let falls_back = http.of_host(&exchange.host).any(|next| root(next.path()) == FALL_BACK && next.status() == 200);
    let outer = || group.iter().filter(|refused| !http.hops().is_inner(refused.exchange.id));
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::NoWebSocket {
        server: exchange.conversation.server,
        host: exchange.host.clone(),
        browsers: browsers(http, outer().map(|refused| refused.exchange.browser)),
        count: outer().count(),
        request: exchange.line(),
        status: exchange.status(),
        fault,
        meeting_falls_back: falls_back,
    });
    let mended = group.iter().all(|refused| refused.got_it);
    let draft = if falls_back || mended { draft.severity(Severity::Minor) } else { draft };
    let draft = if stripped.is_none() { draft.at_most(Confidence::Medium) } else { draft };
    let draft = group.iter().fold(draft, |draft, refused| draft.conversation(refused.exchange.conversation));
    Some(each(draft, group, "requests", |draft, refused| show(draft, refused)))
}

fn show(draft: Draft, refused: &DeniedUpgrade<'_, '_>) -> Draft {
    let DeniedUpgrade { exchange, is_stripped, .. } = refused;
    let how = if *is_stripped { "asks for a WebSocket, without Upgrade" } else { "asks for a WebSocket" };
    let draft = draft.packet(exchange.at(), format!("{}: {} {how}", exchange.client(), exchange.line()));
    let Some(response) = exchange.response else { return draft };
    draft.packet(response.at(), format!("answer: {} {}", response.status, response.content.reason))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{browser, served};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Browser, Message, Visit};
    use nrpcsniff_samples::websocket;

    const RULE: &str = "http-websocket-refused";
    const HOST: &str = "meet.example.com";
    const PATH: &str = "/xmpp-websocket";

    fn meet(net: &Network) -> Visit {
        browser(net).open(&net.host("10.1.0.22").linux(), 80, HOST)
    }

    fn upgrade(net: &Network, path: &str) -> Message {
        websocket::upgrade(HOST, path, net.nonce()).without("Host")
    }

    #[test]
    fn what_comes_in_its_place() {
        for status in [200, 400, 403, 404, 426, 502] {
            let found = told(RULE, |net| {
                meet(net).ask(upgrade(net, PATH)).reply(http::response(status).html("a page"));
            });
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium), "{status}");
            says(finding, &[HOST, &status.to_string()]);
        }
    }

    #[test]
    fn a_proxy_that_takes_upgrade_away() {
        let found = told(RULE, |net| {
            let front = meet(net);
            let back = Browser::new(&net.host("10.1.0.22").linux()).open(&net.host("10.1.0.32").linux(), 8080, HOST);
            front.ask(upgrade(net, PATH));
            let lost = upgrade(net, PATH).without("Upgrade").without("Connection").header("Connection", "close");
            back.wait(1).ask(lost).reply(http::response(426));
            front.reply(http::response(426));
        });
        let finding = the_one(&found);
        assert_eq!(finding.confidence, Confidence::High);
        says(finding, &["10.1.0.22", "Upgrade", "proxy"]);
    }

    #[test]
    fn meetings_that_go_another_way() {
        let found = told(RULE, |net| {
            let web = meet(net);
            web.ask(upgrade(net, PATH)).reply(http::response(404));
            web.ask(http::post("/http-bind")).reply(http::response(200).body("text/xml", "<body/>"));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("granted", |net| {
                let key = net.nonce();
                meet(net).ask(websocket::upgrade(HOST, PATH, key).without("Host")).reply(websocket::accept(key));
            }),
            ("granted at once, the second time", |net| {
                let (key, web) = (net.nonce(), meet(net));
                web.ask(upgrade(net, PATH)).reply(http::response(503));
                web.wait(900).ask(websocket::upgrade(HOST, PATH, key).without("Host")).reply(websocket::accept(key));
            }),
            ("not signed in", |net| {
                meet(net).ask(upgrade(net, PATH)).reply(http::response(401));
            }),
            ("somebody else's", |net| {
                meet(net).ask(upgrade(net, "/live")).reply(http::response(404));
            }),
            ("no WebSocket", |net| served(&meet(net), PATH)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
