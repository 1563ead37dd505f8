//! Reads one log: tells its kind, keeps what its lines say.

use super::anchor::anchors;
use super::event::event;
use super::form::{DateOrder, Fold, Line, Lines, Moment, Peeled, Wrapping, peel};
use super::glance::{Dated, is_of_stack, may_tell};
use super::kind::{Frame, HEAD, Kinds};
use super::mask::mask;
use super::message::{HTTP_MEANING, MessageText, SIP_MEANING};
use super::table::{self, Saying};
use crate::model::{
    ClockPlacement, Log, LogAnchor, LogClock, LogEvent, LogFact, LogKind, Span, Timestamp, WrittenTime,
};
use nrpcsniff_dissectors::sip;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Read};

/// Facts kept of one log.
const FACTS: usize = 50_000;
/// Anchors kept of one log.
const ANCHORS: usize = 10_000;
/// Messages of SIP and HTTP kept of one log, each of some kilobytes.
const MESSAGES: usize = 1_000;
/// Characters kept of a line.
const TEXT: usize = 400;
/// A quarter of an hour, in seconds: zones differ by multiples of it.
const QUARTER: i64 = 15 * 60;
/// No zone is further from UTC, in quarters of an hour.
const QUARTERS: i64 = 14 * 4;

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
    reader.begin(&head);
    for line in head {
        reader.line(&line);
    }
    let end = end.unwrap_or_else(|| reader.rest(&mut lines));
    reader.flush();
    reader.end_message();
    reader.finish(lines.bytes, end.err())
}

/// A line that may go on in the next one.
struct Pending {
    /// Number of its first line.
    line: u64,
    fold: Fold,
    at: Option<WrittenTime>,
}

/// A log while it is read.
struct LogReader<'o> {
    path: String,
    options: &'o Options,
    kind: Option<LogKind>,
    wrapping: Option<Wrapping>,
    pending: Option<Pending>,
    /// A message whose lines are coming, and when it began.
    message: Option<(MessageText, Option<WrittenTime>)>,
    /// First lines of the messages that are kept.
    messages: VecDeque<u64>,
    lines: u64,
    not_understood: u64,
    cut: u64,
    facts: VecDeque<LogFact>,
    facts_left_out: u64,
    anchors: VecDeque<LogAnchor>,
    first: Option<WrittenTime>,
    last: Option<WrittenTime>,
    /// Lines have times of their own: those of tools around them count no more.
    timed: bool,
    /// Day and hour of the last line that was taken apart.
    dated: Option<Dated>,
    /// The last line with a time, of those that tell nothing: read where a time is asked for.
    unread: String,
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
            wrapping: None,
            pending: None,
            message: None,
            messages: VecDeque::new(),
            lines: 0,
            not_understood: 0,
            cut: 0,
            facts: VecDeque::new(),
            facts_left_out: 0,
            anchors: VecDeque::new(),
            first: None,
            last: None,
            timed: false,
            dated: None,
            unread: String::new(),
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

    /// Tells kind and wrapping by the first lines.
    fn begin(&mut self, head: &[Line]) {
        let peeled: Vec<Peeled<'_>> = head.iter().map(|line| peel(&line.text)).collect();
        let mut kinds = Kinds::default();
        peeled.iter().filter_map(|peeled| kind_of(peeled)).for_each(|kind| kinds.add(kind));
        self.kind = kinds.most();
        let rests = head.iter().zip(&peeled).map(|(line, peeled)| (line.text.as_str(), may_be_a_rest(&peeled.text)));
        let brackets = || (self.kind == Some(LogKind::NotesTrace)).then_some(Wrapping::Brackets);
        self.wrapping = Wrapping::of(rests).or_else(brackets);
    }

    /// Takes a line. It waits for the next one where lines are wrapped, because only that tells whether it goes on.
    fn line(&mut self, line: &Line) {
        self.lines = self.lines.saturating_add(1);
        self.cut = self.cut.saturating_add(u64::from(line.cut));
        if self.kind.is_none() || self.tells_nothing(&line.text) {
            return;
        }
        self.read_time();
        let peeled = peel(&line.text);
        if peeled.parts {
            self.flush();
            self.end_message();
            (self.last, self.timed, self.dated) = (None, false, None);
            return;
        }
        let Some(wrapping) = self.wrapping else {
            self.whole(self.lines, &peeled.text, peeled.at);
            self.date(&line.text);
            return;
        };
        if let Some(pending) = self.pending.as_mut()
            && may_be_a_rest(&peeled.text)
            && wrapping.goes_on(&pending.fold, &line.text)
        {
            pending.fold.add(&line.text, &peeled.text);
            return;
        }
        self.flush();
        self.pending = Some(Pending { line: self.lines, fold: Fold::new(&line.text, &peeled.text), at: peeled.at });
    }

    /// The line says nothing that the lines before did not say of their time. Where lines are wrapped, or a message is coming, each
    /// is taken apart.
    fn tells_nothing(&mut self, line: &str) -> bool {
        let Some(dated) = self.dated.as_ref().filter(|_| self.wrapping.is_none() && self.message.is_none()) else {
            return false;
        };
        let is_of_stack = is_of_stack(line);
        if !(is_of_stack || dated.has(line)) || may_tell(line) {
            return false;
        }
        if !is_of_stack {
            self.unread.clear();
            self.unread.push_str(line);
        }
        true
    }

    /// Reads the time of the last line that was passed over.
    fn read_time(&mut self) {
        if self.unread.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.unread);
        let peeled = peel(&line);
        if let Some(at) = Frame::of(&peeled.text).and_then(|frame| frame.at) {
            self.at(&at, peeled.at.as_ref());
        }
        self.unread = line;
        self.unread.clear();
    }

    /// Notes day and hour of a line that was taken apart, if it is one with a time of its own.
    fn date(&mut self, line: &str) {
        if self.timed && !self.dated.as_ref().is_some_and(|dated| dated.has(line)) {
            self.dated = self.last.as_ref().and_then(|last| Dated::of(line, &last.text)).or_else(|| self.dated.take());
        }
    }

    /// Reads the line that waited for its rest, joined in the way that says more; or its parts by themselves, where it is not
    /// certain that they belong together and the first says as much alone.
    fn flush(&mut self) {
        let Some(Pending { line, fold, at }) = self.pending.take() else { return };
        let says = |text: &str| {
            let message = Frame::of(text).map_or(text, |frame| frame.message);
            table::find(message).map_or(0, |found| found.meaning.pattern.len())
        };
        let sure = self.wrapping.is_some_and(Wrapping::is_sure);
        let (alone, joined) =
            (fold.parts.first().map_or(0, |first| says(first)), says(&fold.words).max(says(&fold.cut)));
        if fold.parts.len() > 1 && !sure && alone >= joined {
            for (number, part) in (line..).zip(&fold.parts) {
                self.whole(number, part, at.clone().filter(|_| number == line));
            }
            return;
        }
        let (cut, words) = (says(&fold.cut), says(&fold.words));
        let cut = cut > words || (cut == words && self.wrapping.is_some_and(Wrapping::is_cut));
        self.whole(line, if cut { &fold.cut } else { &fold.words }, at);
    }

    /// Reads a line that is whole and without its form.
    fn whole(&mut self, number: u64, text: &str, around: Option<WrittenTime>) {
        let frame = Frame::of(text);
        if let Some(at) = frame.as_ref().and_then(|frame| frame.at.as_ref()) {
            self.at(at, around.as_ref());
        } else if let Some(at) = around.filter(|_| !self.timed) {
            self.first.get_or_insert_with(|| at.clone());
            self.dates.add(at.time, at.swapped, at.zoned, DateOrder::Plain, None);
            self.last = Some(at);
        }
        let found = table::find(frame.as_ref().map_or(text, |frame| frame.message));
        let of_message = self.part_of_message(number, text, frame.as_ref());
        let known = found.is_some() || self.last.is_some() || frame.is_some() || of_message;
        self.not_understood = self.not_understood.saturating_add(u64::from(!known && !text.trim().is_empty()));
        self.anchor(number, text);
        if let Some(saying) = found {
            let fact = self.fact(number, text, &saying);
            self.facts_left_out = self.facts_left_out.saturating_add(u64::from(push(&mut self.facts, fact, FACTS)));
        }
    }

    /// A line may go on with a message, end it, or begin one. Says whether it is part of one.
    fn part_of_message(&mut self, number: u64, text: &str, frame: Option<&Frame<'_>>) -> bool {
        let begins = frame.is_some();
        if self.message.as_mut().is_some_and(|(message, _)| begins || !message.take(number, text)) {
            self.end_message();
        }
        if self.message.is_none() {
            let begun = MessageText::begin(number, frame.map_or(text, |frame| frame.message));
            self.message = begun.map(|message| (message, self.last.clone()));
        }
        self.message.is_some()
    }

    /// Gives the message that is whole now to the fact of the line in which it began.
    fn end_message(&mut self) {
        let Some((text, at)) = self.message.take() else { return };
        let Some(message) = text.read() else { return };
        let meaning = if message.body.protocol() == &sip::PROTOCOL { &SIP_MEANING } else { &HTTP_MEANING };
        let place = self.facts.partition_point(|fact| fact.line < text.first);
        if self.facts.get(place).is_none_or(|fact| fact.line != text.first) {
            let shown = clip(&self.without_secrets(text.start()));
            let fact = LogFact {
                line: text.first,
                at,
                text: shown,
                event: LogEvent::Told,
                meaning: Some(meaning),
                named: Vec::new(),
            };
            self.facts.insert(place, fact);
        }
        if let Some(fact) = self.facts.get_mut(place) {
            fact.event = LogEvent::Message(Box::new(message));
        }
        self.messages.push_back(text.first);
        let oldest = if self.messages.len() > MESSAGES { self.messages.pop_front() } else { None };
        if let Some(line) = oldest
            && let Ok(place) = self.facts.binary_search_by_key(&line, |fact| fact.line)
            && let Some(fact) = self.facts.get_mut(place)
        {
            fact.event = LogEvent::Told;
        }
    }

    /// Takes over the time of a line. Where a tool that knows its zone wrote a time around it, the two tell the zone of the
    /// log: zones differ by quarters of an hour.
    fn at(&mut self, at: &Moment<'_>, around: Option<&WrittenTime>) {
        self.timed = true;
        let mut zoned = at.zoned;
        let mut east = Span::ZERO;
        if let Some(around) = around.filter(|around| around.zoned && !at.zoned) {
            let quarters = around.time.since(at.time).whole_seconds().saturating_add(QUARTER / 2).div_euclid(QUARTER);
            if quarters.abs() <= QUARTERS {
                (zoned, east) = (true, Span::from_secs(quarters.saturating_mul(QUARTER)));
            }
        }
        let (time, swapped) = (at.time.plus(east), at.swapped.map(|time| time.plus(east)));
        self.dates.add(time, swapped, zoned, at.order, at.open_zone.as_deref());
        match &mut self.last {
            Some(last) => {
                last.text.clear();
                last.text.push_str(&at.text);
                (last.time, last.swapped, last.zoned) = (time, swapped, zoned);
            }
            last => *last = Some(WrittenTime { time, swapped, zoned, ..at.kept() }),
        }
        if self.first.is_none() {
            self.first.clone_from(&self.last);
        }
    }

    /// The fact of a line that is known. What it says is read once more without what opens doors, so that no name or
    /// reason holds a secret.
    fn fact(&self, line: u64, text: &str, saying: &Saying) -> LogFact {
        let text = self.without_secrets(text);
        let message = Frame::of(&text).map_or(text.as_ref(), |frame| frame.message).to_owned();
        let masked = table::find(&message).filter(|found| found.meaning == saying.meaning);
        LogFact {
            line,
            at: self.last.clone(),
            text: clip(text.trim()),
            event: event(&message).unwrap_or(LogEvent::Told),
            meaning: Some(saying.meaning),
            named: masked.map(|found| found.named).unwrap_or_default(),
        }
    }

    fn without_secrets<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if self.options.show_secrets { Cow::Borrowed(line) } else { mask(line) }
    }

    fn anchor(&mut self, line: u64, text: &str) {
        let Some(at) = &self.last else { return };
        for key in anchors(text) {
            push(&mut self.anchors, LogAnchor { line, at: at.clone(), key }, ANCHORS);
        }
    }

    fn finish(mut self, bytes: u64, error: Option<io::Error>) -> Log {
        self.read_time();
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

/// Who writes a line: by its record or its frame, else by the catalogue.
fn kind_of(peeled: &Peeled<'_>) -> Option<LogKind> {
    let frame = Frame::of(&peeled.text);
    let found = table::find(frame.as_ref().map_or(&peeled.text, |frame| frame.message));
    let is_trace = found.as_ref().is_some_and(|found| found.file == "notes_trace");
    match (peeled.kind.or(frame.map(|frame| frame.kind)), found) {
        // Notes clients that write times do so in the form of the server.
        (None | Some(LogKind::DominoConsole), _) if is_trace => Some(LogKind::NotesTrace),
        (None, found) => found.map(|_| LogKind::Text),
        (kind, _) => kind,
    }
}

/// A line that may be the rest of the one before: nothing begins in it.
fn may_be_a_rest(text: &str) -> bool {
    !text.trim().is_empty() && !Frame::begins(text) && !table::begins(text)
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
    fn add(
        &mut self,
        time: Timestamp,
        swapped: Option<Timestamp>,
        zoned: bool,
        order: DateOrder,
        open_zone: Option<&str>,
    ) {
        self.day_first |= order == DateOrder::DayFirst;
        self.month_first |= order == DateOrder::MonthFirst;
        self.open |= order == DateOrder::Either;
        self.zoned |= zoned;
        if self.open_zone.is_none() {
            self.open_zone = open_zone.map(|zone| zone.chars().take(16).collect());
        }
        let widen = |span: &mut Option<(Timestamp, Timestamp)>, time: Timestamp| {
            let (least, most) = span.unwrap_or((time, time));
            *span = Some((least.min(time), most.max(time)));
        };
        widen(&mut self.plain, time);
        widen(&mut self.swapped, swapped.unwrap_or(time));
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
