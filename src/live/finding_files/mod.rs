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

mod file;
mod naming;
#[cfg(test)]
mod tests;
mod trigger;

pub(crate) use trigger::Trigger;

use super::retention::{Retention, WriteTotals};
use super::ring::{FlowId, Fragments, Ring};
use crate::capture::Secret;
use crate::capture::live::Counts;
use crate::capture::write::{CaptureFile, FilePreamble, Statistics, WriteError};
use crate::engine::FrameRelevance;
use crate::model::{Close, Conversation, Conversations, Finding, Frame, Timestamp, Transport};
use crate::stream::FlowKey;
use file::{FindingFile, PendingFragment};
use naming::{comment, name};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that are written at a time. The one that began first ends for a further one.
const OPEN: usize = 32;
/// Conversations that are followed for one finding. One that thousands share is explained by fewer.
const FLOWS: usize = 1024;

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
        conversations: &Conversations,
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
    pub(super) fn look(&mut self, findings: &[Finding], conversations: &Conversations, now: Timestamp) {
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
    fn grow(&mut self, finding: &Finding, conversations: &Conversations) {
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

/// Conversations that a finding names, the first [`FLOWS`] of them.
fn named<'a>(finding: &Finding, conversations: &'a Conversations) -> Vec<&'a Conversation> {
    let ids = finding.conversations.iter().take(FLOWS);
    ids.filter_map(|id| conversations.get(id.index())).collect()
}

fn is_over(conversation: &Conversation) -> bool {
    conversation.teardown.how != Close::Open
}
