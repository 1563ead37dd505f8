//! One direction: which keys count now and which may come, which record comes next, and what was lost.

use super::derive::expand_label;
use super::protection::{Plaintext, Protection, SequenceSearch};
use super::suite::Suite;
use nrpcsniff_dissectors::tls::{HEADER, LONGEST, Opened, Why};
use std::collections::VecDeque;

/// Bytes of the shortest protected record, with its header: no content, a type and a tag of 8.
const SHORTEST: u64 = 14;
/// Sequence numbers that are tried behind lost records.
const TRIES: u64 = 512;
/// Bytes that are decrypted in vain in one direction.
const IN_VAIN: u64 = 16 << 20;
/// Records that do not open, with none that did, after which the key is wrong.
const FAILURES: u32 = 64;

/// Keys and how long they count.
pub(super) struct Epoch {
    protection: Protection,
    /// TLS 1.3: the traffic secret and its suite, for the next keys.
    secret: Option<(Suite, Vec<u8>)>,
    phase: Phase,
}

/// Part of the conversation that keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Early,
    Handshake,
    Application,
}

impl Epoch {
    /// Keys of TLS 1.2 and before.
    pub(super) fn older(protection: Protection) -> Self {
        Self { protection, secret: None, phase: Phase::Application }
    }

    /// Keys of TLS 1.3.
    pub(super) fn tls13(suite: Suite, secret: &[u8], phase: Phase) -> Option<Self> {
        let protection = Protection::tls13(suite, secret)?;
        Some(Self { protection, secret: Some((suite, secret.to_vec())), phase })
    }

    /// The keys behind a key update (RFC 8446 section 7.2).
    fn next(&self) -> Option<Self> {
        let (suite, secret) = self.secret.as_ref().filter(|_| self.phase == Phase::Application)?;
        Self::tls13(*suite, &expand_label(suite.prf, secret, "traffic upd", secret.len()), self.phase)
    }
}

/// One direction.
#[derive(Default)]
pub(super) struct Direction {
    current: Option<Epoch>,
    upcoming: VecDeque<Epoch>,
    /// Number of the next record.
    sequence: u64,
    /// Bytes before it that were lost or not opened.
    lost: u64,
    /// Some of them were lost to the capture.
    gap: bool,
    failures: u32,
    opened: bool,
    in_vain: u64,
}

impl Direction {
    /// Keys that count behind those that are known.
    pub(super) fn expect(&mut self, epoch: Epoch) {
        self.upcoming.push_back(epoch);
    }

    /// Those keys count now that come next.
    pub(super) fn change(&mut self) {
        if let Some(next) = self.upcoming.pop_front() {
            self.begin(next);
        }
    }

    /// TLS 1.3: that part of the conversation begins.
    pub(super) fn enter(&mut self, phase: Phase) {
        while self.upcoming.front().is_some_and(|epoch| epoch.phase <= phase) {
            let reached = self.upcoming.front().is_some_and(|epoch| epoch.phase == phase);
            self.change();
            if reached {
                return;
            }
        }
    }

    /// TLS 1.3: other keys from here on.
    pub(super) fn update(&mut self) {
        if let Some(next) = self.current.as_ref().and_then(Epoch::next) {
            self.begin(next);
        }
    }

    fn begin(&mut self, epoch: Epoch) {
        self.current = Some(epoch);
        self.sequence = 0;
        // What was lost before belongs to other keys.
    }

    /// Bytes were lost before the next record.
    pub(super) fn lose(&mut self, bytes: u64) {
        self.pass(bytes);
        self.gap = true;
    }

    /// A record of so many bytes was not opened, for want of a key.
    pub(super) fn pass(&mut self, bytes: u64) {
        self.lost = self.lost.saturating_add(bytes);
    }

    /// Keys count.
    pub(super) fn has_keys(&self) -> bool {
        self.current.is_some()
    }

    /// Why no further record is tried.
    pub(super) fn is_given_up(&self) -> Option<Why> {
        let hopeless = !self.opened && self.failures >= FAILURES || self.in_vain > IN_VAIN;
        hopeless.then(|| self.why())
    }

    fn why(&self) -> Why {
        if self.gap { Why::Gap } else { Why::WrongKey }
    }

    /// Opens the next record.
    pub(super) fn open(&mut self, record: &[u8]) -> Result<Opened, Why> {
        let found = self.now(record).or_else(|| self.later(record));
        let Some((plain, content)) = found else {
            let bytes = u64::try_from(record.len()).unwrap_or(u64::MAX);
            self.lost = self.lost.saturating_add(bytes);
            self.failures = self.failures.saturating_add(1);
            return Err(self.why());
        };
        self.sequence = plain.sequence.saturating_add(1);
        self.lost = 0;
        self.gap = false;
        self.failures = 0;
        self.opened = true;
        Ok(Opened { kind: plain.kind, bytes: plain.bytes, lost: content })
    }

    /// With the keys that count now. Gives also how much content was lost before.
    fn now(&mut self, record: &[u8]) -> Option<(Plaintext, u64)> {
        let search = self.search(self.sequence);
        self.spend(record, search);
        let epoch = self.current.as_mut()?;
        let plain = epoch.protection.open(record, search)?;
        let records = plain.sequence.saturating_sub(search.next);
        let around = epoch.protection.overhead().saturating_add(header());
        Some((plain, self.lost.saturating_sub(records.saturating_mul(around))))
    }

    /// With keys that may come, because what announces them was lost or not opened.
    fn later(&mut self, record: &[u8]) -> Option<(Plaintext, u64)> {
        let search = self.search(0);
        let updated = self.current.as_ref().filter(|_| self.lost > 0).and_then(Epoch::next);
        self.upcoming.extend(updated);
        let mut found = None;
        for (index, epoch) in self.upcoming.iter_mut().enumerate() {
            if let Some(plain) = epoch.protection.open(record, search) {
                found = Some((index, plain));
                break;
            }
        }
        self.spend(record, search);
        let Some((index, plain)) = found else {
            if let Some(epoch) = self.current.as_ref()
                && epoch.phase == Phase::Application
                && epoch.secret.is_some()
            {
                self.upcoming.clear();
            }
            return None;
        };
        self.upcoming.drain(..index);
        let lost = self.lost;
        self.change();
        Some((plain, lost))
    }

    /// How many records may have been lost.
    fn search(&self, next: u64) -> SequenceSearch {
        let longest = header().saturating_add(u64::try_from(LONGEST).unwrap_or(u64::MAX));
        let least = self.lost.div_ceil(longest);
        let most = least.saturating_add(TRIES).min(self.lost / SHORTEST).max(least);
        let least = if next == 0 { 0 } else { least };
        SequenceSearch { next, records: (least, most), bytes: self.lost }
    }

    /// Counts what is decrypted beyond the one time that every record costs.
    fn spend(&mut self, record: &[u8], search: SequenceSearch) {
        let tries = search.records.1.saturating_sub(search.records.0);
        let bytes = u64::try_from(record.len()).unwrap_or(u64::MAX);
        self.in_vain = self.in_vain.saturating_add(tries.saturating_mul(bytes));
    }
}

fn header() -> u64 {
    u64::try_from(HEADER).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_gcm::Aes128Gcm;
    use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
    use nrpcsniff_dissectors::tls::ContentType;

    const SUITE: u16 = 0x1301;
    const SECRET: [u8; 32] = [3; 32];

    fn suite() -> Suite {
        Suite::of(SUITE).unwrap()
    }

    /// The record of that number under a traffic secret (RFC 8446 section 5.2).
    fn sealed(secret: &[u8], sequence: u64, kind: u8, content: &[u8]) -> Vec<u8> {
        let key = expand_label(suite().prf, secret, "key", 16);
        let mut nonce: [u8; 12] = expand_label(suite().prf, secret, "iv", 12).try_into().unwrap();
        nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()).for_each(|(byte, part)| *byte ^= part);
        let plain = [content, &[kind, 0, 0]].concat();
        let head = [&[23, 3, 3][..], &u16::try_from(plain.len() + 16).unwrap().to_be_bytes()].concat();
        let cipher = Aes128Gcm::new_from_slice(&key).unwrap();
        let body = cipher.encrypt(&Nonce::<Aes128Gcm>::from(nonce), Payload { msg: &plain, aad: &head }).unwrap();
        [head, body].concat()
    }

    fn direction() -> Direction {
        let mut direction = Direction::default();
        direction.expect(Epoch::tls13(suite(), &[1; 32], Phase::Handshake).unwrap());
        direction.expect(Epoch::tls13(suite(), &SECRET, Phase::Application).unwrap());
        direction.enter(Phase::Handshake);
        direction
    }

    #[test]
    fn sequence_numbers_are_found_again() {
        let mut direction = direction();
        direction.enter(Phase::Application);
        let records: Vec<_> = (0..400).map(|n| sealed(&SECRET, n, 23, &[b'a'; 50])).collect();
        direction.open(&records[0]).unwrap();
        let lost = |range: std::ops::Range<usize>| records[range].iter().map(|record| record.len() as u64).sum::<u64>();
        direction.lose(lost(1..300));
        let opened = direction.open(&records[300]).unwrap();
        // Two zeros of padding in each count as content.
        assert_eq!((opened.kind, opened.lost), (ContentType::ApplicationData, 299 * 52));
        assert_eq!(direction.open(&records[301]).unwrap().lost, 0);
        // One that does not open is lost, too.
        let mut damaged = records[302].clone();
        damaged[9] ^= 1;
        assert_eq!(direction.open(&damaged), Err(Why::WrongKey));
        assert_eq!(direction.open(&records[303]).unwrap().lost, 52);
    }

    #[test]
    fn keys_whose_announcement_was_lost() {
        let mut first = direction();
        first.lose(60);
        assert!(first.open(&sealed(&SECRET, 0, 23, b"content")).is_ok());
        let next = expand_label(suite().prf, &SECRET, "traffic upd", 32);
        first.lose(27);
        assert!(first.open(&sealed(&next, 0, 23, b"content")).is_ok());
        let mut second = direction();
        second.enter(Phase::Application);
        second.open(&sealed(&SECRET, 0, 23, b"content")).unwrap();
        second.update();
        assert!(second.open(&sealed(&next, 0, 23, b"content")).is_ok());
    }

    #[test]
    fn a_wrong_key_is_given_up_and_says_so() {
        let mut direction = direction();
        for sequence in 0..u64::from(FAILURES) {
            assert_eq!(direction.is_given_up(), None);
            assert_eq!(direction.open(&sealed(&[8; 32], sequence, 23, b"content")), Err(Why::WrongKey));
        }
        assert_eq!(direction.is_given_up(), Some(Why::WrongKey));
    }

    #[test]
    fn work_in_vain_is_bounded() {
        let mut direction = direction();
        direction.enter(Phase::Application);
        direction.open(&sealed(&SECRET, 0, 23, b"content")).unwrap();
        direction.lose(1 << 30);
        direction.in_vain = IN_VAIN - 300_000;
        let large = sealed(&[8; 32], 0, 23, &[0; 200]);
        let mut count = 0;
        while direction.is_given_up().is_none() {
            assert_eq!(direction.open(&large), Err(Why::Gap));
            count += 1;
        }
        assert!(count < 10, "{count}");
        assert_eq!(direction.is_given_up(), Some(Why::Gap));
    }
}
