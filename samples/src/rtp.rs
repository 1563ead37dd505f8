//! RTP (RFC 3550): the voice of a call, as far as a capture needs it.

use crate::net::{Host, Network};

/// One datagram of 20 ms of PCMU audio: version 2, payload type 0.
pub fn packet(sequence: u16, ssrc: u32, audio: &[u8; 160]) -> Vec<u8> {
    let mut out = vec![0x80, 0];
    out.extend(sequence.to_be_bytes());
    out.extend((u32::from(sequence) * 160).to_be_bytes());
    out.extend(ssrc.to_be_bytes());
    out.extend(audio);
    out
}

impl Network {
    /// `count` datagrams of audio from one host and port to another, 20 ms apart, from now on.
    pub fn audio(&self, from: &Host, from_port: u16, to: &Host, to_port: u16, count: u16) -> &Self {
        let ssrc = u32::from_be_bytes(self.nonce());
        for sequence in 0..count {
            self.udp(from, from_port, to, to_port, packet(sequence, ssrc, &[0xff; 160]));
            self.wait(20);
        }
        self
    }

    /// The same in both directions at once.
    pub fn talk(&self, one: (&Host, u16), other: (&Host, u16), count: u16) -> &Self {
        let start = self.elapsed();
        self.audio(one.0, one.1, other.0, other.1, count);
        self.at(start + 7).audio(other.0, other.1, one.0, one.1, count)
    }
}
