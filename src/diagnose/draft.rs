//! A finding in the making: facts are added, the score is reckoned, the confidence follows from it.

use super::words::Words;
use super::{About, Layer, Talk};
use crate::model::{
    Confidence, Conversation, ConversationId, Evidence, Facts, Finding, FrameRef, LogLine, Severity, Source, Stamp,
};

/// Score from which on a finding is of high confidence.
const HIGH: i32 = 75;
/// Score from which on it is of medium confidence.
const MEDIUM: i32 = 45;

/// A finding in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    about: &'static About,
    finding: Finding,
    score: i32,
    at_most: Confidence,
    /// Sign-ons in logs that it is about, by their first lines.
    logins: Vec<LogLine>,
    /// Points that logs added to the score.
    of_logs: i32,
    /// Lines of logs that are not shown.
    unshown: usize,
}

/// Lines of logs that one finding shows.
const LINES: usize = 12;

impl Draft {
    /// Begins a finding. `base` is the score of the pattern alone: below 45 if it proves nothing by itself.
    pub(crate) fn new(about: &'static About, base: i32) -> Self {
        let finding = Finding {
            rule: about.id,
            severity: about.severity,
            confidence: Confidence::Low,
            score: 0,
            title: about.title.to_owned(),
            explanation: String::new(),
            conversations: Vec::new(),
            frames: Vec::new(),
            evidence: Vec::new(),
            remedy: about.remedy.iter().map(|&text| text.to_owned()).collect(),
            references: about.references.iter().map(|&text| text.to_owned()).collect(),
            also: Vec::new(),
            layer: about.layer,
            facts: Facts::default(),
            group: crate::model::Group::default(),
        };
        Self { about, finding, score: base, at_most: Confidence::High, logins: Vec::new(), of_logs: 0, unshown: 0 }
    }

    /// What was found in messages that stand in a log: the same without conversations and frames, in words about a log.
    pub(super) fn of_log(
        about: &'static About,
        finding: &Finding,
        written: fn(&str) -> String,
        is_unknown: fn(&str) -> bool,
    ) -> Self {
        let mut draft = Self::new(about, i32::from(finding.score)).at_most(finding.confidence);
        draft.finding = Finding {
            severity: finding.severity,
            title: written(&finding.title),
            explanation: written(&finding.explanation),
            remedy: finding.remedy.iter().map(|text| written(text)).collect(),
            also: finding.also.clone(),
            facts: finding.facts.without(is_unknown),
            ..draft.finding
        };
        draft
    }

    /// What was found out, as values, and how it is said.
    #[must_use]
    pub(crate) fn says(mut self, words: &impl Words) -> Self {
        self.finding.facts = Facts::of(words);
        self.finding.title = words.title();
        self.finding.explanation = words.explanation();
        self
    }

    /// Another severity than the catalogue's worst.
    #[must_use]
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// A conversation that it is about.
    #[must_use]
    pub(crate) fn conversation(mut self, conversation: &Conversation) -> Self {
        self.finding.conversations.push(conversation.id);
        self
    }

    /// Conversations that it is about.
    #[must_use]
    pub(crate) fn conversations_of<'c, 'a: 'c>(mut self, talks: impl IntoIterator<Item = &'c Talk<'a>>) -> Self {
        self.finding.conversations.extend(talks.into_iter().map(|talk| talk.conversation.id));
        self
    }

    /// A fact that a frame shows.
    #[must_use]
    pub(crate) fn packet(mut self, at: Stamp, text: impl Into<String>) -> Self {
        self.finding.frames.push(at.frame);
        self.evidence(Source::Packet, Some(at.frame), text.into())
    }

    /// A fact from a DNS answer.
    #[must_use]
    pub(crate) fn dns(mut self, at: Stamp, text: impl Into<String>) -> Self {
        self.finding.frames.push(at.frame);
        self.evidence(Source::Dns, Some(at.frame), text.into())
    }

    /// Something that should be there and is not.
    #[must_use]
    pub(crate) fn absence(self, text: impl Into<String>) -> Self {
        self.evidence(Source::Absence, None, text.into())
    }

    /// A fact that many frames show together, or none by itself: a count, a comparison.
    #[must_use]
    pub(crate) fn note(self, text: impl Into<String>) -> Self {
        self.evidence(Source::Packet, None, text.into())
    }

    /// A fact of another finding that this one rests on.
    #[must_use]
    pub(crate) fn fact(mut self, source: Source, frame: Option<FrameRef>, text: impl Into<String>) -> Self {
        self.finding.frames.extend(frame);
        self.evidence(source, frame, text.into())
    }

    /// Further frames that show it.
    #[must_use]
    pub(crate) fn frames(mut self, frames: impl IntoIterator<Item = FrameRef>) -> Self {
        self.finding.frames.extend(frames);
        self
    }

    /// What to change, before the catalogue's own words: for remedies with names and addresses in them.
    #[must_use]
    pub(crate) fn remedy_first(mut self, text: impl Into<String>) -> Self {
        self.finding.remedy.insert(0, text.into());
        self
    }

    /// These and no other remedies: for findings that ask for nothing, or something else than the catalogue says.
    #[must_use]
    pub(crate) fn remedies<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.finding.remedy = texts.into_iter().map(Into::into).collect();
        self
    }

    /// Names or codes that prove it were read: +40.
    #[must_use]
    pub(crate) fn names_read(self) -> Self {
        self.points(40)
    }

    /// The client tried again soon after, if `seen`: +10.
    #[must_use]
    pub(crate) fn retry(self, seen: bool) -> Self {
        if seen { self.points(10) } else { self }
    }

    /// Seen in three conversations and more, if `count` says so: +10.
    #[must_use]
    pub(crate) fn seen_in(self, count: usize) -> Self {
        if count >= 3 { self.points(10) } else { self }
    }

    /// A guard speaks against it, if `hit`: -30.
    #[must_use]
    pub(crate) fn guard(self, hit: bool) -> Self {
        if hit { self.points(-30) } else { self }
    }

    /// Adds to the score.
    #[must_use]
    pub(crate) fn points(mut self, points: i32) -> Self {
        self.score = self.score.saturating_add(points);
        self
    }

    /// However high the score: no more confidence than this.
    #[must_use]
    pub(crate) fn at_most(mut self, confidence: Confidence) -> Self {
        self.at_most = self.at_most.min(confidence);
        self
    }

    /// Lines of a log that say it too. They count once, however many they are.
    pub(super) fn add_lines(&mut self, lines: impl IntoIterator<Item = (LogLine, String)>, score: i32) {
        for (line, text) in lines {
            let logged = || self.finding.evidence.iter().filter(|e| e.source == Source::Log);
            if logged().any(|known| known.line == Some(line)) {
                continue;
            }
            if logged().count() < LINES {
                self.finding.evidence.push(Evidence { source: Source::Log, frame: None, line: Some(line), text });
            } else {
                self.unshown = self.unshown.saturating_add(1);
            }
        }
        if score.abs() > self.of_logs.abs() {
            self.score = self.score.saturating_sub(self.of_logs).saturating_add(score);
            self.of_logs = score;
        }
    }

    /// What was inferred is proved: no ceiling of confidence any more.
    pub(super) fn lift(&mut self) {
        self.at_most = Confidence::High;
    }

    /// At least as severe as another one, with which it is told.
    pub(super) fn as_severe_as(&mut self, other: &Self) {
        self.finding.severity = self.finding.severity.max(other.finding.severity);
    }

    /// Sign-ons in logs that it is about.
    pub(super) fn of_logins(&mut self, logins: &[LogLine]) {
        self.logins.extend_from_slice(logins);
    }

    /// Takes over conversations, frames and evidence of a finding that follows from this one.
    pub(super) fn take_over(&mut self, effect: &Self) {
        self.finding.conversations.extend_from_slice(&effect.finding.conversations);
        self.finding.frames.extend_from_slice(&effect.finding.frames);
        let packets = effect.finding.evidence.iter().filter(|e| e.source != Source::Log);
        self.finding.evidence.extend(packets.cloned());
    }

    /// Sign-ons in logs that it is about.
    pub(super) fn logins(&self) -> &[LogLine] {
        &self.logins
    }

    /// Where the rule stands in the order of causes.
    pub(super) fn layer(&self) -> Layer {
        self.about.layer
    }

    /// The rule's entry in the catalogue.
    pub(super) fn about(&self) -> &'static About {
        self.about
    }

    /// Conversations that it is about.
    pub(super) fn conversations(&self) -> &[ConversationId] {
        &self.finding.conversations
    }

    /// Frames that show it.
    pub(super) fn shown_by(&self) -> &[FrameRef] {
        &self.finding.frames
    }

    /// Notes that another rule's finding follows from this one, and takes over what logs say of it.
    pub(super) fn absorb(&mut self, other: &Self) {
        let logged = other.finding.evidence.iter().filter(|e| e.source == Source::Log);
        let lines: Vec<_> = logged.filter_map(|e| Some((e.line?, e.text.clone()))).collect();
        self.add_lines(lines, 0);
        let also = std::iter::once(other.finding.rule).chain(other.finding.also.iter().copied());
        for rule in also.filter(|&rule| rule != self.finding.rule).collect::<Vec<_>>() {
            if !self.finding.also.contains(&rule) {
                self.finding.also.push(rule);
            }
        }
    }

    /// The finished finding.
    pub(super) fn finish(mut self) -> Finding {
        if self.unshown > 0 {
            let text = format!("and {} more lines like these", self.unshown);
            self = self.evidence(Source::Log, None, text);
        }
        let ceiling = match self.at_most {
            Confidence::High => 100,
            Confidence::Medium => HIGH - 1,
            Confidence::Low => MEDIUM - 1,
        };
        let score = self.score.clamp(0, ceiling);
        self.finding.score = u8::try_from(score).unwrap_or(100);
        self.finding.confidence = match score {
            HIGH.. => Confidence::High,
            MEDIUM.. => Confidence::Medium,
            _ => Confidence::Low,
        };
        self.finding.frames.sort_unstable();
        self.finding.frames.dedup();
        self.finding.conversations.sort_unstable();
        self.finding.conversations.dedup();
        self.finding
    }

    fn evidence(mut self, source: Source, frame: Option<FrameRef>, text: String) -> Self {
        self.finding.evidence.push(Evidence { source, frame, line: None, text });
        self
    }
}
