//! A driver that follows [`Dissector`]'s contract to the letter: what tests of dissectors feed their bytes through.

use crate::{Dissector, Layer, Message, Part, Protocol, Side, Verdict};

/// Offers the bytes of both directions of one conversation to a dissector and keeps its messages.
pub struct Driver {
    dissector: Box<dyn Dissector>,
    lanes: [Lane; 2],
    not_mine: bool,
    /// What carries the conversation on, once the dissector said so; what follows is not offered any more.
    pub became: Option<&'static Protocol>,
    /// Messages so far, in the order in which they were completed.
    pub messages: Vec<(Side, Message)>,
    /// What was carried inside, by side.
    pub inner: Vec<(Side, Vec<u8>)>,
    /// Bytes of it that are lost, by side.
    pub lost: Vec<(Side, u64)>,
    /// How often the dissector was called.
    pub calls: usize,
    /// How many bytes it was offered, each as often as it was offered.
    pub offered: usize,
}

/// One direction.
#[derive(Default)]
struct Lane {
    pending: Vec<u8>,
    /// Bytes of `pending` that were consumed.
    start: usize,
    /// Bytes that must be there before the next offer.
    need: usize,
    /// Bytes still to be passed over.
    skip: u64,
}

impl Lane {
    fn rest(&self) -> &[u8] {
        self.pending.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, bytes: u64) {
        let held = u64::try_from(self.rest().len()).unwrap_or(u64::MAX);
        let now = bytes.min(held);
        self.skip = if bytes == u64::MAX { bytes } else { bytes.saturating_sub(now) };
        self.start = self.start.saturating_add(usize::try_from(now).unwrap_or(usize::MAX));
        self.need = 0;
    }

    fn clear(&mut self) {
        self.pending.clear();
        self.start = 0;
        self.need = 0;
    }
}

impl Driver {
    /// Drives that dissector.
    pub fn new(dissector: Box<dyn Dissector>) -> Self {
        let lanes = [Lane::default(), Lane::default()];
        Self {
            dissector,
            lanes,
            not_mine: false,
            became: None,
            messages: Vec::new(),
            inner: Vec::new(),
            lost: Vec::new(),
            calls: 0,
            offered: 0,
        }
    }

    /// True once the dissector said that the conversation is of another protocol.
    pub fn not_mine(&self) -> bool {
        self.not_mine
    }

    /// What became of the units of a protocol that carries another.
    pub fn layer(&self) -> Option<Layer> {
        self.dissector.layer()
    }

    /// Bytes of one direction, behind those given before. What a dissector must never answer is asserted here, so that every test
    /// holds its contract.
    pub fn data(&mut self, from: Side, bytes: &[u8]) {
        let [client, server] = &mut self.lanes;
        let lane = if from == Side::Client { client } else { server };
        if lane.skip == u64::MAX || self.not_mine {
            return;
        }
        lane.pending.drain(..lane.start);
        lane.start = 0;
        lane.pending.extend_from_slice(bytes);
        if lane.skip > 0 {
            lane.consume(lane.skip);
        }
        while !lane.rest().is_empty() && lane.rest().len() >= lane.need && !self.not_mine {
            let input = lane.rest();
            self.calls = self.calls.saturating_add(1);
            self.offered = self.offered.saturating_add(input.len());
            let held = input.len();
            match self.dissector.next(from, input) {
                Verdict::Message { used, message } => {
                    assert!(used > 0 && used <= held, "a message of {used} bytes out of {held}");
                    lane.consume(u64::try_from(used).unwrap_or(u64::MAX));
                    self.messages.push((from, message));
                }
                Verdict::Need { total } => {
                    assert!(total > held, "needs {total}, was offered {held}");
                    lane.need = total;
                }
                Verdict::Skip { bytes } => {
                    assert!(bytes > 0, "skips nothing");
                    lane.consume(bytes);
                }
                Verdict::Layer { used, parts, .. } => {
                    assert!(used > 0 && used <= held, "a unit of {used} bytes out of {held}");
                    lane.consume(u64::try_from(used).unwrap_or(u64::MAX));
                    for part in parts {
                        match part {
                            Part::Message(message) => self.messages.push((from, message)),
                            Part::Inner(bytes) => self.inner.push((from, bytes)),
                            Part::Lost(bytes) => self.lost.push((from, bytes)),
                        }
                    }
                }
                Verdict::Becomes(protocol) => {
                    self.became = Some(protocol);
                    lane.consume(u64::MAX);
                }
                Verdict::NotMine => self.not_mine = true,
            }
        }
    }

    /// `missing` bytes of one direction were not captured.
    pub fn gap(&mut self, from: Side, missing: u64) {
        let [client, server] = &mut self.lanes;
        let lane = if from == Side::Client { client } else { server };
        if lane.skip == u64::MAX || self.not_mine {
            return;
        }
        let skipped = lane.skip.min(missing);
        lane.skip = lane.skip.saturating_sub(skipped);
        let missing = missing.saturating_sub(skipped);
        if missing > 0 {
            let message = self.dissector.gap(from, lane.rest(), missing);
            self.messages.extend(message.map(|message| (from, message)));
            lane.clear();
        }
    }

    /// One direction has ended.
    pub fn end(&mut self, from: Side) {
        let [client, server] = &mut self.lanes;
        let lane = if from == Side::Client { client } else { server };
        if !lane.rest().is_empty() && !self.not_mine {
            let message = self.dissector.end(from, lane.rest());
            self.messages.extend(message.map(|message| (from, message)));
            lane.clear();
        }
    }
}
