//! A browser does not let a script send its request to another origin, since the answer to its question does not allow it.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::browsers;
use crate::diagnose::words::http::cors_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::{HttpExchange, origin};
use crate::model::{Confidence, RuleId, Severity, Span};
use nrpcsniff_dissectors::http::Objection;
use words::CorsFault;

/// See [`ABOUT`].
pub(crate) struct CorsRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-cors-refused");

static ABOUT: About = About {
    id: ID,
    title: "A server does not let scripts of another origin in (CORS)",
    severity: Severity::Major,
    layer: Layer::SignOn,
    sees: "A browser asks whether a script of another origin may send a request (OPTIONS with Origin and Access-Control-Request-Method), \
           and the answer does not allow it: no 2xx, Access-Control-Allow-Origin missing, twice, or for somebody else, a method or a \
           field that is not listed. The request itself never comes.",
    matters: "Verse, Connections and portals call Sametime by scripts: chat and presence stay empty, and the server's own log shows no error. \
              The browser tells it in its console alone.",
    guards: &[
        "The browser sends the request after all, or a later question is answered well: silent.",
        "The capture ends within two seconds: silent.",
        "The page is of another site than the server (not the same registered domain): it may be meant so; minor, and medium at most.",
        "A host where neither tokens nor products of HCL or IBM are seen: silent.",
        "The answer was not read whole: silent.",
    ],
    remedy: &[
        "Answer OPTIONS without a login (browsers send neither cookies nor passwords with it), with 200 or 204, no redirect.",
        "Sametime 12: CORS_ALLOWED_ORIGINS (Docker), global.corsAllowedOrigins and the ingress annotations (Kubernetes); the fields \
         rtc4web-nonce, x-csrf-token and x-sametime-app must be allowed and exposed. Domino REST API: CORS in keepconfig.d.",
        "Access-Control-Allow-Origin must be the page's origin to the letter (https, port), once: a proxy and the server behind it must not \
         both set it, and an asterisk does not do for requests with cookies.",
    ],
    references: &[
        "WHATWG Fetch, section 3.3 (CORS protocol)",
        "HCL Sametime 12: cross-origin resource sharing, integration with Nomad and Verse",
    ],
    explains: &[],
};

/// What a browser needs at most from the answer to the request that it allows.
const SOON: Span = Span::from_secs(2);
/// Later requests of a browser that are looked at for the one that was asked for.
const LOOK_AHEAD: usize = 256;

impl Rule for CorsRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let refused = case.http().exchanges().iter().filter_map(|exchange| DeniedPreflight::of(case, exchange));
        let groups =
            group_by(refused, |refused| (refused.exchange.host.clone(), refused.origin, refused.fault.clone()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// A preflight whose answer does not allow what was asked.
struct DeniedPreflight<'c, 'a> {
    exchange: &'c HttpExchange<'a>,
    origin: &'a str,
    fault: CorsFault,
}

impl<'c, 'a> DeniedPreflight<'c, 'a> {
    fn of(case: &Case<'a>, exchange: &'c HttpExchange<'a>) -> Option<Self> {
        let (request, response) = (exchange.request?.content, exchange.response?);
        let objection = request.preflight.as_ref()?.objection(request, response.content)?;
        let http = case.http();
        let read = exchange.is_well_captured() && !http.hops().is_inner(exchange.id);
        let ours = http.takes_part(&exchange.host) && !origin::is_local(&exchange.host);
        let waited = case.end().since(response.at().time);
        (read && ours && waited >= SOON && !went_on(case, exchange)).then_some(())?;
        Some(Self { exchange, origin: request.origin.as_deref()?, fault: fault(objection) })
    }

    /// The page is of the same site as the server: they are meant to work together.
    fn is_of_one_site(&self) -> bool {
        let host = origin::origin_of(self.origin).map(|(_, host)| host);
        host.is_some_and(|host| origin::is_in_site(&host, origin::site(&self.exchange.host)))
    }
}

/// The browser sends the request, or asks again and is content.
fn went_on(case: &Case<'_>, exchange: &HttpExchange<'_>) -> bool {
    let content = |next: &HttpExchange<'_>| {
        let (Some(request), Some(response)) = (next.request, next.response) else { return false };
        let asked = request.content.preflight.as_ref();
        asked.is_some_and(|asked| asked.objection(request.content, response.content).is_none())
    };
    let mut later = case.http().after(exchange).take(LOOK_AHEAD).filter(|next| next.host == exchange.host);
    later.any(|next| next.path() == exchange.path() && (next.method() != "OPTIONS" || content(next)))
}

fn fault(objection: Objection) -> CorsFault {
    match objection {
        Objection::Status => CorsFault::Status,
        Objection::NoOrigin => CorsFault::NoOrigin,
        Objection::OtherOrigin(allowed_origin) => CorsFault::OtherOrigin { allowed_origin },
        Objection::SeveralOrigins => CorsFault::SeveralOrigins,
        Objection::Method(lacking_method) => CorsFault::Method { lacking_method },
        Objection::Header(lacking_field) => CorsFault::Field { lacking_field },
    }
}

/// 85 points: by what was read, every browser stops here.
fn finding(case: &Case<'_>, group: &[DeniedPreflight<'_, '_>]) -> Option<Draft> {
    let http = case.http();
    let first = group.first()?;
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::RefusedOrigin {
        server: first.exchange.conversation.server,
        host: first.exchange.host.clone(),
        origin: first.origin.to_owned(),
        browsers: browsers(http, group.iter().map(|refused| refused.exchange.browser)),
        count: group.len(),
        request: first.exchange.line(),
        status: first.exchange.status(),
        fault: first.fault.clone(),
    });
    let draft =
        if first.is_of_one_site() { draft } else { draft.severity(Severity::Minor).at_most(Confidence::Medium) };
    let draft = group.iter().fold(draft, |draft, refused| draft.conversation(refused.exchange.conversation));
    let draft = each(draft, group, "questions", |draft, refused| show(draft, refused));
    Some(draft.absence("the request itself never comes"))
}

fn show(draft: Draft, refused: &DeniedPreflight<'_, '_>) -> Draft {
    let DeniedPreflight { exchange, origin, .. } = refused;
    let draft = draft.packet(exchange.at(), format!("{} for a script of {origin}", exchange.line()));
    let Some(response) = exchange.response else { return draft };
    let said = response.content.cors.as_ref().map_or_else(Vec::new, |cors| cors.origins.clone());
    let allowed = if said.is_empty() { "nobody".to_owned() } else { said.join(" and ") };
    draft.packet(response.at(), format!("answer: {}, allows {allowed}", response.status))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::browser;
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Message, Visit};

    const RULE: &str = "http-cors-refused";
    const PAGE: &str = "https://verse.example.com";
    const CALL: &str = "/stwebapi/user/connect";

    fn chat(net: &Network) -> Visit {
        browser(net).open(&net.host("10.1.0.23").linux(), 80, "chat.example.com")
    }

    fn asks(origin: &str) -> Message {
        http::request("OPTIONS", CALL)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "rtc4web-nonce,x-csrf-token")
    }

    fn allows(origin: &str, fields: &str) -> Message {
        http::response(204)
            .header("Access-Control-Allow-Origin", origin)
            .header("Access-Control-Allow-Headers", fields)
            .header("Access-Control-Allow-Credentials", "true")
    }

    const FIELDS: &str = "rtc4web-nonce, x-csrf-token";

    /// The question, its answer, and a while without anything.
    fn only(net: &Network, origin: &str, answer: Message) {
        chat(net).ask(asks(origin)).reply(answer).wait(5_000).tcp().client_fin();
    }

    #[test]
    fn answers_that_browsers_do_not_take() {
        let cases: [(Message, &str); 5] = [
            (http::response(401).challenge("x"), "401"),
            (http::response(200), "names nobody"),
            (allows("http://verse.example.com", FIELDS), "http://verse.example.com"),
            (allows(PAGE, FIELDS).header("Access-Control-Allow-Origin", PAGE), "twice"),
            (allows(PAGE, "x-csrf-token"), "rtc4web-nonce"),
        ];
        for (answer, words) in cases {
            let found = told(RULE, |net| only(net, PAGE, answer));
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High), "{words}");
            says(finding, &["chat.example.com", PAGE, words]);
        }
    }

    #[test]
    fn a_page_of_another_site() {
        let found = told(RULE, |net| only(net, "https://intranet.example.org", http::response(403)));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("allowed", |net| only(net, PAGE, allows(PAGE, FIELDS))),
            ("the request comes all the same", |net| {
                let web = chat(net);
                web.ask(asks(PAGE)).reply(http::response(200));
                web.ask(http::post(CALL).header("Origin", PAGE)).reply(http::response(200).json("{}"));
                web.wait(5_000).tcp().client_fin();
            }),
            ("asked again and allowed", |net| {
                let web = chat(net);
                web.ask(asks(PAGE)).reply(http::response(503));
                web.wait(900).ask(asks(PAGE)).reply(allows(PAGE, FIELDS));
                web.wait(5_000).tcp().client_fin();
            }),
            ("the capture ends", |net| {
                chat(net).ask(asks(PAGE)).reply(http::response(401));
            }),
            ("OPTIONS of another kind", |net| {
                chat(net).ask(http::request("OPTIONS", CALL)).reply(http::response(405)).wait(5_000).tcp().client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
