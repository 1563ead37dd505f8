//! `-w DIR`: the packets of a finding go into a file of their own, those from before it came about and those that follow.
//!
//! `20261127T081000.123Z-nrpc-name-mismatch-alias-10.0.0.5.pcapng` is named by packet time, rule and client, and never takes
//! the place of another file. It begins with what the [`Ring`] holds of the finding's conversations (of those that its evidence
//! is about too, such as the client's DNS lookup), with the finding as the comment of the file, and can be read at any moment
//! from then on. It ends when all TCP conversations of the finding are over, when nothing more is said in them, or at a
//! limit of time or size, which keep one conversation from filling the disk.
//!
//! Each finding has a file of its own, also where another one writes down the same conversations: each is whole by itself,
//! can be sent away by itself, and gives its finding again (unless the rule looked at more than it names). Conversations that
//! join a finding join its file as long as that is open; only later ones have a file of their own.

use super::retention::{Retention, WriteTotals, utc};
use super::ring::{FlowId, Fragments, Ring};
use crate::capture::Secret;
use crate::capture::live::Counts;
use crate::capture::write::{CaptureFile, FilePreamble, Statistics, WriteError};
use crate::engine::FrameRelevance;
use crate::model::{Close, Conversation, Finding, Frame, RuleId, Severity, Span, Stamp, Timestamp, Transport};
use crate::report::escape;
use crate::stream::FlowKey;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long (of packet time) a file goes on after its conversations are over: who was turned away tries again,
/// and the attempt joins the finding. Rules take what comes within this time for a retry.
const LINGER: Span = Span::from_secs(30);
/// After how long without a packet it ends.
const QUIET: Span = Span::from_secs(60);
/// After how long it ends in any case: what follows a fault by more does not explain it.
const LONGEST: Span = Span::from_secs(300);
/// After how many bytes beyond those from before it ends: a replication would fill the disk.
const LARGEST: u64 = 64 << 20;
/// Files that are written at a time. The one that began first ends for a further one.
const OPEN: usize = 32;
/// Conversations that are followed for one finding. One that thousands share is explained by fewer.
const FLOWS: usize = 1024;

/// Findings whose packets are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trigger {
    /// Findings that are at least this severe; `None`: severity does not count.
    pub level: Option<Severity>,
    /// Findings of these rules, whatever their severity.
    pub rules: Vec<RuleId>,
}

impl Trigger {
    /// The packets of this finding are to be written.
    pub(crate) fn fires(&self, finding: &Finding) -> bool {
        self.level.is_some_and(|level| finding.severity >= level) || self.rules.contains(&finding.rule)
    }
}

/// Holds the minutes before, and writes what belongs to findings.
#[derive(Debug)]
pub(super) struct FindingFiles {
    folder: PathBuf,
    ring: Ring,
    head: FilePreamble,
    retention: Retention,
    /// Files that are written, in the order in which they began.
    open: Vec<FindingFile>,
    /// Places in `open` by conversation: a frame must find its files at once.
    places: HashMap<FlowId, Vec<usize>>,
    /// Totals of the files that are finished.
    finished: WriteTotals,
    /// The first error since the last flush, which tells it: a full disk fails for every file at once.
    pending_error: Option<WriteError>,
    /// Counters of the interfaces so far.
    counts: Counts,
}

/// A finding whose packets are written.
#[derive(Debug)]
struct FindingFile {
    rule: RuleId,
    capture: CaptureFile,
    flows: HashSet<FlowId>,
    /// TCP conversations of the finding that are not over.
    going_on: HashSet<FlowId>,
    /// When the last of these was over, in packet time.
    over: Option<Timestamp>,
    fragments: Fragments<Arc<PendingFragment>>,
    /// When the finding came about, in packet time.
    fired: Timestamp,
    /// Bytes of the file that came from the ring: they do not count against [`LARGEST`].
    from_ring: u64,
    /// Time of its earliest frame.
    first: Option<Timestamp>,
    /// Time of its latest frame; when it began, if it has none.
    last: Timestamp,
    /// Counters of the interfaces before its first frame.
    counts: Counts,
    /// It could not be written, and nothing is added any longer.
    failed: bool,
}

/// A fragment of an IP packet that is not whole yet. Any finding may want it, so all files share one copy.
#[derive(Debug)]
struct PendingFragment {
    interface: u16,
    at: Stamp,
    link_type: u16,
    data: Vec<u8>,
    wire_length: u32,
}

impl FindingFiles {
    /// Files go to that folder, and the newest `keep` of them stay.
    pub(super) fn new(folder: &Path, ring: Ring, head: FilePreamble, keep: Option<usize>) -> Self {
        Self {
            folder: folder.to_owned(),
            ring,
            head,
            retention: Retention::new(keep),
            open: Vec::new(),
            places: HashMap::new(),
            finished: WriteTotals::default(),
            pending_error: None,
            counts: Counts::default(),
        }
    }

    /// Counters of the interfaces so far.
    pub(crate) fn counted(&mut self, counts: Counts) {
        self.counts = counts;
        self.ring.counted(counts);
    }

    /// Adds a secret, to files that are written and those that follow.
    pub(super) fn secret(&mut self, secret: Secret) {
        for file in &mut self.open {
            file.failed |= file.capture.secret(&secret).is_err();
        }
        self.head.add(secret);
    }

    /// Takes a frame: into the ring, and into the files of its conversation.
    pub(crate) fn frame(&mut self, seen: FrameRelevance, interface: u16, frame: &Frame<'_>) {
        if !seen.is_wanted {
            return;
        }
        let flow = self.ring.push(seen.flow, interface, frame);
        if self.open.is_empty() {
            return;
        }
        let Some(flow) = flow else { return self.fragment(interface, frame) };
        let Some(places) = self.places.get(&flow) else { return };
        for place in places {
            if let Err(error) = self.open[*place].frame(interface, frame) {
                self.pending_error.get_or_insert(error);
            }
        }
    }

    /// Writes a finding that has come about, spread or got worse into a file of its own, with what the ring holds of it,
    /// unless all of it is in the open file of that rule already: of a finding that gets worse with each retry there would
    /// be hundreds. `only` are the clients to which it has spread; none: all. `conversations` are those that the finding
    /// names, at the places that are their numbers; `now` is packet time. Gives the path of the file.
    ///
    /// # Errors
    /// It cannot be made or written; what is in it then can be read.
    pub(super) fn fire(
        &mut self,
        finding: &Finding,
        only: &[IpAddr],
        conversations: &[Conversation],
        now: Timestamp,
    ) -> Result<PathBuf, WriteError> {
        let mut named = named(finding, conversations);
        named.retain(|conversation| only.is_empty() || only.contains(&conversation.client.ip));
        let mut flows: HashSet<_> = named.iter().map(|conversation| self.flow(conversation)).collect();
        let has_it = |file: &&FindingFile| file.rule == finding.rule && !file.failed && flows.is_subset(&file.flows);
        if let Some(file) = self.open.iter().find(has_it).filter(|_| !flows.is_empty()) {
            return Ok(file.capture.path().to_owned());
        }
        let room = FLOWS.saturating_sub(flows.len());
        flows.extend(self.ring.flows_of(&finding.frames).into_iter().take(room));
        if self.open.len() >= OPEN {
            self.end(0);
        }
        let mut file = self.begin(finding, &named, now)?;
        let path = file.capture.path().to_owned();
        let done = file.join(flows, &self.ring);
        self.open.push(file);
        self.index_places();
        done.map(|()| path)
    }

    /// Looks which conversations are over by now, and which have joined findings that are being written.
    pub(super) fn look(&mut self, findings: &[Finding], conversations: &[Conversation], now: Timestamp) {
        if self.open.is_empty() {
            return;
        }
        for finding in findings {
            if self.open.iter().any(|file| file.rule == finding.rule) {
                self.grow(finding, conversations);
            }
        }
        for conversation in conversations.iter().filter(|conversation| is_over(conversation)) {
            let flow = self.flow(conversation);
            for place in self.places.get(&flow).into_iter().flatten() {
                let file = &mut self.open[*place];
                if file.going_on.remove(&flow) && file.going_on.is_empty() {
                    file.over = Some(now);
                }
            }
        }
    }

    /// Writes what is held back, so that all files can be read, and ends those that are complete. After each batch, and
    /// now and then where none comes.
    ///
    /// # Errors
    /// Something to tell the user: a file could not be written and ends here, or an old one not be removed.
    pub(super) fn flush(&mut self, now: Timestamp) -> Result<(), WriteError> {
        for file in &mut self.open {
            if let Err(error) = file.capture.flush() {
                file.failed = true;
                self.pending_error.get_or_insert(error);
            }
        }
        let is_gone = |kept: &Retention, file: &FindingFile| !kept.holds(file.capture.path());
        for place in (0..self.open.len()).rev() {
            if self.open[place].is_complete(now) || is_gone(&self.retention, &self.open[place]) {
                self.end(place);
            }
        }
        self.pending_error.take().map_or(Ok(()), Err)
    }

    /// Ends all files.
    ///
    /// # Errors
    /// As [`FindingFiles::flush`].
    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        while !self.open.is_empty() {
            self.end(0);
        }
        self.pending_error.take().map_or(Ok(()), Err)
    }

    /// The minutes before.
    pub(super) fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Totals of what was written so far.
    pub(crate) fn written(&self) -> WriteTotals {
        self.open.iter().fold(self.finished, |sum, file| sum.and(&file.capture))
    }

    /// Begins the file of a finding that names these conversations. That an old file cannot be removed does not keep it from
    /// being written.
    fn begin(&mut self, finding: &Finding, named: &[&Conversation], now: Timestamp) -> Result<FindingFile, WriteError> {
        let capture = self.create(finding, named.first().copied(), now)?;
        self.finished.files += 1;
        if let Err(error) = self.retention.add(&capture) {
            self.pending_error.get_or_insert(error);
        }
        let going_on = self.going_on(named);
        let has_tcp = named.iter().any(|conversation| conversation.transport == Transport::Tcp);
        Ok(FindingFile {
            rule: finding.rule,
            capture,
            over: (has_tcp && going_on.is_empty()).then_some(now),
            going_on,
            fragments: Fragments::default(),
            fired: now,
            from_ring: 0,
            first: None,
            last: now,
            counts: self.ring.counts_before(),
            failed: false,
            flows: HashSet::new(),
        })
    }

    /// Adds conversations that have joined a finding to its file.
    fn grow(&mut self, finding: &Finding, conversations: &[Conversation]) {
        let named = named(finding, conversations);
        let flows: HashSet<_> = named.iter().map(|conversation| self.flow(conversation)).collect();
        let going_on = self.going_on(&named);
        let is_it = |file: &&mut FindingFile| file.rule == finding.rule && !file.flows.is_disjoint(&flows);
        let mut has_grown = false;
        for file in self.open.iter_mut().filter(is_it) {
            let room = FLOWS.saturating_sub(file.flows.len());
            let joining: HashSet<_> = flows.difference(&file.flows).copied().take(room).collect();
            if joining.is_empty() || file.failed {
                continue;
            }
            has_grown = true;
            file.going_on.extend(going_on.intersection(&joining));
            file.over = file.over.filter(|_| file.going_on.is_empty());
            if let Err(error) = file.join(joining, &self.ring) {
                self.pending_error.get_or_insert(error);
            }
        }
        if has_grown {
            self.index_places();
        }
    }

    /// Those of the conversations that are TCP and not over.
    fn going_on(&self, conversations: &[&Conversation]) -> HashSet<FlowId> {
        let is_one = |c: &&&Conversation| c.transport == Transport::Tcp && !is_over(c);
        conversations.iter().filter(is_one).map(|conversation| self.flow(conversation)).collect()
    }

    /// By what the ring knows this conversation.
    fn flow(&self, conversation: &Conversation) -> FlowId {
        self.ring.flow(FlowKey::new(conversation.client, conversation.server))
    }

    /// Keeps a fragment until its packet is whole.
    fn fragment(&mut self, interface: u16, frame: &Frame<'_>) {
        let Frame { at, link_type, data, wire_length } = *frame;
        let fragment = Arc::new(PendingFragment { interface, at, link_type, data: data.to_vec(), wire_length });
        for file in &mut self.open {
            file.fragments.push(at, Arc::clone(&fragment));
        }
    }

    /// A new file of a name that is free: two findings of one client and one rule can come in one millisecond.
    fn create(
        &self,
        finding: &Finding,
        conversation: Option<&Conversation>,
        now: Timestamp,
    ) -> Result<CaptureFile, WriteError> {
        let comment = comment(finding);
        let mut copy = 1;
        loop {
            let path = self.folder.join(name(finding, conversation, now, copy));
            if let Some(file) = CaptureFile::create_new(&path, &self.head, Some(&comment))? {
                return Ok(file);
            }
            copy += 1;
        }
    }

    /// Ends the file in that place. The places of those behind it change.
    fn end(&mut self, place: usize) {
        let mut file = self.open.remove(place);
        let (start, counts) = (file.first.unwrap_or(file.last), self.counts.since(file.counts));
        let statistics = Statistics { counts, start, end: file.last, comment: None };
        if !file.failed
            && let Err(error) = file.capture.statistics(&statistics)
        {
            self.pending_error.get_or_insert(error);
        }
        self.finished = self.finished.and(&file.capture);
        self.index_places();
    }

    /// Finds the places of all files anew: files begin and end seldom, frames come often.
    fn index_places(&mut self) {
        self.places.clear();
        for (place, file) in self.open.iter().enumerate() {
            for flow in &file.flows {
                self.places.entry(*flow).or_default().push(place);
            }
        }
    }
}

impl FindingFile {
    /// Adds conversations, and writes what the ring holds of them. An error leaves what was written, which can be read.
    fn join(&mut self, flows: HashSet<FlowId>, ring: &Ring) -> Result<(), WriteError> {
        let before = self.capture.length();
        let mut done = Ok(());
        for (interface, frame) in ring.frames_of(&flows) {
            self.first = Some(self.first.map_or(frame.at.time, |first| first.min(frame.at.time)));
            done = self.capture.frame(interface, &frame, None);
            if done.is_err() {
                break;
            }
        }
        let done = done.and_then(|()| self.capture.flush());
        self.failed = done.is_err();
        self.from_ring += self.capture.length() - before;
        self.flows.extend(flows);
        done
    }

    /// Writes a frame, and before it fragments that may belong to it.
    fn frame(&mut self, interface: u16, frame: &Frame<'_>) -> Result<(), WriteError> {
        if self.failed || self.is_full() {
            return Ok(());
        }
        let mut done = Ok(());
        for fragment in self.fragments.take(frame.at) {
            done = done.and_then(|()| self.capture.frame(fragment.interface, &fragment.frame(), None));
        }
        let done = done.and_then(|()| self.capture.frame(interface, frame, None));
        self.first.get_or_insert(frame.at.time);
        self.last = self.last.max(frame.at.time);
        self.failed = done.is_err();
        done
    }

    /// Its conversations have said more than a file may hold.
    fn is_full(&self) -> bool {
        self.capture.length().saturating_sub(self.from_ring) >= LARGEST
    }

    /// Nothing is to come that would explain the finding.
    fn is_complete(&self, now: Timestamp) -> bool {
        let is_over = self.over.is_some_and(|over| now.since(over) >= LINGER);
        let is_late = now.since(self.last) >= QUIET || now.since(self.fired) >= LONGEST;
        self.failed || is_over || is_late || self.is_full()
    }
}

impl PendingFragment {
    fn frame(&self) -> Frame<'_> {
        Frame { at: self.at, link_type: self.link_type, data: &self.data, wire_length: self.wire_length }
    }
}

/// Conversations that a finding names, the first [`FLOWS`] of them.
fn named<'a>(finding: &Finding, conversations: &'a [Conversation]) -> Vec<&'a Conversation> {
    let ids = finding.conversations.iter().take(FLOWS);
    ids.filter_map(|id| conversations.get(id.index())).collect()
}

fn is_over(conversation: &Conversation) -> bool {
    conversation.teardown.how != Close::Open
}

/// Time, rule and client, in characters that are safe everywhere.
fn name(finding: &Finding, conversation: Option<&Conversation>, now: Timestamp, copy: u32) -> String {
    let client = conversation.map(|conversation| conversation.client.ip.to_string());
    let copy = (copy > 1).then(|| copy.to_string());
    let parts = [Some(utc(now, "%Y%m%dT%H%M%S.%3fZ")), Some(finding.rule.to_string()), client, copy];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let name: String = name.chars().map(|letter| if is_safe(letter) { letter } else { '-' }).collect();
    name + ".pcapng"
}

/// The finding, in words. What comes from the wire is escaped, for tools show comments on terminals.
fn comment(finding: &Finding) -> String {
    let Finding { rule, severity, confidence, title, explanation, .. } = finding;
    let mut lines = vec![
        format!("{rule}: {}", escape::terminal(title)),
        format!("Severity {}, confidence {}.", severity.name(), confidence.name()),
        escape::terminal(explanation).into_owned(),
    ];
    if !finding.remedy.is_empty() {
        lines.push("What to do:".to_owned());
        let steps = finding.remedy.iter().zip(1..);
        lines.extend(steps.map(|(remedy, number)| format!("{number}. {}", escape::terminal(remedy))));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::ring::{LEAST_BYTES, RingLimits};
    use super::*;
    use crate::capture::Reader;
    use crate::capture::write::InterfaceDescription;
    use crate::diagnose::{Settings, diagnose};
    use crate::engine::{Options, Pipeline};
    use crate::model::{Analysis, Confidence, ConversationId, Endpoint, Facts, FrameRef, Layer};
    use crate::testing;
    use nrpcsniff_samples::{Format, Network, Side};
    use std::fs;
    use std::io::Cursor;

    /// 2026-11-27 08:10:00 UTC.
    const SECOND: i64 = 1_000_000_000;
    const BEGIN: i64 = 1_795_767_000 * SECOND;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::new(BEGIN + seconds * SECOND, 9)
    }

    fn head() -> FilePreamble {
        let ethernet =
            InterfaceDescription { name: "eth0".into(), link_type: 1, snap_length: 65_535, digits: 9, filter: None };
        FilePreamble { interfaces: vec![ethernet], secrets: Vec::new() }
    }

    fn finding_files(folder: &Path, keep: Option<usize>) -> FindingFiles {
        FindingFiles::new(folder, Ring::new(RingLimits { bytes: LEAST_BYTES, time: None }), head(), keep)
    }

    fn end(host: u8, port: u16) -> Endpoint {
        Endpoint { ip: [10, 0, 0, host].into(), port }
    }

    /// A frame of the conversation on that port.
    fn put(finding_files: &mut FindingFiles, port: u16, seconds: i64, size: usize) {
        let flow = Some(FlowKey::new(end(1, port), end(2, 1352)));
        let at = Stamp { time: time(seconds), frame: FrameRef { input: 0, number: 1 } };
        let data = vec![0; size];
        finding_files.frame(
            FrameRelevance { flow, is_wanted: true },
            0,
            &Frame { at, link_type: 1, data: &data, wire_length: 60 },
        );
    }

    fn finding(id: &'static str, conversations: &[u32]) -> Finding {
        Finding {
            rule: RuleId::new(id),
            severity: Severity::Major,
            confidence: Confidence::High,
            score: 90,
            title: "It is \u{1b}[31mred".to_owned(),
            explanation: String::new(),
            conversations: conversations.iter().copied().map(ConversationId::new).collect(),
            frames: Vec::new(),
            evidence: Vec::new(),
            remedy: vec!["Mend it".to_owned()],
            references: Vec::new(),
            also: Vec::new(),
            layer: Layer::Protocol,
            facts: Facts::default(),
            group: crate::model::Group::default(),
        }
    }

    /// Conversations on these ports, the first one of number 0; with how they ended.
    fn conversations(ports: &[(u16, Close)]) -> Vec<Conversation> {
        let net = Network::new();
        net.connect(&net.host("10.0.0.1"), &net.host("10.0.0.2"), 1352).session("a", "CN=a").fin(Side::Client);
        let one = testing::analysis(&net.write(&Format::pcapng())).conversations.remove(0);
        let conversation = |(id, (port, how)): (ConversationId, &(u16, Close))| {
            let mut conversation = Conversation { id, client: end(1, *port), server: end(2, 1352), ..one.clone() };
            conversation.teardown.how = *how;
            conversation
        };
        (0..).map(ConversationId::new).zip(ports).map(conversation).collect()
    }

    /// Frames in a file that is whole.
    fn frames(path: &Path) -> usize {
        let mut reader = Reader::open(path).unwrap();
        let mut count = 0;
        while reader.next(0).is_some() {
            count += 1;
        }
        let input = reader.input();
        assert!(input.complete && input.problem.is_none(), "{:?}", input.problem);
        count
    }

    #[test]
    fn what_was_before_and_what_follows_is_written_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), None);
        let talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
        put(&mut finding_files, 1, 0, 60);
        put(&mut finding_files, 2, 0, 60);
        let path = finding_files.fire(&finding("some-rule", &[0]), &[], &talks, time(1)).unwrap();
        assert_eq!(path.file_name().unwrap(), "20261127T081001.000Z-some-rule-10.0.0.1.pcapng");
        assert_eq!(frames(&path), 1);
        put(&mut finding_files, 1, 2, 60);
        put(&mut finding_files, 2, 2, 60);
        finding_files.flush(time(2)).unwrap();
        assert_eq!((frames(&path), finding_files.open.len()), (2, 1));
        finding_files.finish().unwrap();
        assert_eq!(frames(&path), 2);
        let length = path.metadata().unwrap().len();
        assert_eq!(finding_files.written(), WriteTotals { files: 1, frames: 2, bytes: length, lost: 0 });
    }

    #[test]
    fn files_end_when_their_conversations_are_over_or_quiet_or_at_limits() {
        let folder = tempfile::tempdir().unwrap();
        let after = |how, seconds: &[i64], size| {
            let mut finding_files = finding_files(folder.path(), None);
            finding_files.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Open)]), time(0)).unwrap();
            for second in seconds {
                put(&mut finding_files, 1, *second, size);
                finding_files.look(&[], &conversations(&[(1, how)]), time(*second));
                finding_files.flush(time(*second)).unwrap();
                if finding_files.open.is_empty() {
                    return Some(*second);
                }
            }
            None
        };
        assert_eq!(after(Close::Fin, &[1, 10, 20, 30, 31, 32], 60), Some(31));
        assert_eq!(after(Close::Open, &[50, 100, 150, 200, 250, 299], 60), None);
        assert_eq!(after(Close::Open, &[50, 100, 150, 200, 250, 300], 60), Some(300));
        let busy: Vec<_> = (0..100).collect();
        assert_eq!(after(Close::Open, &busy, 1 << 20), Some(63));
        let mut quiet = finding_files(folder.path(), None);
        quiet.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Open)]), time(0)).unwrap();
        quiet.flush(time(59)).unwrap();
        assert_eq!(quiet.open.len(), 1);
        quiet.flush(time(60)).unwrap();
        assert!(quiet.open.is_empty());
        // It was over before the finding came about.
        let mut late = finding_files(folder.path(), None);
        late.fire(&finding("r", &[0]), &[], &conversations(&[(1, Close::Rst)]), time(0)).unwrap();
        late.flush(time(29)).unwrap();
        assert_eq!(late.open.len(), 1);
        late.flush(time(30)).unwrap();
        assert!(late.open.is_empty());
    }

    #[test]
    fn each_finding_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), None);
        let talks = conversations(&[(1, Close::Open)]);
        put(&mut finding_files, 1, 0, 60);
        let mut fire = |rule| finding_files.fire(&finding(rule, &[0]), &[], &talks, time(0)).unwrap();
        let paths = ["a", "b", "a"].map(&mut fire);
        assert!(paths[0] == paths[2], "it is being written already");
        put(&mut finding_files, 1, 1, 60);
        finding_files.finish().unwrap();
        assert_eq!(paths.each_ref().map(|path| frames(path)), [2, 2, 2]);
        let again = finding_files.fire(&finding("a", &[0]), &[], &talks, time(0)).unwrap();
        assert!(again.to_str().unwrap().ends_with("-a-10.0.0.1-2.pcapng"), "{again:?}");
    }

    #[test]
    fn a_finding_that_spreads_has_a_file_for_the_clients_it_spread_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), None);
        let mut talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
        talks[1].client.ip = [10, 0, 0, 7].into();
        put(&mut finding_files, 1, 0, 60);
        let path = finding_files.fire(&finding("a", &[0, 1]), &[talks[1].client.ip], &talks, time(0)).unwrap();
        assert!(path.to_str().unwrap().ends_with("-a-10.0.0.7.pcapng"), "{path:?}");
        assert_eq!(frames(&path), 0);
    }

    #[test]
    fn conversations_that_join_the_finding_join_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), None);
        let talks = conversations(&[(1, Close::Fin), (2, Close::Open), (3, Close::Open)]);
        for port in 1..=3 {
            put(&mut finding_files, port, 0, 60);
        }
        let path = finding_files.fire(&finding("a", &[0]), &[], &talks, time(0)).unwrap();
        finding_files.look(&[finding("b", &[0, 2]), finding("a", &[0, 1]), finding("a", &[2])], &talks, time(1));
        assert_eq!(frames(&path), 2);
        // The first one is over for long, the second goes on.
        for port in 1..=3 {
            put(&mut finding_files, port, 40, 60);
        }
        finding_files.flush(time(40)).unwrap();
        assert_eq!((frames(&path), finding_files.open.len()), (4, 1));
    }

    #[test]
    fn names_are_safe() {
        let mut talks = conversations(&[(1, Close::Open)]);
        talks[0].client.ip = "2001:db8::5".parse().unwrap();
        let name = |talk| name(&finding("../r", &[0]), talk, Timestamp::new(BEGIN + 123_999_999, 9), 1);
        assert_eq!(name(talks.first()), "20261127T081000.123Z-..-r-2001-db8--5.pcapng");
        assert_eq!(name(None), "20261127T081000.123Z-..-r.pcapng");
    }

    #[test]
    fn the_comment_is_the_finding_and_harmless() {
        let comment = comment(&finding("some-rule", &[]));
        assert!(comment.starts_with("some-rule: It is \\x1b[31mred\nSeverity major, confidence high."), "{comment}");
        assert!(comment.ends_with("What to do:\n1. Mend it"), "{comment}");
    }

    #[test]
    fn there_are_never_too_many_files_open_and_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), Some(40));
        let talks = conversations(&[(1, Close::Open)]);
        for number in 0..100 {
            let rule = if number % 2 == 0 { "a" } else { "b" };
            finding_files.open.iter_mut().for_each(|file| file.rule = RuleId::new(""));
            finding_files.fire(&finding(rule, &[0]), &[], &talks, time(number)).unwrap();
            assert!(finding_files.open.len() <= OPEN);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 40);
        assert_eq!(finding_files.written().files, 100);
    }

    #[test]
    fn a_file_that_is_removed_for_newer_ones_is_written_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), Some(1));
        let talks = conversations(&[(1, Close::Open)]);
        for rule in ["a", "b"] {
            finding_files.fire(&finding(rule, &[0]), &[], &talks, time(1)).unwrap();
        }
        finding_files.flush(time(1)).unwrap();
        assert_eq!(finding_files.open.len(), 1);
        assert!(finding_files.open[0].capture.path().exists());
    }

    #[test]
    fn a_folder_that_is_gone_is_told() {
        let mut finding_files = finding_files(Path::new("/no/such/folder"), None);
        let error = finding_files.fire(&finding("r", &[]), &[], &[], time(0)).unwrap_err().to_string();
        assert!(error.contains("/no/such/folder/2026") && error.contains("no such folder"), "{error}");
        assert_eq!(finding_files.written().files, 0);
    }

    #[test]
    fn fragments_come_with_the_frame_that_completes_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut finding_files = finding_files(folder.path(), None);
        let talks = conversations(&[(1, Close::Open), (2, Close::Open)]);
        let paths = [0, 1].map(|id| finding_files.fire(&finding("r", &[id]), &[], &talks, time(0)).unwrap());
        let fragment = |finding_files: &mut FindingFiles, seconds| {
            let at = Stamp { time: time(seconds), frame: FrameRef::default() };
            let seen = FrameRelevance { flow: None, is_wanted: true };
            finding_files.frame(seen, 0, &Frame { at, link_type: 1, data: b"part", wire_length: 60 });
        };
        fragment(&mut finding_files, 1);
        fragment(&mut finding_files, 9);
        fragment(&mut finding_files, 9);
        put(&mut finding_files, 2, 9, 60);
        put(&mut finding_files, 1, 9, 60);
        put(&mut finding_files, 1, 9, 60);
        finding_files.finish().unwrap();
        assert_eq!(paths.map(|path| frames(&path)), [4, 3]);
    }

    #[test]
    fn triggers_are_levels_and_rules() {
        let trigger =
            |level, rules: &[&'static str]| Trigger { level, rules: rules.iter().copied().map(RuleId::new).collect() };
        let major = finding("r", &[]);
        assert!(trigger(Some(Severity::Major), &[]).fires(&major) && trigger(Some(Severity::Info), &[]).fires(&major));
        assert!(trigger(Some(Severity::Blocker), &["x", "r"]).fires(&major));
        assert!(!trigger(Some(Severity::Blocker), &["x"]).fires(&major) && !trigger(None, &[]).fires(&major));
    }

    /// Takes in a capture as if it were live, and fires for every rule as soon as it speaks.
    fn live(capture: &[u8], finding_files: &mut FindingFiles) -> Vec<(Finding, PathBuf)> {
        let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
        let mut pipeline = Pipeline::new(Options::default());
        let mut caught: Vec<(Finding, PathBuf)> = Vec::new();
        let mut look = |pipeline: &mut Pipeline, finding_files: &mut FindingFiles, now: Timestamp| {
            pipeline.snapshot(Vec::new(), now, |analysis: &Analysis| {
                let findings = diagnose(analysis, &Settings::default());
                finding_files.look(&findings, &analysis.conversations, now);
                for finding in findings {
                    if !caught.iter().any(|(known, _)| known.rule == finding.rule) {
                        let path = finding_files.fire(&finding, &[], &analysis.conversations, now).unwrap();
                        caught.push((finding, path));
                    }
                }
            });
            finding_files.flush(now).unwrap();
        };
        let (mut now, mut events) = (Timestamp::default(), 0);
        while let Some(frame) = reader.next(0) {
            now = frame.at.time;
            finding_files.frame(pipeline.frame(&frame), 0, &frame);
            if events != pipeline.events() {
                events = pipeline.events();
                look(&mut pipeline, finding_files, now);
            }
        }
        look(&mut pipeline, finding_files, now);
        finding_files.finish().unwrap();
        caught
    }

    /// Rules that look at what they do not name: who else asks DNS, datagrams of media, the sign-on that others have no part in, who
    /// registered a contact, or what shows what a machine is for.
    const LOOKS_AROUND: [&str; 6] = [
        "nrpc-dns-failure",
        "sip-media-blocked",
        "cap-others",
        "sip-contact-tls",
        "net-name-not-found",
        "net-connect-failed",
    ];

    #[test]
    fn the_file_of_a_finding_gives_the_finding_again() {
        let mut samples: Vec<_> = fs::read_dir("samples").unwrap().map(|entry| entry.unwrap().path()).collect();
        samples.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
        let mut count = 0;
        for sample in samples {
            let capture = fs::read(&sample).unwrap();
            let whole = testing::findings(&capture);
            let folder = tempfile::tempdir().unwrap();
            let mut caught = live(&capture, &mut finding_files(folder.path(), None));
            caught.retain(|(finding, _)| !LOOKS_AROUND.contains(&finding.rule.as_str()));
            for (Finding { rule, severity, .. }, path) in caught {
                // What a rule says before it has seen everything need not be its last word.
                let last = whole.iter().filter(|last| last.rule == rule).map(|last| last.severity.min(severity));
                let Some(severity) = last.min() else { continue };
                let again = testing::findings(&fs::read(path).unwrap());
                let is_it = |again: &Finding| again.rule == rule && again.severity >= severity;
                assert!(again.iter().any(is_it), "{}: {rule} is not in {again:?}", sample.display());
                count += 1;
            }
        }
        assert!(count > 80, "{count}");
    }
}
