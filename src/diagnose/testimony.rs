//! What a rule hears from logs, and how it joins what the same rule saw in packets.
//!
//! A [`Testimony`] is one thing that a log says, for one rule. Where it is about conversations in which that rule, or one
//! whose findings follow from it, has found something, one finding carries both: the lines become evidence and raise the
//! score, or lower it if they speak against it. What joins nothing stands by itself, once for all captures.

use super::{About, Draft};
use crate::facts::logs::{LogEntry, TracedLogin};
use crate::model::{Confidence, ConversationId, LogEvent, LogLine, RuleId, Witness};
use hashbrown::{HashMap, HashSet};

/// Score of a line of a log at the time of the packets.
const HEARD: i32 = 25;
/// Score of a line that speaks against a finding.
const AGAINST: i32 = -30;

/// One thing that a log says, for one rule.
#[derive(Debug, Clone)]
pub(crate) struct Testimony {
    about: &'static About,
    lines: Vec<(LogLine, String)>,
    conversations: Vec<ConversationId>,
    logins: Vec<LogLine>,
    whom: String,
    speaks: Speaks,
    alone: Option<Draft>,
    /// It says nothing of lines of which another rule speaks.
    is_yielding: bool,
    /// Nobody has shown any of its lines from a real log yet.
    is_inferred: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    For,
    /// What was inferred from packets stands in the log.
    Proves,
    Against,
}

/// Which testimony: its rule and its first line.
pub(crate) type TestimonyId = (RuleId, Option<LogLine>);

impl Testimony {
    /// These lines, for that rule.
    pub(crate) fn new(about: &'static About, entries: &[LogEntry<'_>]) -> Self {
        Self {
            about,
            lines: entries.iter().map(|entry| (entry.line(), entry.fact.text.clone())).collect(),
            conversations: Vec::new(),
            logins: Vec::new(),
            whom: String::new(),
            speaks: Speaks::For,
            alone: None,
            is_yielding: false,
            is_inferred: !entries.is_empty() && entries.iter().all(is_inferred),
        }
    }

    /// What its lines show, in other words than their own.
    #[must_use]
    pub(crate) fn words(mut self, lines: Vec<(LogLine, String)>) -> Self {
        self.lines = lines;
        self
    }

    /// Whom it is about: what stands alone and is about the same becomes one finding.
    #[must_use]
    pub(crate) fn whom(mut self, whom: impl Into<String>) -> Self {
        self.whom = whom.into();
        self
    }

    /// The sign-on that it is about: what explains it takes it along.
    #[must_use]
    pub(crate) fn login(mut self, login: &TracedLogin<'_>) -> Self {
        self.logins.extend(login.first().map(|entry| entry.line()));
        self
    }

    /// Conversations of the capture that it is about, if any are known.
    #[must_use]
    pub(crate) fn links(mut self, conversations: impl IntoIterator<Item = ConversationId>) -> Self {
        self.conversations.extend(conversations);
        self
    }

    /// What it says where no packets go with it. Its lines are added to that. What is inferred is never certain alone.
    #[must_use]
    pub(crate) fn alone(mut self, draft: Draft) -> Self {
        self.alone = Some(if self.is_inferred { draft.at_most(Confidence::Medium) } else { draft });
        self
    }

    /// It says what the rule only infers from packets: the ceiling of confidence falls.
    #[must_use]
    pub(crate) fn proves(mut self) -> Self {
        self.speaks = Speaks::Proves;
        self
    }

    /// It says nothing where other rules speak of all its lines: they have words of their own for them.
    #[must_use]
    pub(crate) fn yielding(mut self) -> Self {
        self.is_yielding = true;
        self
    }

    /// It speaks against what the rule finds in packets.
    #[must_use]
    pub(crate) fn against(mut self) -> Self {
        self.speaks = Speaks::Against;
        self
    }

    /// Which one it is, also beside another capture.
    pub(crate) fn id(&self) -> TestimonyId {
        (self.about.id, self.lines.first().map(|(line, _)| *line))
    }

    fn score(&self) -> i32 {
        if self.speaks == Speaks::Against { AGAINST } else { HEARD }
    }

    fn concerns(&self, draft: &Draft) -> bool {
        draft.conversations().iter().any(|id| self.conversations.contains(id))
    }
}

/// Nobody has shown such a line yet. What a dissector read is as it was said, however rare the line.
fn is_inferred(entry: &LogEntry<'_>) -> bool {
    let is_read = matches!(entry.fact.event, LogEvent::Message(_));
    !is_read && entry.fact.meaning.is_some_and(|meaning| meaning.witness == Witness::Inferred)
}

/// Leaves out those that yield to others.
pub(super) fn without_yielding(mut testimonies: Vec<Testimony>) -> Vec<Testimony> {
    let others = testimonies.iter().filter(|testimony| !testimony.is_yielding && testimony.alone.is_some());
    let told: HashSet<LogLine> = others.flat_map(|testimony| &testimony.lines).map(|(line, _)| *line).collect();
    testimonies
        .retain(|testimony| !testimony.is_yielding || testimony.lines.iter().any(|(line, _)| !told.contains(line)));
    testimonies
}

/// Lets testimonies join the drafts that packets made; says which of them did.
///
/// A testimony joins the drafts of its own rule on its conversations. Else it becomes their cause, if its rule explains
/// them. Else, if its rule follows from theirs, its lines stand beside the evidence without a score of their own.
pub(super) fn join(drafts: &mut Vec<Draft>, testimonies: Vec<Testimony>) -> HashSet<TestimonyId> {
    let places = Places::new(drafts);
    let mut joined = HashSet::new();
    let mut causes: Vec<(Testimony, Vec<usize>)> = Vec::new();
    let lines = |testimony: &Testimony| testimony.lines.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let yielding = testimonies.iter().filter(|testimony| testimony.is_yielding);
    let yielding: Vec<_> = yielding.map(|testimony| (testimony.id(), lines(testimony))).collect();
    let mut told: HashSet<LogLine> = HashSet::new();
    for testimony in testimonies {
        let near = places.of(&testimony, drafts);
        let pick = |is: &dyn Fn(&Draft) -> bool| -> Vec<usize> {
            near.iter().copied().filter(|&place| drafts.get(place).is_some_and(is)).collect()
        };
        let own = pick(&|draft| draft.about().id == testimony.about.id);
        let effects = pick(&|draft| testimony.about.explains.contains(&draft.about().id));
        let above = pick(&|draft| draft.about().explains.contains(&testimony.about.id));
        let is_for = testimony.speaks != Speaks::Against;
        if !own.is_empty() {
            let (score, proves) = (testimony.score(), testimony.speaks == Speaks::Proves);
            for place in own {
                join_one(drafts, place, &testimony, score, proves);
            }
        } else if is_for && testimony.alone.is_some() && !effects.is_empty() {
            joined.insert(testimony.id());
            causes.push((testimony, effects));
            continue;
        } else if is_for && !above.is_empty() {
            for place in above {
                join_one(drafts, place, &testimony, 0, false);
            }
        } else {
            continue;
        }
        joined.insert(testimony.id());
        told.extend(testimony.lines.iter().map(|(line, _)| *line));
    }
    joined.extend(
        yielding.into_iter().filter(|(_, lines)| lines.iter().all(|line| told.contains(line))).map(|(id, _)| id),
    );
    // Last, because all testimonies of one cause make one finding.
    let made: Vec<Draft> =
        grouped(causes, |(testimony, _)| testimony).iter().filter_map(|group| cause(drafts, group)).collect();
    drafts.extend(made);
    joined
}

/// What stands alone: a draft for each rule and whom it is about.
pub(super) fn alone(testimonies: Vec<Testimony>) -> Vec<Draft> {
    let standing = testimonies.into_iter().filter(|testimony| testimony.alone.is_some());
    grouped(standing, |testimony| testimony)
        .iter()
        .filter_map(|group| told(&group.iter().collect::<Vec<_>>()))
        .collect()
}

/// Puts together what is for one rule, of one log, about the same.
fn grouped<T>(items: impl IntoIterator<Item = T>, of: impl Fn(&T) -> &Testimony) -> Vec<Vec<T>> {
    crate::facts::grouping::group_by(items, |item| {
        let testimony = of(item);
        (testimony.about.id, testimony.lines.first().map(|(line, _)| line.log), testimony.whom.clone())
    })
}

/// Adds the lines of a testimony to the draft that it is about, once for each line.
fn join_one(drafts: &mut [Draft], place: usize, testimony: &Testimony, score: i32, proves: bool) {
    let Some(draft) = drafts.get_mut(place) else { return };
    let prefix = if testimony.speaks == Speaks::Against { "speaks against it: " } else { "" };
    draft.add_lines(testimony.lines.iter().map(|(line, text)| (*line, format!("{prefix}{text}"))), score);
    if proves {
        draft.lift();
    }
}

/// One finding out of several testimonies.
fn told(group: &[&Testimony]) -> Option<Draft> {
    let mut draft = group.first()?.alone.clone()?;
    for testimony in group {
        draft.add_lines(testimony.lines.iter().cloned(), 0);
        draft.of_logins(&testimony.logins);
        testimony.alone.iter().for_each(|other| draft.as_severe_as(other));
    }
    let count = group.len();
    let draft = draft.retry(count > 1).seen_in(count);
    Some(if count > 1 { draft.note(format!("{} in this log", super::words::times(count))) } else { draft })
}

/// One finding out of several testimonies, as the cause of what packets show.
fn cause(drafts: &[Draft], group: &[(Testimony, Vec<usize>)]) -> Option<Draft> {
    let mut draft = told(&group.iter().map(|(testimony, _)| testimony).collect::<Vec<_>>())?.points(HEARD);
    let mut effects: Vec<usize> = group.iter().flat_map(|(_, effects)| effects.iter().copied()).collect();
    effects.sort_unstable();
    effects.dedup();
    for effect in effects.into_iter().filter_map(|place| drafts.get(place)) {
        draft.take_over(effect);
    }
    Some(draft)
}

/// Which drafts name which conversations.
struct Places(HashMap<ConversationId, Vec<usize>>);

impl Places {
    fn new(drafts: &[Draft]) -> Self {
        let mut places: HashMap<ConversationId, Vec<usize>> = HashMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            for &id in draft.conversations() {
                places.entry(id).or_default().push(place);
            }
        }
        Self(places)
    }

    fn of(&self, testimony: &Testimony, drafts: &[Draft]) -> Vec<usize> {
        let named = testimony.conversations.iter().filter_map(|id| self.0.get(id)).flatten();
        let mut places: Vec<usize> = named.copied().collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|&place| drafts.get(place).is_some_and(|draft| testimony.concerns(draft)));
        places
    }
}
