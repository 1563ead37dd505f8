//! One file of a finding: what of its conversations is written, and when it ends.

use crate::capture::live::Counts;
use crate::capture::write::{CaptureFile, WriteError};
use crate::live::ring::{FlowId, Fragments, Ring};
use crate::model::{Frame, RuleId, Span, Stamp, Timestamp};
use std::collections::HashSet;
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

/// A finding whose packets are written.
#[derive(Debug)]
pub(super) struct FindingFile {
    pub rule: RuleId,
    pub capture: CaptureFile,
    pub flows: HashSet<FlowId>,
    /// TCP conversations of the finding that are not over.
    pub going_on: HashSet<FlowId>,
    /// When the last of these was over, in packet time.
    pub over: Option<Timestamp>,
    pub fragments: Fragments<Arc<PendingFragment>>,
    /// When the finding came about, in packet time.
    pub fired: Timestamp,
    /// Bytes of the file that came from the ring: they do not count against [`LARGEST`].
    pub from_ring: u64,
    /// Time of its earliest frame.
    pub first: Option<Timestamp>,
    /// Time of its latest frame; when it began, if it has none.
    pub last: Timestamp,
    /// Counters of the interfaces before its first frame.
    pub counts: Counts,
    /// It could not be written, and nothing is added any longer.
    pub failed: bool,
}

/// A fragment of an IP packet that is not whole yet. Any finding may want it, so all files share one copy.
#[derive(Debug)]
pub(super) struct PendingFragment {
    pub interface: u16,
    pub at: Stamp,
    pub link_type: u16,
    pub data: Vec<u8>,
    pub wire_length: u32,
}

impl FindingFile {
    /// Adds conversations, and writes what the ring holds of them. An error leaves what was written, which can be read.
    pub(super) fn join(&mut self, flows: HashSet<FlowId>, ring: &Ring) -> Result<(), WriteError> {
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
    pub(super) fn frame(&mut self, interface: u16, frame: &Frame<'_>) -> Result<(), WriteError> {
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
    pub(super) fn is_complete(&self, now: Timestamp) -> bool {
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
