//! The comparison for people: the verdict first, why, then both side by side, what else differs, and what to do.

use super::super::text::{Paint, capitalised, counted, span, wrap};
use super::super::{TOOL, VERSION, escape, filter, protocol_name};
use super::side_by_side::{self, PairLayout};
use super::{ComparisonOptions, ComparisonReport, shown};
use crate::model::{Analysis, Both, Class, ComparisonResult, ConversationId, Difference, Timing};
use hashbrown::HashSet;
use std::io::{self, Write};

/// Columns below which the two halves would not be readable.
const NARROWEST: usize = 80;
/// Column in which texts begin behind their label.
const INDENT: usize = 9;
/// Differences and pairs that are listed of each kind; JSON has all.
const LISTED: usize = 12;

/// Writes the report for people.
pub(super) fn write(report: ComparisonReport<'_>, options: &ComparisonOptions, out: &mut dyn Write) -> io::Result<()> {
    let table =
        ComparisonTable { report, paint: Paint(options.color), width: options.width.max(NARROWEST), all: options.all };
    table.header(out)?;
    table.verdict(out)?;
    table.why(out)?;
    table.logs(out)?;
    table.pairs(out)?;
    table.side_by_side(out)?;
    table.others(out)?;
    table.timing(out)?;
    table.next(out)?;
    table.where_to_look(out)
}

#[derive(Clone, Copy)]
struct ComparisonTable<'a> {
    report: ComparisonReport<'a>,
    paint: Paint,
    width: usize,
    all: bool,
}

impl ComparisonTable<'_> {
    fn header(self, out: &mut dyn Write) -> io::Result<()> {
        let name = |analysis: &Analysis| {
            let first = analysis.inputs.first().map_or("", |input| &input.path);
            match analysis.inputs.len() {
                0 | 1 => first.to_owned(),
                all => format!("{first} and {} more files", all - 1),
            }
        };
        let Both { good, bad } = self.report.analyses;
        let further = match self.report.further.len() {
            0 => String::new(),
            n => format!(" (and {n} more)"),
        };
        let line = format!("compare · working {}{further} · failing {}", name(good), name(bad));
        writeln!(out, "{} {VERSION} · {}\n", self.paint.bold(TOOL), escape::terminal(&line))
    }

    /// A label and a text beside it.
    fn labelled(self, label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = wrap(text, &" ".repeat(INDENT), self.width);
        let padding = " ".repeat(INDENT.saturating_sub(label.len()));
        writeln!(out, "{}{padding}{}", self.paint.bold(label), text.trim_start())
    }

    fn verdict(self, out: &mut dyn Write) -> io::Result<()> {
        let comparison = self.report.comparison;
        let cause = self.report.cause().filter(|_| comparison.result == ComparisonResult::Diverges);
        let cause = cause.map_or_else(String::new, |f| format!(" Cause ({}): {}", f.confidence.name(), f.title));
        self.labelled("VERDICT", &format!("{}{cause}", comparison.headline), out)?;
        writeln!(out, "\n{}\n", wrap(&comparison.story, "  ", self.width))?;
        comparison.notes.iter().try_for_each(|note| writeln!(out, "{}", wrap(note, "  - ", self.width)))?;
        if comparison.notes.is_empty() { Ok(()) } else { writeln!(out) }
    }

    /// Writes the differences that explain the fork, value against value.
    fn why(self, out: &mut dyn Write) -> io::Result<()> {
        let explaining: Vec<_> = self.report.differences(Class::Explains).collect();
        if explaining.is_empty() {
            return Ok(());
        }
        for (index, difference) in explaining.iter().take(LISTED).enumerate() {
            let label = if index == 0 { "WHY" } else { "" };
            self.labelled(label, &self.place(difference), out)?;
            self.value("working", &shown(difference.values.good.as_ref()), out)?;
            self.value("failing", &shown(difference.values.bad.as_ref()), out)?;
        }
        more(explaining.len(), out)?;
        writeln!(out)
    }

    /// Writes the log lines that tell of the cause.
    fn logs(self, out: &mut dyn Write) -> io::Result<()> {
        let evidence = self.report.cause().map_or(&[][..], |cause| &cause.evidence);
        let heard: Vec<_> = evidence.iter().filter_map(|fact| Some((fact.line?, fact))).collect();
        for (index, (line, fact)) in heard.iter().take(LISTED).enumerate() {
            let log = self.report.analyses.bad.logs.get(line.log as usize);
            let text = format!("{} line {}: {}", log.map_or("", |log| log.name()), line.line, fact.text);
            self.labelled(if index == 0 { "LOG" } else { "" }, &text, out)?;
        }
        more(heard.len(), out)?;
        if heard.is_empty() { Ok(()) } else { writeln!(out) }
    }

    fn value(self, label: &str, value: &str, out: &mut dyn Write) -> io::Result<()> {
        let value = self.paint.bold(&wrap(value, &format!("{:INDENT$}  {label}  ", ""), self.width));
        writeln!(out, "{value}")
    }

    /// "message 1, wanted_server (NRPC, frames 6 and 6)".
    fn place(self, d: &Difference) -> String {
        let number =
            |stamp: Option<crate::model::Stamp>| stamp.map_or_else(|| "–".to_owned(), |at| at.frame.number.to_string());
        let protocol = self.report.comparison.pairs.get(d.pair).map_or("", |pair| protocol_name(pair.protocol));
        let (good, bad) = (number(d.at.good), number(d.at.bad));
        let message = if d.message == 0 { "conversation".to_owned() } else { format!("message {}", d.message) };
        format!("{message}, {} ({protocol}; frame {good} working, {bad} failing)", d.field)
    }

    /// The dialogues that were laid side by side, with the reasons, so that a wrong pair is seen and can be named with `--pair`.
    fn pairs(self, out: &mut dyn Write) -> io::Result<()> {
        let comparison = self.report.comparison;
        for (index, pair) in comparison.pairs.iter().enumerate().take(if self.all { usize::MAX } else { LISTED }) {
            let ids = |ids: &[ConversationId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let state = match pair.fork {
                Some(_) if comparison.pair == Some(index) => "they part, see below",
                Some(_) => "they part, too",
                None if comparison.pair == Some(index) => "see below",
                None if comparison.result == ComparisonResult::Swapped => "not judged this way round",
                None => "alike",
            };
            let Both { good, bad } = &pair.conversations;
            let text = format!(
                "working {} with failing {}: {state}. Score {}: {}",
                ids(good),
                ids(bad),
                pair.score,
                pair.reasons.join("; ")
            );
            self.labelled(if index == 0 { "PAIRED" } else { "" }, &text, out)?;
        }
        more(comparison.pairs.len(), out)?;
        self.unpaired("working", &comparison.unpaired.good, out)?;
        self.unpaired("failing", &comparison.unpaired.bad, out)?;
        if comparison.pairs.is_empty() { Ok(()) } else { writeln!(out) }
    }

    fn unpaired(self, which: &str, ids: &[ConversationId], out: &mut dyn Write) -> io::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let shown: Vec<_> = ids.iter().take(LISTED).map(ToString::to_string).collect();
        let more = if ids.len() > LISTED { ", …" } else { "" };
        let text = format!("without counterpart in the {which} capture: conversation {}{more}", shown.join(", "));
        self.labelled("", &text, out)
    }

    fn side_by_side(self, out: &mut dyn Write) -> io::Result<()> {
        let comparison = self.report.comparison;
        let layout =
            PairLayout { paint: self.paint, width: self.width, all: self.all, differences: &comparison.differences };
        let chosen = |index: usize| comparison.pair == Some(index) || self.all;
        for (index, pair) in comparison.pairs.iter().enumerate().filter(|(index, _)| chosen(*index)) {
            side_by_side::write(layout, index, pair, out)?;
            writeln!(out)?;
        }
        Ok(())
    }

    /// Writes differences that are worth a look, and noise: counted, or listed on demand.
    fn others(self, out: &mut dyn Write) -> io::Result<()> {
        let mut look: Vec<(&Difference, u64)> = Vec::new();
        // What a further attempt has in common with the one that is explained need not be told again.
        let is_told = |d: &&Difference| {
            let same = |other: &Difference| other.field == d.field && other.values == d.values;
            self.all || !self.report.differences(Class::Explains).any(same)
        };
        for d in self.report.differences(Class::WorthALook).filter(is_told) {
            match look.iter_mut().find(|(other, _)| !self.all && other.field == d.field && other.values == d.values) {
                Some((_, times)) => *times += 1,
                None => look.push((d, 1)),
            }
        }
        for (index, (d, times)) in look.iter().take(if self.all { usize::MAX } else { LISTED }).enumerate() {
            let again = if *times > 1 { format!(" (in {times} messages)") } else { String::new() };
            let text = format!("{}: {}{again}", self.place(d), against(d));
            self.labelled(if index == 0 { "LOOK AT" } else { "" }, &text, out)?;
        }
        if !self.all {
            more(look.len(), out)?;
        }
        if !look.is_empty() {
            writeln!(out)?;
        }
        self.noise(out)
    }

    fn noise(self, out: &mut dyn Write) -> io::Result<()> {
        let noise: Vec<_> = self.report.differences(Class::Noise).collect();
        if noise.is_empty() {
            return Ok(());
        }
        let mut seen = HashSet::new();
        let names: Vec<_> = noise.iter().map(|d| d.field.as_str()).filter(|name| seen.insert(*name)).collect();
        let learned = noise.iter().filter(|d| d.learned).count();
        let learned =
            if learned > 0 { format!(", {learned} of them learned from the working captures") } else { String::new() };
        let dots = if names.len() > LISTED { ", …" } else { "" };
        let list = if self.all { "" } else { " --all lists them." };
        let text = format!(
            "{}: noise ({}{dots}){learned}.{list}",
            counted(noise.len() as u64, "difference"),
            names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ")
        );
        self.labelled("IGNORED", &text, out)?;
        for d in noise.iter().filter(|_| self.all) {
            let learned = if d.learned { " (learned)" } else { "" };
            self.labelled("", &format!("{}{learned}: {}", self.place(d), against(d)), out)?;
        }
        writeln!(out)
    }

    /// The network under both, in one sentence. The waits are given as a mean, because the two may have asked a
    /// different number of questions.
    fn timing(self, out: &mut dyn Write) -> io::Result<()> {
        let comparison = self.report.comparison;
        let Some(timing) = comparison.timing else { return Ok(()) };
        let rtt = |timing: Timing| timing.rtt.map_or_else(|| "not measured".to_owned(), |rtt| span(rtt.as_secs_f64()));
        let lost = |t: Timing| format!("{} of {} segments repeated", t.repeated, t.segments);
        let think = |t: Timing| match t.answers {
            0 => "no answers".to_owned(),
            answers => {
                format!("{} a time ({})", span(t.waited.part(answers).as_secs_f64()), counted(answers, "answer"))
            }
        };
        let Both { good, bad } = timing;
        let network = comparison.network.unwrap_or_default();
        let text = format!(
            "round trip {} working, {} failing; {} working, {} failing; the client waited {} working, {} failing. {}.",
            rtt(good),
            rtt(bad),
            lost(good),
            lost(bad),
            think(good),
            think(bad),
            capitalised(network),
        );
        self.labelled("TIMING", &text, out)?;
        writeln!(out)
    }

    fn next(self, out: &mut dyn Write) -> io::Result<()> {
        if self.report.comparison.result == ComparisonResult::Swapped {
            let path = |analysis: &Analysis| analysis.inputs.first().map_or(String::new(), |input| input.path.clone());
            let Both { good, bad } = self.report.analyses;
            self.labelled("NEXT", "Give the failing capture last:", out)?;
            let command = format!("{TOOL} compare {} {}", path(bad), path(good));
            writeln!(out, "{:INDENT$}{}", "", escape::terminal(&command))?;
            return writeln!(out);
        }
        let Some(cause) = self.report.cause() else { return Ok(()) };
        for (index, remedy) in cause.remedy.iter().enumerate() {
            let label = if index == 0 { "NEXT" } else { "" };
            self.labelled(label, &format!("{}. {remedy}", index + 1), out)?;
        }
        self.labelled("", &format!("nrpcsniff rules {} explains the rule.", cause.rule), out)?;
        writeln!(out)
    }

    /// Filters that can be copied: they stay on one line.
    fn where_to_look(self, out: &mut dyn Write) -> io::Result<()> {
        let Both { good, bad } = self.report.analyses;
        let frames = Both { good: self.report.frames(|at| at.good), bad: self.report.frames(|at| at.bad) };
        let first = |ids: fn(&Both<Vec<ConversationId>>) -> &Vec<ConversationId>| {
            let pair = self.report.comparison.pairs.get(self.report.comparison.pair?)?;
            ids(&pair.conversations).first().copied()
        };
        let filters = [
            ("working", filter::frames(&frames.good), good, first(|ids| &ids.good)),
            ("failing", filter::frames(&frames.bad), bad, first(|ids| &ids.bad)),
        ];
        for (index, (which, frames, analysis, id)) in filters.into_iter().enumerate() {
            let whole = || id.and_then(|id| analysis.conversations.by_id(id)).map(filter::conversation);
            if let Some(filter) = frames.or_else(whole) {
                let label = if index == 0 { "FRAMES" } else { "" };
                writeln!(out, "{}{:pad$}{which}  {filter}", self.paint.bold(label), "", pad = INDENT - label.len())?;
            }
        }
        Ok(())
    }
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.checked_sub(LISTED).filter(|&more| more > 0) {
        Some(more) => writeln!(out, "{:INDENT$}and {more} more (--format json has all)", ""),
        None => Ok(()),
    }
}

fn against(d: &Difference) -> String {
    format!("working {}, failing {}", shown(d.values.good.as_ref()), shown(d.values.bad.as_ref()))
}
