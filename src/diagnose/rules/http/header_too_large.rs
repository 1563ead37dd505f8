//! A web server refuses a request because its header is too large: a Kerberos ticket of many kilobytes, or many cookies.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::browsers;
use crate::diagnose::words::http::header_too_large as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::{HttpExchange, HttpIndex, origin};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::auth::is_ticket_scheme;
use words::HeaderPart;

/// See [`ABOUT`].
pub(crate) struct HeaderTooLarge;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("http-header-too-large");

static ABOUT: About = About {
    id: ID,
    title: "A web server refuses a request because its header is too large",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "A request with a ticket (Negotiate) or cookies of several kilobytes is answered by 431, or by 400 with a reason that names the \
           header; or by a bare 400 or 413 where they come to 8,000 bytes and more, which is what many servers take.",
    matters: "A Kerberos ticket lists the groups of its user. Who is in many of them gets in nowhere, while everybody else does.",
    guards: &[
        "The host takes a request that is as large: another fault; silent.",
        "The same browser gets in at that host within half a minute: silent; later: major.",
        "The server does not say why (400 without such a reason): medium confidence at most.",
        "Cookies at a host where neither tokens nor products of HCL or IBM are seen: silent.",
    ],
    remedy: &[
        "The machine that answers (header Server) sets the limit; it may be a proxy before the application. IBM HTTP Server, Apache: \
         LimitRequestFieldSize (8190 bytes by default). nginx: large_client_header_buffers. IIS, AD FS: MaxFieldLength and \
         MaxRequestBytes of HTTP.sys, four thirds of the ticket's size. Tomcat: maxHttpHeaderSize. Liberty, WebSphere: limitFieldSize.",
        "The ticket: take the user out of groups (nested ones count), remove old SID history; whoami /groups and klist show what is in it.",
        "Cookies: several tokens and old cookies of the same domain; delete them, and look which application sets so many.",
    ],
    references: &[
        "RFC 6585 section 5 (431)",
        "Microsoft KB 2020943 (HTTP 400 Request Header too long)",
        "Apache: LimitRequestFieldSize; nginx: large_client_header_buffers",
    ],
    explains: &[],
};

/// What a server must be shown before it is believed to complain of that: no default limit is lower.
const LEAST: usize = 4_000;
/// What many servers take of one line, or of all: 8190 (Apache, with the name of the field), 8 KiB (nginx, Tomcat).
const USUAL_LIMIT: usize = 8_000;

impl Rule for HeaderTooLarge {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let soon = case.settings.thresholds.login_round;
        let told = http.exchanges().iter().filter_map(|exchange| {
            let refused = Refused::of(http, exchange)?;
            let waited = http.let_in_after(exchange);
            waited.is_none_or(|waited| waited > soon).then_some((refused, waited.is_some()))
        });
        group_by(told, |(refused, _)| refused.exchange.host.clone())
            .iter()
            .filter_map(|group| finding(case, group))
            .collect()
    }
}

/// A request that was refused for its size.
struct Refused<'c, 'a> {
    exchange: &'c HttpExchange<'a>,
    size: Size,
    /// The server says so.
    is_said: bool,
}

/// Bytes of what may make a header large.
#[derive(Clone, Copy)]
struct Size {
    ticket: usize,
    cookies: usize,
}

impl Size {
    fn of(exchange: &HttpExchange<'_>) -> Self {
        let Some(request) = exchange.request else { return Self { ticket: 0, cookies: 0 } };
        let tickets = request.content.credentials.iter().filter(|c| !c.proxy && is_ticket_scheme(&c.scheme));
        let cookies = request.content.cookies.iter();
        Self {
            ticket: tickets.map(|credentials| credentials.length).max().unwrap_or(0),
            cookies: cookies.map(|cookie| cookie.name.len().saturating_add(cookie.value.expose().len())).sum(),
        }
    }

    const fn total(self) -> usize {
        self.ticket.saturating_add(self.cookies)
    }

    const fn part(self) -> HeaderPart {
        if self.ticket >= self.cookies { HeaderPart::Ticket } else { HeaderPart::Cookies }
    }
}

impl<'c, 'a> Refused<'c, 'a> {
    fn of(http: &HttpIndex<'a>, exchange: &'c HttpExchange<'a>) -> Option<Self> {
        let response = exchange.response?;
        let reason = response.content.reason.to_ascii_lowercase();
        let named = reason.contains("header") && ["large", "long"].iter().any(|word| reason.contains(word));
        let is_said = response.status == 431 || (response.status == 400 && named);
        let is_bare = matches!(response.status, 400 | 413);
        if !is_said && !is_bare {
            return None;
        }
        let size = Size::of(exchange);
        let least = if is_said { LEAST } else { USUAL_LIMIT };
        let ours = || size.part() == HeaderPart::Ticket || http.takes_part(&exchange.host);
        let here = size.total() >= least && ours() && !origin::is_local(&exchange.host);
        (here && !http.hops().is_inner(exchange.id) && largest_taken(http, &exchange.host) < size.total())
            .then_some(Self { exchange, size, is_said })
    }
}

/// The largest that a host has answered with a page.
fn largest_taken(http: &HttpIndex<'_>, host: &str) -> usize {
    let taken = http.of_host(host).filter(|exchange| exchange.is_granted());
    taken.map(|exchange| Size::of(exchange).total()).max().unwrap_or(0)
}

fn finding(case: &Case<'_>, group: &[(Refused<'_, '_>, bool)]) -> Option<Draft> {
    let http = case.http();
    let largest = group.iter().map(|(refused, _)| refused).max_by_key(|refused| refused.size.total())?;
    let exchange = largest.exchange;
    let refused = || group.iter().map(|(refused, _)| refused);
    let taken = largest_taken(http, &exchange.host);
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::HeaderRefused {
        server: exchange.conversation.server,
        host: exchange.host.clone(),
        browsers: browsers(http, refused().map(|refused| refused.exchange.browser)),
        count: group.len(),
        status: exchange.status(),
        part: largest.size.part(),
        header_bytes: largest.size.total(),
        taken_header_bytes: (taken > 0).then_some(taken),
    });
    let draft = if refused().any(|refused| refused.is_said) { draft } else { draft.at_most(Confidence::Medium) };
    let draft = if group.iter().all(|(_, later)| *later) { draft.severity(Severity::Major) } else { draft };
    let draft = refused().fold(draft, |draft, refused| draft.conversation(refused.exchange.conversation));
    Some(each(draft, group, "requests", |draft, (refused, _)| show(draft, refused)))
}

fn show(draft: Draft, refused: &Refused<'_, '_>) -> Draft {
    let Refused { exchange, size, .. } = refused;
    let what = format!("{}: ticket of {} bytes, cookies of {} bytes", exchange.line(), size.ticket, size.cookies);
    let draft = draft.packet(exchange.at(), what);
    let Some(response) = exchange.response else { return draft };
    let server = response.content.server.as_deref().map_or_else(String::new, |server| format!(", Server: {server}"));
    draft.packet(response.at(), format!("answer: {} {}{server}", response.status, response.content.reason))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{at_mail, browser, mail, served, visit};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::http::{self, Message, Visit};
    use nrpcsniff_samples::{Network, kerberos};

    const RULE: &str = "http-header-too-large";
    const HOST: &str = "mail.example.com";

    fn shows(web: &Visit, bytes: usize, answer: Message) {
        let ticket = format!("Negotiate {}", kerberos::large_ticket(HOST, bytes));
        web.wait(20).ask(http::get("/mail.nsf").header("Authorization", &ticket)).reply(answer);
    }

    #[test]
    fn a_ticket_that_the_server_says_is_too_large() {
        let found = told(RULE, |net| shows(&at_mail(net), 9_000, http::response(431)));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["431", "Kerberos ticket", HOST]);
        let reason = |net: &Network| {
            let bytes: Vec<u8> =
                b"HTTP/1.1 400 Bad Request (Request header too long)\r\nContent-Length: 0\r\n\r\n".to_vec();
            let ticket = format!("Negotiate {}", kerberos::large_ticket(HOST, 12_000));
            at_mail(net).ask(http::get("/").header("Authorization", &ticket)).tcp().server(bytes);
        };
        assert_eq!(the_one(&told(RULE, reason)).confidence, Confidence::High);
    }

    #[test]
    fn a_server_that_does_not_say_why() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            shows(&web, 600, http::response(200).html("the inbox"));
            shows(&at_mail(net), 9_000, http::response(400).header("Server", "IBM_HTTP_Server"));
        });
        let finding = the_one(&found);
        assert_eq!(finding.confidence, Confidence::Medium);
        says(finding, &["400", "took"]);
    }

    #[test]
    fn many_cookies() {
        let found = told(RULE, |net| {
            let many = (0..3)
                .fold(browser(net), |browser, at| browser.has("example.com", &format!("c{at}"), &"x".repeat(3_000)));
            visit(&many, &mail(net)).ask(http::get("/mail.nsf")).reply(http::response(431));
        });
        says(the_one(&found), &["cookies"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("a small ticket", |net| shows(&at_mail(net), 900, http::response(400))),
            ("a large ticket that is taken", |net| shows(&at_mail(net), 9_000, http::response(200).html("x"))),
            ("a large ticket that is refused as any", |net| shows(&at_mail(net), 9_000, http::response(401))),
            ("the host takes others that are as large", |net| {
                let web = at_mail(net);
                shows(&web, 9_500, http::response(200).html("x"));
                shows(&web, 9_000, http::response(400));
            }),
            ("who gets in at once", |net| {
                let web = at_mail(net);
                shows(&web, 9_000, http::response(431));
                served(&web, "/mail.nsf");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
