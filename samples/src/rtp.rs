//! RTP (RFC 3550): the voice of a call, as far as a capture needs it: G.729, 60 ms a datagram (RFC 3551), which keeps
//! captures small.

use crate::net::{Host, Network};

/// Milliseconds of sound in a datagram.
pub const PACE: u64 = 60;

/// One datagram of sound: version 2, payload type 18, 20 bytes for every 20 ms, a clock of 8 kHz.
pub fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut out = vec![0x80, 18];
    out.extend(sequence.to_be_bytes());
    out.extend((u32::from(sequence) * 480).to_be_bytes());
    out.extend(ssrc.to_be_bytes());
    out.extend([0x2a; 60]);
    out
}

impl Network {
    /// `count` datagrams of sound from one host and port to another, 60 ms apart, from now on.
    pub fn audio(&self, from: &Host, from_port: u16, to: &Host, to_port: u16, count: u16) -> &Self {
        let ssrc = u32::from_be_bytes(self.nonce());
        for sequence in 0..count {
            self.udp(from, from_port, to, to_port, packet(sequence, ssrc));
            self.wait(PACE);
        }
        self
    }

    /// Audio in both directions at once.
    pub fn talk(&self, one: (&Host, u16), other: (&Host, u16), count: u16) -> &Self {
        let start = self.elapsed();
        self.audio(one.0, one.1, other.0, other.1, count);
        self.at(start + 7).audio(other.0, other.1, one.0, one.1, count)
    }
}
