//! A server refuses a Kerberos ticket and says why, or the ticket is for another name.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::browsers;
use crate::diagnose::words::spnego::ticket_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::pages::{Denial, PageAnswer};
use crate::facts::http::{HttpExchange, origin};
use crate::model::{Confidence, RuleId, Severity};
use nrpcsniff_dissectors::auth::{Credentials, Ticket};
use nrpcsniff_dissectors::ticket::KerberosError;

/// See [`ABOUT`].
pub(crate) struct TicketRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("spnego-ticket-refused");

static ABOUT: About = About {
    id: ID,
    title: "A web server refuses a Kerberos ticket",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "A browser shows a Kerberos ticket (Negotiate) and is answered by 401 with a reject in which the server's own error stands \
           (KRB-ERROR: its number and both clocks); or the ticket is for another host than the one that is called.",
    matters: "The browser has a ticket, so that domain, SPN and zone are in order for it; the server cannot use it, and single sign-on fails \
              for everybody.",
    guards: &[
        "The server does not say why, and the ticket is for the host that is called: silent here.",
        "The same browser gets in at that host within half a minute: silent; later: major.",
        "A ticket for another name, and no error: medium confidence at most, since an SPN may be shared.",
    ],
    remedy: &[
        "37 (SKEW): the clocks of client and server are more than five minutes apart: set both by the domain's time.",
        "35 (NOT_US), 41 (MODIFIED), 44, 45: the server lacks the key for which the ticket was made: the SPN belongs to another account \
         than the one that the service runs under (setspn -Q HTTP/host), or the keytab is older than the account's password (ktpass anew).",
        "A ticket for another name: register HTTP/host for the name in the address, with the same account.",
    ],
    references: &[
        "RFC 4120 section 7.5.9 (error codes), RFC 4559 section 4.1",
        "HCL Domino: Windows single sign-on for Web clients",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for TicketRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let soon = case.settings.thresholds.login_round;
        let told = http.exchanges().iter().filter_map(|exchange| {
            let why = why(exchange)?;
            let waited = http.let_in_after(exchange);
            waited.is_none_or(|waited| waited > soon).then_some((exchange, why, waited.is_some()))
        });
        let groups = group_by(told, |(exchange, why, _)| (exchange.host.clone(), why.code()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// What tells the cause.
enum Why<'a> {
    /// The server's own word.
    Said(&'a KerberosError),
    /// The ticket is for another host.
    OtherName,
}

impl Why<'_> {
    const fn code(&self) -> Option<u32> {
        match self {
            Self::Said(error) => Some(error.code),
            Self::OtherName => None,
        }
    }
}

fn why<'a>(exchange: &HttpExchange<'a>) -> Option<Why<'a>> {
    let sent = sent(exchange)?;
    if exchange.page_answer() != PageAnswer::Denied(Denial::Unauthorized) || origin::is_local(&exchange.host) {
        return None;
    }
    let challenges = &exchange.response?.content.challenges;
    let said = challenges.iter().find_map(|challenge| challenge.kerberos_error.as_ref());
    let other = || {
        let service = sent.service.as_deref()?;
        let (_, named) = service.split_once('/')?;
        let is_other = !named.eq_ignore_ascii_case(&exchange.host) && !exchange.is_forwarded();
        is_other.then_some(Why::OtherName)
    };
    said.map(Why::Said).or_else(other)
}

fn sent<'a>(exchange: &HttpExchange<'a>) -> Option<&'a Credentials> {
    let mut credentials = exchange.request?.content.credentials.iter();
    credentials.find(|c| !c.proxy && c.ticket == Some(Ticket::Kerberos))
}

/// Medium at most where the answer names no error: that the server has no key for the name is then inferred from ticket and address.
fn finding(case: &Case<'_>, group: &[(&HttpExchange<'_>, Why<'_>, bool)]) -> Option<Draft> {
    let http = case.http();
    let (first, why, _) = group.first()?;
    let exchanges: Vec<&HttpExchange<'_>> = group.iter().map(|(exchange, ..)| *exchange).collect();
    let service = sent(first).and_then(|sent| sent.service.clone());
    let fault = match why {
        Why::Said(error) => words::TicketFault::Said {
            kerberos_code: error.code,
            kerberos_name: error.name(),
            server_ahead_s: ahead(error, first),
        },
        Why::OtherName => words::TicketFault::OtherName,
    };
    let draft = Draft::new(&ABOUT, 45).names_read().retry(group.len() > 1).says(&words::RefusedTicket {
        server: first.conversation.server,
        host: first.host.clone(),
        browsers: browsers(http, exchanges.iter().map(|exchange| exchange.browser)),
        service,
        count: exchanges.len(),
        cause: fault,
    });
    let draft = if why.code().is_none() { draft.at_most(Confidence::Medium) } else { draft };
    let draft = if group.iter().all(|(.., later)| *later) { draft.severity(Severity::Major) } else { draft };
    let draft = exchanges.iter().fold(draft, |draft, exchange| draft.conversation(exchange.conversation));
    Some(each(draft, &exchanges, "requests", |draft, exchange| {
        let draft =
            draft.packet(exchange.at(), format!("{} with a Kerberos ticket{}", exchange.line(), is_for(exchange)));
        match exchange.response {
            Some(response) => draft.packet(response.at(), format!("answer: 401{}", said(exchange))),
            None => draft,
        }
    }))
}

/// How far the server's clock is ahead of the packets' (seconds), which are the client's as nearly as can be told.
#[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
fn ahead(error: &KerberosError, exchange: &HttpExchange<'_>) -> Option<f64> {
    let client = error.client_time.unwrap_or_else(|| exchange.at().time.whole_seconds());
    (error.code == SKEW).then_some(())?;
    Some(error.server_time?.saturating_sub(client) as f64)
}

/// Clocks that are too far apart.
const SKEW: u32 = 37;

fn is_for(exchange: &HttpExchange<'_>) -> String {
    let service = sent(exchange).and_then(|sent| sent.service.as_deref());
    service.map_or_else(String::new, |service| format!(" for {service}"))
}

fn said(exchange: &HttpExchange<'_>) -> String {
    let challenges = exchange.response.into_iter().flat_map(|response| &response.content.challenges);
    let error = challenges.into_iter().find_map(|challenge| challenge.kerberos_error.as_ref());
    error.map_or_else(String::new, |error| format!(", KRB-ERROR {} {}", error.code, error.name().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{browser, mail, served, visit};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Visit};
    use nrpcsniff_samples::kerberos;

    const RULE: &str = "spnego-ticket-refused";

    fn at_mail(net: &Network) -> Visit {
        visit(&browser(net), &mail(net))
    }

    fn shows(web: &Visit, host: &str, answer: &str) {
        let ticket = http::get("/mail.nsf").header("Authorization", &format!("Negotiate {}", kerberos::ticket(host)));
        web.wait(20).ask(ticket).reply(http::response(401).set("WWW-Authenticate", answer));
    }

    #[test]
    fn clocks_apart() {
        let found = told(RULE, |net| {
            let error = kerberos::refusal(37, net.now() + 1200 * 1_000_000_000, "mail.example.com");
            shows(&at_mail(net), "mail.example.com", &format!("Negotiate {error}"));
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["37", "KRB_AP_ERR_SKEW", "20.0 min ahead", "HTTP/mail.example.com"]);
    }

    #[test]
    fn a_key_that_the_server_lacks_and_another_name() {
        let found = told(RULE, |net| {
            let error = kerberos::refusal(41, net.now(), "mail.example.com");
            shows(&at_mail(net), "mail.example.com", &format!("Negotiate {error}"));
        });
        says(the_one(&found), &["KRB_AP_ERR_MODIFIED", "another account"]);
        let found = told(RULE, |net| shows(&at_mail(net), "old.example.com", "Negotiate"));
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["HTTP/old.example.com", "mail.example.com"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("no reason is said", |net| shows(&at_mail(net), "mail.example.com", "Negotiate")),
            ("the name in capital letters", |net| shows(&at_mail(net), "MAIL.example.com", "Negotiate")),
            ("who gets in at once", |net| {
                let web = at_mail(net);
                shows(&web, "old.example.com", "Negotiate");
                served(&web, "/mail.nsf");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
