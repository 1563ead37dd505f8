//! What is said of a connection once it is over, or as if it were.

use super::Connection;
use crate::model::{Close, Conversation, Handshake, PerSide, Setup, Span, Stamp, Transport};

/// Repetitions after which an unanswered sender is taken to have been left alone.
const TRIES_TO_TIMEOUT: u32 = 3;

impl Connection {
    /// The facts, once the connection is over or the capture has ended at `end`.
    pub fn conclude(&mut self, end: Stamp) -> Box<Conversation> {
        let mut conversation = Box::new(Conversation::new(Transport::Tcp, self.client, self.server, self.first));
        if let Some(details) = &mut self.details {
            conversation.tcp = std::mem::take(&mut details.facts);
            conversation.quality = details.quality;
            conversation.first_bytes = std::mem::take(&mut details.first_bytes);
            conversation.disputes = std::mem::take(&mut details.disputes);
        }
        let syns = std::mem::take(&mut self.syns);
        self.describe(&mut conversation, syns, end);
        conversation
    }

    /// The facts as they would stand if the capture ended now, at `end`. What waits for earlier bytes is left waiting.
    pub fn preview(&self, end: Stamp) -> Box<Conversation> {
        let mut conversation = Box::new(Conversation::new(Transport::Tcp, self.client, self.server, self.first));
        if let Some(details) = &self.details {
            (conversation.tcp, conversation.quality) = details.preview(self.last);
            conversation.first_bytes.clone_from(&details.first_bytes);
            conversation.disputes.clone_from(&details.disputes);
        }
        self.describe(&mut conversation, self.syns.clone(), end);
        conversation
    }

    /// A side that repeated itself in vain until the end has timed out; how long that takes is for systems to choose, so that
    /// only the number of tries counts.
    fn describe(&self, conversation: &mut Conversation, syns: Vec<Stamp>, end: Stamp) {
        let Conversation { setup, teardown, tcp: facts, quality, .. } = conversation;
        (*setup, *teardown) = (self.setup_of(&syns), self.closing.verdict());
        if teardown.how == Close::Open {
            let abandoned =
                facts.unanswered.as_ref().is_some_and(|u| u.tries >= TRIES_TO_TIMEOUT && u.last.time < end.time);
            if abandoned || (*setup == Setup::NoAnswer && syns.len() > 1) {
                teardown.how = Close::Timeout;
            }
        }
        let directions = &self.directions;
        facts.ttl = PerSide { client: directions.client.ttl, server: directions.server.ttl };
        facts.mss = PerSide { client: directions.client.mss, server: directions.server.mss };
        if let (&[syn], Some(ack)) = (syns.as_slice(), self.ack.filter(|_| self.syn_ack.is_some())) {
            quality.rtt = Some(ack.since(syn)).filter(|&rtt| rtt >= Span::ZERO);
        }
        facts.handshake = Handshake { syns, syn_ack: self.syn_ack, ack: self.ack, syn_data: self.syn_data };
        conversation.stream = self.stream;
        conversation.roles_guessed = self.roles_guessed;
        conversation.last = self.last;
        conversation.packets = self.packets();
        conversation.bytes = PerSide { client: directions.client.bytes, server: directions.server.bytes };
    }

    /// How it came about, as far as the packets so far tell.
    pub fn setup(&self) -> Setup {
        self.setup_of(&self.syns)
    }

    fn setup_of(&self, syns: &[Stamp]) -> Setup {
        if self.refused {
            Setup::Refused
        } else if self.roles_guessed || syns.is_empty() {
            Setup::Midstream
        } else if self.syn_ack.is_some() || self.went_on {
            Setup::Handshake
        } else {
            Setup::NoAnswer
        }
    }
}
