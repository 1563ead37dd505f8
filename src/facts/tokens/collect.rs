//! Finds the tokens: in cookies that are set, in cookies that are shown, in SIP requests, in chat logins.

use super::{Channel, Issue, KnownToken, Showing, ShowingAnswer, ShowingOutcome, ShowingRefusal};
use crate::facts::Settings;
use crate::facts::http::pages::{Denial, PageAnswer};
use crate::facts::http::{self, HttpIndex};
use crate::facts::sip::{self, SipIndex};
use crate::model::{Analysis, Conversation, Message, Side, Stamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::cookie::Cookie;
use nrpcsniff_dissectors::ltpa::{Class, Fingerprint};
use nrpcsniff_dissectors::{Message as Body, sametime};

/// Channel on which a session lives and dies.
const MASTER: u32 = 0;

/// Cookies that hold tokens, in the responses that set or delete them.
pub(super) fn issues<'a>(http: &HttpIndex<'a>, settings: &Settings) -> Vec<Issue<'a>> {
    let mut found = Vec::new();
    for exchange in http.exchanges() {
        let Some(response) = exchange.response else { continue };
        let now = response.at().time.whole_seconds();
        for cookie in &response.content.set_cookies {
            let Some(token) = &cookie.token else { continue };
            let known = KnownToken::new(Some(&cookie.name), token, settings);
            found.push(Issue {
                at: response.at(),
                conversation: exchange.conversation,
                exchange: exchange.id,
                browser: exchange.browser,
                host: exchange.host.clone(),
                cookie,
                deleted: cookie.is_deletion(now) || known.is_junk(),
                known,
                login: exchange.request.filter(|_| exchange.is_login()).and_then(|request| request.content.user()),
            });
        }
    }
    found.sort_by_key(|issue| (issue.at.time, issue.at.frame));
    found
}

/// Requests and logins that carry tokens, in order of time.
pub(super) fn showings<'a>(
    analysis: &'a Analysis,
    http: &HttpIndex<'a>,
    sip: &SipIndex<'a>,
    settings: &Settings,
) -> Vec<Showing<'a>> {
    let mut found: Vec<Showing<'a>> = Vec::new();
    found.extend(http.exchanges().iter().filter_map(|exchange| of_http(exchange, settings)));
    found.extend(sip.exchanges().filter_map(|exchange| of_sip(exchange, settings)));
    let spoken = analysis.conversations.iter().filter(|c| c.is(&sametime::PROTOCOL));
    found.extend(spoken.flat_map(|conversation| of_sametime(conversation, settings)));
    found.sort_by_key(|showing| (showing.at.time, showing.at.frame));
    found
}

/// A token of version 1 or 2 whose cookie had no telling name is what it is elsewhere in the capture.
pub(super) fn settle_classes<'a>(issues: &mut [Issue<'a>], showings: &mut [Showing<'a>]) {
    let mut classes: HashMap<Fingerprint, Class> = HashMap::new();
    let shown = showings.iter().flat_map(|showing| &showing.tokens);
    for known in issues.iter().map(|issue| &issue.known).chain(shown).filter(|known| known.class != Class::Websphere) {
        classes.entry(known.token.fingerprint).or_insert(known.class);
    }
    let shown = showings.iter_mut().flat_map(|showing| &mut showing.tokens);
    for known in issues.iter_mut().map(|issue| &mut issue.known).chain(shown) {
        if known.class == Class::Websphere
            && let Some(class) = classes.get(&known.token.fingerprint)
        {
            known.class = *class;
        }
    }
}

fn in_cookies<'a>(cookies: &'a [Cookie], settings: &Settings) -> Vec<KnownToken<'a>> {
    let known = |cookie: &'a Cookie| Some(KnownToken::new(Some(&cookie.name), cookie.token.as_ref()?, settings));
    cookies.iter().filter_map(known).collect()
}

fn of_http<'a>(exchange: &http::HttpExchange<'a>, settings: &Settings) -> Option<Showing<'a>> {
    let request = exchange.request?;
    let tokens = in_cookies(&request.content.cookies, settings);
    (!tokens.is_empty()).then(|| Showing {
        channel: Channel::Http { exchange: exchange.id, browser: exchange.browser },
        at: request.at(),
        conversation: exchange.conversation,
        conversations: vec![exchange.conversation],
        client: exchange.client(),
        server: exchange.conversation.server,
        host: exchange.host.clone(),
        method: exchange.method(),
        tokens,
        call_id: None,
        claim: None,
        accepted_as: Vec::new(),
        credentials: !request.content.credentials.is_empty(),
        outcome: http_outcome(exchange),
        answer: exchange.response.map(|response| ShowingAnswer { at: response.at(), text: http_answer(exchange) }),
    })
}

fn http_outcome(exchange: &http::HttpExchange<'_>) -> ShowingOutcome {
    match exchange.page_answer() {
        PageAnswer::Granted | PageAnswer::Unread => ShowingOutcome::Accepted,
        PageAnswer::Denied(Denial::Unauthorized | Denial::Forbidden) => {
            ShowingOutcome::Refused(ShowingRefusal::Status(exchange.status()))
        }
        PageAnswer::Denied(Denial::LoginPage | Denial::LoginForm) => ShowingOutcome::Refused(ShowingRefusal::LoginPage),
        // Where a redirect leads says nothing of the token: it may be the page that was meant, or an identity provider.
        PageAnswer::Step | PageAnswer::Elsewhere | PageAnswer::Untold => ShowingOutcome::Unknown,
    }
}

fn http_answer(exchange: &http::HttpExchange<'_>) -> String {
    let status = exchange.response.map_or(String::new(), |r| format!("{} {}", r.content.status, r.content.reason));
    match exchange.target() {
        Some((host, path)) => format!("{} to {host}{path}", status.trim_end()),
        None if exchange.response.is_some_and(|r| r.login_form.is_form()) => {
            format!("{}, a login form", status.trim_end())
        }
        None => status.trim_end().to_owned(),
    }
}

/// A SIP request that carried tokens. Of refusals only those count that can be about a token or its user: 486 and the
/// like say nothing of it.
fn of_sip<'a>(exchange: &sip::SipExchange<'a>, settings: &Settings) -> Option<Showing<'a>> {
    let request = exchange.request()?;
    let tokens = in_cookies(exchange.cookies(), settings);
    let outcome = match exchange.outcome() {
        sip::TransactionOutcome::Accepted => ShowingOutcome::Accepted,
        sip::TransactionOutcome::Challenged | sip::TransactionOutcome::Refused => {
            let status = exchange.status().filter(|status| matches!(status, 401 | 403 | 407 | 500..));
            status.map_or(ShowingOutcome::Unknown, |status| ShowingOutcome::Refused(ShowingRefusal::Status(status)))
        }
        sip::TransactionOutcome::Provisional | sip::TransactionOutcome::Silent => ShowingOutcome::Unknown,
    };
    (!tokens.is_empty()).then(|| Showing {
        channel: Channel::Sip,
        at: request.at(),
        conversation: request.conversation,
        conversations: exchange.conversations(),
        client: exchange.client().ip,
        server: exchange.server(),
        host: exchange.server().ip.to_string(),
        method: exchange.method,
        tokens,
        call_id: Some(exchange.call_id),
        claim: if exchange.method == "REGISTER" { exchange.target() } else { exchange.user() },
        accepted_as: Vec::new(),
        credentials: !exchange.credentials().is_empty(),
        outcome,
        answer: exchange.answer().map(|answer| ShowingAnswer { at: answer.at(), text: answer.status_line() }),
    })
}

/// Logins of one conversation, each with what the server said to it.
fn of_sametime<'a>(conversation: &'a Conversation, settings: &Settings) -> Vec<Showing<'a>> {
    let mut found: Vec<Showing<'a>> = Vec::new();
    let mut open = false;
    for message in &conversation.messages {
        let Body::Sametime(sametime) = &message.body else { continue };
        match (&sametime.body, message.from) {
            (sametime::Body::Login { user, auth, .. }, Side::Client) => {
                open = !auth.tokens.is_empty();
                found.extend(open.then(|| login(conversation, message, user, auth, settings)));
            }
            (said, Side::Server) if open && sametime.channel == MASTER => {
                if let Some(showing) = found.last_mut() {
                    open = !answered(showing, said, message.at);
                }
            }
            _ => {}
        }
    }
    found
}

fn login<'a>(
    conversation: &'a Conversation,
    message: &'a Message,
    user: &'a str,
    auth: &'a sametime::Auth,
    settings: &Settings,
) -> Showing<'a> {
    Showing {
        channel: Channel::Sametime,
        at: message.at,
        conversation,
        conversations: vec![conversation],
        client: conversation.client.ip,
        server: conversation.server,
        host: conversation.server.ip.to_string(),
        method: "login",
        tokens: auth.tokens.iter().map(|token| KnownToken::new(None, token, settings)).collect(),
        call_id: None,
        claim: Some(user.to_owned()).filter(|user| !user.trim().is_empty()),
        accepted_as: Vec::new(),
        credentials: false,
        outcome: ShowingOutcome::Unknown,
        answer: None,
    }
}

/// The server's word on a login; false if this is none.
fn answered<'a>(showing: &mut Showing<'a>, said: &'a sametime::Body, at: Stamp) -> bool {
    let text = match said {
        sametime::Body::LoginAck { user_id, user_name, .. } => {
            showing.outcome = ShowingOutcome::Accepted;
            showing.accepted_as =
                [user_id.as_str(), user_name.as_str()].into_iter().filter(|n| !n.is_empty()).collect();
            "login accepted".to_owned()
        }
        sametime::Body::LoginRedirect { host, .. } => format!("redirected to {host}"),
        sametime::Body::ChannelDestroy { reason: 0 } => "session closed without a reason".to_owned(),
        sametime::Body::ChannelDestroy { reason } => {
            showing.outcome = ShowingOutcome::Refused(ShowingRefusal::Reason(*reason));
            format!("session closed with reason 0x{reason:08X}")
        }
        _ => return false,
    };
    showing.answer = Some(ShowingAnswer { at, text });
    true
}
