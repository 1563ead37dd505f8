//! Attempts that logs tell of, with what came of them: a login refused, a user locked out, a telephone registered.
//!
//! A server writes several lines of one attempt; they are one. Lines of a traced sign-on and of a request that stands in the log
//! as a whole belong to that. Of the rest, lines of one moment that do not name different people are of one attempt: the most
//! telling kind among them is what was wanted. What ends nothing (a step, a beginning) is no attempt.

use super::{ClientTrace, LogEntry, LoggedRequest, TracedLogin, common_name, same_person};
use crate::model::{
    AttemptKind, CloseBy, LogLine, LogMeaning, LogOutcome, LogWeight, Outcome, Span, Timestamp, Weight,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::sametime;
use std::net::IpAddr;

/// A server writes the lines of one attempt within this time.
const EVENT: Span = Span::from_millis(50);
/// And within so many lines.
const NEAR: u64 = 16;
/// Lines of one attempt that are kept.
const LINES: usize = 16;
/// Registrars answer a request for credentials first: that refuses nothing yet.
const CHALLENGES: [u16; 2] = [401, 407];

/// Somebody wanted something, by a log.
#[derive(Debug, Clone)]
pub(crate) struct LoggedAttempt<'a> {
    /// What was wanted.
    pub kind: AttemptKind,
    /// What came of it.
    pub outcome: Outcome,
    /// Its lines, in order; never none.
    pub lines: Vec<LogLine>,
    /// When its first line was, on the clock of the packets.
    pub at: Option<Timestamp>,
    /// The user that the lines name.
    pub user: Option<&'a str>,
    /// The server that they name.
    pub server: Option<&'a str>,
    /// The other end of the connection, as written.
    pub peer: Option<&'a str>,
    /// Call-ID of its requests.
    pub call_id: Option<&'a str>,
    /// What the log says of how it ended: attempts of one text are alike.
    pub said: &'a str,
    /// Whether anybody minds.
    pub weight: Weight,
    /// A later line shows that the same user, or the same server, was granted it.
    pub is_mended: bool,
}

impl LoggedAttempt<'_> {
    /// Which one it is: its first line.
    pub(crate) fn id(&self) -> Option<LogLine> {
        self.lines.first().copied()
    }

    /// It came to nothing, nobody got it later, and somebody minds.
    pub(crate) fn is_lost(&self) -> bool {
        self.outcome.is_failure() && self.weight == Weight::Wanted && !self.is_mended
    }

    /// Whom it is about: names of one user, or of one server, are one.
    fn whom(&self) -> Option<String> {
        let server = || self.server.map(str::to_lowercase);
        let peer = || self.peer.map(|peer| peer.split(['(', ' ']).next().unwrap_or(peer).to_owned());
        self.user.map(common_name).or_else(server).or_else(peer)
    }
}

/// What one log tells of attempts, in the order of their first lines.
pub(super) fn attempts<'a>(
    entries: &[LogEntry<'a>],
    logins: &[TracedLogin<'a>],
    requests: &[LoggedRequest<'a>],
    traces: &[ClientTrace<'a>],
) -> Vec<LoggedAttempt<'a>> {
    let mut taken: HashSet<LogLine> = HashSet::new();
    let mut all: Vec<LoggedAttempt<'a>> = Vec::new();
    for login in logins {
        taken.extend(login.entries.iter().map(LogEntry::line));
        all.extend(of_login(login));
    }
    for trace in traces {
        taken.extend(trace.entries.iter().map(LogEntry::line));
        all.extend(of_trace(trace));
    }
    taken.extend(requests.iter().flat_map(|request| request.lines(entries)).map(|entry| entry.line()));
    all.extend(registrations(requests));
    all.extend(requests.iter().filter_map(of_web));
    let is_step = |entry: &LogEntry<'a>| !logins.is_empty() && is_step_of_login(entry);
    let rest = entries.iter().filter(|entry| !taken.contains(&entry.line()) && is_telling(entry) && !is_step(entry));
    all.extend(of_lines(rest));
    all.sort_by_key(LoggedAttempt::id);
    mend(&mut all);
    all
}

/// A sign-on that a Sametime server traced to its end.
fn of_login<'a>(login: &TracedLogin<'a>) -> Option<LoggedAttempt<'a>> {
    let (outcome, said) = match (login.accepted, login.failed()) {
        (Some(_), _) => (Outcome::Granted, ""),
        (None, Some(failed)) => {
            let means = failed.fact.meaning.map_or("turned away", |meaning| meaning.means);
            (Outcome::Refused(means.to_owned()), means)
        }
        (None, None) => return None,
    };
    let lines: Vec<LogLine> = login.entries.iter().map(LogEntry::line).collect();
    let first = login.first()?;
    let begun = LoggedAttempt { user: login.user(), said, ..begun(AttemptKind::SametimeLogin, first, outcome) };
    Some(LoggedAttempt { lines, ..begun })
}

/// A Notes client asked for one server and reached another.
fn of_trace<'a>(trace: &ClientTrace<'a>) -> Option<LoggedAttempt<'a>> {
    const SAID: &str = "another server answered";
    let begun = begun(AttemptKind::NrpcOpen, *trace.entries.first()?, Outcome::Refused(SAID.to_owned()));
    let lines = trace.entries.iter().map(LogEntry::line).collect();
    let server = trace.wanted.or(Some(trace.answered));
    Some(LoggedAttempt { lines, server, said: SAID, is_mended: trace.recovered.is_some(), ..begun })
}

/// Registrations whose requests stand in the log, those of one call together: the last answer counts.
fn registrations<'a>(requests: &[LoggedRequest<'a>]) -> Vec<LoggedAttempt<'a>> {
    let mut all: Vec<LoggedAttempt<'a>> = Vec::new();
    let mut of_call: HashMap<&'a str, usize> = HashMap::new();
    for request in requests {
        let Some(message) = request.sip().filter(|message| message.method() == Some("REGISTER")) else { continue };
        let Some((status, reason)) = request.status() else { continue };
        let outcome = if status < 300 { Outcome::Granted } else { Outcome::Refused(format!("{status} {reason}")) };
        let known = request.call_id().and_then(|id| of_call.get(id)).copied();
        if let Some(attempt) = known.and_then(|place| all.get_mut(place)) {
            attempt.outcome = outcome;
            attempt.lines.push(request.entry.line());
            continue;
        }
        if let Some(id) = request.call_id() {
            of_call.insert(id, all.len());
        }
        // Where no credentials were sent, the first challenge is a step, not an end.
        let is_step = CHALLENGES.contains(&status) && message.credentials.is_empty() && message.cookies.is_empty();
        let weight = if is_step { Weight::NobodyMinds } else { Weight::Wanted };
        let user = message.from.as_ref().and_then(|from| from.uri.user.as_deref());
        let begun = begun(AttemptKind::SipRegister, request.entry, outcome);
        all.push(LoggedAttempt { user, call_id: request.call_id(), said: reason, weight, ..begun });
    }
    all
}

/// A request with a token that a web server turned away. What an answer of 200 holds does not stand in the log.
fn of_web<'a>(request: &LoggedRequest<'a>) -> Option<LoggedAttempt<'a>> {
    request.http()?;
    request.tokens().next()?;
    let (status, reason) = request.status().filter(|(status, _)| matches!(status, 401 | 403))?;
    let outcome = Outcome::Refused(format!("{status} {reason}"));
    Some(LoggedAttempt { said: reason, ..begun(AttemptKind::HttpToken, request.entry, outcome) })
}

fn begun(kind: AttemptKind, entry: LogEntry<'_>, outcome: Outcome) -> LoggedAttempt<'_> {
    let named = |word| entry.fact.named(word);
    LoggedAttempt {
        kind,
        outcome,
        lines: vec![entry.line()],
        at: entry.time,
        user: named("user"),
        server: named("server"),
        peer: named("peer"),
        call_id: None,
        said: "",
        weight: Weight::Wanted,
        is_mended: false,
    }
}

/// Lines that end an attempt, those of one moment together.
fn of_lines<'e, 'a: 'e>(entries: impl Iterator<Item = &'e LogEntry<'a>>) -> Vec<LoggedAttempt<'a>> {
    let mut events: Vec<Vec<LogEntry<'a>>> = Vec::new();
    for entry in entries {
        match events.last_mut().filter(|event| belongs(event, entry)) {
            Some(event) => event.push(*entry),
            None => events.push(vec![*entry]),
        }
    }
    // That somebody got in is said again and again in words that name nobody: it is once known.
    let mut granted: HashSet<&'static str> = HashSet::new();
    let attempts = events.iter().filter_map(|event| of_event(event));
    attempts
        .filter(|(attempt, meaning)| {
            let is_nameless = attempt.outcome.is_granted() && attempt.whom().is_none();
            !is_nameless || granted.insert(meaning.pattern)
        })
        .map(|(attempt, _)| attempt)
        .collect()
}

/// The line is of the same moment, and names nobody else.
fn belongs(event: &[LogEntry<'_>], entry: &LogEntry<'_>) -> bool {
    let Some(last) = event.last() else { return false };
    let near = entry.fact.line.saturating_sub(last.fact.line) <= NEAR && event.len() < LINES;
    let own = |word: &str| event.iter().find_map(|entry| entry.fact.named(word));
    let alike = |word: &str, same: fn(&str, &str) -> bool| {
        own(word).zip(entry.fact.named(word)).is_none_or(|(one, other)| one == other || same(one, other))
    };
    let alone = |_: &str, _: &str| false;
    near && entry.since(last).abs() <= EVENT
        && alike("user", same_person)
        && alike("server", alone)
        && alike("peer", alone)
}

/// One attempt out of the lines of an event, and the line that tells most of it.
fn of_event<'a>(event: &[LogEntry<'a>]) -> Option<(LoggedAttempt<'a>, &'static LogMeaning)> {
    let told = |entry: &LogEntry<'a>| {
        let meaning = entry.fact.meaning?;
        let (attempt, outcome) = meaning.proves?;
        Some((kind(attempt)?, outcome, meaning))
    };
    let wanted = event.iter().filter_map(told).map(|(kind, ..)| kind).min_by_key(|kind| order(*kind))?;
    let of_kind =
        || event.iter().filter_map(|entry| Some((*entry, told(entry)?))).filter(|(_, (kind, ..))| *kind == wanted);
    let lost =
        of_kind().filter(|(_, (_, outcome, _))| outcome.is_lost()).max_by_key(|(_, (.., meaning))| meaning.weight);
    let end = of_kind().next_back()?;
    // What ends well went well, whatever was tried before it.
    let (entry, (_, outcome, meaning)) = lost.filter(|_| end.1.1 != LogOutcome::Granted).unwrap_or(end);
    let weighs = event.iter().filter_map(told).any(|(.., meaning)| meaning.weight >= LogWeight::Medium);
    let named = |word: &str| event.iter().find_map(|entry| entry.fact.named(word));
    let attempt = LoggedAttempt {
        lines: event.iter().map(LogEntry::line).collect(),
        user: named("user"),
        server: named("server"),
        peer: named("peer"),
        said: meaning.means,
        weight: if outcome.is_lost() && !weighs { Weight::NobodyMinds } else { Weight::Wanted },
        ..begun(wanted, entry, came_to(outcome, meaning))
    };
    Some((attempt, meaning))
}

fn came_to(outcome: LogOutcome, meaning: &LogMeaning) -> Outcome {
    match outcome {
        LogOutcome::Unanswered => Outcome::Unanswered,
        LogOutcome::CutOff => Outcome::CutOff(CloseBy::None),
        LogOutcome::Refused => Outcome::Refused(meaning.means.to_owned()),
        _ => Outcome::Granted,
    }
}

/// The line ends an attempt. First lines of SIP's answers do so only where the whole message was read, and steps of a login that
/// Sametime traces are told by the login.
fn is_telling(entry: &LogEntry<'_>) -> bool {
    let Some((meaning, (attempt, outcome))) = entry.fact.meaning.and_then(|meaning| Some((meaning, meaning.proves?)))
    else {
        return false;
    };
    let ends = outcome.is_lost() || outcome == LogOutcome::Granted;
    let is_message = meaning.pattern.starts_with("^SIP/");
    let is_step = outcome == LogOutcome::Granted && is_step_of_login(entry);
    ends && !is_message && !is_step && kind(attempt).is_some()
}

/// The line is about a token, in the trace of a server that checks it for a login.
fn is_step_of_login(entry: &LogEntry<'_>) -> bool {
    let proves = entry.fact.meaning.and_then(|meaning| meaning.proves);
    entry.is_of_trace && proves.is_some_and(|(attempt, _)| !attempt.starts_with(sametime::PROTOCOL.name))
}

/// What was wanted, by the word of the catalogue; nothing that nobody signs on by, as the end of a directory's session.
fn kind(word: &str) -> Option<AttemptKind> {
    // An identity provider, a ticket and an assertion are ways into the web.
    const WEB: [&str; 3] = ["saml", "oidc", "kerberos"];
    const ALL: [AttemptKind; 15] = [
        AttemptKind::SametimeLogin,
        AttemptKind::SipRegister,
        AttemptKind::HttpLogin,
        AttemptKind::HttpToken,
        AttemptKind::NrpcAuth,
        AttemptKind::NrpcOpen,
        AttemptKind::AdLogon,
        AttemptKind::SmtpLogin,
        AttemptKind::IdVault,
        AttemptKind::Peer,
        AttemptKind::LdapBind,
        AttemptKind::LdapSearch,
        AttemptKind::Backend,
        AttemptKind::Tls,
        AttemptKind::Connect,
    ];
    let known = ALL.into_iter().find(|kind| kind.name() == word);
    known.or_else(|| WEB.contains(&word).then_some(AttemptKind::HttpLogin))
}

/// Of several kinds in one event the first is what was wanted; the others were steps to it.
const fn order(kind: AttemptKind) -> u8 {
    match kind {
        AttemptKind::SametimeLogin => 0,
        AttemptKind::SipRegister | AttemptKind::SipCall => 1,
        AttemptKind::HttpLogin | AttemptKind::SmtpLogin | AttemptKind::IdVault => 2,
        AttemptKind::HttpToken => 3,
        AttemptKind::NrpcAuth => 4,
        AttemptKind::NrpcOpen | AttemptKind::Peer => 5,
        AttemptKind::AdLogon => 6,
        AttemptKind::LdapBind => 7,
        AttemptKind::LdapSearch => 8,
        AttemptKind::Backend => 9,
        AttemptKind::Tls => 10,
        AttemptKind::Connect => 11,
        AttemptKind::Dns => 12,
    }
}

/// Notes of what came to nothing where the same was granted to the same user, or by the same server, afterwards.
fn mend(all: &mut [LoggedAttempt<'_>]) {
    let way = |kind: AttemptKind| match kind {
        AttemptKind::NrpcAuth => AttemptKind::NrpcOpen,
        AttemptKind::HttpToken => AttemptKind::HttpLogin,
        kind => kind,
    };
    let mut later: HashSet<(AttemptKind, String)> = HashSet::new();
    for attempt in all.iter_mut().rev() {
        let Some(whom) = attempt.whom() else { continue };
        let wish = (way(attempt.kind), whom);
        if attempt.outcome.is_granted() {
            later.insert(wish);
        } else {
            attempt.is_mended |= later.contains(&wish);
        }
    }
}

/// `10.1.0.50(50332)`, `10.1.0.50:50332`, `[2001:db8::50]:50332`: address and port of the other end, as logs write them.
pub(crate) fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some(parts) => parts,
        None => text.rsplit_once(':')?,
    };
    let ip: IpAddr = ip.trim_matches(['[', ']']).parse().ok()?;
    Some((ip.to_canonical(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::endpoint;
    use crate::facts::{Case, Settings};
    use crate::model::Analysis;
    use crate::testing::logs::{SOME_TIME, console, let_in, log, not_verified, systemout};
    use crate::testing::tokens::ANN;

    const SECOND: u64 = 1_000_000_000;

    /// Attempts of a log, in words.
    fn told(text: &str) -> Vec<String> {
        let analysis = Analysis { logs: vec![log("a.log", text)], ..Analysis::default() };
        let settings = Settings::default();
        let case = Case::new(&analysis, &settings);
        let shown = case.logs().attempts().iter().map(|attempt| {
            let whom = attempt.whom().unwrap_or_default();
            let mended = if attempt.is_mended { ", mended" } else { "" };
            let unminded = if attempt.weight == crate::model::Weight::NobodyMinds { ", nobody minds" } else { "" };
            format!("{} {whom} {}{mended}{unminded}", attempt.kind.name(), attempt.outcome.words())
        });
        shown.collect()
    }

    #[test]
    fn several_lines_of_one_attempt_are_one() {
        let refused = "SECJ0369E: Authentication failed when using LTPA. The exception is [LDAP: error code 49 - 80090308: LdapErr: \
                       DSID-0C090334, comment: AcceptSecurityContext error, data 775, vece ].";
        let lines = [refused, "SECJ0118E: Authentication error during authentication for user ann"];
        let found = told(&systemout(SOME_TIME, &lines));
        assert_eq!(found.len(), 1, "{found:?}");
        let far = systemout(SOME_TIME, &lines[..1]) + &systemout(SOME_TIME + SECOND, &lines[..1]);
        assert_eq!(told(&far).len(), 2);
    }

    #[test]
    fn a_traced_sign_on_is_one_attempt() {
        let text = not_verified(SOME_TIME, ANN)
            + &let_in(SOME_TIME + SECOND, ANN)
            + &not_verified(SOME_TIME + 9 * SECOND, ANN);
        let found = told(&text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].ends_with(", mended") && found[1].ends_with("granted") && !found[2].ends_with("mended"),
            "{found:?}"
        );
    }

    #[test]
    fn a_wrong_server_is_one_attempt() {
        let lines = "Using address '10.1.0.9' for chat.acme.com on TCPIP\nConnected to the wrong server Chat/ACME using address 10.1.0.9\n\
                     Unable to connect to chat.acme.com on TCPIP (The server is not responding.)\n";
        assert_eq!(told(lines), ["nrpc.open chat.acme.com refused (another server answered)"]);
    }

    #[test]
    fn people_of_one_moment_are_told_apart() {
        let line = |user: &str| format!("http: {user} [10.1.0.50] authentication failure using internet password");
        let found = told(&console(SOME_TIME, &[&line("Ann Smith"), &line("Bob Ray")]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().all(|attempt| attempt.starts_with("http.login") && attempt.contains("refused")),
            "{found:?}"
        );
    }

    #[test]
    fn a_registration_is_what_its_last_answer_says() {
        let message = |first: &str, cseq: u32| {
            format!("{first}\nFrom: <sip:ann@example.com>;tag=1\nCall-ID: 4711@10.1.0.50\nCSeq: {cseq} REGISTER\n\n")
        };
        let round = |cseq, status: &str| {
            message("REGISTER sip:example.com SIP/2.0", cseq) + &message(&format!("SIP/2.0 {status}"), cseq)
        };
        let framed = systemout(SOME_TIME, &["trace"]);
        let open = told(&(framed.clone() + &round(1, "401 Unauthorized")));
        assert_eq!(open, ["sip.register ann refused (401 Unauthorized), nobody minds"], "the first challenge");
        let granted = told(&(framed.clone() + &round(1, "401 Unauthorized") + &round(2, "200 OK")));
        assert_eq!(granted, ["sip.register ann granted, nobody minds"]);
        let refused = told(&(framed + &round(1, "403 Forbidden")));
        assert_eq!(refused, ["sip.register ann refused (403 Forbidden)"]);
    }

    #[test]
    fn both_ways_of_writing_an_endpoint() {
        for (text, ip, port) in [
            ("10.1.0.50(50332)", "10.1.0.50", 50332),
            ("10.1.0.50:50332", "10.1.0.50", 50332),
            ("[2001:db8::50]:443", "2001:db8::50", 443),
        ] {
            assert_eq!(endpoint(text), Some((ip.parse().unwrap(), port)), "{text}");
        }
        for text in ["", "10.1.0.50", "chat.example.com:443", "10.1.0.50(x)", "10.1.0.50:99999"] {
            assert_eq!(endpoint(text), None, "{text}");
        }
    }
}
