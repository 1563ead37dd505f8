//! Reads one log: tells its kind, keeps what its lines say.

use super::anchor::anchors;
use super::date::DateOrder;
use super::event::event;
use super::kind::{HEAD, kind};
use super::lines::{Line, Lines};
use super::mask::mask;
use super::stamp::stamped;
use crate::model::{ClockPlacement, Log, LogAnchor, LogClock, LogFact, LogKind, Span, Timestamp, WrittenTime};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Read};

/// Facts kept of one log.
const FACTS: usize = 50_000;
/// Anchors kept of one log.
const ANCHORS: usize = 10_000;
/// Characters kept of a line.
const TEXT: usize = 400;

/// Offset and masking for a log that is read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// To be added to its times to get those of the packets, if the user says so.
    pub offset: Option<Span>,
    /// Leave tokens and passwords in the lines.
    pub show_secrets: bool,
}

/// Reads a log to its end, or as far as it can be read: [`Log::problem`] says what is wrong.
pub(crate) fn read(path: &str, input: impl Read, options: &Options) -> Log {
    let mut reader = LogReader::new(path, options);
    let mut lines = Lines::new(input);
    let mut head = Vec::new();
    let mut end = None;
    while head.len() < HEAD && end.is_none() {
        match lines.next() {
            Ok(Some(line)) => head.push(line),
            Ok(None) => end = Some(Ok(())),
            Err(error) => end = Some(Err(error)),
        }
    }
    reader.kind = kind(head.iter().map(|line| line.text.as_str()));
    for line in head {
        reader.line(&line);
    }
    let end = end.unwrap_or_else(|| reader.rest(&mut lines));
    reader.finish(lines.bytes, end.err())
}

/// A log while it is read.
struct LogReader<'o> {
    path: String,
    options: &'o Options,
    kind: Option<LogKind>,
    lines: u64,
    not_understood: u64,
    cut: u64,
    facts: VecDeque<LogFact>,
    facts_left_out: u64,
    anchors: VecDeque<LogAnchor>,
    first: Option<WrittenTime>,
    last: Option<WrittenTime>,
    dates: Dates,
}

/// Orders and zones that the dates of all lines show.
#[derive(Default)]
struct Dates {
    day_first: bool,
    month_first: bool,
    open: bool,
    zoned: bool,
    open_zone: Option<String>,
    /// Least and greatest time, as read and with day and month the other way round.
    plain: Option<(Timestamp, Timestamp)>,
    swapped: Option<(Timestamp, Timestamp)>,
}

impl<'o> LogReader<'o> {
    fn new(path: &str, options: &'o Options) -> Self {
        Self {
            path: path.to_owned(),
            options,
            kind: None,
            lines: 0,
            not_understood: 0,
            cut: 0,
            facts: VecDeque::new(),
            facts_left_out: 0,
            anchors: VecDeque::new(),
            first: None,
            last: None,
            dates: Dates::default(),
        }
    }

    fn rest<R: Read>(&mut self, lines: &mut Lines<R>) -> io::Result<()> {
        // Of a file of no known kind nothing more is wanted.
        while self.kind.is_some() {
            match lines.next()? {
                Some(line) => self.line(&line),
                None => break,
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) {
        self.lines = self.lines.saturating_add(1);
        self.cut = self.cut.saturating_add(u64::from(line.cut));
        let Some(kind) = self.kind else { return };
        if let Some(stamped) = stamped(&line.text) {
            self.dates.add(&stamped.at, stamped.order, stamped.open_zone);
            self.first.get_or_insert_with(|| stamped.at.clone());
            self.last = Some(stamped.at);
        }
        // Twice, so that lines that say nothing are not searched for secrets.
        let said = event(&line.text)
            .is_some()
            .then(|| self.without_secrets(&line.text))
            .and_then(|text| Some((event(&text)?, text)));
        let known = said.is_some() || self.last.is_some() || kind == LogKind::NotesTrace;
        self.not_understood = self.not_understood.saturating_add(u64::from(!known && !line.text.trim().is_empty()));
        self.anchor(line);
        if let Some((event, text)) = said {
            let text = clip(text.trim());
            let fact = LogFact { line: self.lines, at: self.last.clone(), text, event };
            self.facts_left_out = self.facts_left_out.saturating_add(u64::from(push(&mut self.facts, fact, FACTS)));
        }
    }

    fn without_secrets<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if self.options.show_secrets { Cow::Borrowed(line) } else { mask(line) }
    }

    fn anchor(&mut self, line: &Line) {
        let Some(at) = &self.last else { return };
        for key in anchors(&line.text) {
            push(&mut self.anchors, LogAnchor { line: self.lines, at: at.clone(), key }, ANCHORS);
        }
    }

    fn finish(self, bytes: u64, error: Option<io::Error>) -> Log {
        let problem = match (error, self.kind) {
            (Some(error), _) => Some(format!("cannot be read beyond line {}: {error}", self.lines)),
            (None, None) if bytes == 0 => Some("is empty".to_owned()),
            (None, None) => Some("is no log of a known kind".to_owned()),
            (None, Some(_)) => None,
        };
        Log {
            path: self.path,
            kind: self.kind,
            bytes,
            lines: self.lines,
            not_understood: self.not_understood,
            cut: self.cut,
            facts: self.facts.into(),
            facts_left_out: self.facts_left_out,
            anchors: self.anchors.into(),
            clock: self.dates.clock(self.options, self.last.is_some()),
            first: self.first,
            last: self.last,
            complete: problem.is_none(),
            problem,
        }
    }
}

/// Adds to a list that keeps the last ones; true if one was left out for it.
fn push<T>(list: &mut VecDeque<T>, item: T, most: usize) -> bool {
    list.push_back(item);
    list.len() > most && list.pop_front().is_some()
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Dates {
    fn add(&mut self, at: &WrittenTime, order: DateOrder, open_zone: Option<&str>) {
        self.day_first |= order == DateOrder::DayFirst;
        self.month_first |= order == DateOrder::MonthFirst;
        self.open |= order == DateOrder::Either;
        self.zoned |= at.zoned;
        if self.open_zone.is_none() {
            self.open_zone = open_zone.map(|zone| zone.chars().take(16).collect());
        }
        let widen = |span: &mut Option<(Timestamp, Timestamp)>, time: Timestamp| {
            let (least, most) = span.unwrap_or((time, time));
            *span = Some((least.min(time), most.max(time)));
        };
        widen(&mut self.plain, at.time);
        widen(&mut self.swapped, at.swapped.unwrap_or(at.time));
    }

    /// How times are placed, as far as the log alone and the user tell.
    fn clock(&self, options: &Options, timed: bool) -> LogClock {
        let (swapped, order_guessed, order) = self.order();
        let offset = options.offset.unwrap_or_default();
        let (placed, mut why) = match options.offset {
            Some(_) if timed => (ClockPlacement::Offset, "by the offset given".to_owned()),
            None if self.zoned => (ClockPlacement::Zone, "by the zone in each line".to_owned()),
            _ if !timed => (ClockPlacement::No, "its lines have no time".to_owned()),
            _ => (ClockPlacement::No, "its lines name no zone".to_owned()),
        };
        if let Some(zone) = self.open_zone.as_ref().filter(|_| placed == ClockPlacement::No) {
            why = format!("its lines name the zone {zone}, which is not known or may be one of several");
        }
        if let Some(order) = order {
            why = format!("{why}; {order}");
        }
        LogClock { placed, offset, swapped, order_guessed, why }
    }

    /// Whether the day stands first, whether that is a guess, and how it was told.
    fn order(&self) -> (bool, bool, Option<&'static str>) {
        let length = |span: Option<(Timestamp, Timestamp)>| span.map_or(Span::ZERO, |(least, most)| most.since(least));
        let (plain, swapped) = (length(self.plain), length(self.swapped));
        match (self.open, self.day_first, self.month_first) {
            (false, ..) | (true, false, true) => (false, false, None),
            (true, true, false) => (true, false, Some("the day stands before the month, as other dates in it show")),
            // Lines follow each other by hours and days, not by months.
            _ if swapped < plain => {
                (true, false, Some("the day seems to stand before the month, as the dates follow each other"))
            }
            _ if plain < swapped => {
                (false, false, Some("the month seems to stand before the day, as the dates follow each other"))
            }
            _ => (false, true, Some("that the month stands before the day is a guess")),
        }
    }
}
