//! Of everything that was laid side by side, what tells? And in words: who spoke last, who closed, how, after how long, and which
//! difference before that explains it.

use super::decision::Decision;
use super::dialogue::{Dialogue, DialogueMessage};
use super::explain;
use super::fields;
use super::fork::{ComparedLine, DialogueEvent, ForkOutcome, SideBySide};
use super::learn::KnownNoise;
use super::own::is_fault;
use super::pairing::DialoguePair;
use super::steps::{row, step};
use super::story::{Story, number};
use super::timing;
use super::tokens::TokenKinds;
use crate::model::{
    Both, Class, Close, Comparison, ComparisonResult, Conversation, ConversationId, Difference, Finding, Fork, Pair,
    Severity, Stamp, Timestamp, VerdictKind,
};
use nrpcsniff_dissectors::{Role, Value};

/// There is no working capture.
pub(crate) fn without_working_capture() -> Comparison {
    Comparison {
        result: ComparisonResult::Inconclusive,
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

/// Puts together what the report says. A dialogue that is missing counts only where no pair tells anything, because strangers come
/// and go in captures.
pub(crate) fn conclude(story: &Story<'_, '_, '_>, learned: &KnownNoise, left_out: usize) -> Comparison {
    let decision = story.decide();
    let cause = story.cause(decision);
    let mut differences = story.differences(learned);
    if let Decision::Fork(place) = decision {
        explain_by(&mut differences, story, place, cause);
    }
    differences.sort_by_key(|d| (d.class, d.pair, d.message));
    let pair = story.pair(decision);
    let thresholds = &story.bad.case.settings.thresholds;
    let network = pair.and_then(|place| story.matches.get(place)).map(|m| timing::measure(m.good, m.bad, thresholds));
    let (timing, network) = network.unwrap_or_default();
    Comparison {
        result: decision.result(),
        pairs: story.pairs(decision),
        pair,
        fork: story.fork(decision),
        headline: explain::headline(story, decision),
        story: explain::story(story, decision, &differences),
        explanation: explain::words(story, decision, cause, &differences),
        cause: cause.map(|finding| finding.rule),
        unpaired: story.unpaired(),
        notes: story.notes(left_out, decision),
        differences,
        timing,
        network,
    }
}

impl<'s> Story<'s, '_, '_> {
    pub(super) fn is_slower(&self, place: usize) -> bool {
        self.comparisons.get(place).is_some_and(|side_by_side| matches!(side_by_side.outcome, ForkOutcome::SlowerAt(_)))
    }

    /// The finding that tells why: where they part, the first that names the failing half of that pair.
    fn cause(&self, decision: Decision<'s, '_, '_>) -> Option<&'s Finding> {
        match decision {
            Decision::Fork(place) => {
                let findings = self.own.alone.bad.iter().chain(&self.own.both).copied();
                findings.into_iter().find(|finding| self.names(finding, place))
            }
            Decision::Fault(finding) => Some(finding),
            Decision::Swapped(finding) => finding,
            _ => None,
        }
    }

    /// The pair that is shown: the one that decides, or the first that the finding names which does.
    fn pair(&self, decision: Decision<'_, '_, '_>) -> Option<usize> {
        match decision {
            Decision::Fork(place) | Decision::Doubtful(place) => Some(place),
            Decision::Fault(finding) => (0..self.matches.len()).find(|&place| self.names(finding, place)),
            _ => None,
        }
    }

    pub(super) fn names(&self, finding: &Finding, place: usize) -> bool {
        self.matches.get(place).is_some_and(|m| m.bad.is_named_by(finding))
    }

    /// When the failing half parts, by its own clock.
    pub(super) fn fork_time(&self, place: usize) -> Option<Timestamp> {
        let line = self.line(place)?;
        let bad = line.events.bad.map(step);
        let last = || self.matches.get(place).and_then(|m| m.bad.conversations.last()).map(|c| c.last.time);
        bad.and_then(|step| step.at).map(|at| at.time).or_else(last)
    }

    /// All pairs. Where nothing is told of a fork none is marked.
    fn pairs(&self, decision: Decision<'_, '_, '_>) -> Vec<Pair> {
        let told = if let Decision::Fork(place) = decision { Some(place) } else { None };
        let parts = decision.result() == ComparisonResult::Diverges;
        let ids = |dialogue: &Dialogue<'_>| dialogue.conversations.iter().map(|c| c.id).collect();
        let pair = |(place, (m, side_by_side)): (usize, (&DialoguePair<'_, '_>, &SideBySide<'_, '_>))| Pair {
            protocol: m.bad.protocol,
            conversations: Both { good: ids(m.good), bad: ids(m.bad) },
            score: m.score,
            reasons: m.reasons.clone(),
            rows: side_by_side.lines.iter().map(row).collect(),
            fork: self.fork_line(place).filter(|_| parts && (told == Some(place) || !self.is_slower(place))),
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

    fn fork(&self, decision: Decision<'_, '_, '_>) -> Option<Fork> {
        let line = match decision {
            Decision::Fork(place) => self.line(place)?,
            Decision::Missing(missing) | Decision::EndsBefore(missing) => return Some(fork_of_missing(missing)),
            _ => return None,
        };
        let steps = Both { good: line.events.good.map(step), bad: line.events.bad.map(step) };
        Some(Fork { message: number(line), steps })
    }

    fn notes(&self, left_out: usize, decision: Decision<'s, '_, '_>) -> Vec<String> {
        let mut notes = self.other_faults(decision);
        match decision {
            Decision::Untold => {
                let untold = [self.verdicts.good, self.verdicts.bad]
                    .into_iter()
                    .filter(|verdict| verdict.kind == VerdictKind::Undecided);
                notes.extend(untold.flat_map(|verdict| verdict.cautions.iter().cloned()));
                notes.dedup();
            }
            Decision::Same => notes.extend(self.verdicts.bad.cautions.iter().cloned()),
            _ => {}
        }
        if left_out > 0 {
            notes.push(format!("{left_out} dialogues beyond the first of each protocol were not compared: narrow both captures down with -f, or name conversations with --pair."));
        }
        let cut: usize = self.matches.iter().map(|m| m.good.left_out + m.bad.left_out).sum();
        if cut > 0 {
            notes.push(format!("{cut} messages at the end of very long dialogues were not compared."));
        }
        if !self.further.is_empty() {
            notes.push(format!("{} working captures taught what differs anyway.", self.further.len() + 1));
        }
        notes
    }

    /// Faults of the two that are not what decides.
    fn other_faults(&self, decision: Decision<'s, '_, '_>) -> Vec<String> {
        let cause = self.cause(decision);
        let is_other = |f: &&Finding| !cause.is_some_and(|cause| std::ptr::eq(cause, *f));
        let is_told = matches!(decision, Decision::BothFail(_));
        let grave = |f: &&Finding| f.severity >= Severity::Major && !is_told;
        let of_good = self.good.findings.iter().filter(grave).filter(is_other);
        let mut notes: Vec<_> = of_good
            .take(3)
            .map(|f| format!("The working capture has a fault of its own ({}): {}", f.rule, f.title))
            .collect();
        let by_logs = |f: &Finding| f.conversations.is_empty() && f.evidence.iter().any(|e| e.line.is_some());
        let is_untold = |f: &Finding| cause.is_none() || by_logs(f);
        let of_bad = self.own.alone.bad.iter().copied().filter(|f| is_fault(f) && is_untold(f)).filter(is_other);
        notes.extend(of_bad.take(3).map(|f| format!("Found in the failing capture alone ({}): {}", f.rule, f.title)));
        notes
    }

    /// Everything that differs, pair by pair; nothing explains anything yet.
    fn differences(&self, learned: &KnownNoise) -> Vec<Difference> {
        let kinds = Both { good: TokenKinds::of(self.good.case), bad: TokenKinds::of(self.bad.case) };
        let mut found = Vec::new();
        for (pair, (m, side_by_side)) in self.matches.iter().zip(self.comparisons).enumerate() {
            if let (Some(good), Some(bad)) = (m.good.opening(), m.bad.opening()) {
                found.extend(of_conversations(pair, good, bad));
                let is_one = m.good.is_one_connection() && m.bad.is_one_connection();
                found.extend(is_one.then(|| of_ends(pair, good, bad)).flatten());
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

/// How the two ended, if not alike. That a capture ends first says nothing of who would have closed.
fn of_ends(pair: usize, good: &Conversation, bad: &Conversation) -> Option<Difference> {
    let ends = Both { good: step(DialogueEvent::End(good)), bad: step(DialogueEvent::End(bad)) };
    let is_open = |c: &Conversation| c.teardown.how == Close::Open && c.turns.unanswered.is_none();
    let class = if is_open(good) || is_open(bad) { Class::Noise } else { Class::WorthALook };
    (ends.good.what != ends.bad.what).then(|| Difference {
        pair,
        message: 0,
        conversations: Both { good: good.id, bad: bad.id },
        field: "end".to_owned(),
        at: Both { good: ends.good.at, bad: ends.bad.at },
        values: Both { good: Some(Value::Text(ends.good.what)), bad: Some(Value::Text(ends.bad.what)) },
        class,
        is_deciding: false,
        learned: false,
    })
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
