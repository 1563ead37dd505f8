//! What several rules read in logs alike.

use crate::diagnose::words::ltpa::LoggedToken;
use crate::diagnose::words::{Answers, Placeholders};
use crate::diagnose::{About, Case, Draft, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::{ClientTrace, LogEntry, LoggedRequest, TracedLogin, same_server};
use crate::facts::names::NameLikeness;
use crate::facts::sip::SipExchange;
use crate::facts::tokens::Showing;
use crate::model::{AnchorKey, Conversation, ConversationId, LogEvent, TokenStatusText};
use nrpcsniff_dissectors::cookie::Cookie;
use nrpcsniff_dissectors::ltpa::Class;
use nrpcsniff_dissectors::{http, sametime, sip};

/// Score of a text that names the fault.
pub(crate) const READ: i32 = 45;
/// Lines of one kind that are looked at.
pub(crate) const MOST: usize = 1024;
/// Lines of one kind that are looked at where each is held against every conversation.
pub(crate) const FEW: usize = 64;
/// Different attempts of Notes clients that are looked at.
const ATTEMPTS: usize = 32;
/// A line and the one it belongs to stand no further apart.
const NEAR: usize = 8;

/// Name of the log for people.
pub(crate) fn log_of<'c>(case: &'c Case<'_>, entry: &LogEntry<'_>) -> &'c str {
    case.logs().log(entry.log).map_or("the log", |log| log.name())
}

/// Name of the log in which a sign-on was traced.
pub(crate) fn log_of_login<'c>(case: &'c Case<'_>, login: &TracedLogin<'_>) -> &'c str {
    login.first().map_or("the log", |entry| log_of(case, &entry))
}

/// Conversations with a community server in which the capture shows that sign-on refused.
pub(crate) fn refused_logins(case: &Case<'_>, login: &TracedLogin<'_>) -> Vec<ConversationId> {
    let Some(failed) = login.failed().or_else(|| login.first()) else { return Vec::new() };
    case.logs().refused_at(&failed, &[&sametime::PROTOCOL], &login.users())
}

/// A trace that says of the token "verified" speaks against every fault of the token.
pub(crate) fn verified_well(case: &Case<'_>, about: &'static About) -> Vec<Testimony> {
    let verified = case.logs().logins().iter().filter(|login| login.status.is_none() && login.not_verified.is_none());
    let testimonies = verified.filter(|login| !login.mixed).filter_map(|login| {
        let entry = login.verified?;
        let links = case.logs().refused_at(&entry, &[&sametime::PROTOCOL], &login.users());
        (!links.is_empty()).then(|| Testimony::new(about, &[entry]).links(links).against())
    });
    testimonies.collect()
}

/// Domino's word against a token: in sign-ons that Sametime traced, and in lines of its own console.
///
/// `tell` gets a draft with its score, and says in it what the log says of that token. Lines that a traced sign-on holds already
/// are left out, so that one refusal does not speak twice.
pub(crate) fn token_status(
    case: &Case<'_>,
    about: &'static About,
    status: TokenStatusText,
    tell: impl Fn(Draft, LoggedToken) -> Draft,
) -> Vec<Testimony> {
    let logs = case.logs();
    let said = logs.logins().iter().filter(|login| login.status.is_some_and(|(_, said)| said == status));
    let traced = said.clone().filter(|login| login.accepted.is_none()).map(|login| {
        let user = login.user();
        let logged = LoggedToken { log: log_of_login(case, login).to_owned(), user: user.map(str::to_owned) };
        let draft = tell(Draft::new(about, READ).names_read().guard(login.mixed), logged);
        Testimony::new(about, &login.telling())
            .whom(user.unwrap_or_default())
            .login(login)
            .links(refused_logins(case, login))
            .alone(draft)
    });
    let traced_lines: Vec<_> = said.filter_map(|login| login.status.map(|(entry, _)| entry.line())).collect();
    let is_said = |event: &LogEvent| matches!(event, LogEvent::Status { token: Some(said), .. } if *said == status);
    let lines = logs.saying(is_said).filter(|entry| traced_lines.binary_search(&entry.line()).is_err());
    let lines = lines.filter(|entry| !entry.names_saml()).take(MOST).map(|entry| {
        let logged = LoggedToken { log: log_of(case, &entry).to_owned(), user: None };
        let draft = tell(Draft::new(about, READ).names_read(), logged);
        Testimony::new(about, &[entry]).links(refused_near(case, &entry)).alone(draft)
    });
    traced.chain(lines).collect()
}

/// Requests in logs with a word where their only token should be: no token beside it, and not an empty value, which is what a
/// logout leaves.
pub(crate) fn words_logged<'c, 'a>(
    case: &'c Case<'a>,
    is: impl Fn(&LoggedRequest<'a>) -> bool + 'c,
) -> impl Iterator<Item = &'c LoggedRequest<'a>> {
    let class = |cookie: &Cookie| cookie.token.as_ref().map(|token| token.class);
    let is_word = move |cookie: &Cookie| matches!(class(cookie), Some(Class::Undefined | Class::JunkLiteral));
    let all = case.logs().requests().iter().filter(move |request| is(request));
    let words = all.filter(move |request| request.tokens().any(is_word));
    words.filter(move |request| !request.tokens().any(|cookie| class(cookie).is_some_and(Class::is_genuine))).take(MOST)
}

/// What is said of such a request.
pub(crate) struct LoggedWord {
    /// Name of the log.
    pub log: String,
    /// `LtpaToken="undefined"`. The word is no secret.
    pub placeholders: Placeholders,
    /// The answer, if the log has it and it refuses.
    pub answers: Answers,
    /// It was refused.
    pub is_refused: bool,
}

impl LoggedWord {
    /// Of that request.
    pub(crate) fn of(case: &Case<'_>, request: &LoggedRequest<'_>) -> Self {
        let words = request.tokens().filter(|cookie| cookie.token.as_ref().is_some_and(|token| token.class.is_word()));
        let quotes = |c: char| matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’');
        let shown = words.map(|cookie| format!("{}=\"{}\"", cookie.name, cookie.value.expose().trim_matches(quotes)));
        let refused = request.status().filter(|(status, _)| *status >= 300);
        Self {
            log: log_of(case, &request.entry).to_owned(),
            placeholders: Placeholders::of(shown),
            answers: Answers::of(refused.map(|(status, reason)| format!("{status} {reason}"))),
            is_refused: refused.is_some(),
        }
    }
}

/// Conversations that carried what the line names: the call with its Call-ID, the connection from that address and port, requests
/// that showed its token. Of a token those at that moment, where the moment is known, else those that were refused.
pub(crate) fn named_by(case: &Case<'_>, entry: &LogEntry<'_>) -> Vec<ConversationId> {
    let within = case.settings.thresholds.log_within;
    let of = |key: &AnchorKey| -> Vec<ConversationId> {
        match key {
            AnchorKey::CallId(id) => case
                .sip()
                .of_call(id)
                .flat_map(SipExchange::conversations)
                .map(|conversation| conversation.id)
                .collect(),
            AnchorKey::Endpoint(ip, port) => {
                let own = case.analysis.conversations.iter().filter(|c| c.client.ip == *ip && c.client.port == *port);
                let near = |c: &&Conversation| {
                    entry.time.is_none_or(|at| c.first.time.minus(within) <= at && at <= c.last.time.plus(within))
                };
                own.filter(near).map(|c| c.id).collect()
            }
            AnchorKey::Token(print) => {
                let near = |showing: &&Showing<'_>| match entry.time {
                    Some(at) => showing.at.time.since(at).abs() <= within,
                    None => showing.is_refused(),
                };
                let shown = case.tokens().showings_of(*print).filter(near).take(MOST);
                shown.flat_map(|showing| showing.conversations.iter().map(|c| c.id)).collect()
            }
        }
    };
    case.logs().anchors(entry.line()).flat_map(of).collect()
}

/// Conversations in which the capture shows a token refused at that moment; those that the line names, if it names any.
pub(crate) fn refused_near(case: &Case<'_>, entry: &LogEntry<'_>) -> Vec<ConversationId> {
    let named = named_by(case, entry);
    if !named.is_empty() {
        return named;
    }
    case.logs().refused_at(entry, &[&http::PROTOCOL, &sip::PROTOCOL, &sametime::PROTOCOL], &[])
}

/// Lines of one kind that say nothing of users, each with what it joins; alone they are worth a word from three on. `tell` gets a
/// draft and the name of the log.
pub(crate) fn noise(
    case: &Case<'_>,
    about: &'static About,
    is: impl Fn(&LogEvent) -> bool,
    tell: impl Fn(Draft, String) -> Draft,
) -> Vec<Testimony> {
    let entries: Vec<LogEntry<'_>> = case.logs().saying(is).take(MOST).collect();
    let logs = group_by(entries, |entry| entry.log);
    let of_log = |group: Vec<LogEntry<'_>>| -> Vec<Testimony> {
        let many = group.len() >= 3;
        let testimony = |entry: &LogEntry<'_>| {
            let testimony = Testimony::new(about, &[*entry]).links(refused_near(case, entry));
            if many { testimony.alone(tell(Draft::new(about, 20), log_of(case, entry).to_owned())) } else { testimony }
        };
        group.iter().map(testimony).collect()
    };
    logs.into_iter().flat_map(of_log).collect()
}

/// NRPC conversations that were open at that moment, or nearly.
pub(crate) fn nrpc_at(case: &Case<'_>, entry: &LogEntry<'_>) -> Vec<ConversationId> {
    let Some(time) = entry.time else { return Vec::new() };
    let within = case.settings.thresholds.log_within;
    let talks = case
        .nrpc()
        .filter(|talk| talk.conversation.first.time.since(time) <= within && time.since(talk.ended()) <= within);
    talks.map(|talk| talk.conversation.id).collect()
}

/// A Notes client's words about a server that answered in place of another, for the rule that is about names so alike;
/// `None` where the wanted name is not in the log.
pub(crate) fn wrong_server(
    case: &Case<'_>,
    about: &'static About,
    mine: impl Fn(Option<(&str, NameLikeness)>) -> bool,
    tell: impl Fn(Draft, &ClientTrace<'_>) -> Draft,
) -> Vec<Testimony> {
    let groups = group_by(case.logs().traces(), |trace| (trace.wanted, trace.answered, trace.address));
    let firsts = groups.iter().take(ATTEMPTS).filter_map(|group| group.first().copied());
    let testimonies = firsts.filter_map(|trace| {
        let pair = trace.wanted.map(|wanted| (wanted, case.likeness(wanted, trace.answered)));
        if !mine(pair) {
            return None;
        }
        let draft = tell(Draft::new(about, 35), trace);
        let whom = format!("{} {} {}", trace.wanted.unwrap_or_default(), trace.answered, trace.address);
        Some(Testimony::new(about, &trace.entries).whom(whom).links(same_attempt(case, trace)).alone(draft))
    });
    testimonies.collect()
}

/// Conversations in which the same name was asked for and the same server answered, at the same address where that can be
/// read. Names and addresses tell more than times, which such traces do not have.
fn same_attempt(case: &Case<'_>, trace: &ClientTrace<'_>) -> Vec<ConversationId> {
    let ip = trace.ip();
    let talks = case.nrpc().filter(|talk| {
        let wanted =
            trace.wanted.zip(talk.wanted()).is_none_or(|(a, b)| same_server(a, b) || a.eq_ignore_ascii_case(b));
        wanted
            && ip.is_none_or(|ip| talk.conversation.server.ip == ip)
            && talk.answered().is_some_and(|answered| same_server(trace.answered, answered))
    });
    talks.map(|talk| talk.conversation.id).collect()
}

/// A Notes client's "not responding", for what the capture shows at that address: it stands for a dead server and for a
/// wrong one, and proves nothing by itself.
pub(crate) fn not_responding(case: &Case<'_>, about: &'static About) -> Vec<Testimony> {
    let entries: Vec<LogEntry<'_>> = case
        .logs()
        .saying(|event| {
            matches!(
                event,
                LogEvent::UsingAddress { .. } | LogEvent::WrongServer { .. } | LogEvent::UnableToConnect { .. }
            )
        })
        .collect();
    let testimonies = entries.iter().enumerate().filter_map(|(place, entry)| {
        let LogEvent::UnableToConnect { server, status: Some(0x0803 | 0x0807), .. } = &entry.fact.event else {
            return None;
        };
        let before = entries.get(place.saturating_sub(NEAR)..place)?.iter().rev();
        let mut before = before.take_while(|other| !matches!(other.fact.event, LogEvent::WrongServer { .. }));
        let used = before.find_map(|other| match &other.fact.event {
            LogEvent::UsingAddress { address, server: asked } if asked.eq_ignore_ascii_case(server) => {
                Some((*other, address.parse().ok()?))
            }
            _ => None,
        });
        let (using, ip): (LogEntry<'_>, std::net::IpAddr) = used?;
        let talks = case.nrpc().filter(|talk| talk.conversation.server.ip == ip).map(|talk| talk.conversation.id);
        Some(Testimony::new(about, &[using, *entry]).links(talks))
    });
    testimonies.take(ATTEMPTS).collect()
}
