//! The source of everything in a capture that should look random and yet be the same every time.

/// splitmix64 (Steele, Lea, Flood 2014): one 64-bit word of state, good enough for nonces nobody has to trust.
#[derive(Debug, Clone)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator that always gives the same sequence for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next 32 bits.
    pub fn word32(&mut self) -> u32 {
        (self.word() >> 32) as u32
    }

    /// The next 16 bits.
    pub fn word16(&mut self) -> u16 {
        (self.word() >> 48) as u16
    }

    /// A number below `limit`, which is at most 2^32.
    pub fn below(&mut self, limit: u64) -> u64 {
        (u64::from(self.word32()) * limit) >> 32
    }

    /// `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let words = len.div_ceil(8);
        let mut out: Vec<u8> = (0..words).flat_map(|_| self.word().to_le_bytes()).collect();
        out.truncate(len);
        out
    }

    /// An array of bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes(N));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequence_of_seed_1234567() {
        let mut rng = SplitMix64::new(1_234_567);
        assert_eq!(rng.word(), 6_457_827_717_110_365_317);
        assert_eq!(rng.word(), 3_203_168_211_198_807_973);
    }
}
