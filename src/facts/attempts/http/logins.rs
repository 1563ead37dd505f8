//! Logins by form, and by what stands in the header of every request: name and password, or a ticket.

use super::{Judge, Runs, Wish, denied, status_line};
use crate::facts::http::HttpExchange;
use crate::facts::http::pages::PageAnswer;
use crate::model::{AttemptKind, Outcome, Unjudged};
use nrpcsniff_dissectors::auth::{Credentials, Ticket, is_ticket_scheme};
use nrpcsniff_dissectors::http::LoginAnswer;

/// Every login of one browser.
pub(super) fn all<'w, 'a>(judge: &Judge<'_, 'a>, mine: &[&'w HttpExchange<'a>]) -> Vec<Wish<'w, 'a>> {
    let mut runs = Runs::default();
    // At once means that no user can have typed anything in between.
    let window = judge.case.settings.thresholds.close_after_reply;
    for (index, &exchange) in mine.iter().enumerate() {
        if exchange.is_login() {
            let later = mine.get(index.saturating_add(1)..).unwrap_or_default();
            runs.found.push(of_form(judge, exchange, later));
        } else if let Some((credentials, outcome)) = header(exchange).zip(of_header(judge, exchange)) {
            let begin = |outcome: Outcome| {
                let mended = if outcome.is_failure() { judge.served_later(exchange) } else { None };
                let wish = Wish::new(AttemptKind::HttpLogin, exchange, outcome);
                Wish { user: credentials.user.clone(), mended, ..wish }
            };
            runs.add((exchange.host.as_str(), credentials.scheme.as_str()), exchange, outcome, window, begin);
        }
    }
    runs.found
}

fn of_form<'w, 'a>(judge: &Judge<'_, 'a>, login: &'w HttpExchange<'a>, later: &[&'w HttpExchange<'a>]) -> Wish<'w, 'a> {
    let user = login.request.and_then(|request| request.content.user()).map(str::to_owned);
    let mut next = None;
    let outcome = match login.login_answer() {
        LoginAnswer::Accepted => Outcome::Granted,
        LoginAnswer::Refused => Outcome::Refused(refusal(login)),
        LoginAnswer::SentOn => {
            let (page, outcome) = sent_on(judge, login, later);
            next = page;
            outcome
        }
        LoginAnswer::Untold if login.response.is_none() => judge.unanswered(login),
        LoginAnswer::Untold => Judge::untold(login),
    };
    let mut wish = Wish { user, ..Wish::new(AttemptKind::HttpLogin, login, outcome) };
    if let Some(next) = next {
        wish.add(next);
    }
    wish
}

/// How a form was refused.
fn refusal(login: &HttpExchange<'_>) -> String {
    let shows_form = login.response.is_some_and(|response| response.login_form.is_form());
    match () {
        () if login.leads_to_login() => "sent to the login page again".to_owned(),
        () if login.redirect().is_some() => "sent to a page that tells of an error".to_owned(),
        () if shows_form && login.status() < 400 => "the login form again".to_owned(),
        () => status_line(login),
    }
}

/// The answer to a login sends the browser on without a cookie: what the host answers to the next page tells.
fn sent_on<'w, 'a>(
    judge: &Judge<'_, 'a>,
    login: &HttpExchange<'a>,
    later: &[&'w HttpExchange<'a>],
) -> (Option<&'w HttpExchange<'a>>, Outcome) {
    let host = login.target().map_or_else(|| login.host.clone(), |(host, _)| host);
    let within = judge.case.settings.thresholds.login_round;
    let soon = |next: &&&HttpExchange<'_>| next.at().time.since(login.at().time) <= within && !next.is_login();
    for &next in later.iter().take_while(soon).filter(|next| next.host == host) {
        match next.page_answer() {
            PageAnswer::Granted => return (Some(next), Outcome::Granted),
            PageAnswer::Denied(denial) => {
                let how = format!("after the login: {}", denied(next, denial));
                return (Some(next), Outcome::Refused(how));
            }
            PageAnswer::Unread => return (Some(next), Judge::untold(next)),
            PageAnswer::Step | PageAnswer::Elsewhere | PageAnswer::Untold => {}
        }
    }
    (None, Outcome::Unknown(Unjudged::UnknownForm))
}

/// Name and password, or a ticket, in the header.
fn header<'w>(exchange: &'w HttpExchange<'_>) -> Option<&'w Credentials> {
    let credentials = &exchange.request?.content.credentials;
    let signs_in =
        |scheme: &str| is_ticket_scheme(scheme) || ["Basic", "Digest"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    credentials.iter().find(|credentials| !credentials.proxy && signs_in(&credentials.scheme))
}

/// What the server answers to them; `None` if it is a step, or says nothing of them.
fn of_header(judge: &Judge<'_, '_>, exchange: &HttpExchange<'_>) -> Option<Outcome> {
    match exchange.page_answer() {
        // Whom it sends elsewhere the server has asked for no more.
        PageAnswer::Granted | PageAnswer::Elsewhere => Some(Outcome::Granted),
        PageAnswer::Unread => Some(Judge::untold(exchange)),
        PageAnswer::Denied(denial) => {
            Some(Outcome::Refused(format!("{} to {}", denied(exchange, denial), shown(header(exchange)?))))
        }
        PageAnswer::Untold if exchange.wants_page() && exchange.response.is_none() => Some(judge.unanswered(exchange)),
        PageAnswer::Step | PageAnswer::Untold => None,
    }
}

/// What was shown, for a line that begins with its refusal.
fn shown(credentials: &Credentials) -> &'static str {
    match credentials.ticket {
        Some(Ticket::Ntlm(_)) if credentials.scheme.eq_ignore_ascii_case("Negotiate") => {
            "NTLM in place of a Kerberos ticket"
        }
        Some(Ticket::Ntlm(_)) => "NTLM",
        Some(Ticket::Kerberos) => "a Kerberos ticket",
        Some(Ticket::Reject | Ticket::Other) => "a ticket",
        None => "name and password",
    }
}
