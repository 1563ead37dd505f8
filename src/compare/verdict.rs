//! Of everything that was laid side by side, what tells? And in words: who spoke last, who closed, how, after how long, and which
//! difference before that explains it.

use super::dialogue::{Dialogue, DialogueMessage};
use super::explain;
use super::fields;
use super::fork::{ComparedLine, DialogueEvent, ForkOutcome, SideBySide};
use super::learn::KnownNoise;
use super::pairing::DialoguePair;
use super::steps::{row, step};
use super::story::{Story, number};
use super::timing;
use super::tokens::TokenKinds;
use crate::model::{
    Both, Class, Comparison, ComparisonResult, Conversation, ConversationId, Difference, Finding, Fork, Pair, Severity,
    Stamp, Timestamp,
};
use nrpcsniff_dissectors::{Role, Value};

/// There is no working capture.
pub(crate) fn without_working_capture() -> Comparison {
    Comparison {
        verdict: ComparisonResult::Inconclusive,
        pairs: Vec::new(),
        pair: None,
        fork: None,
        differences: Vec::new(),
        headline: explain::NOTHING_TO_PAIR.to_owned(),
        story: explain::NOTHING_TO_PAIR.to_owned(),
        explanation: explain::NOTHING_TO_PAIR.to_owned(),
        cause: None,
        unpaired: Both::default(),
        notes: Vec::new(),
        timing: None,
        network: None,
    }
}

/// Makes the verdict. A dialogue that is missing counts only where no pair tells anything, because strangers come and
/// go in captures.
pub(crate) fn conclude(story: &Story<'_, '_, '_>, learned: &KnownNoise, left_out: usize, further: usize) -> Comparison {
    let told = story.telling();
    let cause = told.and_then(|place| story.cause(place));
    let mut differences = story.differences(learned);
    if let Some(place) = told.filter(|&place| story.fork_line(place).is_some()) {
        explain_by(&mut differences, story, place, cause);
    }
    differences.sort_by_key(|d| (d.class, d.pair, d.message));
    let missing = if told.is_none() { story.missing() } else { None };
    let verdict = story.verdict(told, missing);
    let pair = told.or_else(|| story.doubtful());
    let thresholds = &story.bad.case.settings.thresholds;
    let network = pair.and_then(|place| story.matches.get(place)).map(|m| timing::measure(m.good, m.bad, thresholds));
    let (timing, network) = network.unwrap_or_default();
    Comparison {
        verdict,
        pairs: story.pairs(told),
        pair,
        fork: told.and_then(|place| story.fork(place)).or_else(|| missing.map(|dialogue| fork_of_missing(dialogue))),
        headline: explain::headline(story, verdict, told),
        story: explain::story(story, verdict, pair, missing, &differences),
        explanation: explain::words(story, verdict, pair, missing, cause, &differences),
        cause: cause.map(|finding| finding.rule),
        unpaired: story.unpaired(),
        notes: story.notes(left_out, further, verdict),
        differences,
        timing,
        network,
    }
}

impl<'s, 'd, 'a> Story<'s, 'd, 'a> {
    /// The pair that tells: of those that part, one that the gravest finding names, and of these the earliest. That something
    /// else is said counts more than when.
    fn telling(&self) -> Option<usize> {
        let parting = || (0..self.matches.len()).filter(|&place| self.fork_line(place).is_some());
        let rank = |place: &usize| (self.is_slower(*place), self.fork_time(*place));
        let named = |finding: &&Finding| parting().filter(|&place| self.names(finding, place)).min_by_key(rank);
        let grave = self.own.iter().filter(|finding| finding.severity > Severity::Info);
        grave.copied().find_map(|finding| named(&finding)).or_else(|| parting().min_by_key(rank))
    }

    fn is_slower(&self, place: usize) -> bool {
        self.comparisons.get(place).is_some_and(|side_by_side| matches!(side_by_side.outcome, ForkOutcome::SlowerAt(_)))
    }

    /// The first finding that names the failing half of the pair.
    fn cause(&self, place: usize) -> Option<&'s Finding> {
        self.own.iter().chain(self.both).copied().find(|finding| self.names(finding, place))
    }

    fn names(&self, finding: &Finding, place: usize) -> bool {
        self.matches.get(place).is_some_and(|m| m.bad.is_named_by(finding))
    }

    /// When the failing half parts, by its own clock.
    fn fork_time(&self, place: usize) -> Option<Timestamp> {
        let line = self.line(place)?;
        let bad = line.events.bad.map(step);
        let last = || self.matches.get(place).and_then(|m| m.bad.conversations.last()).map(|c| c.last.time);
        bad.and_then(|step| step.at).map(|at| at.time).or_else(last)
    }

    /// A dialogue of sign-on that the working capture has, while the failing one has none of its protocol. Only of a client of
    /// whom something else has a counterpart: strangers in a capture prove nothing.
    fn missing(&self) -> Option<&'d Dialogue<'a>> {
        let is_dedicated = |dialogue: &&Dialogue<'_>| {
            dialogue.protocol.and_then(|protocol| protocol.sign_on).is_some_and(|sign_on| sign_on.dedicated)
        };
        let lacks = |dialogue: &&Dialogue<'_>| self.sides.bad.iter().all(|bad| bad.protocol != dialogue.protocol);
        let told = |dialogue: &&Dialogue<'_>| dialogue.has_messages();
        let is_known = |dialogue: &&Dialogue<'_>| self.matches.iter().any(|m| comes_before(m.good, dialogue));
        self.sides.good.iter().filter(is_dedicated).filter(told).filter(is_known).find(lacks)
    }

    /// The failing capture goes on for as long as the working one took to come to that dialogue.
    fn lasted_until(&self, missing: &Dialogue<'_>) -> bool {
        let before = self.matches.iter().filter(|m| comes_before(m.good, missing)).max_by_key(|m| m.good.start());
        let Some(before) = before else { return false };
        let took = missing.start().since(before.good.start());
        let left = self.bad.case.end().since(before.bad.start());
        left >= took
    }

    fn verdict(&self, told: Option<usize>, missing: Option<&Dialogue<'_>>) -> ComparisonResult {
        match (told, missing) {
            (Some(_), _) => ComparisonResult::Diverges,
            (None, Some(missing)) if self.lasted_until(missing) => ComparisonResult::Diverges,
            (None, Some(_)) => ComparisonResult::Inconclusive,
            (None, None) if self.matches.is_empty() || self.doubtful().is_some() => ComparisonResult::Inconclusive,
            (None, None) => ComparisonResult::Same,
        }
    }

    /// The first pair that cannot be judged.
    fn doubtful(&self) -> Option<usize> {
        let undecided =
            |outcome: &ForkOutcome| matches!(outcome, ForkOutcome::CaptureEndsAt(_) | ForkOutcome::OpaqueFrom(_));
        let ends = self
            .comparisons
            .iter()
            .position(|side_by_side| matches!(side_by_side.outcome, ForkOutcome::CaptureEndsAt(_)));
        ends.or_else(|| self.comparisons.iter().position(|side_by_side| undecided(&side_by_side.outcome)))
    }

    fn pairs(&self, told: Option<usize>) -> Vec<Pair> {
        let ids = |dialogue: &Dialogue<'_>| dialogue.conversations.iter().map(|c| c.id).collect();
        let pair = |(place, (m, side_by_side)): (usize, (&DialoguePair<'_, '_>, &SideBySide<'_, '_>))| Pair {
            protocol: m.bad.protocol,
            conversations: Both { good: ids(m.good), bad: ids(m.bad) },
            score: m.score,
            reasons: m.reasons.clone(),
            rows: side_by_side.lines.iter().map(row).collect(),
            fork: self.fork_line(place).filter(|_| told == Some(place) || !self.is_slower(place)),
        };
        self.matches.iter().zip(self.comparisons).enumerate().map(pair).collect()
    }

    fn unpaired(&self) -> Both<Vec<ConversationId>> {
        let without = |dialogues: &[Dialogue<'_>], paired: &dyn Fn(&Dialogue<'_>) -> bool| {
            let lone = dialogues.iter().filter(|dialogue| !paired(dialogue));
            lone.flat_map(|dialogue| dialogue.conversations.iter().map(|c| c.id)).collect()
        };
        Both {
            good: without(&self.sides.good, &|d| self.matches.iter().any(|m| m.good.place() == d.place())),
            bad: without(&self.sides.bad, &|d| self.matches.iter().any(|m| m.bad.place() == d.place())),
        }
    }

    fn fork(&self, place: usize) -> Option<Fork> {
        let line = self.line(place)?;
        let steps = Both { good: line.events.good.map(step), bad: line.events.bad.map(step) };
        Some(Fork { message: number(line), steps })
    }

    fn notes(&self, left_out: usize, further: usize, verdict: ComparisonResult) -> Vec<String> {
        let grave = self.good.findings.iter().filter(|f| f.severity >= Severity::Major);
        let mut notes: Vec<_> = grave
            .take(3)
            .map(|f| format!("The working capture has a fault of its own ({}): {}", f.rule, f.title))
            .collect();
        let by_logs = |f: &Finding| f.conversations.is_empty() && f.evidence.iter().any(|e| e.line.is_some());
        let is_untold = |f: &Finding| verdict != ComparisonResult::Diverges || by_logs(f);
        let besides = self.own.iter().filter(|f| f.severity > Severity::Info && is_untold(f));
        notes.extend(besides.take(3).map(|f| format!("Found in the failing capture alone ({}): {}", f.rule, f.title)));
        if left_out > 0 {
            notes.push(format!("{left_out} dialogues beyond the first of each protocol were not compared: narrow both captures down with -f, or name conversations with --pair."));
        }
        let cut: usize = self.matches.iter().map(|m| m.good.left_out + m.bad.left_out).sum();
        if cut > 0 {
            notes.push(format!("{cut} messages at the end of very long dialogues were not compared."));
        }
        if further > 0 {
            notes.push(format!("{} working captures taught what differs anyway.", further + 1));
        }
        notes
    }

    /// Everything that differs, pair by pair; nothing explains anything yet.
    fn differences(&self, learned: &KnownNoise) -> Vec<Difference> {
        let kinds = Both { good: TokenKinds::of(self.good.case), bad: TokenKinds::of(self.bad.case) };
        let mut found = Vec::new();
        for (pair, (m, side_by_side)) in self.matches.iter().zip(self.comparisons).enumerate() {
            if let (Some(good), Some(bad)) = (m.good.opening(), m.bad.opening()) {
                found.extend(of_conversations(pair, good, bad));
            }
            for (good, bad) in side_by_side.lines.iter().filter_map(ComparedLine::messages) {
                found.extend(of_messages(pair, good, bad, &kinds, learned));
            }
        }
        found
    }
}

/// Fields that differ in two messages of one kind. The kind of token is added where no deciding field differs, since
/// two tokens of one length may be of two versions.
fn of_messages(
    pair: usize,
    good: &DialogueMessage<'_>,
    bad: &DialogueMessage<'_>,
    kinds: &Both<TokenKinds>,
    learned: &KnownNoise,
) -> Vec<Difference> {
    let kind = bad.message.body.kind();
    if good.message.body.kind() != kind {
        return Vec::new();
    }
    let mut fields = fields::differences(good.message, bad.message);
    let shown = Both { good: kinds.good.at(good.message.at), bad: kinds.bad.at(bad.message.at) };
    if shown.good != shown.bad && shown.good.is_some() && !fields.iter().any(|d| d.role == Role::Deciding) {
        let values = Both { good: shown.good.map(Into::into), bad: shown.bad.map(Into::into) };
        let (field, path) = ("token kind".to_owned(), "token".to_owned());
        fields.push(fields::FieldDifference { field, path, values, role: Role::Deciding });
    }
    let difference = |d: fields::FieldDifference| {
        let learned = learned.contains(kind, &d.field);
        Difference {
            pair,
            message: bad.message.n,
            conversations: Both { good: good.conversation.id, bad: bad.conversation.id },
            class: if learned { Class::Noise } else { fields::class(d.role) },
            is_deciding: d.role == Role::Deciding,
            learned,
            field: d.field,
            values: d.values,
            at: Both { good: Some(good.message.at), bad: Some(bad.message.at) },
        }
    };
    fields.into_iter().map(difference).collect()
}

/// The same client had it, in the same file, and earlier.
fn comes_before(one: &Dialogue<'_>, other: &Dialogue<'_>) -> bool {
    let (Some(first), Some(second)) = (one.opening(), other.opening()) else { return false };
    let whose = |c: &Conversation| (c.client.ip, c.first.frame.input);
    whose(first) == whose(second) && one.start() <= other.start()
}

/// The failing capture lacks the dialogue altogether.
fn fork_of_missing(missing: &Dialogue<'_>) -> Fork {
    let first = missing.turns.first().and_then(|turn| turn.first.as_ref());
    Fork { message: 1, steps: Both { good: first.map(|said| step(DialogueEvent::Message(said))), bad: None } }
}

/// Values of the conversations themselves that differ: noise but for the port of the server, as addresses differ
/// between any two captures.
fn of_conversations(pair: usize, good: &Conversation, bad: &Conversation) -> Vec<Difference> {
    let text = |c: &Conversation| {
        [
            ("client.ip", c.client.ip.to_string(), Class::Noise),
            ("client.port", c.client.port.to_string(), Class::Noise),
            ("server.ip", c.server.ip.to_string(), Class::Noise),
            ("server.port", c.server.port.to_string(), Class::WorthALook),
            ("packets.client", c.packets.client.to_string(), Class::Noise),
            ("packets.server", c.packets.server.to_string(), Class::Noise),
            ("retransmissions", c.quality.retransmissions.to_string(), Class::Noise),
        ]
    };
    let both = text(good).into_iter().zip(text(bad)).filter(|((_, good, _), (_, bad, _))| good != bad);
    let difference =
        |((field, good_value, class), (_, bad_value, _)): ((&str, String, Class), (_, String, _))| Difference {
            pair,
            message: 0,
            conversations: Both { good: good.id, bad: bad.id },
            field: field.to_owned(),
            values: Both { good: Some(Value::Text(good_value)), bad: Some(Value::Text(bad_value)) },
            class,
            is_deciding: false,
            learned: false,
            at: Both { good: Some(good.first), bad: Some(bad.first) },
        };
    both.map(difference).collect()
}

/// Marks what explains the fork: in messages up to it that the cause's evidence shows, deciding fields, and of the pair that parts
/// those whose value its title quotes. Where that is nothing, or there is no cause: deciding fields of the pair that parts.
fn explain_by(differences: &mut [Difference], story: &Story<'_, '_, '_>, place: usize, cause: Option<&Finding>) {
    let Some(until) = story.fork_time(place) else { return };
    let may = |d: &Difference| d.message > 0 && !d.learned && d.at.bad.is_some_and(|at: Stamp| at.time <= until);
    let evident = |d: &Difference| {
        let Some((cause, at)) = cause.zip(d.at.bad) else { return false };
        cause.frames.contains(&at.frame) && (d.is_deciding || (d.pair == place && is_quoted(d, cause)))
    };
    let near = |d: &Difference| d.is_deciding && d.pair == place;
    let of = |test: &dyn Fn(&Difference) -> bool| {
        let fits = |index: &usize| differences.get(*index).is_some_and(|d| may(d) && test(d));
        (0..differences.len()).filter(fits).collect::<Vec<_>>()
    };
    let mut places = of(&evident);
    if places.is_empty() {
        places = of(&near);
    }
    for index in places {
        differences[index].class = Class::Explains;
    }
    set_back_consequences(differences, story, place);
}

/// The cause's title holds the value: a name, a version, the end of a certificate (a date without its time of day).
fn is_quoted(d: &Difference, cause: &Finding) -> bool {
    let Some(Value::Text(value)) = &d.values.bad else { return false };
    let is_date = ["expires", "created"].iter().any(|word| d.field.ends_with(word));
    let value = if is_date { value.split('T').next().unwrap_or(value) } else { value };
    (d.class < Class::Noise || is_date) && value.len() >= 6 && cause.title.contains(value)
}

/// An answer before the fork that differs because its question does is a consequence.
fn set_back_consequences(differences: &mut [Difference], story: &Story<'_, '_, '_>, place: usize) {
    let fork = story.line(place).map(number);
    let explains = |d: &Difference| (d.class == Class::Explains).then_some((d.pair, d.conversations.bad, d.message));
    let explaining: Vec<_> = differences.iter().filter_map(explains).collect();
    for d in differences.iter_mut().filter(|d| d.class == Class::Explains) {
        let is_fork = d.pair == place && Some(d.message) == fork;
        let question = (d.pair, d.conversations.bad, d.message.saturating_sub(1));
        let is_answer = story.matches.get(d.pair).is_some_and(|m| answers(m.bad, d.conversations.bad, d.message));
        if is_answer && !is_fork && explaining.contains(&question) {
            d.class = Class::WorthALook;
        }
    }
}

fn answers(dialogue: &Dialogue<'_>, conversation: ConversationId, n: u32) -> bool {
    let said = dialogue.turns.iter().flat_map(|turn| [&turn.first, &turn.second]).flatten();
    let mut said = said.filter(|said| said.conversation.id == conversation && said.message.n == n);
    said.next().is_some_and(|said| said.is_answer)
}
