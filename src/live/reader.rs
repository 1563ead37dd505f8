//! The thread that reads interfaces, and the queue into which it puts frames; pipes have threads of their own. It does nothing else, so that the kernel's buffer does not fill.
//!
//! Frames go into a queue of bounded size. Where the rest is too slow the queue fills, then the kernel's buffer, then the
//! kernel drops and counts: each of the three is told.

use super::batch::{Batch, ReaderEvent};
use super::interfaces::Source;
use crate::capture::live::{CaptureSettings, Counts, LiveError, OpenInterface, wait};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Batches in the queue at most.
const QUEUE: usize = 4096;
/// Bytes in these batches at most: as much again as the kernel's buffer of one interface.
const QUEUE_BYTES: usize = 64 << 20;
/// Frames taken from one interface before the next has its turn, so that a busy one does not keep the others waiting.
const TURN: usize = 256;
/// How long the thread waits for room in the queue before it looks again.
const NAP: Duration = Duration::from_millis(1);
/// How long the thread waits for frames before it looks whether it shall stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often interfaces are asked for their counts: it takes a system call for each.
const COUNTS: Duration = Duration::from_millis(500);
/// Place of no pipe: the counts of all interfaces.
pub(super) const INTERFACES: u16 = u16::MAX;
/// Time between two tries to open a lost interface.
const RETRY: Duration = Duration::from_secs(1);

/// The thread that reads: what it has open, and where it puts frames.
pub(super) struct InterfaceReader {
    /// Interfaces that are open, with their place in the list of the user.
    open: Vec<(u16, OpenInterface)>,
    /// Interfaces that are lost, with their place in the list of the user.
    lost: Vec<(u16, String)>,
    setup: CaptureSettings,
    retry: bool,
    /// What was counted by interfaces that are lost: their counts begin anew when they come back.
    before: Counts,
    queue: QueueEnd,
}

/// The end of the queue at which frames go in. Each source has one.
#[derive(Clone)]
pub(super) struct QueueEnd {
    events: SyncSender<ReaderEvent>,
    spare: Arc<Mutex<Receiver<Batch>>>,
    shared: Arc<Shared>,
}

/// Counters that both ends of the queue see.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// How often the thread found the queue full.
    full: AtomicU64,
    /// Bytes of frames in the queue.
    queued: AtomicUsize,
    /// Sources that are still read: the pipes, and all interfaces together.
    sources: AtomicUsize,
}

/// The end of the queue at which frames come out.
pub(super) struct Queue {
    pub(super) events: Receiver<ReaderEvent>,
    spare: Sender<Batch>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Queue {
    /// Gives a batch back to be filled again.
    pub(super) fn done(&self, mut batch: Batch) {
        self.shared.queued.fetch_sub(batch.size(), Ordering::Relaxed);
        batch.clear();
        // A thread that has ended needs none.
        let _ = self.spare.send(batch);
    }

    /// How often the reading thread found the queue full.
    pub(super) fn times_full(&self) -> u64 {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// Asks the threads to stop; the last of them says [`ReaderEvent::End`] once what it has read is in the queue.
    pub(super) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// The threads have said their last: waits until they are gone.
    pub(super) fn join(self) {
        drop(self.events);
        for thread in self.threads {
            // It has no way to fail but a bug, which has been told.
            let _ = thread.join();
        }
    }
}

/// Begins to read these sources; some interfaces may not be open yet.
pub(super) fn start(sources: Vec<Source>, setup: CaptureSettings, retry: bool) -> Queue {
    let (events, receiver) = sync_channel(QUEUE);
    let (spare, spares) = channel();
    let shared = Arc::new(Shared::default());
    let queue = QueueEnd { events, spare: Arc::new(Mutex::new(spares)), shared: Arc::clone(&shared) };
    let (mut open, mut lost, mut pipes) = (Vec::new(), Vec::new(), Vec::new());
    for (source, place) in sources.into_iter().zip(0..) {
        match source {
            Source::Open(handle) => open.push((place, handle)),
            Source::Awaited(name) => lost.push((place, name)),
            Source::Pipe(pipe) => pipes.push((place, pipe)),
        }
    }
    let has_interfaces = !open.is_empty() || !lost.is_empty();
    shared.sources.store(pipes.len() + usize::from(has_interfaces), Ordering::Relaxed);
    let mut threads: Vec<_> = pipes.into_iter().map(|(place, pipe)| pipe.start(place, queue.clone())).collect();
    if has_interfaces {
        let reader = InterfaceReader { open, lost, setup, retry, before: Counts::default(), queue };
        threads.push(thread::spawn(move || reader.run()));
    }
    Queue { events: receiver, spare, shared, threads }
}

impl InterfaceReader {
    fn run(mut self) {
        let (mut counted, mut tried) = (Instant::now(), Instant::now());
        while !self.queue.shall_stop() {
            let read = match self.round() {
                Ok(read) => read,
                Err(error) => return self.end(Some(error)),
            };
            if counted.elapsed() >= COUNTS {
                counted = Instant::now();
                let counts = self.counts();
                self.queue.say(ReaderEvent::Counts(INTERFACES, counts));
            }
            if !self.lost.is_empty() && tried.elapsed() >= RETRY {
                tried = Instant::now();
                self.try_lost();
            }
            if !read {
                self.wait();
            }
        }
        self.end(None);
    }

    /// Reads what has come, from each interface in its turn. False if nothing had.
    fn round(&mut self) -> Result<bool, LiveError> {
        let mut batch = self.queue.spare();
        let mut failed = Vec::new();
        for (place, open) in &mut self.open {
            let (place, link_type) = (*place, open.link_type());
            if let Err(error) = open.read(TURN, |arrived| batch.push(place, link_type, &arrived)) {
                failed.push((place, error));
            }
        }
        let read = !batch.is_empty();
        if read {
            batch.sort();
            self.queue.frames(batch);
        }
        for (place, error) in failed {
            self.lose(place, error)?;
        }
        Ok(read)
    }

    /// Gives an interface up that cannot be read any longer, for good or until it comes back. The last one that is given up for
    /// good ends the capture.
    fn lose(&mut self, place: u16, error: LiveError) -> Result<(), LiveError> {
        if let Some(index) = self.open.iter().position(|(p, _)| *p == place) {
            let (_, mut open) = self.open.remove(index);
            self.before = self.before.and(open.counts());
            self.lost.push((place, open.name().to_owned()));
        }
        if self.retry && error.may_pass() {
            self.queue.say(ReaderEvent::Lost(error));
            return Ok(());
        }
        if self.open.is_empty() {
            return Err(error);
        }
        self.lost.retain(|(p, _)| *p != place);
        self.queue.say(ReaderEvent::Lost(error));
        Ok(())
    }

    fn try_lost(&mut self) {
        for (place, name) in std::mem::take(&mut self.lost) {
            match OpenInterface::new(&name, &self.setup) {
                Ok(open) => {
                    self.open.push((place, open));
                    self.queue.say(ReaderEvent::Back(name));
                }
                Err(_) => self.lost.push((place, name)),
            }
        }
    }

    fn wait(&self) {
        if self.open.is_empty() {
            thread::sleep(PATIENCE);
        } else {
            wait(self.open.iter().map(|(_, open)| open), PATIENCE);
        }
    }

    fn counts(&mut self) -> Counts {
        self.open.iter_mut().map(|(_, open)| open.counts()).fold(self.before, Counts::and)
    }

    fn end(mut self, error: Option<LiveError>) {
        let counts = self.counts();
        self.queue.say(ReaderEvent::Counts(INTERFACES, counts));
        self.queue.source_ends("", error);
    }
}

impl QueueEnd {
    /// Everybody is asked to stop.
    pub(super) fn shall_stop(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// An empty batch: one that was used before, if there is one.
    pub(super) fn spare(&self) -> Batch {
        self.spare.lock().ok().and_then(|spare| spare.try_recv().ok()).unwrap_or_default()
    }

    /// Puts frames into the queue, once there is room.
    pub(super) fn frames(&self, batch: Batch) {
        if !batch.is_empty() {
            self.make_room();
            self.shared.queued.fetch_add(batch.size(), Ordering::Relaxed);
            self.say(ReaderEvent::Frames(batch));
        }
    }

    /// A source is read no longer: the pipe of that name, or the interfaces. The last one ends the capture; of the others it is said.
    pub(super) fn source_ends(&self, name: &str, error: Option<LiveError>) {
        let is_last = self.shared.sources.fetch_sub(1, Ordering::Relaxed) == 1;
        match error {
            error if is_last => self.say(ReaderEvent::End(error)),
            Some(error) => self.say(ReaderEvent::Lost(error)),
            None if !self.shall_stop() => self.say(ReaderEvent::Ended(name.to_owned())),
            None => {}
        }
    }

    /// Waits until there is room in the queue for a batch, and counts that it had to.
    fn make_room(&self) {
        let is_full = || self.shared.queued.load(Ordering::Relaxed) > QUEUE_BYTES;
        if is_full() {
            self.shared.full.fetch_add(1, Ordering::Relaxed);
        }
        while is_full() && !self.shared.stop.load(Ordering::Relaxed) {
            thread::sleep(NAP);
        }
    }

    /// Puts news into the queue; where the queue is full, waits, and counts that. It is no error if nobody listens any longer.
    pub(super) fn say(&self, events: ReaderEvent) {
        match self.events.try_send(events) {
            Err(TrySendError::Full(events)) => {
                self.shared.full.fetch_add(1, Ordering::Relaxed);
                let _ = self.events.send(events);
            }
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        }
    }
}
