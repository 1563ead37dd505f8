//! How a verdict is said.

use super::Wishes;
use super::wishes::WishCount;
use crate::model::{
    Analysis, AttemptKind, Close, Conversation, Input, Log, LogFact, LogWeight, PerSide, Property, Setup, Unjudged,
};
use nrpcsniff_dissectors::PROTOCOLS;

const NO_PACKETS: &str = "Nothing can be said: there are no packets in the capture.";
const NONE_MATCHED: &str = "Nothing can be said: no packet matched the filter.";
const WHERE_TO_LOOK: [&str; 4] = [
    "Was the capture taken where these packets pass (interface, mirror port, the client itself)?",
    "Did the failed attempt fall into the time of the capture?",
    "Does the server listen on another port, and the capture begin late? Then: --decode-as 'tcp.port==PORT,nrpc'.",
    "What was seen instead: --detail conversations --all.",
];
const NOT_PROVED: &str = "Not found does not mean not there: only what the capture holds and the rules know was judged \
                          (nrpcsniff rules lists them).";

/// Reasons in the order in which they are told: what can be mended by the next capture comes first.
const REASONS: [Unjudged; 7] = [
    Unjudged::OutOfOrder,
    Unjudged::Missing,
    Unjudged::Encrypted,
    Unjudged::CaptureEnds,
    Unjudged::BegunBefore,
    Unjudged::Disputed,
    Unjudged::UnknownForm,
];

/// What is wanted, for one and for several, and how it is called if it is got.
const fn called(kind: AttemptKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        AttemptKind::Dns => ("server name", "server names", "resolved"),
        AttemptKind::Connect => ("connection", "connections", "opened"),
        AttemptKind::Tls => ("TLS connection", "TLS connections", "opened"),
        AttemptKind::NrpcOpen | AttemptKind::NrpcAuth => ("Notes session", "Notes sessions", "opened"),
        AttemptKind::HttpLogin => ("web login", "web logins", "accepted"),
        AttemptKind::HttpToken => ("sign-on token", "sign-on tokens", "accepted"),
        AttemptKind::SipRegister => ("SIP registration", "SIP registrations", "accepted"),
        AttemptKind::SipCall => ("call", "calls", "set up"),
        AttemptKind::SametimeLogin => ("Sametime login", "Sametime logins", "accepted"),
        AttemptKind::LdapBind => ("directory bind", "directory binds", "accepted"),
        AttemptKind::LdapSearch => ("directory search", "directory searches", "answered"),
        AttemptKind::AdLogon => ("Windows sign-on", "Windows sign-ons", "accepted"),
        AttemptKind::SmtpLogin => ("mail login", "mail logins", "accepted"),
        AttemptKind::IdVault => ("request to the ID vault", "requests to the ID vault", "granted"),
        AttemptKind::Peer => ("connection of Sametime servers", "connections of Sametime servers", "opened"),
        AttemptKind::Backend => ("request of a proxy", "requests of a proxy", "handed on"),
    }
}

/// `1 Notes session`, `1,200 Notes sessions`.
fn counted(number: u64, kind: AttemptKind) -> String {
    let (one, several, _) = called(kind);
    plural(number, one, several)
}

fn plural(number: u64, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {several}", grouped(number)) }
}

/// `1 NRPC conversation`, `3 NRPC conversations`.
fn conversations(number: u64, of: &str) -> String {
    plural(number, &format!("{of} conversation"), &format!("{of} conversations"))
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let apart = digits.char_indices().map(|(index, digit)| {
        let comma = if index > 0 && (digits.len() - index).is_multiple_of(3) { "," } else { "" };
        format!("{comma}{digit}")
    });
    apart.collect()
}

/// "41 of 43 Notes sessions opened; 2 refused. 3 of 3 web logins accepted.", with what of that only a log tells.
pub(super) fn tried(wishes: &Wishes) -> String {
    let counts = counts(wishes);
    match wishes.logged {
        0 => counts,
        _ if is_logged(wishes) => format!("As the log says: {counts}"),
        logged => format!(
            "{counts} {} of these {} told by a log alone.",
            grouped(logged),
            if logged == 1 { "is" } else { "are" }
        ),
    }
}

/// Everything that was tried is told by logs alone.
fn is_logged(wishes: &Wishes) -> bool {
    wishes.logged > 0 && wishes.logged == wishes.sum(WishCount::tried)
}

/// What tells of it.
fn teller(wishes: &Wishes) -> &'static str {
    if is_logged(wishes) { "log" } else { "capture" }
}

/// Steps on the way come last.
fn counts(wishes: &Wishes) -> String {
    let (steps, aims): (Vec<_>, Vec<_>) = wishes.of.iter().partition(|(kind, _)| kind.is_step());
    let told =
        aims.into_iter().chain(steps).filter(|(kind, count)| count.tried() > 0 && !is_only_sealed(**kind, count));
    told.map(|(kind, count)| of_kind(*kind, count)).collect::<Vec<_>>().join(" ")
}

/// TLS that nobody can look into is no wish that is known.
fn is_only_sealed(kind: AttemptKind, count: &WishCount) -> bool {
    kind == AttemptKind::Tls && count.granted == 0 && count.lost() == 0
}

fn of_kind(kind: AttemptKind, count: &WishCount) -> String {
    let (one, several, got) = called(kind);
    let tried = count.tried();
    let rest = [
        (count.refused, "refused"),
        (count.unanswered, "unanswered"),
        (count.cut_off, "cut off"),
        (count.unjudged(), "undecided"),
    ];
    let rest = rest.into_iter().filter(|(number, _)| *number > 0);
    let rest: Vec<String> = rest.map(|(number, what)| format!("; {} {what}", grouped(number))).collect();
    let noun = if tried == 1 { one } else { several };
    let before = match count.mended {
        0 => String::new(),
        mended => format!(", after {} that failed", plural(mended, "attempt", "attempts")),
    };
    format!("{} of {} {noun} {got}{before}{}.", grouped(count.granted), grouped(tried), rest.concat())
}

/// "Sign-on works, as far as the capture shows it: 2 of 2 Notes sessions opened."
pub(super) fn works(wishes: &Wishes) -> String {
    let verb = if is_logged(wishes) { "says" } else { "shows" };
    format!("Sign-on works, as far as the {} {verb} it: {}", teller(wishes), counts(wishes))
}

/// "It fails, and the capture does not show why. 0 of 15 TLS connections opened; 15 refused. The first: refused (RST)."
pub(super) fn failed(wishes: &Wishes) -> String {
    let how = wishes.of.values().find_map(|count| count.how.as_deref());
    let first = how.map(|how| format!(" The first: {how}.")).unwrap_or_default();
    let verb = if is_logged(wishes) { "say" } else { "show" };
    format!("It fails, and the {} does not {verb} why. {}{first}", teller(wishes), counts(wishes))
}

/// "It cannot be told whether sign-on works. 1 Notes session: frames were cut when they were captured."
pub(super) fn undecided(wishes: &Wishes, survey: &Survey) -> String {
    let reasons = REASONS.iter().flat_map(|&why| {
        wishes.unknown(why).map(move |(kind, number)| format!("{}: {}.", counted(number, kind), survey.reason(why)))
    });
    let granted = if wishes.sum(|count| count.granted) > 0 { tried(wishes) } else { String::new() };
    let parts = [granted].into_iter().filter(|part| !part.is_empty()).chain(reasons);
    format!("It cannot be told whether sign-on works. {}", parts.collect::<Vec<_>>().join(" "))
}

/// "1 of 3 captures could not be read, and what it shows is not judged." Of names without a file it is said that there is none.
pub(super) fn unread(inputs: &[Input]) -> Option<String> {
    let number = |is: &dyn Fn(&Input) -> bool| inputs.iter().filter(|input| is(input)).count() as u64;
    let (unread, missing) = (number(&Input::is_unread), number(&|input| input.is_missing));
    let all = number(&|input| !input.is_missing);
    let of = match unread {
        0 => None,
        1 if all == 1 => Some("The capture could not be read.".to_owned()),
        _ => Some(format!(
            "{} of {} could not be read, and what {} shows is not judged.",
            grouped(unread),
            plural(all, "capture", "captures"),
            if unread == 1 { "it" } else { "each of them" }
        )),
    };
    let gone = (missing > 0)
        .then(|| format!("{} named, and there is no such file.", plural(missing, "capture is", "captures are")));
    let parts: Vec<_> = of.into_iter().chain(gone).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Nothing was there that could be judged.
pub(super) fn nothing(analysis: &Analysis) -> String {
    if analysis.inputs.is_empty() {
        return of_logs(&analysis.logs);
    }
    if analysis.inputs.iter().all(|input| input.packets == 0) {
        return NO_PACKETS.to_owned();
    }
    if analysis.totals.packets == 0 {
        return NONE_MATCHED.to_owned();
    }
    let labels: Vec<_> = PROTOCOLS.iter().filter(|p| p.sign_on.is_some()).map(|p| p.label).collect();
    let (last, others) = labels.split_last().unwrap_or((&"", &[]));
    let seen: Vec<String> = PROTOCOLS
        .iter()
        .filter(|protocol| protocol.sign_on.is_some())
        .map(|protocol| {
            // What was judged and let go was seen, too.
            let gone = analysis.facts.let_go.of(Property::Protocol(protocol.name)).conversations;
            (protocol.label, gone + analysis.conversations.iter().filter(|c| c.spoken() == Some(protocol)).count())
        })
        .filter(|(_, number)| *number > 0)
        .map(|(label, number)| conversations(number as u64, label))
        .collect();
    if seen.is_empty() {
        let others = others.join(", ");
        return format!("No sign-on was seen: no conversation with {others} or {last} content that can be read.");
    }
    format!("No sign-on was seen: {}, and nobody signed on there.", seen.join(", "))
}

/// How many lines are about sign-on.
pub(super) fn log_facts(logs: &[Log]) -> u64 {
    let facts = logs.iter().map(|log| (log.facts.len() as u64).saturating_add(log.facts_left_out));
    facts.fold(0, u64::saturating_add)
}

/// How many lines tell of something that was lost, and matter alone.
fn log_losses(logs: &[Log]) -> u64 {
    let lost = |fact: &&LogFact| {
        fact.meaning.is_some_and(|meaning| {
            let ends = meaning.proves.is_some_and(|(_, outcome)| outcome.is_lost());
            ends && meaning.weight >= LogWeight::Medium
        })
    };
    logs.iter().flat_map(|log| &log.facts).filter(lost).count() as u64
}

/// "12 of 340 lines of the log are about sign-on, and no rule knows a fault by them."
pub(super) fn of_logs(logs: &[Log]) -> String {
    let lines = logs.iter().map(|log| log.lines).fold(0, u64::saturating_add);
    let log = if logs.len() == 1 { "log" } else { "logs" };
    let of = plural(lines, "line", "lines");
    match log_facts(logs) {
        0 => format!("Nothing of sign-on was understood in {of} of the {log}."),
        _ if log_losses(logs) > 0 => {
            let losses = log_losses(logs);
            format!(
                "The {log} {} of what was refused, not answered or cut off, and no rule knows the cause by that: {} of {of}. \
                 \"What the log says\" has them.",
                if logs.len() == 1 { "tells" } else { "tell" },
                plural(losses, "line", "lines"),
            )
        }
        facts => format!(
            "The {log} {}: {} of {of} {} about sign-on, and no rule knows a fault by that.",
            if logs.len() == 1 { "does not tell whether sign-on fails" } else { "do not tell whether sign-on fails" },
            grouped(facts),
            if facts == 1 { "is" } else { "are" }
        ),
    }
}

/// Limits of a verdict on logs alone.
pub(super) fn log_cautions(logs: &[Log]) -> Vec<String> {
    let unknown: u64 = logs.iter().map(|log| log.not_understood).sum();
    let mut cautions =
        vec!["Logs alone: without a capture of the same time, what was said on the wire is not known.".to_owned()];
    if unknown > 0 {
        cautions.push(format!("{} of no known form: not looked at.", plural(unknown, "line", "lines")));
    }
    cautions.push(NOT_PROVED.to_owned());
    cautions
}

/// Questions to ask where no sign-on was seen.
pub(super) fn where_to_look(wishes: &Wishes) -> Vec<String> {
    unminded(wishes).into_iter().chain(WHERE_TO_LOOK.iter().map(|&line| line.to_owned())).collect()
}

/// How to get what is missing, where that is why nothing can be told.
pub(super) fn ways_out(wishes: &Wishes, survey: &Survey) -> Vec<String> {
    let mut ways = Vec::new();
    for &why in &REASONS {
        let mut of = wishes.unknown(why).peekable();
        if of.peek().is_some() {
            ways.push(survey.remedy(why, of.any(|(kind, _)| kind == AttemptKind::Tls)).to_owned());
        }
    }
    ways.extend(unminded(wishes));
    ways.extend(survey.lines());
    ways
}

/// One line for everything that limits what is said to work.
pub(super) fn limits(wishes: &Wishes, survey: &Survey) -> Vec<String> {
    let mut limits: Vec<String> = REASONS.iter().filter_map(|&why| unjudged(wishes, survey, why)).collect();
    limits.extend(unminded(wishes));
    limits.extend(survey.lines());
    limits.push(NOT_PROVED.to_owned());
    limits
}

fn unminded(wishes: &Wishes) -> Option<String> {
    let number = wishes.sum(|count| count.unminded);
    let attempts = plural(number, "attempt that nobody minds", "attempts that nobody minds");
    let text = "health checks, scanners, people who changed their mind or did not pick up";
    (number > 0).then(|| format!("{attempts} came to nothing, not counted here: {text}."))
}

/// "1 Notes session: it had begun before the capture. Begin the capture first, then quit the client, start it and sign on."
fn unjudged(wishes: &Wishes, survey: &Survey, why: Unjudged) -> Option<String> {
    let all: Vec<(AttemptKind, u64)> = wishes.unknown(why).collect();
    let of: Vec<String> = all.iter().map(|&(kind, number)| counted(number, kind)).collect();
    let is_tls = all.iter().any(|(kind, _)| *kind == AttemptKind::Tls);
    (!of.is_empty()).then(|| format!("{}: {}. {}", of.join(", "), survey.reason(why), survey.remedy(why, is_tls)))
}

/// What the conversations of sign-on protocols lack, and what was not looked at.
#[derive(Debug, Default)]
pub(super) struct Survey {
    all: u64,
    one_way: u64,
    cut: u64,
    silent: u64,
    open: u64,
    holes: u64,
    given_up: Option<(u64, &'static str)>,
    passed_over: u64,
    incomplete: u64,
}

impl Survey {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let mut survey = Self {
            passed_over: analysis.totals.passed_over.values().fold(0, |sum, number| sum.saturating_add(*number)),
            incomplete: analysis.inputs.iter().filter(|input| !input.complete).count() as u64,
            ..Self::default()
        };
        let of_sign_on =
            |c: &&Conversation| c.spoken().is_some_and(|protocol| protocol.sign_on.is_some() || protocol.is_carrier());
        analysis.conversations.iter().filter(of_sign_on).for_each(|c| survey.add(c));
        survey
    }

    fn add(&mut self, c: &Conversation) {
        let connected = !matches!(c.setup, Setup::NoAnswer | Setup::Refused);
        let spoke = PerSide { client: c.packets.client > 0, server: c.packets.server > 0 };
        self.all += 1;
        self.one_way += u64::from(connected && spoke.client != spoke.server);
        self.cut += u64::from(c.tcp.cut_frames > 0);
        self.silent += u64::from(connected && c.bytes == PerSide::default());
        self.open += u64::from(connected && c.teardown.how == Close::Open);
        self.holes += u64::from(c.quality.gaps > 0 || c.tcp.acked_unseen != PerSide::default());
        if let Some(reason) = c.given_up {
            let (number, first) = self.given_up.unwrap_or((0, reason));
            self.given_up = Some((number + 1, first));
        }
    }

    /// Why something cannot be told; of what is missing, why it is.
    fn reason(&self, why: Unjudged) -> &'static str {
        match why {
            Unjudged::Missing if self.cut > 0 => "frames were cut when they were captured",
            Unjudged::Missing if self.one_way > 0 => "only one direction was captured",
            why => why.words(),
        }
    }

    /// How to get what is missing.
    fn remedy(&self, why: Unjudged, is_tls: bool) -> &'static str {
        match why {
            Unjudged::Missing if self.cut > 0 => "Capture whole frames: tcpdump -s 0, dumpcap without -s.",
            Unjudged::Missing if self.one_way > 0 => {
                "Capture both directions: at the client or the server itself, or at a mirror port of both directions."
            }
            Unjudged::Missing => "Capture at the client or the server itself, with a larger buffer (tcpdump -B).",
            Unjudged::Encrypted if is_tls => {
                "Give a key log (--keylog) or the server's key (--tls-key): cap-encrypted says which helps; or capture where it \
                 is in clear, behind the proxy or on the server."
            }
            Unjudged::Encrypted => {
                "The server's log and a trace of the client tell (--log reads them); or switch off port encryption for a test."
            }
            Unjudged::CaptureEnds => "Let the capture run until the attempt has come to an end: half a minute more.",
            Unjudged::BegunBefore => "Begin the capture first, then quit the client, start it and sign on.",
            Unjudged::OutOfOrder => "Put the frames in order first, and read that: reordercap IN OUT (of Wireshark).",
            Unjudged::Disputed => "Capture at one of the two ends: there only what it took is seen.",
            Unjudged::UnknownForm => "The server's log tells.",
        }
    }

    /// A line for each thing that was not judged, so that nobody takes what was not seen for sound.
    fn lines(&self) -> Vec<String> {
        let lines = [
            (self.silent, "without any data: somebody connected and said nothing that was captured"),
            (self.open, "still open when the capture ends"),
            (self.holes, "with bytes missing from the capture"),
        ];
        let mut told: Vec<String> = lines
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, text)| format!("{} of {}: {text}.", grouped(number), conversations(self.all, "sign-on")))
            .collect();
        if let Some((number, reason)) = self.given_up {
            told.push(format!(
                "{}: not followed to the end because a limit was reached ({reason}).",
                conversations(number, "sign-on")
            ));
        }
        if self.incomplete > 0 {
            told.push("Not all that was given could be read: see the state of the captures below.".to_owned());
        }
        if self.passed_over > 0 {
            told.push(format!(
                "{} of other or unknown protocols: not looked at.",
                plural(self.passed_over, "conversation", "conversations")
            ));
        }
        told
    }
}
